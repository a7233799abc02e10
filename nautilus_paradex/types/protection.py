"""The state of market-maker protection."""

from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal

from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.types.storage import OfVenue


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexMarketMakerProtection(OfVenue):
    """
    The market-maker protection of a base asset after something happened to it (``mmp``).

    Metadata: none. One subscription carries all base assets of all accounts of the node.
    """

    account_id: AccountId
    base_asset: str
    """Its perpetual and its dated options are protected together."""
    event: str
    """
    ``TRIGGERED``, ``UNFROZEN``, ``RESET`` or ``CONFIG_UPDATED``; ``READ`` for a state that was
    asked for.
    """
    is_configured: bool
    """If there is a protection; orders with the flag are canceled where there is none."""
    is_frozen: bool | None
    """If orders with the flag are refused; None where the venue could not tell."""
    frozen_until: int | None = None
    """UNIX nanoseconds; None until a reset, and where nothing is frozen."""
    trip_reason: str = ""
    """Of the present freeze: ``SIZE``, ``DELTA``, ``VEGA``, ``INVALID_FILL``; empty if unknown."""
    trigger_market: InstrumentId | None = None
    """Whose fill tripped it."""
    interval_ms: int | None = None
    """Length of the sliding window; None where nothing is configured or known, as below."""
    frozen_time_ms: int | None = None
    """How long a trip freezes; 0 is until a reset."""
    size_limit: Decimal | None = None
    """Base units; 0 is off, as of the other limits."""
    delta_limit: Decimal | None = None
    """Of the absolute net delta, base units."""
    vega_limit: Decimal | None = None
    """Of the absolute net vega of dated options, USD."""
    protect_block_trades: bool | None = None
    window_size: Decimal | None = None
    """What the fills of the window summed up to, at the trip or when it was read."""
    window_delta: Decimal | None = None
    window_vega: Decimal | None = None
    ts_event: int = field()
    """When it arrived: the venue gives no time."""
    ts_init: int = field()
