"""What is denied before it is sent, what the venue rejects, and how both are told."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.enums import TrailingOffsetType
from nautilus_trader.model.enums import TriggerType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY = OrderSide.BUY
SELL = OrderSide.SELL
SENT = ["OrderInitialized", "OrderSubmitted"]
TAKEN = [*SENT, "OrderAccepted"]
ONE = Quantity.from_str("0.1000")
LOW = Price.from_str("2400.00")


def _fok(desk: Desk) -> Order:
    return desk.order_factory.limit(ETH, BUY, ONE, LOW, time_in_force=TimeInForce.FOK)


def _market_fok(desk: Desk) -> Order:
    return desk.order_factory.market(ETH, BUY, ONE, time_in_force=TimeInForce.FOK)


def _day(desk: Desk) -> Order:
    return desk.order_factory.limit(ETH, BUY, ONE, LOW, time_in_force=TimeInForce.DAY)


def _gtd(desk: Desk) -> Order:
    return desk.order_factory.limit(
        ETH,
        BUY,
        ONE,
        LOW,
        time_in_force=TimeInForce.GTD,
        expire_time=desk.clock.utc_now() + timedelta(hours=1),
    )


def _trailing(desk: Desk) -> Order:
    return desk.order_factory.trailing_stop_market(
        ETH,
        SELL,
        ONE,
        trailing_offset=Decimal(100),
        trailing_offset_type=TrailingOffsetType.BASIS_POINTS,
    )


def _display(desk: Desk) -> Order:
    return desk.order_factory.limit(ETH, BUY, ONE, LOW, display_qty=Quantity.from_str("0.0100"))


def _quote_quantity(desk: Desk) -> Order:
    return desk.order_factory.market(ETH, BUY, Quantity.from_str("250.0000"), quote_quantity=True)


def _last_price_trigger(desk: Desk) -> Order:
    return desk.order_factory.stop_market(
        ETH, SELL, ONE, trigger_price=LOW, trigger_type=TriggerType.LAST_PRICE
    )


def _post_only_ioc(desk: Desk) -> Order:
    return desk.order_factory.limit(
        ETH, BUY, ONE, LOW, time_in_force=TimeInForce.IOC, post_only=True
    )


def _stop_below(desk: Desk) -> Order:
    return desk.order_factory.stop_market(ETH, BUY, ONE, trigger_price=LOW)


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (_fok, "FOK does not exist on Paradex; use IOC"),
        (_market_fok, "FOK does not exist on Paradex; use IOC"),
        (_day, "DAY does not exist on Paradex; use GTC"),
        (_gtd, "set manage_gtd_expiry=True"),
        (_trailing, "use emulation_trigger"),
        (_display, "leave display_qty unset"),
        (_quote_quantity, "give the quantity in base units"),
        (_last_price_trigger, "use MARK_PRICE"),
        (_post_only_ioc, "exclude each other"),
        (_stop_below, "must be above the mark price"),
    ],
)
async def test_what_the_venue_cannot_do_is_denied_before_it_is_sent(
    make: Callable[[Desk], Order], advice: str
) -> None:
    """E1: TC-E04, E05, E15, E17, E19, E62, E72, E73, with what to use instead."""
    async with trading_floor() as floor:
        order = make(floor.desk)
        floor.desk.submit_order(order)
        await until(lambda: floor.node.story(order) == ["OrderInitialized", "OrderDenied"])
        assert advice in floor.node.events_of(order)[-1].reason
        assert not floor.venue.exchange.queries.order_history(floor.account)


@pytest.mark.parametrize(
    ("symbol", "size", "price", "reason"),
    [
        ("JP225-USD-PERP", "0.001", "49998", "not a positive multiple of the tick 5"),
        ("US500-USD-PERP", "0.01", "6800.3", "not a positive multiple of the tick 0.5"),
        ("kPEPE-USD-PERP", "150", "0.01", "not a multiple of the lot 100"),
    ],
)
async def test_wrong_tick_or_lot_is_denied_before_it_is_sent(
    symbol: str, size: str, price: str, reason: str
) -> None:
    """E1: the framework checks decimals only, not multiples."""
    market = InstrumentId.from_str(f"{symbol}.PARADEX")
    async with trading_floor(market=market) as floor:
        instrument = floor.desk.instrument
        order = floor.desk.order_factory.limit(
            market,
            BUY,
            Quantity(Decimal(size), instrument.size_precision),
            Price(Decimal(price), instrument.price_precision),
        )
        floor.desk.submit_order(order)
        await until(lambda: floor.node.story(order) == ["OrderInitialized", "OrderDenied"])
        assert reason in floor.node.events_of(order)[-1].reason
        assert not floor.venue.exchange.queries.order_history(floor.account)


@pytest.mark.parametrize("answer_order", list(AnswerOrder))
async def test_post_only_that_would_cross_is_rejected_as_such(answer_order: AnswerOrder) -> None:
    """E4: TC-E70, whichever of answer and notification comes first."""
    async with trading_floor(config=SimulatorConfig(answer_order=answer_order)) as floor:
        order = floor.desk.limit(BUY, "0.1", "2510.00", post_only=True)
        await until(lambda: order.is_closed)
        rejected = floor.node.events_of(order)[-1]
        assert floor.node.story(order) == [*SENT, "OrderRejected"]
        assert rejected.due_post_only
        assert "POST_ONLY_WOULD_CROSS" in rejected.reason
        await until_equal(floor.node, floor.venue, floor.account)


async def test_lack_of_margin_is_rejected_with_the_venues_code() -> None:
    """E4: the reason carries the venue's own word."""
    async with trading_floor(usdc="100") as floor:
        order = floor.desk.limit(BUY, "100", "2400.00")
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*SENT, "OrderRejected"]
        assert "NOT_ENOUGH_MARGIN" in floor.node.events_of(order)[-1].reason
        assert not floor.node.events_of(order)[-1].due_post_only
        await until_equal(floor.node, floor.venue, floor.account)


