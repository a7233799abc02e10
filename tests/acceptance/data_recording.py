"""What a tester got, and what the venue's engine did: the two sides of a data acceptance test."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.test_kit.strategies.tester_data import DataTester
from nautilus_trader.test_kit.strategies.tester_data import DataTesterConfig

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH


type Levels = tuple[tuple[Decimal, Decimal], ...]
"""(price, size), best first."""

type Touch = tuple[Decimal | None, ...]
"""Bid and its size, ask and its size."""

_AGGRESSORS = {model.Side.BUY: AggressorSide.BUYER, model.Side.SELL: AggressorSide.SELLER}


# -- WHAT A TESTER GOT -----------------------------------------------------------------------------


class _Recording(Actor):
    """Keeps all data that it gets."""

    def __init__(self, config: ActorConfig) -> None:
        super().__init__(config)
        self.live: list[Any] = []
        self.answers: list[Any] = []
        #: Both sides of each book that came at an interval: the object itself goes on changing.
        self.books: dict[InstrumentId, list[tuple[Levels, Levels]]] = defaultdict(list)

    def of[T](self, kind: type[T], instrument_id: InstrumentId | None = None) -> list[T]:
        """Return the live data of a type."""
        found = [item for item in self.live if isinstance(item, kind)]
        if instrument_id is None:
            return found
        return [item for item in found if item.instrument_id == instrument_id]

    def answered[T](self, kind: type[T]) -> list[T]:
        """Return what answered requests, of a type."""
        return [item for item in self.answers if isinstance(item, kind)]

    def _record(self, data: Any) -> None:
        self.live.append(data)

    on_data = _record
    on_instrument_close = _record
    on_option_greeks = _record
    on_option_chain = _record


class RecordingActor(_Recording):
    """An actor that its test tells what to do, for what the framework's tester has no switch."""

    def __init__(self, component_id: str = "Actor-001") -> None:
        super().__init__(ActorConfig(component_id=component_id))

    on_instrument = _Recording._record
    on_instrument_status = _Recording._record
    on_order_book_deltas = _Recording._record
    on_order_book_depth = _Recording._record
    on_quote_tick = _Recording._record
    on_trade_tick = _Recording._record
    on_mark_price = _Recording._record
    on_index_price = _Recording._record
    on_funding_rate = _Recording._record
    on_bar = _Recording._record

    def on_historical_data(self, data: Any) -> None:
        self.answers += data if isinstance(data, list) else [data]


def _also(name: str) -> Any:
    """Return a handler that does what the framework's tester does, and records."""
    handled = getattr(DataTester, name)

    def handler(self: "RecordingTester", data: Any) -> None:
        handled(self, data)
        self._record(data)

    return handler


class RecordingTester(_Recording, DataTester):
    """The framework's tester, which also keeps what it got."""

    def __init__(self, number: int = 1, **config: Any) -> None:
        settings = {
            "component_id": f"Tester-{number:03}",
            "instrument_ids": [ETH],
            "log_data": False,
        }
        super().__init__(DataTesterConfig(**(settings | config)))

    @property
    def own_book(self) -> OrderBook:
        """The book that the tester itself builds from deltas."""
        (book,) = self._books.values()
        return book

    on_instrument = _also("on_instrument")
    on_instrument_status = _also("on_instrument_status")
    on_order_book_deltas = _also("on_order_book_deltas")
    on_order_book_depth = _also("on_order_book_depth")
    on_quote_tick = _also("on_quote_tick")
    on_trade_tick = _also("on_trade_tick")
    on_mark_price = _also("on_mark_price")
    on_index_price = _also("on_index_price")
    on_funding_rate = _also("on_funding_rate")
    on_bar = _also("on_bar")

    def on_order_book(self, order_book: OrderBook) -> None:
        super().on_order_book(order_book)
        self.books[order_book.instrument_id].append(levels(order_book))

    def on_historical_data(self, data: Any) -> None:
        super().on_historical_data(data)
        self.answers += data if isinstance(data, list) else [data]


# -- WHAT THE VENUE DID ----------------------------------------------------------------------------


