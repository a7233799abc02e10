"""
Reports: what the framework asks for, read from REST (rules E9, E10).

Whatever cannot be read raises: an empty answer would be taken for an empty account (P2).
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

import msgspec
import pandas as pd
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.core.datetime import dt_to_unix_nanos
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateFillReports
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.following import order_behind
from nautilus_paradex.execution.following import order_id_behind
from nautilus_paradex.execution.names import OrderNames
from nautilus_paradex.network.lookup import look_up
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.snapshot import fill_order
from nautilus_paradex.network.unread import Unread
from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.parsing.numbers import signed_size_of
from nautilus_paradex.parsing.reports import parse_fill_report
from nautilus_paradex.parsing.reports import parse_flat_position_report
from nautilus_paradex.parsing.reports import parse_held_position_report
from nautilus_paradex.parsing.reports import parse_order_status_report
from nautilus_paradex.parsing.reports import parse_position_status_report
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.enums import PositionStatus
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.events import Position
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import plus


class AlgoFinder(Protocol):
    """Finds algo orders, which the venue keeps apart from orders."""

    async def find(self, *, client_id: str, order_id: str) -> OrderUpdate | None:
        """Return an algo order by either id; None if the order is none."""


class AlgoReports(Protocol):
    """Puts algo orders in place of their children."""

    async def in_place_of_children(
        self, updates: Iterable[OrderUpdate], market: str | None
    ) -> list[OrderUpdate]:
        """Return orders with the algo orders in place of their children."""

    def as_told(self, fill: Fill) -> Fill | None:
        """Return a fill as it is told; None while it is not decided whose it is."""

    def held_size(self, market: str) -> Decimal:
        """Return the size of the fills that are not told yet; sales are negative."""


class ReportGenerator:
    """
    Answers the framework's questions about orders, fills and positions.

    Parameters
    ----------
    account_id : AccountId
        The account of the reports.
    cache : Cache
        The framework's cache.
    clock : LiveClock
        The framework's clock.
    rest : ParadexRest
        Reads the account.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        account_id: AccountId,
        cache: Cache,
        clock: LiveClock,
        rest: ParadexRest,
        log: Logger,
    ) -> None:
        self._account_id = account_id
        self._cache = cache
        self._clock = clock
        self._rest = rest
        self._log = log
        self._unknown_markets: set[str] = set()
        self.names = OrderNames(cache)
        """Which order is reported by which client id."""
        self._algo_finder: AlgoFinder | None = None
        self._algo_reports: AlgoReports | None = None

    def use_algos(self, finder: AlgoFinder, reports: AlgoReports) -> None:
        """Report algo orders too."""
        self._algo_finder = finder
        self._algo_reports = reports

    # -- QUESTIONS ---------------------------------------------------------------------------------

    async def find(self, *, client_id: str, order_id: str) -> OrderUpdate | None:
        """Return an order by either id, or None if every place at the venue says not found."""
        if self._algo_finder is not None:
            update = await self._algo_finder.find(client_id=client_id, order_id=order_id)
            if update is not None:
                return update
        return await look_up(self._rest, client_id=client_id, order_id=order_id)

    async def updates(self, command: GenerateOrderStatusReports) -> list[OrderUpdate]:
        """Return open orders whatever `start` says, and closed ones of the time range (P8)."""
        market = _market(command.instrument_id)
        unread: Unread = {}
        updates = {o.order_id: o for o in await self._rest.open_orders(market, unread=unread)}
        if not command.open_only:
            closed = await self._rest.orders_history(
                market=market,
                start_ms=self._millis(command.start),
                end_ms=self._millis(command.end),
                unread=unread,
            )
            updates = {o.order_id: o for o in closed} | updates
        for order_id, order in unread.items():
            self._log.error(f"No report of order {order_id} in {order.market}: {order.error}")
        if self._algo_reports is not None:
            return await self._algo_reports.in_place_of_children(updates.values(), market)
        return list(updates.values())

    async def fills(self, command: GenerateFillReports) -> list[FillReport]:
        """Return the fills of the time range, ascending (P1)."""
        fills = await self._rest.fills(
            market=_market(command.instrument_id),
            start_ms=self._millis(command.start),
            end_ms=self._millis(command.end),
        )
        if self._algo_reports is not None:
            told = map(self._algo_reports.as_told, fills)
            fills = [fill for fill in told if fill is not None]
        wanted = _value(command.venue_order_id)
        reports = [
            self.fill_report(fill)
            for fill in sorted(fills, key=fill_order)
            if not wanted or order_id_behind(fill) == wanted
        ]
        return [report for report in reports if report is not None]

    async def positions(self, command: GeneratePositionStatusReports) -> list[PositionStatusReport]:
        """
        Return the open positions; a flat one for an instrument that was asked for by name.

        Of spot the venue has balances and no positions (trap 61), while the framework makes
        positions of its fills: those are reported as they are held, or its check of positions would
        take them for closed.
        """
        market = _market(command.instrument_id)
        positions = [p for p in await self._rest.positions() if market in (None, p.market)]
        reports = [report for p in positions if (report := self.position_report(p)) is not None]
        reports += self._spot_reports(command.instrument_id)
        if not reports and command.instrument_id is not None:
            instrument = self._cache.instrument(command.instrument_id)
            if instrument is not None and not isinstance(instrument, CurrencyPair):
                reports.append(self.flat_report(instrument))
        return reports

    def _millis(self, moment: pd.Timestamp | None) -> int | None:
        """Return a time of the node's clock by the venue's, UNIX milliseconds."""
        if moment is None:
            return None
        return int(dt_to_unix_nanos(moment)) // 1_000_000 + self._rest.clock_offset_ms

    def _spot_reports(self, instrument_id: InstrumentId | None) -> list[PositionStatusReport]:
        held: dict[InstrumentId, Decimal] = defaultdict(Decimal)
        for position in self._cache.positions_open(
            instrument_id=instrument_id, account_id=self._account_id
        ):
            of = position.instrument_id
            held[of] = plus(held[of], signed_size_of(position))
        now = self._clock.timestamp_ns()
        return [
            parse_held_position_report(instrument, size, self._account_id, now)
            for each, size in held.items()
            if isinstance(instrument := self._cache.instrument(each), CurrencyPair)
        ]

    # -- REPORTS -----------------------------------------------------------------------------------

    def order_report(self, update: OrderUpdate) -> OrderStatusReport | None:
        """Return an order's report; None, with a warning, if its market is not loaded (P16)."""
        instrument = self.instrument(update.market)
        if instrument is None:
            return None
        report = parse_order_status_report(
            update, instrument, self._account_id, self._clock.timestamp_ns()
        )
        return None if report is None else self._named(report, update)

    def _named(self, report: OrderStatusReport, update: OrderUpdate) -> OrderStatusReport | None:
        rejected = report.order_status == OrderStatus.REJECTED
        name = self.names.name_of(update.client_id, update.order_id, rejected=rejected)
        report.client_order_id = name
        if not rejected:
            return report
        known_as = name or self._cache.client_order_id(report.venue_order_id)
        if known_as is None:
            # The framework could not find it again: each report would make another order of it.
            self._log.info(f"Order {update.order_id} was refused: {update.cancel_reason}")
            return None
        known = self._cache.order(known_as)
        if known is not None and known.ts_accepted and known.status != OrderStatus.REJECTED:
            # What was told as accepted is not rejected any more (E4).
            report.order_status = OrderStatus.CANCELED
        return report

    def fill_report(self, fill: Fill) -> FillReport | None:
        """Return a fill's report; None, with a warning, if its market is not loaded (P16)."""
        instrument = self.instrument(fill.market)
        if instrument is None:
            return None
        fill = msgspec.structs.replace(fill, order_id=order_id_behind(fill))
        report = parse_fill_report(fill, instrument, self._account_id, self._clock.timestamp_ns())
        report.client_order_id = self.names.name_of(fill.client_id, fill.order_id)
        return report

    def order_report_behind(self, fill: Fill) -> OrderStatusReport | None:
        """Return the whole order that a fill without one stands for (E9)."""
        order = msgspec.structs.replace(
            order_behind(fill),
            status=wire.OrderStatus.CLOSED,
            remaining_size=Decimal(0),
            avg_fill_price=fill.price,
        )
        return self.order_report(order)

    def cached_report(self, order: Order, status: OrderStatus) -> OrderStatusReport:
        """Return a report of an order that says of it what the framework holds, but the status."""
        now = self._clock.timestamp_ns()
        return OrderStatusReport(
            account_id=self._account_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=order.venue_order_id,
            order_side=order.side,
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            order_status=status,
            price=order.price if order.has_price else None,
            trigger_price=order.trigger_price if order.has_trigger_price else None,
            quantity=order.quantity,
            filled_qty=order.filled_qty,
            # The framework wants one, and warns without.
            avg_px=Decimal(0) if order.avg_px is None else Decimal(str(order.avg_px)),
            post_only=order.is_post_only,
            reduce_only=order.is_reduce_only,
            report_id=UUID4(),
            ts_accepted=order.ts_accepted or order.ts_last,
            ts_last=order.ts_last,
            ts_init=now,
        )

    def position_report(self, position: Position) -> PositionStatusReport | None:
        """Return an open position's report; None for a closed row or an unloaded market."""
        if position.status is PositionStatus.CLOSED or not position.signed_size:
            return None
        instrument = self.instrument(position.market)
        if instrument is None:
            return None
        if self._algo_reports is not None:
            # A report must not speak of fills that are still held back (P3).
            held = self._algo_reports.held_size(position.market)
            if held:
                size = minus(position.signed_size, held)
                position = msgspec.structs.replace(position, signed_size=size)
                if not size:
                    return self.flat_report(instrument)
        return parse_position_status_report(
            position, instrument, self._account_id, self._clock.timestamp_ns()
        )

    def flat_report(self, instrument: Instrument) -> PositionStatusReport:
        """Return a report that says that there is no position."""
        return parse_flat_position_report(instrument, self._account_id, self._clock.timestamp_ns())

    def instrument(self, market: str) -> Instrument | None:
        """Return a market's instrument; the first time that it is missing is said aloud."""
        instrument = self._cache.instrument(instrument_id_of(market))
        if instrument is None and market not in self._unknown_markets:
            self._unknown_markets.add(market)
            self._log.warning(
                f"{market} is not loaded: its orders, fills and positions are not reported; "
                "add it to the provider's load_ids"
            )
        return instrument


def _market(instrument_id: InstrumentId | None) -> str | None:
    return None if instrument_id is None else instrument_id.symbol.value


def _value(identifier: ClientOrderId | VenueOrderId | None) -> str:
    return "" if identifier is None else identifier.value
