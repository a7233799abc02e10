"""The framework's execution testing spec, case by case, over REST and over WebSocket."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.enums import TrailingOffsetType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex.execution import inflight
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.engine.markets import next_expiry_ms
from nautilus_paradex.simulator.engine.markets import symbol_date
from nautilus_paradex.simulator.paradex import wall_clock_us
from tests.acceptance import exec_report
from tests.acceptance import exec_spec
from tests.acceptance.data_recording import followed
from tests.acceptance.exec_floor import CANCELED
from tests.acceptance.exec_floor import DENIED
from tests.acceptance.exec_floor import FILLED
from tests.acceptance.exec_floor import MODIFIED
from tests.acceptance.exec_floor import REJECTED
from tests.acceptance.exec_floor import TAKEN
from tests.acceptance.exec_floor import Exam
from tests.acceptance.exec_floor import Starter
from tests.acceptance.exec_floor import exam
from tests.acceptance.exec_floor import exec_tester
from tests.acceptance.exec_spec import proves
from tests.acceptance.exec_spec import proves_each
from tests.acceptance.node import ETH
from tests.acceptance.node import Desk
from tests.acceptance.node import Trader
from tests.acceptance.node import until


BUY, SELL = OrderSide.BUY, OrderSide.SELL
SYMBOL = ETH.symbol.value
DEPOSIT = Decimal(100_000)
#: An at-the-money call; its mark price is 680.
OPTION = InstrumentId.from_str(
    f"BTC-USD-{symbol_date(next_expiry_ms(wall_clock_us()))}-68000-C.PARADEX"
)
ON_OPTION: dict[str, Any] = {"market": OPTION, "touch": ("670.00", "690.00")}

#: The touch is 2490 to 2510. Limit orders of the tester lie five dollars beyond it, stops one.
LOW, HIGH = Decimal(2485), Decimal(2515)


def check_at_venue(at: Exam[Any], order: Order, **terms: object) -> None:
    """Check the venue's view of an order: its side, size and price, and further terms."""
    known = at.at_venue(order)
    assert known.client_id == order.client_order_id.value
    assert known.side.value == order.side_string()
    assert known.size == order.quantity.as_decimal()
    assert known.price == (order.price.as_decimal() if order.has_price else None)
    assert {name: getattr(known, name) for name in terms} == terms


async def reported(at: Exam[Any]) -> list[OrderStatusReport]:
    """Return the reports of the account's open orders."""
    command = GenerateOrderStatusReports(
        instrument_id=None, start=None, end=None, open_only=True, command_id=UUID4(), ts_init=0
    )
    return await at.node.execution.generate_order_status_reports(command)


# -- MARKET ORDERS ---------------------------------------------------------------------------------


@proves_each(
    "size time_in_force",
    {
        "TC-E01": ("0.1", TimeInForce.GTC),
        "TC-E02": ("-0.1", TimeInForce.GTC),
        "TC-E03": ("0.1", TimeInForce.IOC),
    },
)
async def test_a_market_order_opens_a_position(
    transport: str, size: str, time_in_force: TimeInForce
) -> None:
    strategy = exec_tester(
        open_position_on_start_qty=Decimal(size), open_position_time_in_force=time_in_force
    )
    async with exam(transport, strategy) as at:
        order = await at.order()
        fill = await at.told(order, FILLED)
        assert order.time_in_force == time_in_force
        assert fill.last_px.as_decimal() == (2510 if Decimal(size) > 0 else 2490)
        (position,) = at.node.cache.positions_open()
        assert position.signed_decimal_qty() == Decimal(size)
        check_at_venue(at, order, type=model.OrderType.MARKET, remaining_size=Decimal(0))
        account = at.node.cache.account(at.node.account_id)
        paid = fill.commission.as_decimal()
        assert paid > 0
        await until(lambda: account.balance_total(USDC).as_decimal() == DEPOSIT - paid)


@proves("TC-E06", "TC-E61", "TC-E80", "TC-E82")
@pytest.mark.parametrize("size", ["0.1", "-0.1"])
async def test_a_position_is_opened_on_start_and_closed_on_stop(transport: str, size: str) -> None:
    strategy = exec_tester(
        open_position_on_start_qty=Decimal(size), enable_limit_buys=True, enable_limit_sells=True
    )
    async with exam(transport, strategy) as at:
        opening = await at.order()
        await at.told(opening, FILLED)
        resting = [await at.order(number) for number in (1, 2)]
        for order in resting:
            await at.told(order, TAKEN)
        made = [(type(event).__name__, event.client_order_id) for event in at.node.order_events]
        submitted = made.index(("OrderSubmitted", opening.client_order_id))
        assert submitted < made.index(("OrderInitialized", resting[0].client_order_id))

        strategy.stop()
        for order in resting:
            await at.told(order, CANCELED)
        closing = await at.order(3)
        await at.told(closing, FILLED)
        assert closing.order_type == OrderType.MARKET
        assert closing.side != opening.side
        assert closing.is_reduce_only
        check_at_venue(at, closing, flags=(model.OrderFlag.REDUCE_ONLY,))
        assert not at.node.cache.positions_open()
        assert not at.open_at_venue()


# -- WHAT IS DENIED --------------------------------------------------------------------------------


def limit(price: str = "2400.00", **terms: Any) -> Callable[[Desk], Order]:
    """Return what makes a limit order to buy."""

    def make(desk: Desk) -> Order:
        instrument = desk.instrument
        size, limit_price = instrument.make_qty(Decimal("0.1")), instrument.make_price(price)
        return desk.order_factory.limit(desk.instrument_id, BUY, size, limit_price, **terms)

    return make


def without_price(kind: str, **terms: Any) -> Callable[[Desk], Order]:
    """Return what makes an order to sell of a kind of the factory's."""

    def make(desk: Desk) -> Order:
        size = desk.instrument.make_qty(Decimal("0.1"))
        return getattr(desk.order_factory, kind)(desk.instrument_id, SELL, size, **terms)

    return make


def conditional(kind: str, trigger: str, price: str | None = None) -> Callable[[Desk], Order]:
    """Return what makes a conditional order to sell."""

    def make(desk: Desk) -> Order:
        instrument = desk.instrument
        prices = {"trigger_price": instrument.make_price(trigger)}
        if price is not None:
            prices["price"] = instrument.make_price(price)
        size = instrument.make_qty(Decimal("0.1"))
        return getattr(desk.order_factory, kind)(desk.instrument_id, SELL, size, **prices)

    return make


