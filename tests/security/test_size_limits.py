"""What a server sends is bounded: answers, pages and frames end in a clear error, not in memory."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from collections.abc import Iterator
from contextlib import asynccontextmanager
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from nautilus_paradex.network import websocket
from nautilus_paradex.network.auth import TokenSource
from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.rest import core
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.network.websocket import Loss
from nautilus_paradex.network.websocket import WebSocket
from nautilus_paradex.network.websocket import open_websocket
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.messages import SystemStatus
from nautilus_paradex.protocol.signing import AccountSigner
from nautilus_paradex.protocol.signing import Signer
from tests.network.scripted_server import Reply
from tests.network.scripted_server import ScriptedServer
from tests.network.scripted_server import answer
from tests.security.raw_websocket import BINARY
from tests.security.raw_websocket import CLOSE
from tests.security.raw_websocket import CONTINUATION
from tests.security.raw_websocket import PING
from tests.security.raw_websocket import TEXT
from tests.security.raw_websocket import RawWebSocket
from tests.security.raw_websocket import Script
from tests.security.raw_websocket import frame


MIB = 1024 * 1024
LIMIT = 256 * 1024

#: Whatever came before, nothing comes after.
OVER = frame(CLOSE, b"\x03\xe8over")

#: What a bounded read may take of memory at a time, in limits: pieces, copies, buffers.
_TIMES = 12


@contextmanager
def bounded_memory(limit: int = LIMIT) -> Iterator[None]:
    """See that Python's memory does not grow beyond some times the limit."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < _TIMES * limit, f"{(peak - before) / MIB:.1f} MiB"


# -- ANSWERS ---------------------------------------------------------------------------------------


@asynccontextmanager
async def http_client(server: ScriptedServer, **settings: Any) -> AsyncIterator[ParadexHttpClient]:
    timing = SystemTiming()
    client = ParadexHttpClient(
        HttpSettings(
            base_url=server.url,
            **({"max_body_bytes": LIMIT, "retry": RetryPolicy(max_retries=3)} | settings),
        ),
        timing=timing,
        limiter=RateLimiter(timing),
        log=NoLog(),
    )
    try:
        yield client
    finally:
        await client.close()


async def get(client: ParadexHttpClient) -> SystemStatus:
    return await client.request(
        "GET", "/markets", SystemStatus, scope=Scope.PUBLIC, idempotent=True
    )


