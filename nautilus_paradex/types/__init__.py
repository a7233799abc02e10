"""
What Paradex publishes and the framework has no type for, as custom data.

Each type tells by ``data_type_of`` what to subscribe to::

    self.subscribe_data(
        ParadexMarketStatistics.data_type_of(instrument_id),
        client_id=PARADEX_CLIENT_ID,
    )

and comes to ``on_data`` as the value itself. Values are immutable, compare by content, go through
the message bus and into a catalog. Numbers are exact `Decimal`, texts where they are stored; times
are UNIX nanoseconds.

The framework routes custom data by a topic made of type and metadata, so a subscription must carry
exactly the metadata that the data is published with: the instrument id for what is of one market,
nothing for the rest.
"""

from typing import Final

from nautilus_paradex.types.market_data import ParadexFundingComparison
from nautilus_paradex.types.market_data import ParadexFundingData
from nautilus_paradex.types.market_data import ParadexMarketChange
from nautilus_paradex.types.market_data import ParadexMarketStatistics
from nautilus_paradex.types.market_data import ParadexPublicTrade
from nautilus_paradex.types.market_data import ParadexSettlementPrice
from nautilus_paradex.types.protection import ParadexMarketMakerProtection
from nautilus_paradex.types.storage import INSTRUMENT_ID
from nautilus_paradex.types.storage import ParadexData
from nautilus_paradex.types.storage import check_no_metadata
from nautilus_paradex.types.storage import instrument_id_in
from nautilus_paradex.types.storage import register
from nautilus_paradex.types.stream_health import ParadexStreamHealth


__all__ = [
    "CUSTOM_TYPES",
    "INSTRUMENT_ID",
    "ParadexFundingComparison",
    "ParadexFundingData",
    "ParadexMarketChange",
    "ParadexMarketMakerProtection",
    "ParadexMarketStatistics",
    "ParadexPublicTrade",
    "ParadexSettlementPrice",
    "ParadexStreamHealth",
    "check_no_metadata",
    "instrument_id_in",
]

#: Every custom data type of this package.
CUSTOM_TYPES: Final[tuple[type[ParadexData], ...]] = (
    ParadexFundingComparison,
    ParadexFundingData,
    ParadexMarketChange,
    ParadexMarketMakerProtection,
    ParadexMarketStatistics,
    ParadexPublicTrade,
    ParadexSettlementPrice,
    ParadexStreamHealth,
)

for _type in CUSTOM_TYPES:
    register(_type)
