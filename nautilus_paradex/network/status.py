"""What a stream tells about itself (rule S8)."""

import msgspec


class StreamStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A stream's health at one moment."""

    name: str
    state: str
    """A name of :class:`~nautilus_paradex.protocol.connection.ConnectionState`."""
    healthy: bool
    connected: bool
    url: str
    sbe_version: int | None
    """The SBE schema version in use; None = JSON."""
    node_id: str
    """The venue's node, which its support asks for; empty on public streams."""
    subscriptions: int
    confirmed: int
    epoch: int
    """How many connections were opened so far."""
    reconnects: int
    failed_attempts: int
    """In a row, since the last healthy connection."""
    frames: int
    last_frame_age_secs: float | None
    undecodable: int
    skipped: int
    """SBE frames of templates that are not modelled."""
    last_error: str
