"""Right inputs of each target: samples of the tests, and captures of the venue."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.protocol import sbe
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import PERP
from tests.parsing.parsing_values import PERP_OPTION
from tests.parsing.parsing_values import SPOT
from tests.protocol.sbe_samples import SAMPLES as EVENTS
from tests.protocol.sbe_samples import M as MARKET
from tests.protocol.test_json_events import JSON_ONLY
from tests.protocol.test_json_events import SAMPLES as JSON_SAMPLES


#: Frames of the venue, where this repository's papers are beside it.
CAPTURES: Final = Path(__file__).parents[3] / "shared" / "paradex" / "captures"

BOOK_CHANNEL: Final = f"order_book.{MARKET}.deltas"

CHANNELS: Final[tuple[str, ...]] = (
    *JSON_SAMPLES,
    *JSON_ONLY,
    f"order_book.{MARKET}.snapshot@15@50ms",
)


def captured() -> Iterator[bytes]:
    """Yield frames that the venue sent, if they are here."""
    for path in sorted(CAPTURES.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            yield base64.b64decode(row["b64"]) if "b64" in row else row["text"].encode()


def sbe_frames() -> list[bytes]:
    """Return a frame of each message in each version, and the venue's own."""
    frames = [frame for frame in captured() if not frame.startswith(b"{")]
    frames += [
        sbe.encode_event(event, version=version)
        for event in EVENTS
        for version in sbe.SUPPORTED_VERSIONS
        if version or type(event).__name__ != "FundingComparison"
    ]
    snapshot = msgspec.structs.replace(EVENTS[2], is_snapshot=True)
    return [*frames, sbe.encode_event(snapshot, version=2)]


def channel_data() -> list[bytes]:
    """Return a sample of each channel, behind a byte that names the channel."""
    return [
        bytes([number]) + json.dumps(sample_of(name)).encode()
        for number, name in enumerate(CHANNELS)
    ]


def sample_of(channel: str) -> dict[str, Any]:
    """Return the sample of a channel."""
    if channel in JSON_ONLY:
        return JSON_ONLY[channel][1]
    return JSON_SAMPLES.get(channel) or JSON_SAMPLES[BOOK_CHANNEL]


def text_frames() -> list[bytes]:
    """Return text frames: channels' messages, answers and refusals."""
    notes = [
        {
            "jsonrpc": "2.0",
            "method": "subscription",
            "params": {"channel": name, "data": sample_of(name)},
        }
        for name in CHANNELS
    ]
    refused = {"code": -32600, "message": "invalid subscribe request", "data": "invalid channel"}
    replies: list[dict[str, Any]] = [
        {"jsonrpc": "2.0", "id": 1, "result": {"node_id": "7c9f"}, "usIn": 1, "usOut": 2},
        {"jsonrpc": "2.0", "id": 2, "result": {"channel": BOOK_CHANNEL}, "usDiff": 110},
        {"jsonrpc": "2.0", "id": 8, "error": refused, "usIn": 1790000000100000},
        {"jsonrpc": "2.0", "id": None, "error": {"code": 40111, "message": "expired"}},
    ]
    own = [frame for frame in captured() if frame.startswith(b"{")]
    return [*own, *(json.dumps(each).encode() for each in (*notes, *replies))]


_ORDER: Final = JSON_SAMPLES["orders.ALL"]
_FUNDING: Final = JSON_SAMPLES[f"funding_data.{MARKET}"]

