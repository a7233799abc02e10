"""
Which markets the venue sends summaries of.

A scoped ``markets_summary`` subscription carries the markets that somebody wants and no others;
``modify_subscription`` changes it in place (PROTOCOL 6.2). Where very many are wanted, the channel
of all markets is simpler for both sides. One task brings the venue's side up to what is wanted, so
that thousands of wishes in a moment become a few requests, and never two at once.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from enum import Enum
from enum import auto
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import ALL
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError


#: From how many markets on the channel of all of them is taken; left below half of it.
FIREHOSE_FROM: Final = 300

#: Markets that are added or removed by one request.
REQUEST_SIZE: Final = 100

#: Wishes that come within this time become one request.
GATHER_SECS: Final = 0.02

#: Refusals of single markets, before anything was ever taken, that mean the method and no market.
_HOPELESS: Final = 3

#: A subscription that was acknowledged and says nothing for so long is dead (rule S2).
PATIENCE_SECS: Final = 30.0

#: Between two tries of what the venue only refuses for now, doubling.
RETRY_SECS: Final = 1.0
RETRY_MAX_SECS: Final = 60.0

_USER: Final = "summaries"
_FIREHOSE: Final = channels.markets_summary(ALL)


class ScopeStreams(Protocol):
    """What is needed of the sockets."""

    async def subscribe(self, channel: Channel, user: str = "") -> None:
        """Let a user have a channel."""

    async def unsubscribe(self, channel: Channel, user: str = "") -> None:
        """Let a user leave a channel."""

    async def rescope(self, channel: Channel) -> None:
        """Change the markets of a scoped channel in place."""


class _Way(Enum):
    """How summaries are subscribed to."""

    NONE = auto()
    SCOPED = auto()
    FIREHOSE = auto()


class _HopelessError(Exception):
    """The venue refuses whatever is asked."""


class SummaryScope:
    """
    Makes the venue's subscription follow the markets that are wanted.

    Parameters
    ----------
    streams : ScopeStreams
        The sockets.
    spawn : Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
        Runs work in the background.
    timing : Timing
        Sleep.
    log : Log
        The room's log.
    firehose_from : int, default FIREHOSE_FROM
        From how many markets on all of them are subscribed to.

    """

    def __init__(
        self,
        streams: ScopeStreams,
        *,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        timing: Timing,
        log: Log,
        firehose_from: int = FIREHOSE_FROM,
    ) -> None:
        self._streams = streams
        self._spawn = spawn
        self._timing = timing
        self._log = log
        self._firehose_from = firehose_from
        self._wanted: set[str] = set()
        #: Markets that the venue refuses; asked for again when they are wanted anew.
        self._refused: set[str] = set()
        self._way = _Way.NONE
        self._held: set[str] = set()
        self._may_scope = True
        self._may_modify = True
        self._may_firehose = True
        self._hopeless_pause = RETRY_SECS
        #: If a reconnect could not bring the subscription back.
        self._is_lost = False
        self._refusals = 0
        self._last_refusal = ""
        self._took_scope = False
        self._took_change = False
        self._task: asyncio.Task[None] | None = None

    # -- WISHES ------------------------------------------------------------------------------------

    def add(self, market: str) -> None:
        """Want a market's summaries."""
        self._wanted.add(market)
        self._refused.discard(market)
        self._converge_soon()

    def remove(self, market: str) -> None:
        """Want them no longer."""
        self._wanted.discard(market)
        self._refused.discard(market)
        self._converge_soon()

    def on_refusal(self, channel: Channel) -> None:
        """Take notice that a reconnect could not bring the channel back: it is built up again."""
        if channel.name in (_scoped([]).name, _FIREHOSE.name) and self._way is not _Way.NONE:
            self._is_lost = True
            self._converge_soon()

    async def watch(
        self, frames: Callable[[], int], is_confirmed: Callable[[Channel], bool]
    ) -> None:
        """
        Find a scope that was acknowledged and says nothing, and do without it (S2).

        Parameters
        ----------
        frames : Callable[[], int]
            How many summaries have come so far.
        is_confirmed : Callable[[Channel], bool]
            If a channel is confirmed on a healthy socket.

        """
        before, was_confirmed = frames(), False
        while True:
            await self._timing.sleep(PATIENCE_SECS)
            channel = _scoped(self._held)
            confirmed = self._way is _Way.SCOPED and is_confirmed(channel)
            if confirmed and was_confirmed and frames() == before:
                self._log.error(
                    f"The venue acknowledged {channel.name} with a scope, and is silent"
                )
                self._may_scope = False
                self._converge_soon()
            before, was_confirmed = frames(), confirmed

    # -- CONVERGING --------------------------------------------------------------------------------

    @property
    def _target(self) -> set[str]:
        return self._wanted - self._refused

    def _target_way(self) -> _Way:
        count = len(self._target)
        if not count:
            return _Way.NONE
        if not self._may_scope:
            return _Way.FIREHOSE
        if not self._may_firehose:
            return _Way.SCOPED
        is_many = count >= self._firehose_from
        is_still_many = self._way is _Way.FIREHOSE and 2 * count >= self._firehose_from
        return _Way.FIREHOSE if is_many or is_still_many else _Way.SCOPED

    def _converge_soon(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._spawn(self._converge(), "follow the scope of summaries")

    async def _converge(self) -> None:
        await self._timing.sleep(GATHER_SECS)
        while not self._is_there():
            try:
                await self._step()
            except _HopelessError as e:
                self._fall_back(e)
            await self._timing.sleep(0)

    def _is_there(self) -> bool:
        way = self._target_way()
        return (
            not self._is_lost
            and not self._is_hopeless
            and way is self._way
            and (way is not _Way.SCOPED or self._held == self._target)
        )

    async def _step(self) -> None:
        if self._is_lost:
            await self._leave_lost()
        if self._is_hopeless:
            # The markets that might have proved the way are not wanted any more.
            raise _HopelessError(self._last_refusal)
        way = self._target_way()
        if way is self._way:
            await self._modify()
            return
        before, held = self._way, self._held
        if way is _Way.FIREHOSE:
            if not await self._take_firehose():
                return
        elif way is _Way.SCOPED:
            await self._enter_scope()
        else:
            self._way, self._held = way, set()
        # The old way is left after the new one is there: nothing is missed between.
        if before is _Way.FIREHOSE and self._way is not before:
            await self._streams.unsubscribe(_FIREHOSE, _USER)
        elif before is _Way.SCOPED and self._way is not before:
            await self._streams.unsubscribe(_scoped(held), _USER)

    async def _leave_lost(self) -> None:
        """Begin anew with what a reconnect could not bring back."""
        self._is_lost = False
        way, held = self._way, self._held
        self._way, self._held = _Way.NONE, set()
        if way is not _Way.NONE:
            gone = _FIREHOSE if way is _Way.FIREHOSE else _scoped(held)
            await self._streams.unsubscribe(gone, _USER)

    async def _take_firehose(self) -> bool:
        try:
            await self._ask(self._streams.subscribe, _FIREHOSE, _USER)
        except VenueError as e:
            await self._streams.unsubscribe(_FIREHOSE, _USER)
            await self._without_firehose(e)
            return False
        self._way, self._held = _Way.FIREHOSE, set()
        self._hopeless_pause = RETRY_SECS
        return True

    async def _enter_scope(self) -> None:
        """Subscribe with as many of the markets as are asked for at once."""
        batch = sorted(self._target)[:REQUEST_SIZE]
        try:
            await self._enter_with(batch)
        except VenueError as e:
            await self._halve(batch, e, self._enter_with)

    async def _enter_with(self, batch: list[str]) -> None:
        if self._way is _Way.SCOPED:
            await self._change(self._held | set(batch))
            return
        channel = _scoped(batch)
        try:
            await self._ask(self._streams.subscribe, channel, _USER)
        except VenueError:
            await self._streams.unsubscribe(channel, _USER)
            raise
        self._accepted(set(batch))

    async def _modify(self) -> None:
        gone = self._held - self._target
        new = sorted(self._target - self._held)[:REQUEST_SIZE]
        if gone:
            kept = self._held - set(sorted(gone)[:REQUEST_SIZE])
            if kept:
                await self._try_change(kept, [])
                return
            # A scope must not be empty in between: what that means is the venue's secret.
        kept = self._held & self._target
        await self._try_change(kept | set(new), new)

    async def _try_change(self, scope: set[str], new: list[str]) -> None:
        try:
            await self._change(scope)
        except VenueError as e:
            if not new:
                raise _HopelessError(str(e)) from e
            await self._halve(new, e, self._add)

    async def _add(self, batch: list[str]) -> None:
        await self._change(self._held | set(batch))

    async def _change(self, scope: set[str]) -> None:
        if self._may_modify:
            await self._ask(self._streams.rescope, _scoped(scope))
        else:
            await self._exchange(_scoped(self._held), _scoped(scope))
        self._accepted(scope)

    async def _exchange(self, old: Channel, new: Channel) -> None:
        """Subscribe anew with another scope; with the old one if the venue refuses it."""
        await self._streams.unsubscribe(old, _USER)
        try:
            await self._ask(self._streams.subscribe, new, _USER)
        except VenueError:
            await self._streams.unsubscribe(new, _USER)
            await self._ask(self._streams.subscribe, old, _USER)
            raise

    async def _ask(self, request: Callable[..., Coroutine[Any, Any, None]], *what: Any) -> None:
        """
        Ask, again and again while the venue only refuses for now (rate limit, internal error).

        Without an answer the stream reconnects and asks for the newest scope itself.
        """
        pause = RETRY_SECS
        while True:
            try:
                await request(*what)
            except TransportError as e:
                self._log.warning(f"The scope of summaries waits for a reconnect: {e}")
            except VenueError as e:
                # Says nothing of the markets that were asked for, nor of what the venue can do.
                if not e.transient:
                    raise
                self._log.warning(f"Summaries are asked for again in {pause:g} s: {e}")
                await self._timing.sleep(pause)
                pause = min(2 * pause, RETRY_MAX_SECS)
                continue
            return

    async def _halve(
        self,
        batch: list[str],
        error: VenueError,
        work: Callable[[list[str]], Coroutine[Any, Any, None]],
    ) -> None:
        """Find the markets that the venue refuses, and do the work for the others."""
        if len(batch) == 1:
            self._refuse(batch[0], error)
            return
        middle = len(batch) // 2
        for half in (batch[:middle], batch[middle:]):
            try:
                await work(half)
            except VenueError as e:
                await self._halve(half, e, work)

    def _refuse(self, market: str, error: VenueError) -> None:
        self._refusals += 1
        self._refused.add(market)
        self._log.error(f"The venue refuses summaries of {market}: {error}")
        self._last_refusal = str(error)
        if self._is_hopeless:
            raise _HopelessError(self._last_refusal) from error

    def _accepted(self, scope: set[str]) -> None:
        if self._way is _Way.SCOPED:
            self._took_change = True
        self._took_scope = True
        self._way, self._held = _Way.SCOPED, scope
        self._refusals = 0

    @property
    def _is_hopeless(self) -> bool:
        """If nothing says that the refusals are the markets' and not the way's."""
        return (
            bool(self._refused & self._wanted)
            and not self._is_proven
            and (self._refusals >= _HOPELESS or self._target <= self._held)
        )

    @property
    def _is_proven(self) -> bool:
        """If the venue has taken a request of this kind before, so that a refusal is a market's."""
        if self._way is not _Way.SCOPED:
            return self._took_scope
        return self._took_change or not self._may_modify

    # -- FALLING BACK ------------------------------------------------------------------------------

    def _fall_back(self, error: Exception) -> None:
        """Do without what the venue refuses whatever is asked."""
        self._refused.clear()
        self._refusals = 0
        if self._way is _Way.SCOPED and self._may_modify:
            self._may_modify = False
            way = "each change subscribes anew"
        else:
            self._may_scope = False
            way = "summaries of all markets are subscribed to"
        self._log.warning(f"The venue does not take a scope of markets; {way}: {error}")

    async def _without_firehose(self, error: VenueError) -> None:
        """Do with scopes of any size; where there are none either, begin anew after a while."""
        self._may_firehose = False
        if self._may_scope:
            self._log.warning(f"The venue refuses summaries of all markets at once: {error}")
            return
        pause = self._hopeless_pause
        self._log.error(f"The venue serves no summaries; asking again in {pause:g} s: {error}")
        self._hopeless_pause = min(2 * pause, RETRY_MAX_SECS)
        await self._timing.sleep(pause)
        self._may_scope = self._may_modify = self._may_firehose = True


def _scoped(markets: set[str] | list[str]) -> Channel:
    return channels.markets_summary(markets=sorted(markets))
