"""
Which order may carry a client id in a report.

The venue wants client ids to be unique among live orders only (PROTOCOL 5.7), and programs of
others name all their bids alike. The framework knows one order by a client id for ever: of several
orders that are reported by one, it takes the first and drops the others.
"""

from collections.abc import Iterable

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.identifiers import ClientOrderId

from nautilus_paradex.parsing.identifiers import client_order_id_of
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import OrderUpdate


class OrderNames:
    """
    Client ids and the orders that they stand for in the framework.

    Parameters
    ----------
    cache : Cache
        The framework's cache.

    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._holders: dict[str, str] = {}

    def share_out(self, updates: Iterable[OrderUpdate]) -> None:
        """Let the live order, else the newest, have a client id that several orders have."""
        holders: dict[str, OrderUpdate] = {}
        for update in updates:
            if update.client_id:
                known = holders.get(update.client_id)
                if known is None or _rank(known) < _rank(update):
                    holders[update.client_id] = update
        self._holders = {client_id: update.order_id for client_id, update in holders.items()}

    def name_of(
        self, client_id: str, order_id: str, *, rejected: bool = False
    ) -> ClientOrderId | None:
        """
        Return the client order id that an order is reported by.

        Parameters
        ----------
        client_id, order_id : str
            The order's ids at the venue.
        rejected : bool, default False
            If it is reported as rejected: the framework keeps no venue order id of such.

        Returns
        -------
        ClientOrderId or None
            None where it has none, or another order has it: it is known by its venue id alone.

        """
        name = client_order_id_of(client_id)
        if name is None:
            return None
        order = self._cache.order(name)
        if order is not None and order.venue_order_id is not None:
            return name if order.venue_order_id.value == order_id else None
        if order is not None and order.is_closed and not rejected:
            return None  # it was rejected, and this one was not
        return name if self._holders.get(client_id, order_id) == order_id else None


def _rank(update: OrderUpdate) -> tuple[bool, int, str]:
    return (update.status is not OrderStatus.CLOSED, update.created_ns, update.order_id)
