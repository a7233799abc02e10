"""The exchange's state is followed once for all clients of a link (rule E14)."""

import asyncio
from datetime import UTC
from datetime import datetime

import pytest

from nautilus_paradex.network.system_state import ALERT_SECS
from nautilus_paradex.network.system_state import CALM_SECS
from nautilus_paradex.network.system_state import HINT_SECS
from nautilus_paradex.network.system_state import SystemStateWatch
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import UnmodelledValue
from tests.network.virtual_timing import VirtualTiming
from tests.network.virtual_timing import settle


OK, POST_ONLY = SystemState.OK, SystemState.POST_ONLY
LOST = TransportError("connection refused", sent=False)


class Log:
    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda message, *rest: self.lines.append((level, message))

    def said(self, level, text=""):
        return [line for its, line in self.lines if its == level and text in line]


class Venue:
    """Answers with a state, an error, or not at all."""

    def __init__(self):
        self.answer = OK
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def system_state(self):
        self.asked += 1
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class World:
    def __init__(self):
        self.venue, self.timing, self.log = Venue(), VirtualTiming(auto=False), Log()
        self.watch = SystemStateWatch(self.venue, self.timing, self.log)
        self.heard = []

    def at(self, text):
        now = datetime.fromisoformat(text).replace(tzinfo=UTC)
        self.timing.wall_ns = int(now.timestamp()) * 10**9

    async def polls(self, seconds):
        before = self.venue.asked
        await self.timing.advance(seconds)
        return self.venue.asked - before


@pytest.fixture
async def world():
    world = World()
    yield world
    await world.watch.close()


# -- LISTENERS -------------------------------------------------------------------------------------


async def test_nothing_is_asked_while_nobody_listens(world):
    world.watch.hint()
    assert await world.polls(600) == 0
    assert world.watch.state is None


async def test_e14_two_clients_share_one_poll(world):
    other = []
    world.watch.listen(world.heard.append)
    world.watch.listen(other.append)
    assert await world.polls(CALM_SECS - 1) == 1
    assert world.heard == other == [OK]


async def test_the_last_listener_ends_the_polls_and_the_next_begins_them_again(world):
    other = []
    world.watch.listen(world.heard.append)
    world.watch.listen(other.append)
    await settle()
    world.watch.forget(world.heard.append)
    world.watch.forget(other.append)
    assert await world.polls(600) == 0
    world.watch.listen(world.heard.append)
    assert await world.polls(1) == 1


async def test_one_listener_that_leaves_does_not_end_the_others(world):
    other = []
    world.watch.listen(world.heard.append)
    world.watch.listen(other.append)
    await settle()
    world.watch.forget(world.heard.append)
    world.venue.answer = POST_ONLY
    await world.timing.advance(CALM_SECS)
    assert (world.heard, other) == ([OK], [OK, POST_ONLY])


async def test_a_listener_that_fails_is_said_and_costs_no_other(world):
    def fail(state):
        raise RuntimeError("boom")

    world.watch.listen(fail)
    world.watch.listen(world.heard.append)
    await settle()
    world.venue.answer = POST_ONLY
    await world.timing.advance(CALM_SECS)
    assert world.heard == [OK, POST_ONLY]
    assert len(world.log.said("exception", "listener")) == 2


async def test_a_closed_watch_asks_nothing_and_can_be_listened_to_again(world):
    world.watch.listen(world.heard.append)
    await settle()
    await world.watch.close()
    assert await world.polls(600) == 0
    world.watch.listen(world.heard.append)
    assert await world.polls(1) == 1


@pytest.mark.parametrize("ends", ["forget", "close"])
async def test_e14_a_state_that_nobody_followed_denies_no_order(world, ends):
    world.venue.answer = SystemState.MAINTENANCE
    world.watch.listen(world.heard.append)
    await settle()
    assert world.watch.is_read
    if ends == "close":
        await world.watch.close()
    else:
        world.watch.forget(world.heard.append)
    assert (world.watch.state, world.watch.is_read) == (None, False)
    world.venue.answer = LOST
    world.watch.listen(world.heard.append)
    assert not world.watch.is_read
    await settle()
    assert (world.watch.state, world.watch.is_read) == (None, True)


async def test_closing_ends_a_poll_that_hangs(world):
    world.venue.gate.clear()
    world.watch.listen(world.heard.append)
    await settle()
    async with asyncio.timeout(5):
        await world.watch.close()
    assert world.heard == []


# -- WHAT IS TOLD ----------------------------------------------------------------------------------


async def test_e14_every_change_is_told_once(world):
    world.watch.listen(world.heard.append)
    await settle()
    for state in (POST_ONLY, POST_ONLY, SystemState.CANCEL_ONLY, SystemState.MAINTENANCE, OK):
        world.venue.answer = state
        await world.timing.advance(CALM_SECS)
    assert world.heard == [OK, POST_ONLY, SystemState.CANCEL_ONLY, SystemState.MAINTENANCE, OK]
    assert len(world.log.said("warning", "Paradex system state")) == 4
    assert world.log.said("info") == ["Paradex system state: unknown -> ok"]


