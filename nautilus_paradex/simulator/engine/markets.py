"""Realistic listings to start with (PROTOCOL 9.2, 9.3)."""

from datetime import UTC
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from typing import Final

from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import Delta1Margin
from nautilus_paradex.simulator.engine.model import Fee
from nautilus_paradex.simulator.engine.model import FeeConfig
from nautilus_paradex.simulator.engine.model import MakerTakerFee
from nautilus_paradex.simulator.engine.model import MarketSpec
from nautilus_paradex.simulator.engine.model import OptionCrossMargin
from nautilus_paradex.simulator.engine.model import OptionMargin
from nautilus_paradex.simulator.engine.model import TradingMode


#: Prices in USD around which the default markets make sense.
REFERENCE_PRICES: Final = {
    "AVAX": Decimal("25"),
    "BTC": Decimal("68000"),
    "CL": Decimal("62"),
    "DIME": Decimal("0.05"),
    "ETH": Decimal("2500"),
    "JP225": Decimal("50000"),
    "SOL": Decimal("150"),
    "TIA": Decimal("5"),
    "US500": Decimal("6800"),
    "kPEPE": Decimal("0.01"),
}
_OPENED_MS: Final = 1_669_852_800_000
_MONTHS: Final = [
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
]


def _fees(maker: str, taker: str, cap: str | None = None) -> FeeConfig:
    def fee(rate: str) -> Fee:
        if cap is None:
            return Fee(fee=Decimal(rate))
        return Fee(fee=Decimal(rate), fee_cap=Decimal(cap), fee_floor=-Decimal(cap))

    free = MakerTakerFee(maker_fee=fee("0"), taker_fee=fee("0"))
    return FeeConfig(
        api_fee=MakerTakerFee(maker_fee=fee(maker), taker_fee=fee(taker)),
        interactive_fee=free,
        rpi_fee=MakerTakerFee(maker_fee=fee("-0.00005"), taker_fee=fee("0")),
    )


DELTA1_FEES: Final = _fees("0.00003", "0.00045")
OPTION_FEES: Final = _fees("0.0001", "0.0001", "0.125")
OPTION_MARGIN: Final = OptionCrossMargin(
    imf=OptionMargin(
        long_itm=Decimal("0.2"),
        short_itm=Decimal("0.15"),
        short_otm=Decimal("0.1"),
        short_put_cap=Decimal("0.5"),
        premium_multiplier=Decimal(1),
    ),
    mmf=OptionMargin(
        long_itm=Decimal("0.1"),
        short_itm=Decimal("0.075"),
        short_otm=Decimal("0.05"),
        short_put_cap=Decimal("0.5"),
        premium_multiplier=Decimal("0.5"),
    ),
)


def perpetual(
    base: str,
    *,
    tick: str,
    lot: str,
    largest: str,
    limit: str,
    imf: str = "0.02",
    max_open_orders: int = 100,
    tags: tuple[str, ...] = (),
    open_at: int = _OPENED_MS,
    trading_mode: TradingMode = TradingMode.STANDARD,
    funding_multiplier: str = "1",
) -> MarketSpec:
    """Return a perpetual's listing."""
    return MarketSpec(
        symbol=f"{base}-USD-PERP",
        asset_kind=AssetKind.PERP,
        base_currency=base,
        price_tick_size=Decimal(tick),
        order_size_increment=Decimal(lot),
        min_notional=Decimal(10),
        max_order_size=Decimal(largest),
        position_limit=Decimal(limit),
        max_open_orders=max_open_orders,
        open_at=open_at,
        trading_mode=trading_mode,
        funding_period_hours=8,
        funding_multiplier=Decimal(funding_multiplier),
        interest_rate=Decimal("0.0001"),
        clamp_rate=Decimal("0.0005"),
        max_funding_rate=Decimal("0.02"),
        max_funding_rate_change=Decimal("0.0005"),
        tags=tags,
        delta1_cross_margin_params=Delta1Margin(imf_base=Decimal(imf)),
        fee_config=DELTA1_FEES,
    )


def spot(base: str, *, tick: str, lot: str, largest: str) -> MarketSpec:
    """Return a spot market's listing."""
    return MarketSpec(
        symbol=f"{base}-USD",
        asset_kind=AssetKind.SPOT,
        base_currency=base,
        price_tick_size=Decimal(tick),
        order_size_increment=Decimal(lot),
        min_notional=Decimal(10),
        max_order_size=Decimal(largest),
        position_limit=Decimal(largest) * 10,
        open_at=_OPENED_MS,
        fee_config=DELTA1_FEES,
    )


