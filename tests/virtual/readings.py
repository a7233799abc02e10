"""Readings of the account that are held up at any of their requests."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import GenerateOrderStatusReports
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import faults
from tests.virtual.sessions import VirtualSession


HELD_UP_MS: Final = 1_500

type Event = Callable[[VirtualSession, Order], None]
type Begin = Callable[[VirtualSession, Order], Awaitable[None]]


def spawn(at: VirtualSession, work: Coroutine[Any, Any, None]) -> None:
    """Let work go on beside the story."""
    at.later = (at.later, asyncio.create_task(work))


async def _ask(at: VirtualSession, _: Order) -> None:
    at.node.execution.reconcile_soon("the test asks for it")


async def _lose_the_stream(at: VirtualSession, _: Order) -> None:
    await at.venue.drop_connections()


async def _query(at: VirtualSession, order: Order) -> None:
    at.desk.query_order(order)


async def _check_all(at: VirtualSession, _: Order) -> None:
    """Ask as the framework's check of orders does, which takes each report as it comes."""
    command = GenerateOrderStatusReports(None, None, None, False, command_id=UUID4(), ts_init=0)

    async def check() -> None:
        for report in await at.node.execution.generate_order_status_reports(command):
            at.node.node.kernel.exec_engine.reconcile_execution_report(report)

    spawn(at, check())


#: How a reading begins, and how many requests it has: account, balances, orders, history, fills,
#: positions, late fills; an order and its fills; orders, history and fills.
READINGS: Final[dict[str, tuple[Begin, int]]] = {
    "asked for": (_ask, 7),
    "of a gap": (_lose_the_stream, 7),
    "of an order": (_query, 2),
    "of all orders": (_check_all, 3),
}


def holdups(seed: int, requests: int) -> list[tuple[int, type[faults.RequestFault]]]:
    """
    Return requests and how each is held up: before or after the venue has carried it out.

    Seeds take turns: the next one has it the other way round.
    """
    kinds = (faults.SlowRequest, faults.SlowResponse)
    return [(number, kinds[(number + seed) % 2]) for number in range(requests)]


def _asked(at: VirtualSession) -> int:
    return sum(method == "GET" for method, _ in at.requests)


async def held_up(
    at: VirtualSession, order: Order, begin: Begin, number: int, kind: type[faults.RequestFault]
) -> None:
    """Begin a reading, and return while its n-th request is held up, if it has so many."""
    at.venue.faults.clear()
    for ms in (*(1.0,) * number, HELD_UP_MS):
        at.venue.faults.add(kind(method="GET", ms=ms))
    before = _asked(at)
    await begin(at, order)
    for _ in range(200):
        if _asked(at) > before + number:
            return
        await asyncio.sleep(0.01)
