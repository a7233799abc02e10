"""
Cancels, one or many: final only when the venue says that the order ended (E7, E8).

Several go in batches, each of which counts as one command at the venue. What a batch says of an
order is that order's alone; what it does not say is unknown, and asked.
"""

import asyncio
from collections.abc import Iterable
from collections.abc import Sequence
from itertools import batched
from typing import Final

from nautilus_trader.common.component import Logger

from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.inflight import InFlight
from nautilus_paradex.network.order_entry import OrderEntry
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.messages.orders import BatchCancelRequest
from nautilus_paradex.protocol.messages.orders import CancelOutcome
from nautilus_paradex.protocol.orders import OrderTracker


#: Orders in one batch. The venue names a limit for creates only, and keeps it small (trap 42).
BATCH_SIZE: Final = 10

#: What the venue says of an order whose cancel it has taken.
_QUEUED: Final = "QUEUED_FOR_CANCELLATION"

#: Refusals of a cancel that speak of the order's end, not of the cancel (E7).
_ENDED_CODES: Final = frozenset({"ORDER_IS_CLOSED", "ORDER_IS_NOT_OPEN"})


class Cancels:
    """
    Sends cancels and has their outcomes watched.

    Parameters
    ----------
    entry : OrderEntry
        Sends.
    rest : ParadexRest
        Knows the venue's limits.
    follower : OrderFollower
        Takes refusals.
    in_flight : InFlight
        Watches cancels whose outcome is not known.
    timing : Timing
        Clock.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        entry: OrderEntry,
        rest: ParadexRest,
        follower: OrderFollower,
        in_flight: InFlight,
        timing: Timing,
        log: Logger,
    ) -> None:
        self._entry = entry
        self._rest = rest
        self._follower = follower
        self._in_flight = in_flight
        self._timing = timing
        self._log = log

    async def cancel(self, tracker: OrderTracker) -> None:
        """Cancel an order."""
        tracker.cancel_pending = True
        answered = False
        try:
            await self.send(tracker)
            answered = True
        except ParadexError as e:
            if not e.outcome_unknown and not _speaks_of_end(e):
                effects = tracker.cancel_refused(str(e), self._timing.time_ns())
                self._follower.run(tracker, effects)
                return
            # Closed or not found may mean filled, and may mean not yet arrived: ask (E7).
            self._log.info(f"Cancel of {tracker.client_id} asks the venue: {e}")
        finally:
            if tracker.cancel_pending:
                self._in_flight.watch_cancel(tracker, answered=answered)

    async def send(self, tracker: OrderTracker) -> None:
        """Send a cancel; repeating it does no harm (PROTOCOL 8.4)."""
        await self._rest.acquire_order_slot(cancel=True)
        if tracker.order_id is not None:
            await self._entry.cancel_order(tracker.order_id)
        else:
            await self._entry.cancel_by_client_id(tracker.client_id, market=tracker.market or None)

    async def cancel_many(self, trackers: Iterable[OrderTracker]) -> None:
        """Cancel several orders, each with its own outcome."""
        living = [tracker for tracker in trackers if not tracker.is_done]
        if len(living) == 1:
            await self.cancel(living[0])
            return
        await asyncio.gather(*(self._cancel_batch(batch) for batch in batched(living, BATCH_SIZE)))

    # -- BATCHES -----------------------------------------------------------------------------------

    async def _cancel_batch(self, batch: Sequence[OrderTracker]) -> None:
        for tracker in batch:
            tracker.cancel_pending = True
        taken: set[str] = set()
        try:
            await self._rest.acquire_order_slot(cancel=True)
            taken = _taken(await self._entry.cancel_batch(_request(batch)))
        except ParadexError as e:
            if not e.outcome_unknown:
                # Nothing was carried out. What is wrong with it may be one order's alone.
                self._log.warning(f"A batch of {len(batch)} cancels is sent one by one: {e}")
                await asyncio.gather(*(self.cancel(tracker) for tracker in batch))
                return
            self._log.info(f"A batch of {len(batch)} cancels asks the venue: {e}")
        finally:
            for tracker in batch:
                if tracker.cancel_pending:
                    answered = tracker.client_id in taken or tracker.order_id in taken
                    self._in_flight.watch_cancel(tracker, answered=answered)


def _request(batch: Sequence[OrderTracker]) -> BatchCancelRequest:
    return BatchCancelRequest(
        order_ids=tuple(t.order_id for t in batch if t.order_id is not None),
        client_order_ids=tuple(t.client_id for t in batch if t.order_id is None),
    )


def _taken(outcomes: Iterable[CancelOutcome]) -> set[str]:
    """Return the ids, the venue's and ours, of the orders whose cancel was taken."""
    return {
        name
        for outcome in outcomes
        if outcome.status == _QUEUED
        for name in (outcome.id, outcome.client_id)
        if name
    }


def _speaks_of_end(error: ParadexError) -> bool:
    return isinstance(error, NotFoundError) or error.code in _ENDED_CODES
