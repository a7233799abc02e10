"""The status of instruments and how they settled (rule E14)."""

import asyncio
import itertools
from decimal import Decimal
from types import SimpleNamespace

import pytest
from nautilus_trader.model.data import InstrumentClose
from nautilus_trader.model.data import InstrumentStatus
from nautilus_trader.model.enums import InstrumentCloseType
from nautilus_trader.model.enums import MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.data.status import ASK_MAX_SECS
from nautilus_paradex.data.status import ASK_SECS
from nautilus_paradex.data.status import LOOK_SECS
from nautilus_paradex.data.status import PATIENCE_SECS
from nautilus_paradex.data.status import REMEMBERED
from nautilus_paradex.data.status import InstrumentStatuses
from nautilus_paradex.network.system_state import CALM_SECS
from nautilus_paradex.network.system_state import SystemStateWatch
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.parsing.status import MarketState
from nautilus_paradex.parsing.status import parse_instrument_close
from nautilus_paradex.parsing.status import status_of
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.messages.markets import MarketEvent
from nautilus_paradex.protocol.messages.markets import SettlementPrice
from tests.network.virtual_timing import VirtualTiming
from tests.network.virtual_timing import settle
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import PERP
from tests.parsing.parsing_values import market


BTC = PERP["symbol"]
NOW_MS = 1_790_000_000_000
A = MarketStatusAction
TRADING = (A.TRADING, "ok")
LOST = TransportError("connection refused", sent=False)


class Log:
    def __init__(self):
        self.lines = []

    def __getattr__(self, level):
        return lambda message, *rest: self.lines.append((level, message))

    def said(self, level, text=""):
        return [line for its, line in self.lines if its == level and text in line]


class Clock:
    """The framework's clock, which shows the virtual time."""

    def __init__(self, timing):
        self._timing = timing

    def timestamp_ms(self):
        return self._timing.time_ms()

    def timestamp_ns(self):
        return self._timing.time_ns()


class Venue:
    """The state of the exchange and the settlements, as a test sets them."""

    def __init__(self, timing):
        self.timing = timing
        self.state = SystemState.OK
        self.gate = asyncio.Event()
        self.gate.set()
        self.settled, self.error = {}, None
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked, self.asking, self.most_asking = [], 0, 0

    async def system_state(self):
        await self.gate.wait()
        if isinstance(self.state, Exception):
            raise self.state
        return self.state

    async def settlement_price(self, symbol):
        self.asked.append((self.timing.now, symbol))
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        settlement = self.settled.get(symbol)
        await asyncio.sleep(0)
        await self.answers.wait()
        self.asking -= 1
        if self.error is not None:
            raise self.error
        if settlement is None:
            raise NotFoundError("not settled", code="MARKET_NOT_SETTLED", status=404)
        return settlement


class World:
    def __init__(self):
        self.timing, self.log = VirtualTiming(auto=False), Log()
        self.venue = Venue(self.timing)
        self.tasks = BackgroundTasks(self.log)
        self.system = SystemStateWatch(self.venue, self.timing, self.log)
        self.emitted = []
        self.statuses = InstrumentStatuses(
            link=SimpleNamespace(system_state=self.system, rest=self.venue),
            emit=self.emitted.append,
            clock=Clock(self.timing),
            timing=self.timing,
            spawn=self.tasks.spawn,
            log=self.log,
        )

    def instrument(self, symbol=BTC, base=PERP, **changes):
        defaults = {"open_at": 0, "expiry_at": 0}
        return parse_instrument(market(base, **(defaults | changes), symbol=symbol), None, 1)

    def option(self, in_secs=60, symbol="BTC-USD-27NOV26-70000-C"):
        return self.instrument(symbol, OPTION, expiry_at=NOW_MS + 1_000 * in_secs)

    def says(self, kind, symbol=BTC):
        event = MarketEvent(symbol=symbol, event_type=kind, updated_at=self.timing.time_ms())
        self.statuses.on_market_event(event)

    def settles(self, symbol, price="12.5"):
        self.venue.settled[symbol] = SettlementPrice(
            symbol=symbol, settlement_price=price, expiry_at=NOW_MS
        )

    async def goes_on(self, seconds):
        await self.timing.advance(seconds)

    @property
    def told(self):
        return [(its.action, its.reason) for its in self.emitted if type(its) is InstrumentStatus]

    @property
    def closes(self):
        return [its for its in self.emitted if type(its) is InstrumentClose]

    @property
    def asked(self):
        return len(self.venue.asked)


