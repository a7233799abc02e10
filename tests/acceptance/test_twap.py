"""Native TWAP orders: one order of the framework, carried out by the venue's children."""

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution import algos
from nautilus_paradex.execution.client import ParadexExecutionClient
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.messages.orders import AlgoOrder
from nautilus_paradex.protocol.messages.orders import AlgoOrderRequest
from nautilus_paradex.protocol.numbers import mantissa
from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server.algo import AlgoDesk
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import Floor
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import differences
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until


BUY, SELL = OrderSide.BUY, OrderSide.SELL
EXTERNAL = StrategyId("EXTERNAL")
MARKET = ETH.symbol.value
TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]

#: A child every 150 ms.
HURRY = 0.005


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


def open_algos(floor: Floor) -> list[Any]:
    """Return the account's TWAP orders that are open at the venue."""
    return floor.venue._server._algo.orders(floor.account, is_open=True)


def another(floor: Floor) -> Trader:
    """Return a trader beside the maker, whose orders it may take."""
    return Trader(floor.venue, floor.venue.create_account(public_key="0xbeef"))


def hasten(floor: Floor) -> None:
    """Give up soon on what cannot be tied."""
    book = floor.node.execution._room.algos._book
    book.tie_patience_ns = 300_000_000
    book.missing_patience_ns = 1_000_000_000


def restore(monkeypatch: pytest.MonkeyPatch, order: Order, *positions: Any) -> None:
    """Have the next node find an order in its cache, as one whose cache is kept."""
    connect = ParadexExecutionClient._connect

    async def restored(client: ParadexExecutionClient) -> None:
        await connect(client)
        client._cache.add_order(order)
        if order.venue_order_id is not None:
            client._cache.add_venue_order_id(order.client_order_id, order.venue_order_id)
        client._cache.update_order(order)
        for position in positions:
            client._cache.add_position(position, OmsType.NETTING)

    monkeypatch.setattr(ParadexExecutionClient, "_connect", restored)


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


async def test_e7_a_twap_can_be_canceled_midway() -> None:
    async with trading_floor(config=SimulatorConfig(twap_time_scale=0.02)) as floor:
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED
        await until_told(floor)
        story = floor.node.story(order)
        assert story.count("OrderCanceled") == 1
        assert story[-1] == "OrderCanceled"
        assert order.filled_qty.as_decimal() < Decimal("0.4")
        assert not open_algos(floor)


async def test_e7_a_cancel_right_after_the_submit_waits_for_the_answer() -> None:
    async with trading_floor(config=SimulatorConfig(latency_ms=50)) as floor:
        floor.venue.faults.add(faults.SlowResponse(method="POST", path="/algo", ms=400))
        order = twap(floor.desk, BUY, "0.4")
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED
        await until_told(floor)
        assert not open_algos(floor)


async def test_e4_a_twap_that_finds_no_market_ends_canceled() -> None:
    async with trading_floor(config=config()) as floor:
        another(floor).place("BUY", "1", "2510.00", "IOC")
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED
        assert not order.filled_qty.as_decimal()
        await until_told(floor)


async def test_e4_a_twap_that_is_filled_in_part_ends_canceled() -> None:
    async with trading_floor(config=config()) as floor:
        another(floor).place("BUY", "0.75", "2510.00", "IOC")
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED
        assert order.filled_qty.as_decimal() == Decimal("0.25")
        await until_told(floor)
        assert floor.node.story(order)[-1] == "OrderCanceled"


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"duration_seconds": 45}, "steps of 30"),
        ({"duration_seconds": 86_430}, "30 to 86400"),
        ({"duration_seconds": None}, "duration_seconds"),
        ({"frequency": 29}, "between 30"),
        ({"frequency": 150}, "between 30"),
        ({"algo": "VWAP"}, "algo"),
    ],
)
async def test_e1_what_the_venue_cannot_run_is_denied(params: dict[str, Any], reason: str) -> None:
    async with trading_floor(config=config()) as floor:
        order = twap(floor.desk, BUY, "0.4", params)
        await until(lambda: order.is_closed)
        (_, denied) = floor.node.events_of(order)
        assert type(denied).__name__ == "OrderDenied"
        assert reason in denied.reason
        assert not open_algos(floor)


