"""
A TCP proxy that disturbs what passes, in front of any server, HTTP or WebSocket.

Disturbances are typed values. They are added and removed at run time, and hold for open and for
new connections. What each counts begins when it is added, or when the connection is opened.
"""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from itertools import cycle
from types import TracebackType
from typing import Final
from typing import Self
from urllib.parse import urlsplit
from urllib.parse import urlunsplit

import msgspec

from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.faults import Armed
from nautilus_paradex.simulator.faults import Fault


_CHUNK: Final = 65_536
#: Parts of a second in which a throttled connection writes.
_THROTTLE_HZ: Final = 50
_RESET: Final = struct.pack("ii", 1, 0)


class Way(StrEnum):
    """Where bytes go."""

    TO_SERVER = "to_server"
    TO_CLIENT = "to_client"


class Ending(StrEnum):
    """How a connection ends."""

    FIN = "fin"
    """In good order, with everything that came before."""
    RST = "rst"
    """With a reset: what is under way may be lost."""
    HALF = "half"
    """Only the one way ends; what comes later on it is dropped, the other way goes on."""


class Disturbance(Fault, frozen=True, kw_only=True):
    """Base of what happens to bytes on their way; `n` counts for those that happen once."""

    way: Way | None = None
    """None is both."""


class Slice(Disturbance, frozen=True, kw_only=True):
    """Bytes are written in small pieces."""

    sizes: tuple[int, ...] = (1,)
    """Bytes of the pieces, one after the other, and again from the first."""


class Delay(Disturbance, frozen=True, kw_only=True):
    """Bytes come later, in their order."""

    ms: float


class Throttle(Disturbance, frozen=True, kw_only=True):
    """Bytes come slowly."""

    bytes_per_s: float


class Stall(Disturbance, frozen=True, kw_only=True):
    """Nothing passes any more, with the connection open; what waits passes when it is removed."""


class NeverAnswer(Disturbance, frozen=True, kw_only=True):
    """New connections are taken and left alone, until it is removed."""


class Cut(Disturbance, frozen=True, kw_only=True):
    """The connection ends after so many bytes of one way; both, if none is named, count."""

    after: int = 0
    ending: Ending = Ending.FIN


class Traffic(msgspec.Struct):
    """What has passed."""

    connections: int = 0
    """Connections taken, ever."""
    to_server: int = 0
    """Bytes."""
    to_client: int = 0
    """Bytes."""
    cuts: int = 0
    """Connections that a :class:`Cut` has ended."""

    def count(self, way: Way, size: int) -> None:
        """Note that bytes have passed."""
        if way is Way.TO_SERVER:
            self.to_server += size
        else:
            self.to_client += size


