"""An order of a kind that is newer than the adapter: said once, and in nobody's way (E10)."""

import asyncio

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator.faults import UnknownValue
from tests.acceptance.node import Trader
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


_ALWAYS = 1_000_000


def make_unknown(at: VirtualSession, order_id: str, field: str) -> None:
    """Let the venue say something new of an order wherever it is asked."""
    for path in ("/orders", "/orders-history"):
        at.venue.faults.add(
            UnknownValue(method="GET", path=path, field=field, of=order_id, n=_ALWAYS)
        )


@pytest.mark.parametrize("field", ["type", "side", "status", "instruction"])
@pytest.mark.parametrize("seed", seeds(3))
def test_e10_an_order_from_elsewhere_that_cannot_be_read_hides_no_other(
    field: str, seed: int
) -> None:
    async def story(at: VirtualSession) -> None:
        elsewhere = Trader(at.venue, at.account)
        odd = elsewhere.place("SELL", "1", "2600")
        await until(lambda: odd.id in str(at.node.cache.orders_open()), "it is known")
        at.venue.exchange.cancel(at.account, odd.id)
        at.venue.exchange.process_cancel(odd.id)
        make_unknown(at, odd.id, field)
        mine = await at.rest(SELL, "1", "2501")
        await at.venue.stop_serving()
        at.rival.place("BUY", "0.4", "2501", "IOC")
        await asyncio.sleep(20)
        await at.venue.resume_serving()
        await until(lambda: at.node.execution.stream_status().healthy, "it is healthy", 60.0)
        assert mine.filled_qty.as_double() == 0.4
        await asyncio.sleep(900)  # some periodic proofs
        assert at.node.log().count("is left as it is: ") == 1
        at.venue.faults.clear()

    tell(story, seed)


@pytest.mark.parametrize("seed", seeds(4))
def test_e6_an_order_of_ours_that_cannot_be_read_is_neither_canceled_nor_rejected(
    seed: int,
) -> None:
    """What the venue says of it is not known, so nothing is said of it; the stream goes on."""

    async def story(at: VirtualSession) -> None:
        mine = await at.rest(BUY, "1", "2499")
        make_unknown(at, mine.venue_order_id.value, "status")
        told = at.node.story(mine)
        await at.venue.drop_connections()
        await asyncio.sleep(400)
        assert at.node.execution.stream_status().healthy
        assert at.node.story(mine) == told
        assert f"{mine.venue_order_id} {mine.client_order_id} in" in at.node.log()
        at.rival.place("SELL", "0.4", "2499", "IOC")
        await until(lambda: mine.status == OrderStatus.PARTIALLY_FILLED, lambda: mine)
        at.venue.faults.clear()

    tell(story, seed)
