"""The hub: what the engine announces, to the connections that subscribed to it."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import NamedTuple
from typing import Protocol

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import wire_json
from nautilus_paradex.simulator.server import wire_json_public
from nautilus_paradex.simulator.server import wire_mmp
from nautilus_paradex.simulator.server import wire_sbe
from nautilus_paradex.simulator.server.channel_names import Feed
from nautilus_paradex.simulator.server.channel_names import Subscription
from nautilus_paradex.simulator.server.config import FillOrder
from nautilus_paradex.simulator.server.messages import Frame
from nautilus_paradex.simulator.server.messages import Message
from nautilus_paradex.simulator.server.venue import Venue


#: The settlement token on the chain.
USDC_ADDRESS = "0x7348407ebad690fec0cc8597e87dc16ef7b269a655ff72587dafff83d462be2"


class Listener(Protocol):
    """A connection, as the hub sees it."""

    @property
    def account(self) -> str:
        """The authenticated account, or empty."""
        ...

    def version_for(self, subscription: Subscription) -> int | None:
        """Return the schema version that a channel is sent with; None is JSON."""
        ...

    def send(self, channel: str, frame: Frame) -> None:
        """Queue a frame."""
        ...


class Route(NamedTuple):
    """What a subscription listens to."""

    feed: Feed
    account: str = ""
    market: str = ""
    variant: str = ""
    """``interactive``, or a base asset."""


def route_of(subscription: Subscription, account: str) -> Route:
    """Return the route of a connection's subscription."""
    variant = "interactive" if subscription.interactive else subscription.base_asset
    owner = account if subscription.is_private else ""
    return Route(subscription.feed, owner, subscription.market, variant)


