"""A supervised stream on real sockets (rules S1, S2, S4, S5, S9)."""

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest

from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.stream import ParadexStream
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.connection import ConnectionState
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.events import Bbo
from tests.network.scripted_venue import ScriptedVenue
from tests.network.scripted_venue import until


BBO = bytes.fromhex(
    "300002000100020040c227dafe5b0600b168de3a0000000080e20fba9105000080d1f008000000000079a8ba91050000"
    "40787d01000000000c4254432d5553442d50455250"
)
BTC = channels.bbo("BTC-USD-PERP")
ETH = channels.bbo("ETH-USD-PERP")


class Room:
    """A stream's handler that records."""

    def __init__(self):
        self.events, self.faults, self.states, self.refusals, self.epochs = [], [], [], [], []
        self.restored = asyncio.Event()
        self.restored.set()
        self.fail_on_event = False

    def on_stream_event(self, event):
        if self.fail_on_event:
            raise RuntimeError("a bug in the room")
        self.events.append(event)

    def on_stream_fault(self, error):
        self.faults.append(error)

    def on_stream_state(self, state):
        self.states.append(state)

    def on_stream_refusal(self, channel, error):
        self.refusals.append((channel.name, str(error)))

    async def on_stream_restored(self, epoch):
        self.epochs.append(epoch)
        await self.restored.wait()


class WarningLog(NoLog):
    """A log that keeps warnings."""

    def __init__(self):
        self.warnings = []

    def warning(self, message, /):
        self.warnings.append(message)


class OneTokenAfterAnother:
    """Tokens that a test can reject."""

    def __init__(self):
        self.issued = 1
        self.rejected = []

    async def token(self):
        return f"token-{self.issued}"

    async def refresh(self, rejected_token):
        self.rejected.append(rejected_token)
        self.issued += 1
        return f"token-{self.issued}"

    def distrust(self, token, error):
        self.rejected.append(token)


@pytest.fixture
async def venue():
    venue = ScriptedVenue()
    await venue.start()
    yield venue
    await venue.stop()


@asynccontextmanager
async def stream_to(venue, *, room=None, tokens=None, start=True, log=None, **changes):
    values = {
        "name": "test",
        "url": venue.url,
        "request_timeout": 0.5,
        "reconnect_delay_initial": 0.01,
        "reconnect_delay_max": 0.05,
    }
    timing = SystemTiming()
    stream = ParadexStream(
        StreamSettings(**(values | changes)),
        room or Room(),
        timing=timing,
        limiter=RateLimiter(timing),
        log=log or NoLog(),
        tokens=tokens,
    )
    try:
        if start:
            stream.start()
            await stream.wait_healthy(5)
        yield stream
    finally:
        await stream.close()


async def test_s1_the_highest_schema_version_is_asked_for_first(venue):
    async with stream_to(venue) as stream:
        assert venue.upgrades == [{"sbeSchemaId": "1", "sbeSchemaVersion": "2"}]
        assert stream.status().sbe_version == 2


@pytest.mark.parametrize(("served", "version"), [("1", 1), ("0", 0), (None, None)])
async def test_s1_a_refused_version_steps_down_to_json(venue, served, version):
    venue.served_versions = {served}
    async with stream_to(venue) as stream:
        assert stream.status().sbe_version == version
        assert venue.upgrades[-1].get("sbeSchemaVersion") == served


async def test_s1_every_connection_asks_from_the_top_again(venue):
    venue.served_versions = {"1"}
    async with stream_to(venue) as stream:
        venue.served_versions = {"2", "1"}
        venue.cut()
        await until(lambda: stream.status().epoch == 2 and stream.is_healthy)
        assert stream.status().sbe_version == 2


async def test_binary_and_text_frames_reach_the_room_on_any_channel(venue):
    room = Room()
    async with stream_to(venue, room=room) as stream:
        await stream.subscribe(BTC)
        await venue.send_all(BBO)
        data = {"market": "BTC-USD-PERP", "bid": "1", "bid_size": "2", "ask": "", "ask_size": ""}
        params = {"channel": BTC.name, "data": data | {"seq_no": 4, "last_updated_at": 5}}
        await venue.send_all({"jsonrpc": "2.0", "method": "subscription", "params": params})
        await until(lambda: len(room.events) == 2)
        assert all(isinstance(event, Bbo) for event in room.events)
        assert [event.seq for event in room.events] == [987654321, 4]


