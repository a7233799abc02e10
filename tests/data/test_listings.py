"""Instruments follow the venue's listings, however it tells of them (trap 63)."""

import asyncio
import itertools
from decimal import Decimal

import pytest
from nautilus_trader.common.component import TestClock

from nautilus_paradex.data.listings import GATHER_SECS
from nautilus_paradex.data.listings import LONGEST_PAUSE_SECS
from nautilus_paradex.data.listings import MOST_READINGS
from nautilus_paradex.data.listings import MOST_READINGS_OF_NEW
from nautilus_paradex.data.listings import PAUSE_SECS
from nautilus_paradex.data.listings import Listings
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.market_changes import VISIBLE
from nautilus_paradex.protocol.market_changes import disagreements
from nautilus_paradex.protocol.messages.markets import Delta1MarginParams
from nautilus_paradex.protocol.messages.markets import FeeConfig
from nautilus_paradex.protocol.messages.markets import FeeWithCap
from nautilus_paradex.protocol.messages.markets import MakerTakerFee
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.messages.markets import MarketChanges
from nautilus_paradex.protocol.messages.markets import MarketEvent
from tests.network.virtual_timing import VirtualTiming
from tests.network.virtual_timing import settle
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import PERP
from tests.parsing.parsing_values import market


BTC = PERP["symbol"]
NOW_MS = 1_790_000_000_000
LOST = TransportError("connection refused", sent=False)


def event(kind="UPDATED", symbol=BTC, at=NOW_MS, **changes):
    fields = MarketChanges(**changes) if changes else None
    return MarketEvent(symbol=symbol, event_type=kind, updated_at=at, changed_fields=fields)


def tick(value, **more):
    return event(price_tick_size=Decimal(value), **more)


class Log:
    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda message, *rest: self.lines.append((level, message))

    def said(self, level, text=""):
        return [line for its, line in self.lines if its == level and text in line]


class Provider:
    """The instruments, read from rows that a test changes; every reading is noted with its time."""

    def __init__(self, timing):
        self.timing = timing
        self.rows = {BTC: market(PERP)}
        self.wanted = lambda symbol: True
        self.read = []
        self.error = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.markets, self.loaded = {}, {}
        self.load(BTC)

    def load(self, symbol):
        row = self.rows[symbol]
        old = self.markets.get(symbol)
        self.markets[symbol] = row
        self.loaded[symbol] = parse_instrument(row, None, 1)
        return old != row

    async def refresh(self, symbols):
        self.read.append((self.timing.now, symbols))
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        listed = [symbol for symbol in sorted(symbols) if symbol in self.rows]
        return [self.loaded[its] for its in listed if self.wanted(its) and self.load(its)]

    def find(self, instrument_id):
        return self.loaded.get(instrument_id.symbol.value)

    def market(self, symbol):
        return self.markets.get(symbol)


class World:
    def __init__(self):
        self.timing, self.log = VirtualTiming(auto=False), Log()
        self.tasks = BackgroundTasks(self.log)
        self.clock = TestClock()
        self.clock.set_time(NOW_MS * 1_000_000)
        self.venue_ms = NOW_MS
        self.provider = Provider(self.timing)
        self.history, self.history_error, self.asked = [], None, 0
        self.emitted, self.changed = [], []
        self.listings = Listings(
            provider=self.provider,
            rest=self,
            emit=self.emitted.append,
            on_changed=self.changed.append,
            on_missed=self._on_missed,
            clock=self.clock,
            timing=self.timing,
            spawn=self.tasks.spawn,
            log=self.log,
        )

    def _on_missed(self, missed):
        self.listings.on_market_event(missed)

    async def markets_history(self, market=None):
        self.asked += 1
        if self.history_error is not None:
            raise self.history_error
        return self.history

    @property
    def readings(self):
        return len(self.provider.read)

    def lists(self, symbol=BTC, base=PERP, **fields):
        self.provider.rows[symbol] = market(base, symbol=symbol, **fields)

    async def goes_on(self, seconds=GATHER_SECS):
        await self.timing.advance(seconds)


@pytest.fixture
async def world():
    world = World()
    yield world
    await world.tasks.cancel_all()


# -- CHANGES ---------------------------------------------------------------------------------------


async def test_trap_63_a_new_tick_is_a_new_instrument_for_the_framework_and_for_the_feeds(world):
    world.lists(price_tick_size="0.5")
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on()
    assert [str(each.price_increment) for each in world.emitted] == ["0.5"]
    assert world.changed == world.emitted
    await world.goes_on(60)
    assert world.readings == 1


