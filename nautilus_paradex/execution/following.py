"""
Private state as it arrives: from the stream, from answers, from queries; each through its tracker.

Nothing here awaits. What needs the network (missing fills, an unknown fill's order) is handed to
the room as a task.
"""

from collections import deque
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.enums import OrderStatus as ModelStatus
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.capability import wire_order_type
from nautilus_paradex.execution.queued import QueuedOrders
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.snapshot import fill_order
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.identifiers import client_order_id_of
from nautilus_paradex.parsing.identifiers import venue_order_id_of
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.orders import AwaitFills
from nautilus_paradex.protocol.orders import Effect
from nautilus_paradex.protocol.orders import Filled
from nautilus_paradex.protocol.orders import FillLedger
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Reconcile
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders import Terms


#: How long the stream may take to bring the fills that an order's end speaks of (E5).
FILLS_GRACE_SECS: Final = 2.0

#: Waits between REST calls for fills that are still missing, seconds.
_FETCH_DELAYS: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)

#: How long an order's update may come after its first fill, seconds.
_UPDATE_GRACE_SECS: Final = 1.0

_NOT_SENT: Final = frozenset(
    {ModelStatus.INITIALIZED, ModelStatus.EMULATED, ModelStatus.RELEASED, ModelStatus.DENIED}
)

#: Far more than come while the account is read.
_RECENT_FILLS: Final = 2_000

#: Orders whose first status was logged; the log may name one again.
_MOST_CONFIRMED: Final = 50_000

_ORDER_FILL_TYPES: Final = frozenset({FillType.FILL, FillType.RPI})


class AlgoClaims(Protocol):
    """Knows the orders and fills that are parts of algo orders."""

    def claim_update(self, update: OrderUpdate, source: Source) -> bool:
        """Return if an order is, or may be, a child of an algo order."""

    def claim_fill(self, fill: Fill) -> bool:
        """Return if a fill is, or may be, a child's."""

    async def fetch(self, order: OrderUpdate) -> bool:
        """Fetch the fills of an algo order; False if the order is none."""


