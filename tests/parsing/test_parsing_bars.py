"""Klines, funding rows, depths and forwards as the framework's objects."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.model.data import BarType
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing.bars import PriceKind
from nautilus_paradex.parsing.bars import kline_spec
from nautilus_paradex.parsing.bars import parse_bar
from nautilus_paradex.parsing.depth import parse_order_book_depth10
from nautilus_paradex.parsing.forwards import parse_forward_price
from nautilus_paradex.parsing.funding import parse_funding_row
from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.numbers import TooFineError
from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.protocol.messages import FundingDataMessage
from nautilus_paradex.protocol.messages import Kline
from nautilus_paradex.protocol.messages import Page
from nautilus_paradex.protocol.messages.codec import decode
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import PERP_OPTION
from tests.parsing.parsing_values import TS
from tests.parsing.parsing_values import book
from tests.parsing.parsing_values import instrument


OPEN_MS = 1_790_000_040_000
MINUTE = "BTC-USD-PERP.PARADEX-1-MINUTE-LAST-EXTERNAL"


def bar_type(text: str) -> BarType:
    return BarType.from_str(f"BTC-USD-PERP.PARADEX-{text}")


def kline(*numbers: str, open_at: int = OPEN_MS) -> Kline:
    return Kline(open_at, *(Decimal(number) for number in numbers))


def parsed(row: Kline, text: str = "1-MINUTE-LAST-EXTERNAL"):
    kind = bar_type(text)
    return parse_bar(row, kind, kline_spec(kind), instrument())


# -- BAR TYPES -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minutes", "kind"),
    [
        ("1-MINUTE-LAST-EXTERNAL", 1, "last"),
        ("3-MINUTE-LAST-EXTERNAL", 3, "last"),
        ("5-MINUTE-MARK-EXTERNAL", 5, "mark"),
        ("15-MINUTE-LAST-EXTERNAL", 15, "last"),
        ("30-MINUTE-LAST-EXTERNAL", 30, "last"),
        ("1-HOUR-MARK-EXTERNAL", 60, "mark"),
    ],
)
def test_all_six_resolutions_and_both_price_types_are_known(text, minutes, kind):
    spec = kline_spec(bar_type(text))
    assert (spec.market, spec.resolution_mins, spec.price_kind) == ("BTC-USD-PERP", minutes, kind)
    assert spec.step_ms == minutes * 60_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2-MINUTE-LAST-EXTERNAL", "only of 1, 3, 5, 15 and 30 MINUTE and 1 HOUR"),
        ("4-HOUR-LAST-EXTERNAL", "4-HOUR-LAST-INTERNAL@1-MINUTE-EXTERNAL"),
        ("1-DAY-LAST-EXTERNAL", "let the framework aggregate"),
        ("30-SECOND-LAST-EXTERNAL", "30-SECOND-LAST-INTERNAL"),
        ("100-TICK-LAST-EXTERNAL", "let the framework aggregate"),
        ("1-MINUTE-BID-EXTERNAL", "no bars of BID prices"),
        ("1-MINUTE-MID-EXTERNAL", "use LAST or MARK"),
        ("1-MINUTE-LAST-INTERNAL", "EXTERNAL bars"),
        ("5-MINUTE-LAST-INTERNAL@1-MINUTE-EXTERNAL", "EXTERNAL bars"),
    ],
)
def test_a_bar_type_without_klines_is_refused_with_what_to_use(text, said):
    with pytest.raises(EncodeError, match=re.escape(said)):
        kline_spec(bar_type(text))


def test_another_venues_bar_type_is_refused():
    with pytest.raises(EncodeError, match="not of an instrument of PARADEX"):
        kline_spec(BarType.from_str("BTCUSDT.BINANCE-1-MINUTE-LAST-EXTERNAL"))


def test_a_price_kind_stands_in_for_last_and_never_contradicts_mark():
    last, mark = bar_type("1-MINUTE-LAST-EXTERNAL"), bar_type("1-MINUTE-MARK-EXTERNAL")
    assert kline_spec(last, PriceKind.UNDERLYING).price_kind == "underlying"
    assert kline_spec(mark, PriceKind.MARK).price_kind == "mark"
    with pytest.raises(EncodeError, match="cannot carry those of price_kind 'underlying'"):
        kline_spec(mark, PriceKind.UNDERLYING)


# -- BARS ------------------------------------------------------------------------------------------


def test_a_bar_is_stamped_with_its_close_as_the_frameworks_aggregators_do():
    bar = parsed(kline("100", "101", "99", "100.5", "2", open_at=OPEN_MS))
    assert bar.ts_event == bar.ts_init == (OPEN_MS + 60_000) * 1_000_000
    assert str(bar.bar_type) == MINUTE


def test_json_numbers_become_exact_prices():
    body = f'{{"results": [[{OPEN_MS},61000.1,61000.3,61000.1,61000.2,0.00001]]}}'
    bar = parsed(decode(body, Page[Kline]).results[0])
    assert (bar.open, bar.high) == (Price.from_str("61000.1"), Price.from_str("61000.3"))
    assert (bar.close, bar.volume) == (Price.from_str("61000.2"), Quantity.from_str("0.00001"))
    assert (bar.open.precision, bar.volume.precision) == (1, 5)


def test_finer_prices_and_volumes_are_rounded_half_to_even():
    bar = parsed(kline("100.25", "100.35", "100.15", "100.25", "0.000025"))
    prices = [str(price) for price in (bar.open, bar.high, bar.low, bar.close)]
    assert prices == ["100.2", "100.4", "100.2", "100.2"]
    assert str(bar.volume) == "0.00002"


amounts = st.decimals("0.00000001", "99999999", allow_nan=False, places=8)


@given(st.lists(amounts, min_size=4, max_size=4))
def test_rounding_never_breaks_the_order_of_open_high_low_close(prices):
    first, *_, last = prices
    bar = parsed(Kline(OPEN_MS, first, max(prices), min(prices), last, Decimal(1)))
    assert bar.low <= bar.open <= bar.high
    assert bar.low <= bar.close <= bar.high
    assert abs(bar.open.as_decimal() - first) <= Decimal("0.05")


@pytest.mark.parametrize(
    "row",
    [
        kline("100", "99", "98", "99", "1"),
        kline("100", "101", "100.5", "101", "1"),
        kline("100", "101", "99", "100", "-1"),
        kline("100", "1e30", "99", "100", "1"),
        kline("NaN", "101", "99", "100", "1"),
        kline("100", "101", "99", "100", "1", open_at=OPEN_MS + 1),
    ],
)
def test_a_row_that_is_no_bar_is_a_decode_error_that_names_it(row):
    with pytest.raises(DecodeError, match=f"kline of BTC-USD-PERP at {row.open_at}"):
        parsed(row)


# -- FUNDING ---------------------------------------------------------------------------------------


def funding(**changes):
    fields = {"market": "BTC-USD-PERP", "funding_rate": "0.000081", "funding_index": "1"}
    fields["funding_premium"] = "0.42"
    return json_events.funding_data(FundingDataMessage(**fields | {"created_at": 5} | changes))


def test_a_funding_row_keeps_its_own_time_and_period():
    row = parse_funding_row(funding(funding_period_hours=Decimal(4)), instrument().id, 480)
    assert (row.rate, row.interval, row.next_funding_ns) == (Decimal("0.000081"), 240, None)
    assert row.ts_event == row.ts_init == 5_000_000


def test_an_old_row_without_a_period_has_the_instruments():
    old = funding(funding_rate_8h="", funding_period_hours=Decimal(0))
    assert parse_funding_row(old, instrument().id, 480).interval == 480


# -- DEPTH -----------------------------------------------------------------------------------------


def depth_of(bids, asks, depth=10) -> OrderBookDepth10:
    event = book(7, snapshot=True, bids=bids, asks=asks)
    return parse_order_book_depth10(event, InstrumentScale.of(instrument()), TS, depth=depth)


def test_levels_that_are_missing_are_null_orders_and_sides_may_differ():
    depth = depth_of((("100", "1"), ("99", "2")), (("101", "3"),))
    assert [(str(o.price), str(o.size)) for o in depth.bids[:2]] == [
        ("100.0", "1.00000"),
        ("99.0", "2.00000"),
    ]
    assert depth.bid_counts == [1, 1] + [0] * 8
    assert depth.ask_counts == [1] + [0] * 9
    assert (depth.sequence, depth.ts_event, depth.ts_init) == (7, TS + 7, TS)


def test_a_depth_holds_the_best_levels_only():
    bids = tuple((str(100 - n), "1") for n in range(12))
    assert depth_of(bids, ()).bid_counts == [1] * 10
    assert depth_of(bids, (), depth=3).bid_counts == [1] * 3 + [0] * 7


def test_levels_that_do_not_fit_the_instrument_never_show_a_better_market():
    depth = depth_of((("100.05", "1"), ("100", "0.000001"), ("99", "1.000009")), ())
    assert depth.bid_counts == [1] + [0] * 9
    assert (str(depth.bids[0].price), str(depth.bids[0].size)) == ("99.0", "1.00000")


def test_a_depth_of_an_outdated_instrument_or_out_of_range_is_an_error():
    finer = tuple((f"{100 + n}.05", "1") for n in range(40))
    with pytest.raises(TooFineError):
        depth_of((), finer)
    with pytest.raises(NumberError, match="range of prices"):
        depth_of((("99999999999999999", "1"),), ())
    with pytest.raises(NumberError, match="range of sizes"):
        depth_of((("1", "99999999999999999"),), ())


# -- FORWARDS --------------------------------------------------------------------------------------


def summary(**fields) -> MarketSummary:
    return MarketSummary(market="X", ts_ns=TS, **fields)


def test_a_dated_forward_grows_at_the_forward_rate_until_expiry():
    option = instrument(OPTION, expiry_at=TS // 1_000_000 + 365 * 86_400_000)
    spot = summary(underlying_price_e8=10_000_000_000_00, forward_rate_e8=5_000_000)
    forward = parse_forward_price(spot, option, TS + 1)
    # 10,000 times e to the power of 0.05.
    assert forward.forward_price == "10512.71"
    assert str(forward.instrument_id) == str(option.id)
    assert (forward.ts_event, forward.ts_init) == (TS, TS + 1)


def test_without_a_rate_or_an_expiry_the_forward_is_the_underlyings_price():
    spot = summary(underlying_price_e8=6_801_240_000_000)
    assert parse_forward_price(spot, instrument(OPTION), TS).forward_price == "68012.40"
    rated = summary(underlying_price_e8=6_801_240_000_000, forward_rate_e8=5_000_000)
    perpetual = parse_forward_price(rated, instrument(PERP_OPTION), TS)
    assert perpetual.forward_price == "68012.40"


def test_without_an_underlying_price_there_is_no_forward():
    assert parse_forward_price(summary(), instrument(OPTION), TS) is None
