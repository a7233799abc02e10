"""
How far the venue's clock is from ours, kept up while either of them is set.

Signatures, tokens and time ranges are in the venue's time. The wall clock of this machine may be
set at any moment, and so may the venue's: between two comparisons the offset follows our own
clock's jumps by the event loop's, which nobody sets, and a comparison is repeated from time to time
and when something looks as if the clocks had parted.
"""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Final

import msgspec

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import ParadexError


#: Seconds between two comparisons.
COMPARE_SECS: Final = 60.0

#: Seconds until the next one where the venue did not answer.
AGAIN_SECS: Final = 15.0

#: Seconds between two looks at our own clock.
LOOK_SECS: Final = 5.0

#: A clock that is off by more than this has been set.
MOVED_MS: Final = 1_000

#: A round trip up to this is always good enough.
_FAST_MS: Final = 100.0

_NS_PER_MS: Final = 1_000_000


class ClockOffset(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of clocks."""

    offset_ms: int
    """What must be added to our clock to get the venue's; signatures and tokens depend on it."""
    rtt_ms: float
    """The round trip that the comparison took: the offset is wrong by at most half of it."""


def compare(sent_ns: int, received_ns: int, server_ms: int) -> ClockOffset:
    """
    Return the offset, taking the server's time as read in the middle of the round trip.

    Parameters
    ----------
    sent_ns, received_ns : int
        Our clock before the request and after the answer, UNIX nanoseconds.
    server_ms : int
        The venue's clock, UNIX milliseconds.

    """
    offset_ns = server_ms * _NS_PER_MS - (sent_ns + received_ns) // 2
    return ClockOffset(
        # Half up: an offset of -0.4 ms is none.
        offset_ms=(offset_ns + 500_000) // _NS_PER_MS,
        rtt_ms=(received_ns - sent_ns) / _NS_PER_MS,
    )


class VenueClock:
    """
    The venue's clock, as far as the last comparison tells.

    Parameters
    ----------
    timing : Timing
        Our clocks.

    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._ahead_ms = 0
        self.compared: ClockOffset | None = None
        """The last comparison; None before the first."""

    def take(self, sample: ClockOffset) -> None:
        """Take a comparison that was made just now, unless it only knows less than the last one."""
        if not self._knows_better(sample):
            self.compared = sample
            self._ahead_ms = self._wall_ahead_ms()

    @property
    def offset_ms(self) -> int:
        """What must be added to our wall clock to get the venue's; 0 before a comparison."""
        return 0 if self.compared is None else self.compared.offset_ms - self.set_by_ms

    @property
    def set_by_ms(self) -> int:
        """By how much our wall clock was set since the comparison; smaller changes are drift."""
        if self.compared is None:
            return 0
        change = self._wall_ahead_ms() - self._ahead_ms
        return change if abs(change) > MOVED_MS else 0

    def _knows_better(self, sample: ClockOffset) -> bool:
        """If a sample took so long that what is known lies within its error."""
        known = self.compared
        if known is None or sample.rtt_ms <= max(2 * known.rtt_ms, _FAST_MS):
            return False
        return abs(sample.offset_ms - self.offset_ms) <= sample.rtt_ms / 2

    def _wall_ahead_ms(self) -> int:
        return self._timing.time_ms() - round(self._timing.monotonic() * 1_000)


class ClockWatch:
    """
    Repeats the comparison of clocks.

    Parameters
    ----------
    clock : VenueClock
        The clock that is kept up.
    compare_again : Callable[[], Awaitable[object]]
        Compares, and has the clock take it; raises `ParadexError` if the venue does not answer.
    timing : Timing
        Clock and sleep.
    log : Log
        Where it says that clocks have moved.

    """

    def __init__(
        self,
        clock: VenueClock,
        compare_again: Callable[[], Awaitable[object]],
        timing: Timing,
        log: Log,
    ) -> None:
        self._clock = clock
        self._compare_again = compare_again
        self._timing = timing
        self._log = log
        self._hint = asyncio.Event()
        self._background = BackgroundTasks(log)

    def start(self) -> None:
        """Compare from time to time from now on."""
        self._background.spawn(self._run(), "compare clocks")

    def hint(self) -> None:
        """Compare soon: the venue has refused a timestamp."""
        self._hint.set()

    async def close(self) -> None:
        """Compare no longer."""
        await self._background.cancel_all()

    async def _run(self) -> None:
        compared_at = self._timing.monotonic()
        while True:
            await self._timing.sleep(LOOK_SECS)
            is_due = self._timing.monotonic() - compared_at >= COMPARE_SECS
            if is_due or self._hint.is_set() or self._clock.set_by_ms:
                self._hint.clear()
                is_compared = await self._compare()
                compared_at = self._timing.monotonic()
                if not is_compared:
                    compared_at -= COMPARE_SECS - AGAIN_SECS

    async def _compare(self) -> bool:
        before, set_by_ms = self._clock.offset_ms, self._clock.set_by_ms
        if set_by_ms:
            self._log.warning(f"This machine's clock was set by {set_by_ms:+d} ms")
        try:
            await self._compare_again()
        except ParadexError as e:
            self._log.debug(f"The venue's clock cannot be read: {e}")
            return False
        now = self._clock.offset_ms
        if abs(now - before) > MOVED_MS:
            self._log.warning(
                f"The venue's clock is {now:+d} ms from this machine's, it was {before:+d} ms"
            )
        return True
