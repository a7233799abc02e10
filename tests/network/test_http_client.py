"""Whatever a server does, the caller gets a value or one of our errors, and nothing twice."""

import asyncio
import gzip

import pytest

from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import RateLimitError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.messages import SystemStatus
from nautilus_paradex.protocol.messages import SystemTime
from tests.network.scripted_server import Reply
from tests.network.scripted_server import ScriptedServer
from tests.network.scripted_server import answer
from tests.network.scripted_server import refused
from tests.network.virtual_timing import VirtualTiming


OK = answer({"status": "ok"})
HTML = b"<html><style>p{}</style><body><h1>502 Bad Gateway</h1></body></html>"
NO_RETRY = RetryPolicy(max_retries=0)


@pytest.fixture
async def server():
    async with ScriptedServer([OK]) as server:
        yield server


@pytest.fixture
def timing():
    return VirtualTiming()


@pytest.fixture
async def open_client(timing):
    clients = []

    def build(url, **settings):
        client = ParadexHttpClient(
            HttpSettings(base_url=url, **settings),
            timing=timing,
            limiter=RateLimiter(timing),
            log=NoLog(),
        )
        clients.append(client)
        return client

    yield build
    for client in clients:
        await client.close()


async def get(client, path="/system/state", **arguments):
    return await client.request(
        "GET", path, SystemStatus, scope=Scope.PUBLIC, idempotent=True, **arguments
    )


async def send(client, method, *, idempotent=False, **arguments):
    return await client.request(
        method, "/orders", SystemStatus, scope=Scope.ORDER, idempotent=idempotent, **arguments
    )


class CountingTokens:
    def __init__(self, *tokens):
        self.tokens = list(tokens)
        self.rejected = []

    async def token(self):
        return self.tokens[0]

    async def refresh(self, rejected_token):
        self.rejected.append(rejected_token)
        self.tokens.pop(0)
        return self.tokens[0]

    def last_token(self):
        return self.tokens[0]

    def distrust(self, token, error):
        self.distrusted = token


# -- THE GOOD CASE ---------------------------------------------------------------------------------


async def test_an_answer_becomes_its_message(server, open_client):
    assert (await get(open_client(server.url))).status == "ok"
    request = server.seen[0]
    assert (request.method, request.target) == ("GET", "/v1/system/state")
    assert request.headers["content-type"] == "application/json"
    assert "cookie" not in request.headers


async def test_connections_are_kept_and_used_again(server, open_client):
    client = open_client(server.url)
    for _ in range(5):
        await get(client)
    assert server.connections == 1


async def test_cookies_are_not_kept(server, open_client):
    server.script = [answer({"status": "ok"}, headers={"Set-Cookie": "a=b; Path=/"})]
    client = open_client(server.url.replace("127.0.0.1", "localhost"))
    await get(client)
    await get(client)
    assert len(server.seen) == 2
    assert all("cookie" not in seen.headers for seen in server.seen)


async def test_queries_leave_out_what_is_none_and_quote_the_rest_once(server, open_client):
    query = {"market": "BTC-USD-PERP", "cursor": "a+b/c==&x", "start_at": 5, "end_at": None}
    await get(open_client(server.url), query=query)
    target = server.seen[0].target
    assert target.endswith("?market=BTC-USD-PERP&cursor=a%2Bb%2Fc%3D%3D%26x&start_at=5")


async def test_an_answer_without_a_body_is_none_where_none_is_expected(server, open_client):
    server.script = [answer(status=204)]
    result = await open_client(server.url).request(
        "DELETE", "/orders/1", None, scope=Scope.ORDER, idempotent=True
    )
    assert result is None


async def test_compressed_answers_are_read(server, open_client):
    body = gzip.compress(b'{"status":"ok"}')
    server.script = [answer(raw=body, headers={"Content-Encoding": "gzip"})]
    assert (await get(open_client(server.url))).status == "ok"


