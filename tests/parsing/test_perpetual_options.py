"""
Dated and perpetual options in all of the framework that takes an option.

An option without expiry is none to the framework: what it makes of `NO_EXPIRY_NS` is held here.
"""

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.data.client import MarketDataClient
from nautilus_trader.data.engine import DataEngine
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.data import IndexPriceUpdate
from nautilus_trader.model.data import OptionGreeks
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.greeks import GreeksCalculator
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import IndexInstrument
from nautilus_trader.model.instruments import instruments_from_pyo3
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.serialization.serializer import MsgSpecSerializer

from nautilus_paradex.parsing.instruments import NO_EXPIRY_NS
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import PERP_OPTION
from tests.parsing.parsing_values import instrument
from tests.processes import in_a_process_of_its_own


EXPIRY_NS = 1_795_766_400_000 * 1_000_000
HOUR_NS = 3_600 * 1_000_000_000
NOW_NS = EXPIRY_NS - 30 * 24 * HOUR_NS

DATED = instrument(OPTION)
PERPETUAL = instrument(
    PERP_OPTION, symbol="BTC-USD-70000-C", option_type="CALL", strike_price="70000"
)
PUT = instrument(PERP_OPTION)

#: Where the framework looks for an option's underlying; the venue has no such market.
INDEX = IndexInstrument(
    instrument_id=InstrumentId.from_str("BTC.PARADEX"),
    raw_symbol=Symbol("BTC"),
    currency=USDC,
    price_precision=2,
    size_precision=2,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.01"),
    ts_event=0,
    ts_init=0,
)

both = pytest.mark.parametrize("option", [DATED, PERPETUAL, PUT], ids=lambda its: its.symbol.value)


def quote(option: CryptoOption, bid: str, ask: str, ts: int) -> QuoteTick:
    size = option.make_qty(10)
    return QuoteTick(option.id, option.make_price(bid), option.make_price(ask), size, size, ts, ts)


# -- WRITTEN AND READ ------------------------------------------------------------------------------


@both
def test_an_option_survives_dicts_and_the_cache_databases_bytes(option: CryptoOption) -> None:
    fields = option.to_dict(option)
    again = CryptoOption.from_dict(fields)
    assert again == option
    assert again.to_dict(again) == fields
    serializer = MsgSpecSerializer(encoding=msgspec.msgpack)
    stored = serializer.deserialize(serializer.serialize(option))
    assert stored.to_dict(stored) == fields


@both
def test_an_option_survives_pyo3(option: CryptoOption) -> None:
    fields = option.to_dict(option)
    other = nautilus_pyo3.CryptoOption.from_dict(fields)
    assert other.expiration_ns == option.expiration_ns
    (again,) = instruments_from_pyo3([other])
    assert again.to_dict(again) == fields


def test_options_survive_a_catalog(tmp_path: Path) -> None:
    catalog = ParquetDataCatalog(tmp_path)
    catalog.write_data([DATED, PERPETUAL, PUT])
    found = {each.id: each for each in catalog.instruments()}
    assert len(found) == 3
    for option in (DATED, PERPETUAL, PUT):
        again = found[option.id]
        assert again.to_dict(again) == option.to_dict(option)


@both
def test_the_cache_holds_an_option(option: CryptoOption) -> None:
    cache = Cache()
    cache.add_instrument(option)
    assert cache.instrument(option.id) is option
    assert cache.instruments(venue=Venue("PARADEX")) == [option]
    assert cache.instrument_ids(venue=Venue("PARADEX")) == [option.id]


def test_the_cache_cannot_look_for_the_underlying_of_any_crypto_option() -> None:
    """It compares a currency with a text; the guide says so, until this fails."""
    cache = Cache()
    cache.add_instrument(DATED)
    with pytest.raises(TypeError, match=r"objects\.Currency, got str"):
        cache.instruments(underlying="BTC")


# -- GREEKS ----------------------------------------------------------------------------------------


def greeks_of(option: CryptoOption, **arguments: Any) -> Any:
    """Return what the framework calculates for an option of 2,000 where the index is 70,000."""
    cache, clock = Cache(), TestClock()
    clock.set_time(NOW_NS)
    cache.add_instrument(INDEX)
    cache.add_instrument(option)
    cache.add_index_price(IndexPriceUpdate(INDEX.id, Price.from_str("70000.00"), NOW_NS, NOW_NS))
    cache.add_quote_tick(quote(option, "1999", "2001", NOW_NS))
    return GreeksCalculator(cache, clock).instrument_greeks(option.id, **arguments)


def test_the_frameworks_greeks_of_a_dated_option_make_sense() -> None:
    greeks = greeks_of(DATED)
    assert greeks.expiry == 20261127
    assert greeks.expiry_in_days == 30
    assert 0.1 < greeks.vol < 0.5
    assert 0.5 < greeks.delta < 0.6
    assert greeks.theta < 0 < greeks.gamma