#: Answers of REST by the name of their type; a page has rows of the type.
ANSWERS: Final[dict[str, tuple[dict[str, Any] | list[Any], ...]]] = {
    "Market": (PERP, OPTION, PERP_OPTION, SPOT),
    "MarketSummaryMessage": (JSON_SAMPLES["markets_summary"],),
    "MarketEvent": (sample_of(f"markets.{MARKET}"),),
    "Kline": ([1_790_000_040_000, 61_234.5, 61_240, 61_230.1, 61_236.25, 12.5],),
    "RestBook": (
        {
            "market": MARKET,
            "seq_no": 7,
            "last_updated_at": 1_790_000_000_123,
            "bids": [["61234.5", "1.5"], ["61234", "2"]],
            "asks": [["61234.6", "0.25"]],
            "best_bid_api": ["61234.5", "1.5"],
        },
    ),
    "BboMessage": (JSON_SAMPLES[f"bbo.{MARKET}"],),
    "TradeMessage": (JSON_SAMPLES[f"trades.{MARKET}"],),
    "FundingDataMessage": (_FUNDING,),
    "OrderMessage": (_ORDER, _ORDER | {"status": "CLOSED", "type": "STOP_MARKET"}),
    "FillMessage": (JSON_SAMPLES["fills.ALL"],),
    "PositionMessage": (JSON_SAMPLES["positions"],),
    "AccountSummaryMessage": (JSON_SAMPLES["account"],),
    "Balance": ({"token": "USDC", "size": "10200.5", "last_updated_at": 1_790_000_000_000},),
    "AccountInfo": ({"account": "0x26", "kind": "main", "fees": {"maker_rate": "0.0001"}},),
    "SettlementPrice": (
        {"symbol": MARKET, "settlement_price": "12.5", "expiry_at": 1_795_766_400_000},
    ),
    "SystemTime": ({"server_time": "1790000000123"},),
    "SystemStatus": ({"status": "ok"},),
    "BatchOrdersResponse": ({"orders": [_ORDER, None], "errors": [{"error": "X"}, None]},),
    "BatchCancelResponse": ({"results": [{"id": "1", "status": "NOT_FOUND"}]},),
    "OrderCreateResult": ({"order": _ORDER, "created_at": 1, "received_at": 2},),
    "AlgoOrder": ({"id": "1", "status": "OPEN", "size": "1", "algo_params": {"duration": "30"}},),
    "AccountMmp": ({"results": [], "configs": [{"base_asset": "BTC", "size_limit": "1"}]},),
    "FundingPayment": (sample_of("funding_payments.ALL"),),
    "Transfer": (sample_of("transfers"),),
    "Tradebust": (sample_of("tradebusts"),),
    "BalanceEvent": (sample_of("balance_events"),),
    "MmpEvent": (sample_of("mmp"),),
}


def answers() -> list[bytes]:
    """Return answers, alone and as a page, behind a byte that names the type."""
    return [
        bytes([2 * number + paged]) + json.dumps(body).encode()
        for number, rows in enumerate(ANSWERS.values())
        for row in rows
        for paged, body in ((0, row), (1, {"next": "c1", "prev": None, "results": [row, row]}))
    ]


def refusals() -> list[bytes]:
    """Return bodies of refusals, behind two bytes that name status and content type."""
    bodies = (
        b'{"error":"INVALID_TOKEN","message":"expired","data":null}',
        b'{"message":"rate limit exceeded"}',
        b"<html><head><style>a{}</style></head><body><h1>502 Bad Gateway</h1></body></html>",
        "<p>Größe überschritten</p>".encode("latin-1"),
        "gateway".encode("utf-16"),
        b"",
        b"[]",
        b'"text"',
    )
    return [bytes([number % 64, number % 8]) + body for number, body in enumerate(bodies)]


def pages() -> list[bytes]:
    """Return the pages of a list, one a line."""
    fill = JSON_SAMPLES["fills.ALL"]
    several = [
        {"next": f"c{number}", "results": [fill | {"id": f"{number}{row}"} for row in range(3)]}
        for number in range(3)
    ]
    ends = [*several[:2], several[2] | {"next": None}]
    return [
        b"\n".join(json.dumps(page).encode() for page in chosen)
        for chosen in (ends, several, [several[0], several[0]], [{"next": "", "results": []}])
    ]


def numbers() -> list[bytes]:
    """Return texts of numbers."""
    texts = ("61234.5", "-0.00000001", "0", "1e5", "-12.50", "100000000.12345678", "0.0000000000")
    return [text.encode() for text in texts]


def book_streams() -> list[bytes]:
    """Return a book's frames, each behind its length."""
    book = EVENTS[2]
    start = msgspec.structs.replace(
        book,
        is_snapshot=True,
        seq=7,
        bids=[(6_000_000_000_000, 100_000)],
        asks=[(6_000_100_000_000, 100_000)],
    )
    steps = [
        msgspec.structs.replace(
            book, seq=seq, bids=[(5_999_000_000_000 + seq * 10**7, 10**5)], asks=[]
        )
        for seq in range(8, 14)
    ]
    return [
        b"".join(
            len(frame).to_bytes(2, "little") + frame
            for frame in (sbe.encode_event(each, version=version) for each in (start, *steps))
        )
        for version in sbe.SUPPORTED_VERSIONS
    ]
