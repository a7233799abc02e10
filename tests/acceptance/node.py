"""A TradingNode on the running loop, against a local Paradex in the same process."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from typing import NamedTuple

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.component import init_logging
from nautilus_trader.common.component import sync_logger_to_disk
from nautilus_trader.common.enums import LogLevel
from nautilus_trader.config import LiveDataEngineConfig
from nautilus_trader.config import LiveExecEngineConfig
from nautilus_trader.config import LiveRiskEngineConfig
from nautilus_trader.config import StrategyConfig
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import LiquiditySide
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order
from nautilus_trader.trading.strategy import Strategy

from nautilus_paradex import PARADEX
from nautilus_paradex import ParadexDataClient
from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex import ParadexEnvironment
from nautilus_paradex import ParadexExecClientConfig
from nautilus_paradex import ParadexExecutionClient
from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex import ParadexLiveDataClientFactory
from nautilus_paradex import ParadexLiveExecClientFactory
from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model


ETH = InstrumentId.from_str("ETH-USD-PERP.PARADEX")
BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
TRADER_ID = TraderId("TESTER-001")
KEY = "0x2ce1f5b4a3d29b7c1e80a94bb1f3c5d6e7f80123456789abcdef0123456789a"

DEADLINE_S = 10.0
_POLL_S = 0.005
_END_DEADLINE_S = 2.0

#: Short waits everywhere: what they guard is on this machine.
_QUICK = {
    "http_timeout_secs": 3,
    "max_retries": 2,
    "retry_delay_initial_ms": 20,
    "retry_delay_max_ms": 100,
    "ws_reconnect_delay_initial_ms": 50,
    "ws_reconnect_delay_max_ms": 200,
}


_LOG = Path(tempfile.mkdtemp(prefix="paradex-node-")) / "node.log"
#: The framework's logger is one for the process, what sets it up first decides, and it ends with
#: this guard: so it is set up here, before any test runs a node, whatever that node's config says.
_LOG_GUARD = init_logging(
    trader_id=TRADER_ID,
    level_stdout=LogLevel.OFF,
    level_file=LogLevel.INFO,
    directory=str(_LOG.parent),
    file_name=_LOG.stem,
    colors=False,
    print_config=False,
)


def _log_end() -> int:
    """Return where the log ends now, bytes: it is one for all nodes of the process, and grows."""
    sync_logger_to_disk()
    return _LOG.stat().st_size if _LOG.exists() else 0


def _log_text(start: int) -> str:
    """Return what was logged from somewhere on."""
    if _log_end() <= start:
        return ""
    with _LOG.open("rb") as file:
        file.seek(start)
        return file.read().decode()


#: What the framework says of an adapter that told it something twice, too late or not at all.
_WRONG_WORDS = (
    "[ERROR]",
    "InvalidStateTrigger",
    "Duplicate",
    "overfill",
    "has not applied",
    "did not publish",
)


async def until(
    condition: Callable[[], object],
    what: str | Callable[[], object] = "",
    deadline_s: float = DEADLINE_S,
) -> None:
    """Wait until a condition holds; fail with `what` if it does not in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    while not condition():
        if loop.time() > end:
            said = what() if callable(what) else what
            raise AssertionError(f"not within {deadline_s:g} s: {said or condition}")
        await asyncio.sleep(_POLL_S)


class RunningNode:
    """
    A node and what its tests ask of it.

    Parameters
    ----------
    node : TradingNode
        The node, built.

    """

    def __init__(self, node: TradingNode) -> None:
        self.node = node
        self.order_events: list[OrderEvent] = []
        self._log_start = _log_end()
        node.kernel.msgbus.subscribe(topic="events.order.*", handler=self.order_events.append)

    @property
    def cache(self) -> Cache:
        return self.node.cache

    @property
    def is_started(self) -> bool:
        return bool(self.node.trader.is_running)

    @property
    def data(self) -> ParadexDataClient:
        return self.node.kernel.data_engine._clients[ClientId(PARADEX)]

    @property
    def execution(self) -> ParadexExecutionClient:
        return self.node.kernel.exec_engine._clients[ClientId(PARADEX)]

    @property
    def account_id(self) -> AccountId:
        return self.execution.account_id

    def log(self) -> str:
        """Return what was logged since the node was built."""
        return _log_text(self._log_start)

    def events_of(self, order: Order | ClientOrderId) -> list[OrderEvent]:
        """Return an order's events as they were published, whoever listens."""
        wanted = order.client_order_id if isinstance(order, Order) else order
        return [event for event in self.order_events if event.client_order_id == wanted]

    def story(self, order: Order | ClientOrderId) -> list[str]:
        """Return the names of an order's events."""
        return [type(event).__name__ for event in self.events_of(order)]

    def names(self) -> list[str]:
        """Return the names of all orders' events."""
        return [type(event).__name__ for event in self.order_events]


