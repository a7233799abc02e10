"""The framework's data testing spec, case by case, against the venue's own engine."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.data import Bar
from nautilus_trader.model.data import BarType
from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import IndexPriceUpdate
from nautilus_trader.model.data import InstrumentClose
from nautilus_trader.model.data import InstrumentStatus
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OptionGreeks
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import BookAction
from nautilus_trader.model.enums import InstrumentCloseType
from nautilus_trader.model.enums import MarketStatusAction
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex import PARADEX_CLIENT_ID
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.engine.markets import default_markets
from nautilus_paradex.simulator.engine.markets import option
from nautilus_paradex.simulator.paradex import wall_clock_us
from nautilus_paradex.types import ParadexFundingData
from nautilus_paradex.types import ParadexMarketStatistics
from nautilus_paradex.types import ParadexPublicTrade
from tests.acceptance import data_spec
from tests.acceptance.data_past import HOUR_US
from tests.acceptance.data_past import MINUTE_US
from tests.acceptance.data_past import Past
from tests.acceptance.data_past import candle
from tests.acceptance.data_past import candles
from tests.acceptance.data_recording import RecordingActor
from tests.acceptance.data_recording import RecordingTester
from tests.acceptance.data_recording import Truth
from tests.acceptance.data_recording import depth_levels
from tests.acceptance.data_recording import followed
from tests.acceptance.data_recording import levels
from tests.acceptance.data_recording import printed_row
from tests.acceptance.data_recording import tick_row
from tests.acceptance.data_recording import touch
from tests.acceptance.data_recording import venue_levels
from tests.acceptance.data_spec import proves
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until


ETH_MARKET, BTC_MARKET = ETH.symbol.value, BTC.symbol.value


def quote_ladder(maker: Trader, centre: int, count: int = 12) -> None:
    """Put a ladder on both sides, no size twice, and take some of it out again."""
    orders = []
    for step in range(1, count + 1):
        size = Decimal(step) / 100
        orders.append(maker.place("BUY", str(size), str(centre - step)))
        orders.append(maker.place("SELL", str(size + 1), str(centre + step)))
    maker.cancel(orders[4])
    maker.cancel(orders[9])


# -- INSTRUMENTS -----------------------------------------------------------------------------------


@proves("TC-D01", "TC-D02", "TC-D03")
async def test_instruments_are_the_venues_and_change_with_it() -> None:
    """E14: a change of the tick is a new instrument, and quotes after it have its precision."""
    tester = RecordingTester(
        request_instruments=True, subscribe_instrument=True, subscribe_quotes=True
    )
    actor = RecordingActor()
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[tester, actor], instruments=[ETH, BTC]) as node,
    ):
        listed = {spec.symbol: spec for spec in venue.exchange.queries.markets()}

        def check(instrument: Instrument) -> None:
            spec = listed[instrument.id.symbol.value]
            assert instrument.price_increment.as_decimal() == spec.price_tick_size
            assert instrument.size_increment.as_decimal() == spec.order_size_increment
            assert instrument.max_quantity.as_decimal() == spec.max_order_size
            # An option's is counted in the underlying's price: the framework has no such limit.
            if not spec.option_type:
                assert instrument.min_notional.as_decimal() == spec.min_notional

        await until(
            lambda: {its.id for its in tester.of(Instrument)} == {ETH, BTC}, "the request's answer"
        )
        assert not tester.has_pending_requests()
        for instrument in tester.of(Instrument):
            check(instrument)

        (unloaded,) = [
            InstrumentId.from_str(f"{spec.symbol}.PARADEX")
            for spec in listed.values()
            if spec.symbol.startswith("BTC-USD-") and spec.symbol.endswith("-70000-C")
        ]
        assert node.cache.instrument(unloaded) is None
        actor.request_instrument(unloaded)
        await until(lambda: node.cache.instrument(unloaded), "the instrument by its id")
        check(node.cache.instrument(unloaded))
        check(node.data.instrument_provider.find(unloaded))

        maker = Trader(venue)
        maker.place("BUY", "1", "2490.12")
        maker.place("SELL", "1", "2510.34")
        await until(lambda: tester.of(QuoteTick), "a quote by the old tick")
        assert str(tester.of(QuoteTick)[-1].bid_price) == "2490.12"
        before = len(tester.of(Instrument))
        listed[ETH_MARKET] = venue.exchange.update_market(
            ETH_MARKET, price_tick_size=Decimal("0.001")
        )
        await until(lambda: len(tester.of(Instrument)) > before, "the changed instrument")
        changed = tester.of(Instrument)[-1]
        assert changed.id == ETH
        assert changed.price_precision == 3
        check(changed)
        check(node.cache.instrument(ETH))
        maker.place("BUY", "1", "2490.125")
        await until(
            lambda: touch(tester.of(QuoteTick)[-1])[0] == Decimal("2490.125"), "a finer quote"
        )
        assert str(tester.of(QuoteTick)[-1].ask_price) == "2510.340"


# -- BOOKS, QUOTES, TRADES -------------------------------------------------------------------------


@proves("TC-D10", "TC-D11", "TC-D12", "TC-D14", "TC-D20", "TC-D30")
async def test_live_market_data_is_what_the_engine_did(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3: deltas, depth, quotes and trades of a moving market, each against its engine."""
    tester = RecordingTester(
        subscribe_book_deltas=True,
        manage_book=True,
        subscribe_book_depth=True,
        subscribe_quotes=True,
        subscribe_trades=True,
    )
    at_interval = RecordingTester(
        2,
        instrument_ids=[BTC],
        subscribe_book_at_interval=True,
        book_interval_ms=100,
        book_depth=10,
    )
    async with LocalParadex(seed=3, driven=[ETH_MARKET, BTC_MARKET]) as venue:
        truth = Truth(venue, monkeypatch)
        async with running_node(venue, actors=[tester, at_interval], instruments=[ETH, BTC]):
            await until(
                lambda: (
                    len(tester.of(OrderBookDeltas)) > 5
                    and len(tester.of(QuoteTick)) > 5
                    and len(tester.of(TradeTick)) > 2
                    and len(at_interval.books[BTC]) > 3
                    and len(tester.of(OrderBookDepth10)) > 3
                ),
                "data of every kind",
            )
            depth_channel = f"order_book.{ETH_MARKET}.snapshot@15@100ms"
            assert [depth_channel in socket for socket in followed(venue)] == [False, True]
            for market in (ETH_MARKET, BTC_MARKET):
                venue.market.halt(market)
            maker = Trader(venue)
            quote_ladder(maker, 2500)
            quote_ladder(Trader(venue, maker.account, BTC_MARKET), 68000)
            await until(
                lambda: levels(tester.own_book) == venue_levels(venue, ETH_MARKET),
                "the tester's own book",
            )
            await until(
                lambda: (
                    depth_levels(tester.of(OrderBookDepth10)[-1])
                    == venue_levels(venue, ETH_MARKET, 10)
                ),
                "the depth",
            )
            await until(
                lambda: at_interval.books[BTC][-1] == venue_levels(venue, BTC_MARKET),
                "the book at its interval",
            )
            assert [len(side) for side in levels(tester.own_book)] == [11, 11]

            trades = [tick_row(trade) for trade in tester.of(TradeTick)]
            printed = [printed_row(trade) for trade in venue.exchange.queries.trades(ETH_MARKET)]
            printed.reverse()
            assert trades == printed[printed.index(trades[0]) :]
    check_deltas(tester.of(OrderBookDeltas), truth.changes[ETH_MARKET])
    quotes = tester.of(QuoteTick)
    assert all(quote.bid_price < quote.ask_price for quote in quotes)
    whole = [each for each in truth.quotes[ETH_MARKET, False] if None not in each]
    assert [touch(quote) for quote in quotes] == whole[-len(quotes) :]
    for depth in tester.of(OrderBookDepth10):
        bids, asks = truth.books[ETH_MARKET, False, None, depth.sequence]
        assert depth_levels(depth) == (bids[:10], asks[:10])


