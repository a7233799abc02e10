"""Writes down what a node told of an account and what the venue did, for `history`."""

from decimal import Decimal
from typing import Any

from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.events import OrderFilled

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import RunningNode
from tests.proof.history import Event
from tests.proof.history import History
from tests.proof.history import VenueFill
from tests.proof.history import VenueOrder


def record(node: RunningNode, venue: LocalParadex, account: str) -> History:
    """Return the history of an account since the node was built."""
    queries = venue.exchange.queries
    fills = queries.fills(account)[::-1]
    balance = next((row.size for row in queries.balances(account) if row.token == "USDC"), None)
    held = node.cache.account(node.account_id)
    return History(
        events=[_event(event) for event in node.order_events],
        orders=[_order(order) for order in queries.order_history(account)],
        fills=[_fill(fill) for fill in fills],
        node_orders={
            order.venue_order_id.value: order.status_string()
            for order in node.cache.orders()
            if order.venue_order_id is not None
        },
        node_positions=_node_positions(node),
        venue_positions={
            position.market: position.size
            for position in queries.positions(account)
            if position.size
        },
        deposits=sum(
            (t.amount if t.direction == "IN" else -t.amount for t in queries.transfers(account)),
            Decimal(0),
        ),
        node_balance=held.balance_total(USDC).as_decimal(),
        venue_balance=balance or Decimal(0),
    )


def _event(event: Any) -> Event:
    venue_id = getattr(event, "venue_order_id", None)
    values: dict[str, Any] = {
        "name": type(event).__name__,
        "client_id": event.client_order_id.value,
        "venue_id": "" if venue_id is None else venue_id.value,
        "reason": str(getattr(event, "reason", None) or ""),
    }
    if isinstance(event, OrderFilled):
        values |= {
            "trade_id": event.trade_id.value,
            "quantity": event.last_qty.as_decimal(),
            "price": event.last_px.as_decimal(),
            "fee": event.commission.as_decimal(),
        }
    return Event(**values)


def _order(order: model.Order) -> VenueOrder:
    return VenueOrder(
        venue_id=order.id,
        client_id=order.client_id,
        side=order.side.value,
        size=order.size,
        remaining=order.remaining_size,
        status=order.status.value,
        reason=str(order.cancel_reason or ""),
    )


def _fill(fill: model.Fill) -> VenueFill:
    return VenueFill(
        trade_id=fill.id,
        venue_id=fill.order_id or f"{fill.fill_type}-{fill.id}",
        market=fill.market,
        side=fill.side.value,
        size=fill.size,
        price=fill.price,
        fee=round(fill.fee, USDC.precision),
        gain=fill.realized_pnl + fill.realized_funding - fill.fee,
    )


def _node_positions(node: RunningNode) -> dict[str, Decimal]:
    net: dict[str, Decimal] = {}
    for position in node.cache.positions_open(venue=None, account_id=node.account_id):
        market = position.instrument_id.symbol.value
        net[market] = net.get(market, Decimal(0)) + position.signed_decimal_qty()
    return {market: size for market, size in net.items() if size}
