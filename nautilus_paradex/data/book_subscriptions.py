"""
Which book channel an instrument's books come from, by the options of the subscription.

The framework has one stream of deltas and one of depth an instrument, and the first subscriber's
options win for all of them.
"""

from typing import Literal

import msgspec
from nautilus_trader.data.messages import SubscribeOrderBook
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.enums import book_type_to_str
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data.books import Books
from nautilus_paradex.data.recovery import BookRecovery
from nautilus_paradex.data.streams import MarketStreams
from nautilus_paradex.options import read_options
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.errors import EncodeError


_USER = "book"


class BookOptions(msgspec.Struct, frozen=True):
    """Options of a book's deltas."""

    interactive: bool = False
    """If RPI liquidity is included, as retail flow sees the book; it may cross (trap 14)."""


class DepthOptions(msgspec.Struct, frozen=True):
    """Options of a book's ten best levels."""

    interactive: bool = False
    refresh_ms: Literal[50, 100, 200, 400] = 100
    """50 or 100; 100, 200 or 400 for the interactive book."""
    price_tick: str | None = None
    """A step to group prices by, such as ``"10"`` or ``"0.5"``."""


class BookSubscriptions:
    """
    The book subscriptions of a data client.

    Parameters
    ----------
    books : Books
        Where frames go.
    recovery : BookRecovery
        Forgets what is no longer wanted.
    streams : MarketStreams
        The sockets.

    """

    def __init__(self, books: Books, recovery: BookRecovery, streams: MarketStreams) -> None:
        self._books = books
        self._recovery = recovery
        self._streams = streams
        self._deltas: dict[InstrumentId, Channel] = {}
        self._depths: dict[InstrumentId, Channel] = {}

    async def subscribe_deltas(self, command: SubscribeOrderBook, instrument: Instrument) -> None:
        """
        Give an instrument's book on as deltas.

        Raises
        ------
        ParadexError
            If the book type or an option is not there, or the venue refuses the channel.

        """
        _check_book_type(command)
        options = read_options(BookOptions, command.params)
        channel = channels.book_deltas(instrument.id.symbol.value, options.interactive)
        await self._subscribe(self._deltas, channel, instrument)

    async def subscribe_depth(self, command: SubscribeOrderBook, instrument: Instrument) -> None:
        """
        Give an instrument's ten best levels on.

        Raises
        ------
        ParadexError
            If the book type or an option is not there, or the venue refuses the channel.

        """
        _check_book_type(command)
        options = read_options(DepthOptions, command.params)
        channel = channels.book_snapshot(
            instrument.id.symbol.value,
            refresh_ms=options.refresh_ms,
            price_tick=options.price_tick,
            interactive=options.interactive,
        )
        await self._subscribe(self._depths, channel, instrument)

    async def unsubscribe_deltas(self, instrument_id: InstrumentId) -> None:
        """Give deltas on no longer."""
        await self._unsubscribe(self._deltas, instrument_id)

    async def unsubscribe_depth(self, instrument_id: InstrumentId) -> None:
        """Give the best levels on no longer."""
        await self._unsubscribe(self._depths, instrument_id)

    def send_again(self, instrument_id: InstrumentId) -> None:
        """Give a late subscriber of deltas the whole book (rule E16)."""
        channel = self._deltas.get(instrument_id)
        if channel is not None:
            self._books.send_again(channel)

    # -- INTERNAL ----------------------------------------------------------------------------------

    async def _subscribe(
        self, held: dict[InstrumentId, Channel], channel: Channel, instrument: Instrument
    ) -> None:
        before = held.get(instrument.id)
        if before is not None and before != channel:
            await self._unsubscribe(held, instrument.id)
        held[instrument.id] = channel
        self._books.want(channel, instrument)
        await self._streams.subscribe(channel, _USER)

    async def _unsubscribe(
        self, held: dict[InstrumentId, Channel], instrument_id: InstrumentId
    ) -> None:
        channel = held.pop(instrument_id, None)
        if channel is not None:
            self._books.drop(channel)
            self._recovery.forget(channel)
            await self._streams.unsubscribe(channel, _USER)


def _check_book_type(command: SubscribeOrderBook) -> None:
    if command.book_type != BookType.L2_MBP:
        raise EncodeError(
            f"Paradex publishes no {book_type_to_str(command.book_type)} book; use L2_MBP"
        )
