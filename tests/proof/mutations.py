"""Copies of the package in which guards are taken out, and tests that are run against them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec


ROOT = Path(__file__).parents[2]
_DEADLINE_S = 250


class Mutation(msgspec.Struct, frozen=True, kw_only=True):
    """A guard, taken out."""

    name: str
    file: str
    """Below the package."""
    guard: str
    instead: str
    test: str
    """That must fail then."""


def copy_without(mutations: Iterable[Mutation], folder: Path) -> Path:
    """Copy package and tests without these guards; return where to."""
    copy = folder / "main"
    for name in ("nautilus_paradex", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for mutation in mutations:
        source = copy / "nautilus_paradex" / mutation.file
        text = source.read_text()
        assert mutation.guard in text, f"{mutation.file} has no {mutation.guard!r} any more"
        source.write_text(text.replace(mutation.guard, mutation.instead))
    return copy


def failures_in(copy: Path, tests: Iterable[str], *options: str) -> str:
    """Run tests against a copy, see that some fail, and return what pytest says of it."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *tests],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "PYTEST_ADDOPTS": "", "EQUAL_DEADLINE_S": "8"},
        capture_output=True,
        text=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    said = f"{run.stdout[-2_000:]}\n{run.stderr[-2_000:]}"
    assert run.returncode == 1, said
    assert "failed" in run.stdout, said
    return run.stdout
