"""Whatever bytes the venue sends: an error of the package's own, or the number on the wire."""

import os
import random
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import DecodeError
from tests.conftest import Count
from tests.fuzz import __main__ as driver
from tests.fuzz.mutations import Change
from tests.fuzz.mutations import drawn
from tests.fuzz.mutations import mutated
from tests.fuzz.targets import TARGETS
from tests.fuzz.targets import Target
from tests.protocol.sbe_samples import BOOK


_ROOT = Path(__file__).parents[2]

#: Inputs of each target in every run, of each of two kinds.
_EXAMPLES = 250

_NUMBERS = st.integers(0, 1 << 20)
_CHANGES = st.lists(st.builds(Change, _NUMBERS, _NUMBERS, _NUMBERS), min_size=1, max_size=6)
_SETTINGS = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

targets = pytest.mark.parametrize("name", TARGETS)


@pytest.mark.survives(10)
@targets
def test_right_inputs_with_changes_give_no_other_error_and_no_wrong_number(
    name: str, count: Count
) -> None:
    target, seen = TARGETS[name], 0

    @_SETTINGS
    @given(st.sampled_from(target.seeds()), _CHANGES)
    def holds(data: bytes, changes: list[Change]) -> None:
        nonlocal seen
        seen += 1
        target.check(mutated(data, changes))

    holds()
    count(inputs=seen)


@pytest.mark.survives(10)
@targets
def test_any_bytes_give_no_other_error_and_no_wrong_number(name: str, count: Count) -> None:
    target, seen = TARGETS[name], 0

    @_SETTINGS
    @given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
    def holds(data: bytes) -> None:
        nonlocal seen
        seen += 1
        target.check(data)

    holds()
    count(inputs=seen)


@targets
def test_right_inputs_are_right(name: str) -> None:
    target = TARGETS[name]
    for data in target.seeds():
        target.check(data)


_FOUND = sorted(path for path in driver.FOUND.glob("*/*") if path.is_file())


@pytest.mark.survives(10)
@pytest.mark.parametrize("path", _FOUND, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once_does_not_come_back(path: Path, count: Count) -> None:
    TARGETS[path.parent.name].check(path.read_bytes())
    count(inputs=1)


@pytest.mark.soak
@pytest.mark.survives(10)
@targets
def test_a_great_many_inputs_give_no_other_error_and_no_wrong_number(
    name: str, count: Count
) -> None:
    """As many over all targets as FUZZ_INPUTS says; what fails is written down and told."""
    inputs = int(os.environ.get("FUZZ_INPUTS", "1000000")) // len(TARGETS)
    command = [sys.executable, "-m", "tests.fuzz", name, "--runs", str(inputs), "--seed", "1"]
    run = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    count(inputs=inputs, seed=1)


# -- BOUNDS ----------------------------------------------------------------------------------------

_GROUP_AT = 8 + 89
_TEXT_AT = -len("\x0cBTC-USD-PERP")


def _memory_of_decoding(frame: bytes) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            sbe.decode_frame(frame)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.survives(10)
@pytest.mark.parametrize("entry", [0, 1, 15, 16, 17, 65_535])
@pytest.mark.parametrize("count_of_levels", [4_096, 65_535])
def test_a_count_of_levels_beyond_the_frame_takes_no_memory(
    entry: int, count_of_levels: int, count: Count
) -> None:
    frame = bytearray(sbe.encode_event(BOOK, version=2))
    struct.pack_into("<HH", frame, _GROUP_AT, entry, count_of_levels)
    assert _memory_of_decoding(bytes(frame)) < 50_000
    count(inputs=1)


@pytest.mark.survives(10)
@targets
def test_the_largest_inputs_are_taken_too(name: str, count: Count) -> None:
    target = TARGETS[name]
    rows = [b"[" * 65_000, b'{"a":' * 13_000, b"9" * 65_000, b'"' + b"\xc3\xa9" * 32_000 + b'"']
    for data in (*rows, bytes(65_000), b"\xff" * 65_000, b"\n" * 65_000):
        target.check(data)
        target.check(target.seeds()[0][:1] + data)
    count(inputs=2 * 7)


# -- THE DRIVER ------------------------------------------------------------------------------------


def test_every_change_keeps_to_the_bounds_whatever_it_is_drawn_from() -> None:
    rng = random.Random(5)
    for data in (b"", b"x", b'{"a":1,"b":["c"]}', bytes(300)):
        for _ in range(300):
            assert len(mutated(data, drawn(rng))) <= len(data) + 8 * 40_000


def test_the_driver_keeps_what_fails_and_gives_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(data: bytes) -> None:
        if len(data) % 3 == 0:
            raise OverflowError("too large")

    monkeypatch.setitem(TARGETS, "broken", Target(breaks, lambda: [b"a", b"ab"]))
    monkeypatch.setattr(driver, "FAILED", tmp_path)
    counted = driver.run("broken", 200, 1)
    assert counted == driver.run("broken", 200, 1) | {"seconds": counted["seconds"]}
    (place,) = counted["failed"]
    assert "OverflowError" in place
    kept = sorted((tmp_path / "broken").iterdir())
    assert 0 < len(kept) <= 3
    assert "too large" in driver.check("broken", kept[0].read_bytes())
    assert driver.check("broken", b"ab") == ""
    assert "too large" in capsys.readouterr().out
