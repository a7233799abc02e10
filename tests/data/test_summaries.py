"""A market's summary as the framework's data (PROTOCOL 9.4)."""

from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.data import CustomData
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import IndexPriceUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OptionGreeks
from nautilus_trader.model.objects import PRICE_MAX

from nautilus_paradex.data.summaries import MarketSummaries
from nautilus_paradex.data.summaries import SummaryKind
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.protocol.messages.markets import Market


def instrument(symbol, kind, **fields):
    market = Market(
        symbol=symbol,
        asset_kind=kind,
        base_currency="BTC",
        price_tick_size="0.1",
        order_size_increment="0.001",
        **fields,
    )
    return parse_instrument(market, None, 0)


PERP = instrument("BTC-USD-PERP", "PERP", funding_period_hours=Decimal(8))
OPTION = instrument(
    "BTC-USD-27NOV26-70000-C",
    "OPTION",
    option_type="CALL",
    strike_price="70000",
    expiry_at=1_795_766_400_000,
)
SPOT = instrument("BTC-USD", "SPOT")


class Log:
    def __init__(self):
        self.errors, self.warnings = [], []

    def error(self, message):
        self.errors.append(message)

    def warning(self, message):
        self.warnings.append(message)


class Room:
    def __init__(self, *wishes):
        self.data, self.log = [], Log()
        self.summaries = MarketSummaries(emit=self.data.append, clock=TestClock(), log=self.log)
        for its, kind in wishes:
            self.want(its, kind)

    def want(self, its, kind):
        self.summaries.want(its.id.symbol.value, kind, its)

    def drop(self, its, kind):
        return self.summaries.drop(its.id.symbol.value, kind)

    def take(self, event):
        self.data.clear()
        self.summaries.on_summary(event)
        return self.data


FULL = MarketSummary(
    market=PERP.id.symbol.value,
    ts_ns=77,
    mark_price_e8=6_123_456_789_012,
    underlying_price_e8=6_120_000_000_000,
    funding_rate_e12=81_000_001,
    open_interest_e8=13_240_000_000,
    volume_24h_e8=25_400_010_000_000,
    total_volume_e8=2**63 - 1,
)
GREEKS = MarketSummary(
    market=OPTION.id.symbol.value,
    ts_ns=78,
    mark_iv_e8=51_200_000,
    underlying_price_e8=6_801_240_000_000,
    delta_e8=41_000_000,
    gamma_e8=3_000,
    vega_e8=3_820_000_000,
    theta_e8=-9_510_000_000,
    rho_e8=410_000_000,
)


def test_prices_are_exact_to_the_last_place():
    room = Room((PERP, SummaryKind.MARK_PRICE), (PERP, SummaryKind.INDEX_PRICE))
    made = {type(item): item for item in room.take(FULL)}
    assert made[MarkPriceUpdate].value.as_decimal() == Decimal("61234.56789012")
    assert made[IndexPriceUpdate].value.as_decimal() == Decimal(61200)
    assert {item.ts_event for item in made.values()} == {77}
    # Said again is news too.
    assert len(room.take(FULL)) == 2


def test_funding_comes_first_and_when_it_changes():
    room = Room((PERP, SummaryKind.FUNDING_RATE))
    (update,) = room.take(FULL)
    assert isinstance(update, FundingRateUpdate)
    assert (update.rate, update.interval, update.next_funding_ns) == (
        Decimal("0.000081000001"),
        480,
        None,
    )
    assert room.take(FULL) == []
    changed = msgspec.structs.replace(FULL, funding_rate_e12=-1)
    assert room.take(changed)[0].rate == Decimal("-0.000000000001")
    room.summaries.rescale(instrument("BTC-USD-PERP", "PERP", funding_period_hours=Decimal(1)))
    assert room.take(changed)[0].interval == 60


def test_greeks_of_an_option():
    room = Room((OPTION, SummaryKind.OPTION_GREEKS))
    (greeks,) = room.take(GREEKS)
    assert isinstance(greeks, OptionGreeks)
    assert (greeks.delta, greeks.theta, greeks.mark_iv, greeks.bid_iv) == (0.41, -95.1, 0.512, None)


def test_statistics_carry_what_there_is_and_no_saturated_volume():
    room = Room((PERP, SummaryKind.STATISTICS))
    (custom,) = room.take(FULL)
    assert isinstance(custom, CustomData)
    assert custom.data.open_interest == Decimal("132.4")
    assert custom.data.volume_24h == Decimal("254000.1")
    assert custom.data.total_volume is None
    assert custom.data.mark_iv is None


def test_what_is_absent_gives_nothing():
    room = Room(*((PERP, kind) for kind in SummaryKind if kind is not SummaryKind.OPTION_GREEKS))
    made = room.take(MarketSummary(market=PERP.id.symbol.value, ts_ns=1))
    assert [type(item) for item in made] == [CustomData]
    options = Room((OPTION, SummaryKind.OPTION_GREEKS))
    assert options.take(MarketSummary(market=OPTION.id.symbol.value, ts_ns=1, delta_e8=1)) == []


@pytest.mark.parametrize(
    ("its", "kind"),
    [
        (PERP, SummaryKind.OPTION_GREEKS),
        (SPOT, SummaryKind.OPTION_GREEKS),
        (SPOT, SummaryKind.FUNDING_RATE),
        (OPTION, SummaryKind.FUNDING_RATE),
    ],
)
def test_what_an_instrument_does_not_have_is_refused(its, kind):
    with pytest.raises(EncodeError, match=str(its.id)):
        Room((its, kind))


def test_only_what_is_wanted_comes_and_the_last_wish_is_told():
    room = Room((PERP, SummaryKind.MARK_PRICE), (PERP, SummaryKind.STATISTICS))
    assert room.take(GREEKS) == []
    assert room.drop(PERP, SummaryKind.STATISTICS)
    assert [type(item) for item in room.take(FULL)] == [MarkPriceUpdate]
    assert not room.drop(PERP, SummaryKind.MARK_PRICE)
    assert not room.drop(PERP, SummaryKind.MARK_PRICE)
    assert room.take(FULL) == []
    assert room.summaries.frames == 3


def test_a_price_out_of_range_is_said_once_and_the_rest_comes():
    room = Room((PERP, SummaryKind.MARK_PRICE), (PERP, SummaryKind.INDEX_PRICE))
    # JSON has no largest number; a raw value out of the framework's range would end the process.
    absurd = msgspec.structs.replace(FULL, mark_price_e8=(int(PRICE_MAX) + 1) * 10**8)
    for _ in range(3):
        assert [type(item) for item in room.take(absurd)] == [IndexPriceUpdate]
    assert len(room.log.errors) == 1
    assert PERP.id.symbol.value in room.log.errors[0]


def test_a_missing_greek_is_said_once_and_none_is_made_up():
    room = Room((OPTION, SummaryKind.OPTION_GREEKS))
    without_rho = msgspec.structs.replace(GREEKS, rho_e8=None)
    for _ in range(3):
        assert room.take(without_rho) == []
    assert len(room.log.warnings) == 1
    assert "no rho" in room.log.warnings[0]
    assert len(room.take(GREEKS)) == 1
    assert room.take(msgspec.structs.replace(GREEKS, vega_e8=None)) == []
    assert [line.split(" for ")[0] for line in room.log.warnings] == [
        "The venue gives no rho",
        "The venue gives no vega",
    ]
