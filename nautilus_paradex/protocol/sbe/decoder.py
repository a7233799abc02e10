"""SBE frames to the values of `protocol.events` (PROTOCOL 7, rule S1)."""

import struct
from collections.abc import Callable
from typing import Final

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.events import StreamEvent
from nautilus_paradex.protocol.sbe import layouts
from nautilus_paradex.protocol.sbe import private
from nautilus_paradex.protocol.sbe import public
from nautilus_paradex.protocol.sbe.framing import ROOT
from nautilus_paradex.protocol.sbe.framing import SCHEMA_ID
from nautilus_paradex.protocol.sbe.framing import Cache
from nautilus_paradex.protocol.sbe.framing import Header
from nautilus_paradex.protocol.sbe.framing import Shape
from nautilus_paradex.protocol.sbe.framing import SkippedFrame
from nautilus_paradex.protocol.sbe.framing import read_header
from nautilus_paradex.protocol.sbe.framing import shape_of


type _Read = Callable[[bytes], StreamEvent | SkippedFrame]


def _per_shape(read: Callable[[bytes, Shape], StreamEvent]) -> Callable[[Shape], _Read]:
    return lambda shape: lambda data: read(data, shape)


_READERS: Final[dict[int, tuple[layouts.Layout, Callable[[Shape], _Read]]]] = {
    layout.template: (layout, reader)
    for layout, reader in (
        (layouts.TRADE, public.trade),
        (layouts.BBO, public.bbo),
        (layouts.BOOK, public.book),
        (layouts.MARKET_SUMMARY, _per_shape(public.market_summary)),
        (layouts.FUNDING_DATA, _per_shape(public.funding_data)),
        (layouts.FUNDING_COMPARISON, _per_shape(public.funding_comparison)),
        (layouts.ORDER, _per_shape(private.order)),
        (layouts.FILL, _per_shape(private.fill)),
        (layouts.POSITION, _per_shape(private.position)),
        (layouts.ACCOUNT, _per_shape(private.account)),
        (layouts.HEARTBEAT, _per_shape(public.heartbeat)),
    )
}


def _reader(header_bytes: bytes) -> _Read:
    header = read_header(header_bytes)
    if header.schema_id != SCHEMA_ID:
        return _skip(header, "unknown schema")
    known = _READERS.get(header.template_id)
    if known is None:
        return _skip(header, "unknown template")
    layout, reader = known
    return reader(shape_of(layout, header.version, header.block_length))


def _skip(header: Header, what: str) -> _Read:
    _, template_id, schema_id, version = header
    reason = f"{what} (template {template_id}, schema {schema_id}, version {version})"
    frame = SkippedFrame(template_id, schema_id, version, reason)
    return lambda _: frame


#: What reads the frames under a header; a feed has a few dozen headers at most.
_BY_HEADER: Final = Cache(_reader, 256)


def decode_frame(payload: bytes | memoryview) -> StreamEvent | SkippedFrame:
    """
    Return what a binary frame says.

    Parameters
    ----------
    payload : bytes or memoryview
        One whole WebSocket message.

    Returns
    -------
    StreamEvent or SkippedFrame
        `SkippedFrame` for another schema or a template that we do not know.

    Raises
    ------
    DecodeError
        If the frame is truncated or garbage.
    UnmodelledValue
        If order, fill or position state, a side or a book's kind holds a value that is not
        modelled.

    """
    data = payload if type(payload) is bytes else bytes(payload)
    try:
        return _BY_HEADER[data[:ROOT]](data)
    except struct.error as e:
        raise DecodeError(f"SBE frame of {len(data)} bytes is truncated: {e}") from None
