"""Clocks, sleeping, timers and chance are real in two modules only; so sessions can be replayed."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Final

import pytest

import nautilus_paradex
from tests.virtual.real_time import real_time_in


_PACKAGE: Final = Path(nautilus_paradex.__file__).parent

#: Where something may be real, and why.
_ALLOWED: Final = {
    ("network/timing.py", "*"): "the client side's own module",
    ("simulator/clock.py", "*"): "the simulator's own module",
    ("cli/*", "*"): "a person waits before it",
    ("vault.py", "secrets.token_bytes"): "a salt, which must not be guessed",
}


def test_nothing_reads_a_clock_sleeps_or_rolls_dice_outside_the_modules_for_it():
    found = [
        (path.relative_to(_PACKAGE).as_posix(), line, name)
        for path in sorted(_PACKAGE.rglob("*.py"))
        for line, name in real_time_in(path.read_text())
    ]
    used = {
        allowed
        for allowed in _ALLOWED
        for path, _, name in found
        if fnmatch(path, allowed[0]) and fnmatch(name, allowed[1])
    }
    wrong = [
        f"{path}:{line}: {name}"
        for path, line, name in found
        if not any(fnmatch(path, where) and fnmatch(name, what) for where, what in _ALLOWED)
    ]
    assert wrong == []
    assert used == set(_ALLOWED), "an exception that nobody needs"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import time\ntime.time()", "time.time"),
        ("import time as t\nt.monotonic()", "time.monotonic"),
        ("from time import perf_counter\nperf_counter()", "time.perf_counter"),
        ("import time\nclock = time.time_ns", "time.time_ns"),
        ("import random\nrandom.random()", "random.random"),
        ("from random import choice as pick\npick([1])", "random.choice"),
        ("import random\nrandom.Random()", "random.Random without a seed"),
        ("from random import Random\nRandom()", "random.Random without a seed"),
        ("import secrets\nsecrets.randbits(8)", "secrets.randbits"),
        ("import uuid\nuuid.uuid4()", "uuid.uuid4"),
        ("from os import urandom\nurandom(8)", "os.urandom"),
        ("import asyncio\nasync def f():\n    await asyncio.sleep(1)", "asyncio.sleep"),
        ("import asyncio\nsleep = asyncio.sleep", "asyncio.sleep"),
        ("from asyncio import timeout\ntimeout(1)", "asyncio.timeout"),
        ("import asyncio\nasyncio.wait_for(x, 1)", "asyncio.wait_for"),
        ("import asyncio\nasyncio.wait(x, timeout=1)", "asyncio.wait with a timeout"),
        ("import asyncio\nasyncio.get_running_loop().time()", "get_running_loop.time"),
        ("def f(loop):\n    loop.time()", "loop.time"),
        ("def f(loop):\n    loop.call_later(1, f)", "loop.call_later"),
        ("import asyncio\nasyncio.get_running_loop().call_at(1, f)", "get_running_loop.call_at"),
        ("from datetime import datetime\ndatetime.now()", "datetime.datetime.now"),
        ("import datetime as dt\ndt.datetime.utcnow()", "datetime.datetime.utcnow"),
        ("from datetime import date\ndate.today()", "datetime.date.today"),
        ("import pandas as pd\npd.Timestamp.utcnow()", "Timestamp.utcnow"),
    ],
)
def test_what_is_real_is_found(source: str, name: str):
    assert name in [found for _, found in real_time_in(source)]


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)",
        "import asyncio\nasyncio.wait([], return_when='FIRST_COMPLETED')",
        "from random import Random\nrng = Random(7)\nrng.random()",
        "import random\ndef f(rng: random.Random): ...",
        "def f(self):\n    self._timing.call_later(1, f)\n    self._timing.random()",
        "def f(clock):\n    clock.utc_now()\n    clock.timestamp_ns()",
        "def f(now):\n    now.time()",
        "def time(): ...\ntime()",
    ],
)
def test_what_is_given_is_not_called_real(source: str):
    assert real_time_in(source) == []
