"""Quotes of markets that stay silent (rule S2, E16)."""

import asyncio

import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.data.messages import SubscribeQuoteTicks
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from nautilus_paradex.data.chains import ChainedChannels
from nautilus_paradex.data.feeds import MarketFeeds
from nautilus_paradex.data.quotes import MOST_READS
from nautilus_paradex.data.quotes import QuoteSubscriptions
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.events import Bbo


INSTRUMENT = TestInstrumentProvider.ethusdt_perp_binance()
MARKET = INSTRUMENT.id.symbol.value
UNIT = 10**8


def bbo(bid=10, ask=11, market=MARKET):
    return Bbo(
        market=market,
        seq=1,
        bid_e8=bid * UNIT,
        bid_size_e8=UNIT,
        ask_e8=ask * UNIT,
        ask_size_e8=UNIT,
        ts_ns=1,
    )


def command(params=None):
    return SubscribeQuoteTicks(
        client_id=None,
        venue=INSTRUMENT.id.venue,
        instrument_id=INSTRUMENT.id,
        command_id=UUID4(),
        ts_init=0,
        params=params,
    )


class Log:
    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda message, *rest: self.lines.append((level, message))


class Room:
    """A silent stream beside a REST that is told what to say; each sleep is a round."""

    def __init__(self):
        self.data, self.log = [], Log()
        self.held, self.again, self.reads = [], [], []
        self.answer = bbo()
        self.rounds = asyncio.Semaphore(0)
        self.confirmed = True
        self.feeds = MarketFeeds(
            emit=self.data.append, reload=None, clock=TestClock(), log=self.log
        )
        self.quotes = QuoteSubscriptions(
            feeds=self.feeds,
            streams=self,
            chained=ChainedChannels(
                make=channels.bbo, streams=self, listed=lambda base: 0, log=self.log, user="q"
            ),
            rest=self,
            timing=self,
            log=self.log,
        )

    async def sleep(self, seconds):
        await self.rounds.acquire()

    async def subscribe(self, channel, user=""):
        self.held.append(channel)

    async def unsubscribe(self, channel, user=""):
        self.held.remove(channel)

    async def resubscribe(self, channel):
        self.again.append(channel)

    def is_healthy_for(self, channel):
        return self.confirmed and channel in self.held

    async def bbo(self, market, *, interactive=False):
        self.reads.append((market, interactive))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def round(self, count=1):
        for _ in range(count):
            self.rounds.release()
            for _ in range(MOST_READS * 5):
                await asyncio.sleep(0)


@pytest.fixture
async def room():
    made = Room()
    watch = asyncio.ensure_future(made.quotes.watch())
    await asyncio.sleep(0)
    yield made
    watch.cancel()


async def test_a_market_that_quotes_is_never_read(room):
    await room.quotes.subscribe(command(), INSTRUMENT)
    room.feeds.on_bbo(bbo())
    await room.round(3)
    assert room.reads == []
    assert len(room.data) == 1


async def test_e16_a_silent_market_is_read_once_and_its_touch_given_on(room):
    await room.quotes.subscribe(command(), INSTRUMENT)
    await room.round(1)
    assert room.reads == []
    await room.round(4)
    assert len(room.data) == 1
    assert str(room.data[0].bid_price) == "10.00"
    assert room.again == []


async def test_s2_a_touch_that_moves_while_the_stream_is_silent_is_a_dead_subscription(room):
    await room.quotes.subscribe(command(), INSTRUMENT)
    await room.round(2)
    room.answer = bbo(bid=9)
    await room.round(1)
    assert room.again == [channels.bbo(MARKET)]
    assert [str(quote.bid_price) for quote in room.data] == ["10.00", "9.00"]
    assert any(
        level == "error" and f"acknowledged bbo.{MARKET}" in line for level, line in room.log.lines
    )


async def test_rest_never_overrides_the_stream(room):
    await room.quotes.subscribe(command(), INSTRUMENT)
    await room.round(1)
    bbo_of = room.bbo

    async def late(market, *, interactive=False):
        room.feeds.on_bbo(bbo(bid=8))
        return await bbo_of(market)

    room.bbo = late
    await room.round(1)
    assert [str(quote.bid_price) for quote in room.data] == ["8.00"]


async def test_a_channel_that_is_not_confirmed_is_not_judged(room):
    await room.quotes.subscribe(command(), INSTRUMENT)
    room.confirmed = False
    await room.round(4)
    assert room.reads == []


async def test_a_market_without_a_quote_anywhere_is_said(room):
    await room.quotes.subscribe(command(), INSTRUMENT)
    room.answer = NotFoundError("no such market")
    await room.round(2)
    assert any("no such market" in line for _, line in room.log.lines)


async def test_the_touch_with_rpi_liquidity_has_its_own_channel_and_reading(room):
    await room.quotes.subscribe(command({"interactive": True}), INSTRUMENT)
    assert room.held == [channels.bbo(MARKET, interactive=True)]
    await room.round(2)
    assert room.reads == [(MARKET, True)]
    await room.quotes.unsubscribe(INSTRUMENT)
    assert room.held == []
    await room.round(2)
    assert len(room.reads) == 1


@pytest.mark.parametrize("params", [{"rpi": True}, {"interactive": "yes"}])
async def test_what_is_not_known_in_params_is_refused_by_name(room, params):
    with pytest.raises(EncodeError, match=next(iter(params))):
        await room.quotes.subscribe(command(params), INSTRUMENT)
    assert room.held == []
