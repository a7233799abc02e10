"""
Watch Paradex market data with the framework's data tester.

No credentials are needed. Run it with ``python examples/live/paradex_data_tester.py``.
"""

from typing import Any

from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.test_kit.strategies.tester_data import DataTester
from nautilus_trader.test_kit.strategies.tester_data import DataTesterConfig

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory


INSTRUMENT_IDS = [
    InstrumentId.from_str("BTC-USD-PERP.PARADEX"),
    InstrumentId.from_str("ETH-USD-PERP.PARADEX"),
]


def build_node(loop: Any = None, **venue: Any) -> TradingNode:
    """Return the node; `venue` overrides the data client's settings, such as its URLs."""
    venue = {"environment": ParadexEnvironment.MAINNET} | venue
    provider = ParadexInstrumentProviderConfig(load_ids=frozenset(map(str, INSTRUMENT_IDS)))
    config = TradingNodeConfig(
        trader_id=TraderId("TESTER-001"),
        logging=LoggingConfig(log_level="INFO"),
        data_clients={PARADEX: ParadexDataClientConfig(**venue, instrument_provider=provider)},
        timeout_connection=60.0,
        timeout_disconnection=10.0,
        timeout_post_stop=2.0,
    )
    node = TradingNode(config=config, loop=loop)
    node.trader.add_actor(
        DataTester(
            DataTesterConfig(
                instrument_ids=INSTRUMENT_IDS,
                subscribe_quotes=True,
                subscribe_trades=True,
                subscribe_book_deltas=True,
                manage_book=True,
            )
        )
    )
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.build()
    return node


if __name__ == "__main__":
    node = build_node()
    try:
        node.run()
    finally:
        node.dispose()
