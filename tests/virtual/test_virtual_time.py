"""The virtual loop: time jumps when nothing is ready, and nothing on its way is passed over."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import aiohttp
import pytest

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.virtual_time import NothingLeftToDo
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.virtual.node_time import LoopClock


#: Turns of the loop take a microsecond each.
_TURNS_S = 0.001
_YEAR_S = 365 * 86_400.0


# -- TIME -----------------------------------------------------------------------------------------


def test_a_year_passes_at_once_and_is_a_year_long():
    async def main(loop: VirtualLoop) -> tuple[float, int]:
        before = loop.wall_us()
        await asyncio.sleep(_YEAR_S)
        return loop.time(), loop.wall_us() - before

    seconds, wall_us = run_virtual(main)
    assert seconds == pytest.approx(_YEAR_S, abs=_TURNS_S)
    assert wall_us == pytest.approx(_YEAR_S * 1e6, abs=_TURNS_S * 1e6)


def test_timers_go_off_in_their_order_and_at_their_times():
    async def main(loop: VirtualLoop) -> list[tuple[int, float]]:
        heard: list[tuple[int, float]] = []
        for delay in (30, 10, 20):
            loop.call_later(delay, lambda d=delay: heard.append((d, loop.time())))
        await asyncio.sleep(60)
        return heard

    heard = run_virtual(main)
    assert [delay for delay, _ in heard] == [10, 20, 30]
    for delay, at in heard:
        assert at == pytest.approx(delay, abs=_TURNS_S)


def test_deadlines_are_in_virtual_time():
    async def main(loop: VirtualLoop) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await loop.create_future()
        return loop.time()

    assert run_virtual(main) == pytest.approx(3600, abs=_TURNS_S)


def test_who_spins_until_a_time_gets_there():
    async def main(loop: VirtualLoop) -> None:
        while loop.time() < 0.01:  # noqa: ASYNC110 - spinning is what this is about
            await asyncio.sleep(0)

    run_virtual(main)


def test_a_wait_that_nothing_can_end_is_called_so():
    async def main(loop: VirtualLoop) -> None:
        await loop.create_future()

    with pytest.raises(NothingLeftToDo):
        run_virtual(main)


def test_the_frameworks_timers_go_off_in_virtual_time():
    async def main(loop: VirtualLoop) -> list[float]:
        clock = LoopClock()
        heard: list[float] = []
        start_ns = clock.timestamp_ns()

        def hear(event) -> None:
            assert event.ts_event == clock.timestamp_ns()
            heard.append((clock.timestamp_ns() - start_ns) / 1e9)

        clock.set_timer("five minutes", timedelta(minutes=5), callback=hear)
        clock.set_time_alert("once", clock.utc_now() + timedelta(seconds=400), callback=hear)
        await asyncio.sleep(3600)
        assert clock.timestamp_ns() - start_ns == pytest.approx(3600e9, abs=_TURNS_S * 1e9)
        return heard

    heard = run_virtual(main)
    assert heard[:3] == pytest.approx([300, 400, 600], abs=_TURNS_S)
    assert len(heard) == 13


# -- CONNECTIONS ----------------------------------------------------------------------------------


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


def test_what_was_written_is_read_before_time_goes_on():
    async def main(loop: VirtualLoop) -> float:
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        alarm = loop.call_later(0.01, writer.transport.abort)
        for _ in range(100):
            writer.write(b"x" * 1000)
            assert await reader.readexactly(1000) == b"x" * 1000
        alarm.cancel()
        writer.close()
        server.close()
        return loop.time()

    assert run_virtual(main) < 0.01


def test_more_than_a_sockets_buffer_arrives_whole():
    data = bytes(range(256)) * 40_000

    async def main(_: VirtualLoop) -> bytes:
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(data)
        got = await reader.readexactly(len(data))
        writer.close()
        server.close()
        return got

    assert run_virtual(main) == data


def test_nobody_is_reached_where_nobody_serves_any_more():
    async def main(_: VirtualLoop) -> None:
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        server.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*address)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"http://127.0.0.1:{address[1]}/")

    run_virtual(main)


def test_the_local_paradex_lives_in_virtual_time():
    async def main(loop: VirtualLoop) -> int:
        async with (
            LocalParadex(market=False, clock_us=loop.wall_us) as paradex,
            aiohttp.ClientSession() as session,
        ):
            times = []
            for _ in range(2):
                async with session.get(f"{paradex.http_url}/system/time") as response:
                    times.append(int((await response.json())["server_time"]))
                await asyncio.sleep(600)
            return times[1] - times[0]

    assert run_virtual(main) == pytest.approx(600_000, abs=100)


# -- THREADS --------------------------------------------------------------------------------------


def test_work_for_threads_is_done_at_once_with_its_result_or_error():
    async def main(loop: VirtualLoop) -> None:
        with ThreadPoolExecutor() as pool:
            assert await loop.run_in_executor(pool, divmod, 7, 2) == (3, 1)
        assert await asyncio.to_thread(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await loop.run_in_executor(None, divmod, 7, 0)

    run_virtual(main)


def test_a_thread_that_ends_late_is_waited_for_and_takes_no_virtual_time():
    ended = []

    async def main(loop):
        executor = ThreadPoolExecutor(1)
        loop.set_default_executor(executor)
        executor.submit(lambda: (time.sleep(0.2), ended.append(True)))

    run_virtual(main)
    assert ended == [True]
