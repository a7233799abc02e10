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
from nautilus_paradex.market_filters import MarketFilters
from nautilus_paradex.market_filters import market_filters
from nautilus_paradex.market_warnings import MarketWarnings
from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.parsing.instruments import ASSET_KINDS
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.messages.account import AccountInfo
from nautilus_paradex.protocol.messages.account import Fees
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.signing import normalize_address


#: Markets that are parsed before other tasks get their turn: a few milliseconds of work.
_CHUNK: Final = 50

#: More ids than these are read with all markets at once: each is a request of its own otherwise.
_FEW: Final = 3

#: The other code for a market that does not exist (PROTOCOL 8.5).
_NO_SYMBOL: Final = "INVALID_SYMBOL"


class MarketReader(Protocol):
    """The REST calls that the provider needs."""

    interactive: bool
    """If the account's orders are retail orders, with fees of their own (PROTOCOL 8.2)."""

    async def markets(
        self, market: str | None = None, *, on_unreadable: Callable[[str], None] | None = None
    ) -> list[Market]:
        """Return the specifications of all markets, or of one."""

    async def account_info(self) -> list[AccountInfo]:
        """Return the account with its fee rates."""


class ParadexInstrumentProvider(InstrumentProvider):
    """
    Provides the instruments of Paradex: perpetuals, options, perpetual options and spot.

    Instruments are only added and replaced: an option that has expired is gone from the venue's
    list, and its orders and fills can still be reconciled.

    A market of an unknown kind or that makes no sense costs no other. Each such kind, and each
    value that is not known otherwise, is said once.

    Parameters
    ----------
    client : MarketReader
        Reads the markets.
    clock : LiveClock
        For the instruments' timestamps.
    config : InstrumentProviderConfig
        What to load.
    account : Callable[[], str], optional
        The address of the account whose own fee rates are taken; empty where there is none.

    Raises
    ------
    ValueError
        If the config's `filters` have an unknown name or value.

    """

    def __init__(
        self,
        client: MarketReader,
        clock: LiveClock,
        config: InstrumentProviderConfig,
        *,
        account: Callable[[], str] = lambda: "",
    ) -> None:
        super().__init__(config=config)
        self._client = client
        self._clock = clock
        self._account = account
        self._provider_config = config
        self._accepts: Callable[[Instrument], bool] | None = (
            _callable_at(config.filter_callable) if config.filter_callable else None
        )
        self._given = market_filters(config.filters)
        self._own = MarketFilters()
        self._takes_rfq_only = True
        if isinstance(config, ParadexInstrumentProviderConfig):
            self._takes_rfq_only = config.include_rfq_only
            self._own = MarketFilters(config.asset_kinds, config.base_currencies)
        self._warnings = MarketWarnings(self._warn)
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
            If there is no such filter or kind, or the venue has none of the base currencies.
        ParadexError
            If the markets or the account's fee rates cannot be read; nothing is loaded then.

        """
        given = market_filters(filters)
        listed = await self._read()
        self._check_bases(listed, given)
        markets = [m for m in listed if self._is_wanted(m) and given.passes(m)]
        self._warnings.unknown(markets)
        modelled = [market for market in markets if market.asset_kind in ASSET_KINDS]
        self._warnings.skipped(await self._take(modelled, self._accepts))

    async def load_ids_async(
        self, instrument_ids: list[InstrumentId], filters: dict[str, Any] | None = None
    ) -> None:
        """
        Load the given instruments, whatever the config's own filters say.

        A market may be delisted any day, and a node that trades others must start all the same: an
        instrument that cannot be loaded is an error in the log, and raised only if there is none
        of those that are asked for.

        Raises
        ------
        ValueError
            If one is of another venue, a filter is wrong, or none of the instruments exists on
            Paradex and can be an instrument.
        ParadexError
            If the markets or the account's fee rates cannot be read; nothing is loaded then.

        """
        given = market_filters(filters)
        wanted = {_symbol(instrument_id) for instrument_id in instrument_ids}
        if not wanted:
            return
        markets = await self._named(wanted)
        self._warnings.unknown([market for market in markets if market.asset_kind in ASSET_KINDS])
        skipped = await self._take([market for market in markets if given.passes(market)], None)
        missing = wanted - {market.symbol for market in markets}
        problems = [f"Paradex has no market {symbol}" for symbol in sorted(missing)]
        problems += skipped.values()
        if not problems:
            return
        if all(self._known(symbol) is None for symbol in wanted):
            raise ValueError("; ".join(problems))
        self._log.error(f"Going on without instruments that were asked for: {'; '.join(problems)}")

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
        before = {symbol: self._known(symbol) for symbol in symbols if self._may_load(symbol)}
        if not before:
            return []
        known, new = [], []
        for market in await self._named(set(before)):
            if before[market.symbol] is not None:
                known.append(market)
            elif self._would_load(market):
                new.append(market)
        if not known and not new:
            return []
        self._warnings.unknown([*known, *new])
        modelled = [market for market in new if market.asset_kind in ASSET_KINDS]

        def accepts(instrument: Instrument) -> bool:
            # What is there already was wanted, whatever it has become.
            is_known = before[instrument.id.symbol.value] is not None
            return is_known or self._accepts is None or self._accepts(instrument)

        skipped = await self._take([*known, *modelled], accepts)
        for market in known:
            reason = skipped.pop(market.symbol, None)
            if reason is not None:
                self._log.error(f"Going on with an instrument that is out of date: {reason}")
        self._warnings.skipped(skipped)
        return await self._changed(before)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _known(self, symbol: str) -> Instrument | None:
        try:
            return self.find(instrument_id_of(symbol))
        except DecodeError:
            return None

    def _would_load(self, market: Market) -> bool:
        """If the configuration loads a market that was not there at the start."""
        if not self._provider_config.load_all:
            return self._may_load(market.symbol)
        return self._is_wanted(market) and self._given.passes(market)

    def _may_load(self, symbol: str) -> bool:
        """If a market is loaded, or the configuration may load it, as far as its name tells."""
        config = self._provider_config
        if config.load_all or symbol in self._markets:
            return True
        # Ids come as texts too.
        return f"{symbol}.{PARADEX_VENUE}" in map(str, config.load_ids or ())

    async def _changed(self, before: dict[str, Instrument | None]) -> list[Instrument]:
        changed = []
        for number, (symbol, old) in enumerate(before.items(), start=1):
            if not number % _CHUNK:
                await asyncio.sleep(0)
            new = self._known(symbol)
            if new is not None and not _is_same(old, new):
                changed.append(new)
        return changed

    async def _read(self, symbol: str | None = None) -> list[Market]:
        """Return the markets that are understood; a row that is not costs no other."""
        unreadable: list[str] = []
        markets = await self._client.markets(symbol, on_unreadable=unreadable.append)
        if unreadable and not markets:
            raise TransportError(f"no market is understood: {unreadable[0]}", sent=True)
        self._warnings.unreadable(unreadable)
        return markets

    async def _named(self, symbols: set[str]) -> list[Market]:
        if len(symbols) > _FEW:
            return [market for market in await self._read() if market.symbol in symbols]
        markets = []
        for symbol in sorted(symbols):
            try:
                markets += [m for m in await self._read(symbol) if m.symbol == symbol]
            except VenueError as e:
                if not isinstance(e, NotFoundError) and e.code != _NO_SYMBOL:
                    raise
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
        return parse_instrument(
            market, fees, now, size_places=places, interactive=self._client.interactive
        )

    def _add(self, market: Market, instrument: Instrument) -> None:
        self._markets[market.symbol] = market
        self.need_size_places(market.symbol, instrument.size_precision)
        self.add_currency(instrument.get_base_currency())
        self.add(instrument)

    async def _fees(self) -> Fees | None:
        account = self._account()
        if not account:
            return None
        try:
            rows = await self._client.account_info()
        except NotFoundError as e:
            self._warnings.once("account", f"The account's own fee rates cannot be read: {e}")
            return None
        for row in rows:
            if _is_address(row.account, account):
                return row.fees
        if not rows:
            self._warnings.once("account", f"No fee rates of account {account} are known")
            return None
        other = rows[0].account
        self._warnings.once(
            "account", f"/account/info does not name {account}: the fee rates of {other} are taken"
        )
        return rows[0].fees

    def _check_bases(self, markets: list[Market], given: MarketFilters) -> None:
        """Say which base currencies no market has; raise if that leaves nothing."""
        for filters in (given, self._own):
            absent = filters.absent_bases(markets)
            if absent:
                text = f"base_currencies: Paradex has no market of {', '.join(absent)}"
                if len(absent) == len(filters.base_currencies or ()):
                    raise ValueError(text)
                self._log.warning(text)

    def _warn(self, text: str) -> None:
        if self._provider_config.log_warnings:
            self._log.warning(text)

    def _is_wanted(self, market: Market) -> bool:
        is_hidden = market.trading_mode == "RFQ_ONLY" and not self._takes_rfq_only
        return not is_hidden and self._own.passes(market)


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


def _is_address(text: str, address: str) -> bool:
    try:
        return normalize_address(text) == normalize_address(address)
    except EncodeError:
        return False


def _callable_at(path: str) -> Callable[[Instrument], bool]:
    found: Any = resolve_path(path)
    if not callable(found):
        raise TypeError(f"filter_callable {path} is not callable")
    return found  # type: ignore[no-any-return]  # what it returns is read as a truth value
