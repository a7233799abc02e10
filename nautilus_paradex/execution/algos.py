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

import msgspec
from nautilus_trader.common.component import Logger
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.algo_reading import AlgoReader
from nautilus_paradex.execution.algo_requests import algo_create
from nautilus_paradex.execution.algo_requests import algo_denial
from nautilus_paradex.execution.algo_requests import algo_request
from nautilus_paradex.execution.algo_requests import answered_state
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.following import terms_of
from nautilus_paradex.execution.options import OrderOptions
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.errors import NotFoundError
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
from nautilus_paradex.protocol.orders.algo import AlgoCreate
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo import algo_update
from nautilus_paradex.protocol.orders.algo import answers_to
from nautilus_paradex.protocol.orders.algo import reported_update
from nautilus_paradex.protocol.orders.algo_book import AlgoBook
from nautilus_paradex.protocol.orders.algo_book import Decision
from nautilus_paradex.protocol.orders.algo_book import Released
from nautilus_paradex.protocol.orders.algo_book import Tied
from nautilus_paradex.protocol.orders.algo_followed import FollowedAlgo
from nautilus_paradex.protocol.signing import AccountSigner


#: Between two questions while nothing happens: four of the 600 private requests a minute (E12).
POLL_SECS: Final = 15.0

#: After a child's end: the venue may count it a little later.
COUNT_DELAY_SECS: Final = 0.25

#: Waits between the questions while something is not known yet, seconds; the last repeats.
_ASK_DELAYS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)

#: A cancel of an order that stays open is sent again this often, so long after the one before.
MAX_CANCELS: Final = 5
_CANCEL_AGAIN_NS: Final = 2 * NS_PER_SEC

#: An order that no list shows any more is gone after this time.
_ABSENT_NS: Final = 60 * NS_PER_SEC

#: Refusals of a cancel that speak of the order's end, not of the cancel (E7).
_ENDED_CODES: Final = frozenset({"ORDER_IS_CLOSED", "ORDER_IS_NOT_OPEN"})

_ORDER_FILL_TYPES: Final = frozenset({FillType.FILL, FillType.RPI})


class _Create(msgspec.Struct, kw_only=True):
    """A create that the venue has not been seen to take or refuse."""

    tracker: OrderTracker
    wanted: AlgoCreate
    is_lost: bool = False
    """If its answer does not come any more."""


class _Cancel(msgspec.Struct, kw_only=True):
    """A cancel that was sent."""

    attempts: int
    sent_ns: int