@pytest.fixture
async def world():
    world = World()
    yield world
    await world.tasks.cancel_all()
    await world.system.close()


# -- THE TABLE -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "action", "is_trading", "is_quoting"),
    [
        (SystemState.OK, A.TRADING, True, True),
        (SystemState.POST_ONLY, A.QUOTING, False, True),
        (SystemState.CANCEL_ONLY, A.PAUSE, False, False),
        (SystemState.MAINTENANCE, A.HALT, False, False),
        (None, A.SUSPEND, None, None),
    ],
)
def test_e14_an_open_market_has_the_exchanges_state(system, action, is_trading, is_quoting):
    status = status_of(MarketState.OPEN, system)
    assert status.action == action
    assert (status.is_trading, status.is_quoting) == (is_trading, is_quoting)
    assert system is None or status.reason == system.value


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (MarketState.NOT_OPEN_YET, A.PRE_OPEN),
        (MarketState.RFQ_ONLY, A.NOT_AVAILABLE_FOR_TRADING),
        (MarketState.EXPIRED, A.CLOSE),
        (MarketState.SETTLED, A.CLOSE),
        (MarketState.DELETED, A.NOT_AVAILABLE_FOR_TRADING),
    ],
)
def test_a_market_that_is_not_open_has_a_state_of_its_own(state, action):
    for system in (*SystemState, None):
        status = status_of(state, system)
        assert (status.action, status.reason) == (action, state.value)
        assert (status.is_trading, status.is_quoting) == (False, False)


def test_every_state_of_the_exchange_and_of_markets_has_a_status():
    for system in (*SystemState, None):
        for state in MarketState:
            assert status_of(state, system).reason


# -- STATUS ----------------------------------------------------------------------------------------


async def test_status_comes_at_subscription(world):
    await world.statuses.want(world.instrument())
    (status,) = world.emitted
    assert status.instrument_id == InstrumentId.from_str(f"{BTC}.PARADEX")
    assert (status.action, status.reason) == TRADING
    assert (status.is_trading, status.is_quoting) == (True, True)
    assert status.ts_event == status.ts_init == world.timing.time_ns()


async def test_no_status_is_made_up_before_the_exchanges_state_was_read(world):
    world.venue.gate.clear()
    world.venue.state = SystemState.MAINTENANCE
    wanting = asyncio.ensure_future(world.statuses.want(world.instrument()))
    await settle()
    assert world.emitted == []
    world.venue.gate.set()
    await wanting
    await settle()
    assert world.told == [(A.HALT, "maintenance")]


async def test_nothing_that_happens_before_the_exchanges_state_was_read_makes_a_status_up(world):
    world.venue.gate.clear()
    instrument = world.instrument()
    wanting = asyncio.ensure_future(world.statuses.want(instrument))
    await settle()
    world.says("UPDATED")
    world.statuses.on_instrument_changed(instrument)
    assert world.emitted == []
    world.venue.gate.set()
    await wanting
    assert world.told == [TRADING]


@pytest.mark.parametrize("state", [LOST, UnmodelledValue("status", "drill")])
async def test_a_state_that_is_not_known_is_told_as_that(world, state):
    world.venue.state = state
    await world.statuses.want(world.instrument())
    ((action, reason),) = world.told
    assert action == A.SUSPEND
    assert "not known" in reason
    assert world.emitted[0].is_trading is None


async def test_e14_each_change_of_the_exchange_is_told_once_to_each_that_is_wanted(world):
    await world.statuses.want(world.instrument())
    await world.statuses.want(world.instrument("ETH-USD-PERP", base_currency="ETH"))
    for state in (SystemState.POST_ONLY, SystemState.POST_ONLY, SystemState.OK):
        world.venue.state = state
        await world.goes_on(CALM_SECS)
    assert world.told == 2 * [TRADING] + 2 * [(A.QUOTING, "post_only")] + 2 * [TRADING]


