"""What an order's ``params`` may ask for beyond the framework's own terms: typed and checked."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated
from typing import Any
from typing import Literal

import msgspec
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.enums import TimeInForce
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.orders import Order

from nautilus_paradex.options import read_options
from nautilus_paradex.parsing.instruments import NO_EXPIRY_NS
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.enums import Stp
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.numbers import is_multiple
from nautilus_paradex.protocol.signing import normalize_address


class OrderOptions(msgspec.Struct, frozen=True, kw_only=True):
    """
    The keys of ``params`` of `submit_order` and `submit_order_list`.

    All are of one order, or of each order of a list.
    """

    rpi: bool = False
    """Retail price improvement: LIMIT, post-only, seen by retail flow only (PROTOCOL 5.2)."""
    stp: Stp | None = None
    """Self-trade prevention; the config's `stp_mode`, else the venue's EXPIRE_TAKER."""
    recv_window_ms: Annotated[int, msgspec.Meta(ge=10)] | None = None
    """How long after its signature the venue may accept the order; the config's where None."""
    vwap_price: Decimal | None = None
    """MARKET only: the worst average price, as text or Decimal."""
    dime_discount: bool = False
    """Pay the fees in DIME, with its discount, while there is a balance."""
    mmp: bool = False
    """Under market-maker protection: LIMIT on perpetuals and dated options."""
    on_behalf_of_account: str = ""
    """The address of an isolated margin account."""
    position_linked: bool = True
    """
    Reduce-only conditional orders as the venue's STOP_LOSS and TAKE_PROFIT kinds, which are cut to
    the position, end with it and cancel each other; plain STOP kinds where False.
    """
    trigger_at_once: bool = False
    """Send a position-linked order although the mark price is beyond its trigger already."""
    algo: Literal["TWAP"] | None = None
    """Let the venue cut a MARKET order into small ones over `duration_seconds`."""
    duration_seconds: int | None = None
    """Of a TWAP: 30 to 86,400, in steps of 30."""
    frequency: int | None = None
    """Of a TWAP: seconds between its orders; 30 where None."""


def read_order_options(
    params: Mapping[str, Any] | None, *, stp: Stp | None, recv_window_ms: int | None
) -> OrderOptions:
    """
    Return the options of a command's ``params``, with a client's own defaults.

    Raises
    ------
    EncodeError
        If a key is unknown or a value is not allowed; the text names it and what is allowed.

    """
    options = read_options(OrderOptions, params)
    account = options.on_behalf_of_account
    if account:
        try:
            account = normalize_address(account)
        except ParadexError:
            text = "params['on_behalf_of_account'] must be an address such as '0x1a2b'"
            raise EncodeError(text) from None
    return msgspec.structs.replace(
        options,
        stp=options.stp or stp,
        recv_window_ms=options.recv_window_ms or recv_window_ms,
        on_behalf_of_account=account,
    )


def options_denial(order: Order, instrument: Instrument, options: OrderOptions) -> str | None:
    """Return why an order cannot have its options; None if it can."""
    kind = order.order_type
    if options.rpi and (kind != OrderType.LIMIT or isinstance(instrument, CurrencyPair)):
        return "rpi is for LIMIT orders of perpetuals and options"
    if options.rpi and order.time_in_force == TimeInForce.IOC:
        return "rpi orders rest: use GTC"
    if options.mmp and (kind != OrderType.LIMIT or not _is_protectable(instrument)):
        return "mmp is for LIMIT orders of perpetuals and dated options"
    if options.vwap_price is not None:
        if kind != OrderType.MARKET:
            return "vwap_price is for MARKET orders; a LIMIT order has its own price"
        tick = decimal_of(instrument.price_increment)
        if options.vwap_price <= 0 or not is_multiple(options.vwap_price, tick):
            return f"vwap_price {options.vwap_price} is not a positive multiple of the tick"
    return _algo_denial(order, options)


def _algo_denial(order: Order, options: OrderOptions) -> str | None:
    if options.algo is None:
        if options.duration_seconds is None and options.frequency is None:
            return None
        return "duration_seconds and frequency belong to params['algo'] = 'TWAP'"
    if order.order_type != OrderType.MARKET:
        return "a TWAP is a MARKET order"
    if order.is_reduce_only:
        return "a TWAP knows no reduce-only; leave reduce_only unset"
    if options.vwap_price is not None:
        return "a TWAP knows no vwap_price"
    if options.duration_seconds is None:
        return "a TWAP needs params['duration_seconds']"
    return None


def _is_protectable(instrument: Instrument) -> bool:
    if isinstance(instrument, CryptoOption):
        return bool(instrument.expiration_ns != NO_EXPIRY_NS)
    return isinstance(instrument, CryptoPerpetual)
