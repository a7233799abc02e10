"""
Faults that the local Paradex can be told to have: typed values, each with a countdown.

A fault waits in a :class:`FaultQueue` until something matches it, fires, counts down and records
that it fired. Faults of requests match by method and path (WebSocket commands have their method
as path and ``WS`` as method), faults of the stream by channel.
"""

import asyncio

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all faults."""

    n: int = 1
    """How often the fault fires."""


class ConnectFault(Fault, frozen=True, kw_only=True):
    """Base of what happens to a WebSocket upgrade."""


class RefuseConnects(ConnectFault, frozen=True, kw_only=True):
    """The TCP connection is cut instead of an answer to the upgrade."""


class HandshakeStatus(ConnectFault, frozen=True, kw_only=True):
    """The upgrade is answered with an HTTP status."""

    status: int
    sbe_version: int | None = None
    """Only an upgrade that asks for this schema version; None is any."""


class RequestFault(Fault, frozen=True, kw_only=True):
    """Base of what happens to REST requests and WebSocket commands."""

    method: str = ""
    """``GET``, ``POST``, ..., or ``WS`` for commands over a WebSocket; empty is any."""
    path: str = ""
    """Start of the path without ``/v1``, or of the command's name; empty is any."""

    def matches(self, method: str, path: str) -> bool:
        """Return if the fault is meant for a request."""
        return self.method in ("", method) and path.startswith(self.path)


class HttpStatus(RequestFault, frozen=True, kw_only=True):
    """The request is answered with a status, and not carried out."""

    status: int
    body: str = ""
    retry_after: int | None = None
    """Seconds, in a ``Retry-After`` header."""
    content_type: str = "application/json"


class LostRequest(RequestFault, frozen=True, kw_only=True):
    """The connection is cut before the request is carried out."""


class LostResponse(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; the connection is cut instead of an answer."""


class SlowResponse(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; the answer comes later."""

    ms: float


class SlowRequest(RequestFault, frozen=True, kw_only=True):
    """The request is carried out later, and then answered."""

    ms: float


class MalformedBody(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; the answer's body is no JSON."""

    body: str = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class TruncatedBody(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; the connection ends in the middle of the answer's body."""


class ExpireTokens(RequestFault, frozen=True, kw_only=True):
    """When the request comes, every JWT issued before is expired."""


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


class Armed[F: Fault]:
    """
    A fault in the queue.

    Attributes
    ----------
    fault : Fault
        What happens.
    fired : int
        How often it did.
    seen : int
        How many frames passed that count towards it.

    """

    def __init__(self, fault: F) -> None:
        self.fault = fault
        self.fired = 0
        self.seen = 0
        self._exhausted = asyncio.Event()

    @property
    def is_exhausted(self) -> bool:
        """If the fault fired as often as it should."""
        return self.fired >= self.fault.n

    def fire(self) -> None:
        """Count down and record."""
        self.fired += 1
        self.seen = 0
        if self.is_exhausted:
            self._exhausted.set()

    async def exhausted(self) -> None:
        """Wait until the fault has fired as often as it should."""
        await self._exhausted.wait()


class FaultQueue:
    """The faults to come, in order, and a record of those that fired."""

    def __init__(self) -> None:
        self._armed: list[Armed[Fault]] = []
        self.fired: list[Fault] = []

    @property
    def pending(self) -> list[Fault]:
        """The faults that have not fired as often as they should."""
        return [armed.fault for armed in self._armed]

    def add[F: Fault](self, fault: F) -> Armed[F]:
        """Arm a fault, after those already there."""
        armed = Armed(fault)
        self._armed.append(armed)  # type: ignore[arg-type]  # read by its own kind only
        return armed

    def clear(self) -> None:
        """Disarm everything; what fired stays recorded."""
        self._armed.clear()

    def fire(self, armed: Armed[Fault]) -> None:
        """Let an armed fault happen once."""
        armed.fire()
        self.fired.append(armed.fault)
        if armed.is_exhausted and armed in self._armed:
            self._armed.remove(armed)

    def on_connect(self, sbe_version: int | None) -> ConnectFault | None:
        """Return what happens to an upgrade, if anything."""
        for armed in self._armed:
            fault = armed.fault
            if not isinstance(fault, ConnectFault):
                continue
            if isinstance(fault, HandshakeStatus) and fault.sbe_version not in (None, sbe_version):
                continue
            self.fire(armed)
            return fault
        return None

    def on_request(self, method: str, path: str) -> RequestFault | None:
        """Return what happens to a request, if anything."""
        for armed in self._armed:
            if isinstance(armed.fault, RequestFault) and armed.fault.matches(method, path):
                self.fire(armed)
                return armed.fault
        return None

    def armed_for_frame(self, channel: str, private: bool) -> list[Armed[Fault]]:
        """Return the faults that are meant for a frame, in order."""
        return [
            armed
            for armed in self._armed
            if isinstance(armed.fault, StreamFault) and armed.fault.matches(channel, private)
        ]
