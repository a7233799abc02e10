"""
The state of the exchange, followed (rule E14).

The venue has no channel for it: ``GET /system/state`` is polled, more often around its releases
and while something is wrong (PROTOCOL 8.3). One watch serves all clients of a link, and polls only
while somebody listens.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from datetime import datetime
from datetime import time
from typing import Final
from typing import Protocol

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import UnmodelledValue


#: Seconds between two polls of an exchange that is well.
CALM_SECS: Final = 30.0

#: Seconds between two polls around a release, and while the exchange is not well or not known.
ALERT_SECS: Final = 2.0

#: Releases are on weekdays at 04:30 UTC and take about 15 minutes (PROTOCOL 8.3).
RELEASE_FROM: Final = time(4, 25)
RELEASE_TO: Final = time(5, 0)

_SATURDAY: Final = 5

type Listener = Callable[[SystemState | None], None]


class StateReader(Protocol):
    """The REST call that is polled."""

    async def system_state(self) -> SystemState:
        """Return the exchange's state."""


class SystemStateWatch:
    """
    Follows the state of the exchange.

    Parameters
    ----------
    rest : StateReader
        REST.
    timing : Timing
        Clock and sleep.
    log : Log
        Where it says what happens.

    """

    def __init__(self, rest: StateReader, timing: Timing, log: Log) -> None:
        self._rest = rest
        self._timing = timing
        self._log = log
        self._state: SystemState | None = SystemState.OK
        self._listeners: list[Listener] = []
        self._is_failing = False
        self._unknown: set[str] = set()
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> SystemState | None:
        """The state as far as it is known, ``ok`` before the first poll; None if it is new."""
        return self._state

    def listen(self, listener: Listener) -> None:
        """Tell a listener of every change from now on."""
        self._listeners.append(listener)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(
                self._run(), name="follow the state of the exchange"
            )

    def forget(self, listener: Listener) -> None:
        """Tell it no longer; without listeners nothing is polled."""
        if listener in self._listeners:
            self._listeners.remove(listener)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    def hint(self) -> None:
        """Poll now: something looks as if the state had changed."""
        self._hint.set()

    async def close(self) -> None:
        """Forget all listeners and wait until nothing is polled any more."""
        self._listeners.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    # -- POLLING -----------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._hint.clear()
            await self._poll()
            await self._pause()

    async def _poll(self) -> None:
        try:
            state: SystemState | None = await self._rest.system_state()
        except UnmodelledValue as e:
            state = None
            if str(e) not in self._unknown and len(self._unknown) < 10:
                self._unknown.add(str(e))
                self._log.warning(f"A state of the exchange that is not known: {e}")
        except ParadexError as e:
            if not self._is_failing:
                self._is_failing = True
                self._log.warning(f"The state of the exchange cannot be read: {e}")
            return
        self._is_failing = False
        if state is not self._state:
            self._log.warning(f"Paradex system state: {_name(self._state)} -> {_name(state)}")
            self._state = state
            for listener in list(self._listeners):
                listener(state)

    async def _pause(self) -> None:
        """Wait until the next poll is due, or somebody has reason to ask."""
        is_well = self._state is SystemState.OK and not self._is_failing
        seconds = CALM_SECS if is_well and not self._is_release() else ALERT_SECS
        sleep = asyncio.ensure_future(self._timing.sleep(seconds))
        hint = asyncio.ensure_future(self._hint.wait())
        try:
            await asyncio.wait({sleep, hint}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            hint.cancel()

    def _is_release(self) -> bool:
        now = datetime.fromtimestamp(self._timing.time_ns() // 1_000_000_000, UTC)
        return now.weekday() < _SATURDAY and RELEASE_FROM <= now.time() < RELEASE_TO


def _name(state: SystemState | None) -> str:
    return "unknown" if state is None else str(state)
