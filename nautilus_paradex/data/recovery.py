"""
Books that are asked for again, and the proof that they are right then (rules S2, S3).

A gap resyncs one market and disturbs no other. A market whose book keeps breaking is asked for at
growing intervals, so that a fault of the venue's becomes no storm of ours. After a resync the book
is compared with REST's at the same number.
"""

from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_trader.common.component import Logger

from nautilus_paradex.data.books import BookFeed
from nautilus_paradex.data.books import Books
from nautilus_paradex.data.streams import MarketStreams
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.book import BookLevels
from nautilus_paradex.protocol.book import first_difference
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.channels import ChannelKind
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import Book


#: A book that is silent for longer than this, and at most twice this, is asked for again.
PATIENCE_SECS: Final = 10.0

#: The pause before a market is resynced once more; doubles up to the second, forgotten after it.
_FIRST_PAUSE_SECS: Final = 1.0
_LONGEST_PAUSE_SECS: Final = 60.0

_PROOF_ATTEMPTS: Final = 3
_PROOF_PAUSE_SECS: Final = 1.0


class BookReader(Protocol):
    """The REST call that proves a book."""

    async def orderbook(
        self, market: str, *, depth: int | None = None, interactive: bool = False
    ) -> Book:
        """Return a book's snapshot."""


class _Pace:
    """How often one market was resynced lately."""

    __slots__ = ("last_at", "pause")

    def __init__(self) -> None:
        self.pause = 0.0
        self.last_at = 0.0

    def next_pause(self, now: float) -> float:
        """Return how long to wait before the next resync."""
        calm = now - self.last_at > 2 * _LONGEST_PAUSE_SECS
        pause = 0.0 if calm else self.pause
        self.pause = min(max(2 * pause, _FIRST_PAUSE_SECS), _LONGEST_PAUSE_SECS)
        self.last_at = now + pause
        return pause


class BookRecovery:
    """
    Brings books back into sync.

    Parameters
    ----------
    books : Books
        The books.
    streams : MarketStreams
        Their sockets.
    rest : BookReader
        REST, for the proof.
    timing : Timing
        Clock and sleep.
    spawn : Callable[[Coroutine[Any, Any, None], str], Any]
        Runs work in the background.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        books: Books,
        streams: MarketStreams,
        rest: BookReader,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], Any],
        log: Logger,
    ) -> None:
        self._books = books
        self._streams = streams
        self._rest = rest
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._paces: dict[str, _Pace] = {}
        self._under_way: set[str] = set()

    def resync_soon(self, channel: Channel, reason: str) -> None:
        """Ask for a new snapshot, unless that is under way."""
        if channel.name in self._under_way:
            return
        self._under_way.add(channel.name)
        self._log.warning(f"Book {channel.name} is dropped and asked for again: {reason}")
        self._spawn(self._resync(channel), f"resync {channel.name}")

    def forget(self, channel: Channel) -> None:
        """Forget a book that nobody wants any more."""
        self._paces.pop(channel.name, None)

    async def watch(self) -> None:
        """Find books that were acknowledged and stay silent, and ask for them again (S2)."""
        suspects: set[str] = set()
        while True:
            await self._timing.sleep(PATIENCE_SECS)
            silent = {
                channel.name: channel
                for channel in self._books.silent()
                if self._streams.is_healthy_for(channel)
            }
            for name in sorted(suspects & silent.keys()):
                self._log.error(f"The venue acknowledged {name} and sends nothing")
                self.resync_soon(silent[name], "it is silent")
            suspects = silent.keys() - suspects

    # -- INTERNAL ----------------------------------------------------------------------------------

    async def _resync(self, channel: Channel) -> None:
        pace = self._paces.setdefault(channel.name, _Pace())
        try:
            await self._timing.sleep(pace.next_pause(self._timing.monotonic()))
            await self._streams.resubscribe(channel)
        except ParadexError as e:
            self._log.error(f"Cannot resync {channel.name}: {e}")
            self._streams.reconnect(channel, f"{channel.name} cannot be resynced")
            return
        finally:
            self._under_way.discard(channel.name)
        if channel.kind is ChannelKind.BOOK_DELTAS and channel.name not in self._under_way:
            await self._prove(channel)

    async def _prove(self, channel: Channel) -> None:
        """Compare a resynced book with REST's; a book that differs is dropped again."""
        for _ in range(_PROOF_ATTEMPTS):
            await self._timing.sleep(_PROOF_PAUSE_SECS)
            feed = self._books.get(channel)
            if feed is None or not feed.is_in_sync:
                return
            feed.journal = [feed.levels.snapshot(feed.market)]
            try:
                other = await self._rest.orderbook(feed.market, interactive=channel.interactive)
            except ParadexError as e:
                self._log.warning(f"Book {channel.name} cannot be compared with REST: {e}")
                continue
            await self._timing.sleep(_PROOF_PAUSE_SECS)
            verdict = _compare(feed, other)
            if verdict is None:
                continue
            if verdict:
                self._books.make_stale(channel)
                self.resync_soon(channel, f"REST has another book at {other.seq}: {verdict}")
            else:
                self._log.info(f"Book {channel.name} equals REST's at {other.seq}")
            return
        self._log.info(f"Book {channel.name} was never at the number that REST answered with")


def _compare(feed: BookFeed, other: Book) -> str | None:
    """Return how a book differed at REST's number; None if it was not there then."""
    journal, feed.journal = feed.journal, None
    levels = BookLevels()
    for frame in journal or []:
        levels.apply(frame)
        if levels.seq == other.seq:
            return first_difference(levels, other)
    return None
