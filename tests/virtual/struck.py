"""The session of 200 orders with its private stream struck once, or twice in a row."""

import asyncio
import functools
from collections import Counter
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from random import Random
from typing import Any
from typing import Final

import pytest

from nautilus_paradex.simulator.faults import DropAfterFrames
from nautilus_paradex.simulator.faults import Stall
from tests.acceptance.node import until
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import tell
from tests.virtual.stories import until_healthy
from tests.virtual.trading import ORDERS
from tests.virtual.trading import figures
from tests.virtual.trading import lively
from tests.virtual.trading import trade_two_hundred_orders


#: Every frame of a private connection counts: news, answers to commands and heartbeats.
EVERY_FRAME: Final = (
    "account",
    "answer",
    "balance_events",
    "fills",
    "funding_payments",
    "heartbeat",
    "mmp",
    "orders",
    "positions",
    "tradebusts",
    "transaction",
    "transfers",
)

_NEVER: Final = 1_000_000

#: What the account is read by.
_PAGES: Final = frozenset({"/orders", "/orders-history", "/fills", "/positions"})

#: So many frames and pages a recovery has at least: the second strike comes in the middle of it.
_RECOVERY_FRAMES: Final = 8
_RECOVERY_PAGES: Final = 4

#: Virtual seconds until a command is resolved that a silent socket took: the venue's receive
#: window of 300 s has to pass, then it is asked (E6).
_RESOLVED_DEADLINE_S: Final = 400.0


class Strike(StrEnum):
    """What happens to the private stream after a frame."""

    CUT = "cut"
    STALL = "stall"
    """The socket stays open and silent, until the idle timeout."""
    CUT_TWICE = "cut twice"
    """The second cut comes during the recovery from the first."""


@functools.cache
def frames_of(seed: int, transport: str) -> int:
    """Return how many frames the session has that nothing strikes."""
    seen = []

    async def story(at: VirtualSession) -> None:
        counter = at.venue.faults.add(
            DropAfterFrames(frames=_NEVER, private=True, channels=EVERY_FRAME)
        )
        await trade_two_hundred_orders(at)
        await at.ends_equal()
        assert at.node.execution.stream_status().epoch == 1
        seen.append(counter.seen)

    tell_lively(story, seed, transport)
    return seen[0]


def strike(kind: Strike, frame: int, seed: int, transport: str) -> Counter[str]:
    """
    Strike after a frame of the session, see that node and venue end equal, and count.

    The same kind, frame, seed and transport are the same session.
    """
    counted: Counter[str] = Counter()

    async def story(at: VirtualSession) -> None:
        after = Random(f"{seed} {frame}")
        struck = at.venue.faults.add(_fault(kind, frame))
        swept = asyncio.create_task(_sweep_in_the_gap(at))
        again = asyncio.create_task(_cut_again(at, after)) if kind is Strike.CUT_TWICE else None
        await trade_two_hundred_orders(at)
        await _recovered(at, epoch=2 if again is None else 3)
        await at.ends_equal()
        assert struck.fired == 1
        await swept
        assert len(at.node.cache.orders(strategy_id=at.desk.id)) == ORDERS
        counted.update(figures(at))
        counted[_FIGURE[kind]] += 1
        if again is not None:
            counted[await again] += 1

    try:
        tell_lively(story, seed, transport)
    except BaseException as e:
        e.add_note(f"Replay: {kind} after frame {frame} of seed {seed} by {transport}")
        raise
    return counted


# -- STRIKES ---------------------------------------------------------------------------------------

_FIGURE: Final = {
    Strike.CUT: "cuts",
    Strike.STALL: "stalls",
    Strike.CUT_TWICE: "cuts",
}


def _fault(kind: Strike, frame: int) -> DropAfterFrames | Stall:
    if kind is Strike.STALL:
        return Stall(frames=frame, private=True, channels=EVERY_FRAME)
    return DropAfterFrames(frames=frame, private=True, channels=EVERY_FRAME)


async def _sweep_in_the_gap(at: VirtualSession) -> None:
    """Fill what rests while no stream tells it: of what ends so nothing else is ever told."""
    await _first_loss(at)
    # As far as the rival's own quotes, which it does not trade with.
    at.rival.place("SELL", "40", "2496", "IOC")
    at.rival.place("BUY", "40", "2504", "IOC")


async def _first_loss(at: VirtualSession) -> None:
    status = at.node.execution.stream_status
    await until(lambda: status().epoch == 1 and not status().connected, "the first loss", _NEVER)


async def _cut_again(at: VirtualSession, after: Random) -> str:
    """Cut the second connection, after one of its first frames or at a page of its recovery."""
    await _first_loss(at)
    if after.random() < 0.5:
        frames = after.randint(1, _RECOVERY_FRAMES)
        second = at.venue.faults.add(
            DropAfterFrames(frames=frames, private=True, channels=EVERY_FRAME)
        )
        await second.exhausted()
        return "cuts_at_frames_of_recovery"
    await _page_of_recovery(at, after.randint(1, _RECOVERY_PAGES))
    _cut_private(at)
    return "cuts_at_pages_of_recovery"


async def _page_of_recovery(at: VirtualSession, number: int) -> None:
    """Return when the venue is asked for the n-th page since the second connection is open."""
    reached = asyncio.Event()
    left = number
    queue = at.venue.faults
    known = queue.on_request

    def on_request(method: str, path: str) -> Any:
        nonlocal left
        status = at.node.execution.stream_status()
        if status.epoch == 2 and status.state == "RECONCILING" and path in _PAGES:
            left -= 1
            if not left:
                reached.set()
        return known(method, path)

    queue.on_request = on_request
    await reached.wait()


def _cut_private(at: VirtualSession) -> None:
    for session in list(at.venue._server.sessions):
        if session.principal is not None:
            session.cut()


async def _recovered(at: VirtualSession, epoch: int) -> None:
    """Wait until the stream is back, and everything that was under way has an outcome."""
    status = at.node.execution.stream_status
    await until(lambda: status().epoch >= epoch, status, _RESOLVED_DEADLINE_S)
    await until_healthy(at)
    loop = asyncio.get_running_loop()
    end = loop.time() + _RESOLVED_DEADLINE_S
    while at.node.cache.orders_inflight():
        assert loop.time() < end, f"in flight for ever: {at.node.cache.orders_inflight()}"
        await asyncio.sleep(1.0)
    assert status().epoch == epoch


# -- SESSIONS --------------------------------------------------------------------------------------


def tell_lively(
    story: Callable[[VirtualSession], Awaitable[None]], seed: int, transport: str
) -> None:
    """Run a story by an order transport, at a venue of `lively` settings."""
    with _signatures_unchecked():
        tell(story, seed, config=lively(), execution={"order_transport": transport})


@contextmanager
def _signatures_unchecked() -> Iterator[None]:
    """Let the venue believe its clients: half of a session's time is the check of signatures."""
    with pytest.MonkeyPatch.context() as patch:
        server = "nautilus_paradex.simulator.server"
        patch.setattr(f"{server}.auth.is_signed_by", lambda *_: True)
        patch.setattr(f"{server}.signatures.MessageHashes.order", lambda *_, **__: 0)
        patch.setattr(f"{server}.signatures.MessageHashes.modify", lambda *_, **__: 0)
        yield
