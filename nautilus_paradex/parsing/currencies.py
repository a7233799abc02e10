"""Currencies of the venue, known to the framework before anything is built of them."""

from typing import Final

from nautilus_trader.model.currencies import register_currency
from nautilus_trader.model.enums import CurrencyType
from nautilus_trader.model.objects import Currency

from nautilus_paradex.parsing.identifiers import is_identifier
from nautilus_paradex.protocol.errors import DecodeError


#: As the framework's own crypto currencies, and as the wire (1e-8).
_PRECISION: Final = 8
_MAX_CODE: Final = 32


def currency_of(code: str) -> Currency:
    """
    Return a currency; one that the framework does not know is registered as crypto with 8 places.

    Its own map comes first: USD and EUR stay the fiat money that they are. What stands for shares,
    indices and metals at the venue (``US500``, ``XAG``) is a token of the venue here.

    Raises
    ------
    DecodeError
        If the text is no code.

    """
    if not is_identifier(code, _MAX_CODE) or " " in code:
        raise DecodeError(f"{code[:_MAX_CODE]!r} is no currency code")
    currency = Currency.from_internal_map(code)
    if currency is None:
        currency = Currency(
            code=code,
            precision=_PRECISION,
            iso4217=0,
            name=code,
            currency_type=CurrencyType.CRYPTO,
        )
        register_currency(currency)
    return currency
