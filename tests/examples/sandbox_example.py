"""The sandbox example; `test_examples` runs it in a process of its own."""

import asyncio

from tests.examples.test_examples import at
from tests.examples.test_examples import example
from tests.examples.test_examples import running
from tests.examples.test_examples import until
from tests.examples.test_examples import venue  # noqa: F401 - a fixture


async def test_orders_rest_on_live_quotes(venue):  # noqa: F811 - the fixture
    module = example("sandbox/paradex_sandbox.py")
    async with running(module.build_node(asyncio.get_running_loop(), **at(venue))) as node:
        await until(lambda: len(node.kernel.cache.orders_open()) == 2)
