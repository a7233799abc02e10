"""Orders, fills, positions and the account as the framework's reports (PROTOCOL 10, rule E10)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.enums import TriggerType
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import AccountBalance
from nautilus_trader.model.objects import MarginBalance
from nautilus_trader.model.objects import Money

from nautilus_paradex.parsing.currencies import currency_of
from nautilus_paradex.parsing.identifiers import client_order_id_of
from nautilus_paradex.parsing.identifiers import fill_id_of
from nautilus_paradex.parsing.identifiers import venue_order_id_of
from nautilus_paradex.parsing.numbers import EXACT
from nautilus_paradex.parsing.numbers import money_of
from nautilus_paradex.parsing.numbers import rounded
from nautilus_paradex.parsing.numbers import to_money
from nautilus_paradex.parsing.numbers import to_price
from nautilus_paradex.parsing.numbers import to_quantity
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import AccountSummary
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.events import Position
from nautilus_paradex.protocol.orders.lifecycle import Said
from nautilus_paradex.protocol.orders.lifecycle import said_by


ORDER_SIDES: Final[Mapping[wire.Side, OrderSide]] = {
    wire.Side.BUY: OrderSide.BUY,
    wire.Side.SELL: OrderSide.SELL,
}

#: PROTOCOL 10.5; the position-linked kinds are the framework's if-touched and stop orders.
ORDER_TYPES: Final[Mapping[wire.OrderType, OrderType]] = {
    wire.OrderType.LIMIT: OrderType.LIMIT,
    wire.OrderType.MARKET: OrderType.MARKET,
    wire.OrderType.STOP_LIMIT: OrderType.STOP_LIMIT,
    wire.OrderType.STOP_MARKET: OrderType.STOP_MARKET,
    wire.OrderType.TAKE_PROFIT_LIMIT: OrderType.LIMIT_IF_TOUCHED,
    wire.OrderType.TAKE_PROFIT_MARKET: OrderType.MARKET_IF_TOUCHED,
    wire.OrderType.STOP_LOSS_LIMIT: OrderType.STOP_LIMIT,
    wire.OrderType.STOP_LOSS_MARKET: OrderType.STOP_MARKET,
}

#: Plain triggers that wait for a better price. The venue has no types of their own for them.
_IF_TOUCHED: Final[Mapping[wire.OrderType, OrderType]] = {
    wire.OrderType.STOP_LIMIT: OrderType.LIMIT_IF_TOUCHED,
    wire.OrderType.STOP_MARKET: OrderType.MARKET_IF_TOUCHED,
}

#: A buyer's better price is a lower one, a seller's a higher one (PROTOCOL 5.3).
_BETTER: Final[Mapping[wire.Side, OrderFlag]] = {
    wire.Side.BUY: OrderFlag.STOP_CONDITION_BELOW_TRIGGER,
    wire.Side.SELL: OrderFlag.STOP_CONDITION_ABOVE_TRIGGER,
}

#: Position-linked kinds are reduce-only whether or not the venue repeats the flag (PROTOCOL 5.1).
_POSITION_LINKED: Final = frozenset(
    {
        wire.OrderType.TAKE_PROFIT_LIMIT,
        wire.OrderType.TAKE_PROFIT_MARKET,
        wire.OrderType.STOP_LOSS_LIMIT,
        wire.OrderType.STOP_LOSS_MARKET,
    }
)

LIQUIDITY_SIDES: Final[Mapping[wire.Liquidity, LiquiditySide]] = {
    wire.Liquidity.MAKER: LiquiditySide.MAKER,
    wire.Liquidity.TAKER: LiquiditySide.TAKER,
}


def order_type(update: OrderUpdate) -> OrderType:
    """
    Return the framework's type.

    A plain trigger shows by its flags only which way it waits for the mark price.
    """
    if update.type in _IF_TOUCHED and _BETTER[update.side] in update.flags:
        return _IF_TOUCHED[update.type]
    return ORDER_TYPES[update.type]


def order_status(update: OrderUpdate) -> OrderStatus:
    """Return the framework's status; OPEN with fills is PARTIALLY_FILLED (P7)."""
    match said_by(update):
        case Said.NEW:
            return OrderStatus.SUBMITTED
        case Said.COMPLETE:
            return OrderStatus.FILLED
        case Said.CANCELED:
            return OrderStatus.CANCELED
        case Said.EXPIRED:
            return OrderStatus.EXPIRED
        case Said.REFUSED:
            return OrderStatus.REJECTED
    if update.filled_size:
        return OrderStatus.PARTIALLY_FILLED
    has_triggered = update.type.is_conditional and update.status is wire.OrderStatus.OPEN
    # The framework knows a triggered state of limit orders only, and no way back from it.
    return (
        OrderStatus.TRIGGERED
        if has_triggered and not update.type.is_market
        else OrderStatus.ACCEPTED
    )


