"""
Markets as the framework's instruments (PROTOCOL 9).

Prices are in USD and everything is paid in USDC. With USD as quote currency the framework's
accounting would need an exchange rate for every profit and margin, which the venue does not give;
so quote and settlement are USDC throughout, as the venue's own account does it (PROTOCOL 9.1).

Perpetual options are a `CryptoOption` that expires at `NO_EXPIRY_NS`: the framework has no option
without expiry. That was tried on all that takes an option (``test_perpetual_options.py``): cache,
catalog, pyo3, backtests, chains, whose series of perpetual options is one of its own, and greeks.
An expiry of 0 would not do: the backtest takes such an option for expired, and a chain drops its
quotes. Only the framework's `GreeksCalculator` makes no sense of centuries: with any interest
there is no volatility that explains a price. The venue's own greeks come with its statistics.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from typing import Final

import msgspec
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import OptionKind
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import QUANTITY_MAX
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing.currencies import currency_of
from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.parsing.numbers import EXACT
from nautilus_paradex.parsing.numbers import money_of
from nautilus_paradex.parsing.numbers import places
from nautilus_paradex.parsing.numbers import price_of
from nautilus_paradex.parsing.numbers import quantity_of
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.messages.account import Fees
from nautilus_paradex.protocol.messages.markets import FeeWithCap
from nautilus_paradex.protocol.messages.markets import MakerTakerFee
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.numbers import optional_decimal


#: Perpetual options have no expiry, and the framework's options must have one. The last midnight
#: that its timestamps and pandas can both hold: 2262-04-11T00:00:00Z.
NO_EXPIRY_NS: Final = 9_223_286_400_000_000_000

#: Without the venue's word on margin nothing may look free: full notional.
_UNKNOWN_MARGIN: Final = Decimal(1)


class Rates(msgspec.Struct, frozen=True):
    """Fee rates as fractions of the notional; negative is a rebate."""

    maker: Decimal
    taker: Decimal


def parse_instrument(
    market: Market,
    fees: Fees | None,
    ts_init: int,
    *,
    size_places: int = 0,
    interactive: bool = False,
) -> Instrument:
    """
    Return a market's instrument.

    Parameters
    ----------
    market : Market
        The venue's specification.
    fees : Fees, optional
        The account's own rates, which come before the market's list.
    ts_init : int
        UNIX nanoseconds.
    size_places : int, default 0
        Decimal places that sizes have even where the lot needs fewer. After the venue has made a
        lot coarser, old positions and orders are finer than it (trap 63), and the framework rounds
        a position to its instrument's places; the increments still say what the venue takes.
    interactive : bool, default False
        If the account's orders are retail orders.

    Raises
    ------
    DecodeError
        If the kind is not modelled, or a required number is missing or makes no sense.

    """
    builder = _BUILDERS.get(market.asset_kind)
    if builder is None:
        raise DecodeError(
            f"{market.symbol} is of kind {market.asset_kind!r}, which is not modelled"
        )
    try:
        common = _common(market, size_places, ts_init)
        return builder(market, fee_rates(market, fees, interactive=interactive), common)
    except DecodeError as e:
        raise DecodeError(f"{market.symbol}: {e.message}") from None
    except (ValueError, ArithmeticError) as e:
        # Whatever else the framework refuses, an overflow among it, is this market's fault alone.
        raise DecodeError(f"{market.symbol}: {e}") from None


def fee_rates(market: Market, fees: Fees | None, *, interactive: bool = False) -> Rates:
    """
    Return the rates that the account pays, as far as they are known.

    The account's own rates are those of plain tokens: with an interactive one the market's
    interactive rates are paid, as long as its few orders last (PROTOCOL 8.2).

    An option's rate is of the spot price and capped by its premium (PROTOCOL 9.3), of which the
    framework knows nothing: its own estimates of an option's fees are too low.
    """
    config = market.fee_config
    if interactive:
        return _listed_rates(None if config is None else config.interactive_fee)
    own = None if fees is None else _own_rates(market.asset_kind, fees)
    if own is not None:
        return own
    return _listed_rates(None if config is None else config.api_fee)


def unknown_values(market: Market) -> Iterator[tuple[str, str]]:
    """Yield each (field, value) of a market that is none of `KNOWN_VALUES`; empty ones are not."""
    for field in ("asset_kind", "market_kind", "trading_mode"):
        value = getattr(market, field)
        if value and value not in KNOWN_VALUES[field]:
            yield field, value
    for tag in market.tags:
        if tag not in KNOWN_VALUES["tags"]:
            yield "tags", tag


# -- KINDS -----------------------------------------------------------------------------------------


def _perpetual(market: Market, rates: Rates, common: dict[str, Any]) -> CryptoPerpetual:
    params = market.delta1_cross_margin_params
    initial = _UNKNOWN_MARGIN if params is None else _number(params.imf_base, _UNKNOWN_MARGIN)
    factor = Decimal(1) if params is None else _number(params.mmf_factor, Decimal(1))
    return CryptoPerpetual(
        **common,
        base_currency=currency_of(market.base_currency),
        quote_currency=USDC,
        settlement_currency=USDC,
        is_inverse=False,
        min_notional=_min_notional(market),
        margin_init=initial,
        margin_maint=EXACT.multiply(initial, factor),
        maker_fee=rates.maker,
        taker_fee=rates.taker,
    )


def _option(market: Market, rates: Rates, common: dict[str, Any]) -> CryptoOption:
    strike = _required(market.strike_price, "strike_price")
    kind = _OPTION_KINDS.get(market.option_type)
    if kind is None:
        raise DecodeError(f"option_type has the value {market.option_type!r}")
    params = market.option_cross_margin_params
    imf = None if params is None else params.imf
    mmf = None if params is None else params.mmf
    expiry_ns = market.expiry_at * 1_000_000
    return CryptoOption(
        **common,
        underlying=currency_of(market.base_currency),
        quote_currency=USDC,
        settlement_currency=USDC,
        is_inverse=False,
        option_kind=kind,
        # A backtest settles with the strike's precision: with fewer places than the tick it rounds.
        strike_price=price_of(strike, max(places(strike), common["price_precision"])),
        activation_ns=market.open_at * 1_000_000,
        expiration_ns=min(expiry_ns, NO_EXPIRY_NS) if expiry_ns else NO_EXPIRY_NS,
        # The venue's minimum is of size times spot, the framework's of size times premium.
        min_notional=None,
        margin_init=_UNKNOWN_MARGIN if imf is None else _number(imf.short_itm, _UNKNOWN_MARGIN),
        margin_maint=_UNKNOWN_MARGIN if mmf is None else _number(mmf.short_itm, _UNKNOWN_MARGIN),
        maker_fee=rates.maker,
        taker_fee=rates.taker,
    )


def _spot(market: Market, rates: Rates, common: dict[str, Any]) -> CurrencyPair:
    return CurrencyPair(
        **common,
        base_currency=currency_of(market.base_currency),
        quote_currency=USDC,
        min_notional=_min_notional(market),
        margin_init=Decimal(1),
        margin_maint=Decimal(1),
        maker_fee=rates.maker,
        taker_fee=rates.taker,
    )


_OPTION_KINDS: Final = {"CALL": OptionKind.CALL, "PUT": OptionKind.PUT}

_BUILDERS: Final = {
    "PERP": _perpetual,
    "OPTION": _option,
    "PERP_OPTION": _option,
    "SPOT": _spot,
}

#: The kinds of market that become instruments.
ASSET_KINDS: Final = frozenset(_BUILDERS)

#: What we know the fields of a market to hold (OpenAPI ``MarketResp``). Only the asset kind decides
#: what a market becomes. Tags are free text of which the venue gives no list: these are those of
#: its examples.
KNOWN_VALUES: Final = {
    "asset_kind": ASSET_KINDS,
    "market_kind": frozenset({"cross", "isolated", "isolated_margin"}),
    "trading_mode": frozenset({"STANDARD", "RFQ_ONLY"}),
    "tags": frozenset({"LAYER-1", "MEME", "DEFI", "TRADFI"}),
}


# -- FIELDS ----------------------------------------------------------------------------------------


def _common(market: Market, size_places: int, ts_init: int) -> dict[str, Any]:
    tick = _required(market.price_tick_size, "price_tick_size")
    lot = _required(market.order_size_increment, "order_size_increment")
    price_precision = places(tick)
    size_precision = max(places(lot), size_places)
    increment = quantity_of(lot, size_precision)
    return {
        "instrument_id": instrument_id_of(market.symbol),
        "raw_symbol": Symbol(market.symbol),
        "price_precision": price_precision,
        "size_precision": size_precision,
        "price_increment": price_of(tick, price_precision),
        "size_increment": increment,
        "lot_size": increment,
        "max_quantity": _max_quantity(market, lot, size_precision),
        "min_quantity": increment,
        "ts_event": ts_init,
        "ts_init": ts_init,
        "info": {
            "asset_kind": market.asset_kind,
            "market_kind": market.market_kind,
            "trading_mode": market.trading_mode,
            "min_notional": market.min_notional,
            "max_open_orders": market.max_open_orders,
            "position_limit": market.position_limit,
            "funding_period_hours": str(market.funding_period_hours),
            "open_at": market.open_at,
            "expiry_at": market.expiry_at,
            "tags": ",".join(market.tags),
        },
    }


def _max_quantity(market: Market, lot: Decimal, size_precision: int) -> Quantity | None:
    """Return the largest order in whole lots; None where there is no limit that could be met."""
    largest = _number(market.max_order_size, Decimal(0))
    if largest > int(QUANTITY_MAX):
        return None
    lots = EXACT.divide_int(largest, lot)
    return quantity_of(EXACT.multiply(lots, lot), size_precision) if lots > 0 else None


def _min_notional(market: Market) -> Any:
    least = _number(market.min_notional, Decimal(0))
    return money_of(least, USDC) if least > 0 else None


def _own_rates(kind: str, fees: Fees) -> Rates | None:
    maker, taker = {
        "PERP": (fees.maker_rate, fees.taker_rate),
        "SPOT": (fees.spot_maker_rate, fees.spot_taker_rate),
        "OPTION": (fees.dated_option_maker_rate, fees.dated_option_taker_rate),
        "PERP_OPTION": (fees.perp_option_maker_rate, fees.perp_option_taker_rate),
    }.get(kind, ("", ""))
    if not maker or not taker:
        return None
    return Rates(_number(maker, Decimal(0)), _number(taker, Decimal(0)))


def _listed_rates(listed: MakerTakerFee | None) -> Rates:
    def rate(fee: FeeWithCap | None) -> Decimal:
        return Decimal(0) if fee is None else _number(fee.fee, Decimal(0))

    if listed is None:
        return Rates(Decimal(0), Decimal(0))
    return Rates(rate(listed.maker_fee), rate(listed.taker_fee))


def _required(text: str, field: str) -> Decimal:
    value = optional_decimal(text)
    if value is None or value <= 0:
        raise DecodeError(f"{field} has the value {text!r}")
    return value


def _number(text: str, absent: Decimal) -> Decimal:
    value = optional_decimal(text)
    return absent if value is None else value
