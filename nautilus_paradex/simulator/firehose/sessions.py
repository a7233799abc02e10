"""One connection of the firehose: its subscriptions, as strictly answered as the venue does."""

from collections.abc import Iterable
from typing import Final
from typing import Protocol

from aiohttp import web

from nautilus_paradex.protocol.events import Heartbeat
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.simulator.clock import monotonic_s
from nautilus_paradex.simulator.clock import wall_clock_us
from nautilus_paradex.simulator.firehose.feeds import SBE_VERSION
from nautilus_paradex.simulator.firehose.feeds import Kind
from nautilus_paradex.simulator.firehose.feeds import websocket_frame
from nautilus_paradex.simulator.firehose.pump import Outlet
from nautilus_paradex.simulator.server import rpc
from nautilus_paradex.simulator.server.channel_names import Feed as Name
from nautilus_paradex.simulator.server.channel_names import Subscription
from nautilus_paradex.simulator.server.channel_names import invalid_subscribe
from nautilus_paradex.simulator.server.channel_names import is_private_name
from nautilus_paradex.simulator.server.channel_names import resolve
from nautilus_paradex.simulator.server.refusals import INVALID_REQUEST
from nautilus_paradex.simulator.server.refusals import METHOD_NOT_FOUND
from nautilus_paradex.simulator.server.refusals import NOT_AUTHENTICATED
from nautilus_paradex.simulator.server.refusals import RpcError


_IDLE_CLOSE: Final = 4031
_IDLE_S: Final = 60.0
_HEARTBEAT_S: Final = 20.0

_KINDS: Final = {
    Name.TRADES: Kind.TRADES,
    Name.BBO: Kind.QUOTES,
    Name.DELTAS: Kind.DELTAS,
    Name.SUMMARY: Kind.SUMMARIES,
}
#: Acknowledged; nothing ever happens to the markets of the firehose.
_QUIET: Final = (Name.MARKETS, Name.SILENT)


type Result = dict[str, object]


class Station(Protocol):
    """What a session needs of the server."""

    @property
    def symbols(self) -> frozenset[str]:
        """The markets that are listed."""

    def join(self, kind: Kind, symbol: str, outlet: Outlet) -> None:
        """Begin a feed."""

    def leave(self, kind: Kind, symbol: str, outlet: Outlet) -> None:
        """End a feed."""


