"""Order methods of the WebSocket (PROTOCOL 6.6)."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.engine.enums import TPSL_TYPES
from nautilus_paradex.simulator.server import wire_json
from nautilus_paradex.simulator.server.auth import Principal
from nautilus_paradex.simulator.server.channels import Hub
from nautilus_paradex.simulator.server.config import BatchForm
from nautilus_paradex.simulator.server.desk import Accepted
from nautilus_paradex.simulator.server.desk import Desk
from nautilus_paradex.simulator.server.refusals import INVALID_PARAMS
from nautilus_paradex.simulator.server.refusals import METHOD_NOT_FOUND
from nautilus_paradex.simulator.server.refusals import RpcError
from nautilus_paradex.simulator.server.rpc import Request
from nautilus_paradex.simulator.server.venue import Venue


#: Kinds that the document of the WebSocket does not list (PROTOCOL 6.6).
_LINKED_KINDS: Final = frozenset(kind.value for kind in TPSL_TYPES)

if TYPE_CHECKING:
    from nautilus_paradex.simulator.server.sessions import Session


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was taken: its answer, made when it is sent, and what is to happen."""

    result: Callable[[], Any]
    process: Callable[[], None]
    latency_s: float


class OrderRpc:
    """
    Carries out ``order.*``.

    Parameters
    ----------
    venue : Venue
        The running venue.
    hub : Hub
        Announces what happens.
    desk : Desk
        Takes the commands.

    """

    def __init__(self, venue: Venue, hub: Hub, desk: Desk) -> None:
        self._venue = venue
        self._hub = hub
        self._desk = desk
        self._methods: dict[str, Callable[[Session, Principal, Request], Taken]] = {
            "order.create": self._create,
            "order.create_batch": self._create_batch,
            "order.modify": self._modify,
            "order.cancel": self._cancel,
            "order.cancel_batch": self._cancel_batch,
            "order.cancel_all": self._cancel_all,
            "order.cancel_on_disconnect": self._cancel_on_disconnect,
        }

    def take(self, session: "Session", principal: Principal, request: Request) -> Taken:
        """
        Take a command; REST and WebSocket share one rate.

        Raises
        ------
        RpcError
            For an unknown method or malformed parameters.
        Refusal
            With the venue's code.

        """
        method = self._methods.get(request.method)
        served = self._venue.config.ws_order_methods
        if method is None or (served is not None and request.method not in served):
            raise RpcError(METHOD_NOT_FOUND, "method not found")
        self._venue.limiter.take("orders", principal.account)
        return method(session, principal, request)

    def flush(self) -> None:
        """Queue what the engine has announced so far."""
        self._hub.flush()

    def cancel_placed(self, order_ids: Sequence[str]) -> None:
        """Cancel the orders of a connection that dropped, as the venue does: soon after."""
        if order_ids:
            self._venue.sequencer.schedule(
                self._venue.latency_s(interactive=False),
                lambda: self._desk.cancel_after_drop(order_ids),
            )

    def _create(self, session: "Session", principal: Principal, request: Request) -> Taken:
        self._check_kind(request.named())
        accepted = self._desk.create(principal, request.named(), request.received_us)
        session.placed[accepted.result.id] = None
        return _taken(accepted, lambda: self._created(accepted.result, request))

    def _create_batch(self, session: "Session", principal: Principal, request: Request) -> Taken:
        # The spec names the parameter ``orders``; the SDK sends a bare array (trap 40).
        bodies = request.params
        form = self._venue.config.batch_form
        if form is BatchForm.BARE if isinstance(bodies, dict) else form is BatchForm.NAMED:
            raise RpcError(INVALID_PARAMS, "invalid params", "orders")
        if isinstance(bodies, dict):
            bodies = bodies.get("orders")
        for body in bodies if isinstance(bodies, list) else ():
            self._check_kind(body)
        accepted = self._desk.create_batch(principal, bodies, request.received_us)
        orders = [result for result in accepted.result if isinstance(result, model.Order)]
        session.placed.update(dict.fromkeys(order.id for order in orders))
        return _taken(
            accepted,
            lambda: {"results": [self._outcome(result, request) for result in accepted.result]},
        )

    def _check_kind(self, body: object) -> None:
        kind = body.get("type") if isinstance(body, dict) else None
        if kind in _LINKED_KINDS and not self._venue.config.ws_linked_orders:
            raise RpcError(INVALID_PARAMS, "invalid params", f"type: {kind} is not available")

    def _outcome(self, result: model.Order | model.Refusal, request: Request) -> dict[str, Any]:
        if isinstance(result, model.Order):
            return self._created(result, request)
        return {"error": f"{result.code}: {result.message}"}

    def _created(self, order: model.Order, request: Request) -> dict[str, Any]:
        return {
            "order": wire_json.order(order, self._venue.clock_us()),
            "created_at": order.created_us // 1000,
            # Nanoseconds, and before the speed bump (PROTOCOL 6.6, trap 16).
            "received_at": request.received_us * 1000,
        }

    def _modify(self, session: "Session", principal: Principal, request: Request) -> Taken:
        order_id = request.param("id", str)
        self._check_kind(request.named())
        accepted = self._desk.modify(principal, order_id, request.named(), request.received_us)
        session.placed[order_id] = None
        return _taken(
            accepted,
            lambda: {"order": wire_json.order(accepted.result, self._venue.clock_us())},
        )

    def _cancel(self, session: "Session", principal: Principal, request: Request) -> Taken:
        order_id = request.param("id", str, required=False)
        client_id = request.param("client_id", str, required=False)
        market = request.param("market", str, required=False)
        if order_id:
            accepted = self._desk.cancel(principal, order_id)
        elif client_id and market:
            accepted = self._desk.cancel_by_client_id(principal, client_id, market)
        else:
            raise RpcError(INVALID_PARAMS, "invalid params", "id, or client_id and market")
        queued = {"order_id": accepted.result.id, "status": "QUEUED_FOR_CANCELLATION"}
        return _taken(accepted, lambda: queued)

    def _cancel_batch(self, session: "Session", principal: Principal, request: Request) -> Taken:
        order_ids = request.param("order_ids", list)
        accepted = self._desk.cancel_batch(principal, {"order_ids": order_ids})
        results = [
            {
                name: value
                for name, value in wire_json.cancel_result(result).items()
                if name in ("id", "market", "status")
            }
            for result in accepted.result
        ]
        return _taken(accepted, lambda: {"results": results})

    def _cancel_all(self, session: "Session", principal: Principal, request: Request) -> Taken:
        accepted = self._desk.cancel_all(principal, request.param("market", str, required=False))
        return _taken(accepted, lambda: {"status": "ok"})

    def _cancel_on_disconnect(
        self, session: "Session", principal: Principal, request: Request
    ) -> Taken:
        enabled = request.param("enabled", bool)
        session.cancels_on_disconnect = enabled
        return Taken(result=lambda: {"enabled": enabled}, process=lambda: None, latency_s=0.0)


def _taken(accepted: Accepted[Any], result: Callable[[], Any]) -> Taken:
    return Taken(result=result, process=accepted.process, latency_s=accepted.latency_s)
