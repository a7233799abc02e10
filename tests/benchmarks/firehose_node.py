"""
A TradingNode that drinks from the firehose, and what it looked like from inside.

A process of its own, on a core of its own, with the loop that users' nodes run on. Its report goes
to a file as JSON.
"""

import argparse
import asyncio
import gc
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from nautilus_trader.config import CacheConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import BookAction
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexDataClient
from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory
from tests.benchmarks.firehose_probe import CollectorProbe
from tests.benchmarks.firehose_probe import Lag
from tests.benchmarks.firehose_probe import LoopProbe
from tests.benchmarks.firehose_probe import Pauses
from tests.benchmarks.firehose_probe import cpu_s
from tests.benchmarks.firehose_probe import rss_mb


#: The framework keeps 10,000 quotes and 10,000 trades of each instrument: with hundreds of them
#: that is much memory, through which every full garbage collection goes.
TICK_CAPACITY = 1_000

_POLL_S = 0.02
_START_DEADLINE_S = 120.0
#: What is on its way when the flow ends has arrived when nothing came for this long.
_QUIET_S = 2.0

TRADES, QUOTES, DELTAS, SUMMARIES = "1", "2", "3", "4"
HAS_GREEKS = (
    ParadexDataClient._subscribe_option_greeks is not LiveMarketDataClient._subscribe_option_greeks
)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the node saw."""

    instruments: int
    sent: dict[str, int]
    """Messages by SBE template."""
    received: dict[str, int]
    differing: dict[str, tuple[int, int]]
    """Messages sent and received, by template and market, where they are not equal."""
    gaps: int
    """Deltas whose number was not one above the last."""
    snapshots: int
    """More than one a market is a resync or a reconnect."""
    rate: float
    """Messages a second that the generator sent."""
    asked_rate: float
    seconds: float
    slow_readers: int
    """Connections that the generator cut off."""
    most_unread: int
    generator_pause_ms: float
    cpu_share: float
    cpu_us_per_message: float
    rss_start_mb: float
    rss_end_mb: float
    most_queued: int
    """In the data engine."""
    start_secs: float
    start_lag: Lag
    """From the node's start until every feed flows: loading among it."""
    flow_lag: Lag
    flow_pauses: Pauses
    start_pauses: Pauses


class Listener(Strategy):
    """
    Subscribes to everything and counts it.

    Parameters
    ----------
    is_quiet : bool
        If it subscribes to nothing: for the loading alone.
    freezes : bool
        If it tells the garbage collector that what is loaded stays.

    """

    def __init__(self, *, is_quiet: bool, freezes: bool) -> None:
        super().__init__(StrategyConfig())
        self._is_quiet = is_quiet
        self._freezes = freezes
        self.perpetuals: list[InstrumentId] = []
        self.options: list[InstrumentId] = []
        self.quotes: Counter[InstrumentId] = Counter()
        self.trades: Counter[InstrumentId] = Counter()
        self.deltas: Counter[InstrumentId] = Counter()
        self.greek_sets: Counter[InstrumentId] = Counter()
        self.last_seq: dict[InstrumentId, int] = {}
        self.gaps = 0
        self.snapshots = 0

    def on_start(self) -> None:
        if self._freezes:
            gc.collect()
            gc.freeze()
        if self._is_quiet:
            return
        for instrument in self.cache.instruments():
            if isinstance(instrument, CryptoPerpetual):
                self.perpetuals.append(instrument.id)
            elif isinstance(instrument, CryptoOption):
                self.options.append(instrument.id)
        for instrument_id in self.perpetuals:
            self.subscribe_quote_ticks(instrument_id)
            self.subscribe_trade_ticks(instrument_id)
            self.subscribe_order_book_deltas(instrument_id)
        if HAS_GREEKS:
            for instrument_id in self.options:
                self.subscribe_option_greeks(instrument_id)

    def on_quote_tick(self, quote: QuoteTick) -> None:
        self.quotes[quote.instrument_id] += 1

    def on_trade_tick(self, trade: TradeTick) -> None:
        self.trades[trade.instrument_id] += 1

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        instrument_id = deltas.instrument_id
        self.deltas[instrument_id] += 1
        sequence = deltas.sequence
        if sequence != self.last_seq.get(instrument_id, sequence - 1) + 1:
            self.gaps += 1
        self.last_seq[instrument_id] = sequence
        if deltas.deltas[0].action == BookAction.CLEAR:
            self.snapshots += 1

    def on_option_greeks(self, greeks: Any) -> None:
        self.greek_sets[greeks.instrument_id] += 1

    @property
    def feeds(self) -> int:
        """How many feeds it asked for."""
        return 3 * len(self.perpetuals) + (len(self.options) if HAS_GREEKS else 0)

    def asked(self, sent: dict[str, int]) -> dict[str, int]:
        """Return what was asked for of what was sent: from 300 markets on summaries come of all."""
        options = {str(instrument_id.symbol) for instrument_id in self.options}
        return {
            name: count
            for name, count in sent.items()
            if not name.startswith(f"{SUMMARIES} ") or name.split(" ", 1)[1] in options
        }

    def received(self) -> dict[str, int]:
        """Return the messages by template and market."""
        counts = {TRADES: self.trades, QUOTES: self.quotes, DELTAS: self.deltas}
        counts[SUMMARIES] = self.greek_sets
        return {
            f"{template} {instrument_id.symbol}": number
            for template, counter in counts.items()
            for instrument_id, number in counter.items()
        }


