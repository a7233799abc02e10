"""
Algo orders in what the framework is given of a whole account (E10).

The venue lists the children of an algo order as orders of their own. In a mass status or a report
they are put together again: one order, with its children's fills. What is not decided yet is left
out, and its market is called moving, until it is told.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.algo_reading import AlgoReader
from nautilus_paradex.execution.algos import AlgoOrders
from nautilus_paradex.execution.inflight import DEFAULT_RECV_WINDOW_MS
from nautilus_paradex.execution.own_orders import account_of
from nautilus_paradex.execution.signing import wire_side
from nautilus_paradex.network.lookup import look_up
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.network.snapshot import fill_order
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.identifiers import venue_order_id_of
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.orders.algo import NS_PER_MS
from nautilus_paradex.protocol.orders.algo import AlgoCreate
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo import answers_to
from nautilus_paradex.protocol.orders.algo import reported_update
from nautilus_paradex.protocol.orders.algo_book import AlgoBook
from nautilus_paradex.protocol.orders.algo_book import Released
from nautilus_paradex.protocol.orders.algo_book import Tied
from nautilus_paradex.protocol.orders.algo_followed import FollowedAlgo


_ORDER_FILL_TYPES: Final = frozenset({FillType.FILL, FillType.RPI})

type _Fills = dict[tuple[str, str], Fill]


class AlgoSnapshots:
    """
    Puts algo orders into account snapshots and reports.

    Parameters
    ----------
    book : AlgoBook
        What is known of algo orders.
    reader : AlgoReader
        Asks the venue for them.
    algos : AlgoOrders
        Follows them.
    account_id : AccountId
        The framework's account.
    cache : Cache
        The framework's cache.
    rest : ParadexRest
        Asks the venue for orders and fills.
    timing : Timing
        Clock.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        book: AlgoBook,
        reader: AlgoReader,
        algos: AlgoOrders,
        account_id: AccountId,
        cache: Cache,
        rest: ParadexRest,
        timing: Timing,
        log: Logger,
    ) -> None:
        self._book = book
        self._reader = reader
        self._algos = algos
        self._account_id = account_id
        self._cache = cache
        self._rest = rest
        self._timing = timing
        self._log = log
        self._foreign: set[str] = set()

    # -- RECONCILIATION ----------------------------------------------------------------------------

    async def fold(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """
        Return a snapshot with algo orders in place of their children.

        Raises
        ------
        ParadexError
            If the venue cannot be asked.

        """
        async with self._algos.lock:
            states = await self._reader.read_states()
            fills: _Fills = {fill.key: fill for fill in snapshot.fills}
            orders = dict(snapshot.orders)
            await self._meet(states, orders, fills)
            await self._take_orders(orders, fills)
            self._decide(orders, fills)
            for fill in await self._reader.missing_fills():
                fills[fill.key] = fill
            folded = self._folded(snapshot, orders, fills)
        if not self._book.is_idle:
            self._algos.wake()
        return folded

    async def _take_orders(self, orders: dict[str, OrderUpdate], fills: _Fills) -> None:
        """Note every order that may be a child, and the fills of such ones."""
        if self._book.is_idle:
            return
        for update in orders.values():
            self._take_order(update)
        await self._reader.read_children()
        for fill in list(fills.values()):
            if fill.order_id in orders or fill.fill_type not in _ORDER_FILL_TYPES:
                continue
            if self._book.is_candidate(fill.order_id) or self._book.parent_of(fill.order_id):
                continue
            if any(a.market == fill.market and a.side is fill.side for a in self._book):
                found = await look_up(self._rest, order_id=fill.order_id, market=fill.market)
                if found is not None:
                    self._take_order(found)
        for fill in fills.values():
            self._book.hold_fill(fill)

    def _take_order(self, update: OrderUpdate) -> bool:
        if self._is_told(update.order_id):
            return False
        return self._book.take_order(update, self._timing.time_ns(), is_read=True)

    def _decide(self, orders: dict[str, OrderUpdate], fills: _Fills) -> None:
        for decision in self._book.decide(self._timing.time_ns()):
            self._algos.log_decision(decision)
            if isinstance(decision, Released):
                orders[decision.update.order_id] = decision.update
            if isinstance(decision, Tied | Released):
                fills |= {fill.key: fill for fill in decision.fills}

    def _folded(
        self, snapshot: AccountSnapshot, orders: dict[str, OrderUpdate], fills: _Fills
    ) -> AccountSnapshot:
        ended: dict[str, FollowedAlgo] = {}
        for order_id in list(orders):
            parent = self._book.parent_of(order_id)
            if parent is not None:
                ended[parent.algo_id] = parent
            if parent is not None or self._book.is_candidate(order_id):
                del orders[order_id]
        told = [own for fill in fills.values() if (own := self.as_told(fill)) is not None]
        unstable = {update.market for update in self._book.candidates()}
        for algo in (*ended.values(), *self._book):
            if algo.state is None:
                continue
            orders[algo.algo_id] = self._report(algo, algo.state)
            if not algo.is_settled:
                unstable.add(algo.market)
        return msgspec.structs.replace(
            snapshot,
            orders=orders,
            fills=sorted(told, key=fill_order),
            unstable_markets=snapshot.unstable_markets | unstable,
        )

    def _report(self, algo: FollowedAlgo, state: AlgoState) -> OrderUpdate:
        if self._book.awaits_child(algo):
            state = msgspec.structs.replace(state, status=OrderStatus.OPEN)
        return reported_update(state, algo.client_id, algo.told)

    # -- ALGO ORDERS OF EARLIER RUNS, AND OF OTHERS ------------------------------------------------

    async def _meet(
        self, states: dict[str, AlgoState], orders: dict[str, OrderUpdate], fills: _Fills
    ) -> None:
        """Follow the algo orders that the framework holds, and open ones that nobody has told."""
        held = await self._held(states, orders)
        self._drop_known_children(orders, fills)
        new = {
            algo_id: state
            for algo_id, state in states.items()
            if self._book.find(algo_id=algo_id) is None
            and (algo_id in held or not state.is_closed)
            and algo_id not in self._foreign
            and not self._algos.awaits(state)
        }
        for algo_id, state in sorted(new.items(), key=lambda item: item[1].created_ns):
            order = held.get(algo_id)
            start_ms = state.created_ns // NS_PER_MS - 1_000
            children = {
                update.order_id: update
                for update in await self._rest.orders_history(
                    market=state.market, start_ms=start_ms, unread={}
                )
            }
            client_id = "" if order is None else order.client_order_id.value
            algo = self._book.follow(state, client_id, self._timing.time_ns())
            if order is None and any(
                algo.may_have(update) and self._is_told(update.order_id)
                for update in children.values()
            ):
                self._book.forget(algo)
                self._foreign.add(algo_id)
                self._log.warning(
                    f"{algo} was started elsewhere: its children are orders of their own here"
                )
                continue
            own = await self._rest.fills(market=state.market, start_ms=start_ms)
            for update in children.values():
                if self._take_order(update):
                    orders[update.order_id] = update
            fills |= {f.key: f for f in own if self._book.is_candidate(f.order_id)}
            self._adopt_children(algo, order, own)

    def _adopt_children(
        self, algo: FollowedAlgo, order: Order | None, fills: Iterable[Fill]
    ) -> None:
        """Tie the orders whose fills the framework holds under the algo order's own."""
        if order is None:
            return
        known = {trade_id.value for trade_id in order.trade_ids}
        for order_id in {fill.order_id for fill in fills if fill.fill_id in known}:
            self._book.adopt(algo, order_id)

    async def _held(
        self, states: dict[str, AlgoState], orders: dict[str, OrderUpdate]
    ) -> dict[str, Order]:
        """Return the framework's live orders that are algo orders, by the venue's id."""
        live = [
            order
            for order in (*self._cache.orders_open(), *self._cache.orders_inflight())
            if order.order_type == OrderType.MARKET
            and account_of(order) == self._account_id
            and not self._algos.was_sent(order.client_order_id.value)
            and not any(o.client_id == order.client_order_id.value for o in orders.values())
        ]
        held: dict[str, Order] = {}
        for order in {order.client_order_id: order for order in live}.values():
            market = order.instrument_id.symbol.value
            states |= await self._reader.history(market, order.ts_init)
            if order.venue_order_id is None:
                algo_id = self._answer_to(order, states, held)
            else:
                algo_id = order.venue_order_id.value
            if algo_id in states:
                held[algo_id] = order
        return held

    def _answer_to(self, order: Order, states: dict[str, AlgoState], held: dict[str, Order]) -> str:
        """Return the algo order that a create of an earlier run may have become (E6)."""
        wanted = AlgoCreate(
            market=order.instrument_id.symbol.value,
            side=wire_side(order),
            size=decimal_of(order.quantity),
            duration_ns=None,
            signed_ns=order.ts_last,
            deadline_ns=order.ts_last + DEFAULT_RECV_WINDOW_MS * NS_PER_MS,
        )
        unknown = [
            state
            for state in states.values()
            if state.algo_id not in held and self._book.find(algo_id=state.algo_id) is None
        ]
        answers = answers_to(wanted, unknown)
        return answers[0].algo_id if answers else ""

    def _drop_known_children(self, orders: dict[str, OrderUpdate], fills: _Fills) -> None:
        """
        Leave out the children of algo orders that had ended before this start.

        The framework holds their fills under the algo order's id: under their own they would count
        a second time.
        """
        holders = {
            trade_id.value: order.venue_order_id.value
            for order in self._cache.orders_closed()
            if order.order_type == OrderType.MARKET
            and order.venue_order_id is not None
            and account_of(order) == self._account_id
            for trade_id in order.trade_ids
        }
        for fill in list(fills.values()):
            holder = holders.get(fill.fill_id)
            if holder in (None, fill.order_id) or self._book.find(algo_id=holder or ""):
                continue
            del fills[fill.key]
            orders.pop(fill.order_id, None)

    def _is_told(self, order_id: str) -> bool:
        """Return if the framework holds an order under its own id."""
        return self._cache.client_order_id(venue_order_id_of(order_id)) is not None

    # -- REPORTS -----------------------------------------------------------------------------------

    def as_told(self, fill: Fill) -> Fill | None:
        """Return a fill as it is told: a child's as its algo order's; None if undecided."""
        own = self._book.take_fill(fill)
        if own is not None:
            return own
        return None if self._book.hold_fill(fill) else fill

    async def in_place_of_children(
        self, updates: Iterable[OrderUpdate], market: str | None
    ) -> list[OrderUpdate]:
        """Return orders with the algo orders that are followed in place of their children."""
        if self._book.is_idle:
            return [update for update in updates if not self._book.parent_of(update.order_id)]
        await self._algos.settle()
        kept = [update for update in updates if not self._take_order(update)]
        algos = [
            self._report(algo, algo.state)
            for algo in self._book
            if algo.state is not None and market in (None, algo.market)
        ]
        return kept + algos

    def is_followed(self, order_id: str) -> bool:
        """Return if an order is an algo order that is, or was, followed."""
        return self._book.find(algo_id=order_id) is not None

    def held_size(self, market: str) -> Decimal:
        """Return the size of a market's fills that are not told yet; sales are negative."""
        return self._book.held_size(market)
