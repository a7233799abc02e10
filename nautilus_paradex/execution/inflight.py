"""
Commands whose outcome is not known yet (rule E6): ask the venue until it says.

An entry ends when the stream, an answer or a query has told the outcome. A create ends as never
accepted only when the venue does not know the order after its signature's receive window: until
then a lost request may still arrive.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterator
from enum import Enum
from enum import auto
from itertools import chain
from itertools import repeat
from typing import Any
from typing import Final

from nautilus_trader.common.component import Logger

from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.network.census import OrderCensus
from nautilus_paradex.network.log import Recurring
from nautilus_paradex.network.lookup import look_up
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import PendingModify
from nautilus_paradex.protocol.orders import Phase


#: The venue's receive window where an order names none (PROTOCOL 3.1).
DEFAULT_RECV_WINDOW_MS: Final = 300_000

#: Kept after the window: the venue's clock against ours, and its own way from gate to engine.
WINDOW_MARGIN_MS: Final = 2_000

#: The venue answers or drops a request within 30 s (PROTOCOL 8.1). A modify has no receive window:
#: nothing proves sooner that one will not be carried out any more.
REQUEST_LIFE_MS: Final = 32_000

#: Waits before the questions, seconds; the last repeats.
_ASK_DELAYS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)

#: An answered command whose notification does not come: the stream may have lost it.
ANSWERED_GRACE_SECS: Final = 5.0

#: With more watches than these the venue is asked for all of them together.
_FEW: Final = 5

#: The orders of cancels and modifies are looked for together as far back as this.
_RECENT_MS: Final = 60_000

#: A cancel of an order that stays open is sent again this often.
MAX_CANCEL_ATTEMPTS: Final = 5


class Kind(Enum):
    """What was commanded."""

    CREATE = auto()
    MODIFY = auto()
    CANCEL = auto()


class InFlight:
    """
    The watch over commands in flight.

    Parameters
    ----------
    follower : OrderFollower
        Takes what the questions bring.
    rest : ParadexRest
        Asks.
    timing : Timing
        Clock and sleep.
    spawn : Callable
        Runs a coroutine as a task of the room.
    cancel : Callable
        Sends a cancel again.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        follower: OrderFollower,
        rest: ParadexRest,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        cancel: Callable[[OrderTracker], Coroutine[Any, Any, None]],
        log: Logger,
    ) -> None:
        self._follower = follower
        self._rest = rest
        self._timing = timing
        self._spawn = spawn
        self._cancel = cancel
        self._log = log
        self._watched: set[tuple[int, Kind]] = set()
        self._census = OrderCensus(rest, timing)

    # -- WATCHES -----------------------------------------------------------------------------------

    def watch_create(
        self,
        tracker: OrderTracker,
        *,
        signed_ms: int,
        recv_window_ms: int | None,
        answered: bool,
    ) -> None:
        """Watch a create until its order was seen, or proven never to have been accepted."""
        deadline = signed_ms + (recv_window_ms or DEFAULT_RECV_WINDOW_MS) + WINDOW_MARGIN_MS
        # `signed_ms` is in the venue's time.
        work = self._resolve_create(tracker, deadline, answered=answered)
        self._start(tracker, Kind.CREATE, work)

    def watch_modify(
        self, tracker: OrderTracker, pending: PendingModify, *, sent_at: float, answered: bool
    ) -> None:
        """Watch a modify until its outcome is known; it was sent at `sent_at`, monotonic."""
        over_at = sent_at + REQUEST_LIFE_MS / 1_000
        work = self._resolve_modify(tracker, pending, over_at, answered=answered)
        self._spawn(work, f"resolve modify of {tracker.client_id}")

    def watch_cancel(self, tracker: OrderTracker, *, answered: bool) -> None:
        """Watch a cancel until its order has ended, or is seen to live on."""
        self._start(tracker, Kind.CANCEL, self._resolve_cancel(tracker, answered=answered))

    def _start(self, tracker: OrderTracker, kind: Kind, work: Coroutine[Any, Any, None]) -> None:
        key = (id(tracker), kind)
        if key in self._watched:
            work.close()
            return
        self._watched.add(key)
        task = self._spawn(work, f"resolve {kind.name.lower()} of {tracker.client_id}")
        task.add_done_callback(lambda _: self._watched.discard(key))

    # -- RESOLUTION --------------------------------------------------------------------------------

    async def _resolve_create(
        self, tracker: OrderTracker, deadline_ms: int, *, answered: bool
    ) -> None:
        told = self._recurring()
        if answered:
            await self._timing.sleep(ANSWERED_GRACE_SECS)
        for delay in _delays():
            await self._pause(delay, (deadline_ms + 1 - self._rest.venue_ms) / 1_000)
            if tracker.phase is not Phase.PENDING:
                return
            asked_ms = self._rest.venue_ms
            try:
                update = await self._find(tracker, may_prove=asked_ms > deadline_ms)
            except ParadexError as e:
                told.note(f"Outcome of {tracker.client_id} is still unknown: {e}")
                continue
            if update is not None:
                await self._follower.take_whole(tracker, update)
            elif asked_ms > deadline_ms and tracker.phase is Phase.PENDING:
                reason = "never accepted: not found at the venue after its receive window"
                self._follower.run(tracker, tracker.on_absent(reason, self._timing.time_ns()))
                return

    async def _resolve_modify(
        self, tracker: OrderTracker, pending: PendingModify, over_at: float, *, answered: bool
    ) -> None:
        told = self._recurring()
        if answered:
            await self._timing.sleep(ANSWERED_GRACE_SECS)
        for delay in _delays():
            # No clock that anybody sets: the time that has passed is what proves.
            await self._pause(delay, over_at - self._timing.monotonic())
            if pending not in tracker.modifies or tracker.is_done:
                return
            is_over = self._timing.monotonic() >= over_at
            try:
                update = await self._find(tracker, may_prove=is_over)
            except ParadexError as e:
                told.note(f"Outcome of modify {tracker.client_id} is unknown: {e}")
                continue
            if update is not None:
                await self._follower.take_whole(tracker, update)
                if tracker.told == pending.terms and pending in tracker.modifies:
                    self._follower.run(tracker, tracker.modify_applied(pending))
                    return
            if is_over and pending in tracker.modifies:
                # The request can no longer be under way, and the order does not carry its terms.
                reason = "not applied: the order is unchanged at the venue"
                effects = tracker.modify_refused(pending, reason, self._timing.time_ns())
                self._follower.run(tracker, effects)
                return

    async def _resolve_cancel(self, tracker: OrderTracker, *, answered: bool) -> None:
        attempts = 1
        told = self._recurring()
        if answered:
            await self._timing.sleep(ANSWERED_GRACE_SECS)
        for delay in _delays():
            await self._timing.sleep(delay)
            if _has_ended(tracker) or not tracker.cancel_pending or self._was_never_sent(tracker):
                return
            try:
                update = await self._find(tracker)
                if update is not None:
                    await self._follower.take_whole(tracker, update)
                if _has_ended(tracker):
                    return
                # Whether there is anything to cancel at all is the create's question.
                if tracker.phase is Phase.WORKING:
                    if attempts >= MAX_CANCEL_ATTEMPTS:
                        self._end_cancel(tracker, update, attempts)
                        return
                    attempts += 1
                    await self._cancel(tracker)
            except ParadexError as e:
                told.note(f"Outcome of cancel {tracker.client_id} is unknown: {e}")

    def _was_never_sent(self, tracker: OrderTracker) -> bool:
        """If an order was denied after its cancel had overtaken it: nothing is to be canceled."""
        if tracker.phase is not Phase.PENDING:
            return False
        order = self._follower.cached_order(tracker.client_id, tracker.order_id or "")
        if order is None or not order.is_closed:
            return False
        self._follower.adopt(order)
        return True

    def _end_cancel(self, tracker: OrderTracker, update: OrderUpdate | None, attempts: int) -> None:
        now_ns = self._timing.time_ns()
        if update is None:
            # Asked again and again, every place at the venue says that there is no such order.
            effects = tracker.on_absent("not found at the venue", now_ns)
        else:
            reason = f"still open at the venue after {attempts} cancels"
            effects = tracker.cancel_refused(reason, now_ns)
        self._follower.run(tracker, effects)

    def _recurring(self) -> Recurring:
        return Recurring(self._log.warning, self._log, self._timing)

    # -- QUESTIONS ---------------------------------------------------------------------------------

    async def _pause(self, secs: float, left: float) -> None:
        """Wait, but not beyond a deadline in `left` seconds: the question after it may prove."""
        await self._timing.sleep(min(secs, left) if left > 0 else secs)

    async def _find(self, tracker: OrderTracker, *, may_prove: bool = True) -> OrderUpdate | None:
        """
        Return the order as REST knows it, or None if all of REST does not.

        Parameters
        ----------
        may_prove : bool, default True
            If None may decide something, and so every place has to be asked for this order.

        """
        is_crowded, order_id = len(self._watched) > _FEW, tracker.order_id or ""
        update = None
        if is_crowded and (order_id or not may_prove):
            update = await self._census.find(
                client_id=tracker.client_id,
                order_id=order_id,
                since_ms=self._since_ms(tracker),
            )
        if update is None and (order_id or may_prove or not is_crowded):
            update = await look_up(
                self._rest,
                client_id=tracker.client_id,
                order_id=order_id,
                created_ms=None if tracker.last is None else tracker.last.created_ns // 1_000_000,
            )
        if update is not None and _is_earlier(update, tracker):
            return None
        return update

    def _since_ms(self, tracker: OrderTracker) -> int:
        if tracker.order_id is None and tracker.signed_ms is not None:
            return tracker.signed_ms - REQUEST_LIFE_MS
        return self._rest.venue_ms - _RECENT_MS


def _has_ended(tracker: OrderTracker) -> bool:
    return tracker.phase in (Phase.CLOSING, Phase.CLOSED)


def _is_earlier(update: OrderUpdate, tracker: OrderTracker) -> bool:
    """If the order is an earlier one that had the same client id."""
    # A modify gives an order another signature: its id decides where it is known.
    if tracker.signed_ms is None or update.order_id == tracker.order_id:
        return False
    signed_ns = tracker.signed_ms * 1_000_000
    if update.signature_ns is not None:
        return update.signature_ns != signed_ns
    return update.created_ns < signed_ns - REQUEST_LIFE_MS * 1_000_000


def _delays() -> Iterator[float]:
    """Yield the waits between questions, for ever."""
    return chain(_ASK_DELAYS, repeat(_ASK_DELAYS[-1]))
