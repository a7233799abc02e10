"""
Sizes that are finer than their instrument (trap 63).

The venue may make a market's lot coarser while old orders and positions keep their sizes. The
framework rounds what is finer than an instrument, so an instrument that an account's state does
not fit is loaded anew with the places that it needs.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.parsing.numbers import places


class InstrumentSource(Protocol):
    """Loads instruments."""

    def need_size_places(self, symbol: str, places: int) -> None:
        """Let a market's sizes have at least these decimal places from its next load on."""

    async def refresh(self, symbols: set[str]) -> list[Instrument]:
        """Read markets anew; return the instruments that have changed."""


class SizePrecision:
    """
    Sees that an account's sizes fit into their instruments.

    Parameters
    ----------
    provider : InstrumentSource
        Loads instruments.
    cache : Cache
        The framework's cache.
    log : Logger
        The room's log.

    """

    def __init__(self, provider: InstrumentSource, cache: Cache, log: Logger) -> None:
        self._provider = provider
        self._cache = cache
        self._log = log

    async def fit(self, snapshot: AccountSnapshot) -> None:
        """
        Load the instruments anew that are coarser than what an account has in them.

        Raises
        ------
        ParadexError
            If the markets cannot be read.

        """
        too_coarse = dict(self._too_coarse(snapshot))
        if not too_coarse:
            return
        for market, needed in too_coarse.items():
            self._provider.need_size_places(market, needed)
        for instrument in await self._provider.refresh(set(too_coarse)):
            self._cache.add_instrument(instrument)
        for market, needed in too_coarse.items():
            self._log.warning(
                f"Sizes of {market} have {needed} decimal places from now on: the account has "
                "orders, fills or a position from before its lot became coarser"
            )

    def _too_coarse(self, snapshot: AccountSnapshot) -> Iterator[tuple[str, int]]:
        needed: dict[str, int] = {}
        for market, size in _sizes(snapshot):
            needed[market] = max(needed.get(market, 0), places(size))
        for market, count in needed.items():
            instrument = self._cache.instrument(instrument_id_of(market))
            if instrument is not None and instrument.size_precision < count:
                yield market, count


def _sizes(snapshot: AccountSnapshot) -> Iterator[tuple[str, Decimal]]:
    for order in snapshot.orders.values():
        yield order.market, order.size
        yield order.market, order.remaining_size
    for fill in snapshot.fills:
        yield fill.market, fill.size
    for position in snapshot.positions:
        yield position.market, position.signed_size
