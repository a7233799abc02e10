"""Modify and cancel: one by one, in batches, and when the order ended in the meantime."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order
from nautilus_trader.test_kit.strategies.tester_exec import ExecTester
from nautilus_trader.test_kit.strategies.tester_exec import ExecTesterConfig

from nautilus_paradex.execution import inflight
from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Floor
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY = OrderSide.BUY
SELL = OrderSide.SELL
TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]
CANCELED = [*TAKEN, "OrderPendingCancel", "OrderCanceled"]


async def resting(floor: Floor, price: str = "2400.00", size: str = "0.1") -> Order:
    """Return a buy order of the desk that rests at the venue."""
    order = floor.desk.limit(BUY, size, price)
    await until(lambda: order.status == OrderStatus.ACCEPTED, "the order rests")
    return order


def at_venue(floor: Floor, order: Order) -> model.Order:
    """Return the venue's view of an order."""
    return floor.venue.exchange.queries.order(floor.account, order.venue_order_id.value)


# -- MODIFY ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer_order", list(AnswerOrder))
async def test_modify_of_price_and_size_keeps_the_order(answer_order: AnswerOrder) -> None:
    """E7: TC-E30, once per request, with the order id that it had."""
    async with trading_floor(config=SimulatorConfig(answer_order=answer_order)) as floor:
        order = await resting(floor)
        venue_order_id = order.venue_order_id
        instrument = floor.desk.instrument
        floor.desk.modify_order(order, price=instrument.make_price(2395))
        await until(lambda: order.price == instrument.make_price(2395))
        floor.desk.modify_order(order, quantity=instrument.make_qty(Decimal("0.2")))
        await until(lambda: order.quantity == instrument.make_qty(Decimal("0.2")))
        floor.desk.modify_order(
            order, quantity=instrument.make_qty(Decimal("0.15")), price=instrument.make_price(2390)
        )
        await until(lambda: order.price == instrument.make_price(2390))
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        assert floor.node.story(order) == [*TAKEN, *["OrderPendingUpdate", "OrderUpdated"] * 3]
        assert order.venue_order_id == venue_order_id
        assert at_venue(floor, order).size == Decimal("0.15")
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize("answer_order", [AnswerOrder.ANSWER_FIRST, AnswerOrder.NOTIFICATION_FIRST])
@pytest.mark.parametrize("fill_order", [FillOrder.ORDER_FIRST, FillOrder.FILL_FIRST])
@pytest.mark.parametrize("size", ["0.1", "0.3", "1.5"])
async def test_modify_into_the_market_tells_the_new_terms_and_all_fills(
    answer_order: AnswerOrder, fill_order: FillOrder, size: str
) -> None:
    """E7, E5: a fill may come before the framework can take it, of terms it does not know yet."""
    config = SimulatorConfig(answer_order=answer_order, fill_order=fill_order)
    async with trading_floor(config=config) as floor:
        floor.maker.place("SELL", "0.1", "2509.00")
        order = await resting(floor)
        instrument = floor.desk.instrument
        floor.desk.modify_order(
            order,
            quantity=instrument.make_qty(Decimal(size)),
            price=instrument.make_price(2510),
        )
        await until_equal(floor.node, floor.venue, floor.account)
        await until(lambda: order.filled_qty.as_decimal() == min(Decimal(size), Decimal("1.1")))
        await until_equal(floor.node, floor.venue, floor.account)
        story = floor.node.story(order)
        assert story.count("OrderFilled") == (1 if size == "0.1" else 2)
        assert "OrderModifyRejected" not in story
        assert not order.is_pending_update