def check_deltas(batches: list[OrderBookDeltas], changes: list[model.BookChanges]) -> None:
    """Check flags, and that after the snapshot each of the engine's changes came, and came once."""
    snapshot, *rest = batches
    assert snapshot.deltas[0].action == BookAction.CLEAR
    assert all(delta.flags & RecordFlag.F_SNAPSHOT for delta in snapshot.deltas)
    for batch in batches:
        lasts = [bool(delta.flags & RecordFlag.F_LAST) for delta in batch.deltas]
        assert lasts == [False] * (len(lasts) - 1) + [True]
    assert not any(delta.flags & RecordFlag.F_SNAPSHOT for batch in rest for delta in batch.deltas)
    got = [
        (
            batch.sequence,
            {
                (delta.order.side == OrderSide.BUY, delta.order.price.as_decimal()): (
                    Decimal(0)
                    if delta.action == BookAction.DELETE
                    else delta.order.size.as_decimal()
                )
                for delta in batch.deltas
            },
        )
        for batch in rest
    ]
    made = [
        (
            change.seq_no,
            {(True, price): size for price, size in change.bids}
            | {(False, price): size for price, size in change.asks},
        )
        for change in changes
        if change.seq_no > snapshot.sequence and (change.bids or change.asks)
    ]
    assert got == made[: len(got)]
    assert len(got) > 5


