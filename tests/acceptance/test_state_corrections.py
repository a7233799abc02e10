"""What the venue takes back or ends by itself: busted trades, expired options, spot holdings."""

from decimal import Decimal

import pytest
from nautilus_trader.execution.messages import GeneratePositionStatusReports
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal
from tests.acceptance.state_of_account import filled
from tests.acceptance.state_of_account import until_account_equal


MARKET = ETH.symbol.value
ETH_SPOT = InstrumentId.from_str("ETH-USD.PARADEX")


def net(node: RunningNode, instrument_id: InstrumentId = ETH) -> Decimal:
    """Return the sum of the framework's positions in an instrument."""
    positions = node.cache.positions_open(instrument_id=instrument_id)
    return sum((position.signed_decimal_qty() for position in positions), Decimal(0))


# -- BUSTS -----------------------------------------------------------------------------------------


async def test_a_busted_trade_is_said_loudly_and_reconciled() -> None:
    """Trap 54, PROTOCOL 10.4: position and balance are the venue's again."""
    async with trading_floor(may_fail=True, may_infer=True) as floor:
        exchange = floor.venue.exchange
        await filled(floor.desk.market(OrderSide.BUY, "0.4"))
        await filled(floor.desk.market(OrderSide.BUY, "0.1"))
        newest, oldest = exchange.queries.fills(floor.account)
        assert oldest.size == Decimal("0.4")
        exchange.bust_trade(oldest.trade_id)
        await until(lambda: net(floor.node) == Decimal("0.1"), lambda: net(floor.node))
        await until_account_equal(floor.node, floor.venue, floor.account)
        (said,) = [line for line in floor.node.log().splitlines() if "busted a trade" in line]
        assert "[ERROR]" in said
        assert oldest.id in said
        # Nothing is undone twice, and trading goes on.
        await floor.venue.drop_connections()
        order = await filled(floor.desk.market(OrderSide.BUY, "0.2"))
        assert order.last_qty.as_decimal() == Decimal("0.2")
        await until(lambda: net(floor.node) == Decimal("0.3"), lambda: net(floor.node))
        await until_account_equal(floor.node, floor.venue, floor.account)
        assert newest.id in {fill.id for fill in exchange.queries.fills(floor.account)}


async def test_a_bust_while_the_stream_was_away_is_reconciled_after_it() -> None:
    """Trap 54, S4: the notification was missed; the venue's position is not."""
    async with trading_floor(may_fail=True, may_infer=True) as floor:
        exchange = floor.venue.exchange
        await filled(floor.desk.market(OrderSide.BUY, "0.4"))
        (fill,) = exchange.queries.fills(floor.account)
        await floor.venue.stop_serving()
        exchange.bust_trade(fill.trade_id)
        await floor.venue.resume_serving()
        await until(lambda: net(floor.node) == 0, lambda: net(floor.node))
        await until_account_equal(floor.node, floor.venue, floor.account)


