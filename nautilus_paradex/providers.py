"""The instrument provider."""

import asyncio
from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.config import ParadexInstrumentProviderConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.messages.account import AccountInfo
from nautilus_paradex.protocol.messages.account import Fees
from nautilus_paradex.protocol.messages.markets import Market


#: Markets that are parsed before other tasks get their turn: a few milliseconds of work.
_CHUNK: Final = 50


class MarketReader(Protocol):
    """The REST calls that the provider needs."""

    async def markets(self, market: str | None = None) -> list[Market]:
        """Return the specifications of all markets, or of one."""

    async def account_info(self) -> list[AccountInfo]:
        """Return the account with its fee rates."""


class ParadexInstrumentProvider(InstrumentProvider):
    """
    Provides the instruments of Paradex: perpetuals, options, perpetual options and spot.

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
        self._markets: dict[str, Market] = {}

    def market(self, symbol: str) -> Market | None:
        """Return the venue's own specification of a loaded market."""
        return self._markets.get(symbol)

    async def load_all_async(self, filters: dict[str, Any] | None = None) -> None:
        """
        Load all markets that the filters let pass.

        Parameters
        ----------
        filters : dict, optional
            ``asset_kinds`` and ``base_currencies``, as the provider's config has them.

        Raises
        ------
        ParadexError
            If the markets cannot be read.

        """
        markets = [m for m in await self._client.markets() if self._is_wanted(m, filters)]
        await self._take(markets)
        self._log.info(f"Loaded {self.count} Paradex instruments")

    async def load_ids_async(
        self, instrument_ids: list[InstrumentId], filters: dict[str, Any] | None = None
    ) -> None:
        """
        Load the given instruments.

        Raises
        ------
        ValueError
            If one is of another venue or does not exist on Paradex.
        ParadexError
            If the markets cannot be read.

        """
        wanted = {self._symbol(instrument_id) for instrument_id in instrument_ids}
        if not wanted:
            return
        # One request for a few markets, all markets for many: each row is a request otherwise.
        markets: list[Market] = []
        if len(wanted) <= 3:
            for symbol in sorted(wanted):
                markets += await self._one(symbol)
        else:
            markets = [m for m in await self._client.markets() if m.symbol in wanted]
        missing = wanted - {market.symbol for market in markets}
        if missing:
            raise ValueError(f"Paradex has no market {', '.join(sorted(missing))}")
        await self._take([m for m in markets if self._passes(m, filters)])

    async def load_async(
        self, instrument_id: InstrumentId, filters: dict[str, Any] | None = None
    ) -> None:
        """Load one instrument; errors as of `load_ids_async`."""
        await self.load_ids_async([instrument_id], filters)

    # -- INTERNAL ----------------------------------------------------------------------------------

    async def _one(self, symbol: str) -> list[Market]:
        try:
            return [m for m in await self._client.markets(symbol) if m.symbol == symbol]
        except NotFoundError:
            return []

    async def _take(self, markets: list[Market]) -> None:
        fees = await self._fees()
        self.add_currency(USDC)
        for number, market in enumerate(markets):
            if number % _CHUNK == _CHUNK - 1:
                await asyncio.sleep(0)
            instrument = self._parsed(market, fees)
            if instrument is not None:
                self._markets[market.symbol] = market
                base = instrument.get_base_currency()
                if base is not None:
                    self.add_currency(base)
                self.add(instrument)

    def _parsed(self, market: Market, fees: Fees | None) -> Instrument | None:
        try:
            return parse_instrument(market, fees, self._clock.timestamp_ns())
        except DecodeError as e:
            if self._provider_config.log_warnings:
                self._log.warning(f"Skipped a market: {e}")
            return None

    async def _fees(self) -> Fees | None:
        if not self._has_account():
            return None
        accounts = await self._client.account_info()
        return accounts[0].fees if accounts else None

    def _is_wanted(self, market: Market, filters: dict[str, Any] | None) -> bool:
        config = self._provider_config
        if isinstance(config, ParadexInstrumentProviderConfig):
            if market.trading_mode == "RFQ_ONLY" and not config.include_rfq_only:
                return False
            if config.asset_kinds is not None and market.asset_kind not in config.asset_kinds:
                return False
            bases = config.base_currencies
            if bases is not None and market.base_currency not in bases:
                return False
        return self._passes(market, filters)

    @staticmethod
    def _passes(market: Market, filters: dict[str, Any] | None) -> bool:
        filters = filters or {}
        kinds, bases = filters.get("asset_kinds"), filters.get("base_currencies")
        return (kinds is None or market.asset_kind in kinds) and (
            bases is None or market.base_currency in bases
        )

    @staticmethod
    def _symbol(instrument_id: InstrumentId) -> str:
        if instrument_id.venue != PARADEX_VENUE:
            raise ValueError(f"{instrument_id} is not an instrument of {PARADEX_VENUE}")
        return str(instrument_id.symbol.value)
