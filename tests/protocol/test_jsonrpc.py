"""JSON-RPC frames: requests, answers, refusals, notifications, ids (PROTOCOL 6.2, 6.6, 6.7)."""

import itertools
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import RateLimitError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.jsonrpc import MAX_ID
from nautilus_paradex.protocol.jsonrpc import ErrorReply
from nautilus_paradex.protocol.jsonrpc import IdRange
from nautilus_paradex.protocol.jsonrpc import Notification
from nautilus_paradex.protocol.jsonrpc import Result
from nautilus_paradex.protocol.jsonrpc import control_ids
from nautilus_paradex.protocol.jsonrpc import encode_request
from nautilus_paradex.protocol.jsonrpc import order_ids
from nautilus_paradex.protocol.jsonrpc import parse_frame
from nautilus_paradex.protocol.messages import OrderRequest


SUBSCRIBE_RESULT = (
    '{"jsonrpc":"2.0","id":7,"result":{"channel":"trades.BTC-USD-PERP"},'
    '"usIn":1790000000100000,"usOut":1790000000100110,"usDiff":110}'
)
NOTIFICATION = (
    '{"jsonrpc":"2.0","method":"subscription",'
    '"params":{"channel":"trades.BTC-USD-PERP","data":{"id":"1"}}}'
)
REFUSAL = (
    '{"jsonrpc":"2.0","id":8,"error":{"code":-32600,"message":"invalid subscribe request",'
    '"data":"invalid channel"},"usIn":1790000000100000}'
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_request_is_the_envelope_of_protocol_6_2() -> None:
    request = encode_request(7, "subscribe", {"channel": "trades.BTC-USD-PERP"})
    assert request == (
        b'{"jsonrpc":"2.0","id":7,"method":"subscribe","params":{"channel":"trades.BTC-USD-PERP"}}'
    )


def test_a_request_takes_a_struct_and_leaves_its_defaults_out() -> None:
    body = OrderRequest(
        market="ETH-USD-PERP",
        side="SELL",
        type="LIMIT",
        size="0.5",
        price="2510.4",
        instruction="GTC",
        signature='["1","2"]',
        signature_timestamp=1790000001000,
        client_id="O-2",
        recv_window=1000,
    )
    params = json.loads(encode_request(21, "order.create", body))["params"]
    assert params == {
        "market": "ETH-USD-PERP",
        "side": "SELL",
        "type": "LIMIT",
        "size": "0.5",
        "price": "2510.4",
        "instruction": "GTC",
        "client_id": "O-2",
        "signature_timestamp": 1790000001000,
        "recv_window": 1000,
        "signature": '["1","2"]',
    }


def test_a_request_takes_parameters_by_position() -> None:
    assert json.loads(encode_request(1, "order.create_batch", [{"a": 1}]))["params"] == [{"a": 1}]


@pytest.mark.parametrize("request_id", [0, 1, 2**53 - 1])
def test_ids_below_two_to_the_53_are_sent_exactly(request_id: int) -> None:
    assert json.loads(encode_request(request_id, "auth", {}))["id"] == request_id


@pytest.mark.parametrize("request_id", [-1, 2**53])
def test_ids_outside_the_exact_range_are_refused(request_id: int) -> None:
    with pytest.raises(EncodeError, match="outside"):
        encode_request(request_id, "auth", {})


def test_a_request_without_method_is_refused() -> None:
    with pytest.raises(EncodeError, match="method"):
        encode_request(1, "", {})


def test_parameters_that_are_no_json_are_refused_without_their_values() -> None:
    with pytest.raises(EncodeError) as caught:
        encode_request(1, "auth", {"bearer": "secret-token", "extra": object()})
    assert "secret-token" not in str(caught.value)


@given(st.integers(0, MAX_ID), st.dictionaries(st.text(), json_values, max_size=4))
def test_a_request_reads_back_as_it_was_written(request_id: int, params: dict) -> None:
    frame = msgspec.json.decode(encode_request(request_id, "m", params))
    assert frame == {"jsonrpc": "2.0", "id": request_id, "method": "m", "params": params}


@pytest.mark.parametrize("end", ["", "\n", " \r\n"])
def test_an_answer_keeps_its_result_raw(end: str) -> None:
    frame = parse_frame(SUBSCRIBE_RESULT + end)
    assert isinstance(frame, Result)
    assert frame.id == 7
    assert bytes(frame.result) == b'{"channel":"trades.BTC-USD-PERP"}'
    assert frame.us_in == 1790000000100000
    assert frame.us_out == 1790000000100110


def test_the_auth_answer_of_protocol_2_5_is_a_result() -> None:
    frame = parse_frame(
        b'{"jsonrpc":"2.0","id":1,"result":{"node_id":"7c9f"},"usIn":1790000000100000,'
        b'"usOut":1790000000100420,"usDiff":420}'
    )
    assert isinstance(frame, Result)
    assert bytes(frame.result) == b'{"node_id":"7c9f"}'


def test_a_null_result_is_an_answer() -> None:
    frame = parse_frame(b'{"jsonrpc":"2.0","id":3,"result":null}')
    assert isinstance(frame, Result)
    assert bytes(frame.result) == b"null"
    assert frame.us_in is None
    assert frame.us_out is None


@pytest.mark.parametrize("stamp", ['"1790000000100000"', "true", "1.5", "[]", "null"])
def test_a_surprising_timing_field_does_not_cost_the_answer(stamp: str) -> None:
    frame = parse_frame(f'{{"jsonrpc":"2.0","id":3,"result":{{}},"usIn":{stamp},"usOut":{stamp}}}')
    assert isinstance(frame, Result)
    assert frame.us_in is None
    assert frame.us_out is None


def test_a_refusal_becomes_an_error_with_the_venues_text() -> None:
    frame = parse_frame(REFUSAL)
    assert frame == ErrorReply(
        id=8, code=-32600, message="invalid subscribe request", data="invalid channel"
    )
    error = frame.to_error()
    assert isinstance(error, VenueError)
    assert error.code == -32600
    assert "invalid channel" in str(error)
    assert not error.outcome_unknown


@pytest.mark.parametrize(
    ("code", "kind"),
    [(40110, AuthenticationError), (40300, AuthenticationError), (42901, RateLimitError)],
)
def test_a_refusals_code_decides_the_error(code: int, kind: type[VenueError]) -> None:
    assert type(ErrorReply(id=1, code=code, message="no").to_error()) is kind


@pytest.mark.parametrize("head", ['"id":null,', ""])
def test_a_refusal_of_an_unreadable_request_has_no_id(head: str) -> None:
    frame = parse_frame(f'{{"jsonrpc":"2.0",{head}"error":{{"code":-32700,"message":"parse"}}}}')
    assert frame == ErrorReply(id=None, code=-32700, message="parse")


def test_an_error_beside_a_null_result_is_a_refusal() -> None:
    frame = parse_frame('{"jsonrpc":"2.0","id":2,"result":null,"error":{"code":100}}')
    assert frame == ErrorReply(id=2, code=100, message="")


def test_a_result_beside_a_null_error_is_an_answer() -> None:
    assert isinstance(parse_frame('{"jsonrpc":"2.0","id":2,"result":1,"error":null}'), Result)


def test_a_notification_keeps_its_data_raw() -> None:
    frame = parse_frame(NOTIFICATION)
    assert isinstance(frame, Notification)
    assert frame.channel == "trades.BTC-USD-PERP"
    assert bytes(frame.data) == b'{"id":"1"}'


def test_key_order_does_not_matter() -> None:
    for order in itertools.permutations(json.loads(NOTIFICATION).items()):
        assert isinstance(parse_frame(json.dumps(dict(order))), Notification)
    for order in itertools.permutations(json.loads(SUBSCRIBE_RESULT).items()):
        assert isinstance(parse_frame(json.dumps(dict(order))), Result)
    for order in itertools.permutations(json.loads(REFUSAL).items()):
        assert isinstance(parse_frame(json.dumps(dict(order))), ErrorReply)


def test_unknown_keys_are_ignored() -> None:
    frame = json.loads(NOTIFICATION) | {"later": {"x": [1]}}
    frame["params"]["later"] = None
    assert isinstance(parse_frame(json.dumps(frame)), Notification)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"{}",
        b"ping",
        b'{"jsonrpc":"2.0"}',
        b'{"jsonrpc":"1.0","id":1,"result":{}}',
        b'{"id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","result":{}}',
        b'{"jsonrpc":"2.0","id":"1","result":{}}',
        b'{"jsonrpc":"2.0","id":true,"result":{}}',
        b'{"jsonrpc":"2.0","id":1.0,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"error":"broken"}',
        b'{"jsonrpc":"2.0","id":1,"error":{"message":"no code"}}',
        b'{"jsonrpc":"2.0","method":"subscription"}',
        b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"account"}}',
        b'{"jsonrpc":"2.0","method":"subscription","params":{"data":{}}}',
        b'{"jsonrpc":"2.0","method":"subscription","params":[]}',
        b'{"jsonrpc":"2.0","method":"subscription","id":4,"params":{"channel":"a","data":1}}',
        b'{"jsonrpc":"2.0","method":"heartbeat","params":{"channel":"a","data":1}}',
        b'{"jsonrpc":"2.0","id":1,"result":{}} {}',
        b'{"jsonrpc":"2.0","id":1,"result":{}',
        b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 100_000,
        b'{"jsonrpc":"2.0\xff","id":1,"result":{}}',
        '{"jsonrpc":"2.0\ud800","id":1,"result":{}}',
    ],
)
def test_anything_else_is_a_decode_error(payload: bytes | str) -> None:
    with pytest.raises(DecodeError):
        parse_frame(payload)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_garbage_gives_a_decode_error_and_nothing_else(payload: bytes | str) -> None:
    with pytest.raises(DecodeError):
        parse_frame(payload)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "jsonrpc": st.just("2.0") | json_values,
            "id": st.integers(0, 9) | json_values,
            "method": st.just("subscription") | json_values,
            "params": json_values
            | st.fixed_dictionaries({"channel": st.text(), "data": st.none()}),
            "result": json_values,
            "error": json_values | st.fixed_dictionaries({"code": st.integers()}),
        },
    )
)
def test_frames_of_any_shape_are_classified_or_refused(frame: dict) -> None:
    try:
        parsed = parse_frame(json.dumps(frame))
    except DecodeError:
        return
    assert frame["jsonrpc"] == "2.0"
    if isinstance(parsed, Notification):
        assert frame["method"] == "subscription"
    elif isinstance(parsed, ErrorReply):
        assert parsed.code == frame["error"]["code"]
    else:
        assert msgspec.json.decode(parsed.result) == frame["result"]


