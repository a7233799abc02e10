"""Order books as the framework's data (rules S3, E16)."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from nautilus_paradex.data.books import JOURNAL_LIMIT
from nautilus_paradex.data.books import Books
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.json_events import decode_channel
from nautilus_paradex.protocol.numbers import format_mantissa
from nautilus_paradex.protocol.numbers import mantissa


INSTRUMENT = TestInstrumentProvider.ethusdt_perp_binance()  # tick 0.01, lot 0.001
MARKET = INSTRUMENT.id.symbol.value
DELTAS = channels.book_deltas(MARKET)
DEPTH = channels.book_snapshot(MARKET)
INTERACTIVE = channels.book_deltas(MARKET, interactive=True)


class Room:
    def __init__(self, channel=DELTAS):
        self.data, self.resyncs, self.reloads = [], [], []
        self.books = Books(
            emit=self.data.append,
            resync=lambda channel, reason: self.resyncs.append((channel.name, reason)),
            reload=lambda market, reason: self.reloads.append((market, reason)),
            clock=TestClock(),
            log=Logger("books"),
        )
        self.channel = channel
        self.feed = self.books.want(channel, INSTRUMENT)
        self.book = OrderBook(INSTRUMENT.id, BookType.L2_MBP)

    def take(self, event):
        self.data.clear()
        self.books.on_frame(self.channel, event)
        self.apply()

    def apply(self):
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


# -- DELTAS ----------------------------------------------------------------------------------------


def test_books_that_nobody_wants_pass_in_silence():
    room = Room()
    room.books.drop(DELTAS)
    room.take(book(1, snapshot=True, bids=[("10", "1")]))
    assert room.data == []
    assert room.books.get(DELTAS) is None
    assert room.books.silent() == []


def test_s3_a_gap_empties_the_book_and_asks_for_this_book_only():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")], asks=[("11", "1")]))
    room.take(book(3, bids=[("10", "2")]))
    assert room.levels() == ({}, {})
    assert room.resyncs == [(DELTAS.name, "a gap: expected 2, got 3")]
    assert room.books.gaps == 1
    assert room.books.silent() == [DELTAS]
    room.take(book(4, bids=[("10", "2")]))
    assert room.data == []
    room.take(book(9, snapshot=True, bids=[("9.5", "1")]))
    assert room.levels() == ({Decimal("9.5"): Decimal(1)}, {})
    assert room.books.silent() == []


def test_s3_a_lost_socket_empties_its_books_once():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")]))
    room.data.clear()
    room.books.on_lost([channels.bbo(MARKET), DELTAS])
    room.books.on_lost([DELTAS])
    assert len(room.data) == 1
    room.apply()
    assert room.levels() == ({}, {})


def test_e16_a_late_subscriber_is_sent_the_whole_book():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")], asks=[("11", "1")]))
    room.take(book(2, bids=[("9", "5")], asks=[("11", "0"), ("12", "3")]))
    room.data.clear()
    room.books.send_again(DELTAS)
    late = OrderBook(INSTRUMENT.id, BookType.L2_MBP)
    late.apply_deltas(room.data[0])
    assert late.best_ask_price() == INSTRUMENT.make_price(12)
    assert len(late.bids()) == 2
    room.books.make_stale(DELTAS)
    room.data.clear()
    room.books.send_again(DELTAS)
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


def test_a_changed_instrument_starts_its_books_again():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")]))
    room.data.clear()
    room.books.rescale(INSTRUMENT)
    room.apply()
    assert room.levels() == ({}, {})
    assert room.resyncs == [(DELTAS.name, "the instrument has changed")]


def test_s3_a_crossed_book_is_dropped_and_asked_for_again():
    room = Room()
    room.take(book(1, snapshot=True, bids=[("10", "1")], asks=[("11", "1")]))
    room.take(book(2, bids=[("11", "1")]))
    assert room.levels() == ({}, {})
    assert room.resyncs == [(DELTAS.name, "it is crossed at 2")]
    room.take(book(3, snapshot=True, bids=[("12", "1")], asks=[("11", "1")]))
    assert room.levels() == ({}, {})


def test_trap_14_a_book_with_rpi_liquidity_may_be_crossed():
    room = Room(INTERACTIVE)
    room.take(book(1, snapshot=True, bids=[("12", "1")], asks=[("11", "1")]))
    assert room.levels() == ({Decimal(12): Decimal(1)}, {Decimal(11): Decimal(1)})
    assert room.resyncs == []


def test_a_journal_ends_where_a_comparison_takes_too_long():
    room = Room()
    room.take(book(0, snapshot=True, bids=[("10", "1")]))
    room.feed.journal = []
    for seq in range(1, JOURNAL_LIMIT + 1):
        room.take(book(seq, bids=[("10", "1")]))
    assert len(room.feed.journal) == JOURNAL_LIMIT
    room.take(book(JOURNAL_LIMIT + 1, bids=[("10", "1")]))
    assert room.feed.journal is None


# -- DEPTH -----------------------------------------------------------------------------------------


def test_depth_is_the_ten_best_levels_of_each_snapshot():
    room = Room(DEPTH)
    bids = [(str(100 - number), "1") for number in range(15)]
    room.take(book(7, snapshot=True, bids=bids, asks=[("101", "2")]))
    (depth,) = room.data
    assert isinstance(depth, OrderBookDepth10)
    assert [str(order.price) for order in depth.bids[:2]] == ["100.00", "99.00"]
    assert str(depth.bids[9].price) == "91.00"
    assert str(depth.asks[0].size) == "2.000"
    assert depth.ask_counts[1] == 0
    # The numbers of snapshots may skip.
    room.take(book(19, snapshot=True, bids=bids))
    assert len(room.data) == 1
    room.take(book(20, bids=bids))
    assert room.data == []
    assert room.resyncs == [(DEPTH.name, "a snapshot feed sent a delta")]


def test_s3_a_depth_that_was_overtaken_is_not_given_on():
    room = Room(DEPTH)
    room.take(at(7, book(7, snapshot=True, bids=[("10", "1")])))
    room.take(at(9, book(9, snapshot=True, bids=[("11", "1")])))
    room.take(at(7, book(7, snapshot=True, bids=[("10", "1")])))
    assert room.data == []
    # After an engine's restart the numbers start anew.
    room.take(at(10, book(2, snapshot=True, bids=[("12", "1")])))
    assert str(room.data[0].bids[0].price) == "12.00"


def test_s3_a_crossed_depth_empties_the_depth_until_the_next_snapshot():
    room = Room(DEPTH)
    room.take(book(7, snapshot=True, bids=[("10", "1")], asks=[("11", "1")]))
    room.take(book(8, snapshot=True, bids=[("12", "1")], asks=[("11", "1")]))
    (empty,) = room.data
    assert_empty(empty)
    assert room.resyncs == [(DEPTH.name, "it is crossed at 8")]
    room.take(book(9, snapshot=True, bids=[("10", "1")], asks=[("11", "1")]))
    assert len(room.data) == 1
    assert room.feed.is_in_sync


def test_trap_14_a_depth_with_rpi_liquidity_may_be_crossed():
    room = Room(channels.book_snapshot(MARKET, interactive=True))
    room.take(book(8, snapshot=True, bids=[("12", "1")], asks=[("11", "1")]))
    assert str(room.data[0].bids[0].price) == "12.00"


def test_s3_a_lost_socket_empties_its_depths_once():
    room = Room(DEPTH)
    room.books.on_lost([DEPTH])
    assert room.data == []
    room.take(book(7, snapshot=True, bids=[("10", "1")]))
    room.data.clear()
    room.books.on_lost([DEPTH])
    room.books.on_lost([DEPTH])
    (empty,) = room.data
    assert_empty(empty)
    managed = OrderBook(INSTRUMENT.id, BookType.L2_MBP)
    room.take(book(8, snapshot=True, bids=[("10", "1")]))
    managed.apply_depth(room.data[0])
    managed.apply_depth(empty)
    assert managed.bids() == []


def test_a_changed_instrument_leaves_its_depth_as_it_is():
    room = Room(DEPTH)
    room.take(book(7, snapshot=True, bids=[("10", "1")]))
    room.data.clear()
    room.books.rescale(INSTRUMENT)
    assert room.data == room.resyncs == []


def at(ts_ns, event):
    return msgspec.structs.replace(event, ts_ns=ts_ns)


def assert_empty(depth):
    assert isinstance(depth, OrderBookDepth10)
    assert {order.side for order in (*depth.bids, *depth.asks)} == {OrderSide.NO_ORDER_SIDE}
    assert set(depth.bid_counts) == set(depth.ask_counts) == {0}
    assert depth.flags == RecordFlag.F_SNAPSHOT | RecordFlag.F_LAST


@pytest.mark.parametrize("channel", [DELTAS, DEPTH], ids=["deltas", "depth"])
def test_s3_a_frame_that_cannot_be_given_on_for_any_reason_leaves_no_book(channel):
    """A book that took the frame, while the framework's did not, would be wrong and in sync."""
    room = Room(channel)
    room.take(book(1, snapshot=True, bids=[("10", "1")]))
    with pytest.raises(OverflowError):
        room.take(at(-1, book(2, snapshot=channel is DEPTH, bids=[("11", "1")])))
    room.apply()
    assert room.levels() == ({}, {})
    assert not room.feed.is_in_sync
    assert room.resyncs == [(channel.name, "frame 2 cannot be given on")]


