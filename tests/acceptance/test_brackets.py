"""
Orders that depend on each other: children wait for their entry, siblings end with each other.

An orphan (a child without an entry, or a stop that outlives its position) is a trade that nobody
wanted: each test ends with what is left at the venue.
"""

from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import ContingencyType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.orders import Order
from nautilus_trader.model.orders import OrderList

from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import Floor
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY = OrderSide.BUY
SELL = OrderSide.SELL
TRANSPORTS = pytest.mark.parametrize("transport", ["rest", "ws"])


def bracket(floor: Floor, side: OrderSide = BUY, size: str = "0.4", **terms: Any) -> OrderList:
    """Submit a bracket whose entry rests between the maker's prices."""
    instrument = floor.desk.instrument
    sign = 1 if side == BUY else -1
    entry = Decimal(2500 - 8 * sign)
    settings: dict[str, Any] = {
        "entry_order_type": OrderType.LIMIT,
        "entry_price": instrument.make_price(entry),
        "tp_price": instrument.make_price(entry + 17 * sign),
        "sl_trigger_price": instrument.make_price(entry - 42 * sign),
    }
    orders = floor.desk.order_factory.bracket(
        ETH, side, instrument.make_qty(Decimal(size)), **(settings | terms)
    )
    floor.desk.submit_order_list(orders)
    return orders


def three(orders: OrderList) -> tuple[Order, Order, Order]:
    """Return entry, stop-loss and take-profit."""
    entry, stop, profit = orders.orders
    return entry, stop, profit


def open_at_venue(floor: Floor) -> dict[str, Decimal]:
    """Return what is open at the venue: sizes by client id."""
    orders = floor.venue.exchange.queries.open_orders(floor.account)
    return {order.client_id: order.size for order in orders}


async def fill_entry(floor: Floor, entry: Order, size: str = "0.4") -> None:
    """Trade against the resting entry."""
    side = "SELL" if entry.side == BUY else "BUY"
    await until(lambda: entry.is_open, "the entry rests")
    before = entry.filled_qty.as_decimal()
    floor.maker.place(side, size, str(entry.price), instruction="IOC")
    await until(lambda: entry.filled_qty.as_decimal() == before + Decimal(size))


async def protect(floor: Floor, **terms: Any) -> tuple[Order, Order, Order]:
    """Return a bracket whose entry has filled and whose children rest."""
    entry, stop, profit = three(bracket(floor, **terms))
    await fill_entry(floor, entry)
    await until(lambda: stop.is_open and profit.is_open, "both children rest")
    return entry, stop, profit


@TRANSPORTS
@pytest.mark.parametrize("side", [BUY, SELL])
async def test_tc_e50_e51_children_wait_for_their_entry(side: OrderSide, transport: str) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        entry, stop, profit = three(bracket(floor, side))
        await until(lambda: entry.status == OrderStatus.ACCEPTED)
        assert stop.status == profit.status == OrderStatus.INITIALIZED
        assert open_at_venue(floor) == {entry.client_order_id.value: Decimal("0.4")}
        floor.desk.cancel_order(entry)
        await until(lambda: all(order.is_closed for order in (entry, stop, profit)))
        assert floor.node.story(stop) == ["OrderInitialized", "OrderCanceled"]
        await until(lambda: open_at_venue(floor) == {})


