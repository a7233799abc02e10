"""The health of streams (rule S8)."""

from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from typing import Any
from typing import Protocol
from typing import Self

from nautilus_paradex.types.storage import OfVenue


class _Status(Protocol):
    """What is read of a stream's status."""

    @property
    def name(self) -> str: ...
    @property
    def connected(self) -> bool: ...
    @property
    def healthy(self) -> bool: ...
    @property
    def url(self) -> str: ...
    @property
    def sbe_version(self) -> int | None: ...
    @property
    def subscriptions(self) -> int: ...
    @property
    def confirmed(self) -> int: ...
    @property
    def reconnects(self) -> int: ...
    @property
    def failed_attempts(self) -> int: ...
    @property
    def last_frame_age_secs(self) -> float | None: ...
    @property
    def epoch(self) -> int: ...
    @property
    def last_error(self) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexStreamHealth(OfVenue):
    """
    The health of a stream (rule S8).

    Metadata: none. One subscription carries all streams of the client.
    """

    stream: str
    """The stream's name."""
    connected: bool
    healthy: bool
    """If everything that is subscribed flows and nothing is known to be missed."""
    url: str
    schema_version: int | None
    """Of SBE; None is JSON."""
    subscriptions: int
    confirmed: int
    """How many of them the venue has acknowledged on this connection."""
    handlers: int
    """How many users the subscriptions have."""
    reconnects: int
    failed_attempts: int
    """In a row, since it was last healthy."""
    last_frame_age_ms: int | None
    """Since anything arrived; None without a connection."""
    venue_age_ms: int | None
    """How old the newest data was by the venue's clock when it arrived; None if unknown."""
    gaps: int
    """Book gaps so far."""
    epoch: int
    """How many connections were opened so far."""
    degraded: bool
    """If polling stands in for the stream (rule S6)."""
    last_error: str
    ts_event: int = field()
    ts_init: int = field()

    def to_status(self) -> dict[str, Any]:
        """Return it as a dict, without the framework's timestamps."""
        return {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name not in ("ts_event", "ts_init")
        }

    @classmethod
    def from_status(
        cls,
        status: _Status,
        *,
        handlers: int,
        gaps: int,
        venue_age_ms: int | None,
        degraded: bool,
        ts_event: int,
        ts_init: int,
    ) -> Self:
        """Return the health that a stream's status tells, with what its room knows."""
        age = status.last_frame_age_secs
        return cls(
            stream=status.name,
            connected=status.connected,
            healthy=status.healthy,
            url=status.url,
            schema_version=status.sbe_version,
            subscriptions=status.subscriptions,
            confirmed=status.confirmed,
            handlers=handlers,
            reconnects=status.reconnects,
            failed_attempts=status.failed_attempts,
            last_frame_age_ms=None if age is None else round(age * 1_000),
            venue_age_ms=venue_age_ms,
            gaps=gaps,
            epoch=status.epoch,
            degraded=degraded,
            last_error=status.last_error,
            ts_event=ts_event,
            ts_init=ts_init,
        )
