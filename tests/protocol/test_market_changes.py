"""If a market's specification shows what an event told (PROTOCOL 4.1, traps 17, 63)."""

from decimal import Decimal

import pytest

from nautilus_paradex.protocol.market_changes import VISIBLE
from nautilus_paradex.protocol.market_changes import changes_of
from nautilus_paradex.protocol.market_changes import disagreements
from nautilus_paradex.protocol.messages.markets import Delta1MarginParams
from nautilus_paradex.protocol.messages.markets import FeeConfig
from nautilus_paradex.protocol.messages.markets import FeeWithCap
from nautilus_paradex.protocol.messages.markets import MakerTakerFee
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.messages.markets import MarketChanges
from nautilus_paradex.protocol.messages.markets import MarketEvent


MARKET = Market(
    symbol="BTC-USD-PERP",
    asset_kind="PERP",
    price_tick_size="0.10",
    order_size_increment="0.001",
    max_open_orders=150,
    position_limit="not a number",
    delta1_cross_margin_params=Delta1MarginParams(imf_base="0.02", mmf_factor="0.5"),
    fee_config=FeeConfig(api_fee=MakerTakerFee(maker_fee=FeeWithCap(fee="0.0003"))),
)


def told(**fields):
    return changes_of(
        MarketEvent(
            symbol=MARKET.symbol, event_type="UPDATED", changed_fields=MarketChanges(**fields)
        )
    )


def test_an_event_tells_the_fields_that_are_not_absent():
    assert changes_of(MarketEvent(symbol="M", event_type="CREATED")) == {}
    assert told() == {}
    assert told(price_tick_size=Decimal("0.5")) == {"price_tick_size": Decimal("0.5")}


def test_every_field_that_is_looked_at_exists_on_both_sides():
    assert set(VISIBLE) <= set(MarketChanges.__struct_fields__) & set(Market.__struct_fields__)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"price_tick_size": Decimal("0.1")},
        {"asset_kind": "PERP"},
        {"asset_kind": ""},
        {"max_open_orders": 150},
        {"delta1_cross_margin_params": Delta1MarginParams(imf_base="0.020")},
        {"fee_config": FeeConfig(api_fee=MakerTakerFee(maker_fee=FeeWithCap(fee="0.0003")))},
        {"interest_rate": Decimal(9)},
    ],
)
def test_what_is_shown_agrees_whatever_its_notation(fields):
    assert disagreements(told(**fields), MARKET) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"price_tick_size": Decimal("0.5")},
        {"asset_kind": "SPOT"},
        {"max_open_orders": 151},
        {"position_limit": Decimal(1)},
        {"strike_price": Decimal(1)},
        {"delta1_cross_margin_params": Delta1MarginParams(imf_base="0.03")},
        {"fee_config": FeeConfig(api_fee=MakerTakerFee(taker_fee=FeeWithCap(fee="0.0003")))},
    ],
)
def test_what_is_not_shown_is_named(fields):
    assert disagreements(told(**fields), MARKET) == list(fields)
