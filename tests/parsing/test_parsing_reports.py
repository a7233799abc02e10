"""Reports of orders, fills, positions and the account (PROTOCOL 10, rules E5, E10, E11)."""

from decimal import Decimal
from decimal import localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.enums import TriggerType
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing.numbers import TooFineError
from nautilus_paradex.parsing.reports import LIQUIDITY_SIDES
from nautilus_paradex.parsing.reports import ORDER_SIDES
from nautilus_paradex.parsing.reports import ORDER_TYPES
from nautilus_paradex.parsing.reports import order_status
from nautilus_paradex.parsing.reports import parse_account_state
from nautilus_paradex.parsing.reports import parse_fill_report
from nautilus_paradex.parsing.reports import parse_flat_position_report
from nautilus_paradex.parsing.reports import parse_order_status_report
from nautilus_paradex.parsing.reports import parse_position_status_report
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.enums import PositionStatus
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.events import AccountSummary
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.events import Position
from tests.parsing.parsing_values import instrument
from tests.protocol.order_values import MS
from tests.protocol.order_values import T0
from tests.protocol.order_values import fill
from tests.protocol.order_values import order_update


BTC = instrument()  # tick 0.1, lot 0.00001
ACCOUNT = AccountId("PARADEX-0x1")
NOW = T0 + 1_000 * MS


def order_report(update: OrderUpdate) -> OrderStatusReport:
    report = parse_order_status_report(update, BTC, ACCOUNT, NOW)
    assert report is not None
    return report


# -- ORDERS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (order_update("NEW"), OrderStatus.SUBMITTED),
        (order_update("UNTRIGGERED"), OrderStatus.ACCEPTED),
        (order_update("OPEN"), OrderStatus.ACCEPTED),
        (order_update("OPEN", remaining="0.4"), OrderStatus.PARTIALLY_FILLED),
        (order_update("CLOSED", remaining="0"), OrderStatus.FILLED),
        (order_update("CLOSED", reason="USER_CANCELED"), OrderStatus.CANCELED),
        (order_update("CLOSED", remaining="0.4", reason="USER_CANCELED"), OrderStatus.CANCELED),
        (order_update("CLOSED", reason="REMAINING_IOC_CANCEL"), OrderStatus.CANCELED),
        (order_update("CLOSED", reason="EXPIRED"), OrderStatus.EXPIRED),
        (order_update("CLOSED", reason="POST_ONLY_WOULD_CROSS"), OrderStatus.REJECTED),
        (order_update("CLOSED", reason="NOT_ENOUGH_MARGIN"), OrderStatus.REJECTED),
        (order_update("CLOSED", remaining="0.4", reason="SELF_TRADE"), OrderStatus.CANCELED),
        (order_update("CLOSED", remaining="0", size="0"), OrderStatus.CANCELED),
    ],
)
def test_p7_the_venues_states_become_the_frameworks(
    update: OrderUpdate, expected: OrderStatus
) -> None:
    assert order_status(update) == expected


def test_e10_a_limit_order_is_reported_whole() -> None:
    update = order_update(
        "OPEN",
        size="0.015",
        remaining="0.01",
        at_ms=7,
        side=wire.Side.SELL,
        price=Decimal("61234.5"),
        avg_fill_price=Decimal("61234.50000001"),
        order_id="1790000000123201709233240000",
        client_id="O-20260921-1",
        flags=frozenset({"REDUCE_ONLY"}),
    )
    report = order_report(update)
    assert report.account_id == ACCOUNT
    assert report.instrument_id == BTC.id
    assert report.client_order_id.value == "O-20260921-1"
    assert report.venue_order_id.value == "1790000000123201709233240000"
    assert report.venue_position_id is None
    assert report.order_side == OrderSide.SELL
    assert report.order_type == OrderType.LIMIT
    assert report.time_in_force == TimeInForce.GTC
    assert report.order_status == OrderStatus.PARTIALLY_FILLED
    assert report.price == Price.from_str("61234.5")
    assert report.trigger_price is None
    assert report.trigger_type == TriggerType.NO_TRIGGER
    assert report.avg_px == Decimal("61234.50000001")
    assert report.reduce_only
    assert not report.post_only
    assert report.cancel_reason is None
    assert (report.ts_accepted, report.ts_last, report.ts_init) == (T0, T0 + 7 * MS, NOW)


