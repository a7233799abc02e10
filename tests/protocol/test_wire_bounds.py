"""Times, numbers of books and periods that are none: refused where they are read."""

import json
from typing import Any

import pytest

from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.messages import OrderMessage
from nautilus_paradex.protocol.messages import decode
from nautilus_paradex.protocol.numbers import LATEST_NS
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.protocol.sbe.values import LATEST_US
from tests.protocol.sbe_samples import BBO
from tests.protocol.sbe_samples import BOOK
from tests.protocol.sbe_samples import COMPARISON
from tests.protocol.sbe_samples import FILL
from tests.protocol.sbe_samples import FUNDING
from tests.protocol.sbe_samples import HEARTBEAT
from tests.protocol.sbe_samples import ORDER
from tests.protocol.sbe_samples import POSITION
from tests.protocol.sbe_samples import SUMMARY
from tests.protocol.sbe_samples import SUMMARY_OF_ACCOUNT
from tests.protocol.sbe_samples import TRADE
from tests.protocol.sbe_samples import altered
from tests.protocol.sbe_samples import with_field
from tests.protocol.test_json_events import SAMPLES


_NO_TIMES = (-1, -(2**63), LATEST_US + 1, 2**63 - 1)
_LATEST_MS = LATEST_NS // 10**6

_TIMES_OF_FRAMES = (
    *((TRADE, "ts"), (TRADE, "createdAt"), (BBO, "ts"), (BOOK, "ts"), (SUMMARY, "ts")),
    *((FUNDING, "createdAt"), (COMPARISON, "lastUpdatedAt"), (HEARTBEAT, "ts")),
    *((ORDER, "createdAt"), (ORDER, "updatedAt"), (FILL, "createdAt")),
    *((POSITION, "updatedAt"), (SUMMARY_OF_ACCOUNT, "updatedAt")),
)


@pytest.mark.parametrize("none", _NO_TIMES)
@pytest.mark.parametrize(
    ("event", "field"), _TIMES_OF_FRAMES, ids=lambda each: getattr(each, "market", each)
)
def test_a_frame_with_a_time_that_is_none_is_refused(event: Any, field: str, none: int) -> None:
    frame = encode_event(event, version=2)
    assert decode_frame(with_field(frame, field, LATEST_US))
    with pytest.raises(DecodeError, match="time"):
        decode_frame(with_field(frame, field, none))


@pytest.mark.parametrize("field", ["receivedAt", "publishedAt"])
@pytest.mark.parametrize("none", _NO_TIMES)
def test_a_diagnostic_time_of_an_order_costs_no_order(field: str, none: int) -> None:
    name = {"receivedAt": "received_ns", "publishedAt": "published_ns"}[field]
    order = decode_frame(with_field(encode_event(ORDER, version=2), field, none))
    assert order == altered(ORDER, **{name: None})


@pytest.mark.parametrize("event", [BBO, BOOK], ids=lambda event: type(event).__name__)
def test_s3_a_frame_of_a_book_has_no_number_below_zero(event: Any) -> None:
    with pytest.raises(DecodeError, match="number"):
        decode_frame(with_field(encode_event(event, version=2), "seq", -1))


_TIMES_OF_CHANNELS = {
    "bbo.BTC-USD-PERP": "last_updated_at",
    "order_book.BTC-USD-PERP.deltas": "last_updated_at",
    "trades.BTC-USD-PERP": "created_at",
    "funding_data.BTC-USD-PERP": "created_at",
    "markets_summary": "created_at",
    "orders.ALL": "created_at",
    "fills.ALL": "created_at",
    "positions": "last_updated_at",
    "account": "updated_at",
}


@pytest.mark.parametrize("none", [-1, _LATEST_MS + 1, 2**64, 10**30])
@pytest.mark.parametrize(("channel", "field"), _TIMES_OF_CHANNELS.items())
def test_a_message_with_a_time_that_is_none_is_refused(channel: str, field: str, none: int) -> None:
    def read(time: int) -> Any:
        return json_events.decode_channel(channel, json.dumps(SAMPLES[channel] | {field: time}))

    assert read(_LATEST_MS)
    with pytest.raises(DecodeError):
        read(none)


@pytest.mark.parametrize("none", [-1, 2**63, 2**64, 10**30])
@pytest.mark.parametrize("channel", ["bbo.BTC-USD-PERP", "order_book.BTC-USD-PERP.deltas"])
def test_s3_a_message_of_a_book_has_a_number_of_64_bits(channel: str, none: int) -> None:
    with pytest.raises(DecodeError):
        json_events.decode_channel(channel, json.dumps(SAMPLES[channel] | {"seq_no": none}))


@pytest.mark.parametrize("none", [-1, 10**30])
@pytest.mark.parametrize("field", ["received_at", "published_at", "timestamp"])
def test_a_diagnostic_time_of_an_orders_message_costs_no_order(field: str, none: int) -> None:
    sample = SAMPLES["orders.ALL"]
    right, odd = (
        json_events.order_update(decode(json.dumps(row), OrderMessage))
        for row in (sample | {field: 0}, sample | {field: none})
    )
    assert odd == right


@pytest.mark.parametrize("hours", ["1e999999999", "-1e999999999", "32768", "NaN", "0.5"])
def test_a_funding_period_without_end_costs_neither_time_nor_memory(hours: str) -> None:
    channel = "funding_data.BTC-USD-PERP"
    sample = json.dumps(SAMPLES[channel] | {"funding_period_hours": hours})
    with pytest.raises(DecodeError, match="hours"):
        json_events.decode_channel(channel, sample)
