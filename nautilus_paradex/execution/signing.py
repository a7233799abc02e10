"""Order commands as signed requests: signed last, immediately before the write (rule E2)."""

from decimal import Decimal

import msgspec
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.capability import wire_instruction
from nautilus_paradex.execution.options import OrderOptions
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.messages.orders import ModifyOrderRequest
from nautilus_paradex.protocol.messages.orders import OrderRequest
from nautilus_paradex.protocol.numbers import format_decimal
from nautilus_paradex.protocol.numbers import mantissa
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Terms
from nautilus_paradex.protocol.signing import AccountSigner


class OrderSigner:
    """
    Builds signed requests.

    Parameters
    ----------
    signer : AccountSigner
        The account's signer.

    """

    def __init__(self, signer: AccountSigner) -> None:
        self._signer = signer

    def create(
        self, order: Order, order_type: OrderType, options: OrderOptions, timestamp_ms: int
    ) -> OrderRequest:
        """
        Return the signed request for an order that `capability.denial` lets pass.

        Raises
        ------
        EncodeError
            If the order cannot be put on the wire; nothing was sent.

        """
        size = format_decimal(decimal_of(order.quantity))
        price = "0" if order_type.is_market else format_decimal(decimal_of(order.price))
        trigger = decimal_of(order.trigger_price) if order.has_trigger_price else None
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
            instruction=wire_instruction(order, rpi=options.rpi),
            signature=signature,
            signature_timestamp=timestamp_ms,
            client_id=order.client_order_id.value,
            stp=options.stp,
            flags=_flags(order, options),
            recv_window=options.recv_window_ms,
            trigger_price=_text(trigger),
            vwap_price=_text(options.vwap_price),
            dime_discount=options.dime_discount,
            on_behalf_of_account=options.on_behalf_of_account,
        )

    def modify(
        self, order: Order, tracker: OrderTracker, terms: Terms, timestamp_ms: int
    ) -> ModifyOrderRequest:
        """Return the signed request that gives an order new terms; unchanged ones are repeated."""
        size = format_decimal(terms.size)
        price = "0" if terms.price is None else format_decimal(terms.price)
        market = order.instrument_id.symbol.value
        side = wire_side(order)
        signature = self._signer.sign_modify(
            timestamp_ms=timestamp_ms,
            market=market,
            side=side,
            type=tracker.order_type,
            size_e8=mantissa(size),
            price_e8=mantissa(price),
            order_id=str(tracker.order_id),
        )
        return ModifyOrderRequest(
            id=str(tracker.order_id),
            market=market,
            side=side,
            type=tracker.order_type,
            size=size,
            price=price,
            signature=signature,
            signature_timestamp=timestamp_ms,
            trigger_price=_text(terms.trigger_price),
            on_behalf_of_account=tracker.on_behalf_of,
        )


def wire_side(order: Order) -> Side:
    """Return the venue's side of an order."""
    return Side.BUY if order.side == OrderSide.BUY else Side.SELL


def new_terms(
    known: Terms,
    *,
    quantity: Decimal | None,
    price: Decimal | None,
    trigger_price: Decimal | None,
) -> Terms:
    """Return an order's terms with a modify command's changes."""
    return msgspec.structs.replace(
        known,
        size=known.size if quantity is None else quantity,
        price=known.price if price is None else price,
        trigger_price=known.trigger_price if trigger_price is None else trigger_price,
    )


def _flags(order: Order, options: OrderOptions) -> tuple[str, ...]:
    wanted = ((OrderFlag.REDUCE_ONLY, order.is_reduce_only), (OrderFlag.MMP, options.mmp))
    return tuple(flag.value for flag, is_wanted in wanted if is_wanted)


def _text(value: Decimal | None) -> str:
    return "" if value is None else format_decimal(value)
