"""Summaries, funding and prints as the framework's data: exact, and nothing invented."""

import decimal
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.objects import PRICE_MAX
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from nautilus_paradex.parsing.statistics import funding_interval
from nautilus_paradex.parsing.statistics import has_funding
from nautilus_paradex.parsing.statistics import is_option
from nautilus_paradex.parsing.statistics import missing_greek
from nautilus_paradex.parsing.statistics import parse_funding_comparison
from nautilus_paradex.parsing.statistics import parse_funding_data
from nautilus_paradex.parsing.statistics import parse_funding_rate
from nautilus_paradex.parsing.statistics import parse_index_price
from nautilus_paradex.parsing.statistics import parse_mark_price
from nautilus_paradex.parsing.statistics import parse_market_statistics
from nautilus_paradex.parsing.statistics import parse_option_greeks
from nautilus_paradex.parsing.statistics import parse_public_trade
from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import FundingComparison
from nautilus_paradex.protocol.events import FundingData
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.numbers import from_mantissa
from nautilus_paradex.protocol.numbers import mantissa
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import PERP
from tests.parsing.parsing_values import TS
from tests.parsing.parsing_values import instrument


INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
BTC = instrument(PERP)
CALL = instrument(OPTION)

#: PROTOCOL 9.4's sample, its number of 8 places, and a funding rate.
SAMPLE = {
    "symbol": "BTC-USD-27NOV26-70000-C",
    "mark_price": "1520.33",
    "underlying_price": "68012.4",
    "external_fair_price": "",
    "last_traded_price": "1515",
    "bid": "1505",
    "bid_size": "2",
    "ask": "1530",
    "ask_size": "1.5",
    "mark_iv": "0.512",
    "bid_iv": "0.505",
    "ask_iv": "0.519",
    "last_iv": "0.51",
    "greeks": {
        "delta": "0.41",
        "gamma": "0.00003",
        "vega": "38.2",
        "theta": "-95.1",
        "rho": "4.1",
        "vanna": "0.3",
        "volga": "12.2",
    },
    "delta": "0.41",
    "forward_rate": "0.043",
    "risk_free_rate": "0.04",
    "funding_rate": "0.000000000123",
    "future_funding_rate": "0.00011",
    "open_interest": "132.4",
    "volume_24h": "254000.1",
    "total_volume": "9120033.7",
    "price_change_rate_24h": "",
    "created_at": 1790000000123,
}


def from_json(**changes):
    text = msgspec.json.encode(SAMPLE | changes)
    return json_events.market_summary(messages.decode(text, messages.MarketSummaryMessage))


def summary(**values):
    return MarketSummary(market="BTC-USD-PERP", ts_ns=TS, **values)


# -- PRICES ----------------------------------------------------------------------------------------


@given(st.integers(-(10**15), 10**17))
def test_mark_and_index_prices_are_exact_to_the_last_place_of_the_wire(value):
    event = summary(mark_price_e8=value, underlying_price_e8=value)
    mark = parse_mark_price(event, BTC.id, TS + 1)
    index = parse_index_price(event, BTC.id, TS + 1)
    assert mark.value.as_decimal() == index.value.as_decimal() == from_mantissa(value)
    assert (mark.ts_event, mark.ts_init, mark.instrument_id) == (TS, TS + 1, BTC.id)


def test_a_price_equals_the_same_price_of_other_places():
    event = summary(mark_price_e8=mantissa("61234.5"))
    assert parse_mark_price(event, BTC.id, TS).value == BTC.make_price(61234.5)


def test_a_catalog_keeps_every_place_of_every_mark_price(tmp_path):
    prices = ("61234.5", "61234.51234567", "61234")
    updates = [
        parse_mark_price(summary(mark_price_e8=mantissa(price)), BTC.id, TS + i)
        for i, price in enumerate(prices)
    ]
    catalog = ParquetDataCatalog(str(tmp_path))
    catalog.write_data(updates)
    read = [update.value.as_decimal() for update in catalog.query(MarkPriceUpdate)]
    assert read == [Decimal(price) for price in prices]