_TRAILING: dict[str, Any] = {
    "trailing_offset": Decimal(100),
    "trailing_offset_type": TrailingOffsetType.BASIS_POINTS,
}
_NO_CONDITIONAL = "take MARKET and LIMIT orders only"


@proves_each(
    "make settings reasons",
    {
        "TC-E04": (
            lambda: exec_tester(
                open_position_on_start_qty=Decimal("0.1"),
                open_position_time_in_force=TimeInForce.FOK,
            ),
            {},
            ["FOK does not exist on Paradex; use IOC"],
        ),
        "TC-E05": (
            lambda: exec_tester(open_position_on_start_qty=Decimal(250), use_quote_quantity=True),
            {},
            ["give the quantity in base units"],
        ),
        "TC-E15": (
            lambda: Starter(limit("2510.00", time_in_force=TimeInForce.FOK)),
            {},
            ["FOK does not exist on Paradex; use IOC"],
        ),
        "TC-E16": (
            lambda: exec_tester(enable_limit_buys=True, limit_time_in_force=TimeInForce.FOK),
            {},
            ["FOK does not exist on Paradex; use IOC"],
        ),
        "TC-E17": (
            lambda: exec_tester(enable_limit_buys=True, order_expire_time_delta_mins=60),
            {},
            ["set manage_gtd_expiry=True"],
        ),
        "TC-E19": (
            lambda: exec_tester(enable_limit_buys=True, limit_time_in_force=TimeInForce.DAY),
            {},
            ["DAY does not exist on Paradex; use GTC"],
        ),
        "TC-E62": (
            lambda: exec_tester(enable_limit_buys=True, order_display_qty=Decimal("0.01")),
            {},
            ["leave display_qty unset"],
        ),
        "TC-E72": (
            lambda: Starter(
                without_price("trailing_stop_market", **_TRAILING),
                without_price("market_to_limit"),
            ),
            {},
            [
                "TRAILING_STOP_MARKET orders do not exist on Paradex; use emulation_trigger",
                "MARKET_TO_LIMIT orders do not exist on Paradex; use emulation_trigger",
            ],
        ),
        "TC-E73": (
            lambda: Starter(
                limit(time_in_force=TimeInForce.FOK),
                limit(time_in_force=TimeInForce.DAY),
                limit(time_in_force=TimeInForce.AT_THE_OPEN),
                limit(time_in_force=TimeInForce.AT_THE_CLOSE),
            ),
            {},
            [
                "FOK does not exist on Paradex; use IOC",
                "DAY does not exist on Paradex; use GTC",
                "AT_THE_OPEN does not exist on Paradex; use GTC",
                "AT_THE_CLOSE does not exist on Paradex; use GTC",
            ],
        ),
        "TC-E92": (
            lambda: exec_tester(
                instrument_id=OPTION, enable_limit_buys=True, order_params={"px_usd": "100.5"}
            ),
            ON_OPTION,
            ["px_usd"],
        ),
        "TC-E94": (
            lambda: Starter(without_price("market_to_limit"), market=OPTION),
            ON_OPTION,
            ["MARKET_TO_LIMIT orders do not exist on Paradex"],
        ),
        "TC-E96": (
            lambda: Starter(
                conditional("stop_market", "600"),
                conditional("stop_limit", "600", "590"),
                conditional("market_if_touched", "700"),
                conditional("limit_if_touched", "700", "695"),
                without_price("trailing_stop_market", **_TRAILING),
                market=OPTION,
            ),
            ON_OPTION,
            [*[_NO_CONDITIONAL] * 4, "TRAILING_STOP_MARKET orders do not exist on Paradex"],
        ),
        "TC-E99": (
            lambda: Starter(limit("690.00", time_in_force=TimeInForce.FOK), market=OPTION),
            ON_OPTION,
            ["FOK does not exist on Paradex; use IOC"],
        ),
    },
)
async def test_e1_what_the_venue_cannot_do_is_denied_before_anything_is_sent(
    transport: str, make: Callable[[], Strategy], settings: dict[str, Any], reasons: list[str]
) -> None:
    """The tester gives another such order at each quote: all are denied."""
    async with exam(transport, make(), **settings) as at:
        await at.order(len(reasons) - 1)
        for order, reason in zip(at.orders(), itertools.cycle(reasons), strict=False):
            denied = await at.told(order, DENIED)
            assert reason in denied.reason
        assert not at.commands.seen
        assert not at.venue.exchange.queries.order_history(at.account)


# -- LIMIT ORDERS ----------------------------------------------------------------------------------


@proves_each(
    "switches prices",
    {
        "TC-E10": ({"enable_limit_buys": True}, [LOW]),
        "TC-E11": ({"enable_limit_sells": True}, [HIGH]),
        "TC-E12": ({"enable_limit_buys": True, "enable_limit_sells": True}, [LOW, HIGH]),
        "TC-E60": (
            {"enable_limit_buys": True, "enable_limit_sells": True, "use_post_only": True},
            [LOW, HIGH],
        ),
    },
)
async def test_limit_orders_rest(
    transport: str, switches: dict[str, bool], prices: list[Decimal]
) -> None:
    post_only = switches.get("use_post_only", False)
    instruction = model.Instruction.POST_ONLY if post_only else model.Instruction.GTC
    async with exam(transport, exec_tester(**switches)) as at:
        for number, price in enumerate(prices):
            order = await at.order(number)
            await at.told(order, TAKEN)
            assert order.status == OrderStatus.ACCEPTED
            assert order.price.as_decimal() == price
            assert order.time_in_force == TimeInForce.GTC
            assert order.is_post_only is post_only
            check_at_venue(
                at,
                order,
                type=model.OrderType.LIMIT,
                status=model.OrderStatus.OPEN,
                instruction=instruction,
            )
        assert len(at.open_at_venue()) == len(prices)


@proves("TC-E13")
async def test_an_aggressive_ioc_is_filled(transport: str) -> None:
    starter = Starter(limit("2512.00", time_in_force=TimeInForce.IOC))
    async with exam(transport, starter) as at:
        order = await at.order()
        fill = await at.told(order, FILLED)
        assert fill.last_px.as_decimal() == 2510
        check_at_venue(at, order, instruction=model.Instruction.IOC)
        (position,) = at.node.cache.positions_open()
        assert position.signed_decimal_qty() == Decimal("0.1")


