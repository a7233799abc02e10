"""The official SDK (paradex-py 0.8.2) works on the local Paradex over REST (DESIGN 6)."""

import time
from decimal import Decimal
from typing import Any

import pytest
from starknet_py.hash.utils import private_to_stark_key

from nautilus_paradex.simulator import SimulatorConfig
from tests.sdk.sdk_link import Session
from tests.sdk.sdk_link import needs_sdk
from tests.sdk.sdk_world import ETHEREUM
from tests.sdk.sdk_world import LIVELY
from tests.sdk.sdk_world import QUIET
from tests.sdk.sdk_world import World
from tests.sdk.sdk_world import market_order
from tests.sdk.sdk_world import new_key
from tests.sdk.sdk_world import order
from tests.sdk.sdk_world import refused
from tests.sdk.sdk_world import sdk_world


pytestmark = [pytest.mark.sdk, needs_sdk, pytest.mark.asyncio(loop_scope="session")]

#: The key that PROTOCOL 2.2 derives from the Ethereum key on chain 11155111.
DERIVED_KEY = 0x5D712CEF2724DB39DFAB04D0E1EC62E08995639FC920307565DDC431F8A50B5

#: Fields of the SDK's models, which are of API 1.121, that this venue has not: things without a
#: meaning here, and ``chain_details``, which the API has dropped since.
ABSENT = {
    "MarketSummaryResp": ["rolling_details"],
    "MarketResp": ["chain_details", "delta1_cross_margin_params", "option_cross_margin_params"],
    "AccountProfileResp": [
        "ai_agent_url",
        "discord",
        "marketed_by",
        "nfts",
        "notifications",
        "referral",
        "tap_share_rate",
        "tap_status",
        "twitter",
        "twitter_following",
        "xp_share_rate",
    ],
    # Only rows of a batch cancel that name an order of the account have these.
    "CancelOrderResult": ["client_id", "id", "market"],
}
#: What this venue has and the SDK's models do not know yet (PROTOCOL 5.1; 12, 1.154.3).
UNKNOWN = {"FundingDataResult": ["impact_premium_rate"], "MarketResp": ["trading_mode"]}


