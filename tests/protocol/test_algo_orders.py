"""Algo orders: what they say, what a lost answer became, and whose children orders are."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.messages.orders import AlgoOrder
from nautilus_paradex.protocol.numbers import plus
from nautilus_paradex.protocol.numbers import times
from nautilus_paradex.protocol.numbers import total as exact_total
from nautilus_paradex.protocol.orders import algo_book
from nautilus_paradex.protocol.orders import algo_ties
from nautilus_paradex.protocol.orders.algo import NS_PER_SEC
from nautilus_paradex.protocol.orders.algo import SKEW_NS
from nautilus_paradex.protocol.orders.algo import TAIL_NS
from nautilus_paradex.protocol.orders.algo import AlgoCreate
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo import Told
from nautilus_paradex.protocol.orders.algo import algo_state
from nautilus_paradex.protocol.orders.algo import algo_update
from nautilus_paradex.protocol.orders.algo import answers_to
from nautilus_paradex.protocol.orders.algo import parent_fill
from nautilus_paradex.protocol.orders.algo import reported_update
from nautilus_paradex.protocol.orders.algo_book import AlgoBook
from nautilus_paradex.protocol.orders.algo_book import Released
from nautilus_paradex.protocol.orders.algo_book import Tied
from nautilus_paradex.protocol.orders.algo_book import WrittenOff
from nautilus_paradex.protocol.orders.algo_followed import FollowedAlgo
from nautilus_paradex.protocol.orders.algo_ties import Child
from nautilus_paradex.protocol.orders.algo_ties import Parent
from nautilus_paradex.protocol.orders.algo_ties import tie
from tests.protocol.order_values import T0
from tests.protocol.order_values import fill as make_fill
from tests.protocol.order_values import order_update


D = Decimal
MARKET = "BTC-USD-PERP"
SIGNED = T0 - 50_000_000


def at(seconds: float) -> int:
    return T0 + int(seconds * NS_PER_SEC)


def state(filled: str = "0", size: str = "1", **changes: Any) -> AlgoState:
    """Return an algo order A-1 of 60 s, created at T0."""
    values: dict[str, Any] = {
        "algo_id": "A-1",
        "account": "0x1",
        "market": MARKET,
        "side": Side.BUY,
        "size": D(size),
        "remaining_size": D(size) - D(filled),
        "status": OrderStatus.OPEN,
        "cancel_reason": "",
        "avg_fill_price": None,
        "created_ns": T0,
        "updated_ns": T0,
        "end_ns": at(60),
    }
    return AlgoState(**(values | changes))


def child_order(
    order_id: str = "C-1", filled: str = "0.1", size: str | None = None, **changes: Any
) -> OrderUpdate:
    """Return an ended market order without a client id."""
    whole = D(size or filled)
    values: dict[str, Any] = {
        "order_id": order_id,
        "client_id": "",
        "type": OrderType.MARKET,
        "price": None,
        "avg_fill_price": D(100) if D(filled) else None,
        "created_ns": at(1),
    }
    remaining = str(whole - D(filled))
    status = changes.pop("status", "CLOSED")
    return order_update(status, size=str(whole), remaining=remaining, **(values | changes))


def child_fill(order_id: str = "C-1", fill_id: str = "F-1", size: str = "0.1", **more: Any) -> Fill:
    return make_fill(fill_id, size=size, order_id=order_id, client_id="", **more)


# -- STATES ----------------------------------------------------------------------------------------


def message(**changes: Any) -> AlgoOrder:
    values: dict[str, Any] = {
        "id": "A-1",
        "status": "OPEN",
        "account": "0x1",
        "algo_type": "TWAP",
        "market": MARKET,
        "side": "SELL",
        "size": "1.5",
        "remaining_size": "1.2",
        "avg_fill_price": "100.5",
        "created_at": 1_000,
        "last_updated_at": 2_000,
        "end_at": 61_000,
    }
    return AlgoOrder(**(values | changes))


def test_a_state_is_read_exactly() -> None:
    read = algo_state(message())
    assert (read.side, read.size, read.filled) == (Side.SELL, D("1.5"), D("0.3"))
    assert (read.created_ns, read.updated_ns, read.end_ns) == (10**9, 2 * 10**9, 61 * 10**9)
    assert read.avg_fill_price == D("100.5")
    assert not read.is_closed


def test_what_a_state_leaves_out_is_absent() -> None:
    read = algo_state(message(avg_fill_price="", last_updated_at=0, end_at=0, status="CLOSED"))
    assert (read.avg_fill_price, read.updated_ns, read.end_ns) == (None, 10**9, None)
    assert read.is_closed
    assert algo_state(message(avg_fill_price="0")).avg_fill_price is None


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"status": "PAUSED"}, UnmodelledValue),
        ({"side": ""}, UnmodelledValue),
        ({"remaining_size": "1.6"}, UnmodelledValue),
        ({"remaining_size": "-0.1"}, UnmodelledValue),
        ({"remaining_size": ""}, NumberError),
        ({"size": "x"}, NumberError),
    ],
)
def test_what_is_not_modelled_is_an_error(changes: dict[str, Any], error: type[WireError]) -> None:
    with pytest.raises(error):
        algo_state(message(**changes))


# -- AS AN ORDER -----------------------------------------------------------------------------------


def test_p3_an_open_algo_order_counts_the_fills_that_were_told_and_no_more() -> None:
    told = Told(D("0.2"), D(21))
    for view in (algo_update, reported_update):
        update = view(state("0.5"), "O-1", told)
        assert (update.order_id, update.client_id, update.type) == ("A-1", "O-1", OrderType.MARKET)
        assert (update.status, update.filled_size) == (OrderStatus.OPEN, D("0.2"))
        assert (update.avg_fill_price, update.cancel_reason) == (D(105), "")


def test_e5_the_end_of_an_algo_order_waits_for_its_fills() -> None:
    closed = state("0.5", status=OrderStatus.CLOSED, cancel_reason="USER_CANCELED")
    told = Told(D("0.2"), D(20))
    update = algo_update(closed, "O-1", told)
    assert (update.status, update.filled_size) == (OrderStatus.CLOSED, D("0.5"))
    assert update.cancel_reason == "USER_CANCELED"
    report = reported_update(closed, "O-1", told)
    assert (report.status, report.filled_size) == (OrderStatus.OPEN, D("0.2"))
    assert report.cancel_reason == ""
    report = reported_update(closed, "O-1", Told(D("0.5"), D(50)))
    assert (report.status, report.filled_size) == (OrderStatus.CLOSED, D("0.5"))


def test_what_is_lost_is_waited_for_by_nobody() -> None:
    closed = state("0.5", status=OrderStatus.CLOSED)
    told = Told(D("0.2"), D(20), D("0.3"))
    for view in (algo_update, reported_update):
        update = view(closed, "O-1", told)
        assert (update.status, update.filled_size) == (OrderStatus.CLOSED, D("0.2"))
        assert update.updated_ns > closed.updated_ns


def test_an_algo_order_whose_fills_are_all_told_has_ended_whatever_it_says() -> None:
    update = reported_update(state("0.9"), "", Told(D(1), D(100)))
    assert (update.status, update.remaining_size) == (OrderStatus.CLOSED, 0)


def test_nothing_filled_has_no_price() -> None:
    assert algo_update(state(), "O-1", Told(D(0), D(0))).avg_fill_price is None


def test_e5_a_childs_fill_keeps_its_own_id() -> None:
    fill = child_fill(remaining_size=D("0.4"))
    own = parent_fill(fill, "A-1", "O-1")
    assert (own.fill_id, own.key, own.order_id, own.client_id) == ("F-1", fill.key, "A-1", "O-1")
    assert own.remaining_size is None


# -- LOST ANSWERS ----------------------------------------------------------------------------------


def create(**changes: Any) -> AlgoCreate:
    values: dict[str, Any] = {
        "market": MARKET,
        "side": Side.BUY,
        "size": D(1),
        "duration_ns": 60 * NS_PER_SEC,
        "signed_ns": SIGNED,
        "deadline_ns": at(10),
    }
    return AlgoCreate(**(values | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"market": "ETH-USD-PERP"},
        {"side": Side.SELL},
        {"size": "2"},
        {"created_ns": SIGNED - SKEW_NS - 1},
        {"created_ns": at(10) + SKEW_NS + 1},
    ],
)
def test_e6_another_algo_order_is_no_answer(changes: dict[str, Any]) -> None:
    assert answers_to(create(), [state(**changes)]) == []


def test_e6_the_answer_that_lasts_as_long_comes_first() -> None:
    longer = state(algo_id="A-2", end_ns=at(90))
    later = state(algo_id="A-3", created_ns=at(1), end_ns=at(61))
    endless = state(algo_id="A-4", end_ns=None, created_ns=at(2))
    first = state(created_ns=at(0.5), end_ns=at(60.5))
    found = answers_to(create(), [endless, longer, later, first])
    assert [each.algo_id for each in found] == ["A-1", "A-3", "A-2", "A-4"]
    unknown = answers_to(create(duration_ns=None), [later, first, longer])
    assert [each.algo_id for each in unknown] == ["A-2", "A-1", "A-3"]


# -- TIES ------------------------------------------------------------------------------------------


def parent(algo_id: str = "A-1", need: str = "0.3", **changes: Any) -> Parent:
    values: dict[str, Any] = {
        "algo_id": algo_id,
        "since_ns": T0,
        "until_ns": at(60),
        "signature_ns": None,
        "need": D(need),
        "need_cost": None,
        "precision": D("0.01"),
    }
    return Parent(**(values | changes))


def child(order_id: str, filled: str = "0.1", price: str = "100", **changes: Any) -> Child:
    values: dict[str, Any] = {
        "order_id": order_id,
        "created_ns": at(1),
        "filled": D(filled),
        "cost": times(D(filled), D(price)),
        "signature_ns": None,
    }
    return Child(**(values | changes))


def test_orders_that_add_up_together_are_children() -> None:
    ties = tie([parent()], [child("1"), child("2", "0.2")])
    assert ties.parents == {"1": "A-1", "2": "A-1"}
    assert not ties.is_ambiguous
    assert not ties.are_signed


def test_orders_outside_its_time_are_no_children() -> None:
    early = child("1", "0.3", created_ns=T0 - SKEW_NS - 1)
    late = child("1", "0.3", created_ns=at(60) + 1)
    assert tie([parent()], [early]).parents == {}
    assert tie([parent()], [late]).parents == {}
    assert tie([parent(until_ns=None)], [late]).parents == {"1": "A-1"}


def test_nothing_is_tied_while_orders_are_missing() -> None:
    assert tie([parent()], [child("1"), child("2")]).parents == {}


def test_what_fits_in_one_way_only_is_tied_and_the_rest_is_not() -> None:
    ties = tie([parent()], [child("1"), child("2", "0.07"), child("3", "0.2")])
    assert ties.parents == {"1": "A-1", "3": "A-1"}


def test_what_fits_in_two_ways_is_not_tied() -> None:
    ties = tie([parent(need="0.1")], [child("1"), child("2", price="101")])
    assert ties.parents == {}
    assert ties.is_ambiguous


def test_orders_of_one_size_and_price_stand_for_each_other() -> None:
    ties = tie([parent(need="0.1")], [child("1"), child("2")])
    assert ties.parents == {"1": "A-1"}


def test_the_average_price_tells_two_ways_apart() -> None:
    wanted = parent(need="0.1", need_cost=D("10.1"))
    ties = tie([wanted], [child("1"), child("2", price="101")])
    assert ties.parents == {"2": "A-1"}


def test_a_way_whose_price_is_wrong_is_the_last_resort() -> None:
    wanted = parent(need="0.1", need_cost=D("10.5"))
    assert tie([wanted], [child("1")]).parents == {}
    assert tie([wanted], [child("1")], is_last_try=True).parents == {"1": "A-1"}
    two = [child("1"), child("2", price="101")]
    assert tie([wanted], two, is_last_try=True).parents == {}
    assert tie([wanted], two, is_last_try=True).is_ambiguous


def test_orders_of_two_algo_orders_are_parted_where_one_way_fits() -> None:
    parents = [parent("A-1", "0.3"), parent("A-2", "0.5")]
    children = [child("1", "0.1"), child("2", "0.5"), child("3", "0.2"), child("4", "0.06")]
    ties = tie(parents, children)
    assert ties.parents == {"1": "A-1", "2": "A-2", "3": "A-1"}


def test_nothing_is_tied_by_size_where_it_may_prove_nothing() -> None:
    assert tie([parent(need="0.1")], [child("1")], by_size=False).parents == {}


def test_the_signature_timestamp_proves_at_once() -> None:
    signed = parent(signature_ns=SIGNED)
    ties = tie([signed], [child("1", signature_ns=SIGNED), child("2", "0.2", signature_ns=T0)])
    assert ties.parents == {"1": "A-1"}  # nothing else counts once it is seen
    assert ties.are_signed
    again = tie([signed], [child("3", "0.3", signature_ns=T0)], are_signed=True)
    assert again.parents == {}
    # Where the venue is not seen to repeat it, sizes prove.
    assert tie([signed], [child("3", "0.3", signature_ns=T0)]).parents == {"3": "A-1"}


def test_a_signed_child_that_is_not_counted_yet_is_one_all_the_same() -> None:
    ties = tie([parent(need="0", signature_ns=SIGNED)], [child("1", signature_ns=SIGNED)])
    assert ties.parents == {"1": "A-1"}


def test_what_signed_children_explain_is_not_needed_any_more() -> None:
    known = parent("A-1", "0.3", signature_ns=SIGNED, need_cost=D(30))
    other = parent("A-2", "0.1", need_cost=D(10))
    children = [child("1", "0.3", signature_ns=SIGNED), child("2")]
    assert tie([known, other], children).parents == {"1": "A-1", "2": "A-2"}


def test_two_of_one_signature_timestamp_are_not_told_apart_by_it() -> None:
    parents = [parent(f"A-{n}", f"0.{n}", signature_ns=SIGNED) for n in (1, 2)]
    children = [child(str(n), f"0.{n}", signature_ns=SIGNED) for n in (1, 2)]
    ties = tie(parents, children)
    assert ties.parents == {"1": "A-1", "2": "A-2"}
    assert not ties.are_signed
    again = tie(parents, children, are_signed=True)
    assert again.parents == {"1": "A-1", "2": "A-2"}


def test_orders_signed_alike_are_children_of_an_unknown_signature() -> None:
    """A start without memory: the strangers between them do not matter."""
    children = [child(str(n), signature_ns=SIGNED) for n in range(3)]
    strangers = [child("s", signature_ns=at(0.9)), child("t", "0.2", signature_ns=at(3))]
    ties = tie([parent()], children + strangers)
    assert ties.parents == {"0": "A-1", "1": "A-1", "2": "A-1"}
    assert ties.signatures == {"A-1": SIGNED}
    assert ties.are_signed


@pytest.mark.parametrize(
    "children",
    [
        [child("1", "0.3", signature_ns=SIGNED)],
        [child("1", "0.1", signature_ns=at(5)), child("2", "0.2", signature_ns=at(5))],
        [
            child("1", "0.1", signature_ns=SIGNED, created_ns=at(99)),
            child("2", "0.2", signature_ns=SIGNED),
        ],
        [child(str(n), "0.15", signature_ns=SIGNED + n % 2) for n in range(4)],
        [child("1", "0.1"), child("2", "0.2")],
    ],
    ids=["only one", "signed later", "out of time", "two groups", "unknown"],
)
def test_no_signature_is_learned_without_a_proof(children: list[Child]) -> None:
    assert tie([parent()], children, by_size=False).signatures == {}


def test_too_many_orders_are_not_searched() -> None:
    many = [child(str(n), price=str(n)) for n in range(70)]
    ties = tie([parent()], many)
    assert ties.parents == {}
    assert ties.is_ambiguous
    assert len(tie([parent(need="7")], many).parents) == 70


def test_too_many_ways_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algo_ties, "_MAX_STEPS", 50)
    ties = tie([parent(need="1")], [child(str(n), price=str(n)) for n in range(30)])
    assert ties.parents == {}
    assert ties.is_ambiguous


@given(
    needed=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    foreign=st.lists(st.integers(1, 40), max_size=4),
)
def test_what_is_tied_always_adds_up(needed: list[int], foreign: list[int]) -> None:
    sizes = needed + foreign
    children = [child(str(n), str(size), price=str(100 + n)) for n, size in enumerate(sizes)]
    ties = tie([parent(need=str(sum(needed)))], children)
    tied = exact_total(c.filled for c in children if c.order_id in ties.parents)
    assert tied in (0, sum(needed))
    if not foreign:
        assert len(ties.parents) == len(needed)


# -- THE BOOK --------------------------------------------------------------------------------------


def expected(book: AlgoBook, **changes: Any) -> FollowedAlgo:
    values: dict[str, Any] = {
        "client_id": "O-1",
        "market": MARKET,
        "side": Side.BUY,
        "size": D(1),
        "signed_ns": SIGNED,
    }
    return book.expect(**(values | changes))


def followed(
    book: AlgoBook, filled: str = "0", client_id: str = "O-1", **more: Any
) -> FollowedAlgo:
    return book.follow(state(filled, **more), client_id, T0)


def test_trap_31_a_child_that_overtakes_the_answer_is_held() -> None:
    book = AlgoBook()
    algo = expected(book)
    assert repr(algo).startswith("FollowedAlgo(algo_id='?', client_id='O-1'")
    assert (algo.algo_id, algo.need, algo.is_settled) == ("", 0, False)
    assert book.take_order(child_order(), T0)
    assert book.hold_fill(child_fill())
    assert book.decide(T0) == []
    assert book.held_size(MARKET) == D("0.1")
    assert book.held_size("ETH-USD-PERP") == 0
    algo.take(state("0.1"), T0)
    (decision,) = book.decide(T0)
    assert isinstance(decision, Tied)
    assert [(f.fill_id, f.order_id, f.client_id) for f in decision.fills] == [("F-1", "A-1", "O-1")]
    assert algo.told == Told(D("0.1"), D(10))
    assert algo.is_settled
    assert book.is_settled
    assert repr(algo).startswith("FollowedAlgo(algo_id='A-1'")


def test_a_signed_child_is_tied_before_the_other_algo_order_has_answered() -> None:
    book = AlgoBook()
    algo, _ = expected(book), expected(book, client_id="O-2", signed_ns=SIGNED + 7)
    algo.take(state("0.2"), T0)
    book.take_order(child_order("C-1", signature_ns=SIGNED), T0)
    book.take_order(child_order("C-2", signature_ns=SIGNED + 7), T0)
    (decision,) = book.decide(at(1_000))
    assert isinstance(decision, Tied)
    assert book.parent_of("C-1") is algo
    assert book.is_candidate("C-2")  # however long it takes


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "X"},
        {"type": OrderType.LIMIT},
        {"market": "ETH-USD-PERP"},
        {"side": Side.SELL},
        {"flags": frozenset({OrderFlag.REDUCE_ONLY})},
        {"size": "1.1"},
        {"created_ns": T0 - SKEW_NS - 1},
        {"created_ns": at(60) + TAIL_NS + 1},
    ],
)
def test_an_order_that_cannot_be_a_child_is_nobodys(changes: dict[str, Any]) -> None:
    book = AlgoBook()
    followed(book)
    assert not book.take_order(child_order(**changes), T0)
    assert not book.hold_fill(child_fill())
    assert book.take_fill(child_fill()) is None


def test_an_algo_order_is_no_child() -> None:
    book = AlgoBook()
    followed(book)
    assert not book.take_order(child_order("A-1"), T0)


def test_a_closed_algo_order_has_no_later_children() -> None:
    book = AlgoBook()
    followed(book, status=OrderStatus.CLOSED)
    assert not book.take_order(child_order(created_ns=at(3)), T0)


def test_an_algo_order_without_an_end_has_children_at_any_time() -> None:
    book = AlgoBook()
    followed(book, end_ns=None)
    assert book.take_order(child_order(created_ns=at(9_999)), T0)


def test_a_child_that_lives_is_not_decided() -> None:
    book = AlgoBook()
    algo = followed(book, "0.1")
    book.take_order(child_order(status="NEW", filled="0", size="0.1"), T0)
    assert book.decide(at(1_000)) == []
    book.take_order(child_order(signature_ns=SIGNED), T0, is_read=True)
    # What comes late changes nothing.
    book.take_order(child_order(status="OPEN", filled="0", size="0.1"), T0)
    (decision,) = book.decide(T0)
    assert isinstance(decision, Tied)
    assert book.take_order(child_order(), T0)
    assert algo.tied_size == D("0.1")


def test_rest_adds_the_signature_timestamp_that_the_stream_does_not_carry() -> None:
    book = AlgoBook()
    algo = expected(book)
    algo.take(state(), T0)  # it does not count the child yet
    book.take_order(child_order(), T0)
    assert book.decide(T0) == []
    book.take_order(child_order(signature_ns=SIGNED), T0, is_read=True)
    (decision,) = book.decide(T0)
    assert isinstance(decision, Tied)


def test_fills_of_a_known_child_are_its_algo_orders_each_once() -> None:
    book = AlgoBook()
    algo = followed(book, "0.3")
    book.take_order(child_order(filled="0.3"), T0)
    (decision,) = book.decide(T0)
    assert decision.fills == ()
    assert not algo.is_settled
    assert [update.order_id for update in book.short_children()] == ["C-1"]
    for fill_id, told in (("F-1", "0.1"), ("F-1", "0.1"), ("F-2", "0.2")):
        own = book.take_fill(child_fill(fill_id=fill_id))
        assert own is not None
        assert own.order_id == "A-1"
        assert algo.told.size == D(told)
        assert book.short_children()
    book.take_fill(child_fill(fill_id="F-3"))
    assert not book.short_children()
    assert algo.is_settled
    assert [fill.fill_id for fill in algo.fills] == ["F-1", "F-2", "F-3"]


def test_an_order_that_no_algo_order_counts_is_released_in_the_end() -> None:
    book = AlgoBook()
    algo = followed(book)
    foreign = child_order("X")
    book.take_order(foreign, T0)
    book.hold_fill(child_fill("X"))
    algo.take(state(), at(9))
    assert book.decide(at(9)) == []
    assert book.candidates() == [foreign]
    assert book.candidates("ETH-USD-PERP") == []
    algo.take(state(), at(10))
    (decision,) = book.decide(at(10))
    assert isinstance(decision, Released)
    assert (decision.update, len(decision.fills)) == (foreign, 1)
    assert not book.take_order(foreign, at(11))
    assert not book.is_candidate("X")


def test_an_order_is_released_once_no_algo_order_can_own_it() -> None:
    book = AlgoBook()
    algo = expected(book)
    book.take_order(child_order(), T0)
    book.forget(algo)
    (decision,) = book.decide(T0)
    assert isinstance(decision, Released)
    assert book.is_idle


def test_what_cannot_be_told_apart_is_written_off_and_the_next_child_is_tied() -> None:
    book = AlgoBook()
    algo = followed(book, "0.1")
    book.take_order(child_order("C-1"), T0)
    book.take_order(child_order("X", avg_fill_price=D(101)), T0)
    algo.take(state("0.1"), at(10))
    first, second, third = book.decide(at(10))
    assert isinstance(first, Released)
    assert isinstance(second, Released)
    assert third == WrittenOff(algo, D("0.1"))
    assert algo.told.lost == D("0.1")
    book.take_order(child_order("C-2"), at(11))
    algo.take(state("0.2", avg_fill_price=D(100)), at(11))
    (decision,) = book.decide(at(11))
    assert isinstance(decision, Tied)


def test_what_no_order_is_known_for_is_written_off_after_a_while() -> None:
    book = AlgoBook()
    algo = followed(book, "0.1")
    assert not book.is_settled
    assert book.decide(at(44)) == []
    assert book.decide(at(45)) == [WrittenOff(algo, D("0.1"))]
    assert book.decide(at(200)) == []


def test_what_was_written_off_is_found_after_all() -> None:
    book = AlgoBook()
    algo = expected(book)
    algo.take(state("0.1"), T0)
    assert book.decide(at(45)) == [WrittenOff(algo, D("0.1"))]
    book.take_order(child_order(signature_ns=SIGNED), at(46))
    (decision,) = book.decide(at(46))
    assert isinstance(decision, Tied)
    assert (algo.told.lost, algo.need) == (0, 0)


def test_what_is_explained_before_long_is_not_written_off() -> None:
    book = AlgoBook()
    algo = followed(book, "0.1")
    book.take_order(child_order(), at(1))
    book.decide(at(1))
    algo.take(state("0.1"), at(2))
    algo.take(state("0.2", updated_ns=at(40)), at(40))
    algo.take(state("0.2", updated_ns=at(40)), at(50))
    assert book.decide(at(50)) == []
    assert isinstance(book.decide(at(85))[0], WrittenOff)


def test_an_older_state_is_passed_over() -> None:
    book = AlgoBook()
    algo = followed(book, "0.2", updated_ns=at(2))
    algo.take(state("0.1", updated_ns=at(1)), at(3))
    assert algo.need == D("0.2")
    assert algo.read_ns == at(3)


def test_the_average_price_decides_between_two_orders() -> None:
    book = AlgoBook()
    followed(book, "0.1", avg_fill_price=D("101.00"))
    book.take_order(child_order("X"), T0)
    book.take_order(child_order("C-1", avg_fill_price=D(101)), T0)
    (decision,) = book.decide(T0)
    assert isinstance(decision, Tied)
    assert book.parent_of("C-1") is not None


def test_the_fills_price_an_order_that_does_not_say_its_own() -> None:
    book = AlgoBook()
    algo = followed(book, "0.1", avg_fill_price=D("100.00"))
    book.take_order(child_order(avg_fill_price=None), T0)
    assert book.decide(T0) == []
    book.hold_fill(child_fill())
    assert isinstance(book.decide(T0)[0], Tied)
    assert algo.tied_cost == D(10)


def test_a_signature_that_is_learned_counts_from_then_on() -> None:
    book = AlgoBook()
    algo = followed(book, "0.2")
    for name in ("C-1", "C-2"):
        book.take_order(child_order(name, signature_ns=SIGNED), T0)
    book.take_order(child_order("X", signature_ns=at(1)), T0)
    book.take_order(child_order("Y"), T0)
    *tied, released = book.decide(T0)
    assert [type(decision) for decision in tied] == [Tied, Tied]
    assert isinstance(released, Released)  # at once: its own signature is another
    assert released.update.order_id == "X"
    assert algo.signature_ns == SIGNED
    book.take_order(child_order("C-3", signature_ns=SIGNED), T0)
    assert isinstance(book.decide(T0)[0], Tied)
    assert book.is_candidate("Y")


def test_an_algo_order_awaits_orders_that_may_be_its_children() -> None:
    book = AlgoBook()
    algo = followed(book)
    assert not book.awaits_child(algo)
    book.take_order(child_order(), T0)
    assert book.awaits_child(algo)


def test_a_child_whose_fill_was_told_before_is_one() -> None:
    book = AlgoBook()
    algo = followed(book, "0.1")
    book.adopt(algo, "C-1")
    assert book.parent_of("C-1") is None
    book.take_order(child_order(), T0)
    book.adopt(algo, "C-1")
    assert book.parent_of("C-1") is algo
    assert algo.need == 0


def test_orders_are_read_where_something_is_unknown_and_not_further_back_than_needed() -> None:
    book = AlgoBook()
    algo = followed(book)
    ms = T0 // 1_000_000
    assert book.markets_to_read() == {}
    book.take_order(child_order(created_ns=at(100)), T0)
    assert book.markets_to_read() == {MARKET: ms - 60_000}
    book.take_order(child_order(created_ns=at(100)), T0, is_read=True)
    assert book.markets_to_read() == {}
    algo.take(state("0.1"), T0)
    assert book.markets_to_read() == {MARKET: ms - 60_000}
    book.decide(T0)
    algo.take(state("0.2"), T0)
    assert book.markets_to_read() == {MARKET: ms + 40_000}
    other = followed(book, algo_id="A-2", client_id="O-2", created_ns=at(-10))
    other.take(state("0.1", algo_id="A-2", created_ns=at(-10)), T0)
    assert book.markets_to_read() == {MARKET: ms - 70_000}


def test_an_algo_order_is_found_by_either_id_and_the_venues_decides() -> None:
    book = AlgoBook()
    first = followed(book)
    second = expected(book, client_id="O-2")
    assert book.find(client_id="O-1") is first
    assert book.find(algo_id="A-1") is first
    assert book.find(client_id="O-1", algo_id="A-9") is None
    assert book.find(client_id="O-2") is second
    assert book.find(client_id="O-2", algo_id="A-9") is None
    assert book.find() is None
    assert list(book) == [first, second]


def test_an_ended_algo_order_keeps_its_children() -> None:
    book = AlgoBook()
    algo = followed(book, "0.1")
    book.take_order(child_order(), T0)
    book.hold_fill(child_fill())
    book.decide(T0)
    book.retire(algo)
    assert list(book) == []
    assert book.is_idle
    assert book.find(algo_id="A-1") is algo
    assert book.take_order(child_order(), T0)
    assert not book.take_order(child_order("C-2"), T0)
    own = book.take_fill(child_fill())
    assert own is not None
    assert algo.told.size == D("0.1")
    assert algo.fills == []


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MAX_CHILDREN", "_MAX_STRANGERS", "_MAX_ENDED"):
        monkeypatch.setattr(algo_book, name, 1)
    book = AlgoBook(tie_patience_ns=0)
    for n in (1, 2):
        algo = followed(book, "0.1", algo_id=f"A-{n}")
        book.take_order(child_order(f"C-{n}"), T0)
        book.take_order(child_order(f"X-{n}", filled="0.07"), T0)
        assert len(book.decide(T0)) == 2
        book.retire(algo)
    assert book.parent_of("C-1") is None
    assert book.find(algo_id="A-1") is None
    assert book.find(algo_id="A-2") is not None
    followed(book)
    assert book.take_order(child_order("X-1", filled="0.07"), T0)
    assert not book.take_order(child_order("X-2", filled="0.07"), T0)


def test_orders_of_other_sides_are_decided_apart() -> None:
    book = AlgoBook()
    buy = followed(book, "0.1")
    sell = followed(book, "0.1", client_id="O-2", algo_id="A-2", side=Side.SELL)
    book.take_order(child_order("C-1"), T0)
    book.take_order(child_order("C-2", side=Side.SELL), T0)
    book.hold_fill(child_fill("C-2", side=Side.SELL))
    assert book.held_size(MARKET) == D("-0.1")
    assert len(book.decide(T0)) == 2
    assert (book.parent_of("C-1"), book.parent_of("C-2")) == (buy, sell)


def test_a_signed_child_that_filled_nothing_is_one_and_waits_for_no_fill() -> None:
    book = AlgoBook()
    algo = expected(book)
    algo.take(state(), T0)
    book.take_order(child_order(filled="0", size="0.1", signature_ns=SIGNED), T0)
    (decision,) = book.decide(T0)
    assert isinstance(decision, Tied)
    assert book.short_children() == []
    assert algo.is_settled


class Story:
    """A book, and what it made of each fill."""

    def __init__(self, algos: int) -> None:
        self.book = AlgoBook(tie_patience_ns=1, missing_patience_ns=1)
        self.algos = [
            expected(self.book, client_id=f"O-{n}", signed_ns=SIGNED + n) for n in range(algos)
        ]
        self.filled = [D(0) for _ in self.algos]
        self.told: list[str] = []
        self.given_back: list[str] = []

    def read(self, now: int) -> None:
        for number, (algo, total) in enumerate(zip(self.algos, self.filled, strict=True)):
            algo.take(state(str(total), algo_id=f"A-{number}", updated_ns=now), now)

    def decide(self, now: int) -> None:
        for decision in self.book.decide(now):
            if isinstance(decision, Tied):
                self.told += [fill.fill_id for fill in decision.fills]
            elif isinstance(decision, Released):
                self.given_back += [fill.fill_id for fill in decision.fills]


@given(st.data())
def test_e5_no_fill_is_made_up_and_none_is_told_of_two_orders(data: st.DataObject) -> None:
    """Whatever comes in whatever order: each fill ends under one order, and the sums are right."""
    repeats = data.draw(st.booleans())
    story = Story(data.draw(st.integers(1, 2)))
    count = data.draw(st.integers(0, 6))
    for number in range(count):
        now = at(number + 1)
        owner = data.draw(st.integers(-1, len(story.algos) - 1))
        size, price = D(data.draw(st.integers(1, 3))) / 100, D(data.draw(st.integers(100, 102)))
        update = child_order(
            f"C-{number}",
            str(size),
            avg_fill_price=price,
            signature_ns=SIGNED + owner if repeats and owner >= 0 else now,
            created_ns=now,
        )
        if owner >= 0:
            story.filled[owner] = plus(story.filled[owner], size)
        assert story.book.take_order(update, now)
        assert story.book.hold_fill(child_fill(f"C-{number}", f"F-{number}", str(size)))
        if data.draw(st.booleans()):
            story.read(now)
        story.decide(now)
    for number in range(3):
        story.read(at(number + 10))
        story.decide(at(number + 10))
    assert sorted(story.told + story.given_back) == [f"F-{number}" for number in range(count)]
    for algo, total in zip(story.algos, story.filled, strict=True):
        assert plus(algo.told.size, algo.told.lost) == total
        assert not (repeats and algo.told.lost)