async def test_a_created_market_is_a_new_instrument(world):
    world.lists("SOL-USD-PERP", base_currency="SOL")
    world.listings.on_market_event(event("CREATED", "SOL-USD-PERP"))
    await world.goes_on()
    assert [each.id for each in world.emitted] == [instrument_id_of("SOL-USD-PERP")]


@pytest.mark.parametrize("kind", ["SETTLED", "DELETED"])
async def test_what_has_ended_is_not_read_and_keeps_its_instrument(world, kind):
    world.listings.on_market_event(tick("0.5"))
    world.listings.on_market_event(event(kind))
    await world.goes_on(60)
    assert (world.readings, world.emitted) == (0, [])
    assert world.provider.find(instrument_id_of(BTC)) is not None


async def test_an_event_that_changes_nothing_of_an_instrument_publishes_nothing(world):
    world.listings.on_market_event(event(clamp_rate=Decimal("0.1")))
    await world.goes_on()
    assert (world.readings, world.emitted, world.changed) == (1, [], [])


async def test_unknown_event_types_are_warned_of_once_each_and_read(world):
    for number in range(3):
        world.lists(price_tick_size=f"0.{number + 2}")
        world.listings.on_market_event(event("RENAMED", at=NOW_MS + number))
        await world.goes_on(PAUSE_SECS + GATHER_SECS)
    assert len(world.emitted) == 3
    assert len(world.log.said("warning", "'RENAMED'")) == 1


# -- HOW OFTEN -------------------------------------------------------------------------------------


async def test_hundreds_of_created_options_are_one_reading(world):
    symbols = [f"BTC-USD-27NOV26-{strike}-C" for strike in range(50_000, 50_600)]
    for symbol in symbols:
        world.lists(symbol, OPTION)
        world.listings.on_market_event(event("CREATED", symbol))
    await world.goes_on()
    assert [asked for _, asked in world.provider.read] == [set(symbols)]
    assert len(world.emitted) == len(world.changed) == 600


async def test_hundreds_of_new_instruments_leave_others_their_turns(world):
    for strike in range(50_000, 50_600):
        symbol = f"BTC-USD-27NOV26-{strike}-C"
        world.lists(symbol, OPTION)
        world.listings.on_market_event(event("CREATED", symbol))
    await world.goes_on()
    assert world.timing.slept.count(0) == 12 + 12  # told, and compared with what REST shows


async def test_whatever_the_venue_sends_it_is_not_read_more_often_than_every_five_seconds(world):
    for number in range(600):
        world.listings.on_market_event(tick("0.5", at=NOW_MS + number))
        await world.goes_on(0.1)
    times = [time for time, _ in world.provider.read]
    assert 10 < len(times) <= 60 / PAUSE_SECS
    assert all(b - a >= PAUSE_SECS for a, b in itertools.pairwise(times))


async def test_an_event_during_a_reading_is_read_after_it(world):
    world.provider.gate.clear()
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on()
    world.lists(price_tick_size="0.5")
    world.listings.on_market_event(event(order_size_increment=Decimal("0.001"), at=NOW_MS + 1))
    world.provider.gate.set()
    await settle()
    world.lists(price_tick_size="0.5", order_size_increment="0.001")
    await world.goes_on(PAUSE_SECS)
    assert [str(each.size_increment) for each in world.emitted] == ["0.00001", "0.001"]


# -- REST THAT IS BEHIND ---------------------------------------------------------------------------


async def test_a_change_that_rest_does_not_show_yet_is_read_again(world):
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on()
    assert (world.readings, world.emitted) == (1, [])
    world.lists(price_tick_size="0.50")
    await world.goes_on(PAUSE_SECS)
    assert [str(each.price_increment) for each in world.emitted] == ["0.5"]
    await world.goes_on(60)
    assert world.readings == 2


async def test_a_change_that_rest_never_shows_is_an_error_that_names_it(world):
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on(600)
    assert world.readings == MOST_READINGS
    (said,) = world.log.said("error")
    assert BTC in said
    assert "price_tick_size" in said


