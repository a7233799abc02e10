"""
A node in a process of its own, that looks at itself while it runs.

``python -m tests.soak.soak_node HTTP WS MARKET_HTTP MARKET_WS SAMPLES``: trades at the first venue,
listens to the second, and writes a line of JSON a second to SAMPLES. Ends with its input.
"""

import asyncio
import functools
import os
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import CacheConfig
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexExecClientConfig
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory
from nautilus_paradex import ParadexLiveExecClientFactory
from nautilus_paradex.execution import assembly
from nautilus_paradex.execution import following
from nautilus_paradex.execution import keeping
from nautilus_paradex.execution import reconciliation
from tests.benchmarks.firehose_probe import rss_mb
from tests.soak.sizes import sizes


#: Traded at the first venue; the second does not list it.
TRADED = InstrumentId.from_str("SOL-USD-PERP.PARADEX")
PRICE = Decimal(150)

_ORDER_PERIOD = timedelta(milliseconds=400)
_PURGE_PERIOD = timedelta(seconds=20)
#: Shorter than a proof of the account looks back: what it brings again must not be told again.
_PURGE_AGE_SECS = 60
_SAMPLE_SECS = 1.0
_DEADLINE_S = 60.0

#: The memories of the adapter, small enough to be full long before the end of a short run.
_ENDED_ORDERS, _FILLS, _RECENT_FILLS, _CONFIRMED, _HEARD = 60, 60, 30, 60, 100

#: Must hold what ends while a proof of the account looks back, and was purged meanwhile.
_ENDED_HEARD = 3_000

BOUNDS = {
    "kept EndedOrders._filled": _ENDED_HEARD,
    "kept FillLedger._keys": _FILLS,
    "kept OrderFollower._confirmed": _CONFIRMED,
    "kept OrderFollower.recent_fills": _RECENT_FILLS,
    "kept OrderRegistry._ended": _ENDED_ORDERS,
    "kept StreamMemory._heard": _HEARD,
}

#: Connections to the venue: how many a burst opens, and for how long, is no matter of growth.
_POOL = {"http_pool_limit": 6}


class Soaker(Strategy):
    """Listens to everything, and places, modifies and cancels orders all the time."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._rng = Random(seed)
        self.fills: Counter[str] = Counter()
        self.orders = 0

    def on_start(self) -> None:
        """Listen to all of the other venue, and begin to trade."""
        for instrument in self.cache.instruments():
            if instrument.id != TRADED:
                self.subscribe_quote_ticks(instrument.id)
                self.subscribe_trade_ticks(instrument.id)
                self.subscribe_order_book_deltas(instrument.id)
        self.clock.set_timer("trade", _ORDER_PERIOD, callback=self._trade)
        self.clock.set_timer("purge", _PURGE_PERIOD, callback=self._purge)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Take a quote."""

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Take a trade."""

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        """Take a change of a book."""

    def on_order_filled(self, event: OrderFilled) -> None:
        """Count a fill."""
        self.fills[event.trade_id.value] += 1

    def _trade(self, _event: TimeEvent) -> None:
        rng, instrument = self._rng, self.cache.instrument(TRADED)
        orders = [o for o in self.cache.orders_open(strategy_id=self.id) if not o.is_inflight]
        if len(orders) > 12:
            self.cancel_orders(rng.sample(orders, 8))
        elif orders:
            order = rng.choice(orders)
            step = rng.choice((-1, 1))
            self.modify_order(order, price=instrument.make_price(order.price.as_decimal() + step))
        side = rng.choice((OrderSide.BUY, OrderSide.SELL))
        away = rng.randint(1, 3) * (1 if side == OrderSide.SELL else -1)
        self.orders += 1
        self.submit_order(
            self.order_factory.limit(
                TRADED, side, instrument.make_qty(Decimal(1)), instrument.make_price(PRICE + away)
            )
        )

    def _purge(self, _event: TimeEvent) -> None:
        """Let the framework forget, as its docs advise for nodes that run for long."""
        now = self.clock.timestamp_ns()
        self.cache.purge_closed_orders(now, buffer_secs=_PURGE_AGE_SECS)
        self.cache.purge_closed_positions(now, buffer_secs=_PURGE_AGE_SECS)
        self.cache.purge_account_events(now, lookback_secs=_PURGE_AGE_SECS)


def small_memories() -> None:
    """Let the adapter's bounds be reached soon."""
    registry, ledger = assembly.OrderRegistry, assembly.FillLedger
    changed: Any = assembly
    changed.OrderRegistry = functools.partial(registry, ended_capacity=_ENDED_ORDERS)
    changed.FillLedger = functools.partial(ledger, capacity=_FILLS)
    changed = keeping
    changed.StreamMemory = functools.partial(keeping.StreamMemory, capacity=_HEARD)
    changed = reconciliation
    changed.EndedOrders = functools.partial(reconciliation.EndedOrders, capacity=_ENDED_HEARD)
    changed = following
    changed._RECENT_FILLS, changed._MOST_CONFIRMED = _RECENT_FILLS, _CONFIRMED