class OrderFollower:
    """
    Follows the account's orders and fills.

    Parameters
    ----------
    registry : OrderRegistry
        The trackers.
    ledger : FillLedger
        The fills that were counted.
    teller : OrderTeller
        Tells the framework.
    cache : Cache
        The framework's cache.
    rest : ParadexRest
        For what the stream did not bring.
    timing : Timing
        Clock and sleep.
    spawn : Callable
        Runs a coroutine as a task of the room.
    reconcile : Callable[[str], None]
        Asks for a reconciliation.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        registry: OrderRegistry,
        ledger: FillLedger,
        teller: OrderTeller,
        cache: Cache,
        rest: ParadexRest,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        reconcile: Callable[[str], None],
        log: Logger,
    ) -> None:
        self._registry = registry
        self._ledger = ledger
        self._teller = teller
        self._cache = cache
        self._rest = rest
        self._timing = timing
        self._spawn = spawn
        self._reconcile = reconcile
        self._log = log
        self._held: list[OrderUpdate | Fill] | None = None
        self._orphans: dict[str, list[Fill]] = {}
        self._confirmed: set[str] = set()
        self._algos: AlgoClaims | None = None
        self.on_update: Callable[[OrderTracker, OrderUpdate], None] = lambda _, __: None
        """Told of each update after it was taken."""
        self.recent_fills: deque[Fill] = deque(maxlen=_RECENT_FILLS)
        """The last fills that were told as they came."""
        self.queued = QueuedOrders(self.cached_order)

    def use_algos(self, algos: AlgoClaims) -> None:
        """Ask this first whose an order or a fill is."""
        self._algos = algos

    # -- HOLDING -----------------------------------------------------------------------------------

    @property
    def is_holding(self) -> bool:
        """If the stream's news wait for a reconciliation to finish."""
        return self._held is not None

    def hold(self) -> None:
        """Keep the stream's news back: a reconciliation is reading the account."""
        if self._held is None:
            self._held = []

    def release(self) -> None:
        """Take the news that were kept back, in the order in which they came."""
        held, self._held = self._held, None
        for news in held or []:
            self.take(news, Source.STREAM)

    # -- NEWS --------------------------------------------------------------------------------------

    def on_stream(self, news: OrderUpdate | Fill) -> None:
        """Take an order update or fill of the stream."""
        if isinstance(news, OrderUpdate):
            self._log_first(news)
        if self._held is not None:
            self._held.append(news)
        else:
            self.take(news, Source.STREAM)

    def take(self, news: OrderUpdate | Fill, source: Source) -> None:
        """Take an order update or fill, whoever says it."""
        if isinstance(news, OrderUpdate):
            self._take_update(news, source)
        else:
            self._take_fill(news)

    async def take_whole(self, tracker: OrderTracker, update: OrderUpdate) -> None:
        """Take an order as REST has it, and those of its fills that were not told."""
        # Fills up to the size that is known would end an order that somebody has enlarged, and
        # what is canceled of one that was cut is less than what was filled since.
        is_resized = update.size != tracker.told.size
        if is_resized:
            self.take(update, Source.REST)
        if update.filled_size > tracker.filled:
            await self.fetch_fills(update)
        if not is_resized:
            self.take(update, Source.REST)

    def await_fills(self, update: OrderUpdate) -> None:
        """Take an order that is ahead of its fills, and see that they come."""
        self.take(update, Source.REST)
        tracker = self.tracker_of(update.client_id, update.order_id, update.market)
        if tracker is not None and tracker.phase is Phase.WORKING:
            self._spawn(self._fetch_missing(tracker, update), f"fetch fills of {update.order_id}")

    def run(self, tracker: OrderTracker, effects: list[Effect]) -> None:
        """Carry out what a tracker returned."""
        self._registry.index(tracker)
        if effects and not tracker.external:
            self.queued.note(tracker)
        fills = [effect.fill for effect in effects if isinstance(effect, Filled)]
        for effect in effects:
            if isinstance(effect, Filled):
                fills = fills[1:]
            if isinstance(effect, AwaitFills) and tracker.end is not None:
                work = self._fetch_missing(tracker, tracker.end)
                self._spawn(work, f"fetch fills of {tracker.client_id}")
            elif isinstance(effect, Reconcile):
                self._reconcile(f"order {tracker.client_id or tracker.order_id}: {effect.reason}")
            elif not self._is_told(tracker, effect, fills):
                return

    def _is_told(self, tracker: OrderTracker, effect: Effect, to_come: Sequence[Fill]) -> bool:
        try:
            self._teller.tell(tracker, effect, to_come)
        except WireError as e:
            # A size that is finer than its instrument: a reconciliation makes the instrument fit.
            # What follows of this order must not overtake what could not be told.
            self._reconcile(f"{tracker}: {effect} cannot be told: {e}")
            return False
        return True

    def tracker_of(self, client_id: str, order_id: str, market: str = "") -> OrderTracker | None:
        """Return the tracker of an order, made from the framework's cache if need be."""
        tracker = self._registry.find(client_id, order_id, market)
        if tracker is not None:
            return tracker
        order = self.cached_order(client_id, order_id)
        if order is None or order.status in _NOT_SENT:
            return None  # what the venue speaks of is an order of others with the same client id
        return self.adopt(order) if market in ("", order.instrument_id.symbol.value) else None

    def adopt_if_new(self, order: Order) -> OrderTracker | None:
        """Return the tracker of an order that the framework holds."""
        venue_id = order.venue_order_id.value if order.venue_order_id is not None else ""
        tracker = self._registry.find(order.client_order_id.value, venue_id)
        return tracker if tracker is not None else self.adopt(order)

    def adopt(self, order: Order) -> OrderTracker | None:
        """Follow an order that the framework holds; None if the venue has no such order type."""
        venue_id = order.venue_order_id.value if order.venue_order_id is not None else None
        tracker = self._registry.find(order.client_order_id.value, venue_id or "")
        if tracker is not None and tracker.was_absent and not _is_named(order, tracker):
            tracker = None  # the order came after all, and is here by another name
        if tracker is None:
            order_type = wire_order_type(order) or wire.OrderType.LIMIT
            tracker = self._registry.track(order.client_order_id.value, order_type, terms_of(order))
            tracker.market = order.instrument_id.symbol.value
        tracker.adopt(
            order_id=venue_id,
            filled=decimal_of(order.filled_qty),
            phase=_phase_of(order),
            terms=terms_of(order),
            untriggered=_waits_for_trigger(order),
        )
        for trade_id in order.trade_ids:
            for kind in _ORDER_FILL_TYPES:
                self._ledger.add((kind, trade_id.value))
        self._registry.index(tracker)
        return tracker

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _take_update(self, update: OrderUpdate, source: Source) -> None:
        if self._algos is None or not self._algos.claim_update(update, source):
            self._track_update(update, source)
        for fill in self._orphans.pop(update.order_id, []):
            self._take_fill(fill)

    def _track_update(self, update: OrderUpdate, source: Source) -> None:
        tracker = self.tracker_of(update.client_id, update.order_id, update.market)
        if tracker is None:
            tracker = self._registry.track(
                update.client_id, update.type, _terms(update), external=True
            )
            self._log.info(f"Order {update.order_id} ({update.client_id!r}) is not ours")
        self.run(tracker, tracker.on_update(update, source))
        self.on_update(tracker, update)

    def _take_fill(self, fill: Fill) -> None:
        if fill.key in self._ledger:
            return
        if self._algos is not None and self._algos.claim_fill(fill):
            return
        tracker = self.tracker_of(fill.client_id, fill.order_id, fill.market)
        if tracker is None:
            self._keep_orphan(fill)
            return
        self._ledger.add(fill.key)
        self.recent_fills.append(fill)
        self.run(tracker, tracker.on_fill(fill))

    def _keep_orphan(self, fill: Fill) -> None:
        waiting = self._orphans.setdefault(fill.order_id, [])
        if fill in waiting:
            return
        waiting.append(fill)
        if len(waiting) == 1:
            self._spawn(self._find_order_of(fill), f"find the order of fill {fill.fill_id}")

    async def _find_order_of(self, fill: Fill) -> None:
        """Find the order of a fill that came first, or of an event that has none (E9)."""
        if fill.fill_type in _ORDER_FILL_TYPES:
            await self._timing.sleep(_UPDATE_GRACE_SECS)
        if fill.order_id not in self._orphans:
            return
        update: OrderUpdate | None = None
        if fill.order_id:
            try:
                update = await self._rest.order(fill.order_id)
            except NotFoundError:
                update = None
            except ParadexError as e:
                self._orphans.pop(fill.order_id, None)
                self._reconcile(f"cannot find the order of fill {fill.fill_id}: {e}")
                return
        fills = self._orphans.pop(fill.order_id, [])
        if update is not None:
            self._take_update(update, Source.REST)
            for each in fills:
                self._take_fill(each)
            return
        for each in fills:
            self._take_update(order_behind(each), Source.REST)
            self._take_fill(msgspec.structs.replace(each, order_id=order_id_behind(each)))

    async def _fetch_missing(self, tracker: OrderTracker, order: OrderUpdate) -> None:
        """Fetch the fills that an order speaks of and the stream did not bring (E5)."""
        await self._timing.sleep(FILLS_GRACE_SECS)
        for delay in _FETCH_DELAYS:
            await self._timing.sleep(delay)
            missing = minus((tracker.end or order).filled_size, tracker.filled)
            if tracker.is_done or missing <= 0:
                return
            self._log.warning(f"{tracker}: {missing} of its fills are missing")
            try:
                await self.fetch_fills(order)
            except ParadexError as e:
                self._log.warning(f"Cannot fetch the fills of {tracker}: {e}")
        if tracker.phase is Phase.CLOSING:
            self.run(tracker, tracker.on_fills_given_up(self._timing.time_ns()))

    async def fetch_fills(self, order: OrderUpdate) -> None:
        """Fetch an order's fills by REST and count the new ones."""
        if self._algos is not None and await self._algos.fetch(order):
            return
        start_ms = order.created_ns // 1_000_000 - 1_000
        fills = await self._rest.fills(market=order.market, start_ms=start_ms)
        for fill in sorted(fills, key=fill_order):
            if fill.order_id == order.order_id:
                self._take_fill(fill)

    def cached_order(self, client_id: str, order_id: str) -> Order | None:
        """Return an order of the framework by either of its ids."""
        known_as = client_order_id_of(client_id)
        order = None if known_as is None else self._cache.order(known_as)
        if not order_id or (order is not None and _may_be(order, order_id)):
            return order
        known_as = self._cache.client_order_id(venue_order_id_of(order_id))
        order = None if known_as is None else self._cache.order(known_as)
        return order if order is not None and _may_be(order, order_id) else None

    def _log_first(self, update: OrderUpdate) -> None:
        if update.order_id in self._confirmed:
            return
        self._confirmed.add(update.order_id)
        if len(self._confirmed) > _MOST_CONFIRMED:
            self._confirmed.clear()
        self._log.info(
            f"[ORDER] Paradex order confirmed via WS: id={update.order_id}, status={update.status}"
        )


