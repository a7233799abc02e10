"""
Quotes and takes in one synthetic market.

Floats live here as random draws and model values only; every price and size becomes a whole
number of ticks or lots before it is sent.
"""

from decimal import ROUND_CEILING
from decimal import Decimal
from math import exp
from math import sqrt
from random import Random
from typing import Final

import msgspec

from nautilus_paradex.simulator.engine import greeks
from nautilus_paradex.simulator.engine.exchange import Exchange
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import MarketSpec
from nautilus_paradex.simulator.engine.model import OrderCommand
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import SystemState


_BPS: Final = 1e-4
_YEAR_SECONDS: Final = 365 * 24 * 3600
#: A pause longer than this moves prices as if it had been this long.
_LONGEST_STEP: Final = 1.0
_HALF_LIFE_SECONDS: Final = 1800
_REVERSION: Final = 0.693 / _HALF_LIFE_SECONDS
_BASIS_BPS: Final = 2.0
_BASIS_REVERSION: Final = 0.01
_OPTION_IV: Final = 0.5
_OPTION_SMILE: Final = 1.5
#: Share of the position limit at which a maker stops to add.
_INVENTORY_LIMIT: Final = 0.3


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """How lively a synthetic market is."""

    takes_per_second: float = 0.3
    """Mean rate of taker orders."""
    take_notional: float = 2_000.0
    """Typical notional of one, USD (of the underlying, for options)."""
    quote_interval_ms: int = 1_500
    """How often each maker looks at its quotes."""
    price_interval_ms: int = 1_000
    """How often mark and underlying are set."""
    levels: int = 3
    """Quotes a side and maker."""
    level_notional: float = 8_000.0
    """Notional of a maker's best quote, USD; deeper ones are larger."""
    half_spread_bps: float = 1.0
    """Best quotes' distance from the mark; never less than half a tick."""
    step_bps: float = 1.0
    """Distance between a maker's levels."""
    makers: int = 2
    """Makers at work, at most as many as there are."""
    volatility: float = 0.5
    """Annual volatility of the underlying."""


class Underlying:
    """
    The price of an asset: a random walk pulled back to where it started.

    Parameters
    ----------
    start : Decimal
        The price to start at, USD.
    rng : random.Random
        Its own source of randomness.

    """

    def __init__(self, start: Decimal, rng: Random) -> None:
        self._start = float(start)
        self._rng = rng
        self._log = 0.0
        self._moved_us = 0
        self.volatility = 0.5

    @property
    def price(self) -> float:
        """The price now, USD."""
        return self._start * exp(self._log)

    def move(self, now_us: int) -> None:
        """Move to the time; does nothing if it is there."""
        elapsed = min((now_us - self._moved_us) / 1e6, _LONGEST_STEP) if self._moved_us else 0.0
        if elapsed < 0.01 and self._moved_us:
            return
        self._moved_us = now_us
        spread = self.volatility * sqrt(elapsed / _YEAR_SECONDS)
        self._log += self._rng.gauss(0.0, spread) - _REVERSION * elapsed * self._log

    def jump(self, fraction: float) -> None:
        """Move at once by a fraction of the price, for good."""
        self._start *= 1 + fraction


