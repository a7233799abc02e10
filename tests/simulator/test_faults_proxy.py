"""The proxy does to TCP connections what it is told, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest

from nautilus_paradex.simulator.proxy import Cut
from nautilus_paradex.simulator.proxy import Delay
from nautilus_paradex.simulator.proxy import Ending
from nautilus_paradex.simulator.proxy import FaultProxy
from nautilus_paradex.simulator.proxy import NeverAnswer
from nautilus_paradex.simulator.proxy import Slice
from nautilus_paradex.simulator.proxy import Stall
from nautilus_paradex.simulator.proxy import Throttle
from nautilus_paradex.simulator.proxy import Way
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.simulator.server_client import DEADLINE_S


_BRIEFLY_S = 0.05


class EchoServer:
    """
    Sends back what it gets.

    Attributes
    ----------
    got : list[bytes]
        What each connection has brought, in reads.
    ends : int
        How many connections have ended.

    """

    def __init__(self) -> None:
        self.got: list[list[bytes]] = []
        self.ends = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reads: list[bytes] = []
        self.got.append(reads)
        try:
            while data := await reader.read(65_536):
                reads.append(data)
                writer.write(data)
        except ConnectionError:
            reads.append(b"reset")
        finally:
            self.ends += 1
            writer.close()


class Client:
    """One connection by way of the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def echoed(self, data: bytes) -> bytes:
        self.writer.write(data)
        return await self.read(len(data))

    async def read(self, count: int) -> bytes:
        async with asyncio.timeout(DEADLINE_S):
            return await self.reader.readexactly(count)

    async def rest(self) -> bytes:
        """Return what comes until the end; a reset is an error."""
        async with asyncio.timeout(DEADLINE_S):
            return await self.reader.read()


class Line:
    """An echo server, the proxy before it, and its clients."""

    def __init__(self, server: EchoServer, proxy: FaultProxy) -> None:
        self.server, self.proxy = server, proxy
        self._clients: list[Client] = []

    async def client(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.proxy.port))
        self._clients.append(client)
        return client

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():  # noqa: ASYNC110 - sockets of others have no event to wait for
                await asyncio.sleep(0.001)

    def close(self) -> None:
        for client in self._clients:
            client.writer.transport.abort()


@asynccontextmanager
async def line() -> AsyncIterator[Line]:
    echo = EchoServer()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    echo.port = server.sockets[0].getsockname()[1]
    async with FaultProxy("127.0.0.1", echo.port) as proxy:
        at = Line(echo, proxy)
        try:
            yield at
        finally:
            at.close()
    server.close()
    await at.until(lambda: echo.ends == len(echo.got))


# -- UNDISTURBED ----------------------------------------------------------------------------------


async def test_bytes_pass_both_ways_and_are_counted():
    async with line() as at:
        data = bytes(range(256)) * 2_000
        first, second = await at.client(), await at.client()
        assert await first.echoed(data) == data
        assert await second.echoed(b"short") == b"short"
        assert (at.proxy.traffic.connections, at.proxy.connections) == (2, 2)
        assert at.proxy.traffic.to_server == at.proxy.traffic.to_client == len(data) + 5
        assert at.proxy.traffic.cuts == 0
        first.writer.close()
        await at.until(lambda: at.proxy.connections == 1)


async def test_an_end_of_the_client_is_an_end_at_the_server_after_everything():
    async with line() as at:
        client = await at.client()
        client.writer.write(b"last words")
        client.writer.write_eof()
        assert await client.rest() == b"last words"
        await at.until(lambda: at.proxy.connections == 0)


async def test_a_url_leads_through_the_proxy():
    async with FaultProxy.before("ws://127.0.0.1:4321/v1") as proxy:
        assert proxy.url("ws://127.0.0.1:4321/v1") == f"ws://127.0.0.1:{proxy.port}/v1"
        assert proxy.url("http://127.0.0.1:4321/v1?a=b") == f"http://127.0.0.1:{proxy.port}/v1?a=b"


async def test_no_server_behind_it_is_a_reset():
    async with FaultProxy("127.0.0.1", 9) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(DEADLINE_S):
                await reader.read()
        writer.close()


# -- PIECES AND TIME ------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(1,), (1, 7, 2), (100_000,)])
@pytest.mark.parametrize("way", [None, *Way])
async def test_bytes_come_in_pieces_and_whole(sizes: tuple[int, ...], way: Way | None):
    async with line() as at:
        client = await at.client()
        at.proxy.add(Slice(sizes=sizes, way=way))
        data = bytes(range(250))
        assert await client.echoed(data) == data
        if way is not Way.TO_CLIENT:
            pieces = at.server.got[0]
            assert b"".join(pieces) == data
            assert (len(pieces) > 1) is (sizes[0] == 1)


def test_bytes_come_later_and_slowly_for_as_long_as_they_are_told():
    async def main(loop: VirtualLoop) -> list[float]:
        took = []
        async with line() as at:
            client = await at.client()

            async def measure(size: int) -> None:
                began = loop.time()
                await client.echoed(bytes(size))
                took.append(loop.time() - began)

            await measure(1)
            late = at.proxy.add(Delay(ms=2_000, way=Way.TO_SERVER))
            later = at.proxy.add(Delay(ms=1_000, way=Way.TO_CLIENT))
            await measure(1)
            at.proxy.remove(late)
            await measure(1)
            at.proxy.remove(later)
            slow = at.proxy.add(Throttle(bytes_per_s=1_000, way=Way.TO_SERVER))
            await measure(5_000)
            at.proxy.remove(slow)
            await measure(5_000)
        return took

    took = run_virtual(main)
    assert took == pytest.approx([0, 3, 1, 5, 0], abs=0.1)