# -- HISTORIES -------------------------------------------------------------------------------------


@proves("TC-D13", "TC-D15", "TC-D21", "TC-D31", "TC-D41", "TC-D53")
async def test_requests_are_answered_with_what_the_engine_remembers() -> None:
    """E16: every request has an answer; what the venue has no history of is answered empty."""
    one, five = (BarType.from_str(f"{ETH}-{minutes}-MINUTE-LAST-EXTERNAL") for minutes in (1, 5))
    mark = BarType.from_str(f"{ETH}-1-MINUTE-MARK-EXTERNAL")
    tester = RecordingTester(
        bar_types=[one, five, mark],
        request_book_snapshot=True,
        request_quotes=True,
        request_trades=True,
        request_bars=True,
        request_funding_rates=True,
        book_depth=5,
    )
    without = RecordingTester(2, request_book_deltas=True)
    actor = RecordingActor()
    past = Past()
    quote_ladder(past.maker, 2500)
    async with (
        past.venue as venue,
        running_node(venue, actors=[tester, without, actor], may_fail=True) as node,
    ):
        await until(lambda: not tester.has_pending_requests(), "all answers")
        (snapshot,) = tester.answered(OrderBookDeltas)
        bids, asks = venue_levels(venue, ETH_MARKET, 5)
        assert [
            (delta.order.price.as_decimal(), delta.order.size.as_decimal())
            for delta in snapshot.deltas[1:]
        ] == [*bids, *asks]
        (quote,) = tester.answered(QuoteTick)
        assert touch(quote) == (*bids[0], *asks[0])

        printed = past.printed()
        assert len(printed) > 60
        assert [tick_row(trade) for trade in tester.answered(TradeTick)] == [
            printed_row(trade) for trade in printed
        ]
        bars = tester.answered(Bar)
        for bar_type, minutes in ((one, 1), (five, 5)):
            got = [candle(bar) for bar in bars if bar.bar_type == bar_type]
            assert got == candles(printed, minutes)
        closes = {bar.ts_event: bar.close.as_decimal() for bar in bars if bar.bar_type == mark}
        assert past.marks.items() <= closes.items()

        rates: dict[int, model.FundingData] = {}
        for row in reversed(venue.exchange.queries.funding_data(ETH_MARKET)):
            rates[row.created_us // (8 * HOUR_US)] = row
        assert len(rates) >= 20
        answered = tester.answered(FundingRateUpdate)
        assert [(row.rate, row.ts_event // 1_000_000) for row in answered[:-1]] == [
            # REST carries 8 places.
            (round(row.funding_rate, 8), row.created_us // 1_000)
            for row in list(rates.values())[:-1]
        ]
        assert {(row.interval, row.next_funding_ns) for row in answered} == {(480, None)}
        assert len({row.rate for row in answered}) > 15

        # What the venue keeps no history of.
        await until(lambda: not without.has_pending_requests(), "an answer without deltas")
        assert not without.answers
        assert "Paradex keeps no history of order books" in node.log()
        now = actor.clock.utc_now()
        actor.request_quote_ticks(ETH, start=now - timedelta(hours=2), end=now - timedelta(hours=1))
        await until(lambda: not actor.has_pending_requests(), "an answer without quotes")
        assert not actor.answers
        assert "Paradex keeps no history of quotes" in node.log()

        actor.request_order_book_depth(ETH, start=actor.clock.utc_now())
        await until(lambda: actor.answered(OrderBookDepth10), "a depth by request")
        assert depth_levels(actor.answered(OrderBookDepth10)[0]) == venue_levels(
            venue, ETH_MARKET, 10
        )


@proves("TC-D40", "TC-D71")
async def test_live_bars_are_made_of_the_engines_trades() -> None:
    """INTERNAL bars by the framework; EXTERNAL ones as soon as they have closed, each once."""
    external = BarType.from_str(f"{ETH}-1-MINUTE-LAST-EXTERNAL")
    internal = BarType.from_str(f"{ETH}-2-TICK-LAST-INTERNAL")
    of_index = BarType.from_str(f"{BTC}-1-MINUTE-LAST-EXTERNAL")
    tester = RecordingTester(bar_types=[external, internal], subscribe_bars=True)
    index_tester = RecordingTester(
        2,
        bar_types=[of_index],
        subscribe_bars=True,
        subscribe_params={"price_kind": "underlying"},
    )
    # The venue's minute ends some seconds after the node has started.
    past = Past(behind_us=(wall_clock_us() - 54_000_000) % MINUTE_US)
    async with (
        past.venue as venue,
        running_node(
            venue,
            actors=[tester, index_tester],
            instruments=[ETH, BTC],
            data={"bars_poll": True},
        ),
    ):
        await until(lambda: f"trades.{ETH_MARKET}" in followed(venue)[0], "trades are subscribed")
        before = len(past.printed())
        opened = past.now_us() // MINUTE_US
        for number in range(4):
            past.trade(str(2520 + number), f"0.{number + 1}")
            venue.exchange.set_prices(BTC_MARKET, underlying=Decimal(70_000 + number * number))
        minute = [trade for trade in past.printed() if trade.created_us // MINUTE_US == opened]
        await until(
            lambda: (
                any(bar.bar_type == external for bar in tester.of(Bar)) and index_tester.of(Bar)
            ),
            "the minute's bars",
            deadline_s=75.0,
        )
        (bar,) = [bar for bar in tester.of(Bar) if bar.bar_type == external]
        assert candle(bar) == candles(minute, 1)[0]
        (index,) = index_tester.of(Bar)
        assert index.ts_event == bar.ts_event
        assert (index.high.as_decimal(), index.close.as_decimal()) == (70_009, 70_009)
        made = [candle(bar)[1:] for bar in tester.of(Bar) if bar.bar_type == internal]
        live = past.printed()[before:]
        assert made == [candles(live[n : n + 2], 1)[0][1:] for n in (0, 2)]


@proves("TC-D40")
async def test_external_bars_are_refused_unless_they_are_to_be_polled() -> None:
    bar_type = BarType.from_str(f"{ETH}-1-MINUTE-LAST-EXTERNAL")
    tester = RecordingTester(bar_types=[bar_type], subscribe_bars=True)
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[tester], may_fail=True) as node,
    ):
        await until(lambda: "Paradex has no kline channel" in node.log(), "the refusal")
        assert "bars_poll=True" in node.log()


# -- DERIVATIVES AND OPTIONS -----------------------------------------------------------------------


@proves("TC-D50", "TC-D51", "TC-D52")
async def test_prices_and_funding_are_those_of_the_engines_summaries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """E15: mark, index and funding at full precision, and what has no framework type beside it."""
    tester = RecordingTester(
        subscribe_mark_prices=True, subscribe_index_prices=True, subscribe_funding_rates=True
    )
    actor = RecordingActor()
    config = SimulatorConfig(summary_interval_ms=100.0, funding_interval_ms=100.0)
    async with LocalParadex(seed=3, driven=[ETH_MARKET], config=config) as venue:
        truth = Truth(venue, monkeypatch)
        async with running_node(venue, actors=[tester, actor]):
            for kind in (ParadexMarketStatistics, ParadexFundingData, ParadexPublicTrade):
                actor.subscribe_data(kind.data_type_of(ETH), client_id=PARADEX_CLIENT_ID)
            await until(
                lambda: (
                    len({update.value for update in tester.of(MarkPriceUpdate)}) > 3
                    and len({update.value for update in tester.of(IndexPriceUpdate)}) > 3
                    and len({update.rate for update in tester.of(FundingRateUpdate)}) > 1
                    and len(actor.of(ParadexMarketStatistics)) > 3
                    and actor.of(ParadexFundingData)
                    and actor.of(ParadexPublicTrade)
                ),
                "moving prices and funding",
            )
            printed = {trade.id: trade for trade in venue.exchange.queries.trades(ETH_MARKET)}
    for mark in tester.of(MarkPriceUpdate):
        assert mark.value.as_decimal() == truth.summary(mark).mark_price
    for index in tester.of(IndexPriceUpdate):
        assert index.value.as_decimal() == truth.summary(index).underlying_price
    for funding in tester.of(FundingRateUpdate):
        assert funding.rate == truth.summary(funding).funding_rate
        assert (funding.interval, funding.next_funding_ns) == (480, None)
    for statistics in actor.of(ParadexMarketStatistics):
        summary = truth.summary(statistics)
        assert statistics.mark_price == summary.mark_price
        assert statistics.open_interest == summary.open_interest
        assert (statistics.bid, statistics.ask) == (summary.bid, summary.ask)
    for row in actor.of(ParadexPublicTrade):
        trade = printed[row.trade_id]
        assert (row.price, row.size, row.trade_type) == (trade.price, trade.size, trade.trade_type)


@proves("TC-D62", "TC-D63")
async def test_option_greeks_and_chains_are_the_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain finds its money, and has the quotes and greeks of every strike."""
    specs = [spec for spec in default_markets(wall_clock_us()) if spec.base_currency == "BTC"]
    dated = {spec.symbol: spec for spec in specs if spec.expiry_at}
    perpetual = next(spec.symbol for spec in specs if spec.option_type and not spec.expiry_at)
    listed = [InstrumentId.from_str(f"{spec.symbol}.PARADEX") for spec in specs]
    (expiry_ms,) = {spec.expiry_at for spec in dated.values()}
    series = nautilus_pyo3.OptionSeriesId("PARADEX", "BTC", "USDC", expiry_ms * 1_000_000)
    single, every, near = (RecordingActor(f"Actor-{n}") for n in (1, 2, 3))
    config = SimulatorConfig(summary_interval_ms=100.0)
    async with LocalParadex(seed=4, markets=specs, config=config) as venue:
        truth = Truth(venue, monkeypatch)
        async with running_node(venue, actors=[single, every, near], instruments=listed) as node:
            one, two = InstrumentId.from_str(f"{perpetual}.PARADEX"), listed[1]
            for instrument_id in (one, two):
                single.subscribe_option_greeks(instrument_id)
            await until(
                lambda: {g.instrument_id for g in single.of(OptionGreeks)} == {one, two},
                "greeks of a dated and of a perpetual option",
            )
            for greeks in single.of(OptionGreeks):
                check_greeks(greeks, truth.summary(greeks))

            every.subscribe_option_chain(series, snapshot_interval_ms=100)
            await quoted_anew(venue, dated)
            await until(lambda: is_whole(every, dated), "a slice with quotes and greeks of all")
            chain = every.live[-1]
            assert str(chain.series_id) == str(series)
            for spec in dated.values():
                quote, greeks = strike_of(chain, spec)
                bid_ask = tuple(
                    value.as_decimal()
                    for value in (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size)
                )
                assert bid_ask in truth.quotes[spec.symbol, False]
                check_greeks(greeks, truth.summary(greeks))
            every.unsubscribe_option_chain(series)
            for instrument_id in (one, two):
                single.unsubscribe_option_greeks(instrument_id)
            await until(lambda: followed(venue) == [{"markets"}], lambda: f"{followed(venue)}")

            # Only what is at the money: one strike, whose call and put are both listed.
            near.subscribe_option_chain(
                series, nautilus_pyo3.StrikeRange.atm_relative(0, 0), snapshot_interval_ms=100
            )
            at_the_money = [name for name, spec in dated.items() if spec.strike_price == 68000]
            await quoted_anew(venue, at_the_money)
            await until(lambda: near.live and near.live[-1].call_count(), "a slice of one strike")
            assert [str(strike) for strike in near.live[-1].strikes()] == ["68000.00"]
            assert str(near.live[-1].atm_strike) == "68000.00"
            assert "instant bootstrap" in node.log()


async def quoted_anew(venue: LocalParadex, symbols: Iterable[str]) -> None:
    """
    Wait until quotes are subscribed to, and let the makers quote again.

    Options are quoted anew every few seconds only, and a subscription brings no first quote.
    """
    await until(lambda: {f"bbo.{symbol}" for symbol in symbols} <= followed(venue)[0], "quotes")
    for symbol in symbols:
        venue.market.halt(symbol)
        venue.market.drive(symbol)


def strike_of(chain: Any, spec: model.MarketSpec) -> tuple[Any, Any]:
    """Return an option's quote and greeks in a slice."""
    strikes = {Decimal(str(strike)): strike for strike in chain.strikes()}
    strike = strikes.get(spec.strike_price)
    if strike is None:
        return None, None
    if spec.option_type == "CALL":
        return chain.get_call_quote(strike), chain.get_call_greeks(strike)
    return chain.get_put_quote(strike), chain.get_put_greeks(strike)


def is_whole(actor: RecordingActor, dated: dict[str, model.MarketSpec]) -> bool:
    """If the last slice has the quotes and greeks of all options."""
    return bool(actor.live) and all(
        part is not None for spec in dated.values() for part in strike_of(actor.live[-1], spec)
    )


def check_greeks(greeks: Any, summary: model.MarketSummary) -> None:
    """Compare greeks with those of the summary that they were made of."""
    for name in ("delta", "gamma", "vega", "theta", "rho"):
        assert getattr(greeks, name) == float(getattr(summary.greeks, name))
    for name in ("mark_iv", "bid_iv", "ask_iv", "underlying_price", "open_interest"):
        value = getattr(summary, name)
        assert getattr(greeks, name) == (None if value is None else float(value))


# -- STATUS AND CLOSE ------------------------------------------------------------------------------


@proves("TC-D60")
async def test_status_follows_the_exchange_and_the_market() -> None:
    """E14: the exchange's state is that of every open market; a closed one has its own."""
    tia, avax = (InstrumentId.from_str(f"{base}-USD-PERP.PARADEX") for base in ("TIA", "AVAX"))
    ids = [ETH, BTC, tia, avax]
    tester = RecordingTester(instrument_ids=ids, subscribe_instrument_status=True)

    def told(instrument_id: InstrumentId) -> list[tuple[MarketStatusAction, bool | None]]:
        return [
            (status.action, status.is_trading)
            for status in tester.of(InstrumentStatus, instrument_id)
        ]

    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[tester], instruments=ids, may_fail=True),
    ):
        await until(lambda: all(map(told, ids)), "the states of now")
        assert told(ETH) == [(MarketStatusAction.TRADING, True)]
        assert told(tia) == [(MarketStatusAction.PRE_OPEN, False)]
        assert told(avax) == [(MarketStatusAction.NOT_AVAILABLE_FOR_TRADING, False)]
        for state, expected in (
            ("maintenance", (MarketStatusAction.HALT, False)),
            ("post_only", (MarketStatusAction.QUOTING, False)),
            ("ok", (MarketStatusAction.TRADING, True)),
        ):
            venue.set_system_state(state)
            await until(
                lambda expected=expected: told(ETH)[-1] == told(BTC)[-1] == expected,
                lambda state=state: f"{state}: {told(ETH)}",
            )
        assert len(told(tia)) == len(told(avax)) == 1
        venue.exchange.delete_market(BTC_MARKET)
        await until(
            lambda: told(BTC)[-1] == (MarketStatusAction.NOT_AVAILABLE_FOR_TRADING, False),
            "the market is gone",
        )
        assert told(ETH)[-1] == (MarketStatusAction.TRADING, True)


