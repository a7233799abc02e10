"""
Black-76 values of options: implied volatilities and greeks.

Floats, because these are statistics and not prices: nothing of them reaches an order, a fill or a
balance. Greeks are per base unit; vega and volga per 1.00 of volatility divided by 100, theta per
day.
"""

from decimal import Decimal
from math import erf
from math import exp
from math import log
from math import pi
from math import sqrt
from typing import NamedTuple

from nautilus_paradex.simulator.engine.model import Greeks
from nautilus_paradex.simulator.engine.model import MarketSpec


RISK_FREE_RATE = 0.04
#: A perpetual option is valued as if it expired in 30 days.
PERPETUAL_YEARS = 30 / 365
_YEAR_MS = 365 * 24 * 3600 * 1000
_SHORTEST_YEARS = 1 / (365 * 24 * 60)
_LOWEST_IV = 0.01
_HIGHEST_IV = 10.0


class Terms(NamedTuple):
    """What an option's value depends on, but for the volatility."""

    forward: float
    strike: float
    years: float
    is_call: bool


def terms_of(spec: MarketSpec, underlying: Decimal, now_us: int) -> Terms:
    """Return an option's terms as of now."""
    years = PERPETUAL_YEARS
    if spec.expiry_at:
        years = max((spec.expiry_at - now_us / 1000) / _YEAR_MS, _SHORTEST_YEARS)
    return Terms(float(underlying), float(spec.strike_price), years, spec.option_type == "CALL")


def _cdf(x: float) -> float:
    return 0.5 * (1 + erf(x / sqrt(2)))


def _pdf(x: float) -> float:
    return exp(-x * x / 2) / sqrt(2 * pi)


def _d1(terms: Terms, iv: float) -> float:
    spread = iv * sqrt(terms.years)
    return log(terms.forward / terms.strike) / spread + spread / 2


def value(terms: Terms, iv: float) -> float:
    """Return an option's value in USD per base unit."""
    d1 = _d1(terms, iv)
    d2 = d1 - iv * sqrt(terms.years)
    discount = exp(-RISK_FREE_RATE * terms.years)
    if terms.is_call:
        return discount * (terms.forward * _cdf(d1) - terms.strike * _cdf(d2))
    return discount * (terms.strike * _cdf(-d2) - terms.forward * _cdf(-d1))


def implied_volatility(terms: Terms, price: Decimal | None) -> Decimal | None:
    """Return the volatility at which the option is worth the price, or None where none does."""
    if price is None or terms.forward <= 0 or terms.strike <= 0:
        return None
    target = float(price)
    low, high = _LOWEST_IV, _HIGHEST_IV
    if not value(terms, low) <= target <= value(terms, high):
        return None
    for _ in range(32):
        middle = (low + high) / 2
        if value(terms, middle) < target:
            low = middle
        else:
            high = middle
    return _decimal((low + high) / 2)


def greeks(terms: Terms, iv: Decimal) -> Greeks:
    """Return an option's sensitivities at a volatility."""
    sigma = float(iv)
    root = sqrt(terms.years)
    d1 = _d1(terms, sigma)
    d2 = d1 - sigma * root
    discount = exp(-RISK_FREE_RATE * terms.years)
    price = value(terms, sigma)
    vega = discount * terms.forward * _pdf(d1) * root
    decay = discount * terms.forward * _pdf(d1) * sigma / (2 * root)
    return Greeks(
        delta=_decimal(discount * (_cdf(d1) if terms.is_call else _cdf(d1) - 1)),
        gamma=_decimal(discount * _pdf(d1) / (terms.forward * sigma * root)),
        vega=_decimal(vega / 100),
        theta=_decimal((RISK_FREE_RATE * price - decay) / 365),
        rho=_decimal(-terms.years * price / 100),
        vanna=_decimal(-discount * _pdf(d1) * d2 / sigma),
        volga=_decimal(vega * d1 * d2 / sigma / 100),
    )


def _decimal(number: float) -> Decimal:
    return Decimal(f"{number:.8f}")