def parse_order_status_report(
    update: OrderUpdate, instrument: Instrument, account_id: AccountId, ts_init: int
) -> OrderStatusReport | None:
    """
    Return an order's report, with every price that the framework compares (P11).

    None for an order of size 0: the venue has them for whole positions (PROTOCOL 5.1), and the
    framework has no order without a size. Should it ever trade, its fills say so themselves.

    Raises
    ------
    TooFineError
        If its size is finer than the instrument's precision.
    WireError
        If its id or another value is none that the framework can hold.

    """
    if not update.size:
        return None
    filled = update.filled_size
    flags = update.flags
    is_conditional = update.type.is_conditional
    return OrderStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        client_order_id=client_order_id_of(update.client_id),
        venue_order_id=venue_order_id_of(update.order_id),
        order_side=ORDER_SIDES[update.side],
        order_type=order_type(update),
        time_in_force=_time_in_force(update),
        order_status=order_status(update),
        price=None if update.price is None else to_price(update.price, instrument),
        trigger_price=(
            to_price(update.trigger_price, instrument)
            if is_conditional and update.trigger_price is not None
            else None
        ),
        trigger_type=TriggerType.MARK_PRICE if is_conditional else TriggerType.NO_TRIGGER,
        quantity=to_quantity(update.size, instrument),  # the original size, not the rest (P20)
        filled_qty=to_quantity(filled, instrument),
        avg_px=_average_price(update) if filled else None,
        post_only=update.instruction in (wire.Instruction.POST_ONLY, wire.Instruction.RPI),
        reduce_only=OrderFlag.REDUCE_ONLY in flags or update.type in _POSITION_LINKED,
        cancel_reason=update.cancel_reason or None,
        report_id=UUID4(),
        ts_accepted=update.created_ns,
        ts_last=update.updated_ns,
        ts_init=ts_init,
    )


def parse_fill_report(
    fill: Fill, instrument: Instrument, account_id: AccountId, ts_init: int
) -> FillReport:
    """
    Return a fill's report, its commission with sign and currency (E5).

    Raises
    ------
    TooFineError
        If its size is finer than the instrument's precision.
    WireError
        If an id or another value is none that the framework can hold, or the size is zero.

    """
    if fill.size <= 0:
        raise NumberError(str(fill.size), f"is no size of a fill in {instrument.id}")
    return FillReport(
        account_id=account_id,
        instrument_id=instrument.id,
        client_order_id=client_order_id_of(fill.client_id),
        venue_order_id=venue_order_id_of(fill.order_id),
        venue_position_id=None,
        trade_id=fill_id_of(fill.fill_id),
        order_side=ORDER_SIDES[fill.side],
        last_qty=to_quantity(fill.size, instrument),
        last_px=to_price(fill.price, instrument),
        commission=to_money(fill.fee, fill.fee_currency, instrument),
        liquidity_side=LIQUIDITY_SIDES[fill.liquidity],
        report_id=UUID4(),
        ts_event=fill.created_ns,
        ts_init=ts_init,
    )


