"""The venue's windows are kept, whoever asks and in whatever order (rule E12)."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_paradex.network.limits import LIMITS
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.limits import Window
from nautilus_paradex.protocol.errors import TransportError
from tests.network.virtual_timing import VirtualTiming
from tests.network.virtual_timing import settle


def limiter_of(timing, *windows, scope=Scope.ORDER):
    return RateLimiter(timing, limits={**LIMITS, scope: windows})


def most_in_any_window(grants, period):
    """Return the largest cost that was granted within `period` seconds, both ends included."""
    return max(
        (sum(cost for at, cost in grants if start <= at <= start + period) for start, _ in grants),
        default=0,
    )


@settings(max_examples=150, deadline=None)
@given(
    windows=st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from([0.1, 0.5, 1.0, 3.0]), st.integers(0, 3)).map(
            lambda w: Window(w[0] + w[2], w[1], reserve=w[2])
        ),
        min_size=1,
        max_size=3,
    ),
    requests=st.lists(
        st.tuples(st.floats(0, 2), st.booleans(), st.integers(1, 2)), min_size=1, max_size=40
    ),
)
def test_no_window_ever_grants_more_than_its_limit(windows, requests):
    timing = VirtualTiming()
    grants = []
    plain_grants = []

    async def run():
        limiter = limiter_of(timing, *windows)
        largest = min(w.limit - w.reserve for w in windows)

        async def ask(cancel, cost):
            await limiter.acquire(Scope.ORDER, cost, cancel=cancel)
            grants.append((timing.now, cost))
            if not cancel:
                plain_grants.append((timing.now, cost))

        async with asyncio.TaskGroup() as group:
            for pause, cancel, cost in requests:
                await timing.sleep(pause)
                group.create_task(ask(cancel, min(cost, largest)))

    asyncio.run(run())

    assert len(grants) == len(requests)
    for window in windows:
        assert most_in_any_window(grants, window.period) <= window.limit
        assert most_in_any_window(plain_grants, window.period) <= window.limit - window.reserve


async def test_the_reserve_of_the_order_window_is_for_cancels_only():
    timing = VirtualTiming(auto=False)
    limiter = limiter_of(timing, Window(5, 1.0, reserve=2))
    granted = [limiter.try_acquire(Scope.ORDER) for _ in range(4)]
    cancels = [limiter.try_acquire(Scope.ORDER, cancel=True) for _ in range(3)]
    assert granted == [True, True, True, False]
    assert cancels == [True, True, False]


async def test_a_cancel_does_not_queue_behind_orders():
    timing = VirtualTiming(auto=False)
    limiter = limiter_of(timing, Window(2, 10.0, reserve=1))
    assert limiter.try_acquire(Scope.ORDER)
    order = asyncio.create_task(limiter.acquire(Scope.ORDER))
    await settle()
    await limiter.acquire(Scope.ORDER, cancel=True)
    assert not order.done()
    order.cancel()


async def test_requests_are_granted_in_the_order_in_which_they_came():
    timing = VirtualTiming()
    limiter = limiter_of(timing, Window(1, 1.0))
    order = []

    async def ask(name):
        await limiter.acquire(Scope.ORDER)
        order.append(name)

    await asyncio.gather(*(ask(n) for n in range(10)))
    assert order == list(range(10))


async def test_nobody_overtakes_a_queue_by_trying():
    timing = VirtualTiming(auto=False)
    limiter = limiter_of(timing, Window(2, 1.0))
    assert limiter.try_acquire(Scope.ORDER)
    waiting = asyncio.create_task(limiter.acquire(Scope.ORDER, 2))
    await settle()
    # One is left, but somebody waits for two.
    assert not limiter.try_acquire(Scope.ORDER)
    await timing.advance(1.1)
    assert waiting.done()


async def test_a_cancelled_wait_counts_nothing_and_lets_the_next_go():
    timing = VirtualTiming(auto=False)
    limiter = limiter_of(timing, Window(1, 1.0))
    await limiter.acquire(Scope.ORDER)
    first = asyncio.create_task(limiter.acquire(Scope.ORDER))
    second = asyncio.create_task(limiter.acquire(Scope.ORDER))
    await settle()
    first.cancel()
    await timing.advance(1.1)
    assert first.cancelled()
    assert second.done()
    assert not second.cancelled()
    assert not limiter.try_acquire(Scope.ORDER)


async def test_a_wait_beyond_its_bound_fails_as_not_sent_and_counts_nothing():
    timing = VirtualTiming()
    limiter = limiter_of(timing, Window(1, 60.0))
    await limiter.acquire(Scope.ORDER)
    with pytest.raises(TransportError, match="orders has no room") as caught:
        await limiter.acquire(Scope.ORDER, max_wait=5.0)
    assert not caught.value.outcome_unknown
    assert timing.slept == []
    await limiter.acquire(Scope.ORDER, max_wait=61.0)


async def test_a_cost_that_no_window_could_ever_grant_is_refused_at_once():
    limiter = limiter_of(VirtualTiming(), Window(5, 1.0, reserve=1))
    for cost in (0, -1, 5):
        with pytest.raises(ValueError, match="can never be granted"):
            await limiter.acquire(Scope.ORDER, cost)


async def test_accounts_share_the_limits_of_their_address_and_not_their_own():
    timing = VirtualTiming(auto=False)
    address = RateLimiter(
        timing,
        limits={
            **LIMITS,
            Scope.PRIVATE_ADDRESS: (Window(3, 1.0),),
            Scope.WS_CONNECT: (Window(1, 1.0),),
        },
    )
    one = RateLimiter(timing, address=address)
    two = RateLimiter(timing, address=address)
    assert [one.try_acquire(Scope.PRIVATE) for _ in range(2)] == [True, True]
    assert [two.try_acquire(Scope.PRIVATE) for _ in range(2)] == [True, False]
    assert one.try_acquire(Scope.WS_CONNECT)
    assert not two.try_acquire(Scope.WS_CONNECT)
    assert all(one.try_acquire(Scope.ORDER) for _ in range(720))
    assert not one.try_acquire(Scope.ORDER)
    assert two.try_acquire(Scope.ORDER)


async def test_retail_orders_keep_both_their_own_and_the_account_windows():
    timing = VirtualTiming(auto=False)
    limiter = RateLimiter(timing)
    assert [limiter.try_acquire(Scope.RETAIL_ORDER) for _ in range(4)] == [True] * 3 + [False]
    assert all(limiter.try_acquire(Scope.ORDER) for _ in range(717))
    assert not limiter.try_acquire(Scope.ORDER)


async def test_the_published_limits_are_those_of_the_protocol():
    published = {scope: [(w.limit, w.period) for w in ws] for scope, ws in LIMITS.items()}
    assert published == {
        Scope.PUBLIC: [(1500, 60)],
        Scope.AUTH: [(600, 60)],
        Scope.WS_CONNECT: [(20, 1), (600, 60)],
        Scope.PRIVATE_ADDRESS: [(1500, 60)],
        Scope.PRIVATE: [(120, 1), (600, 60)],
        Scope.ORDER: [(800, 1), (17_250, 60)],
        Scope.RETAIL_ORDER: [(3, 1), (30, 60), (300, 3600), (1000, 86400)],
    }


# -- WHAT THE VENUE SAYS ---------------------------------------------------------------------------


async def test_a_pause_that_the_venue_asks_for_stops_cancels_too():
    timing = VirtualTiming(auto=False)
    limiter = RateLimiter(timing)
    limiter.hold(Scope.ORDER, 7.0)
    limiter.hold(Scope.ORDER, 2.0)
    assert not limiter.try_acquire(Scope.ORDER)
    assert not limiter.try_acquire(Scope.ORDER, cancel=True)
    await timing.advance(6.9)
    assert not limiter.try_acquire(Scope.ORDER)
    await timing.advance(0.2)
    assert limiter.try_acquire(Scope.ORDER)


@pytest.mark.parametrize(
    "reset",
    ["30", "1790000030", "1790000030000", "1790000030000000", "1790000030000000000"],
)
async def test_less_left_than_counted_is_believed_until_the_venues_window_ends(reset):
    timing = VirtualTiming(auto=False)
    limiter = RateLimiter(timing)
    limiter.observe(
        Scope.PUBLIC,
        {
            "x-ratelimit-limit": "1500",
            "x-ratelimit-remaining": "2",
            "x-ratelimit-reset": reset,
        },
    )
    assert [limiter.try_acquire(Scope.PUBLIC) for _ in range(3)] == [True, True, False]
    await timing.advance(29.9)
    assert not limiter.try_acquire(Scope.PUBLIC)
    await timing.advance(0.2)
    assert limiter.try_acquire(Scope.PUBLIC)


async def test_more_left_than_counted_widens_nothing():
    timing = VirtualTiming(auto=False)
    limiter = limiter_of(timing, Window(2, 60.0), scope=Scope.PUBLIC)
    headers = {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "2"}
    for _ in range(2):
        assert limiter.try_acquire(Scope.PUBLIC)
        limiter.observe(Scope.PUBLIC, headers)
    assert not limiter.try_acquire(Scope.PUBLIC)


async def test_an_older_answer_gives_back_nothing_that_a_newer_one_took():
    timing = VirtualTiming(auto=False)
    limiter = limiter_of(timing, Window(10, 60.0), scope=Scope.PUBLIC)
    for left in ("1", "8"):
        limiter.observe(Scope.PUBLIC, {"x-ratelimit-limit": "10", "x-ratelimit-remaining": left})
    assert [limiter.try_acquire(Scope.PUBLIC) for _ in range(2)] == [True, False]


async def test_what_others_used_is_forgotten_with_its_window():
    timing = VirtualTiming(auto=False)
    limiter = limiter_of(timing, Window(10, 60.0), scope=Scope.PUBLIC)
    limiter.observe(Scope.PUBLIC, {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "1"})
    await timing.advance(60.1)
    limiter.observe(Scope.PUBLIC, {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "5"})
    assert [limiter.try_acquire(Scope.PUBLIC) for _ in range(6)] == [True] * 5 + [False]
    await timing.advance(60.1)
    assert all(limiter.try_acquire(Scope.PUBLIC) for _ in range(10))


async def test_an_exhausted_window_that_we_do_not_know_holds_the_scope():
    timing = VirtualTiming(auto=False)
    limiter = RateLimiter(timing)
    limiter.observe(
        Scope.PRIVATE, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4", "x-other": "1"}
    )
    assert not limiter.try_acquire(Scope.PRIVATE)
    await timing.advance(4.1)
    assert limiter.try_acquire(Scope.PRIVATE)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining": "-5"},
        {"x-ratelimit-remaining": "soon"},
        {"x-ratelimit-remaining": "١"},
        {"x-ratelimit-remaining": "7", "x-ratelimit-limit": "99", "x-ratelimit-reset": "x"},
    ],
)
async def test_headers_that_say_nothing_change_nothing(headers):
    limiter = RateLimiter(VirtualTiming(auto=False))
    limiter.observe(Scope.PRIVATE, headers)
    assert limiter.try_acquire(Scope.PRIVATE)


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(1, 8),
    used_by_others=st.integers(0, 8),
    reset=st.floats(0.1, 5),
    asked=st.integers(1, 10),
)
def test_with_others_at_work_the_venue_is_never_asked_for_more_than_it_has_left(
    limit, used_by_others, reset, asked
):
    timing = VirtualTiming()
    others = min(used_by_others, limit)
    grants = []

    async def run():
        limiter = limiter_of(timing, Window(limit, 1.0), scope=Scope.PUBLIC)
        limiter.observe(
            Scope.PUBLIC,
            {
                "x-ratelimit-limit": str(limit),
                "x-ratelimit-remaining": str(limit - others),
                "x-ratelimit-reset": f"{reset:.6f}",
            },
        )
        start = timing.now
        for _ in range(asked):
            await limiter.acquire(Scope.PUBLIC)
            grants.append((timing.now - start, 1))

    asyncio.run(run())

    until = min(reset, 1.0)
    assert sum(1 for at, _ in grants if at < until - 1e-5) <= limit - others
    assert most_in_any_window(grants, 1.0) <= limit


@pytest.mark.parametrize("reset", ["4000", "1790003600", "1790003600000000000"])
async def test_an_unknown_window_that_is_used_up_stops_nothing_for_longer_than_a_minute(reset):
    timing = VirtualTiming(auto=False)
    limiter = RateLimiter(timing)
    limiter.observe(Scope.PUBLIC, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})
    assert not limiter.try_acquire(Scope.PUBLIC)
    await timing.advance(61.0)
    assert limiter.try_acquire(Scope.PUBLIC)


async def test_when_a_window_ends_is_told_in_the_venues_time():
    timing = VirtualTiming(auto=False)
    limiter = RateLimiter(timing)
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1790000605"}
    limiter.observe(Scope.PUBLIC, headers, venue_ms=1_790_000_600_000)
    await timing.advance(4.0)
    assert not limiter.try_acquire(Scope.PUBLIC)
    await timing.advance(2.0)
    assert limiter.try_acquire(Scope.PUBLIC)


@pytest.mark.parametrize("text", ["9" * 400, "1e9", "-1", "", "٣"])
def test_numbers_that_are_none_are_no_limits(text):
    limiter = RateLimiter(VirtualTiming(auto=False))
    limiter.observe(Scope.PUBLIC, {"x-ratelimit-remaining": text})
    assert limiter.try_acquire(Scope.PUBLIC)
