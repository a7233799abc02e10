"""Numbers of the wire stay exact (no float ever, traps 17 and 27)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import numbers
from nautilus_paradex.protocol.errors import NumberError


MANTISSAS = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("-0", 0),
        ("0.015", 1_500_000),
        ("61234.5", 6_123_450_000_000),
        ("-0.5", -50_000_000),
        ("0.00000001", 1),
        ("-0.00000001", -1),
        ("92233720368.54775807", 2**63 - 1),
        ("1.000000000", 100_000_000),
        ("0.000000000000000000", 0),
        ("007", 700_000_000),
    ],
)
def test_a_decimal_string_becomes_its_mantissa(text: str, expected: int) -> None:
    assert numbers.mantissa(text) == expected
    assert numbers.mantissa_rounded(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", ".5", "--5", "+5", "1e5", "1,5", "1.2.3", "1.-2", " 1", "1 ", "1_0", "١", "1.٢",
     "NaN", "Infinity", "0x10", "1.0000000a", "1" * 65, "0." + "0" * 64],
)  # fmt: skip
def test_what_is_no_plain_decimal_has_no_mantissa(text: str) -> None:
    with pytest.raises(NumberError) as caught:
        numbers.mantissa(text)
    assert caught.value.text == text


@pytest.mark.parametrize("text", ["0.000000001", "1.123456789", "-1.0000000001"])
def test_more_than_eight_places_are_refused_never_truncated(text: str) -> None:
    with pytest.raises(NumberError, match="more than 8 decimal places"):
        numbers.mantissa(text)


@given(MANTISSAS)
def test_a_mantissa_survives_its_text(value: int) -> None:
    text = numbers.format_mantissa(value)
    assert numbers.mantissa(text) == value
    assert numbers.from_mantissa(value) == Decimal(text)
    assert "e" not in text.lower()
    assert text == "0" or not text.endswith(".0")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12),
                   max_value=10**12))  # fmt: skip
def test_a_decimal_survives_its_text(value: Decimal) -> None:
    text = numbers.format_decimal(value)
    assert numbers.decimal(text) == value
    assert numbers.mantissa(text) == Fraction(value) * numbers.UNIT


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.00"), "0"),
        (Decimal("0.10"), "0.1"),
        (Decimal("100"), "100"),
        (Decimal("1E-8"), "0.00000001"),
    ],
)
def test_a_decimal_is_written_as_the_venue_writes_it(value: Decimal, text: str) -> None:
    assert numbers.format_decimal(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-50_000_000, "-0.5"), (100_000_000, "1"), (-1, "-0.00000001")],
)
def test_a_mantissa_is_written_without_padding(value: int, text: str) -> None:
    assert numbers.format_mantissa(value) == text


@pytest.mark.parametrize(
    ("text", "scale", "expected"),
    [
        ("0.000000005", 8, 0),
        ("0.000000015", 8, 2),
        ("-0.000000015", 8, -2),
        ("0.0000000151", 8, 2),
        ("0.000081", 12, 81_000_000),
        ("1e-7", 8, 10),
        ("3E2", 8, 30_000_000_000),
        ("12345678901234567890.123456785", 8, 1234567890123456789012345678),
        ("1e99", 8, 10**107),
    ],
)
def test_statistics_are_rounded_half_to_even_at_any_length(
    text: str, scale: int, expected: int
) -> None:
    assert numbers.mantissa_rounded(text, scale) == expected


@given(st.from_regex(r"\A-?[0-9]{1,30}(\.[0-9]{1,30})?\Z"), st.sampled_from([8, 12]))
def test_rounding_is_never_off_by_more_than_half_a_unit(text: str, scale: int) -> None:
    error = abs(Fraction(text) * 10**scale - numbers.mantissa_rounded(text, scale))
    assert error <= Fraction(1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "NaN",
        "-Infinity",
        "1_000",
        " 1",
        "1\n",
        "١٢",
        "1e1000",
        "1e",
        ".5",
        "+1",
        "1" * 65,
    ],
)
def test_what_is_no_decimal_is_refused(text: str) -> None:
    with pytest.raises(NumberError):
        numbers.decimal(text)
    with pytest.raises(NumberError):
        numbers.mantissa_rounded(text)


@given(st.text(max_size=80))
def test_garbage_is_a_number_error_and_nothing_else(text: str) -> None:
    for read in (numbers.mantissa, numbers.mantissa_rounded, numbers.decimal):
        try:
            value = read(text)
        except NumberError:
            continue
        assert value == value  # noqa: PLR0124 - no NaN comes through


@pytest.mark.parametrize("absent", ["", None])
def test_an_absent_number_is_none(absent: str | None) -> None:
    assert numbers.optional_decimal(absent) is None
    assert numbers.optional_mantissa(absent) is None


def test_an_optional_number_that_is_there_is_exact() -> None:
    assert numbers.optional_decimal("0") == 0
    assert numbers.optional_mantissa("0.1") == 10_000_000


def test_a_mantissa_of_any_length_becomes_an_exact_decimal() -> None:
    value = 12345678901234567890123456789012345678901
    assert str(numbers.from_mantissa(value, 12)) == "12345678901234567890123456789.012345678901"
    assert str(numbers.from_mantissa(81_000_000, 12)) == "0.000081000000"
