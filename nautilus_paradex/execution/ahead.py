"""
Orders that are ahead of their fills: they say more filled than the fills that came with them.

Answers to commands go on telling orders while the account is read, and one list of the venue may
lag behind another. The framework makes up what is missing of an order, and when the fill itself
comes, it counts it once more or rejects it as too much (E10).
"""

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal

import msgspec
from nautilus_trader.model.orders import Order

from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.parsing.identifiers import fill_id_of
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import total


def hold_back(
    snapshot: AccountSnapshot, cached_order: Callable[[str, str], Order | None], since_ns: int = 0
) -> tuple[AccountSnapshot, list[OrderUpdate]]:
    """
    Return a reading in which no order is ahead of its fills, and the orders that were.

    They live on in it with the fills that they have. Positions of their markets may have the
    missing fills or not: they prove nothing.

    Parameters
    ----------
    snapshot : AccountSnapshot
        The reading.
    cached_order : Callable[[str, str], Order | None]
        Returns the framework's order, with all that it was told, by client id and venue's id.
    since_ns : int, default 0
        Only orders that were updated since then, UNIX nanoseconds: fills of others will not come.

    """
    fills: dict[str, list[Fill]] = defaultdict(list)
    for fill in snapshot.fills:
        fills[fill.order_id].append(fill)
    orders = dict(snapshot.orders)
    ahead = []
    for order_id, update in snapshot.orders.items():
        order = cached_order(update.client_id, order_id) if update.filled_size else None
        filled = _filled_after(order, fills[order_id])
        # The framework makes nothing up for an order that is over.
        is_recent = update.updated_ns >= since_ns
        if (
            is_recent
            and update.filled_size > filled
            and not (order is not None and order.is_closed)
        ):
            ahead.append(update)
            orders[order_id] = _as_open(update, filled)
    moving = frozenset(update.market for update in ahead)
    snapshot = msgspec.structs.replace(
        snapshot, orders=orders, unstable_markets=snapshot.unstable_markets | moving
    )
    return snapshot, ahead


def _filled_after(order: Order | None, fills: Iterable[Fill]) -> Decimal:
    """Return what the framework has of an order once it has taken fills, base units."""
    told = Decimal(0) if order is None else decimal_of(order.filled_qty)
    known = () if order is None else order.trade_ids
    return total([told, *(fill.size for fill in fills if fill_id_of(fill.fill_id) not in known)])


def _as_open(update: OrderUpdate, filled: Decimal) -> OrderUpdate:
    return msgspec.structs.replace(
        update,
        status=OrderStatus.OPEN,
        remaining_size=minus(update.size, filled),
        cancel_reason="",
    )
