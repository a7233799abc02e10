"""Block trades and requests for quote, as far as an account must notice them (PROTOCOL 6.4)."""

import msgspec

from nautilus_paradex.protocol.messages.base import Message
from nautilus_paradex.protocol.messages.trading import FillMessage


class BlockTradeLeg(Message, frozen=True, gc=False, kw_only=True):
    """A market of a block trade."""

    market: str = ""
    price: str = ""
    size: str = ""
    trade_id: str = ""
    maker_account: str = ""
    taker_account: str = ""
    maker_fill: FillMessage | None = None
    taker_fill: FillMessage | None = None
    failure_reason: str = ""
    executed_at: int = 0


class BlockTrade(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``block_trades`` and a row of ``GET /block-trades``."""

    block_id: str
    block_type: str = ""
    status: str = ""
    initiator: str = ""
    parent_block_id: str = ""
    nonce: str = ""
    required_signers: tuple[str, ...] = ()
    trades: dict[str, BlockTradeLeg] = msgspec.field(default_factory=dict)
    failure_reason: str = ""
    block_expiration: int = 0
    created_at: int = 0
    last_updated_at: int = 0


class RfqState(Message, frozen=True, gc=False, kw_only=True):
    """The life of a request for quote."""

    state: str = ""
    close_reason: str = ""
    quantity: str = ""
    expires_at: int = 0


class RfqQuote(Message, frozen=True, gc=False, kw_only=True):
    """A maker's or the account's own quote."""

    order_id: str = ""
    role: str = ""
    side: str = ""
    price: str = ""
    quantity: str = ""
    state: str = ""
    close_reason: str = ""
    counterparty: str = ""
    label: str = ""


class RfqTrade(Message, frozen=True, gc=False, kw_only=True):
    """The block trade that a request for quote led to."""

    trade_id: str = ""
    side: str = ""
    price: str = ""
    quantity: str = ""
    state: str = ""
    reason: str = ""
    counterparty: str = ""


class RfqResult(Message, frozen=True, gc=False, kw_only=True):
    """The outcome of a REST command, matched by its request id."""

    request_id: str = ""
    operation: str = ""
    status: str = ""
    message: str = ""
    http_status: int = 0
    order_id: str = ""
    allowed_side: str = ""
    label: str = ""


class RfqEvent(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``rfq``: of the four payloads, the one that `type` names is there."""

    type: str
    """RFQ, QUOTE, TRADE or RESULT."""
    seq: int = 0
    rfq_id: str = ""
    account: str = ""
    rfq: RfqState | None = None
    quote: RfqQuote | None = None
    trade: RfqTrade | None = None
    result: RfqResult | None = None
    created_at: int = 0
