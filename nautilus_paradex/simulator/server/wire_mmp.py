"""Market-maker protection as the venue's JSON (PROTOCOL 4.2, 6.4)."""

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server.wire_json import Json
from nautilus_paradex.simulator.server.wire_json import amount
from nautilus_paradex.simulator.server.wire_json import text


_NEWS = model.ProtectionNews


def stored(state: model.ProtectionState) -> Json:
    """Return a configuration as it is stored, without its live fields."""
    settings = state.settings
    return {
        "base_asset": state.base_asset,
        "interval_ms": settings.interval_ms,
        "frozen_time_ms": settings.frozen_time_ms,
        "size_limit": text(settings.size_limit),
        "delta_limit": text(settings.delta_limit),
        "vega_limit": text(settings.vega_limit),
        "protect_block_trades": settings.protect_block_trades,
        "updated_at": state.updated_us // 1000,
    }


def live(state: model.ProtectionState) -> Json:
    """Return a configuration with the state of its freeze and window."""
    return stored(state) | {
        "is_frozen": state.is_frozen,
        "frozen_until": state.frozen_until_us // 1000,
        **_window(state),
    }


def event(change: model.ProtectionChanged) -> Json:
    """Return the data of ``mmp``."""
    state, kind = change.state, change.kind
    if kind in (_NEWS.CONFIG_UPDATED, _NEWS.REMOVED):
        config = stored(state) | {"removed": kind is _NEWS.REMOVED}
        return _event(state, _NEWS.CONFIG_UPDATED) | {"config": config}
    if kind is not _NEWS.TRIGGERED:
        return _event(state, kind)
    return _event(state, kind) | {
        "trip_reason": change.trip_reason,
        "frozen_until": state.frozen_until_us // 1000,
        **_window(state),
        "trigger_market": change.trigger_market,
    }


def _event(state: model.ProtectionState, kind: model.ProtectionNews) -> Json:
    return {"base_asset": state.base_asset, "kind": kind, "frozen_until": 0}


def _window(state: model.ProtectionState) -> Json:
    return {
        "window_size": amount(state.window.size),
        "window_delta": amount(state.window.delta),
        "window_vega": amount(state.window.vega),
    }
