"""Client ids that others use again and again: only among live orders they must be unique."""

from decimal import Decimal

from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId

from nautilus_paradex import PARADEX
from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import KEY
from tests.acceptance.node import Trader
from tests.acceptance.node import differences
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.acceptance.node import until_equal
from tests.acceptance.several_accounts import MM
from tests.acceptance.several_accounts import node_with_accounts


MM_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"


async def test_e10_orders_of_one_client_id_are_each_an_order() -> None:
    """A bot that names all its bids alike traded before the start, and goes on."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("BUY", "5", "2490.00")
        maker.place("SELL", "5", "2510.00")
        bot = Trader(venue, account)
        for size in ("0.1", "0.2", "0.3"):
            bot.place("BUY", size, "2510.00", "IOC", client_id="bid")
        bot.cancel(bot.place("BUY", "0.4", "2300.00", client_id="bid"))
        bot.place("BUY", "0.5", "2301.00", client_id="bid")
        async with running_node(venue, account) as node:
            assert not differences(node, venue, account)
            assert len(node.cache.orders()) == 5
            live = node.cache.order(ClientOrderId("bid"))
            assert live.status == OrderStatus.ACCEPTED
            assert live.quantity.as_decimal() == Decimal("0.5")
            bot.cancel(venue.exchange.queries.open_orders(account)[0])
            await until_equal(node, venue, account)
            for size in ("0.6", "0.7"):
                bot.place("BUY", size, "2510.00", "IOC", client_id="bid")
            await until_equal(node, venue, account)
            await venue.drop_connections()
            bot.place("BUY", "0.8", "2510.00", "IOC", client_id="bid")
            await until_equal(node, venue, account)
            assert len(node.cache.orders()) == 8


async def test_e19_two_accounts_may_have_orders_of_one_client_id() -> None:
    """Both were driven by one program before the start: each keeps its own."""
    async with LocalParadex(market=False) as venue:
        main, sub = venue.create_account(KEY), venue.create_account(MM_KEY)
        maker = Trader(venue)
        maker.place("SELL", "5", "2510.00")
        for account, size in ((main, "0.1"), (sub, "0.2")):
            Trader(venue, account).place("BUY", size, "2510.00", "IOC", client_id="entry")
            Trader(venue, account).place("BUY", size, "2300.00", client_id="rest")
        accounts = {PARADEX: (main, KEY), MM: (sub, MM_KEY)}
        async with node_with_accounts(venue, accounts) as node:
            assert node.net(PARADEX) == {"ETH-USD-PERP": Decimal("0.1")}
            assert node.net(MM) == {"ETH-USD-PERP": Decimal("0.2")}
            assert len(node.cache.orders_open()) == 2
            assert len(node.cache.orders()) == 4
            for account in (main, sub):
                own = Trader(venue, account)
                own.cancel(venue.exchange.queries.open_orders(account)[0])
            await until(lambda: not node.cache.orders_open())
            assert "[ERROR]" not in node.log()


async def test_refused_orders_of_others_do_not_pile_up() -> None:
    """The framework keeps no venue id of a rejected order: one without a name is said only."""
    async with LocalParadex(market=False) as venue:
        account, maker = venue.create_account(KEY), Trader(venue)
        maker.place("SELL", "5", "2510.00")
        own = Trader(venue, account)
        own.place("BUY", "0.1", "2510.00", "POST_ONLY")
        own.place("BUY", "0.1", "2510.00", "POST_ONLY", client_id="named")
        async with running_node(venue, account) as node:
            for reconnects in (1, 2):
                own.place("BUY", "0.2", "2510.00", "POST_ONLY", client_id="named")
                own.place("BUY", "0.2", "2510.00", "POST_ONLY")
                await venue.drop_connections()
                await until(lambda n=reconnects: node.execution.stream_status().reconnects == n)
                await until(lambda: node.execution.stream_status().healthy)
            (order,) = node.cache.orders()
            assert order.client_order_id == ClientOrderId("named")
            assert order.status == OrderStatus.REJECTED
            assert "was refused: POST_ONLY_WOULD_CROSS" in node.log()
            live = own.place("BUY", "0.3", "2300.00", client_id="named")
            await until(lambda: len(node.cache.orders_open()) == 1)
            own.cancel(live)
            await until(lambda: not node.cache.orders_open())
