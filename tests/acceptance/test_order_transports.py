"""Order commands over REST and over the private connection: the same events, one way each (E6)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import BatchForm
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from tests.acceptance.node import ETH
from tests.acceptance.node import Floor
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY = OrderSide.BUY
SELL = OrderSide.SELL
WS = {"order_transport": "ws"}
TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]


class Ways:
    """Counts which commands came to the venue by which way."""

    def __init__(self, floor: Floor) -> None:
        self._queue = floor.venue.faults
        self.seen: list[tuple[str, str]] = []
        original: Callable[[str, str], Any] = self._queue.on_request

        def on_request(method: str, path: str) -> Any:
            if method == "WS" or (method != "GET" and path.startswith("/orders")):
                self.seen.append((method, path.rsplit("/v1", maxsplit=1)[-1]))
            return original(method, path)

        self._queue.on_request = on_request  # type: ignore[method-assign]

    def by_rest(self) -> list[str]:
        """Return the REST commands."""
        return [f"{method} {path}" for method, path in self.seen if method != "WS"]

    def by_socket(self) -> list[str]:
        """Return the WebSocket commands."""
        return [path for method, path in self.seen if method == "WS" and path.startswith("order.")]


def orders_of(floor: Floor, *prices: str, **terms: Any) -> list[Order]:
    """Return new limit orders to buy."""
    instrument = floor.desk.instrument
    return [
        floor.desk.order_factory.limit(
            ETH,
            BUY,
            instrument.make_qty(Decimal("0.1")),
            instrument.make_price(Decimal(price)),
            **terms,
        )
        for price in prices
    ]


def submit_list(floor: Floor, orders: list[Order], params: dict[str, Any] | None = None) -> None:
    """Submit orders as a list of independent ones."""
    floor.desk.submit_order_list(floor.desk.order_factory.create_list(orders), params=params)


@pytest.mark.parametrize("answer_order", list(AnswerOrder))
async def test_e3_commands_by_socket_give_the_events_of_rest(answer_order: AnswerOrder) -> None:
    """E3, E7: an answer may come after its first notification, and both orders are right."""
    config = SimulatorConfig(answer_order=answer_order)
    async with trading_floor(config=config, execution=WS) as floor:
        ways = Ways(floor)
        order = floor.desk.limit(BUY, "0.1", "2400.00")
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        floor.desk.modify_order(order, price=floor.desk.instrument.make_price(2395))
        await until(lambda: order.price == floor.desk.instrument.make_price(2395))
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        market = floor.desk.market(BUY, "0.2")
        await until(lambda: market.status == OrderStatus.FILLED)
        assert floor.node.story(order) == [
            *TAKEN,
            "OrderPendingUpdate",
            "OrderUpdated",
            "OrderPendingCancel",
            "OrderCanceled",
        ]
        await until_equal(floor.node, floor.venue, floor.account)
        assert ways.by_rest() == []
        assert ways.by_socket() == ["order.create", "order.modify", "order.cancel", "order.create"]


@pytest.mark.parametrize("form", list(BatchForm))
async def test_trap_40_a_list_goes_by_socket_in_the_form_that_the_venue_takes(
    form: BatchForm,
) -> None:
    config = SimulatorConfig(batch_form=form)
    async with trading_floor(config=config, execution=WS) as floor:
        ways = Ways(floor)
        orders = orders_of(floor, "2401.00", "2402.00", "2403.00")
        submit_list(floor, orders)
        await until(lambda: all(order.status == OrderStatus.ACCEPTED for order in orders))
        more = orders_of(floor, "2404.00", "2405.00")
        submit_list(floor, more)
        await until(lambda: all(order.status == OrderStatus.ACCEPTED for order in more))
        assert ways.by_rest() == []
        assert ways.by_socket() == ["order.create_batch"] * (3 if form is BatchForm.BARE else 2)
        floor.desk.cancel_orders([*orders, *more])
        await until(lambda: all(order.is_closed for order in [*orders, *more]))
        await until_equal(floor.node, floor.venue, floor.account)
        assert ways.by_socket()[-1] == "order.cancel_batch"


async def test_what_the_socket_does_not_serve_goes_by_rest() -> None:
    methods = frozenset({"order.cancel"})
    config = SimulatorConfig(ws_order_methods=methods)
    async with trading_floor(config=config, execution=WS) as floor:
        ways = Ways(floor)
        order = floor.desk.limit(BUY, "0.1", "2400.00")
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        floor.desk.modify_order(order, price=floor.desk.instrument.make_price(2395))
        await until(lambda: order.price == floor.desk.instrument.make_price(2395))
        another = floor.desk.limit(BUY, "0.1", "2401.00")
        await until(lambda: another.status == OrderStatus.ACCEPTED)
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        assert ways.by_socket() == ["order.create", "order.modify", "order.cancel"]
        assert [way.split("/")[0] for way in ways.by_rest()] == ["POST ", "PUT ", "POST "]
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize(
    "fault",
    [
        faults.LostResponse(method="WS", path="order.create"),
        faults.LostRequest(method="WS", path="order.create"),
        faults.SlowResponse(method="WS", path="order.create", ms=4_000),
        faults.HttpStatus(method="WS", path="order.create", status=503),
    ],
)
async def test_e6_a_create_by_socket_whose_answer_is_lost_is_never_sent_by_rest(fault) -> None:
    settings = WS | {"recv_window_ms": 500}
    async with trading_floor(execution=settings, may_fail=True) as floor:
        ways = Ways(floor)
        floor.venue.faults.add(fault)
        order = floor.desk.limit(BUY, "0.1", "2400.00")
        await until(lambda: order.status in (OrderStatus.ACCEPTED, OrderStatus.REJECTED), "", 20)
        assert not ways.by_rest()
        assert ways.by_socket().count("order.create") == 1
        known = floor.venue.exchange.queries.order_history(floor.account)
        assert len(known) == (order.status == OrderStatus.ACCEPTED)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_orders_go_by_rest_while_the_socket_is_down_and_by_the_socket_again() -> None:
    async with trading_floor(execution=WS) as floor:
        ways = Ways(floor)
        floor.venue.faults.add(faults.HandshakeStatus(status=503, n=1_000))
        await floor.venue.drop_connections()
        await until(lambda: not floor.node.execution.stream_status().connected)
        order = floor.desk.limit(BUY, "0.1", "2400.00")
        await until(lambda: ways.by_rest() != [])
        floor.venue.faults.clear()
        await until(lambda: floor.node.execution.stream_status().healthy)
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        another = floor.desk.limit(BUY, "0.1", "2401.00")
        await until(lambda: another.status == OrderStatus.ACCEPTED)
        assert ways.by_rest() == ["POST /orders"]
        assert ways.by_socket() == ["order.create"]
        await until_equal(floor.node, floor.venue, floor.account)


async def test_cancel_on_disconnect_is_armed_in_every_epoch_before_its_first_order() -> None:
    """S4: the orders of a dropped connection are canceled by the venue, and told."""
    settings = WS | {"cancel_on_disconnect": True}
    async with trading_floor(execution=settings) as floor:
        for epoch in (1, 2):
            order = floor.desk.limit(BUY, "0.1", "2400.00")
            await until(lambda: order.status == OrderStatus.ACCEPTED)  # noqa: B023 - awaited here
            await floor.venue.drop_connections()
            await until(lambda: order.is_closed)  # noqa: B023 - awaited here
            assert order.status == OrderStatus.CANCELED
            await until(lambda: floor.node.execution.stream_status().healthy)
            assert floor.node.execution.stream_status().epoch == epoch + 1
        await until_equal(floor.node, floor.venue, floor.account)


async def test_an_order_that_cancel_on_disconnect_does_not_cover_is_said() -> None:
    settings = WS | {"cancel_on_disconnect": True}
    async with trading_floor(execution=settings) as floor:
        order = floor.desk.order_factory.market(
            ETH, BUY, floor.desk.instrument.make_qty(Decimal("0.1"))
        )
        floor.desk.submit_order(order, params={"vwap_price": "2600.00"})
        await until(lambda: order.is_closed)
        assert f"{order.client_order_id} goes by REST: cancel-on-disconnect" in floor.node.log()


async def test_cancel_on_disconnect_with_orders_by_rest_is_warned_of() -> None:
    async with trading_floor(execution={"cancel_on_disconnect": True}) as floor:
        assert "with order_transport='rest' none is" in floor.node.log()