def test_p20_the_quantity_is_the_original_size() -> None:
    report = order_report(order_update("OPEN", size="3", remaining="1"))
    assert report.quantity == Quantity.from_str("3.00000")
    assert report.filled_qty == Quantity.from_str("2.00000")
    assert report.quantity.precision == report.filled_qty.precision == BTC.size_precision


@pytest.mark.parametrize("status", ["OPEN", "CLOSED"])
def test_p11_an_average_price_is_there_whenever_something_is_filled(status: str) -> None:
    filled = order_update(status, size="3", remaining="1", price=Decimal(99))
    assert order_report(filled).avg_px == Decimal(99)
    assert order_report(order_update(status)).avg_px is None


@pytest.mark.parametrize(
    ("kind", "expected", "position_linked"),
    [
        ("STOP_LIMIT", OrderType.STOP_LIMIT, False),
        ("STOP_MARKET", OrderType.STOP_MARKET, False),
        ("TAKE_PROFIT_LIMIT", OrderType.LIMIT_IF_TOUCHED, True),
        ("TAKE_PROFIT_MARKET", OrderType.MARKET_IF_TOUCHED, True),
        ("STOP_LOSS_LIMIT", OrderType.STOP_LIMIT, True),
        ("STOP_LOSS_MARKET", OrderType.STOP_MARKET, True),
    ],
)
def test_p11_a_conditional_order_waits_for_the_mark_price(
    kind: str, expected: OrderType, position_linked: bool
) -> None:
    price = None if kind.endswith("MARKET") else Decimal("90.5")
    update = order_update(
        "UNTRIGGERED", type=wire.OrderType(kind), price=price, trigger_price=Decimal(91)
    )
    report = order_report(update)
    assert report.order_type == expected
    assert report.price == (None if price is None else Price.from_str("90.5"))
    assert report.trigger_price == Price.from_str("91.0")
    assert report.trigger_type == TriggerType.MARK_PRICE
    assert report.reduce_only is position_linked


@pytest.mark.parametrize(
    ("side", "flag", "touched"),
    [
        ("BUY", "STOP_CONDITION_ABOVE_TRIGGER", False),
        ("BUY", "STOP_CONDITION_BELOW_TRIGGER", True),
        ("SELL", "STOP_CONDITION_BELOW_TRIGGER", False),
        ("SELL", "STOP_CONDITION_ABOVE_TRIGGER", True),
    ],
)
@pytest.mark.parametrize("linked", [False, True])
def test_e10_a_plain_trigger_that_waits_for_a_better_price_is_if_touched(
    side: str, flag: str, touched: bool, linked: bool
) -> None:
    """By its flags alone: as a stop, it would be taken for armed the wrong way."""
    for kind, stop, if_touched in (
        ("MARKET", OrderType.STOP_MARKET, OrderType.MARKET_IF_TOUCHED),
        ("LIMIT", OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED),
    ):
        update = order_update(
            "UNTRIGGERED",
            side=wire.Side(side),
            # A position-linked kind says by its name what it is.
            type=wire.OrderType(f"STOP_LOSS_{kind}" if linked else f"STOP_{kind}"),
            trigger_price=Decimal(91),
            flags=frozenset({flag}),
        )
        assert order_report(update).order_type == (if_touched if touched and not linked else stop)


@pytest.mark.parametrize(
    ("instruction", "time_in_force", "post_only"),
    [
        ("GTC", TimeInForce.GTC, False),
        ("IOC", TimeInForce.IOC, False),
        ("POST_ONLY", TimeInForce.GTC, True),
        ("RPI", TimeInForce.GTC, True),
    ],
)
def test_instructions_become_time_in_force_and_post_only(
    instruction: str, time_in_force: TimeInForce, post_only: bool
) -> None:
    report = order_report(order_update(instruction=wire.Instruction(instruction)))
    assert (report.time_in_force, report.post_only) == (time_in_force, post_only)


