"""What the framework has no type for reaches a strategy in a real node (rule S8)."""

from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.data import DataType
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex import PARADEX_CLIENT_ID
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.types import ParadexFundingComparison
from nautilus_paradex.types import ParadexFundingData
from nautilus_paradex.types import ParadexMarketStatistics
from nautilus_paradex.types import ParadexPublicTrade
from nautilus_paradex.types import ParadexSettlementPrice
from nautilus_paradex.types import ParadexStreamHealth
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until


OPTION = InstrumentId.from_str("BTC-USD-27NOV26-70000-C.PARADEX")


class Reader(Actor):
    """Subscribes to what it is told and keeps what it gets."""

    def __init__(self, *types: DataType, **params: Any) -> None:
        super().__init__(ActorConfig())
        self.types, self.params = types, params
        self.got: list[Any] = []
        self.answers: list[Any] = []

    def on_start(self) -> None:
        for data_type in self.types:
            self.subscribe_data(data_type, client_id=PARADEX_CLIENT_ID, params=self.params or None)

    def on_data(self, data: Any) -> None:
        self.got.append(data)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.got.append(tick)

    def on_order_book_depth(self, depth: OrderBookDepth10) -> None:
        self.got.append(depth)

    def on_historical_data(self, data: Any) -> None:
        self.answers += data if isinstance(data, list) else [data]

    def of(self, kind: type) -> list[Any]:
        """Return what came of one type."""
        return [item for item in self.got if isinstance(item, kind)]

    def leave(self) -> None:
        """Unsubscribe everything."""
        for data_type in self.types:
            self.unsubscribe_data(data_type, client_id=PARADEX_CLIENT_ID)


def followed(venue: LocalParadex) -> list[set[str]]:
    """Return the channels of each market data socket at the venue, the longest list first."""
    sockets = [
        set(session.subscriptions) for session in venue._server.sessions if not session.account
    ]
    return sorted(sockets, key=len, reverse=True)


@pytest.mark.parametrize("sbe_max_version", [2, 0, None])
async def test_custom_data_of_every_type_arrives_and_is_left_at_the_venue(
    sbe_max_version: int | None,
) -> None:
    reader = Reader(
        ParadexMarketStatistics.data_type_of(ETH),
        ParadexMarketStatistics.data_type_of(OPTION),
        ParadexFundingData.data_type_of(ETH),
        ParadexFundingComparison.data_type_of(),
        ParadexPublicTrade.data_type_of(ETH),
        ParadexStreamHealth.data_type_of(),
    )
    config = SimulatorConfig(sbe_max_version=sbe_max_version)
    async with (
        LocalParadex(seed=3, config=config, driven=[ETH.symbol.value]) as venue,
        running_node(venue, actors=[reader], instruments=[ETH, BTC, OPTION]) as node,
    ):
        kinds = {data_type.type for data_type in reader.types}
        await until(
            lambda: {type(item) for item in reader.got} == kinds,
            lambda: f"still missing: {kinds - {type(item) for item in reader.got}}",
        )
        statistics = {item.instrument_id: item for item in reader.of(ParadexMarketStatistics)}
        await until(
            lambda: {s.instrument_id for s in reader.of(ParadexMarketStatistics)} == {ETH, OPTION},
            "statistics of both",
        )
        statistics = {item.instrument_id: item for item in reader.of(ParadexMarketStatistics)}
        assert statistics[ETH].mark_price > 0
        assert 0 < statistics[OPTION].delta < 1
        prints = reader.of(ParadexPublicTrade)
        assert {item.trade_type for item in prints} <= {"FILL", "RPI"}
        assert all(isinstance(item.price, Decimal) for item in prints)
        health = reader.of(ParadexStreamHealth)[-1]
        assert health.connected
        assert health.schema_version == sbe_max_version
        assert health.gaps == 0
        assert health.subscriptions >= health.confirmed > 0
        assert node.data.stream_statuses()[0].epoch == 1

        reader.leave()
        await until(
            lambda: followed(venue) == [{"markets"}],
            lambda: f"still subscribed at the venue: {followed(venue)}",
        )


async def test_s8_a_strategy_sees_that_a_socket_is_lost_and_back() -> None:
    reader = Reader(ParadexStreamHealth.data_type_of())
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[reader], may_fail=True),
    ):
        await until(lambda: reader.got and reader.got[-1].healthy, "it is healthy")
        await venue.drop_connections()
        await until(lambda: reader.got[-1].epoch == 2 and reader.got[-1].healthy, "it is back")
        states = [(item.connected, item.healthy) for item in reader.got]
        assert (False, False) in states
        assert reader.got[-1].reconnects == 1


