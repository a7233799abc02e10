"""What a node finds at its start, and what others do to its account while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from typing import NamedTuple

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import VenueOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.paradex import wall_clock_us
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import differences
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


EXTERNAL = StrategyId("EXTERNAL")
MARKET = ETH.symbol.value
HOUR_US = 3_600_000_000


class History(NamedTuple):
    """An account with a past: a position, two open orders, one of them partly filled."""

    venue: LocalParadex
    account: str
    own: Trader
    maker: Trader
    untouched: model.Order
    partly_filled: model.Order


@asynccontextmanager
async def account_with_a_past(*, age_us: int = 0, side: str = "BUY") -> AsyncIterator[History]:
    """Serve a venue whose account traded `age_us` ago."""
    other = "SELL" if side == "BUY" else "BUY"
    far, near, cross = ("2300.00", "2495.00", "2510.00")
    if side == "SELL":
        far, near, cross = ("2700.00", "2505.00", "2490.00")
    behind_us = [age_us]
    async with LocalParadex(market=False, clock_us=lambda: wall_clock_us() - behind_us[0]) as venue:
        account = venue.create_account(KEY)
        own, maker = Trader(venue, account), Trader(venue)
        maker.place("BUY", "5", "2490.00")
        maker.place("SELL", "5", "2510.00")
        own.place(side, "0.3", cross, "IOC", client_id="O-OLD-1")
        own.place(other, "0.1", "2490.00" if side == "BUY" else "2510.00", "IOC", "O-OLD-2")
        canceled = own.place(side, "0.1", far, client_id="O-OLD-3")
        own.cancel(canceled)
        untouched = own.place(side, "0.4", far, "POST_ONLY", client_id="O-OLD-4")
        partly_filled = own.place(side, "0.5", near, client_id="O-OLD-5")
        maker.place(other, "0.2", near, "IOC")
        behind_us[0] = 0
        yield History(venue, account, own, maker, untouched, partly_filled)


def open_orders(node: RunningNode) -> dict[str, Order]:
    return {order.venue_order_id.value: order for order in node.cache.orders_open()}


def check_restored(node: RunningNode, past: History, position: str) -> None:
    """Check open orders, position and balance against the engine's own."""
    orders = open_orders(node)
    assert set(orders) == {past.untouched.id, past.partly_filled.id}
    untouched, partly = orders[past.untouched.id], orders[past.partly_filled.id]
    assert untouched.status == OrderStatus.ACCEPTED
    assert untouched.is_post_only
    assert untouched.client_order_id == ClientOrderId("O-OLD-4")
    assert partly.status == OrderStatus.PARTIALLY_FILLED
    assert partly.filled_qty.as_decimal() == Decimal("0.2")
    assert partly.quantity.as_decimal() == Decimal("0.5")
    net = sum((p.signed_decimal_qty() for p in node.cache.positions_open()), Decimal(0))
    assert net == Decimal(position)
    left = differences(node, past.venue, past.account)
    assert not [line for line in left if line.startswith(("position", "balance"))]


@pytest.mark.parametrize(("side", "position"), [("BUY", "0.4"), ("SELL", "-0.4")])
async def test_node_starts_equal_to_an_account_with_a_past(side: str, position: str) -> None:
    """E10, P1, P7, P11, P20: TC-E84 to E87, the whole history."""
    async with (
        account_with_a_past(side=side) as past,
        running_node(past.venue, past.account) as node,
    ):
        check_restored(node, past, position)
        assert not differences(node, past.venue, past.account)
        assert all(order.strategy_id == EXTERNAL for order in node.cache.orders())
        (entry,) = past.venue.exchange.queries.positions(past.account)
        (held,) = node.cache.positions_open()
        assert abs(Decimal(str(held.avg_px_open)) - entry.average_entry_price) < Decimal("0.01")


