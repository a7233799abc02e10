"""
Orders that say more filled than the fills that came with them, while the account is read (E5, E10).

The framework makes up the fills that a report lacks; the real ones then count a second time, or are
rejected as too much.
"""

import asyncio
import functools
from collections import Counter
from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderFilled

from nautilus_paradex.execution.position_doubts import LASTING_SECS
from nautilus_paradex.simulator import faults
from tests.acceptance.node import until
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.struck import tell_lively
from tests.virtual.trading import figures
from tests.virtual.trading import trade_two_hundred_orders


PRICE = "2499"

#: Longer than whatever goes on beside it takes.
_SLOW_MS = 2_000

#: All tries of a reading, and what it asks for afterwards, see a list of fills that lags.
_LAGGING_PAGES = 14


async def _partly_filled(at: VirtualSession):
    order = await at.rest(BUY, "1", PRICE)
    at.rival.place("SELL", "0.5", PRICE, "IOC")
    await until(lambda: order.filled_qty.as_decimal() == Decimal("0.5"), "half of it is filled")
    return order


def _told_fills(order) -> list[str]:
    return [event.trade_id.value for event in order.events if isinstance(event, OrderFilled)]


def _venue_fills(at: VirtualSession) -> list[str]:
    return [fill.id for fill in at.venue.exchange.queries.fills(at.account)]


def _nothing_invented(at: VirtualSession, order) -> None:
    assert set(_told_fills(order)) == set(_venue_fills(at))
    log = at.node.log()
    assert "Generated inferred" not in log
    assert "overfill rejected" not in log


async def _answer_during_a_reading(at: VirtualSession, size: str) -> None:
    order = await _partly_filled(at)
    before = at.sent("GET", "/fills")
    # The last answer of the reading takes long: what it says is of before the fill.
    at.venue.faults.add(faults.SlowResponse(method="GET", path="/fills", ms=1))
    at.venue.faults.add(faults.SlowResponse(method="GET", path="/fills", ms=_SLOW_MS))
    at.node.execution.reconcile_soon("the test asks for it")
    await until(lambda: at.sent("GET", "/fills") == before + 2, "the reading's last question")
    at.rival.place("SELL", size, PRICE, "IOC")
    at.reprice(order, "2498")
    await asyncio.sleep(3 * _SLOW_MS / 1_000)
    assert at.node.log().count("Reconciling:") == 1
    await at.ends_equal()
    _nothing_invented(at, order)


@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("size", ["0.3", "0.5"])
@pytest.mark.parametrize("seed", seeds(1))
def test_e10_an_answer_that_tells_of_a_fill_during_a_reading_invents_none(
    size: str, transport: str, seed: int
) -> None:
    story = functools.partial(_answer_during_a_reading, size=size)
    tell(story, seed, execution={"order_transport": transport})


async def _fills_lag(at: VirtualSession, size: str) -> None:
    order = await _partly_filled(at)
    at.venue.faults.add(faults.SkipRows(path="/fills", after=0, n=_LAGGING_PAGES))
    refusal = at.venue.faults.add(faults.RefuseConnects(n=2))
    await at.venue.drop_connections()
    await until(lambda: refusal.fired, "the stream is away")
    at.rival.place("SELL", size, PRICE, "IOC")
    await until(lambda: at.node.execution.stream_status().healthy, "it is back", 60.0)
    assert _told_fills(order) == _venue_fills(at)[-1:], "the list of fills has no other yet"
    await at.ends_equal(120.0)
    _nothing_invented(at, order)
    ended = order.status == OrderStatus.FILLED
    assert ended is (size == "0.5")


@pytest.mark.parametrize("size", ["0.3", "0.5"])
@pytest.mark.parametrize("seed", seeds(1))
def test_e5_a_fill_of_a_gap_that_the_venue_lists_late_is_waited_for(size: str, seed: int) -> None:
    tell(functools.partial(_fills_lag, size=size), seed)


# -- LISTS THAT LAG --------------------------------------------------------------------------------


async def _lists_lag(at: VirtualSession, path: str, size: str) -> None:
    order = await _partly_filled(at)
    at.node.execution.reconcile_soon("the test asks for it")
    await asyncio.sleep(10.0)
    # Balances are asked for once a reading, the others up to as often as it is tried.
    n = 1 if path in ("/balance", "/account") else _LAGGING_PAGES
    at.venue.faults.add(faults.StaleAnswer(method="GET", path=path, n=n))
    refusal = at.venue.faults.add(faults.RefuseConnects(n=2))
    await at.venue.drop_connections()
    await until(lambda: refusal.fired, "the stream is away")
    at.rival.place("SELL", size, PRICE, "IOC")
    await until(lambda: at.node.execution.stream_status().healthy, "it is back", 60.0)
    # By itself, before the next proof that comes with the clock.
    await at.ends_equal(60.0)
    _nothing_invented(at, order)


@pytest.mark.parametrize("size", ["0.3", "0.5"])
@pytest.mark.parametrize(
    "path", ["/positions", "/fills", "/orders", "/orders-history", "/balance", "/account"]
)
@pytest.mark.parametrize("seed", seeds(1))
def test_s7_a_list_that_lags_behind_the_others_after_a_gap_undoes_nothing(
    path: str, size: str, seed: int
) -> None:
    tell(functools.partial(_lists_lag, path=path, size=size), seed)


_LISTS = ("/positions", "/fills", "/orders", "/orders-history")


async def _lists_lag_again_and_again(at: VirtualSession) -> None:
    async def cut() -> None:
        while True:
            await asyncio.sleep(at.chance.uniform(0.2, 12.0))
            for path in at.chance.sample(_LISTS, 2):
                at.venue.faults.add(
                    faults.StaleAnswer(method="GET", path=path, n=at.chance.randint(1, 8))
                )
            await at.venue.drop_connections()
            # They follow within the time that a position has to last.
            await asyncio.sleep(at.chance.uniform(0.1, LASTING_SECS - 1.0))
            at.venue.faults.clear()

    cutting = asyncio.create_task(cut())
    await trade_two_hundred_orders(at)
    await asyncio.sleep(30.0)
    cutting.cancel()
    at.venue.faults.clear()
    await until(lambda: at.node.execution.stream_status().healthy, "it is back", 60.0)
    await at.ends_equal(60.0)
    log = at.node.log()
    assert "Generated inferred" not in log
    assert "overfill rejected" not in log


@pytest.mark.survives(1)
@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("seed", seeds(1, 2, 3))
def test_e10_lists_that_lag_at_any_recovery_of_two_hundred_orders_invent_and_undo_nothing(
    seed: int, transport: str, count: Count
) -> None:
    totals: Counter[str] = Counter()

    async def story(at: VirtualSession) -> None:
        await _lists_lag_again_and_again(at)
        totals.update(figures(at), cuts=at.node.execution.stream_status().epoch - 1)

    tell_lively(story, seed, transport)
    count(sessions=1, seed=seed, **totals)
