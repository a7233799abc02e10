"""Private channels and order entry on the WebSocket (PROTOCOL 2.5, 6.3, 6.6)."""

from decimal import Decimal
from typing import Any

import pytest

from nautilus_paradex.protocol.events import AccountSummary
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.events import Position
from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator.engine import model
from tests.simulator.server_client import World
from tests.simulator.server_client import world


PRIVATE = ("orders.ALL", "fills.ALL", "positions", "account", "balance_events")
JSON_ONLY = ("balance_events", "transaction", "transfers", "tradebusts", "funding_payments.ALL")


async def open_orders(w: World, count: int) -> list[model.Order]:
    def probe() -> tuple[list[model.Order]] | None:
        orders = [
            order
            for order in w.exchange.queries.open_orders(w.account)
            if order.status is model.OrderStatus.OPEN
        ]
        return (orders,) if len(orders) == count else None

    return (await w.eventually(probe))[0]


# -- AUTHENTICATION ---------------------------------------------------------------------------


async def test_auth_gives_a_node_id_and_opens_the_private_channels():
    async with world() as w:
        await w.login()
        stream = await w.stream(auth=False)
        for method, params in (
            ("subscribe", {"channel": "orders.ALL"}),
            ("order.cancel_all", {}),
        ):
            answer = await stream.call(method, params)
            assert answer["error"]["code"] == 40300
        assert (await stream.result("auth", {"bearer": w.rest.token}))["node_id"]
        await stream.subscribe("orders.ALL")
        await stream.close()


@pytest.mark.parametrize(
    ("bearer", "code"), [("nonsense", 40110), ("", 40110), ("a.b.c", 40111), (7, -32602)]
)
async def test_bad_tokens_are_told_apart(bearer: object, code: int):
    async with world() as w:
        stream = await w.stream(auth=False)
        answer = await stream.call("auth", {"bearer": bearer})
        assert answer["error"]["code"] == code
        await stream.close()


async def test_an_expired_token_is_refused_but_a_socket_outlives_its_own():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        w.paradex.expire_tokens()
        # Trap 20: checked once per connection.
        assert "result" in await stream.call("order.cancel_all", {})
        late = await w.stream(auth=False)
        answer = await late.call("auth", {"bearer": w.rest.token})
        assert answer["error"]["code"] == 40111
        for each in (stream, late):
            await each.close()


# -- CHANNELS ---------------------------------------------------------------------------------


async def trade_once(w: World) -> None:
    w.trade("SELL", "0.02", "68000")
    await w.place(price="68000", client_id="O-1")


async def test_private_channels_start_silent_and_tell_a_trade_in_sbe():
    async with world() as w:
        await w.login()
        await w.place(price="50000")
        await open_orders(w, 1)
        stream = await w.stream(*PRIVATE)
        assert [entry[0] for entry in stream.log] == ["answer"] * 6
        await trade_once(w)
        (fill,) = await stream.until(lambda: stream.events(Fill))
        assert (fill.client_id, fill.size, fill.fee) == ("O-1", Decimal("0.01"), Decimal("0.306"))
        assert fill.trade_id == w.exchange.queries.trades("BTC-USD-PERP")[0].id
        (order,) = stream.events(OrderUpdate)
        assert (order.status, order.remaining_size, order.order_id) == (
            "CLOSED",
            0,
            fill.order_id,
        )
        (position,) = await stream.until(lambda: stream.events(Position))
        assert position.signed_size == Decimal("0.01")
        account = (await stream.until(lambda: stream.events(AccountSummary)))[-1]
        assert account.total_collateral == Decimal("99999.694")
        (balance,) = await stream.until(lambda: stream.messages("balance_events"))
        assert balance["settlement_asset_balance_after"] == "99999.694"
        assert balance["fill_id"] == fill.fill_id
        await stream.close()


@pytest.mark.parametrize("by_config", [True, False])
async def test_private_channels_speak_json_on_plain_connections_or_when_told(by_config: bool):
    encoding = PrivateEncoding.JSON if by_config else PrivateEncoding.SBE
    async with world(private_encoding=encoding) as w:
        await w.login()
        stream = await w.stream(*PRIVATE, version=2 if by_config else None)
        await trade_once(w)
        (fill,) = await stream.until(lambda: stream.messages("fills.ALL"))
        assert (fill["price"], fill["remaining_size"]) == ("68000", "0")
        (order,) = await stream.until(lambda: stream.messages("orders.ALL"))
        rest = await w.rest.get(f"/orders/{order['id']}")
        assert order | {"published_at": 0} == rest | {"published_at": 0}
        assert await stream.until(lambda: stream.messages("positions"))
        assert await stream.until(lambda: stream.messages("account"))
        assert stream.events(object) == []
        await stream.close()