def test_a_price_beyond_the_frameworks_range_is_an_error():
    # A raw value out of its range would end the process.
    event = summary(mark_price_e8=(int(PRICE_MAX) + 1) * 10**8)
    with pytest.raises(NumberError, match="out of the range of prices"):
        parse_mark_price(event, BTC.id, TS)


def test_what_is_absent_gives_no_event():
    event = summary()
    assert parse_mark_price(event, BTC.id, TS) is None
    assert parse_index_price(event, BTC.id, TS) is None
    assert parse_funding_rate(event, BTC.id, 480, TS) is None
    assert parse_option_greeks(event, CALL.id, TS) is None


# -- FUNDING ---------------------------------------------------------------------------------------


def test_a_funding_rate_is_exact_and_has_no_invented_next_time():
    update = parse_funding_rate(summary(funding_rate_e12=-123), BTC.id, 480, TS + 1)
    assert update.rate == Decimal("-0.000000000123")
    assert (update.interval, update.next_funding_ns) == (480, None)
    assert (update.ts_event, update.ts_init) == (TS, TS + 1)


@pytest.mark.parametrize(
    ("hours", "minutes"), [(8, 480), (24, 1440), ("0.5", 30), (1, 60), (0, None)]
)
def test_the_funding_interval_is_the_instruments_period_in_minutes(hours, minutes):
    assert funding_interval(instrument(PERP | {"funding_period_hours": hours})) == minutes


def test_only_what_does_not_expire_has_funding():
    everlasting = {"symbol": "BTC-USD-96000-C", "asset_kind": "PERP_OPTION", "expiry_at": 0}
    spot = {"symbol": "BTC-USD", "asset_kind": "SPOT"}
    assert has_funding(BTC)
    assert has_funding(instrument(OPTION | everlasting))
    assert not has_funding(CALL)
    assert not has_funding(instrument(PERP | spot))
    assert is_option(CALL)
    assert not is_option(BTC)


def test_funding_data_and_comparison_are_carried_whole():
    data = FundingData(
        market="BTC-USD-PERP",
        funding_rate=Decimal("0.000081"),
        funding_rate_8h=None,
        funding_index=Decimal("11234.56"),
        funding_premium=Decimal("0.42"),
        funding_period_hours=0,
        impact_premium_rate=Decimal("0.000012"),
        created_ns=TS,
    )
    told = parse_funding_data(data, BTC.id, TS + 1)
    for name in data.__struct_fields__[1:-1]:
        assert getattr(told, name) == getattr(data, name)
    assert (told.instrument_id, told.ts_event, told.ts_init) == (BTC.id, TS, TS + 1)

    comparison = FundingComparison(
        market="BTC-USD-PERP",
        source="UNKNOWN(99)",
        asset_kind="PERP",
        hourly_funding_rate=Decimal("0.000000000001"),
        updated_ns=TS,
    )
    told = parse_funding_comparison(comparison, BTC.id, TS + 1)
    assert (told.source, told.asset_kind) == ("UNKNOWN(99)", "PERP")
    assert told.hourly_funding_rate == Decimal("0.000000000001")
    assert (told.ts_event, told.ts_init) == (TS, TS + 1)


# -- OPTIONS ---------------------------------------------------------------------------------------


def test_greeks_are_the_venues_own_of_the_black_scholes_convention():
    greeks = parse_option_greeks(from_json(), CALL.id, TS)
    assert (greeks.delta, greeks.gamma, greeks.vega) == (0.41, 0.00003, 38.2)
    assert (greeks.theta, greeks.rho) == (-95.1, 4.1)
    assert (greeks.mark_iv, greeks.bid_iv, greeks.ask_iv) == (0.512, 0.505, 0.519)
    assert (greeks.underlying_price, greeks.open_interest) == (68012.4, 132.4)
    assert greeks.convention == nautilus_pyo3.GreeksConvention.BLACK_SCHOLES
    assert greeks.ts_event == 1790000000123_000_000


