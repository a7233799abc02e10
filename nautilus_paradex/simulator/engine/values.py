"""
Snapshots of private and public state.

All are frozen and complete by themselves. Amounts are exact `Decimal`, ``None`` = absent (the
venue's ``""`` or null). ``*_us`` are UNIX microseconds.
"""

from decimal import Decimal

import msgspec

from nautilus_paradex.simulator.engine.enums import AccountKind
from nautilus_paradex.simulator.engine.enums import AccountStatus
from nautilus_paradex.simulator.engine.enums import CancelReason
from nautilus_paradex.simulator.engine.enums import FillFlag
from nautilus_paradex.simulator.engine.enums import FillType
from nautilus_paradex.simulator.engine.enums import Instruction
from nautilus_paradex.simulator.engine.enums import Liquidity
from nautilus_paradex.simulator.engine.enums import MarketEventType
from nautilus_paradex.simulator.engine.enums import OrderFlag
from nautilus_paradex.simulator.engine.enums import OrderStatus
from nautilus_paradex.simulator.engine.enums import OrderType
from nautilus_paradex.simulator.engine.enums import PositionStatus
from nautilus_paradex.simulator.engine.enums import RequestStatus
from nautilus_paradex.simulator.engine.enums import Side
from nautilus_paradex.simulator.engine.enums import Stp
from nautilus_paradex.simulator.engine.enums import TransferKind
from nautilus_paradex.simulator.engine.specs import FeeRates


class RequestInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The last modify request of an order; repeated on its later updates."""

    id: str
    request_type: str
    """``MODIFY_ORDER``."""
    status: RequestStatus
    message: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order (PROTOCOL 4.3)."""

    id: str
    """28 digits."""
    account: str
    market: str
    side: Side
    type: OrderType
    instruction: Instruction
    size: Decimal
    remaining_size: Decimal
    price: Decimal | None
    """None for market types."""
    trigger_price: Decimal | None
    status: OrderStatus
    cancel_reason: CancelReason
    client_id: str
    avg_fill_price: Decimal | None
    stp: Stp
    flags: tuple[OrderFlag, ...]
    created_us: int
    updated_us: int
    """Frozen once CLOSED."""
    received_us: int
    signature_ms: int
    seq_no: int
    """19 digits, unique and rising over all private snapshots."""
    request_info: RequestInfo | None


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """A fill of one account (PROTOCOL 10.4)."""

    id: str
    """28 digits; not the public trade's id, nor the other side's."""
    trade_id: str
    """The public trade's id; empty for SETTLE_MARKET."""
    account: str
    market: str
    order_id: str
    """Empty for fills without an order."""
    client_id: str
    side: Side
    """The account's own side."""
    liquidity: Liquidity
    price: Decimal
    size: Decimal
    remaining_size: Decimal
    """Of the order after this fill."""
    fee: Decimal
    """Positive = paid, negative = rebate."""
    fee_currency: str
    fill_type: FillType
    flags: tuple[FillFlag, ...]
    realized_pnl: Decimal
    """Without funding."""
    realized_funding: Decimal
    underlying_price: Decimal
    orderbook_seq_no: int
    """0 for fills without an order."""
    created_us: int
    seq_no: int


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """The net position of an account in a market (PROTOCOL 10.3)."""

    account: str
    market: str
    status: PositionStatus
    side: str
    """``LONG`` or ``SHORT``; of a closed position its last side."""
    size: Decimal
    """Signed, base units."""
    average_entry_price: Decimal
    average_exit_price: Decimal | None
    cost: Decimal
    """Signed."""
    unrealized_pnl: Decimal
    """With funding."""
    unrealized_funding_pnl: Decimal
    cached_funding_index: Decimal
    realized_positional_pnl: Decimal
    realized_positional_funding_pnl: Decimal
    liquidation_price: Decimal | None
    leverage: Decimal
    last_fill_id: str
    created_us: int
    updated_us: int
    closed_us: int
    """0 while open."""
    seq_no: int


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """A token balance of an account (PROTOCOL 10.2)."""

    account: str
    token: str
    size: Decimal
    average_entry_price: Decimal
    cost: Decimal
    updated_us: int


class BalanceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the settlement balance (``balance_events``, PROTOCOL 6.4)."""

    account: str
    type: str
    """``TRANSACTION_FILL``, ``TRANSACTION_LIQUIDATE``, ``DEPOSIT``, ``WITHDRAWAL``, ..."""
    status: str
    market: str
    fill_id: str
    fees: Decimal
    realized_pnl: Decimal
    realized_funding: Decimal
    funding_index: Decimal
    asset: str
    balance_before: Decimal
    balance_after: Decimal
    created_us: int


class AccountSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Collateral and margin of an account, USD (PROTOCOL 10.1)."""

    account: str
    account_value: Decimal
    total_collateral: Decimal
    free_collateral: Decimal
    initial_margin_requirement: Decimal
    maintenance_margin_requirement: Decimal
    margin_cushion: Decimal
    unrealized_pnl: Decimal
    settlement_asset: str
    status: AccountStatus
    updated_us: int
    seq_no: int


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that may sign for an account."""

    public_key: str
    """Hex without leading zeros."""
    is_main: bool
    name: str = ""
    created_us: int = 0


class MarginConfig(msgspec.Struct, frozen=True, kw_only=True):
    """An account's leverage and margin mode in a market."""

    market: str
    leverage: int
    margin_type: str
    """``CROSS`` or ``ISOLATED``."""


class AccountInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An account's identity and fees (GET /account/info)."""

    account: str
    parent_account: str
    """Empty for a main account."""
    kind: AccountKind
    isolated_market: str
    """The only market of an isolated account, or empty."""
    public_key: str
    keys: tuple[PublicKey, ...]
    fees: FeeRates
    created_us: int


class FundingPayment(msgspec.Struct, frozen=True, kw_only=True):
    """Funding realised by a fill; positive = received."""

    id: str
    account: str
    market: str
    fill_id: str
    payment: Decimal
    index: Decimal
    created_us: int


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit or withdrawal."""

    id: str
    account: str
    kind: TransferKind
    direction: str
    """``IN`` or ``OUT``."""
    token: str
    amount: Decimal
    status: str
    """``COMPLETED``."""
    created_us: int
    updated_us: int


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction on the chain that carries a fill."""

    id: str
    """The fill's id."""
    account: str
    hash: str
    type: str
    """``TRANSACTION_FILL``, ``TRANSACTION_LIQUIDATE`` or ``TRANSACTION_SETTLE_MARKET``."""
    state: str
    """``ACCEPTED_ON_L2`` or ``REVERTED``."""
    created_us: int
    completed_us: int


class Tradebust(msgspec.Struct, frozen=True, kw_only=True):
    """A fill that was reverted."""

    account: str
    busted_fill_id: str
    created_us: int


class Liquidation(msgspec.Struct, frozen=True, kw_only=True):
    """A liquidation of an account."""

    id: str
    """Transaction hash."""
    account: str
    created_us: int


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A public trade."""

    id: str
    market: str
    side: Side
    """Of the aggressor."""
    price: Decimal
    size: Decimal
    trade_type: FillType
    seq_no: int
    """The book's number after execution; 0 for trades outside the book."""
    created_us: int


class Bbo(msgspec.Struct, frozen=True, kw_only=True):
    """Best bid and ask; an empty side has None."""

    market: str
    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None
    seq_no: int
    updated_us: int


type Level = tuple[Decimal, Decimal]
"""(price, size)."""


class BookSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A book, best levels first, with the best prices of both views."""

    market: str
    seq_no: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    best_bid_api: Level | None
    best_ask_api: Level | None
    best_bid_interactive: Level | None
    best_ask_interactive: Level | None
    updated_us: int


class BookChanges(msgspec.Struct, frozen=True, kw_only=True):
    """
    One numbered change of a book; a level's new size is absolute, 0 removes it.

    Numbers of a market follow each other by exactly 1. The lists may be empty: the number counts
    all the same.
    """

    market: str
    seq_no: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    inserted: frozenset[tuple[Side, Decimal]]
    """Which of the API view's levels are new (JSON tells inserts from updates)."""
    interactive_bids: tuple[Level, ...]
    interactive_asks: tuple[Level, ...]
    interactive_inserted: frozenset[tuple[Side, Decimal]]
    best_bid_api: Level | None
    best_ask_api: Level | None
    best_bid_interactive: Level | None
    best_ask_interactive: Level | None
    updated_us: int


class FundingData(msgspec.Struct, frozen=True, kw_only=True):
    """State of continuous funding (PROTOCOL 9.5)."""

    market: str
    funding_rate: Decimal
    """Per funding period."""
    funding_rate_8h: Decimal
    funding_index: Decimal
    funding_premium: Decimal
    """USDC per base unit and period."""
    funding_period_hours: int
    created_us: int


class Greeks(msgspec.Struct, frozen=True, kw_only=True):
    """Sensitivities of an option per base unit; statistics, not prices."""

    delta: Decimal
    gamma: Decimal
    vega: Decimal
    theta: Decimal
    rho: Decimal
    vanna: Decimal
    volga: Decimal


class MarketSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Dynamic state of a market (PROTOCOL 9.4); None = not applicable."""

    market: str
    mark_price: Decimal | None
    underlying_price: Decimal | None
    external_fair_price: Decimal | None
    last_traded_price: Decimal | None
    bid: Decimal | None
    bid_size: Decimal | None
    ask: Decimal | None
    ask_size: Decimal | None
    mark_iv: Decimal | None
    bid_iv: Decimal | None
    ask_iv: Decimal | None
    last_iv: Decimal | None
    greeks: Greeks | None
    forward_rate: Decimal | None
    risk_free_rate: Decimal | None
    funding_rate: Decimal | None
    future_funding_rate: Decimal | None
    open_interest: Decimal
    volume_24h: Decimal
    """USD."""
    total_volume: Decimal
    """USD."""
    price_change_rate_24h: Decimal | None
    created_us: int


class Kline(msgspec.Struct, frozen=True, kw_only=True):
    """A candle; volume in base units, 0 for mark and underlying."""

    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class SettlementPrice(msgspec.Struct, frozen=True, kw_only=True):
    """How a market settled."""

    market: str
    expiry_at: int
    """UNIX milliseconds."""
    settlement_price: Decimal
    """The option's payoff, or the mark price of a delisted market."""
    underlying_twap_price: Decimal


class MarketEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A listing, a change of a listing, or its end (GET /markets/history, ``markets``)."""

    market: str
    event_type: MarketEventType
    changed_fields: dict[str, object]
    """Fields of `MarketSpec` with new values; of a settlement its two prices."""
    updated_us: int