@pytest.mark.parametrize("answer_order", list(AnswerOrder))
async def test_modify_that_the_venue_rejects_leaves_the_order_as_it_was(
    answer_order: AnswerOrder,
) -> None:
    """E7: TC-E36, the request's own result is REJECTED."""
    async with trading_floor(config=SimulatorConfig(answer_order=answer_order)) as floor:
        order = floor.desk.limit(BUY, "0.1", "2400.00", post_only=True)
        await until(lambda: order.is_open)
        floor.desk.modify_order(order, price=floor.desk.instrument.make_price(2510))
        await until(lambda: "OrderModifyRejected" in floor.node.story(order))
        assert "POST_ONLY_WOULD_CROSS" in floor.node.events_of(order)[-1].reason
        assert order.status == OrderStatus.ACCEPTED
        assert order.price == floor.desk.instrument.make_price(2400)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_modify_that_the_venue_refuses_is_rejected_with_its_code() -> None:
    """E7: a refusal of the request itself."""
    async with trading_floor() as floor:
        order = await resting(floor)
        floor.venue.exchange.update_market(ETH.symbol.value, max_order_size=Decimal(1))
        floor.desk.modify_order(order, quantity=floor.desk.instrument.make_qty(Decimal(2)))
        await until(lambda: "OrderModifyRejected" in floor.node.story(order))
        assert "INVALID_ORDER_SIZE" in floor.node.events_of(order)[-1].reason
        assert order.status == OrderStatus.ACCEPTED
        await until_equal(floor.node, floor.venue, floor.account)


async def test_modify_of_an_order_that_just_ended_tells_its_end() -> None:
    """E7: the end is told, and nothing stays pending."""
    async with trading_floor() as floor:
        order = await resting(floor)
        end_at_venue(floor, order)
        floor.desk.modify_order(order, price=floor.desk.instrument.make_price(2390))
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED
        await until_equal(floor.node, floor.venue, floor.account)


async def test_partly_filled_order_can_be_modified() -> None:
    """E7: the new size counts what is filled already."""
    async with trading_floor() as floor:
        order = await resting(floor, price="2500.00", size="0.3")
        floor.maker.place("SELL", "0.1", "2500.00", "IOC")
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        floor.desk.modify_order(order, quantity=floor.desk.instrument.make_qty(Decimal("0.25")))
        await until(lambda: order.quantity.as_decimal() == Decimal("0.25"))
        assert order.filled_qty.as_decimal() == Decimal("0.1")
        await until_equal(floor.node, floor.venue, floor.account)


# -- CANCEL ----------------------------------------------------------------------------------------


def end_at_venue(floor: Floor, order: Order) -> None:
    """Close an order at the venue, before the node can know."""
    order_id = order.venue_order_id.value
    floor.venue.exchange.cancel(floor.account, order_id)
    floor.venue.exchange.process_cancel(order_id)


@pytest.mark.parametrize("answer_order", list(AnswerOrder))
async def test_cancel_ends_with_the_order(answer_order: AnswerOrder) -> None:
    """E7: TC-E40."""
    async with trading_floor(config=SimulatorConfig(answer_order=answer_order)) as floor:
        order = await resting(floor)
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == CANCELED
        await until_equal(floor.node, floor.venue, floor.account)


async def test_cancel_of_an_order_that_just_ended_tells_canceled_once() -> None:
    """E7: TC-E44, ORDER_IS_CLOSED asks before it says anything."""
    async with trading_floor() as floor:
        order = await resting(floor)
        end_at_venue(floor, order)
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        await until_equal(floor.node, floor.venue, floor.account)
        assert floor.node.story(order) == CANCELED


async def test_cancel_of_an_order_that_just_filled_tells_the_fill() -> None:
    """E7: TC-E44, a fill is no failed cancel."""
    async with trading_floor() as floor:
        order = await resting(floor, price="2500.00")
        floor.maker.place("SELL", "0.1", "2500.00", "IOC")
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        await until_equal(floor.node, floor.venue, floor.account)
        assert order.status == OrderStatus.FILLED
        assert floor.node.story(order) == [*TAKEN, "OrderPendingCancel", "OrderFilled"]


async def test_cancel_of_an_ended_order_whose_news_were_lost_asks_for_its_end() -> None:
    """E7: only the question brings it, since the stream lost it."""
    async with trading_floor() as floor:
        order = await resting(floor)
        lost = floor.venue.faults.add(faults.Lose(channels=("orders",), private=True))
        end_at_venue(floor, order)
        await until(lambda: lost.is_exhausted)
        assert order.is_open
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == CANCELED
        await until_equal(floor.node, floor.venue, floor.account)


