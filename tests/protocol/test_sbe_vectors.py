"""SBE frames of the venue: the vectors of PROTOCOL 7.7 both ways, and the production captures."""

import base64
import json
from decimal import Decimal
from pathlib import Path

import pytest

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.sbe import SCHEMA_ID
from nautilus_paradex.protocol.sbe import BookTop
from nautilus_paradex.protocol.sbe import FrameExtras
from nautilus_paradex.protocol.sbe import Header
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.protocol.sbe import read_header


M = "BTC-USD-PERP"
TS_NS = 1_790_000_000_123_456_000

BBO = (
    "300002000100020040c227dafe5b0600b168de3a0000000080e20fba9105000080d1f008000000000079a8ba910500"
    "0040787d01000000000c4254432d5553442d50455250"
)
TRADE = (
    "320001000100020040c227dafe5b06002a00000000000000fbffffffffffffff02004c77b99105000060e316000000"
    "0000b0c027dafe5b0600010c4254432d5553442d504552501c31373930303030303030313233323031373039323333"
    "323430303031"
)
BOOK = (
    "590003000100020040c227dafe5b0600b268de3a000000000180e20fba9105000080d1f008000000000079a8ba9105"
    "000040787d01000000000000000000000080004c77b99105000040420f0000000000800f41bb9105000080841e0000"
    "0000001000020080e20fba9105000080d1f0080000000000111fb1910500000000000000000000100000000c425443"
    "2d5553442d50455250"
)
ORDER = (
    "800014000100020040c227dafe5b060015cd4e2b845bd7180301010380e20fba91050000000000000000008060e316"
    "000000000060e31600000000000000000000000080bcbe27dafe5b0600dcc127dafe5b0600026192f7b814b465a1ff"
    "858762ae35e9d1f59076b11a4def380bd27b8170cf5d20bf27dafe5b060040c227dafe5b0600020100001c31373839"
    "3939393939393132333230313730393233333234303030300c4f2d32303236303932312d310c4254432d5553442d50"
    "455250000000"
)

