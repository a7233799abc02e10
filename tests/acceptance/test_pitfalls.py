"""
The pitfalls P1 to P21 of the framework's live engine, each in a real node on a local Paradex.

What they have in common: the framework does something wrong if the adapter tells it something in
the wrong order, twice, too early or not at all. Every node here fails its test if the framework
complains, or makes up a fill.
"""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.core.datetime import unix_nanos_to_dt
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateOrderStatusReport
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.execution.reports import OrderStatusReport
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexExecClientConfig
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory
from nautilus_paradex import ParadexLiveExecClientFactory
from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.events import Position
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.paradex import wall_clock_us
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import TRADER_ID
from tests.acceptance.node import Desk
from tests.acceptance.node import Floor
from tests.acceptance.node import Trader
from tests.acceptance.node import differences
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY, SELL = OrderSide.BUY, OrderSide.SELL
TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]
EXTERNAL = StrategyId("EXTERNAL")
OTHER_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"

#: The engine's own checks, as quick as they can be. They go on while the node stops, and complain.
ORDER_CHECKS: Mapping[str, Any] = {
    "reconciliation_startup_delay_secs": 0.01,
    "open_check_interval_secs": 0.1,
    "open_check_open_only": False,
    "open_check_threshold_ms": 50,
    "open_check_missing_retries": 2,
}
POSITION_CHECKS: Mapping[str, Any] = {
    "reconciliation_startup_delay_secs": 0.01,
    "position_check_interval_secs": 0.1,
    "position_check_threshold_ms": 50,
    "position_check_retries": 2,
}
#: A fault that does not end by itself.
FOR_EVER = 1_000_000


async def resting(floor: Floor, price: str = "2495.00", size: str = "0.3") -> Order:
    """Return a buy order of the desk that rests at the venue."""
    order = floor.desk.limit(BUY, size, price)
    await until(lambda: order.status == OrderStatus.ACCEPTED, "the order rests")
    return order


def lose(floor: Floor, *channels: str) -> faults.Fault:
    """Lose what the stream says from now on."""
    fault = faults.Lose(channels=channels, private=True, n=FOR_EVER)
    floor.venue.faults.add(fault)
    return fault


def unreachable(venue: LocalParadex, path: str, **changes: Any) -> None:
    """Answer a question with a gateway's error from now on."""
    venue.faults.add(faults.HttpStatus(status=503, method="GET", path=path, n=FOR_EVER, **changes))


def asked(venue: LocalParadex, path: str) -> int:
    """Return how often a question met its fault."""
    return sum(getattr(fault, "path", None) == path for fault in venue.faults.fired)


async def until_asked(venue: LocalParadex, path: str, times: int) -> None:
    """Wait until a question has met its fault so many times more."""
    enough = asked(venue, path) + times
    await until(lambda: asked(venue, path) >= enough, f"{path} is asked for {times} times", 30.0)


def trade_ids(order: Order) -> list[str]:
    return [event.trade_id.value for event in order.events if isinstance(event, OrderFilled)]


def venue_fills(floor: Floor) -> list[str]:
    fills = floor.venue.exchange.queries.fills(floor.account)
    return [fill.id for fill in sorted(fills, key=lambda fill: (fill.created_us, fill.id))]


def ordered(**ids: Any) -> dict[str, Any]:
    """Return what every question for reports needs."""
    return ids | {"command_id": UUID4(), "ts_init": 0}


async def single_report(
    floor: Floor, client_order_id: ClientOrderId, venue_order_id: VenueOrderId | None
) -> OrderStatusReport | None:
    """Ask for an order by name, as the framework does."""
    ids = {"client_order_id": client_order_id, "venue_order_id": venue_order_id}
    question = GenerateOrderStatusReport(**ordered(instrument_id=ETH, **ids))
    return await floor.node.execution.generate_order_status_report(question)


# -- FILLS AND ENDS --------------------------------------------------------------------------------


