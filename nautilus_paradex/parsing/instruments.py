"""
Markets as the framework's instruments (PROTOCOL 9).

Prices are in USD and everything is paid in USDC. The framework's accounting then needs an exchange
rate between both for every profit, which the venue does not give; so quote and settlement are USDC
throughout, as the venue's own account does it (PROTOCOL 9.1).
"""

from decimal import Decimal
from typing import Any
from typing import Final

import msgspec
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import CurrencyType
from nautilus_trader.model.enums import OptionKind
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.messages.account import Fees
from nautilus_paradex.protocol.messages.markets import FeeWithCap
from nautilus_paradex.protocol.messages.markets import MakerTakerFee
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.numbers import optional_decimal


VENUE: Final = Venue("PARADEX")

#: Perpetual options have no expiry, and the framework's options must have one. The last second
#: that its timestamps and pandas can both hold: 2262-04-11T00:00:00Z.
NO_EXPIRY_NS: Final = 9_223_286_400_000_000_000

_CRYPTO_PRECISION: Final = 8

#: Without the venue's word on margin nothing may look free: full notional.
_UNKNOWN_MARGIN: Final = Decimal(1)


class Rates(msgspec.Struct, frozen=True):
    """Fee rates as fractions of the notional; negative is a rebate."""

    maker: Decimal
    taker: Decimal


def instrument_id_of(symbol: str) -> InstrumentId:
    """Return the instrument id of a market: the venue's own symbol."""
    return InstrumentId(Symbol(symbol), VENUE)


def currency_of(code: str) -> Currency:
    """Return a currency, registered with the framework if it was unknown."""
    currency = Currency.from_internal_map(code)
    if currency is None:
        currency = Currency(
            code=code,
            precision=_CRYPTO_PRECISION,
            iso4217=0,
            name=code,
            currency_type=CurrencyType.CRYPTO,
        )
        Currency.register(currency)
    return currency


def parse_instrument(market: Market, fees: Fees | None, ts_init: int) -> Instrument:
    """
    Return a market's instrument.

    Parameters
    ----------
    fees : Fees, optional
        The account's own rates, which come before the market's list.
    ts_init : int
        UNIX nanoseconds.

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
        return builder(market, fees, ts_init)
    except (NumberError, ValueError) as e:
        raise DecodeError(f"{market.symbol}: {e}") from None


def fee_rates(market: Market, fees: Fees | None) -> Rates:
    """Return the rates that the account pays, as far as they are known."""
    own = None if fees is None else _own_rates(market.asset_kind, fees)
    if own is not None:
        return own
    listed = None if market.fee_config is None else market.fee_config.api_fee
    return _listed_rates(listed)


def _perpetual(market: Market, fees: Fees | None, ts_init: int) -> CryptoPerpetual:
    params = market.delta1_cross_margin_params
    initial = _UNKNOWN_MARGIN if params is None else _number(params.imf_base, _UNKNOWN_MARGIN)
    factor = Decimal(1) if params is None else _number(params.mmf_factor, Decimal(1))
    rates = fee_rates(market, fees)
    return CryptoPerpetual(
        **_common(market, ts_init),
        base_currency=currency_of(market.base_currency),
        quote_currency=USDC,
        settlement_currency=USDC,
        is_inverse=False,
        margin_init=initial,
        margin_maint=initial * factor,
        maker_fee=rates.maker,
        taker_fee=rates.taker,
    )


def _option(market: Market, fees: Fees | None, ts_init: int) -> CryptoOption:
    strike = _required(market.strike_price, "strike_price")
    kinds = {"CALL": OptionKind.CALL, "PUT": OptionKind.PUT}
    if market.option_type not in kinds:
        raise DecodeError(f"option_type has the value {market.option_type!r}")
    params = market.option_cross_margin_params
    imf = None if params is None else params.imf
    mmf = None if params is None else params.mmf
    rates = fee_rates(market, fees)
    return CryptoOption(
        **_common(market, ts_init),
        underlying=currency_of(market.base_currency),
        quote_currency=USDC,
        settlement_currency=USDC,
        is_inverse=False,
        option_kind=kinds[market.option_type],
        strike_price=Price(strike, _places(strike)),
        activation_ns=market.open_at * 1_000_000,
        expiration_ns=market.expiry_at * 1_000_000 if market.expiry_at else NO_EXPIRY_NS,
        margin_init=_UNKNOWN_MARGIN if imf is None else _number(imf.short_itm, _UNKNOWN_MARGIN),
        margin_maint=_UNKNOWN_MARGIN if mmf is None else _number(mmf.short_itm, _UNKNOWN_MARGIN),
        maker_fee=rates.maker,
        taker_fee=rates.taker,
    )


def _spot(market: Market, fees: Fees | None, ts_init: int) -> CurrencyPair:
    rates = fee_rates(market, fees)
    return CurrencyPair(
        **_common(market, ts_init),
        base_currency=currency_of(market.base_currency),
        quote_currency=USDC,
        margin_init=Decimal(1),
        margin_maint=Decimal(1),
        maker_fee=rates.maker,
        taker_fee=rates.taker,
    )


_BUILDERS: Final = {
    "PERP": _perpetual,
    "OPTION": _option,
    "PERP_OPTION": _option,
    "SPOT": _spot,
}


def _common(market: Market, ts_init: int) -> dict[str, Any]:
    tick = _required(market.price_tick_size, "price_tick_size")
    lot = _required(market.order_size_increment, "order_size_increment")
    price_precision, size_precision = _places(tick), _places(lot)
    largest = _number(market.max_order_size, Decimal(0))
    least = _number(market.min_notional, Decimal(0))
    return {
        "instrument_id": instrument_id_of(market.symbol),
        "raw_symbol": Symbol(market.symbol),
        "price_precision": price_precision,
        "size_precision": size_precision,
        "price_increment": Price(tick, price_precision),
        "size_increment": Quantity(lot, size_precision),
        "lot_size": Quantity(lot, size_precision),
        "max_quantity": Quantity(largest, size_precision) if largest else None,
        "min_quantity": Quantity(lot, size_precision),
        "min_notional": Money(least, USDC) if least else None,
        "ts_event": ts_init,
        "ts_init": ts_init,
        "info": {
            "asset_kind": market.asset_kind,
            "market_kind": market.market_kind,
            "trading_mode": market.trading_mode,
            "max_open_orders": market.max_open_orders,
            "position_limit": market.position_limit,
            "funding_period_hours": str(market.funding_period_hours),
            "open_at": market.open_at,
            "expiry_at": market.expiry_at,
        },
    }


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


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -int(exponent))