class FirehoseSession:
    """
    A connection.

    Parameters
    ----------
    station : Station
        Where the feeds are.
    socket : web.WebSocketResponse
        The upgraded connection.
    outlet : Outlet
        Its way out for data.

    """

    def __init__(self, station: Station, socket: web.WebSocketResponse, outlet: Outlet) -> None:
        self.outlet = outlet
        self._station = station
        self._socket = socket
        self._subscriptions: dict[str, Subscription] = {}
        self._scope: set[str] = set()
        self._heard: dict[str, set[tuple[Kind, str]]] = {}
        self._empty_since = monotonic_s()

    # -- LIFE ------------------------------------------------------------------------------------

    async def watch(self) -> None:
        """Say a word on a silent connection, and end one that nobody uses (PROTOCOL 6.1)."""
        now = monotonic_s()
        if not self._subscriptions and now - self._empty_since >= _IDLE_S:
            await self._socket.close(code=_IDLE_CLOSE)
        elif now - self.outlet.last_sent_at >= _HEARTBEAT_S:
            beat = encode_event(Heartbeat(ts_ns=wall_clock_us() * 1_000), version=SBE_VERSION)
            self.outlet.push(websocket_frame(beat)[0])
            self.outlet.flush()

    def end(self) -> None:
        """Leave every feed."""
        for name in list(self._heard):
            self._hear(name, ())

    async def on_text(self, text: str) -> None:
        """Answer a request; what a subscription begins with follows its acknowledgement."""
        received_us = wall_clock_us()
        begins: Subscription | None = None
        try:
            request = rpc.parse_request(text, received_us)
            result, begins = self._carry_out(request)
            answer = rpc.answer(request.id, result, received_us, wall_clock_us())
        except RpcError as error:
            sent_us = wall_clock_us()
            answer = rpc.refusal(rpc.request_id_of(text), error, received_us, sent_us)
        # Data that is due was said before this answer.
        self.outlet.flush()
        await self._socket.send_str(answer)
        if begins is not None and begins.name in self._subscriptions:
            self._hear(begins.name, self._wanted(begins))
            self.outlet.flush()

    def _carry_out(self, request: rpc.Request) -> tuple[Result, Subscription | None]:
        match request.method:
            case "subscribe":
                return self._subscribe(request)
            case "unsubscribe":
                return self._unsubscribe(request), None
            case "modify_subscription":
                return self._modify(request), None
        raise RpcError(METHOD_NOT_FOUND, "method not found")

    # -- REQUESTS --------------------------------------------------------------------------------

    def _subscribe(self, request: rpc.Request) -> tuple[Result, Subscription]:
        name = request.param("channel", str)
        if is_private_name(name):
            raise RpcError(NOT_AUTHENTICATED, "permission denied", "authentication required")
        if name in self._subscriptions:
            raise invalid_subscribe("already subscribed")
        scope = request.param("markets", list, required=False)
        subscription = resolve(name, self._station.symbols, scoped=scope is not None)
        if subscription.feed not in _KINDS and subscription.feed not in _QUIET:
            raise invalid_subscribe("the firehose does not carry this channel")
        if subscription.interactive or (not subscription.market and self._is_one(subscription)):
            raise invalid_subscribe("the firehose carries one market's feed, without RPI")
        if scope is not None:
            if subscription.feed is not Name.SUMMARY:
                raise invalid_subscribe("markets are for markets_summary only")
            self._scope = set(scope)
        self._check_sharing(subscription)
        self._subscriptions[name] = subscription
        return {"channel": name}, subscription

    def _is_one(self, subscription: Subscription) -> bool:
        return subscription.feed in (Name.TRADES, Name.BBO)

    def _check_sharing(self, subscription: Subscription) -> None:
        if not subscription.is_book:
            return
        for other in self._subscriptions.values():
            if other.is_book and other.market == subscription.market:
                raise invalid_subscribe(f"cannot share an SBE session with {other.name}")

    def _unsubscribe(self, request: rpc.Request) -> Result:
        name = request.param("channel", str)
        if name not in self._subscriptions:
            raise RpcError(INVALID_REQUEST, "invalid unsubscribe request", "not subscribed")
        self._hear(name, ())
        del self._subscriptions[name]
        self._empty_since = monotonic_s()
        return {"channel": name}

    def _modify(self, request: rpc.Request) -> Result:
        name = request.param("channel", str)
        subscription = self._subscriptions.get(name)
        if subscription is None or not subscription.scoped:
            raise RpcError(
                INVALID_REQUEST, "invalid modify_subscription request", "not a scoped subscription"
            )
        add = request.param("add", list, required=False) or []
        remove = request.param("remove", list, required=False) or []
        self._scope |= set(add)
        self._scope -= set(remove)
        self._hear(name, self._wanted(subscription))
        return {"channel": name, "add": add, "remove": remove}

    # -- FEEDS -----------------------------------------------------------------------------------

    def _wanted(self, subscription: Subscription) -> Iterable[tuple[Kind, str]]:
        kind = _KINDS.get(subscription.feed)
        if kind is None:
            return ()
        if subscription.market:
            return ((kind, subscription.market),)
        symbols = self._station.symbols
        return ((kind, symbol) for symbol in (self._scope & symbols if subscription.scoped
                                              else symbols))  # fmt: skip

    def _hear(self, name: str, wanted: Iterable[tuple[Kind, str]]) -> None:
        """Join and leave feeds until a subscription has what it wants."""
        heard = self._heard.pop(name, set())
        now = set(wanted)
        for kind, symbol in sorted(heard - now):
            self._station.leave(kind, symbol, self.outlet)
        for kind, symbol in sorted(now - heard):
            self._station.join(kind, symbol, self.outlet)
        if now:
            self._heard[name] = now
