"""The official SDK (paradex-py 0.8.2) works on the local Paradex's WebSocket (DESIGN 6)."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sdk.sdk_link import Session
from tests.sdk.sdk_link import needs_sdk
from tests.sdk.sdk_world import LIVELY
from tests.sdk.sdk_world import QUIET
from tests.sdk.sdk_world import World
from tests.sdk.sdk_world import market_order
from tests.sdk.sdk_world import order
from tests.sdk.sdk_world import refused
from tests.sdk.sdk_world import sdk_world


pytestmark = [
    pytest.mark.sdk,
    needs_sdk,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("sbe", [False, True], ids=["json", "sbe"]),
]

#: The SDK's name of every channel it knows, and the venue's name of what it subscribes.
CHANNELS = {
    "ACCOUNT": "account",
    "BALANCE_EVENTS": "balance_events",
    "BBO": f"bbo.{LIVELY}",
    "BLOCK_TRADES": "block_trades",
    "FILLS": "fills.ALL",
    "FUNDING_DATA": f"funding_data.{LIVELY}",
    "FUNDING_PAYMENTS": "funding_payments.ALL",
    "FUNDING_RATE_COMPARISON": "funding_rate_comparison.ALL@1000ms",
    "MARKETS_SUMMARY": "markets_summary.ALL",
    "MMP": "mmp",
    "ORDERS": "orders.ALL",
    "ORDER_BOOK": f"order_book.{LIVELY}.snapshot@15@100ms",
    "POSITIONS": "positions",
    "TRADES": f"trades.{LIVELY}",
    "TRADEBUSTS": "tradebusts",
    "TRANSACTIONS": "transaction",
    "TRANSFERS": "transfers",
}
#: What they carry is outside of this venue: acknowledged, then silent.
SILENT = {"BLOCK_TRADES"}
#: Channels that the venue has and the SDK reaches by name only (PROTOCOL 6.3).
BY_NAME = (f"order_book.{QUIET}.deltas", "markets", "rfq", f"bbo.{QUIET}.interactive")
#: Null of SBE, as the SDK prints it where the schema has no null.
NULL = "-92233720368.54775808"


async def connected(w: World, sbe: bool) -> Session:
    """Return a trader whose WebSocket is connected."""
    trader = await w.trader(sbe=sbe)
    await trader.connect()
    return trader


async def subscribe(trader: Session, *names: str) -> None:
    """Subscribe by the SDK's names, and wait until the SDK knows that it is subscribed."""
    for name in names:
        suffix = CHANNELS[name].partition(".")[2]
        # The SDK puts what is not of these into the name itself.
        market = suffix if suffix == "ALL" else LIVELY
        await trader.subscribe(name, {"market": market} if suffix else None)
    await trader.acknowledged(*(CHANNELS[name] for name in names))


def number(text: str) -> Decimal:
    """Return an amount: SBE amounts come padded."""
    return Decimal(text)


def either(data: dict[str, Any], sbe: bool, json_name: str, sbe_name: str) -> Any:
    """Return a field whose name is another in SBE (PROTOCOL 7.6)."""
    return data[sbe_name if sbe else json_name]


# -- CHANNELS ---------------------------------------------------------------------------------


async def test_the_sdk_subscribes_to_every_channel_that_it_knows(w: World, sbe: bool):
    assert sorted(await w.sdk.call("channels")) == sorted(CHANNELS)
    trader = await connected(w, sbe)
    await subscribe(trader, *CHANNELS)
    await trader.subscribe_by_name(*BY_NAME)
    await trader.acknowledged(*BY_NAME)
    await trader.close()


