"""SBE: later schemas, older ones, damage, and values that are not modelled (PROTOCOL 7.6)."""

import struct
from typing import Any

import pytest

from nautilus_paradex.protocol import enums
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.sbe import SkippedFrame
from nautilus_paradex.protocol.sbe import codes
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.protocol.sbe import framing
from nautilus_paradex.protocol.sbe import read_header
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS
from nautilus_paradex.protocol.sbe.layouts import NULL
from tests.protocol.sbe_samples import BBO
from tests.protocol.sbe_samples import BOOK
from tests.protocol.sbe_samples import BY_TEMPLATE
from tests.protocol.sbe_samples import COMPARISON
from tests.protocol.sbe_samples import FILL
from tests.protocol.sbe_samples import FUNDING
from tests.protocol.sbe_samples import ORDER
from tests.protocol.sbe_samples import POSITION
from tests.protocol.sbe_samples import SAMPLES
from tests.protocol.sbe_samples import SUMMARY
from tests.protocol.sbe_samples import SUMMARY_OF_ACCOUNT
from tests.protocol.sbe_samples import TRADE
from tests.protocol.sbe_samples import D
from tests.protocol.sbe_samples import altered
from tests.protocol.sbe_samples import block_of
from tests.protocol.sbe_samples import header
from tests.protocol.sbe_samples import samples
from tests.protocol.sbe_samples import with_block
from tests.protocol.sbe_samples import with_field


# -- LATER SCHEMAS ---------------------------------------------------------------------------------


@samples
def test_a_longer_block_of_a_later_version_is_read_by_its_length(event: Any) -> None:
    """Rule S1: the header's block length says where the block ends."""
    frame = encode_event(event, version=2)
    longer = with_block(frame, block_of(frame) + b"\xff" * 13)
    assert decode_frame(header(longer, version=3)) == event
    assert decode_frame(longer) == event


@samples
@pytest.mark.parametrize("tail", [b"\x03new", b"\x03newer\xff\xff", b"\x00"])
def test_appended_strings_and_bytes_are_passed_over(event: Any, tail: bytes) -> None:
    frame = encode_event(event, version=2) + tail
    assert decode_frame(frame) == event
    assert decode_frame(header(frame, version=9)) == event


@pytest.mark.parametrize("template", [0, 7, 19, 24, 41, 60, 65535])
def test_an_unknown_template_is_skipped(template: int) -> None:
    """Rule S1."""
    frame = header(encode_event(BBO, version=2), template_id=template)
    skipped = decode_frame(frame)
    reason = f"unknown template (template {template}, schema 1, version 2)"
    assert skipped == SkippedFrame(template, 1, 2, reason)


@pytest.mark.parametrize("schema", [0, 2, 65535])
def test_another_schema_is_skipped_whatever_its_template(schema: int) -> None:
    frame = header(encode_event(BBO, version=2), schema_id=schema)
    skipped = decode_frame(frame)
    assert skipped == SkippedFrame(
        2, schema, 2, f"unknown schema (template 2, schema {schema}, version 2)"
    )


def test_longer_levels_are_read_by_their_length() -> None:
    frame = encode_event(BOOK, version=2)
    at = 8 + 89
    longer = b"".join(
        (
            frame[:at],
            struct.pack("<HH", 20, 2),
            struct.pack("<qqI", 100, 1, 77),
            struct.pack("<qqI", 99, 0, 77),
            struct.pack("<HH", 16, 1),
            struct.pack("<qq", 101, 5),
            frame[-13:],
        )
    )
    assert decode_frame(longer) == BOOK


def test_an_empty_group_may_have_any_entry_length() -> None:
    empty = altered(BOOK, bids=[], asks=[])
    frame = bytearray(encode_event(empty, version=2))
    struct.pack_into("<H", frame, 8 + 89, 0)
    assert decode_frame(bytes(frame)) == empty


def test_levels_that_are_too_short_are_an_error() -> None:
    frame = bytearray(encode_event(BOOK, version=2))
    struct.pack_into("<HH", frame, 8 + 89, 8, 4)
    with pytest.raises(DecodeError, match="levels of 8 bytes"):
        decode_frame(bytes(frame))


# -- OLDER SCHEMAS AND THE TWO LAYOUTS OF VERSION 2 ------------------------------------------------