async def test_channels_of_a_market_carry_only_that_market():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ETH-USD-PERP", "orders.ALL", version=None)
        await w.place()
        await w.place(market="ETH-USD-PERP", price="2400", size="0.1")
        await stream.until(lambda: len(stream.messages("orders.ALL")) == 2)
        (order,) = stream.messages("orders.ETH-USD-PERP")
        assert order["market"] == "ETH-USD-PERP"
        await stream.close()


async def test_an_account_sees_nothing_of_another():
    async with world() as w:
        await w.login()
        rest = await w.other()
        mine = await w.stream(*PRIVATE)
        other = await w.stream(auth=False)
        await other.result("auth", {"bearer": rest.token})
        await other.subscribe(*PRIVATE)
        await trade_once(w)
        await mine.until(lambda: mine.events(Fill))
        assert [entry[0] for entry in other.log] == ["answer"] * 6
        for each in (mine, other):
            await each.close()


async def test_channels_without_a_template_are_json_on_sbe_connections():
    async with world() as w:
        await w.login()
        stream = await w.stream(*JSON_ONLY)
        w.exchange.deposit(w.account, Decimal(5))
        (transfer,) = await stream.until(lambda: stream.messages("transfers"))
        assert (transfer["kind"], transfer["amount"]) == ("DEPOSIT", "5")
        await trade_once(w)
        (transaction,) = await stream.until(lambda: stream.messages("transaction"))
        fill = w.exchange.queries.fills(w.account)[0]
        assert transaction["id"] == fill.id
        w.exchange.bust_trade(fill.trade_id)
        (bust,) = await stream.until(lambda: stream.messages("tradebusts"))
        assert bust["busted_fill_id"] == fill.id
        assert (await w.rest.get("/tradebusts"))["results"] == [bust]
        await stream.close()


@pytest.mark.parametrize("first", [FillOrder.FILL_FIRST, FillOrder.ORDER_FIRST])
async def test_a_fill_comes_before_or_after_its_orders_update_as_told(first: FillOrder):
    async with world(fill_order=first) as w:
        await w.login()
        stream = await w.stream("orders.ALL", "fills.ALL")
        await trade_once(w)
        await stream.until(lambda: stream.events(Fill) and stream.events(OrderUpdate))
        kinds = [type(entry[1]) for entry in stream.log if entry[0] == "sbe"]
        expected = [Fill, OrderUpdate] if first is FillOrder.FILL_FIRST else [OrderUpdate, Fill]
        assert kinds == expected
        await stream.close()


async def test_a_random_order_has_both_orders_and_is_the_same_for_a_seed():
    async def firsts() -> list[type]:
        async with world(fill_order=FillOrder.RANDOM) as w:
            await w.login()
            stream = await w.stream("orders.ALL", "fills.ALL")
            for n in range(6):
                await trade_once(w)

                def both(count: int = n + 1) -> bool:
                    return min(len(stream.events(k)) for k in (Fill, OrderUpdate)) >= count

                await stream.until(both)
            await stream.close()
            kinds = [type(entry[1]) for entry in stream.log if entry[0] == "sbe"]
            return kinds[::2]

    once = await firsts()
    assert set(once) == {Fill, OrderUpdate}
    assert await firsts() == once


# -- ORDER ENTRY ------------------------------------------------------------------------------


async def create(w: World, stream: Any, **fields: Any) -> dict[str, Any]:
    return (await stream.result("order.create", w.order(**fields)))["order"]


async def test_the_life_of_an_order_over_the_websocket():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL", version=None)
        result = await stream.result("order.create", w.order(client_id="O-1"))
        order = result["order"]
        assert (order["status"], order["client_id"]) == ("NEW", "O-1")
        # Nanoseconds and milliseconds (PROTOCOL 6.6).
        assert len(str(result["received_at"])) == 19
        assert len(str(result["created_at"])) == 13
        await open_orders(w, 1)
        body = w.order(order_id=order["id"], price="59000")
        modified = (await stream.result("order.modify", body))["order"]
        assert modified["request_info"]["status"] == "PENDING"

        def is_modified() -> bool:
            last = stream.messages("orders.ALL")[-1]
            return last["request_info"] is not None and last["price"] == "59000"

        await stream.until(is_modified)
        assert stream.messages("orders.ALL")[-1]["request_info"]["status"] == "SUCCESS"
        assert await stream.result("order.cancel", {"id": order["id"]}) == {
            "order_id": order["id"],
            "status": "QUEUED_FOR_CANCELLATION",
        }
        await stream.until(lambda: stream.messages("orders.ALL")[-1]["status"] == "CLOSED")
        answer = await stream.call("order.cancel", {"id": order["id"]})
        assert (answer["error"]["code"], answer["error"]["data"]) == (-32600, "ORDER_IS_CLOSED")
        await stream.close()