@proves("TC-E14")
async def test_a_passive_ioc_is_canceled(transport: str) -> None:
    strategy = exec_tester(enable_limit_buys=True, limit_time_in_force=TimeInForce.IOC)
    async with exam(transport, strategy) as at:
        order = await at.order()
        await at.told(order, [*TAKEN, "OrderCanceled"])
        check_at_venue(at, order, cancel_reason=model.CancelReason.REMAINING_IOC_CANCEL)
        assert not at.node.cache.positions()


@proves("TC-E17")
async def test_a_managed_gtd_order_rests(transport: str) -> None:
    """E1: the venue knows GTC, the node keeps the expiry."""
    strategy = exec_tester(
        enable_limit_buys=True, order_expire_time_delta_mins=60, manage_gtd_expiry=True
    )
    async with exam(transport, strategy) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        assert order.time_in_force == TimeInForce.GTD
        left = order.expire_time - strategy.clock.utc_now()
        assert timedelta(minutes=59) < left <= timedelta(minutes=60)
        check_at_venue(at, order, instruction=model.Instruction.GTC)


@proves("TC-E18")
async def test_a_managed_gtd_order_ends_when_its_time_has_come(transport: str) -> None:
    def make(desk: Desk) -> Order:
        expire_time = desk.clock.utc_now() + timedelta(seconds=0.5)
        return limit(time_in_force=TimeInForce.GTD, expire_time=expire_time)(desk)

    async with exam(transport, Starter(make, manage_gtd_expiry=True)) as at:
        order = await at.order()
        ended = await at.told(order, CANCELED)
        assert ended.ts_event >= order.expire_time_ns
        assert not at.open_at_venue()


# -- STOP AND CONDITIONAL ORDERS -------------------------------------------------------------------

ABOVE = model.OrderFlag.STOP_CONDITION_ABOVE_TRIGGER
BELOW = model.OrderFlag.STOP_CONDITION_BELOW_TRIGGER


@proves_each(
    "order_type side trigger price flag fired",
    {
        "TC-E20": (OrderType.STOP_MARKET, BUY, "2511", None, ABOVE, "OrderFilled"),
        "TC-E21": (OrderType.STOP_MARKET, SELL, "2489", None, BELOW, "OrderFilled"),
        "TC-E22": (OrderType.STOP_LIMIT, BUY, "2511", "2511.5", ABOVE, "OrderFilled"),
        "TC-E23": (OrderType.STOP_LIMIT, SELL, "2489", "2488.5", BELOW, "OrderFilled"),
        "TC-E24": (OrderType.MARKET_IF_TOUCHED, BUY, "2489", None, BELOW, "OrderFilled"),
        "TC-E25": (OrderType.MARKET_IF_TOUCHED, SELL, "2511", None, ABOVE, "OrderFilled"),
        "TC-E26": (OrderType.LIMIT_IF_TOUCHED, BUY, "2489", "2488.5", BELOW, "OrderTriggered"),
        "TC-E27": (OrderType.LIMIT_IF_TOUCHED, SELL, "2511", "2511.5", ABOVE, "OrderTriggered"),
    },
)
async def test_conditional_orders_wait_are_reconciled_and_fire(
    transport: str,
    order_type: OrderType,
    side: OrderSide,
    trigger: str,
    price: str | None,
    flag: model.OrderFlag,
    fired: str,
) -> None:
    """E10: an untriggered order is among the open ones of every reconciliation."""
    strategy = exec_tester(
        enable_stop_buys=side == BUY,
        enable_stop_sells=side == SELL,
        stop_order_type=order_type,
        stop_limit_offset_ticks=50,
        cancel_orders_on_stop=False,
        close_positions_on_stop=False,
    )
    async with exam(transport, strategy) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        assert (order.order_type, order.side) == (order_type, side)
        kind = model.OrderType.STOP_MARKET if price is None else model.OrderType.STOP_LIMIT
        check_at_venue(
            at,
            order,
            type=kind,
            status=model.OrderStatus.UNTRIGGERED,
            trigger_price=Decimal(trigger),
            price=None if price is None else Decimal(price),
            flags=(flag,),
        )
        await at.reconcile()
        await at.told(order, TAKEN)
        assert order.is_open
        (report,) = await reported(at)
        assert report.venue_order_id == order.venue_order_id
        assert report.order_type == order.order_type
        assert report.trigger_price == order.trigger_price

        # Stopped, it gives no other order when this one is done.
        strategy.stop()
        beyond = Decimal(trigger) + (1 if flag is ABOVE else -1)
        at.venue.exchange.set_prices(SYMBOL, mark=beyond)
        await at.told(order, [*TAKEN, fired])


# -- MODIFICATION ----------------------------------------------------------------------------------


def improve(at: Exam[Any], side: OrderSide) -> None:
    """Have the maker quote a better price on a side: five dollars."""
    if side == BUY:
        at.maker.place("BUY", "1", "2495.00")
    else:
        at.maker.place("SELL", "1", "2505.00")


@proves_each("side price", {"TC-E30": (BUY, "2490"), "TC-E31": (SELL, "2510")})
async def test_a_limit_order_is_modified_as_the_market_moves(
    transport: str, side: OrderSide, price: str
) -> None:
    """E7: with the order id that it had."""
    strategy = exec_tester(
        enable_limit_buys=side == BUY,
        enable_limit_sells=side == SELL,
        modify_orders_to_maintain_tob_offset=True,
    )
    async with exam(transport, strategy) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        venue_order_id = order.venue_order_id
        improve(at, side)
        updated = await at.told(order, MODIFIED)
        assert updated.price.as_decimal() == order.price.as_decimal() == Decimal(price)
        assert order.status == OrderStatus.ACCEPTED
        assert order.venue_order_id == venue_order_id
        check_at_venue(at, order, price=Decimal(price), status=model.OrderStatus.OPEN)
        assert at.sent("modify") == 1


@proves_each("side price", {"TC-E32": (BUY, "2490"), "TC-E33": (SELL, "2510")})
async def test_a_limit_order_is_canceled_and_replaced_as_the_market_moves(
    transport: str, side: OrderSide, price: str
) -> None:
    strategy = exec_tester(
        enable_limit_buys=side == BUY,
        enable_limit_sells=side == SELL,
        cancel_replace_orders_to_maintain_tob_offset=True,
    )
    async with exam(transport, strategy) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        improve(at, side)
        await at.told(order, CANCELED)
        replacement = await at.order(1)
        await at.told(replacement, TAKEN)
        assert replacement.price.as_decimal() == Decimal(price)
        check_at_venue(at, replacement, status=model.OrderStatus.OPEN)
        assert at.open_at_venue() == [replacement.client_order_id.value]