@given(st.integers(0, len(NOTIFICATION) - 1))
def test_a_truncated_frame_is_a_decode_error(length: int) -> None:
    with pytest.raises(DecodeError):
        parse_frame(NOTIFICATION[:length])


def test_control_and_order_ids_never_meet() -> None:
    control, order = control_ids(), order_ids()
    first_control, first_order = control.take(), order.take()
    assert first_control in control
    assert first_control not in order
    assert first_order in order
    assert first_order not in control
    assert MAX_ID in order
    assert MAX_ID + 1 not in order


def test_ids_wrap_and_skip_what_is_in_flight() -> None:
    ids = IdRange(5, 8)
    assert [ids.take() for _ in range(4)] == [5, 6, 7, 8]
    assert ids.in_flight == {5, 6, 7, 8}
    with pytest.raises(EncodeError, match="in flight"):
        ids.take()
    assert ids.release(7)
    assert not ids.release(7)
    assert ids.take() == 7
    assert ids.release(5)
    assert ids.release(6)
    assert ids.take() == 5
    assert repr(ids) == "IdRange(5, 8, in_flight=3)"


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (6, 5), (0, 2**53)])
def test_a_range_outside_the_exact_ids_is_refused(first: int, last: int) -> None:
    with pytest.raises(EncodeError, match="no range"):
        IdRange(first, last)


@given(st.integers(1, 6), st.lists(st.none() | st.integers(0, 5), max_size=60))
def test_an_id_in_flight_is_never_given_twice(size: int, steps: list[int | None]) -> None:
    ids = IdRange(10, 9 + size)
    held: list[int] = []
    for step in steps:
        if step is not None and held:
            assert ids.release(held.pop(step % len(held)))
        elif len(held) < size:
            taken = ids.take()
            assert taken in ids
            assert taken not in held
            held.append(taken)
        assert ids.in_flight == set(held)