async def test_p01_fills_of_a_mass_status_ascend() -> None:
    """Newest first, all but the newest are skipped and one without fee is made up (E10)."""
    behind_us = [60_000_000]
    async with LocalParadex(market=False, clock_us=lambda: wall_clock_us() - behind_us[0]) as venue:
        account = venue.create_account(KEY)
        own, maker = Trader(venue, account), Trader(venue)
        own.place("BUY", "0.6", "2500.00", client_id="O-BEFORE")
        for size in ("0.1", "0.2", "0.3"):
            behind_us[0] -= 10_000_000
            maker.place("SELL", size, "2500.00", "IOC")
        behind_us[0] = 0
        async with running_node(venue, account) as node:
            order = node.cache.order(ClientOrderId("O-BEFORE"))
            rows = venue.exchange.queries.fills(account)
            assert trade_ids(order) == [fill.id for fill in sorted(rows, key=lambda f: f.id)]
            sizes = [event.last_qty.as_decimal() for event in order.events[-3:]]
            assert sizes == [Decimal("0.1"), Decimal("0.2"), Decimal("0.3")]
            assert not differences(node, venue, account)


async def test_p02_positions_that_cannot_be_read_are_not_flat() -> None:
    """An empty answer would close the position with an order that nobody placed (E10)."""
    async with trading_floor(engine=POSITION_CHECKS, may_fail=True) as floor:
        floor.desk.market(BUY, "0.2")
        await until(floor.node.cache.positions_open, "the position")
        unreachable(floor.venue, "/positions")
        # More than the checks that the framework takes to flatten it, retries included.
        await until_asked(floor.venue, "/positions", 12)
        (position,) = floor.node.cache.positions_open()
        assert position.signed_decimal_qty() == Decimal("0.2")
        assert len(floor.node.cache.orders()) == 1


async def test_p03_a_report_does_not_outrun_the_fills_it_counts() -> None:
    """A fill would be made up, and the real one would count on top of it (E9)."""
    async with trading_floor() as floor:
        order = await resting(floor)
        late = faults.Delay(channels=("fills",), private=True, ms=400)
        armed = floor.venue.faults.add(late)
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        await until(lambda: armed.is_exhausted, "the stream's fill is on its way")
        floor.desk.query_order(order)
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        # The fill of the stream comes before whatever comes after it.
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        await until(lambda: order.filled_qty.as_decimal() >= Decimal("0.2"))
        await until_equal(floor.node, floor.venue, floor.account)
        assert trade_ids(order) == venue_fills(floor)
        assert floor.node.story(order) == [*TAKEN, "OrderFilled", "OrderFilled"]


async def test_p04_a_report_does_not_overtake_the_events_before_it() -> None:
    """Events are queued by the framework and reports are not: FILLED would come first (E9)."""
    async with trading_floor() as floor:
        order = await resting(floor)
        lose(floor, "orders", "fills")
        floor.maker.place("SELL", "0.3", "2495.00", "IOC")
        # The question brings the fill, as an event, and returns a report right after it.
        floor.desk.query_order(order)
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*TAKEN, "OrderFilled"]
        assert trade_ids(order) == venue_fills(floor)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_p05_a_canceled_order_keeps_the_fills_that_only_rest_knows() -> None:
    """A CANCELED report without its fills loses them silently (E5)."""
    async with trading_floor() as floor:
        order = await resting(floor)
        lose(floor, "orders", "fills")
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        (at_venue,) = floor.venue.exchange.queries.open_orders(floor.account)
        Trader(floor.venue, floor.account).cancel(at_venue)
        floor.desk.query_order(order)
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED
        assert floor.node.story(order) == [*TAKEN, "OrderFilled", "OrderCanceled"]
        assert trade_ids(order) == venue_fills(floor)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_p06_a_cancel_waits_for_fills_that_are_on_their_way() -> None:
    """A fill after CANCELED opens the order again, for good (E5)."""
    config = SimulatorConfig(fill_order=FillOrder.ORDER_FIRST)
    async with trading_floor(config=config) as floor:
        late = faults.Delay(channels=("fills",), private=True, ms=300)
        floor.venue.faults.add(late)
        order = floor.desk.limit(BUY, "1.5", "2510.00", time_in_force=TimeInForce.IOC)
        await until(lambda: order.is_closed)
        await until_equal(floor.node, floor.venue, floor.account)
        assert late in floor.venue.faults.fired
        assert floor.node.story(order) == [*TAKEN, "OrderFilled", "OrderCanceled"]
        assert not floor.node.cache.orders_open()


