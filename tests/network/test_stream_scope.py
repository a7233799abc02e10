"""A scope of summaries on real sockets (rules S2, S4; PROTOCOL 6.2)."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.stream import ParadexStream
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.events import FundingComparison
from nautilus_paradex.protocol.events import FundingData
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.server.config import SimulatorConfig
from tests.network.scripted_venue import ScriptedVenue
from tests.network.scripted_venue import until


BTC, ETH, SOL = "BTC-USD-PERP", "ETH-USD-PERP", "SOL-USD-PERP"


class Room:
    """A stream's handler that keeps events and refusals."""

    def __init__(self):
        self.events, self.faults, self.refusals = [], [], []

    def on_stream_event(self, event):
        self.events.append(event)

    def on_stream_fault(self, error):
        self.faults.append(error)

    def on_stream_state(self, state):
        pass

    def on_stream_refusal(self, channel, error):
        self.refusals.append((channel.name, str(error)))

    async def on_stream_restored(self, epoch):
        pass

    def markets(self, kind):
        return {event.market for event in self.events if type(event) is kind}


def scoped(*markets):
    return channels.markets_summary(markets=markets)


@asynccontextmanager
async def stream_at(url, room=None, **changes):
    values = {
        "name": "test",
        "url": url,
        "request_timeout": 2.0,
        "reconnect_delay_initial": 0.01,
        "reconnect_delay_max": 0.05,
    }
    timing = SystemTiming()
    stream = ParadexStream(
        StreamSettings(**(values | changes)),
        room or Room(),
        timing=timing,
        limiter=RateLimiter(timing),
        log=NoLog(),
    )
    try:
        stream.start()
        await stream.wait_healthy(5)
        yield stream
    finally:
        await stream.close()


@pytest.fixture
async def venue():
    venue = ScriptedVenue()
    await venue.start()
    yield venue
    await venue.stop()


def refuse_modify(request):
    if request["method"] == "modify_subscription":
        error = {"code": -32600, "message": "invalid modify_subscription request", "data": "no"}
        return {"jsonrpc": "2.0", "id": request["id"], "error": error}
    return ScriptedVenue.accept(request)


def last_params(venue, method):
    return [r["params"] for r in venue.requests if r["method"] == method][-1]


async def test_rescope_tells_the_venue_only_what_has_changed(venue):
    async with stream_at(venue.url) as stream:
        await stream.subscribe(scoped(BTC, ETH))
        await stream.rescope(scoped(ETH, SOL))
        assert venue.methods() == ["subscribe", "modify_subscription"]
        assert last_params(venue, "modify_subscription") == {
            "channel": "markets_summary",
            "add": [SOL],
            "remove": [BTC],
        }
        await stream.rescope(scoped(SOL, ETH))
        assert venue.methods() == ["subscribe", "modify_subscription"]


async def test_s4_a_reconnect_asks_for_the_newest_scope_at_once(venue):
    async with stream_at(venue.url) as stream:
        await stream.subscribe(scoped(BTC))
        await stream.rescope(scoped(BTC, ETH))
        venue.requests.clear()
        venue.cut()
        await until(lambda: stream.status().epoch == 2 and stream.is_healthy)
        assert venue.methods() == ["subscribe"]
        assert sorted(last_params(venue, "subscribe")["markets"]) == [BTC, ETH]


async def test_s4_a_scope_that_changes_without_a_connection_is_asked_for_on_the_next(venue):
    async with stream_at(venue.url) as stream:
        await stream.subscribe(scoped(BTC))
        venue.refuse_upgrades = [503] * 3
        venue.requests.clear()
        venue.cut()
        await until(lambda: not stream.is_healthy)
        await stream.rescope(scoped(ETH))
        await until(lambda: stream.status().epoch == 2 and stream.is_healthy)
        assert venue.methods() == ["subscribe"]
        assert last_params(venue, "subscribe")["markets"] == [ETH]


