"""The venue's clock is known while either clock is set, and nothing is signed in a wrong time."""

import pytest

from nautilus_paradex.network import clock as clocks
from nautilus_paradex.network.clock import ClockOffset
from nautilus_paradex.network.clock import ClockWatch
from nautilus_paradex.network.clock import VenueClock
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import TransportError
from tests.network.scripted_server import answer
from tests.network.scripted_server import refused
from tests.network.test_auth_tokens import NOW_S
from tests.network.test_auth_tokens import Bench
from tests.network.test_auth_tokens import fresh
from tests.network.test_auth_tokens import server  # noqa: F401 - a fixture
from tests.network.virtual_timing import VirtualTiming


MINUTE_NS = 60 * 10**9


def comparison(offset_ms, rtt_ms=1.0):
    return ClockOffset(offset_ms=offset_ms, rtt_ms=rtt_ms)


@pytest.fixture
def timing():
    return VirtualTiming(auto=False)


# -- WHAT IS KNOWN ---------------------------------------------------------------------------------


def test_before_a_comparison_the_clocks_are_taken_for_equal(timing):
    clock = VenueClock(timing)
    timing.wall_ns += MINUTE_NS
    assert (clock.offset_ms, clock.set_by_ms, clock.compared) == (0, 0, None)


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_the_venues_time_stays_right_when_our_wall_clock_is_set(timing, minutes):
    clock = VenueClock(timing)
    clock.take(comparison(300))
    before = timing.time_ms() + clock.offset_ms
    timing.wall_ns += minutes * MINUTE_NS
    assert timing.time_ms() + clock.offset_ms == before
    assert clock.set_by_ms == minutes * 60_000
    await timing.advance(5.0)
    assert timing.time_ms() + clock.offset_ms == before + 5_000


def test_a_wall_clock_that_is_slewed_is_no_clock_that_was_set(timing):
    clock = VenueClock(timing)
    clock.take(comparison(300))
    timing.wall_ns += 900 * 10**6
    assert (clock.offset_ms, clock.set_by_ms) == (300, 0)


def test_a_slow_comparison_that_proves_nothing_new_does_not_replace_a_good_one(timing):
    clock = VenueClock(timing)
    clock.take(comparison(300, rtt_ms=2.0))
    clock.take(comparison(1_100, rtt_ms=2_000.0))
    assert clock.offset_ms == 300


@pytest.mark.parametrize("sample", [comparison(1_400, rtt_ms=2_000.0), comparison(305, 90.0)])
def test_a_comparison_that_proves_something_else_is_taken(timing, sample):
    clock = VenueClock(timing)
    clock.take(comparison(300, rtt_ms=2.0))
    clock.take(sample)
    assert clock.offset_ms == sample.offset_ms


# -- WHEN IT IS COMPARED AGAIN ---------------------------------------------------------------------


class Warnings(NoLog):
    def __init__(self):
        self.lines = []

    def warning(self, message, /):
        self.lines.append(message)


class Watched:
    """A watch over a venue's clock whose offset a test sets."""

    def __init__(self, timing):
        self.timing = timing
        self.clock = VenueClock(timing)
        self.clock.take(comparison(0))
        self.offset_ms = 0
        self.error = None
        self.asked = 0
        self.log = Warnings()
        self.watch = ClockWatch(self.clock, self.compare, timing, self.log)

    async def compare(self):
        self.asked += 1
        if self.error is not None:
            raise self.error
        self.clock.take(comparison(self.offset_ms))


@pytest.fixture
async def watched(timing):
    watched = Watched(timing)
    watched.watch.start()
    yield watched
    await watched.watch.close()


async def test_the_comparison_is_repeated_and_a_venue_that_was_set_is_noticed(watched, timing):
    watched.offset_ms = 120_000
    await timing.advance(clocks.COMPARE_SECS - clocks.LOOK_SECS)
    assert watched.asked == 0
    await timing.advance(clocks.LOOK_SECS)
    assert (watched.asked, watched.clock.offset_ms) == (1, 120_000)
    assert watched.log.lines == [
        "The venue's clock is +120000 ms from this machine's, it was +0 ms"
    ]


async def test_our_own_clock_that_was_set_is_noticed_at_the_next_look(watched, timing):
    timing.wall_ns += MINUTE_NS
    watched.offset_ms = -60_000
    await timing.advance(clocks.LOOK_SECS)
    assert (watched.asked, watched.clock.offset_ms, watched.clock.set_by_ms) == (1, -60_000, 0)
    assert watched.log.lines == ["This machine's clock was set by +60000 ms"]


async def test_a_hint_has_the_clocks_compared_soon_and_once(watched, timing):
    watched.watch.hint()
    await timing.advance(3 * clocks.LOOK_SECS)
    assert watched.asked == 1


async def test_a_venue_that_does_not_answer_is_asked_again_earlier(watched, timing):
    watched.error = TransportError("away", sent=False)
    await timing.advance(clocks.COMPARE_SECS)
    assert watched.asked == 1
    watched.error = None
    await timing.advance(clocks.AGAIN_SECS)
    assert watched.asked == 2
    assert watched.log.lines == []


# -- LOGIN -----------------------------------------------------------------------------------------


@pytest.fixture
async def bench(server):  # noqa: F811 - the fixture
    bench = Bench(server)
    yield bench
    await bench.close()


@pytest.mark.parametrize("code", ["INVALID_TIMESTAMP", "INVALID_BLOCK_EXPIRATION"])
async def test_e13_a_login_with_a_wrong_time_is_made_again_in_the_right_one(server, bench, code):  # noqa: F811
    later_ms = (NOW_S + 600) * 1_000
    server.script = [refused(code, 400), answer({"server_time": str(later_ms)}), fresh(1)]
    assert await bench.tokens.token()
    assert [seen.target for seen in server.seen] == [
        "/v1/auth/0xabc",
        "/v1/system/time",
        "/v1/auth/0xabc",
    ]
    assert [signed for signed, _ in bench.signer.signed] == [NOW_S, NOW_S + 600]


async def test_e13_a_login_that_is_refused_in_the_right_time_is_not_repeated(server, bench):  # noqa: F811
    now = answer({"server_time": str(NOW_S * 1_000)})
    server.script = [refused("INVALID_TIMESTAMP", 400), now]
    with pytest.raises(AuthenticationError, match="synchronise"):
        await bench.tokens.token()
    assert len(server.seen) == 2


@pytest.mark.parametrize("status", [404, 405])
async def test_a_venue_without_the_path_of_a_key_is_asked_at_the_documented_one(
    server,  # noqa: F811
    bench,
    status,
):
    server.script = [answer(raw=b"404 page not found", status=status), fresh(1)]
    assert await bench.tokens.token()
    assert [seen.target for seen in server.seen] == ["/v1/auth/0xabc", "/v1/auth"]
    assert len(server.seen[1].headers["paradex-starknet-signature"]) > 0


async def test_an_account_that_does_not_exist_is_no_missing_path(server, bench):  # noqa: F811
    server.script = [refused("ACCOUNT_NOT_FOUND", 404)]
    with pytest.raises(AuthenticationError, match="account_address"):
        await bench.tokens.token()
    assert len(server.seen) == 1
