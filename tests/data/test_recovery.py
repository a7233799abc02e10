"""Books that are asked for again, and the proof that they are right then (rules S2, S3)."""

import asyncio

import msgspec
import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from nautilus_paradex.data.books import Books
from nautilus_paradex.data.recovery import MOST_READS
from nautilus_paradex.data.recovery import PATIENCE_SECS
from nautilus_paradex.data.recovery import BookRecovery
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.events import Book


INSTRUMENT = TestInstrumentProvider.ethusdt_perp_binance()
MARKET = INSTRUMENT.id.symbol.value
CHANNEL = channels.book_deltas(MARKET)
UNIT = 10**8


def book(seq, bid=10, *, snapshot=False):
    bids = [(bid * UNIT, UNIT)]
    return Book(market=MARKET, seq=seq, is_snapshot=snapshot, bids=bids, asks=[], ts_ns=seq)


class Log:
    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda message, *rest: self.lines.append((level, message))

    def said(self, level, text):
        return [line for its, line in self.lines if its == level and text in line]


class Timing:
    """Time passes as fast as it is slept."""

    def __init__(self):
        self.now = 0.0
        self.slept = []

    def monotonic(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class World:
    """A venue whose REST book and whose stream are told what to say."""

    def __init__(self):
        self.log, self.timing = Log(), Timing()
        self.tasks = BackgroundTasks(self.log)
        self.answers, self.resubscribed, self.reconnects = [], [], []
        self.on_resubscribe = lambda: self.take(book(self.next_seq(), snapshot=True))
        self.on_rest = lambda: None
        self.seq = 100
        self.books = Books(
            emit=lambda data: None,
            resync=self._resync,
            reload=lambda market, reason: None,
            clock=TestClock(),
            log=self.log,
        )
        self.feed = self.books.want(CHANNEL, INSTRUMENT)
        self.recovery = BookRecovery(
            books=self.books,
            streams=self,
            rest=self,
            timing=self.timing,
            spawn=self.tasks.spawn,
            log=self.log,
        )

    def next_seq(self):
        self.seq += 1
        return self.seq

    def take(self, event):
        self.books.on_frame(CHANNEL, event)

    def _resync(self, channel, reason):
        self.recovery.resync_soon(channel, reason)

    # the sockets
    async def resubscribe(self, channel):
        await asyncio.sleep(0)
        self.resubscribed.append(channel.name)
        self.on_resubscribe()

    def reconnect(self, channel, reason):
        self.reconnects.append(reason)

    def is_healthy_for(self, channel):
        return True

    # REST
    async def orderbook(self, market, *, depth=None, interactive=False):
        await asyncio.sleep(0)
        self.on_rest()
        answer = self.answers.pop(0) if self.answers else book(self.seq)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def settle(self):
        async with asyncio.timeout(5):
            while len(self.tasks):  # noqa: ASYNC110 - tasks end by themselves
                await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_s3_a_gap_is_asked_for_again_once_and_compared_with_rest():
    world = World()
    world.take(book(1, snapshot=True))
    world.take(book(3))
    world.recovery.resync_soon(CHANNEL, "again")
    await world.settle()
    assert world.resubscribed == [CHANNEL.name]
    assert world.feed.is_in_sync
    assert world.log.said("info", "equals REST's")


@pytest.mark.asyncio
async def test_a_book_that_differs_from_rest_is_dropped_and_asked_for_again():
    world = World()
    world.answers = [book(101, bid=9)]
    world.recovery.resync_soon(CHANNEL, "a gap")
    await world.settle()
    assert len(world.resubscribed) == 2
    assert world.log.said("warning", "bid 1 is 1 at 10, not 1 at 9")
    assert world.log.said("info", "equals REST's at 102")


@pytest.mark.asyncio
async def test_frames_that_come_during_the_comparison_are_replayed_to_rests_number():
    world = World()
    world.answers = [book(102, bid=11)]
    world.on_rest = lambda: (world.take(book(102, bid=11)), world.take(book(103, bid=12)))
    world.recovery.resync_soon(CHANNEL, "a gap")
    await world.settle()
    assert world.log.said("info", "equals REST's at 102")
    assert world.feed.journal is None


@pytest.mark.asyncio
async def test_a_book_that_never_meets_rests_number_is_kept_and_that_is_said():
    world = World()
    world.answers = [book(5), TransportError("no answer", sent=True), book(5)]
    world.recovery.resync_soon(CHANNEL, "a gap")
    await world.settle()
    assert len(world.resubscribed) == 1
    assert world.feed.is_in_sync
    assert world.log.said("warning", "cannot be compared")
    assert world.log.said("info", "was never at the number")


@pytest.mark.asyncio
async def test_a_book_that_keeps_breaking_is_asked_for_at_growing_intervals():
    world = World()
    for _ in range(9):
        world.books.make_stale(CHANNEL)
        world.recovery.resync_soon(CHANNEL, "a gap")
        await world.settle()
        world.timing.slept, slept = [], world.timing.slept
        pause = slept[0]
    assert pause == 60.0
    world.timing.now += 1_000
    world.recovery.resync_soon(CHANNEL, "a gap")
    await world.settle()
    assert world.timing.slept[0] == 0.0


@pytest.mark.asyncio
async def test_a_resync_that_the_venue_refuses_reconnects():
    world = World()

    def refuse():
        raise VenueError("invalid channel")

    world.on_resubscribe = refuse
    world.recovery.resync_soon(CHANNEL, "a gap")
    await world.settle()
    assert world.log.said("error", "invalid channel")
    assert len(world.reconnects) == 1


@pytest.mark.asyncio
async def test_s2_a_book_that_is_acknowledged_and_silent_is_asked_for_again():
    world = World()
    watch = asyncio.ensure_future(world.recovery.watch())
    async with asyncio.timeout(5):
        while not world.resubscribed:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0)
    watch.cancel()
    await world.settle()
    assert world.log.said("error", f"acknowledged {CHANNEL.name} and sends nothing")
    assert world.feed.is_in_sync
    world.recovery.forget(CHANNEL)


