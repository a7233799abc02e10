"""
One consistent reading of an account by several REST calls.

The venue offers no atomic reading: orders, fills and positions are asked one after the other while
trading goes on. The reading is repeated until no fill fell in between, so that fills add up to
what orders and positions say; what still moves after the last try is named.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Final
from typing import Protocol

import msgspec

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.unread import Unread
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.events import Position
from nautilus_paradex.protocol.numbers import plus


MAX_READINGS: Final = 5

#: Fills are asked for from a little before, since ids and clocks of services may differ.
_OVERLAP_MS: Final = 1_000


class OrderLists(Protocol):
    """The REST calls that name an account's orders."""

    async def open_orders(
        self, market: str | None = None, *, unread: Unread | None = None
    ) -> list[OrderUpdate]:
        """Return all NEW, UNTRIGGERED and OPEN orders; those that cannot be read go to `unread`."""

    async def orders_history(
        self,
        *,
        market: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        unread: Unread | None = None,
    ) -> list[OrderUpdate]:
        """Return closed (and maybe open) orders of a time range."""


class AccountReader(OrderLists, Protocol):
    """The REST calls that a snapshot needs."""

    async def fills(
        self, *, market: str | None = None, start_ms: int | None = None, end_ms: int | None = None
    ) -> list[Fill]:
        """Return fills of a time range."""

    async def positions(self) -> list[Position]:
        """Return the account's positions."""


class AccountSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An account's orders, fills and positions at one moment."""

    orders: dict[str, OrderUpdate]
    """By the venue's order id; every open order, and those of the time range."""
    fills: list[Fill]
    """Ascending by time, then id."""
    positions: list[Position]
    unstable_markets: frozenset[str]
    """Markets that were still being filled when the last reading ended."""
    lagging: frozenset[str] = frozenset()
    """Markets whose orders say less than the fills do: fills were left out."""
    unread: Unread = {}
    """Orders with a value that is not modelled."""

    def fills_of(self, order_id: str) -> list[Fill]:
        """Return an order's fills, ascending."""
        return [fill for fill in self.fills if fill.order_id == order_id]


async def read_account(
    reader: AccountReader,
    *,
    start_ms: int | None,
    log: Log,
    market: str | None = None,
    max_readings: int = MAX_READINGS,
) -> AccountSnapshot:
    """
    Read an account.

    Parameters
    ----------
    start_ms : int, optional
        From when closed orders and fills are wanted, UNIX milliseconds; None = all that the
        venue has. Open orders are returned whatever it says (E10).
    market : str, optional
        Only this market.

    Raises
    ------
    ParadexError
        If any call fails: an incomplete reading is worse than none (P2).

    """
    unstable: frozenset[str] = frozenset()
    for reading in range(1, max_readings + 1):
        unread: Unread = {}
        orders = await _orders(reader, market, start_ms, unread)
        fills = await reader.fills(market=market, start_ms=start_ms)
        positions = await reader.positions()
        newest = max((fill.created_ns // 1_000_000 for fill in fills), default=start_ms)
        check_from = None if newest is None else newest - _OVERLAP_MS
        late = await reader.fills(market=market, start_ms=check_from)
        known = {fill.key for fill in fills}
        ahead, behind = _compare(orders, fills, start_ms)
        unstable = ahead | {fill.market for fill in late if fill.key not in known}
        if not unstable and not behind:
            break
        log.debug(f"account reading {reading} moved in {', '.join(sorted(unstable | behind))}")
    kept = _not_beyond_orders(orders, fills)
    return AccountSnapshot(
        orders=orders,
        fills=sorted(kept, key=fill_order),
        positions=[p for p in positions if market is None or p.market == market],
        unstable_markets=unstable,
        lagging=_markets_left_out(fills, kept),
        unread=unread,
    )


def fill_order(fill: Fill) -> tuple[int, int, str]:
    """Return the sort key of fills: time, then the venue's rising id (P1)."""
    return (fill.created_ns, len(fill.fill_id), fill.fill_id)


async def _orders(
    reader: AccountReader, market: str | None, start_ms: int | None, unread: Unread
) -> dict[str, OrderUpdate]:
    # Open orders first: one that closes in between is then found in both, never in neither.
    opened = await reader.open_orders(market, unread=unread)
    closed = await reader.orders_history(market=market, start_ms=start_ms, unread=unread)
    orders = {order.order_id: order for order in closed}
    for order in opened:
        known = orders.get(order.order_id)
        if known is None or known.updated_ns < order.updated_ns:
            orders[order.order_id] = order
    return orders


def _filled_by_order(fills: list[Fill]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        sums[fill.order_id] = plus(sums[fill.order_id], fill.size)
    return sums


def _compare(
    orders: dict[str, OrderUpdate], fills: list[Fill], start_ms: int | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the markets whose fills are ahead of their orders, and behind them."""
    sums = _filled_by_order(fills)
    ahead, behind = set(), set()
    for order in orders.values():
        total = sums.get(order.order_id, Decimal(0))
        if total > order.filled_size:
            ahead.add(order.market)
        # An order from before the time range may have fills from before it too.
        elif total < order.filled_size and order.created_ns >= (start_ms or 0) * 1_000_000:
            behind.add(order.market)
    return frozenset(ahead), frozenset(behind)


def _markets_left_out(fills: list[Fill], kept: list[Fill]) -> frozenset[str]:
    known = {fill.key for fill in kept}
    return frozenset(fill.market for fill in fills if fill.key not in known)


def _not_beyond_orders(orders: dict[str, OrderUpdate], fills: list[Fill]) -> list[Fill]:
    """Leave out an order's newest fills beyond what the order says: the stream brings them."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    kept = []
    for fill in sorted(fills, key=fill_order):
        order = orders.get(fill.order_id)
        if order is not None and order.status is not OrderStatus.CLOSED:
            reached = plus(sums[fill.order_id], fill.size)
            if reached > order.filled_size:
                continue
            sums[fill.order_id] = reached
        kept.append(fill)
    return kept
