"""Market-maker protection in a running node: trips, freezes, resets, and what a strategy sees."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.orders import Order

from nautilus_paradex import PARADEX_CLIENT_ID
from nautilus_paradex import ParadexMarketMakerProtection
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY, SELL = OrderSide.BUY, OrderSide.SELL
SETTINGS = {"interval_ms": 60_000, "frozen_time_ms": 0, "size_limit": 1}
TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]


class Quoter(Desk):
    """A desk whose limit orders are protected, and which hears of the protection."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[ParadexMarketMakerProtection] = []

    def on_start(self) -> None:
        data_type = ParadexMarketMakerProtection.data_type_of()
        self.subscribe_data(data_type, client_id=PARADEX_CLIENT_ID)

    def on_data(self, data: Any) -> None:
        self.heard.append(data)

    def quote(self, side: OrderSide, size: str, price: str, **params: Any) -> Order:
        """Submit a protected order."""
        order = self.order_factory.limit(
            self.instrument_id,
            side,
            self.instrument.make_qty(Decimal(size)),
            self.instrument.make_price(Decimal(price)),
        )
        self.submit_order(order, params={"mmp": True, **params})
        return order


class Room:
    """A node that quotes, its protection, and the other side of the market."""

    def __init__(self, venue: LocalParadex, account: str, node: RunningNode, desk: Quoter) -> None:
        self.venue, self.account, self.node, self.desk = venue, account, node, desk
        self.protection = node.execution.protection
        self.taker = Trader(venue)

    async def resting(self, *orders: Order) -> None:
        await until(lambda: all(order.status == OrderStatus.ACCEPTED for order in orders))

    async def frozen(self) -> ParadexMarketMakerProtection:
        heard = self.desk.heard
        await until(lambda: heard and heard[-1].is_frozen, "the freeze is told")
        assert self.protection.state("ETH") == heard[-1]
        return heard[-1]

    async def reset_when_allowed(self) -> None:
        """Reset as soon as the venue lets it: not in the first second of a freeze."""
        core = self.venue.exchange._core
        (protection,) = core.protections.of(self.account)
        await until(lambda: protection.may_reset(core.tick()), "the freeze may be reset")
        assert await self.protection.reset("ETH") == ["ETH"]


@asynccontextmanager
async def room(enabled: bool = True, **settings: Any) -> AsyncIterator[Room]:
    """Run a node with a quoting desk on an empty market."""
    desk = Quoter()
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        venue.exchange.protection.allow(account, on=enabled)
        async with running_node(venue, account, strategies=[desk], execution=settings) as node:
            yield Room(venue, account, node, desk)


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_a_trip_cancels_the_quotes_and_the_strategy_is_told_until_it_resets(
    transport: str,
) -> None:
    async with room(order_transport=transport) as r:
        await r.protection.set("ETH", **SETTINGS)
        bid, ask = r.desk.quote(BUY, "2", "2490.00"), r.desk.quote(SELL, "2", "2510.00")
        plain = r.desk.limit(BUY, "0.5", "2400.00")
        await r.resting(bid, ask, plain)
        r.taker.place("SELL", "1.5", "2490.00", instruction="IOC")
        state = await r.frozen()
        assert (state.event, state.trip_reason, state.base_asset) == ("TRIGGERED", "SIZE", "ETH")
        assert (state.trigger_market, state.window_size) == (ETH, Decimal("1.5"))
        assert (state.frozen_until, state.size_limit) == (None, Decimal(1))
        assert state.account_id == r.node.account_id
        await until(lambda: bid.is_closed and ask.is_closed)
        assert r.node.story(bid) == [*TAKEN, "OrderFilled", "OrderCanceled"]
        assert (bid.filled_qty, bid.status) == (Decimal("1.5"), OrderStatus.CANCELED)
        assert r.node.story(ask) == [*TAKEN, "OrderCanceled"]
        assert plain.status == OrderStatus.ACCEPTED
        assert "TRIPPED the protection of ETH (SIZE by a fill in ETH-USD-PERP" in r.node.log()

        refused = r.desk.quote(BUY, "0.1", "2480.00")
        await until(lambda: refused.is_closed)
        rejected = r.node.events_of(refused)[-1]
        assert isinstance(rejected, OrderRejected)
        assert rejected.reason == "MMP_FROZEN"

        await r.reset_when_allowed()
        await until(lambda: [s.event for s in r.desk.heard][-2:] == ["TRIGGERED", "RESET"])
        assert not r.protection.is_frozen("ETH")
        again = r.desk.quote(BUY, "0.1", "2480.00")
        await r.resting(again)
        await until_equal(r.node, r.venue, r.account)


async def test_a_freeze_ends_by_itself_and_is_told() -> None:
    async with room() as r:
        await r.protection.set("ETH", **(SETTINGS | {"frozen_time_ms": 300}))
        bid = r.desk.quote(BUY, "2", "2490.00")
        await r.resting(bid)
        r.taker.place("SELL", "1.5", "2490.00", instruction="IOC")
        await until(lambda: [s.event for s in r.desk.heard][-2:] == ["TRIGGERED", "UNFROZEN"])
        tripped, thawed = r.desk.heard[-2:]
        assert tripped.frozen_until is not None
        assert (thawed.is_frozen, thawed.frozen_until, thawed.trip_reason) == (False, None, "")
        await r.resting(r.desk.quote(BUY, "0.1", "2480.00"))


