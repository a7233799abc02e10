"""What trading left behind: fills, funding, busts, transactions, transfers (PROTOCOL 4.2, 10)."""

from nautilus_paradex.protocol.messages.base import Message
from nautilus_paradex.protocol.messages.base import Milliseconds


class FillMessage(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``fills`` and a row of ``GET /fills`` (PROTOCOL 10.4)."""

    id: str
    """Unique within its `fill_type` (trap 52)."""
    market: str
    side: str
    price: str
    size: str
    fill_type: str
    account: str = ""
    order_id: str = ""
    client_id: str = ""
    liquidity: str = ""
    remaining_size: str = ""
    fee: str = ""
    """Positive = paid, negative = rebate."""
    fee_currency: str = ""
    flags: tuple[str, ...] = ()
    realized_pnl: str = ""
    """Without funding."""
    realized_funding: str = ""
    underlying_price: str = ""
    orderbook_seq_no: int | None = None
    created_at: Milliseconds = 0


class FundingPayment(Message, frozen=True, gc=False, kw_only=True):
    """
    The data of ``funding_payments`` and a row of ``GET /funding/payments``.

    The same money as the fill's ``realized_funding`` (trap 55).
    """

    id: str
    market: str
    payment: str
    index: str = ""
    fill_id: str = ""
    account: str = ""
    created_at: Milliseconds = 0


class BalanceEvent(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``balance_events``."""

    type: str
    status: str = ""
    market: str = ""
    fill_id: str = ""
    fees: str = ""
    realized_pnl: str = ""
    realized_funding: str = ""
    funding_index: str = ""
    settlement_asset_name: str = ""
    settlement_asset_address: str = ""
    settlement_asset_balance_before: str = ""
    settlement_asset_balance_after: str = ""
    """The balance from then on (PROTOCOL 10.2)."""
    settlement_asset_price: str = ""
    created_at: Milliseconds = 0


class Tradebust(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``tradebusts`` and a row of ``GET /tradebusts``: a fill that is undone."""

    busted_fill_id: str
    account: str = ""
    created_at: int = 0


class Transaction(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``transaction`` and a row of ``GET /transactions``."""

    id: str
    """Of the fill or liquidation that it settles."""
    type: str = ""
    state: str = ""
    hash: str = ""
    created_at: int = 0
    completed_at: int = 0


class Transfer(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``transfers`` and a row of ``GET /transfers``."""

    id: str
    account: str = ""
    kind: str = ""
    direction: str = ""
    """IN or OUT."""
    token: str = ""
    amount: str = ""
    status: str = ""
    """PENDING, AVAILABLE, COMPLETED or FAILED."""
    bridge: str = ""
    counterparty: str = ""
    external_account: str = ""
    external_chain: str = ""
    external_txn_hash: str = ""
    txn_hash: str = ""
    vault_address: str = ""
    vault_unwind_completion_percentage: str = ""
    socialized_loss_factor: str = ""
    auto_withdrawal_fee: str = ""
    failure_reason: str = ""
    created_at: int = 0
    last_updated_at: int = 0


class Liquidation(Message, frozen=True, gc=False, kw_only=True):
    """A row of ``GET /liquidations``."""

    id: str
    """The transaction's hash."""
    created_at: int = 0
