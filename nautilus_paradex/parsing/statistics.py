"""
Market summaries, funding and prints as the framework's data (PROTOCOL 9.4, 9.5).

What the venue leaves out gives no event: an absent price is not a price of zero.

Mark and index prices are derived and finer than a market's tick. They keep all 8 places of the
wire, always: that is exact, and one number of places for all of a market's values, without which
the framework's catalog cuts the finer ones off. Prices that are equal compare equal whatever their
places.
"""

from decimal import Decimal
from typing import Final

from nautilus_trader.model.data import FundingRateUpdate
from nautilus_trader.model.data import IndexPriceUpdate
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OptionGreeks
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Price

from nautilus_paradex.parsing.instruments import NO_EXPIRY_NS
from nautilus_paradex.parsing.market_data import trade_id_of
from nautilus_paradex.parsing.numbers import EXACT
from nautilus_paradex.parsing.numbers import PRICE_LIMIT_E8
from nautilus_paradex.parsing.numbers import RAW_PER_E8
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import FundingComparison
from nautilus_paradex.protocol.events import FundingData
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.numbers import SCALE
from nautilus_paradex.protocol.numbers import UNIT
from nautilus_paradex.protocol.numbers import decimal
from nautilus_paradex.protocol.numbers import format_mantissa
from nautilus_paradex.protocol.numbers import from_mantissa
from nautilus_paradex.types import ParadexFundingComparison
from nautilus_paradex.types import ParadexFundingData
from nautilus_paradex.types import ParadexMarketStatistics
from nautilus_paradex.types import ParadexPublicTrade


_RATE_SCALE: Final = 12
_MINUTES_PER_HOUR: Final = 60

#: Where SBE's total volume ends: the true number may be any that is larger (trap 15).
_SATURATED: Final = 2**63 - 1

_AGGRESSORS: Final = {Side.BUY: AggressorSide.BUYER, Side.SELL: AggressorSide.SELLER}

#: What the framework's greeks cannot do without.
_REQUIRED_GREEKS: Final = ("delta_e8", "gamma_e8", "vega_e8", "theta_e8", "rho_e8")


# -- INSTRUMENTS -----------------------------------------------------------------------------------


def is_option(instrument: Instrument) -> bool:
    """If an instrument is an option, dated or perpetual."""
    return isinstance(instrument, CryptoOption)


def has_funding(instrument: Instrument) -> bool:
    """If an instrument is one that funding is paid on: a perpetual, or an option without expiry."""
    if isinstance(instrument, CryptoOption):
        return bool(instrument.expiration_ns == NO_EXPIRY_NS)
    return not isinstance(instrument, CurrencyPair)


def funding_interval(instrument: Instrument) -> int | None:
    """
    Return an instrument's funding period, minutes; None where the venue gives none.

    Funding is continuous: this is the period that the rate is quoted for (PROTOCOL 9.5).
    """
    text = (instrument.info or {}).get("funding_period_hours")
    if not text:
        return None
    try:
        minutes = int(EXACT.multiply(decimal(text), Decimal(_MINUTES_PER_HOUR)))
    except NumberError:
        return None
    return minutes if minutes > 0 else None


# -- PRICES ----------------------------------------------------------------------------------------


def parse_mark_price(
    event: MarketSummary, instrument_id: InstrumentId, ts_init: int
) -> MarkPriceUpdate | None:
    """
    Return a summary's mark price, exact, or None where it carries none.

    Raises
    ------
    NumberError
        If it is out of the framework's range.

    """
    value = event.mark_price_e8
    if value is None:
        return None
    return MarkPriceUpdate(instrument_id, _price(value), event.ts_ns, ts_init)


def parse_index_price(
    event: MarketSummary, instrument_id: InstrumentId, ts_init: int
) -> IndexPriceUpdate | None:
    """Return a summary's price of the underlying; as `parse_mark_price`."""
    value = event.underlying_price_e8
    if value is None:
        return None
    return IndexPriceUpdate(instrument_id, _price(value), event.ts_ns, ts_init)


def _price(value_e8: int) -> Price:
    if -PRICE_LIMIT_E8 <= value_e8 <= PRICE_LIMIT_E8:
        return Price.from_raw(value_e8 * RAW_PER_E8, SCALE)
    raise NumberError(format_mantissa(value_e8), "is out of the range of prices")


# -- FUNDING ---------------------------------------------------------------------------------------


def parse_funding_rate(
    event: MarketSummary, instrument_id: InstrumentId, interval: int | None, ts_init: int
) -> FundingRateUpdate | None:
    """
    Return a summary's funding rate, or None where it carries none.

    Parameters
    ----------
    event : MarketSummary
        The summary.
    instrument_id : InstrumentId
        The instrument.
    interval : int, optional
        The period that the rate is for, minutes.
    ts_init : int
        UNIX nanoseconds.

    Notes
    -----
    Funding accrues by the second and has no next time (PROTOCOL 9.5): none is invented.

    """
    rate = event.funding_rate_e12
    if rate is None:
        return None
    return FundingRateUpdate(
        instrument_id=instrument_id,
        rate=from_mantissa(rate, _RATE_SCALE),
        interval=interval,
        next_funding_ns=None,
        ts_event=event.ts_ns,
        ts_init=ts_init,
    )


