"""
Run what the reliability page speaks of, and write docs/reliability.md from its outcome.

``python -m tests.reliability.report`` runs what every run of the tests has, on three workers.
``python -m tests.reliability.report --long [pytest's arguments]`` runs soak tests and keeps their
figures for the page, beside those of earlier runs. The exit code is pytest's.
"""

import sys

import pytest

from tests.reliability.lines import DOCUMENT
from tests.reliability.lines import MARKER
from tests.reliability.lines import TestRun
from tests.reliability.lines import document
from tests.reliability.lines import keep_long_runs
from tests.reliability.lines import read_long_runs


class Outcomes:
    """The tests that prove a line, as they were run."""

    def __init__(self) -> None:
        self.runs: dict[str, TestRun] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test when it has run; what fails before or after it fails too."""
        figures = report.user_properties
        line = next((value for name, value in figures if name == MARKER), None)
        if line is None or not (report.when == "call" or report.failed):
            return
        if report.skipped:
            return
        known = self.runs.get(report.nodeid)
        self.runs[report.nodeid] = TestRun(
            test=report.nodeid,
            line=int(str(line)),
            passed=report.passed and (known is None or known.passed),
            figures=tuple((name, int(str(n))) for name, n in figures if name != MARKER),
        )


def main(arguments: list[str]) -> int:
    """Run the tests and write the page, also where some of them fail."""
    long = arguments[:1] == ["--long"]
    outcomes = Outcomes()
    if long:
        chosen = ["-m", f"{MARKER} and soak", "--timeout", "0", *arguments[1:]]
    else:
        chosen = ["-m", f"{MARKER} and not soak", "-n", "3", *arguments]
    code = pytest.main(["-q", *chosen], plugins=[outcomes])
    long_runs = read_long_runs()
    if long:
        long_runs = keep_long_runs(long_runs, outcomes.runs)
        # What is run always is run again with the page; only its long part is new here.
        print(f"{len(outcomes.runs)} long runs are kept; write the page by a run without --long")
        return int(code)
    DOCUMENT.write_text(document(outcomes.runs.values(), long_runs))
    print(f"{DOCUMENT} is written")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
