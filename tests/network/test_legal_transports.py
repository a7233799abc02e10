"""HTTP and WebSocket as the standards allow them and our own servers do not speak them (S1, S5)."""

import asyncio
import base64
import hashlib
import json
import socket
import zlib
from typing import Self

import pytest

from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.network.websocket import HandshakeRefused
from nautilus_paradex.network.websocket import open_websocket
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.messages import SystemStatus
from tests.network.scripted_server import Reply
from tests.network.scripted_server import ScriptedServer
from tests.network.scripted_server import answer


BODY = b'{"status":"ok"}'


def http(head: str, body: bytes, *, then: str = "keep") -> Reply:
    return Reply(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body, then)


@pytest.fixture
async def server():
    async with ScriptedServer([answer({"status": "ok"})]) as server:
        yield server


@pytest.fixture
async def client(server):
    timing = SystemTiming()
    client = ParadexHttpClient(
        HttpSettings(base_url=server.url), timing=timing, limiter=RateLimiter(timing), log=NoLog()
    )
    yield client
    await client.close()


async def ask(client, method="GET"):
    return await client.request(
        method, "/system/state", SystemStatus, scope=Scope.PUBLIC, idempotent=False
    )


# -- HTTP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 203])
@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "text/plain", "x/unheard-of"])
async def test_any_success_with_a_body_that_is_understood_is_one(server, client, status, kind):
    server.script = [answer({"status": "ok"}, status, content_type=kind)]
    assert (await ask(client, "POST")).status == "ok"


@pytest.mark.parametrize(
    "reply",
    [
        http("HTTP/1.1 200 OK\nContent-Length: 16", BODY + b"\n"),
        http("HTTP/1.1 200\nTransfer-Encoding: chunked", b"6\r\n" + BODY[:6] + b"\r\n9;x=1\r\n"
             + BODY[6:] + b"\r\n0\r\nX-Trailer: 1\r\n\r\n"),
        http("HTTP/1.1 200 OK\nConnection: close", BODY, then="close"),
        http("HTTP/1.0 200 OK", BODY, then="close"),
        http("HTTP/1.1 103 Early Hints\nLink: </x>\n\nHTTP/1.1 200 OK\nContent-Length: 15", BODY),
        answer(raw=zlib.compress(BODY), headers={"content-encoding": "deflate"}),
    ],
    ids=["newline", "chunked", "close", "http10", "early_hints", "deflate"],
)  # fmt: skip
async def test_a_body_is_read_however_it_is_delimited(server, client, reply):
    server.script = [reply]
    assert (await ask(client)).status == "ok"
    assert (await ask(client)).status == "ok"


async def test_a_base_url_of_an_ipv6_host_is_asked():
    try:
        probe = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    port = probe.getsockname()[1]
    probe.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer({"status": "ok"}).data)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "::1", port):
        timing = SystemTiming()
        client = ParadexHttpClient(
            HttpSettings(base_url=f"http://[::1]:{port}/v1/"),
            timing=timing,
            limiter=RateLimiter(timing),
            log=NoLog(),
        )
        assert (await ask(client)).status == "ok"
        await client.close()


# -- WEBSOCKET -------------------------------------------------------------------------------------


TEXT, BINARY, CONTINUED, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(kind: int, payload: bytes, *, fin: bool = True) -> bytes:
    head = bytes([(0x80 if fin else 0) | kind])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    return head + b"\x7e" + len(payload).to_bytes(2, "big") + payload


