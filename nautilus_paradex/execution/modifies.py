"""New terms for orders: final only with their request's own result (rule E7)."""

from decimal import Decimal
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.execution.messages import TradingCommand
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.capability import MAINTENANCE_REASON
from nautilus_paradex.execution.capability import modify_denial
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.inflight import InFlight
from nautilus_paradex.execution.signing import new_terms
from nautilus_paradex.execution.submits import READ_ONLY_REASON
from nautilus_paradex.execution.submits import Submits
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.execution.triggers import Triggers
from nautilus_paradex.network.order_entry import OrderEntry
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Terms


_NOT_OPEN: Final = "the order is not open"


class Modifies:
    """
    Modifies orders.

    Parameters
    ----------
    cache : Cache
        The framework's cache.
    follower : OrderFollower
        Takes answers.
    teller : OrderTeller
        Tells the framework.
    in_flight : InFlight
        Watches requests whose outcome is not known.
    submits : Submits
        Holds the signer.
    entry : OrderEntry
        Sends.
    rest : ParadexRest
        Knows the venue's clock and its limits.
    timing : Timing
        Clock.
    triggers : Triggers
        Checks new trigger prices.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        cache: Cache,
        follower: OrderFollower,
        teller: OrderTeller,
        in_flight: InFlight,
        submits: Submits,
        entry: OrderEntry,
        rest: ParadexRest,
        timing: Timing,
        triggers: Triggers,
        log: Logger,
    ) -> None:
        self._cache = cache
        self._follower = follower
        self._teller = teller
        self._in_flight = in_flight
        self._submits = submits
        self._entry = entry
        self._rest = rest
        self._timing = timing
        self._triggers = triggers
        self._log = log

    async def modify(self, command: ModifyOrder) -> None:
        """Modify an order as a command says."""
        order = self._cache.order(command.client_order_id)
        tracker = None if order is None else self._follower.adopt_if_new(order)
        if (
            order is None
            or tracker is None
            or (order.is_closed and not ended_since(order, command))
        ):
            self._teller.modify_rejected_early(command, _NOT_OPEN)
            return
        if tracker.is_done:
            self._say_too_late(tracker)
            return
        # What a modify under way asks for is not undone by the next one.
        terms = new_terms(
            tracker.latest_terms,
            quantity=_decimal(command.quantity),
            price=_decimal(command.price),
            trigger_price=_decimal(command.trigger_price),
        )
        reason = self._denial(order, tracker, terms)
        if reason is None and terms.trigger_price != tracker.latest_terms.trigger_price:
            reason = await self._triggers.denial(
                order, tracker.order_type, terms.trigger_price, at_once=False
            )
            if _has_ended(tracker):  # while the mark price was read
                self._say_too_late(tracker)
                return
        if reason is not None:
            self._teller.modify_rejected_early(command, reason)
            return
        await self.send(order, tracker, terms)

    def _say_too_late(self, tracker: OrderTracker) -> None:
        """Log that an order ended before it was modified: no event follows an end."""
        self._log.info(f"{tracker} is not modified any more: it has ended")

    async def send(self, order: Order, tracker: OrderTracker, terms: Terms) -> None:
        """Give an order new terms that are possible."""
        signer = self._submits.signer
        if signer is None:
            raise ParadexError("the client has no key to sign with")
        pending = tracker.modify_sent(terms, self._timing.time_ns())
        answered = False
        sent_at = self._timing.monotonic()
        try:
            await self._rest.acquire_order_slot()
            sent_at = self._timing.monotonic()
            request = signer.modify(order, tracker, terms, self._rest.venue_ms)
            update = await self._entry.modify_order(request)
            answered = True
            self._follower.run(tracker, tracker.modify_answered(pending, update))
        except ParadexError as e:
            self._submits.note_state(e)
            if not e.outcome_unknown:
                effects = tracker.modify_refused(pending, str(e), self._timing.time_ns())
                self._follower.run(tracker, effects)
                return
            self._log.warning(f"Outcome of modify {tracker.client_id} is unknown: {e}")
        finally:
            if pending in tracker.modifies:
                self._in_flight.watch_modify(tracker, pending, sent_at=sent_at, answered=answered)

    def _denial(self, order: Order, tracker: OrderTracker, terms: Terms) -> str | None:
        if self._submits.signer is None:
            return READ_ONLY_REASON
        if self._submits.system_state is SystemState.MAINTENANCE:
            # It would be unknown what became of it until the venue is back.
            return MAINTENANCE_REASON
        if tracker.order_id is None:
            return "the venue has not acknowledged the order yet; modify it once it is accepted"
        if terms.size <= tracker.filled:
            return f"quantity {terms.size} is not above the filled quantity {tracker.filled}"
        instrument = self._cache.instrument(order.instrument_id)
        return modify_denial(instrument, terms.size, terms.price, terms.trigger_price)


def _has_ended(tracker: OrderTracker) -> bool:
    return tracker.is_done


def ended_since(order: Order, command: TradingCommand) -> bool:
    """If an order that is closed was not yet so when a command for it was made."""
    return bool(0 < command.ts_init < order.last_event.ts_init)


def _decimal(value: Quantity | Price | None) -> Decimal | None:
    return None if value is None else decimal_of(value)
