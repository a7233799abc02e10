"""What the framework does not take from an order's report, and so is told by events."""

from typing import Final

import msgspec
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.following import terms_of
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.orders import Terms


_ASKED: Final = frozenset({OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL})

#: Orders whose prices the framework does not compare with those of a report.
_NOT_COMPARED: Final = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})


def says_half(update: OrderUpdate, order: Order) -> bool:
    """Return if the framework does not take all that an order's report says."""
    if update.status is wire.OrderStatus.NEW:
        return False
    if order.status in _ASKED and not order.ts_accepted:
        return True
    if update.status is not wire.OrderStatus.CLOSED or order.order_type not in _NOT_COMPARED:
        return False
    return Terms(update.size, update.price, update.trigger_price) != terms_of(order)


def before_its_fills(update: OrderUpdate) -> OrderUpdate:
    """Return an order with its terms as it rested, before fills, trigger and end."""
    status = update.status
    if status is wire.OrderStatus.CLOSED:
        waited = update.trigger_price is not None
        status = wire.OrderStatus.UNTRIGGERED if waited else wire.OrderStatus.OPEN
    return msgspec.structs.replace(
        update, status=status, remaining_size=update.size, avg_fill_price=None, cancel_reason=""
    )
