"""What the custom data types share: how they are stored, routed and registered."""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from types import UnionType
from typing import Any
from typing import Final
from typing import NamedTuple
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
from nautilus_trader.model.identifiers import AccountId
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
    AccountId: _Storage(str, AccountId, pa.string()),
    InstrumentId: _Storage(str, InstrumentId.from_str, pa.string()),
    AggressorSide: _Storage(aggressor_side_to_str, aggressor_side_from_str, pa.string()),
    str: _Storage(_same, _same, pa.string()),
    bool: _Storage(_same, _same, pa.bool_()),
    int: _Storage(_same, _same, pa.int64()),
}

#: By type: its fields in order, and how each is stored.
_FIELDS: Final[dict[type, dict[str, _Storage]]] = {}


class ParadexData(Data):
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


class OfInstrument(ParadexData):
    """What is of one market and subscribed to by its instrument id."""

    __slots__ = ()

    @classmethod
    def data_type_of(cls, instrument_id: InstrumentId) -> DataType:
        """Return what to subscribe to."""
        return DataType(cls, metadata={INSTRUMENT_ID: instrument_id})

    def to_custom_data(self) -> CustomData:
        """Return the value as the data engine takes it."""
        return CustomData(self.data_type_of(self.instrument_id), self)


class OfVenue(ParadexData):
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


# -- REGISTRATION ----------------------------------------------------------------------------------


def register(cls: type[ParadexData]) -> None:
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
