"""
The framework's questions at run time, answered in step with the events (rule E16).

A report that overtakes a queued event, or that speaks of fills that were not told, makes the
framework invent fills (P3, P4, P5). So fills go first, the queue is awaited, and only then a
report is returned.
"""

from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.execution.messages import GenerateOrderStatusReport
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.execution.messages import QueryOrder
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.reconciliation import Reconciler
from nautilus_paradex.execution.reports import ReportGenerator
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.orders import Phase


#: Between two tries to ask for an order of which no report can be made otherwise, seconds.
_RETRY_SECS: Final = 2.0


class OrderQueries:
    """
    Answers order queries.

    Parameters
    ----------
    cache : Cache
        The framework's cache.
    follower : OrderFollower
        Takes what the questions bring.
    reconciler : Reconciler
        Knows when the framework's queue is empty.
    reports : ReportGenerator
        Reads and builds reports.
    timing : Timing
        Sleep.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        cache: Cache,
        follower: OrderFollower,
        reconciler: Reconciler,
        reports: ReportGenerator,
        timing: Timing,
        log: Logger,
    ) -> None:
        self._cache = cache
        self._follower = follower
        self._reconciler = reconciler
        self._reports = reports
        self._timing = timing
        self._log = log

    async def order(self, command: GenerateOrderStatusReport) -> OrderStatusReport | None:
        """
        Return an order's report; None only if the venue is proven not to know it (E10).

        While the venue cannot be asked, the cached order answers for itself (P9); for one that
        has no venue order id yet there is nothing to answer, and the question waits.
        """
        client_id = "" if command.client_order_id is None else command.client_order_id.value
        order_id = "" if command.venue_order_id is None else command.venue_order_id.value
        while True:
            try:
                update = await self._reports.find(client_id=client_id, order_id=order_id)
                report = None if update is None else await self.in_step(update)
                if update is None or report is not None or not self._is_pending(update):
                    return report
            except ParadexError as e:
                self._log.warning(f"Cannot ask for order {client_id or order_id}: {e}")
            cached = self._follower.cached_order(client_id, order_id)
            if cached is not None and cached.venue_order_id is not None:
                return self._reports.cached_report(cached, cached.status)
            await self._timing.sleep(_RETRY_SECS)

    async def now(self, command: QueryOrder) -> OrderStatusReport | None:
        """Ask for an order once and tell what it says; None if there is nothing to report."""
        client_id = command.client_order_id.value
        order_id = "" if command.venue_order_id is None else command.venue_order_id.value
        try:
            update = await self._reports.find(client_id=client_id, order_id=order_id)
        except ParadexError as e:
            self._log.warning(f"Cannot ask for order {client_id}: {e}")
            return None
        if update is None:
            self._log.warning(f"Order {client_id} is not found at the venue")
            return None
        return await self.in_step(update)

    async def orders(self, command: GenerateOrderStatusReports) -> list[OrderStatusReport]:
        """
        Return orders' reports, each in step with what was told, every open order among them.

        The framework takes an open order that is missing here for rejected, and asks for it by
        name only where its strategy named a client. So while the venue cannot be asked, cached
        orders answer for themselves (P9, P10).

        Raises
        ------
        ParadexError
            If the venue cannot be asked and there is no open order to answer with.

        """
        ours = self._open_orders(command)
        try:
            updates = await self._reports.updates(command)
            listed = {update.order_id for update in updates}
            missing = [order for order in ours if order.venue_order_id.value not in listed]
            reports = [await self.in_step(update) for update in updates]
            reports += [await self._by_name(order) for order in missing]
        except ParadexError as e:
            if not ours:
                raise
            self._log.warning(f"Cannot ask for the orders, the cached ones stand: {e}")
            reports = [self._reports.cached_report(order, order.status) for order in ours]
        return [report for report in reports if report is not None]

    def _open_orders(self, command: GenerateOrderStatusReports) -> list[Order]:
        wanted = command.instrument_id
        return [
            order
            for order in self._reconciler.local_orders()
            if order.venue_order_id is not None and wanted in (None, order.instrument_id)
        ]

    async def _by_name(self, order: Order) -> OrderStatusReport | None:
        update = await self._reports.find(
            client_id=order.client_order_id.value, order_id=order.venue_order_id.value
        )
        return None if update is None else await self.in_step(update)

    async def in_step(self, update: OrderUpdate) -> OrderStatusReport | None:
        """Tell what an update says by its order's own channel, then return it as a report."""
        tracker = self._follower.tracker_of(update.client_id, update.order_id)
        if tracker is None:
            return self._reports.order_report(update)
        await self._follower.take_whole(tracker, update)
        await self._reconciler.await_queue()
        newest = self._reconciler.newest(update)
        if tracker.phase is Phase.PENDING or newest.status is wire.OrderStatus.NEW:
            return None if self._is_unreportable(update) else self._reports.order_report(newest)
        if newest.filled_size != tracker.filled or tracker.phase is Phase.CLOSING:
            order = self._follower.cached_order(update.client_id, update.order_id)
            return None if order is None else self._reports.cached_report(order, order.status)
        report = self._reports.order_report(newest)
        if report is not None:
            self._reconciler.fit_status(report)
        return report

    def _is_pending(self, update: OrderUpdate) -> bool:
        tracker = self._follower.tracker_of(update.client_id, update.order_id)
        return tracker is not None and tracker.phase is Phase.PENDING

    def _is_unreportable(self, update: OrderUpdate) -> bool:
        order: Order | None = self._follower.cached_order(update.client_id, update.order_id)
        # Its status does not say it: what was commanded early makes it PENDING_CANCEL at once.
        return order is None or not (order.ts_accepted or order.is_closed)
