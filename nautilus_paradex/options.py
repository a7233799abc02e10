"""What a command's or request's ``params`` ask for: typed, checked, and nothing unknown."""

from collections.abc import Mapping
from typing import Any
from typing import Final

import msgspec
from msgspec import inspect

from nautilus_paradex.protocol.errors import EncodeError


#: What the framework itself puts into ``params`` or reads there (1.231): not ours to judge.
FRAMEWORK_PARAMS: Final = frozenset(
    {
        "aggregate_spread_quotes",
        "bar_types",
        "batched",
        "book_type",
        "continuous_future_adjustment_mode",
        "continuous_future_parent_request_id",
        "continuous_future_transitions",
        "data_count",
        "disable_historical_cache",
        "disable_vega_pricing",
        "durations_seconds",
        "filter_expr",
        "first_pre_instrument_id",
        "force_instrument_update",
        "force_update_catalog",
        "from_day_start",
        "identifier",
        "include_external_data",
        "instrument_properties",
        "join_request",
        "keep_subscriptions",
        "last_post_instrument_id",
        "only_last",
        "original_start_date",
        "point_data",
        "quote_build_delay",
        "skip_catalog_data",
        "skip_first_non_full_bar",
        "start_ns",
        "subscription_id",
        "subscription_name",
        "time_bars_origin_offset",
        "time_range_generator",
        "update_catalog",
        "update_interval_seconds",
        "update_subscriptions",
        "vega_pricing_timeout_seconds",
    }
)


class NoOptions(msgspec.Struct, frozen=True):
    """What takes no options."""


def read_options[T: msgspec.Struct](kind: type[T], params: Mapping[str, Any] | None) -> T:
    """
    Return the options in ``params``.

    Parameters
    ----------
    kind : type[T]
        A struct whose fields are the options: booleans, enums, literals, numbers, or tuples of
        them, each with its default.
    params : Mapping[str, Any], optional
        As the command carries it; the framework's own keys are passed over.

    Raises
    ------
    EncodeError
        If a key is unknown or a value is not allowed; the text names both and what is allowed.

    """
    given = {key: value for key, value in (params or {}).items() if key not in FRAMEWORK_PARAMS}
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    unknown = sorted(str(key) for key in given if key not in fields)
    if unknown:
        known = ", ".join(sorted(fields)) or "none"
        raise EncodeError(f"params has no key {', '.join(unknown)} here; there is: {known}")
    values = {}
    for key, value in given.items():
        if isinstance(value, float) and _is_decimal(fields[key]):
            text = f"params[{key!r}] cannot be a float; give it as a text or a Decimal"
            raise EncodeError(text)
        try:
            values[key] = msgspec.convert(value, fields[key])
        except msgspec.ValidationError:
            allowed = _allowed(inspect.type_info(fields[key]))
            text = f"params[{key!r}] cannot be {value!r}; allowed: {allowed}"
            raise EncodeError(text) from None
    return kind(**values)


def _is_decimal(kind: Any) -> bool:
    """If a type holds exact numbers, which a float is not."""
    info = inspect.type_info(kind)
    parts = info.types if isinstance(info, inspect.UnionType) else (info,)
    return any(isinstance(part, inspect.DecimalType) for part in parts)


def _allowed(kind: inspect.Type) -> str:
    """Return in words which values a type has."""
    match kind:
        case inspect.LiteralType():
            return ", ".join(repr(value) for value in kind.values)
        case inspect.EnumType():
            return ", ".join(repr(member.value) for member in kind.cls)
        case inspect.UnionType():
            return ", ".join(_allowed(part) for part in kind.types)
        case inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            return f"a list of {_allowed(kind.item_type)}"
        case inspect.IntType():
            return _allowed_numbers(kind)
        case _:
            return _WORDS.get(type(kind), type(kind).__name__.removesuffix("Type").lower())


_WORDS: Final[dict[type[inspect.Type], str]] = {
    inspect.BoolType: "True or False",
    inspect.NoneType: "None",
    inspect.DecimalType: "a number as a text or Decimal",
    inspect.StrType: "a text",
}


def _allowed_numbers(kind: inspect.IntType) -> str:
    if kind.le is not None:
        return f"{kind.ge} to {kind.le}"
    return "a whole number" if kind.ge is None else f"a whole number from {kind.ge}"
