"""A local Paradex: matching engine, REST and WebSocket server, synthetic market, fault scripts."""

from nautilus_paradex.simulator.paradex import LocalParadex
from nautilus_paradex.simulator.server.config import AnswerOrder
from nautilus_paradex.simulator.server.config import BatchForm
from nautilus_paradex.simulator.server.config import FillOrder
from nautilus_paradex.simulator.server.config import PlainConnections
from nautilus_paradex.simulator.server.config import PrivateEncoding
from nautilus_paradex.simulator.server.config import RateLimits
from nautilus_paradex.simulator.server.config import SimulatorConfig


__all__ = [
    "AnswerOrder",
    "BatchForm",
    "FillOrder",
    "LocalParadex",
    "PlainConnections",
    "PrivateEncoding",
    "RateLimits",
    "SimulatorConfig",
]
