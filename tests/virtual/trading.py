"""
A session of 200 orders that a fault may strike at any moment: its trading never waits.

All of it follows the session's seed, so that the n-th frame of its private stream is the same
frame each time.
"""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Final

from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import SimulatorConfig
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession


ORDERS: Final = 200

#: Virtual seconds between two things that happen, at most: about two seconds for all of them.
_PAUSE_S: Final = 0.04

_MARK: Final = 2500

#: The size of two orders that no command touches: nothing but a reading finds out that they ended.
_LEFT_ALONE: Final = Decimal("0.55")


def lively() -> SimulatorConfig:
    """Return settings in which answers, orders and fills come in any order."""
    return SimulatorConfig(answer_order=AnswerOrder.RANDOM, fill_order=FillOrder.RANDOM)


async def trade_two_hundred_orders(at: VirtualSession) -> None:
    """
    Submit 200 orders, one by one and in lists; modify, cancel, and let the rival fill them.

    Nothing waits for an answer: commands meet orders in any state, and news that are late.
    """
    at.rival.place("SELL", "5", "2505")
    at.rival.place("BUY", "5", "2495")
    for side, price in ((BUY, _MARK - 4), (SELL, _MARK + 4)):
        at.desk.limit(side, str(_LEFT_ALONE), str(price))
    left = ORDERS - 2
    while left:
        left -= _submit(at, left)
        await _pause(at)
        for act in at.chance.choices(_ACTS, weights=_WEIGHTS, k=3):
            act(at)
            await _pause(at)


def figures(at: VirtualSession) -> Counter[str]:
    """Count what was done, as the venue knows it."""
    queries = at.venue.exchange.queries
    orders = queries.order_history(at.account)
    sent = Counter(f"{method} {path}" for method, path in at.requests)
    partly = [o for o in orders if o.size != o.remaining_size and o.remaining_size]
    return Counter(
        orders=len(orders),
        fills=len(queries.fills(at.account)),
        partly_filled=len(partly),
        modified=sum(1 for event in at.node.order_events if type(event).__name__ == "OrderUpdated"),
        cancelled=sum(1 for o in orders if str(o.cancel_reason) == "USER_CANCELED"),
        batches=sent["POST /orders/batch"] + sent["WS order.create_batch"],
        batch_cancels=sent["DELETE /orders/batch"] + sent["WS order.cancel_batch"],
    )


# -- WHAT HAPPENS ----------------------------------------------------------------------------------


async def _pause(at: VirtualSession) -> None:
    await asyncio.sleep(_PAUSE_S * at.chance.random())


def _submit(at: VirtualSession, left: int) -> int:
    """Submit an order, or several as a list; return how many."""
    if at.chance.random() < 0.2:
        orders = [_limit(at) for _ in range(min(left, at.chance.randint(2, 12)))]
        at.desk.submit_order_list(at.desk.order_factory.create_list(orders))
        return len(orders)
    at.desk.submit_order(_market(at) if at.chance.random() < 0.1 else _limit(at))
    return 1


def _market(at: VirtualSession) -> Order:
    side = at.chance.choice((BUY, SELL))
    return at.desk.order_factory.market(at.desk.instrument_id, side, _size(at, 20))


def _limit(at: VirtualSession) -> Order:
    """Make a limit order: most rest, some take, some are refused by their post-only flag."""
    chance = at.chance
    side = chance.choice((BUY, SELL))
    towards = 1 if side == BUY else -1
    kind = chance.random()
    terms = {}
    if kind < 0.15:
        distance, terms = chance.randint(0, 6), {"time_in_force": TimeInForce.IOC}
    elif kind < 0.25:
        distance, terms = 10, {"post_only": True}
    else:
        distance = -chance.randint(1, 4)
    price = at.desk.instrument.make_price(Decimal(_MARK + towards * distance))
    return at.desk.order_factory.limit(at.desk.instrument_id, side, _size(at, 20), price, **terms)


def _size(at: VirtualSession, tenths: int) -> object:
    return at.desk.instrument.make_qty(Decimal(at.chance.randint(1, tenths)) / 10)


def _trade(at: VirtualSession) -> None:
    """Let the rival take some of what rests, and now and then quote."""
    side = at.chance.choice(("BUY", "SELL"))
    towards = 1 if side == "BUY" else -1
    at.rival.place(side, str(at.chance.randint(1, 15) / 10), str(_MARK + towards * 3), "IOC")
    if at.chance.random() < 0.25:
        at.rival.place(side, "0.7", str(_MARK - towards * 5))


def _open_orders(at: VirtualSession) -> list[Order]:
    orders = [
        order
        for order in at.node.cache.orders_open()
        if not order.is_inflight and order.quantity.as_decimal() != _LEFT_ALONE
    ]
    return sorted(orders, key=lambda order: order.client_order_id.value)


def _change(at: VirtualSession) -> None:
    """Modify or cancel one of the open orders."""
    orders = _open_orders(at)
    if not orders:
        return
    order = at.chance.choice(orders)
    kind = at.chance.random()
    if kind < 0.35:
        at.desk.cancel_order(order)
    elif kind < 0.7:
        at.reprice(order, str(order.price.as_decimal() + at.chance.choice((-1, 1))))
    else:
        at.resize(order, str(order.quantity.as_decimal() + 1))


def _cancel_several(at: VirtualSession) -> None:
    """Cancel some of the open orders as a batch."""
    orders = _open_orders(at)
    if len(orders) > 3:
        at.desk.cancel_orders(at.chance.sample(orders, at.chance.randint(2, 4)))


_ACTS: Final = (_trade, _change, _cancel_several)
_WEIGHTS: Final = (5, 3, 1)
