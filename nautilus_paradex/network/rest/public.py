"""Public endpoints (PROTOCOL 4.1)."""

from collections.abc import AsyncIterator
from collections.abc import Callable
from typing import Final

import msgspec

from nautilus_paradex.network.answers import decoded
from nautilus_paradex.network.rest.core import RestCore
from nautilus_paradex.network.rest.core import segment
from nautilus_paradex.network.rest.core import time_range
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.enums import strict
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.messages import BboMessage
from nautilus_paradex.protocol.messages import FundingDataMessage
from nautilus_paradex.protocol.messages import Kline
from nautilus_paradex.protocol.messages import Market
from nautilus_paradex.protocol.messages import MarketEvent
from nautilus_paradex.protocol.messages import MarketSummaryMessage
from nautilus_paradex.protocol.messages import Page
from nautilus_paradex.protocol.messages import RestBook
from nautilus_paradex.protocol.messages import SettlementPrice
from nautilus_paradex.protocol.messages import SystemConfig
from nautilus_paradex.protocol.messages import SystemStatus
from nautilus_paradex.protocol.messages import SystemTime
from nautilus_paradex.protocol.messages import TradeMessage
from nautilus_paradex.protocol.messages import decode
from nautilus_paradex.protocol.secrecy import scrubbed


ALL_MARKETS = "ALL"

#: Rows a page at most (PROTOCOL 4.1).
TRADES_PAGE = 1_000
FUNDING_PAGE = 5_000

#: Rows that are decoded before other tasks get their turn: a few milliseconds of work.
_DECODED_AT_ONCE: Final = 100


