"""
An offline check of what a node told of an account against what the venue did.

A history is plain data: it can be written to a file, read again, and checked without node or venue.
Each rule names what a trader would have lost.
"""

from collections import Counter
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import msgspec


TERMINAL = frozenset({"OrderDenied", "OrderRejected", "OrderCanceled", "OrderExpired"})

PENDING = frozenset({"OrderPendingUpdate", "OrderPendingCancel"})

#: What may stand before what: an event that is not among the followers of the last is a violation.
FOLLOWERS = {
    "OrderInitialized": {
        "OrderDenied",
        "OrderSubmitted",
        "OrderUpdated",
        "OrderCanceled",
        # An order of somebody else comes by reports.
        "OrderAccepted",
        "OrderFilled",
        "OrderRejected",
        "OrderExpired",
    },
    "OrderSubmitted": {
        "OrderAccepted",
        "OrderRejected",
        "OrderPendingCancel",
        "OrderPendingUpdate",
    },
}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An order's event, as the framework published it."""

    name: str
    client_id: str
    venue_id: str = ""
    trade_id: str = ""
    quantity: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    reason: str = ""


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order, as the venue has it."""

    venue_id: str
    client_id: str
    side: str
    size: Decimal
    remaining: Decimal
    status: str
    reason: str


class VenueFill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill, as the venue has it."""

    trade_id: str
    venue_id: str
    market: str
    side: str
    size: Decimal
    price: Decimal
    fee: Decimal
    """In the settlement asset, rounded as the framework's currency is."""
    gain: Decimal
    """Realized profit and funding, less the fee, unrounded."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one account."""

    events: list[Event]
    orders: list[VenueOrder]
    fills: list[VenueFill]
    node_orders: dict[str, str]
    """Status by the venue's id, at the end."""
    node_positions: dict[str, Decimal]
    venue_positions: dict[str, Decimal]
    deposits: Decimal
    node_balance: Decimal
    venue_balance: Decimal
    """Unrounded."""


def violations(history: History) -> list[str]:
    """Return what is wrong; an empty list proves the history."""
    return [f"{rule.__name__}: {what}" for rule in RULES for what in rule(history)]


def each_fill_is_told_once(history: History) -> Iterator[str]:
    """A fill that is lost or doubled is a position that nobody knows of (E5)."""
    told = Counter(event.trade_id for event in history.events if event.name == "OrderFilled")
    known = {fill.trade_id: fill for fill in history.fills}
    for trade_id, count in told.items():
        if trade_id not in known:
            yield f"{trade_id} was invented"
        elif count > 1:
            yield f"{trade_id} was told {count} times"
    for trade_id in known.keys() - told.keys():
        yield f"{trade_id} was never told"


def each_fill_is_told_right(history: History) -> Iterator[str]:
    """Size, price and fee are what was paid."""
    known = {fill.trade_id: fill for fill in history.fills}
    for event in history.events:
        fill = known.get(event.trade_id)
        if event.name != "OrderFilled" or fill is None:
            continue
        here = (event.venue_id, event.quantity, event.price, event.fee)
        there = (fill.venue_id, fill.size, fill.price, fill.fee)
        if here != there:
            yield f"{event.trade_id} was told as {here}, the venue has {there}"


