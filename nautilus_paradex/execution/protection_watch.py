"""
Market-maker protection followed: the channel ``mmp``, REST where it is silent (PROTOCOL 4.2, 6.4).

The stream is newer than any answer: what it tells while a request is on its way stands.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.identifiers import AccountId

from nautilus_paradex.execution.health import publish
from nautilus_paradex.execution.protection_terms import freeze_text
from nautilus_paradex.network.log import Log
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.protection import READ
from nautilus_paradex.parsing.protection import TRIGGERED
from nautilus_paradex.parsing.protection import is_news
from nautilus_paradex.parsing.protection import parse_protection
from nautilus_paradex.parsing.protection import parse_protection_event
from nautilus_paradex.parsing.protection import removed_protection
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.messages import AccountMmp
from nautilus_paradex.protocol.messages import MmpConfig
from nautilus_paradex.protocol.messages import MmpEvent
from nautilus_paradex.protocol.messages import MmpRequest
from nautilus_paradex.protocol.messages import MmpReset
from nautilus_paradex.types import ParadexMarketMakerProtection


CHANNEL: Final = channels.mmp()

_NS_PER_MS: Final = 1_000_000
#: How long after its time the word of a freeze's end is waited for.
_THAW_GRACE_SECS: Final = 2.0
#: How long the word of a trip may come after the order that it cancels.
_TRIP_GRACE_SECS: Final = 1.0
#: When an answer was not the whole truth is asked again.
_AGAIN_SECS: Final = 1.0
_RETRY_SECS: Final = 5.0
#: How often a freeze without an end is asked for where the channel is not served.
_POLL_SECS: Final = 15.0
_FREEZE_REASONS: Final = frozenset({"MMP_TRIGGERED", "MMP_FROZEN"})


class ProtectionClient(Protocol):
    """The REST calls that read and set it."""

    @property
    def clock_offset_ms(self) -> int:
        """What must be added to our clock to get the venue's."""

    async def mmp(self, base_asset: str | None = None) -> AccountMmp:
        """Return the protection of a base asset, or of all."""

    async def set_mmp(self, base_asset: str, request: MmpRequest) -> MmpConfig:
        """Replace the protection of a base asset."""

    async def delete_mmp(self, base_asset: str) -> None:
        """Switch the protection of a base asset off."""

    async def reset_mmp(self, base_asset: str | None = None) -> list[MmpReset]:
        """Thaw a base asset, or all."""


class ChannelSource(Protocol):
    """The private stream."""

    async def subscribe(self, channel: Channel) -> None:
        """Want a channel."""

    def is_confirmed(self, channel: Channel) -> bool:
        """If the venue serves it on the present connection."""