def test_s3_numbers_that_start_anew_without_a_snapshot_empty_the_book():
    room = Room()
    room.take(at(10, book(700, snapshot=True, bids=[("10", "1")])))
    room.take(at(11, book(701, bids=[("11", "1")])))
    room.take(at(12, book(1, bids=[("12", "1")])))
    assert room.levels() == ({}, {})
    assert room.resyncs == [(DELTAS.name, "a gap: expected 702, got 1")]


def test_s3_a_snapshot_that_contradicts_the_frame_of_its_number_is_asked_for_again():
    """Its number is ahead of it: what it lacks would be passed over as old."""
    room = Room()
    room.take(book(9, snapshot=True, bids=[("10", "1")]))
    room.take(book(8, bids=[("10", "5")]))
    room.take(book(9, bids=[("10", "1"), ("9", "0")]))
    assert room.feed.is_in_sync
    room.take(book(9, bids=[("10", "2")]))
    assert room.levels() == ({}, {})
    assert room.resyncs == [(DELTAS.name, "the frame of its own number 9 differs from it")]


# -- ANY SEQUENCE OF FRAMES ------------------------------------------------------------------------


class Model:
    """What a book is, written down once more."""

    def __init__(self):
        self.levels, self.seq, self.ts, self.moved = None, None, 0, False

    def take(self, event):
        if event.is_snapshot:
            if self.levels is not None and event.seq < self.seq and event.ts_ns <= self.ts:
                return
            self.levels, self.moved = ({}, {}), False
        elif self.levels is None:
            return
        elif event.seq <= self.seq:
            sides = zip(self.levels, (event.bids, event.asks), strict=True)
            differs = any(held.get(p, 0) != size for held, rows in sides for p, size in rows)
            if (self.moved and event.ts_ns > self.ts) or (event.seq == self.seq and differs):
                self.levels = None
            return
        elif event.seq != self.seq + 1:
            self.levels = None
            return
        else:
            self.moved = True
        for held, changes in zip(self.levels, (event.bids, event.asks), strict=True):
            for price, size in changes:
                held.pop(price, None)
                if size:
                    held[price] = size
        self.seq, self.ts = event.seq, event.ts_ns
        bids, asks = self.levels
        if bids and asks and max(bids) >= min(asks):
            self.levels = None

    def as_decimals(self):
        if self.levels is None:
            return ({}, {})
        return tuple(
            {
                Decimal(format_mantissa(price)): Decimal(format_mantissa(size))
                for price, size in side.items()
            }
            for side in self.levels
        )


