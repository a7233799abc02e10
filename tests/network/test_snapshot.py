"""One consistent reading of an account by several calls (rule E10, P1, P8)."""

from decimal import Decimal

import pytest

from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.lookup import look_up
from nautilus_paradex.network.snapshot import MAX_READINGS
from nautilus_paradex.network.snapshot import read_account
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import TransportError
from tests.protocol.order_values import T0
from tests.protocol.order_values import fill
from tests.protocol.order_values import order_update


T0_MS = T0 // 1_000_000


class Account:
    """An account that a test changes between the calls."""

    def __init__(self):
        self.open, self.history, self.filled, self.held = [], [], [], []
        self.calls = []
        self.before = {}

    async def _call(self, name):
        self.calls.append(name)
        change = self.before.pop((name, self.calls.count(name)), None)
        if change is not None:
            change()

    async def open_orders(self, market=None, *, unread=None):
        await self._call("open_orders")
        return list(self.open)

    async def orders_history(self, *, market=None, start_ms=None, end_ms=None, unread=None):
        await self._call("orders_history")
        return list(self.history)

    async def fills(self, *, market=None, start_ms=None, end_ms=None):
        await self._call("fills")
        return [f for f in self.filled if f.created_ns >= (start_ms or 0) * 1_000_000]

    async def positions(self):
        await self._call("positions")
        return list(self.held)

    async def order(self, order_id):
        await self._call("order")
        for order in self.open:
            if order.order_id == order_id:
                return order
        raise NotFoundError("no such order", code="ORDER_ID_NOT_FOUND", status=404)

    async def find_order(self, client_id):
        await self._call("find_order")
        return next((o for o in self.open + self.history if o.client_id == client_id), None)


async def read(account, **changes):
    return await read_account(account, **({"start_ms": T0_MS, "log": NoLog()} | changes))


async def test_a_quiet_account_is_read_once():
    account = Account()
    account.open = [order_update("OPEN", remaining="0.6")]
    account.filled = [fill("F-1", size="0.4")]
    snapshot = await read(account)
    assert account.calls.count("open_orders") == 1
    assert list(snapshot.orders) == ["V-1"]
    assert snapshot.fills_of("V-1") == account.filled
    assert snapshot.unstable_markets == frozenset()


async def test_e10_a_fill_between_the_calls_makes_another_reading():
    account = Account()
    account.open = [order_update("OPEN", remaining="1")]

    def filled():
        account.open = [order_update("OPEN", remaining="0.6", at_ms=5)]
        account.filled = [fill("F-1", size="0.4", at_ms=5)]

    account.before["positions", 1] = filled
    snapshot = await read(account)
    assert account.calls.count("open_orders") == 2
    assert snapshot.orders["V-1"].remaining_size == Decimal("0.6")
    assert snapshot.unstable_markets == frozenset()


async def test_e10_a_market_that_never_rests_is_named_and_its_newest_fills_left_out():
    account = Account()
    account.open = [order_update("OPEN", remaining="0.8", size="1")]
    account.filled = [fill("F-2", size="0.3", at_ms=9), fill("F-1", size="0.2", at_ms=1)]
    snapshot = await read(account)
    assert account.calls.count("open_orders") == MAX_READINGS
    assert snapshot.unstable_markets == {"BTC-USD-PERP"}
    assert [f.fill_id for f in snapshot.fills] == ["F-1"]


async def test_p1_fills_are_ascending_by_time_then_id():
    account = Account()
    account.history = [order_update("CLOSED", size="3", remaining="0")]
    account.filled = [fill("F-10", at_ms=3), fill("F-9", at_ms=3), fill("F-1", at_ms=1)]
    snapshot = await read(account)
    assert [f.fill_id for f in snapshot.fills] == ["F-1", "F-9", "F-10"]


async def test_the_newest_of_two_states_of_an_order_stands():
    account = Account()
    account.open = [order_update("OPEN", remaining="1", at_ms=1)]
    account.history = [order_update("CLOSED", remaining="1", reason="USER_CANCELED", at_ms=2)]
    assert (await read(account)).orders["V-1"].status == "CLOSED"


async def test_fills_that_the_venue_no_longer_keeps_do_not_leave_the_market_out():
    account = Account()
    account.open = [order_update("OPEN", remaining="0.6")]
    snapshot = await read(account)
    assert account.calls.count("open_orders") == MAX_READINGS
    assert snapshot.unstable_markets == frozenset()


async def test_p2_a_call_that_fails_fails_the_reading():
    account = Account()

    def fail():
        raise TransportError("gone", sent=True)

    account.before["positions", 1] = fail
    with pytest.raises(TransportError):
        await read(account)


async def test_e6_an_order_is_looked_up_in_every_place():
    account = Account()
    closed = order_update("CLOSED", reason="USER_CANCELED")
    account.history = [closed]
    assert await look_up(account, order_id="V-1", client_id="C-1") is closed
    assert account.calls == ["order", "find_order"]
    account.calls.clear()
    assert await look_up(account, order_id="V-1", created_ms=T0_MS) is closed
    assert account.calls == ["order", "orders_history"]
    assert await look_up(account, order_id="V-9", client_id="C-9") is None
    assert await look_up(account, client_id="C-9") is None


async def test_e6_another_order_of_the_same_client_id_is_not_the_order():
    account = Account()
    account.history = [order_update("CLOSED", reason="USER_CANCELED")]
    assert await look_up(account, order_id="V-2", client_id="C-1") is None


async def test_e6_a_404_of_something_in_between_is_no_proof():
    account = Account()

    def gateway():
        raise NotFoundError("<html>", status=404, outcome_unknown=True)

    account.before["order", 1] = gateway
    with pytest.raises(NotFoundError):
        await look_up(account, order_id="V-1", client_id="C-1")