CONDITIONAL_TYPES = pytest.mark.parametrize(
    ("order_type", "side", "trigger", "price"),
    [
        (OrderType.STOP_MARKET, SELL, "2494", None),
        (OrderType.STOP_LIMIT, BUY, "2506", "2506.5"),
        (OrderType.MARKET_IF_TOUCHED, BUY, "2494", None),
        (OrderType.LIMIT_IF_TOUCHED, SELL, "2506", "2506.5"),
    ],
)


def following(order_type: OrderType, side: OrderSide, switch: str) -> Strategy:
    """Return a tester whose conditional orders follow the market."""
    return exec_tester(
        enable_stop_buys=side == BUY,
        enable_stop_sells=side == SELL,
        stop_order_type=order_type,
        stop_limit_offset_ticks=50,
        **{switch: True},
    )


def improve_touch(at: Exam[Any], trigger: str) -> None:
    """Move the side of the market that a trigger follows."""
    improve(at, BUY if Decimal(trigger) < 2500 else SELL)


@proves("TC-E34")
@CONDITIONAL_TYPES
async def test_a_trigger_is_modified_as_the_market_moves(
    transport: str, order_type: OrderType, side: OrderSide, trigger: str, price: str | None
) -> None:
    strategy = following(order_type, side, "modify_stop_orders_to_maintain_offset")
    async with exam(transport, strategy) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        improve_touch(at, trigger)
        updated = await at.told(order, MODIFIED)
        assert updated.trigger_price.as_decimal() == Decimal(trigger)
        assert order.trigger_price == updated.trigger_price
        assert order.status == OrderStatus.ACCEPTED
        check_at_venue(
            at,
            order,
            status=model.OrderStatus.UNTRIGGERED,
            trigger_price=Decimal(trigger),
            price=None if price is None else Decimal(price),
        )


@proves("TC-E35")
@CONDITIONAL_TYPES
async def test_a_conditional_order_is_canceled_and_replaced_as_the_market_moves(
    transport: str, order_type: OrderType, side: OrderSide, trigger: str, price: str | None
) -> None:
    """E10: after a reconciliation there is exactly one."""
    strategy = following(order_type, side, "cancel_replace_stop_orders_to_maintain_offset")
    async with exam(transport, strategy) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        improve_touch(at, trigger)
        await at.told(order, CANCELED)
        replacement = await at.order(1)
        await at.told(replacement, TAKEN)
        await at.reconcile()
        await at.told(replacement, TAKEN)
        assert at.node.cache.orders_open() == [replacement]
        (report,) = await reported(at)
        assert report.venue_order_id == replacement.venue_order_id
        assert report.order_type == replacement.order_type
        assert report.trigger_price == replacement.trigger_price
        check_at_venue(
            at,
            replacement,
            trigger_price=Decimal(trigger),
            price=None if price is None else Decimal(price),
        )
        assert at.open_at_venue() == [replacement.client_order_id.value]


@proves("TC-E36")
async def test_a_modify_that_the_venue_refuses_leaves_the_order_as_it_was(transport: str) -> None:
    """E7: refused at once, with the request; or afterwards, by the request's own result."""
    async with exam(transport, Starter(limit(post_only=True))) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        desk = at.strategy
        at.venue.exchange.update_market(SYMBOL, max_order_size=Decimal(1))
        desk.modify_order(order, quantity=desk.instrument.make_qty(2))
        story = [*TAKEN, "OrderPendingUpdate", "OrderModifyRejected"]
        rejected = await at.told(order, story)
        assert "INVALID_ORDER_SIZE" in rejected.reason
        desk.modify_order(order, price=desk.instrument.make_price(2510))
        rejected = await at.told(order, [*story, "OrderPendingUpdate", "OrderModifyRejected"])
        assert "POST_ONLY_WOULD_CROSS" in rejected.reason
        assert order.status == OrderStatus.ACCEPTED
        check_at_venue(at, order, size=Decimal("0.1"), price=Decimal(2400))


# -- CANCELLATION ----------------------------------------------------------------------------------


@proves_each(
    "switches commands",
    {
        "TC-E40": ({"enable_limit_buys": True}, ["cancel"]),
        "TC-E41": ({"enable_limit_buys": True, "enable_limit_sells": True}, ["cancel_batch"]),
        "TC-E42": (
            {
                "enable_limit_buys": True,
                "enable_limit_sells": True,
                "use_individual_cancels_on_stop": True,
            },
            ["cancel", "cancel"],
        ),
        "TC-E43": (
            {
                "enable_limit_buys": True,
                "enable_limit_sells": True,
                "use_batch_cancel_on_stop": True,
            },
            ["cancel_batch"],
        ),
    },
)
async def test_orders_are_canceled_on_stop(
    transport: str, switches: dict[str, bool], commands: list[str]
) -> None:
    count = sum(name.startswith("enable") for name in switches)
    strategy = exec_tester(**switches)
    async with exam(transport, strategy) as at:
        orders = [await at.order(number) for number in range(count)]
        for order in orders:
            await at.told(order, TAKEN)
        strategy.stop()
        for order in orders:
            canceled = await at.told(order, CANCELED)
            assert canceled.venue_order_id.value == at.at_venue(order).id
        assert at.commands.kinds()[count:] == commands
        assert not at.open_at_venue()
        assert not at.node.cache.orders_open()


@proves("TC-E44")
async def test_e7_a_cancel_of_an_order_that_has_ended_is_rejected(transport: str) -> None:
    """The framework's strategies do not send one: the command goes to the engine itself."""
    async with exam(transport, Starter(limit())) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        at.strategy.cancel_order(order)
        await at.told(order, CANCELED)
        at.node.node.kernel.exec_engine.execute(
            CancelOrder(
                trader_id=order.trader_id,
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=order.venue_order_id,
                command_id=UUID4(),
                ts_init=0,
            )
        )
        rejected = await at.told(order, [*CANCELED, "OrderCancelRejected"])
        assert rejected.reason == "the order has ended"
        assert order.status == OrderStatus.CANCELED


