"""
One tree of errors; each carries fields and composes its own text.

::

    ParadexError
    ├── WireError                bytes or values that are not the wire that we know
    │   ├── DecodeError          truncated, garbage, wrong shape
    │   ├── UnmodelledValue      an order, fill or position value that we do not know
    │   └── NumberError          not a decimal, or too precise to be signed
    ├── EncodeError              a request that we must not send
    ├── TransportError           connect, reset, timeout: no answer of the venue
    └── VenueError               the venue answered with an error
        ├── AuthenticationError  key, token, permission or location
        ├── RateLimitError       429 / 42901
        └── NotFoundError        no such order, market or settlement

``transient`` says that the same request may succeed later. ``outcome_unknown`` says that a
command may have been carried out all the same: only the venue's own state can tell (rule E6).
"""

import re
from typing import Final

from nautilus_paradex.protocol.secrecy import scrubbed
from nautilus_paradex.protocol.secrecy import scrubbed_data


class ParadexError(Exception):
    """
    Base of every error of this package.

    Parameters
    ----------
    message : str
        What happened, without secrets.
    code : str or int, optional
        The venue's own error code where there is one.
    transient : bool, default False
        If the same request may succeed later.
    outcome_unknown : bool, default False
        If a command may have been carried out all the same.

    """

    def __init__(
        self,
        message: str,
        *,
        code: str | int | None = None,
        transient: bool = False,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.transient = transient
        self.outcome_unknown = outcome_unknown

    def __str__(self) -> str:
        return self.message if self.code is None else f"{self.code}: {self.message}"

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(code={self.code!r}, message={self.message!r}, "
            f"transient={self.transient}, outcome_unknown={self.outcome_unknown})"
        )


class WireError(ParadexError):
    """Bytes or values that are not the wire that we know."""


class DecodeError(WireError):
    """A frame or body that is truncated, garbage or of a wrong shape."""


class UnmodelledValue(WireError):  # noqa: N818 - it names the value, which may be right at the venue
    """
    An order, fill or position value that we do not know: nothing may be guessed from it.

    Parameters
    ----------
    field : str
        The field's name on the wire.
    value : object
        What it held.

    """

    def __init__(self, field: str, value: object) -> None:
        super().__init__(f"{field} has the value {value!r:.100}, which is not modelled")
        self.field = field
        self.value = value


class NumberError(WireError, ValueError):
    """
    A text that is no decimal number, or a number too precise for the wire.

    Parameters
    ----------
    text : str
        The offending text.
    problem : str
        What is wrong with it.

    """

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"{text[:64]!r} {problem}")
        self.text = text
        self.problem = problem


class EncodeError(ParadexError):
    """A request that cannot be put on the wire as it is; nothing was sent."""


