"""
Orders that have ended in the framework, which may forget them: its purge does.

A reading of the account brings them for as long as it looks back. What the framework has forgotten
it would take for an order from elsewhere, and count its fills a second time (E5).
"""

from collections import OrderedDict
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.following import order_id_behind
from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import OrderUpdate


#: More than end within what a reading looks back.
_CAPACITY: Final = 100_000


class EndedOrders:
    """
    What had been filled of the orders that ended.

    Parameters
    ----------
    cache : Cache
        The framework's cache.
    capacity : int
        The most orders to keep; the oldest are forgotten first.

    """

    def __init__(self, cache: Cache, capacity: int = _CAPACITY) -> None:
        self._cache = cache
        self._capacity = capacity
        self._filled: OrderedDict[str, Decimal] = OrderedDict()

    def __len__(self) -> int:
        return len(self._filled)

    def on_event(self, event: OrderEvent) -> None:
        """Take an order's event from the framework's bus: an order may have ended."""
        order = self._cache.order(event.client_order_id)
        if order is None or not order.is_closed or order.venue_order_id is None:
            return
        self._filled[order.venue_order_id.value] = decimal_of(order.filled_qty)
        if len(self._filled) > self._capacity:
            self._filled.popitem(last=False)

    def was_told(self, update: OrderUpdate) -> bool:
        """Return if the framework had this order with all of its fills when it ended."""
        if update.status is not OrderStatus.CLOSED:
            return False
        return self._filled.get(update.order_id) == update.filled_size

    def was_filled(self, order_id: str, size: Decimal) -> bool:
        """Return if an order ended with so much filled."""
        return self._filled.get(order_id) == size

    def without_told(
        self, snapshot: AccountSnapshot, cached_order: Callable[[str, str], Order | None]
    ) -> AccountSnapshot:
        """
        Return a reading without what was told to its end and purged since.

        Parameters
        ----------
        snapshot : AccountSnapshot
            The reading.
        cached_order : Callable[[str, str], Order | None]
            Returns the framework's order by client id and the venue's id.

        """
        left_out = {
            order_id
            for order_id, update in snapshot.orders.items()
            if self.was_told(update) and cached_order(update.client_id, order_id) is None
        }
        for fill in snapshot.fills:
            # What stands in for an order that the venue does not name.
            order_id = order_id_behind(fill)
            if order_id in snapshot.orders or cached_order("", order_id) is not None:
                continue
            if self.was_filled(order_id, fill.size):
                left_out.add(order_id)
        for order_id, order in snapshot.unread.items():
            # The stream tells the fills of an order of ours that cannot be read here.
            if cached_order(order.client_id, order_id) is not None:
                left_out.add(order_id)
        return msgspec.structs.replace(
            snapshot,
            orders={k: v for k, v in snapshot.orders.items() if k not in left_out},
            fills=[fill for fill in snapshot.fills if order_id_behind(fill) not in left_out],
        )
