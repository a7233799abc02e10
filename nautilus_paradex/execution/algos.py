"""
Native TWAP orders: one order here, carried out by the venue's child orders (PROTOCOL 4.2).

The framework sees one order: accepted when the venue works it, filled by the fills of its children,
each once and with the venue's own ids and fees, and ended when the venue says so. What cannot be
proven to be a child stays an order of its own (`protocol.orders.algo_book`).

No channel tells of an algo order: it is asked for after each child's end, at its own end, and
every `POLL_SECS` between.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.algo_commands import AlgoCommands
from nautilus_paradex.execution.algo_reading import AlgoReader
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.options import OrderOptions
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders.algo import NS_PER_MS
from nautilus_paradex.protocol.orders.algo import NS_PER_SEC
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo import algo_update
from nautilus_paradex.protocol.orders.algo import reported_update
from nautilus_paradex.protocol.orders.algo_book import AlgoBook
from nautilus_paradex.protocol.orders.algo_book import Decision
from nautilus_paradex.protocol.orders.algo_book import Released
from nautilus_paradex.protocol.orders.algo_book import Tied
from nautilus_paradex.protocol.signing import AccountSigner


#: Between two questions while nothing happens: four of the 600 private requests a minute (E12).
POLL_SECS: Final = 15.0

#: After a child's end: the venue may count it a little later.
COUNT_DELAY_SECS: Final = 0.25

#: Waits between the questions while something is not known yet, seconds; the last repeats.
_ASK_DELAYS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)

#: An order that no list shows any more is gone after this time.
_ABSENT_NS: Final = 60 * NS_PER_SEC

_ORDER_FILL_TYPES: Final = frozenset({FillType.FILL, FillType.RPI})


class AlgoOrders:
    """
    Places, follows and ends algo orders.

    Parameters
    ----------
    book : AlgoBook
        What is known of them.
    reader : AlgoReader
        Asks the venue.
    commands : AlgoCommands
        Sends.
    registry : OrderRegistry
        The trackers.
    follower : OrderFollower
        Takes what they do.
    rest : ParadexRest
        Knows the venue's clock.
    timing : Timing
        Clock and sleep.
    spawn : Callable
        Runs a coroutine as a task of the room.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        book: AlgoBook,
        reader: AlgoReader,
        commands: AlgoCommands,
        registry: OrderRegistry,
        follower: OrderFollower,
        rest: ParadexRest,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        log: Logger,
    ) -> None:
        self._book = book
        self._reader = reader
        self._commands = commands
        self._registry = registry
        self._follower = follower
        self._rest = rest
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._news = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.lock = asyncio.Lock()
        """Held by whoever reads the venue and decides."""

    def use_signer(self, signer: AccountSigner) -> None:
        """Sign with this from now on."""
        self._commands.use_signer(signer)

    # -- COMMANDS ----------------------------------------------------------------------------------

    async def submit(self, order: Order, options: OrderOptions) -> None:
        """Submit an algo order, or deny it; its create is sent once (E6)."""
        try:
            await self._commands.submit(order, options)
        finally:
            self.wake()

    async def cancel(self, tracker: OrderTracker) -> None:
        """Cancel an algo order; final only when the venue says that it ended (E7)."""
        try:
            await self._commands.cancel(tracker)
        finally:
            self.wake()

    def is_algo(self, tracker: OrderTracker) -> bool:
        """Return if an order is an algo order that has not ended."""
        return not tracker.is_done and self._commands.algo_of(tracker) is not None

    # -- NEWS --------------------------------------------------------------------------------------

    def claim_update(self, update: OrderUpdate, source: Source) -> bool:
        """Return if an order is a child, or may be one: then nobody else is to take it."""
        if update.client_id or update.type is not OrderType.MARKET:
            return False
        if self._registry.find("", update.order_id) is not None:
            return False
        now_ns = self._timing.time_ns()
        if not self._book.take_order(update, now_ns, is_read=source is Source.REST):
            return False
        if update.status is OrderStatus.CLOSED and self._book.is_candidate(update.order_id):
            self.wake()
        return True

    def claim_fill(self, fill: Fill) -> bool:
        """Return if a fill is a child's, or may be one's: then it is told here, or kept."""
        if fill.fill_type not in _ORDER_FILL_TYPES:
            return False
        own = self._book.take_fill(fill)
        if own is not None:
            self._follower.take(own, Source.STREAM)
            return True
        return self._book.hold_fill(fill)

    async def fetch(self, order: OrderUpdate) -> bool:
        """Fetch the fills of an algo order; False if the order is none."""
        if self._book.find(algo_id=order.order_id) is None:
            return False
        await self.settle()
        return True

    # -- QUESTIONS ---------------------------------------------------------------------------------

    def is_pending(self, client_id: str) -> bool:
        """Return if an order is an algo order whose create has no outcome yet."""
        algo = self._book.find(client_id=client_id) if client_id else None
        return algo is not None and algo.state is None

    def was_sent(self, client_id: str) -> bool:
        """Return if an order was sent by this client, so that it is known what it is."""
        tracker = self._registry.find(client_id, "")
        return tracker is not None and tracker.signed_ms is not None

    def awaits(self, state: AlgoState) -> bool:
        """Return if an algo order may be what a create became that is not answered yet."""
        return self._commands.awaits(state)

    async def find(self, *, client_id: str, order_id: str) -> OrderUpdate | None:
        """
        Return an algo order with the fills that were told of it; None if the order is none.

        Raises
        ------
        ParadexError
            If the venue cannot be asked, or has not been seen to have it yet.

        """
        algo = self._book.find(client_id=client_id, algo_id=order_id)
        if algo is None:
            return None
        await self.settle()
        if algo.state is None:
            raise TransportError("the outcome of its create is not known yet", sent=True)
        return reported_update(algo.state, algo.client_id, algo.told)

    # -- FOLLOWING ---------------------------------------------------------------------------------

    def wake(self) -> None:
        """Ask the venue soon."""
        self._news.set()
        if self._watching is None or self._watching.done():
            self._watching = self._spawn(self._watch(), "follow algo orders")

    async def _watch(self) -> None:
        tries = 0
        while not self._book.is_idle:
            try:
                async with self._timing.deadline(self._pause_secs(tries)):
                    await self._news.wait()
                await self._timing.sleep(COUNT_DELAY_SECS)
                tries = 0
            except TimeoutError:
                tries += 1
            self._news.clear()
            try:
                await self.settle()
            except ParadexError as e:
                self._log.warning(f"Cannot ask for algo orders: {e}")

    def _pause_secs(self, tries: int) -> float:
        ask_again = _ASK_DELAYS[min(tries, len(_ASK_DELAYS) - 1)]
        if self._commands.has_creates or self._is_unsettled():
            return ask_again
        now_ns = self._timing.time_ns() + self._rest.clock_offset_ms * NS_PER_MS
        ends_ns = [a.state.end_ns for a in self._book if a.state is not None and a.state.end_ns]
        if not ends_ns:
            return POLL_SECS
        left_secs = (min(ends_ns) - now_ns) / NS_PER_SEC
        return min(left_secs + COUNT_DELAY_SECS, POLL_SECS) if left_secs > 0 else ask_again

    def _is_unsettled(self) -> bool:
        if not self._book.is_settled:
            return True
        for algo in self._book:
            tracker = self._registry.find(algo.client_id, algo.algo_id)
            if tracker is None or tracker.cancel_pending or tracker.phase is not Phase.WORKING:
                return True
        return False

    async def settle(self) -> None:
        """
        Read what the venue has of the algo orders, and tell what can be told.

        Raises
        ------
        ParadexError
            If the venue cannot be asked; what was read by then is told later.

        """
        async with self.lock:
            asked_ms = self._timing.time_ms()
            states = await self._reader.read_states()
            await self._commands.find_lost(states, asked_ms)
            await self._reader.read_children()
            if self._follower.is_holding:
                return  # a reconciliation reads the account: it tells what was read here
            self._tell()
            for fill in await self._reader.missing_fills():
                self._follower.take(fill, Source.REST)
            self._tell_states()
        await self._commands.repeat_cancels()

    def _tell(self) -> None:
        for decision in self._book.decide(self._timing.time_ns()):
            self.log_decision(decision)
            if isinstance(decision, Released):
                self._follower.take(decision.update, Source.STREAM)
            if isinstance(decision, Tied | Released):
                for fill in decision.fills:
                    self._follower.take(fill, Source.STREAM)

    def log_decision(self, decision: Decision) -> None:
        """Say what became of an order that might have been a child."""
        match decision:
            case Tied(algo, fills):
                self._log.debug(f"{len(fills)} fills of a child belong to {algo}")
            case Released(update):
                self._log.info(
                    f"Order {update.order_id}, {update.side} {update.filled_size} of "
                    f"{update.size} {update.market}, belongs to no algo order of this client"
                )
            case _:
                self._log.warning(
                    f"{decision.algo} has filled {decision.size} at the venue by orders that "
                    "cannot be told from others: they are orders of their own here"
                )

    def _tell_states(self) -> None:
        now_ns = self._timing.time_ns()
        for algo in self._book:
            state = algo.state
            if state is None or (state.is_closed and self._book.awaits_child(algo)):
                continue  # a child that lives may have the last word
            tracker = self._registry.find(algo.client_id, algo.algo_id)
            if tracker is not None and tracker.filled < algo.told.size:
                for fill in algo.fills:  # a reconciliation that failed may have taken some
                    self._follower.take(fill, Source.REST)
            self._follower.take(algo_update(state, algo.client_id, algo.told), Source.REST)
            tracker = self._registry.find(algo.client_id, algo.algo_id)
            if tracker is None:
                continue
            if not tracker.is_done and now_ns - algo.read_ns > _ABSENT_NS and not state.is_closed:
                reason = "unknown to the venue by every question"
                self._log.error(f"{algo} is {reason}: it is taken as canceled")
                self._follower.run(tracker, tracker.on_absent(reason, now_ns))
            if tracker.is_done:
                self._book.retire(algo)
