"""Candles and rolling statistics of one market."""

from collections import deque
from decimal import Decimal

from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.model import Kline


_MINUTE_US = 60_000_000
_DAY_MINUTES = 1440
#: Minutes kept per price kind: two days.
KLINE_LIMIT = 2880


class _Minute:
    __slots__ = ("close", "high", "low", "minute", "notional", "open", "volume")

    def __init__(self, minute: int, price: Decimal) -> None:
        self.minute = minute
        self.open = self.high = self.low = self.close = price
        self.volume = ZERO
        self.notional = ZERO


class KlineSeries:
    """One-minute candles of one price, two days of them."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: deque[_Minute] = deque(maxlen=KLINE_LIMIT)

    def add(self, now_us: int, price: Decimal, size: Decimal = ZERO) -> None:
        """Add a price, with the size that traded at it."""
        minute = now_us // _MINUTE_US
        row = self._rows[-1] if self._rows else None
        if row is None or row.minute != minute:
            row = _Minute(minute, price)
            self._rows.append(row)
        row.close = price
        if price > row.high:
            row.high = price
        elif price < row.low:
            row.low = price
        if size:
            row.volume += size
            row.notional += size * price

    def klines(self, resolution_minutes: int, start_ms: int, end_ms: int) -> list[Kline]:
        """Return candles of the resolution that start within the bounds, oldest first."""
        candles: list[Kline] = []
        bucket = -1
        for row in self._rows:
            start = row.minute // resolution_minutes * resolution_minutes
            if not start_ms <= start * 60_000 <= end_ms:
                continue
            if start == bucket:
                candles[-1] = _merged(candles[-1], row)
            else:
                bucket = start
                candles.append(
                    Kline(
                        start_ms=start * 60_000,
                        open=row.open,
                        high=row.high,
                        low=row.low,
                        close=row.close,
                        volume=row.volume,
                    )
                )
        return candles

    def day(self, now_us: int) -> tuple[Decimal, Decimal | None]:
        """Return the last 24 hours' notional and the price at their start."""
        first = now_us // _MINUTE_US - _DAY_MINUTES
        notional = ZERO
        price: Decimal | None = None
        for row in reversed(self._rows):
            if row.minute <= first:
                price = row.close
                break
            notional += row.notional
            price = row.open
        return notional, price


def _merged(candle: Kline, row: _Minute) -> Kline:
    return Kline(
        start_ms=candle.start_ms,
        open=candle.open,
        high=max(candle.high, row.high),
        low=min(candle.low, row.low),
        close=row.close,
        volume=candle.volume + row.volume,
    )
