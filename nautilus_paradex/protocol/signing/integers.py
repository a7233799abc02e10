"""
The three functions of gmpy2 that the curve's arithmetic needs, with types.

gmpy2 comes without type information. Its integers behave as Python's and are twice to three times
as fast at the curve's size, so they pass as `int` here; what leaves the package is a true `int`.
"""

from collections.abc import Callable
from typing import Final

# gmpy2 has no stubs and fills its namespace from a compiled module.
from gmpy2 import invert as _invert  # type: ignore[attr-defined]
from gmpy2 import mpz as _mpz  # type: ignore[attr-defined]
from gmpy2 import powmod as _powmod  # type: ignore[attr-defined]


#: A fast integer of the same value.
mpz: Final[Callable[[int], int]] = _mpz
#: The inverse of a number modulo another one; ZeroDivisionError where there is none.
invert: Final[Callable[[int, int], int]] = _invert
#: A power modulo a number.
powmod: Final[Callable[[int, int, int], int]] = _powmod
