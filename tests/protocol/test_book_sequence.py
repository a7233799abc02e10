"""When a book frame may be applied (rule S3, PROTOCOL 6.5)."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol.book import NO_ASK
from nautilus_paradex.protocol.book import NO_BID
from nautilus_paradex.protocol.book import TRANSITIONS
from nautilus_paradex.protocol.book import BookAction
from nautilus_paradex.protocol.book import BookLevels
from nautilus_paradex.protocol.book import BookSequence
from nautilus_paradex.protocol.book import BookState
from nautilus_paradex.protocol.book import FrameKind
from nautilus_paradex.protocol.book import first_difference
from nautilus_paradex.protocol.events import Book


UNIT = 10**8


def frame(seq, *, snapshot=False, bids=(), asks=(), ts_ns=None):
    return Book(
        market="M",
        seq=seq,
        is_snapshot=snapshot,
        bids=list(bids),
        asks=list(asks),
        ts_ns=seq if ts_ns is None else ts_ns,
    )


def test_every_frame_has_a_row_in_every_state():
    assert set(TRANSITIONS) == set(itertools.product(BookState, FrameKind))


def test_s3_a_book_is_rebuilt_applied_and_dropped_by_its_numbers():
    sequence = BookSequence()
    assert sequence.on_frame(frame(5)) is BookAction.IGNORE
    assert not sequence.in_sync
    assert sequence.on_frame(frame(7, snapshot=True)) is BookAction.REBUILD
    assert sequence.on_frame(frame(8)) is BookAction.APPLY
    assert sequence.on_frame(frame(8)) is BookAction.IGNORE
    assert sequence.on_frame(frame(10)) is BookAction.RESYNC
    assert (sequence.gaps, sequence.in_sync) == (1, False)
    assert sequence.on_frame(frame(11)) is BookAction.IGNORE
    # After an engine restart the numbers may start again.
    assert sequence.on_frame(frame(1, snapshot=True)) is BookAction.REBUILD
    assert sequence.in_sync


def test_s3_numbers_that_start_anew_without_a_snapshot_drop_the_book():
    sequence = BookSequence()
    sequence.on_frame(frame(700, snapshot=True, ts_ns=10))
    # What is in the snapshot already may be sent after it.
    assert sequence.on_frame(frame(699, ts_ns=11)) is BookAction.IGNORE
    assert sequence.on_frame(frame(701, ts_ns=12)) is BookAction.APPLY
    assert sequence.on_frame(frame(701, ts_ns=12)) is BookAction.IGNORE
    assert sequence.on_frame(frame(1, ts_ns=13)) is BookAction.RESYNC
    assert not sequence.in_sync
    assert sequence.on_frame(frame(2, ts_ns=14)) is BookAction.IGNORE
    assert sequence.on_frame(frame(3, snapshot=True, ts_ns=15)) is BookAction.REBUILD


def test_s3_a_snapshot_that_was_overtaken_does_not_turn_the_book_back():
    sequence = BookSequence()
    sequence.on_frame(frame(7, snapshot=True, ts_ns=7))
    sequence.on_frame(frame(8, ts_ns=8))
    assert sequence.on_frame(frame(7, snapshot=True, ts_ns=7)) is BookAction.IGNORE
    assert sequence.on_frame(frame(9, ts_ns=9)) is BookAction.APPLY
    # A snapshot whose time nobody knows, or a younger one, is taken whatever its number.
    assert sequence.on_frame(frame(5, snapshot=True, ts_ns=0)) is BookAction.REBUILD
    sequence.on_frame(frame(6, ts_ns=9))
    assert sequence.on_frame(frame(2, snapshot=True, ts_ns=10)) is BookAction.REBUILD


def test_s3_a_disconnect_makes_the_book_stale_until_a_snapshot():
    sequence = BookSequence()
    sequence.on_frame(frame(7, snapshot=True))
    sequence.on_disconnect()
    assert sequence.on_frame(frame(8)) is BookAction.IGNORE


def test_levels_follow_frames():
    levels = BookLevels()
    levels.apply(frame(1, snapshot=True, bids=[(10, 1), (9, 2)], asks=[(11, 3)]))
    levels.apply(frame(2, bids=[(10, 0), (8, 5), (7, 0)], asks=[(11, 4), (12, 1)]))
    book = levels.snapshot("M")
    assert book == frame(2, snapshot=True, bids=[(9, 2), (8, 5)], asks=[(11, 4), (12, 1)])
    levels.apply(frame(3, snapshot=True))
    assert levels.snapshot("M").bids == []


sides = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 3)), max_size=4)


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.booleans(), sides, sides, st.integers(0, 4)),
        min_size=1,
        max_size=40,
    )
)
def test_s3_a_book_in_sync_equals_an_independent_model(frames):
    sequence, levels = BookSequence(), BookLevels()
    model, expected, at, moved = {"b": {}, "a": {}}, None, 0, False
    for seq, snapshot, bids, asks, ts in frames:
        event = frame(seq, snapshot=snapshot, bids=bids, asks=asks, ts_ns=ts)
        if sequence.on_frame(event) in (BookAction.REBUILD, BookAction.APPLY):
            levels.apply(event)
        if snapshot:
            if expected is not None and seq < expected and 1 <= ts <= at:
                continue
            model, expected, moved = {"b": {}, "a": {}}, seq, False
        elif expected is None:
            continue
        elif seq <= expected:
            if moved and ts > at:
                expected = None
            continue
        elif seq != expected + 1:
            expected = None
            continue
        else:
            expected, moved = seq, True
        at = ts
        for side, changes in (("b", bids), ("a", asks)):
            for price, size in changes:
                model[side][price] = size
    assert sequence.in_sync == (expected is not None)
    if sequence.in_sync:
        assert levels.bids == {p: s for p, s in model["b"].items() if s}
        assert levels.asks == {p: s for p, s in model["a"].items() if s}
        assert levels.seq == expected


def test_the_best_levels_follow_every_change():
    levels = BookLevels()
    levels.apply(frame(1, snapshot=True, bids=[(10, 1), (9, 1)], asks=[(12, 1), (13, 1)]))
    assert (levels.best_bid, levels.best_ask) == (10, 12)
    levels.apply(frame(2, bids=[(10, 0)], asks=[(12, 0)]))
    assert (levels.best_bid, levels.best_ask) == (9, 13)
    levels.apply(frame(3, bids=[(8, 0), (9, 0)], asks=[(13, 0), (99, 0)]))
    assert (levels.best_bid, levels.best_ask) == (NO_BID, NO_ASK)
    assert not levels.is_crossed
    levels.apply(frame(4, bids=[(11, 1)]))
    assert not levels.is_crossed


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), max_size=4),
            st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), max_size=4),
        ),
        max_size=20,
    )
)
def test_a_book_is_crossed_exactly_when_its_best_levels_meet(frames):
    levels = BookLevels()
    for seq, (snapshot, bids, asks) in enumerate(frames):
        levels.apply(frame(seq, snapshot=snapshot, bids=bids, asks=asks))
        assert levels.best_bid == max(levels.bids, default=NO_BID)
        assert levels.best_ask == min(levels.asks, default=NO_ASK)
        crossed = bool(levels.bids and levels.asks) and max(levels.bids) >= min(levels.asks)
        assert levels.is_crossed == crossed


def test_s3_a_delta_of_a_books_own_number_is_in_it_already():
    levels = BookLevels()
    levels.apply(frame(5, snapshot=True, bids=[(10, 1)], asks=[(12, 2)]))
    assert not levels.contradicts(frame(5, bids=[(10, 1), (9, 0)], asks=[(12, 2)]))
    assert not levels.contradicts(frame(4, bids=[(10, 7)]))
    assert levels.contradicts(frame(5, asks=[(12, 3)]))
    assert levels.contradicts(frame(5, bids=[(11, 1)]))


def test_the_first_difference_to_another_book_is_said_in_words():
    levels = BookLevels()
    bid, ask = (10 * UNIT, UNIT), (12 * UNIT, UNIT)
    levels.apply(frame(1, snapshot=True, bids=[bid], asks=[ask]))
    assert first_difference(levels, frame(1, bids=[bid], asks=[ask])) == ""
    assert first_difference(levels, frame(1)) == ""
    larger = frame(1, bids=[(10 * UNIT, 2 * UNIT)])
    assert first_difference(levels, larger) == "bid 1 is 1 at 10, not 2 at 10"
    longer = frame(1, asks=[ask, (13 * UNIT, UNIT)])
    assert first_difference(levels, longer) == "ask 2 is absent, not 1 at 13"