# -- BODIES THAT ARE NOT WHAT THEY SHOULD BE -------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        answer(status=200),
        answer(raw=b"   "),
        answer(raw=HTML, content_type="text/html"),
        answer(raw=b'{"status":'),
        answer(raw=b'{"state":"ok"}'),
        answer(raw=b"[]"),
        answer(raw=b"\xff\xfe"),
        answer({"status": 5}),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b'{"status":"ok"', "close"),
        Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", "close"),
        Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", "reset"),
        answer(raw=b"not gzip", headers={"Content-Encoding": "gzip"}),
    ],
)
async def test_a_success_that_is_not_understood_leaves_the_outcome_unknown(
    server, open_client, reply
):
    server.script = [reply]
    with pytest.raises(TransportError) as caught:
        await send(open_client(server.url), "POST", body=b"{}")
    assert caught.value.sent
    assert caught.value.outcome_unknown
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (answer(raw=HTML, content_type="text/html; charset=x", status=502), "502 Bad Gateway"),
        (answer(status=502), "HTTP 502 Bad Gateway with an empty body"),
        (answer(raw=b'{"error":"INTER', status=500), "HTTP 500 Internal Server Error with"),
        (answer({"message": "upstream"}, 503), "upstream"),
        (answer({"error": None, "message": None}, 504), "HTTP 504 Gateway Timeout"),
        (answer([1], 500), "HTTP 500"),
        (answer(raw=b"\xff\xfe", status=500), "HTTP 500"),
        (answer(raw=b"[" * 5000, status=500), "HTTP 500"),
        (Reply(b"HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n\r\n"), "HTTP 599 with an empty body"),
        (answer({"error": 7, "message": ["x"]}, 500), "HTTP 500"),
    ],
)
async def test_a_broken_error_body_is_a_venue_error_with_unknown_outcome(
    server, open_client, reply, text
):
    server.script = [reply]
    with pytest.raises(VenueError) as caught:
        await send(open_client(server.url), "POST", body=b"{}")
    error = caught.value
    assert text in str(error)
    assert error.code is None
    assert error.transient
    assert error.outcome_unknown
    assert error.status >= 500
    assert len(server.seen) == 1


async def test_the_venues_refusal_carries_its_code_text_and_status(server, open_client):
    server.script = [refused("INVALID_ORDER_SIZE", 400, "size: too small")]
    with pytest.raises(VenueError) as caught:
        await send(open_client(server.url), "POST", body=b"{}")
    error = caught.value
    assert (error.code, error.status) == ("INVALID_ORDER_SIZE", 400)
    assert str(error) == "INVALID_ORDER_SIZE: size: too small"
    assert not error.outcome_unknown


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_refused_and_never_followed(server, open_client, status):
    async with ScriptedServer([OK]) as elsewhere:
        server.script = [answer(status=status, headers={"Location": f"{elsewhere.url}/x"})]
        with pytest.raises(VenueError, match="redirects are not followed") as caught:
            await send(open_client(server.url), "POST", body=b"{}")
        assert elsewhere.seen == []
    assert caught.value.status == status
    assert not caught.value.transient
    assert len(server.seen) == 1


async def test_bodies_are_bounded(server, open_client):
    server.script = [answer(raw=b" " * 5_000)]
    client = open_client(server.url, max_body_bytes=4_096, retry=NO_RETRY)
    with pytest.raises(TransportError, match="larger than 4096 bytes") as caught:
        await get(client)
    assert caught.value.sent


async def test_the_bound_holds_for_what_a_compressed_body_unfolds_to(server, open_client):
    bomb = gzip.compress(b" " * 4_000_000)
    server.script = [answer(raw=bomb, headers={"Content-Encoding": "gzip"})]
    client = open_client(server.url, max_body_bytes=100_000, retry=NO_RETRY)
    with pytest.raises(TransportError):
        await get(client)


# -- CONNECTIONS THAT FAIL -------------------------------------------------------------------------


