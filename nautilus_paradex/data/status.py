"""
Whether instruments can be traded, and how they settled (rule E14).

A market opens, expires and is removed by itself; the exchange's state concerns all that are open.
Status comes at subscription and at each change. The price of a settlement is read by REST: after
the venue says so, or after the expiry if it does not, as often as it takes.
"""

import asyncio
import heapq
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


#: Seconds between two looks at which market has opened or expired.
LOOK_SECS: Final = 1.0

#: Seconds before a settlement is asked for again, doubling.
ASK_SECS: Final = 5.0
ASK_MAX_SECS: Final = 300.0

_NS_PER_MS: Final = 1_000_000

_BY_EVENT: Final = {"SETTLED": MarketState.SETTLED, "DELETED": MarketState.DELETED}


class _Watched:
    """What is known of one instrument."""

    __slots__ = ("ended", "instrument", "told", "wants_close", "wants_status")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.wants_status = False
        self.wants_close = False
        #: What the venue said of its end.
        self.ended: MarketState | None = None
        self.told: Status | None = None


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
        Sleep.
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
        #: Moments (UNIX ms) at which a market opens or expires, the next first.
        self._moments: list[tuple[int, str]] = []
        self._asking: set[str] = set()
        self._look_task: asyncio.Task[None] | None = None
        self._listens = False

    # -- WHAT IS WANTED ----------------------------------------------------------------------------

    async def want(self, instrument: Instrument) -> None:
        """Tell an instrument's status now and at each change."""
        watched = self._watch(instrument)
        watched.wants_status, watched.told = True, None
        if not self._listens:
            self._listens = True
            self._system.listen(self._on_system_state)
        self._tell(watched)

    def drop(self, instrument_id: InstrumentId) -> None:
        """Tell its status no longer."""
        watched = self._watched.get(instrument_id.symbol.value)
        if watched is None:
            return
        watched.wants_status = False
        self._tidy(watched)
        if self._listens and not any(its.wants_status for its in self._watched.values()):
            self._listens = False
            self._system.forget(self._on_system_state)

    async def want_close(self, instrument: Instrument) -> None:
        """Tell how an instrument settles, at once if it has settled."""
        watched = self._watch(instrument)
        watched.wants_close = True
        if self._state_of(watched) in (MarketState.EXPIRED, MarketState.SETTLED):
            self._ask_soon(watched)

    def drop_close(self, instrument_id: InstrumentId) -> None:
        """Tell its settlement no longer."""
        watched = self._watched.get(instrument_id.symbol.value)
        if watched is not None:
            watched.wants_close = False
            self._tidy(watched)

    # -- WHAT HAPPENS ------------------------------------------------------------------------------

    def on_market_event(self, event: MarketEvent) -> None:
        """Take what the ``markets`` channel says."""
        watched = self._watched.get(event.symbol)
        if watched is None:
            return
        ended = _BY_EVENT.get(event.event_type)
        # A market is removed after it has settled: how it ended stays the news.
        if ended is not None and watched.ended is not MarketState.SETTLED:
            watched.ended = ended
        elif event.event_type == "CREATED":
            watched.ended = None
        self._tell(watched)
        if watched.wants_close and ended is not None:
            self._ask_soon(watched)

    def on_instrument_changed(self, instrument: Instrument) -> None:
        """Take a changed instrument: its opening, its expiry or its trading mode may be new."""
        watched = self._watched.get(instrument.id.symbol.value)
        if watched is not None:
            watched.instrument = instrument
            self._note_moments(instrument)
            self._tell(watched)

    def _on_system_state(self, state: SystemState | None) -> None:
        del state
        for watched in list(self._watched.values()):
            self._tell(watched)

    # -- STATUS ------------------------------------------------------------------------------------

    def _tell(self, watched: _Watched) -> None:
        if not watched.wants_status:
            return
        status = status_of(self._state_of(watched), self._system.state)
        if status != watched.told:
            watched.told = status
            now = self._clock.timestamp_ns()
            self._emit(instrument_status(watched.instrument.id, status, now, now))

    def _state_of(self, watched: _Watched) -> MarketState:
        if watched.ended is not None:
            return watched.ended
        info = watched.instrument.info or {}
        now_ms = self._clock.timestamp_ms()
        if 0 < info.get("expiry_at", 0) <= now_ms:
            return MarketState.EXPIRED
        if info.get("open_at", 0) > now_ms:
            return MarketState.NOT_OPEN_YET
        if info.get("trading_mode") == "RFQ_ONLY":
            return MarketState.RFQ_ONLY
        return MarketState.OPEN

    # -- MOMENTS -----------------------------------------------------------------------------------

    def _watch(self, instrument: Instrument) -> _Watched:
        symbol = instrument.id.symbol.value
        watched = self._watched.get(symbol)
        if watched is None:
            watched = self._watched[symbol] = _Watched(instrument)
            self._note_moments(instrument)
        return watched

    def _tidy(self, watched: _Watched) -> None:
        if not (watched.wants_status or watched.wants_close):
            self._watched.pop(watched.instrument.id.symbol.value, None)

    def _note_moments(self, instrument: Instrument) -> None:
        info = instrument.info or {}
        now_ms = self._clock.timestamp_ms()
        for name in ("open_at", "expiry_at"):
            moment = info.get(name, 0)
            if moment > now_ms:
                heapq.heappush(self._moments, (moment, instrument.id.symbol.value))
        if self._moments and (self._look_task is None or self._look_task.done()):
            self._look_task = self._spawn(self._look(), "watch openings and expiries")

    async def _look(self) -> None:
        while self._moments:
            await self._timing.sleep(LOOK_SECS)
            now_ms = self._clock.timestamp_ms()
            while self._moments and self._moments[0][0] <= now_ms:
                watched = self._watched.get(heapq.heappop(self._moments)[1])
                if watched is not None:
                    self._tell(watched)
                    if watched.wants_close and self._state_of(watched) is MarketState.EXPIRED:
                        self._ask_soon(watched)

    # -- SETTLEMENT --------------------------------------------------------------------------------

    def _ask_soon(self, watched: _Watched) -> None:
        symbol = watched.instrument.id.symbol.value
        if symbol not in self._asking:
            self._asking.add(symbol)
            self._spawn(self._ask(symbol), f"read the settlement of {symbol}")

    async def _ask(self, symbol: str) -> None:
        """Read a settlement until it is there or nobody wants it any more."""
        pause = ASK_SECS
        try:
            while symbol in self._watched and self._watched[symbol].wants_close:
                watched = self._watched[symbol]
                try:
                    message = await self._rest.settlement_price(symbol)
                    now = self._clock.timestamp_ns()
                    close = parse_instrument_close(message, watched.instrument.id, now)
                except NotFoundError as e:
                    self._log.info(f"{symbol} has not settled yet: {e}")
                except ParadexError as e:
                    self._log.warning(f"The settlement of {symbol} cannot be read: {e}")
                else:
                    # Once a market: who subscribes again later asks again.
                    watched.wants_close = False
                    self._tidy(watched)
                    self._emit(close)
                    return
                await self._timing.sleep(pause)
                pause = min(2 * pause, ASK_MAX_SECS)
        finally:
            self._asking.discard(symbol)
