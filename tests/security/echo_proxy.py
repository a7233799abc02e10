"""An HTTP proxy that asks for a password, and that can answer with what it was sent."""

import asyncio
import base64
import contextlib
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class EchoProxy:
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
        self._tasks: set[asyncio.Task[None]] = set()
        self.heads: list[bytes] = []
        self.echoes = 0
        self.refusals = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{self._user_info}127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self._answer(reader, writer)
        self._tasks.discard(task)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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