class TransportError(ParadexError):
    """
    No answer of the venue: connect failure, reset, timeout, unreadable body.

    Parameters
    ----------
    message : str
        What happened.
    sent : bool
        If the request may have reached the venue. Where it may, a command's outcome is unknown.

    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message, transient=True, outcome_unknown=sent)
        self.sent = sent


class VenueError(ParadexError):
    """
    The venue answered with an error.

    Parameters
    ----------
    message : str
        The venue's text.
    code : str or int, optional
        REST ``error`` code or JSON-RPC code.
    status : int, optional
        HTTP status; None on WebSocket.
    data : object, optional
        The venue's ``data``, as received.

    """

    def __init__(
        self,
        message: str,
        *,
        code: str | int | None = None,
        status: int | None = None,
        data: object = None,
        transient: bool = False,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__(message, code=code, transient=transient, outcome_unknown=outcome_unknown)
        self.status = status
        self.data = data


class AuthenticationError(VenueError):
    """The key, token, permission or location is refused."""


class NotFoundError(VenueError):
    """The venue knows no such order, market or settlement."""


class RateLimitError(VenueError):
    """
    The venue's rate limit is exhausted.

    Parameters
    ----------
    retry_after : float, optional
        Seconds to wait as the venue says, or None where it does not.

    """

    def __init__(
        self,
        message: str,
        *,
        code: str | int | None = None,
        status: int | None = None,
        data: object = None,
        retry_after: float | None = None,
    ) -> None:
        # A 429 on an order command proves nothing about the order (rule E6).
        super().__init__(
            message, code=code, status=status, data=data, transient=True, outcome_unknown=True
        )
        self.retry_after = retry_after


#: The venue may take the same request later.
TRANSIENT_CODES: Final = frozenset(
    {
        "INTERNAL_ERROR",
        "SERVICE_UNAVAILABLE",
        "SYSTEM_STATUS_CANCEL_ONLY",
        "SYSTEM_STATUS_POST_ONLY",
        "ONBOARDING_RATE_LIMITED",
    }
)

#: A new token or another credential may help; the request was not looked at.
AUTHENTICATION_CODES: Final = frozenset(
    {
        "ACCOUNT_NOT_FOUND",
        "ETHEREUM_ADDRESS_BLOCKED",
        "GEO_IP_BLOCK",
        "INVALID_BLOCK_EXPIRATION",
        "INVALID_STARKNET_ADDRESS",
        "INVALID_STARKNET_SIGNATURE",
        "INVALID_SUBKEY",
        "INVALID_TIMESTAMP",
        "INVALID_TOKEN",
        "INVALID_TOKEN_SCOPE",
        "IP_NOT_ALLOWED",
        "NOT_ONBOARDED",
        "PUBLIC_KEY_INVALID",
        "REQUEST_NOT_ALLOWED",
        "STARKNET_SIGNATURE_VERIFICATION_FAILED",
        "SUBKEY_NOT_ACTIVATABLE",
        "TOKEN_LIMIT_REACHED",
        "UNAUTHORIZED_ERROR",
    }
)

NOT_FOUND_CODES: Final = frozenset(
    {
        "ALGO_ID_NOT_FOUND",
        "CLIENT_ORDER_ID_NOT_FOUND",
        "MARKET_NOT_FOUND",
        "MARKET_NOT_SETTLED",
        "NOT_FOUND",
        "ORDER_ID_NOT_FOUND",
    }
)

#: Refusals that prove that the command was not carried out.
DEFINITIVE_CODES: Final = (
    frozenset(
        {
            "BATCH_SIZE_OUT_OF_RANGE",
            "BINDING_ERROR",
            "DUPLICATED_CLIENT_ID",
            "INVALID_ORDER_SIGNATURE",
            "INVALID_ORDER_SIZE",
            "INVALID_REQUEST_PARAMETER",
            "INVALID_SYMBOL",
            "ISOLATED_MARKET_ACCOUNT_MISMATCH",
            "MARKET_MARGIN_RESTRICTED",
            "MARKET_NOT_OPEN",
            "MMP_MIN_FREEZE_NOT_ELAPSED",
            "MMP_NOT_ENABLED",
            "NOT_UNIQUE",
            "NO_ACCESS_TO_MARKET",
            "ORDER_IS_CLOSED",
            "ORDER_IS_NOT_OPEN",
            "RPI_ACCOUNT_NOT_WHITELISTED",
            "SYSTEM_STATUS_CANCEL_ONLY",
            "SYSTEM_STATUS_POST_ONLY",
            "VALIDATION_ERROR",
        }
    )
    | AUTHENTICATION_CODES
    | NOT_FOUND_CODES
)

#: Somebody on the way waited too long; asked again, the same may succeed.
_REQUEST_TIMEOUT: Final = 408

_AUTHENTICATION_STATUSES: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404


def from_http(
    status: int,
    code: str | None,
    message: str,
    *,
    data: object = None,
    retry_after: float | None = None,
) -> VenueError:
    """
    Return the error for an HTTP answer of the venue.

    Parameters
    ----------
    status : int
        The HTTP status.
    code : str, optional
        The body's ``error``; None where the body carries none (HTML, empty, the limiter's).
    message : str
        The body's ``message`` or a short description of the body.

    Notes
    -----
    A code that is not listed is taken conservatively: not transient, outcome unknown.

    """
    message, data = scrubbed(message), scrubbed_data(data)
    code = None if code is None else scrubbed(code)
    if status == 429:
        return RateLimitError(message, code=code, status=status, data=data, retry_after=retry_after)
    if code in NOT_FOUND_CODES or (status == _NOT_FOUND and _may_be_unlisted(code)):
        return NotFoundError(
            message, code=code, status=status, data=data, outcome_unknown=code is None
        )
    if code in AUTHENTICATION_CODES or status in _AUTHENTICATION_STATUSES:
        return AuthenticationError(message, code=code, status=status, data=data)
    return VenueError(
        message,
        code=code,
        status=status,
        data=data,
        transient=status >= 500 or status == _REQUEST_TIMEOUT or code in TRANSIENT_CODES,
        outcome_unknown=status >= 500 or code not in DEFINITIVE_CODES,
    )


def _may_be_unlisted(code: str | None) -> bool:
    """If a 404 is of something that does not exist: the list of codes is open (PROTOCOL 8.5)."""
    return code is None or (code not in AUTHENTICATION_CODES and code.endswith("_NOT_FOUND"))


#: JSON-RPC codes of PROTOCOL 6.7 that prove that the command was not carried out.
_RPC_DEFINITIVE: Final = frozenset({-32700, -32600, -32601, -32602})
_RPC_AUTHENTICATION: Final = frozenset({40110, 40111, 40112, 40300})
_RPC_RATE_LIMITED: Final = 42901


def from_rpc(code: int, message: str, data: object = None) -> VenueError:
    """
    Return the error for a JSON-RPC error object.

    The venue puts its REST error code into ``data`` or ``message`` at times; where one is
    found it decides, since the generic codes say less.
    """
    named = _named_code(message, data)
    text = scrubbed(f"{message}: {data}" if isinstance(data, str) and data else message)
    data = scrubbed_data(data)
    if code == _RPC_RATE_LIMITED:
        return RateLimitError(text, code=code, data=data)
    if code in _RPC_AUTHENTICATION or named in AUTHENTICATION_CODES:
        return AuthenticationError(text, code=named or code, data=data)
    if named in NOT_FOUND_CODES:
        return NotFoundError(text, code=named or code, data=data)
    known = code in _RPC_DEFINITIVE or named in DEFINITIVE_CODES
    return VenueError(
        text,
        code=named or code,
        data=data,
        transient=named in TRANSIENT_CODES or code == -32603,
        outcome_unknown=not known,
    )


#: Refusals of one order of a batch that say that the venue could not tell.
_UNDECIDED_CODES: Final = TRANSIENT_CODES - DEFINITIVE_CODES


def from_batch(code: str | None, message: str) -> VenueError:
    """
    Return the error for one order's refusal inside the answer to a batch (rule E8).

    It speaks of that order alone and is definitive, unless it says that the venue failed.
    """
    named = scrubbed(code) if code else _named_code(message, None)
    return VenueError(
        scrubbed(message),
        code=named,
        transient=named in TRANSIENT_CODES,
        outcome_unknown=named in _UNDECIDED_CODES,
    )


_NAMED_CODES: Final = DEFINITIVE_CODES | TRANSIENT_CODES
_WORD: Final = re.compile("[A-Z_]+")


def _named_code(message: str, data: object) -> str | None:
    texts = [message]
    if isinstance(data, str):
        texts.append(data)
    elif isinstance(data, dict):
        texts.extend(str(data[key]) for key in ("error", "code", "message") if key in data)
    for text in texts:
        for word in _WORD.finditer(text):
            if word[0] in _NAMED_CODES:
                return word[0]
    return None
