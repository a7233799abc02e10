"""
Order commands: denied, or submitted, signed, sent, and watched until their outcome is known.

Only definitive evidence makes a rejection (E6, E7); everything else leaves the order in flight for
the watch. A create is sent once, whatever happens.
"""

from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus
from nautilus_trader.execution.messages import BatchCancelOrders
from nautilus_trader.execution.messages import CancelAllOrders
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.cancels import Cancels
from nautilus_paradex.execution.capability import denial
from nautilus_paradex.execution.capability import manages_gtd_expiry
from nautilus_paradex.execution.capability import modify_denial
from nautilus_paradex.execution.capability import wire_order_type
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.following import terms_of
from nautilus_paradex.execution.inflight import InFlight
from nautilus_paradex.execution.signing import OrderSigner
from nautilus_paradex.execution.signing import new_terms
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Source


#: Refusals that speak of the exchange's state (E14).
_STATE_CODES: Final = frozenset({"SYSTEM_STATUS_CANCEL_ONLY", "SYSTEM_STATUS_POST_ONLY"})


class OrderCommands:
    """
    Carries out the framework's order commands.

    Parameters
    ----------
    cache : Cache
        The framework's cache.
    msgbus : MessageBus
        The framework's message bus.
    registry : OrderRegistry
        The trackers.
    follower : OrderFollower
        Takes answers.
    teller : OrderTeller
        Tells the framework.
    in_flight : InFlight
        Watches commands whose outcome is not known.
    rest : ParadexRest
        Sends.
    timing : Timing
        Clock.
    system_state : Callable[[], SystemState | None]
        The venue's last known state.
    on_state_refusal : Callable[[], None]
        Told when a refusal shows that the venue's state is another.
    recv_window_ms : int, optional
        As signed and sent.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        cache: Cache,
        msgbus: MessageBus,
        registry: OrderRegistry,
        follower: OrderFollower,
        teller: OrderTeller,
        in_flight: InFlight,
        rest: ParadexRest,
        timing: Timing,
        system_state: Callable[[], SystemState | None],
        on_state_refusal: Callable[[], None],
        recv_window_ms: int | None,
        log: Logger,
    ) -> None:
        self._cache = cache
        self._msgbus = msgbus
        self._registry = registry
        self._follower = follower
        self._teller = teller
        self._in_flight = in_flight
        self._cancels = Cancels(
            rest=rest, follower=follower, in_flight=in_flight, timing=timing, log=log
        )
        self._signer: OrderSigner | None = None
        self._rest = rest
        self._timing = timing
        self._system_state = system_state
        self._on_state_refusal = on_state_refusal
        self._recv_window_ms = recv_window_ms
        self._log = log

    def use_signer(self, signer: OrderSigner) -> None:
        """Sign with this from now on; a client that never gets one may only read."""
        self._signer = signer

    # -- SUBMIT ------------------------------------------------------------------------------------

    async def submit(self, command: SubmitOrder) -> None:
        """Submit an order."""
        order = command.order
        if self._deny_if_impossible(order):
            return
        await self._send(order)

    async def submit_list(self, command: SubmitOrderList) -> None:
        """Submit a list's orders one after the other, each with its own outcome (E8)."""
        for order in command.order_list.orders:
            if not self._deny_if_impossible(order):
                await self._send(order)

    def _deny_if_impossible(self, order: Order) -> bool:
        if order.is_closed:
            self._log.warning(f"Order {order.client_order_id} is already closed")
            return True
        reason: str | None = "the client has read-only credentials; set private_key to trade"
        if self._signer is not None:
            reason = denial(
                order,
                self._cache.instrument(order.instrument_id),
                system_state=self._system_state(),
                manages_gtd=self._manages_gtd,
            )
        if reason is None:
            return False
        self._teller.deny(order, reason)
        return True

    def _manages_gtd(self, strategy_id: StrategyId) -> bool:
        return manages_gtd_expiry(self._msgbus, strategy_id)

    async def _send(self, order: Order) -> None:
        client_id = order.client_order_id.value
        order_type = wire_order_type(order)
        if self._signer is None or order_type is None:
            raise ParadexError(f"order {client_id} was not denied")
        # Known before the first byte leaves: a notification may overtake the answer (trap 31).
        # A cancel may overtake its order's submit, which passes the framework's risk engine.
        tracker = self._registry.find(client_id, "")
        if tracker is None or tracker.order_id is not None or tracker.is_done:
            tracker = self._registry.track(client_id, order_type, terms_of(order))
        self._teller.submitted(order)
        offset_ms = self._rest.clock_offset_ms
        signed_ms = self._timing.time_ms() + offset_ms
        answered = False
        try:
            await self._rest.acquire_order_slot()
            tracker.signed_ms = signed_ms = self._timing.time_ms() + offset_ms
            request = self._signer.create(order, signed_ms)
            update = await self._rest.create_order(request)
            answered = True
            self._follower.take(update, Source.REST)
        except ParadexError as e:
            if not e.outcome_unknown:
                self._log.warning(f"Order {client_id} was refused: {e}")
                self._note_state(e)
                effects = tracker.on_create_denied(str(e), self._timing.time_ns())
                self._follower.run(tracker, effects)
                return
            self._log.warning(f"Outcome of {client_id} is unknown, asking the venue: {e}")
        finally:
            # Also when this task is cancelled in mid-request: the order may be out there.
            if tracker.phase is Phase.PENDING:
                self._in_flight.watch_create(
                    tracker,
                    signed_ms=signed_ms,
                    recv_window_ms=self._recv_window_ms,
                    clock_offset_ms=offset_ms,
                    answered=answered,
                )

    # -- MODIFY ------------------------------------------------------------------------------------

    async def modify(self, command: ModifyOrder) -> None:
        """Modify an order; final only with its request's result (E7)."""
        order = self._cache.order(command.client_order_id)
        tracker = None if order is None else self._follower.adopt_if_new(order)
        if order is None or tracker is None or tracker.is_done:
            self._teller.modify_rejected_early(command, "the order is not open")
            return
        terms = new_terms(
            tracker.told,
            quantity=_decimal(command.quantity),
            price=_decimal(command.price),
            trigger_price=_decimal(command.trigger_price),
        )
        reason = self._modify_denial(order, tracker, terms.size, terms.price, terms.trigger_price)
        if reason is not None:
            self._teller.modify_rejected_early(command, reason)
            return
        pending = tracker.modify_sent(terms, self._timing.time_ns())
        answered = False
        try:
            await self._rest.acquire_order_slot()
            timestamp_ms = self._timing.time_ms() + self._rest.clock_offset_ms
            request = self._required_signer().modify(
                order, str(tracker.order_id), terms, timestamp_ms
            )
            update = await self._rest.modify_order(request)
            answered = True
            self._follower.run(tracker, tracker.modify_answered(pending, update))
        except ParadexError as e:
            if not e.outcome_unknown:
                self._note_state(e)
                effects = tracker.modify_refused(pending, str(e), self._timing.time_ns())
                self._follower.run(tracker, effects)
                return
            self._log.warning(f"Outcome of modify {tracker.client_id} is unknown: {e}")
        finally:
            if pending in tracker.modifies:
                self._in_flight.watch_modify(tracker, pending, answered=answered)

    def _modify_denial(
        self,
        order: Order,
        tracker: OrderTracker,
        size: Decimal,
        price: Decimal | None,
        trigger: Decimal | None,
    ) -> str | None:
        if self._signer is None:
            return "the client has read-only credentials; set private_key to trade"
        if tracker.order_id is None:
            return "the venue has not acknowledged the order yet; modify it once it is accepted"
        if size <= tracker.filled:
            return f"quantity {size} is not above the filled quantity {tracker.filled}"
        instrument = self._cache.instrument(order.instrument_id)
        return modify_denial(instrument, size, price, trigger)

    # -- CANCEL ------------------------------------------------------------------------------------

    async def cancel(self, command: CancelOrder) -> None:
        """Cancel an order; final only when the venue says that it ended (E7)."""
        order = self._cache.order(command.client_order_id)
        tracker = None if order is None else self._follower.adopt_if_new(order)
        if order is None or tracker is None:
            self._teller.cancel_rejected_early(command, "the order is not known")
            return
        await self._cancels.cancel(tracker)

    async def cancel_all(self, command: CancelAllOrders) -> None:
        """
        Cancel a market's open orders of one side or both, as the command's strategy sees them.

        The venue's own cancel-all would take other strategies' and other clients' orders too.
        """
        orders = self._cache.orders_open(
            instrument_id=command.instrument_id,
            strategy_id=command.strategy_id,
            side=command.order_side or OrderSide.NO_ORDER_SIDE,
        ) + self._cache.orders_inflight(
            instrument_id=command.instrument_id,
            strategy_id=command.strategy_id,
            side=command.order_side or OrderSide.NO_ORDER_SIDE,
        )
        await self._cancel_many({order.client_order_id: order for order in orders}.values())

    async def batch_cancel(self, command: BatchCancelOrders) -> None:
        """Cancel several orders, each with its own outcome (E8)."""
        orders = []
        for cancel in command.cancels:
            order = self._cache.order(cancel.client_order_id)
            if order is None:
                self._teller.cancel_rejected_early(cancel, "the order is not known")
            else:
                orders.append(order)
        await self._cancel_many(orders)

    async def _cancel_many(self, orders: Iterable[Order]) -> None:
        trackers = [self._follower.adopt_if_new(order) for order in orders]
        await self._cancels.cancel_many(tracker for tracker in trackers if tracker is not None)

    async def send_cancel(self, tracker: OrderTracker) -> None:
        """Send a cancel; repeating it does no harm (PROTOCOL 8.4)."""
        await self._cancels.send(tracker)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _note_state(self, error: ParadexError) -> None:
        if error.code in _STATE_CODES:
            self._on_state_refusal()

    def _required_signer(self) -> OrderSigner:
        if self._signer is None:
            raise ParadexError("the client has no key to sign with")
        return self._signer


def _decimal(value: Quantity | Price | None) -> Decimal | None:
    return None if value is None else value.as_decimal()
