"""An order while the exchange works with it."""

from decimal import Decimal
from typing import TYPE_CHECKING

from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import ModifyCommand
from nautilus_paradex.simulator.engine.model import Order
from nautilus_paradex.simulator.engine.model import OrderCommand
from nautilus_paradex.simulator.engine.model import OrderFlag
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.model import OrderType
from nautilus_paradex.simulator.engine.model import RequestInfo
from nautilus_paradex.simulator.engine.model import Side


if TYPE_CHECKING:
    from nautilus_paradex.simulator.engine.accounts import Account
    from nautilus_paradex.simulator.engine.listing import Market


class LiveOrder:
    """
    An order's mutable state; `snapshot` is what others see.

    Parameters
    ----------
    order_id : str
        The venue's id.
    command : OrderCommand
        The validated command.
    account : Account
        Its owner.
    market : Market
        Where it trades.
    now_us : int
        The time, UNIX microseconds.

    """

    __slots__ = (
        "account",
        "cancel_reason",
        "client_id",
        "condition",
        "created_us",
        "dime_discount",
        "filled_notional",
        "id",
        "instruction",
        "interactive",
        "is_buy",
        "market",
        "mmp",
        "pending",
        "price",
        "received_us",
        "reduce_only",
        "remaining",
        "request_info",
        "seq_no",
        "side",
        "signature_ms",
        "size",
        "status",
        "stp",
        "trigger_price",
        "triggered",
        "type",
        "updated_us",
        "vwap_price",
    )

    def __init__(
        self,
        order_id: str,
        command: OrderCommand,
        account: "Account",
        market: "Market",
        now_us: int,
    ) -> None:
        self.id = order_id
        self.account = account
        self.market = market
        self.side = command.side
        self.is_buy = command.side is Side.BUY
        self.type: OrderType = command.type
        self.instruction: Instruction = command.instruction
        self.size = command.size
        self.remaining = command.size
        self.price = command.price or None
        self.trigger_price = command.trigger_price or None
        self.client_id = command.client_id
        self.stp = command.stp
        self.reduce_only = OrderFlag.REDUCE_ONLY in command.flags
        self.mmp = OrderFlag.MMP in command.flags
        self.interactive = command.interactive
        self.vwap_price = command.vwap_price
        self.dime_discount = command.dime_discount
        self.condition: OrderFlag | None = None
        self.triggered = False
        self.status = OrderStatus.NEW
        self.cancel_reason = CancelReason.NONE
        self.filled_notional = ZERO
        self.created_us = now_us
        self.updated_us = now_us
        self.received_us = now_us if command.received_us is None else command.received_us
        self.signature_ms = command.signature_ms
        self.seq_no = 0
        self.request_info: RequestInfo | None = None
        self.pending: dict[str, ModifyCommand] = {}

    @property
    def filled(self) -> Decimal:
        """Size minus remaining size."""
        return self.size - self.remaining

    @property
    def is_live(self) -> bool:
        """If the order has not closed."""
        return self.status is not OrderStatus.CLOSED

    def _flags(self) -> tuple[OrderFlag, ...]:
        flags: tuple[OrderFlag, ...] = ()
        if self.reduce_only:
            flags += (OrderFlag.REDUCE_ONLY,)
        if self.interactive:
            flags += (OrderFlag.INTERACTIVE,)
        if self.condition is not None:
            flags += (self.condition,)
        if self.vwap_price is not None:
            flags += (OrderFlag.TARGET_STRATEGY_VWAP,)
        if self.mmp:
            flags += (OrderFlag.MMP,)
        return flags

    def snapshot(self) -> Order:
        """Return the order as it is now."""
        filled = self.size - self.remaining
        return Order(
            id=self.id,
            account=self.account.address,
            market=self.market.symbol,
            side=self.side,
            type=self.type,
            instruction=self.instruction,
            size=self.size,
            remaining_size=self.remaining,
            price=self.price,
            trigger_price=self.trigger_price,
            status=self.status,
            cancel_reason=self.cancel_reason,
            client_id=self.client_id,
            avg_fill_price=amount(self.filled_notional / filled) if filled else None,
            stp=self.stp,
            flags=self._flags(),
            created_us=self.created_us,
            updated_us=self.updated_us,
            received_us=self.received_us,
            signature_ms=self.signature_ms,
            seq_no=self.seq_no,
            request_info=self.request_info,
        )
