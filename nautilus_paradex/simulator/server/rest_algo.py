"""REST endpoints of algorithmic orders (PROTOCOL 4.2)."""

from nautilus_paradex.simulator.server.algo import AlgoDesk
from nautilus_paradex.simulator.server.rest import Answer
from nautilus_paradex.simulator.server.rest import Call
from nautilus_paradex.simulator.server.rest import Route
from nautilus_paradex.simulator.server.rest import results


class AlgoEndpoints:
    """
    The endpoints of TWAP orders.

    Parameters
    ----------
    desk : AlgoDesk
        Takes the orders.

    """

    def __init__(self, desk: AlgoDesk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        reads = (
            ("/algo/orders", self._open),
            ("/algo/orders/{algo_id}", self._one),
            ("/algo/orders-history", self._history),
        )
        commands = (
            ("POST", "/algo/orders", self._create),
            ("DELETE", "/algo/orders/{algo_id}", self._cancel),
        )
        return [
            Route(method="GET", path=path, kind="private", handler=handler)
            for path, handler in reads
        ] + [
            Route(method=method, path=path, kind="command", handler=handler)
            for method, path, handler in commands
        ]

    async def _create(self, call: Call) -> Answer:
        order = self._desk.create(call.principal, await call.json_object(), call.received_us)
        return Answer(status=201, body=self._desk.json(order))

    async def _open(self, call: Call) -> Answer:
        return results(
            self._desk.json(order) for order in self._desk.orders(call.account, is_open=True)
        )

    async def _one(self, call: Call) -> Answer:
        return Answer(body=self._desk.json(self._desk.order(call.account, call.path("algo_id"))))

    async def _cancel(self, call: Call) -> Answer:
        self._desk.cancel(call.account, call.path("algo_id"))
        return Answer(status=204)

    async def _history(self, call: Call) -> Answer:
        wanted = {name: call.optional(name) for name in ("market", "side", "type", "status")}
        start_ms, end_ms = call.time_ms("start_at"), call.time_ms("end_at")
        orders = [
            order
            for order in self._desk.orders(call.account, is_open=False)
            if wanted["market"] in (None, order.command.market)
            and wanted["side"] in (None, order.command.side)
            and wanted["type"] in (None, order.command.type)
            and wanted["status"] in (None, order.status)
            and (start_ms is None or order.created_us >= start_ms * 1000)
            and (end_ms is None or order.created_us <= end_ms * 1000)
        ]
        return call.page(
            "algo/orders-history",
            orders,
            lambda order: (order.created_us, order.serial),
            self._desk.json,
        )