class AlgoOrders:
    """
    Places, follows and ends algo orders.

    Parameters
    ----------
    book : AlgoBook
        What is known of them.
    reader : AlgoReader
        Asks the venue.
    registry : OrderRegistry
        The trackers.
    follower : OrderFollower
        Takes what they do.
    teller : OrderTeller
        Tells the framework.
    rest : ParadexRest
        Sends.
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
        registry: OrderRegistry,
        follower: OrderFollower,
        teller: OrderTeller,
        rest: ParadexRest,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        log: Logger,
    ) -> None:
        self._book = book
        self._reader = reader
        self._registry = registry
        self._follower = follower
        self._teller = teller
        self._rest = rest
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._signer: AccountSigner | None = None
        self._creates: dict[FollowedAlgo, _Create] = {}
        self._cancels: dict[str, _Cancel] = {}
        self._news = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.lock = asyncio.Lock()
        """Held by whoever reads the venue and decides."""

    def use_signer(self, signer: AccountSigner) -> None:
        """Sign with this from now on."""
        self._signer = signer

    # -- COMMANDS ----------------------------------------------------------------------------------

    def is_algo(self, tracker: OrderTracker) -> bool:
        """Return if an order is an algo order that has not ended."""
        return not tracker.is_done and self._algo_of(tracker) is not None

    async def submit(self, order: Order, options: OrderOptions) -> None:
        """Submit an algo order, or deny it; its create is sent once (E6)."""
        reason = algo_denial(options)
        if reason is not None:
            self._teller.deny(order, reason)
            return
        client_id = order.client_order_id.value
        tracker = self._registry.find(client_id, "")
        if tracker is None or tracker.order_id is not None or tracker.is_done:
            tracker = self._registry.track(client_id, OrderType.MARKET, terms_of(order))
        tracker.market = order.instrument_id.symbol.value
        self._teller.submitted(order)
        algo: FollowedAlgo | None = None
        try:
            signer = self._required_signer()
            await self._rest.acquire_order_slot()
            tracker.signed_ms = self._timing.time_ms() + self._rest.clock_offset_ms
            request = algo_request(signer, order, options, tracker.signed_ms)
            wanted = algo_create(request)
            # Known before the first byte leaves: a child may overtake the answer (trap 31).
            algo = self._book.expect(
                client_id=client_id,
                market=wanted.market,
                side=wanted.side,
                size=wanted.size,
                signed_ns=wanted.signed_ns,
            )
            self._creates[algo] = _Create(tracker=tracker, wanted=wanted)
            message = await self._rest.create_algo_order(request)
            self._found(algo, answered_state(message, request))
        except ParadexError as e:
            if not e.outcome_unknown:
                self._log.warning(f"Algo order {client_id} was refused: {e}")
                self._drop(algo)
                effects = tracker.on_create_denied(str(e), self._timing.time_ns())
                self._follower.run(tracker, effects)
                return
            self._log.warning(f"Outcome of algo order {client_id} is unknown, asking: {e}")
        finally:
            # Also when this task is cancelled in mid-request: the order may be out there.
            create = None if algo is None else self._creates.get(algo)
            if create is not None:
                create.is_lost = True
            self.wake()

    async def cancel(self, tracker: OrderTracker) -> None:
        """Cancel an algo order; final only when the venue says that it ended (E7)."""
        tracker.cancel_pending = True
        algo = self._algo_of(tracker)
        if algo is not None and algo.state is not None:
            await self._send_cancel(tracker, algo)
        else:
            # Sent as soon as the venue is seen to have the order.
            self._log.info(f"{tracker} is not known to the venue yet; its cancel waits")
        self.wake()

    async def _send_cancel(self, tracker: OrderTracker, algo: FollowedAlgo) -> None:
        known = self._cancels.get(algo.algo_id)
        attempts = 1 if known is None else known.attempts + 1
        self._cancels[algo.algo_id] = _Cancel(attempts=attempts, sent_ns=self._timing.time_ns())
        try:
            await self._rest.acquire_order_slot(cancel=True)
            await self._rest.cancel_algo_order(algo.algo_id)
        except ParadexError as e:
            if not e.outcome_unknown and not _speaks_of_end(e):
                self._refuse_cancel(tracker, algo, str(e))
                return
            self._log.info(f"Cancel of {algo} asks the venue: {e}")

    def _refuse_cancel(self, tracker: OrderTracker, algo: FollowedAlgo, reason: str) -> None:
        self._cancels.pop(algo.algo_id, None)
        self._follower.run(tracker, tracker.cancel_refused(reason, self._timing.time_ns()))

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
                async with asyncio.timeout(self._pause_secs(tries)):
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
        self._cancels.clear()

    def _pause_secs(self, tries: int) -> float:
        ask_again = _ASK_DELAYS[min(tries, len(_ASK_DELAYS) - 1)]
        if self._creates or self._is_unsettled():
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
            await self._find_lost(states, asked_ms)
            await self._reader.read_children()
            if self._follower.is_holding:
                return  # a reconciliation reads the account: it tells what was read here
            self._tell()
            for fill in await self._reader.missing_fills():
                self._follower.take(fill, Source.REST)
            self._tell_states()
        await self._repeat_cancels()

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
            if state is None:
                continue
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

    # -- LOST ANSWERS ------------------------------------------------------------------------------

    async def _find_lost(self, states: dict[str, AlgoState], asked_ms: int) -> None:
        """Find what creates without an answer became, or prove that they became nothing (E6)."""
        for algo, create in list(self._creates.items()):
            if not create.is_lost or algo not in self._creates:
                continue
            wanted = create.wanted
            past = await self._reader.history(wanted.market, wanted.signed_ns)
            unknown = [
                s for s in (past | states).values() if not self._book.find(algo_id=s.algo_id)
            ]
            answers = answers_to(wanted, unknown)
            if len(answers) > 1:
                ids = ", ".join(state.algo_id for state in answers)
                self._log.warning(f"{algo} may be any of {ids}: the first is taken for it")
            if answers:
                self._found(algo, answers[0])
            elif (asked_ms + self._rest.clock_offset_ms) * NS_PER_MS >= wanted.deadline_ns:
                self._drop(algo)
                reason = "never accepted: not found at the venue after its receive window"
                effects = create.tracker.on_absent(reason, self._timing.time_ns())
                self._follower.run(create.tracker, effects)

    def _found(self, algo: FollowedAlgo, state: AlgoState) -> None:
        create = self._creates.pop(algo, None)
        if create is None:
            return  # a search was faster than the answer
        algo.take(state, self._timing.time_ns())
        self._follower.take(algo_update(state, algo.client_id, algo.told), Source.REST)

    def _drop(self, algo: FollowedAlgo | None) -> None:
        if algo is not None and self._creates.pop(algo, None) is not None:
            self._book.forget(algo)

    # -- CANCELS -----------------------------------------------------------------------------------

    async def _repeat_cancels(self) -> None:
        """Send cancels again that the venue has not carried out; repeating does no harm."""
        for algo in self._book:
            tracker = self._registry.find(algo.client_id, algo.algo_id)
            if tracker is None or not tracker.cancel_pending or algo.state is None:
                continue
            if algo.state.is_closed:
                continue  # its last fills are awaited
            sent = self._cancels.get(algo.algo_id)
            if sent is not None:
                if self._timing.time_ns() < sent.sent_ns + sent.attempts * _CANCEL_AGAIN_NS:
                    continue
                if sent.attempts >= MAX_CANCELS:
                    reason = f"still open at the venue after {sent.attempts} cancels"
                    self._refuse_cancel(tracker, algo, reason)
                    continue
            await self._send_cancel(tracker, algo)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _required_signer(self) -> AccountSigner:
        if self._signer is None:
            raise ParadexError("the client has no key to sign with")
        return self._signer

    def _algo_of(self, tracker: OrderTracker) -> FollowedAlgo | None:
        return self._book.find(client_id=tracker.client_id, algo_id=tracker.order_id or "")


def _speaks_of_end(error: ParadexError) -> bool:
    return isinstance(error, NotFoundError) or error.code in _ENDED_CODES