def test_the_older_layout_of_version_2_decodes_without_what_came_in_place() -> None:
    """PROTOCOL 7.6.2: the header cannot tell the two layouts apart."""
    lengths = {}
    for event in (TRADE, ORDER, SUMMARY_OF_ACCOUNT):
        frame = encode_event(event, version=2, in_place=False)
        assert read_header(frame).version == 2
        lengths[type(event)] = read_header(frame).block_length
        without = {"trade_id": None} if event is TRADE else {}
        without |= {"request": None} if event is ORDER else {}
        assert decode_frame(frame) == altered(event, **without)
    assert lengths == {events.Trade: 50, events.OrderUpdate: 126, events.AccountSummary: 113}


@pytest.mark.parametrize("version", [0, 1])
def test_an_older_frame_is_not_read_with_the_fields_of_version_2(version: int) -> None:
    """What follows an older frame's own fields is not ours to name."""
    trade = decode_frame(header(encode_event(TRADE, version=2), version=version))
    assert trade == altered(TRADE, trade_id=None)
    order = decode_frame(header(encode_event(ORDER, version=2), version=version))
    assert order == altered(ORDER, request=None)
    fill = decode_frame(header(encode_event(FILL, version=2), version=version))
    assert fill == altered(FILL, flags=frozenset(), fee_currency=None)


def test_a_version_0_frame_is_not_read_with_the_fields_of_version_1() -> None:
    summary = decode_frame(header(encode_event(SUMMARY, version=1), version=0))
    # fundingRate alone, cut off at 8 places by the venue.
    assert summary == altered(SUMMARY, forward_rate_e8=None, funding_rate_e12=120_000)
    funding = decode_frame(header(encode_event(FUNDING, version=1), version=0))
    assert funding == altered(FUNDING, impact_premium_rate=None)


def test_a_null_precise_rate_falls_back_to_the_old_field() -> None:
    frame = with_field(encode_event(SUMMARY, version=2), "fundingRatePrecise", NULL)
    summary = decode_frame(frame)
    assert isinstance(summary, events.MarketSummary)
    assert summary.funding_rate_e12 == 120_000


def test_a_block_that_ends_within_appended_fields_lacks_the_cut_one() -> None:
    frame = encode_event(SUMMARY, version=2)
    summary = decode_frame(with_block(frame, block_of(frame)[:-1]))
    assert summary == altered(SUMMARY, funding_rate_e12=120_000)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_block_shorter_than_version_0_is_an_error(layout: Any) -> None:
    event = SAMPLES[LAYOUTS.index(layout)]
    frame = encode_event(event, version=1)
    shortest = sum(struct.calcsize("<" + f.wire.code) for f in layout.fields_at(0))
    with pytest.raises(DecodeError, match="too short"):
        decode_frame(with_block(frame, block_of(frame)[: shortest - 1]))


# -- DAMAGE ----------------------------------------------------------------------------------------


@samples
def test_every_truncation_is_an_error_but_between_appended_strings(event: Any) -> None:
    frame = encode_event(event, version=2)
    layout = BY_TEMPLATE[read_header(frame).template_id]
    whole = []
    for length in range(len(frame)):
        try:
            decode_frame(frame[:length])
        except DecodeError:
            continue
        whole.append(length)
    assert len(whole) == len(layout.texts) - len(layout.texts_at(0))


@samples
def test_a_longer_block_cut_short_is_an_error(event: Any) -> None:
    frame = encode_event(event, version=2)
    longer = with_block(frame, block_of(frame) + bytes(9))
    end = 8 + read_header(longer).block_length
    for length in range(end):
        with pytest.raises(DecodeError):
            decode_frame(longer[:length])


def test_a_header_cut_short_is_an_error() -> None:
    with pytest.raises(DecodeError, match="shorter than its header"):
        read_header(b"\x30\x00\x02\x00\x01\x00\x02")
    with pytest.raises(DecodeError, match="shorter than its header"):
        decode_frame(b"")


@pytest.mark.parametrize("event", [BBO, TRADE, ORDER], ids=["Bbo", "Trade", "OrderUpdate"])
def test_a_market_that_is_not_utf_8_is_an_error(event: Any) -> None:
    frame = encode_event(event, version=1).replace(b"BTC", b"\xff\xfe\xfd")
    with pytest.raises(DecodeError, match="UTF-8"):
        decode_frame(frame)


