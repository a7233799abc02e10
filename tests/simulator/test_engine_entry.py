"""Order entry in two steps: refusals, new, modify, cancel (PROTOCOL 5.5-5.8, 8.3, 8.5)."""

from collections.abc import Callable
from collections.abc import Iterator

import pytest

from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import CancelStatus
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Order
from nautilus_paradex.simulator.engine.model import OrderChanged
from nautilus_paradex.simulator.engine.model import OrderFlag
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import RequestStatus
from nautilus_paradex.simulator.engine.model import SystemState
from tests.simulator.engine_desk import ALICE
from tests.simulator.engine_desk import BOB
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import CAROL
from tests.simulator.engine_desk import RO
from tests.simulator.engine_desk import Desk
from tests.simulator.engine_desk import d


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.exchange.check_invariants()


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        action()
    return caught.value.code


# -- NEW ----------------------------------------------------------------------------------------


def test_submit_answers_new_and_announces_nothing(desk: Desk) -> None:
    order = desk.exchange.submit(desk.command(ALICE, "BUY", "0.1", "59990", client_id="O-1"))
    assert order.status is OrderStatus.NEW
    assert len(order.id) == 28
    assert order.id.isdigit()
    assert not desk.announced(OrderChanged)
    assert desk.exchange.queries.open_orders(ALICE) == [order]


def test_process_announces_the_outcome_once(desk: Desk) -> None:
    order = desk.exchange.submit(desk.command(ALICE, "BUY", "0.1", "59990"))
    desk.exchange.process(order.id)
    desk.exchange.process(order.id)
    assert [row.status for row in desk.order_events(order)] == [OrderStatus.OPEN]


def test_an_order_cancelled_before_it_is_processed_never_opens(desk: Desk) -> None:
    order = desk.exchange.submit(desk.command(ALICE, "BUY", "0.1", "59990"))
    desk.exchange.process_cancel(order.id)
    desk.exchange.process(order.id)
    (event,) = desk.order_events(order)
    assert (event.status, event.cancel_reason) == (
        OrderStatus.CLOSED,
        CancelReason.USER_CANCELED,
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"market": "XXX-USD-PERP"}, "MARKET_NOT_FOUND"),
        ({"market": "TIA-USD-PERP"}, "MARKET_NOT_OPEN"),
        ({"market": "AVAX-USD-PERP"}, "INVALID_REQUEST_PARAMETER"),
        ({"size": "0.000001"}, "INVALID_ORDER_SIZE"),
        ({"size": "0"}, "INVALID_ORDER_SIZE"),
        ({"size": "-1"}, "INVALID_ORDER_SIZE"),
        ({"size": "100.1"}, "INVALID_ORDER_SIZE"),
        ({"size": "0.00001"}, "INVALID_ORDER_SIZE"),
        ({"price": "59990.05"}, "INVALID_REQUEST_PARAMETER"),
        ({"price": "0"}, "INVALID_REQUEST_PARAMETER"),
        ({"price": None, "kind": OrderType.LIMIT}, "INVALID_REQUEST_PARAMETER"),
        ({"kind": OrderType.MARKET}, "INVALID_REQUEST_PARAMETER"),
        (
            {"price": None, "instruction": Instruction.POST_ONLY},
            "INVALID_REQUEST_PARAMETER",
        ),
        ({"trigger": "61000"}, "INVALID_REQUEST_PARAMETER"),
        ({"kind": OrderType.STOP_LIMIT}, "INVALID_REQUEST_PARAMETER"),
        ({"kind": OrderType.STOP_LIMIT, "trigger": "61000.05"}, "INVALID_REQUEST_PARAMETER"),
        ({"kind": OrderType.STOP_LOSS_LIMIT, "trigger": "61000"}, "INVALID_REQUEST_PARAMETER"),
        (
            {"price": None, "kind": OrderType.TAKE_PROFIT_MARKET, "trigger": "61000", "size": "0"},
            "INVALID_REQUEST_PARAMETER",
        ),
        (
            {
                "price": None,
                "kind": OrderType.TAKE_PROFIT_MARKET,
                "trigger": "61000",
                "size": "0",
                "flags": RO,
            },
            "INVALID_ORDER_SIZE",
        ),
        ({"client_id": "x" * 65}, "VALIDATION_ERROR"),
        ({"client_id": "taken"}, "DUPLICATED_CLIENT_ID"),
        ({"flags": (OrderFlag.INTERACTIVE,)}, "INVALID_REQUEST_PARAMETER"),
        ({"flags": (OrderFlag.MMP,)}, "MMP_NOT_ENABLED"),
        ({"vwap_price": d(60000)}, "INVALID_REQUEST_PARAMETER"),
        ({"market": "ETH-USD", "flags": RO}, "INVALID_REQUEST_PARAMETER"),
        (
            {"market": "ETH-USD", "kind": OrderType.STOP_LIMIT, "trigger": "2500"},
            "INVALID_REQUEST_PARAMETER",
        ),
        ({"market": "ETH-USD", "instruction": Instruction.RPI}, "INVALID_REQUEST_PARAMETER"),
        ({"account": "0xdead"}, "ACCOUNT_NOT_FOUND"),
    ],
)
def test_the_api_refuses_what_the_venue_refuses(
    desk: Desk, changes: dict[str, object], code: str
) -> None:
    desk.place(ALICE, "BUY", "0.1", "50000", client_id="taken")
    before = len(desk.events)
    values = {"account": ALICE, "side": "BUY", "size": "0.1", "price": "59990", **changes}
    command = desk.command(
        values.pop("account"), values.pop("side"), values.pop("size"), values.pop("price"), **values
    )
    assert refusal(lambda: desk.exchange.submit(command)) == code
    assert len(desk.events) == before


