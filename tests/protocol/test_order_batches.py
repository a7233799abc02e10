"""E8: what the answer to a batch proves of each of its orders, and what it leaves unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import from_batch
from nautilus_paradex.protocol.orders import match_batch
from tests.protocol.order_values import order_update


IDS = ["C-1", "C-2", "C-3"]
SIZE = from_batch("INVALID_ORDER_SIZE", "size: too small")
CLOSED = from_batch("MARKET_NOT_OPEN", "market is closed")


def taken(client_id: str):
    return order_update("NEW", client_id=client_id, order_id=f"V-{client_id}")


def said(outcomes) -> dict[str, str]:
    return {
        client_id: str(outcome) if isinstance(outcome, VenueError) else "taken"
        for client_id, outcome in outcomes.items()
    }


def test_e8_orders_are_matched_by_client_id_in_any_order():
    outcomes = match_batch(IDS, [taken("C-3"), taken("C-1"), taken("C-2")], [])
    assert said(outcomes) == {"C-1": "taken", "C-2": "taken", "C-3": "taken"}
    assert outcomes["C-3"].order_id == "V-C-3"


def test_e8_an_order_that_the_answer_does_not_name_is_unknown():
    assert match_batch(IDS, [taken("C-1"), None], []).keys() == {"C-1"}


def test_e8_an_order_of_somebody_else_is_no_outcome_of_the_batch():
    assert match_batch(["C-1"], [taken("C-9")], []) == {}


def test_e8_errors_with_a_place_for_each_order_are_matched_by_place():
    outcomes = match_batch(IDS, [None, taken("C-2"), None], [CLOSED, None, SIZE])
    assert said(outcomes) == {"C-1": str(CLOSED), "C-2": "taken", "C-3": str(SIZE)}


def test_e8_a_place_that_contradicts_the_orders_proves_no_place():
    """The error stands where an order was taken: which of the others it means is not known."""
    outcomes = match_batch(IDS, [taken("C-1")], [CLOSED, None, None])
    assert said(outcomes) == {"C-1": "taken"}


def test_e8_places_that_contradict_still_prove_as_many_refusals_as_are_missing():
    outcomes = match_batch(IDS, [taken("C-1"), taken("C-2")], [CLOSED, None, None])
    assert said(outcomes)["C-3"] == str(CLOSED)


def test_e8_as_many_errors_as_missing_orders_refuse_each_of_them():
    outcomes = match_batch(IDS, [taken("C-2")], [SIZE, CLOSED])
    assert outcomes["C-1"] is outcomes["C-3"]
    assert not outcomes["C-1"].outcome_unknown
    assert "INVALID_ORDER_SIZE" in str(outcomes["C-1"])
    assert "MARKET_NOT_OPEN" in str(outcomes["C-1"])


def test_e8_the_same_error_for_all_that_is_missing_is_theirs():
    outcomes = match_batch(IDS, [taken("C-2")], [SIZE, SIZE])
    assert said(outcomes) == {"C-1": str(SIZE), "C-2": "taken", "C-3": str(SIZE)}


def test_e8_fewer_errors_than_missing_orders_prove_nothing():
    assert match_batch(IDS, [taken("C-2")], [SIZE]).keys() == {"C-2"}


def test_e8_one_undecided_error_among_unmatched_ones_leaves_all_unknown():
    outcomes = match_batch(IDS, [taken("C-2")], [SIZE, from_batch("INTERNAL_ERROR", "oops")])
    assert outcomes["C-1"].outcome_unknown
    assert outcomes["C-3"].outcome_unknown


@pytest.mark.parametrize(
    ("code", "message", "unknown", "named"),
    [
        ("INVALID_ORDER_SIZE", "", False, "INVALID_ORDER_SIZE"),
        (None, "MARKET_NOT_OPEN: closed", False, "MARKET_NOT_OPEN"),
        (None, "insufficient margin", False, None),
        ("SOMETHING_NEW", "", False, "SOMETHING_NEW"),
        ("SYSTEM_STATUS_CANCEL_ONLY", "", False, "SYSTEM_STATUS_CANCEL_ONLY"),
        ("INTERNAL_ERROR", "", True, "INTERNAL_ERROR"),
        (None, "SERVICE_UNAVAILABLE: later", True, "SERVICE_UNAVAILABLE"),
    ],
)
def test_e8_an_orders_own_refusal_is_definitive_unless_the_venue_failed(
    code, message, unknown, named
):
    error = from_batch(code, message)
    assert error.outcome_unknown is unknown
    assert error.code == named


@given(
    st.lists(st.sampled_from([*IDS, "C-9"]), max_size=5),
    st.lists(st.sampled_from([None, SIZE, CLOSED]), max_size=5),
)
def test_e8_no_answer_refuses_an_order_that_it_shows_as_taken(orders, errors):
    outcomes = match_batch(IDS, [taken(client_id) for client_id in orders], errors)
    assert outcomes.keys() <= set(IDS)
    for client_id in set(orders) & set(IDS):
        assert not isinstance(outcomes[client_id], VenueError)
