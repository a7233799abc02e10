"""The reliability page says what was run, and says it where something failed or is missing."""

import pytest

from tests.reliability.lines import DOCUMENT
from tests.reliability.lines import LINES
from tests.reliability.lines import TestRun
from tests.reliability.lines import document
from tests.reliability.report import Outcomes


RUNS = [
    TestRun("a", 1, passed=True, figures=(("orders", 200), ("seed", 1))),
    TestRun("b", 1, passed=True, figures=(("orders", 1_000), ("cuts", 2), ("seed", 2))),
    TestRun("c", 4, passed=True),
]


def test_figures_are_added_up_and_seeds_are_listed() -> None:
    page = document(RUNS, [])
    assert f"| 1 | {LINES[1]} | 2 passed | 1,200 orders, 2 cuts | 1, 2 |" in page
    assert f"| 4 | {LINES[4]} | 1 passed |  |  |" in page
    assert page.count("Nothing was run yet.") == 1


def test_what_failed_is_named() -> None:
    page = document([*RUNS, TestRun("d", 4, passed=False)], [])
    assert "**1 of 2 failed**: d" in page


def test_runs_on_demand_say_their_days() -> None:
    runs = [
        TestRun("a", 9, passed=True, figures=(("frames", 5),), on="2026-11-20"),
        TestRun("b", 9, passed=True, figures=(("frames", 6),), on="2026-11-21"),
    ]
    assert "2 passed, 2026-11-20 to 2026-11-21 | 11 frames" in document([], runs)


@pytest.mark.parametrize("line", LINES)
def test_every_line_is_proven_in_the_committed_page(line: int) -> None:
    """`make docs-reliability` writes it from a run; nothing in it failed."""
    page = DOCUMENT.read_text()
    assert f"| {line} | {LINES[line]} | " in page
    assert "failed**" not in page


def report(when: str, outcome: str, *properties: tuple[str, object]) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="a", location=("a", 1, "a"), keywords={}, outcome=outcome, longrepr=None, when=when,
        user_properties=list(properties),
    )  # fmt: skip


def test_a_test_that_fails_after_its_end_has_failed() -> None:
    outcomes = Outcomes()
    outcomes.pytest_runtest_logreport(report("setup", "passed", ("survives", 1)))
    assert not outcomes.runs
    figures = (("orders", 5), ("orders", 6))
    outcomes.pytest_runtest_logreport(report("call", "passed", ("survives", 1), *figures))
    assert outcomes.runs["a"].passed
    assert outcomes.runs["a"].figures == figures
    outcomes.pytest_runtest_logreport(report("teardown", "failed", ("survives", 1)))
    assert not outcomes.runs["a"].passed


def test_skipped_tests_and_those_of_no_line_are_not_counted() -> None:
    outcomes = Outcomes()
    outcomes.pytest_runtest_logreport(report("call", "passed", ("orders", 5)))
    outcomes.pytest_runtest_logreport(report("call", "skipped", ("survives", 1)))
    assert not outcomes.runs
