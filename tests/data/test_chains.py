"""One subscription for a whole option chain (PROTOCOL 6.2)."""

import asyncio

import pytest
from nautilus_trader.model.identifiers import Symbol

from nautilus_paradex.data.chains import ChainedChannels
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.messages.markets import Market


def market(symbol, kind="PERP_OPTION", base="BTC"):
    option = {"option_type": "CALL", "strike_price": "70000"} if kind == "PERP_OPTION" else {}
    return parse_instrument(
        Market(
            symbol=symbol,
            asset_kind=kind,
            base_currency=base,
            price_tick_size="0.1",
            order_size_increment="0.001",
            **option,
        ),
        None,
        0,
    )


CHAIN = [market(f"BTC-USD-{70_000 + number}-C") for number in range(60)]
PERP = market("BTC-USD-PERP", "PERP")


class Sockets:
    def __init__(self, refuses_chains=False):
        self.refuses_chains = refuses_chains
        self.held = []
        self.ever_uncovered = False

    async def subscribe(self, channel, user=""):
        await asyncio.sleep(0)
        assert user == "quotes"
        assert channel not in self.held
        self.held.append(channel)
        if channel.base_asset is not None and self.refuses_chains:
            raise VenueError("invalid channel")

    async def unsubscribe(self, channel, user=""):
        await asyncio.sleep(0)
        assert user == "quotes"
        if channel in self.held:
            self.held.remove(channel)

    def names(self):
        return sorted(channel.base_asset or channel.market for channel in self.held)


class Log:
    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda message: self.lines.append((level, message))


def chained(sockets, listed=60):
    return ChainedChannels(
        make=channels.bbo,
        streams=sockets,
        listed=lambda base: listed,
        log=Log(),
        user="quotes",
    )


@pytest.mark.asyncio
async def test_few_options_have_a_channel_each():
    sockets = Sockets()
    chain = chained(sockets)
    for its in (PERP, *CHAIN[:29]):
        await chain.subscribe(its)
    assert len(sockets.held) == 30
    assert chain.channel_of(CHAIN[0]) == channels.bbo(CHAIN[0].id.symbol.value)
    for its in (PERP, *CHAIN[:29]):
        await chain.unsubscribe(its)
    assert sockets.held == []


@pytest.mark.asyncio
async def test_most_of_a_chain_is_one_channel_until_few_are_left():
    sockets = Sockets()
    chain = chained(sockets)
    await asyncio.gather(*(chain.subscribe(its) for its in (PERP, *CHAIN)))
    assert sockets.names() == ["BTC", "BTC-USD-PERP"]
    assert chain.channel_of(CHAIN[0]).base_asset == "BTC"
    assert chain.channel_of(PERP) == channels.bbo("BTC-USD-PERP")
    for its in CHAIN[:45]:
        await chain.unsubscribe(its)
    assert sockets.names() == ["BTC", "BTC-USD-PERP"]
    await chain.unsubscribe(CHAIN[45])
    assert sockets.names() == sorted(["BTC-USD-PERP", *(its.id.symbol.value for its in CHAIN[46:])])
    for its in CHAIN[46:]:
        await chain.unsubscribe(its)
    assert sockets.names() == ["BTC-USD-PERP"]


@pytest.mark.asyncio
async def test_a_chain_that_the_venue_refuses_leaves_each_option_its_channel():
    sockets = Sockets(refuses_chains=True)
    chain = chained(sockets)
    for its in CHAIN:
        await chain.subscribe(its)
    assert sockets.names() == sorted(its.id.symbol.value for its in CHAIN)


@pytest.mark.asyncio
async def test_chains_of_two_base_assets_do_not_meet():
    sockets = Sockets()
    chain = chained(sockets, listed=20)
    for number in range(20):
        await chain.subscribe(market(f"BTC-USD-{number + 1}-C"))
        await chain.subscribe(market(f"ETH-USD-{number + 1}-C", base="ETH"))
    assert sockets.names() == ["BTC", "ETH"]
    assert Symbol("ETH-USD-1-C").value not in sockets.names()


@pytest.mark.asyncio
async def test_an_option_that_cannot_be_asked_for_on_the_way_back_is_said_and_the_rest_come():
    sockets = Sockets()
    chain = chained(sockets, listed=20)
    for its in CHAIN[:20]:
        await chain.subscribe(its)
    broken = CHAIN[19].id.symbol.value
    subscribe = sockets.subscribe

    async def failing(channel, user=""):
        if channel.market == broken:
            raise TransportError("no answer", sent=True)
        await subscribe(channel, user)

    sockets.subscribe = failing
    for its in CHAIN[:11]:
        await chain.unsubscribe(its)
    assert sockets.names() == sorted(its.id.symbol.value for its in CHAIN[11:19])
    assert any(level == "error" and broken in line for level, line in chain._log.lines)
