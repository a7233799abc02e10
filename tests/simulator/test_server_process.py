"""The local Paradex as an object and as a process."""

import argparse
import asyncio
import json
import signal
import sys

import aiohttp
import pytest

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.__main__ import parse_account
from nautilus_paradex.simulator.__main__ import parse_config
from nautilus_paradex.simulator.server.sequencer import Sequencer
from tests.simulator.server_client import DEADLINE_S
from tests.simulator.server_client import KEY
from tests.simulator.server_client import Rest
from tests.simulator.server_client import public_key
from tests.simulator.server_client import world


async def start_process(*arguments: str) -> tuple[asyncio.subprocess.Process, dict[str, object]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nautilus_paradex.simulator",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(3 * DEADLINE_S):
        return process, json.loads(await process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_says_its_urls_serves_and_stops_cleanly(number: signal.Signals):
    process, ready = await start_process(
        "--no-market", "--account", f":{public_key(KEY)}:250", "--config", '{"latency_ms":2}'
    )
    async with aiohttp.ClientSession() as session:
        rest = Rest(session, str(ready["http_url"]))
        (account,) = ready["accounts"]
        await rest.login(account, KEY)
        assert (await rest.get("/account"))["total_collateral"] == "250"
        socket = await session.ws_connect(str(ready["ws_url"]))
        process.send_signal(number)
        async with asyncio.timeout(DEADLINE_S):
            _, errors = await process.communicate()
            await socket.receive()
    assert (process.returncode, errors) == (0, b"")


def test_accounts_and_settings_of_the_command_line_are_checked(tmp_path):
    assert parse_account("0x1:0x2") == ("0x1", "0x2", "100000")
    assert parse_account(":0x2:5") == ("", "0x2", "5")
    for text in ("0x1", "0x1:", "a:b:c:d"):
        with pytest.raises(argparse.ArgumentTypeError):
            parse_account(text)
    file = tmp_path / "config.json"
    file.write_text('{"latency_ms":7,"answer_order":"random"}')
    assert parse_config(f"@{file}").latency_ms == 7
    for text in ("{", '{"latency":1}', '{"latency_ms":"x"}', "@/nothing/there"):
        with pytest.raises(argparse.ArgumentTypeError):
            parse_config(text)


def test_only_loopback_is_served():
    for host in ("0.0.0.0", "192.0.2.1"):
        with pytest.raises(ValueError, match="loopback"):
            LocalParadex(host=host)


def test_an_account_needs_exactly_one_key():
    paradex = LocalParadex(market=False)
    for keys in ({}, {"private_key": KEY, "public_key": public_key(KEY)}):
        with pytest.raises(ValueError, match="private or the public"):
            paradex.create_account(**keys)
    one = paradex.create_account(KEY, address="0x00Ab12", usdc="1")
    assert one == "0xab12"


async def test_a_venue_that_stopped_leaves_no_task_and_no_port():
    before = asyncio.all_tasks()
    async with world() as w:
        await w.login()
        await w.stream("orders.ALL")
        w.paradex.stall(True)
        url = w.paradex.http_url
        await w.paradex.stop()
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectionError):
                await session.get(url)
    async with asyncio.timeout(DEADLINE_S):
        leftover = asyncio.all_tasks() - before
        await asyncio.gather(*leftover, return_exceptions=True)


async def test_the_clock_can_be_injected():
    now = [1_790_000_000_000_000]
    async with (
        LocalParadex(market=False, clock_us=lambda: now[0]) as paradex,
        aiohttp.ClientSession() as session,
    ):
        rest = Rest(session, paradex.http_url)
        assert (await rest.get("/system/time"))["server_time"] == "1790000000000"
        now[0] += 5_000_000
        assert (await rest.get("/system/time"))["server_time"] == "1790000005000"


async def test_two_venues_live_side_by_side():
    async with LocalParadex(market=False) as one, LocalParadex(market=False) as two:
        assert one.port != two.port
        one.create_account(KEY)
        assert one.exchange.queries.accounts()
        assert not two.exchange.queries.accounts()


def test_settings_have_the_venues_values_by_default():
    config = SimulatorConfig()
    assert (config.jwt_lifetime_s, config.ping_interval_s, config.heartbeat_interval_s) == (
        300,
        55,
        20,
    )
    assert (config.batch_max, config.queue_max, config.page_size) == (10, 2000, 100)
    assert config.limits.orders == ((800, 1), (17_250, 60))


async def test_work_that_is_due_together_is_done_in_order_and_later_work_later():
    sequencer = Sequencer()
    done: list[int] = []
    finished = asyncio.Event()
    sequencer.schedule(0.02, lambda: (done.append(99), finished.set()))
    for n in range(50):
        sequencer.schedule(0.0, lambda n=n: done.append(n))
    async with asyncio.timeout(DEADLINE_S):
        await finished.wait()
    assert done == [*range(50), 99]


async def test_work_that_fails_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture):
    sequencer = Sequencer()

    def fail() -> None:
        raise RuntimeError("broken")

    async with asyncio.timeout(DEADLINE_S):
        sequencer.schedule(0, fail)
        await sequencer.run(0, lambda: None)
    assert "The engine failed" in caplog.text


async def test_a_closed_sequencer_forgets_its_work():
    sequencer = Sequencer()
    done: list[int] = []
    sequencer.schedule(0, lambda: done.append(1))
    sequencer.close()
    sequencer.schedule(0, lambda: done.append(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert done == []
