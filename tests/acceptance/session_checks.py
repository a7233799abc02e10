"""
What must hold at the end of a random session.

Node and venue are equal in orders, fills, positions, balances and fees; each order has one of the
legal stories; nobody has logged an error, nor the framework a warning about states.

An order's story is written with one letter an event::

    own order  = I requests (D | submitted) late
    child      = I (U | requests)* [D | C | submitted] late        of a bracket
    submitted  = S requests (R | A life | life)
    elsewhere  = I (R | life) late
    life       = (requests | T | U | F)* [C | X]
    requests   = (u | m | c | k)*
    late       = (m | k)*

    I initialized   D denied     S submitted  R rejected   A accepted     T triggered
    U updated       F filled     C canceled   X expired    u to be updated, m that was refused
                                                           c to be canceled, k that was refused

A is missing where a reconciliation tells of an order that a strategy has asked to change or to
cancel before it was accepted: to the framework it was accepted then. Orders of elsewhere are told
by reports: one that ends a request of a strategy that has claimed the order is an A again. What is
late answers a command that came after the order's end, and gives that as its reason.

Besides: nothing follows the fill that completes an order; fills add up to no more than its size;
only limit orders with a trigger are told as triggered, once, and before their fills.
"""

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.enums import order_status_to_str
from nautilus_trader.model.events import OrderCancelRejected
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.events import OrderModifyRejected
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import RunningNode
from tests.acceptance.node import differences


_REQUESTS: Final = "[umck]*"
_LIFE: Final = "[umckTUF]*[CX]?"
_SUBMITTED: Final = rf"S{_REQUESTS}(R|A{_LIFE}|(?<=[umck]){_LIFE})"
_OWN: Final = re.compile(rf"I{_REQUESTS}(D|{_SUBMITTED})")
#: Children are held, cut to their entry's fills, and then sent; or never.
_CHILD: Final = re.compile(rf"I[Uumck]*(D|C|{_SUBMITTED})?")
_ELSEWHERE: Final = re.compile(r"I(R|[umckATUF]*[CX]?)")
_LATE_REASONS: Final = (
    "the order has ended",
    "the order is not open",
    "already closed",
    "already pending cancel",
)
_UNSENT_REASON: Final = "modify it once it is accepted"

_LETTERS: Final = {
    "OrderInitialized": "I",
    "OrderDenied": "D",
    "OrderSubmitted": "S",
    "OrderRejected": "R",
    "OrderAccepted": "A",
    "OrderTriggered": "T",
    "OrderUpdated": "U",
    "OrderFilled": "F",
    "OrderCanceled": "C",
    "OrderExpired": "X",
    "OrderPendingUpdate": "u",
    "OrderModifyRejected": "m",
    "OrderPendingCancel": "c",
    "OrderCancelRejected": "k",
}

_FUNDING_OF_A_SESSION: Final = Decimal("0.01")

_STUCK: Final = frozenset(
    {
        OrderStatus.SUBMITTED,
        OrderStatus.PENDING_UPDATE,
        OrderStatus.PENDING_CANCEL,
    }
)

#: Reasons of orders that never rested and are told as canceled all the same.
_TAKEN: Final = frozenset(
    {model.CancelReason.USER_CANCELED, model.CancelReason.REMAINING_IOC_CANCEL}
)

#: Errors that are answers to what a session does, and are documented as such.
_EXPECTED_ERRORS: Final = (
    # The mark price moved past a plain stop's trigger while it was on its way (E1).
    "waits for the mark price to move the other way",
    # A bracket's child was refused by the venue.
    "never worked;",
    # A node stops while a cancel is under way.
    "was aborted before completion",
)

#: A cut in the midst of a subscription: it stays wanted, and is asked for again.
_EXPECTED_ERRORS_AFTER_A_CUT: Final = ("Cannot carry out Subscribe",)

#: Warnings that say what the session has done.
_EXPECTED_WARNINGS: Final = (
    "was refused:",
    "was canceled by the venue:",
    "was changed by the venue",
    "Disconnecting with an outcome unknown",
    "sent one by one",
    # The framework's own timer of an order that is being canceled already.
    "Cannot cancel order: state is PENDING_CANCEL",
    "was already closed",
    "is not reported: it is moving",
    # Fills of an order that was made larger past the node.
    "Reconciling: order",
    "InvalidStateTrigger: PENDING_CANCEL -> TRIGGERED",
    # A question for an order that the venue refuses or does not have yet.
    "is not found at the venue",
    # A session leaves its orders open.
    "Cache: Residual ",
    "OrderDenied(",
    "OrderRejected(",
    "OrderModifyRejected(",
    "OrderCancelRejected(",
)


