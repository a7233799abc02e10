"""`query_order` in every state that an order may be in (rule E16, P3, P4, P9)."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import faults
from tests.acceptance.node import Floor
from tests.acceptance.node import Trader
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]


async def ask(floor: Floor, order: Order) -> None:
    """Query an order, and wait until the client has answered."""
    execution, answered = floor.node.execution, []
    question = execution._query_order

    async def counted(command: object) -> None:
        try:
            await question(command)
        finally:
            answered.append(command)

    execution._query_order = counted
    floor.desk.query_order(order)
    await until(lambda: answered, "the query is answered")
    execution._query_order = question


async def test_open_and_closed_orders_are_left_as_they_are() -> None:
    """Nothing is told twice, whatever has become of the order."""
    async with trading_floor() as floor:
        resting = floor.desk.limit(OrderSide.BUY, "0.1", "2400.00")
        canceled = floor.desk.limit(OrderSide.BUY, "0.1", "2401.00")
        filled = floor.desk.market(OrderSide.BUY, "0.1")
        crossed = floor.desk.limit(OrderSide.BUY, "0.1", "2520.00", post_only=True)
        await until(lambda: resting.is_open and canceled.is_open and filled.is_closed)
        floor.desk.cancel_order(canceled)
        await until(lambda: canceled.is_closed and crossed.is_closed)
        orders = (resting, canceled, filled, crossed)
        stories = [floor.node.story(order) for order in orders]
        states = [order.status for order in orders]
        for order in orders:
            await ask(floor, order)
        assert [floor.node.story(order) for order in orders] == stories
        assert [order.status for order in orders] == states
        await until_equal(floor.node, floor.venue, floor.account)


async def test_what_the_stream_lost_a_query_brings_with_its_fills() -> None:
    """P3, P5: the fill has the venue's own id and fee, and comes before the end that counts it."""
    async with trading_floor() as floor:
        order = floor.desk.limit(OrderSide.BUY, "0.4", "2495.00")
        await until(lambda: order.is_open)
        lost = [
            floor.venue.faults.add(faults.Lose(channels=("fills",))),
            floor.venue.faults.add(faults.Lose(channels=("orders",), n=2)),
        ]
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        Trader(floor.venue, floor.account).cancel(
            floor.venue.exchange.queries.order(floor.account, order.venue_order_id.value)
        )
        await until(lambda: all(fault.is_exhausted for fault in lost))
        assert order.status == OrderStatus.ACCEPTED
        await ask(floor, order)
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*TAKEN, "OrderFilled", "OrderCanceled"]
        await until_equal(floor.node, floor.venue, floor.account)


async def test_an_order_on_its_way_stays_on_its_way() -> None:
    """P9: it is not found yet, and that proves nothing."""
    async with trading_floor() as floor:
        floor.venue.faults.add(faults.SlowRequest(method="POST", path="/orders", ms=300))
        order = floor.desk.limit(OrderSide.BUY, "0.1", "2400.00")
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        await ask(floor, order)
        assert order.status == OrderStatus.SUBMITTED
        await until(lambda: order.is_open)
        assert floor.node.story(order) == TAKEN


async def test_an_order_that_never_arrived_is_rejected_only_when_it_cannot_any_more() -> None:
    """E6: a query before the end of its receive window says that it is not found, and no more."""
    async with trading_floor(execution={"recv_window_ms": 1_000}) as floor:
        floor.venue.faults.add(faults.LostRequest(method="POST", path="/orders"))
        order = floor.desk.limit(OrderSide.BUY, "0.1", "2400.00")
        await until(lambda: "is unknown, asking the venue" in floor.node.log())
        await ask(floor, order)
        assert f"Order {order.client_order_id} is not found at the venue" in floor.node.log()
        assert order.status == OrderStatus.SUBMITTED
        await until(lambda: order.status == OrderStatus.REJECTED, order)
        assert "never accepted" in order.last_event.reason
        await ask(floor, order)
        assert floor.node.story(order)[-1] == "OrderRejected"


@pytest.mark.parametrize("status", [500, 429])
async def test_a_question_that_is_not_answered_changes_nothing(status: int) -> None:
    """P9: it is said, and the order stays what it was."""
    async with trading_floor() as floor:
        order = floor.desk.limit(OrderSide.BUY, "0.1", "2400.00")
        await until(lambda: order.is_open)
        fault = faults.HttpStatus(method="GET", path="/orders", status=status, n=20)
        floor.venue.faults.add(fault)
        await ask(floor, order)
        floor.venue.faults.clear()
        assert f"Cannot ask for order {order.client_order_id}" in floor.node.log()
        assert order.status == OrderStatus.ACCEPTED
        await ask(floor, order)
        assert floor.node.story(order) == TAKEN


async def test_an_order_of_somebody_else_can_be_asked_for() -> None:
    """E9: an external order's end that the stream lost is told by the answer."""
    async with trading_floor() as floor:
        own = Trader(floor.venue, floor.account)
        placed = own.place("BUY", "0.2", "2400.00")
        await until(floor.node.cache.orders_open)
        (order,) = floor.node.cache.orders_open()
        lost = floor.venue.faults.add(faults.Lose(channels=("orders",)))
        own.cancel(placed)
        await until(lambda: lost.is_exhausted)
        await ask(floor, order)
        await until(lambda: order.status == OrderStatus.CANCELED)
        assert order.quantity.as_decimal() == Decimal("0.2")
