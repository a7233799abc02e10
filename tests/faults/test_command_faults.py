"""Commands whose answer is lost, late or unreadable: sent once, resolved by proof (E6, E7)."""

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderRejected
from nautilus_trader.model.events import OrderSubmitted
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution import inflight
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.faults import DropAfterFrames
from nautilus_paradex.simulator.faults import HttpStatus
from nautilus_paradex.simulator.faults import LostRequest
from nautilus_paradex.simulator.faults import LostResponse
from nautilus_paradex.simulator.faults import MalformedBody
from nautilus_paradex.simulator.faults import RequestFault
from nautilus_paradex.simulator.faults import SlowRequest
from nautilus_paradex.simulator.faults import SlowResponse
from nautilus_paradex.simulator.faults import TruncatedBody
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.faults.sessions import Session
from tests.faults.sessions import session


_WINDOW_MS = 1_000
#: The client's timeout is one second, the shortest that can be set.
_LATE_MS = 1_500
_EXECUTION = {"recv_window_ms": _WINDOW_MS, "http_timeout_secs": 1}

_HTML = "<html><body><h1>500 Internal Server Error</h1></body></html>"

#: What the venue carries out all the same.
CARRIED_OUT: dict[str, tuple[type[RequestFault], dict[str, object]]] = {
    "lost response": (LostResponse, {}),
    "malformed body": (MalformedBody, {}),
    "truncated body": (TruncatedBody, {}),
    "late answer": (SlowResponse, {"ms": _LATE_MS}),
    "late execution": (SlowRequest, {"ms": _LATE_MS}),
}

#: What the venue never hears of, or says that it did not do.
NOT_CARRIED_OUT: dict[str, tuple[type[RequestFault], dict[str, object]]] = {
    "lost request": (LostRequest, {}),
    "500 in HTML": (HttpStatus, {"status": 500, "body": _HTML, "content_type": "text/html"}),
    "503": (HttpStatus, {"status": 503}),
    "429": (HttpStatus, {"status": 429, "retry_after": 1}),
}


def fault_on(method: str, name: str) -> RequestFault:
    kind, values = (CARRIED_OUT | NOT_CARRIED_OUT)[name]
    return kind(method=method, path="/orders", **values)


def at_venue(at: Session, order: Order) -> list[model.Order]:
    return at.venue.exchange.queries.order_history(
        at.account, client_id=order.client_order_id.value
    )


def event_of(at: Session, order: Order, kind: type) -> object:
    (event,) = (e for e in at.node.events_of(order) if isinstance(e, kind))
    return event


# -- CREATE ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CARRIED_OUT)
async def test_e6_create_that_was_carried_out_is_never_rejected_nor_repeated(name: str) -> None:
    async with session(execution=_EXECUTION) as at:
        at.rival.place("SELL", "0.3", "2500")
        armed = at.venue.faults.add(fault_on("POST", name))
        order = at.desk.limit(BUY, "1", "2500")
        await armed.exhausted()
        await until(lambda: at_venue(at, order), "the venue has the order")
        await at.ends_equal()
        assert at.sent("POST") == 1
        assert len(at_venue(at, order)) == 1
        assert order.status == OrderStatus.PARTIALLY_FILLED
        assert "OrderRejected" not in at.node.story(order)


@pytest.mark.parametrize("name", CARRIED_OUT)
async def test_e6_create_is_resolved_by_rest_when_its_stream_is_cut_too(name: str) -> None:
    async with session(execution=_EXECUTION) as at:
        at.rival.place("SELL", "0.3", "2500")
        at.venue.faults.add(DropAfterFrames(frames=0, private=True))
        armed = at.venue.faults.add(fault_on("POST", name))
        order = at.desk.limit(BUY, "1", "2500")
        await armed.exhausted()
        await until(lambda: at_venue(at, order), "the venue has the order")
        await at.ends_equal()
        assert at.sent("POST") == 1
        assert order.status == OrderStatus.PARTIALLY_FILLED
        assert "OrderRejected" not in at.node.story(order)