@asynccontextmanager
async def running_node(
    venue: LocalParadex,
    account: str | None = None,
    *,
    private_key: str = KEY,
    strategies: Iterable[Strategy] = (),
    actors: Iterable[Actor] = (),
    instruments: Iterable[InstrumentId] = (ETH,),
    data: Mapping[str, Any] | None = None,
    execution: Mapping[str, Any] | None = None,
    engine: Mapping[str, Any] | None = None,
    started: bool = True,
    may_fail: bool = False,
    may_infer: bool = False,
    connect_deadline_s: float = 10.0,
) -> AsyncIterator[RunningNode]:
    """
    Run a node; at the end stop it, and see that no task of it is left.

    Parameters
    ----------
    venue : LocalParadex
        Where it trades.
    account : str, optional
        The account's address; without one there is no execution client.
    private_key : str
        The account's key.
    instruments : Iterable[InstrumentId]
        What the provider loads.
    data, execution, engine : Mapping, optional
        Other settings of the data client, the execution client and the execution engine.
    started : bool, default True
        If the trader has to be running before the block is entered.
    may_fail : bool, default False
        If errors in the log are what the test is about; else there must be none.
    may_infer : bool, default False
        If the framework may make up fills, as for a position from before the lookback.

    """
    ids = frozenset(str(instrument_id) for instrument_id in instruments)
    common = {
        "environment": ParadexEnvironment.LOCAL,
        "base_url_http": venue.http_url,
        "base_url_ws": venue.ws_url,
        "instrument_provider": ParadexInstrumentProviderConfig(load_ids=ids),
        **_QUICK,
    }
    execution_settings = {"account_address": account, "private_key": private_key}
    execution_settings |= common | dict(execution or {})
    config = TradingNodeConfig(
        trader_id=TRADER_ID,
        data_clients={PARADEX: ParadexDataClientConfig(**(common | dict(data or {})))},
        exec_clients=(
            {PARADEX: ParadexExecClientConfig(**execution_settings)} if account is not None else {}
        ),
        # Without this an exception in an engine ends the process, and all tests with it.
        data_engine=LiveDataEngineConfig(graceful_shutdown_on_exception=True),
        risk_engine=LiveRiskEngineConfig(graceful_shutdown_on_exception=True),
        exec_engine=LiveExecEngineConfig(
            **(
                {"inflight_check_interval_ms": 0, "graceful_shutdown_on_exception": True}
                | dict(engine or {})
            )
        ),
        timeout_connection=connect_deadline_s,
        timeout_reconciliation=5.0,
        timeout_portfolio=5.0,
        timeout_disconnection=5.0,
        timeout_post_stop=0.1,
    )
    trading = TradingNode(config, loop=asyncio.get_running_loop())
    for strategy in strategies:
        trading.trader.add_strategy(strategy)
    for actor in actors:
        trading.trader.add_actor(actor)
    trading.add_data_client_factory(PARADEX, ParadexLiveDataClientFactory)
    trading.add_exec_client_factory(PARADEX, ParadexLiveExecClientFactory)
    running: asyncio.Task[None] | None = None
    log_start = _log_end()
    try:
        trading.build()
        node = RunningNode(trading)
        running = asyncio.create_task(trading.run_async())
        if started:
            await until(lambda: node.is_started, "the trader runs", connect_deadline_s + 5.0)
        yield node
    except BaseException:
        print(_log_text(log_start))
        raise
    finally:
        await trading.stop_async()
        if running is not None:
            # It ends when the engines' queues have.
            await asyncio.wait([running], timeout=_END_DEADLINE_S)
            running.cancel()
        trading.kernel.dispose()
        clear_shared_clients()
    await until(lambda: not tasks_of_nodes(), lambda: f"left behind: {tasks_of_nodes()}")
    if not may_fail:
        lines = _log_text(log_start).splitlines()
        words = _WRONG_WORDS if may_infer else (*_WRONG_WORDS, "inferred")
        wrong = [line for line in lines if any(word in line for word in words)]
        assert not wrong, "\n".join(wrong)


