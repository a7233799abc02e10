"""
Whatever happens while the account is read: nothing is lost, doubled or invented (E10).

Each reading is held up at another of its requests, before or after the venue has carried it out,
and something happens meanwhile, told by the stream, by an answer, or by both.
"""

import asyncio
from decimal import Decimal
from typing import Final

import pytest
from nautilus_trader.model.events import OrderUpdated
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import faults
from tests.acceptance.node import Trader
from tests.acceptance.node import until
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.virtual.readings import HELD_UP_MS
from tests.virtual.readings import READINGS
from tests.virtual.readings import Begin
from tests.virtual.readings import Event
from tests.virtual.readings import held_up
from tests.virtual.readings import holdups
from tests.virtual.readings import spawn
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.struck import tell_lively


PRICE: Final = "2499"
LOWER: Final = "2498"


def _fill(size: str, price: str = PRICE) -> Event:
    return lambda at, _: at.rival.place("SELL", size, price, "IOC") and None


def _reprice(price: str = LOWER) -> Event:
    return lambda at, order: at.reprice(order, price)


def _resize(size: str) -> Event:
    return lambda at, order: at.resize(order, size)


def _cancel(at: VirtualSession, order: Order) -> None:
    at.desk.cancel_order(order)


def _place(at: VirtualSession, _: Order) -> None:
    at.desk.limit(BUY, "0.4", "2490")


def _take(at: VirtualSession, _: Order) -> None:
    at.rival.place("SELL", "0.4", "2501")
    at.desk.limit(BUY, "0.4", "2501")


def _resize_elsewhere(at: VirtualSession, order: Order) -> None:
    at.modify_from_elsewhere(order, "2")


def _cancel_elsewhere(at: VirtualSession, order: Order) -> None:
    at.venue.exchange.cancel(at.account, order.venue_order_id.value)
    at.venue.exchange.process_cancel(order.venue_order_id.value)


def _trade_elsewhere(at: VirtualSession, _: Order) -> None:
    at.rival.place("BUY", "0.6", "2491")
    name = f"NOT-OURS-{at.loop.time():.0f}"
    Trader(at.venue, at.account).place("SELL", "0.6", "2491", "IOC", client_id=name)


def _cut(at: VirtualSession, _: Order) -> None:
    spawn(at, at.venue.drop_connections())


#: What happens, one after the other.
EVENTS: Final[dict[str, tuple[Event, ...]]] = {
    "nothing": (),
    "filled": (_fill("0.2"),),
    "filled whole": (_fill("0.7"),),
    "repriced": (_reprice(),),
    "filled and repriced": (_fill("0.2"), _reprice()),
    "repriced and filled": (_reprice(), _fill("0.2", LOWER)),
    "filled, repriced, filled whole": (_fill("0.2"), _reprice(), _fill("0.5", LOWER)),
    "enlarged and filled": (_resize("2"), _fill("1.2")),
    "filled and enlarged": (_fill("0.2"), _resize("2")),
    "filled and reduced": (_fill("0.2"), _resize("0.6")),
    "canceled": (_cancel,),
    "filled and canceled": (_fill("0.2"), _cancel),
    "placed": (_place,),
    "taken": (_take,),
    "enlarged elsewhere": (_resize_elsewhere, _fill("1.2")),
    "enlarged elsewhere and repriced": (_resize_elsewhere, _fill("0.2"), _reprice()),
    "canceled elsewhere": (_fill("0.2"), _cancel_elsewhere),
    "traded elsewhere": (_trade_elsewhere,),
    "cut off": (_fill("0.2"), _cut, _fill("0.1")),
    "repriced and cut off": (_fill("0.2"), _reprice(), _cut, _fill("0.1")),
}


#: In these the node sends nothing.
_WITHOUT_COMMANDS: Final = frozenset(
    {"nothing", "filled", "filled whole", "enlarged elsewhere", "traded elsewhere", "cut off"}
)


def _never_told_backwards(at: VirtualSession, order: Order) -> None:
    """See that no report or answer of before has told terms that had been left."""
    for field, first in (("price", PRICE), ("quantity", "1")):
        told = [Decimal(first)]
        for event in at.node.events_of(order):
            value = getattr(event, field, None) if isinstance(event, OrderUpdated) else None
            if value is not None and value.as_decimal() != told[-1]:
                told.append(value.as_decimal())
        assert len(told) == len(set(told)), f"{order} was told with {field} {told}"


async def _round(
    at: VirtualSession,
    begin: Begin,
    number: int,
    kind: type[faults.RequestFault],
    events: tuple[Event, ...],
) -> None:
    order = at.desk.limit(BUY, "1", PRICE, post_only=True)
    await until(lambda: order.is_open, "it rests", 20.0)
    at.rival.place("SELL", "0.3", PRICE, "IOC")
    await until(lambda: order.filled_qty, "a part is filled", 20.0)
    await held_up(at, order, begin, number, kind)
    for event in events:
        event(at, order)
        # Some are answered before the next one, some after.
        await asyncio.sleep(at.chance.choice((0.0, 0.2)))
    await asyncio.sleep(3 * HELD_UP_MS / 1_000)
    await at.ends_equal()
    if _resize_elsewhere not in events:  # a modify of ours names the size of before
        _never_told_backwards(at, order)
    for left in at.node.cache.orders_open():
        if left.strategy_id == at.desk.id:
            at.desk.cancel_order(left)
    await until(lambda: not at.node.cache.orders_open(strategy_id=at.desk.id), "all ended", 20.0)


CASES: Final = [
    (event, reading, transport)
    for event in EVENTS
    for reading in READINGS
    for transport in ("rest", "ws")
    if transport == "rest" or event not in _WITHOUT_COMMANDS
]


@pytest.mark.survives(1)
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("event", "reading", "transport"), CASES)
@pytest.mark.parametrize("seed", seeds(1))
def test_e10_what_happens_at_any_moment_of_a_reading_is_told_once(
    event: str, reading: str, transport: str, seed: int, count: Count
) -> None:
    begin, requests = READINGS[reading]

    async def story(at: VirtualSession) -> None:
        for number, kind in holdups(seed, requests):
            try:
                await _round(at, begin, number, kind, EVENTS[event])
            except AssertionError as e:
                e.add_note(f"{event} at request {number} ({kind.__name__})")
                raise
        log = at.node.log()
        assert "Generated inferred" not in log
        assert "overfill rejected" not in log

    tell_lively(story, seed, transport)
    count(sessions=1, seed=seed, readings=requests)