def rows_of(answer: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = answer.get("results", [answer])
    return rows


async def check(w: World, model: str, rows: list[dict[str, Any]]) -> None:
    """Check rows against one of the SDK's models: values fit, no field is missing."""
    assert rows, model
    for row in rows[:5]:
        found = await w.departures(model, row)
        assert set(found["absent"]) <= set(ABSENT.get(model, ())), model
        assert set(found["unknown"]) <= set(UNKNOWN.get(model, ())), model


# -- ACCOUNTS ---------------------------------------------------------------------------------


async def test_an_ethereum_key_becomes_an_onboarded_account_as_the_sdk_derives_it(w: World):
    trader = await w.open(**ETHEREUM)
    account = trader.about["address"]
    assert int(trader.about["public_key"], 16) == private_to_stark_key(DERIVED_KEY)
    assert trader.about["auth_level"] == "FULL"
    assert w.exchange.queries.has_account(account)
    (balance,) = (await trader.rest("fetch_balances"))["results"]
    assert (balance["token"], balance["size"]) == ("USDC", "1000000")
    again = await w.open(server_derive_address=True, **ETHEREUM)
    assert (again.about["address"], again.about["is_onboarded"]) == (account, True)


async def test_the_server_derives_the_address_that_the_sdk_derives(w: World):
    key = new_key()
    early = await w.trader(l2_private_key=key, server_derive_address=True)
    assert early.about["is_onboarded"] is False
    late = await w.trader(l2_private_key=key)
    assert late.about["address"] == early.about["address"]


async def test_the_client_of_a_main_key_needs_the_account_to_exist(w: World):
    key = new_key()
    main = await w.trader(l2_private_key=key)
    address = main.about["address"]
    client = await w.open("ParadexL2", l2_private_key=key, l2_address=address)
    assert (await client.rest("fetch_account_summary"))["account"] == address
    error = await refused(w.open("ParadexL2", l2_private_key=new_key(), l2_address="0x123"))
    assert "NOT_ONBOARDED" in error.text


async def test_a_subkey_trades_for_its_account_until_it_is_revoked(w: World):
    main = await w.trader()
    key = new_key()
    public_key = await w.sdk.call("register_subkey", session=main.name, private_key=key)
    (row,) = (await main.rest("fetch_subkeys"))["results"]
    await check(w, "Subkey", [row])
    assert (row["public_key"], row["state"]) == (public_key, "active")
    account = main.about["address"]
    subkey = await w.open("ParadexSubkey", l2_private_key=key, l2_address=account)
    placed = await subkey.rest("submit_order", order())
    assert (placed["account"], subkey.about["auth_level"]) == (account, "TRADING")
    await main.rest("update_subkey", public_key, {"name": "renamed"})
    await main.rest("update_subkey_allowed_cidrs", public_key, ["127.0.0.0/8"])
    row = await main.rest("fetch_subkey", public_key)
    assert (row["name"], row["allowed_cidrs"]) == ("renamed", ["127.0.0.0/8"])
    await main.rest("revoke_subkey", public_key)
    assert "INVALID_TOKEN" in (await refused(subkey.rest("fetch_orders"))).text
    assert (
        "INVALID_SUBKEY"
        in (await refused(w.open("ParadexSubkey", l2_private_key=key, l2_address=account))).text
    )


async def test_a_read_only_token_reads_and_cannot_trade(w: World):
    main = await w.trader()
    made = await main.rest(
        "create_token", {"name": "eye", "token_type": "jwt", "expiry_duration": 3600}
    )
    await check(w, "CreateTokenResponse", [made])
    (row,) = (await main.rest("fetch_tokens"))["results"]
    await check(w, "ApiToken", [row])
    reader = await w.open("ParadexApiKey", api_key=made["token"])
    account = main.about["address"]
    assert (await reader.rest("fetch_account_summary"))["account"] == account
    assert "INVALID_TOKEN_SCOPE" in (await refused(reader.rest("cancel_all_orders"))).text
    await main.rest("revoke_token", row["lookup_id"])
    assert "INVALID_TOKEN" in (await refused(reader.rest("fetch_orders"))).text


async def test_a_token_for_retail_flow_marks_its_orders(w: World):
    trader = await w.trader(auth_params={"token_usage": "interactive"})
    placed = await trader.rest("submit_order", order())
    assert (await w.settled(trader, placed["id"], "OPEN")).flags == ("INTERACTIVE",)
    assert (await trader.rest("fetch_order", placed["id"]))["flags"] == ["INTERACTIVE"]


async def test_the_sdk_renews_tokens_that_are_about_to_expire(w: World):
    # The SDK asks for a new one within 30 s of the end: before every private call here.
    config = SimulatorConfig(jwt_lifetime_s=5)
    async with sdk_world(market=False, config=config) as short:
        trader = await short.trader()
        for _ in range(3):
            short.paradex.expire_tokens()
            assert (await trader.rest("fetch_orders"))["results"] == []
        assert short.sdk.logs == []


# -- PUBLIC READS -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "method", "arguments"),
    [
        ("SystemStateResponse", "fetch_system_state", ()),
        ("SystemTimeResponse", "fetch_system_time", ()),
        ("MarketResp", "fetch_markets", ()),
        ("MarketResp", "fetch_markets", ({"market": LIVELY},)),
        ("MarketSummaryResp", "fetch_markets_summary", ({"market": "ALL"},)),
        ("MarketSummaryResp", "fetch_markets_summary", ({"market": LIVELY},)),
        ("AskBidArray", "fetch_orderbook", (LIVELY, {"depth": 5})),
        ("BBOResp", "fetch_bbo", (LIVELY,)),
        ("TradeResult", "fetch_trades", ({"market": LIVELY},)),
        ("FundingDataResult", "fetch_funding_data", ({"market": LIVELY},)),
        ("InsuranceAccountResp", "fetch_insurance_fund", ()),
    ],
)
async def test_public_answers_fit_the_models_of_the_sdk(
    w: World, model: str, method: str, arguments: tuple[Any, ...]
):
    anyone = await w.open()
    await w.eventually(lambda: w.exchange.queries.trades(LIVELY))
    await w.eventually(lambda: w.exchange.queries.funding_data(LIVELY))
    await check(w, model, rows_of(await anyone.rest(method, *arguments)))


