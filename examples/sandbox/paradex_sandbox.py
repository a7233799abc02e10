"""
Paper trading: live Paradex market data, orders filled by the framework's sandbox.

No credentials are needed. Run it with ``python examples/sandbox/paradex_sandbox.py``.
"""

from decimal import Decimal
from typing import Any

from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.adapters.sandbox.factory import SandboxLiveExecClientFactory
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.test_kit.strategies.tester_exec import ExecTester
from nautilus_trader.test_kit.strategies.tester_exec import ExecTesterConfig

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory


INSTRUMENT_ID = InstrumentId.from_str("ETH-USD-PERP.PARADEX")


def build_node(loop: Any = None, **venue: Any) -> TradingNode:
    """Return the node; `venue` overrides the data client's settings, such as its URLs."""
    venue = {"environment": ParadexEnvironment.MAINNET} | venue
    provider = ParadexInstrumentProviderConfig(load_ids=frozenset({str(INSTRUMENT_ID)}))
    config = TradingNodeConfig(
        trader_id=TraderId("SANDBOX-001"),
        logging=LoggingConfig(log_level="INFO"),
        exec_engine=LiveExecEngineConfig(reconciliation=False),
        data_clients={PARADEX: ParadexDataClientConfig(**venue, instrument_provider=provider)},
        exec_clients={
            PARADEX: SandboxExecutionClientConfig(
                venue=PARADEX,
                starting_balances=["10000 USDC"],
                account_type="MARGIN",
                oms_type="NETTING",
                default_leverage=Decimal(10),
            )
        },
        timeout_connection=60.0,
        timeout_disconnection=10.0,
        timeout_post_stop=2.0,
    )
    node = TradingNode(config=config, loop=loop)
    node.trader.add_strategy(
        ExecTester(
            ExecTesterConfig(
                instrument_id=INSTRUMENT_ID,
                order_qty=Decimal("0.01"),
                # The sandbox knows no price before the first quote: positions are opened by hand.
                enable_limit_buys=True,
                enable_limit_sells=True,
                tob_offset_ticks=10,
                log_data=False,
            )
        )
    )
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.add_exec_client_factory(PARADEX, SandboxLiveExecClientFactory)
    node.build()
    return node


if __name__ == "__main__":
    node = build_node()
    try:
        node.run()
    finally:
        node.dispose()
