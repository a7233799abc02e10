"""
When the account is reconciled with the venue: after each connection, and when something asks.

Whatever the reason, the account is read first, the framework is told what it missed, and the
account is published again: where the framework has calculated accounts of this venue (a backtest
in the same process did so), it counts the profits of reconciled fills once more.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final
from typing import NamedTuple

from nautilus_trader.common.component import Logger

from nautilus_paradex.execution.account import AccountKeeper
from nautilus_paradex.execution.contingencies import Contingencies
from nautilus_paradex.execution.reconciliation import Reconciler
from nautilus_paradex.network.log import Recurring
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import ParadexError


#: How far before a loss the REST proof begins: a stalled stream is noticed late, and the
#: services' clocks differ.
GAP_OVERLAP_MS: Final = 60_000

_RETRY_SECS: Final = 5.0

#: Before a reading that follows others which were asked for just before, seconds; the last one
#: for all further ones. A reason that readings do not end must not take the rate limits.
_PAUSES_SECS: Final = (0.0, 0.0, 1.0, 2.0, _RETRY_SECS)

#: Before another look at an account that has just been read: longer than the venue's services lag
#: behind each other, and than the stream rules over REST (S7), seconds.
LOOK_AGAIN_SECS: Final = 6.0

#: So long without a reason, and the next reading comes without a pause again, seconds.
_QUIET_SECS: Final = 60.0


class Recovery:
    """
    Reconciles when it is due.

    Parameters
    ----------
    account : AccountKeeper
        Reads and publishes the account.
    reconciler : Reconciler
        Reconciles.
    contingencies : Contingencies
        Looks afterwards if an order is due.
    venue_ms : Callable[[], int]
        The venue's clock, UNIX milliseconds.
    timing : Timing
        Clock and sleep.
    spawn : Callable
        Runs a coroutine as a task of the room.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        account: AccountKeeper,
        reconciler: Reconciler,
        contingencies: Contingencies,
        venue_ms: Callable[[], int],
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        log: Logger,
    ) -> None:
        self._account = account
        self._reconciler = reconciler
        self._contingencies = contingencies
        self._venue_ms = venue_ms
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._gap_start: _Moment | None = None
        self._reasons: list[str] = []
        self._task: asyncio.Task[None] | None = None
        self._polled: _Moment | None = None
        self._asked_readings = 0
        self._quiet_from = 0.0
        self._again_from: int | None = None

    async def prove_every(self, interval_secs: float, is_due: Callable[[], bool]) -> None:
        """
        Compare the account with the venue from time to time.

        Parameters
        ----------
        interval_secs : float
            Between two readings.
        is_due : Callable[[], bool]
            If the stream is healthy: otherwise others read.

        """
        while True:
            await self._timing.sleep(interval_secs)
            if not is_due():
                continue
            start_ms = self._venue_ms() - int(interval_secs * 1_000) - GAP_OVERLAP_MS
            try:
                await self._reconcile(start_ms)
            except ParadexError as e:
                self._log.warning(f"Cannot prove the account's state, trying later: {e}")

    async def poll(self) -> None:
        """
        Read the account while the stream is away (S6); the gap stays open.

        Raises
        ------
        ParadexError
            If it cannot be read.

        """
        now = self._moment()
        since = self._polled or self._gap_start or now
        await self._reconcile(self._start_ms(since) - GAP_OVERLAP_MS)
        self._polled = now

    def note_gap(self, idle_secs: float) -> None:
        """Remember since when news may be missing: a stall is noticed after `idle_secs`."""
        if self._gap_start is None:
            self._gap_start = self._moment(idle_secs)

    async def close_gap(self) -> None:
        """
        Prove that nothing was missed since the last connection (S4, E10).

        Raises
        ------
        ParadexError
            If the account cannot be read; the gap stays open.

        """
        start_ms = self._start_ms(self._gap_start or self._moment()) - GAP_OVERLAP_MS
        await self._reconcile(start_ms)
        self._gap_start = self._polled = None
        # What was told in the gap may reach the venue's lists after their reading.
        self.look_again(start_ms)

    def look_again(self, start_ms: int | None = None) -> None:
        """
        Read the account once more in a while; several wishes become one.

        Parameters
        ----------
        start_ms : int, optional
            From when fills and closed orders are read, UNIX milliseconds; by default a little
            before now.

        """
        if start_ms is None:
            start_ms = self._venue_ms() - GAP_OVERLAP_MS
        if self._again_from is not None:
            self._again_from = min(self._again_from, start_ms)
            return
        self._again_from = start_ms
        self._spawn(self._second_look(), "look at the account again")

    def soon(self, reason: str) -> None:
        """Ask for a reconciliation; several reasons become one."""
        self._log.warning(f"Reconciling: {reason}")
        self._reasons.append(reason)
        if self._task is None or self._task.done():
            self._task = self._spawn(self._work_off(), "reconcile")

    async def _work_off(self) -> None:
        start_ms = self._venue_ms() - GAP_OVERLAP_MS
        told = Recurring(self._log.error, self._log, self._timing)
        while self._reasons:
            await self._timing.sleep(self._pause_secs())
            self._reasons.clear()
            try:
                await self._reconcile(start_ms)
            except ParadexError as e:
                told.note(f"Cannot reconcile, trying again: {e}")
                self._reasons.append(str(e))
                await self._timing.sleep(_RETRY_SECS)

    def _pause_secs(self) -> float:
        now = self._timing.monotonic()
        if now > self._quiet_from:
            self._asked_readings = 0
        self._quiet_from = now + _QUIET_SECS
        pause = _PAUSES_SECS[min(self._asked_readings, len(_PAUSES_SECS) - 1)]
        self._asked_readings += 1
        return pause

    async def _reconcile(self, start_ms: int) -> None:
        await self._account.refresh()
        is_whole = await self._reconciler.run(start_ms)
        self._account.publish()
        self._contingencies.sweep()
        if not is_whole:
            self.look_again(start_ms)

    async def _second_look(self) -> None:
        try:
            await self._timing.sleep(LOOK_AGAIN_SECS)
        finally:
            # Also where a disconnect cancels it: the next connection looks again too.
            start_ms, self._again_from = self._again_from, None
        if start_ms is None or self._gap_start is not None:
            return  # the stream is away: its return is reconciled
        try:
            await self._reconcile(start_ms)
        except ParadexError as e:
            self.soon(f"the second look at the account failed: {e}")

    def _moment(self, secs_ago: float = 0.0) -> "_Moment":
        return _Moment(
            self._venue_ms() - int(secs_ago * 1_000), self._timing.monotonic() - secs_ago
        )

    def _start_ms(self, moment: "_Moment") -> int:
        """Return a moment in the venue's time; the earlier one where its clock was set since."""
        passed_ms = int((self._timing.monotonic() - moment.monotonic) * 1_000)
        return min(moment.venue_ms, self._venue_ms() - passed_ms)


class _Moment(NamedTuple):
    venue_ms: int
    """By the venue's clock as it was then, UNIX milliseconds."""
    monotonic: float
