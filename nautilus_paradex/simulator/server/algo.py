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

#: Children that a cancel may still find alive; older ones may be forgotten by the engine.
_ALIVE: Final = 10


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
    counted: int = 0
    """How many children the order shows."""

    @property
    def end_us(self) -> int:
        """When the last child order is placed at the latest."""
        return self.created_us + self.duration_s * 1_000_000

    @property
    def is_open(self) -> bool:
        """If it has not ended."""
        return self.status is not model.OrderStatus.CLOSED


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

    # -- COMMANDS ----------------------------------------------------------------------------------

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
        # What an algo order does not have is not read, whatever is sent (PROTOCOL 4.2).
        fields = {name: body[name] for name in _FIELDS if name in body}
        command = self._entry.order(principal, {**fields, "price": "0"}, received_us)
        if command.type is not model.OrderType.MARKET:
            raise invalid_parameter("type: must be MARKET")
        self._check(command)
        if principal.interactive:
            is_retail = self._venue.takes_interactive(principal.account)
            command = msgspec.structs.replace(command, interactive=is_retail)
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
        self._venue.sequencer.schedule(self._latency_s(order), lambda: self._place_child(order))
        return order

    def cancel(self, account: str, algo_id: str) -> None:
        """
        End an order and its child that is not through yet; what its children filled stays.

        Raises
        ------
        Refusal
            ALGO_ID_NOT_FOUND, or ORDER_IS_CLOSED.

        """
        order = self._known(account, algo_id)
        if not order.is_open:
            raise Refusal("ORDER_IS_CLOSED", "algo order is closed")
        for child_id in order.child_ids[-_ALIVE:]:
            self._venue.exchange.process_cancel(child_id)
        self._close(order, "USER_CANCELED")

    def _check(self, command: model.OrderCommand) -> None:
        """Refuse what no child could be placed for."""
        state = self._venue.exchange.system_state
        if state is model.SystemState.CANCEL_ONLY:
            raise Refusal("SYSTEM_STATUS_CANCEL_ONLY", "the exchange is in cancel only mode")
        if state is model.SystemState.POST_ONLY:
            raise Refusal("SYSTEM_STATUS_POST_ONLY", "the exchange is in post only mode")
        with engine_refusals(market_status=400):
            spec = self._venue.exchange.queries.market(command.market)
        if spec.trading_mode is model.TradingMode.RFQ_ONLY:
            raise invalid_parameter(f"market {spec.symbol} trades by RFQ only")
        now_ms = self._venue.clock_us() // 1000
        if spec.open_at > now_ms or 0 < spec.expiry_at <= now_ms:
            raise Refusal("MARKET_NOT_OPEN", f"market {spec.symbol} is not open")
        if command.size < spec.order_size_increment or command.size % spec.order_size_increment:
            raise Refusal("INVALID_ORDER_SIZE", "size: is not a multiple of the increment")

    # -- QUESTIONS ---------------------------------------------------------------------------------

    def orders(self, account: str, *, is_open: bool) -> list[AlgoOrder]:
        """Return the account's orders that are open, or closed."""
        return [
            order
            for order in self._orders.values()
            if order.command.account == account and order.is_open is is_open
        ]

    def order(self, account: str, algo_id: str) -> AlgoOrder:
        """
        Return an open order; a closed one is in the history only.

        Raises
        ------
        Refusal
            ALGO_ID_NOT_FOUND if the account has none with this id.

        """
        order = self._known(account, algo_id)
        if not order.is_open:
            raise Refusal("ALGO_ID_NOT_FOUND", "algo id not found")
        return order

    def _known(self, account: str, algo_id: str) -> AlgoOrder:
        order = self._orders.get(algo_id)
        if order is None or order.command.account != account:
            raise Refusal("ALGO_ID_NOT_FOUND", "algo id not found")
        return order

    # -- CHILDREN ----------------------------------------------------------------------------------

    def _latency_s(self, order: AlgoOrder) -> float:
        return self._venue.latency_s(order.command.interactive)

    def _close(self, order: AlgoOrder, reason: str) -> None:
        order.status = model.OrderStatus.CLOSED
        order.cancel_reason = reason
        order.counted = len(order.child_ids)
        order.updated_us = self._venue.clock_us()

    def _place_child(self, order: AlgoOrder) -> None:
        if not order.is_open:
            return
        exchange, config = self._venue.exchange, self._venue.config
        try:
            spec = exchange.queries.market(order.command.market)
            size = self._child_size(order, spec.order_size_increment)
            child = exchange.submit(self._child(order, size))
        except model.Refusal as refusal:
            self._close(order, refusal.code)
            return
        order.child_ids.append(child.id)
        order.placed += size
        order.left -= 1
        sequencer, latency_s = self._venue.sequencer, self._latency_s(order)
        sequencer.schedule(latency_s, lambda: self._process(child.id))
        sequencer.schedule(latency_s + config.twap_count_delay_s, lambda: self._count(order))
        if order.left and order.placed < order.command.size:
            delay_s = order.frequency_s * config.twap_time_scale
            sequencer.schedule(delay_s, lambda: self._place_child(order))
        else:
            sequencer.schedule(latency_s + config.twap_count_delay_s, lambda: self._end(order))

    def _process(self, order_id: str) -> None:
        self._venue.exchange.process(order_id)

    def _child(self, order: AlgoOrder, size: Decimal) -> model.OrderCommand:
        now_us = self._venue.clock_us()
        changes: dict[str, Any] = {"size": size, "client_id": "", "received_us": now_us}
        if not self._venue.config.twap_repeats_signature:
            changes["signature_ms"] = now_us // 1000
        return msgspec.structs.replace(order.command, **changes)

    def _count(self, order: AlgoOrder) -> None:
        if order.is_open:
            order.counted += 1
            order.updated_us = self._venue.clock_us()

    def _end(self, order: AlgoOrder) -> None:
        if order.is_open:
            self._close(order, "")

    @staticmethod
    def _child_size(order: AlgoOrder, increment: Decimal) -> Decimal:
        rest = order.command.size - order.placed
        if order.left == 1:
            return rest
        lots = (rest / order.left / increment).to_integral_value(rounding=ROUND_DOWN)
        return max(lots, Decimal(1)) * increment

    # -- ANSWERS -----------------------------------------------------------------------------------

    def filled(self, order: AlgoOrder) -> tuple[Decimal, Decimal | None]:
        """Return (size, average price) of what the counted children filled."""
        queries = self._venue.exchange.queries
        size = value = Decimal(0)
        for child_id in order.child_ids[: order.counted]:
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


#: What of an algo order's body its children have too.
_FIELDS: Final = (
    "market",
    "side",
    "type",
    "size",
    "signature",
    "signature_timestamp",
    "recv_window",
    "on_behalf_of_account",
    "dime_discount",
)


def _seconds(body: Body, field: str, default: int | None = None) -> int:
    value = body.get(field, default)
    if value is None:
        raise missing(field)
    if type(value) is not int:
        raise Refusal("BINDING_ERROR", f"{field}: cannot be read as integer")
    return value
