"""The venue goes away while orders rest and are filled (S4, S5, E10)."""

import asyncio

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.faults import DropAfterFrames
from nautilus_paradex.simulator.faults import Stall
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.faults.sessions import Session
from tests.faults.sessions import session


_OUTAGE_S = 3.0
_STALL_S = 6.0
_IDLE_TIMEOUT_S = 2.0


async def rest_orders(at: Session) -> None:
    """Rest three orders on each side, and let one be filled in part."""
    for level in range(1, 4):
        await at.rest(BUY, "1", str(2500 - level))
        await at.rest(SELL, "1", str(2500 + level))
    at.rival.place("SELL", "0.4", "2499", "IOC")
    await at.ends_equal()


def trade_meanwhile(at: Session) -> None:
    """Fill one order in full and two in part, in several trades, and end one from elsewhere."""
    exchange = at.venue.exchange
    at.rival.place("SELL", "0.3", "2499", "IOC")
    at.rival.place("SELL", "0.5", "2498", "IOC")
    at.rival.place("BUY", "0.1", "2501", "IOC")
    at.rival.place("BUY", "0.2", "2501", "IOC")
    (order,) = (o for o in exchange.queries.open_orders(at.account) if o.price == 2503)
    exchange.cancel(at.account, order.id)
    exchange.process_cancel(order.id)


def healthy_again(at: Session, epoch: int) -> bool:
    status = at.node.execution.stream_status()
    return status.healthy and status.epoch > epoch


async def test_s4_e10_server_goes_away_while_orders_are_filled() -> None:
    async with session() as at:
        await rest_orders(at)
        epoch = at.node.execution.stream_status().epoch
        await at.venue.stop_serving()
        trade_meanwhile(at)
        await asyncio.sleep(_OUTAGE_S)
        assert not at.node.execution.stream_status().connected
        await at.venue.resume_serving()
        await until(lambda: healthy_again(at, epoch), "the private stream is healthy again")
        await at.ends_equal()
        at.rival.place("BUY", "0.7", "2501", "IOC")
        await at.ends_equal()


async def test_s4_e6_commands_given_while_the_server_is_away_are_resolved() -> None:
    """What never left this machine is refused, and nothing stays pending."""
    async with session(execution={"recv_window_ms": 1_000}) as at:
        await rest_orders(at)
        resting = next(o for o in at.node.cache.orders_open() if o.status == OrderStatus.ACCEPTED)
        await at.venue.stop_serving()
        unsent = at.desk.limit(BUY, "1", "2490", post_only=True)
        at.desk.cancel_order(resting)
        trade_meanwhile(at)
        await asyncio.sleep(_OUTAGE_S)
        await at.venue.resume_serving()
        await at.ends_equal()
        assert unsent.status == OrderStatus.REJECTED
        # Nothing of the cancel left this machine, so it is known not to have been done.
        assert "OrderCancelRejected" in at.node.story(resting)
        assert resting.is_open


async def test_s5_e10_silent_venue_is_left_and_found_again() -> None:
    """Streams and REST hang with every connection open."""
    config = SimulatorConfig(heartbeat_interval_s=0.5)
    quick = {"ws_idle_timeout_secs": _IDLE_TIMEOUT_S}
    async with session(config=config, execution=quick, data=quick) as at:
        await rest_orders(at)
        epoch = at.node.execution.stream_status().epoch
        at.venue.stall(stalled=True)
        trade_meanwhile(at)
        await asyncio.sleep(_STALL_S)
        assert not at.node.execution.stream_status().healthy
        at.venue.stall(stalled=False)
        await until(lambda: healthy_again(at, epoch), "the private stream is healthy again")
        await at.ends_equal()


@pytest.mark.parametrize("frames", [0, 1])
async def test_s5_silent_private_stream_is_replaced_while_the_rest_works(frames: int) -> None:
    config = SimulatorConfig(heartbeat_interval_s=0.5)
    quick = {"ws_idle_timeout_secs": _IDLE_TIMEOUT_S}
    async with session(config=config, execution=quick, data=quick) as at:
        await rest_orders(at)
        epoch = at.node.execution.stream_status().epoch
        data_epoch = at.node.data.stream_status().epoch
        armed = at.venue.faults.add(Stall(frames=frames, private=True, channels=("fills",)))
        trade_meanwhile(at)
        await armed.exhausted()
        await until(lambda: healthy_again(at, epoch), "the private stream is healthy again")
        await at.ends_equal()
        assert at.node.data.stream_status().epoch == data_epoch


async def test_e4_e10_accepted_order_that_ends_in_an_outage_is_canceled_not_rejected() -> None:
    """It is modified, and then ended by the venue for a reason that refuses new orders."""
    async with session() as at:
        bid = at.desk.limit(BUY, "1", "2490")
        ask = await at.rest(SELL, "1", "2510")
        await until(lambda: bid.status == OrderStatus.ACCEPTED, "the bid rests")
        # The modify crosses the node's own order: the venue ends it as a self-trade.
        at.venue.faults.add(DropAfterFrames(frames=0, channels=("orders",), private=True))
        at.reprice(bid, "2510")
        await until(lambda: bid.is_closed, "the bid is closed")
        await at.ends_equal()
        assert bid.status == OrderStatus.CANCELED
        assert ask.is_open


async def test_e10_order_that_ended_before_the_outage_is_not_told_again() -> None:
    """The window that is read again holds orders that were canceled, refused and filled."""
    async with session() as at:
        bid = at.desk.limit(BUY, "1", "2490")
        await at.rest(SELL, "1", "2510")
        await until(lambda: bid.status == OrderStatus.ACCEPTED, "the bid rests")
        at.reprice(bid, "2510")
        refused = at.desk.limit(BUY, "1", "2510", post_only=True)
        filled = await at.rest(BUY, "1", "2489")
        at.rival.place("SELL", "1", "2489", "IOC")
        await until(lambda: bid.is_closed and refused.is_closed and filled.is_closed, "all ended")
        await at.ends_equal()
        told = len(at.node.order_events)
        epoch = at.node.execution.stream_status().epoch
        await at.venue.drop_connections()
        await until(lambda: healthy_again(at, epoch), "the private stream is healthy again")
        await at.ends_equal()
        assert len(at.node.order_events) == told
