"""Market-maker protection followed: what is asked, kept, told, and when."""

import asyncio
from decimal import Decimal

import pytest
from nautilus_trader.common.component import MessageBus
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import TraderId

from nautilus_paradex.execution.protection import MarketMakerProtection
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.messages import AccountMmp
from nautilus_paradex.protocol.messages import MmpConfig
from nautilus_paradex.protocol.messages import MmpEvent
from nautilus_paradex.protocol.messages import MmpReset
from tests.network.virtual_timing import VirtualTiming
from tests.network.virtual_timing import settle


T0_MS = 1_790_000_000_000
TERMS = {"interval_ms": 1_000, "frozen_time_ms": 0}


class Venue:
    """Answers like the venue; a gate holds answers back after they are made."""

    clock_offset_ms = 0

    def __init__(self):
        self.configs = {}
        self.calls = []
        self.failures = []
        self.gate = asyncio.Event()
        self.gate.set()

    def config(self, base_asset="BTC", **changes):
        values = {"size_limit": "5", "delta_limit": "0", "vega_limit": "0", "is_frozen": False}
        self.configs[base_asset] = MmpConfig(base_asset=base_asset, **(TERMS | values | changes))
        return self.configs[base_asset]

    async def _answer(self, name, value):
        self.calls.append(name)
        if self.failures:
            raise self.failures.pop(0)
        await self.gate.wait()
        return value

    async def mmp(self, base_asset=None):
        rows = [row for name, row in self.configs.items() if base_asset in (None, name)]
        return await self._answer("mmp", AccountMmp(results=rows, account="0x1", enabled=True))

    async def set_mmp(self, base_asset, request):
        config = self.config(
            base_asset,
            size_limit=request.size_limit,
            delta_limit=request.delta_limit,
            vega_limit=request.vega_limit,
            is_frozen=None,
        )
        return await self._answer("set", config)

    async def delete_mmp(self, base_asset):
        self.configs.pop(base_asset, None)
        await self._answer("delete", None)

    async def reset_mmp(self, base_asset=None):
        names = [name for name in self.configs if base_asset in (None, name)]
        return await self._answer("reset", [MmpReset(base_asset=name) for name in names])


class Stream:
    def __init__(self, failure=None):
        self.failure = failure
        self.names = []

    async def subscribe(self, channel):
        self.names.append(channel.name)
        if self.failure is not None:
            raise self.failure

    def is_confirmed(self, channel):
        return channel.name in self.names and self.failure is None


class Log:
    def __init__(self):
        self.lines = []

    def _keep(self, message):
        self.lines.append(message)

    info = warning = error = _keep

    def debug(self, message):
        """Keep nothing."""


class Room:
    def __init__(self, failure=None):
        self.venue, self.stream, self.log = Venue(), Stream(failure), Log()
        self.timing = VirtualTiming(auto=False)
        self.timing.wall_ns = T0_MS * 1_000_000
        clock = TestClock()
        msgbus = MessageBus(TraderId("T-1"), clock)
        self.told = []
        msgbus.register("DataEngine.process", lambda data: self.told.append(data.data))
        self.tasks = []
        self.protection = MarketMakerProtection(
            account_id=AccountId("PARADEX-0x1"),
            rest=self.venue,
            stream=self.stream,
            msgbus=msgbus,
            clock=clock,
            timing=self.timing,
            spawn=lambda work, name: self.tasks.append(asyncio.create_task(work, name=name)),
            log=self.log,
        )

    @property
    def events(self):
        return [state.event for state in self.told]

    def frozen(self, base_asset="BTC"):
        return self.protection.is_frozen(base_asset)

    def trip(self, frozen_until=0, base_asset="BTC"):
        self.protection.on_event(
            MmpEvent(
                base_asset=base_asset,
                kind="TRIGGERED",
                trip_reason="SIZE",
                frozen_until=frozen_until,
                window_size="6",
            )
        )

    def news(self, kind, base_asset="BTC", **more):
        self.protection.on_event(MmpEvent(base_asset=base_asset, kind=kind, **more))

    async def close(self):
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            try:
                await task
            except asyncio.CancelledError:
                continue


@pytest.fixture
async def room():
    room = Room()
    yield room
    await room.close()


@pytest.fixture
async def silent_room():
    room = Room(VenueError("unknown channel"))
    yield room
    await room.close()