def option(
    base: str, strike: str, option_type: str, *, expiry_ms: int = 0, tick: str, lot: str
) -> MarketSpec:
    """
    Return an option's listing; perpetual without an expiry.

    Parameters
    ----------
    base : str
        The underlying.
    strike : str
        The strike price, USD.
    option_type : str
        ``CALL`` or ``PUT``.
    expiry_ms : int, default 0
        UNIX milliseconds; 0 = never.
    tick, lot : str
        Price and size increments.

    """
    date = f"{symbol_date(expiry_ms)}-" if expiry_ms else ""
    return MarketSpec(
        symbol=f"{base}-USD-{date}{strike}-{option_type[0]}",
        asset_kind=AssetKind.OPTION if expiry_ms else AssetKind.PERP_OPTION,
        base_currency=base,
        price_tick_size=Decimal(tick),
        order_size_increment=Decimal(lot),
        min_notional=Decimal(20),
        max_order_size=Decimal(100),
        position_limit=Decimal(1000),
        open_at=_OPENED_MS,
        expiry_at=expiry_ms,
        strike_price=Decimal(strike),
        option_type=option_type,
        funding_period_hours=0 if expiry_ms else 24,
        max_funding_rate=Decimal("0.05"),
        price_bands_width=Decimal("0.3"),
        iv_bands_width=Decimal("0.2"),
        option_cross_margin_params=OPTION_MARGIN,
        fee_config=OPTION_FEES,
    )


def symbol_date(expiry_ms: int) -> str:
    """Return an expiry as symbols spell it, in English whatever the locale: ``27NOV26``."""
    date = datetime.fromtimestamp(expiry_ms / 1000, UTC)
    return f"{date.day:02d}{_MONTHS[date.month - 1]}{date.year % 100:02d}"


def next_expiry_ms(now_us: int, weeks: int = 0) -> int:
    """Return the next Friday 08:00 UTC that is at least two days away, plus weeks."""
    earliest = datetime.fromtimestamp(now_us / 1_000_000, UTC) + timedelta(days=2)
    friday = earliest + timedelta(days=(4 - earliest.weekday()) % 7, weeks=weeks)
    expiry = friday.replace(hour=8, minute=0, second=0, microsecond=0)
    if expiry < earliest:
        expiry += timedelta(days=7)
    return int(expiry.timestamp()) * 1000


def default_markets(now_us: int) -> list[MarketSpec]:
    """
    Return one or more listings of every kind, options with expiries after the given time.

    Among them a lot of 100 (kPEPE), ticks of 0.5 (US500) and 5 (JP225), a market that trades by
    RFQ only (AVAX) and one that opens in a week (TIA).
    """
    near = next_expiry_ms(now_us)
    week = now_us // 1000 + 7 * 24 * 3_600_000
    return [
        perpetual(
            "BTC",
            tick="0.1",
            lot="0.00001",
            largest="100",
            limit="300",
            max_open_orders=150,
            tags=("LAYER-1",),
        ),
        perpetual("ETH", tick="0.01", lot="0.0001", largest="2000", limit="6000"),
        perpetual("SOL", tick="0.001", lot="0.01", largest="20000", limit="60000", imf="0.05"),
        perpetual(
            "kPEPE", tick="0.000001", lot="100", largest="50000000", limit="200000000", imf="0.1"
        ),
        perpetual("US500", tick="0.5", lot="0.001", largest="200", limit="500", tags=("TRADFI",)),
        perpetual("JP225", tick="5", lot="0.001", largest="50", limit="100", tags=("TRADFI",)),
        perpetual(
            "CL",
            tick="0.01",
            lot="0.01",
            largest="20000",
            limit="50000",
            tags=("TRADFI",),
            funding_multiplier="0.5",
        ),
        spot("ETH", tick="0.01", lot="0.0001", largest="1000"),
        spot("DIME", tick="0.00001", lot="1", largest="10000000"),
        option("BTC", "68000", "CALL", expiry_ms=near, tick="0.01", lot="0.001"),
        option("BTC", "68000", "PUT", expiry_ms=near, tick="0.01", lot="0.001"),
        option("BTC", "70000", "CALL", expiry_ms=near, tick="0.01", lot="0.001"),
        option("BTC", "66000", "PUT", expiry_ms=near, tick="0.01", lot="0.001"),
        option("ETH", "2500", "CALL", expiry_ms=near, tick="0.01", lot="0.1"),
        option("BTC", "72000", "CALL", tick="0.01", lot="0.001"),
        option("BTC", "64000", "PUT", tick="0.01", lot="0.001"),
        perpetual(
            "AVAX",
            tick="0.001",
            lot="0.1",
            largest="10000",
            limit="50000",
            trading_mode=TradingMode.RFQ_ONLY,
        ),
        perpetual("TIA", tick="0.0001", lot="0.1", largest="50000", limit="100000", open_at=week),
    ]
