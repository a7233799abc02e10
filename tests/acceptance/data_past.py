"""A venue with a week behind it, and its trades as bars."""

from decimal import Decimal

from nautilus_trader.model.data import Bar

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.paradex import wall_clock_us
from tests.acceptance.node import ETH
from tests.acceptance.node import Trader


MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US

_MARKET = ETH.symbol.value


class Past:
    """
    A venue with a week behind it, whose clock may run behind ours by less than a minute.

    It traded in the last hour, and had a funding rate all the week.
    """

    def __init__(self, behind_us: int = 0) -> None:
        self._behind_us = behind_us
        # The engine's time never goes back.
        self._ago_us = 7 * 24 * HOUR_US
        self.venue = LocalParadex(market=False, clock_us=self.now_us)
        #: The last mark price of each minute of the last hour, by its end in nanoseconds.
        self.marks: dict[int, Decimal] = {}
        exchange = self.venue.exchange
        exchange.register_account("0xfeed", "0xfeed", rpi_allowed=True)
        exchange.deposit("0xfeed", Decimal(10_000_000))
        self.maker, self.taker = Trader(self.venue, "0xfeed"), Trader(self.venue)
        for hours in range(6 * 24 + 20, 0, -2):
            self._ago_us = hours * HOUR_US
            exchange.set_prices(_MARKET, mark=Decimal(2500 + hours), underlying=Decimal(2500))
            for _ in range(4):
                exchange.advance()
                self._ago_us -= 7_000_000
        for minutes in range(50, 5, -1):
            self._ago_us = minutes * MINUTE_US
            close_us = (self.now_us() // MINUTE_US + 1) * MINUTE_US
            # Finer than the tick: a bar has the nearest one.
            exchange.set_prices(_MARKET, mark=Decimal(f"{2500 + minutes}.128"))
            self.marks[close_us * 1_000] = Decimal(f"{2500 + minutes}.13")
            for step in range(minutes % 4):
                self.trade(str(2500 + minutes + step), f"0.{minutes}")
        self._ago_us = 0
        exchange.set_prices(_MARKET, mark=Decimal("2501.2345"), underlying=Decimal(2500))

    def now_us(self) -> int:
        """Return the venue's time."""
        return wall_clock_us() - self._behind_us - self._ago_us

    def trade(self, price: str, size: str) -> None:
        """Trade once; the buyer is the aggressor."""
        self.maker.place("SELL", size, price)
        self.taker.place("BUY", size, price, "IOC")

    def printed(self) -> list[model.Trade]:
        """Return all trades, oldest first."""
        return self.venue.exchange.queries.trades(_MARKET)[::-1]


type Candle = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal]
"""Close in nanoseconds; open, high, low, close; volume."""


def candles(trades: list[model.Trade], minutes: int) -> list[Candle]:
    """Make bars of trades, independently of the engine's own klines."""
    step_us = minutes * MINUTE_US
    by_close: dict[int, list[model.Trade]] = {}
    for trade in trades:
        by_close.setdefault((trade.created_us // step_us + 1) * step_us, []).append(trade)
    return [
        (
            close_us * 1_000,
            rows[0].price,
            max(row.price for row in rows),
            min(row.price for row in rows),
            rows[-1].price,
            sum((row.size for row in rows), Decimal(0)),
        )
        for close_us, rows in sorted(by_close.items())
    ]


def candle(bar: Bar) -> Candle:
    """Return a framework's bar in the same words."""
    values = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    return (bar.ts_event, *(value.as_decimal() for value in values))
