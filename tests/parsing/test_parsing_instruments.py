"""Markets as instruments (PROTOCOL 9)."""

from decimal import Decimal
from decimal import localcontext
from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from nautilus_trader.accounting.accounts.margin import MarginAccount
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OptionKind
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import PositionId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import AccountBalance
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.position import Position
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.serialization.arrow.serializer import ArrowSerializer
from nautilus_trader.test_kit.stubs.component import TestComponentStubs
from nautilus_trader.test_kit.stubs.events import TestEventStubs

from nautilus_paradex.parsing.instruments import ASSET_KINDS
from nautilus_paradex.parsing.instruments import NO_EXPIRY_NS
from nautilus_paradex.parsing.instruments import fee_rates
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.parsing.instruments import unknown_values
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.messages.account import Fees
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import OWN_FEES
from tests.parsing.parsing_values import PERP
from tests.parsing.parsing_values import PERP_OPTION
from tests.parsing.parsing_values import SPOT
from tests.parsing.parsing_values import TS
from tests.parsing.parsing_values import instrument
from tests.parsing.parsing_values import market


# -- KINDS -----------------------------------------------------------------------------------------


def test_a_perpetual_has_the_venues_own_numbers() -> None:
    perp = instrument(PERP)
    assert isinstance(perp, CryptoPerpetual)
    assert str(perp.id) == "BTC-USD-PERP.PARADEX"
    assert perp.raw_symbol.value == "BTC-USD-PERP"
    assert (perp.base_currency.code, perp.quote_currency, perp.settlement_currency) == (
        "BTC",
        USDC,
        USDC,
    )
    assert not perp.is_inverse
    assert (perp.price_precision, perp.size_precision) == (1, 5)
    assert (str(perp.price_increment), str(perp.size_increment)) == ("0.1", "0.00001")
    assert (str(perp.lot_size), str(perp.min_quantity)) == ("0.00001", "0.00001")
    assert str(perp.max_quantity) == "100.00000"
    assert perp.min_notional == Money(10, USDC)
    assert (perp.margin_init, perp.margin_maint) == (Decimal("0.02"), Decimal("0.01"))
    assert (perp.maker_fee, perp.taker_fee) == (Decimal("0.00003"), Decimal("0.00045"))
    assert (perp.ts_event, perp.ts_init) == (TS, TS)
    assert perp.info["max_open_orders"] == 150
    assert perp.info["trading_mode"] == "STANDARD"


def test_a_dated_option_expires() -> None:
    option = instrument(OPTION)
    assert isinstance(option, CryptoOption)
    assert option.option_kind == OptionKind.CALL
    assert option.strike_price == Price.from_str("70000")
    assert option.underlying.code == "BTC"
    assert (option.quote_currency, option.settlement_currency) == (USDC, USDC)
    assert option.activation_ns == 1763697600000 * 10**6
    assert option.expiration_utc == pd.Timestamp("2026-11-27T08:00:00Z")
    assert (option.margin_init, option.margin_maint) == (Decimal("0.15"), Decimal("0.075"))
    assert (option.price_precision, option.size_precision) == (2, 3)


