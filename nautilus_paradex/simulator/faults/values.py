"""What may happen to connects, requests, pages, fills and books: typed values."""

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all faults."""

    n: int = 1
    """How often the fault fires."""


class ConnectFault(Fault, frozen=True, kw_only=True):
    """Base of what happens to a WebSocket upgrade."""


class RefuseConnects(ConnectFault, frozen=True, kw_only=True):
    """The TCP connection is cut instead of an answer to the upgrade."""


class HandshakeStatus(ConnectFault, frozen=True, kw_only=True):
    """The upgrade is answered with an HTTP status."""

    status: int
    sbe_version: int | None = None
    """Only an upgrade that asks for this schema version; None is any."""
    retry_after: int | None = None
    """Seconds, in a ``Retry-After`` header."""


class UnansweredConnects(ConnectFault, frozen=True, kw_only=True):
    """The TCP connection is taken, and the upgrade is never answered."""


class RequestFault(Fault, frozen=True, kw_only=True):
    """Base of what happens to REST requests and WebSocket commands."""

    method: str = ""
    """``GET``, ``POST``, ..., or ``WS`` for commands over a WebSocket; empty is any."""
    path: str = ""
    """Start of the path without ``/v1``, or of the command's name; empty is any."""

    def matches(self, method: str, path: str) -> bool:
        """Return if the fault is meant for a request."""
        return self.method in ("", method) and path.startswith(self.path)


class HttpStatus(RequestFault, frozen=True, kw_only=True):
    """
    The request is answered with a status.

    Over a WebSocket 429 is the rate limit's error and everything else an internal one.
    """

    status: int
    carried_out: bool = False
    """If the request is carried out all the same, as behind a gateway that gave up."""
    body: str = ""
    retry_after: int | None = None
    """Seconds, in a ``Retry-After`` header."""
    content_type: str = "application/json"


class LostRequest(RequestFault, frozen=True, kw_only=True):
    """The connection is cut before the request is carried out."""

    code: int | None = None
    """A WebSocket is closed with it; None cuts the TCP connection."""


class LostResponse(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; the connection is cut instead of an answer."""

    code: int | None = None
    """A WebSocket is closed with it; None cuts the TCP connection."""


class SlowResponse(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; the answer comes later."""

    ms: float


class Ignored(RequestFault, frozen=True, kw_only=True):
    """The request is neither carried out nor answered, and its connection stays open."""


class StaleAnswer(RequestFault, frozen=True, kw_only=True):
    """
    The list has not followed yet: it is answered as it was when it was last asked for.

    Lists have a path without ids; one that was not asked for before is answered as it is.
    """


class SlowRequest(RequestFault, frozen=True, kw_only=True):
    """The request is carried out later, and then answered."""

    ms: float


class LateRequest(RequestFault, frozen=True, kw_only=True):
    """The request arrives later: a receive window may be over by then."""

    ms: float


class MalformedBody(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; the answer's body is no JSON."""

    body: str = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class TruncatedBody(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; the connection ends in the middle of the answer's body."""


class ExpireTokens(RequestFault, frozen=True, kw_only=True):
    """When the request comes, every JWT issued before is expired."""


class Refused(RequestFault, frozen=True, kw_only=True):
    """The request is refused in the venue's own form."""

    code: str
    """The venue's code, such as ``INVALID_TOKEN``."""
    message: str = "refused"
    status: int | None = None
    """The HTTP status; None is the one that belongs to the code."""
    rpc_code: int | None = None
    """The JSON-RPC code over a WebSocket, such as 40111; None is the one that belongs to it."""
    carried_out: bool = False
    """If the request is carried out all the same."""


class WrongId(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; over a WebSocket its answer has another request's id."""

    by: int = 1
    """How much is added to the right one."""


class UnknownFields(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; every object of the answer has a field that nobody knows."""


class UnknownValue(RequestFault, frozen=True, kw_only=True):
    """The request is carried out; a field of the answer has a value that nobody knows."""

    field: str
    """The field's name, in whatever object it is."""
    value: str = "SOMETHING_NEW"
    of: str | None = None
    """Only in objects of this ``id``."""


class AnswerFirst(RequestFault, frozen=True, kw_only=True):
    """The answer to a command comes before its first notification."""


class AnswerLast(RequestFault, frozen=True, kw_only=True):
    """The answer to a command comes after its first notification."""


class ClockJump(RequestFault, frozen=True, kw_only=True):
    """When the request comes, the venue's clock jumps, and stays so; the request is carried out."""

    ms: float
    """Forwards, or back where negative: order ids and sequence numbers never go back."""


class PageFault(Fault, frozen=True, kw_only=True):
    """Base of what happens to the pages of a list."""

    path: str = ""
    """Start of the path without ``/v1``; empty is any."""
    after: int = 1
    """Only a page that a cursor asks for, if 1; 0 is also the first page."""

    def matches(self, path: str, has_cursor: bool) -> bool:
        """Return if the fault is meant for a page."""
        return path.startswith(self.path) and (has_cursor or not self.after)


class RepeatRows(PageFault, frozen=True, kw_only=True):
    """The page begins with the last rows of the one before it, beside its own."""

    rows: int = 1


class SkipRows(PageFault, frozen=True, kw_only=True):
    """The page's first rows are left out, and are on no other page."""

    rows: int = 1


class EndEarly(PageFault, frozen=True, kw_only=True):
    """The page says that it is the last, although more rows follow."""

    after: int = 0


class CursorRefused(PageFault, frozen=True, kw_only=True):
    """The page's cursor is refused, as one that is forged or too old."""


class FillFault(Fault, frozen=True, kw_only=True):
    """Base of the order in which a fill and its order's update are told."""


class FillFirst(FillFault, frozen=True, kw_only=True):
    """The fill comes before the order update that counts it."""


class OrderFirst(FillFault, frozen=True, kw_only=True):
    """The order update comes before the fill that it counts."""


class BookFault(Fault, frozen=True, kw_only=True):
    """Base of what is wrong with a message of an order book, for everybody who gets it."""

    market: str = ""
    """Empty is any."""
    snapshots: bool | None = None
    """Only whole books, or only changes; None is both."""

    def matches(self, market: str, is_snapshot: bool) -> bool:
        """Return if the fault is meant for a message."""
        return self.market in ("", market) and self.snapshots in (None, is_snapshot)


class StaleBook(BookFault, frozen=True, kw_only=True):
    """A new subscriber gets the whole book as the one before got it; what follows is of today."""

    snapshots: bool | None = True


class CrossedBook(BookFault, frozen=True, kw_only=True):
    """The message says that somebody bids above the best offer."""


class SequenceJump(BookFault, frozen=True, kw_only=True):
    """The message's number is off, although its content is not; the next number is right again."""

    by: int = 5
    """Negative repeats earlier numbers."""
    snapshots: bool | None = False
