"""
Live bars by polling: the venue has no kline channel (PROTOCOL 4.2).

A while after each close of a bar type its closed klines are read, from the last bar that was given
on. So every bar comes once and in order, and an outage leaves no gap. Bar types take their turns
one after the other, which keeps hundreds of them from asking at one moment.

A minute without trades may have no kline at all, and the venue does not say when it is done with
one. A bar that is not there yet is asked for a few times more; where it stays away the market is
taken as quiet, and asked once a bar until it trades again. What is late then comes with the next.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Mapping
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.model.data import Bar
from nautilus_trader.model.data import BarType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data.klines import oldest_klines
from nautilus_paradex.network.rest import PublicEndpoints
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.options import read_options
from nautilus_paradex.parsing.bars import KlineSpec
from nautilus_paradex.parsing.bars import PriceKind
from nautilus_paradex.parsing.bars import kline_spec
from nautilus_paradex.parsing.bars import parse_bar
from nautilus_paradex.protocol.connection import backoff_ceiling
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import ParadexError


#: Why EXTERNAL bars are refused where ``bars_poll`` is off.
BARS_REFUSED: Final = (
    "Paradex has no kline channel: subscribe to INTERNAL bars, which are made of trades or quotes, "
    "or set bars_poll=True in the data client's config to poll closed klines"
)

#: Seconds after a close in which the venue may still be making the kline.
SETTLE_SECS: Final = 1.0

#: Seconds between the turns of two bar types.
SPACING_SECS: Final = 0.05

#: Seconds before a bar that is not there is asked for again.
PATIENCE_SECS: Final = (0.5, 1.0, 2.0, 4.0)

#: By how many bars a kline may be late and still is given.
LATEST_BARS: Final = 10

#: Half of what the venue grants an address; the rest is for everything else (PROTOCOL 8.1).
MOST_POLLS_PER_MINUTE: Final = 750

#: Polls under way at once.
CONCURRENCY: Final = 4

_BACKOFF_INITIAL_SECS: Final = 1.0
_BACKOFF_MAX_SECS: Final = 30.0


class PollOptions(msgspec.Struct, frozen=True):
    """Options of polled bars."""

    price_kind: PriceKind | None = None
    """The price of the bar type where None."""


class InstrumentSource(Protocol):
    """What is needed of the instrument provider."""

    def find(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a loaded instrument."""


class _Poll:
    """What is known of one bar type."""

    __slots__ = ("bar_type", "next_open_ms", "quiet", "slot", "spec", "task")

    def __init__(self, bar_type: BarType, spec: KlineSpec, slot: int, next_open_ms: int) -> None:
        self.bar_type = bar_type
        self.spec = spec
        self.slot = slot
        self.next_open_ms = next_open_ms
        """When the first kline opens that was not given yet."""
        self.quiet = False
        """If the last close brought nothing."""
        self.task: asyncio.Task[None] | None = None