def test_lots_of_100_and_ticks_of_5_are_enforced(desk: Desk) -> None:
    desk.prices("kPEPE-USD-PERP", "0.01")
    desk.prices("JP225-USD-PERP", "50000")
    small = desk.command(ALICE, "BUY", "1050", "0.01", market="kPEPE-USD-PERP")
    assert refusal(lambda: desk.exchange.submit(small)) == "INVALID_ORDER_SIZE"
    odd = desk.command(ALICE, "BUY", "0.1", "50001", market="JP225-USD-PERP")
    assert refusal(lambda: desk.exchange.submit(odd)) == "INVALID_REQUEST_PARAMETER"
    good = desk.place(ALICE, "BUY", "1100", "0.01", market="kPEPE-USD-PERP")
    assert good.status is OrderStatus.OPEN


def test_below_the_minimum_notional_only_a_whole_position_may_be_closed(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "0.0003", "60000")
    desk.prices(BTC, 30000)
    part = desk.command(ALICE, "SELL", "0.0002", "30000", flags=RO)
    assert refusal(lambda: desk.exchange.submit(part)) == "INVALID_ORDER_SIZE"
    whole = desk.place(ALICE, "SELL", "0.0003", "30000", flags=RO)
    assert whole.status is OrderStatus.OPEN


def test_rpi_needs_permission(desk: Desk) -> None:
    desk.exchange.register_account("0xd", "0xd")
    command = desk.command("0xd", "BUY", "0.1", "59990", instruction=Instruction.RPI)
    assert refusal(lambda: desk.exchange.submit(command)) == "RPI_ACCOUNT_NOT_WHITELISTED"


def test_open_orders_are_limited_per_market(desk: Desk) -> None:
    desk.exchange.update_market(BTC, max_open_orders=2)
    first = desk.place(ALICE, "BUY", "0.001", "50000")
    desk.place(ALICE, "BUY", "0.001", "50000")
    third = desk.command(ALICE, "BUY", "0.001", "50000")
    assert refusal(lambda: desk.exchange.submit(third)) == "INVALID_REQUEST_PARAMETER"
    desk.exchange.process_cancel(first.id)
    assert desk.exchange.submit(third).status is OrderStatus.NEW


def test_a_client_id_is_free_again_when_its_order_closed(desk: Desk) -> None:
    first = desk.place(ALICE, "BUY", "0.1", "59990", client_id="O-1")
    desk.exchange.process_cancel(first.id)
    assert desk.place(ALICE, "BUY", "0.1", "59990", client_id="O-1").status is OrderStatus.OPEN


