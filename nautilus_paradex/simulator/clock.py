"""The local Paradex's clock: the machine's, or another's, and what a fault adds to it."""

import time
from collections.abc import Callable


def wall_clock_us() -> int:
    """Return the time of the wall clock, UNIX microseconds."""
    return time.time_ns() // 1000


class VenueClock:
    """
    A clock that can be put forward and back.

    Parameters
    ----------
    base_us : Callable[[], int]
        The clock below it, UNIX microseconds.

    """

    def __init__(self, base_us: Callable[[], int] = wall_clock_us) -> None:
        self._base_us = base_us
        self._ahead_us = 0

    def __call__(self) -> int:
        """Return the time, UNIX microseconds."""
        return self._base_us() + self._ahead_us

    def jump(self, ms: float) -> None:
        """Go so many milliseconds forward, or back where negative."""
        self._ahead_us += round(ms * 1000)
