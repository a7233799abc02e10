"""
The demo's market maker: quotes both sides, follows the market, takes now and then.

It shows the adapter at work and has no alpha whatsoever: do not trade it with money.
"""

from datetime import timedelta
from decimal import Decimal

from nautilus_trader.config import PositiveInt
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import LimitOrder
from nautilus_trader.trading.strategy import Strategy


class DemoMarketMakerConfig(StrategyConfig, frozen=True):
    """
    Configuration of the demo's market maker.

    Parameters
    ----------
    instrument_id : InstrumentId
        What to quote.
    order_qty : Decimal
        The size of each quote, base units.
    max_position : Decimal
        The side that would grow a larger position is not quoted, base units.
    requote_ms : PositiveInt, default 1000
        How often quotes are looked at, milliseconds.
    take_every : PositiveInt, default 8
        Every so many looks, a market order trades against the position.

    """

    instrument_id: InstrumentId
    order_qty: Decimal
    max_position: Decimal
    requote_ms: PositiveInt = 1000
    take_every: PositiveInt = 8


class DemoMarketMaker(Strategy):
    """Quotes both sides of a market at its touch."""

    def __init__(self, config: DemoMarketMakerConfig) -> None:
        super().__init__(config)
        self.instrument: Instrument | None = None
        self.quotes = 0
        self.trades = 0
        self.fills = 0
        self.last_quote: QuoteTick | None = None
        self.event_counts: dict[str, int] = {}
        self._looks = 0

    def on_start(self) -> None:
        """Subscribe and start the clock."""
        self.instrument = self.cache.instrument(self.config.instrument_id)
        if self.instrument is None:
            self.log.error(f"{self.config.instrument_id} is not loaded")
            self.stop()
            return
        self.subscribe_quote_ticks(self.config.instrument_id)
        self.subscribe_trade_ticks(self.config.instrument_id)
        self.subscribe_order_book_deltas(self.config.instrument_id)
        self.clock.set_timer(
            "requote", timedelta(milliseconds=self.config.requote_ms), callback=self._on_requote
        )

    def on_stop(self) -> None:
        """Leave nothing behind at the venue but the position."""
        self.clock.cancel_timers()
        self.cancel_all_orders(self.config.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Remember the touch."""
        self.quotes += 1
        self.last_quote = tick

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Count."""
        self.trades += 1

    def on_order_event(self, event: OrderEvent) -> None:
        """Count."""
        name = type(event).__name__
        self.event_counts[name] = self.event_counts.get(name, 0) + 1
        if isinstance(event, OrderFilled):
            self.fills += 1

    @property
    def signed_position(self) -> Decimal:
        """The strategy's net position, base units."""
        return sum(
            (p.signed_decimal_qty() for p in self.cache.positions_open(strategy_id=self.id)),
            Decimal(0),
        )

    def _on_requote(self, _event: object) -> None:
        quote, instrument = self.last_quote, self.instrument
        if quote is None or instrument is None:
            return
        self._looks += 1
        position = self.signed_position
        if self._looks % self.config.take_every == 0:
            self._take(position)
        for side in (OrderSide.BUY, OrderSide.SELL):
            grows = position if side == OrderSide.BUY else -position
            self._quote(side, quote, wanted=grows < self.config.max_position)

    def _quote(self, side: OrderSide, quote: QuoteTick, *, wanted: bool) -> None:
        price = quote.bid_price if side == OrderSide.BUY else quote.ask_price
        resting = [
            order
            for order in self.cache.orders_open(strategy_id=self.id, side=side)
            if isinstance(order, LimitOrder)
        ]
        if self.cache.orders_inflight(strategy_id=self.id, side=side):
            return
        if not resting:
            if wanted:
                self._submit(side, price)
            return
        order = resting[0]
        if order.is_pending_cancel or order.is_pending_update:
            return
        if not wanted:
            self.cancel_order(order)
        elif order.price != price:
            # Every other look replaces instead, so that both ways are seen at work.
            if self._looks % 2:
                self.modify_order(order, price=price)
            else:
                self.cancel_order(order)

    def _submit(self, side: OrderSide, price: object) -> None:
        if self.instrument is None:
            return
        order = self.order_factory.limit(
            instrument_id=self.config.instrument_id,
            order_side=side,
            quantity=self.instrument.make_qty(self.config.order_qty),
            price=price,
            time_in_force=TimeInForce.GTC,
            post_only=True,
        )
        self.submit_order(order)

    def _take(self, position: Decimal) -> None:
        if self.instrument is None:
            return
        side = OrderSide.SELL if position > 0 else OrderSide.BUY
        order = self.order_factory.market(
            instrument_id=self.config.instrument_id,
            order_side=side,
            quantity=self.instrument.make_qty(self.config.order_qty),
        )
        self.submit_order(order)