@TRANSPORTS
@pytest.mark.parametrize("fill_order", [FillOrder.ORDER_FIRST, FillOrder.FILL_FIRST])
async def test_tc_e52_the_entrys_fill_activates_its_children(
    fill_order: FillOrder, transport: str
) -> None:
    config = SimulatorConfig(fill_order=fill_order)
    async with trading_floor(config=config, execution={"order_transport": transport}) as floor:
        _, stop, profit = await protect(floor)
        kinds = {
            order.client_id: order.type
            for order in floor.venue.exchange.queries.open_orders(floor.account)
        }
        assert kinds == {
            stop.client_order_id.value: model.OrderType.STOP_LOSS_MARKET,
            profit.client_order_id.value: model.OrderType.LIMIT,
        }
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
async def test_the_take_profit_ends_the_stop(transport: str) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        _, stop, profit = await protect(floor)
        floor.maker.place("BUY", "0.4", str(profit.price), instruction="IOC")
        await until(lambda: profit.status == OrderStatus.FILLED)
        await until(lambda: stop.status == OrderStatus.CANCELED)
        await until(lambda: open_at_venue(floor) == {})
        assert not floor.node.cache.positions_open()
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
async def test_the_stop_ends_the_take_profit(transport: str) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        _, stop, profit = await protect(floor)
        floor.venue.exchange.set_prices(ETH.symbol.value, mark=Decimal(2445))
        await until(lambda: stop.status == OrderStatus.FILLED)
        await until(lambda: profit.status == OrderStatus.CANCELED)
        await until(lambda: open_at_venue(floor) == {})
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
async def test_children_grow_with_an_entry_that_fills_in_parts(transport: str) -> None:
    """Never more than what the entry has filled: another position may be there."""
    async with trading_floor(execution={"order_transport": transport}) as floor:
        entry, stop, profit = three(bracket(floor))
        for filled in ("0.1", "0.3", "0.4"):
            part = Decimal(filled) - entry.filled_qty.as_decimal()
            await fill_entry(floor, entry, str(part))
            await until(
                lambda: (
                    open_at_venue(floor).get(stop.client_order_id.value)
                    == open_at_venue(floor).get(profit.client_order_id.value)
                    == Decimal(filled)  # noqa: B023 - awaited here
                ),
                lambda: open_at_venue(floor),
            )
        await until(lambda: stop.quantity == profit.quantity == entry.quantity)
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
async def test_an_entry_that_is_canceled_in_part_keeps_its_children_for_what_it_filled(
    transport: str,
) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        entry, stop, profit = three(bracket(floor))
        await fill_entry(floor, entry, "0.1")
        await until(lambda: stop.is_open and profit.is_open)
        floor.desk.cancel_order(entry)
        await until(lambda: entry.is_closed)
        await until_equal(floor.node, floor.venue, floor.account)
        assert open_at_venue(floor) == {
            stop.client_order_id.value: Decimal("0.1"),
            profit.client_order_id.value: Decimal("0.1"),
        }


async def test_a_part_of_the_take_profit_shrinks_the_stop() -> None:
    async with trading_floor() as floor:
        _, stop, profit = await protect(floor)
        floor.maker.place("BUY", "0.1", str(profit.price), instruction="IOC")
        await until(lambda: profit.filled_qty.as_decimal() == Decimal("0.1"))
        await until(lambda: stop.quantity.as_decimal() == Decimal("0.3"))
        await until_equal(floor.node, floor.venue, floor.account)


async def test_tc_e53_a_post_only_entry_that_would_take_ends_the_bracket() -> None:
    async with trading_floor() as floor:
        price = floor.desk.instrument.make_price(2600)
        entry, stop, profit = three(
            bracket(
                floor,
                entry_price=price,
                entry_post_only=True,
                tp_price=floor.desk.instrument.make_price(2700),
            )
        )
        await until(lambda: all(order.is_closed for order in (entry, stop, profit)))
        assert floor.node.events_of(entry)[-1].due_post_only
        assert floor.node.story(profit) == ["OrderInitialized", "OrderCanceled"]


async def test_a_denied_entry_ends_its_children() -> None:
    async with trading_floor() as floor:
        floor.venue.set_system_state("cancel_only")
        watch = floor.node.execution._link.system_state
        watch.hint()
        await until(lambda: watch.state is not None and watch.state.value == "cancel_only")
        entry, stop, profit = three(bracket(floor))
        await until(lambda: all(order.is_closed for order in (entry, stop, profit)))
        assert entry.status == OrderStatus.DENIED
        assert open_at_venue(floor) == {}


async def test_no_orphan_when_the_entry_fills_while_the_stream_is_away() -> None:
    """The fill is found by the reconciliation, and the children go out then."""
    async with trading_floor() as floor:
        entry, stop, profit = three(bracket(floor))
        await until(lambda: entry.is_open)
        floor.venue.faults.add(faults.HandshakeStatus(status=503, n=3))
        await floor.venue.drop_connections()
        floor.maker.place("SELL", "0.4", str(entry.price), instruction="IOC")
        await until(lambda: entry.status == OrderStatus.FILLED)
        await until(lambda: stop.is_open and profit.is_open)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_no_orphan_when_the_take_profit_fills_while_the_stream_is_away() -> None:
    async with trading_floor() as floor:
        _, stop, profit = await protect(floor)
        floor.venue.faults.add(faults.HandshakeStatus(status=503, n=3))
        await floor.venue.drop_connections()
        floor.maker.place("BUY", "0.4", str(profit.price), instruction="IOC")
        await until(lambda: profit.status == OrderStatus.FILLED)
        await until(lambda: stop.is_closed)
        await until(lambda: open_at_venue(floor) == {})
        await until_equal(floor.node, floor.venue, floor.account)


