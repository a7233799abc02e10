"""Connections cut at every kind of byte, in virtual time (E5, E6, E10)."""

from collections.abc import Awaitable
from collections.abc import Callable

import pytest

from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator.proxy import Ending
from nautilus_paradex.simulator.proxy import Way
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.faults.test_proxy_node import ProxiedSession
from tests.faults.test_proxy_node import cut_commands
from tests.faults.test_proxy_node import cut_streams
from tests.faults.test_proxy_node import proxied_session
from tests.virtual.node_time import nodes_in_virtual_time


def behind_proxies(story: Callable[[ProxiedSession], Awaitable[None]], seed: int) -> None:
    """Run a story whose node reaches the venue by way of proxies."""

    async def main(loop: VirtualLoop) -> None:
        async with proxied_session(seed, loop.wall_us) as at:
            await story(at)

    try:
        with nodes_in_virtual_time(seed):
            run_virtual(main)
    finally:
        clear_shared_clients()


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("after", [*range(12), 100, 137, 138, 700, 2_000, 3_500, 5_000])
def test_e5_e10_streams_cut_after_a_byte(after: int, ending: Ending) -> None:
    behind_proxies(lambda at: cut_streams(at, after, ending), seed=after)


@pytest.mark.parametrize("ending", [Ending.FIN, Ending.RST])
@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize("after", [0, 1, 17, 100, 250, 400, 500, 600])
def test_e6_commands_cut_after_a_byte(after: int, way: Way, ending: Ending) -> None:
    behind_proxies(lambda at: cut_commands(at, after, way, ending), seed=after)
