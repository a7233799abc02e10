"""
The private stream is struck after any frame of a session of 200 orders (rules S4, S5, E5, E10).

Every run strikes after a sample of the frames, one of each part of the session; which, follows
the seed (``PARADEX_SEED``). All frames are struck on demand: ``pytest -m soak`` runs this file's
last test, of which ``STREAM_CUTS=2/4`` runs the second of four parts.
"""

import json
import os
from collections import Counter
from random import Random
from typing import Final

import pytest

from tests.conftest import Count
from tests.virtual.sessions import seeds
from tests.virtual.struck import Strike
from tests.virtual.struck import frames_of
from tests.virtual.struck import strike
from tests.virtual.trading import ORDERS


#: Names the part of all frames that the soak strikes after: ``2/4``.
PART_VARIABLE: Final = "STREAM_CUTS"

TRANSPORTS: Final = ("rest", "ws")

#: Parts of the session of which each run strikes one frame, for each kind of strike.
_STRATA: Final = 8

#: Sessions of one test: a fault that many of them find is told with the first of them.
_TOLD: Final = 5


def _sample(seed: int, kind: Strike) -> list[tuple[int, str]]:
    """Return frames of all parts of the session, and the transports of their sessions."""
    chance = Random(f"{seed} {kind}")
    sample = []
    for stratum in range(_STRATA):
        transport = TRANSPORTS[(stratum + seed) % len(TRANSPORTS)]
        frames = frames_of(seed, transport)
        first, last = (frames * n // _STRATA for n in (stratum, stratum + 1))
        sample.append((chance.randint(first + 1, last), transport))
    return sample


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("seed", seeds(1))
def test_e5_session_of_200_orders_ends_equal_when_nothing_strikes(
    seed: int, transport: str
) -> None:
    # Else a strike after each frame says little.
    assert frames_of(seed, transport) > 3 * ORDERS


@pytest.mark.survives(1)
@pytest.mark.timeout(400)  # a busy machine is slower by far
@pytest.mark.parametrize("kind", list(Strike))
@pytest.mark.parametrize("seed", seeds(1))
def test_e5_e10_stream_struck_after_a_frame_loses_doubles_and_sticks_nothing(
    kind: Strike, seed: int, count: Count
) -> None:
    total: Counter[str] = Counter()
    for frame, transport in _sample(seed, kind):
        total += strike(kind, frame, seed, transport)
    done = {"partly_filled", "modified", "cancelled", "batches", "batch_cancels"}
    assert done <= total.keys()
    count(sessions=_STRATA, seed=seed, **total)


@pytest.mark.soak
@pytest.mark.survives(1)
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", list(Strike))
@pytest.mark.parametrize("seed", seeds(1))
def test_e5_e10_stream_struck_after_every_frame_loses_doubles_and_sticks_nothing(
    kind: Strike, transport: str, seed: int, count: Count
) -> None:
    part, parts = map(int, os.environ.get(PART_VARIABLE, "1/1").split("/"))
    frames = range(part, frames_of(seed, transport) + 1, parts)
    total: Counter[str] = Counter()
    failures = []
    for frame in frames:
        try:
            total += strike(kind, frame, seed, transport)
        except AssertionError as e:
            failures.append("\n".join([f"{kind} after {frame} by {transport}: {e}", *e.__notes__]))
    figures = {"kind": kind, "transport": transport, "seed": seed, "part": f"{part}/{parts}"}
    figures |= {"sessions": len(frames), "failed": len(failures), **total}
    print(json.dumps(figures))
    count(sessions=len(frames), seed=seed, **total)
    assert not failures, "\n\n".join(failures[:_TOLD])
