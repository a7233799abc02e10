"""
What must hold for any bytes of the venue, as plain functions.

Each takes bytes and returns nothing; it raises if something else than an error of the package's
own comes of them, or a number that is not the one on the wire. The tests give them what hypothesis
makes, the driver (``python -m tests.fuzz``) what its own mutations or atheris make.
"""

from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any
from typing import Final
from typing import NamedTuple

from nautilus_paradex.network.answers import decoded
from nautilus_paradex.network.answers import refusal
from nautilus_paradex.network.auth import token_lifetime
from nautilus_paradex.network.rest.core import MAX_PAGES
from nautilus_paradex.network.rest.core import RestCore
from nautilus_paradex.network.retry import parse_retry_after
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol import numbers
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.jsonrpc import ErrorReply
from nautilus_paradex.protocol.jsonrpc import Notification
from nautilus_paradex.protocol.jsonrpc import parse_frame
from tests.fuzz import seeds
from tests.fuzz.objects import book_in_sync_is_whole
from tests.fuzz.objects import to_framework


# -- SBE -------------------------------------------------------------------------------------------


def sbe_frame(data: bytes) -> None:
    """A binary frame is an event that encodes back to itself, is skipped, or is refused."""
    try:
        event = sbe.decode_frame(data)
    except WireError:
        return
    if isinstance(event, sbe.SkippedFrame):
        return
    if isinstance(event, events.Book):
        assert 16 * (len(event.bids) + len(event.asks)) <= len(data)
    assert _again(event) == event
    to_framework(event)


def _again(event: Any) -> Any:
    """Return what is read of an event that is written; the event where it cannot be."""
    extras = sbe.FrameExtras(trade_id_int64=0)
    try:
        return sbe.decode_frame(sbe.encode_event(event, version=2, extras=extras))
    except EncodeError:
        # Only numbers that another field of the message is too narrow for cannot be written: rates
        # of 8 places in one of 12, and numbers without a sign in one that has it.
        rate, seq = getattr(event, "funding_rate_e12", None), getattr(event, "book_seq", None)
        assert max(abs(rate or 0), seq or 0) > numbers.LARGEST
        return event


# -- JSON ------------------------------------------------------------------------------------------


def channel_data(data: bytes) -> None:
    """A channel's data is an event with exactly its numbers, or refused."""
    if data:
        _take_channel(seeds.CHANNELS[data[0] % len(seeds.CHANNELS)], data[1:])


def text_frame(data: bytes) -> None:
    """A text frame is a channel's message, an answer, a refusal, or refused itself."""
    try:
        frame = parse_frame(data)
    except WireError:
        return
    if isinstance(frame, Notification):
        _take_channel(frame.channel, bytes(frame.data))
    elif isinstance(frame, ErrorReply):
        _check_error(frame.to_error())


def _take_channel(channel: str, data: bytes) -> None:
    try:
        event = json_events.decode_channel(channel, data)
    except WireError:
        return
    kind, _ = json_events._CHANNELS[json_events.channels.parse(channel).kind]
    _check_numbers(messages.decode(data, kind), event)
    to_framework(event)


#: Where the exact numbers of an event stand in its message.
_EXACT: Final[dict[type, dict[str, str]]] = {
    events.Trade: {"price_e8": "price", "size_e8": "size"},
    events.Bbo: {"bid_e8": "bid", "bid_size_e8": "bid_size", "ask_e8": "ask"},
    events.MarketSummary: {"bid_e8": "bid", "ask_e8": "ask", "last_price_e8": "last_traded_price"},
    events.OrderUpdate: {
        name: name for name in ("size", "remaining_size", "price", "trigger_price")
    },
    events.Fill: {name: name for name in ("price", "size", "fee", "realized_pnl")},
    events.Position: {"signed_size": "size", "average_entry_price": "average_entry_price"},
    events.AccountSummary: {
        name: name for name in ("account_value", "total_collateral", "free_collateral")
    },
    events.FundingData: {name: name for name in ("funding_rate", "funding_index")},
}


def _check_numbers(message: Any, event: Any) -> None:
    """See that what was read is what was written, by arithmetic of another kind."""
    for ours, theirs in _EXACT.get(type(event), {}).items():
        value = getattr(event, ours)
        if value is not None:
            written = Fraction(getattr(message, theirs) or "0")
            assert Fraction(value) == written * (10**8 if ours.endswith("_e8") else 1), ours
    if isinstance(message, messages.BookMessage):
        rows = [(row, row.size) for row in (*message.updates, *message.inserts)]
        rows += [(row, "0") for row in message.deletes]
        written_levels = sorted((Fraction(row.price), Fraction(size)) for row, size in rows)
        read = [(Fraction(p, 10**8), Fraction(s, 10**8)) for p, s in (*event.bids, *event.asks)]
        assert sorted(read) == written_levels


# -- REST ------------------------------------------------------------------------------------------

_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "MarketSummaryMessage": json_events.market_summary,
    "RestBook": json_events.rest_book,
    "BboMessage": json_events.bbo,
    "TradeMessage": json_events.trade,
    "FundingDataMessage": json_events.funding_data,
    "OrderMessage": json_events.order_update,
    "FillMessage": json_events.fill,
    "PositionMessage": json_events.position,
    "AccountSummaryMessage": json_events.account_summary,
}


