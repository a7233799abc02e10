"""Balances, margins and fees of the account in the framework (rule E11, PROTOCOL 10.1, 10.2)."""

from decimal import Decimal

import pytest
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import MONEY_MAX
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.objects import Money

from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import Floor
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal
from tests.acceptance.state_of_account import AccountView
from tests.acceptance.state_of_account import account_view
from tests.acceptance.state_of_account import filled
from tests.acceptance.state_of_account import node_view
from tests.acceptance.state_of_account import until_account_equal
from tests.acceptance.state_of_account import venue_view


ETH_SPOT = InstrumentId.from_str("ETH-USD.PARADEX")
MARKET = ETH.symbol.value


def states(floor: Floor) -> int:
    """Return how many account states were published."""
    return len(floor.node.cache.account(floor.node.account_id).events)


# -- MARGIN ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("private_encoding", list(PrivateEncoding))
async def test_e11_margins_and_what_is_free_follow_orders_fills_and_prices(
    private_encoding: PrivateEncoding,
) -> None:
    """An order reserves margin; a position has both; free is clamped to the total."""
    config = SimulatorConfig(private_encoding=private_encoding)
    async with trading_floor(config=config) as floor:
        exchange = floor.venue.exchange
        empty = await until_account_equal(floor.node, floor.venue, floor.account)
        assert (empty.free, empty.initial) == (Decimal(100_000), Decimal(0))
        resting = floor.desk.limit(OrderSide.BUY, "0.5", "2400.00")
        await until(lambda: resting.is_open)
        reserved = await until_account_equal(floor.node, floor.venue, floor.account)
        assert reserved.initial > 0
        assert reserved.locked == reserved.initial
        floor.desk.cancel_order(resting)
        floor.desk.market(OrderSide.BUY, "0.8")
        await until(lambda: bool(floor.node.cache.positions_open()))
        held = await until_account_equal(floor.node, floor.venue, floor.account)
        assert 0 < held.maintenance < held.initial
        exchange.set_prices(MARKET, mark=Decimal(2600), underlying=Decimal(2600))
        richer = await until_account_equal(floor.node, floor.venue, floor.account)
        assert richer.free == richer.totals["USDC"], "an unrealised profit is not a balance"
        assert richer.locked == 0
        exchange.set_prices(MARKET, mark=Decimal(2400), underlying=Decimal(2400))
        poorer = await until_account_equal(floor.node, floor.venue, floor.account)
        assert poorer.locked > poorer.initial, "an unrealised loss is not free"


class Saver(Desk):
    """Looks at its account when it starts."""

    found: AccountView | None = None

    def on_start(self) -> None:
        self.found = account_view(self.cache.account_for_venue(ETH.venue))


@pytest.mark.parametrize(("usdc", "short"), [("100000", False), ("66", True)])
async def test_e11_strategies_start_with_the_venues_figures(usdc: str, short: bool) -> None:
    """The framework's own estimates of margins, made before strategies start, are no part of it."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY, usdc=usdc)
        own, maker = Trader(venue, account), Trader(venue)
        maker.place("SELL", "5", "2500.00")
        own.place("BUY", "1", "2500.00", "IOC")
        own.place("BUY", "0.2", "2400.00")
        mark = Decimal("2493" if short else "2500")
        venue.exchange.set_prices(MARKET, mark=mark, underlying=mark)
        truth = venue_view(venue, account)
        assert 0 < truth.maintenance < truth.initial
        assert (truth.free < 0) is short
        saver = Saver()
        async with running_node(venue, account, strategies=[saver]) as node:
            assert saver.cache.orders_open()
            assert saver.cache.positions_open()
            found = saver.found
            assert found is not None
            # What is not realised, funding with it, moves a little in the meantime.
            assert abs(found.free - truth.free) < Decimal("0.01")
            assert (found.initial, found.maintenance) == (truth.initial, truth.maintenance)
            assert found.totals == truth.totals
            assert node.cache.account(node.account_id).margins() == {}


async def test_e11_what_is_free_may_be_negative() -> None:
    """Below its initial and above its maintenance margin an account has less than nothing free."""
    async with trading_floor(usdc="60") as floor:
        floor.desk.market(OrderSide.BUY, "1")
        await until(lambda: bool(floor.node.cache.positions_open()))
        floor.venue.exchange.set_prices(MARKET, mark=Decimal(2490), underlying=Decimal(2490))
        view = await until_account_equal(floor.node, floor.venue, floor.account)
        assert view.free < 0
        assert view.locked > view.totals["USDC"]


async def test_e11_a_liquidation_is_said_with_the_accounts_status() -> None:
    """Its status is in the account state, and in the log."""
    async with trading_floor(usdc="2000") as floor:
        seen: list[str] = []
        floor.node.node.kernel.msgbus.subscribe(
            topic="events.account.*", handler=lambda state: seen.append(state.info["status"])
        )
        floor.desk.market(OrderSide.BUY, "0.2")
        await until(lambda: bool(floor.node.cache.positions_open()))
        floor.venue.exchange.liquidate(floor.account)
        await until_equal(floor.node, floor.venue, floor.account)
        await until_account_equal(floor.node, floor.venue, floor.account)
        assert seen[-1] == "ACTIVE"
        assert "status is LIQUIDATION, it was ACTIVE" in floor.node.log()
        assert "status is ACTIVE, it was LIQUIDATION" in floor.node.log()


# -- MONEY THAT MOVES ------------------------------------------------------------------------------


async def test_e11_funding_is_in_the_balance_and_is_no_fill() -> None:
    """P14, trap 55: realised with a fill, told once, as a balance."""
    async with trading_floor() as floor:
        exchange = floor.venue.exchange
        floor.desk.market(OrderSide.BUY, "0.8")
        await until(lambda: bool(floor.node.cache.positions_open()))
        exchange.set_prices(MARKET, mark=Decimal(2500), underlying=Decimal(2400))

        def accrued() -> Decimal:
            (position,) = exchange.queries.positions(floor.account)
            return position.unrealized_funding_pnl

        await until(lambda: accrued() < 0, "funding accrues")
        closing = floor.desk.market(OrderSide.SELL, "0.8")
        event = await filled(closing)
        assert Decimal(event.info["realized_funding"]) < 0
        await until_equal(floor.node, floor.venue, floor.account)
        await until_account_equal(floor.node, floor.venue, floor.account)
        assert len(floor.node.cache.orders()) == 2


@pytest.mark.parametrize("fill_order", list(FillOrder))
async def test_e11_spot_moves_both_tokens(fill_order: FillOrder) -> None:
    """PROTOCOL 10.2, trap 61: the base token is a balance, and gone when it is sold."""
    config = SimulatorConfig(fill_order=fill_order)
    async with trading_floor(market=ETH_SPOT, config=config) as floor:
        floor.maker.place("BUY", "5", "2490.00")
        floor.venue.exchange.deposit(floor.maker.account, Decimal(50), "ETH")
        floor.maker.place("SELL", "5", "2510.00")
        await filled(floor.desk.market(OrderSide.BUY, "0.5"))
        bought = await until_account_equal(floor.node, floor.venue, floor.account)
        assert bought.totals["ETH"] == Decimal("0.5")
        await filled(floor.desk.market(OrderSide.SELL, "0.2"))
        await filled(floor.desk.market(OrderSide.SELL, "0.3"))
        sold = await until_account_equal(floor.node, floor.venue, floor.account)
        assert set(sold.totals) == {"USDC"}
        account = floor.node.cache.account(floor.node.account_id)
        assert account.balance_total(Currency.from_str("ETH")) == Money(0, Currency.from_str("ETH"))


async def test_a_makers_rebate_is_a_negative_commission() -> None:
    """E5: its sign is the venue's, and the balance grows by it."""
    async with trading_floor() as floor:
        floor.venue.exchange.set_fees(floor.account, model.FeeRates(maker_rate=Decimal("-0.00005")))
        order = floor.desk.limit(OrderSide.BUY, "0.4", "2495.00", post_only=True)
        await until(lambda: order.is_open)
        floor.maker.place("SELL", "0.4", "2495.00", "IOC")
        event = await filled(order)
        assert event.commission == Money(Decimal("-0.0499"), USDC)
        await until_equal(floor.node, floor.venue, floor.account)
        view = await until_account_equal(floor.node, floor.venue, floor.account)
        assert view.totals["USDC"] == Decimal("100000.0499")


