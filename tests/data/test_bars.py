"""Polled bars: each closed bar once, in order, without gaps, whatever the venue does."""

from decimal import Decimal

import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.data import BarType

from nautilus_paradex.data.bars import CONCURRENCY
from nautilus_paradex.data.bars import LATEST_BARS
from nautilus_paradex.data.bars import MOST_POLLS_PER_MINUTE
from nautilus_paradex.data.bars import PATIENCE_SECS
from nautilus_paradex.data.bars import BarPoller
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.messages import Kline
from tests.data.history_venue import HistoryVenue
from tests.data.history_venue import Instruments
from tests.data.history_venue import Said
from tests.network.virtual_timing import VirtualTiming
from tests.parsing.parsing_values import instrument


MINUTE_MS = 60_000
MINUTES = BarType.from_str("BTC-USD-PERP.PARADEX-1-MINUTE-LAST-EXTERNAL")
HOURS = BarType.from_str("BTC-USD-PERP.PARADEX-1-HOUR-LAST-EXTERNAL")


class LiveVenue(HistoryVenue):
    """A venue whose klines appear as time passes: each some seconds after its close."""

    def __init__(self, timing: VirtualTiming) -> None:
        super().__init__()
        self.timing = timing
        self.answer_secs = 0.0
        self.lag_ms = 0
        self.absent: set[int] = set()
        self.late_ms: dict[int, int] = {}
        self.asked_at: list[int] = []
        self.running = 0
        self.most_running = 0

    async def klines(
        self,
        market: str,
        *,
        resolution_mins: int,
        start_ms: int,
        end_ms: int,
        price_kind: str | None = None,
    ) -> list[Kline]:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.asked_at.append(self.timing.time_ms())
        self.kline_asks.append((start_ms, end_ms))
        await self.timing.sleep(self.answer_secs)
        self.running -= 1
        if self.fails:
            raise self.fails.pop(0)
        step = resolution_mins * MINUTE_MS
        now = self.timing.time_ms() + self.clock_offset_ms
        moments = range(-(-start_ms // step) * step, min(end_ms, now) + 1, step)
        return [self.row(moment) for moment in moments if self.is_there(moment, step, now)]

    def is_there(self, moment: int, step: int, now: int) -> bool:
        closed = moment + step
        if moment in self.absent:
            return False
        # An open kline is given too, as the venue may.
        return now < closed or now >= closed + self.late_ms.get(moment, self.lag_ms)

    def row(self, moment: int) -> Kline:
        price = Decimal(moment // MINUTE_MS % 1_000)
        return Kline(moment, price, price, price, price, Decimal(1))


@pytest.fixture
def timing():
    return VirtualTiming(auto=False)


@pytest.fixture
def venue(timing):
    return LiveVenue(timing)


@pytest.fixture
def said():
    return Said()


@pytest.fixture
def emitted():
    return []


@pytest.fixture
async def tasks(said):
    tasks = BackgroundTasks(said)
    yield tasks
    await tasks.cancel_all()


@pytest.fixture
def poller(venue, timing, said, emitted, tasks):
    return BarPoller(
        rest=venue,
        provider=Instruments(instrument()),
        emit=emitted.append,
        clock=TestClock(),
        timing=timing,
        log=said,
        spawn=tasks.spawn,
    )


def closes(bars) -> list[int]:
    return [bar.ts_event // 1_000_000 for bar in bars]


def next_close(timing: VirtualTiming, step_ms: int = MINUTE_MS) -> int:
    return (timing.time_ms() // step_ms + 1) * step_ms


async def test_each_bar_comes_once_and_in_order_from_the_first_that_closes_after(
    poller, timing, emitted
):
    first = next_close(timing)
    poller.subscribe(MINUTES)
    await timing.advance(600)
    assert closes(emitted) == [first + n * MINUTE_MS for n in range(10)]
    assert {bar.bar_type for bar in emitted} == {MINUTES}


async def test_nothing_is_asked_for_before_a_bar_has_closed(poller, timing, venue):
    close = next_close(timing)
    poller.subscribe(MINUTES)
    await timing.advance((close - timing.time_ms()) / 1_000 - 0.001)
    assert venue.asked_at == []


async def test_a_bar_costs_one_request(poller, timing, venue, emitted):
    poller.subscribe(MINUTES)
    await timing.advance(600)
    assert len(venue.asked_at) == len(emitted) == 10


@pytest.mark.parametrize("offset_ms", [-2_500, 2_500])
async def test_polls_follow_the_venues_clock(poller, timing, venue, emitted, offset_ms):
    venue.clock_offset_ms = offset_ms
    poller.subscribe(MINUTES)
    await timing.advance(300)
    # After a close by the venue's clock, and soon.
    after = [(ms + offset_ms) % MINUTE_MS for ms in venue.asked_at]
    assert len(emitted) == 5
    assert all(0 < ms <= 1_001 for ms in after)


async def test_a_bar_that_is_late_is_asked_for_again_with_growing_pauses(
    poller, timing, venue, emitted
):
    venue.lag_ms = 4_000
    poller.subscribe(MINUTES)
    await timing.advance(60)
    assert len(emitted) == 1
    pauses = [b - a for a, b in zip(venue.asked_at, venue.asked_at[1:], strict=False)]
    assert pauses == [round(1_000 * pause) for pause in PATIENCE_SECS[: len(pauses)]]
    assert pauses


async def test_a_quiet_market_is_asked_once_a_bar_until_it_trades_again(
    poller, timing, venue, emitted
):
    first = next_close(timing) - MINUTE_MS
    venue.absent = {first + n * MINUTE_MS for n in range(30)}
    poller.subscribe(MINUTES)
    await timing.advance(30 * 60)
    asks = 1 + len(PATIENCE_SECS) + 29
    assert len(venue.asked_at) == asks
    # The range that is asked for again stays short.
    longest = max(end - start for start, end in venue.kline_asks)
    assert longest <= (LATEST_BARS + 1) * MINUTE_MS
    await timing.advance(60)
    assert closes(emitted) == [first + 31 * MINUTE_MS]
    assert len(venue.asked_at) == asks + 1


async def test_a_bar_that_comes_after_all_comes_with_the_next_and_in_order(
    poller, timing, venue, emitted
):
    first = next_close(timing) - MINUTE_MS
    venue.late_ms = {first: 30_000}
    poller.subscribe(MINUTES)
    await timing.advance(180)
    assert closes(emitted) == [first + n * MINUTE_MS for n in (1, 2, 3)]


async def test_after_an_outage_the_bars_of_meanwhile_come_first(
    poller, timing, venue, emitted, said
):
    first = next_close(timing)
    poller.subscribe(MINUTES)
    venue.fails = [TransportError(f"gone {n}", sent=True) for n in range(40)]
    await timing.advance(1_800)
    assert closes(emitted) == [first + n * MINUTE_MS for n in range(30)]
    assert not venue.fails
    # Once an outage, and once when it is over.
    assert len(said.of("error")) == 1
    assert said.of("info") == ["Polled bars flow again"]


async def test_failed_polls_are_tried_again_less_and_less_often(poller, timing, venue):
    poller.subscribe(MINUTES)
    venue.fails = [TransportError("gone", sent=True)] * 8
    await timing.advance(240)
    pauses = [b - a for a, b in zip(venue.asked_at, venue.asked_at[1:8], strict=False)]
    assert pauses == sorted(pauses)
    assert pauses[-1] <= 30_000


async def test_an_outage_is_said_once_for_all_bar_types(poller, timing, venue, said):
    for mins in (1, 3, 5):
        text = f"BTC-USD-PERP.PARADEX-{mins}-MINUTE-LAST-EXTERNAL"
        poller.subscribe(BarType.from_str(text))
    venue.fails = [TransportError("gone", sent=True)] * 30
    await timing.advance(1_200)
    assert len(said.of("error")) == 1
    assert len(said.of("info")) == 1


async def test_many_bar_types_take_their_turns(venue, timing, said, emitted, tasks):
    many = [instrument(symbol=f"M{n}-USD-PERP") for n in range(100)]
    poller = BarPoller(
        rest=venue,
        provider=Instruments(*many),
        emit=emitted.append,
        clock=TestClock(),
        timing=timing,
        log=said,
        spawn=tasks.spawn,
    )
    for one in many:
        poller.subscribe(BarType.from_str(f"{one.id}-1-MINUTE-LAST-EXTERNAL"))
    await timing.advance(60)
    assert len(emitted) == 100
    assert venue.most_running <= CONCURRENCY
    # No second has more than the rate that the spacing allows.
    busiest = max(sum(1 for ms in venue.asked_at if at <= ms < at + 1_000) for at in venue.asked_at)
    assert busiest <= 21


async def test_a_slow_venue_is_not_asked_for_everything_at_once(
    venue, timing, said, emitted, tasks
):
    many = [instrument(symbol=f"M{n}-USD-PERP") for n in range(40)]
    poller = BarPoller(
        rest=venue,
        provider=Instruments(*many),
        emit=emitted.append,
        clock=TestClock(),
        timing=timing,
        log=said,
        spawn=tasks.spawn,
    )
    venue.answer_secs = 1.0
    for one in many:
        poller.subscribe(BarType.from_str(f"{one.id}-1-MINUTE-LAST-EXTERNAL"))
    await timing.advance(60)
    assert venue.most_running == CONCURRENCY
    assert len(emitted) == 40


async def test_more_bar_types_than_the_rate_limit_allows_are_refused(
    venue, timing, said, emitted, tasks
):
    many = [instrument(symbol=f"M{n}-USD-PERP") for n in range(MOST_POLLS_PER_MINUTE + 1)]
    poller = BarPoller(
        rest=venue,
        provider=Instruments(*many),
        emit=emitted.append,
        clock=TestClock(),
        timing=timing,
        log=said,
        spawn=tasks.spawn,
    )
    kinds = [BarType.from_str(f"{one.id}-1-MINUTE-LAST-EXTERNAL") for one in many]
    for kind in kinds[:-1]:
        poller.subscribe(kind)
    with pytest.raises(EncodeError, match="rate limit"):
        poller.subscribe(kinds[-1])
    poller.unsubscribe(kinds[0])
    poller.subscribe(kinds[-1])
    assert len(poller.bar_types) == MOST_POLLS_PER_MINUTE


async def test_unsubscribing_ends_the_polls_at_once(poller, timing, venue, emitted, tasks):
    poller.subscribe(MINUTES)
    await timing.advance(60)
    poller.unsubscribe(MINUTES)
    await timing.advance(600)
    assert len(venue.asked_at) == len(emitted) == 1
    assert len(tasks) == 0
    assert poller.bar_types == []


async def test_a_second_subscription_changes_nothing(poller, timing, emitted):
    poller.subscribe(MINUTES)
    poller.subscribe(MINUTES)
    await timing.advance(120)
    assert len(emitted) == 2


async def test_polls_that_ended_with_their_client_go_on_where_they_ended(
    poller, timing, emitted, tasks
):
    first = next_close(timing)
    poller.subscribe(MINUTES)
    await timing.advance(60)
    await tasks.cancel_all()
    await timing.advance(600)
    assert len(emitted) == 1
    poller.resume()
    poller.resume()
    await timing.advance(60)
    assert closes(emitted) == [first + n * MINUTE_MS for n in range(12)]


async def test_bar_types_of_several_lengths_keep_their_own_closes(poller, timing, emitted):
    hour = next_close(timing, 60 * MINUTE_MS)
    poller.subscribe(HOURS)
    poller.subscribe(MINUTES)
    await timing.advance(2 * 3_600)
    hours = [bar for bar in emitted if bar.bar_type == HOURS]
    assert closes(hours) == [hour, hour + 60 * MINUTE_MS]
    assert len(emitted) == 122


async def test_a_row_that_is_no_bar_is_said_and_holds_up_nothing(
    poller, timing, venue, emitted, said
):
    first = next_close(timing)
    sound = venue.row

    def row(moment: int) -> Kline:
        found = sound(moment)
        broken = moment == first
        return Kline(moment, found.open, Decimal(0) if broken else found.high, *[found.low] * 3)

    venue.row = row
    poller.subscribe(MINUTES)
    await timing.advance(240)
    assert closes(emitted) == [first, first + 2 * MINUTE_MS, first + 3 * MINUTE_MS]
    assert len(said.of("error")) == 1
    assert "is left out" in said.of("error")[0]


@pytest.mark.parametrize(
    ("text", "params", "message"),
    [
        ("BTC-USD-PERP.PARADEX-2-MINUTE-LAST-EXTERNAL", None, "no klines for"),
        ("BTC-USD-PERP.PARADEX-1-MINUTE-LAST-EXTERNAL", {"kind": "mark"}, "no key kind here"),
        ("BTC-USD-PERP.PARADEX-1-MINUTE-LAST-EXTERNAL", {"price_kind": "mid"}, "'underlying'"),
        ("NO-USD-PERP.PARADEX-1-MINUTE-LAST-EXTERNAL", None, "is not loaded"),
    ],
)
async def test_what_cannot_be_polled_is_refused_at_once(poller, text, params, message):
    with pytest.raises(EncodeError, match=message):
        poller.subscribe(BarType.from_str(text), params)
    assert poller.bar_types == []
