"""
A session of many commands in a running node, and the proof that node and venue end equal.

`play` is the one call that replays a session: a failing one prints it with its arguments.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from typing import cast

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.acceptance import session_commands as say
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.acceptance.session_checks import SessionEnd
from tests.acceptance.session_checks import troubles_of
from tests.acceptance.session_checks import wrong_lines
from tests.acceptance.session_checks import wrong_stories
from tests.virtual.node_time import nodes_in_virtual_time
from tests.virtual.sessions import SLOW_VENUE
from tests.virtual.sessions import USERS_WAITS
from tests.virtual.sessions import Trace
from tests.virtual.sessions import write_events
from tests.virtual.sessions import write_requests


MARKET = ETH.symbol.value
_USDC = "20000"
_CENTER = Decimal(2500)
_HALF = Decimal("0.5")
_TENTH = Decimal("0.1")
_MARK_RANGE = Decimal(50)

#: Only after it a lost create is proven to be none; the usual five minutes are long to look at.
_WINDOW_MS = 20_000

#: How long node and venue may take to agree once nothing happens any more, seconds.
REST_DEADLINE_S = 900.0

#: Equality must last: what comes twice comes late.
_LASTING_S = 10.0
_POLL_S = 1.0

#: What the strategy subscribes to.
_FEEDS = 2

_FAILURES: dict[say.Failure, Callable[..., faults.RequestFault]] = {
    say.Failure.REQUEST_LOST: faults.LostRequest,
    say.Failure.REFUSED: partial(faults.gateway_error, 503),
    say.Failure.ANSWER_LOST: faults.LostResponse,
    say.Failure.ANSWER_FAILED: partial(faults.HttpStatus, status=502, carried_out=True),
}

_LOCAL = frozenset({OrderStatus.INITIALIZED, OrderStatus.DENIED})


class Setup(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """What a session runs on."""

    transport: str = "rest"
    answer_order: str = "random"
    fill_order: str = "random"
    latency_ms: float = 1.0
    network_ms: float = 0.0
    """The most that a request, or its answer, takes on its way; what it takes is drawn."""
    encoding: str = "sbe"
    seed: int = 1
    """Of everything that is random: the venue's order of answers and notifications, jitter, ids."""


def play(setup: Setup, commands: Sequence[say.Command]) -> Trace:
    """
    Play a session on a node and a venue of its own, and check how it ends; return what happened.

    It happens in virtual time, and is the same for the same arguments.

    Raises
    ------
    AssertionError
        If node and venue differ, an order's story is not a legal one, or the log complains; the
        text ends with the call that plays the session again.

    """
    trace: Trace = []

    async def main(loop: VirtualLoop) -> None:
        await _play(setup, commands, loop, trace)

    try:
        with nodes_in_virtual_time(setup.seed):
            run_virtual(main)
    except BaseException as e:
        e.add_note(replay_text(setup, commands))
        raise
    finally:
        clear_shared_clients()
    return trace


def replay_text(setup: Setup, commands: Sequence[say.Command]) -> str:
    """Return the call that plays a session again, ready for a test that imports both modules."""
    kept = [command for command in commands if command != say.Nothing()]
    lines = "".join(f"        {command!r},\n" for command in kept)
    return f"replay with:\nplay(\n    {setup!r},\n    [\n{lines}    ],\n)"


async def _play(
    setup: Setup, commands: Sequence[say.Command], loop: VirtualLoop, trace: Trace
) -> None:
    config = SimulatorConfig(
        answer_order=AnswerOrder(setup.answer_order),
        fill_order=FillOrder(setup.fill_order),
        latency_ms=setup.latency_ms,
        private_encoding=PrivateEncoding(setup.encoding),
        # Books and summaries are not what a session is about, and take most of its time.
        tick_ms=SLOW_VENUE.tick_ms,
    )
    async with LocalParadex(
        seed=setup.seed, market=False, config=config, clock_us=loop.wall_us
    ) as venue:
        write_requests(venue, loop, trace)
        _put_network_before(venue, setup)
        session = RandomSession(setup, venue, trace)
        rest: Sequence[say.Command] = commands
        while True:
            rest = await session.live(rest)
            if not rest:
                break
    session.check_after()


