"""Frames that come twice, in another order, garbled or not at all (E4, E5, E10)."""

import itertools

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.faults import Delay
from nautilus_paradex.simulator.faults import Duplicate
from nautilus_paradex.simulator.faults import Garble
from nautilus_paradex.simulator.faults import Lose
from nautilus_paradex.simulator.faults import Reorder
from nautilus_paradex.simulator.faults import StreamFault
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.faults.sessions import Session
from tests.faults.sessions import session
from tests.faults.test_stream_cuts import trade_thirty_orders


_ALWAYS = 1_000_000
_ENCODINGS = list(PrivateEncoding)


@pytest.mark.parametrize("encoding", _ENCODINGS)
@pytest.mark.parametrize("fill_order", [FillOrder.FILL_FIRST, FillOrder.ORDER_FIRST])
@pytest.mark.parametrize("answer_order", [AnswerOrder.ANSWER_FIRST, AnswerOrder.NOTIFICATION_FIRST])
async def test_e5_every_frame_comes_twice(
    encoding: PrivateEncoding, fill_order: FillOrder, answer_order: AnswerOrder
) -> None:
    config = SimulatorConfig(
        private_encoding=encoding, fill_order=fill_order, answer_order=answer_order
    )
    async with session(config=config, seed=3) as at:
        twice = at.venue.faults.add(Duplicate(n=_ALWAYS, private=True))
        await trade_thirty_orders(at, seed=3)
        await at.ends_equal()
        assert twice.fired > 100
        assert at.node.execution.stream_status().epoch == 1


@pytest.mark.parametrize("encoding", _ENCODINGS)
@pytest.mark.parametrize("seed", [1, 2])
async def test_e5_frames_of_orders_and_fills_change_places(
    encoding: PrivateEncoding, seed: int
) -> None:
    """Every second frame comes after the one that follows it."""
    async with session(config=SimulatorConfig(private_encoding=encoding), seed=seed) as at:
        swapped = at.venue.faults.add(Reorder(n=_ALWAYS, private=True))
        await trade_thirty_orders(at, seed)
        at.venue.faults.clear()
        # A frame that is still held comes with the next one.
        at.rival.place("SELL", "0.1", "2490")
        await at.rest(BUY, "0.1", "2400")
        await at.ends_equal()
        assert swapped.fired > 30


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.permutations(["orders", "fills"], 2)), ids="-then-".join
)
async def test_e4_e5_whichever_channel_is_behind(first: str, second: str) -> None:
    """A filled order's update and its fill, one of them behind everything else."""
    order = FillOrder.ORDER_FIRST if first == "orders" else FillOrder.FILL_FIRST
    async with session(config=SimulatorConfig(fill_order=order)) as at:
        at.venue.faults.add(Delay(n=2, ms=200, channels=(second,), private=True))
        at.rival.place("SELL", "0.3", "2500")
        taking = at.desk.limit(BUY, "0.3", "2500")
        await until(lambda: taking.is_closed, "the order is filled")
        resting = await at.rest(SELL, "0.5", "2510")
        at.rival.place("BUY", "0.5", "2510", "IOC")
        await until(lambda: resting.is_closed, "the order is filled")
        await at.ends_equal()
        for each in (taking, resting):
            assert at.node.story(each)[-2:] == ["OrderAccepted", "OrderFilled"]


@pytest.mark.parametrize("encoding", _ENCODINGS)
@pytest.mark.parametrize("channel", ["orders", "fills", "account", "balance_events"])
async def test_e10_garbled_frame_is_made_good_by_rest(
    channel: str, encoding: PrivateEncoding
) -> None:
    config = SimulatorConfig(private_encoding=encoding)
    async with session(config=config, may_fail=True) as at:
        resting = await at.rest(BUY, "1", "2490")
        garbled = at.venue.faults.add(Garble(channels=(channel,), private=True))
        at.rival.place("SELL", "0.4", "2490", "IOC")
        await garbled.exhausted()
        await at.ends_equal()
        at.desk.cancel_order(resting)
        await at.ends_equal()
        assert not resting.is_open


