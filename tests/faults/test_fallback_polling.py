"""S6: while the streams do not come back, REST keeps the node right, and it says so."""

from decimal import Decimal
from typing import Any

from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientId

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexStreamHealth
from nautilus_paradex.simulator import faults
from tests.acceptance.node import ETH
from tests.acceptance.node import Desk
from tests.acceptance.node import Floor
from tests.acceptance.node import Trader
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY = OrderSide.BUY
QUICK = {"ws_fallback_after_attempts": 2, "ws_fallback_poll_interval_secs": 0.2}


class Watcher(Desk):
    """Notes quotes, mark prices and the health of the streams."""

    def __init__(self) -> None:
        super().__init__()
        self.quotes: list[Any] = []
        self.marks: list[Any] = []
        self.health: list[ParadexStreamHealth] = []

    def on_start(self) -> None:
        self.subscribe_quote_ticks(ETH)
        self.subscribe_mark_prices(ETH)
        self.subscribe_data(DataType(ParadexStreamHealth), client_id=ClientId(PARADEX))

    def on_quote_tick(self, tick: Any) -> None:
        self.quotes.append(tick)

    def on_mark_price(self, mark_price: Any) -> None:
        self.marks.append(mark_price)

    def on_data(self, data: Any) -> None:
        self.health.append(data)

    def degraded(self) -> set[str]:
        """Return the streams whose latest word is that they are degraded."""
        latest = {health.stream: health for health in self.health}
        return {name for name, health in latest.items() if health.degraded}


async def cut_off(floor: Floor) -> None:
    """Drop all sockets, and let none come back."""
    floor.venue.faults.add(faults.HandshakeStatus(status=503, n=100_000))
    await floor.venue.drop_connections()


async def test_s6_quotes_orders_fills_positions_and_account_flow_by_rest() -> None:
    desk = Watcher()
    async with trading_floor(desk=desk, data=QUICK, execution=QUICK) as floor:
        await until(lambda: desk.marks)
        await cut_off(floor)
        await until(lambda: len(desk.degraded()) == 2, desk.degraded)
        resting = desk.limit(BUY, "0.1", "2495.00")
        await until(lambda: resting.status == OrderStatus.ACCEPTED)
        floor.maker.place("SELL", "0.1", "2495.00", instruction="IOC")
        await until(lambda: resting.status == OrderStatus.FILLED)
        external = Trader(floor.venue, floor.account).place("BUY", "0.2", "2400.00")
        known = floor.node.cache
        await until(lambda: any(o.venue_order_id.value == external.id for o in known.orders_open()))
        market = desk.market(BUY, "0.1")
        await until(lambda: market.status == OrderStatus.FILLED)
        floor.maker.place("BUY", "1", "2499.00")
        await until(lambda: desk.quotes[-1].bid_price == desk.instrument.make_price(2499))
        floor.venue.exchange.set_prices(ETH.symbol.value, mark=Decimal(2503))
        await until(lambda: desk.marks[-1].value == desk.instrument.make_price(2503))
        await until_equal(floor.node, floor.venue, floor.account)
        for client in (floor.node.execution, floor.node.data):
            status = client.status()
            assert (status["connected"], status["degraded"]) == (False, True)
        quoted = len(desk.quotes)
        floor.venue.faults.clear()
        await until(lambda: floor.node.execution.stream_status().healthy)
        await until(lambda: desk.degraded() == set())
        assert len(desk.quotes) <= quoted + 3
        for client in (floor.node.execution, floor.node.data):
            status = client.status()
            assert (status["healthy"], status["degraded"]) == (True, False)
            assert status["epoch"] == 2
            assert status["url"] == floor.venue.ws_url
        for order in (resting, market):
            assert floor.node.story(order).count("OrderFilled") == len(order.trade_ids)
        floor.maker.place("BUY", "1", "2499.50")
        await until(lambda: desk.quotes[-1].bid_price == desk.instrument.make_price("2499.50"))
        await until_equal(floor.node, floor.venue, floor.account)


async def test_s6_no_polling_while_connections_come_back_soon() -> None:
    settings = QUICK | {"ws_fallback_after_attempts": 5}
    async with trading_floor(data=settings, execution=settings) as floor:
        for _ in range(3):
            await floor.venue.drop_connections()
            await until(lambda: not floor.node.execution.stream_status().healthy)
            await until(lambda: floor.node.execution.stream_status().healthy)
        assert "is polled every" not in floor.node.log()


async def test_s6_a_node_that_stops_while_it_polls_leaves_nothing_behind() -> None:
    desk = Watcher()
    async with trading_floor(desk=desk, data=QUICK, execution=QUICK) as floor:
        await until(lambda: desk.marks)
        await cut_off(floor)
        await until(lambda: len(desk.degraded()) == 2)
