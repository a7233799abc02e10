"""
Order entry by JSON-RPC on the private connection, with REST where it cannot serve (PROTOCOL 6.6).

What the venue's documents do not list for WebSocket goes by REST: position-linked kinds, a price
cap, a fee discount, market-maker protection, cancels of a batch by client id. So does everything
while the socket is down. A create or modify that was written to the socket is never sent by REST as
well, unless the venue's refusal proves that it was not looked at. A cancel without an answer is.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import Protocol

import msgspec

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.order_answers import modified
from nautilus_paradex.network.order_answers import placed
from nautilus_paradex.network.order_answers import placed_in_batch
from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.errors import from_batch
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.messages import BatchCancelRequest
from nautilus_paradex.protocol.messages import BatchCancelResponse
from nautilus_paradex.protocol.messages import CancelOrderRequest
from nautilus_paradex.protocol.messages import CancelOutcome
from nautilus_paradex.protocol.messages import ModifyOrderRequest
from nautilus_paradex.protocol.messages import OrderCreateBatchResult
from nautilus_paradex.protocol.messages import OrderCreateResult
from nautilus_paradex.protocol.messages import OrderModifyResult
from nautilus_paradex.protocol.messages import OrderRequest
from nautilus_paradex.protocol.messages import decode
from nautilus_paradex.protocol.orders import Outcome
from nautilus_paradex.protocol.orders import match_batch


#: What the OpenRPC document lists for ``order.create`` and ``order.modify``.
_WS_TYPES: Final = frozenset(
    {OrderType.LIMIT, OrderType.MARKET, OrderType.STOP_LIMIT, OrderType.STOP_MARKET}
)
_WS_FLAGS: Final = frozenset({OrderFlag.REDUCE_ONLY.value})

_METHOD_NOT_FOUND: Final = -32601
#: The connection is not authenticated, or not any more (PROTOCOL 6.7).
_UNAUTHENTICATED: Final = frozenset(
    {40110, 40111, 40300, "INVALID_TOKEN", "UNAUTHORIZED_ERROR", "INVALID_TOKEN_SCOPE"}
)
#: Refusals of a request as such: nothing in it was looked at.
_UNREAD_CODES: Final = frozenset({_METHOD_NOT_FOUND, -32602, -32600})

_CREATE: Final = "order.create"
_CREATE_BATCH: Final = "order.create_batch"
_MODIFY: Final = "order.modify"
_CANCEL: Final = "order.cancel"
_CANCEL_BATCH: Final = "order.cancel_batch"


class OrderEntry(Protocol):
    """Sends order commands; what a method raises is as of `OrderEndpoints`."""

    async def create_order(self, request: OrderRequest) -> OrderUpdate:
        """Place an order."""

    async def create_orders_batch(self, requests: Sequence[OrderRequest]) -> dict[str, Outcome]:
        """Place several orders; what is missing in the answer is unknown."""

    async def modify_order(self, request: ModifyOrderRequest) -> OrderUpdate:
        """Give an order new terms."""

    async def cancel_order(self, order_id: str) -> None:
        """Queue an order's cancel."""

    async def cancel_by_client_id(self, client_id: str, *, market: str | None = None) -> None:
        """Queue an order's cancel by client id."""

    async def cancel_batch(self, request: BatchCancelRequest) -> list[CancelOutcome]:
        """Queue the cancel of several orders."""


class Connection(Protocol):
    """The private stream, as far as order entry needs it."""

    @property
    def may_request(self) -> bool:
        """If it is open and authenticated, and cancel-on-disconnect is armed where wanted."""

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | Sequence[Any] | msgspec.Struct,
        *,
        order: bool = False,
    ) -> msgspec.Raw:
        """Send a request and return its result."""

    def reconnect(self, reason: str) -> None:
        """Give the present socket up and open another."""


