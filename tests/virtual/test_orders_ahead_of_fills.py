"""
Orders that say more filled than the fills that came with them, while the account is read (E5, E10).

The framework makes up the fills that a report lacks; the real ones then count a second time, or are
rejected as too much.
"""

import asyncio
import functools
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled

from nautilus_paradex.simulator import faults
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


PRICE = "2499"

#: Longer than whatever goes on beside it takes.
_SLOW_MS = 2_000

#: All tries of a reading, and what it asks for afterwards, see a list of fills that lags.
_LAGGING_PAGES = 14


async def _partly_filled(at: VirtualSession):
    order = await at.rest(BUY, "1", PRICE)
    at.rival.place("SELL", "0.5", PRICE, "IOC")
    await until(lambda: order.filled_qty.as_decimal() == Decimal("0.5"), "half of it is filled")
    return order


def _told_fills(order) -> list[str]:
    return [event.trade_id.value for event in order.events if isinstance(event, OrderFilled)]


def _venue_fills(at: VirtualSession) -> list[str]:
    return [fill.id for fill in at.venue.exchange.queries.fills(at.account)]


def _nothing_invented(at: VirtualSession, order) -> None:
    assert set(_told_fills(order)) == set(_venue_fills(at))
    log = at.node.log()
    assert "Generated inferred" not in log
    assert "overfill rejected" not in log


async def _answer_during_a_reading(at: VirtualSession, size: str) -> None:
    order = await _partly_filled(at)
    before = at.sent("GET", "/fills")
    # The last answer of the reading takes long: what it says is of before the fill.
    at.venue.faults.add(faults.SlowResponse(method="GET", path="/fills", ms=1))
    at.venue.faults.add(faults.SlowResponse(method="GET", path="/fills", ms=_SLOW_MS))
    at.node.execution.reconcile_soon("the test asks for it")
    await until(lambda: at.sent("GET", "/fills") == before + 2, "the reading's last question")
    at.rival.place("SELL", size, PRICE, "IOC")
    at.reprice(order, "2498")
    await asyncio.sleep(3 * _SLOW_MS / 1_000)
    assert at.node.log().count("Reconciling:") == 1
    await at.ends_equal()
    _nothing_invented(at, order)


@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("size", ["0.3", "0.5"])
@pytest.mark.parametrize("seed", seeds(1))
def test_e10_an_answer_that_tells_of_a_fill_during_a_reading_invents_none(
    size: str, transport: str, seed: int
) -> None:
    story = functools.partial(_answer_during_a_reading, size=size)
    tell(story, seed, execution={"order_transport": transport})


async def _fills_lag(at: VirtualSession, size: str) -> None:
    order = await _partly_filled(at)
    at.venue.faults.add(faults.SkipRows(path="/fills", after=0, n=_LAGGING_PAGES))
    refusal = at.venue.faults.add(faults.RefuseConnects(n=2))
    await at.venue.drop_connections()
    await until(lambda: refusal.fired, "the stream is away")
    at.rival.place("SELL", size, PRICE, "IOC")
    await until(lambda: at.node.execution.stream_status().healthy, "it is back", 60.0)
    assert _told_fills(order) == _venue_fills(at)[-1:], "the list of fills has no other yet"
    await at.ends_equal(120.0)
    _nothing_invented(at, order)
    ended = order.status == OrderStatus.FILLED
    assert ended is (size == "0.5")


@pytest.mark.parametrize("size", ["0.3", "0.5"])
@pytest.mark.parametrize("seed", seeds(1))
def test_e5_a_fill_of_a_gap_that_the_venue_lists_late_is_waited_for(size: str, seed: int) -> None:
    tell(functools.partial(_fills_lag, size=size), seed)
