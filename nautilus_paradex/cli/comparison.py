"""A node's orders, fills, positions and balance beside the venue's own."""

from decimal import Decimal
from typing import Any

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Currency

from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.protocol import enums as wire


class Row(msgspec.Struct, frozen=True):
    """One thing, as the node and as the venue have it."""

    kind: str
    name: str
    node: str
    venue: str

    @property
    def equal(self) -> bool:
        """If both have the same."""
        return self.node == self.venue


_ENDS = {
    OrderStatus.FILLED: "closed",
    OrderStatus.CANCELED: "closed",
    OrderStatus.REJECTED: "closed",
    OrderStatus.EXPIRED: "closed",
}


async def compare(
    cache: Cache,
    account_id: AccountId,
    rest: ParadexRest,
    *,
    start_ms: int,
    instrument_id: InstrumentId,
) -> list[Row]:
    """
    Return every order, fill, position and balance of both sides.

    Parameters
    ----------
    start_ms : int
        When the session began, UNIX milliseconds of the venue.

    """
    market = instrument_id.symbol.value
    rows = _order_rows(
        cache,
        {
            order.order_id: order
            for order in [
                *await rest.orders_history(market=market, start_ms=start_ms),
                *await rest.open_orders(market),
            ]
        },
    )
    rows += _fill_rows(cache, await rest.fills(market=market, start_ms=start_ms))
    rows += _position_rows(cache, await rest.positions(), market)
    rows += _balance_rows(cache, account_id, await rest.balances())
    return rows


def _order_rows(cache: Cache, venue: dict[str, Any]) -> list[Row]:
    node = {}
    for order in cache.orders():
        if order.venue_order_id is None:
            continue  # denied, or refused before the venue gave it an id
        state = _ENDS.get(order.status, "open")
        node[order.venue_order_id.value] = (
            f"{order.side_string()} {_text(order.quantity)} "
            f"filled {_text(order.filled_qty)} {state}"
        )
    rejected = {
        order.client_order_id.value
        for order in cache.orders()
        if order.status == OrderStatus.REJECTED and order.venue_order_id is None
    }
    theirs = {}
    for key, order in venue.items():
        if order.client_id in rejected and not order.filled_size:
            continue  # rejected on both sides; the framework keeps no venue id of a rejection
        state = "closed" if order.status is wire.OrderStatus.CLOSED else "open"
        theirs[key] = f"{order.side} {_text(order.size)} filled {_text(order.filled_size)} {state}"
    return _joined("order", node, theirs)


def _fill_rows(cache: Cache, venue: list[Any]) -> list[Row]:
    node = {}
    for order in cache.orders():
        for event in order.events:
            if isinstance(event, OrderFilled):
                node[event.trade_id.value] = (
                    f"{_text(event.last_qty)} @ {_text(event.last_px)} "
                    f"fee {_text(event.commission)} {event.commission.currency}"
                )
    theirs = {
        fill.fill_id: f"{_text(fill.size)} @ {_text(fill.price)} "
        f"fee {_text(fill.fee)} {fill.fee_currency}"
        for fill in venue
    }
    return _joined("fill", node, theirs)


def _position_rows(cache: Cache, venue: list[Any], market: str) -> list[Row]:
    node = {market: Decimal(0)}
    for position in cache.positions():
        symbol = position.instrument_id.symbol.value
        node[symbol] = node.get(symbol, Decimal(0)) + position.signed_decimal_qty()
    theirs = {market: Decimal(0)} | {p.market: p.signed_size for p in venue}
    return _joined(
        "position",
        {key: _text(value) for key, value in node.items() if value or key == market},
        {key: _text(value) for key, value in theirs.items() if value or key == market},
    )


def _balance_rows(cache: Cache, account_id: AccountId, venue: list[Any]) -> list[Row]:
    account = cache.account(account_id)
    rows = []
    for balance in venue:
        total = account.balance_total(Currency.from_str(balance.token)) if account else None
        precision = Currency.from_str(balance.token).precision
        theirs = round(Decimal(balance.size), precision)
        rows.append(
            Row("balance", balance.token, "none" if total is None else _text(total), _text(theirs))
        )
    return rows


def _joined(kind: str, node: dict[str, str], venue: dict[str, str]) -> list[Row]:
    return [
        Row(kind, key, node.get(key, "none"), venue.get(key, "none"))
        for key in sorted(node.keys() | venue.keys())
    ]


def _text(value: Any) -> str:
    number = value if isinstance(value, Decimal) else value.as_decimal()
    return format(number.normalize(), "f")