async def test_the_newest_of_several_changes_is_what_rest_must_show(world):
    world.lists(price_tick_size="0.2", order_size_increment="0.001")
    world.listings.on_market_event(event(order_size_increment=Decimal("0.001")))
    world.listings.on_market_event(tick("0.5", at=NOW_MS + 1))
    world.listings.on_market_event(tick("0.2", at=NOW_MS + 2))
    await world.goes_on(60)
    assert world.readings == 1
    world.lists(price_tick_size="0.2", order_size_increment="0.01")
    world.listings.on_market_event(event(order_size_increment=Decimal("0.1"), at=NOW_MS + 3))
    world.listings.on_market_event(tick("0.2", at=NOW_MS + 4))
    await world.goes_on(60)
    assert world.readings == 1 + MOST_READINGS
    assert "order_size_increment" in world.log.said("error")[0]


async def test_a_created_market_that_rest_does_not_list_yet_is_read_again(world):
    world.listings.on_market_event(event("CREATED", "SOL-USD-PERP"))
    await world.goes_on()
    world.lists("SOL-USD-PERP", base_currency="SOL")
    await world.goes_on(PAUSE_SECS)
    assert len(world.emitted) == 1


async def test_a_created_market_that_nobody_wants_is_soon_left_alone(world):
    world.provider.wanted = lambda symbol: symbol == BTC
    world.lists("SOL-USD-PERP", base_currency="SOL")
    world.listings.on_market_event(event("CREATED", "SOL-USD-PERP"))
    await world.goes_on(600)
    assert world.readings == MOST_READINGS_OF_NEW
    assert (world.emitted, world.log.said("error")) == ([], [])


# -- FAULTS ----------------------------------------------------------------------------------------


async def test_a_failed_reading_is_tried_again_and_said_once(world):
    world.lists(price_tick_size="0.5")
    world.provider.error = LOST
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on(60)
    assert world.readings == 12
    assert len(world.log.said("warning", "Cannot refresh")) == 1
    world.provider.error = None
    await world.goes_on(PAUSE_SECS)
    assert len(world.emitted) == 1


async def test_work_that_a_disconnect_has_ended_is_taken_up_again(world):
    world.provider.gate.clear()
    world.lists(price_tick_size="0.5")
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on()
    await world.tasks.cancel_all()
    world.provider.gate.set()
    world.listings.resume()
    await world.goes_on()
    assert len(world.emitted) == 1


async def test_a_failure_that_nobody_foresaw_is_said_and_loses_no_market(world):
    world.lists(price_tick_size="0.5")
    world.provider.error = RuntimeError("boom")
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on()
    assert len(world.log.said("exception")) == 1
    world.provider.error = None
    world.listings.resume()
    await world.goes_on()
    assert len(world.emitted) == 1


# -- RELOADS ---------------------------------------------------------------------------------------


async def test_data_that_does_not_fit_reloads_its_market_once(world):
    for _ in range(1_000):
        world.listings.reload_soon(BTC, "its tick has changed")
    world.lists(price_tick_size="0.5")
    await world.goes_on()
    assert (world.readings, len(world.emitted), len(world.changed)) == (1, 1, 1)
    assert len(world.log.said("warning", "Reloading")) == 1


async def test_who_asked_is_told_even_if_nothing_has_changed(world):
    world.listings.reload_soon(BTC, "its tick has changed")
    await world.goes_on()
    assert world.emitted == []
    assert world.changed == [world.provider.loaded[BTC]]