@pytest.mark.parametrize(
    ("strike", "tick", "expected"),
    [("70000", "0.01", "70000.00"), ("0.125", "0.01", "0.125"), ("96000", "5", "96000")],
)
def test_a_strike_has_the_places_of_the_tick_to_settle_in(
    strike: str, tick: str, expected: str
) -> None:
    option = instrument(OPTION, strike_price=strike, price_tick_size=tick)
    assert str(option.strike_price) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"market_kind": "isolated_margin", "trading_mode": "RFQ_ONLY", "tags": ["MEME"]}, []),
        ({"market_kind": "", "trading_mode": ""}, []),
        (
            {
                "asset_kind": "FUTURE",
                "market_kind": "x",
                "trading_mode": "y",
                "tags": ["z", "DEFI"],
            },
            [("asset_kind", "FUTURE"), ("market_kind", "x"), ("trading_mode", "y"), ("tags", "z")],
        ),
    ],
)
def test_values_that_are_not_known_are_named(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert list(unknown_values(market(PERP, **changes))) == expected


def test_what_nothing_depends_on_changes_no_instrument_but_its_info() -> None:
    """Unknown market kinds, modes and tags degrade: the instrument is the same."""
    strange = instrument(PERP, market_kind="x", trading_mode="y", tags=["z", "é"])
    plain = instrument(PERP)
    assert strange.info["tags"] == "z,é"
    assert strange.to_dict(strange) | {"info": None} == plain.to_dict(plain) | {"info": None}


def test_an_options_minimum_is_not_the_frameworks() -> None:
    """The venue's is of size times spot, the framework's of size times premium."""
    option = instrument(OPTION)
    assert option.min_notional is None
    assert option.info["min_notional"] == "20"


def test_a_perpetual_option_never_expires() -> None:
    option = instrument(PERP_OPTION)
    assert isinstance(option, CryptoOption)
    assert option.option_kind == OptionKind.PUT
    assert option.expiration_ns == NO_EXPIRY_NS
    assert option.expiration_utc == pd.Timestamp("2262-04-11T00:00:00Z")


def test_an_expiry_beyond_all_calendars_is_none() -> None:
    assert instrument(OPTION, expiry_at=15_000_000_000_000).expiration_ns == NO_EXPIRY_NS


def test_spot_is_a_pair_against_usdc() -> None:
    spot = instrument(SPOT)
    assert isinstance(spot, CurrencyPair)
    assert (spot.base_currency.code, spot.quote_currency) == ("ETH", USDC)
    assert (str(spot.price_increment), str(spot.size_increment)) == ("0.01", "0.0001")
    assert spot.margin_init == 1


# -- INCREMENTS ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tick", "lot", "expected"),
    [
        ("0.5", "10", (1, "0.5", 0, "10")),
        ("5", "0.001", (0, "5", 3, "0.001")),
        ("0.10", "1.000", (1, "0.1", 0, "1")),
        ("0.0000001", "100", (7, "0.0000001", 0, "100")),
        ("1E-8", "1E+2", (8, "0.00000001", 0, "100")),
        ("0.00000025", "0.25", (8, "0.00000025", 2, "0.25")),
    ],
)
def test_ticks_and_lots_are_exact(tick: str, lot: str, expected: tuple[int, str, int, str]) -> None:
    perp = instrument(price_tick_size=tick, order_size_increment=lot, max_order_size="")
    assert (
        perp.price_precision,
        str(perp.price_increment),
        perp.size_precision,
        str(perp.size_increment),
    ) == expected
    assert perp.price_increment == Price.from_str(expected[1])
    assert perp.size_increment == Quantity.from_str(expected[3])


def test_a_thousandfold_coin_keeps_its_name() -> None:
    perp = instrument(
        symbol="kPEPE-USD-PERP",
        base_currency="kPEPE",
        price_tick_size="0.0000001",
        order_size_increment="10",
        max_order_size="1000000",
    )
    assert str(perp.base_currency) == "kPEPE"
    assert str(perp.max_quantity) == "1000000"
    assert str(perp.make_qty(123)) == "123"
    assert str(perp.make_price(Decimal("0.0070001"))) == "0.0070001"


def test_shares_indices_and_metals_are_perpetuals_too() -> None:
    for base in ("US500", "XAG", "CL", "EUR", "BRK.B"):
        assert str(instrument(symbol=f"{base}-USD-PERP", base_currency=base).base_currency) == base


@pytest.mark.parametrize(
    ("largest", "expected"),
    [("100.00000999", "100.00000"), ("0.000001", None), ("", None), ("0", None), ("1e20", None)],
)
def test_the_largest_order_is_in_whole_lots(largest: str, expected: str | None) -> None:
    limit = instrument(max_order_size=largest).max_quantity
    assert (None if limit is None else str(limit)) == expected


def test_a_largest_order_beyond_all_numbers_costs_no_market() -> None:
    """More lots than the digits of a usual decimal context; the limit cannot be met anyway."""
    perp = instrument(max_order_size="1e30", order_size_increment="0.00000001")
    assert perp.max_quantity is None


def test_the_users_decimal_context_changes_no_instrument() -> None:
    margins = {"imf_base": "0.0212345", "imf_factor": "0", "imf_shift": "0", "mmf_factor": "0.512"}
    sample = {"max_order_size": "12345.678999", "delta1_cross_margin_params": margins}
    with localcontext(prec=3):
        perp = instrument(**sample)
    assert str(perp.max_quantity) == "12345.67899"
    assert perp.margin_maint == Decimal("0.010872064")
    assert perp.to_dict(perp) == perp.to_dict(instrument(**sample))


