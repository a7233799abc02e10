"""
Numbers of frames as the values of `protocol.events`.

The schema gives every scaled type a null (-2**63) but lets only some fields have it. What the
event may lack reads None wherever the null stands; what it must have is a `DecodeError` then.
No amount is ever minus 92 billion.
"""

from decimal import Decimal
from typing import Final

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.numbers import LATEST_NS
from nautilus_paradex.protocol.numbers import SCALE
from nautilus_paradex.protocol.numbers import from_mantissa
from nautilus_paradex.protocol.sbe.layouts import NULL


def required_decimal(field: str, mantissa: int, places: int = SCALE) -> Decimal:
    """
    Return a number.

    Raises
    ------
    DecodeError
        If it is null.

    """
    if mantissa == NULL:
        raise DecodeError(f"{field} is null")
    return from_mantissa(mantissa, places)


def optional_decimal(mantissa: int) -> Decimal | None:
    """Return a number with 8 places; None for null."""
    return None if mantissa == NULL else from_mantissa(mantissa)


def nonzero_decimal(mantissa: int) -> Decimal | None:
    """Return a number with 8 places; None for null and for the zero that means none."""
    return None if mantissa in (NULL, 0) else from_mantissa(mantissa)


#: The latest time that is one, UNIX microseconds.
LATEST_US: Final = LATEST_NS // 1000


def required_ns(field: str, microseconds: int) -> int:
    """
    Return UNIX nanoseconds.

    Raises
    ------
    DecodeError
        If it is no time.

    """
    if not 0 <= microseconds <= LATEST_US:
        raise DecodeError(f"{field} is no time: {microseconds}")
    return microseconds * 1000


def optional_ns(microseconds: int) -> int | None:
    """Return UNIX nanoseconds; None for zero, and for a diagnostic that is no time."""
    return microseconds * 1000 if 0 < microseconds <= LATEST_US else None


def account_hex(address: bytes) -> str:
    """Return an account's address as hex in lower case without leading zeros."""
    return f"{int.from_bytes(address):#x}"
