"""REST market data and system endpoints (PROTOCOL 4.1)."""

from decimal import Decimal
from decimal import InvalidOperation

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import wire_json
from nautilus_paradex.simulator.server import wire_json_public
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.rest import Answer
from nautilus_paradex.simulator.server.rest import Call
from nautilus_paradex.simulator.server.rest import Route
from nautilus_paradex.simulator.server.rest import results
from nautilus_paradex.simulator.server.system_config import system_config
from nautilus_paradex.simulator.server.system_config import volume_tiers


_RESOLUTIONS = ("1", "3", "5", "15", "30", "60")
_TRADES_PAGE_MAX = 1000
_DEPTH = 20


def routes() -> list[Route]:
    """Return the endpoints; the fixed paths come before the variable ones."""
    system = (
        ("/system/config", _config),
        ("/system/state", _state),
        ("/system/time", _time),
    )
    table = (
        ("/system/announcements", _announcements),
        ("/system/volume-tiers", _volume_tiers),
        ("/system/portfolio-margin-config", _portfolio_margin),
        ("/jwks.json", _jwks),
        ("/insurance", _insurance),
        ("/markets", _markets),
        ("/markets/summary", _summary),
        ("/markets/history", _history),
        ("/markets/klines", _klines),
        ("/markets/settlement-price", _settlement_price),
        ("/orderbook/{market}", _orderbook),
        ("/orderbook/{market}/interactive", _orderbook_interactive),
        ("/orderbook/{market}/impact-price", _impact_price),
        ("/bbo/{market}", _bbo),
        ("/bbo/{market}/interactive", _bbo_interactive),
        ("/trades", _trades),
        ("/funding/data", _funding_data),
    )
    return [
        Route(method="GET", path=path, kind="public", handler=handler, works_in_maintenance=True)
        for path, handler in system
    ] + [Route(method="GET", path=path, kind="public", handler=handler) for path, handler in table]


# -- SYSTEM -----------------------------------------------------------------------------------


async def _config(call: Call) -> Answer:
    return Answer(body=system_config(call.venue.config))


async def _state(call: Call) -> Answer:
    return Answer(body={"status": call.venue.exchange.system_state})


async def _time(call: Call) -> Answer:
    return Answer(body={"server_time": str(call.venue.clock_us() // 1000)})


async def _announcements(call: Call) -> Answer:
    return Answer(body={"next": None, "prev": None, "results": []})


async def _volume_tiers(call: Call) -> Answer:
    return results(volume_tiers())


async def _portfolio_margin(call: Call) -> Answer:
    if call.optional("base_asset") is not None:
        raise Refusal("PORTFOLIO_MARGIN_CONFIG_NOT_FOUND", "portfolio margin config not found")
    return results([])


async def _jwks(call: Call) -> Answer:
    # Tokens are signed with a secret of this process: there is no public key to give.
    return Answer(body={"keys": []})


async def _insurance(call: Call) -> Answer:
    return Answer(
        body={
            "account": "0x1",
            "account_value": "1000000",
            "settlement_asset": "USDC",
            "updated_at": call.venue.clock_us() // 1000,
        }
    )


# -- MARKETS ----------------------------------------------------------------------------------


async def _markets(call: Call) -> Answer:
    market = call.optional("market")
    specs = call.queries.markets() if market is None else [call.queries.market(market)]
    return results(wire_json_public.market(spec) for spec in specs)


async def _summary(call: Call) -> Answer:
    market = call.required("market")
    symbols = [spec.symbol for spec in call.queries.markets()] if market == "ALL" else [market]
    return results(
        wire_json_public.summary(call.queries.market_summary(symbol)) for symbol in symbols
    )


async def _history(call: Call) -> Answer:
    market = call.optional("market")
    events = call.queries.market_history(None if market == "ALL" else market)
    return results(wire_json_public.market_event(event, as_numbers=True) for event in events)


async def _klines(call: Call) -> Answer:
    symbol = call.required("symbol")
    resolution = call.required("resolution")
    if resolution not in _RESOLUTIONS:
        raise invalid_parameter("resolution: must be a valid value")
    kind = call.optional("price_kind") or model.PriceKind.LAST
    if kind not in list(model.PriceKind):
        raise invalid_parameter("price_kind: must be a valid value")
    call.required("start_at")
    call.required("end_at")
    rows = call.queries.klines(
        symbol,
        int(resolution),
        call.time_ms("start_at") or 0,
        call.time_ms("end_at") or 0,
        model.PriceKind(kind),
    )
    return results(wire_json_public.kline(row) for row in rows)


async def _settlement_price(call: Call) -> Answer:
    price = call.queries.settlement_price(call.required("market"))
    return Answer(body=wire_json_public.settlement(price))


# -- BOOKS AND TRADES -------------------------------------------------------------------------


def _book(call: Call, interactive: bool) -> Answer:
    depth = call.optional("depth") or str(_DEPTH)
    if not depth.isascii() or not depth.isdigit() or not 1 <= int(depth[:6]) <= 1000:
        raise invalid_parameter("depth: must be between 1 and 1000")
    tick = call.optional("price_tick")
    book = call.venue.exchange.published_book(
        call.path("market"),
        int(depth),
        interactive=interactive,
        price_tick=None if tick is None else _decimal(tick, "price_tick"),
    )
    return Answer(body=wire_json_public.orderbook(book))


def _decimal(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise invalid_parameter(f"{name}: must be a decimal number") from None
    if not value.is_finite():
        raise invalid_parameter(f"{name}: must be a decimal number")
    return value


async def _orderbook(call: Call) -> Answer:
    return _book(call, interactive=False)


async def _orderbook_interactive(call: Call) -> Answer:
    return _book(call, interactive=True)


async def _impact_price(call: Call) -> Answer:
    size = _decimal(call.required("size"), "size")
    if not size:
        raise invalid_parameter("size: must not be zero")
    side = model.Side.BUY if size > 0 else model.Side.SELL
    price = call.queries.impact_price(call.path("market"), side, abs(size))
    return Answer(
        body={
            "market": call.path("market"),
            "side": side,
            "size": wire_json.text(abs(size)),
            "impact_price": wire_json.amount(price),
        }
    )


async def _bbo(call: Call) -> Answer:
    return Answer(body=wire_json_public.bbo(call.queries.bbo(call.path("market"))))


async def _bbo_interactive(call: Call) -> Answer:
    bbo = call.queries.bbo(call.path("market"), interactive=True)
    return Answer(body=wire_json_public.bbo(bbo))


async def _trades(call: Call) -> Answer:
    market, base_asset = call.optional("market"), call.optional("baseAsset")
    if (market is None) == (base_asset is None):
        raise invalid_parameter("either market or baseAsset is required")
    trades = call.queries.trades(
        market,
        base_asset=base_asset,
        start_ms=call.time_ms("start_at"),
        end_ms=call.time_ms("end_at"),
    )
    return call.page(
        "trades",
        trades,
        lambda trade: (trade.created_us, int(trade.id)),
        wire_json_public.trade,
        is_private=False,
        max_size=_TRADES_PAGE_MAX,
    )


async def _funding_data(call: Call) -> Answer:
    rows = call.queries.funding_data(
        call.required("market"), call.time_ms("start_at"), call.time_ms("end_at")
    )
    return call.page(
        "funding/data",
        rows,
        lambda row: (row.created_us, 0),
        wire_json_public.funding_data,
        is_private=False,
    )
