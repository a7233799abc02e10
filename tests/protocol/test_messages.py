"""Messages: samples of PROTOCOL 4.3, 9 and 10, absent fields, request bodies, secrets."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.messages import Page
from nautilus_paradex.protocol.messages import base


SIGNATURE = '["1407519","3302368"]'

PERPETUAL = """{"symbol":"BTC-USD-PERP","asset_kind":"PERP","base_currency":"BTC",
"quote_currency":"USD","settlement_currency":"USDC","market_kind":"cross",
"trading_mode":"STANDARD","price_tick_size":"0.1","order_size_increment":"0.00001",
"min_notional":"10","max_order_size":"100","position_limit":"300","max_open_orders":150,
"open_at":1669852800000,"expiry_at":0,"strike_price":"0","option_type":"",
"funding_period_hours":8,"funding_multiplier":1,"interest_rate":"0.0001","clamp_rate":"0.0005",
"max_funding_rate":"0.02","max_funding_rate_change":"0.0005","max_tob_spread":"0.01",
"max_slippage":"0.05","price_bands_width":"0.05","iv_bands_width":"0","oracle_ewma_factor":"0.2",
"price_feed_id":"e62df6c8","tags":["LAYER-1"],
"delta1_cross_margin_params":{"imf_base":"0.02","imf_factor":"0","imf_shift":"0","mmf_factor":"0.5"},
"fee_config":{"api_fee":{"maker_fee":{"fee":"0.00003","fee_cap":"","fee_floor":""},
"taker_fee":{"fee":"0.00045"}},"interactive_fee":{"maker_fee":{"fee":"0"},"taker_fee":{"fee":"0"}},
"rpi_fee":{"maker_fee":{"fee":"-0.00005"},"taker_fee":{"fee":"0"}}}}"""

OPTION = """{"symbol":"BTC-USD-27NOV26-70000-C","asset_kind":"OPTION","option_type":"CALL",
"strike_price":"70000","open_at":1763697600000,"expiry_at":1795766400000,
"price_tick_size":"0.01","order_size_increment":"0.001","min_notional":"20",
"max_order_size":"100","position_limit":"1000","max_open_orders":100,
"price_bands_width":"0.3","iv_bands_width":"0.2","market_kind":"cross",
"option_cross_margin_params":{"imf":{"long_itm":"0.2","short_itm":"0.15","short_otm":"0.1",
"short_put_cap":"0.5","premium_multiplier":"1"},"mmf":{"long_itm":"0.1","short_itm":"0.075",
"short_otm":"0.05","short_put_cap":"0.5","premium_multiplier":"0.5"}},
"fee_config":{"api_fee":{"maker_fee":{"fee":"0.0001","fee_cap":"0.125","fee_floor":"-0.125"},
"taker_fee":{"fee":"0.0001","fee_cap":"0.125","fee_floor":"-0.125"}}}}"""

PERPETUAL_OPTION = """{"symbol":"BTC-USD-96000-C","asset_kind":"PERP_OPTION","option_type":"CALL",
"strike_price":"96000","expiry_at":0,"funding_period_hours":24}"""

SPOT = """{"symbol":"ETH-USD","asset_kind":"SPOT","price_tick_size":"0.01",
"order_size_increment":"0.0001","min_notional":"10","settlement_currency":"USDC"}"""

ORDER = """{"id":"1790000000123201709233240000","account":"0x26192f7b","market":"BTC-USD-PERP",
"side":"BUY","type":"LIMIT","size":"0.015","remaining_size":"0.015","price":"61234.5",
"status":"OPEN","created_at":1790000000140,"last_updated_at":1790000000141,
"timestamp":1790000000123,"cancel_reason":"","client_id":"O-20260921-1",
"instruction":"POST_ONLY","avg_fill_price":"","stp":"EXPIRE_TAKER","received_at":1790000000131,
"published_at":1790000000143,"flags":["REDUCE_ONLY"],"trigger_price":"0",
"seq_no":1790000000141000017,"request_info":null}"""

BALANCE = """{"token":"USDC","size":"10200.5","last_updated_at":1790000000000,
"average_entry_price":"1","average_entry_price_usd":"1","cost":"10200.5","cost_usd":"10200.5"}"""


def order_request(**changes: object) -> messages.OrderRequest:
    fields: dict = {
        "market": "BTC-USD-PERP",
        "side": "BUY",
        "type": "LIMIT",
        "size": "0.015",
        "price": "61234.5",
        "instruction": "POST_ONLY",
        "signature": SIGNATURE,
        "signature_timestamp": 1790000000123,
    }
    return messages.OrderRequest(**(fields | changes))


# -- Samples ------------------------------------------------------------------------------------


def test_the_perpetual_of_protocol_9_2_decodes() -> None:
    market = messages.decode(PERPETUAL, messages.Market)
    assert market.price_tick_size == "0.1"
    assert market.max_open_orders == 150
    assert market.funding_period_hours == 8
    assert market.tags == ("LAYER-1",)
    assert market.delta1_cross_margin_params.imf_base == "0.02"
    assert market.fee_config.api_fee.maker_fee.fee_cap == ""
    assert market.fee_config.rpi_fee.maker_fee.fee == "-0.00005"
    assert market.option_cross_margin_params is None


def test_the_option_of_protocol_9_2_decodes() -> None:
    market = messages.decode(OPTION, messages.Market)
    assert market.expiry_at == 1795766400000
    assert market.option_cross_margin_params.imf.short_itm == "0.15"
    assert market.option_cross_margin_params.mmf.premium_multiplier == "0.5"
    assert market.base_currency == ""


def test_markets_decode_as_a_page_of_every_kind() -> None:
    body = f'{{"results":[{PERPETUAL},{OPTION},{PERPETUAL_OPTION},{SPOT}]}}'
    page = messages.decode(body, Page[messages.Market])
    assert [row.asset_kind for row in page.results] == ["PERP", "OPTION", "PERP_OPTION", "SPOT"]
    assert page.next_cursor is None


def test_the_order_of_protocol_4_3_decodes() -> None:
    order = messages.decode(ORDER, messages.OrderMessage)
    assert order.id == "1790000000123201709233240000"
    assert order.seq_no == 1790000000141000017
    assert order.flags == ("REDUCE_ONLY",)
    assert order.avg_fill_price == ""
    assert order.request_info is None


def test_the_balance_of_protocol_10_2_decodes() -> None:
    balance = messages.decode(f'{{"results":[{BALANCE}]}}', Page[messages.Balance]).results[0]
    assert balance.token == "USDC"
    assert balance.size == "10200.5"


def test_the_order_entry_answer_of_protocol_6_6_decodes() -> None:
    result = messages.decode(
        '{"order":{"id":"1790","status":"NEW","client_id":"O-2","remaining_size":"0.5"},'
        '"created_at":1790000001012,"received_at":1790000001004123456}',
        messages.OrderCreateResult,
    )
    assert result.order.status == "NEW"
    assert result.received_at == 1790000001004123456


def test_a_batch_answer_may_be_padded_with_nulls() -> None:
    body = f'{{"orders":[null,{ORDER}],"errors":[{{"error":"INVALID_ORDER_SIZE"}},null]}}'
    batch = messages.decode(body, messages.BatchOrdersResponse)
    assert [order and order.client_id for order in batch.orders] == [None, "O-20260921-1"]
    assert batch.errors[0].error == "INVALID_ORDER_SIZE"
    assert batch.errors[1] is None


@pytest.mark.parametrize("error", ['"bad size"', '{"error":"INVALID_ORDER_SIZE"}'])
def test_a_batch_outcome_is_an_order_or_an_error_of_any_shape(error: str) -> None:
    body = f'{{"results":[{{"order":{ORDER},"created_at":1}},{{"error":{error}}}]}}'
    first, second = messages.decode(body, messages.OrderCreateBatchResult).results
    assert first.order.status == "OPEN"
    assert first.error is None
    assert second.order is None
    assert second.error == json.loads(error)


def test_klines_are_exact_though_they_are_json_numbers() -> None:
    body = '{"results":[[1790000000000,61234.123456789012345678,6e4,"5",1,0.1]]}'
    kline = messages.decode(body, Page[messages.Kline]).results[0]
    assert kline.open_at == 1790000000000
    assert kline.open == Decimal("61234.123456789012345678")
    assert (kline.high, kline.low, kline.close) == (60000, 5, 1)
    assert kline.volume == Decimal("0.1")


def test_changed_fields_are_exact_as_numbers_and_as_strings() -> None:
    body = (
        '{"symbol":"BTC-USD-PERP","event_type":"UPDATED","updated_at":1790000000000,'
        '"changed_fields":{"price_tick_size":"0.5","clamp_rate":0.05,"max_open_orders":100,'
        '"strike_price":"","settlement_price":null}}'
    )
    event = messages.decode(body, messages.MarketEvent)
    assert event.changed_fields.price_tick_size == Decimal("0.5")
    assert event.changed_fields.clamp_rate == Decimal("0.05")
    assert event.changed_fields.max_open_orders == 100
    assert event.changed_fields.strike_price is None
    assert event.changed_fields.settlement_price is None
    assert event.changed_fields.market_kind is None


# -- Pages and errors ---------------------------------------------------------------------------


@pytest.mark.parametrize(("cursor", "expected"), [('"abc"', "abc"), ('""', None), ("null", None)])
def test_the_last_page_has_a_null_or_an_empty_cursor(cursor: str, expected: str | None) -> None:
    page = messages.decode(f'{{"next":{cursor},"prev":null,"results":[]}}', Page[messages.Transfer])
    assert page.next_cursor == expected
    assert page.results == []


def test_a_null_list_of_results_is_an_empty_page() -> None:
    assert messages.decode('{"results":null}', Page[messages.Balance]).results == []


@pytest.mark.parametrize("body", ["{}", '{"result":[]}', '{"results":{}}', "[]", '{"results":""}'])
def test_an_answer_without_results_is_never_an_empty_page(body: str) -> None:
    with pytest.raises(DecodeError):
        messages.decode(body, Page[messages.Balance])


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"error":"INVALID_SYMBOL","message":"m","data":null}', "INVALID_SYMBOL"),
        ('{"message":"rate limit exceeded"}', ""),
        ('{"error":null,"message":"m","data":{"x":[1.5]}}', ""),
    ],
)  # fmt: skip
def test_error_bodies_decode_with_and_without_a_code(body: str, error: str) -> None:
    decoded = messages.decode(body, messages.ErrorBody)
    assert decoded.error == error
    assert decoded.message == json.loads(body)["message"]


# -- Absent and unknown fields ------------------------------------------------------------------


MESSAGES = [
    kind
    for name in messages.__all__
    if isinstance(kind := getattr(messages, name), type)
    and issubclass(kind, base.Message)
    and kind not in (base.Message, Page, messages.Kline)
]


def _minimal(kind: type) -> dict:
    """Return JSON with the required fields only."""
    values = {str: "1", int: 1, bool: True, Decimal: "1"}
    values |= {base.Milliseconds: 1, base.SequenceNumber: 1}
    return {
        field.encode_name: _required_value(field.type, values)
        for field in base.msgspec.structs.fields(kind)
        if field.required
    }


def _required_value(annotation: object, values: dict) -> object:
    if annotation in values:
        return values[annotation]
    if annotation is messages.OrderMessage:
        return {"id": "1", "status": "NEW"}
    if getattr(annotation, "__origin__", None) is list:
        return []
    return "s" if "Literal" in str(annotation) else "BUY"


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_optional_field_may_be_missing_null_or_joined_by_unknown_ones(kind: type) -> None:
    minimal = _minimal(kind)
    expected = messages.decode(json.dumps(minimal), kind)
    optional = {
        field.encode_name: None for field in base.msgspec.structs.fields(kind) if not field.required
    }
    nulls = json.dumps(minimal | optional | {"field_of_tomorrow": {"a": [None, 1.5]}})
    assert messages.decode(nulls, kind) == expected


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_survives_being_written_and_read(kind: type) -> None:
    message = messages.decode(json.dumps(_minimal(kind)), kind)
    assert messages.decode(messages.encode(message), kind) == message


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_messages_are_immutable(kind: type) -> None:
    message = messages.decode(json.dumps(_minimal(kind)), kind)
    with pytest.raises(AttributeError):
        setattr(message, kind.__struct_fields__[0], "other")


def test_nulls_within_lists_of_objects_are_absent_fields_too() -> None:
    body = f'{{"results":[{ORDER.replace(chr(34) + "EXPIRE_TAKER" + chr(34), "null")}]}}'
    order = messages.decode(body, Page[messages.OrderMessage]).results[0]
    assert order.stp == ""
    assert order.price == "61234.5"


def test_a_number_where_a_decimal_string_belongs_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        messages.decode('{"token":"USDC","size":10200.5}', messages.Balance)
    with pytest.raises(DecodeError):
        messages.decode('{"token":"USDC","size":10200.5,"cost":null}', messages.Balance)


@pytest.mark.parametrize("kind", [messages.OrderMessage, Page[messages.FillMessage]])
@given(payload=st.binary(max_size=200) | st.text(max_size=200))
def test_garbage_gives_a_decode_error_and_nothing_else(kind: type, payload: bytes | str) -> None:
    with pytest.raises(DecodeError):
        messages.decode(payload, kind)


@given(
    st.dictionaries(
        st.sampled_from(["id", "status", "size", "flags", "created_at", "request_info", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["id", "results"]), inner, max_size=2)
            ),
            max_leaves=6,
        ),
    )
)
def test_objects_of_any_shape_decode_or_give_a_decode_error(value: dict) -> None:
    try:
        order = messages.decode(json.dumps(value), messages.OrderMessage)
    except DecodeError:
        return
    assert order.id == value["id"]
    assert isinstance(order.flags, tuple)


@pytest.mark.parametrize(
    "payload",
    [b"[" * 100_000, b'{"a":' * 100_000, b'{"id":"\xff"}', '{"id":"\ud800"}',
     b'{"id":1e99999999999999999999,"status":null}', b'{"id":null,"x":"\xff"}'],
)  # fmt: skip
def test_hostile_payloads_give_a_decode_error(payload: bytes | str) -> None:
    with pytest.raises(DecodeError, match="OrderMessage"):
        messages.decode(payload, messages.OrderMessage)


# -- Requests -----------------------------------------------------------------------------------


def test_the_order_of_protocol_3_2_is_encoded_key_for_key() -> None:
    request = order_request(
        client_id="O-20260921-1", stp="EXPIRE_TAKER", flags=("REDUCE_ONLY",), recv_window=2000
    )
    assert json.loads(messages.encode(request)) == {
        "market": "BTC-USD-PERP",
        "side": "BUY",
        "type": "LIMIT",
        "size": "0.015",
        "price": "61234.5",
        "instruction": "POST_ONLY",
        "client_id": "O-20260921-1",
        "stp": "EXPIRE_TAKER",
        "flags": ["REDUCE_ONLY"],
        "recv_window": 2000,
        "signature_timestamp": 1790000000123,
        "signature": SIGNATURE,
    }


def test_a_market_order_carries_the_price_zero() -> None:
    body = json.loads(messages.encode(order_request(type="MARKET", price="0", instruction="IOC")))
    assert body["price"] == "0"


REQUESTS = [
    order_request(),
    messages.ModifyOrderRequest(
        id="1789999999123201709233240000",
        market="BTC-USD-PERP",
        side="BUY",
        type="LIMIT",
        size="0.02",
        price="61000",
        signature=SIGNATURE,
        signature_timestamp=1790000005123,
    ),
    messages.AlgoOrderRequest(
        algo_type="TWAP",
        market="BTC-USD-PERP",
        side="SELL",
        type="MARKET",
        size="1",
        duration_seconds=60,
        signature=SIGNATURE,
        signature_timestamp=1790000005123,
    ),
    messages.BatchCancelRequest(order_ids=("1", "2")),
    messages.BatchCancelRequest(client_order_ids=("a",)),
    messages.CancelOrderRequest(client_id="a", market="BTC-USD-PERP"),
    messages.CancelAllRequest(),
    messages.MarginRequest(leverage=10, margin_type="CROSS"),
    messages.MaxSlippageRequest(max_slippage="0.01"),
    messages.MmpRequest(
        interval_ms=100, frozen_time_ms=0, size_limit="0", delta_limit="5", vega_limit="0"
    ),
    messages.MmpResetRequest(),
]


@pytest.mark.parametrize("request_body", REQUESTS, ids=lambda body: type(body).__name__)
def test_a_request_never_carries_an_empty_value_and_reads_back(request_body: base.Body) -> None:
    encoded = messages.encode(request_body)
    for value in json.loads(encoded).values():
        assert value not in ("", None, [])
    assert messages.decode(encoded, type(request_body)) == request_body


def test_a_batch_is_a_bare_array() -> None:
    body = messages.encode([order_request(), order_request(size="1")])
    assert [row["size"] for row in json.loads(body)] == ["0.015", "1"]


@pytest.mark.parametrize("field", ["market", "size", "price", "signature"])
def test_a_required_text_is_never_empty(field: str) -> None:
    with pytest.raises(EncodeError, match=field):
        order_request(**{field: ""})


def test_a_received_request_with_an_empty_required_text_is_a_decode_error() -> None:
    body = messages.encode(order_request()).replace(b'"0.015"', b'""')
    with pytest.raises(DecodeError, match="size"):
        messages.decode(body, messages.OrderRequest)


def test_what_is_no_json_is_refused_without_its_values() -> None:
    with pytest.raises(EncodeError) as caught:
        messages.encode({"signature": SIGNATURE, "other": object()})
    assert "1407519" not in str(caught.value)


# -- Secrets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_body", REQUESTS[:3], ids=lambda body: type(body).__name__)
def test_a_signature_shows_in_no_repr(request_body: base.Body) -> None:
    assert "1407519" not in repr(request_body)
    assert "1407519" not in str(request_body)
    assert "1407519" not in str(list(request_body.__rich_repr__()))
    assert "signature='***'" in repr(request_body)
    assert "size=" in repr(request_body)


def test_a_token_shows_in_no_repr() -> None:
    answer = messages.decode('{"jwt_token":"eyJhbGciOi"}', messages.AuthResponse)
    assert answer.jwt_token == "eyJhbGciOi"
    assert repr(answer) == "AuthResponse(jwt_token='***')"
