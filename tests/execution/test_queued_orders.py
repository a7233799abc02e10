"""What waits for the framework's queue is known, and forgotten when it was applied (P4)."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.execution import queued
from nautilus_paradex.execution.queued import QueuedOrders
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders import Terms
from tests.protocol.order_values import order_update


def quantity(value):
    return Quantity.from_str(str(value))


class Cache:
    """The framework's orders, by client id."""

    def __init__(self):
        self.orders = {}
        self.asked = 0

    def order(self, client_id, _):
        self.asked += 1
        return self.orders.get(client_id)

    def apply(self, tracker):
        """Let the framework have applied everything of an order."""
        self.orders[tracker.client_id] = SimpleNamespace(
            is_closed=tracker.is_done, ts_accepted=1, filled_qty=quantity(tracker.filled)
        )

    def lag(self, tracker):
        """Let the framework have applied nothing of an order but its creation."""
        self.orders[tracker.client_id] = SimpleNamespace(
            is_closed=False, ts_accepted=0, filled_qty=quantity(0)
        )


def working(client_id):
    tracker = OrderTracker(client_id, OrderType.LIMIT, Terms(Decimal(1), Decimal(100), None))
    tracker.on_update(order_update("OPEN", client_id=client_id, at_ms=1), Source.STREAM)
    return tracker


@pytest.fixture
def cache():
    return Cache()


@pytest.fixture
def orders(cache):
    return QueuedOrders(cache.order)


def test_p4_an_order_is_waited_for_until_its_events_were_applied(cache, orders):
    tracker = working("C-1")
    cache.lag(tracker)
    orders.note(tracker)
    assert orders.behind() == [tracker]
    cache.apply(tracker)
    assert orders.behind() == []
    assert len(orders) == 0


def test_p4_an_end_is_waited_for(cache, orders):
    tracker = working("C-1")
    cache.apply(tracker)
    tracker.on_update(
        order_update("CLOSED", client_id="C-1", reason="USER_CANCELED", at_ms=2), Source.STREAM
    )
    orders.note(tracker)
    assert orders.behind() == [tracker]


def test_what_was_applied_is_forgotten_though_nobody_asks(cache, orders):
    for n in range(10 * queued.LOOK_EVERY):
        tracker = working(f"C-{n}")
        cache.apply(tracker)
        orders.note(tracker)
        assert len(orders) <= queued.LOOK_EVERY + 1


def test_orders_far_behind_are_kept_and_not_looked_at_for_each_event(cache, orders):
    for n in range(5 * queued.LOOK_EVERY):
        tracker = working(f"C-{n}")
        cache.lag(tracker)
        orders.note(tracker)
    assert len(orders) == 5 * queued.LOOK_EVERY
    assert cache.asked < 20 * queued.LOOK_EVERY
    orders.clear()
    assert orders.behind() == []