def test_what_is_made_of_bytes_is_kept_within_bounds() -> None:
    made: list[bytes] = []

    def make(key: bytes) -> int:
        made.append(key)
        return len(key)

    cache = framing.Cache(make, 2)
    assert [cache[key] for key in (b"a", b"bb", b"a", b"ccc")] == [1, 2, 1, 3]
    assert made == [b"a", b"bb", b"ccc"]
    assert set(cache) == {b"ccc"}


# -- VALUES THAT ARE NOT MODELLED ------------------------------------------------------------------

STATE = [
    (TRADE, "side", 3),
    (TRADE, "side", 254),
    (BOOK, "pkgType", 2),
    (ORDER, "status", 0),
    (ORDER, "status", 5),
    (ORDER, "side", 0),
    (ORDER, "orderType", 9),
    (ORDER, "timeInForce", 5),
    (ORDER, "requestStatus", 5),
    (ORDER, "requestStatus", 254),
    # A request of a known type whose status is UNSPECIFIED says nothing to act on.
    (ORDER, "requestStatus", 0),
    (FILL, "fillType", 7),
    (FILL, "side", 254),
    (FILL, "liquidity", 3),
    (POSITION, "side", 0),
    (POSITION, "status", 3),
    (POSITION, "status", 254),
]


@pytest.mark.parametrize(
    ("event", "field", "code"), STATE, ids=lambda v: v if isinstance(v, str | int) else ""
)
def test_unknown_state_is_refused_never_guessed(event: Any, field: str, code: int) -> None:
    frame = with_field(encode_event(event, version=2), field, code)
    with pytest.raises(UnmodelledValue) as caught:
        decode_frame(frame)
    assert (caught.value.field, caught.value.value) == (field, code)


REFERENCES = [
    (TRADE, "tradeType", 77, {"trade_type": "UNKNOWN(77)"}),
    (TRADE, "tradeType", 254, {"trade_type": "UNKNOWN(254)"}),
    (COMPARISON, "source", 13, {"source": "UNKNOWN(13)"}),
    (COMPARISON, "source", 0, {"source": "UNSPECIFIED"}),
    (COMPARISON, "assetKind", 4, {"asset_kind": "UNKNOWN(4)"}),
    (ORDER, "stp", 254, {"stp": "UNKNOWN(254)"}),
    (SUMMARY_OF_ACCOUNT, "status", 3, {"status": "UNKNOWN(3)"}),
    (ORDER, "flags", 0b1100_0001, {"flags": frozenset({"REDUCE_ONLY", "BIT_6", "BIT_7"})}),
    (FILL, "flags", 0b1000_1000, {"flags": frozenset({"BIT_3", "UNKNOWN"})}),
]


@pytest.mark.parametrize(("event", "field", "code", "changes"), REFERENCES)
def test_unknown_references_and_flags_degrade(
    event: Any, field: str, code: int, changes: dict[str, Any]
) -> None:
    frame = with_field(encode_event(event, version=2), field, code)
    expected = altered(event, **changes)
    assert decode_frame(frame) == expected
    assert encode_event(expected, version=2) == frame


def test_a_request_of_an_unknown_type_keeps_its_status() -> None:
    order = decode_frame(with_field(encode_event(ORDER, version=2), "requestType", 9))
    assert isinstance(order, events.OrderUpdate)
    assert order.request == altered(ORDER.request, request_type="UNKNOWN(9)")


def test_unspecified_status_and_type_say_that_there_is_no_request() -> None:
    frame = with_field(encode_event(ORDER, version=2), "requestStatus", 0)
    order = decode_frame(with_field(frame, "requestType", 0))
    assert order == altered(ORDER, request=None)


def test_a_request_without_its_id_is_no_request() -> None:
    """Rule E7 works by the request's id."""
    without = encode_event(altered(ORDER, request=altered(ORDER.request, id="")), version=2)
    assert decode_frame(without) == altered(ORDER, request=None)


# -- NULLS AND ZEROS -------------------------------------------------------------------------------

