"""One event of each SBE message, and frames with something changed."""

import struct
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from nautilus_paradex.protocol import enums
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.sbe import read_header
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS


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
