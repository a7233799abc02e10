"""What the passing of time brings, apart from prices."""

from typing import Final

from nautilus_paradex.simulator.engine import board
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.funding import accrue
from nautilus_paradex.simulator.engine.protecting import pass_time


#: How often accounts with positions are announced though nothing but prices changed.
ACCOUNT_US: Final = 1_000_000


def advance(core: Core) -> None:
    """Bring everything that depends on the time up to now."""
    board.expire(core)
    pass_time(core)
    for market in list(core.markets.values()):
        accrue(core, market)
    if core.now_us - core.accounts_announced_us >= ACCOUNT_US:
        core.accounts_announced_us = core.now_us
        for market in core.markets.values():
            for holding in market.holders.values():
                core.touch_account(holding.account)
