"""The server of the firehose: the REST answers that a data client starts with, and the feeds."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import Any
from typing import Final
from typing import Self

import msgspec
from aiohttp import web

from nautilus_paradex.protocol.messages import MarketSummaryMessage
from nautilus_paradex.protocol.numbers import format_mantissa
from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.clock import wall_clock_us
from nautilus_paradex.simulator.firehose.feeds import SBE_VERSION
from nautilus_paradex.simulator.firehose.feeds import BookFeed
from nautilus_paradex.simulator.firehose.feeds import Feed
from nautilus_paradex.simulator.firehose.feeds import Kind
from nautilus_paradex.simulator.firehose.feeds import feed_of
from nautilus_paradex.simulator.firehose.feeds import rest_book
from nautilus_paradex.simulator.firehose.listing import FirehoseListing
from nautilus_paradex.simulator.firehose.listing import Listed
from nautilus_paradex.simulator.firehose.pump import DEFAULT_MIX
from nautilus_paradex.simulator.firehose.pump import Outlet
from nautilus_paradex.simulator.firehose.pump import Pace
from nautilus_paradex.simulator.firehose.pump import Pump
from nautilus_paradex.simulator.firehose.sessions import FirehoseSession
from nautilus_paradex.simulator.server.config import SimulatorConfig
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.refusals import missing
from nautilus_paradex.simulator.server.system_config import system_config


_HOST: Final = "127.0.0.1"
_SHUTDOWN_S: Final = 1.0
_WATCH_S: Final = 1.0
_PING_S: Final = 55.0
_DEPTH: Final = 20

# Numbers of the wire where the messages have a Decimal (``funding_period_hours``).
_rows: Final = msgspec.json.Encoder(decimal_format="number")


class FirehoseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the firehose behaves."""

    rate: float = 50_000.0
    """Messages a second, all connections together."""
    listing: FirehoseListing = FirehoseListing()
    mix: tuple[tuple[Kind, int], ...] = DEFAULT_MIX
    """How many messages of each kind follow each other."""
    seed: int = 1
    port: int = 0
    """0 takes a free one."""
    queue_max: int = 2_000
    """Unread messages after which a slow reader is dropped (PROTOCOL 6.1)."""
    held: bool = False
    """If messages flow only after `Firehose.start_flow`, or ``POST /flow/start``."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent since the firehose was started."""

    sent: dict[str, int]
    """By SBE template and market: ``"2 BTC-USD-PERP"``; a snapshot counts as one."""
    pace: Pace
    connections: int
    slow_readers: int
    """Connections that were dropped since they did not keep up."""
    most_unread: int


