"""One WebSocket connection: authentication, subscriptions, liveness (PROTOCOL 6)."""

import asyncio
import logging
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

import msgspec
from aiohttp import WSMsgType
from aiohttp import web

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.clock import loop_s
from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.faults.changes import frame_with_unknown_fields
from nautilus_paradex.simulator.faults.changes import frame_with_value
from nautilus_paradex.simulator.server import pieces
from nautilus_paradex.simulator.server import rpc
from nautilus_paradex.simulator.server import wire_sbe
from nautilus_paradex.simulator.server.auth import Principal
from nautilus_paradex.simulator.server.books import BookFeeds
from nautilus_paradex.simulator.server.channel_names import Feed
from nautilus_paradex.simulator.server.channel_names import Subscription
from nautilus_paradex.simulator.server.channels import Hub
from nautilus_paradex.simulator.server.config import PrivateEncoding
from nautilus_paradex.simulator.server.messages import Frame
from nautilus_paradex.simulator.server.order_rpc import OrderRpc
from nautilus_paradex.simulator.server.outbox import Cut
from nautilus_paradex.simulator.server.outbox import Outbox
from nautilus_paradex.simulator.server.outbox import Pieces
from nautilus_paradex.simulator.server.publisher import Publisher
from nautilus_paradex.simulator.server.refusals import GENERIC
from nautilus_paradex.simulator.server.refusals import INTERNAL_ERROR
from nautilus_paradex.simulator.server.refusals import METHOD_NOT_FOUND
from nautilus_paradex.simulator.server.refusals import NOT_AUTHENTICATED
from nautilus_paradex.simulator.server.refusals import RATE_LIMITED
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import RpcError
from nautilus_paradex.simulator.server.refusals import refusal_of
from nautilus_paradex.simulator.server.session_requests import SessionRequests
from nautilus_paradex.simulator.server.venue import Venue


_log = logging.getLogger(__name__)

_IDLE_CLOSE: Final = 4031
_WATCH_S: Final = 0.05

#: Fields of the schema that came with version 1.
_SINCE_1: Final = (Feed.COMPARISON,)


