"""
When a book frame may be applied: the sequence rules of PROTOCOL 6.5 and rule S3 as a table.

A snapshot (re)starts the sequence at any number. A delta must be exactly one above the last
applied frame. Anything else drops the book until the next snapshot; but what repeats an applied
frame changes nothing.

Numbers that start anew without a snapshot look like repeats, and are told from them by their time:
what repeats an applied frame is not younger than the last of them. Right after a snapshot that
proves nothing, for frames that are in it already may have been sent after it.
"""

from enum import Enum
from enum import auto
from typing import Final

from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.numbers import format_mantissa


class BookState(Enum):
    """If a market's book may be trusted."""

    AWAITING_SNAPSHOT = auto()
    IN_SYNC = auto()


class FrameKind(Enum):
    """What a frame is to the last applied one."""

    SNAPSHOT = auto()
    NEXT = auto()
    """A delta with exactly the next number."""
    OLD_SNAPSHOT = auto()
    """A snapshot that is older than an applied frame, by its number and by its time."""
    OLD = auto()
    """A delta that repeats, or is older than, an applied frame."""
    RESTARTED = auto()
    """A delta with an old number that is younger than the last applied one."""
    GAP = auto()
    """A delta that skips numbers."""


class BookAction(Enum):
    """What to do with a frame."""

    REBUILD = auto()
    """Clear the book and apply the frame."""
    APPLY = auto()
    IGNORE = auto()
    RESYNC = auto()
    """Drop the book; ask for a new snapshot of this market only."""


TRANSITIONS: Final[dict[tuple[BookState, FrameKind], tuple[BookAction, BookState]]] = {
    (BookState.AWAITING_SNAPSHOT, FrameKind.SNAPSHOT): (BookAction.REBUILD, BookState.IN_SYNC),
    (BookState.AWAITING_SNAPSHOT, FrameKind.NEXT): (
        BookAction.IGNORE,
        BookState.AWAITING_SNAPSHOT,
    ),
    (BookState.AWAITING_SNAPSHOT, FrameKind.OLD_SNAPSHOT): (BookAction.REBUILD, BookState.IN_SYNC),
    (BookState.AWAITING_SNAPSHOT, FrameKind.OLD): (BookAction.IGNORE, BookState.AWAITING_SNAPSHOT),
    (BookState.AWAITING_SNAPSHOT, FrameKind.RESTARTED): (
        BookAction.IGNORE,
        BookState.AWAITING_SNAPSHOT,
    ),
    (BookState.AWAITING_SNAPSHOT, FrameKind.GAP): (BookAction.IGNORE, BookState.AWAITING_SNAPSHOT),
    (BookState.IN_SYNC, FrameKind.SNAPSHOT): (BookAction.REBUILD, BookState.IN_SYNC),
    (BookState.IN_SYNC, FrameKind.NEXT): (BookAction.APPLY, BookState.IN_SYNC),
    (BookState.IN_SYNC, FrameKind.OLD_SNAPSHOT): (BookAction.IGNORE, BookState.IN_SYNC),
    (BookState.IN_SYNC, FrameKind.OLD): (BookAction.IGNORE, BookState.IN_SYNC),
    (BookState.IN_SYNC, FrameKind.RESTARTED): (BookAction.RESYNC, BookState.AWAITING_SNAPSHOT),
    (BookState.IN_SYNC, FrameKind.GAP): (BookAction.RESYNC, BookState.AWAITING_SNAPSHOT),
}


