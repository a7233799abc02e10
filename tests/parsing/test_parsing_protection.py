"""Market-maker protection as states: each one whole, whatever a message leaves out."""

from dataclasses import replace
from decimal import Decimal

import pytest
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.parsing.protection import is_news
from nautilus_paradex.parsing.protection import parse_protection
from nautilus_paradex.parsing.protection import parse_protection_event
from nautilus_paradex.parsing.protection import removed_protection
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.messages import MmpConfig
from nautilus_paradex.protocol.messages import MmpEvent


ACCOUNT = AccountId("PARADEX-0x1")
MS = 1_000_000
T1, T2 = 1_790_000_000_000 * MS, 1_790_000_001_000 * MS
CONFIG = MmpConfig(
    base_asset="BTC",
    interval_ms=1_000,
    frozen_time_ms=60_000,
    size_limit="5",
    delta_limit="2.5",
    vega_limit="0",
)
LIVE = {"window_size": "7", "window_delta": "-2", "window_vega": "0"}
TRIP = MmpEvent(
    base_asset="BTC",
    kind="TRIGGERED",
    trip_reason="SIZE",
    frozen_until=1_790_000_060_000,
    trigger_market="BTC-USD-27NOV26-70000-C",
    **LIVE,
)


def config(**changes):
    values = {field: getattr(CONFIG, field) for field in CONFIG.__struct_fields__}
    return MmpConfig(**(values | changes))


def read(before=None, ts=T1, **changes):
    return parse_protection("BTC", config(**changes), before, ACCOUNT, "READ", ts)


def after(event, before, ts=T2):
    return parse_protection_event(event, before, ACCOUNT, ts)


def test_a_trip_keeps_the_terms_and_says_why_and_until_when():
    before = read(is_frozen=False, frozen_until=0)
    state = after(TRIP, before)
    assert (state.event, state.is_frozen, state.trip_reason) == ("TRIGGERED", True, "SIZE")
    assert state.frozen_until == 1_790_000_060_000 * MS
    assert state.trigger_market == InstrumentId.from_str("BTC-USD-27NOV26-70000-C.PARADEX")
    assert (state.window_size, state.window_delta) == (Decimal(7), Decimal(-2))
    assert (state.size_limit, state.interval_ms) == (Decimal(5), 1_000)
    assert (state.ts_event, state.ts_init) == (T2, T2)


def test_a_freeze_until_a_reset_has_no_end():
    event = MmpEvent(base_asset="BTC", kind="TRIGGERED", trip_reason="VEGA", frozen_until=0)
    state = after(event, None)
    assert (state.is_frozen, state.frozen_until, state.is_configured) == (True, None, True)
    assert state.size_limit is None


@pytest.mark.parametrize("kind", ["UNFROZEN", "RESET"])
def test_the_end_of_a_freeze_forgets_the_trip_and_keeps_the_terms(kind):
    state = after(MmpEvent(base_asset="BTC", kind=kind), after(TRIP, read()))
    assert (state.event, state.is_frozen, state.frozen_until) == (kind, False, None)
    assert (state.trip_reason, state.trigger_market, state.window_size) == ("", None, None)
    assert state.delta_limit == Decimal("2.5")


def test_new_terms_do_not_end_a_freeze():
    event = MmpEvent(base_asset="BTC", kind="CONFIG_UPDATED", config=config(size_limit="9"))
    state = after(event, after(TRIP, read()))
    assert (state.event, state.size_limit) == ("CONFIG_UPDATED", Decimal(9))
    # An event without a freeze says `frozen_until` 0, which says nothing of it.
    assert (state.is_frozen, state.frozen_until) == (True, 1_790_000_060_000 * MS)


def test_what_is_not_known_of_a_freeze_stays_unknown():
    assert read().is_frozen is None
    event = MmpEvent(base_asset="BTC", kind="CONFIG_UPDATED", config=CONFIG)
    assert after(event, None).is_frozen is None


def test_a_removal_ends_everything():
    gone = MmpEvent(base_asset="BTC", kind="CONFIG_UPDATED", config=config(removed=True))
    state = after(gone, after(TRIP, read()))
    assert (state.is_configured, state.is_frozen, state.size_limit) == (False, False, None)
    again = read(state)
    assert (again.is_configured, again.is_frozen) == (True, False)


def test_an_answer_that_knows_of_the_same_freeze_keeps_its_reason():
    frozen = after(TRIP, read())
    state = read(frozen, is_frozen=True, frozen_until=1_790_000_060_000, **LIVE)
    assert (state.trip_reason, state.window_size) == ("SIZE", Decimal(7))
    thawed = read(frozen, is_frozen=False, frozen_until=0, window_size="0")
    assert (thawed.is_frozen, thawed.frozen_until, thawed.trip_reason) == (False, None, "")
    anew = read(thawed, is_frozen=True, frozen_until=0)
    assert (anew.is_frozen, anew.frozen_until, anew.trip_reason) == (True, None, "")


@pytest.mark.parametrize(
    "event",
    [
        MmpEvent(base_asset="BTC", kind="PAUSED"),
        MmpEvent(base_asset="BTC", kind="CONFIG_UPDATED"),
    ],
)
def test_an_event_that_is_not_understood_is_no_state(event):
    assert after(event, read()) is None


@pytest.mark.parametrize("changes", [{"window_size": "many"}, {"trigger_market": "B*"}])
def test_values_that_cannot_be_read_are_a_wire_error(changes):
    event = MmpEvent(base_asset="BTC", kind="TRIGGERED", **changes)
    with pytest.raises(WireError):
        after(event, None)


def test_only_what_differs_is_news():
    state = read(is_frozen=False)
    assert is_news(state, None)
    assert not is_news(read(state, ts=T2, is_frozen=False), state)
    assert is_news(read(state, is_frozen=True), state)
    gone = removed_protection("BTC", ACCOUNT, "READ", T2)
    assert is_news(gone, state)
    assert not is_news(replace(gone, event="CONFIG_UPDATED", ts_init=T1), gone)
