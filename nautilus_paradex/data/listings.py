"""
Instruments that change while they are traded.

The ``markets`` channel tells what was created, changed, settled or removed. A burst (at 04:00 UTC
hundreds of options are created at once) is gathered into one reading of the venue's markets, and
nothing the venue sends makes it read more often than once in five seconds.

REST may show a market as it was before an event, or not show it yet: it is read again a few times.
What has settled or was removed keeps its instrument, since its orders and fills are still asked
for, and needs no reading.
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
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.channels import ChannelKind
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.market_changes import changes_of
from nautilus_paradex.protocol.market_changes import disagreements
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.messages.markets import MarketEvent


#: Seconds in which events are gathered into one reading.
GATHER_SECS: Final = 0.25

#: Seconds between two readings, whatever the venue sends.
PAUSE_SECS: Final = 5.0

#: Readings at most of a market that REST still shows as it was before a change.
MOST_READINGS: Final = 4

#: Readings at most of a market that REST does not show yet: the configuration may not want it.
MOST_READINGS_OF_NEW: Final = 2

#: Seconds at most until a market is read again that was read in vain, doubling from the pause.
LONGEST_PAUSE_SECS: Final = 300.0

#: Events that are this much older than the newest known are looked at once more after a reconnect.
_OVERLAP_MS: Final = 60_000

#: Events that are remembered, so that the history does not tell them again.
_REMEMBERED: Final = 4_096

#: Instruments that are told, or compared, before other tasks get their turn.
_CHUNK: Final = 50

_CREATED: Final = "CREATED"
_UPDATED: Final = "UPDATED"
#: What ends a market.
_ENDS: Final = frozenset({"SETTLED", "DELETED"})

#: Event types that are named in a warning; what comes after is as unknown as these.
_WARNINGS: Final = 10


class ListingProvider(Protocol):
    """What is needed of the instrument provider."""

    async def refresh(self, symbols: set[str]) -> list[Instrument]:
        """Read markets anew and return the instruments that are new or have changed."""

    def find(self, instrument_id: InstrumentId) -> Instrument | None:
        """Return a loaded instrument."""

    def market(self, symbol: str) -> Market | None:
        """Return the venue's own specification of a loaded market."""


class HistoryReader(Protocol):
    """The REST call that tells what was missed."""

    @property
    def venue_ms(self) -> int:
        """The venue's clock, UNIX milliseconds."""

    async def markets_history(self, market: str | None = None) -> list[MarketEvent]:
        """Return the events of the last 7 days."""


