"""One reading of an account's orders for all who look for theirs at about the same time (E6)."""

import asyncio
from typing import Final

import msgspec

from nautilus_paradex.network.rest.core import PAGE_SIZE
from nautilus_paradex.network.snapshot import OrderLists
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.unread import Unread
from nautilus_paradex.network.unread import raise_if_unread
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import OrderUpdate


#: Seconds from one reading to the next, at least, and for each page of it: at most a half of what
#: the venue grants an account in a minute (PROTOCOL 8.1), so that proofs and polls have the rest.
_BETWEEN_SECS: Final = 2.0
_PAGE_SECS: Final = 0.2


class _Reading(msgspec.Struct, frozen=True):
    number: int
    orders: list[OrderUpdate] = []
    unread: Unread = {}
    error: ParadexError | None = None


class OrderCensus:
    """
    Looks for orders among all that the account has lately had.

    Who looks for hundreds of orders one by one, as after a silent stream took their commands, uses
    up what the venue grants, and the proof of the whole account waits behind that.

    Parameters
    ----------
    reader : OrderLists
        Reads.
    timing : Timing
        Clock and sleep.

    """

    def __init__(self, reader: OrderLists, timing: Timing) -> None:
        self._reader = reader
        self._timing = timing
        self._lock = asyncio.Lock()
        self._begun = 0
        self._due = float("-inf")
        self._latest = _Reading(0)
        self._askers: dict[int, int] = {}
        self._last_asker = 0

    async def find(self, *, client_id: str, order_id: str, since_ms: int) -> OrderUpdate | None:
        """
        Return an order's newest state by a reading that begins after the question.

        None says that it is neither open nor among the orders that were created since then.

        Parameters
        ----------
        client_id, order_id : str
            At least one; the venue's id decides where both are given.
        since_ms : int
            From when the history is to be read, UNIX milliseconds.

        Raises
        ------
        ParadexError
            If the account could not be read, or has the order with a value that is not modelled.

        """
        reading = await self._reading(since_ms)
        found = [
            order
            for order in reading.orders
            if (order.order_id == order_id if order_id else order.client_id == client_id)
        ]
        if not found:
            raise_if_unread(reading.unread, client_id=client_id, order_id=order_id)
        return max(found, key=lambda order: (order.updated_ns, order.seq), default=None)

    async def _reading(self, since_ms: int) -> _Reading:
        asked_at = self._begun
        self._last_asker += 1
        asker = self._last_asker
        self._askers[asker] = since_ms
        try:
            async with self._lock:
                if self._latest.number <= asked_at:
                    await self._read()
        finally:
            del self._askers[asker]
        if self._latest.error is not None:
            raise self._latest.error.with_traceback(None)
        return self._latest

    async def _read(self) -> None:
        """Read for all who have asked until now."""
        await self._timing.sleep(max(0.0, self._due - self._timing.monotonic()))
        self._begun += 1
        number, start_ms = self._begun, min(self._askers.values())
        orders: list[OrderUpdate] = []
        unread: Unread = {}
        error: ParadexError | None = None
        try:
            # Open orders first: one that closes in between is then found in both.
            orders += await self._reader.open_orders(unread=unread)
            orders += await self._reader.orders_history(start_ms=start_ms, unread=unread)
        except ParadexError as e:
            error = e
        self._latest = _Reading(number, orders, unread, error)
        pages = len(orders) / PAGE_SIZE
        self._due = self._timing.monotonic() + max(_BETWEEN_SECS, pages * _PAGE_SECS)