async def test_a_refused_connection_was_not_sent(open_client):
    async with ScriptedServer([OK]) as gone:
        url = gone.url
    with pytest.raises(TransportError, match="cannot connect") as caught:
        await send(open_client(url), "POST", body=b"{}")
    assert not caught.value.sent
    assert not caught.value.outcome_unknown
    assert caught.value.transient


async def test_a_host_without_an_address_was_not_sent(open_client):
    client = open_client("https://paradex.invalid/v1")
    with pytest.raises(TransportError, match=r"cannot connect: paradex\.invalid") as caught:
        await send(client, "POST", body=b"{}")
    assert not caught.value.sent


async def test_a_peer_that_speaks_no_tls_was_not_sent_anything(open_client):
    async def serve(_reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    with pytest.raises(TransportError, match="cannot connect") as caught:
        await send(open_client(f"https://127.0.0.1:{port}/v1"), "POST", body=b"{}")
    listener.close()
    assert not caught.value.sent


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_connection_lost_after_sending_is_unknown_and_sent_once(
    server, open_client, then, method
):
    server.script = [Reply(b"", then)]
    with pytest.raises(TransportError, match="connection was lost") as caught:
        await send(open_client(server.url), method, body=b"{}")
    assert caught.value.sent
    assert caught.value.outcome_unknown
    assert len(server.seen) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_kept_connection_that_dies_never_sends_a_command_twice(server, open_client, method):
    # aiohttp itself would repeat PUT and DELETE here, on a new connection.
    server.script = [OK, Reply(b"", "reset"), OK]
    client = open_client(server.url)
    await get(client)
    with pytest.raises(TransportError) as caught:
        await send(client, method, body=b"{}")
    assert caught.value.sent
    assert [seen.method for seen in server.seen] == ["GET", method]


async def test_no_answer_in_time_is_unknown_and_sent_once(server, open_client):
    server.script = [Reply(b"", "stall")]
    client = open_client(server.url, timeout=0.2)
    with pytest.raises(TransportError, match="no answer in time") as caught:
        await send(client, "POST", body=b"{}")
    assert caught.value.sent
    assert len(server.seen) == 1


async def test_a_body_that_stalls_is_unknown(server, open_client):
    server.script = [Reply(b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{", "stall")]
    with pytest.raises(TransportError, match="in time") as caught:
        await send(open_client(server.url, timeout=0.2), "POST", body=b"{}")
    assert caught.value.sent


async def test_no_free_connection_in_time_was_not_sent(server, open_client):
    server.script = [Reply(b"", "stall")]
    client = open_client(server.url, pool_limit=1, connect_timeout=0.2, timeout=5.0)
    first = asyncio.create_task(send(client, "POST", body=b"1"))
    await server.arrived()
    with pytest.raises(TransportError, match="no connection in time") as caught:
        await send(client, "POST", body=b"2")
    assert not caught.value.sent
    assert [seen.body for seen in server.seen] == [b"1"]
    first.cancel()


async def test_a_cancelled_request_is_cancelled_and_the_client_lives_on(server, open_client):
    server.script = [Reply(b"", "stall"), OK]
    client = open_client(server.url)
    task = asyncio.create_task(send(client, "POST", body=b"{}"))
    await server.arrived()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await get(client)).status == "ok"


async def test_a_closed_client_sends_nothing(server, open_client):
    client = open_client(server.url)
    await get(client)
    await client.close()
    await client.close()
    with pytest.raises(TransportError, match="closed") as caught:
        await send(client, "POST", body=b"{}")
    assert not caught.value.sent
    assert len(server.seen) == 1
    client.reopen()
    assert (await get(client)).status == "ok"
    client.reopen()
    await get(client)
    assert server.connections == 2


async def test_settings_may_change_between_connections_but_not_the_address(server, open_client):
    client = open_client(server.url)
    other = HttpSettings(base_url=server.url, timeout=3.0)
    client.configure(other)
    assert client.settings is other
    with pytest.raises(ValueError, match="keeps its settings"):
        client.configure(HttpSettings(base_url="https://api.prod.paradex.trade/v1"))
    await get(client)
    with pytest.raises(ValueError, match="keeps its settings"):
        client.configure(HttpSettings(base_url=server.url))
    assert client.settings is other


async def test_closing_ends_requests_under_way_as_unknown(server, open_client):
    server.script = [Reply(b"", "stall")]
    client = open_client(server.url)
    task = asyncio.create_task(send(client, "POST", body=b"{}"))
    await server.arrived()
    await client.close()
    with pytest.raises(TransportError) as caught:
        await task
    assert caught.value.sent


# -- REPETITION ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        answer(raw=HTML, status=502, content_type="text/html"),
        refused("SERVICE_UNAVAILABLE", 503),
        answer({"message": "rate limit exceeded"}, 429),
        Reply(b"", "close"),
        Reply(b"", "reset"),
        answer(raw=b'{"stat'),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_queries_and_cancels_are_repeated_with_growing_delays(
    server, open_client, timing, trouble, method
):
    server.script = [trouble, trouble, OK]
    client = open_client(server.url, retry=RetryPolicy(initial_ms=100, max_ms=5_000))
    assert (await send(client, method, idempotent=True)).status == "ok"
    assert len(server.seen) == 3
    assert timing.slept == pytest.approx([0.075, 0.15])


async def test_repetition_ends_with_the_last_error(server, open_client):
    server.script = [refused("SERVICE_UNAVAILABLE", 503)]
    client = open_client(server.url, retry=RetryPolicy(max_retries=2))
    with pytest.raises(VenueError, match="SERVICE_UNAVAILABLE"):
        await get(client)
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    "reply", [refused("MARKET_NOT_FOUND", 404), refused("VALIDATION_ERROR", 400)]
)
async def test_definitive_refusals_are_not_repeated(server, open_client, reply):
    server.script = [reply]
    with pytest.raises(VenueError):
        await get(open_client(server.url))
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_creates_and_modifies_are_never_repeated(server, open_client, timing, method, status):
    server.script = [answer({"message": "later"}, status, headers={"Retry-After": "0"}), OK]
    with pytest.raises(VenueError) as caught:
        await send(open_client(server.url), method, body=b"{}")
    assert caught.value.outcome_unknown
    assert len(server.seen) == 1
    assert timing.slept == []


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_waited_for(server, open_client, timing, status):
    busy = answer({"message": "rate limit exceeded"}, status, headers={"Retry-After": "7"})
    server.script = [busy, OK]
    before = timing.now
    await get(open_client(server.url))
    assert timing.now - before >= 7.0
    assert len(server.seen) == 2


async def test_a_429_tells_how_long_to_wait_and_nothing_else_is_sent_meanwhile(
    server, open_client, timing
):
    server.script = [answer({"message": "slow"}, 429, headers={"Retry-After": "5"}), OK]
    client = open_client(server.url)
    with pytest.raises(RateLimitError) as caught:
        await send(client, "POST", body=b"{}")
    assert caught.value.retry_after == 5.0
    before = timing.now
    await send(client, "POST", body=b"{}")
    assert timing.now - before >= 5.0


async def test_a_pause_beyond_reason_fails_at_once(server, open_client):
    server.script = [answer({"message": "x"}, 429, headers={"Retry-After": "86400"}), OK]
    with pytest.raises(RateLimitError):
        await get(open_client(server.url))
    assert len(server.seen) == 1


async def test_what_the_venue_says_is_left_is_observed(server, open_client, timing):
    headers = {
        "X-RateLimit-Limit": "1500",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "20",
    }
    server.script = [answer({"status": "ok"}, headers=headers), OK]
    client = open_client(server.url)
    await get(client)
    before = timing.now
    await get(client)
    assert timing.now - before >= 20.0


async def test_the_first_attempt_of_a_granted_request_counts_nothing(server, open_client, timing):
    client = open_client(server.url)
    while client.limiter.try_acquire(Scope.ORDER):
        pass
    before = timing.now
    await send(client, "POST", body=b"{}", granted=True)
    assert timing.now == before


# -- TOKENS ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "refusal",
    [
        refused("INVALID_TOKEN", 401),
        refused("UNAUTHORIZED_ERROR", 401),
        refused("INVALID_TOKEN", 400),
        answer(status=401),
    ],
)
async def test_a_refused_token_is_replaced_once_and_the_request_sent_again(
    server, open_client, method, refusal
):
    server.script = [refusal, OK]
    tokens = CountingTokens("old", "new")
    result = await send(open_client(server.url), method, tokens=tokens, body=b"{}")
    assert result.status == "ok"
    assert tokens.rejected == ["old"]
    assert [s.headers["authorization"] for s in server.seen] == ["Bearer old", "Bearer new"]
    assert [s.body for s in server.seen] == [b"{}", b"{}"]


async def test_a_second_refusal_of_the_token_is_final(server, open_client):
    server.script = [refused("INVALID_TOKEN", 401)]
    tokens = CountingTokens("a", "b", "c")
    with pytest.raises(AuthenticationError) as caught:
        await send(open_client(server.url), "POST", tokens=tokens)
    assert not caught.value.outcome_unknown
    assert len(server.seen) == 2
    assert tokens.distrusted == "b"


@pytest.mark.parametrize(
    "reply",
    [
        refused("INVALID_TOKEN_SCOPE", 403),
        refused("GEO_IP_BLOCK", 403),
        refused("IP_NOT_ALLOWED", 401),
    ],
)
async def test_other_refusals_do_not_cost_a_token(server, open_client, reply):
    server.script = [reply]
    tokens = CountingTokens("a", "b")
    with pytest.raises(AuthenticationError):
        await send(open_client(server.url), "POST", tokens=tokens)
    assert tokens.rejected == []
    assert len(server.seen) == 1


class BrokenTokens:
    def __init__(self, error):
        self.error = error

    async def token(self):
        raise self.error

    async def refresh(self, rejected_token):
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        TransportError("no answer", sent=True),
        RateLimitError("slow"),
        VenueError("x", transient=True, outcome_unknown=True),
    ],
)
async def test_a_command_without_a_token_was_not_sent_whatever_became_of_the_token(
    server, open_client, error
):
    with pytest.raises(TransportError, match="no token") as caught:
        await send(open_client(server.url), "POST", tokens=BrokenTokens(error), body=b"{}")
    assert not caught.value.sent
    assert not caught.value.outcome_unknown
    assert server.seen == []


