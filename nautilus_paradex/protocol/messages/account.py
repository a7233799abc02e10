"""The account: access, margin, balances, positions, protection (PROTOCOL 2, 4.2, 10)."""

from typing import ClassVar

import msgspec

from nautilus_paradex.protocol.messages.base import Body
from nautilus_paradex.protocol.messages.base import Message
from nautilus_paradex.protocol.messages.base import Milliseconds


class AuthResponse(Message, frozen=True, gc=False, kw_only=True):
    """``POST /auth``."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"jwt_token"})

    jwt_token: str


class AuthResult(Message, frozen=True, gc=False, kw_only=True):
    """The result of WebSocket ``auth``; the venue's support asks for the node id."""

    node_id: str = ""


class SubscriptionResult(Message, frozen=True, gc=False, kw_only=True):
    """The result of ``subscribe``, ``unsubscribe`` and ``modify_subscription``."""

    channel: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class DerivationInfo(Message, frozen=True, gc=False, kw_only=True):
    """What an account's address was derived from."""

    class_hash: str = ""
    proxy_class_hash: str = ""


class OnboardingInfo(Message, frozen=True, gc=False, kw_only=True):
    """``GET /onboarding``."""

    address: str
    exists: bool = False
    account_signer_type: str = ""
    derivation_info: DerivationInfo | None = None


