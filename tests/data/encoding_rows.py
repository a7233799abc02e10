"""Framework objects as rows of fields, and in which of them the encodings may differ."""

from collections.abc import Callable
from dataclasses import fields
from dataclasses import is_dataclass
from typing import Any
from typing import Final

from nautilus_trader.model.data import OptionGreeks
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.market_data import parse_order_book_deltas
from nautilus_paradex.parsing.market_data import parse_quote_tick
from nautilus_paradex.parsing.market_data import parse_trade_tick
from nautilus_paradex.parsing.statistics import parse_funding_comparison
from nautilus_paradex.parsing.statistics import parse_funding_data
from nautilus_paradex.parsing.statistics import parse_funding_rate
from nautilus_paradex.parsing.statistics import parse_index_price
from nautilus_paradex.parsing.statistics import parse_mark_price
from nautilus_paradex.parsing.statistics import parse_market_statistics
from nautilus_paradex.parsing.statistics import parse_option_greeks
from nautilus_paradex.parsing.statistics import parse_public_trade
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.errors import WireError


JSON: Final = "JSON"
SBE_0, SBE_1, SBE_2 = "SBE 0", "SBE 1", "SBE 2"
ENCODINGS: Final = (SBE_0, SBE_1, SBE_2, JSON)
VERSIONS: Final = {SBE_0: 0, SBE_1: 1, SBE_2: 2}

type Row = dict[str, Any]
type Rows = dict[str, Row | None]
"""By the framework object's type; None is an object that is not made."""

#: What an encoding has no field for, or not all places of it: (object, field). Everything else
#: must be equal in all of them.
LACKS: Final[dict[str, frozenset[tuple[str, str]]]] = {
    SBE_0: frozenset(
        {
            # The int64 id is half of the venue's; one is made of what tells trades apart (trap 4).
            ("TradeTick", "trade_id"),
            ("ParadexPublicTrade", "trade_id"),
            # The rate with 12 places came with version 1.
            ("FundingRateUpdate", "rate"),
            ("ParadexMarketStatistics", "funding_rate"),
            ("ParadexMarketStatistics", "forward_rate"),
            ("ParadexMarketStatistics", "risk_free_rate"),
            ("ParadexFundingData", "impact_premium_rate"),
        }
    ),
    SBE_1: frozenset({("TradeTick", "trade_id"), ("ParadexPublicTrade", "trade_id")}),
    SBE_2: frozenset(),
    # The sequence of the book is in no JSON trade.
    JSON: frozenset({("ParadexPublicTrade", "seq")}),
}


def rows_of(event: Any, instrument_id: InstrumentId, scale: InstrumentScale) -> Rows:
    """
    Return every framework object that an event becomes, field by field.

    What cannot be made is the name of its error.
    """
    made: dict[str, Callable[[], Any]]
    match event:
        case events.Bbo():
            made = {"QuoteTick": lambda: parse_quote_tick(event, scale, 0)}
        case events.Trade():
            made = {
                "TradeTick": lambda: parse_trade_tick(event, scale, 0),
                "ParadexPublicTrade": lambda: parse_public_trade(event, instrument_id, 0),
            }
        case events.Book():
            made = {"OrderBookDeltas": lambda: parse_order_book_deltas(event, scale, 0)}
        case events.MarketSummary():
            made = {
                "MarkPriceUpdate": lambda: parse_mark_price(event, instrument_id, 0),
                "IndexPriceUpdate": lambda: parse_index_price(event, instrument_id, 0),
                "FundingRateUpdate": lambda: parse_funding_rate(event, instrument_id, 480, 0),
                "OptionGreeks": lambda: parse_option_greeks(event, instrument_id, 0),
                "ParadexMarketStatistics": lambda: parse_market_statistics(event, instrument_id, 0),
            }
        case events.FundingData():
            made = {"ParadexFundingData": lambda: parse_funding_data(event, instrument_id, 0)}
        case events.FundingComparison():
            made = {
                "ParadexFundingComparison": lambda: parse_funding_comparison(
                    event, instrument_id, 0
                )
            }
        case _:
            raise TypeError(f"{type(event).__name__} becomes nothing")
    return {name: _row(make) for name, make in made.items()}


def _row(make: Callable[[], Any]) -> Row | None:
    try:
        value = make()
    except WireError as error:
        return {"error": type(error).__name__}
    if value is None:
        return None
    if isinstance(value, OrderBookDeltas):
        return _book_row(value)
    if isinstance(value, OptionGreeks):
        return {name: str(getattr(value, name)) for name in _GREEKS_FIELDS}
    if is_dataclass(value):
        # By value: one number may be written with more zeros than the other.
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(type(value).to_dict(value))


_GREEKS_FIELDS: Final = (
    "instrument_id", "delta", "gamma", "vega", "theta", "rho", "mark_iv", "bid_iv", "ask_iv",
    "underlying_price", "open_interest", "ts_event", "ts_init",
)  # fmt: skip


def _book_row(deltas: OrderBookDeltas) -> Row:
    """Return a group without the order of its levels, in which encodings differ: each is once."""
    levels = [
        (delta.action, delta.order.side, delta.order.price, delta.order.size, delta.sequence)
        for delta in deltas.deltas
    ]
    assert len({level[1:3] for level in levels}) == len(levels)
    return {
        "levels": sorted(map(str, levels)),
        "flags": [delta.flags for delta in deltas.deltas],
        "ts_event": deltas.ts_event,
        "sequence": deltas.sequence,
    }


def differences(
    one: Rows,
    other: Rows,
    encodings: tuple[str, str],
    *,
    excused: frozenset[tuple[str, str]] = frozenset(),
    zero_is_none: frozenset[tuple[str, str]] = frozenset(),
) -> list[str]:
    """
    Return the fields in which two encodings differ and must not.

    Parameters
    ----------
    one, other : Rows
        What both made of the same.
    encodings : tuple[str, str]
        Which they are.
    excused : frozenset, optional
        Further fields that may differ, beside those of `LACKS`.
    zero_is_none : frozenset, optional
        Fields in which one may have zero for the other's none; with ``*`` as the field, objects
        that one may make of such a zero, and the other not.

    """
    excused = excused | LACKS[encodings[0]] | LACKS[encodings[1]]
    found = []
    for name in sorted(one.keys() | other.keys()):
        row, other_row = one.get(name), other.get(name)
        if row is None or other_row is None:
            if row is not other_row and (name, "*") not in zero_is_none:
                found.append(f"{name}: {row} in {encodings[0]}, {other_row} in {encodings[1]}")
            continue
        for field in sorted(row.keys() | other_row.keys()):
            value, other_value = row.get(field), other_row.get(field)
            if (name, field) in zero_is_none:
                value, other_value = value or None, other_value or None
            if value != other_value and (name, field) not in excused:
                found.append(
                    f"{name}.{field}: {value} in {encodings[0]}, {other_value} in {encodings[1]}"
                )
    return found