def test_a_market_order_has_no_price() -> None:
    report = order_report(order_update("NEW", type=wire.OrderType.MARKET, price=None))
    assert (report.order_type, report.price) == (OrderType.MARKET, None)


def test_a_cancels_reason_is_the_venues() -> None:
    report = order_report(order_update("CLOSED", reason="POST_ONLY_WOULD_CROSS"))
    assert report.cancel_reason == "POST_ONLY_WOULD_CROSS"


@pytest.mark.parametrize("client_id", ["", "é", "注文", " "])
def test_an_order_of_others_is_known_by_the_venues_id(client_id: str) -> None:
    """A client id beyond ASCII would end the process."""
    report = order_report(order_update(client_id=client_id))
    assert report.client_order_id is None
    assert report.venue_order_id.value == "V-1"


@pytest.mark.parametrize("order_id", ["", "é"])
def test_an_order_without_a_usable_id_fails_loudly(order_id: str) -> None:
    with pytest.raises(UnmodelledValue):
        order_report(order_update(order_id=order_id))


def test_an_old_order_keeps_its_finer_price() -> None:
    """Trap 63: resting orders keep the tick that they were placed with."""
    report = order_report(order_update(price=Decimal("61234.55")))
    assert str(report.price) == "61234.55"


def test_an_order_finer_than_the_lots_is_refused() -> None:
    with pytest.raises(TooFineError) as caught:
        order_report(order_update(size="0.0000015", remaining="0.0000015"))
    assert caught.value.size_places == 7


def test_an_order_for_a_whole_position_has_no_report() -> None:
    """The venue writes size 0 for it (PROTOCOL 5.1); the framework has no order without a size."""
    update = order_update(
        "UNTRIGGERED",
        size="0",
        remaining="0",
        type=wire.OrderType.STOP_LOSS_MARKET,
        trigger_price=Decimal(1),
    )
    assert parse_order_status_report(update, BTC, ACCOUNT, NOW) is None


def test_every_value_of_the_wire_has_one_of_the_framework() -> None:
    assert set(ORDER_TYPES) == set(wire.OrderType)
    assert set(ORDER_SIDES) == set(wire.Side)
    assert set(LIQUIDITY_SIDES) == set(wire.Liquidity)


# -- FILLS -----------------------------------------------------------------------------------------


def test_e5_a_fill_is_reported_with_the_venues_id_and_fee() -> None:
    report = parse_fill_report(
        fill(
            "1790000000200201709233240002",
            size="0.005",
            at_ms=3,
            price=Decimal("61234.5"),
            fee=Decimal("0.0091"),
            side=wire.Side.SELL,
        ),
        BTC,
        ACCOUNT,
        NOW,
    )
    assert report.trade_id.value == "1790000000200201709233240002"
    assert (report.venue_order_id.value, report.client_order_id.value) == ("V-1", "C-1")
    assert report.venue_position_id is None
    assert report.order_side == OrderSide.SELL
    assert report.last_qty == Quantity.from_str("0.00500")
    assert report.last_px == Price.from_str("61234.5")
    assert report.commission == Money.from_str("0.0091 USDC")
    assert report.liquidity_side == LiquiditySide.MAKER
    assert (report.ts_event, report.ts_init) == (T0 + 3 * MS, NOW)


@pytest.mark.parametrize(
    ("fee", "currency", "expected"),
    [
        ("-0.0091", "USDC", "-0.00910000 USDC"),
        ("0.5", "DIME", "0.50000000 DIME"),
        ("0.5", None, "0.50000000 USDC"),
        ("0.000000025", "USDC", "0.00000002 USDC"),
    ],
)
def test_e5_a_commission_has_the_fees_sign_and_currency(
    fee: str, currency: str | None, expected: str
) -> None:
    report = parse_fill_report(fill(fee=Decimal(fee), fee_currency=currency), BTC, ACCOUNT, NOW)
    assert str(report.commission) == expected


