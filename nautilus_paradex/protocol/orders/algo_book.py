"""
The algo orders that are followed, and the orders that may be their children.

Feed it what orders, fills and algo orders say, in any order and as often as they say it; ask it to
decide whenever something may have changed. What it cannot prove it gives back after a while, as
orders of their own: never is a fill made up, and never told of two orders.
"""

from collections import OrderedDict
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import msgspec

from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import times
from nautilus_paradex.protocol.numbers import total
from nautilus_paradex.protocol.orders.algo import NS_PER_MS
from nautilus_paradex.protocol.orders.algo import NS_PER_SEC
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo_followed import Candidate
from nautilus_paradex.protocol.orders.algo_followed import FollowedAlgo
from nautilus_paradex.protocol.orders.algo_ties import tie


#: How long after an order's end an algo order may take to count it.
TIE_PATIENCE_NS: Final = 10 * NS_PER_SEC

#: How long an algo order may have filled something that no order is known for: less than its
#: follower waits for the fills of an order that has ended.
MISSING_PATIENCE_NS: Final = 45 * NS_PER_SEC

#: Orders are read from a little before the last child: services stamp by their own clocks.
_OVERLAP_NS: Final = 60 * NS_PER_SEC

_MAX_CHILDREN: Final = 50_000
_MAX_STRANGERS: Final = 10_000
_MAX_ENDED: Final = 1_000


class Tied(msgspec.Struct, frozen=True):
    """An order that is proven to be a child."""

    algo: FollowedAlgo
    fills: tuple[Fill, ...]
    """Those that are here, as fills of the algo order."""


class Released(msgspec.Struct, frozen=True):
    """An order that is not proven to be a child: it is one of its own."""

    update: OrderUpdate
    fills: tuple[Fill, ...]


class WrittenOff(msgspec.Struct, frozen=True):
    """What an algo order has filled by orders that cannot be told from others."""

    algo: FollowedAlgo
    size: Decimal


type Decision = Tied | Released | WrittenOff


