"""Order updates and fills for tests, with sensible defaults."""

from decimal import Decimal
from typing import Any

from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import Liquidity
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate


T0 = 1_790_000_000_000_000_000
MS = 1_000_000


def order_update(
    status: str = "OPEN",
    *,
    remaining: str = "1",
    size: str = "1",
    reason: str = "",
    at_ms: int = 0,
    seq: int | None = None,
    **changes: Any,
) -> OrderUpdate:
    """Return an update of order V-1, client id C-1, at `at_ms` after T0."""
    values: dict[str, Any] = {
        "order_id": "V-1",
        "account": "0x1",
        "market": "BTC-USD-PERP",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "instruction": Instruction.GTC,
        "size": Decimal(size),
        "remaining_size": Decimal(remaining),
        "price": Decimal(100),
        "trigger_price": None,
        "status": OrderStatus(status),
        "cancel_reason": reason,
        "client_id": "C-1",
        "avg_fill_price": None,
        "stp": "EXPIRE_TAKER",
        "flags": frozenset(),
        "created_ns": T0,
        "updated_ns": T0 + at_ms * MS,
        "published_ns": None,
        "received_ns": None,
        "signature_ns": None,
        "seq": at_ms if seq is None else seq,
    }
    return OrderUpdate(**(values | changes))


def fill(fill_id: str = "F-1", *, size: str = "1", at_ms: int = 0, **changes: Any) -> Fill:
    """Return a fill of order V-1, client id C-1."""
    values: dict[str, Any] = {
        "fill_id": fill_id,
        "fill_type": FillType.FILL,
        "account": "0x1",
        "market": "BTC-USD-PERP",
        "order_id": "V-1",
        "client_id": "C-1",
        "side": Side.BUY,
        "liquidity": Liquidity.MAKER,
        "price": Decimal(100),
        "size": Decimal(size),
        "fee": Decimal("0.01"),
        "fee_currency": "USDC",
        "realized_pnl": None,
        "realized_funding": None,
        "remaining_size": None,
        "underlying_price": None,
        "trade_id": None,
        "flags": frozenset(),
        "book_seq": None,
        "created_ns": T0 + at_ms * MS,
    }
    return Fill(**(values | changes))
