"""SBE: later schemas, older ones, damage, and values that are not modelled (PROTOCOL 7.6)."""

import struct
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from nautilus_paradex.protocol import enums
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.sbe import FrameExtras
from nautilus_paradex.protocol.sbe import SkippedFrame
from nautilus_paradex.protocol.sbe import codes
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.protocol.sbe import framing
from nautilus_paradex.protocol.sbe import read_header
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS
from nautilus_paradex.protocol.sbe.layouts import NULL


M = "BTC-USD-PERP"
ACCOUNT = "0x26192f7b814b465a1ff858762ae35e9d1f59076b11a4def380bd27b8170cf5d"
T = 1_790_000_000_123_456_000
D = Decimal

TRADE = events.Trade(
    market=M,
    seq=42,
    trade_id="1790000000123201709233240001",
    side=enums.Side.SELL,
    price_e8=6_123_440_000_000,
    size_e8=1_500_000,
    trade_type="FILL",
    created_ns=T,
    published_ns=T,
)
BBO = events.Bbo(market=M, seq=7, bid_e8=100, bid_size_e8=1, ask_e8=None, ask_size_e8=None, ts_ns=T)
BOOK = events.Book(
    market=M, seq=8, is_snapshot=False, bids=[(100, 1), (99, 0)], asks=[(101, 5)], ts_ns=T
)
SUMMARY = events.MarketSummary(
    market=M, ts_ns=T, mark_price_e8=5, funding_rate_e12=123_456, forward_rate_e8=9
)
FUNDING = events.FundingData(
    market=M,
    funding_rate=D("0.000081"),
    funding_rate_8h=D("0.000081"),
    funding_index=D("11234.56"),
    funding_premium=D("-0.42"),
    funding_period_hours=8,
    impact_premium_rate=D("0.000012"),
    created_ns=T,
)
COMPARISON = events.FundingComparison(
    market=M,
    source="BINANCE",
    asset_kind="PERPETUAL_FUTURE",
    hourly_funding_rate=D("0.000000000001"),
    updated_ns=T,
)
ORDER = events.OrderUpdate(
    order_id="1789999999123201709233240000",
    account=ACCOUNT,
    market=M,
    side=enums.Side.BUY,
    type=enums.OrderType.LIMIT,
    instruction=enums.Instruction.POST_ONLY,
    size=D("0.015"),
    remaining_size=D("0.005"),
    price=D("61234.5"),
    trigger_price=D(60000),
    status=enums.OrderStatus.OPEN,
    cancel_reason="",
    client_id="O-1",
    avg_fill_price=D("61234.5"),
    stp="EXPIRE_TAKER",
    flags=frozenset({"REDUCE_ONLY", "MMP"}),
    created_ns=T,
    updated_ns=T,
    published_ns=T,
    received_ns=T,
    signature_ns=None,
    seq=9,
    request=events.RequestInfo(
        id="r-1",
        request_type="MODIFY_ORDER",
        status=enums.RequestStatus.REJECTED,
        message="size: must be a non-negative non-zero number.",
    ),
)
FILL = events.Fill(
    fill_id="1790000000200201709233240002",
    fill_type=enums.FillType.FILL,
    account=ACCOUNT,
    market=M,
    order_id="1789999999123201709233240000",
    client_id="O-1",
    side=enums.Side.BUY,
    liquidity=enums.Liquidity.MAKER,
    price=D("61234.5"),
    size=D("0.005"),
    fee=D("-0.0091"),
    fee_currency="DIME",
    realized_pnl=D("1.25"),
    realized_funding=D("-0.003"),
    remaining_size=None,
    underlying_price=D("61229.9"),
    trade_id="1790000000200201709233240001",
    flags=frozenset({"RPI"}),
    book_seq=987654330,
    created_ns=T,
)
POSITION = events.Position(
    account=ACCOUNT,
    market=M,
    status=enums.PositionStatus.OPEN,
    signed_size=D("-0.345"),
    average_entry_price=D("61001.34"),
    average_entry_price_usd=D("61005.1"),
    unrealized_pnl=D("-123.23"),
    unrealized_funding_pnl=D("2.2"),
    realized_pnl=D("-3.1"),
    liquidation_price=None,
    leverage=D(10),
    cost=D("-21045.46"),
    cost_usd=D("-21046.8"),
    cached_funding_index=D("11234.56"),
    last_fill_id="1790",
    updated_ns=T,
    seq=10,
)
SUMMARY_OF_ACCOUNT = events.AccountSummary(
    account=ACCOUNT,
    status="ACTIVE",
    account_value=D("10250.12"),
    total_collateral=D(10200),
    free_collateral=D("9100.5"),
    initial_margin=D("1149.62"),
    maintenance_margin=D("574.81"),
    margin_cushion=D("9675.31"),
    settlement_asset="USDC",
    updated_ns=T,
    seq=11,
)
HEARTBEAT = events.Heartbeat(ts_ns=T)

SAMPLES: tuple[events.StreamEvent, ...] = (
    TRADE,
    BBO,
    BOOK,
    SUMMARY,
    FUNDING,
    COMPARISON,
    ORDER,
    FILL,
    POSITION,
    SUMMARY_OF_ACCOUNT,
    HEARTBEAT,
)
samples = pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)

BY_TEMPLATE = {layout.template: layout for layout in LAYOUTS}


def header(frame: bytes, **changed: int) -> bytes:
    """Return the frame with another header."""
    return struct.pack("<HHHH", *read_header(frame)._replace(**changed)) + frame[8:]


def with_block(frame: bytes, block: bytes) -> bytes:
    """Return the frame with another root block."""
    length = read_header(frame).block_length
    return header(frame[:8] + block + frame[8 + length :], block_length=len(block))