async def test_thousands_of_instruments_leave_others_their_turns(world):
    for number in range(1_000):
        await world.statuses.want(world.instrument(f"M{number}-USD-PERP"))
    world.venue.state = SystemState.CANCEL_ONLY
    await world.goes_on(CALM_SECS)
    assert world.told[1_000:] == 1_000 * [(A.PAUSE, "cancel_only")]
    assert world.timing.slept.count(0) == 10


async def test_a_second_subscriber_is_told_too(world):
    await world.statuses.want(world.instrument())
    await world.statuses.want(world.instrument())
    assert world.told == [TRADING, TRADING]


async def test_what_is_dropped_is_not_told_and_nothing_is_polled_for_it(world):
    first, second = world.instrument(), world.instrument("ETH-USD-PERP")
    await world.statuses.want(first)
    await world.statuses.want(second)
    world.statuses.drop(first.id)
    world.venue.state = SystemState.CANCEL_ONLY
    await world.goes_on(CALM_SECS)
    assert [its.instrument_id for its in world.emitted] == [first.id, second.id, second.id]
    world.statuses.drop(second.id)
    world.statuses.drop(second.id)
    world.venue.state = SystemState.OK
    await world.goes_on(CALM_SECS)
    assert len(world.emitted) == 3
    assert world.statuses._watched == {}


async def test_who_leaves_before_the_state_is_known_is_not_told(world):
    world.venue.gate.clear()
    instrument = world.instrument()
    wanting = asyncio.ensure_future(world.statuses.want(instrument))
    await settle()
    world.statuses.drop(instrument.id)
    world.venue.gate.set()
    await asyncio.wait_for(wanting, 5)
    assert world.emitted == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"open_at": NOW_MS + 1}, (A.PRE_OPEN, "not open yet")),
        ({"trading_mode": "RFQ_ONLY"}, (A.NOT_AVAILABLE_FOR_TRADING, "RFQ_ONLY")),
        ({"expiry_at": NOW_MS}, (A.CLOSE, "expired")),
        ({"expiry_at": NOW_MS + 1}, TRADING),
        ({"open_at": NOW_MS}, TRADING),
    ],
)
async def test_a_markets_own_state_is_told_whatever_the_exchanges(world, changes, told):
    await world.statuses.want(world.instrument(**changes))
    assert world.told == [told]


async def test_a_market_opens_and_expires_by_itself(world):
    opens, expires = NOW_MS + 60_000, NOW_MS + 120_000
    await world.statuses.want(world.instrument("X", OPTION, open_at=opens, expiry_at=expires))
    await world.goes_on(60)
    assert world.told == [(A.PRE_OPEN, "not open yet"), TRADING]
    await world.goes_on(60)
    assert world.told[2:] == [(A.CLOSE, "expired")]


@pytest.mark.parametrize(
    ("kind", "told"),
    [("SETTLED", (A.CLOSE, "settled")), ("DELETED", (A.NOT_AVAILABLE_FOR_TRADING, "deleted"))],
)
async def test_what_the_venue_says_of_a_markets_end_is_told(world, kind, told):
    await world.statuses.want(world.instrument())
    world.says(kind)
    world.says(kind)
    world.says("UPDATED")
    world.says(kind, "ETH-USD-PERP")
    assert world.told == [TRADING, told]


async def test_that_a_market_has_settled_is_not_undone_by_its_removal(world):
    await world.statuses.want(world.instrument())
    world.says("SETTLED")
    world.says("DELETED")
    assert world.told == [TRADING, (A.CLOSE, "settled")]


async def test_a_market_that_is_listed_again_is_open_again(world):
    await world.statuses.want(world.instrument())
    world.says("DELETED")
    world.says("CREATED")
    assert world.told == [TRADING, (A.NOT_AVAILABLE_FOR_TRADING, "deleted"), TRADING]


async def test_who_comes_after_a_markets_end_is_told_of_it(world):
    world.says("DELETED")
    await world.statuses.want(world.instrument())
    assert world.told == [(A.NOT_AVAILABLE_FOR_TRADING, "deleted")]


