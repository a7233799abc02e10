"""Changes of live orders in two steps (PROTOCOL 5.6)."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.entry import own_order
from nautilus_paradex.simulator.engine.execution import risk
from nautilus_paradex.simulator.engine.execution import trade
from nautilus_paradex.simulator.engine.execution import would_cross
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import ModifyCommand
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import RequestInfo
from nautilus_paradex.simulator.engine.model import RequestStatus
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.placing import announce
from nautilus_paradex.simulator.engine.placing import expose
from nautilus_paradex.simulator.engine.placing import unrest
from nautilus_paradex.simulator.engine.triggers import fire
from nautilus_paradex.simulator.engine.validation import check_modify


REQUEST_TYPE = "MODIFY_ORDER"


def request_modify(core: Core, command: ModifyCommand) -> LiveOrder:
    """Validate a change and attach it to its order as PENDING."""
    order = own_order(core, command.account, command.order_id)
    check_modify(core, order, command)
    request_id = core.ids.next_id(core.now_us)
    order.pending[request_id] = command
    order.request_info = RequestInfo(
        id=request_id, request_type=REQUEST_TYPE, status=RequestStatus.PENDING
    )
    return order


def process_modify(core: Core, order: LiveOrder, request_id: str) -> None:
    """Carry out a pending change or reject it; nothing happens for an unknown request."""
    command = order.pending.pop(request_id, None)
    if command is None:
        return
    problem = _problem(core, order, command)
    order.request_info = RequestInfo(
        id=request_id,
        request_type=REQUEST_TYPE,
        status=RequestStatus.REJECTED if problem else RequestStatus.SUCCESS,
        message=problem,
    )
    if problem:
        announce(core, order)
    else:
        _apply(core, order, command)


def _problem(core: Core, order: LiveOrder, command: ModifyCommand) -> str:
    if not order.is_live:
        return "order is closed"
    if command.size <= order.filled:
        return "size is not above the filled size"
    price = command.price or None
    remaining = command.size - order.filled
    if order.status is OrderStatus.UNTRIGGERED:
        if order.reduce_only and remaining > abs(order.account.holding(order.market).size):
            return CancelReason.REDUCE_ONLY_WILL_INCREASE
        return ""
    if order.instruction in (Instruction.POST_ONLY, Instruction.RPI) and would_cross(order, price):
        return CancelReason.POST_ONLY_WOULD_CROSS
    return _risk_without_itself(core, order, remaining, price)


def _risk_without_itself(
    core: Core, order: LiveOrder, remaining: Decimal, price: Decimal | None
) -> CancelReason:
    expose(order, -order.remaining)
    reason = risk(core, order, remaining, price)
    expose(order, order.remaining)
    return reason


def _apply(core: Core, order: LiveOrder, command: ModifyCommand) -> None:
    waits_for_trigger = order.status is OrderStatus.UNTRIGGERED
    # A modified order queues anew at its price (PROTOCOL 5.6, assumed).
    unrest(core, order)
    filled = order.filled
    order.size = command.size
    order.remaining = command.size - filled
    order.price = command.price or None
    order.signature_ms = command.signature_ms or order.signature_ms
    order.updated_us = core.now_us
    if not waits_for_trigger:
        trade(core, order)
        return
    order.trigger_price = command.trigger_price or None
    order.market.untriggered[order.id] = order
    if order.reduce_only:
        order.account.holding(order.market).reducers[order.id] = order
    announce(core, order)
    fire(core, order.market)