def terms_of(order: Order) -> Terms:
    """Return the terms that the framework knows of an order."""
    price = decimal_of(order.price) if order.has_price else None
    trigger = decimal_of(order.trigger_price) if order.has_trigger_price else None
    return Terms(decimal_of(order.quantity), price, trigger)


def _terms(update: OrderUpdate) -> Terms:
    return Terms(update.size, update.price, update.trigger_price)


def _may_be(order: Order, order_id: str) -> bool:
    """If an order with the right client id is the one: a client id may have been used before."""
    if order.venue_order_id is not None:
        return bool(order.venue_order_id.value == order_id)
    return not order.is_closed  # one that was rejected is over


def _is_named(order: Order, tracker: OrderTracker) -> bool:
    return bool(order.client_order_id.value == tracker.client_id)


def _waits_for_trigger(order: Order) -> bool:
    """If an order has a trigger and was not told that it fired."""
    return order.has_trigger_price and not getattr(order, "is_triggered", order.filled_qty > 0)


def _phase_of(order: Order) -> Phase:
    if order.is_closed:
        return Phase.CLOSED
    # One that was commanded before it was accepted is open to the framework already.
    return Phase.WORKING if order.is_open and order.ts_accepted else Phase.PENDING


def order_id_behind(fill: Fill) -> str:
    """Return an order id for a fill that the venue names no order of."""
    return fill.order_id or f"{fill.fill_type}-{fill.fill_id}"


def order_behind(fill: Fill) -> OrderUpdate:
    """Return the order that a fill without one stands for: liquidation, settlement, transfer."""
    return OrderUpdate(
        order_id=order_id_behind(fill),
        account=fill.account,
        market=fill.market,
        side=fill.side,
        type=wire.OrderType.MARKET,
        instruction=Instruction.IOC,
        size=fill.size,
        remaining_size=fill.size,
        price=None,
        trigger_price=None,
        status=OrderStatus.OPEN,
        cancel_reason="",
        client_id="",
        avg_fill_price=None,
        stp="",
        flags=frozenset(),
        created_ns=fill.created_ns,
        updated_ns=fill.created_ns,
        published_ns=None,
        received_ns=None,
        signature_ns=None,
        seq=0,
    )
