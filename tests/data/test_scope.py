"""The venue's subscription follows the markets that are wanted (rule S2, PROTOCOL 6.2)."""

import asyncio

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_paradex.data.scope import SummaryScope
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import from_rpc


CHANNEL = channels.markets_summary(markets=["A"])


class InstantTiming(SystemTiming):
    """Sleeps take one turn of the loop."""

    async def sleep(self, seconds):
        del seconds
        await asyncio.sleep(0)


class Sockets:
    """A venue that takes one request at a time and refuses what it does not know."""

    def __init__(self, delisted=(), modifies=True, scopes=True, deaf=0):
        self.delisted, self.modifies, self.scopes = set(delisted), modifies, scopes
        self.deaf = deaf
        self.held = {}
        self.requests = []
        self.busy = False

    async def _request(self, what, channel):
        assert not self.busy, "two requests at once"
        self.busy = True
        self.requests.append((what, channel))
        await asyncio.sleep(0)
        self.busy = False
        if self.deaf and what != "unsubscribe":
            self.deaf -= 1
            raise TransportError("no answer", sent=True)

    async def subscribe(self, channel, user=""):
        try:
            await self._request("subscribe", channel)
        except TransportError:
            # As the stream does: asked for again on the next connection.
            self.held[channel.name] = channel
            raise
        # The stream wants it, whatever the venue says.
        self.held[channel.name] = channel
        if channel.markets is not None:
            self._check(channel, self.scopes)

    async def unsubscribe(self, channel, user=""):
        await self._request("unsubscribe", channel)
        assert self.held.pop(channel.name) == channel

    async def rescope(self, channel):
        before = self.held[channel.name]
        try:
            await self._request("rescope", channel)
        except TransportError:
            self.held[channel.name] = channel
            raise
        self._check(channel, self.modifies)
        assert before != channel
        self.held[channel.name] = channel

    def _check(self, channel, is_served):
        if not is_served:
            raise VenueError("invalid request")
        if self.delisted & set(channel.markets):
            raise VenueError("unknown market")

    @property
    def scope(self):
        channel = self.held.get("markets_summary")
        return None if channel is None else set(channel.markets)

    @property
    def has_firehose(self):
        return "markets_summary.ALL" in self.held


def scope_on(sockets, **options):
    tasks = BackgroundTasks(NoLog())
    scope = SummaryScope(sockets, spawn=tasks.spawn, timing=InstantTiming(), log=NoLog(), **options)
    return scope, tasks


async def settle(tasks):
    while len(tasks):  # noqa: ASYNC110 - tasks end by themselves
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_many_wishes_become_few_requests():
    sockets = Sockets()
    scope, tasks = scope_on(sockets)
    markets = {f"M{number}" for number in range(250)}
    for market in sorted(markets):
        scope.add(market)
    await settle(tasks)
    assert sockets.scope == markets
    assert len(sockets.requests) == 3


@pytest.mark.asyncio
async def test_the_last_market_unsubscribes():
    sockets = Sockets()
    scope, tasks = scope_on(sockets)
    for market in ("A", "B"):
        scope.add(market)
    await settle(tasks)
    scope.remove("A")
    await settle(tasks)
    assert sockets.scope == {"B"}
    scope.remove("B")
    await settle(tasks)
    assert sockets.held == {}
    assert sockets.requests[-1][0] == "unsubscribe"


@pytest.mark.asyncio
async def test_very_many_markets_take_the_channel_of_all_and_leave_it_below_half():
    sockets = Sockets()
    scope, tasks = scope_on(sockets, firehose_from=10)
    for number in range(10):
        scope.add(f"M{number}")
    await settle(tasks)
    assert sockets.has_firehose
    assert sockets.scope is None
    for number in range(5):
        scope.remove(f"M{number}")
    await settle(tasks)
    assert sockets.has_firehose
    scope.remove("M5")
    await settle(tasks)
    assert not sockets.has_firehose
    assert sockets.scope == {"M6", "M7", "M8", "M9"}


@pytest.mark.asyncio
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_market_that_the_venue_refuses_takes_no_other_down(at_once):
    delisted = {"M3", "M4", "M5", "M6"}
    sockets = Sockets(delisted=delisted)
    scope, tasks = scope_on(sockets)
    scope.add("A")
    if not at_once:
        await settle(tasks)
        scope.add("B")
        await settle(tasks)
    for number in range(20):
        scope.add(f"M{number}")
    await settle(tasks)
    wanted = {"A", *({"B"} if not at_once else ()), *(f"M{number}" for number in range(20))}
    assert sockets.scope == wanted - delisted


@pytest.mark.asyncio
async def test_without_modify_each_change_subscribes_anew():
    sockets = Sockets(modifies=False)
    scope, tasks = scope_on(sockets)
    scope.add("A")
    await settle(tasks)
    for market in ("B", "C", "D", "E"):
        scope.add(market)
    await settle(tasks)
    assert sockets.scope == {"A", "B", "C", "D", "E"}
    scope.remove("A")
    await settle(tasks)
    assert sockets.scope == {"B", "C", "D", "E"}


@pytest.mark.asyncio
async def test_without_scopes_the_channel_of_all_is_taken():
    sockets = Sockets(scopes=False)
    scope, tasks = scope_on(sockets)
    for market in ("A", "B", "C", "D"):
        scope.add(market)
    await settle(tasks)
    assert sockets.has_firehose
    assert sockets.scope is None