async def test_p07_an_open_order_with_fills_is_partially_filled() -> None:
    """As ACCEPTED its fills would be ignored, or its status refused (E10)."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        own, maker = Trader(venue, account), Trader(venue)
        own.place("BUY", "0.3", "2495.00", client_id="O-BEFORE")
        maker.place("SELL", "0.1", "2495.00", "IOC")
        async with running_node(venue, account) as node:
            order = node.cache.order(ClientOrderId("O-BEFORE"))
            assert order.status == OrderStatus.PARTIALLY_FILLED
            assert order.filled_qty.as_decimal() == Decimal("0.1")
            # And again, with the order known as partly filled.
            await node.execution._keeping.recovery.close_gap()
            assert order.status == OrderStatus.PARTIALLY_FILLED
            assert not differences(node, venue, account)


# -- QUESTIONS -------------------------------------------------------------------------------------


async def test_p08_open_orders_know_no_time_range() -> None:
    """By its time range an old order looks missing, and a storm of single questions follows."""
    behind_us = [2 * 3_600_000_000]
    async with LocalParadex(market=False, clock_us=lambda: wall_clock_us() - behind_us[0]) as venue:
        account = venue.create_account(KEY)
        old = Trader(venue, account).place("BUY", "0.3", "2400.00", client_id="O-OLD")
        behind_us[0] = 0
        engine = ORDER_CHECKS | {"open_check_lookback_mins": 1}
        async with running_node(venue, account, engine=engine, may_fail=True) as node:
            now = unix_nanos_to_dt(node.node.kernel.clock.timestamp_ns())
            question = GenerateOrderStatusReports(
                **ordered(instrument_id=None, start=now, end=None), open_only=False
            )
            reports = await node.execution.generate_order_status_reports(question)
            assert [report.venue_order_id.value for report in reports] == [old.id]
            # The framework's own checks: nothing is missing, so nothing is asked for by name.
            bulk = faults.SlowResponse(method="GET", path="/orders-history", ms=0, n=FOR_EVER)
            single = faults.SlowResponse(method="GET", path="/orders/", ms=0, n=FOR_EVER)
            venue.faults.add(single)
            venue.faults.add(bulk)
            await until_asked(venue, "/orders-history", 6)
            assert not asked(venue, "/orders/")
            assert node.cache.order(ClientOrderId("O-OLD")).status == OrderStatus.ACCEPTED


async def test_p09_an_order_that_cannot_be_asked_for_stays_as_it_is() -> None:
    """None, or an error, would reject it as not found at the venue (E10)."""
    async with trading_floor(engine=ORDER_CHECKS, may_fail=True) as floor:
        order = await resting(floor)
        unreachable(floor.venue, "/orders/")
        for path in ("/orders-history", "/orders"):
            nothing = faults.MalformedBody(
                method="GET", path=path, body='{"results":[]}', n=FOR_EVER
            )
            floor.venue.faults.add(nothing)
        # More often than the framework looks for an order before it asks for it by name.
        await until_asked(floor.venue, "/orders", 12)
        assert floor.node.story(order) == TAKEN
        report = await single_report(floor, order.client_order_id, order.venue_order_id)
        assert report is not None
        assert report.order_status == OrderStatus.ACCEPTED
        assert report.quantity == order.quantity
        # And where the venue proves that it knows no such order, None is the answer.
        floor.venue.faults.clear()
        assert await single_report(floor, ClientOrderId("O-NEVER"), None) is None
        assert floor.node.story(order) == TAKEN


async def test_p10_orders_that_cannot_be_listed_are_not_missing() -> None:
    """A list that fails counts as an empty one, and the orders as rejected (E10)."""
    async with trading_floor(engine=ORDER_CHECKS, may_fail=True) as floor:
        order = await resting(floor)
        unreachable(floor.venue, "/orders")
        await until_asked(floor.venue, "/orders", 24)
        assert floor.node.story(order) == TAKEN
        floor.venue.faults.clear()
        await until_equal(floor.node, floor.venue, floor.account)


async def test_p11_reports_carry_every_price() -> None:
    """A price that is missing differs from the order's: an OrderUpdated with every report."""
    async with trading_floor() as floor:
        limit = await resting(floor)
        instrument = floor.desk.instrument
        stop = floor.desk.order_factory.stop_limit(
            ETH,
            BUY,
            instrument.make_qty(Decimal("0.1")),
            price=instrument.make_price(2620),
            trigger_price=instrument.make_price(2600),
        )
        floor.desk.submit_order(stop)
        await until(lambda: stop.status == OrderStatus.ACCEPTED)
        for order in (limit, stop):
            report = await single_report(floor, order.client_order_id, order.venue_order_id)
            assert report is not None
            assert report.price == order.price
            assert report.trigger_price == (stop.trigger_price if order is stop else None)
            assert floor.node.node.kernel.exec_engine.reconcile_execution_report(report)
        await floor.node.execution._keeping.recovery.close_gap()
        assert floor.node.story(limit) == TAKEN
        assert floor.node.story(stop) == TAKEN


