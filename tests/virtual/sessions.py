"""
Sessions of a whole node in virtual time: the same for the same seed, and replayable from it.

A story that fails names its seed; ``PARADEX_SEED=7 pytest tests/virtual -k its_name`` tells the
very same story again.
"""

import os
import random
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from nautilus_paradex import ParadexDataClientConfig
from nautilus_paradex.factories import clear_shared_clients
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import running_node
from tests.faults.sessions import Session
from tests.virtual.node_time import nodes_in_virtual_time


#: Names the seed of a story that is to be told again.
SEED_VARIABLE = "PARADEX_SEED"

_DEFAULTS = ParadexDataClientConfig()
#: Time costs nothing here: the node has the waits that users have, not the tests' short ones.
USERS_WAITS: dict[str, Any] = {
    name: getattr(_DEFAULTS, name)
    for name in (
        "http_timeout_secs",
        "max_retries",
        "retry_delay_initial_ms",
        "retry_delay_max_ms",
        "ws_reconnect_delay_initial_ms",
        "ws_reconnect_delay_max_ms",
    )
}

#: For stories of hours: its books and summaries are not what they are about.
SLOW_VENUE = SimulatorConfig(tick_ms=500.0)

type Trace = list[tuple[float, str]]
"""What happened, each with the loop's time: requests at the venue, orders' events at the node."""


class VirtualSession(Session):
    """
    A session in virtual time.

    Attributes
    ----------
    loop : VirtualLoop
        Its clock.
    chance : random.Random
        Draws what the story leaves open.
    later : object
        Keeps a task that a story has started.

    """

    #: Waiting costs nothing here, comparing does.
    poll_s = 0.1

    loop: VirtualLoop
    chance: random.Random
    later: object = None


type Story = Callable[[VirtualSession], Awaitable[None]]


def seeds(*defaults: int) -> list[int]:
    """Return the seeds to run; the environment's alone, where it names one."""
    chosen = os.environ.get(SEED_VARIABLE)
    return list(defaults) if chosen is None else [int(chosen)]


def tell(
    story: Story,
    seed: int,
    *,
    config: SimulatorConfig | None = None,
    execution: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    engine: Mapping[str, Any] | None = None,
    desk: Desk | None = None,
    proved: bool = True,
) -> Trace:
    """
    Run a story, see that node and venue end equal, and return what happened.

    Everything random follows the seed: the venue, the adapter's jitter and the story's own draws.
    A story that stops its node itself is told without the proof at its end.
    """
    trace: Trace = []

    async def main(loop: VirtualLoop) -> None:
        async with LocalParadex(
            seed=seed, market=False, config=config, clock_us=loop.wall_us
        ) as venue:
            account = venue.create_account(KEY)
            trader = desk or Desk()
            async with running_node(
                venue,
                account,
                strategies=[trader],
                data={**USERS_WAITS, **(data or {})},
                execution={**USERS_WAITS, **(execution or {})},
                engine=engine,
                may_fail=True,
            ) as node:
                at = VirtualSession(venue, account, node, trader)
                at.loop, at.chance = loop, random.Random(seed)
                write_requests(venue, loop, trace)
                write_events(node, loop, trace)
                await story(at)
                if proved:
                    await at.ends_equal()

    try:
        with nodes_in_virtual_time(seed):
            run_virtual(main)
    except BaseException as e:
        e.add_note(f"Replay: {SEED_VARIABLE}={seed}")
        raise
    finally:
        clear_shared_clients()
    return trace


def write_requests(venue: LocalParadex, loop: VirtualLoop, trace: Trace) -> None:
    """Write down what reaches the venue from now on."""
    known = venue.faults.on_request

    def on_request(method: str, path: str) -> Any:
        trace.append((loop.time(), f"{method} {path}"))
        return known(method, path)

    venue.faults.on_request = on_request


def write_events(node: RunningNode, loop: VirtualLoop, trace: Trace) -> None:
    """Write down the orders' events that the node publishes from now on."""

    def on_event(event: Any) -> None:
        order_id = getattr(event, "venue_order_id", None) or event.client_order_id
        trace.append((loop.time(), f"{type(event).__name__} {order_id}"))

    node.node.kernel.msgbus.subscribe(topic="events.order.*", handler=on_event)
