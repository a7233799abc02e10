"""Sessions of a node whose books are disturbed, in virtual time, from a list of disturbances."""

import asyncio
import functools
from collections import Counter
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Sequence
from typing import Final
from typing import NamedTuple

import pytest

from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import RunningNode
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.virtual.book_truth import BookWatcher
from tests.virtual.book_truth import Truth
from tests.virtual.book_truth import Wanted
from tests.virtual.node_time import nodes_in_virtual_time


SOL: Final = type(ETH).from_str("SOL-USD-PERP.PARADEX")

#: A book alone, one with RPI liquidity on a socket of its own, and one with a second book.
WANTED: Final = (Wanted(ETH), Wanted(BTC, interactive=True), Wanted(SOL, depth=True))

BOOK_CHANNELS: Final = (
    f"order_book.{ETH.symbol}.deltas",
    f"order_book.{BTC.symbol}.interactive_deltas",
    f"order_book.{SOL.symbol}.deltas",
    f"order_book.{SOL.symbol}.snapshot@15@100ms",
)
_MARKETS: Final = (ETH.symbol.value, BTC.symbol.value, SOL.symbol.value, SOL.symbol.value)

_FIRST_NUMBER: Final = 1_000_000

#: Virtual seconds within which every book has to be right again: a gap's longest pause is a minute.
_RIGHT_AGAIN_S: Final = 150.0


class At(NamedTuple):
    """A session under way."""

    venue: LocalParadex
    node: RunningNode
    watcher: BookWatcher
    loop: VirtualLoop


class Disturbance(NamedTuple):
    """What happens, to which channel, how much of it, and how long until the next."""

    kind: str
    channel: int
    amount: int
    wait_ms: int


def _frames(kind: type[faults.StreamFault], **fields: object) -> Callable[[At, Disturbance], None]:
    def disturb(at: At, what: Disturbance) -> None:
        channels = (BOOK_CHANNELS[what.channel],)
        at.venue.faults.add(kind(channels=channels, n=what.amount, **fields))

    return disturb


def _books(kind: type[faults.BookFault], **fields: object) -> Callable[[At, Disturbance], None]:
    def disturb(at: At, what: Disturbance) -> None:
        at.venue.faults.add(kind(market=_MARKETS[what.channel], n=what.amount, **fields))

    return disturb


def _crossed(snapshots: bool | None) -> Callable[[At, Disturbance], None]:
    def disturb(at: At, what: Disturbance) -> None:
        # A book with RPI liquidity may be crossed: nobody can tell that it is wrong.
        if what.channel != 1:
            _books(faults.CrossedBook, snapshots=snapshots)(at, what)

    return disturb


def _snapshot_behind(at: At, what: Disturbance) -> None:
    # Of a snapshot that is a book by itself nobody can tell that its number is wrong.
    if what.channel < 2:
        at.venue.faults.add(faults.Lose(channels=(BOOK_CHANNELS[what.channel],)))
        _books(faults.SequenceJump, by=-3, snapshots=True)(at, what)


def _stale(at: At, what: Disturbance) -> None:
    at.venue.faults.add(faults.Lose(channels=(BOOK_CHANNELS[what.channel],)))
    _books(faults.StaleBook)(at, what)


def _lost_snapshot(at: At, what: Disturbance) -> None:
    """Lose a delta, those until the gap is noticed and answered, and the snapshot among them."""
    at.venue.faults.add(faults.Lose(channels=(BOOK_CHANNELS[what.channel],), n=2 + what.amount))


def _quotes(kind: type[faults.StreamFault]) -> Callable[[At, Disturbance], None]:
    def disturb(at: At, what: Disturbance) -> None:
        at.venue.faults.add(kind(channels=("bbo",), n=what.amount))

    return disturb


def _cut(at: At, what: Disturbance) -> None:
    at.venue.faults.add(faults.DropAfterFrames(frames=what.amount))


async def _away(at: At, what: Disturbance) -> None:
    await at.venue.stop_serving()
    await asyncio.sleep(what.amount)
    await at.venue.resume_serving()