async def test_p12_a_market_has_one_position_without_an_id() -> None:
    """Of several reports for a market the framework's check keeps the last only (E10)."""
    async with trading_floor(engine=POSITION_CHECKS, may_fail=True) as floor:
        for side, size in ((BUY, "0.3"), (SELL, "0.1"), (BUY, "0.2")):
            order = floor.desk.market(side, size)
            await until(lambda order=order: order.is_closed)
        question = GeneratePositionStatusReports(
            **ordered(instrument_id=None, start=None, end=None)
        )
        (report,) = await floor.node.execution.generate_position_status_reports(question)
        assert report.signed_decimal_qty == Decimal("0.4")
        assert report.venue_position_id is None
        floor.venue.faults.add(
            faults.SlowResponse(method="GET", path="/positions", ms=0, n=FOR_EVER)
        )
        await until_asked(floor.venue, "/positions", 4)
        await until_equal(floor.node, floor.venue, floor.account)
        assert len(floor.node.cache.orders()) == 3


@asynccontextmanager
async def two_accounts(venue: LocalParadex) -> AsyncIterator[tuple[TradingNode, list[Desk]]]:
    """Run a node that trades for two accounts, one strategy each."""
    common = {
        "environment": ParadexEnvironment.LOCAL,
        "base_url_http": venue.http_url,
        "base_url_ws": venue.ws_url,
        "instrument_provider": ParadexInstrumentProviderConfig(load_ids=frozenset({str(ETH)})),
        "max_retries": 0,
    }
    keys = {PARADEX: KEY, "PARADEX_B": OTHER_KEY}
    config = TradingNodeConfig(
        trader_id=TRADER_ID,
        data_clients={PARADEX: ParadexDataClientConfig(**common)},
        exec_clients={
            name: ParadexExecClientConfig(
                **common, account_address=venue.create_account(key), private_key=key
            )
            for name, key in keys.items()
        },
        exec_engine=LiveExecEngineConfig(
            inflight_check_interval_ms=0, graceful_shutdown_on_exception=True, **POSITION_CHECKS
        ),
        timeout_connection=10.0,
        timeout_disconnection=5.0,
        timeout_post_stop=0.1,
    )
    node = TradingNode(config, loop=asyncio.get_running_loop())
    desks = [Desk(order_id_tag=tag) for tag in ("A", "B")]
    for desk in desks:
        node.trader.add_strategy(desk)
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    for name in keys:
        node.add_exec_client_factory(name, ParadexLiveExecClientFactory)
    node.build()
    task = asyncio.create_task(node.run_async())
    try:
        await until(lambda: all(desk.is_running for desk in desks), "the trader runs")
        yield node, desks
    finally:
        await node.stop_async()
        await asyncio.wait([task], timeout=2.0)
        task.cancel()
        node.kernel.dispose()
        clear_shared_clients()


async def test_p13_a_second_accounts_position_survives_a_question_that_fails() -> None:
    """With a venue of its own the failure would not be recognised, and the position flattened."""
    questions = 0

    async def fail() -> list[Position]:
        nonlocal questions
        questions += 1
        raise TransportError("gone", sent=True)

    async with LocalParadex(market=False) as venue:
        maker = Trader(venue)
        maker.place("SELL", "1", "2510.00")
        async with two_accounts(venue) as (node, desks):
            for desk, name in zip(desks, (PARADEX, "PARADEX_B"), strict=True):
                size = desk.instrument.make_qty(Decimal("0.1"))
                order = desk.order_factory.market(ETH, BUY, size)
                desk.submit_order(order, client_id=ClientId(name))
                await until(lambda order=order: order.is_closed)
            assert len(node.cache.positions_open()) == 2
            # The first account's question goes on being answered.
            second = node.kernel.exec_engine._clients[ClientId("PARADEX_B")]
            second._rest.positions = fail
            await until(lambda: questions >= 8, "the framework asks again and again")
            sizes = [position.signed_decimal_qty() for position in node.cache.positions_open()]
            assert sizes == [Decimal("0.1")] * 2
            assert len(node.cache.orders()) == 2


