"""
The engine's values as the venue's JSON objects, as plain dicts.

Nothing of the client's own JSON code is used, so that no mistake is shared. Amounts are decimal
strings without padding, absent ones ``""``; times are milliseconds (PROTOCOL 4, 6.4, 9, 10).
"""

from decimal import Decimal
from typing import Any

import msgspec

from nautilus_paradex.simulator.engine import model


type Json = dict[str, Any]


def text(value: Decimal | None, absent: str = "") -> str:
    """Return an amount as the venue writes it."""
    if value is None:
        return absent
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def amount(value: Decimal | None, absent: str = "") -> str:
    """Return a computed amount, which may be longer, with the wire's 8 places."""
    if value is None:
        return absent
    return text(value.quantize(_E8) if value.as_tuple().exponent < -8 else value)  # type: ignore[operator]  # finite


_E8 = Decimal("0.00000001")


def _ms(us: int) -> int:
    return us // 1000


def order(value: model.Order, published_us: int) -> Json:
    """OrderResp of PROTOCOL 4.3."""
    info = value.request_info
    return {
        "id": value.id,
        "account": value.account,
        "market": value.market,
        "side": value.side,
        "type": value.type,
        "size": text(value.size),
        "remaining_size": text(value.remaining_size),
        "price": text(value.price, "0"),
        "status": value.status,
        "created_at": _ms(value.created_us),
        "last_updated_at": _ms(value.updated_us),
        "timestamp": value.signature_ms,
        "cancel_reason": value.cancel_reason,
        "client_id": value.client_id,
        "instruction": value.instruction,
        "avg_fill_price": amount(value.avg_fill_price),
        "stp": value.stp,
        "received_at": _ms(value.received_us),
        "published_at": _ms(published_us),
        "flags": list(value.flags),
        "trigger_price": text(value.trigger_price, "0"),
        "seq_no": value.seq_no,
        "request_info": None
        if info is None
        else {
            "id": info.id,
            "request_type": info.request_type,
            "status": info.status,
            "message": info.message,
        },
    }


def fill(value: model.Fill) -> Json:
    """FillResult of PROTOCOL 10.4."""
    return {
        "id": value.id,
        "account": value.account,
        "market": value.market,
        "order_id": value.order_id,
        "client_id": value.client_id,
        "side": value.side,
        "liquidity": value.liquidity,
        "price": text(value.price),
        "size": text(value.size),
        "remaining_size": text(value.remaining_size),
        "fee": amount(value.fee),
        "fee_currency": value.fee_currency,
        "fill_type": value.fill_type,
        "flags": list(value.flags),
        "realized_pnl": amount(value.realized_pnl),
        "realized_funding": amount(value.realized_funding),
        "underlying_price": amount(value.underlying_price),
        "orderbook_seq_no": value.orderbook_seq_no,
        "created_at": _ms(value.created_us),
    }


def position(value: model.Position) -> Json:
    """PositionResp of PROTOCOL 10.3; the size is signed."""
    return {
        "id": f"{value.account}-{value.market}",
        "account": value.account,
        "market": value.market,
        "status": value.status,
        "side": value.side,
        "size": text(value.size),
        "average_entry_price": amount(value.average_entry_price),
        "average_entry_price_usd": amount(value.average_entry_price),
        "average_exit_price": amount(value.average_exit_price),
        "cost": amount(value.cost),
        "cost_usd": amount(value.cost),
        "unrealized_pnl": amount(value.unrealized_pnl),
        "unrealized_funding_pnl": amount(value.unrealized_funding_pnl),
        "cached_funding_index": amount(value.cached_funding_index),
        "realized_positional_pnl": amount(value.realized_positional_pnl),
        "realized_positional_funding_pnl": amount(value.realized_positional_funding_pnl),
        "liquidation_price": amount(value.liquidation_price),
        "leverage": amount(value.leverage),
        "last_fill_id": value.last_fill_id,
        "created_at": _ms(value.created_us),
        "last_updated_at": _ms(value.updated_us),
        "closed_at": _ms(value.closed_us),
        "seq_no": value.seq_no,
    }


def balance(value: model.Balance) -> Json:
    """BalanceResp of PROTOCOL 10.2."""
    return {
        "token": value.token,
        "size": amount(value.size),
        "last_updated_at": _ms(value.updated_us),
        "average_entry_price": amount(value.average_entry_price),
        "average_entry_price_usd": amount(value.average_entry_price),
        "cost": amount(value.cost),
        "cost_usd": amount(value.cost),
    }


