"""The parts of a running local Paradex, in one place for its REST and WebSocket servers."""

import asyncio
import hashlib
from random import Random

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.clock import VenueClock
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.engine.exchange import Exchange
from nautilus_paradex.simulator.server.auth import Authority
from nautilus_paradex.simulator.server.config import AnswerOrder
from nautilus_paradex.simulator.server.config import SimulatorConfig
from nautilus_paradex.simulator.server.cursors import Pager
from nautilus_paradex.simulator.server.limits import RateLimiter
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.sequencer import Sequencer
from nautilus_paradex.simulator.server.tokens import TokenIssuer


class Venue:
    """
    What the servers share.

    Parameters
    ----------
    exchange : Exchange
        The engine.
    config : SimulatorConfig
        The venue's settings.
    clock_us : VenueClock
        The venue's clock; the engine's own.
    seed : int
        Of secrets and of the random orders of answers.

    """

    def __init__(
        self,
        exchange: Exchange,
        config: SimulatorConfig,
        clock_us: VenueClock,
        seed: int,
    ) -> None:
        secret = hashlib.sha256(f"local paradex {seed}".encode()).digest()
        self.exchange = exchange
        self.config = config
        self.clock_us = clock_us
        self.seed = seed
        self._rng = Random(seed)
        self.node_id = secret.hex()[:16]
        self.tokens = TokenIssuer(secret, clock_us, config.jwt_lifetime_s)
        self.authority = Authority(config, self.tokens, clock_us)
        self.limiter = RateLimiter(config.limits, clock_us)
        self.pager = Pager(secret, config.page_size, config.page_size_max)
        self.sequencer = Sequencer()
        self.faults = faults.FaultQueue()
        # Set while the venue answers; cleared while it is stalled.
        self.awake = asyncio.Event()
        self.awake.set()
        #: Connections that were dropped since they left too much unread.
        self.slow_readers = 0

    def answers_first(self, fault: faults.RequestFault | None) -> bool:
        """Return if a command's answer goes out before its first notification."""
        if isinstance(fault, faults.AnswerFirst | faults.AnswerLast):
            return isinstance(fault, faults.AnswerFirst)
        order = self.config.answer_order
        if order is AnswerOrder.RANDOM:
            return self._rng.random() < 0.5
        return order is AnswerOrder.ANSWER_FIRST

    def latency_s(self, interactive: bool) -> float:
        """Return the time between a command's acceptance and its execution."""
        bump_ms = self.config.speed_bump_ms if interactive else 0.0
        return (self.config.latency_ms + bump_ms) / 1000

    def check_in_service(self) -> None:
        """
        Let nothing pass during maintenance.

        Raises
        ------
        Refusal
            SERVICE_UNAVAILABLE.

        """
        if self.exchange.system_state is model.SystemState.MAINTENANCE:
            raise Refusal("SERVICE_UNAVAILABLE", "service unavailable")

    def takes_interactive(self, account: str) -> bool:
        """
        Count an order of a retail token, and return if it is retail flow.

        Beyond the limits the account counts as Pro (PROTOCOL 8.1, trap 29).
        """
        return self.limiter.has_room("interactive", account)
