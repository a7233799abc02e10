"""
Orders on their way to the venue: checked, submitted, signed, sent once, and watched (E1, E2, E6).

Only definitive evidence makes a rejection; everything else leaves the order in flight for the
watch. Several orders go in batches, each of which counts as one command at the venue; what a
batch says of an order is that order's alone (E8).
"""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import batched
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.capability import denial
from nautilus_paradex.execution.capability import strategy_setting
from nautilus_paradex.execution.capability import wire_order_type
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.following import terms_of
from nautilus_paradex.execution.inflight import InFlight
from nautilus_paradex.execution.options import OrderOptions
from nautilus_paradex.execution.options import read_order_options
from nautilus_paradex.execution.signing import OrderSigner
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.execution.triggers import Triggers
from nautilus_paradex.network.order_entry import OrderEntry
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Stp
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Outcome
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Source


READ_ONLY_REASON: Final = "the client has read-only credentials; set private_key to trade"

#: Orders in one batch: 10 by the venue's document, 50 by a page of its docs (trap 42).
_BATCH_SIZE: Final = 10
_BATCH_TOO_LARGE: Final = "BATCH_SIZE_OUT_OF_RANGE"

#: Refusals that speak of the exchange's state (E14); the last is what maintenance answers.
_STATE_CODES: Final = frozenset(
    {"SYSTEM_STATUS_CANCEL_ONLY", "SYSTEM_STATUS_POST_ONLY", "SERVICE_UNAVAILABLE"}
)
_MAINTENANCE_STATUS: Final = 503

#: Why an order is denied that was commanded and not sent when the node stopped.
STOPPED_REASON: Final = "the client was stopped before the order was sent"


class AlgoDesk(Protocol):
    """Carries out what the venue cuts into small orders itself."""

    async def submit(self, order: Order, options: OrderOptions) -> None:
        """Submit an algo order, or deny it."""


class Protection(Protocol):
    """Market-maker protection."""

    def follow_soon(self) -> None:
        """Follow its state from now on."""


class Prepared(msgspec.Struct, frozen=True):
    """An order that may be sent."""

    order: Order
    order_type: OrderType
    options: OrderOptions


