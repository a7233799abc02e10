"""Every order command under every HTTP and RPC fault, by REST and by WebSocket (E6, E7, E8)."""

import os
from collections.abc import Callable

import pytest

from tests.faults.command_cells import COMMANDS
from tests.faults.command_cells import WINDOW_S
from tests.faults.command_cells import Arrivals
from tests.faults.command_cells import Cell
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
        (trouble, deaf)
        for deaf in (False, True)
        for trouble in TROUBLES[way].values()
        if os.environ.get("CELL", "") in trouble.name
    ]

    async def story(at: VirtualSession) -> None:
        nonlocal ran
        with Arrivals().counted() as arrivals:
            while todo:
                trouble, deaf = todo.pop(0)
                cell = Cell(at, arrivals, COMMANDS[name], way, trouble, deaf=deaf)
                ran += 1
                try:
                    await cell.run()
                except BaseException as e:
                    wrong.append(f"{cell} ({cell.took_s:.1f} s): {type(e)} {e}")
                    raise
                print(f"{cell}: {cell.took_s:.1f} s")

    execution = {"order_transport": way, "recv_window_ms": int(WINDOW_S * 1000)}
    while todo:
        before = len(wrong)
        try:
            tell(story, seed, execution=execution)
        except AssertionError as e:
            if len(wrong) == before:
                raise
    count(cells=ran)
    for each in wrong:
        print("WRONG", each)
    assert not wrong
