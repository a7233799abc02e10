"""Several accounts in one node, and credentials that may only read (rule E19)."""

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexExecClientConfig
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory
from nautilus_paradex import ParadexLiveExecClientFactory
from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import until


OTHER_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"


class Idle(Strategy):
    """A strategy whose orders the test makes."""


@asynccontextmanager
async def node_of(venue, accounts):
    """Run a node with one execution client per (client key, address, private key)."""
    clear_shared_clients()
    urls = {
        "environment": ParadexEnvironment.LOCAL,
        "base_url_http": venue.http_url,
        "base_url_ws": venue.ws_url,
        "instrument_provider": ParadexInstrumentProviderConfig(load_ids=frozenset({str(ETH)})),
    }
    config = TradingNodeConfig(
        trader_id="TESTER-001",
        logging=LoggingConfig(log_level="ERROR"),
        exec_engine=LiveExecEngineConfig(inflight_check_interval_ms=0),
        data_clients={PARADEX: ParadexDataClientConfig(**urls)},
        exec_clients={
            name: ParadexExecClientConfig(**urls, account_address=address, private_key=key)
            for name, address, key in accounts
        },
        timeout_connection=10.0,
        timeout_reconciliation=5.0,
        timeout_portfolio=5.0,
        timeout_disconnection=5.0,
        timeout_post_stop=0.2,
    )
    node = TradingNode(config, loop=asyncio.get_running_loop())
    strategy = Idle(StrategyConfig())
    node.trader.add_strategy(strategy)
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    for name, _, _ in accounts:
        node.add_exec_client_factory(name, ParadexLiveExecClientFactory)
    node.build()
    task = asyncio.create_task(node.run_async())
    try:
        yield node, strategy
    finally:
        await node.stop_async()
        node.kernel.dispose()
        task.cancel()
        clear_shared_clients()


@pytest.fixture
async def venue():
    async with LocalParadex(seed=3) as venue:
        yield venue


def market_order(node, strategy, side):
    return strategy.order_factory.market(
        instrument_id=ETH,
        order_side=side,
        quantity=node.cache.instrument(ETH).make_qty(Decimal("0.1")),
    )


async def test_e19_two_accounts_trade_apart_in_one_node(venue):
    first = venue.create_account(private_key=KEY, usdc="50000")
    second = venue.create_account(private_key=OTHER_KEY, usdc="70000")
    accounts = [(PARADEX, first, KEY), ("PARADEX_MM", second, OTHER_KEY)]
    async with node_of(venue, accounts) as (node, strategy):
        await until(lambda: strategy.is_running)
        clients = node.kernel.exec_engine._clients
        ids = {name: clients[ClientId(name)].account_id for name, _, _ in accounts}
        assert ids[PARADEX].get_issuer() == PARADEX
        assert ids["PARADEX_MM"].get_issuer() == "PARADEX_MM"
        strategy.submit_order(market_order(node, strategy, OrderSide.BUY))
        strategy.submit_order(
            market_order(node, strategy, OrderSide.SELL), client_id=ClientId("PARADEX_MM")
        )
        await until(lambda: len([o for o in node.cache.orders() if o.is_closed]) == 2)
        sides = {order.account_id: order.side for order in node.cache.orders()}
        assert sides == {ids[PARADEX]: OrderSide.BUY, ids["PARADEX_MM"]: OrderSide.SELL}
        queries = venue.exchange.queries
        assert [p.size for p in queries.positions(first)] == [Decimal("0.1")]
        assert [p.size for p in queries.positions(second)] == [Decimal("-0.1")]


async def test_e19_the_first_account_shares_the_data_clients_connections(venue):
    first = venue.create_account(private_key=KEY)
    async with node_of(venue, [(PARADEX, first, KEY)]) as (node, strategy):
        await until(lambda: strategy.is_running)
        data = node.kernel.data_engine._clients[ClientId(PARADEX)]
        execution = node.kernel.exec_engine._clients[ClientId(PARADEX)]
        assert data._link is execution._link
        assert data.instrument_provider is execution.instrument_provider