class WsOrderEntry:
    """
    Order entry over WebSocket.

    Parameters
    ----------
    connection : Connection
        The private stream.
    rest : OrderEntry
        For what the WebSocket cannot serve.
    log : Log
        Where it says which way is taken when it changes.
    covers : bool, default False
        If cancel-on-disconnect is on: orders that go by REST are said, since it misses them.

    """

    def __init__(
        self, connection: Connection, rest: OrderEntry, log: Log, *, covers: bool = False
    ) -> None:
        self._connection = connection
        self._rest = rest
        self._log = log
        self._covers = covers
        self._unsupported: set[str] = set()
        self._bare_batches = False
        """If ``order.create_batch`` takes a bare array, as the official SDK sends it (trap 40)."""

    # -- PLACE AND MODIFY --------------------------------------------------------------------------

    async def create_order(self, request: OrderRequest) -> OrderUpdate:
        """Place an order; errors as of `OrderEndpoints.create_order`."""
        if _serves(request) and self._is_open(_CREATE):
            raw = await self._call(_CREATE, request)
            if raw is not None:
                return placed(_decoded(raw, OrderCreateResult).order, request)
        self._say_uncovered(request)
        return await self._rest.create_order(request)

    async def create_orders_batch(self, requests: Sequence[OrderRequest]) -> dict[str, Outcome]:
        """Place several orders; errors as of `OrderEndpoints.create_orders_batch`."""
        if all(_serves(request) for request in requests) and self._is_open(_CREATE_BATCH):
            raw = await self._call_batch(requests)
            if raw is not None:
                return _outcomes(requests, _decoded(raw, OrderCreateBatchResult))
        for request in requests:
            self._say_uncovered(request)
        return await self._rest.create_orders_batch(requests)

    async def modify_order(self, request: ModifyOrderRequest) -> OrderUpdate:
        """Give an order new terms; errors as of `OrderEndpoints.modify_order`."""
        if request.type in _WS_TYPES and self._is_open(_MODIFY):
            raw = await self._call(_MODIFY, request)
            if raw is not None:
                return modified(_decoded(raw, OrderModifyResult).order, request)
        return await self._rest.modify_order(request)

    # -- CANCEL ------------------------------------------------------------------------------------

    async def cancel_order(self, order_id: str) -> None:
        """Queue an order's cancel; errors as of `OrderEndpoints.cancel_order`."""
        params = CancelOrderRequest(id=order_id)
        if await self._call_cancel(_CANCEL, params) is None:
            await self._rest.cancel_order(order_id)

    async def cancel_by_client_id(self, client_id: str, *, market: str | None = None) -> None:
        """Queue an order's cancel; WebSocket needs the market."""
        if market:
            params = CancelOrderRequest(client_id=client_id, market=market)
            if await self._call_cancel(_CANCEL, params) is not None:
                return
        await self._rest.cancel_by_client_id(client_id, market=market)

    async def cancel_batch(self, request: BatchCancelRequest) -> list[CancelOutcome]:
        """Queue the cancel of several orders; WebSocket takes the venue's ids only (trap 41)."""
        if not request.client_order_ids:
            raw = await self._call_cancel(_CANCEL_BATCH, request)
            if raw is not None:
                return _decoded(raw, BatchCancelResponse).results
        return await self._rest.cancel_batch(request)

    # -- CALLS -------------------------------------------------------------------------------------

    def _is_open(self, method: str) -> bool:
        return method not in self._unsupported and self._connection.may_request

    async def _call(
        self, method: str, params: Sequence[Any] | msgspec.Struct
    ) -> msgspec.Raw | None:
        """Return the result of a command, or None if it is proven that REST may carry it out."""
        try:
            return await self._connection.call(method, params, order=True)
        except TransportError as e:
            if e.outcome_unknown:
                raise
            self._log.info(f"{method} goes by REST: {e}")
        except AuthenticationError as e:
            if e.code not in _UNAUTHENTICATED:
                raise  # it speaks of the order's own signature
            # The socket was authenticated once and for all: it is not worth keeping (PROTOCOL 6.7).
            self._connection.reconnect(f"{method} was refused: {e}")
            self._log.warning(f"{method} goes by REST: {e}")
        except VenueError as e:
            if e.code != _METHOD_NOT_FOUND:
                raise
            self._unsupported.add(method)
            self._log.warning(f"{method} goes by REST from now on: {e}")
        return None

    async def _call_cancel(self, method: str, params: msgspec.Struct) -> msgspec.Raw | None:
        """
        Return the result of a cancel, or None if REST is to carry it out.

        A cancel may be sent twice (PROTOCOL 8.4). A socket that does not answer one may not carry
        the next either, and is not given up for it: so the cancel goes the other way at once.
        """
        if not self._is_open(method):
            return None
        try:
            return await self._call(method, params)
        except TransportError as e:
            self._log.warning(f"{method} goes by REST too: {e}")
            return None

    async def _call_batch(self, requests: Sequence[OrderRequest]) -> msgspec.Raw | None:
        """
        Call with the parameters in the one form or the other (trap 40).

        The venue's document names a parameter, the official SDK sends a bare array. The other form
        is tried only if the refusal of the first is one of the request as such.
        """
        forms: dict[bool, Any] = {
            False: {"orders": list(requests)},
            True: list(requests),
        }
        for bare in (self._bare_batches, not self._bare_batches):
            try:
                raw = await self._call(_CREATE_BATCH, forms[bare])
            except VenueError as e:
                if e.code not in _UNREAD_CODES:
                    raise
                self._log.warning(f"{_CREATE_BATCH} was refused as a request: {e}")
                continue
            self._bare_batches = bare
            return raw
        self._unsupported.add(_CREATE_BATCH)
        self._log.warning(f"{_CREATE_BATCH} goes by REST from now on")
        return None

    def _say_uncovered(self, request: OrderRequest) -> None:
        if self._covers:
            self._log.warning(
                f"Order {request.client_id} goes by REST: cancel-on-disconnect does not cover it"
            )


def _serves(request: OrderRequest) -> bool:
    """If WebSocket takes an order, by the venue's document."""
    return (
        request.type in _WS_TYPES
        and not request.vwap_price
        and not request.dime_discount
        and _WS_FLAGS.issuperset(request.flags)
    )


def _decoded[T](raw: msgspec.Raw, kind: type[T]) -> T:
    """Return a command's answer; one that is not understood leaves the outcome unknown (E6)."""
    try:
        return decode(raw, kind)
    except WireError as error:
        raise TransportError(f"the answer is not understood: {error}", sent=True) from None


def _outcomes(
    requests: Sequence[OrderRequest], answer: OrderCreateBatchResult
) -> dict[str, Outcome]:
    by_client_id = {request.client_id: request for request in requests}
    orders: list[OrderUpdate | None] = []
    refusals: list[VenueError | None] = []
    for place, outcome in enumerate(answer.results):
        if outcome.order is None:
            orders.append(None)
            refusals.append(_refusal(outcome.error))
            continue
        refusals.append(None)
        request = by_client_id.get(outcome.order.client_id)
        if request is None and not outcome.order.client_id and len(answer.results) == len(requests):
            request = requests[place]
        orders.append(placed_in_batch(outcome.order, request))
    return match_batch(list(by_client_id), orders, refusals)


def _refusal(error: Any) -> VenueError:
    """Return an order's refusal: a text by the document, and an object where it is one."""
    if isinstance(error, Mapping):
        code = error.get("error") or error.get("code")
        text = str(error.get("message") or error)
        return from_batch(code if isinstance(code, str) else None, text)
    return from_batch(None, str(error or "the venue gave no reason"))
