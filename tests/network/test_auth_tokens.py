"""Tokens: one fetch for everybody, renewed in time, refused with advice (rule E13)."""

import asyncio
import base64
import json

import pytest

from nautilus_paradex.network.auth import StaticToken
from nautilus_paradex.network.auth import TokenSource
from nautilus_paradex.network.clock import ClockOffset
from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.token_claims import ASSUMED_LIFETIME
from nautilus_paradex.network.token_claims import token_lifetime
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.signing import AccountSigner
from nautilus_paradex.protocol.signing import Signer
from tests.network.scripted_server import Reply
from tests.network.scripted_server import ScriptedServer
from tests.network.scripted_server import answer
from tests.network.scripted_server import refused
from tests.network.virtual_timing import VirtualTiming
from tests.network.virtual_timing import settle


ACCOUNT = "0x26192f7b814b465a1ff858762ae35e9d1f59076b11a4def380bd27b8170cf5d"
NOW_S = 1_790_000_000


class Key:
    public_key_hex = "0xabc"


class FakeSigner:
    account = ACCOUNT
    signer = Key()

    def __init__(self):
        self.signed = []

    def sign_auth(self, timestamp_s, expiration_s):
        self.signed.append((timestamp_s, expiration_s))
        return '["1","2"]'


def jwt(number=1, **claims):
    payload = base64.urlsafe_b64encode(json.dumps({"n": number, **claims}).encode())
    return f"eyJhbGciOiJFUzM4NCJ9.{payload.decode().rstrip('=')}.c2ln"


def fresh(number, lifetime=300):
    return answer({"jwt_token": jwt(number, iat=NOW_S, exp=NOW_S + lifetime)})


class KeepingLog(NoLog):
    def __init__(self):
        self.lines = []

    def debug(self, message, /):
        self.lines.append(message)

    def warning(self, message, /):
        self.lines.append(message)

    def exception(self, message, error, /):
        self.lines.append(f"{message}: {error!r}")


class Bench:
    """A token source in front of a scripted server."""

    def __init__(self, server, **options):
        self.server = server
        self.timing = VirtualTiming(auto=False)
        self.log = KeepingLog()
        self.signer = FakeSigner()
        self.http = ParadexHttpClient(
            HttpSettings(base_url=server.url, retry=RetryPolicy(max_retries=0)),
            timing=self.timing,
            limiter=RateLimiter(self.timing),
            log=self.log,
        )
        self.tokens = TokenSource(
            self.http, self.signer, timing=self.timing, log=self.log, **options
        )

    async def until(self, condition):
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - of many kinds, none of which has an event
                await asyncio.sleep(0.001)

    async def close(self):
        await self.tokens.aclose()
        await self.http.close()


@pytest.fixture
async def server():
    async with ScriptedServer([fresh(1)]) as server:
        yield server


@pytest.fixture
async def bench(server):
    bench = Bench(server)
    yield bench
    await bench.close()


# -- THE REQUEST -----------------------------------------------------------------------------------


async def test_the_request_carries_the_headers_of_the_protocol(server, bench):
    token = await bench.tokens.token()
    assert token == jwt(1, iat=NOW_S, exp=NOW_S + 300)
    request = server.seen[0]
    assert (request.method, request.target) == ("POST", "/v1/auth/0xabc")
    assert request.body == b""
    assert bench.signer.signed == [(NOW_S, NOW_S + 1800)]
    assert request.headers["paradex-starknet-account"] == ACCOUNT
    assert request.headers["paradex-starknet-signature"] == '["1","2"]'
    assert request.headers["paradex-timestamp"] == str(NOW_S)
    assert request.headers["paradex-signature-expiration"] == str(NOW_S + 1800)
    assert "paradex-authorize-isolated-markets" not in request.headers
    assert "authorization" not in request.headers


async def test_the_accounts_own_signer_fits(server, bench):
    key = Signer("0x2ce1f5b4a3d29b7c1e80a94bb1f3c5d6e7f80123456789abcdef0123456789a")
    signer = AccountSigner(ACCOUNT, "PRIVATE_SN_PARACLEAR_MAINNET", key)
    tokens = TokenSource(bench.http, signer, timing=bench.timing, log=bench.log)
    await tokens.token()
    await tokens.aclose()
    request = server.seen[0]
    assert request.target == (
        "/v1/auth/0x2fb2d864a95fc1782049b5c1ec06598742d5a0195bbb7fb365296ac86cb30e"
    )
    assert request.headers["paradex-starknet-account"] == ACCOUNT
    assert request.headers["paradex-starknet-signature"] == signer.sign_auth(NOW_S, NOW_S + 1800)


async def test_interactive_usage_and_isolated_markets_are_asked_for(server):
    bench = Bench(server, token_usage="interactive", isolated_markets=True)
    await bench.tokens.token()
    await bench.close()
    assert server.seen[0].target == "/v1/auth/0xabc?token_usage=interactive"
    assert server.seen[0].headers["paradex-authorize-isolated-markets"] == "true"


