"""What REST knows of algo orders and of what may be their children."""

from typing import Final

from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.snapshot import fill_order
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.messages import AlgoOrder
from nautilus_paradex.protocol.orders.algo import NS_PER_MS
from nautilus_paradex.protocol.orders.algo import SKEW_NS
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo import algo_state
from nautilus_paradex.protocol.orders.algo_book import AlgoBook
from nautilus_paradex.protocol.orders.algo_followed import FollowedAlgo


#: Fills are asked for from a little before their order.
_OVERLAP_MS: Final = 1_000


class AlgoReader:
    """
    Reads algo orders, their children and the children's fills into the book.

    Every method raises `ParadexError` if the venue cannot be asked.

    Parameters
    ----------
    book : AlgoBook
        Takes what is read.
    rest : ParadexRest
        Asks.
    timing : Timing
        Clock.

    """

    def __init__(self, book: AlgoBook, rest: ParadexRest, timing: Timing) -> None:
        self._book = book
        self._rest = rest
        self._timing = timing

    async def read_states(self) -> dict[str, AlgoState]:
        """Read the algo orders that are followed; return them and all that are open, by id."""
        # Before the question: what happens later is not in its answer.
        now_ns = self._timing.time_ns()
        states = {s.algo_id: s for s in map(algo_state, await self._open())}
        gone = [a for a in self._book if a.state is not None and a.algo_id not in states]
        for market in {algo.market for algo in gone}:
            since_ns = min(algo.since_ns for algo in gone if algo.market == market)
            states |= await self.history(market, since_ns)
        for algo in self._book:
            state = states.get(algo.algo_id)
            if state is None and algo.state is not None:
                state = await self._one(algo)
            if state is not None:
                algo.take(state, now_ns)
        return states

    async def _open(self) -> list[AlgoOrder]:
        try:
            return await self._rest.algo_orders()
        except NotFoundError:
            # A venue without this list has no algo orders, and everything else goes on without.
            if not self._book.is_idle:
                raise
            return []

    async def history(self, market: str, since_ns: int) -> dict[str, AlgoState]:
        """Return a market's algo orders since a time, UNIX nanoseconds, by id."""
        start_ms = (since_ns - SKEW_NS) // NS_PER_MS
        rows = await self._rest.algo_orders_history(market=market, start_ms=start_ms)
        return {state.algo_id: state for state in map(algo_state, rows)}

    async def _one(self, algo: FollowedAlgo) -> AlgoState | None:
        """Return an algo order that no list shows; it may be on its way from one to the other."""
        try:
            return algo_state(await self._rest.algo_order(algo.algo_id))
        except NotFoundError as e:
            if e.outcome_unknown:
                raise  # a 404 of something in between is no word of the venue
            return None

    async def read_children(self) -> None:
        """Read the orders that may be children, where there is something to find out."""
        for market, start_ms in self._book.markets_to_read().items():
            orders = await self._rest.orders_history(market=market, start_ms=start_ms, unread={})
            for update in orders:
                self._book.take_order(update, self._timing.time_ns(), is_read=True)

    async def missing_fills(self) -> list[Fill]:
        """Return the fills of children that are known by their orders only, as they are."""
        short = self._book.short_children()
        found = []
        for market in {update.market for update in short}:
            ids = {update.order_id for update in short if update.market == market}
            oldest_ns = min(u.created_ns for u in short if u.market == market)
            start_ms = oldest_ns // NS_PER_MS - _OVERLAP_MS
            fills = await self._rest.fills(market=market, start_ms=start_ms)
            found += [fill for fill in fills if fill.order_id in ids]
        return sorted(found, key=fill_order)
