"""REST order entry: place, modify, cancel (PROTOCOL 4.2, 5)."""

from typing import Any

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server import wire_json
from nautilus_paradex.simulator.server.desk import Accepted
from nautilus_paradex.simulator.server.desk import Desk
from nautilus_paradex.simulator.server.order_entry import object_of
from nautilus_paradex.simulator.server.rest import Answer
from nautilus_paradex.simulator.server.rest import Call
from nautilus_paradex.simulator.server.rest import Route
from nautilus_paradex.simulator.server.venue import Venue


class OrderEndpoints:
    """
    The endpoints that change orders.

    Parameters
    ----------
    venue : Venue
        The running venue.
    desk : Desk
        Takes the commands.

    """

    def __init__(self, venue: Venue, desk: Desk) -> None:
        self._venue = venue
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return the endpoints; the fixed paths come before the variable ones."""
        table = (
            ("POST", "/orders", self._create),
            ("POST", "/orders/batch", self._create_batch),
            ("DELETE", "/orders", self._cancel_all),
            ("DELETE", "/orders/batch", self._cancel_batch),
            ("DELETE", "/orders/by_client_id/{client_id}", self._cancel_by_client_id),
            ("PUT", "/orders/{order_id}", self._modify),
            ("DELETE", "/orders/{order_id}", self._cancel),
        )
        return [
            Route(method=method, path=path, kind="command", handler=handler)
            for method, path, handler in table
        ]

    def _order(self, accepted: Accepted[model.Order], status: int) -> Answer:
        body = wire_json.order(accepted.result, self._venue.clock_us())
        return Answer(status=status, body=body, accepted=accepted)

    async def _create(self, call: Call) -> Answer:
        body = object_of(await call.json())
        return self._order(self._desk.create(call.principal, body, call.received_us), 201)

    async def _create_batch(self, call: Call) -> Answer:
        accepted = self._desk.create_batch(call.principal, await call.json(), call.received_us)
        orders: list[Any] = []
        errors: list[Any] = []
        is_padded = self._venue.config.batch_null_padding
        now_us = self._venue.clock_us()
        for result in accepted.result:
            if isinstance(result, model.Order):
                orders.append(wire_json.order(result, now_us))
                other = errors
            else:
                errors.append({"error": result.code, "message": result.message})
                other = orders
            if is_padded:
                other.append(None)
        body = {"orders": orders, "errors": errors}
        return Answer(status=201, body=body, accepted=accepted)

    async def _modify(self, call: Call) -> Answer:
        body = object_of(await call.json())
        accepted = self._desk.modify(call.principal, call.path("order_id"), body, call.received_us)
        return self._order(accepted, 200)

    async def _cancel(self, call: Call) -> Answer:
        accepted = self._desk.cancel(call.principal, call.path("order_id"))
        return Answer(status=204, accepted=accepted)

    async def _cancel_by_client_id(self, call: Call) -> Answer:
        accepted = self._desk.cancel_by_client_id(
            call.principal, call.path("client_id"), call.optional("market")
        )
        return Answer(status=204, accepted=accepted)

    async def _cancel_all(self, call: Call) -> Answer:
        accepted = self._desk.cancel_all(call.principal, call.optional("market"))
        return Answer(body={}, accepted=accepted)

    async def _cancel_batch(self, call: Call) -> Answer:
        accepted = self._desk.cancel_batch(call.principal, object_of(await call.json()))
        body = {"results": [wire_json.cancel_result(result) for result in accepted.result]}
        return Answer(body=body, accepted=accepted)
