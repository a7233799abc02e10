"""
What the firehose says of a market: a few frames, encoded once, that go round and round.

A frame is a whole WebSocket message. Before each sending its time and number are written into it;
everything else stays. The frames of a book change it and bring it back: after a round it is what
its snapshot says.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from enum import IntEnum
from random import Random
from struct import Struct
from typing import Final
from typing import Protocol

import msgspec

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.messages import RestBook
from nautilus_paradex.protocol.numbers import UNIT
from nautilus_paradex.protocol.numbers import format_mantissa
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.simulator.firehose.listing import Listed


class Kind(IntEnum):
    """What a feed carries, by its SBE template (PROTOCOL 7.3)."""

    TRADES = 1
    QUOTES = 2
    DELTAS = 3
    SUMMARIES = 4


SBE_VERSION: Final = 2

_TIME_AND_SEQ: Final = Struct("<qq")
_TIME: Final = Struct("<q")
_HEADER: Final = 8
#: Of a trade: when the engine made it, counted from the frame's root block.
_CREATED_AT: Final = 41
_ID_DIGITS: Final = 28
_ID_COUNTER_DIGITS: Final = 15

_ROUND: Final = 8
_BOOK_ROUND: Final = 16
_DEPTH: Final = 20
_CHANGES: Final = 3
_FIRST_SEQ: Final = 1_000


class Reader(Protocol):
    """Somebody who is subscribed."""

    def push(self, frame: bytearray) -> None:
        """Take a copy of a frame."""


def websocket_frame(payload: bytes) -> tuple[bytearray, int]:
    """Return a server's binary message, unmasked, and where its payload begins."""
    length = len(payload)
    if length < 126:
        head = bytes((0x82, length))
    elif length < 65_536:
        head = bytes((0x82, 126)) + length.to_bytes(2)
    else:
        head = bytes((0x82, 127)) + length.to_bytes(8)
    return bytearray(head + payload), len(head)


class Feed:
    """
    A market's frames of one kind.

    Parameters
    ----------
    kind : Kind
        What it carries.
    symbol : str
        The market.
    said : Iterable[StreamEvent]
        What it says in a round.

    Attributes
    ----------
    sent : int
        Messages that were given to readers.

    """

    __slots__ = ("_frames", "_next", "kind", "readers", "sent", "seq", "symbol")

    def __init__(self, kind: Kind, symbol: str, said: Iterable[events.StreamEvent]) -> None:
        self.kind = kind
        self.symbol = symbol
        self.readers: list[Reader] = []
        self.sent = 0
        self.seq = _FIRST_SEQ
        self._frames = [_patchable(event) for event in said]
        self._next = 0

    def begin(self, reader: Reader, ts_us: int) -> None:
        """Take a reader."""
        self.readers.append(reader)

    def end(self, reader: Reader) -> None:
        """Let a reader go."""
        self.readers.remove(reader)

    def send(self, ts_us: int) -> int:
        """Give every reader the next message; return how many readers there are."""
        frame, root = self._frames[self._next]
        self._next = (self._next + 1) % len(self._frames)
        self.seq += 1
        _TIME_AND_SEQ.pack_into(frame, root, ts_us, self.seq)
        if self.kind is Kind.TRADES:
            _TIME.pack_into(frame, root + _CREATED_AT, ts_us)
            frame[-_ID_COUNTER_DIGITS:] = b"%015d" % self.seq
        readers = self.readers
        for reader in readers:
            reader.push(frame)
        self.sent += len(readers)
        return len(readers)


class BookFeed(Feed):
    """
    A market's book: deltas, and the snapshot that a new reader begins with.

    Parameters
    ----------
    base : Book
        The book before the first delta, and after the last.
    deltas : list[Book]
        What changes it.

    """

    __slots__ = ("_base", "_deltas")

    def __init__(self, base: events.Book, deltas: list[events.Book]) -> None:
        super().__init__(Kind.DELTAS, base.market, deltas)
        self._base = base
        self._deltas = deltas

    def begin(self, reader: Reader, ts_us: int) -> None:
        """Give a new reader the book as it is; what follows has the next number."""
        event = msgspec.structs.replace(self.book(), ts_ns=ts_us * 1_000)
        reader.push(websocket_frame(encode_event(event, version=SBE_VERSION))[0])
        self.sent += 1
        self.readers.append(reader)

    def book(self) -> events.Book:
        """Return the book as the last message left it."""
        sides = (dict(self._base.bids), dict(self._base.asks))
        for event in self._deltas[: self._next]:
            for side, changes in zip(sides, (event.bids, event.asks), strict=True):
                for price, size in changes:
                    if size:
                        side[price] = size
                    else:
                        side.pop(price, None)
        return events.Book(
            market=self.symbol,
            seq=self.seq,
            is_snapshot=True,
            bids=sorted(sides[0].items(), reverse=True),
            asks=sorted(sides[1].items()),
            ts_ns=0,
        )


def rest_book(book: events.Book, depth: int, now_ms: int) -> RestBook:
    """Return a book as ``GET /orderbook/{market}`` answers."""
    bids, asks = (
        [(format_mantissa(price), format_mantissa(size)) for price, size in side[:depth]]
        for side in (book.bids, book.asks)
    )
    return RestBook(
        market=book.market, seq_no=book.seq, bids=bids, asks=asks, last_updated_at=now_ms
    )


def _patchable(event: events.StreamEvent) -> tuple[bytearray, int]:
    frame, start = websocket_frame(encode_event(event, version=SBE_VERSION))
    return frame, start + _HEADER


