"""What the venue publishes of its markets."""

from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal

from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.types.storage import OfInstrument
from nautilus_paradex.types.storage import OfVenue


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexMarketStatistics(OfInstrument):
    """
    Statistics and derived prices of a market (``markets_summary``, PROTOCOL 9.4).

    Metadata: ``instrument_id``. None is what the venue does not give for the market.
    """

    instrument_id: InstrumentId
    mark_price: Decimal | None = None
    underlying_price: Decimal | None = None
    """The index."""
    last_price: Decimal | None = None
    external_fair_price: Decimal | None = None
    bid: Decimal | None = None
    bid_size: Decimal | None = None
    """Base units."""
    ask: Decimal | None = None
    ask_size: Decimal | None = None
    mark_iv: Decimal | None = None
    """Implied volatilities are fractions: 0.5 is 50 %."""
    bid_iv: Decimal | None = None
    ask_iv: Decimal | None = None
    last_iv: Decimal | None = None
    delta: Decimal | None = None
    """Greeks are of one base unit."""
    gamma: Decimal | None = None
    vega: Decimal | None = None
    theta: Decimal | None = None
    rho: Decimal | None = None
    vanna: Decimal | None = None
    volga: Decimal | None = None
    forward_rate: Decimal | None = None
    risk_free_rate: Decimal | None = None
    funding_rate: Decimal | None = None
    """Per funding period of the market, as a fraction."""
    future_funding_rate: Decimal | None = None
    open_interest: Decimal | None = None
    """Base units."""
    volume_24h: Decimal | None = None
    """USD."""
    total_volume: Decimal | None = None
    """USD; None too where the feed's number is at its limit and says nothing (trap 15)."""
    price_change_rate_24h: Decimal | None = None
    """As a fraction."""
    ts_event: int = field()
    ts_init: int = field()


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexFundingData(OfInstrument):
    """
    Continuous funding of a market (``funding_data``, PROTOCOL 9.5).

    Metadata: ``instrument_id``.
    """

    instrument_id: InstrumentId
    funding_rate: Decimal
    """Per funding period, as a fraction; longs pay where it is positive."""
    funding_rate_8h: Decimal | None
    """The same per 8 hours."""
    funding_index: Decimal
    """What a long of one base unit has paid since the beginning, USDC."""
    funding_premium: Decimal
    """What a long of one base unit pays in a period, USDC."""
    funding_period_hours: int
    """0 in old rows."""
    impact_premium_rate: Decimal | None
    ts_event: int = field()
    ts_init: int = field()


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexFundingComparison(OfVenue):
    """
    The hourly funding rate of an asset at one source (``funding_rate_comparison``).

    Metadata: none. One subscription carries all markets and sources.
    """

    instrument_id: InstrumentId
    """The market of Paradex that is compared."""
    source: str
    """``PARADEX``, ``BINANCE``, ...; ``UNKNOWN(n)`` for one that is not modelled."""
    asset_kind: str
    hourly_funding_rate: Decimal
    """As a fraction."""
    ts_event: int = field()
    ts_init: int = field()


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexPublicTrade(OfInstrument):
    """
    A public print of any kind; the framework's trade ticks carry those on the book only.

    Metadata: ``instrument_id``.
    """

    instrument_id: InstrumentId
    trade_id: str
    """The venue's 28-digit id, or one made of the trade where the feed carries none (trap 4)."""
    side: AggressorSide
    price: Decimal
    size: Decimal
    """Base units."""
    trade_type: str
    """``FILL``, ``RPI``, ``LIQUIDATION``, ``BLOCK_TRADE``, ``SETTLE_MARKET``, ..."""
    seq: int | None
    """The book's number after it; 0 off the book, None where the feed carries none."""
    ts_event: int = field()
    ts_init: int = field()


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexSettlementPrice(OfInstrument):
    """
    How a market settled (``GET /markets/settlement-price``); on request only.

    Metadata: ``instrument_id``. Its time is the expiry: the venue gives no other.
    """

    instrument_id: InstrumentId
    settlement_price: Decimal
    """The payoff for options, the average price of the underlying for others."""
    underlying_twap_price: Decimal | None
    """The average price of the underlying in the 30 minutes before the expiry."""
    ts_event: int = field()
    ts_init: int = field()


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexMarketChange(OfInstrument):
    """
    What happened to a market's listing (``GET /markets/history``, 7 days); on request only.

    Metadata: ``instrument_id``.
    """

    instrument_id: InstrumentId
    event_type: str
    """``CREATED``, ``UPDATED``, ``SETTLED`` or ``DELETED``."""
    changes: str
    """The changed fields as a JSON object; numbers are texts in it."""
    ts_event: int = field()
    ts_init: int = field()
