"""Sub-accounts and isolated accounts of one node, each with a client of its own (rule E19)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import NamedTuple

from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import faults
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Trader
from tests.acceptance.node import until
from tests.acceptance.several_accounts import MM
from tests.acceptance.several_accounts import AccountDesk
from tests.acceptance.several_accounts import SeveralAccounts
from tests.acceptance.several_accounts import node_with_accounts
from tests.acceptance.state_of_account import until_account_equal


MM_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"
MARKET = ETH.symbol.value


class Pair(NamedTuple):
    """A venue with a main account and a sub-account of it, and who trades against both."""

    venue: LocalParadex
    main: str
    sub: str
    maker: Trader

    @property
    def accounts(self) -> dict[str, tuple[str, str]]:
        return {PARADEX: (self.main, KEY), MM: (self.sub, MM_KEY)}

    def size(self, account: str, market: str = MARKET) -> Decimal:
        """Return the venue's position."""
        positions = self.venue.exchange.queries.positions(account)
        return sum((p.size for p in positions if p.market == market), Decimal(0))


@asynccontextmanager
async def a_pair(*, isolated_market: str = "") -> AsyncIterator[Pair]:
    async with LocalParadex(market=False) as venue:
        main = venue.create_account(KEY, usdc="50000")
        sub = venue.create_account(
            MM_KEY, usdc="70000", parent=main, isolated_market=isolated_market
        )
        maker = Trader(venue)
        maker.place("BUY", "5", "2490.00")
        maker.place("SELL", "5", "2510.00")
        yield Pair(venue, main, sub, maker)


async def until_both_equal(node: SeveralAccounts, pair: Pair) -> None:
    """Wait until positions and account states of both accounts are the venue's."""
    for name, account in ((PARADEX, pair.main), (MM, pair.sub)):
        await until(
            lambda name=name, account=account: (
                node.net(name).get(MARKET, Decimal(0)) == pair.size(account)
            ),
            lambda name=name, account=account: f"{name}: {node.net(name)}, {pair.size(account)}",
        )
        await until_account_equal(node, pair.venue, account, node.id_of(name))


async def test_e19_two_accounts_trade_one_market_side_by_side() -> None:
    """Orders go by client id; positions, balances and events are each account's own."""
    desk, mm_desk = AccountDesk(PARADEX), AccountDesk(MM, order_id_tag="002")
    async with (
        a_pair() as pair,
        node_with_accounts(pair.venue, pair.accounts, strategies=[desk, mm_desk]) as node,
    ):
        bought = desk.market(OrderSide.BUY, "0.5")
        sold = mm_desk.market(OrderSide.SELL, "0.3")
        resting = mm_desk.limit(OrderSide.SELL, "0.2", "2600.00")
        await until(lambda: bought.is_closed and sold.is_closed and resting.is_open)
        assert bought.account_id == node.id_of(PARADEX)
        assert {sold.account_id, resting.account_id} == {node.id_of(MM)}
        await until_both_equal(node, pair)
        assert node.net(PARADEX) == {MARKET: Decimal("0.5")}
        assert node.net(MM) == {MARKET: Decimal("-0.3")}
        mm_desk.close_all_positions(ETH, client_id=mm_desk.client)
        mm_desk.cancel_all_orders(ETH, client_id=mm_desk.client)
        await until(lambda: resting.is_closed and not node.net(MM))
        await until_both_equal(node, pair)
        assert node.net(PARADEX) == {MARKET: Decimal("0.5")}
        balances = {
            name: node.cache.account(node.id_of(name)).balance_total(USDC).as_decimal()
            for name in (PARADEX, MM)
        }
        assert Decimal(49_990) < balances[PARADEX] < Decimal(50_000)
        assert Decimal(69_980) < balances[MM] < Decimal(70_000)
        assert "[ERROR]" not in node.log()


async def test_e19_what_both_accounts_held_before_the_start_stays_apart() -> None:
    """Both have orders and a position in one market that no strategy of this run owns."""
    async with a_pair() as pair:
        own, sub = Trader(pair.venue, pair.main), Trader(pair.venue, pair.sub)
        own.place("BUY", "0.5", "2510.00", "IOC")
        sub.place("SELL", "0.3", "2490.00", "IOC")
        for trader in (own, sub):
            trader.place("BUY", "0.4", "2300.00", client_id=f"O-{trader.account[-4:]}")
        async with node_with_accounts(pair.venue, pair.accounts) as node:
            await until_both_equal(node, pair)
            orders = len(node.cache.orders())
            assert orders == 4, "the framework had to make none up"
            # Others go on trading on both, and both streams are cut meanwhile.
            own.place("BUY", "0.1", "2510.00", "IOC")
            await until_both_equal(node, pair)
            await pair.venue.drop_connections()
            sub.place("BUY", "0.7", "2510.00", "IOC")
            await until_both_equal(node, pair)
            assert node.net(MM) == {MARKET: Decimal("0.4")}
            assert len(node.cache.orders()) == orders + 2
            assert not [o for o in node.cache.orders() if "RECONCILIATION" in (o.tags or [])]
            assert "[ERROR]" not in node.log()


