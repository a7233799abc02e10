"""
Orders: commands and questions (PROTOCOL 4.2, 5, rules E6-E8).

A command does not wait for the rate limit by itself: its signature is made after the wait, so the
caller takes a slot first (`acquire_order_slot`), signs, and sends. Creates and modifies are sent
once, whatever happens; cancels may be repeated, and take a slot for every repetition.
"""

from collections.abc import AsyncIterator
from collections.abc import Sequence
from typing import Final

from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.order_answers import modified
from nautilus_paradex.network.order_answers import placed
from nautilus_paradex.network.order_answers import placed_in_batch
from nautilus_paradex.network.rest.core import RestCore
from nautilus_paradex.network.rest.core import filter_value
from nautilus_paradex.network.rest.core import segment
from nautilus_paradex.network.rest.core import time_range
from nautilus_paradex.network.unread import Unread
from nautilus_paradex.network.unread import raise_if_unread
from nautilus_paradex.network.unread import read_order
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import from_batch
from nautilus_paradex.protocol.messages import AlgoOrder
from nautilus_paradex.protocol.messages import AlgoOrderRequest
from nautilus_paradex.protocol.messages import BatchCancelRequest
from nautilus_paradex.protocol.messages import BatchCancelResponse
from nautilus_paradex.protocol.messages import BatchOrdersResponse
from nautilus_paradex.protocol.messages import CancelOutcome
from nautilus_paradex.protocol.messages import ModifyOrderRequest
from nautilus_paradex.protocol.messages import OrderMessage
from nautilus_paradex.protocol.messages import OrderRequest
from nautilus_paradex.protocol.messages import Page
from nautilus_paradex.protocol.messages import encode
from nautilus_paradex.protocol.orders import Outcome
from nautilus_paradex.protocol.orders import match_batch


#: Orders in one ``POST /orders/batch`` by the spec; a page of the docs says 50 (trap 42).
MAX_BATCH: Final = 10


