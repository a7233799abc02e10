"""The firehose: what it says is the venue's protocol, exact, counted, and the same for a seed."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol.book import BookAction
from nautilus_paradex.protocol.book import BookLevels
from nautilus_paradex.protocol.book import BookSequence
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.simulator.firehose import Firehose
from nautilus_paradex.simulator.firehose import FirehoseListing
from nautilus_paradex.simulator.firehose import FirehoseSettings
from nautilus_paradex.simulator.firehose.feeds import Kind
from nautilus_paradex.simulator.firehose.feeds import feed_of
from nautilus_paradex.simulator.firehose.feeds import websocket_frame
from nautilus_paradex.simulator.firehose.pump import Outlet


BTC = "BTC-USD-PERP"
ETH = "ETH-USD-PERP"
OPTION = "BTC-USD-27NOV26-10000-C"
DEADLINE_S = 10.0


class Client:
    """A plain reader of the feed, without any part of the adapter's network."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.events: list[Any] = []
        self.first_words: list[str] = []
        self._id = 0

    async def ask(self, method: str, **params: Any) -> Any:
        """Send a request and read until its answer."""
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
        await self.socket.send_str(json.dumps(request))
        async with asyncio.timeout(DEADLINE_S):
            while True:
                message = await self.socket.receive()
                if message.type is aiohttp.WSMsgType.TEXT:
                    answer = json.loads(message.data)
                    assert answer["id"] == self._id
                    self.first_words.append("answer")
                    return answer
                self._take(message)

    async def read_until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._take(await self.socket.receive())

    async def drain(self, quiet_s: float = 0.2) -> None:
        """Read until nothing comes."""
        while True:
            try:
                self._take(await self.socket.receive(timeout=quiet_s))
            except TimeoutError:
                return

    def _take(self, message: aiohttp.WSMessage) -> None:
        assert message.type is aiohttp.WSMsgType.BINARY, message
        self.events.append(decode_frame(message.data))
        self.first_words.append("data")

    def counts(self) -> Counter[str]:
        templates = {events.Trade: 1, events.Bbo: 2, events.Book: 3, events.MarketSummary: 4}
        return Counter(f"{templates[type(event)]} {event.market}" for event in self.events)


@asynccontextmanager
async def firehose(**settings: Any) -> AsyncIterator[Firehose]:
    defaults: dict[str, Any] = {
        "rate": 2_000.0,
        "listing": FirehoseListing(perpetuals=4, options=8),
        "held": True,
    }
    async with Firehose(FirehoseSettings(**(defaults | settings))) as running:
        yield running


@asynccontextmanager
async def client(server: Firehose, version: int = 2) -> AsyncIterator[Client]:
    url = f"{server.ws_url}?sbeSchemaId=1&sbeSchemaVersion={version}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        yield Client(socket)


