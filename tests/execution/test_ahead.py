"""Orders that say more filled than the fills that came with them (E10)."""

from types import SimpleNamespace

import pytest
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.execution.ahead import hold_back
from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.protocol.enums import OrderStatus
from tests.protocol.order_values import fill
from tests.protocol.order_values import order_update


def reading(status, remaining, *fills):
    update = order_update(status, order_id="V-1", remaining=remaining)
    return AccountSnapshot(
        orders={"V-1": update}, fills=list(fills), positions=[], unstable_markets=frozenset()
    )


def held(filled, *trade_ids, is_closed=False):
    return SimpleNamespace(
        filled_qty=Quantity.from_str(filled),
        trade_ids=[TradeId(each) for each in trade_ids],
        is_closed=is_closed,
    )


@pytest.mark.parametrize(
    ("order", "fills", "filled"),
    [
        (None, [], "0"),
        (None, [("F-1", "0.4")], "0.4"),
        (held("0.4", "F-1"), [], "0.4"),
        (held("0.4", "F-1"), [("F-1", "0.4")], "0.4"),  # told and read: counted once
        (held("0.4", "F-1"), [("F-1", "0.4"), ("F-2", "0.1")], "0.5"),
    ],
)
@pytest.mark.parametrize("status", ["OPEN", "CLOSED"])
def test_e10_an_order_ahead_of_its_fills_lives_on_with_those_that_it_has(
    status, order, fills, filled
):
    given = reading(status, "0.3", *(fill(key, size=size) for key, size in fills))
    taken, ahead = hold_back(given, lambda *_: order)
    assert ahead == list(given.orders.values())
    assert taken.orders["V-1"].status is OrderStatus.OPEN
    assert str(taken.orders["V-1"].filled_size) == filled
    assert taken.unstable_markets == {given.orders["V-1"].market}


@pytest.mark.parametrize(
    ("order", "fills"),
    [
        (None, [("F-1", "0.7")]),
        (held("0.4", "F-1"), [("F-2", "0.3")]),
        (held("0.4", "F-1", is_closed=True), []),  # nothing is made up for one that is over
    ],
)
def test_e10_an_order_that_has_its_fills_or_is_over_is_told_as_it_is(order, fills):
    given = reading("CLOSED", "0.3", *(fill(key, size=size) for key, size in fills))
    assert hold_back(given, lambda *_: order) == (given, [])


def test_e10_of_an_order_from_long_before_a_start_fills_are_not_waited_for():
    given = reading("OPEN", "0.3")
    updated_ns = given.orders["V-1"].updated_ns
    assert hold_back(given, lambda *_: None, updated_ns + 1) == (given, [])
    assert hold_back(given, lambda *_: None, updated_ns)[1]
