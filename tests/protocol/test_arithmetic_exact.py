"""Sums, products and quotients of amounts: exact, in whatever decimal context the user has."""

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import numbers
from tests.hostile_context import hostile_context
from tests.protocol.order_values import order_update


AMOUNTS = st.integers(-(10**30), 10**30).map(numbers.from_mantissa)


@given(AMOUNTS, AMOUNTS)
def test_sums_differences_and_products_are_exact(one: Decimal, other: Decimal) -> None:
    with hostile_context():
        plus, minus = numbers.plus(one, other), numbers.minus(one, other)
        times, total = numbers.times(one, other), numbers.total([one, other, one])
    assert Fraction(plus) == Fraction(one) + Fraction(other)
    assert Fraction(minus) == Fraction(one) - Fraction(other)
    assert Fraction(times) == Fraction(one) * Fraction(other)
    assert Fraction(total) == 2 * Fraction(one) + Fraction(other)


@given(AMOUNTS, AMOUNTS.filter(bool))
def test_a_quotient_has_34_digits(value: Decimal, divisor: Decimal) -> None:
    with hostile_context():
        quotient = numbers.quotient(value, divisor)
    error = abs(Fraction(quotient) * Fraction(divisor) - Fraction(value))
    assert error <= abs(Fraction(value)) / 10**33


@given(st.integers(0, 10**25), st.integers(1, 10**12))
def test_a_multiple_is_told_from_what_is_none(value: int, step: int) -> None:
    with hostile_context():
        told = numbers.is_multiple(numbers.from_mantissa(value), numbers.from_mantissa(step))
    assert told == (value % step == 0)


def test_nothing_adds_up_to_zero() -> None:
    assert numbers.total([]) == 0


def test_what_would_have_to_be_rounded_is_refused() -> None:
    with pytest.raises(decimal.Inexact):
        numbers.plus(Decimal("1e900"), Decimal("1e-900"))


def test_all_tests_of_the_protocol_run_in_a_context_that_rounds_nothing_in_silence() -> None:
    """Which is how operators in the ring would be found."""
    with pytest.raises(decimal.Inexact):
        Decimal("1.5") + Decimal("0.25")


def test_e5_what_an_order_has_filled_is_exact() -> None:
    update = order_update(size="123456789.12345678", remaining="0.00000001")
    assert update.filled_size == Decimal("123456789.12345677")
