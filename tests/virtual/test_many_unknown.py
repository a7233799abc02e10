"""A silent stream takes most of the commands of 200 orders: their fate is found out together."""

import pytest

from nautilus_paradex.simulator.faults import Stall
from tests.acceptance.node import until
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.stories import until_healthy
from tests.virtual.struck import EVERY_FRAME
from tests.virtual.struck import tell_lively
from tests.virtual.trading import trade_two_hundred_orders


#: The stream falls silent early: most orders go into it and are lost.
_FRAME = 100

#: Virtual seconds from the connection to health: one proof of the account, and no queue.
_PROOF_S = 5.0

#: What the venue grants an account in a minute is 600.
_ASKED_IN_A_MINUTE = 200


@pytest.mark.parametrize("seed", seeds(1))
def test_e6_e12_questions_for_many_lost_orders_leave_the_venues_limits_to_the_proof(
    seed: int,
) -> None:
    async def story(at: VirtualSession) -> None:
        at.venue.faults.add(Stall(frames=_FRAME, private=True, channels=EVERY_FRAME))
        await trade_two_hundred_orders(at)
        status = at.node.execution.stream_status
        await until(lambda: status().epoch == 2, status, 100.0)
        connected = at.loop.time()
        lost = len(at.node.cache.orders_inflight())
        await until_healthy(at)
        assert at.loop.time() - connected < _PROOF_S
        asked = [path for method, path in at.requests if method == "GET"]
        assert lost > 100
        # Since the start; the stall was noticed after a minute.
        assert len(asked) < _ASKED_IN_A_MINUTE
        await until(lambda: not at.node.cache.orders_inflight(), "all is resolved", 400.0)

    tell_lively(story, seed, "ws")