async def test_other_usages_are_refused_at_build_time(server):
    with pytest.raises(ValueError, match="token_usage"):
        Bench(server, token_usage="retail")


async def test_the_signature_is_made_in_the_venues_time(bench):
    bench.http.clock.take(ClockOffset(offset_ms=-3_600_000, rtt_ms=1.0))
    await bench.tokens.token()
    assert bench.signer.signed[0][0] == NOW_S - 3_600


# -- ONE FETCH -------------------------------------------------------------------------------------


async def test_many_askers_share_one_fetch(server, bench):
    tokens = await asyncio.gather(*(bench.tokens.token() for _ in range(20)))
    assert len(set(tokens)) == 1
    await bench.tokens.token()
    assert len(server.seen) == 1


async def test_many_rejections_of_one_token_cost_one_fetch(server, bench):
    server.script = [fresh(1), fresh(2)]
    old = await bench.tokens.token()
    new = await asyncio.gather(*(bench.tokens.refresh(old) for _ in range(20)))
    assert set(new) == {jwt(2, iat=NOW_S, exp=NOW_S + 300)}
    assert await bench.tokens.refresh(old) == new[0]
    assert len(server.seen) == 2


async def test_an_asker_that_is_cancelled_does_not_take_the_token_from_the_others(server, bench):
    first = asyncio.create_task(bench.tokens.token())
    second = asyncio.create_task(bench.tokens.token())
    await settle(2)
    assert not first.done()
    first.cancel()
    assert await second == jwt(1, iat=NOW_S, exp=NOW_S + 300)
    assert first.cancelled()
    assert len(server.seen) == 1


async def test_a_failure_reaches_everybody_and_the_next_asker_tries_again(server, bench):
    server.script = [refused("SERVICE_UNAVAILABLE", 503), fresh(1)]
    results = await asyncio.gather(
        *(bench.tokens.token() for _ in range(3)), return_exceptions=True
    )
    assert all(isinstance(result, VenueError) for result in results)
    assert len(server.seen) == 1
    assert await bench.tokens.token()


async def test_a_failure_that_nobody_waits_for_any_more_is_not_lost(server, bench):
    server.script = [Reply(b"", "stall")]
    asker = asyncio.create_task(bench.tokens.token())
    await server.arrived()
    asker.cancel()
    await bench.http.close()
    await bench.until(lambda: any("No token" in line for line in bench.log.lines))


# -- RENEWAL ---------------------------------------------------------------------------------------


async def test_a_token_is_renewed_in_the_background_at_60_percent_of_its_life(server, bench):
    server.script = [fresh(1), fresh(2), fresh(3)]
    await bench.tokens.token()
    await bench.timing.advance(179.9)
    assert len(server.seen) == 1
    await bench.timing.advance(0.2)
    await bench.until(lambda: len(server.seen) == 2 and bench.tokens._fetch is None)
    assert await bench.tokens.token() == jwt(2, iat=NOW_S, exp=NOW_S + 300)
    assert len(server.seen) == 2


async def test_while_a_renewal_is_under_way_the_old_token_serves(server, bench):
    server.script = [fresh(1), Reply(b"", "stall")]
    old = await bench.tokens.token()
    await bench.timing.advance(185)
    await bench.until(lambda: len(server.seen) == 2)
    assert await bench.tokens.token() == old


async def test_a_renewal_that_fails_is_tried_again_until_it_works(server, bench):
    server.script = [fresh(1), refused("INTERNAL_ERROR", 500), Reply(b"", "close"), fresh(4)]
    await bench.tokens.token()
    # Not a second longer: the next attempt is due 0.75 s after a failure.
    await bench.timing.advance(180.1)
    await bench.until(lambda: len(server.seen) == 2 and bench.tokens._fetch is None)
    for expected, delay in ((3, 0.75), (4, 1.5)):
        await bench.timing.advance(delay)
        await bench.until(
            lambda expected=expected: len(server.seen) == expected and bench.tokens._fetch is None
        )
    assert await bench.tokens.token() == jwt(4, iat=NOW_S, exp=NOW_S + 300)
    assert sum("Cannot renew" in line for line in bench.log.lines) == 2


async def test_a_fault_of_the_signer_does_not_end_the_renewal(server, bench):
    server.script = [fresh(1), fresh(2)]
    await bench.tokens.token()
    sign, bench.signer.sign_auth = bench.signer.sign_auth, lambda *_: 1 / 0
    await bench.timing.advance(180.1)
    await bench.until(lambda: any("ZeroDivisionError" in line for line in bench.log.lines))
    bench.signer.sign_auth = sign
    await bench.timing.advance(5)
    await bench.until(lambda: len(server.seen) == 2)


