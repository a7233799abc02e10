"""
Which orders are children of which algo order (trap 50).

The venue does not say it. What proves it is either the signature timestamp, where the venue repeats
the algo order's on its children, or the algo order's own filled size: the orders that add up to it
in one way only are its children. Where several ways add up, the average fill price decides; where
it does not, nothing is tied.
"""

from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Final

import msgspec

from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import plus
from nautilus_paradex.protocol.numbers import total
from nautilus_paradex.protocol.orders.algo import SKEW_NS


#: Orders that are searched for the ones that add up; beyond it only all of them together may.
_MAX_SEARCHED: Final = 64
_MAX_STEPS: Final = 20_000


class Child(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An ended order that may be a child."""

    order_id: str
    created_ns: int
    filled: Decimal
    """Base units."""
    cost: Decimal
    """Price times size of what was filled."""
    signature_ns: int | None
    """None where it is not known: only JSON carries it."""


class Parent(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An algo order and what it has filled that no child is known for."""

    algo_id: str
    since_ns: int
    """Its children are not older."""
    until_ns: int | None
    """Nor younger."""
    signature_ns: int | None
    """None where it is not known: of an order that was signed elsewhere."""
    need: Decimal
    """Base units."""
    need_cost: Decimal | None
    """Price times size of what it needs; None where the venue does not say."""
    precision: Decimal
    """How far `need_cost` may be off, from the digits that the venue gives."""

    def may_have(self, child: Child) -> bool:
        """Return if an order falls into its time."""
        if child.created_ns < self.since_ns - SKEW_NS:
            return False
        return self.until_ns is None or child.created_ns <= self.until_ns

    def is_paid_by(self, children: Iterable[Child]) -> bool:
        """Return if orders have the price that the venue gives."""
        if self.need_cost is None:
            return True
        cost = total(child.cost for child in children)
        return minus(cost, self.need_cost).copy_abs() <= self.precision


class Ties(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What was found."""

    parents: dict[str, str]
    """Child order id -> algo id."""
    signatures: dict[str, int]
    """Algo id -> signature timestamp that its children were found to share."""
    are_signed: bool
    """If the venue is seen to repeat an algo order's signature timestamp on its children."""
    is_ambiguous: bool
    """If orders add up in more than one way, which cannot be told apart."""


type _Assignment = dict[str, list[Child]]


def tie(
    parents: Sequence[Parent],
    children: Sequence[Child],
    *,
    are_signed: bool = False,
    by_size: bool = True,
    is_last_try: bool = False,
) -> Ties:
    """
    Return which orders of one market and side are children of which algo order.

    Parameters
    ----------
    parents : Sequence[Parent]
        The algo orders.
    children : Sequence[Child]
        The orders that are not tied yet, ascending by creation.
    are_signed : bool, default False
        If the venue was seen to repeat signature timestamps before: then nothing else counts for
        an algo order whose own is known.
    by_size : bool, default True
        If sizes may prove anything: not while the account has an algo order that is not known.
    is_last_try : bool, default False
        If orders that add up in one way only are tied although their price says otherwise.

    """
    tied = _by_signature(parents, children)
    are_signed = are_signed or bool(tied)
    needs = {parent.algo_id: parent for parent in _still_needing(parents, children, tied)}
    signatures: dict[str, int] = {}
    for parent in sorted(needs.values(), key=lambda p: p.since_ns):
        group = _signed_alike(parent, _left(children, tied))
        if group:
            tied |= {child.order_id: parent.algo_id for child in group}
            signatures[parent.algo_id] = group[0].signature_ns or 0
            del needs[parent.algo_id]
    shared = _shared_signatures(parents)
    searched = [
        parent
        for parent in needs.values()
        if parent.signature_ns is None or parent.signature_ns in shared or not are_signed
    ]
    is_ambiguous = False
    if by_size and searched:
        found, is_ambiguous = _by_size(searched, _left(children, tied), is_last_try=is_last_try)
        tied |= found
    return Ties(
        parents=tied,
        signatures=signatures,
        are_signed=are_signed or bool(signatures),
        is_ambiguous=is_ambiguous,
    )


def _left(children: Iterable[Child], tied: dict[str, str]) -> list[Child]:
    return [child for child in children if child.order_id not in tied]


def _still_needing(
    parents: Iterable[Parent], children: Iterable[Child], tied: dict[str, str]
) -> list[Parent]:
    """Return the algo orders whose fills are not explained yet, with what is left of their need."""
    size: defaultdict[str, Decimal] = defaultdict(Decimal)
    cost: defaultdict[str, Decimal] = defaultdict(Decimal)
    for child in children:
        if child.order_id in tied:
            of = tied[child.order_id]
            size[of], cost[of] = plus(size[of], child.filled), plus(cost[of], child.cost)
    left = [
        msgspec.structs.replace(
            parent,
            need=minus(parent.need, size[parent.algo_id]),
            need_cost=(
                None if parent.need_cost is None else minus(parent.need_cost, cost[parent.algo_id])
            ),
        )
        for parent in parents
    ]
    return [parent for parent in left if parent.need > 0]


# -- BY SIGNATURE ----------------------------------------------------------------------------------


def _shared_signatures(parents: Iterable[Parent]) -> set[int]:
    """Return the signature timestamps that cannot tell algo orders apart."""
    times = Counter(p.signature_ns for p in parents if p.signature_ns is not None)
    return {signature_ns for signature_ns, count in times.items() if count > 1}


def _by_signature(parents: Sequence[Parent], children: Iterable[Child]) -> dict[str, str]:
    shared = _shared_signatures(parents)
    owners = {p.signature_ns: p.algo_id for p in parents if p.signature_ns not in shared}
    return {
        child.order_id: owners[child.signature_ns]
        for child in children
        if child.signature_ns is not None and child.signature_ns in owners
    }


def _signed_alike(parent: Parent, children: Iterable[Child]) -> list[Child]:
    """
    Return the orders that share one signature timestamp and add up to a need.

    No two orders of an account are signed in one millisecond but by one algo order.
    """
    if parent.signature_ns is not None:
        return []
    groups: defaultdict[int, list[Child]] = defaultdict(list)
    for child in children:
        # Signed before the algo order began; a child is younger than its signature.
        if child.signature_ns is not None and child.signature_ns <= parent.since_ns + SKEW_NS:
            groups[child.signature_ns].append(child)
    whole = [
        group
        for group in groups.values()
        if len(group) > 1
        and all(parent.may_have(child) for child in group)
        and total(child.filled for child in group) == parent.need
    ]
    return whole[0] if len(whole) == 1 else []


# -- BY SIZE ---------------------------------------------------------------------------------------


def _by_size(
    parents: list[Parent], children: list[Child], *, is_last_try: bool
) -> tuple[dict[str, str], bool]:
    """Return what is tied, and if there was more than one way."""
    children = [child for child in children if child.filled > 0]
    ways = _ways(parents, children)
    if ways is None:
        return {}, True
    priced = [way for way in ways if all(p.is_paid_by(way[p.algo_id]) for p in parents)]
    if len(priced) == 1 or (not priced and len(ways) == 1 and is_last_try):
        (way,) = priced or ways
        return {child.order_id: algo_id for algo_id, own in way.items() for child in own}, False
    return {}, len(ways) > 1


def _ways(parents: list[Parent], children: list[Child]) -> list[_Assignment] | None:
    """
    Return the ways in which orders add up to every need; None if there are too many to look at.

    Orders of the same size and price stand for each other: the earlier is taken.
    """
    need = total(parent.need for parent in parents)
    found = total(child.filled for child in children)
    if found < need:
        return []
    if found == need and len(parents) == 1:
        (parent,) = parents
        whole = {parent.algo_id: children}
        return [whole] if all(parent.may_have(child) for child in children) else []
    if len(children) > _MAX_SEARCHED:
        return None
    return _Search(parents, children).run()


class _Search:
    """A walk through the ways to give each order to one algo order or to none."""

    def __init__(self, parents: list[Parent], children: list[Child]) -> None:
        self._parents = parents
        self._children = children
        self._needs = [parent.need for parent in parents]
        self._own: list[list[Child]] = [[] for _ in parents]
        sizes = [child.filled for child in reversed(children)]
        self._rest = [*accumulate(sizes, plus, initial=Decimal(0))][::-1]
        self._ways: dict[object, _Assignment] = {}
        self._steps = 0

    def run(self) -> list[_Assignment] | None:
        self._walk(0)
        return None if self._steps > _MAX_STEPS else list(self._ways.values())

    def _walk(self, index: int) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            return
        if not any(self._needs):
            self._note()
            return
        if self._rest[index] < total(self._needs):
            return
        child = self._children[index]
        for number, parent in enumerate(self._parents):
            if child.filled <= self._needs[number] and parent.may_have(child):
                self._needs[number] = minus(self._needs[number], child.filled)
                self._own[number].append(child)
                self._walk(index + 1)
                self._own[number].pop()
                self._needs[number] = plus(self._needs[number], child.filled)
        self._walk(index + 1)

    def _note(self) -> None:
        key = tuple(tuple(sorted((c.filled, c.cost) for c in own)) for own in self._own)
        if key not in self._ways:
            self._ways[key] = {
                parent.algo_id: list(own)
                for parent, own in zip(self._parents, self._own, strict=True)
            }