@proves("TC-D61")
async def test_expiry_and_settlement_close_instruments_at_the_engines_price() -> None:
    """E14: one option expires by itself, one market is settled by the venue."""
    expiry_ms = wall_clock_us() // 1_000 + 4_000
    specs = [
        *default_markets(wall_clock_us()),
        option("BTC", "67000", "CALL", expiry_ms=expiry_ms, tick="0.01", lot="0.001"),
    ]
    expiring, settled = (
        InstrumentId.from_str(f"{symbol}.PARADEX") for symbol in (specs[-1].symbol, "ETH-USD-PERP")
    )
    tester = RecordingTester(
        instrument_ids=[expiring, settled],
        subscribe_instrument_close=True,
        subscribe_instrument_status=True,
    )
    async with (
        LocalParadex(market=False, markets=specs) as venue,
        running_node(venue, actors=[tester], instruments=[expiring, settled], may_fail=True),
    ):
        venue.exchange.settle_market(settled.symbol.value, Decimal("2450.125"))
        await until(lambda: len(tester.of(InstrumentClose)) == 2, "both closes")
        closes = {close.instrument_id: close for close in tester.of(InstrumentClose)}
        for instrument_id in (expiring, settled):
            price = venue.exchange.queries.settlement_price(instrument_id.symbol.value)
            close = closes[instrument_id]
            assert close.close_price.as_decimal() == price.settlement_price
            assert close.close_type == InstrumentCloseType.CONTRACT_EXPIRED
            assert tester.of(InstrumentStatus, instrument_id)[-1].action == MarketStatusAction.CLOSE
        assert closes[settled].close_price.as_decimal() == Decimal("2450.125")
        assert closes[expiring].ts_event == expiry_ms * 1_000_000
        assert closes[expiring].close_price.as_decimal() > 0


