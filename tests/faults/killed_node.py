"""
A node in a process of its own, to be killed.

``python -m tests.faults.killed_node HTTP_URL WS_URL SEED``, with the account in the environment.
Reads commands, one a line, and answers each with a line of JSON:

- ``state`` tells what the node knows;
- ``trade`` begins to trade, at random, until the process ends;
- ``cancel`` cancels all orders.

The end of its input ends it in order.
"""

import asyncio
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
from nautilus_trader.common.events import TimeEvent
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderFilled
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


ETH = InstrumentId.from_str("ETH-USD-PERP.PARADEX")

_PERIOD = timedelta(milliseconds=15)
_DEADLINE_S = 20.0
_POLL_S = 0.01


class Gambler(Strategy):
    """Places, modifies and cancels at random; knows the orders of its earlier lives again."""

    def __init__(self, seed: int) -> None:
        super().__init__(
            StrategyConfig(external_order_claims=[ETH], use_uuid_client_order_ids=True)
        )
        self._rng = Random(seed)

    def begin(self) -> None:
        self.clock.set_timer("gamble", _PERIOD, callback=self._gamble)

    def _gamble(self, _event: TimeEvent) -> None:
        rng = self._rng
        orders = [o for o in self.cache.orders_open() if not o.is_inflight]
        kind = rng.random()
        if kind < 0.6 or not orders:
            self._place(rng)
        elif kind < 0.8:
            self.cancel_order(rng.choice(orders))
        else:
            order = rng.choice(orders)
            step = rng.choice((-1, 1))
            instrument = self.cache.instrument(ETH)
            self.modify_order(order, price=instrument.make_price(order.price.as_decimal() + step))

    def _place(self, rng: Random) -> None:
        side = rng.choice((OrderSide.BUY, OrderSide.SELL))
        away = rng.choice((-2, 1, 2, 3)) * (1 if side == OrderSide.SELL else -1)
        instrument = self.cache.instrument(ETH)
        order = self.order_factory.limit(
            ETH,
            side,
            instrument.make_qty(Decimal(rng.randint(1, 20)) / 10),
            instrument.make_price(Decimal(2500 + away)),
        )
        self.submit_order(order)


def state(node: TradingNode) -> dict[str, Any]:
    """Return what the node knows of its account, as text."""
    orders = node.cache.orders()
    fills = [e for o in orders for e in o.events if isinstance(e, OrderFilled)]
    (account,) = node.cache.accounts()
    return {
        "orders": {
            order.venue_order_id.value: [
                order.side_string(),
                order.quantity.as_decimal(),
                order.price.as_decimal(),
                order.filled_qty.as_decimal(),
                order.is_open,
            ]
            for order in orders
            if order.venue_order_id is not None
        },
        "names": {
            order.venue_order_id.value: [order.client_order_id.value, order.strategy_id.value]
            for order in orders
            if order.venue_order_id is not None
        },
        "fills": {
            fill.trade_id.value: [
                fill.venue_order_id.value,
                fill.last_qty.as_decimal(),
                fill.last_px.as_decimal(),
                fill.commission.as_decimal(),
            ]
            for fill in fills
        },
        "twice": [k for k, n in Counter(f.trade_id.value for f in fills).items() if n > 1],
        "unresolved": [str(order) for order in orders if order.is_inflight],
        "position": sum(
            (position.signed_decimal_qty() for position in node.cache.positions_open()), Decimal(0)
        ),
        "balance": account.balance_total(USDC).as_decimal(),
    }


def build(http_url: str, ws_url: str, gambler: Gambler) -> TradingNode:
    common = {
        "environment": ParadexEnvironment.LOCAL,
        "base_url_http": http_url,
        "base_url_ws": ws_url,
        "instrument_provider": ParadexInstrumentProviderConfig(load_ids=frozenset({str(ETH)})),
    }
    config = TradingNodeConfig(
        trader_id=TraderId("KILLED-001"),
        logging=LoggingConfig(log_level="OFF"),
        data_clients={PARADEX: ParadexDataClientConfig(**common)},
        exec_clients={PARADEX: ParadexExecClientConfig(**common, recv_window_ms=5_000)},
        exec_engine=LiveExecEngineConfig(
            inflight_check_interval_ms=0, graceful_shutdown_on_exception=True
        ),
        timeout_connection=_DEADLINE_S,
        timeout_post_stop=0.1,
    )
    node = TradingNode(config, loop=asyncio.get_running_loop())
    node.trader.add_strategy(gambler)
    node.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    node.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
    node.build()
    return node


async def main(http_url: str, ws_url: str, seed: str) -> None:
    gambler = Gambler(int(seed))
    node = build(http_url, ws_url, gambler)
    running = asyncio.create_task(node.run_async())
    async with asyncio.timeout(_DEADLINE_S):
        while not node.trader.is_running:  # noqa: ASYNC110 - the framework has no event for it
            await asyncio.sleep(_POLL_S)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answer: Any = "done"
        match line.strip():
            case "state":
                answer = state(node)
            case "trade":
                gambler.begin()
            case "cancel":
                gambler.cancel_all_orders(ETH)
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()
    await node.stop_async()
    await running
    node.kernel.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