async def test_every_kind_of_market_fits_the_model_of_the_sdk(w: World):
    rows = (await (await w.open()).rest("fetch_markets"))["results"]
    kinds = {row["asset_kind"]: row for row in rows}
    assert set(kinds) == {"PERP", "PERP_OPTION", "OPTION", "SPOT"}
    await check(w, "MarketResp", list(kinds.values()))


async def test_system_config_names_the_chain_and_the_settlement_token(w: World):
    config = await (await w.open()).rest("fetch_system_config")
    assert config["starknet_chain_id"] == "PRIVATE_SN_POTC_SEPOLIA"
    assert config["paraclear_decimals"] == 8
    assert [token["symbol"] for token in config["bridged_tokens"]] == ["USDC"]


async def test_klines_are_numbers_of_the_minutes_asked_for(w: World):
    await w.eventually(lambda: w.exchange.queries.trades(LIVELY))
    now = time.time_ns() // 1_000_000
    rows = (await (await w.open()).rest("fetch_klines", LIVELY, "1", now - 600_000, now))["results"]
    assert rows
    for start, opened, high, low, closed, volume in rows:
        assert start % 60_000 == 0
        assert low <= min(opened, closed) <= max(opened, closed) <= high
        assert volume > 0


async def test_pages_follow_each_other_by_cursor(w: World):
    anyone = await w.open()
    await w.eventually(lambda: len(w.exchange.queries.trades(LIVELY)) > 4)
    end = w.exchange.queries.trades(LIVELY)[0].created_us // 1000
    query = {"market": LIVELY, "page_size": 2, "end_at": end}
    first = await anyone.rest("fetch_trades", query)
    second = await anyone.rest("fetch_trades", query | {"cursor": first["next"]})
    both = first["results"] + second["results"]
    assert len({row["id"] for row in both}) == 4
    assert [row["created_at"] for row in both] == sorted(
        (row["created_at"] for row in both), reverse=True
    )


async def test_the_sdk_reads_the_rate_limit_of_an_answer(w: World):
    trader = await w.trader()
    await trader.rest("fetch_orders")
    limit = await trader.rate_limit()
    assert (limit["limit"], limit["window"]) == (120, 1)
    assert limit["remaining"] is not None
    assert 0 <= limit["remaining"] < 120


# -- ORDERS -----------------------------------------------------------------------------------


async def test_an_order_rests_is_modified_and_cancelled(w: World):
    trader = await w.trader()
    terms = {"client_id": "O-1", "instruction": "POST_ONLY", "recv_window": 5000}
    placed = await trader.rest("submit_order", order(**terms))
    await check(w, "OrderResp", [placed])
    assert placed["status"] == "NEW"
    order_id = placed["id"]
    await w.settled(trader, order_id, "OPEN")
    assert (await trader.rest("fetch_order_by_client_id", "O-1"))["id"] == order_id
    change = order(**terms, order_id=order_id, size="0.2", limit_price="2399.5")
    changed = await trader.rest("modify_order", order_id, change)
    assert changed["request_info"]["status"] == "PENDING"
    await w.settled(trader, order_id, "OPEN")
    (row,) = (await trader.rest("fetch_orders", {"market": QUIET}))["results"]
    await check(w, "OrderResp", [row])
    assert (row["id"], row["size"], row["price"]) == (order_id, "0.2", "2399.5")
    assert row["request_info"]["status"] == "SUCCESS"
    await trader.rest("cancel_order", order_id)
    await w.settled(trader, order_id, "CLOSED")
    (row,) = (await trader.rest("fetch_orders_history", {"client_id": "O-1"}))["results"]
    assert (row["status"], row["cancel_reason"]) == ("CLOSED", "USER_CANCELED")
    error = await refused(trader.rest("cancel_order", order_id))
    assert "error='ORDER_IS_CLOSED'" in error.text