SIDE = st.lists(
    st.tuples(
        st.integers(95, 105).map(lambda cents: cents * 10**6),
        st.integers(0, 3).map(lambda lots: lots * 10**5),
    ),
    max_size=4,
    unique_by=lambda pair: pair[0],
)

FRAMES = st.builds(
    Book,
    market=st.just(MARKET),
    seq=st.integers(0, 8),
    is_snapshot=st.booleans(),
    bids=SIDE,
    asks=SIDE,
    ts_ns=st.integers(0, 4).map(lambda ms: 10**15 + ms * 10**6),
)


def over_the_wire(event, encoding):
    """Return what comes out of the wire, or None where the frame was cut."""
    version, cut = encoding
    if version is None:
        text = json_of(event)
        text = text[: len(text) - cut] if cut else text
        try:
            return decode_channel(DELTAS.name, text.encode())
        except WireError:
            return None
    frame = sbe.encode_event(event, version=version)
    try:
        return sbe.decode_frame(frame[: len(frame) - cut] if cut else frame)
    except WireError:
        return None


def json_of(event):
    def rows(keep):
        return [
            {"side": side, "price": format_mantissa(price), "size": format_mantissa(size)}
            for side, levels in (("BUY", event.bids), ("SELL", event.asks))
            for price, size in levels
            if keep(size)
        ]

    return json.dumps(
        {
            "seq_no": event.seq,
            "market": MARKET,
            "last_updated_at": event.ts_ns // 10**6,
            "update_type": "s" if event.is_snapshot else "d",
            "inserts": rows(lambda size: size),
            "updates": [],
            "deletes": rows(lambda size: not size),
        }
    )


@settings(max_examples=250, deadline=None)
@given(
    st.lists(
        st.tuples(
            FRAMES,
            st.tuples(st.sampled_from([0, 1, 2, None]), st.sampled_from([0, 0, 0, 0, 1, 9])),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_s3_the_frameworks_book_equals_the_model_whenever_it_claims_to_be_in_sync(steps):
    room, model = Room(), Model()
    for event, encoding in steps:
        arrived = over_the_wire(event, encoding)
        if arrived is None:
            continue
        assert arrived.seq == event.seq
        room.take(arrived)
        model.take(arrived)
        assert room.feed.is_in_sync == (model.levels is not None)
        assert room.levels() == model.as_decimals()
        assert (room.books.silent() == []) == room.feed.is_in_sync


def test_the_json_of_the_property_is_the_venues():
    event = book(4, snapshot=True, bids=[("10", "1")], asks=[("11", "0.5")])
    arrived = decode_channel(DELTAS.name, json_of(event).encode())
    assert arrived == Book(
        market=MARKET, seq=4, is_snapshot=True, bids=event.bids, asks=event.asks, ts_ns=0
    )
    with pytest.raises(WireError):
        decode_channel(DELTAS.name, json_of(event)[:-3].encode())
