"""What a refused upgrade says of the connection is kept (S1, S4, E12, E13)."""

import pytest

from nautilus_paradex.network.handshake import MAX_RETRY_AFTER_SECS
from nautilus_paradex.network.handshake import Handshake
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.session import Counters
from nautilus_paradex.network.websocket import HandshakeRefused
from nautilus_paradex.protocol.connection import ConnectionState
from tests.network.scripted_venue import ScriptedVenue
from tests.network.scripted_venue import until
from tests.network.test_stream import OneTokenAfterAnother
from tests.network.test_stream import Room
from tests.network.test_stream import WarningLog
from tests.network.test_stream import stream_to
from tests.network.virtual_timing import VirtualTiming


@pytest.fixture
async def venue():
    venue = ScriptedVenue()
    await venue.start()
    yield venue
    await venue.stop()


def handshake_to(venue, timing, limiter, log=None):
    return Handshake(
        name="test",
        url=venue.url,
        sbe_versions=(2, 1),
        timeout_secs=5.0,
        proxy=None,
        handler=Room(),
        timing=timing,
        limiter=limiter,
        log=log or NoLog(),
        counters=Counters(),
    )


@pytest.mark.parametrize(
    ("asked", "kept"), [("20", 20.0), ("100000", MAX_RETRY_AFTER_SECS), ("", 0.0), ("soon", 0.0)]
)
async def test_e12_a_pause_that_the_venue_asks_for_is_kept_by_all_streams(venue, asked, kept):
    timing = VirtualTiming()
    limiter = RateLimiter(timing)
    venue.refuse_upgrades, venue.retry_after = [429], asked
    with pytest.raises(HandshakeRefused) as caught:
        await handshake_to(venue, timing, limiter).open(None)
    assert caught.value.status == 429
    assert len(venue.upgrades) == 1
    timing.now += max(kept - 0.1, 0.0)
    assert limiter.try_acquire(Scope.WS_CONNECT) is (not kept)
    timing.now += 0.2
    assert limiter.try_acquire(Scope.WS_CONNECT)


async def test_s1_a_venue_that_serves_no_encoding_for_hours_fills_no_log(venue):
    timing, log = VirtualTiming(), WarningLog()
    handshake = handshake_to(venue, timing, RateLimiter(timing), log)
    venue.served_versions = set()
    for _ in range(20):
        with pytest.raises(HandshakeRefused):
            await handshake.open(None)
    assert len(venue.upgrades) == 20 * 3
    assert len(log.warnings) < 10


async def test_e13_a_token_that_the_gate_refuses_is_replaced_at_once(venue):
    tokens = OneTokenAfterAnother()
    venue.refuse_upgrades = [401]
    async with stream_to(venue, tokens=tokens) as stream:
        assert stream.is_healthy
        assert tokens.rejected == ["token-1"]
        assert venue.bearers == ["Bearer token-1", "Bearer token-2"]


async def test_e13_a_gate_that_refuses_every_token_is_asked_again_later(venue):
    tokens = OneTokenAfterAnother()
    venue.refuse_upgrades = [401] * 6
    async with stream_to(venue, tokens=tokens) as stream:
        assert stream.is_healthy
    # Each attempt costs one token, and the next one waits as after any other refusal.
    assert tokens.issued == 1 + 3


async def test_e14_a_wait_for_the_next_attempt_ends_when_there_is_reason_to_hurry(venue):
    async with stream_to(
        venue, reconnect_delay_initial=3_600.0, reconnect_delay_max=3_600.0
    ) as stream:
        # A reason from before the wait is none.
        stream.hurry()
        venue.cut()
        await until(lambda: stream.state is ConnectionState.WAITING)
        stream.hurry()
        await until(lambda: stream.is_healthy and stream.status().epoch == 2)
