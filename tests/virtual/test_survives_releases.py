"""The venue is released while a node runs (E14): maintenance, cancel-only, post-only, trading."""

import asyncio
import functools
from collections import Counter
from decimal import Decimal
from typing import Final

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.faults import HttpStatus
from nautilus_paradex.simulator.scripts import RELEASE
from tests.acceptance.node import until
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.faults.sessions import MARKET
from tests.faults.sessions import SELL
from tests.virtual.sessions import SLOW_VENUE
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import rest_orders
from tests.virtual.stories import until_healthy
from tests.virtual.traffic import Traffic
from tests.virtual.venue_counts import placed_by_node


#: A state is heard of within this once something speaks of it: a refusal, or a lost stream.
_TOLD_S: Final = 2.5
#: And within this if nothing does (PROTOCOL 8.3: 30 s away from the known releases).
_UNTOLD_S: Final = 32.0
#: Streams are back within this once maintenance is over.
_BACK_S: Final = 5.0
_SETTLED_S: Final = 15.0

_NAMED: Final = {
    SystemState.MAINTENANCE: "maintenance",
    SystemState.CANCEL_ONLY: "SYSTEM_STATUS_CANCEL_ONLY",
    SystemState.POST_ONLY: "SYSTEM_STATUS_POST_ONLY",
}


class Kinds:
    """An order of each kind, given at one moment."""

    def __init__(self, at: VirtualSession) -> None:
        desk = at.desk
        self.passive = desk.limit(BUY, "0.1", "2485", post_only=True)
        self.plain = desk.limit(BUY, "0.1", "2486")
        self.at_once = desk.limit(BUY, "0.1", "2487", time_in_force=TimeInForce.IOC)
        self.market = desk.market(SELL, "0.1")
        (first, *_rest) = desk.cache.orders_open(strategy_id=desk.id)
        self.batch = [
            desk.order_factory.limit(
                desk.instrument_id,
                BUY,
                desk.instrument.make_qty(Decimal("0.1")),
                desk.instrument.make_price(Decimal(2475)),
            )
            for _ in range(2)
        ]
        desk.submit_order_list(desk.order_factory.create_list(self.batch))
        self.first = first

    @property
    def taking(self) -> list[Order]:
        """Those that are no post-only orders."""
        return [self.plain, self.at_once, self.market, *self.batch]

    @property
    def all(self) -> list[Order]:
        """Every one."""
        return [self.passive, *self.taking]


def reason_of(at: VirtualSession, order: Order) -> str:
    """Return why an order was denied or rejected; empty if it was not."""
    (*_, last) = at.node.events_of(order)
    return str(getattr(last, "reason", ""))


async def denied(at: VirtualSession, orders: list[Order], state: SystemState) -> None:
    """See that orders are denied with the state named, and never reach the venue."""
    await until(
        lambda: all(order.status == OrderStatus.DENIED for order in orders),
        lambda: [(order.status_string(), reason_of(at, order)) for order in orders],
    )
    for order in orders:
        assert _NAMED[state] in reason_of(at, order)


async def known(at: VirtualSession, state: SystemState, within_s: float) -> float:
    """Wait until the node knows the exchange's state; return how long it took."""
    watch = at.node.execution._link.system_state
    began = at.loop.time()
    await until(lambda: watch.state == state.value, lambda: watch.state, within_s)
    return at.loop.time() - began


async def cancels_go(at: VirtualSession) -> None:
    """See that a resting order can be canceled."""
    order = at.desk.cache.orders_open(strategy_id=at.desk.id)[0]
    at.desk.cancel_order(order)
    await until(lambda: order.status == OrderStatus.CANCELED, order, _SETTLED_S)


