"""The exchange itself: configuration, state, time, announcements (PROTOCOL 1, 4.1, 8.3)."""

from decimal import Decimal

import msgspec

from nautilus_paradex.protocol.messages.base import Message


class BridgedToken(Message, frozen=True, gc=False, kw_only=True):
    """A token that can be deposited; the list has no stable order (trap 65)."""

    symbol: str
    name: str = ""
    decimals: int = 0
    l1_token_address: str = ""
    l2_token_address: str = ""
    l1_bridge_address: str = ""
    l2_bridge_address: str = ""


class SystemConfig(Message, frozen=True, gc=False, kw_only=True):
    """``GET /system/config``."""

    starknet_chain_id: str
    """Short string that the signing domain is made of."""
    l1_chain_id: str = ""
    environment: str = ""
    paraclear_address: str = ""
    paraclear_decimals: int = 8
    paraclear_account_hash: str = ""
    paraclear_account_proxy_hash: str = ""
    paraclear_evm_account_hash: str = ""
    bridged_tokens: tuple[BridgedToken, ...] = ()
    universal_deployer_address: str = ""
    starknet_fullnode_rpc_url: str = ""
    starknet_fullnode_rpc_base_url: str = ""
    liquidation_fee: str = ""
    partial_liquidation_buffer: str = ""
    partial_liquidation_share_increment: str = ""
    assets_limit_per_account: int = 0
    oracle_address: str = ""


class SystemStatus(Message, frozen=True, gc=False, kw_only=True):
    """``GET /system/state``; `enums.SystemState` lists the known values."""

    status: str


class SystemTime(Message, frozen=True, gc=False, kw_only=True):
    """``GET /system/time``."""

    server_time: str
    """UNIX milliseconds, as a string."""


class Announcement(Message, frozen=True, gc=False, kw_only=True):
    """A row of ``GET /system/announcements``."""

    title: str
    kind: str = ""
    content: str = ""
    visible_at: int = 0
    expiry_at: int = 0
    notification_expiry_at: int = 0


class VolumeTier(Message, frozen=True, gc=False, kw_only=True):
    """A row of ``GET /system/volume-tiers``."""

    tier_name: str
    kind: str = ""
    min_volume: str = ""
    min_volume_duration: str = ""
    nft_min_volume: str = ""
    sort_order: int = 0
    fee_rates: dict[str, str] = msgspec.field(default_factory=dict)


class PortfolioMarginScenario(Message, frozen=True, gc=False, kw_only=True):
    """A shock of the portfolio margin model, in fractions."""

    spot_shock: Decimal
    vol_shock: Decimal
    weight: Decimal


class VolShock(Message, frozen=True, gc=False, kw_only=True):
    """The volatility shock of the portfolio margin model."""

    dte_floor_days: Decimal
    min_vol_shock_up: Decimal
    vega_power_long_dte: Decimal
    vega_power_short_dte: Decimal


class PortfolioMarginConfig(Message, frozen=True, gc=False, kw_only=True):
    """A row of ``GET /system/portfolio-margin-config``."""

    base_asset: str
    scenarios: tuple[PortfolioMarginScenario, ...] = ()
    vol_shock_params: VolShock | None = None
    mmf_factor: Decimal | None = None
    hedged_margin_factor: Decimal | None = None
    unhedged_margin_factor: Decimal | None = None
    funding_provision_hour: Decimal | None = None


class InsuranceFund(Message, frozen=True, gc=False, kw_only=True):
    """``GET /insurance``."""

    account: str
    account_value: str = ""
    settlement_asset: str = ""
    updated_at: int = 0