class Truth:
    """
    Writes down what the venue's engine does, from now on.

    Parameters
    ----------
    venue : LocalParadex
        The venue.
    monkeypatch : pytest.MonkeyPatch
        Puts the recorders in the way of the server's questions.

    Attributes
    ----------
    quotes : dict
        Every touch, by market and if RPI orders count, oldest first.
    changes : dict
        Every numbered change of a book that was sent, by market, oldest first.
    books : dict
        Every book that was asked for, by market, if RPI orders count, step of prices and number.
    summaries : dict
        Every summary that was asked for, by market, oldest first.

    """

    def __init__(self, venue: LocalParadex, monkeypatch: pytest.MonkeyPatch) -> None:
        self._queries = venue.exchange.queries
        self.quotes: dict[tuple[str, bool], list[Touch]] = defaultdict(list)
        self.changes: dict[str, list[model.BookChanges]] = defaultdict(list)
        self.books: dict[tuple[str, bool, Decimal | None, int], tuple[Levels, Levels]] = {}
        self.summaries: dict[str, list[model.MarketSummary]] = defaultdict(list)
        summary, book = self._queries.market_summary, self._queries.book
        take = venue.exchange.take_book_changes

        def recorded_summary(market: str) -> model.MarketSummary:
            made = summary(market)
            self.summaries[market].append(made)
            return made

        def recorded_book(market: str, depth: int | None = 20, **view: Any) -> model.BookSnapshot:
            made = book(market, depth, **view)
            interactive, tick = view.get("interactive", False), view.get("price_tick")
            self.books[market, interactive, tick, made.seq_no] = (made.bids, made.asks)
            return made

        def recorded_changes(market: str) -> tuple[model.BookChanges, ...]:
            taken = take(market)
            self.changes[market] += taken
            return taken

        monkeypatch.setattr(self._queries, "market_summary", recorded_summary)
        monkeypatch.setattr(venue.exchange, "take_book_changes", recorded_changes)
        monkeypatch.setattr(self._queries, "book", recorded_book)
        for spec in self._queries.markets():
            for interactive in (False, True):
                bbo = self._queries.bbo(spec.symbol, interactive=interactive)
                self._note_touch(bbo, interactive)
        venue.exchange.subscribe(self._on_event)

    def summary(self, data: Any) -> model.MarketSummary:
        """Return the summary that data was made of: the last before it was sent."""
        rows = self.summaries[str(data.instrument_id).removesuffix(".PARADEX")]
        (*_, last) = (row for row in rows if row.created_us * 1_000 <= data.ts_event)
        return last

    def _on_event(self, event: model.Event) -> None:
        if isinstance(event, model.BboChanged):
            self._note_touch(event.bbo, event.interactive)

    def _note_touch(self, bbo: model.Bbo, interactive: bool) -> None:
        touch = (bbo.bid, bbo.bid_size, bbo.ask, bbo.ask_size)
        self.quotes[bbo.market, interactive].append(touch)


# -- BOTH IN THE SAME WORDS ------------------------------------------------------------------------


def levels(book: OrderBook) -> tuple[Levels, Levels]:
    """Return bids and asks of a framework's book."""
    bids, asks = (
        tuple((level.price.as_decimal(), Decimal(str(level.size()))) for level in side)
        for side in (book.bids(), book.asks())
    )
    return bids, asks


def depth_levels(depth: OrderBookDepth10) -> tuple[Levels, Levels]:
    """Return bids and asks of a depth; unused places are left out."""
    bids, asks = (
        tuple(
            (order.price.as_decimal(), order.size.as_decimal())
            for order in side
            if order.size.as_decimal()
        )
        for side in (depth.bids, depth.asks)
    )
    return bids, asks


def venue_levels(
    venue: LocalParadex,
    market: str,
    depth: int | None = None,
    *,
    interactive: bool = False,
    price_tick: Decimal | None = None,
) -> tuple[Levels, Levels]:
    """Return bids and asks of the venue's book."""
    book = venue.exchange.queries.book(
        market, depth, interactive=interactive, price_tick=price_tick
    )
    return book.bids, book.asks


def touch(quote: QuoteTick) -> Touch:
    """Return a quote as the truth has it."""
    values = (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size)
    return tuple(value.as_decimal() for value in values)


def tick_row(trade: TradeTick) -> tuple[Any, ...]:
    """Return what a trade is known by; times in milliseconds."""
    return (
        trade.trade_id.value,
        trade.price.as_decimal(),
        trade.size.as_decimal(),
        trade.aggressor_side,
        trade.ts_event // 1_000_000,
    )


def printed_row(trade: model.Trade) -> tuple[Any, ...]:
    """Return the same of a trade of the venue's."""
    side = _AGGRESSORS[trade.side]
    return trade.id, trade.price, trade.size, side, trade.created_us // 1_000


def followed(venue: LocalParadex) -> list[set[str]]:
    """Return the channels of each socket at the venue, the longest list first."""
    return sorted(
        (set(session.subscriptions) for session in venue._server.sessions), key=len, reverse=True
    )
