"""
Whether instruments can be traded, and how they settled (rule E14).

A market opens, expires and is removed by itself; the exchange's state concerns all that are open.
Status comes at subscription and at each change. The price of a settlement is read by REST: after
the venue says so, or some time after the expiry if it does not, with growing pauses, one market
after the other, since hundreds of options expire at once.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.network.link import Link
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.status import MarketState
from nautilus_paradex.parsing.status import Status
from nautilus_paradex.parsing.status import instrument_status
from nautilus_paradex.parsing.status import parse_instrument_close
from nautilus_paradex.parsing.status import status_of
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.messages.markets import MarketEvent


#: Seconds between two looks at which market has opened or expired, and which question is due.
LOOK_SECS: Final = 1.0

#: Seconds after an expiry before its settlement is asked for, if the venue says nothing.
PATIENCE_SECS: Final = 10.0

#: Seconds before a settlement is asked for again, doubling.
ASK_SECS: Final = 5.0
ASK_MAX_SECS: Final = 300.0

#: Ended markets that are remembered for who subscribes later.
REMEMBERED: Final = 10_000

#: Instruments that are told of before other tasks get their turn.
_CHUNK: Final = 100

_BY_EVENT: Final = {"SETTLED": MarketState.SETTLED, "DELETED": MarketState.DELETED}


class _Watched:
    """What is known of one instrument."""

    __slots__ = ("instrument", "moment_ms", "told", "wants_close", "wants_status")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.wants_status = False
        self.wants_close = False
        self.told: Status | None = None
        #: When it opens or expires next, UNIX ms; 0 if it does neither any more.
        self.moment_ms = 0


class _Question:
    """When a settlement is asked for, and how long after that again; seconds, monotonic."""

    __slots__ = ("due", "pause")

    def __init__(self, due: float) -> None:
        self.due = due
        self.pause = ASK_SECS


class InstrumentStatuses:
    """
    Tells the status of instruments, and their close.

    Parameters
    ----------
    link : Link
        For the state of the exchange and for REST.
    emit : Callable[[Any], None]
        Gives data to the framework.
    clock : LiveClock
        The framework's clock.
    timing : Timing
        Clock and sleep.
    spawn : Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
        Runs work in the background.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        link: Link,
        emit: Callable[[Any], None],
        clock: LiveClock,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        log: Logger,
    ) -> None:
        self._system = link.system_state
        self._rest = link.rest
        self._emit = emit
        self._clock = clock
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._watched: dict[str, _Watched] = {}
        #: What the venue said of markets' ends.
        self._ended: dict[str, MarketState] = {}
        self._questions: dict[str, _Question] = {}
        self._look_task: asyncio.Task[None] | None = None
        self._ask_task: asyncio.Task[None] | None = None

    def suspend(self) -> None:
        """Follow the exchange no longer: the client disconnects."""
        self._system.forget(self._on_system_state)

    def resume(self) -> None:
        """Go on after a disconnect, which has ended the work."""
        self.suspend()
        if any(its.wants_status for its in self._watched.values()):
            self._system.listen(self._on_system_state)
            self._spawn(self._tell_all(), "tell all instruments' status again")
        self._look_on()
        self._ask_on()

    # -- WHAT IS WANTED ----------------------------------------------------------------------------

    async def want(self, instrument: Instrument) -> None:
        """Tell an instrument's status now and at each change."""
        if not any(its.wants_status for its in self._watched.values()):
            self._system.listen(self._on_system_state)
        watched = self._watch(instrument)
        watched.wants_status, watched.told = True, None
        await self._system.ready()
        self._tell(watched)

    def drop(self, instrument_id: InstrumentId) -> None:
        """Tell its status no longer."""
        watched = self._watched.get(instrument_id.symbol.value)
        if watched is None:
            return
        watched.wants_status = False
        self._tidy(watched)
        if not any(its.wants_status for its in self._watched.values()):
            self._system.forget(self._on_system_state)

    async def want_close(self, instrument: Instrument) -> None:
        """Tell how an instrument settles, at once if it has settled."""
        watched = self._watch(instrument)
        watched.wants_close = True
        if self._state_of(watched).is_end:
            self._ask_now(watched)

    def drop_close(self, instrument_id: InstrumentId) -> None:
        """Tell its settlement no longer."""
        watched = self._watched.get(instrument_id.symbol.value)
        if watched is not None:
            watched.wants_close = False
            self._tidy(watched)

    # -- WHAT HAPPENS ------------------------------------------------------------------------------

    def on_market_event(self, event: MarketEvent) -> None:
        """Take what the ``markets`` channel says."""
        ended = _BY_EVENT.get(event.event_type)
        if ended is not None:
            self._note_end(event.symbol, ended)
        elif event.event_type == "CREATED":
            self._ended.pop(event.symbol, None)
        watched = self._watched.get(event.symbol)
        if watched is None:
            return
        self._tell(watched)
        if watched.wants_close and ended is not None:
            self._ask_now(watched)

    def on_instrument_changed(self, instrument: Instrument) -> None:
        """Take a changed instrument: its opening, its expiry or its trading mode may be new."""
        watched = self._watched.get(instrument.id.symbol.value)
        if watched is not None:
            watched.instrument = instrument
            self._note_moment(watched)
            self._tell(watched)
            self._ask_if_ended(watched)

    def _on_system_state(self, state: SystemState | None) -> None:
        self._spawn(self._tell_all(), f"tell all instruments of the exchange's state {state}")

    # -- STATUS ------------------------------------------------------------------------------------

    async def _tell_all(self) -> None:
        await self._system.ready()
        for number, watched in enumerate(list(self._watched.values()), start=1):
            self._tell(watched)
            if not number % _CHUNK:
                await self._timing.sleep(0)

    def _tell(self, watched: _Watched) -> None:
        # Before the exchange's state is read, any status would be made up.
        if not watched.wants_status or not self._system.is_read:
            return
        status = status_of(self._state_of(watched), self._system.state)
        if status != watched.told:
            watched.told = status
            now = self._clock.timestamp_ns()
            self._emit(instrument_status(watched.instrument.id, status, now, now))

    def _state_of(self, watched: _Watched) -> MarketState:
        ended = self._ended.get(watched.instrument.id.symbol.value)
        if ended is not None:
            return ended
        info = watched.instrument.info or {}
        now_ms = self._clock.timestamp_ms()
        if 0 < info.get("expiry_at", 0) <= now_ms:
            return MarketState.EXPIRED
        if info.get("open_at", 0) > now_ms:
            return MarketState.NOT_OPEN_YET
        if info.get("trading_mode") == "RFQ_ONLY":
            return MarketState.RFQ_ONLY
        return MarketState.OPEN

    def _note_end(self, symbol: str, ended: MarketState) -> None:
        # A market is removed after it has settled: how it ended stays the news.
        if self._ended.get(symbol) is MarketState.SETTLED:
            return
        self._ended[symbol] = ended
        if len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]

    # -- MOMENTS -----------------------------------------------------------------------------------

    def _watch(self, instrument: Instrument) -> _Watched:
        symbol = instrument.id.symbol.value
        watched = self._watched.get(symbol)
        if watched is None:
            watched = self._watched[symbol] = _Watched(instrument)
            self._note_moment(watched)
        return watched

    def _tidy(self, watched: _Watched) -> None:
        if not (watched.wants_status or watched.wants_close):
            self._watched.pop(watched.instrument.id.symbol.value, None)

    def _note_moment(self, watched: _Watched) -> None:
        info = watched.instrument.info or {}
        now_ms = self._clock.timestamp_ms()
        moments = [info.get(name, 0) for name in ("open_at", "expiry_at")]
        watched.moment_ms = min((moment for moment in moments if moment > now_ms), default=0)
        self._look_on()

    def _look_on(self) -> None:
        is_idle = self._look_task is None or self._look_task.done()
        if is_idle and any(its.moment_ms for its in self._watched.values()):
            self._look_task = self._spawn(self._look(), "watch openings and expiries")

    async def _look(self) -> None:
        while any(its.moment_ms for its in self._watched.values()):
            await self._timing.sleep(LOOK_SECS)
            now_ms = self._clock.timestamp_ms()
            for watched in list(self._watched.values()):
                if 0 < watched.moment_ms <= now_ms:
                    self._note_moment(watched)
                    self._tell(watched)
                    self._ask_if_ended(watched)

    # -- SETTLEMENT --------------------------------------------------------------------------------

    def _ask_now(self, watched: _Watched) -> None:
        """
        Ask for a settlement now, with short pauses again.

        What is being asked already may be answered with what was so before: it does not count.
        """
        symbol = watched.instrument.id.symbol.value
        self._questions[symbol] = _Question(self._timing.monotonic())
        self._ask_on()

    def _ask_if_ended(self, watched: _Watched) -> None:
        """Ask for a settlement that the venue may not tell of."""
        if watched.wants_close and self._state_of(watched).is_end:
            due = self._timing.monotonic() + PATIENCE_SECS
            self._questions.setdefault(watched.instrument.id.symbol.value, _Question(due))
            self._ask_on()

    def _ask_on(self) -> None:
        if self._questions and (self._ask_task is None or self._ask_task.done()):
            self._ask_task = self._spawn(self._ask(), "read settlements")

    async def _ask(self) -> None:
        """Ask until all settlements are there, or nobody wants them any more."""
        while self._questions:
            symbol = min(self._questions, key=lambda name: self._questions[name].due)
            question = self._questions[symbol]
            watched = self._watched.get(symbol)
            if watched is None or not watched.wants_close:
                del self._questions[symbol]
            elif (wait := question.due - self._timing.monotonic()) > 0:
                await self._timing.sleep(min(wait, LOOK_SECS))
            elif await self._is_answered(watched.instrument.id):
                self._questions.pop(symbol, None)
            else:
                question.due = self._timing.monotonic() + question.pause
                question.pause = min(2 * question.pause, ASK_MAX_SECS)

    async def _is_answered(self, instrument_id: InstrumentId) -> bool:
        symbol = instrument_id.symbol.value
        try:
            message = await self._rest.settlement_price(symbol)
            now = self._clock.timestamp_ns()
            close = parse_instrument_close(message, instrument_id, now)
        except NotFoundError as e:
            self._log.debug(f"{symbol} has not settled yet: {e}")
            return False
        except ParadexError as e:
            self._log.warning(f"The settlement of {symbol} cannot be read: {e}")
            return False
        self._note_end(symbol, MarketState.SETTLED)
        # Who wanted it may have left meanwhile, and somebody else come.
        watched = self._watched.get(symbol)
        if watched is None:
            return True
        self._tell(watched)
        if watched.wants_close:
            # Once a market: who subscribes again later asks again.
            watched.wants_close = False
            self._tidy(watched)
            self._emit(close)
        return True
