"""
How an order's changes reach the framework: events for our orders, reports for others (rule E9).

Events are queued by the framework and reports are not, so an order is told by one of both for its
whole life here; only a reconciliation, which waits until the queue is empty, may mix them.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.execution.reports import FillReport
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.events import OrderUpdated
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.parsing.identifiers import client_order_id_of
from nautilus_paradex.parsing.identifiers import fill_id_of
from nautilus_paradex.parsing.identifiers import venue_order_id_of
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.parsing.numbers import to_money
from nautilus_paradex.parsing.numbers import to_price
from nautilus_paradex.parsing.numbers import to_quantity
from nautilus_paradex.protocol.enums import Liquidity
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import format_decimal
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import quotient
from nautilus_paradex.protocol.numbers import times
from nautilus_paradex.protocol.numbers import total
from nautilus_paradex.protocol.orders import Accepted
from nautilus_paradex.protocol.orders import Canceled
from nautilus_paradex.protocol.orders import CancelRejected
from nautilus_paradex.protocol.orders import Effect
from nautilus_paradex.protocol.orders import Expired
from nautilus_paradex.protocol.orders import Filled
from nautilus_paradex.protocol.orders import ModifyRejected
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Rejected
from nautilus_paradex.protocol.orders import Triggered
from nautilus_paradex.protocol.orders import Updated


LIQUIDITY: dict[Liquidity, LiquiditySide] = {
    Liquidity.MAKER: LiquiditySide.MAKER,
    Liquidity.TAKER: LiquiditySide.TAKER,
}


class Reports(Protocol):
    """Builds the reports of orders that are not ours."""

    def order_report(self, update: OrderUpdate) -> OrderStatusReport | None:
        """Return an order's report; None if its market is not loaded."""

    def fill_report(self, fill: Fill) -> FillReport | None:
        """Return a fill's report; None if its market is not loaded."""


