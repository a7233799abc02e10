"""Tests that change their process for good, each in a process of its own."""

import subprocess
import sys
from pathlib import Path


def in_a_process_of_its_own(path: Path, *, passed: int) -> None:
    """Run the tests of a file that no run collects by itself, and see that so many pass."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--no-cov",
        str(path),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{passed} passed" in run.stdout