async def test_a_stall_of_one_way_holds_it_alone_and_what_waits_comes_at_its_end():
    async with line() as at:
        client = await at.client()
        stall = at.proxy.add(Stall(way=Way.TO_CLIENT))
        client.writer.write(b"abc")
        await at.until(lambda: at.server.got and at.server.got[0] == [b"abc"])
        reading = asyncio.create_task(client.read(3))
        done, _ = await asyncio.wait([reading], timeout=_BRIEFLY_S)
        assert not done
        at.proxy.remove(stall)
        assert await reading == b"abc"
        both = at.proxy.add(Stall())
        client.writer.write(b"def")
        reading = asyncio.create_task(client.read(3))
        done, _ = await asyncio.wait([reading], timeout=_BRIEFLY_S)
        assert not done
        assert at.server.got[0] == [b"abc"]
        at.proxy.remove(both)
        assert await reading == b"def"


async def test_a_connection_is_taken_and_never_answered_until_that_ends():
    async with line() as at:
        known = await at.client()
        assert await known.echoed(b"before") == b"before"
        silence = at.proxy.add(NeverAnswer())
        client = await at.client()
        client.writer.write(b"hello?")
        reading = asyncio.create_task(client.read(6))
        done, _ = await asyncio.wait([reading], timeout=_BRIEFLY_S)
        assert not done
        assert len(at.server.got) == 1
        assert await known.echoed(b"still here") == b"still here"
        at.proxy.remove(silence)
        assert await reading == b"hello?"


# -- ENDS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 4, 10])
async def test_a_connection_ends_after_so_many_bytes_to_the_client(after: int):
    async with line() as at:
        client = await at.client()
        assert await client.echoed(b"before") == b"before"
        armed = at.proxy.add(Cut(after=after, way=Way.TO_CLIENT))
        client.writer.write(b"0123456789")
        assert await client.rest() == b"0123456789"[:after]
        assert (armed.is_exhausted, at.proxy.traffic.cuts) == (True, 1)
        await at.until(lambda: at.server.ends == 1)
        again = await at.client()
        assert await again.echoed(b"0123456789") == b"0123456789"


@pytest.mark.parametrize("after", [0, 1, 4, 10])
async def test_a_connection_ends_after_so_many_bytes_to_the_server(after: int):
    async with line() as at:
        client = await at.client()
        at.proxy.add(Cut(after=after, way=Way.TO_SERVER))
        for byte in b"0123456789":
            client.writer.write(bytes([byte]))
            await client.writer.drain()
        await at.until(lambda: at.server.ends == 1)
        assert b"".join(at.server.got[0]) == b"0123456789"[:after]


async def test_a_connection_is_reset():
    async with line() as at:
        client = await at.client()
        assert await client.echoed(b"before") == b"before"
        at.proxy.add(Cut(way=Way.TO_CLIENT, ending=Ending.RST))
        client.writer.write(b"after")
        with pytest.raises(ConnectionResetError):
            await client.rest()
        await at.until(lambda: at.server.ends == 1)


async def test_one_way_ends_and_the_other_goes_on():
    async with line() as at:
        client = await at.client()
        at.proxy.add(Cut(after=3, way=Way.TO_CLIENT, ending=Ending.HALF))
        client.writer.write(b"abcdef")
        assert await client.rest() == b"abc"
        client.writer.write(b"ghi")
        await at.until(lambda: b"".join(at.server.got[0]) == b"abcdefghi")
        assert at.proxy.connections == 1


async def test_so_many_connections_are_cut_and_no_more():
    async with line() as at:
        at.proxy.add(Cut(after=2, n=2))
        for _ in range(2):
            client = await at.client()
            client.writer.write(b"abcdef")
            await client.rest()
        client = await at.client()
        assert await client.echoed(b"abcdef") == b"abcdef"
        assert at.proxy.traffic.cuts == 2


@pytest.mark.parametrize("ending", [Ending.FIN, Ending.RST])
async def test_all_connections_end_at_once(ending: Ending):
    async with line() as at:
        clients = [await at.client() for _ in range(3)]
        for client in clients:
            await client.echoed(b"x")
        at.proxy.cut_all(ending)
        for client in clients:
            if ending is Ending.FIN:
                assert await client.rest() == b""
            else:
                with pytest.raises(ConnectionResetError):
                    await client.rest()
        await at.until(lambda: at.server.ends == 3)


async def test_connections_are_refused_and_taken_again_on_the_same_port():
    async with line() as at:
        client = await at.client()
        port = at.proxy.port
        await at.proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await at.client()
        assert await client.echoed(b"goes on") == b"goes on"
        await at.proxy.accept()
        assert at.proxy.port == port
        assert await (await at.client()).echoed(b"again") == b"again"


async def test_cleared_disturbances_are_none():
    async with line() as at:
        at.proxy.add(Stall())
        at.proxy.add(Cut())
        at.proxy.clear()
        client = await at.client()
        assert await client.echoed(b"x") == b"x"
