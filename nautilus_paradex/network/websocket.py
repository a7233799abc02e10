"""
One WebSocket, from its handshake to its end.

Built on picows: frames arrive by callback inside the transport's read, so nothing on the read
path awaits (rule S9). A socket is used once; the supervisor opens a new one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec
from picows import WSCloseCode
from picows import WSFrame
from picows import WSHandshakeError
from picows import WSListener
from picows import WSMsgType
from picows import WSTransport
from picows import ws_connect

from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.tls import distrust_of
from nautilus_paradex.network.tls import verified_context
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.secrecy import scrubbed
from nautilus_paradex.protocol.secrecy import without_frames


#: Seconds that one turn of the event loop spends on one socket's messages. What has arrived beyond
#: that waits here for the next turn, so that a burst keeps timers, pongs and other sockets waiting
#: no longer; and not at the venue, which drops who leaves 2,000 messages unread (S9).
TURN_BUDGET_SECS: Final = 0.001

#: Messages that wait here at most; with more, nothing is read until they are fewer.
MOST_WAITING: Final = 100_000

#: And bytes of them, which few but large messages reach first.
MOST_WAITING_BYTES: Final = 64 * 1024 * 1024

#: Messages between two looks at the clock.
_LOOK_EVERY: Final = 16

#: A book snapshot of thousands of levels stays far below; a larger frame is not the venue's.
MAX_FRAME_BYTES: Final = 16 * 1024 * 1024

NORMAL_CLOSE: Final = 1000

#: Accepts an upgrade, as far as the status goes.
_SWITCHING: Final = 101

#: Seconds that a goodbye may take.
_CLOSE_DEADLINE_SECS: Final = 2.0


class _NoWireLog(logging.LoggerAdapter[logging.Logger]):
    """The WebSocket library's log without its trace of the wire, which shows the token."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the name is logging's
        return level >= logging.DEBUG and super().isEnabledFor(level)


_LIBRARY_LOG: Final = _NoWireLog(logging.getLogger("picows.client"), {})


class Loss(msgspec.Struct, frozen=True):
    """Why a socket is gone."""

    reason: str
    close_code: int | None = None


class HandshakeRefused(TransportError):  # noqa: N818 - it names what happened
    """
    The server answered the upgrade with an HTTP status.

    Parameters
    ----------
    status : int
        The HTTP status; 400 is the venue's answer to an SBE version that it does not serve.
    retry_after : str, optional
        The answer's ``Retry-After``, which comes with 429.

    """

    def __init__(self, status: int, retry_after: str | None = None) -> None:
        super().__init__(f"the WebSocket upgrade was refused with HTTP {status}", sent=False)
        self.status = status
        self.retry_after = retry_after


