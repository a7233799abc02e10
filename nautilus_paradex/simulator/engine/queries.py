"""What can be asked of the exchange without changing anything."""

from decimal import Decimal

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
from nautilus_paradex.simulator.engine.model import SettlementPrice
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import Trade
from nautilus_paradex.simulator.engine.model import Tradebust
from nautilus_paradex.simulator.engine.model import Transaction
from nautilus_paradex.simulator.engine.model import Transfer


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

    # -- MARKETS --------------------------------------------------------------------------------

    def markets(self) -> list[MarketSpec]:
        """Return all listings, in the order of listing; settled ones are gone."""
        raise NotImplementedError

    def market(self, market: str) -> MarketSpec:
        """Return one listing."""
        raise NotImplementedError

    def market_history(self, market: str | None = None) -> list[MarketEvent]:
        """Return events of listings, of delisted markets too."""
        raise NotImplementedError

    def settlement_price(self, market: str) -> SettlementPrice:
        """Return how a market settled."""
        raise NotImplementedError

    def market_summary(self, market: str) -> MarketSummary:
        """Return prices, statistics and greeks of a market."""
        raise NotImplementedError

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
        raise NotImplementedError

    def bbo(self, market: str, *, interactive: bool = False) -> Bbo:
        """Return the best bid and ask."""
        raise NotImplementedError

    def impact_price(self, market: str, side: Side, size: Decimal) -> Decimal | None:
        """Return the average price of taking the size, or None where the book is too thin."""
        raise NotImplementedError

    def trades(
        self,
        market: str | None = None,
        *,
        base_asset: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[Trade]:
        """Return trades of a market, or of all options on a base asset."""
        raise NotImplementedError

    def klines(
        self,
        market: str,
        resolution_minutes: int,
        start_ms: int,
        end_ms: int,
        kind: PriceKind = PriceKind.LAST,
    ) -> list[Kline]:
        """Return candles, oldest first, that start within the bounds; empty minutes are absent."""
        raise NotImplementedError

    def funding_data(
        self, market: str, start_ms: int | None = None, end_ms: int | None = None
    ) -> list[FundingData]:
        """Return funding rows, one per 5 s."""
        raise NotImplementedError

    def funding(self, market: str) -> FundingData:
        """Return the funding state now."""
        raise NotImplementedError

    # -- ACCOUNTS -------------------------------------------------------------------------------

    def has_account(self, account: str) -> bool:
        """Return if an account has this address."""
        raise NotImplementedError

    def accounts(self) -> list[str]:
        """Return all announced accounts' addresses, in the order of registration."""
        raise NotImplementedError

    def account_info(self, account: str) -> AccountInfo:
        """Return identity, keys and fees."""
        raise NotImplementedError

    def subaccounts(self, account: str) -> list[AccountInfo]:
        """Return the account's sub-accounts."""
        raise NotImplementedError

    def account_summary(self, account: str) -> AccountSummary:
        """Return collateral and margin (PROTOCOL 10.1)."""
        raise NotImplementedError

    def balances(self, account: str) -> list[Balance]:
        """Return token balances, USDC first; empty ones left out but for USDC."""
        raise NotImplementedError

    def positions(self, account: str, market: str | None = None) -> list[Position]:
        """Return open positions and, with size 0, those closed since the start."""
        raise NotImplementedError

    def margin_configs(self, account: str, market: str | None = None) -> list[MarginConfig]:
        """Return leverage per market."""
        raise NotImplementedError

    def max_slippages(self, account: str) -> dict[str, Decimal]:
        """Return the account's own slippage caps per market."""
        raise NotImplementedError

    def order(self, account: str, order_id: str) -> Order:
        """Return an order, live or closed."""
        raise NotImplementedError

    def order_by_client_id(self, account: str, client_id: str, market: str | None = None) -> Order:
        """Return the OPEN order with this client id, only that (PROTOCOL 4.2)."""
        raise NotImplementedError

    def open_orders(self, account: str, market: str | None = None) -> list[Order]:
        """Return orders in NEW, UNTRIGGERED and OPEN."""
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

    def funding_payments(
        self,
        account: str,
        market: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[FundingPayment]:
        """Return realised funding."""
        raise NotImplementedError

    def tradebusts(self, account: str) -> list[Tradebust]:
        """Return reverted fills."""
        raise NotImplementedError

    def transfers(self, account: str) -> list[Transfer]:
        """Return deposits and withdrawals."""
        raise NotImplementedError

    def transactions(self, account: str) -> list[Transaction]:
        """Return transactions on the chain."""
        raise NotImplementedError

    def liquidations(self, account: str) -> list[Liquidation]:
        """Return liquidations."""
        raise NotImplementedError
