"""
The values of `protocol.events` to SBE frames, as the venue writes them (PROTOCOL 7).

The inverse of `decoder`: for the local Paradex, and for tests.
"""

import struct
from collections.abc import Callable
from collections.abc import Iterable
from decimal import Context
from decimal import Decimal
from decimal import Inexact
from decimal import InvalidOperation
from functools import cache
from struct import Struct
from typing import Any
from typing import Final
from typing import NamedTuple

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.events import StreamEvent
from nautilus_paradex.protocol.sbe import codes
from nautilus_paradex.protocol.sbe import layouts
from nautilus_paradex.protocol.sbe import rows
from nautilus_paradex.protocol.sbe.framing import HEADER
from nautilus_paradex.protocol.sbe.framing import SCHEMA_ID
from nautilus_paradex.protocol.sbe.framing import SUPPORTED_VERSIONS
from nautilus_paradex.protocol.sbe.layouts import NULL
from nautilus_paradex.protocol.sbe.rows import FrameExtras


type _Write = Callable[[Any, FrameExtras], rows.Row]

_WRITE: Final[dict[type[Any], tuple[layouts.Layout, _Write]]] = {
    events.Trade: (layouts.TRADE, rows.trade),
    events.Bbo: (layouts.BBO, rows.bbo),
    events.Book: (layouts.BOOK, rows.book),
    events.MarketSummary: (layouts.MARKET_SUMMARY, rows.market_summary),
    events.FundingData: (layouts.FUNDING_DATA, rows.funding_data),
    events.FundingComparison: (layouts.FUNDING_COMPARISON, rows.funding_comparison),
    events.OrderUpdate: (layouts.ORDER, rows.order),
    events.Fill: (layouts.FILL, rows.fill),
    events.Position: (layouts.POSITION, rows.position),
    events.AccountSummary: (layouts.ACCOUNT, rows.account),
    events.Heartbeat: (layouts.HEARTBEAT, rows.heartbeat),
}

_GROUP: Final = Struct("<HH")
_LEVEL: Final = Struct(layouts.struct_format(layouts.LEVEL))
_NO_EXTRAS: Final = FrameExtras()
# A digit that would be lost is an error; 40 digits are more than an int64 has.
_STRICT: Final = Context(prec=40, traps=[Inexact, InvalidOperation])
#: The schema keeps the flag MMP off frames of older versions.
_MMP_SINCE: Final = 2
_MMP: Final = 1 << codes.ORDER_FLAGS.bits[OrderFlag.MMP.value]


def encode_event(
    event: StreamEvent,
    *,
    version: int,
    in_place: bool = True,
    extras: FrameExtras = _NO_EXTRAS,
) -> bytes:
    """
    Return the frame that says what the event says.

    What a version has no field for is left out, as the venue does: trade id, request, fill
    flags, fee currency and the flag MMP below 2; the rates that version 1 appended below 1.
    Timestamps are cut to microseconds. None where the schema wants a number is written as null.

    Parameters
    ----------
    event : StreamEvent
        The event.
    version : int
        0, 1 or 2.
    in_place : bool, default True
        False writes version 2 without the fields that came under the same number later.
    extras : FrameExtras, optional
        What the frame carries beside the event.

    Raises
    ------
    EncodeError
        If the version has no such message, a number does not fit (more than 8 places, beyond
        int64), a text is longer than 255 bytes, or a name has no code.

    """
    form = _form(type(event), version, in_place)
    row = form.write(event, extras)
    # What a version lacks are the last rows: its values are the begin of all values.
    values = [
        _wire_value(field, value, version)
        for field, value in zip(form.fields, row.values, strict=False)
    ]
    parts = [form.header]
    try:
        parts.append(form.root.pack(*values))
        if isinstance(event, events.Book):
            parts += _group(event.bids)
            parts += _group(event.asks)
    except struct.error as e:
        raise EncodeError(f"{type(event).__name__}: {e}") from None
    parts += [_text(text) for text in row.texts[: form.texts]]
    return b"".join(parts)


class _Form(NamedTuple):
    """What a version's frames of one message have in common."""

    write: _Write
    fields: tuple[layouts.Field, ...]
    root: Struct
    header: bytes
    texts: int


@cache
def _form(kind: type[StreamEvent], version: int, in_place: bool) -> _Form:
    layout, write = _WRITE[kind]
    if version not in SUPPORTED_VERSIONS or version < layout.since:
        raise EncodeError(f"schema version {version} has no {layout.name}")
    fields = layout.fields_at(version, in_place=in_place)
    root = Struct(layouts.struct_format(fields))
    return _Form(
        write=write,
        fields=fields,
        root=root,
        header=HEADER.pack(root.size, layout.template, SCHEMA_ID, version),
        texts=len(layout.texts_at(version, in_place=in_place)),
    )


def _wire_value(
    field: layouts.Field, value: int | Decimal | bytes | None, version: int
) -> int | bytes:
    places = layouts.TYPES[field.type].places
    if places is not None and value is None:
        return NULL
    if isinstance(value, Decimal):
        value = _mantissa(field.name, value, places or 0)
    if value is None or (places is not None and value == NULL):
        raise EncodeError(f"{field.name}: {value} is not a number of the wire")
    if field.type == "OrderFlags" and version < _MMP_SINCE and isinstance(value, int):
        return value & ~_MMP
    return value


def _mantissa(name: str, value: Decimal, places: int) -> int:
    try:
        exact = value.quantize(Decimal((0, (1,), -places)), context=_STRICT)
        return int(exact.scaleb(places, _STRICT))
    except (Inexact, InvalidOperation, ValueError, OverflowError):
        raise EncodeError(f"{name}: {value} does not fit {places} places") from None


def _group(levels: Iterable[tuple[int, int]]) -> list[bytes]:
    entries = [_LEVEL.pack(price, size) for price, size in levels]
    return [_GROUP.pack(_LEVEL.size, len(entries)), *entries]


def _text(text: str) -> bytes:
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise EncodeError("a text is not UTF-8") from None
    if len(raw) > 255:
        raise EncodeError(f"a text of {len(raw)} bytes is longer than 255")
    return bytes((len(raw),)) + raw