class WebSocket(WSListener):
    """
    One open socket.

    Parameters
    ----------
    on_text, on_binary : Callable[[bytes], None]
        Called for each whole message, inside the read.
    timing : Timing
        Clock and deadlines.

    """

    def __init__(
        self,
        on_text: Callable[[bytes], None],
        on_binary: Callable[[bytes], None],
        timing: Timing,
    ) -> None:
        self._on_text = on_text
        self._on_binary = on_binary
        self._timing = timing
        self._monotonic = timing.monotonic
        self._transport: WSTransport | None = None
        self._parts = bytearray()
        self._parts_type = WSMsgType.TEXT
        self._close_code: int | None = None
        self._close_reason = ""
        self.last_frame_at = timing.monotonic()
        self.frames = 0
        self._turn_ends = 0.0
        self._is_in_turn = False
        self._is_paused = False
        #: What has arrived and is not handed on yet, in order, and its size.
        self._waiting: deque[tuple[WSMsgType, bytes]] = deque()
        self._waiting_bytes = 0
        self.lost: asyncio.Future[Loss] = asyncio.get_running_loop().create_future()

    # -- COMMANDS ----------------------------------------------------------------------------------

    def send_text(self, payload: bytes) -> None:
        """
        Write a text frame.

        Raises
        ------
        TransportError
            If the socket is gone; nothing was written.

        """
        transport = self._transport
        if transport is None or self.lost.done() or transport.is_disconnected:
            raise TransportError("the WebSocket is not connected", sent=False)
        transport.send(WSMsgType.TEXT, payload)

    def abandon(self, reason: str) -> None:
        """Give the socket up at once, without the closing handshake."""
        self._set_lost(Loss(reason))
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def close(self) -> None:
        """Say goodbye and wait until the socket is gone."""
        transport = self._transport
        self._set_lost(Loss("closed by us", NORMAL_CLOSE))
        if transport is None:
            return
        if not transport.is_disconnected:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        try:
            async with self._timing.deadline(_CLOSE_DEADLINE_SECS):
                await transport.wait_disconnected()
        except TimeoutError:
            transport.disconnect(graceful=False)
        except Exception as e:
            # What the library gave the socket up for, which `lost` has told; it does not go past.
            _LIBRARY_LOG.debug("The socket had been given up: %s", scrubbed(str(e)))

    # -- PICOWS CALLBACKS --------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Take the transport."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Hand a whole message to its callback."""
        self.frames += 1
        if not self._is_in_turn:
            self._begin_turn()
        kind = frame.msg_type
        if frame.payload_size > MAX_FRAME_BYTES:
            # The library has given the socket up for its length, and reads on for a moment.
            self._refuse_size()
        elif kind in (WSMsgType.BINARY, WSMsgType.TEXT):
            if frame.fin:
                self._deliver(kind, frame.get_payload_as_bytes())
            else:
                self._parts_type = kind
                self._parts = bytearray(frame.get_payload_as_bytes())
        elif kind is WSMsgType.CONTINUATION:
            self._continue(frame)
        elif kind is WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif kind is WSMsgType.CLOSE:
            self._note_close(frame.get_payload_as_bytes())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Tell the owner why the socket is gone, after everything that came before."""
        while self._waiting and not self.lost.done():
            self._hand_on_next()
        given_up = transport.close_handshake and transport.close_handshake.sent
        if self._close_code is None and given_up:
            self._set_lost(Loss(f"given up by us: {scrubbed(given_up.reason or 'no reason')}"))
        elif self._close_code is None:
            self._set_lost(Loss("the connection was dropped without a close frame (1006)", 1006))
        else:
            reason = f"closed by the venue with {self._close_code}: {self._close_reason}"
            self._set_lost(Loss(reason, self._close_code))

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _begin_turn(self) -> None:
        self._is_in_turn = True
        self.last_frame_at = self._monotonic()
        self._turn_ends = self.last_frame_at + TURN_BUDGET_SECS
        asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        """Hand on what waits, as far as the next turn's time goes."""
        self._is_in_turn = False
        if self.lost.done():
            self._waiting.clear()
        if not self._waiting:
            return
        self._begin_turn()
        waiting = self._waiting
        handed = 0
        while waiting and not self.lost.done():
            self._hand_on_next()
            handed += 1
            if not handed % _LOOK_EVERY and self._monotonic() > self._turn_ends:
                break
        if (
            self._is_paused
            and len(waiting) < MOST_WAITING // 2
            and self._waiting_bytes < MOST_WAITING_BYTES // 2
        ):
            self._resume()

    def _resume(self) -> None:
        self._is_paused = False
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.underlying_transport.resume_reading()

    def _deliver(self, kind: WSMsgType, payload: bytes) -> None:
        """Hand a message on, or let it wait if this turn's time is spent."""
        if not self._waiting and (
            self.frames % _LOOK_EVERY or self._monotonic() <= self._turn_ends
        ):
            self._hand_on(kind, payload)
            return
        self._waiting.append((kind, payload))
        self._waiting_bytes += len(payload)
        if self._is_paused or self._transport is None:
            return
        if len(self._waiting) >= MOST_WAITING or self._waiting_bytes >= MOST_WAITING_BYTES:
            self._is_paused = True
            self._transport.underlying_transport.pause_reading()

    def _hand_on_next(self) -> None:
        kind, payload = self._waiting.popleft()
        self._waiting_bytes -= len(payload)
        self._hand_on(kind, payload)

    def _hand_on(self, kind: WSMsgType, payload: bytes) -> None:
        if kind is WSMsgType.BINARY:
            self._on_binary(payload)
        else:
            self._on_text(payload)

    def _continue(self, frame: WSFrame) -> None:
        self._parts += frame.get_payload_as_bytes()
        if len(self._parts) > MAX_FRAME_BYTES:
            self._refuse_size()
        elif frame.fin:
            payload, self._parts = bytes(self._parts), bytearray()
            self._deliver(self._parts_type, payload)

    def _refuse_size(self) -> None:
        self._parts = bytearray()
        self.abandon(f"a message is larger than {MAX_FRAME_BYTES} bytes")

    def _note_close(self, payload: bytes) -> None:
        self._close_code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        reason = payload[2:].decode("utf-8", "replace")
        self._close_reason = scrubbed(reason)[:120] or "no reason given"

    def _set_lost(self, loss: Loss) -> None:
        if not self.lost.done():
            self.lost.set_result(loss)