def head(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunked(status: int, size: int, *headers: str, content: bytes | None = None) -> Reply:
    """Return an answer of so many bytes that does not say its length."""
    piece = content or b" " * 65_536
    count = 1 if content else -(-size // len(piece))
    body = (b"%x\r\n%b\r\n" % (len(piece), piece)) * count + b"0\r\n\r\n"
    return Reply(head(status, "Transfer-Encoding: chunked", *headers) + body)


def bomb(size: int, compress: Any) -> bytes:
    """Return bytes that become so many spaces."""
    pieces = [compress.compress(b" " * MIB) for _ in range(size // MIB)]
    return b"".join(pieces) + compress.flush()


@pytest.mark.parametrize("status", [200, 400, 502])
@pytest.mark.parametrize(
    "build",
    [
        lambda status: Reply(head(status, f"Content-Length: {10**15}"), "stall"),
        lambda status: Reply(
            head(status, f"Content-Length: {LIMIT + 1}") + b" " * (LIMIT + 1), "stall"
        ),
        lambda status: chunked(status, 8 * MIB),
        lambda status: Reply(head(status, "Connection: close") + b" " * 8 * MIB, "stall"),
    ],
    ids=["claims", "one byte", "chunks", "until the end"],
)
async def test_an_answer_above_the_limit_is_a_clear_error_at_once(status: int, build: Any) -> None:
    """Whatever its length says, and for refusals too; it is not asked for again."""
    async with ScriptedServer([build(status)]) as server, http_client(server) as client:
        with (
            bounded_memory(8 * MIB),  # the test's own server has as much in its buffers
            pytest.raises(TransportError, match=f"/markets is larger than {LIMIT} bytes") as caught,
        ):
            await get(client)
        assert not caught.value.transient
        assert caught.value.outcome_unknown
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", lambda: zlib.compressobj(9, wbits=31)),
        ("deflate", lambda: zlib.compressobj(9)),
    ],
)
@pytest.mark.parametrize("status", [200, 502])
async def test_an_answer_that_unpacks_above_the_limit_does_not_unpack_in_memory(
    encoding: str, compress: Any, status: int
) -> None:
    """A few hundred kilobytes that would become 256 MiB."""
    packed = bomb(256 * MIB, compress())
    assert len(packed) < MIB
    reply = chunked(status, 0, f"Content-Encoding: {encoding}", content=packed)
    async with ScriptedServer([reply]) as server, http_client(server) as client:
        with bounded_memory(4 * MIB), pytest.raises(TransportError, match=r"larger than|lost"):
            await get(client)


async def test_an_answer_at_the_limit_is_taken_packed_or_not() -> None:
    body = b'{"status":"ok"}'.ljust(LIMIT)
    packed = gzip.compress(body)
    replies = [
        Reply(head(200, f"Content-Length: {LIMIT}") + body),
        Reply(head(200, f"Content-Length: {len(packed)}", "Content-Encoding: gzip") + packed),
    ]
    async with ScriptedServer(replies) as server, http_client(server) as client:
        for _ in replies:
            assert (await get(client)).status == "ok"


@pytest.mark.parametrize(
    "endless",
    [b"X-Again: and again\r\n" * 100_000, b"X-Long: " + b"a" * 2 * MIB, b"X-" + b"n" * 2 * MIB],
    ids=["many headers", "long value", "long name"],
)
async def test_headers_without_end_are_an_error(endless: bytes) -> None:
    reply = Reply(b"HTTP/1.1 200 OK\r\n" + endless, "stall")
    async with ScriptedServer([reply]) as server, http_client(server, timeout=1.0) as client:
        with bounded_memory(4 * MIB), pytest.raises(TransportError):
            await get(client)


@pytest.mark.parametrize("depth", [1_000, 100_000])
async def test_an_answer_nested_without_end_is_an_error(depth: int) -> None:
    for status, kind in ((200, TransportError), (400, VenueError)):
        reply = answer(raw=b'{"data":' * depth + b"1" + b"}" * depth, status=status)
        async with (
            ScriptedServer([reply]) as server,
            http_client(server, max_body_bytes=4 * MIB) as client,
        ):
            with pytest.raises(kind):
                await client.request(
                    "GET", "/markets", SystemStatus, scope=Scope.PUBLIC, idempotent=False
                )


async def test_a_token_of_megabytes_is_no_token() -> None:
    """It would go into the header of every request."""
    signer = AccountSigner("0x1234", "CHAIN", Signer(5))
    async with (
        ScriptedServer([answer({"jwt_token": "e" * 100_000})]) as server,
        http_client(server) as client,
    ):
        tokens = TokenSource(client, signer, timing=SystemTiming(), log=NoLog())
        with pytest.raises(TransportError, match="holds no token"):
            await tokens.token()
        await tokens.aclose()


def test_the_limits_leave_room_for_what_the_venue_sends() -> None:
    """All markets are several MB, and a book's snapshot of thousands of levels far below one."""
    assert HttpSettings(base_url="https://h").max_body_bytes == 64 * MIB
    assert websocket.MAX_FRAME_BYTES == 16 * MIB
    assert core.MAX_PAGES * core.PAGE_SIZE == core.MAX_ROWS == 1_000_000


# -- PAGES -----------------------------------------------------------------------------------------


def row(number: int) -> dict[str, Any]:
    return {
        "id": str(number),
        "order_id": "1",
        "market": "ETH-USD-PERP",
        "side": "BUY",
        "size": "1",
        "price": "1",
        "fee": "0",
        "fee_currency": "USDC",
        "liquidity": "MAKER",
        "fill_type": "FILL",
        "created_at": 1_790_000_000_000,
    }


class PagedServer:
    """Answers with page after page, of so many rows, for ever."""

    def __init__(self, rows: int, cursor: str | None = None) -> None:
        self.asked = 0
        self._rows = rows
        self._cursor = cursor

    async def request(self, method: str, path: str, kind: Any, **_: Any) -> Any:
        first = self.asked * self._rows
        self.asked += 1
        assert self.asked < 100, "so many pages were never asked for"
        page = {
            "results": [row(number) for number in range(first, first + self._rows)],
            "next": self._cursor or f"cursor-{self.asked}",
        }
        return msgspec.json.decode(msgspec.json.encode(page), type=kind)


async def fills(server: PagedServer) -> list[Any]:
    class NoToken:
        async def token(self) -> str:
            return "a"

    rest = ParadexRest(server, NoToken())  # type: ignore[arg-type] # what it needs of them
    return await rest.fills()


async def test_pages_that_do_not_end_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core, "MAX_PAGES", 50)
    server = PagedServer(rows=1)
    with pytest.raises(WireError, match="do not end after 50"):
        await fills(server)
    assert server.asked == 50


async def test_pages_that_go_round_are_an_error() -> None:
    server = PagedServer(rows=1, cursor="the same")
    with pytest.raises(WireError, match="a cursor came back"):
        await fills(server)
    assert server.asked == 2


async def test_pages_with_more_rows_than_asked_for_end_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core, "MAX_ROWS", 2_500)
    server = PagedServer(rows=1_000)
    with pytest.raises(WireError, match="/fills hold more than 2500 rows"):
        await fills(server)
    assert server.asked == 3