@pytest.mark.parametrize("first", [AnswerOrder.ANSWER_FIRST, AnswerOrder.NOTIFICATION_FIRST])
async def test_an_answer_and_its_notification_come_in_the_order_that_was_set(first: AnswerOrder):
    async with world(answer_order=first) as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        stream.log.clear()
        await stream.result("order.create", w.order())
        await stream.until(lambda: len(stream.log) == 2)
        kinds = [entry[0] for entry in stream.log]
        expected = ["answer", "sbe"] if first is AnswerOrder.ANSWER_FIRST else ["sbe", "answer"]
        assert kinds == expected
        await stream.close()


@pytest.mark.parametrize("is_array", [True, False])
async def test_batches_come_as_an_object_or_as_a_bare_array(is_array: bool):
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        orders = [w.order(), w.order(price="60000.05"), w.order(price="59000")]
        params = orders if is_array else {"orders": orders}
        results = (await stream.result("order.create_batch", params))["results"]
        assert ["error" in row for row in results] == [False, True, False]
        ids = [row["order"]["id"] for row in results if "order" in row]
        await open_orders(w, 2)
        answer = await stream.result("order.cancel_batch", {"order_ids": [*ids, "9"]})
        assert [row["status"] for row in answer["results"]] == [
            "QUEUED_FOR_CANCELLATION",
            "QUEUED_FOR_CANCELLATION",
            "NOT_FOUND",
        ]
        await open_orders(w, 0)
        await stream.close()


async def test_commands_are_refused_as_over_rest():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        cases: list[tuple[str, Any, int, object]] = [
            ("order.create", w.order() | {"size": "0.02"}, -32600, "INVALID_ORDER_SIGNATURE"),
            ("order.create", w.order() | {"size": 1}, -32600, "BINDING_ERROR"),
            ("order.create", w.order(price="60000.05"), -32600, "INVALID_REQUEST_PARAMETER"),
            ("order.create_batch", [], -32600, "BATCH_SIZE_OUT_OF_RANGE"),
            ("order.cancel", {"id": "99"}, -32600, "ORDER_ID_NOT_FOUND"),
            ("order.cancel", {"client_id": "x"}, -32602, "id, or client_id and market"),
            ("order.replace", {}, -32601, None),
        ]
        for method, params, code, data in cases:
            error = (await stream.call(method, params))["error"]
            assert (error["code"], error.get("data")) == (code, data), method
        assert w.exchange.queries.order_history(w.account) == []
        await stream.close()


async def test_cancel_by_client_id_and_cancel_all():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        order = await create(w, stream, client_id="O-1")
        await create(w, stream, client_id="O-2", price="59000")
        await open_orders(w, 2)
        params = {"client_id": "O-1", "market": "BTC-USD-PERP"}
        assert (await stream.result("order.cancel", params))["order_id"] == order["id"]
        await open_orders(w, 1)
        assert await stream.result("order.cancel_all", {}) == {"status": "ok"}
        await open_orders(w, 0)
        await stream.close()


# -- CANCEL ON DISCONNECT ---------------------------------------------------------------------


@pytest.mark.parametrize("enabled", [True, False])
async def test_cancel_on_disconnect_takes_the_orders_of_a_dropped_connection(enabled: bool):
    async with world() as w:
        await w.login()
        kept = await w.place(price="50000")
        stream = await w.stream("orders.ALL")
        params = {"enabled": enabled}
        assert await stream.result("order.cancel_on_disconnect", params) == params
        await create(w, stream)
        await open_orders(w, 2)
        await w.paradex.drop_connections()
        await stream.closed()
        await w.eventually(lambda: w.paradex.connections == 0)
        if enabled:
            (order,) = await open_orders(w, 1)
            assert order.id == kept["id"]
        else:
            await w.place(price="40000")
            await open_orders(w, 3)


async def test_a_clean_close_by_the_client_cancels_nothing():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        await stream.result("order.cancel_on_disconnect", {"enabled": True})
        await create(w, stream)
        await open_orders(w, 1)
        await stream.close()
        await w.eventually(lambda: w.paradex.connections == 0)
        # Whatever was to be cancelled would be gone before a later order is open.
        await w.place(price="40000")
        await open_orders(w, 2)
