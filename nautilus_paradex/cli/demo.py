"""
``paradex-nt demo``: a TradingNode trades, and its books are compared with the venue's.

The exit code is 0 only if orders, fills, position and balance are equal in everything.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Any
from typing import Final

import msgspec
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId
from rich.console import Console
from rich.table import Table

from nautilus_paradex.cli.comparison import Row
from nautilus_paradex.cli.comparison import compare
from nautilus_paradex.cli.local_venue import LocalVenue
from nautilus_paradex.cli.market_maker import DemoMarketMaker
from nautilus_paradex.cli.market_maker import DemoMarketMakerConfig
from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.config import ParadexEnvironment
from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.config import ParadexInstrumentProviderConfig
from nautilus_paradex.constants import PARADEX
from nautilus_paradex.factories import ParadexLiveDataClientFactory
from nautilus_paradex.factories import ParadexLiveExecClientFactory
from nautilus_paradex.factories import get_shared_link
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.resolution import resolve_credentials


INSTRUMENT: Final = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
ORDER_QTY: Final = Decimal("0.05")
MAX_POSITION: Final = Decimal("0.2")

OK: Final = 0
UNEQUAL: Final = 1
NOT_SET_UP: Final = 2

_START_DEADLINE_SECS: Final = 60.0
_REPORT_EVERY_SECS: Final = 5.0
_SETTLE_DEADLINE_SECS: Final = 20.0
_POLL_SECS: Final = 0.1


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo runs."""

    environment: ParadexEnvironment
    seed: int
    seconds: float
    log_level: str = "ERROR"


def missing_credentials(environ: Mapping[str, str]) -> list[str]:
    """Return the variables that a testnet demo needs and that are not set."""
    wanted = ("PARADEX_TESTNET_ACCOUNT_ADDRESS", "PARADEX_TESTNET_PRIVATE_KEY")
    return [name for name in wanted if not environ.get(name)]


async def run_demo(settings: DemoSettings, console: Console) -> int:
    """Run the demo and return its exit code."""
    async with AsyncExitStack() as stack:
        if settings.environment is ParadexEnvironment.TESTNET:
            missing = missing_credentials(os.environ)
            if missing:
                console.print(
                    f"ENV=testnet needs {' and '.join(missing)} in the environment: the account's "
                    "L2 address, and its private key or (better) a subkey of it."
                )
                return NOT_SET_UP
            data, execution = _configs({"environment": ParadexEnvironment.TESTNET}, {})
            console.print("Paradex testnet")
        else:
            venue = await stack.enter_async_context(LocalVenue(settings.seed))
            console.print(f"Local Paradex at {venue.http_url}, market seed {settings.seed}")
            urls = {"base_url_http": venue.http_url, "base_url_ws": venue.ws_url}
            account = {"account_address": venue.account, "private_key": venue.private_key}
            data, execution = _configs({"environment": ParadexEnvironment.LOCAL, **urls}, account)
        return await _Session(settings, data, execution, console).run()


