"""S6: REST is polled while a stream does not come back, and not before or after."""

import asyncio

from nautilus_paradex.network.fallback import Fallback
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.protocol.errors import TransportError
from tests.network.virtual_timing import VirtualTiming
from tests.network.virtual_timing import settle


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def __getattr__(self, name: str):
        return lambda text, *_: self.lines.append(f"{name}: {text}")


class Polled:
    """A room that is polled."""

    def __init__(self, *, after_attempts: int = 3) -> None:
        self.timing = VirtualTiming(auto=False)
        self.log = Said()
        self.tasks = BackgroundTasks(self.log)
        self.times: list[float] = []
        self.failures = 0
        self.fallback = Fallback(
            name="account",
            after_attempts=after_attempts,
            interval_secs=15.0,
            poll=self.poll,
            timing=self.timing,
            spawn=self.tasks.spawn,
            log=self.log,
        )
        self.fallback.open()

    async def poll(self) -> None:
        self.times.append(self.timing.now)
        if self.failures:
            self.failures -= 1
            raise TransportError("REST is away too", sent=False)


async def test_s6_polling_begins_after_so_many_failures_and_repeats():
    room = Polled()
    for attempts in (1, 2):
        room.fallback.look(failed_attempts=attempts, healthy=False)
        await settle()
    assert (room.times, room.fallback.is_active) == ([], False)
    start = room.timing.now
    for attempts in (3, 4, 5):
        room.fallback.look(failed_attempts=attempts, healthy=False)
    await settle()
    assert room.fallback.is_active
    await room.timing.advance(31)
    assert room.times == [start, start + 15, start + 30]
    await room.tasks.cancel_all()


async def test_s6_polling_ends_with_the_first_healthy_connection():
    room = Polled()
    room.fallback.look(failed_attempts=3, healthy=False)
    await settle()
    room.fallback.look(failed_attempts=0, healthy=True)
    await settle()
    await room.timing.advance(60)
    assert len(room.times) == 1
    assert not room.fallback.is_active
    assert len(room.tasks) == 0
    room.fallback.look(failed_attempts=3, healthy=False)
    await settle()
    assert len(room.times) == 2
    await room.tasks.cancel_all()


async def test_s6_a_poll_that_fails_is_tried_again_and_said_once():
    room = Polled()
    room.failures = 3
    room.fallback.look(failed_attempts=9, healthy=False)
    await settle()
    await room.timing.advance(60)
    assert len(room.times) == 5
    assert len([line for line in room.log.lines if "polling fails" in line]) == 1
    assert any("works again after 3 failures" in line for line in room.log.lines)
    await room.tasks.cancel_all()


async def test_s6_a_fault_of_the_room_is_said():
    room = Polled()

    async def broken() -> None:
        raise ValueError("a fault")

    room.fallback._poll = broken
    room.fallback.look(failed_attempts=3, healthy=False)
    await asyncio.sleep(0)
    await settle()
    assert any("Failed to poll account" in line for line in room.log.lines)


async def test_s6_a_room_that_disconnects_is_polled_no_more():
    room = Polled()
    room.fallback.look(failed_attempts=3, healthy=False)
    await settle()
    room.fallback.close()
    # Closing the stream is a change of its state too.
    room.fallback.look(failed_attempts=3, healthy=False)
    await settle()
    await room.timing.advance(60)
    assert len(room.times) == 1
    assert len(room.tasks) == 0
