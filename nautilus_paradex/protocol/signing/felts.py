"""Texts as field elements: short strings, addresses, chain ids, order ids (PROTOCOL 2.3)."""

import re
from typing import Final

from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.signing.curve import P


#: Characters that fit into a felt.
MAX_SHORT_STRING: Final = 31

_HEX: Final = re.compile(r"0[xX][0-9a-fA-F]+", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]+", re.ASCII)
# The longest felts have 63 hex and 76 decimal digits; longer texts are not worth converting.
_MAX_DIGITS: Final = 80


def short_string(text: str) -> int:
    """
    Return the felt of an ASCII text; 0 for the empty one.

    Raises
    ------
    EncodeError
        If the text has more than 31 characters or one outside ASCII.

    """
    if len(text) > MAX_SHORT_STRING or not text.isascii():
        raise EncodeError(f"{text[:64]!r} is not ASCII text of at most 31 characters")
    return int.from_bytes(text.encode("ascii"), "big")


def hex_number(text: str) -> int | None:
    """Return the number of a ``0x`` text, or None for anything else."""
    if len(text) > _MAX_DIGITS or not _HEX.fullmatch(text):
        return None
    return int(text, 16)


def address_felt(text: str) -> int:
    """
    Return the felt of an account address.

    Raises
    ------
    EncodeError
        If the text is no address. It is not quoted: a key may have been put in its place.

    """
    number = hex_number(text)
    if number is not None and 1 <= number < P:
        return number
    length = len(text)
    del text, number  # nor is it a local variable of the traceback
    raise EncodeError(
        "an account address must be 0x and hex digits, above 0 and below the field's prime; "
        f"the text given has {length} characters"
    )


def normalize_address(text: str) -> str:
    """
    Return an address in the form that compares equal: lower case, no zeros in front.

    Raises
    ------
    EncodeError
        If the text is no address.

    """
    return f"0x{address_felt(text):x}"


def chain_felt(text: str) -> int:
    """
    Return the felt of a chain id: its name as ``/system/config`` gives it, or ``0x`` hex.

    Raises
    ------
    EncodeError
        If the text is neither.

    """
    number = hex_number(text)
    if number is None:
        number = short_string(text)
    if not 1 <= number < P:
        raise EncodeError(f"{text[:64]!r} is no chain id")
    return number


def order_id_felt(text: str) -> int:
    """
    Return the felt of the venue's order id, a decimal number of up to 28 digits.

    Raises
    ------
    EncodeError
        If the text is no decimal number, or larger than a felt.

    """
    number = int(text) if len(text) <= _MAX_DIGITS and _DECIMAL.fullmatch(text) else P
    if number >= P:
        raise EncodeError(f"{text[:64]!r} is no order id of the venue, which is a decimal number")
    return number