# -- FRAMES ----------------------------------------------------------------------------------------


@pytest.fixture
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_FRAME_BYTES", LIMIT)


class Taken:
    """What a socket has handed on."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def take(self, payload: bytes) -> None:
        self.sizes.append(len(payload))


async def connect(url: str, taken: Taken | None = None) -> WebSocket:
    taken = taken or Taken()
    return await open_websocket(
        url,
        on_text=taken.take,
        on_binary=taken.take,
        timing=SystemTiming(),
        timeout_secs=3.0,
    )


async def loss_of(script: Script, taken: Taken | None = None) -> Loss:
    """Return how a socket ends on which this is written."""
    async with RawWebSocket(script) as server:
        socket = await connect(server.url, taken)
        async with asyncio.timeout(20):
            loss = await socket.lost
        await socket.close()
    return loss


async def write_all(writer: asyncio.StreamWriter, pieces: Iterator[bytes]) -> None:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()


@pytest.mark.usefixtures("small_frames")
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("claims", [LIMIT + 1, 2**40, 2**62])
async def test_a_frame_above_the_limit_ends_the_socket_with_its_reason(
    opcode: int, claims: int
) -> None:
    """The length alone is enough: nothing is kept for what it announces, and none handed on."""
    taken = Taken()

    async def script(writer: asyncio.StreamWriter) -> None:
        payload = b"a" * min(claims, LIMIT + 1)
        await write_all(writer, iter([frame(opcode, payload, claims=claims) + OVER]))

    with bounded_memory():
        loss = await loss_of(script, taken)
    assert "exceeding max allowed size" in loss.reason or "is larger than" in loss.reason
    assert str(LIMIT) in loss.reason
    assert taken.sizes == []


@pytest.mark.usefixtures("small_frames")
async def test_a_frame_is_refused_by_the_length_that_it_announces() -> None:
    """What comes of it stays below the limit, and nobody waits for the rest."""

    async def script(writer: asyncio.StreamWriter) -> None:
        await write_all(writer, iter([frame(BINARY, b"a" * 1_000, claims=LIMIT + 1)]))

    async with RawWebSocket(script) as server:
        socket = await connect(server.url)
        async with asyncio.timeout(5):
            loss = await socket.lost
        await socket.close()
    assert "exceeding max allowed size" in loss.reason


@pytest.mark.usefixtures("small_frames")
@pytest.mark.parametrize("size", [1_000, 1])
async def test_a_message_in_pieces_above_the_limit_ends_the_socket(size: int) -> None:
    """Few large pieces or very many small ones."""
    taken = Taken()

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(frame(TEXT, b"a" * size, fin=False))
        piece = frame(CONTINUATION, b"a" * size, fin=False)
        batch = piece * max(1, 8_192 // len(piece))
        await write_all(writer, (batch for _ in range(2 * LIMIT * len(piece) // len(batch))))
        writer.write(OVER)

    with bounded_memory():
        loss = await loss_of(script, taken)
    assert loss.reason == f"a message is larger than {LIMIT} bytes"
    assert taken.sizes == []


@pytest.mark.usefixtures("small_frames")
async def test_empty_pieces_without_end_take_no_memory() -> None:
    taken = Taken()

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(frame(TEXT, b"a", fin=False))
        batch = frame(CONTINUATION, b"", fin=False) * 4_096
        await write_all(writer, (batch for _ in range(100)))
        writer.write(frame(CONTINUATION, b"b") + OVER)

    with bounded_memory():
        loss = await loss_of(script, taken)
    assert taken.sizes == [2]
    assert "over" in loss.reason


@pytest.mark.usefixtures("small_frames")
@pytest.mark.parametrize("opcode", [PING, CLOSE])
async def test_control_frames_without_measure_end_the_socket(opcode: int) -> None:
    """A ping or close holds 125 bytes at most (RFC 6455, 5.5)."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(frame(opcode, b"", claims=2**40))
        await write_all(writer, (b"a" * 65_536 for _ in range(32)))

    with bounded_memory(MIB):
        loss = await loss_of(script)
    assert loss.reason