async def test_a_refused_key_stays_an_authentication_error(server, open_client):
    error = AuthenticationError("no", code="NOT_ONBOARDED")
    with pytest.raises(AuthenticationError):
        await send(open_client(server.url), "POST", tokens=BrokenTokens(error))


# -- CLOCK AND WARM-UP -----------------------------------------------------------------------------


async def test_warming_up_opens_one_connection_and_measures_the_clock(server, open_client, timing):
    server.script = [answer({"server_time": str(timing.time_ms() + 1_500)})]
    client = open_client(server.url)
    assert client.clock_offset_ms == 0
    assert client.clock_offset is None
    sample = await client.warm_up()
    assert sample.offset_ms == client.clock_offset_ms == 1_500
    assert sample.rtt_ms >= 0
    assert client.clock_offset == sample
    assert {seen.target for seen in server.seen} == {"/v1/system/time"}
    await get_time(client)
    assert server.connections == 1


async def get_time(client):
    return await client.request(
        "GET", "/system/time", SystemTime, scope=Scope.PUBLIC, idempotent=True
    )


@pytest.mark.parametrize("text", ["", "noon", "-1", "1.5", "١٢"])
async def test_a_server_that_does_not_tell_the_time_is_an_error(server, open_client, text):
    server.script = [answer({"server_time": text})]
    with pytest.raises(TransportError, match="/system/time"):
        await open_client(server.url, retry=NO_RETRY).warm_up()


