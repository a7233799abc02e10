"""Where an order may be found, in all the places that the venue keeps orders in (rule E6)."""

from typing import Protocol

from nautilus_paradex.network.unread import Unread
from nautilus_paradex.network.unread import raise_if_unread
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.events import OrderUpdate


class OrderReader(Protocol):
    """The REST calls that a search needs."""

    async def order(self, order_id: str) -> OrderUpdate:
        """Return an order by the venue's id; closed ones may not be found."""

    async def find_order(self, client_id: str) -> OrderUpdate | None:
        """Return the newest order with a client id, open or closed."""

    async def orders_history(
        self,
        *,
        market: str | None = None,
        start_ms: int | None = None,
        unread: Unread | None = None,
    ) -> list[OrderUpdate]:
        """Return the orders of a time range; those that cannot be read go to `unread`."""


async def look_up(
    reader: OrderReader,
    *,
    client_id: str = "",
    order_id: str = "",
    market: str | None = None,
    created_ms: int | None = None,
) -> OrderUpdate | None:
    """
    Return an order, or None if every place at the venue says that it is not there.

    Parameters
    ----------
    client_id, order_id : str
        At least one; the venue's id decides where both are given.
    market : str, optional
        The order's market, which shortens the last place to look in.
    created_ms : int, optional
        When the order was created, UNIX milliseconds; it bounds the search in the history.

    Raises
    ------
    ParadexError
        If any place could not be asked, or has the order with a value that is not modelled.

    """
    if order_id:
        try:
            return await reader.order(order_id)
        except NotFoundError as e:
            if e.outcome_unknown:
                raise  # a 404 of something in between is no word of the venue
            # Closed orders may be gone from here (PROTOCOL 4.2).
    if client_id:
        update = await reader.find_order(client_id)
        if update is not None and order_id in ("", update.order_id):
            return update
    if not order_id:
        return None
    start_ms = None if created_ms is None else created_ms - 60_000
    unread: Unread = {}
    for update in await reader.orders_history(market=market, start_ms=start_ms, unread=unread):
        if update.order_id == order_id:
            return update
    raise_if_unread(unread, order_id=order_id)
    return None
