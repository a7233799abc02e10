"""
Header, root block and strings of a frame (PROTOCOL 7.2).

A message's layout, the header's version and its block length make a `Shape`: what to unpack and
where the strings begin. Shapes are made once per distinct header, so that reading a frame is
one unpack.
"""

from collections.abc import Callable
from struct import Struct
from typing import Any
from typing import Final
from typing import NamedTuple

import msgspec

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.sbe.layouts import NULL
from nautilus_paradex.protocol.sbe.layouts import Field
from nautilus_paradex.protocol.sbe.layouts import Layout
from nautilus_paradex.protocol.sbe.layouts import struct_format


#: The schema that this package reads and writes.
SCHEMA_ID: Final = 1
#: Versions that can be asked for, the best first (rule S1).
SUPPORTED_VERSIONS: Final = (2, 1, 0)

HEADER: Final = Struct("<HHHH")
#: The root block begins here.
ROOT: Final = HEADER.size

#: Bytes of the longest string, its length included.
LONGEST_TEXT: Final = 256


class Header(NamedTuple):
    """A frame's first 8 bytes."""

    block_length: int
    template_id: int
    schema_id: int
    version: int


class SkippedFrame(msgspec.Struct, frozen=True):
    """A frame that is not ours to read: another schema, or a template that we do not know."""

    template_id: int
    schema_id: int
    version: int
    reason: str


def read_header(payload: bytes | memoryview) -> Header:
    """
    Return a frame's header.

    Raises
    ------
    DecodeError
        If the frame is shorter than a header.

    """
    if len(payload) < ROOT:
        raise DecodeError(f"SBE frame of {len(payload)} bytes is shorter than its header")
    return Header(*HEADER.unpack_from(payload))


class Shape(msgspec.Struct, frozen=True):
    """How to read the frames of a message under one header."""

    root: Struct
    """The fields that are there."""
    absent: tuple[int, ...]
    """Values for the fields that are not there: null, or the zero that means the same."""
    end: int
    """Where the root block ends, counted from the frame's begin."""
    required_texts: int
    """Strings that every version has."""
    texts: int
    """Strings that this version may have."""
    all_texts: int
    """Strings of the newest version."""

    def read_root(self, data: bytes) -> tuple[Any, ...]:
        """Return one value per field of the layout."""
        return self.root.unpack_from(data, ROOT) + self.absent


def shape_of(layout: Layout, version: int, block_length: int) -> Shape:
    """
    Return how to read a layout under a header's version and block length.

    Fields of a later version than the header's are absent, even if the block is longer: what
    lies there is not ours to name. Fields that the block is too short for are absent too.

    Raises
    ------
    DecodeError
        If the block is shorter than the layout of version 0.

    """
    fields = layout.fields_at(version)
    present = tuple(f for f in fields if _end(f) <= block_length)
    if len(present) < len(layout.fields_at(0)):
        raise DecodeError(f"{layout.name}: a block of {block_length} bytes is too short")
    return Shape(
        root=Struct(struct_format(present)),
        absent=tuple(_absent(f) for f in layout.fields[len(present) :]),
        end=ROOT + block_length,
        required_texts=len(layout.texts_at(0)),
        texts=len(layout.texts_at(version)),
        all_texts=len(layout.texts),
    )


def _end(field: Field) -> int:
    return field.offset + Struct("<" + field.wire.code).size


def _absent(field: Field) -> int:
    return 0 if field.wire.places is None else NULL


def text_end(data: bytes, at: int) -> int:
    """
    Return where the string that begins at `at` ends.

    Raises
    ------
    DecodeError
        If the frame ends before.

    """
    length = len(data)
    if at < length:
        end = at + 1 + data[at]
        if end <= length:
            return end
    raise DecodeError(f"SBE frame of {length} bytes ends in the string at {at}")


class Cache[V](dict[bytes, V]):
    """
    What was made of bytes before: subscripting makes what is missing.

    It starts over when it is full, so the bytes of a hostile peer cannot grow it without end.

    Parameters
    ----------
    make : Callable
        Makes the value; what it raises is not kept.
    size : int
        How many values it may hold.

    """

    def __init__(self, make: Callable[[bytes], V], size: int) -> None:
        super().__init__()
        self._make = make
        self._size = size

    def __missing__(self, key: bytes) -> V:
        value = self._make(key)
        if len(self) >= self._size:
            self.clear()
        self[key] = value
        return value


def _first_text(section: bytes) -> str:
    return utf8(section[1 : text_end(section, 0)])


#: The string that a section of at most `LONGEST_TEXT` bytes begins with: a few markets repeat in
#: every public message. A section that is cut off or not UTF-8 is a `DecodeError`.
FIRST_TEXT: Final = Cache(_first_text, 8192)


def read_texts(data: bytes, shape: Shape) -> list[str]:
    """
    Return one string per string of the layout; those that are not there are empty.

    Raises
    ------
    DecodeError
        If a string that every version has is missing, one is cut off or not UTF-8.

    """
    found: list[str] = []
    at = shape.end
    for index in range(shape.texts):
        if at == len(data) and index >= shape.required_texts:
            break
        end = text_end(data, at)
        found.append(utf8(data[at + 1 : end]))
        at = end
    found.extend("" for _ in range(shape.all_texts - len(found)))
    return found


def utf8(raw: bytes) -> str:
    """
    Return the text of a string's bytes.

    Raises
    ------
    DecodeError
        If they are not UTF-8.

    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise DecodeError("SBE frame with a string that is not UTF-8") from None
