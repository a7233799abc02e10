"""Work that the venue does a little later, in the order in which it was accepted."""

import asyncio
import heapq
import logging
from collections.abc import Callable
from itertools import count

from nautilus_paradex.simulator.clock import call_at
from nautilus_paradex.simulator.clock import loop_s


_log = logging.getLogger(__name__)


class Sequencer:
    """Runs callbacks after a delay; equal delays keep their order, which timers alone do not."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = count()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def schedule(self, delay_s: float, work: Callable[[], None]) -> None:
        """Run the work after the delay; work that is due together runs in order of scheduling."""
        if self._closed:
            return
        due = loop_s() + delay_s
        heapq.heappush(self._queue, (due, next(self._serial), work))
        self._arm()

    def run(self, delay_s: float, work: Callable[[], None]) -> asyncio.Future[None]:
        """Do the same as `schedule`, and return what is done when the work is."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def finish() -> None:
            try:
                work()
            finally:
                if not done.done():
                    done.set_result(None)

        self.schedule(delay_s, finish)
        return done

    def close(self) -> None:
        """Forget what is not done yet."""
        self._closed = True
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._queue:
            self._timer = call_at(self._queue[0][0], self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = loop_s()
        while self._queue and self._queue[0][0] <= now:
            _, _, work = heapq.heappop(self._queue)
            try:
                work()
            except Exception:
                # One order's failure must not keep the others from being processed.
                _log.exception("The engine failed")
        self._arm()
