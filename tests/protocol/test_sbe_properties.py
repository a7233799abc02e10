"""SBE: what holds for any event and any bytes."""

import struct
from typing import Any

import msgspec
import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import enums
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.numbers import from_mantissa
from nautilus_paradex.protocol.sbe import SUPPORTED_VERSIONS
from nautilus_paradex.protocol.sbe import SkippedFrame
from nautilus_paradex.protocol.sbe import codes
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS
from nautilus_paradex.protocol.sbe.values import LATEST_US


LIMIT = 2**63 - 1

e8 = st.integers(-LIMIT, LIMIT)
optional_e8 = st.none() | e8
number = e8.map(from_mantissa)
optional_number = st.none() | number
nonzero = st.none() | e8.filter(bool).map(from_mantissa)
seq = st.integers(-LIMIT, LIMIT)
number_of_a_book = st.integers(0, LIMIT)
time = st.integers(0, LATEST_US).map(lambda us: us * 1000)
optional_time = st.none() | st.integers(1, LATEST_US).map(lambda us: us * 1000)
text = st.text(max_size=60)
filled_text = st.text(min_size=1, max_size=60)
market = st.sampled_from(["BTC-USD-PERP", "ETH-USD-PERP", "BTC-USD-27NOV26-70000-C"]) | text
account = st.integers(0, 2**256 - 1).map(hex)
levels = st.lists(st.tuples(e8, e8), max_size=20)


def named(table: dict[int, str]) -> st.SearchStrategy[str]:
    unknown = st.integers(0, 255).filter(lambda code: code not in table)
    return st.sampled_from(list(table.values())) | unknown.map(lambda code: f"UNKNOWN({code})")


def flags(table: codes.Flags) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(list(table.bits)))