def _put_network_before(venue: LocalParadex, setup: Setup) -> None:
    """Let each request, or its answer, take a while: they overtake each other."""
    known, chance = venue.faults.on_request, random.Random(setup.seed)

    def on_request(method: str, path: str) -> faults.RequestFault | None:
        slow = chance.choice((faults.SlowRequest, faults.SlowResponse))
        # Frames of one connection keep their order.
        slow = faults.SlowResponse if method == "WS" else slow
        ms = chance.random() * setup.network_ms
        return known(method, path) or (slow(ms=ms) if ms else None)

    venue.faults.on_request = on_request


class Trading(Desk):
    """The strategy: it listens to the market, and does what the session tells it."""

    def on_start(self) -> None:
        """Subscribe to what the framework and the adapter check orders against."""
        self.subscribe_quote_ticks(self.instrument_id)
        self.subscribe_mark_prices(self.instrument_id)

    def on_stop(self) -> None:
        """Leave everything as it is."""


class RandomSession:
    """
    A venue, an account on it, and the nodes that trade it one after the other.

    Parameters
    ----------
    setup : Setup
        What it runs on.
    venue : LocalParadex
        The venue, without a market of its own.
    trace : Trace
        Gets the events of the orders.

    """

    def __init__(self, setup: Setup, venue: LocalParadex, trace: Trace) -> None:
        self._setup = setup
        self._trace = trace
        self._loop = cast("VirtualLoop", asyncio.get_running_loop())
        self.venue = venue
        self.account = venue.create_account(KEY, usdc=_USDC)
        self.rival = Trader(venue)
        self.owner = Trader(venue, self.account)
        self.events: list[OrderEvent] = []
        self.end = SessionEnd(venue, self.account)
        self._mark = _CENTER
        self._leverage: int | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._kept: KeptCache | None = None
        self._log = ""
        self.node: RunningNode
        self.desk: Trading
        self.rival.place("BUY", "50", "2480")
        self.rival.place("SELL", "50", "2520")

    # -- LIFE --------------------------------------------------------------------------------------

    async def live(self, commands: Sequence[say.Command]) -> Sequence[say.Command]:
        """Run a node until it is to be restarted or at rest; return what is left to do."""
        left: Sequence[say.Command] = ()
        async with self._node() as node:
            self.node = node
            streams = node.data.stream_statuses
            await until(lambda: sum(s.confirmed for s in streams()) >= _FEEDS, "market data")
            for number, command in enumerate(commands):
                if isinstance(command, say.Restart):
                    left = (*command.trades, _Started(), *commands[number + 1 :])
                    break
                await self.do(command)
            await asyncio.gather(*self._tasks)
            if not left:
                await self._rest()
        self._log += node.log()
        while left and not isinstance(left[0], _Started):
            await self.do(left[0])
            left = left[1:]
        return left

    @asynccontextmanager
    async def _node(self) -> AsyncIterator[RunningNode]:
        # Without the claim a reduce-only order of the strategy cannot reduce what was traded past
        # the node: the framework then keeps two positions, and none for such a fill.
        self.desk = Trading(manage_gtd_expiry=True, external_order_claims=[ETH])
        before = self._kept
        async with running_node(
            self.venue,
            self.account,
            strategies=[self.desk],
            data=USERS_WAITS,
            execution={
                **USERS_WAITS,
                "order_transport": self._setup.transport,
                "recv_window_ms": _WINDOW_MS,
            },
            started=before is None,
            may_fail=True,
        ) as node:
            node.node.kernel.msgbus.subscribe(topic="events.order.*", handler=self.events.append)
            write_events(node, self._loop, self._trace)
            self._keep_cache(node)
            if before is not None:
                before.give(node.cache)
                await until(lambda: node.is_started, "the next node runs", REST_DEADLINE_S)
            yield node
        await _end_executors()

    def _keep_cache(self, node: RunningNode) -> None:
        """Keep what a node's cache holds when the node has stopped, and before it is cleared."""
        kernel = node.node.kernel
        dispose = kernel.dispose

        def keep_and_dispose() -> None:
            self._kept = KeptCache(node.cache)
            dispose()

        kernel.dispose = keep_and_dispose

    async def _rest(self) -> None:
        """Wait until nothing changes any more and node and venue are equal."""
        end = self._loop.time() + REST_DEADLINE_S
        equal_since: float | None = None
        while equal_since is None or self._loop.time() - equal_since < _LASTING_S:
            found = troubles_of(self.node, self.end)
            if found:
                equal_since = None
                assert self._loop.time() < end, "\n".join(found)
            elif equal_since is None:
                equal_since = self._loop.time()
            await asyncio.sleep(_POLL_S)
        self.venue.exchange.check_invariants()
        if self._leverage is not None:
            (row,) = self.venue.exchange.queries.margin_configs(self.account, MARKET)
            assert row.leverage == self._leverage

    def check_after(self) -> None:
        """Check stories and logs once every node has stopped."""
        assert self._kept is not None
        wrong = wrong_stories(self._kept.orders, self.events)
        wrong += wrong_lines(self._log, was_cut=self.end.was_cut, was_shared=self.end.was_shared)
        assert not wrong, "\n".join(wrong)

    # -- COMMANDS ----------------------------------------------------------------------------------

    async def do(self, command: say.Command) -> None:
        """Carry out a command."""
        match command:
            case say.Wait(ms=ms):
                await asyncio.sleep(ms / 1000)
            case say.Cut():
                self.end.was_cut = True
                await self.venue.drop_connections()
            case _Started():
                self.end.was_cut = True
            case _:
                getattr(self, f"_{type(command).__name__.lower()}")(command)

    def _nothing(self, _: say.Nothing) -> None:
        """Do nothing."""

    def _submit(self, command: say.Submit) -> None:
        self.desk.submit_order(self._order(command), params=command.params or None)

    def _submitlist(self, command: say.SubmitList) -> None:
        orders = [self._order(each) for each in command.orders]
        self.desk.submit_order_list(self.desk.order_factory.create_list(orders))

    def _submitbracket(self, command: say.SubmitBracket) -> None:
        sign = 1 if command.buy else -1
        entry = self._mark + command.entry * _HALF * sign
        width = command.width * _HALF * sign
        terms: dict[str, Any] = {"entry_order_type": OrderType.MARKET}
        if not command.at_market:
            terms = {"entry_order_type": OrderType.LIMIT, "entry_price": self._price(entry)}
        orders = self.desk.order_factory.bracket(
            ETH,
            _side(command.buy),
            self._size(command.size),
            tp_price=self._price(entry + width),
            sl_trigger_price=self._price(entry - width),
            **terms,
        )
        self.desk.submit_order_list(orders)

    def _modify(self, command: say.Modify) -> None:
        orders = [order for order in self._living() if not order.is_pending_cancel]
        if not orders:
            return
        order = orders[-1 - command.pick % len(orders)]
        terms: dict[str, Any] = {}
        size = order.quantity.as_decimal() + command.size * _TENTH
        if command.size and size > 0:
            terms["quantity"] = self.desk.instrument.make_qty(size)
        if command.price and order.has_price:
            terms["price"] = self._price(order.price.as_decimal() + command.price * _HALF)
        if command.trigger and order.has_trigger_price:
            trigger = order.trigger_price.as_decimal() + command.trigger * _HALF
            terms["trigger_price"] = self._price(trigger)
        if terms:
            self.desk.modify_order(order, **terms)

    def _cancel(self, command: say.Cancel) -> None:
        orders = [order for order in self._living() if not order.is_pending_cancel]
        if orders:
            self.desk.cancel_order(orders[-1 - command.pick % len(orders)])

    def _cancelmany(self, command: say.CancelMany) -> None:
        orders = [
            order
            for order in self._living()
            if not order.is_pending_cancel and not order.is_active_local
        ]
        if orders:
            # Of equal picks one is taken.
            picked = {pick % len(orders): orders[-1 - pick % len(orders)] for pick in command.picks}
            self.desk.cancel_orders(list(picked.values()))

    def _cancelall(self, command: say.CancelAll) -> None:
        side = OrderSide[command.side] if command.side else OrderSide.NO_ORDER_SIDE
        self.desk.cancel_all_orders(ETH, side)

    def _queryorder(self, command: say.QueryOrder) -> None:
        orders = [order for order in self._own_orders() if order.status not in _LOCAL]
        if orders:
            self.desk.query_order(orders[-1 - command.pick % len(orders)])

    def _queryaccount(self, _: say.QueryAccount) -> None:
        self.desk.query_account(self.node.account_id)

    def _flip(self, _: say.Flip) -> None:
        held = sum((p.signed_decimal_qty() for p in self.node.cache.positions_open()), Decimal(0))
        if held:
            self.desk.market(_side(held < 0), str(2 * abs(held)))

    def _setleverage(self, command: say.SetLeverage) -> None:
        before = list(self._tasks)
        self._leverage = command.leverage

        async def set_leverage() -> None:
            # Calls that overtake each other would leave anyone's value.
            await asyncio.gather(*before)
            await self.node.execution.set_margin(ETH, leverage=command.leverage)

        self._tasks.append(asyncio.create_task(set_leverage()))

    # -- OTHERS ------------------------------------------------------------------------------------

    def _movemark(self, command: say.MoveMark) -> None:
        moved = self._mark + command.by * _HALF
        self._mark = min(max(moved, _CENTER - _MARK_RANGE), _CENTER + _MARK_RANGE)
        self.venue.exchange.set_prices(MARKET, mark=self._mark, underlying=self._mark)

    def _quote(self, command: say.Quote) -> None:
        price = self._mark + command.price * _HALF * (1 if command.buy else -1)
        instruction = "IOC" if command.ioc else "GTC"
        self.rival.place(_word(command.buy), str(command.size * _TENTH), str(price), instruction)

    def _hit(self, command: say.Hit) -> None:
        orders = [order for order in self._at_venue() if order.price is not None]
        if orders:
            order = orders[-1 - command.pick % len(orders)]
            size = str(command.size * _TENTH)
            self.rival.place(order.side.opposite.value, size, str(order.price), "IOC")

    def _elsewhere(self, command: say.Elsewhere) -> None:
        self.end.was_shared = True
        price = None
        if command.price is not None:
            sign = 1 if command.buy else -1
            price = str(self._mark + command.price * _HALF * sign)
        self.owner.place(_word(command.buy), str(command.size * _TENTH), price)

    def _cancelelsewhere(self, command: say.CancelElsewhere) -> None:
        orders = self._at_venue()
        if orders:
            self.venue.exchange.process_cancel(orders[-1 - command.pick % len(orders)].id)

    def _modifyelsewhere(self, command: say.ModifyElsewhere) -> None:
        orders = self._at_venue()
        if not orders:
            return
        order = orders[-1 - command.pick % len(orders)]
        # An order of the node's that is made larger past it may be filled before the node hears of
        # that: to the framework it has ended then, which is documented.
        added = -abs(command.size) if order.client_id else command.size
        size = order.size + added * _TENTH
        if size <= order.size - order.remaining_size:
            return
        changed = self.venue.exchange.modify(
            model.ModifyCommand(
                account=self.account,
                order_id=order.id,
                market=order.market,
                side=order.side,
                type=order.type,
                size=size,
                price=order.price,
                trigger_price=order.trigger_price,
            )
        )
        assert changed.request_info is not None
        self.venue.exchange.process_modify(order.id, changed.request_info.id)

    # -- TROUBLE -----------------------------------------------------------------------------------

    def _late(self, command: say.Late) -> None:
        self.venue.faults.add(faults.Delay(ms=command.ms, private=True))

    def _twice(self, command: say.Twice) -> None:
        self.venue.faults.add(faults.Duplicate(n=command.frames, private=True))

    def _slowanswer(self, command: say.SlowAnswer) -> None:
        self.venue.faults.add(faults.SlowResponse(ms=command.ms, **self._any_command()))

    def _slowrequest(self, command: say.SlowRequest) -> None:
        self.venue.faults.add(faults.SlowRequest(ms=command.ms, **self._any_command()))

    def _fail(self, command: say.Fail) -> None:
        self.end.was_cut = True
        fault = _FAILURES[command.how]
        self.venue.faults.add(fault(**self._any_command()))

    def _stall(self, command: say.Stall) -> None:
        self.end.was_cut = True
        self.venue.faults.add(faults.Stall(seconds=command.seconds, private=True))

    def _any_command(self) -> dict[str, str]:
        if self._setup.transport == "ws":
            return {"method": "WS", "path": "order."}
        return {"path": "/orders"}

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _own_orders(self) -> list[Order]:
        orders = self.node.cache.orders(strategy_id=self.desk.id)
        return sorted(orders, key=lambda order: (order.ts_init, order.client_order_id.value))

    def _living(self) -> list[Order]:
        return [order for order in self._own_orders() if not order.is_closed]

    def _at_venue(self) -> list[model.Order]:
        """Return the account's live orders that the engine has taken, oldest first."""
        orders = self.venue.exchange.queries.open_orders(self.account)[::-1]
        return [order for order in orders if order.status is not model.OrderStatus.NEW]

    def _order(self, command: say.Submit) -> Order:
        side, kind = _side(command.buy), command.kind
        sign = 1 if command.buy else -1
        terms: dict[str, Any] = {"reduce_only": command.reduce_only}
        price = self._mark
        if kind.has_trigger:
            waits_above = command.buy is not kind.value.endswith("if_touched")
            price += command.trigger * _HALF * (1 if waits_above else -1)
            terms["trigger_price"] = self._price(price)
        if kind.has_price:
            terms["price"] = self._price(price + command.price * _HALF * sign)
            terms["post_only"] = command.post_only
        if command.ioc:
            terms["time_in_force"] = TimeInForce.IOC
        elif command.lives_ms:
            terms["time_in_force"] = TimeInForce.GTD
            lives = timedelta(milliseconds=command.lives_ms)
            terms["expire_time"] = self.desk.clock.utc_now() + lives
        make = getattr(self.desk.order_factory, kind.value)
        return make(ETH, side, self._size(command.size), **terms)

    def _size(self, tenths: int) -> Quantity:
        return self.desk.instrument.make_qty(tenths * _TENTH)

    def _price(self, value: Decimal) -> Price:
        return self.desk.instrument.make_price(value)


