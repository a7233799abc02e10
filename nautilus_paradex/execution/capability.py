"""
What Paradex takes, asked before anything is sent (rule E1).

Each refusal says what to use instead: it becomes the reason of an `OrderDenied`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from typing import Final

from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.enums import TriggerType
from nautilus_trader.model.enums import order_type_to_str
from nautilus_trader.model.enums import time_in_force_to_str
from nautilus_trader.model.enums import trigger_type_to_str
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.options import OrderOptions
from nautilus_paradex.execution.options import options_denial
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.numbers import is_multiple


#: PROTOCOL 5.7.
MAX_CLIENT_ID_LENGTH: Final = 64

MAINTENANCE_REASON: Final = "Paradex is in maintenance; try again when the system state is ok"

_PLAIN_TYPES: Final = {
    OrderType.MARKET: wire.OrderType.MARKET,
    OrderType.LIMIT: wire.OrderType.LIMIT,
}

#: Plain triggers. The venue knows no "if touched": where the mark price is decides which way a
#: trigger waits (PROTOCOL 5.1), which `triggers` sees to.
_TRIGGER_TYPES: Final = {
    OrderType.STOP_MARKET: wire.OrderType.STOP_MARKET,
    OrderType.STOP_LIMIT: wire.OrderType.STOP_LIMIT,
    OrderType.MARKET_IF_TOUCHED: wire.OrderType.STOP_MARKET,
    OrderType.LIMIT_IF_TOUCHED: wire.OrderType.STOP_LIMIT,
}

#: Position-linked kinds; the venue takes them with REDUCE_ONLY only (PROTOCOL 5.1).
_LINKED_TYPES: Final = {
    OrderType.STOP_MARKET: wire.OrderType.STOP_LOSS_MARKET,
    OrderType.STOP_LIMIT: wire.OrderType.STOP_LOSS_LIMIT,
    OrderType.MARKET_IF_TOUCHED: wire.OrderType.TAKE_PROFIT_MARKET,
    OrderType.LIMIT_IF_TOUCHED: wire.OrderType.TAKE_PROFIT_LIMIT,
}

_TIME_IN_FORCE_ADVICE: Final = {
    TimeInForce.FOK: "use IOC, or a size that the book can fill",
    TimeInForce.DAY: "use GTC; Paradex trades around the clock",
    TimeInForce.AT_THE_OPEN: "use GTC; Paradex has no opening auction",
    TimeInForce.AT_THE_CLOSE: "use GTC; Paradex has no closing auction",
}


def wire_order_type(order: Order, *, position_linked: bool = True) -> wire.OrderType | None:
    """
    Return the venue's order type for an order, or None where it has none.

    Parameters
    ----------
    order : Order
        The order.
    position_linked : bool, default True
        If a reduce-only conditional order becomes one of the position-linked kinds.

    """
    if order.order_type in _PLAIN_TYPES:
        return _PLAIN_TYPES[order.order_type]
    if order.is_reduce_only and position_linked:
        return _LINKED_TYPES.get(order.order_type)
    return _TRIGGER_TYPES.get(order.order_type)


def wire_instruction(order: Order, *, rpi: bool = False) -> wire.Instruction:
    """Return the venue's instruction for an order that `denial` lets pass."""
    if rpi:
        return wire.Instruction.RPI
    if order.is_post_only:
        return wire.Instruction.POST_ONLY
    if order.time_in_force == TimeInForce.IOC:
        return wire.Instruction.IOC
    return wire.Instruction.GTC


def denial(
    order: Order,
    instrument: Instrument | None,
    options: OrderOptions,
    *,
    system_state: SystemState | None,
    manages_gtd: Callable[[StrategyId], bool],
) -> str | None:
    """
    Return why the venue cannot take an order, and what to use instead; None if it can.

    Parameters
    ----------
    order : Order
        The order.
    instrument : Instrument, optional
        Its instrument, if loaded.
    options : OrderOptions
        What its ``params`` ask for.
    system_state : SystemState | None
        The venue's last known state (rule E14).
    manages_gtd : Callable[[StrategyId], bool]
        If a strategy lets the framework keep its orders' expiry.

    """
    if instrument is None:
        return f"instrument {order.instrument_id} is not loaded; add it to the provider's load_ids"
    return (
        _state_denial(order, options, system_state)
        or _type_denial(order)
        or _time_in_force_denial(order, manages_gtd)
        or _flag_denial(order, instrument)
        or _number_denial(order, instrument)
        or options_denial(order, instrument, options)
    )


