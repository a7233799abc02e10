"""Commands of native TWAP orders, which go by REST, under every HTTP fault (E6, E7)."""

import asyncio
from collections.abc import Callable
from typing import Any
from typing import Final

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.orders import Order

from tests.acceptance.node import until
from tests.acceptance.test_twap import told_differences
from tests.acceptance.test_twap import twap
from tests.faults.command_cells import LIMIT_S
from tests.faults.command_cells import WINDOW_S
from tests.faults.command_cells import resolved
from tests.faults.command_troubles import REST
from tests.faults.command_troubles import TROUBLES
from tests.faults.command_troubles import Trouble
from tests.faults.command_troubles import through
from tests.faults.sessions import BUY
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


#: Beyond the outcome of a cancel that is sent again ever later.
_CANCEL_LIMIT_S: Final = 60.0


def algos_at(at: VirtualSession) -> list[Any]:
    """Return all TWAP orders that the venue took."""
    desk = at.venue._server._algo
    return [*desk.orders(at.account, is_open=True), *desk.orders(at.account, is_open=False)]


async def told(at: VirtualSession) -> None:
    """Wait until fills, position and balance are told as they are at the venue."""

    def differing() -> list[str]:
        return told_differences(at.node, at.venue, at.account)

    await until(lambda: not differing(), lambda: "\n".join(differing()), 60.0)


async def end_all(at: VirtualSession, order: Order) -> None:
    """End what is left of a TWAP, and see that both sides agree."""
    if not order.is_closed:
        at.desk.cancel_order(order)
    await until(lambda: order.is_closed, "the order has ended", _CANCEL_LIMIT_S)
    assert not algos_open(at)
    await told(at)


def algos_open(at: VirtualSession) -> list[Any]:
    """Return the TWAP orders that are open at the venue."""
    return list(at.venue._server._algo.orders(at.account, is_open=True))


async def create_one(at: VirtualSession, trouble: Trouble) -> None:
    """Submit a TWAP: taken at most once, and rejected on proof only."""
    before, sent = len(algos_at(at)), at.sent("POST", "/algo/orders")
    armed = await trouble.begin(at, "POST", "/algo/orders")
    order = twap(at.desk, BUY, "0.4")
    await resolved(at, LIMIT_S, armed)
    await trouble.end(at)
    assert at.sent("POST", "/algo/orders") - sent <= 1 + trouble.again
    taken = len(algos_at(at)) - before
    if trouble.carried_out is not None:
        assert taken == trouble.carried_out
    if taken:
        assert taken == 1
        assert order.status in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)
    else:
        assert order.status == OrderStatus.REJECTED
        events = {type(event): event for event in at.node.events_of(order)}
        waited_ns = events[OrderRejected].ts_event - events[OrderSubmitted].ts_event
        assert trouble.proof or waited_ns >= WINDOW_S * 1e9, f"rejected after {waited_ns} ns"
    await end_all(at, order)


async def cancel_one(at: VirtualSession, trouble: Trouble) -> None:
    """Cancel a TWAP: sent again until it has ended, and refused on proof only."""
    order = twap(at.desk, BUY, "0.4")
    await until(lambda: order.status != OrderStatus.SUBMITTED, "the order is taken")
    await asyncio.sleep(1.0)
    armed = await trouble.begin(at, "DELETE", "/algo/orders/")
    at.desk.cancel_order(order)
    await resolved(at, _CANCEL_LIMIT_S, armed)
    await trouble.end(at)
    story = at.node.story(order)
    if order.is_open:
        assert trouble.proof
        assert story[-1] == "OrderCancelRejected"
    else:
        assert order.status in (OrderStatus.CANCELED, OrderStatus.FILLED)
        assert "OrderCancelRejected" not in story
    await end_all(at, order)


COMMANDS: Final = {"create": create_one, "cancel": cancel_one}


@pytest.mark.survives(2)
@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("name", COMMANDS)
def test_e6_e7_a_command_of_a_twap_is_resolved_on_proof(
    name: str, seed: int, count: Callable[..., None]
) -> None:
    troubles = list(TROUBLES[REST].values())

    async def story(at: VirtualSession) -> None:
        at.rival.place("SELL", "1000", "2510")
        await through(at, troubles, COMMANDS[name])
        # The node knows a TWAP as one order, and not the orders that it consists of.
        await told(at)
        assert not at.stuck()

    tell(story, seed, execution={"recv_window_ms": int(WINDOW_S * 1000)}, proved=False)
    count(cells=len(troubles), seed=seed)
