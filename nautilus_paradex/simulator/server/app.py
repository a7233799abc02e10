"""The HTTP server: REST endpoints and the WebSocket upgrade under ``/v1``."""

import asyncio
import socket
from collections.abc import Callable
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import rest_mmp
from nautilus_paradex.simulator.server import rest_private
from nautilus_paradex.simulator.server import rest_public
from nautilus_paradex.simulator.server import rest_settings
from nautilus_paradex.simulator.server.algo import AlgoDesk
from nautilus_paradex.simulator.server.books import BookFeeds
from nautilus_paradex.simulator.server.channels import Hub
from nautilus_paradex.simulator.server.config import PlainConnections
from nautilus_paradex.simulator.server.desk import Desk
from nautilus_paradex.simulator.server.order_rpc import OrderRpc
from nautilus_paradex.simulator.server.publisher import Job
from nautilus_paradex.simulator.server.publisher import Publisher
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.rest import RestServer
from nautilus_paradex.simulator.server.rest import Route
from nautilus_paradex.simulator.server.rest_algo import AlgoEndpoints
from nautilus_paradex.simulator.server.rest_auth import AuthEndpoints
from nautilus_paradex.simulator.server.rest_orders import OrderEndpoints
from nautilus_paradex.simulator.server.sessions import Session
from nautilus_paradex.simulator.server.venue import Venue


_LOOPBACK: Final = "127.0.0.1"
_SCHEMA_ID: Final = "1"
_CLOSE_TIMEOUT_S: Final = 1.0
#: Between two looks if a client that gets no answer is still there.
_LOOK_S: Final = 1.0

#: What the kernel may hold of a connection that is not read; it grants twice of it.
_SEND_BUFFER_BYTES: Final = 16 * 1024


class Server:
    """
    Everything that answers clients.

    Parameters
    ----------
    venue : Venue
        The running venue.
    open_account : Callable[[str, str], None]
        Opens an account (address, public key) that onboards.
    jobs : Sequence[Job], optional
        What is to be done by the clock beside publishing.

    """

    def __init__(
        self,
        venue: Venue,
        open_account: Callable[[str, str], None],
        jobs: Sequence[Job] = (),
    ) -> None:
        self._venue = venue
        self.hub = Hub(venue)
        self.hub.on_system_state = self._on_system_state
        self._books = BookFeeds(venue)
        self._publisher = Publisher(venue, self.hub, self._books, jobs)
        self._desk = Desk(venue)
        self._algo = AlgoDesk(venue)
        self._orders = OrderRpc(venue, self.hub, self._desk)
        self._auth = AuthEndpoints(open_account)
        self._publishing: asyncio.Task[None] | None = None
        # In the order of connection, which a set would not keep: a seed has one outcome.
        self.sessions: dict[Session, None] = {}

    def application(self) -> web.Application:
        """Return the aiohttp application; one may be made for each time of serving."""
        app = web.Application()
        rest = RestServer(self._venue, self.hub)
        # Variable paths would hide fixed ones: /orders/{id} and /orders/batch.
        for route in sorted(self._routes(), key=lambda route: route.path.count("{")):
            app.router.add_route(route.method, f"/v1{route.path}", rest.handler(route))
        app.router.add_get("/v1", self._upgrade)
        app.router.add_get("/v1/", self._upgrade)
        app.router.add_route("*", "/{path:.*}", rest.unknown)
        return app

    def _routes(self) -> list[Route]:
        return [
            *rest_public.routes(),
            *rest_private.routes(),
            *rest_settings.routes(),
            *rest_mmp.routes(),
            *OrderEndpoints(self._venue, self._desk).routes(),
            *AlgoEndpoints(self._algo).routes(),
            *self._auth.routes(),
        ]

    def start(self) -> None:
        """Begin to publish."""
        self.hub.open()
        self._publishing = asyncio.create_task(self._publisher.run())

    async def stop(self) -> None:
        """End publishing."""
        if self._publishing is not None:
            self._publishing.cancel()
            await asyncio.gather(self._publishing, return_exceptions=True)
        self._venue.sequencer.close()
        self.hub.close()

    async def drop_sessions(self, code: int | None = None) -> None:
        """End every WebSocket: with a close code, or by cutting TCP."""
        sessions = list(self.sessions)
        if code is None:
            for session in sessions:
                session.cut()
        else:
            closing = (session.close(code) for session in sessions)
            await asyncio.gather(*closing, return_exceptions=True)

    def _on_system_state(self, state: model.SystemState) -> None:
        if state is model.SystemState.MAINTENANCE:
            for session in list(self.sessions):
                session.cut()

    # -- WEBSOCKET --------------------------------------------------------------------------

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        await self._venue.awake.wait()
        try:
            version = self._negotiate(request)
            fault = self._venue.faults.on_connect(version)
            if isinstance(fault, faults.RefuseConnects):
                return _cut(request)
            if isinstance(fault, faults.HandshakeStatus):
                return web.Response(status=fault.status, headers=_retry_after(fault))
            if isinstance(fault, faults.UnansweredConnects):
                return await _unanswered(request)
            self._venue.check_in_service()
            peer = request.remote or _LOOPBACK
            self._venue.limiter.take("connects", peer)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.status, headers=refusal.headers)
        return await self._serve(request, version, peer)

    def _negotiate(self, request: web.Request) -> int | None:
        """Return the schema version of the connection (PROTOCOL 7.1); None is plain JSON."""
        config = self._venue.config
        schema = request.query.get("sbeSchemaId")
        version = request.query.get("sbeSchemaVersion")
        if schema is None and version is None:
            if config.plain_connections is PlainConnections.REFUSED:
                raise Refusal("INVALID_REQUEST_PARAMETER", "sbeSchemaId is required")
            return None
        newest = config.sbe_max_version
        served = () if newest is None else tuple(str(v) for v in range(newest + 1))
        if schema != _SCHEMA_ID or version not in served:
            raise Refusal("INVALID_REQUEST_PARAMETER", "unsupported SBE schema")
        return int(version)

    async def _serve(
        self, request: web.Request, version: int | None, peer: str
    ) -> web.StreamResponse:
        # Each frame waits until the socket has taken the one before: what waits is unread.
        upgraded = web.WebSocketResponse(autoping=False, timeout=_CLOSE_TIMEOUT_S, writer_limit=0)
        if not upgraded.can_prepare(request).ok:
            refusal = Refusal("INVALID_REQUEST_PARAMETER", "a WebSocket upgrade is expected")
            return web.json_response(refusal.body(), status=400)
        await upgraded.prepare(request)
        transport = request.transport
        if transport is None:
            # The client left during the upgrade.
            return upgraded
        _bound_buffers(transport)
        session = Session(
            venue=self._venue,
            hub=self.hub,
            books=self._books,
            publisher=self._publisher,
            orders=self._orders,
            socket=upgraded,
            transport=transport,
            sbe_version=version,
            peer=peer,
        )
        self.sessions[session] = None
        try:
            await session.run()
        finally:
            self.sessions.pop(session, None)
        return upgraded


def _bound_buffers(transport: asyncio.Transport) -> None:
    """Let frames that are unread wait in the outbox, where they are counted, and not below it."""
    transport.set_write_buffer_limits(high=0)
    below = transport.get_extra_info("socket")
    if below is not None:
        below.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)


def _retry_after(fault: faults.HandshakeStatus) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}


async def _unanswered(request: web.Request) -> web.StreamResponse:
    """Wait until the client is tired of it."""
    while request.transport is not None and not request.transport.is_closing():
        await pause(_LOOK_S)
    return web.Response(status=500)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
