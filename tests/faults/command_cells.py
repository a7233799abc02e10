"""
One command under one trouble, again and again on one node: what must hold of each.

A cell is a command, the way it goes by, a trouble of `command_troubles`, and what else of the venue
can be heard meanwhile.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from typing import Any
from typing import Final

import msgspec
import pytest
from aiohttp import web
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderCancelRejected
from nautilus_trader.model.events import OrderEvent
from nautilus_trader.model.events import OrderModifyRejected
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.inflight import WINDOW_MARGIN_MS
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server.rest import RestServer
from nautilus_paradex.simulator.server.sessions import Session as Socket
from tests.acceptance.node import until
from tests.faults.command_troubles import QUESTIONS
from tests.faults.command_troubles import WS
from tests.faults.command_troubles import Trouble
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.virtual.sessions import VirtualSession


#: The receive window of the cells' orders.
WINDOW_S: Final = 15.0
#: A request of which nothing is heard is over by then: the venue's own 30 s, and a margin.
REQUEST_LIFE_S: Final = 32.0
#: For the question whose answer is the proof: the client's timeout.
QUERY_DEADLINE_S: Final = 10.0

#: Within which the outcome of a command is known, unless it needs a request's whole life.
LIMIT_S: Final = WINDOW_S + WINDOW_MARGIN_MS / 1000 + QUERY_DEADLINE_S
#: How many of the questions are in trouble, where some are.
_QUESTIONS: Final = 3

_EQUAL_DEADLINE_S: Final = 30.0
_POLL_S: Final = 0.25
_ALWAYS: Final = 1_000_000

_REJECTIONS: Final = (OrderRejected, OrderModifyRejected, OrderCancelRejected)


class Hearing(Enum):
    """What else can be heard of a command's outcome."""

    ALL = "the stream tells"
    REST = "the stream does not tell"
    HARDLY = "the stream does not tell, and questions are in trouble too"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the framework, and how it looks on the wire."""

    name: str
    rest: tuple[str, str]
    """Method and path."""
    ws: str
    """The RPC method."""
    prepare: Callable[["Cell"], Any]
    """Makes the orders that it is about; returns them."""
    give: Callable[["Cell", list[Order]], object]
    check: Callable[["Cell", list[Order]], None]
    """Sees that node and venue are where the command wanted them, or were before."""
    is_batch: bool = False
    """If one that was refused as a whole is sent order by order."""
    limit_s: float = LIMIT_S
    """Within which its outcome has to be known."""


class Arrivals:
    """The client ids of the creates that reached the venue, carried out or not."""

    def __init__(self) -> None:
        self.creates: Counter[str] = Counter()

    def note(self, body: Any) -> None:
        """Note the orders of a body, one or many."""
        if isinstance(body, dict) and "orders" in body:
            body = body["orders"]
        for order in body if isinstance(body, list) else [body]:
            self.creates[order["client_id"]] += 1

    @contextmanager
    def counted(self) -> Iterator["Arrivals"]:
        """Stand before every fault of the venue."""
        serve, on_text = RestServer._serve, Socket._on_text

        async def served(server: RestServer, request: web.Request, *more: Any) -> Any:
            if (
                request.method == "POST"
                and "/orders" in request.path
                and "/algo" not in request.path
            ):
                self.note(json.loads(await request.read()))
            return await serve(server, request, *more)

        async def heard(socket: Socket, text: str, received_us: int) -> None:
            frame = json.loads(text)
            if frame["method"] in ("order.create", "order.create_batch"):
                self.note(frame["params"])
            await on_text(socket, text, received_us)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RestServer, "_serve", served)
            patch.setattr(Socket, "_on_text", heard)
            yield self


async def resolved(at: VirtualSession, limit_s: float, armed: object = None) -> None:
    """Wait until no command is pending, within a limit, and a fault has fired that was to."""
    end_s = at.loop.time() + limit_s
    await asyncio.sleep(_POLL_S)
    while (pending := at.stuck()) or (isinstance(armed, faults.Armed) and not armed.fired):
        assert at.loop.time() < end_s, f"not resolved: {pending or 'the request never came'}"
        await asyncio.sleep(_POLL_S)


async def equal(at: VirtualSession) -> None:
    """Wait until node and venue are equal."""
    end_s = at.loop.time() + _EQUAL_DEADLINE_S
    while found := at.troubles():
        assert at.loop.time() < end_s, "\n".join(found)
        await asyncio.sleep(_POLL_S)


async def clear_up(at: VirtualSession) -> None:
    """Cancel everything at the venue, past the node, which has to notice."""
    exchange = at.venue.exchange
    for account in (at.account, at.rival.account):
        for order in exchange.queries.open_orders(account):
            exchange.cancel(account, order.id)
            exchange.process_cancel(order.id)
    await until(lambda: not at.node.cache.orders_open(), "nothing is left open")
    await equal(at)


class Cell:
    """A command under a trouble."""

    def __init__(
        self,
        at: VirtualSession,
        arrivals: Arrivals,
        command: Command,
        way: str,
        trouble: Trouble,
        hearing: Hearing,
    ) -> None:
        self.at = at
        self.arrivals = arrivals
        self.command = command
        self.way = way
        self.trouble = trouble
        self.hearing = hearing
        self.took_s = 0.0
        self.events: list[OrderEvent] = []

    def __str__(self) -> str:
        return f"{self.command.name} by {self.way}: {self.trouble.name}; {self.hearing.value}"

    async def run(self) -> None:
        """Give the command, wait until its outcome is known, and judge."""
        at = self.at
        made = self.command.prepare(self)
        orders = await made if asyncio.iscoroutine(made) else made
        limit_s = self._disturb()
        method, path = ("WS", self.command.ws) if self.way == WS else self.command.rest
        mark = len(at.node.order_events)
        armed = await self.trouble.begin(at, method, path)
        began_s = at.loop.time()
        given = self.command.give(self, orders)
        orders = given if isinstance(given, list) else orders
        await resolved(at, limit_s, armed)
        self.took_s = at.loop.time() - began_s
        await self.trouble.end(at)
        await equal(at)
        self.events = at.node.order_events[mark:]
        self._judge(orders)
        self.command.check(self, orders)
        await clear_up(at)

    def _disturb(self) -> float:
        """Disturb what else could be heard; return within which time the outcome is known."""
        faults_to_come = self.at.venue.faults
        if self.hearing is not Hearing.ALL:
            lost = faults.Lose(channels=("orders", "fills"), private=True, n=_ALWAYS)
            faults_to_come.add(lost)
        if self.hearing is not Hearing.HARDLY:
            return self.command.limit_s
        for fault in self.at.chance.sample(QUESTIONS, _QUESTIONS):
            faults_to_come.add(fault)
        return self.command.limit_s + _QUESTIONS * QUERY_DEADLINE_S

    # -- PROOF -------------------------------------------------------------------------------------

    def at_venue(self, order: Order) -> list[model.Order]:
        """Return what the venue has of an order."""
        return self.at.venue.exchange.queries.order_history(
            self.at.account, client_id=order.client_order_id.value
        )

    def rejections(self, order: Order) -> list[OrderEvent]:
        """Return what the node said that the venue did not do."""
        return [
            event
            for event in self.events
            if isinstance(event, _REJECTIONS) and event.client_order_id == order.client_order_id
        ]

    def _judge(self, orders: Sequence[Order]) -> None:
        for order in orders:
            sent = self.arrivals.creates[order.client_order_id.value]
            again = self.trouble.again + (self.command.is_batch and self.trouble.proof)
            assert sent <= 1 + again, f"{order.client_order_id} was sent {sent} times"
            assert len(self.at_venue(order)) <= 1
            if self.trouble.carried_out and not self.trouble.proof:
                assert not self.rejections(order), f"{self.rejections(order)}"


# -- WHAT HAS TO HOLD ------------------------------------------------------------------------------


def placed_or_proven(cell: Cell, orders: list[Order]) -> None:
    """A create is told as the venue has it; what it has not is rejected on proof only (E6)."""
    for order in orders:
        here = cell.at_venue(order)
        if cell.trouble.carried_out is not None and not (
            cell.command.is_batch and cell.trouble.proof
        ):
            assert bool(here) is cell.trouble.carried_out, f"at the venue: {here}"
        if here:
            assert order.status in (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)
            continue
        assert order.status == OrderStatus.REJECTED
        if not cell.trouble.proof:
            (rejected,) = cell.rejections(order)
            (submitted,) = (
                e for e in cell.at.node.events_of(order) if isinstance(e, OrderSubmitted)
            )
            waited_s = (rejected.ts_event - submitted.ts_event) / 1e9
            assert waited_s >= WINDOW_S, f"rejected after {waited_s:.1f} s"


def modified_or_proven(cell: Cell, orders: list[Order]) -> None:
    """A modify is told as the venue has it; not applied is said on proof only (E7)."""
    (order,) = orders
    (here,) = cell.at_venue(order)
    applied = here.price == Decimal("2480") or here.price == Decimal("2520")
    if cell.trouble.carried_out is not None:
        assert applied is cell.trouble.carried_out
    assert order.price.as_decimal() == here.price
    rejections = cell.rejections(order)
    assert len(rejections) == (0 if applied else 1), f"{rejections}"
    if rejections and not cell.trouble.proof:
        assert cell.took_s >= REQUEST_LIFE_S - 2.5, f"rejected after {cell.took_s:.1f} s"


def canceled_or_refused(cell: Cell, orders: list[Order]) -> None:
    """A cancel is repeated until the order has ended; refused on proof only (E7)."""
    for order in orders:
        (here,) = cell.at_venue(order)
        if here.status is model.OrderStatus.CLOSED:
            assert order.is_closed
            assert not cell.rejections(order), f"{cell.rejections(order)}"
        else:
            assert cell.trouble.proof
            assert order.is_open
            assert len(cell.rejections(order)) == 1


# -- COMMANDS --------------------------------------------------------------------------------------


def _side(cell: Cell) -> tuple[Any, str, str]:
    """Return a side, a price that rests there, and a better one that rests too."""
    return cell.at.chance.choice(((BUY, "2470", "2480"), (SELL, "2530", "2520")))


def _a_counterpart(cell: Cell, side: Any, price: str) -> None:
    """Let an order be filled in part, or not at all."""
    if cell.at.chance.random() < 0.5:
        cell.at.rival.place("SELL" if side == BUY else "BUY", "0.3", price)


def _nothing(_: Cell) -> list[Order]:
    return []


def _submit(cell: Cell, _: list[Order]) -> list[Order]:
    side, price, _ = _side(cell)
    _a_counterpart(cell, side, price)
    return [cell.at.desk.limit(side, "1", price)]


def _submit_list(cell: Cell, _: list[Order]) -> list[Order]:
    desk = cell.at.desk
    side, price, _ = _side(cell)
    _a_counterpart(cell, side, price)
    orders = [
        desk.order_factory.limit(
            desk.instrument_id,
            side,
            desk.instrument.make_qty(Decimal(size)),
            desk.instrument.make_price(Decimal(price)),
        )
        for size in ("0.5", "0.4", "0.3")
    ]
    desk.submit_order_list(desk.order_factory.create_list(orders))
    return orders


async def _rest_one(cell: Cell) -> list[Order]:
    side, price, _ = _side(cell)
    return [await cell.at.rest(side, "1", price)]


async def _rest_three(cell: Cell) -> list[Order]:
    side, price, _ = _side(cell)
    return [await cell.at.rest(side, size, price) for size in ("0.5", "0.4", "0.3")]


async def _unanswered(cell: Cell) -> list[Order]:
    """Have an order of which the node knows no id yet: neither answer nor stream has told."""
    at = cell.at
    method, path = ("WS", "order.create") if cell.way == WS else ("POST", "/orders")
    at.venue.faults.add(faults.SlowResponse(method=method, path=path, ms=3_000))
    at.venue.faults.add(faults.Lose(channels=("orders",), private=True))
    side, price, _ = _side(cell)
    order = at.desk.limit(side, "1", price)
    await until(lambda: cell.at_venue(order), "the venue has it")
    await asyncio.sleep(_POLL_S)
    assert order.venue_order_id is None
    return [order]


def _reprice(cell: Cell, orders: list[Order]) -> None:
    (order,) = orders
    cell.at.reprice(order, "2480" if order.is_buy else "2520")


def _cancel(cell: Cell, orders: list[Order]) -> None:
    cell.at.desk.cancel_order(orders[0])


def _cancel_batch(cell: Cell, orders: list[Order]) -> None:
    cell.at.desk.cancel_orders(orders)


def _cancel_all(cell: Cell, orders: list[Order]) -> None:
    cell.at.desk.cancel_all_orders(orders[0].instrument_id)


COMMANDS: Final = {
    command.name: command
    for command in (
        Command(
            name="submit",
            rest=("POST", "/orders"),
            ws="order.create",
            prepare=_nothing,
            give=_submit,
            check=placed_or_proven,
        ),
        Command(
            name="submit list",
            rest=("POST", "/orders/batch"),
            ws="order.create_batch",
            prepare=_nothing,
            give=_submit_list,
            is_batch=True,
            check=placed_or_proven,
        ),
        Command(
            name="modify",
            rest=("PUT", "/orders/"),
            ws="order.modify",
            prepare=_rest_one,
            give=_reprice,
            check=modified_or_proven,
            limit_s=REQUEST_LIFE_S + QUERY_DEADLINE_S,
        ),
        Command(
            name="cancel",
            rest=("DELETE", "/orders/"),
            ws="order.cancel",
            prepare=_rest_one,
            give=_cancel,
            check=canceled_or_refused,
        ),
        Command(
            name="cancel by client id",
            rest=("DELETE", "/orders/by_client_id/"),
            ws="order.cancel",
            prepare=_unanswered,
            give=_cancel,
            check=canceled_or_refused,
        ),
        Command(
            name="cancel batch",
            rest=("DELETE", "/orders/batch"),
            ws="order.cancel_batch",
            prepare=_rest_three,
            give=_cancel_batch,
            check=canceled_or_refused,
        ),
        Command(
            name="cancel all",
            rest=("DELETE", "/orders/batch"),
            ws="order.cancel_batch",
            prepare=_rest_three,
            give=_cancel_all,
            check=canceled_or_refused,
        ),
    )
}
