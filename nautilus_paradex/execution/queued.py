"""Orders whose events are on their way through the framework's queue (P4)."""

from collections.abc import Callable
from typing import Final

from nautilus_trader.model.orders import Order

from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase


#: So many are noted before those are looked for whose events were applied: nobody else may ask.
LOOK_EVERY: Final = 1_000


class QueuedOrders:
    """
    The orders whose events the framework may not have applied yet.

    Parameters
    ----------
    cached_order : Callable[[str, str], Order | None]
        Returns the framework's order by client id and the venue's id.

    """

    def __init__(self, cached_order: Callable[[str, str], Order | None]) -> None:
        self._cached_order = cached_order
        self._trackers: dict[int, OrderTracker] = {}
        self._look_at = LOOK_EVERY

    def __len__(self) -> int:
        return len(self._trackers)

    def note(self, tracker: OrderTracker) -> None:
        """Note that an event of an order was told."""
        self._trackers[id(tracker)] = tracker
        if len(self._trackers) > self._look_at:
            # Who is really far behind is not looked at again for each event.
            self._look_at = len(self.behind()) + LOOK_EVERY

    def behind(self) -> list[OrderTracker]:
        """Return the orders that the framework is behind with, and forget the others."""
        self._trackers = {
            key: tracker for key, tracker in self._trackers.items() if self._is_behind(tracker)
        }
        return list(self._trackers.values())

    def clear(self) -> None:
        """Wait for none of them any longer."""
        self._trackers.clear()

    def _is_behind(self, tracker: OrderTracker) -> bool:
        order = self._cached_order(tracker.client_id, tracker.order_id or "")
        if order is None:
            return False
        if tracker.is_done and not order.is_closed:
            return True
        # Its status does not say it: what was commanded early makes it PENDING_UPDATE at once.
        if tracker.phase is Phase.WORKING and not order.ts_accepted:
            return True
        return bool(decimal_of(order.filled_qty) < tracker.filled)