@pytest.mark.parametrize("lookback_mins", [None, 60, 180])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
async def test_open_orders_and_position_are_restored_whatever_the_lookback(
    lookback_mins: int | None, side: str
) -> None:
    """E10, P8: everything happened two hours ago; open orders know no time range."""
    async with (
        account_with_a_past(age_us=2 * HOUR_US, side=side) as past,
        running_node(
            past.venue,
            past.account,
            engine={"reconciliation_lookback_mins": lookback_mins},
            may_infer=lookback_mins == 60,
        ) as node,
    ):
        check_restored(node, past, "0.4" if side == "BUY" else "-0.4")
        partly = open_orders(node)[past.partly_filled.id]
        fills = past.venue.exchange.queries.fills(past.account)
        (own,) = [fill for fill in fills if fill.order_id == past.partly_filled.id]
        assert [trade_id.value for trade_id in partly.trade_ids] == [own.id]
        if lookback_mins != 60:
            assert not differences(node, past.venue, past.account)


async def test_restored_orders_go_on() -> None:
    """E9: fills, changes and ends of orders of an earlier run, each once."""
    async with account_with_a_past() as past, running_node(past.venue, past.account) as node:
        past.maker.place("SELL", "0.1", "2495.00", "IOC")
        await until_equal(node, past.venue, past.account)
        past.maker.place("SELL", "0.2", "2495.00", "IOC")
        await until_equal(node, past.venue, past.account)
        past.own.cancel(past.untouched)
        await until_equal(node, past.venue, past.account)
        assert not node.cache.orders_open()


async def test_a_strategy_claims_and_ends_what_it_finds() -> None:
    """E9: external_order_claims gives orders and position of the market to the strategy."""
    desk = Desk(external_order_claims=[ETH])
    async with (
        account_with_a_past() as past,
        running_node(past.venue, past.account, strategies=[desk]) as node,
    ):
        assert {order.strategy_id for order in node.cache.orders()} == {desk.id}
        desk.cancel_all_orders(ETH)
        desk.close_all_positions(ETH)
        await until(lambda: not node.cache.orders_open() and not node.cache.positions_open())
        await until_equal(node, past.venue, past.account)
        assert not past.venue.exchange.queries.open_orders(past.account)


async def test_a_second_run_finds_what_the_first_one_left() -> None:
    """E10: own orders of a run that ended are found by their client ids."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("BUY", "1", "2490.00")
        maker.place("SELL", "1", "2510.00")
        first = Desk()
        async with running_node(venue, account, strategies=[first]) as node:
            first.market(OrderSide.BUY, "0.2")
            resting = first.limit(OrderSide.BUY, "0.3", "2400.00")
            await until(lambda: resting.is_open and node.cache.positions_open())
            await until_equal(node, venue, account)
        async with running_node(venue, account) as node:
            assert not differences(node, venue, account)
            assert node.cache.order(resting.client_order_id).is_open


# -- OTHERS, WHILE THE NODE RUNS -------------------------------------------------------------------


@pytest.mark.parametrize("fill_order", [FillOrder.ORDER_FIRST, FillOrder.FILL_FIRST])
async def test_orders_placed_elsewhere_become_external_orders(fill_order: FillOrder) -> None:
    """E9: placed, filled in parts, filled at once, canceled, rejected; with and without an id."""
    async with trading_floor(config=SimulatorConfig(fill_order=fill_order)) as floor:
        own = Trader(floor.venue, floor.account)
        node = floor.node

        async def until_known(order: model.Order) -> Order:
            key = VenueOrderId(order.id)
            await until(lambda: node.cache.client_order_id(key) is not None, "the order is known")
            await until_equal(node, floor.venue, floor.account)
            return node.cache.order(node.cache.client_order_id(key))

        resting = await until_known(own.place("BUY", "0.4", "2495.00", client_id="elsewhere"))
        assert resting.strategy_id == EXTERNAL
        assert resting.client_order_id == ClientOrderId("elsewhere")
        assert resting.status == OrderStatus.ACCEPTED
        floor.maker.place("SELL", "0.1", "2495.00", "IOC")
        await until_equal(node, floor.venue, floor.account)
        assert resting.status == OrderStatus.PARTIALLY_FILLED
        taken = await until_known(own.place("BUY", "0.2", "2510.00", "IOC"))
        assert taken.status == OrderStatus.FILLED
        swept = await until_known(own.place("BUY", "2", "2510.00", "IOC"))
        assert swept.status == OrderStatus.CANCELED
        assert swept.filled_qty.as_decimal() == Decimal("0.8")
        floor.maker.place("SELL", "0.3", "2495.00", "IOC")
        await until_equal(node, floor.venue, floor.account)
        assert resting.status == OrderStatus.FILLED
        last = own.place("BUY", "0.1", "2300.00")
        ended = await until_known(last)
        own.cancel(last)
        await until_equal(node, floor.venue, floor.account)
        assert ended.status == OrderStatus.CANCELED
        floor.maker.place("SELL", "1", "2510.00")
        own.place("BUY", "0.1", "2510.00", "POST_ONLY", client_id="refused")
        marker = await until_known(own.place("BUY", "0.1", "2301.00"))
        assert [order.client_order_id for order in node.cache.orders_open()] == [
            marker.client_order_id
        ]


async def test_external_fill_of_the_desks_market_leaves_its_position_alone() -> None:
    """E9: the position splits between EXTERNAL and the strategy; their sum is the venue's."""
    async with trading_floor() as floor:
        floor.desk.market(OrderSide.BUY, "0.2")
        await until(floor.node.cache.positions_open)
        Trader(floor.venue, floor.account).place("SELL", "0.5", "2490.00", "IOC")
        await until_equal(floor.node, floor.venue, floor.account)
        (mine,) = floor.node.cache.positions_open(strategy_id=floor.desk.id)
        assert mine.signed_decimal_qty() == Decimal("0.2")