class MarketDriver:
    """
    One market's makers and takers.

    Parameters
    ----------
    exchange : Exchange
        Where they trade.
    spec : MarketSpec
        The market.
    activity : Activity
        How lively it is.
    underlying : Underlying
        The price it follows.
    makers, takers : list[str]
        Their accounts' addresses.
    rng : random.Random
        This market's own source of randomness.

    """

    def __init__(
        self,
        exchange: Exchange,
        spec: MarketSpec,
        activity: Activity,
        *,
        underlying: Underlying,
        makers: list[str],
        takers: list[str],
        rng: Random,
    ) -> None:
        self._exchange = exchange
        self._activity = activity
        self._underlying = underlying
        self._makers = makers[: activity.makers]
        self._takers = takers
        self._rng = rng
        self._basis = 0.0
        self._fair = 0.0
        self._priced_us = 0
        self._stepped_us = 0
        self._next_quote_us = dict.fromkeys(self._makers, 0)
        self._quotes: dict[str, list[str]] = {maker: [] for maker in self._makers}
        self._quoted_at: dict[str, float] = dict.fromkeys(self._makers, 0.0)
        self.relist(spec)

    def relist(self, spec: MarketSpec) -> None:
        """Take a changed listing over."""
        self.spec = spec
        self._tick = float(spec.price_tick_size)
        self._is_option = bool(spec.option_type)
        self._is_spot = spec.asset_kind is AssetKind.SPOT

    # -- TIME -----------------------------------------------------------------------------------

    def step(self, now_us: int) -> None:
        """Do what is due."""
        spec = self.spec
        if spec.expiry_at and spec.expiry_at * 1000 <= now_us:
            return
        if now_us - self._priced_us >= self._activity.price_interval_ms * 1000:
            self.set_prices(now_us)
        is_open = spec.open_at * 1000 <= now_us and spec.trading_mode == "STANDARD"
        state = self._exchange.system_state
        if is_open and state in (SystemState.OK, SystemState.POST_ONLY):
            self._quote_due(now_us)
            if state is SystemState.OK:
                self._take_due(now_us)
        self._stepped_us = now_us

    def set_prices(self, now_us: int) -> None:
        """Set the market's prices from the underlying's."""
        self._underlying.move(now_us)
        price = self._underlying.price
        first = not self._priced_us
        elapsed = 0.0 if first else min((now_us - self._priced_us) / 1e6, _LONGEST_STEP)
        self._priced_us = now_us
        if self._is_option:
            self._fair = self._option_value(price, now_us)
        elif self._is_spot:
            self._fair = price
        else:
            noise = self._rng.gauss(0.0, _BASIS_BPS * sqrt(2 * _BASIS_REVERSION * elapsed))
            self._basis += noise - _BASIS_REVERSION * elapsed * self._basis
            self._fair = price * (1 + self._basis * _BPS)
        underlying = self._fine(price)
        self._exchange.set_prices(
            self.spec.symbol,
            mark=self._fine(self._fair),
            underlying=underlying,
            external_fair=None if self._is_option else underlying,
        )

    def _option_value(self, price: float, now_us: int) -> float:
        terms = greeks.terms_of(self.spec, Decimal(f"{price:.8f}"), now_us)
        distance = price / terms.strike - 1
        iv = _OPTION_IV + _OPTION_SMILE * distance * distance
        return max(greeks.value(terms, iv), self._tick)

    def _fine(self, price: float) -> Decimal:
        """Return a price to a tenth of a tick: marks are finer than quotes."""
        grain = self.spec.price_tick_size / 10
        return max(round(price / float(grain)), 1) * grain

    # -- MAKERS ---------------------------------------------------------------------------------

    def _quote_due(self, now_us: int) -> None:
        interval = self._activity.quote_interval_ms * 1000
        for number, maker in enumerate(self._makers):
            if now_us < self._next_quote_us[maker]:
                continue
            self._next_quote_us[maker] = now_us + round(interval * self._rng.uniform(0.7, 1.3))
            with self._exchange.batch(self.spec.symbol):
                self._requote(maker, number)

    def _half_spread(self) -> float:
        if self._is_option:
            return max(self._tick, 0.015 * self._fair, 2e-4 * self._underlying.price)
        return max(0.5 * self._tick, self._activity.half_spread_bps * _BPS * self._fair)

    def _requote(self, maker: str, number: int) -> None:
        half = self._half_spread()
        quotes = self._quotes[maker]
        live = [order.id for order in self._exchange.queries.open_orders(maker, self.spec.symbol)]
        moved = abs(self._fair - self._quoted_at[maker]) > 0.25 * half
        if live and len(live) == len(quotes) and not moved:
            return
        for order_id in live:
            self._exchange.process_cancel(order_id)
        self._quoted_at[maker] = self._fair
        self._quotes[maker] = []
        inventory = self._inventory(maker)
        # A maker with an inventory leans its prices against it.
        centre = self._fair - inventory * half
        first = half * (1 + 0.35 * number)
        step = max(self._tick, self._activity.step_bps * _BPS * self._fair)
        if self._is_option:
            step = max(self._tick, half)
        for level in range(self._activity.levels):
            distance = first + level * step * self._rng.uniform(0.8, 1.2)
            for side in (Side.BUY, Side.SELL):
                adds = inventory if side is Side.BUY else -inventory
                if adds < _INVENTORY_LIMIT:
                    self._quote(maker, side, centre, distance, level)
        if number == 0 and not self._is_spot and not self._is_option:
            for side in (Side.BUY, Side.SELL):
                self._quote(maker, side, centre, 0.5 * half, 0, instruction=Instruction.RPI)

    def _quote(
        self,
        maker: str,
        side: Side,
        centre: float,
        distance: float,
        level: int,
        *,
        instruction: Instruction = Instruction.POST_ONLY,
    ) -> None:
        notional = self._activity.level_notional * (1 + level) * self._rng.uniform(0.4, 1.6)
        if side is Side.BUY:
            ticks = int((centre - distance) / self._tick)
        else:
            ticks = -int(-(centre + distance) // self._tick)
        if ticks < 1:
            return
        order = self._exchange.place(
            OrderCommand(
                account=maker,
                market=self.spec.symbol,
                side=side,
                type=OrderType.LIMIT,
                size=self._size(notional),
                price=ticks * self.spec.price_tick_size,
                instruction=instruction,
            )
        )
        if order.status is OrderStatus.OPEN:
            self._quotes[maker].append(order.id)

    def _inventory(self, account: str) -> float:
        """Return the position as a fraction of its limit, signed."""
        queries = self._exchange.queries
        if self._is_spot:
            base = self.spec.base_currency
            owned = {row.token: row.size for row in queries.balances(account)}.get(base, Decimal(0))
            start = SPOT_STOCK_LIMITS * self.spec.position_limit
            return float((owned - start) / self.spec.position_limit)
        held = sum((row.size for row in queries.positions(account, self.spec.symbol)), Decimal(0))
        return float(held / self.spec.position_limit)

    # -- TAKERS ---------------------------------------------------------------------------------

    def _take_due(self, now_us: int) -> None:
        elapsed = min((now_us - self._stepped_us) / 1e6, _LONGEST_STEP) if self._stepped_us else 0.0
        self._pick_off()
        if self._rng.random() < 1 - exp(-self._activity.takes_per_second * elapsed):
            self._take()

    def _take(self) -> None:
        taker = self._rng.choice(self._takers)
        # Inventories come back: the more is held, the likelier the next order reduces it.
        buys = self._rng.random() < 0.5 - 2 * self._inventory(taker)
        notional = self._activity.take_notional * self._rng.lognormvariate(0.0, 1.0)
        reach = self._half_spread() * 6
        self._send_take(
            taker,
            Side.BUY if buys else Side.SELL,
            self._fair + reach if buys else self._fair - reach,
            self._size(notional),
        )

    def _pick_off(self) -> None:
        """Take quotes that are on the wrong side of the mark."""
        best = self._exchange.queries.bbo(self.spec.symbol)
        edge = 0.5 * self._half_spread()
        if best.bid is not None and best.bid_size and float(best.bid) > self._fair + edge:
            self._send_take(self._takers[0], Side.SELL, self._fair, best.bid_size)
        if best.ask is not None and best.ask_size and float(best.ask) < self._fair - edge:
            self._send_take(self._takers[0], Side.BUY, self._fair, best.ask_size)

    def _send_take(self, taker: str, side: Side, price: float, size: Decimal) -> None:
        ticks = round(price / self._tick)
        size = max(min(size, self.spec.max_order_size), self._size(0.0))
        if ticks < 1:
            return
        self._exchange.place(
            OrderCommand(
                account=taker,
                market=self.spec.symbol,
                side=side,
                type=OrderType.LIMIT,
                size=size,
                price=ticks * self.spec.price_tick_size,
                instruction=Instruction.IOC,
                interactive=self._rng.random() < 0.1,
            )
        )

    def _size(self, notional: float) -> Decimal:
        """Return a size of about the notional in whole lots, above the least and below the most."""
        spec = self.spec
        price = self._underlying.price if self._is_option else self._fair
        lot = spec.order_size_increment
        wanted = round(notional / price / float(lot))
        # A tenth above the minimum, since the mark may fall before the check.
        least = spec.min_notional * Decimal("1.1") / Decimal(f"{price:.8f}") / lot
        lots = max(wanted, int(least.to_integral_value(ROUND_CEILING)))
        return min(lots * lot, spec.max_order_size)


#: Spot accounts start with this many position limits of the token.
SPOT_STOCK_LIMITS: Final = 10
