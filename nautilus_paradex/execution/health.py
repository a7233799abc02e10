"""The health of the private stream as custom data, beside that of the data client (rule S8)."""

from typing import Final

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.data import CustomData

from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.types import ParadexStreamHealth


#: Where the framework takes data; an execution client has no method for it.
_ENDPOINT: Final = "DataEngine.process"


def publish_health(
    msgbus: MessageBus, status: StreamStatus, clock: LiveClock, *, degraded: bool
) -> None:
    """
    Give a stream's health to whoever subscribed to `ParadexStreamHealth`.

    Parameters
    ----------
    degraded : bool
        If REST is polled meanwhile (S6).

    """
    publish(msgbus, health_of(status, clock, degraded=degraded).to_custom_data())


def health_of(status: StreamStatus, clock: LiveClock, *, degraded: bool) -> ParadexStreamHealth:
    """Return the health that the private stream's status tells."""
    now = clock.timestamp_ns()
    return ParadexStreamHealth.from_status(
        status,
        handlers=1,
        gaps=0,
        venue_age_ms=None,
        degraded=degraded,
        ts_event=now,
        ts_init=now,
    )


def publish(msgbus: MessageBus, data: CustomData) -> None:
    """Give custom data to whoever subscribed to it."""
    if _ENDPOINT in msgbus.endpoints():
        msgbus.send(endpoint=_ENDPOINT, msg=data)
