"""
Conditional orders: the kinds that the venue gets, and which way their triggers wait (E1).

A trigger that the mark price has passed would wait for it to come back, or fire at once: both are
trades that the strategy did not mean.
"""

from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import Floor
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY = OrderSide.BUY
SELL = OrderSide.SELL
ABOVE = model.OrderFlag.STOP_CONDITION_ABOVE_TRIGGER
BELOW = model.OrderFlag.STOP_CONDITION_BELOW_TRIGGER
TRANSPORTS = pytest.mark.parametrize("transport", ["rest", "ws"])


def conditional(
    floor: Floor,
    kind: str,
    side: OrderSide,
    trigger: int,
    price: int | None = None,
    *,
    params: dict[str, Any] | None = None,
    **terms: Any,
) -> Order:
    """Submit a conditional order of the factory's kind."""
    instrument = floor.desk.instrument
    prices = {} if price is None else {"price": instrument.make_price(price)}
    order = getattr(floor.desk.order_factory, kind)(
        ETH,
        side,
        instrument.make_qty(Decimal("0.1")),
        trigger_price=instrument.make_price(trigger),
        **prices,
        **terms,
    )
    floor.desk.submit_order(order, params=params)
    return order


def at_venue(floor: Floor, order: Order) -> model.Order:
    """Return the venue's view of an order."""
    return floor.venue.exchange.queries.order(floor.account, order.venue_order_id.value)


def set_mark(floor: Floor, price: int) -> None:
    """Move the mark price."""
    floor.venue.exchange.set_prices(ETH.symbol.value, mark=Decimal(price))


@TRANSPORTS
@pytest.mark.parametrize(
    ("kind", "side", "trigger", "price", "sent", "flag"),
    [
        ("stop_market", BUY, 2550, None, "STOP_MARKET", ABOVE),
        ("stop_market", SELL, 2450, None, "STOP_MARKET", BELOW),
        ("stop_limit", BUY, 2550, 2560, "STOP_LIMIT", ABOVE),
        ("stop_limit", SELL, 2450, 2440, "STOP_LIMIT", BELOW),
        ("market_if_touched", BUY, 2450, None, "STOP_MARKET", BELOW),
        ("market_if_touched", SELL, 2550, None, "STOP_MARKET", ABOVE),
        ("limit_if_touched", BUY, 2450, 2455, "STOP_LIMIT", BELOW),
        ("limit_if_touched", SELL, 2550, 2545, "STOP_LIMIT", ABOVE),
    ],
)
async def test_tc_e20_to_e27_a_trigger_waits_on_its_side_and_fires_there(
    transport: str,
    kind: str,
    side: OrderSide,
    trigger: int,
    price: int | None,
    sent: str,
    flag: model.OrderFlag,
) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        order = conditional(floor, kind, side, trigger, price)
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        resting = at_venue(floor, order)
        assert (resting.type.value, resting.status.value) == (sent, "UNTRIGGERED")
        assert flag in resting.flags
        set_mark(floor, trigger + (1 if flag is ABOVE else -1))
        # One that can be filled at once is, without ever being OPEN.
        await until(lambda: order.is_closed or "OrderTriggered" in floor.node.story(order))
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
@pytest.mark.parametrize(
    ("kind", "side", "trigger", "price", "sent"),
    [
        ("stop_market", SELL, 2450, None, "STOP_LOSS_MARKET"),
        ("stop_limit", SELL, 2450, 2440, "STOP_LOSS_LIMIT"),
        ("market_if_touched", SELL, 2550, None, "TAKE_PROFIT_MARKET"),
        ("limit_if_touched", SELL, 2550, 2545, "TAKE_PROFIT_LIMIT"),
    ],
)
@pytest.mark.parametrize("linked", [True, False])
async def test_reduce_only_asks_for_the_position_linked_kinds(
    transport: str,
    kind: str,
    side: OrderSide,
    trigger: int,
    price: int | None,
    sent: str,
    linked: bool,
) -> None:
    """They are modified over REST, since WebSocket does not list them, and end by their trigger."""
    async with trading_floor(execution={"order_transport": transport}) as floor:
        bought = floor.desk.market(BUY, "0.1")
        await until(lambda: bought.is_closed)
        params = None if linked else {"position_linked": False}
        order = conditional(floor, kind, side, trigger, price, reduce_only=True, params=params)
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        plain = "STOP_MARKET" if price is None else "STOP_LIMIT"
        assert at_venue(floor, order).type.value == (sent if linked else plain)
        away = -5 if trigger < 2500 else 5
        moved = floor.desk.instrument.make_price(trigger + away)
        floor.desk.modify_order(order, trigger_price=moved)
        await until(lambda: order.trigger_price == moved)
        set_mark(floor, trigger + 2 * away)
        await until(lambda: order.is_closed or "OrderTriggered" in floor.node.story(order))
        await until_equal(floor.node, floor.venue, floor.account)