def test_without_interest_a_perpetual_option_has_a_delta_but_no_volatility() -> None:
    """Without interest both depend on volatility times root of time alone, so delta is the same."""
    greeks = greeks_of(PERPETUAL, flat_interest_rate=0.0)
    dated = greeks_of(DATED, flat_interest_rate=0.0)
    assert greeks.expiry == 22620411
    assert greeks.delta == pytest.approx(dated.delta, rel=1e-6)
    assert greeks.gamma == pytest.approx(dated.gamma, rel=1e-6)
    # The same price over centuries: no market ever traded this.
    assert greeks.vol < dated.vol / 20


def test_with_interest_the_frameworks_greeks_of_a_perpetual_option_make_no_sense() -> None:
    """Why the guide sends users to the venue's own greeks."""
    greeks = greeks_of(PERPETUAL)
    assert greeks.vol < 1e-6
    assert not math.isclose(greeks.price, 2_000, abs_tol=1_000)


def test_greeks_need_a_price_of_an_underlying_that_the_venue_does_not_list() -> None:
    """The calculator asks for BTC.PARADEX, and knows nothing of BTC-USD-PERP."""
    cache, clock = Cache(), TestClock()
    cache.add_instrument(DATED)
    cache.add_quote_tick(quote(DATED, "1999", "2001", NOW_NS))
    assert GreeksCalculator(cache, clock).instrument_greeks(DATED.id) is None


# -- CHAINS ----------------------------------------------------------------------------------------


class Room(MarketDataClient):
    """A data client that notes what is subscribed."""

    def __init__(self, bus: MessageBus, cache: Cache, clock: TestClock) -> None:
        super().__init__(ClientId("PARADEX"), bus, cache, clock, venue=Venue("PARADEX"))
        self.followed: set[str] = set()

    def subscribe_quote_ticks(self, command: Any) -> None:
        self.followed.add(command.instrument_id.symbol.value)

    def subscribe_option_greeks(self, command: Any) -> None:
        self.followed.add(command.instrument_id.symbol.value)

    def subscribe_instrument_status(self, command: Any) -> None:
        self.followed.add(command.instrument_id.symbol.value)


class Listener(Actor):
    """Keeps the slices of chains."""

    def __init__(self) -> None:
        super().__init__()
        self.slices: list[Any] = []

    def on_option_chain(self, chain: Any) -> None:
        self.slices.append(chain)


def greeks_frame(option: CryptoOption, delta: float, ts: int) -> OptionGreeks:
    return OptionGreeks(
        option.id, delta, 0.00003, 38.2, -95.1, 4.1, 0.5, 0.49, 0.51, 70_000.0, 1.0, ts, ts
    )


@pytest.mark.parametrize(
    ("option", "expiration_ns"),
    [(DATED, EXPIRY_NS), (PERPETUAL, NO_EXPIRY_NS)],
    ids=["dated", "perpetual"],
)
def test_a_chain_holds_the_options_of_its_series_and_no_others(
    option: CryptoOption, expiration_ns: int
) -> None:
    clock = TestClock()
    clock.set_time(NOW_NS)
    cache, bus = Cache(), MessageBus(TraderId("T-1"), clock)
    engine, room, listener = DataEngine(bus, cache, clock), Room(bus, cache, clock), Listener()
    engine.register_client(room)
    listener.register_base(Portfolio(bus, cache, clock), bus, cache, clock)
    for each in (DATED, PERPETUAL, PUT):
        cache.add_instrument(each)
    engine.start()
    listener.start()
    series = nautilus_pyo3.OptionSeriesId("PARADEX", "BTC", "USDC", expiration_ns)
    assert nautilus_pyo3.OptionSeriesId.from_str(str(series)) == series
    strike = nautilus_pyo3.Price.from_str("70000")
    listener.subscribe_option_chain(series, nautilus_pyo3.StrikeRange.fixed([strike]))
    assert room.followed == {option.symbol.value}

    for each in (DATED, PERPETUAL, PUT):
        engine.process(quote(each, "1999", "2001", NOW_NS))
        engine.process(greeks_frame(each, 0.41, NOW_NS))
    chain = listener.slices[-1]
    assert chain.series_id == series
    assert (chain.call_count(), chain.put_count()) == (1, 0)
    assert str(chain.get_call_quote(strike).bid_price) == "1999.00"
    assert chain.get_call_greeks(strike).delta == 0.41


# -- BACKTESTS -------------------------------------------------------------------------------------


def test_backtests_take_dated_and_perpetual_options() -> None:
    """In a process of their own: a backtest marks its venue's accounts as calculated, for good."""
    in_a_process_of_its_own(Path(__file__).with_name("option_backtests.py"), passed=6)
