"""Faults ready made, for what is needed most."""

from typing import Final

from nautilus_paradex.simulator.faults.frames import Duplicate
from nautilus_paradex.simulator.faults.frames import Lose
from nautilus_paradex.simulator.faults.frames import Reorder
from nautilus_paradex.simulator.faults.values import HttpStatus
from nautilus_paradex.simulator.faults.values import Refused


_TITLES: Final = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}

#: What a gateway says when the venue behind it does not.
GATEWAY_STATUSES: Final = tuple(_TITLES)


def gateway_error(status: int, *, method: str = "", path: str = "", n: int = 1) -> HttpStatus:
    """
    Return an answer of something in between: a page of HTML instead of the venue's JSON.

    Raises
    ------
    KeyError
        For a status other than 500, 502, 503 and 504.

    """
    title = f"{status} {_TITLES[status]}"
    return HttpStatus(
        status=status,
        body=f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>",
        content_type="text/html",
        method=method,
        path=path,
        n=n,
    )


def rate_limited(
    *, retry_after: int | None = None, method: str = "", path: str = "", n: int = 1
) -> HttpStatus:
    """Return a 429 in the venue's own form, with or without ``Retry-After`` (PROTOCOL 8.1)."""
    return HttpStatus(
        status=429,
        body='{"message":"rate limit exceeded"}',
        retry_after=retry_after,
        method=method,
        path=path,
        n=n,
    )


def invalid_token(*, method: str = "", path: str = "", n: int = 1) -> Refused:
    """Return the refusal of a token: HTTP 401, or 40111 over a WebSocket (PROTOCOL 6.7)."""
    return Refused(
        code="INVALID_TOKEN",
        message="token is invalid or expired",
        rpc_code=40111,
        method=method,
        path=path,
        n=n,
    )


def book_gap(market: str, n: int = 1) -> Lose:
    """Return the loss of a book's change: the next one's number is too high (S3)."""
    return Lose(channels=(_deltas(market),), n=n)


def book_repeat(market: str, n: int = 1) -> Duplicate:
    """Return a book's message that comes twice."""
    return Duplicate(channels=(_deltas(market),), n=n)


def book_swap(market: str, n: int = 1) -> Reorder:
    """Return a book's message that comes after the next one."""
    return Reorder(channels=(_deltas(market),), n=n)


def _deltas(market: str) -> str:
    return f"order_book.{market}.deltas"