def build(urls: list[str], soaker: Soaker) -> TradingNode:
    http, ws, market_http, market_ws = urls
    waits = {"ws_reconnect_delay_initial_ms": 100, "ws_reconnect_delay_max_ms": 400}
    config = TradingNodeConfig(
        trader_id=TraderId("SOAK-001"),
        logging=LoggingConfig(log_level="OFF"),
        cache=CacheConfig(tick_capacity=100),
        data_clients={
            PARADEX: ParadexDataClientConfig(
                environment=ParadexEnvironment.LOCAL,
                base_url_http=market_http,
                base_url_ws=market_ws,
                instrument_provider=ParadexInstrumentProviderConfig(load_all=True),
                **waits,
            )
        },
        exec_clients={
            PARADEX: ParadexExecClientConfig(
                environment=ParadexEnvironment.LOCAL,
                base_url_http=http,
                base_url_ws=ws,
                instrument_provider=ParadexInstrumentProviderConfig(
                    load_ids=frozenset({str(TRADED)})
                ),
                **waits,
                **_POOL,
            )
        },
        exec_engine=LiveExecEngineConfig(
            inflight_check_interval_ms=0, graceful_shutdown_on_exception=True
        ),
        timeout_connection=_DEADLINE_S,
        timeout_post_stop=0.1,
    )
    node = TradingNode(config, loop=asyncio.get_running_loop())
    node.trader.add_strategy(soaker)
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
    node.build()
    return node


class Watch:
    """Takes samples of the process and of the adapter in it."""

    def __init__(self, node: TradingNode, soaker: Soaker) -> None:
        self._soaker = soaker
        self._data = node.kernel.data_engine._clients[ClientId(PARADEX)]
        self._execution = node.kernel.exec_engine._clients[ClientId(PARADEX)]
        self._cache = node.cache
        self._loop = asyncio.get_running_loop()

    def sample(self) -> dict[str, float]:
        statuses = [*self._data.stream_statuses(), self._execution.stream_status()]
        measured = {
            "rss_mb": rss_mb(),
            "tasks": len(asyncio.all_tasks()),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "timers": len(getattr(self._loop, "_scheduled", ())),
        }
        done = {
            "frames": sum(status.frames for status in statuses),
            "reconnects": sum(status.reconnects for status in statuses),
            "healthy": sum(status.healthy for status in statuses) / len(statuses),
            "orders": self._soaker.orders,
            "fills": len(self._soaker.fills),
            "twice": sum(count > 1 for count in self._soaker.fills.values()),
            "cached_orders": self._cache.orders_total_count(),
        }
        return measured | {f"done {k}": v for k, v in done.items()} | self._kept()

    def _kept(self) -> dict[str, float]:
        return {f"kept {k}": v for k, v in sizes(self._data, self._execution).items()}


async def main(*arguments: str) -> None:
    *urls, path = arguments
    small_memories()
    soaker = Soaker(seed=1)
    node = build(urls, soaker)
    running = asyncio.create_task(node.run_async())
    async with asyncio.timeout(_DEADLINE_S):
        while not node.trader.is_running:  # noqa: ASYNC110 - the framework has no event for it
            await asyncio.sleep(0.01)
    watch = Watch(node, soaker)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    with Path(path).open("wb") as file:  # noqa: ASYNC230 - a line a second
        while not ended.done():
            file.write(msgspec.json.encode(watch.sample()) + b"\n")
            file.flush()
            await asyncio.wait([ended], timeout=_SAMPLE_SECS)
    Path(path).with_suffix(".fills").write_bytes(msgspec.json.encode(soaker.fills))
    await node.stop_async()
    await running
    node.kernel.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
