"""A node's process is killed in mid-session and started again (E5, E10)."""

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any
from typing import Self

import pytest
from nautilus_trader.model.currencies import USDC

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import KEY
from tests.acceptance.node import Trader
from tests.acceptance.node import until
from tests.conftest import Count
from tests.faults.sessions import MARKET


_ROOT = Path(__file__).parents[2]
#: Lives that end by SIGKILL, one after the other.
_LIVES = 3
_MANY_LIVES = int(os.environ.get("KILLED_NODES", "100"))
#: Of so many lives the account is read at each start; then comes another account.
_LIVES_OF_AN_ACCOUNT = 10
_ORDERS_A_LIFE = 40
#: Within this a process imports, connects, reconciles and starts.
_STARTING_S = 4.0
_STRATEGY = "Gambler-000"
_ANSWER_S = 60.0
_EQUAL_S = 60.0
_POLL_S = 0.05
#: Longer than a busy venue takes for what lies in its sockets, seconds.
_SETTLED_S = 0.5


class Child:
    """The node's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, venue: LocalParadex, account: str, seed: int) -> Self:
        secrets = {"PARADEX_LOCAL_ACCOUNT_ADDRESS": account, "PARADEX_LOCAL_PRIVATE_KEY": KEY}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.killed_node",
            venue.http_url,
            venue.ws_url,
            str(seed),
            cwd=_ROOT,
            env=os.environ | secrets,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        return cls(process)

    async def ask(self, command: str) -> Any:
        """Give a command and return its answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{command}\n".encode())
        await process.stdin.drain()
        async with asyncio.timeout(_ANSWER_S):
            line = await process.stdout.readline()
        assert line, f"the node ended with {await process.wait()}"
        return json.loads(line)

    async def kill(self) -> None:
        """SIGKILL: nothing is told, nothing is closed, nothing is saved."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def end(self) -> int:
        """Let it stop in order, and return how it ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(_ANSWER_S):
            return await self._process.wait()


def truth(venue: LocalParadex, account: str) -> dict[str, Any]:
    """Return the venue's own account in the form of the node's state."""
    queries = venue.exchange.queries
    positions = queries.positions(account, MARKET)
    return {
        "orders": {
            order.id: [
                order.side.value,
                order.size,
                order.price,
                order.size - order.remaining_size,
                order.status is not model.OrderStatus.CLOSED,
            ]
            for order in queries.order_history(account)
            if not _is_refused(order)
        },
        "names": {
            order.id: [order.client_id, _STRATEGY]
            for order in queries.order_history(account)
            if not _is_refused(order)
        },
        "fills": {
            fill.id: [fill.order_id, fill.size, fill.price, round(fill.fee, USDC.precision)]
            for fill in queries.fills(account)
        },
        "twice": [],
        "unresolved": [],
        "position": positions[0].size if positions else 0,
        "balance": round(queries.balances(account)[0].size, USDC.precision),
    }


def _is_refused(order: model.Order) -> bool:
    """If the framework takes it for rejected and gives it no venue id."""
    untouched = order.size == order.remaining_size
    return untouched and order.cancel_reason not in ("", "USER_CANCELED")


def comparable(state: dict[str, Any]) -> dict[str, str]:
    """Return a state flat, with numbers in one form."""
    flat: dict[str, str] = {}
    for kind, value in state.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for key, row in rows:
            cells = row if isinstance(row, list) else [row]
            flat[f"{kind} {key}"] = " ".join(map(_text, cells))
    return flat


def _text(value: object) -> str:
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


async def until_equal(child: Child, venue: LocalParadex, account: str) -> None:
    end = time.monotonic() + _EQUAL_S
    while True:
        node = comparable(await child.ask("state"))
        theirs = comparable(truth(venue, account))
        if node == theirs:
            return
        different = [
            f"{key}: node {node.get(key)}, venue {theirs.get(key)}"
            for key in sorted(node.keys() | theirs.keys())
            if node.get(key) != theirs.get(key)
        ]
        assert time.monotonic() < end, "\n".join(different)
        await asyncio.sleep(_POLL_S)