async def test_every_public_channel_speaks_to_the_sdk(w: World, sbe: bool):
    trader = await connected(w, sbe)
    names = (
        "BBO",
        "FUNDING_DATA",
        "FUNDING_RATE_COMPARISON",
        "MARKETS_SUMMARY",
        "ORDER_BOOK",
        "TRADES",
    )
    await subscribe(trader, *names)
    await trader.subscribe_by_name("markets")
    await trader.acknowledged("markets")
    for name in names:
        await trader.message(CHANNELS[name])
        # The SDK's own routing found the channel too.
        kinds = {m.kind for m in w.sdk.messages(trader.name, CHANNELS[name])}
        assert kinds == {name}
    width = w.exchange.queries.market(QUIET).price_bands_width
    w.exchange.update_market(QUIET, price_bands_width=width + Decimal("0.01"))
    changed = await trader.message("markets")
    assert (changed["symbol"], changed["event_type"]) == (QUIET, "UPDATED")
    await trader.close()


async def test_what_public_channels_say_is_what_rest_says(w: World, sbe: bool):
    trader = await connected(w, sbe)
    await subscribe(trader, "BBO", "TRADES", "MARKETS_SUMMARY")
    bbo = await trader.message(CHANNELS["BBO"])
    assert number(either(bbo, sbe, "bid", "bid_price")) < number(
        either(bbo, sbe, "ask", "ask_price")
    )
    trade = await trader.message(CHANNELS["TRADES"])
    rows = (await trader.rest("fetch_trades", {"market": LIVELY, "page_size": 1000}))["results"]
    trade_id = either(trade, sbe, "id", "trade_id_str")
    (row,) = [row for row in rows if row["id"] == trade_id]
    assert (trade["side"], trade["created_at"]) == (row["side"], row["created_at"])
    assert (number(trade["price"]), number(trade["size"])) == (
        Decimal(row["price"]),
        Decimal(row["size"]),
    )
    summary = await trader.message(
        CHANNELS["MARKETS_SUMMARY"],
        lambda data: either(data, sbe, "symbol", "market") == QUIET,
    )
    (row,) = (await trader.rest("fetch_markets_summary", {"market": QUIET}))["results"]
    assert number(summary["mark_price"]) == Decimal(row["mark_price"])
    await trader.close()


async def test_a_market_summary_says_null_only_where_the_sdk_reads_null(w: World, sbe: bool):
    trader = await connected(w, sbe)
    await subscribe(trader, "MARKETS_SUMMARY")
    symbols = {spec.symbol for spec in w.exchange.queries.markets()}
    channel = CHANNELS["MARKETS_SUMMARY"]

    def all_of_them() -> list[dict[str, Any]]:
        rows = trader.messages(channel)
        named = {either(row, sbe, "symbol", "market") for row in rows}
        return rows if named == symbols else []

    # Markets that never traded, and those without funding, are among them.
    for row in await w.sdk.until(all_of_them):
        assert NULL not in row.values(), row
    await trader.close()


async def test_a_book_built_from_the_deltas_is_the_book_of_rest(w: World, sbe: bool):
    trader = await connected(w, sbe)
    market, channel = "SOL-USD-PERP", "order_book.SOL-USD-PERP.deltas"
    await trader.subscribe_by_name(channel)
    await trader.acknowledged(channel)
    await trader.message(channel)
    prices = ("140", "139", "138")
    ids = [
        (
            await trader.stream(
                "submit_order", order(market=market, limit_price=price, size=f"{3 + n}")
            )
        )["order"]["id"]
        for n, price in enumerate(prices)
    ]
    for order_id in ids:
        await w.settled(trader, order_id, "OPEN")
    await trader.stream("cancel_order", ids[1])
    await w.settled(trader, ids[1], "CLOSED")
    truth = await trader.rest("fetch_orderbook", market)

    def caught_up() -> bool:
        return trader.messages(channel)[-1]["seq_no"] >= truth["seq_no"]

    await w.sdk.until(caught_up)
    frames = trader.messages(channel)
    first = frames[0]["seq_no"]
    assert [frame["seq_no"] for frame in frames] == list(range(first, first + len(frames)))
    if not sbe:
        for frame in (frames[0], frames[-1]):
            assert (await w.departures("order_book", frame))["absent"] == []
    assert book_of(frames, sbe) == {
        Decimal(price): Decimal(size) for price, size in truth["bids"] + truth["asks"]
    }
    assert book_of(frames, sbe)[Decimal(140)] >= 3
    await trader.stream("cancel_all_orders", market)
    await trader.close()


