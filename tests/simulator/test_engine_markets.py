"""Listings, settlement, trades outside the book and what can be asked (PROTOCOL 4, 9)."""

from collections.abc import Iterator

import pytest

from nautilus_paradex.simulator.engine.markets import default_markets
from nautilus_paradex.simulator.engine.markets import next_expiry_ms
from nautilus_paradex.simulator.engine.markets import symbol_date
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import FillMade
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import MarketChanged
from nautilus_paradex.simulator.engine.model import MarketEventType
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import PriceKind
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import TradeBusted
from nautilus_paradex.simulator.engine.model import TradePrinted
from nautilus_paradex.simulator.engine.model import TradingMode
from tests.simulator.engine_desk import ALICE
from tests.simulator.engine_desk import BOB
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import CAROL
from tests.simulator.engine_desk import T0_US
from tests.simulator.engine_desk import Desk
from tests.simulator.engine_desk import d


CALL = "BTC-USD-27NOV26-68000-C"
PUT = "BTC-USD-27NOV26-66000-P"
EXPIRY_US = 1_795_766_400_000_000


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.exchange.check_invariants()


# -- LISTINGS -----------------------------------------------------------------------------------


def test_the_default_markets_are_of_every_kind() -> None:
    specs = {spec.symbol: spec for spec in default_markets(T0_US)}
    assert {spec.asset_kind for spec in specs.values()} == set(AssetKind)
    assert specs["kPEPE-USD-PERP"].order_size_increment == 100
    assert specs["US500-USD-PERP"].price_tick_size == d("0.5")
    assert specs["JP225-USD-PERP"].price_tick_size == 5
    assert specs["AVAX-USD-PERP"].trading_mode is TradingMode.RFQ_ONLY
    assert specs["TIA-USD-PERP"].open_at * 1000 > T0_US
    assert specs[CALL].expiry_at == 1_795_766_400_000
    assert specs["BTC-USD-72000-C"].asset_kind is AssetKind.PERP_OPTION


