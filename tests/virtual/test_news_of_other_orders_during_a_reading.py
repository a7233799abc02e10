"""Conditional orders and TWAPs while the account is read: nothing is lost or invented (E10)."""

import asyncio
from decimal import Decimal
from typing import Final

import pytest
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import faults
from tests.acceptance.node import until
from tests.acceptance.test_twap import twap
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.faults.sessions import MARKET
from tests.virtual.readings import HELD_UP_MS
from tests.virtual.readings import READINGS
from tests.virtual.readings import Event
from tests.virtual.readings import held_up
from tests.virtual.readings import holdups
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.struck import tell_lively
from tests.virtual.test_algos_under_faults import told


_MARK: Final = 2500


def _mark(value: int) -> Event:
    return lambda at, _: at.venue.exchange.set_prices(
        MARKET, mark=Decimal(value), underlying=Decimal(value)
    )


def _cancel(at: VirtualSession, order: Order) -> None:
    at.desk.cancel_order(order)


def _move_trigger(at: VirtualSession, order: Order) -> None:
    at.desk.modify_order(order, trigger_price=at.desk.instrument.make_price(Decimal(2530)))


def _sell(size: str, price: str) -> Event:
    return lambda at, _: at.rival.place("SELL", size, price, "IOC") and None


EVENTS: Final[dict[str, tuple[Event, ...]]] = {
    "nothing": (),
    "triggered": (_mark(2560),),
    "triggered and filled": (_mark(2560), _sell("0.4", "2560")),
    "triggered and filled whole": (_mark(2560), _sell("1", "2560")),
    "triggered and canceled": (_mark(2560), _cancel),
    "canceled": (_cancel,),
    "moved and triggered": (_move_trigger, _mark(2560)),
}


def _stop(at: VirtualSession, kind: str) -> Order:
    instrument = at.desk.instrument
    factory = at.desk.order_factory
    size, trigger = instrument.make_qty(Decimal(1)), instrument.make_price(Decimal(2550))
    if kind == "stop market":
        order = factory.stop_market(instrument.id, BUY, size, trigger)
    else:
        price = instrument.make_price(Decimal(2560))
        order = factory.stop_limit(instrument.id, BUY, size, price, trigger)
    at.desk.submit_order(order)
    return order


@pytest.mark.survives(1)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("kind", ["stop market", "stop limit"])
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("seed", seeds(1))
def test_e10_what_happens_to_a_conditional_order_during_a_reading_is_told_once(
    event: str, kind: str, reading: str, seed: int, count: Count
) -> None:
    begin, requests = READINGS[reading]

    async def one(at: VirtualSession, number: int, fault: type[faults.RequestFault]) -> None:
        order = _stop(at, kind)
        await until(lambda: order.is_open, "it waits", 20.0)
        await held_up(at, order, begin, number, fault)
        for each in EVENTS[event]:
            each(at, order)
            await asyncio.sleep(at.chance.choice((0.0, 0.2)))
        await asyncio.sleep(3 * HELD_UP_MS / 1_000)
        await at.ends_equal()
        for left in at.node.cache.orders_open(strategy_id=at.desk.id):
            at.desk.cancel_order(left)
        await until(lambda: not at.node.cache.orders_open(strategy_id=at.desk.id), "ended", 20.0)
        _mark(_MARK)(at, order)
        names = [type(each).__name__ for each in at.node.events_of(order)]
        assert names.count("OrderTriggered") <= 1, names
        assert names.count("OrderAccepted") == 1, names

    async def story(at: VirtualSession) -> None:
        at.rival.place("SELL", "0.5", "2570")
        for number, fault in holdups(seed, requests):
            try:
                at.rival.place("SELL", "0.6", "2565")
                await one(at, number, fault)
            except AssertionError as e:
                e.add_note(f"{event} at request {number} ({fault.__name__})")
                raise
        log = at.node.log()
        assert "Generated inferred" not in log
        assert "overfill rejected" not in log

    tell_lively(story, seed, "rest")
    count(sessions=1, seed=seed, readings=requests)


# -- TWAPS -----------------------------------------------------------------------------------------

_CHILDREN_SECS: Final = 30.0

#: Seconds before the next child in which the reading begins, and if the order is canceled then.
TWAPS: Final[dict[str, tuple[float, bool]]] = {
    "between children": (15.0, False),
    "a child is filled": (0.7, False),
    "a child is filled and it is canceled": (0.7, True),
    "canceled": (15.0, True),
}


@pytest.mark.survives(1)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("reading", ["asked for", "of a gap"])
@pytest.mark.parametrize("event", TWAPS)
@pytest.mark.parametrize("seed", seeds(1))
def test_e10_what_happens_to_a_twap_during_a_reading_is_told_once(
    event: str, reading: str, seed: int, count: Count
) -> None:
    begin, requests = READINGS[reading]
    before, is_canceled = TWAPS[event]

    async def one(at: VirtualSession, number: int, fault: type[faults.RequestFault]) -> None:
        order = twap(at.desk, BUY, "0.2", {"duration_seconds": 60})
        await until(lambda: order.filled_qty, "its first child is filled", 40.0)
        await asyncio.sleep(_CHILDREN_SECS - before)
        await held_up(at, order, begin, number, fault)
        await asyncio.sleep(before + 0.1 if before < 1.0 else 0.1)
        if is_canceled:
            at.desk.cancel_order(order)
        await asyncio.sleep(3 * HELD_UP_MS / 1_000)
        await told(at)
        await until(lambda: order.is_closed, "it ends", 200.0)
        await told(at)

    async def story(at: VirtualSession) -> None:
        at.rival.place("SELL", "1000", "2510")
        for number, fault in holdups(seed, requests):
            try:
                await one(at, number, fault)
            except AssertionError as e:
                e.add_note(f"{event} at request {number} ({fault.__name__})")
                raise
        assert not at.stuck()
        log = at.node.log()
        assert "Generated inferred" not in log
        assert "overfill rejected" not in log

    # The node knows a TWAP as one order, and not the orders that it consists of.
    tell(story, seed, proved=False)
    count(sessions=1, seed=seed, readings=requests)