async def in_maintenance(at: VirtualSession, seconds: float) -> Order:
    """The streams are dropped, which makes the node ask; return an order whose cancel waits."""
    end = at.loop.time() + seconds
    modified, canceled = at.desk.cache.orders_open(strategy_id=at.desk.id)[:2]
    await known(at, SystemState.MAINTENANCE, _TOLD_S)
    await denied(at, Kinds(at).all, SystemState.MAINTENANCE)
    price = modified.price
    at.reprice(modified, str(price.as_decimal() - 1))
    at.desk.cancel_order(canceled)
    await until(lambda: at.node.story(modified)[-1] == "OrderModifyRejected", modified)
    assert "maintenance" in reason_of(at, modified)
    # What rests beyond the band when trading is prepared is canceled by the venue.
    await asyncio.sleep(end - at.loop.time())
    return canceled


async def in_cancel_only(at: VirtualSession, canceled: Order, seconds: float) -> None:
    end = at.loop.time() + seconds
    await known(at, SystemState.CANCEL_ONLY, _TOLD_S)
    await denied(at, Kinds(at).all, SystemState.CANCEL_ONLY)
    began = at.loop.time()
    await until_healthy(at)
    assert at.loop.time() - began < _BACK_S
    # A cancel that was given in maintenance is carried out when it can be.
    await until(lambda: canceled.status == OrderStatus.CANCELED, canceled, _SETTLED_S)
    await at.ends_equal()
    await cancels_go(at)
    await asyncio.sleep(end - at.loop.time())


async def in_post_only(at: VirtualSession, seconds: float) -> None:
    end = at.loop.time() + seconds
    await known(at, SystemState.POST_ONLY, _TOLD_S)
    kinds = Kinds(at)
    await denied(at, kinds.taking, SystemState.POST_ONLY)
    await until(lambda: kinds.passive.status == OrderStatus.ACCEPTED, kinds.passive)
    await cancels_go(at)
    # The fair price moves: the venue cancels what rests beyond its band, and names why.
    beyond = await at.rest(BUY, "0.2", "2488")
    at.venue.exchange.set_prices(MARKET, external_fair=Decimal(2480))
    await until(lambda: beyond.status == OrderStatus.CANCELED, beyond)
    await at.ends_equal()
    assert f"{beyond.client_order_id}" in _lines_with(at, "EXCEEDS_MAX_SLIPPAGE")
    at.venue.exchange.set_prices(MARKET, external_fair=Decimal(2500))
    await asyncio.sleep(end - at.loop.time())


async def trading_again(at: VirtualSession) -> None:
    """Everything passes, with nobody's help."""
    await known(at, SystemState.OK, _TOLD_S)
    await until_healthy(at)
    # The account's own bids would end its market order as a self-trade.
    at.rival.place("BUY", "0.1", "2499.8")
    kinds = Kinds(at)
    await until(lambda: all(order.ts_accepted for order in kinds.all), kinds.all, _SETTLED_S)
    await until(lambda: kinds.market.status == OrderStatus.FILLED, kinds.market)
    await at.ends_equal()


async def release(at: VirtualSession, figures: Counter[str]) -> None:
    """One release, with the venue's own times; others trade where they can."""
    (_, maintenance_s), (_, cancel_only_s), (_, post_only_s) = RELEASE
    at.venue.set_system_state(SystemState.MAINTENANCE)
    canceled = await in_maintenance(at, maintenance_s)
    at.venue.exchange.set_prices(MARKET, external_fair=Decimal(2485))
    before = set(at.venue.exchange.queries.open_orders(at.account))
    at.venue.set_system_state(SystemState.CANCEL_ONLY)
    pulled = len(before) - len(at.venue.exchange.queries.open_orders(at.account))
    assert pulled
    figures["canceled by the venue"] += pulled
    at.venue.exchange.set_prices(MARKET, external_fair=Decimal(2500))
    await in_cancel_only(at, canceled, cancel_only_s)
    at.venue.set_system_state(SystemState.POST_ONLY)
    await in_post_only(at, post_only_s)
    at.venue.set_system_state(SystemState.OK)
    await trading_again(at)
    figures["releases"] += 1


