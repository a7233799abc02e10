"""Orders that the venue works on for longer than their receive window, and takes after all (E6)."""

import functools

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import faults
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


#: By the design an order that is not found after its window was never accepted; a venue that
#: takes it later breaks its own rule, and its order must not be lost for that.
_LATE_MS = 30_000
_WINDOW_MS = 5_000


async def _rejected_and_taken(at: VirtualSession, transport: str, fills: str) -> None:
    path = {"rest": ("POST", "/orders"), "ws": ("WS", "order.create")}[transport]
    fault = faults.SlowRequest(method=path[0], path=path[1], ms=_LATE_MS)
    at.venue.faults.add(fault)
    if fills:
        at.rival.place("SELL", fills, "2490")
    order = at.desk.limit(BUY, "1", "2490")
    await until(lambda: order.status == OrderStatus.REJECTED, "it is not found", 25.0)
    await until(lambda: at.venue.exchange.queries.open_orders(at.account), "it comes", 30.0)
    (late,) = at.venue.exchange.queries.open_orders(at.account)

    def known() -> list[object]:
        return [
            here
            for here in at.node.cache.orders_open()
            if here.venue_order_id is not None and here.venue_order_id.value == late.id
        ]

    await until(known, "the node knows it by its venue order id", 10.0)
    assert "the venue has it after all" in at.node.log()
    exchange = at.venue.exchange
    at.rival.place("SELL", "0.2", "2490", "IOC")
    exchange.cancel(at.account, late.id)
    exchange.process_cancel(late.id)
    await until(lambda: not known(), "its end is told", 10.0)
    (position,) = at.node.cache.positions_open()
    (there,) = exchange.queries.positions(at.account)
    assert position.signed_decimal_qty() == there.size
    assert order.status == OrderStatus.REJECTED


@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("fills", ["", "0.3"])
@pytest.mark.parametrize("transport", ["rest", "ws"])
def test_e6_an_order_that_comes_after_its_rejection_is_known_by_its_venue_order_id(
    transport: str, fills: str, seed: int
) -> None:
    story = functools.partial(_rejected_and_taken, transport=transport, fills=fills)
    execution = {"order_transport": transport, "recv_window_ms": _WINDOW_MS}
    # The history of such an order cannot be right: it was told as rejected.
    tell(story, seed, execution=execution, proved=False)