@given(INT64)
def test_a_greek_is_the_float_nearest_to_the_venues_number(value):
    event = summary(delta_e8=value, gamma_e8=0, vega_e8=0, theta_e8=0, rho_e8=0)
    assert parse_option_greeks(event, CALL.id, TS).delta == float(from_mantissa(value))


def test_volatilities_may_be_absent_and_greeks_may_not():
    greeks = parse_option_greeks(from_json(bid_iv="", ask_iv="", mark_iv=""), CALL.id, TS)
    assert (greeks.mark_iv, greeks.bid_iv, greeks.ask_iv) == (None, None, None)
    partial = from_json(greeks={"delta": "0.41", "gamma": "1", "vega": "2", "theta": "3"})
    assert parse_option_greeks(partial, CALL.id, TS) is None
    assert missing_greek(partial) == "rho"
    assert missing_greek(from_json()) is None


# -- STATISTICS ------------------------------------------------------------------------------------


def test_statistics_carry_the_sample_of_the_protocol_exactly():
    told = parse_market_statistics(from_json(), CALL.id, TS)
    flat = SAMPLE | SAMPLE["greeks"]
    names = {"last_price": "last_traded_price"}
    for name in told.to_dict().keys() - {"type", "instrument_id", "ts_event", "ts_init"}:
        text = flat[names.get(name, name)]
        assert getattr(told, name) == (Decimal(text) if text else None), name


@pytest.mark.parametrize("version", sbe.SUPPORTED_VERSIONS)
def test_json_and_every_sbe_version_give_equal_statistics(version):
    if version:
        event = expected = from_json()
    else:
        # Version 0 has neither of the rates, and 8 places of funding (trap 15).
        event = from_json(funding_rate="0.00012345")
        expected = msgspec.structs.replace(event, forward_rate_e8=None, risk_free_rate_e8=None)
    decoded = sbe.decode_frame(sbe.encode_event(event, version=version))
    assert parse_market_statistics(decoded, CALL.id, TS) == parse_market_statistics(
        expected, CALL.id, TS
    )


def test_a_saturated_total_volume_is_not_told_as_a_number():
    # Trap 15: 2**63 - 1 is where SBE ends, JSON goes on.
    told = parse_market_statistics(summary(total_volume_e8=2**63 - 1), BTC.id, TS)
    assert told.total_volume is None
    for known in (2**63 - 2, 2**63):
        told = parse_market_statistics(summary(total_volume_e8=known), BTC.id, TS)
        assert told.total_volume == from_mantissa(known)


def test_a_users_decimal_context_changes_nothing():
    with decimal.localcontext(decimal.Context(prec=2)):
        told = parse_market_statistics(from_json(), CALL.id, TS)
        minutes = funding_interval(instrument(PERP | {"funding_period_hours": "24"}))
    assert told.volume_24h == Decimal("254000.1")
    assert minutes == 1440


# -- PRINTS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("trade_type", ["FILL", "BLOCK_TRADE", "SETTLE_MARKET", "UNKNOWN(77)"])
def test_prints_of_every_kind_are_carried_exactly(trade_type):
    event = Trade(
        market="BTC-USD-PERP",
        seq=0,
        trade_id="1790000000123201709233240001",
        side=Side.SELL,
        price_e8=1,
        size_e8=mantissa("123456789.00000001"),
        trade_type=trade_type,
        created_ns=TS,
        published_ns=TS + 5,
    )
    told = parse_public_trade(event, BTC.id, TS + 9)
    assert (told.trade_id, told.trade_type, told.seq) == (event.trade_id, trade_type, 0)
    assert (told.side, told.price) == (AggressorSide.SELLER, Decimal("0.00000001"))
    assert told.size == Decimal("123456789.00000001")
    assert (told.ts_event, told.ts_init) == (TS, TS + 9)
