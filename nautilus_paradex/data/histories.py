"""
Bars, trades and funding of the past, read from the venue.

What belongs to the past carries its own time as ``ts_init`` too: the framework cuts ranges, sorts,
stores and aggregates history by it. Parsing pauses every few hundred rows, so that a long history
does not hold up live data.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from itertools import batched
from typing import Final

from nautilus_trader.model.data import Bar
from nautilus_trader.model.data import BarType
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data.funding_history import last_rows
from nautilus_paradex.data.funding_history import periods
from nautilus_paradex.data.klines import newest_klines
from nautilus_paradex.data.time_ranges import TimeRange
from nautilus_paradex.network.rest import PublicEndpoints
from nautilus_paradex.network.rest.public import TRADES_PAGE
from nautilus_paradex.parsing.bars import KlineSpec
from nautilus_paradex.parsing.bars import parse_bar
from nautilus_paradex.parsing.funding import parse_funding_row
from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.market_data import parse_trade_tick
from nautilus_paradex.parsing.statistics import funding_interval
from nautilus_paradex.parsing.statistics import has_funding
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.events import Trade


#: Bars of one request at most: 69 days of minutes, a few hundred REST calls.
MAX_BARS: Final = 100_000

#: Funding periods of one request at most, each a REST call or two: eleven months of 8 hours.
MAX_PERIODS: Final = 1_000

#: Funding rows of one request at most, where none is left out: five days and a half.
MAX_ROWS: Final = 100_000

#: About how often the venue makes a funding row (PROTOCOL 4.1).
_ROW_EVERY_MS: Final = 5_000

#: Rows that are parsed before other tasks get their turn.
_CHUNK: Final = 200

_NS_PER_MS: Final = 1_000_000
_MS_PER_MINUTE: Final = 60_000
_SMALLEST_PAGE: Final = 100


class HistoryScale(InstrumentScale):
    """
    The scale of rows that may be older than the market's present tick and lot.

    That they are finer than it says nothing of the instrument.
    """

    __slots__ = ()

    def note(self, finer: list[int], count: int) -> None:
        """Take no note."""


# -- BARS ------------------------------------------------------------------------------------------


async def bar_history(
    rest: PublicEndpoints,
    bar_type: BarType,
    spec: KlineSpec,
    instrument: Instrument,
    when: TimeRange,
    *,
    include_open: bool = False,
) -> list[Bar]:
    """
    Return the bars that close in a range by the venue's clock.

    Parameters
    ----------
    include_open : bool, default False
        If the bar that is not closed yet comes last, where its opening is in the range. Its
        ``ts_event`` is when it will close, its ``ts_init`` the end of the range, without which the
        framework would cut it off; it counts towards the limit.

    Raises
    ------
    EncodeError
        If there is neither a start nor a limit, or more than `MAX_BARS` are asked for.
    ParadexError
        If the venue cannot be read.

    """
    when.check_bounded("bars")
    step = spec.step_ms
    closed_ms = min(when.end_ms, when.now_ns // _NS_PER_MS + rest.clock_offset_ms)
    first = -(-(when.start_ms or 0) // step) * step - step
    last = closed_ms // step * step - step
    open_at = (when.now_ns // _NS_PER_MS + rest.clock_offset_ms) // step * step
    if include_open and open_at <= when.end_ms:
        last = open_at
    first = max(first, _opened_ms(instrument) // step * step)
    if when.start_ms is None:
        first = max(first, last - (MAX_BARS - 1) * step)
    _check_count((last - first) // step + 1, when.limit, MAX_BARS, "bars")
    rows = await newest_klines(rest, spec, first, last, when.limit)
    bars = await _parsed(rows, lambda row: parse_bar(row, bar_type, spec, instrument))
    if bars and rows[-1].open_at == open_at:
        bars[-1] = parse_bar(rows[-1], bar_type, spec, instrument, when.end_ns)
    return bars


# -- TRADES ----------------------------------------------------------------------------------------


async def trade_history(
    rest: PublicEndpoints,
    instrument: Instrument,
    when: TimeRange,
    trade_types: AbstractSet[str],
) -> list[TradeTick]:
    """
    Return the trades of some types in a range, as far back as the venue keeps them.

    Values finer than the instrument's precision are rounded as live ones are.

    Raises
    ------
    EncodeError
        If there is neither a start nor a limit.
    ParadexError
        If the venue cannot be read.

    """
    when.check_bounded("trades")
    size = TRADES_PAGE if when.limit is None else min(TRADES_PAGE, max(when.limit, _SMALLEST_PAGE))
    found: list[Trade] = []
    rows = rest.iter_trades(
        instrument.id.symbol.value,
        start_ms=when.query_start_ms,
        end_ms=when.query_end_ms,
        page_size=size,
    )
    async for row in rows:
        if row.trade_type in trade_types and when.holds(row.created_ns):
            found.append(row)
            if len(found) == when.limit:
                break
    found.sort(key=lambda trade: (trade.created_ns, trade.trade_id or ""))
    scale = HistoryScale.of(instrument)
    return await _parsed(found, lambda row: parse_trade_tick(row, scale, row.created_ns))


# -- FUNDING ---------------------------------------------------------------------------------------


async def funding_history(
    rest: PublicEndpoints, instrument: Instrument, when: TimeRange, *, thin: bool = True
) -> list[FundingRateUpdate]:
    """
    Return funding rates of a range.

    Parameters
    ----------
    thin : bool, default True
        If only the last row of each funding period is given, and of the part of a period at the
        range's ends; otherwise every row, which the venue makes about every 5 s.

    Raises
    ------
    EncodeError
        If the instrument has no funding, there is neither a start nor a limit, or more than
        `MAX_PERIODS`, or `MAX_ROWS` that are not thinned, are asked for.
    ParadexError
        If the venue cannot be read.

    """
    if not has_funding(instrument):
        raise EncodeError(f"{instrument.id} has no funding: only what never expires has")
    when.check_bounded("funding rates")
    interval = funding_interval(instrument)
    market = instrument.id.symbol.value
    if not thin:
        count = (when.end_ms - (when.start_ms or 0)) // _ROW_EVERY_MS
        _check_count(count, when.limit, MAX_ROWS, "funding rows")
        rows = await rest.funding_data(
            market,
            start_ms=when.query_start_ms,
            end_ms=when.query_end_ms,
            # The one at the end that may be a millisecond beyond it does not count.
            limit=None if when.limit is None else when.limit + 1,
        )
        rows = [row for row in rows if when.holds(row.created_ns)][-(when.limit or 0) :]
    elif interval is None:
        raise EncodeError(
            f"{instrument.id} tells no funding period; params={{'thin': False}} gives every row"
        )
    else:
        first = max(when.start_ms or 0, _opened_ms(instrument))
        if when.start_ms is None:
            first = max(first, when.end_ms - MAX_PERIODS * interval * _MS_PER_MINUTE)
        count = sum(1 for _ in periods(first, when.end_ms, interval))
        _check_count(count, when.limit, MAX_PERIODS, "funding periods")
        rows = await last_rows(rest, market, first, when.end_ms, interval, when.limit)
    return await _parsed(rows, lambda row: parse_funding_row(row, instrument.id, interval or 0))


# -- INTERNAL --------------------------------------------------------------------------------------


async def _parsed[Row, Value](rows: Iterable[Row], parse: Callable[[Row], Value]) -> list[Value]:
    values: list[Value] = []
    for several in batched(rows, _CHUNK):
        values += [parse(row) for row in several]
        await asyncio.sleep(0)
    return values


def _opened_ms(instrument: Instrument) -> int:
    """Return since when there can be data: before a market opened there is none to page through."""
    return int((instrument.info or {}).get("open_at") or 0)


def _check_count(count: int, limit: int | None, most: int, what: str) -> None:
    wanted = count if limit is None else min(count, limit)
    if wanted > most:
        raise EncodeError(
            f"{wanted:,} {what} are too many for one request, which gives {most:,} at most: "
            "give a later start, an earlier end or a limit"
        )