def tasks_of_nodes() -> list[str]:
    """
    Return the tasks that nodes' engines and clients have on the loop.

    The framework's own executors of actors stay until the loop ends.
    """
    found = []
    for task in asyncio.all_tasks():
        code = getattr(task.get_coro(), "cr_code", None)
        path = code.co_filename if code is not None else ""
        is_ours = "/nautilus_paradex/" in path and "/simulator/" not in path
        if is_ours or "/nautilus_trader/live/" in path:
            found.append(f"{task.get_name()}: {code.co_qualname if code is not None else ''}")
    return found


class Desk(Strategy):
    """A strategy that does nothing by itself: its test gives the orders."""

    def __init__(self, instrument_id: InstrumentId = ETH, **config: Any) -> None:
        super().__init__(StrategyConfig(**config))
        self.instrument_id = instrument_id

    @property
    def instrument(self) -> Instrument:
        return self.cache.instrument(self.instrument_id)

    def limit(self, side: OrderSide, size: str, price: str, **terms: Any) -> Order:
        """Make a limit order and submit it."""
        order = self.order_factory.limit(
            self.instrument_id,
            side,
            self.instrument.make_qty(Decimal(size)),
            self.instrument.make_price(Decimal(price)),
            **terms,
        )
        self.submit_order(order)
        return order

    def market(self, side: OrderSide, size: str, **terms: Any) -> Order:
        """Make a market order and submit it."""
        quantity = self.instrument.make_qty(Decimal(size))
        order = self.order_factory.market(self.instrument_id, side, quantity, **terms)
        self.submit_order(order)
        return order


class Trader:
    """
    An account at the venue that trades without any adapter, straight in the engine.

    Parameters
    ----------
    venue : LocalParadex
        The venue.
    account : str, optional
        The account; by default a new one.
    market : str
        Where it trades.

    """

    def __init__(
        self, venue: LocalParadex, account: str | None = None, market: str = ETH.symbol.value
    ) -> None:
        self._exchange = venue.exchange
        self._market = market
        self.account = account or venue.create_account(public_key="0xc0ffee", usdc="10000000")

    def place(
        self,
        side: str,
        size: str,
        price: str | None = None,
        instruction: str = "GTC",
        client_id: str = "",
        flags: tuple[model.OrderFlag, ...] = (),
    ) -> model.Order:
        """Place an order; a market order without a price."""
        return self._exchange.place(
            model.OrderCommand(
                account=self.account,
                market=self._market,
                side=model.Side(side),
                type=model.OrderType.MARKET if price is None else model.OrderType.LIMIT,
                size=Decimal(size),
                price=None if price is None else Decimal(price),
                instruction=model.Instruction(instruction if price is not None else "IOC"),
                client_id=client_id,
                flags=flags,
            )
        )

    def cancel(self, order: model.Order) -> model.Order:
        """Cancel an order."""
        self._exchange.cancel(self.account, order.id)
        return self._exchange.process_cancel(order.id)


class Floor(NamedTuple):
    """A quiet market: nobody trades but who the test tells to."""

    venue: LocalParadex
    account: str
    node: RunningNode
    desk: Desk
    maker: Trader
    """Has put 1 at 2490.00 to buy and 1 at 2510.00 to sell."""


@asynccontextmanager
async def trading_floor(
    *,
    usdc: str = "100000",
    config: SimulatorConfig | None = None,
    desk: Desk | None = None,
    market: InstrumentId = ETH,
    **settings: Any,
) -> AsyncIterator[Floor]:
    """Run a node with a desk on a quiet market; the settings are those of `running_node`."""
    strategy = desk or Desk(market)
    async with LocalParadex(market=False, config=config) as venue:
        account = venue.create_account(KEY, usdc=usdc)
        maker = Trader(venue, market=market.symbol.value)
        if market == ETH:
            maker.place("BUY", "1", "2490.00")
            maker.place("SELL", "1", "2510.00")
        async with running_node(
            venue, account, strategies=[strategy], instruments=[market], **settings
        ) as node:
            yield Floor(venue, account, node, strategy, maker)


# -- NODE AND VENUE --------------------------------------------------------------------------------


class OrderRow(msgspec.Struct, frozen=True, order=True):
    """An order, as both sides must see it."""

    side: str
    size: Decimal
    price: Decimal | None
    filled: Decimal
    is_open: bool


class FillRow(msgspec.Struct, frozen=True, order=True):
    """A fill, as both sides must see it."""

    order_id: str
    side: str
    size: Decimal
    price: Decimal
    fee: Decimal
    liquidity: str


