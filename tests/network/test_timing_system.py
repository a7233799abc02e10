"""Only `timing` touches the real clock; it does what its protocol says."""

import asyncio
import re
import time
from pathlib import Path

import nautilus_paradex
from nautilus_paradex.network.timing import SystemTiming


PACKAGE = Path(nautilus_paradex.__file__).parent
REAL_TIME = re.compile(
    r"^\s*(?:import|from) (?:time|random)\b|\bfrom time import|asyncio\.(?:sleep|wait_for)\(",
    re.MULTILINE,
)


def test_no_other_module_of_the_network_ring_reads_a_clock_sleeps_or_rolls_dice():
    modules = [path for path in (PACKAGE / "network").rglob("*.py") if path.name != "timing.py"]
    assert modules
    offenders = [str(path) for path in modules if REAL_TIME.search(path.read_text())]
    assert offenders == []


async def test_the_system_clock_is_the_machines():
    timing = SystemTiming()
    before = time.time_ns()
    ns, ms = timing.time_ns(), timing.time_ms()
    after = time.time_ns()
    assert before <= ns <= after
    assert before // 1_000_000 <= ms <= after // 1_000_000
    assert before > 1_600_000_000 * 10**9


async def test_monotonic_time_is_the_loops_and_passes_while_asleep():
    timing = SystemTiming()
    loop = asyncio.get_running_loop()
    before = loop.time()
    start = timing.monotonic()
    assert before <= start <= loop.time()
    await timing.sleep(0.001)
    assert timing.monotonic() > start


def test_chance_is_a_fraction_and_varies():
    timing = SystemTiming()
    values = {timing.random() for _ in range(50)}
    assert all(0 <= value < 1 for value in values)
    assert len(values) > 1