async def test_a_scope_that_changes_while_it_is_asked_for_is_brought_up_to_date(venue):
    held = []

    def hold_subscribe(request):
        if request["method"] == "subscribe":
            held.append(request)
            return None
        return ScriptedVenue.accept(request)

    venue.answer = hold_subscribe
    async with stream_at(venue.url) as stream:
        asked = asyncio.create_task(stream.subscribe(scoped(BTC)))
        await until(lambda: held)
        await stream.rescope(scoped(BTC, ETH))
        await venue.send_all(ScriptedVenue.accept(held[0]))
        await asked
        assert last_params(venue, "modify_subscription")["add"] == [ETH]
        assert "remove" not in last_params(venue, "modify_subscription")


async def test_s2_a_refused_change_carries_the_venues_words_and_leaves_the_scope(venue):
    venue.answer = refuse_modify
    async with stream_at(venue.url) as stream:
        await stream.subscribe(scoped(BTC))
        with pytest.raises(VenueError, match="invalid modify_subscription request: no"):
            await stream.rescope(scoped(BTC, ETH))
        assert stream.is_confirmed(scoped())
        venue.cut()
        await until(lambda: stream.status().epoch == 2 and stream.is_healthy)
        assert last_params(venue, "subscribe")["markets"] == [BTC]


async def test_s2_a_change_that_is_not_answered_is_an_error_and_a_new_connection(venue):
    def deaf(request):
        if request["method"] == "modify_subscription":
            return None
        return ScriptedVenue.accept(request)

    venue.answer = deaf
    async with stream_at(venue.url, request_timeout=0.2) as stream:
        await stream.subscribe(scoped(BTC))
        with pytest.raises(TransportError):
            await stream.rescope(scoped(BTC, ETH))
        await until(lambda: stream.status().epoch == 2 and stream.is_healthy)
        assert sorted(last_params(venue, "subscribe")["markets"]) == [BTC, ETH]


async def test_a_scope_that_nobody_subscribed_to_is_an_error(venue):
    async with stream_at(venue.url) as stream:
        with pytest.raises(ParadexError, match="markets_summary is not subscribed"):
            await stream.rescope(scoped(BTC))
        assert venue.methods() == []


# -- ON THE LOCAL PARADEX --------------------------------------------------------------------------


@pytest.mark.parametrize("version", [None, *sbe.SUPPORTED_VERSIONS])
async def test_the_local_paradex_serves_scopes_and_funding_in_every_encoding(version):
    config = SimulatorConfig(
        summary_interval_ms=20, funding_interval_ms=20, comparison_interval_ms=20
    )
    room = Room()
    versions = () if version is None else (version,)
    async with (
        LocalParadex(config=config) as paradex,
        stream_at(paradex.ws_url, room, sbe_versions=versions) as stream,
    ):
        assert stream.status().sbe_version == version
        await stream.subscribe(scoped(BTC))
        await until(lambda: room.markets(MarketSummary))
        assert room.markets(MarketSummary) == {BTC}

        await stream.rescope(scoped(ETH))
        # One frame of the old scope may still have been on its way.
        room.events.clear()
        await until(lambda: sum(type(e) is MarketSummary for e in room.events) >= 3)
        assert room.events[-1].market == ETH
        room.events.clear()
        await until(lambda: sum(type(e) is MarketSummary for e in room.events) >= 3)
        assert room.markets(MarketSummary) == {ETH}

        await stream.subscribe(channels.funding_data(BTC))
        await stream.subscribe(channels.funding_rate_comparison())
        await until(lambda: room.markets(FundingData) and room.markets(FundingComparison))
        assert room.markets(FundingData) == {BTC}
        assert room.faults == []
        assert stream.status().undecodable == 0


async def test_s4_the_local_paradex_gets_the_whole_newest_scope_after_a_cut():
    config = SimulatorConfig(summary_interval_ms=20)
    room = Room()
    async with LocalParadex(config=config) as paradex, stream_at(paradex.ws_url, room) as stream:
        await stream.subscribe(scoped(BTC))
        await stream.rescope(scoped(BTC, ETH))
        stream.reconnect("a test")
        await until(lambda: stream.status().epoch == 2 and stream.is_healthy)
        room.events.clear()
        await until(lambda: len(room.markets(MarketSummary)) >= 2)
        assert room.markets(MarketSummary) == {BTC, ETH}
        assert room.refusals == []