KINDS: Final[dict[str, Callable[[At, Disturbance], Awaitable[None] | None]]] = {
    "gap": _frames(faults.Lose),
    "garbled": _frames(faults.Garble),
    "repeat": _frames(faults.Duplicate),
    "reorder": _frames(faults.Reorder),
    "late": _frames(faults.Delay, ms=1500.0),
    "in pieces": _frames(faults.Fragment, size=40),
    "stall": _frames(faults.Stall, seconds=4.0),
    "unknown frame": _frames(faults.UnknownFrame),
    "later version": _frames(faults.UnknownFrameFields),
    "stale snapshot": _stale,
    "lost snapshot": _lost_snapshot,
    "crossed": _crossed(None),
    "crossed snapshot": _crossed(True),
    "number ahead": _books(faults.SequenceJump, by=7),
    "number behind": _books(faults.SequenceJump, by=-7),
    "numbers anew": _books(faults.SequenceJump, by=-990_000),
    "snapshot's number behind": _snapshot_behind,
    "quotes repeated": _quotes(faults.Duplicate),
    "quotes reordered": _quotes(faults.Reorder),
    "quotes lost": _quotes(faults.Lose),
    "cut": _cut,
    "away": _away,
}


def disturbed(
    disturbances: Sequence[Disturbance], seed: int, *, sbe_version: int | None = 2
) -> Counter[str]:
    """
    Let a node's books be disturbed; see that they are never wrong, and right at the end.

    Parameters
    ----------
    disturbances : Sequence[Disturbance]
        What happens.
    seed : int
        Of the venue's market and the adapter's jitter.
    sbe_version : int, optional
        The venue's latest version; JSON where None.

    Returns
    -------
    Counter[str]
        How much was compared, and which faults fired.

    """
    watcher = BookWatcher(WANTED)

    async def main(loop: VirtualLoop) -> None:
        async with LocalParadex(
            seed=seed,
            driven=sorted(set(_MARKETS)),
            clock_us=loop.wall_us,
            config=SimulatorConfig(sbe_max_version=sbe_version),
        ) as venue:
            for market in _MARKETS:
                # As after a long life: numbers that start anew are far below.
                venue.exchange._core.market(market).book.seq_no = _FIRST_NUMBER
            watcher.truth = Truth(venue, patch)
            ids = [each.instrument_id for each in WANTED]
            async with running_node(
                venue, actors=[watcher], instruments=ids, may_fail=True
            ) as node:
                at = At(venue, node, watcher, loop)
                await until(functools.partial(_is_right, at), lambda: _state(at), 20.0)
                await _disturb(at, disturbances)
                watcher.compared.update(type(fault).__name__ for fault in venue.faults.fired)

    try:
        with pytest.MonkeyPatch.context() as patch, nodes_in_virtual_time(seed):
            run_virtual(main)
    finally:
        clear_shared_clients()
    assert not watcher.wrong, watcher.wrong[:10]
    return watcher.compared


async def _disturb(at: At, disturbances: Sequence[Disturbance]) -> None:
    for what in disturbances:
        done = KINDS[what.kind](at, what)
        if done is not None:
            await done
        await asyncio.sleep(what.wait_ms / 1000)
        assert not at.watcher.wrong, at.watcher.wrong[:10]
    at.venue.faults.clear()
    await until(functools.partial(_is_right, at), lambda: _state(at), _RIGHT_AGAIN_S)


def _is_right(at: At) -> bool:
    """If every book is the venue's of this moment, but for what is on its way."""
    watcher, queries = at.watcher, at.venue.exchange
    assert watcher.truth is not None
    for each in WANTED:
        now = queries.book_snapshot(each.instrument_id.symbol.value)[each.interactive].seq_no
        claims = [watcher.at.get(each.instrument_id)]
        if each.depth:
            claims.append(watcher.depth_at.get(each.instrument_id))
        if any(claim is None or not now - _ON_THE_WAY <= claim <= now for claim in claims):
            return False
    return bool(watcher.compared["quotes"])


#: Numbers that a market's book has in the 100 ms between two pushes, and more.
_ON_THE_WAY: Final = 60


def _state(at: At) -> str:
    now = {
        each.instrument_id.symbol.value: at.venue.exchange.book_snapshot(
            each.instrument_id.symbol.value
        )[each.interactive].seq_no
        for each in WANTED
    }
    return f"{at.watcher.at} and {at.watcher.depth_at} are not {now}: {at.watcher.wrong[:5]}"