def forget_orders(floor: Floor) -> None:
    """Let the venue know no order any more, by none of the questions that can be asked."""
    queue = floor.venue.faults
    gone = '{"error":"ORDER_ID_NOT_FOUND","message":"order does not exist","data":null}'
    for method in ("DELETE", "GET"):
        queue.add(faults.HttpStatus(method=method, path="/orders/", status=404, body=gone, n=1_000))
    for path in ("/orders-history", "/orders"):
        queue.add(faults.MalformedBody(method="GET", path=path, body='{"results":[]}', n=1_000))


async def test_cancel_of_an_order_that_the_venue_has_lost_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """E7, trap 64: not found by its id, among open orders and in the history, time and again."""
    monkeypatch.setattr(inflight, "_ASK_DELAYS", (0.05,))
    async with trading_floor() as floor:
        order = await resting(floor)
        forget_orders(floor)
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == CANCELED
        asked = [fault for fault in floor.venue.faults.fired if fault.method == "GET"]
        assert len(asked) >= inflight.MAX_CANCEL_ATTEMPTS


async def test_cancel_that_the_venue_never_carries_out_is_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """E7: the order is seen to live on, so it is not told as ended."""
    monkeypatch.setattr(inflight, "_ASK_DELAYS", (0.05,))
    async with trading_floor() as floor:
        order = await resting(floor)
        lost = faults.HttpStatus(method="DELETE", path="/orders/", status=503, n=1_000)
        floor.venue.faults.add(lost)
        floor.desk.cancel_order(order)
        await until(lambda: "OrderCancelRejected" in floor.node.story(order), deadline_s=30.0)
        assert "still open at the venue" in floor.node.events_of(order)[-1].reason
        assert order.status == OrderStatus.ACCEPTED
        floor.venue.faults.clear()
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_cancel_of_an_order_that_the_node_does_not_know_is_rejected_unsent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """E7: nobody can say which order is meant."""
    async with trading_floor() as floor:
        told: list[dict[str, Any]] = []
        monkeypatch.setattr(
            floor.node.execution._room.commands._teller,
            "_client",
            SimpleNamespace(generate_order_cancel_rejected=lambda **event: told.append(event)),
        )
        command = CancelOrder(
            trader_id=floor.desk.trader_id,
            strategy_id=floor.desk.id,
            instrument_id=ETH,
            client_order_id=ClientOrderId("O-NEVER"),
            venue_order_id=None,
            command_id=UUID4(),
            ts_init=0,
        )
        await floor.node.execution._cancel_order(command)
        (event,) = told
        assert event["client_order_id"] == ClientOrderId("O-NEVER")
        assert event["reason"] == "the order is not known"


async def test_cancel_right_after_submit_ends_the_order() -> None:
    """E7: the venue order id may not be known yet."""
    async with trading_floor(config=SimulatorConfig(latency_ms=50)) as floor:
        order = floor.desk.limit(BUY, "0.1", "2400.00")
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        assert order.status == OrderStatus.CANCELED
        await until_equal(floor.node, floor.venue, floor.account)


async def test_batch_cancel_ends_every_order_by_itself() -> None:
    """E8: TC-E43; one that had ended already does not disturb the others."""
    async with trading_floor() as floor:
        orders = [await resting(floor, price=f"{2400 - step}.00") for step in range(12)]
        end_at_venue(floor, orders[3])
        floor.desk.cancel_orders(orders)
        await until(lambda: all(order.is_closed for order in orders))
        assert all(floor.node.story(order) == CANCELED for order in orders)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_cancel_all_takes_this_strategys_orders_of_the_side() -> None:
    """TC-E41: other sides, and orders placed elsewhere, stay."""
    async with trading_floor() as floor:
        buys = [await resting(floor), await resting(floor, price="2390.00")]
        sell = floor.desk.limit(SELL, "0.1", "2600.00")
        await until(lambda: sell.is_open)
        foreign = floor.venue.exchange.place(
            model.OrderCommand(
                account=floor.account,
                market=ETH.symbol.value,
                side=model.Side.BUY,
                type=model.OrderType.LIMIT,
                size=Decimal("0.1"),
                price=Decimal("2380.00"),
            )
        )
        await until(lambda: len(floor.node.cache.orders_open()) == 4, "the foreign order is known")
        floor.desk.cancel_all_orders(ETH, order_side=BUY)
        await until(lambda: all(order.is_closed for order in buys))
        assert sell.is_open
        left = floor.venue.exchange.queries.open_orders(floor.account)
        assert {order.id for order in left} == {sell.venue_order_id.value, foreign.id}
        floor.desk.cancel_all_orders(ETH)
        await until(lambda: sell.is_closed)
        await until_equal(floor.node, floor.venue, floor.account)