@pytest.mark.asyncio
async def test_a_venue_that_does_not_answer_is_asked_by_the_next_connection():
    sockets = Sockets(deaf=2)
    scope, tasks = scope_on(sockets)
    for number in range(150):
        scope.add(f"M{number}")
    await settle(tasks)
    assert sockets.scope == {f"M{number}" for number in range(150)}


@pytest.mark.asyncio
async def test_a_scope_that_a_reconnect_cannot_bring_back_is_built_up_again():
    sockets = Sockets()
    scope, tasks = scope_on(sockets)
    for market in ("A", "B", "C", "D"):
        scope.add(market)
    await settle(tasks)
    sockets.delisted = {"C"}
    scope.on_refusal(sockets.held["markets_summary"])
    await settle(tasks)
    assert sockets.scope == {"A", "B", "D"}


def busy_for(times, what):
    """A venue that refuses a kind of request for now, and later does not."""
    left = {"n": times}

    class Busy(Sockets):
        async def _request(self, kind, channel):
            await super()._request(kind, channel)
            if kind == what and left["n"]:
                left["n"] -= 1
                if kind == "subscribe":
                    self.held[channel.name] = channel
                raise from_rpc(42901, "rate limit exceeded")

    return Busy()


@pytest.mark.asyncio
@pytest.mark.parametrize("what", ["subscribe", "rescope"])
async def test_a_refusal_for_now_is_held_against_no_market_and_no_method(what):
    sockets = busy_for(12, what)
    scope, tasks = scope_on(sockets)
    scope.add("A")
    await settle(tasks)
    for number in range(150):
        scope.add(f"M{number}")
    await settle(tasks)
    assert sockets.scope == {"A", *(f"M{number}" for number in range(150))}
    assert not sockets.has_firehose
    kinds = [kind for kind, _ in sockets.requests]
    assert "unsubscribe" not in kinds
    assert len(kinds) == 3 + 12


class WithoutFirehose(Sockets):
    """A venue that does not serve all markets at once."""

    async def subscribe(self, channel, user=""):
        await super().subscribe(channel, user)
        if channel.markets is None:
            raise VenueError("invalid channel")


@pytest.mark.asyncio
async def test_where_all_at_once_is_refused_a_scope_of_any_size_is_taken():
    sockets = WithoutFirehose()
    scope, tasks = scope_on(sockets, firehose_from=10)
    markets = {f"M{number}" for number in range(250)}
    for market in sorted(markets):
        scope.add(market)
    await settle(tasks)
    assert sockets.scope == markets
    assert not sockets.has_firehose


@pytest.mark.asyncio
async def test_a_venue_that_serves_no_summaries_is_asked_again_until_it_does():
    class ServesLater(WithoutFirehose):
        refused = 0

        async def subscribe(self, channel, user=""):
            try:
                await super().subscribe(channel, user)
            except VenueError:
                if channel.markets is None:
                    self.refused += 1
                    self.scopes = self.refused == 3
                raise

    sockets = ServesLater(scopes=False)
    scope, tasks = scope_on(sockets)
    for market in ("A", "B", "C", "D"):
        scope.add(market)
    await settle(tasks)
    assert sockets.scope == {"A", "B", "C", "D"}


@pytest.mark.asyncio
async def test_a_lost_scope_is_built_up_again_without_two_requests_at_once():
    # `Sockets` fails where a request comes while another is under way.
    sockets = Sockets()
    scope, tasks = scope_on(sockets)
    scope.add("A")
    await settle(tasks)
    for turn in range(6):
        scope.add(f"B{turn}")
        for _ in range(turn):
            await asyncio.sleep(0)
        scope.on_refusal(sockets.held.get("markets_summary", CHANNEL))
        await settle(tasks)
        assert sockets.scope == {"A", *(f"B{n}" for n in range(turn + 1))}


@pytest.mark.asyncio
async def test_s2_a_scope_that_stays_silent_is_given_up():
    sockets = Sockets()
    scope, tasks = scope_on(sockets)
    scope.add("A")
    await settle(tasks)
    watch = asyncio.ensure_future(scope.watch(lambda: 0, lambda channel: True))
    async with asyncio.timeout(5):
        while not sockets.has_firehose or sockets.scope is not None:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0)
    watch.cancel()


@example([(True, 1, 2), (True, 0, 2), (False, 0, 0)], set(), False, False)
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 14), st.integers(0, 3)), max_size=60),
    st.sets(st.integers(0, 14), max_size=4),
    st.booleans(),
    st.booleans(),
)
def test_whatever_is_wanted_in_the_end_comes_and_nothing_else(steps, delisted, modifies, scopes):
    async def run():
        sockets = Sockets({f"M{n}" for n in delisted}, modifies=modifies, scopes=scopes)
        scope, tasks = scope_on(sockets, firehose_from=10)
        wanted = set()
        for comes, number, turns in steps:
            market = f"M{number}"
            (scope.add if comes else scope.remove)(market)
            (wanted.add if comes else wanted.discard)(market)
            for _ in range(turns):
                await asyncio.sleep(0)
        await settle(tasks)
        assert len(sockets.held) <= 1
        if not sockets.has_firehose:
            assert (sockets.scope or set()) == wanted - sockets.delisted

    asyncio.run(run())
