"""What the framework's option chains find their strike at the money by."""

from decimal import Context
from decimal import Decimal
from typing import Any
from typing import Final

from nautilus_trader.core import nautilus_pyo3
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.objects import PRICE_MAX

from nautilus_paradex.parsing.instruments import NO_EXPIRY_NS
from nautilus_paradex.parsing.numbers import rounded
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.protocol.numbers import from_mantissa


#: More digits than any price has: the growth of a forward is no exact number.
_CONTEXT: Final = Context(prec=34)

_NS_PER_YEAR: Final = Decimal(365 * 86_400 * 10**9)

#: The framework's type; its stubs do not know it.
ForwardPrice: Any = nautilus_pyo3.ForwardPrice  # type: ignore[attr-defined]


def parse_forward_price(event: MarketSummary, option: CryptoOption, ts_init: int) -> Any:
    """
    Return the `ForwardPrice` of an option's underlying, or None where the summary carries none.

    The venue publishes the underlying's price and, for dated options, an annualized forward rate
    (PROTOCOL 9.4): the forward is the price grown at that rate, compounded continuously, until the
    expiry (inferred: the venue says no more of the rate). A perpetual option's forward is the price
    itself. It is rounded to the option's price precision: it places strikes, nobody trades at it.

    Parameters
    ----------
    event : MarketSummary
        The option's summary.
    option : CryptoOption
        The option.
    ts_init : int
        UNIX nanoseconds.

    Raises
    ------
    NumberError
        If the forward is no amount.

    """
    if event.underlying_price_e8 is None:
        return None
    price = from_mantissa(event.underlying_price_e8)
    if event.forward_rate_e8 is not None and option.expiration_ns < NO_EXPIRY_NS:
        years = _CONTEXT.divide(Decimal(max(0, option.expiration_ns - event.ts_ns)), _NS_PER_YEAR)
        rate = from_mantissa(event.forward_rate_e8)
        try:
            price = _CONTEXT.multiply(price, _CONTEXT.exp(_CONTEXT.multiply(rate, years)))
        except ArithmeticError:
            raise NumberError(str(rate), "is no rate that a price grows at") from None
    price = rounded(price, option.price_precision)
    if price.copy_abs() > int(PRICE_MAX):
        raise NumberError(str(price), "is out of the range of prices")
    return ForwardPrice(
        nautilus_pyo3.InstrumentId.from_str(str(option.id)),
        format(price, "f"),
        None,
        event.ts_ns,
        ts_init,
    )
