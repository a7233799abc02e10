"""Market-maker protection over REST: what is sent, what is read (PROTOCOL 4.2)."""

import json

import pytest

from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.messages import MmpRequest
from tests.network.scripted_server import ScriptedServer
from tests.network.scripted_server import answer
from tests.network.scripted_server import refused
from tests.network.virtual_timing import VirtualTiming


class OneToken:
    async def token(self):
        return "jwt"

    async def refresh(self, rejected_token):
        return "jwt2"


@pytest.fixture
async def server():
    async with ScriptedServer([answer({})]) as server:
        yield server


@pytest.fixture
async def rest(server):
    timing = VirtualTiming()
    http = ParadexHttpClient(
        HttpSettings(base_url=server.url, retry=RetryPolicy(max_retries=1)),
        timing=timing,
        limiter=RateLimiter(timing),
        log=NoLog(),
    )
    yield ParadexRest(http, OneToken())
    await http.close()


def limits(**changes):
    values = {"interval_ms": 1_000, "frozen_time_ms": 0, "size_limit": "1.5"}
    return MmpRequest(**(values | {"delta_limit": "0", "vega_limit": "0"} | changes))


async def test_every_limit_is_sent_and_the_flag_of_block_trades_only_if_it_is_meant(server, rest):
    for flag in (None, False, True):
        server.script = [answer({"base_asset": "BTC"})]
        await rest.set_mmp("BTC", limits(protect_block_trades=flag))
    bodies = [json.loads(request.body) for request in server.seen]
    plain = {
        "interval_ms": 1_000,
        "frozen_time_ms": 0,
        "size_limit": "1.5",
        "delta_limit": "0",
        "vega_limit": "0",
    }
    assert bodies == [
        plain,
        plain | {"protect_block_trades": False},
        plain | {"protect_block_trades": True},
    ]


async def test_a_configuration_is_read_with_and_without_its_live_fields(server, rest):
    stored = {"base_asset": "BTC", "interval_ms": 1_000, "size_limit": "1.5", "updated_at": 7}
    live = {
        "is_frozen": True,
        "frozen_until": 1_790_000_060_000,
        "window_size": "2",
        "window_delta": "-1.5",
        "window_vega": "0",
        "protect_block_trades": True,
        "a_new_field": 1,
    }
    absent = dict.fromkeys(("is_frozen", "frozen_until", "window_size", "window_vega"))
    rows = [stored, stored | live, stored | absent]
    server.script = [answer({"account": "0x1", "enabled": False, "results": rows})]
    result = await rest.mmp()
    assert (result.account, result.enabled) == ("0x1", False)
    short, whole, nulls = result.results
    assert (short.is_frozen, short.window_size, short.protect_block_trades) == (None, None, False)
    assert (whole.is_frozen, whole.frozen_until) == (True, 1_790_000_060_000)
    assert (whole.window_delta, whole.protect_block_trades) == ("-1.5", True)
    assert (nulls.is_frozen, nulls.window_size) == (None, None)


@pytest.mark.parametrize("name", ["reset", "", ".", ".."])
async def test_a_base_asset_cannot_name_another_path(server, rest, name):
    for call in (lambda: rest.set_mmp(name, limits()), lambda: rest.delete_mmp(name)):
        with pytest.raises(EncodeError):
            await call()
    assert server.seen == []


async def test_a_base_asset_stays_in_its_part_of_the_path(server, rest):
    server.script = [answer(status=204)]
    await rest.delete_mmp("A/B?c")
    assert server.seen[0].target == "/v1/account/mmp/A%2FB%3Fc"


async def test_a_reset_of_all_says_nothing_and_one_of_a_base_asset_names_it(server, rest):
    for name in (None, "BTC"):
        server.script = [answer({"results": []})]
        assert await rest.reset_mmp(name) == []
    assert [json.loads(request.body) for request in server.seen] == [{}, {"base_asset": "BTC"}]
    with pytest.raises(EncodeError, match="base_asset must not be empty"):
        await rest.reset_mmp("")
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("status", "code"), [(403, "MMP_NOT_ENABLED"), (400, "MMP_MIN_FREEZE_NOT_ELAPSED")]
)
async def test_a_refusal_is_definitive_and_is_not_repeated(server, rest, status, code):
    server.script = [refused(code, status, "the reason")]
    with pytest.raises(VenueError, match="the reason") as caught:
        await rest.reset_mmp()
    assert (caught.value.code, caught.value.outcome_unknown) == (code, False)
    assert len(server.seen) == 1