def book_of(frames: list[dict[str, Any]], sbe: bool) -> dict[Decimal, Decimal]:
    """Return the sizes by price; the first frame is the snapshot."""
    assert either(frames[0], sbe, "update_type", "pkg_type") in ("s", "SNAPSHOT")
    sizes: dict[Decimal, Decimal] = {}
    for frame in frames:
        if sbe:
            rows = frame["bids"] + frame["asks"]
        else:
            rows = [
                (level["price"], level["size"])
                for kind in ("inserts", "updates", "deletes")
                for level in frame[kind]
            ]
        sizes.update({Decimal(price): Decimal(size) for price, size in rows})
    return {price: size for price, size in sizes.items() if size}


async def test_every_private_channel_tells_a_trade_to_the_sdk(w: World, sbe: bool):
    trader = await connected(w, sbe)
    account = trader.about["address"]
    names = ("ACCOUNT", "BALANCE_EVENTS", "FILLS", "ORDERS", "POSITIONS", "TRANSACTIONS")
    await subscribe(trader, *names, "TRADEBUSTS", "TRANSFERS")
    w.offer("SELL", "0.5", "2500")
    sent = market_order(size="0.5", client_id="M-1")
    order_id = (await trader.stream("submit_order", sent))["order"]["id"]

    closed = await trader.message("orders.ALL", lambda data: data["status"] == "CLOSED")
    assert either(closed, sbe, "id", "order_id") == order_id
    assert either(closed, sbe, "client_id", "client_order_id") == "M-1"
    assert number(either(closed, sbe, "remaining_size", "size_open")) == 0
    (truth,) = w.exchange.queries.fills(account)
    fill = await trader.message("fills.ALL")
    assert either(fill, sbe, "id", "fill_id") == truth.id
    assert (number(fill["price"]), number(fill["size"])) == (2500, Decimal("0.5"))
    assert (number(fill["fee"]), fill["liquidity"]) == (truth.fee, "TAKER")
    position = await trader.message("positions")
    assert (position["side"], number(position["size"])) == ("LONG", Decimal("0.5"))
    assert number(either(position, sbe, "average_entry_price", "avg_entry_price")) == 2500
    event = await trader.message("balance_events")
    assert (event["fill_id"], Decimal(event["fees"])) == (truth.id, truth.fee)
    if not sbe:
        assert await w.departures("balance_events", event) == {
            "absent": [],
            "unknown": ["settlement_asset_address", "settlement_asset_name"],
        }
    assert (await trader.message("transaction"))["id"] == truth.id
    collateral = 1_000_000 - truth.fee
    await trader.message("account", lambda data: number(data["total_collateral"]) == collateral)

    w.exchange.bust_trade(truth.trade_id)
    assert (await trader.message("tradebusts"))["busted_fill_id"] == truth.id
    w.exchange.deposit(account, Decimal(5))
    assert (await trader.message("transfers"))["amount"] == "5"
    for name in (*names, "TRADEBUSTS", "TRANSFERS"):
        assert {m.kind for m in w.sdk.messages(trader.name, CHANNELS[name])} == {name}
    await trader.close()


async def test_private_json_channels_have_the_fields_of_rest(w: World, sbe: bool):
    trader = await connected(w, sbe)
    await subscribe(trader, "ORDERS", "FILLS", "POSITIONS")
    w.offer("SELL", "0.1", "2500")
    await trader.stream("submit_order", market_order(size="0.1"))
    models = (
        ("orders.ALL", "OrderResp"),
        ("fills.ALL", "FillResult"),
        ("positions", "PositionResp"),
    )
    for channel, model in models:
        data = await trader.message(channel)
        if not sbe:
            assert await w.departures(model, data) == {"absent": [], "unknown": []}
        # In SBE the SDK has made its own model of the frame; the account came through.
        assert data["account"] == trader.about["address"]
    await trader.close()


