"""Names of the venue."""

from typing import Final

from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import Venue


PARADEX: Final[str] = "PARADEX"
PARADEX_VENUE: Final[Venue] = Venue(PARADEX)
PARADEX_CLIENT_ID: Final[ClientId] = ClientId(PARADEX)
