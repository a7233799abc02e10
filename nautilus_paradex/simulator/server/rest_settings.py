"""REST settings of an account: margin, slippage, profile (PROTOCOL 4.2)."""

from decimal import Decimal
from decimal import InvalidOperation

from nautilus_paradex.simulator.server import wire_json
from nautilus_paradex.simulator.server.auth import normalize_felt
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.refusals import missing
from nautilus_paradex.simulator.server.rest import Answer
from nautilus_paradex.simulator.server.rest import Call
from nautilus_paradex.simulator.server.rest import Route


def routes() -> list[Route]:
    """Return the endpoints; the fixed paths come before the variable ones."""
    table = (
        ("GET", "/account/margin", _margin),
        ("POST", "/account/margin/{market}", _set_margin),
        ("GET", "/account/profile", _profile),
        ("GET", "/account/settings", _settings),
        ("POST", "/account/profile/market_max_slippage/{market}", _set_max_slippage),
    )
    return [
        Route(method=method, path=path, kind="private", handler=handler)
        for method, path, handler in table
    ]


async def _margin(call: Call) -> Answer:
    configs = call.queries.margin_configs(call.account, call.required("market"))
    return Answer(
        body={
            "account": call.account,
            "margin_methodology": "cross_margin",
            "configs": [wire_json.margin_config(config) for config in configs],
        }
    )


async def _set_margin(call: Call) -> Answer:
    body = await call.json_object()
    leverage = body.get("leverage")
    if type(leverage) is not int:
        raise missing("leverage")
    margin_type = body.get("margin_type")
    if margin_type not in ("CROSS", "ISOLATED"):
        raise invalid_parameter("margin_type: must be CROSS or ISOLATED")
    on_behalf = body.get("on_behalf_of_account")
    if on_behalf and normalize_felt(str(on_behalf)) != call.account:
        raise Refusal("ISOLATED_MARKET_ACCOUNT_MISMATCH", "account mismatch")
    config = call.venue.exchange.set_leverage(
        call.account, call.path("market"), leverage, margin_type
    )
    return Answer(
        body={
            "account": call.account,
            "market": config.market,
            "leverage": config.leverage,
            "margin_type": config.margin_type,
        }
    )


async def _profile(call: Call) -> Answer:
    caps = call.queries.max_slippages(call.account)
    return Answer(
        body={
            "username": "",
            "referral_code": "",
            "referred_by": "",
            "size_currency_display": "BASE",
            "is_username_private": True,
            "last_seen_notification": 0,
            "market_max_slippage": {m: wire_json.text(cap) for m, cap in caps.items()},
        }
    )


async def _settings(call: Call) -> Answer:
    return Answer(body={"trading_value_display": "SPOT_NOTIONAL"})


async def _set_max_slippage(call: Call) -> Answer:
    text = (await call.json_object()).get("max_slippage")
    if not isinstance(text, str) or not text:
        raise missing("max_slippage")
    try:
        cap = Decimal(text)
    except InvalidOperation:
        raise invalid_parameter("max_slippage: must be a decimal number") from None
    if not cap.is_finite():
        raise invalid_parameter("max_slippage: must be a decimal number")
    call.venue.exchange.set_max_slippage(call.account, call.path("market"), cap)
    return await _profile(call)
