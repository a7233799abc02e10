"""REST of market-maker protection (PROTOCOL 4.2)."""

import re
from decimal import Decimal
from typing import Any
from typing import Final

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import wire_mmp
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.refusals import missing
from nautilus_paradex.simulator.server.rest import Answer
from nautilus_paradex.simulator.server.rest import Call
from nautilus_paradex.simulator.server.rest import Route
from nautilus_paradex.simulator.server.rest import results


_LIMIT: Final = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,8})?", re.ASCII)


def routes() -> list[Route]:
    """Return the endpoints."""
    table = (
        ("GET", "/account/mmp", _read),
        ("POST", "/account/mmp/reset", _reset),
        ("POST", "/account/mmp/{base_asset}", _configure),
        ("DELETE", "/account/mmp/{base_asset}", _remove),
    )
    return [
        Route(method=method, path=path, kind="private", handler=handler)
        for method, path, handler in table
    ]


async def _read(call: Call) -> Answer:
    desk = call.venue.exchange.protection
    states = desk.states(call.account, call.optional("base_asset"))
    return Answer(
        body={
            "account": call.account,
            "enabled": desk.is_allowed(call.account),
            "results": [wire_mmp.live(state) for state in states],
        }
    )


async def _configure(call: Call) -> Answer:
    desk = call.venue.exchange.protection
    if not desk.is_allowed(call.account):
        raise Refusal("MMP_NOT_ENABLED", "MMP is not enabled for this account")
    body = await call.json_object()
    base_asset = call.path("base_asset")
    is_protecting = body.get("protect_block_trades")
    if is_protecting is None:
        # What is not said stays as it is, unlike the limits.
        held = desk.states(call.account, base_asset)
        is_protecting = bool(held and held[0].settings.protect_block_trades)
    if not isinstance(is_protecting, bool):
        raise Refusal("BINDING_ERROR", "protect_block_trades: cannot be read as boolean")
    settings = model.ProtectionSettings(
        interval_ms=_integer(body, "interval_ms"),
        frozen_time_ms=_integer(body, "frozen_time_ms"),
        size_limit=_limit(body, "size_limit"),
        delta_limit=_limit(body, "delta_limit"),
        vega_limit=_limit(body, "vega_limit"),
        protect_block_trades=is_protecting,
    )
    # Right after a change the live fields are absent (so the SDK says).
    return Answer(body=wire_mmp.stored(desk.configure(call.account, base_asset, settings)))


async def _remove(call: Call) -> Answer:
    call.venue.exchange.protection.remove(call.account, call.path("base_asset"))
    return Answer(status=204)


async def _reset(call: Call) -> Answer:
    body = await call.json_object()
    base_asset = body.get("base_asset")
    if base_asset is not None and not isinstance(base_asset, str):
        raise Refusal("BINDING_ERROR", "base_asset: cannot be read as string")
    done = call.venue.exchange.protection.reset(call.account, base_asset or None)
    reset_at = call.venue.clock_us() // 1000
    return results({"base_asset": name, "reset_at": reset_at} for name in done)


def _integer(body: dict[str, Any], field: str) -> int:
    value = body.get(field)
    if value is None:
        raise missing(field)
    if type(value) is not int:
        raise Refusal("BINDING_ERROR", f"{field}: cannot be read as integer")
    return value


def _limit(body: dict[str, Any], field: str) -> Decimal:
    value = body.get(field)
    if value in (None, ""):
        return Decimal(0)
    if not isinstance(value, str):
        raise Refusal("BINDING_ERROR", f"{field}: cannot be read as string")
    if _LIMIT.fullmatch(value) is None:
        raise invalid_parameter(f"{field}: must be a decimal number")
    return Decimal(value)
