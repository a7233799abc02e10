"""What an event of a listing told, and if ``GET /markets`` shows it (PROTOCOL 4.1, trap 63)."""

from decimal import Decimal
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.messages.markets import MarketEvent
from nautilus_paradex.protocol.numbers import optional_decimal


#: The fields that instruments are made of, and that must not stay as they were.
VISIBLE: Final = (
    "asset_kind",
    "market_kind",
    "trading_mode",
    "price_tick_size",
    "order_size_increment",
    "min_notional",
    "max_order_size",
    "position_limit",
    "max_open_orders",
    "open_at",
    "expiry_at",
    "strike_price",
    "option_type",
    "delta1_cross_margin_params",
    "option_cross_margin_params",
    "fee_config",
)


def changes_of(event: MarketEvent) -> dict[str, Any]:
    """Return the fields that an event says have changed, with their new values."""
    changes = event.changed_fields
    if changes is None:
        return {}
    found = {name: getattr(changes, name) for name in changes.__struct_fields__}
    return {name: value for name, value in found.items() if value is not None}


def disagreements(changes: dict[str, Any], market: Market) -> list[str]:
    """
    Return the fields of which a market's specification shows another value than was told.

    Numbers are equal whatever their notation; of margins and fees only what was told counts.
    """
    return [
        name
        for name in VISIBLE
        if name in changes and not _shows(changes[name], getattr(market, name))
    ]


def _shows(told: Any, shown: Any) -> bool:
    if told is None or told in ("", shown):
        return True
    if isinstance(told, msgspec.Struct):
        return isinstance(shown, type(told)) and all(
            _shows(getattr(told, name), getattr(shown, name)) for name in told.__struct_fields__
        )
    number = _number(told)
    return number is not None and number == _number(shown)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, int | Decimal):
        number = Decimal(value)
        return number if number.is_finite() else None
    try:
        return optional_decimal(value)
    except NumberError:
        return None
