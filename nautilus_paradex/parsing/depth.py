"""A book's ten best levels as one value of the framework."""

from typing import Final

from nautilus_trader.model.data import NULL_ORDER
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.numbers import PRICE_LIMIT_E8
from nautilus_paradex.parsing.numbers import RAW_PER_E8
from nautilus_paradex.parsing.numbers import SIZE_LIMIT_E8
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.numbers import format_mantissa


#: Levels a side that the framework's value has.
DEPTH: Final = 10

_FLAGS: Final = int(RecordFlag.F_SNAPSHOT | RecordFlag.F_LAST)


def parse_order_book_depth10(
    event: Book, scale: InstrumentScale, ts_init: int, *, depth: int = DEPTH
) -> OrderBookDepth10:
    """
    Return the best levels of a snapshot; levels that there are not are null orders.

    Values finer than the instrument's precision follow the rules of `parsing.market_data`: a level
    at such a price is left out, a size is rounded down. The venue tells no counts of orders: they
    are 1 where there is a level.

    Parameters
    ----------
    event : Book
        A snapshot, best first.
    scale : InstrumentScale
        The instrument's scale.
    ts_init : int
        UNIX nanoseconds.
    depth : int, default 10
        How many levels a side at most.

    Raises
    ------
    TooFineError
        If values finer than the instrument's precision have become the rule.
    NumberError
        If a value is out of range.

    """
    finer: list[int] = []
    sides = [
        _side(side, levels, scale, depth, finer)
        for side, levels in ((OrderSide.BUY, event.bids), (OrderSide.SELL, event.asks))
    ]
    if finer or scale.doubt:
        scale.note(finer, len(event.bids) + len(event.asks))
    bids, asks = (orders + [NULL_ORDER] * (DEPTH - len(orders)) for orders in sides)
    bid_counts, ask_counts = ([1] * len(o) + [0] * (DEPTH - len(o)) for o in sides)
    return OrderBookDepth10(
        scale.instrument_id,
        bids,
        asks,
        bid_counts,
        ask_counts,
        _FLAGS,
        event.seq,
        event.ts_ns,
        ts_init,
    )


def empty_order_book_depth10(scale: InstrumentScale, ts_init: int) -> OrderBookDepth10:
    """Return a depth without levels, for a book that is not known to be right any more (S3)."""
    nobody = [NULL_ORDER] * DEPTH
    none = [0] * DEPTH
    return OrderBookDepth10(
        scale.instrument_id, nobody, nobody, none, none, _FLAGS, 0, ts_init, ts_init
    )


def _side(
    side: OrderSide,
    levels: list[tuple[int, int]],
    scale: InstrumentScale,
    depth: int,
    finer: list[int],
) -> list[BookOrder]:
    orders: list[BookOrder] = []
    for price, size in levels:
        rest = size % scale.size_unit
        if price % scale.price_unit or rest:
            finer.append(price)
        if price % scale.price_unit or size == rest or len(orders) == depth:
            continue
        orders.append(_order(side, price, size - rest, scale))
    return orders


def _order(side: OrderSide, price: int, size: int, scale: InstrumentScale) -> BookOrder:
    if abs(price) > PRICE_LIMIT_E8:
        raise NumberError(format_mantissa(price), "is out of the range of prices")
    if not 0 <= size <= SIZE_LIMIT_E8:
        raise NumberError(format_mantissa(size), "is out of the range of sizes")
    return BookOrder(
        side,
        Price.from_raw(price * RAW_PER_E8, scale.price_precision),
        Quantity.from_raw(size * RAW_PER_E8, scale.size_precision),
        0,
    )