@proves("TC-E44")
async def test_e7_a_cancel_that_the_venue_refuses_tells_what_became_of_the_order(
    transport: str,
) -> None:
    """Its end was lost on the way: ORDER_IS_CLOSED alone does not say whether it was filled."""
    async with exam(transport, Starter(limit(), limit("2490.00"))) as at:
        canceled, filled = [await at.order(number) for number in (0, 1)]
        for order in (canceled, filled):
            await at.told(order, TAKEN)
        at.abandon(BUY)
        lost = at.venue.faults.add(faults.Lose(channels=("orders", "fills"), private=True, n=3))
        Trader(at.venue, at.account).cancel(at.at_venue(canceled))
        at.maker.place("SELL", "0.1", "2490.00", "IOC")
        await until(lambda: lost.is_exhausted)
        for order in (canceled, filled):
            at.strategy.cancel_order(order)
        await at.told(canceled, CANCELED)
        await at.told(filled, [*TAKEN, "OrderPendingCancel", "OrderFilled"])


# -- BRACKETS --------------------------------------------------------------------------------------

#: WebSocket does not list position-linked kinds.
_LINKED_BY_REST = ["POST /orders", "POST /orders/batch"]


async def bracket(at: Exam[Any], side: OrderSide) -> tuple[Order, Order, Order]:
    """Return the tester's entry, stop-loss and take-profit once the entry rests."""
    entry = await at.order()
    await at.told(entry, TAKEN)
    one, other = [await at.order(number) for number in (1, 2)]
    stop, profit = (one, other) if one.order_type == OrderType.STOP_MARKET else (other, one)
    sign = 1 if side == BUY else -1
    assert entry.side == side
    assert entry.price.as_decimal() == (LOW if side == BUY else HIGH)
    assert stop.trigger_price.as_decimal() == entry.price.as_decimal() - 30 * sign
    assert profit.price.as_decimal() == entry.price.as_decimal() + 30 * sign
    assert stop.side == profit.side != side
    assert stop.status == profit.status == OrderStatus.INITIALIZED
    assert at.open_at_venue() == [entry.client_order_id.value]
    return entry, stop, profit


async def fill_entry(at: Exam[Any], entry: Order) -> None:
    """
    Trade against a resting entry, which is the best price once the maker's is gone.

    Then a side of the market is empty, so that the tester gets no quote to begin again with.
    """
    maker_side = "SELL" if entry.side == BUY else "BUY"
    at.abandon(entry.side)
    # With this quote it has seen all that it will see.
    await until(lambda: best_price(at, entry.side) == entry.price)
    at.maker.place(maker_side, "0.1", str(entry.price), "IOC")
    await at.told(entry, FILLED)


def best_price(at: Exam[Any], side: OrderSide) -> Price:
    """Return a side's price in the last quote that the node has."""
    quote = at.node.cache.quote_tick(ETH)
    return quote.bid_price if side == BUY else quote.ask_price


def check_children(at: Exam[Any], stop: Order, profit: Order, **terms: object) -> None:
    """Check the venue's view of both children."""
    check_at_venue(
        at,
        stop,
        type=model.OrderType.STOP_LOSS_MARKET,
        status=model.OrderStatus.UNTRIGGERED,
        instruction=model.Instruction.GTC,
        trigger_price=stop.trigger_price.as_decimal(),
    )
    check_at_venue(at, profit, type=model.OrderType.LIMIT, status=model.OrderStatus.OPEN, **terms)


def bracketing(side: OrderSide, **switches: Any) -> Strategy:
    """Return a tester that submits brackets on a side."""
    return exec_tester(
        enable_brackets=True,
        bracket_offset_ticks=3000,
        enable_limit_buys=side == BUY,
        enable_limit_sells=side == SELL,
        **switches,
    )


@proves_each("side", {"TC-E50": (BUY,), "TC-E51": (SELL,)})
async def test_a_brackets_orders_are_accepted(transport: str, side: OrderSide) -> None:
    async with exam(transport, bracketing(side), by_rest=_LINKED_BY_REST) as at:
        entry, stop, profit = await bracket(at, side)
        await fill_entry(at, entry)
        await at.told(stop, TAKEN)
        await at.told(profit, TAKEN)
        check_children(at, stop, profit)


@proves("TC-E52")
@pytest.mark.parametrize("side", [BUY, SELL])
async def test_an_entrys_fill_activates_children_that_end_each_other(
    transport: str, side: OrderSide
) -> None:
    async with exam(transport, bracketing(side), by_rest=_LINKED_BY_REST) as at:
        entry, stop, profit = await bracket(at, side)
        await fill_entry(at, entry)
        await at.told(stop, TAKEN)
        await at.told(profit, TAKEN)
        assert at.open_at_venue() == sorted(order.client_order_id.value for order in (stop, profit))
        # The maker's other quote is better than the take-profit's price.
        at.abandon(profit.side)
        at.maker.place("BUY" if side == BUY else "SELL", "0.1", str(profit.price), "IOC")
        await at.told(profit, FILLED)
        await at.told(stop, [*TAKEN, "OrderCanceled"])
        assert not at.open_at_venue()
        assert not at.node.cache.positions_open()


@proves("TC-E53")
async def test_entry_and_take_profit_of_a_bracket_are_post_only(transport: str) -> None:
    strategy = bracketing(BUY, use_post_only=True)
    async with exam(transport, strategy, by_rest=_LINKED_BY_REST) as at:
        entry, stop, profit = await bracket(at, BUY)
        check_at_venue(at, entry, instruction=model.Instruction.POST_ONLY)
        await fill_entry(at, entry)
        await at.told(stop, TAKEN)
        await at.told(profit, TAKEN)
        check_children(at, stop, profit, instruction=model.Instruction.POST_ONLY)
        fill = entry.events[-1]
        assert fill.liquidity_side.name == "MAKER"


# -- FLAGS -----------------------------------------------------------------------------------------


@proves("TC-E63")
async def test_params_of_a_limit_order_reach_the_venue(transport: str) -> None:
    params = {"stp": "EXPIRE_BOTH", "recv_window_ms": 5_000}
    strategy = exec_tester(enable_limit_buys=True, order_params=params)
    async with exam(transport, strategy) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        check_at_venue(at, order, stp=model.Stp.EXPIRE_BOTH)


@proves("TC-E63")
async def test_params_of_a_market_order_reach_the_venue(transport: str) -> None:
    """WebSocket does not list a price cap: the order goes by REST."""
    params = {"vwap_price": "2600.00"}
    strategy = exec_tester(open_position_on_start_qty=Decimal("0.1"), order_params=params)
    async with exam(transport, strategy, by_rest=["POST /orders"]) as at:
        order = await at.order()
        await at.told(order, FILLED)
        check_at_venue(at, order, flags=(model.OrderFlag.TARGET_STRATEGY_VWAP,))