@pytest.mark.parametrize("hours", range(0, 24 * 14, 7))
def test_options_expire_on_a_friday_at_8_at_least_two_days_away(hours: int) -> None:
    now_us = T0_US + hours * 3_600_000_000
    expiry = next_expiry_ms(now_us)
    # 1 January 1970 was a Thursday.
    assert (expiry // 3_600_000) % (24 * 7) == 24 + 8
    assert 2 * 86_400_000 <= expiry - now_us // 1000 < 9 * 86_400_000
    assert len(symbol_date(expiry)) == 7


def test_a_listing_is_announced_and_can_be_changed(desk: Desk) -> None:
    spec = desk.exchange.queries.market("SOL-USD-PERP")
    desk.exchange.delete_market("SOL-USD-PERP")
    desk.exchange.add_market(spec)
    order = desk.place(ALICE, "BUY", "0.1", "59990.1")
    desk.exchange.update_market(BTC, price_tick_size=d("0.5"))
    events = [e.event for e in desk.announced(MarketChanged)]
    assert [event.event_type for event in events] == [
        MarketEventType.DELETED,
        MarketEventType.CREATED,
        MarketEventType.UPDATED,
    ]
    assert events[1].changed_fields["symbol"] == "SOL-USD-PERP"
    assert events[2].changed_fields == {"price_tick_size": d("0.5")}
    assert desk.order(order).status is OrderStatus.OPEN, "old orders keep the old tick"
    with pytest.raises(Refusal, match=r"multiple of 0\.5"):
        desk.place(ALICE, "BUY", "0.1", "59990.1")
    assert desk.exchange.queries.market_history(BTC) == [events[2]]


def test_listings_that_cannot_be_are_refused(desk: Desk) -> None:
    spec = desk.exchange.queries.market(BTC)
    with pytest.raises(Refusal, match="NOT_UNIQUE"):
        desk.exchange.add_market(spec)
    for changes in (
        {},
        {"symbol": "X"},
        {"no_such_field": 1},
        {"price_tick_size": d(0)},
        {"price_tick_size": d("0.0001")},
    ):
        with pytest.raises(Refusal, match="VALIDATION_ERROR"):
            desk.exchange.update_market(BTC, **changes)
    assert desk.exchange.queries.market(BTC) == spec


def test_a_market_with_positions_is_not_deleted(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    with pytest.raises(Refusal, match="open positions"):
        desk.exchange.delete_market(BTC)


# -- SETTLEMENT ---------------------------------------------------------------------------------


def test_options_settle_at_expiry_with_the_payoff_of_the_average_underlying(desk: Desk) -> None:
    desk.prices(CALL, "1500", "68500")
    desk.trade(ALICE, BOB, "2", "1500", market=CALL)
    order = desk.place(CAROL, "BUY", "1", "1400", market=CALL)
    for price in (69000, 69200, 69400):
        desk.now_us += 600_000_000
        desk.prices(CALL, "1500", price)
    cash = {name: desk.cash(name) for name in (ALICE, BOB)}
    desk.events.clear()
    desk.now_us = EXPIRY_US - 1
    desk.exchange.advance()
    assert not desk.announced(MarketChanged)
    desk.now_us = EXPIRY_US
    desk.exchange.advance()
    settled = desk.exchange.queries.settlement_price(CALL)
    assert settled.underlying_twap_price == d(69025)
    assert settled.settlement_price == d(1025)
    assert settled.expiry_at * 1000 == EXPIRY_US
    fills = [e.fill for e in desk.announced(FillMade)]
    assert {fill.fill_type for fill in fills} == {FillType.SETTLE_MARKET}
    assert {(fill.account, fill.side, fill.price) for fill in fills} == {
        (ALICE, Side.SELL, d(1025)),
        (BOB, Side.BUY, d(1025)),
    }
    for fill in fills:
        assert (fill.order_id, fill.client_id, fill.trade_id) == ("", "", "")
        sign = 1 if fill.account == BOB else -1
        assert fill.realized_pnl == sign * d(950)
        assert desk.cash(fill.account) == cash[fill.account] + fill.realized_pnl - fill.fee
    assert desk.order(order).cancel_reason is CancelReason.ASSET_EXPIRED
    assert CALL not in [spec.symbol for spec in desk.exchange.queries.markets()]
    types = [e.event.event_type for e in desk.announced(MarketChanged) if e.event.market == CALL]
    assert types == [MarketEventType.SETTLED]
    assert not desk.exchange.queries.positions(ALICE, CALL)


def test_a_settled_markets_fills_can_still_be_asked_by_kind(desk: Desk) -> None:
    desk.prices(CALL, "1500", "68500")
    desk.trade(ALICE, BOB, "2", "1500", market=CALL)
    desk.exchange.settle_market(CALL)
    fills = desk.exchange.queries.fills(ALICE, asset_kind=AssetKind.OPTION)
    assert [fill.fill_type for fill in fills] == [FillType.SETTLE_MARKET, FillType.FILL]


def test_a_put_out_of_the_money_settles_at_0(desk: Desk) -> None:
    desk.prices(PUT, "500", "68500")
    desk.trade(ALICE, BOB, "2", "500", market=PUT)
    assert desk.exchange.settle_market(PUT).settlement_price == 0
    assert [e.fill.fee for e in desk.announced(FillMade)][-1] == 0


def test_a_perpetual_that_is_delisted_settles_at_its_mark(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    desk.prices(BTC, 60100)
    row = desk.exchange.settle_market(BTC)
    assert row.settlement_price == d(60100)
    assert desk.announced(FillMade)[-1].fill.fee == d("9.015"), "0.015% of the notional"


def test_settlement_prices_of_live_and_unknown_markets_are_refused(desk: Desk) -> None:
    with pytest.raises(Refusal, match="MARKET_NOT_SETTLED"):
        desk.exchange.queries.settlement_price(BTC)
    with pytest.raises(Refusal, match="MARKET_NOT_FOUND"):
        desk.exchange.queries.settlement_price("X")
    with pytest.raises(Refusal, match="spot"):
        desk.exchange.settle_market("ETH-USD")


# -- OUTSIDE THE BOOK ---------------------------------------------------------------------------


def test_a_block_trade_fills_both_without_orders(desk: Desk) -> None:
    desk.exchange.block_trade(BTC, ALICE, BOB, d(2), d("59950"))
    assert (desk.size(ALICE), desk.size(BOB)) == (d(2), d(-2))
    fills = [e.fill for e in desk.announced(FillMade)]
    assert {fill.fill_type for fill in fills} == {FillType.BLOCK_TRADE}
    assert {(fill.order_id, fill.orderbook_seq_no) for fill in fills} == {("", 0)}
    (trade,) = (e.trade for e in desk.announced(TradePrinted))
    assert (trade.seq_no, trade.trade_type) == (0, FillType.BLOCK_TRADE)


@pytest.mark.parametrize("size", ["1", "-1"])
def test_an_unwind_transfer_moves_a_position_without_fees(desk: Desk, size: str) -> None:
    desk.exchange.unwind_transfer(BTC, ALICE, BOB, d(size), d(60000))
    assert (desk.size(ALICE), desk.size(BOB)) == (-d(size), d(size))
    assert {(e.fill.fill_type, e.fill.fee) for e in desk.announced(FillMade)} == {
        (FillType.UNWIND_TRANSFER, d(0))
    }


def test_a_busted_trade_is_reverted_for_both_and_only_once(desk: Desk) -> None:
    cash = {name: desk.cash(name) for name in (ALICE, BOB)}
    desk.trade(ALICE, BOB, "1", "60000")
    (trade,) = (e.trade for e in desk.announced(TradePrinted))
    desk.exchange.bust_trade(trade.id)
    for name in (ALICE, BOB):
        assert desk.size(name) == 0
        assert desk.cash(name) == cash[name]
        (bust,) = desk.exchange.queries.tradebusts(name)
        assert bust.busted_fill_id == desk.exchange.queries.fills(name)[0].id
    assert len(desk.announced(TradeBusted)) == 2
    for trade_id in (trade.id, "7", ""):
        with pytest.raises(Refusal):
            desk.exchange.bust_trade(trade_id)


# -- QUERIES ------------------------------------------------------------------------------------


def test_closed_orders_are_found_by_id_and_in_the_history_not_among_open_ones(desk: Desk) -> None:
    queries = desk.exchange.queries
    order = desk.place(ALICE, "BUY", "0.1", "59990", client_id="O-1")
    assert queries.order_by_client_id(ALICE, "O-1").id == order.id
    desk.exchange.process_cancel(order.id)
    with pytest.raises(Refusal, match="CLIENT_ORDER_ID_NOT_FOUND"):
        queries.order_by_client_id(ALICE, "O-1")
    with pytest.raises(Refusal, match="ORDER_ID_NOT_FOUND"):
        queries.order(BOB, order.id)
    assert queries.open_orders(ALICE) == []
    assert queries.order(ALICE, order.id).status is OrderStatus.CLOSED
    assert [row.id for row in queries.order_history(ALICE, client_id="O-1")] == [order.id]


def test_untriggered_orders_are_not_found_by_client_id_but_among_open_ones(desk: Desk) -> None:
    order = desk.place(
        ALICE,
        "BUY",
        "0.1",
        "60000",
        kind=OrderType.STOP_LIMIT,
        trigger="60500",
        client_id="O-1",
    )
    with pytest.raises(Refusal, match="CLIENT_ORDER_ID_NOT_FOUND"):
        desk.exchange.queries.order_by_client_id(ALICE, "O-1")
    assert [row.id for row in desk.exchange.queries.open_orders(ALICE, BTC)] == [order.id]


def test_the_history_is_newest_first_and_filtered(desk: Desk) -> None:
    queries = desk.exchange.queries
    first = desk.place(ALICE, "BUY", "0.1", "59990")
    desk.now_us += 5_000_000
    second = desk.place(ALICE, "SELL", "0.1", "60010")
    desk.exchange.process_cancel(first.id)
    rows = queries.order_history(ALICE)
    assert [row.id for row in rows] == [second.id, first.id]
    assert queries.order_history(ALICE, side=Side.BUY) == [rows[1]]
    assert queries.order_history(ALICE, status=OrderStatus.OPEN) == [rows[0]]
    assert queries.order_history(ALICE, order_type=OrderType.MARKET) == []
    assert queries.order_history(ALICE, market="ETH-USD-PERP") == []
    start = second.created_us // 1000
    assert queries.order_history(ALICE, start_ms=start) == [rows[0]]
    assert queries.order_history(ALICE, end_ms=start - 1) == [rows[1]]


def test_histories_are_bounded(desk: Desk) -> None:
    desk.exchange.register_account("0x51", "0x51", announce=False)
    desk.exchange.deposit("0x51", d(100000))
    orders = [desk.place("0x51", "BUY", "0.001", "50000", client_id="same") for _ in range(1)]
    for _ in range(250):
        desk.exchange.process_cancel(orders[-1].id)
        orders.append(desk.place("0x51", "BUY", "0.001", "50000", client_id="same"))
    assert len(desk.exchange.queries.order_history("0x51")) == 201
    with pytest.raises(Refusal, match="ORDER_ID_NOT_FOUND"):
        desk.exchange.queries.order("0x51", orders[0].id)
    desk.exchange.check_invariants()


def test_klines_aggregate_trades_marks_and_underlyings(desk: Desk) -> None:
    start = T0_US // 300_000_000 * 300_000
    for minute, price in enumerate((60000, 60100, 59900, 60050)):
        desk.now_us = start * 1000 + minute * 60_000_000
        desk.prices(BTC, price)
        desk.trade(ALICE, BOB, "0.1", price)
    klines = desk.exchange.queries.klines
    minutes = klines(BTC, 1, start, start + 600_000)
    assert [row.close for row in minutes] == [d(60000), d(60100), d(59900), d(60050)]
    (five,) = klines(BTC, 5, start, start)
    assert (five.open, five.high, five.low, five.close, five.volume) == (
        d(60000),
        d(60100),
        d(59900),
        d(60050),
        d("0.4"),
    )
    (mark,) = klines(BTC, 5, start, start, PriceKind.MARK)
    assert (mark.high, mark.volume) == (d(60100), d(0))
    assert klines(BTC, 1, start + 60_000, start + 120_000) == minutes[1:3]


def test_the_summary_tells_prices_and_24_hours(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "1", "60000")
    desk.now_us += 23 * 3_600_000_000
    desk.trade(ALICE, BOB, "1", "60600")
    desk.place(CAROL, "BUY", "1", "60500")
    row = desk.exchange.queries.market_summary(BTC)
    assert (row.last_traded_price, row.bid, row.ask) == (d(60600), d(60500), None)
    assert (row.volume_24h, row.total_volume) == (d(120600), d(120600))
    assert row.price_change_rate_24h == d("0.01")
    assert (row.open_interest, row.mark_price) == (d(2), d(60000))
    assert row.greeks is None
    desk.now_us += 2 * 3_600_000_000
    desk.exchange.advance()
    later = desk.exchange.queries.market_summary(BTC)
    assert (later.volume_24h, later.total_volume) == (d(60600), d(120600))


def test_an_options_summary_has_greeks_that_fit_its_mark(desk: Desk) -> None:
    desk.prices(CALL, "2000", "68000")
    desk.place(ALICE, "BUY", "1", "1900", market=CALL)
    call = desk.exchange.queries.market_summary(CALL)
    assert d("0.3") < call.greeks.delta < d("0.7")
    assert call.greeks.gamma > 0
    assert call.greeks.vega > 0
    assert call.greeks.theta < 0
    assert call.bid_iv < call.mark_iv
    assert call.ask_iv is None
    desk.prices(PUT, "1000", "68000")
    put = desk.exchange.queries.market_summary(PUT)
    assert d("-0.7") < put.greeks.delta < 0


def test_trades_can_be_asked_by_market_or_by_the_options_underlying(desk: Desk) -> None:
    desk.prices(CALL, "1500", "68500")
    desk.prices(PUT, "500", "68500")
    desk.trade(ALICE, BOB, "2", "1500", market=CALL)
    desk.now_us += 1_000_000
    desk.trade(ALICE, BOB, "1", "500", market=PUT)
    desk.trade(ALICE, BOB, "0.1", "60000")
    queries = desk.exchange.queries
    assert [trade.market for trade in queries.trades(base_asset="BTC")] == [PUT, CALL]
    assert [trade.price for trade in queries.trades(BTC)] == [d(60000)]
    assert queries.trades(BTC, end_ms=T0_US // 1000) == []


def test_queries_change_nothing(desk: Desk) -> None:
    desk.trade(ALICE, BOB, "0.1", "60000")
    desk.events.clear()
    queries = desk.exchange.queries
    before = queries.account_summary(ALICE), queries.positions(ALICE)
    assert (queries.account_summary(ALICE), queries.positions(ALICE)) == before
    assert desk.events == []