def test_client_ids_of_other_accounts_do_not_matter(desk: Desk) -> None:
    desk.place(ALICE, "BUY", "0.1", "59990", client_id="O-1")
    assert desk.place(BOB, "BUY", "0.1", "59990", client_id="O-1").status is OrderStatus.OPEN


def test_orders_of_a_batch_are_judged_one_by_one(desk: Desk) -> None:
    good = desk.command(ALICE, "BUY", "0.1", "59990", client_id="a")
    results = desk.exchange.submit_batch([good, good])
    assert isinstance(results[0], Order)
    assert isinstance(results[1], Refusal)
    assert results[1].code == "DUPLICATED_CLIENT_ID"


@pytest.mark.parametrize("count", [0, 11])
def test_a_batch_has_one_to_ten_orders(desk: Desk, count: int) -> None:
    batch = [desk.command(ALICE, "BUY", "0.1", "59990")] * count
    assert refusal(lambda: desk.exchange.submit_batch(batch)) == "BATCH_SIZE_OUT_OF_RANGE"


def test_too_little_margin_closes_the_order(desk: Desk) -> None:
    # 1,000 USDC carry 50,000 at 2%, less the fee.
    desk.exchange.withdraw(ALICE, d(999_000))
    rich = desk.place(ALICE, "BUY", "1", "60000")
    assert rich.cancel_reason is CancelReason.NOT_ENOUGH_MARGIN
    assert desk.place(ALICE, "BUY", "0.8", "60000").status is OrderStatus.OPEN


def test_orders_beyond_the_position_limit_are_closed(desk: Desk) -> None:
    desk.exchange.update_market(BTC, position_limit=d(1))
    desk.trade(ALICE, BOB, "0.5", "60000")
    desk.place(ALICE, "BUY", "0.3", "59000")
    order = desk.place(ALICE, "BUY", "0.3", "59000")
    assert order.cancel_reason is CancelReason.ORDER_EXCEEDS_POSITION_LIMIT
    assert desk.place(ALICE, "SELL", "1.5", "61000").status is OrderStatus.OPEN


def test_without_a_mark_price_orders_are_closed(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "1", "2500", market="ETH-USD-PERP")
    assert order.cancel_reason is CancelReason.PRICE_NOT_AVAILABLE


# -- CANCEL -------------------------------------------------------------------------------------