async def fill_and_end(at: Session, faults: list[StreamFault]) -> None:
    """Let an order be filled in two parts and others be canceled, with faults on the way."""
    filled = await at.rest(BUY, "1", "2490")
    canceled = await at.rest(SELL, "1", "2510")
    cut = await at.rest(SELL, "1", "2511")
    at.rival.place("BUY", "0.2", "2510", "IOC")
    await at.ends_equal()
    for fault in faults:
        at.venue.faults.add(fault)
    at.rival.place("SELL", "0.6", "2490", "IOC")
    at.rival.place("SELL", "0.4", "2490", "IOC")
    at.desk.cancel_order(canceled)
    at.rival.place("BUY", "1.1", "2511", "IOC")
    at.desk.cancel_order(cut)
    await until(
        lambda: filled.is_closed and canceled.is_closed and cut.is_closed, "all are closed", 20.0
    )
    await at.ends_equal()


@pytest.mark.parametrize("count", [1, 2])
async def test_e5_lost_fills_of_an_ended_order_are_fetched(count: int) -> None:
    async with session() as at:
        await fill_and_end(at, [Lose(n=count, channels=("fills",), private=True)])


async def test_e5_lost_end_of_an_order_whose_fills_came_is_not_needed() -> None:
    async with session() as at:
        resting = await at.rest(BUY, "1", "2490")
        at.venue.faults.add(Lose(n=_ALWAYS, channels=("orders",), private=True))
        at.rival.place("SELL", "1", "2490", "IOC")
        await at.ends_equal()
        assert resting.is_closed


async def test_e3_e6_lost_first_notification_is_asked_for() -> None:
    """A create that was answered, but whose OPEN never came, does not stay submitted."""
    async with session() as at:
        at.venue.faults.add(Lose(channels=("orders",), private=True))
        resting = at.desk.limit(BUY, "1", "2490", post_only=True)
        await until(lambda: resting.is_open and not resting.is_inflight, "it is accepted", 20.0)
        await at.ends_equal()


async def test_e7_lost_end_of_a_canceled_order_is_asked_for() -> None:
    async with session() as at:
        resting = await at.rest(BUY, "1", "2490")
        at.venue.faults.add(Lose(channels=("orders",), private=True))
        at.desk.cancel_order(resting)
        await until(lambda: resting.is_closed, "it is canceled", 20.0)
        await at.ends_equal()


async def test_e7_lost_outcome_of_a_modify_is_asked_for() -> None:
    async with session() as at:
        resting = await at.rest(BUY, "1", "2490")
        at.venue.faults.add(Lose(channels=("orders",), private=True))
        at.reprice(resting, "2491")
        await until(lambda: str(resting.price) == "2491.00", "it has the new price", 20.0)
        await at.ends_equal()
        assert at.node.story(resting).count("OrderUpdated") == 1


async def test_e5_fill_that_comes_before_the_modify_which_made_room_for_it() -> None:
    """The node's own modify: larger and across the spread, so that it is filled at once."""
    async with session(config=SimulatorConfig(fill_order=FillOrder.FILL_FIRST)) as at:
        resting = at.desk.limit(BUY, "1", "2490")
        await until(lambda: resting.status == OrderStatus.ACCEPTED, "it rests")
        at.rival.place("SELL", "1.8", "2495")
        instrument = at.desk.instrument
        at.desk.modify_order(
            resting, quantity=instrument.make_qty(2), price=instrument.make_price(2496)
        )
        await until(lambda: resting.filled_qty == instrument.make_qty(1.8), "it is filled")
        await at.ends_equal()


async def test_e5_fill_that_comes_before_a_modify_from_elsewhere() -> None:
    async with session(config=SimulatorConfig(fill_order=FillOrder.FILL_FIRST)) as at:
        resting = await at.rest(BUY, "1", "2490")
        at.modify_from_elsewhere(resting, size="3")
        at.rival.place("SELL", "1.8", "2490", "IOC")
        await until(lambda: str(resting.filled_qty) == "1.8000", "it is filled")
        await at.ends_equal()