class Submits:
    """
    Submits orders.

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
        Watches orders whose outcome is not known.
    entry : OrderEntry
        Sends.
    rest : ParadexRest
        Knows the venue's clock and its limits.
    timing : Timing
        Clock.
    triggers : Triggers
        Checks conditional orders.
    algos : AlgoDesk
        Takes algo orders.
    protection : Protection
        Follows market-maker protection once an order is under it.
    system_state : Callable[[], SystemState | None]
        The venue's last known state.
    on_state_refusal : Callable[[], None]
        Told when a refusal shows that the venue's state is another.
    on_time_refusal : Callable[[], None]
        Told when a refusal speaks of a signature's time: a clock may have been set.
    stp, recv_window_ms : Stp, int, optional
        Where an order's params name none.
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
        entry: OrderEntry,
        rest: ParadexRest,
        timing: Timing,
        triggers: Triggers,
        algos: AlgoDesk,
        protection: Protection,
        system_state: Callable[[], SystemState | None],
        on_state_refusal: Callable[[], None],
        on_time_refusal: Callable[[], None],
        stp: Stp | None,
        recv_window_ms: int | None,
        log: Logger,
    ) -> None:
        self._cache = cache
        self._msgbus = msgbus
        self._registry = registry
        self._follower = follower
        self._teller = teller
        self._in_flight = in_flight
        self._entry = entry
        self._rest = rest
        self._timing = timing
        self._triggers = triggers
        self._algos = algos
        self._protection = protection
        self._system_state = system_state
        self._on_state_refusal = on_state_refusal
        self._on_time_refusal = on_time_refusal
        self._stp = stp
        self._recv_window_ms = recv_window_ms
        self._log = log
        self._signer: OrderSigner | None = None
        self._batch_size = _BATCH_SIZE

    @property
    def signer(self) -> OrderSigner | None:
        """Signs orders; None while the client may only read."""
        return self._signer

    @property
    def system_state(self) -> SystemState | None:
        """The venue's last known state."""
        return self._system_state()

    def use_signer(self, signer: OrderSigner) -> None:
        """Sign with this from now on; a client that never gets one may only read."""
        self._signer = signer

    # -- SUBMIT ------------------------------------------------------------------------------------

    async def submit(self, orders: Sequence[Order], params: Mapping[str, Any] | None) -> None:
        """Submit orders, several in batches; each has its own outcome (E8)."""
        ready: list[Prepared] = []
        waiting = list(orders)
        try:
            while waiting:
                prepared = await self._prepare(waiting[0], params)
                order = waiting.pop(0)
                if prepared is None:
                    continue
                if prepared.options.algo is not None:
                    await self._algos.submit(order, prepared.options)
                else:
                    ready.append(prepared)
        except asyncio.CancelledError:
            # They would be under way for ever, as nobody else knows that they were not sent.
            for order in (*(prepared.order for prepared in ready), *waiting):
                self._teller.deny(order, STOPPED_REASON)
            raise
        if len(ready) == 1:
            await self._send(ready[0])
        else:
            size = self._batch_size
            await asyncio.gather(*(self._send_batch(batch) for batch in batched(ready, size)))

    async def _prepare(self, order: Order, params: Mapping[str, Any] | None) -> Prepared | None:
        """Return what is sent for an order; None if it is closed or was denied."""
        if order.is_closed:
            self._log.warning(f"Order {order.client_order_id} is already closed")
            return None
        try:
            options = read_order_options(params, stp=self._stp, recv_window_ms=self._recv_window_ms)
        except EncodeError as e:
            self._teller.deny(order, e.message)
            return None
        reason: str | None = READ_ONLY_REASON
        if self._signer is not None:
            reason = denial(
                order,
                self._cache.instrument(order.instrument_id),
                options,
                system_state=self._system_state(),
                manages_gtd=self._manages_gtd,
            )
        order_type = wire_order_type(order, position_linked=options.position_linked)
        if reason is None and order_type is not None:
            trigger = decimal_of(order.trigger_price) if order.has_trigger_price else None
            reason = await self._triggers.denial(
                order, order_type, trigger, at_once=options.trigger_at_once
            )
        if reason is not None or order_type is None:
            self._teller.deny(order, reason or "Paradex has no such order type")
            return None
        if options.mmp:
            self._protection.follow_soon()
        return Prepared(order, order_type, options)

    def _manages_gtd(self, strategy_id: StrategyId) -> bool:
        return strategy_setting(self._msgbus, strategy_id, "manage_gtd_expiry")

    # -- ONE ---------------------------------------------------------------------------------------

    async def _send(self, prepared: Prepared) -> None:
        tracker = self._track(prepared)
        self._teller.submitted(prepared.order)
        await self._create(prepared, tracker)

    async def _create(self, prepared: Prepared, tracker: OrderTracker) -> None:
        watch = _Watch(self._in_flight, self._rest)
        try:
            await self._rest.acquire_order_slot()
            request = self._required_signer().create(
                prepared.order, prepared.order_type, prepared.options, watch.sign([tracker])
            )
            update = await self._entry.create_order(request)
            watch.answered.add(tracker.client_id)
            self._follower.take(update, Source.REST)
        except ParadexError as e:
            self._on_failure(tracker, e)
        finally:
            # Also when this task is cancelled in mid-request: the order may be out there.
            watch.over(tracker, prepared.options.recv_window_ms)

    def _track(self, prepared: Prepared) -> OrderTracker:
        """Follow an order: known before the first byte leaves, as news may come first (trap 31)."""
        order, client_id = prepared.order, prepared.order.client_order_id.value
        # A cancel may overtake its order's submit, which passes the framework's risk engine.
        tracker = self._registry.find(client_id, "")
        if tracker is None or tracker.order_id is not None or tracker.is_done:
            tracker = self._registry.track(client_id, prepared.order_type, terms_of(order))
        tracker.order_type = prepared.order_type
        tracker.market = order.instrument_id.symbol.value
        tracker.on_behalf_of = prepared.options.on_behalf_of_account
        return tracker

    def _on_failure(self, tracker: OrderTracker, error: ParadexError) -> None:
        self.note_state(error)
        if error.outcome_unknown:
            self._log.warning(
                f"Outcome of {tracker.client_id} is unknown, asking the venue: {error}"
            )
            return
        self._log.warning(f"Order {tracker.client_id} was refused: {error}")
        effects = tracker.on_create_denied(str(error), self._timing.time_ns())
        self._follower.run(tracker, effects)

    # -- SEVERAL -----------------------------------------------------------------------------------

    async def _send_batch(self, batch: Sequence[Prepared]) -> None:
        trackers = [self._track(prepared) for prepared in batch]
        for prepared in batch:
            self._teller.submitted(prepared.order)
        await self._create_batch(batch, trackers)

    async def _create_batch(
        self, batch: Sequence[Prepared], trackers: Sequence[OrderTracker]
    ) -> None:
        watch = _Watch(self._in_flight, self._rest)
        again = False
        try:
            await self._rest.acquire_order_slot()
            signed_ms, signer = watch.sign(trackers), self._required_signer()
            outcomes = await self._entry.create_orders_batch(
                [signer.create(p.order, p.order_type, p.options, signed_ms) for p in batch]
            )
            for tracker in trackers:
                self._take_outcome(tracker, outcomes.get(tracker.client_id), watch)
        except ParadexError as e:
            # Refused as a whole and proven not to be looked at, or else unknown order by order.
            again = not e.outcome_unknown
            self._note_whole_failure(batch, e, again=again)
        finally:
            if not again:
                for prepared, tracker in zip(batch, trackers, strict=True):
                    watch.over(tracker, prepared.options.recv_window_ms)
        if again:
            await self._create_smaller(batch, trackers)

    def _take_outcome(
        self, tracker: OrderTracker, outcome: Outcome | None, watch: "_Watch"
    ) -> None:
        if isinstance(outcome, VenueError):
            self._on_failure(tracker, outcome)
        elif outcome is not None:
            watch.answered.add(tracker.client_id)
            self._follower.take(outcome, Source.REST)
        else:
            self._log.warning(f"The answer to a batch does not name {tracker.client_id}: asking")

    def _note_whole_failure(
        self, batch: Sequence[Prepared], error: ParadexError, *, again: bool
    ) -> None:
        self.note_state(error)
        if error.code == _BATCH_TOO_LARGE and len(batch) > 1:
            self._batch_size = min(self._batch_size, (len(batch) + 1) // 2)
        outcome = "they are sent one by one" if again else "asking the venue for each"
        self._log.warning(f"A batch of {len(batch)} orders failed, {outcome}: {error}")

    async def _create_smaller(
        self, batch: Sequence[Prepared], trackers: Sequence[OrderTracker]
    ) -> None:
        """Send the orders of a batch that was refused as a whole, so that each has its outcome."""
        pairs = list(zip(batch, trackers, strict=True))
        for position, (prepared, tracker) in enumerate(pairs):
            if tracker.phase is not Phase.PENDING:
                continue
            try:
                await self._create(prepared, tracker)
            except asyncio.CancelledError:
                for _, rest in pairs[position + 1 :]:
                    self._log.warning(f"Order {rest.client_id} was submitted and not sent")
                raise

    # -- INTERNAL ----------------------------------------------------------------------------------

    def note_state(self, error: ParadexError) -> None:
        """Have the exchange's state or its clock read if a refusal speaks of it."""
        if speaks_of_state(error):
            self._on_state_refusal()
        if _speaks_of_time(error):
            self._on_time_refusal()

    def _required_signer(self) -> OrderSigner:
        if self._signer is None:
            raise ParadexError("the client has no key to sign with")
        return self._signer


def speaks_of_state(error: ParadexError) -> bool:
    """If a refusal shows that the exchange's state is another (E14)."""
    return error.code in _STATE_CODES or getattr(error, "status", None) == _MAINTENANCE_STATUS


def _speaks_of_time(error: ParadexError) -> bool:
    # Which code it has is not documented (PROTOCOL 3.1).
    return "timestamp" in str(error).lower() or "recv_window" in str(error).lower()


class _Watch:
    """When orders were signed, by the venue's clock, and which of them were answered."""

    def __init__(self, in_flight: InFlight, rest: ParadexRest) -> None:
        self._in_flight = in_flight
        self._rest = rest
        self._signed_ms = rest.venue_ms
        self.answered: set[str] = set()

    def sign(self, trackers: Sequence[OrderTracker]) -> int:
        """Return the timestamp to sign with, and note it on the orders."""
        self._signed_ms = self._rest.venue_ms
        for tracker in trackers:
            tracker.signed_ms = self._signed_ms
        return self._signed_ms

    def over(self, tracker: OrderTracker, recv_window_ms: int | None) -> None:
        """Watch an order whose outcome the stream has not told yet."""
        if tracker.phase is Phase.PENDING:
            self._in_flight.watch_create(
                tracker,
                signed_ms=self._signed_ms,
                recv_window_ms=recv_window_ms,
                answered=tracker.client_id in self.answered,
            )
