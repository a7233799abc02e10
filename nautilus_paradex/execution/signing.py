"""Order commands as signed requests: signed last, immediately before the write (rule E2)."""

from decimal import Decimal

import msgspec
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.capability import wire_instruction
from nautilus_paradex.execution.capability import wire_order_type
from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.messages.orders import ModifyOrderRequest
from nautilus_paradex.protocol.messages.orders import OrderRequest
from nautilus_paradex.protocol.numbers import format_decimal
from nautilus_paradex.protocol.numbers import mantissa
from nautilus_paradex.protocol.orders import Terms
from nautilus_paradex.protocol.signing import AccountSigner


class OrderSigner:
    """
    Builds signed requests.

    Parameters
    ----------
    signer : AccountSigner
        The account's signer.
    recv_window_ms : int, optional
        How long after its signature the venue may accept an order; the venue's own 300,000 where
        None. A shorter window proves sooner that a lost order was never accepted (E6).

    """

    def __init__(self, signer: AccountSigner, recv_window_ms: int | None) -> None:
        self._signer = signer
        self._recv_window_ms = recv_window_ms

    def create(self, order: Order, timestamp_ms: int) -> OrderRequest:
        """
        Return the signed request for an order that `capability.denial` lets pass.

        Raises
        ------
        EncodeError
            If the order cannot be put on the wire; nothing was sent.

        """
        order_type = _required_type(order)
        size = format_decimal(order.quantity.as_decimal())
        price = "0" if order_type.is_market else format_decimal(order.price.as_decimal())
        trigger = order.trigger_price.as_decimal() if order.has_trigger_price else None
        market = order.instrument_id.symbol.value
        side = wire_side(order)
        signature = self._signer.sign_order(
            timestamp_ms=timestamp_ms,
            market=market,
            side=side,
            type=order_type,
            size_e8=mantissa(size),
            price_e8=mantissa(price),
        )
        return OrderRequest(
            market=market,
            side=side,
            type=order_type,
            size=size,
            price=price,
            instruction=wire_instruction(order),
            signature=signature,
            signature_timestamp=timestamp_ms,
            client_id=order.client_order_id.value,
            flags=(OrderFlag.REDUCE_ONLY.value,) if order.is_reduce_only else (),
            recv_window=self._recv_window_ms,
            trigger_price="" if trigger is None else format_decimal(trigger),
        )

    def modify(
        self, order: Order, order_id: str, terms: Terms, timestamp_ms: int
    ) -> ModifyOrderRequest:
        """Return the signed request that gives an order new terms; unchanged ones are repeated."""
        order_type = _required_type(order)
        size = format_decimal(terms.size)
        price = "0" if terms.price is None else format_decimal(terms.price)
        market = order.instrument_id.symbol.value
        side = wire_side(order)
        signature = self._signer.sign_modify(
            timestamp_ms=timestamp_ms,
            market=market,
            side=side,
            type=order_type,
            size_e8=mantissa(size),
            price_e8=mantissa(price),
            order_id=order_id,
        )
        return ModifyOrderRequest(
            id=order_id,
            market=market,
            side=side,
            type=order_type,
            size=size,
            price=price,
            signature=signature,
            signature_timestamp=timestamp_ms,
            trigger_price=""
            if terms.trigger_price is None
            else format_decimal(terms.trigger_price),
        )


def wire_side(order: Order) -> Side:
    """Return the venue's side of an order."""
    return Side.BUY if order.side == OrderSide.BUY else Side.SELL


def new_terms(
    told: Terms,
    *,
    quantity: Decimal | None,
    price: Decimal | None,
    trigger_price: Decimal | None,
) -> Terms:
    """Return an order's terms with a modify command's changes."""
    return msgspec.structs.replace(
        told,
        size=told.size if quantity is None else quantity,
        price=told.price if price is None else price,
        trigger_price=told.trigger_price if trigger_price is None else trigger_price,
    )


def _required_type(order: Order) -> OrderType:
    order_type = wire_order_type(order)
    if order_type is None:
        raise EncodeError(f"order {order.client_order_id} has no type that Paradex knows")
    return order_type