async def test_s8_the_private_stream_tells_its_health_too() -> None:
    reader = Reader(ParadexStreamHealth.data_type_of())
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        async with running_node(venue, actors=[reader], account=account, may_fail=True) as node:
            await until(lambda: reader.got, "health of the data client")
            await venue.drop_connections()
            await until(
                lambda: (
                    {item.stream for item in reader.got if item.healthy and item.epoch == 2}
                    == {"PARADEX market data", "PARADEX account"}
                ),
                lambda: f"seen: {[(item.stream, item.epoch, item.healthy) for item in reader.got]}",
            )
            assert node.execution.stream_status().epoch == 2


async def test_prints_off_the_book_are_custom_data_and_no_trade_ticks() -> None:
    class Both(Reader):
        ticks: list[Any]

        def on_start(self) -> None:
            super().on_start()
            self.ticks = []
            self.subscribe_trade_ticks(ETH)

        def on_trade_tick(self, tick: Any) -> None:
            self.ticks.append(tick)

    reader = Both(ParadexPublicTrade.data_type_of(ETH))
    async with LocalParadex(market=False) as venue:
        maker = Trader(venue)
        taker = Trader(venue, venue.create_account(public_key="0xbeef"))
        async with running_node(venue, actors=[reader]):
            await until(lambda: followed(venue)[0] >= {f"trades.{ETH.symbol}"}, "subscribed")
            venue.exchange.block_trade(
                ETH.symbol.value,
                buyer=maker.account,
                seller=taker.account,
                price=Decimal(2400),
                size=Decimal(1),
            )
            maker.place("SELL", "0.5", "2510.00")
            taker.place("BUY", "0.2", "2510.00", "IOC")
            await until(lambda: reader.ticks, "the trade on the book")
            await until(lambda: len(reader.got) >= 2, "both prints")
        assert [tick.price.as_decimal() for tick in reader.ticks] == [Decimal(2510)]
        assert {item.trade_type for item in reader.got} == {"BLOCK_TRADE", "FILL"}


async def test_rpi_liquidity_and_a_second_book_have_sockets_of_their_own() -> None:
    class Wide(Reader):
        def on_start(self) -> None:
            self.subscribe_order_book_deltas(ETH)
            self.subscribe_order_book_depth(ETH, params={"refresh_ms": 50})
            self.subscribe_quote_ticks(ETH, params={"interactive": True})
            self.subscribe_quote_ticks(BTC)

        def leave(self) -> None:
            self.unsubscribe_order_book_depth(ETH)
            self.unsubscribe_quote_ticks(ETH)

    reader = Wide()
    eth, btc = ETH.symbol.value, BTC.symbol.value
    async with (
        LocalParadex(seed=5, driven=[eth, btc]) as venue,
        running_node(venue, actors=[reader], instruments=[ETH, BTC]) as node,
    ):
        await until(
            lambda: (
                followed(venue)
                == [
                    {"markets", f"order_book.{eth}.deltas", f"bbo.{btc}"},
                    {f"order_book.{eth}.snapshot@15@50ms"},
                    {f"bbo.{eth}.interactive"},
                ]
                or followed(venue)
                == [
                    {"markets", f"order_book.{eth}.deltas", f"bbo.{btc}"},
                    {f"bbo.{eth}.interactive"},
                    {f"order_book.{eth}.snapshot@15@50ms"},
                ]
            ),
            lambda: f"sockets: {followed(venue)}",
        )
        await until(lambda: len(reader.of(OrderBookDepth10)) > 2, "depth")
        await until(
            lambda: {quote.instrument_id for quote in reader.of(QuoteTick)} == {ETH, BTC}, "quotes"
        )
        depth = reader.of(OrderBookDepth10)[-1]
        assert depth.bids[0].price < depth.asks[0].price
        assert len(node.data.stream_statuses()) == 3

        reader.leave()
        await until(lambda: len(followed(venue)) == 1, "the other sockets are closed (trap 9)")
        await venue.drop_connections()
        await until(lambda: node.data.stream_status().epoch == 2, "the first socket is back")
        await until(
            lambda: followed(venue) == [{"markets", f"order_book.{eth}.deltas", f"bbo.{btc}"}],
            lambda: f"sockets: {followed(venue)}",
        )
        assert len(node.data.stream_statuses()) == 1


async def test_a_settlement_can_be_asked_for() -> None:
    reader = Reader()
    async with LocalParadex(market=False) as venue:
        async with running_node(
            venue, actors=[reader], instruments=[ETH, OPTION], may_fail=True
        ) as node:
            venue.exchange.settle_market(OPTION.symbol.value)
            reader.request_data(
                ParadexSettlementPrice.data_type_of(OPTION),
                client_id=PARADEX_CLIENT_ID,
                start=reader.clock.utc_now(),
            )
            await until(lambda: reader.answers, "an answer")
            assert node.is_started
        (answer,) = reader.answers
        value = getattr(answer, "data", answer)
        assert value.settlement_price >= 0
