"""
Every order command under every HTTP and RPC fault, by REST and by WebSocket (E6, E7, E8).

One session serves a command and its way; in it each trouble happens once, and what else can be
heard of the outcome is drawn from the seed. ``PARADEX_ROUNDS=3 pytest -m soak`` runs all of them
against all that can be heard, for so many seeds.
"""

import os
import random
from collections.abc import Callable
from typing import Final

import pytest

from nautilus_paradex.simulator import AnswerOrder
from nautilus_paradex.simulator import FillOrder
from nautilus_paradex.simulator import PrivateEncoding
from nautilus_paradex.simulator import SimulatorConfig
from tests.faults.command_cells import COMMANDS
from tests.faults.command_cells import WINDOW_S
from tests.faults.command_cells import Arrivals
from tests.faults.command_cells import Cell
from tests.faults.command_cells import Command
from tests.faults.command_cells import Hearing
from tests.faults.command_troubles import REST
from tests.faults.command_troubles import TROUBLES
from tests.faults.command_troubles import WS
from tests.faults.command_troubles import Trouble
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell


#: Seeds of the run of everything.
_ROUNDS: Final = range(1, 1 + int(os.environ.get("PARADEX_ROUNDS", "1")))

type Cases = list[tuple[Trouble, Hearing]]


def venue_of(chance: random.Random) -> SimulatorConfig:
    """Return a venue that leaves open what the documents leave open."""
    return SimulatorConfig(
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


def run_cells(command: Command, way: str, cases: Cases, seed: int) -> int:
    """Run a command through troubles, on as few nodes as these allow; return how many were run."""
    to_come = list(cases)
    arrivals = Arrivals()
    done = 0

    async def story(at: VirtualSession) -> None:
        nonlocal done
        # Another node begins with the same client ids, at another venue.
        arrivals.creates.clear()
        while to_come:
            trouble, hearing = to_come.pop(0)
            cell = Cell(at, arrivals, command, way, trouble, hearing)
            try:
                await cell.run()
            except BaseException as e:
                e.add_note(str(cell))
                raise
            done += 1
            if trouble.spoils:
                return

    execution = {"order_transport": way, "recv_window_ms": int(WINDOW_S * 1000)}
    config = venue_of(random.Random(seed))
    with arrivals.counted():
        while to_come:
            tell(story, seed, config=config, execution=execution)
    return done


@pytest.mark.survives(2)
@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("way", [REST, WS])
@pytest.mark.parametrize("name", COMMANDS)
def test_e6_e7_e8_each_fault_leaves_a_command_sent_once_and_resolved_on_proof(
    name: str, way: str, seed: int, count: Callable[..., None]
) -> None:
    chance = random.Random(f"{seed} {name} {way}")
    cases = [(trouble, chance.choice(list(Hearing))) for trouble in TROUBLES[way].values()]
    count(cells=run_cells(COMMANDS[name], way, cases, seed), seed=seed)


@pytest.mark.soak
@pytest.mark.survives(2)
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", _ROUNDS)
@pytest.mark.parametrize("way", [REST, WS])
@pytest.mark.parametrize("name", COMMANDS)
def test_e6_e7_e8_each_fault_with_all_that_can_be_heard_leaves_a_command_resolved_on_proof(
    name: str, way: str, seed: int, count: Callable[..., None]
) -> None:
    cases = [(trouble, hearing) for hearing in Hearing for trouble in TROUBLES[way].values()]
    count(cells=run_cells(COMMANDS[name], way, cases, seed), seed=seed)
