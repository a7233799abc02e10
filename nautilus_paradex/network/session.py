"""
One connection: a socket, the calls that wait on it, and the decoding of what it brings.

A session is used once. It knows no subscriptions and no reconnect; the stream owns those.
"""

import asyncio
from collections.abc import Awaitable
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from typing import ClassVar
from typing import Final
from typing import Protocol
from urllib.parse import urlencode

import msgspec

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.requests import PendingRequests
from nautilus_paradex.network.timing import Timer
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.websocket import Loss
from nautilus_paradex.network.websocket import WebSocket
from nautilus_paradex.network.websocket import open_websocket
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.json_events import decode_channel
from nautilus_paradex.protocol.jsonrpc import Notification
from nautilus_paradex.protocol.jsonrpc import control_ids
from nautilus_paradex.protocol.jsonrpc import encode_request
from nautilus_paradex.protocol.jsonrpc import order_ids
from nautilus_paradex.protocol.jsonrpc import parse_frame
from nautilus_paradex.protocol.messages import Body
from nautilus_paradex.protocol.messages import CancelOnDisconnectResult
from nautilus_paradex.protocol.messages import decode


#: Kinds of unknown frames that are named in the log, over all connections of a stream.
_NAMED_KINDS: Final = 64


class SessionHandler(Protocol):
    """What a session calls, inside the socket's read: nothing here may block or await (S9)."""

    def on_stream_event(self, event: Any) -> None:
        """Take a decoded event or JSON-only message."""

    def on_stream_fault(self, error: ParadexError) -> None:
        """Take notice of a frame that could not be understood: state may have been missed."""


class Counters(msgspec.Struct):
    """What a stream's sessions have counted."""

    frames: int = 0
    undecodable: int = 0
    skipped: int = 0
    skipped_kinds: set[tuple[int, int]] = msgspec.field(default_factory=set)
    """(schema id, template id) of what was skipped; bounded."""


