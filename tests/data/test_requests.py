"""Data requests: ranges and limits exact, nothing unknown, never an empty success (rule E16)."""

from datetime import UTC
from datetime import datetime
from datetime import timedelta

import pandas as pd
import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.data.messages import RequestBars
from nautilus_trader.data.messages import RequestData
from nautilus_trader.data.messages import RequestForwardPrices
from nautilus_trader.data.messages import RequestFundingRates
from nautilus_trader.data.messages import RequestInstrument
from nautilus_trader.data.messages import RequestInstruments
from nautilus_trader.data.messages import RequestOrderBookDeltas
from nautilus_trader.data.messages import RequestOrderBookDepth
from nautilus_trader.data.messages import RequestOrderBookSnapshot
from nautilus_trader.data.messages import RequestQuoteTicks
from nautilus_trader.data.messages import RequestTradeTicks
from nautilus_trader.model.data import BarType
from nautilus_trader.model.data import DataType
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.data.histories import MAX_BARS
from nautilus_paradex.data.klines import WINDOW
from nautilus_paradex.data.requests import MarketDataRequests
from nautilus_paradex.options import FRAMEWORK_PARAMS
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.types import ParadexMarketStatistics
from tests.data.history_venue import HistoryVenue
from tests.data.history_venue import Instruments
from tests.data.history_venue import Said
from tests.data.history_venue import funding_row
from tests.data.history_venue import trade
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import SPOT
from tests.parsing.parsing_values import instrument


MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
#: A full day, UTC, so that bars and funding periods of every length begin here.
MIDNIGHT_MS = 1_789_948_800_000
NOW_MS = MIDNIGHT_MS + 20 * HOUR_MS + 30_500
BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
UNKNOWN = InstrumentId.from_str("NO-USD-PERP.PARADEX")


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)


def times(rows) -> list[int]:
    """Return when rows happened, UNIX milliseconds."""
    return [row.ts_event // 1_000_000 for row in rows]


def asked(kind, *what, start=None, end=None, limit=0, params=None, **more):
    """Return a request as the data engine hands it over."""
    extra = {"callback": None, "request_id": UUID4(), "ts_init": 0, "params": params} | more
    ranged = {"start": start, "end": end}
    if kind in (RequestOrderBookSnapshot, RequestForwardPrices):
        ranged = {}
    if kind not in (RequestInstrument, RequestInstruments, RequestForwardPrices):
        ranged["limit"] = limit
    return kind(*what, **ranged, client_id=None, venue=PARADEX_VENUE, **extra)


@pytest.fixture
def venue():
    venue = HistoryVenue()
    venue.add_klines(MIDNIGHT_MS, 20 * 60 + 1)
    return venue


@pytest.fixture
def instruments():
    later = instrument(SPOT)
    return Instruments(instrument(open_at=MIDNIGHT_MS - 30 * 24 * HOUR_MS), others=(later,))


@pytest.fixture
def said():
    return Said()


@pytest.fixture
def requests(venue, instruments, said):
    clock = TestClock()
    clock.set_time(NOW_MS * 1_000_000)
    return MarketDataRequests(venue, instruments, clock, said)


def bars_of(text="1-MINUTE-LAST-EXTERNAL", **given):
    return asked(RequestBars, BarType.from_str(f"{BTC}-{text}"), **given)


# -- RANGES ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"start": at(NOW_MS - 5), "end": at(NOW_MS - 6)}, "is after end"),
        ({"start": at(NOW_MS + 1)}, "lies in the future"),
        ({"start": at(NOW_MS + 1), "end": at(NOW_MS + 2)}, "lies in the future"),
        ({"start": at(NOW_MS - 5), "limit": -1}, "limit of -1"),
    ],
)
async def test_a_range_that_makes_no_sense_is_an_error_in_every_history(requests, given, said):
    for ask in (
        requests.bars(bars_of(**given)),
        requests.trade_ticks(asked(RequestTradeTicks, BTC, **given)),
        requests.funding_rates(asked(RequestFundingRates, BTC, **given)),
        requests.quote_ticks(asked(RequestQuoteTicks, BTC, **given)),
    ):
        with pytest.raises(EncodeError, match=said):
            await ask


