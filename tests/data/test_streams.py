"""The sockets of a data client: who is on which, and when they come and go (S2, S3, trap 9)."""

import asyncio

import pytest

from nautilus_paradex.data.streams import MarketStreams
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.connection import ConnectionState
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.placement import Placement


BTC = "BTC-USD-PERP"


class Stream:
    """A socket that takes everything but what it is told to refuse."""

    def __init__(self, number, handler):
        self.number, self.handler = number, handler
        self.asked, self.left, self.rescoped = [], [], []
        self.confirmed = set()
        self.refuses, self.deaf = set(), False
        self.is_open = False
        self.state = ConnectionState.IDLE
        self.pause = asyncio.Event()
        self.pause.set()

    def start(self):
        assert not self.is_open
        self.is_open = True
        self.state = ConnectionState.CONNECTING

    @property
    def is_healthy(self):
        return self.is_open

    async def wait_healthy(self, timeout):
        if self.deaf:
            raise TransportError("no connection", sent=False)

    async def close(self):
        self.is_open = False
        self.state = ConnectionState.CLOSED
        self.handler.on_stream_state(ConnectionState.CLOSED)

    async def subscribe(self, channel):
        await asyncio.sleep(0)
        self.asked.append(channel)
        if channel.name in self.refuses:
            raise VenueError("invalid channel")
        self.confirmed.add(channel)

    async def unsubscribe(self, channel):
        await self.pause.wait()
        self.left.append(channel)
        self.confirmed.discard(channel)
        if self.deaf:
            raise TransportError("no answer", sent=True)

    async def resubscribe(self, channel):
        await self.unsubscribe(channel)
        await self.subscribe(channel)

    async def rescope(self, channel):
        self.rescoped.append(channel)
        if channel.name in self.refuses:
            raise VenueError("unknown market")

    def is_confirmed(self, channel):
        return channel in self.confirmed

    def reconnect(self, reason):
        self.handler.on_stream_state(ConnectionState.WAITING)

    def status(self):
        return self.number


class Room:
    def __init__(self, **options):
        self.sockets, self.events, self.lost, self.restored, self.refused = {}, [], [], [], []
        self.states = 0
        self.streams = MarketStreams(self._open, self, NoLog(), **options)

    def _open(self, number, handler):
        stream = self.sockets[number] = Stream(number, handler)
        return stream

    def on_event(self, event, socket):
        self.events.append((event, socket))

    def on_fault(self, error):
        self.events.append((error, None))

    def on_socket_lost(self, carried):
        self.lost.append([channel.name for channel in carried])

    def on_refusal(self, channel, error):
        self.refused.append(channel.name)

    def on_state(self):
        self.states += 1

    async def on_restored(self, socket, epoch):
        self.restored.append((socket, epoch))


async def opened():
    room = Room()
    await room.streams.open(1.0)
    room.sockets[0].asked.clear()
    return room


@pytest.mark.asyncio
async def test_a_close_keeps_what_was_wanted_for_the_next_opening():
    room = await opened()
    deltas, depth = channels.book_deltas(BTC), channels.book_snapshot(BTC)
    await room.streams.subscribe(deltas)
    await room.streams.subscribe(depth)
    old = dict(room.sockets)
    await room.streams.close()
    assert list(room.streams.statuses()) == [0, 1]
    await room.streams.open(1.0)
    assert not any(stream.is_open for stream in old.values())
    assert [channel.name for channel in room.sockets[0].asked] == ["markets", deltas.name]
    assert room.sockets[1].asked == [depth]
    assert room.streams.is_healthy


@pytest.mark.asyncio
async def test_trap_9_the_first_socket_is_never_without_a_subscription():
    room = Room()
    await room.streams.open(1.0)
    assert [channel.name for channel in room.sockets[0].asked] == ["markets"]
    assert room.streams.is_healthy
    await room.streams.close()
    assert not room.streams.is_healthy
    assert room.lost == [["markets"]]


@pytest.mark.asyncio
async def test_a_first_socket_that_does_not_come_closes_what_was_opened():
    room = Room()
    room.sockets[0].deaf = True
    with pytest.raises(TransportError, match="no connection"):
        await room.streams.open(1.0)
    assert not room.sockets[0].is_open


