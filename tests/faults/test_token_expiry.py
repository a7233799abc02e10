"""JWTs that expire or are refused in mid-session (E13)."""

import time

from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.faults import ExpireTokens
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import session


_LIFETIME_S = 2.0


async def test_e13_rest_goes_on_past_the_life_of_a_token() -> None:
    """Orders are sent all the time, for longer than two tokens live; none is refused."""
    async with session(config=SimulatorConfig(jwt_lifetime_s=_LIFETIME_S)) as at:
        end = time.monotonic() + 2.5 * _LIFETIME_S
        while time.monotonic() < end:
            order = await at.rest(BUY, "0.1", "2490")
            at.desk.cancel_order(order)
            await until(lambda order=order: order.is_closed, "it is canceled")
        await at.ends_equal()
        assert not {"OrderRejected", "OrderCancelRejected"} & set(at.node.names())
        assert sum(path.startswith("/auth") for _, path in at.requests) > 1
        # The socket outlives its token.
        assert at.node.execution.stream_status().epoch == 1


async def test_e13_refused_tokens_are_replaced_and_no_order_is_made_twice() -> None:
    async with session() as at:
        for _ in range(3):
            at.venue.faults.add(ExpireTokens(method="POST", path="/orders"))
            order = await at.rest(BUY, "0.1", "2490")
            at.venue.faults.add(ExpireTokens(method="PUT", path="/orders"))
            at.reprice(order, "2491")
            await until(lambda order=order: str(order.price) == "2491.00", "it is modified")
            at.venue.faults.add(ExpireTokens(method="DELETE", path="/orders"))
            at.desk.cancel_order(order)
            await until(lambda order=order: order.is_closed, "it is canceled")
        await at.ends_equal()
        assert len(at.venue.exchange.queries.order_history(at.account)) == 3
        assert len(at.node.cache.orders()) == 3


async def test_e13_s4_stream_comes_back_with_a_fresh_token() -> None:
    async with session() as at:
        order = await at.rest(BUY, "1", "2490")
        at.venue.expire_tokens()
        await at.venue.drop_connections()
        at.rival.place("SELL", "0.4", "2490", "IOC")
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED, "the fill is told")
        await until(lambda: at.node.execution.stream_status().healthy, "the stream is healthy")
        await at.ends_equal()
