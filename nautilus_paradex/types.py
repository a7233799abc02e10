"""
What Paradex publishes and the framework has no type for, as custom data.

Each type tells by ``data_type_of`` what to subscribe to::

    self.subscribe_data(
        ParadexMarketStatistics.data_type_of(instrument_id),
        client_id=PARADEX_CLIENT_ID,
    )

and comes to ``on_data`` as the value itself. Values are immutable, compare by content, go through
the message bus and into a catalog. Numbers are exact `Decimal`, texts where they are stored; times
are UNIX nanoseconds.

The framework routes custom data by a topic made of type and metadata, so a subscription must carry
exactly the metadata that the data is published with: the instrument id for what is of one market,
nothing for the rest.
"""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from decimal import Decimal
from types import UnionType
from typing import Any
from typing import Final
from typing import NamedTuple
from typing import Protocol
from typing import Self
from typing import get_args
from typing import get_type_hints

import pyarrow as pa
from nautilus_trader.core.data import Data
from nautilus_trader.model.data import CustomData
from nautilus_trader.model.data import DataType
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.enums import aggressor_side_from_str
from nautilus_trader.model.enums import aggressor_side_to_str
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.serialization.arrow.serializer import register_arrow
from nautilus_trader.serialization.base import register_serializable_type

from nautilus_paradex.protocol.errors import EncodeError


#: The metadata key of what is of one market.
INSTRUMENT_ID: Final = "instrument_id"

_NS_TYPE: Final = pa.uint64()


# -- HOW VALUES ARE STORED -------------------------------------------------------------------------


def _same(value: Any) -> Any:
    return value


def _plain(value: Decimal) -> str:
    return format(value, "f")


