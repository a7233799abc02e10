"""Public market data as the venue's JSON objects (PROTOCOL 4.1, 6.4, 9)."""

from decimal import Decimal
from typing import Any

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server.wire_json import Json
from nautilus_paradex.simulator.server.wire_json import amount
from nautilus_paradex.simulator.server.wire_json import specification
from nautilus_paradex.simulator.server.wire_json import text


_NUMBERS = ("funding_multiplier",)
_FEE_PARTS = ("fee", "fee_cap", "fee_floor")


def market(value: model.MarketSpec) -> Json:
    """MarketResp of PROTOCOL 9.2."""
    body: Json = specification(value)
    for name in _NUMBERS:
        body[name] = _number(getattr(value, name))
    body["fee_config"] = fee_config(value.fee_config)
    for name in ("delta1_cross_margin_params", "option_cross_margin_params"):
        if body[name] is None:
            del body[name]
    if value.asset_kind is model.AssetKind.SPOT:
        body["funding_period_hours"] = 0
    return body


def fee_config(value: model.FeeConfig) -> Json:
    """MarketFeeConfig: rates as strings, absent caps and floors as empty ones."""
    return {
        flow: {
            side: {
                part: text(getattr(getattr(getattr(value, flow), side), part))
                for part in _FEE_PARTS
            }
            for side in ("maker_fee", "taker_fee")
        }
        for flow in ("api_fee", "interactive_fee", "rpi_fee")
    }


def _number(value: Decimal) -> int | float:
    # JSON numbers where the venue sends numbers (PROTOCOL 4.1, trap 17): output only.
    return int(value) if value == value.to_integral_value() else float(value)


def market_event(value: model.MarketEvent, as_numbers: bool) -> Json:
    """
    MarketEvent of PROTOCOL 6.4.

    The stream writes amounts as strings, the history as numbers.
    """
    changed: Json = {}
    for name, field in value.changed_fields.items():
        if isinstance(field, model.FeeConfig):
            changed[name] = fee_config(field)
        elif as_numbers and isinstance(field, Decimal) and name in _HISTORY_NUMBERS:
            changed[name] = _number(field)
        else:
            changed[name] = specification(field)
    return {
        "symbol": value.market,
        "event_type": value.event_type,
        "updated_at": value.updated_us // 1000,
        "changed_fields": changed,
    }


_HISTORY_NUMBERS = frozenset(
    {
        "clamp_rate",
        "funding_multiplier",
        "interest_rate",
        "max_funding_rate",
        "max_funding_rate_change",
        "max_slippage",
        "max_tob_spread",
        "oracle_ewma_factor",
        "price_bands_width",
        "settlement_price",
        "underlying_twap_price",
    }
)


def trade(value: model.Trade) -> Json:
    """TradeResult of PROTOCOL 6.4; the side is the taker's."""
    return {
        "id": value.id,
        "market": value.market,
        "side": value.side,
        "price": text(value.price),
        "size": text(value.size),
        "created_at": value.created_us // 1000,
        "trade_type": value.trade_type,
    }


def bbo(value: model.Bbo) -> Json:
    """BBOResp of PROTOCOL 6.4."""
    return {
        "market": value.market,
        "bid": text(value.bid),
        "bid_size": text(value.bid_size),
        "ask": text(value.ask),
        "ask_size": text(value.ask_size),
        "seq_no": value.seq_no,
        "last_updated_at": value.updated_us // 1000,
    }


def _pair(level: model.Level | None) -> list[str]:
    return [] if level is None else [text(level[0]), text(level[1])]


def _level(level: model.Level | None) -> Json:
    if level is None:
        return {"price": "", "size": ""}
    return {"price": text(level[0]), "size": text(level[1])}


def orderbook(value: model.BookSnapshot) -> Json:
    """AskBidArray of PROTOCOL 4.1."""
    return {
        "market": value.market,
        "seq_no": value.seq_no,
        "last_updated_at": value.updated_us // 1000,
        "asks": [_pair(level) for level in value.asks],
        "bids": [_pair(level) for level in value.bids],
        "best_bid_api": _pair(value.best_bid_api),
        "best_ask_api": _pair(value.best_ask_api),
        "best_bid_interactive": _pair(value.best_bid_interactive),
        "best_ask_interactive": _pair(value.best_ask_interactive),
    }