class ProtectionWatch:
    """
    What is known of an account's market-maker protection by base asset, kept and told.

    Parameters
    ----------
    account_id : AccountId
        Whose it is.
    rest : ProtectionClient
        REST.
    stream : ChannelSource
        The private stream.
    msgbus : MessageBus
        Where states are published as `ParadexMarketMakerProtection`.
    clock : LiveClock
        The framework's clock.
    timing : Timing
        Clock and sleep.
    spawn : Callable[[Coroutine, str], object]
        Runs work in the background.
    log : Log
        The room's log.

    """

    def __init__(
        self,
        *,
        account_id: AccountId,
        rest: ProtectionClient,
        stream: ChannelSource,
        msgbus: MessageBus,
        clock: LiveClock,
        timing: Timing,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        log: Log,
    ) -> None:
        self._rest = rest
        self._stream = stream
        self._msgbus = msgbus
        self._clock = clock
        self._timing = timing
        self._spawn = spawn
        self._log = log
        self._account_id = account_id
        self._states: dict[str, ParadexMarketMakerProtection] = {}
        self._event_count = 0
        self._last_events: dict[str, int] = {}
        self._is_followed = False
        self._is_refusal_told = False
        self._reading = asyncio.Lock()
        self._refresh_number = 0
        self._watched: set[str] = set()
        self._suspected: set[str] = set()

    # -- STATE -------------------------------------------------------------------------------------

    def state(self, base_asset: str) -> ParadexMarketMakerProtection | None:
        """Return the last known state of a base asset; None if nothing is known of it."""
        return self._states.get(base_asset)

    def states(self) -> dict[str, ParadexMarketMakerProtection]:
        """Return the last known states by base asset."""
        return dict(self._states)

    def is_frozen(self, base_asset: str) -> bool:
        """If orders with the flag are refused now, as far as is known."""
        state = self.state(base_asset)
        return state is not None and bool(state.is_frozen)

    # -- FOLLOWING ---------------------------------------------------------------------------------

    async def follow(self) -> None:
        """
        Follow the protection from now on: its channel, and its state after every reconnect.

        A venue that does not serve the channel is asked by REST instead: after orders that a
        freeze ended, at a freeze's end, and whenever `read` is called.
        """
        if self._is_followed:
            return
        self._is_followed = True
        try:
            await self._stream.subscribe(CHANNEL)
        except VenueError as e:
            self.on_refusal(e)
        except TransportError as e:
            self._log.debug(f"[MMP] the channel waits for the next connection: {e}")

    def follow_soon(self) -> None:
        """Follow, with the present state, without waiting for it; for the first protected order."""
        if not self._is_followed:
            self._refresh_soon()

    # -- STREAM ------------------------------------------------------------------------------------

    def on_event(self, event: MmpEvent) -> None:
        """Take what the channel says."""
        base_asset = event.base_asset
        self._event_count += 1
        self._last_events[base_asset] = self._event_count
        try:
            state = parse_protection_event(
                event, self._states.get(base_asset), self._account_id, self._now_ns()
            )
        except WireError as e:
            self._log.error(f"[MMP] {event} cannot be read: {e}")
            state = None
        if state is None:
            self._log.warning(f"[MMP] {base_asset}: {event.kind!r} is not understood, reading it")
            self._refresh_soon()
            return
        self._take(state, is_certain_news=event.kind == TRIGGERED)
        if state.is_frozen is None:
            self._refresh_soon()

    def on_order(self, update: OrderUpdate) -> None:
        """Look behind an order that a freeze ended, should no word of the freeze come."""
        if not self._is_followed or update.cancel_reason not in _FREEZE_REASONS:
            return
        base_asset = update.market.partition("-")[0]
        if not self.is_frozen(base_asset) and base_asset not in self._suspected:
            self._suspected.add(base_asset)
            self._spawn(self._look_behind(base_asset), f"read the protection of {base_asset}")

    def on_refusal(self, error: ParadexError) -> None:
        """Take notice that the venue does not serve the channel."""
        if not self._is_refusal_told:
            self._is_refusal_told = True
            self._log.warning(f"[MMP] the venue does not serve the channel: {error}")

    def on_restored(self) -> None:
        """Read what was missed while the stream was down."""
        if self._is_followed:
            self._refresh_soon()

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _now_ns(self) -> int:
        return int(self._clock.timestamp_ns())

    def _is_unheard(self, base_asset: str, mark: int) -> bool:
        """If the stream, which is newer than any answer, told nothing since a request was sent."""
        return self._last_events.get(base_asset, 0) <= mark

    async def _read(self, base_asset: str | None) -> bool:
        """Read and take what is newer than the stream's word; return if that was everything."""
        async with self._reading:  # the later answer is the newer one
            mark = self._event_count
            answer = await self._rest.mmp(base_asset)
        now_ns = self._now_ns()
        configs = {config.base_asset: config for config in answer.results}
        asked = {*configs, *self._states} if base_asset is None else {base_asset}
        is_whole = True
        for name in sorted(asked):
            if not self._is_unheard(name, mark):
                is_whole = False
                continue
            config = configs.get(name)
            if config is None:
                self._take(removed_protection(name, self._account_id, READ, now_ns))
                continue
            before = self._states.get(name)
            self._take(parse_protection(name, config, before, self._account_id, READ, now_ns))
            is_whole = is_whole and config.is_frozen is not None
        return is_whole

    def _refresh_soon(self) -> None:
        self._refresh_number += 1
        work = self._refresh(self._refresh_number)
        self._spawn(work, "read the market-maker protection")

    async def _refresh(self, number: int) -> None:
        """Read until everything is known, or somebody else wants it read anew."""
        await self.follow()
        while number == self._refresh_number:
            try:
                is_whole, pause = await self._read(None), _AGAIN_SECS
            except ParadexError as e:
                self._log.warning(f"[MMP] the protection cannot be read: {e}")
                # A refusal of the venue's own stands until something else happens.
                is_whole, pause = not e.transient and not e.outcome_unknown, _RETRY_SECS
            if is_whole:
                return
            await self._timing.sleep(pause)

    async def _look_behind(self, base_asset: str) -> None:
        await self._timing.sleep(_TRIP_GRACE_SECS)
        self._suspected.discard(base_asset)
        if not self.is_frozen(base_asset):
            self._refresh_soon()

    async def _watch_freeze(self, base_asset: str) -> None:
        """Ask for a freeze's end if it is not told in time."""
        try:
            while (state := self.state(base_asset)) is not None and state.is_frozen:
                if state.frozen_until is None and self._stream.is_confirmed(CHANNEL):
                    return  # a reset is told
                await self._timing.sleep(self._secs_until_late(state))
                if self.state(base_asset) == state:
                    self._refresh_soon()
        finally:
            self._watched.discard(base_asset)

    def _secs_until_late(self, state: ParadexMarketMakerProtection) -> float:
        if state.frozen_until is None:
            return _POLL_SECS
        venue_ns = self._timing.time_ns() + self._rest.clock_offset_ms * _NS_PER_MS
        return max(0.0, (state.frozen_until - venue_ns) / 1e9) + _THAW_GRACE_SECS

    def _take(self, state: ParadexMarketMakerProtection, *, is_certain_news: bool = False) -> None:
        """Keep, log and publish a state, unless it says nothing new."""
        name = state.base_asset
        before = self._states.get(name)
        if not is_certain_news and not is_news(state, before):
            return
        self._states[name] = state
        if state.is_frozen and (is_certain_news or before is None or not before.is_frozen):
            self._log.warning(freeze_text(state))
        elif state.is_frozen is False and before is not None and before.is_frozen:
            self._log.info(f"[MMP] Paradex takes protected orders of {name} again")
        if state.is_frozen and name not in self._watched:
            self._watched.add(name)
            self._spawn(self._watch_freeze(name), f"watch the freeze of {name}")
        publish(self._msgbus, state.to_custom_data())
