"""A whole Paradex in this process: engine, synthetic market, REST and WebSocket on one port."""

import ipaddress
from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal
from random import Random
from types import TracebackType
from typing import Self

from aiohttp import web
from starknet_py.hash.utils import private_to_stark_key

from nautilus_paradex.simulator.clock import VenueClock
from nautilus_paradex.simulator.clock import wall_clock_us
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.engine.exchange import Exchange
from nautilus_paradex.simulator.engine.markets import REFERENCE_PRICES
from nautilus_paradex.simulator.engine.markets import default_markets
from nautilus_paradex.simulator.faults import FaultQueue
from nautilus_paradex.simulator.market import SyntheticMarket
from nautilus_paradex.simulator.server.app import Server
from nautilus_paradex.simulator.server.auth import normalize_felt
from nautilus_paradex.simulator.server.config import SimulatorConfig
from nautilus_paradex.simulator.server.publisher import Job
from nautilus_paradex.simulator.server.rest_auth import l2_address
from nautilus_paradex.simulator.server.venue import Venue


_SHUTDOWN_S = 1.0
_MARKET_STEP_MS = 20.0


def set_reference_prices(exchange: Exchange) -> None:
    """Give every market that has a reference price a mark, so that orders can be checked."""
    for spec in exchange.queries.markets():
        underlying = REFERENCE_PRICES.get(spec.base_currency)
        if underlying is None:
            continue
        mark = underlying
        if spec.option_type:
            sign = 1 if spec.option_type == "CALL" else -1
            # What it is worth at once, and a hundredth of the underlying for the time left.
            mark = max(sign * (underlying - spec.strike_price), Decimal(0)) + underlying / 100
        exchange.set_prices(spec.symbol, mark=mark, underlying=underlying)