def of(kind: type[Any], /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    assert set(fields) == {field.name for field in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


def sorted_snapshot(book: events.Book) -> events.Book:
    if not book.is_snapshot:
        return book
    return msgspec.structs.replace(
        book, bids=sorted(book.bids, reverse=True), asks=sorted(book.asks)
    )


def market_order_without_price(order: events.OrderUpdate) -> events.OrderUpdate:
    return msgspec.structs.replace(order, price=None) if order.type.is_market else order


requests = of(
    events.RequestInfo,
    id=filled_text,
    request_type=named(codes.REQUEST_TYPE),
    status=st.sampled_from(enums.RequestStatus),
    message=text,
)

EVENTS: dict[str, st.SearchStrategy[Any]] = {
    "Trade": of(
        events.Trade,
        market=market,
        seq=seq,
        trade_id=st.none() | st.integers(0, 10**28).map(str),
        side=st.sampled_from(enums.Side),
        price_e8=e8,
        size_e8=e8,
        trade_type=named(codes.TRADE_TYPE),
        created_ns=time,
        published_ns=time,
    ),
    "Bbo": of(
        events.Bbo,
        market=market,
        seq=number_of_a_book,
        bid_e8=optional_e8,
        bid_size_e8=optional_e8,
        ask_e8=optional_e8,
        ask_size_e8=optional_e8,
        ts_ns=time,
    ),
    "Book": of(
        events.Book,
        market=market,
        seq=number_of_a_book,
        is_snapshot=st.booleans(),
        bids=levels,
        asks=levels,
        ts_ns=time,
    ).map(sorted_snapshot),
    "MarketSummary": of(
        events.MarketSummary,
        **{
            field.name: {"market": market, "ts_ns": time}.get(field.name, optional_e8)
            for field in msgspec.structs.fields(events.MarketSummary)
        },
    ),
    "FundingData": of(
        events.FundingData,
        market=market,
        funding_rate=number,
        funding_rate_8h=optional_number,
        funding_index=number,
        funding_premium=number,
        funding_period_hours=st.integers(-(2**15), 2**15 - 1),
        impact_premium_rate=optional_number,
        created_ns=time,
    ),
    "FundingComparison": of(
        events.FundingComparison,
        market=market,
        source=named(codes.FUNDING_RATE_SOURCE),
        asset_kind=named(codes.ASSET_KIND),
        hourly_funding_rate=e8.map(lambda mantissa: from_mantissa(mantissa, 12)),
        updated_ns=time,
    ),
    "Heartbeat": of(events.Heartbeat, ts_ns=time),
    "OrderUpdate": of(
        events.OrderUpdate,
        order_id=text,
        account=account,
        market=market,
        side=st.sampled_from(enums.Side),
        type=st.sampled_from(enums.OrderType),
        instruction=st.sampled_from(enums.Instruction),
        size=number,
        remaining_size=number,
        price=optional_number,
        trigger_price=nonzero,
        status=st.sampled_from(enums.OrderStatus),
        cancel_reason=text,
        client_id=text,
        avg_fill_price=nonzero,
        stp=named(codes.STP_MODE),
        flags=flags(codes.ORDER_FLAGS),
        created_ns=time,
        updated_ns=time,
        published_ns=optional_time,
        received_ns=optional_time,
        signature_ns=st.none(),
        seq=seq,
        request=st.none() | requests,
    ).map(market_order_without_price),
    "Fill": of(
        events.Fill,
        fill_id=text,
        fill_type=st.sampled_from(enums.FillType),
        account=account,
        market=market,
        order_id=text,
        client_id=text,
        side=st.sampled_from(enums.Side),
        liquidity=st.sampled_from(enums.Liquidity),
        price=number,
        size=number,
        fee=number,
        fee_currency=st.none() | filled_text,
        realized_pnl=optional_number,
        realized_funding=optional_number,
        remaining_size=st.none(),
        underlying_price=optional_number,
        trade_id=st.none() | filled_text,
        flags=flags(codes.FILL_FLAGS),
        book_seq=st.none() | st.integers(0, LIMIT),
        created_ns=time,
    ),
    "Position": of(
        events.Position,
        account=account,
        market=market,
        status=st.sampled_from(enums.PositionStatus),
        signed_size=number,
        average_entry_price=optional_number,
        average_entry_price_usd=optional_number,
        unrealized_pnl=optional_number,
        unrealized_funding_pnl=optional_number,
        realized_pnl=optional_number,
        liquidation_price=optional_number,
        leverage=optional_number,
        cost=optional_number,
        cost_usd=optional_number,
        cached_funding_index=optional_number,
        last_fill_id=text,
        updated_ns=time,
        seq=seq,
    ),
    "AccountSummary": of(
        events.AccountSummary,
        account=account,
        status=named(codes.ACCOUNT_STATUS),
        account_value=number,
        total_collateral=number,
        free_collateral=number,
        initial_margin=number,
        maintenance_margin=number,
        margin_cushion=optional_number,
        settlement_asset=text,
        updated_ns=time,
        seq=seq,
    ),
}

#: (version, with the fields that came in place)
WIRES = [(0, True), (1, True), (2, False), (2, True)]
any_event = st.one_of(*EVENTS.values())


def cut_to_8_places(rate_e12: int | None) -> int | None:
    if rate_e12 is None:
        return None
    cut = abs(rate_e12) // 10_000 * 10_000
    return cut if rate_e12 >= 0 else -cut


def without_empty_sides(event: events.Bbo | events.MarketSummary) -> dict[str, None]:
    """Return what a side without price or size loses: it is empty."""
    lost: dict[str, None] = {}
    if event.bid_e8 is None or not event.bid_size_e8:
        lost |= {"bid_e8": None, "bid_size_e8": None}
    if event.ask_e8 is None or not event.ask_size_e8:
        lost |= {"ask_e8": None, "ask_size_e8": None}
    return lost


def as_carried(event: Any, version: int, in_place: bool) -> Any:
    """Return the event as the version can carry it."""
    lost: dict[str, Any] = {}
    match event:
        case events.Trade() if version < 2 or not in_place:
            lost["trade_id"] = None
        case events.OrderUpdate():
            if version < 2 or not in_place:
                lost["request"] = None
            if version < 2:
                lost["flags"] = event.flags - {"MMP"}
        case events.Fill() if version < 2:
            lost |= {"fee_currency": None, "flags": frozenset()}
        case events.MarketSummary():
            lost |= without_empty_sides(event)
            if version < 1:
                lost |= {"forward_rate_e8": None, "risk_free_rate_e8": None}
                lost["funding_rate_e12"] = cut_to_8_places(event.funding_rate_e12)
        case events.Bbo():
            lost |= without_empty_sides(event)
        case events.FundingData() if version < 1:
            lost["impact_premium_rate"] = None
    return msgspec.structs.replace(event, **lost)


@pytest.mark.parametrize(("version", "in_place"), WIRES)
@pytest.mark.parametrize("name", EVENTS)
def test_an_encoded_event_decodes_to_itself(name: str, version: int, in_place: bool) -> None:
    if name == "FundingComparison" and version == 0:
        version = 1  # version 0 has no such message

    @given(EVENTS[name])
    def holds(event: Any) -> None:
        frame = encode_event(event, version=version, in_place=in_place)
        assert decode_frame(frame) == as_carried(event, version, in_place)

    holds()


@given(any_event, st.sampled_from([1, 2]), st.data())
def test_a_truncated_frame_is_an_error_or_lacks_appended_strings(
    event: Any, version: int, data: st.DataObject
) -> None:
    frame = encode_event(event, version=version)
    cut = frame[: data.draw(st.integers(0, len(frame) - 1))]
    try:
        decoded = decode_frame(cut)
    except DecodeError:
        return
    # Only what version 2 appended may be missing at a frame's end (PROTOCOL 7.6.2).
    lost = {"trade_id", "request", "fee_currency"}
    assert version == 2
    for field in msgspec.structs.fields(event):
        if field.name not in lost:
            assert getattr(decoded, field.name) == getattr(event, field.name)


headers = st.builds(
    struct.Struct("<HHHH").pack,
    st.integers(0, 300) | st.integers(0, 65535),
    st.sampled_from([layout.template for layout in LAYOUTS]) | st.integers(0, 65535),
    st.just(1) | st.integers(0, 65535),
    st.sampled_from(SUPPORTED_VERSIONS) | st.integers(0, 65535),
)


@given(st.binary(max_size=64) | st.builds(lambda a, b: a + b, headers, st.binary(max_size=600)))
@example(b"")
def test_any_bytes_give_an_event_a_skipped_frame_or_a_wire_error(payload: bytes) -> None:
    try:
        decoded = decode_frame(payload)
    except WireError:
        return
    assert type(decoded).__name__ in {*EVENTS, SkippedFrame.__name__}


@given(any_event, st.sampled_from([1, 2]), st.data())
def test_a_damaged_frame_gives_an_event_a_skipped_frame_or_a_wire_error(
    event: Any, version: int, data: st.DataObject
) -> None:
    frame = bytearray(encode_event(event, version=version))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_frame(bytes(frame))
    except WireError:
        return
    assert type(decoded).__name__ in {*EVENTS, SkippedFrame.__name__}
