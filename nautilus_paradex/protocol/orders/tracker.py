"""
One order from its command to its end, free of any framework.

Feed it what the stream, REST answers and queries say, in any order and as often as they say it;
it returns what has to be told, each thing once.
"""

from decimal import Decimal
from enum import Enum
from enum import auto
from typing import Final
from typing import cast

import msgspec

from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.events import RequestInfo
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import plus
from nautilus_paradex.protocol.numbers import times
from nautilus_paradex.protocol.numbers import total
from nautilus_paradex.protocol.orders.effects import Accepted
from nautilus_paradex.protocol.orders.effects import AwaitFills
from nautilus_paradex.protocol.orders.effects import Canceled
from nautilus_paradex.protocol.orders.effects import CancelRejected
from nautilus_paradex.protocol.orders.effects import Effect
from nautilus_paradex.protocol.orders.effects import Expired
from nautilus_paradex.protocol.orders.effects import Filled
from nautilus_paradex.protocol.orders.effects import ModifyRejected
from nautilus_paradex.protocol.orders.effects import Reconcile
from nautilus_paradex.protocol.orders.effects import Rejected
from nautilus_paradex.protocol.orders.effects import Triggered
from nautilus_paradex.protocol.orders.effects import Updated
from nautilus_paradex.protocol.orders.lifecycle import POST_ONLY_REASON
from nautilus_paradex.protocol.orders.lifecycle import TRANSITIONS
from nautilus_paradex.protocol.orders.lifecycle import Phase
from nautilus_paradex.protocol.orders.lifecycle import Said
from nautilus_paradex.protocol.orders.lifecycle import Step
from nautilus_paradex.protocol.orders.lifecycle import said_by


_NS_PER_MS = 1_000_000

#: The venue repeats a modify request on later updates of its order (trap 39), but not those that
#: so many others have followed: an order may be modified for as long as it lives.
MOST_SETTLED_REQUESTS: Final = 1_000

#: Why the rest of an order ends that the venue has cut to its fills.
CUT_REASON = "cut to what was filled"


#: What was proven absent and is there all the same was worked on for longer than any request is.
#: Its holder was told that it is rejected, and has to be told of it as of somebody else's order.
_BACK = Reconcile("it was told as rejected, and the venue has it after all")