class LocalParadex:
    """
    A local Paradex, served on a loopback port; an asynchronous context manager.

    Parameters
    ----------
    seed : int, default 1
        Of everything random: the market, transaction hashes, orders of answers.
    market : bool, default True
        If a synthetic market trades; otherwise books are empty until clients fill them.
    port : int, default 0
        0 takes a free one, and keeps it.
    host : str, default "127.0.0.1"
        A loopback address.
    config : SimulatorConfig, optional
        The venue's settings.
    clock_us : Callable[[], int], optional
        The venue's clock, UNIX microseconds; by default the wall clock.
    markets : Iterable[MarketSpec], optional
        The listings; by default those of the synthetic market.
    driven : Iterable[str], optional
        The symbols that the synthetic market trades in; by default all.

    Attributes
    ----------
    market : SyntheticMarket or None
        The synthetic market.
    exchange : Exchange
        The engine: ask it for the truth, or act on it directly.
    faults : FaultQueue
        What is to go wrong.

    Raises
    ------
    ValueError
        If the host is no loopback address.

    """

    def __init__(
        self,
        *,
        seed: int = 1,
        market: bool = True,
        port: int = 0,
        host: str = "127.0.0.1",
        config: SimulatorConfig | None = None,
        clock_us: Callable[[], int] = wall_clock_us,
        markets: Iterable[model.MarketSpec] | None = None,
        driven: Iterable[str] | None = None,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"{host} is no loopback address")
        self.config = config or SimulatorConfig()
        self._host = host
        self._port = port
        clock = VenueClock(clock_us)
        listings = default_markets(clock()) if markets is None else list(markets)
        self.exchange = Exchange(clock_us=clock, rng=Random(seed), markets=listings)
        self._venue = Venue(self.exchange, self.config, clock, seed)
        self._runner: web.AppRunner | None = None
        set_reference_prices(self.exchange)
        self.market: SyntheticMarket | None = None
        jobs: list[Job] = []
        if market:
            self.market = trading = SyntheticMarket(self.exchange, seed, driven)
            jobs.append((_MARKET_STEP_MS, lambda: trading.step(clock())))
            # The first client finds a book.
            trading.step(clock())
        self._server = Server(self._venue, self._onboard, jobs)

    # -- LIFE -------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """
        Serve, and let the market trade.

        Raises
        ------
        OSError
            If the port is taken.

        """
        self._server.start()
        try:
            await self.resume_serving()
        except OSError:
            await self._server.stop()
            raise

    async def stop(self) -> None:
        """End everything; the engine can still be asked."""
        self._venue.awake.set()
        await self.stop_serving()
        await self._server.stop()

    @property
    def port(self) -> int:
        """The port; known once served."""
        return self._port

    @property
    def http_url(self) -> str:
        """The base URL of REST."""
        return f"http://{self._authority}/v1"

    @property
    def ws_url(self) -> str:
        """The URL of the WebSocket."""
        return f"ws://{self._authority}/v1"

    @property
    def _authority(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    @property
    def faults(self) -> FaultQueue:
        """What is to go wrong."""
        return self._venue.faults

    # -- ACCOUNTS ---------------------------------------------------------------------------

    def create_account(
        self,
        private_key: str | None = None,
        *,
        public_key: str | None = None,
        address: str | None = None,
        usdc: str = "100000",
        parent: str = "",
        isolated_market: str = "",
    ) -> str:
        """
        Open an account and return its address.

        Parameters
        ----------
        private_key : str, optional
            The main key, hex; only its public key is kept.
        public_key : str, optional
            Instead of the private key.
        address : str, optional
            The L2 address; by default the one that belongs to the key.
        usdc : str, default "100000"
            The deposit.
        parent : str, optional
            The main account of a sub-account.
        isolated_market : str, optional
            The only market that the account may trade in.

        Raises
        ------
        ValueError
            If not exactly one of the keys is given.

        """
        if (private_key is None) == (public_key is None):
            raise ValueError("either the private or the public key is needed")
        if private_key is not None:
            public_key = hex(private_to_stark_key(int(private_key, 16)))
        key = normalize_felt(public_key or "", "PUBLIC_KEY_INVALID")
        account = normalize_felt(address) if address else l2_address(key)
        self._open(account, key, Decimal(usdc), parent, isolated_market)
        return account

    def _onboard(self, account: str, public_key: str) -> None:
        self._open(account, public_key, Decimal(self.config.onboarding_usdc))

    def _open(
        self,
        account: str,
        public_key: str,
        usdc: Decimal,
        parent: str = "",
        isolated_market: str = "",
    ) -> None:
        self.exchange.register_account(
            account, public_key, parent=parent, isolated_market=isolated_market
        )
        self._venue.authority.add_account(account, public_key)
        if usdc:
            self.exchange.deposit(account, usdc)

    # -- TROUBLE ----------------------------------------------------------------------------

    @property
    def connections(self) -> int:
        """How many WebSockets are open."""
        return len(self._server.sessions)

    @property
    def slow_readers(self) -> int:
        """How many WebSockets were dropped since they left too many frames unread."""
        return self._venue.slow_readers

    async def drop_connections(self, code: int | None = None) -> None:
        """End every WebSocket: with a close code, or by cutting TCP."""
        await self._server.drop_sessions(code)

    async def stop_serving(self) -> None:
        """Go away: no port, no connection; the market goes on."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for site in list(runner.sites):
            await site.stop()
        await self._server.drop_sessions()
        server = runner.server
        if server is not None:
            for connection in list(server.connections):
                if connection.transport is not None:
                    connection.transport.abort()
        await runner.cleanup()

    async def resume_serving(self) -> None:
        """Serve again, on the same port."""
        if self._runner is not None:
            return
        runner = web.AppRunner(
            self._server.application(),
            access_log=None,
            handle_signals=False,
            shutdown_timeout=_SHUTDOWN_S,
        )
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._runner = runner
        self._port = runner.addresses[0][1]

    def stall(self, stalled: bool) -> None:
        """Fall silent with every connection open, or wake up and go on."""
        if stalled:
            self._venue.awake.clear()
        else:
            self._venue.awake.set()

    def set_system_state(self, state: model.SystemState | str) -> None:
        """Change the exchange's state; maintenance drops every WebSocket."""
        self.exchange.set_system_state(model.SystemState(state))
        self._server.hub.flush()

    def jump_clock(self, ms: float) -> None:
        """Put the venue's clock forward, or back; ids and sequence numbers never go back."""
        self._venue.clock_us.jump(ms)

    def expire_tokens(self) -> None:
        """Make every JWT issued so far invalid."""
        self._venue.tokens.expire_all()