class FaultProxy:
    """
    A proxy on a loopback port; an asynchronous context manager.

    Parameters
    ----------
    host : str
        The server's host.
    port : int
        The server's port.

    Attributes
    ----------
    traffic : Traffic
        What has passed.

    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._own_port = 0
        self._server: asyncio.Server | None = None
        self._armed: list[Armed[Disturbance]] = []
        self._changed = asyncio.Event()
        self._open: dict[_Connection, asyncio.Task[None]] = {}
        self.traffic = Traffic()

    @classmethod
    def before(cls, url: str) -> Self:
        """Return a proxy before the server of a URL."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or 0)

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.refuse()
        self.cut_all(Ending.RST)
        await asyncio.gather(*self._open.values(), return_exceptions=True)

    # -- WHERE -------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port; known once it accepts."""
        return self._own_port

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def url(self, url: str) -> str:
        """Return a URL of the server, by way of the proxy."""
        return urlunsplit(urlsplit(url)._replace(netloc=f"127.0.0.1:{self._own_port}"))

    async def accept(self) -> None:
        """Take connections, on the same port as before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._own_port)
            self._own_port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Refuse connections; those that are open go on."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    # -- DISTURBANCES ------------------------------------------------------------------------------

    def add[D: Disturbance](self, disturbance: D) -> Armed[D]:
        """Disturb, from now on."""
        armed = Armed(disturbance)
        self._armed.append(armed)  # type: ignore[arg-type]  # read by its own kind only
        for connection in self._open:
            connection.begin_counting(armed)
        self._wake()
        return armed

    def remove[D: Disturbance](self, armed: Armed[D]) -> None:
        """End a disturbance; nothing happens if it has ended by itself."""
        self._armed = [known for known in self._armed if known is not armed]
        self._wake()

    def clear(self) -> None:
        """End all disturbances."""
        self._armed.clear()
        self._wake()

    def cut_all(self, ending: Ending = Ending.FIN) -> None:
        """End every connection now."""
        for connection in list(self._open):
            connection.end(ending)

    def of[D: Disturbance](self, kind: type[D], way: Way) -> list[Armed[D]]:
        """Return the disturbances of a kind that hold for a way."""
        return [
            armed  # type: ignore[misc]  # its disturbance is of the kind that was asked for
            for armed in self._armed
            if isinstance(armed.fault, kind) and armed.fault.way in (None, way)
        ]

    def fire(self, armed: Armed[Cut]) -> None:
        """Let a cut happen once."""
        armed.fire()
        self.traffic.cuts += 1
        if armed.is_exhausted:
            self.remove(armed)

    async def while_disturbed(self, kind: type[Disturbance], way: Way) -> None:
        """Wait until no disturbance of a kind holds for a way."""
        while self.of(kind, way):
            await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    # -- CONNECTIONS -------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, reader, writer)
        self._open[connection] = work = asyncio.ensure_future(connection.run(*self._target))
        self.traffic.connections += 1
        for armed in self._armed:
            connection.begin_counting(armed)
        try:
            await work
        finally:
            del self._open[connection]


class _Connection:
    """A client's connection and the one to the server behind it."""

    def __init__(
        self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._client = (reader, writer)
        self._writers = [writer]
        self._passed: dict[tuple[Armed[Disturbance], Way], int] = {}
        self._is_over = asyncio.Event()

    def begin_counting[D: Disturbance](self, armed: Armed[D]) -> None:
        for way in Way:
            self._passed[armed, way] = 0  # type: ignore[index]  # read by its own kind only

    def end(self, ending: Ending) -> None:
        for writer in self._writers:
            if ending is Ending.RST:
                _reset(writer)
            else:
                writer.close()
        self._is_over.set()

    async def run(self, host: str, port: int) -> None:
        over = asyncio.ensure_future(self._is_over.wait())
        work = asyncio.ensure_future(self._work(host, port))
        try:
            await asyncio.wait([over, work], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (over, work):
                task.cancel()
            await asyncio.gather(over, work, return_exceptions=True)
            for writer in self._writers:
                writer.close()
        if not work.cancelled():
            work.result()

    async def _work(self, host: str, port: int) -> None:
        await self._proxy.while_disturbed(NeverAnswer, Way.TO_SERVER)
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError:
            self.end(Ending.RST)
            return
        self._writers.append(writer)
        await asyncio.gather(
            self._pump(self._client[0], writer, Way.TO_SERVER),
            self._pump(reader, self._client[1], Way.TO_CLIENT),
        )

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Way
    ) -> None:
        is_dropped = False
        try:
            while data := await reader.read(_CHUNK):
                if is_dropped:
                    continue
                await self._delay(way)
                for piece in self._pieces(data, way):
                    await self._proxy.while_disturbed(Stall, way)
                    is_dropped = await self._write(piece, writer, way)
                    if is_dropped:
                        break
                    # Who reads sees the pieces one by one, as far as this process goes.
                    await asyncio.sleep(0)
        except ConnectionError:
            self.end(Ending.RST)
            return
        if not is_dropped:
            await self._proxy.while_disturbed(Stall, way)
            _end_way(writer)

    async def _write(self, piece: bytes, writer: asyncio.StreamWriter, way: Way) -> bool:
        """Write a piece; return if the way has ended."""
        cut = next((c for c in self._proxy.of(Cut, way) if self._left(c, way) <= len(piece)), None)
        if cut is not None:
            piece = piece[: self._left(cut, way)]
        writer.write(piece)
        self._proxy.traffic.count(way, len(piece))
        for known in self._passed:
            if known[1] is way:
                self._passed[known] += len(piece)
        if cut is not None:
            return await self._cut(cut, writer)
        await writer.drain()
        for throttle in self._proxy.of(Throttle, way):
            await pause(len(piece) / throttle.fault.bytes_per_s)
        return False

    def _left(self, armed: Armed[Cut], way: Way) -> int:
        return max(armed.fault.after - self._passed.get((armed, way), 0), 0)  # type: ignore[arg-type]  # as above

    async def _cut(self, armed: Armed[Cut], writer: asyncio.StreamWriter) -> bool:
        ending = armed.fault.ending
        if ending is Ending.RST:
            # What has been written before is to arrive, as far as the kernel has it.
            await asyncio.sleep(0)
        self._proxy.fire(armed)
        if ending is Ending.HALF:
            _end_way(writer)
        else:
            self.end(ending)
        return True

    async def _delay(self, way: Way) -> None:
        for delay in self._proxy.of(Delay, way):
            await pause(delay.fault.ms / 1000)

    def _pieces(self, data: bytes, way: Way) -> Iterator[bytes]:
        slices = self._proxy.of(Slice, way)
        throttles = self._proxy.of(Throttle, way)
        sizes: tuple[int, ...] = slices[0].fault.sizes if slices else (_CHUNK,)
        if throttles:
            most = max(int(throttles[0].fault.bytes_per_s / _THROTTLE_HZ), 1)
            sizes = tuple(min(size, most) for size in sizes)
        at = 0
        for size in cycle(sizes):
            yield data[at : at + size]
            at += size
            if at >= len(data):
                return


def _reset(writer: asyncio.StreamWriter) -> None:
    known = writer.get_extra_info("socket")
    if known is not None and known.fileno() >= 0:
        known.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


def _end_way(writer: asyncio.StreamWriter) -> None:
    # The other side may have left already.
    with suppress(OSError):
        writer.write_eof()