async def test_an_instrument_that_changes_has_its_new_status(world):
    await world.statuses.want(world.instrument())
    world.statuses.on_instrument_changed(world.instrument(trading_mode="RFQ_ONLY"))
    world.statuses.on_instrument_changed(world.instrument(open_at=NOW_MS + 5_000))
    world.statuses.on_instrument_changed(world.instrument("ETH-USD-PERP", trading_mode="RFQ_ONLY"))
    await world.goes_on(10)
    assert world.told == [
        TRADING,
        (A.NOT_AVAILABLE_FOR_TRADING, "RFQ_ONLY"),
        (A.PRE_OPEN, "not open yet"),
        TRADING,
    ]


async def test_after_a_disconnect_the_exchange_is_followed_again(world):
    await world.statuses.want(world.option(in_secs=90))
    world.statuses.suspend()
    await world.tasks.cancel_all()
    await world.system.close()
    world.venue.state = SystemState.CANCEL_ONLY
    await world.goes_on(60)
    assert world.told == [TRADING]
    world.statuses.resume()
    await settle()
    assert world.told == [TRADING, (A.PAUSE, "cancel_only")]
    await world.goes_on(31)
    assert world.told[2:] == [(A.CLOSE, "expired")]


async def test_what_changed_during_a_disconnect_is_told_after_it(world):
    await world.statuses.want(world.option(in_secs=30))
    world.statuses.suspend()
    await world.tasks.cancel_all()
    await world.system.close()
    await world.goes_on(60)
    world.venue.gate.clear()
    world.statuses.resume()
    await settle()
    assert world.told == [TRADING]
    world.venue.gate.set()
    await settle()
    assert world.told == [TRADING, (A.CLOSE, "expired")]


async def test_what_another_client_learned_during_a_disconnect_is_told_after_it(world):
    await world.statuses.want(world.instrument())
    world.system.listen(lambda state: None)
    world.statuses.suspend()
    world.venue.state = SystemState.CANCEL_ONLY
    await world.goes_on(CALM_SECS)
    assert world.told == [TRADING]
    world.statuses.resume()
    await settle()
    assert world.told == [TRADING, (A.PAUSE, "cancel_only")]


async def test_an_exchange_whose_state_cannot_be_read_after_a_disconnect_is_not_known(world):
    await world.statuses.want(world.instrument())
    world.statuses.suspend()
    world.venue.state = LOST
    world.venue.gate.clear()
    world.statuses.resume()
    await settle()
    assert world.told == [TRADING]
    world.venue.gate.set()
    await settle()
    assert [action for action, _ in world.told] == [A.TRADING, A.SUSPEND]


async def test_a_disconnect_is_no_news_of_the_exchange(world):
    await world.statuses.want(world.instrument())
    world.statuses.suspend()
    world.says("UPDATED")
    world.statuses.on_instrument_changed(world.instrument())
    world.statuses.resume()
    world.says("UPDATED")
    await settle()
    assert world.told == [TRADING]


async def test_resuming_twice_listens_once(world):
    await world.statuses.want(world.instrument())
    world.statuses.resume()
    world.statuses.resume()
    await settle()
    world.statuses.suspend()
    world.venue.state = SystemState.CANCEL_ONLY
    await world.goes_on(CALM_SECS)
    assert world.told == [TRADING]


# -- CLOSE -----------------------------------------------------------------------------------------


async def test_a_settlement_is_told_when_the_venue_says_so(world):
    option = world.option()
    await world.statuses.want_close(option)
    await world.goes_on(10)
    assert world.asked == 0
    world.settles(option.id.symbol.value)
    world.says("SETTLED", option.id.symbol.value)
    await settle()
    (close,) = world.closes
    assert close.instrument_id == option.id
    assert str(close.close_price) == "12.5"
    assert close.close_type == InstrumentCloseType.CONTRACT_EXPIRED
    assert close.ts_event == NOW_MS * 1_000_000


async def test_a_settlement_is_told_once(world):
    option = world.option()
    symbol = option.id.symbol.value
    await world.statuses.want_close(option)
    world.settles(symbol)
    for _ in range(3):
        world.says("SETTLED", symbol)
        await settle()
    world.says("DELETED", symbol)
    await world.goes_on(600)
    assert (len(world.closes), world.asked) == (1, 1)