async def open_websocket(
    url: str,
    *,
    on_text: Callable[[bytes], None],
    on_binary: Callable[[bytes], None],
    timing: Timing,
    headers: Mapping[str, str] | None = None,
    timeout_secs: float = 10.0,
    proxy: str | None = None,
) -> WebSocket:
    """
    Open a socket.

    TLS is always verified. Redirects are not followed: they could carry credentials elsewhere.

    Raises
    ------
    HandshakeRefused
        If the server answers with an HTTP status.
    TransportError
        If there is no usable answer within `timeout_secs`.

    """
    parts = urlsplit(url)
    host = parts.netloc
    context = verified_context() if parts.scheme == "wss" else None
    try:
        async with timing.deadline(timeout_secs):
            _, listener = await ws_connect(
                lambda: WebSocket(on_text, on_binary, timing),
                url,
                ssl_context=context,
                websocket_handshake_timeout=timeout_secs,
                extra_headers=dict(headers) if headers else None,
                max_redirects=0,
                max_frame_size=MAX_FRAME_BYTES,
                # The library would answer pings without telling, and a ping is a sign of life (S5).
                enable_auto_pong=False,
                proxy=proxy,
                logger_name=_LIBRARY_LOG,
                # The loop's own transports: the framework picks the loop, and tests wrap it.
                use_aiofastnet=False,
            )
    except WSHandshakeError as e:
        if e.response is not None and int(e.response.status) != _SWITCHING:
            wait = e.response.headers.get("Retry-After")
            raise HandshakeRefused(int(e.response.status), wait) from None
        reason = scrubbed(str(e))
        raise TransportError(f"the WebSocket handshake failed: {reason}", sent=False) from None
    except TimeoutError:
        raise TransportError(
            f"no WebSocket handshake within {timeout_secs:g} s", sent=False
        ) from None
    except Exception as e:  # proxies' libraries raise errors of their own
        raise TransportError(f"cannot connect: {host}: {_reason(e)}", sent=False) from None
    except BaseException as e:
        raise without_frames(e) from None
    if not isinstance(listener, WebSocket):
        # The library takes a connection that ends before the answer for one that was opened.
        raise TransportError(
            f"cannot connect: {host}: it was closed in the middle of the WebSocket handshake",
            sent=False,
        )
    return listener


def _reason(error: Exception) -> str:
    """Return why there is no connection, in words that cannot repeat the proxy's credentials."""
    if isinstance(error, OSError):
        return distrust_of(error) or error.strerror or str(error)
    # What a proxy's refusal says is of its status only.
    name = type(error).__name__
    return f"{name}: {scrubbed(str(error))}" if name == "ProxyError" else name
