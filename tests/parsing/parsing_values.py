"""Markets and events for the tests of the parsing ring: the samples of PROTOCOL 9.2."""

from typing import Any

import msgspec
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.parsing.instruments import parse_instrument
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.messages.account import Fees
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.numbers import mantissa


TS = 1_790_000_000_000_000_000

FEE_CONFIG = {
    "api_fee": {
        "maker_fee": {"fee": "0.00003", "fee_cap": "", "fee_floor": ""},
        "taker_fee": {"fee": "0.00045"},
    },
    "interactive_fee": {"maker_fee": {"fee": "0"}, "taker_fee": {"fee": "0"}},
    "rpi_fee": {"maker_fee": {"fee": "-0.00005"}, "taker_fee": {"fee": "0"}},
}

PERP: dict[str, Any] = {
    "symbol": "BTC-USD-PERP",
    "asset_kind": "PERP",
    "base_currency": "BTC",
    "quote_currency": "USD",
    "settlement_currency": "USDC",
    "market_kind": "cross",
    "trading_mode": "STANDARD",
    "price_tick_size": "0.1",
    "order_size_increment": "0.00001",
    "min_notional": "10",
    "max_order_size": "100",
    "position_limit": "300",
    "max_open_orders": 150,
    "open_at": 1669852800000,
    "expiry_at": 0,
    "strike_price": "0",
    "option_type": "",
    "funding_period_hours": 8,
    "delta1_cross_margin_params": {
        "imf_base": "0.02",
        "imf_factor": "0",
        "imf_shift": "0",
        "mmf_factor": "0.5",
    },
    "fee_config": FEE_CONFIG,
}

OPTION: dict[str, Any] = PERP | {
    "symbol": "BTC-USD-27NOV26-70000-C",
    "asset_kind": "OPTION",
    "option_type": "CALL",
    "strike_price": "70000",
    "open_at": 1763697600000,
    "expiry_at": 1795766400000,
    "price_tick_size": "0.01",
    "order_size_increment": "0.001",
    "min_notional": "20",
    "delta1_cross_margin_params": None,
    "option_cross_margin_params": {
        "imf": {"long_itm": "0.2", "short_itm": "0.15", "short_otm": "0.1"},
        "mmf": {"long_itm": "0.1", "short_itm": "0.075", "short_otm": "0.05"},
    },
    "fee_config": {"api_fee": {"maker_fee": {"fee": "0.0001"}, "taker_fee": {"fee": "0.0002"}}},
}

PERP_OPTION: dict[str, Any] = OPTION | {
    "symbol": "BTC-USD-96000-P",
    "asset_kind": "PERP_OPTION",
    "option_type": "PUT",
    "strike_price": "96000",
    "expiry_at": 0,
}

SPOT: dict[str, Any] = PERP | {
    "symbol": "ETH-USD",
    "asset_kind": "SPOT",
    "base_currency": "ETH",
    "price_tick_size": "0.01",
    "order_size_increment": "0.0001",
    "delta1_cross_margin_params": None,
}

OWN_FEES = Fees(
    maker_rate="-0.00001",
    taker_rate="0.0002",
    spot_maker_rate="0.0003",
    spot_taker_rate="0.0004",
    dated_option_maker_rate="0.0005",
    dated_option_taker_rate="0.0006",
    perp_option_maker_rate="0.0007",
    perp_option_taker_rate="0.0008",
)


def market(sample: dict[str, Any] = PERP, **changes: Any) -> Market:
    """Return a market as the wire decodes it."""
    return msgspec.convert(sample | changes, Market, strict=False)


def instrument(sample: dict[str, Any] = PERP, **changes: Any) -> Instrument:
    """Return a market's instrument."""
    return parse_instrument(market(sample, **changes), None, TS)


def book(
    seq: int,
    *,
    snapshot: bool = False,
    bids: tuple[tuple[str, str], ...] = (),
    asks: tuple[tuple[str, str], ...] = (),
) -> Book:
    """Return a book frame; prices and sizes as texts."""
    return Book(
        market="BTC-USD-PERP",
        seq=seq,
        is_snapshot=snapshot,
        bids=[(mantissa(price), mantissa(size)) for price, size in bids],
        asks=[(mantissa(price), mantissa(size)) for price, size in asks],
        ts_ns=TS + seq,
    )


def bbo(bid: str | None, bid_size: str | None, ask: str | None, ask_size: str | None) -> Bbo:
    """Return a best bid and offer; None where a side is empty."""

    def number(text: str | None) -> int | None:
        return None if text is None else mantissa(text)

    return Bbo(
        market="BTC-USD-PERP",
        seq=7,
        bid_e8=number(bid),
        bid_size_e8=number(bid_size),
        ask_e8=number(ask),
        ask_size_e8=number(ask_size),
        ts_ns=TS,
    )
