"""What a reading of the account in a time range leaves out, and the framework needs (E10)."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.own_orders import local_orders
from nautilus_paradex.execution.reports import ReportGenerator
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.network.snapshot import fill_order
from nautilus_paradex.network.unread import Unread
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import plus


#: How far the clocks of node and venue may be apart, milliseconds.
_CLOCKS_MS: Final = 10_000


class AlgoPending(Protocol):
    """Knows the algo orders whose create has no outcome yet."""

    def is_pending(self, client_id: str) -> bool:
        """Return if an order is one."""


class AlgoFolder(Protocol):
    """Puts algo orders in place of their children."""

    async def fold(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Return a snapshot with algo orders in place of their children."""

    def is_followed(self, order_id: str) -> bool:
        """Return if an order is an algo order."""


class SnapshotCompletion:
    """
    Asks for the orders and fills that belong to a reading and lie outside of its time range.

    Parameters
    ----------
    account_id : AccountId
        The account.
    cache : Cache
        The framework's cache.
    reports : ReportGenerator
        Finds orders.
    rest : ParadexRest
        Reads fills.

    """

    def __init__(
        self, account_id: AccountId, cache: Cache, reports: ReportGenerator, rest: ParadexRest
    ) -> None:
        self._account_id = account_id
        self._cache = cache
        self._reports = reports
        self._rest = rest
        self._algo_pending: AlgoPending | None = None
        self._algo_folder: AlgoFolder | None = None

    def use_algos(self, pending: AlgoPending, folder: AlgoFolder) -> None:
        """Know algo orders too."""
        self._algo_pending = pending
        self._algo_folder = folder

    async def complete(self, snapshot: AccountSnapshot, start_ms: int | None) -> AccountSnapshot:
        """
        Add what orders and lone fills need and the time range did not bring (E10).

        Raises
        ------
        ParadexError
            If it cannot be read.

        """
        orders = dict(snapshot.orders)
        fills = {fill.key: fill for fill in snapshot.fills}
        for order in local_orders(self._cache, self._account_id):
            venue_id = order.venue_order_id.value if order.venue_order_id is not None else ""
            if venue_id in orders:
                continue
            named = (o for o in orders.values() if o.client_id == order.client_order_id.value)
            if not venue_id and any(named):
                continue
            if self._is_watched(order, start_ms) or is_unread(order, snapshot.unread):
                continue
            update = await self._reports.find(
                client_id=order.client_order_id.value, order_id=venue_id
            )
            if update is not None:
                await self._add(update, orders, fills)
        for fill in list(fills.values()):
            if (
                fill.order_id
                and fill.order_id not in orders
                and fill.order_id not in snapshot.unread
            ):
                update = await self._reports.find(client_id="", order_id=fill.order_id)
                if update is not None:
                    orders[update.order_id] = update
        told = _filled_sizes(fills.values())
        for update in list(orders.values()):
            if self._is_algo(update.order_id):
                continue  # the framework has what was filled before the time range
            if told[update.order_id] < update.filled_size:
                await self._add(update, orders, fills)
        return msgspec.structs.replace(
            snapshot, orders=orders, fills=sorted(fills.values(), key=fill_order)
        )

    async def _add(
        self,
        update: OrderUpdate,
        orders: dict[str, OrderUpdate],
        fills: dict[tuple[str, str], Fill],
    ) -> None:
        orders[update.order_id] = update
        if not update.filled_size:
            return
        start_ms = update.created_ns // 1_000_000 - 1_000
        found = await self._rest.fills(market=update.market, start_ms=start_ms)
        told = Decimal(0)
        for fill in sorted(found, key=fill_order):
            if fill.order_id != update.order_id:
                continue
            told = plus(told, fill.size)
            if told > update.filled_size:
                break  # it was made after the order was read: the stream brings it
            fills[fill.key] = fill

    def _is_watched(self, order: Order, start_ms: int | None) -> bool:
        """Return if a watch of its own asks for an order, and this reading can say no more."""
        pending = self._algo_pending
        if pending is not None and pending.is_pending(order.client_order_id.value):
            return True
        # Of an order in flight the reading has everything since before it was sent (E6).
        return order.venue_order_id is None and self._is_within(order, start_ms)

    def _is_within(self, order: Order, start_ms: int | None) -> bool:
        """Return if an order can have come to the venue in the time range only."""
        sent_ms = order.ts_init // 1_000_000 + self._rest.clock_offset_ms
        return start_ms is not None and sent_ms >= start_ms + _CLOCKS_MS

    def _is_algo(self, order_id: str) -> bool:
        return self._algo_folder is not None and self._algo_folder.is_followed(order_id)


def _filled_sizes(fills: Iterable[Fill]) -> defaultdict[str, Decimal]:
    sizes: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        sizes[fill.order_id] = plus(sizes[fill.order_id], fill.size)
    return sizes


def is_unread(order: Order, unread: Unread) -> bool:
    """Return if the venue has an order with a value that is not modelled."""
    if order.venue_order_id is not None and order.venue_order_id.value in unread:
        return True
    return any(known.client_id == order.client_order_id.value for known in unread.values())
