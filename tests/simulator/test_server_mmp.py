"""Market-maker protection over REST and the channel ``mmp`` (PROTOCOL 4.2, 6.4, 8.5)."""

from typing import Any

import pytest

from tests.simulator.server_client import World
from tests.simulator.server_client import world


MARKET = "BTC-USD-PERP"
SETTINGS = {"interval_ms": 60_000, "frozen_time_ms": 0, "size_limit": "0.5"}


async def enabled(w: World) -> World:
    await w.login()
    w.exchange.protection.allow(w.account)
    return w


async def protect(w: World, base_asset: str = "BTC", **settings: Any) -> dict[str, Any]:
    body = SETTINGS | settings
    status, answer, _ = await w.rest.request("POST", f"/account/mmp/{base_asset}", body)
    assert status == 200, answer
    return answer


async def quote(w: World, side: str, size: str, price: str) -> str:
    placed = await w.place(side=side, size=size, price=price, flags=["MMP"])
    await w.eventually(
        lambda: w.exchange.queries.order(w.account, placed["id"]).status.value != "NEW"
    )
    return placed["id"]


async def refused(w: World, method: str, path: str, body: Any = None) -> tuple[int, str]:
    status, answer, _ = await w.rest.request(method, path, body)
    return status, answer["error"]


async def test_an_account_that_is_not_enabled_can_read_and_remove_only():
    async with world() as w:
        await w.login()
        answer = await w.rest.get("/account/mmp")
        assert answer == {"account": w.account, "enabled": False, "results": []}
        for path, body in (("/account/mmp/BTC", SETTINGS), ("/account/mmp/reset", {})):
            assert await refused(w, "POST", path, body) == (403, "MMP_NOT_ENABLED")
        order = w.order(flags=["MMP"])
        assert await refused(w, "POST", "/orders", order) == (403, "MMP_NOT_ENABLED")
        assert (await w.rest.request("DELETE", "/account/mmp/BTC"))[0] == 204


async def test_a_configuration_is_stored_replaced_read_and_removed():
    async with world() as w:
        await enabled(w)
        stored = await protect(w, protect_block_trades=True)
        assert stored | {"updated_at": 0} == {
            "base_asset": "BTC",
            "interval_ms": 60_000,
            "frozen_time_ms": 0,
            "size_limit": "0.5",
            "delta_limit": "0",
            "vega_limit": "0",
            "protect_block_trades": True,
            "updated_at": 0,
        }
        await protect(w, "ETH")
        # A limit that is not sent is off; the flag of block trades stays.
        await protect(w, size_limit="", delta_limit="2.5")
        answer = await w.rest.get("/account/mmp")
        assert answer["enabled"] is True
        assert [row["base_asset"] for row in answer["results"]] == ["BTC", "ETH"]
        (row,) = (await w.rest.get("/account/mmp", base_asset="BTC"))["results"]
        assert (row["size_limit"], row["delta_limit"]) == ("0", "2.5")
        assert row["protect_block_trades"] is True
        assert (row["is_frozen"], row["frozen_until"], row["window_size"]) == (False, 0, "0")
        assert (await w.rest.request("DELETE", "/account/mmp/BTC"))[0] == 204
        assert (await w.rest.get("/account/mmp", base_asset="BTC"))["results"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"interval_ms": None}, "VALIDATION_ERROR"),
        ({"interval_ms": "1000"}, "BINDING_ERROR"),
        ({"interval_ms": 50}, "INVALID_REQUEST_PARAMETER"),
        ({"size_limit": 1}, "BINDING_ERROR"),
        ({"size_limit": "1E+3"}, "INVALID_REQUEST_PARAMETER"),
        ({"size_limit": "-1"}, "INVALID_REQUEST_PARAMETER"),
        ({"size_limit": "0"}, "INVALID_REQUEST_PARAMETER"),
        ({"protect_block_trades": "yes"}, "BINDING_ERROR"),
    ],
)
async def test_malformed_settings_are_refused(changes: dict[str, Any], code: str):
    async with world() as w:
        await enabled(w)
        body = SETTINGS | changes
        assert await refused(w, "POST", "/account/mmp/BTC", body) == (400, code)
        assert await refused(w, "POST", "/account/mmp/reset", {"base_asset": 1}) == (
            400,
            "BINDING_ERROR",
        )