# -- REJECTIONS ------------------------------------------------------------------------------------


@proves("TC-E70")
async def test_a_post_only_order_that_would_cross_is_rejected(transport: str) -> None:
    strategy = exec_tester(enable_limit_buys=True, use_post_only=True, test_reject_post_only=True)
    async with exam(transport, strategy) as at:
        order = await at.order()
        rejected = await at.told(order, REJECTED)
        assert rejected.due_post_only
        assert "POST_ONLY_WOULD_CROSS" in rejected.reason
        assert not at.venue.exchange.queries.fills(at.account)


@proves("TC-E71")
async def test_a_reduce_only_order_without_a_position_is_rejected(transport: str) -> None:
    strategy = exec_tester(open_position_on_start_qty=Decimal("0.1"), test_reject_reduce_only=True)
    async with exam(transport, strategy) as at:
        order = await at.order()
        rejected = await at.told(order, REJECTED)
        assert not rejected.due_post_only
        assert "REDUCE_ONLY" in rejected.reason
        assert not at.node.cache.positions()


#: The receive window, milliseconds; the client's timeout is one second.
_WINDOW_MS = 500
_LATE_MS = 1_500
_FAULTY = {"recv_window_ms": _WINDOW_MS, "http_timeout_secs": 1}

#: What is logged of an answer that cannot be read.
_UNREADABLE = ["brought something that is not understood"]

#: What the venue carries out all the same, and what it does not.
#: A cancel that a socket does not answer is repeated by REST; creates and modifies never are.
_CANCELS_AGAIN = ("DELETE /orders/*",)

CARRIED_OUT: list[tuple[type[faults.RequestFault], dict[str, Any]]] = [
    (faults.LostResponse, {}),
    (faults.MalformedBody, {}),
    (faults.TruncatedBody, {}),
    (faults.SlowResponse, {"ms": _LATE_MS}),
]
NOT_CARRIED_OUT: list[tuple[type[faults.RequestFault], dict[str, Any]]] = [
    (faults.LostRequest, {}),
    (faults.HttpStatus, {"status": 503}),
    (faults.HttpStatus, {"status": 500, "body": "<html></html>", "content_type": "text/html"}),
]


