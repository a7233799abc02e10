"""Orders: requests, answers and stream updates (PROTOCOL 3.2, 4.2, 4.3, 5.6, 6.6)."""

from typing import Any
from typing import ClassVar

import msgspec

from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.enums import Stp
from nautilus_paradex.protocol.messages.base import Body
from nautilus_paradex.protocol.messages.base import ErrorBody
from nautilus_paradex.protocol.messages.base import Message
from nautilus_paradex.protocol.messages.base import Milliseconds


_SIGNATURE = frozenset({"signature"})


class OrderRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The body of ``POST /orders`` and the params of ``order.create`` (PROTOCOL 3.2)."""

    secret_fields: ClassVar[frozenset[str]] = _SIGNATURE

    market: str
    side: Side
    type: OrderType
    size: str
    price: str
    """The limit; ``"0"`` for market types, since the venue requires the field."""
    instruction: Instruction
    signature: str
    """A JSON string of two decimal strings: ``["r","s"]``."""
    signature_timestamp: int
    """UNIX milliseconds, as signed."""
    client_id: str = ""
    """At most 64 characters."""
    stp: Stp | None = None
    """EXPIRE_TAKER where None."""
    flags: tuple[str, ...] = ()
    recv_window: int | None = None
    """Milliseconds, at least 10; 300,000 where None."""
    trigger_price: str = ""
    vwap_price: str = ""
    dime_discount: bool = False
    on_behalf_of_account: str = ""


class ModifyOrderRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The body of ``PUT /orders/{id}`` and the params of ``order.modify`` (PROTOCOL 5.6)."""

    secret_fields: ClassVar[frozenset[str]] = _SIGNATURE

    id: str
    market: str
    side: Side
    type: OrderType
    size: str
    price: str
    signature: str
    signature_timestamp: int
    trigger_price: str = ""
    on_behalf_of_account: str = ""


class BatchCancelRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The body of ``DELETE /orders/batch``; WebSocket takes `order_ids` only (trap 41)."""

    order_ids: tuple[str, ...] = ()
    client_order_ids: tuple[str, ...] = ()


class CancelOrderRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The params of ``order.cancel``: an id, or a client id with its market."""

    id: str = ""
    client_id: str = ""
    market: str = ""


class CancelAllRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The params of ``order.cancel_all``; every market where `market` is empty."""

    market: str = ""


class AlgoOrderRequest(Body, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The body of ``POST /algo/orders``."""

    secret_fields: ClassVar[frozenset[str]] = _SIGNATURE

    algo_type: str
    """TWAP."""
    market: str
    side: Side
    type: OrderType
    """MARKET only."""
    size: str
    duration_seconds: int
    """30 to 86,400, in steps of 30."""
    signature: str
    signature_timestamp: int
    frequency: int | None = None
    """Seconds between child orders; 30 where None."""
    recv_window: int | None = None
    dime_discount: bool = False
    on_behalf_of_account: str = ""


class RequestInfoMessage(Message, frozen=True, gc=False, kw_only=True):
    """A modify request's state on its order."""

    id: str = ""
    request_type: str = ""
    status: str = ""
    message: str = ""


class OrderMessage(Message, frozen=True, gc=False, kw_only=True):
    """An order as REST and ``orders`` show it (PROTOCOL 4.3)."""

    id: str
    status: str
    account: str = ""
    market: str = ""
    side: str = ""
    type: str = ""
    instruction: str = ""
    size: str = ""
    remaining_size: str = ""
    price: str = ""
    trigger_price: str = ""
    avg_fill_price: str = ""
    client_id: str = ""
    cancel_reason: str = ""
    stp: str = ""
    flags: tuple[str, ...] = ()
    created_at: Milliseconds = 0
    last_updated_at: Milliseconds = 0
    """Frozen once the order is CLOSED."""
    timestamp: int = 0
    """The signature timestamp."""
    received_at: int = 0
    published_at: int = 0
    seq_no: int = 0
    request_info: RequestInfoMessage | None = None


class BatchOrdersResponse(Message, frozen=True, gc=False, kw_only=True):
    """
    ``POST /orders/batch``.

    How both lists align with the request is not specified: orders are matched by client id.
    """

    orders: tuple[OrderMessage | None, ...] = ()
    errors: tuple[ErrorBody | None, ...] = ()


class CancelOutcome(Message, frozen=True, gc=False, kw_only=True):
    """What became of one order of a batch cancel."""

    status: str
    """QUEUED_FOR_CANCELLATION, ALREADY_CLOSED or NOT_FOUND."""
    id: str = ""
    client_id: str = ""
    account: str = ""
    market: str = ""


class BatchCancelResponse(Message, frozen=True, gc=False, kw_only=True):
    """``DELETE /orders/batch`` and the result of ``order.cancel_batch``."""

    results: list[CancelOutcome]


class OrderCreateResult(Message, frozen=True, gc=False, kw_only=True):
    """The result of ``order.create``: provisional (rule E3)."""

    order: OrderMessage
    created_at: int = 0
    received_at: int = 0
    """UNIX nanoseconds, before the speed bump."""


class OrderCreateOutcome(Message, frozen=True, gc=False, kw_only=True):
    """What became of one order of ``order.create_batch``: an order or an error."""

    order: OrderMessage | None = None
    error: Any = None
    """A text by the spec."""
    created_at: int = 0
    received_at: int = 0


class OrderCreateBatchResult(Message, frozen=True, gc=False, kw_only=True):
    """The result of ``order.create_batch``, in the order of the request."""

    results: list[OrderCreateOutcome]


class OrderModifyResult(Message, frozen=True, gc=False, kw_only=True):
    """The result of ``order.modify``: provisional, with ``request_info``."""

    order: OrderMessage


class OrderCancelResult(Message, frozen=True, gc=False, kw_only=True):
    """The result of ``order.cancel``: queued, not done."""

    order_id: str = ""
    status: str = ""


class CancelAllResult(Message, frozen=True, gc=False, kw_only=True):
    """The result of ``order.cancel_all``."""

    status: str = ""


class CancelOnDisconnectResult(Message, frozen=True, gc=False, kw_only=True):
    """The result of ``order.cancel_on_disconnect``."""

    enabled: bool


class AlgoOrder(Message, frozen=True, gc=False, kw_only=True):
    """An algo order; its child orders appear on ``orders`` without a client id (trap 50)."""

    id: str
    status: str
    account: str = ""
    algo_type: str = ""
    market: str = ""
    side: str = ""
    size: str = ""
    remaining_size: str = ""
    avg_fill_price: str = ""
    cancel_reason: str = ""
    algo_params: dict[str, str] = msgspec.field(default_factory=dict)
    created_at: Milliseconds = 0
    last_updated_at: Milliseconds = 0
    end_at: Milliseconds = 0
