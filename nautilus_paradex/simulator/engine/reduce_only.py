"""Orders that may only reduce: cut or cancelled when the position shrinks (PROTOCOL 5.1, 5.7)."""

from nautilus_paradex.simulator.engine.accounts import Holding
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.enums import STOP_LOSS_TYPES
from nautilus_paradex.simulator.engine.enums import TAKE_PROFIT_TYPES
from nautilus_paradex.simulator.engine.enums import TPSL_TYPES
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.placing import close
from nautilus_paradex.simulator.engine.placing import shrink


def reduces(holding: Holding, order: LiveOrder) -> bool:
    """Return if the order's side is against the position."""
    return holding.size < 0 if order.is_buy else holding.size > 0


def follow_position(core: Core, holding: Holding) -> None:
    """Cut waiting reduce-only orders to the position, or cancel them where none is left."""
    held = abs(holding.size)
    for order in list(holding.reducers.values()):
        # An order with nothing remaining is just being filled; others may have gone meanwhile.
        if not order.remaining or order.id not in holding.reducers:
            continue
        if not reduces(holding, order):
            close(core, order, CancelReason.REDUCE_ONLY_WILL_INCREASE)
        elif order.remaining > held:
            shrink(core, order, held)


def cancel_siblings(core: Core, order: LiveOrder) -> None:
    """
    After a TP or SL filled completely, cancel the position's waiting ones of the other kind.

    How the venue links the two is inferred (PROTOCOL 5.1): here by position and size.
    """
    if order.type not in TPSL_TYPES:
        return
    others = STOP_LOSS_TYPES if order.type in TAKE_PROFIT_TYPES else TAKE_PROFIT_TYPES
    holding = order.account.holding(order.market)
    for sibling in list(holding.reducers.values()):
        if (
            sibling.type in others
            and sibling.status is OrderStatus.UNTRIGGERED
            and sibling.size <= order.size
        ):
            close(core, sibling, CancelReason.REDUCE_ONLY_WILL_INCREASE)
