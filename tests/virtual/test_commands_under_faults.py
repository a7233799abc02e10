"""Every order command under every HTTP and RPC fault, by REST and by WebSocket (E6, E7, E8)."""

import os
import random
import re
from collections.abc import Callable

import pytest

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from tests.faults.command_cells import COMMANDS
from tests.faults.command_cells import WINDOW_S
from tests.faults.command_cells import Arrivals
from tests.faults.command_cells import Cell
from tests.faults.command_cells import Hearing
from tests.faults.command_troubles import REST
from tests.faults.command_troubles import TROUBLES
from tests.faults.command_troubles import WS
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


@pytest.mark.survives(2)
@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("way", [REST, WS])
@pytest.mark.parametrize("name", COMMANDS)
def test_e6_a_command_is_resolved(name: str, way: str, seed: int, count: Callable[..., None]) -> None:
    ran = 0
    wrong = []
    todo = [
        (trouble, hearing)
        for hearing in Hearing
        for trouble in TROUBLES[way].values()
        if re.search(os.environ.get("CELL", ""), trouble.name)
    ]

    async def story(at: VirtualSession) -> None:
        nonlocal ran
        with Arrivals().counted() as arrivals:
            while todo:
                trouble, hearing = todo.pop(0)
                cell = Cell(at, arrivals, COMMANDS[name], way, trouble, hearing)
                ran += 1
                try:
                    await cell.run()
                except BaseException as e:
                    wrong.append(f"{cell} ({cell.took_s:.1f} s): {type(e)} {e}")
                    raise
                print(f"{cell}: {cell.took_s:.1f} s")
                if trouble.spoils:
                    return

    execution = {"order_transport": way, "recv_window_ms": int(WINDOW_S * 1000)}
    chance = random.Random(seed)
    config = SimulatorConfig(
        answer_order=chance.choice(list(AnswerOrder)),
        fill_order=chance.choice(list(FillOrder)),
        private_encoding=chance.choice(list(PrivateEncoding)),
        latency_ms=chance.choice((1.0, 40.0, 300.0)),
        batch_null_padding=chance.random() < 0.5,
        # Nobody looks at the market here.
        book_interval_ms=10_000.0,
        summary_interval_ms=10_000.0,
        funding_interval_ms=10_000.0,
        comparison_interval_ms=10_000.0,
    )
    while todo:
        before = len(wrong)
        try:
            tell(story, seed, config=config, execution=execution)
        except AssertionError as e:
            if len(wrong) == before:
                raise
    count(cells=ran)
    for each in wrong:
        print("WRONG", each)
    assert not wrong