async def test_an_upgrade_answer_without_end_is_an_error() -> None:
    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n")
        await write_all(writer, (b"X: " + b"a" * 1_000 + b"\r\n" for _ in range(4_000)))

    async with RawWebSocket(script, upgrades=False) as server:
        with bounded_memory(MIB), pytest.raises(TransportError, match="handshake"):
            await connect(server.url)


async def test_a_closes_reason_is_short_and_without_what_it_repeats() -> None:
    async def script(writer: asyncio.StreamWriter) -> None:
        token = b"eyJhbGciOiJFUzM4NCJ9.eyJleHAiOjF9.c2lnbmF0dXJl"
        await write_all(writer, iter([frame(CLOSE, b"\x0f\xbfbad " + token)]))

    loss = await loss_of(script)
    assert loss.close_code == 4031
    assert "bad ***" in loss.reason


async def test_s9_large_messages_that_wait_stop_the_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are few, and fill the memory before they are many."""
    monkeypatch.setattr(websocket, "TURN_BUDGET_SECS", 0.0)
    monkeypatch.setattr(websocket, "MOST_WAITING_BYTES", MIB)
    taken = Taken()
    most = 0
    count = 400

    async def script(writer: asyncio.StreamWriter) -> None:
        await write_all(writer, (frame(BINARY, b"a" * 65_536) for _ in range(count)))
        writer.write(OVER)

    async with RawWebSocket(script) as server:
        socket = await connect(server.url, taken)
        async with asyncio.timeout(20):
            while not socket.lost.done():
                most = max(most, socket._waiting_bytes)
                await asyncio.sleep(0)
        await socket.close()
    # One read brings what the buffer of the socket's library holds, which grows to what the system
    # holds for a socket: some MiB. Without the guard all of it waits here.
    assert most < count * 65_536 // 2
    assert taken.sizes == [65_536] * count
    assert socket._waiting_bytes == 0
