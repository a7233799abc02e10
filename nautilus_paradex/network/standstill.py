"""How long the event loop has stood still: whoever keeps it keeps the sockets unread (rule S9)."""

from typing import Final

from nautilus_paradex.network.timing import Timer
from nautilus_paradex.network.timing import Timing


_PERIOD_SECS: Final = 0.5

#: How long a standstill is remembered, seconds: a drop by the venue follows soon.
MEMORY_SECS: Final = 10.0


class Standstill:
    """
    The longest of the loop's latest standstills.

    Parameters
    ----------
    timing : Timing
        Clock and timers.

    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._timer: Timer | None = None
        self._due = 0.0
        self._longest = 0.0
        self._ended = float("-inf")

    def watch(self) -> None:
        """Look from now on."""
        self._due = self._timing.monotonic() + _PERIOD_SECS
        self._timer = self._timing.call_later(_PERIOD_SECS, self._look)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def longest_secs(self) -> float:
        """Return how long the loop lately stood still at once, seconds; 0 if it did not."""
        now = self._timing.monotonic()
        # Whoever asks may have had its turn before the look that is due.
        late = max(0.0, now - self._due) if self._timer is not None else 0.0
        remembered = self._longest if now - self._ended <= MEMORY_SECS else 0.0
        return max(remembered, late)

    def _look(self) -> None:
        now = self._timing.monotonic()
        late = now - self._due
        if late >= self._longest or now - self._ended > MEMORY_SECS:
            self._longest, self._ended = late, now
        self.watch()