class Firehose:
    """
    A server on a loopback port; an asynchronous context manager.

    Parameters
    ----------
    settings : FirehoseSettings, optional
        How it behaves.

    Raises
    ------
    ValueError
        If the rate is not above zero.

    """

    def __init__(self, settings: FirehoseSettings | None = None) -> None:
        self.settings = settings = settings or FirehoseSettings()
        if not settings.rate > 0:
            raise ValueError("the rate must be above zero")
        self._listed = {row.symbol: row for row in settings.listing.markets(settings.seed)}
        self.symbols = frozenset(self._listed)
        self._feeds: dict[tuple[Kind, str], Feed] = {}
        self._pump = Pump(settings.rate, dict(settings.mix), settings.seed, self._on_slow)
        self._sessions: set[FirehoseSession] = set()
        self._runner: web.AppRunner | None = None
        self._watch: asyncio.Task[None] | None = None
        self._slow_readers = 0
        self._most_unread = 0
        self.port = settings.port

    # -- LIFE ------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(
            self._application(), access_log=None, handle_signals=False,
            shutdown_timeout=_SHUTDOWN_S,
        )  # fmt: skip
        await runner.setup()
        await web.TCPSite(runner, _HOST, self.settings.port).start()
        self._runner = runner
        self.port = runner.addresses[0][1]
        self._watch = asyncio.create_task(self._watch_sessions())
        if not self.settings.held:
            self._pump.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pump.stop()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        self.cut_connections()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def http_url(self) -> str:
        """The base URL of REST."""
        return f"http://{_HOST}:{self.port}/v1"

    @property
    def ws_url(self) -> str:
        """The URL of the WebSocket."""
        return f"ws://{_HOST}:{self.port}/v1"

    # -- FLOW ------------------------------------------------------------------------------------

    def start_flow(self) -> None:
        """Let messages flow; the pace counts from here."""
        self._pump.start()

    async def stop_flow(self) -> None:
        """Let no message follow."""
        await self._pump.stop()

    def cut_connections(self) -> None:
        """End every WebSocket without a word."""
        for session in list(self._sessions):
            session.outlet.cut()

    def counts(self) -> Counts:
        """Return what was sent."""
        unread = [session.outlet.most_unread for session in self._sessions]
        return Counts(
            sent={f"{kind:d} {symbol}": f.sent for (kind, symbol), f in self._feeds.items()},
            pace=self._pump.pace(),
            connections=len(self._sessions),
            slow_readers=self._slow_readers,
            most_unread=max(unread, default=self._most_unread),
        )

    def join(self, kind: Kind, symbol: str, outlet: Outlet) -> None:
        """Let a reader hear a feed."""
        feed = self._feeds.get((kind, symbol))
        if feed is None:
            feed = self._feeds[kind, symbol] = feed_of(
                kind, self._listed[symbol], self.settings.seed
            )
        if not feed.readers:
            self._pump.add(feed)
        feed.begin(outlet, wall_clock_us())

    def leave(self, kind: Kind, symbol: str, outlet: Outlet) -> None:
        """Let a reader hear a feed no more."""
        feed = self._feeds[kind, symbol]
        feed.end(outlet)
        if not feed.readers:
            self._pump.remove(feed)

    def _on_slow(self, outlet: Outlet) -> None:
        self._slow_readers += 1
        self._pump.outlets.discard(outlet)

    async def _watch_sessions(self) -> None:
        while True:
            await pause(_WATCH_S)
            for session in list(self._sessions):
                await session.watch()

    # -- WEBSOCKET -------------------------------------------------------------------------------

    def _application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1", self._upgrade)
        for path, handler in (
            ("/system/config", self._config),
            ("/system/state", self._state),
            ("/system/time", self._time),
            ("/markets", self._markets),
            ("/markets/summary", self._summary),
            ("/markets/history", self._history),
            ("/orderbook/{market}", self._orderbook),
        ):
            app.router.add_get(f"/v1{path}", _refusing(handler))
        app.router.add_post("/flow/start", self._start)
        app.router.add_post("/flow/stop", self._stop)
        app.router.add_post("/flow/cut", self._cut)
        app.router.add_get("/flow", self._flow)
        return app

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        wants = (request.query.get("sbeSchemaId"), request.query.get("sbeSchemaVersion"))
        if wants != ("1", str(SBE_VERSION)):
            refusal = Refusal("INVALID_REQUEST_PARAMETER", "unsupported SBE schema")
            return web.json_response(refusal.body(), status=refusal.status)
        socket = web.WebSocketResponse(compress=False, heartbeat=_PING_S)
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            # The client left during the upgrade.
            return socket
        outlet = Outlet(transport, self.settings.queue_max)
        session = FirehoseSession(self, socket, outlet)
        self._sessions.add(session)
        self._pump.outlets.add(outlet)
        try:
            async for message in socket:
                if message.type in (web.WSMsgType.TEXT, web.WSMsgType.BINARY):
                    await session.on_text(message.data if isinstance(message.data, str) else "")
        except ConnectionError:
            # The reader left while an answer was on its way.
            outlet.cut()
        finally:
            self._most_unread = max(self._most_unread, outlet.most_unread)
            self._sessions.discard(session)
            self._pump.outlets.discard(outlet)
            session.end()
        return socket

    # -- REST ------------------------------------------------------------------------------------

    async def _config(self, _: web.Request) -> web.Response:
        return _answer(system_config(SimulatorConfig()))

    async def _state(self, _: web.Request) -> web.Response:
        return _answer({"status": "ok"})

    async def _time(self, _: web.Request) -> web.Response:
        return _answer({"server_time": str(_now_ms())})

    async def _markets(self, request: web.Request) -> web.Response:
        return _answer(
            {"results": [row.market for row in self._named(request.query.get("market"))]}
        )

    async def _summary(self, request: web.Request) -> web.Response:
        market = request.query.get("market")
        if not market:
            raise missing("market")
        rows = self._named(None if market == "ALL" else market)
        return _answer({"results": [_summary_of(row) for row in rows]})

    async def _history(self, _: web.Request) -> web.Response:
        return _answer({"results": []})

    async def _orderbook(self, request: web.Request) -> web.Response:
        listed = self._named(request.match_info["market"])[0]
        depth = request.query.get("depth", str(_DEPTH))
        if not depth.isascii() or not depth.isdigit() or not 1 <= int(depth[:6]) <= 1_000:
            raise invalid_parameter("depth: must be between 1 and 1000")
        feed = self._feeds.get((Kind.DELTAS, listed.symbol))
        if feed is None:
            feed = feed_of(Kind.DELTAS, listed, self.settings.seed)
        if not isinstance(feed, BookFeed):  # the kind says that it is
            raise TypeError(f"the feed of {listed.symbol} has no book")
        return _answer(rest_book(feed.book(), int(depth), _now_ms()))

    def _named(self, market: str | None) -> list[Listed]:
        if market is None:
            return list(self._listed.values())
        if market not in self._listed:
            raise Refusal("MARKET_NOT_FOUND", "market not found")
        return [self._listed[market]]

    # -- CONTROL ---------------------------------------------------------------------------------

    async def _start(self, _: web.Request) -> web.Response:
        self.start_flow()
        return _answer(self.counts())

    async def _stop(self, _: web.Request) -> web.Response:
        await self.stop_flow()
        return _answer(self.counts())

    async def _cut(self, _: web.Request) -> web.Response:
        self.cut_connections()
        return _answer(self.counts())

    async def _flow(self, _: web.Request) -> web.Response:
        return _answer(self.counts())


type _Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _refusing(handler: _Handler) -> _Handler:
    """Return a handler that answers a refusal with its status and body."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.status)

    return handle


def _answer(body: Any) -> web.Response:
    return web.Response(body=_rows.encode(body), content_type="application/json")


def _now_ms() -> int:
    return wall_clock_us() // 1_000


def _summary_of(listed: Listed) -> MarketSummaryMessage:
    price = format_mantissa(listed.price_e8)
    return MarketSummaryMessage(
        symbol=listed.symbol,
        mark_price=price,
        underlying_price=price,
        last_traded_price=price,
        funding_rate="" if listed.is_option else str(Decimal("0.0001")),
        open_interest="1000",
        created_at=_now_ms(),
    )
