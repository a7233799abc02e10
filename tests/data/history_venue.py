"""A venue's histories in memory, newest first as the venue pages them, with its open questions."""

from collections.abc import AsyncIterator
from decimal import Decimal

from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import FundingData
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.messages import Kline


class HistoryVenue:
    """
    Answers from lists.

    ``end_is_exclusive`` and ``klines_at_once`` are what the venue does not say of itself.
    """

    def __init__(self) -> None:
        self.clock_offset_ms = 0
        self.kline_rows: dict[tuple[int, str], list[Kline]] = {}
        self.trade_rows: list[Trade] = []
        self.funding_rows: list[FundingData] = []
        self.end_is_exclusive = False
        self.klines_at_once: int | None = None
        self.newest_are_cut = False
        self.kline_asks: list[tuple[int, int]] = []
        self.funding_asks: list[tuple[int, int, int | None]] = []
        self.trades_read = 0
        self.fails: list[ParadexError] = []

    def add_klines(self, first_ms: int, count: int, mins: int = 1, kind: str = "last") -> None:
        """Add klines whose close counts up from 1."""
        rows = self.kline_rows.setdefault((mins, kind), [])
        for _ in range(count):
            number = len(rows) + 1
            price = Decimal(number)
            at = first_ms + len(rows) * mins * 60_000
            rows.append(Kline(at, price, price, price, price, Decimal("0.5")))

    async def klines(
        self,
        market: str,
        *,
        resolution_mins: int,
        start_ms: int,
        end_ms: int,
        price_kind: str | None = None,
    ) -> list[Kline]:
        self.kline_asks.append((start_ms, end_ms))
        if self.fails:
            raise self.fails.pop(0)
        rows = self.kline_rows.get((resolution_mins, price_kind or "last"), [])
        found = [row for row in rows if self._inside(row.open_at, start_ms, end_ms)]
        if self.klines_at_once is None:
            return found
        if self.newest_are_cut:
            return found[: self.klines_at_once]
        return found[-self.klines_at_once :]

    async def iter_trades(
        self,
        market: str | None = None,
        *,
        base_asset: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int | None = None,
        page_size: int = 1_000,
    ) -> AsyncIterator[Trade]:
        for row in reversed(self.trade_rows):
            if self._inside(row.created_ns // 1_000_000, start_ms, end_ms):
                self.trades_read += 1
                yield row

    async def funding_data(
        self,
        market: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int | None = None,
    ) -> list[FundingData]:
        self.funding_asks.append((start_ms or 0, end_ms or 0, limit))
        if self.fails:
            raise self.fails.pop(0)
        found = [
            row
            for row in self.funding_rows
            if self._inside(row.created_ns // 1_000_000, start_ms, end_ms)
        ]
        return found[-(limit or 0) :]

    def _inside(self, moment: int, start_ms: int | None, end_ms: int | None) -> bool:
        if moment < (start_ms or 0):
            return False
        if end_ms is None:
            return True
        return moment < end_ms if self.end_is_exclusive else moment <= end_ms


class Instruments:
    """What is loaded, and what can be."""

    def __init__(self, *loaded: Instrument, others: tuple[Instrument, ...] = ()) -> None:
        self.loaded = {instrument.id: instrument for instrument in loaded}
        self.others = {instrument.id: instrument for instrument in others}

    def find(self, instrument_id: InstrumentId) -> Instrument | None:
        return self.loaded.get(instrument_id)

    def list_all(self) -> list[Instrument]:
        return list(self.loaded.values())

    async def load_async(self, instrument_id: InstrumentId, filters: object = None) -> None:
        if instrument_id not in self.others:
            raise ValueError(f"Paradex has no market {instrument_id.symbol}")
        self.loaded[instrument_id] = self.others[instrument_id]


class Said:
    """A log that is read by tests."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []

    def debug(self, message: str) -> None:
        self.lines.append(("debug", message))

    def info(self, message: str) -> None:
        self.lines.append(("info", message))

    def warning(self, message: str) -> None:
        self.lines.append(("warning", message))

    def error(self, message: str) -> None:
        self.lines.append(("error", message))

    def exception(self, message: str, error: Exception) -> None:
        self.lines.append(("exception", f"{message}: {error!r}"))

    def of(self, level: str) -> list[str]:
        return [message for said, message in self.lines if said == level]


def trade(number: int, at_ms: int, kind: str = "FILL", price: str = "100") -> Trade:
    """Return a trade on BTC-USD-PERP."""
    return Trade(
        market="BTC-USD-PERP",
        seq=None,
        trade_id=f"{number:028d}",
        side=Side.BUY,
        price_e8=int(Decimal(price) * 10**8),
        size_e8=10**8,
        trade_type=kind,
        created_ns=at_ms * 1_000_000,
        published_ns=None,
    )


def funding_row(at_ms: int, rate: str = "0.0001", hours: int = 8) -> FundingData:
    """Return a funding row of BTC-USD-PERP."""
    return FundingData(
        market="BTC-USD-PERP",
        funding_rate=Decimal(rate),
        funding_rate_8h=None,
        funding_index=Decimal(1),
        funding_premium=Decimal(0),
        funding_period_hours=hours,
        impact_premium_rate=None,
        created_ns=at_ms * 1_000_000,
    )
