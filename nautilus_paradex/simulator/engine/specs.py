"""Static values of a market and of an account's fees (PROTOCOL 9.2, 9.3, 4.2)."""

from decimal import Decimal

import msgspec

from nautilus_paradex.simulator.engine.enums import AssetKind
from nautilus_paradex.simulator.engine.enums import TradingMode


ZERO = Decimal(0)


class Delta1Margin(msgspec.Struct, frozen=True, kw_only=True):
    """Margin of a perpetual: initial = ``imf_base``, maintenance = ``imf_base * mmf_factor``."""

    imf_base: Decimal
    imf_factor: Decimal = ZERO
    imf_shift: Decimal = ZERO
    mmf_factor: Decimal = Decimal("0.5")


class OptionMargin(msgspec.Struct, frozen=True, kw_only=True):
    """One set of an option's margin fractions of the underlying's price."""

    long_itm: Decimal
    short_itm: Decimal
    short_otm: Decimal
    short_put_cap: Decimal
    premium_multiplier: Decimal


class OptionCrossMargin(msgspec.Struct, frozen=True, kw_only=True):
    """Initial and maintenance margin fractions of an option."""

    imf: OptionMargin
    mmf: OptionMargin


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """A fee rate; options cap it by a fraction of the premium."""

    fee: Decimal
    fee_cap: Decimal | None = None
    fee_floor: Decimal | None = None


class MakerTakerFee(msgspec.Struct, frozen=True, kw_only=True):
    """Maker and taker fee of one kind of flow."""

    maker_fee: Fee
    taker_fee: Fee


class FeeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Fees of a market for plain (API), interactive and RPI flow (PROTOCOL 8.2)."""

    api_fee: MakerTakerFee
    interactive_fee: MakerTakerFee
    rpi_fee: MakerTakerFee


class MarketSpec(msgspec.Struct, frozen=True, kw_only=True):
    """
    A market as GET /markets lists it (PROTOCOL 9.2, 9.3).

    Sizes are in base units, prices in USD, times in UNIX milliseconds (0 = none).
    """

    symbol: str
    asset_kind: AssetKind
    base_currency: str
    price_tick_size: Decimal
    order_size_increment: Decimal
    min_notional: Decimal
    max_order_size: Decimal
    position_limit: Decimal
    fee_config: FeeConfig
    quote_currency: str = "USD"
    settlement_currency: str = "USDC"
    market_kind: str = "cross"
    trading_mode: TradingMode = TradingMode.STANDARD
    max_open_orders: int = 100
    open_at: int = 0
    expiry_at: int = 0
    strike_price: Decimal = ZERO
    option_type: str = ""
    """``CALL``, ``PUT`` or empty."""
    funding_period_hours: int = 0
    funding_multiplier: Decimal = Decimal(1)
    interest_rate: Decimal = ZERO
    clamp_rate: Decimal = ZERO
    max_funding_rate: Decimal = ZERO
    max_funding_rate_change: Decimal = ZERO
    max_tob_spread: Decimal = Decimal("0.01")
    max_slippage: Decimal = Decimal("0.05")
    price_bands_width: Decimal = Decimal("0.05")
    iv_bands_width: Decimal = ZERO
    oracle_ewma_factor: Decimal = Decimal("0.2")
    price_feed_id: str = ""
    tags: tuple[str, ...] = ()
    delta1_cross_margin_params: Delta1Margin | None = None
    option_cross_margin_params: OptionCrossMargin | None = None


class FeeRates(msgspec.Struct, frozen=True, kw_only=True):
    """An account's own fee rates by kind of market (GET /account/info ``fees``)."""

    maker_rate: Decimal = Decimal("0.00003")
    taker_rate: Decimal = Decimal("0.00045")
    spot_maker_rate: Decimal = Decimal("0.00003")
    spot_taker_rate: Decimal = Decimal("0.00045")
    dated_option_maker_rate: Decimal = Decimal("0.0001")
    dated_option_taker_rate: Decimal = Decimal("0.0001")
    perp_option_maker_rate: Decimal = Decimal("0.0001")
    perp_option_taker_rate: Decimal = Decimal("0.0001")
