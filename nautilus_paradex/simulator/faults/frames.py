"""What may happen to frames of the stream: typed values."""

from nautilus_paradex.simulator.faults.values import Fault


class StreamFault(Fault, frozen=True, kw_only=True):
    """Base of what happens to frames of the stream."""

    channels: tuple[str, ...] = ()
    """
    First words of channel names (``orders``), or whole names; empty is every channel. Answers to
    requests are ``answer`` and heartbeats ``heartbeat``: they match only when they are named.
    """
    private: bool | None = None
    """Only connections that are, or are not, authenticated; None is any."""

    def matches(self, channel: str, private: bool) -> bool:
        """Return if the fault is meant for a frame."""
        if self.private is not None and self.private is not private:
            return False
        if not self.channels:
            return channel not in ("answer", "heartbeat")
        return channel in self.channels or channel.partition(".")[0] in self.channels


class DropAfterFrames(StreamFault, frozen=True, kw_only=True):
    """The connection is cut right after so many frames; 0 cuts it instead of the first one."""

    frames: int


class CloseCode(StreamFault, frozen=True, kw_only=True):
    """The connection is closed with a code right after so many frames; 0 before the first one."""

    code: int
    frames: int = 0


class Stall(StreamFault, frozen=True, kw_only=True):
    """After so many frames the connection falls silent: no frame, no ping, no answer."""

    frames: int = 0
    seconds: float | None = None
    """None is for ever."""


class Delay(StreamFault, frozen=True, kw_only=True):
    """The frame, and what follows it on the connection, comes later."""

    ms: float


class Duplicate(StreamFault, frozen=True, kw_only=True):
    """The frame comes twice."""


class Reorder(StreamFault, frozen=True, kw_only=True):
    """The frame comes after the next one of its connection."""


class Lose(StreamFault, frozen=True, kw_only=True):
    """The frame does not come."""


class Garble(StreamFault, frozen=True, kw_only=True):
    """The frame comes with its end cut off: no valid message any more."""


class Fragment(StreamFault, frozen=True, kw_only=True):
    """The message comes as several WebSocket frames."""

    size: int
    """Bytes of each but the last."""


class Slice(StreamFault, frozen=True, kw_only=True):
    """The frame is written to TCP in pieces; other connections are served between them."""

    size: int = 1
    """Bytes of each but the last."""


class UnknownFrameFields(StreamFault, frozen=True, kw_only=True):
    """The frame has what a later version may bring: further fields, or a longer SBE block."""


class UnknownFrameValue(StreamFault, frozen=True, kw_only=True):
    """A field of the frame has a value that nobody knows."""

    field: str
    """The field's name, in JSON (``status``) or in the SBE schema."""
    value: str = "SOMETHING_NEW"
    """In JSON."""
    code: int = 200
    """In SBE, where it is a byte."""


class UnknownFrame(StreamFault, frozen=True, kw_only=True):
    """Before the frame comes one of a kind that nobody knows: a channel, or an SBE template."""
