"""The channels that a stream is asked for, and what the venue has confirmed (rule S2)."""

from collections.abc import Iterator

from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.subscription import WANTED_STATES
from nautilus_paradex.protocol.subscription import SubscriptionInput
from nautilus_paradex.protocol.subscription import SubscriptionState
from nautilus_paradex.protocol.subscription import advance


class Subscriptions:
    """The subscriptions of one stream, by channel name."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._states: dict[str, SubscriptionState] = {}

    def __len__(self) -> int:
        return len(self._states)

    def state(self, name: str) -> SubscriptionState:
        """Return a channel's state; GONE if nobody wants it."""
        return self._states.get(name, SubscriptionState.GONE)

    def is_confirmed(self, name: str) -> bool:
        """If the venue has acknowledged the channel on the present connection."""
        return self.state(name) is SubscriptionState.CONFIRMED

    def channel(self, name: str) -> Channel | None:
        """Return the channel of a name with its newest scope; None if nobody wants it."""
        return self._channels.get(name)

    def replace(self, channel: Channel) -> None:
        """Let a subscription have another scope from its next request on."""
        if channel.name in self._channels:
            self._channels[channel.name] = channel

    def want(self, channel: Channel) -> SubscriptionState:
        """Note that somebody wants a channel."""
        self._channels[channel.name] = channel
        if channel.name not in self._states:
            self._states[channel.name] = SubscriptionState.WANTED
            return SubscriptionState.WANTED
        return self.feed(channel.name, SubscriptionInput.WANT)

    def feed(self, name: str, event: SubscriptionInput) -> SubscriptionState:
        """Take an input into account and return the new state."""
        if name not in self._states:
            return SubscriptionState.GONE
        state = advance(self._states[name], event)
        if state is SubscriptionState.GONE:
            del self._states[name]
            del self._channels[name]
        else:
            self._states[name] = state
        return state

    def feed_all(self, event: SubscriptionInput) -> None:
        """Take an input of the whole connection into account."""
        for name in list(self._states):
            self.feed(name, event)

    def wanted(self) -> Iterator[Channel]:
        """Yield the channels to ask for on this connection."""
        for name, state in list(self._states.items()):
            if state in (SubscriptionState.WANTED, SubscriptionState.REFUSED):
                yield self._channels[name]

    def names(self) -> list[str]:
        """Return the names of the channels that are wanted."""
        return [name for name, state in self._states.items() if state in WANTED_STATES]

    @property
    def confirmed_count(self) -> int:
        """How many channels the venue has confirmed."""
        confirmed = SubscriptionState.CONFIRMED
        return sum(1 for state in self._states.values() if state is confirmed)
