"""Market-maker protection in the engine (PROTOCOL 4.2, 5.3, 5.5)."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Order
from nautilus_paradex.simulator.engine.model import OrderChanged
from nautilus_paradex.simulator.engine.model import OrderFlag
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import ProtectionChanged
from nautilus_paradex.simulator.engine.model import ProtectionNews
from nautilus_paradex.simulator.engine.model import ProtectionSettings
from nautilus_paradex.simulator.engine.model import ProtectionState
from nautilus_paradex.simulator.engine.model import ProtectionTrip
from nautilus_paradex.simulator.engine.model import Refusal
from tests.simulator.engine_desk import ALICE
from tests.simulator.engine_desk import BOB
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import Desk
from tests.simulator.engine_desk import d


MMP = (OrderFlag.MMP,)
ETH = "ETH-USD-PERP"


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    desk.exchange.protection.allow(ALICE)
    yield desk
    desk.exchange.check_invariants()


def protect(desk: Desk, base_asset: str = "BTC", **settings: str | int | bool) -> ProtectionState:
    given = {"interval_ms": 10_000, "frozen_time_ms": 5_000, "size_limit": "1"} | settings
    limits = {name: d(value) if name.endswith("_limit") else value for name, value in given.items()}
    return desk.exchange.protection.configure(ALICE, base_asset, ProtectionSettings(**limits))


def quote(desk: Desk, side: str, size: str, price: str, **more: object) -> Order:
    return desk.place(ALICE, side, size, price, flags=MMP, **more)


def state(desk: Desk, base_asset: str = "BTC") -> ProtectionState:
    (row,) = desk.exchange.protection.states(ALICE, base_asset)
    return row


def news(desk: Desk) -> list[ProtectionNews]:
    return [event.kind for event in desk.announced(ProtectionChanged)]


def dated_option(desk: Desk, kind: AssetKind = AssetKind.OPTION) -> str:
    return next(
        spec.symbol
        for spec in desk.exchange.queries.markets()
        if spec.asset_kind is kind and spec.base_currency == "BTC" and spec.option_type == "CALL"
    )


# -- WHICH ORDERS ARE TAKEN ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price": None}, "INVALID_REQUEST_PARAMETER"),
        ({"market": "ETH-USD"}, "INVALID_REQUEST_PARAMETER"),
        ({"account": BOB}, "MMP_NOT_ENABLED"),
    ],
)
def test_the_flag_is_for_limit_orders_of_perps_and_dated_options_of_enabled_accounts(
    desk: Desk, changes: dict[str, str | None], code: str
) -> None:
    values = {"account": ALICE, "market": BTC, "price": "59000"} | changes
    command = desk.command(
        values["account"], "BUY", "0.1", values["price"], market=values["market"], flags=MMP
    )
    with pytest.raises(Refusal) as caught:
        desk.exchange.submit(command)
    assert caught.value.code == code
    assert desk.events == []


def test_perpetual_options_are_not_protected(desk: Desk) -> None:
    market = dated_option(desk, AssetKind.PERP_OPTION)
    desk.prices(market, "2000", "68000")
    with pytest.raises(Refusal, match="dated options"):
        quote(desk, "BUY", "0.1", "2000", market=market)


def test_an_order_of_an_unconfigured_base_asset_is_canceled(desk: Desk) -> None:
    protect(desk)
    desk.prices(ETH, "2500")
    order = quote(desk, "BUY", "1", "2400", market=ETH)
    assert (order.status, order.cancel_reason) == (
        OrderStatus.CLOSED,
        CancelReason.MMP_NOT_CONFIGURED,
    )


def test_a_protected_order_rests_and_shows_its_flag(desk: Desk) -> None:
    protect(desk)
    order = quote(desk, "BUY", "0.1", "59000")
    assert (order.status, order.flags) == (OrderStatus.OPEN, MMP)


def test_an_option_without_greeks_takes_no_protected_order(desk: Desk) -> None:
    protect(desk)
    market = dated_option(desk)
    order = quote(desk, "BUY", "0.1", "2000", market=market)
    assert order.cancel_reason is CancelReason.MMP_GREEKS_UNAVAILABLE


# -- TRIPS -----------------------------------------------------------------------------------------


def test_a_limit_has_to_be_exceeded_to_trip(desk: Desk) -> None:
    protect(desk, size_limit="1")
    quote(desk, "BUY", "1.5", "59900")
    desk.place(BOB, "SELL", "1", "59900")
    assert (state(desk).is_frozen, state(desk).window.size) == (False, 1)
    desk.place(BOB, "SELL", "0.001", "59900")
    assert state(desk).is_frozen


def test_a_trip_cancels_the_protected_orders_of_the_base_asset_alone(desk: Desk) -> None:
    protect(desk)
    protect(desk, "ETH")
    desk.prices(ETH, "2500")
    hit = quote(desk, "BUY", "2", "59900")
    other_side = quote(desk, "SELL", "2", "60100")
    plain = desk.place(ALICE, "BUY", "1", "59000")
    eth = quote(desk, "BUY", "1", "2400", market=ETH)
    desk.place(BOB, "SELL", "1.5", "59900", instruction=Instruction.IOC)
    for order, filled in ((hit, d("1.5")), (other_side, d(0))):
        closed = desk.order(order)
        assert closed.cancel_reason is CancelReason.MMP_TRIGGERED
        assert closed.size - closed.remaining_size == filled
    assert desk.order(plain).status is OrderStatus.OPEN
    assert desk.order(eth).status is OrderStatus.OPEN
    trip = desk.announced(ProtectionChanged)[-1]
    assert (trip.kind, trip.trip_reason, trip.trigger_market) == (
        ProtectionNews.TRIGGERED,
        ProtectionTrip.SIZE,
        BTC,
    )
    assert trip.state.window.size == d("1.5")
    assert trip.state.frozen_until_us == desk.now_us + 5_000_000


def test_a_sweep_stops_at_the_orders_that_a_trip_cancels(desk: Desk) -> None:
    protect(desk, size_limit="0.5")
    quotes = [quote(desk, "BUY", "0.6", price) for price in ("59900", "59890", "59880")]
    sweep = desk.place(BOB, "SELL", "1.8", "59880", instruction=Instruction.IOC)
    assert sweep.size - sweep.remaining_size == d("0.6")
    assert [desk.order(row).cancel_reason for row in quotes] == [
        CancelReason.NONE,
        CancelReason.MMP_TRIGGERED,
        CancelReason.MMP_TRIGGERED,
    ]
    assert desk.size(ALICE) == d("0.6")


def test_a_protected_taker_ends_where_it_trips(desk: Desk) -> None:
    protect(desk, size_limit="0.5")
    for price in ("60000", "60010"):
        desk.place(BOB, "SELL", "0.6", price)
    taker = quote(desk, "BUY", "2", "60100")
    assert (taker.status, taker.cancel_reason) == (OrderStatus.CLOSED, CancelReason.MMP_TRIGGERED)
    assert taker.size - taker.remaining_size == d("0.6")
    statuses = [row.status for row in desk.order_events(taker)]
    assert statuses == [OrderStatus.CLOSED]


def test_delta_is_net_so_that_two_sided_flow_does_not_trip_it(desk: Desk) -> None:
    protect(desk, size_limit="0", delta_limit="1")
    quote(desk, "BUY", "5", "59900")
    quote(desk, "SELL", "5", "60100")
    for _ in range(3):
        desk.place(BOB, "SELL", "1", "59900")
        desk.place(BOB, "BUY", "1", "60100")
    assert (state(desk).is_frozen, state(desk).window.size) == (False, 6)
    desk.place(BOB, "BUY", "1.5", "60100")
    trip = desk.announced(ProtectionChanged)[-1]
    assert (trip.trip_reason, trip.state.window.delta) == (ProtectionTrip.DELTA, d("-1.5"))


def test_an_option_counts_its_greeks_and_only_options_count_vega(desk: Desk) -> None:
    market = dated_option(desk)
    desk.prices(market, "2100", "68000")
    protect(desk, size_limit="0", vega_limit="50", delta_limit="100")
    quote(desk, "BUY", "1", "59900")
    desk.place(BOB, "SELL", "1", "59900")
    assert (state(desk).window.delta, state(desk).window.vega) == (1, 0)
    quote(desk, "SELL", "20", "2150", market=market)
    greeks = desk.exchange.queries.market_summary(market).greeks
    desk.place(BOB, "BUY", "0.5", "2150", market=market)
    window = state(desk).window
    assert window.delta == 1 - greeks.delta / 2
    assert window.vega == -greeks.vega / 2
    desk.place(BOB, "BUY", "19", "2150", market=market)
    assert desk.announced(ProtectionChanged)[-1].trip_reason is ProtectionTrip.VEGA


def test_only_fills_within_the_interval_count(desk: Desk) -> None:
    protect(desk, interval_ms=1_000)
    quote(desk, "BUY", "5", "59900")
    for _ in range(4):
        desk.place(BOB, "SELL", "0.9", "59900")
        desk.wait(1.0)
    assert not state(desk).is_frozen
    assert state(desk).window.size == 0
    desk.place(BOB, "SELL", "0.9", "59900")
    desk.wait(0.999)
    desk.place(BOB, "SELL", "0.2", "59900")
    assert state(desk).is_frozen


def test_fills_of_orders_without_the_flag_do_not_count(desk: Desk) -> None:
    protect(desk)
    desk.place(ALICE, "BUY", "5", "59900")
    desk.place(BOB, "SELL", "5", "59900")
    assert state(desk).window.size == 0


# -- FREEZES ---------------------------------------------------------------------------------------


def trip(desk: Desk, **settings: str | int | bool) -> None:
    protect(desk, **settings)
    quote(desk, "BUY", "2", "59900")
    desk.place(BOB, "SELL", "1.1", "59900")
    assert state(desk).is_frozen


def test_a_frozen_base_asset_takes_no_protected_order_but_others(desk: Desk) -> None:
    trip(desk)
    refused = quote(desk, "BUY", "0.1", "59000")
    assert refused.cancel_reason is CancelReason.MMP_FROZEN
    assert desk.place(ALICE, "BUY", "0.1", "59000").status is OrderStatus.OPEN


def test_a_freeze_ends_by_time_with_an_empty_window(desk: Desk) -> None:
    trip(desk)
    desk.wait(4.999)
    assert state(desk).is_frozen
    desk.wait(0.001)
    assert news(desk)[-1] is ProtectionNews.UNFROZEN
    assert (state(desk).is_frozen, state(desk).window.size) == (False, 0)
    assert quote(desk, "BUY", "0.1", "59000").status is OrderStatus.OPEN


def test_an_order_right_at_the_end_of_a_freeze_is_taken(desk: Desk) -> None:
    trip(desk)
    desk.now_us += 5_000_000
    assert quote(desk, "BUY", "0.1", "59000").status is OrderStatus.OPEN
    assert news(desk)[-1] is ProtectionNews.UNFROZEN


def test_without_a_frozen_time_only_a_reset_ends_a_freeze(desk: Desk) -> None:
    trip(desk, frozen_time_ms=0)
    assert state(desk).frozen_until_us == 0
    desk.wait(7_200)
    assert state(desk).is_frozen
    assert desk.exchange.protection.reset(ALICE, "BTC") == ["BTC"]
    assert not state(desk).is_frozen
    assert news(desk)[-1] is ProtectionNews.RESET


def test_a_reset_within_the_first_second_is_refused(desk: Desk) -> None:
    trip(desk)
    desk.wait(0.999)
    with pytest.raises(Refusal) as caught:
        desk.exchange.protection.reset(ALICE, "BTC")
    assert caught.value.code == "MMP_MIN_FREEZE_NOT_ELAPSED"
    assert state(desk).is_frozen
    desk.wait(0.001)
    assert desk.exchange.protection.reset(ALICE, "BTC") == ["BTC"]


def test_a_reset_of_all_does_what_it_can_and_names_the_rest(desk: Desk) -> None:
    protect(desk, "ETH")
    trip(desk)
    before = len(desk.events)
    with pytest.raises(Refusal, match="elapsed for BTC; reset: ETH"):
        desk.exchange.protection.reset(ALICE)
    changes = [e for e in desk.events[before:] if isinstance(e, ProtectionChanged)]
    assert [(e.kind, e.state.base_asset) for e in changes] == [(ProtectionNews.RESET, "ETH")]


def test_a_reset_empties_the_window_of_what_is_not_frozen(desk: Desk) -> None:
    protect(desk)
    quote(desk, "BUY", "2", "59900")
    desk.place(BOB, "SELL", "0.9", "59900")
    assert desk.exchange.protection.reset(ALICE) == ["BTC"]
    assert state(desk).window.size == 0
    assert desk.exchange.protection.reset(ALICE, "SOL") == []


# -- SETTINGS --------------------------------------------------------------------------------------


def test_a_new_configuration_keeps_the_freeze(desk: Desk) -> None:
    trip(desk)
    protect(desk, size_limit="100")
    assert state(desk).is_frozen
    assert news(desk)[-1] is ProtectionNews.CONFIG_UPDATED


def test_removing_the_protection_cancels_its_orders_and_ends_the_freeze(desk: Desk) -> None:
    protect(desk)
    order = quote(desk, "BUY", "1", "59000")
    plain = desk.place(ALICE, "BUY", "1", "59000")
    desk.exchange.protection.remove(ALICE, "BTC")
    assert desk.order(order).cancel_reason is CancelReason.MMP_DISABLED
    assert desk.order(plain).status is OrderStatus.OPEN
    assert desk.exchange.protection.states(ALICE) == []
    assert news(desk)[-1] is ProtectionNews.REMOVED
    count = len(desk.announced(ProtectionChanged))
    desk.exchange.protection.remove(ALICE, "BTC")
    assert len(desk.announced(ProtectionChanged)) == count


def test_what_is_set_stays_in_force_when_the_account_is_enabled_no_longer(desk: Desk) -> None:
    protect(desk)
    order = quote(desk, "BUY", "2", "59900")
    desk.exchange.protection.allow(ALICE, on=False)
    desk.place(BOB, "SELL", "1.1", "59900")
    assert desk.order(order).cancel_reason is CancelReason.MMP_TRIGGERED
    for change in (
        lambda: protect(desk),
        lambda: desk.exchange.protection.reset(ALICE),
        lambda: quote(desk, "BUY", "1", "59000"),
    ):
        with pytest.raises(Refusal) as caught:
            change()
        assert caught.value.code == "MMP_NOT_ENABLED"
    desk.exchange.protection.remove(ALICE, "BTC")
    assert desk.exchange.protection.states(ALICE) == []


@pytest.mark.parametrize(
    ("base_asset", "settings"),
    [
        ("XXX", {}),
        ("DIME", {}),
        ("BTC", {"interval_ms": 99}),
        ("BTC", {"interval_ms": 3_600_001}),
        ("BTC", {"frozen_time_ms": -1}),
        ("BTC", {"frozen_time_ms": 3_600_001}),
        ("BTC", {"size_limit": "-1"}),
        ("BTC", {"size_limit": "0.00001"}),
        ("BTC", {"size_limit": "0"}),
        ("SOL", {"size_limit": "0", "vega_limit": "1"}),
    ],
)
def test_settings_that_the_venue_does_not_take_are_refused(
    desk: Desk, base_asset: str, settings: dict[str, str | int]
) -> None:
    with pytest.raises(Refusal) as caught:
        protect(desk, base_asset, **settings)
    assert caught.value.code == "INVALID_REQUEST_PARAMETER"
    assert desk.exchange.protection.states(ALICE) == []


def test_the_cancels_of_a_trip_come_before_its_news(desk: Desk) -> None:
    trip(desk)
    kinds = [type(e) for e in desk.events if isinstance(e, OrderChanged | ProtectionChanged)]
    assert kinds[-1] is OrderChanged  # the taker's own end
    assert kinds[-3:-1] == [OrderChanged, ProtectionChanged]
    closed = [e.order for e in desk.announced(OrderChanged) if e.order.flags == MMP][-1]
    assert closed.remaining_size == Decimal("0.9")
