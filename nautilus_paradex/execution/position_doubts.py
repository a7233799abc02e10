"""
Positions of REST that fills do not explain: they must last before they are taken over (S7).

The venue's list of positions may lag behind its list of fills. The framework makes up trades until
its position is the reported one: taken at its word, a position of a second ago would undo a fill.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.execution.reports import PositionStatusReport
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.numbers import signed_size_of
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import Position
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import total


#: How long a position has to be off by as much until it is taken over, seconds.
LASTING_SECS: Final = 5.0

#: The same for one that says itself that it is older than a fill of its market.
OUTDATED_SECS: Final = 60.0

_NS_PER_MS: Final = 1_000_000


class PositionDoubts:
    """
    Compares position reports with what the framework holds once it has taken a reading's fills.

    Parameters
    ----------
    account_id : AccountId
        The account.
    cache : Cache
        The framework's cache.
    timing : Timing
        Clock.
    log : Logger
        The room's log.

    """

    def __init__(self, account_id: AccountId, cache: Cache, timing: Timing, log: Logger) -> None:
        self._account_id = account_id
        self._cache = cache
        self._timing = timing
        self._log = log
        self._since: dict[InstrumentId, tuple[Decimal, float]] = {}
        self.is_open = False
        """If the last reading left a doubt that another one has to settle."""

    def sift(
        self, reports: Iterable[PositionStatusReport], outdated: frozenset[str]
    ) -> list[PositionStatusReport]:
        """
        Return the reports that agree, and those that have been off by as much for long enough.

        Parameters
        ----------
        reports : Iterable[PositionStatusReport]
            What the venue says.
        outdated : frozenset[str]
            Markets whose position is older than a fill (`outdated_markets`).

        """
        since: dict[InstrumentId, tuple[Decimal, float]] = {}
        certain = []
        now = self._timing.monotonic()
        for report in reports:
            key = report.instrument_id
            here = self._held(key)
            offset = minus(report.signed_decimal_qty, here)
            known, first = self._since.get(key, (None, now))
            if known != offset:
                first = now
            lasting = OUTDATED_SECS if key.symbol.value in outdated else LASTING_SECS
            if not offset or now - first >= lasting:
                certain.append(report)
                continue
            since[key] = (offset, first)
            self._log.warning(
                f"Position {key} is {here:f} here and {report.signed_decimal_qty:f} at the venue: "
                "looking again before it is taken over"
            )
        self._since = since
        self.is_open = bool(since)
        return certain

    def _held(self, instrument_id: InstrumentId) -> Decimal:
        positions = self._cache.positions_open(
            venue=None, instrument_id=instrument_id, account_id=self._account_id
        )
        return total(signed_size_of(position) for position in positions)


def outdated_markets(positions: Iterable[Position], fills: Iterable[Fill]) -> frozenset[str]:
    """Return the markets whose position was updated before their newest fill."""
    newest: dict[str, int] = {}
    for fill in fills:
        newest[fill.market] = max(fill.created_ns, newest.get(fill.market, 0))
    # REST truncates to milliseconds what the stream gives in microseconds.
    return frozenset(
        position.market
        for position in positions
        if position.updated_ns // _NS_PER_MS < newest.get(position.market, 0) // _NS_PER_MS
    )