class Source(Enum):
    """Who says it; REST's and the stream's sequence numbers are unrelated (PROTOCOL 4.3)."""

    STREAM = auto()
    REST = auto()


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What an order asks for; market orders have no price."""

    size: Decimal
    price: Decimal | None
    trigger_price: Decimal | None


class OrderTracker:
    """
    One order's state and what its holder has been told.

    Parameters
    ----------
    client_id : str
        The client order id; empty for an order of someone else that has none.
    order_type : OrderType
        The venue's order type.
    terms : Terms
        The terms that the holder knows.
    external : bool, default False
        If the holder did not place it: it is told by reports, never by events (rule E9).

    """

    def __init__(
        self, client_id: str, order_type: OrderType, terms: Terms, *, external: bool = False
    ) -> None:
        self.client_id = client_id
        self.external = external
        self.order_id: str | None = None
        self.signed_ms: int | None = None
        """The create's signature timestamp: tells it from an earlier order of the same id."""
        self.market = ""
        self.on_behalf_of = ""
        """The isolated account that it was placed for; empty for the account's own."""
        self.order_type = order_type
        self.told = terms
        self.was_asked_for = True
        """If the last change of its terms came while a modify was on its way."""
        self.phase = Phase.PENDING
        self.filled = Decimal(0)
        self.cost = Decimal(0)
        """Sum of price times size of the fills that were counted here."""
        self.last: OrderUpdate | None = None
        self.end: OrderUpdate | None = None
        self.cancel_pending = False
        self.modifies: list[PendingModify] = []
        self._held: list[Fill] = []
        self._last_source = Source.STREAM
        self._untriggered = False
        #: Ids of modify requests whose outcome was told, oldest first.
        self._settled_requests: dict[str, None] = {}
        self._ended_as: Said | None = None
        self._reason = ""
        self._now_ns = 0

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(client_id={self.client_id!r}, order_id={self.order_id!r}, "
            f"phase={self.phase.name}, filled={self.filled})"
        )

    def adopt(
        self,
        *,
        order_id: str | None,
        filled: Decimal,
        phase: Phase,
        terms: Terms,
        untriggered: bool = False,
    ) -> None:
        """
        Take over what the holder knows after a reconciliation told it by other ways.

        The highest of both fill counts stands: a fill is never counted down.
        """
        self._untriggered = untriggered
        self.order_id = order_id or self.order_id
        while self._held and plus(self.filled, self._held[0].size) <= filled:
            self.filled = plus(self.filled, self._held.pop(0).size)
        self.filled = max(self.filled, filled)
        self.told = terms
        if phase is Phase.CLOSED or self.phase is Phase.PENDING:
            self.phase = phase
        if phase is Phase.CLOSED and self._ended_as is None:
            self._ended_as = Said.COMPLETE if self.filled >= terms.size else Said.CANCELED

    # -- INPUTS ------------------------------------------------------------------------------------

    def on_update(self, update: OrderUpdate, source: Source) -> list[Effect]:
        """Return what an order update has to tell; nothing if it is old or repeated."""
        if self.was_absent:
            lives = update.status in (OrderStatus.OPEN, OrderStatus.UNTRIGGERED)
            return [_BACK] if lives or update.filled_size else []
        if self._is_stale(update, source):
            return []
        self.order_id = update.order_id or self.order_id
        # A modify repeats both, and what the holder knew of them is a guess after a restart.
        self.order_type = update.type
        self.market = update.market
        self._now_ns = update.updated_ns
        self._reason = update.cancel_reason
        # A CLOSED update with the same timestamp may follow one with fewer fills: the last wins.
        self.last = update
        self._last_source = source
        said = said_by(update)
        effects = self._run(said, update=update)
        if update.request is not None:
            effects += self._on_request(update.request, update)
        effects += self._release_due()
        # It may pass through NEW on its way from UNTRIGGERED to OPEN (PROTOCOL 5.5).
        if update.status is not OrderStatus.NEW:
            self._untriggered = update.status is OrderStatus.UNTRIGGERED
        return effects

    def on_fill(self, fill: Fill) -> list[Effect]:
        """
        Return what a fill has to tell.

        The caller has seen to it that each fill comes here once (`FillLedger`).
        """
        if self.was_absent:
            return [_BACK]
        self.order_id = fill.order_id or self.order_id
        self._now_ns = fill.created_ns
        if self._must_wait(fill):
            self._held.append(fill)
            return [] if self.modifies else [Reconcile(f"fill {fill.fill_id} exceeds its size")]
        return self._run(Said.FILL, fill=fill)

    def on_create_denied(self, reason: str, ts_ns: int) -> list[Effect]:
        """Return what a definitive refusal of the create command has to tell."""
        self._reason = reason
        self._now_ns = ts_ns
        return self._run(Said.DENIED)

    def on_absent(self, reason: str, ts_ns: int) -> list[Effect]:
        """Return what the proof that the venue does not know the order has to tell (E6)."""
        self._reason = reason
        self._now_ns = ts_ns
        return self._run(Said.ABSENT)

    def on_fills_given_up(self, ts_ns: int) -> list[Effect]:
        """Tell a held end although fills are missing: they are not to be had (E5)."""
        if self.phase is not Phase.CLOSING or self.end is None:
            return []
        missing = minus(self.end.filled_size, self.filled)
        self._now_ns = ts_ns
        effects = self._tell_end(self.end)
        effects.append(Reconcile(f"{missing} of its fills are not to be had"))
        return effects

    # -- COMMANDS ----------------------------------------------------------------------------------

    def modify_sent(self, terms: Terms, ts_ns: int) -> "PendingModify":
        """Note that a modify request is on its way."""
        pending = PendingModify(terms, ts_ns)
        self.modifies.append(pending)
        return pending

    def modify_answered(self, pending: "PendingModify", update: OrderUpdate) -> list[Effect]:
        """Return what the answer to a modify request has to tell: final only with its result."""
        if self.order_id not in (None, update.order_id):
            return [Reconcile(f"the venue answered a modify with another order {update.order_id}")]
        if update.request is not None:
            pending.request_id = update.request.id
            if update.request.id in self._settled_requests:
                self._drop_modify(pending)
        return self.on_update(update, Source.REST) + self._release_due()

    def modify_refused(self, pending: "PendingModify", reason: str, ts_ns: int) -> list[Effect]:
        """Return what a refusal of the modify command itself has to tell."""
        if pending not in self.modifies:
            return []
        self._drop_modify(pending)
        if self.phase in (Phase.CLOSING, Phase.CLOSED):
            return []
        return [ModifyRejected(reason, ts_ns), *self._release_due()]

    def modify_applied(self, pending: "PendingModify") -> list[Effect]:
        """Return what is due once the order was seen with a request's terms."""
        self._drop_modify(pending)
        return self._release_due()

    def cancel_refused(self, reason: str, ts_ns: int) -> list[Effect]:
        """Return what a refusal of a cancel has to tell, once the order is seen to live on."""
        self.cancel_pending = False
        if self.phase in (Phase.CLOSING, Phase.CLOSED):
            return []
        return [CancelRejected(reason, ts_ns)]

    @property
    def latest_terms(self) -> Terms:
        """The terms that were asked for last, whether or not the venue has applied them."""
        return self.modifies[-1].terms if self.modifies else self.told

    @property
    def is_done(self) -> bool:
        """If nothing more is expected of the order."""
        return self.phase is Phase.CLOSED

    @property
    def was_absent(self) -> bool:
        """If it was rejected because the venue did not know it (E6): it is told no more then."""
        return self._ended_as is Said.ABSENT

    # -- STEPS -------------------------------------------------------------------------------------

    def _run(
        self, said: Said, update: OrderUpdate | None = None, fill: Fill | None = None
    ) -> list[Effect]:
        steps, phase = TRANSITIONS[self.phase, said]
        effects: list[Effect] = []
        if phase is not None:
            self.phase = phase
        for step in steps:
            effects += self._step(step, said, update, fill)
        return effects

    def _step(
        self, step: Step, said: Said, update: OrderUpdate | None, fill: Fill | None
    ) -> list[Effect]:
        match step:
            case Step.ACCEPT:
                return [Accepted(self._now_ns)]
            case Step.REJECT:
                return self._tell_rejected(said)
            case Step.TRIGGER:
                return self._tell_triggered(cast("OrderUpdate", update))
            case Step.AMEND:
                return self._tell_updated(cast("OrderUpdate", update))
            case Step.COUNT_FILL:
                return self._count(cast("Fill", fill))
            case Step.LATE_FILL:
                return self._count_late(cast("Fill", fill))
            case Step.END:
                return self._end(update)
        return self._tell_vanished()  # Step.VANISH

    def _tell_rejected(self, said: Said) -> list[Effect]:
        self._ended_as = said
        reason = self._reason or "the venue gave no reason"
        return [Rejected(reason, self._now_ns, due_post_only=POST_ONLY_REASON in reason)]

    def _tell_vanished(self) -> list[Effect]:
        held = self._release_all()
        # Fills that were held complete the order: there is nothing left to cancel.
        self._ended_as = Said.COMPLETE if held else Said.CANCELED
        return held or [Canceled(self._reason, self._now_ns)]

    def _tell_triggered(self, update: OrderUpdate) -> list[Effect]:
        if not self._untriggered or update.status is not OrderStatus.OPEN:
            return []
        if self.order_type.is_market or self.filled:
            # The framework knows no triggered state of a market order, nor one after a fill, which
            # may be told before the trigger.
            return []
        return [Triggered(self._now_ns)]

    def _tell_updated(self, update: OrderUpdate) -> list[Effect]:
        terms = self._terms(update)
        if not terms.size:
            return []  # it stands for a whole position (PROTOCOL 5.1); its holder knows how much
        if terms == self.told or terms.size <= self.filled:
            return []  # an order cannot be told to be filled by an update
        self.told = terms
        self.was_asked_for = bool(self.modifies)
        self._settle_request(update.request, applied=True)
        return [Updated(terms.size, terms.price, terms.trigger_price, self._now_ns)]

    def _count(self, fill: Fill) -> list[Effect]:
        self.filled = plus(self.filled, fill.size)
        self.cost = plus(self.cost, times(fill.size, fill.price))
        if self.filled >= self.told.size and self.phase is Phase.WORKING:
            self.phase = Phase.CLOSED
            self._ended_as = Said.COMPLETE
        return [Filled(fill)]

    def _count_late(self, fill: Fill) -> list[Effect]:
        self.filled = plus(self.filled, fill.size)
        self.cost = plus(self.cost, times(fill.size, fill.price))
        if self._ended_as is Said.CANCELED and self.filled <= self.told.size:
            effects: list[Effect] = [Filled(fill)]
            if self.filled < self.told.size:
                # A fill reopens a canceled order in the framework: close it again (P6).
                effects.append(Canceled(self._reason, self._now_ns))
            return effects
        return [Reconcile(f"fill {fill.fill_id} came after the order had ended")]

    def _end(self, update: OrderUpdate | None) -> list[Effect]:
        # CLOSING is entered with an end only, so a fill finds one here.
        self.end = end = cast("OrderUpdate", update or self.end)
        effects = self._release_all()
        missing = minus(end.filled_size, self.filled)
        if missing > 0:
            already_waiting = self.phase is Phase.CLOSING
            self.phase = Phase.CLOSING
            return effects if already_waiting else [*effects, AwaitFills(missing)]
        return effects + self._tell_end(end)

    def _tell_end(self, end: OrderUpdate) -> list[Effect]:
        said = said_by(end)
        self.phase = Phase.CLOSED
        self._ended_as = said
        self.modifies.clear()
        self.cancel_pending = False
        if said is Said.COMPLETE:
            return self._tell_cut(end)
        if said is Said.EXPIRED:
            return [Expired(end.updated_ns)]
        self._ended_as = Said.CANCELED
        return [Canceled(end.cancel_reason, end.updated_ns)]

    def _tell_cut(self, end: OrderUpdate) -> list[Effect]:
        """
        Tell the end of an order that was cut to a size whose fills were told before.

        The holder knows the old size, and can be told no new one that is filled already: an order
        without a rest would stay open for ever. What was cut off is canceled.
        """
        if self.filled >= self.told.size:
            return []
        return [Canceled(end.cancel_reason or CUT_REASON, end.updated_ns)]

    # -- HELD FILLS --------------------------------------------------------------------------------

    def _must_wait(self, fill: Fill) -> bool:
        """
        If a fill would complete the order as it was before a modify whose result is not known or
        as it would be after it, or goes beyond its size: somebody else has modified it.

        The framework takes no more than the size that it knows, and changes nothing of an order
        that is filled: the new terms have to be told first.
        """
        if self.phase is not Phase.WORKING:
            return False
        reached = total([self.filled, fill.size, *(held.size for held in self._held)])
        if reached > self.told.size:
            return True
        sizes = [self.told.size, *(pending.terms.size for pending in self.modifies)]
        return bool(self.modifies) and reached >= min(sizes)

    def _release_due(self) -> list[Effect]:
        held, self._held = self._held, []
        return [effect for fill in held for effect in self.on_fill(fill)]

    def _release_all(self) -> list[Effect]:
        held, self._held = self._held, []
        return [effect for fill in held for effect in self._count(fill)]

    # -- REQUESTS ----------------------------------------------------------------------------------

    def _on_request(self, request: RequestInfo, update: OrderUpdate) -> list[Effect]:
        if request.id in self._settled_requests:
            return []
        if request.status not in (RequestStatus.SUCCESS, RequestStatus.REJECTED):
            return []
        ours = self._settle_request(request, applied=False)
        if not ours or self.phase in (Phase.CLOSING, Phase.CLOSED):
            return []
        if request.status is RequestStatus.REJECTED:
            return [ModifyRejected(request.message or "rejected", update.updated_ns)]
        # Nothing differs from what was told, but the holder still waits for the outcome.
        told = self.told
        return [Updated(told.size, told.price, told.trigger_price, update.updated_ns)]

    def _settle_request(self, request: RequestInfo | None, *, applied: bool) -> bool:
        if request is None or request.id in self._settled_requests:
            return False
        if applied and request.status is RequestStatus.REJECTED:
            return False
        self._settled_requests[request.id] = None
        if len(self._settled_requests) > MOST_SETTLED_REQUESTS:
            del self._settled_requests[next(iter(self._settled_requests))]
        for pending in self.modifies:
            if pending.request_id == request.id:
                self._drop_modify(pending)
                return True
        # The notification may come before the answer that names the request: the oldest unnamed
        # request is the one, since the venue handles an order's requests in turn.
        for pending in self.modifies:
            if pending.request_id is None:
                pending.request_id = request.id
                self._drop_modify(pending)
                return True
        return False

    def _drop_modify(self, pending: "PendingModify") -> None:
        if pending in self.modifies:
            self.modifies.remove(pending)

    # -- READINGS ----------------------------------------------------------------------------------

    def _is_stale(self, update: OrderUpdate, source: Source) -> bool:
        last = self.last
        if last is None:
            return False
        # REST and JSON truncate to milliseconds what SBE gives in microseconds.
        ours, theirs = last.updated_ns // _NS_PER_MS, update.updated_ns // _NS_PER_MS
        if theirs != ours:
            return theirs < ours
        if source is self._last_source is Source.STREAM and update.seq != last.seq:
            return update.seq < last.seq
        # Where both have one number, as of a venue that gives none, the order's own progress tells.
        return _progress(update) < _progress(last) or _precedes_result(update, last)

    def _terms(self, update: OrderUpdate) -> Terms:
        return Terms(update.size, update.price, update.trigger_price)


class PendingModify:
    """A modify request whose outcome is not known yet."""

    __slots__ = ("request_id", "sent_ns", "terms")

    def __init__(self, terms: Terms, sent_ns: int) -> None:
        self.terms = terms
        self.sent_ns = sent_ns
        self.request_id: str | None = None


_STATUS_ORDER = {
    OrderStatus.NEW: 0,
    OrderStatus.UNTRIGGERED: 1,
    OrderStatus.OPEN: 2,
    OrderStatus.CLOSED: 3,
}


def _precedes_result(update: OrderUpdate, last: OrderUpdate) -> bool:
    """Return if an update is of before a modify that the last one tells the result of."""
    before, after = update.request, last.request
    if before is None or after is None or before.id != after.id:
        return False
    return before.status is RequestStatus.PENDING is not after.status


def _progress(update: OrderUpdate) -> tuple[int, Decimal]:
    """Return how far an order has come, to order updates of one millisecond."""
    return (_STATUS_ORDER[update.status], update.filled_size)