async def until_equal(node: RunningNode, venue: LocalParadex, account: str) -> None:
    """Wait until the node says of the account what the venue's engine says."""
    await until(
        lambda: not differences(node, venue, account),
        lambda: "\n".join(differences(node, venue, account)),
    )


def differences(node: RunningNode, venue: LocalParadex, account: str) -> list[str]:
    """Return where orders, fills, positions and the USDC balance of both sides differ."""
    return [
        *_differing("order", _node_orders(node.cache), _venue_orders(node.cache, venue, account)),
        *_differing("fill", _node_fills(node.cache), _venue_fills(venue, account)),
        *_differing("position", _node_positions(node.cache), _venue_positions(venue, account)),
        *_differing("balance", _node_balance(node), _venue_balance(venue, account)),
    ]


def _differing(kind: str, node: Mapping[str, object], venue: Mapping[str, object]) -> list[str]:
    return [
        f"{kind} {key}: node {node.get(key)}, venue {venue.get(key)}"
        for key in sorted(node.keys() | venue.keys())
        if node.get(key) != venue.get(key)
    ]


def _node_orders(cache: Cache) -> dict[str, OrderRow]:
    return {
        order.venue_order_id.value: OrderRow(
            side=order.side_string(),
            size=order.quantity.as_decimal(),
            price=order.price.as_decimal() if order.has_price else None,
            filled=order.filled_qty.as_decimal(),
            is_open=order.is_open,
        )
        for order in cache.orders()
        if order.venue_order_id is not None
    }


def _venue_orders(cache: Cache, venue: LocalParadex, account: str) -> dict[str, OrderRow]:
    # The framework keeps no venue id of an order that was rejected.
    rejected = {
        order.client_order_id.value for order in cache.orders() if order.venue_order_id is None
    }
    # The adapter stands in an order for a fill that the venue names no order of (E9).
    without_order = {
        _order_id(fill): OrderRow(
            side=fill.side.value, size=fill.size, price=None, filled=fill.size, is_open=False
        )
        for fill in venue.exchange.queries.fills(account)
        if not fill.order_id
    }
    return without_order | {
        order.id: OrderRow(
            side=order.side.value,
            size=order.size,
            price=order.price,
            filled=order.size - order.remaining_size,
            is_open=order.status is not model.OrderStatus.CLOSED,
        )
        for order in venue.exchange.queries.order_history(account)
        if order.client_id not in rejected or order.remaining_size != order.size
    }


def _node_fills(cache: Cache) -> dict[str, FillRow]:
    return {
        event.trade_id.value: FillRow(
            order_id=event.venue_order_id.value,
            side=OrderSide(event.order_side).name,
            size=event.last_qty.as_decimal(),
            price=event.last_px.as_decimal(),
            fee=event.commission.as_decimal(),
            liquidity=LiquiditySide(event.liquidity_side).name,
        )
        for order in cache.orders()
        for event in order.events
        if isinstance(event, OrderFilled)
    }


def _venue_fills(venue: LocalParadex, account: str) -> dict[str, FillRow]:
    return {
        fill.id: FillRow(
            order_id=_order_id(fill),
            side=fill.side.value,
            size=fill.size,
            price=fill.price,
            fee=round(fill.fee, USDC.precision),
            liquidity=fill.liquidity.value,
        )
        for fill in venue.exchange.queries.fills(account)
    }


def _order_id(fill: model.Fill) -> str:
    return fill.order_id or f"{fill.fill_type}-{fill.id}"


def _node_positions(cache: Cache) -> dict[str, Decimal]:
    net: dict[str, Decimal] = {}
    for position in cache.positions_open():
        market = position.instrument_id.symbol.value
        net[market] = net.get(market, Decimal(0)) + position.signed_decimal_qty()
    return {market: size for market, size in net.items() if size}


def _venue_positions(venue: LocalParadex, account: str) -> dict[str, Decimal]:
    positions = venue.exchange.queries.positions(account)
    return {position.market: position.size for position in positions if position.size}


def _node_balance(node: RunningNode) -> dict[str, Decimal]:
    account = node.cache.account(node.account_id)
    return {} if account is None else {"USDC": account.balance_total(USDC).as_decimal()}


def _venue_balance(venue: LocalParadex, account: str) -> dict[str, Decimal]:
    balances = venue.exchange.queries.balances(account)
    return {row.token: round(row.size, USDC.precision) for row in balances if row.token == "USDC"}
