"""Exact numbers (rule E18): what the framework holds is what the venue said, or an error."""

from decimal import Decimal
from decimal import localcontext

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.objects import FIXED_PRECISION
from nautilus_trader.model.objects import MONEY_MAX
from nautilus_trader.model.objects import PRICE_MAX
from nautilus_trader.model.objects import QUANTITY_MAX
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing import numbers
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.numbers import format_mantissa
from tests.parsing.parsing_values import SPOT
from tests.parsing.parsing_values import instrument


BTC = instrument()  # tick 0.1, lot 0.00001
ONE_STEP = Decimal(1).scaleb(-8)

amounts = st.decimals(
    min_value=0, max_value=Decimal("16999999999999"), allow_nan=False, places=8
).map(abs)


@given(amounts, st.sampled_from([1, -1]))
def test_e18_a_price_equals_the_one_made_of_its_text(value: Decimal, sign: int) -> None:
    value *= sign
    price = numbers.price_of(value, 8)
    assert price == Price.from_str(f"{value:.8f}")
    assert price.raw == Price.from_str(f"{value:.8f}").raw
    assert price.as_decimal() == value


@given(amounts)
def test_e18_a_quantity_equals_the_one_made_of_its_text(value: Decimal) -> None:
    quantity = numbers.quantity_of(value, 8)
    assert quantity.raw == Quantity.from_str(f"{value:.8f}").raw
    assert quantity.as_decimal() == value


@given(amounts, st.sampled_from([1, -1]))
def test_money_equals_the_one_made_of_its_text(value: Decimal, sign: int) -> None:
    money = numbers.money_of(value * sign, USDC)
    assert money == Money.from_str(f"{value * sign:.8f} USDC")
    assert money.as_decimal() == value * sign


@given(st.integers(-(2**63), 2**63 - 1))
def test_e18_a_mantissa_times_the_factor_is_the_raw_value(value: int) -> None:
    assert value * numbers.RAW_PER_E8 == Price.from_str(format_mantissa(value)).raw
    assert numbers.RAW_PER_E8 * 10**8 == 10**FIXED_PRECISION


@given(st.integers(0, 16))
def test_a_unit_is_the_smallest_step_of_a_precision(precision: int) -> None:
    assert Decimal(numbers.unit_e8(precision)).scaleb(-8) == max(
        Decimal(1).scaleb(-precision), ONE_STEP
    )


def test_long_numbers_keep_their_last_digit() -> None:
    """The framework's own constructor goes through a float: 17 digits are too many for it."""
    value = Decimal("99999999999.99999999")
    assert numbers.price_of(value, 8).as_decimal() == value
    assert numbers.quantity_of(value, 8).as_decimal() == value
    assert numbers.money_of(-value, USDC).as_decimal() == -value


def test_the_users_decimal_context_changes_nothing() -> None:
    value = Decimal("12345678.12345678")
    with localcontext(prec=3):
        values = (
            numbers.to_price(value, BTC),
            numbers.quantity_of(value, 8),
            numbers.money_of(value, USDC),
        )
    assert {each.raw for each in values} == {1234567812345678 * numbers.RAW_PER_E8}


# -- RANGE: a raw value beyond it ends the process, so these tests would not even fail -------------


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_price_passes_and_the_next_is_refused(sign: int) -> None:
    largest = Decimal(int(PRICE_MAX)) * sign
    assert numbers.price_of(largest, 0).as_decimal() == largest
    with pytest.raises(NumberError, match="range"):
        numbers.price_of(largest + sign * ONE_STEP, 8)


def test_the_largest_quantity_passes_and_the_next_is_refused() -> None:
    largest = Decimal(int(QUANTITY_MAX))
    assert numbers.quantity_of(largest, 0).as_decimal() == largest
    with pytest.raises(NumberError, match="range"):
        numbers.quantity_of(largest + ONE_STEP, 8)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_amount_passes_and_the_next_is_refused(sign: int) -> None:
    largest = Decimal(int(MONEY_MAX)) * sign
    assert numbers.money_of(largest, USDC).as_decimal() == largest
    with pytest.raises(NumberError, match="range"):
        numbers.money_of(largest + sign * ONE_STEP, USDC)


@settings(max_examples=50)
@given(st.decimals(min_value=Decimal("1e14"), max_value=Decimal("1e60"), allow_nan=False))
def test_what_no_type_holds_is_refused_by_all(value: Decimal) -> None:
    value = value.to_integral_value()
    for build in (
        lambda: numbers.price_of(value, 0),
        lambda: numbers.quantity_of(value, 0),
        lambda: numbers.money_of(value, USDC),
    ):
        with pytest.raises(NumberError):
            build()


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises((NumberError, ArithmeticError)):
        numbers.to_price(Decimal(text), BTC)


def test_a_negative_quantity_is_refused() -> None:
    with pytest.raises(NumberError, match="negative"):
        numbers.to_quantity(Decimal(-1), BTC)


# -- PRECISION -------------------------------------------------------------------------------------


def test_a_price_has_its_instruments_precision() -> None:
    price = numbers.to_price(Decimal(61234), BTC)
    assert (str(price), price.precision) == ("61234.0", 1)


def test_a_finer_price_keeps_its_places() -> None:
    """Old resting orders after a tick change, and settlement prices (trap 63)."""
    price = numbers.to_price(Decimal("61234.56700"), BTC)
    assert (str(price), price.precision) == ("61234.567", 3)


def test_a_price_finer_than_the_framework_is_refused() -> None:
    text = "1." + "1" * (FIXED_PRECISION + 1)
    with pytest.raises(NumberError, match="places"):
        numbers.to_price(Decimal(text), BTC)


def test_a_price_is_never_rounded_to_a_precision() -> None:
    with pytest.raises(NumberError, match="more than 1 decimal places"):
        numbers.price_of(Decimal("0.55"), 1)


def test_padding_zeros_are_no_places() -> None:
    assert str(numbers.to_quantity(Decimal("1.00000000000000000000"), BTC)) == "1.00000"
    assert numbers.places(Decimal("1E+3")) == 0
    assert numbers.places(Decimal("0E-12")) == 0


def test_a_finer_size_is_refused_and_says_what_it_needs() -> None:
    with pytest.raises(numbers.TooFineError) as caught:
        numbers.to_quantity(Decimal("0.0000012"), BTC)
    error = caught.value
    assert (error.instrument_id, error.size_places) == (BTC.id, 7)
    assert str(error) == "'0.0000012' is finer than the precision of BTC-USD-PERP.PARADEX"


# -- MONEY -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.000000015", "0.00000002 USDC"),
        ("0.000000025", "0.00000002 USDC"),
        ("-0.000000015", "-0.00000002 USDC"),
        ("0.0091", "0.00910000 USDC"),
    ],
)
def test_dust_below_a_currencys_places_is_rounded_half_to_even(text: str, expected: str) -> None:
    assert str(numbers.money_of(Decimal(text), USDC)) == expected


def test_a_fee_is_in_its_own_currency_or_in_the_settlement_currency() -> None:
    assert str(numbers.to_money(Decimal("0.5"), "USDC", BTC)) == "0.50000000 USDC"
    assert str(numbers.to_money(Decimal("-0.5"), None, BTC)) == "-0.50000000 USDC"
    assert str(numbers.to_money(Decimal("0.5"), "DIME", BTC)) == "0.50000000 DIME"
    assert numbers.settlement_currency(instrument(SPOT)) == USDC
