"""
Which socket carries which channel.

A binary frame names its template and its market, never its channel (PROTOCOL 7.6). So a socket
carries at most one channel for each of these pairs, and a frame then says by itself which channel
it belongs to. This also keeps to the venue's own rule of one book a market and socket (trap 7).
"""

from typing import Final

import msgspec

from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.channels import ChannelKind


#: Channels on one socket before the next is opened. The venue names no limit; two sockets of half
#: the load stay farther from its 2,000 unread frames than one.
SOCKET_CAPACITY: Final = 500

type Slot = tuple[str, str]


def slot_of(channel: Channel) -> Slot:
    """
    Return what a channel's frames can be told by: what they carry, and of which market.

    A channel of many markets has a slot of its own: its users see to it that it does not overlap
    with the channels of single markets.
    """
    return (_FAMILIES.get(channel.kind, channel.kind), channel.market or "")


_FAMILIES: Final[dict[ChannelKind, str]] = {
    ChannelKind.BOOK_DELTAS: "book",
    ChannelKind.BOOK_SNAPSHOT: "book",
}


class _Socket(msgspec.Struct):
    """What one socket carries."""

    interactive: bool
    """Feeds with RPI liquidity never share a socket with those without (trap 14)."""
    occupied: dict[Slot, Channel]


class Placement:
    """
    The sockets of one client and what is on them.

    Socket 0 is always there; others come with their first channel and go with their last, for the
    venue closes a socket without subscriptions (close code 4031, trap 9).

    Parameters
    ----------
    capacity : int, default SOCKET_CAPACITY
        The most channels on one socket.

    """

    def __init__(self, capacity: int = SOCKET_CAPACITY) -> None:
        self._capacity = capacity
        self._sockets: dict[int, _Socket] = {0: _Socket(interactive=False, occupied={})}

    @property
    def sockets(self) -> list[int]:
        """The numbers of the sockets in use."""
        return sorted(self._sockets)

    def place(self, channel: Channel) -> int:
        """Return the socket of a channel, a new one if no other can take it."""
        placed = self.find(channel)
        if placed is not None:
            return placed
        slot = slot_of(channel)
        for number in self.sockets:
            socket = self._sockets[number]
            if (
                socket.interactive == channel.interactive
                and slot not in socket.occupied
                and len(socket.occupied) < self._capacity
            ):
                socket.occupied[slot] = channel
                return number
        number = max(self._sockets) + 1
        self._sockets[number] = _Socket(interactive=channel.interactive, occupied={slot: channel})
        return number

    def find(self, channel: Channel) -> int | None:
        """Return the socket that carries a channel, by its name; None if there is none."""
        slot = slot_of(channel)
        for number in self.sockets:
            held = self._sockets[number].occupied.get(slot)
            if held is not None and _is_same(held, channel):
                return number
        return None

    def release(self, channel: Channel) -> int | None:
        """Give a channel's place up; return the socket if it is empty now and can be closed."""
        number = self.find(channel)
        if number is None:
            return None
        occupied = self._sockets[number].occupied
        del occupied[slot_of(channel)]
        if number == 0 or occupied:
            return None
        del self._sockets[number]
        return number

    def on_socket(self, number: int) -> list[Channel]:
        """Return the channels of a socket."""
        socket = self._sockets.get(number)
        return [] if socket is None else list(socket.occupied.values())

    def carrying(self, number: int, slot: Slot) -> Channel | None:
        """Return the channel that a frame on a socket belongs to; None if it has left."""
        socket = self._sockets.get(number)
        return None if socket is None else socket.occupied.get(slot)


def _is_same(held: Channel, channel: Channel) -> bool:
    # A scope changes in place; a chain of another base asset is another channel of the same name.
    return held.name == channel.name and held.base_asset == channel.base_asset