def summary(value: model.MarketSummary) -> Json:
    """MarketSummaryResp of PROTOCOL 9.4."""
    greeks = value.greeks
    return {
        "symbol": value.market,
        "mark_price": amount(value.mark_price),
        "underlying_price": amount(value.underlying_price),
        "external_fair_price": amount(value.external_fair_price),
        "last_traded_price": text(value.last_traded_price),
        "bid": text(value.bid),
        "bid_size": text(value.bid_size),
        "ask": text(value.ask),
        "ask_size": text(value.ask_size),
        "mark_iv": amount(value.mark_iv),
        "bid_iv": amount(value.bid_iv),
        "ask_iv": amount(value.ask_iv),
        "last_iv": amount(value.last_iv),
        "greeks": {
            name: "0" if greeks is None else amount(getattr(greeks, name))
            for name in ("delta", "gamma", "vega", "theta", "rho", "vanna", "volga")
        },
        "delta": "" if greeks is None else amount(greeks.delta),
        "forward_rate": amount(value.forward_rate),
        "risk_free_rate": amount(value.risk_free_rate),
        # Published with more than 8 places (the SBE field has 12).
        "funding_rate": "" if value.funding_rate is None else text(value.funding_rate),
        "future_funding_rate": amount(value.future_funding_rate),
        "open_interest": amount(value.open_interest),
        "volume_24h": amount(value.volume_24h),
        "total_volume": amount(value.total_volume),
        "price_change_rate_24h": amount(value.price_change_rate_24h),
        "created_at": value.created_us // 1000,
    }


def funding_data(value: model.FundingData) -> Json:
    """FundingDataResult of PROTOCOL 6.4."""
    return {
        "market": value.market,
        "funding_index": amount(value.funding_index),
        "funding_premium": amount(value.funding_premium),
        "funding_rate": amount(value.funding_rate),
        "funding_rate_8h": amount(value.funding_rate_8h),
        "funding_period_hours": value.funding_period_hours,
        "impact_premium_rate": "",
        "created_at": value.created_us // 1000,
    }


def kline(value: model.Kline) -> list[Any]:
    """One row of klines: JSON numbers, as the venue sends them."""
    prices = (value.open, value.high, value.low, value.close, value.volume)
    return [value.start_ms, *(_number(price) for price in prices)]


def settlement(value: model.SettlementPrice) -> Json:
    """MarketSettlementResp of PROTOCOL 4.1."""
    return {
        "symbol": value.market,
        "expiry_at": value.expiry_at,
        "settlement_price": amount(value.settlement_price),
        "underlying_twap_price": amount(value.underlying_twap_price),
    }


def _entries(side: str, levels: list[model.Level] | tuple[model.Level, ...]) -> list[Json]:
    return [{"side": side, "price": text(price), "size": text(size)} for price, size in levels]


def book_frame(
    market: str,
    *,
    seq_no: int,
    updated_us: int,
    update_type: str,
    inserts: dict[str, list[model.Level]],
    updates: dict[str, list[model.Level]],
    deletes: dict[str, list[model.Level]],
    best: tuple[model.Level | None, model.Level | None, model.Level | None, model.Level | None],
) -> Json:
    """Return an ``order_book`` message of PROTOCOL 6.4; ``best`` is API bid, ask, RPI bid, ask."""
    bid, ask = best[0], best[1]
    spread = ""
    if bid is not None and ask is not None:
        spread = amount((ask[0] - bid[0]) / ((ask[0] + bid[0]) / 2))
    return {
        "seq_no": seq_no,
        "market": market,
        "last_updated_at": updated_us // 1000,
        "update_type": update_type,
        "inserts": [e for side, levels in inserts.items() for e in _entries(side, levels)],
        "updates": [e for side, levels in updates.items() for e in _entries(side, levels)],
        "deletes": [e for side, levels in deletes.items() for e in _entries(side, levels)],
        "best_bid_api": _level(best[0]),
        "best_ask_api": _level(best[1]),
        "best_bid_interactive": _level(best[2]),
        "best_ask_interactive": _level(best[3]),
        "relative_spread": spread,
    }
