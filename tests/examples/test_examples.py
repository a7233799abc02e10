"""Every example runs, against the local Paradex."""

import asyncio
import importlib.util
import secrets
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex import ParadexEnvironment
from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator import LocalParadex
from tests.processes import in_a_process_of_its_own


EXAMPLES = Path(__file__).parents[2] / "examples"


def example(path: str):
    spec = importlib.util.spec_from_file_location(Path(path).stem, EXAMPLES / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def venue():
    clear_shared_clients()
    async with LocalParadex(seed=1) as venue:
        yield venue
    clear_shared_clients()


def at(venue):
    return {
        "environment": ParadexEnvironment.LOCAL,
        "base_url_http": venue.http_url,
        "base_url_ws": venue.ws_url,
    }


@asynccontextmanager
async def running(node):
    task = asyncio.create_task(node.run_async())
    try:
        yield node
    finally:
        await node.stop_async()
        node.kernel.dispose()
        task.cancel()


async def until(condition, seconds=20.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - conditions of many kinds, none of them an event
            await asyncio.sleep(0.02)


def test_every_example_has_a_test_here():
    paths = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.py")}
    assert paths == {
        "live/paradex_data_tester.py",
        "live/paradex_exec_tester.py",
        "sandbox/paradex_sandbox.py",
    }


async def test_the_data_tester_sees_quotes_trades_and_books(venue):
    module = example("live/paradex_data_tester.py")
    async with running(module.build_node(asyncio.get_running_loop(), **at(venue))) as node:
        cache = node.kernel.cache
        for instrument_id in module.INSTRUMENT_IDS:
            await until(lambda i=instrument_id: cache.quote_tick_count(i) > 3)
            await until(lambda i=instrument_id: cache.trade_tick_count(i) > 1)
            await until(lambda i=instrument_id: cache.has_order_book(i))
            await until(lambda i=instrument_id: cache.order_book(i).best_bid_price() is not None)


async def test_the_exec_tester_trades_and_leaves_nothing_behind(venue):
    module = example("live/paradex_exec_tester.py")
    key = f"0x{secrets.randbits(240) + 1:x}"
    account = {"account_address": venue.create_account(private_key=key), "private_key": key}
    loop = asyncio.get_running_loop()
    async with running(module.build_node(loop, account, **at(venue))) as node:
        cache = node.kernel.cache
        await until(lambda: len(cache.orders_open()) == 2)
        await until(lambda: len(cache.positions_open()) == 1)
        node.trader.stop()
        await until(lambda: not cache.orders_open() and not cache.positions_open())
        statuses = sorted(order.status for order in cache.orders())
        assert statuses == sorted([OrderStatus.FILLED] * 2 + [OrderStatus.CANCELED] * 2)


def test_the_sandbox_rests_orders_on_live_quotes():
    """In a process of its own: a sandbox marks its venue's accounts as calculated, for good."""
    in_a_process_of_its_own(Path(__file__).with_name("sandbox_example.py"), passed=1)
