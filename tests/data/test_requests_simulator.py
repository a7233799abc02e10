"""Data requests against the local Paradex: its pages, its refusals, its numbers."""

from collections.abc import AsyncIterator
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from decimal import Decimal

import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.data.messages import RequestBars
from nautilus_trader.data.messages import RequestData
from nautilus_trader.data.messages import RequestForwardPrices
from nautilus_trader.data.messages import RequestFundingRates
from nautilus_trader.data.messages import RequestOrderBookDepth
from nautilus_trader.data.messages import RequestOrderBookSnapshot
from nautilus_trader.data.messages import RequestQuoteTicks
from nautilus_trader.data.messages import RequestTradeTicks
from nautilus_trader.model.data import BarType
from nautilus_trader.model.data import DataType
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.data.bars import BarPoller
from nautilus_paradex.data.requests import MarketDataRequests
from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.engine.markets import default_markets
from nautilus_paradex.types import ParadexMarketChange
from nautilus_paradex.types import ParadexSettlementPrice
from tests.data.history_venue import Said
from tests.network.scripted_venue import until
from tests.network.virtual_timing import VirtualTiming


MINUTE_MS = 60_000
MIDNIGHT_MS = 1_789_948_800_000
BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
SYMBOL = "BTC-USD-PERP"
TRADERS = ("0xc0ffee", "0xfade")


class Scene:
    """A venue with a clock of the test, and a room that asks it."""

    def __init__(self) -> None:
        self.now_us = MIDNIGHT_MS * 1_000
        listed = default_markets(self.now_us)
        options = [spec for spec in listed if spec.option_type and spec.base_currency == "BTC"]
        wanted = [spec for spec in listed if spec.symbol == SYMBOL] + options
        self.paradex = LocalParadex(market=False, clock_us=lambda: self.now_us, markets=wanted)
        self.exchange = self.paradex.exchange
        for trader in TRADERS:
            self.exchange.register_account(trader, trader, rpi_allowed=True, announce=False)
            self.exchange.deposit(trader, Decimal(10_000_000))
        self.clock = TestClock()
        self.said = Said()

    async def open(self) -> None:
        timing = SystemTiming()
        self.http = ParadexHttpClient(
            HttpSettings(base_url=self.paradex.http_url),
            timing=timing,
            limiter=RateLimiter(timing),
            log=NoLog(),
        )
        self.rest = ParadexRest(self.http)
        self.provider = ParadexInstrumentProvider(
            self.rest, self.clock, InstrumentProviderConfig(load_all=True)
        )
        await self.provider.load_all_async()
        self.requests = MarketDataRequests(self.rest, self.provider, self.clock, self.said)

    def pass_time(self, ms: int) -> None:
        self.now_us += ms * 1_000
        self.exchange.advance()
        self.clock.set_time(self.now_us * 1_000)

    def order(self, trader: str, side: str, price: str, size: str = "0.01", **kind: str) -> None:
        self.exchange.place(
            model.OrderCommand(
                account=trader,
                market=SYMBOL,
                side=model.Side(side),
                type=model.OrderType.LIMIT,
                size=Decimal(size),
                price=Decimal(price),
                **kind,
            )
        )

    def trade(self, price: str, size: str = "0.01") -> None:
        self.order(TRADERS[0], "SELL", price, size)
        self.order(TRADERS[1], "BUY", price, size)

    def mark(self, price: str) -> None:
        self.exchange.set_prices(SYMBOL, mark=Decimal(price), underlying=Decimal(price))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene()
    async with scene.paradex:
        await scene.open()
        yield scene
        await scene.http.close()


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=ms)


def asked(kind, *what, start_ms=None, end_ms=None, **given):
    ranged = {
        "start": None if start_ms is None else at(start_ms),
        "end": None if end_ms is None else at(end_ms),
        "limit": given.pop("limit", 0),
    }
    if kind is RequestOrderBookSnapshot:
        ranged = {"limit": ranged["limit"]}
    elif kind is RequestForwardPrices:
        ranged = {}
    common = {"callback": None, "request_id": UUID4(), "ts_init": 0, "params": None} | given
    return kind(*what, **ranged, client_id=None, venue=PARADEX_VENUE, **common)


def bar_type(text: str) -> BarType:
    return BarType.from_str(f"{BTC}-{text}")


