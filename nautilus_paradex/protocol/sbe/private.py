"""
Private messages: templates 20 to 23 (PROTOCOL 7.4).

Numbers become exact decimals. State that is not modelled is an `UnmodelledValue`.
"""

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.numbers import from_mantissa
from nautilus_paradex.protocol.sbe import codes
from nautilus_paradex.protocol.sbe.framing import Shape
from nautilus_paradex.protocol.sbe.framing import read_texts
from nautilus_paradex.protocol.sbe.layouts import NULL
from nautilus_paradex.protocol.sbe.values import account_hex
from nautilus_paradex.protocol.sbe.values import nonzero_decimal
from nautilus_paradex.protocol.sbe.values import optional_decimal
from nautilus_paradex.protocol.sbe.values import optional_ns
from nautilus_paradex.protocol.sbe.values import required_decimal
from nautilus_paradex.protocol.sbe.values import required_ns


def order(data: bytes, shape: Shape) -> events.OrderUpdate:
    """Return the state of an order; its signature timestamp is not in the frame."""
    root = shape.read_root(data)
    _, seq, status, side, order_type, time_in_force, price, trigger, size, size_open = root[:10]
    average, created, updated, account, received, published, stp, flags = root[10:18]
    order_id, client_id, market, cancel_reason, request_id, message = read_texts(data, shape)
    kind = codes.ORDER_TYPE[order_type]
    return events.OrderUpdate(
        order_id=order_id,
        account=account_hex(account),
        market=market,
        side=codes.SIDE[side],
        type=kind,
        instruction=codes.TIME_IN_FORCE[time_in_force],
        size=required_decimal("size", size),
        remaining_size=required_decimal("sizeOpen", size_open),
        price=None if kind.is_market else optional_decimal(price),
        trigger_price=nonzero_decimal(trigger),
        status=codes.ORDER_STATUS[status],
        cancel_reason=cancel_reason,
        client_id=client_id,
        avg_fill_price=nonzero_decimal(average),
        stp=codes.STP_MODE[stp],
        flags=codes.ORDER_FLAGS.names(flags),
        created_ns=required_ns("createdAt", created),
        updated_ns=required_ns("updatedAt", updated),
        published_ns=optional_ns(published),
        received_ns=optional_ns(received),
        signature_ns=None,
        seq=seq,
        request=_request(root[18], root[19], request_id, message),
    )


def _request(
    status: int, request_type: int, request_id: str, message: str
) -> events.RequestInfo | None:
    # Both UNSPECIFIED says "no request" (schema, RequestStatus), as does the older layout.
    if not status and not request_type:
        return None
    state = codes.REQUEST_STATUS[status]
    if not request_id:
        return None
    return events.RequestInfo(
        id=request_id,
        request_type=codes.REQUEST_TYPE[request_type],
        status=state,
        message=message,
    )


def fill(data: bytes, shape: Shape) -> events.Fill:
    """Return a fill; the order's remaining size is not in the frame."""
    root = shape.read_root(data)
    _, seq, fill_type, side, liquidity, price, size, fee, realized_pnl, created = root[:10]
    account, underlying_price, realized_funding, flags, book_seq = root[10:]
    fill_id, order_id, client_id, trade_id, market, fee_currency = read_texts(data, shape)
    return events.Fill(
        fill_id=fill_id,
        fill_type=codes.FILL_TYPE[fill_type],
        account=account_hex(account),
        market=market,
        order_id=order_id,
        client_id=client_id,
        side=codes.SIDE[side],
        liquidity=codes.LIQUIDITY[liquidity],
        price=required_decimal("price", price),
        size=required_decimal("size", size),
        fee=required_decimal("fee", fee),
        fee_currency=fee_currency or None,
        realized_pnl=optional_decimal(realized_pnl),
        realized_funding=optional_decimal(realized_funding),
        remaining_size=None,
        underlying_price=optional_decimal(underlying_price),
        trade_id=trade_id or None,
        flags=codes.FILL_FLAGS.names(flags),
        # 0 in the later field is "none"; the older one then says if there is a number at all.
        book_seq=book_seq or (None if seq == NULL else seq),
        created_ns=required_ns("createdAt", created),
    )


def position(data: bytes, shape: Shape) -> events.Position:
    """Return the net position in a market; the frame's size is absolute (trap 57)."""
    root = shape.read_root(data)
    _, seq, side, size, entry_price, unrealized, realized, _, liquidation, leverage = root[:10]
    updated, account, entry_price_usd, cost, cost_usd, index, unrealized_funding, status = root[10:]
    market, last_fill_id = read_texts(data, shape)
    if size < 0:
        raise DecodeError("PositionEvent with a size that is null or negative")
    return events.Position(
        account=account_hex(account),
        market=market,
        status=codes.POSITION_STATUS[status],
        signed_size=from_mantissa(size * codes.SIDE[side].sign),
        average_entry_price=optional_decimal(entry_price),
        average_entry_price_usd=optional_decimal(entry_price_usd),
        unrealized_pnl=optional_decimal(unrealized),
        unrealized_funding_pnl=optional_decimal(unrealized_funding),
        realized_pnl=optional_decimal(realized),
        liquidation_price=optional_decimal(liquidation),
        leverage=optional_decimal(leverage),
        cost=optional_decimal(cost),
        cost_usd=optional_decimal(cost_usd),
        cached_funding_index=optional_decimal(index),
        last_fill_id=last_fill_id,
        updated_ns=required_ns("updatedAt", updated),
        seq=seq,
    )


def account(data: bytes, shape: Shape) -> events.AccountSummary:
    """Return the account's margin and collateral."""
    root = shape.read_root(data)
    _, seq, collateral, free, initial, maintenance, value, _, updated = root[:9]
    address, cushion, status, _ = root[9:]
    (settlement_asset,) = read_texts(data, shape)
    return events.AccountSummary(
        account=account_hex(address),
        status=codes.ACCOUNT_STATUS[status],
        account_value=required_decimal("accountValue", value),
        total_collateral=required_decimal("totalCollateral", collateral),
        free_collateral=required_decimal("freeCollateral", free),
        initial_margin=required_decimal("initialMarginReq", initial),
        maintenance_margin=required_decimal("maintenanceMarginReq", maintenance),
        margin_cushion=optional_decimal(cushion),
        settlement_asset=settlement_asset,
        updated_ns=required_ns("updatedAt", updated),
        seq=seq,
    )