class Generator:
    """The firehose's controls."""

    def __init__(self, http_url: str) -> None:
        self._root = http_url.removesuffix("/v1")
        self._session = aiohttp.ClientSession()

    async def counts(self) -> Any:
        async with self._session.get(f"{self._root}/flow") as answer:
            return await answer.json()

    async def command(self, name: str) -> Any:
        async with self._session.post(f"{self._root}/flow/{name}") as answer:
            return await answer.json()

    async def close(self) -> None:
        await self._session.close()


async def until_flowing(node: TradingNode, listener: Listener, generator: Generator) -> None:
    """Wait until the trader runs and every feed is subscribed, each book with its snapshot."""
    end = time.monotonic() + _START_DEADLINE_S
    while True:
        if node.trader.is_running and listener.snapshots >= len(listener.perpetuals):
            counts = await generator.counts()
            if len(counts["sent"]) >= listener.feeds:
                return
        if time.monotonic() > end:
            raise TimeoutError(f"not all feeds flow within {_START_DEADLINE_S:g} s")
        await asyncio.sleep(_POLL_S)


async def until_quiet(listener: Listener, expected: int) -> None:
    """Wait until everything has arrived, or nothing more does."""
    total, since = -1, time.monotonic()
    while total < expected and time.monotonic() - since < _QUIET_S:
        now = sum(listener.received().values())
        if now != total:
            total, since = now, time.monotonic()
        await asyncio.sleep(_POLL_S)


async def measure(node: TradingNode, listener: Listener, http_url: str, seconds: float) -> Report:
    """Let it flow for some seconds and return what was seen."""
    generator = Generator(http_url)
    began = time.perf_counter()
    probe, collector = LoopProbe(), CollectorProbe()
    await until_flowing(node, listener, generator)
    start_secs = time.perf_counter() - began
    start_lag, start_pauses = probe.stop(), collector.stop()
    rss_start = rss_mb()
    await generator.command("start")
    probe, collector, cpu = LoopProbe(), CollectorProbe(), cpu_s()
    engine = node.kernel.data_engine
    most_queued, end, begin = 0, time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        await asyncio.sleep(_POLL_S)
        most_queued = max(most_queued, engine.data_qsize())
    cpu_share = (cpu_s() - cpu) / (time.monotonic() - begin)
    counts = await generator.command("stop")
    flow_lag, flow_pauses = probe.stop(), collector.stop()
    await until_quiet(listener, sum(listener.asked(counts["sent"]).values()))
    counts = await generator.counts()
    await generator.close()
    received, sent, pace = listener.received(), listener.asked(counts["sent"]), counts["pace"]
    names = sent.keys() | received.keys()
    return Report(
        instruments=len(node.cache.instruments()),
        sent=_by_template(sent),
        received=_by_template(received),
        differing={
            name: (sent.get(name, 0), received.get(name, 0))
            for name in sorted(names)
            if sent.get(name, 0) != received.get(name, 0)
        },
        gaps=listener.gaps,
        snapshots=listener.snapshots,
        rate=pace["achieved"],
        asked_rate=pace["rate"],
        seconds=pace["seconds"],
        slow_readers=counts["slow_readers"],
        most_unread=counts["most_unread"],
        generator_pause_ms=pace["longest_pause_ms"],
        cpu_share=cpu_share,
        cpu_us_per_message=cpu_share / pace["achieved"] * 1e6 if pace["achieved"] else 0.0,
        rss_start_mb=rss_start,
        rss_end_mb=rss_mb(),
        most_queued=most_queued,
        start_secs=start_secs,
        start_lag=start_lag,
        flow_lag=flow_lag,
        start_pauses=start_pauses,
        flow_pauses=flow_pauses,
    )


def _by_template(counts: dict[str, int]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for name, number in counts.items():
        sums[name.partition(" ")[0]] += number
    return dict(sorted(sums.items()))


def build(
    http_url: str, ws_url: str, listener: Listener, log_directory: str, cache: CacheConfig
) -> TradingNode:
    """Return a node as a user would build it, for market data alone."""
    config = TradingNodeConfig(
        trader_id="FIREHOSE-001",
        cache=cache,
        logging=LoggingConfig(
            log_level="OFF", log_level_file="WARNING", log_directory=log_directory,
            log_file_name="node",
        ),
        timeout_disconnection=5.0,
        timeout_post_stop=0.5,
        data_clients={
            PARADEX: ParadexDataClientConfig(
                environment=ParadexEnvironment.LOCAL,
                base_url_http=http_url,
                base_url_ws=ws_url,
                instrument_provider=ParadexInstrumentProviderConfig(load_all=True),
            )
        },
    )  # fmt: skip
    node = TradingNode(config)
    node.trader.add_strategy(listener)
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.build()
    return node


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--http-url", required=True)
    parser.add_argument("--ws-url", required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--core", type=int)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--framework-defaults", action="store_true")
    parser.add_argument("--report", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    tuned = not arguments.framework_defaults
    listener = Listener(is_quiet=arguments.quiet, freezes=tuned)
    node = build(
        arguments.http_url,
        arguments.ws_url,
        listener,
        str(arguments.report.parent),
        CacheConfig(tick_capacity=TICK_CAPACITY) if tuned else CacheConfig(),
    )
    loop = node.kernel.loop
    problem: list[BaseException] = []

    async def work() -> None:
        try:
            report = await measure(node, listener, arguments.http_url, arguments.seconds)
            arguments.report.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
        except BaseException as error:
            problem.append(error)
            raise
        finally:
            await node.stop_async()

    task = loop.create_task(work())
    try:
        node.run()
        loop.run_until_complete(asyncio.wait([task]))
    finally:
        node.dispose()
    if problem:
        raise problem[0]


if __name__ == "__main__":
    main()