def test_a_takers_fill_is_a_takers() -> None:
    report = parse_fill_report(fill(liquidity=wire.Liquidity.TAKER), BTC, ACCOUNT, NOW)
    assert report.liquidity_side == LiquiditySide.TAKER


def test_a_settlement_price_keeps_its_places() -> None:
    report = parse_fill_report(fill(price=Decimal("1520.33333333")), BTC, ACCOUNT, NOW)
    assert str(report.last_px) == "1520.33333333"


@pytest.mark.parametrize(
    "changes",
    [{"fill_id": ""}, {"fill_id": "é"}, {"fill_id": "x" * 37}, {"order_id": ""}],
)
def test_a_fill_without_usable_ids_fails_loudly(changes: dict[str, Any]) -> None:
    with pytest.raises(UnmodelledValue):
        parse_fill_report(fill(**changes), BTC, ACCOUNT, NOW)


@pytest.mark.parametrize("size", ["0", "-1", "0.000001"])
def test_a_fill_of_no_possible_size_fails_loudly(size: str) -> None:
    with pytest.raises(NumberError):
        parse_fill_report(fill(size=size), BTC, ACCOUNT, NOW)


# -- POSITIONS -------------------------------------------------------------------------------------


def position(size: str, entry: str | None = "61001.34") -> Position:
    return Position(
        account="0x1",
        market="BTC-USD-PERP",
        status=PositionStatus.OPEN if Decimal(size) else PositionStatus.CLOSED,
        signed_size=Decimal(size),
        average_entry_price=None if entry is None else Decimal(entry),
        average_entry_price_usd=Decimal("61005.1"),
        unrealized_pnl=None,
        unrealized_funding_pnl=None,
        realized_pnl=None,
        liquidation_price=None,
        leverage=None,
        cost=None,
        cost_usd=None,
        cached_funding_index=None,
        last_fill_id="",
        updated_ns=T0 + 9 * MS,
        seq=1,
    )


@pytest.mark.parametrize(
    ("size", "side", "quantity"),
    [
        ("0.345", PositionSide.LONG, "0.34500"),
        ("-0.345", PositionSide.SHORT, "0.34500"),
        ("0", PositionSide.FLAT, "0.00000"),
    ],
)
def test_p12_a_position_is_net_and_has_no_id(size: str, side: PositionSide, quantity: str) -> None:
    report = parse_position_status_report(position(size), BTC, ACCOUNT, NOW)
    assert report.position_side == side
    assert str(report.quantity) == quantity
    assert report.signed_decimal_qty == Decimal(size)
    assert report.venue_position_id is None
    assert report.avg_px_open == (None if size == "0" else Decimal("61001.34"))
    assert (report.account_id, report.instrument_id) == (ACCOUNT, BTC.id)
    assert (report.ts_last, report.ts_init) == (T0 + 9 * MS, NOW)


def test_a_position_finer_than_the_lots_is_refused_and_not_rounded() -> None:
    """The framework would round it, and then trade the difference away."""
    with pytest.raises(TooFineError) as caught:
        parse_position_status_report(position("-0.000001"), BTC, ACCOUNT, NOW)
    assert caught.value.size_places == 6


@pytest.mark.parametrize("size", ["123.45678", "-123.45678"])
def test_a_positions_size_is_not_rounded_to_the_users_decimal_context(size: str) -> None:
    with localcontext(prec=3):
        report = parse_position_status_report(position(size), BTC, ACCOUNT, NOW)
    assert str(report.quantity) == "123.45678"


def test_no_position_is_flat() -> None:
    report = parse_flat_position_report(BTC, ACCOUNT, NOW)
    assert (report.position_side, report.signed_decimal_qty) == (PositionSide.FLAT, 0)
    assert report.quantity.precision == BTC.size_precision
    assert report.venue_position_id is None


# -- ACCOUNT ---------------------------------------------------------------------------------------