async def test_a_trip_cancels_tells_and_freezes_until_a_reset():
    async with world() as w:
        await enabled(w)
        stream = await w.stream("mmp", "orders.ALL", version=None)
        await protect(w)
        order_id = await quote(w, "BUY", "1", "68000")
        w.trade("SELL", "0.6", "68000")
        news = await stream.until(lambda: len(stream.messages("mmp")) == 2 and stream.messages)
        changed, tripped = news("mmp")
        assert (changed["kind"], changed["frozen_until"]) == ("CONFIG_UPDATED", 0)
        assert changed["config"]["removed"] is False
        assert changed["config"]["size_limit"] == "0.5"
        assert tripped == {
            "base_asset": "BTC",
            "kind": "TRIGGERED",
            "trip_reason": "SIZE",
            "frozen_until": 0,
            "window_size": "0.6",
            "window_delta": "0.6",
            "window_vega": "0",
            "trigger_market": MARKET,
        }
        last = stream.messages("orders.ALL")[-1]
        assert (last["id"], last["cancel_reason"]) == (order_id, "MMP_TRIGGERED")
        assert last["flags"] == ["MMP"]
        (row,) = (await w.rest.get("/account/mmp"))["results"]
        assert (row["is_frozen"], row["frozen_until"]) == (True, 0)
        frozen = await quote(w, "BUY", "0.1", "68000")
        assert w.exchange.queries.order(w.account, frozen).cancel_reason == "MMP_FROZEN"
        (freeze,) = w.exchange._core.protections.of(w.account)
        # Whatever the time is: as if it had begun later.
        freeze.frozen_at_us += 3_600_000_000
        early = await refused(w, "POST", "/account/mmp/reset", {"base_asset": "BTC"})
        assert early == (400, "MMP_MIN_FREEZE_NOT_ELAPSED")


async def test_a_removal_is_told_as_a_configuration_that_is_removed():
    async with world() as w:
        await enabled(w)
        await protect(w)
        stream = await w.stream("mmp", version=2)
        order_id = await quote(w, "BUY", "1", "60000")
        assert (await w.rest.request("DELETE", "/account/mmp/BTC"))[0] == 204
        (news,) = await stream.until(lambda: stream.messages("mmp"))
        assert (news["kind"], news["config"]["removed"]) == ("CONFIG_UPDATED", True)
        assert w.exchange.queries.order(w.account, order_id).cancel_reason == "MMP_DISABLED"


async def test_a_reset_answers_with_what_it_reset():
    async with world() as w:
        await enabled(w)
        await protect(w, "ETH")
        await protect(w)
        stream = await w.stream("mmp")
        status, answer, _ = await w.rest.request("POST", "/account/mmp/reset", {})
        assert status == 200
        assert [row["base_asset"] for row in answer["results"]] == ["BTC", "ETH"]
        assert all(row["reset_at"] > 0 for row in answer["results"])
        await stream.until(lambda: len(stream.messages("mmp")) == 2)
        assert [row["kind"] for row in stream.messages("mmp")] == ["RESET", "RESET"]
        status, answer, _ = await w.rest.request(
            "POST", "/account/mmp/reset", {"base_asset": "SOL"}
        )
        assert (status, answer["results"]) == (200, [])


async def test_news_of_a_freeze_reach_nobody_else():
    async with world() as w:
        await enabled(w)
        other = await w.other()
        own = await w.stream("mmp")
        w.rest.token, token = other.token, w.rest.token
        foreign = await w.stream("mmp")
        w.rest.token = token
        await protect(w)
        await own.until(lambda: own.messages("mmp"))
        await foreign.subscribe("account")
        assert foreign.messages("mmp") == []
