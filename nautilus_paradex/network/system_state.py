"""
The state of the exchange, followed (rule E14).

The venue has no channel for it: ``GET /system/state`` is polled, more often around its releases
and while something is wrong (PROTOCOL 8.3). One watch serves all clients of a link, and polls only
while somebody listens.

A state that cannot be read stays what it was last: a lost connection says nothing about the
exchange, and an order that is denied by mistake costs more than one that the venue refuses.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from datetime import time
from typing import Final
from typing import Protocol

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.timing import sleep_unless
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import UnmodelledValue


#: Seconds between two polls of an exchange that is well.
CALM_SECS: Final = 30.0

#: Seconds between two polls around a release, and while the exchange is not well or not known.
ALERT_SECS: Final = 2.0

#: Seconds between two polls at least: hints come as fast as orders are refused.
HINT_SECS: Final = 1.0

#: Releases are on weekdays at 04:30 UTC and take about 15 minutes (PROTOCOL 8.3).
RELEASE_FROM: Final = time(4, 25)
RELEASE_TO: Final = time(5, 0)

_SATURDAY: Final = 5

#: Unknown states that are named in a warning; what comes after is as unknown as these.
_WARNINGS: Final = 10

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
        self._state: SystemState | None = None
        self._listeners: list[Listener] = []
        self._is_failing = False
        self._unknown: set[str] = set()
        self._hint = asyncio.Event()
        self._polled = asyncio.Event()
        self._background = BackgroundTasks(log)
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> SystemState | None:
        """The last state that was read; None before the first, and if it is not modelled."""
        return self._state

    @property
    def is_read(self) -> bool:
        """If the state was asked for since somebody listens, whatever came of it."""
        return bool(self._listeners) and self._polled.is_set()

    def listen(self, listener: Listener) -> None:
        """Tell a listener of every change from now on."""
        self._listeners.append(listener)
        if self._task is None or self._task.done():
            self._polled.clear()
            self._task = self._background.spawn(self._run(), "follow the state of the exchange")

    def forget(self, listener: Listener) -> None:
        """Tell it no longer; without listeners nothing is polled."""
        if listener in self._listeners:
            self._listeners.remove(listener)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._end()

    def hint(self) -> None:
        """Poll soon: something looks as if the state had changed."""
        self._hint.set()

    async def ready(self) -> None:
        """Wait until the state was asked for once since somebody listens, whatever came of it."""
        if self._listeners:
            await self._polled.wait()

    async def close(self) -> None:
        """Forget all listeners and wait until nothing is polled any more."""
        self._listeners.clear()
        self._end()
        await self._background.cancel_all()

    def _end(self) -> None:
        self._task = None
        # What nobody has followed may be hours old when somebody listens again.
        self._state = None
        self._polled.set()

    # -- POLLING -----------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._hint.clear()
            await self._poll()
            self._polled.set()
            await self._pause()

    async def _poll(self) -> None:
        try:
            state: SystemState | None = await self._rest.system_state()
        except UnmodelledValue as e:
            state = None
            self._warn_of(str(e))
        except ParadexError as e:
            if not self._is_failing:
                self._is_failing = True
                self._log.warning(f"The state of the exchange cannot be read: {e}")
            return
        if self._is_failing:
            self._is_failing = False
            self._log.info("The state of the exchange can be read again")
        self._take(state)

    def _take(self, state: SystemState | None) -> None:
        if state is self._state:
            return
        is_news = self._state is not None or state is not SystemState.OK
        say = self._log.warning if is_news else self._log.info
        say(f"Paradex system state: {_name(self._state)} -> {_name(state)}")
        self._state = state
        for listener in list(self._listeners):
            try:
                listener(state)
            except Exception as e:
                # The others must hear it all the same.
                self._log.exception("A listener to the state of the exchange failed", e)

    def _warn_of(self, unknown: str) -> None:
        if unknown not in self._unknown and len(self._unknown) < _WARNINGS:
            self._unknown.add(unknown)
            self._log.warning(f"The exchange is in a state that is not known: {unknown}")

    async def _pause(self) -> None:
        """Wait until the next poll is due, or somebody has reason to ask."""
        is_well = self._state is SystemState.OK and not self._is_failing
        seconds = CALM_SECS if is_well and not self._is_release() else ALERT_SECS
        await self._timing.sleep(HINT_SECS)
        await sleep_unless(self._timing, seconds - HINT_SECS, self._hint)

    def _is_release(self) -> bool:
        now = datetime.fromtimestamp(self._timing.time_ns() // 1_000_000_000, UTC)
        return now.weekday() < _SATURDAY and RELEASE_FROM <= now.time() < RELEASE_TO


def _name(state: SystemState | None) -> str:
    return "unknown" if state is None else str(state)