class PublicEndpoints(RestCore):
    """The exchange and its markets; errors as of `ParadexHttpClient.request`."""

    # -- SYSTEM ------------------------------------------------------------------------------------

    async def system_config(self) -> SystemConfig:
        """Return the exchange's configuration, the chain id among it."""
        return await self._get_public("/system/config", SystemConfig)

    async def system_state(self) -> SystemState:
        """
        Return the exchange's state.

        Raises
        ------
        UnmodelledValue
            If the state is not one that we know.

        """
        answer = await self._get_public("/system/state", SystemStatus)
        return strict(SystemState, answer.status, "status")

    async def system_time(self) -> SystemTime:
        """Return the venue's clock; `ParadexHttpClient.warm_up` compares it with ours."""
        return await self._get_public("/system/time", SystemTime)

    # -- MARKETS -----------------------------------------------------------------------------------

    async def markets(
        self, market: str | None = None, *, on_unreadable: Callable[[str], None] | None = None
    ) -> list[Market]:
        """
        Return the specifications of all markets, or of one.

        All of them are several MB (PROTOCOL 4.1), and a loop that does not get its turn loses its
        sockets (trap 11): the rows are decoded a few at a time.

        Parameters
        ----------
        market : str, optional
            The market; all where None.
        on_unreadable : Callable[[str], None], optional
            Told of each row that is not understood, which is left out. Where None, such a row is a
            `TransportError` as for any other answer.

        Raises
        ------
        TransportError
            If the answer, or a row of it that nobody is told of, is not understood.

        """
        answer = await self._get_public("/markets", Page[msgspec.Raw], {"market": market})
        markets = []
        for number, row in enumerate(answer.results, start=1):
            if not number % _DECODED_AT_ONCE:
                await self._http.timing.sleep(0)
            try:
                markets.append(decoded(bytes(row), Market, "GET /markets"))
            except TransportError as error:
                if on_unreadable is None:
                    raise
                on_unreadable(f"{_symbol_in(row)}: {error}")
        return markets

    async def markets_summary(self, market: str = ALL_MARKETS) -> list[events.MarketSummary]:
        """Return the statistics of all markets, or of one."""
        query = {"market": market}
        answer = await self._get_public("/markets/summary", Page[MarketSummaryMessage], query)
        return [json_events.market_summary(row) for row in answer.results]

    async def markets_history(self, market: str | None = None) -> list[MarketEvent]:
        """
        Return what was created, changed, settled and removed in the last 7 days.

        Thousands of options come and go in that time: the rows are decoded as in `markets`.
        """
        query = {"market": market}
        answer = await self._get_public("/markets/history", Page[msgspec.Raw], query)
        found = []
        for number, row in enumerate(answer.results, start=1):
            if not number % _DECODED_AT_ONCE:
                await self._http.timing.sleep(0)
            found.append(decoded(bytes(row), MarketEvent, "GET /markets/history"))
        return found

    async def klines(
        self,
        market: str,
        *,
        resolution_mins: int,
        start_ms: int,
        end_ms: int,
        price_kind: str | None = None,
    ) -> list[Kline]:
        """
        Return bars.

        Parameters
        ----------
        resolution_mins : int
            1, 3, 5, 15, 30 or 60.
        start_ms, end_ms : int
            UNIX milliseconds.
        price_kind : str, optional
            ``last`` (the venue's default), ``mark`` or ``underlying``.

        """
        query = {
            "symbol": market,
            "resolution": resolution_mins,
            **time_range(start_ms, end_ms),
            "price_kind": price_kind,
        }
        return (await self._get_public("/markets/klines", Page[Kline], query)).results

    async def settlement_price(self, market: str) -> SettlementPrice:
        """
        Return the price at which an option settled.

        Raises
        ------
        NotFoundError
            If it has not settled.

        """
        query = {"market": market}
        return await self._get_public("/markets/settlement-price", SettlementPrice, query)

    # -- MARKET DATA -------------------------------------------------------------------------------

    async def orderbook(
        self, market: str, *, depth: int | None = None, interactive: bool = False
    ) -> events.Book:
        """
        Return a book's snapshot.

        Parameters
        ----------
        depth : int, optional
            Levels a side; the venue's 20 where None.
        interactive : bool, default False
            If RPI liquidity is wanted, which may cross the API book (trap 14).

        """
        path = f"/orderbook/{segment(market, 'market')}{'/interactive' if interactive else ''}"
        return json_events.rest_book(await self._get_public(path, RestBook, {"depth": depth}))

    async def bbo(self, market: str, *, interactive: bool = False) -> events.Bbo:
        """Return the best bid and offer; see `orderbook`."""
        path = f"/bbo/{segment(market, 'market')}{'/interactive' if interactive else ''}"
        return json_events.bbo(await self._get_public(path, BboMessage))

    async def iter_trades(
        self,
        market: str | None = None,
        *,
        base_asset: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int | None = None,
        page_size: int = TRADES_PAGE,
    ) -> AsyncIterator[events.Trade]:
        """
        Yield public trades of a market, or of all options on a base asset, newest first.

        See `trades` for the parameters; `page_size` is for who stops reading early.
        """
        rows = self._pages(
            "/trades",
            Page[TradeMessage],
            {"market": market, "baseAsset": base_asset, **time_range(start_ms, end_ms)},
            # An id is unique among the trades of a type only (OpenAPI `TradeResult`).
            key=lambda row: (row.trade_type, row.id),
            limit=limit,
            public=True,
            page_size=page_size,
        )
        async for row in rows:
            yield json_events.trade(row)

    async def trades(
        self,
        market: str | None = None,
        *,
        base_asset: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int | None = None,
    ) -> list[events.Trade]:
        """
        Return public trades, ascending.

        Parameters
        ----------
        market, base_asset : str, optional
            A market, or the base asset of options.
        start_ms, end_ms : int, optional
            UNIX milliseconds.
        limit : int, optional
            How many at most, taken from the first of the venue's pages, which are the newest;
            all of the time range where None.

        """
        rows = self.iter_trades(
            market, base_asset=base_asset, start_ms=start_ms, end_ms=end_ms, limit=limit
        )
        found = [trade async for trade in rows]
        return sorted(found, key=lambda trade: (trade.created_ns, trade.trade_id or ""))

    async def iter_funding_data(
        self,
        market: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[events.FundingData]:
        """Yield a market's funding, a row every 5 s or so; see `trades` for the parameters."""
        rows = self._pages(
            "/funding/data",
            Page[FundingDataMessage],
            {"market": market, **time_range(start_ms, end_ms)},
            key=lambda row: (row.market, row.created_at),
            limit=limit,
            public=True,
            page_size=FUNDING_PAGE,
        )
        async for row in rows:
            yield json_events.funding_data(row)

    async def funding_data(
        self,
        market: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int | None = None,
    ) -> list[events.FundingData]:
        """Return a market's funding, ascending; see `trades` for the parameters."""
        rows = self.iter_funding_data(market, start_ms=start_ms, end_ms=end_ms, limit=limit)
        found = [row async for row in rows]
        return sorted(found, key=lambda row: row.created_ns)


class _Named(msgspec.Struct):
    symbol: str


def _symbol_in(row: msgspec.Raw) -> str:
    try:
        return scrubbed(decode(bytes(row), _Named).symbol)
    except DecodeError:
        return "a market without a name"
