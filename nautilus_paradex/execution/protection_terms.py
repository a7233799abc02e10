"""Market-maker protection in numbers and words: what may be set, and what a trip reads like."""

from collections.abc import Mapping
from decimal import Decimal
from decimal import InvalidOperation
from typing import Final

from nautilus_trader.core.datetime import unix_nanos_to_iso8601

from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.messages import MmpRequest
from nautilus_paradex.protocol.numbers import format_decimal
from nautilus_paradex.protocol.numbers import is_multiple
from nautilus_paradex.types import ParadexMarketMakerProtection


INTERVAL_MS: Final = (100, 3_600_000)
FROZEN_TIME_MS: Final = (0, 3_600_000)
LIMIT_INCREMENT: Final = Decimal("0.0001")
#: Far beyond any limit that is meant, and within the digits that a remainder can be taken of.
_LIMIT_END: Final = Decimal("1e15")


def freeze_text(state: ParadexMarketMakerProtection) -> str:
    """Return what a user has to know of a trip."""
    until = "until it is reset"
    if state.frozen_until is not None:
        until = f"until {unix_nanos_to_iso8601(state.frozen_until)}"
    where = "" if state.trigger_market is None else f" by a fill in {state.trigger_market}"
    return (
        f"[MMP] Paradex TRIPPED the protection of {state.base_asset}"
        f" ({state.trip_reason or 'reason unknown'}{where}): protected orders are canceled and "
        f"refused {until}; window size {state.window_size}, delta {state.window_delta}, "
        f"vega {state.window_vega}"
    )


def protection_request(
    interval_ms: int,
    frozen_time_ms: int,
    limits: Mapping[str, Decimal | str | int],
    protect_block_trades: bool | None,
) -> MmpRequest:
    """
    Return the request of settings.

    Raises
    ------
    EncodeError
        If the venue would not take them: its ranges, and what the SDK says of its limits.

    """
    for name, value, (low, high) in (
        ("interval_ms", interval_ms, INTERVAL_MS),
        ("frozen_time_ms", frozen_time_ms, FROZEN_TIME_MS),
    ):
        if type(value) is not int or not low <= value <= high:
            raise EncodeError(f"{name} must be {low} to {high}, not {value!r}")
    texts = {name: _limit(name, value) for name, value in limits.items()}
    if all(text == "0" for text in texts.values()):
        raise EncodeError(f"one of {', '.join(limits)} must be above 0; disable() switches off")
    return MmpRequest(
        interval_ms=interval_ms,
        frozen_time_ms=frozen_time_ms,
        protect_block_trades=protect_block_trades,
        **texts,
    )


def _limit(name: str, value: Decimal | str | int) -> str:
    if isinstance(value, float):
        raise EncodeError(f"{name} must be a Decimal, text or int, not a float")
    try:
        limit = Decimal(value)
    except InvalidOperation:
        raise EncodeError(f"{name} must be a number, not {value!r}") from None
    if not (limit.is_finite() and 0 <= limit < _LIMIT_END and is_multiple(limit, LIMIT_INCREMENT)):
        raise EncodeError(f"{name} must be a positive multiple of {LIMIT_INCREMENT}, not {value}")
    return format_decimal(limit) if limit else "0"


def terms_text(request: MmpRequest) -> str:
    """Return the settings in words."""
    frozen = f"{request.frozen_time_ms} ms" if request.frozen_time_ms else "until a reset"
    return (
        f"size {request.size_limit}, delta {request.delta_limit}, vega {request.vega_limit} in "
        f"{request.interval_ms} ms, frozen {frozen}"
    )