async def test_reloads_in_vain_come_less_and_less_often_and_are_said_once(world):
    for _ in range(4_000):
        world.listings.reload_soon(BTC, "its tick has changed")
        await world.goes_on(1)
    times = [time for time, _ in world.provider.read]
    pauses = [b - a for a, b in itertools.pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 20
    assert LONGEST_PAUSE_SECS <= pauses[-1] < LONGEST_PAUSE_SECS + 2 * PAUSE_SECS
    assert len(world.log.said("warning", "Reloading")) == 1


async def test_an_event_does_not_wait_for_the_next_reload(world):
    for _ in range(100):
        world.listings.reload_soon(BTC, "its tick has changed")
        await world.goes_on(1)
    world.lists(price_tick_size="0.5")
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on(PAUSE_SECS)
    assert len(world.emitted) == 1


async def test_a_change_ends_the_patience_with_a_market(world):
    for _ in range(100):
        world.listings.reload_soon(BTC, "its tick has changed")
        await world.goes_on(1)
    world.lists(price_tick_size="0.5")
    world.listings.on_market_event(tick("0.5"))
    await world.goes_on(3 * PAUSE_SECS)
    before = world.readings
    world.listings.reload_soon(BTC, "its tick has changed")
    await world.goes_on(PAUSE_SECS)
    assert world.readings == before + 1
    assert len(world.log.said("warning", "Reloading")) == 2


async def test_a_market_that_is_gone_is_asked_for_in_vain(world):
    world.provider.error = NotFoundError("gone", code="MARKET_NOT_FOUND", status=404)
    world.listings.reload_soon("GONE-USD-PERP", "its tick has changed")
    await world.goes_on()
    world.provider.error = None
    await world.goes_on(60)
    assert (world.readings, world.changed) == (2, [])


# -- RECONNECTS ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_ms", [-600_000, 600_000])
async def test_what_was_missed_is_counted_in_the_venues_time_whatever_ours_is(world, ahead_ms):
    world.venue_ms = NOW_MS - ahead_ms
    world.lists(price_tick_size="0.5")
    world.history = [
        tick("0.2", at=world.venue_ms - 120_000),
        tick("0.5", at=world.venue_ms + 120_000),
    ]
    await world.listings.on_restored(1)
    world.listings.on_lost([channels.markets()])
    await world.listings.on_restored(2)
    assert [key[2] for key in world.listings._recent] == [world.venue_ms + 120_000]


async def test_the_first_connection_has_missed_nothing(world):
    await world.listings.on_restored(1)
    assert world.asked == 0


async def test_s4_what_the_stream_missed_is_read_after_a_reconnect(world):
    await world.listings.on_restored(1)
    world.lists(price_tick_size="0.5")
    world.history = [
        tick("0.5", at=NOW_MS + 5_000),
        event("UPDATED", "OLD-USD-PERP", at=NOW_MS - 3_600_000),
    ]
    await world.listings.on_restored(2)
    await world.goes_on()
    assert [asked for _, asked in world.provider.read] == [{BTC}]
    assert len(world.emitted) == 1


@pytest.mark.parametrize("losses", [1, 3])
async def test_s4_an_event_of_the_new_connection_hides_none_that_was_missed(world, losses):
    await world.listings.on_restored(1)
    for _ in range(losses):
        world.listings.on_lost([channels.markets()])
        world.listings.on_market_event(event("SETTLED", "ETH-USD-PERP", at=NOW_MS + 600_000))
    world.lists(price_tick_size="0.5")
    world.history = [tick("0.5", at=NOW_MS + 60_000)]
    await world.listings.on_restored(2)
    await world.goes_on()
    assert len(world.emitted) == 1


async def test_the_loss_of_another_socket_is_none_of_the_listings(world):
    await world.listings.on_restored(1)
    world.listings.on_lost([channels.bbo(BTC)])
    world.listings.on_market_event(event("SETTLED", "ETH-USD-PERP", at=NOW_MS + 600_000))
    world.history = [tick("0.5", at=NOW_MS + 60_000)]
    await world.listings.on_restored(2)
    await world.goes_on(60)
    assert (world.asked, world.readings) == (1, 0)


async def test_a_loss_that_was_caught_up_with_is_over(world):
    await world.listings.on_restored(1)
    world.listings.on_lost([channels.markets()])
    await world.listings.on_restored(2)
    world.listings.on_market_event(event("SETTLED", "ETH-USD-PERP", at=NOW_MS + 600_000))
    world.listings.on_lost([channels.markets()])
    world.history = [tick("0.5", at=NOW_MS + 60_000)]
    await world.listings.on_restored(3)
    await world.goes_on(60)
    assert (world.asked, world.readings) == (2, 0)


async def test_what_the_stream_told_is_not_told_again_by_the_history(world):
    await world.listings.on_restored(1)
    world.listings.on_market_event(tick("0.1"))
    await world.goes_on(PAUSE_SECS * 2)
    world.history = [tick("0.1")]
    await world.listings.on_restored(2)
    await world.goes_on(60)
    assert world.readings == 1


async def test_missed_events_are_told_in_the_order_in_which_they_happened(world):
    told = []
    world.listings._on_missed = told.append
    await world.listings.on_restored(1)
    world.history = [event("SETTLED", at=NOW_MS + 2), event("CREATED", at=NOW_MS + 1)]
    await world.listings.on_restored(2)
    assert [its.event_type for its in told] == ["CREATED", "SETTLED"]


async def test_a_history_that_cannot_be_read_is_tried_until_it_can(world):
    await world.listings.on_restored(1)
    world.history_error = LOST
    await world.listings.on_restored(2)
    await world.listings.on_restored(3)
    await world.goes_on(30)
    assert len(world.log.said("warning", "Cannot read which markets have changed")) == 1
    world.lists(price_tick_size="0.5")
    world.history, world.history_error = [tick("0.5", at=NOW_MS + 1)], None
    await world.goes_on(2 * PAUSE_SECS)
    assert len(world.emitted) == 1
    asked = world.asked
    await world.goes_on(60)
    assert world.asked == asked


async def test_what_a_disconnect_has_left_of_the_history_is_told_after_it(world):
    told = []
    world.listings._on_missed = told.append
    await world.listings.on_restored(1)
    world.history = [event("SETTLED", f"M{number}", NOW_MS + number) for number in range(120)]
    catching_up = asyncio.ensure_future(world.listings.on_restored(2))
    await settle()
    assert len(told) == 50
    catching_up.cancel()
    for each in told:
        world.listings._remember(each)
    world.listings.resume()
    await world.goes_on()
    assert [its.symbol for its in told] == [f"M{number}" for number in range(120)]


async def test_a_connection_that_is_lost_while_the_history_is_told_has_it_read_again(world):
    await world.listings.on_restored(1)
    world.history = [event("SETTLED", f"M{number}", NOW_MS + number) for number in range(60)]
    first = asyncio.ensure_future(world.listings.on_restored(2))
    await settle()
    world.history_error = LOST
    await world.listings.on_restored(3)
    await world.goes_on()
    await first
    asked = world.asked
    world.history_error = None
    await world.goes_on(PAUSE_SECS)
    assert world.asked > asked


async def test_what_is_remembered_is_bounded(world):
    for number in range(10_000):
        world.listings.on_market_event(event("SETTLED", f"M{number}"))
        world.listings.on_market_event(event(f"KIND{number}", BTC))
    assert len(world.listings._recent) <= 4_096
    assert len(world.listings._unknown) <= 10
    assert len(world.listings._due) == 1


# -- WHAT REST SHOWS -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "told", "shown"),
    [
        ("price_tick_size", Decimal("0.50"), "0.5"),
        ("max_order_size", Decimal(100), "1e2"),
        ("max_open_orders", 150, 150),
        ("expiry_at", 1_795_766_400_000, 1_795_766_400_000),
        ("trading_mode", "RFQ_ONLY", "RFQ_ONLY"),
    ],
)
def test_rest_shows_a_change_whatever_its_notation(field, told, shown):
    assert disagreements({field: told}, market(PERP, **{field: shown})) == []