class _Started(say.Command, frozen=True):
    """The point at which the next node runs."""


async def _end_executors() -> None:
    """End what the framework's actors leave on the loop: it would be destroyed while it waits."""
    workers = [
        task
        for task in asyncio.all_tasks()
        if getattr(task.get_coro(), "__qualname__", "") == "ActorExecutor._worker"
    ]
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


class KeptCache:
    """
    What a cache database keeps of a node's cache.

    Parameters
    ----------
    cache : Cache
        The cache.

    """

    def __init__(self, cache: Cache) -> None:
        self.orders = cache.orders()
        self._ids = {
            order.client_order_id: (
                cache.position_id(order.client_order_id),
                cache.client_id(order.client_order_id),
            )
            for order in self.orders
        }
        self._lists = cache.order_lists()
        self._positions = cache.positions()

    def give(self, cache: Cache) -> None:
        """Fill the cache of the next node."""
        for order in self.orders:
            cache.add_order(order, *self._ids[order.client_order_id])
        for order_list in self._lists:
            cache.add_order_list(order_list)
        for position in self._positions:
            cache.add_position(position, OmsType.NETTING)
        cache.build_index()


def _side(buy: bool) -> OrderSide:
    return OrderSide.BUY if buy else OrderSide.SELL


def _word(buy: bool) -> str:
    return "BUY" if buy else "SELL"
