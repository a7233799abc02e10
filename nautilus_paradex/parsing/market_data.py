"""
Quotes, trades and books as the framework's objects: integers all the way.

A value that is finer than its instrument's precision is refused, never rounded: two book levels
would become one, and ``from_raw`` would make prices that equal no other. The reader of the error
loads the market anew with the places that it names.
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
from nautilus_paradex.parsing.numbers import places_e8
from nautilus_paradex.parsing.numbers import unit_e8
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.numbers import format_mantissa


_LAST: Final = int(RecordFlag.F_LAST)
_SNAPSHOT: Final = int(RecordFlag.F_SNAPSHOT)
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

    """

    __slots__ = (
        "_price_unit",
        "_size_unit",
        "instrument_id",
        "price_precision",
        "size_precision",
    )

    def __init__(
        self, instrument_id: InstrumentId, price_precision: int, size_precision: int
    ) -> None:
        self.instrument_id = instrument_id
        self.price_precision = price_precision
        self.size_precision = size_precision
        self._price_unit = unit_e8(price_precision)
        self._size_unit = unit_e8(size_precision)

    @classmethod
    def of(cls, instrument: Instrument) -> "InstrumentScale":
        """Return the scale of an instrument."""
        return cls(instrument.id, instrument.price_precision, instrument.size_precision)

    def price(self, value_e8: int) -> int:
        """
        Return a raw price.

        Raises
        ------
        TooFineError
            If the price is finer than the instrument's precision: its tick has changed.
        NumberError
            If it is out of the framework's range.

        """
        if value_e8 % self._price_unit or not -PRICE_LIMIT_E8 <= value_e8 <= PRICE_LIMIT_E8:
            raise self._price_error(value_e8)
        return value_e8 * RAW_PER_E8

    def size(self, value_e8: int) -> int:
        """Return a raw size; errors as of `price`, and if negative."""
        if value_e8 % self._size_unit or not 0 <= value_e8 <= SIZE_LIMIT_E8:
            raise self._size_error(value_e8)
        return value_e8 * RAW_PER_E8

    def _price_error(self, value_e8: int) -> NumberError:
        text = format_mantissa(value_e8)
        if abs(value_e8) > PRICE_LIMIT_E8:
            return NumberError(text, f"is out of range for a price of {self.instrument_id}")
        return TooFineError(
            text, instrument_id=self.instrument_id, price_places=places_e8(value_e8)
        )

    def _size_error(self, value_e8: int) -> NumberError:
        text = format_mantissa(value_e8)
        if not 0 <= value_e8 <= SIZE_LIMIT_E8:
            return NumberError(text, f"is out of range for a size of {self.instrument_id}")
        return TooFineError(text, instrument_id=self.instrument_id, size_places=places_e8(value_e8))


def parse_quote_tick(event: Bbo, scale: InstrumentScale, ts_init: int) -> QuoteTick | None:
    """
    Return a quote, or None while a side of the book is empty.

    The framework's quote has no way to say that a side is empty: a price of 0 with a size of 0
    passes its checks, and then moves every mid price and every valuation that is made of quotes.

    Raises
    ------
    NumberError
        If a value is finer than the instrument's precision, or out of range.

    """
    bid, ask = event.bid_e8, event.ask_e8
    bid_size, ask_size = event.bid_size_e8, event.ask_size_e8
    if bid is None or ask is None or bid_size is None or ask_size is None:
        return None
    return QuoteTick.from_raw(
        scale.instrument_id,
        scale.price(bid),
        scale.price(ask),
        scale.price_precision,
        scale.price_precision,
        scale.size(bid_size),
        scale.size(ask_size),
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
    NumberError
        If a value is finer than the instrument's precision or out of range, or the size is zero.

    """
    if not event.size_e8:
        raise NumberError("0", f"is no size of a trade in {event.market}")
    return TradeTick.from_raw(
        scale.instrument_id,
        scale.price(event.price_e8),
        scale.price_precision,
        scale.size(event.size_e8),
        scale.size_precision,
        _AGGRESSORS[event.side],
        TradeId(trade_id_of(event)),
        event.created_ns,
        ts_init,
    )


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


def parse_order_book_deltas(
    event: Book, scale: InstrumentScale, ts_init: int
) -> OrderBookDeltas | None:
    """
    Return a frame's changes as one group, or None for a delta without changes.

    A snapshot starts with a CLEAR and carries F_SNAPSHOT on every change; the last change of a
    group carries F_LAST.

    Raises
    ------
    NumberError
        If a value is finer than the instrument's precision, or out of range.

    """
    flags = _SNAPSHOT if event.is_snapshot else 0
    seq, ts_event = event.seq, event.ts_ns
    changes = [(OrderSide.BUY, price, size) for price, size in event.bids]
    changes += [(OrderSide.SELL, price, size) for price, size in event.asks]
    deltas: list[OrderBookDelta] = []
    if event.is_snapshot:
        clear_flags = flags if changes else flags | _LAST
        deltas.append(_clear(scale, clear_flags, seq, ts_event, ts_init))
    elif not changes:
        return None
    final = len(changes) - 1
    for number, (side, price, size) in enumerate(changes):
        if size:
            action = BookAction.ADD if event.is_snapshot else BookAction.UPDATE
        else:
            action = BookAction.DELETE
        deltas.append(
            OrderBookDelta.from_raw(
                scale.instrument_id,
                action,
                side,
                scale.price(price),
                scale.price_precision,
                scale.size(size),
                scale.size_precision,
                0,
                flags | _LAST if number == final else flags,
                seq,
                ts_event,
                ts_init,
            )
        )
    return OrderBookDeltas(scale.instrument_id, deltas)


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
