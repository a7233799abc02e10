"""
Quotes, trades and books as the framework's objects: integers all the way.

Tick and lot bind new orders, not what the feed carries: production had an ETH ask at 2583.84000192
beside a tick of 0.01 (8 October 2026), and after a change of tick or lot old orders keep theirs
(trap 63). ``from_raw`` does not round, and a price of its own kind would equal no other. So what is
finer than the instrument's precision follows rules that never show a better market than there is:

========  ==============================================  ===============================
          price                                           size
========  ==============================================  ===============================
quote     bid down, ask up                                down
trade     to the nearest                                  to the nearest, one step at least
book      the level is left out                           down; the level is out at zero
========  ==============================================  ===============================

A few such values are odd orders; if they become the rule, the instrument is out of date, and a
`TooFineError` says so: its reader loads the market anew.
"""

from typing import Final

from nautilus_trader.model.data import OrderBookDelta
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.enums import BookAction
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.identifiers import MAX_TRADE_ID
from nautilus_paradex.parsing.identifiers import is_identifier
from nautilus_paradex.parsing.numbers import PRICE_LIMIT_E8
from nautilus_paradex.parsing.numbers import RAW_PER_E8
from nautilus_paradex.parsing.numbers import SIZE_LIMIT_E8
from nautilus_paradex.parsing.numbers import TooFineError
from nautilus_paradex.parsing.numbers import unit_e8
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.numbers import format_mantissa


_LAST: Final = int(RecordFlag.F_LAST)
_SNAPSHOT: Final = int(RecordFlag.F_SNAPSHOT)
#: By how many finer values may outnumber the others before the instrument is out of date.
_DOUBT_LIMIT: Final = 20
_AGGRESSORS: Final = {Side.BUY: AggressorSide.BUYER, Side.SELL: AggressorSide.SELLER}


class InstrumentScale:
    """
    What turns a market's mantissas into the framework's raw values.

    Parameters
    ----------
    instrument_id : InstrumentId
        The instrument.
    price_precision, size_precision : int
        Its decimal places.

    Notes
    -----
    ``doubt`` is by how many the latest finer values outnumber the others.

    """

    __slots__ = (
        "doubt",
        "instrument_id",
        "price_precision",
        "price_unit",
        "size_precision",
        "size_unit",
    )

    def __init__(
        self, instrument_id: InstrumentId, price_precision: int, size_precision: int
    ) -> None:
        self.instrument_id = instrument_id
        self.price_precision = price_precision
        self.size_precision = size_precision
        self.price_unit = unit_e8(price_precision)
        self.size_unit = unit_e8(size_precision)
        self.doubt = 0

    @classmethod
    def of(cls, instrument: Instrument) -> "InstrumentScale":
        """Return the scale of an instrument."""
        return cls(instrument.id, instrument.price_precision, instrument.size_precision)

    def note(self, finer: list[int], count: int) -> None:
        """
        Take note of what a frame carried.

        Parameters
        ----------
        finer : list[int]
            The prices of the orders, levels or trades that were finer in price or size.
        count : int
            How many orders, levels or trades there were.

        Raises
        ------
        TooFineError
            If such values outnumber the others by far: tick or lot has changed.

        """
        self.doubt = max(0, self.doubt + 2 * len(finer) - count)
        if finer and self.doubt > _DOUBT_LIMIT:
            # The price of one of them, which may itself fit: its size does not.
            raise TooFineError(format_mantissa(finer[-1]), instrument_id=self.instrument_id)


def _raw_price(value_e8: int) -> int:
    if -PRICE_LIMIT_E8 <= value_e8 <= PRICE_LIMIT_E8:
        return value_e8 * RAW_PER_E8
    raise NumberError(format_mantissa(value_e8), "is out of the range of prices")


def _raw_size(value_e8: int) -> int:
    if 0 <= value_e8 <= SIZE_LIMIT_E8:
        return value_e8 * RAW_PER_E8
    raise NumberError(format_mantissa(value_e8), "is out of the range of sizes")


# -- QUOTES AND TRADES -----------------------------------------------------------------------------


def parse_quote_tick(event: Bbo, scale: InstrumentScale, ts_init: int) -> QuoteTick | None:
    """
    Return a quote, or None while a side of the book is empty.

    The framework's quote has no way to say that a side is empty: a price of 0 with a size of 0
    passes its checks, and then moves every mid price and every valuation that is made of quotes.

    Raises
    ------
    TooFineError
        If values finer than the instrument's precision have become the rule.
    NumberError
        If a value is out of range.

    """
    bid, ask = event.bid_e8, event.ask_e8
    bid_size, ask_size = event.bid_size_e8, event.ask_size_e8
    if bid is None or ask is None or bid_size is None or ask_size is None:
        return None
    unit, size_unit = scale.price_unit, scale.size_unit
    if bid % unit or ask % unit or bid_size % size_unit or ask_size % size_unit:
        sides = ((bid, bid_size), (ask, ask_size))
        scale.note([price for price, size in sides if price % unit or size % size_unit], 2)
        bid, ask = bid - bid % unit, ask + -ask % unit
        bid_size, ask_size = bid_size - bid_size % size_unit, ask_size - ask_size % size_unit
    elif scale.doubt:
        scale.note([], 2)
    return QuoteTick.from_raw(
        scale.instrument_id,
        _raw_price(bid),
        _raw_price(ask),
        scale.price_precision,
        scale.price_precision,
        _raw_size(bid_size),
        _raw_size(ask_size),
        scale.size_precision,
        scale.size_precision,
        event.ts_ns,
        ts_init,
    )