class RawSocket:
    """A WebSocket server that writes what a test gives it, byte by byte."""

    connection = b"uPGRADE"

    async def __aenter__(self) -> Self:
        self.heard = b""
        self.target = ""
        self._writers: list[asyncio.StreamWriter] = []
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self._writers:
            writer.close()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.target = request.split(" ")[1]
        lines = dict(line.lower().split(": ", 1) for line in request.split("\r\n")[1:] if line)
        key = next(
            line for line in request.split("\r\n") if line.lower().startswith("sec-websocket-key")
        )
        digest = hashlib.sha1(key.split(": ")[1].encode() + _GUID).digest()
        assert "sec-websocket-extensions" not in lines, "no compression is offered"
        # Header names in any case, and more of them than are needed.
        writer.write(
            b"HTTP/1.1 101 Whatever\r\nupgrade: WebSocket\r\nCONNECTION: "
            + self.connection
            + b"\r\nserver: cloudfront\r\nset-cookie: a=b\r\nsec-websocket-accept: "
            + base64.b64encode(digest)
            + b"\r\n\r\n"
        )
        while data := await reader.read(4096):
            self.heard += data
        writer.close()

    async def write(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writers[-1].write(piece)
            await self._writers[-1].drain()
            await asyncio.sleep(0)


class Heard:
    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._come = asyncio.Event()

    def text(self, payload: bytes) -> None:
        self._take("text", payload)

    def binary(self, payload: bytes) -> None:
        self._take("binary", payload)

    def _take(self, kind: str, payload: bytes) -> None:
        self.messages.append((kind, payload))
        self._come.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.messages) < count:
                await self._come.wait()
                self._come.clear()


@pytest.fixture
async def raw():
    async with RawSocket() as raw:
        yield raw


@pytest.fixture
async def heard(raw):
    heard = Heard()
    raw.client = await open_websocket(
        f"ws://127.0.0.1:{raw.port}/v1?sbeSchemaId=1&sbeSchemaVersion=2",
        on_text=heard.text,
        on_binary=heard.binary,
        timing=SystemTiming(),
    )
    yield heard
    await raw.client.close()


async def test_an_upgrade_with_a_header_that_the_library_does_not_take_says_which(raw):
    raw.connection = b"keep-alive, upgrade"
    with pytest.raises(TransportError, match="invalid connection header") as caught:
        await open_websocket(
            f"ws://127.0.0.1:{raw.port}/v1",
            on_text=print,
            on_binary=print,
            timing=SystemTiming(),
        )
    assert not isinstance(caught.value, HandshakeRefused)


async def test_s1_the_path_and_its_query_are_asked_for_as_given(raw, heard):
    assert raw.target == "/v1?sbeSchemaId=1&sbeSchemaVersion=2"
    assert not raw.client.lost.done()


async def test_messages_in_fragments_with_pings_in_between_are_whole(raw, heard):
    message = json.dumps({"n": "x" * 300}).encode()
    await raw.write(
        frame(TEXT, message[:10], fin=False),
        frame(PING, b"\x00\xffalive"),
        frame(CONTINUED, b"", fin=False),
        frame(CONTINUED, message[10:]),
        frame(BINARY, b"\x01\x02", fin=False) + frame(CONTINUED, b"\x03") + frame(TEXT, b"{}"),
    )
    await heard.until(3)
    assert heard.messages == [("text", message), ("binary", b"\x01\x02\x03"), ("text", b"{}")]


async def test_a_frame_that_comes_byte_by_byte_is_whole(raw, heard):
    whole = frame(BINARY, bytes(range(200)))
    await raw.write(*(whole[at : at + 1] for at in range(len(whole))))
    await heard.until(1)
    assert heard.messages == [("binary", bytes(range(200)))]


async def test_s5_a_ping_of_any_bytes_is_answered_with_the_same(raw, heard):
    await raw.write(frame(PING, b"\x00\xff"), frame(PING, b""), frame(PONG, b"unasked"))
    async with asyncio.timeout(5):
        while len(raw.heard) < 6 + 2 + 6:  # noqa: ASYNC110 - bytes have no event
            await asyncio.sleep(0.005)
    kind, size, mask = raw.heard[0], raw.heard[1] & 0x7F, raw.heard[2:6]
    payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(raw.heard[6 : 6 + size]))
    assert (kind & 0x0F, payload) == (PONG, b"\x00\xff")
    assert heard.messages == []
    assert not raw.client.lost.done()


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"", 1005), (b"\x0f\xbf", 4031), (b"\x03\xe9going away", 1001)],
)
async def test_s4_any_close_frame_names_its_code(raw, heard, payload, code):
    await raw.write(frame(CLOSE, payload))
    async with asyncio.timeout(5):
        loss = await asyncio.shield(raw.client.lost)
    assert loss.close_code == code
