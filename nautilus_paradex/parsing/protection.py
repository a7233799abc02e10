"""
Market-maker protection: what the venue tells of it, as states (PROTOCOL 4.2, 6.4).

Every state is whole: what a message does not say is taken over from the state before it.
"""

from dataclasses import replace
from typing import Final

from nautilus_trader.model.identifiers import AccountId

from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.protocol.messages import MmpConfig
from nautilus_paradex.protocol.messages import MmpEvent
from nautilus_paradex.protocol.numbers import optional_decimal
from nautilus_paradex.types import ParadexMarketMakerProtection


TRIGGERED: Final = "TRIGGERED"
UNFROZEN: Final = "UNFROZEN"
RESET: Final = "RESET"
CONFIG_UPDATED: Final = "CONFIG_UPDATED"
READ: Final = "READ"

_NS_PER_MS: Final = 1_000_000


def parse_protection_event(
    event: MmpEvent,
    before: ParadexMarketMakerProtection | None,
    account_id: AccountId,
    ts_init: int,
) -> ParadexMarketMakerProtection | None:
    """
    Return the state after an event of ``mmp``; None if the event is of a kind that is not known.

    Raises
    ------
    WireError
        If a value of it cannot be read.

    """
    base_asset = event.base_asset
    if event.kind == TRIGGERED:
        return replace(
            before or _unknown(base_asset, account_id, ts_init),
            event=TRIGGERED,
            is_configured=True,
            is_frozen=True,
            frozen_until=_nanoseconds(event.frozen_until),
            trip_reason=event.trip_reason,
            trigger_market=instrument_id_of(event.trigger_market) if event.trigger_market else None,
            window_size=optional_decimal(event.window_size),
            window_delta=optional_decimal(event.window_delta),
            window_vega=optional_decimal(event.window_vega),
            ts_event=ts_init,
            ts_init=ts_init,
        )
    if event.kind in (UNFROZEN, RESET):
        return thawed_protection(base_asset, before, account_id, event.kind, ts_init)
    if event.kind != CONFIG_UPDATED or event.config is None:
        return None
    if event.config.removed:
        return removed_protection(base_asset, account_id, CONFIG_UPDATED, ts_init)
    config = event.config
    return parse_protection(base_asset, config, before, account_id, CONFIG_UPDATED, ts_init)


def parse_protection(
    base_asset: str,
    config: MmpConfig,
    before: ParadexMarketMakerProtection | None,
    account_id: AccountId,
    event: str,
    ts_init: int,
) -> ParadexMarketMakerProtection:
    """
    Return the state that a configuration tells, with or without its live fields.

    Raises
    ------
    WireError
        If a value of it cannot be read.

    """
    if before is not None and not before.is_configured:
        # A new protection begins with nothing frozen and an empty window.
        before = replace(before, is_frozen=False)
    state = replace(
        before or _unknown(base_asset, account_id, ts_init),
        event=event,
        is_configured=True,
        interval_ms=config.interval_ms,
        frozen_time_ms=config.frozen_time_ms,
        size_limit=optional_decimal(config.size_limit),
        delta_limit=optional_decimal(config.delta_limit),
        vega_limit=optional_decimal(config.vega_limit),
        protect_block_trades=config.protect_block_trades,
        ts_event=ts_init,
        ts_init=ts_init,
    )
    if config.is_frozen is None:
        return state
    is_same_freeze = bool(state.is_frozen and config.is_frozen)
    return replace(
        state,
        is_frozen=config.is_frozen,
        frozen_until=_nanoseconds(config.frozen_until) if config.is_frozen else None,
        trip_reason=state.trip_reason if is_same_freeze else "",
        trigger_market=state.trigger_market if is_same_freeze else None,
        window_size=optional_decimal(config.window_size),
        window_delta=optional_decimal(config.window_delta),
        window_vega=optional_decimal(config.window_vega),
    )


def thawed_protection(
    base_asset: str,
    before: ParadexMarketMakerProtection | None,
    account_id: AccountId,
    event: str,
    ts_init: int,
) -> ParadexMarketMakerProtection:
    """Return the state after a freeze's end or a reset."""
    return replace(
        before or _unknown(base_asset, account_id, ts_init),
        event=event,
        is_configured=True,
        is_frozen=False,
        frozen_until=None,
        trip_reason="",
        trigger_market=None,
        window_size=None,
        window_delta=None,
        window_vega=None,
        ts_event=ts_init,
        ts_init=ts_init,
    )


def removed_protection(
    base_asset: str, account_id: AccountId, event: str, ts_init: int
) -> ParadexMarketMakerProtection:
    """Return the state of a base asset that has no protection."""
    return replace(_unknown(base_asset, account_id, ts_init), event=event, is_frozen=False)


def is_news(
    state: ParadexMarketMakerProtection, before: ParadexMarketMakerProtection | None
) -> bool:
    """Return if a state says anything that the one before it does not."""
    if before is None:
        return True
    as_before = replace(state, event=before.event, ts_event=before.ts_event, ts_init=before.ts_init)
    return as_before != before


def _unknown(base_asset: str, account_id: AccountId, ts_init: int) -> ParadexMarketMakerProtection:
    return ParadexMarketMakerProtection(
        account_id=account_id,
        base_asset=base_asset,
        event="",
        is_configured=False,
        is_frozen=None,
        ts_event=ts_init,
        ts_init=ts_init,
    )


def _nanoseconds(milliseconds: int | None) -> int | None:
    # 0 is until a reset.
    return milliseconds * _NS_PER_MS if milliseconds else None
