"""Questions about an order and the account under every HTTP fault (E16, P9)."""

from collections.abc import Callable
from typing import Final

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import faults
from tests.acceptance.node import until
from tests.faults.command_cells import QUERY_DEADLINE_S
from tests.faults.command_cells import clear_up
from tests.faults.command_cells import resolved
from tests.faults.command_troubles import REST
from tests.faults.command_troubles import TROUBLES
from tests.faults.command_troubles import Trouble
from tests.faults.command_troubles import through
from tests.faults.sessions import BUY
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


#: The client repeats a question, with its timeout each time.
_LIMIT_S: Final = 4 * QUERY_DEADLINE_S
_ALWAYS: Final = 1_000_000


async def ask_for_an_order(at: VirtualSession, trouble: Trouble) -> None:
    """Ask for an order whose end the stream did not tell."""
    order = await at.rest(BUY, "1", "2470")
    at.venue.faults.add(faults.Lose(channels=("orders",), private=True, n=_ALWAYS))
    exchange = at.venue.exchange
    exchange.cancel(at.account, order.venue_order_id.value)
    exchange.process_cancel(order.venue_order_id.value)
    told = len(at.node.order_events)
    await trouble.begin(at, "GET", "/orders")
    at.desk.query_order(order)
    await resolved(at, _LIMIT_S)
    assert at.node.names()[told:] in ([], ["OrderCanceled"])
    await trouble.end(at)
    if order.is_open:
        at.desk.query_order(order)
    await until(lambda: order.status == OrderStatus.CANCELED, "the order's end is told")


async def ask_for_the_account(at: VirtualSession, trouble: Trouble) -> None:
    """Ask for the account, whose state is published, or what is wrong is said."""
    states = []
    topic = f"events.account.{at.node.account_id}"
    at.node.node.kernel.msgbus.subscribe(topic=topic, handler=states.append)
    await trouble.begin(at, "GET", "/account")
    at.desk.query_account(at.node.account_id)
    await resolved(at, _LIMIT_S)
    await trouble.end(at)
    if not states:
        assert "Cannot read the account" in at.node.log()
        at.desk.query_account(at.node.account_id)
        await until(lambda: states, "the account is published")
    at.node.node.kernel.msgbus.unsubscribe(topic=topic, handler=states.append)


QUESTIONS: Final = {"order": ask_for_an_order, "account": ask_for_the_account}


@pytest.mark.survives(2)
@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("name", QUESTIONS)
def test_e16_a_question_is_answered_or_said_to_fail_and_invents_nothing(
    name: str, seed: int, count: Callable[..., None]
) -> None:
    troubles = list(TROUBLES[REST].values())

    async def asked(at: VirtualSession, trouble: Trouble) -> None:
        await QUESTIONS[name](at, trouble)
        await clear_up(at)

    tell(lambda at: through(at, troubles, asked), seed)
    count(cells=len(troubles), seed=seed)