# -- TOKENS ----------------------------------------------------------------------------------------


async def test_a_token_that_nobody_knows_gets_a_currency() -> None:
    """It is registered before the framework sees it, with the wire's 8 places."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        venue.exchange.deposit(account, Decimal("12.34567891"), "ZORB7")
        async with running_node(venue, account) as node:
            view = await until_account_equal(node, venue, account)
            assert view.totals["ZORB7"] == Decimal("12.34567891")
            assert Currency.from_internal_map("ZORB7").precision == 8


@pytest.mark.parametrize(
    ("token", "size"),
    [
        ("ÜSD", Decimal(5)),
        ("TWO WORDS", Decimal(5)),
        ("X" * 40, Decimal(5)),
        ("SHIBA9", Decimal(int(MONEY_MAX)) * 10),
    ],
    ids=["not-ascii", "with-space", "too-long", "too-many"],
)
async def test_a_balance_that_cannot_be_held_stops_no_other(token: str, size: Decimal) -> None:
    """E11: said once; account states go on with all the others."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("SELL", "5", "2510.00")
        venue.exchange.deposit(account, size, token)
        desk = Desk()
        async with running_node(venue, account, strategies=[desk]) as node:
            left_out = frozenset({token})
            await until_account_equal(node, venue, account, left_out=left_out)
            await filled(desk.market(OrderSide.BUY, "0.1"))
            venue.exchange.deposit(account, Decimal(700))
            await until_account_equal(node, venue, account, left_out=left_out)
            asked = len(node.cache.account(node.account_id).events)
            desk.query_account(node.account_id)
            await until(lambda: len(node.cache.account(node.account_id).events) > asked)
            assert node.log().count("is left out of the account") == 1


# -- QUESTIONS -------------------------------------------------------------------------------------


async def test_query_account_publishes_what_the_venue_says_now() -> None:
    """E16: also what no event has told."""
    async with trading_floor() as floor:
        before = states(floor)
        floor.desk.query_account(floor.node.account_id)
        await until(lambda: states(floor) > before, "an account state")
        assert node_view(floor.node) == await until_account_equal(
            floor.node, floor.venue, floor.account
        )


async def test_what_came_in_while_the_stream_was_away_is_there_after_it() -> None:
    """S4, E11: deposits of an outage, of USDC and of other tokens."""
    async with trading_floor() as floor:
        await floor.venue.stop_serving()
        floor.venue.exchange.deposit(floor.account, Decimal(321))
        floor.venue.exchange.deposit(floor.account, Decimal(3), "ETH")
        await floor.venue.resume_serving()
        view = await until_account_equal(floor.node, floor.venue, floor.account)
        assert view.totals == {"USDC": Decimal(100_321), "ETH": Decimal(3)}
