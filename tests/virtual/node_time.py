"""A whole node in virtual time: the framework's clocks and the adapter's follow the loop."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from nautilus_trader.common.component import TestClock

from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.simulator.virtual_time import VirtualLoop


class LoopClock(TestClock):
    """
    The framework's clock, with its timers, in the running loop's virtual time.

    The kernel makes one for each component, without arguments.
    """

    __test__ = False

    def __init__(self) -> None:
        super().__init__()
        self._loop = _running()
        self._start_ns = self._loop.wall_ns() - round(self._loop.time() * 1e9)
        self._loop.follow(self)

    def next_due(self) -> float | None:
        """Return the loop's time of the next timer."""
        dues = [self.next_time_ns(name) for name in self.timer_names]
        return (min(dues) - self._start_ns) / 1e9 if dues else None

    def advance(self, now: float) -> None:
        """Go on, and call the timers that are due."""
        for handler in self.advance_time(max(self.timestamp_ns(), self._loop.wall_ns())):
            handler.handle()


class LoopTiming(SystemTiming):
    """The adapter's `Timing` on the running virtual loop; its jitter is drawn from a seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def time_ns(self) -> int:
        return _running().wall_ns()

    def time_ms(self) -> int:
        return _running().wall_us() // 1000


@contextmanager
def nodes_in_virtual_time(seed: int) -> Iterator[None]:
    """Let every node that is built meanwhile follow the loop; one seed, one run."""
    timings: Any = lambda: LoopTiming(seed)  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nautilus_trader.system.kernel.LiveClock", LoopClock)
        patch.setattr("nautilus_paradex.factories.SystemTiming", timings)
        patch.setattr("nautilus_paradex.network.link.SystemTiming", timings)
        yield


def _running() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop
