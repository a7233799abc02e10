"""Reads of an account, its settings and TWAP orders over REST (PROTOCOL 4.2)."""

from decimal import Decimal

import pytest

from nautilus_paradex.simulator.engine import model
from tests.simulator.server_client import World
from tests.simulator.server_client import world


async def fill(w: World, price: str = "68000") -> None:
    before = len(w.exchange.queries.fills(w.account))
    w.trade("SELL", "0.01", price)
    await w.place(price=price)
    await w.eventually(lambda: len(w.exchange.queries.fills(w.account)) > before)


async def test_fills_are_paged_and_filtered_by_time_and_kind():
    async with world(page_size=2) as w:
        await w.login()
        for _ in range(5):
            await fill(w)
        ids: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await w.rest.get("/fills", **({"cursor": cursor} if cursor else {}))
            assert len(page["results"]) <= 2
            ids += [row["id"] for row in page["results"]]
            cursor = page["next"]
        assert len(set(ids)) == 5
        assert ids == [row.id for row in w.exchange.queries.fills(w.account)]
        created_ms = w.exchange.queries.fills(w.account)[2].created_us // 1000
        since = await w.rest.get("/fills", start_at=str(created_ms), page_size="10")
        assert {row["id"] for row in since["results"]} >= set(ids[:3])
        assert (await w.rest.get("/fills", asset_kind="SPOT"))["results"] == []
        for bad in ({"asset_kind": "X"}, {"start_at": "now"}, {"page_size": "0"}):
            assert (await w.rest.request("GET", "/fills", params=bad))[0] == 400


async def test_a_cursor_of_another_account_is_refused():
    async with world(page_size=1) as w:
        await w.login()
        await fill(w)
        await fill(w)
        cursor = (await w.rest.get("/fills"))["next"]
        assert (await w.rest.get("/fills", cursor=cursor))["results"]
        other = await w.other()
        status, body, _ = await other.request("GET", "/fills", params={"cursor": cursor})
        assert (status, body["error"]) == (400, "INVALID_REQUEST_PARAMETER")


async def test_order_history_has_all_orders_and_finds_them_by_client_id():
    async with world() as w:
        await w.login()
        await fill(w)
        await w.place(client_id="O-7", price="50000")
        history = (await w.rest.get("/orders-history"))["results"]
        assert [row["client_id"] for row in history] == ["O-7", ""]
        (found,) = (await w.rest.get("/orders-history", client_id="O-7"))["results"]
        assert found["price"] == "50000"
        closed = (await w.rest.get("/orders-history", status="CLOSED"))["results"]
        assert [row["status"] for row in closed] == ["CLOSED"]


async def test_an_order_of_another_account_does_not_exist():
    async with world() as w:
        await w.login()
        order = await w.place()
        other = await w.other()
        for method in ("GET", "DELETE"):
            status, body, _ = await other.request(method, f"/orders/{order['id']}")
            assert (status, body["error"]) == (404, "ORDER_ID_NOT_FOUND")


async def test_identity_fees_and_subaccounts_are_told():
    async with world() as w:
        await w.login()
        child = w.paradex.create_account("0x1234567", parent=w.account, usdc="50")
        own, sub = (await w.rest.get("/account/info"))["results"]
        assert (own["account"], own["kind"], own["fees"]["taker_rate"]) == (
            w.account,
            "main",
            "0.00045",
        )
        assert (sub["account"], sub["kind"], sub["parent_account"]) == (
            child,
            "subaccount",
            w.account,
        )
        assert (await w.rest.get("/account/subaccounts"))["results"] == [sub]
        summary = await w.rest.get("/account", subaccount_address=child)
        assert summary["total_collateral"] == "50"
        assert len((await w.rest.get("/account/summary"))["results"]) == 2
        params = {"subaccount_address": "0x99"}
        status, body, _ = await w.rest.request("GET", "/account", params=params)
        assert (status, body["error"]) == (400, "ACCOUNT_NOT_FOUND")


async def test_transfers_and_transactions_are_listed():
    async with world() as w:
        await w.login()
        await fill(w)
        (transfer,) = (await w.rest.get("/transfers"))["results"]
        assert (transfer["kind"], transfer["token"], transfer["amount"]) == (
            "DEPOSIT",
            "USDC",
            "100000",
        )
        assert (await w.rest.get("/transfers", status="FAILED"))["results"] == []
        (transaction,) = (await w.rest.get("/transactions"))["results"]
        assert transaction["id"] == w.exchange.queries.fills(w.account)[0].id
        assert (await w.rest.get("/liquidations", **{"from": "0"}))["results"] == []
        status, _, _ = await w.rest.request("GET", "/funding/payments")
        assert status == 400
        payments = await w.rest.get("/funding/payments", market="BTC-USD-PERP")
        assert payments["next"] is None


async def test_leverage_and_slippage_are_kept():
    async with world() as w:
        await w.login()
        path = "/account/margin/BTC-USD-PERP"
        status, answer, _ = await w.rest.request(
            "POST", path, {"leverage": 5, "margin_type": "CROSS"}
        )
        assert (status, answer["leverage"]) == (200, 5)
        margin = await w.rest.get("/account/margin", market="BTC-USD-PERP")
        assert margin["margin_methodology"] == "cross_margin"
        assert margin["configs"][0]["leverage"] == 5
        for bad in ({"leverage": "5", "margin_type": "CROSS"}, {"leverage": 5}):
            assert (await w.rest.request("POST", path, bad))[0] == 400
        path = "/account/profile/market_max_slippage/BTC-USD-PERP"
        assert (await w.rest.request("POST", path, {"max_slippage": "0.01"}))[0] == 200
        profile = await w.rest.get("/account/profile")
        assert profile["market_max_slippage"] == {"BTC-USD-PERP": "0.01"}


async def test_account_history_wants_a_known_type():
    async with world() as w:
        await w.login()
        assert await w.rest.get("/account/history", type="pnl") == {"data": [], "timestamps": []}
        assert (await w.rest.request("GET", "/account/history", params={"type": "x"}))[0] == 400


# -- TWAP -------------------------------------------------------------------------------------


def twap(w: World, **fields: object) -> dict[str, object]:
    body = w.order(order_type="MARKET", price="0", size="0.05")
    del body["price"]
    return body | {"algo_type": "TWAP", "duration_seconds": 90} | fields


async def test_a_twap_is_cut_into_market_orders_that_add_up():
    async with world(twap_time_scale=0.001) as w:
        await w.login()
        w.trade("SELL", "1", "68000")
        status, algo, _ = await w.rest.request("POST", "/algo/orders", twap(w))
        assert (status, algo["status"], algo["remaining_size"]) == (201, "OPEN", "0.05")

        def is_done() -> bool:
            fills = w.exchange.queries.fills(w.account)
            return sum((row.size for row in fills), Decimal(0)) == Decimal("0.05")

        await w.eventually(is_done)
        sizes = [row.size for row in reversed(w.exchange.queries.fills(w.account))]
        assert sizes == [Decimal("0.01666"), Decimal("0.01667"), Decimal("0.01667")]
        (closed,) = (await w.rest.get("/algo/orders-history"))["results"]
        assert (closed["id"], closed["status"], closed["remaining_size"]) == (
            algo["id"],
            "CLOSED",
            "0",
        )
        assert closed["avg_fill_price"] == "68000"
        assert (await w.rest.get("/algo/orders"))["results"] == []


async def test_a_twap_can_be_cancelled_midway():
    async with world() as w:
        await w.login()
        w.trade("SELL", "1", "68000")
        _, algo, _ = await w.rest.request("POST", "/algo/orders", twap(w))
        await w.eventually(lambda: w.exchange.queries.fills(w.account))
        path = f"/algo/orders/{algo['id']}"
        shown = await w.rest.get(path)
        assert (shown["status"], shown["remaining_size"]) == ("OPEN", "0.03334")
        assert (await w.rest.request("DELETE", path))[0] == 204
        status, body, _ = await w.rest.request("GET", path)
        assert (status, body["error"]) == (404, "ALGO_ID_NOT_FOUND")  # it shows open ones only
        (shown,) = (await w.rest.get("/algo/orders-history"))["results"]
        assert (shown["status"], shown["cancel_reason"]) == ("CLOSED", "USER_CANCELED")
        assert shown["remaining_size"] == "0.03334"
        status, body, _ = await w.rest.request("DELETE", path)
        assert (status, body["error"]) == (400, "ORDER_IS_CLOSED")
        status, body, _ = await w.rest.request("GET", "/algo/orders/1")
        assert (status, body["error"]) == (404, "ALGO_ID_NOT_FOUND")


async def test_the_cancel_of_a_twap_ends_its_child_that_is_not_through_yet():
    async with world(latency_ms=400) as w:
        await w.login()
        w.trade("SELL", "1", "68000")
        _, algo, _ = await w.rest.request("POST", "/algo/orders", twap(w))
        await w.eventually(lambda: w.exchange.queries.open_orders(w.account))
        assert (await w.rest.request("DELETE", f"/algo/orders/{algo['id']}"))[0] == 204
        (child,) = w.exchange.queries.order_history(w.account)
        assert (child.status, child.cancel_reason) == ("CLOSED", "USER_CANCELED")
        assert not w.exchange.queries.fills(w.account)


@pytest.mark.parametrize("repeats", [True, False])
async def test_children_of_a_twap_show_its_signature_timestamp_if_told_to(repeats: bool):
    async with world(twap_time_scale=0.001, twap_repeats_signature=repeats) as w:
        await w.login()
        w.trade("SELL", "1", "68000")
        body = twap(w)
        await w.rest.request("POST", "/algo/orders", body)
        await w.eventually(lambda: len(w.exchange.queries.fills(w.account)) == 3)
        rows = (await w.rest.get("/orders-history"))["results"]
        signed = {row["timestamp"] for row in rows}
        assert (signed == {body["signature_timestamp"]}) is repeats
        assert {row["client_id"] for row in rows} == {""}


async def test_the_history_of_twaps_is_paged_and_filtered():
    async with world(twap_time_scale=0.001) as w:
        await w.login()
        w.trade("SELL", "1", "68000")
        for _ in range(3):
            await w.rest.request("POST", "/algo/orders", twap(w))
        await w.eventually(lambda: len(w.exchange.queries.fills(w.account)) == 9)
        first = await w.rest.get("/algo/orders-history", page_size="2")
        rest = await w.rest.get("/algo/orders-history", page_size="2", cursor=first["next"])
        ids = [row["id"] for row in (*first["results"], *rest["results"])]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == 3
        last_ms = str(first["results"][0]["created_at"])
        since = await w.rest.get("/algo/orders-history", start_at=last_ms)
        assert since["results"][0]["id"] == ids[0]
        assert (await w.rest.get("/algo/orders-history", side="SELL"))["results"] == []
        assert (await w.rest.get("/algo/orders-history", end_at="1"))["results"] == []


@pytest.mark.parametrize(
    ("state", "code"),
    [("cancel_only", "SYSTEM_STATUS_CANCEL_ONLY"), ("post_only", "SYSTEM_STATUS_POST_ONLY")],
)
async def test_a_twap_is_refused_during_a_release(state: str, code: str):
    async with world() as w:
        await w.login()
        w.exchange.set_system_state(model.SystemState(state))
        _, body, _ = await w.rest.request("POST", "/algo/orders", twap(w))
        assert body["error"] == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"duration_seconds": 45}, "INVALID_REQUEST_PARAMETER"),
        ({"duration_seconds": 86_430}, "INVALID_REQUEST_PARAMETER"),
        ({"duration_seconds": "60"}, "BINDING_ERROR"),
        ({"frequency": 29}, "INVALID_REQUEST_PARAMETER"),
        ({"algo_type": "VWAP"}, "INVALID_REQUEST_PARAMETER"),
        ({"size": "0.06"}, "INVALID_ORDER_SIGNATURE"),
    ],
)
async def test_a_wrong_twap_is_refused(change: dict[str, object], code: str):
    async with world() as w:
        await w.login()
        status, body, _ = await w.rest.request("POST", "/algo/orders", twap(w, **change))
        assert (status, body["error"]) == (400, code)
