"""
Quotes and trades as the framework's data (rule S9).

Called inside the socket's read: nothing here awaits. What needs the network (a market's new tick)
is asked of the room.

Trade ticks are what traded on a market's book. Blocks, settlements and transfers are printed by the
same channel at prices that nobody could trade at, and would move bars and strategies: they come as
custom data only (`ParadexPublicTrade`, which has every print).
"""

from collections.abc import Callable
from typing import Any
from typing import Final

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.market_data import parse_quote_tick
from nautilus_paradex.parsing.market_data import parse_trade_tick
from nautilus_paradex.parsing.statistics import parse_public_trade
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Trade


#: What trades on a market's book, as the venue's own documents have it (OpenAPI, `trade_type`).
ON_BOOK: Final = frozenset({FillType.FILL, FillType.LIQUIDATION, FillType.RPI})
_OFF_BOOK: Final = frozenset(
    {FillType.UNWIND_TRANSFER, FillType.SETTLE_MARKET, FillType.BLOCK_TRADE}
)

#: Trade types that are named in a warning; what comes after is as unknown as these.
_WARNINGS: Final = 20


class Feed:
    """One market's quotes and trades: what is wanted."""

    __slots__ = ("last_bbo", "scale", "wants_prints", "wants_quotes", "wants_trades")

    def __init__(self, scale: InstrumentScale) -> None:
        self.scale = scale
        self.wants_quotes = False
        self.wants_trades = False
        self.wants_prints = False
        #: The latest quote of this connection; None tells that there was none yet.
        self.last_bbo: Bbo | None = None


class MarketFeeds:
    """
    The quotes and trades of a data client.

    Parameters
    ----------
    emit : Callable[[Any], None]
        Gives data to the framework.
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
        reload: Callable[[str, str], None],
        clock: LiveClock,
        log: Logger,
    ) -> None:
        self._emit = emit
        self._reload = reload
        self._clock = clock
        self._log = log
        self._feeds: dict[str, Feed] = {}
        self._unknown_types: set[str] = set()

    # -- WHAT IS WANTED ----------------------------------------------------------------------------

    def get(self, market: str) -> Feed | None:
        """Return a market's feed, if anybody wants it."""
        return self._feeds.get(market)

    def add(self, instrument: Instrument) -> Feed:
        """Return an instrument's feed, made if need be."""
        market = instrument.id.symbol.value
        feed = self._feeds.get(market)
        if feed is None:
            feed = self._feeds[market] = Feed(InstrumentScale.of(instrument))
        return feed

    def tidy(self, market: str) -> None:
        """Forget a feed of which nothing is wanted any more."""
        feed = self._feeds.get(market)
        if feed and not (feed.wants_quotes or feed.wants_trades or feed.wants_prints):
            del self._feeds[market]

    def rescale(self, instrument: Instrument) -> None:
        """Let a market's data flow with its new precision."""
        feed = self._feeds.get(instrument.id.symbol.value)
        if feed is not None:
            feed.scale = InstrumentScale.of(instrument)

    def forget_quotes(self) -> None:
        """Forget what was quoted: a socket was lost, and nothing tells how old it is."""
        for feed in self._feeds.values():
            feed.last_bbo = None

    def unquoted(self) -> list[str]:
        """Return the markets whose quotes are wanted and of which none has come."""
        return [
            market
            for market, feed in self._feeds.items()
            if feed.wants_quotes and feed.last_bbo is None
        ]

    # -- EVENTS ------------------------------------------------------------------------------------

    def on_bbo(self, event: Bbo) -> None:
        """Take a best bid and offer."""
        feed = self._feeds.get(event.market)
        if feed is None or not feed.wants_quotes:
            return
        last = feed.last_bbo
        if last is not None and event.seq < last.seq and event.ts_ns <= last.ts_ns:
            return  # it was overtaken, or repeats an earlier one
        feed.last_bbo = event
        try:
            quote = parse_quote_tick(event, feed.scale, self._clock.timestamp_ns())
        except NumberError as e:
            self._reload(event.market, f"its tick or lot has changed: {e}")
            return
        if quote is not None:
            self._emit(quote)

    def on_trade(self, event: Trade) -> None:
        """Take a public print."""
        feed = self._feeds.get(event.market)
        if feed is None:
            return
        now = self._clock.timestamp_ns()
        if feed.wants_prints:
            self._emit(parse_public_trade(event, feed.scale.instrument_id, now).to_custom_data())
        if feed.wants_trades and self._is_on_book(event):
            try:
                self._emit(parse_trade_tick(event, feed.scale, now))
            except NumberError as e:
                self._reload(event.market, f"its tick or lot has changed: {e}")

    def _is_on_book(self, event: Trade) -> bool:
        """If a print is a trade on the book; the book's number tells for what is not modelled."""
        if event.trade_type in _OFF_BOOK:
            return False
        if event.trade_type in ON_BOOK:
            # Liquidations by transfer are printed with the number 0 (PROTOCOL 7.3).
            return event.seq != 0
        self._warn_of(event)
        return bool(event.seq)

    def _warn_of(self, event: Trade) -> None:
        kind = event.trade_type
        if kind in self._unknown_types or len(self._unknown_types) >= _WARNINGS:
            return
        self._unknown_types.add(kind)
        self._log.warning(
            f"Trades of type {kind!r} ({event.market}) are not modelled: they are trade ticks only "
            "where the feed gives the book's number, and custom data always"
        )
