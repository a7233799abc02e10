"""
Reconciliation: the whole account through the framework's own primitive, a mass status (E10).

While the account is read, the stream's news are held back; they are taken after the framework has
taken the mass status, so that nothing overtakes anything and no fill counts twice.
"""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any
from typing import Final

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.account_reports import AccountReports
from nautilus_paradex.execution.ahead import hold_back
from nautilus_paradex.execution.completion import AlgoFolder
from nautilus_paradex.execution.completion import AlgoPending
from nautilus_paradex.execution.completion import SnapshotCompletion
from nautilus_paradex.execution.ended import EndedOrders
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.following import terms_of
from nautilus_paradex.execution.mass_status import AppliedMassStatus
from nautilus_paradex.execution.own_orders import local_orders
from nautilus_paradex.execution.position_doubts import PositionDoubts
from nautilus_paradex.execution.position_doubts import outdated_markets
from nautilus_paradex.execution.report_gaps import before_its_fills
from nautilus_paradex.execution.report_gaps import says_half
from nautilus_paradex.execution.reports import ReportGenerator
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.network.snapshot import read_account
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.unread import Unread
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.orders import FillLedger
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders.lifecycle import Said
from nautilus_paradex.protocol.orders.lifecycle import said_by


#: How long queued events may take until the framework has applied them, seconds.
_QUEUE_DEADLINE_SECS: Final = 5.0

#: How long the framework may take from asking for a mass status to applying it, seconds.
_APPLY_DEADLINE_SECS: Final = 60.0
_LATER_APPLY_DEADLINE_SECS: Final = 2.0

_POLL_SECS: Final = 0.01

