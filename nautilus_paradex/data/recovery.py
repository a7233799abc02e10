"""
Books that are asked for again, and the proof that they are right then (rules S2, S3).

A gap resyncs one market and disturbs no other. A market whose book keeps breaking is asked for at
growing intervals, so that a fault of the venue's becomes no storm of ours. After a resync the book
is compared with REST's at the same number. A book that stands still is compared with it too: a
subscription that died, a snapshot that was older than it should be, or numbers that started anew
look like a market in which nothing happens.
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

#: Books that stand still and are compared a round: a chain of silent options must not use up the
#: limits.
MOST_READS: Final = 10

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
        #: Those of them that broke again before that was done.
        self._broken_again: dict[str, str] = {}
        #: Books that stood still, and the number at which they were compared.
        self._compared: dict[str, int] = {}

    def resync_soon(self, channel: Channel, reason: str) -> None:
        """Ask for a new snapshot, unless that is under way."""
        if channel.name in self._under_way:
            self._broken_again[channel.name] = reason
            return
        self._under_way.add(channel.name)
        self._log.warning(f"Book {channel.name} is dropped and asked for again: {reason}")
        self._spawn(self._resync(channel), f"resync {channel.name}")

    def forget(self, channel: Channel) -> None:
        """Forget a book that nobody wants any more."""
        self._paces.pop(channel.name, None)
        self._compared.pop(channel.name, None)

    async def watch(self) -> None:
        """Find books that were acknowledged and stay silent, and ask for them again (S2)."""
        suspects: set[str] = set()
        before: dict[str, int] = {}
        while True:
            await self._timing.sleep(PATIENCE_SECS)
            numbers = self._books.numbers()
            await self._compare_still(
                [name for name, number in numbers.items() if before.get(name) == number], numbers
            )
            before = numbers
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
            self._broken_again.pop(channel.name, None)
            await self._streams.resubscribe(channel)
        except ParadexError as e:
            self._log.error(f"Cannot resync {channel.name}: {e}")
            self._streams.reconnect(channel, f"{channel.name} cannot be resynced")
            return
        finally:
            self._under_way.discard(channel.name)
        broken = self._broken_again.pop(channel.name, None)
        if broken is not None:
            self.resync_soon(channel, broken)
        elif channel.kind is ChannelKind.BOOK_DELTAS:
            await self._prove(channel)

    async def _prove(self, channel: Channel) -> None:
        """Compare a resynced book with REST's; a book that differs is dropped again."""
        for _ in range(_PROOF_ATTEMPTS):
            await self._timing.sleep(_PROOF_PAUSE_SECS)
            feed = self._books.get(channel)
            if feed is None or not feed.is_in_sync:
                return
            feed.journal = [feed.levels.snapshot(feed.market)]
            other = await self._read(feed)
            if other is None:
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

    async def _compare_still(self, names: list[str], numbers: dict[str, int]) -> None:
        """Compare books that did not move for a while with REST's, those that never were first."""
        self._compared = {name: at for name, at in self._compared.items() if name in numbers}
        news = [name for name in names if self._compared.get(name) != numbers[name]]
        known = [name for name in self._compared if name in names and name not in news]
        read: list[tuple[BookFeed, int, Book]] = []
        for name in [*news, *known][:MOST_READS]:
            # The last of those that were compared: the others' turn comes before its next one.
            self._compared.pop(name, None)
            self._compared[name] = numbers[name]
            feed = self._books.find(name)
            if feed is not None and self._streams.is_healthy_for(feed.channel):
                other = await self._read(feed)
                if other is not None:
                    read.append((feed, numbers[name], other))
        if read:
            # What REST knows already may be on its way.
            await self._timing.sleep(_PROOF_PAUSE_SECS)
        for feed, number, other in read:
            self._judge_still(feed, number, other)

    def _judge_still(self, feed: BookFeed, number: int, other: Book) -> None:
        """Drop a book that stands still at a number while REST has a later one that differs."""
        sequence = feed.sequence
        if not feed.is_in_sync or sequence.seq != number:
            return
        if other.seq <= number and other.ts_ns <= sequence.ts_ns:
            return
        difference = first_difference(feed.levels, other)
        if difference:
            self._books.make_stale(feed.channel)
            reason = f"it stands still at {number}, and REST's is at {other.seq}: {difference}"
            self.resync_soon(feed.channel, reason)

    async def _read(self, feed: BookFeed) -> Book | None:
        try:
            return await self._rest.orderbook(feed.market, interactive=feed.channel.interactive)
        except ParadexError as e:
            self._log.warning(f"Book {feed.channel.name} cannot be compared with REST: {e}")
            return None


def _compare(feed: BookFeed, other: Book) -> str | None:
    """Return how a book differed at REST's number; None if it was not there then."""
    journal, feed.journal = feed.journal, None
    levels = BookLevels()
    for frame in journal or []:
        levels.apply(frame)
        if levels.seq == other.seq:
            return first_difference(levels, other)
    return None
