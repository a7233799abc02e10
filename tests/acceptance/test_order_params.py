"""What an order's params ask for reaches the venue, and what they cannot ask for is denied (E1)."""

from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import Floor
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal
from tests.acceptance.test_order_transports import orders_of
from tests.acceptance.test_order_transports import submit_list


BUY = OrderSide.BUY
TRANSPORTS = pytest.mark.parametrize("transport", ["rest", "ws"])


def submit(floor: Floor, params: dict[str, Any], kind: str = "limit", **terms: Any) -> Order:
    """Submit an order of 0.1 with params."""
    instrument = floor.desk.instrument
    if kind == "limit":
        terms = {"price": instrument.make_price(2400)} | terms
    quantity = instrument.make_qty(Decimal("0.1"))
    order = getattr(floor.desk.order_factory, kind)(ETH, BUY, quantity, **terms)
    floor.desk.submit_order(order, params=params)
    return order


class Commands:
    """Notes the commands that reach the engine."""

    def __init__(self, floor: Floor) -> None:
        self.seen: list[model.OrderCommand] = []
        engine = floor.venue.exchange
        one, several = engine.submit, engine.submit_batch

        def submit_one(command: model.OrderCommand) -> model.Order:
            self.seen.append(command)
            return one(command)

        def submit_several(commands: list[model.OrderCommand]) -> list[Any]:
            self.seen.extend(commands)
            return several(commands)

        engine.submit, engine.submit_batch = submit_one, submit_several


@TRANSPORTS
@pytest.mark.parametrize(
    ("params", "kind", "field", "value"),
    [
        ({"stp": "EXPIRE_MAKER"}, "limit", "stp", model.Stp.EXPIRE_MAKER),
        ({}, "limit", "stp", model.Stp.EXPIRE_BOTH),
        ({"vwap_price": "2600.00"}, "market", "vwap_price", Decimal(2600)),
        ({"vwap_price": Decimal(2600)}, "market", "vwap_price", Decimal(2600)),
        ({"dime_discount": True}, "limit", "dime_discount", True),
    ],
)
async def test_tc_e63_params_reach_the_venue(
    transport: str, params: dict[str, Any], kind: str, field: str, value: object
) -> None:
    settings = {"order_transport": transport, "stp_mode": "EXPIRE_BOTH"}
    async with trading_floor(execution=settings) as floor:
        commands = Commands(floor)
        order = submit(floor, params, kind)
        await until(lambda: order.is_open or order.is_closed)
        assert order.status in (OrderStatus.ACCEPTED, OrderStatus.FILLED)
        assert getattr(commands.seen[0], field) == value
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
async def test_rpi_goes_to_the_venue_and_its_refusal_comes_back(transport: str) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        order = submit(floor, {"rpi": True})
        await until(lambda: order.status == OrderStatus.REJECTED)
        assert "RPI_ACCOUNT_NOT_WHITELISTED" in floor.node.events_of(order)[-1].reason


@TRANSPORTS
async def test_a_list_has_the_params_of_its_command(transport: str) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        commands = Commands(floor)
        orders = orders_of(floor, "2400.00", "2401.00")
        submit_list(floor, orders, {"stp": "EXPIRE_MAKER"})
        await until(lambda: all(order.is_open for order in orders))
        assert [command.stp for command in commands.seen] == [model.Stp.EXPIRE_MAKER] * 2


async def test_e6_a_short_receive_window_is_signed_up_to_by_one_order() -> None:
    async with trading_floor(execution={"recv_window_ms": 60_000}) as floor:
        bodies: list[Any] = []
        entry = floor.node.execution._room.submits._entry
        original = entry.create_order

        async def create_order(request: Any) -> Any:
            bodies.append(request)
            return await original(request)

        entry.create_order = create_order
        orders = [submit(floor, {"recv_window_ms": 1_000}), submit(floor, {})]
        await until(lambda: all(order.is_open for order in orders))
        assert sorted(body.recv_window for body in bodies) == [1_000, 60_000]


DENIED: list[tuple[dict[str, Any], str, dict[str, Any], str]] = [
    ({"typo": 1}, "limit", {}, "params has no key typo here; there is: algo"),
    ({"stp": "NONE"}, "limit", {}, "'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'"),
    ({"rpi": "yes"}, "limit", {}, "params['rpi'] cannot be 'yes'; allowed: True or False"),
    ({"recv_window_ms": 5}, "limit", {}, "a whole number from 10"),
    ({"vwap_price": 2600.0}, "market", {}, "cannot be a float"),
    ({"vwap_price": "2600.001"}, "market", {}, "not a positive multiple of the tick"),
    ({"vwap_price": "-1"}, "market", {}, "not a positive multiple of the tick"),
    ({"vwap_price": "2600"}, "limit", {}, "a LIMIT order has its own price"),
    ({"rpi": True}, "market", {}, "rpi is for LIMIT orders"),
    ({"rpi": True}, "limit", {"time_in_force": TimeInForce.IOC}, "rpi orders rest"),
    ({"mmp": True}, "market", {}, "mmp is for LIMIT orders"),
    ({"on_behalf_of_account": "me"}, "limit", {}, "must be an address"),
    ({"algo": "VWAP"}, "market", {}, "params['algo'] cannot be 'VWAP'; allowed: 'TWAP'"),
    ({"algo": "TWAP"}, "market", {}, "needs params['duration_seconds']"),
    ({"algo": "TWAP", "duration_seconds": 60}, "limit", {}, "a TWAP is a MARKET order"),
    ({"duration_seconds": 60}, "market", {}, "belong to params['algo']"),
]


async def test_e1_params_that_cannot_be_are_denied_with_what_is_allowed() -> None:
    async with trading_floor() as floor:
        for params, kind, terms, words in DENIED:
            order = submit(floor, params, kind, **terms)
            await until(lambda: order.status == OrderStatus.DENIED, params)  # noqa: B023
            assert words in floor.node.events_of(order)[-1].reason
        assert not floor.venue.exchange.queries.order_history(floor.account)


async def test_on_behalf_of_another_account_is_the_venues_to_refuse() -> None:
    async with trading_floor() as floor:
        order = submit(floor, {"on_behalf_of_account": "0x00ABC"})
        await until(lambda: order.status == OrderStatus.REJECTED)
        assert floor.node.events_of(order)[-1].reason
