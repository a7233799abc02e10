"""
Orders that depend on each other: brackets, one-cancels-other, one-updates-other.

Paradex knows no attached orders, so their relation is kept here, by the framework's own rules: the
children of an entry (OTO) wait with us until it fills and have the size of what it has filled;
siblings (OCO, OUO) end or shrink with each other. Nothing is remembered that the framework's cache
does not hold: what is due follows from the orders as they are, after each event and after each
reconciliation, so a fill that came while the connection was down finds its children too.

Position-linked kinds are also cut and canceled by the venue itself; both ways lead to one end.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final
from weakref import WeakValueDictionary

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.enums import ContingencyType
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderAccepted
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.cancels import Cancels
from nautilus_paradex.execution.capability import strategy_setting
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.modifies import Modifies
from nautilus_paradex.execution.signing import new_terms
from nautilus_paradex.execution.submits import Submits
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.orders import Phase


_SIBLINGS: Final = frozenset({ContingencyType.OCO, ContingencyType.OUO})
_NEVER_WORKED: Final = frozenset({OrderStatus.REJECTED, OrderStatus.DENIED})

#: How often, and how long, to look if the framework has applied a queued event, seconds.
_POLL_SECS: Final = 0.002
_APPLY_DEADLINE_SECS: Final = 5.0


class Contingencies:
    """
    Keeps orders that depend on each other in step.

    Parameters
    ----------
    client_id : ClientId
        The client whose orders they are.
    cache : Cache
        The framework's cache.
    msgbus : MessageBus
        The framework's message bus.
    submits, modifies, cancels : Submits, Modifies, Cancels
        Send what is due.
    follower : OrderFollower
        Knows the orders at the venue.
    teller : OrderTeller
        Tells what becomes of an order that was never sent.
    timing : Timing
        Sleep.
    spawn : Callable
        Runs a coroutine as a task of the room.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        client_id: ClientId,
        cache: Cache,
        msgbus: MessageBus,
        submits: Submits,
        modifies: Modifies,
        cancels: Cancels,
        follower: OrderFollower,
        teller: OrderTeller,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        log: Logger,
    ) -> None:
        self._client_id = client_id
        self._cache = cache
        self._msgbus = msgbus
        self._submits = submits
        self._modifies = modifies
        self._cancels = cancels
        self._follower = follower
        self._teller = teller
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._params: dict[ClientOrderId, Mapping[str, Any] | None] = {}
        self._released: set[ClientOrderId] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # -- COMMANDS ----------------------------------------------------------------------------------

    def hold(self, orders: Sequence[Order], params: Mapping[str, Any] | None) -> list[Order]:
        """Keep back the orders whose entry has not filled; return those that are due now."""
        due = []
        for order in orders:
            parent = self._parent(order)
            if parent is None or parent.filled_qty > 0:
                due.append(order)
                continue
            self._params[order.client_order_id] = params
            self._log.info(f"{order.client_order_id} is held until {parent.client_order_id} fills")
            if parent.is_closed:
                self._wake(parent)
        return due

    def is_held(self, order: Order) -> bool:
        """If an order waits with us for its entry to fill."""
        return (
            order.status == OrderStatus.INITIALIZED
            and order.client_order_id not in self._released
            and self._parent(order) is not None
        )

    # -- EVENTS ------------------------------------------------------------------------------------

    def on_event(self, event: OrderEvent) -> None:
        """Take an order's event from the framework's bus: an order may be due now."""
        order = self._cache.order(event.client_order_id)
        if order is None or order.contingency_type == ContingencyType.NO_CONTINGENCY:
            return
        if order.is_closed:
            self._released.discard(order.client_order_id)
        self._wake(order)
        if isinstance(event, OrderAccepted):
            # What its entry and its siblings did while it was on its way.
            parent = self._parent(order)
            for other in (*self._linked(order), *(() if parent is None else (parent,))):
                self._wake(other)

    def sweep(self) -> None:
        """Look at all lists: a reconciliation may have changed any of them."""
        for order_list in self._cache.order_lists():
            orders = [self._cache.order(order.client_order_id) for order in order_list.orders]
            living = [order for order in orders if order is not None]
            if all(order.is_closed for order in living):
                continue
            for order in living:
                self._wake(order)

    def _wake(self, order: Order) -> None:
        if self._cache.client_id(order.client_order_id) not in (None, self._client_id):
            return
        if order.is_closed or order.filled_qty > 0:
            self._spawn(self._settle(order), f"contingencies of {order.client_order_id}")

    async def _settle(self, order: Order) -> None:
        # One list at a time: what is due is read from the orders as they are then.
        key = str(order.order_list_id or order.client_order_id)
        lock = self._locks.get(key) or self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            if order.contingency_type == ContingencyType.OTO:
                await self._settle_children(order)
            elif order.contingency_type in _SIBLINGS:
                await self._settle_siblings(order)

    # -- CHILDREN ----------------------------------------------------------------------------------

    async def _settle_children(self, parent: Order) -> None:
        children = list(self._linked(parent))
        held = [child for child in children if self.is_held(child)]
        if parent.filled_qty > 0:
            await self._release(parent, held)
            for child in children:
                if child not in held:
                    await self._grow(parent, child)
        elif parent.is_closed:
            for child in held:
                self.drop(child, f"its entry {parent.client_order_id} ended unfilled")

    async def _release(self, parent: Order, held: Sequence[Order]) -> None:
        """Send the children of an entry that has filled, in the size of what has filled."""
        for child in held:
            self._released.add(child.client_order_id)
            if child.quantity > parent.filled_qty:
                self._teller.updated_early(child, quantity=parent.filled_qty)
        await self._await_applied(held, parent)
        by_params: dict[int, list[Order]] = {}
        for child in held:
            by_params.setdefault(id(self._params.get(child.client_order_id)), []).append(child)
        for group in by_params.values():
            params = self._params.pop(group[0].client_order_id, None)
            await self._submits.submit(group, params)
        for child in held:
            self._params.pop(child.client_order_id, None)

    async def _await_applied(self, held: Sequence[Order], parent: Order) -> None:
        """Wait until the framework has applied the children's sizes, which are sent as they are."""
        waited = 0.0
        while waited < _APPLY_DEADLINE_SECS:
            if all(child.quantity <= parent.filled_qty or child.is_closed for child in held):
                return
            await self._timing.sleep(_POLL_SECS)
            waited += _POLL_SECS
        self._log.warning(f"The framework has not applied the sizes of {parent.linked_order_ids}")

    async def _grow(self, parent: Order, child: Order) -> None:
        """Let a child that is at the venue follow its entry's further fills."""
        if child.is_closed or self._siblings_filled(child) or self._is_managed(child):
            return
        if child.quantity < parent.filled_qty:
            await self._resize(child, parent.filled_qty)

    def _siblings_filled(self, child: Order) -> bool:
        return any(sibling.filled_qty > 0 for sibling in self._linked(child))

    # -- SIBLINGS ----------------------------------------------------------------------------------

    async def _settle_siblings(self, order: Order) -> None:
        if self._is_managed(order):
            return
        living = [sibling for sibling in self._linked(order) if not sibling.is_closed]
        if order.status in _NEVER_WORKED and not order.filled_qty > 0:
            for sibling in living:
                self._log.error(
                    f"{order.client_order_id} never worked; {sibling.client_order_id} goes on alone"
                )
            return
        for sibling in living:
            if order.is_closed or order.contingency_type == ContingencyType.OCO:
                await self._end(sibling, order)
            elif sibling.leaves_qty > order.leaves_qty and not self.is_held(sibling):
                await self._resize(sibling, sibling.filled_qty + order.leaves_qty)

    async def _end(self, sibling: Order, order: Order) -> None:
        if self.is_held(sibling):
            self.drop(sibling, f"{order.client_order_id} ended")
            return
        tracker = self._follower.adopt_if_new(sibling)
        if tracker is None or tracker.is_done or tracker.cancel_pending:
            return
        self._log.info(
            f"Canceling {sibling.client_order_id}: {order.client_order_id} took its place"
        )
        await self._cancels.cancel(tracker)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def drop(self, order: Order, reason: str) -> None:
        """End an order that was never sent."""
        self._released.add(order.client_order_id)
        self._params.pop(order.client_order_id, None)
        self._log.info(f"{order.client_order_id} is canceled unsent: {reason}")
        self._teller.canceled_early(order)

    async def _resize(self, order: Order, quantity: Any) -> None:
        tracker = self._follower.adopt_if_new(order)
        if tracker is None or tracker.phase is not Phase.WORKING or tracker.order_id is None:
            return
        terms = new_terms(
            tracker.latest_terms, quantity=decimal_of(quantity), price=None, trigger_price=None
        )
        if terms != tracker.latest_terms and terms.size > tracker.filled:
            await self._modifies.send(order, tracker, terms)

    def _parent(self, order: Order) -> Order | None:
        if order.parent_order_id is None:
            return None
        parent = self._cache.order(order.parent_order_id)
        if parent is None or parent.contingency_type != ContingencyType.OTO:
            return None
        return parent

    def _linked(self, order: Order) -> Iterable[Order]:
        for client_order_id in order.linked_order_ids or ():
            linked = self._cache.order(client_order_id)
            if linked is not None and linked is not order:
                yield linked

    def _is_managed(self, order: Order) -> bool:
        """If the strategy keeps siblings in step itself."""
        return strategy_setting(self._msgbus, order.strategy_id, "manage_contingent_orders")
