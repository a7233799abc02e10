"""
Virtual time: an event loop that never waits.

When nothing is ready, its clock jumps to the next timer, so an hour of outage passes in seconds
and a run is the same each time. Servers and clients on one virtual loop reach each other over
pairs of sockets inside the process: what one end has written, the other can read at once, so
that an idle loop is idle beyond doubt, which loopback TCP would not promise. Their code does not
notice: they call ``create_server`` and ``create_connection`` as ever, and ports are real.

What is told the time otherwise has to be told by the loop: give the local Paradex
:meth:`VirtualLoop.wall_us` as its clock, and register clocks that have timers of their own with
:meth:`VirtualLoop.follow`.
"""

import asyncio
import selectors
import socket
from collections.abc import Callable
from collections.abc import Coroutine
from concurrent.futures import Executor
from typing import Any
from typing import Final
from typing import Protocol
from typing import Self
from typing import override


#: Where a virtual wall clock begins: a Monday, 12:00 UTC, far from the venue's releases.
WALL_START_US: Final = 1_790_596_800_000_000

_LOCALHOST: Final = "127.0.0.1"
#: Seconds that each turn of the loop takes: who asks again and again how late it is gets on.
_TURN_S: Final = 1e-6
#: Seconds of real time that a loop without any timer waits for a thread to wake it.
_PATIENCE_S: Final = 1.0

type _Address = tuple[str, int]
type _ProtocolFactory = Callable[[], asyncio.BaseProtocol]


class Follower(Protocol):
    """A clock with timers of its own, in the loop's time."""

    def next_due(self) -> float | None:
        """Return the loop's time at which its next timer is due; None without timers."""

    def advance(self, now: float) -> None:
        """Go on to the loop's time; timers that are due are called."""


class NothingLeftToDo(RuntimeError):  # noqa: N818 - it names what happened
    """The loop waits for something that no timer and no socket will bring."""


class _Selector(selectors.DefaultSelector):
    """Asks the loop to jump where another selector would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.pass_time: Callable[[float], None] = lambda _: None

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            ready = super().select(_PATIENCE_S)
            if not ready:
                raise NothingLeftToDo
        self.pass_time(_TURN_S if ready or timeout is None else max(timeout, _TURN_S))
        return ready


class _PairSocket(socket.socket):
    """One end of a connection inside the process, which has no TCP below it to be tuned."""

    @override
    def setsockopt(self, *args: Any) -> None:
        if args[0] != socket.IPPROTO_TCP:
            super().setsockopt(*args)

    @override
    def getsockopt(self, *args: Any) -> Any:
        return 1 if args[0] == socket.IPPROTO_TCP else super().getsockopt(*args)

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        """Return both ends of a new connection."""
        one, other = socket.socketpair()
        ends = cls(fileno=one.detach()), cls(fileno=other.detach())
        for end in ends:
            end.setblocking(False)
        return ends


class VirtualLoop(asyncio.SelectorEventLoop):
    """
    An event loop in virtual time.

    Work for threads is done at once, in the loop's own thread: it takes no time.

    Parameters
    ----------
    wall_start_us : int
        What the wall clock shows when the loop is made, UNIX microseconds.

    """

    def __init__(self, wall_start_us: int = WALL_START_US) -> None:
        self._now = 0.0
        self._wall_start_us = wall_start_us
        self._followers: list[Follower] = []
        self._servers: dict[_Address, tuple[asyncio.Server, _ProtocolFactory]] = {}
        self._connecting: dict[socket.socket, _Address] = {}
        selector = _Selector()
        super().__init__(selector)
        selector.pass_time = self._pass_time

    # -- THREADS -----------------------------------------------------------------------------------

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """End the default executor, whose threads have nothing to do: no virtual time passes."""
        executor: Executor | None = vars(self).get("_default_executor")
        if executor is not None:
            executor.shutdown(wait=True)

    # -- TIME --------------------------------------------------------------------------------------

    @override
    def time(self) -> float:
        """Return the seconds since the loop was made."""
        return self._now

    def wall_us(self) -> int:
        """Return the virtual wall clock, UNIX microseconds."""
        return self._wall_start_us + round(self._now * 1e6)

    def wall_ns(self) -> int:
        """Return the virtual wall clock, UNIX nanoseconds."""
        return self.wall_us() * 1000

    def follow(self, follower: Follower) -> None:
        """Let a clock with timers of its own take part, from now to the loop's end."""
        self._followers.append(follower)
        follower.advance(self._now)

    def _pass_time(self, seconds: float) -> None:
        target = self._now + seconds
        for follower in self._followers:
            due = follower.next_due()
            if due is not None:
                target = min(target, due)
        self._now = max(self._now, target)
        for follower in tuple(self._followers):
            follower.advance(self._now)

    # -- CONNECTIONS -------------------------------------------------------------------------------

    @override
    async def create_server(
        self, protocol_factory: _ProtocolFactory, *args: Any, **kwargs: Any
    ) -> asyncio.Server:
        """Serve; clients of this loop can connect from now on."""
        server = await super().create_server(protocol_factory, *args, **kwargs)
        for listening in server.sockets:
            self._servers[listening.getsockname()[:2]] = (server, protocol_factory)
        return server

    @override
    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """
        Note where a socket is to be connected; it is when a protocol is put on it.

        Raises
        ------
        ConnectionRefusedError
            If no server of this loop serves there.

        """
        host, port = address[:2]
        self._factory_at((host, port))
        self._connecting[sock] = (host, port)

    @override
    async def create_connection(  # type: ignore[override]  # as above
        self,
        protocol_factory: _ProtocolFactory,
        host: str | None = None,
        port: int | None = None,
        *,
        sock: socket.socket | None = None,
        **kwargs: Any,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """
        Connect to a server of this loop.

        Raises
        ------
        ConnectionRefusedError
            If none serves there.

        """
        if sock is not None and sock not in self._connecting:
            return await super().create_connection(protocol_factory, sock=sock, **kwargs)
        if sock is not None:
            address = self._connecting.pop(sock)
            sock.close()
        else:
            address = (host or "", port or 0)
        serve = self._factory_at(address)
        near, far = _PairSocket.pair()
        await self.connect_accepted_socket(serve, far)
        return await super().create_connection(protocol_factory, sock=near)

    def _factory_at(self, address: _Address) -> _ProtocolFactory:
        host, port = address
        known = self._servers.get((_LOCALHOST if host == "localhost" else host, port))
        if known is None or not known[0].is_serving():
            raise ConnectionRefusedError(f"nobody serves {host}:{port} on this loop")
        return known[1]

    # -- THREADS -----------------------------------------------------------------------------------

    @override
    def run_in_executor[T](  # type: ignore[override]  # the base is generic over its arguments
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Do the work now."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as e:  # the caller's, as from a thread
            future.set_exception(e)
        return future


def run_virtual[T](
    main: Callable[[VirtualLoop], Coroutine[Any, Any, T]], *, wall_start_us: int = WALL_START_US
) -> T:
    """
    Run a coroutine function, given the loop, in virtual time, and return its result.

    Raises
    ------
    NothingLeftToDo
        If it waits for something that no timer and no socket will bring.

    """
    loop = VirtualLoop(wall_start_us)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop))