_OTHER_AVERAGE: Final = "Position avg_px mismatch"

#: Warnings of trades past the node: the framework has a position of each strategy, the venue one.
_EXPECTED_WHEN_SHARED: Final = (_OTHER_AVERAGE,)

#: Warnings of a cut or a restart, which say that outcomes are unknown and are asked for.
_EXPECTED_AFTER_A_CUT: Final = (
    "connection lost:",
    "reconnecting:",
    "Outcome of",
    "REST and the node differ",
    "is here only",
    "of its fills are missing",
    "looking again before it is taken over",
    "Cannot ask for",
    "orders failed, asking the venue for each",
    "waits for a reconnect",
    "goes by REST",
    # A node stops with commands under way; the next one finds out what became of them.
    "was cancelled",
    # Fills of several orders that alternated are applied order by order.
    _OTHER_AVERAGE,
)


class SessionEnd:
    """
    The truth that a session is compared with.

    Parameters
    ----------
    venue : LocalParadex
        The venue.
    account : str
        The account.

    Attributes
    ----------
    was_cut : bool
        If there were times in which the node could not hear what the venue said.
    was_shared : bool
        If somebody else has traded on the account.

    """

    def __init__(self, venue: LocalParadex, account: str) -> None:
        self.venue = venue
        self.account = account
        self.was_cut = False
        self.was_shared = False
        self._rested: set[str] = set()
        self._sizes: dict[str, set[Decimal]] = {}
        venue.exchange.subscribe(self._on_event)

    def _on_event(self, event: object) -> None:
        if not isinstance(event, model.OrderChanged) or event.order.account != self.account:
            return
        order = event.order
        self._sizes.setdefault(order.id, set()).add(order.size)
        if order.status in (model.OrderStatus.OPEN, model.OrderStatus.UNTRIGGERED):
            self._rested.add(order.id)

    def may_be_cut_to_its_fills(self, order: model.Order) -> bool:
        """If the venue, or somebody past the node, may have made a filled order smaller before."""
        sizes = self._sizes.get(order.id, set())
        was_larger = any(size > order.size for size in sizes)
        return not order.remaining_size and (
            was_larger or model.OrderFlag.REDUCE_ONLY in order.flags
        )

    def never_worked(self, order: model.Order) -> bool:
        """If an order came and went without resting or trading."""
        untouched = order.remaining_size == order.size and order.id not in self._rested
        return order.status is model.OrderStatus.CLOSED and untouched

    def statuses_of(self, order: model.Order) -> frozenset[OrderStatus]:
        """Return what the node may call an order that is as the venue says."""
        filled = order.size - order.remaining_size
        if order.status is model.OrderStatus.CLOSED:
            return self._ends_of(order)
        if filled:
            return frozenset({OrderStatus.PARTIALLY_FILLED})
        has_triggered = order.type is not model.OrderType.LIMIT
        if has_triggered and order.status is model.OrderStatus.OPEN:
            return frozenset({OrderStatus.TRIGGERED, *self._of_a_gap})
        return frozenset({OrderStatus.ACCEPTED})

    @property
    def _of_a_gap(self) -> frozenset[OrderStatus]:
        """What a triggered order may be called where nobody told that it was waiting before."""
        return frozenset({OrderStatus.ACCEPTED}) if self.was_cut else frozenset()

    def _ends_of(self, order: model.Order) -> frozenset[OrderStatus]:
        if not order.remaining_size:
            return frozenset({OrderStatus.FILLED})
        if order.remaining_size < order.size or order.cancel_reason in _TAKEN:
            return frozenset({OrderStatus.CANCELED})
        if self.never_worked(order):
            return frozenset({OrderStatus.REJECTED})
        if self.was_cut:
            # Nobody told that it had rested before it ended.
            return frozenset({OrderStatus.CANCELED, OrderStatus.REJECTED})
        return frozenset({OrderStatus.CANCELED})


# -- AT REST ---------------------------------------------------------------------------------------


def troubles_of(node: RunningNode, end: SessionEnd) -> list[str]:
    """Return where node and venue differ, and what has not come to rest."""
    return [
        # Orders are compared here, with their terms.
        *(line for line in differences(node, end.venue, end.account) if line[:6] != "order "),
        *_wrong_orders(node.cache, end),
        *_wrong_account(node, end),
        *_stuck(node),
    ]