class AlgoBook:
    """
    Algo orders and their children.

    Parameters
    ----------
    tie_patience_ns : int
        How long after an order's end an algo order may take to count it.
    missing_patience_ns : int
        How long an algo order may have filled something that no order is known for.

    """

    def __init__(
        self,
        tie_patience_ns: int = TIE_PATIENCE_NS,
        missing_patience_ns: int = MISSING_PATIENCE_NS,
    ) -> None:
        self.tie_patience_ns = tie_patience_ns
        self.missing_patience_ns = missing_patience_ns
        self._algos: list[FollowedAlgo] = []
        self._ended: OrderedDict[str, FollowedAlgo] = OrderedDict()
        self._candidates: dict[str, Candidate] = {}
        self._children: OrderedDict[str, FollowedAlgo] = OrderedDict()
        self._short: dict[str, tuple[OrderUpdate, Decimal]] = {}
        self._strangers: OrderedDict[str, None] = OrderedDict()
        self._are_signed = False

    # -- ALGO ORDERS -------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[FollowedAlgo]:
        """Yield the algo orders that are followed."""
        return iter(list(self._algos))

    def expect(
        self, *, client_id: str, market: str, side: Side, size: Decimal, signed_ns: int
    ) -> FollowedAlgo:
        """Follow an algo order that is about to be sent: its first child may come first."""
        algo = FollowedAlgo(
            client_id=client_id,
            market=market,
            side=side,
            size=size,
            since_ns=signed_ns,
            signature_ns=signed_ns,
        )
        self._algos.append(algo)
        return algo

    def follow(self, state: AlgoState, client_id: str, now_ns: int) -> FollowedAlgo:
        """Follow an algo order that was placed before, or by someone else."""
        algo = FollowedAlgo(
            client_id=client_id,
            market=state.market,
            side=state.side,
            size=state.size,
            since_ns=state.created_ns,
            signature_ns=None,
        )
        algo.take(state, now_ns)
        self._algos.append(algo)
        return algo

    def forget(self, algo: FollowedAlgo) -> None:
        """Follow an algo order no more: the venue never had it."""
        self._algos.remove(algo)

    def retire(self, algo: FollowedAlgo) -> None:
        """Follow an algo order no more: it has ended. Its children stay its own."""
        self._algos.remove(algo)
        algo.end()
        self._ended[algo.algo_id] = algo
        if len(self._ended) > _MAX_ENDED:
            self._ended.popitem(last=False)

    def find(self, *, client_id: str = "", algo_id: str = "") -> FollowedAlgo | None:
        """Return an algo order by either id, an ended one by the venue's; that one decides."""
        for algo in self._algos:
            if algo_id and algo.algo_id == algo_id:
                return algo
            if client_id and algo.client_id == client_id and algo_id in ("", algo.algo_id):
                return algo
        return self._ended.get(algo_id)

    # -- CHILDREN ----------------------------------------------------------------------------------

    def take_order(self, update: OrderUpdate, now_ns: int, *, is_read: bool = False) -> bool:
        """
        Return if an order is a child, or may be one: then nobody else is to take it.

        Parameters
        ----------
        update : OrderUpdate
            What an order says of itself.
        now_ns : int
            The time.
        is_read : bool, default False
            If REST says it, which knows the signature timestamp.

        """
        if update.order_id in self._children:
            return True
        candidate = self._candidates.get(update.order_id)
        if candidate is None:
            if update.order_id in self._strangers or not any(
                algo.may_have(update) and algo.algo_id != update.order_id for algo in self._algos
            ):
                return False
            candidate = self._candidates[update.order_id] = Candidate(update)
        candidate.take(update, now_ns, is_read=is_read)
        return True

    def take_fill(self, fill: Fill) -> Fill | None:
        """Return a known child's fill as its algo order's own; None if it is no child's."""
        algo = self._children.get(fill.order_id)
        if algo is None:
            return None
        if fill.order_id in self._short and not algo.has_fill(fill):
            update, missing = self._short.pop(fill.order_id)
            if missing > fill.size:
                self._short[fill.order_id] = (update, minus(missing, fill.size))
        return algo.count(fill)

    def hold_fill(self, fill: Fill) -> bool:
        """Keep a fill of an order that may be a child; False if there is no such order."""
        candidate = self._candidates.get(fill.order_id)
        if candidate is None:
            return False
        candidate.fills[fill.key] = fill
        return True

    def adopt(self, algo: FollowedAlgo, order_id: str) -> None:
        """Tie an order that is known to be a child, by a fill of it that was told before."""
        candidate = self._candidates.get(order_id)
        if candidate is not None:
            self._tie(algo, candidate)

    def is_candidate(self, order_id: str) -> bool:
        """Return if it is not decided yet whose an order is."""
        return order_id in self._candidates

    def parent_of(self, order_id: str) -> FollowedAlgo | None:
        """Return the algo order of a child."""
        return self._children.get(order_id)

    def candidates(self, market: str | None = None) -> list[OrderUpdate]:
        """Return the orders that are not decided yet."""
        return [
            candidate.update
            for candidate in self._candidates.values()
            if market in (None, candidate.update.market)
        ]

    def awaits_child(self, algo: FollowedAlgo) -> bool:
        """Return if there are orders that may still turn out to be an algo order's."""
        return any(algo.may_have(candidate.update) for candidate in self._candidates.values())

    def held_size(self, market: str) -> Decimal:
        """Return the size of the fills that are not told yet, base units; sales are negative."""
        return total(
            times(fill.size, Decimal(fill.side.sign))
            for candidate in self._candidates.values()
            for fill in candidate.fills.values()
            if fill.market == market
        )

    # -- WHAT IS MISSING ---------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """If nothing is followed and nothing is undecided."""
        return not self._algos and not self._candidates

    @property
    def is_settled(self) -> bool:
        """If nothing is left to find out at this moment."""
        return not self._candidates and all(algo.is_settled for algo in self._algos)

    def markets_to_read(self) -> dict[str, int]:
        """Return the markets whose orders have to be read, and from when, UNIX milliseconds."""
        wanted: dict[str, int] = {}
        for algo in self._algos:
            has_unread = any(
                not candidate.is_read and algo.may_have(candidate.update)
                for candidate in self._candidates.values()
            )
            if algo.need > 0 or has_unread:
                since_ms = (algo.explained_ns - _OVERLAP_NS) // NS_PER_MS
                wanted[algo.market] = min(wanted.get(algo.market, since_ms), since_ms)
        return wanted

    def short_children(self) -> list[OrderUpdate]:
        """Return the children whose fills are not all here."""
        return [update for update, _ in self._short.values()]

    # -- DECISIONS ---------------------------------------------------------------------------------

    def decide(self, now_ns: int) -> list[Decision]:
        """Return what can be said now of orders that may be children."""
        groups: defaultdict[tuple[str, Side], list[Candidate]] = defaultdict(list)
        for algo in self._algos:
            groups[algo.market, algo.side] = []
        for candidate in self._candidates.values():
            groups[candidate.update.market, candidate.update.side].append(candidate)
        decisions: list[Decision] = []
        for (market, side), candidates in groups.items():
            algos = [a for a in self._algos if (a.market, a.side) == (market, side)]
            candidates.sort(key=lambda c: (c.update.created_ns, c.update.order_id))
            decisions += self._decide_group(algos, candidates, now_ns)
        for algo in self._algos:
            algo.note_explained()
        return decisions

    def _decide_group(
        self, algos: list[FollowedAlgo], candidates: list[Candidate], now_ns: int
    ) -> list[Decision]:
        """Decide of the orders of one market and side."""
        decisions: list[Decision] = [
            self._release(candidate)
            for candidate in candidates
            if not any(algo.may_have(candidate.update) for algo in algos)
        ]
        ended = [c for c in candidates if c.ended_ns is not None and self._is_undecided(c)]
        answered = {algo.algo_id: algo for algo in algos if algo.state is not None}
        is_waiting = len(answered) < len(algos)
        late = [] if is_waiting else [c for c in ended if self._is_late(c, answered.values())]
        ties = tie(
            [algo.as_parent(algo.state) for algo in answered.values() if algo.state is not None],
            [candidate.as_child() for candidate in ended],
            are_signed=self._are_signed,
            by_size=not is_waiting,
            is_last_try=bool(late),
        )
        self._are_signed = ties.are_signed
        for algo_id, signature_ns in ties.signatures.items():
            answered[algo_id].signature_ns = signature_ns
        for candidate in ended:
            parent = ties.parents.get(candidate.update.order_id)
            if parent is not None:
                decisions.append(self._tie(answered[parent], candidate))
        given_up = [
            c for c in ended if self._is_undecided(c) and (c in late or self._is_foreign(c, algos))
        ]
        decisions += [self._release(candidate) for candidate in given_up]
        is_lost = bool(given_up) and ties.is_ambiguous
        is_open = is_waiting or any(self._is_undecided(candidate) for candidate in candidates)
        for algo in answered.values():
            is_late = not is_open and algo.has_waited(now_ns, self.missing_patience_ns)
            if algo.need > 0 and (is_lost or is_late):
                decisions.append(WrittenOff(algo, algo.write_off()))
        return decisions

    def _is_undecided(self, candidate: Candidate) -> bool:
        return candidate.update.order_id in self._candidates

    def _is_late(self, candidate: Candidate, algos: Iterable[FollowedAlgo]) -> bool:
        """If every algo order was read long after an order's end."""
        ended_ns = candidate.ended_ns or 0
        return all(algo.read_ns >= ended_ns + self.tie_patience_ns for algo in algos)

    def _is_foreign(self, candidate: Candidate, algos: Iterable[FollowedAlgo]) -> bool:
        """If its signature timestamp proves that an order is of none of them."""
        signature_ns = candidate.update.signature_ns
        if not self._are_signed or signature_ns is None:
            return False
        return all(algo.signature_ns not in (None, signature_ns) for algo in algos)

    def _tie(self, algo: FollowedAlgo, candidate: Candidate) -> Tied:
        update = candidate.update
        del self._candidates[update.order_id]
        self._children[update.order_id] = algo
        if len(self._children) > _MAX_CHILDREN:
            self._children.popitem(last=False)
        algo.tie(candidate.as_child())
        if update.filled_size:
            self._short[update.order_id] = (update, update.filled_size)
        fills = [self.take_fill(fill) for fill in candidate.fills.values()]
        return Tied(algo, tuple(fill for fill in fills if fill is not None))

    def _release(self, candidate: Candidate) -> Released:
        del self._candidates[candidate.update.order_id]
        self._strangers[candidate.update.order_id] = None
        if len(self._strangers) > _MAX_STRANGERS:
            self._strangers.popitem(last=False)
        return Released(candidate.update, tuple(candidate.fills.values()))