def parse_funding_data(
    event: FundingData, instrument_id: InstrumentId, ts_init: int
) -> ParadexFundingData:
    """Return a market's continuous funding."""
    return ParadexFundingData(
        instrument_id=instrument_id,
        funding_rate=event.funding_rate,
        funding_rate_8h=event.funding_rate_8h,
        funding_index=event.funding_index,
        funding_premium=event.funding_premium,
        funding_period_hours=event.funding_period_hours,
        impact_premium_rate=event.impact_premium_rate,
        ts_event=event.created_ns,
        ts_init=ts_init,
    )


def parse_funding_comparison(
    event: FundingComparison, instrument_id: InstrumentId, ts_init: int
) -> ParadexFundingComparison:
    """Return an hourly funding rate at one source."""
    return ParadexFundingComparison(
        instrument_id=instrument_id,
        source=event.source,
        asset_kind=event.asset_kind,
        hourly_funding_rate=event.hourly_funding_rate,
        ts_event=event.updated_ns,
        ts_init=ts_init,
    )


# -- OPTIONS ---------------------------------------------------------------------------------------


def missing_greek(event: MarketSummary) -> str | None:
    """Return the first greek that an option's summary lacks for `parse_option_greeks`, if any."""
    for name in _REQUIRED_GREEKS:
        if getattr(event, name) is None:
            return name.removesuffix("_e8")
    return None


def parse_option_greeks(
    event: MarketSummary, instrument_id: InstrumentId, ts_init: int
) -> OptionGreeks | None:
    """
    Return an option's greeks and volatilities, or None while the summary lacks a greek.

    The framework's type holds floats: each is the nearest to the venue's number, which
    `ParadexMarketStatistics` carries exactly. Greeks are the venue's own, of one base unit and in
    USD, thus of the Black-Scholes convention; volatilities are fractions and None where absent.
    """
    delta, gamma, vega = event.delta_e8, event.gamma_e8, event.vega_e8
    theta, rho = event.theta_e8, event.rho_e8
    if delta is None or gamma is None or vega is None or theta is None or rho is None:
        return None
    return OptionGreeks(
        instrument_id,
        delta / UNIT,
        gamma / UNIT,
        vega / UNIT,
        theta / UNIT,
        rho / UNIT,
        _float(event.mark_iv_e8),
        _float(event.bid_iv_e8),
        _float(event.ask_iv_e8),
        _float(event.underlying_price_e8),
        _float(event.open_interest_e8),
        event.ts_ns,
        ts_init,
    )


def _float(value_e8: int | None) -> float | None:
    return None if value_e8 is None else value_e8 / UNIT


# -- STATISTICS AND PRINTS -------------------------------------------------------------------------


def parse_market_statistics(
    event: MarketSummary, instrument_id: InstrumentId, ts_init: int
) -> ParadexMarketStatistics:
    """Return everything that a summary carries, exactly."""
    total = event.total_volume_e8
    rate = event.funding_rate_e12
    return ParadexMarketStatistics(
        instrument_id=instrument_id,
        mark_price=_decimal(event.mark_price_e8),
        underlying_price=_decimal(event.underlying_price_e8),
        last_price=_decimal(event.last_price_e8),
        external_fair_price=_decimal(event.external_fair_price_e8),
        bid=_decimal(event.bid_e8),
        bid_size=_decimal(event.bid_size_e8),
        ask=_decimal(event.ask_e8),
        ask_size=_decimal(event.ask_size_e8),
        mark_iv=_decimal(event.mark_iv_e8),
        bid_iv=_decimal(event.bid_iv_e8),
        ask_iv=_decimal(event.ask_iv_e8),
        last_iv=_decimal(event.last_iv_e8),
        delta=_decimal(event.delta_e8),
        gamma=_decimal(event.gamma_e8),
        vega=_decimal(event.vega_e8),
        theta=_decimal(event.theta_e8),
        rho=_decimal(event.rho_e8),
        vanna=_decimal(event.vanna_e8),
        volga=_decimal(event.volga_e8),
        forward_rate=_decimal(event.forward_rate_e8),
        risk_free_rate=_decimal(event.risk_free_rate_e8),
        funding_rate=None if rate is None else from_mantissa(rate, _RATE_SCALE),
        future_funding_rate=_decimal(event.future_funding_rate_e8),
        open_interest=_decimal(event.open_interest_e8),
        volume_24h=_decimal(event.volume_24h_e8),
        total_volume=None if total == _SATURATED else _decimal(total),
        price_change_rate_24h=_decimal(event.price_change_rate_24h_e8),
        ts_event=event.ts_ns,
        ts_init=ts_init,
    )


def parse_public_trade(
    event: Trade, instrument_id: InstrumentId, ts_init: int
) -> ParadexPublicTrade:
    """Return a print of any kind, exactly; its time is the matching engine's."""
    return ParadexPublicTrade(
        instrument_id=instrument_id,
        trade_id=trade_id_of(event),
        side=_AGGRESSORS[event.side],
        price=from_mantissa(event.price_e8),
        size=from_mantissa(event.size_e8),
        trade_type=event.trade_type,
        seq=event.seq,
        ts_event=event.created_ns,
        ts_init=ts_init,
    )


def _decimal(value_e8: int | None) -> Decimal | None:
    return None if value_e8 is None else from_mantissa(value_e8)
