"""What the framework was told of an order to its end (E5)."""

from decimal import Decimal
from types import SimpleNamespace

from nautilus_trader.model.objects import Quantity

from nautilus_paradex.execution.ended import EndedOrders
from tests.protocol.order_values import order_update


class Cache:
    def __init__(self):
        self.orders = {}

    def order(self, client_id):
        return self.orders.get(client_id)

    def put(self, client_id, venue_id, filled, *, is_closed=True):
        self.orders[client_id] = SimpleNamespace(
            is_closed=is_closed,
            venue_order_id=None if venue_id is None else SimpleNamespace(value=venue_id),
            filled_qty=Quantity.from_str(str(filled)),
        )


def heard(*orders, capacity=100):
    cache = Cache()
    ended = EndedOrders(cache, capacity)
    for client_id, venue_id, filled, is_closed in orders:
        cache.put(client_id, venue_id, filled, is_closed=is_closed)
        ended.on_event(SimpleNamespace(client_order_id=client_id))
    return ended


def closed(order_id, remaining):
    return order_update("CLOSED", order_id=order_id, remaining=remaining, reason="USER_CANCELED")


def test_e5_an_order_that_ended_with_all_of_its_fills_was_told():
    ended = heard(("C-1", "V-1", "0.4", True))
    assert ended.was_told(closed("V-1", "0.6"))
    assert ended.was_filled("V-1", Decimal("0.4"))


def test_e5_an_order_with_more_fills_than_it_ended_with_is_told():
    ended = heard(("C-1", "V-1", "0.4", True))
    assert not ended.was_told(closed("V-1", "0.5"))
    assert not ended.was_filled("V-1", Decimal("0.5"))


def test_e5_what_is_open_unknown_or_without_the_venues_id_was_not_told_to_its_end():
    ended = heard(("C-1", "V-1", "0", False), ("C-2", None, "0", True))
    assert not ended.was_told(closed("V-1", "1"))
    assert not ended.was_told(closed("V-2", "1"))
    assert not heard(("C-1", "V-1", "0", True)).was_told(order_update("OPEN", order_id="V-1"))
    ended.on_event(SimpleNamespace(client_order_id="C-9"))
    assert len(ended) == 0


def test_e5_a_fill_after_the_end_counts():
    ended = heard(("C-1", "V-1", "0.4", True), ("C-1", "V-1", "0.5", True))
    assert ended.was_told(closed("V-1", "0.5"))


def test_the_oldest_ends_are_forgotten_first():
    ended = heard(*((f"C-{n}", f"V-{n}", "1", True) for n in range(5)), capacity=3)
    assert len(ended) == 3
    assert not ended.was_filled("V-1", Decimal(1))
    assert ended.was_filled("V-4", Decimal(1))
