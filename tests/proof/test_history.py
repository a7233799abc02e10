"""The history check finds what it is there for, each rule by itself, and nothing else."""

from decimal import Decimal

import msgspec
import pytest

from tests.proof.history import RULES
from tests.proof.history import Event
from tests.proof.history import History
from tests.proof.history import VenueFill
from tests.proof.history import VenueOrder
from tests.proof.history import read
from tests.proof.history import violations
from tests.proof.history import write


replace = msgspec.structs.replace


def told(name: str, client_id: str = "C-1", **values) -> Event:
    return Event(name=name, client_id=client_id, **values)


FILLED = told(
    "OrderFilled",
    venue_id="V-1",
    trade_id="F-1",
    quantity=Decimal(2),
    price=Decimal(100),
    fee=Decimal("0.02"),
)
GOOD = History(
    events=[
        told("OrderInitialized"),
        told("OrderSubmitted"),
        told("OrderAccepted", venue_id="V-1"),
        FILLED,
        told("OrderInitialized", "C-2"),
        told("OrderSubmitted", "C-2"),
        told("OrderRejected", "C-2", reason="NOT_ENOUGH_MARGIN"),
    ],
    orders=[
        VenueOrder(
            venue_id="V-1",
            client_id="C-1",
            side="BUY",
            size=Decimal(2),
            remaining=Decimal(0),
            status="CLOSED",
            reason="",
        ),
        VenueOrder(
            venue_id="V-2",
            client_id="C-2",
            side="BUY",
            size=Decimal(9),
            remaining=Decimal(9),
            status="CLOSED",
            reason="NOT_ENOUGH_MARGIN",
        ),
    ],
    fills=[
        VenueFill(
            trade_id="F-1",
            venue_id="V-1",
            market="ETH-USD-PERP",
            side="BUY",
            size=Decimal(2),
            price=Decimal(100),
            fee=Decimal("0.02"),
            gain=Decimal("-0.02"),
        )
    ],
    node_orders={"V-1": "FILLED"},
    node_positions={"ETH-USD-PERP": Decimal(2)},
    venue_positions={"ETH-USD-PERP": Decimal(2)},
    deposits=Decimal(1000),
    node_balance=Decimal("999.98"),
    venue_balance=Decimal("999.98"),
)


def with_events(*events: Event) -> History:
    return replace(GOOD, events=list(events))


def order(number: int, **changes) -> History:
    orders = list(GOOD.orders)
    orders[number] = replace(orders[number], **changes)
    return replace(GOOD, orders=orders)


WITHOUT_FILL = [event for event in GOOD.events if event is not FILLED]
BAD = [
    ("each_fill_is_told_once", with_events(*WITHOUT_FILL), "F-1 was never told"),
    ("each_fill_is_told_once", with_events(*GOOD.events, FILLED), "F-1 was told 2 times"),
    (
        "each_fill_is_told_once",
        with_events(*GOOD.events, replace(FILLED, trade_id="F-9")),
        "F-9 was invented",
    ),
    (
        "each_fill_is_told_right",
        with_events(*WITHOUT_FILL, replace(FILLED, fee=Decimal("0.01"))),
        "F-1 was told as",
    ),
    (
        "positions_are_the_sum_of_fills",
        replace(GOOD, node_positions={}),
        "ETH-USD-PERP: fills 2, node 0, venue 2",
    ),
    (
        "positions_are_the_sum_of_fills",
        replace(GOOD, venue_positions={"BTC-USD-PERP": Decimal(1)}),
        "BTC-USD-PERP: fills 0, node 0, venue 1",
    ),
    ("balance_is_conserved", replace(GOOD, deposits=Decimal(999)), "by its fills 998.98"),
    ("balance_is_conserved", replace(GOOD, node_balance=Decimal("1000.00")), "node 1000.00"),
    (
        "nothing_follows_an_end",
        with_events(*GOOD.events, told("OrderAccepted", "C-2")),
        "C-2: OrderAccepted after OrderRejected",
    ),
    (
        "each_story_is_possible",
        with_events(*GOOD.events, told("OrderAccepted")),
        "C-1: OrderAccepted came 2 times",
    ),
    (
        "each_story_is_possible",
        with_events(told("OrderInitialized"), told("OrderSubmitted"), FILLED),
        "C-1: OrderFilled came before OrderAccepted",
    ),
    (
        "each_story_is_possible",
        with_events(told("OrderInitialized"), told("OrderPendingCancel")),
        "C-1: OrderPendingCancel came right after OrderInitialized",
    ),
    ("both_know_the_same_orders", replace(GOOD, node_orders={}), "known to the venue only"),
    (
        "both_know_the_same_orders",
        replace(GOOD, node_orders=GOOD.node_orders | {"V-7": "ACCEPTED"}),
        "V-7 (ACCEPTED) is known to the node only",
    ),
    ("each_rejection_is_backed", order(1, status="OPEN", reason=""), "C-2 was rejected"),
    ("each_rejection_is_backed", order(1, remaining=Decimal(8)), "8 of 9 left"),
    (
        "each_rejection_is_backed",
        with_events(*GOOD.events[:4], told("OrderDenied", "C-2")),
        "C-2 was denied and sent",
    ),
    ("each_create_was_taken_once", order(1, client_id="C-1"), "C-1 is 2 orders"),
]


def test_a_history_in_which_nothing_is_wrong_passes():
    assert violations(GOOD) == []


@pytest.mark.parametrize(("rule", "history", "words"), BAD)
def test_each_wrong_is_found_by_its_rule(rule: str, history: History, words: str):
    found = [line for line in violations(history) if line.startswith(f"{rule}: ")]
    assert any(words in line for line in found), violations(history)


def test_every_rule_has_a_wrong_that_it_finds():
    assert {rule for rule, _, _ in BAD} == {rule.__name__ for rule in RULES}


def test_a_history_is_the_same_after_it_was_written_and_read():
    assert read(write(GOOD)) == GOOD