class BookSequence:
    """The sequence of one market's book on one connection."""

    __slots__ = ("_has_moved", "gaps", "seq", "state", "ts_ns")

    def __init__(self) -> None:
        self.state = BookState.AWAITING_SNAPSHOT
        self.seq = 0
        self.ts_ns = 0
        self.gaps = 0
        #: If a delta was applied since the snapshot.
        self._has_moved = False

    @property
    def in_sync(self) -> bool:
        """If every frame since the last snapshot was applied."""
        return self.state is BookState.IN_SYNC

    def on_frame(self, frame: Book) -> BookAction:
        """Return what to do with the frame, and take it into account."""
        action, self.state = TRANSITIONS[self.state, self._kind(frame)]
        if action in (BookAction.REBUILD, BookAction.APPLY):
            self.seq = frame.seq
            self.ts_ns = frame.ts_ns
            self._has_moved = action is BookAction.APPLY
        elif action is BookAction.RESYNC:
            self.gaps += 1
        return action

    def on_disconnect(self) -> None:
        """Mark the book stale: only a snapshot clears it, whatever its number."""
        self.state = BookState.AWAITING_SNAPSHOT

    def _kind(self, frame: Book) -> FrameKind:
        if frame.is_snapshot:
            # A time of 0 is none.
            is_old = frame.seq < self.seq and 0 < frame.ts_ns <= self.ts_ns
            return FrameKind.OLD_SNAPSHOT if is_old else FrameKind.SNAPSHOT
        if frame.seq == self.seq + 1:
            return FrameKind.NEXT
        if frame.seq > self.seq:
            return FrameKind.GAP
        is_younger = self._has_moved and frame.ts_ns > self.ts_ns
        return FrameKind.RESTARTED if is_younger else FrameKind.OLD


#: Where a side has no level: below every bid, above every ask.
NO_BID: Final = -(2**63)
NO_ASK: Final = 2**63


class BookLevels:
    """
    One market's book as two maps from price to size, both in units of 1e-8.

    Kept beside the framework's own book to serve late subscribers, and to be compared with REST.
    """

    __slots__ = ("asks", "best_ask", "best_bid", "bids", "seq", "ts_ns")

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.best_bid = NO_BID
        self.best_ask = NO_ASK
        self.seq = 0
        self.ts_ns = 0

    @property
    def is_crossed(self) -> bool:
        """If somebody could trade with both sides: no book of resting orders is like that."""
        return self.best_bid >= self.best_ask

    def apply(self, frame: Book) -> None:
        """Apply a frame that :class:`BookSequence` lets pass."""
        if frame.is_snapshot:
            self.clear()
        bids, best = self.bids, self.best_bid
        for price, size in frame.bids:
            if size:
                bids[price] = size
                best = max(best, price)
            elif bids.pop(price, 0) and price == best:
                best = max(bids, default=NO_BID)
        self.best_bid = best
        asks, best = self.asks, self.best_ask
        for price, size in frame.asks:
            if size:
                asks[price] = size
                best = min(best, price)
            elif asks.pop(price, 0) and price == best:
                best = min(asks, default=NO_ASK)
        self.best_ask = best
        self.seq = frame.seq
        self.ts_ns = frame.ts_ns

    def contradicts(self, frame: Book) -> bool:
        """
        If a delta that is said to be in the book already is not.

        Of frames before the last one nothing can be said: later ones changed their levels again.
        """
        return frame.seq == self.seq and any(
            held.get(price, 0) != size
            for held, levels in ((self.bids, frame.bids), (self.asks, frame.asks))
            for price, size in levels
        )

    def clear(self) -> None:
        """Drop all levels."""
        self.bids.clear()
        self.asks.clear()
        self.best_bid = NO_BID
        self.best_ask = NO_ASK

    def snapshot(self, market: str) -> Book:
        """Return the whole book as a snapshot frame, best prices first."""
        return Book(
            market=market,
            seq=self.seq,
            is_snapshot=True,
            bids=sorted(self.bids.items(), reverse=True),
            asks=sorted(self.asks.items()),
            ts_ns=self.ts_ns,
        )


def first_difference(levels: BookLevels, other: Book) -> str:
    """
    Return where a book differs from the best levels of another; empty if it does not.

    Parameters
    ----------
    levels : BookLevels
        The whole book.
    other : Book
        The best levels of the same book at the same moment, each side best first.

    """
    own = levels.snapshot(other.market)
    for side, mine, theirs in (("bid", own.bids, other.bids), ("ask", own.asks, other.asks)):
        for number, level in enumerate(theirs):
            held = mine[number] if number < len(mine) else None
            if held != level:
                return f"{side} {number + 1} is {_text(held)}, not {_text(level)}"
    return ""


def _text(level: tuple[int, int] | None) -> str:
    if level is None:
        return "absent"
    return f"{format_mantissa(level[1])} at {format_mantissa(level[0])}"
