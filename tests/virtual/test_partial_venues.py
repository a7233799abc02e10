"""A venue that lacks what nothing depends on is traded all the same; said once, and not guessed."""

import asyncio

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.faults import HttpStatus
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual import sessions
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


_ALWAYS = 1_000_000


def without(monkeypatch: pytest.MonkeyPatch, *paths: str) -> None:
    """Let every venue have no such endpoints, as its router says it."""

    def venue(**settings: object) -> LocalParadex:
        local = LocalParadex(**settings)
        for path in paths:
            local.faults.add(
                HttpStatus(
                    method="GET",
                    path=path,
                    status=404,
                    body="404 page not found",
                    content_type="text/plain",
                    n=_ALWAYS,
                )
            )
        return local

    monkeypatch.setattr(sessions, "LocalParadex", venue)


async def trade(at: VirtualSession) -> None:
    """Trade, lose the stream, trade again."""
    sold = await at.rest(SELL, "1", "2501")
    at.rival.place("BUY", "0.4", "2501", "IOC")
    await at.venue.drop_connections()
    bought = await at.rest(BUY, "1", "2499")
    at.desk.cancel_order(bought)
    await until(lambda: bought.status == OrderStatus.CANCELED, lambda: bought)
    await until(sold.filled_qty.as_decimal, lambda: sold)
    await asyncio.sleep(400)  # a periodic proof


@pytest.mark.parametrize("seed", seeds(6))
def test_e10_lists_of_algo_orders_fee_rates_and_states_that_do_not_exist_cost_nothing_else(
    monkeypatch, seed
):
    without(monkeypatch, "/algo/orders", "/account/info", "/account/profile", "/system/state")

    async def story(at: VirtualSession) -> None:
        await trade(at)
        log = at.node.log()
        assert log.count("own fee rates cannot be read") in (1, 2)  # of each client's provider
        assert "The state of the exchange cannot be read" in log
        assert "annot reconcile" not in log
        assert "annot prove" not in log

    tell(story, seed)
