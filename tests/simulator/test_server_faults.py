"""Every fault fires as told, counts down and is recorded; nothing else is disturbed."""

import asyncio
import contextlib
from typing import Any

import aiohttp
import pytest

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.faults import Armed
from nautilus_paradex.simulator.faults import Fault
from nautilus_paradex.simulator.faults import FaultQueue
from tests.simulator.server_client import DEADLINE_S
from tests.simulator.server_client import Stream
from tests.simulator.server_client import World
from tests.simulator.server_client import world


async def fired(armed: Armed[Any]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await armed.exhausted()


# -- THE QUEUE --------------------------------------------------------------------------------


def test_a_fault_fires_n_times_and_is_recorded():
    queue = FaultQueue()
    fault = faults.HttpStatus(status=503, path="/orders", n=2)
    armed = queue.add(fault)
    assert queue.on_request("GET", "/account") is None
    assert queue.on_request("POST", "/orders") is fault
    assert (armed.fired, armed.is_exhausted, queue.pending) == (1, False, [fault])
    assert queue.on_request("DELETE", "/orders/1") is fault
    assert queue.on_request("POST", "/orders") is None
    assert (armed.is_exhausted, queue.pending, queue.fired) == (True, [], [fault, fault])


def test_faults_fire_in_the_order_of_arming():
    queue = FaultQueue()
    first = faults.HttpStatus(status=500)
    second = faults.LostResponse(method="POST")
    queue.add(first)
    queue.add(second)
    assert queue.on_request("POST", "/orders") is first
    assert queue.on_request("GET", "/orders") is None
    assert queue.on_request("POST", "/orders") is second


def test_cleared_faults_do_not_fire():
    queue = FaultQueue()
    queue.add(faults.RefuseConnects())
    queue.clear()
    assert queue.on_connect(2) is None
    assert queue.fired == []


@pytest.mark.parametrize(
    ("fault", "channel", "private", "expected"),
    [
        (faults.Lose(), "orders.ALL", True, True),
        (faults.Lose(), "answer", True, False),
        (faults.Lose(), "heartbeat", False, False),
        (faults.Lose(channels=("answer",)), "answer", True, True),
        (faults.Lose(channels=("orders",)), "orders.BTC-USD-PERP", True, True),
        (faults.Lose(channels=("orders",)), "order_book.BTC-USD-PERP.deltas", True, False),
        (faults.Lose(channels=("trades.ALL",)), "trades.ALL", False, True),
        (faults.Lose(channels=("trades.ALL",)), "trades.X", False, False),
        (faults.Lose(private=True), "trades.ALL", False, False),
        (faults.Lose(private=False), "trades.ALL", False, True),
    ],
)
def test_stream_faults_match_by_channel_and_kind_of_connection(
    fault: Fault, channel: str, private: bool, expected: bool
):
    queue = FaultQueue()
    queue.add(fault)
    assert bool(queue.armed_for_frame(channel, private)) is expected


# -- CONNECTS ---------------------------------------------------------------------------------


async def raw_upgrade(w: World) -> bytes:
    """Return what the venue answers to an upgrade; a real client tries again by itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", w.paradex.port)
    writer.write(
        b"GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await reader.read(100)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_connects_are_refused_and_then_served():
    async with world() as w:
        armed = w.paradex.faults.add(faults.RefuseConnects(n=2))
        for _ in range(2):
            assert await raw_upgrade(w) == b""
        assert armed.is_exhausted
        await (await w.stream(auth=False)).close()


async def test_a_handshake_status_can_be_for_one_schema_version():
    async with world() as w:
        w.paradex.faults.add(faults.HandshakeStatus(status=400, sbe_version=2))
        await (await w.stream(auth=False, version=1)).close()
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await w.stream(auth=False, version=2)
        assert caught.value.status == 400
        await (await w.stream(auth=False, version=2)).close()


async def test_a_handshake_status_may_ask_for_a_pause():
    async with world() as w:
        w.paradex.faults.add(faults.HandshakeStatus(status=429, retry_after=7))
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await w.stream(auth=False)
        assert caught.value.status == 429
        assert caught.value.headers["Retry-After"] == "7"


async def test_an_upgrade_may_never_be_answered():
    async with world() as w:
        armed = w.paradex.faults.add(faults.UnansweredConnects())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await w.stream(auth=False)
        assert armed.is_exhausted
        await (await w.stream(auth=False)).close()


# -- REST -------------------------------------------------------------------------------------


async def test_a_status_is_answered_without_carrying_out_the_request():
    async with world() as w:
        await w.login()
        w.paradex.faults.add(
            faults.HttpStatus(
                status=429, body='{"message":"rate limit exceeded"}', retry_after=3, path="/orders"
            )
        )
        status, body, headers = await w.rest.request("POST", "/orders", w.order())
        assert (status, body, headers["Retry-After"]) == (
            429,
            {"message": "rate limit exceeded"},
            "3",
        )
        assert w.exchange.queries.order_history(w.account) == []


async def test_a_lost_request_leaves_no_order_and_a_lost_response_leaves_one():
    async with world() as w:
        await w.login()
        for fault, orders in ((faults.LostRequest(), 0), (faults.LostResponse(), 1)):
            w.paradex.faults.add(fault)
            with pytest.raises(aiohttp.ClientConnectionError):
                await w.rest.request("POST", "/orders", w.order())
            assert len(w.exchange.queries.order_history(w.account)) == orders
        await w.eventually(lambda: w.exchange.queries.open_orders(w.account)[0].status == "OPEN")


async def test_a_body_is_malformed_or_ends_early_although_the_request_was_carried_out():
    async with world() as w:
        await w.login()
        w.paradex.faults.add(faults.MalformedBody(path="/orders"))
        with pytest.raises(ValueError, match="Expecting value"):
            await w.rest.request("POST", "/orders", w.order())
        w.paradex.faults.add(faults.TruncatedBody(path="/orders"))
        with pytest.raises(aiohttp.ClientPayloadError):
            await w.rest.request("POST", "/orders", w.order())
        await w.eventually(lambda: len(w.exchange.queries.open_orders(w.account)) == 2)
        # The venue is none the worse for it.
        assert len((await w.rest.get("/orders"))["results"]) == 2


async def test_an_answer_can_be_slow_and_a_request_too():
    async with world() as w:
        await w.login()
        armed = w.paradex.faults.add(faults.SlowResponse(path="/orders", ms=60_000))
        task = asyncio.create_task(w.rest.request("POST", "/orders", w.order()))
        await fired(armed)
        await w.eventually(lambda: w.exchange.queries.order_history(w.account))
        assert not task.done()
        task.cancel()
        armed = w.paradex.faults.add(faults.SlowRequest(path="/orders", ms=60_000))
        late = asyncio.create_task(w.rest.request("POST", "/orders", w.order(price="59000")))
        await fired(armed)
        assert len((await w.rest.get("/orders"))["results"]) == 1
        late.cancel()
        for each in (task, late):
            with contextlib.suppress(asyncio.CancelledError):
                await each


async def test_tokens_expire_at_a_chosen_request():
    async with world() as w:
        await w.login()
        w.paradex.faults.add(faults.ExpireTokens(method="GET", path="/fills"))
        assert (await w.rest.request("GET", "/orders"))[0] == 200
        assert (await w.rest.request("GET", "/fills"))[1]["error"] == "INVALID_TOKEN"
        await w.login()
        assert (await w.rest.request("GET", "/fills"))[0] == 200


# -- WEBSOCKET COMMANDS -----------------------------------------------------------------------


async def test_commands_of_the_websocket_have_the_same_faults():
    async with world() as w:
        await w.login()
        stream = await w.stream("account")
        w.paradex.faults.add(faults.HttpStatus(method="WS", path="order.", status=429))
        assert (await stream.call("order.create", w.order()))["error"]["code"] == 42901
        w.paradex.faults.add(faults.HttpStatus(method="WS", path="order.", status=500))
        assert (await stream.call("order.create", w.order()))["error"]["code"] == -32603
        assert w.exchange.queries.order_history(w.account) == []
        w.paradex.faults.add(faults.MalformedBody(method="WS", path="order.create", body="{"))
        await stream.send("order.create", w.order())
        await stream.until(lambda: ("garbage", "{") in stream.log)
        w.paradex.faults.add(faults.LostResponse(method="WS", path="order.create"))
        await stream.send("order.create", w.order(price="59000"))
        assert await stream.closed() == 1006
        await w.eventually(
            lambda: [o.status for o in w.exchange.queries.open_orders(w.account)] == ["OPEN"] * 2
        )


# -- STREAM -----------------------------------------------------------------------------------


async def place_and_fill(w: World) -> None:
    """Cause one order update and one fill."""
    w.trade("SELL", "0.01", "68000")
    await w.place(price="68000")


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
async def test_a_connection_is_cut_right_after_so_many_frames(frames: int):
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL", "fills.ALL")
        armed = w.paradex.faults.add(faults.DropAfterFrames(frames=frames))
        await place_and_fill(w)
        await place_and_fill(w)
        assert await stream.closed() == 1006
        await fired(armed)
        assert len([entry for entry in stream.log if entry[0] == "sbe"]) == frames
        await (await w.stream("orders.ALL")).close()


async def test_a_connection_is_closed_with_a_code():
    async with world() as w:
        await w.login()
        stream = await w.stream("fills.ALL")
        w.paradex.faults.add(faults.CloseCode(code=1012, frames=1))
        await place_and_fill(w)
        assert await stream.closed() == 1012
        assert len(stream.events(Fill)) == 1


async def test_frames_are_duplicated_reordered_lost_and_garbled():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL", version=None)

        async def prices(fault: Fault, orders: int) -> list[str]:
            stream.log.clear()
            w.paradex.faults.add(fault)
            for n in range(orders):
                await w.place(price=str(50000 + n))
            await stream.until(lambda: ("json" in str(stream.log[-1:])) and len(stream.log) > 1)
            return [message["price"] for message in stream.messages("orders.ALL")]

        assert await prices(faults.Duplicate(channels=("orders",)), 1) == ["50000"] * 2
        assert await prices(faults.Reorder(channels=("orders",)), 2) == ["50001", "50000"]
        assert await prices(faults.Lose(channels=("orders",)), 3) == ["50001", "50002"]
        garbled = await prices(faults.Garble(channels=("orders",)), 2)
        assert garbled == ["50001"]
        assert stream.log[0][0] == "garbage"
        await stream.close()


async def test_a_garbled_binary_frame_cannot_be_decoded():
    async with world() as w:
        await w.login()
        socket = await w.session.ws_connect(w.paradex.ws_url + "?sbeSchemaId=1&sbeSchemaVersion=2")
        await socket.send_json(
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "subscribe",
                "params": {"channel": "bbo.BTC-USD-PERP"},
            }
        )
        await socket.receive_str(timeout=DEADLINE_S)
        w.paradex.faults.add(faults.Garble())
        w.trade("BUY", "1", "60000")
        frame = await socket.receive_bytes(timeout=DEADLINE_S)
        with pytest.raises(DecodeError):
            decode_frame(frame)
        await socket.close()


async def test_a_delayed_frame_holds_up_its_own_connection_only():
    async with world() as w:
        await w.login()
        channel = "bbo.BTC-USD-PERP"
        delayed = await w.stream(channel, version=None, auth=False)
        prompt = await w.stream(channel, version=None)
        w.paradex.faults.add(faults.Delay(ms=100, private=False))
        for price in ("60000", "60001"):
            w.trade("BUY", "1", price)
        await prompt.until(lambda: len(prompt.messages(channel)) == 2)
        assert delayed.messages(channel) == []
        await delayed.until(lambda: len(delayed.messages(channel)) == 2)
        assert delayed.messages(channel) == prompt.messages(channel)
        for stream in (delayed, prompt):
            await stream.close()


async def test_a_stalled_connection_is_silent_and_another_is_not():
    async with world(ping_interval_s=0.05) as w:
        await w.login()
        stalled = await w.stream("orders.ALL")
        armed = w.paradex.faults.add(faults.Stall(channels=("orders",), frames=1))
        await w.place(price="50000")
        await fired(armed)
        await stalled.until(lambda: stalled.events(OrderUpdate))
        alive = await w.stream("orders.ALL")
        await w.place(price="50001")
        await stalled.send("subscribe", {"channel": "account"})
        await alive.until(lambda: alive.events(OrderUpdate))
        assert len(stalled.events(OrderUpdate)) == 1
        assert stalled.close_code is None
        await w.paradex.drop_connections()
        for each in (stalled, alive):
            await each.closed()


async def test_a_stall_can_end():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        w.paradex.faults.add(faults.Stall(seconds=0.1))
        await w.place(price="50000")
        await stream.until(lambda: stream.events(OrderUpdate))
        await stream.close()


# -- THE WHOLE VENUE --------------------------------------------------------------------------


async def test_the_venue_goes_away_and_comes_back_on_the_same_port():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        order = await w.place(price="67000")
        url = w.paradex.http_url
        await w.paradex.stop_serving()
        assert await stream.closed() == 1006
        with pytest.raises(aiohttp.ClientConnectionError):
            await w.rest.get("/system/time")
        w.trade("SELL", "0.01", "67000")
        await w.paradex.resume_serving()
        assert w.paradex.http_url == url
        (fill,) = (await w.rest.get("/fills"))["results"]
        assert fill["order_id"] == order["id"]
        await (await w.stream("orders.ALL")).close()


async def test_a_stalled_venue_answers_nothing_and_then_everything():
    async with world(ping_interval_s=0.05) as w:
        await w.login()
        stream = await w.stream("orders.ALL")
        w.paradex.stall(True)
        request = asyncio.create_task(w.rest.get("/system/time"))
        connect = asyncio.create_task(w.session.ws_connect(w.paradex.ws_url))
        subscribing = await stream.send("subscribe", {"channel": "account"})
        # The wall clock is what a stall is about; it is not asserted on.
        done, _ = await asyncio.wait((request, connect), timeout=0.2)
        assert not done
        assert ("answer", subscribing) not in stream.log
        w.paradex.stall(False)
        assert (await request)["server_time"]
        await (await connect).close()
        await stream.until(lambda: ("answer", subscribing) in stream.log)
        await stream.close()


async def test_connections_can_be_dropped_with_and_without_a_code():
    async with world() as w:
        first = await w.stream("trades.ALL", auth=False)
        second = await w.stream("trades.ALL", auth=False)
        await w.paradex.drop_connections(1001)
        assert [await first.closed(), await second.closed()] == [1001, 1001]
        third: Stream = await w.stream("trades.ALL", auth=False)
        await w.paradex.drop_connections()
        assert await third.closed() == 1006
