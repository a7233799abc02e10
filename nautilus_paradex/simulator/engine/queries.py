"""What can be asked of the exchange without changing anything."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from nautilus_paradex.simulator.engine.accounts import SETTLEMENT_ASSET
from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.arithmetic import ONE
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.bookkeeping import position_of
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.core import bbo_of
from nautilus_paradex.simulator.engine.entry import own_order
from nautilus_paradex.simulator.engine.enums import OPTION_KINDS
from nautilus_paradex.simulator.engine.funding import funding_data
from nautilus_paradex.simulator.engine.margin import leverage
from nautilus_paradex.simulator.engine.margin import summarize
from nautilus_paradex.simulator.engine.model import AccountInfo
from nautilus_paradex.simulator.engine.model import AccountSummary
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import Balance
from nautilus_paradex.simulator.engine.model import Bbo
from nautilus_paradex.simulator.engine.model import BookSnapshot
from nautilus_paradex.simulator.engine.model import Fill
from nautilus_paradex.simulator.engine.model import FundingData
from nautilus_paradex.simulator.engine.model import FundingPayment
from nautilus_paradex.simulator.engine.model import Kline
from nautilus_paradex.simulator.engine.model import Liquidation
from nautilus_paradex.simulator.engine.model import MarginConfig
from nautilus_paradex.simulator.engine.model import MarketEvent
from nautilus_paradex.simulator.engine.model import MarketSpec
from nautilus_paradex.simulator.engine.model import MarketSummary
from nautilus_paradex.simulator.engine.model import Order
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import Position
from nautilus_paradex.simulator.engine.model import PriceKind
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import SettlementPrice
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import Trade
from nautilus_paradex.simulator.engine.model import Tradebust
from nautilus_paradex.simulator.engine.model import Transaction
from nautilus_paradex.simulator.engine.model import Transfer
from nautilus_paradex.simulator.engine.statistics import impact_price
from nautilus_paradex.simulator.engine.statistics import snapshot
from nautilus_paradex.simulator.engine.statistics import summary


class Queries:
    """
    The read side of the exchange.

    Lists are newest first and complete up to the history limit: paging is the server's. Time
    bounds are UNIX milliseconds, both inclusive, None = open.

    Raises
    ------
    Refusal
        MARKET_NOT_FOUND, ACCOUNT_NOT_FOUND, ORDER_ID_NOT_FOUND, CLIENT_ORDER_ID_NOT_FOUND,
        MARKET_NOT_SETTLED where the thing asked for does not exist.

    """

    def __init__(self, core: Core) -> None:
        self._core = core

    # -- MARKETS --------------------------------------------------------------------------------

    def markets(self) -> list[MarketSpec]:
        """Return all listings, in the order of listing; settled ones are gone."""
        return [market.spec for market in self._core.markets.values()]

    def market(self, market: str) -> MarketSpec:
        """Return one listing."""
        return self._core.market(market).spec

    def market_history(self, market: str | None = None) -> list[MarketEvent]:
        """Return events of listings, of delisted markets too."""
        return [row for row in reversed(self._core.market_events) if market in (None, row.market)]

    def settlement_price(self, market: str) -> SettlementPrice:
        """Return how a market settled."""
        row = self._core.settled.get(market)
        if row is None:
            self._core.market(market)
            raise Refusal("MARKET_NOT_SETTLED", f"market {market} is not settled")
        return row

    def market_summary(self, market: str) -> MarketSummary:
        """Return prices, statistics and greeks of a market."""
        return summary(self._core, self._core.market(market))

    def book(
        self,
        market: str,
        depth: int | None = 20,
        *,
        interactive: bool = False,
        price_tick: Decimal | None = None,
    ) -> BookSnapshot:
        """
        Return the book, optionally with RPI orders, optionally aggregated to a coarser tick.

        Bids aggregate downwards, asks upwards. Raises `Refusal` INVALID_REQUEST_PARAMETER for a
        tick that is no multiple of the market's.
        """
        return snapshot(
            self._core.market(market), depth, interactive=interactive, price_tick=price_tick
        )

    def bbo(self, market: str, *, interactive: bool = False) -> Bbo:
        """Return the best bid and ask."""
        return bbo_of(self._core.market(market), interactive=interactive)

    def impact_price(self, market: str, side: Side, size: Decimal) -> Decimal | None:
        """Return the average price of taking the size, or None where the book is too thin."""
        return impact_price(self._core.market(market), side, size)

    def trades(
        self,
        market: str | None = None,
        *,
        base_asset: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[Trade]:
        """Return trades of a market, or of all options on a base asset."""
        if market is not None:
            rows: Iterable[Trade] = reversed(self._core.market(market).trades)
        else:
            rows = sorted(
                (
                    trade
                    for listed in self._core.markets.values()
                    if listed.spec.base_currency == base_asset
                    and listed.spec.asset_kind in OPTION_KINDS
                    for trade in listed.trades
                ),
                key=lambda trade: trade.id,
                reverse=True,
            )
        return _within(rows, start_ms, end_ms)

    def klines(
        self,
        market: str,
        resolution_minutes: int,
        start_ms: int,
        end_ms: int,
        kind: PriceKind = PriceKind.LAST,
    ) -> list[Kline]:
        """Return candles, oldest first, that start within the bounds; empty minutes are absent."""
        return self._core.market(market).klines[kind].klines(resolution_minutes, start_ms, end_ms)

    def funding_data(
        self, market: str, start_ms: int | None = None, end_ms: int | None = None
    ) -> list[FundingData]:
        """Return funding rows, one per 5 s."""
        return _within(reversed(self._core.market(market).funding_rows), start_ms, end_ms)

    def funding(self, market: str) -> FundingData:
        """Return the funding state now."""
        return funding_data(self._core, self._core.market(market))

    # -- ACCOUNTS -------------------------------------------------------------------------------

    def has_account(self, account: str) -> bool:
        """Return if an account has this address."""
        try:
            self._core.account(account)
        except Refusal:
            return False
        return True

    def accounts(self) -> list[str]:
        """Return all announced accounts' addresses, in the order of registration."""
        return [row.address for row in self._core.accounts.values() if row.announce]

    def account_info(self, account: str) -> AccountInfo:
        """Return identity, keys and fees."""
        return _info(self._core.account(account))

    def subaccounts(self, account: str) -> list[AccountInfo]:
        """Return the account's sub-accounts."""
        parent = self._core.account(account).address
        return [_info(row) for row in self._core.accounts.values() if row.parent == parent]

    def account_summary(self, account: str) -> AccountSummary:
        """Return collateral and margin (PROTOCOL 10.1)."""
        return summarize(self._core, self._core.account(account), self._core.ids.last_seq)

    def balances(self, account: str) -> list[Balance]:
        """Return token balances, USDC first; empty ones left out but for USDC."""
        owner = self._core.account(account)
        return [
            Balance(
                account=owner.address,
                token=token,
                size=row.size,
                average_entry_price=(
                    ONE if token == SETTLEMENT_ASSET else amount(row.cost / row.size)
                ),
                cost=row.size if token == SETTLEMENT_ASSET else row.cost,
                updated_us=row.updated_us,
            )
            for token, row in owner.balances.items()
            if row.size or token == SETTLEMENT_ASSET
        ]

    def positions(self, account: str, market: str | None = None) -> list[Position]:
        """Return open positions and, with size 0, those closed since the start."""
        return [
            position_of(self._core, holding, self._core.ids.last_seq)
            for holding in self._core.account(account).holdings.values()
            if holding.created_us and market in (None, holding.market.symbol)
        ]

    def margin_configs(self, account: str, market: str | None = None) -> list[MarginConfig]:
        """Return leverage per market."""
        owner = self._core.account(account)
        if market is not None:
            self._core.market(market)
        return [
            MarginConfig(
                market=row.symbol,
                leverage=int(leverage(owner, row)),
                margin_type="CROSS",
            )
            for row in self._core.markets.values()
            if market in (None, row.symbol) and not row.is_spot
        ]

    def max_slippages(self, account: str) -> dict[str, Decimal]:
        """Return the account's own slippage caps per market."""
        return dict(self._core.account(account).max_slippages)

    def order(self, account: str, order_id: str) -> Order:
        """Return an order, live or closed."""
        return own_order(self._core, account, order_id).snapshot()

    def order_by_client_id(self, account: str, client_id: str, market: str | None = None) -> Order:
        """Return the OPEN order with this client id, only that (PROTOCOL 4.2)."""
        order = self._core.account(account).live_by_client_id.get(client_id)
        if (
            order is None
            or order.status is not OrderStatus.OPEN
            or market not in (None, order.market.symbol)
        ):
            raise Refusal("CLIENT_ORDER_ID_NOT_FOUND", f"client order {client_id} is not open")
        return order.snapshot()

    def open_orders(self, account: str, market: str | None = None) -> list[Order]:
        """Return orders in NEW, UNTRIGGERED and OPEN."""
        return [
            order.snapshot()
            for order in reversed(self._core.account(account).live.values())
            if market in (None, order.market.symbol)
        ]

    def order_history(
        self,
        account: str,
        *,
        market: str | None = None,
        client_id: str | None = None,
        side: Side | None = None,
        status: OrderStatus | None = None,
        order_type: OrderType | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[Order]:
        """Return live and closed orders by time of creation."""
        owner = self._core.account(account)
        rows = [
            order
            for order in (*owner.closed, *owner.live.values())
            if market in (None, order.market.symbol)
            and client_id in (None, order.client_id)
            and side in (None, order.side)
            and status in (None, order.status)
            and order_type in (None, order.type)
        ]
        rows.sort(key=lambda order: order.id, reverse=True)
        return [order.snapshot() for order in _within(rows, start_ms, end_ms)]

    def fills(
        self,
        account: str,
        *,
        market: str | None = None,
        asset_kind: AssetKind | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[Fill]:
        """Return fills."""
        kinds = self._core.kinds
        rows = (
            fill
            for fill in reversed(self._core.account(account).fills)
            if market in (None, fill.market) and asset_kind in (None, kinds.get(fill.market))
        )
        return _within(rows, start_ms, end_ms)

    def funding_payments(
        self,
        account: str,
        market: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[FundingPayment]:
        """Return realised funding."""
        rows = (
            row
            for row in reversed(self._core.account(account).funding_payments)
            if market in (None, row.market)
        )
        return _within(rows, start_ms, end_ms)

    def tradebusts(self, account: str) -> list[Tradebust]:
        """Return reverted fills."""
        return [*reversed(self._core.account(account).tradebusts)]

    def transfers(self, account: str) -> list[Transfer]:
        """Return deposits and withdrawals."""
        return [*reversed(self._core.account(account).transfers)]

    def transactions(self, account: str) -> list[Transaction]:
        """Return transactions on the chain."""
        return [*reversed(self._core.account(account).transactions)]

    def liquidations(self, account: str) -> list[Liquidation]:
        """Return liquidations."""
        return [*reversed(self._core.account(account).liquidations)]


class _Dated(Protocol):
    @property
    def created_us(self) -> int: ...


def _within[D: _Dated](rows: Iterable[D], start_ms: int | None, end_ms: int | None) -> list[D]:
    low = 0 if start_ms is None else start_ms
    if end_ms is None:
        return [row for row in rows if row.created_us // 1000 >= low]
    return [row for row in rows if low <= row.created_us // 1000 <= end_ms]


def _info(account: Account) -> AccountInfo:
    return AccountInfo(
        account=account.address,
        parent_account=account.parent,
        kind=account.kind,
        isolated_market=account.isolated_market,
        public_key=account.public_key,
        keys=tuple(account.keys.values()),
        fees=account.fees,
        created_us=account.created_us,
    )