def positions_are_the_sum_of_fills(history: History) -> Iterator[str]:
    """Node, venue and fills agree on what is held."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in history.fills:
        sums[fill.market] += fill.size if fill.side == "BUY" else -fill.size
    markets = sums.keys() | history.node_positions.keys() | history.venue_positions.keys()
    for market in sorted(markets):
        held = (
            sums[market],
            history.node_positions.get(market, Decimal(0)),
            history.venue_positions.get(market, Decimal(0)),
        )
        if len(set(held)) > 1:
            yield f"{market}: fills {held[0]}, node {held[1]}, venue {held[2]}"


def balance_is_conserved(history: History) -> Iterator[str]:
    """What was paid in, and every gain and fee, is what is there."""
    expected = history.deposits + sum((fill.gain for fill in history.fills), Decimal(0))
    if expected != history.venue_balance:
        yield f"venue {history.venue_balance}, by its fills {expected}"
    if history.node_balance != history.venue_balance.quantize(history.node_balance):
        yield f"node {history.node_balance}, venue {history.venue_balance}"


def nothing_follows_an_end(history: History) -> Iterator[str]:
    """An order that is told to be over is over."""
    ended: dict[str, str] = {}
    for event in history.events:
        if event.client_id in ended:
            yield f"{event.client_id}: {event.name} after {ended[event.client_id]}"
        if event.name in TERMINAL:
            ended[event.client_id] = event.name


def each_story_is_possible(history: History) -> Iterator[str]:
    """Submitted comes once and first, accepted once and before fills (E2, E3)."""
    stories: defaultdict[str, list[str]] = defaultdict(list)
    for event in history.events:
        stories[event.client_id].append(event.name)
    for client_id, names in stories.items():
        # The framework tells it again when it reconciles an order with a command under way.
        first = [n for n, before in zip(names, ["", *names], strict=False) if before not in PENDING]
        for name in ("OrderInitialized", "OrderSubmitted", "OrderAccepted", "OrderTriggered"):
            if first.count(name) > 1:
                yield f"{client_id}: {name} came {first.count(name)} times"
        for before, after in pairwise(names):
            if after not in FOLLOWERS.get(before, {after}):
                yield f"{client_id}: {after} came right after {before}"
        if "OrderSubmitted" in names and "OrderFilled" in names:
            accepted = names.index("OrderAccepted") if "OrderAccepted" in names else len(names)
            if names.index("OrderFilled") < accepted:
                yield f"{client_id}: OrderFilled came before OrderAccepted"


def both_know_the_same_orders(history: History) -> Iterator[str]:
    """An order that only one side knows is a risk that nobody watches."""
    rejected = {e.client_id for e in history.events if e.name in ("OrderRejected", "OrderDenied")}
    there = {order.venue_id: order for order in history.orders}
    without_order = {fill.venue_id for fill in history.fills if fill.venue_id not in there}
    for venue_id, order in there.items():
        if venue_id not in history.node_orders and order.client_id not in rejected:
            yield f"{venue_id} ({order.client_id!r}, {order.status}) is known to the venue only"
    for venue_id, status in history.node_orders.items():
        if venue_id not in there and venue_id not in without_order:
            yield f"{venue_id} ({status}) is known to the node only"


def each_rejection_is_backed(history: History) -> Iterator[str]:
    """A rejected order that trades is the worst of all: nobody counts it (E6)."""
    by_client_id: defaultdict[str, list[VenueOrder]] = defaultdict(list)
    for order in history.orders:
        by_client_id[order.client_id].append(order)
    for event in history.events:
        if event.name == "OrderDenied" and by_client_id[event.client_id]:
            yield f"{event.client_id} was denied and sent"
        if event.name != "OrderRejected":
            continue
        for order in by_client_id[event.client_id]:
            if order.status != "CLOSED" or order.remaining != order.size or not order.reason:
                yield (
                    f"{event.client_id} was rejected ({event.reason}), the venue has it as "
                    f"{order.status} with {order.remaining} of {order.size} left"
                )


def each_create_was_taken_once(history: History) -> Iterator[str]:
    """A create that was sent twice may be two orders (E6)."""
    counts = Counter(order.client_id for order in history.orders if order.client_id)
    for client_id, count in counts.items():
        if count > 1:
            yield f"{client_id} is {count} orders at the venue"


RULES: tuple[Callable[[History], Iterator[str]], ...] = (
    each_fill_is_told_once,
    each_fill_is_told_right,
    positions_are_the_sum_of_fills,
    balance_is_conserved,
    nothing_follows_an_end,
    each_story_is_possible,
    both_know_the_same_orders,
    each_rejection_is_backed,
    each_create_was_taken_once,
)


def write(history: History) -> bytes:
    """Return a history as JSON."""
    return msgspec.json.encode(history)


def read(text: bytes) -> History:
    """Return a history that was written."""
    return msgspec.json.decode(text, type=History)
