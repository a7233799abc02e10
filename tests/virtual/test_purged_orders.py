"""What the framework has purged is not told a second time, however far a reading looks back."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.node import Trader
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import until_healthy


#: Virtual seconds in which the account is proven once more by itself.
_PROOF_PERIOD_S = 330.0


class Purged(Exception):  # noqa: N818 - ends a story whose node no longer has what the venue has
    """Everything was seen."""


async def _orders_that_end(at: VirtualSession) -> None:
    """Let orders of the node, and of another client of its account, end in all ways."""
    filled = await at.rest(BUY, "1", "2499")
    cancelled = await at.rest(SELL, "2", "2501")
    at.rival.place("SELL", "1", "2499", "IOC")
    at.rival.place("BUY", "0.5", "2501", "IOC")
    at.desk.cancel_order(cancelled)
    elsewhere = Trader(at.venue, at.account)
    elsewhere.place("BUY", "0.7", "2498")
    at.rival.place("SELL", "0.7", "2498", "IOC")
    await until(lambda: filled.is_closed and cancelled.is_closed, "they end")
    await until(lambda: len(at.node.cache.orders_closed()) == 3, "the third is known")
    await asyncio.sleep(10.0)


async def _reconnect(at: VirtualSession) -> None:
    await at.venue.drop_connections()
    await until(lambda: at.node.execution.stream_status().epoch == 2, "it reconnects", 60.0)
    await until_healthy(at)


async def _prove(at: VirtualSession) -> None:
    proofs = at.sent("GET", "/orders-history")
    await asyncio.sleep(_PROOF_PERIOD_S)
    assert at.sent("GET", "/orders-history") > proofs


@pytest.mark.parametrize("reading", [_reconnect, _prove])
@pytest.mark.parametrize("seed", seeds(1))
def test_e5_orders_that_the_framework_purged_are_not_told_again(
    seed: int, reading: Callable[[VirtualSession], Any]
) -> None:
    async def story(at: VirtualSession) -> None:
        await _orders_that_end(at)
        await at.ends_equal()
        cache = at.node.cache
        held = {str(position) for position in cache.positions()}
        cache.purge_closed_orders(at.node.node.kernel.clock.timestamp_ns(), buffer_secs=5)
        assert cache.orders() == []
        told = len(at.node.order_events)
        await reading(at)
        await asyncio.sleep(5.0)
        assert at.node.order_events[told:] == []
        assert {str(position) for position in cache.positions()} == held
        # What is new is told, as ever.
        order = await at.rest(BUY, "1", "2490")
        at.rival.place("SELL", "1", "2490", "IOC")
        await until(lambda: order.is_closed, "trading goes on")
        raise Purged

    with pytest.raises(Purged):
        tell(story, seed)
