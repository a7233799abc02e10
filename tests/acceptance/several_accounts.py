"""A TradingNode with several accounts of the venue, each with a client of its own (rule E19)."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Iterable
from collections.abc import Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from nautilus_trader.config import LiveDataEngineConfig
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LiveRiskEngineConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexExecClientConfig
from nautilus_paradex import ParadexExecutionClient
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory
from nautilus_paradex import ParadexLiveExecClientFactory
from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import ETH
from tests.acceptance.node import TRADER_ID
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import tasks_of_nodes
from tests.acceptance.node import until


MM = "PARADEX_MM"

_QUICK = {
    "http_timeout_secs": 3,
    "max_retries": 2,
    "retry_delay_initial_ms": 20,
    "retry_delay_max_ms": 100,
    "ws_reconnect_delay_initial_ms": 50,
    "ws_reconnect_delay_max_ms": 200,
}


class AccountDesk(Desk):
    """A desk whose orders go to one client."""

    def __init__(self, client: str, instrument_id: InstrumentId = ETH, **config: Any) -> None:
        super().__init__(instrument_id, **config)
        self.client = ClientId(client)

    def market(self, side: OrderSide, size: str, **terms: Any) -> Order:
        """Make a market order and submit it to the client."""
        quantity = self.instrument.make_qty(Decimal(size))
        order = self.order_factory.market(self.instrument_id, side, quantity, **terms)
        self.submit_order(order, client_id=self.client)
        return order

    def limit(self, side: OrderSide, size: str, price: str, **terms: Any) -> Order:
        """Make a limit order and submit it to the client."""
        order = self.order_factory.limit(
            self.instrument_id,
            side,
            self.instrument.make_qty(Decimal(size)),
            self.instrument.make_price(Decimal(price)),
            **terms,
        )
        self.submit_order(order, client_id=self.client)
        return order


class SeveralAccounts(RunningNode):
    """A node with several accounts."""

    def client(self, name: str) -> ParadexExecutionClient:
        """Return an execution client by its key."""
        return self.node.kernel.exec_engine._clients[ClientId(name)]

    def id_of(self, name: str) -> AccountId:
        """Return the account id of a client."""
        return self.client(name).account_id

    def net(self, name: str) -> dict[str, Decimal]:
        """Return an account's net positions by market."""
        net: dict[str, Decimal] = {}
        for position in self.cache.positions_open(account_id=self.id_of(name)):
            market = position.instrument_id.symbol.value
            net[market] = net.get(market, Decimal(0)) + position.signed_decimal_qty()
        return {market: size for market, size in net.items() if size}


@asynccontextmanager
async def node_with_accounts(
    venue: LocalParadex,
    accounts: Mapping[str, tuple[str, str]],
    *,
    strategies: Iterable[Strategy] = (),
    instruments: Iterable[InstrumentId] = (ETH,),
    execution: Mapping[str, Mapping[str, Any]] | None = None,
    engine: Mapping[str, Any] | None = None,
    started: bool = True,
) -> AsyncIterator[SeveralAccounts]:
    """
    Run a node with one execution client per (client key: address, private key).

    Parameters
    ----------
    venue : LocalParadex
        Where it trades.
    accounts : Mapping
        Address and private key by client key.
    execution : Mapping, optional
        Further settings of execution clients, by client key.
    started : bool, default True
        If the trader has to be running before the block is entered.

    """
    clear_shared_clients()
    ids = frozenset(str(instrument_id) for instrument_id in instruments)
    common: dict[str, Any] = {
        "environment": ParadexEnvironment.LOCAL,
        "base_url_http": venue.http_url,
        "base_url_ws": venue.ws_url,
        "instrument_provider": ParadexInstrumentProviderConfig(load_ids=ids),
        **_QUICK,
    }
    settings = {"inflight_check_interval_ms": 0, "graceful_shutdown_on_exception": True}
    config = TradingNodeConfig(
        trader_id=TRADER_ID,
        data_clients={PARADEX: ParadexDataClientConfig(**common)},
        exec_clients={
            name: ParadexExecClientConfig(
                **(
                    common
                    | {"account_address": address, "private_key": key}
                    | dict((execution or {}).get(name, {}))
                )
            )
            for name, (address, key) in accounts.items()
        },
        data_engine=LiveDataEngineConfig(graceful_shutdown_on_exception=True),
        risk_engine=LiveRiskEngineConfig(graceful_shutdown_on_exception=True),
        exec_engine=LiveExecEngineConfig(**(settings | dict(engine or {}))),
        timeout_connection=10.0,
        timeout_reconciliation=5.0,
        timeout_portfolio=5.0,
        timeout_disconnection=5.0,
        timeout_post_stop=0.1,
    )
    trading = TradingNode(config, loop=asyncio.get_running_loop())
    for strategy in strategies:
        trading.trader.add_strategy(strategy)
    trading.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    for name in accounts:
        trading.add_exec_client_factory(name, ParadexLiveExecClientFactory)
    running: asyncio.Task[None] | None = None
    try:
        trading.build()
        node = SeveralAccounts(trading)
        running = asyncio.create_task(trading.run_async())
        if started:
            await until(lambda: node.is_started, "the trader runs", 15.0)
        yield node
    finally:
        await trading.stop_async()
        if running is not None:
            await asyncio.wait([running], timeout=2.0)
            running.cancel()
        trading.kernel.dispose()
        clear_shared_clients()
    await until(lambda: not tasks_of_nodes(), lambda: f"left behind: {tasks_of_nodes()}")