async def test_no_orphan_when_the_entry_is_canceled_while_the_stream_is_away() -> None:
    async with trading_floor() as floor:
        entry, stop, profit = three(bracket(floor))
        await until(lambda: entry.is_open)
        floor.venue.faults.add(faults.HandshakeStatus(status=503, n=3))
        await floor.venue.drop_connections()
        engine = floor.venue.exchange
        engine.cancel(floor.account, entry.venue_order_id.value)
        engine.process_cancel(entry.venue_order_id.value)
        await until(lambda: all(order.is_closed for order in (entry, stop, profit)))
        await until_equal(floor.node, floor.venue, floor.account)


async def test_held_children_are_modified_and_canceled_here() -> None:
    async with trading_floor() as floor:
        entry, stop, profit = three(bracket(floor))
        await until(lambda: entry.is_open)
        floor.desk.modify_order(stop, trigger_price=floor.desk.instrument.make_price(2440))
        await until(lambda: stop.trigger_price == floor.desk.instrument.make_price(2440))
        await fill_entry(floor, entry)
        await until(lambda: stop.is_open and profit.is_open)
        (resting,) = [
            order
            for order in floor.venue.exchange.queries.open_orders(floor.account)
            if order.trigger_price
        ]
        assert resting.trigger_price == Decimal(2440)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_a_canceled_child_that_was_held_takes_its_sibling_along() -> None:
    """As the framework's own order manager has it."""
    async with trading_floor() as floor:
        entry, stop, profit = three(bracket(floor))
        await until(lambda: entry.is_open)
        floor.desk.cancel_order(stop)
        await until(lambda: stop.is_closed and profit.is_closed)
        assert entry.is_open
        await fill_entry(floor, entry)
        assert open_at_venue(floor) == {}


async def test_a_stop_that_cannot_be_placed_is_said_and_the_take_profit_stays() -> None:
    """The position is there: what still protects it must not go too."""
    async with trading_floor(may_fail=True) as floor:
        entry, stop, profit = three(bracket(floor))
        await until(lambda: entry.is_open)
        floor.venue.exchange.set_prices(ETH.symbol.value, mark=Decimal(2449))
        floor.maker.place("SELL", "0.4", str(entry.price), instruction="IOC")
        await until(lambda: stop.status == OrderStatus.DENIED)
        await until(lambda: profit.is_open)
        assert f"{stop.client_order_id} never worked" in floor.node.log()


def pair(floor: Floor, kind: ContingencyType) -> tuple[Order, Order]:
    """Submit two limit orders of which one ends the other."""
    factory, instrument = floor.desk.order_factory, floor.desk.instrument
    ids = [factory.generate_client_order_id() for _ in range(2)]
    orders = [
        factory.limit(
            ETH,
            side,
            instrument.make_qty(Decimal("0.4")),
            instrument.make_price(price),
            client_order_id=own,
        )
        for own, side, price in ((ids[0], BUY, 2495), (ids[1], SELL, 2505))
    ]
    linked = [
        type(order)(
            trader_id=order.trader_id,
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            order_side=order.side,
            quantity=order.quantity,
            price=order.price,
            init_id=order.init_id,
            ts_init=order.ts_init,
            contingency_type=kind,
            linked_order_ids=[other],
        )
        for order, other in zip(orders, reversed(ids), strict=True)
    ]
    floor.desk.submit_order_list(factory.create_list(linked))
    return linked[0], linked[1]


@TRANSPORTS
async def test_one_cancels_the_other(transport: str) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        buy, sell = pair(floor, ContingencyType.OCO)
        await until(lambda: buy.is_open and sell.is_open)
        floor.maker.place("SELL", "0.1", "2495.00", instruction="IOC")
        await until(lambda: sell.status == OrderStatus.CANCELED)
        assert buy.filled_qty.as_decimal() == Decimal("0.1")
        await until_equal(floor.node, floor.venue, floor.account)


async def test_one_updates_the_other() -> None:
    async with trading_floor() as floor:
        buy, sell = pair(floor, ContingencyType.OUO)
        await until(lambda: buy.is_open and sell.is_open)
        floor.maker.place("SELL", "0.1", "2495.00", instruction="IOC")
        await until(lambda: sell.quantity.as_decimal() == Decimal("0.3"))
        floor.desk.cancel_order(buy)
        await until(lambda: sell.is_closed)
        await until_equal(floor.node, floor.venue, floor.account)
