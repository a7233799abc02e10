"""Finding orders by either id, and counting fills once (rule E5)."""

from decimal import Decimal

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.orders import FillLedger
from nautilus_paradex.protocol.orders import OrderRegistry
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders import Terms
from tests.protocol.order_values import fill
from tests.protocol.order_values import order_update


TERMS = Terms(Decimal(1), Decimal(100), None)


def test_an_order_is_found_by_either_id():
    registry = OrderRegistry()
    order = registry.track("C-1", OrderType.LIMIT, TERMS)
    assert registry.find("C-1", "") is order
    assert registry.find("C-1", "V-1") is order
    assert registry.find("", "V-1") is None
    order.on_update(order_update("OPEN"), Source.STREAM)
    registry.index(order)
    assert registry.find("", "V-1") is order
    assert registry.find("C-9", "V-9") is None


def test_a_client_id_that_is_used_again_is_another_order():
    registry = OrderRegistry()
    order = registry.track("C-1", OrderType.LIMIT, TERMS)
    order.on_update(order_update("CLOSED", reason="USER_CANCELED"), Source.STREAM)
    registry.index(order)
    assert registry.find("C-1", "V-2") is None
    external = registry.track("C-1", OrderType.LIMIT, TERMS, external=True)
    assert registry.find("C-1", "") is order
    assert external is not order


def test_ended_orders_are_forgotten_oldest_first_and_live_ones_never():
    registry = OrderRegistry(ended_capacity=2)
    live = registry.track("LIVE", OrderType.LIMIT, TERMS)
    for number in range(4):
        order = registry.track(f"C-{number}", OrderType.LIMIT, TERMS)
        update = order_update("CLOSED", reason="USER_CANCELED", order_id=f"V-{number}")
        order.on_update(update, Source.STREAM)
        registry.index(order)
        registry.index(order)
    assert [number for number in range(4) if registry.find(f"C-{number}", "")] == [2, 3]
    assert [number for number in range(4) if registry.find("", f"V-{number}")] == [2, 3]
    assert list(registry.live()) == [live]
    assert len(list(registry)) == 3


def test_forgetting_an_order_spares_a_later_one_of_the_same_client_id():
    registry = OrderRegistry(ended_capacity=1)
    first = registry.track("C-1", OrderType.LIMIT, TERMS)
    first.on_create_denied("no", 1)
    registry.index(first)
    second = registry.track("C-1", OrderType.LIMIT, TERMS)
    other = registry.track("C-2", OrderType.LIMIT, TERMS)
    other.on_create_denied("no", 1)
    registry.index(other)
    assert registry.find("C-1", "") is second


def test_an_external_order_without_client_id_is_found_by_the_venue_id():
    registry = OrderRegistry()
    order = registry.track("", OrderType.LIMIT, TERMS, external=True)
    order.on_update(order_update("OPEN", client_id=""), Source.STREAM)
    registry.index(order)
    assert registry.find("", "V-1") is order
    assert list(registry.live()) == [order]


def test_e5_a_fill_counts_once_per_id_and_type():
    ledger = FillLedger(capacity=2)
    assert ledger.add(fill("F-1").key)
    assert not ledger.add(fill("F-1").key)
    assert ledger.add(("LIQUIDATION", "F-1"))
    assert ledger.add(("FILL", "F-2"))
    assert len(ledger) == 2
    assert ("FILL", "F-1") not in ledger
    assert ("FILL", "F-2") in ledger


def test_a_client_id_in_another_market_is_another_order():
    """The venue may speak of it while our own order has no id there yet (PROTOCOL 5.7)."""
    registry = OrderRegistry()
    ours = registry.track("C-1", OrderType.LIMIT, TERMS)
    assert registry.find("C-1", "V-9", "ETH-USD-PERP") is ours  # its market is not known
    ours.market = "BTC-USD-PERP"
    assert registry.find("C-1", "V-9", "ETH-USD-PERP") is None
    assert registry.find("C-1", "V-9", "BTC-USD-PERP") is ours
    assert registry.find("C-1", "V-9") is ours
