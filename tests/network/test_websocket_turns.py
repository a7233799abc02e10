"""One socket's burst does not keep the event loop, and loses nothing (rule S9)."""

import asyncio
import contextlib
import itertools
import time

import pytest
from aiohttp import WSMsgType
from aiohttp import web

from nautilus_paradex.network import websocket
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.network.websocket import open_websocket


BURST = 3_000


class Server:
    """Sends a burst when told to, and may hang up right behind it."""

    def __init__(self):
        self.sockets = []
        self.pongs = []

    async def __aenter__(self):
        app = web.Application()
        app.router.add_get("/v1", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"ws://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *exc):
        await self._runner.cleanup()

    async def _serve(self, request):
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.PONG:
                self.pongs.append(message.data)
        return socket

    async def burst(self, count=BURST):
        for number in range(count):
            data = number.to_bytes(4, "little")
            if number % 2:
                await self.sockets[0].send_str(str(number))
            else:
                await self.sockets[0].send_bytes(data)


class Reader:
    """Takes a while for each message, and notes what came."""

    def __init__(self, cost=50e-6):
        self.cost = cost
        self.numbers = []
        self.seen_between = set()

    def on_text(self, payload):
        self._take(int(payload))

    def on_binary(self, payload):
        self._take(int.from_bytes(payload, "little"))

    def _take(self, number):
        end = time.perf_counter() + self.cost
        while time.perf_counter() < end:
            pass
        self.numbers.append(number)

    async def watch(self):
        """Note how many messages had come each time that another task got its turn."""
        while True:
            self.seen_between.add(len(self.numbers))
            await asyncio.sleep(0)

    async def until(self, count):
        async with asyncio.timeout(20):
            while len(self.numbers) < count:  # noqa: ASYNC110 - the reader is called back
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def connected(reader):
    async with Server() as server:
        socket = await open_websocket(
            server.url,
            on_text=reader.on_text,
            on_binary=reader.on_binary,
            timing=SystemTiming(),
        )
        watch = asyncio.ensure_future(reader.watch())
        try:
            yield server, socket
        finally:
            watch.cancel()
            await socket.close()


@pytest.mark.asyncio
async def test_s9_other_tasks_get_their_turns_during_a_burst_and_the_order_stays():
    reader = Reader()
    async with connected(reader) as (server, socket):
        await server.burst()
        await reader.until(BURST)
        assert reader.numbers == list(range(BURST))
        # 150 ms of work in turns of a millisecond and a look at the clock every 16 messages.
        between = sorted(reader.seen_between)
        assert max(b - a for a, b in itertools.pairwise(between)) < BURST // 5
        assert not socket._waiting


@pytest.mark.asyncio
async def test_s9_a_close_right_behind_a_burst_loses_nothing():
    reader = Reader()
    async with connected(reader) as (server, socket):
        await server.burst()
        await server.sockets[0].close(code=1001, message=b"release")
        loss = await asyncio.wait_for(socket.lost, 20)
        assert loss.close_code == 1001
        assert reader.numbers == list(range(BURST))


@pytest.mark.asyncio
async def test_a_socket_that_is_given_up_hands_nothing_on_any_more():
    reader = Reader(cost=500e-6)
    async with connected(reader) as (server, socket):
        await server.burst(500)
        await reader.until(20)
        socket.abandon("enough")
        await asyncio.sleep(0)
        came = len(reader.numbers)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(reader.numbers) == came
        assert not socket._waiting


@pytest.mark.asyncio
async def test_s9_too_much_that_waits_stops_the_reading_until_it_is_less(monkeypatch):
    monkeypatch.setattr(websocket, "MOST_WAITING", 100)
    reader = Reader()
    async with connected(reader) as (server, socket):
        sending = asyncio.ensure_future(server.burst())
        paused = set()
        async with asyncio.timeout(20):
            while len(reader.numbers) < BURST:
                paused.add(socket._is_paused)
                await asyncio.sleep(0)
        await sending
        assert paused == {False, True}
        assert reader.numbers == list(range(BURST))


@pytest.mark.asyncio
async def test_s5_a_ping_in_a_burst_is_answered_before_the_burst_is_worked_off():
    reader = Reader(cost=300e-6)
    async with connected(reader) as (server, _):
        await server.burst(1_000)
        await server.sockets[0].ping(b"alive?")
        async with asyncio.timeout(20):
            while not server.pongs:  # noqa: ASYNC110 - the server is called back
                await asyncio.sleep(0)
        assert len(reader.numbers) < 1_000
        assert server.pongs == [b"alive?"]