@pytest.fixture
def short_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have proofs come sooner: the venue carries nothing out that late."""
    monkeypatch.setattr(inflight, "WINDOW_MARGIN_MS", 500)
    monkeypatch.setattr(inflight, "REQUEST_LIFE_MS", 2_000)


async def resting(at: Exam[Desk], count: int) -> list[Order]:
    """Return so many orders to buy that rest."""
    orders = [at.strategy.limit(BUY, "0.1", f"{2400 + number}.00") for number in range(count)]
    for order in orders:
        await at.told(order, TAKEN)
    return orders


@proves("TC-E74")
@pytest.mark.usefixtures("short_watches")
async def test_e6_a_submit_whose_outcome_is_unknown_stays_in_flight(transport: str) -> None:
    """Sent once; rejected only when the venue does not know it after its receive window."""
    async with exam(transport, Desk(), execution=_FAULTY, errors=_UNREADABLE) as at:

        def submit() -> Order:
            return at.strategy.limit(BUY, "0.1", "2400.00")

        carried = [
            await at.failing(at.fault(kind, "create", **values), submit)
            for kind, values in CARRIED_OUT
        ]
        never = []
        for kind, values in NOT_CARRIED_OUT:
            never.append(await at.failing(at.fault(kind, "create", **values), submit))
        for order in carried:
            await at.told(order, TAKEN)
        for order in never:
            rejected = await at.told(order, REJECTED)
            submitted = order.events[1]
            assert rejected.ts_event >= submitted.ts_event + _WINDOW_MS * 1_000_000
        assert at.sent("create") == len(carried) + len(never)


@proves("TC-E75")
async def test_e7_a_cancel_whose_outcome_is_unknown_is_not_rejected(transport: str) -> None:
    every = [*CARRIED_OUT, *NOT_CARRIED_OUT]
    async with exam(
        transport, Desk(), execution=_FAULTY, errors=_UNREADABLE, by_rest=_CANCELS_AGAIN
    ) as at:
        orders = await resting(at, len(every))
        for order, (kind, values) in zip(orders, every, strict=True):
            fault = at.fault(kind, "cancel", **values)
            await at.failing(fault, lambda: at.strategy.cancel_order(order))  # noqa: B023 - awaited
        for order in orders:
            await at.told(order, CANCELED)
        assert not at.open_at_venue()


@proves("TC-E76")
@pytest.mark.usefixtures("short_watches")
async def test_e7_a_modify_whose_outcome_is_unknown_stays_in_flight(transport: str) -> None:
    """Rejected only when the request cannot be carried out any more."""
    every = [*CARRIED_OUT, *NOT_CARRIED_OUT]
    async with exam(transport, Desk(), execution=_FAULTY, errors=_UNREADABLE) as at:
        orders = await resting(at, len(every))
        new = at.strategy.instrument.make_price(2390)
        for order, (kind, values) in zip(orders, every, strict=True):
            fault = at.fault(kind, "modify", **values)
            await at.failing(fault, lambda: at.strategy.modify_order(order, price=new))  # noqa: B023 - awaited
        for order in orders[: len(CARRIED_OUT)]:
            await at.told(order, MODIFIED)
            check_at_venue(at, order, price=Decimal(2390))
        for order in orders[len(CARRIED_OUT) :]:
            rejected = await at.told(order, [*MODIFIED[:-1], "OrderModifyRejected"])
            asked = order.events[-2]
            assert rejected.ts_event >= asked.ts_event + inflight.REQUEST_LIFE_MS * 1_000_000
            assert order.status == OrderStatus.ACCEPTED
        assert at.sent("modify") == len(orders)


def submit_list(at: Exam[Desk], sizes: list[str]) -> list[Order]:
    """Submit orders to buy as a list of independent ones."""
    desk = at.strategy
    price = desk.instrument.make_price(2400)
    orders = [
        desk.order_factory.limit(ETH, BUY, Quantity.from_str(f"{Decimal(size):.4f}"), price)
        for size in sizes
    ]
    desk.submit_order_list(desk.order_factory.create_list(orders))
    return orders


@proves("TC-E77")
@pytest.mark.usefixtures("short_watches")
async def test_e8_a_batch_whose_outcome_is_unknown_rejects_nobody(transport: str) -> None:
    async with exam(
        transport, Desk(), execution=_FAULTY, errors=_UNREADABLE, by_rest=_CANCELS_AGAIN
    ) as at:
        carried = await at.failing(
            at.fault(faults.LostResponse, "create_batch"), lambda: submit_list(at, ["0.1", "0.2"])
        )
        never = await at.failing(
            at.fault(faults.HttpStatus, "create_batch", status=503),
            lambda: submit_list(at, ["0.3", "0.4"]),
        )
        for order in carried:
            await at.told(order, TAKEN)
        for order in never:
            rejected = await at.told(order, REJECTED)
            submitted = order.events[1]
            assert rejected.ts_event >= submitted.ts_event + _WINDOW_MS * 1_000_000
        assert at.sent("create_batch") == 2
        assert at.sent("create") == 0

        more = await resting(at, 2)
        await at.failing(
            at.fault(faults.LostResponse, "cancel_batch"),
            lambda: at.strategy.cancel_orders(carried),
        )
        await at.failing(
            at.fault(faults.HttpStatus, "cancel_batch", status=503),
            lambda: at.strategy.cancel_orders(more),
        )
        for order in (*carried, *more):
            await at.told(order, CANCELED)


@proves("TC-E78")
async def test_e8_an_order_that_a_batch_refuses_is_rejected_alone(transport: str) -> None:
    async with exam(transport, Desk()) as at:
        at.venue.exchange.update_market(SYMBOL, max_order_size=Decimal(1))
        first, refused, last = submit_list(at, ["0.1", "2", "0.3"])
        await at.told(first, TAKEN)
        await at.told(last, TAKEN)
        rejected = await at.told(refused, REJECTED)
        assert "INVALID_ORDER_SIZE" in rejected.reason
        assert at.commands.kinds() == ["create_batch"]


# -- LIFE ------------------------------------------------------------------------------------------


@proves("TC-E81")
async def test_a_strategys_own_orders_are_canceled_on_stop(transport: str) -> None:
    strategy = exec_tester(enable_limit_buys=True, enable_limit_sells=True)
    async with exam(transport, strategy, Starter(limit("2300.00"), order_id_tag="002")) as at:
        await at.order(2)
        for order in at.orders():
            await at.told(order, TAKEN)
        strategy.stop()
        (others,) = [order for order in at.orders() if order.strategy_id != strategy.id]
        for order in at.orders():
            if order is not others:
                await at.told(order, CANCELED)
        await at.told(others, TAKEN)
        assert at.open_at_venue() == [others.client_order_id.value]


@proves("TC-E83")
async def test_channels_are_left_on_stop(transport: str) -> None:
    """A new connection does not bring them back."""
    strategy = exec_tester(subscribe_book=True)
    async with exam(transport, strategy) as at:

        def of_market() -> set[str]:
            return {
                channel for socket in followed(at.venue) for channel in socket if SYMBOL in channel
            }

        stream = at.node.data.stream_status
        await until(lambda: len(of_market()) == 3 and stream().confirmed == stream().subscriptions)
        assert {channel.split(".")[0] for channel in of_market()} == {"bbo", "trades", "order_book"}
        strategy.stop()
        await until(lambda: not of_market())
        await at.venue.drop_connections()
        await until(lambda: stream().epoch == 2 and stream().healthy, "another connection")
        assert followed(at.venue)
        assert not of_market()


#: Conditional orders of a session before: side, kind, trigger, price, and what they are here.
_WAITING = {
    "O-3": (BUY, "STOP_MARKET", "2550.00", None, OrderType.STOP_MARKET),
    "O-4": (SELL, "STOP_LIMIT", "2450.00", "2449.00", OrderType.STOP_LIMIT),
    "O-5": (SELL, "STOP_MARKET", "2550.00", None, OrderType.MARKET_IF_TOUCHED),
    "O-6": (BUY, "STOP_LIMIT", "2450.00", "2451.00", OrderType.LIMIT_IF_TOUCHED),
}


def trade_and_rest(venue: LocalParadex, own: Trader) -> None:
    """Leave orders of a session before: two that rest, four that wait for their triggers."""
    own.place("BUY", "0.4", "2400.00", client_id="O-1")
    own.place("SELL", "0.3", "2600.00", "POST_ONLY", client_id="O-2")
    for name, (side, kind, trigger, price, _) in _WAITING.items():
        venue.exchange.place(
            model.OrderCommand(
                account=own.account,
                market=SYMBOL,
                side=model.Side(side.name),
                type=model.OrderType(kind),
                size=Decimal("0.2"),
                price=None if price is None else Decimal(price),
                trigger_price=Decimal(trigger),
                client_id=name,
            )
        )


@proves("TC-E84")
async def test_e10_open_orders_are_reconciled_and_go_on(transport: str) -> None:
    """Claimed, they are the strategy's own: it ends them when it stops."""
    strategy = exec_tester(external_order_claims=[ETH])
    async with exam(transport, strategy, before=trade_and_rest) as at:
        await at.reconcile()
        found = {order.client_order_id.value: order for order in at.node.cache.orders_open()}
        assert {name: terms(order) for name, order in found.items()} == {
            "O-1": (BUY, OrderType.LIMIT, "0.4000", "2400.00", None, False),
            "O-2": (SELL, OrderType.LIMIT, "0.3000", "2600.00", None, True),
        } | {
            name: (side, order_type, "0.2000", price, trigger, False)
            for name, (side, _, trigger, price, order_type) in _WAITING.items()
        }
        assert at.open_at_venue() == sorted(found)
        for order in found.values():
            assert order.status == OrderStatus.ACCEPTED
            assert order.strategy_id == strategy.id
            assert order.venue_order_id.value == at.at_venue(order).id
        strategy.stop()
        await until(lambda: not at.node.cache.orders_open())
        assert {order.status for order in found.values()} == {OrderStatus.CANCELED}
        assert not at.open_at_venue()


@proves("TC-E84")
async def test_e10_reconciled_conditional_orders_are_modified(transport: str) -> None:
    """Which way they wait is known: a new trigger is compared with the mark price."""
    strategy = exec_tester(external_order_claims=[ETH], cancel_orders_on_stop=False)
    async with exam(transport, strategy, before=trade_and_rest) as at:
        orders = {order.client_order_id.value: order for order in at.node.cache.orders_open()}
        for name in _WAITING:
            order = orders[name]
            away = 5 if order.trigger_price.as_decimal() > 2500 else -5
            moved = strategy.instrument.make_price(order.trigger_price.as_decimal() + away)
            strategy.modify_order(order, trigger_price=moved)
            await until(lambda: order.trigger_price == moved)  # noqa: B023 - awaited here
            assert order.is_open
            check_at_venue(at, order, trigger_price=moved.as_decimal())