async def trade_until(venue: LocalParadex, account: str, rival: Trader, rng: Random) -> None:
    """Trade against the node until it has placed a random number of orders."""
    queries = venue.exchange.queries
    wanted = len(queries.order_history(account)) + rng.randint(1, _ORDERS_A_LIFE)
    deadline = time.monotonic() + _ANSWER_S
    while len(queries.order_history(account)) < wanted:
        assert time.monotonic() < deadline, (
            f"the node does not trade: {len(queries.order_history(account))} orders, "
            f"{len(queries.open_orders(account))} of them open, {wanted} wanted; "
            f"{queries.positions(account)}"
        )
        trade_one(rival, rng)
        await asyncio.sleep(_POLL_S)


def trade_one(rival: Trader, rng: Random) -> None:
    side = rng.choice(("BUY", "SELL"))
    rival.place(side, str(rng.randint(1, 30) / 10), "2504" if side == "BUY" else "2496", "IOC")


async def live(
    venue: LocalParadex, account: str, rival: Trader, rng: Random, *, in_full: bool
) -> None:
    """Start a node, and kill it: while it trades, or at any moment of its start."""
    placed = placed_at(venue, account)
    child = await Child.start(venue, account, seed=rng.randrange(1_000_000))
    try:
        if not in_full:
            await asyncio.sleep(rng.uniform(0.0, _STARTING_S))
            return
        await until_equal(child, venue, account)
        # Who only comes back places nothing.
        assert placed_at(venue, account) == placed
        await child.ask("trade")
        await trade_until(venue, account, rival, rng)
        # What was sent last may be anywhere on its way.
        await asyncio.sleep(rng.uniform(0.0, _POLL_S))
    finally:
        await child.kill()
        await settled(venue, account)


async def settled(venue: LocalParadex, account: str) -> None:
    """Wait until the venue has carried out what a dead node had sent."""
    placed: list[str] | None = None
    while (now := placed_at(venue, account)) != placed:
        placed = now
        await asyncio.sleep(_SETTLED_S)


def placed_at(venue: LocalParadex, account: str) -> list[str]:
    """Return the client ids of all orders of the account, each of which must be there once."""
    names = [order.client_id for order in venue.exchange.queries.order_history(account)]
    assert len(names) == len(set(names))
    return names


async def lives(count: Count, *, number: int, seed: int) -> None:
    """Let so many nodes live and be killed, one after the other, and one end in order."""
    rng = Random(seed)
    async with LocalParadex(market=False, seed=seed) as venue:
        account = venue.create_account(KEY)
        rival = Trader(venue)
        rival.place("SELL", "500", "2510")
        rival.place("BUY", "500", "2490")
        for life in range(number):
            await live(venue, account, rival, rng, in_full=life == 0 or rng.random() < 0.8)
            # Nobody is there to hear of these.
            for _ in range(5):
                trade_one(rival, rng)
        placed = placed_at(venue, account)
        child = await Child.start(venue, account, seed=number)
        try:
            await until_equal(child, venue, account)
            # What an earlier life left is the node's to cancel.
            await child.ask("cancel")
            await until(
                lambda: not venue.exchange.queries.open_orders(account), "all canceled", _EQUAL_S
            )
            await until_equal(child, venue, account)
            assert await child.end() == 0
        finally:
            await child.kill()
        assert placed_at(venue, account) == placed
        venue.exchange.check_invariants()
        fills = len(venue.exchange.queries.fills(account))
        count(kills=number, orders=len(placed), fills=fills, seed=seed)


@pytest.mark.survives(4)
async def test_e5_e10_killed_node_comes_back_equal(count: Count) -> None:
    """SIGKILL while orders, fills and requests are under way, and while the node starts."""
    await lives(count, number=_LIVES, seed=11)


@pytest.mark.soak
@pytest.mark.survives(4)
@pytest.mark.parametrize("account", range(-(-_MANY_LIVES // _LIVES_OF_AN_ACCOUNT)))
async def test_e5_e10_node_is_killed_again_and_again(account: int, count: Count) -> None:
    """As many times as KILLED_NODES says."""
    left = _MANY_LIVES - account * _LIVES_OF_AN_ACCOUNT
    await lives(count, number=min(left, _LIVES_OF_AN_ACCOUNT), seed=100 + account)
