"""Order book channels: a whole book first, then numbered changes or repeated snapshots."""

from collections.abc import Iterable
from decimal import Decimal

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import wire_sbe
from nautilus_paradex.simulator.server.book_faults import wrong_book
from nautilus_paradex.simulator.server.book_faults import wrong_changes
from nautilus_paradex.simulator.server.channel_names import Feed
from nautilus_paradex.simulator.server.channel_names import Subscription
from nautilus_paradex.simulator.server.channels import Listener
from nautilus_paradex.simulator.server.messages import Message
from nautilus_paradex.simulator.server.venue import Venue
from nautilus_paradex.simulator.server.wire_json_public import book_frame


_DEPTH = 15
_ENDS = (model.MarketEventType.SETTLED, model.MarketEventType.DELETED)


class _Follower:
    """A connection's place in a book's changes, or in its snapshots."""

    __slots__ = ("due_ms", "listener", "seq_no", "subscription")

    def __init__(self, listener: Listener, subscription: Subscription) -> None:
        self.listener = listener
        self.subscription = subscription
        self.seq_no = 0
        self.due_ms = 0.0


class BookFeeds:
    """
    Serves ``order_book.*``.

    Parameters
    ----------
    venue : Venue
        The running venue.

    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._exchange = venue.exchange
        self._deltas: dict[str, list[_Follower]] = {}
        self._snapshots: list[_Follower] = []
        self._deltas_due_ms = 0.0
        self._earlier: dict[Subscription, model.BookSnapshot] = {}
        venue.exchange.subscribe(self._on_event)

    def add(self, listener: Listener, subscription: Subscription) -> None:
        """Send a connection the whole book, and what follows from now on."""
        follower = _Follower(listener, subscription)
        market = subscription.market
        if subscription.feed is Feed.SNAPSHOTS:
            self._snapshots.append(follower)
            self._push(follower)
            return
        if market not in self._deltas:
            self._exchange.follow_book(market)
        self._deltas.setdefault(market, []).append(follower)
        book = self._exchange.book_snapshot(market)[subscription.interactive]
        follower.seq_no = book.seq_no
        self._send(follower, self._snapshot_message(self._faulty(book, subscription), subscription))

    def remove(self, listener: Listener, subscription: Subscription) -> None:
        """End a connection's channel."""
        if subscription.feed is Feed.SNAPSHOTS:
            self._snapshots = _without(self._snapshots, listener, subscription)
            return
        market = subscription.market
        rest = _without(self._deltas.get(market, ()), listener, subscription)
        if rest:
            self._deltas[market] = rest
        elif self._deltas.pop(market, None) is not None:
            self._exchange.unfollow_book(market)

    def tick(self, now_ms: float) -> None:
        """Send what is due; to be called every 10-50 ms."""
        if now_ms >= self._deltas_due_ms:
            self._deltas_due_ms = now_ms + self._venue.config.book_interval_ms
            for market, followers in self._deltas.items():
                for change in self._exchange.take_book_changes(market):
                    self._announce(change, followers)
        for follower in self._snapshots:
            if now_ms >= follower.due_ms:
                follower.due_ms = now_ms + follower.subscription.refresh_ms
                self._push(follower)

    def _on_event(self, event: model.Event) -> None:
        """Stop what is left of a delisted market."""
        if not isinstance(event, model.MarketChanged) or event.event.event_type not in _ENDS:
            return
        market = event.event.market
        self._deltas.pop(market, None)
        self._snapshots = [f for f in self._snapshots if f.subscription.market != market]

    def _announce(self, change: model.BookChanges, followers: Iterable[_Follower]) -> None:
        fault = self._venue.faults.on_book(change.market, is_snapshot=False)
        told = wrong_changes(change, fault)
        messages = [_change_message(told, self._venue.clock_us(), view) for view in (False, True)]
        for follower in followers:
            # What came before the follower's own snapshot is in it.
            if change.seq_no > follower.seq_no:
                follower.seq_no = change.seq_no
                self._send(follower, messages[follower.subscription.interactive])

    def _push(self, follower: _Follower) -> None:
        subscription = follower.subscription
        try:
            book = self._exchange.published_book(
                subscription.market,
                _DEPTH,
                interactive=subscription.interactive,
                price_tick=subscription.price_tick,
            )
        except model.Refusal:
            # The market's tick has changed since: these steps are no multiple of it any more.
            return
        if book.seq_no != follower.seq_no:
            follower.seq_no = book.seq_no
            told = self._faulty(book, subscription)
            self._send(follower, self._snapshot_message(told, subscription))

    def _faulty(self, book: model.BookSnapshot, subscription: Subscription) -> model.BookSnapshot:
        fault = self._venue.faults.on_book(book.market, is_snapshot=True)
        earlier = self._earlier.get(subscription, book)
        self._earlier[subscription] = book
        return earlier if isinstance(fault, faults.StaleBook) else wrong_book(book, fault)

    def _snapshot_message(self, book: model.BookSnapshot, subscription: Subscription) -> Message:
        now_us = self._venue.clock_us()
        best = _best(book)
        return Message(
            lambda: book_frame(
                book.market,
                seq_no=book.seq_no,
                updated_us=book.updated_us,
                update_type="s",
                inserts={"BUY": list(book.bids), "SELL": list(book.asks)},
                updates={},
                deletes={},
                best=best,
            ),
            lambda version: wire_sbe.book(
                book.market,
                seq_no=book.seq_no,
                is_snapshot=True,
                bids=book.bids,
                asks=book.asks,
                best=best,
                interactive=subscription.interactive,
                version=version,
                published_us=now_us,
            ),
        )

    @staticmethod
    def _send(follower: _Follower, message: Message) -> None:
        subscription = follower.subscription
        version = follower.listener.version_for(subscription)
        follower.listener.send(subscription.name, message.frame(subscription.name, version))


def _without(
    followers: Iterable[_Follower], listener: Listener, subscription: Subscription
) -> list[_Follower]:
    return [f for f in followers if f.listener is not listener or f.subscription != subscription]


def _best(book: model.BookSnapshot | model.BookChanges) -> wire_sbe.Best:
    return (
        book.best_bid_api,
        book.best_ask_api,
        book.best_bid_interactive,
        book.best_ask_interactive,
    )


def _change_message(change: model.BookChanges, now_us: int, interactive: bool) -> Message:
    bids = change.interactive_bids if interactive else change.bids
    asks = change.interactive_asks if interactive else change.asks
    inserted = change.interactive_inserted if interactive else change.inserted
    best = _best(change)

    def data() -> dict[str, object]:
        inserts: dict[str, list[model.Level]] = {"BUY": [], "SELL": []}
        updates: dict[str, list[model.Level]] = {"BUY": [], "SELL": []}
        deletes: dict[str, list[model.Level]] = {"BUY": [], "SELL": []}
        for side, levels in ((model.Side.BUY, bids), (model.Side.SELL, asks)):
            for price, size in levels:
                if size == Decimal(0):
                    kind = deletes
                else:
                    kind = inserts if (side, price) in inserted else updates
                kind[side].append((price, size))
        return book_frame(
            change.market,
            seq_no=change.seq_no,
            updated_us=change.updated_us,
            update_type="d",
            inserts=inserts,
            updates=updates,
            deletes=deletes,
            best=best,
        )

    return Message(
        data,
        lambda version: wire_sbe.book(
            change.market,
            seq_no=change.seq_no,
            is_snapshot=False,
            bids=bids,
            asks=asks,
            best=best,
            interactive=interactive,
            version=version,
            published_us=now_us,
        ),
    )