async def test_e1_a_reduce_only_twap_is_denied() -> None:
    async with trading_floor(config=config()) as floor:
        order = twap(floor.desk, BUY, "0.4", reduce_only=True)
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.DENIED


async def test_e7_a_twap_cannot_be_modified() -> None:
    async with trading_floor(config=SimulatorConfig(twap_time_scale=0.02)) as floor:
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        floor.desk.modify_order(order, quantity=floor.desk.instrument.make_qty(Decimal("0.5")))
        await until(lambda: "OrderModifyRejected" in floor.node.story(order))
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.FILLED
        await until_told(floor)


async def test_e6_a_refused_twap_is_rejected_with_the_venues_code() -> None:
    async with trading_floor(config=config()) as floor:
        floor.venue.exchange.update_market(MARKET, trading_mode=model.TradingMode.RFQ_ONLY)
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.REJECTED
        assert "INVALID_REQUEST_PARAMETER" in floor.node.events_of(order)[-1].reason


# -- OTHER ORDERS OF THE MARKET --------------------------------------------------------------------


@pytest.mark.parametrize("repeats", [True, False])
async def test_trap_50_a_market_order_of_elsewhere_stays_an_external_order(
    repeats: bool,
) -> None:
    settings = SimulatorConfig(twap_time_scale=0.02, twap_repeats_signature=repeats)
    async with trading_floor(config=settings) as floor:
        hasten(floor)
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        foreign = Trader(floor.venue, floor.account).place("BUY", "0.07")
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.FILLED
        await until_told(floor)
        assert len(floor.node.cache.orders()) == 2
        (other,) = (o for o in floor.node.cache.orders() if o is not order)
        assert other.strategy_id == EXTERNAL
        assert other.venue_order_id.value == foreign.id
        assert other.filled_qty.as_decimal() == Decimal("0.07")


async def test_trap_50_what_cannot_be_told_apart_is_external_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two orders of one size at two prices, and a venue that does not say its average price."""
    shown = AlgoDesk.json

    def without_price(desk: AlgoDesk, order: Any) -> dict[str, Any]:
        return shown(desk, order) | {"avg_fill_price": ""}

    monkeypatch.setattr(AlgoDesk, "json", without_price)
    monkeypatch.setattr(algos, "COUNT_DELAY_SECS", 0.6)
    settings = SimulatorConfig(twap_time_scale=0.05, twap_repeats_signature=False)
    async with trading_floor(config=settings) as floor:
        hasten(floor)
        floor.maker.place("SELL", "0.1", "2509.00")
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: children(floor))
        Trader(floor.venue, floor.account).place("BUY", "0.1")
        await until(lambda: order.is_closed, deadline_s=20)
        assert order.status == OrderStatus.CANCELED
        assert order.filled_qty.as_decimal() == Decimal("0.3")
        await until_told(floor)
        others = [o for o in floor.node.cache.orders() if o is not order]
        assert {o.filled_qty.as_decimal() for o in others} == {Decimal("0.1")}
        assert len(others) == 2
        assert "cannot be told from others" in floor.node.log()


@pytest.mark.parametrize("repeats", [True, False])
async def test_two_twaps_of_one_market_and_side_have_their_own_fills(repeats: bool) -> None:
    settings = config(twap_repeats_signature=repeats)
    async with trading_floor(config=settings) as floor:
        first = twap(floor.desk, BUY, "0.4")
        second = twap(floor.desk, BUY, "0.28")
        third = twap(floor.desk, SELL, "0.2")
        orders = (first, second, third)
        await until(lambda: all(order.is_closed for order in orders))
        assert [order.status for order in orders] == [OrderStatus.FILLED] * 3
        await until_told(floor)
        assert len(floor.node.cache.orders()) == 3


@pytest.mark.parametrize("repeats", [True, False])
async def test_e5_a_venue_that_counts_its_children_late_is_waited_for(repeats: bool) -> None:
    settings = config(twap_repeats_signature=repeats, twap_count_delay_s=0.8)
    async with trading_floor(config=settings) as floor:
        first = twap(floor.desk, BUY, "0.4")
        second = twap(floor.desk, BUY, "0.28")
        await until(lambda: first.is_closed and second.is_closed, deadline_s=20)
        assert [first.status, second.status] == [OrderStatus.FILLED] * 2
        await until_told(floor)
        assert len(floor.node.cache.orders()) == 2


async def submit_elsewhere(floor: Floor, size: str) -> AlgoOrder:
    """Place a TWAP past the adapter, as on the venue's own page."""
    rest, signer = floor.node.execution._link.rest, floor.node.execution._link.signer
    timestamp_ms = time.time_ns() // 1_000_000
    signature = signer.sign_order(
        timestamp_ms=timestamp_ms,
        market=MARKET,
        side=Side.BUY,
        type=OrderType.MARKET,
        size_e8=mantissa(size),
        price_e8=0,
    )
    return await rest.create_algo_order(
        AlgoOrderRequest(
            algo_type="TWAP",
            market=MARKET,
            side=Side.BUY,
            type=OrderType.MARKET,
            size=size,
            duration_seconds=120,
            signature=signature,
            signature_timestamp=timestamp_ms,
        )
    )


