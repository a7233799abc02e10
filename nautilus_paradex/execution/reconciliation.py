"""
Reconciliation: the whole account through the framework's own primitive, a mass status (E10).

While the account is read, the stream's news are held back; they are taken after the framework has
taken the mass status, so that nothing overtakes anything and no fill counts twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.ended import EndedOrders
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.following import order_id_behind
from nautilus_paradex.execution.following import terms_of
from nautilus_paradex.execution.report_fitting import fit_status
from nautilus_paradex.execution.report_fitting import fit_time
from nautilus_paradex.execution.reports import ReportGenerator
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.network.snapshot import fill_order
from nautilus_paradex.network.snapshot import read_account
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import plus
from nautilus_paradex.protocol.orders import FillLedger
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders import Terms
from nautilus_paradex.protocol.orders.lifecycle import Said
from nautilus_paradex.protocol.orders.lifecycle import said_by


#: How long queued events may take until the framework has applied them, seconds.
_QUEUE_DEADLINE_SECS: Final = 5.0

#: How long the framework may take from asking for a mass status to applying it, seconds.
_APPLY_DEADLINE_SECS: Final = 60.0
_LATER_APPLY_DEADLINE_SECS: Final = 2.0

_POLL_SECS: Final = 0.01

#: How far the clocks of node and venue may be apart, milliseconds.
_CLOCKS_MS: Final = 10_000

_ASKED: Final = frozenset({OrderStatus.PENDING_UPDATE, OrderStatus.PENDING_CANCEL})

#: Orders whose prices the framework does not compare with those of a report.
_NOT_COMPARED: Final = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})


class AppliedMassStatus(ExecutionMassStatus):
    """
    A mass status whose orders and fills the framework has already applied.

    Beside position reports the framework replaces orders and fills by a cut-out of its own making.
    Here they are known to be whole and are in its cache, so its replacement is not taken.
    """

    def seal(self) -> None:
        """Keep orders and fills as they are from now on."""
        self.__dict__["_sealed"] = True

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("_order_reports", "_fill_reports") and self.__dict__.get("_sealed"):
            return
        super().__setattr__(name, value)


class AlgoPending(Protocol):
    """Knows the algo orders whose create has no outcome yet."""

    def is_pending(self, client_id: str) -> bool:
        """Return if an order is one."""


class AlgoFolder(Protocol):
    """Puts algo orders in place of their children."""

    async def fold(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Return a snapshot with algo orders in place of their children."""

    def is_followed(self, order_id: str) -> bool:
        """Return if an order is an algo order."""