def summary(**changes: str) -> AccountSummary:
    values = {
        "account_value": "1100",
        "total_collateral": "1000",
        "free_collateral": "900",
        "initial_margin": "200",
        "maintenance_margin": "100",
        "margin_cushion": "1000",
    }
    return AccountSummary(
        account="0x1",
        status="ACTIVE",
        settlement_asset=changes.pop("settlement_asset", "USDC"),
        updated_ns=T0,
        seq=1,
        **{name: Decimal(value) for name, value in (values | changes).items()},
    )


def test_e11_the_balance_is_the_venues_and_what_is_not_free_is_locked() -> None:
    balances, margins = parse_account_state(summary(), {"USDC": Decimal("1000.5")})
    (usdc,) = balances
    assert (usdc.total, usdc.free, usdc.locked) == (
        Money.from_str("1000.5 USDC"),
        Money.from_str("900 USDC"),
        Money.from_str("100.5 USDC"),
    )
    (margin,) = margins
    assert (margin.initial, margin.maintenance) == (Money(200, USDC), Money(100, USDC))
    assert margin.instrument_id is None


def test_e11_without_a_balance_the_collateral_stands_for_it() -> None:
    (usdc,), _ = parse_account_state(summary(), {})
    assert usdc.total == Money(1000, USDC)


def test_e11_unrealised_profit_is_no_balance() -> None:
    (usdc,), _ = parse_account_state(summary(free_collateral="5000"), {"USDC": Decimal(1000)})
    assert (usdc.free, usdc.locked) == (Money(1000, USDC), Money(0, USDC))


def test_e11_a_debt_passes_through() -> None:
    balances, _ = parse_account_state(summary(free_collateral="-50"), {"USDC": Decimal("-20")})
    assert (balances[0].total, balances[0].free) == (Money(-20, USDC), Money(-50, USDC))
    assert balances[0].locked == Money(30, USDC)


def test_e11_a_balance_is_not_rounded_to_the_users_decimal_context() -> None:
    with localcontext(prec=3):
        (usdc,), _ = parse_account_state(
            summary(free_collateral="123.4567891"), {"USDC": Decimal("10200.51234567")}
        )
    assert (str(usdc.total), str(usdc.free), str(usdc.locked)) == (
        "10200.51234567 USDC",
        "123.45678910 USDC",
        "10077.05555657 USDC",
    )


def test_e11_tokens_are_balances_of_their_own() -> None:
    (_, dime, eth), _ = parse_account_state(
        summary(), {"USDC": Decimal(1), "ETH": Decimal("2.5"), "DIME": Decimal(0)}
    )
    assert (str(eth.total), str(eth.free), str(eth.locked)) == (
        "2.50000000 ETH",
        "2.50000000 ETH",
        "0.00000000 ETH",
    )
    assert str(dime.total) == "0.00000000 DIME"


def test_e11_an_unnamed_settlement_asset_is_usdc() -> None:
    (usdc,), _ = parse_account_state(summary(settlement_asset=""), {"USDC": Decimal(7)})
    assert usdc.total == Money(7, USDC)


def test_a_margin_is_never_negative() -> None:
    _, (margin,) = parse_account_state(
        summary(initial_margin="-0.00000001", maintenance_margin="-1"), {}
    )
    assert (margin.initial, margin.maintenance) == (Money(0, USDC), Money(0, USDC))


def test_a_balance_out_of_range_is_refused() -> None:
    """`from_raw` would end the process, and so would a locked amount that is too large."""
    with pytest.raises(NumberError):
        parse_account_state(summary(), {"USDC": Decimal("1e20")})
    with pytest.raises(NumberError):
        parse_account_state(
            summary(free_collateral="-17000000000000"), {"USDC": Decimal("17000000000000")}
        )


amounts = st.decimals(min_value=-(10**11), max_value=10**11, allow_nan=False, places=10)


@given(amounts, amounts)
def test_e11_total_is_always_locked_and_free(total: Decimal, free: Decimal) -> None:
    (usdc,), _ = parse_account_state(summary(free_collateral=str(free)), {"USDC": total})
    assert usdc.total.raw == usdc.locked.raw + usdc.free.raw
    assert usdc.locked.raw >= 0
    assert abs(usdc.total.as_decimal() - total) <= Decimal("0.000000005")