class _Storage(NamedTuple):
    """How values of a type are stored: what writes them, what reads them, their column."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    column: pa.DataType


_STORAGE: Final[dict[Any, _Storage]] = {
    Decimal: _Storage(_plain, Decimal, pa.string()),
    InstrumentId: _Storage(str, InstrumentId.from_str, pa.string()),
    AggressorSide: _Storage(aggressor_side_to_str, aggressor_side_from_str, pa.string()),
    str: _Storage(_same, _same, pa.string()),
    bool: _Storage(_same, _same, pa.bool_()),
    int: _Storage(_same, _same, pa.int64()),
}

#: By type: its fields in order, and how each is stored.
_FIELDS: Final[dict[type, dict[str, _Storage]]] = {}


class _ParadexData(Data):
    """What the types share."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the values as texts, integers and booleans; None where there is none."""
        values: dict[str, Any] = {"type": type(self).__name__}
        for name, storage in _FIELDS[type(self)].items():
            value = getattr(self, name)
            values[name] = None if value is None else storage.write(value)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` was made of; keys that are not known are passed over."""
        arguments: dict[str, Any] = {}
        for name, storage in _FIELDS[cls].items():
            value = values.get(name)
            arguments[name] = None if value is None else storage.read(value)
        return cls(**arguments)


class _OfInstrument(_ParadexData):
    """What is of one market and subscribed to by its instrument id."""

    __slots__ = ()

    @classmethod
    def data_type_of(cls, instrument_id: InstrumentId) -> DataType:
        """Return what to subscribe to."""
        return DataType(cls, metadata={INSTRUMENT_ID: instrument_id})

    def to_custom_data(self) -> CustomData:
        """Return the value as the data engine takes it."""
        return CustomData(self.data_type_of(self.instrument_id), self)


class _OfVenue(_ParadexData):
    """What is not of one market and subscribed to without metadata."""

    __slots__ = ()

    @classmethod
    def data_type_of(cls) -> DataType:
        """Return what to subscribe to."""
        return DataType(cls)

    def to_custom_data(self) -> CustomData:
        """Return the value as the data engine takes it."""
        return CustomData(self.data_type_of(), self)


def instrument_id_in(data_type: DataType) -> InstrumentId:
    """
    Return the market that a subscription is for.

    Raises
    ------
    EncodeError
        If the metadata is not exactly an instrument id: no data would ever arrive.

    """
    value = data_type.metadata.get(INSTRUMENT_ID)
    if len(data_type.metadata) != 1 or not isinstance(value, InstrumentId):
        name = data_type.type.__name__
        raise EncodeError(
            f"{name} is subscribed to with metadata={{'{INSTRUMENT_ID}': InstrumentId}} alone, "
            f"not {data_type.metadata}; use {name}.data_type_of(instrument_id)"
        )
    return value


def check_no_metadata(data_type: DataType) -> None:
    """
    Check a subscription to what is not of one market.

    Raises
    ------
    EncodeError
        If it carries metadata: no data would ever arrive.

    """
    if data_type.metadata:
        name = data_type.type.__name__
        raise EncodeError(
            f"{name} is subscribed to without metadata, not {data_type.metadata}; "
            f"use {name}.data_type_of()"
        )


# -- TYPES -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexMarketStatistics(_OfInstrument):
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
class ParadexFundingData(_OfInstrument):
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
class ParadexFundingComparison(_OfVenue):
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
class ParadexPublicTrade(_OfInstrument):
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
class ParadexSettlementPrice(_OfInstrument):
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
class ParadexMarketChange(_OfInstrument):
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


class _Status(Protocol):
    """What is read of a stream's status."""

    @property
    def name(self) -> str: ...
    @property
    def connected(self) -> bool: ...
    @property
    def healthy(self) -> bool: ...
    @property
    def url(self) -> str: ...
    @property
    def sbe_version(self) -> int | None: ...
    @property
    def subscriptions(self) -> int: ...
    @property
    def confirmed(self) -> int: ...
    @property
    def reconnects(self) -> int: ...
    @property
    def failed_attempts(self) -> int: ...
    @property
    def last_frame_age_secs(self) -> float | None: ...
    @property
    def epoch(self) -> int: ...
    @property
    def last_error(self) -> str: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class ParadexStreamHealth(_OfVenue):
    """
    The health of a stream (rule S8).

    Metadata: none. One subscription carries all streams of the client.
    """

    stream: str
    """The stream's name."""
    connected: bool
    healthy: bool
    """If everything that is subscribed flows and nothing is known to be missed."""
    url: str
    schema_version: int | None
    """Of SBE; None is JSON."""
    subscriptions: int
    confirmed: int
    """How many of them the venue has acknowledged on this connection."""
    handlers: int
    """How many users the subscriptions have."""
    reconnects: int
    failed_attempts: int
    """In a row, since it was last healthy."""
    last_frame_age_ms: int | None
    """Since anything arrived; None without a connection."""
    venue_age_ms: int | None
    """How old the newest data was by the venue's clock when it arrived; None if unknown."""
    gaps: int
    """Book gaps so far."""
    epoch: int
    """How many connections were opened so far."""
    degraded: bool
    """If polling stands in for the stream (rule S6)."""
    last_error: str
    ts_event: int = field()
    ts_init: int = field()

    @classmethod
    def from_status(
        cls,
        status: _Status,
        *,
        handlers: int,
        gaps: int,
        venue_age_ms: int | None,
        degraded: bool,
        ts_event: int,
        ts_init: int,
    ) -> Self:
        """Return the health that a stream's status tells, with what its room knows."""
        age = status.last_frame_age_secs
        return cls(
            stream=status.name,
            connected=status.connected,
            healthy=status.healthy,
            url=status.url,
            schema_version=status.sbe_version,
            subscriptions=status.subscriptions,
            confirmed=status.confirmed,
            handlers=handlers,
            reconnects=status.reconnects,
            failed_attempts=status.failed_attempts,
            last_frame_age_ms=None if age is None else round(age * 1_000),
            venue_age_ms=venue_age_ms,
            gaps=gaps,
            epoch=status.epoch,
            degraded=degraded,
            last_error=status.last_error,
            ts_event=ts_event,
            ts_init=ts_init,
        )


# -- REGISTRATION ----------------------------------------------------------------------------------

#: Every custom data type of this package.
CUSTOM_TYPES: Final[tuple[type[_ParadexData], ...]] = (
    ParadexFundingComparison,
    ParadexFundingData,
    ParadexMarketChange,
    ParadexMarketStatistics,
    ParadexPublicTrade,
    ParadexSettlementPrice,
    ParadexStreamHealth,
)


def _register(cls: type[_ParadexData]) -> None:
    """Let the framework store a type and send it over the message bus."""
    columns = []
    stored: dict[str, _Storage] = {}
    hints = get_type_hints(cls)
    for item in fields(cls):
        hint = hints[item.name]
        optional = isinstance(hint, UnionType)
        storage = _STORAGE[get_args(hint)[0] if optional else hint]
        is_time = item.name in ("ts_event", "ts_init")
        stored[item.name] = storage
        column = _NS_TYPE if is_time else storage.column
        columns.append(pa.field(item.name, column, nullable=optional))
    schema = pa.schema(columns, metadata={"type": cls.__name__})

    def to_batch(values: list[Data]) -> pa.RecordBatch:
        # A stream writer hands over what it got, wrapped or not.
        bare = [value.data if isinstance(value, CustomData) else value for value in values]
        return pa.RecordBatch.from_pylist([value.to_dict() for value in bare], schema=schema)

    def from_table(table: pa.Table | pa.RecordBatch) -> list[Data]:
        return [cls.from_dict(row) for row in table.to_pylist()]

    _FIELDS[cls] = stored
    register_serializable_type(cls, cls.to_dict, cls.from_dict)
    register_arrow(
        cls,
        schema,
        encoder=lambda value: to_batch([value]),
        decoder=from_table,
        batch_encoder=to_batch,
    )


for _type in CUSTOM_TYPES:
    _register(_type)