def canceled(reason="MMP_TRIGGERED", market="BTC-USD-PERP"):
    return OrderUpdate(
        order_id="1",
        account="0x1",
        market=market,
        side=Side.BUY,
        type=OrderType.LIMIT,
        instruction=Instruction.GTC,
        size=Decimal(1),
        remaining_size=Decimal(1),
        price=Decimal(1),
        trigger_price=None,
        status=OrderStatus.CLOSED,
        cancel_reason=reason,
        client_id="",
        avg_fill_price=None,
        stp="",
        flags=frozenset({"MMP"}),
        created_ns=1,
        updated_ns=1,
        published_ns=None,
        received_ns=None,
        signature_ns=None,
        seq=1,
    )


# -- READING AND FOLLOWING -------------------------------------------------------------------------


async def test_nothing_is_asked_before_somebody_cares(room):
    room.protection.on_restored()
    room.protection.on_order(canceled())
    await room.timing.advance(60)
    assert (room.venue.calls, room.stream.names) == ([], [])


async def test_the_first_call_follows_and_later_ones_do_not_subscribe_again(room):
    room.venue.config()
    (state,) = await room.protection.read()
    assert (state.base_asset, state.is_frozen, state.size_limit) == ("BTC", False, Decimal(5))
    assert room.protection.state("BTC") == state
    assert await room.protection.read("BTC") == [state]
    assert room.stream.names == ["mmp"]
    assert room.events == ["READ"]


async def test_a_base_asset_without_a_row_has_no_protection(room):
    (state,) = await room.protection.read("ETH")
    assert (state.is_configured, state.is_frozen) == (False, False)


async def test_the_first_protected_order_starts_to_follow_without_waiting(room):
    room.venue.config()
    room.protection.follow_soon()
    room.protection.follow_soon()
    await settle()
    room.protection.follow_soon()
    await settle()
    assert (room.stream.names, room.venue.calls) == (["mmp"], ["mmp"])


async def test_a_reconnect_reads_what_was_missed(room):
    room.venue.config()
    await room.protection.read()
    room.venue.config(is_frozen=True, frozen_until=0)
    room.protection.on_restored()
    await settle()
    assert room.frozen()
    assert any("TRIPPED" in line for line in room.log.lines)


async def test_a_reading_that_fails_is_tried_again(room):
    room.venue.config()
    room.venue.failures = [TransportError("lost", sent=True), VenueError("busy", transient=True)]
    room.protection.follow_soon()
    await room.timing.advance(4.9)
    assert room.protection.state("BTC") is None
    await room.timing.advance(5.2)
    assert room.protection.state("BTC") is not None
    assert room.venue.calls == ["mmp"] * 3


async def test_a_refused_reading_is_said_and_not_repeated(room):
    room.venue.failures = [VenueError("not for you")]
    room.protection.follow_soon()
    await room.timing.advance(60)
    assert room.venue.calls == ["mmp"]
    assert "cannot be read: not for you" in room.log.lines[0]


async def test_what_the_venue_cannot_tell_is_asked_again_until_it_can(room):
    room.venue.config(is_frozen=None)
    room.protection.follow_soon()
    await settle()
    assert room.protection.state("BTC").is_frozen is None
    room.venue.config(is_frozen=True, frozen_until=0)
    await room.timing.advance(1.1)
    assert room.frozen()
    await room.timing.advance(60)
    assert room.venue.calls == ["mmp"] * 2


async def test_a_reading_that_waits_is_taken_over_by_the_next_one(room):
    room.venue.config()
    room.venue.failures = [TransportError("lost", sent=True)]
    await room.protection.follow()
    room.protection.on_restored()
    await settle()
    room.protection.on_restored()
    room.protection.on_restored()
    await settle()
    assert room.protection.state("BTC") is not None
    await room.timing.advance(60)
    assert room.venue.calls == ["mmp"] * 2


# -- THE STREAM IS NEWER THAN ANY ANSWER (S7) ------------------------------------------------------


async def test_an_answer_that_a_trip_overtook_does_not_thaw(room):
    room.venue.config()
    room.venue.gate.clear()
    reading = asyncio.create_task(room.protection.read())
    await settle()
    room.trip()
    room.venue.gate.set()
    (state,) = await reading
    assert state.is_frozen
    assert room.events == ["TRIGGERED"]


async def test_a_reset_that_a_new_trip_overtook_does_not_thaw(room):
    room.venue.config()
    await room.protection.read()
    room.trip()
    room.venue.gate.clear()
    resetting = asyncio.create_task(room.protection.reset("BTC"))
    await settle()
    room.news("RESET")
    room.trip()
    room.venue.gate.set()
    assert await resetting == ["BTC"]
    assert room.frozen()
    assert room.events == ["READ", "TRIGGERED", "RESET", "TRIGGERED"]


