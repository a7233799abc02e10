"""A whole node in virtual time: the framework's clocks and the adapter's follow the loop."""

import asyncio
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from typing import Final

import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.core.uuid import UUID4

from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.simulator.virtual_time import VirtualLoop


#: How long the framework's kernel waits between its questions, seconds.
_ASK_AGAIN_S: Final = 0.001


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


class _PatientAsyncio:
    """Stands for the module in the kernel, which asks again at each turn: they take no time."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, _ASK_AGAIN_S))


@contextmanager
def nodes_in_virtual_time(seed: int) -> Iterator[None]:
    """Let every node that is built meanwhile follow the loop; one seed, one run."""
    timings: Any = lambda: LoopTiming(seed)  # noqa: E731
    chance = random.Random(seed)

    def drawn_id() -> UUID4:
        return UUID4.from_str(str(uuid.UUID(int=chance.getrandbits(128), version=4)))

    with pytest.MonkeyPatch.context() as patch:
        # The framework names orders from elsewhere by it.
        patch.setattr("nautilus_trader.live.execution_engine.UUID4", drawn_id)
        patch.setattr("nautilus_trader.system.kernel.LiveClock", LoopClock)
        patch.setattr("nautilus_trader.system.kernel.asyncio", _PatientAsyncio())
        patch.setattr("nautilus_paradex.factories.SystemTiming", timings)
        patch.setattr("nautilus_paradex.network.link.SystemTiming", timings)
        yield


def _running() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop
