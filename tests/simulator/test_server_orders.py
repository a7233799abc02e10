"""Order entry over REST, as strict as the venue (PROTOCOL 3, 4.2, 5)."""

import time
from decimal import Decimal

import pytest

from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import RateLimits
from tests.simulator.server_client import KEY
from tests.simulator.server_client import OTHER_KEY
from tests.simulator.server_client import World
from tests.simulator.server_client import order_body
from tests.simulator.server_client import world


async def refused(w: World, body: object, path: str = "/orders") -> tuple[int, str]:
    status, answer, _ = await w.rest.request("POST", path, body)
    assert status >= 400, answer
    return status, answer["error"]


async def test_an_order_is_new_then_open_then_closed_by_its_cancel():
    async with world() as w:
        await w.login()
        order = await w.place(client_id="O-1", instruction="POST_ONLY", price="60000.5")
        assert order["status"] == "NEW"
        assert order["client_id"] == "O-1"
        path = f"/orders/{order['id']}"
        await w.eventually(lambda: w.exchange.queries.open_orders(w.account)[0].status == "OPEN")
        shown = await w.rest.get(path)
        assert (shown["status"], shown["price"], shown["remaining_size"]) == (
            "OPEN",
            "60000.5",
            "0.01",
        )
        by_client_id = await w.rest.get("/orders/by_client_id/O-1")
        assert by_client_id | {"published_at": 0} == shown | {"published_at": 0}
        status, body, _ = await w.rest.request("DELETE", path)
        assert (status, body) == (204, None)
        await w.eventually(lambda: not w.exchange.queries.open_orders(w.account))
        closed = await w.rest.get(path)
        assert (closed["status"], closed["cancel_reason"]) == ("CLOSED", "USER_CANCELED")
        status, body, _ = await w.rest.request("DELETE", path)
        assert (status, body["error"]) == (400, "ORDER_IS_CLOSED")
        status, body, _ = await w.rest.request("GET", "/orders/by_client_id/O-1")
        assert (status, body["error"]) == (404, "CLIENT_ORDER_ID_NOT_FOUND")


async def test_a_taker_fills_and_everything_shows_it():
    async with world() as w:
        await w.login()
        w.trade("SELL", "0.02", "68000")
        order = await w.place(price="68000", client_id="O-2")
        await w.eventually(lambda: w.exchange.queries.fills(w.account))
        closed = await w.rest.get(f"/orders/{order['id']}")
        assert (closed["status"], closed["remaining_size"]) == ("CLOSED", "0")
        assert (closed["cancel_reason"], closed["avg_fill_price"]) == ("", "68000")
        (fill,) = (await w.rest.get("/fills"))["results"]
        assert (fill["order_id"], fill["client_id"]) == (order["id"], "O-2")
        assert (fill["price"], fill["size"], fill["liquidity"]) == ("68000", "0.01", "TAKER")
        assert (fill["fee"], fill["fee_currency"], fill["fill_type"]) == ("0.306", "USDC", "FILL")
        (position,) = (await w.rest.get("/positions"))["results"]
        assert (position["size"], position["side"], position["status"]) == ("0.01", "LONG", "OPEN")
        (balance,) = (await w.rest.get("/balance"))["results"]
        assert (balance["token"], Decimal(balance["size"])) == ("USDC", Decimal("99999.694"))
        (trade,) = (await w.rest.get("/trades", market="BTC-USD-PERP"))["results"]
        assert (trade["side"], trade["price"], trade["size"]) == ("BUY", "68000", "0.01")
        w.exchange.check_invariants()


async def test_a_post_only_order_that_would_cross_closes_with_its_reason():
    async with world() as w:
        await w.login()
        w.trade("SELL", "0.02", "68000")
        order = await w.place(price="68000", instruction="POST_ONLY")
        await w.eventually(lambda: not w.exchange.queries.open_orders(w.account))
        closed = await w.rest.get(f"/orders/{order['id']}")
        assert (closed["status"], closed["cancel_reason"]) == ("CLOSED", "POST_ONLY_WOULD_CROSS")


async def test_a_market_order_is_signed_with_price_0():
    async with world() as w:
        await w.login()
        w.trade("SELL", "1", "68000")
        without_price = w.order(order_type="MARKET", price="0")
        del without_price["price"]
        assert (await w.rest.request("POST", "/orders", without_price))[0] == 201
        await w.place(order_type="MARKET", price="0")
        # Trap 28.
        body = w.order(order_type="MARKET", price="0") | {"price": "68000"}
        assert await refused(w, body) == (400, "INVALID_ORDER_SIGNATURE")


