"""
Orders of which the venue says something that is not modelled: known to be there, and no more.

One such order, of a kind that is newer than this adapter perhaps, must not hide all others of the
account. Nor may it count as absent, which would be the proof that it was never accepted (E6).
"""

import msgspec

from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.messages import OrderMessage


class UnreadOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that could not be read."""

    client_id: str
    market: str
    error: UnmodelledValue


type Unread = dict[str, UnreadOrder]
"""By the venue's order id."""


def read_order(row: OrderMessage, unread: Unread | None) -> OrderUpdate | None:
    """
    Return an order, or note it among the unread and return None.

    Raises
    ------
    UnmodelledValue
        If nobody takes what is unread.

    """
    try:
        return json_events.order_update(row)
    except UnmodelledValue as error:
        if unread is None:
            raise
        unread[row.id] = UnreadOrder(
            client_id=row.client_id, market=row.market, error=error.with_traceback(None)
        )
        return None


def raise_if_unread(unread: Unread, *, client_id: str = "", order_id: str = "") -> None:
    """Raise what is wrong with an order that was looked for and could not be read."""
    for its_id, order in unread.items():
        if its_id == order_id or (client_id and order.client_id == client_id):
            raise order.error
