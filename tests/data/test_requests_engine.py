"""What the framework's data engine makes of answers: it cuts, sorts and aggregates by ts_init."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Any

import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.actor import Actor
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.data.client import MarketDataClient
from nautilus_trader.data.engine import DataEngine
from nautilus_trader.model.data import Bar
from nautilus_trader.model.data import BarType
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.portfolio.portfolio import Portfolio

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.data.requests import MarketDataRequests
from tests.data.history_venue import HistoryVenue
from tests.data.history_venue import Instruments
from tests.data.history_venue import Said
from tests.data.history_venue import funding_row
from tests.data.history_venue import trade
from tests.network.scripted_venue import until
from tests.parsing.parsing_values import instrument


BTC = InstrumentId.from_str("BTC-USD-PERP.PARADEX")
MINUTES = BarType.from_str(f"{BTC}-1-MINUTE-LAST-EXTERNAL")
MINUTE_MS = 60_000


class Room(MarketDataClient):
    """The data room as far as requests go."""

    def __init__(self, requests: MarketDataRequests, *args: Any) -> None:
        super().__init__(ClientId("PARADEX"), *args, venue=PARADEX_VENUE)
        self.requests = requests
        self.work: set[asyncio.Task[None]] = set()

    def request_bars(self, request):
        self._answer(self.requests.bars, self._handle_bars_py, request.bar_type, request)

    def request_trade_ticks(self, request):
        take = self._handle_trade_ticks_py
        self._answer(self.requests.trade_ticks, take, request.instrument_id, request)

    def request_funding_rates(self, request):
        take = self._handle_funding_rates_py
        self._answer(self.requests.funding_rates, take, request.instrument_id, request)

    def _answer(
        self, ask: Callable[[Any], Awaitable[list]], take: Callable, of: Any, request: Any
    ) -> None:
        async def answer() -> None:
            rows = await ask(request)
            take(of, rows, request.id, request.start, request.end, request.params)

        self.work.add(asyncio.get_running_loop().create_task(answer()))


class Listener(Actor):
    """Keeps what it asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Any] = []
        self.answered = 0

    def on_historical_data(self, data):
        self.rows.append(data)

    def count(self, request_id):
        self.answered += 1


@pytest.fixture
def venue():
    return HistoryVenue()


@pytest.fixture
def listener(venue):
    clock = LiveClock()
    bus = MessageBus(TraderId("TESTER-001"), clock)
    cache = Cache()
    one = instrument()
    cache.add_instrument(one)
    requests = MarketDataRequests(venue, Instruments(one), clock, Said())
    engine = DataEngine(bus, cache, clock)
    engine.register_client(Room(requests, bus, cache, clock))
    listener = Listener()
    listener.register_base(Portfolio(bus, cache, clock), bus, cache, clock)
    engine.start()
    listener.start()
    return listener


def ago(minutes: int) -> datetime:
    """Return a whole minute of the past."""
    return datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=minutes)


def millis(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000


async def test_bars_reach_who_asked_all_and_in_order(venue, listener):
    start = ago(700)
    venue.add_klines(millis(start), 800)
    listener.request_bars(MINUTES, start=start, callback=listener.count)
    await until(lambda: listener.answered)
    assert {type(row) for row in listener.rows} == {Bar}
    closes = [row.ts_event // 1_000_000 for row in listener.rows]
    # Between the start and now 700 or, if a minute has passed meanwhile, 701 have closed.
    assert closes[:700] == [millis(start) + n * MINUTE_MS for n in range(1, 701)]
    assert len(closes) <= 701


async def test_the_open_bar_survives_the_engines_own_cut(venue, listener):
    start = ago(5)
    venue.add_klines(millis(start), 100)
    listener.request_bars(
        MINUTES, start=start, params={"include_open": True}, callback=listener.count
    )
    await until(lambda: listener.answered)
    assert listener.rows[-1].ts_event > listener.rows[-1].ts_init
    assert len(listener.rows) >= 6


async def test_trades_and_funding_keep_their_own_times(venue, listener):
    start = ago(30)
    moments = [millis(start) + n * 1_000 for n in range(100)]
    venue.trade_rows = [trade(n, ms) for n, ms in enumerate(moments)]
    venue.funding_rows = [funding_row(ms) for ms in moments]
    listener.request_trade_ticks(BTC, start=start, callback=listener.count)
    await until(lambda: listener.answered == 1)
    trades = [row for row in listener.rows if isinstance(row, TradeTick)]
    assert [row.ts_init // 1_000_000 for row in trades] == moments
    listener.rows.clear()
    everything = {"thin": False}
    listener.request_funding_rates(BTC, start=start, params=everything, callback=listener.count)
    await until(lambda: listener.answered == 2)
    rates = [row for row in listener.rows if isinstance(row, FundingRateUpdate)]
    assert [row.ts_event // 1_000_000 for row in rates] == moments


async def test_history_can_be_aggregated_to_bars_that_the_venue_does_not_have(venue, listener):
    start = ago(16)
    venue.add_klines(millis(start), 100)
    four = BarType.from_str(f"{BTC}-4-MINUTE-LAST-INTERNAL@1-MINUTE-EXTERNAL")
    listener.request_aggregated_bars([four], start=start, callback=listener.count)
    await until(lambda: listener.answered)
    made = [row for row in listener.rows if row.bar_type == four.standard()]
    assert len(made) >= 3
    assert all(row.ts_event % (4 * MINUTE_MS * 1_000_000) == 0 for row in made)
    assert {str(row.volume) for row in made[1:]} == {"2.00000"}