async def test_an_event_that_is_not_understood_is_read_also_during_a_reading(room):
    room.venue.config()
    room.venue.gate.clear()
    room.protection.follow_soon()
    await settle()
    room.news("PAUSED")
    room.venue.config(size_limit="9")
    room.venue.gate.set()
    await room.timing.advance(5.1)
    assert room.protection.state("BTC").size_limit == Decimal(9)
    assert any("'PAUSED' is not understood" in line for line in room.log.lines)


async def test_an_event_with_unreadable_values_is_said_and_read(room):
    room.venue.config(is_frozen=True, frozen_until=0)
    room.news("TRIGGERED", window_size="many")
    await settle()
    assert room.frozen()
    assert any("cannot be read" in line for line in room.log.lines)


# -- TELLING ---------------------------------------------------------------------------------------


async def test_every_trip_is_told_and_logged_and_repetitions_of_the_rest_are_not(room):
    room.venue.config()
    await room.protection.read()
    room.trip(frozen_until=T0_MS + 60_000)
    room.trip(frozen_until=T0_MS + 90_000)
    room.news("UNFROZEN")
    room.news("UNFROZEN")
    assert room.events == ["READ", "TRIGGERED", "TRIGGERED", "UNFROZEN"]
    warnings = [line for line in room.log.lines if "TRIPPED the protection of BTC (SIZE)" in line]
    assert len(warnings) == 2
    assert "canceled and refused until 2026-09-21T14:14:20.000000000Z" in warnings[0]
    assert sum("takes protected orders of BTC again" in line for line in room.log.lines) == 1


async def test_states_of_base_assets_are_kept_apart(room):
    room.venue.config()
    room.venue.config("ETH")
    await room.protection.read()
    room.trip(base_asset="ETH")
    assert (room.frozen("BTC"), room.frozen("ETH"), room.frozen("SOL")) == (False, True, False)
    assert sorted(room.protection.states()) == ["BTC", "ETH"]


# -- FREEZES THAT THE STREAM DOES NOT END ----------------------------------------------------------


async def test_the_end_of_a_freeze_that_is_not_told_is_asked_for(room):
    room.venue.config()
    await room.protection.read()
    room.trip(frozen_until=T0_MS + 10_000)
    await room.timing.advance(11.9)
    assert room.frozen()
    assert room.venue.calls == ["mmp"]
    await room.timing.advance(0.2)
    assert not room.frozen()
    assert room.events[-1] == "READ"


async def test_the_end_of_a_freeze_is_by_the_venues_clock(room):
    room.venue.clock_offset_ms = -5_000
    room.venue.config()
    await room.protection.read()
    room.trip(frozen_until=T0_MS + 10_000)
    await room.timing.advance(16.9)
    assert room.frozen()
    await room.timing.advance(0.2)
    assert not room.frozen()


async def test_a_freeze_that_lasts_longer_than_told_is_asked_for_again(room):
    room.venue.config(is_frozen=True, frozen_until=T0_MS + 10_000)
    await room.protection.read()
    await room.timing.advance(15)
    assert room.frozen()
    room.venue.config()
    await room.timing.advance(2.1)
    assert not room.frozen()


async def test_a_freeze_until_a_reset_is_not_asked_for_while_the_channel_is_served(room):
    room.venue.config()
    await room.protection.read()
    room.trip()
    await room.timing.advance(3_600)
    assert room.venue.calls == ["mmp"]


async def test_without_the_channel_a_freeze_is_found_behind_its_orders(silent_room):
    room = silent_room
    room.venue.config()
    await room.protection.read()
    assert sum("does not serve the channel" in line for line in room.log.lines) == 1
    room.venue.config(is_frozen=True, frozen_until=0)
    for _ in range(3):
        room.protection.on_order(canceled())
    room.protection.on_order(canceled("USER_CANCELED", "ETH-USD-PERP"))
    await room.timing.advance(1.1)
    assert room.frozen()
    assert room.venue.calls == ["mmp"] * 2


async def test_without_the_channel_a_reset_by_somebody_else_is_found(silent_room):
    room = silent_room
    room.venue.config(is_frozen=True, frozen_until=0)
    await room.protection.read()
    room.venue.config()
    await room.timing.advance(15.1)
    assert not room.frozen()


async def test_an_order_that_a_told_freeze_ended_asks_nothing(room):
    room.venue.config()
    await room.protection.read()
    room.protection.on_order(canceled())
    room.trip()
    room.protection.on_order(canceled("MMP_FROZEN"))
    await room.timing.advance(2)
    assert room.venue.calls == ["mmp"]


# -- COMMANDS --------------------------------------------------------------------------------------


