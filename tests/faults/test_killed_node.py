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

from nautilus_trader.model.currencies import USDC

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import KEY
from tests.acceptance.node import Trader
from tests.acceptance.node import until
from tests.faults.sessions import MARKET


_ROOT = Path(__file__).parents[2]
_ROUNDS = 3
_ORDERS_A_ROUND = 40
_ANSWER_S = 30.0
_EQUAL_S = 20.0
_POLL_S = 0.05


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
    """Trade against the node until it has placed enough orders."""
    queries = venue.exchange.queries
    wanted = len(queries.order_history(account)) + _ORDERS_A_ROUND
    deadline = time.monotonic() + _ANSWER_S
    while len(queries.order_history(account)) < wanted:
        assert time.monotonic() < deadline, "the node does not trade"
        trade_one(rival, rng)
        await asyncio.sleep(_POLL_S)


def trade_one(rival: Trader, rng: Random) -> None:
    side = rng.choice(("BUY", "SELL"))
    rival.place(side, str(rng.randint(1, 30) / 10), "2504" if side == "BUY" else "2496", "IOC")


async def test_e5_e10_killed_node_comes_back_equal() -> None:
    """Three lives, each ended by SIGKILL while orders, fills and requests are under way."""
    rng = Random(11)
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        rival = Trader(venue)
        rival.place("SELL", "500", "2510")
        rival.place("BUY", "500", "2490")
        for life in range(_ROUNDS):
            child = await Child.start(venue, account, seed=life)
            try:
                await until_equal(child, venue, account)
                await child.ask("trade")
                await trade_until(venue, account, rival, rng)
            finally:
                await child.kill()
            # Nobody is there to hear of these.
            for _ in range(5):
                trade_one(rival, rng)
        assert len(venue.exchange.queries.fills(account)) > 10 * _ROUNDS
        child = await Child.start(venue, account, seed=_ROUNDS)
        try:
            await until_equal(child, venue, account)
            # What an earlier life left is the node's to cancel.
            await child.ask("cancel")
            await until(lambda: not venue.exchange.queries.open_orders(account), "all canceled")
            await until_equal(child, venue, account)
            assert await child.end() == 0
        finally:
            await child.kill()
        venue.exchange.check_invariants()