def test_no_minimum_is_no_minimum() -> None:
    assert instrument(min_notional="").min_notional is None
    assert instrument(min_notional="0").min_notional is None


def test_sizes_keep_the_places_that_they_are_known_to_need() -> None:
    """Trap 63: a coarser lot leaves older positions finer than itself."""
    perp = parse_instrument(market(order_size_increment="0.01"), None, TS, size_places=5)
    assert (perp.size_precision, str(perp.size_increment)) == (5, "0.01000")
    assert str(perp.make_qty(Decimal("0.123"))) == "0.12000"
    assert parse_instrument(market(), None, TS, size_places=2).size_precision == 5


# -- MARGINS AND FEES ------------------------------------------------------------------------------


def test_without_the_venues_word_on_margin_nothing_looks_free() -> None:
    perp = instrument(delta1_cross_margin_params=None)
    assert (perp.margin_init, perp.margin_maint) == (1, 1)
    option = instrument(OPTION, option_cross_margin_params=None)
    assert (option.margin_init, option.margin_maint) == (1, 1)
    empty = instrument(OPTION, option_cross_margin_params={"imf": None, "mmf": None})
    assert (empty.margin_init, empty.margin_maint) == (1, 1)


@pytest.mark.parametrize(
    ("sample", "maker", "taker"),
    [
        (PERP, "-0.00001", "0.0002"),
        (SPOT, "0.0003", "0.0004"),
        (OPTION, "0.0005", "0.0006"),
        (PERP_OPTION, "0.0007", "0.0008"),
    ],
)
def test_the_accounts_own_rates_come_first(sample: dict[str, Any], maker: str, taker: str) -> None:
    built = parse_instrument(market(sample), OWN_FEES, TS)
    assert (built.maker_fee, built.taker_fee) == (Decimal(maker), Decimal(taker))


def test_rates_that_the_account_has_not_are_the_markets() -> None:
    built = parse_instrument(market(), Fees(maker_rate="0.1"), TS)
    assert (built.maker_fee, built.taker_fee) == (Decimal("0.00003"), Decimal("0.00045"))


@pytest.mark.parametrize("own", [None, OWN_FEES])
def test_retail_orders_pay_the_markets_interactive_rates(own: Fees | None) -> None:
    maker, taker = {"fee": "0.0001"}, {"fee": "0.0002"}
    listed = {"interactive_fee": {"maker_fee": maker, "taker_fee": taker}}
    built = parse_instrument(market(fee_config=listed), own, TS, interactive=True)
    assert (built.maker_fee, built.taker_fee) == (Decimal("0.0001"), Decimal("0.0002"))
    assert fee_rates(market(fee_config=None), own, interactive=True).taker == 0


@pytest.mark.parametrize("config", [None, {}, {"api_fee": {}}, {"api_fee": {"maker_fee": {}}}])
def test_a_market_without_rates_has_none(config: dict[str, Any] | None) -> None:
    rates = fee_rates(market(fee_config=config), None)
    assert (rates.maker, rates.taker) == (0, 0)


# -- REFUSALS: one market's fault, and never an end for the others ---------------------------------


@pytest.mark.parametrize("kind", ["FUTURE", "", "PREDICTION"])
def test_an_unknown_kind_says_so(kind: str) -> None:
    with pytest.raises(DecodeError, match=r"BTC-USD-PERP is of kind .* not modelled"):
        instrument(asset_kind=kind)


@pytest.mark.parametrize(
    ("sample", "field", "value"),
    [
        (PERP, "price_tick_size", ""),
        (PERP, "price_tick_size", "0"),
        (PERP, "order_size_increment", "-1"),
        (PERP, "order_size_increment", "one"),
        (PERP, "max_order_size", "much"),
        (PERP, "base_currency", ""),
        (PERP, "base_currency", "é"),
        (PERP, "symbol", "BTC-*"),
        (PERP, "price_tick_size", "1e-17"),
        (PERP, "price_tick_size", "1e30"),
        (PERP, "min_notional", "1e30"),
        (OPTION, "strike_price", "0"),
        (OPTION, "option_type", "STRADDLE"),
        (OPTION, "open_at", -1),
        (OPTION, "expiry_at", -1),
        (OPTION, "open_at", 10**18),
        (PERP, "delta1_cross_margin_params", {"imf_base": "-1"}),
    ],
)
def test_a_market_that_makes_no_sense_is_refused_by_name(
    sample: dict[str, Any], field: str, value: Any
) -> None:
    with pytest.raises(DecodeError, match=r"BTC-"):
        instrument(sample, **{field: value})


