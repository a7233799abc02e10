"""
Order books as the framework's data (rules S3, S9, E16).

Called inside the socket's read: nothing here awaits. A book is given on only while every frame
since its snapshot was applied; a gap, a crossed book, a frame that cannot be given on or a lost
socket empties the framework's book first, because no book is better than a wrong one.
"""

from collections.abc import Callable
from collections.abc import Iterable
from typing import Any
from typing import Final

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.depth import empty_order_book_depth10
from nautilus_paradex.parsing.depth import parse_order_book_depth10
from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.market_data import parse_book_clear
from nautilus_paradex.parsing.market_data import parse_order_book_deltas
from nautilus_paradex.protocol.book import BookAction
from nautilus_paradex.protocol.book import BookLevels
from nautilus_paradex.protocol.book import BookSequence
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.channels import ChannelKind
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import Book


#: Frames kept for the comparison with REST; a comparison that takes longer is given up.
JOURNAL_LIMIT: Final = 500


class BookFeed:
    """
    One book channel and the state of its book.

    Parameters
    ----------
    channel : Channel
        Deltas, or snapshots of 15 levels.
    scale : InstrumentScale
        The instrument's scale.

    """

    __slots__ = ("channel", "journal", "levels", "scale", "sequence")

    def __init__(self, channel: Channel, scale: InstrumentScale) -> None:
        self.channel = channel
        self.scale = scale
        self.sequence = BookSequence()
        self.levels = BookLevels()
        #: Frames since a comparison began, the whole book first; None while there is none.
        self.journal: list[Book] | None = None

    @property
    def market(self) -> str:
        """The market's symbol."""
        return self.channel.market or ""

    @property
    def is_depth(self) -> bool:
        """If it is a channel of snapshots, each of which is a book by itself."""
        return self.channel.kind is ChannelKind.BOOK_SNAPSHOT

    @property
    def is_in_sync(self) -> bool:
        """If what the framework was given is the venue's book."""
        return self.sequence.in_sync