class AccountSummaryMessage(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``account``, ``GET /account`` and a row of ``GET /account/summary``; USD."""

    account: str
    account_value: str = ""
    total_collateral: str = ""
    free_collateral: str = ""
    initial_margin_requirement: str = ""
    maintenance_margin_requirement: str = ""
    margin_cushion: str = ""
    settlement_asset: str = ""
    status: str = ""
    seq_no: int = 0
    updated_at: Milliseconds = 0
    last_seen_notification: int = 0


class Fees(Message, frozen=True, gc=False, kw_only=True):
    """The account's own fee rates, as fractions."""

    maker_rate: str = ""
    taker_rate: str = ""
    spot_maker_rate: str = ""
    spot_taker_rate: str = ""
    dated_option_maker_rate: str = ""
    dated_option_taker_rate: str = ""
    perp_option_maker_rate: str = ""
    perp_option_taker_rate: str = ""
    commission_rate: str = ""
    discount_rate: str = ""


class AccountVolumeTier(Message, frozen=True, gc=False, kw_only=True):
    """The account's tier for one kind of flow."""

    tier: str = ""
    volume: str = ""


class AccountInfo(Message, frozen=True, gc=False, kw_only=True):
    """A row of ``GET /account/info`` and ``GET /account/subaccounts``."""

    account: str
    parent_account: str = ""
    kind: str = ""
    isolated_market: str = ""
    public_key: str = ""
    derivation_path: str = ""
    username: str = ""
    fees: Fees | None = None
    volume_tiers: dict[str, AccountVolumeTier] = msgspec.field(default_factory=dict)
    created_at: int = 0


class AccountProfile(Message, frozen=True, gc=False, kw_only=True):
    """The part of ``GET /account/profile`` that trading needs."""

    username: str = ""
    market_max_slippage: dict[str, str] = msgspec.field(default_factory=dict)


class MaxSlippageRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The body of ``POST /account/profile/market_max_slippage/{market}``."""

    max_slippage: str


class MarginConfig(Message, frozen=True, gc=False, kw_only=True):
    """The account's margin setting of a market."""

    market: str
    leverage: int = 0
    margin_type: str = ""
    """CROSS or ISOLATED."""
    isolated_margin_leverage: int = 0


class AccountMargin(Message, frozen=True, gc=False, kw_only=True):
    """``GET /account/margin``."""

    account: str
    margin_methodology: str = ""
    """cross_margin or portfolio_margin."""
    configs: tuple[MarginConfig, ...] = ()


class MarginRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The body of ``POST /account/margin/{market}``."""

    leverage: int
    margin_type: str
    on_behalf_of_account: str = ""


class MarginUpdate(Message, frozen=True, gc=False, kw_only=True):
    """``POST /account/margin/{market}``: the setting as it is now."""

    market: str = ""
    account: str = ""
    leverage: int = 0
    margin_type: str = ""


class Balance(Message, frozen=True, gc=False, kw_only=True):
    """A row of ``GET /balance``: a token's amount, spot positions included (trap 61)."""

    token: str
    size: str
    average_entry_price: str = ""
    average_entry_price_usd: str = ""
    cost: str = ""
    cost_usd: str = ""
    last_updated_at: Milliseconds = 0


class PositionMessage(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``positions`` and a row of ``GET /positions`` (PROTOCOL 10.3)."""

    market: str
    status: str
    size: str
    """Signed: negative is short."""
    side: str = ""
    id: str = ""
    account: str = ""
    average_entry_price: str = ""
    """USDC."""
    average_entry_price_usd: str = ""
    average_exit_price: str = ""
    cost: str = ""
    cost_usd: str = ""
    unrealized_pnl: str = ""
    """Includes funding."""
    unrealized_funding_pnl: str = ""
    cached_funding_index: str = ""
    realized_positional_pnl: str = ""
    """Since the position was opened or flipped."""
    realized_positional_funding_pnl: str = ""
    liquidation_price: str = ""
    leverage: str = ""
    last_fill_id: str = ""
    created_at: int = 0
    last_updated_at: Milliseconds = 0
    closed_at: int = 0
    seq_no: int = 0


class MmpConfig(Message, frozen=True, gc=False, kw_only=True):
    """
    Market maker protection of a base asset; a limit of ``"0"`` is off.

    The live fields (`is_frozen` and what follows) are absent in the answer to a change and where
    the engine could not be asked.
    """

    base_asset: str = ""
    interval_ms: int = 0
    frozen_time_ms: int = 0
    size_limit: str = ""
    delta_limit: str = ""
    vega_limit: str = ""
    protect_block_trades: bool = False
    updated_at: Milliseconds = 0
    is_frozen: bool | None = None
    frozen_until: Milliseconds | None = None
    """0 until a reset, and where nothing is frozen: `is_frozen` tells."""
    window_size: str | None = None
    window_delta: str | None = None
    window_vega: str | None = None
    removed: bool = False
    """On the stream: the protection was switched off."""


class AccountMmp(Message, frozen=True, gc=False, kw_only=True):
    """``GET /account/mmp``; a base asset without a row has no protection."""

    results: list[MmpConfig]
    account: str = ""
    enabled: bool = False
    """If the account may use protection; what is set is in force in any case."""


class MmpRequest(Body, frozen=True, gc=False, kw_only=True):
    """The body of ``POST /account/mmp/{base_asset}``: a replacement of all limits."""

    interval_ms: int
    """100 to 3,600,000."""
    frozen_time_ms: int
    """0 to 3,600,000; 0 freezes until a reset."""
    size_limit: str
    """Multiples of 0.0001; ``"0"`` is off, as of the other limits."""
    delta_limit: str
    vega_limit: str
    protect_block_trades: bool | None = None
    """None leaves it as it is."""


class MmpResetRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The body of ``POST /account/mmp/reset``; every base asset where empty."""

    base_asset: str = ""


class MmpReset(Message, frozen=True, gc=False, kw_only=True):
    """A row of the answer to ``POST /account/mmp/reset``."""

    base_asset: str
    reset_at: Milliseconds = 0


class MmpEvent(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``mmp``."""

    base_asset: str
    kind: str
    """TRIGGERED, UNFROZEN, RESET or CONFIG_UPDATED."""
    trip_reason: str = ""
    """With TRIGGERED only: SIZE, DELTA, VEGA or INVALID_FILL."""
    frozen_until: Milliseconds = 0
    """With TRIGGERED only; 0 is until a reset."""
    window_size: str = ""
    window_delta: str = ""
    window_vega: str = ""
    trigger_market: str = ""
    config: MmpConfig | None = None
