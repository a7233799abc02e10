"""
JSON-RPC 2.0 as Paradex speaks it over WebSocket (PROTOCOL 6.2, 6.6).

Requests are encoded, text frames are classified; what ``result`` and ``data`` hold stays raw
until somebody who knows its type decodes it. Key order is not guaranteed and a frame may end
with a newline.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import from_rpc
from nautilus_paradex.protocol.messages.codec import UNDECODABLE
from nautilus_paradex.protocol.secrecy import SecretBytes


#: Ids stay below this: a JSON number above it loses digits in JavaScript and Go doubles.
MAX_ID: Final = 2**53 - 1

_FIRST_CONTROL_ID: Final = 1
_FIRST_ORDER_ID: Final = 2**31

_SUBSCRIPTION: Final = "subscription"


class Result(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The venue's positive answer to a request."""

    id: int
    result: msgspec.Raw
    us_in: int | None = None
    """When the request came in, by the venue; the unit varies (trap 16): not for latencies."""
    us_out: int | None = None
    """When the answer went out, by the venue; the unit varies (trap 16)."""


class ErrorReply(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The venue's refusal of a request."""

    id: int | None
    """None where the venue could not read the request's id."""
    code: int
    message: str
    data: Any = None

    def to_error(self) -> VenueError:
        """Return the refusal as an error of the tree (PROTOCOL 6.7)."""
        return from_rpc(self.code, self.message, self.data)


class Notification(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A message of a subscribed channel."""

    channel: str
    data: msgspec.Raw


class IdRange:
    """
    Request ids from ``first`` to ``last``, both included, that wrap around.

    An id that is in flight is never given out a second time.

    Parameters
    ----------
    first, last : int
        The bounds of the range, within 0 to 2**53 - 1.

    Raises
    ------
    EncodeError
        If the bounds are no such range.

    """

    def __init__(self, first: int, last: int) -> None:
        if not 0 <= first <= last <= MAX_ID:
            raise EncodeError(f"{first} to {last} is no range of request ids")
        self._first = first
        self._last = last
        self._next = first
        self._in_flight: set[int] = set()

    def __contains__(self, request_id: int) -> bool:
        """If the id belongs to this range, in flight or not."""
        return self._first <= request_id <= self._last

    def __repr__(self) -> str:
        return f"IdRange({self._first}, {self._last}, in_flight={len(self._in_flight)})"

    @property
    def in_flight(self) -> frozenset[int]:
        """The ids that were taken and not yet released."""
        return frozenset(self._in_flight)

    def take(self) -> int:
        """
        Return the next free id and mark it as in flight.

        Raises
        ------
        EncodeError
            If every id of the range is in flight.

        """
        if len(self._in_flight) > self._last - self._first:
            raise EncodeError("every request id of the range is in flight")
        while True:
            candidate = self._next
            self._next = self._first if candidate == self._last else candidate + 1
            if candidate not in self._in_flight:
                self._in_flight.add(candidate)
                return candidate

    def release(self, request_id: int) -> bool:
        """Give an id back; False if it was not in flight."""
        if request_id not in self._in_flight:
            return False
        self._in_flight.remove(request_id)
        return True


def control_ids() -> IdRange:
    """Return the range for auth, subscriptions and connection settings."""
    return IdRange(_FIRST_CONTROL_ID, _FIRST_ORDER_ID - 1)


def order_ids() -> IdRange:
    """Return the range for order entry, which no control id ever falls into."""
    return IdRange(_FIRST_ORDER_ID, MAX_ID)


class _Request(msgspec.Struct, frozen=True, gc=False):
    jsonrpc: str
    id: int
    method: str
    params: Any


_encoder: Final = msgspec.json.Encoder()


def encode_request(
    request_id: int,
    method: str,
    params: Mapping[str, Any] | Sequence[Any] | msgspec.Struct,
) -> SecretBytes:
    """
    Return a request as the bytes of one text frame, which do not show.

    Parameters
    ----------
    request_id : int
        From 0 to 2**53 - 1.
    method : str
        The method's name, for example ``subscribe`` or ``order.create``.
    params : Mapping, Sequence or Struct
        The parameters. By-position parameters are what ``order.create_batch`` may want (trap 40).

    Raises
    ------
    EncodeError
        If the id is out of range, the method empty or the parameters no JSON. The text never
        holds a parameter's value, which may be a token or a signature.

    """
    if not 0 <= request_id <= MAX_ID:
        raise EncodeError(f"request id {request_id} is outside 0 to 2**53 - 1")
    if not method:
        raise EncodeError("a request needs a method")
    try:
        return SecretBytes(_encoder.encode(_Request("2.0", request_id, method, params)))
    except (TypeError, ValueError, RecursionError):
        raise EncodeError(f"the parameters of {method} cannot be written as JSON") from None


class _ErrorObject(msgspec.Struct, frozen=True, gc=False):
    code: int
    message: str = ""
    data: Any = None


class _Subscription(msgspec.Struct, frozen=True, gc=False):
    channel: str
    data: msgspec.Raw


class _Frame(msgspec.Struct, frozen=True, gc=False, rename={"us_in": "usIn", "us_out": "usOut"}):
    jsonrpc: str
    id: int | None = None
    method: str | None = None
    params: _Subscription | None = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: _ErrorObject | None = None
    # Any: a diagnostic of a surprising type must not cost the answer it comes with.
    us_in: Any = None
    us_out: Any = None


_frame_decoder: Final = msgspec.json.Decoder(_Frame)


def parse_frame(payload: bytes | str) -> Result | ErrorReply | Notification:
    """
    Return what a text frame holds.

    Parameters
    ----------
    payload : bytes or str
        The frame's content. It must own its memory: ``result`` and ``data`` are views into it.

    Raises
    ------
    DecodeError
        If the frame is neither an answer, nor a refusal, nor a channel's message.

    """
    try:
        frame = _frame_decoder.decode(payload)
    except UNDECODABLE as error:
        raise DecodeError(f"text frame: {error}") from None
    if frame.jsonrpc != "2.0":
        raise DecodeError("text frame: not JSON-RPC 2.0")
    if frame.method is not None:
        return _notification(frame)
    if frame.error is not None:
        reply = frame.error
        return ErrorReply(id=frame.id, code=reply.code, message=reply.message, data=reply.data)
    if frame.id is not None and not isinstance(frame.result, msgspec.UnsetType):
        return Result(
            id=frame.id,
            result=frame.result,
            us_in=frame.us_in if type(frame.us_in) is int else None,
            us_out=frame.us_out if type(frame.us_out) is int else None,
        )
    raise DecodeError("text frame: neither a result, nor an error, nor a notification")


def _notification(frame: _Frame) -> Notification:
    if frame.method != _SUBSCRIPTION or frame.id is not None:
        raise DecodeError("text frame: a method that the venue does not call")
    if frame.params is None:
        raise DecodeError("text frame: a notification without params")
    return Notification(channel=frame.params.channel, data=frame.params.data)