# -- WHAT IS NO FILL, AND WHOSE --------------------------------------------------------------------


async def test_p14_funding_and_transfers_are_no_fills() -> None:
    """As fills they would change positions: they are balances (E9, E11)."""
    ahead_us = [0]
    async with LocalParadex(market=False, clock_us=lambda: wall_clock_us() + ahead_us[0]) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("BUY", "1", "2490.00")
        maker.place("SELL", "1", "2510.00")
        desk = Desk()
        async with running_node(venue, account, strategies=[desk]) as node:
            first = desk.market(BUY, "0.2")
            await until(lambda: first.is_closed)
            # Less than a signature's life, in steps that the venue takes for no interruption.
            for _ in range(10):
                ahead_us[0] += 20_000_000
                venue.exchange.advance()
            venue.exchange.deposit(account, Decimal(500))
            venue.exchange.withdraw(account, Decimal(200))
            await until_equal(node, venue, account)
            second = desk.market(SELL, "0.1")
            await until(lambda: second.status == OrderStatus.FILLED)
            await until_equal(node, venue, account)
            payments = venue.exchange.queries.funding_payments(account, ETH.symbol.value)
            assert [payment for payment in payments if payment.payment]
            assert node.names().count("OrderFilled") == 2
            assert len(node.cache.orders()) == 2
            (position,) = node.cache.positions_open()
            assert position.signed_decimal_qty() == Decimal("0.1")


async def test_p15_a_mass_status_that_fails_leaves_nothing_behind() -> None:
    """The framework's own leaves its client reconciling for ever (E10)."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        unreachable(venue, "/positions")
        async with running_node(venue, account, started=False, may_fail=True) as node:
            await until(lambda: "Generating ExecutionMassStatus" in node.log())
            await until_asked(venue, "/positions", 1)
            with pytest.raises(ParadexError):
                await node.execution.generate_mass_status()
            assert not node.execution.reconciliation_active
            assert not node.is_started
            venue.faults.clear()
            assert await node.execution.generate_mass_status() is not None
            assert not node.execution.reconciliation_active


async def test_p16_what_is_not_loaded_is_said() -> None:
    """The framework drops reports of instruments that it does not know without a word."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        elsewhere = Trader(venue, account, market=BTC.symbol.value)
        elsewhere.place("BUY", "0.01", "60000")
        Trader(venue, account).place("BUY", "0.3", "2400.00", client_id="O-KNOWN")
        async with running_node(venue, account) as node:
            assert node.cache.order(ClientOrderId("O-KNOWN")).is_open
            assert "BTC-USD-PERP is not loaded" in node.log()
            assert "load_ids" in node.log()
            elsewhere.place("BUY", "0.01", "59000")
            Trader(venue, account).place("BUY", "0.1", "2300.00", client_id="O-LATER")
            await until(lambda: node.cache.order(ClientOrderId("O-LATER")) is not None)
            # Once is enough.
            assert node.log().count("BTC-USD-PERP is not loaded") == 1


async def test_p17_an_order_that_the_node_never_saw_is_reported_not_told_by_events() -> None:
    """Events with an unknown client id are dropped: its fills and its position would be lost."""
    async with trading_floor() as floor:
        own = Trader(floor.venue, floor.account)
        placed = own.place("BUY", "0.3", "2495.00", client_id="O-ANOTHER-RUN")
        known_as = ClientOrderId("O-ANOTHER-RUN")
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        await until(lambda: floor.node.cache.order(known_as) is not None, "the order is known")
        await until_equal(floor.node, floor.venue, floor.account)
        own.cancel(placed)
        await until_equal(floor.node, floor.venue, floor.account)
        order = floor.node.cache.order(known_as)
        assert order.strategy_id == EXTERNAL
        assert order.status == OrderStatus.CANCELED
        assert trade_ids(order) == venue_fills(floor)


