"""The framework's DataTester on a node: live data, requests, the managed book, and the end."""

from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.config import ActorConfig
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import BookAction
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.test_kit.strategies.tester_data import DataTester
from nautilus_trader.test_kit.strategies.tester_data import DataTesterConfig

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until


MARKET = ETH.symbol.value
AGGRESSORS = {model.Side.BUY: "BUYER", model.Side.SELL: "SELLER"}


class RecordingDataTester(DataTester):
    """The framework's tester, which also keeps what it got."""

    def __init__(self, **config: Any) -> None:
        settings = {"instrument_ids": [ETH], "log_data": False} | config
        super().__init__(DataTesterConfig(**settings))
        self.quotes: list[QuoteTick] = []
        self.trades: list[TradeTick] = []
        self.deltas: list[OrderBookDeltas] = []
        self.instruments: list[Instrument] = []
        self.historical: list[Any] = []

    @property
    def own_book(self) -> OrderBook:
        return self._books[ETH]

    def on_quote_tick(self, quote: QuoteTick) -> None:
        super().on_quote_tick(quote)
        self.quotes.append(quote)

    def on_trade_tick(self, trade: TradeTick) -> None:
        super().on_trade_tick(trade)
        self.trades.append(trade)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        super().on_order_book_deltas(deltas)
        self.deltas.append(deltas)

    def on_instrument(self, instrument: Instrument) -> None:
        super().on_instrument(instrument)
        self.instruments.append(instrument)

    def on_historical_data(self, data: Any) -> None:
        super().on_historical_data(data)
        self.historical.append(data)


class BookReader(Actor):
    """An actor that asks for a managed book when it is told to."""

    def __init__(self) -> None:
        super().__init__(ActorConfig())
        self.deltas: list[OrderBookDeltas] = []

    def join(self) -> None:
        """Subscribe the managed book."""
        self.subscribe_order_book_deltas(ETH, book_type=BookType.L2_MBP)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        self.deltas.append(deltas)


def levels(book: OrderBook) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    """Return a framework book as {price: size} of bids and asks."""
    bids, asks = (
        {level.price.as_decimal(): Decimal(str(level.size())) for level in side}
        for side in (book.bids(), book.asks())
    )
    return bids, asks


def venue_levels(venue: LocalParadex) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    """Return the venue's book as {price: size} of bids and asks."""
    book = venue.exchange.queries.book(MARKET, depth=None)
    return dict(book.bids), dict(book.asks)


def followed(venue: LocalParadex) -> set[str]:
    """Return the channels that somebody is subscribed to at the venue."""
    return {name for session in venue._server.sessions for name in session.subscriptions}


def printed_row(trade: model.Trade) -> tuple[object, ...]:
    """Return what a trade of the venue is known by."""
    return trade.price, trade.size, AGGRESSORS[trade.side], trade.created_us // 1_000


def tick_row(trade: TradeTick) -> tuple[object, ...]:
    """Return the same of a trade that the node got."""
    return (
        trade.price.as_decimal(),
        trade.size.as_decimal(),
        trade.aggressor_side.name,
        trade.ts_event // 1_000_000,
    )


@pytest.mark.parametrize("sbe_max_version", [2, 1, 0, None])
async def test_data_tester_gets_all_live_data_in_every_encoding(
    sbe_max_version: int | None,
) -> None:
    """S1: TC-D01, D10, D14, D20, D30 and D70 for SBE versions 2, 1, 0 and JSON."""
    config = SimulatorConfig(sbe_max_version=sbe_max_version)
    tester = RecordingDataTester(
        request_instruments=True,
        subscribe_quotes=True,
        subscribe_trades=True,
        subscribe_book_deltas=True,
        manage_book=True,
    )
    async with (
        LocalParadex(seed=3, config=config, driven=[MARKET]) as venue,
        running_node(venue, actors=[tester]) as node,
    ):
        await until(
            lambda: tester.quotes and tester.trades and len(tester.deltas) > 3,
            "quotes, trades and deltas",
        )
        assert node.data.stream_status().sbe_version == sbe_max_version
        assert node.data.stream_status().healthy
        instrument = node.cache.instrument(ETH)
        assert tester.instruments
        assert tester.instruments[-1].id == ETH
        for quote in tester.quotes:
            assert quote.bid_price < quote.ask_price
            assert quote.bid_price.precision == instrument.price_precision
            assert quote.ask_size.precision == instrument.size_precision
        printed = venue.exchange.queries.trades(MARKET)
        assert {tick_row(trade) for trade in tester.trades} <= set(map(printed_row, printed))
        # Schema versions below 2 carry no trade id: one is made of what they say.
        if sbe_max_version in (2, None):
            ids = {trade.id for trade in printed}
            assert {trade.trade_id.value for trade in tester.trades} <= ids
        assert len({trade.trade_id for trade in tester.trades}) == len(tester.trades)

        venue.market.halt(MARKET)
        await until(lambda: levels(tester.own_book) == venue_levels(venue), "the tester's book")
        assert levels(node.cache.order_book(ETH)) == venue_levels(venue)

        tester.stop()
        await until(
            lambda: not {name for name in followed(venue) if MARKET in name},
            lambda: f"still subscribed at the venue: {followed(venue)}",
        )


