"""How the venue says no: an HTTP status with a code, or a JSON-RPC error (PROTOCOL 6.7, 8.4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from typing import Final

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model


PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
GENERIC: Final = 100
MALFORMED_BEARER: Final = 40110
INVALID_BEARER: Final = 40111
NOT_AUTHENTICATED: Final = 40300
RATE_LIMITED: Final = 42901

_STATUS: Final = {
    "INVALID_TOKEN": 401,
    "UNAUTHORIZED_ERROR": 401,
    "STARKNET_SIGNATURE_VERIFICATION_FAILED": 401,
    "INVALID_SUBKEY": 401,
    "INVALID_TOKEN_SCOPE": 403,
    "IP_NOT_ALLOWED": 403,
    "GEO_IP_BLOCK": 403,
    "MMP_NOT_ENABLED": 403,
    "NOT_FOUND": 404,
    "ORDER_ID_NOT_FOUND": 404,
    "CLIENT_ORDER_ID_NOT_FOUND": 404,
    "ALGO_ID_NOT_FOUND": 404,
    "MARKET_NOT_FOUND": 404,
    "MARKET_NOT_SETTLED": 404,
    "PORTFOLIO_MARGIN_CONFIG_NOT_FOUND": 404,
    "INTERNAL_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}


class Refusal(Exception):  # noqa: N818 - what the venue answers, not a fault of this program
    """
    A request that the venue refuses.

    Parameters
    ----------
    code : str
        The venue's error code; empty where the venue sends none.
    message : str
        The venue's text.
    status : int, optional
        The HTTP status; by default the one that the venue sends with the code.
    data : object, optional
        The ``data`` of the body.
    headers : dict[str, str], optional
        Further HTTP headers.
    rpc_code : int, optional
        The JSON-RPC code for the same refusal on a WebSocket.

    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
        rpc_code: int | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = _STATUS.get(code, 400) if status is None else status
        self.data = data
        self.headers = headers or {}
        self.rpc_code = _rpc_code(code) if rpc_code is None else rpc_code

    def body(self) -> dict[str, Any]:
        """Return the JSON body; the limiter's has no ``error`` (PROTOCOL 4)."""
        if not self.code:
            return {"message": self.message}
        return {"error": self.code, "message": self.message, "data": self.data}


class RpcError(Exception):
    """A JSON-RPC error, with the venue's code, message and data."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.data = data

    @classmethod
    def of(cls, refusal: Refusal) -> "RpcError":
        """Return the error that says the same on a WebSocket."""
        return cls(refusal.rpc_code, refusal.message, refusal.code or None)


def _rpc_code(code: str) -> int:
    if code in ("INVALID_TOKEN", "UNAUTHORIZED_ERROR"):
        return INVALID_BEARER
    if code == "INVALID_TOKEN_SCOPE":
        return NOT_AUTHENTICATED
    if code == "INTERNAL_ERROR":
        return INTERNAL_ERROR
    return INVALID_REQUEST


def invalid_parameter(message: str) -> Refusal:
    """Return the refusal of a parameter's value."""
    return Refusal("INVALID_REQUEST_PARAMETER", message)


def missing(field: str) -> Refusal:
    """Return the refusal of a request without a required field."""
    return Refusal("VALIDATION_ERROR", f"{field}: cannot be blank.")


def refusal_of(fault: faults.Refused) -> Refusal:
    """Return the refusal that a fault asks for."""
    return Refusal(fault.code, fault.message, status=fault.status, rpc_code=fault.rpc_code)


@contextmanager
def engine_refusals(market_status: int = 404) -> Iterator[None]:
    """Turn the engine's refusals into answers; an unknown market is a 400 in an order."""
    try:
        yield
    except model.Refusal as refusal:
        status = market_status if refusal.code == "MARKET_NOT_FOUND" else None
        raise Refusal(refusal.code, refusal.message, status=status) from None