class _Session:
    """One node, from its start to the comparison."""

    def __init__(
        self,
        settings: DemoSettings,
        data: ParadexDataClientConfig,
        execution: ParadexExecClientConfig,
        console: Console,
    ) -> None:
        self._settings = settings
        self._execution = execution
        self._console = console
        self._timing = SystemTiming()
        self._loop = asyncio.get_running_loop()
        self._node = TradingNode(_node_config(settings, data, execution), loop=self._loop)
        self._strategy = DemoMarketMaker(
            DemoMarketMakerConfig(
                instrument_id=INSTRUMENT, order_qty=ORDER_QTY, max_position=MAX_POSITION
            )
        )
        self._node.trader.add_strategy(self._strategy)
        self._node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
        self._node.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
        self._node.build()

    async def run(self) -> int:
        started_ms = self._timing.time_ms()
        running = self._loop.create_task(self._node.run_async())
        link = get_shared_link(self._loop, self._execution, resolve_credentials(self._execution))
        await link.open()  # kept open for the comparison, after the node has closed its own use
        try:
            if not await self._has_started():
                self._console.print("The node did not start: see its log above.")
                return UNEQUAL
            await self._show_progress()
            self._strategy.stop()
            await self._until_quiet()
            start_ms = started_ms + link.rest.clock_offset_ms - 1_000
            rows = await self._settled_rows(link.rest, start_ms)
        finally:
            await self._node.stop_async()
            await link.close()
            self._node.kernel.dispose()
            running.cancel()
        return self._print(rows)

    async def _has_started(self) -> bool:
        waited = 0.0
        while waited < _START_DEADLINE_SECS:
            if self._strategy.is_running:
                return True
            await self._timing.sleep(_POLL_SECS)
            waited += _POLL_SECS
        return False

    async def _show_progress(self) -> None:
        elapsed = 0.0
        while elapsed < self._settings.seconds:
            step = min(_REPORT_EVERY_SECS, self._settings.seconds - elapsed)
            await self._timing.sleep(step)
            elapsed += step
            self._console.print(self._progress(elapsed))

    def _progress(self, elapsed: float) -> str:
        strategy, quote = self._strategy, self._strategy.last_quote
        touch = "no quote yet" if quote is None else f"{quote.bid_price} / {quote.ask_price}"
        account = self._node.cache.account_for_venue(INSTRUMENT.venue)
        pnl = self._node.portfolio.total_pnl(INSTRUMENT)
        balance = "-" if account is None else account.balance_total(USDC)
        orders = len(self._node.cache.orders())
        return (
            f"{elapsed:4.0f} s  {touch}  quotes {strategy.quotes}  trades {strategy.trades}  "
            f"orders {orders}  fills {strategy.fills}  position {strategy.signed_position}  "
            f"PnL {pnl}  USDC {balance}"
        )

    async def _until_quiet(self) -> None:
        waited = 0.0
        cache = self._node.cache
        while waited < _SETTLE_DEADLINE_SECS and (cache.orders_open() or cache.orders_inflight()):
            await self._timing.sleep(_POLL_SECS)
            waited += _POLL_SECS

    async def _settled_rows(self, rest: ParadexRest, start_ms: int) -> list[Row]:
        """Compare until both sides are equal, or the deadline says that they will not be."""
        waited = 0.0
        account_id = self._node.cache.account_for_venue(INSTRUMENT.venue).id
        while True:
            rows = await compare(
                self._node.cache, account_id, rest, start_ms=start_ms, instrument_id=INSTRUMENT
            )
            if all(row.equal for row in rows) or waited >= _SETTLE_DEADLINE_SECS:
                return rows
            await self._timing.sleep(1.0)
            waited += 1.0

    def _print(self, rows: list[Row]) -> int:
        events = ", ".join(f"{k} {v}" for k, v in sorted(self._strategy.event_counts.items()))
        self._console.print(f"Events: {events}")
        table = Table("", "", "node", "venue", "", title="Node and venue")
        unequal = [row for row in rows if not row.equal]
        shown = [row for row in rows if row.kind in ("position", "balance")]
        for kind in ("order", "fill"):
            of_kind = [row for row in rows if row.kind == kind]
            equal = sum(row.equal for row in of_kind)
            node = sum(row.node != "none" for row in of_kind)
            venue = sum(row.venue != "none" for row in of_kind)
            mark = "equal" if equal == len(of_kind) else f"{len(of_kind) - equal} DIFFER"
            table.add_row(f"{kind}s", "", str(node), str(venue), mark)
        for row in [*shown, *(row for row in unequal if row not in shown)]:
            table.add_row(
                row.kind, row.name, row.node, row.venue, "equal" if row.equal else "DIFFERS"
            )
        self._console.print(table)
        fills = [row for row in rows if row.kind == "fill"]
        if unequal or not fills:
            self._console.print("NOT EQUAL" if unequal else "NOTHING WAS FILLED")
            return UNEQUAL
        self._console.print(f"EQUAL in {len(rows)} rows")
        return OK


def _configs(
    common: Mapping[str, Any], account: Mapping[str, Any]
) -> tuple[ParadexDataClientConfig, ParadexExecClientConfig]:
    provider = ParadexInstrumentProviderConfig(load_ids=frozenset({str(INSTRUMENT)}))
    return (
        ParadexDataClientConfig(**common, instrument_provider=provider),
        ParadexExecClientConfig(
            **common, **account, instrument_provider=provider, recv_window_ms=10_000
        ),
    )


def _node_config(
    settings: DemoSettings, data: ParadexDataClientConfig, execution: ParadexExecClientConfig
) -> TradingNodeConfig:
    return TradingNodeConfig(
        trader_id=TraderId("DEMO-001"),
        logging=LoggingConfig(log_level=settings.log_level),
        data_clients={PARADEX: data},
        exec_clients={PARADEX: execution},
        exec_engine=LiveExecEngineConfig(
            # Only this session is compared: orders of earlier ones are not fetched.
            reconciliation_lookback_mins=1,
            # The adapter resolves commands in flight itself (rule E17).
            inflight_check_interval_ms=0,
            graceful_shutdown_on_exception=True,
        ),
        timeout_connection=60.0,
        timeout_reconciliation=20.0,
        timeout_disconnection=10.0,
        timeout_post_stop=1.0,
    )


async def demo_or_error(settings: DemoSettings, console: Console) -> int:
    """Run the demo; what goes wrong on the way becomes a sentence and an exit code."""
    try:
        return await run_demo(settings, console)
    except (ParadexError, ValueError) as e:
        console.print(f"The demo cannot run: {e}")
        return NOT_SET_UP
