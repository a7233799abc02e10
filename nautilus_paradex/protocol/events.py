"""
What the venue said, whichever encoding carried it.

SBE frames and JSON messages both become these values, so nothing after them knows the encoding.
Public market data carries integers in units of 1e-8 (``_e8``; the framework's raw integers are a
multiplication away); private state carries exact `Decimal`. Timestamps are UNIX nanoseconds
(JSON's milliseconds and SBE's microseconds are converted exactly). ``None`` is absent: a null in
SBE, ``""`` in JSON, or a field that the encoding does not carry.
"""

from decimal import Decimal

import msgspec

from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import Liquidity
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import PositionStatus
from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.numbers import minus


class Trade(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A public trade (``trades.*``)."""

    market: str
    seq: int | None
    """Book sequence after execution; None in JSON; 0 for block legs and transfers."""
    trade_id: str | None
    """The venue's 28-digit id; None where the schema version carries none that is right."""
    side: Side
    """The aggressor's side."""
    price_e8: int
    size_e8: int
    trade_type: str
    """FILL, LIQUIDATION, RPI, ...; ``UNKNOWN(n)`` for an SBE value that is not modelled."""
    created_ns: int
    published_ns: int | None


class Bbo(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The best bid and offer (``bbo.*``); an empty side has None."""

    market: str
    seq: int
    bid_e8: int | None
    bid_size_e8: int | None
    ask_e8: int | None
    ask_size_e8: int | None
    ts_ns: int


class Book(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A book snapshot or delta (``order_book.*``); a size of 0 removes the level."""

    market: str
    seq: int
    is_snapshot: bool
    bids: list[tuple[int, int]]
    """(price_e8, size_e8) pairs, best first in a snapshot."""
    asks: list[tuple[int, int]]
    ts_ns: int


class MarketSummary(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Statistics and derived prices of a market (``markets_summary*``), 1e-8 unless named."""

    market: str
    ts_ns: int
    mark_price_e8: int | None = None
    underlying_price_e8: int | None = None
    last_price_e8: int | None = None
    external_fair_price_e8: int | None = None
    bid_e8: int | None = None
    bid_size_e8: int | None = None
    ask_e8: int | None = None
    ask_size_e8: int | None = None
    volume_24h_e8: int | None = None
    """USD."""
    total_volume_e8: int | None = None
    """USD; saturates at 2**63 - 1 in SBE."""
    open_interest_e8: int | None = None
    funding_rate_e12: int | None = None
    """Per funding period of the instrument, in units of 1e-12."""
    future_funding_rate_e8: int | None = None
    price_change_rate_24h_e8: int | None = None
    mark_iv_e8: int | None = None
    bid_iv_e8: int | None = None
    ask_iv_e8: int | None = None
    last_iv_e8: int | None = None
    delta_e8: int | None = None
    gamma_e8: int | None = None
    vega_e8: int | None = None
    theta_e8: int | None = None
    rho_e8: int | None = None
    vanna_e8: int | None = None
    volga_e8: int | None = None
    forward_rate_e8: int | None = None
    risk_free_rate_e8: int | None = None


class FundingData(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Continuous funding (``funding_data.*``)."""

    market: str
    funding_rate: Decimal
    funding_rate_8h: Decimal | None
    funding_index: Decimal
    funding_premium: Decimal
    funding_period_hours: int
    impact_premium_rate: Decimal | None
    created_ns: int


class FundingComparison(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An hourly funding rate at one source (``funding_rate_comparison.*``)."""

    market: str
    source: str
    asset_kind: str
    hourly_funding_rate: Decimal
    updated_ns: int


class Heartbeat(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The venue's sign of life on an idle SBE connection, every 20 s."""

    ts_ns: int


class RequestInfo(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A modify request's state, repeated on later updates of its order."""

    id: str
    request_type: str
    status: RequestStatus
    message: str = ""


class OrderUpdate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The state of an order (``orders.*``, REST orders)."""

    order_id: str
    account: str
    """Hex without leading zeros, lower case."""
    market: str
    side: Side
    type: OrderType
    instruction: Instruction
    size: Decimal
    remaining_size: Decimal
    price: Decimal | None
    """None for market orders."""
    trigger_price: Decimal | None
    status: OrderStatus
    cancel_reason: str
    """Empty where there is none."""
    client_id: str
    """Empty where there is none."""
    avg_fill_price: Decimal | None
    stp: str
    flags: frozenset[str]
    created_ns: int
    updated_ns: int
    published_ns: int | None
    received_ns: int | None
    signature_ns: int | None
    """The signature timestamp; only JSON carries it."""
    seq: int
    """Unique and rising per encoding; REST's and the stream's are unrelated."""
    request: RequestInfo | None = None

    @property
    def filled_size(self) -> Decimal:
        """Size minus remaining size, base units."""
        return minus(self.size, self.remaining_size)


class Fill(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A fill of the account (``fills.*``, REST fills)."""

    fill_id: str
    fill_type: FillType
    account: str
    market: str
    order_id: str
    client_id: str
    side: Side
    liquidity: Liquidity
    price: Decimal
    size: Decimal
    fee: Decimal
    """Positive = paid, negative = rebate."""
    fee_currency: str | None
    """None where the encoding carries none: the settlement currency then."""
    realized_pnl: Decimal | None
    realized_funding: Decimal | None
    remaining_size: Decimal | None
    """Of the order after this fill; only JSON carries it."""
    underlying_price: Decimal | None
    trade_id: str | None
    flags: frozenset[str]
    book_seq: int | None
    created_ns: int

    @property
    def key(self) -> tuple[str, str]:
        """What identifies a fill at the venue: (fill type, fill id)."""
        return (self.fill_type, self.fill_id)


class Position(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The net position in a market (``positions``, REST positions)."""

    account: str
    market: str
    status: PositionStatus
    signed_size: Decimal
    """Base units; negative is short."""
    average_entry_price: Decimal | None
    average_entry_price_usd: Decimal | None
    unrealized_pnl: Decimal | None
    unrealized_funding_pnl: Decimal | None
    realized_pnl: Decimal | None
    liquidation_price: Decimal | None
    leverage: Decimal | None
    cost: Decimal | None
    cost_usd: Decimal | None
    cached_funding_index: Decimal | None
    last_fill_id: str
    updated_ns: int
    seq: int


class AccountSummary(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Margin and collateral of the account (``account``, REST account), USD."""

    account: str
    status: str
    account_value: Decimal
    total_collateral: Decimal
    free_collateral: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    margin_cushion: Decimal | None
    settlement_asset: str
    updated_ns: int
    seq: int


type PublicEvent = Trade | Bbo | Book | MarketSummary | FundingData | FundingComparison
type PrivateEvent = OrderUpdate | Fill | Position | AccountSummary
type StreamEvent = PublicEvent | PrivateEvent | Heartbeat