def answer(data: bytes) -> None:
    """A success's body is its message, which is written as it was read, or not understood."""
    if not data:
        return
    names = list(seeds.ANSWERS)
    name, paged = names[data[0] // 2 % len(names)], bool(data[0] % 2)
    kind = getattr(messages, name)
    kind = messages.Page[kind] if paged else kind
    try:
        body = decoded(data[1:], kind, "GET /anything")
    except TransportError as error:
        _check_error(error)
        return
    written = bytes(messages.encode(body))
    assert bytes(messages.encode(messages.decode(written, kind))) == written
    for row in body.results if paged else (body,):
        try:
            event = _CONVERSIONS.get(name, lambda row: row)(row)
        except WireError:
            continue
        if event is not row:
            _check_numbers(row, event)
        to_framework(event)


_STATUSES: Final = (*range(300, 309), *range(400, 432), 451, *range(500, 512), 599, 600, 999, 0)
_CONTENT_TYPES: Final = (
    *("application/json", "text/html; charset=latin-1", "", "text/plain;;;"),
    *("application/octet-stream", "text/html; charset=none-such", "\x00", "é" * 300),
)


def refused(data: bytes) -> None:
    """A refusal of any body is an error of the venue, of a bounded text."""
    if len(data) < 2:
        return
    status = _STATUSES[data[0] % len(_STATUSES)]
    error = refusal(status, data[2:], _CONTENT_TYPES[data[1] % 8], None)
    assert isinstance(error, VenueError)
    _check_error(error)
    text = data[2:].decode("latin-1")
    wait = parse_retry_after(text, 1_790_000_000_000)
    assert wait is None or wait >= 0
    assert token_lifetime(f"a.{text}.b", 1_790_000_000.0) > 0


def _check_error(error: ParadexError) -> None:
    assert len(str(error)) < 5_000
    assert len(repr(error)) < 10_000


class _Pages:
    """Answers with one page after another; what is asked for beyond them is empty."""

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self._bodies = iter(bodies)
        self.asked = 0

    async def request(self, _method: str, path: str, kind: Any, **_: Any) -> Any:
        self.asked += 1
        return decoded(next(self._bodies, b'{"results":[]}'), kind, path)


def paged(data: bytes) -> None:
    """Pages are each row once, or an error; whatever their cursors say, they end."""
    http = _Pages(data.split(b"\n"))
    core = RestCore(http)  # type: ignore[arg-type]  # all that it needs of it
    found: list[Any] = []

    async def read() -> None:
        rows = core._pages(
            "/fills", messages.Page[messages.FillMessage], {}, key=lambda row: row.id, public=True
        )
        async for row in rows:
            found.append(row.id)  # noqa: PERF401 - those before an error count too

    with suppress(WireError, TransportError):
        _run(read())
    assert http.asked <= min(MAX_PAGES, data.count(b"\n") + 2)
    assert len(set(found)) == len(found)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run what never waits."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")


# -- NUMBERS ---------------------------------------------------------------------------------------


def number(data: bytes) -> None:
    """A text is the number that it says, in every form that it is read in, or refused."""
    text = data.decode("utf-8", "replace")
    try:
        exact = numbers.decimal(text)
    except NumberError:
        exact = None
    try:
        mantissa = numbers.mantissa(text)
    except NumberError:
        mantissa = None
    if mantissa is not None:
        assert exact is not None
        assert Fraction(mantissa, 10**8) == Fraction(text) == Fraction(exact)
        assert numbers.mantissa(numbers.format_mantissa(mantissa)) == mantissa
        assert numbers.from_mantissa(mantissa) == exact
    if exact is None:
        return
    assert Fraction(exact) == Fraction(text)
    assert Decimal(numbers.format_decimal(exact)) == exact
    for scale in (8, 12):
        rounded = numbers.mantissa_rounded(text, scale)
        assert abs(Fraction(rounded, 10**scale) - Fraction(text)) <= Fraction(1, 2 * 10**scale)


# -- BOOKS -----------------------------------------------------------------------------------------


def book_stream(data: bytes) -> None:
    """After any frames a book that claims to be in sync is the one that the framework has."""
    book_in_sync_is_whole(_frames(data))


def _frames(data: bytes) -> Iterable[bytes]:
    at = 0
    while at + 2 <= len(data):
        length = int.from_bytes(data[at : at + 2], "little")
        yield data[at + 2 : at + 2 + length]
        at += 2 + length


class Target(NamedTuple):
    """A function of bytes, and right inputs of it."""

    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


TARGETS: Final[dict[str, Target]] = {
    "sbe": Target(sbe_frame, seeds.sbe_frames),
    "channels": Target(channel_data, seeds.channel_data),
    "frames": Target(text_frame, seeds.text_frames),
    "answers": Target(answer, seeds.answers),
    "refusals": Target(refused, seeds.refusals),
    "pages": Target(paged, seeds.pages),
    "numbers": Target(number, seeds.numbers),
    "books": Target(book_stream, seeds.book_streams),
}