async def test_a_history_since_the_beginning_needs_a_start_or_a_limit(requests):
    # What the data engine sends for a start that is None.
    for start in (None, at(0)):
        for ask in (
            requests.bars(bars_of(start=start)),
            requests.trade_ticks(asked(RequestTradeTicks, BTC, start=start)),
            requests.funding_rates(asked(RequestFundingRates, BTC, start=start)),
        ):
            with pytest.raises(EncodeError, match="give start or limit"):
                await ask


async def test_an_instrument_that_is_not_loaded_or_of_another_venue_is_an_error(requests):
    for ask in (
        requests.trade_ticks(asked(RequestTradeTicks, UNKNOWN, limit=5)),
        requests.funding_rates(asked(RequestFundingRates, UNKNOWN, limit=5)),
        requests.quote_ticks(asked(RequestQuoteTicks, UNKNOWN)),
        requests.order_book_snapshot(asked(RequestOrderBookSnapshot, UNKNOWN)),
        requests.bars(
            asked(RequestBars, BarType.from_str(f"{UNKNOWN}-1-MINUTE-LAST-EXTERNAL"), limit=5)
        ),
    ):
        with pytest.raises(EncodeError, match="is not loaded"):
            await ask
    other = InstrumentId.from_str("BTCUSDT.BINANCE")
    with pytest.raises(EncodeError, match="not of PARADEX"):
        await requests.trade_ticks(asked(RequestTradeTicks, other, limit=5))


# -- OPTIONS ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"price_knd": "mark"}, "no key price_knd here; there is: include_open, price_kind"),
        ({"price_kind": "mid"}, "'last', 'mark', 'underlying'"),
        ({"include_open": "yes"}, "True or False"),
        ({"include_open": 1}, "True or False"),
    ],
)
async def test_unknown_options_and_values_are_errors_that_name_what_is_allowed(
    requests, params, said
):
    with pytest.raises(EncodeError, match=said):
        await requests.bars(bars_of(limit=1, params=params))


async def test_a_list_option_says_what_may_stand_in_it(requests):
    for wrong in ("FILL", ["FILLS"]):
        ask = asked(RequestTradeTicks, BTC, limit=1, params={"trade_types": wrong})
        with pytest.raises(EncodeError, match=r"a list of 'FILL', 'LIQUIDATION'.*'BLOCK_TRADE'"):
            await requests.trade_ticks(ask)


async def test_requests_without_options_take_none(requests):
    ask = asked(RequestInstruments, params={"interactive": True})
    with pytest.raises(EncodeError, match="no key interactive here; there is: none"):
        await requests.instruments(ask)


async def test_what_the_framework_puts_into_params_is_passed_over(requests):
    params = dict.fromkeys(FRAMEWORK_PARAMS, "x")
    assert len(await requests.bars(bars_of(limit=3, params=params))) == 3


# -- BARS ------------------------------------------------------------------------------------------


async def test_bars_that_close_in_the_range_come_in_order_with_both_ends(requests):
    start, end = MIDNIGHT_MS + HOUR_MS, MIDNIGHT_MS + 2 * HOUR_MS
    bars = await requests.bars(bars_of(start=at(start), end=at(end)))
    assert times(bars) == list(range(start, end + 1, MINUTE_MS))
    assert [bar.ts_init for bar in bars] == [bar.ts_event for bar in bars]


async def test_a_range_is_exact_to_the_nanosecond(requests):
    start = pd.Timestamp((MIDNIGHT_MS + HOUR_MS) * 1_000_000 + 1, unit="ns", tz="UTC")
    end = pd.Timestamp((MIDNIGHT_MS + HOUR_MS + 3 * MINUTE_MS) * 1_000_000 - 1, unit="ns", tz="UTC")
    bars = await requests.bars(bars_of(start=start, end=end))
    first = MIDNIGHT_MS + HOUR_MS + MINUTE_MS
    assert times(bars) == [first, first + MINUTE_MS]