async def test_without_a_word_of_the_venue_a_settlement_is_asked_for_after_the_expiry(world):
    option = world.option(in_secs=60)
    world.settles(option.id.symbol.value)
    await world.statuses.want_close(option)
    await world.goes_on(60 + PATIENCE_SECS - LOOK_SECS)
    assert world.asked == 0
    await world.goes_on(2 * LOOK_SECS)
    assert (world.asked, len(world.closes)) == (1, 1)


async def test_what_has_not_settled_is_asked_for_again_with_growing_pauses(world):
    option = world.option(in_secs=0)
    await world.statuses.want_close(option)
    await world.goes_on(3_600)
    times = [time for time, _ in world.venue.asked]
    pauses = [round(b - a) for a, b in itertools.pairwise(times)]
    assert pauses[:4] == [ASK_SECS, 2 * ASK_SECS, 4 * ASK_SECS, 8 * ASK_SECS]
    assert pauses[-1] == ASK_MAX_SECS
    world.settles(option.id.symbol.value)
    await world.goes_on(ASK_MAX_SECS)
    assert len(world.closes) == 1


async def test_an_error_is_said_and_the_settlement_asked_for_again(world):
    option = world.option(in_secs=0)
    world.settles(option.id.symbol.value)
    world.venue.error = LOST
    await world.statuses.want_close(option)
    await settle()
    assert len(world.log.said("warning", "cannot be read")) == 1
    world.venue.error = None
    await world.goes_on(ASK_SECS)
    assert len(world.closes) == 1


async def test_the_venues_word_ends_the_pause(world):
    option = world.option(in_secs=0)
    symbol = option.id.symbol.value
    await world.statuses.want_close(option)
    await world.goes_on(1_000)
    world.settles(symbol)
    world.says("SETTLED", symbol)
    await world.goes_on(LOOK_SECS)
    assert len(world.closes) == 1


async def test_rest_that_is_behind_the_venues_word_is_asked_again_soon(world):
    option = world.option(in_secs=0)
    symbol = option.id.symbol.value
    await world.statuses.want_close(option)
    await world.goes_on(1_000)
    world.says("SETTLED", symbol)
    await world.goes_on(LOOK_SECS)
    world.settles(symbol)
    await world.goes_on(ASK_SECS)
    assert len(world.closes) == 1


async def test_the_venues_word_counts_more_than_an_answer_that_is_on_its_way(world):
    option = world.option(in_secs=0)
    symbol = option.id.symbol.value
    world.venue.answers.clear()
    await world.statuses.want_close(option)
    await settle()
    world.settles(symbol)
    world.says("SETTLED", symbol)
    world.venue.answers.set()
    await settle()
    assert (len(world.closes), world.asked) == (1, 2)


async def test_who_comes_while_a_settlement_is_read_for_another_is_told(world):
    option = world.option(in_secs=0)
    world.settles(option.id.symbol.value)
    world.venue.answers.clear()
    await world.statuses.want_close(option)
    await settle()
    world.statuses.drop_close(option.id)
    await world.statuses.want_close(option)
    world.venue.answers.set()
    await world.goes_on(ASK_SECS)
    assert len(world.closes) == 1


async def test_who_leaves_while_a_settlement_is_read_is_not_told(world):
    option = world.option(in_secs=0)
    world.settles(option.id.symbol.value)
    world.venue.answers.clear()
    await world.statuses.want_close(option)
    await settle()
    world.statuses.drop_close(option.id)
    world.venue.answers.set()
    await world.goes_on(ASK_SECS)
    assert (world.asked, world.closes, world.statuses._questions) == (1, [], {})


async def test_an_expiry_that_is_moved_into_the_past_is_asked_for(world):
    option = world.option(in_secs=86_400)
    world.settles(option.id.symbol.value)
    await world.statuses.want_close(option)
    world.statuses.on_instrument_changed(world.option(in_secs=0))
    await world.goes_on(PATIENCE_SECS + LOOK_SECS)
    assert len(world.closes) == 1


@pytest.mark.parametrize("kind", ["SETTLED", "DELETED"])
async def test_who_comes_after_the_settlement_is_told_too(world, kind):
    world.says(kind)
    world.settles(BTC)
    await world.statuses.want_close(world.instrument())
    await settle()
    assert len(world.closes) == 1