# -- LISTS, QUERIES, TESTERS -----------------------------------------------------------------------


@pytest.mark.parametrize("fill_order", [FillOrder.ORDER_FIRST, FillOrder.FILL_FIRST])
async def test_orders_of_a_list_have_their_own_outcomes(fill_order: FillOrder) -> None:
    """E8: TC-E78; one rests, one fills, one is rejected."""
    async with trading_floor(config=SimulatorConfig(fill_order=fill_order)) as floor:
        factory, instrument = floor.desk.order_factory, floor.desk.instrument
        quantity = instrument.make_qty(Decimal("0.1"))
        rests = factory.limit(ETH, BUY, quantity, instrument.make_price(2400))
        fills = factory.limit(ETH, BUY, quantity, instrument.make_price(2510))
        crosses = factory.limit(ETH, BUY, quantity, instrument.make_price(2510), post_only=True)
        floor.desk.submit_order_list(factory.create_list([rests, fills, crosses]))
        await until(lambda: rests.is_open and fills.is_closed and crosses.is_closed)
        assert floor.node.story(rests) == TAKEN
        assert floor.node.story(fills) == [*TAKEN, "OrderFilled"]
        assert floor.node.story(crosses)[-1] == "OrderRejected"
        await until_equal(floor.node, floor.venue, floor.account)


async def test_queries_are_answered_and_invent_nothing() -> None:
    """E16, P3, P4: a query of a partly filled order brings no fill twice."""
    async with trading_floor() as floor:
        order = await resting(floor, price="2500.00", size="0.3")
        floor.maker.place("SELL", "0.1", "2500.00", "IOC")
        floor.desk.query_order(order)
        await until(lambda: order.status == OrderStatus.PARTIALLY_FILLED)
        floor.desk.query_order(order)
        states = len(floor.node.cache.account(floor.node.account_id).events)
        floor.desk.query_account(floor.node.account_id)
        await until(
            lambda: len(floor.node.cache.account(floor.node.account_id).events) > states,
            "an account state",
        )
        await until_equal(floor.node, floor.venue, floor.account)
        assert floor.node.story(order) == [*TAKEN, "OrderFilled"]


@pytest.mark.parametrize(
    "switches",
    [
        {"use_individual_cancels_on_stop": True},
        {"use_batch_cancel_on_stop": True},
        {"modify_orders_to_maintain_tob_offset": True},
        {"cancel_replace_orders_to_maintain_tob_offset": True},
    ],
    ids=lambda switches: next(iter(switches)),
)
async def test_exec_tester_maintains_and_cancels_its_orders(switches: dict[str, bool]) -> None:
    """TC-E30 to E33, E42, E43: orders follow the market, and end with the strategy."""
    tester = ExecTester(
        ExecTesterConfig(
            instrument_id=ETH,
            order_qty=Decimal("0.1"),
            use_post_only=True,
            log_data=False,
            tob_offset_ticks=300,
            **switches,
        )
    )
    async with LocalParadex(seed=5, driven=[ETH.symbol.value]) as venue:
        account = venue.create_account(KEY)
        async with running_node(venue, account, strategies=[tester]) as node:
            follows = "modify" in str(switches) or "replace" in str(switches)
            wanted = "OrderUpdated" if "modify" in str(switches) else "OrderCanceled"
            await until(lambda: len(node.cache.orders_open()) >= 2)
            if follows:
                venue.market.jump("ETH", 0.001)
                await until(lambda: node.names().count(wanted) >= 1, f"the first {wanted}")
                venue.market.jump("ETH", -0.002)
                await until(lambda: node.names().count(wanted) >= 2, f"the second {wanted}")
            tester.stop()
            await until(lambda: not node.cache.orders_open() and not node.cache.orders_inflight())
            await until_equal(node, venue, account)
            assert "OrderCancelRejected" not in node.names()
