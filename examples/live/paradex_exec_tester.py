"""
Trade a little on Paradex with the framework's execution tester.

It has no alpha whatsoever: run it on testnet. Set PARADEX_TESTNET_ACCOUNT_ADDRESS and
PARADEX_TESTNET_PRIVATE_KEY (better a subkey), then run
``python examples/live/paradex_exec_tester.py``.
"""

from decimal import Decimal
from typing import Any

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
from nautilus_paradex import ParadexExecClientConfig
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory
from nautilus_paradex import ParadexLiveExecClientFactory


INSTRUMENT_ID = InstrumentId.from_str("ETH-USD-PERP.PARADEX")


def build_node(
    loop: Any = None, account: dict[str, str] | None = None, **venue: Any
) -> TradingNode:
    """Return the node; `venue` and `account` override the clients' settings."""
    venue = {"environment": ParadexEnvironment.TESTNET} | venue
    provider = ParadexInstrumentProviderConfig(load_ids=frozenset({str(INSTRUMENT_ID)}))
    config = TradingNodeConfig(
        trader_id=TraderId("TESTER-001"),
        logging=LoggingConfig(log_level="INFO"),
        exec_engine=LiveExecEngineConfig(
            reconciliation_lookback_mins=1440,
            # The adapter resolves commands in flight itself.
            inflight_check_interval_ms=0,
            purge_closed_orders_interval_mins=15,
            purge_closed_orders_buffer_mins=60,
            purge_closed_positions_interval_mins=15,
            purge_closed_positions_buffer_mins=60,
            graceful_shutdown_on_exception=True,
        ),
        data_clients={PARADEX: ParadexDataClientConfig(**venue, instrument_provider=provider)},
        exec_clients={
            PARADEX: ParadexExecClientConfig(
                **venue,
                **(account or {}),
                instrument_provider=provider,
                recv_window_ms=10_000,
            )
        },
        timeout_connection=60.0,
        timeout_reconciliation=20.0,
        timeout_portfolio=10.0,
        timeout_disconnection=10.0,
        timeout_post_stop=2.0,
    )
    node = TradingNode(config=config, loop=loop)
    node.trader.add_strategy(
        ExecTester(
            ExecTesterConfig(
                instrument_id=INSTRUMENT_ID,
                external_order_claims=[INSTRUMENT_ID],
                order_qty=Decimal("0.01"),
                open_position_on_start_qty=Decimal("0.01"),
                use_post_only=True,
                tob_offset_ticks=100,
                log_data=False,
            )
        )
    )
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
    node.build()
    return node


if __name__ == "__main__":
    node = build_node()
    try:
        node.run()
    finally:
        node.dispose()
