"""Native TWAP orders: one order of the framework, carried out by the venue's children."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution import assembly
from nautilus_paradex.execution.algo_setup import build_algos
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import Desk
from tests.acceptance.node import Floor
from tests.acceptance.node import RunningNode
from tests.acceptance.node import differences
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until


BUY, SELL = OrderSide.BUY, OrderSide.SELL
EXTERNAL = StrategyId("EXTERNAL")
MARKET = ETH.symbol.value
TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]

#: A child every 150 ms.
HURRY = 0.005


@pytest.fixture(autouse=True)
def wired(monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(assembly, "_NoAlgos"):
        return
    original = assembly._Furnisher

    class Furnisher(original):
        def room(self) -> Any:
            around = self._around
            algos = build_algos(
                account_id=around.client.account_id,
                cache=around.cache,
                registry=self._registry,
                follower=self._follower,
                teller=self._teller,
                reports=self._reports,
                rest=around.link.rest,
                timing=around.link.timing,
                spawn=around.spawn,
                log=around.log,
            )
            monkeypatch.setattr(assembly, "_NoAlgos", lambda _teller: algos.orders)
            room = super().room()
            room.reconciler.use_algos(algos.orders, algos.snapshots)
            use_signer = room.submits.use_signer

            def use(signer: Any) -> None:
                use_signer(signer)
                algos.orders.use_signer(signer._signer)

            room.submits.use_signer = use
            around.client.test_algos = algos
            return room

    monkeypatch.setattr(assembly, "_Furnisher", Furnisher)


def config(**changes: Any) -> SimulatorConfig:
    return SimulatorConfig(twap_time_scale=HURRY, **changes)


def twap(
    desk: Desk, side: OrderSide, size: str, params: Mapping[str, Any] | None = None, **more: Any
) -> Order:
    """Submit a TWAP of four children, unless it says otherwise."""
    quantity = desk.instrument.make_qty(Decimal(size))
    order = desk.order_factory.market(desk.instrument_id, side, quantity, **more)
    wanted = {"algo": "TWAP", "duration_seconds": 120, "frequency": 30} | dict(params or {})
    desk.submit_order(order, params=wanted)
    return order


def told_differences(node: RunningNode, venue: Any, account: str) -> list[str]:
    """Return where fills, position and balance differ, whatever order the fills are told of."""
    told = [e for o in node.cache.orders() for e in o.events if isinstance(e, OrderFilled)]
    ours = sorted((e.trade_id.value, str(e.last_qty.as_decimal()), str(e.last_px)) for e in told)
    theirs = sorted(
        (f.id, str(f.size), str(f.price)) for f in venue.exchange.queries.fills(account)
    )
    ours = [(i, Decimal(q), Decimal(p)) for i, q, p in ours]
    theirs = [(i, Decimal(q), Decimal(p)) for i, q, p in theirs]
    rest = differences(node, venue, account)
    found = [line for line in rest if line.startswith(("position", "balance"))]
    return found if ours == theirs else [*found, f"fills: node {ours}, venue {theirs}"]


async def until_told(floor: Floor) -> None:
    await until(
        lambda: not told_differences(floor.node, floor.venue, floor.account),
        lambda: "\n".join(told_differences(floor.node, floor.venue, floor.account)),
    )


def children(floor: Floor) -> list[model.Order]:
    rows = floor.venue.exchange.queries.order_history(floor.account)
    return [row for row in rows if row.type is model.OrderType.MARKET and not row.client_id]


# -- ONE ORDER -------------------------------------------------------------------------------------


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("encoding", list(PrivateEncoding))
@pytest.mark.parametrize("fill_order", [FillOrder.ORDER_FIRST, FillOrder.FILL_FIRST])
async def test_e5_a_twap_is_one_order_filled_by_its_children(
    repeats: bool, encoding: PrivateEncoding, fill_order: FillOrder
) -> None:
    settings = config(
        twap_repeats_signature=repeats, private_encoding=encoding, fill_order=fill_order
    )
    async with trading_floor(config=settings) as floor:
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.is_closed, lambda: floor.node.log()[-6000:])
        assert order.status == OrderStatus.FILLED
        assert floor.node.story(order) == [*TAKEN, *["OrderFilled"] * 4]
        await until_told(floor)
        assert [o.client_order_id for o in floor.node.cache.orders()] == [order.client_order_id]
        assert len(children(floor)) == 4
        fills = {f.id: f for f in floor.venue.exchange.queries.fills(floor.account)}
        for event in floor.node.events_of(order)[3:]:
            fill = fills[event.trade_id.value]
            assert event.venue_order_id == order.venue_order_id
            assert event.commission.as_decimal() == round(fill.fee, 6)