# -- WHAT IS SAID ----------------------------------------------------------------------------------


def _size(listed: Listed, random: Random) -> int:
    return random.randrange(1, 5_000) * listed.lot_e8


def _prices(listed: Listed, random: Random) -> tuple[int, int]:
    """Return a bid and an ask near the market's price."""
    middle = listed.price_e8 + random.randrange(-20, 20) * listed.tick_e8
    return middle - random.randrange(1, 4) * listed.tick_e8, middle


def _quotes(listed: Listed, random: Random) -> Iterator[events.StreamEvent]:
    for _ in range(_ROUND):
        bid, ask = _prices(listed, random)
        yield events.Bbo(
            market=listed.symbol,
            seq=0,
            bid_e8=bid,
            bid_size_e8=_size(listed, random),
            ask_e8=ask,
            ask_size_e8=_size(listed, random),
            ts_ns=0,
        )


def _trades(listed: Listed, random: Random) -> Iterator[events.StreamEvent]:
    # A prefix of the market's own keeps the ids of all markets apart.
    prefix = str(random.randrange(10**12, 10**13))
    for _ in range(_ROUND):
        side = random.choice((Side.BUY, Side.SELL))
        yield events.Trade(
            market=listed.symbol,
            seq=0,
            trade_id=prefix.ljust(_ID_DIGITS, "0"),
            side=side,
            price_e8=_prices(listed, random)[side is Side.BUY],
            size_e8=_size(listed, random),
            trade_type="FILL",
            created_ns=0,
            published_ns=0,
        )


def _base_book(listed: Listed, random: Random) -> events.Book:
    middle, tick = listed.price_e8, listed.tick_e8
    return events.Book(
        market=listed.symbol,
        seq=0,
        is_snapshot=True,
        bids=[(middle - n * tick, _size(listed, random)) for n in range(1, _DEPTH + 1)],
        asks=[(middle + n * tick, _size(listed, random)) for n in range(_DEPTH)],
        ts_ns=0,
    )


def _round_of_deltas(base: events.Book, listed: Listed, random: Random) -> Iterator[events.Book]:
    """Yield changes of single levels; the last one takes all of them back."""
    whole = (dict(base.bids), dict(base.asks))
    now = (dict(base.bids), dict(base.asks))
    for _ in range(_BOOK_ROUND - 1):
        changes: list[list[tuple[int, int]]] = []
        for side in now:
            prices = random.sample(sorted(whole[len(changes)]), _CHANGES)
            # The first of the levels goes, or comes back; the others change.
            sizes = [0 if prices[0] in side else _size(listed, random)]
            sizes += [_size(listed, random) for _ in prices[1:]]
            changes.append(list(zip(prices, sizes, strict=True)))
            side.update(changes[-1])
            if not sizes[0]:
                del side[prices[0]]
        yield _delta(listed, *changes)
    back = [
        sorted((price, size) for price, size in before.items() if side.get(price) != size)
        for before, side in zip(whole, now, strict=True)
    ]
    yield _delta(listed, *back)


def _delta(listed: Listed, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> events.Book:
    return events.Book(
        market=listed.symbol, seq=0, is_snapshot=False, bids=bids, asks=asks, ts_ns=0
    )


def _summaries(listed: Listed, random: Random) -> Iterator[events.StreamEvent]:
    for _ in range(_ROUND // 2):
        bid, ask = _prices(listed, random)
        iv = random.randrange(UNIT // 4, UNIT)
        greeks: dict[str, int] = {}
        if listed.is_option:
            greeks = {
                "mark_iv_e8": iv,
                "bid_iv_e8": iv - UNIT // 100,
                "ask_iv_e8": iv + UNIT // 100,
                "delta_e8": random.randrange(1, UNIT),
                "gamma_e8": random.randrange(1, UNIT // 1_000),
                "vega_e8": random.randrange(UNIT, 100 * UNIT),
                "theta_e8": -random.randrange(UNIT, 100 * UNIT),
                "rho_e8": random.randrange(1, 10 * UNIT),
                "vanna_e8": random.randrange(1, UNIT),
                "volga_e8": random.randrange(1, UNIT),
            }
        yield events.MarketSummary(
            market=listed.symbol,
            ts_ns=0,
            mark_price_e8=(bid + ask) // 2,
            underlying_price_e8=listed.price_e8,
            last_price_e8=bid,
            bid_e8=bid,
            bid_size_e8=_size(listed, random),
            ask_e8=ask,
            ask_size_e8=_size(listed, random),
            volume_24h_e8=random.randrange(10**15),
            total_volume_e8=random.randrange(10**17),
            open_interest_e8=random.randrange(10**12),
            funding_rate_e12=0 if listed.is_option else random.randrange(-(10**9), 10**9),
            price_change_rate_24h_e8=random.randrange(-UNIT // 10, UNIT // 10),
            **greeks,
        )


def feed_of(kind: Kind, listed: Listed, seed: int) -> Feed:
    """Return a market's feed; the same for a seed."""
    random = Random(f"{seed} {kind} {listed.symbol}")
    if kind is Kind.DELTAS:
        base = _base_book(listed, random)
        return BookFeed(base, list(_round_of_deltas(base, listed, random)))
    return Feed(kind, listed.symbol, _MAKERS[kind](listed, random))


_MAKERS: Final = {
    Kind.TRADES: _trades,
    Kind.QUOTES: _quotes,
    Kind.SUMMARIES: _summaries,
}
