"""The life of streams and subscriptions (rules S2, S4)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import connection
from nautilus_paradex.protocol import subscription
from nautilus_paradex.protocol.connection import ConnectionInput
from nautilus_paradex.protocol.connection import ConnectionState
from nautilus_paradex.protocol.connection import UnexpectedInput
from nautilus_paradex.protocol.connection import backoff_ceiling
from nautilus_paradex.protocol.subscription import SubscriptionInput
from nautilus_paradex.protocol.subscription import SubscriptionState


def test_s4_the_way_to_health_and_back():
    state = ConnectionState.IDLE
    for event in ("START", "OPENED", "AUTHENTICATED", "RESTORED", "RECONCILED"):
        state = connection.advance(state, ConnectionInput[event])
    assert state is ConnectionState.HEALTHY
    state = connection.advance(state, ConnectionInput.LOST)
    assert connection.advance(state, ConnectionInput.DUE) is ConnectionState.CONNECTING


@pytest.mark.parametrize("state", ConnectionState)
def test_s4_a_stream_can_be_closed_in_every_state(state):
    assert connection.advance(state, ConnectionInput.CLOSE) is ConnectionState.CLOSED


@pytest.mark.parametrize("state", sorted(connection.OPEN_STATES, key=lambda state: state.name))
def test_s4_a_stream_can_be_lost_in_every_open_state(state):
    assert connection.advance(state, ConnectionInput.LOST) is ConnectionState.WAITING


def test_an_unexpected_input_is_an_error_that_names_both():
    with pytest.raises(UnexpectedInput, match="OPENED is not expected in state HEALTHY"):
        connection.advance(ConnectionState.HEALTHY, ConnectionInput.OPENED)


def test_nothing_leaves_closed():
    for (state, _), after in connection.TRANSITIONS.items():
        if state is ConnectionState.CLOSED:
            assert after is ConnectionState.CLOSED


def test_s4_backoff_doubles_from_the_first_delay_to_the_longest():
    delays = [backoff_ceiling(attempt, 1, 16) for attempt in range(8)]
    assert delays == [1, 1, 2, 4, 8, 16, 16, 16]
    assert backoff_ceiling(10**9, 1, 16) == 16


def test_every_subscription_row_is_reachable_and_gone_is_final():
    reached = {SubscriptionState.WANTED}
    while True:
        more = {
            after for (state, _), after in subscription.TRANSITIONS.items() if state in reached
        } - reached
        if not more:
            break
        reached |= more
    assert reached == set(SubscriptionState)
    for event in SubscriptionInput:
        assert subscription.advance(SubscriptionState.GONE, event) is SubscriptionState.GONE


def test_s2_a_lost_connection_keeps_what_is_wanted_and_drops_what_is_left():
    for state, event in itertools.product(SubscriptionState, [SubscriptionInput.LOST]):
        after = subscription.advance(state, event)
        wanted = state in subscription.WANTED_STATES
        assert after is (SubscriptionState.WANTED if wanted else SubscriptionState.GONE)


@given(st.lists(st.sampled_from(SubscriptionInput)))
def test_s2_after_leaving_nothing_but_a_new_wish_brings_a_channel_back(events):
    state = subscription.advance(SubscriptionState.CONFIRMED, SubscriptionInput.LEAVE)
    for event in events:
        if event is SubscriptionInput.WANT:
            return
        state = subscription.advance(state, event)
        assert state not in subscription.WANTED_STATES