async def test_e19_one_strategy_on_two_accounts_is_told_what_becomes_of_it() -> None:
    """The framework nets a strategy's positions whatever the account: it is said, once."""
    desk = AccountDesk(PARADEX)
    async with (
        a_pair() as pair,
        node_with_accounts(pair.venue, pair.accounts, strategies=[desk]) as node,
    ):
        first = desk.market(OrderSide.BUY, "0.5")
        await until(lambda: first.is_closed)
        desk.client = node.client(MM).id
        second = [desk.market(OrderSide.BUY, "0.1") for _ in range(2)]
        await until(lambda: all(order.is_closed for order in second))
        await until(lambda: "use one strategy per account" in node.log())
        assert node.log().count("use one strategy per account") == 1


async def test_e19_one_account_fails_while_the_other_goes_on() -> None:
    """Its stream is cut and refused; the other trades; then it catches up what it missed."""
    desk, mm_desk = AccountDesk(PARADEX), AccountDesk(MM, order_id_tag="002")
    async with (
        a_pair() as pair,
        node_with_accounts(pair.venue, pair.accounts, strategies=[desk, mm_desk]) as node,
    ):
        resting = mm_desk.limit(OrderSide.BUY, "0.3", "2495.00")
        await until(lambda: resting.is_open)
        pair.venue.faults.add(faults.RefuseConnects(n=6))
        cut = pair.venue.faults.add(faults.DropAfterFrames(frames=0, channels=("fills",)))
        pair.maker.place("SELL", "0.3", "2495.00", "IOC")
        await until(lambda: cut.is_exhausted and not node.client(MM).stream_status().healthy)
        assert node.client(PARADEX).stream_status().healthy
        bought = desk.market(OrderSide.BUY, "0.2")
        await until(lambda: bought.is_closed)
        assert node.client(PARADEX).stream_status().healthy
        await until(lambda: resting.status == OrderStatus.FILLED)
        await until_both_equal(node, pair)
        await until(lambda: node.client(MM).stream_status().healthy, "the stream is back")
        await until_both_equal(node, pair)
        assert node.client(MM).stream_status().reconnects == 1
        assert node.client(PARADEX).stream_status().reconnects == 0


async def test_e19_an_isolated_account_is_a_client_of_its_own() -> None:
    """Trap 49: it trades one market; the main account's client sees nothing of it, and says so."""
    desk, mm_desk = AccountDesk(PARADEX), AccountDesk(MM, order_id_tag="002")
    elsewhere = AccountDesk(MM, BTC, order_id_tag="003")
    async with (
        a_pair(isolated_market=MARKET) as pair,
        node_with_accounts(
            pair.venue,
            pair.accounts,
            strategies=[desk, mm_desk, elsewhere],
            instruments=[ETH, BTC],
        ) as node,
    ):
        isolated = mm_desk.market(OrderSide.BUY, "0.4")
        refused = elsewhere.limit(OrderSide.BUY, "0.01", "60000.0")
        await until(lambda: isolated.is_closed and refused.is_closed)
        assert isolated.status == OrderStatus.FILLED
        assert refused.status == OrderStatus.REJECTED
        assert "ISOLATED_MARKET_ACCOUNT_MISMATCH" in refused.last_event.reason
        await until_both_equal(node, pair)
        assert not node.net(PARADEX)
        assert f"{pair.sub[:10]} holds isolated margin in {MARKET}" in node.log()
        assert f"takes its orders in {MARKET} only" in node.log()


async def test_e19_an_accounts_own_instruments_are_known_to_the_node() -> None:
    """The data client loads ETH only; the second account's configuration names BTC."""
    desk = AccountDesk(MM, BTC)
    provider = ParadexInstrumentProviderConfig(load_ids=frozenset({str(BTC)}))
    async with (
        a_pair() as pair,
        node_with_accounts(
            pair.venue,
            pair.accounts,
            strategies=[desk],
            execution={MM: {"instrument_provider": provider}},
        ) as node,
    ):
        mark = pair.venue.exchange.queries.market_summary(BTC.symbol.value).mark_price
        Trader(pair.venue, pair.maker.account, BTC.symbol.value).place("SELL", "1", str(mark))
        bought = desk.market(OrderSide.BUY, "0.01")
        await until(lambda: bought.is_closed)
        assert bought.status == OrderStatus.FILLED
        await until(lambda: node.net(MM) == {BTC.symbol.value: Decimal("0.01")})