@pytest.mark.parametrize(
    ("field", "told", "shown"),
    [
        ("price_tick_size", Decimal("0.5"), "0.1"),
        ("price_tick_size", Decimal("0.5"), ""),
        ("price_tick_size", Decimal("0.5"), "none"),
        ("max_open_orders", 150, 100),
        ("open_at", 5, 0),
        ("trading_mode", "RFQ_ONLY", "STANDARD"),
        ("fee_config", FeeConfig(api_fee=MakerTakerFee()), None),
    ],
)
def test_rest_that_shows_another_value_disagrees(field, told, shown):
    assert disagreements({field: told}, market(PERP, **{field: shown})) == [field]


def test_of_fees_and_margins_only_what_was_told_must_be_shown():
    def fees(maker, taker=""):
        taker_fee = FeeWithCap(fee=taker) if taker else None
        return FeeConfig(
            api_fee=MakerTakerFee(maker_fee=FeeWithCap(fee=maker), taker_fee=taker_fee)
        )

    row = market(
        PERP,
        fee_config=fees("0.0001", "0.0002"),
        delta1_cross_margin_params=Delta1MarginParams(imf_base="0.02", mmf_factor="0.5"),
    )
    told = {
        "fee_config": fees("0.00010"),
        "delta1_cross_margin_params": Delta1MarginParams(imf_base="0.020"),
    }
    assert disagreements(told, row) == []
    told = {
        "fee_config": fees("0.0003"),
        "delta1_cross_margin_params": Delta1MarginParams(mmf_factor="0.6"),
    }
    assert disagreements(told, row) == ["delta1_cross_margin_params", "fee_config"]


def test_every_field_that_rest_must_show_is_told_and_shown():
    assert set(VISIBLE) <= set(Market.__struct_fields__) & set(MarketChanges.__struct_fields__)