async def test_e1_a_plain_trigger_that_the_mark_price_has_passed_is_denied() -> None:
    """Even if it may fire at once: the venue would let it wait for the price to come back."""
    cases = [
        ("stop_market", BUY, 2450, None),
        ("stop_market", SELL, 2550, None),
        ("stop_limit", BUY, 2500, 2510),
        ("market_if_touched", BUY, 2550, None),
        ("limit_if_touched", SELL, 2450, 2440),
    ]
    async with trading_floor() as floor:
        for params in (None, {"trigger_at_once": True}):
            orders = [conditional(floor, *case, params=params) for case in cases]
            await until(lambda: all(o.status == OrderStatus.DENIED for o in orders))  # noqa: B023
            reasons = [floor.node.events_of(order)[-1].reason for order in orders]
            assert all("the mark price 2500" in reason for reason in reasons), reasons
        assert not floor.venue.exchange.queries.order_history(floor.account)


async def test_e1_a_stop_loss_that_would_fire_at_once_is_sent_where_that_is_meant() -> None:
    async with trading_floor() as floor:
        bought = floor.desk.market(BUY, "0.1")
        await until(lambda: bought.is_closed)
        denied = conditional(floor, "stop_market", SELL, 2550, reduce_only=True)
        await until(lambda: denied.status == OrderStatus.DENIED)
        assert "trigger_at_once" in floor.node.events_of(denied)[-1].reason
        sent = conditional(
            floor, "stop_market", SELL, 2550, reduce_only=True, params={"trigger_at_once": True}
        )
        await until(lambda: sent.status == OrderStatus.FILLED)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_e1_without_a_mark_price_only_kinds_with_a_direction_of_their_own_are_sent() -> None:
    async with trading_floor() as floor:
        bought = floor.desk.market(BUY, "0.1")
        await until(lambda: bought.is_closed)
        floor.venue.faults.add(faults.HttpStatus(path="/markets/summary", status=404, n=100))
        plain = conditional(floor, "stop_market", SELL, 2450)
        await until(lambda: plain.status == OrderStatus.DENIED)
        assert "cannot be read" in floor.node.events_of(plain)[-1].reason
        linked = conditional(floor, "stop_market", SELL, 2450, reduce_only=True)
        await until(lambda: linked.status == OrderStatus.ACCEPTED)


async def test_the_data_clients_mark_price_is_taken_while_it_is_fresh() -> None:
    async with trading_floor() as floor:
        floor.desk.subscribe_mark_prices(ETH)
        await until(lambda: floor.node.cache.mark_price(ETH) is not None)
        floor.venue.faults.add(faults.HttpStatus(path="/markets/summary", status=404, n=100))
        set_mark(floor, 2501)
        await until(
            lambda: floor.node.cache.mark_price(ETH).value == floor.desk.instrument.make_price(2501)
        )
        order = conditional(floor, "stop_market", SELL, 2450)
        await until(lambda: order.status == OrderStatus.ACCEPTED)


async def test_an_order_that_the_venue_arms_the_wrong_way_is_canceled_at_once() -> None:
    """The mark price passes the trigger while the order is on its way."""
    async with trading_floor(may_fail=True) as floor:
        floor.venue.faults.add(faults.SlowRequest(method="POST", path="/orders", ms=300))
        order = conditional(floor, "stop_market", BUY, 2550)
        await until(lambda: order.status == OrderStatus.SUBMITTED)
        set_mark(floor, 2600)
        await until(lambda: order.status == OrderStatus.CANCELED)
        assert "waits for the mark price to move the other way" in floor.node.log()
        set_mark(floor, 2500)
        assert not floor.venue.exchange.queries.fills(floor.account)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_e7_a_trigger_is_not_moved_beyond_the_mark_price() -> None:
    async with trading_floor() as floor:
        order = conditional(floor, "stop_market", BUY, 2550)
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        floor.desk.modify_order(order, trigger_price=floor.desk.instrument.make_price(2450))
        await until(lambda: "OrderModifyRejected" in floor.node.story(order))
        assert "must be above the mark price" in floor.node.events_of(order)[-1].reason
        assert at_venue(floor, order).trigger_price == Decimal(2550)
