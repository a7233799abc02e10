"""Frames in pieces and frames of a later version; books that are wrong."""

import asyncio
from typing import Any

import pytest

from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.sbe import SkippedFrame
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.faults.changes import UNKNOWN_FIELD
from nautilus_paradex.simulator.faults.changes import UNKNOWN_TEMPLATE
from nautilus_paradex.simulator.faults.changes import frame_with_value
from nautilus_paradex.simulator.server.outbox import Pieces
from nautilus_paradex.simulator.server.pieces import encoded
from tests.simulator.server_client import DEADLINE_S
from tests.simulator.server_client import Stream
from tests.simulator.server_client import World
from tests.simulator.server_client import world


MARKET = "BTC-USD-PERP"
_DELTAS = f"order_book.{MARKET}.deltas"
_ALWAYS = 1_000_000


async def place_and_fill(w: World) -> None:
    w.trade("SELL", "0.01", "68000")
    await w.place(price="68000")


# -- PIECES -----------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 5, 124, 125, 126, 300, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("text", [True, False])
def test_pieces_are_the_frame_that_rfc_6455_knows(length: int, text: bool):
    payload = bytes(n % 90 + 32 for n in range(length))
    frame = payload.decode() if text else payload
    (whole,) = encoded(Pieces(frame, 10**6, are_frames=True))
    assert b"".join(encoded(Pieces(frame, 7, are_frames=False))) == whole
    assert whole[0] == (0x81 if text else 0x82)
    assert whole.endswith(payload)
    parts = encoded(Pieces(frame, 7, are_frames=True))
    assert len(parts) == max(-(-length // 7), 1)
    assert [part[0] >> 7 for part in parts] == [0] * (len(parts) - 1) + [1]
    assert [part[0] & 15 for part in parts] == [1 if text else 2] + [0] * (len(parts) - 1)
    assert b"".join(part[2:] for part in parts) == payload or length > 125 * 7


@pytest.mark.parametrize("version", [None, 2])
@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
@pytest.mark.parametrize("kind", [faults.Fragment, faults.Slice])
async def test_frames_in_pieces_arrive_whole(kind: type, size: int, version: int | None):
    async with world(ping_interval_s=0.01) as w:
        await w.login()
        stream = await w.stream("orders.ALL", "fills.ALL", version=version)
        whole = await w.stream("orders.ALL", "fills.ALL", version=version)
        w.paradex.faults.add(kind(n=_ALWAYS, size=size))
        for _ in range(3):
            await place_and_fill(w)
        got = []
        for each in (stream, whole):
            await each.until(lambda s=each: len(told(s)) >= 6)
            got.append(told(each))
        assert got[0] == got[1]
        assert stream.close_code is None
        for each in (stream, whole):
            await each.close()


def told(stream: Stream) -> list[Any]:
    return [entry for entry in stream.log if entry[0] != "answer"]


async def test_pieces_of_a_frame_come_one_by_one():
    async with world() as w:
        reader, writer = await asyncio.open_connection("127.0.0.1", w.paradex.port)
        writer.write(
            b"GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        w.paradex.faults.add(faults.Slice(channels=("answer",), size=1))
        channel = b'"params":{"channel":"bbo.BTC-USD-PERP"}'
        request = b'{"jsonrpc":"2.0","id":1,"method":"subscribe",' + channel + b"}"
        writer.write(bytes((0x81, 0x80 | len(request), 0, 0, 0, 0)) + request)
        async with asyncio.timeout(DEADLINE_S):
            first = await reader.read(4096)
            assert len(first) < 60
            rest = b"" if b"\n" in first else await reader.readuntil(b"\n")
        assert (first + rest)[4:].startswith(b'{"jsonrpc"')
        writer.close()


# -- LATER VERSIONS ---------------------------------------------------------------------------


async def test_an_sbe_frame_with_a_longer_block_is_the_same_event():
    async with world() as w:
        await w.login()
        longer = await w.stream("fills.ALL")
        usual = await w.stream("fills.ALL")
        armed = w.paradex.faults.add(faults.UnknownFrameFields(channels=("fills",)))
        await place_and_fill(w)
        events = []
        for stream in (longer, usual):
            await stream.until(lambda s=stream: s.events(Fill))
            events.append(stream.events(Fill))
        assert armed.is_exhausted
        assert events[0] == events[1]
        for stream in (longer, usual):
            await stream.close()


async def test_a_json_frame_has_fields_and_values_that_nobody_knows():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL", version=None)
        w.paradex.faults.add(faults.UnknownFrameFields(channels=("orders",)))
        w.paradex.faults.add(faults.UnknownFrameValue(channels=("orders",), field="status"))
        await w.place()
        (order,) = await stream.until(lambda: stream.messages("orders.ALL"))
        assert UNKNOWN_FIELD in order
        assert order["status"] == "SOMETHING_NEW"
        assert order["price"] == "60000"
        await stream.close()


async def binary_frames(w: World, *armed: faults.Fault) -> list[bytes]:
    """Return the frames of one order over a bare SBE connection."""
    socket = await w.session.ws_connect(w.paradex.ws_url + "?sbeSchemaId=1&sbeSchemaVersion=2")
    subscribe = {"method": "subscribe", "params": {"channel": "orders.ALL"}}
    auth = {"method": "auth", "params": {"bearer": w.rest.token}}
    for n, request in enumerate((auth, subscribe)):
        await socket.send_json({"jsonrpc": "2.0", "id": n} | request)
        await socket.receive_str(timeout=DEADLINE_S)
    for fault in armed:
        w.paradex.faults.add(fault)
    await w.place()
    frames = [await socket.receive_bytes(timeout=DEADLINE_S) for _ in range(1 + len(armed) // 2)]
    await socket.close()
    return frames


async def test_an_sbe_field_has_a_code_that_nobody_knows():
    async with world() as w:
        await w.login()
        (frame,) = await binary_frames(w, faults.UnknownFrameValue(field="status"))
        assert frame[8 + 16] == 200
        # State that is not understood is a fault, never a guess.
        with pytest.raises(WireError):
            decode_frame(frame)


def test_a_field_that_a_template_does_not_have_is_an_error():
    header = b"\x00\x00\xe7\x03\x01\x00\x02\x00"
    with pytest.raises(ValueError, match="no byte status"):
        frame_with_value(header, "status", "", 200)


@pytest.mark.parametrize("version", [None, 2])
async def test_a_frame_of_an_unknown_kind_comes_before_another(version: int | None):
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL", version=version)
        w.paradex.faults.add(faults.UnknownFrame(channels=("orders",)))
        await w.place()
        await stream.until(lambda: len(told(stream)) == 2)
        unknown = told(stream)[0]
        if version is None:
            assert unknown[1] == "x_unknown.ALL"
        else:
            assert isinstance(unknown[1], SkippedFrame)
            assert unknown[1].template_id == UNKNOWN_TEMPLATE
        await stream.close()


# -- BOOKS ------------------------------------------------------------------------------------


async def books(w: World, stream: Stream, count: int) -> list[Book]:
    """Return the messages of the book since the log was cleared."""
    await stream.until(lambda: len(stream.events(Book)) >= count)
    return stream.events(Book)


async def followed(w: World) -> Stream:
    """Subscribe to a book with a level on each side."""
    w.trade("BUY", "1", "60000")
    w.trade("SELL", "1", "69000")
    stream = await w.stream(_DELTAS, auth=False)
    await books(w, stream, 1)
    return stream


@pytest.mark.parametrize(
    ("fault", "steps"),
    [
        (faults.book_gap(MARKET), [2, 3, 4]),
        (faults.book_repeat(MARKET), [1, 1, 2]),
        (faults.book_swap(MARKET), [2, 1, 3]),
        (faults.SequenceJump(market=MARKET), [6, 2, 3]),
        (faults.SequenceJump(market=MARKET, by=-1), [0, 2, 3]),
    ],
)
async def test_numbers_of_a_books_changes_are_wrong(fault: faults.Fault, steps: list[int]):
    async with world(book_interval_ms=20) as w:
        stream = await followed(w)
        start = stream.events(Book)[0].seq
        w.paradex.faults.add(fault)
        for n in range(4):
            w.trade("BUY", "1", str(60001 + n))
        changes = (await books(w, stream, 4))[1:]
        assert [book.seq - start for book in changes[:3]] == steps
        await stream.close()


async def test_a_new_subscriber_gets_the_book_of_the_one_before():
    async with world(book_interval_ms=20) as w:
        first = await followed(w)
        w.trade("BUY", "1", "60500")
        await books(w, first, 2)
        armed = w.paradex.faults.add(faults.StaleBook(market=MARKET))
        late = await w.stream(_DELTAS, auth=False)
        (stale,) = await books(w, late, 1)
        assert armed.is_exhausted
        assert (stale.seq, stale.bids) == (first.events(Book)[0].seq, first.events(Book)[0].bids)
        w.trade("BUY", "1", "60600")
        change = (await books(w, late, 2))[1]
        assert change.seq == stale.seq + 2
        for stream in (first, late):
            await stream.close()


@pytest.mark.parametrize("is_snapshot", [True, False])
async def test_a_book_is_crossed(is_snapshot: bool):
    async with world(book_interval_ms=20) as w:
        stream = await followed(w)
        armed = w.paradex.faults.add(faults.CrossedBook(market=MARKET, snapshots=is_snapshot))
        if is_snapshot:
            await stream.result("unsubscribe", {"channel": _DELTAS})
            await stream.subscribe(_DELTAS)
        else:
            w.trade("BUY", "1", "60500")
        crossed = (await books(w, stream, 2))[1]
        assert armed.is_exhausted
        assert crossed.is_snapshot is is_snapshot
        assert max(crossed.bids)[0] == 138_000 * 10**8
        await stream.close()


async def test_books_of_other_markets_are_as_ever():
    async with world(book_interval_ms=20) as w:
        w.paradex.faults.add(faults.CrossedBook(market="ETH-USD-PERP"))
        w.paradex.faults.add(faults.SequenceJump(market="ETH-USD-PERP"))
        stream = await followed(w)
        w.trade("BUY", "1", "60500")
        first, change = await books(w, stream, 2)
        assert change.seq == first.seq + 1
        assert len(w.paradex.faults.pending) == 2
        await stream.close()
