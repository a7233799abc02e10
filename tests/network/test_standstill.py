"""A loop that stood still is told with the connection that was lost by it (rule S9)."""

import pytest

from nautilus_paradex.network.standstill import MEMORY_SECS
from nautilus_paradex.network.standstill import Standstill


class Clock:
    """A clock and its one timer, by hand."""

    def __init__(self):
        self.now = 100.0
        self.due = None
        self.work = None

    def monotonic(self):
        return self.now

    def call_later(self, seconds, work):
        self.due, self.work = self.now + seconds, work
        return self

    def cancel(self):
        self.work = None

    def run(self, late=0.0):
        """Call what is due, so late."""
        self.now = self.due + late
        self.work()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def standstill(clock):
    looks = Standstill(clock)
    looks.watch()
    return looks


def test_s9_a_loop_that_goes_on_stood_still_for_nothing(clock, standstill):
    for _ in range(100):
        clock.run()
    assert standstill.longest_secs() == 0.0


def test_s9_the_longest_standstill_is_remembered_for_a_while(clock, standstill):
    clock.run(late=3.0)
    clock.run(late=1.0)
    assert standstill.longest_secs() == pytest.approx(3.0)


def test_s9_a_standstill_is_known_before_the_look_that_it_keeps_waiting(clock, standstill):
    clock.now = clock.due + 3.0
    assert standstill.longest_secs() == pytest.approx(3.0)


def test_s9_an_old_standstill_is_forgotten(clock, standstill):
    clock.run(late=3.0)
    for _ in range(round(MEMORY_SECS / 0.5) + 1):
        clock.run()
    assert standstill.longest_secs() == 0.0


def test_s9_who_stopped_looking_knows_of_no_standstill_and_leaves_no_timer(clock, standstill):
    standstill.stop()
    clock.now += 60
    assert standstill.longest_secs() == 0.0
    assert clock.work is None
    standstill.stop()