@pytest.mark.parametrize("repeats", [True, False])
async def test_trap_50_a_twap_of_elsewhere_is_told_by_its_children(repeats: bool) -> None:
    """Also after a reconnect, which lists it as open: no fill counts twice."""
    settings = SimulatorConfig(twap_time_scale=0.03, twap_repeats_signature=repeats)
    async with trading_floor(config=settings, may_fail=True) as floor:
        await submit_elsewhere(floor, "0.4")
        await until(floor.node.cache.orders)
        await until_told(floor)
        await floor.venue.drop_connections()
        await until(lambda: floor.node.execution.stream_status().epoch == 2)
        await until(lambda: len(children(floor)) == 4)
        await until_told(floor)
        await until(lambda: len(floor.node.cache.orders()) == 4)
        assert {o.strategy_id for o in floor.node.cache.orders()} == {EXTERNAL}
        assert not floor.node.cache.orders_open()


async def test_two_twaps_of_ours_and_elsewhere_are_told_apart_by_their_signatures() -> None:
    async with trading_floor(config=config()) as floor:
        order = twap(floor.desk, BUY, "0.4")
        await submit_elsewhere(floor, "0.4")
        await until(lambda: order.is_closed and len(children(floor)) == 8)
        assert order.status == OrderStatus.FILLED
        await until_told(floor)
        assert len(floor.node.cache.orders()) == 5


# -- FAULTS ----------------------------------------------------------------------------------------


LOST = {
    "lost response": faults.LostResponse(method="POST", path="/algo"),
    "malformed body": faults.MalformedBody(method="POST", path="/algo"),
    "late answer": faults.SlowResponse(method="POST", path="/algo", ms=1_500),
}


@pytest.mark.parametrize("repeats", [True, False])
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
async def test_e6_a_create_whose_answer_is_lost_is_found_and_never_sent_twice(
    fault: faults.RequestFault, repeats: bool
) -> None:
    settings = SimulatorConfig(twap_time_scale=0.02, twap_repeats_signature=repeats)
    async with trading_floor(
        config=settings, execution={"http_timeout_secs": 1}, may_fail=True
    ) as floor:
        floor.venue.faults.add(fault)
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.FILLED
        assert floor.node.story(order) == [*TAKEN, *["OrderFilled"] * 4]
        await until_told(floor)
        assert len(children(floor)) == 4


async def test_e6_a_create_that_never_arrived_is_rejected_on_proof_only() -> None:
    async with trading_floor(
        config=config(), execution={"recv_window_ms": 1_000}, may_fail=True
    ) as floor:
        floor.venue.faults.add(faults.LostRequest(method="POST", path="/algo"))
        order = twap(floor.desk, BUY, "0.4")
        foreign = Trader(floor.venue, floor.account).place("BUY", "0.05")
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.REJECTED
        submitted, rejected = floor.node.events_of(order)[1:]
        assert rejected.ts_event >= submitted.ts_event + 1_000_000_000
        await until_told(floor)
        (other,) = (o for o in floor.node.cache.orders() if o is not order)
        assert other.venue_order_id.value == foreign.id