class OrderTeller:
    """
    Turns effects into the framework's events and reports.

    Parameters
    ----------
    client : LiveExecutionClient
        Generates the events.
    cache : Cache
        The framework's cache.
    clock : LiveClock
        The framework's clock.
    reports : Reports
        For orders that are not ours.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        client: LiveExecutionClient,
        cache: Cache,
        clock: LiveClock,
        reports: Reports,
        log: Logger,
    ) -> None:
        self._client = client
        self._cache = cache
        self._clock = clock
        self._reports = reports
        self._log = log

    # -- COMMANDS ----------------------------------------------------------------------------------

    def deny(self, order: Order, reason: str) -> None:
        """Tell that an order was not sent."""
        self._client.generate_order_denied(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
        )

    def submitted(self, order: Order) -> None:
        """Tell that an order is about to be sent (E2)."""
        self._client.generate_order_submitted(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            ts_event=self._clock.timestamp_ns(),
        )

    def canceled_early(self, order: Order) -> None:
        """Tell that an order that was never sent has ended."""
        self._client.generate_order_canceled(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=None,
            ts_event=self._clock.timestamp_ns(),
        )

    def updated_early(
        self,
        order: Order,
        *,
        quantity: Quantity | None = None,
        price: Price | None = None,
        trigger_price: Price | None = None,
    ) -> None:
        """Tell the new terms of an order that was never sent; None leaves one as it is."""
        now = self._clock.timestamp_ns()
        self._client.send_order_event(
            OrderUpdated(
                trader_id=order.trader_id,
                strategy_id=order.strategy_id,
                instrument_id=order.instrument_id,
                client_order_id=order.client_order_id,
                venue_order_id=None,
                account_id=None,
                quantity=order.quantity if quantity is None else quantity,
                price=price,
                trigger_price=trigger_price,
                event_id=UUID4(),
                ts_event=now,
                ts_init=now,
            )
        )

    def modify_rejected_early(self, command: ModifyOrder, reason: str) -> None:
        """Tell that a modify command was not sent."""
        self._client.generate_order_modify_rejected(
            strategy_id=command.strategy_id,
            instrument_id=command.instrument_id,
            client_order_id=command.client_order_id,
            venue_order_id=command.venue_order_id,
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
        )

    def cancel_rejected_early(self, command: CancelOrder, reason: str) -> None:
        """Tell that a cancel command was not sent."""
        self._client.generate_order_cancel_rejected(
            strategy_id=command.strategy_id,
            instrument_id=command.instrument_id,
            client_order_id=command.client_order_id,
            venue_order_id=command.venue_order_id,
            reason=reason,
            ts_event=self._clock.timestamp_ns(),
        )

    # -- EFFECTS -----------------------------------------------------------------------------------

    def tell(self, tracker: OrderTracker, effect: Effect, to_come: Sequence[Fill] = ()) -> None:
        """
        Tell the framework what happened to an order.

        Parameters
        ----------
        tracker : OrderTracker
            The order.
        effect : Effect
            What happened.
        to_come : Sequence[Fill]
            Fills that the tracker has counted and that are told after this.

        """
        if tracker.external:
            self._report(tracker, effect, to_come)
            return
        order = self._cached(tracker)
        if order is None:
            self._log.error(f"{tracker} is not in the cache: {effect}")
            return
        if isinstance(effect, Filled):
            self._fill_event(order, tracker, effect.fill)
        else:
            self._event(order, tracker, effect)

    def _event(self, order: Order, tracker: OrderTracker, effect: Effect) -> None:
        ids = {
            "strategy_id": order.strategy_id,
            "instrument_id": order.instrument_id,
            "client_order_id": order.client_order_id,
        }
        venue_order_id = venue_order_id_of(tracker.order_id) if tracker.order_id else None
        client = self._client
        match effect:
            case Accepted(ts_ns):
                client.generate_order_accepted(**ids, venue_order_id=venue_order_id, ts_event=ts_ns)
            case Rejected(reason, ts_ns, due_post_only):
                client.generate_order_rejected(
                    **ids, reason=reason, ts_event=ts_ns, due_post_only=due_post_only
                )
            case Canceled(reason, ts_ns):
                if reason and reason != "USER_CANCELED":
                    self._log.warning(f"{tracker} was canceled by the venue: {reason}")
                client.generate_order_canceled(**ids, venue_order_id=venue_order_id, ts_event=ts_ns)
            case Expired(ts_ns):
                client.generate_order_expired(**ids, venue_order_id=venue_order_id, ts_event=ts_ns)
            case Triggered() if order.is_pending_cancel:
                # The framework has no way from there to triggered, and needs none.
                self._log.info(f"{tracker} triggered while it is being canceled")
            case Triggered(ts_ns):
                client.generate_order_triggered(
                    **ids, venue_order_id=venue_order_id, ts_event=ts_ns
                )
            case Updated():
                self._updated_event(order, tracker, effect)
            case ModifyRejected(reason, ts_ns):
                client.generate_order_modify_rejected(
                    **ids, venue_order_id=venue_order_id, reason=reason, ts_event=ts_ns
                )
            case CancelRejected(reason, ts_ns):
                client.generate_order_cancel_rejected(
                    **ids, venue_order_id=venue_order_id, reason=reason, ts_event=ts_ns
                )
            case _:
                self._log.error(f"{tracker}: {effect} has no event")

    def _updated_event(self, order: Order, tracker: OrderTracker, effect: Updated) -> None:
        if not tracker.was_asked_for:
            self._log.warning(f"Order {order.client_order_id} was {_venues_change(order, effect)}")
        instrument = self._cache.instrument(order.instrument_id)
        price, trigger = effect.price, effect.trigger_price
        self._client.generate_order_updated(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=venue_order_id_of(tracker.order_id or ""),
            quantity=to_quantity(effect.size, instrument),
            price=None if price is None else to_price(price, instrument),
            trigger_price=None if trigger is None else to_price(trigger, instrument),
            ts_event=effect.ts_ns,
            # It is not known yet where the acceptance is told in the same breath.
            venue_order_id_modified=self._cache.venue_order_id(order.client_order_id) is None,
        )

    def _fill_event(self, order: Order, tracker: OrderTracker, fill: Fill) -> None:
        instrument = self._cache.instrument(order.instrument_id)
        self._client.generate_order_filled(
            strategy_id=order.strategy_id,
            instrument_id=order.instrument_id,
            client_order_id=order.client_order_id,
            venue_order_id=venue_order_id_of(tracker.order_id or fill.order_id),
            venue_position_id=None,
            trade_id=fill_id_of(fill.fill_id),
            # The venue's documents contradict each other on a fill's side: the order's counts.
            order_side=order.side,
            order_type=order.order_type,
            last_qty=to_quantity(fill.size, instrument),
            last_px=to_price(fill.price, instrument),
            quote_currency=instrument.quote_currency,
            commission=to_money(fill.fee, fill.fee_currency, instrument),
            liquidity_side=LIQUIDITY[fill.liquidity],
            ts_event=fill.created_ns,
            info=fill_info(fill),
        )

    def _report(self, tracker: OrderTracker, effect: Effect, to_come: Sequence[Fill]) -> None:
        if isinstance(effect, Filled):
            fill = self._reports.fill_report(effect.fill)
            if fill is not None:
                self._client.send_fill_report(fill)
            return
        if tracker.last is None:
            self._log.error(f"{tracker}: nothing is known of it but {effect}")
            return
        report = self._reports.order_report(_as_told(tracker, tracker.last, effect, to_come))
        if report is not None:
            self._client.send_order_report(report)

    def _cached(self, tracker: OrderTracker) -> Order | None:
        known_as = client_order_id_of(tracker.client_id)
        if known_as is not None:
            order = self._cache.order(known_as)
            if order is not None:
                return order
        if tracker.order_id is None:
            return None
        client_order_id = self._cache.client_order_id(venue_order_id_of(tracker.order_id))
        return None if client_order_id is None else self._cache.order(client_order_id)


def fill_info(fill: Fill) -> dict[str, str]:
    """Return what a fill says beyond the framework's event, as strings."""
    info = {"fill_type": fill.fill_type.value}
    if fill.realized_pnl is not None:
        info["realized_pnl"] = str(fill.realized_pnl)
    if fill.realized_funding is not None:
        info["realized_funding"] = str(fill.realized_funding)
    if fill.flags:
        info["flags"] = ",".join(sorted(fill.flags))
    return info


