"""What is read after a gap begins before it, by the venue's clock and whoever sets one (E10)."""

import asyncio

import pytest

from nautilus_paradex.execution.recovery import GAP_OVERLAP_MS
from nautilus_paradex.execution.recovery import LOOK_AGAIN_SECS
from nautilus_paradex.execution.recovery import Recovery
from nautilus_paradex.network.log import NoLog
from tests.network.virtual_timing import VirtualTiming


MINUTE_MS = 60_000


class Parts:
    """Everything that a recovery talks to; keeps from when it reads."""

    def __init__(self):
        self.timing = VirtualTiming(auto=False)
        self.offset_ms = -10 * MINUTE_MS
        self.starts = []
        self.is_whole = True
        self.recovery = Recovery(
            account=self,
            reconciler=self,
            contingencies=self,
            venue_ms=self.venue_ms,
            timing=self.timing,
            spawn=lambda work, name: asyncio.get_running_loop().create_task(work, name=name),
            log=NoLog(),
        )

    def venue_ms(self):
        return self.timing.time_ms() + self.offset_ms

    async def refresh(self):
        pass

    async def run(self, start_ms):
        self.starts.append(start_ms)
        return self.is_whole

    def publish(self):
        pass

    def sweep(self):
        pass


@pytest.fixture
def parts():
    return Parts()


async def test_e10_a_gap_begins_in_the_venues_time_before_its_silence(parts):
    lost_ms = parts.venue_ms()
    parts.recovery.note_gap(60.0)
    await parts.timing.advance(300.0)
    parts.recovery.note_gap(60.0)  # a second loss in the same gap
    await parts.recovery.close_gap()
    assert parts.starts == [lost_ms - 60_000 - GAP_OVERLAP_MS]


@pytest.mark.parametrize("set_by_ms", [-20 * MINUTE_MS, 20 * MINUTE_MS])
async def test_e10_a_gap_in_which_the_venues_clock_is_set_begins_at_the_earlier_reading(
    parts, set_by_ms
):
    lost_ms = parts.venue_ms()
    parts.recovery.note_gap(60.0)
    await parts.timing.advance(300.0)
    parts.offset_ms += set_by_ms
    await parts.recovery.close_gap()
    assert parts.starts == [lost_ms + min(0, set_by_ms) - 60_000 - GAP_OVERLAP_MS]


async def test_e10_after_a_gap_was_closed_the_next_begins_anew(parts):
    parts.recovery.note_gap(0.0)
    await parts.recovery.close_gap()
    await parts.timing.advance(900.0)
    now_ms = parts.venue_ms()
    parts.recovery.note_gap(0.0)
    await parts.recovery.close_gap()
    assert parts.starts[-1] == now_ms - GAP_OVERLAP_MS


async def test_s6_each_poll_reads_from_the_one_before(parts):
    lost_ms = parts.venue_ms()
    parts.recovery.note_gap(0.0)
    for _ in range(3):
        await parts.timing.advance(15.0)
        await parts.recovery.poll()
    assert parts.starts == [lost_ms + ago - GAP_OVERLAP_MS for ago in (0, 15_000, 30_000)]
    await parts.recovery.close_gap()
    assert parts.starts[3] == lost_ms - GAP_OVERLAP_MS


async def test_s7_the_periodic_proof_reads_the_venues_last_interval(parts):
    proof = asyncio.create_task(parts.recovery.prove_every(300.0, lambda: True))
    await parts.timing.advance(300.0)
    assert parts.starts == [parts.venue_ms() - 300_000 - GAP_OVERLAP_MS]
    proof.cancel()


async def test_a_reason_reads_the_venues_last_minute(parts):
    parts.recovery.soon("a test")
    await parts.timing.advance(0.0)
    assert parts.starts == [parts.venue_ms() - GAP_OVERLAP_MS]


async def test_s9_readings_that_are_asked_for_again_and_again_come_slowly(parts):
    """A reason that no reading ends, told by each of them: pauses keep within the rate limits."""

    async def run(start_ms):
        parts.starts.append(start_ms)
        if len(parts.starts) < 100:
            parts.recovery.soon("it is still there")
        return True

    parts.run = run
    parts.recovery.soon("it is there")
    await parts.timing.advance(0.0)
    assert len(parts.starts) == 2, "what one reading brings up the next may end"
    await parts.timing.advance(30.0)
    assert 5 <= len(parts.starts) <= 10


async def test_s9_a_reading_comes_at_once_after_a_quiet_time(parts):
    for _ in range(5):
        parts.recovery.soon("a reason")
        await parts.timing.advance(6.0)
    read = len(parts.starts)
    await parts.timing.advance(61.0)
    parts.recovery.soon("another one, much later")
    await parts.timing.advance(0.0)
    assert len(parts.starts) == read + 1


async def test_s7_what_the_venues_lists_disagree_about_is_looked_at_again_until_they_agree(parts):
    parts.is_whole = False
    parts.recovery.soon("a reason")
    await parts.timing.advance(0.0)
    await parts.timing.advance(2 * LOOK_AGAIN_SECS)
    assert len(parts.starts) == 3
    assert len(set(parts.starts)) == 1, "from the same time on"
    parts.is_whole = True
    await parts.timing.advance(LOOK_AGAIN_SECS)
    await parts.timing.advance(300.0)
    assert len(parts.starts) == 4


async def test_s7_a_closed_gap_is_looked_at_once_more_unless_another_one_opens(parts):
    parts.recovery.note_gap(60.0)
    await parts.recovery.close_gap()
    await parts.timing.advance(LOOK_AGAIN_SECS)
    assert len(parts.starts) == 2
    assert parts.starts[0] == parts.starts[1]
    parts.recovery.note_gap(60.0)
    await parts.recovery.close_gap()
    parts.recovery.note_gap(60.0)
    await parts.timing.advance(LOOK_AGAIN_SECS)
    assert len(parts.starts) == 3


async def test_s7_a_second_look_that_a_disconnect_cancels_leaves_room_for_the_next(parts):
    parts.recovery.look_again()
    await parts.timing.advance(1.0)
    (task,) = [t for t in asyncio.all_tasks() if t.get_name() == "look at the account again"]
    task.cancel()
    await asyncio.wait([task])
    parts.recovery.look_again()
    await parts.timing.advance(LOOK_AGAIN_SECS)
    assert len(parts.starts) == 1
