"""
Backtests of dated and perpetual options, run by `test_perpetual_options` in a process of their own.

The framework keeps by the name of a venue that its accounts are calculated from fills, and forgets
it with the process only: live nodes of the same venue would count profits twice.
"""

from typing import Any

import pytest
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.common.config import LoggingConfig
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import AccountType
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.enums import OmsType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.trading.strategy import Strategy

from tests.parsing.test_perpetual_options import DATED
from tests.parsing.test_perpetual_options import EXPIRY_NS
from tests.parsing.test_perpetual_options import HOUR_NS
from tests.parsing.test_perpetual_options import INDEX
from tests.parsing.test_perpetual_options import NOW_NS
from tests.parsing.test_perpetual_options import PERPETUAL
from tests.parsing.test_perpetual_options import PUT
from tests.parsing.test_perpetual_options import quote


class Buyer(Strategy):
    """Buys two of each option at its first quote, and lets a bid rest below."""

    def on_start(self) -> None:
        self._seen: set[InstrumentId] = set()
        for option in self.cache.instruments():
            self.subscribe_quote_ticks(option.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        if tick.instrument_id in self._seen:
            return
        self._seen.add(tick.instrument_id)
        option = self.cache.instrument(tick.instrument_id)
        size, orders = option.make_qty(2), self.order_factory
        self.submit_order(orders.market(option.id, OrderSide.BUY, size))
        bid = option.make_price(1)
        self.submit_order(orders.limit(option.id, OrderSide.BUY, size, bid))

    def on_stop(self) -> None:
        self._seen.clear()


def backtest(*options: CryptoOption, index: str | None) -> BacktestEngine:
    """Run from three hours before the dated option's expiry to two hours after it."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(Venue("PARADEX"), OmsType.NETTING, AccountType.MARGIN, [Money(100_000, USDC)])
    for each in (*options, *((INDEX,) if index else ())):
        engine.add_instrument(each)
    rows: list[Any] = []
    for hour in range(-3, 3):
        ts = EXPIRY_NS + hour * HOUR_NS
        rows += [quote(its, "5000", "5010", ts) for its in options if its.expiration_ns > ts]
        if index:
            rows.append(
                TradeTick(
                    INDEX.id,
                    Price.from_str(index),
                    Quantity.from_str("1.00"),
                    AggressorSide.BUYER,
                    TradeId(str(hour + 3)),
                    ts,
                    ts,
                )
            )
    engine.add_data(rows)
    engine.add_strategy(Buyer())
    engine.run()
    return engine


def statuses(engine: BacktestEngine, option: CryptoOption) -> list[OrderStatus]:
    orders = sorted(engine.cache.orders(instrument_id=option.id), key=lambda its: its.ts_init)
    return [order.status for order in orders]


def test_a_backtest_trades_both_and_a_perpetual_option_outlives_the_dated_one() -> None:
    engine = backtest(DATED, PERPETUAL, PUT, index="76000.55")
    try:
        for option in (PERPETUAL, PUT):
            assert statuses(engine, option) == [OrderStatus.FILLED, OrderStatus.ACCEPTED]
            (position,) = engine.cache.positions(instrument_id=option.id)
            assert position.is_open
            assert str(position.quantity) == "2.000"
        assert statuses(engine, DATED) == [
            OrderStatus.FILLED,
            OrderStatus.CANCELED,
            OrderStatus.FILLED,
        ]
        assert len(engine.trader.generate_positions_report()) == 3
        # The result's own dates are calendar dates too: none of them lies centuries ahead.
        assert engine.get_result().backtest_end < EXPIRY_NS + 3 * HOUR_NS
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("index", "payoff"), [("76000.55", "6000.55"), ("70000.01", "0.01"), ("69999.99", "0")]
)
def test_a_backtest_settles_a_dated_option_to_the_tick(index: str, payoff: str) -> None:
    engine = backtest(DATED, index=index)
    try:
        (position,) = engine.cache.positions(instrument_id=DATED.id)
        assert position.is_closed
        assert position.avg_px_close == pytest.approx(float(payoff), abs=1e-9)
    finally:
        engine.dispose()


def test_without_an_index_a_backtest_leaves_an_expired_position_open() -> None:
    """The framework looks for BTC.PARADEX; the guide says to add an index of that name."""
    engine = backtest(DATED, PERPETUAL, index=None)
    try:
        (position,) = engine.cache.positions(instrument_id=DATED.id)
        assert position.is_open
        assert statuses(engine, DATED) == [OrderStatus.FILLED, OrderStatus.CANCELED]
    finally:
        engine.dispose()


def test_an_expiry_of_zero_would_be_an_option_that_has_expired() -> None:
    """Why a perpetual option expires at the end of the calendar."""
    option = CryptoOption.from_dict(PERPETUAL.to_dict(PERPETUAL) | {"expiration_ns": 0})
    quoted = quote(option, "5000", "5010", NOW_NS)
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    try:
        engine.add_venue(
            Venue("PARADEX"), OmsType.NETTING, AccountType.MARGIN, [Money(100_000, USDC)]
        )
        engine.add_instrument(option)
        engine.add_data([quoted])
        engine.add_strategy(Buyer())
        engine.run()
        assert set(statuses(engine, option)) == {OrderStatus.REJECTED}
    finally:
        engine.dispose()
