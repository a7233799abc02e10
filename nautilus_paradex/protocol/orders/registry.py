"""The orders that are followed, found by either of their ids."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.orders.tracker import OrderTracker
from nautilus_paradex.protocol.orders.tracker import Terms


#: Ended orders are kept for late news (fills, repeated updates), and bounded.
DEFAULT_ENDED_CAPACITY: Final = 10_000


class OrderRegistry:
    """
    Trackers by client id and by the venue's order id.

    Parameters
    ----------
    ended_capacity : int
        The most ended orders to keep.

    """

    def __init__(self, ended_capacity: int = DEFAULT_ENDED_CAPACITY) -> None:
        self._by_client_id: dict[str, OrderTracker] = {}
        self._by_order_id: dict[str, OrderTracker] = {}
        self._ended: OrderedDict[int, OrderTracker] = OrderedDict()
        self._ended_capacity = ended_capacity

    def track(
        self, client_id: str, order_type: OrderType, terms: Terms, *, external: bool = False
    ) -> OrderTracker:
        """Follow an order; a tracker of an earlier order with the same client id gives way."""
        tracker = OrderTracker(client_id, order_type, terms, external=external)
        if client_id and not (external and client_id in self._by_client_id):
            self._by_client_id[client_id] = tracker
        return tracker

    def find(self, client_id: str, order_id: str, market: str = "") -> OrderTracker | None:
        """
        Return the tracker of an order.

        A client id may be used again once its order is closed, so the venue's id decides where
        both are known; and what is said of another market is not said of this order.
        """
        tracker = self._by_order_id.get(order_id)
        if tracker is not None or not client_id:
            return tracker
        tracker = self._by_client_id.get(client_id)
        if tracker is None or (order_id and tracker.order_id not in (None, order_id)):
            return None
        if market and tracker.market not in ("", market):
            return None
        return tracker

    def index(self, tracker: OrderTracker) -> None:
        """Take a tracker's present ids and phase into account; call it after each input."""
        if tracker.order_id is not None:
            self._by_order_id[tracker.order_id] = tracker
        if tracker.is_done and id(tracker) not in self._ended:
            self._ended[id(tracker)] = tracker
            if len(self._ended) > self._ended_capacity:
                self._forget(self._ended.popitem(last=False)[1])

    def live(self) -> Iterator[OrderTracker]:
        """Yield the orders that have not ended."""
        seen: set[int] = set()
        for tracker in (*self._by_client_id.values(), *self._by_order_id.values()):
            if not tracker.is_done and id(tracker) not in seen:
                seen.add(id(tracker))
                yield tracker

    def __iter__(self) -> Iterator[OrderTracker]:
        seen: set[int] = set()
        for tracker in (*self._by_client_id.values(), *self._by_order_id.values()):
            if id(tracker) not in seen:
                seen.add(id(tracker))
                yield tracker

    def _forget(self, tracker: OrderTracker) -> None:
        if self._by_client_id.get(tracker.client_id) is tracker:
            del self._by_client_id[tracker.client_id]
        if tracker.order_id is not None and self._by_order_id.get(tracker.order_id) is tracker:
            del self._by_order_id[tracker.order_id]
