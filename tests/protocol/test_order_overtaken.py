"""Fills that overtake the modify they belong to (rule E7): new terms first, then the fill."""

from decimal import Decimal

import msgspec
import pytest

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.events import RequestInfo
from nautilus_paradex.protocol.orders import Effect
from nautilus_paradex.protocol.orders import Filled
from nautilus_paradex.protocol.orders import ModifyRejected
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders import Terms
from nautilus_paradex.protocol.orders import Updated
from tests.protocol.order_values import fill
from tests.protocol.order_values import order_update


def request(status: str) -> RequestInfo:
    return RequestInfo(id="R-1", request_type="MODIFY_ORDER", status=RequestStatus(status))


def working(size: str = "5") -> OrderTracker:
    """Return an accepted order of size 5 at 100."""
    tracker = OrderTracker("C-1", OrderType.LIMIT, Terms(Decimal(size), Decimal(100), None))
    tracker.on_update(order_update(size=size, remaining=size), Source.STREAM)
    return tracker


def modify(tracker: OrderTracker, size: str, price: str = "101") -> None:
    terms = msgspec.structs.replace(tracker.told, size=Decimal(size), price=Decimal(price))
    tracker.modify_sent(terms, 1)


def names(effects: list[Effect]) -> list[str]:
    return [type(effect).__name__ for effect in effects]


@pytest.mark.parametrize("new_size", ["3", "5", "8"])
def test_e7_a_fill_of_the_new_size_waits_for_the_new_terms(new_size: str) -> None:
    tracker = working()
    modify(tracker, new_size)
    first = tracker.on_fill(fill(size=new_size, at_ms=1))
    assert first == []
    ended = order_update(
        "CLOSED",
        size=new_size,
        remaining="0",
        price=Decimal(101),
        at_ms=1,
        request=request("SUCCESS"),
    )
    effects = tracker.on_update(ended, Source.STREAM)
    assert names(effects) == ["Updated", "Filled"]
    assert effects[0] == Updated(Decimal(new_size), Decimal(101), None, ended.updated_ns)
    assert tracker.phase is Phase.CLOSED
    assert tracker.was_asked_for


def test_e7_a_fill_below_both_sizes_is_told_at_once() -> None:
    tracker = working()
    modify(tracker, "3")
    assert names(tracker.on_fill(fill(size="2", at_ms=1))) == ["Filled"]


def test_e7_a_fill_that_waited_is_told_when_the_modify_is_rejected() -> None:
    """It was one of the old size: the order lives on."""
    tracker = working()
    modify(tracker, "3")
    assert tracker.on_fill(fill(size="3", at_ms=1)) == []
    rejected = order_update(size="5", remaining="2", at_ms=2, request=request("REJECTED"))
    effects = tracker.on_update(rejected, Source.STREAM)
    assert [type(effect) for effect in effects] == [ModifyRejected, Filled]
    assert tracker.phase is Phase.WORKING
    assert tracker.filled == 3


def test_e7_of_several_modifies_the_smallest_size_decides() -> None:
    tracker = working()
    modify(tracker, "8")
    modify(tracker, "2")
    assert tracker.on_fill(fill(size="2", at_ms=1)) == []


def test_a_change_without_a_modify_is_known_as_one_that_nobody_asked_for() -> None:
    tracker = working()
    assert tracker.was_asked_for
    effects = tracker.on_update(order_update(size="4", remaining="4", at_ms=1), Source.STREAM)
    assert names(effects) == ["Updated"]
    assert not tracker.was_asked_for


@pytest.mark.parametrize(
    ("answered", "is_older"), [("PENDING", True), ("PROCESSED", False), ("SUCCESS", False)]
)
def test_e7_an_answer_that_its_result_overtook_does_not_bring_the_old_terms_back(
    answered: str, is_older: bool
) -> None:
    """REST truncates to milliseconds: both may seem to be of the same moment."""
    tracker = working()
    modify(tracker, "5")
    done = order_update(
        size="5", remaining="5", price=Decimal(101), at_ms=1, request=request("SUCCESS")
    )
    tracker.on_update(done, Source.STREAM)
    answer = order_update(size="5", remaining="5", at_ms=1, request=request(answered))
    effects = tracker.on_update(answer, Source.REST)
    assert names(effects) == ([] if is_older else ["Updated"])


def test_e7_what_rest_says_of_another_request_or_of_none_is_taken() -> None:
    tracker = working()
    done = order_update(size="5", remaining="5", at_ms=1, request=request("SUCCESS"))
    tracker.on_update(done, Source.STREAM)
    for price, told in (
        (102, msgspec.structs.replace(request("PENDING"), id="R-2")),
        (103, None),
        (104, request("PENDING")),
    ):
        update = order_update(size="5", remaining="5", price=Decimal(price), at_ms=1, request=told)
        assert names(tracker.on_update(update, Source.REST)) == ["Updated"]
