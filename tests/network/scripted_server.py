"""An HTTP server on loopback that misbehaves on demand, byte by byte."""

import asyncio
import contextlib
import json
import socket
import struct
from dataclasses import dataclass
from dataclasses import field
from http import HTTPStatus
from types import TracebackType
from typing import Self


@dataclass
class Reply:
    """What is written for one request, and what happens to the connection then."""

    data: bytes = b""
    then: str = "keep"
    """keep, close, reset or stall (until the server ends)."""


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


def answer(
    body: object = None,
    status: int = 200,
    *,
    headers: dict[str, str] | None = None,
    raw: bytes | None = None,
    content_type: str = "application/json",
    then: str = "keep",
) -> Reply:
    """Return a whole HTTP answer: `body` as JSON, or `raw` as it is."""
    payload = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(payload)}"]
    if payload:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return Reply("\r\n".join(lines).encode() + b"\r\n\r\n" + payload, then)


def refused(code: str, status: int = 400, message: str = "no") -> Reply:
    """Return a refusal as the venue writes it."""
    return answer({"error": code, "message": message, "data": None}, status)


@dataclass
class ScriptedServer:
    """
    Plays replies in the order of requests; the last one again for whatever comes after.

    `async with` opens it.
    """

    script: list[Reply] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    async def __aenter__(self) -> Self:
        self._over = asyncio.Event()
        self._arrival = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def arrived(self, count: int = 1) -> None:
        """Wait until `count` requests have arrived."""
        async with asyncio.timeout(5), self._arrival:
            await self._arrival.wait_for(lambda: len(self.seen) >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        try:
            while (request := await _read_request(reader, number)) is not None:
                self.seen.append(request)
                async with self._arrival:
                    self._arrival.notify_all()
                reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                writer.write(reply.data)
                await writer.drain()
                if reply.then == "stall":
                    await self._over.wait()
                if reply.then == "reset":
                    _reset_on_close(writer)
                if reply.then != "keep":
                    return
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _read_request(reader: asyncio.StreamReader, connection: int) -> Seen | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, OSError):
        return None
    first, *lines = head.decode().strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, target, headers, body, connection)


def _reset_on_close(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
