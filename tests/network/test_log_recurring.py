"""Failures that come again and again fill no log, and are not forgotten either."""

from typing import Any

from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.log import Recurring
from tests.network.virtual_timing import VirtualTiming


class _Heard(NoLog):
    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.debugs: list[str] = []

    def debug(self, message: str, /) -> None:
        self.debugs.append(message)

    def warning(self, message: str, /) -> None:
        self.warnings.append(message)


def _recurring() -> tuple[Recurring, _Heard, Any]:
    heard, timing = _Heard(), VirtualTiming()
    return Recurring(heard.warning, heard, timing), heard, timing


def test_an_hour_of_failures_is_told_at_first_and_then_in_every_five_minutes():
    recurring, heard, timing = _recurring()
    for number in range(360):
        recurring.note(f"failure {number}")
        timing.now += 10.0
    assert heard.warnings[:3] == ["failure 0", "failure 1", "failure 2"]
    assert heard.warnings[3] == "failure 32 (29 more since this was last said)"
    assert len(heard.warnings) == 14
    assert len(heard.warnings) + len(heard.debugs) == 360


def test_what_works_again_is_told_anew_when_it_fails():
    recurring, heard, _ = _recurring()
    for _ in range(10):
        recurring.note("failure")
    recurring.over()
    recurring.note("another")
    assert heard.warnings == ["failure"] * 3 + ["another"]


def test_rare_failures_are_all_told():
    recurring, heard, timing = _recurring()
    for _ in range(20):
        recurring.note("failure")
        timing.now += 301.0
    assert heard.warnings == ["failure"] * 20
