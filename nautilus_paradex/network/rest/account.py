"""The account's endpoints other than order commands (PROTOCOL 4.2)."""

from collections.abc import AsyncIterator

from nautilus_paradex.network.rest.core import RestCore
from nautilus_paradex.network.rest.core import filter_value
from nautilus_paradex.network.rest.core import segment
from nautilus_paradex.network.rest.core import time_range
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol.messages import AccountInfo
from nautilus_paradex.protocol.messages import AccountMargin
from nautilus_paradex.protocol.messages import AccountProfile
from nautilus_paradex.protocol.messages import AccountSummaryMessage
from nautilus_paradex.protocol.messages import Balance
from nautilus_paradex.protocol.messages import FillMessage
from nautilus_paradex.protocol.messages import FundingPayment
from nautilus_paradex.protocol.messages import MarginRequest
from nautilus_paradex.protocol.messages import MarginUpdate
from nautilus_paradex.protocol.messages import Page
from nautilus_paradex.protocol.messages import PositionMessage
from nautilus_paradex.protocol.messages import Tradebust
from nautilus_paradex.protocol.messages import Transfer


class AccountEndpoints(RestCore):
    """The account's state and settings; errors as of `ParadexHttpClient.request`."""

    # -- ACCOUNT -----------------------------------------------------------------------------------

    async def account(self) -> events.AccountSummary:
        """Return margin and collateral."""
        return json_events.account_summary(await self._get("/account", AccountSummaryMessage))

    async def account_info(self) -> list[AccountInfo]:
        """Return the account with its fee rates, and the accounts that belong to it."""
        return (await self._get("/account/info", Page[AccountInfo])).results

    async def account_profile(self) -> AccountProfile:
        """Return the account's trading preferences."""
        return await self._get("/account/profile", AccountProfile)

    async def balances(self) -> list[Balance]:
        """Return the amount of every token, spot positions among them (trap 61)."""
        return (await self._get("/balance", Page[Balance])).results

    async def positions(self) -> list[events.Position]:
        """Return the positions; CLOSED ones without size may be among them."""
        rows = (await self._get("/positions", Page[PositionMessage])).results
        return [json_events.position(row) for row in rows]

    # -- MARGIN ------------------------------------------------------------------------------------

    async def account_margin(self, market: str) -> AccountMargin:
        """Return the margin setting of a market."""
        return await self._get("/account/margin", AccountMargin, {"market": market})

    async def set_account_margin(self, market: str, request: MarginRequest) -> MarginUpdate:
        """Set leverage and margin type of a market; setting it twice changes nothing."""
        path = f"/account/margin/{segment(market, 'market')}"
        return await self._post_setting(path, MarginUpdate, request)

    # -- HISTORY -----------------------------------------------------------------------------------

    async def iter_fills(
        self,
        *,
        market: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> AsyncIterator[events.Fill]:
        """Yield fills in the venue's order, each (fill type, id) once (trap 52)."""
        rows = self._pages(
            "/fills",
            Page[FillMessage],
            {"market": filter_value(market, "market"), **time_range(start_ms, end_ms)},
            key=lambda row: (row.fill_type, row.id),
        )
        async for row in rows:
            yield json_events.fill(row)

    async def fills(
        self,
        *,
        market: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[events.Fill]:
        """
        Return the fills of a time range, ascending.

        Parameters
        ----------
        market : str, optional
            Every market where None.
        start_ms, end_ms : int, optional
            UNIX milliseconds.

        """
        rows = self.iter_fills(market=market, start_ms=start_ms, end_ms=end_ms)
        fills = [fill async for fill in rows]
        return sorted(fills, key=lambda fill: (fill.created_ns, len(fill.fill_id), fill.fill_id))

    async def funding_payments(
        self, market: str, *, start_ms: int | None = None, end_ms: int | None = None
    ) -> list[FundingPayment]:
        """Return a market's funding payments, ascending: the fills' money again (trap 55)."""
        rows = self._pages(
            "/funding/payments",
            Page[FundingPayment],
            {"market": market, **time_range(start_ms, end_ms)},
            key=lambda row: row.id,
        )
        return sorted([row async for row in rows], key=lambda row: row.created_at)

    async def transfers(
        self,
        *,
        status: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[Transfer]:
        """Return deposits, withdrawals and other transfers, ascending."""
        query = {"status": filter_value(status, "status"), **time_range(start_ms, end_ms)}
        rows = self._pages("/transfers", Page[Transfer], query, key=lambda row: row.id)
        return sorted([row async for row in rows], key=lambda row: row.created_at)

    async def tradebusts(
        self, *, start_ms: int | None = None, end_ms: int | None = None
    ) -> list[Tradebust]:
        """Return the fills that the venue took back, ascending (trap 54)."""
        rows = self._pages(
            "/tradebusts",
            Page[Tradebust],
            time_range(start_ms, end_ms),
            key=lambda row: row.busted_fill_id,
        )
        return sorted([row async for row in rows], key=lambda row: row.created_at)