def test_a_cancel_takes_effect_when_processed(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990")
    assert desk.exchange.cancel(ALICE, order.id).status is OrderStatus.OPEN
    closed = desk.exchange.process_cancel(order.id)
    assert closed.cancel_reason is CancelReason.USER_CANCELED
    assert desk.exchange.queries.bbo(BTC).bid is None


def test_cancels_of_closed_and_unknown_orders_are_refused(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990", client_id="O-1")
    exchange = desk.exchange
    assert refusal(lambda: exchange.cancel(BOB, order.id)) == "ORDER_ID_NOT_FOUND"
    assert refusal(lambda: exchange.cancel(ALICE, "1" * 28)) == "ORDER_ID_NOT_FOUND"
    assert exchange.cancel_by_client_id(ALICE, "O-1").id == order.id
    exchange.process_cancel(order.id)
    assert refusal(lambda: exchange.cancel(ALICE, order.id)) == "ORDER_IS_CLOSED"
    assert refusal(lambda: exchange.cancel_by_client_id(ALICE, "O-1")) == "ORDER_IS_CLOSED"
    assert (
        refusal(lambda: exchange.cancel_by_client_id(ALICE, "O-2")) == "CLIENT_ORDER_ID_NOT_FOUND"
    )


def test_an_order_filled_before_its_cancel_stays_filled(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990")
    desk.exchange.cancel(ALICE, order.id)
    desk.place(BOB, "SELL", "0.1", "59990")
    closed = desk.exchange.process_cancel(order.id)
    assert (closed.remaining_size, closed.cancel_reason) == (d(0), CancelReason.NONE)


def test_cancel_all_takes_the_orders_of_one_market_or_of_all(desk: Desk) -> None:
    desk.prices("ETH-USD-PERP", 2500)
    one = desk.place(ALICE, "BUY", "0.1", "59990")
    two = desk.place(ALICE, "BUY", "1", "2400", market="ETH-USD-PERP")
    exchange = desk.exchange
    assert [row.id for row in exchange.cancel_all(ALICE, BTC)] == [one.id]
    assert {row.id for row in exchange.cancel_all(ALICE)} == {one.id, two.id}
    assert exchange.cancel_all(BOB) == []


def test_a_batch_of_cancels_says_what_becomes_of_each(desk: Desk) -> None:
    live = desk.place(ALICE, "BUY", "0.1", "59990", client_id="live")
    done = desk.place(ALICE, "BUY", "0.1", "59990", client_id="done")
    desk.exchange.process_cancel(done.id)
    results = desk.exchange.cancel_batch(ALICE, [live.id, "7"], ["done", "never"])
    assert [row.status for row in results] == [
        CancelStatus.QUEUED_FOR_CANCELLATION,
        CancelStatus.NOT_FOUND,
        CancelStatus.ALREADY_CLOSED,
        CancelStatus.NOT_FOUND,
    ]


# -- MODIFY -------------------------------------------------------------------------------------


def test_a_modify_is_pending_then_success_and_keeps_the_id(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990", client_id="O-1")
    pending = desk.exchange.modify(desk.modify(order, price="59980", size="0.2"))
    assert pending.request_info.status is RequestStatus.PENDING
    assert (pending.price, pending.size) == (d(59990), d("0.1"))
    done = desk.exchange.process_modify(order.id, pending.request_info.id)
    assert done.request_info.status is RequestStatus.SUCCESS
    assert done.request_info.id == pending.request_info.id
    assert (done.id, done.client_id) == (order.id, "O-1")
    assert (done.price, done.size, done.remaining_size) == (d(59980), d("0.2"), d("0.2"))


def test_the_request_is_repeated_on_later_updates(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990")
    changed = desk.change(order, price="59980")
    desk.place(BOB, "SELL", "0.04", "59980")
    assert desk.order_events(order)[-1].request_info == changed.request_info


def test_the_new_size_is_the_total_size(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.3", "59990")
    desk.place(BOB, "SELL", "0.1", "59990")
    changed = desk.change(order, size="0.2")
    assert (changed.size, changed.remaining_size) == (d("0.2"), d("0.1"))


def test_a_size_that_is_filled_already_is_rejected(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.3", "59990")
    desk.place(BOB, "SELL", "0.2", "59990")
    changed = desk.change(order, size="0.2")
    assert changed.request_info.status is RequestStatus.REJECTED
    assert (changed.status, changed.remaining_size) == (OrderStatus.OPEN, d("0.1"))


def test_a_modified_order_goes_to_the_end_of_its_queue(desk: Desk) -> None:
    first = desk.place(ALICE, "BUY", "0.1", "59990")
    second = desk.place(BOB, "BUY", "0.1", "59990")
    desk.change(first, size="0.2")
    desk.place(CAROL, "SELL", "0.1", "59990")
    assert desk.order(second).status is OrderStatus.CLOSED
    assert desk.order(first).remaining_size == d("0.2")


def test_a_modified_order_may_trade_at_once(desk: Desk) -> None:
    desk.place(BOB, "SELL", "0.1", "60010")
    order = desk.place(ALICE, "BUY", "0.1", "59990")
    changed = desk.change(order, price="60010")
    assert (changed.status, changed.avg_fill_price) == (OrderStatus.CLOSED, d(60010))
    assert changed.request_info.status is RequestStatus.SUCCESS


def test_a_rejected_modify_leaves_the_order_and_its_place(desk: Desk) -> None:
    desk.place(BOB, "SELL", "0.1", "60010")
    order = desk.post(ALICE, "BUY", "0.1", "59990")
    later = desk.post(CAROL, "BUY", "0.1", "59990")
    changed = desk.change(order, price="60010")
    assert changed.request_info.status is RequestStatus.REJECTED
    assert changed.request_info.message == CancelReason.POST_ONLY_WOULD_CROSS
    assert (changed.status, changed.price) == (OrderStatus.OPEN, d(59990))
    desk.place(BOB, "SELL", "0.1", "59990")
    assert desk.order(order).status is OrderStatus.CLOSED
    assert desk.order(later).status is OrderStatus.OPEN


def test_a_modify_without_margin_is_rejected(desk: Desk) -> None:
    desk.exchange.withdraw(ALICE, d(999_000))
    order = desk.place(ALICE, "BUY", "0.5", "60000")
    changed = desk.change(order, size="1")
    assert changed.request_info.message == CancelReason.NOT_ENOUGH_MARGIN
    assert desk.change(order, size="0.8").request_info.status is RequestStatus.SUCCESS


def test_a_modify_of_an_order_that_closed_meanwhile_is_rejected(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990")
    pending = desk.exchange.modify(desk.modify(order, price="59980"))
    desk.exchange.process_cancel(order.id)
    late = desk.exchange.process_modify(order.id, pending.request_info.id)
    assert late.request_info.status is RequestStatus.REJECTED
    assert late.cancel_reason is CancelReason.USER_CANCELED


def test_modifies_that_the_api_refuses(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990")
    modify = desk.exchange.modify
    assert refusal(lambda: modify(desk.modify(order))) == "INVALID_REQUEST_PARAMETER"
    assert refusal(lambda: modify(desk.modify(order, size="0"))) == "INVALID_ORDER_SIZE"
    assert (
        refusal(lambda: modify(desk.modify(order, price="59990.01"))) == "INVALID_REQUEST_PARAMETER"
    )
    desk.exchange.process_cancel(order.id)
    assert refusal(lambda: modify(desk.modify(order, price="1000"))) == "ORDER_IS_NOT_OPEN"


# -- SYSTEM STATE -------------------------------------------------------------------------------


def test_states_refuse_orders_with_their_codes(desk: Desk) -> None:
    submit, state = desk.exchange.submit, desk.exchange.set_system_state
    plain = desk.command(ALICE, "BUY", "0.1", "59990")
    passive = desk.command(ALICE, "BUY", "0.1", "59990", instruction=Instruction.POST_ONLY)
    state(SystemState.CANCEL_ONLY)
    assert refusal(lambda: submit(passive)) == "SYSTEM_STATUS_CANCEL_ONLY"
    state(SystemState.POST_ONLY)
    assert refusal(lambda: submit(plain)) == "SYSTEM_STATUS_POST_ONLY"
    assert submit(passive).status is OrderStatus.NEW
    state(SystemState.MAINTENANCE)
    assert refusal(lambda: submit(passive)) == "SERVICE_UNAVAILABLE"


def test_cancels_work_in_cancel_only(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "59990")
    desk.exchange.set_system_state(SystemState.CANCEL_ONLY)
    assert desk.exchange.process_cancel(order.id).status is OrderStatus.CLOSED


@pytest.mark.parametrize("state", [SystemState.CANCEL_ONLY, SystemState.POST_ONLY])
def test_release_windows_cancel_resting_orders_beyond_5_bps_only(
    desk: Desk, state: SystemState
) -> None:
    far = desk.place(ALICE, "BUY", "0.1", "50000")
    near = desk.place(ALICE, "BUY", "0.1", "60030")
    beyond = desk.place(ALICE, "BUY", "0.1", "60030.1")
    ask = desk.place(BOB, "SELL", "0.1", "60040")
    desk.exchange.set_system_state(state)
    assert desk.order(far).status is OrderStatus.OPEN
    assert desk.order(near).status is OrderStatus.OPEN
    assert desk.order(ask).status is OrderStatus.OPEN
    assert desk.order(beyond).status is OrderStatus.CLOSED
    # The rule goes with the external fair price.
    desk.exchange.set_prices(BTC, external_fair=d(59000))
    assert desk.order(near).status is OrderStatus.CLOSED
    assert desk.order(ask).status is OrderStatus.OPEN


def test_new_orders_beyond_5_bps_are_cancelled_in_post_only(desk: Desk) -> None:
    desk.exchange.set_system_state(SystemState.POST_ONLY)
    assert desk.post(ALICE, "BUY", "0.1", "60030.1").status is OrderStatus.CLOSED
    assert desk.post(ALICE, "BUY", "0.1", "60030").status is OrderStatus.OPEN
