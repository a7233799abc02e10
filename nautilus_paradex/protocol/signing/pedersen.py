"""
The Pedersen hash of Starknet, from tables of multiples.

The hash of (a, b) is the x of ``SHIFT + a * (P1, P2) + b * (P3, P4)``, where the low 248 bits of
a number multiply the first point of its pair and the high 4 bits the second one (PROTOCOL 3.4).
A number that is the same in every message is folded into the starting point once: `FixedLeft`
and `FixedRight`.
"""

from functools import cache
from typing import Final

from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.signing.curve import FELT_BITS
from nautilus_paradex.protocol.signing.curve import WINDOW
from nautilus_paradex.protocol.signing.curve import Multiples
from nautilus_paradex.protocol.signing.curve import P
from nautilus_paradex.protocol.signing.curve import Point
from nautilus_paradex.protocol.signing.curve import doublings
from nautilus_paradex.protocol.signing.curve import sum_points
from nautilus_paradex.protocol.signing.integers import mpz


SHIFT: Final[Point] = (
    mpz(0x49EE3EBA8C1600700EE1B87EB599F16716B0B1022947733551FDE4050CA6804),
    mpz(0x3CA0CFE4B3BC6DDF346D49D06EA0ED34E621062C0E056C1D0405D266E10268A),
)
P1: Final[Point] = (
    mpz(0x234287DCBAFFE7F969C748655FCA9E58FA8120B6D56EB0C1080D17957EBE47B),
    mpz(0x3B056F100F96FB21E889527D41F4E39940135DD7A6C94CC6ED0268EE89E5615),
)
P2: Final[Point] = (
    mpz(0x4FA56F376C83DB33F9DAB2656558F3399099EC1DE5E3018B7A6932DBA8AA378),
    mpz(0x3FA0984C931C9E38113E0C0E47E4401562761F92A7A23B45168F4E80FF5B54D),
)
P3: Final[Point] = (
    mpz(0x4BA4CC166BE8DEC764910F75B45F74B40C690C74709E90F3AA372F0BD2D6997),
    mpz(0x40301CF5C1751F4B971E46C4EDE85FCAC5C59A5CE5AE7C48151F27B24B219C),
)
P4: Final[Point] = (
    mpz(0x54302DCB0E6CC1C6E44CCA8F61A63BB2CA65048D53FB325D36FF12C49A58202),
    mpz(0x1B77B3E37D13504B348046268D8AE25CE98AD783C25561A879DCC77E99C2426),
)

_LOW_BITS: Final = 248
_HIGH_BITS: Final = FELT_BITS - _LOW_BITS


@cache
def left_multiples() -> Multiples:
    """Return the table of the first operand: built at the first use, shared by the process."""
    return Multiples([*doublings(P1, _LOW_BITS), *doublings(P2, _HIGH_BITS)], WINDOW)


@cache
def right_multiples() -> Multiples:
    """Return the table of the second operand: built at the first use, shared by the process."""
    return Multiples([*doublings(P3, _LOW_BITS), *doublings(P4, _HIGH_BITS)], WINDOW)


def _left(value: int) -> list[Point]:
    return left_multiples().select(_checked(value))


def _right(value: int) -> list[Point]:
    return right_multiples().select(_checked(value))


def _checked(value: int) -> int:
    if not 0 <= value < P:
        raise EncodeError("a number to be hashed is negative or does not fit into a felt")
    return value


def _total(points: list[Point]) -> Point:
    total = sum_points(points)
    if total is None:
        raise EncodeError("the points of a hash cancel each other out")
    return total


def pedersen(a: int, b: int) -> int:
    """
    Return the Pedersen hash of two felts.

    Raises
    ------
    EncodeError
        If one of them is negative or not below the field's prime.

    """
    return int(_total([SHIFT, *_left(a), *_right(b)])[0])


def pedersen_array(*values: int) -> int:
    """Return the hash of a sequence: folded from 0, then with its length (PROTOCOL 2.3)."""
    folded = 0
    for value in values:
        folded = pedersen(folded, value)
    return pedersen(folded, len(values))


class FixedLeft:
    """
    ``pedersen(a, b)`` for one a and many b.

    Parameters
    ----------
    a : int
        The first operand.

    """

    __slots__ = ("_start",)

    def __init__(self, a: int) -> None:
        self._start = _total([SHIFT, *_left(a)])

    def __call__(self, b: int) -> int:
        """Return the hash with this second operand."""
        return int(_total([self._start, *_right(b)])[0])


class FixedRight:
    """
    ``pedersen(a, b)`` for many a and one b.

    Parameters
    ----------
    b : int
        The second operand.

    """

    __slots__ = ("_start",)

    def __init__(self, b: int) -> None:
        self._start = _total([SHIFT, *_right(b)])

    def __call__(self, a: int) -> int:
        """Return the hash with this first operand."""
        return int(_total([self._start, *_left(a)])[0])
