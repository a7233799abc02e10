"""Exact decimal arithmetic of amounts."""

from decimal import ROUND_DOWN
from decimal import ROUND_HALF_EVEN
from decimal import Decimal
from typing import Final


ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
#: The smallest amount on the wire (PROTOCOL 7.2).
GRAIN: Final = Decimal("1e-8")
#: 5 basis points: how far RPI orders and release windows may go (PROTOCOL 5.2, 8.3).
FIVE_BPS: Final = Decimal("0.0005")


def amount(value: Decimal) -> Decimal:
    """Return the value rounded to the wire's 8 places, half to even."""
    return value.quantize(GRAIN, ROUND_HALF_EVEN)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Return if the value is a whole number of steps."""
    return not value % step


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Return the value rounded towards zero to whole steps."""
    return (value / step).to_integral_value(ROUND_DOWN) * step
