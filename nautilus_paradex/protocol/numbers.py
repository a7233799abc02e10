"""
Exact numbers of the wire.

Paradex sends decimals as JSON strings (``"61234.5"``, ``""`` = absent) and, in SBE, as int64
mantissas in units of 1e-8. Both become Python integers or :class:`~decimal.Decimal`; no float
is involved anywhere.
"""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN
from decimal import Context
from decimal import Decimal
from decimal import DivisionByZero
from decimal import Inexact
from decimal import InvalidOperation
from decimal import Overflow
from functools import reduce
from typing import Final

from nautilus_paradex.protocol.errors import NumberError


#: Decimal places of prices, sizes and values on the wire (SBE ``Price8``, signed felts).
SCALE: Final = 8
UNIT: Final = 10**SCALE

#: The largest number of the wire's own encoding, which has signed integers of 64 bits.
LARGEST: Final = 2**63 - 1

#: The latest time that is one, UNIX nanoseconds: in the year 2262. What is later, or before 1970,
#: is garbage, and whoever would be given it could not hold it.
LATEST_NS: Final = LARGEST

# Longer texts are no amounts; int() and Decimal arithmetic would refuse or stall on them.
_MAX_DIGITS: Final = 64
# Plain or scientific, ASCII digits only: Decimal() would also take underscores and spaces.
_DECIMAL: Final = re.compile(r"-?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
_EXACT: Final = Context(prec=2 * _MAX_DIGITS + 128, rounding=ROUND_HALF_EVEN)
# Amounts are added up and multiplied here, and not by operators: those follow the decimal context
# of the thread, which is the user's and may round to six digits. Sums and products of numbers of
# the wire are exact in this one, or are refused.
_WHOLE: Final = Context(
    prec=1024, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow], Emin=-9999, Emax=9999
)
#: For what has no exact value: an average.
_QUOTIENT: Final = Context(
    prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)

#: Adds, exactly, whatever the thread's context.
plus: Final = _WHOLE.add
#: Subtracts the second from the first, as `plus` adds.
minus: Final = _WHOLE.subtract
#: Multiplies, as `plus` adds.
times: Final = _WHOLE.multiply


def total(values: Iterable[Decimal]) -> Decimal:
    """Return an exact sum; zero of nothing."""
    return reduce(plus, values, Decimal(0))


def quotient(value: Decimal, divisor: Decimal) -> Decimal:
    """Return a quotient of 34 digits, rounded half to even, whatever the thread's context."""
    return _QUOTIENT.divide(value, divisor)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """If a value is a whole number of steps, whatever the thread's context."""
    return not _WHOLE.remainder(value, step)


def mantissa(text: str) -> int:
    """
    Return the decimal string as an exact integer in units of 1e-8.

    Raises
    ------
    NumberError
        If the text is no plain decimal number or carries non-zero digits beyond 8 places.

    """
    if len(text) > _MAX_DIGITS:
        raise NumberError(text, "is longer than any amount")
    whole, point, fraction = text.partition(".")
    if point:
        if len(fraction) > SCALE:
            if fraction[SCALE:].strip("0"):
                raise NumberError(text, "has more than 8 decimal places")
            fraction = fraction[:SCALE]
        digits = fraction.ljust(SCALE, "0")
    else:
        digits = "00000000"
    unsigned = whole.removeprefix("-")
    # str.isdigit also accepts other scripts' digits, which int() would take: ASCII only.
    if not (unsigned + digits).isascii() or not unsigned.isdigit() or not digits.isdigit():
        raise NumberError(text, "is not a plain decimal number")
    return int(whole + digits)


def mantissa_rounded(text: str, scale: int = SCALE) -> int:
    """
    Return the decimal string in units of ``10**-scale``, rounded half to even.

    For statistics (greeks, volatilities, volumes), which SBE itself carries with 8 places and
    some rates with 12. Never for a price, size or balance.

    Raises
    ------
    NumberError
        If the text is no finite decimal number.

    """
    return int(decimal(text).scaleb(scale, _EXACT).to_integral_value(context=_EXACT))


def decimal(text: str) -> Decimal:
    """
    Return the decimal string as an exact `Decimal`.

    Raises
    ------
    NumberError
        If the text is no finite decimal number.

    """
    if len(text) > _MAX_DIGITS:
        raise NumberError(text, "is longer than any amount")
    if not _DECIMAL.fullmatch(text):
        raise NumberError(text, "is not a decimal number")
    return Decimal(text)


def optional_decimal(text: str | None) -> Decimal | None:
    """Return the decimal string as `Decimal`, or None for the venue's absent values (``""``)."""
    return decimal(text) if text else None


def optional_mantissa(text: str | None) -> int | None:
    """Return the decimal string in units of 1e-8, or None for absent values (``""``)."""
    return mantissa(text) if text else None


def from_mantissa(value: int, scale: int = SCALE) -> Decimal:
    """Return an integer in units of ``10**-scale`` as an exact, normalized-free `Decimal`."""
    return Decimal(value).scaleb(-scale, _EXACT)


def format_mantissa(value: int) -> str:
    """Return an integer in units of 1e-8 as the venue writes it: no padding, no exponent."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), UNIT)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:08d}".rstrip("0")


def format_decimal(value: Decimal) -> str:
    """Return a `Decimal` as the venue writes it: plain notation, no padding zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