@pytest.mark.parametrize("field", ["market", "side", "type", "size", "price", "signature"])
async def test_required_fields_are_required(field: str):
    async with world() as w:
        await w.login()
        body = w.order()
        del body[field]
        assert await refused(w, body) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"size": 0.01}, "BINDING_ERROR"),
        ({"price": 60000}, "BINDING_ERROR"),
        ({"signature_timestamp": "1790000000123"}, "BINDING_ERROR"),
        ({"signature": ["1", "2"]}, "BINDING_ERROR"),
        ({"client_id": 7}, "BINDING_ERROR"),
        ({"size": "1e-2"}, "VALIDATION_ERROR"),
        ({"size": "-0.01"}, "VALIDATION_ERROR"),
        ({"size": "0.010000001"}, "VALIDATION_ERROR"),
        ({"side": "buy"}, "VALIDATION_ERROR"),
        ({"type": "TRAILING"}, "VALIDATION_ERROR"),
        ({"instruction": "FOK"}, "VALIDATION_ERROR"),
        ({"flags": ["HIDDEN"]}, "VALIDATION_ERROR"),
        ({"recv_window": 9}, "VALIDATION_ERROR"),
        ({"signature": '["0x1","0x2"]'}, "INVALID_ORDER_SIGNATURE"),
        ({"market": "X" * 32}, "INVALID_SYMBOL"),
    ],
)
async def test_malformed_fields_are_refused(change: dict[str, object], code: str):
    async with world() as w:
        await w.login()
        assert await refused(w, w.order() | change) == (400, code)
        assert w.exchange.queries.order_history(w.account) == []


async def test_what_is_signed_is_what_is_sent():
    async with world() as w:
        await w.login()
        signed = w.order()
        for change in (
            {"size": "0.02"},
            {"price": "60001"},
            {"side": "SELL"},
            {"market": "ETH-USD-PERP"},
            {"signature_timestamp": signed["signature_timestamp"] - 1},
        ):
            assert await refused(w, signed | change) == (400, "INVALID_ORDER_SIGNATURE")
        foreign = order_body(w.account, OTHER_KEY)
        assert await refused(w, foreign) == (400, "INVALID_ORDER_SIGNATURE")
        # Unknown and unsigned fields do not matter.
        status, _, _ = await w.rest.request("POST", "/orders", signed | {"colour": "red"})
        assert status == 201


async def test_a_stale_or_future_signature_is_refused():
    async with world() as w:
        await w.login()
        now_ms = time.time_ns() // 1_000_000
        stale = w.order(timestamp_ms=now_ms - 5000, recv_window=1000)
        assert await refused(w, stale) == (400, "INVALID_TIMESTAMP")
        old = w.order(timestamp_ms=now_ms - 301_000)
        assert await refused(w, old) == (400, "INVALID_TIMESTAMP")
        future = w.order(timestamp_ms=now_ms + 3_600_000)
        assert await refused(w, future) == (400, "INVALID_TIMESTAMP")
        status, _, _ = await w.rest.request(
            "POST", "/orders", w.order(timestamp_ms=now_ms - 5000, recv_window=60_000)
        )
        assert status == 201


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"market": "NO-USD-PERP"}, "MARKET_NOT_FOUND"),
        ({"price": "60000.05"}, "INVALID_REQUEST_PARAMETER"),
        ({"size": "0.000001"}, "INVALID_ORDER_SIZE"),
        ({"size": "0"}, "INVALID_ORDER_SIZE"),
        ({"client_id": "x" * 65}, "VALIDATION_ERROR"),
    ],
)
async def test_the_engines_refusals_reach_the_client(fields: dict[str, str], code: str):
    async with world() as w:
        await w.login()
        status, error = await refused(w, w.order(**fields))
        assert (status, error) == (400, code)


async def test_a_client_id_is_unique_among_live_orders():
    async with world() as w:
        await w.login()
        await w.place(client_id="O-1")
        body = w.order(client_id="O-1")
        assert await refused(w, body) == (400, "DUPLICATED_CLIENT_ID")


# -- BATCHES ----------------------------------------------------------------------------------


async def test_a_batch_places_each_order_by_itself():
    async with world() as w:
        await w.login()
        orders = [
            w.order(client_id="O-1"),
            w.order(client_id="O-2", price="60000.05"),
            w.order(client_id="O-3"),
        ]
        status, answer, _ = await w.rest.request("POST", "/orders/batch", orders)
        assert status == 201
        assert [order["client_id"] for order in answer["orders"]] == ["O-1", "O-3"]
        assert len(answer["errors"]) == 1
        await w.eventually(lambda: len(w.exchange.queries.open_orders(w.account)) == 2)


async def test_a_batch_can_keep_positions_with_nulls():
    async with world(batch_null_padding=True) as w:
        await w.login()
        orders = [w.order(price="60000.05"), w.order()]
        _, answer, _ = await w.rest.request("POST", "/orders/batch", orders)
        assert [order is None for order in answer["orders"]] == [True, False]
        assert [error is None for error in answer["errors"]] == [False, True]


async def test_one_bad_signature_refuses_the_whole_batch():
    async with world() as w:
        await w.login()
        orders = [w.order(), w.order() | {"size": "0.02"}]
        assert await refused(w, orders, "/orders/batch") == (400, "INVALID_ORDER_SIGNATURE")
        assert w.exchange.queries.order_history(w.account) == []


@pytest.mark.parametrize("size", [0, 11])
async def test_batches_have_1_to_10_orders(size: int):
    async with world() as w:
        await w.login()
        orders = [{}] * size
        assert await refused(w, orders, "/orders/batch") == (400, "BATCH_SIZE_OUT_OF_RANGE")
        ids = {"order_ids": ["1"] * size}
        status, answer, _ = await w.rest.request("DELETE", "/orders/batch", ids)
        assert (status, answer["error"]) == (400, "BATCH_SIZE_OUT_OF_RANGE")


async def test_a_batch_cancel_answers_for_each_order():
    async with world() as w:
        await w.login()
        first = await w.place(client_id="O-1")
        second = await w.place(client_id="O-2")
        await w.eventually(
            lambda: {o.status for o in w.exchange.queries.open_orders(w.account)} == {"OPEN"}
        )
        body = {"order_ids": [first["id"], "123"], "client_order_ids": ["O-2", "O-9"]}
        status, answer, _ = await w.rest.request("DELETE", "/orders/batch", body)
        assert status == 200
        assert [row["status"] for row in answer["results"]] == [
            "QUEUED_FOR_CANCELLATION",
            "NOT_FOUND",
            "QUEUED_FOR_CANCELLATION",
            "NOT_FOUND",
        ]
        await w.eventually(lambda: not w.exchange.queries.open_orders(w.account))
        _, answer, _ = await w.rest.request(
            "DELETE", "/orders/batch", {"order_ids": [second["id"]]}
        )
        assert answer["results"][0]["status"] == "ALREADY_CLOSED"


async def test_cancel_all_takes_a_market_or_everything():
    async with world() as w:
        await w.login()
        await w.place()
        await w.place(market="ETH-USD-PERP", price="2400", size="0.1")
        await w.place(market="ETH-USD-PERP", price="2401", size="0.1")
        await w.eventually(
            lambda: {o.status for o in w.exchange.queries.open_orders(w.account)} == {"OPEN"}
        )
        path = "/orders"
        status, _, _ = await w.rest.request("DELETE", path, params={"market": "ETH-USD-PERP"})
        assert status == 200
        await w.eventually(lambda: len(w.exchange.queries.open_orders(w.account)) == 1)
        await w.rest.request("DELETE", path)
        await w.eventually(lambda: not w.exchange.queries.open_orders(w.account))


# -- MODIFY -----------------------------------------------------------------------------------


async def test_a_modify_is_pending_then_success_and_keeps_the_id():
    async with world() as w:
        await w.login()
        order = await w.place(client_id="O-1")
        await w.eventually(lambda: w.exchange.queries.open_orders(w.account)[0].status == "OPEN")
        body = w.order(order_id=order["id"], price="59000", size="0.02")
        status, answer, _ = await w.rest.request("PUT", f"/orders/{order['id']}", body)
        assert status == 200
        assert answer["request_info"]["status"] == "PENDING"
        assert answer["request_info"]["request_type"] == "MODIFY_ORDER"

        def modified() -> bool:
            info = w.exchange.queries.open_orders(w.account)[0].request_info
            return info is not None and info.status == "SUCCESS"

        await w.eventually(modified)
        shown = await w.rest.get(f"/orders/{order['id']}")
        assert (shown["price"], shown["size"], shown["client_id"]) == ("59000", "0.02", "O-1")
        assert shown["request_info"]["id"] == answer["request_info"]["id"]


