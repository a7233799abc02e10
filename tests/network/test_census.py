"""Hundreds of orders are looked for by few readings of the account (rules E6, E12)."""

import asyncio

import pytest

from nautilus_paradex.network.census import OrderCensus
from nautilus_paradex.network.rest.core import PAGE_SIZE
from nautilus_paradex.protocol.errors import TransportError
from tests.network.virtual_timing import VirtualTiming
from tests.network.virtual_timing import settle
from tests.protocol.order_values import order_update


class Account:
    """An account whose readings a test counts, changes and lets fail."""

    def __init__(self):
        self.open, self.history = [], []
        self.starts = []
        self.error = None
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def open_orders(self, market=None, *, unread=None):
        self.begun.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return list(self.open)

    async def orders_history(self, *, market=None, start_ms=None, unread=None):
        self.starts.append(start_ms)
        return list(self.history)


@pytest.fixture
def account():
    return Account()


@pytest.fixture
def timing():
    return VirtualTiming()


@pytest.fixture
def census(account, timing):
    return OrderCensus(account, timing)


def find(census, client_id="", order_id="", since_ms=1_000):
    return census.find(client_id=client_id, order_id=order_id, since_ms=since_ms)


async def test_e12_a_reading_answers_all_who_asked_before_it_began(census, account):
    account.open = [order_update(order_id=str(n), client_id=f"C{n}") for n in range(200)]
    found = await asyncio.gather(*(find(census, f"C{n}") for n in range(200)))
    assert [order.client_id for order in found] == [f"C{n}" for n in range(200)]
    assert len(account.starts) == 1


async def test_e6_who_asks_while_it_is_read_is_answered_by_the_next_reading(census, account):
    account.gate.clear()
    first = asyncio.create_task(find(census, "C1"))
    await account.begun.wait()
    # What comes to the venue from now on may not be in this reading.
    late = [asyncio.create_task(find(census, "C1")) for _ in range(3)]
    await settle()
    account.gate.set()
    assert await first is None
    account.history = [order_update(client_id="C1")]
    assert [order.client_id for order in await asyncio.gather(*late)] == ["C1"] * 3
    assert len(account.starts) == 2


async def test_e6_a_reading_goes_back_as_far_as_the_oldest_question(census, account):
    await asyncio.gather(*(find(census, "C1", since_ms=since) for since in (3_000, 1_000, 2_000)))
    await find(census, "C1", since_ms=5_000)
    assert account.starts == [1_000, 5_000]


async def test_e6_who_stops_waiting_takes_nothing_from_the_others(census, account):
    account.gate.clear()
    account.history = [order_update(client_id="C1")]
    reads = asyncio.create_task(find(census, "C1", since_ms=1_000))
    await account.begun.wait()
    waits = asyncio.create_task(find(census, "C1", since_ms=2_000))
    await settle()
    reads.cancel()
    account.gate.set()
    assert (await waits).client_id == "C1"
    assert account.starts == [2_000]


async def test_e12_readings_leave_room_for_others(census, account, timing):
    times = []
    for _ in range(3):
        await find(census, "C1")
        times.append(timing.now)
    assert times[1] - times[0] == pytest.approx(2.0)
    account.history = [order_update(order_id=str(n), client_id="C1") for n in range(20 * PAGE_SIZE)]
    await find(census, "C1")
    await find(census, "C1")
    # 20 pages take 20 requests of the 600 that a minute has.
    assert timing.now - times[2] == pytest.approx(6.0)


async def test_e6_an_account_that_cannot_be_read_is_said_to_all(census, account):
    account.error = TransportError("no answer", sent=True)
    found = await asyncio.gather(*(find(census, "C1") for _ in range(3)), return_exceptions=True)
    assert found == [account.error] * 3
    account.error = None
    account.history = [order_update(client_id="C1")]
    assert await find(census, "C1") is not None


async def test_e6_the_newest_state_of_an_order_is_found_by_either_id(census, account):
    older = order_update(order_id="1", client_id="C1", updated_ns=10)
    newer = order_update(order_id="1", client_id="C1", updated_ns=20)
    other = order_update(order_id="2", client_id="C1", updated_ns=5)
    account.open, account.history = [older, other], [newer]
    assert await find(census, "C1") == newer
    assert await find(census, "C1", order_id="2") == other
    assert await find(census, "C1", order_id="3") is None
    assert await find(census, "C2") is None
