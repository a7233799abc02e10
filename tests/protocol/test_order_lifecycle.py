"""The order table and what a tracker tells (rules E3, E4, E5, E7; PROTOCOL 5.5)."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.events import RequestInfo
from nautilus_paradex.protocol.orders import Accepted
from nautilus_paradex.protocol.orders import AwaitFills
from nautilus_paradex.protocol.orders import Canceled
from nautilus_paradex.protocol.orders import CancelRejected
from nautilus_paradex.protocol.orders import Expired
from nautilus_paradex.protocol.orders import Filled
from nautilus_paradex.protocol.orders import ModifyRejected
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Phase
from nautilus_paradex.protocol.orders import Reconcile
from nautilus_paradex.protocol.orders import Rejected
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders import Terms
from nautilus_paradex.protocol.orders import Triggered
from nautilus_paradex.protocol.orders import Updated
from nautilus_paradex.protocol.orders.lifecycle import FILL_STEPS
from nautilus_paradex.protocol.orders.lifecycle import TRANSITIONS
from nautilus_paradex.protocol.orders.lifecycle import UPDATE_STEPS
from nautilus_paradex.protocol.orders.lifecycle import Said
from nautilus_paradex.protocol.orders.lifecycle import said_by
from nautilus_paradex.protocol.orders.tracker import MOST_SETTLED_REQUESTS
from tests.protocol.order_values import T0
from tests.protocol.order_values import fill
from tests.protocol.order_values import order_update


TERMS = Terms(Decimal(1), Decimal(100), None)


def tracker(order_type=OrderType.LIMIT, terms=TERMS) -> OrderTracker:
    return OrderTracker("C-1", order_type, terms)


def names(effects) -> list[str]:
    return [type(effect).__name__ for effect in effects]


class Told:
    """Runs a tracker and keeps everything that it told."""

    def __init__(self, order=None):
        self.order = order or tracker()
        self.effects = []

    def update(self, *args, source=Source.STREAM, **kwargs):
        return self._keep(self.order.on_update(order_update(*args, **kwargs), source))

    def fill(self, *args, **kwargs):
        return self._keep(self.order.on_fill(fill(*args, **kwargs)))

    def _keep(self, effects):
        self.effects += effects
        return names(effects)


# -- THE TABLE -------------------------------------------------------------------------------------


def test_every_input_has_a_row_in_every_phase():
    assert set(TRANSITIONS) == set(itertools.product(Phase, Said))


def test_steps_that_need_an_update_or_a_fill_are_led_to_by_one():
    for (_, said), (steps, _) in TRANSITIONS.items():
        if UPDATE_STEPS & set(steps):
            assert said not in (Said.FILL, Said.DENIED, Said.ABSENT)
        if FILL_STEPS & set(steps):
            assert said is Said.FILL


def test_no_row_leaves_closed():
    for (phase, _), (_, after) in TRANSITIONS.items():
        if phase is Phase.CLOSED:
            assert after is Phase.CLOSED


@pytest.mark.parametrize(
    ("status", "remaining", "reason", "said"),
    [
        ("NEW", "1", "", Said.NEW),
        ("OPEN", "1", "", Said.RESTING),
        ("OPEN", "0.5", "", Said.RESTING),
        ("UNTRIGGERED", "1", "", Said.RESTING),
        ("CLOSED", "0", "", Said.COMPLETE),
        ("CLOSED", "0", "USER_CANCELED", Said.COMPLETE),
        ("CLOSED", "0.5", "", Said.CANCELED),
        ("CLOSED", "0.5", "NOT_ENOUGH_MARGIN", Said.CANCELED),
        ("CLOSED", "1", "USER_CANCELED", Said.CANCELED),
        ("CLOSED", "1", "REMAINING_IOC_CANCEL", Said.CANCELED),
        ("CLOSED", "1", "", Said.CANCELED),
        ("CLOSED", "1", "EXPIRED", Said.EXPIRED),
        ("CLOSED", "0.5", "EXPIRED", Said.EXPIRED),
        ("CLOSED", "1", "NOT_ENOUGH_MARGIN", Said.REFUSED),
        ("CLOSED", "1", "POST_ONLY_WOULD_CROSS", Said.REFUSED),
        ("CLOSED", "1", "A_REASON_OF_TOMORROW", Said.REFUSED),
    ],
)
def test_what_an_update_says(status, remaining, reason, said):
    assert said_by(order_update(status, remaining=remaining, reason=reason)) is said


# -- ACCEPTANCE (E3) -------------------------------------------------------------------------------


def test_e3_new_is_not_acceptance():
    told = Told()
    assert told.update("NEW", source=Source.REST) == []
    assert told.order.order_id == "V-1"
    assert told.order.phase is Phase.PENDING


@pytest.mark.parametrize("status", ["OPEN", "UNTRIGGERED"])
def test_e3_open_or_untriggered_is_acceptance_once(status):
    told = Told()
    assert told.update(status, at_ms=1) == ["Accepted"]
    assert told.update(status, at_ms=2) == []


def test_e3_answer_after_notification_tells_nothing_more():
    told = Told()
    told.update("OPEN", at_ms=5)
    assert told.update("NEW", at_ms=1, source=Source.REST) == []
    assert told.order.phase is Phase.WORKING


def test_e3_a_fill_that_comes_first_accepts():
    told = Told()
    assert told.fill(size="0.4") == ["Accepted", "Filled"]
    assert told.update("OPEN", remaining="0.6", at_ms=1) == []


# -- REJECTION AND ENDS (E4) -----------------------------------------------------------------------


def test_e4_closed_before_open_with_a_reason_is_a_rejection():
    told = Told()
    told.update("CLOSED", reason="NOT_ENOUGH_MARGIN", at_ms=1)
    assert told.effects == [Rejected("NOT_ENOUGH_MARGIN", T0 + 1_000_000, due_post_only=False)]


def test_e4_post_only_would_cross_is_due_post_only():
    told = Told()
    told.update("CLOSED", reason="POST_ONLY_WOULD_CROSS")
    (effect,) = told.effects
    assert effect.due_post_only is True


def test_e4_closed_after_open_with_the_same_reason_is_canceled():
    told = Told()
    told.update("OPEN", at_ms=1)
    assert told.update("CLOSED", reason="NOT_ENOUGH_MARGIN", at_ms=2) == ["Canceled"]


def test_e4_an_ioc_that_found_nothing_is_accepted_and_canceled():
    told = Told()
    assert told.update("CLOSED", reason="REMAINING_IOC_CANCEL") == ["Accepted", "Canceled"]


def test_e4_expired_is_told_as_expired_after_acceptance():
    told = Told()
    assert told.update("CLOSED", reason="EXPIRED") == ["Accepted", "Expired"]


def test_e4_a_definitive_refusal_of_the_command_is_a_rejection():
    order = tracker()
    assert order.on_create_denied("INVALID_ORDER_SIZE: too small", 5) == [
        Rejected("INVALID_ORDER_SIZE: too small", 5)
    ]
    assert order.on_create_denied("again", 6) == []


def test_e6_a_refusal_after_a_notification_is_not_believed():
    told = Told()
    told.update("OPEN", at_ms=1)
    assert told.order.on_create_denied("INTERNAL", 2) == []


def test_e6_proven_absence_rejects_a_pending_order_and_cancels_a_working_one():
    pending = tracker()
    assert names(pending.on_absent("not found", 1)) == ["Rejected"]
    working = Told()
    working.update("OPEN", at_ms=1)
    assert working.order.on_absent("not found", 2) == [Canceled("not found", 2)]
    assert working.order.is_done


def test_e6_an_order_that_was_proven_absent_and_comes_is_reconciled_and_told_no_more():
    told = Told()
    told.order.on_absent("not found", 1)
    for update in (
        order_update("NEW", at_ms=2),
        order_update("CLOSED", at_ms=3, cancel_reason="USER_CANCELED"),
    ):
        assert told.order.on_update(update, Source.STREAM) == []
    for status in ("OPEN", "UNTRIGGERED"):
        assert names(told.order.on_update(order_update(status, at_ms=4), Source.REST)) == [
            "Reconcile"
        ]
    assert told.fill() == ["Reconcile"]
    assert told.order.order_id is None


def test_a_rejection_without_a_reason_says_so():
    assert tracker().on_create_denied("", 1)[0].reason == "the venue gave no reason"


# -- FILLS BEFORE ENDS (E5) ------------------------------------------------------------------------


def test_e5_an_end_waits_for_its_fills():
    told = Told()
    told.update("OPEN", at_ms=1)
    assert told.update("CLOSED", remaining="0.3", reason="USER_CANCELED", at_ms=2) == ["AwaitFills"]
    assert told.effects[-1] == AwaitFills(Decimal("0.7"))
    assert told.fill("F-1", size="0.4", at_ms=2) == ["Filled"]
    assert told.fill("F-2", size="0.3", at_ms=2) == ["Filled", "Canceled"]
    assert told.order.is_done


def test_e5_a_full_fill_ends_by_its_fills_alone():
    told = Told()
    told.update("OPEN", at_ms=1)
    assert told.update("CLOSED", remaining="0", at_ms=2) == ["AwaitFills"]
    assert told.fill(at_ms=2) == ["Filled"]
    assert told.order.is_done


def test_e5_fills_before_the_end_and_the_end_tells_nothing_more():
    told = Told()
    assert told.fill() == ["Accepted", "Filled"]
    assert told.order.is_done
    assert told.update("CLOSED", remaining="0", at_ms=1) == []


def test_e5_fills_then_cancel_in_order():
    told = Told()
    told.update("OPEN", at_ms=1)
    told.fill(size="0.4", at_ms=2)
    assert told.update("CLOSED", remaining="0.6", reason="USER_CANCELED", at_ms=3) == ["Canceled"]


def test_e5_repeated_ends_while_waiting_ask_once():
    told = Told()
    told.update("CLOSED", remaining="0", at_ms=2)
    assert told.update("CLOSED", remaining="0", at_ms=2, seq=9) == []
    assert names(told.effects) == ["Accepted", "AwaitFills"]


def test_e5_an_end_with_missing_fills_is_told_and_reconciled_when_given_up():
    told = Told()
    told.update("OPEN", at_ms=1)
    told.update("CLOSED", remaining="0.5", reason="USER_CANCELED", at_ms=2)
    effects = told.order.on_fills_given_up(9)
    assert names(effects) == ["Canceled", "Reconcile"]
    assert told.order.on_fills_given_up(10) == []


def test_p6_a_fill_after_cancel_is_told_and_the_order_canceled_again():
    told = Told()
    told.update("OPEN", at_ms=1)
    told.update("CLOSED", reason="USER_CANCELED", at_ms=2)
    assert told.fill(size="0.4", at_ms=2) == ["Filled", "Canceled"]
    assert told.fill("F-2", size="0.6", at_ms=2) == ["Filled"]


def test_a_fill_after_a_rejection_or_beyond_the_size_asks_for_reconciliation():
    rejected = Told()
    rejected.update("CLOSED", reason="NOT_ENOUGH_MARGIN")
    assert rejected.fill() == ["Reconcile"]
    filled = Told()
    filled.fill()
    assert filled.fill("F-2", size="0.1") == ["Reconcile"]


def test_what_the_venue_cut_off_an_order_after_its_fills_were_told_is_canceled():
    """An order whose rest is taken away by a new size would stay open for ever."""
    told = Told()
    told.update("OPEN", at_ms=1)
    told.fill(size="0.4", at_ms=2)
    assert told.update("OPEN", size="0.4", remaining="0.4", at_ms=2) == []
    assert told.update("CLOSED", size="0.4", remaining="0", at_ms=3) == ["Canceled"]
    assert told.order.is_done
    empty = Told()
    empty.update("OPEN", at_ms=1)
    assert empty.update("CLOSED", size="0", remaining="0", at_ms=3) == ["Canceled"]


# -- OLD NEWS --------------------------------------------------------------------------------------


def test_older_and_repeated_updates_tell_nothing():
    told = Told()
    told.update("OPEN", at_ms=5)
    assert told.update("NEW", at_ms=4) == []
    assert told.update("OPEN", at_ms=5) == []
    assert told.update("CLOSED", reason="USER_CANCELED", at_ms=4) == []
    assert told.order.phase is Phase.WORKING


def test_rest_in_the_same_millisecond_may_only_say_more():
    told = Told()
    told.update("OPEN", at_ms=5)
    assert told.update("NEW", at_ms=5, source=Source.REST) == []
    assert told.order.last.status is OrderStatus.OPEN
    assert told.update("CLOSED", reason="USER_CANCELED", at_ms=5, source=Source.REST) == [
        "Canceled"
    ]


def test_nothing_reopens_a_closed_or_closing_order():
    told = Told()
    told.update("CLOSED", remaining="0", at_ms=1)
    assert told.update("OPEN", at_ms=2) == []
    assert told.order.phase is Phase.CLOSING
    told.fill()
    assert told.update("OPEN", at_ms=3) == []
    assert told.order.is_done


# -- CHANGES (E7) ----------------------------------------------------------------------------------


def info(status, request_id="R-1", message=""):
    return RequestInfo(
        id=request_id, request_type="MODIFY_ORDER", status=RequestStatus(status), message=message
    )


def working() -> Told:
    told = Told()
    told.update("OPEN", at_ms=1)
    told.effects.clear()
    return told


NEW_TERMS = Terms(Decimal(2), Decimal(99), None)


def test_e7_modify_is_final_on_success_once_per_request():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    answer = order_update("OPEN", at_ms=2, request=info("PENDING"))
    assert told.order.modify_answered(pending, answer) == []
    changed = {"size": "2", "remaining": "2", "price": Decimal(99)}
    assert told.update("OPEN", at_ms=3, request=info("SUCCESS"), **changed) == ["Updated"]
    assert told.effects == [Updated(Decimal(2), Decimal(99), None, T0 + 3_000_000)]
    # The venue repeats the request on later updates (trap 39).
    assert told.update("OPEN", at_ms=4, request=info("SUCCESS"), **changed) == []
    assert told.order.modifies == []


def test_e7_success_before_the_answer_is_told_once():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    changed = {"size": "2", "remaining": "2", "price": Decimal(99)}
    assert told.update("OPEN", at_ms=3, request=info("SUCCESS"), **changed) == ["Updated"]
    answer = order_update("OPEN", at_ms=2, request=info("PENDING"))
    assert told.order.modify_answered(pending, answer) == []
    assert told.order.modifies == []


def test_e7_success_that_changes_nothing_still_ends_the_wait():
    told = working()
    told.order.modify_sent(TERMS, 0)
    assert told.update("OPEN", at_ms=3, request=info("SUCCESS")) == ["Updated"]


def test_e7_rejected_modify_leaves_the_order_alive():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    told.order.modify_answered(pending, order_update("OPEN", at_ms=2, request=info("PENDING")))
    told.update("OPEN", at_ms=3, request=info("REJECTED", message="no margin"))
    assert told.effects == [ModifyRejected("no margin", T0 + 3_000_000)]
    assert told.order.phase is Phase.WORKING
    assert told.update("OPEN", at_ms=4, request=info("REJECTED", message="no margin")) == []


def test_e7_a_refused_modify_command_is_a_rejection_once():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    assert told.order.modify_refused(pending, "bad price", 7) == [ModifyRejected("bad price", 7)]
    assert told.order.modify_refused(pending, "bad price", 8) == []


def test_e7_a_modify_refused_after_the_end_tells_nothing():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    told.update("CLOSED", remaining="0", at_ms=2)
    assert told.order.modify_refused(pending, "closed", 7) == []


def test_e7_an_order_that_is_modified_for_ever_keeps_its_latest_requests_only():
    told = working()
    for n in range(MOST_SETTLED_REQUESTS + 100):
        changed = {"size": "2", "remaining": "2", "price": Decimal(50 + n)}
        request = info("SUCCESS", f"R-{n}")
        assert told.update("OPEN", at_ms=3 + n, request=request, **changed) == ["Updated"]
    assert len(told.order._settled_requests) == MOST_SETTLED_REQUESTS
    # The latest are still told once.
    assert told.update("OPEN", at_ms=9_000, request=request, **changed) == []


def test_e7_requests_of_others_are_told_by_their_change_only():
    told = working()
    assert told.update("OPEN", at_ms=3, request=info("REJECTED")) == []
    changed = {"size": "2", "remaining": "2"}
    assert told.update("OPEN", at_ms=4, request=info("SUCCESS", "R-2"), **changed) == ["Updated"]


def test_e7_a_fill_of_terms_that_are_not_told_yet_waits_for_them():
    """The framework takes no fill beyond the size that it knows."""
    told = working()
    told.order.modify_sent(NEW_TERMS, 0)
    assert told.fill("F-1", size="0.5", at_ms=3) == ["Filled"]
    assert told.fill("F-2", size="0.5", at_ms=3) == []
    assert told.fill("F-3", size="0.75", at_ms=3) == []
    changed = {"size": "2", "remaining": "0.25", "price": Decimal(99)}
    update = told.update("OPEN", at_ms=3, request=info("SUCCESS"), **changed)
    assert update == ["Updated", "Filled", "Filled"]
    assert told.order.filled == Decimal("1.75")


def test_e7_held_fills_are_told_with_the_end_of_their_order():
    told = working()
    told.order.modify_sent(NEW_TERMS, 0)
    assert told.fill("F-1", size="2", at_ms=3) == []
    changed = {"size": "2", "remaining": "0", "price": Decimal(99)}
    update = told.update("CLOSED", at_ms=3, request=info("SUCCESS"), **changed)
    assert update == ["Updated", "Filled"]
    assert told.order.phase is Phase.CLOSED


def test_e7_held_fills_do_not_outlive_a_modify_that_is_refused():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    assert told.fill("F-1", at_ms=3) == []
    effects = told.order.modify_refused(pending, "ORDER_IS_NOT_OPEN", 7)
    assert names(effects) == ["ModifyRejected", "Filled"]
    assert told.order.phase is Phase.CLOSED


def test_e7_held_fills_are_told_once_the_new_terms_were_seen():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    assert told.fill("F-1", at_ms=3) == []
    changed = {"size": "2", "remaining": "1", "price": Decimal(99)}
    assert told.update("OPEN", at_ms=4, source=Source.REST, **changed) == ["Updated", "Filled"]
    assert told.order.modify_applied(pending) == []
    assert told.order.modifies == []


def test_held_fills_that_a_reconciliation_told_are_not_told_again():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    assert told.fill("F-1", size="1", at_ms=3) == []
    assert told.fill("F-2", size="0.5", at_ms=3) == []
    told.order.adopt(order_id="V-1", filled=Decimal(1), phase=Phase.WORKING, terms=NEW_TERMS)
    assert names(told.order.modify_applied(pending)) == ["Filled"]
    assert told.order.filled == Decimal("1.5")


def test_a_fill_beyond_the_size_waits_for_the_terms_that_somebody_else_gave():
    told = working()
    assert told.fill("F-1", size="1.5", at_ms=3) == ["Reconcile"]
    assert told.update("OPEN", size="2", remaining="0.5", at_ms=4) == ["Updated", "Filled"]
    assert told.order.filled == Decimal("1.5")
    assert told.fill("F-2", size="0.5", at_ms=5) == ["Filled"]
    assert told.order.phase is Phase.CLOSED


def test_held_fills_end_an_order_that_vanishes():
    told = working()
    told.order.modify_sent(NEW_TERMS, 0)
    assert told.fill("F-1", at_ms=3) == []
    assert names(told.order.on_absent("not found", 9)) == ["Filled"]
    assert told.order.phase is Phase.CLOSED


def test_a_venue_side_size_change_is_an_update():
    told = working()
    assert told.update("OPEN", size="0.5", remaining="0.5", at_ms=2) == ["Updated"]
    told.fill(size="0.3")
    # Never below what is filled: the framework would refuse it.
    assert told.update("OPEN", size="0.2", remaining="0", at_ms=3) == []


def test_two_modifies_in_flight_are_told_in_turn():
    told = working()
    first = told.order.modify_sent(NEW_TERMS, 0)
    second = told.order.modify_sent(Terms(Decimal(3), Decimal(98), None), 0)
    told.order.modify_answered(first, order_update("OPEN", at_ms=1, request=info("PENDING", "R-1")))
    told.order.modify_answered(
        second, order_update("OPEN", at_ms=1, request=info("PENDING", "R-2"))
    )
    assert told.update(
        "OPEN", at_ms=3, size="2", remaining="2", request=info("SUCCESS", "R-1")
    ) == ["Updated"]
    assert told.order.modifies == [second]
    assert told.update(
        "OPEN", at_ms=4, size="2", remaining="2", request=info("REJECTED", "R-2")
    ) == ["ModifyRejected"]


def test_the_latest_terms_are_those_that_were_asked_for_last():
    told = working()
    assert told.order.latest_terms == TERMS
    first = told.order.modify_sent(NEW_TERMS, 0)
    second = told.order.modify_sent(Terms(Decimal(3), Decimal(98), None), 0)
    assert told.order.latest_terms == second.terms
    told.order.modify_refused(second, "bad price", 7)
    assert told.order.latest_terms == first.terms


def test_e7_an_answer_that_names_no_request_leaves_the_wait_to_the_stream():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    assert told.order.modify_answered(pending, order_update("OPEN", at_ms=2)) == []
    assert told.order.modifies == [pending]


def test_e7_an_answer_with_another_order_id_is_reconciled():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    effects = told.order.modify_answered(pending, order_update("OPEN", order_id="V-2", at_ms=2))
    assert names(effects) == ["Reconcile"]
    assert told.order.order_id == "V-1"


def test_e7_a_rejection_on_an_update_that_changed_for_another_reason_tells_both():
    told = working()
    pending = told.order.modify_sent(NEW_TERMS, 0)
    told.order.modify_answered(pending, order_update("OPEN", at_ms=2, request=info("PENDING")))
    assert told.update("OPEN", at_ms=3, size="0.5", remaining="0.5", request=info("REJECTED")) == [
        "Updated",
        "ModifyRejected",
    ]


def test_e7_the_second_of_two_named_requests_may_be_settled_first():
    told = working()
    first = told.order.modify_sent(NEW_TERMS, 0)
    second = told.order.modify_sent(NEW_TERMS, 0)
    first.request_id, second.request_id = "R-1", "R-2"
    told.update("OPEN", at_ms=3, request=info("REJECTED", "R-2"))
    assert told.order.modifies == [first]
    told.update("OPEN", at_ms=4, request=info("REJECTED", "R-9"))
    assert told.order.modifies == [first]


def test_e7_a_refused_cancel_of_a_living_order():
    told = working()
    told.order.cancel_pending = True
    assert told.order.cancel_refused("no", 3) == [CancelRejected("no", 3)]
    told.update("CLOSED", reason="USER_CANCELED", at_ms=4)
    assert told.order.cancel_refused("no", 5) == []


# -- TRIGGERS --------------------------------------------------------------------------------------


def test_a_conditional_limit_order_is_triggered_and_a_conditional_market_order_is_not():
    limit = Told(tracker(OrderType.STOP_LIMIT))
    limit.update("UNTRIGGERED", at_ms=1)
    assert limit.update("NEW", at_ms=2) == []
    assert limit.update("OPEN", at_ms=2, seq=3) == ["Triggered"]
    direct = Told(tracker(OrderType.STOP_LIMIT))
    direct.update("UNTRIGGERED", at_ms=1)
    assert direct.update("OPEN", at_ms=2) == ["Triggered"]
    assert isinstance(direct.effects[-1], Triggered)
    # A fill may be told before its trigger; the framework has no way back from there.
    filled = Told(tracker(OrderType.STOP_LIMIT))
    filled.update("UNTRIGGERED", at_ms=1)
    assert filled.fill(size="0.4", at_ms=2) == ["Filled"]
    assert filled.update("OPEN", remaining="0.6", at_ms=2, seq=3) == []
    market = Told(tracker(OrderType.STOP_MARKET))
    market.update("UNTRIGGERED", at_ms=1, type=OrderType.STOP_MARKET)
    assert market.update("OPEN", at_ms=2, type=OrderType.STOP_MARKET) == []


# -- ADOPTION --------------------------------------------------------------------------------------


def test_adoption_never_counts_down_and_never_reopens():
    order = tracker()
    order.adopt(order_id="V-1", filled=Decimal("0.4"), phase=Phase.WORKING, terms=TERMS)
    assert (order.phase, order.filled, order.order_id) == (Phase.WORKING, Decimal("0.4"), "V-1")
    order.adopt(order_id=None, filled=Decimal("0.1"), phase=Phase.WORKING, terms=TERMS)
    assert order.filled == Decimal("0.4")
    order.adopt(order_id="V-1", filled=Decimal("0.4"), phase=Phase.CLOSED, terms=TERMS)
    order.adopt(order_id="V-1", filled=Decimal("0.4"), phase=Phase.WORKING, terms=TERMS)
    assert order.is_done
    assert names(order.on_fill(fill(size="0.1"))) == ["Filled", "Canceled"]


def test_repr_names_the_order():
    assert repr(tracker()) == (
        "OrderTracker(client_id='C-1', order_id=None, phase=PENDING, filled=0)"
    )


# -- ANY ORDER OF NEWS -----------------------------------------------------------------------------


@st.composite
def order_stories(draw):
    """A true story of an order, then shuffled, repeated and told by both sources."""
    parts = draw(st.lists(st.integers(1, 4), max_size=4))
    size = sum(parts) + draw(st.integers(0, 3))
    size = max(size, 1)
    news, filled, at = [], 0, 1
    for number, part in enumerate(parts):
        filled += part
        at += 1
        news.append(("fill", fill(f"F-{number}", size=str(part), at_ms=at)))
        if filled < size:
            update = order_update("OPEN", size=str(size), remaining=str(size - filled), at_ms=at)
            news.append(("update", update))
    reason = "" if filled == size else "USER_CANCELED"
    end = order_update(
        "CLOSED", size=str(size), remaining=str(size - filled), reason=reason, at_ms=at + 1
    )
    news.append(("update", end))
    news.append(("update", order_update("OPEN", size=str(size), remaining=str(size), at_ms=1)))
    news.append(("update", order_update("NEW", size=str(size), remaining=str(size), at_ms=0)))
    repeated = news + [item for item in news if item[0] == "update" and draw(st.booleans())]
    shuffled = draw(st.permutations(repeated))
    sources = draw(
        st.lists(st.sampled_from(Source), min_size=len(shuffled), max_size=len(shuffled))
    )
    return size, filled, shuffled, sources


@settings(max_examples=300, deadline=None)
@given(order_stories())
def test_e5_any_order_of_news_tells_the_same_story(story):
    size, filled, news, sources = story
    order = OrderTracker("C-1", OrderType.LIMIT, Terms(Decimal(size), Decimal(100), None))
    told = []
    for (kind, value), source in zip(news, sources, strict=True):
        told += order.on_fill(value) if kind == "fill" else order.on_update(value, source)
    fills = [effect for effect in told if isinstance(effect, Filled)]
    ends = [effect for effect in told if isinstance(effect, Canceled | Expired | Rejected)]
    assert sum(effect.fill.size for effect in fills) == filled
    assert isinstance(told[0], Accepted)
    assert sum(isinstance(effect, Accepted) for effect in told) == 1
    assert not any(isinstance(effect, Reconcile) for effect in told)
    assert order.is_done
    # One end, after the last fill; a full fill needs none.
    assert len(ends) == (0 if filled == size else 1)
    if ends:
        assert told[-1] is ends[0]