def parse_position_status_report(
    position: Position, instrument: Instrument, account_id: AccountId, ts_init: int
) -> PositionStatusReport:
    """
    Return a position's report; netting, so without a venue position id (P12).

    Raises
    ------
    TooFineError
        If its size is finer than the instrument's precision.

    """
    size = position.signed_size
    return PositionStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        position_side=_position_side(size),
        quantity=to_quantity(size.copy_abs(), instrument),
        avg_px_open=position.average_entry_price if size else None,
        report_id=UUID4(),
        ts_last=position.updated_ns,
        ts_init=ts_init,
    )


def parse_flat_position_report(
    instrument: Instrument, account_id: AccountId, ts_init: int
) -> PositionStatusReport:
    """Return a report that says that there is no position."""
    return parse_held_position_report(instrument, Decimal(0), account_id, ts_init)


def parse_held_position_report(
    instrument: Instrument, size: Decimal, account_id: AccountId, ts_init: int
) -> PositionStatusReport:
    """
    Return a report of a signed size of which the venue says nothing more.

    Raises
    ------
    TooFineError
        If the size is finer than the instrument's precision.

    """
    return PositionStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        position_side=_position_side(size),
        quantity=to_quantity(size.copy_abs(), instrument),
        report_id=UUID4(),
        ts_last=ts_init,
        ts_init=ts_init,
    )


def parse_account_state(
    summary: AccountSummary, balances: Mapping[str, Decimal]
) -> tuple[list[AccountBalance], list[MarginBalance]]:
    """
    Return the account's balances and its margin (PROTOCOL 10.1, 10.2).

    The settlement asset's total is the venue's balance; what is free of it is the venue's free
    collateral, but not more than the total, since unrealised profit is not a balance. A negative
    free collateral passes through. Other tokens are free as a whole: they are no margin, and the
    venue does not say how much of them is on offer.

    Raises
    ------
    WireError
        If a token or an amount is none that the framework can hold (`check_balance`).

    """
    settlement = settlement_asset(summary)
    currency = currency_of(settlement)
    places = currency.precision
    total = rounded(balances.get(settlement, summary.total_collateral), places)
    free = min(total, rounded(summary.free_collateral, places))
    result = [
        AccountBalance(
            total=money_of(total, currency),
            locked=money_of(EXACT.subtract(total, free), currency),
            free=money_of(free, currency),
        )
    ]
    for token, size in sorted(balances.items()):
        if token != settlement:
            kind = currency_of(token)
            amount = money_of(size, kind)
            result.append(AccountBalance(total=amount, locked=Money(0, kind), free=amount))
    margin = MarginBalance(
        initial=money_of(max(summary.initial_margin, Decimal(0)), currency),
        maintenance=money_of(max(summary.maintenance_margin, Decimal(0)), currency),
    )
    return result, [margin]


def settlement_asset(summary: AccountSummary | None) -> str:
    """Return the token that an account's margin is in."""
    return (summary.settlement_asset if summary is not None else "") or str(USDC.code)


def check_balance(token: str, size: Decimal) -> None:
    """
    Raise unless the framework can hold a balance.

    Raises
    ------
    DecodeError
        If the token is no currency code.
    NumberError
        If the size is out of the framework's range.

    """
    money_of(size, currency_of(token))


def account_info(summary: AccountSummary) -> dict[str, str]:
    """Return what a summary says beyond balances and margins; amounts are USD."""
    info = {
        "status": summary.status,
        "account_value": f"{summary.account_value:f}",
        "total_collateral": f"{summary.total_collateral:f}",
        "free_collateral": f"{summary.free_collateral:f}",
    }
    if summary.margin_cushion is not None:
        info["margin_cushion"] = f"{summary.margin_cushion:f}"
    return info


def _position_side(size: Decimal) -> PositionSide:
    if not size:
        return PositionSide.FLAT
    return PositionSide.LONG if size > 0 else PositionSide.SHORT


def _time_in_force(update: OrderUpdate) -> TimeInForce:
    if update.instruction is wire.Instruction.IOC:
        return TimeInForce.IOC
    return TimeInForce.GTC


def _average_price(update: OrderUpdate) -> Decimal | None:
    if update.avg_fill_price is not None:
        return update.avg_fill_price
    # A guess is better than none: without it the framework invents one of its own (P11).
    return update.price