def times(rows) -> list[int]:
    return [row.ts_event // 1_000_000 for row in rows]


async def test_bars_of_the_venue_are_its_trades_minute_by_minute(scene):
    for minute in range(6):
        scene.trade(f"{68_000 + minute}.1")
        scene.trade(f"{68_000 - minute}.3")
        scene.pass_time(MINUTE_MS)
    bars = await scene.requests.bars(
        asked(RequestBars, bar_type("1-MINUTE-LAST-EXTERNAL"), start_ms=MIDNIGHT_MS + 1)
    )
    assert times(bars) == [MIDNIGHT_MS + n * MINUTE_MS for n in range(1, 7)]
    third = bars[2]
    numbers = (third.open, third.high, third.low, third.close, third.volume)
    assert [str(n) for n in numbers] == ["68002.1", "68002.1", "67998.3", "67998.3", "0.02000"]
    (three,) = await scene.requests.bars(
        asked(RequestBars, bar_type("3-MINUTE-LAST-EXTERNAL"), limit=1)
    )
    assert (str(three.open), str(three.volume)) == ("68003.1", "0.06000")


async def test_mark_bars_finer_than_the_tick_have_the_instruments_precision(scene):
    scene.mark("68123.45678")
    scene.pass_time(MINUTE_MS)
    for text, params in (
        ("1-MINUTE-MARK-EXTERNAL", None),
        ("1-MINUTE-LAST-EXTERNAL", {"price_kind": "underlying"}),
    ):
        (bar,) = await scene.requests.bars(
            asked(RequestBars, bar_type(text), limit=1, params=params)
        )
        assert (str(bar.close), bar.close.precision) == ("68123.5", 1)


async def test_trades_of_several_pages_come_whole_and_in_order(scene):
    for n in range(1_205):
        scene.now_us += 1_000
        scene.trade(f"{68_000 + n % 7}", "0.001")
    scene.pass_time(1)
    trades = await scene.requests.trade_ticks(
        asked(RequestTradeTicks, BTC, start_ms=MIDNIGHT_MS + 1, end_ms=MIDNIGHT_MS + 1_204)
    )
    assert times(trades) == list(range(MIDNIGHT_MS + 1, MIDNIGHT_MS + 1_205))
    assert len({trade.trade_id for trade in trades}) == 1_204
    newest = await scene.requests.trade_ticks(asked(RequestTradeTicks, BTC, limit=3))
    assert times(newest) == [MIDNIGHT_MS + n for n in (1_203, 1_204, 1_205)]


async def test_block_trades_are_kept_apart(scene):
    scene.trade("68000")
    scene.exchange.block_trade(SYMBOL, *TRADERS, size=Decimal("0.5"), price=Decimal(68_000))
    scene.pass_time(1)
    (on_book,) = await scene.requests.trade_ticks(asked(RequestTradeTicks, BTC, limit=10))
    params = {"trade_types": ["BLOCK_TRADE"]}
    (block,) = await scene.requests.trade_ticks(
        asked(RequestTradeTicks, BTC, limit=10, params=params)
    )
    assert (str(on_book.size), str(block.size)) == ("0.01000", "0.50000")


async def test_funding_is_thinned_to_its_period(scene):
    for _ in range(17 * 120):
        scene.pass_time(30_000)
    thin = await scene.requests.funding_rates(asked(RequestFundingRates, BTC, start_ms=MIDNIGHT_MS))
    boundaries = [MIDNIGHT_MS + hours * 3_600_000 for hours in (8, 16)]
    assert all(0 < end - ms <= 30_000 for end, ms in zip(boundaries, times(thin), strict=False))
    assert [rate.interval for rate in thin] == [480] * 3
    everything = await scene.requests.funding_rates(
        asked(RequestFundingRates, BTC, start_ms=MIDNIGHT_MS, params={"thin": False})
    )
    assert len(everything) == 17 * 120
    assert set(times(thin)) <= set(times(everything))


async def test_the_quote_and_the_books_of_now_answer_a_range_that_ends_now(scene):
    scene.order(TRADERS[0], "BUY", "67990", "0.2")
    scene.order(TRADERS[0], "SELL", "68010", "0.3")
    scene.order(TRADERS[0], "SELL", "68011", "0.4")
    scene.order(TRADERS[0], "SELL", "68005", "0.1", instruction=model.Instruction.RPI)
    scene.pass_time(3_600_000)
    start = scene.now_us // 1_000 - 3_600_000
    ask = asked(RequestQuoteTicks, BTC, start_ms=start)
    (quote,) = await scene.requests.quote_ticks(ask)
    assert (str(quote.bid_price), str(quote.ask_price)) == ("67990.0", "68010.0")
    retail = asked(RequestQuoteTicks, BTC, start_ms=start, params={"interactive": True})
    (quote,) = await scene.requests.quote_ticks(retail)
    assert str(quote.ask_price) == "68005.0"

    (deltas,) = await scene.requests.order_book_snapshot(asked(RequestOrderBookSnapshot, BTC))
    assert [str(d.order.price) for d in deltas.deltas[1:]] == ["67990.0", "68010.0", "68011.0"]
    one = asked(RequestOrderBookSnapshot, BTC, limit=1, params={"interactive": True})
    (deltas,) = await scene.requests.order_book_snapshot(one)
    assert [str(d.order.price) for d in deltas.deltas[1:]] == ["67990.0", "68005.0"]

    deep = asked(RequestOrderBookDepth, BTC, start_ms=start, depth=1)
    (depth,) = await scene.requests.order_book_depth(deep)
    assert depth.ask_counts == [1] + [0] * 9
    assert depth.sequence == deltas.sequence


async def test_an_empty_side_is_said_and_is_no_quote(scene):
    scene.order(TRADERS[0], "BUY", "67990")
    assert await scene.requests.quote_ticks(asked(RequestQuoteTicks, BTC)) == []
    assert "A side of the book" in scene.said.of("info")[0]


async def test_the_venues_refusal_is_the_error(scene):
    with pytest.raises(VenueError, match="depth"):
        await scene.requests.order_book_snapshot(
            asked(RequestOrderBookSnapshot, BTC, limit=1_000_000)
        )


async def test_forwards_tell_each_series_its_underlying(scene):
    options = [i for i in scene.provider.list_all() if hasattr(i, "option_kind")]
    series = {option.expiration_ns for option in options}
    every = await scene.requests.forward_prices(asked(RequestForwardPrices, "BTC"))
    assert len(every) == len(series) > 1
    assert all(abs(Decimal(f.forward_price) / 68_000 - 1) < Decimal("0.1") for f in every)
    sample = options[0].id
    (one,) = await scene.requests.forward_prices(
        asked(RequestForwardPrices, "BTC", sample_instrument_id=sample)
    )
    assert str(one.instrument_id) == str(sample)


async def test_how_an_option_settled_can_be_asked_when_it_is_gone(scene):
    option = next(i for i in scene.provider.list_all() if hasattr(i, "option_kind"))
    ask = asked(RequestData, ParadexSettlementPrice.data_type_of(option.id), option.id)
    with pytest.raises(NotFoundError, match="is not settled"):
        await scene.requests.custom(ask)
    scene.exchange.settle_market(option.id.symbol.value, Decimal(123))
    scene.pass_time(1)
    (answer,) = await scene.requests.custom(ask)
    assert answer.data.settlement_price == Decimal(123)
    assert answer.data_type == ParadexSettlementPrice.data_type_of(option.id)
    nowhere = InstrumentId.from_str("NO-SUCH.PARADEX")
    unknown = asked(RequestData, ParadexSettlementPrice.data_type_of(nowhere), nowhere)
    with pytest.raises(NotFoundError):
        await scene.requests.custom(unknown)


async def test_what_happened_to_a_listing_can_be_asked(scene):
    scene.pass_time(1_000)
    scene.exchange.update_market(SYMBOL, price_tick_size=Decimal("0.5"))
    scene.pass_time(1_000)
    scene.exchange.update_market(SYMBOL, max_open_orders=7)
    scene.pass_time(1_000)
    data_type = ParadexMarketChange.data_type_of(BTC)
    changes = await scene.requests.custom(asked(RequestData, data_type, BTC))
    assert [c.data.event_type for c in changes] == ["UPDATED", "UPDATED"]
    assert changes[0].data.changes == '{"price_tick_size":"0.5"}'
    (newest,) = await scene.requests.custom(asked(RequestData, data_type, BTC, limit=1))
    assert newest.data.changes == '{"max_open_orders":7}'


async def test_metadata_that_no_answer_would_reach_is_refused(scene):
    ask = asked(RequestData, DataType(ParadexMarketChange), BTC)
    with pytest.raises(EncodeError, match="metadata"):
        await scene.requests.custom(ask)


async def test_polled_bars_are_those_that_can_be_requested(scene):
    timing = VirtualTiming(auto=False)
    timing.wall_ns = MIDNIGHT_MS * 1_000_000
    said, polled = Said(), []
    tasks = BackgroundTasks(said)
    poller = BarPoller(
        rest=scene.rest,
        provider=scene.provider,
        emit=polled.append,
        clock=scene.clock,
        timing=timing,
        log=said,
        spawn=tasks.spawn,
    )
    kind = bar_type("1-MINUTE-LAST-EXTERNAL")
    poller.subscribe(kind)
    for minute in range(3):
        scene.trade(f"{68_000 + minute}")
        scene.pass_time(MINUTE_MS)
        await timing.advance(60)
        # A close is polled a second later.
        await timing.advance(2)
        timing.now -= 2
        await until(lambda minute=minute: len(polled) == minute + 1)
    await tasks.cancel_all()
    requested = await scene.requests.bars(asked(RequestBars, kind, limit=3))
    assert [bar.ts_event for bar in polled] == [bar.ts_event for bar in requested]
    assert polled == requested
    assert said.of("error") == []