def terms(order: Order) -> tuple[Any, ...]:
    """Return side, type, size, price and trigger of an order, and if it is post-only."""
    return (
        order.side,
        order.order_type,
        str(order.quantity),
        str(order.price) if order.has_price else None,
        str(order.trigger_price) if order.has_trigger_price else None,
        order.is_post_only,
    )


def trade_away(venue: LocalParadex, own: Trader) -> None:
    """Leave two filled orders of a session before, and no position."""
    own.place("BUY", "0.3", "2510.00", "IOC", client_id="O-1")
    own.place("SELL", "0.3", "2490.00", "IOC", client_id="O-2")


@proves("TC-E85")
async def test_e10_filled_orders_are_reconciled(transport: str) -> None:
    async with exam(transport, exec_tester(), before=trade_away) as at:
        fills = {fill.client_id: fill for fill in at.venue.exchange.queries.fills(at.account)}
        found = {order.client_order_id.value: order for order in at.node.cache.orders_closed()}
        assert set(found) == set(fills) == {"O-1", "O-2"}
        for name, order in found.items():
            fill = fills[name]
            assert order.status == OrderStatus.FILLED
            assert order.venue_order_id.value == fill.order_id
            assert order.filled_qty.as_decimal() == fill.size == Decimal("0.3")
            assert Decimal(str(order.avg_px)) == fill.price
            (commission,) = order.commissions()
            assert commission.as_decimal() == round(fill.fee, USDC.precision)
        assert not at.node.cache.positions_open()


def hold(side: str) -> Callable[[LocalParadex, Trader], None]:
    """Return what leaves a position of a session before."""

    def trade(venue: LocalParadex, own: Trader) -> None:
        own.place(side, "0.3")

    return trade


async def check_position(at: Exam[Any], side: str, size: Decimal) -> None:
    """Check a reconciled position against the venue's, and that its strategy can close it."""
    (position,) = at.node.cache.positions_open()
    (held,) = at.venue.exchange.queries.positions(at.account)
    assert position.instrument_id.symbol.value == held.market
    assert position.side.name == held.side == side
    assert position.signed_decimal_qty() == held.size == size
    assert Decimal(str(position.avg_px_open)) == held.average_entry_price
    at.strategy.stop()
    closing = await at.order()
    await at.told(closing, FILLED)
    assert closing.is_reduce_only
    assert not at.node.cache.positions_open()
    assert position.is_closed


@proves_each(
    "bought side size",
    {"TC-E86": ("BUY", "LONG", Decimal("0.3")), "TC-E87": ("SELL", "SHORT", Decimal("-0.3"))},
)
async def test_e10_a_position_is_reconciled_and_can_be_closed(
    transport: str, bought: str, side: str, size: Decimal
) -> None:
    strategy = exec_tester(external_order_claims=[ETH])
    async with exam(transport, strategy, before=hold(bought)) as at:
        await check_position(at, side, size)


# -- OPTIONS ---------------------------------------------------------------------------------------


@proves_each(
    "switch side price",
    {
        "TC-E90": ("enable_limit_buys", BUY, Decimal(665)),
        "TC-E91": ("enable_limit_sells", SELL, Decimal(695)),
    },
)
async def test_an_options_limit_order_rests(
    transport: str, switch: str, side: OrderSide, price: Decimal
) -> None:
    strategy = exec_tester(instrument_id=OPTION, **{switch: True})
    async with exam(transport, strategy, **ON_OPTION) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        assert (order.instrument_id, order.side) == (OPTION, side)
        assert order.price.as_decimal() == price
        check_at_venue(
            at,
            order,
            market=OPTION.symbol.value,
            type=model.OrderType.LIMIT,
            status=model.OrderStatus.OPEN,
        )


@proves("TC-E100")
async def test_an_options_order_is_canceled(transport: str) -> None:
    strategy = exec_tester(instrument_id=OPTION, enable_limit_buys=True)
    async with exam(transport, strategy, **ON_OPTION) as at:
        order = await at.order()
        await at.told(order, TAKEN)
        strategy.stop()
        await at.told(order, CANCELED)
        assert not at.open_at_venue()


@proves("TC-E101")
@pytest.mark.parametrize(
    ("bought", "side", "size"),
    [("BUY", "LONG", Decimal("0.3")), ("SELL", "SHORT", Decimal("-0.3"))],
)
async def test_e10_an_option_position_is_reconciled_and_can_be_closed(
    transport: str, bought: str, side: str, size: Decimal
) -> None:
    strategy = exec_tester(instrument_id=OPTION, external_order_claims=[OPTION])
    async with exam(transport, strategy, before=hold(bought), **ON_OPTION) as at:
        await check_position(at, side, size)


# -- THE TABLE -------------------------------------------------------------------------------------


def test_every_case_is_proved() -> None:
    assert not [case_id for case_id, proofs in exec_spec.PROOFS.items() if not proofs]


def all_passed() -> dict[exec_spec.Run, bool]:
    """Return every run as passed."""
    return {
        run: True
        for case_id in exec_spec.CASES
        for transport in exec_spec.TRANSPORTS
        for run in exec_spec.runs_of(case_id, transport)
    }


@pytest.mark.parametrize(
    ("outcome", "shown"), [(True, "passes"), (False, "**fails**"), (None, "**not run**")]
)
def test_the_table_tells_of_each_case_and_transport_what_came_of_it(
    outcome: bool | None, shown: str
) -> None:
    nodeid = "tests/acceptance/test_exec_spec.py::test_limit_orders_rest[rest-TC-E12]"
    run = exec_report.run_of(nodeid)
    passed = all_passed()
    assert passed.pop(run)
    if outcome is not None:
        passed[run] = outcome
    (row,) = [line for line in exec_spec.document(passed).splitlines() if "TC-E12" in line]
    assert row == f"| TC-E12 | limit buy and sell pair | {shown} | passes |  |"


def test_the_committed_table_is_what_the_cases_come_to() -> None:
    """`make docs-acceptance` writes it from a run; here each of these runs counts as passed."""
    assert exec_spec.DOCUMENT.read_text() == exec_spec.document(all_passed())
