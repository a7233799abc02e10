"""Connections that are cut again and again (S4, S6, E10, E12)."""

import asyncio
import functools
import os
from collections import Counter

import pytest

from tests.conftest import Count
from tests.faults.sessions import Session
from tests.virtual.leaks import grown
from tests.virtual.leaks import holdings
from tests.virtual.sessions import SLOW_VENUE
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import rest_orders
from tests.virtual.stories import until_healthy
from tests.virtual.traffic import Traffic
from tests.virtual.venue_counts import VenueCounts
from tests.virtual.venue_counts import placed_by_node


#: Reconnects of the private stream; as many of the public one come with them.
_RECONNECTS = int(os.environ.get("STORM_RECONNECTS", "500"))

#: Until then caches fill and connections of pools are made.
_WARM = 20

#: Lines that may be logged for one connection of each stream: lost, connected, authenticated,
#: reconciled, and what the framework says of each reconciliation and event.
_LINES_A_CONNECTION = 60


def reconnects(at: Session) -> int:
    """Return how often the private stream was back."""
    return int(at.node.execution.stream_status().reconnects)


async def cut_once(at: VirtualSession, traffic: Traffic) -> None:
    """Cut all connections, at once or a while after they are healthy, or on their way to it."""
    before = reconnects(at)
    await at.venue.drop_connections()
    traffic.step()
    if at.chance.random() < 0.2:
        # On the way back: connecting, authenticating, subscribing or reconciling.
        await asyncio.sleep(1.2 * at.chance.random())
        await at.venue.drop_connections()
    while reconnects(at) == before or not at.node.execution.stream_status().healthy:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.05)


async def storm(at: VirtualSession, figures: Counter[str], *, count: int) -> None:
    traffic, counts = Traffic(at), VenueCounts(at)
    await rest_orders(at)
    before: Counter[str] = Counter()
    lines = 0
    while reconnects(at) < count:
        await cut_once(at, traffic)
        if not before and reconnects(at) >= _WARM:
            await at.ends_equal()
            before, lines = holdings(at), at.node.log().count("\n")
    await until_healthy(at)
    await at.ends_equal()
    assert grown(before, holdings(at)) == []
    assert counts.excesses() == []
    assert counts.total("connects") > 1.5 * count
    logged = at.node.log().count("\n") - lines
    assert logged < _LINES_A_CONNECTION * (count - _WARM)
    assert all(n == 1 for n in placed_by_node(at).values())
    queries = at.venue.exchange.queries
    figures["reconnects"] = reconnects(at)
    figures["orders"] = len(queries.order_history(at.account))
    figures["fills"] = len(queries.fills(at.account))


@pytest.mark.survives(3)
@pytest.mark.parametrize("seed", seeds(1))
def test_s4_e12_storm_of_reconnects_keeps_the_limits_and_leaks_nothing(
    seed: int, count: Count
) -> None:
    figures: Counter[str] = Counter()
    story = functools.partial(storm, figures=figures, count=_RECONNECTS)
    tell(story, seed, config=SLOW_VENUE)
    count(seed=seed, **figures)
