"""
What the answer to a create or a modify says of its order, by REST and WebSocket alike.

An answer belongs to its request: what it leaves out is the request's. One that is not understood,
or that names another order, says nothing, and leaves the outcome unknown (rule E6).
"""

import msgspec

from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.messages import ModifyOrderRequest
from nautilus_paradex.protocol.messages import OrderMessage
from nautilus_paradex.protocol.messages import OrderRequest


def placed(message: OrderMessage, request: OrderRequest) -> OrderUpdate:
    """
    Return the order of a create's answer.

    Without its client id the order would be taken for one of somebody else, and its create would
    never be resolved.

    Raises
    ------
    TransportError
        If the answer does not tell; the order may have been placed.

    """
    if message.client_id not in ("", request.client_id):
        raise TransportError("the answer names another order", sent=True)
    message = msgspec.structs.replace(message, client_id=request.client_id)
    return _understood(_completed(message, request, str(request.instruction)))


def placed_in_batch(
    message: OrderMessage | None, request: OrderRequest | None
) -> OrderUpdate | None:
    """Return an order of a batch's answer; None, which is unknown, if that does not tell (E8)."""
    if message is None or request is None:
        return None
    try:
        return placed(message, request)
    except TransportError:
        return None


def modified(message: OrderMessage, request: ModifyOrderRequest) -> OrderUpdate:
    """
    Return the order of a modify's answer; its id may be another (PROTOCOL 5.6).

    Raises
    ------
    TransportError
        If the answer does not tell; the order may have been modified.

    """
    return _understood(_completed(message, request, "GTC"))


def _completed(
    message: OrderMessage, request: OrderRequest | ModifyOrderRequest, instruction: str
) -> OrderMessage:
    """Return an order of an answer, which may show a part of its fields, with the request's."""
    return msgspec.structs.replace(
        message,
        market=message.market or request.market,
        side=message.side or request.side.value,
        type=message.type or request.type.value,
        instruction=message.instruction or instruction,
        size=message.size or request.size,
        remaining_size=message.remaining_size or message.size or request.size,
        price=message.price or request.price,
        trigger_price=message.trigger_price or request.trigger_price,
    )


def _understood(message: OrderMessage) -> OrderUpdate:
    try:
        return json_events.order_update(message)
    except WireError as error:
        raise TransportError(f"the answer is not understood: {error}", sent=True) from None