#: Within this time before a start the venue's lists may lag behind each other, milliseconds.
_FRESH_MS: Final = 60_000


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
        self.ended = EndedOrders(cache)
        """To be told of all orders' events."""
        self.on_read: Callable[[AccountSnapshot], object] = lambda _: None
        """Told of each reading before the framework is."""
        self.fit: Callable[[AccountSnapshot], Awaitable[None]] = _fits
        """Makes instruments fine enough for a reading."""
        self._unread: frozenset[str] = frozenset()
        self._ahead: list[OrderUpdate] = []
        self._doubts = PositionDoubts(account_id, cache, timing, log)
        self._algo_folder: AlgoFolder | None = None
        self._completion = SnapshotCompletion(account_id, cache, reports, rest)
        self._account = AccountReports(
            account_id=account_id,
            cache=cache,
            registry=registry,
            follower=follower,
            reports=reports,
            log=log,
        )

    def use_algos(self, pending: AlgoPending, folder: AlgoFolder) -> None:
        """Reconcile algo orders too."""
        self._completion.use_algos(pending, folder)
        self._algo_folder = folder

    # -- ENTRY POINTS ------------------------------------------------------------------------------

    async def run(self, start_ms: int) -> bool:
        """
        Read the account and give it to the framework.

        Parameters
        ----------
        start_ms : int
            From when fills and closed orders are read, UNIX milliseconds.

        Returns
        -------
        bool
            If all of it was given: what the venue's own lists disagree about is left out, for
            another reading.

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
        return not (snapshot.lagging or self._doubts.is_open)

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
                status.add_position_reports(self._account.positions(snapshot))
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
            deadline = (
                _APPLY_DEADLINE_SECS if self._account.is_starting else _LATER_APPLY_DEADLINE_SECS
            )
            async with self._timing.deadline(deadline):
                await self._applied.wait()
            self._account.is_starting = False
        except TimeoutError:
            self._log.warning("The framework has not applied its mass status; going on without")
        self._awaited = None
        self._follower.release()

    def on_start_over(self) -> None:
        """Take up the news that came during the framework's start, if it reconciles nothing."""
        if self._awaited is None and not self._lock.locked():
            self._account.is_starting = False
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
        for update in self._ahead:
            self._follower.await_fills(update)

    def _positions_status(self, snapshot: AccountSnapshot) -> ExecutionMassStatus:
        status = ExecutionMassStatus(**self._identity())
        fills = (*snapshot.fills, *self._follower.recent_fills)
        outdated = outdated_markets(snapshot.positions, fills)
        reports = self._account.positions(snapshot)
        status.add_position_reports(self._doubts.sift(reports, outdated))
        return status

    def _add_orders(self, status: ExecutionMassStatus, snapshot: AccountSnapshot) -> None:
        status.add_order_reports(self._account.orders(snapshot))
        status.add_fill_reports(self._account.fills(snapshot))

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
        unread = self._look_at_unread(snapshot.unread)
        read = {fill.key for fill in snapshot.fills}
        if self._algo_folder is not None:
            snapshot = await self._algo_folder.fold(snapshot)
        snapshot = await self._completion.complete(snapshot, start_ms)
        await self.fit(snapshot)
        await self._await_terms(self._tell_by_events(snapshot))
        # Answers to commands and questions went on being told meanwhile.
        await self.await_queue()
        moving = self._moved_since(read, snapshot, start_ms)
        snapshot = msgspec.structs.replace(
            snapshot, unstable_markets=snapshot.unstable_markets | moving | unread
        )
        snapshot = self._newest(self.ended.without_told(snapshot, self._follower.cached_order))
        # Of before the start there may be fills that the venue does not list any more.
        since_ms = self._rest.venue_ms - _FRESH_MS if self._account.is_starting else 0
        snapshot, self._ahead = hold_back(
            snapshot, self._follower.cached_order, since_ms * 1_000_000
        )
        return snapshot

    def _look_at_unread(self, unread: Unread) -> frozenset[str]:
        """
        Name each order that cannot be read; return the markets of those that are ours.

        The stream tells of these, and their fills are not told here: so their positions cannot be
        proved either. Raised at the first time, since the next reading may be of another opinion.
        """
        fresh = unread.keys() - self._unread
        self._unread = frozenset(unread)
        for order_id in sorted(fresh):
            order = unread[order_id]
            self._log.error(
                f"Order {order_id} {order.client_id} in {order.market} is left as it is: "
                f"{order.error}"
            )
        cached = self._follower.cached_order
        ours = {key for key, order in unread.items() if cached(order.client_id, key) is not None}
        if ours & fresh and not self._account.is_starting:
            raise unread[min(ours & fresh)].error
        return frozenset(unread[key].market for key in ours)

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
            if order is None or order.is_closed or not says_half(update, order):
                continue
            tracker = self._follower.adopt_if_new(order)
            if tracker is not None and not tracker.external:
                never_rested = said_by(update) is Said.REFUSED and not order.ts_accepted
                news = update if never_rested else before_its_fills(update)
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

    def _newest(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Let the stream stand where it knows more of an order than REST said (S7)."""
        orders = {key: self.newest(update) for key, update in snapshot.orders.items()}
        return msgspec.structs.replace(snapshot, orders=orders)

    def newest(self, update: OrderUpdate) -> OrderUpdate:
        """Return what the stream said of an order if it said it later, else what REST says."""
        tracker = self._registry.find(update.client_id, update.order_id)
        return update if tracker is None else _newer(update, tracker)

    # -- KEEPING STEP ------------------------------------------------------------------------------

    def local_orders(self) -> list[Order]:
        """Return the account's orders that are open or in flight in the framework's cache."""
        return local_orders(self._cache, self._account_id)

    def fit_status(self, report: OrderStatusReport) -> None:
        """Give a report a status that the framework can take from where its order is."""
        self._account.fit_status(report)

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


def _newer(update: OrderUpdate, tracker: OrderTracker) -> OrderUpdate:
    if tracker.last is not None and tracker.last.updated_ns > update.updated_ns + 1_000_000:
        update = tracker.last
    if update.filled_size < tracker.filled <= update.size:
        update = msgspec.structs.replace(update, remaining_size=minus(update.size, tracker.filled))
    return update
