"""
Reports that the framework can take from where its orders are.

Its table of order states has no way from PENDING_CANCEL to TRIGGERED, it tells an order as accepted
once more when a report finds it open while a request of ours is on its way, and it warns of each
fill that is reported with another time than it was told with.
"""

from decimal import Decimal
from typing import Final

from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.orders import Order

from nautilus_paradex.protocol.orders import OrderTracker


_AT_WORK: Final = frozenset({OrderStatus.ACCEPTED, OrderStatus.TRIGGERED})
#: How long a command may take from its strategy to the client, nanoseconds.
_COMMAND_LIFE_NS: Final = 5_000_000_000

_ENDED: Final = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED}
)
_ASKED: Final = frozenset({OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL})


def fit_status(
    report: OrderStatusReport, order: Order, tracker: OrderTracker | None, *, is_starting: bool
) -> None:
    """
    Change a report's status where the framework could not take it.

    Parameters
    ----------
    report : OrderStatusReport
        What the venue says, in step with what was told.
    order : Order
        The framework's order.
    tracker : OrderTracker, optional
        Knows the requests that are on their way.
    is_starting : bool
        If no request of this run can be on its way.

    """
    if report.order_status in _AT_WORK and order.status in _ASKED:
        if not is_starting and _is_asked_for(report, order, tracker):
            # The outcome decides what it is next; a report says nothing of it.
            report.order_status = order.status
            # The framework wants one wherever it looks at fills, and reads it of no others.
            report.avg_px = report.avg_px or Decimal(0)
        elif order.is_pending_cancel:
            report.order_status = OrderStatus.ACCEPTED
    elif report.filled_qty == order.filled_qty and report.order_status in _ENDED:
        if order.is_closed:
            _repeat(report, order)
        elif report.order_status == OrderStatus.FILLED:
            # The venue has cut it to fills that were told before. Without a rest it would stay
            # open for ever: what was cut off ends as canceled.
            report.order_status = OrderStatus.CANCELED
            report.quantity = order.quantity


def fit_time(report: FillReport, order: Order) -> None:
    """
    Give a fill that was told before the time that it was told with.

    REST truncates to milliseconds what the stream gives in microseconds.
    """
    if report.trade_id not in order.trade_ids:
        return
    for event in order.events:
        if isinstance(event, OrderFilled) and event.trade_id == report.trade_id:
            report.ts_event = event.ts_event


def _is_asked_for(report: OrderStatusReport, order: Order, tracker: OrderTracker | None) -> bool:
    if tracker is not None and (tracker.cancel_pending or tracker.modifies):
        return True
    # The command may not have come to us yet.
    return bool(report.ts_init - order.ts_last < _COMMAND_LIFE_NS)


def _repeat(report: OrderStatusReport, order: Order) -> None:
    """Say of an order that has ended what was told: the framework updates even that."""
    report.order_status = order.status
    report.quantity = order.quantity
    if order.has_price:
        report.price = order.price
    if order.has_trigger_price:
        report.trigger_price = order.trigger_price