@pytest.mark.parametrize("repeats", [True, False])
async def test_s4_children_that_the_stream_missed_are_fetched(repeats: bool) -> None:
    settings = SimulatorConfig(twap_time_scale=0.01, twap_repeats_signature=repeats)
    async with trading_floor(config=settings, may_fail=True) as floor:
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        floor.venue.faults.add(faults.DropAfterFrames(frames=0, private=True))
        floor.venue.faults.add(faults.RefuseConnects(n=3))
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.FILLED
        await until_told(floor)
        assert len(floor.node.cache.orders()) == 1


@pytest.mark.parametrize("frames", range(0, 18, 3))
async def test_e5_e10_the_stream_is_cut_in_the_middle_of_a_twap(frames: int) -> None:
    settings = SimulatorConfig(
        twap_time_scale=0.01,
        twap_repeats_signature=frames % 2 == 0,
        answer_order=AnswerOrder.RANDOM,
        fill_order=FillOrder.RANDOM,
    )
    async with trading_floor(config=settings, may_fail=True) as floor:
        cuts = faults.DropAfterFrames(frames=frames, private=True, n=2)
        floor.venue.faults.add(cuts)
        orders = [twap(floor.desk, BUY, "0.4"), twap(floor.desk, SELL, "0.24")]
        await until(lambda: all(order.is_closed for order in orders))
        floor.venue.faults.clear()
        assert [order.status for order in orders] == [OrderStatus.FILLED] * 2
        await until_told(floor)
        assert len(floor.node.cache.orders()) == 2


@pytest.mark.parametrize("channel", ["orders", "fills"])
async def test_e5_children_whose_news_are_lost_are_fetched(channel: str) -> None:
    async with trading_floor(config=SimulatorConfig(twap_time_scale=0.01)) as floor:
        floor.venue.faults.add(faults.Lose(channels=(channel,), private=True, n=100))
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.is_closed, deadline_s=20)
        assert order.status == OrderStatus.FILLED
        assert floor.node.story(order) == [*TAKEN, *["OrderFilled"] * 4]
        floor.venue.faults.clear()
        await until_told(floor)


# -- QUESTIONS AND STARTS --------------------------------------------------------------------------


async def test_e16_queries_of_a_twap_invent_nothing() -> None:
    async with trading_floor(config=SimulatorConfig(twap_time_scale=0.02)) as floor:
        order = twap(floor.desk, BUY, "0.4")
        for _ in range(4):
            filled = order.filled_qty
            floor.desk.query_order(order)
            await until(lambda before=filled: order.is_closed or order.filled_qty > before)
        await until(lambda: order.is_closed)
        floor.desk.query_order(order)
        await until_told(floor)
        assert floor.node.story(order) == [*TAKEN, *["OrderFilled"] * 4]


async def test_e10_continuous_checks_of_the_framework_find_nothing_wrong() -> None:
    engine = {
        "open_check_interval_secs": 0.2,
        "open_check_open_only": False,
        "open_check_threshold_ms": 0,
        "position_check_interval_secs": 0.2,
        "position_check_threshold_ms": 0,
        "reconciliation_startup_delay_secs": 0.0,
    }
    async with trading_floor(config=SimulatorConfig(twap_time_scale=0.02), engine=engine) as floor:
        order = twap(floor.desk, BUY, "0.4")
        await until(lambda: order.is_closed)
        await until_told(floor)
        assert len(floor.node.cache.orders()) == 1