async def test_of_a_range_with_a_limit_the_newest_bars_are_given(requests):
    start, end = MIDNIGHT_MS + HOUR_MS, MIDNIGHT_MS + 2 * HOUR_MS
    bars = await requests.bars(bars_of(start=at(start), end=at(end), limit=3))
    assert times(bars) == [end - 2 * MINUTE_MS, end - MINUTE_MS, end]


async def test_without_a_start_the_newest_closed_bars_are_given(requests):
    bars = await requests.bars(bars_of(limit=2))
    assert times(bars) == [NOW_MS - 30_500 - MINUTE_MS, NOW_MS - 30_500]


async def test_the_open_bar_comes_only_when_it_is_asked_for(requests):
    closed = await requests.bars(bars_of(limit=2))
    both = await requests.bars(bars_of(limit=2, params={"include_open": True}))
    assert times(both) == [closed[-1].ts_event // 1_000_000, NOW_MS - 30_500 + MINUTE_MS]
    # The framework cuts off what has a ts_init after the range.
    assert both[-1].ts_init == NOW_MS * 1_000_000


async def test_an_end_in_the_future_is_now(requests):
    ask = bars_of(limit=1, end=at(NOW_MS + HOUR_MS), params={"include_open": True})
    (bar,) = await requests.bars(ask)
    assert bar.ts_init == NOW_MS * 1_000_000


async def test_bars_before_the_market_opened_are_not_looked_for(requests, venue, instruments):
    young = instrument(open_at=NOW_MS - HOUR_MS)
    instruments.loaded[young.id] = young
    bars = await requests.bars(bars_of(start=at(NOW_MS - 365 * 24 * HOUR_MS)))
    assert len(bars) == 60
    assert len(venue.kline_asks) == 1


async def test_the_open_bar_is_no_part_of_a_range_of_the_past(requests):
    ask = bars_of(limit=2, end=at(NOW_MS - HOUR_MS), params={"include_open": True})
    assert times(await requests.bars(ask))[-1] == NOW_MS - 30_500 - HOUR_MS


@pytest.mark.parametrize("offset_ms", [-31_000, 40_000])
async def test_a_bar_is_closed_when_the_venues_clock_says_so(requests, venue, offset_ms):
    venue.clock_offset_ms = offset_ms
    bars = await requests.bars(bars_of(limit=1))
    # Behind our clock the last bar is open still; ahead of it, it is outside of the range.
    expected = -MINUTE_MS if offset_ms < 0 else 0
    assert times(bars) == [NOW_MS - 30_500 + expected]


async def test_ranges_of_many_windows_are_whole_and_without_repeats(requests, venue):
    bars = await requests.bars(bars_of(start=at(MIDNIGHT_MS + MINUTE_MS)))
    assert times(bars) == list(range(MIDNIGHT_MS + MINUTE_MS, NOW_MS, MINUTE_MS))
    assert len(venue.kline_asks) == -(-len(bars) // WINDOW)


@pytest.mark.parametrize("newest_are_cut", [True, False])
@pytest.mark.parametrize("at_once", [100, 499])
async def test_bars_are_whole_however_few_the_venue_gives_at_once(
    requests, venue, at_once, newest_are_cut
):
    venue.klines_at_once, venue.newest_are_cut = at_once, newest_are_cut
    bars = await requests.bars(bars_of(start=at(MIDNIGHT_MS)))
    assert [int(bar.close.as_decimal()) for bar in bars] == list(range(1, 20 * 60 + 1))


async def test_bars_are_whole_if_the_venue_leaves_out_the_end(requests, venue):
    venue.end_is_exclusive = True
    bars = await requests.bars(bars_of(start=at(MIDNIGHT_MS)))
    assert len(bars) == 20 * 60


async def test_minutes_without_a_kline_are_left_out_and_not_invented(requests, venue):
    rows = venue.kline_rows[1, "last"]
    del rows[100:900]
    bars = await requests.bars(bars_of(start=at(MIDNIGHT_MS)))
    assert len(bars) == 20 * 60 - 800
    newest = await requests.bars(bars_of(start=at(MIDNIGHT_MS), limit=350))
    assert [int(bar.close.as_decimal()) for bar in newest] == [*range(51, 101), *range(901, 1201)]


async def test_resolution_and_price_kind_are_the_bar_types(requests, venue):
    venue.add_klines(MIDNIGHT_MS, 10, 60, "mark")
    venue.add_klines(MIDNIGHT_MS, 4, 5, "underlying")
    mark = await requests.bars(bars_of("1-HOUR-MARK-EXTERNAL", start=at(MIDNIGHT_MS)))
    assert times(mark) == [MIDNIGHT_MS + n * HOUR_MS for n in range(1, 11)]
    options = {"price_kind": "underlying"}
    ask = bars_of("5-MINUTE-LAST-EXTERNAL", start=at(MIDNIGHT_MS), params=options)
    assert len(await requests.bars(ask)) == 4


async def test_too_many_bars_are_refused_before_anything_is_read(requests, venue, instruments):
    old = instrument(open_at=1_669_852_800_000)
    instruments.loaded[old.id] = old
    with pytest.raises(EncodeError, match=f"gives {MAX_BARS:,} at most: give a later start"):
        await requests.bars(bars_of(start=at(1_669_852_800_000)))
    assert venue.kline_asks == []


async def test_a_failure_of_the_venue_is_an_error_and_not_a_short_answer(requests, venue):
    venue.fails = [TransportError("gone", sent=True)]
    with pytest.raises(TransportError):
        await requests.bars(bars_of(start=at(MIDNIGHT_MS)))


# -- TRADES ----------------------------------------------------------------------------------------


def trades_of(**given):
    return asked(RequestTradeTicks, BTC, **given)


async def test_trades_of_a_range_come_oldest_first_with_both_ends(requests, venue):
    venue.trade_rows = [trade(n, NOW_MS - 1_000 + n) for n in range(10)]
    given = {"start": at(NOW_MS - 998), "end": at(NOW_MS - 995)}
    for venue.end_is_exclusive in (False, True):
        found = await requests.trade_ticks(trades_of(**given))
        assert times(found) == [NOW_MS - 1_000 + n for n in (2, 3, 4, 5)]
        assert [row.ts_init for row in found] == [row.ts_event for row in found]


async def test_of_trades_with_a_limit_the_newest_are_read_and_no_more(requests, venue):
    venue.trade_rows = [trade(n, NOW_MS - 10_000 + n) for n in range(5_000)]
    found = await requests.trade_ticks(trades_of(start=at(NOW_MS - 10_000), limit=7))
    assert times(found) == [NOW_MS - 10_000 + n for n in range(4_993, 5_000)]
    assert venue.trades_read == 7


async def test_trades_beside_the_book_come_only_when_they_are_asked_for(requests, venue):
    kinds = ("FILL", "BLOCK_TRADE", "RPI", "SETTLE_MARKET", "LIQUIDATION", "NEW_KIND")
    venue.trade_rows = [trade(n, NOW_MS - 100 + n, kind) for n, kind in enumerate(kinds)]
    start = at(NOW_MS - 100)
    on_book = await requests.trade_ticks(trades_of(start=start))
    assert times(on_book) == [NOW_MS - 100, NOW_MS - 98, NOW_MS - 96]
    ask = trades_of(start=start, params={"trade_types": ["BLOCK_TRADE", "SETTLE_MARKET"]})
    assert times(await requests.trade_ticks(ask)) == [NOW_MS - 99, NOW_MS - 97]


async def test_trades_from_before_a_coarser_tick_do_not_spoil_a_history(requests, venue):
    venue.trade_rows = [trade(n, NOW_MS - 500 + n, price="100.05") for n in range(200)]
    found = await requests.trade_ticks(trades_of(limit=200))
    assert {str(row.price) for row in found} == {"100.0"}


# -- FUNDING ---------------------------------------------------------------------------------------


@pytest.fixture
def funded(venue):
    """Fill two days with a row every 5 s but for a hole at the end of a period."""
    first = NOW_MS - 48 * HOUR_MS
    venue.funding_rows = [funding_row(ms) for ms in range(first, NOW_MS + 1, 5_000)]
    return venue


def funding_of(**given):
    return asked(RequestFundingRates, BTC, **given)


async def test_funding_is_thinned_to_the_last_row_of_each_period(requests, funded):
    start = MIDNIGHT_MS - 16 * HOUR_MS
    rates = await requests.funding_rates(funding_of(start=at(start)))
    ends = [MIDNIGHT_MS + n * 8 * HOUR_MS for n in (-1, 0, 1, 2)]
    assert all(0 < end - ms <= 5_000 for end, ms in zip(ends, times(rates)[:4], strict=True))
    # The period that has not ended: its last row so far.
    assert NOW_MS - 5_000 < times(rates)[4] <= NOW_MS
    assert len(rates) == 5
    assert {rate.interval for rate in rates} == {480}
    assert [rate.ts_init for rate in rates] == [rate.ts_event for rate in rates]


async def test_thinning_reads_a_minute_of_each_period(requests, funded):
    await requests.funding_rates(funding_of(start=at(MIDNIGHT_MS - 16 * HOUR_MS)))
    assert len(funded.funding_asks) == 5
    assert max(end - start for start, end, _ in funded.funding_asks) <= MINUTE_MS + 1


async def test_of_funding_with_a_limit_the_newest_periods_are_given(requests, funded):
    rates = await requests.funding_rates(funding_of(limit=2))
    assert len(rates) == 2
    assert times(rates)[0] // (8 * HOUR_MS) == (MIDNIGHT_MS + 8 * HOUR_MS) // (8 * HOUR_MS)


async def test_a_period_whose_end_has_no_rows_gives_the_last_that_it_has(requests, venue):
    only = MIDNIGHT_MS + HOUR_MS
    venue.funding_rows = [funding_row(only - 5_000), funding_row(only)]
    end = MIDNIGHT_MS + 8 * HOUR_MS - 1
    rates = await requests.funding_rates(funding_of(start=at(MIDNIGHT_MS), end=at(end)))
    assert times(rates) == [only]


async def test_the_very_last_row_of_a_period_is_found_whatever_the_venue_leaves_out(
    requests, venue
):
    last = MIDNIGHT_MS + 8 * HOUR_MS - 1
    venue.funding_rows = [funding_row(last - 5_000), funding_row(last), funding_row(last + 1)]
    ask = funding_of(start=at(MIDNIGHT_MS), end=at(last))
    for venue.end_is_exclusive in (False, True):
        assert times(await requests.funding_rates(ask)) == [last]


async def test_periods_without_rows_are_left_out(requests, venue):
    venue.funding_rows = [funding_row(MIDNIGHT_MS - 1)]
    rates = await requests.funding_rates(funding_of(start=at(MIDNIGHT_MS - 24 * HOUR_MS)))
    assert times(rates) == [MIDNIGHT_MS - 1]


async def test_a_range_within_a_period_gives_its_last_row(requests, funded):
    end = MIDNIGHT_MS + HOUR_MS
    ask = funding_of(start=at(end - 10 * MINUTE_MS), end=at(end))
    (rate,) = await requests.funding_rates(ask)
    assert 0 <= end - times([rate])[0] < 5_000


async def test_every_row_comes_when_thinning_is_off(requests, funded):
    given = {"start": at(NOW_MS - 20_000), "params": {"thin": False}}
    for funded.end_is_exclusive in (False, True):
        rates = await requests.funding_rates(funding_of(**given))
        assert times(rates) == list(range(NOW_MS - 20_000, NOW_MS + 1, 5_000))
        newest = await requests.funding_rates(funding_of(limit=2, **given))
        assert times(newest) == [NOW_MS - 5_000, NOW_MS]


async def test_funding_before_the_market_opened_is_not_looked_for(requests, funded, instruments):
    young = instrument(open_at=MIDNIGHT_MS)
    instruments.loaded[young.id] = young
    rates = await requests.funding_rates(funding_of(start=at(MIDNIGHT_MS - 300 * 24 * HOUR_MS)))
    assert len(rates) == len(funded.funding_asks) == 3


async def test_markets_without_funding_and_too_many_periods_are_errors(requests, instruments):
    spot, old = instrument(SPOT), instrument(open_at=1_669_852_800_000)
    instruments.loaded |= {spot.id: spot, old.id: old}
    with pytest.raises(EncodeError, match="has no funding"):
        await requests.funding_rates(asked(RequestFundingRates, spot.id, limit=1))
    with pytest.raises(EncodeError, match="funding periods are too many"):
        await requests.funding_rates(funding_of(start=at(1_669_852_800_000)))


async def test_months_of_rows_every_five_seconds_are_refused(requests, funded):
    start = at(NOW_MS - 28 * 24 * HOUR_MS)
    ask = funding_of(start=start, params={"thin": False})
    with pytest.raises(EncodeError, match="483,840 funding rows are too many"):
        await requests.funding_rates(ask)
    assert funded.funding_asks == []


async def test_a_failed_period_fails_the_whole_with_the_venues_error(requests, funded):
    funded.fails = [TransportError("gone", sent=True)]
    with pytest.raises(TransportError, match="gone"):
        await requests.funding_rates(funding_of(limit=3))


# -- WHAT THE VENUE DOES NOT KEEP ------------------------------------------------------------------


async def test_quotes_and_depths_of_the_past_are_refused_with_the_reason(requests):
    past = {"start": at(MIDNIGHT_MS), "end": at(NOW_MS - HOUR_MS)}
    with pytest.raises(EncodeError, match="keeps no history of quotes"):
        await requests.quote_ticks(asked(RequestQuoteTicks, BTC, **past))
    with pytest.raises(EncodeError, match="keeps no history of books"):
        await requests.order_book_depth(asked(RequestOrderBookDepth, BTC, depth=10, **past))


async def test_book_deltas_of_the_past_are_refused_with_the_reason(requests):
    with pytest.raises(EncodeError, match="keeps no history of order books"):
        await requests.order_book_deltas(asked(RequestOrderBookDeltas, BTC, limit=5))


@pytest.mark.parametrize("depth", [0, 11])
async def test_a_depth_that_the_frameworks_value_does_not_have_is_refused(requests, depth):
    with pytest.raises(EncodeError, match=f"a depth of {depth} is not one of 1 to 10"):
        await requests.order_book_depth(asked(RequestOrderBookDepth, BTC, depth=depth))


# -- INSTRUMENTS, OPTIONS, CUSTOM DATA -------------------------------------------------------------


async def test_an_instrument_is_loaded_when_it_is_asked_for(requests, instruments):
    spot = next(iter(instruments.others))
    assert (await requests.instrument(asked(RequestInstrument, spot))).id == spot
    assert len(await requests.instruments(asked(RequestInstruments))) == 2
    with pytest.raises(EncodeError, match="Paradex has no market NO-USD-PERP"):
        await requests.instrument(asked(RequestInstrument, UNKNOWN))


async def test_forwards_need_an_option_that_is_loaded(requests, instruments):
    with pytest.raises(EncodeError, match="no option on BTC is loaded"):
        await requests.forward_prices(asked(RequestForwardPrices, "BTC"))
    option = instrument(OPTION)
    with pytest.raises(EncodeError, match="is not loaded"):
        await requests.forward_prices(
            asked(RequestForwardPrices, "BTC", sample_instrument_id=option.id)
        )
    with pytest.raises(EncodeError, match="is no option"):
        await requests.forward_prices(asked(RequestForwardPrices, "BTC", sample_instrument_id=BTC))


@pytest.mark.parametrize(
    "data_type",
    [DataType(QuoteTick), ParadexMarketStatistics.data_type_of(BTC)],
)
async def test_custom_data_that_cannot_be_requested_is_an_error(requests, data_type):
    ask = asked(RequestData, data_type, BTC)
    with pytest.raises(EncodeError, match="cannot be requested; ParadexSettlementPrice"):
        await requests.custom(ask)
