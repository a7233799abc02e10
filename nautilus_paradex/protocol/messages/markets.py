"""Markets: static specifications, statistics, changes, settlement (PROTOCOL 4.1, 9)."""

from decimal import Decimal

from nautilus_paradex.protocol.messages.base import Message
from nautilus_paradex.protocol.messages.base import Milliseconds


class Delta1MarginParams(Message, frozen=True, gc=False, kw_only=True):
    """Cross margin of perpetuals and futures, in fractions of the notional."""

    imf_base: str = ""
    imf_factor: str = ""
    imf_shift: str = ""
    mmf_factor: str = ""
    """Maintenance margin as a fraction of the initial margin."""


class OptionMarginParams(Message, frozen=True, gc=False, kw_only=True):
    """Margin of options, in fractions of the spot price."""

    long_itm: str = ""
    short_itm: str = ""
    short_otm: str = ""
    short_put_cap: str = ""
    premium_multiplier: str = ""


class OptionCrossMarginParams(Message, frozen=True, gc=False, kw_only=True):
    """Cross margin of options."""

    imf: OptionMarginParams | None = None
    mmf: OptionMarginParams | None = None


class FeeWithCap(Message, frozen=True, gc=False, kw_only=True):
    """A fee rate; cap and floor are fractions of an option's premium."""

    fee: str = ""
    fee_cap: str = ""
    fee_floor: str = ""


class MakerTakerFee(Message, frozen=True, gc=False, kw_only=True):
    """Fee rates of both roles."""

    maker_fee: FeeWithCap | None = None
    taker_fee: FeeWithCap | None = None


class FeeConfig(Message, frozen=True, gc=False, kw_only=True):
    """Fee rates by the flow that an order comes from."""

    api_fee: MakerTakerFee | None = None
    interactive_fee: MakerTakerFee | None = None
    rpi_fee: MakerTakerFee | None = None


class Market(Message, frozen=True, gc=False, kw_only=True):
    """A row of ``GET /markets``; what the fields mean stands in PROTOCOL 9.3."""

    symbol: str
    asset_kind: str
    """PERP, PERP_OPTION, OPTION, SPOT or FUTURE; symbols are never parsed."""
    base_currency: str = ""
    quote_currency: str = ""
    settlement_currency: str = ""
    market_kind: str = ""
    trading_mode: str = ""
    """STANDARD, or RFQ_ONLY where the market takes no orders on its book."""
    price_tick_size: str = ""
    order_size_increment: str = ""
    min_notional: str = ""
    """USD: size times mark, for options size times spot."""
    max_order_size: str = ""
    position_limit: str = ""
    max_open_orders: int = 0
    open_at: int = 0
    expiry_at: int = 0
    """0 where the market does not expire."""
    strike_price: str = ""
    option_type: str = ""
    funding_period_hours: Decimal = Decimal(0)
    funding_multiplier: Decimal = Decimal(0)
    interest_rate: str = ""
    clamp_rate: str = ""
    max_funding_rate: str = ""
    max_funding_rate_change: str = ""
    max_tob_spread: str = ""
    max_slippage: str = ""
    price_bands_width: str = ""
    iv_bands_width: str = ""
    oracle_ewma_factor: str = ""
    price_feed_id: str = ""
    tags: tuple[str, ...] = ()
    delta1_cross_margin_params: Delta1MarginParams | None = None
    option_cross_margin_params: OptionCrossMarginParams | None = None
    fee_config: FeeConfig | None = None


class MarketChanges(Message, frozen=True, gc=False, kw_only=True):
    """
    The changed fields of a market; what did not change is None.

    Some are JSON numbers here and strings in ``/markets`` (trap 17); both are exact decimals.
    """

    asset_kind: str | None = None
    base_currency: str | None = None
    quote_currency: str | None = None
    settlement_currency: str | None = None
    market_kind: str | None = None
    trading_mode: str | None = None
    option_type: str | None = None
    price_tick_size: Decimal | None = None
    order_size_increment: Decimal | None = None
    min_notional: Decimal | None = None
    max_order_size: Decimal | None = None
    position_limit: Decimal | None = None
    max_open_orders: int | None = None
    open_at: int | None = None
    expiry_at: int | None = None
    strike_price: Decimal | None = None
    settlement_price: Decimal | None = None
    underlying_twap_price: Decimal | None = None
    funding_period_hours: Decimal | None = None
    funding_multiplier: Decimal | None = None
    interest_rate: Decimal | None = None
    clamp_rate: Decimal | None = None
    max_funding_rate: Decimal | None = None
    max_funding_rate_change: Decimal | None = None
    max_tob_spread: Decimal | None = None
    max_slippage: Decimal | None = None
    price_bands_width: Decimal | None = None
    iv_bands_width: Decimal | None = None
    oracle_ewma_factor: Decimal | None = None
    delta1_cross_margin_params: Delta1MarginParams | None = None
    option_cross_margin_params: OptionCrossMarginParams | None = None
    fee_config: FeeConfig | None = None


class MarketEvent(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``markets`` and a row of ``GET /markets/history``."""

    symbol: str
    event_type: str
    """CREATED, DELETED, SETTLED or UPDATED."""
    updated_at: Milliseconds = 0
    changed_fields: MarketChanges | None = None


class SettlementPrice(Message, frozen=True, gc=False, kw_only=True):
    """``GET /markets/settlement-price``."""

    symbol: str
    settlement_price: str
    """The payoff for options; the spot average for perpetuals and futures."""
    underlying_twap_price: str = ""
    expiry_at: Milliseconds = 0


class Greeks(Message, frozen=True, gc=False, kw_only=True):
    """Sensitivities for one unit of the base currency; partial for perpetuals."""

    delta: str = ""
    gamma: str = ""
    vega: str = ""
    theta: str = ""
    rho: str = ""
    vanna: str = ""
    volga: str = ""


class RollingDetails(Message, frozen=True, gc=False, kw_only=True):
    """Which contracts a rolling market follows."""

    current_active_contract_symbol: str = ""
    current_active_contract_weight: str = ""
    next_active_contract_symbol: str = ""
    period_start: int = 0
    period_end: int = 0


class MarketSummaryMessage(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``markets_summary`` and a row of ``GET /markets/summary`` (PROTOCOL 9.4)."""

    symbol: str
    mark_price: str = ""
    underlying_price: str = ""
    external_fair_price: str = ""
    last_traded_price: str = ""
    bid: str = ""
    bid_size: str = ""
    ask: str = ""
    ask_size: str = ""
    mark_iv: str = ""
    bid_iv: str = ""
    ask_iv: str = ""
    last_iv: str = ""
    greeks: Greeks | None = None
    delta: str = ""
    """Deprecated by the venue: `greeks` comes first."""
    forward_rate: str = ""
    risk_free_rate: str = ""
    funding_rate: str = ""
    future_funding_rate: str = ""
    open_interest: str = ""
    volume_24h: str = ""
    total_volume: str = ""
    price_change_rate_24h: str = ""
    created_at: Milliseconds = 0
    rolling_details: RollingDetails | None = None