async def test_the_comparison_with_the_shortest_round_trip_counts(server, timing):
    samples = iter([(0, 900), (900, 940), (940, 1_940)])

    class Uneven(VirtualTiming):
        calls = 0

        def time_ns(self):
            self.calls += 1
            if self.calls % 2:
                self.current = next(samples)
                return self.current[0] * 1_000_000
            return self.current[1] * 1_000_000

    uneven = Uneven()
    uneven.time_ms = lambda: 0
    client = ParadexHttpClient(
        HttpSettings(base_url=server.url), timing=uneven, limiter=RateLimiter(uneven), log=NoLog()
    )
    server.script = [answer({"server_time": "5920"})]
    sample = await client.warm_up()
    assert (sample.offset_ms, sample.rtt_ms) == (5_000, 40.0)
    await client.close()


# -- SECRETS AND SETTINGS --------------------------------------------------------------------------


SIGNATURE = '["' + "7" * 75 + '","' + "8" * 76 + '"]'
JWT = "eyJhbGciOiJFUzM4NCJ9.eyJleHAiOjF9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "reply",
    [
        refused("VALIDATION_ERROR", 400, f"bad {SIGNATURE} {JWT}"),
        answer(raw=f"<p>{JWT} {SIGNATURE}</p>".encode(), status=502, content_type="text/html"),
        answer(raw=f"{JWT} {SIGNATURE}".encode(), status=400, content_type=JWT),
        answer({"status": 5, "x": JWT}),
        Reply(f"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: {JWT}\r\n\r\n{{".encode(), "close"),
        Reply(f"{JWT} {SIGNATURE}\r\n\r\n".encode(), "close"),
    ],
)
async def test_no_error_repeats_a_secret_that_the_server_echoes(server, open_client, reply):
    server.script = [reply]
    with pytest.raises((VenueError, TransportError)) as caught:
        await send(open_client(server.url), "POST", tokens=CountingTokens(JWT), body=b"{}")
    for error in chain_of(caught.value):
        text = f"{error} {error!r}"
        assert "eyJ" not in text
        assert "7777" not in text
        assert "8888" not in text