async def test_s2_a_refused_subscription_carries_the_venues_words(venue):
    def refuse(request):
        if request["method"] == "subscribe":
            error = {"code": -32600, "message": "invalid subscribe request", "data": "no such"}
            return {"jsonrpc": "2.0", "id": request["id"], "error": error}
        return ScriptedVenue.accept(request)

    venue.answer = refuse
    async with stream_to(venue) as stream:
        with pytest.raises(VenueError, match="invalid subscribe request: no such"):
            await stream.subscribe(BTC)
        assert not stream.is_confirmed(BTC)


async def test_s2_a_subscription_that_is_not_acknowledged_is_an_error_and_a_new_connection(venue):
    venue.answer = lambda request: None
    async with stream_to(venue, request_timeout=0.1) as stream:
        with pytest.raises(TransportError, match=r"no answer to subscribe|reconnect|acknowledge"):
            await stream.subscribe(BTC)
        venue.answer = ScriptedVenue.accept
        await until(lambda: stream.is_confirmed(BTC))
        assert stream.status().epoch >= 2


async def test_s2_a_duplicate_is_harmless(venue):
    def duplicate(request):
        error = {"code": -32600, "message": "already subscribed"}
        return {"jsonrpc": "2.0", "id": request["id"], "error": error}

    venue.answer = duplicate
    async with stream_to(venue) as stream:
        await stream.subscribe(BTC)
        assert stream.is_confirmed(BTC)


async def test_s4_a_reconnect_authenticates_rearms_and_resubscribes_before_it_is_healthy(venue):
    room, tokens = Room(), OneTokenAfterAnother()
    async with stream_to(venue, room=room, tokens=tokens, cancel_on_disconnect=True) as stream:
        await stream.subscribe(BTC)
        await stream.subscribe(ETH)
        await stream.unsubscribe(ETH)
        venue.requests.clear()
        room.restored.clear()
        venue.cut()
        await until(lambda: room.epochs == [1, 2])
        assert venue.methods() == ["auth", "order.cancel_on_disconnect", "subscribe"]
        assert venue.channels() == [BTC.name]
        assert not stream.is_healthy
        assert stream.state is ConnectionState.RECONCILING
        room.restored.set()
        await stream.wait_healthy(5)
        assert stream.status().node_id == "node-7"


@pytest.mark.parametrize("result", [{"enabled": False}, {}, None])
async def test_s4_a_connection_on_which_cancel_on_disconnect_is_not_confirmed_is_given_up(
    venue, result
):
    """Orders that the trader thinks are covered would stay in the book."""

    def unconfirmed(request):
        if request["method"] == "order.cancel_on_disconnect" and len(venue.sockets) < 3:
            return {"jsonrpc": "2.0", "id": request["id"], "result": result}
        return ScriptedVenue.accept(request)

    venue.answer = unconfirmed
    async with stream_to(venue, tokens=OneTokenAfterAnother(), cancel_on_disconnect=True) as stream:
        assert stream.status().epoch == 3


async def test_s4_an_expired_token_is_replaced_once(venue):
    def expired(request):
        if request["method"] == "auth" and request["params"]["bearer"] == "token-1":
            error = {"code": 40111, "message": "invalid bearer"}
            return {"jsonrpc": "2.0", "id": request["id"], "error": error}
        return ScriptedVenue.accept(request)

    venue.answer = expired
    tokens = OneTokenAfterAnother()
    async with stream_to(venue, tokens=tokens):
        assert tokens.rejected == ["token-1"]


async def test_s4_refused_connections_are_tried_again_and_the_last_error_is_said(venue):
    venue.refuse_upgrades = [503, 502, 429]
    async with stream_to(venue) as stream:
        assert stream.status().epoch == 1
    await venue.stop()
    async with stream_to(venue, start=False) as stream:
        stream.start()
        with pytest.raises(TransportError, match="cannot connect"):
            await stream.wait_healthy(0.2)
        assert stream.status().failed_attempts > 1


async def test_s4_a_loss_while_reconciling_starts_again(venue):
    room = Room()
    async with stream_to(venue, room=room, start=False) as stream:
        room.restored.clear()
        stream.start()
        await until(lambda: room.epochs == [1])
        venue.cut()
        await until(lambda: room.epochs == [1, 2])
        room.restored.set()
        await stream.wait_healthy(5)


