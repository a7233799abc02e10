"""HTTP bodies to values and errors, whatever stands in them (PROTOCOL 4, 8.4, trap 19)."""

import re
from http import HTTPStatus
from typing import Final
from typing import cast

import msgspec

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import from_http
from nautilus_paradex.protocol.messages import decode
from nautilus_paradex.protocol.secrecy import scrubbed


_TAGS: Final = re.compile(r"<(?:style|script)\b.*?</(?:style|script)\s*>|<[^>]*>", re.DOTALL | re.I)


class _Refused(msgspec.Struct, frozen=True):
    error: object = None
    message: object = None
    data: object = None


def decoded[T](payload: bytes, kind: type[T] | None, request: str) -> T:
    """
    Return a success's body as its message.

    Raises
    ------
    TransportError
        If the body is not understood: the request was carried out, and its result is not known.

    """
    if kind is None:
        if payload.strip() and not _is_json(payload):
            # A page of something in between: it says nothing of what the venue did.
            raise TransportError(f"the answer to {request} is no JSON", sent=True)
        return cast("T", None)
    try:
        return decode(payload, kind)
    except DecodeError as error:
        what = "is empty" if not payload.strip() else f"is not understood: {scrubbed(str(error))}"
        raise TransportError(f"the answer to {request} {what}", sent=True) from None


def _is_json(payload: bytes) -> bool:
    try:
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def refusal(
    status: int, payload: bytes, content_type: str, retry_after: float | None
) -> VenueError:
    """
    Return the error that an HTTP answer other than a success stands for.

    The body may be the venue's JSON, JSON without ``error``, a gateway's HTML, cut off or empty.
    """
    named = f"HTTP {status} {_phrase(status)}".rstrip()
    if 300 <= status < 400:
        return from_http(status, None, f"{named}: redirects are not followed")
    try:
        body = msgspec.json.decode(payload, type=_Refused)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        text = _described(named, payload, content_type)
        return from_http(status, None, text, retry_after=retry_after)
    code = body.error if isinstance(body.error, str) and body.error else None
    text = body.message if isinstance(body.message, str) and body.message else named
    return from_http(status, code, scrubbed(text), data=body.data, retry_after=retry_after)


def _described(named: str, payload: bytes, content_type: str) -> str:
    if not payload.strip():
        return f"{named} with an empty body"
    text = scrubbed(_TAGS.sub(" ", payload[: 16 * 1024].decode("utf-8", "replace")))
    kind = content_type.partition(";")[0].strip() or "unknown content"
    return f"{named} with {scrubbed(kind)}: {text}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