def chain_of(error):
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def test_a_proxys_credentials_show_nowhere(server, open_client):
    proxy = "http://user:hush@127.0.0.1:1"
    client = open_client(server.url, proxy=proxy)
    with pytest.raises(TransportError) as caught:
        await send(client, "POST", body=b"{}")
    shown = f"{caught.value} {client!r} {client.settings!r} {client.settings.__rich_repr__()}"
    assert "hush" not in shown
    assert not caught.value.sent


async def test_a_proxy_is_used(server, open_client):
    client = open_client("http://127.0.0.1:1/v1", proxy=server.url.removesuffix("/v1"))
    assert (await get(client)).status == "ok"
    assert server.seen[0].target == "http://127.0.0.1:1/v1/system/state"


@pytest.mark.parametrize(
    "numbers",
    [
        {"timeout": 0},
        {"connect_timeout": -1},
        {"pool_keepalive": 0},
        {"pool_limit": 0},
        {"max_body_bytes": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(numbers):
    with pytest.raises(ValueError, match="must be positive"):
        HttpSettings(base_url="https://api.prod.paradex.trade/v1", **numbers)


def test_plain_http_to_another_machine_is_refused_at_build_time():
    with pytest.raises(ValueError, match="not encrypted"):
        HttpSettings(base_url="http://api.prod.paradex.trade/v1")
    settings = HttpSettings(base_url="http://10.1.2.3/v1", allow_insecure=True)
    assert settings.base_url == "http://10.1.2.3/v1"


async def test_not_found_without_the_venues_code_proves_nothing(server, open_client):
    server.script = [answer(raw=b"<h1>404</h1>", status=404, content_type="text/html")]
    with pytest.raises(NotFoundError) as caught:
        await get(open_client(server.url))
    assert caught.value.outcome_unknown
