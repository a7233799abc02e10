"""Whole nodes through long faults, in virtual time."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest

from tests.virtual.sessions import SEED_VARIABLE
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import outage


_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", seeds(3))
def test_a_session_of_the_same_seed_is_the_same_session(seed: int) -> None:
    story = functools.partial(outage, seconds=60.0)
    assert tell(story, seed) == tell(story, seed)
    assert tell(story, seed) != tell(story, seed + 1)


def test_a_session_is_the_same_in_another_process() -> None:
    """Python's own hashes, which differ in each process, decide nothing."""

    def told(hash_seed: str) -> str:
        done = subprocess.run(  # the package's own module, on this interpreter
            [sys.executable, "-m", "tests.virtual.told", "5"],
            cwd=_ROOT,
            env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    first = told("1")
    assert len(first.splitlines()) > 50
    assert first == told("2")


async def _fails(at: VirtualSession) -> None:
    raise AssertionError(f"drawn: {at.chance.random()}")


def test_a_session_that_fails_names_its_seed_and_replays_from_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = []
    for seed in (41, 41, 42):
        with pytest.raises(AssertionError) as caught:
            tell(_fails, seed)
        assert caught.value.__notes__ == [f"Replay: {SEED_VARIABLE}={seed}"]
        said.append(str(caught.value))
    assert said[0] == said[1] != said[2]
    monkeypatch.setenv(SEED_VARIABLE, "41")
    assert seeds(1, 2, 3) == [41]
