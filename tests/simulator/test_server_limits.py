"""Rate limits in the venue's windows (PROTOCOL 8.1)."""

import pytest

from nautilus_paradex.simulator import RateLimits
from nautilus_paradex.simulator.server.limits import RateLimiter
from nautilus_paradex.simulator.server.refusals import Refusal
from tests.simulator.server_client import world


class Clock:
    def __init__(self) -> None:
        self.us = 1_790_000_000_000_000

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(clock: Clock, **windows: tuple[tuple[int, int], ...]) -> RateLimiter:
    return RateLimiter(RateLimits(**windows), clock)


def test_a_window_lets_as_many_through_as_it_says(clock: Clock):
    limits = limiter(clock, orders=((3, 1),))
    remaining = [limits.take("orders", "0xa").remaining for _ in range(3)]
    assert remaining == [2, 1, 0]
    with pytest.raises(Refusal) as caught:
        limits.take("orders", "0xa")
    assert caught.value.status == 429
    assert caught.value.rpc_code == 42901
    assert caught.value.headers["Retry-After"] == "1"
    assert caught.value.body() == {"message": "rate limit exceeded"}


def test_each_key_and_class_has_a_window_of_its_own(clock: Clock):
    limits = limiter(clock, orders=((1, 1),), private=((1, 1),))
    for kind, key in (("orders", "0xa"), ("orders", "0xb"), ("private", "0xa")):
        assert limits.take(kind, key) is not None
        assert not limits.has_room(kind, key)


def test_time_refills_a_bucket_continuously_and_not_beyond_its_size(clock: Clock):
    limits = limiter(clock, orders=((10, 60),))
    for _ in range(10):
        limits.take("orders", "0xa")
    clock.us += 5_999_999
    assert not limits.has_room("orders", "0xa")
    clock.us += 1
    assert limits.has_room("orders", "0xa")
    clock.us += 3_600_000_000
    assert limits.take("orders", "0xa").remaining == 9


def test_the_tightest_window_decides_and_is_reported(clock: Clock):
    limits = limiter(clock, orders=((2, 1), (3, 60)))
    limits.take("orders", "0xa")
    assert limits.take("orders", "0xa").remaining == 0
    clock.us += 1_000_000
    allowance = limits.take("orders", "0xa")
    assert (allowance.window_s, allowance.remaining) == (60, 0)
    clock.us += 1_000_000
    with pytest.raises(Refusal) as caught:
        limits.take("orders", "0xa")
    assert caught.value.headers["x-ratelimit-window"] == "60"
    assert caught.value.headers["Retry-After"] == "18"


def test_a_refused_request_is_not_counted(clock: Clock):
    limits = limiter(clock, orders=((1, 1),))
    limits.take("orders", "0xa")
    for _ in range(5):
        assert not limits.has_room("orders", "0xa")
    clock.us += 1_000_000
    assert limits.has_room("orders", "0xa")


async def test_answers_carry_the_headers_and_429_carries_retry_after():
    async with world(limits=RateLimits(public=((2, 60),))) as w:
        _, _, headers = await w.rest.request("GET", "/system/time")
        lower = {name.lower(): value for name, value in headers.items()}
        assert lower["x-ratelimit-limit"] == "2"
        assert lower["x-ratelimit-remaining"] == "1"
        assert lower["x-ratelimit-window"] == "60"
        assert int(lower["x-ratelimit-reset"]) > 1_700_000_000
        await w.rest.request("GET", "/system/time")
        status, body, headers = await w.rest.request("GET", "/system/time")
        assert (status, body) == (429, {"message": "rate limit exceeded"})
        assert 1 <= int(headers["Retry-After"]) <= 30


async def test_rest_and_websocket_share_the_limit_of_orders_and_a_batch_is_one():
    async with world(limits=RateLimits(orders=((2, 60),))) as w:
        await w.login()
        stream = await w.stream("account")
        orders = [w.order(price="50000"), w.order(price="50001")]
        assert (await w.rest.request("POST", "/orders/batch", orders))[0] == 201
        assert "result" in await stream.call("order.cancel_all", {})
        answer = await stream.call("order.cancel_all", {})
        assert answer["error"]["code"] == 42901
        assert (await w.rest.request("DELETE", "/orders"))[0] == 429
        # Reads have windows of their own.
        assert (await w.rest.request("GET", "/orders"))[0] == 200
        await stream.close()


async def test_websocket_connects_are_limited_by_address():
    async with world(limits=RateLimits(connects=((1, 60),))) as w:
        stream = await w.stream(auth=False)
        status, _, headers = await w.rest.request(
            "GET",
            "",
            headers={
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        )
        assert status == 429
        assert int(headers["Retry-After"]) > 1
        await stream.close()


async def test_limits_can_be_left_out():
    async with world(limits=RateLimits(enforced=False, public=((1, 3600),))) as w:
        for _ in range(5):
            status, _, headers = await w.rest.request("GET", "/system/time")
            assert status == 200
        assert "x-ratelimit-limit" not in {name.lower() for name in headers}
