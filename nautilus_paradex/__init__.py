"""
Paradex for NautilusTrader.

Independent of, and not affiliated with, endorsed or supported by Nautech Systems Pty Ltd.

The public names are loaded when they are first used, so that the protocol and network rings, the
simulator and the command line do not load the framework.
"""

from importlib import import_module
from typing import TYPE_CHECKING
from typing import Any


if TYPE_CHECKING:
    from nautilus_paradex.config import ParadexDataClientConfig
    from nautilus_paradex.config import ParadexEnvironment
    from nautilus_paradex.config import ParadexExecClientConfig
    from nautilus_paradex.config import ParadexInstrumentProviderConfig
    from nautilus_paradex.constants import PARADEX
    from nautilus_paradex.constants import PARADEX_CLIENT_ID
    from nautilus_paradex.constants import PARADEX_VENUE
    from nautilus_paradex.data import ParadexDataClient
    from nautilus_paradex.execution import ParadexExecutionClient
    from nautilus_paradex.factories import ParadexLiveDataClientFactory
    from nautilus_paradex.factories import ParadexLiveExecClientFactory
    from nautilus_paradex.providers import ParadexInstrumentProvider
    from nautilus_paradex.types import ParadexFundingComparison
    from nautilus_paradex.types import ParadexFundingData
    from nautilus_paradex.types import ParadexMarketChange
    from nautilus_paradex.types import ParadexMarketMakerProtection
    from nautilus_paradex.types import ParadexMarketStatistics
    from nautilus_paradex.types import ParadexPublicTrade
    from nautilus_paradex.types import ParadexSettlementPrice
    from nautilus_paradex.types import ParadexStreamHealth


__all__ = [
    "PARADEX",
    "PARADEX_CLIENT_ID",
    "PARADEX_VENUE",
    "ParadexDataClient",
    "ParadexDataClientConfig",
    "ParadexEnvironment",
    "ParadexExecClientConfig",
    "ParadexExecutionClient",
    "ParadexFundingComparison",
    "ParadexFundingData",
    "ParadexInstrumentProvider",
    "ParadexInstrumentProviderConfig",
    "ParadexLiveDataClientFactory",
    "ParadexLiveExecClientFactory",
    "ParadexMarketChange",
    "ParadexMarketMakerProtection",
    "ParadexMarketStatistics",
    "ParadexPublicTrade",
    "ParadexSettlementPrice",
    "ParadexStreamHealth",
]

_MODULES = {
    "PARADEX": "constants",
    "PARADEX_CLIENT_ID": "constants",
    "PARADEX_VENUE": "constants",
    "ParadexDataClient": "data",
    "ParadexDataClientConfig": "config",
    "ParadexEnvironment": "config",
    "ParadexExecClientConfig": "config",
    "ParadexExecutionClient": "execution",
    "ParadexInstrumentProvider": "providers",
    "ParadexInstrumentProviderConfig": "config",
    "ParadexLiveDataClientFactory": "factories",
    "ParadexLiveExecClientFactory": "factories",
    "ParadexFundingComparison": "types",
    "ParadexFundingData": "types",
    "ParadexMarketChange": "types",
    "ParadexMarketMakerProtection": "types",
    "ParadexMarketStatistics": "types",
    "ParadexPublicTrade": "types",
    "ParadexSettlementPrice": "types",
    "ParadexStreamHealth": "types",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