async def test_funding_payments_reach_the_sdk(w: World, sbe: bool):
    trader = await connected(w, sbe)
    await subscribe(trader, "FUNDING_PAYMENTS")
    market = "SOL-USD-PERP"
    w.exchange.set_prices(market, mark=Decimal(152), underlying=Decimal(150))
    w.offer("SELL", "100", "152", market)
    bought = (await trader.stream("submit_order", market_order(market=market, size="100")))["order"]
    await w.settled(trader, bought["id"], "CLOSED")

    def accrued() -> bool:
        (position,) = w.exchange.queries.positions(trader.about["address"], market)
        return abs(position.unrealized_funding_pnl) > Decimal("0.00001")

    await w.eventually(accrued)
    w.offer("BUY", "100", "151", market)
    sold = market_order(market=market, size="100", order_side="SELL", reduce_only=True)
    await trader.stream("submit_order", sold)
    payment = await trader.message("funding_payments.ALL")
    assert payment["market"] == market
    rows = (await trader.rest("fetch_funding_payments", {"market": market}))["results"]
    assert payment in rows
    found = await w.departures("FundingPayment", payment)
    assert found["absent"] == []
    await trader.close()


async def test_the_sdk_unsubscribes(w: World, sbe: bool):
    trader = await connected(w, sbe)
    await subscribe(trader, "ORDERS", "ACCOUNT")
    await trader.unsubscribe_by_name("orders.ALL")
    placed = (await trader.stream("submit_order", order()))["order"]
    await w.settled(trader, placed["id"], "OPEN")
    w.exchange.deposit(trader.about["address"], Decimal(1))
    await trader.message("account", lambda data: number(data["total_collateral"]) == 1_000_001)
    assert trader.messages("orders.ALL") == []
    await trader.stream("cancel_all_orders")
    await trader.close()


# -- ORDERS -----------------------------------------------------------------------------------