VECTORS: dict[str, tuple[str, events.StreamEvent, FrameExtras]] = {
    "BBO": (
        BBO,
        events.Bbo(
            market=M,
            seq=987654321,
            bid_e8=6_123_450_000_000,
            bid_size_e8=150_000_000,
            ask_e8=6_123_460_000_000,
            ask_size_e8=25_000_000,
            ts_ns=TS_NS,
        ),
        FrameExtras(),
    ),
    "TRADE": (
        TRADE,
        events.Trade(
            market=M,
            seq=42,
            trade_id="1790000000123201709233240001",
            side=Side.SELL,
            price_e8=6_123_440_000_000,
            size_e8=1_500_000,
            trade_type="FILL",
            created_ns=1_790_000_000_123_056_000,
            published_ns=TS_NS,
        ),
        # The vector's old id is not the low half of its id.
        FrameExtras(trade_id_int64=-5),
    ),
    "BOOK": (
        BOOK,
        events.Book(
            market=M,
            seq=987654322,
            is_snapshot=False,
            bids=[(6_123_450_000_000, 150_000_000), (6_123_300_000_000, 0)],
            asks=[],
            ts_ns=TS_NS,
        ),
        FrameExtras(
            book_top=BookTop(
                bid_e8=6_123_450_000_000,
                bid_size_e8=150_000_000,
                ask_e8=6_123_460_000_000,
                ask_size_e8=25_000_000,
                bid_api_e8=6_123_440_000_000,
                bid_api_size_e8=1_000_000,
                ask_api_e8=6_123_470_000_000,
                ask_api_size_e8=2_000_000,
            )
        ),
    ),
    "ORDER": (
        ORDER,
        events.OrderUpdate(
            order_id="1789999999123201709233240000",
            account="0x26192f7b814b465a1ff858762ae35e9d1f59076b11a4def380bd27b8170cf5d",
            market=M,
            side=Side.BUY,
            type=OrderType.LIMIT,
            instruction=Instruction.POST_ONLY,
            size=Decimal("0.015"),
            remaining_size=Decimal("0.015"),
            price=Decimal("61234.5"),
            trigger_price=None,
            status=OrderStatus.OPEN,
            cancel_reason="",
            client_id="O-20260921-1",
            avg_fill_price=None,
            stp="EXPIRE_TAKER",
            flags=frozenset({"REDUCE_ONLY"}),
            created_ns=1_790_000_000_122_556_000,
            updated_ns=1_790_000_000_123_356_000,
            published_ns=TS_NS,
            received_ns=1_790_000_000_122_656_000,
            signature_ns=None,
            seq=1_790_000_000_123_456_789,
        ),
        FrameExtras(),
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_decodes_to_what_protocol_7_7_says(name: str) -> None:
    frame, event, _ = VECTORS[name]
    assert decode_frame(bytes.fromhex(frame)) == event


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_decodes_from_any_buffer(name: str) -> None:
    frame, event, _ = VECTORS[name]
    inside = b"ws" + bytes.fromhex(frame) + b"ws"
    assert decode_frame(memoryview(inside)[2:-2]) == event


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_is_encoded_byte_for_byte(name: str) -> None:
    frame, event, extras = VECTORS[name]
    version = read_header(bytes.fromhex(frame)).version
    assert encode_event(event, version=version, extras=extras).hex() == frame


def test_the_vectors_headers_read() -> None:
    headers = {name: read_header(bytes.fromhex(row[0])) for name, row in VECTORS.items()}
    assert headers == {
        "BBO": Header(block_length=48, template_id=2, schema_id=SCHEMA_ID, version=2),
        "TRADE": Header(block_length=50, template_id=1, schema_id=SCHEMA_ID, version=2),
        "BOOK": Header(block_length=89, template_id=3, schema_id=SCHEMA_ID, version=2),
        "ORDER": Header(block_length=128, template_id=20, schema_id=SCHEMA_ID, version=2),
    }


def test_the_old_trade_id_is_the_low_half_of_the_id_as_the_venue_writes_it() -> None:
    """Trap 4: 28 digits do not fit an int64."""
    _, event, _ = VECTORS["TRADE"]
    frame = encode_event(event, version=2)
    low = 1_790_000_000_123_201_709_233_240_001 & (2**64 - 1)
    assert int.from_bytes(frame[24:32], "little") == low


CAPTURES = Path(__file__).parents[2].parent / "shared" / "paradex" / "captures"


def capture(name: str) -> list[bytes]:
    path = CAPTURES / name
    if not path.exists():
        pytest.skip(f"no captures of the production feed beside the repository ({path})")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return [base64.b64decode(r["b64"]) for r in records if r["opcode"] == "binary"]


def test_the_captured_quotes_decode_completely() -> None:
    frames = capture("production-2026-10-08-btc-bbo.jsonl")
    quotes = [decode_frame(frame) for frame in frames]

    assert len(quotes) == 9
    seqs = []
    for quote in quotes:
        assert isinstance(quote, events.Bbo)
        assert quote.market == M
        assert quote.bid_e8 is not None
        assert quote.ask_e8 is not None
        assert 0 < quote.bid_e8 < quote.ask_e8
        seqs.append(quote.seq)
    assert seqs == sorted(set(seqs))


def test_the_captured_book_decodes_completely_and_without_a_gap() -> None:
    """Rule S3: a snapshot, then deltas of seq + 1."""
    frames = capture("production-2026-10-08-eth-book.jsonl")
    books = [decode_frame(frame) for frame in frames]

    assert all(isinstance(book, events.Book) and book.market == "ETH-USD-PERP" for book in books)
    first, *deltas = [book for book in books if isinstance(book, events.Book)]
    assert first.is_snapshot
    assert (len(first.bids), len(first.asks)) == (124, 30)
    assert first.bids == sorted(first.bids, reverse=True)
    assert first.asks == sorted(first.asks)
    assert first.bids[0][0] < first.asks[0][0]
    assert deltas
    assert not any(delta.is_snapshot for delta in deltas)
    assert [delta.seq for delta in deltas] == [first.seq + 1 + i for i in range(len(deltas))]


@pytest.mark.parametrize(
    "name", ["production-2026-10-08-btc-bbo.jsonl", "production-2026-10-08-eth-book.jsonl"]
)
def test_the_captured_frames_are_encoded_byte_for_byte(name: str) -> None:
    for frame in capture(name):
        event = decode_frame(frame)
        assert isinstance(event, events.Bbo | events.Book)
        assert encode_event(event, version=1) == frame
