"""
The sockets of a data client.

One socket carries nearly everything; a second book of the same market, and the feeds with RPI
liquidity, need others, since a frame does not name its channel (`protocol/placement.py`). A channel
is asked for once, whatever the number of its users, and left with the last of them.
"""

from collections.abc import Callable
from typing import Any
from typing import Protocol

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.network.stream import ParadexStream
from nautilus_paradex.network.stream import StreamHandler
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.connection import ConnectionState
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.placement import Placement


class StreamsHandler(Protocol):
    """The room that owns the sockets; only `on_restored` may await (S9)."""

    def on_event(self, event: Any, socket: int) -> None:
        """Take what a socket says."""

    def on_fault(self, error: ParadexError) -> None:
        """Take notice of a frame that could not be understood."""

    def on_socket_lost(self, carried: list[Channel]) -> None:
        """Take notice that these channels say nothing any more (S3)."""

    def on_refusal(self, channel: Channel, error: ParadexError) -> None:
        """Take notice of a subscription that the venue refused."""

    def on_state(self) -> None:
        """Take notice that a socket's health may have changed (S8)."""

    async def on_restored(self, socket: int, epoch: int) -> None:
        """Find out what was missed while a socket was away."""


type StreamOpener = Callable[[int, StreamHandler], ParadexStream]


class MarketStreams:
    """
    The sockets, and what is subscribed on them.

    Parameters
    ----------
    open_stream : StreamOpener
        Makes the stream of a socket, by its number; it is started here.
    handler : StreamsHandler
        The room.
    log : Log
        The room's log.
    placement : Placement, optional
        Where channels go.

    """

    def __init__(
        self,
        open_stream: StreamOpener,
        handler: StreamsHandler,
        log: Log,
        placement: Placement | None = None,
    ) -> None:
        self._open_stream = open_stream
        self._handler = handler
        self._log = log
        self.placement = placement or Placement()
        self._users: dict[Channel, set[str]] = {}
        self._is_open = False
        self._streams: dict[int, ParadexStream] = {0: self._make(0)}

    # -- LIFE --------------------------------------------------------------------------------------

    async def open(self, deadline_secs: float) -> None:
        """
        Open the first socket, and those of channels that were wanted before a close.

        Raises
        ------
        ParadexError
            If it is not healthy within the deadline.

        """
        # A socket without a subscription is closed by the venue (4031): this one always has one.
        await self.subscribe(channels.markets(), "listings")
        for number in self.placement.sockets:
            stream = self._streams.get(number)
            if stream is None or stream.state is ConnectionState.CLOSED:
                stream = self._streams[number] = self._make(number)
                for channel in self.placement.on_socket(number):
                    await stream.subscribe(channel)
            stream.start()
        self._is_open = True
        try:
            await self._streams[0].wait_healthy(deadline_secs)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close all sockets."""
        self._is_open = False
        for stream in list(self._streams.values()):
            await stream.close()

    @property
    def is_healthy(self) -> bool:
        """If every socket is healthy."""
        return bool(self._streams) and all(s.is_healthy for s in self._streams.values())

    def is_healthy_for(self, channel: Channel) -> bool:
        """If a channel is confirmed on a healthy socket."""
        stream = self._stream_of(channel)
        return stream is not None and stream.is_healthy and stream.is_confirmed(channel)

    def statuses(self) -> list[StreamStatus]:
        """Return the health of each socket."""
        return [self._streams[number].status() for number in sorted(self._streams)]

    @property
    def user_count(self) -> int:
        """How many users all channels have."""
        return sum(len(users) for users in self._users.values())

    # -- CHANNELS ----------------------------------------------------------------------------------

    async def subscribe(self, channel: Channel, user: str = "") -> None:
        """
        Let a user have a channel, now and after every reconnect.

        Raises
        ------
        ParadexError
            The venue's refusal, or no acknowledgement; it is asked again on the next connection.

        """
        users = self._users.setdefault(channel, set())
        users.add(user)
        if len(users) > 1:
            return
        number = self.placement.place(channel)
        stream = self._streams.get(number)
        if stream is None:
            stream = self._streams[number] = self._make(number)
            if self._is_open:
                stream.start()
        await stream.subscribe(channel)

    async def unsubscribe(self, channel: Channel, user: str = "") -> None:
        """Let a user leave a channel; the last one leaves it at the venue too."""
        users = self._users.get(channel)
        if users is None or user not in users:
            return
        users.discard(user)
        if users:
            return
        del self._users[channel]
        stream = self._stream_of(channel)
        if stream is not None:
            await self._leave(stream, channel)
        # While the venue was told, somebody may have come back.
        if channel in self._users:
            return
        emptied = self.placement.release(channel)
        if emptied is not None:
            await self._streams.pop(emptied).close()
            self._handler.on_state()

    async def resubscribe(self, channel: Channel) -> None:
        """
        Leave a channel and ask for it again: the venue answers with a new snapshot (S3).

        Raises
        ------
        ParadexError
            If the venue refuses it or does not answer.

        """
        stream = self._stream_of(channel)
        if stream is not None and channel in self._users:
            await stream.resubscribe(channel)

    async def rescope(self, channel: Channel) -> None:
        """
        Change the markets of a scoped channel in place.

        Raises
        ------
        ParadexError
            If the venue refuses the change or does not answer.

        """
        held = next((known for known in self._users if known.name == channel.name), None)
        stream = None if held is None else self._stream_of(held)
        if held is None or stream is None:
            raise TransportError(f"{channel.name} is not subscribed", sent=False)
        self._users[channel] = self._users.pop(held)
        try:
            await stream.rescope(channel)
        except VenueError:
            self._users[held] = self._users.pop(channel)
            raise

    def reconnect(self, channel: Channel, reason: str) -> None:
        """Give the socket of a channel up and open another in its place."""
        stream = self._stream_of(channel)
        if stream is not None:
            stream.reconnect(reason)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _make(self, number: int) -> ParadexStream:
        return self._open_stream(number, _SocketHandler(number, self._handler, self))

    def _stream_of(self, channel: Channel) -> ParadexStream | None:
        number = self.placement.find(channel)
        return None if number is None else self._streams.get(number)

    async def _leave(self, stream: ParadexStream, channel: Channel) -> None:
        try:
            await stream.unsubscribe(channel)
        except ParadexError as e:
            # The stream does not want it any more: at the latest a reconnect ends it.
            self._log.warning(f"Unsubscribing {channel.name} was not confirmed: {e}")


class _SocketHandler:
    """Says which socket it was."""

    def __init__(self, number: int, handler: StreamsHandler, streams: MarketStreams) -> None:
        self._number = number
        self._handler = handler
        self._streams = streams

    def on_stream_event(self, event: Any) -> None:
        """Take what the socket says."""
        self._handler.on_event(event, self._number)

    def on_stream_fault(self, error: ParadexError) -> None:
        """Take notice of a frame that could not be understood."""
        self._handler.on_fault(error)

    def on_stream_state(self, state: ConnectionState) -> None:
        """Take notice of a state change."""
        if state in (ConnectionState.WAITING, ConnectionState.CLOSED):
            self._handler.on_socket_lost(self._streams.placement.on_socket(self._number))
        self._handler.on_state()

    def on_stream_refusal(self, channel: Channel, error: ParadexError) -> None:
        """Take notice of a subscription that the venue refused."""
        self._handler.on_refusal(channel, error)

    async def on_stream_restored(self, epoch: int) -> None:
        """Find out what was missed."""
        await self._handler.on_restored(self._number, epoch)
