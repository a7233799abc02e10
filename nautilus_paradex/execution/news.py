"""What the private stream says, and who of the room is told."""

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus

from nautilus_paradex.execution.assembly import Room
from nautilus_paradex.execution.health import publish_health
from nautilus_paradex.execution.keeping import Keeping
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.stream import ParadexStream
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.connection import ConnectionState
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.events import AccountSummary
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.events import Position
from nautilus_paradex.protocol.messages import MmpEvent
from nautilus_paradex.protocol.messages.trading import BalanceEvent
from nautilus_paradex.protocol.messages.trading import Tradebust
from nautilus_paradex.protocol.messages.trading import Transfer


#: Without these nothing can be executed safely.
_REQUIRED_CHANNELS: Final = (
    channels.orders(),
    channels.fills(),
    channels.account(),
)
_BALANCES: Final = channels.balance_events()
ACCOUNT_CHANNELS: Final = (
    *_REQUIRED_CHANNELS,
    _BALANCES,
    channels.positions(),
    channels.tradebusts(),
    channels.transfers(),
)

#: Balances that no event brings are read so long after a fill: one reading for a burst, seconds.
_BALANCE_DELAY_SECS: Final = 0.5


class AccountNews:
    """
    Hears the private stream; the stream is built with it, before the parts that it tells.

    Parameters
    ----------
    msgbus : MessageBus
        Where the stream's health is published.
    clock : LiveClock
        The framework's clock.
    link : Link
        The account's way to the venue.
    spawn : Callable
        Runs a coroutine as a task of the room.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        msgbus: MessageBus,
        clock: LiveClock,
        link: Link,
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        log: Logger,
    ) -> None:
        self._msgbus = msgbus
        self._clock = clock
        self._link = link
        self._spawn = spawn
        self._log = log
        self._stream: ParadexStream
        self._room: Room
        self._keeping: Keeping
        self.positions: dict[str, Position] = {}
        """What the stream said last of each market."""
        self.expects_gaps = False
        """If a new connection is reconciled: the framework's start-up does it for the first one."""

    def tell(self, stream: ParadexStream, room: Room, keeping: Keeping) -> None:
        """Name who is told what this stream says; called before it is started."""
        self._stream = stream
        self._room = room
        self._keeping = keeping

    def on_stream_event(self, event: Any) -> None:
        """Take what the private stream says."""
        keeping, room = self._keeping, self._room
        match event:
            case OrderUpdate():
                keeping.memory.note("order", event.order_id)
                room.follower.on_stream(event)
                room.protection.on_order(event)
            case Fill():
                keeping.memory.note("position", event.market)
                room.follower.on_stream(event)
                instrument = room.reports.instrument(event.market)
                if keeping.account.moves_other_tokens(event, instrument) or (
                    not self._stream.is_confirmed(_BALANCES)
                ):
                    self._read_balances_soon()
            case AccountSummary():
                keeping.account.on_summary(event)
            case BalanceEvent():
                keeping.account.on_balance_event(event)
            case Position():
                # Never streamed to the framework: it would open a second position (P18).
                self.positions[event.market] = event
            case Transfer():
                self._read_balances_soon()
            case MmpEvent():
                room.protection.on_event(event)
            case Tradebust():
                self._log.error(f"The venue busted a trade: {event}")
                keeping.recovery.soon("a trade was busted")

    def _read_balances_soon(self) -> None:
        # Balance events tell the settlement asset only; other tokens are read.
        work = self._keeping.account.refresh_later(_BALANCE_DELAY_SECS)
        self._spawn(work, "read the balances")

    def on_stream_fault(self, error: ParadexError) -> None:
        """Prove by REST what could not be understood."""
        self._log.error(f"The private stream brought something that is not understood: {error}")
        self._keeping.recovery.soon(str(error))

    def on_stream_state(self, state: ConnectionState) -> None:
        """Remember since when news may be missing; a release may be why (E14)."""
        fallback = self._keeping.fallback
        status = self._stream.status()
        fallback.look(failed_attempts=status.failed_attempts, healthy=status.healthy)
        publish_health(self._msgbus, status, self._clock, degraded=fallback.is_active)
        if state is ConnectionState.WAITING:
            self._link.system_state.hint()
            self._keeping.recovery.note_gap(self._stream.settings.idle_timeout)

    def on_stream_refusal(self, channel: channels.Channel, error: ParadexError) -> None:
        """Say which channel the venue refuses."""
        if channel == channels.mmp():
            self._room.protection.on_refusal(error)
        else:
            self._log.error(f"The venue refuses {channel.name}: {error}")

    async def on_stream_restored(self, epoch: int) -> None:
        """
        Prove that nothing was missed since the last connection (S4, E10).

        Raises
        ------
        ParadexError
            If the account cannot be read, or a channel is missing that nothing works without.

        """
        missing = [c.name for c in _REQUIRED_CHANNELS if not self._stream.is_confirmed(c)]
        if missing:
            raise TransportError(f"the venue does not serve {', '.join(missing)}", sent=False)
        self._room.protection.on_restored()
        if not self.expects_gaps:
            return
        await self._keeping.recovery.close_gap()
        self._log.info(f"Private stream reconciled, connection {epoch}")