# -- LIFE ------------------------------------------------------------------------------------------


@proves("TC-D70")
async def test_stop_unsubscribes_at_the_venue_and_nothing_comes_back() -> None:
    """S4: of all that was subscribed to only `markets` is left, also on a new connection."""
    tester = RecordingTester(
        bar_types=[BarType.from_str(f"{ETH}-2-TICK-LAST-INTERNAL")],
        **{
            f"subscribe_{what}": True
            for what in (
                "bars",
                "book_deltas",
                "book_depth",
                "book_at_interval",
                "quotes",
                "trades",
                "mark_prices",
                "index_prices",
                "funding_rates",
                "instrument",
                "instrument_status",
                "instrument_close",
            )
        },
        book_interval_ms=100,
    )
    published: list[Any] = []
    wanted = {
        "markets",
        "markets_summary",
        f"bbo.{ETH_MARKET}",
        f"trades.{ETH_MARKET}",
        f"order_book.{ETH_MARKET}.deltas",
        f"order_book.{ETH_MARKET}.snapshot@15@100ms",
    }
    async with (
        LocalParadex(seed=3, driven=[ETH_MARKET]) as venue,
        running_node(venue, actors=[tester]) as node,
    ):
        await until(
            lambda: set().union(*followed(venue)) == wanted, lambda: f"followed: {followed(venue)}"
        )
        await until(
            lambda: tester.of(QuoteTick) and tester.of(MarkPriceUpdate) and tester.of(Bar), "data"
        )
        tester.stop()
        await until(
            lambda: followed(venue) == [{"markets"}], lambda: f"still followed: {followed(venue)}"
        )
        node.node.kernel.msgbus.subscribe("data.*", published.append)
        received = len(tester.live)
        await venue.drop_connections()
        await until(lambda: node.data.stream_status().epoch == 2, "a new connection")
        await until(lambda: followed(venue) == [{"markets"}], lambda: f"{followed(venue)}")
        trades = len(venue.exchange.queries.trades(ETH_MARKET))
        await until(
            lambda: len(venue.exchange.queries.trades(ETH_MARKET)) > trades + 2, "the market trades"
        )
        # What comes after the trades on the same socket has come.
        venue.exchange.update_market(ETH_MARKET, price_tick_size=Decimal("0.1"))
        await until(lambda: published, "the changed instrument")
        assert {item.id for item in published} == {ETH}
        assert len(tester.live) == received


