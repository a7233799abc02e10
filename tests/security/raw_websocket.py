"""A WebSocket server on loopback that writes whatever bytes its test wants after the upgrade."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable
from collections.abc import Callable

from tests.security.loopback import LoopbackServer


_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

TEXT, BINARY, CONTINUATION, CLOSE, PING = 0x1, 0x2, 0x0, 0x8, 0x9

type Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


def frame(opcode: int, payload: bytes, *, fin: bool = True, claims: int | None = None) -> bytes:
    """Return a frame; `claims` is the length that it says it has."""
    length = len(payload) if claims is None else claims
    first = bytes([opcode | (0x80 if fin else 0)])
    if length < 126:
        return first + bytes([length]) + payload
    if length < 65_536:
        return first + bytes([126]) + length.to_bytes(2, "big") + payload
    return first + bytes([127]) + length.to_bytes(8, "big") + payload


class RawWebSocket(LoopbackServer):
    """Upgrades every connection and runs a script on it; `async with` opens it."""

    def __init__(self, script: Script, *, upgrades: bool = True) -> None:
        self._script = script
        self._upgrades = upgrades

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1"

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Upgrade, and run the script."""
        head = await reader.readuntil(b"\r\n\r\n")
        if self._upgrades:
            writer.write(_upgrade(head))
        await self._script(writer)
        await reader.read()


def _upgrade(head: bytes) -> bytes:
    lines = dict(line.split(b": ", 1) for line in head.strip().split(b"\r\n")[1:])
    accept = base64.b64encode(hashlib.sha1(lines[b"Sec-WebSocket-Key"] + _MAGIC).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
