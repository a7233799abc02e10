"""
Exact numbers of the wire as the framework's fixed-point values.

The framework's precision is a property of its build (16 places on Linux and macOS, 9 on Windows)
and is read at run time (rule E18). ``from_raw`` neither rounds nor checks, so every value is
checked against its instrument here.
"""

from decimal import ROUND_HALF_EVEN
from decimal import Decimal
from typing import Final

from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import FIXED_PRECISION
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.numbers import SCALE


#: What a mantissa in units of 1e-8 is multiplied with to become a raw value.
RAW_PER_E8: Final[int] = 10 ** (FIXED_PRECISION - SCALE)


def unit_e8(precision: int) -> int:
    """Return the smallest step of a precision in units of 1e-8; 1 beyond 8 places."""
    return int(10 ** max(0, SCALE - precision))


def to_price(value: Decimal, instrument: Instrument) -> Price:
    """
    Return an exact price.

    A value that is finer than the instrument's precision keeps its own: settlement prices and old
    resting orders after a tick change may be, and rounding them would change money.
    """
    return Price(value, _precision(value, instrument.price_precision))


def to_quantity(value: Decimal, instrument: Instrument) -> Quantity:
    """
    Return an exact quantity.

    Raises
    ------
    NumberError
        If the value is finer than the instrument's precision: the framework refuses such sizes.

    """
    if _places(value) > instrument.size_precision:
        raise NumberError(str(value), f"is finer than the lots of {instrument.id}")
    return Quantity(value, instrument.size_precision)


def to_money(value: Decimal, currency: str | None, instrument: Instrument) -> Money:
    """
    Return an amount, rounded half to even to its currency's places.

    Parameters
    ----------
    currency : str, optional
        The currency's code; the instrument's settlement currency where None.

    """
    kind = settlement_currency(instrument) if not currency else Currency.from_str(currency)
    return Money(rounded(value, kind), kind)


def rounded(value: Decimal, currency: Currency) -> Decimal:
    """Return an amount with a currency's number of places."""
    return value.quantize(Decimal(1).scaleb(-currency.precision), rounding=ROUND_HALF_EVEN)


def settlement_currency(instrument: Instrument) -> Currency:
    """Return what an instrument's fees and profits are paid in."""
    return getattr(instrument, "settlement_currency", None) or USDC


def _precision(value: Decimal, precision: int) -> int:
    places = _places(value)
    if places <= precision:
        return precision
    if places > FIXED_PRECISION:
        raise NumberError(str(value), f"has more than {FIXED_PRECISION} decimal places")
    return places


def _places(value: Decimal) -> int:
    """Return the number of decimal places that a value needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
