"""
REST polling while a stream does not come back (rule S6).

The stream goes on trying; meanwhile its room is polled, so that state is old by an interval and no
more. What is polled is up to the room, which also sees to it that nothing is told twice.
"""

from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Protocol

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import ParadexError


class Cancellable(Protocol):
    """A running task."""

    def cancel(self) -> bool:
        """End it."""


class Fallback:
    """
    Polls while a stream is away.

    Parameters
    ----------
    name : str
        Of what is polled, for the log.
    after_attempts : int
        How many connections in a row have to fail before polling begins.
    interval_secs : float
        From the end of one polling to the next.
    poll : Callable[[], Awaitable[None]]
        Polls once.
    timing : Timing
        Sleep.
    spawn : Callable
        Runs a coroutine as a task of the room.
    log : Log
        Where it says that it began and ended.

    """

    def __init__(
        self,
        *,
        name: str,
        after_attempts: int,
        interval_secs: float,
        poll: Callable[[], Awaitable[None]],
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], Cancellable],
        log: Log,
    ) -> None:
        self._name = name
        self._after_attempts = after_attempts
        self._interval = interval_secs
        self._poll = poll
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._task: Cancellable | None = None
        self._is_open = False

    @property
    def is_active(self) -> bool:
        """If the room is polled: its data is degraded."""
        return self._task is not None

    def open(self) -> None:
        """Poll from now on where it is due: the room has connected."""
        self._is_open = True

    def close(self) -> None:
        """Poll no more: the room disconnects."""
        self._is_open = False
        self._end()

    def look(self, *, failed_attempts: int, healthy: bool) -> None:
        """Begin or end, by how the stream does; called on each change of its state."""
        if healthy and self._task is not None:
            self._log.info(f"{self._name}: the stream is back, polling ends")
            self._end()
        elif self._is_open and self._task is None and failed_attempts >= self._after_attempts:
            self._log.warning(
                f"{self._name}: {failed_attempts} connections failed; REST is polled every "
                f"{self._interval:g} s until the stream is back (degraded)"
            )
            self._task = self._spawn(self._run(), f"poll {self._name}")

    def _end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._poll()
            except ParadexError as e:
                failures += 1
                # REST is often away with the stream: said once, and again when it is back.
                if failures == 1:
                    self._log.warning(f"{self._name}: polling fails: {e}")
            else:
                if failures:
                    self._log.info(f"{self._name}: polling works again after {failures} failures")
                failures = 0
            await self._timing.sleep(self._interval)
