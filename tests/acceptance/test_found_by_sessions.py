"""What random sessions have found, each by the few commands that matter."""

from decimal import Decimal

from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.execution.submits import STOPPED_REASON
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.faults import SlowResponse
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import running_node
from tests.acceptance.random_session import Setup
from tests.acceptance.random_session import play
from tests.acceptance.session_commands import CancelElsewhere
from tests.acceptance.session_commands import Cut
from tests.acceptance.session_commands import Hit
from tests.acceptance.session_commands import Kind
from tests.acceptance.session_commands import Late
from tests.acceptance.session_commands import Modify
from tests.acceptance.session_commands import Restart
from tests.acceptance.session_commands import Submit
from tests.acceptance.session_commands import Wait
from tests.virtual.node_time import nodes_in_virtual_time


def test_e10_an_order_commanded_before_its_acceptance_is_one_order_after_a_cut_and_a_restart():
    """Ended by a report it would have no venue id, and the next report would make another one."""
    play(
        Setup(),
        [
            Late(ms=5000),
            Submit(size=2),
            Wait(ms=2),
            Modify(price=-1),
            CancelElsewhere(),
            Cut(),
            Wait(ms=1500),
            Restart(),
        ],
    )


def test_e7_a_modify_whose_result_overtakes_its_answer_keeps_the_new_terms():
    """Both are of one millisecond, and REST says no more of the time."""
    play(
        Setup(answer_order="notification_first", latency_ms=0.0),
        [Submit(size=8), Wait(ms=10), Hit(size=7), Modify(price=1), Wait(ms=10)],
    )


def test_e10_an_order_that_ended_while_the_stream_was_away_has_the_terms_that_it_had():
    """Of some types the framework takes an end from a report, and no prices."""
    play(
        Setup(),
        [
            Submit(kind=Kind.MARKET_IF_TOUCHED, size=3, price=0, trigger=8),
            Wait(ms=10),
            Late(ms=5000),
            Modify(trigger=-2),
            Wait(ms=10),
            CancelElsewhere(),
            Cut(),
        ],
    )


def test_e1_orders_that_were_not_sent_when_the_node_stopped_are_denied():
    """A conditional order waits for the mark price; nobody else would ever know its fate."""

    async def main(loop: VirtualLoop) -> None:
        async with LocalParadex(market=False, clock_us=loop.wall_us) as venue:
            desk = Desk()
            async with running_node(venue, venue.create_account(KEY), strategies=[desk]):
                slow = venue.faults.add(SlowResponse(path="/markets/summary", ms=2000))
                size = desk.instrument.make_qty(Decimal(1))
                near, far = (desk.instrument.make_price(Decimal(px)) for px in (2510, 2520))
                orders = [
                    desk.order_factory.stop_limit(ETH, OrderSide.BUY, size, far, near),
                    desk.order_factory.limit(ETH, OrderSide.BUY, size, near),
                ]
                desk.submit_order_list(desk.order_factory.create_list(orders))
                await slow.exhausted()
            assert [order.status for order in orders] == [OrderStatus.DENIED] * 2
            assert {order.last_event.reason for order in orders} == {STOPPED_REASON}

    with nodes_in_virtual_time(1):
        run_virtual(main)
