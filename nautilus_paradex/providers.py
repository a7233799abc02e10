"""The instrument provider."""

import asyncio
from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.config import resolve_path
from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.config import ParadexInstrumentProviderConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.messages.account import AccountInfo
from nautilus_paradex.protocol.messages.account import Fees
from nautilus_paradex.protocol.messages.markets import Market


#: Markets that are parsed before other tasks get their turn: a few milliseconds of work.
_CHUNK: Final = 50

#: More ids than these are read with all markets at once: each is a request of its own otherwise.
_FEW: Final = 3

_FILTERS: Final = ("asset_kinds", "base_currencies")


class MarketReader(Protocol):
    """The REST calls that the provider needs."""

    async def markets(self, market: str | None = None) -> list[Market]:
        """Return the specifications of all markets, or of one."""

    async def account_info(self) -> list[AccountInfo]:
        """Return the account with its fee rates."""


class ParadexInstrumentProvider(InstrumentProvider):
    """
    Provides the instruments of Paradex: perpetuals, options, perpetual options and spot.

    Instruments are only added and replaced: an option that has expired is gone from the venue's
    list, and its orders and fills can still be reconciled.

    Parameters
    ----------
    client : MarketReader
        Reads the markets.
    clock : LiveClock
        For the instruments' timestamps.
    config : InstrumentProviderConfig
        What to load.
    has_account : Callable[[], bool], optional
        If the account's own fee rates can be read.

    """

    def __init__(
        self,
        client: MarketReader,
        clock: LiveClock,
        config: InstrumentProviderConfig,
        *,
        has_account: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(config=config)
        self._client = client
        self._clock = clock
        self._has_account = has_account
        self._provider_config = config
        self._accepts: Callable[[Instrument], bool] | None = (
            _callable_at(config.filter_callable) if config.filter_callable else None
        )
        self._passes = _filter_of(config.filters)
        self._markets: dict[str, Market] = {}
        self._size_places: dict[str, int] = {}

    def market(self, symbol: str) -> Market | None:
        """Return the venue's own specification of a loaded market."""
        return self._markets.get(symbol)

    def need_size_places(self, symbol: str, places: int) -> None:
        """
        Let a market's sizes have at least these decimal places from its next load on.

        After the venue has made a lot coarser, old positions and orders are finer than the new one
        (trap 63). An instrument never loses places by a reload; this is for those from before the
        start, of which a `TooFineError` tells.
        """
        self._size_places[symbol] = max(self._size_places.get(symbol, 0), places)

    async def load_all_async(self, filters: dict[str, Any] | None = None) -> None:
        """
        Load all markets that the filters let pass.

        Parameters
        ----------
        filters : dict, optional
            ``asset_kinds`` and ``base_currencies``, as the provider's config has them.

        Raises
        ------
        ValueError
            If there is no such filter.
        ParadexError
            If the markets or the account's fee rates cannot be read; nothing is loaded then.

        """
        passes = _filter_of(filters)
        markets = [m for m in await self._client.markets() if self._is_wanted(m) and passes(m)]
        skipped = await self._take(markets, self._accepts)
        if skipped and self._provider_config.log_warnings:
            self._log.warning(f"Skipped {len(skipped)} markets: {'; '.join(skipped.values())}")

    async def load_ids_async(
        self, instrument_ids: list[InstrumentId], filters: dict[str, Any] | None = None
    ) -> None:
        """
        Load the given instruments, whatever the config's own filters say.

        Raises
        ------
        ValueError
            If one is of another venue, does not exist on Paradex or cannot be an instrument; the
            others are loaded.
        ParadexError
            If the markets or the account's fee rates cannot be read; nothing is loaded then.

        """
        passes = _filter_of(filters)
        wanted = {_symbol(instrument_id) for instrument_id in instrument_ids}
        if not wanted:
            return
        markets = await self._named(wanted)
        skipped = await self._take([market for market in markets if passes(market)], None)
        missing = wanted - {market.symbol for market in markets}
        problems = [f"Paradex has no market {symbol}" for symbol in sorted(missing)]
        problems += skipped.values()
        if problems:
            raise ValueError("; ".join(problems))

    async def load_async(
        self, instrument_id: InstrumentId, filters: dict[str, Any] | None = None
    ) -> None:
        """Load one instrument; errors as of `load_ids_async`."""
        await self.load_ids_async([instrument_id], filters)

    def symbols(self) -> set[str]:
        """Return the symbols of the loaded markets."""
        return set(self._markets)

    async def refresh(self, symbols: set[str]) -> list[Instrument]:
        """
        Read markets anew, and take over what the configuration would have loaded.

        Parameters
        ----------
        symbols : set[str]
            The markets; one that is not listed any more keeps its instrument.

        Returns
        -------
        list[Instrument]
            The instruments that are new or have changed.

        Raises
        ------
        ParadexError
            If the markets or the account's fee rates cannot be read; nothing is changed then.

        """
        before = {symbol: self._known(symbol) for symbol in symbols}
        markets = [
            market
            for market in await self._named(symbols)
            if before[market.symbol] is not None or self._would_load(market)
        ]
        if not markets:
            return []

        def accepts(instrument: Instrument) -> bool:
            # What is there already was wanted, whatever it has become.
            is_known = before[instrument.id.symbol.value] is not None
            return is_known or self._accepts is None or self._accepts(instrument)

        skipped = await self._take(markets, accepts)
        if skipped:
            self._log.error(
                f"Cannot take over {len(skipped)} markets: {'; '.join(skipped.values())}"
            )
        return await self._changed(before)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _known(self, symbol: str) -> Instrument | None:
        try:
            return self.find(instrument_id_of(symbol))
        except DecodeError:
            return None

    def _would_load(self, market: Market) -> bool:
        """If the configuration loads a market that was not there at the start."""
        config = self._provider_config
        if not config.load_all:
            # Ids come as texts too.
            return f"{market.symbol}.{PARADEX_VENUE}" in map(str, config.load_ids or ())
        return self._is_wanted(market) and self._passes(market)

    async def _changed(self, before: dict[str, Instrument | None]) -> list[Instrument]:
        changed = []
        for number, (symbol, old) in enumerate(before.items(), start=1):
            if not number % _CHUNK:
                await asyncio.sleep(0)
            new = self._known(symbol)
            if new is not None and not _is_same(old, new):
                changed.append(new)
        return changed

    async def _named(self, symbols: set[str]) -> list[Market]:
        if len(symbols) > _FEW:
            return [m for m in await self._client.markets() if m.symbol in symbols]
        markets = []
        for symbol in sorted(symbols):
            try:
                markets += [m for m in await self._client.markets(symbol) if m.symbol == symbol]
            except NotFoundError:
                continue  # the caller says which are missing
        return markets

    async def _take(
        self, markets: list[Market], accepts: Callable[[Instrument], bool] | None
    ) -> dict[str, str]:
        """Add the markets' instruments; return the reasons of those that cannot be."""
        fees = await self._fees()
        self.add_currency(USDC)
        skipped = {}
        for number, market in enumerate(markets, start=1):
            if not number % _CHUNK:
                await asyncio.sleep(0)
            try:
                instrument = self._parsed(market, fees)
            except DecodeError as e:
                skipped[market.symbol] = str(e)
                continue
            if accepts is None or accepts(instrument):
                self._add(market, instrument)
        return skipped

    def _parsed(self, market: Market, fees: Fees | None) -> Instrument:
        now = self._clock.timestamp_ns()
        places = self._size_places.get(market.symbol, 0)
        return parse_instrument(market, fees, now, size_places=places)

    def _add(self, market: Market, instrument: Instrument) -> None:
        self._markets[market.symbol] = market
        self.need_size_places(market.symbol, instrument.size_precision)
        self.add_currency(instrument.get_base_currency())
        self.add(instrument)

    async def _fees(self) -> Fees | None:
        if not self._has_account():
            return None
        # The account itself comes first, those that belong to it after.
        accounts = await self._client.account_info()
        return accounts[0].fees if accounts else None

    def _is_wanted(self, market: Market) -> bool:
        config = self._provider_config
        if not isinstance(config, ParadexInstrumentProviderConfig):
            return True
        if market.trading_mode == "RFQ_ONLY" and not config.include_rfq_only:
            return False
        if config.asset_kinds is not None and market.asset_kind not in config.asset_kinds:
            return False
        return config.base_currencies is None or market.base_currency in config.base_currencies


def _is_same(before: Instrument | None, now: Instrument) -> bool:
    """If two instruments differ in nothing but the time at which they were read."""
    if before is now:
        return True
    if before is None or type(before) is not type(now):
        return False
    old, new = (type(its).to_dict(its) for its in (before, now))
    return all(old[key] == new[key] for key in new if not key.startswith("ts_"))


def _symbol(instrument_id: InstrumentId) -> str:
    if instrument_id.venue != PARADEX_VENUE:
        raise ValueError(f"{instrument_id} is not an instrument of {PARADEX_VENUE}")
    return str(instrument_id.symbol.value)


def _filter_of(filters: dict[str, Any] | None) -> Callable[[Market], bool]:
    """Return what a dict of filters lets pass; a text stands for itself alone."""
    filters = filters or {}
    unknown = sorted(set(filters) - set(_FILTERS))
    if unknown:
        raise ValueError(f"there is no filter {', '.join(unknown)}; use {' and '.join(_FILTERS)}")
    kinds, bases = (_names(filters.get(name)) for name in _FILTERS)

    def passes(market: Market) -> bool:
        return (kinds is None or market.asset_kind in kinds) and (
            bases is None or market.base_currency in bases
        )

    return passes


def _names(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset({value}) if isinstance(value, str) else frozenset(value)


def _callable_at(path: str) -> Callable[[Instrument], bool]:
    found: Any = resolve_path(path)
    if not callable(found):
        raise TypeError(f"filter_callable {path} is not callable")
    return found  # type: ignore[no-any-return]  # what it returns is read as a truth value