async def releases(at: VirtualSession, figures: Counter[str], *, number: int) -> None:
    traffic = Traffic(at)
    for _ in range(number):
        await rest_orders(at)
        await at.ends_equal()
        await release(at, figures)
        await traffic.run(30.0, 1.0)
        await at.ends_equal()
    assert set(placed_by_node(at).values()) <= {1}
    figures["denied"] = at.node.names().count("OrderDenied")
    figures["orders"] = len(at.venue.exchange.queries.order_history(at.account))
    figures["fills"] = len(at.venue.exchange.queries.fills(at.account))


def _lines_with(at: VirtualSession, words: str) -> str:
    return "\n".join(line for line in at.node.log().splitlines() if words in line)


@pytest.mark.survives(6)
@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("seed", seeds(1))
def test_e14_releases_deny_what_the_venue_refuses_and_trading_resumes_by_itself(
    seed: int, transport: str, count: Count
) -> None:
    figures: Counter[str] = Counter()
    story = functools.partial(releases, figures=figures, number=3)
    tell(story, seed, config=SLOW_VENUE, execution={"order_transport": transport})
    assert figures["releases"] == 3
    count(seed=seed, **{name.replace(" ", "_"): n for name, n in figures.items()})


# -- STATES THAT NOBODY ANNOUNCED ------------------------------------------------------------------


async def surprised(at: VirtualSession, *, state: SystemState) -> None:
    """The state changes with every connection open, far from the known times of releases."""
    await rest_orders(at)
    at.venue.set_system_state(state)
    refused = at.desk.limit(BUY, "0.1", "2486")
    await until(lambda: refused.status == OrderStatus.REJECTED, refused)
    assert _NAMED[state] in reason_of(at, refused)
    await known(at, state, _TOLD_S)
    await denied(at, [at.desk.limit(BUY, "0.1", "2486")], state)
    await cancels_go(at)
    at.venue.set_system_state(SystemState.OK)
    await known(at, SystemState.OK, _TOLD_S)
    passes = at.desk.limit(BUY, "0.1", "2486")
    await until(lambda: passes.status == OrderStatus.ACCEPTED, passes)
    # Nobody trades: it is heard of all the same.
    at.venue.set_system_state(state)
    await known(at, state, _UNTOLD_S)
    at.venue.set_system_state(SystemState.OK)


@pytest.mark.survives(6)
@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("state", [SystemState.CANCEL_ONLY, SystemState.POST_ONLY])
def test_e14_a_refusal_makes_the_node_ask_for_the_state_at_once(
    state: SystemState, transport: str
) -> None:
    story = functools.partial(surprised, state=state)
    tell(story, 1, execution={"order_transport": transport})


async def unavailable(at: VirtualSession) -> None:
    """A command is answered with 503, which is what maintenance answers, and may be others' too."""
    first, *_ = [await at.rest(BUY, "1", "2490"), await at.rest(SELL, "1", "2510")]
    for command in (
        lambda: at.desk.limit(BUY, "0.1", "2486"),
        lambda: at.reprice(first, "2489"),
    ):
        # The state was asked for just now: only a reason makes it be asked again so soon.
        asked = at.sent("GET", "/system/state")
        await until(lambda asked=asked: at.sent("GET", "/system/state") > asked, "", _UNTOLD_S)
        asked = at.sent("GET", "/system/state")
        at.venue.faults.add(HttpStatus(status=503, method="POST", path="/orders"))
        at.venue.faults.add(HttpStatus(status=503, method="PUT", path="/orders"))
        command()
        await until(lambda asked=asked: at.sent("GET", "/system/state") > asked, "", _TOLD_S)
        at.venue.faults.clear()
        await at.ends_equal(deadline_s=400.0)


def test_e14_a_command_that_is_answered_unavailable_makes_the_node_ask_for_the_state() -> None:
    tell(unavailable, 1, execution={"recv_window_ms": 5_000})
