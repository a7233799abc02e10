"""What clients ask of the exchange, already parsed; and how it refuses."""

from decimal import Decimal

import msgspec

from nautilus_paradex.simulator.engine.enums import CancelStatus
from nautilus_paradex.simulator.engine.enums import Instruction
from nautilus_paradex.simulator.engine.enums import OrderFlag
from nautilus_paradex.simulator.engine.enums import OrderType
from nautilus_paradex.simulator.engine.enums import Side
from nautilus_paradex.simulator.engine.enums import Stp


class Refusal(Exception):  # noqa: N818 - the venue's answer, not a failure of the engine
    """
    The exchange refuses a command before it takes effect (PROTOCOL 8.5).

    Parameters
    ----------
    code : str
        The venue's error code, such as ``INVALID_ORDER_SIZE``.
    message : str
        The venue's text.

    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class OrderCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A new order (PROTOCOL 3.2); its signature is checked before the engine sees it."""

    account: str
    market: str
    side: Side
    type: OrderType
    size: Decimal
    """Base units. 0 is allowed for TAKE_PROFIT_* and STOP_LOSS_*: the whole position."""
    price: Decimal | None = None
    """None or 0 for market types."""
    trigger_price: Decimal | None = None
    instruction: Instruction = Instruction.GTC
    client_id: str = ""
    stp: Stp = Stp.EXPIRE_TAKER
    flags: tuple[OrderFlag, ...] = ()
    """Only REDUCE_ONLY and MMP may come from a client."""
    vwap_price: Decimal | None = None
    """Worst average price of a MARKET order."""
    dime_discount: bool = False
    """If its fees are to be paid in DIME, at a discount."""
    interactive: bool = False
    """If the order came with an interactive (retail) token (PROTOCOL 8.2)."""
    signature_ms: int = 0
    """The signed timestamp, UNIX milliseconds."""
    received_us: int | None = None
    """Receipt at the API, UNIX microseconds; None = now."""


class ModifyCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a live order (PROTOCOL 5.6); unchanged values are repeated."""

    account: str
    order_id: str
    market: str
    side: Side
    type: OrderType
    size: Decimal
    """The new total size, what is filled included."""
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    signature_ms: int = 0


class CancelResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one cancel of a batch; cancels take effect in `process_cancel`."""

    order_id: str
    """Empty where a client id is not known."""
    client_id: str
    account: str
    market: str
    """Empty where the order is not known."""
    status: CancelStatus
