"""
A market's summary as the framework's data: mark and index prices, funding, greeks, statistics.

Called inside the socket's read: nothing here awaits, and nothing is made that nobody wants.
"""

from collections.abc import Callable
from enum import Enum
from enum import auto
from typing import Any

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.statistics import funding_interval
from nautilus_paradex.parsing.statistics import has_funding
from nautilus_paradex.parsing.statistics import is_option
from nautilus_paradex.parsing.statistics import missing_greek
from nautilus_paradex.parsing.statistics import parse_funding_rate
from nautilus_paradex.parsing.statistics import parse_index_price
from nautilus_paradex.parsing.statistics import parse_mark_price
from nautilus_paradex.parsing.statistics import parse_market_statistics
from nautilus_paradex.parsing.statistics import parse_option_greeks
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import MarketSummary


class SummaryKind(Enum):
    """What can be wanted of a market's summaries."""

    MARK_PRICE = auto()
    INDEX_PRICE = auto()
    FUNDING_RATE = auto()
    OPTION_GREEKS = auto()
    STATISTICS = auto()


class _Wants:
    """What is wanted of one market."""

    __slots__ = ("funding", "instrument_id", "interval", "kinds")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument_id: InstrumentId = instrument.id
        self.interval = funding_interval(instrument)
        self.kinds: frozenset[SummaryKind] = frozenset()
        #: The funding rate and interval that were given on last.
        self.funding: tuple[int, int | None] | None = None


class MarketSummaries:
    """
    Gives summaries on to who wants something of them.

    Mark prices, index prices, greeks and statistics come with every summary that carries them: that
    they were said again is news too. Funding comes when its rate or its interval changes.

    Parameters
    ----------
    emit : Callable[[Any], None]
        Gives data to the framework.
    clock : LiveClock
        The framework's clock.
    log : Logger
        The room's log.

    """

    def __init__(self, *, emit: Callable[[Any], None], clock: LiveClock, log: Logger) -> None:
        self._emit = emit
        self._clock = clock
        self._log = log
        self._wants: dict[str, _Wants] = {}
        self._faulty: set[str] = set()
        self._missing_greeks: set[str] = set()
        self.frames = 0
        self._makers: dict[SummaryKind, Callable[[MarketSummary, _Wants, int], Any]] = {
            SummaryKind.MARK_PRICE: _mark_price,
            SummaryKind.INDEX_PRICE: _index_price,
            SummaryKind.FUNDING_RATE: _funding_rate,
            SummaryKind.OPTION_GREEKS: _option_greeks,
            SummaryKind.STATISTICS: _statistics,
        }

    # -- WHAT IS WANTED ----------------------------------------------------------------------------

    def want(self, market: str, kind: SummaryKind, instrument: Instrument) -> None:
        """
        Give a kind of a market's data on.

        Raises
        ------
        EncodeError
            If the instrument has no such thing.

        """
        if kind is SummaryKind.OPTION_GREEKS and not is_option(instrument):
            raise EncodeError(f"{instrument.id} is no option: it has no greeks to subscribe to")
        if kind is SummaryKind.FUNDING_RATE and not has_funding(instrument):
            raise EncodeError(f"{instrument.id} pays no funding")
        wants = self._wants.get(market)
        if wants is None:
            wants = self._wants[market] = _Wants(instrument)
        wants.kinds |= {kind}
        if kind is SummaryKind.FUNDING_RATE:
            wants.funding = None

    def drop(self, market: str, kind: SummaryKind) -> bool:
        """Give a kind on no longer; return if anything is still wanted of the market."""
        wants = self._wants.get(market)
        if wants is None:
            return False
        wants.kinds -= {kind}
        if not wants.kinds:
            del self._wants[market]
            self._faulty.discard(market)
        return bool(wants.kinds)

    def rescale(self, instrument: Instrument) -> None:
        """Let a changed instrument's funding have its new period."""
        wants = self._wants.get(instrument.id.symbol.value)
        if wants is not None:
            wants.interval = funding_interval(instrument)

    def markets(self) -> list[str]:
        """Return the markets of which anything is wanted."""
        return list(self._wants)

    # -- EVENTS ------------------------------------------------------------------------------------

    def on_summary(self, event: MarketSummary) -> None:
        """Take a market's summary."""
        self.frames += 1
        wants = self._wants.get(event.market)
        if wants is None:
            return
        now = self._clock.timestamp_ns()
        for kind in wants.kinds:
            try:
                made = self._makers[kind](event, wants, now)
            except NumberError as e:
                self._say_faulty(event.market, kind, e)
                continue
            if made is not None:
                self._emit(made)
            elif kind is SummaryKind.OPTION_GREEKS:
                self._say_missing(event)

    def _say_missing(self, event: MarketSummary) -> None:
        """Say once of each greek that options without it stay silent: none is made up."""
        name = missing_greek(event)
        if name is not None and name not in self._missing_greeks:
            self._missing_greeks.add(name)
            self._log.warning(
                f"The venue gives no {name} for {event.market}: an option has no greeks while one "
                "of them is missing; not said again of others"
            )

    def _say_faulty(self, market: str, kind: SummaryKind, error: NumberError) -> None:
        if market not in self._faulty:
            self._faulty.add(market)
            self._log.error(f"{kind.name} of {market} cannot be given on: {error}")


def _mark_price(event: MarketSummary, wants: _Wants, now: int) -> Any:
    return parse_mark_price(event, wants.instrument_id, now)


def _index_price(event: MarketSummary, wants: _Wants, now: int) -> Any:
    return parse_index_price(event, wants.instrument_id, now)


def _option_greeks(event: MarketSummary, wants: _Wants, now: int) -> Any:
    return parse_option_greeks(event, wants.instrument_id, now)


def _statistics(event: MarketSummary, wants: _Wants, now: int) -> Any:
    return parse_market_statistics(event, wants.instrument_id, now).to_custom_data()


def _funding_rate(event: MarketSummary, wants: _Wants, now: int) -> Any:
    rate = event.funding_rate_e12
    if rate is None or wants.funding == (rate, wants.interval):
        return None
    wants.funding = (rate, wants.interval)
    return parse_funding_rate(event, wants.instrument_id, wants.interval, now)
