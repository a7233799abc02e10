"""
Exact numbers of the wire as the framework's fixed-point values.

The framework's precision is a property of its build (16 places on Linux and macOS, 9 on Windows)
and is read at run time (rule E18). Its constructors from a `Decimal` go through a float and are
off in the last digits of long numbers; ``from_raw`` is exact, but neither rounds nor checks, and a
raw value beyond its type's range ends the whole process. So every value is checked here first.
"""

from decimal import ROUND_HALF_EVEN
from decimal import Context
from decimal import Decimal
from decimal import InvalidOperation
from typing import Any
from typing import Final

from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import FIXED_PRECISION
from nautilus_trader.model.objects import MONEY_MAX
from nautilus_trader.model.objects import PRICE_MAX
from nautilus_trader.model.objects import QUANTITY_MAX
from nautilus_trader.model.objects import Currency
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing.currencies import currency_of
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.numbers import SCALE
from nautilus_paradex.protocol.numbers import UNIT


#: What a mantissa in units of 1e-8 is multiplied with to become a raw value.
RAW_PER_E8: Final[int] = 10 ** (FIXED_PRECISION - SCALE)

#: The largest mantissas in units of 1e-8 that the framework's types hold.
PRICE_LIMIT_E8: Final[int] = int(PRICE_MAX) * UNIT
SIZE_LIMIT_E8: Final[int] = int(QUANTITY_MAX) * UNIT

#: Wide enough for any text of the wire, and not the context of the thread, which is the user's.
EXACT: Final = Context(prec=256, rounding=ROUND_HALF_EVEN)


class TooFineError(NumberError):
    """
    A value with more decimal places than its instrument: its tick or lot has changed.

    Parameters
    ----------
    text : str
        The value.
    instrument_id : InstrumentId
        The instrument.
    size_places : int, default 0
        How many places the instrument's sizes need at least; 0 where the value says nothing of
        them.

    """

    def __init__(self, text: str, *, instrument_id: InstrumentId, size_places: int = 0) -> None:
        super().__init__(text, f"is finer than the precision of {instrument_id}")
        self.instrument_id = instrument_id
        self.size_places = size_places


# -- MANTISSAS -------------------------------------------------------------------------------------


def unit_e8(precision: int) -> int:
    """Return the smallest step of a precision in units of 1e-8; 1 beyond 8 places."""
    return int(10 ** max(0, SCALE - precision))


# -- DECIMALS --------------------------------------------------------------------------------------


def places(value: Decimal) -> int:
    """
    Return the number of decimal places that a value needs.

    Raises
    ------
    NumberError
        If it is no finite number.

    """
    exponent = value.normalize(EXACT).as_tuple().exponent
    if not isinstance(exponent, int):
        raise NumberError(str(value), "is no finite number")
    return max(0, -exponent)


def price_of(value: Decimal, precision: int) -> Price:
    """
    Return a price of a precision, exactly.

    Raises
    ------
    NumberError
        If the value has more places, or is out of the framework's range.

    """
    return Price.from_raw(_raw(value, precision, PRICE_MAX), precision)


def quantity_of(value: Decimal, precision: int) -> Quantity:
    """Return a quantity of a precision, exactly; errors as of `price_of`, and if negative."""
    if value < 0:
        raise NumberError(str(value), "is negative, which no quantity is")
    return Quantity.from_raw(_raw(value, precision, QUANTITY_MAX), precision)


def money_of(value: Decimal, currency: Currency) -> Money:
    """
    Return an amount, rounded half to even to its currency's places.

    The venue's fees and balances may be finer than a currency (USDC has 8 places here); the rest is
    dust that the next balance of the venue corrects.

    Raises
    ------
    NumberError
        If the value is out of the framework's range.

    """
    precision = currency.precision
    return Money.from_raw(_raw(rounded(value, precision), precision, MONEY_MAX), currency)


def rounded(value: Decimal, precision: int) -> Decimal:
    """
    Return a value with a number of decimal places, rounded half to even.

    Raises
    ------
    NumberError
        If it is no number, or larger than any amount.

    """
    try:
        return value.quantize(Decimal((0, (1,), -precision)), context=EXACT)
    except InvalidOperation:
        raise NumberError(str(value), "is no amount") from None


def decimal_of(value: Price | Quantity | Money) -> Decimal:
    """
    Return a value of the framework, exactly.

    Its own `as_decimal` follows the decimal context of the thread, which is the user's: a size of
    more digits than that keeps would be signed rounded.
    """
    places = value.currency.precision if isinstance(value, Money) else value.precision
    return EXACT.scaleb(Decimal(value.raw // 10 ** (FIXED_PRECISION - places)), -places)


def signed_size_of(position: Any) -> Decimal:
    """Return the size of a position of the framework, exactly; negative is short."""
    size = decimal_of(position.quantity)
    return size.copy_negate() if position.side == PositionSide.SHORT else size


# -- BY INSTRUMENT ---------------------------------------------------------------------------------


def to_price(value: Decimal, instrument: Instrument) -> Price:
    """
    Return an exact price.

    A value that is finer than the instrument's precision keeps its own: settlement prices and old
    resting orders after a tick change may be, and rounding them would change money.

    Raises
    ------
    NumberError
        If the value has more places than the framework, or is out of its range.

    """
    return price_of(value, max(instrument.price_precision, places(value)))


def to_quantity(value: Decimal, instrument: Instrument) -> Quantity:
    """
    Return an exact quantity.

    Raises
    ------
    TooFineError
        If the value is finer than the instrument's precision: the framework would round the
        position that it becomes part of.
    NumberError
        If the value is negative or out of the framework's range.

    """
    needed = places(value)
    if needed > instrument.size_precision:
        raise TooFineError(str(value), instrument_id=instrument.id, size_places=needed)
    return quantity_of(value, instrument.size_precision)


def to_money(value: Decimal, currency: str | None, instrument: Instrument) -> Money:
    """
    Return an amount, rounded as `money_of` rounds.

    Parameters
    ----------
    currency : str, optional
        The currency's code; the instrument's settlement currency where None.

    """
    kind = currency_of(currency) if currency else settlement_currency(instrument)
    return money_of(value, kind)


def settlement_currency(instrument: Instrument) -> Currency:
    """Return what an instrument's fees and profits are paid in."""
    return getattr(instrument, "settlement_currency", None) or USDC


def _raw(value: Decimal, precision: int, largest: float) -> int:
    if precision > FIXED_PRECISION:
        raise NumberError(str(value), f"needs {precision} places; there are {FIXED_PRECISION}")
    if places(value) > precision:
        raise NumberError(str(value), f"has more than {precision} decimal places")
    # A float that holds a whole number: the limit itself is exact.
    if value.copy_abs() > int(largest):
        raise NumberError(str(value), "is out of the framework's range")
    return int(value.scaleb(FIXED_PRECISION, EXACT))
