"""When a book frame may be applied (rule S3, PROTOCOL 6.5)."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol.book import TRANSITIONS
from nautilus_paradex.protocol.book import BookAction
from nautilus_paradex.protocol.book import BookLevels
from nautilus_paradex.protocol.book import BookSequence
from nautilus_paradex.protocol.book import BookState
from nautilus_paradex.protocol.book import FrameKind
from nautilus_paradex.protocol.events import Book


def frame(seq, *, snapshot=False, bids=(), asks=()):
    return Book(
        market="M", seq=seq, is_snapshot=snapshot, bids=list(bids), asks=list(asks), ts_ns=seq
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
    st.lists(st.tuples(st.integers(0, 12), st.booleans(), sides, sides), min_size=1, max_size=40)
)
def test_s3_a_book_in_sync_equals_an_independent_model(frames):
    sequence, levels = BookSequence(), BookLevels()
    model, expected = {"b": {}, "a": {}}, None
    for seq, snapshot, bids, asks in frames:
        event = frame(seq, snapshot=snapshot, bids=bids, asks=asks)
        if sequence.on_frame(event) in (BookAction.REBUILD, BookAction.APPLY):
            levels.apply(event)
        if snapshot:
            model, expected = {"b": {}, "a": {}}, seq
        elif expected is None or seq <= expected:
            continue
        elif seq != expected + 1:
            expected = None
            continue
        else:
            expected = seq
        for side, changes in (("b", bids), ("a", asks)):
            for price, size in changes:
                model[side][price] = size
    assert sequence.in_sync == (expected is not None)
    if sequence.in_sync:
        assert levels.bids == {p: s for p, s in model["b"].items() if s}
        assert levels.asks == {p: s for p, s in model["a"].items() if s}
        assert levels.seq == expected
