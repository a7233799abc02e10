"""Faults of every kind in one session: requests, answers, frames, connections, tokens (E5-E7)."""

from decimal import Decimal
from random import Random

import pytest

from nautilus_paradex.execution import inflight
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.faults import DropAfterFrames
from nautilus_paradex.simulator.faults import Duplicate
from nautilus_paradex.simulator.faults import ExpireTokens
from nautilus_paradex.simulator.faults import Fault
from nautilus_paradex.simulator.faults import HttpStatus
from nautilus_paradex.simulator.faults import LostRequest
from nautilus_paradex.simulator.faults import LostResponse
from nautilus_paradex.simulator.faults import MalformedBody
from nautilus_paradex.simulator.faults import Reorder
from nautilus_paradex.simulator.faults import SlowResponse
from nautilus_paradex.simulator.faults import TruncatedBody
from tests.faults.sessions import session
from tests.faults.test_stream_cuts import lively
from tests.faults.test_stream_cuts import trade_thirty_orders


_METHODS = ("POST", "PUT", "DELETE", "GET")
_FAULTS = 14


def any_fault(rng: Random) -> Fault:
    """Return a fault of a request, of a frame or of a connection."""
    method = rng.choice(_METHODS)
    path = "" if method == "GET" else "/orders"
    request = {"method": method, "path": path}
    return rng.choice(
        (
            LostRequest(**request),
            LostResponse(**request),
            LostResponse(**request),
            MalformedBody(**request),
            TruncatedBody(**request),
            SlowResponse(**request, ms=rng.choice((100, 1_500))),
            HttpStatus(**request, status=rng.choice((500, 502, 503))),
            HttpStatus(**request, status=429, retry_after=1),
            ExpireTokens(**request),
            DropAfterFrames(frames=rng.randint(0, 40), private=True),
            DropAfterFrames(frames=rng.randint(0, 40), private=True),
            Duplicate(n=rng.randint(1, 30), private=True),
            Reorder(n=rng.randint(1, 10), private=True),
        )
    )


def arm(venue: LocalParadex, seed: int) -> None:
    rng = Random(seed)
    for _ in range(_FAULTS):
        venue.faults.add(any_fault(rng))


async def trade_through_faults(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflight, "REQUEST_LIFE_MS", 2_000)
    execution = {"recv_window_ms": 1_000, "http_timeout_secs": 1}
    async with session(config=lively(seed), execution=execution, seed=seed, may_fail=True) as at:
        arm(at.venue, seed)
        await trade_thirty_orders(at, seed)
        at.venue.faults.clear()
        # A frame that is still held comes with the next one.
        at.venue.exchange.deposit(at.account, Decimal(1))
        await at.ends_equal()
        creates = at.venue.exchange.queries.order_history(at.account)
        names = [order.client_id for order in creates]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("seed", range(4))
async def test_e5_e6_e7_everything_goes_wrong_and_ends_equal(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trade_through_faults(seed, monkeypatch)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 160))
async def test_e5_e6_e7_everything_goes_wrong_for_long(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trade_through_faults(seed, monkeypatch)
