"""Asking the venue for channels and leaving them, on whatever connection there is (rule S2)."""

import asyncio
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import Protocol

import msgspec

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.subscriptions import Subscriptions
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.subscription import SubscriptionInput
from nautilus_paradex.protocol.subscription import SubscriptionState


#: Requests in flight while subscriptions are restored: no burst, and no round trip each either.
_RESTORE_CONCURRENCY: Final = 32

#: What the venue says when a channel is already subscribed, or not: harmless (PROTOCOL 6.2).
_BENIGN_WORDS: Final = ("already", "duplicate", "not subscribed", "unknown subscription")


class Connection(Protocol):
    """What is needed of the stream."""

    @property
    def may_request(self) -> bool:
        """If channels can be asked for now; otherwise they wait for the restore."""

    async def call(self, method: str, params: Mapping[str, Any] | Sequence[Any]) -> msgspec.Raw:
        """Send a request and return its result."""

    def reconnect(self, reason: str) -> None:
        """Give the present socket up and open another."""


class ChannelRequests:
    """
    The subscriptions of a stream and the requests that make them true.

    Parameters
    ----------
    connection : Connection
        The stream.
    name : str
        The stream's name, for its log lines.
    log : Log
        Where it says what happens.

    """

    def __init__(self, connection: Connection, name: str, log: Log) -> None:
        self._connection = connection
        self._name = name
        self._log = log
        self.subscriptions = Subscriptions()

    async def subscribe(self, channel: Channel) -> None:
        """Want a channel; as `ParadexStream.subscribe`."""
        state = self.subscriptions.want(channel)
        if state is SubscriptionState.WANTED and self._connection.may_request:
            await self._request(channel)

    async def unsubscribe(self, channel: Channel) -> None:
        """Stop wanting a channel; as `ParadexStream.unsubscribe`."""
        before = self.subscriptions.state(channel.name)
        state = self.subscriptions.feed(channel.name, SubscriptionInput.LEAVE)
        if state is not SubscriptionState.LEAVING or before is SubscriptionState.LEAVING:
            return
        try:
            await self._connection.call("unsubscribe", {"channel": channel.name})
        except VenueError as e:
            self._log.debug(f"[{self._name}] unsubscribe {channel.name}: {e}")
        finally:
            state = self.subscriptions.feed(channel.name, SubscriptionInput.LEFT)
        wanted = self.subscriptions.channel(channel.name)
        if state is SubscriptionState.WANTED and wanted and self._connection.may_request:
            await self._request(wanted)

    async def rescope(self, channel: Channel) -> None:
        """Change the markets of a scoped channel; as `ParadexStream.rescope`."""
        before = self.subscriptions.channel(channel.name)
        if before is None:
            raise TransportError(f"{channel.name} is not subscribed", sent=False)
        self.subscriptions.replace(channel)
        # What is not confirmed is asked for with the new scope, or brought up to it when it is.
        if self.subscriptions.is_confirmed(channel.name) and self._connection.may_request:
            try:
                await self._modify(before, channel)
            except VenueError:
                self.subscriptions.replace(before)
                raise

    async def restore(self, on_refusal: Callable[[Channel, ParadexError], None]) -> None:
        """
        Ask for everything that is wanted on a new connection.

        Raises
        ------
        TransportError
            If the venue does not answer.

        """
        gate = asyncio.Semaphore(_RESTORE_CONCURRENCY)

        async def restore(channel: Channel) -> None:
            async with gate:
                try:
                    await self._request(channel)
                except VenueError as e:
                    on_refusal(channel, e)

        async with asyncio.TaskGroup() as group:
            for channel in self.subscriptions.wanted():
                group.create_task(restore(channel))

    # -- INTERNAL ----------------------------------------------------------------------------------

    async def _request(self, channel: Channel) -> None:
        name = channel.name
        self.subscriptions.feed(name, SubscriptionInput.REQUEST)
        try:
            await self._connection.call("subscribe", channel.subscribe_params)
        except VenueError as e:
            if not any(word in str(e).lower() for word in _BENIGN_WORDS):
                self.subscriptions.feed(name, SubscriptionInput.REFUSAL)
                raise
            self._log.debug(f"[{self._name}] subscribe {name}: {e}")
        except TransportError:
            # A socket that does not answer a request is sick, whatever else it still sends.
            self._connection.reconnect(f"no acknowledgement of {name}")
            raise
        state = self.subscriptions.feed(name, SubscriptionInput.ACK)
        wanted = self.subscriptions.channel(name)
        if state is SubscriptionState.CONFIRMED and wanted is not None:
            await self._modify(channel, wanted)

    async def _modify(self, before: Channel, after: Channel) -> None:
        """Tell the venue what has changed between two scopes of a channel, if anything has."""
        old, new = set(before.markets or ()), set(after.markets or ())
        if old == new or before.markets is None:
            return
        params = after.modify_params(add=sorted(new - old), remove=sorted(old - new))
        try:
            await self._connection.call("modify_subscription", params)
        except TransportError:
            self._connection.reconnect(f"no acknowledgement of the scope of {after.name}")
            raise
