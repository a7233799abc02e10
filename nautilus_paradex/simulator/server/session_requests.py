"""Requests of a connection about itself: auth and subscriptions (PROTOCOL 2.5, 6.2)."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any

from nautilus_paradex.simulator.server.books import BookFeeds
from nautilus_paradex.simulator.server.channel_names import Feed
from nautilus_paradex.simulator.server.channel_names import Subscription
from nautilus_paradex.simulator.server.channel_names import invalid_subscribe
from nautilus_paradex.simulator.server.channel_names import is_private_name
from nautilus_paradex.simulator.server.channel_names import resolve
from nautilus_paradex.simulator.server.channels import Hub
from nautilus_paradex.simulator.server.config import PlainConnections
from nautilus_paradex.simulator.server.publisher import Publisher
from nautilus_paradex.simulator.server.refusals import INVALID_BEARER
from nautilus_paradex.simulator.server.refusals import INVALID_REQUEST
from nautilus_paradex.simulator.server.refusals import MALFORMED_BEARER
from nautilus_paradex.simulator.server.refusals import NOT_AUTHENTICATED
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import RpcError
from nautilus_paradex.simulator.server.rpc import Request
from nautilus_paradex.simulator.server.tokens import is_token_shaped


if TYPE_CHECKING:
    from nautilus_paradex.simulator.server.sessions import Session


type Handled = tuple[dict[str, Any], Callable[[], None] | None]
"""A result, and what follows once it is queued."""


class SessionRequests:
    """
    Answers what is neither an order nor a cancel.

    Parameters
    ----------
    session : Session
        The connection.
    hub : Hub
        Routes the engine's events.
    books : BookFeeds
        Serves the order books.
    publisher : Publisher
        Serves the periodic channels.

    """

    def __init__(
        self, session: "Session", hub: Hub, books: BookFeeds, publisher: Publisher
    ) -> None:
        self._session = session
        self._hub = hub
        self._books = books
        self._publisher = publisher
        self.handlers: dict[str, Callable[[Request], Handled]] = {
            "auth": self._auth,
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "modify_subscription": self._modify_subscription,
        }

    def unsubscribe_all(self) -> None:
        """End every channel of the connection."""
        for subscription in list(self._session.subscriptions.values()):
            self._end(subscription)

    def _auth(self, request: Request) -> Handled:
        token = request.param("bearer", str)
        if not is_token_shaped(token):
            raise RpcError(MALFORMED_BEARER, "malformed bearer token")
        session = self._session
        try:
            principal = session.venue.authority.principal_of(token, session.peer)
        except Refusal:
            raise RpcError(INVALID_BEARER, "invalid bearer token") from None
        if session.principal is not None and session.account != principal.account:
            raise RpcError(INVALID_REQUEST, "invalid request", "already authenticated")
        session.authenticate(principal)
        return {"node_id": session.venue.node_id}, None

    def _subscribe(self, request: Request) -> Handled:
        name = request.param("channel", str)
        session = self._session
        if is_private_name(name) and session.principal is None:
            raise RpcError(NOT_AUTHENTICATED, "permission denied", "authentication required")
        if name in session.subscriptions:
            raise invalid_subscribe("already subscribed")
        scope = request.param("markets", list, required=False)
        queries = session.venue.exchange.queries
        listed = frozenset(spec.symbol for spec in queries.markets())
        subscription = resolve(
            name,
            listed,
            base_asset=request.param("base_asset", str, required=False) or "",
            scoped=scope is not None,
        )
        self._check_connection(subscription)
        if scope is not None and subscription.feed is not Feed.SUMMARY:
            raise invalid_subscribe("markets are for markets_summary only")
        session.subscriptions[name] = subscription
        session.mark_subscriptions()
        return {"channel": name}, lambda: self._begin(subscription, scope)

    def _check_connection(self, subscription: Subscription) -> None:
        session = self._session
        if subscription.is_private or subscription.feed is Feed.SILENT:
            return
        self._check_step(subscription)
        if session.sbe_version is None:
            if session.venue.config.plain_connections is PlainConnections.PRIVATE_ONLY:
                raise invalid_subscribe("public channels require SBE")
            return
        if subscription.is_book:
            for other in session.subscriptions.values():
                if other.is_book and other.market == subscription.market:
                    raise invalid_subscribe(f"cannot share an SBE session with {other.name}")

    def _check_step(self, subscription: Subscription) -> None:
        step = subscription.price_tick
        if step is None:
            return
        tick = self._session.venue.exchange.queries.market(subscription.market).price_tick_size
        if not step or step % tick:
            raise invalid_subscribe(f"price_tick must be a multiple of {tick}")

    def _begin(self, subscription: Subscription, scope: list[str] | None) -> None:
        session = self._session
        if subscription.is_book:
            self._books.add(session, subscription)
            return
        if scope is not None:
            self._publisher.scopes[session] = set(scope)
        self._hub.add(session, subscription)

    def _end(self, subscription: Subscription) -> None:
        session = self._session
        del session.subscriptions[subscription.name]
        session.mark_subscriptions()
        if subscription.is_book:
            self._books.remove(session, subscription)
        else:
            self._hub.remove(session, subscription)
        if subscription.scoped:
            self._publisher.scopes.pop(session, None)

    def _unsubscribe(self, request: Request) -> Handled:
        name = request.param("channel", str)
        subscription = self._session.subscriptions.get(name)
        if subscription is None:
            raise RpcError(INVALID_REQUEST, "invalid unsubscribe request", "not subscribed")
        self._end(subscription)
        return {"channel": name}, None

    def _modify_subscription(self, request: Request) -> Handled:
        name = request.param("channel", str)
        subscription = self._session.subscriptions.get(name)
        if subscription is None or not subscription.scoped:
            raise RpcError(
                INVALID_REQUEST, "invalid modify_subscription request", "not a scoped subscription"
            )
        add = request.param("add", list, required=False) or []
        remove = request.param("remove", list, required=False) or []
        scope = self._publisher.scopes[self._session]
        scope |= set(add)
        scope -= set(remove)
        return {"channel": name, "add": add, "remove": remove}, None