def block_of(frame: bytes) -> bytes:
    return frame[8 : 8 + read_header(frame).block_length]


def with_field(frame: bytes, name: str, value: int | bytes) -> bytes:
    """Return the frame with another value in a field of its root block."""
    layout = BY_TEMPLATE[read_header(frame).template_id]
    field = next(field for field in layout.fields if field.name == name)
    changed = bytearray(frame)
    struct.pack_into("<" + field.wire.code, changed, 8 + field.offset, value)
    return bytes(changed)


def altered(event: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(event, **changes)


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


# -- WHAT CANNOT BE ENCODED ------------------------------------------------------------------------

UNENCODABLE = [
    (altered(ORDER, size=D("0.000000001")), "size: 1E-9 does not fit 8 places"),
    (altered(ORDER, size=D("1e12")), "OrderUpdate: "),
    (altered(ORDER, price=D("1e40")), "price: "),
    (altered(ORDER, price=D("NaN")), "price: "),
    (altered(ORDER, price=D("Infinity")), "price: "),
    (altered(ORDER, price=D("-92233720368.54775808")), "price: "),
    (altered(COMPARISON, hourly_funding_rate=D("1e-13")), "hourlyFundingRate: "),
    (altered(BBO, bid_e8=2**63), "Bbo: "),
    (altered(BBO, bid_e8=NULL), "bidPrice: "),
    (altered(BOOK, bids=[(2**63, 1)]), "Book: "),
    (altered(BOOK, bids=[(1, 1)] * 65536), "Book: "),
    (altered(FUNDING, funding_period_hours=2**15), "FundingData: "),
    (altered(ORDER, client_id="é" * 128), "256 bytes"),
    (altered(ORDER, client_id="\ud800"), "not UTF-8"),
    (altered(ORDER, account="not hex"), "account: "),
    (altered(ORDER, account="0x1" + "0" * 64), "account: "),
    (altered(ORDER, account="-0x1"), "account: "),
    (altered(ORDER, stp="EXPIRE_NEVER"), "stp has no code"),
    (altered(ORDER, stp="UNKNOWN(256)"), "stp has no code"),
    (altered(ORDER, stp="UNKNOWN(1)"), "stp has no code"),
    (altered(ORDER, flags=frozenset({"NEW_FLAG"})), "flags has no bit"),
    (altered(TRADE, trade_id="abc"), "tradeId: "),
    (altered(TRADE, trade_id="1" * 256), "tradeId: "),
]


@pytest.mark.parametrize(("event", "problem"), UNENCODABLE, ids=lambda v: str(v)[:40])
def test_what_does_not_fit_the_wire_is_not_encoded(event: Any, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode_event(event, version=2)
    assert problem in str(caught.value)


@pytest.mark.parametrize("version", [-1, 3])
def test_only_versions_that_we_know_are_encoded(version: int) -> None:
    with pytest.raises(EncodeError, match=f"schema version {version} has no BboEvent"):
        encode_event(BBO, version=version)


def test_a_message_is_not_encoded_for_a_version_before_it() -> None:
    with pytest.raises(EncodeError, match="schema version 0 has no FundingRateComparisonEvent"):
        encode_event(COMPARISON, version=0)


def test_an_order_without_prevention_mode_is_none_on_the_wire() -> None:
    order = decode_frame(encode_event(altered(ORDER, stp=""), version=2))
    assert order == altered(ORDER, stp="NONE")


def test_fill_flags_without_a_bit_are_told_as_unknown() -> None:
    fill = decode_frame(encode_event(altered(FILL, flags=frozenset({"NEW"})), version=2))
    assert fill == altered(FILL, flags=frozenset({"UNKNOWN"}))


def test_the_total_volume_saturates() -> None:
    """Trap 15."""
    summary = decode_frame(encode_event(altered(SUMMARY, total_volume_e8=2**70), version=2))
    assert summary == altered(SUMMARY, total_volume_e8=2**63 - 1)


def test_a_rate_below_zero_is_cut_off_towards_zero_for_version_0() -> None:
    negative = altered(SUMMARY, funding_rate_e12=-123_456)
    summary = decode_frame(encode_event(negative, version=0))
    assert summary == altered(SUMMARY, funding_rate_e12=-120_000, forward_rate_e8=None)


def test_times_are_cut_to_microseconds() -> None:
    assert decode_frame(encode_event(altered(BBO, ts_ns=T + 999), version=2)) == BBO


def test_what_events_of_json_lack_is_filled() -> None:
    """A trade of the JSON feed has no sequence, no publish time and may have no id."""
    bare = altered(TRADE, seq=None, published_ns=None, trade_id=None)
    assert decode_frame(encode_event(bare, version=2)) == altered(TRADE, seq=0, trade_id=None)


def test_extras_stand_where_the_event_has_nothing() -> None:
    extras = FrameExtras(ts_ns=T + 1000, seq=5, last_seen_notification_ns=3000)
    heartbeat = encode_event(HEARTBEAT, version=2, extras=extras)
    assert struct.unpack("<qq", heartbeat[8:]) == (T // 1000 + 1, 5)
    frame = encode_event(SUMMARY_OF_ACCOUNT, version=2, extras=extras)
    assert struct.unpack_from("<q", frame, 8 + 113) == (3,)
    assert decode_frame(frame) == SUMMARY_OF_ACCOUNT


def test_codes_of_state_name_what_they_do_not_hold() -> None:
    with pytest.raises(UnmodelledValue, match="orderType has the value 99"):
        codes.ORDER_TYPE[99]
