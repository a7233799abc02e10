"""Order entry in two steps: new orders and cancels (PROTOCOL 5.5, 5.8)."""

from collections.abc import Sequence

from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.enums import TRIGGER_TYPES
from nautilus_paradex.simulator.engine.execution import execute
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import CancelResult
from nautilus_paradex.simulator.engine.model import CancelStatus
from nautilus_paradex.simulator.engine.model import Order
from nautilus_paradex.simulator.engine.model import OrderCommand
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.placing import close
from nautilus_paradex.simulator.engine.placing import enter
from nautilus_paradex.simulator.engine.triggers import await_trigger
from nautilus_paradex.simulator.engine.validation import check_order


BATCH_LIMIT = 10


def submit(core: Core, command: OrderCommand) -> LiveOrder:
    """Validate an order and make it known as NEW."""
    account = core.account(command.account)
    market = core.market(command.market)
    check_order(core, account, market, command)
    order = LiveOrder(core.ids.next_id(core.now_us), command, account, market, core.now_us)
    if not order.size:
        # Only TP and SL pass with size 0: they stand for the whole position.
        order.size = order.remaining = abs(account.holding(market).size)
    enter(core, order)
    return order


def submit_batch(core: Core, commands: Sequence[OrderCommand]) -> list[Order | Refusal]:
    """Validate each order of a batch by itself."""
    if not 1 <= len(commands) <= BATCH_LIMIT:
        raise Refusal("BATCH_SIZE_OUT_OF_RANGE", f"a batch has 1 to {BATCH_LIMIT} orders")
    results: list[Order | Refusal] = []
    for command in commands:
        try:
            results.append(submit(core, command).snapshot())
        except Refusal as refusal:
            results.append(refusal)
    return results


def process(core: Core, order: LiveOrder) -> None:
    """Send a NEW order to the engine; nothing happens if it is not NEW any more."""
    if order.status is not OrderStatus.NEW:
        return
    if order.type in TRIGGER_TYPES:
        await_trigger(core, order)
    else:
        execute(core, order)


def own_order(core: Core, address: str, order_id: str) -> LiveOrder:
    """Return an account's order, live or closed, or refuse."""
    order = core.order(order_id)
    if order.account is not core.account(address):
        raise Refusal("ORDER_ID_NOT_FOUND", f"order {order_id} does not exist")
    return order


def queue_cancel(core: Core, address: str, order_id: str) -> LiveOrder:
    """Return the live order to cancel or refuse."""
    order = own_order(core, address, order_id)
    if not order.is_live:
        raise Refusal("ORDER_IS_CLOSED", f"order {order_id} is closed")
    return order


def queue_cancel_by_client_id(
    core: Core, address: str, client_id: str, market: str | None
) -> LiveOrder:
    """Return the live order with a client id or refuse."""
    account = core.account(address)
    order = account.live_by_client_id.get(client_id)
    closed = order is None
    if order is None:
        order = account.closed_client_ids.get(client_id)
    if order is None or (market is not None and order.market.symbol != market):
        raise Refusal("CLIENT_ORDER_ID_NOT_FOUND", f"client order {client_id} does not exist")
    if closed:
        raise Refusal("ORDER_IS_CLOSED", f"client order {client_id} is closed")
    return order


def queue_cancels(
    core: Core, address: str, order_ids: Sequence[str], client_ids: Sequence[str]
) -> list[CancelResult]:
    """Return what becomes of each cancel of a batch."""
    account = core.account(address)
    results = []
    for order_id in order_ids:
        order = core.orders.get(order_id)
        if order is not None and order.account is not account:
            order = None
        results.append(_cancel_result(address, order, order_id, ""))
    for client_id in client_ids:
        order = account.live_by_client_id.get(client_id) or account.closed_client_ids.get(client_id)
        results.append(_cancel_result(address, order, "", client_id))
    return results


def _cancel_result(
    address: str, order: LiveOrder | None, order_id: str, client_id: str
) -> CancelResult:
    if order is None:
        return CancelResult(
            order_id=order_id,
            client_id=client_id,
            account=address,
            market="",
            status=CancelStatus.NOT_FOUND,
        )
    return CancelResult(
        order_id=order.id,
        client_id=order.client_id,
        account=address,
        market=order.market.symbol,
        status=(
            CancelStatus.QUEUED_FOR_CANCELLATION if order.is_live else CancelStatus.ALREADY_CLOSED
        ),
    )


def process_cancel(core: Core, order: LiveOrder) -> None:
    """Carry out a queued cancel; nothing happens if the order has closed."""
    if order.is_live:
        close(core, order, CancelReason.USER_CANCELED)
