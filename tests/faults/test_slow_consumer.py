"""A strategy stands in the way for 3 s while the venue goes on talking (rule S9, PROTOCOL 6.1)."""

import asyncio
import time
from collections.abc import AsyncIterator
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise

import pytest
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import BookType

from nautilus_paradex.simulator.engine.model import Order
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.faults.sessions import MARKET
from tests.faults.sessions import SELL
from tests.faults.sessions import Session
from tests.faults.venue_thread import VenueThread
from tests.faults.venue_thread import venue_in_a_thread


#: How long the strategy blocks the loop, seconds.
_BLOCKED_S = 3.0

#: What the venue does meanwhile: quotes at the top of the book, and fills of the node's order.
_FEW, _MANY = 250, 1_200

#: The venue's work takes a fraction of a second; the strategy blocks until it is done.
_WORK_DEADLINE_S = 60.0

NAMES = ("PARADEX market data", "PARADEX account")

type Level = tuple[Decimal, Decimal]

#: What handling a quote costs the strategy afterwards, seconds.
_QUOTE_COST_S = 0.0005


class SlowDesk(Desk):
    """A strategy that blocks the loop once, when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks_next = False
        self.work_meanwhile: Callable[[], Future[None]] = Future
        self.quotes = 0
        self.cost_s = 0.0

    def on_start(self) -> None:
        """Listen to the market."""
        self.subscribe_quote_ticks(ETH)
        self.subscribe_order_book_deltas(ETH, BookType.L2_MBP)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Count, and block."""
        self.quotes += 1
        if self.blocks_next:
            self.blocks_next = False
            work = self.work_meanwhile()
            time.sleep(_BLOCKED_S)
            work.result(_WORK_DEADLINE_S)
        end = time.perf_counter() + self.cost_s
        while time.perf_counter() < end:
            pass


class SlowSession(Session):
    """A session whose venue does not stop when its node does."""

    thread: VenueThread
    desk: SlowDesk

    async def block(self, times: int) -> None:
        """Block the strategy at its next quote, and let the venue talk meanwhile."""
        self.desk.work_meanwhile = lambda: self.thread.start(lambda: self._talk(times, best))
        self.desk.blocks_next = True
        best = self.thread.do(lambda: self.rival.place("BUY", "0.1", "2499.7"))
        await until(lambda: not self.desk.blocks_next, "the strategy blocks")

    async def _talk(self, times: int, best: Order) -> None:
        """Quote at the top of the book, and fill a little of what the node has there."""
        self.rival.cancel(best)
        for _ in range(times):
            order = self.rival.place("BUY", "0.1", "2499.5")
            await asyncio.sleep(0)
            self.rival.cancel(order)
            self.rival.place("SELL", "0.01", "2499", "IOC")
            await asyncio.sleep(0)

    def frames(self) -> tuple[int, int]:
        """Return how many frames have come, of the market and of the account."""
        statuses = (self.node.data.stream_status(), self.node.execution.stream_status())
        return statuses[0].frames, statuses[1].frames

    def epochs(self) -> tuple[int, int]:
        """Return how often the market's and the account's stream connected."""
        statuses = (self.node.data.stream_status(), self.node.execution.stream_status())
        return statuses[0].epoch, statuses[1].epoch

    def books(self) -> tuple[list[Level], list[Level]]:
        """Return the levels of the book as the node has it, and as the venue has it."""
        book = self.node.cache.order_book(ETH)
        here = [
            (level.price.as_decimal(), Decimal(str(level.size())))
            for side in (book.bids(), book.asks())
            for level in side
        ]
        there = self.venue.exchange.queries.book(MARKET)
        return here, [*there.bids, *there.asks]

    def said(self) -> list[str]:
        """Return the warnings and errors in the log."""
        return [line for line in self.node.log().splitlines() if "[WARN]" in line or "[ERR" in line]


@asynccontextmanager
async def slow_session() -> AsyncIterator[SlowSession]:
    with venue_in_a_thread() as thread:
        account = thread.do(lambda: thread.venue.create_account(KEY))
        desk = SlowDesk()
        async with running_node(thread.venue, account, strategies=[desk], may_fail=True) as node:
            at = SlowSession(thread.venue, account, node, desk)
            at.thread = thread
            thread.do(lambda: at.rival.place("BUY", "1", "2400"))
            thread.do(lambda: at.rival.place("SELL", "1", "2600"))
            await until(lambda: at.node.data.stream_status().confirmed > 2, "the market is heard")
            desk.cost_s = _QUOTE_COST_S
            yield at


async def _turns_of(desk: SlowDesk, turns: list[int]) -> None:
    """Note how many quotes had come each time that another task got its turn."""
    while True:
        turns.append(desk.quotes)
        await asyncio.sleep(0)


@pytest.mark.survives(8)
async def test_s9_a_strategy_that_blocks_for_3_s_below_the_venues_limit_misses_nothing(
    count: Count,
) -> None:
    async with slow_session() as at:
        order = await at.rest(BUY, "30", "2499")
        before, turns = at.frames(), []
        watch = asyncio.create_task(_turns_of(at.desk, turns))
        await at.block(_FEW)
        after_block = at.desk.quotes
        # Both changes of the best bid are quotes, each time.
        await until(lambda: at.desk.quotes - after_block >= 2 * _FEW, "every quote is handled")
        watch.cancel()
        await at.ends_equal()
        assert order.filled_qty.as_decimal() == _FEW * Decimal("0.01")
        assert at.epochs() == (1, 1)
        assert at.venue.slow_readers == 0
        assert at.said() == []
        await until(lambda: len({*map(tuple, at.books())}) == 1, at.books)
        # The backlog is worked off in slices: commands, timers and heartbeats come in between.
        assert max(b - a for a, b in pairwise(turns)) < _FEW
        heard = [now - then for now, then in zip(at.frames(), before, strict=True)]
        count(standstills=1, market_frames=heard[0], account_frames=heard[1], fills=_FEW)


@pytest.mark.survives(8)
async def test_s9_a_strategy_that_blocks_for_3_s_beyond_the_venues_limit_survives_the_drop(
    count: Count,
) -> None:
    async with slow_session() as at:
        order = await at.rest(BUY, "30", "2499")
        await at.block(_MANY)
        await until(lambda: at.epochs() == (2, 2), at.epochs, 20.0)
        assert at.venue.slow_readers == 2
        await at.ends_equal()
        assert order.filled_qty.as_decimal() == _MANY * Decimal("0.01")
        await until(lambda: len({*map(tuple, at.books())}) == 1, at.books)
        # What comes after is heard again.
        again = await at.rest(SELL, "1", "2501")
        at.thread.do(lambda: at.rival.place("BUY", "1", "2501", "IOC"))
        await until(lambda: again.is_closed, "trading goes on")
        await at.ends_equal()
        assert at.epochs() == (2, 2)
        _are_said_once(at.said())
        count(standstills=1, drops=2, fills=_MANY + 1)


def _are_said_once(lines: list[str]) -> None:
    """See that each stream says its loss once, and why."""
    lost = [line for line in lines if "connection lost" in line]
    assert len(lost) == 2, lines
    for line, name in zip(sorted(lost, key=lambda each: "account" in each), NAMES, strict=True):
        assert f"[{name}] connection lost" in line
        assert "(1006)" in line
        assert "the event loop stood still for" in line
    # Beside that, what the proof of the account found out.
    assert len(lines) < 6, lines