class Session:
    """
    One open connection.

    Parameters
    ----------
    name : str
        The stream's name, for its log lines.
    handler : SessionHandler
        Who takes the events.
    timing : Timing
        Clock.
    log : Log
        Where it says what happens.
    counters : Counters
        Shared by the sessions of a stream.

    """

    def __init__(
        self, name: str, handler: SessionHandler, timing: Timing, log: Log, counters: Counters
    ) -> None:
        self._name = name
        self._handler = handler
        self._timing = timing
        self._log = log
        self._counters = counters
        self._requests = PendingRequests()
        self._control_ids = control_ids()
        self._order_ids = order_ids()
        self._socket: WebSocket | None = None
        self._idle_timer: Timer | None = None

    # -- LIFE --------------------------------------------------------------------------------------

    async def open(
        self, url: str, *, headers: Mapping[str, str], timeout_secs: float, proxy: str | None
    ) -> None:
        """Open the socket; errors as of `open_websocket`."""
        self._socket = await open_websocket(
            url,
            on_text=self._on_text,
            on_binary=self._on_binary,
            timing=self._timing,
            headers=headers,
            timeout_secs=timeout_secs,
            proxy=proxy,
        )
        self._socket.lost.add_done_callback(self._on_lost)

    @property
    def lost(self) -> asyncio.Future[Loss]:
        """Done when the connection is gone."""
        return self._required_socket().lost

    @property
    def last_frame_age(self) -> float:
        """Seconds since anything arrived."""
        return self._timing.monotonic() - self._required_socket().last_frame_at

    def watch(self, idle_timeout: float) -> None:
        """Give the socket up when nothing arrives: no frame, heartbeat or ping (rule S5)."""
        if self.lost.done():
            return
        idle = self.last_frame_age
        if idle >= idle_timeout:
            self.abandon(f"silent for {idle:.1f} s")
            return
        self._idle_timer = self._timing.call_later(
            idle_timeout - idle, lambda: self.watch(idle_timeout)
        )

    def abandon(self, reason: str) -> None:
        """Give the connection up at once."""
        self._required_socket().abandon(reason)

    async def close(self) -> None:
        """Close the connection."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._socket is not None:
            await self._socket.close()

    # -- REQUESTS ----------------------------------------------------------------------------------

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | Sequence[Any] | msgspec.Struct,
        *,
        order: bool,
        timeout: float,
    ) -> msgspec.Raw:
        """Send a request and return its result; see `ParadexStream.call`."""
        ids = self._order_ids if order else self._control_ids
        request_id = ids.take()
        try:
            future = self._requests.open(request_id)
            self._required_socket().send_text(encode_request(request_id, method, params))
            async with self._timing.deadline(timeout):
                return await future
        except TimeoutError:
            raise TransportError(f"no answer to {method} within {timeout:g} s", sent=True) from None
        finally:
            self._requests.forget(request_id)
            ids.release(request_id)

    async def authenticate(self, token: str, timeout: float) -> str:
        """
        Authenticate and return the venue's node, empty where it does not say.

        Raises
        ------
        AuthenticationError
            If the venue refuses the token.

        """
        request = _AuthRequest(bearer=str(token))
        result = await self.call("auth", request, order=False, timeout=timeout)
        try:
            return msgspec.json.decode(result, type=_AuthResult).node_id
        except msgspec.MsgspecError:
            # An answer of another shape authenticates all the same.
            return ""

    async def arm_cancel_on_disconnect(self, timeout: float) -> None:
        """
        Have the venue cancel this connection's orders when it drops (PROTOCOL 6.6).

        Raises
        ------
        ParadexError
            If the venue refuses, or does not confirm it.

        """
        method = "order.cancel_on_disconnect"
        result = await self.call(method, {"enabled": True}, order=False, timeout=timeout)
        if not decode(result, CancelOnDisconnectResult).enabled:
            raise TransportError(f"the venue did not confirm {method}", sent=False)

    # -- READ PATH ---------------------------------------------------------------------------------

    def _on_binary(self, payload: bytes) -> None:
        self._counters.frames += 1
        try:
            event = sbe.decode_frame(payload)
        except WireError as e:
            self._on_undecodable(e)
            return
        if isinstance(event, sbe.SkippedFrame):
            self._on_skipped(event)
        else:
            self._emit(event)

    def _on_text(self, payload: bytes) -> None:
        self._counters.frames += 1
        try:
            message = parse_frame(payload)
            if not isinstance(message, Notification):
                if not self._requests.resolve(message):
                    self._log.debug(f"[{self._name}] an answer nobody waits for: {message.id}")
                return
            event = decode_channel(message.channel, message.data)
        except WireError as e:
            self._on_undecodable(e)
            return
        self._emit(event)

    def _emit(self, event: Any) -> None:
        try:
            self._handler.on_stream_event(event)
        except Exception as e:  # one bad event must not end the socket, nor pass unseen
            self._log.exception(f"[{self._name}] cannot handle {type(event).__name__}", e)
            self._handler.on_stream_fault(DecodeError(f"{type(e).__name__}: {e}"))

    def _on_undecodable(self, error: WireError) -> None:
        self._counters.undecodable += 1
        self._handler.on_stream_fault(error)

    def _on_skipped(self, frame: sbe.SkippedFrame) -> None:
        """Say once what is skipped: neither each frame nor each connection says it again."""
        self._counters.skipped += 1
        kinds = self._counters.skipped_kinds
        kind = (frame.schema_id, frame.template_id)
        if kind in kinds or len(kinds) >= _NAMED_KINDS:
            return
        kinds.add(kind)
        self._log.warning(f"[{self._name}] frames are skipped: {frame.reason}")
        if len(kinds) == _NAMED_KINDS:
            self._log.warning(f"[{self._name}] further kinds of frames are skipped unnamed")

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _required_socket(self) -> WebSocket:
        if self._socket is None:
            raise TransportError(f"stream {self._name} is not connected", sent=False)
        return self._socket

    def _on_lost(self, lost: asyncio.Future[Loss]) -> None:
        self._requests.fail_all(f"stream {self._name} was disconnected: {lost.result().reason}")


class _AuthRequest(Body, frozen=True, kw_only=True):
    secret_fields: ClassVar[frozenset[str]] = frozenset({"bearer"})

    bearer: str


class _AuthResult(msgspec.Struct):
    node_id: str = ""


def address_of(url: str, version: int | None) -> str:
    """Return the address that asks for a schema version of SBE; None asks for JSON (rule S1)."""
    if version is None:
        return url
    query = urlencode({"sbeSchemaId": sbe.SCHEMA_ID, "sbeSchemaVersion": version})
    return f"{url}{'&' if '?' in url else '?'}{query}"


def encoding_name(version: int | None) -> str:
    """Return what a log line calls a connection's encoding."""
    return "JSON" if version is None else f"SBE schema version {version}"


async def while_open[T](session: Session, work: Awaitable[T]) -> T:
    """
    Await work, but not longer than the session lives.

    Raises
    ------
    TransportError
        If the session is lost before the work is done.

    """
    task = asyncio.ensure_future(work)
    either: set[asyncio.Future[Any]] = {task, session.lost}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, ParadexError, ExceptionGroup):
                await task
    if task.cancelled() or (session.lost.done() and task.exception() is not None):
        raise TransportError(session.lost.result().reason, sent=False)
    try:
        return task.result()
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
