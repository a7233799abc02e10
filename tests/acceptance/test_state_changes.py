"""Changes that the venue makes to our orders by itself, and what overtakes what (rules E5, E7)."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TriggerType
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import Floor
from tests.acceptance.node import Trader
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal
from tests.acceptance.state_of_account import filled


BUY, SELL = OrderSide.BUY, OrderSide.SELL
MARKET = ETH.symbol.value
TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]


def stop(floor: Floor, size: str, trigger: str) -> Order:
    """Submit a reduce-only stop to sell: at the venue it is linked to the position."""
    desk = floor.desk
    order = desk.order_factory.stop_market(
        ETH,
        SELL,
        desk.instrument.make_qty(Decimal(size)),
        trigger_price=desk.instrument.make_price(Decimal(trigger)),
        trigger_type=TriggerType.MARK_PRICE,
        reduce_only=True,
    )
    desk.submit_order(order)
    return order


def target(floor: Floor, size: str, trigger: str) -> Order:
    """Submit a reduce-only order to sell when the mark has risen."""
    desk = floor.desk
    order = desk.order_factory.market_if_touched(
        ETH,
        SELL,
        desk.instrument.make_qty(Decimal(size)),
        trigger_price=desk.instrument.make_price(Decimal(trigger)),
        trigger_type=TriggerType.MARK_PRICE,
        reduce_only=True,
    )
    desk.submit_order(order)
    return order


def set_mark(floor: Floor, mark: str) -> None:
    floor.venue.exchange.set_prices(MARKET, mark=Decimal(mark), underlying=Decimal(mark))


# -- REDUCE ONLY -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", list(PrivateEncoding))
async def test_a_smaller_position_shrinks_what_is_linked_to_it(encoding: PrivateEncoding) -> None:
    """Trap 43: OrderUpdated without a modify, with the reason in the log; then it is canceled."""
    async with trading_floor(config=SimulatorConfig(private_encoding=encoding)) as floor:
        await filled(floor.desk.market(BUY, "0.5"))
        linked = stop(floor, "0.5", "2300.00")
        resting = floor.desk.limit(SELL, "0.5", "2700.00", reduce_only=True)
        await until(lambda: linked.is_open and resting.is_open)
        await filled(floor.desk.market(SELL, "0.2"))
        await until(lambda: linked.quantity.as_decimal() == Decimal("0.3"), linked)
        await until(lambda: resting.quantity.as_decimal() == Decimal("0.3"), resting)
        for order in (linked, resting):
            assert floor.node.story(order) == [*TAKEN, "OrderUpdated"]
            assert order.is_open
            (said,) = [
                line
                for line in floor.node.log().splitlines()
                if "changed by the venue" in line and str(order.client_order_id) in line
            ]
            assert "size 0.5 -> 0.3" in said
            assert "reduce-only" in said
        await until_equal(floor.node, floor.venue, floor.account)
        await filled(floor.desk.market(SELL, "0.3"))
        await until(lambda: linked.is_closed and resting.is_closed)
        for order in (linked, resting):
            assert order.status == OrderStatus.CANCELED
            assert f"{order.client_order_id}" in floor.node.log()
        assert floor.node.log().count("canceled by the venue: REDUCE_ONLY_WILL_INCREASE") == 2
        await until_equal(floor.node, floor.venue, floor.account)


async def test_a_linked_order_that_is_cut_to_the_position_at_once_says_so() -> None:
    """PROTOCOL 5.1: the venue caps its size to the position when it takes it."""
    async with trading_floor() as floor:
        await filled(floor.desk.market(BUY, "0.2"))
        linked = stop(floor, "0.5", "2300.00")
        await until(lambda: linked.is_open)
        await until(lambda: linked.quantity.as_decimal() == Decimal("0.2"), linked)
        assert floor.node.story(linked) == [*TAKEN, "OrderUpdated"]
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize("fill_order", list(FillOrder))
async def test_the_sibling_of_a_filled_target_is_canceled(fill_order: FillOrder) -> None:
    """Trap 44: the target fills, and the venue cancels the stop of the same position."""
    async with trading_floor(config=SimulatorConfig(fill_order=fill_order)) as floor:
        await filled(floor.desk.market(BUY, "0.5"))
        floor.maker.place("BUY", "1", "2590.00")
        loss, profit = stop(floor, "0.5", "2300.00"), target(floor, "0.5", "2600.00")
        await until(lambda: loss.is_open and profit.is_open)
        set_mark(floor, "2600")
        await until(lambda: loss.is_closed and profit.is_closed)
        assert profit.status == OrderStatus.FILLED
        assert loss.status == OrderStatus.CANCELED
        assert floor.node.story(loss) == [*TAKEN, "OrderCanceled"]
        await until_equal(floor.node, floor.venue, floor.account)


# -- RELEASE WINDOWS -------------------------------------------------------------------------------


async def test_a_release_window_cancels_what_is_too_far_and_the_node_says_so() -> None:
    """Trap 46, PROTOCOL 8.3: aggressive orders go, others stay; afterwards all is normal."""
    async with trading_floor() as floor:
        exchange = floor.venue.exchange
        near = floor.desk.limit(BUY, "0.1", "2499.00")
        far = floor.desk.limit(BUY, "0.1", "2505.00")
        await until(lambda: near.is_open and far.is_open)
        floor.venue.set_system_state(model.SystemState.CANCEL_ONLY)
        await until(lambda: far.is_closed)
        assert far.status == OrderStatus.CANCELED
        assert near.is_open
        (said,) = [line for line in floor.node.log().splitlines() if "canceled by the" in line]
        assert str(far.client_order_id) in said
        assert "EXCEEDS_MAX_SLIPPAGE" in said
        floor.venue.set_system_state(model.SystemState.OK)
        await until_equal(floor.node, floor.venue, floor.account)
        assert exchange.queries.open_orders(floor.account)


# -- WHAT OVERTAKES WHAT ---------------------------------------------------------------------------


@pytest.mark.parametrize("answer_order", [AnswerOrder.ANSWER_FIRST, AnswerOrder.NOTIFICATION_FIRST])
@pytest.mark.parametrize("fill_order", [FillOrder.ORDER_FIRST, FillOrder.FILL_FIRST])
@pytest.mark.parametrize(
    ("size", "price"), [("0.5", "2510.00"), ("0.7", "2510.00"), ("0.3", "2510.50")]
)
async def test_an_order_that_a_modify_fills_has_its_last_terms(
    answer_order: AnswerOrder, fill_order: FillOrder, size: str, price: str
) -> None:
    """E7: whatever comes first, the fill is of the new price and size, and the order says so."""
    config = SimulatorConfig(answer_order=answer_order, fill_order=fill_order)
    async with trading_floor(config=config) as floor:
        order = floor.desk.limit(BUY, "0.5", "2400.00")
        await until(lambda: order.is_open)
        instrument = floor.desk.instrument
        floor.desk.modify_order(
            order,
            quantity=instrument.make_qty(Decimal(size)),
            price=instrument.make_price(Decimal(price)),
        )
        await until(lambda: order.is_closed, order)
        assert order.status == OrderStatus.FILLED
        assert order.price == instrument.make_price(Decimal(price))
        assert order.quantity.as_decimal() == Decimal(size)
        story = floor.node.story(order)
        assert story == [*TAKEN, "OrderPendingUpdate", "OrderUpdated", "OrderFilled"]
        assert "Reconciling: " not in floor.node.log()
        await until_equal(floor.node, floor.venue, floor.account)


async def test_a_partly_filled_order_that_a_smaller_size_completes_is_filled() -> None:
    """E7: cut to a size that the last fill completes."""
    async with trading_floor(config=SimulatorConfig(fill_order=FillOrder.FILL_FIRST)) as floor:
        order = floor.desk.limit(BUY, "0.5", "2495.00")
        await until(lambda: order.is_open)
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        await until(lambda: order.filled_qty.as_decimal() == Decimal("0.1"))
        instrument = floor.desk.instrument
        floor.desk.modify_order(
            order,
            quantity=instrument.make_qty(Decimal("0.3")),
            price=instrument.make_price(2510),
        )
        await until(lambda: order.is_closed, order)
        assert order.status == OrderStatus.FILLED
        assert order.price == instrument.make_price(2510)
        assert "Reconciling: " not in floor.node.log()
        await until_equal(floor.node, floor.venue, floor.account)


async def test_a_change_from_elsewhere_is_told_and_said() -> None:
    """E9: somebody modifies our order on the venue's own page."""
    async with trading_floor() as floor:
        order = floor.desk.limit(BUY, "0.5", "2400.00")
        await until(lambda: order.is_open)
        exchange, own = floor.venue.exchange, Trader(floor.venue, floor.account)
        order_id = order.venue_order_id.value
        changed = exchange.modify(
            model.ModifyCommand(
                account=own.account,
                order_id=order_id,
                market=MARKET,
                side=model.Side.BUY,
                type=model.OrderType.LIMIT,
                size=Decimal("0.4"),
                price=Decimal("2410.00"),
            )
        )
        exchange.process_modify(order_id, changed.request_info.id)
        await until(lambda: order.quantity.as_decimal() == Decimal("0.4"))
        assert floor.node.story(order) == [*TAKEN, "OrderUpdated"]
        assert "size 0.5 -> 0.4, price 2400 -> 2410" in floor.node.log()
        await until_equal(floor.node, floor.venue, floor.account)
