"""An HTTP proxy that asks for a password, and that can answer with what it was sent."""

import asyncio
import base64
import contextlib
from urllib.parse import urlsplit

from tests.security.loopback import LoopbackServer


class EchoProxy(LoopbackServer):
    """
    A forward proxy on loopback; `async with` opens it.

    Attributes
    ----------
    heads : list[bytes]
        The head of each request as it arrived at the proxy itself.
    echoes : int
        How many of the next requests are answered with 502 and a page that repeats the request.
    refusals : int
        How many of the next tunnels are refused with 407.

    """

    def __init__(self, user: str = "", password: str = "") -> None:
        self._credentials = base64.b64encode(f"{user}:{password}".encode()) if user else b""
        self._user_info = f"{user}:{password}@" if user else ""
        self.heads: list[bytes] = []
        self.echoes = 0
        self.refusals = 0

    @property
    def url(self) -> str:
        """Its own, with user and password."""
        return f"http://{self._user_info}127.0.0.1:{self.port}"

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request on, or refuse or repeat it."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        is_tunnel = method == "CONNECT"
        if self.echoes and not is_tunnel:
            self.echoes -= 1
            # Credentials first: who reads on stops soon.
            first, *lines = head.strip().split(b"\r\n")
            page = b"<html><pre>" + b"\n".join([first, *sorted(lines)]) + b"</pre></html>"
            await _write(writer, b"502 Bad Gateway\r\nContent-Type: text/html", page)
            return
        if (self.refusals and is_tunnel) or (
            b"Proxy-Authorization: Basic " + self._credentials not in head and self._credentials
        ):
            self.refusals -= bool(self.refusals)
            await _write(writer, b"407 Proxy Authentication Required", head)
            return
        host, _, port = (target if is_tunnel else urlsplit(target).netloc).rpartition(":")
        there = await asyncio.open_connection(host.strip("[]"), int(port))
        if is_tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there[1].write(head.replace(b"Connection: keep-alive\r\n", b""))
        await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))


async def _write(writer: asyncio.StreamWriter, status: bytes, body: bytes) -> None:
    writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