@pytest.mark.parametrize("moment", ["connecting", "authenticating", "reconciling", "waiting"])
async def test_s4_closing_is_clean_at_any_moment(venue, moment):
    room = Room()
    if moment == "connecting":
        venue.refuse_upgrades = [503] * 100
    if moment == "authenticating":
        venue.answer = lambda request: None
    room.restored.clear()
    async with stream_to(venue, room=room, tokens=OneTokenAfterAnother(), start=False) as stream:
        stream.start()
        if moment == "connecting":
            await until(lambda: venue.upgrades)
        elif moment == "authenticating":
            await until(lambda: venue.requests)
        else:
            await until(lambda: room.epochs)
        if moment == "waiting":
            await venue.stop()
            await until(lambda: stream.state is ConnectionState.WAITING)
        await stream.close()
        assert stream.state is ConnectionState.CLOSED
        assert not [t for t in asyncio.all_tasks() if "paradex stream" in t.get_name()]
        await stream.close()


async def test_s5_a_silent_socket_is_given_up(venue):
    room = Room()
    async with stream_to(venue, room=room, idle_timeout=0.2) as stream:
        await until(lambda: stream.status().epoch >= 2)
        assert ConnectionState.WAITING in room.states


async def test_s5_pings_keep_a_quiet_socket(venue):
    async with stream_to(venue, idle_timeout=0.4) as stream:
        for _ in range(8):
            await venue.sockets[0].ping()
            await asyncio.sleep(0.1)
        assert stream.status().epoch == 1


async def test_garbage_is_counted_told_and_survived(venue):
    room = Room()
    async with stream_to(venue, room=room) as stream:
        await venue.send_all(BBO[:20])
        await venue.sockets[0].send_str("<html>")
        await venue.send_all(b"\x00\x00\x63\x00\x01\x00\x02\x00")
        await venue.send_all(BBO)
        await until(lambda: room.events)
        assert len(room.faults) == 2
        status = stream.status()
        assert (status.undecodable, status.skipped, status.epoch) == (2, 1, 1)


def unknown_frame(template):
    """A frame of schema 1, version 2, that ends after its header."""
    return struct.pack("<4H", 0, template, 1, 2)


async def test_an_unknown_template_is_warned_of_once_whatever_it_sends_and_reconnects(venue):
    log = WarningLog()
    async with stream_to(venue, log=log) as stream:
        for epoch in (1, 2):
            await until(lambda n=epoch: stream.status().epoch == n and stream.is_healthy)
            for template in (99, 98, 99):
                await venue.send_all(unknown_frame(template))
            await until(lambda n=epoch: stream.status().skipped == 3 * n)
            if epoch == 1:
                venue.cut()
        skipped = [text for text in log.warnings if "skipped" in text]
        assert len(skipped) == 2
        assert "template 99" in skipped[0]
        assert "template 98" in skipped[1]


async def test_warnings_of_unknown_templates_are_bounded(venue):
    log = WarningLog()
    async with stream_to(venue, log=log) as stream:
        for template in range(1_000, 1_200):
            await venue.send_all(unknown_frame(template))
        await until(lambda: stream.status().skipped == 200)
        skipped = [text for text in log.warnings if "skipped" in text]
        assert len(skipped) == 65
        assert "further kinds" in skipped[-1]


async def test_a_bug_in_the_room_is_told_and_does_not_end_the_socket(venue):
    room = Room()
    room.fail_on_event = True
    async with stream_to(venue, room=room) as stream:
        await venue.send_all(BBO)
        await until(lambda: room.faults)
        assert isinstance(room.faults[0], DecodeError)
        assert stream.is_healthy


async def test_a_call_that_is_cut_says_that_it_was_sent(venue):
    venue.answer = lambda request: None
    async with stream_to(venue, request_timeout=5) as stream:
        call = asyncio.create_task(stream.call("order.cancel", {"id": "1"}, order=True))
        await until(lambda: venue.requests)
        venue.cut()
        with pytest.raises(TransportError) as raised:
            await call
        assert raised.value.outcome_unknown
        assert venue.requests[0]["id"] >= 2**31


async def test_a_call_without_a_connection_says_that_nothing_was_sent(venue):
    async with stream_to(venue, start=False) as stream:
        with pytest.raises(TransportError) as raised:
            await stream.call("order.cancel", {"id": "1"})
        assert not raised.value.outcome_unknown


async def test_resubscribe_asks_for_a_new_snapshot(venue):
    async with stream_to(venue) as stream:
        await stream.subscribe(BTC)
        await stream.resubscribe(BTC)
        assert venue.methods() == ["subscribe", "unsubscribe", "subscribe"]


async def test_a_close_code_of_the_venue_is_named(venue):
    async with stream_to(venue) as stream:
        await venue.sockets[0].close(code=4031, message=b"no active subscriptions")
        await until(lambda: stream.status().epoch == 2 and stream.is_healthy)
