"""The market data stream as the framework's data (rules S3, E16)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import BookType
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from nautilus_paradex.data.feeds import MarketFeeds
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.messages.markets import MarketEvent
from nautilus_paradex.protocol.numbers import mantissa


INSTRUMENT = TestInstrumentProvider.ethusdt_perp_binance()  # tick 0.01, lot 0.001
MARKET = INSTRUMENT.id.symbol.value


class Room:
    def __init__(self):
        self.data, self.resyncs, self.reloads = [], [], []
        self.feeds = MarketFeeds(
            emit=self.data.append,
            resync=self.resyncs.append,
            reload=lambda market, reason: self.reloads.append((market, reason)),
            clock=TestClock(),
            log=Logger("feeds"),
        )
        self.feed = self.feeds.add(INSTRUMENT)
        self.feed.wants_book = self.feed.wants_quotes = self.feed.wants_trades = True
        self.book = OrderBook(INSTRUMENT.id, BookType.L2_MBP)

    def take(self, event):
        self.data.clear()
        self.feeds.on_event(event)
        for item in self.data:
            if isinstance(item, OrderBookDeltas):
                self.book.apply_deltas(item)

    def levels(self):
        return (
            {level.price.as_decimal(): Decimal(str(level.size())) for level in self.book.bids()},
            {level.price.as_decimal(): Decimal(str(level.size())) for level in self.book.asks()},
        )


def book(seq, *, snapshot=False, bids=(), asks=()):
    def levels(side):
        return [(mantissa(price), mantissa(size)) for price, size in side]

    return Book(
        market=MARKET,
        seq=seq,
        is_snapshot=snapshot,
        bids=levels(bids),
        asks=levels(asks),
        ts_ns=seq,
    )


def test_quotes_and_trades_are_exact():
    room = Room()
    bbo = Bbo(
        market=MARKET,
        seq=1,
        bid_e8=mantissa("2499.99"),
        bid_size_e8=mantissa("0.001"),
        ask_e8=mantissa("2500"),
        ask_size_e8=mantissa("3"),
        ts_ns=5,
    )
    room.take(bbo)
    (quote,) = room.data
    assert isinstance(quote, QuoteTick)
    assert str(quote.bid_price) == "2499.99"
    assert quote.bid_price == INSTRUMENT.make_price(2499.99)
    trade = Trade(
        market=MARKET,
        seq=1,
        trade_id="T-1",
        side=Side.SELL,
        price_e8=mantissa("2499.98"),
        size_e8=mantissa("0.002"),
        trade_type="FILL",
        created_ns=6,
        published_ns=7,
    )
    room.take(trade)
    (tick,) = room.data
    assert isinstance(tick, TradeTick)
    assert (tick.trade_id.value, tick.ts_event) == ("T-1", 6)


def test_markets_that_nobody_wants_pass_in_silence():
    room = Room()
    room.feed.wants_quotes = room.feed.wants_trades = room.feed.wants_book = False
    room.take(book(1, snapshot=True))
    assert room.data == []
    assert room.feeds.get("OTHER") is None


def test_s3_a_gap_empties_the_book_and_asks_for_this_market_only():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")], asks=[("11", "1")]))
    room.take(book(3, bids=[("10", "2")]))
    assert room.levels() == ({}, {})
    assert room.resyncs == [MARKET]
    room.take(book(4, bids=[("10", "2")]))
    assert room.data == []
    room.take(book(9, snapshot=True, bids=[("9.5", "1")]))
    assert room.levels() == ({Decimal("9.5"): Decimal(1)}, {})


def test_s3_a_lost_stream_empties_every_book_once():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")]))
    room.data.clear()
    room.feeds.drop_all_books()
    room.feeds.drop_all_books()
    assert len(room.data) == 1
    room.book.apply_deltas(room.data[0])
    assert room.levels() == ({}, {})


def test_e16_a_late_subscriber_is_sent_the_whole_book():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")], asks=[("11", "1")]))
    room.take(book(2, bids=[("9", "5")], asks=[("11", "0"), ("12", "3")]))
    room.data.clear()
    room.feeds.send_again(MARKET)
    late = OrderBook(INSTRUMENT.id, BookType.L2_MBP)
    late.apply_deltas(room.data[0])
    assert late.best_ask_price() == INSTRUMENT.make_price(12)
    assert len(late.bids()) == 2
    room.feeds.drop_all_books()
    room.data.clear()
    room.feeds.send_again(MARKET)
    assert room.data == []


def test_an_odd_price_is_left_out_and_disturbs_nothing():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1"), ("9.99000192", "1")]))
    room.take(book(2, bids=[("9.99000192", "2")]))
    room.take(book(3, bids=[("9.99000192", "0"), ("10", "3")]))
    assert room.levels() == ({Decimal(10): Decimal(3)}, {})
    assert room.reloads == room.resyncs == []


def test_finer_prices_throughout_drop_the_book_and_reload_the_market():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")]))
    room.take(book(2, bids=[(f"10.{number:03}", "1") for number in range(1, 40)]))
    assert room.levels() == ({}, {})
    assert room.reloads[0][0] == MARKET
    room.take(book(3, bids=[("10", "1")]))
    assert room.data == []


@pytest.mark.parametrize("kind", ["UPDATED", "SETTLED"])
def test_a_market_event_reloads_a_market_that_is_used(kind):
    room = Room()
    room.take(MarketEvent(symbol=MARKET, event_type=kind))
    room.take(MarketEvent(symbol="OTHER", event_type=kind))
    assert [market for market, _ in room.reloads] == [MARKET]


sides = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 3)), max_size=4, unique_by=lambda pair: pair[0]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10), st.booleans(), sides, sides), min_size=1, max_size=30)
)
def test_s3_the_frameworks_book_equals_the_model_whenever_it_claims_to_be_in_sync(frames):
    room, model, seq = Room(), None, None
    for number, snapshot, low, high in frames:
        # Bids below and asks above, since the framework's book refuses crossed snapshots.
        bids = [(str(price), str(size)) for price, size in low]
        asks = [(str(price + 100), str(size)) for price, size in high]
        room.take(book(number, snapshot=snapshot, bids=bids, asks=asks))
        if snapshot:
            model, seq = ({}, {}), number
        elif seq is None or number <= seq:
            continue
        elif number != seq + 1:
            model, seq = None, None
            continue
        else:
            seq = number
        for levels, changes in zip(model, (bids, asks), strict=True):
            for price, size in changes:
                levels.pop(Decimal(price), None)
                if size != "0":
                    levels[Decimal(price)] = Decimal(size)
    assert room.feed.sequence.in_sync == (model is not None)
    assert room.levels() == (model or ({}, {}))
