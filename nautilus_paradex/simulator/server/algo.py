"""TWAP orders: a large market order cut into small ones over time (PROTOCOL 4.2)."""

from decimal import ROUND_DOWN
from decimal import Decimal
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server.auth import Principal
from nautilus_paradex.simulator.server.order_entry import Body
from nautilus_paradex.simulator.server.order_entry import OrderEntry
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import engine_refusals
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.refusals import missing
from nautilus_paradex.simulator.server.venue import Venue
from nautilus_paradex.simulator.server.wire_json import amount
from nautilus_paradex.simulator.server.wire_json import text


_SHORTEST_S: Final = 30
_LONGEST_S: Final = 86_400
_ID_BASE: Final = 10**12


class AlgoOrder(msgspec.Struct, kw_only=True):
    """A TWAP order and the orders that it has placed."""

    id: str
    serial: int
    command: model.OrderCommand
    duration_s: int
    frequency_s: int
    created_us: int
    updated_us: int
    left: int
    """How many child orders are still to come."""
    status: model.OrderStatus = model.OrderStatus.OPEN
    cancel_reason: str = ""
    placed: Decimal = Decimal(0)
    child_ids: list[str] = msgspec.field(default_factory=list)

    @property
    def end_us(self) -> int:
        """When the last child order is placed at the latest."""
        return self.created_us + self.duration_s * 1_000_000


class AlgoDesk:
    """
    Takes TWAP orders and places their child orders.

    Parameters
    ----------
    venue : Venue
        The running venue.

    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._entry = OrderEntry(venue)
        self._orders: dict[str, AlgoOrder] = {}

    def create(self, principal: Principal, body: Body, received_us: int) -> AlgoOrder:
        """
        Take a TWAP order, signed as a market order of its whole size (PROTOCOL 3.1).

        Raises
        ------
        Refusal
            With the venue's code.

        """
        if body.get("algo_type") != "TWAP":
            raise invalid_parameter("algo_type: must be TWAP")
        duration_s = _seconds(body, "duration_seconds")
        frequency_s = _seconds(body, "frequency", default=_SHORTEST_S)
        if not _SHORTEST_S <= duration_s <= _LONGEST_S or duration_s % _SHORTEST_S:
            raise invalid_parameter("duration_seconds: must be 30 to 86400, a multiple of 30")
        if not _SHORTEST_S <= frequency_s <= duration_s:
            raise invalid_parameter("frequency: must be between 30 and the duration")
        command = self._entry.order(principal, {**body, "price": "0"}, received_us)
        if command.type is not model.OrderType.MARKET:
            raise invalid_parameter("type: must be MARKET")
        with engine_refusals(market_status=400):
            spec = self._venue.exchange.queries.market(command.market)
        if command.size < spec.order_size_increment or command.size % spec.order_size_increment:
            raise Refusal("INVALID_ORDER_SIZE", "size: is not a multiple of the increment")
        order = AlgoOrder(
            id=str(received_us * _ID_BASE + len(self._orders)),
            serial=len(self._orders),
            command=command,
            duration_s=duration_s,
            frequency_s=frequency_s,
            created_us=received_us,
            updated_us=received_us,
            left=duration_s // frequency_s,
        )
        self._orders[order.id] = order
        self._venue.sequencer.schedule(0, lambda: self._place_child(order))
        return order

    def orders(self, account: str, *, is_open: bool) -> list[AlgoOrder]:
        """Return the account's orders that are open, or closed."""
        return [
            order
            for order in self._orders.values()
            if order.command.account == account
            and (order.status is model.OrderStatus.OPEN) is is_open
        ]

    def order(self, account: str, algo_id: str) -> AlgoOrder:
        """
        Return an order.

        Raises
        ------
        Refusal
            ALGO_ID_NOT_FOUND if the account has none with this id.

        """
        order = self._orders.get(algo_id)
        if order is None or order.command.account != account:
            raise Refusal("ALGO_ID_NOT_FOUND", "algo id not found")
        return order

    def cancel(self, account: str, algo_id: str) -> None:
        """
        End an order; what its children filled stays.

        Raises
        ------
        Refusal
            ALGO_ID_NOT_FOUND, or ORDER_IS_CLOSED.

        """
        order = self.order(account, algo_id)
        if order.status is model.OrderStatus.CLOSED:
            raise Refusal("ORDER_IS_CLOSED", "algo order is closed")
        self._close(order, "USER_CANCELED")

    def _close(self, order: AlgoOrder, reason: str) -> None:
        order.status = model.OrderStatus.CLOSED
        order.cancel_reason = reason
        order.updated_us = self._venue.clock_us()

    def _place_child(self, order: AlgoOrder) -> None:
        if order.status is model.OrderStatus.CLOSED:
            return
        exchange = self._venue.exchange
        try:
            spec = exchange.queries.market(order.command.market)
            size = self._child_size(order, spec.order_size_increment)
            child = exchange.place(msgspec.structs.replace(order.command, size=size, client_id=""))
        except model.Refusal as refusal:
            self._close(order, refusal.code)
            return
        order.child_ids.append(child.id)
        order.placed += size
        order.left -= 1
        order.updated_us = self._venue.clock_us()
        if order.left and order.placed < order.command.size:
            delay_s = order.frequency_s * self._venue.config.twap_time_scale
            self._venue.sequencer.schedule(delay_s, lambda: self._place_child(order))
        else:
            self._close(order, "")

    @staticmethod
    def _child_size(order: AlgoOrder, increment: Decimal) -> Decimal:
        rest = order.command.size - order.placed
        if order.left == 1:
            return rest
        lots = (rest / order.left / increment).to_integral_value(rounding=ROUND_DOWN)
        return max(lots, Decimal(1)) * increment

    def filled(self, order: AlgoOrder) -> tuple[Decimal, Decimal | None]:
        """Return (size, average price) of what the children filled."""
        queries = self._venue.exchange.queries
        size = value = Decimal(0)
        for child_id in order.child_ids:
            child = queries.order(order.command.account, child_id)
            done = child.size - child.remaining_size
            size += done
            value += done * (child.avg_fill_price or 0)
        return size, value / size if size else None

    def json(self, order: AlgoOrder) -> dict[str, Any]:
        """Return the AlgoOrderResp of an order."""
        size, price = self.filled(order)
        command = order.command
        return {
            "id": order.id,
            "account": command.account,
            "algo_type": "TWAP",
            "algo_params": {
                "duration_seconds": str(order.duration_s),
                "frequency": str(order.frequency_s),
            },
            "market": command.market,
            "side": command.side,
            "size": text(command.size),
            "remaining_size": text(command.size - size),
            "avg_fill_price": amount(price),
            "status": order.status,
            "cancel_reason": order.cancel_reason,
            "created_at": order.created_us // 1000,
            "last_updated_at": order.updated_us // 1000,
            "end_at": order.end_us // 1000,
        }


def _seconds(body: Body, field: str, default: int | None = None) -> int:
    value = body.get(field, default)
    if value is None:
        raise missing(field)
    if type(value) is not int:
        raise Refusal("BINDING_ERROR", f"{field}: cannot be read as integer")
    return value
