"""The limits and refusals of the public histories (PROTOCOL 4.1)."""

import pytest

from tests.simulator.server_client import World
from tests.simulator.server_client import world


BTC = "BTC-USD-PERP"
RANGE = {"start_at": "0", "end_at": "9999999999999"}


async def refusal(w: World, path: str, **query: str) -> tuple[int, str]:
    status, body, _ = await w.rest.request("GET", path, params=query)
    return status, body.get("error", "")


@pytest.mark.parametrize(("path", "most"), [("/trades", 1_000), ("/funding/data", 5_000)])
async def test_pages_have_the_venues_largest_size(path, most):
    async with world() as w:
        await w.rest.get(path, market=BTC, page_size=str(most))
        for size in ("0", str(most + 1), "-1", "x"):
            answer = await refusal(w, path, market=BTC, page_size=size)
            assert answer == (400, "INVALID_REQUEST_PARAMETER")


@pytest.mark.parametrize("resolution", ["1", "3", "5", "15", "30", "60"])
@pytest.mark.parametrize("kind", ["last", "mark", "underlying"])
async def test_klines_come_in_six_resolutions_of_three_prices(resolution, kind):
    async with world() as w:
        query = {"symbol": BTC, "resolution": resolution, "price_kind": kind, **RANGE}
        assert "results" in await w.rest.get("/markets/klines", **query)


@pytest.mark.parametrize(
    "change",
    [
        {"resolution": "2"},
        {"resolution": "1m"},
        {"resolution": ""},
        {"price_kind": "index"},
        {"start_at": "soon"},
        {"end_at": ""},
    ],
)
async def test_klines_that_there_are_not_are_refused(change):
    async with world() as w:
        query = {"symbol": BTC, "resolution": "1", **RANGE} | change
        status, code = await refusal(w, "/markets/klines", **query)
        assert (status, code) in ((400, "INVALID_REQUEST_PARAMETER"), (400, "VALIDATION_ERROR"))


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/markets/klines", {"symbol": "NO-SUCH", "resolution": "1", **RANGE}),
        ("/trades", {"market": "NO-SUCH"}),
        ("/funding/data", {"market": "NO-SUCH"}),
        ("/markets/settlement-price", {"market": "NO-SUCH"}),
        ("/bbo/NO-SUCH", {}),
        ("/orderbook/NO-SUCH/interactive", {}),
    ],
)
async def test_a_market_that_there_is_not_is_an_error_everywhere(path, query):
    async with world() as w:
        assert await refusal(w, path, **query) == (404, "MARKET_NOT_FOUND")