class BarPoller:
    """
    Polls closed bars.

    Parameters
    ----------
    rest : PublicEndpoints
        The venue's public endpoints.
    provider : InstrumentSource
        The instrument provider.
    emit : Callable[[Bar], None]
        Gives bars to the framework.
    clock : LiveClock
        The framework's clock, for ``ts_init``.
    timing : Timing
        Clock and sleep.
    log : Logger
        The room's log.
    spawn : Callable[[Coroutine, str], asyncio.Task]
        Runs work in the background; `BackgroundTasks.spawn`.

    """

    def __init__(
        self,
        *,
        rest: PublicEndpoints,
        provider: InstrumentSource,
        emit: Callable[[Bar], None],
        clock: LiveClock,
        timing: Timing,
        log: Logger,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
    ) -> None:
        self._rest = rest
        self._provider = provider
        self._emit = emit
        self._clock = clock
        self._timing = timing
        self._log = log
        self._spawn = spawn
        self._polls: dict[BarType, _Poll] = {}
        self._turns = asyncio.Semaphore(CONCURRENCY)
        self._failing: dict[BarType, str] = {}

    @property
    def bar_types(self) -> list[BarType]:
        """What is polled."""
        return list(self._polls)

    def subscribe(self, bar_type: BarType, params: Mapping[str, Any] | None = None) -> None:
        """
        Give a bar type's bars from the first on that closes from now on.

        Parameters
        ----------
        bar_type : BarType
            An EXTERNAL bar type; see `kline_spec`.
        params : Mapping[str, Any], optional
            ``price_kind``: ``last``, ``mark`` or ``underlying``.

        Raises
        ------
        EncodeError
            If the venue has no such bars, the instrument is not loaded, or the venue's rate limit
            does not allow as many bar types.

        """
        if bar_type in self._polls:
            return
        options = read_options(PollOptions, params)
        spec = kline_spec(bar_type, options.price_kind)
        self._instrument(bar_type)
        self._check_rate(spec)
        now_ms = self._venue_ms()
        taken = {poll.slot for poll in self._polls.values()}
        slot = next(number for number in range(len(taken) + 1) if number not in taken)
        poll = _Poll(bar_type, spec, slot, now_ms // spec.step_ms * spec.step_ms)
        self._polls[bar_type] = poll
        self._start(poll)

    def resume(self) -> None:
        """Poll on what was polled when the background work ended, from where it ended."""
        for poll in self._polls.values():
            if poll.task is None or poll.task.done():
                self._start(poll)

    def unsubscribe(self, bar_type: BarType) -> None:
        """Give no more bars of a type."""
        poll = self._polls.pop(bar_type, None)
        if poll is not None and poll.task is not None:
            poll.task.cancel()
        self._failing.pop(bar_type, None)

    # -- POLLING -----------------------------------------------------------------------------------

    async def _follow(self, poll: _Poll) -> None:
        step_ms = poll.spec.step_ms
        # Those of many bar types come one after the other, and still before the next close.
        turn_ms = SETTLE_SECS * 1_000 + poll.slot * SPACING_SECS * 1_000 % (step_ms / 2)
        close_ms = poll.next_open_ms + step_ms
        while True:
            await self._timing.sleep(max(0.0, (close_ms + turn_ms - self._venue_ms()) / 1_000))
            close_ms = await self._read_until_there(poll) + step_ms
            # What is later than this is not waited for: the range would grow without end.
            poll.next_open_ms = max(poll.next_open_ms, close_ms - (LATEST_BARS + 1) * step_ms)

    async def _read_until_there(self, poll: _Poll) -> int:
        """
        Read what has closed; ask again for the last of it, and after failures for all of it.

        Returns
        -------
        int
            The close up to which was read, UNIX milliseconds.

        """
        due_ms = self._due_ms(poll)
        pauses = iter(() if poll.quiet else PATIENCE_SECS)
        failures = 0
        while poll.next_open_ms < due_ms:
            try:
                async with self._turns:
                    await self._read(poll, due_ms - poll.spec.step_ms)
            except ParadexError as e:
                failures += 1
                self._say_failing(poll, e)
                ceiling = backoff_ceiling(failures, _BACKOFF_INITIAL_SECS, _BACKOFF_MAX_SECS)
                await self._timing.sleep(ceiling * (0.5 + 0.5 * self._timing.random()))
                due_ms = self._due_ms(poll)
                continue
            self._say_working(poll)
            pause = None if poll.next_open_ms >= due_ms else next(pauses, None)
            if pause is None:
                break
            await self._timing.sleep(pause)
        poll.quiet = poll.next_open_ms < due_ms
        return due_ms

    async def _read(self, poll: _Poll, last_ms: int) -> None:
        instrument = self._instrument(poll.bar_type)
        async for rows in oldest_klines(self._rest, poll.spec, poll.next_open_ms, last_ms):
            for row in rows:
                # What cannot be read now never will be: the next bar is not held up by it.
                poll.next_open_ms = row.open_at + poll.spec.step_ms
                try:
                    now = self._clock.timestamp_ns()
                    bar = parse_bar(row, poll.bar_type, poll.spec, instrument, now)
                except DecodeError as e:
                    self._log.error(f"A bar of {poll.bar_type} is left out: {e}")
                    continue
                self._emit(bar)

    # -- WORDS -------------------------------------------------------------------------------------

    def _say_failing(self, poll: _Poll, error: ParadexError) -> None:
        """Say once an outage what fails; it fails for all bar types alike."""
        said = str(error)
        if poll.bar_type not in self._failing and said not in self._failing.values():
            self._log.error(f"Cannot poll {poll.bar_type}, trying again: {said}")
        self._failing[poll.bar_type] = said

    def _say_working(self, poll: _Poll) -> None:
        if self._failing.pop(poll.bar_type, None) is not None and not self._failing:
            self._log.info("Polled bars flow again")

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _start(self, poll: _Poll) -> None:
        poll.task = self._spawn(self._follow(poll), f"poll {poll.bar_type}")

    def _venue_ms(self) -> int:
        return self._timing.time_ms() + self._rest.clock_offset_ms

    def _due_ms(self, poll: _Poll) -> int:
        """Return when the last bar closed."""
        return self._venue_ms() // poll.spec.step_ms * poll.spec.step_ms

    def _instrument(self, bar_type: BarType) -> Instrument:
        instrument = self._provider.find(bar_type.instrument_id)
        if instrument is None:
            raise EncodeError(
                f"{bar_type.instrument_id} is not loaded: request the instrument first, or add it "
                "to the provider's load_ids"
            )
        return instrument

    def _check_rate(self, spec: KlineSpec) -> None:
        steps = [poll.spec.resolution_mins for poll in self._polls.values()]
        # Per hour, which every resolution divides.
        polls = sum(60 // mins for mins in [*steps, spec.resolution_mins])
        if polls > MOST_POLLS_PER_MINUTE * 60:
            raise EncodeError(
                f"{len(steps)} bar types are polled already: more are not possible within the "
                f"venue's rate limit; use longer bars, or INTERNAL ones"
            )
