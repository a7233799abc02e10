"""Orders are told as submitted first and signed last, after whatever they had to wait for (E2)."""

import asyncio

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.network.limits import Scope
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


_HELD_S = 30.0
_WINDOW_MS = 2_000


@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("seed", seeds(8))
def test_e2_an_order_that_waits_for_the_rate_limit_is_signed_after_the_wait(transport, count, seed):
    async def story(at: VirtualSession) -> None:
        at.node.execution._link.limiter.hold(Scope.ORDER, _HELD_S)
        began = at.loop.time()
        prices = [str(2490 - number) for number in range(count)]
        if count == 1:
            orders = [at.desk.limit(BUY, "1", prices[0], post_only=True)]
        else:
            factory, instrument = at.desk.order_factory, at.desk.instrument
            orders = [
                factory.limit(instrument.id, BUY, instrument.make_qty(1), instrument.make_price(p))
                for p in map(float, prices)
            ]
            at.desk.submit_order_list(factory.create_list(orders))
        await asyncio.sleep(_HELD_S / 2)
        assert [order.status for order in orders] == [OrderStatus.SUBMITTED] * count
        await until(lambda: all(o.status == OrderStatus.ACCEPTED for o in orders), orders, 60.0)
        assert at.loop.time() - began >= _HELD_S
        rows = at.venue.exchange.queries.open_orders(at.account)
        assert all(row.received_us // 1_000 - row.signature_ms < _WINDOW_MS for row in rows)

    tell(story, seed, execution={"order_transport": transport, "recv_window_ms": _WINDOW_MS})
