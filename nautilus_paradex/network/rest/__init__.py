"""The venue's REST endpoints as typed methods (PROTOCOL 4)."""

from nautilus_paradex.network.rest.account import AccountEndpoints
from nautilus_paradex.network.rest.orders import MAX_BATCH
from nautilus_paradex.network.rest.orders import OrderEndpoints
from nautilus_paradex.network.rest.protection import ProtectionEndpoints
from nautilus_paradex.network.rest.public import PublicEndpoints


class ParadexRest(PublicEndpoints, AccountEndpoints, OrderEndpoints, ProtectionEndpoints):
    """
    Every endpoint that the adapter uses.

    Parameters
    ----------
    http : ParadexHttpClient
        Sends; belongs to the caller.
    tokens : Tokens, optional
        For private endpoints; without them only public ones work.
    interactive : bool, default False
        If the tokens are of interactive usage: orders then keep within the retail windows too.

    """


__all__ = [
    "MAX_BATCH",
    "AccountEndpoints",
    "OrderEndpoints",
    "ParadexRest",
    "ProtectionEndpoints",
    "PublicEndpoints",
]
