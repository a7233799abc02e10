"""
Continuous funding (PROTOCOL 9.5).

The raw rate of a perpetual follows the premium of the mark over the underlying; that of a
perpetual option the premium of its mark over its payoff, as a fraction of the underlying. The
published rate is the raw one smoothed; the index accrues with it every second.
"""

from decimal import Decimal
from typing import Final

from nautilus_paradex.simulator.engine.arithmetic import ONE
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import FundingData
from nautilus_paradex.simulator.engine.model import FundingPublished
from nautilus_paradex.simulator.engine.model import SystemState


TICK_US: Final = 1_000_000
PUBLISH_US: Final = 5_000_000
#: A longer silence than this accrues nothing.
LONGEST_SECONDS: Final = 30
_LN2: Final = Decimal("0.693147180559945309")
_HALF_LIFE: Final = Decimal(1800)
_HALF_LIFE_POST_ONLY: Final = Decimal(30)
_HOUR: Final = 3600
_EIGHT: Final = Decimal(8)
# Fine enough for a coin worth 1e-6 USD; the wire rounds to 8 places.
_INDEX_GRAIN: Final = Decimal("1e-16")
_RATE_GRAIN: Final = Decimal("1e-12")


def accrue(core: Core, market: Market) -> None:
    """Bring a market's funding up to now and publish it every 5 s."""
    if not market.spec.funding_period_hours or market.mark is None or not market.underlying:
        return
    if not market.funding_ticked_us:
        market.funding_ticked_us = core.now_us
        return
    seconds = (core.now_us - market.funding_ticked_us) // TICK_US
    if not seconds:
        return
    market.funding_ticked_us += seconds * TICK_US
    if seconds <= LONGEST_SECONDS:
        _tick(core, market, Decimal(seconds), market.mark, market.underlying)
    if core.now_us - market.funding_published_us >= PUBLISH_US:
        market.funding_published_us = core.now_us
        row = funding_data(core, market)
        market.funding_rows.append(row)
        if core.listeners:
            core.emit(FundingPublished(row))


def _tick(core: Core, market: Market, seconds: Decimal, mark: Decimal, underlying: Decimal) -> None:
    raw = raw_rate(market, mark, underlying)
    half_life = _HALF_LIFE_POST_ONLY if core.state is SystemState.POST_ONLY else _HALF_LIFE
    weight = min(_LN2 * seconds / half_life, ONE)
    rate = market.funding_rate + weight * (raw - market.funding_rate)
    market.funding_rate = rate.quantize(_RATE_GRAIN)
    market.funding_premium = amount(market.funding_rate * underlying)
    period = market.spec.funding_period_hours * _HOUR
    step = market.funding_rate * underlying * seconds / period
    market.funding_index += step.quantize(_INDEX_GRAIN)


def raw_rate(market: Market, mark: Decimal, underlying: Decimal) -> Decimal:
    """Return the rate per period before smoothing."""
    spec = market.spec
    if market.is_option:
        raw = spec.funding_multiplier * (mark - market.payoff(underlying)) / underlying
    else:
        premium = (mark - underlying) / underlying
        interest = _clip(spec.interest_rate - premium, spec.clamp_rate)
        raw = spec.funding_multiplier * (premium + interest)
    return _clip(raw, spec.max_funding_rate)


def _clip(value: Decimal, limit: Decimal) -> Decimal:
    return max(-limit, min(value, limit))


def funding_data(core: Core, market: Market) -> FundingData:
    """Return a market's funding state."""
    hours = market.spec.funding_period_hours
    rate = market.funding_rate
    return FundingData(
        market=market.symbol,
        funding_rate=rate,
        funding_rate_8h=(rate * _EIGHT / hours).quantize(_RATE_GRAIN) if hours else ZERO,
        funding_index=market.funding_index,
        funding_premium=market.funding_premium,
        funding_period_hours=hours,
        created_us=core.now_us,
    )