async def test_a_trip_during_an_outage_is_found_after_it() -> None:
    async with room() as r:
        await r.protection.set("ETH", **SETTINGS)
        bid = r.desk.quote(BUY, "2", "2490.00")
        await r.resting(bid)
        await r.venue.stop_serving()
        r.taker.place("SELL", "1.5", "2490.00", instruction="IOC")
        assert not r.protection.is_frozen("ETH")
        await r.venue.resume_serving()
        state = await r.frozen()
        assert (state.event, state.window_size) == ("READ", Decimal("1.5"))
        await until(lambda: bid.is_closed)
        assert r.node.story(bid) == [*TAKEN, "OrderFilled", "OrderCanceled"]
        await until_equal(r.node, r.venue, r.account)
        r.venue.exchange.protection.remove(r.account, "ETH")
        await until(lambda: not r.protection.state("ETH").is_configured)


async def test_an_order_is_rejected_with_the_venues_reason_where_nothing_protects_it() -> None:
    async with room() as r:
        order = r.desk.quote(BUY, "0.1", "2480.00")
        await until(lambda: order.is_closed)
        assert r.node.events_of(order)[-1].reason == "MMP_NOT_CONFIGURED"
        (state,) = await r.protection.read("ETH")
        assert (state.is_configured, state.is_frozen) == (False, False)


async def test_an_account_that_is_not_enabled_is_told_so_by_every_way() -> None:
    async with room(enabled=False) as r:
        order = r.desk.quote(BUY, "0.1", "2480.00")
        await until(lambda: order.is_closed)
        rejected = r.node.events_of(order)[-1]
        assert isinstance(rejected, OrderRejected)
        assert "MMP_NOT_ENABLED" in rejected.reason
        for call in (r.protection.set("ETH", **SETTINGS), r.protection.reset()):
            with pytest.raises(AuthenticationError) as caught:
                await call
            assert caught.value.code == "MMP_NOT_ENABLED"
        (state,) = await r.protection.read()
        assert (state.base_asset, state.is_configured) == ("ETH", False)
        await r.protection.disable("ETH")


async def test_e1_what_cannot_be_protected_is_denied_before_it_is_sent() -> None:
    async with room() as r:
        order = r.desk.order_factory.market(ETH, BUY, r.desk.instrument.make_qty(Decimal(1)))
        r.desk.submit_order(order, params={"mmp": True})
        await until(lambda: order.is_closed)
        assert r.node.story(order) == ["OrderInitialized", "OrderDenied"]
        assert r.venue.exchange.queries.order_history(r.account) == []
        with pytest.raises(EncodeError):
            await r.protection.set("ETH", interval_ms=1, frozen_time_ms=0, size_limit=1)


async def test_switching_off_cancels_the_protected_orders() -> None:
    async with room() as r:
        await r.protection.set("ETH", **SETTINGS)
        bid = r.desk.quote(BUY, "1", "2490.00")
        await r.resting(bid)
        await r.protection.disable("ETH")
        await until(lambda: bid.is_closed)
        assert r.node.story(bid) == [*TAKEN, "OrderCanceled"]
        (row,) = r.venue.exchange.queries.order_history(r.account)
        assert row.cancel_reason is model.CancelReason.MMP_DISABLED
        await until(lambda: r.desk.heard and not r.desk.heard[-1].is_configured)


TERMS = model.ProtectionSettings(interval_ms=1_000, frozen_time_ms=0, delta_limit=Decimal("2.5"))


async def test_the_first_protected_order_begins_to_follow_what_was_set_elsewhere() -> None:
    async with room() as r:
        r.venue.exchange.protection.configure(r.account, "ETH", TERMS)
        assert r.protection.states() == {}
        bid = r.desk.quote(BUY, "3", "2490.00")
        await r.resting(bid)
        await until(lambda: r.desk.heard)
        assert (r.desk.heard[0].event, r.desk.heard[0].delta_limit) == ("READ", Decimal("2.5"))
        r.taker.place("SELL", "2.6", "2490.00", instruction="IOC")
        assert (await r.frozen()).trip_reason == "DELTA"


async def test_what_another_session_sets_is_told_too() -> None:
    async with room() as r:
        await r.protection.read()
        r.venue.exchange.protection.configure(r.account, "ETH", TERMS)
        await until(lambda: r.desk.heard and r.desk.heard[-1].is_frozen is False)
        state = r.protection.state("ETH")
        assert (state.is_configured, state.delta_limit, state.interval_ms) == (
            True,
            Decimal("2.5"),
            1_000,
        )


async def test_the_config_lets_protection_be_followed_from_the_start() -> None:
    """What somebody else has set is known without a call, and its trips are heard."""
    desk = Quoter()
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        venue.exchange.protection.allow(account)
        settings = model.ProtectionSettings(**(SETTINGS | {"size_limit": Decimal(1)}))
        venue.exchange.protection.configure(account, "ETH", settings)
        execution = {"market_maker_protection": True}
        async with running_node(venue, account, strategies=[desk], execution=execution) as node:
            await until(lambda: node.execution.protection.state("ETH") is not None)
            venue.exchange.protection.remove(account, "ETH")
            await until(lambda: desk.heard, "somebody else's change is heard")
