"""
Random sessions of a strategy in a node: whatever it commands and others do, both end equal.

A session is issued by hypothesis and runs in virtual time; the last lines of one that fails are the
call that plays it again. The same few are in every run. More, and others each time unless a seed is
given: ``RANDOM_SESSIONS=500 RANDOM_SESSIONS_SEED=7 pytest -m soak -k random_sessions``.
"""

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import given
from hypothesis import note
from hypothesis import seed
from hypothesis import settings
from hypothesis import strategies as st

from tests.acceptance import session_commands as say
from tests.acceptance.random_session import Setup
from tests.acceptance.random_session import play


_LENGTH = 150
_SOAK_LENGTH = 300
_TROUBLES = 8
_SOAK_SESSIONS = int(os.environ.get("RANDOM_SESSIONS", "100"))
_SOAK_SEED = int(os.environ.get("RANDOM_SESSIONS_SEED", "0")) or random.randrange(1, 10**9)

TRANSPORTS = pytest.mark.parametrize("transport", ["rest", "ws"])


def _settings(sessions: int, *, derandomize: bool) -> Any:
    return settings(
        max_examples=sessions,
        deadline=None,
        derandomize=derandomize,
        database=None,
        # A failure has to be told within the time of a run: it replays, and is cut down by hand.
        phases=(Phase.generate,),
        # A node's loop is not a function's body: sessions are long on purpose.
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
            HealthCheck.function_scoped_fixture,
        ],
    )


def setups(transport: str) -> st.SearchStrategy[Setup]:
    """Return what sessions run on."""
    return st.builds(
        Setup,
        transport=st.just(transport),
        answer_order=st.sampled_from(("random", "answer_first", "notification_first")),
        fill_order=st.sampled_from(("random", "order_first", "fill_first")),
        latency_ms=st.sampled_from((1.0, 0.0, 5.0, 20.0)),
        network_ms=st.sampled_from((0.0, 2.0, 20.0, 200.0)),
        encoding=st.sampled_from(("sbe", "json")),
        seed=st.integers(0, 9_999),
    )


@TRANSPORTS
@pytest.mark.timeout(900)
@given(data=st.data())
@_settings(15, derandomize=True)
def test_node_and_venue_are_equal_after_any_session(transport: str, data: st.DataObject) -> None:
    """E1 to E9: every command, every race between commands, fills and cancels."""
    play(data.draw(setups(transport)), data.draw(say.sessions(_LENGTH)))


@TRANSPORTS
@pytest.mark.timeout(900)
@given(data=st.data())
@_settings(8, derandomize=True)
def test_node_and_venue_are_equal_after_a_session_with_a_cut(
    transport: str, data: st.DataObject
) -> None:
    """S4 to S6, E5, E6, E10: commands fail, and the stream is cut, in the middle of everything."""
    troubles = data.draw(st.lists(say.troubles(), max_size=_TROUBLES))
    play(data.draw(setups(transport)), data.draw(say.sessions(_LENGTH, say.Cut(), *troubles)))


@TRANSPORTS
@pytest.mark.timeout(900)
@given(data=st.data())
@_settings(8, derandomize=True)
def test_node_and_venue_are_equal_after_a_session_with_a_restart(
    transport: str, data: st.DataObject
) -> None:
    """E5, E10: the node stops, others trade on, and the next one starts with the same cache."""
    restart = data.draw(say.restarts())
    play(data.draw(setups(transport)), data.draw(say.sessions(_LENGTH, restart)))


@TRANSPORTS
@pytest.mark.soak
@pytest.mark.timeout(0)
@seed(_SOAK_SEED)
@given(data=st.data())
@_settings(_SOAK_SESSIONS, derandomize=False)
def test_node_and_venue_are_equal_after_many_long_sessions(
    transport: str, data: st.DataObject
) -> None:
    """As above, with cuts, failures and restarts as often as not."""
    note(f"RANDOM_SESSIONS_SEED={_SOAK_SEED}")
    special: list[say.Command] = []
    if data.draw(st.booleans()):
        special += [say.Cut(), *data.draw(st.lists(say.troubles(), max_size=_TROUBLES))]
    if data.draw(st.booleans()):
        special.append(data.draw(say.restarts()))
    play(data.draw(setups(transport)), data.draw(say.sessions(_SOAK_LENGTH, *special)))
