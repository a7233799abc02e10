"""
The binary feed: SBE frames of schema 1, versions 0 to 2, and tolerant of later ones.

`decode_frame` and `encode_event` are each other's inverse. The layouts stand in `layouts`, as
data, to be read beside PROTOCOL 7.3 and 7.4.
"""

from nautilus_paradex.protocol.sbe.decoder import decode_frame
from nautilus_paradex.protocol.sbe.encoder import encode_event
from nautilus_paradex.protocol.sbe.framing import SCHEMA_ID
from nautilus_paradex.protocol.sbe.framing import SUPPORTED_VERSIONS
from nautilus_paradex.protocol.sbe.framing import Header
from nautilus_paradex.protocol.sbe.framing import SkippedFrame
from nautilus_paradex.protocol.sbe.framing import read_header
from nautilus_paradex.protocol.sbe.rows import BookTop
from nautilus_paradex.protocol.sbe.rows import FrameExtras


__all__ = [
    "SCHEMA_ID",
    "SUPPORTED_VERSIONS",
    "BookTop",
    "FrameExtras",
    "Header",
    "SkippedFrame",
    "decode_frame",
    "encode_event",
    "read_header",
]
