"""
A node and a venue whose clocks are minutes apart, and are set while it trades (rules E2, E6, E10).

Signatures, receive windows and the ranges of what was missed are in the venue's time: with the
node's own clock a fill would lie outside of the gap that is read, or an order would be refused.
"""

import asyncio
from collections.abc import Callable

import pytest

from nautilus_paradex.network.clock import COMPARE_SECS
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.faults import LostResponse
from tests.acceptance.node import Trader
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual import sessions
from tests.virtual.node_time import LoopTiming
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import until_healthy


MINUTE_MS = 60_000


def set_venues_clock(monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    """Let every venue begin so many minutes ahead of the node."""

    def venue(**settings: object) -> LocalParadex:
        local = LocalParadex(**settings)
        local.jump_clock(minutes * MINUTE_MS)
        return local

    monkeypatch.setattr(sessions, "LocalParadex", venue)


async def cut_and_traded(at: VirtualSession) -> None:
    """Let the node miss fills: its stream is cut, and its orders are filled meanwhile."""
    sold = await at.rest(SELL, "1", "2501")
    bought = await at.rest(BUY, "1", "2499")
    await at.venue.stop_serving()
    at.rival.place("BUY", "1", "2501", "IOC")
    at.rival.place("SELL", "0.4", "2499", "IOC")
    # An order of another client of the account, which only the gap's own range can tell.
    at.rival.place("SELL", "0.3", "2505")
    Trader(at.venue, at.account).place("BUY", "0.3", "2505", "IOC")
    await asyncio.sleep(20)
    await at.venue.resume_serving()
    await until_healthy(at)
    await until(lambda: sold.is_closed and bought.filled_qty.as_decimal(), (sold, bought))
    await at.ends_equal()


async def lost_create(at: VirtualSession) -> None:
    """Lose the answer to a create, which the venue has carried out."""
    at.venue.faults.add(LostResponse(method="POST", path="/orders"))
    order = await at.rest(BUY, "1", "2490")
    assert order.venue_order_id is not None
    assert at.sent("POST") > 0


async def whole_story(at: VirtualSession) -> None:
    """Trade, miss fills, lose an answer."""
    await cut_and_traded(at)
    await lost_create(at)


@pytest.mark.parametrize("minutes", [-10, 10])
@pytest.mark.parametrize("seed", seeds(3))
def test_e10_clocks_that_are_minutes_apart_hide_no_fill_and_refuse_no_order(
    monkeypatch, seed, minutes
):
    set_venues_clock(monkeypatch, minutes)
    tell(whole_story, seed)


def sets_our_clock(minutes: float, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def set_it() -> None:
        time_ns, time_ms = LoopTiming.time_ns, LoopTiming.time_ms
        ahead_ms = round(minutes * MINUTE_MS)
        monkeypatch.setattr(LoopTiming, "time_ns", lambda its: time_ns(its) + ahead_ms * 10**6)
        monkeypatch.setattr(LoopTiming, "time_ms", lambda its: time_ms(its) + ahead_ms)

    return set_it


@pytest.mark.parametrize("minutes", [-10, 10])
@pytest.mark.parametrize("seed", seeds(4))
def test_e6_our_own_clock_that_is_set_in_mid_session_refuses_no_order_and_proves_nothing(
    monkeypatch, seed, minutes
):
    set_clock = sets_our_clock(minutes, monkeypatch)

    async def story(at: VirtualSession) -> None:
        at.venue.faults.add(LostResponse(method="POST", path="/orders"))
        order = at.desk.limit(BUY, "1", "2490", post_only=True)
        await until(lambda: at.sent("POST") > 0, "the create has arrived")
        set_clock()
        await until(lambda: order.venue_order_id is not None, lambda: order)
        await at.rest(SELL, "1", "2510")
        await cut_and_traded(at)

    tell(story, seed)


@pytest.mark.parametrize("minutes", [-10, 10])
@pytest.mark.parametrize("seed", seeds(5))
def test_e2_a_venue_whose_clock_is_set_in_mid_session_is_followed(seed, minutes):
    async def story(at: VirtualSession) -> None:
        await at.rest(BUY, "1", "2490")
        at.venue.jump_clock(minutes * MINUTE_MS)
        await asyncio.sleep(2 * COMPARE_SECS)
        await at.rest(SELL, "1", "2510")
        await cut_and_traded(at)

    tell(story, seed)