@pytest.mark.parametrize("name", NOT_CARRIED_OUT)
async def test_e6_create_that_never_arrived_is_rejected_on_proof_only(name: str) -> None:
    async with session(execution=_EXECUTION) as at:
        armed = at.venue.faults.add(fault_on("POST", name))
        order = at.desk.limit(BUY, "1", "2490")
        await armed.exhausted()
        await at.ends_equal()
        assert at.sent("POST") == 1
        assert not at_venue(at, order)
        assert order.status == OrderStatus.REJECTED
        rejected, submitted = (event_of(at, order, t) for t in (OrderRejected, OrderSubmitted))
        # Until the window has passed, the request may still arrive.
        assert rejected.ts_event >= submitted.ts_event + _WINDOW_MS * 1_000_000
        # The account trades on.
        await at.rest(BUY, "1", "2489")
        await at.ends_equal()


async def test_e6_refusal_by_the_venue_is_a_proof() -> None:
    """A code of the venue's own needs no waiting for the receive window."""
    async with session(execution={"recv_window_ms": 60_000}) as at:
        refusal = '{"error":"INVALID_ORDER_SIZE","message":"no"}'
        at.venue.faults.add(HttpStatus(method="POST", path="/orders", status=400, body=refusal))
        order = at.desk.limit(BUY, "1", "2490")
        await at.ends_equal()
        assert order.status == OrderStatus.REJECTED
        assert at.sent("POST") == 1


# -- CANCEL ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*CARRIED_OUT, *NOT_CARRIED_OUT])
async def test_e7_cancel_is_final_whatever_happened_to_its_request(name: str) -> None:
    async with session(execution=_EXECUTION) as at:
        order = await at.rest(BUY, "1", "2490")
        other = await at.rest(SELL, "1", "2510")
        armed = at.venue.faults.add(fault_on("DELETE", name))
        at.desk.cancel_order(order)
        await armed.exhausted()
        await until(lambda: order.is_closed, "the order is closed")
        await at.ends_equal()
        assert order.status == OrderStatus.CANCELED
        assert "OrderCancelRejected" not in at.node.story(order)
        assert other.is_open


@pytest.mark.parametrize("name", [*CARRIED_OUT, *NOT_CARRIED_OUT])
async def test_e7_cancel_of_an_order_that_is_filled_meanwhile(name: str) -> None:
    async with session(execution=_EXECUTION) as at:
        order = await at.rest(BUY, "1", "2490")
        armed = at.venue.faults.add(fault_on("DELETE", name))
        at.rival.place("SELL", "1", "2490", "IOC")
        at.desk.cancel_order(order)
        await until(lambda: order.is_closed, "the order is closed")
        await at.ends_equal()
        assert order.status == OrderStatus.FILLED
        at.venue.faults.clear()
        assert armed.fired <= 1


# -- MODIFY ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CARRIED_OUT)
async def test_e7_modify_that_was_carried_out_is_told_once(name: str) -> None:
    async with session(execution=_EXECUTION) as at:
        order = await at.rest(BUY, "1", "2490")
        armed = at.venue.faults.add(fault_on("PUT", name))
        at.reprice(order, "2491")
        await armed.exhausted()
        await until(lambda: at_venue(at, order)[0].price == 2491, "the venue has the new price")
        await at.ends_equal()
        assert str(order.price) == "2491.00"
        assert at.node.story(order).count("OrderUpdated") == 1
        assert at.sent("PUT", f"/orders/{order.venue_order_id}") == 1


@pytest.mark.parametrize("name", NOT_CARRIED_OUT)
async def test_e7_modify_that_never_arrived_is_rejected_on_proof(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflight, "REQUEST_LIFE_MS", 2_000)
    async with session(execution=_EXECUTION) as at:
        order = await at.rest(BUY, "1", "2490")
        armed = at.venue.faults.add(fault_on("PUT", name))
        at.reprice(order, "2491")
        await armed.exhausted()
        await at.ends_equal()
        assert str(order.price) == "2490.00"
        assert order.status == OrderStatus.ACCEPTED
        assert at.node.story(order)[-1] == "OrderModifyRejected"
        assert at.sent("PUT", f"/orders/{order.venue_order_id}") == 1