class Hub:
    """
    Routes the engine's events to connections.

    Events are collected during the engine's command and sent right after it, so that the order
    of a fill and its order's update can be chosen.

    Parameters
    ----------
    venue : Venue
        The running venue.

    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._routes: dict[Route, dict[Listener, Subscription]] = {}
        self._pending: list[model.Event] = []
        self._is_flush_due = False
        self._rng = Random(venue.seed)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.on_system_state: Callable[[model.SystemState], None] = lambda _: None
        self._announce: dict[type, Callable[..., None]] = {
            model.OrderChanged: self._on_order,
            model.FillMade: self._on_fill,
            model.PositionChanged: self._on_position,
            model.AccountChanged: self._on_account,
            model.BalanceChanged: self._on_balance,
            model.FundingPaid: self._on_funding_payment,
            model.TransferChanged: self._on_transfer,
            model.TransactionMade: self._on_transaction,
            model.TradeBusted: self._on_tradebust,
            model.ProtectionChanged: self._on_protection,
            model.TradePrinted: self._on_trade,
            model.BboChanged: self._on_bbo,
            model.MarketChanged: self._on_market,
            model.SystemStateChanged: self._on_state,
        }
        self._unlisten = venue.exchange.subscribe(self._collect)

    def open(self) -> None:
        """Begin to send; what the engine announced before has no listener."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Stop listening to the engine."""
        self._unlisten()
        self._loop = None

    # -- SUBSCRIPTIONS ----------------------------------------------------------------------

    def add(self, listener: Listener, subscription: Subscription) -> None:
        """Let a connection get a channel from now on."""
        route = route_of(subscription, listener.account)
        self._routes.setdefault(route, {})[listener] = subscription

    def remove(self, listener: Listener, subscription: Subscription) -> None:
        """End a connection's channel."""
        route = route_of(subscription, listener.account)
        listeners = self._routes.get(route, {})
        listeners.pop(listener, None)
        if not listeners:
            self._routes.pop(route, None)

    def listeners(self, feed: Feed, market: str = "") -> list[tuple[Listener, Subscription]]:
        """Return who subscribed to a public feed of exactly this market (empty is all)."""
        return list(self._routes.get(Route(feed, market=market), {}).items())

    def has(self, feed: Feed) -> bool:
        """Return if anybody subscribed to the feed."""
        return any(route.feed is feed for route in self._routes)

    # -- EVENTS -----------------------------------------------------------------------------

    def _collect(self, event: model.Event) -> None:
        if self._loop is None:
            return
        self._pending.append(event)
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what the engine has announced."""
        self._is_flush_due = False
        events, self._pending = self._pending, []
        for event in self._ordered(events):
            announce = self._announce.get(type(event))
            if announce is not None:
                announce(event)

    def _ordered(self, events: list[model.Event]) -> list[model.Event]:
        pair = (model.FillMade, model.OrderChanged)
        told = [event for event in events if isinstance(event, pair)]
        if len({type(event) for event in told}) < 2:
            return events
        order = self._fill_order()
        if order is FillOrder.RANDOM:
            # Drawn only where there is a choice: other traffic must not change a seed's outcome.
            order = self._rng.choice((FillOrder.FILL_FIRST, FillOrder.ORDER_FIRST))
        first: type = model.FillMade if order is FillOrder.FILL_FIRST else model.OrderChanged
        ordered = sorted(told, key=lambda event: not isinstance(event, first))
        return [*ordered, *(event for event in events if not isinstance(event, pair))]

    def _fill_order(self) -> FillOrder:
        match self._venue.faults.on_fill():
            case faults.FillFirst():
                return FillOrder.FILL_FIRST
            case faults.OrderFirst():
                return FillOrder.ORDER_FIRST
        return self._venue.config.fill_order

    def publish(self, message: Message, *routes: Route) -> None:
        """Send a message to everybody on the routes."""
        for route in routes:
            for listener, subscription in self._routes.get(route, {}).items():
                version = listener.version_for(subscription)
                listener.send(subscription.name, message.frame(subscription.name, version))

    def _is_heard(self, *routes: Route) -> bool:
        return any(route in self._routes for route in routes)

    def _private(
        self,
        feed: Feed,
        account: str,
        message: Message,
        market: str | None = None,
    ) -> None:
        routes = [Route(feed, account)]
        if market is not None:
            routes.append(Route(feed, account, market))
        self.publish(message, *routes)

    def _on_order(self, event: model.OrderChanged) -> None:
        order, now_us = event.order, self._venue.clock_us()
        message = Message(
            lambda: wire_json.order(order, now_us),
            lambda version: wire_sbe.order(order, version, now_us),
        )
        self._private(Feed.ORDERS, order.account, message, order.market)

    def _on_fill(self, event: model.FillMade) -> None:
        fill, now_us = event.fill, self._venue.clock_us()
        message = Message(
            lambda: wire_json.fill(fill), lambda version: wire_sbe.fill(fill, version, now_us)
        )
        self._private(Feed.FILLS, fill.account, message, fill.market)

    def _on_position(self, event: model.PositionChanged) -> None:
        position, now_us = event.position, self._venue.clock_us()
        message = Message(
            lambda: wire_json.position(position),
            lambda version: wire_sbe.position(position, version, now_us),
        )
        self._private(Feed.POSITIONS, position.account, message)

    def _on_account(self, event: model.AccountChanged) -> None:
        summary, now_us = event.summary, self._venue.clock_us()
        message = Message(
            lambda: wire_json.account(summary),
            lambda version: wire_sbe.account(summary, version, now_us),
        )
        self._private(Feed.ACCOUNT, summary.account, message)

    def _on_balance(self, event: model.BalanceChanged) -> None:
        value = event.event
        message = Message(lambda: wire_json.balance_event(value, USDC_ADDRESS))
        self._private(Feed.BALANCE_EVENTS, value.account, message)

    def _on_funding_payment(self, event: model.FundingPaid) -> None:
        payment = event.payment
        message = Message(lambda: wire_json.funding_payment(payment))
        self._private(Feed.FUNDING_PAYMENTS, payment.account, message, payment.market)

    def _on_transfer(self, event: model.TransferChanged) -> None:
        transfer = event.transfer
        message = Message(lambda: wire_json.transfer(transfer))
        self._private(Feed.TRANSFERS, transfer.account, message)

    def _on_transaction(self, event: model.TransactionMade) -> None:
        transaction = event.transaction
        message = Message(lambda: wire_json.transaction(transaction))
        self._private(Feed.TRANSACTION, transaction.account, message)

    def _on_tradebust(self, event: model.TradeBusted) -> None:
        tradebust = event.tradebust
        message = Message(lambda: wire_json.tradebust(tradebust))
        self._private(Feed.TRADEBUSTS, tradebust.account, message)

    def _on_protection(self, event: model.ProtectionChanged) -> None:
        message = Message(lambda: wire_mmp.event(event))
        self._private(Feed.MMP, event.state.account, message)

    def _on_trade(self, event: model.TradePrinted) -> None:
        trade = event.trade
        routes = self._market_routes(Feed.TRADES, trade.market)
        if self._is_heard(*routes):
            now_us = self._venue.clock_us()
            message = Message(
                lambda: wire_json_public.trade(trade),
                lambda version: wire_sbe.trade(trade, version, now_us),
            )
            self.publish(message, *routes)

    def _on_bbo(self, event: model.BboChanged) -> None:
        bbo = event.bbo
        if event.interactive:
            routes = [Route(Feed.BBO, market=bbo.market, variant="interactive")]
        else:
            routes = self._market_routes(Feed.BBO, bbo.market)
        if self._is_heard(*routes):
            self.publish(self.bbo_message(bbo), *routes)

    def bbo_message(self, bbo: model.Bbo) -> Message:
        """Return the message of a best bid and offer."""
        now_us = self._venue.clock_us()
        return Message(
            lambda: wire_json_public.bbo(bbo),
            lambda version: wire_sbe.bbo(bbo, version, now_us),
        )

    def _on_market(self, event: model.MarketChanged) -> None:
        value = event.event
        message = Message(lambda: wire_json_public.market_event(value, as_numbers=False))
        self.publish(message, Route(Feed.MARKETS), Route(Feed.MARKETS, market=value.market))

    def _on_state(self, event: model.SystemStateChanged) -> None:
        self.on_system_state(event.state)

    def _market_routes(self, feed: Feed, market: str) -> list[Route]:
        routes = [Route(feed), Route(feed, market=market)]
        base, _, rest = market.partition("-USD-")
        # Option chains: every market of the base but its perpetual (PROTOCOL 6.2).
        if rest and rest != "PERP":
            routes.append(Route(feed, variant=base))
        return routes