async def test_hundreds_of_options_that_expire_at_once_are_asked_for_one_after_the_other(world):
    options = [world.option(60, f"BTC-USD-27NOV26-{strike}-C") for strike in range(1, 301)]
    for option in options:
        world.settles(option.id.symbol.value)
        await world.statuses.want_close(option)
    await world.goes_on(60 + PATIENCE_SECS + LOOK_SECS)
    for _ in range(300):
        await settle()
    assert {close.instrument_id for close in world.closes} == {its.id for its in options}
    assert (world.asked, world.venue.most_asking) == (300, 1)


async def test_what_nobody_wants_any_more_is_not_asked_for(world):
    option = world.option(in_secs=0)
    await world.statuses.want_close(option)
    await settle()
    world.statuses.drop_close(option.id)
    world.statuses.drop_close(option.id)
    await world.goes_on(600)
    assert (world.asked, world.closes) == (1, [])
    assert world.statuses._questions == world.statuses._watched == {}


async def test_who_wants_only_the_status_does_not_ask_for_a_settlement(world):
    option = world.option(in_secs=5)
    await world.statuses.want(option)
    world.says("SETTLED", option.id.symbol.value)
    await world.goes_on(60)
    assert (world.asked, world.closes) == (0, [])


async def test_a_settlement_that_was_read_is_a_status_too(world):
    option = world.option(in_secs=0)
    world.settles(option.id.symbol.value)
    await world.statuses.want(option)
    await world.statuses.want_close(option)
    await settle()
    assert world.told == [(A.CLOSE, "expired"), (A.CLOSE, "settled")]
    assert len(world.closes) == 1


async def test_status_goes_on_when_the_close_is_left_and_the_reverse(world):
    option = world.option(in_secs=60)
    await world.statuses.want(option)
    await world.statuses.want_close(option)
    world.statuses.drop_close(option.id)
    await world.goes_on(61)
    assert world.told == [TRADING, (A.CLOSE, "expired")]
    await world.statuses.want_close(option)
    world.statuses.drop(option.id)
    world.settles(option.id.symbol.value)
    await world.goes_on(ASK_SECS)
    assert len(world.closes) == 1
    assert len(world.told) == 2


async def test_after_a_disconnect_settlements_are_asked_for_again(world):
    option = world.option(in_secs=0)
    await world.statuses.want_close(option)
    await settle()
    await world.tasks.cancel_all()
    world.settles(option.id.symbol.value)
    world.statuses.resume()
    await world.goes_on(ASK_SECS)
    assert len(world.closes) == 1


async def test_what_is_remembered_of_ended_markets_is_bounded(world):
    for number in range(REMEMBERED + 100):
        world.says("SETTLED", f"M{number}")
    assert len(world.statuses._ended) == REMEMBERED
    for number in range(100):
        world.statuses.on_instrument_changed(world.option(60 + number))
    assert world.statuses._watched == {}


# -- THE PRICE -------------------------------------------------------------------------------------


def test_a_settlement_price_keeps_all_its_places():
    message = SettlementPrice(symbol=BTC, settlement_price="0.123456789", expiry_at=NOW_MS)
    close = parse_instrument_close(message, InstrumentId.from_str(f"{BTC}.PARADEX"), 7)
    assert close.close_price.as_decimal() == Decimal("0.123456789")
    assert (close.ts_event, close.ts_init) == (NOW_MS * 1_000_000, 7)


def test_a_market_without_expiry_settled_when_it_was_read():
    message = SettlementPrice(symbol=BTC, settlement_price="0")
    close = parse_instrument_close(message, InstrumentId.from_str(f"{BTC}.PARADEX"), 7)
    assert (close.ts_event, close.close_price.as_decimal()) == (7, 0)


@pytest.mark.parametrize("price", ["", "n/a"])
def test_a_settlement_without_a_price_is_an_error(price):
    message = SettlementPrice(symbol=BTC, settlement_price=price)
    with pytest.raises((DecodeError, ValueError)):
        parse_instrument_close(message, InstrumentId.from_str(f"{BTC}.PARADEX"), 7)
