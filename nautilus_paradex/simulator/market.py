"""A seeded synthetic market: makers and takers that trade on an exchange of their own accord."""

from collections.abc import Iterable
from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Final

from nautilus_paradex.simulator.engine.exchange import Exchange
from nautilus_paradex.simulator.engine.markets import REFERENCE_PRICES
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import Event
from nautilus_paradex.simulator.engine.model import MarketChanged
from nautilus_paradex.simulator.engine.model import MarketEventType
from nautilus_paradex.simulator.engine.model import MarketSpec
from nautilus_paradex.simulator.market_driver import SPOT_STOCK_LIMITS
from nautilus_paradex.simulator.market_driver import Activity
from nautilus_paradex.simulator.market_driver import MarketDriver
from nautilus_paradex.simulator.market_driver import Underlying


MAKERS: Final = ("0x5e1100a1", "0x5e1100a2", "0x5e1100a3")
TAKERS: Final = ("0x5e1100b1", "0x5e1100b2")
_CASH: Final = Decimal(10_000_000_000)
_DEFAULT_PRICE: Final = Decimal(100)

LIVELY: Final = Activity(
    takes_per_second=2.0,
    take_notional=6_000.0,
    quote_interval_ms=400,
    price_interval_ms=200,
    levels=6,
    level_notional=10_000.0,
    half_spread_bps=0.4,
    step_bps=0.5,
    makers=3,
)
QUIET: Final = Activity()
OPTIONS: Final = Activity(
    takes_per_second=0.05, quote_interval_ms=3_000, level_notional=30_000.0, take_notional=10_000.0
)
_LIVELY_MARKETS: Final = frozenset({"BTC-USD-PERP", "ETH-USD-PERP", "SOL-USD-PERP"})


def default_activity(spec: MarketSpec) -> Activity:
    """Return how lively a market is unless told otherwise."""
    if spec.option_type:
        return OPTIONS
    return LIVELY if spec.symbol in _LIVELY_MARKETS else QUIET


class SyntheticMarket:
    """
    Makers and takers on all or some markets of an exchange.

    The underlyings' prices are mean-reverting random walks; marks follow them with a small basis,
    options by Black-76. Makers quote ladders around the mark and lean against their inventory;
    takers come at random, more often to reduce what they hold, and pick off quotes on the wrong
    side of the mark. All accounts are silent (``announce=False``).

    For a seed, an exchange and the same times of `step`, everything that happens is the same.
    Each market draws from a source of its own, so that leaving one out changes no other.

    Memory is bounded: silent accounts keep 200 rows of each history, the exchange its
    ``history_limit`` rows of trades and funding and two days of one-minute candles per market.

    Parameters
    ----------
    exchange : Exchange
        The exchange; its accounts of this market must not be registered yet.
    seed : int
        The seed.
    markets : Iterable[str], optional
        Symbols; None = all that are listed.
    activity : Mapping[str, Activity], optional
        Per symbol; None or missing = `default_activity`.
    prices : Mapping[str, Decimal], optional
        Starting prices in USD per base currency; missing = reference prices, then 100.

    """

    def __init__(
        self,
        exchange: Exchange,
        seed: int,
        markets: Iterable[str] | None = None,
        *,
        activity: Mapping[str, Activity] | None = None,
        prices: Mapping[str, Decimal] | None = None,
    ) -> None:
        self._exchange = exchange
        self._seed = seed
        self._activity = dict(activity or {})
        self._prices = {**REFERENCE_PRICES, **(prices or {})}
        self._underlyings: dict[str, Underlying] = {}
        self._drivers: dict[str, MarketDriver] = {}
        for address in (*MAKERS, *TAKERS):
            exchange.register_account(
                address, address, rpi_allowed=address in MAKERS, announce=False
            )
            exchange.deposit(address, _CASH)
        specs = exchange.queries.markets()
        chosen = None if markets is None else set(markets)
        for spec in specs:
            if chosen is None or spec.symbol in chosen:
                self.drive(spec.symbol)
        exchange.subscribe(self._follow_listings)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The markets that are driven, in the order of their listing."""
        return tuple(self._drivers)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The addresses of makers and takers."""
        return (*MAKERS, *TAKERS)

    def drive(self, symbol: str) -> None:
        """Begin to trade in a market, with prices set at the next `step`."""
        spec = self._exchange.queries.market(symbol)
        base = spec.base_currency
        if base not in self._underlyings:
            start = self._prices.get(base, _DEFAULT_PRICE)
            self._underlyings[base] = Underlying(start, Random(f"{self._seed}/{base}"))
        activity = self._activity.get(symbol) or default_activity(spec)
        if not spec.option_type:
            self._underlyings[base].volatility = activity.volatility
        if spec.asset_kind is AssetKind.SPOT:
            for address in self.accounts:
                self._exchange.deposit(address, SPOT_STOCK_LIMITS * spec.position_limit, base)
        self._drivers[symbol] = MarketDriver(
            self._exchange,
            spec,
            activity,
            underlying=self._underlyings[base],
            makers=list(MAKERS),
            takers=list(TAKERS),
            rng=Random(f"{self._seed}/{symbol}"),
        )

    def halt(self, symbol: str) -> None:
        """Stop trading in a market and take the quotes out."""
        if self._drivers.pop(symbol, None) is None:
            return
        for address in self.accounts:
            for order in self._exchange.cancel_all(address, symbol):
                self._exchange.process_cancel(order.id)

    def jump(self, base: str, fraction: float) -> None:
        """Move an underlying at once by a fraction (0.02 = up 2%), seen at the next prices."""
        self._underlyings[base].jump(fraction)

    def step(self, now_us: int) -> None:
        """
        Let makers and takers act; to be called every 50-100 ms with the exchange's time.

        Does not call `Exchange.advance`.
        """
        for driver in list(self._drivers.values()):
            driver.step(now_us)

    def _follow_listings(self, event: Event) -> None:
        if not isinstance(event, MarketChanged):
            return
        symbol = event.event.market
        if event.event.event_type in (MarketEventType.SETTLED, MarketEventType.DELETED):
            self._drivers.pop(symbol, None)
        elif event.event.event_type is MarketEventType.UPDATED and symbol in self._drivers:
            self._drivers[symbol].relist(self._exchange.queries.market(symbol))