@pytest.mark.asyncio
async def test_a_channel_is_asked_for_once_and_left_with_its_last_user():
    room = await opened()
    channel = channels.trades(BTC)
    await room.streams.subscribe(channel, "ticks")
    await room.streams.subscribe(channel, "prints")
    assert room.sockets[0].asked == [channel]
    assert room.streams.user_count == 3
    await room.streams.unsubscribe(channel, "ticks")
    await room.streams.unsubscribe(channel, "ticks")
    assert room.sockets[0].left == []
    await room.streams.unsubscribe(channel, "prints")
    assert room.sockets[0].left == [channel]
    assert room.streams.user_count == 1
    await room.streams.unsubscribe(channels.bbo(BTC), "nobody")


@pytest.mark.asyncio
async def test_a_second_book_of_a_market_opens_a_socket_that_goes_with_it():
    room = await opened()
    deltas, depth = channels.book_deltas(BTC), channels.book_snapshot(BTC)
    await room.streams.subscribe(deltas)
    await room.streams.subscribe(depth)
    assert [stream.asked for stream in room.sockets.values()] == [[deltas], [depth]]
    assert room.streams.statuses() == [0, 1]
    assert room.streams.is_healthy_for(depth)
    room.sockets[1].handler.on_stream_event("frame")
    assert room.events == [("frame", 1)]
    await room.streams.unsubscribe(depth)
    assert not room.sockets[1].is_open
    assert room.streams.statuses() == [0]
    assert not room.streams.is_healthy_for(depth)


@pytest.mark.asyncio
async def test_a_lost_socket_names_its_own_channels_only():
    room = await opened()
    deltas, depth = channels.book_deltas(BTC), channels.book_snapshot(BTC)
    await room.streams.subscribe(deltas)
    await room.streams.subscribe(depth)
    room.streams.reconnect(depth, "it is sick")
    assert room.lost[-1] == [depth.name]
    room.sockets[1].handler.on_stream_refusal(depth, VenueError("no"))
    await room.sockets[1].handler.on_stream_restored(2)
    room.sockets[1].handler.on_stream_fault(VenueError("what"))
    assert (room.refused, room.restored) == ([depth.name], [(1, 2)])
    assert len(room.events) == 1


@pytest.mark.asyncio
async def test_who_comes_back_while_the_venue_is_told_keeps_the_place():
    room = await opened()
    deltas, depth = channels.book_deltas(BTC), channels.book_snapshot(BTC)
    await room.streams.subscribe(deltas)
    await room.streams.subscribe(depth)
    room.sockets[1].pause.clear()
    leaving = asyncio.ensure_future(room.streams.unsubscribe(depth))
    await asyncio.sleep(0)
    await room.streams.subscribe(depth)
    room.sockets[1].pause.set()
    await leaving
    assert room.sockets[1].is_open
    assert room.streams.placement.find(depth) == 1


@pytest.mark.asyncio
async def test_a_refused_channel_is_the_callers_to_know_and_stays_wanted():
    room = Room()
    await room.streams.subscribe(channels.markets())
    room.sockets[0].refuses = {f"bbo.{BTC}"}
    with pytest.raises(VenueError):
        await room.streams.subscribe(channels.bbo(BTC))
    assert room.streams.placement.find(channels.bbo(BTC)) == 0


@pytest.mark.asyncio
async def test_an_unsubscribe_without_an_answer_gives_the_place_up_all_the_same():
    room = Room()
    await room.streams.subscribe(channels.bbo(BTC))
    room.sockets[0].deaf = True
    await room.streams.unsubscribe(channels.bbo(BTC))
    assert room.streams.placement.find(channels.bbo(BTC)) is None


@pytest.mark.asyncio
async def test_a_resync_leaves_and_asks_again_only_what_is_wanted():
    room = Room(placement=Placement())
    channel = channels.book_deltas(BTC)
    await room.streams.resubscribe(channel)
    await room.streams.subscribe(channel)
    await room.streams.resubscribe(channel)
    assert room.sockets[0].asked == [channel, channel]
    assert room.sockets[0].left == [channel]


@pytest.mark.asyncio
async def test_a_scope_changes_in_place_and_a_refused_change_does_not():
    room = Room()
    one = channels.markets_summary(markets=["A"])
    two = channels.markets_summary(markets=["A", "B"])
    with pytest.raises(TransportError):
        await room.streams.rescope(one)
    await room.streams.subscribe(one, "summaries")
    await room.streams.rescope(two)
    assert room.sockets[0].rescoped == [two]
    room.sockets[0].refuses = {two.name}
    with pytest.raises(VenueError):
        await room.streams.rescope(one)
    await room.streams.unsubscribe(two, "summaries")
    assert room.sockets[0].left == [two]
