"""
The health of the sockets as custom data (rule S8).

What changes by itself all the time (the ages) does not count as a change; it is read with each
publication.
"""

from collections.abc import Callable
from typing import Any
from typing import Final

from nautilus_trader.common.component import LiveClock

from nautilus_paradex.data.streams import MarketStreams
from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.types import ParadexStreamHealth


#: How often is looked for what no socket tells by itself: subscriptions, users, gaps.
LOOK_SECS: Final = 1.0

_NS_PER_MS: Final = 1_000_000


class HealthReporter:
    """
    Publishes the health of a data client's sockets when it changes.

    Parameters
    ----------
    streams : MarketStreams
        The sockets.
    gaps : Callable[[], int]
        How many book gaps there were.
    venue_ns : Callable[[], int]
        The venue's time of the newest data; 0 if there was none.
    degraded : Callable[[], bool]
        If REST is polled meanwhile (S6).
    emit : Callable[[Any], None]
        Gives data to the framework.
    clock : LiveClock
        The framework's clock.

    """

    def __init__(
        self,
        *,
        streams: MarketStreams,
        gaps: Callable[[], int],
        venue_ns: Callable[[], int],
        degraded: Callable[[], bool],
        emit: Callable[[Any], None],
        clock: LiveClock,
    ) -> None:
        self._streams = streams
        self._gaps = gaps
        self._venue_ns = venue_ns
        self._degraded = degraded
        self._emit = emit
        self._clock = clock
        self._published: dict[str, tuple[Any, ...]] = {}
        self.is_wanted = False

    def want(self) -> None:
        """Publish now and at every change."""
        self.is_wanted = True
        self._published.clear()
        self.look()

    def drop(self) -> None:
        """Publish no longer."""
        self.is_wanted = False
        self._published.clear()

    def current(self) -> list[ParadexStreamHealth]:
        """Return the health of every socket."""
        now = self._clock.timestamp_ns()
        venue_ns = self._venue_ns()
        age = None if not venue_ns else max(0, now - venue_ns) // _NS_PER_MS
        return [
            ParadexStreamHealth.from_status(
                status,
                handlers=self._streams.user_count,
                gaps=self._gaps(),
                venue_age_ms=age,
                degraded=self._degraded(),
                ts_event=now,
                ts_init=now,
            )
            for status in self._streams.statuses()
        ]

    def look(self) -> None:
        """Publish what has changed."""
        if not self.is_wanted:
            return
        for status, health in zip(self._streams.statuses(), self.current(), strict=True):
            state = _state_of(status, health)
            if self._published.get(health.stream) != state:
                self._published[health.stream] = state
                self._emit(health.to_custom_data())

    async def watch(self, timing: Timing) -> None:
        """Look from time to time."""
        while True:
            await timing.sleep(LOOK_SECS)
            self.look()


def _state_of(status: StreamStatus, health: ParadexStreamHealth) -> tuple[Any, ...]:
    return (
        status.state,
        health.schema_version,
        health.subscriptions,
        health.confirmed,
        health.handlers,
        health.failed_attempts,
        health.gaps,
        health.epoch,
        health.degraded,
        health.last_error,
    )
