"""Messages in pieces: WebSocket fragments, and TCP writes that end anywhere (RFC 6455, 5.4)."""

import asyncio
from typing import Final

from nautilus_paradex.simulator.server.outbox import Pieces


_FINAL: Final = 0x80
_CONTINUATION, _TEXT, _BINARY = 0, 1, 2


def encoded(pieces: Pieces) -> list[bytes]:
    """Return what is to be written, one write each."""
    frame = pieces.frame
    opcode = _TEXT if isinstance(frame, str) else _BINARY
    payload = frame.encode() if isinstance(frame, str) else frame
    if not pieces.are_frames:
        return _cut(_frame(_FINAL | opcode, payload), pieces.size)
    parts = _cut(payload, pieces.size)
    last = len(parts) - 1
    return [
        _frame((_CONTINUATION if n else opcode) | (_FINAL if n == last else 0), part)
        for n, part in enumerate(parts)
    ]


async def write(transport: asyncio.Transport, pieces: Pieces) -> None:
    """
    Write them; everybody else has a turn between two.

    Raises
    ------
    ConnectionError
        If the client has left.

    """
    for piece in encoded(pieces):
        if transport.is_closing():
            raise ConnectionResetError("the client has left")
        transport.write(piece)
        await asyncio.sleep(0)


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


def _frame(first: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        head = bytes((first, length))
    elif length < 1 << 16:
        head = bytes((first, 126)) + length.to_bytes(2)
    else:
        head = bytes((first, 127)) + length.to_bytes(8)
    return head + payload
