"""
Millions of frames and hundreds of reconnects: memory, tasks and descriptors stay flat (rule S9).

``make soak-stream FRAMES=10000000 RECONNECTS=1000`` runs it; it prints its figures as JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import msgspec
import pytest

from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import KEY
from tests.acceptance.node import Trader
from tests.benchmarks.firehose_run import generator
from tests.conftest import Count
from tests.soak.growth import trends
from tests.soak.soak_node import BOUNDS
from tests.soak.soak_node import PRICE
from tests.soak.soak_node import TRADED


FRAMES = int(os.environ.get("FRAMES", "1000000"))
RECONNECTS = int(os.environ.get("RECONNECTS", "100"))
#: Messages of the market a second, and its perpetuals, each with quotes, trades and a book.
RATE = float(os.environ.get("RATE", "10000"))
PERPETUALS = 20

#: The account's stream is cut this many times less often: each cut is a proof of the account, of
#: which the venue's limits let pass one in some seconds.
_ACCOUNT_SHARE = 4

_ROOT = Path(__file__).parents[2]
_END_DEADLINE_S = 60.0
#: Seconds without any progress after which it is over.
_PATIENCE_S = 120.0


class Samples:
    """What the node has written about itself so far."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[dict[str, float]]:
        lines = self._path.read_bytes().splitlines() if self._path.exists() else []
        return [msgspec.json.decode(line) for line in lines[:-1]]

    def last(self) -> dict[str, float]:
        return (self.all() or [{}])[-1]


@asynccontextmanager
async def soaked_node(
    venue: LocalParadex, account: str, market: dict[str, str], path: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    secrets = {"PARADEX_LOCAL_ACCOUNT_ADDRESS": account, "PARADEX_LOCAL_PRIVATE_KEY": KEY}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.soak.soak_node",
        venue.http_url, venue.ws_url, market["http_url"], market["ws_url"], str(path),
        cwd=_ROOT, env=os.environ | secrets, stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    try:
        yield process
        process.stdin.close()
        async with asyncio.timeout(_END_DEADLINE_S):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Trouble:
    """Cuts connections again and again, and trades against the node."""

    def __init__(self, venue: LocalParadex, market: dict[str, str]) -> None:
        self._venue = venue
        self._market = market["http_url"].removesuffix("/v1")
        self._rival = Trader(venue, market=TRADED.symbol.value)
        self._rng = Random(1)
        self.cuts = 0

    async def trade(self) -> None:
        """Fill some of what the node has at the venue."""
        while True:
            await asyncio.sleep(0.5)
            side = self._rng.choice(("BUY", "SELL"))
            price = PRICE + (2 if side == "BUY" else -2)
            self._rival.place(side, str(self._rng.randint(1, 15) / 10), str(price), "IOC")

    async def control(self, session: aiohttp.ClientSession, what: str) -> None:
        """Tell the market to start, or to cut its connections."""
        async with session.post(f"{self._market}/flow/{what}") as response:
            assert response.status == 200

    async def cut(self, session: aiohttp.ClientSession, pause: float) -> None:
        """Cut the market's connections, and every so often the account's."""
        while True:
            await asyncio.sleep(pause)
            self.cuts += 1
            if self.cuts % _ACCOUNT_SHARE:
                await self.control(session, "cut")
            else:
                await self._venue.drop_connections()


async def soak(tmp_path: Path) -> tuple[list[dict[str, float]], dict[str, Any]]:
    """Run until there were enough frames and reconnects; return the samples and the figures."""
    samples = Samples(tmp_path / "samples.jsonl")
    pause = max(0.7, FRAMES / RATE / RECONNECTS * 0.8)
    async with LocalParadex(market=False) as venue, aiohttp.ClientSession() as session:
        account = venue.create_account(KEY, usdc="10000000")
        with generator(rate=RATE, perpetuals=PERPETUALS, options=0, seed=1, core=None) as market:
            trouble = Trouble(venue, market)
            async with (
                soaked_node(venue, account, market, tmp_path / "samples.jsonl"),
                asyncio.TaskGroup() as group,
            ):
                await _progress(samples, 1, 0)
                await trouble.control(session, "start")
                work = [
                    group.create_task(trouble.trade()),
                    group.create_task(trouble.cut(session, pause)),
                ]
                await _progress(samples, FRAMES, RECONNECTS)
                for task in work:
                    task.cancel()
                await _settle(samples)
        told = json.loads((tmp_path / "samples.fills").read_bytes())
        return samples.all(), _differences(venue, account, told)


async def _progress(samples: Samples, frames: int, reconnects: int) -> None:
    """Wait until there were so many; fail when nothing goes on."""
    loop = asyncio.get_running_loop()
    seen, since = (-1.0, -1.0), loop.time()
    while True:
        last = samples.last()
        now = (last.get("done frames", 0.0), last.get("done reconnects", 0.0))
        if now[0] >= frames and now[1] >= reconnects:
            return
        if now != seen:
            seen, since = now, loop.time()
        assert loop.time() - since < _PATIENCE_S, f"nothing goes on at {now}"
        await asyncio.sleep(1.0)


async def _settle(samples: Samples) -> None:
    """Wait until all streams are healthy."""
    async with asyncio.timeout(_PATIENCE_S):
        while samples.last().get("done healthy") != 1.0:  # noqa: ASYNC110 - another process
            await asyncio.sleep(1.0)


def _differences(venue: LocalParadex, account: str, told: dict[str, int]) -> dict[str, Any]:
    known = {fill.id for fill in venue.exchange.queries.fills(account)}
    return {
        "fills": len(known),
        "lost": len(known - told.keys()),
        "invented": len(told.keys() - known),
        "twice": sum(count > 1 for count in told.values()),
    }


@pytest.mark.soak
@pytest.mark.survives(9)
async def test_s9_memory_tasks_and_descriptors_stay_flat_while_frames_and_reconnects_go_on(
    tmp_path: Path, count: Count
) -> None:
    samples, fills = await soak(tmp_path)
    last = samples[-1]
    found = {k: v for k, v in trends(samples, BOUNDS).items() if not k.startswith("done ")}
    done = {k.removeprefix("done "): round(v) for k, v in last.items() if k.startswith("done ")}
    growing = [name for name, trend in found.items() if trend.grows]
    figures = {"seconds": len(samples), **done, **fills, "growing": growing}
    print(json.dumps(figures | {k: [*v.thirds, v.most] for k, v in found.items() if v.most}))
    assert not growing
    assert (fills["lost"], fills["invented"], fills["twice"]) == (0, 0, 0)
    count(frames=done["frames"], reconnects=done["reconnects"], fills=fills["fills"])