async def test_settings_are_kept_whichever_of_answer_and_event_comes_first(room):
    await room.protection.read("BTC")
    answer = await room.protection.set("BTC", size_limit="2.50", **TERMS)
    assert (answer.size_limit, answer.is_frozen) == (Decimal("2.5"), False)
    room.news("CONFIG_UPDATED", config=room.venue.configs["BTC"])
    assert room.events == ["READ", "CONFIG_UPDATED"]
    room.venue.gate.clear()
    setting = asyncio.create_task(room.protection.set("BTC", size_limit=3, **TERMS))
    await settle()
    room.news("CONFIG_UPDATED", config=room.venue.configs["BTC"])
    room.venue.gate.set()
    assert (await setting).size_limit == Decimal(3)
    assert room.events == ["READ", "CONFIG_UPDATED", "CONFIG_UPDATED"]


async def test_what_is_set_first_of_all_is_read_before_for_its_freeze(room):
    room.venue.config(is_frozen=True, frozen_until=0)
    state = await room.protection.set("BTC", delta_limit=Decimal("0.0001"), **TERMS)
    assert (state.is_frozen, state.delta_limit) == (True, Decimal("0.0001"))
    assert room.venue.calls == ["mmp", "set"]


async def test_terms_that_somebody_else_sets_are_read_for_their_freeze(room):
    room.news("CONFIG_UPDATED", config=MmpConfig(base_asset="BTC", size_limit="5"))
    room.venue.config(is_frozen=True, frozen_until=0)
    await settle()
    assert room.frozen()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"interval_ms": 99}, "interval_ms must be 100 to 3600000, not 99"),
        ({"interval_ms": 1000.0}, "interval_ms"),
        ({"frozen_time_ms": -1}, "frozen_time_ms must be 0"),
        ({"frozen_time_ms": True}, "frozen_time_ms"),
        ({"size_limit": 0.5}, "not a float"),
        ({"size_limit": "a lot"}, "size_limit must be a number"),
        ({"size_limit": "NaN"}, "size_limit must be a positive multiple"),
        ({"delta_limit": "-1"}, "delta_limit must be a positive multiple"),
        ({"vega_limit": "0.00005"}, "vega_limit must be a positive multiple of 0.0001"),
        ({"size_limit": "1E+30"}, "size_limit must be a positive multiple"),
        ({"size_limit": 0}, "must be above 0; disable"),
    ],
)
async def test_settings_that_cannot_be_meant_are_not_sent(room, changes, text):
    with pytest.raises(EncodeError, match=text):
        await room.protection.set("BTC", **(TERMS | {"size_limit": 1} | changes))
    assert (room.venue.calls, room.stream.names) == ([], [])


async def test_limits_are_sent_without_exponent_or_padding(room):
    limits = {"size_limit": Decimal("1E+3"), "delta_limit": "2.5000"}
    await room.protection.set("BTC", **limits, **TERMS)
    config = room.venue.configs["BTC"]
    assert (config.size_limit, config.delta_limit, config.vega_limit) == ("1000", "2.5", "0")


async def test_a_reset_thaws_and_a_refused_one_says_why(room):
    room.venue.config()
    await room.protection.read()
    room.trip()
    room.venue.failures = [VenueError("too early", code="MMP_MIN_FREEZE_NOT_ELAPSED")]
    with pytest.raises(VenueError, match="too early"):
        await room.protection.reset("BTC")
    assert room.frozen()
    assert await room.protection.reset("BTC") == ["BTC"]
    assert not room.frozen()
    assert room.events[-1] == "RESET"


async def test_a_partly_refused_reset_of_all_is_read(room):
    room.venue.config()
    room.venue.config("ETH")
    await room.protection.read()
    room.trip()
    room.trip(base_asset="ETH")
    room.venue.config("ETH", is_frozen=True, frozen_until=0)
    room.venue.failures = [VenueError("too early for ETH; reset: BTC")]
    with pytest.raises(VenueError):
        await room.protection.reset()
    await settle()
    assert (room.frozen("BTC"), room.frozen("ETH")) == (False, True)


async def test_switching_off_leaves_no_protection_and_no_freeze(room):
    room.venue.config()
    await room.protection.read()
    room.trip()
    await room.protection.disable("BTC")
    state = room.protection.state("BTC")
    assert (state.is_configured, state.is_frozen, state.event) == (False, False, "CONFIG_UPDATED")


async def test_a_socket_that_is_lost_while_subscribing_is_left_to_its_reconnect():
    room = Room(TransportError("no answer", sent=True))
    room.venue.config()
    await room.protection.read()
    assert room.log.lines == []
    await room.close()