REQUIRED = [
    (TRADE, "price"),
    (TRADE, "size"),
    (FUNDING, "fundingRate"),
    (FUNDING, "fundingIndex"),
    (FUNDING, "fundingPremium"),
    (COMPARISON, "hourlyFundingRate"),
    (ORDER, "size"),
    (ORDER, "sizeOpen"),
    (FILL, "price"),
    (FILL, "size"),
    (FILL, "fee"),
    (POSITION, "size"),
    (SUMMARY_OF_ACCOUNT, "accountValue"),
    (SUMMARY_OF_ACCOUNT, "freeCollateral"),
]


@pytest.mark.parametrize(
    ("event", "field"), REQUIRED, ids=lambda v: v if isinstance(v, str) else ""
)
def test_null_where_the_event_must_have_a_number_is_an_error(event: Any, field: str) -> None:
    with pytest.raises(DecodeError, match=r"null|without"):
        decode_frame(with_field(encode_event(event, version=2), field, NULL))


def test_nulls_are_absent() -> None:
    frame = encode_event(BBO, version=2)
    for field in ("bidPrice", "bidSize"):
        frame = with_field(frame, field, NULL)
    assert decode_frame(frame) == altered(BBO, bid_e8=None, bid_size_e8=None)
    position = with_field(encode_event(POSITION, version=2), "avgEntryPrice", NULL)
    assert decode_frame(position) == altered(POSITION, average_entry_price=None)


def test_a_market_orders_price_is_absent_however_it_is_written() -> None:
    """Trap 28: market orders have no price; the event says None as in JSON."""
    market_order = altered(ORDER, type=enums.OrderType.MARKET, price=None)
    frame = with_field(encode_event(market_order, version=2), "price", 0)
    assert decode_frame(frame) == market_order


def test_zero_times_and_prices_that_mean_none_are_absent() -> None:
    frame = encode_event(ORDER, version=2)
    for field in ("triggerPrice", "avgFillPrice", "receivedAt", "publishedAt"):
        frame = with_field(frame, field, 0)
    assert decode_frame(frame) == altered(
        ORDER, trigger_price=None, avg_fill_price=None, received_ns=None, published_ns=None
    )


def test_a_transfers_fill_has_no_book_sequence() -> None:
    """Trap 51: fills that no order made are kept, with what they lack absent."""
    frame = with_field(encode_event(FILL, version=2), "seq", NULL)
    fill = decode_frame(with_field(frame, "orderbookSeqNo", 0))
    assert fill == altered(FILL, book_seq=None)


def test_the_size_of_a_position_is_absolute_on_the_wire() -> None:
    """Trap 57."""
    long = decode_frame(with_field(encode_event(POSITION, version=2), "side", 1))
    assert long == altered(POSITION, signed_size=D("0.345"))
    with pytest.raises(DecodeError, match="negative"):
        decode_frame(with_field(encode_event(POSITION, version=2), "size", -1))


def test_a_flat_position_is_zero_on_either_side() -> None:
    flat = altered(POSITION, signed_size=D(0), status=enums.PositionStatus.CLOSED)
    for side in (1, 2):
        decoded = decode_frame(with_field(encode_event(flat, version=2), "side", side))
        assert decoded == flat
        assert isinstance(decoded, events.Position)
        assert not decoded.signed_size.is_signed()


def test_an_account_loses_its_leading_zeros_only() -> None:
    short = altered(POSITION, account="0xabc")
    frame = encode_event(short, version=2)
    assert frame[8 + 81 : 8 + 113] == bytes(30) + b"\x0a\xbc"
    assert decode_frame(frame) == short


def test_a_snapshot_is_best_first_whatever_the_order_on_the_wire() -> None:
    shuffled = altered(BOOK, is_snapshot=True, bids=[(1, 1), (3, 1), (2, 1)], asks=[(9, 1), (8, 1)])
    book = decode_frame(encode_event(shuffled, version=2))
    assert isinstance(book, events.Book)
    assert book.bids == [(3, 1), (2, 1), (1, 1)]
    assert book.asks == [(8, 1), (9, 1)]


def test_codes_of_state_name_what_they_do_not_hold() -> None:
    with pytest.raises(UnmodelledValue, match="orderType has the value 99"):
        codes.ORDER_TYPE[99]