def account(value: model.AccountSummary) -> Json:
    """AccountSummaryResponse of PROTOCOL 6.4, 10.1."""
    return {
        "account": value.account,
        "account_value": amount(value.account_value),
        "total_collateral": amount(value.total_collateral),
        "free_collateral": amount(value.free_collateral),
        "initial_margin_requirement": amount(value.initial_margin_requirement),
        "maintenance_margin_requirement": amount(value.maintenance_margin_requirement),
        "margin_cushion": amount(value.margin_cushion),
        "settlement_asset": value.settlement_asset,
        "status": value.status,
        "seq_no": value.seq_no,
        "updated_at": _ms(value.updated_us),
        "last_seen_notification": 0,
    }


def account_info(value: model.AccountInfo) -> Json:
    """AccountInfoResponse of PROTOCOL 4.2."""
    return {
        "account": value.account,
        "parent_account": value.parent_account,
        "kind": value.kind,
        "isolated_market": value.isolated_market,
        "public_key": value.public_key,
        "derivation_path": "",
        "username": "",
        "created_at": _ms(value.created_us),
        "has_ecosystem_nft": False,
        "fees": {name: text(getattr(value.fees, name)) for name in model.FeeRates.__struct_fields__}
        | {"commission_rate": "0", "discount_rate": "0"},
        "volume_tiers": {},
    }


def balance_event(value: model.BalanceEvent, asset_address: str) -> Json:
    """BalanceEvent of PROTOCOL 6.4."""
    return {
        "type": value.type,
        "status": value.status,
        "market": value.market,
        "fill_id": value.fill_id,
        "fees": amount(value.fees),
        "realized_pnl": amount(value.realized_pnl),
        "realized_funding": amount(value.realized_funding),
        "funding_index": amount(value.funding_index),
        "settlement_asset_name": value.asset,
        "settlement_asset_address": asset_address,
        "settlement_asset_balance_before": amount(value.balance_before),
        "settlement_asset_balance_after": amount(value.balance_after),
        "settlement_asset_price": "1",
        "created_at": _ms(value.created_us),
    }


def funding_payment(value: model.FundingPayment) -> Json:
    """FundingPayment of PROTOCOL 4.2."""
    return {
        "id": value.id,
        "account": value.account,
        "market": value.market,
        "fill_id": value.fill_id,
        "payment": amount(value.payment),
        "index": amount(value.index),
        "created_at": _ms(value.created_us),
    }


def transfer(value: model.Transfer) -> Json:
    """TransferResult of PROTOCOL 4.2."""
    return {
        "id": value.id,
        "account": value.account,
        "kind": value.kind,
        "direction": value.direction,
        "token": value.token,
        "amount": text(value.amount),
        "status": value.status,
        "failure_reason": "",
        "txn_hash": "",
        "external_txn_hash": "",
        "external_account": "",
        "external_chain": "",
        "bridge": "",
        "counterparty": "",
        "vault_address": "",
        "vault_unwind_completion_percentage": "",
        "socialized_loss_factor": "0",
        "auto_withdrawal_fee": "0",
        "created_at": _ms(value.created_us),
        "last_updated_at": _ms(value.updated_us),
    }


def transaction(value: model.Transaction) -> Json:
    """TransactionResponse of PROTOCOL 4.2."""
    return {
        "id": value.id,
        "hash": value.hash,
        "type": value.type,
        "state": value.state,
        "created_at": _ms(value.created_us),
        "completed_at": _ms(value.completed_us),
    }


def tradebust(value: model.Tradebust) -> Json:
    """TradebustResult of PROTOCOL 4.2."""
    return {
        "account": value.account,
        "busted_fill_id": value.busted_fill_id,
        "created_at": _ms(value.created_us),
    }


def liquidation(value: model.Liquidation) -> Json:
    """LiquidationResp of PROTOCOL 4.2."""
    return {"id": value.id, "created_at": _ms(value.created_us)}


def cancel_result(value: model.CancelResult) -> Json:
    """CancelOrderResult of PROTOCOL 4.2; absent fields are left out."""
    pairs = (
        ("id", value.order_id),
        ("client_id", value.client_id),
        ("account", value.account),
        ("market", value.market),
        ("status", value.status),
    )
    return {name: field for name, field in pairs if field}


def margin_config(value: model.MarginConfig) -> Json:
    """AccountMarginEntry of PROTOCOL 4.2."""
    return {
        "market": value.market,
        "leverage": value.leverage,
        "margin_type": value.margin_type,
        "isolated_margin_leverage": 0,
    }


def specification(value: Any) -> Any:
    """Return a market's specification, or a part of it, with every amount as a string."""
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, msgspec.Struct):
        return {name: specification(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [specification(item) for item in value]
    if isinstance(value, dict):
        return {name: specification(item) for name, item in value.items()}
    return value
