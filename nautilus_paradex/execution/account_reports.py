"""The reports of a whole account, as the framework takes them."""

from collections.abc import Iterable

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.instruments import CurrencyPair

from nautilus_paradex.execution.completion import is_unread
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.following import order_id_behind
from nautilus_paradex.execution.own_orders import local_orders
from nautilus_paradex.execution.report_fitting import fit_status
from nautilus_paradex.execution.report_fitting import fit_time
from nautilus_paradex.execution.reports import ReportGenerator
from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.orders import OrderRegistry


class AccountReports:
    """
    Makes the reports of a reading, fitted to what the framework has.

    Parameters
    ----------
    account_id : AccountId
        The account.
    cache : Cache
        The framework's cache.
    registry : OrderRegistry
        The trackers.
    follower : OrderFollower
        Finds the framework's orders.
    reports : ReportGenerator
        Builds single reports.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        account_id: AccountId,
        cache: Cache,
        registry: OrderRegistry,
        follower: OrderFollower,
        reports: ReportGenerator,
        log: Logger,
    ) -> None:
        self._account_id = account_id
        self._cache = cache
        self._registry = registry
        self._follower = follower
        self._reports = reports
        self._log = log
        self.is_starting = True
        """Until the framework has applied its first mass status."""

    def fills(self, snapshot: AccountSnapshot) -> list[FillReport]:
        """Return the fills' reports, ascending."""
        reports = [self._reports.fill_report(fill) for fill in snapshot.fills]
        return [self._as_told(report) for report in reports if report is not None]

    def _as_told(self, report: FillReport) -> FillReport:
        name = self._cache.client_order_id(report.venue_order_id)
        order = None if name is None else self._cache.order(name)
        if order is not None:
            fit_time(report, order)
        return report

    def orders(self, snapshot: AccountSnapshot) -> list[OrderStatusReport]:
        """Return the orders' reports, in the turn of their first fills."""
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
        for order in local_orders(self._cache, self._account_id):
            if order.client_order_id in found or order.venue_order_id is None:
                continue  # one without a venue id is the in-flight watch's question (E6)
            if order.venue_order_id.value in snapshot.orders or is_unread(order, snapshot.unread):
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
            fit_status(report, order, tracker, is_starting=self.is_starting)

    def positions(self, snapshot: AccountSnapshot) -> list[PositionStatusReport]:
        """Return the positions' reports; what the venue does not name and stands still is flat."""
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


def _turns(fills: Iterable[Fill]) -> dict[str, int]:
    """Return the orders of ascending fills, numbered by their first one."""
    turns: dict[str, int] = {}
    for fill in fills:
        turns.setdefault(order_id_behind(fill), len(turns))
    return turns