async def test_orders_are_cancelled_by_client_id_and_all_together(w: World):
    trader = await w.trader()
    ids = [
        (await trader.rest("submit_order", order(client_id=f"O-{n}", market=market)))["id"]
        for n, market in enumerate((QUIET, QUIET, "SOL-USD-PERP"))
    ]
    for order_id in ids[:2]:
        await w.settled(trader, order_id, "OPEN")
    await trader.rest("cancel_order_by_client_id", "O-0")
    await w.settled(trader, ids[0], "CLOSED")
    await trader.rest("cancel_all_orders", {"market": QUIET})
    await w.settled(trader, ids[1], "CLOSED")
    await trader.rest("cancel_all_orders")
    await w.settled(trader, ids[2], "CLOSED")
    assert (await trader.rest("fetch_orders"))["results"] == []


async def test_a_batch_says_what_became_of_each_order(w: World):
    trader = await w.trader()
    batch = [order(client_id=f"B-{n}") for n in range(3)] + [order(market="NO-USD-PERP")]
    answer = await trader.rest("submit_orders_batch", batch)
    await check(w, "BatchResponse", [answer])
    placed = [row for row in answer["orders"] if row is not None]
    assert [row["client_id"] for row in placed] == ["B-0", "B-1", "B-2"]
    (error,) = [row for row in answer["errors"] if row is not None]
    assert error["error"] == "MARKET_NOT_FOUND"
    for row in placed:
        await w.settled(trader, row["id"], "OPEN")
    rows = (await trader.rest("cancel_orders_batch", [placed[0]["id"], "77"], ["B-1"]))["results"]
    await check(w, "CancelOrderResult", rows)
    assert sorted(row["status"] for row in rows) == [
        "NOT_FOUND",
        "QUEUED_FOR_CANCELLATION",
        "QUEUED_FOR_CANCELLATION",
    ]
    await w.settled(trader, placed[1]["id"], "CLOSED")
    assert [row["id"] for row in (await trader.rest("fetch_orders"))["results"]] == [
        placed[2]["id"]
    ]


@pytest.mark.parametrize("kind", ["STOP_MARKET", "STOP_LIMIT"])
async def test_a_stop_waits_for_its_trigger(w: World, kind: str):
    trader = await w.trader()
    price = {} if kind == "STOP_LIMIT" else {"limit_price": "0"}
    stop = order(order_type=kind, order_side="SELL", trigger_price="2300", **price)
    placed = await trader.rest("submit_order", stop)
    await w.settled(trader, placed["id"], "UNTRIGGERED")
    (row,) = (await trader.rest("fetch_orders"))["results"]
    await check(w, "OrderResp", [row])
    assert (row["type"], row["trigger_price"]) == (kind, "2300")
    assert row["flags"] == ["STOP_CONDITION_BELOW_TRIGGER"]
    await trader.rest("cancel_order", placed["id"])
    await w.settled(trader, placed["id"], "CLOSED")


async def test_a_twap_order_is_taken_listed_and_cancelled(w: World):
    trader = await w.trader()
    twap = market_order(size="0.02", market=LIVELY)
    placed = await trader.rest("submit_algo_order", twap, "TWAP", 60, 30)
    await check(w, "AlgoOrderResp", [placed])
    (row,) = (await trader.rest("fetch_algo_orders"))["results"]
    assert row["id"] == placed["id"]
    await trader.rest("cancel_algo_order", placed["id"])
    assert (await trader.rest("fetch_algo_orders"))["results"] == []


@pytest.mark.parametrize(
    ("code", "method", "arguments"),
    [
        ("ORDER_ID_NOT_FOUND", "fetch_order", ("77",)),
        ("ORDER_ID_NOT_FOUND", "cancel_order", ("77",)),
        ("CLIENT_ORDER_ID_NOT_FOUND", "cancel_order_by_client_id", ("nobody",)),
        ("MARKET_NOT_FOUND", "submit_order", (order(market="NO-USD-PERP"),)),
        ("INVALID_ORDER_SIZE", "submit_order", (order(size="0"),)),
        ("INVALID_REQUEST_PARAMETER", "submit_order", (order(limit_price="2400.001"),)),
        ("INVALID_TIMESTAMP", "submit_order", (order(signature_timestamp=1),)),
        # With an id the SDK signs the other message, that of a modification.
        ("INVALID_ORDER_SIGNATURE", "submit_order", (order(order_id="77"),)),
        ("BATCH_SIZE_OUT_OF_RANGE", "submit_orders_batch", ([],)),
        ("MMP_NOT_ENABLED", "set_mmp_config", ("BTC", 1000, 1000, "1")),
    ],
)
async def test_a_refusal_reaches_the_sdk_as_an_error_with_its_code(
    w: World, code: str, method: str, arguments: tuple[Any, ...]
):
    error = await refused((await w.trader()).rest(method, *arguments))
    # The SDK composes this text of a body that fits its model of errors.
    assert error.kind == "ValueError"
    assert error.text.startswith(f"ApiError(error='{code}', message='")


