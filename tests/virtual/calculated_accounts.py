"""
A node in a process in which a backtest or sandbox of the venue has run (rule E11).

The framework then calculates balances from fills, beside the venue's own; it forgets that never.
`tests/virtual/test_calculated_accounts.py` runs this in a process of its own.
"""

import asyncio

import pytest
from nautilus_trader.accounting.factory import AccountFactory

from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


AccountFactory.register_calculated_account("PARADEX")


@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("seed", seeds(1, 2))
def test_e11_the_balance_is_the_venues(transport: str, seed: int) -> None:
    async def story(at: VirtualSession) -> None:
        at.rival.place("SELL", "5", "2505")
        at.rival.place("BUY", "5", "2495")
        for side, price in ((BUY, "2505"), (SELL, "2495"), (SELL, "2495"), (BUY, "2505")):
            order = at.desk.limit(side, "1", price)
            await until(lambda order=order: order.is_closed, "it is filled", 10.0)
            await asyncio.sleep(0.5)
            assert not at.troubles(), "without any reading in between"

    tell(story, seed, execution={"order_transport": transport})
