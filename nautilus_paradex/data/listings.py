"""
Instruments that change while they are traded.

The ``markets`` channel tells what was created, changed, settled or removed. A burst (at 04:00 UTC
hundreds of options are created at once) is gathered into one reading of the venue's markets, and
nothing the venue sends makes it read more often than once in five seconds.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.messages.markets import MarketChanges
from nautilus_paradex.protocol.messages.markets import MarketEvent
from nautilus_paradex.protocol.numbers import optional_decimal


#: Seconds in which events are gathered into one reading.
GATHER_SECS: Final = 0.25

#: Seconds between two readings, whatever the venue sends.
PAUSE_SECS: Final = 5.0

#: How often a market is read that REST still shows as it was before a change.
MOST_READINGS: Final = 4

#: Events that are this much older than the newest known are looked at once more after a reconnect.
_OVERLAP_MS: Final = 60_000

#: Instruments that are given to the framework before other tasks get their turn.
_CHUNK: Final = 50

#: The changes that an instrument is made of, and that REST must show too.
_VISIBLE: Final = (
    "price_tick_size",
    "order_size_increment",
    "min_notional",
    "max_order_size",
    "trading_mode",
)


class ListingProvider(Protocol):
    """What is needed of the instrument provider."""

    async def refresh(self, symbols: set[str]) -> list[Instrument]:
        """Read markets anew and return the instruments that are new or have changed."""

    def find(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a loaded instrument."""

    def market(self, symbol: str) -> Market | None:
        """Return the venue's own specification of a loaded market."""

    def symbols(self) -> set[str]:
        """Return the symbols of the loaded markets."""


class HistoryReader(Protocol):
    """The REST call that tells what was missed."""

    async def markets_history(self, market: str | None = None) -> list[MarketEvent]:
        """Return the events of the last 7 days."""


class _Due(msgspec.Struct):
    """Why a market is to be read."""

    changes: MarketChanges | None = None
    readings: int = 0
    is_asked_for: bool = False
    """If its data waits for it, even if nothing has changed."""


class Listings:
    """
    Keeps the instruments as the venue has them.

    Parameters
    ----------
    provider : ListingProvider
        The instrument provider.
    rest : HistoryReader
        REST, for what was missed.
    emit : Callable[[Any], None]
        Gives instruments to the framework.
    on_changed : Callable[[Instrument], None]
        Told of each instrument that has changed or was asked for.
    on_missed : Callable[[MarketEvent], None]
        Told of each event that the stream did not bring.
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
        provider: ListingProvider,
        rest: HistoryReader,
        emit: Callable[[Any], None],
        on_changed: Callable[[Instrument], None],
        on_missed: Callable[[MarketEvent], None],
        clock: LiveClock,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        log: Logger,
    ) -> None:
        self._provider = provider
        self._rest = rest
        self._emit = emit
        self._on_changed = on_changed
        self._on_missed = on_missed
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._due: dict[str, _Due] = {}
        self._newest_ms = clock.timestamp_ms()
        self._task: asyncio.Task[None] | None = None

    # -- WHAT HAPPENS ------------------------------------------------------------------------------

    def on_market_event(self, event: MarketEvent) -> None:
        """Take what the ``markets`` channel says."""
        self._newest_ms = max(self._newest_ms, event.updated_at)
        due = self._due.setdefault(event.symbol, _Due())
        due.changes, due.readings = event.changed_fields, 0
        self._work_soon()

    def reload_soon(self, market: str, reason: str) -> None:
        """Read a market whose data does not fit its instrument any more."""
        due = self._due.get(market)
        if due is not None and due.is_asked_for:
            return
        self._log.warning(f"Reloading {market}: {reason}")
        self._due.setdefault(market, _Due()).is_asked_for = True
        self._work_soon()

    async def on_restored(self, epoch: int) -> None:
        """Catch up with what happened while the stream was away: it is not said again."""
        since_ms = self._newest_ms - _OVERLAP_MS
        try:
            history = await self._rest.markets_history()
        except ParadexError as e:
            self._log.warning(f"Reading all markets, since their history cannot be read: {e}")
            for symbol in self._provider.symbols():
                self._due.setdefault(symbol, _Due())
            self._work_soon()
            return
        missed = [event for event in history if event.updated_at > since_ms]
        for event in sorted(missed, key=lambda event: event.updated_at):
            self._on_missed(event)
        if missed:
            self._log.info(f"{len(missed)} market events before connection {epoch} are looked at")

    # -- WORK --------------------------------------------------------------------------------------

    def _work_soon(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._spawn(self._work(), "refresh the instruments")

    async def _work(self) -> None:
        await self._timing.sleep(GATHER_SECS)
        while self._due:
            due, self._due = self._due, {}
            try:
                await self._refresh(due)
            except ParadexError as e:
                self._log.error(f"Cannot refresh {len(due)} instruments, trying again: {e}")
                self._due = due | self._due
            await self._timing.sleep(PAUSE_SECS)

    async def _refresh(self, due: dict[str, _Due]) -> None:
        changed = await self._provider.refresh(set(due))
        for number, instrument in enumerate(changed, start=1):
            self._log.info(f"{instrument.id} is new or has changed")
            self._emit(instrument)
            if not number % _CHUNK:
                await self._timing.sleep(0)
        told = {instrument.id.symbol.value: instrument for instrument in changed}
        for symbol, reason in due.items():
            instrument = told.get(symbol) or self._asked_for(symbol, reason)
            if instrument is not None:
                self._on_changed(instrument)
            if self._is_behind(symbol, reason):
                reason.readings += 1
                self._due.setdefault(symbol, reason)

    def _asked_for(self, symbol: str, reason: _Due) -> Instrument | None:
        if not reason.is_asked_for:
            return None
        reason.is_asked_for = False
        try:
            return self._provider.find(instrument_id_of(symbol))
        except DecodeError:
            return None

    def _is_behind(self, symbol: str, reason: _Due) -> bool:
        """If REST still shows a market as it was before a change that the stream told of."""
        market = self._provider.market(symbol)
        if market is None or reason.changes is None:
            return False
        behind = [name for name in _VISIBLE if _differs(market, reason.changes, name)]
        if behind and reason.readings >= MOST_READINGS:
            self._log.error(f"REST does not show the change of {symbol}: {', '.join(behind)}")
            return False
        return bool(behind)


def _differs(market: Market, changes: MarketChanges, name: str) -> bool:
    told, shown = getattr(changes, name), getattr(market, name)
    if told is None:
        return False
    if isinstance(told, str):
        return bool(told != shown)
    return bool(optional_decimal(shown) != told)