class Reconciler:
    """
    Builds mass statuses and sees that the stream's news stay in step with them.

    Parameters
    ----------
    client_id, account_id, venue : ClientId, AccountId, Venue
        Of the mass status.
    cache : Cache
        The framework's cache.
    clock : LiveClock
        The framework's clock.
    registry : OrderRegistry
        The trackers.
    ledger : FillLedger
        The fills that were counted.
    follower : OrderFollower
        Holds the stream's news.
    reports : ReportGenerator
        Builds reports.
    rest : ParadexRest
        Reads the account.
    timing : Timing
        Clock and sleep.
    send : Callable[[ExecutionMassStatus], None]
        Gives a mass status to the framework, which applies it before the call returns.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        client_id: ClientId,
        account_id: AccountId,
        venue: Venue,
        cache: Cache,
        clock: LiveClock,
        registry: OrderRegistry,
        ledger: FillLedger,
        follower: OrderFollower,
        reports: ReportGenerator,
        rest: ParadexRest,
        timing: Timing,
        send: Callable[[ExecutionMassStatus], None],
        log: Logger,
    ) -> None:
        self._client_id = client_id
        self._account_id = account_id
        self._venue = venue
        self._cache = cache
        self._clock = clock
        self._registry = registry
        self._ledger = ledger
        self._follower = follower
        self._reports = reports
        self._rest = rest
        self._timing = timing
        self._send = send
        self._log = log
        self._lock = asyncio.Lock()
        self._awaited: UUID4 | None = None
        self._applied = asyncio.Event()
        self._has_started = False
        self.ended = EndedOrders(cache)
        """To be told of all orders' events."""
        self.on_read: Callable[[AccountSnapshot], object] = lambda _: None
        """Told of each reading before the framework is."""
        self.fit: Callable[[AccountSnapshot], Awaitable[None]] = _fits
        """Makes instruments fine enough for a reading."""
        self._algo_pending: AlgoPending | None = None
        self._algo_folder: AlgoFolder | None = None

    def use_algos(self, pending: AlgoPending, folder: AlgoFolder) -> None:
        """Reconcile algo orders too."""
        self._algo_pending = pending
        self._algo_folder = folder

    # -- ENTRY POINTS ------------------------------------------------------------------------------

    async def run(self, start_ms: int) -> None:
        """
        Read the account and give it to the framework.

        Parameters
        ----------
        start_ms : int
            From when fills and closed orders are read, UNIX milliseconds.

        """
        async with self._lock:
            self._follower.hold()
            try:
                snapshot = await self._read(start_ms)
                self.on_read(snapshot)
                self._give_orders(snapshot)
                self._send(self._positions_status(snapshot))
            finally:
                self._follower.release()

    async def mass_status(self, start_ms: int | None) -> ExecutionMassStatus:
        """
        Give the framework the account's orders and fills, and return the whole account for its
        start-up reconciliation, which then has the positions left to prove.

        The stream's news are held until the framework has applied it.
        """
        async with self._lock:
            self._follower.hold()
            try:
                snapshot = await self._read(start_ms)
                self._give_orders(snapshot)
                status = AppliedMassStatus(**self._identity())
                self._add_orders(status, snapshot)
                status.add_position_reports(self._position_reports(snapshot))
                status.seal()
            except BaseException:
                self._follower.release()
                raise
            self._applied.clear()
            self._awaited = status.id
            return status

    async def release_when_applied(self) -> None:
        """Take the held news up again once the framework has applied the mass status."""
        try:
            # After the start nobody but the caller knows if it will ever be applied.
            deadline = _LATER_APPLY_DEADLINE_SECS if self._has_started else _APPLY_DEADLINE_SECS
            async with self._timing.deadline(deadline):
                await self._applied.wait()
            self._has_started = True
        except TimeoutError:
            self._log.warning("The framework has not applied its mass status; going on without")
        self._awaited = None
        self._follower.release()

    def on_published(self, message: object) -> None:
        """Notice that the framework has applied a mass status: it publishes it afterwards."""
        if isinstance(message, ExecutionMassStatus) and message.id == self._awaited:
            self._applied.set()

    # -- GIVING ------------------------------------------------------------------------------------

    def _give_orders(self, snapshot: AccountSnapshot) -> None:
        """
        Give orders and fills, without positions.

        Beside a position report the framework takes fills for a cut-out of the position's history:
        it drops the orders from before the position was last flat, and rewrites others.
        """
        status = ExecutionMassStatus(**self._identity())
        self._add_orders(status, snapshot)
        self._send(status)
        for fill in snapshot.fills:
            self._ledger.add(fill.key)
        for update in snapshot.orders.values():
            self._follow(update.client_id, update.order_id)
        for tracker in list(self._registry.live()):
            self._follow(tracker.client_id, tracker.order_id or "")
            if tracker.phase is Phase.PENDING and not tracker.external:
                # Told as rejected just now: the framework keeps no venue id of such an order.
                self._follow(tracker.client_id, "")
        # The framework skips a report whose status and fills it knows, whatever its terms.
        for update in snapshot.orders.values():
            known = self._registry.find(update.client_id, update.order_id)
            if known is not None and known.phase is Phase.WORKING:
                self._follower.take(update, Source.REST)

    def _positions_status(self, snapshot: AccountSnapshot) -> ExecutionMassStatus:
        status = ExecutionMassStatus(**self._identity())
        status.add_position_reports(self._position_reports(snapshot))
        return status

    def _add_orders(self, status: ExecutionMassStatus, snapshot: AccountSnapshot) -> None:
        status.add_order_reports(self._order_reports(snapshot))
        fills = [self._reports.fill_report(fill) for fill in snapshot.fills]
        status.add_fill_reports([self._as_told(fill) for fill in fills if fill is not None])

    def _as_told(self, report: FillReport) -> FillReport:
        name = self._cache.client_order_id(report.venue_order_id)
        order = None if name is None else self._cache.order(name)
        if order is not None:
            fit_time(report, order)
        return report

    def _identity(self) -> dict[str, Any]:
        return {
            "client_id": self._client_id,
            "account_id": self._account_id,
            "venue": self._venue,
            "report_id": UUID4(),
            "ts_init": self._clock.timestamp_ns(),
        }

    # -- READING -----------------------------------------------------------------------------------

    async def _read(self, start_ms: int | None) -> AccountSnapshot:
        await self.await_queue()
        snapshot = await read_account(self._rest, start_ms=start_ms, log=self._log)
        read = {fill.key for fill in snapshot.fills}
        if self._algo_folder is not None:
            snapshot = await self._algo_folder.fold(snapshot)
        snapshot = await self._complete(snapshot, start_ms)
        await self.fit(snapshot)
        await self._await_terms(self._tell_by_events(snapshot))
        # Answers to commands and questions went on being told meanwhile.
        await self.await_queue()
        moving = self._moved_since(read, snapshot, start_ms)
        snapshot = msgspec.structs.replace(
            snapshot, unstable_markets=snapshot.unstable_markets | moving
        )
        return self._newest(self._without_forgotten(snapshot))

    def _without_forgotten(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Leave out the orders that the framework was told of to their end, and has purged."""
        cached = self._follower.cached_order
        forgotten = {
            order_id
            for order_id, update in snapshot.orders.items()
            if self.ended.was_told(update) and cached(update.client_id, order_id) is None
        } | {
            # What stands in for an order that the venue does not name.
            order_id
            for order_id, size in ((order_id_behind(f), f.size) for f in snapshot.fills)
            if order_id not in snapshot.orders
            and self.ended.was_filled(order_id, size)
            and cached("", order_id) is None
        }
        return msgspec.structs.replace(
            snapshot,
            orders={k: v for k, v in snapshot.orders.items() if k not in forgotten},
            fills=[fill for fill in snapshot.fills if order_id_behind(fill) not in forgotten],
        )

    def _tell_by_events(self, snapshot: AccountSnapshot) -> list[tuple[Order, OrderTracker]]:
        """
        Tell by their own channel what reports of orders would leave out; return those orders.

        One that was commanded before it was accepted would be taken for accepted already: it would
        end without the venue's id, and the next report would make another order of it. Some that
        have ended would keep their terms of before. Fills and ends are for the reports: told out
        of turn, a reduce-only fill would come before the position that it reduces.
        """
        told = []
        for update in snapshot.orders.values():
            order = self._follower.cached_order(update.client_id, update.order_id)
            if order is None or order.is_closed or not _says_half(update, order):
                continue
            tracker = self._follower.adopt_if_new(order)
            if tracker is not None and not tracker.external:
                never_rested = said_by(update) is Said.REFUSED and not order.ts_accepted
                news = update if never_rested else _before_its_fills(update)
                self._follower.take(news, Source.REST)
                told.append((order, tracker))
        return told

    async def _await_terms(self, told: list[tuple[Order, OrderTracker]]) -> None:
        """Wait until the framework has applied the terms of orders: reports would overtake them."""
        waited = 0.0
        while waited < _QUEUE_DEADLINE_SECS and any(
            order.is_open and terms_of(order) != tracker.told for order, tracker in told
        ):
            await self._timing.sleep(_POLL_SECS)
            waited += _POLL_SECS

    def _moved_since(
        self, read: set[tuple[str, str]], snapshot: AccountSnapshot, start_ms: int | None
    ) -> frozenset[str]:
        """
        Return the markets with fills that the positions, as they were read, do not have yet.

        The framework would trade the difference away with fills of its own.
        """
        start_ns = (start_ms or 0) * 1_000_000
        return frozenset(
            fill.market
            for fill in (*snapshot.fills, *self._follower.recent_fills)
            if fill.key not in read and fill.created_ns >= start_ns
        )

    async def _complete(self, snapshot: AccountSnapshot, start_ms: int | None) -> AccountSnapshot:
        """Add what orders and lone fills need and the time range did not bring (E10)."""
        orders = dict(snapshot.orders)
        fills = {fill.key: fill for fill in snapshot.fills}
        for order in self.local_orders():
            venue_id = order.venue_order_id.value if order.venue_order_id is not None else ""
            if venue_id in orders:
                continue
            named = (o for o in orders.values() if o.client_id == order.client_order_id.value)
            if not venue_id and any(named):
                continue
            if self._is_watched(order, start_ms):
                continue
            update = await self._reports.find(
                client_id=order.client_order_id.value, order_id=venue_id
            )
            if update is not None:
                await self._add(update, orders, fills)
        for fill in list(fills.values()):
            if fill.order_id and fill.order_id not in orders:
                update = await self._reports.find(client_id="", order_id=fill.order_id)
                if update is not None:
                    orders[update.order_id] = update
        told = _filled_sizes(fills.values())
        for update in list(orders.values()):
            if self._is_algo(update.order_id):
                continue  # the framework has what was filled before the time range
            if told[update.order_id] < update.filled_size:
                await self._add(update, orders, fills)
        return AccountSnapshot(
            orders=orders,
            fills=sorted(fills.values(), key=fill_order),
            positions=snapshot.positions,
            unstable_markets=snapshot.unstable_markets,
        )

    async def _add(
        self,
        update: OrderUpdate,
        orders: dict[str, OrderUpdate],
        fills: dict[tuple[str, str], Fill],
    ) -> None:
        orders[update.order_id] = update
        if not update.filled_size:
            return
        start_ms = update.created_ns // 1_000_000 - 1_000
        found = await self._rest.fills(market=update.market, start_ms=start_ms)
        told = Decimal(0)
        for fill in sorted(found, key=fill_order):
            if fill.order_id != update.order_id:
                continue
            told = plus(told, fill.size)
            if told > update.filled_size:
                break  # it was made after the order was read: the stream brings it
            fills[fill.key] = fill

    def _is_watched(self, order: Order, start_ms: int | None) -> bool:
        """Return if a watch of its own asks for an order, and this reading can say no more."""
        pending = self._algo_pending
        if pending is not None and pending.is_pending(order.client_order_id.value):
            return True
        # Of an order in flight the reading has everything since before it was sent (E6).
        return order.venue_order_id is None and self._is_within(order, start_ms)

    def _is_within(self, order: Order, start_ms: int | None) -> bool:
        """Return if an order can have come to the venue in the time range only."""
        sent_ms = order.ts_init // 1_000_000 + self._rest.clock_offset_ms
        return start_ms is not None and sent_ms >= start_ms + _CLOCKS_MS

    def _is_algo(self, order_id: str) -> bool:
        return self._algo_folder is not None and self._algo_folder.is_followed(order_id)

    def _newest(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Let the stream stand where it knows more of an order than REST said (S7)."""
        orders = {key: self.newest(update) for key, update in snapshot.orders.items()}
        return AccountSnapshot(
            orders=orders,
            fills=snapshot.fills,
            positions=snapshot.positions,
            unstable_markets=snapshot.unstable_markets,
        )

    def newest(self, update: OrderUpdate) -> OrderUpdate:
        """Return what the stream said of an order if it said it later, else what REST says."""
        tracker = self._registry.find(update.client_id, update.order_id)
        return update if tracker is None else _newer(update, tracker)

    def _order_reports(self, snapshot: AccountSnapshot) -> list[OrderStatusReport]:
        self._reports.names.share_out(snapshot.orders.values())
        reports = [
            self._reports.order_report(update)
            for update in snapshot.orders.values()
            # The framework would take a NEW order for accepted (E3); the stream tells what it is.
            if update.status is not wire.OrderStatus.NEW
        ]
        reports += [
            self._reports.order_report_behind(fill)
            for fill in snapshot.fills
            if order_id_behind(fill) not in snapshot.orders
        ]
        found = {report.client_order_id for report in reports if report is not None}
        for order in self.local_orders():
            if order.client_order_id in found or order.venue_order_id is None:
                continue  # one without a venue id is the in-flight watch's question (E6)
            if order.venue_order_id.value in snapshot.orders:
                continue
            self._log.warning(
                f"Order {order.client_order_id} is open here and unknown to the venue by every "
                "question: it is taken as canceled"
            )
            reports.append(self._reports.cached_report(order, OrderStatus.CANCELED))
        for report in reports:
            if report is not None:
                self.fit_status(report)
        # The framework goes from order to order: a position's average price and profit come out as
        # at the venue only if what was filled first comes first.
        turn = _turns(snapshot.fills)
        return sorted(
            (report for report in reports if report is not None),
            key=lambda report: turn.get(report.venue_order_id.value, len(turn)),
        )

    def fit_status(self, report: OrderStatusReport) -> None:
        """Give a report a status that the framework can take from where its order is."""
        name = "" if report.client_order_id is None else report.client_order_id.value
        order = self._follower.cached_order(name, report.venue_order_id.value)
        if order is not None:
            tracker = self._registry.find(name, report.venue_order_id.value)
            fit_status(report, order, tracker, is_starting=not self._has_started)

    def _position_reports(self, snapshot: AccountSnapshot) -> list[PositionStatusReport]:
        reports = []
        for position in snapshot.positions:
            if position.market in snapshot.unstable_markets:
                self._log.warning(f"Position in {position.market} is not reported: it is moving")
                continue
            report = self._reports.position_report(position)
            if report is not None:
                reports.append(report)
        reported = {report.instrument_id for report in reports}
        for held in self._cache.positions_open(venue=None, account_id=self._account_id):
            market = held.instrument_id.symbol.value
            instrument = self._reports.instrument(market)
            if (
                held.instrument_id in reported
                or instrument is None
                or isinstance(instrument, CurrencyPair)
                or market in snapshot.unstable_markets
            ):
                continue
            reported.add(held.instrument_id)
            reports.append(self._reports.flat_report(instrument))
        return reports

    # -- KEEPING STEP ------------------------------------------------------------------------------

    def local_orders(self) -> list[Order]:
        """Return the account's orders that are open or in flight in the framework's cache."""
        orders = self._cache.orders_open() + self._cache.orders_inflight()
        ours = [order for order in orders if account_of(order) == self._account_id]
        return list({order.client_order_id: order for order in ours}.values())

    def _follow(self, client_id: str, order_id: str) -> None:
        order = self._follower.cached_order(client_id, order_id)
        if order is not None:
            self._follower.adopt(order)

    async def await_queue(self) -> None:
        """Wait until the framework has applied every event that was told (P4)."""
        behind: list[OrderTracker] = []
        waited = 0.0
        while waited < _QUEUE_DEADLINE_SECS:
            behind = self._follower.queued.behind()
            if not behind:
                return
            await self._timing.sleep(_POLL_SECS)
            waited += _POLL_SECS
        self._follower.queued.clear()
        self._log.warning(f"The framework has not applied all events of {behind}")


async def _fits(_: AccountSnapshot) -> None:
    """Stand in until somebody can load instruments."""


def _says_half(update: OrderUpdate, order: Order) -> bool:
    """Return if the framework does not take all that an order's report says."""
    if update.status is wire.OrderStatus.NEW:
        return False
    if order.status in _ASKED and not order.ts_accepted:
        return True
    if update.status is not wire.OrderStatus.CLOSED or order.order_type not in _NOT_COMPARED:
        return False
    return Terms(update.size, update.price, update.trigger_price) != terms_of(order)


def _before_its_fills(update: OrderUpdate) -> OrderUpdate:
    """Return an order with its terms as it rested, before fills, trigger and end."""
    status = update.status
    if status is wire.OrderStatus.CLOSED:
        waited = update.trigger_price is not None
        status = wire.OrderStatus.UNTRIGGERED if waited else wire.OrderStatus.OPEN
    return msgspec.structs.replace(
        update, status=status, remaining_size=update.size, avg_fill_price=None, cancel_reason=""
    )


def account_of(order: Order) -> AccountId | None:
    """Return whose order it is: of external ones the framework notes it in their events only."""
    if order.account_id is not None:
        return order.account_id
    return next((event.account_id for event in order.events if event.account_id is not None), None)


def _turns(fills: Iterable[Fill]) -> dict[str, int]:
    """Return the orders of ascending fills, numbered by their first one."""
    turns: dict[str, int] = {}
    for fill in fills:
        turns.setdefault(order_id_behind(fill), len(turns))
    return turns


def _filled_sizes(fills: Iterable[Fill]) -> defaultdict[str, Decimal]:
    sizes: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        sizes[fill.order_id] = plus(sizes[fill.order_id], fill.size)
    return sizes


def _newer(update: OrderUpdate, tracker: OrderTracker) -> OrderUpdate:
    if tracker.last is not None and tracker.last.updated_ns > update.updated_ns + 1_000_000:
        update = tracker.last
    if update.filled_size < tracker.filled <= update.size:
        update = msgspec.structs.replace(update, remaining_size=minus(update.size, tracker.filled))
    return update