async def watched(world, rounds):
    """Let so many rounds of the watch pass."""
    watch = asyncio.ensure_future(world.recovery.watch())
    async with asyncio.timeout(5):
        while world.timing.slept.count(PATIENCE_SECS) <= rounds:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
    watch.cancel()
    await world.settle()


def younger(seq, bid):
    return msgspec.structs.replace(book(seq, bid=bid), ts_ns=10**18)


@pytest.mark.parametrize("number", [90, 101, 150], ids=["restarted", "same", "ahead"])
async def test_s2_s3_a_book_that_stands_still_while_rests_has_moved_is_asked_for_again(number):
    """The subscription died, the first snapshot was stale, or the numbers started anew."""
    world = World()
    world.take(book(world.next_seq(), snapshot=True))
    world.answers = [younger(number, 10), younger(number, 9)]
    await watched(world, 3)
    assert world.resubscribed == [CHANNEL.name]
    assert world.log.said("warning", f"it stands still at 101, and REST's is at {number}")
    assert world.feed.is_in_sync


async def test_s3_a_book_that_stands_still_as_rests_does_is_kept():
    world = World()
    world.take(book(world.next_seq(), snapshot=True))
    # An older answer of REST differs for a good reason; one that fails says nothing.
    world.answers = [book(99, bid=3), TransportError("no answer", sent=True), younger(150, 10)]
    await watched(world, 4)
    assert world.answers == []
    assert world.resubscribed == []


async def test_s3_a_book_that_moves_is_not_compared_nor_judged_by_what_was_on_its_way():
    world = World()
    world.take(book(world.next_seq(), snapshot=True))
    asked = []

    def move():
        asked.append(world.seq)
        world.take(book(world.next_seq(), bid=11))

    world.on_rest = move
    world.answers = [younger(150, 9), younger(151, 9)]
    await watched(world, 2)
    assert world.resubscribed == []
    assert asked == [101]


async def test_books_that_stand_still_are_compared_in_turns():
    world = World()
    asked = []
    for number in range(MOST_READS + 2):
        channel = channels.book_deltas(f"M{number:02}")
        world.books.want(channel, INSTRUMENT)
        world.books.on_frame(channel, book(7, snapshot=True))
    world.orderbook = lambda market, **_: asked.append(market) or answered(book(7))
    await watched(world, 3)
    first, second = asked[:MOST_READS], asked[MOST_READS : 2 * MOST_READS]
    assert len({*first, *second}) == MOST_READS + 2


async def answered(value):
    return value


async def test_s3_a_book_that_breaks_again_while_it_is_asked_for_is_asked_for_once_more():
    world = World()
    world.take(book(1, snapshot=True))

    def break_again():
        world.on_resubscribe = lambda: world.take(book(300, snapshot=True))
        world.take(book(200, snapshot=True))
        world.take(book(202))

    world.on_resubscribe = break_again
    world.take(book(3))
    await world.settle()
    assert world.resubscribed == [CHANNEL.name] * 2
    assert world.feed.is_in_sync
