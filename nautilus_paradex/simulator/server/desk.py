"""Commands to the engine in the venue's two steps: accepted now, executed a little later."""

from collections.abc import Callable
from collections.abc import Sequence

import msgspec

from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server.auth import Principal
from nautilus_paradex.simulator.server.order_entry import Body
from nautilus_paradex.simulator.server.order_entry import OrderEntry
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import engine_refusals
from nautilus_paradex.simulator.server.venue import Venue


class Accepted[T](msgspec.Struct, frozen=True, kw_only=True):
    """A command that the venue took: what it answers, and what is still to happen."""

    result: T
    process: Callable[[], None]
    """Executes the command; does nothing if it has become pointless."""
    latency_s: float


class Desk:
    """
    Takes commands from REST and WebSocket.

    Every method raises `Refusal` with the venue's code; then nothing has happened.

    Parameters
    ----------
    venue : Venue
        The running venue.

    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._exchange = venue.exchange
        self._entry = OrderEntry(venue)

    def create(self, principal: Principal, body: Body, received_us: int) -> Accepted[model.Order]:
        """Take a new order; the result is NEW."""
        command = self._entry.order(principal, body, received_us)
        command = self._as_flow(principal, [command])[0]
        with engine_refusals(market_status=400):
            order = self._exchange.submit(command)
        return self._accepted(principal, order, [order.id], self._exchange.process)

    def create_batch(
        self, principal: Principal, bodies: object, received_us: int
    ) -> Accepted[list[model.Order | model.Refusal]]:
        """Take a batch: signatures stand or fall together, orders each by itself."""
        commands = self._entry.batch(principal, bodies, received_us)
        commands = self._as_flow(principal, commands)
        with engine_refusals(market_status=400):
            results = self._exchange.submit_batch(commands)
        ids = [result.id for result in results if isinstance(result, model.Order)]
        return self._accepted(principal, results, ids, self._exchange.process)

    def modify(
        self, principal: Principal, order_id: str, body: Body, received_us: int
    ) -> Accepted[model.Order]:
        """Take a change of an order; the result has a PENDING request."""
        command = self._entry.modification(principal, order_id, body, received_us)
        with engine_refusals(market_status=400):
            order = self._exchange.modify(command)
        request = order.request_info
        if request is None:
            raise Refusal("INTERNAL_ERROR", "modify without a request")
        request_id = request.id

        def process(modified_id: str) -> None:
            self._exchange.process_modify(modified_id, request_id)

        return self._accepted(principal, order, [order.id], process)

    def cancel(self, principal: Principal, order_id: str) -> Accepted[model.Order]:
        """Take a cancel by order id."""
        with engine_refusals(market_status=400):
            order = self._exchange.cancel(principal.account, order_id)
        return self._cancelled(principal, order, [order.id])

    def cancel_by_client_id(
        self, principal: Principal, client_id: str, market: str | None
    ) -> Accepted[model.Order]:
        """Take a cancel by client id."""
        with engine_refusals(market_status=400):
            order = self._exchange.cancel_by_client_id(principal.account, client_id, market)
        return self._cancelled(principal, order, [order.id])

    def cancel_all(self, principal: Principal, market: str | None) -> Accepted[list[model.Order]]:
        """Take a cancel of all orders, or of a market's."""
        with engine_refusals(market_status=400):
            orders = self._exchange.cancel_all(principal.account, market)
        return self._cancelled(principal, orders, [order.id for order in orders])

    def cancel_batch(self, principal: Principal, body: Body) -> Accepted[list[model.CancelResult]]:
        """Take a cancel of several orders, each by itself."""
        order_ids, client_ids = self._entry.batch_ids(body)
        with engine_refusals(market_status=400):
            results = self._exchange.cancel_batch(principal.account, order_ids, client_ids)
        queued = model.CancelStatus.QUEUED_FOR_CANCELLATION
        ids = [result.order_id for result in results if result.status is queued]
        return self._cancelled(principal, results, ids)

    def cancel_after_drop(self, order_ids: Sequence[str]) -> None:
        """Cancel what is left of the orders of a connection that dropped (PROTOCOL 6.6)."""
        for order_id in order_ids:
            self._exchange.process_cancel(order_id)

    def _as_flow(
        self, principal: Principal, commands: list[model.OrderCommand]
    ) -> list[model.OrderCommand]:
        if not principal.interactive:
            return commands
        return [
            msgspec.structs.replace(
                command, interactive=self._venue.takes_interactive(principal.account)
            )
            for command in commands
        ]

    def _cancelled[T](self, principal: Principal, result: T, ids: list[str]) -> Accepted[T]:
        return self._accepted(principal, result, ids, self._exchange.process_cancel)

    def _accepted[T](
        self,
        principal: Principal,
        result: T,
        ids: list[str],
        step: Callable[[str], object],
    ) -> Accepted[T]:
        def process() -> None:
            for order_id in ids:
                step(order_id)

        return Accepted(
            result=result,
            process=process,
            latency_s=self._venue.latency_s(principal.interactive),
        )