async def test_a_modify_is_signed_with_its_order_id():
    async with world() as w:
        await w.login()
        order = await w.place()
        path = f"/orders/{order['id']}"
        body = w.order(order_id="123", price="59000") | {"id": order["id"]}
        status, answer, _ = await w.rest.request("PUT", path, body)
        assert (status, answer["error"]) == (400, "INVALID_ORDER_SIGNATURE")
        plain = w.order(price="59000") | {"id": order["id"]}
        status, answer, _ = await w.rest.request("PUT", path, plain)
        assert (status, answer["error"]) == (400, "INVALID_ORDER_SIGNATURE")


async def test_a_modify_of_what_is_not_open_is_refused():
    async with world() as w:
        await w.login()
        body = w.order(order_id="1234567890", price="59000")
        status, answer, _ = await w.rest.request("PUT", "/orders/1234567890", body)
        assert (status, answer["error"]) == (404, "ORDER_ID_NOT_FOUND")


# -- ASYNCHRONY -------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [AnswerOrder.ANSWER_FIRST, AnswerOrder.NOTIFICATION_FIRST])
async def test_the_answer_comes_before_or_after_the_notification_as_told(first: AnswerOrder):
    async with world(answer_order=first, latency_ms=20) as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        order = await w.place()
        seen = bool(stream.events(OrderUpdate))
        assert order["status"] == "NEW"
        assert seen is (first is AnswerOrder.NOTIFICATION_FIRST)
        await stream.until(lambda: stream.events(OrderUpdate))
        assert stream.events(OrderUpdate)[0].status is OrderStatus.OPEN
        await stream.close()


async def test_an_order_is_executed_after_the_latency_that_was_set():
    async with world(latency_ms=3_600_000) as w:
        await w.login()
        await w.place()
        (order,) = (await w.rest.get("/orders"))["results"]
        assert order["status"] == "NEW"


async def test_retail_tokens_pay_no_fee_and_wait_for_the_speed_bump():
    async with world(speed_bump_ms=100) as w:
        await w.rest.login(w.account, KEY, token_usage="interactive")
        w.trade("SELL", "0.01", "68000")
        order = await w.place(price="68000")
        (state,) = (await w.rest.get("/orders"))["results"]
        assert state["status"] == "NEW"
        (fill,) = await w.eventually(lambda: w.exchange.queries.fills(w.account))
        assert (fill.fee, fill.order_id) == (0, order["id"])
        assert "INTERACTIVE" in (await w.rest.get(f"/orders/{order['id']}"))["flags"]


async def test_a_retail_account_counts_as_pro_beyond_its_limits():
    limits = RateLimits(interactive=((1, 3600),))
    async with world(speed_bump_ms=0, limits=limits) as w:
        await w.rest.login(w.account, KEY, token_usage="interactive")
        w.trade("SELL", "1", "68000")
        for _ in range(2):
            await w.place(price="68000")
        fills = await w.eventually(
            lambda: f if len(f := w.exchange.queries.fills(w.account)) == 2 else None
        )
        assert [fill.fee > 0 for fill in reversed(fills)] == [False, True]


# -- SYSTEM STATE -----------------------------------------------------------------------------


async def test_release_windows_refuse_what_the_venue_refuses():
    async with world() as w:
        await w.login()
        order = await w.place()
        await w.eventually(lambda: w.exchange.queries.open_orders(w.account)[0].status == "OPEN")
        w.paradex.set_system_state("cancel_only")
        assert (await w.rest.get("/system/state"))["status"] == "cancel_only"
        assert (await refused(w, w.order()))[1] == "SYSTEM_STATUS_CANCEL_ONLY"
        assert (await w.rest.request("DELETE", f"/orders/{order['id']}"))[0] == 204
        w.paradex.set_system_state("post_only")
        assert (await refused(w, w.order()))[1] == "SYSTEM_STATUS_POST_ONLY"
        await w.place(instruction="POST_ONLY")
        w.paradex.set_system_state("ok")
        await w.place()


async def test_maintenance_answers_503_and_drops_the_streams():
    async with world() as w:
        await w.login()
        stream = await w.stream("account")
        w.paradex.set_system_state("maintenance")
        assert await stream.closed() == 1006
        assert await refused(w, w.order()) == (503, "SERVICE_UNAVAILABLE")
        assert (await w.rest.get("/system/state"))["status"] == "maintenance"
        w.paradex.set_system_state("ok")
        await w.place()
