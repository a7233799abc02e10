"""
Klines as the framework's bars (PROTOCOL 4.1).

A kline is stamped with the time at which it opens, a bar with that at which it closes, as the
framework's own aggregators stamp theirs. Klines carry JSON numbers, which are read as exact
decimals. Mark and underlying prices are averages and finer than the tick, and old trades may be
finer than a tick that has changed since: prices and volumes are rounded half to even to the
instrument's precision, which leaves open, high, low and close in their order.
"""

from enum import StrEnum
from typing import Final

import msgspec
from nautilus_trader.model.data import Bar
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import BarAggregation
from nautilus_trader.model.enums import PriceType
from nautilus_trader.model.enums import price_type_to_str
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.identifiers import VENUE
from nautilus_paradex.parsing.numbers import price_of
from nautilus_paradex.parsing.numbers import quantity_of
from nautilus_paradex.parsing.numbers import rounded
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.messages.market_data import Kline


#: The resolutions that the venue has, minutes.
RESOLUTIONS: Final = (1, 3, 5, 15, 30, 60)

_MS_PER_MINUTE: Final = 60_000
_NS_PER_MS: Final = 1_000_000
_MINUTES_PER: Final = {BarAggregation.MINUTE: 1, BarAggregation.HOUR: 60}


class PriceKind(StrEnum):
    """Of which price klines are made."""

    LAST = "last"
    """Trades."""
    MARK = "mark"
    UNDERLYING = "underlying"
    """The index."""


_KINDS_BY_PRICE_TYPE: Final = {
    PriceType.LAST: PriceKind.LAST,
    PriceType.MARK: PriceKind.MARK,
}


class KlineSpec(msgspec.Struct, frozen=True):
    """Which klines a bar type's bars are made of."""

    market: str
    resolution_mins: int
    price_kind: PriceKind

    @property
    def step_ms(self) -> int:
        """How long a kline lasts, milliseconds."""
        return self.resolution_mins * _MS_PER_MINUTE


def kline_spec(bar_type: BarType, price_kind: PriceKind | None = None) -> KlineSpec:
    """
    Return which klines a bar type's bars are made of.

    Parameters
    ----------
    bar_type : BarType
        An EXTERNAL time bar type of 1, 3, 5, 15 or 30 minutes or 1 hour, of price type LAST or
        MARK.
    price_kind : PriceKind, optional
        Another price for a bar type of price type LAST: the framework has no price type for the
        underlying.

    Raises
    ------
    EncodeError
        If the venue has no such klines; the text says which it has.

    """
    spec = bar_type.spec
    if bar_type.instrument_id.venue != VENUE:
        raise EncodeError(f"{bar_type} is not of an instrument of {VENUE}")
    if bar_type.is_composite() or not bar_type.is_externally_aggregated():
        raise EncodeError(
            f"{bar_type} is aggregated by the framework; Paradex serves EXTERNAL bars, from which "
            "request_aggregated_bars makes others"
        )
    minutes = _MINUTES_PER.get(spec.aggregation, 0) * spec.step
    if minutes not in RESOLUTIONS:
        raise EncodeError(_no_such_resolution(bar_type))
    return KlineSpec(bar_type.instrument_id.symbol.value, minutes, _kind(bar_type, price_kind))


def _kind(bar_type: BarType, price_kind: PriceKind | None) -> PriceKind:
    price_type = bar_type.spec.price_type
    kind = _KINDS_BY_PRICE_TYPE.get(price_type)
    if kind is None:
        raise EncodeError(
            f"Paradex has no bars of {price_type_to_str(price_type)} prices; use LAST or MARK, or "
            "LAST with params={'price_kind': 'underlying'}; INTERNAL bars are made from quotes too"
        )
    if price_kind is None or price_kind is kind:
        return kind
    if kind is not PriceKind.LAST:
        raise EncodeError(
            f"{bar_type} is of {price_type_to_str(price_type)} prices and cannot carry those of "
            f"price_kind {price_kind.value!r}"
        )
    return price_kind


def _no_such_resolution(bar_type: BarType) -> str:
    instrument_id = bar_type.instrument_id
    return (
        f"Paradex has no klines for {bar_type}, only of 1, 3, 5, 15 and 30 MINUTE and 1 HOUR; "
        f"let the framework aggregate others: {instrument_id}-{bar_type.spec}-INTERNAL, or from "
        f"klines {instrument_id}-{bar_type.spec}-INTERNAL@1-MINUTE-EXTERNAL"
    )


def parse_bar(
    kline: Kline,
    bar_type: BarType,
    spec: KlineSpec,
    instrument: Instrument,
    ts_init: int | None = None,
) -> Bar:
    """
    Return a kline's bar.

    Parameters
    ----------
    kline : Kline
        The venue's row.
    bar_type : BarType
        The bar's type.
    spec : KlineSpec
        What `kline_spec` says of that type.
    instrument : Instrument
        Its precision is the bar's.
    ts_init : int, optional
        UNIX nanoseconds; the bar's close where None, since the framework sorts, bounds and
        aggregates history by it.

    Raises
    ------
    DecodeError
        If the row is not a bar: its time is not one at which a bar opens, a number is out of
        range, or the high is not the highest or the low not the lowest.

    """
    where = f"the kline of {spec.market} at {kline.open_at}"
    if kline.open_at % spec.step_ms:
        raise DecodeError(f"{where} does not open where a bar of {spec.resolution_mins} min does")
    closed = (kline.open_at + spec.step_ms) * _NS_PER_MS
    places = instrument.price_precision
    prices = (kline.open, kline.high, kline.low, kline.close)
    try:
        volume = rounded(kline.volume, instrument.size_precision)
        return Bar(
            bar_type,
            *(price_of(rounded(price, places), places) for price in prices),
            quantity_of(volume, instrument.size_precision),
            closed,
            closed if ts_init is None else ts_init,
        )
    except (ValueError, ArithmeticError) as e:
        raise DecodeError(f"{where} is no bar: {e}") from None