async def test_a_token_that_is_about_to_expire_is_not_given_out(server, bench):
    server.script = [fresh(1), refused("INTERNAL_ERROR", 500), fresh(3)]
    await bench.tokens.token()
    bench.tokens._renewal.cancel()
    await bench.timing.advance(271)
    with pytest.raises(VenueError):
        await bench.tokens.token()
    assert await bench.tokens.token() == jwt(3, iat=NOW_S, exp=NOW_S + 300)


# -- THE END ---------------------------------------------------------------------------------------


async def test_a_closed_source_renews_nothing_and_gives_nothing(server, bench):
    await bench.tokens.token()
    await bench.tokens.aclose()
    await bench.tokens.aclose()
    await bench.timing.advance(1_000)
    with pytest.raises(TransportError, match="closed") as caught:
        await bench.tokens.token()
    assert not caught.value.sent
    assert len(server.seen) == 1


async def test_closing_while_a_fetch_is_under_way_tells_who_waits(server, bench):
    server.script = [Reply(b"", "stall")]
    asker = asyncio.create_task(bench.tokens.token())
    await server.arrived()
    await bench.tokens.aclose()
    with pytest.raises(TransportError, match="closed"):
        await asker


# -- REFUSALS --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("NOT_ONBOARDED", 400, "not onboarded"),
        ("NOT_ONBOARDED", 404, "not onboarded"),
        ("STARKNET_SIGNATURE_VERIFICATION_FAILED", 401, "check that account_address"),
        ("INVALID_TIMESTAMP", 400, "clock"),
        ("INVALID_SUBKEY", 401, "API keys"),
        ("GEO_IP_BLOCK", 403, "location"),
    ],
)
async def test_a_refused_key_says_what_to_do(server, bench, code, status, advice):
    server.script = [refused(code, status, "venue text")]
    with pytest.raises(AuthenticationError, match=advice) as caught:
        await bench.tokens.token()
    assert caught.value.code == code
    assert "venue text" in str(caught.value)
    assert not caught.value.transient
    assert [seen.method for seen in server.seen].count("POST") == 1


async def test_a_refusal_without_advice_stays_the_venues(server, bench):
    server.script = [refused("TOKEN_LIMIT_REACHED", 403, "venue text")]
    with pytest.raises(AuthenticationError, match=r"TOKEN_LIMIT_REACHED: venue text$"):
        await bench.tokens.token()


@pytest.mark.parametrize("token", ["", " ", "a b", "a\r\nX: 1", "tökén"])
async def test_an_answer_that_holds_no_token_is_an_error(server, bench, token):
    server.script = [answer({"jwt_token": token})]
    with pytest.raises(TransportError):
        await bench.tokens.token()


# -- CLAIMS ----------------------------------------------------------------------------------------


def test_the_lifetime_is_counted_without_our_clock():
    assert token_lifetime(jwt(iat=1_000, exp=1_300), None) == 300
    assert token_lifetime(jwt(iat=1_000.5, exp=1_100), None) == 99.5


def test_a_token_that_was_issued_before_is_used_for_what_is_left():
    assert token_lifetime(jwt(iat=NOW_S - 200, exp=NOW_S + 100), NOW_S) == 100
    assert token_lifetime(jwt(exp=NOW_S + 100), NOW_S) == 100


@pytest.mark.parametrize(
    "token",
    [
        jwt(),
        jwt(iat=1),
        jwt(exp=5),
        jwt(iat=500, exp=400),
        jwt(iat="x", exp="y"),
        "opaque",
        "a.b.c",
        "a.!!!!.c",
        "",
        "eyJ.W10.x",
    ],
)
def test_a_token_that_does_not_say_lives_as_long_as_the_docs_say(token):
    assert token_lifetime(token, None) == ASSUMED_LIFETIME == 300


def test_no_token_is_trusted_for_longer_than_a_day():
    assert token_lifetime(jwt(iat=0, exp=1e300), None) == 86_400


# -- READ-ONLY TOKENS AND SECRETS ------------------------------------------------------------------


async def test_a_read_only_token_is_given_as_it_is_and_its_refusal_is_final():
    tokens = StaticToken("eyJhush")
    assert await tokens.token() == "eyJhush"
    with pytest.raises(AuthenticationError, match="read_only_token") as caught:
        await tokens.refresh("eyJhush")
    assert "hush" not in f"{tokens!r} {caught.value!r}"
    await tokens.aclose()


@pytest.mark.parametrize("token", ["", " ", "a b", "a\n", "é"])
def test_what_cannot_be_a_token_is_refused_without_repeating_it(token):
    with pytest.raises(ValueError, match="read_only_token"):
        StaticToken(token)


async def test_no_secret_is_logged_or_shown(server, bench):
    server.script = [fresh(1), refused("INTERNAL_ERROR", 500)]
    token = await bench.tokens.token()
    with pytest.raises(VenueError) as caught:
        await bench.tokens.refresh(token)
    shown = f"{bench.log.lines} {bench.tokens!r} {caught.value!r}"
    assert bench.log.lines
    assert "eyJ" not in shown
    assert '["1","2"]' not in shown