numbers = st.one_of(
    st.text(max_size=12),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from(["", "0", "-0", "1e-16", "1e16", "0.1", "5", "99999999999999999999"]),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from([*sorted(ASSET_KINDS), "FUTURE"]),
    fields=st.fixed_dictionaries(
        {
            "symbol": st.text(max_size=40),
            "base_currency": st.text(max_size=8),
            "price_tick_size": numbers,
            "order_size_increment": numbers,
            "max_order_size": numbers,
            "min_notional": numbers,
            "strike_price": numbers,
            "option_type": st.sampled_from(["CALL", "PUT", ""]),
            "open_at": st.integers(),
            "expiry_at": st.integers(),
        }
    ),
)
def test_whatever_the_venue_lists_is_an_instrument_or_a_reason(
    kind: str, fields: dict[str, Any]
) -> None:
    row = msgspec.structs.replace(market(), asset_kind=kind, **fields)
    try:
        built = parse_instrument(row, None, TS)
    except DecodeError:
        return
    assert isinstance(built, Instrument)
    assert type(built).from_dict(type(built).to_dict(built)) == built


# -- IN THE FRAMEWORK ------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", [PERP, OPTION, PERP_OPTION, SPOT])
def test_an_instrument_can_be_saved_and_read_again(sample: dict[str, Any]) -> None:
    built = instrument(sample)
    again = type(built).from_dict(msgspec.json.decode(msgspec.json.encode(built.to_dict(built))))
    assert again.to_dict(again) == built.to_dict(built)


@pytest.mark.parametrize("sample", [PERP, OPTION, PERP_OPTION, SPOT])
def test_an_instrument_can_be_written_to_a_catalog(sample: dict[str, Any]) -> None:
    built = instrument(sample)
    (again,) = ArrowSerializer.deserialize(type(built), ArrowSerializer.serialize(built))
    assert again.id == built.id
    assert again.price_increment == built.price_increment


@pytest.mark.parametrize(
    ("sample", "profit"), [(PERP, "20"), (OPTION, "20"), (PERP_OPTION, "20"), (SPOT, "20")]
)
def test_profit_margin_and_exposure_need_no_exchange_rate(
    sample: dict[str, Any], profit: str
) -> None:
    """PROTOCOL 9.1: quote and settlement are USDC, so an account in USDC can value everything."""
    built = instrument(sample)
    clock = TestClock()
    cache = TestComponentStubs.cache()
    portfolio = Portfolio(MessageBus(TraderId("T-1"), clock), cache, clock)
    cache.add_instrument(built)
    account_id = AccountId("PARADEX-1")
    state = AccountState(
        account_id=account_id,
        account_type=AccountType.MARGIN,
        base_currency=None,
        reported=True,
        balances=[AccountBalance(Money(1000, USDC), Money(0, USDC), Money(1000, USDC))],
        margins=[],
        info={},
        event_id=UUID4(),
        ts_event=0,
        ts_init=0,
    )
    cache.add_account(MarginAccount(state))
    order = OrderFactory(TraderId("T-1"), StrategyId("S-1"), clock).market(
        built.id, OrderSide.BUY, built.make_qty(2)
    )
    cache.add_order(order, PositionId("P-1"))
    fill = TestEventStubs.order_filled(
        order,
        built,
        position_id=PositionId("P-1"),
        account_id=account_id,
        last_px=built.make_price(100),
        commission=Money(0, USDC),
    )
    cache.add_position(Position(built, fill), OmsType.NETTING)
    size = built.make_qty(1)
    quote = QuoteTick(built.id, built.make_price(110), built.make_price(111), size, size, 0, 0)
    cache.add_quote_tick(quote)
    assert portfolio.unrealized_pnl(built.id) == Money.from_str(f"{profit} USDC")
    assert portfolio.net_exposure(built.id).currency == USDC
    account = cache.account(account_id)
    initial = account.calculate_margin_init(built, built.make_qty(2), built.make_price(100))
    assert initial.currency == USDC
