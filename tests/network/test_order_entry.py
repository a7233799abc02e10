"""Order entry by WebSocket: what goes which way, and that no create goes both ways (E6, E8)."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from nautilus_paradex.network.order_entry import WsOrderEntry
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import from_rpc
from nautilus_paradex.protocol.messages import BatchCancelRequest
from nautilus_paradex.protocol.messages import ModifyOrderRequest
from nautilus_paradex.protocol.messages import OrderRequest
from tests.protocol.order_values import order_update


class Connection:
    """A private stream that answers by script."""

    def __init__(self, *script: Any, may_request: bool = True) -> None:
        self.script = list(script)
        self.may_request = may_request
        self.calls: list[tuple[str, Any]] = []
        self.reconnects: list[str] = []

    async def call(self, method: str, params: Any, *, order: bool = False) -> msgspec.Raw:
        assert order
        self.calls.append((method, json.loads(msgspec.json.encode(params))))
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return msgspec.Raw(json.dumps(answer).encode())

    def reconnect(self, reason: str) -> None:
        self.reconnects.append(reason)


class Rest:
    """REST, which notes what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **named: Any) -> Any:
            self.calls.append((name, (*args, *named.values())))
            return {} if name == "create_orders_batch" else order_update("NEW")

        return call


class Said:
    """A log that keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __getattr__(self, _name: str) -> Any:
        return self.lines.append


def request(client_id: str = "C-1", **changes: Any) -> OrderRequest:
    values: dict[str, Any] = {
        "market": "ETH-USD-PERP",
        "side": Side.SELL,
        "type": OrderType.LIMIT,
        "size": "0.5",
        "price": "2510.4",
        "instruction": Instruction.GTC,
        "signature": '["1","2"]',
        "signature_timestamp": 1790000001000,
        "client_id": client_id,
    }
    return OrderRequest(**(values | changes))


def change(order_type: OrderType = OrderType.LIMIT) -> ModifyOrderRequest:
    return ModifyOrderRequest(
        id="V-1",
        market="ETH-USD-PERP",
        side=Side.SELL,
        type=order_type,
        size="0.5",
        price="2511",
        signature='["1","2"]',
        signature_timestamp=1790000002000,
    )


def entry(*script: Any, **settings: Any) -> tuple[WsOrderEntry, Connection, Rest, Said]:
    covers = settings.pop("covers", False)
    connection, rest, log = Connection(*script, **settings), Rest(), Said()
    return WsOrderEntry(connection, rest, log, covers=covers), connection, rest, log


def created(client_id: str = "C-1", order_id: str = "V-1") -> dict[str, Any]:
    """Return an answer with no more than the documented sample shows (PROTOCOL 6.6)."""
    order = {"id": order_id, "status": "NEW", "client_id": client_id, "remaining_size": "0.5"}
    return {"order": order, "created_at": 1790000001012, "received_at": 1790000001004123456}


async def test_e3_a_create_takes_the_socket_and_its_short_answer_is_understood():
    ws, connection, rest, _ = entry(created())
    update = await ws.create_order(request())
    assert (update.order_id, update.status, update.size) == (
        "V-1",
        OrderStatus.NEW,
        Decimal("0.5"),
    )
    method, params = connection.calls[0]
    assert method == "order.create"
    assert params["client_id"] == "C-1"
    assert rest.calls == []


@pytest.mark.parametrize(
    "changes",
    [
        {"type": OrderType.STOP_LOSS_MARKET, "flags": ("REDUCE_ONLY",)},
        {"type": OrderType.TAKE_PROFIT_LIMIT, "flags": ("REDUCE_ONLY",)},
        {"vwap_price": "2500"},
        {"dime_discount": True},
        {"flags": ("MMP",)},
    ],
)
async def test_what_the_document_does_not_list_for_the_socket_goes_by_rest(changes):
    ws, connection, rest, _ = entry()
    await ws.create_order(request(**changes))
    await ws.create_orders_batch([request(), request("C-2", **changes)])
    assert connection.calls == []
    assert [name for name, _ in rest.calls] == ["create_order", "create_orders_batch"]


async def test_everything_goes_by_rest_while_the_socket_is_down():
    ws, connection, rest, _ = entry(may_request=False)
    await ws.create_order(request())
    await ws.create_orders_batch([request()])
    await ws.modify_order(change())
    await ws.cancel_order("V-1")
    await ws.cancel_by_client_id("C-1", market="ETH-USD-PERP")
    await ws.cancel_batch(BatchCancelRequest(order_ids=("V-1",)))
    assert connection.calls == []
    assert len(rest.calls) == 6


async def test_a_create_that_was_not_written_to_the_socket_goes_by_rest():
    ws, connection, rest, _ = entry(TransportError("gone", sent=False))
    await ws.create_order(request())
    assert len(connection.calls) == len(rest.calls) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        TransportError("no answer", sent=True),
        from_rpc(-32603, "internal"),
        from_rpc(42901, "slow down"),
        from_rpc(100, "something"),
    ],
)
async def test_e6_a_create_that_may_have_been_taken_is_not_sent_by_rest(trouble):
    ws, _, rest, _ = entry(trouble, trouble, trouble)
    for call in (
        lambda: ws.create_order(request()),
        lambda: ws.create_orders_batch([request()]),
        lambda: ws.modify_order(change()),
    ):
        with pytest.raises(ParadexError) as caught:
            await call()
        assert caught.value.outcome_unknown
    assert rest.calls == []


async def test_e6_an_answer_that_is_not_understood_is_unknown_and_not_sent_again():
    ws, _, rest, _ = entry({"order": {"id": "V-1"}}, {"order": {"id": "V-1", "status": "?"}})
    for _ in range(2):
        with pytest.raises(TransportError) as caught:
            await ws.create_order(request())
        assert caught.value.outcome_unknown
    assert rest.calls == []


async def test_a_refusal_of_the_order_is_final_and_names_the_venues_code():
    refusal = from_rpc(-32600, "invalid request", "INVALID_ORDER_SIZE: size is too small")
    ws, _, rest, _ = entry(refusal)
    with pytest.raises(VenueError) as caught:
        await ws.create_order(request())
    assert caught.value.code == "INVALID_ORDER_SIZE"
    assert not caught.value.outcome_unknown
    assert rest.calls == []


async def test_a_method_that_does_not_exist_is_not_tried_again():
    ws, connection, rest, _ = entry(from_rpc(-32601, "method not found"))
    await ws.create_order(request())
    await ws.create_order(request("C-2"))
    assert len(connection.calls) == 1
    assert len(rest.calls) == 2


@pytest.mark.parametrize("code", [40110, 40111, 40300])
async def test_a_socket_that_is_not_authenticated_is_given_up_and_the_command_goes_by_rest(code):
    ws, connection, rest, _ = entry(from_rpc(code, "token expired"))
    await ws.create_order(request())
    assert connection.reconnects
    assert len(rest.calls) == 1


# -- BATCHES ---------------------------------------------------------------------------------------


BATCH = [request("C-1"), request("C-2")]
TAKEN = {"results": [created("C-1", "V-1"), created("C-2", "V-2")]}
BAD_PARAMS = from_rpc(-32602, "invalid params")


async def test_trap_40_the_documented_form_of_a_batch_comes_first():
    ws, connection, _, _ = entry(TAKEN)
    outcomes = await ws.create_orders_batch(BATCH)
    assert {key: outcome.order_id for key, outcome in outcomes.items()} == {
        "C-1": "V-1",
        "C-2": "V-2",
    }
    assert list(connection.calls[0][1]) == ["orders"]


async def test_trap_40_the_other_form_is_tried_once_the_first_is_refused_as_a_request():
    ws, connection, rest, _ = entry(BAD_PARAMS, TAKEN, TAKEN)
    await ws.create_orders_batch(BATCH)
    await ws.create_orders_batch(BATCH)
    forms = [type(params) for _, params in connection.calls]
    assert forms == [dict, list, list]
    assert rest.calls == []


@pytest.mark.parametrize(
    "trouble",
    [
        from_rpc(-32600, "invalid request", "INVALID_ORDER_SIGNATURE"),
        from_rpc(-32603, "internal"),
        TransportError("no answer", sent=True),
        from_rpc(100, "something"),
    ],
)
async def test_trap_40_no_other_refusal_sends_a_batch_twice(trouble):
    ws, connection, rest, _ = entry(trouble)
    with pytest.raises(ParadexError):
        await ws.create_orders_batch(BATCH)
    assert len(connection.calls) == 1
    assert rest.calls == []


async def test_trap_40_a_batch_that_neither_form_suits_goes_by_rest_from_then_on():
    ws, connection, rest, _ = entry(BAD_PARAMS, BAD_PARAMS)
    await ws.create_orders_batch(BATCH)
    await ws.create_orders_batch(BATCH)
    assert len(connection.calls) == 2
    assert len(rest.calls) == 2


async def test_e6_the_second_form_of_a_batch_that_is_lost_is_unknown():
    ws, _, rest, _ = entry(BAD_PARAMS, TransportError("no answer", sent=True))
    with pytest.raises(TransportError) as caught:
        await ws.create_orders_batch(BATCH)
    assert caught.value.outcome_unknown
    assert rest.calls == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("INVALID_ORDER_SIZE: too small", "INVALID_ORDER_SIZE"),
        ({"error": "INVALID_ORDER_SIZE", "message": "too small"}, "INVALID_ORDER_SIZE"),
        ({"code": -32600, "message": "INVALID_ORDER_SIZE: too small"}, "INVALID_ORDER_SIZE"),
        ("margin", None),
        (None, None),
    ],
)
async def test_e8_each_order_of_a_batch_has_its_own_outcome(error, code):
    ws, _, _, _ = entry({"results": [created("C-1"), {"error": error}]})
    outcomes = await ws.create_orders_batch(BATCH)
    assert outcomes["C-1"].order_id == "V-1"
    assert outcomes["C-2"].code == code
    assert not outcomes["C-2"].outcome_unknown


async def test_e8_orders_without_a_client_id_are_matched_by_their_place():
    ws, _, _, _ = entry({"results": [created("", "V-1"), created("", "V-2")]})
    outcomes = await ws.create_orders_batch(BATCH)
    assert [outcomes[key].order_id for key in ("C-1", "C-2")] == ["V-1", "V-2"]


async def test_e8_an_order_of_a_batch_that_is_not_understood_is_unknown():
    broken = {"order": {"id": "V-2", "status": "?", "client_id": "C-2"}}
    ws, _, _, _ = entry({"results": [created("C-1"), broken]})
    assert (await ws.create_orders_batch(BATCH)).keys() == {"C-1"}


# -- MODIFY AND CANCEL -----------------------------------------------------------------------------


async def test_e7_a_modify_takes_the_socket_unless_its_kind_is_not_listed():
    ws, connection, rest, _ = entry({"order": {"id": "V-1", "status": "OPEN"}})
    update = await ws.modify_order(change())
    assert update.price == Decimal(2511)
    await ws.modify_order(change(OrderType.STOP_LOSS_LIMIT))
    assert [method for method, _ in connection.calls] == ["order.modify"]
    assert [name for name, _ in rest.calls] == ["modify_order"]


async def test_cancels_take_the_socket_by_id_or_by_client_id_with_its_market():
    queued = {"order_id": "V-1", "status": "QUEUED_FOR_CANCELLATION"}
    ws, connection, rest, _ = entry(queued, queued)
    await ws.cancel_order("V-1")
    await ws.cancel_by_client_id("C-1", market="ETH-USD-PERP")
    assert connection.calls == [
        ("order.cancel", {"id": "V-1"}),
        ("order.cancel", {"client_id": "C-1", "market": "ETH-USD-PERP"}),
    ]
    await ws.cancel_by_client_id("C-1")
    assert [name for name, _ in rest.calls] == ["cancel_by_client_id"]


@pytest.mark.parametrize(
    ("cancel", "name"),
    [
        (lambda ws: ws.cancel_order("V-1"), "cancel_order"),
        (lambda ws: ws.cancel_by_client_id("C-1", market="M"), "cancel_by_client_id"),
        (lambda ws: ws.cancel_batch(BatchCancelRequest(order_ids=("V-1",))), "cancel_batch"),
    ],
)
async def test_e7_a_cancel_that_the_socket_does_not_answer_is_repeated_by_rest(cancel, name):
    """The socket may have carried it, and may carry nothing any more."""
    ws, connection, rest, _ = entry(TransportError("no answer", sent=True))
    await cancel(ws)
    assert len(connection.calls) == 1
    assert [called for called, _ in rest.calls] == [name]


async def test_trap_41_a_batch_of_cancels_with_client_ids_goes_by_rest():
    ws, connection, rest, _ = entry({"results": [{"id": "V-1", "status": "NOT_FOUND"}]})
    outcomes = await ws.cancel_batch(BatchCancelRequest(order_ids=("V-1",)))
    assert outcomes[0].status == "NOT_FOUND"
    await ws.cancel_batch(BatchCancelRequest(order_ids=("V-1",), client_order_ids=("C-2",)))
    assert len(connection.calls) == len(rest.calls) == 1


async def test_orders_that_cancel_on_disconnect_misses_are_said():
    ws, _, _, log = entry(created(), covers=True)
    await ws.create_order(request())
    assert not any("cancel-on-disconnect" in line for line in log.lines)
    await ws.create_order(request("C-2", dime_discount=True))
    assert any("C-2" in line and "cancel-on-disconnect" in line for line in log.lines)
