"""Who hears when: the readers of the firehose, and the order and pace of what is sent."""

import asyncio
from collections import deque
from collections.abc import Callable
from collections.abc import Mapping
from random import Random
from typing import Final

import msgspec

from nautilus_paradex.simulator.clock import monotonic_s
from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.clock import wall_clock_us
from nautilus_paradex.simulator.firehose.feeds import Feed
from nautilus_paradex.simulator.firehose.feeds import Kind


_TICK_S: Final = 0.001
#: After a pause the pump catches up in steps of this many messages: a burst is no rate.
_BURST: Final = 1_000

#: Of 18 messages: how many of each kind, as far as somebody is subscribed to it.
DEFAULT_MIX: Final = (
    (Kind.QUOTES, 9),
    (Kind.DELTAS, 4),
    (Kind.SUMMARIES, 3),
    (Kind.TRADES, 2),
)


class Outlet:
    """
    One connection's way out: what is due, and what the kernel has not taken from us yet.

    Parameters
    ----------
    transport : asyncio.Transport
        Below the WebSocket: whole messages are written to it, beside those of the server itself.
    limit : int
        Unread messages after which the reader is too slow.

    """

    def __init__(self, transport: asyncio.Transport, limit: int) -> None:
        self._transport = transport
        self._limit = limit
        self._due = bytearray()
        self._due_messages = 0
        self._bytes = 0
        self._unread: deque[tuple[int, int]] = deque()
        self.unread = 0
        self.most_unread = 0
        self.last_sent_at = monotonic_s()

    def push(self, frame: bytearray) -> None:
        """Take a copy of a message."""
        self._due += frame
        self._due_messages += 1

    def flush(self) -> bool:
        """Write what is due; return if the reader keeps up."""
        if not self._due:
            return True
        if self._transport.is_closing():
            # The reader has gone, or was cut off; its session ends soon.
            self._due, self._due_messages = bytearray(), 0
            return True
        taken = self._bytes - self._transport.get_write_buffer_size()
        while self._unread and self._unread[0][0] <= taken:
            self.unread -= self._unread.popleft()[1]
        # The transport may keep the buffer: the next one is another.
        due, self._due = self._due, bytearray()
        self._bytes += len(due)
        self._unread.append((self._bytes, self._due_messages))
        self.unread += self._due_messages
        self._due_messages = 0
        self._transport.write(due)
        self.last_sent_at = monotonic_s()
        self.most_unread = max(self.most_unread, self.unread)
        return self.unread <= self._limit

    def cut(self) -> None:
        """End the connection without a word, as the venue does with a slow reader."""
        self._transport.abort()


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What was really sent since the last start."""

    rate: float
    """Messages a second that were asked for."""
    achieved: float
    """Messages a second that were sent, snapshots not among them."""
    messages: int
    seconds: float
    late_messages: int
    """Of what was due, what is not sent: the pump could not keep its rate."""
    longest_pause_ms: float
    """Between two steps of the pump."""


class Pump:
    """
    Sends the next message of each feed in turn, at a rate.

    Parameters
    ----------
    rate : float
        Messages a second, all readers together.
    mix : Mapping[Kind, int]
        How many messages of each kind follow each other.
    seed : int
        Of the order of the markets.
    on_slow : Callable[[Outlet], None]
        Told of a reader that is cut off.

    """

    def __init__(
        self, rate: float, mix: Mapping[Kind, int], seed: int, on_slow: Callable[[Outlet], None]
    ) -> None:
        self.rate = rate
        self._mix = dict(mix)
        self._random = Random(seed)
        self._on_slow = on_slow
        self._feeds: dict[Kind, list[Feed]] = {kind: [] for kind in Kind}
        self._turn = dict.fromkeys(Kind, 0)
        self._pattern: list[Kind] = []
        self._step = 0
        self.outlets: set[Outlet] = set()
        self._began = self._ended = self._last = 0.0
        self._sent = 0
        self._longest_pause = 0.0
        self._task: asyncio.Task[None] | None = None

    # -- WHO -----------------------------------------------------------------------------------

    def add(self, feed: Feed) -> None:
        """Take a feed that somebody reads; its place among the others is random."""
        feeds = self._feeds[feed.kind]
        feeds.insert(self._random.randrange(len(feeds) + 1), feed)
        self._plan()

    def remove(self, feed: Feed) -> None:
        """Forget a feed that nobody reads."""
        self._feeds[feed.kind].remove(feed)
        self._plan()

    def _plan(self) -> None:
        """Spread the kinds over a round, each as evenly as can be."""
        shares = {kind: share for kind, share in self._mix.items() if self._feeds[kind]}
        places = [
            ((number + 0.5) / share, kind)
            for kind, share in shares.items()
            for number in range(share)
        ]
        self._pattern = [kind for _, kind in sorted(places)]
        self._step = 0

    # -- WHEN ----------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """If messages flow."""
        return self._task is not None

    def start(self) -> None:
        """Let messages flow, and count from here."""
        if self._task is None:
            self._began = self._last = monotonic_s()
            self._sent = 0
            self._longest_pause = 0.0
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let no message follow."""
        task, self._task = self._task, None
        if task is not None:
            self._ended = monotonic_s()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def pace(self) -> Pace:
        """Return what was really sent since the last start."""
        end = monotonic_s() if self.is_running else self._ended
        seconds = end - self._began
        due = int(self.rate * seconds)
        return Pace(
            rate=self.rate,
            achieved=self._sent / seconds if seconds else 0.0,
            messages=self._sent,
            seconds=seconds,
            late_messages=max(0, due - self._sent),
            longest_pause_ms=self._longest_pause * 1_000,
        )

    async def _run(self) -> None:
        while True:
            await pause(_TICK_S)
            now = monotonic_s()
            self._longest_pause = max(self._longest_pause, now - self._last)
            self._last = now
            due = int(self.rate * (now - self._began)) - self._sent
            if not self._pattern:
                # Nobody listens: nothing is due, and nothing will be made up for.
                self._began = now - self._sent / self.rate
                continue
            self._send(min(due, _BURST))
            self.flush()

    def _send(self, due: int) -> None:
        ts_us = wall_clock_us()
        pattern, feeds, turn, step = self._pattern, self._feeds, self._turn, self._step
        sent = 0
        while sent < due:
            kind = pattern[step]
            step = (step + 1) % len(pattern)
            row = feeds[kind]
            place = turn[kind] % len(row)
            turn[kind] = place + 1
            sent += row[place].send(ts_us)
        self._step = step
        self._sent += sent

    def flush(self) -> None:
        """Write to every reader; cut those off that do not keep up."""
        for outlet in list(self.outlets):
            if not outlet.flush():
                self._on_slow(outlet)
                outlet.cut()