@pytest.mark.parametrize("repeats", [True, False])
async def test_e10_an_open_twap_of_an_earlier_run_is_one_order(repeats: bool) -> None:
    settings = SimulatorConfig(twap_time_scale=0.05, twap_repeats_signature=repeats)
    async with LocalParadex(market=False, config=settings) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("SELL", "1", "2510.00")
        first = Desk()
        async with running_node(venue, account, strategies=[first]) as node:
            order = twap(first, BUY, "0.4")
            await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        async with running_node(venue, account) as node:
            await until(lambda: not told_differences(node, venue, account))
            (found,) = node.cache.orders()
            assert found.venue_order_id == order.venue_order_id
            assert found.quantity == order.quantity
            await until(lambda: found.is_closed)
            assert found.status == OrderStatus.FILLED
            await until(lambda: not told_differences(node, venue, account))
            assert len(node.cache.orders()) == 1


async def test_e7_an_open_twap_of_an_earlier_run_can_be_canceled() -> None:
    settings = SimulatorConfig(twap_time_scale=0.1)
    async with LocalParadex(market=False, config=settings) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("SELL", "1", "2510.00")
        first, second = Desk(), Desk(external_order_claims=[ETH])
        async with running_node(venue, account, strategies=[first]) as node:
            order = twap(first, BUY, "0.4")
            await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        async with running_node(venue, account, strategies=[second]) as node:
            second.cancel_all_orders(ETH)
            await until(lambda: not node.cache.orders_open())
            (found,) = node.cache.orders()
            assert found.status == OrderStatus.CANCELED
            await until(lambda: not told_differences(node, venue, account))
            assert not venue._server._algo.orders(account, is_open=True)


@pytest.mark.parametrize("repeats", [True, False])
async def test_e6_a_create_of_a_run_that_ended_before_its_answer_is_found(
    repeats: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SimulatorConfig(twap_time_scale=0.03, twap_repeats_signature=repeats)
    async with LocalParadex(market=False, config=settings) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("SELL", "1", "2510.00")
        first = Desk()
        async with running_node(venue, account, strategies=[first], may_fail=True) as node:
            venue.faults.add(faults.LostResponse(method="POST", path="/algo"))
            venue.faults.add(faults.HttpStatus(method="GET", path="/algo", status=503, n=99))
            order = twap(first, BUY, "0.4")
            await until(lambda: venue._server._algo.orders(account, is_open=True))
            await until(lambda: order.status == OrderStatus.SUBMITTED)
        assert order.status == OrderStatus.SUBMITTED
        venue.faults.clear()
        restore(monkeypatch, order)
        async with running_node(venue, account) as node:
            await until(lambda: order.is_closed)
            assert order.status == OrderStatus.FILLED
            await until(lambda: not told_differences(node, venue, account))
            assert node.cache.orders() == [order]


@pytest.mark.parametrize("ends_meanwhile", [False, True])
async def test_e10_a_restart_with_the_order_in_the_cache_goes_on_with_it(
    ends_meanwhile: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SimulatorConfig(twap_time_scale=0.03, twap_repeats_signature=False)
    async with LocalParadex(market=False, config=settings) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("SELL", "1", "2510.00")
        first = Desk()
        async with running_node(venue, account, strategies=[first]) as node:
            order = twap(first, BUY, "0.4")
            await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
            (position,) = node.cache.positions_open()
        if ends_meanwhile:
            await until(lambda: len(venue.exchange.queries.fills(account)) == 4)
        restore(monkeypatch, order, position)
        async with running_node(venue, account) as node:
            (found,) = node.cache.orders()
            assert found is order
            await until(lambda: found.is_closed)
            assert found.status == OrderStatus.FILLED
            await until(lambda: not told_differences(node, venue, account))
            assert len(node.cache.orders()) == 1
            assert len({t.value for t in found.trade_ids}) == 4


async def test_e10_a_restart_after_the_end_of_a_twap_counts_no_fill_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with LocalParadex(market=False, config=config()) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("SELL", "1", "2510.00")
        first = Desk()
        async with running_node(venue, account, strategies=[first]) as node:
            order = twap(first, BUY, "0.4")
            await until(lambda: order.is_closed)
            position = node.cache.positions_open()[0]
        restore(monkeypatch, order, position)
        async with running_node(venue, account) as node:
            await until(lambda: not told_differences(node, venue, account))
            assert node.cache.orders() == [order]
