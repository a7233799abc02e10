"""
Names of the venue as the framework's identifiers.

The framework holds ASCII only, and a text with anything else does not raise but ends the whole
process; an embedded NUL cuts the rest off. So every text of the wire is looked at first.
"""

from typing import Final

from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.identifiers import VenueOrderId

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import UnmodelledValue


VENUE: Final = Venue("PARADEX")

#: The longest trade id of the framework.
MAX_TRADE_ID: Final = 36

_MAX_LENGTH: Final = 128


def is_identifier(text: str, max_length: int = _MAX_LENGTH) -> bool:
    """If the framework can hold a text as an identifier, whole and as it is."""
    return (
        0 < len(text) <= max_length and text.isascii() and text.isprintable() and not text.isspace()
    )


def instrument_id_of(symbol: str) -> InstrumentId:
    """
    Return the instrument id of a market: the venue's own symbol.

    Raises
    ------
    DecodeError
        If the symbol cannot name an instrument: ``*`` and ``?`` are wildcards of the message bus.

    """
    if not is_identifier(symbol) or not set(symbol).isdisjoint("*? "):
        raise DecodeError(f"{symbol[:_MAX_LENGTH]!r} cannot be an instrument's symbol")
    return InstrumentId(Symbol(symbol), VENUE)


def client_order_id_of(text: str) -> ClientOrderId | None:
    """
    Return a client order id; None where there is none, or one that cannot be ours.

    The venue's own pages and other programs may name their orders as they like; such an order is
    known by its venue order id alone.
    """
    return ClientOrderId(text) if is_identifier(text) else None


def venue_order_id_of(text: str) -> VenueOrderId:
    """
    Return a venue order id.

    Raises
    ------
    UnmodelledValue
        If the text is no identifier.

    """
    if not is_identifier(text):
        raise UnmodelledValue("order_id", text[:_MAX_LENGTH])
    return VenueOrderId(text)


def fill_id_of(text: str) -> TradeId:
    """Return a fill's id as the framework's trade id; errors as of `venue_order_id_of`."""
    if not is_identifier(text, MAX_TRADE_ID):
        raise UnmodelledValue("fill id", text[:_MAX_LENGTH])
    return TradeId(text)