def _wrong_orders(cache: Cache, end: SessionEnd) -> list[str]:
    known = {order.id: order for order in end.venue.exchange.queries.order_history(end.account)}
    ours: dict[str, Order] = {}
    wrong = []
    by_client_id = {order.client_id: order.id for order in known.values() if order.client_id}
    for order in cache.orders():
        name = order.client_order_id.value
        # The framework keeps no venue id of an order that was rejected.
        venue_id = by_client_id.get(name, "")
        if order.venue_order_id is not None:
            venue_id = order.venue_order_id.value
        if venue_id in ours:
            wrong.append(f"order {venue_id} is here twice: {ours[venue_id]} and {order}")
        elif venue_id in known:
            ours[venue_id] = order
        elif not _may_be_here_only(order):
            wrong.append(f"order {name} is here only: {order}")
    for venue_id, theirs in known.items():
        if venue_id in ours:
            texts = _wrong_terms(ours[venue_id], theirs, end)
            wrong += [f"{ours[venue_id].client_order_id} {text}" for text in texts]
        # Of others' orders the node need not know those that never were in the market.
        elif theirs.client_id or not end.never_worked(theirs):
            wrong.append(f"order {venue_id} is at the venue only: {theirs}")
    return wrong


def _may_be_here_only(order: Order) -> bool:
    return order.status in (OrderStatus.DENIED, OrderStatus.REJECTED) or _unsent(order)


def _unsent(order: Order) -> bool:
    """If an order is a bracket's child that waits for its entry, or ended before it was sent."""
    return order.parent_order_id is not None and story_of(order.events).find("S") < 0


def _wrong_terms(order: Order, theirs: model.Order, end: SessionEnd) -> list[str]:
    wrong = []
    allowed = end.statuses_of(theirs)
    is_cut = order.status is OrderStatus.CANCELED and end.may_be_cut_to_its_fills(theirs)
    if is_cut:
        # What was cut off is told as canceled where the fills were told first.
        allowed = frozenset({OrderStatus.CANCELED})
    if order.status not in allowed:
        names = " or ".join(order_status_to_str(status) for status in allowed)
        wrong.append(f"is {order.status_string()}, not {names}: {theirs}")
    if order.status is OrderStatus.REJECTED:
        return wrong
    trigger = order.trigger_price.as_decimal() if order.has_trigger_price else None
    ioc = theirs.instruction is model.Instruction.IOC
    post_only = theirs.instruction is model.Instruction.POST_ONLY
    reduce_only = model.OrderFlag.REDUCE_ONLY in theirs.flags
    pairs: list[tuple[str, Any, Any]] = [
        ("side", order.side_string(), theirs.side.value),
        ("size", theirs.size if is_cut else order.quantity.as_decimal(), theirs.size),
        ("filled", order.filled_qty.as_decimal(), theirs.size - theirs.remaining_size),
        ("price", order.price.as_decimal() if order.has_price else None, theirs.price),
        ("trigger", trigger, theirs.trigger_price),
        ("post-only", order.is_post_only, post_only),
        ("reduce-only", order.is_reduce_only, reduce_only),
    ]
    if order.has_price:
        pairs.append(("IOC", order.time_in_force == TimeInForce.IOC, ioc))
    if order.filled_qty > 0 and theirs.avg_fill_price is not None:
        # The framework keeps averages as floating-point numbers.
        ours = round(Decimal(str(order.avg_px)), 4)
        pairs.append(("average price", ours, round(theirs.avg_fill_price, 4)))
    wrong += [
        f"has {name} {here}, at the venue {there}" for name, here, there in pairs if here != there
    ]
    return wrong


def _wrong_account(node: RunningNode, end: SessionEnd) -> list[str]:
    account = node.cache.account(node.account_id)
    if account is None:
        return ["there is no account"]
    fills = end.venue.exchange.queries.fills(end.account)
    paid: Counter[str] = Counter()
    for order in node.cache.orders():
        for commission in order.commissions():
            paid[commission.currency.code] += commission.as_decimal()
    charged: Counter[str] = Counter()
    for fill in fills:
        charged[fill.fee_currency] += round(fill.fee, USDC.precision)
    wrong = []
    if paid != charged:
        wrong.append(f"fees: node {dict(paid)}, venue {dict(charged)}")
    summary = end.venue.exchange.queries.account_summary(end.account)
    free = min(account.balance_total(USDC).as_decimal(), summary.free_collateral)
    here = account.balance_free(USDC).as_decimal()
    # Funding accrues from moment to moment.
    if abs(here - free) > _FUNDING_OF_A_SESSION:
        wrong.append(f"free balance: node {here}, venue {free}")
    return wrong