async def test_orders_are_placed_modified_and_cancelled_over_the_stream(w: World, sbe: bool):
    trader = await connected(w, sbe)
    await subscribe(trader, "ORDERS")
    answer = await trader.stream("submit_order", order(client_id="O-1", stp="EXPIRE_MAKER"))
    placed = answer["order"]
    assert (placed["status"], placed["stp"]) == ("NEW", "EXPIRE_MAKER")
    # Milliseconds, and nanoseconds (PROTOCOL 6.6).
    assert abs(answer["received_at"] // 1_000_000 - answer["created_at"]) < 60_000
    await trader.message("orders.ALL", lambda data: data["status"] == "OPEN")
    change = order(client_id="O-1", order_id=placed["id"], size="0.2", limit_price="2390")
    changed = (await trader.stream("modify_order", placed["id"], change))["order"]
    assert (changed["id"], changed["request_info"]["status"]) == (placed["id"], "PENDING")
    update = await trader.message(
        "orders.ALL", lambda data: (data["request_info"] or {}).get("status") == "SUCCESS"
    )
    assert (number(update["size"]), number(update["price"])) == (Decimal("0.2"), 2390)
    answer = await trader.stream("cancel_order", placed["id"])
    assert answer == {"order_id": placed["id"], "status": "QUEUED_FOR_CANCELLATION"}
    closed = await trader.message("orders.ALL", lambda data: data["status"] == "CLOSED")
    assert closed["cancel_reason"] == "USER_CANCELED"
    await trader.close()


async def test_batches_and_cancels_of_every_form_work_over_the_stream(w: World, sbe: bool):
    trader = await connected(w, sbe)
    # The SDK sends the bare array (PROTOCOL 6.6, trap 40).
    batch = [order(client_id=f"B-{n}") for n in range(4)] + [order(market="NO-USD-PERP")]
    results = (await trader.stream("submit_orders_batch", batch))["results"]
    ids = [row["order"]["id"] for row in results[:4]]
    assert [row["order"]["client_id"] for row in results[:4]] == ["B-0", "B-1", "B-2", "B-3"]
    assert "MARKET_NOT_FOUND" in results[4]["error"]
    for order_id in ids:
        await w.settled(trader, order_id, "OPEN")
    answer = await trader.stream("cancel_order_by_client_id", "B-0", QUIET)
    assert answer["order_id"] == ids[0]
    rows = (await trader.stream("cancel_orders_batch", [ids[1], "77"]))["results"]
    assert [row["status"] for row in rows] == ["QUEUED_FOR_CANCELLATION", "NOT_FOUND"]
    for order_id in ids[:2]:
        await w.settled(trader, order_id, "CLOSED")
    assert await trader.stream("cancel_all_orders", QUIET) == {"status": "ok"}
    for order_id in ids[2:]:
        await w.settled(trader, order_id, "CLOSED")
    assert await trader.stream("cancel_all_orders") == {"status": "ok"}
    await trader.close()


async def test_a_refusal_over_the_stream_is_the_sdks_rpc_error(w: World, sbe: bool):
    trader = await connected(w, sbe)
    for method, arguments, data in (
        ("cancel_order", ("77",), "ORDER_ID_NOT_FOUND"),
        ("submit_order", (order(market="NO-USD-PERP"),), "MARKET_NOT_FOUND"),
        ("modify_order", ("77", order(order_id="77")), "ORDER_ID_NOT_FOUND"),
        ("submit_order", (order(order_id="77"),), "INVALID_ORDER_SIGNATURE"),
    ):
        error = await refused(trader.stream(method, *arguments))
        assert (error.kind, error.code, error.data) == ("WsRpcError", -32600, data)
    await trader.close()


# -- CONNECTIONS ------------------------------------------------------------------------------


async def test_the_sdks_direct_client_trades_and_listens_too(w: World, sbe: bool):
    trader = await w.trader(sbe=sbe)
    await trader.connect(direct=True)
    await subscribe(trader, "ORDERS")
    placed = (await trader.stream("submit_order", order()))["order"]
    await trader.message("orders.ALL", lambda data: data["status"] == "OPEN")
    await trader.stream("cancel_order", placed["id"])
    await trader.message("orders.ALL", lambda data: data["status"] == "CLOSED")
    await trader.close()


async def test_orders_go_with_their_connection_when_the_sdk_asks_for_that(sbe: bool):
    async with sdk_world(market=False) as w:
        trader = await connected(w, sbe)
        assert await trader.stream("cancel_on_disconnect", True) == {"enabled": True}
        placed = (await trader.stream("submit_order", order()))["order"]
        await w.settled(trader, placed["id"], "OPEN")
        await w.paradex.drop_connections()
        await w.settled(trader, placed["id"], "CLOSED")


async def test_the_sdk_finds_back_after_a_drop(sbe: bool):
    # Nothing may be on its way at the drop: an SDK that is not just waiting for a message then
    # takes the closed connection for none, and stays there until it sends something.
    async with sdk_world(market=False) as w:
        trader = await connected(w, sbe)
        bbo = f"bbo.{QUIET}"
        await subscribe(trader, "ORDERS")
        await trader.subscribe_by_name(bbo)
        await trader.acknowledged(bbo)
        await w.paradex.drop_connections(1001)
        await w.sdk.until(lambda: any("Connection closed" in line for line in w.sdk.logs))
        await w.eventually(lambda: w.paradex.connections)
        await trader.acknowledged("orders.ALL", bbo)
        count = len(trader.messages(bbo))
        placed = (await trader.stream("submit_order", order()))["order"]
        await trader.message("orders.ALL", lambda data: data["status"] == "OPEN")
        await w.sdk.until(lambda: len(trader.messages(bbo)) > count)
        await trader.stream("cancel_order", placed["id"])
        await trader.message("orders.ALL", lambda data: data["status"] == "CLOSED")