async def test_refused_request_is_rejected_with_the_venues_code() -> None:
    """E6: a 400 that names its code is definitive."""
    async with trading_floor() as floor:
        floor.venue.exchange.update_market(ETH.symbol.value, max_order_size=Decimal(1))
        order = floor.desk.limit(BUY, "2", "2400.00")
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*SENT, "OrderRejected"]
        assert "INVALID_ORDER_SIZE" in floor.node.events_of(order)[-1].reason


async def test_reduce_only_without_a_position_is_rejected() -> None:
    """TC-E71."""
    async with trading_floor() as floor:
        order = floor.desk.market(SELL, "0.1", reduce_only=True)
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*SENT, "OrderRejected"]
        assert "REDUCE_ONLY" in floor.node.events_of(order)[-1].reason
        assert not floor.node.cache.positions()
        await until_equal(floor.node, floor.venue, floor.account)


async def test_ioc_that_finds_nothing_is_canceled() -> None:
    """TC-E14: it was taken, and ended."""
    async with trading_floor() as floor:
        order = floor.desk.limit(BUY, "0.1", "2400.00", time_in_force=TimeInForce.IOC)
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*TAKEN, "OrderCanceled"]
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize("fill_order", [FillOrder.ORDER_FIRST, FillOrder.FILL_FIRST])
async def test_ioc_that_finds_a_part_is_filled_then_canceled(fill_order: FillOrder) -> None:
    """E5: the end waits for its fills."""
    async with trading_floor(config=SimulatorConfig(fill_order=fill_order)) as floor:
        order = floor.desk.limit(BUY, "1.5", "2510.00", time_in_force=TimeInForce.IOC)
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*TAKEN, "OrderFilled", "OrderCanceled"]
        assert order.filled_qty.as_decimal() == Decimal(1)
        await until_equal(floor.node, floor.venue, floor.account)


async def test_market_order_in_an_empty_market_is_rejected_with_the_reason() -> None:
    """E4."""
    async with trading_floor() as floor:
        for order in floor.venue.exchange.queries.open_orders(floor.maker.account):
            floor.maker.cancel(order)
        order = floor.desk.market(BUY, "0.1")
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*SENT, "OrderRejected"]
        assert "EMPTY_MARKET" in floor.node.events_of(order)[-1].reason


async def test_managed_gtd_is_sent_and_ended_by_the_node() -> None:
    """E1: TC-E17, E18 with manage_gtd_expiry; the venue itself only knows GTC."""
    async with trading_floor(desk=Desk(manage_gtd_expiry=True)) as floor:
        order = floor.desk.limit(
            BUY,
            "0.1",
            "2400.00",
            time_in_force=TimeInForce.GTD,
            expire_time=floor.desk.clock.utc_now() + timedelta(seconds=0.5),
        )
        await until(lambda: order.is_open)
        (resting,) = floor.venue.exchange.queries.open_orders(floor.account)
        assert resting.instruction is model.Instruction.GTC
        await until(lambda: order.is_closed)
        assert floor.node.story(order) == [*TAKEN, "OrderPendingCancel", "OrderCanceled"]
        await until_equal(floor.node, floor.venue, floor.account)


async def test_venue_that_takes_cancels_only_refuses_orders_and_ends_others() -> None:
    """E14: the reason is the venue's state; cancels still go."""
    async with trading_floor() as floor:
        order = floor.desk.limit(BUY, "0.1", "2400.00")
        await until(lambda: order.is_open)
        floor.venue.set_system_state("cancel_only")
        late = floor.desk.limit(BUY, "0.1", "2390.00")
        await until(lambda: late.is_closed)
        assert floor.node.story(late)[-1] in ("OrderDenied", "OrderRejected")
        assert "SYSTEM_STATUS_CANCEL_ONLY" in floor.node.events_of(late)[-1].reason
        floor.desk.cancel_order(order)
        await until(lambda: order.is_closed)
        assert floor.node.story(order)[-1] == "OrderCanceled"
        await until_equal(floor.node, floor.venue, floor.account)


async def test_read_only_token_follows_the_account_and_denies_orders() -> None:
    """A client without a key reconciles and follows, and trades nothing."""
    desk = Desk()
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        own = Trader(venue, account)
        token = read_only_token(venue, account)
        async with running_node(
            venue,
            account,
            strategies=[desk],
            execution={"private_key": None, "read_only_token": token},
        ) as node:
            order = desk.limit(BUY, "0.1", "2400.00")
            await until(lambda: node.story(order) == ["OrderInitialized", "OrderDenied"])
            assert "set private_key to trade" in node.events_of(order)[-1].reason
            placed = own.place("BUY", "0.1", "2400.00")
            await until(lambda: len(node.cache.orders_open()) == 1)
            assert node.cache.orders_open()[0].venue_order_id.value == placed.id
            assert token not in node.log()


def read_only_token(venue: LocalParadex, account: str) -> str:
    """Issue a token as the venue's web page does."""
    ring = venue._venue.authority.rings[account]
    listed = ring.add_token("reader", "READ_ONLY", 3600, [])
    return venue._venue.tokens.issue(account, read_only=True, lookup_id=listed.lookup_id)