def _stuck(node: RunningNode) -> list[str]:
    orders = [
        order
        for order in node.cache.orders()
        if order.status in _STUCK
        or (order.status is OrderStatus.INITIALIZED and not _unsent(order))
    ]
    trackers = [
        tracker
        for tracker in node.execution._room.registry.live()
        if tracker.cancel_pending or tracker.modifies
    ]
    tasks = [task.get_name() for task in node.execution._tasks if not task.done()]
    return [f"stuck: {each}" for each in (*orders, *trackers, *tasks)]


# -- STORIES ---------------------------------------------------------------------------------------


def story_of(events: Iterable[OrderEvent]) -> str:
    """Return the letters of an order's events."""
    return "".join(_LETTERS.get(type(event).__name__, "?") for event in events)


def wrong_stories(orders: Sequence[Order], published: Iterable[OrderEvent]) -> list[str]:
    """Return what is wrong with what orders have gone through."""
    told: dict[str, list[OrderEvent]] = {}
    for event in published:
        told.setdefault(event.client_order_id.value, []).append(event)
    wrong = []
    for order in orders:
        name = order.client_order_id.value
        wrong += [
            f"order {name}: {text}: {story_of(order.events)} {_reasons(order)}"
            for text in (*_wrong_story(order), *_wrong_publication(order, told.get(name, [])))
        ]
    known = {order.client_order_id.value for order in orders}
    wrong += [f"order {name} is not in the cache" for name in sorted(told.keys() - known)]
    return wrong


def _reasons(order: Order) -> str:
    return "; ".join(event.reason for event in order.events if hasattr(event, "reason"))


def _wrong_story(order: Order) -> list[str]:
    story = story_of(_until_end(order))
    grammar = _OWN if order.parent_order_id is None else _CHILD
    if not order.client_order_id.value.startswith("O-"):
        grammar = _ELSEWHERE
    wrong = []
    if grammar.fullmatch(story) is None:
        wrong.append("no legal story")
    if "T" in story:
        has_terms = order.has_price and order.has_trigger_price
        if not has_terms or story.count("T") > 1 or "F" in story.partition("T")[0]:
            wrong.append("wrongly triggered")
    wrong += _wrong_fills(order, story)
    return wrong


def _until_end(order: Order) -> list[OrderEvent]:
    """Return an order's events without the answers to commands that came after its end."""
    events = list(order.events)
    reasons = _LATE_REASONS
    if "S" not in story_of(events):
        reasons = (*reasons, _UNSENT_REASON)
    while order.is_closed and isinstance(events[-1], OrderModifyRejected | OrderCancelRejected):
        if not events[-1].reason.endswith(reasons):
            break
        events.pop()
    return events


def _wrong_fills(order: Order, story: str) -> list[str]:
    fills = [event for event in order.events if isinstance(event, OrderFilled)]
    ids = [fill.trade_id.value for fill in fills]
    wrong = []
    if len(set(ids)) < len(ids):
        wrong.append("a fill twice")
    total = sum((fill.last_qty.as_decimal() for fill in fills), Decimal(0))
    if total > order.quantity.as_decimal():
        wrong.append(f"fills of {total} for a size of {order.quantity}")
    if order.status is OrderStatus.FILLED and not story.endswith("F"):
        wrong.append("something after the last fill")
    return wrong


def _wrong_publication(order: Order, told: list[OrderEvent]) -> list[str]:
    """Each event is published once, and each that is published was applied."""
    applied = [event.id for event in order.events]
    published = [event.id for event in told]
    wrong = []
    if len(set(published)) < len(published):
        wrong.append("an event was published twice")
    lost = [type(event).__name__ for event in told if event.id not in set(applied)]
    # A fill that turns a position round is published once more, by halves.
    may_be_lost = {"OrderFilled"}
    if "c" in story_of(order.events):
        # The strategy cancels while the event waits in the framework's queue.
        may_be_lost.add("OrderTriggered")
    lost = [name for name in lost if name not in may_be_lost]
    if lost:
        wrong.append(f"published and not applied: {', '.join(lost)}")
    return wrong


# -- LOGS ------------------------------------------------------------------------------------------


def wrong_lines(log: str, *, was_cut: bool, was_shared: bool) -> list[str]:
    """Return the lines of a log that say that something is wrong."""
    warnings = _EXPECTED_WARNINGS + (_EXPECTED_AFTER_A_CUT if was_cut else ())
    warnings += _EXPECTED_WHEN_SHARED if was_shared else ()
    errors = _EXPECTED_ERRORS + (_EXPECTED_ERRORS_AFTER_A_CUT if was_cut else ())
    wrong = []
    for line in log.splitlines():
        for level, expected in (("[ERROR]", errors), ("[WARN]", warnings)):
            if level in line and not any(text in line for text in expected):
                wrong.append(line)
    return wrong