class Books:
    """
    The books of a data client.

    Parameters
    ----------
    emit : Callable[[Any], None]
        Gives data to the framework.
    resync : Callable[[Channel, str], None]
        Asks for a new snapshot of a channel, with the reason.
    reload : Callable[[str, str], None]
        Asks to load a market anew, with the reason.
    clock : LiveClock
        The framework's clock.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        emit: Callable[[Any], None],
        resync: Callable[[Channel, str], None],
        reload: Callable[[str, str], None],
        clock: LiveClock,
        log: Logger,
    ) -> None:
        self._emit = emit
        self._resync = resync
        self._reload = reload
        self._clock = clock
        self._log = log
        self._feeds: dict[str, BookFeed] = {}
        self.gaps = 0

    # -- WHAT IS WANTED ----------------------------------------------------------------------------

    def want(self, channel: Channel, instrument: Instrument) -> BookFeed:
        """Give a book on from its next snapshot."""
        feed = self._feeds.get(channel.name)
        if feed is None:
            feed = self._feeds[channel.name] = BookFeed(channel, InstrumentScale.of(instrument))
        return feed

    def drop(self, channel: Channel) -> None:
        """Give a book on no longer."""
        self._feeds.pop(channel.name, None)

    def get(self, channel: Channel) -> BookFeed | None:
        """Return a channel's feed, if it is wanted."""
        return self._feeds.get(channel.name)

    def find(self, name: str) -> BookFeed | None:
        """Return the feed of a channel's name, if it is wanted."""
        return self._feeds.get(name)

    def rescale(self, instrument: Instrument) -> None:
        """Let a market's books start again with its new precision."""
        for feed in self._of_market(instrument.id.symbol.value):
            if feed.is_depth:
                feed.scale = InstrumentScale.of(instrument)
                continue
            self._make_stale(feed)
            feed.scale = InstrumentScale.of(instrument)
            self._resync(feed.channel, "the instrument has changed")

    # -- FRAMES ------------------------------------------------------------------------------------

    def on_frame(self, channel: Channel, event: Book) -> None:
        """Take a frame of a channel."""
        feed = self._feeds.get(channel.name)
        if feed is None:
            return
        try:
            if feed.is_depth:
                self._on_depth(feed, event)
            else:
                self._on_book(feed, event)
        except NumberError as e:
            # A frame that cannot be applied leaves a hole, as a missing frame does.
            self._make_stale(feed)
            self._reload(event.market, f"its tick or lot has changed: {e}")
        except Exception:
            self._make_stale(feed)
            self._resync(feed.channel, f"frame {event.seq} cannot be given on")
            raise

    def _on_book(self, feed: BookFeed, event: Book) -> None:
        expected = feed.sequence.seq + 1
        action = feed.sequence.on_frame(event)
        if action is BookAction.RESYNC:
            self.gaps += 1
            self._clear(feed)
            self._resync(feed.channel, f"a gap: expected {expected}, got {event.seq}")
        elif action is not BookAction.IGNORE:
            self._apply(feed, event)
        elif feed.is_in_sync and not event.is_snapshot and feed.levels.contradicts(event):
            # Its snapshot has another number than it should have.
            self._make_stale(feed)
            self._resync(feed.channel, f"the frame of its own number {event.seq} differs from it")

    def _apply(self, feed: BookFeed, event: Book) -> None:
        feed.levels.apply(event)
        if feed.journal is not None:
            _note(feed, event)
        if self._is_crossed(feed):
            return
        deltas = parse_order_book_deltas(event, feed.scale, self._clock.timestamp_ns())
        if deltas is not None:
            self._emit(deltas)

    def _on_depth(self, feed: BookFeed, event: Book) -> None:
        if not event.is_snapshot:
            self._resync(feed.channel, "a snapshot feed sent a delta")
            return
        if feed.sequence.on_frame(event) is BookAction.IGNORE:
            return
        feed.levels.apply(event)
        if self._is_crossed(feed):
            return
        self._emit(parse_order_book_depth10(event, feed.scale, self._clock.timestamp_ns()))

    def _is_crossed(self, feed: BookFeed) -> bool:
        """Drop a book that is crossed; with RPI liquidity it may be, and be right (trap 14)."""
        if not feed.levels.is_crossed or feed.channel.interactive:
            return False
        seq = feed.levels.seq
        self._make_stale(feed)
        self._resync(feed.channel, f"it is crossed at {seq}")
        return True

    # -- STATE -------------------------------------------------------------------------------------

    def send_again(self, channel: Channel) -> None:
        """Give a late subscriber the whole book (rule E16)."""
        feed = self._feeds.get(channel.name)
        if feed is None or not feed.is_in_sync:
            return
        book = feed.levels.snapshot(feed.market)
        try:
            deltas = parse_order_book_deltas(book, feed.scale, self._clock.timestamp_ns())
        except NumberError as e:
            self._make_stale(feed)
            self._reload(feed.market, f"its tick or lot has changed: {e}")
            return
        if deltas is not None:
            self._emit(deltas)

    def on_lost(self, channels: Iterable[Channel]) -> None:
        """Mark the books of a lost socket stale (S3)."""
        for channel in channels:
            feed = self._feeds.get(channel.name)
            if feed is not None:
                self._make_stale(feed)

    def make_stale(self, channel: Channel) -> None:
        """Mark a book stale; only a snapshot clears it."""
        self.on_lost([channel])

    def silent(self) -> list[Channel]:
        """Return the channels whose book is wanted and not in sync."""
        return [feed.channel for feed in self._feeds.values() if not feed.is_in_sync]

    def numbers(self) -> dict[str, int]:
        """Return the last applied number of each book of deltas that claims to be in sync."""
        return {
            name: feed.sequence.seq
            for name, feed in self._feeds.items()
            if feed.is_in_sync and not feed.is_depth
        }

    def _of_market(self, market: str) -> list[BookFeed]:
        return [feed for feed in self._feeds.values() if feed.market == market]

    def _make_stale(self, feed: BookFeed) -> None:
        was_in_sync = feed.is_in_sync
        feed.journal = None
        feed.sequence.on_disconnect()
        if was_in_sync:
            self._clear(feed)

    def _clear(self, feed: BookFeed) -> None:
        """Empty the framework's book: no book is better than a wrong one."""
        feed.journal = None
        feed.levels.clear()
        empty = empty_order_book_depth10 if feed.is_depth else parse_book_clear
        self._emit(empty(feed.scale, self._clock.timestamp_ns()))


def _note(feed: BookFeed, event: Book) -> None:
    if feed.journal is None or len(feed.journal) >= JOURNAL_LIMIT:
        feed.journal = None
    elif event.is_snapshot:
        feed.journal = [event]
    else:
        feed.journal.append(event)
