"""Orders that wait for the mark price (PROTOCOL 5.1)."""

from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.enums import STOP_LOSS_TYPES
from nautilus_paradex.simulator.engine.enums import TAKE_PROFIT_TYPES
from nautilus_paradex.simulator.engine.enums import TPSL_TYPES
from nautilus_paradex.simulator.engine.execution import execute
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import OrderFlag
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.placing import announce
from nautilus_paradex.simulator.engine.placing import close
from nautilus_paradex.simulator.engine.placing import unrest
from nautilus_paradex.simulator.engine.reduce_only import reduces


def await_trigger(core: Core, order: LiveOrder) -> None:
    """Let a new trigger order wait as UNTRIGGERED, or close it where it cannot."""
    market = order.market
    holding = order.account.holding(market)
    if market.mark is None:
        close(core, order, CancelReason.PRICE_NOT_AVAILABLE)
        return
    if order.reduce_only:
        if not reduces(holding, order):
            close(core, order, CancelReason.REDUCE_ONLY_WILL_INCREASE)
            return
        held = abs(holding.size)
        if order.type in TPSL_TYPES and order.size > held:
            order.size = order.remaining = held
        elif order.size > held:
            close(core, order, CancelReason.REDUCE_ONLY_WILL_INCREASE)
            return
        holding.reducers[order.id] = order
    order.condition = _condition(order)
    order.status = OrderStatus.UNTRIGGERED
    order.updated_us = core.now_us
    market.untriggered[order.id] = order
    announce(core, order)
    fire(core, market)


def _condition(order: LiveOrder) -> OrderFlag:
    above = OrderFlag.STOP_CONDITION_ABOVE_TRIGGER
    below = OrderFlag.STOP_CONDITION_BELOW_TRIGGER
    if order.type in STOP_LOSS_TYPES:
        return above if order.is_buy else below
    if order.type in TAKE_PROFIT_TYPES:
        return below if order.is_buy else above
    # A plain stop takes its direction from where the mark is (inferred, PROTOCOL 5.1).
    trigger, mark = order.trigger_price, order.market.mark
    if trigger is None or mark is None or trigger == mark:
        return above if order.is_buy else below
    return above if trigger > mark else below


def is_due(order: LiveOrder) -> bool:
    """Return if the mark price has reached an order's trigger."""
    trigger, mark = order.trigger_price, order.market.mark
    if trigger is None or mark is None:
        return False
    if order.condition is OrderFlag.STOP_CONDITION_ABOVE_TRIGGER:
        return mark >= trigger
    return mark <= trigger


def fire(core: Core, market: Market) -> None:
    """Send orders whose trigger is reached to the book; TP and SL wait while not ``ok``."""
    for order in list(market.untriggered.values()):
        if order.id not in market.untriggered or not is_due(order):
            continue
        if core.state is not SystemState.OK:
            continue
        unrest(core, order)
        order.triggered = True
        order.status = OrderStatus.NEW
        if order.reduce_only and order.type in TPSL_TYPES:
            held = abs(order.account.holding(market).size)
            order.size = order.remaining = min(order.remaining, held)
        execute(core, order)