def parse_trade_tick(event: Trade, scale: InstrumentScale, ts_init: int) -> TradeTick:
    """
    Return a trade; its time is the matching engine's.

    Raises
    ------
    TooFineError
        If values finer than the instrument's precision have become the rule.
    NumberError
        If a value is out of range, or the size is not above zero.

    """
    price, size = event.price_e8, event.size_e8
    if size <= 0:
        raise NumberError(format_mantissa(size), f"is no size of a trade in {event.market}")
    unit, size_unit = scale.price_unit, scale.size_unit
    if price % unit or size % size_unit:
        scale.note([price], 1)
        price, size = _nearest(price, unit), max(_nearest(size, size_unit), size_unit)
    elif scale.doubt:
        scale.note([], 1)
    return TradeTick.from_raw(
        scale.instrument_id,
        _raw_price(price),
        scale.price_precision,
        _raw_size(size),
        scale.size_precision,
        _AGGRESSORS[event.side],
        TradeId(trade_id_of(event)),
        event.created_ns,
        ts_init,
    )


def _nearest(value_e8: int, unit: int) -> int:
    """Return the nearest multiple of a unit, half to even."""
    steps, rest = divmod(value_e8, unit)
    if 2 * rest > unit or (2 * rest == unit and steps % 2):
        steps += 1
    return steps * unit


def trade_id_of(event: Trade) -> str:
    """
    Return the venue's trade id, or one made of what tells trades apart where it sends none.

    Schema versions below 2 carry only half of the id, which is wrong (trap 4). The one that is made
    is the same however often and by whichever way the trade arrives.
    """
    if event.trade_id is not None and is_identifier(event.trade_id, MAX_TRADE_ID):
        return event.trade_id
    mark = f"{event.created_ns // 1_000:x}-{event.seq or 0:x}-{event.price_e8:x}-{event.size_e8:x}"
    return mark[-MAX_TRADE_ID:]


# -- BOOKS -----------------------------------------------------------------------------------------


def parse_order_book_deltas(
    event: Book, scale: InstrumentScale, ts_init: int
) -> OrderBookDeltas | None:
    """
    Return a frame's changes as one group, or None for a delta without changes.

    A snapshot starts with a CLEAR and carries F_SNAPSHOT on every change; the last change of a
    group carries F_LAST.

    Raises
    ------
    TooFineError
        If values finer than the instrument's precision have become the rule.
    NumberError
        If a value is out of range.

    """
    rows = _rows(event, scale)
    flags = _SNAPSHOT if event.is_snapshot else 0
    seq, ts_event = event.seq, event.ts_ns
    deltas: list[OrderBookDelta] = []
    if event.is_snapshot:
        deltas.append(_clear(scale, flags if rows else flags | _LAST, seq, ts_event, ts_init))
    elif not rows:
        return None
    left = len(rows)
    for action, side, price, size in rows:
        left -= 1
        deltas.append(
            OrderBookDelta.from_raw(
                scale.instrument_id,
                action,
                side,
                price,
                scale.price_precision,
                size,
                scale.size_precision,
                0,
                flags if left else flags | _LAST,
                seq,
                ts_event,
                ts_init,
            )
        )
    return OrderBookDeltas(scale.instrument_id, deltas)


def _rows(event: Book, scale: InstrumentScale) -> list[tuple[BookAction, OrderSide, int, int]]:
    """Return what is to be done: action, side, raw price, raw size."""
    unit, size_unit, is_snapshot = scale.price_unit, scale.size_unit, event.is_snapshot
    present = BookAction.ADD if is_snapshot else BookAction.UPDATE
    rows = []
    finer = []
    for side, levels in ((OrderSide.BUY, event.bids), (OrderSide.SELL, event.asks)):
        for price, size in levels:
            if price % unit:
                finer.append(price)
                continue
            rest = size % size_unit
            if rest:
                finer.append(price)
            raw_size = _raw_size(size - rest)
            if raw_size:
                rows.append((present, side, _raw_price(price), raw_size))
            elif not is_snapshot:
                rows.append((BookAction.DELETE, side, _raw_price(price), 0))
    if finer or scale.doubt:
        scale.note(finer, len(event.bids) + len(event.asks))
    return rows


def parse_book_clear(scale: InstrumentScale, ts_init: int) -> OrderBookDeltas:
    """Return a group that empties a book which is not known to be right any more (rule S3)."""
    clear = _clear(scale, _SNAPSHOT | _LAST, 0, ts_init, ts_init)
    return OrderBookDeltas(scale.instrument_id, [clear])


def _clear(
    scale: InstrumentScale, flags: int, seq: int, ts_event: int, ts_init: int
) -> OrderBookDelta:
    # `OrderBookDelta.clear` sets no flags, and a group without F_LAST is never flushed.
    return OrderBookDelta(
        scale.instrument_id, BookAction.CLEAR, None, flags, seq, ts_event, ts_init
    )
