"""A key that the venue refuses is tried again seldom, and found out when it works (rule E13)."""

import pytest

from nautilus_paradex.network.auth import StaticToken
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import VenueError
from tests.network.scripted_server import ScriptedServer
from tests.network.scripted_server import refused
from tests.network.test_auth_tokens import Bench
from tests.network.test_auth_tokens import fresh
from tests.network.virtual_timing import settle


REVOKED = refused("INVALID_SUBKEY", 401, "subkey is not active")
REJECTED = AuthenticationError("token is invalid", code="INVALID_TOKEN", status=401)


class Keeping(Bench):
    """A bench whose log keeps errors and news apart."""

    def __init__(self, server, **options):
        super().__init__(server, **options)
        self.errors = []
        self.news = []
        self.log.error = self.errors.append
        self.log.info = self.news.append

    async def ask(self):
        """Ask for a token; return it, or what was said instead."""
        try:
            return await self.tokens.token()
        except AuthenticationError as error:
            return error


@pytest.fixture
async def server():
    async with ScriptedServer([fresh(1)]) as server:
        yield server


@pytest.fixture
async def bench(server):
    bench = Keeping(server)
    yield bench
    await bench.close()


async def test_an_hour_of_a_revoked_key_costs_few_logins_however_often_it_is_asked_for(
    server, bench
):
    server.script = [fresh(1), REVOKED]
    token = await bench.tokens.token()
    with pytest.raises(AuthenticationError):
        await bench.tokens.refresh(token)
    for _ in range(3_600):
        answer = await bench.ask()
        assert isinstance(answer, AuthenticationError)
        assert answer.code == "INVALID_SUBKEY"
        assert answer.status == 401
        assert not answer.outcome_unknown
        await bench.timing.advance(1.0)
    # One a second would be 3,600. With chance at one half the longest wait is 45 s.
    assert 60 <= len(server.seen) <= 100
    assert len(bench.errors) == 1
    assert "INVALID_SUBKEY" in bench.errors[0]
    assert "cancels are tried" in bench.errors[0]


async def test_waits_between_logins_grow_from_a_second_to_a_minute(server, bench):
    server.script = [fresh(1), REVOKED]
    bench.timing.chance = 1.0
    token = await bench.tokens.token()
    with pytest.raises(AuthenticationError):
        await bench.tokens.refresh(token)
    for wait in (1, 2, 4, 8, 16, 32, 60):  # then the renewal is due, and asks too
        asked = len(server.seen)
        await bench.timing.advance(wait - 0.1)
        assert "tried again in" in str(await bench.ask())
        assert len(server.seen) == asked
        await bench.timing.advance(0.2)
        assert "tried again in" not in str(await bench.ask())
        assert len(server.seen) == asked + 1


async def test_a_key_that_works_again_is_found_and_said(server, bench):
    server.script = [fresh(1), REVOKED, REVOKED, fresh(2)]
    token = await bench.tokens.token()
    with pytest.raises(AuthenticationError):
        await bench.tokens.refresh(token)
    await bench.timing.advance(1.0)
    assert isinstance(await bench.ask(), AuthenticationError)
    assert bench.news == []
    await bench.timing.advance(2.0)
    assert await bench.ask() == await bench.ask() != token
    assert len(bench.news) == 1
    assert "trading goes on" in bench.news[0]


async def test_the_token_that_is_held_is_used_while_the_key_is_refused(server, bench):
    """Revoked is the key: whether its tokens are too, the venue says."""
    server.script = [fresh(1), REVOKED]
    token = await bench.tokens.token()
    await bench.timing.advance(181)  # its renewal is due, and refused
    await bench.until(lambda: bench.errors and bench.tokens._fetch is None)
    assert await bench.tokens.token() == token
    assert len(bench.errors) == 1
    await bench.timing.advance(100)  # its life is over
    assert isinstance(await bench.ask(), AuthenticationError)
    assert bench.tokens.last_token() == token


async def test_the_renewal_of_a_refused_key_waits_as_requests_do(server, bench):
    server.script = [fresh(1), REVOKED]
    await bench.tokens.token()
    for _ in range(360):
        await bench.timing.advance(10)
        await bench.until(lambda: bench.tokens._fetch is None)
        await settle()
    assert 60 <= len(server.seen) <= 100
    assert len(bench.errors) == 1
    assert not any("Cannot renew" in line for line in bench.log.lines)


async def test_tokens_that_are_refused_as_soon_as_they_are_given_cost_few_logins(server, bench):
    """The venue logs in whoever asks, and refuses every request."""
    server.script = [fresh(number) for number in range(1, 1_000)]
    for _ in range(3_600):
        try:
            token = await bench.tokens.token()
            token = await bench.tokens.refresh(token)
        except AuthenticationError as error:
            assert error.code == "INVALID_TOKEN"  # noqa: PT017 - or a token was given
        else:
            bench.tokens.distrust(token, REJECTED)
        await bench.timing.advance(1.0)
    assert 120 <= len(server.seen) <= 220
    assert len(bench.errors) == 1
    assert bench.news == []


async def test_one_fresh_token_that_is_refused_is_chance(server, bench):
    """It was revoked in the moment between: the next request logs in at once."""
    server.script = [fresh(number) for number in range(1, 10)]
    token = await bench.tokens.refresh(await bench.tokens.token())
    bench.tokens.distrust(token, REJECTED)
    assert await bench.tokens.token() != token
    assert bench.errors == []
    # The same much later is chance again.
    await bench.timing.advance(400)
    token = await bench.tokens.refresh(await bench.tokens.token())
    bench.tokens.distrust(token, REJECTED)
    assert await bench.tokens.token() != token
    assert bench.errors == []


async def test_distrust_of_a_token_that_was_replaced_since_means_nothing(server, bench):
    server.script = [fresh(number) for number in range(1, 10)]
    old = await bench.tokens.token()
    new = await bench.tokens.refresh(old)
    for _ in range(5):
        bench.tokens.distrust(old, REJECTED)
    assert await bench.tokens.token() == new
    assert len(server.seen) == 2


async def test_a_refusal_at_the_first_login_is_its_callers_to_say(server, bench):
    server.script = [REVOKED]
    with pytest.raises(AuthenticationError, match="API keys"):
        await bench.tokens.token()
    assert bench.errors == []
    assert bench.tokens.last_token() is None


async def test_other_failures_of_a_login_are_not_remembered(server, bench):
    """A gateway's 502 says nothing of the key."""
    server.script = [fresh(1), refused("INTERNAL_ERROR", 500), fresh(2)]
    token = await bench.tokens.token()
    with pytest.raises(VenueError):
        await bench.tokens.refresh(token)
    assert await bench.tokens.token() != token
    assert bench.errors == []


async def test_a_read_only_token_has_no_other():
    token = StaticToken("eyJhush")
    assert token.last_token() == "eyJhush"
    token.distrust("eyJhush", REJECTED)
    assert await token.token() == "eyJhush"
