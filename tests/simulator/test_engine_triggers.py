"""Orders that wait for the mark price (PROTOCOL 5.1)."""

from collections.abc import Iterator

import pytest

from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import OrderFlag
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import SystemState
from tests.simulator.engine_desk import ALICE
from tests.simulator.engine_desk import BOB
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import CAROL
from tests.simulator.engine_desk import RO
from tests.simulator.engine_desk import Desk
from tests.simulator.engine_desk import d


ABOVE = OrderFlag.STOP_CONDITION_ABOVE_TRIGGER
BELOW = OrderFlag.STOP_CONDITION_BELOW_TRIGGER


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.exchange.check_invariants()


@pytest.mark.parametrize(
    ("side", "trigger", "before", "after", "flag"),
    [
        ("BUY", "60500", "60499", "60500", ABOVE),
        ("SELL", "59500", "59501", "59500", BELOW),
        ("BUY", "59500", "59501", "59500", BELOW),
        ("SELL", "60500", "60499", "60500", ABOVE),
    ],
)
def test_stops_wait_untriggered_until_the_mark_reaches_them(
    desk: Desk, side: str, trigger: str, before: str, after: str, flag: OrderFlag
) -> None:
    order = desk.place(ALICE, side, "0.1", "60000", kind=OrderType.STOP_LIMIT, trigger=trigger)
    assert order.status is OrderStatus.UNTRIGGERED
    assert flag in order.flags
    desk.prices(BTC, before)
    assert desk.order(order).status is OrderStatus.UNTRIGGERED
    desk.prices(BTC, after)
    assert desk.order(order).status is OrderStatus.OPEN
    assert [row.status for row in desk.order_events(order)] == [
        OrderStatus.UNTRIGGERED,
        OrderStatus.OPEN,
    ]


def test_a_stop_market_trades_when_triggered(desk: Desk) -> None:
    desk.place(BOB, "SELL", "0.1", "60600")
    order = desk.place(ALICE, "BUY", "0.1", kind=OrderType.STOP_MARKET, trigger="60500")
    desk.prices(BTC, 60500)
    assert desk.order(order).avg_fill_price == d(60600)


def test_a_triggered_order_passes_the_risk_check_then(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "1", "60000", kind=OrderType.STOP_LIMIT, trigger="60500")
    desk.exchange.withdraw(ALICE, d(999_900))
    desk.prices(BTC, 60500)
    assert desk.order(order).cancel_reason is CancelReason.NOT_ENOUGH_MARGIN


def test_a_triggered_post_only_limit_must_not_take(desk: Desk) -> None:
    desk.place(BOB, "SELL", "0.1", "60600")
    order = desk.place(
        ALICE,
        "BUY",
        "0.1",
        "60600",
        kind=OrderType.STOP_LIMIT,
        trigger="60500",
        instruction=Instruction.POST_ONLY,
    )
    desk.prices(BTC, 60500)
    assert desk.order(order).cancel_reason is CancelReason.POST_ONLY_WOULD_CROSS


@pytest.mark.parametrize(
    ("kind", "trigger", "flag"),
    [
        (OrderType.STOP_LOSS_MARKET, "59000", BELOW),
        (OrderType.TAKE_PROFIT_MARKET, "61000", ABOVE),
    ],
)
def test_tp_and_sl_of_a_long_close_it(
    desk: Desk, kind: OrderType, trigger: str, flag: OrderFlag
) -> None:
    desk.trade(ALICE, BOB, "0.5", "60000")
    desk.place(CAROL, "BUY", "1", "58900")
    order = desk.place(ALICE, "SELL", "0.5", kind=kind, trigger=trigger, flags=RO)
    assert flag in order.flags
    desk.prices(BTC, trigger)
    assert desk.order(order).remaining_size == 0
    assert desk.size(ALICE) == 0


def test_tp_and_sl_without_a_position_are_cancelled(desk: Desk) -> None:
    order = desk.place(
        ALICE, "SELL", "0.5", kind=OrderType.STOP_LOSS_MARKET, trigger="59000", flags=RO
    )
    assert order.cancel_reason is CancelReason.REDUCE_ONLY_WILL_INCREASE


def test_tp_and_sl_are_cut_to_the_position_and_size_0_is_all_of_it(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "0.5", "60000")
    large = desk.place(
        ALICE, "SELL", "2", kind=OrderType.STOP_LOSS_MARKET, trigger="59000", flags=RO
    )
    whole = desk.place(
        ALICE, "SELL", "0", kind=OrderType.TAKE_PROFIT_MARKET, trigger="61000", flags=RO
    )
    assert large.size == whole.size == d("0.5")


def test_tp_and_sl_shrink_with_the_position_and_go_with_it(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "0.5", "60000")
    order = desk.place(
        ALICE, "SELL", "0.5", kind=OrderType.STOP_LOSS_MARKET, trigger="59000", flags=RO
    )
    desk.trade(BOB, ALICE, "0.2", "60000")
    assert desk.order(order).size == d("0.3")
    desk.trade(BOB, ALICE, "0.3", "60000")
    assert desk.order(order).cancel_reason is CancelReason.REDUCE_ONLY_WILL_INCREASE


def test_a_filled_tp_cancels_its_sl_but_not_before_it_is_filled_completely(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "0.5", "60000")
    profit = desk.place(
        ALICE,
        "SELL",
        "0.2",
        "60900",
        kind=OrderType.TAKE_PROFIT_LIMIT,
        trigger="61000",
        flags=RO,
    )
    loss = desk.place(
        ALICE, "SELL", "0.2", kind=OrderType.STOP_LOSS_MARKET, trigger="59000", flags=RO
    )
    desk.prices(BTC, 61000)
    assert desk.order(profit).status is OrderStatus.OPEN
    desk.place(CAROL, "BUY", "0.1", "60900")
    assert desk.order(loss).status is OrderStatus.UNTRIGGERED
    desk.place(CAROL, "BUY", "0.1", "60900")
    assert desk.order(loss).status is OrderStatus.CLOSED
    assert desk.size(ALICE) == d("0.3")


def test_untriggered_orders_can_be_modified_and_cancelled(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "60000", kind=OrderType.STOP_LIMIT, trigger="60500")
    changed = desk.change(order, trigger_price="61000", price="60100")
    assert (changed.trigger_price, changed.price) == (d(61000), d(60100))
    desk.prices(BTC, 60500)
    assert desk.order(order).status is OrderStatus.UNTRIGGERED
    assert desk.exchange.process_cancel(order.id).cancel_reason is CancelReason.USER_CANCELED
    desk.prices(BTC, 61000)
    assert desk.order(order).status is OrderStatus.CLOSED


def test_triggers_wait_while_the_exchange_is_not_ok(desk: Desk) -> None:
    order = desk.place(ALICE, "BUY", "0.1", "60000", kind=OrderType.STOP_LIMIT, trigger="60500")
    desk.exchange.set_system_state(SystemState.POST_ONLY)
    desk.prices(BTC, 60500)
    assert desk.order(order).status is OrderStatus.UNTRIGGERED
    desk.exchange.set_system_state(SystemState.OK)
    assert desk.order(order).status is OrderStatus.OPEN