class _Due(msgspec.Struct):
    """Why a market is to be read."""

    changes: dict[str, Any] = msgspec.field(default_factory=dict)
    """What the stream told, by field; the newest value counts."""
    is_new: bool = False
    is_asked_for: bool = False
    """If its data waits for it, even if nothing has changed."""
    readings: int = 0
    not_before: float = 0.0
    """On the monotonic clock."""

    def add(self, event: MarketEvent) -> None:
        self.changes |= changes_of(event)
        self.is_new |= event.event_type == _CREATED
        self.readings, self.not_before = 0, 0.0

    def take_over(self, older: "_Due") -> None:
        self.changes = older.changes | self.changes
        self.is_new |= older.is_new
        self.is_asked_for |= older.is_asked_for


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
        Told of each event that the stream did not bring; it comes back by `on_market_event`.
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
        #: Seconds until a market that was read in vain is read again.
        self._patience: dict[str, float] = {}
        self._newest_ms = clock.timestamp_ms()
        self._recent: dict[tuple[str, str, int], None] = {}
        self._unknown: set[str] = set()
        self._restores = 0
        #: Where the events of a lost connection end; None while there is one.
        self._lost_at_ms: int | None = None
        #: Since when the stream may have missed events; None if it has not.
        self._unread_since_ms: int | None = None
        self._is_failing = False
        self._task: asyncio.Task[None] | None = None

    # -- WHAT HAPPENS ------------------------------------------------------------------------------

    def on_market_event(self, event: MarketEvent) -> None:
        """Take what the ``markets`` channel says."""
        self._remember(event)
        kind = event.event_type
        if kind in _ENDS:
            self._due.pop(event.symbol, None)
            return
        if kind not in (_CREATED, _UPDATED):
            self._warn_of(event)
        self._due.setdefault(event.symbol, _Due()).add(event)
        self.resume()

    def reload_soon(self, market: str, reason: str) -> None:
        """
        Read a market whose data does not fit its instrument any more.

        Where that was in vain before, it is done with growing pauses.
        """
        due = self._due.setdefault(market, _Due())
        if due.is_asked_for:
            return
        due.is_asked_for = True
        patience = self._patience.get(market)
        if patience is None:
            self._log.warning(f"Reloading {market}: {reason}")
        elif not due.changes and not due.is_new:
            due.not_before = self._timing.monotonic() + patience
        self.resume()

    def on_lost(self, carried: list[Channel]) -> None:
        """
        Note where the events end, if they came by the lost socket.

        The next connection may bring events before `on_restored`: they say nothing of those that
        were missed.
        """
        if self._lost_at_ms is None and any(its.kind is ChannelKind.MARKETS for its in carried):
            self._lost_at_ms = self._newest_ms

    async def on_restored(self, epoch: int) -> None:
        """
        Catch up with what happened while the stream was away: it is not said again.

        The first connection follows the load of all instruments, and has missed nothing.
        """
        lost_at_ms, self._lost_at_ms = self._lost_at_ms, None
        self._restores += 1
        if self._restores == 1:
            if not self._recent:
                # Events are in the venue's time, which is known by now.
                self._newest_ms = self._rest.venue_ms
            return
        if self._unread_since_ms is None:
            known_ms = self._newest_ms if lost_at_ms is None else lost_at_ms
            self._unread_since_ms = known_ms - _OVERLAP_MS
        await self._catch_up(epoch)
        self.resume()

    def resume(self) -> None:
        """Go on with what is due, also after a disconnect has ended the work."""
        is_due = bool(self._due) or self._unread_since_ms is not None
        if is_due and (self._task is None or self._task.done()):
            self._task = self._spawn(self._work(), "refresh the instruments")

    # -- WORK --------------------------------------------------------------------------------------

    async def _catch_up(self, epoch: int | None = None) -> None:
        """Read what was missed; if that cannot be read, the work goes on trying."""
        since_ms = self._unread_since_ms
        restores = self._restores
        if since_ms is None:
            return
        try:
            history = await self._rest.markets_history()
        except ParadexError as e:
            self._fail(f"Cannot read which markets have changed meanwhile, trying again: {e}")
            return
        missed = 0
        history = sorted((e for e in history if e.updated_at > since_ms), key=_time)
        for number, event in enumerate(history, start=1):
            if _key(event) not in self._recent:
                missed += 1
                self._on_missed(event)
            await self._give_way(number)
        # A connection that was lost meanwhile has missed more.
        if restores == self._restores:
            self._unread_since_ms = None
        if missed:
            before = "" if epoch is None else f" before connection {epoch}"
            self._log.info(f"{missed} market events{before} were missed")

    async def _work(self) -> None:
        await self._timing.sleep(GATHER_SECS)
        while self._due or self._unread_since_ms is not None:
            await self._catch_up()
            now = self._timing.monotonic()
            due = {name: its for name, its in self._due.items() if its.not_before <= now}
            if due:
                await self._read(due)
            await self._timing.sleep(PAUSE_SECS)

    async def _read(self, due: dict[str, _Due]) -> None:
        """Read markets; what cannot be read, or not to the end, stays due."""
        for symbol in due:
            del self._due[symbol]
        changed: list[Instrument] | None = None
        try:
            changed = await self._provider.refresh(set(due))
        except ParadexError as e:
            self._fail(f"Cannot refresh {len(due)} instruments, trying again: {e}")
            return
        finally:
            if changed is None:
                for symbol, reason in due.items():
                    self._keep(symbol, reason)
        self._is_failing = False
        for reason in due.values():
            reason.readings += 1
        await self._tell(changed, due)
        for number, (symbol, reason) in enumerate(due.items(), start=1):
            if self._is_behind(symbol, reason):
                self._keep(symbol, reason)
            await self._give_way(number)

    async def _tell(self, changed: list[Instrument], due: dict[str, _Due]) -> None:
        for number, instrument in enumerate(changed, start=1):
            symbol = instrument.id.symbol.value
            self._log.info(f"{instrument.id} is new or has changed")
            self._patience.pop(symbol, None)
            if symbol in due:
                due[symbol].is_asked_for = False
            self._emit(instrument)
            self._on_changed(instrument)
            await self._give_way(number)
        for symbol in [symbol for symbol, reason in due.items() if reason.is_asked_for]:
            due[symbol].is_asked_for = False
            patience = self._patience.get(symbol, PAUSE_SECS)
            self._patience[symbol] = min(2 * patience, LONGEST_PAUSE_SECS)
            instrument = self._loaded(symbol)
            if instrument is not None:
                self._on_changed(instrument)

    async def _give_way(self, number: int) -> None:
        if not number % _CHUNK:
            await self._timing.sleep(0)

    def _fail(self, text: str) -> None:
        """Say what went wrong once, until something is read again."""
        say = self._log.debug if self._is_failing else self._log.warning
        self._is_failing = True
        say(text)

    def _keep(self, symbol: str, reason: _Due) -> None:
        self._due.setdefault(symbol, _Due(readings=reason.readings)).take_over(reason)

    def _loaded(self, symbol: str) -> Instrument | None:
        try:
            return self._provider.find(instrument_id_of(symbol))
        except DecodeError:
            return None

    def _is_behind(self, symbol: str, reason: _Due) -> bool:
        """If REST does not show yet what the stream told, and may soon."""
        market = self._provider.market(symbol)
        if market is None:
            return reason.is_new and reason.readings < MOST_READINGS_OF_NEW
        behind = disagreements(reason.changes, market)
        if behind and reason.readings >= MOST_READINGS:
            self._log.error(f"REST does not show the change of {symbol}: {', '.join(behind)}")
            return False
        return bool(behind)

    # -- EVENTS ------------------------------------------------------------------------------------

    def _remember(self, event: MarketEvent) -> None:
        self._newest_ms = max(self._newest_ms, event.updated_at)
        self._recent[_key(event)] = None
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]

    def _warn_of(self, event: MarketEvent) -> None:
        kind = event.event_type
        if kind not in self._unknown and len(self._unknown) < _WARNINGS:
            self._unknown.add(kind)
            self._log.warning(
                f"Market events of type {kind!r} ({event.symbol}) are not modelled: the market is "
                "read again"
            )


def _time(event: MarketEvent) -> int:
    return event.updated_at


def _key(event: MarketEvent) -> tuple[str, str, int]:
    return event.symbol, event.event_type, event.updated_at
