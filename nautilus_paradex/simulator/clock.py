"""
The local Paradex's time: the machine's clock or another's, and the event loop's.

The only place of the simulator where they are real. What waits keeps the event loop's time, so
that all of it follows a virtual loop.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final


#: Seconds of the machine, for measuring.
monotonic_s: Final = time.monotonic


def wall_clock_us() -> int:
    """Return the time of the wall clock, UNIX microseconds."""
    return time.time_ns() // 1000


def loop_s() -> float:
    """Return the event loop's time, seconds."""
    return asyncio.get_running_loop().time()


async def pause(seconds: float) -> None:
    """Return after so many seconds of the event loop."""
    await asyncio.sleep(seconds)


def call_at(when_s: float, work: Callable[[], object]) -> asyncio.TimerHandle:
    """Call at a time of the event loop."""
    return asyncio.get_running_loop().call_at(when_s, work)


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
