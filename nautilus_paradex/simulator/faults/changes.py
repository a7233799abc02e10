"""How an answer or a frame looks that has something in it that nobody knows."""

import struct
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.protocol.sbe import SCHEMA_ID
from nautilus_paradex.protocol.sbe import read_header
from nautilus_paradex.protocol.sbe.layouts import LAYOUTS


UNKNOWN_FIELD: Final = "x_unknown"
UNKNOWN_CHANNEL: Final = "x_unknown.ALL"
UNKNOWN_TEMPLATE: Final = 999

_HEADER: Final = struct.Struct("<HHHH")
_MORE: Final = b"\x2a" * 12


def with_unknown_fields(value: Any) -> Any:
    """Return JSON in which every object has a field that nobody knows."""
    if isinstance(value, list):
        return [with_unknown_fields(item) for item in value]
    if isinstance(value, dict):
        changed = {key: with_unknown_fields(item) for key, item in value.items()}
        return changed | {UNKNOWN_FIELD: {"since": ["later", 1, None]}}
    return value


def with_value(value: Any, field: str, new: Any, of: str | None = None) -> Any:
    """Return JSON in which a field has another value, in all objects or in those of an id."""
    if isinstance(value, list):
        return [with_value(item, field, new, of) for item in value]
    if isinstance(value, dict):
        is_meant = of is None or value.get("id") == of
        return {
            key: new if key == field and is_meant else with_value(item, field, new, of)
            for key, item in value.items()
        }
    return value


def frame_with_unknown_fields(frame: str | bytes) -> str | bytes:
    """Return a frame of a later version: more fields in JSON, a longer block in SBE."""
    if isinstance(frame, str):
        return _encode(with_unknown_fields(msgspec.json.decode(frame)))
    header = read_header(frame)
    end = _HEADER.size + header.block_length
    longer = header._replace(block_length=header.block_length + len(_MORE))
    return _HEADER.pack(*longer) + frame[_HEADER.size : end] + _MORE + frame[end:]


def frame_with_value(frame: str | bytes, field: str, value: str, code: int) -> str | bytes:
    """
    Return a frame in which a field has another value: a text in JSON, a byte in SBE.

    Raises
    ------
    ValueError
        If an SBE frame has no such field of one byte.

    """
    if isinstance(frame, str):
        return _encode(with_value(msgspec.json.decode(frame), field, value))
    header = read_header(frame)
    for layout in LAYOUTS:
        for known in layout.fields:
            if (layout.template, known.name, known.wire.code) == (header.template_id, field, "B"):
                at = _HEADER.size + known.offset
                return frame[:at] + bytes([code]) + frame[at + 1 :]
    raise ValueError(f"template {header.template_id} has no byte {field}")


def unknown_frame(like: str | bytes) -> str | bytes:
    """Return a frame of a kind that nobody knows, in the encoding of another."""
    if isinstance(like, str):
        data = {"channel": UNKNOWN_CHANNEL, "data": {"news": True}}
        return _encode({"jsonrpc": "2.0", "method": "subscription", "params": data})
    version = read_header(like).version
    return _HEADER.pack(len(_MORE), UNKNOWN_TEMPLATE, SCHEMA_ID, version) + _MORE


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()
