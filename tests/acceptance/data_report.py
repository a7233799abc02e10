"""
Run the framework's data testing spec, and write docs/acceptance-data.md from what came of it.

Run as ``python -m tests.acceptance.data_report``; the exit code is pytest's.
"""

import sys
from pathlib import Path

import pytest

from tests.acceptance import data_spec


TESTS = Path(__file__).with_name("test_data_spec.py")


class Outcomes:
    """By the name of each test that was run, if it passed."""

    def __init__(self) -> None:
        self.passed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note an outcome; a test with parameters passes if it does with all of them."""
        name = report.nodeid.rpartition("::")[2].partition("[")[0]
        if report.failed:
            self.passed[name] = False
        elif report.when == "call" and report.passed:
            self.passed.setdefault(name, True)


def main() -> int:
    """Run the cases and write the table, also where some of them fail."""
    outcomes = Outcomes()
    # The test of the table compares with what is yet to be written.
    code = pytest.main(["-q", str(TESTS), "-k", "not committed_table"], plugins=[outcomes])
    data_spec.DOCUMENT.write_text(data_spec.document(outcomes.passed))
    print(f"{data_spec.DOCUMENT} is written")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
