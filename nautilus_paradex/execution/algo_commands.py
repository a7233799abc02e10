"""
Commands of algo orders, until their outcome is known (E6, E7).

A create is sent once. Where its answer is lost, the algo order is looked for by what was asked for:
the venue gives it no client id.
"""

from collections.abc import Callable
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
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders.algo import NS_PER_MS
from nautilus_paradex.protocol.orders.algo import NS_PER_SEC
from nautilus_paradex.protocol.orders.algo import AlgoCreate
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo import algo_update
from nautilus_paradex.protocol.orders.algo import answers_to
from nautilus_paradex.protocol.orders.algo_book import AlgoBook
from nautilus_paradex.protocol.orders.algo_followed import FollowedAlgo
from nautilus_paradex.protocol.signing import AccountSigner


#: A cancel of an order that stays open is sent again this often, ever longer after the one before.
MAX_CANCELS: Final = 5
_CANCEL_AGAIN_NS: Final = 2 * NS_PER_SEC

#: Refusals of a cancel that speak of the order's end, not of the cancel (E7).
_ENDED_CODES: Final = frozenset({"ORDER_IS_CLOSED", "ORDER_IS_NOT_OPEN"})


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


class AlgoCommands:
    """
    Sends the commands of algo orders, and looks after what became of them.

    Parameters
    ----------
    book : AlgoBook
        What is known of algo orders.
    reader : AlgoReader
        Asks the venue.
    registry : OrderRegistry
        The trackers.
    follower : OrderFollower
        Takes answers.
    teller : OrderTeller
        Tells the framework.
    rest : ParadexRest
        Sends.
    timing : Timing
        Clock and sleep.
    on_refusal : Callable[[ParadexError], None], optional
        Told of the refusals of creates: they may speak of the exchange's state (E14).
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
        on_refusal: Callable[[ParadexError], None] | None,
        log: Logger,
    ) -> None:
        self._book = book
        self._reader = reader
        self._registry = registry
        self._follower = follower
        self._teller = teller
        self._rest = rest
        self._timing = timing
        self._on_refusal = on_refusal
        self._log = log
        self._signer: AccountSigner | None = None
        self._signed_ms = 0
        self._creates: dict[FollowedAlgo, _Create] = {}
        self._cancels: dict[FollowedAlgo, _Cancel] = {}

    def use_signer(self, signer: AccountSigner) -> None:
        """Sign with this from now on."""
        self._signer = signer

    @property
    def has_creates(self) -> bool:
        """If there are creates whose outcome is not known."""
        return bool(self._creates)

    def awaits(self, state: AlgoState) -> bool:
        """Return if an algo order may be what a create became that is not answered yet."""
        return any(answers_to(create.wanted, [state]) for create in self._creates.values())

    def algo_of(self, tracker: OrderTracker) -> FollowedAlgo | None:
        """Return what is known of an order; None if it is no algo order."""
        return self._book.find(client_id=tracker.client_id, algo_id=tracker.order_id or "")

    # -- COMMANDS ----------------------------------------------------------------------------------

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
            tracker.signed_ms = await self._own_millisecond()
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
                if self._on_refusal is not None:
                    self._on_refusal(e)
                effects = tracker.on_create_denied(str(e), self._timing.time_ns())
                self._follower.run(tracker, effects)
                return
            self._log.warning(f"Outcome of algo order {client_id} is unknown, asking: {e}")
        finally:
            # Also when this task is cancelled in mid-request: the order may be out there.
            create = None if algo is None else self._creates.get(algo)
            if create is not None:
                create.is_lost = True

    async def cancel(self, tracker: OrderTracker) -> None:
        """Cancel an algo order; final only when the venue says that it ended (E7)."""
        tracker.cancel_pending = True
        algo = self.algo_of(tracker)
        if algo is not None and algo.state is not None:
            await self._send_cancel(tracker, algo)
        else:
            # Sent as soon as the venue is seen to have the order.
            self._log.info(f"{tracker} is not known to the venue yet; its cancel waits")

    async def _send_cancel(self, tracker: OrderTracker, algo: FollowedAlgo) -> None:
        known = self._cancels.get(algo)
        attempts = 1 if known is None else known.attempts + 1
        self._cancels[algo] = _Cancel(attempts=attempts, sent_ns=self._timing.time_ns())
        try:
            await self._rest.acquire_order_slot(cancel=True)
            await self._rest.cancel_algo_order(algo.algo_id)
        except ParadexError as e:
            if not e.outcome_unknown and not _speaks_of_end(e):
                self._refuse_cancel(tracker, algo, str(e))
                return
            self._log.info(f"Cancel of {algo} asks the venue: {e}")

    def _refuse_cancel(self, tracker: OrderTracker, algo: FollowedAlgo, reason: str) -> None:
        self._cancels.pop(algo, None)
        self._follower.run(tracker, tracker.cancel_refused(reason, self._timing.time_ns()))

    # -- LOST ANSWERS ------------------------------------------------------------------------------

    async def find_lost(self, states: dict[str, AlgoState], asked_ms: int) -> None:
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

    async def repeat_cancels(self) -> None:
        """Send cancels again that the venue has not carried out; repeating does no harm."""
        followed = list(self._book)
        self._cancels = {a: sent for a, sent in self._cancels.items() if a in followed}
        for algo in followed:
            tracker = self._registry.find(algo.client_id, algo.algo_id)
            if tracker is None or not tracker.cancel_pending or algo.state is None:
                continue
            if algo.state.is_closed:
                continue  # its last fills are awaited
            sent = self._cancels.get(algo)
            if sent is not None:
                if self._timing.time_ns() < sent.sent_ns + sent.attempts * _CANCEL_AGAIN_NS:
                    continue
                if sent.attempts >= MAX_CANCELS:
                    reason = f"still open at the venue after {sent.attempts} cancels"
                    self._refuse_cancel(tracker, algo, reason)
                    continue
            await self._send_cancel(tracker, algo)

    # -- INTERNAL ----------------------------------------------------------------------------------

    async def _own_millisecond(self) -> int:
        """Return the venue's time, UNIX milliseconds, as no other algo order was signed at."""
        while (now_ms := self._timing.time_ms() + self._rest.clock_offset_ms) <= self._signed_ms:
            await self._timing.sleep(0.001)
        self._signed_ms = now_ms
        return now_ms

    def _required_signer(self) -> AccountSigner:
        if self._signer is None:
            raise ParadexError("the client has no key to sign with")
        return self._signer


def _speaks_of_end(error: ParadexError) -> bool:
    return isinstance(error, NotFoundError) or error.code in _ENDED_CODES
