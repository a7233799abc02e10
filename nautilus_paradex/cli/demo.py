"""
``paradex-nt demo``: a TradingNode trades, and its books are compared with the venue's.

The exit code is 0 only if orders, fills, position and balance are equal in everything.
"""

import asyncio
import os
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Final

import msgspec
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.identifiers import InstrumentId
from rich.console import Console

from nautilus_paradex.cli.local_venue import LocalVenue
from nautilus_paradex.cli.market_maker import DemoMarketMaker
from nautilus_paradex.cli.market_maker import DemoMarketMakerConfig
from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.config import ParadexEnvironment
from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.constants import PARADEX
from nautilus_paradex.factories import ParadexLiveDataClientFactory
from nautilus_paradex.factories import ParadexLiveExecClientFactory


INSTRUMENT: Final = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
ORDER_QTY: Final = Decimal("0.05")
MAX_POSITION: Final = Decimal("0.2")

_REPORT_EVERY_SECS: Final = 5.0
_SETTLE_DEADLINE_SECS: Final = 15.0


class DemoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo runs."""

    environment: ParadexEnvironment
    seed: int
    seconds: float
    log_level: str = "WARNING"


def missing_credentials(environ: dict[str, str]) -> list[str]:
    """Return the variables that a testnet demo needs and that are not set."""
    wanted = ("PARADEX_TESTNET_ACCOUNT_ADDRESS", "PARADEX_TESTNET_PRIVATE_KEY")
    return [name for name in wanted if not environ.get(name)]


async def run_demo(settings: DemoSettings, console: Console) -> int:
    """Run the demo and return its exit code."""
    async with AsyncExitStack() as stack:
        if settings.environment is ParadexEnvironment.TESTNET:
            missing = missing_credentials(dict(os.environ))
            if missing:
                console.print(
                    f"[red]ENV=testnet needs {' and '.join(missing)}.[/] Set them to the account's "
                    "L2 address and to its private key, better a subkey, and try again."
                )
                return 2
            data, execution = _testnet_configs()
        else:
            venue = await stack.enter_async_context(LocalVenue(settings.seed))
            console.print(f"Local Paradex at {venue.http_url}, market seed {settings.seed}")
            data, execution = _local_configs(venue)
        return await _trade(settings, data, execution, console)


async def _trade(
    settings: DemoSettings,
    data: ParadexDataClientConfig,
    execution: ParadexExecClientConfig,
    console: Console,
) -> int:
    node = TradingNode(_node_config(settings, data, execution), loop=asyncio.get_running_loop())
    strategy = DemoMarketMaker(
        DemoMarketMakerConfig(
            instrument_id=INSTRUMENT, order_qty=ORDER_QTY, max_position=MAX_POSITION
        )
    )
    node.trader.add_strategy(strategy)
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
    node.build()
    running = asyncio.create_task(node.run_async())
    try:
        await _until_running(strategy, running)
        link = node.kernel.exec_engine._clients  # noqa: F841, SLF001
        await _show_progress(node, strategy, settings.seconds, console)
        strategy.stop()
        rows = await _settled_rows(node, console)
    finally:
        await node.stop_async()
        node.dispose()
        running.cancel()
    return _print_result(rows, strategy, console)
