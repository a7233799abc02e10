"""A decimal context that a user may have, and that no number of the adapter may follow."""

import decimal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hostile_context() -> Iterator[None]:
    """Let the thread's own arithmetic keep two digits, and raise where it has to round."""
    traps = [decimal.Inexact, decimal.Rounded, decimal.InvalidOperation, decimal.DivisionByZero]
    with decimal.localcontext(decimal.Context(prec=2, traps=traps)):
        yield
