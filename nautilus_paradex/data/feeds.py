"""
What the market data stream says, as the framework's data (rules S3, S9).

Called inside the socket's read: nothing here awaits. What needs the network (a new snapshot, a
market's new tick) is asked of the room.
"""

from collections.abc import Callable
from typing import Any

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.market_data import parse_book_clear
from nautilus_paradex.parsing.market_data import parse_order_book_deltas
from nautilus_paradex.parsing.market_data import parse_quote_tick
from nautilus_paradex.parsing.market_data import parse_trade_tick
from nautilus_paradex.protocol.book import BookAction
from nautilus_paradex.protocol.book import BookLevels
from nautilus_paradex.protocol.book import BookSequence
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.messages.markets import MarketEvent


class Feed:
    """One market's live data: what is wanted, and the state of its book."""

    __slots__ = ("levels", "scale", "sequence", "wants_book", "wants_quotes", "wants_trades")

    def __init__(self, scale: InstrumentScale) -> None:
        self.scale = scale
        self.wants_quotes = False
        self.wants_trades = False
        self.wants_book = False
        self.sequence = BookSequence()
        self.levels = BookLevels()


class MarketFeeds:
    """
    The feeds of a data client.

    Parameters
    ----------
    emit : Callable[[Any], None]
        Gives data to the framework.
    resync : Callable[[str], None]
        Asks for a market's book snapshot.
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
        resync: Callable[[str], None],
        reload: Callable[[str, str], None],
        clock: LiveClock,
        log: Logger,
    ) -> None:
        self._emit = emit
        self._resync = resync
        self._reload = reload
        self._clock = clock
        self._log = log
        self._feeds: dict[str, Feed] = {}

    def get(self, market: str) -> Feed | None:
        """Return a market's feed, if anybody ever wanted it."""
        return self._feeds.get(market)

    def add(self, instrument: Instrument) -> Feed:
        """Return an instrument's feed, made if need be."""
        market = instrument.id.symbol.value
        if market not in self._feeds:
            self._feeds[market] = Feed(InstrumentScale.of(instrument))
        return self._feeds[market]

    def rescale(self, instrument: Instrument) -> Feed | None:
        """Let a market's data flow with its new precision; its book starts again."""
        feed = self._feeds.get(instrument.id.symbol.value)
        if feed is not None:
            self.drop_book(feed)
            feed.scale = InstrumentScale.of(instrument)
        return feed

    # -- EVENTS ------------------------------------------------------------------------------------

    def on_event(self, event: Any) -> None:
        """Take what the stream says."""
        kind = type(event)
        if kind is MarketEvent:
            self._on_market(event)
            return
        feed = self._feeds.get(getattr(event, "market", ""))
        if feed is None:
            return
        try:
            if kind is Bbo:
                self._on_bbo(feed, event)
            elif kind is Trade:
                self._on_trade(feed, event)
            elif kind is Book:
                self._on_book(feed, event)
        except NumberError as e:
            self._reload(event.market, f"its tick or lot has changed: {e}")

    def _on_bbo(self, feed: Feed, event: Bbo) -> None:
        if feed.wants_quotes:
            quote = parse_quote_tick(event, feed.scale, self._clock.timestamp_ns())
            if quote is not None:
                self._emit(quote)

    def _on_trade(self, feed: Feed, event: Trade) -> None:
        if feed.wants_trades:
            self._emit(parse_trade_tick(event, feed.scale, self._clock.timestamp_ns()))

    def _on_market(self, event: MarketEvent) -> None:
        if event.symbol in self._feeds or event.event_type == "CREATED":
            self._reload(event.symbol, f"the venue says {event.event_type}")

    # -- BOOKS -------------------------------------------------------------------------------------

    def _on_book(self, feed: Feed, event: Book) -> None:
        if not feed.wants_book:
            return
        action = feed.sequence.on_frame(event)
        if action is BookAction.RESYNC:
            self._log.warning(
                f"Book of {event.market} has a gap: expected {feed.sequence.seq + 1}, got "
                f"{event.seq}; asking for a snapshot"
            )
            self._clear(feed)
            self._resync(event.market)
        elif action is not BookAction.IGNORE:
            feed.levels.apply(event)
            self._emit_book(feed, event)

    def send_again(self, market: str) -> None:
        """Give a late subscriber the whole book (rule E16)."""
        feed = self._feeds.get(market)
        if feed is not None and feed.sequence.in_sync:
            self._emit_book(feed, feed.levels.snapshot(market))

    def silent_books(self) -> list[str]:
        """Return the markets whose book is wanted and not in sync."""
        return [
            market
            for market, feed in self._feeds.items()
            if feed.wants_book and not feed.sequence.in_sync
        ]

    def drop_all_books(self) -> None:
        """Mark every book stale: the stream is lost (S3)."""
        for feed in self._feeds.values():
            self.drop_book(feed)

    def drop_book(self, feed: Feed) -> None:
        """Mark a book stale; only a snapshot clears it."""
        was_in_sync = feed.sequence.in_sync
        feed.sequence.on_disconnect()
        if was_in_sync:
            self._clear(feed)

    def _emit_book(self, feed: Feed, event: Book) -> None:
        try:
            deltas = parse_order_book_deltas(event, feed.scale, self._clock.timestamp_ns())
        except NumberError:
            # A frame that cannot be applied leaves a hole, as a missing frame does.
            self.drop_book(feed)
            raise
        if deltas is not None:
            self._emit(deltas)

    def _clear(self, feed: Feed) -> None:
        """Empty the framework's book: no book is better than a wrong one."""
        feed.levels.clear()
        self._emit(parse_book_clear(feed.scale, self._clock.timestamp_ns()))
