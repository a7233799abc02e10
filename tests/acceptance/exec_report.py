"""
Run the framework's execution testing spec; write docs/acceptance-execution.md from its outcome.

Run as ``python -m tests.acceptance.exec_report``; the exit code is pytest's.
"""

import re
import sys
from pathlib import Path

import pytest

from tests.acceptance import exec_spec


TESTS = Path(__file__).with_name("test_exec_spec.py")

_CASE = re.compile(r"TC-E\d+")
_TRANSPORT = re.compile(rf"\b({'|'.join(exec_spec.TRANSPORTS)})\b")


class Outcomes:
    """By each run of a proof, if it passed."""

    def __init__(self) -> None:
        self.passed: dict[exec_spec.Run, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note an outcome; a run with further parameters passes if it does with all of them."""
        run = run_of(report.nodeid)
        if run is None:
            return
        if report.failed:
            self.passed[run] = False
        elif report.when == "call" and report.passed:
            self.passed.setdefault(run, True)


def run_of(nodeid: str) -> exec_spec.Run | None:
    """Return the run that pytest has under an id; None for a test of no case."""
    test, _, ids = nodeid.rpartition("::")[2].partition("[")
    transport = _TRANSPORT.search(ids)
    if transport is None:
        return None
    case = _CASE.search(ids)
    return exec_spec.Run(test, case.group() if case else "", transport.group())


def main() -> int:
    """Run the cases and write the table, also where some of them fail."""
    outcomes = Outcomes()
    # The test of the table compares with what is yet to be written.
    code = pytest.main(["-q", str(TESTS), "-k", "not committed_table"], plugins=[outcomes])
    exec_spec.DOCUMENT.write_text(exec_spec.document(outcomes.passed))
    print(f"{exec_spec.DOCUMENT} is written")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
