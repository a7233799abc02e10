"""
Clock, sleep, timers, deadlines and randomness.

The only place of the client's side where they are real: everything else is given a `Timing`, so
that tests run on a clock of their own and a seed replays. The libraries below keep the time of
the event loop, as `SystemTiming` does but for the wall clock.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Let it not come."""


class Timing(Protocol):
    """What the network ring knows of time and chance."""

    def time_ns(self) -> int:
        """Return the wall clock, UNIX nanoseconds."""

    def time_ms(self) -> int:
        """Return the wall clock, UNIX milliseconds."""

    def monotonic(self) -> float:
        """Return the seconds of a clock that never goes back: the event loop's."""

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; other tasks run meanwhile even for 0."""

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Return a context that is cancelled after `seconds`, and raises `TimeoutError` then."""

    def call_later(self, seconds: float, work: Callable[[], object]) -> Timer:
        """Call `work` after `seconds`, in the event loop."""

    def random(self) -> float:
        """Return a number from [0, 1), for jitter."""


async def sleep_unless(timing: Timing, seconds: float, event: asyncio.Event) -> None:
    """Return after `seconds`, or as soon as an event is set."""
    sleep = asyncio.ensure_future(timing.sleep(seconds))
    early = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({sleep, early}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleep.cancel()
        early.cancel()


class SystemTiming:
    """The machine's clock and randomness."""

    def __init__(self) -> None:
        # Many nodes that lost the venue at one moment must not come back at one moment.
        self._random = random.SystemRandom()

    def time_ns(self) -> int:
        """Return the wall clock, UNIX nanoseconds."""
        return time.time_ns()

    def time_ms(self) -> int:
        """Return the wall clock, UNIX milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return the event loop's time, seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Return a context that raises `TimeoutError` after `seconds`."""
        return asyncio.timeout(seconds)

    def call_later(self, seconds: float, work: Callable[[], object]) -> Timer:
        """Call `work` after `seconds`."""
        return asyncio.get_running_loop().call_later(seconds, work)

    def random(self) -> float:
        """Return a number from [0, 1)."""
        return self._random.random()