def _liquidate(venue: LocalParadex, account: str, other: str) -> None:
    assert other
    venue.exchange.liquidate(account)


def _settle(venue: LocalParadex, account: str, other: str) -> None:
    assert account != other
    venue.exchange.settle_market(MARKET, Decimal(2450))


def _block(venue: LocalParadex, account: str, other: str) -> None:
    venue.exchange.block_trade(MARKET, account, other, Decimal("0.7"), Decimal("2480.5"))


def _transfer(venue: LocalParadex, account: str, other: str) -> None:
    venue.exchange.unwind_transfer(MARKET, account, other, Decimal("0.1"), Decimal(2500))


@pytest.mark.parametrize(
    ("happen", "before_start"),
    [
        (_liquidate, False),
        (_settle, False),
        (_block, False),
        (_transfer, False),
        # A market that was settled before the start is delisted: there is no instrument of it.
        (_liquidate, True),
        (_block, True),
        (_transfer, True),
    ],
)
async def test_fills_without_an_order_become_external_orders(
    happen: Any, before_start: bool
) -> None:
    """E9, P14: liquidation, settlement, block trade, transfer are told and never dropped."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY, usdc="2000"), Trader(venue)
        maker.place("BUY", "5", "2490.00")
        maker.place("SELL", "5", "2510.00")
        own = Trader(venue, account)
        own.place("BUY", "0.2", "2510.00", "IOC")
        if before_start:
            happen(venue, account, maker.account)
        async with running_node(venue, account) as node:
            if not before_start:
                happen(venue, account, maker.account)
            await until_equal(node, venue, account)
            await until(
                lambda: len(_fills(node)) == len(venue.exchange.queries.fills(account)),
                "all fills",
            )
            await until_equal(node, venue, account)
            kinds = {fill.fill_type for fill in venue.exchange.queries.fills(account)}
            assert kinds - {model.FillType.FILL}


def _fills(node: RunningNode) -> list[str]:
    return [trade.value for order in node.cache.orders() for trade in order.trade_ids]


async def test_deposit_and_withdrawal_change_the_balance() -> None:
    """E11: a transfer is an account state, never a fill."""
    async with trading_floor() as floor:
        floor.venue.exchange.deposit(floor.account, Decimal(500))
        await until_equal(floor.node, floor.venue, floor.account)
        floor.venue.exchange.withdraw(floor.account, Decimal(250))
        await until_equal(floor.node, floor.venue, floor.account)
        assert not floor.node.cache.orders()