class Session:
    """
    A connection.

    Parameters
    ----------
    venue : Venue
        The running venue.
    hub : Hub
        Routes the engine's events.
    books : BookFeeds
        Serves the order books.
    publisher : Publisher
        Serves the periodic channels.
    orders : OrderRpc
        Carries out order commands.
    socket : web.WebSocketResponse
        The upgraded connection.
    transport : asyncio.Transport
        Below it, to be cut.
    sbe_version : int, optional
        The schema version asked for; None is a plain JSON connection.
    peer : str
        The client's address.

    """

    def __init__(
        self,
        *,
        venue: Venue,
        hub: Hub,
        books: BookFeeds,
        publisher: Publisher,
        orders: OrderRpc,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        sbe_version: int | None,
        peer: str,
    ) -> None:
        self.venue = venue
        self.sbe_version = sbe_version
        self.peer = peer
        self.principal: Principal | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.placed: dict[str, None] = {}
        self.cancels_on_disconnect = False
        self._requests = SessionRequests(self, hub, books, publisher)
        self._orders = orders
        self._socket = socket
        self._transport = transport
        self._outbox = Outbox(venue.faults, venue.config.queue_max, self._drop_slow_reader)
        self._answers: set[asyncio.Task[None]] = set()
        self._last_sent = self._empty_since = self._last_ping = loop_s()
        self._awaits_pong = False
        # A frame that is written in pieces has nothing else between them.
        self._writing = asyncio.Lock()

    # -- WHAT THE HUB SEES ------------------------------------------------------------------

    @property
    def account(self) -> str:
        """The authenticated account, or empty."""
        return "" if self.principal is None else self.principal.account

    def version_for(self, subscription: Subscription) -> int | None:
        """Return the schema version that a channel is sent with; None is JSON."""
        version = self.sbe_version
        if version == 0 and subscription.feed in _SINCE_1:
            return None
        if subscription.is_private and self.venue.config.private_encoding is PrivateEncoding.JSON:
            return None
        return version

    def send(self, channel: str, frame: Frame) -> None:
        """Queue a frame."""
        self._outbox.put(channel, frame)

    # -- LIFE -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the connection until it ends."""
        workers = [
            asyncio.create_task(self._guarded(work())) for work in (self._write, self._watch)
        ]
        try:
            await self._read()
        finally:
            for task in (*workers, *self._answers):
                task.cancel()
            await asyncio.gather(*workers, *self._answers, return_exceptions=True)
            self._requests.unsubscribe_all()
            if self.cancels_on_disconnect and self._socket.close_code not in (1000, 1001):
                self._orders.cancel_placed(list(self.placed))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            _log.exception("A connection failed")
            self.cut()

    def cut(self) -> None:
        """End the TCP connection without a word."""
        self._transport.abort()

    def _drop_slow_reader(self) -> None:
        if not self.venue.awake.is_set() or self._outbox.is_stalled:
            # Silence is what was asked for: the connection ends when it does.
            return
        _log.warning("A reader is too slow: %s frames are unread", self.venue.config.queue_max)
        self.venue.slow_readers += 1
        self.cut()

    async def close(self, code: int) -> None:
        """End the connection with a close code."""
        async with self._writing:
            await self._socket.close(code=code, drain=False)

    def authenticate(self, principal: Principal) -> None:
        """Bind the connection to an account, for good."""
        self.principal = principal
        self._outbox.is_private = True

    def mark_subscriptions(self) -> None:
        """Note that the number of subscriptions changed: idle sockets are closed."""
        self._empty_since = loop_s()

    async def _read(self) -> None:
        async for message in self._socket:
            received_us = self.venue.clock_us()
            await self.venue.awake.wait()
            if self._outbox.is_stalled:
                continue
            if message.type == WSMsgType.TEXT:
                await self._on_text(message.data, received_us)
            elif message.type == WSMsgType.PING:
                async with self._writing:
                    await self._socket.pong(message.data)
            elif message.type == WSMsgType.PONG:
                self._awaits_pong = False
            elif message.type == WSMsgType.BINARY:
                await self._on_text("", received_us)

    async def _write(self) -> None:
        try:
            async for frame in self._outbox.frames():
                await self.venue.awake.wait()
                async with self._writing:
                    await self._send(frame)
                self._last_sent = loop_s()
        except Cut as cut:
            if cut.code is None:
                self.cut()
            else:
                await self.close(cut.code)
        except ConnectionError:
            # The reader sees the end too, and cleans up.
            self.cut()

    async def _send(self, frame: Frame | Pieces) -> None:
        if isinstance(frame, Pieces):
            await pieces.write(self._transport, frame)
        elif isinstance(frame, str):
            await self._socket.send_str(frame)
        else:
            await self._socket.send_bytes(frame)

    async def _watch(self) -> None:
        config = self.venue.config
        heartbeat_at = loop_s()
        while True:
            await pause(_WATCH_S)
            if not self.venue.awake.is_set() or self._outbox.is_stalled:
                continue
            now = loop_s()
            if not self.subscriptions and now - self._empty_since >= config.idle_close_s:
                await self.close(_IDLE_CLOSE)
                return
            quiet_since = max(self._last_sent, heartbeat_at)
            if self.sbe_version is not None and now - quiet_since >= config.heartbeat_interval_s:
                heartbeat_at = now
                frame = wire_sbe.heartbeat(self.sbe_version, self.venue.clock_us())
                self.send("heartbeat", frame)
            await self._ping(now)

    async def _ping(self, now: float) -> None:
        config = self.venue.config
        if self._awaits_pong:
            if now - self._last_ping >= config.pong_timeout_s:
                self.cut()
        elif now - self._last_ping >= config.ping_interval_s:
            self._last_ping = now
            self._awaits_pong = True
            try:
                async with self._writing:
                    await self._socket.ping()
            except ConnectionError:
                self.cut()

    # -- REQUESTS ---------------------------------------------------------------------------

    async def _on_text(self, text: str, received_us: int) -> None:
        try:
            request = rpc.parse_request(text, received_us)
        except RpcError as error:
            self._refuse(rpc.request_id_of(text), error, received_us)
            return
        fault = self.venue.faults.on_request("WS", request.method)
        if isinstance(fault, faults.LateRequest):
            await pause(fault.ms / 1000)
            request = msgspec.structs.replace(request, received_us=self.venue.clock_us())
        if not await self._before(request, fault):
            return
        try:
            await self._dispatch(request, fault)
        except RpcError as error:
            self._refuse(request.id, error, received_us)
        except Refusal as refusal:
            self._refuse(request.id, RpcError.of(refusal), received_us)
        except Exception:
            # The venue's own words for a failure of its own; ours goes to the log.
            _log.exception("A request failed: %s", request.method)
            self._refuse(request.id, RpcError(INTERNAL_ERROR, "internal error"), received_us)

    async def _before(self, request: rpc.Request, fault: faults.RequestFault | None) -> bool:
        match fault:
            case faults.Ignored():
                return False
            case faults.LostRequest():
                await self._end(fault.code)
                return False
            case faults.HttpStatus(carried_out=False) | faults.Refused(carried_out=False):
                self._refuse(request.id, _error_of(fault), request.received_us)
                return False
            case faults.SlowRequest():
                await pause(fault.ms / 1000)
            case faults.ExpireTokens():
                self.venue.tokens.expire_all()
            case faults.ClockJump():
                self.venue.clock_us.jump(fault.ms)
        return True

    async def _dispatch(self, request: rpc.Request, fault: faults.RequestFault | None) -> None:
        if request.method.startswith("order."):
            await self._command(request, fault)
            return
        handler = self._requests.handlers.get(request.method)
        if handler is None:
            raise RpcError(METHOD_NOT_FOUND, "method not found")
        self.venue.check_in_service()
        result, afterwards = handler(request)
        await self._deliver(request, result, fault)
        if afterwards is not None:
            afterwards()

    async def _command(self, request: rpc.Request, fault: faults.RequestFault | None) -> None:
        if self.principal is None:
            raise RpcError(NOT_AUTHENTICATED, "permission denied", "authentication required")
        self.venue.check_in_service()
        self.principal.require_trading()
        taken = self._orders.take(self, self.principal, request)
        if self.venue.answers_first(fault):
            try:
                await self._deliver(request, taken.result(), fault)
            finally:
                # What was accepted is carried out, whether or not its sender is still there.
                self.venue.sequencer.schedule(taken.latency_s, taken.process)
            return
        done = self.venue.sequencer.run(taken.latency_s, taken.process)
        self._in_background(self._deliver_after(done, request, taken.result, fault))

    async def _deliver_after(
        self,
        done: Awaitable[None],
        request: rpc.Request,
        result: Callable[[], Any],
        fault: faults.RequestFault | None,
    ) -> None:
        await done
        self._orders.flush()
        await self._deliver(request, result(), fault)

    async def _deliver(
        self, request: rpc.Request, result: Any, fault: faults.RequestFault | None
    ) -> None:
        if isinstance(fault, faults.WrongId) and isinstance(request.id, int):
            request = msgspec.structs.replace(request, id=request.id + fault.by)
        frame: Frame = rpc.answer(request.id, result, request.received_us, self.venue.clock_us())
        match fault:
            case faults.LostResponse():
                await self._end(fault.code)
                return
            case faults.HttpStatus() | faults.Refused():
                self._refuse(request.id, _error_of(fault), request.received_us)
                return
            case faults.SlowResponse():
                self._in_background(self._send_later(frame, fault.ms))
                return
            case faults.MalformedBody():
                frame = fault.body
            case faults.TruncatedBody():
                frame = frame[: len(frame) // 2]
            case faults.UnknownFields():
                frame = frame_with_unknown_fields(frame)
            case faults.UnknownValue():
                frame = frame_with_value(frame, fault.field, fault.value, 0)
        self.send("answer", frame)

    async def _send_later(self, frame: Frame, ms: float) -> None:
        await pause(ms / 1000)
        self.send("answer", frame)

    async def _end(self, code: int | None) -> None:
        if code is None:
            self.cut()
        else:
            await self.close(code)

    def _in_background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    def _refuse(self, request_id: int | str | None, error: RpcError, received_us: int) -> None:
        if not error.message:
            error = RpcError(error.code or GENERIC, "error", error.data)
        sent_us = self.venue.clock_us()
        self.send("answer", rpc.refusal(request_id, error, received_us, sent_us))


def _error_of(fault: faults.HttpStatus | faults.Refused) -> RpcError:
    if isinstance(fault, faults.Refused):
        return RpcError.of(refusal_of(fault))
    return RpcError(RATE_LIMITED if fault.status == 429 else INTERNAL_ERROR, fault.body)