async def test_p18_the_streams_positions_open_none_beside_the_strategys() -> None:
    """A position report while its fill is still queued opens an EXTERNAL one in addition (E9)."""
    async with trading_floor() as floor:
        late = faults.Delay(channels=("fills",), private=True, ms=200)
        floor.venue.faults.add(late)
        order = floor.desk.market(BUY, "0.2")
        await until(lambda: order.is_closed)
        await until(
            lambda: floor.node.execution._news.positions, "the stream spoke of the position"
        )
        await until_equal(floor.node, floor.venue, floor.account)
        (position,) = floor.node.cache.positions()
        assert position.strategy_id == floor.desk.id
        assert position.signed_decimal_qty() == Decimal("0.2")
        assert [each.client_order_id for each in floor.node.cache.orders()] == [
            order.client_order_id
        ]


@pytest.mark.parametrize("channels", [("fills",), ("fills", "orders")])
async def test_p19_a_fill_that_comes_twice_is_told_once(channels: tuple[str, ...]) -> None:
    """The framework warns of the same fill, and fails on another size under the same id (E5)."""
    async with trading_floor() as floor:
        order = await resting(floor)
        twice = faults.Duplicate(channels=channels, private=True, n=FOR_EVER)
        floor.venue.faults.add(twice)
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        floor.maker.place("SELL", "0.2", "2495.00", "IOC")
        await until(lambda: order.is_closed)
        # The stream has brought both copies of all that when it brings this.
        after = await resting(floor, price="2400.00")
        await until_equal(floor.node, floor.venue, floor.account)
        assert floor.venue.faults.fired.count(twice) >= 2
        assert floor.node.story(order) == [*TAKEN, "OrderFilled", "OrderFilled"]
        assert floor.node.story(after) == TAKEN


async def test_p20_reports_name_the_whole_size_not_the_rest() -> None:
    """With the rest as its quantity the framework changes the order without a word (E10)."""
    async with trading_floor() as floor:
        order = await resting(floor)
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        floor.desk.query_order(order)
        await floor.node.execution._keeping.recovery.close_gap()
        assert order.quantity.as_decimal() == Decimal("0.3")
        assert floor.node.story(order) == [*TAKEN, "OrderFilled"]
        await until_equal(floor.node, floor.venue, floor.account)


# -- OUTAGES ---------------------------------------------------------------------------------------


async def test_p21_an_outage_rejects_and_cancels_nothing() -> None:
    """Questions that nobody answers are no proof: the venue decides when it is back (E6, E17)."""
    async with trading_floor(may_fail=True) as floor:
        kept = await resting(floor)
        floor.venue.faults.add(faults.LostResponse(method="POST", path="/orders"))
        floor.venue.faults.add(faults.LostRequest(method="DELETE", path="/orders", n=FOR_EVER))
        unreachable(floor.venue, "/orders")
        lose(floor, "orders", "fills")
        sent = floor.desk.limit(BUY, "0.1", "2400.00")
        floor.desk.cancel_order(kept)
        # Create and cancel are each asked for several times by then.
        await until_asked(floor.venue, "/orders", 20)
        assert floor.node.story(sent) == ["OrderInitialized", "OrderSubmitted"]
        assert floor.node.story(kept) == [*TAKEN, "OrderPendingCancel"]
        floor.venue.faults.clear()
        await until(lambda: sent.status == OrderStatus.ACCEPTED, "the order is found", 20.0)
        await until(lambda: kept.status == OrderStatus.CANCELED, "the cancel is repeated", 20.0)
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize(("interval_ms", "warns"), [(2_000, True), (0, False)])
async def test_p21_a_node_whose_settings_would_reject_in_an_outage_is_warned(
    interval_ms: int, warns: bool
) -> None:
    """The framework counts questions, not answers; the adapter cannot stop it, but says so."""
    async with trading_floor(engine={"inflight_check_interval_ms": interval_ms}) as floor:
        said = "set LiveExecEngineConfig(inflight_check_interval_ms=0)" in floor.node.log()
        assert said == warns
