"""A clock that only moves when a test or a sleeper moves it."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager


class VirtualTiming:
    """
    Time under control.

    With `auto`, time jumps to the earliest sleeper as soon as the loop has run what is ready;
    without, it stands until `advance`.
    """

    def __init__(self, *, auto: bool = True, chance: float = 0.5) -> None:
        self.auto = auto
        self.chance = chance
        self.now = 1_000.0
        self.wall_ns = 1_790_000_000_000_000_000
        self.slept: list[float] = []
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def time_ns(self) -> int:
        return self.wall_ns + round((self.now - 1_000.0) * 1e9)

    def time_ms(self) -> int:
        return self.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return self.now

    def random(self) -> float:
        return self.chance

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), future))
        if self.auto:
            loop.call_soon(self._wake_earliest)
        await future

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Return a deadline of real time: what it guards is on real sockets here."""
        return asyncio.timeout(seconds)

    def call_later(self, seconds: float, work: Callable[[], object]) -> asyncio.TimerHandle:
        """Call `work` after real time, as above."""
        return asyncio.get_running_loop().call_later(seconds, work)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, with everybody who wakes up meanwhile running at their time."""
        end = self.now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._wake_earliest()
            await settle()
        self.now = end

    def _wake_earliest(self) -> None:
        while self._sleepers:
            due, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self.now = max(self.now, due)
                future.set_result(None)
                return


async def settle(rounds: int = 20) -> None:
    """Let everything run that is ready."""
    for _ in range(rounds):
        await asyncio.sleep(0)