def _venues_change(order: Order, effect: Updated) -> str:
    """Return what a change that nobody here has asked for changes, and why if that is known."""
    before = (
        ("size", decimal_of(order.quantity), effect.size),
        ("price", decimal_of(order.price) if order.has_price else None, effect.price),
        (
            "trigger price",
            decimal_of(order.trigger_price) if order.has_trigger_price else None,
            effect.trigger_price,
        ),
    )
    changes = [f"{name} {_plain(old)} -> {_plain(new)}" for name, old, new in before if old != new]
    if order.is_reduce_only and effect.size < decimal_of(order.quantity):
        why = "the venue: it is reduce-only, and follows its position"
    else:
        why = "the venue or from elsewhere"
    return f"changed by {why}: {', '.join(changes)}"


def _plain(value: Decimal | None) -> str:
    return "none" if value is None else format_decimal(value)


def _as_told(
    tracker: OrderTracker, last: OrderUpdate, effect: Effect, to_come: Sequence[Fill]
) -> OrderUpdate:
    """
    Return an order's update with the fills that were told, and no others.

    A status that speaks of more fills than were told makes the framework invent one (P3). What is
    canceled has a rest, also where the venue has cut it off before.
    """
    ended = isinstance(effect, Canceled | Expired | Rejected)
    status = last.status if ended or last.status is OrderStatus.UNTRIGGERED else OrderStatus.OPEN
    filled = minus(tracker.filled, total(fill.size for fill in to_come))
    cost = minus(tracker.cost, total(times(fill.size, fill.price) for fill in to_come))
    is_cut = isinstance(effect, Canceled) and last.size <= filled
    size = tracker.told.size if is_cut else last.size
    return msgspec.structs.replace(
        last,
        status=status,
        size=size,
        remaining_size=minus(size, filled),
        avg_fill_price=quotient(cost, filled) if filled else None,
        cancel_reason=last.cancel_reason if ended else "",
    )