@proves("TC-D71")
async def test_subscribe_params_choose_channel_rate_and_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S1: what a frame cannot be told apart by has a socket of its own."""
    quotes = RecordingTester(subscribe_quotes=True, subscribe_params={"interactive": True})
    stepped = RecordingTester(
        2, subscribe_book_depth=True, subscribe_params={"price_tick": "0.5", "refresh_ms": 50}
    )
    retail = RecordingTester(
        3,
        instrument_ids=[BTC],
        subscribe_book_depth=True,
        subscribe_params={"interactive": True, "refresh_ms": 200},
    )
    plain = RecordingTester(4, instrument_ids=[BTC], subscribe_book_deltas=True)
    async with LocalParadex(seed=3, driven=[ETH_MARKET, BTC_MARKET]) as venue:
        truth = Truth(venue, monkeypatch)
        async with running_node(
            venue, actors=[quotes, stepped, retail, plain], instruments=[ETH, BTC]
        ):
            await until(
                lambda: (
                    len({touch(quote) for quote in quotes.of(QuoteTick)}) > 5
                    and len(stepped.of(OrderBookDepth10)) > 5
                    and len(retail.of(OrderBookDepth10)) > 3
                    and plain.of(OrderBookDeltas)
                ),
                "data of all four",
            )
            sockets = followed(venue)
            assert set().union(*sockets) == {
                "markets",
                f"bbo.{ETH_MARKET}.interactive",
                f"order_book.{ETH_MARKET}.snapshot@15@50ms@0_5",
                f"order_book.{BTC_MARKET}.interactive@15@200ms",
                f"order_book.{BTC_MARKET}.deltas",
            }
            assert len(sockets) == 2
    touches = {touch(quote) for quote in quotes.of(QuoteTick)}
    assert touches <= set(truth.quotes[ETH_MARKET, True])
    assert touches - set(truth.quotes[ETH_MARKET, False])
    for tester, market, interactive, tick in (
        (stepped, ETH_MARKET, False, Decimal("0.5")),
        (retail, BTC_MARKET, True, None),
    ):
        for depth in tester.of(OrderBookDepth10):
            bids, asks = truth.books[market, interactive, tick, depth.sequence]
            assert depth_levels(depth) == (bids[:10], asks[:10])


@proves("TC-D72")
async def test_request_params_choose_what_is_answered() -> None:
    """E16: options of requests are in effect."""
    bar_type = BarType.from_str(f"{ETH}-5-MINUTE-LAST-EXTERNAL")
    retail = RecordingTester(
        request_quotes=True, request_book_snapshot=True, request_params={"interactive": True}
    )
    blocks = RecordingTester(
        2, request_trades=True, request_params={"trade_types": ["BLOCK_TRADE"]}
    )
    index = RecordingTester(
        3,
        bar_types=[bar_type],
        request_bars=True,
        request_params={"price_kind": "underlying", "include_open": True},
    )
    actor = RecordingActor()
    past = Past()
    quote_ladder(past.maker, 2500)
    past.maker.place("BUY", "0.7", "2499.5", "RPI")
    venue = past.venue
    venue.exchange.block_trade(
        ETH_MARKET, past.maker.account, past.taker.account, Decimal("0.5"), Decimal(2400)
    )
    priced_us = past.now_us()
    venue.exchange.set_prices(ETH_MARKET, underlying=Decimal("2499.5"))
    async with venue, running_node(venue, actors=[retail, blocks, index, actor]):
        start = actor.clock.utc_now() - timedelta(hours=20)
        actor.request_funding_rates(ETH, start=start, params={"thin": False})
        await until(
            lambda: not any(a.has_pending_requests() for a in (retail, blocks, index, actor)),
            "all answers",
        )
        (quote,) = retail.answered(QuoteTick)
        assert quote.bid_price.as_decimal() == Decimal("2499.5")
        (book,) = retail.answered(OrderBookDeltas)
        assert book.deltas[1].order.price.as_decimal() == Decimal("2499.5")
        assert venue_levels(venue, ETH_MARKET)[0][0][0] == 2499

        assert [
            (t.price.as_decimal(), t.size.as_decimal()) for t in blocks.answered(TradeTick)
        ] == [(Decimal(2400), Decimal("0.5"))]
        bars = index.answered(Bar)
        assert bars[-1].close.as_decimal() == Decimal("2499.5")
        # The bar of now is not closed yet: its time is to come.
        assert bars[-1].ts_event == (priced_us // (5 * MINUTE_US) + 1) * 5 * MINUTE_US * 1_000
        asked_us = actor.clock.timestamp_ns() // 1_000
        rows = [
            row.created_us // 1_000
            for row in reversed(venue.exchange.queries.funding_data(ETH_MARKET))
            if start.timestamp() * 1e6 <= row.created_us <= asked_us
        ]
        assert len(rows) > 30
        assert [rate.ts_event // 1_000_000 for rate in actor.answered(FundingRateUpdate)] == rows


# -- THE TABLE -------------------------------------------------------------------------------------


def test_every_case_is_proved() -> None:
    assert not [case_id for case_id, proofs in data_spec.PROOFS.items() if not proofs]


def test_the_committed_table_is_what_the_cases_come_to() -> None:
    """`make docs-acceptance` writes it from a run; here each of these tests counts as passed."""
    passed = {name: True for names in data_spec.PROOFS.values() for name in names}
    assert data_spec.DOCUMENT.read_text() == data_spec.document(passed)