# -- PRIVATE READS ----------------------------------------------------------------------------


async def bought(w: World, trader: Session) -> dict[str, Any]:
    """Buy from somebody; return the closed order."""
    w.offer("SELL", "0.5", "2500")
    placed = await trader.rest("submit_order", market_order(size="0.5", client_id="M-1"))
    await w.settled(trader, placed["id"], "CLOSED")
    closed: dict[str, Any] = await trader.rest("fetch_order", placed["id"])
    return closed


async def test_the_reads_of_an_account_fit_the_sdk_and_agree(w: World):
    trader = await w.trader()
    closed = await bought(w, trader)
    assert (closed["remaining_size"], closed["avg_fill_price"]) == ("0", "2500")
    (fill,) = (await trader.rest("fetch_fills", {"market": QUIET}))["results"]
    await check(w, "FillResult", [fill])
    assert (fill["order_id"], fill["client_id"], fill["size"]) == (closed["id"], "M-1", "0.5")
    (position,) = (await trader.rest("fetch_positions"))["results"]
    await check(w, "PositionResp", [position])
    assert (position["side"], position["size"]) == ("LONG", "0.5")
    assert position["last_fill_id"] == fill["id"]
    (balance,) = (await trader.rest("fetch_balances"))["results"]
    await check(w, "BalanceResp", [balance])
    assert Decimal(balance["size"]) == 1_000_000 - Decimal(fill["fee"])
    summary = await trader.rest("fetch_account_summary")
    assert summary["account"] == trader.about["address"]
    assert Decimal(summary["total_collateral"]) == Decimal(balance["size"])
    assert (summary["status"], summary["settlement_asset"]) == ("ACTIVE", "USDC")
    (transaction,) = (await trader.rest("fetch_transactions"))["results"]
    await check(w, "TransactionResponse", [transaction])
    assert transaction["id"] == fill["id"]
    (transfer,) = (await trader.rest("fetch_transfers"))["results"]
    await check(w, "TransferResult", [transfer])
    assert (transfer["kind"], transfer["amount"]) == ("DEPOSIT", "1000000")


async def test_a_busted_trade_is_read_back(w: World):
    trader = await w.trader()
    closed = await bought(w, trader)
    (fill,) = w.exchange.queries.fills(trader.about["address"])
    assert fill.order_id == closed["id"]
    w.exchange.bust_trade(fill.trade_id)
    rows = (await trader.rest("fetch_tradebusts"))["results"]
    await check(w, "TradebustResult", rows)
    assert [row["busted_fill_id"] for row in rows] == [fill.id]


@pytest.mark.parametrize(
    ("model", "method"),
    [
        ("AccountInfoResponse", "fetch_account_info"),
        ("AccountProfileResp", "fetch_account_profile"),
    ],
)
async def test_descriptions_of_an_account_fit_the_sdk(w: World, model: str, method: str):
    await check(w, model, rows_of(await (await w.trader()).rest(method)))


async def test_what_an_account_has_none_of_is_an_empty_list(w: World):
    trader = await w.trader()
    for method, *arguments in (
        ("fetch_orders",),
        ("fetch_orders_history",),
        ("fetch_fills",),
        ("fetch_positions",),
        ("fetch_tradebusts",),
        ("fetch_subaccounts",),
        ("fetch_funding_payments", {"market": QUIET}),
        ("fetch_liquidations", {"from": 0, "to": time.time_ns() // 1_000_000}),
        ("fetch_algo_orders",),
        ("fetch_subkeys",),
        ("fetch_tokens",),
    ):
        assert (await trader.rest(method, *arguments))["results"] == [], method
    configs = await trader.rest("fetch_mmp_configs")
    assert (configs["enabled"], configs["results"]) == (False, [])
