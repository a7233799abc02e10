"""Instruments that change, end and close while a real node trades (trap 63, rules S4, E14)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from typing import NamedTuple

import msgspec
import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import InstrumentClose
from nautilus_trader.model.data import InstrumentStatus
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import InstrumentCloseType
from nautilus_trader.model.enums import MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import ETH
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until


OPTION = InstrumentId.from_str("BTC-USD-27NOV26-70000-C.PARADEX")


class Watcher(Actor):
    """Subscribes to all that is told of one instrument, and keeps it."""

    def __init__(self, instrument_id: InstrumentId) -> None:
        super().__init__(ActorConfig())
        self.instrument_id = instrument_id
        self.instruments: list[Instrument] = []
        self.statuses: list[InstrumentStatus] = []
        self.closes: list[InstrumentClose] = []
        self.quotes: list[QuoteTick] = []

    def on_start(self) -> None:
        self.subscribe_instrument(self.instrument_id)
        self.subscribe_instrument_status(self.instrument_id)
        self.subscribe_instrument_close(self.instrument_id)
        self.subscribe_quote_ticks(self.instrument_id)

    def on_instrument(self, instrument: Instrument) -> None:
        self.instruments.append(instrument)

    def on_instrument_status(self, data: InstrumentStatus) -> None:
        self.statuses.append(data)

    def on_instrument_close(self, update: InstrumentClose) -> None:
        self.closes.append(update)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.quotes.append(tick)

    @property
    def actions(self) -> list[MarketStatusAction]:
        return [status.action for status in self.statuses]


class Scene(NamedTuple):
    venue: LocalParadex
    node: RunningNode
    watcher: Watcher
    maker: Trader


@asynccontextmanager
async def scene(market: InstrumentId = ETH, **settings: Any) -> AsyncIterator[Scene]:
    """Run a node with data only, on a quiet market."""
    watcher = Watcher(market)
    settings = {"instruments": [market]} | settings
    async with LocalParadex(market=False) as venue:
        maker = Trader(venue, market=market.symbol.value)
        async with running_node(venue, actors=[watcher], **settings) as node:
            await until(lambda: watcher.statuses, "the status at subscription")
            yield Scene(venue, node, watcher, maker)


async def test_trap_63_a_new_tick_arrives_without_a_restart_and_quotes_have_it() -> None:
    async with scene() as at:
        at.maker.place("BUY", "1", "2490.00")
        at.maker.place("SELL", "1", "2510.00")
        await until(lambda: at.watcher.quotes, "a quote")
        assert str(at.watcher.quotes[-1].bid_price) == "2490.00"
        at.venue.exchange.update_market(ETH.symbol.value, price_tick_size=Decimal("0.001"))
        await until(
            lambda: at.node.cache.instrument(ETH).price_precision == 3, "the new instrument"
        )
        await until(lambda: at.watcher.instruments[-1].price_precision == 3, "its publication")
        at.maker.place("BUY", "1", "2490.125")
        await until(
            lambda: str(at.watcher.quotes[-1].bid_price) == "2490.125", "a quote with the new tick"
        )


async def test_s4_a_change_while_the_stream_was_away_is_caught_up_with() -> None:
    async with scene(may_fail=True) as at:
        await at.venue.drop_connections()
        at.venue.exchange.update_market(ETH.symbol.value, price_tick_size=Decimal("0.5"))
        await until(
            lambda: str(at.node.cache.instrument(ETH).price_increment) == "0.5",
            "the instrument that changed meanwhile",
        )


async def test_options_that_are_created_at_once_are_loaded_at_once() -> None:
    provider = ParadexInstrumentProviderConfig(load_all=True, asset_kinds=frozenset({"OPTION"}))
    settings = {"instrument_provider": provider}
    async with scene(OPTION, data=settings) as at:
        asked = []
        refresh = at.node.data.instrument_provider.refresh
        at.node.data.instrument_provider.refresh = lambda names: (
            asked.append(names) or refresh(names)
        )
        spec = at.venue.exchange.queries.market(OPTION.symbol.value)
        symbols = [f"BTC-USD-27NOV26-{strike}-C" for strike in range(70_001, 70_201)]
        for number, symbol in enumerate(symbols, start=70_001):
            at.venue.exchange.add_market(
                msgspec.structs.replace(spec, symbol=symbol, strike_price=Decimal(number))
            )
        ids = [InstrumentId.from_str(f"{symbol}.PARADEX") for symbol in symbols]
        await until(lambda: all(at.node.cache.instrument(its) for its in ids), "the new options")
        assert len(asked) == 1


async def test_e14_maintenance_is_told_as_it_comes_and_as_it_ends() -> None:
    async with scene(may_fail=True) as at:
        assert at.watcher.actions == [MarketStatusAction.TRADING]
        at.venue.set_system_state("maintenance")
        await until(lambda: at.watcher.actions[-1] == MarketStatusAction.HALT, "the halt")
        assert at.watcher.statuses[-1].reason == "maintenance"
        assert at.watcher.statuses[-1].is_trading is False
        at.venue.set_system_state("ok")
        await until(lambda: at.watcher.actions[-1] == MarketStatusAction.TRADING, "its end")
        assert len(at.watcher.actions) == 3


async def test_e14_one_refusal_teaches_all_clients_the_state() -> None:
    """The next order is denied without a request, though the next poll is far away."""
    async with trading_floor() as floor:
        watch = floor.node.execution._link.system_state
        assert watch is floor.node.data._link.system_state
        await until(lambda: watch.state is SystemState.OK, "the first poll")
        floor.venue.set_system_state("post_only")
        first = floor.desk.limit(1, "0.1", "2400.00")
        await until(lambda: floor.node.story(first)[-1:] == ["OrderRejected"], "the refusal")
        await until(lambda: watch.state is SystemState.POST_ONLY, "the state")
        second = floor.desk.limit(1, "0.1", "2400.00")
        await until(lambda: floor.node.story(second)[-1:] == ["OrderDenied"], "the denial")
        third = floor.desk.limit(1, "0.1", "2499.50", post_only=True)
        await until(lambda: third.is_open, "what is taken is sent")


@pytest.mark.parametrize("market", [ETH, OPTION])
async def test_a_market_that_settles_is_closed_with_its_price(market: InstrumentId) -> None:
    async with scene(market) as at:
        at.venue.exchange.settle_market(market.symbol.value, Decimal("1234.56"))
        await until(lambda: at.watcher.closes, "the close")
        (close,) = at.watcher.closes
        assert str(close.close_price) == "1234.56"
        assert close.close_type == InstrumentCloseType.CONTRACT_EXPIRED
        assert at.watcher.actions == [MarketStatusAction.TRADING, MarketStatusAction.CLOSE]
        assert at.watcher.statuses[-1].reason == "settled"
        assert at.node.cache.instrument(market) is not None


async def test_who_subscribes_again_after_the_settlement_gets_the_close_again() -> None:
    async with scene() as at:
        at.venue.exchange.settle_market(ETH.symbol.value, Decimal(2500))
        await until(lambda: at.watcher.closes, "the close")
        at.watcher.unsubscribe_instrument_close(ETH)
        await until(lambda: not at.node.data.subscribed_instrument_close(), "nobody subscribes")
        at.watcher.subscribe_instrument_close(ETH)
        await until(lambda: len(at.watcher.closes) == 2, "the close for who comes late")
        first, second = at.watcher.closes
        assert second.close_price == first.close_price


async def test_a_market_that_is_delisted_is_told_and_its_instrument_stays() -> None:
    async with scene() as at:
        at.venue.exchange.delete_market(ETH.symbol.value)
        await until(
            lambda: at.watcher.actions[-1] == MarketStatusAction.NOT_AVAILABLE_FOR_TRADING,
            "the status",
        )
        assert at.watcher.statuses[-1].reason == "deleted"
        assert at.node.cache.instrument(ETH) is not None


async def test_an_rfq_only_market_is_not_available_for_trading() -> None:
    async with scene() as at:
        at.venue.exchange.update_market(ETH.symbol.value, trading_mode="RFQ_ONLY")
        await until(
            lambda: at.watcher.actions[-1] == MarketStatusAction.NOT_AVAILABLE_FOR_TRADING,
            "the status",
        )
        assert at.watcher.statuses[-1].reason == "RFQ_ONLY"


async def test_status_follows_after_a_disconnect_of_the_client() -> None:
    async with scene() as at:
        client = at.node.data
        client.disconnect()
        await until(lambda: not client.is_connected, "it is disconnected")
        at.venue.exchange.update_market(ETH.symbol.value, price_tick_size=Decimal("0.5"))
        at.venue.set_system_state("cancel_only")
        client.connect()
        await until(lambda: client.is_connected, "it is connected again")
        await until(lambda: at.watcher.actions[-1] == MarketStatusAction.PAUSE, "the state")
        await until(
            lambda: str(at.node.cache.instrument(ETH).price_increment) == "0.5",
            "the instrument that changed meanwhile",
        )
