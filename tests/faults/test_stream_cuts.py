"""The private stream is cut at any frame of a lively session: nothing lost, doubled or stuck."""

from random import Random

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.faults import CloseCode
from nautilus_paradex.simulator.faults import DropAfterFrames
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.faults.sessions import Session
from tests.faults.sessions import session


_ORDERS = 30

#: Cut points of every run; the soak takes them all.
SAMPLE = (1, 2, 3, 5, 8, 14, 24, 40, 57, 74, 91, 110)

_UNKNOWN = frozenset({OrderStatus.INITIALIZED, OrderStatus.SUBMITTED})


def place_one(at: Session, rng: Random) -> Order:
    """Place an order: most rest, some take, some are refused by their post-only flag."""
    side = rng.choice((BUY, SELL))
    size = str(rng.randint(1, 20) / 10)
    towards = 1 if side == BUY else -1
    kind = rng.random()
    if kind < 0.1:
        return at.desk.market(side, size)
    if kind < 0.25:
        price = str(2500 + towards * rng.randint(0, 6))
        return at.desk.limit(side, size, price, time_in_force=TimeInForce.IOC)
    if kind < 0.35:
        return at.desk.limit(side, size, str(2500 + towards * 10), post_only=True)
    return at.desk.limit(side, size, str(2500 - towards * rng.randint(1, 4)))


def trade_one(at: Session, rng: Random) -> None:
    """Let the rival take some of what rests, and quote."""
    side = rng.choice(("BUY", "SELL"))
    towards = 1 if side == "BUY" else -1
    at.rival.place(side, str(rng.randint(1, 15) / 10), str(2500 + towards * 3), "IOC")
    at.rival.place(side, "0.7", str(2500 - towards * 5))


def change_one(at: Session, rng: Random) -> None:
    """Modify or cancel one of the node's open orders."""
    orders = [o for o in at.node.cache.orders_open() if not o.is_inflight and o.has_price]
    if not orders:
        return
    order = rng.choice(sorted(orders, key=lambda o: o.client_order_id.value))
    kind = rng.random()
    if kind < 0.35:
        at.desk.cancel_order(order)
    elif kind < 0.7:
        at.reprice(order, str(order.price.as_decimal() + rng.choice((-1, 1))))
    else:
        at.resize(order, str(order.quantity.as_decimal() + 1))


async def trade_thirty_orders(at: Session, seed: int) -> None:
    rng = Random(seed)
    at.rival.place("SELL", "5", "2505")
    at.rival.place("BUY", "5", "2495")
    for _ in range(_ORDERS):
        order = place_one(at, rng)
        if rng.random() < 0.8:
            trade_one(at, rng)
        change_one(at, rng)
        await until(lambda order=order: order.status not in _UNKNOWN, f"{order} is resolved", 20.0)
        change_one(at, rng)
        if rng.random() < 0.5:
            trade_one(at, rng)


def lively(seed: int) -> SimulatorConfig:
    """Return settings in which answers, orders and fills come in any order."""
    return SimulatorConfig(answer_order=AnswerOrder.RANDOM, fill_order=FillOrder.RANDOM)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_lively_session_ends_equal_without_any_fault(seed: int) -> None:
    async with session(config=lively(seed), seed=seed) as at:
        counter = at.venue.faults.add(DropAfterFrames(frames=1_000_000, private=True))
        await trade_thirty_orders(at, seed)
        await at.ends_equal()
        # Else the sampled cut points lie beyond the end.
        assert counter.seen > max(SAMPLE)
        assert at.node.execution.stream_status().epoch == 1


async def cut_once(frames: int, seed: int) -> None:
    async with session(config=lively(seed), seed=seed) as at:
        cut = at.venue.faults.add(DropAfterFrames(frames=frames, private=True))
        await trade_thirty_orders(at, seed)
        await at.ends_equal()
        assert cut.fired == 1
        assert at.node.execution.stream_status().epoch == 2


@pytest.mark.parametrize("frames", SAMPLE)
async def test_e5_e10_stream_cut_after_a_frame(frames: int) -> None:
    await cut_once(frames, seed=frames)


@pytest.mark.soak
@pytest.mark.parametrize("frames", range(1, 111))
async def test_e5_e10_stream_cut_after_every_frame(frames: int) -> None:
    await cut_once(frames, seed=1000 + frames)


@pytest.mark.parametrize("frames", [7, 19])
async def test_s4_stream_cut_again_and_again(frames: int) -> None:
    async with session(config=lively(frames), seed=frames) as at:
        cuts = at.venue.faults.add(DropAfterFrames(frames=frames, n=6, private=True))
        await trade_thirty_orders(at, frames)
        await at.ends_equal()
        assert cuts.fired > 1


async def test_s4_stream_closed_with_a_code_in_mid_session() -> None:
    async with session(config=lively(5), seed=5) as at:
        closed = at.venue.faults.add(CloseCode(code=4999, frames=50, private=True))
        await trade_thirty_orders(at, 5)
        await at.ends_equal()
        assert closed.fired == 1
