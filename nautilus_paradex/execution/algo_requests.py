"""Algo orders as requests: checked, signed, and read back from the answer (PROTOCOL 3.1, 4.2)."""

from typing import Final

import msgspec
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.inflight import DEFAULT_RECV_WINDOW_MS
from nautilus_paradex.execution.inflight import WINDOW_MARGIN_MS
from nautilus_paradex.execution.options import OrderOptions
from nautilus_paradex.execution.signing import wire_side
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.messages.orders import AlgoOrder
from nautilus_paradex.protocol.messages.orders import AlgoOrderRequest
from nautilus_paradex.protocol.numbers import decimal
from nautilus_paradex.protocol.numbers import format_decimal
from nautilus_paradex.protocol.numbers import mantissa
from nautilus_paradex.protocol.orders.algo import NS_PER_MS
from nautilus_paradex.protocol.orders.algo import NS_PER_SEC
from nautilus_paradex.protocol.orders.algo import AlgoCreate
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo import algo_state
from nautilus_paradex.protocol.signing import AccountSigner


#: The venue's own limits and step of durations, seconds.
MIN_SECONDS: Final = 30
MAX_SECONDS: Final = 86_400


def algo_denial(options: OrderOptions) -> str | None:
    """
    Return why the venue cannot run an algo order so; None if it can.

    What an order as such cannot have in a TWAP is the options' own check.
    """
    duration = options.duration_seconds
    if duration is None or not MIN_SECONDS <= duration <= MAX_SECONDS or duration % MIN_SECONDS:
        return (
            f"duration_seconds {duration} is not {MIN_SECONDS} to {MAX_SECONDS} "
            f"in steps of {MIN_SECONDS}"
        )
    frequency = options.frequency
    if frequency is not None and not MIN_SECONDS <= frequency <= duration:
        return f"frequency {frequency} is not between {MIN_SECONDS} and duration_seconds {duration}"
    return None


def algo_request(
    signer: AccountSigner, order: Order, options: OrderOptions, timestamp_ms: int
) -> AlgoOrderRequest:
    """
    Return the signed request for an order that `algo_denial` lets pass.

    Signed as a MARKET order of the whole size, price 0 (PROTOCOL 3.1).

    Raises
    ------
    EncodeError
        If the order cannot be put on the wire; nothing was sent.

    """
    if options.algo is None or options.duration_seconds is None:
        raise EncodeError(f"order {order.client_order_id} is no algo order")
    market, side = order.instrument_id.symbol.value, wire_side(order)
    size = format_decimal(decimal_of(order.quantity))
    signature = signer.sign_order(
        timestamp_ms=timestamp_ms,
        market=market,
        side=side,
        type=OrderType.MARKET,
        size_e8=mantissa(size),
        price_e8=0,
    )
    return AlgoOrderRequest(
        algo_type=options.algo,
        market=market,
        side=side,
        type=OrderType.MARKET,
        size=size,
        duration_seconds=options.duration_seconds,
        frequency=options.frequency,
        signature=signature,
        signature_timestamp=timestamp_ms,
        recv_window=options.recv_window_ms,
        dime_discount=options.dime_discount,
        on_behalf_of_account=options.on_behalf_of_account,
    )


def algo_create(request: AlgoOrderRequest) -> AlgoCreate:
    """Return what a request asks for, to find it again where its answer is lost (E6)."""
    window_ms = (request.recv_window or DEFAULT_RECV_WINDOW_MS) + WINDOW_MARGIN_MS
    return AlgoCreate(
        market=request.market,
        side=request.side,
        size=decimal(request.size),
        duration_ns=request.duration_seconds * NS_PER_SEC,
        signed_ns=request.signature_timestamp * NS_PER_MS,
        deadline_ns=(request.signature_timestamp + window_ms) * NS_PER_MS,
    )


def answered_state(message: AlgoOrder, request: AlgoOrderRequest) -> AlgoState:
    """
    Return the state in an answer; what the answer leaves out is as asked for.

    Raises
    ------
    TransportError
        If the answer is not understood: the outcome is unknown then.

    """
    complete = msgspec.structs.replace(
        message,
        market=message.market or request.market,
        side=message.side or request.side.value,
        size=message.size or request.size,
        remaining_size=message.remaining_size or message.size or request.size,
        created_at=message.created_at or request.signature_timestamp,
    )
    try:
        return algo_state(complete)
    except WireError as error:
        raise TransportError(f"the answer is not understood: {error}", sent=True) from None