async def test_a_state_that_is_not_modelled_is_unknown_and_said_once(world):
    world.watch.listen(world.heard.append)
    await settle()
    for value in ("drill", "drill", "party"):
        world.venue.answer = UnmodelledValue("status", value)
        await world.timing.advance(CALM_SECS)
    assert world.heard == [OK, None]
    assert world.watch.state is None
    assert len(world.log.said("warning", "'drill'")) == 1
    assert len(world.log.said("warning", "'party'")) == 1


async def test_a_state_that_cannot_be_read_stays_what_it_was(world):
    world.venue.answer = POST_ONLY
    world.watch.listen(world.heard.append)
    await settle()
    world.venue.answer = LOST
    await world.timing.advance(60)
    assert world.watch.state is POST_ONLY
    assert world.heard == [POST_ONLY]
    assert len(world.log.said("warning", "cannot be read")) == 1
    world.venue.answer = POST_ONLY
    await world.timing.advance(ALERT_SECS)
    assert len(world.log.said("info", "can be read again")) == 1
    world.venue.answer = LOST
    await world.timing.advance(60)
    assert len(world.log.said("warning", "cannot be read")) == 2


# -- READY -----------------------------------------------------------------------------------------


async def test_who_listens_can_wait_for_the_first_answer(world):
    world.venue.gate.clear()
    world.watch.listen(world.heard.append)
    waiting = asyncio.ensure_future(world.watch.ready())
    await settle()
    assert not waiting.done()
    world.venue.gate.set()
    await asyncio.wait_for(waiting, 5)
    assert world.watch.state is OK


@pytest.mark.parametrize("answer", [LOST, UnmodelledValue("status", "drill")])
async def test_an_answer_that_says_nothing_ends_the_wait_too(world, answer):
    world.venue.answer = answer
    world.watch.listen(world.heard.append)
    await asyncio.wait_for(world.watch.ready(), 5)
    assert world.watch.state is None


@pytest.mark.parametrize("ends", ["forget", "close"])
async def test_nobody_waits_for_polls_that_have_ended(world, ends):
    world.venue.gate.clear()
    world.watch.listen(world.heard.append)
    waiting = asyncio.ensure_future(world.watch.ready())
    await settle()
    if ends == "close":
        await world.watch.close()
    else:
        world.watch.forget(world.heard.append)
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(world.watch.ready(), 5)


# -- HOW OFTEN -------------------------------------------------------------------------------------


async def test_a_calm_exchange_is_asked_every_30_seconds(world):
    world.watch.listen(world.heard.append)
    await settle()
    assert await world.polls(10 * CALM_SECS) == 10


@pytest.mark.parametrize(
    "answer", [POST_ONLY, SystemState.MAINTENANCE, LOST, UnmodelledValue("status", "drill")]
)
async def test_an_exchange_that_is_not_well_or_not_known_is_asked_every_2_seconds(world, answer):
    world.venue.answer = answer
    world.watch.listen(world.heard.append)
    await settle()
    assert await world.polls(60) == 60 / ALERT_SECS
    world.venue.answer = OK
    await world.timing.advance(ALERT_SECS)
    assert await world.polls(10 * CALM_SECS) == 10


@pytest.mark.parametrize(
    ("now", "pause"),
    [
        ("2026-11-20T04:24:00", CALM_SECS),  # a Friday
        ("2026-11-20T04:25:00", ALERT_SECS),
        ("2026-11-20T04:30:00", ALERT_SECS),
        ("2026-11-20T04:58:59", ALERT_SECS),
        ("2026-11-20T05:00:00", CALM_SECS),
        ("2026-11-20T16:30:00", CALM_SECS),
        ("2026-11-21T04:30:00", CALM_SECS),  # a Saturday
        ("2026-11-22T04:30:00", CALM_SECS),
        ("2026-11-23T04:30:00", ALERT_SECS),
    ],
)
async def test_around_a_weekdays_release_it_is_asked_every_2_seconds(world, now, pause):
    world.at(now)
    world.watch.listen(world.heard.append)
    await settle()
    assert await world.polls(CALM_SECS) == CALM_SECS / pause


async def test_a_hint_is_followed_at_once(world):
    world.watch.listen(world.heard.append)
    await world.timing.advance(10)
    world.venue.answer = POST_ONLY
    world.watch.hint()
    await settle()
    assert world.heard == [OK, POST_ONLY]


async def test_a_hint_while_a_poll_is_on_its_way_is_followed_after_it(world):
    world.venue.gate.clear()
    world.watch.listen(world.heard.append)
    await settle()
    world.watch.hint()
    world.venue.gate.set()
    assert await world.polls(HINT_SECS) == 1


async def test_a_flood_of_hints_asks_no_more_than_once_a_second(world):
    world.watch.listen(world.heard.append)
    await settle()
    before = world.venue.asked
    for _ in range(100):
        world.watch.hint()
        await world.timing.advance(0.1)
    assert world.venue.asked - before == 10 / HINT_SECS