def modify_denial(
    instrument: Instrument, quantity: Decimal, price: Decimal | None, trigger: Decimal | None
) -> str | None:
    """Return why new terms are impossible; None if the venue can take them."""
    return _multiple_denial(instrument, quantity, (price, trigger))


def strategy_setting(msgbus: MessageBus, strategy_id: StrategyId, name: str) -> bool:
    """
    Return a switch of a strategy's config, such as ``manage_gtd_expiry``.

    The command does not say it, so the strategy itself is asked: it is who listens to its own
    order events.
    """
    for subscription in msgbus.subscriptions(f"events.order.{strategy_id}"):
        strategy = getattr(subscription.handler, "__self__", None)
        if getattr(strategy, "id", None) == strategy_id:
            return bool(getattr(strategy, name, False))
    return False


def _state_denial(order: Order, options: OrderOptions, state: SystemState | None) -> str | None:
    match state:
        case SystemState.MAINTENANCE:
            return MAINTENANCE_REASON
        case SystemState.CANCEL_ONLY:
            return "Paradex takes cancels only at the moment (SYSTEM_STATUS_CANCEL_ONLY)"
        case SystemState.POST_ONLY if not (order.is_post_only or options.rpi):
            return (
                "Paradex takes post-only orders only at the moment (SYSTEM_STATUS_POST_ONLY); "
                "set post_only=True or wait"
            )
    return None


def _type_denial(order: Order) -> str | None:
    if wire_order_type(order) is not None:
        return None
    name = order_type_to_str(order.order_type)
    return (
        f"{name} orders do not exist on Paradex; use emulation_trigger to let the node emulate it"
    )


def _time_in_force_denial(order: Order, manages_gtd: Callable[[StrategyId], bool]) -> str | None:
    kind = order.time_in_force
    if kind == TimeInForce.GTC or (kind == TimeInForce.IOC and not order.is_post_only):
        return None
    if kind == TimeInForce.IOC:
        return "IOC and post-only exclude each other"
    if kind == TimeInForce.GTD:
        if manages_gtd(order.strategy_id):
            return None
        return (
            "GTD does not exist on Paradex; set manage_gtd_expiry=True in the strategy's config "
            "to let the node keep the expiry"
        )
    advice = _TIME_IN_FORCE_ADVICE.get(kind, "use GTC or IOC")
    return f"{time_in_force_to_str(kind)} does not exist on Paradex; {advice}"


def _flag_denial(order: Order, instrument: Instrument) -> str | None:
    if order.is_quote_quantity:
        return "quote quantities do not exist on Paradex; give the quantity in base units"
    if getattr(order, "display_qty", None) is not None:
        return "display quantities do not exist on Paradex; leave display_qty unset"
    trigger = getattr(order, "trigger_type", None)
    if trigger not in (None, TriggerType.NO_TRIGGER, TriggerType.DEFAULT, TriggerType.MARK_PRICE):
        return (
            f"trigger type {trigger_type_to_str(trigger)} does not exist on Paradex; use MARK_PRICE"
        )
    if isinstance(instrument, CurrencyPair) and order.is_reduce_only:
        return "spot markets know no reduce-only; leave reduce_only unset"
    if order.order_type not in _PLAIN_TYPES and not isinstance(instrument, CryptoPerpetual):
        return "spot and option markets take MARKET and LIMIT orders only; use emulation_trigger"
    if len(order.client_order_id.value) > MAX_CLIENT_ID_LENGTH:
        return f"the client order id is longer than {MAX_CLIENT_ID_LENGTH} characters"
    return None


def _number_denial(order: Order, instrument: Instrument) -> str | None:
    prices = (_decimal(order, "price"), _decimal(order, "trigger_price"))
    return _multiple_denial(instrument, decimal_of(order.quantity), prices)


def _multiple_denial(
    instrument: Instrument, quantity: Decimal, prices: tuple[Decimal | None, ...]
) -> str | None:
    lot = decimal_of(instrument.size_increment)
    if not is_multiple(quantity, lot):
        return f"quantity {quantity} is not a multiple of the lot {lot} of {instrument.id}"
    tick = decimal_of(instrument.price_increment)
    for price in prices:
        if price is not None and (price <= 0 or not is_multiple(price, tick)):
            return f"price {price} is not a positive multiple of the tick {tick} of {instrument.id}"
    return None


def _decimal(order: Any, name: str) -> Decimal | None:
    value = getattr(order, name, None)
    return None if value is None else decimal_of(value)