async def test_book_rebuilds_exactly_from_snapshot_and_deltas() -> None:
    """S3: the managed book equals the venue's through inserts, updates and deletes."""
    tester = RecordingDataTester(subscribe_book_deltas=True, manage_book=True)
    async with LocalParadex(market=False) as venue:
        maker = Trader(venue)
        taker = Trader(venue, venue.create_account(public_key="0xbeef"))
        first = maker.place("BUY", "0.5", "2490.00")
        maker.place("SELL", "0.5", "2510.00")
        async with running_node(venue, actors=[tester]) as node:

            async def until_same() -> None:
                await until(
                    lambda: levels(node.cache.order_book(ETH)) == venue_levels(venue),
                    lambda: f"{levels(node.cache.order_book(ETH))} {venue_levels(venue)}",
                )
                assert levels(tester.own_book) == venue_levels(venue)

            await until(lambda: tester.deltas, "the snapshot")
            await until_same()
            snapshot = tester.deltas[0].deltas
            assert snapshot[0].action == BookAction.CLEAR
            assert all(delta.flags & RecordFlag.F_SNAPSHOT for delta in snapshot)
            assert [bool(delta.flags & RecordFlag.F_LAST) for delta in snapshot] == [
                False,
                False,
                True,
            ]
            maker.place("BUY", "0.25", "2490.00")
            maker.place("SELL", "1", "2511.00")
            await until_same()
            maker.cancel(first)
            await until_same()
            taker.place("SELL", "0.25", "2490.00")
            await until_same()
            assert tester.own_book.best_bid_price() is None


async def test_late_subscriber_of_a_managed_book_gets_a_snapshot() -> None:
    """E16: the framework gives it an empty book and tells nobody."""
    first = RecordingDataTester(subscribe_book_deltas=True, manage_book=True)
    late = BookReader()
    async with LocalParadex(market=False) as venue:
        maker = Trader(venue)
        maker.place("BUY", "0.5", "2490.00")
        maker.place("SELL", "0.5", "2510.00")
        async with running_node(venue, actors=[first, late]) as node:
            await until(lambda: levels(first.own_book) == venue_levels(venue), "the first book")
            late.join()
            # Nothing happens in the market: only a snapshot can fill the late one's book.
            await until(lambda: late.deltas, "a snapshot for the late subscriber")
            assert levels(node.cache.order_book(ETH)) == venue_levels(venue)
            assert late.deltas[0].deltas[0].action == BookAction.CLEAR
            maker.place("BUY", "0.1", "2495.00")
            await until(
                lambda: levels(node.cache.order_book(ETH)) == venue_levels(venue),
                "the book goes on",
            )
            assert levels(first.own_book) == venue_levels(venue)


async def test_requests_are_answered() -> None:
    """TC-D01, D13, D21, D31: every request has an answer (E16)."""
    tester = RecordingDataTester(
        request_instruments=True,
        request_book_snapshot=True,
        request_quotes=True,
        request_trades=True,
    )
    async with LocalParadex(market=False) as venue:
        maker = Trader(venue)
        taker = Trader(venue, venue.create_account(public_key="0xbeef"))
        maker.place("BUY", "0.5", "2490.00")
        maker.place("SELL", "0.5", "2510.00")
        taker.place("BUY", "0.1", "2510.00", "IOC")
        taker.place("BUY", "0.2", "2510.00", "IOC")
        async with running_node(venue, actors=[tester], instruments=[ETH, BTC]):
            await until(
                lambda: len(tester.historical) >= 3 and len(tester.instruments) >= 2,
                lambda: f"answers: {tester.historical} {tester.instruments}",
            )
        assert {instrument.id for instrument in tester.instruments} == {ETH, BTC}
        flat = [
            row
            for data in tester.historical
            for row in (data if isinstance(data, list) else [data])
        ]
        (book,) = [row for row in flat if isinstance(row, OrderBookDeltas)]
        assert [delta.order.price.as_decimal() for delta in book.deltas[1:]] == [
            Decimal("2490.00"),
            Decimal("2510.00"),
        ]
        (quote,) = [row for row in flat if isinstance(row, QuoteTick)]
        assert quote.bid_price.as_decimal() == Decimal("2490.00")
        trades = [row for row in flat if isinstance(row, TradeTick)]
        assert [trade.size.as_decimal() for trade in trades] == [Decimal("0.1"), Decimal("0.2")]
