"""The venue goes away, and trading goes on there and here (S4, S6, E6, E10, E17)."""

import asyncio
import functools
import os
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator.engine import model
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import SLOW_VENUE
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import rest_orders
from tests.virtual.stories import until_healthy
from tests.virtual.traffic import Traffic
from tests.virtual.venue_counts import VenueCounts
from tests.virtual.venue_counts import placed_by_node


#: Rows that the adapter asks for on a page.
_PAGE = 1_000

_TRANSPORTS = ("rest", "ws")

#: Seconds of an outage, and between two things that happen in it.
_LENGTHS = ((1.0, 0.05), (30.0, 0.5), (600.0, 5.0))

_MANY = int(os.environ.get("OUTAGE_SEEDS", "50"))

_SETTLED = frozenset(
    {OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED}
    | {OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.DENIED}
)


class Told:
    """What a story did, for the count."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()

    def note(self, at: VirtualSession, traffic: Traffic) -> None:
        """Count what the venue has, and check what holds of every story."""
        queries = at.venue.exchange.queries
        self.figures["orders"] += len(queries.order_history(at.account))
        self.figures["fills"] += len(queries.fills(at.account))
        self.figures["flips"] += traffic.done["flips"]
        self.figures["transfers"] += traffic.done["transfers"]
        twice = {name: n for name, n in placed_by_node(at).items() if n > 1}
        assert not twice
        unsettled = [order for order in at.node.cache.orders() if order.status not in _SETTLED]
        assert not unsettled


async def outage(at: VirtualSession, told: Told, *, seconds: float, every: float) -> None:
    """Everybody trades before, meanwhile and after; what is said meanwhile is resolved."""
    traffic, counts = Traffic(at), VenueCounts(at)
    await rest_orders(at)
    await traffic.run(5.0, 0.5)
    await at.ends_equal()
    await at.venue.stop_serving()
    for _ in range(2):
        traffic.elsewhere_all()
    traffic.command_all()
    await traffic.run(seconds, every)
    assert not at.node.execution.stream_status().connected
    await at.venue.resume_serving()
    traffic.command_all()
    await until_healthy(at)
    await at.ends_equal()
    await traffic.run(10.0, 1.0)
    await at.ends_equal()
    assert counts.excesses() == []
    told.note(at, traffic)


@pytest.mark.survives(3)
@pytest.mark.parametrize("transport", _TRANSPORTS)
@pytest.mark.parametrize(("seconds", "every"), _LENGTHS)
@pytest.mark.parametrize("seed", seeds(1, 2))
def test_s4_e10_outage_with_everybody_trading_meanwhile_ends_equal(
    seed: int, seconds: float, every: float, transport: str, count: Count
) -> None:
    away(seed, seconds, every, transport, count)


@pytest.mark.soak
@pytest.mark.survives(3)
@pytest.mark.parametrize("transport", _TRANSPORTS)
@pytest.mark.parametrize(("seconds", "every"), _LENGTHS)
@pytest.mark.parametrize("seed", seeds(*range(3, 3 + _MANY)))
def test_s4_e10_many_outages_with_everybody_trading_meanwhile_end_equal(
    seed: int, seconds: float, every: float, transport: str, count: Count
) -> None:
    """As many seeds as OUTAGE_SEEDS says."""
    away(seed, seconds, every, transport, count)


def away(seed: int, seconds: float, every: float, transport: str, count: Count) -> None:
    """Tell of one outage."""
    told = Told()
    story = functools.partial(outage, told=told, seconds=seconds, every=every)
    trace = tell(story, seed, execution={"order_transport": transport})
    assert trace[-1][0] > seconds
    assert told.figures["transfers"] > 0
    count(outages=1, seed=seed, **told.figures)


async def more_than_a_page(at: VirtualSession, told: Told) -> None:
    """While the venue cannot be reached, more happens there than fits on a page."""
    traffic = Traffic(at)
    await rest_orders(at)
    await at.rest(BUY, "60", "2499.5")
    await at.rest(SELL, "60", "2500.5")
    await at.venue.stop_serving()
    for turn in range(_PAGE + 20):
        side, price = ("SELL", "2499.5") if turn % 2 else ("BUY", "2500.5")
        at.rival.place(side, "0.1", price, "IOC")
        traffic.other.cancel(traffic.other.place("BUY", "0.1", "2475"))
        await asyncio.sleep(0.5)
    await at.venue.resume_serving()
    await until_healthy(at)
    await at.ends_equal()
    told.note(at, traffic)


@pytest.mark.survives(3)
@pytest.mark.parametrize("seed", seeds(1))
def test_e10_more_orders_and_fills_in_an_outage_than_a_page_holds(seed: int, count: Count) -> None:
    told = Told()
    tell(functools.partial(more_than_a_page, told=told), seed)
    assert told.figures["orders"] > _PAGE
    assert told.figures["fills"] > _PAGE
    count(outages=1, seed=seed, **told.figures)


async def maintained(at: VirtualSession, told: Told, *, hours: float) -> None:
    """REST and streams are gone, and the venue comes back in maintenance."""
    traffic, counts = Traffic(at), VenueCounts(at)
    await rest_orders(at)
    await at.venue.stop_serving()
    await traffic.run(hours * 3600.0, 60.0)
    at.venue.set_system_state(model.SystemState.MAINTENANCE)
    await at.venue.resume_serving()
    await traffic.run(600.0, 60.0)
    assert not at.node.execution.stream_status().connected
    failed = at.node.execution.stream_status().failed_attempts
    said = at.node.log().count("[PARADEX account] connection lost")
    # What goes on for an hour is said at first, and then from time to time.
    assert failed > 250
    assert said < 20
    at.venue.set_system_state(model.SystemState.OK)
    await until_healthy(at)
    await at.ends_equal(deadline_s=400.0)
    again = await at.rest(BUY, "1", "2489")
    assert again.is_open
    assert counts.excesses() == []
    told.note(at, traffic)


@pytest.mark.survives(3)
@pytest.mark.parametrize("transport", _TRANSPORTS)
@pytest.mark.parametrize("seed", seeds(1))
def test_e17_everything_down_for_an_hour_and_back_in_maintenance_ends_equal(
    seed: int, transport: str, count: Count
) -> None:
    told = Told()
    settings: dict[str, Any] = {"order_transport": transport}
    story = functools.partial(maintained, told=told, hours=1.0)
    tell(story, seed, config=SLOW_VENUE, execution=settings)
    count(outages=1, seed=seed, **told.figures)


async def resized(at: VirtualSession, *, size: str, fills: tuple[str, ...]) -> None:
    """An order is given another size elsewhere and is filled, and then the node asks for it."""
    order = await at.rest(SELL, "2", "2504")
    await at.venue.stop_serving()
    at.modify_from_elsewhere(order, size)
    for fill in fills:
        at.rival.place("BUY", fill, "2504", "IOC")
    await at.venue.resume_serving()
    # The stream is not back yet: the cancel is answered by what REST says of the order.
    at.desk.cancel_order(order)
    await until_healthy(at)
    await at.ends_equal()
    assert order.status == OrderStatus.FILLED
    assert order.quantity == at.desk.instrument.make_qty(Decimal(size))


@pytest.mark.survives(3)
@pytest.mark.parametrize(
    ("size", "fills"), [("3", ("1.5", "0.5", "1")), ("1.5", ("1", "0.5")), ("2.5", ("2.5",))]
)
def test_e5_order_resized_elsewhere_and_filled_in_an_outage_is_told_whole(
    size: str, fills: tuple[str, ...], count: Count
) -> None:
    tell(functools.partial(resized, size=size, fills=fills), 1)
    count(outages=1, orders=1, fills=len(fills), seed=1)
