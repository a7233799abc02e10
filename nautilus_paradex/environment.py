"""Which Paradex, and where it is (PROTOCOL 1)."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec


class ParadexEnvironment(Enum):
    """Which Paradex: production, its testnet, or one on this machine."""

    MAINNET = "mainnet"
    TESTNET = "testnet"
    LOCAL = "local"


class Urls(msgspec.Struct, frozen=True):
    """Base addresses, without a trailing slash."""

    http: str
    ws: str


#: PROTOCOL 1; the "direct" WebSocket hosts, as the venue's documents use them.
URLS: Final[Mapping[ParadexEnvironment, Urls]] = {
    ParadexEnvironment.MAINNET: Urls(
        "https://api.prod.paradex.trade/v1", "wss://ws.api.prod.paradex.trade/v1"
    ),
    ParadexEnvironment.TESTNET: Urls(
        "https://api.testnet.paradex.trade/v1", "wss://ws.api.testnet.paradex.trade/v1"
    ),
    ParadexEnvironment.LOCAL: Urls("http://127.0.0.1:8080/v1", "ws://127.0.0.1:8080/v1"),
}

#: How the environment variables of credentials begin.
VARIABLE_PREFIXES: Final[Mapping[ParadexEnvironment, str]] = {
    ParadexEnvironment.MAINNET: "PARADEX",
    ParadexEnvironment.TESTNET: "PARADEX_TESTNET",
    ParadexEnvironment.LOCAL: "PARADEX_LOCAL",
}