class OrderEndpoints(RestCore):
    """Orders; errors as of `ParadexHttpClient.request`."""

    async def acquire_order_slot(self, *, cancel: bool = False) -> None:
        """
        Wait until the venue's limits have room for one order command, and count it (rule E12).

        Parameters
        ----------
        cancel : bool, default False
            If it cancels: a reserve is kept for it, and the retail windows count orders only.

        """
        retail = self.interactive and not cancel
        scope = Scope.RETAIL_ORDER if retail else Scope.ORDER
        await self._http.limiter.acquire(scope, cancel=cancel)

    # -- PLACE AND MODIFY --------------------------------------------------------------------------

    async def create_order(self, request: OrderRequest) -> events.OrderUpdate:
        """
        Place an order; take a slot before.

        Returns
        -------
        OrderUpdate
            NEW: provisional, not acceptance (rule E3).

        Raises
        ------
        ParadexError
            With `outcome_unknown` the order may be at the venue all the same.

        """
        answer = await self._command("POST", "/orders", OrderMessage, encode(request))
        return placed(answer, request)

    async def create_orders_batch(self, requests: Sequence[OrderRequest]) -> dict[str, Outcome]:
        """
        Place up to `MAX_BATCH` orders; take one slot before. Errors as of `create_order`.

        Returns
        -------
        dict[str, OrderUpdate or VenueError]
            What became of the orders, by client id; one that is missing has an unknown outcome.

        Raises
        ------
        EncodeError
            If there are none or too many; nothing was sent.

        """
        if not 1 <= len(requests) <= MAX_BATCH:
            raise EncodeError(f"a batch holds 1 to {MAX_BATCH} orders, not {len(requests)}")
        body = encode(list(requests))
        named = {request.client_id: request for request in requests}
        answer = await self._command("POST", "/orders/batch", BatchOrdersResponse, body)
        return match_batch(
            list(named),
            [placed_in_batch(o, named.get(o.client_id) if o else None) for o in answer.orders],
            [None if e is None else from_batch(e.error or None, e.message) for e in answer.errors],
        )

    async def modify_order(self, request: ModifyOrderRequest) -> events.OrderUpdate:
        """
        Give an order new terms; take a slot before. Errors as of `create_order`.

        Returns
        -------
        OrderUpdate
            With the state of the request, which is final only on SUCCESS or REJECTED (rule E7).

        """
        path = f"/orders/{segment(request.id, 'order id')}"
        return modified(await self._command("PUT", path, OrderMessage, encode(request)), request)

    # -- CANCEL ------------------------------------------------------------------------------------

    async def cancel_order(self, order_id: str) -> None:
        """Queue an order's cancel; take a slot before. Final on CLOSED only (rule E7)."""
        await self._command("DELETE", f"/orders/{segment(order_id, 'order id')}", None)

    async def cancel_by_client_id(self, client_id: str, *, market: str | None = None) -> None:
        """Queue an order's cancel by client id; take a slot before. The market makes it faster."""
        path = f"/orders/by_client_id/{segment(client_id, 'client id')}"
        await self._command("DELETE", path, None, market=filter_value(market, "market"))

    async def cancel_all(self, *, market: str | None = None) -> None:
        """Queue the cancel of all orders of a market, or of the account; take a slot before."""
        await self._command("DELETE", "/orders", None, market=filter_value(market, "market"))

    async def cancel_batch(self, request: BatchCancelRequest) -> list[CancelOutcome]:
        """
        Queue the cancel of several orders; take one slot before.

        Raises
        ------
        EncodeError
            If the request names no order.

        """
        if not request.order_ids and not request.client_order_ids:
            raise EncodeError("a batch of cancels must name orders")
        body = encode(request)
        answer = await self._command("DELETE", "/orders/batch", BatchCancelResponse, body)
        return answer.results

    # -- QUESTIONS ---------------------------------------------------------------------------------

    async def open_orders(
        self, market: str | None = None, *, unread: Unread | None = None
    ) -> list[events.OrderUpdate]:
        """Return all NEW, UNTRIGGERED and OPEN orders; `unread` as of `orders_history`."""
        query = {"market": filter_value(market, "market")}
        rows = (await self._get("/orders", Page[OrderMessage], query)).results
        updates = (read_order(row, unread) for row in rows)
        return [update for update in updates if update is not None]

    async def order(self, order_id: str) -> events.OrderUpdate:
        """
        Return an order by the venue's id.

        Raises
        ------
        NotFoundError
            Also for closed orders: `orders_history` may know them.

        """
        path = f"/orders/{segment(order_id, 'order id')}"
        return json_events.order_update(await self._get(path, OrderMessage))

    async def order_by_client_id(
        self, client_id: str, *, market: str | None = None
    ) -> events.OrderUpdate:
        """
        Return an OPEN order by client id.

        Raises
        ------
        NotFoundError
            Also for NEW, UNTRIGGERED and closed orders (trap 37).

        """
        path = f"/orders/by_client_id/{segment(client_id, 'client id')}"
        query = {"market": filter_value(market, "market")}
        return json_events.order_update(await self._get(path, OrderMessage, query))

    async def iter_orders_history(
        self,
        *,
        client_id: str | None = None,
        market: str | None = None,
        status: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        unread: Unread | None = None,
    ) -> AsyncIterator[events.OrderUpdate]:
        """Yield orders of any state in the venue's order; an order that moved may come twice."""
        rows = self._pages(
            "/orders-history",
            Page[OrderMessage],
            {
                "client_id": filter_value(client_id, "client_id"),
                "market": filter_value(market, "market"),
                "status": filter_value(status, "status"),
                **time_range(start_ms, end_ms),
            },
            key=lambda row: (row.id, row.status, row.remaining_size, row.last_updated_at),
        )
        async for row in rows:
            update = read_order(row, unread)
            if update is not None:
                yield update

    async def orders_history(
        self,
        *,
        client_id: str | None = None,
        market: str | None = None,
        status: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        unread: Unread | None = None,
    ) -> list[events.OrderUpdate]:
        """
        Return the orders of a time range, ascending by creation, each in its newest state.

        Parameters
        ----------
        client_id, market, status : str, optional
            Filters; status is OPEN, CLOSED or NEW.
        start_ms, end_ms : int, optional
            UNIX milliseconds.
        unread : Unread, optional
            Gets the orders with a value that is not modelled, which then are left out.

        Raises
        ------
        UnmodelledValue
            If there are such orders and nobody takes them.

        """
        newest: dict[str, events.OrderUpdate] = {}
        async for update in self.iter_orders_history(
            client_id=client_id,
            market=market,
            status=status,
            start_ms=start_ms,
            end_ms=end_ms,
            unread=unread,
        ):
            known = newest.get(update.order_id)
            if known is None or _age(known) < _age(update):
                newest[update.order_id] = update
        return sorted(newest.values(), key=lambda order: (order.created_ns, order.order_id))

    async def find_order(self, client_id: str) -> events.OrderUpdate | None:
        """
        Return the newest order with a client id, wherever the venue keeps it (rule E6).

        None is proof that the venue knows no such order at this moment: open orders, the order by
        its client id and the history have all been asked and have all said so. It is not proof
        that a create that is still under way will not arrive.

        Raises
        ------
        ParadexError
            If any of them could not be asked.

        """
        segment(client_id, "client id")
        unread: Unread = {}
        opened = await self.open_orders(unread=unread)
        open_ones = [o for o in opened if o.client_id == client_id]
        if open_ones:
            return max(open_ones, key=_age)
        try:
            return await self.order_by_client_id(client_id)
        except NotFoundError as error:
            # A gateway's 404 carries no code of the venue's, and proves nothing.
            if error.outcome_unknown:
                raise
        past = await self.orders_history(client_id=client_id, unread=unread)
        found = max((o for o in past if o.client_id == client_id), key=_age, default=None)
        if found is None:
            raise_if_unread(unread, client_id=client_id)
        return found

    # -- ALGO ORDERS -------------------------------------------------------------------------------

    async def create_algo_order(self, request: AlgoOrderRequest) -> AlgoOrder:
        """Place an algo order; take a slot before. Errors as of `create_order`."""
        return await self._command("POST", "/algo/orders", AlgoOrder, encode(request))

    async def algo_orders(self) -> list[AlgoOrder]:
        """Return the open algo orders."""
        return (await self._get("/algo/orders", Page[AlgoOrder])).results

    async def algo_order(self, algo_id: str) -> AlgoOrder:
        """Return an algo order."""
        return await self._get(f"/algo/orders/{segment(algo_id, 'algo id')}", AlgoOrder)

    async def cancel_algo_order(self, algo_id: str) -> None:
        """Cancel an algo order; take a slot before."""
        await self._command("DELETE", f"/algo/orders/{segment(algo_id, 'algo id')}", None)

    async def algo_orders_history(
        self,
        *,
        market: str | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[AlgoOrder]:
        """Return the algo orders of a time range, ascending."""
        query = {"market": filter_value(market, "market"), **time_range(start_ms, end_ms)}
        path = "/algo/orders-history"
        rows = self._pages(path, Page[AlgoOrder], query, key=lambda row: row.id)
        return sorted([row async for row in rows], key=lambda row: row.created_at)

    # -- INTERNAL ----------------------------------------------------------------------------------

    async def _command[T](
        self,
        method: str,
        path: str,
        kind: type[T] | None,
        body: bytes | None = None,
        *,
        market: str | None = None,
    ) -> T:
        return await self._http.request(
            method,
            path,
            kind,
            scope=Scope.ORDER,
            # A second cancel finds the order closed; a second create may be a second order.
            idempotent=method == "DELETE",
            query={"market": market},
            body=body,
            tokens=self._required_tokens(),
            granted=True,
        )


def _age(order: events.OrderUpdate) -> tuple[int, int]:
    return (order.updated_ns, order.seq)
