"""The health of the private stream as custom data, beside that of the data client (rule S8)."""

from typing import Final

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus

from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.types import ParadexStreamHealth


#: Where the framework takes data; an execution client has no method for it.
_ENDPOINT: Final = "DataEngine.process"


def publish_health(msgbus: MessageBus, status: StreamStatus, clock: LiveClock) -> None:
    """Give a stream's health to whoever subscribed to `ParadexStreamHealth`."""
    if _ENDPOINT not in msgbus.endpoints():
        return
    now = clock.timestamp_ns()
    health = ParadexStreamHealth.from_status(
        status,
        handlers=1,
        gaps=0,
        venue_age_ms=None,
        degraded=False,
        ts_event=now,
        ts_init=now,
    )
    msgbus.send(endpoint=_ENDPOINT, msg=health.to_custom_data())
