"""
Paradex for NautilusTrader.

Independent of, and not affiliated with, endorsed or supported by Nautech Systems Pty Ltd.
"""

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


__all__ = [
    "PARADEX",
    "PARADEX_CLIENT_ID",
    "PARADEX_VENUE",
    "ParadexDataClient",
    "ParadexDataClientConfig",
    "ParadexEnvironment",
    "ParadexExecClientConfig",
    "ParadexExecutionClient",
    "ParadexInstrumentProvider",
    "ParadexInstrumentProviderConfig",
    "ParadexLiveDataClientFactory",
    "ParadexLiveExecClientFactory",
]