async def test_a_bust_before_the_start_leaves_the_venues_position() -> None:
    """Trap 54, E10: the busted fill is still in the history."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("SELL", "5", "2510.00")
        own = Trader(venue, account)
        own.place("BUY", "0.4", "2510.00", "IOC")
        (busted,) = venue.exchange.queries.fills(account)
        own.place("BUY", "0.1", "2510.00", "IOC")
        venue.exchange.bust_trade(busted.trade_id)
        async with running_node(venue, account, may_infer=True) as node:
            assert net(node) == Decimal("0.1")
            await until_account_equal(node, venue, account)


# -- EXPIRY ----------------------------------------------------------------------------------------


def an_option(venue: LocalParadex) -> InstrumentId:
    """Return a dated option of the venue."""
    spec = next(s for s in venue.exchange.queries.markets() if s.expiry_at and s.strike_price)
    return InstrumentId.from_str(f"{spec.symbol}.PARADEX")


@pytest.mark.parametrize("away", [False, True], ids=["connected", "while-away"])
@pytest.mark.parametrize(("side", "payoff"), [("BUY", "1500"), ("SELL", "1500"), ("BUY", "0")])
async def test_expiry_closes_the_position_of_an_option(side: str, payoff: str, away: bool) -> None:
    """PROTOCOL 10.4, trap 62: a SETTLE_MARKET fill at the payoff, with its fee; money is exact."""
    async with LocalParadex(market=False) as venue:
        exchange, option = venue.exchange, an_option(venue)
        market = option.symbol.value
        account, maker = venue.create_account(KEY), Trader(venue, market=market)
        mark = exchange.queries.market_summary(market).mark_price
        maker.place("BUY", "2", str(mark))
        maker.place("SELL", "2", str(mark + 1))
        desk = Desk(option)
        async with running_node(venue, account, strategies=[desk], instruments=[option]) as node:
            await filled(desk.market(OrderSide[side], "0.5"))
            resting = desk.limit(OrderSide.BUY, "0.1", str(mark - 1))
            await until(lambda: resting.is_open)
            await until_account_equal(node, venue, account)
            if away:
                await venue.stop_serving()
            exchange.settle_market(market, Decimal(payoff))
            if away:
                await venue.resume_serving()
            await until(lambda: net(node, option) == 0, node.cache.positions)
            await until(lambda: resting.is_closed)
            await until_account_equal(node, venue, account)
            await until_equal(node, venue, account)
            settlement = exchange.queries.fills(account)[0]
            assert settlement.fill_type is model.FillType.SETTLE_MARKET
            (event,) = [
                event
                for order in node.cache.orders()
                for event in order.events
                if isinstance(event, OrderFilled) and event.trade_id.value == settlement.id
            ]
            assert event.last_px.as_decimal() == Decimal(payoff)
            assert event.commission.as_decimal() == round(settlement.fee, USDC.precision)


async def test_a_start_after_an_expiry_says_what_it_cannot_report() -> None:
    """P16: the market is delisted; its fills have no instrument, and the account is right."""
    async with LocalParadex(market=False) as venue:
        exchange, option = venue.exchange, an_option(venue)
        market = option.symbol.value
        account, maker = venue.create_account(KEY), Trader(venue, market=market)
        mark = exchange.queries.market_summary(market).mark_price
        maker.place("SELL", "2", str(mark))
        Trader(venue, account, market).place("BUY", "0.5", str(mark), "IOC")
        exchange.settle_market(market, Decimal(1500))
        async with running_node(venue, account) as node:
            assert not node.cache.positions()
            assert f"{market} is not loaded" in node.log()
            await until_account_equal(node, venue, account)


# -- SPOT ------------------------------------------------------------------------------------------


async def test_spot_holdings_are_balances_and_no_check_takes_them_away() -> None:
    """Trap 61: the venue has no spot positions; the framework's own are not its business."""
    engine = {
        "position_check_interval_secs": 0.2,
        "position_check_threshold_ms": 1,
        "reconciliation_startup_delay_secs": 0.1,
    }
    async with trading_floor(market=ETH_SPOT, engine=engine) as floor:
        floor.venue.exchange.deposit(floor.maker.account, Decimal(50), "ETH")
        floor.maker.place("SELL", "5", "2510.00")
        await filled(floor.desk.market(OrderSide.BUY, "0.5"))
        execution, asked = floor.node.execution, []
        answer = execution.generate_position_status_reports

        async def counted(command: GeneratePositionStatusReports) -> list[PositionStatusReport]:
            asked.append(command)
            return await answer(command)

        execution.generate_position_status_reports = counted
        await until(lambda: len(asked) >= 4, "four position checks")
        assert net(floor.node, ETH_SPOT) == Decimal("0.5")
        await floor.venue.drop_connections()
        await until(lambda: floor.node.execution.stream_status().reconnects == 1)
        await until(lambda: floor.node.execution.stream_status().healthy)
        assert net(floor.node, ETH_SPOT) == Decimal("0.5")
        assert len(floor.node.cache.orders()) == 1
        await until_account_equal(floor.node, floor.venue, floor.account)