async def get(server: Firehose, path: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(server.http_url + path) as answer:
        return answer.status, await answer.read()


async def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


# -- FEEDS -----------------------------------------------------------------------------------------


async def test_s3_a_books_frames_follow_each_other_and_make_the_book_of_rest() -> None:
    async with firehose() as server, client(server) as reader:
        await reader.ask("subscribe", channel=f"order_book.{BTC}.deltas")
        server.start_flow()
        await reader.read_until(lambda: len(reader.events) > 40)
        await server.stop_flow()
        await reader.drain()
        sequence, levels = BookSequence(), BookLevels()
        actions = []
        for event in reader.events:
            actions.append(sequence.on_frame(event))
            levels.apply(event)
            assert max(levels.bids) < min(levels.asks)
        assert actions == [BookAction.REBUILD, *[BookAction.APPLY] * (len(actions) - 1)]
        status, body = await get(server, f"/orderbook/{BTC}?depth=1000")
        assert status == 200
        book = json_events.rest_book(messages.decode(body, messages.RestBook))
        own = levels.snapshot(BTC)
        assert (book.seq, book.bids, book.asks) == (own.seq, own.bids, own.asks)


async def test_a_late_reader_begins_with_the_book_as_it_is_and_hears_the_same_deltas() -> None:
    channel = f"order_book.{ETH}.deltas"
    async with firehose() as server, client(server) as early, client(server) as late:
        await early.ask("subscribe", channel=channel)
        server.start_flow()
        await early.read_until(lambda: len(early.events) > 5)
        await late.ask("subscribe", channel=channel)
        await late.read_until(lambda: len(late.events) > 5)
        await server.stop_flow()
        await early.drain()
        await late.drain()
    books = []
    for reader in (early, late):
        levels = BookLevels()
        for event in reader.events:
            levels.apply(event)
        books.append(levels.snapshot(ETH))
    assert late.events[0].is_snapshot
    assert late.events[0].seq > early.events[0].seq
    assert [(b.seq, b.bids, b.asks) for b in books[:1]] == [
        (b.seq, b.bids, b.asks) for b in books[1:]
    ]


async def test_everything_that_is_counted_as_sent_arrives() -> None:
    async with firehose() as server, client(server) as reader:
        for market in (BTC, ETH):
            for channel in (f"bbo.{market}", f"trades.{market}", f"order_book.{market}.deltas"):
                assert "result" in await reader.ask("subscribe", channel=channel)
        await reader.ask("subscribe", channel="markets_summary", markets=[OPTION, BTC])
        server.start_flow()
        await reader.read_until(lambda: len(reader.events) > 500)
        await server.stop_flow()
        await reader.drain()
        counts = server.counts()
    assert counts.sent == reader.counts()
    assert set(counts.sent) == {
        *(f"{kind} {market}" for kind in (1, 2, 3) for market in (BTC, ETH)),
        f"4 {OPTION}",
        f"4 {BTC}",
    }
    assert counts.pace.messages == len(reader.events) - 2
    assert counts.slow_readers == 0
    quotes = [e for e in reader.events if isinstance(e, events.Bbo) and e.market == BTC]
    assert all(quote.bid_e8 < quote.ask_e8 for quote in quotes)
    assert [quote.seq for quote in quotes] == sorted({quote.seq for quote in quotes})
    trades = [e for e in reader.events if isinstance(e, events.Trade)]
    assert len({trade.trade_id for trade in trades}) == len(trades)
    assert all(trade.published_ns == trade.created_ns for trade in trades)
    option = next(e for e in reader.events if getattr(e, "market", "") == OPTION)
    assert None not in (option.delta_e8, option.mark_iv_e8, option.theta_e8, option.rho_e8)


async def test_a_scope_of_summaries_is_changed_in_place() -> None:
    async with firehose() as server, client(server) as reader:
        await reader.ask("subscribe", channel="markets_summary", markets=[BTC])
        server.start_flow()
        await reader.read_until(lambda: reader.events)
        answer = await reader.ask(
            "modify_subscription", channel="markets_summary", add=[ETH], remove=[BTC]
        )
        assert answer["result"]["channel"] == "markets_summary"
        reader.events.clear()
        await reader.read_until(lambda: len(reader.events) > 20)
        assert {event.market for event in reader.events} == {ETH}


async def test_summaries_without_a_scope_are_those_of_all_markets() -> None:
    async with firehose() as server, client(server) as reader:
        await reader.ask("subscribe", channel="markets_summary")
        server.start_flow()
        await reader.read_until(lambda: len(reader.counts()) == len(server.symbols))


def test_a_feed_is_the_same_for_a_seed_and_another_for_another() -> None:
    class Page:
        def __init__(self) -> None:
            self.frames: list[bytes] = []

        def push(self, frame: bytearray) -> None:
            self.frames.append(bytes(frame))

    def said(kind: Kind, seed: int) -> list[bytes]:
        feed = feed_of(kind, FirehoseListing(perpetuals=1, options=0).markets(1)[0], seed)
        page = Page()
        feed.begin(page, 5)
        for _ in range(40):
            feed.send(7)
        return page.frames

    for kind in Kind:
        assert said(kind, 1) == said(kind, 1)
        assert said(kind, 1) != said(kind, 2)


@pytest.mark.parametrize(("size", "head"), [(1, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_a_message_is_a_whole_unmasked_binary_frame(size: int, head: int) -> None:
    frame, start = websocket_frame(b"x" * size)
    assert start == head
    assert frame[0] == 0x82
    assert frame[start:] == b"x" * size
    length = {2: frame[1], 4: int.from_bytes(frame[2:4]), 10: int.from_bytes(frame[2:10])}
    assert length[head] == size


# -- PROTOCOL --------------------------------------------------------------------------------------


async def test_an_acknowledgement_comes_before_the_data_and_nothing_after_the_last_word() -> None:
    channel = f"order_book.{BTC}.deltas"
    async with firehose(held=False) as server, client(server) as reader:
        assert (await reader.ask("subscribe", channel=channel))["result"] == {"channel": channel}
        assert reader.first_words == ["answer"]
        await reader.read_until(lambda: len(reader.events) > 3)
        assert "result" in await reader.ask("unsubscribe", channel=channel)
        heard = len(reader.events)
        await reader.drain()
        assert len(reader.events) == heard
        assert server.counts().sent[f"3 {BTC}"] == heard


@pytest.mark.parametrize(
    ("method", "params", "code", "words"),
    [
        ("subscribe", {"channel": "bboo.BTC-USD-PERP"}, -32600, "invalid channel"),
        ("subscribe", {"channel": "order_book.XXX-USD-PERP.deltas"}, -32600, "invalid channel"),
        (
            "subscribe",
            {"channel": f"order_book.{BTC}.deltas@15@50ms"},
            -32600,
            "no parameters expected",
        ),
        ("subscribe", {"channel": f"bbo.{ETH}"}, -32600, "already subscribed"),
        (
            "subscribe",
            {"channel": f"order_book.{ETH}.snapshot@15@100ms"},
            -32600,
            "does not carry",
        ),
        ("subscribe", {"channel": f"bbo.{ETH}.interactive"}, -32600, "without RPI"),
        ("subscribe", {"channel": "bbo.ALL"}, -32600, "one market"),
        ("subscribe", {"channel": f"trades.{ETH}", "markets": [ETH]}, -32600, "markets_summary"),
        ("subscribe", {"channel": f"order_book.{ETH}.interactive_deltas"}, -32600, "without RPI"),
        ("subscribe", {"channel": "orders.ALL"}, 40300, "authentication required"),
        ("subscribe", {}, -32602, "channel is required"),
        ("unsubscribe", {"channel": f"bbo.{BTC}"}, -32600, "not subscribed"),
        ("modify_subscription", {"channel": f"bbo.{ETH}", "add": [BTC]}, -32600, "not a scoped"),
        ("order.create", {}, -32601, "method not found"),
    ],
)
async def test_a_wrong_request_is_refused_in_the_venues_words(
    method: str, params: dict[str, Any], code: int, words: str
) -> None:
    async with firehose() as server, client(server) as reader:
        await reader.ask("subscribe", channel=f"bbo.{ETH}")
        error = (await reader.ask(method, **params))["error"]
        assert error["code"] == code
        assert words in f"{error['message']} {error.get('data')}"


@pytest.mark.parametrize("version", [0, 1, 3])
async def test_s1_only_schema_version_2_is_served(version: int) -> None:
    async with firehose() as server:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with client(server, version):
                pass
        assert caught.value.status == 400


async def test_a_misspelled_market_and_the_markets_channel_are_acknowledged_and_silent() -> None:
    async with firehose(held=False) as server, client(server) as reader:
        for channel in ("markets", "bbo.NOPE-USD-PERP"):
            assert "result" in await reader.ask("subscribe", channel=channel)
        await reader.drain()
        assert reader.events == []
        assert server.counts().sent == {}


async def test_rest_answers_what_a_data_client_starts_with() -> None:
    async with firehose() as server:
        _, body = await get(server, "/markets")
        markets = messages.decode(body, messages.Page[messages.Market]).results
        assert Counter(market.asset_kind for market in markets) == {"PERP": 4, "OPTION": 8}
        _, body = await get(server, f"/markets?market={OPTION}")
        option = messages.decode(body, messages.Page[messages.Market]).results
        assert [market.symbol for market in option] == [OPTION]
        assert option[0].option_type == "CALL"
        _, body = await get(server, "/markets/summary?market=ALL")
        rows = messages.decode(body, messages.Page[messages.MarketSummaryMessage]).results
        assert {row.symbol for row in rows} == server.symbols
        _, body = await get(server, "/system/state")
        assert json.loads(body) == {"status": "ok"}
        _, body = await get(server, "/system/time")
        assert abs(int(json.loads(body)["server_time"]) - time.time_ns() // 1_000_000) < 60_000
        _, body = await get(server, "/system/config")
        assert messages.decode(body, messages.SystemConfig).starknet_chain_id
        _, body = await get(server, "/markets/history")
        assert json.loads(body) == {"results": []}
        assert (await get(server, "/markets/summary"))[0] == 400
        assert (await get(server, "/orderbook/NOPE"))[0] == 404
        assert (await get(server, f"/orderbook/{BTC}?depth=0"))[0] == 400
        _, body = await get(server, f"/orderbook/{BTC}?depth=3")
        assert len(messages.decode(body, messages.RestBook).bids) == 3


# -- PACE ------------------------------------------------------------------------------------------


class Pipe:
    """A transport that takes nothing until it is told to."""

    def __init__(self) -> None:
        self.buffered = 0
        self.is_cut = False

    def write(self, data: bytes | bytearray) -> None:
        self.buffered += len(data)

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def abort(self) -> None:
        self.is_cut = True

    def is_closing(self) -> bool:
        return self.is_cut


def test_s9_unread_messages_are_counted_until_they_are_taken() -> None:
    pipe: Any = Pipe()
    outlet = Outlet(pipe, limit=3)
    frame = bytearray(b"12345")
    outlet.push(frame)
    outlet.push(frame)
    assert outlet.flush()
    outlet.push(frame)
    assert outlet.flush()
    assert (outlet.unread, pipe.buffered) == (3, 15)
    pipe.buffered = 5
    outlet.push(frame)
    assert outlet.flush()
    assert (outlet.unread, outlet.most_unread) == (2, 3)
    outlet.push(frame)
    outlet.push(frame)
    assert not outlet.flush()


def test_nothing_is_written_to_a_reader_that_was_cut_off() -> None:
    pipe: Any = Pipe()
    outlet = Outlet(pipe, limit=3)
    outlet.push(bytearray(b"12345"))
    outlet.cut()
    assert outlet.flush()
    assert pipe.buffered == 0


async def test_connections_are_cut_and_who_comes_back_hears_on() -> None:
    async with firehose(held=False) as server:
        for _ in range(3):
            async with client(server) as reader:
                await reader.ask("subscribe", channel=f"bbo.{BTC}")
                known = sum(server.counts().sent.values())
                await until(lambda known=known: sum(server.counts().sent.values()) > known + 100)
                server.cut_connections()
                await until(lambda: server.counts().connections == 0)


async def test_a_reader_that_does_not_read_is_dropped_and_the_others_stay() -> None:
    """PROTOCOL 6.1: 2,000 unread messages; here 50, and as much as the kernel keeps."""
    async with firehose(rate=400_000.0, queue_max=50, held=False) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1_024)
        path = "/v1?sbeSchemaId=1&sbeSchemaVersion=2"
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        request = {"jsonrpc": "2.0", "id": 1, "method": "subscribe"}
        body = json.dumps(request | {"params": {"channel": f"bbo.{BTC}"}}).encode()
        writer.write(bytes((0x81, 0x80 | len(body))) + bytes(4) + body)
        await until(lambda: server.counts().slow_readers == 1)
        await until(lambda: server.counts().connections == 0)
        writer.close()
        async with client(server) as other:
            assert "result" in await other.ask("subscribe", channel="markets")


async def test_what_was_really_sent_is_said() -> None:
    async with firehose(rate=1e9) as server, client(server) as reader:
        await reader.ask("subscribe", channel=f"bbo.{BTC}")
        server.start_flow()
        await reader.read_until(lambda: len(reader.events) > 2_000)
        await server.stop_flow()
        pace = server.counts().pace
        assert pace.rate == 1e9
        assert 0 < pace.achieved < 1e9
        assert pace.achieved == pytest.approx(pace.messages / pace.seconds)
        assert pace.late_messages > 0
        assert pace.messages == server.counts().sent[f"2 {BTC}"]


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Firehose(FirehoseSettings(rate=0.0))
