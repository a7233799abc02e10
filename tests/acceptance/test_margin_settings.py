"""Leverage and margin mode are what the configuration wants before the first order."""

import pytest

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.execution.margins import MarginSettings
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.messages.account import AccountMargin
from nautilus_paradex.protocol.messages.account import MarginConfig
from nautilus_paradex.protocol.messages.account import MarginUpdate
from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import running_node


class Venue:
    """Holds one market's setting, and may refuse it or pretend to take it."""

    def __init__(self, leverage=0, mode="", refuses=False, pretends=False):
        self.config = MarginConfig(market="M", leverage=leverage, margin_type=mode)
        self.refuses, self.pretends = refuses, pretends
        self.requests = []

    async def account_margin(self, market):
        configs = (self.config,) if self.config.leverage else ()
        return AccountMargin(account="0x1", configs=configs)

    async def set_account_margin(self, market, request):
        self.requests.append((market, request.leverage, request.margin_type))
        if self.refuses:
            raise VenueError("leverage is too high")
        if not self.pretends:
            self.config = MarginConfig(
                market="M", leverage=request.leverage, margin_type=request.margin_type
            )
        return MarginUpdate(market=market)


def settings(venue, leverages=None, modes=None):
    return MarginSettings(venue, NoLog(), leverages, modes)


@pytest.mark.parametrize(
    ("held", "leverages", "modes", "requests"),
    [
        ((10, "CROSS"), None, None, []),
        ((10, "CROSS"), {"M": 10}, {"M": "CROSS"}, []),
        ((10, "CROSS"), {"M": 5}, None, [("M", 5, "CROSS")]),
        ((10, "CROSS"), {"M.PARADEX": 5}, None, [("M", 5, "CROSS")]),
        ((10, "CROSS"), None, {"M": "ISOLATED"}, [("M", 10, "ISOLATED")]),
        ((0, ""), {"M": 5}, None, [("M", 5, "CROSS")]),
    ],
)
async def test_only_what_differs_is_set(held, leverages, modes, requests):
    venue = Venue(*held)
    await settings(venue, leverages, modes).apply()
    assert venue.requests == requests


async def test_a_setting_that_the_venue_refuses_names_the_market_and_the_reason():
    with pytest.raises(ParadexError, match="leverage 5 and CROSS margin of M: leverage is too"):
        await settings(Venue(10, "CROSS", refuses=True), {"M": 5}).apply()


async def test_a_setting_that_does_not_show_is_an_error():
    with pytest.raises(ParadexError, match="M shows leverage 10 and CROSS margin after 5"):
        await settings(Venue(10, "CROSS", pretends=True), {"M": 5}).apply()


async def test_a_margin_mode_alone_needs_a_leverage_that_is_known():
    with pytest.raises(ParadexError, match="set it beside its margin mode"):
        await settings(Venue(), None, {"M": "CROSS"}).apply()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"leverages": {"BTC-USD-PERP": 0}}, "leverages: BTC-USD-PERP cannot have 0"),
        ({"margin_modes": {"BTC-USD-PERP": "cross"}}, "must be CROSS or ISOLATED"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_the_config(wrong, message):
    with pytest.raises(ValueError, match=message):
        ParadexExecClientConfig(account_address="0x1", private_key=KEY, **wrong)


async def test_a_node_sets_them_before_it_trades() -> None:
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        async with running_node(
            venue,
            account,
            instruments=[ETH, BTC],
            execution={"leverages": {"ETH-USD-PERP": 4, str(BTC): 3}},
        ) as node:
            (config,) = venue.exchange.queries.margin_configs(account, ETH.symbol.value)
            assert (config.leverage, config.margin_type) == (4, "CROSS")
            await node.execution.set_margin(BTC, leverage=7)
            (config,) = venue.exchange.queries.margin_configs(account, BTC.symbol.value)
            assert config.leverage == 7
            with pytest.raises(ParadexError, match="ETH-USD-PERP"):
                await node.execution.set_margin(ETH, leverage=10_000)
