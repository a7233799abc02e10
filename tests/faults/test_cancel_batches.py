"""Several cancels go in batches, each order with its own outcome (E7, E8)."""

import pytest
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.events import OrderCancelRejected
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator.faults import HttpStatus
from nautilus_paradex.simulator.faults import LostRequest
from nautilus_paradex.simulator.faults import LostResponse
from nautilus_paradex.simulator.faults import MalformedBody
from nautilus_paradex.simulator.faults import RequestFault
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import Session
from tests.faults.sessions import session


_BATCH = "/orders/batch"
_EXECUTION = {"recv_window_ms": 1_000, "http_timeout_secs": 1, "max_retries": 0}


async def resting(at: Session, count: int) -> list[Order]:
    """Return orders that rest, each at its own price."""
    orders = [
        at.desk.limit(BUY, "0.1", f"{2400 + number}", post_only=True) for number in range(count)
    ]
    await until(
        lambda: all(order.status == OrderStatus.ACCEPTED for order in orders), "all orders rest"
    )
    return orders


def singles(at: Session) -> int:
    """Return how many cancels of one order reached the venue."""
    return sum(
        1 for method, path in at.requests if method == "DELETE" and path.startswith("/orders/")
    ) - at.sent("DELETE", _BATCH)


async def test_e8_many_cancels_are_few_requests() -> None:
    async with session(execution=_EXECUTION) as at:
        orders = await resting(at, 25)
        at.desk.cancel_orders(orders)
        await until(
            lambda: all(order.status == OrderStatus.CANCELED for order in orders), "all canceled"
        )
        assert at.sent("DELETE", _BATCH) == 3
        assert singles(at) == 0
        await at.ends_equal()


async def test_e8_cancel_all_takes_the_same_way_and_one_order_its_own() -> None:
    async with session(execution=_EXECUTION) as at:
        orders = await resting(at, 4)
        at.desk.cancel_orders(orders[:1])
        await until(lambda: orders[0].status == OrderStatus.CANCELED, "one is canceled")
        assert (at.sent("DELETE", _BATCH), singles(at)) == (0, 1)
        at.desk.cancel_all_orders(orders[0].instrument_id)
        await until(lambda: all(order.is_closed for order in orders), "all are canceled")
        assert (at.sent("DELETE", _BATCH), singles(at)) == (1, 1)
        await at.ends_equal()


async def test_e8_an_order_that_is_filled_meanwhile_is_filled_and_the_others_are_canceled() -> None:
    async with session(execution=_EXECUTION) as at:
        orders = await resting(at, 3)
        # In one turn of the loop: the node knows nothing of the fill when it cancels.
        at.rival.place("SELL", "0.1", "2402", "IOC")
        at.desk.cancel_orders(orders)
        await until(lambda: all(order.is_closed for order in orders), "all have ended")
        assert [order.status for order in orders] == [
            OrderStatus.CANCELED,
            OrderStatus.CANCELED,
            OrderStatus.FILLED,
        ]
        assert at.sent("DELETE", _BATCH) == 1
        await at.ends_equal()


@pytest.mark.parametrize(
    "fault",
    [
        LostResponse(method="DELETE", path=_BATCH),
        LostRequest(method="DELETE", path=_BATCH),
        MalformedBody(method="DELETE", path=_BATCH),
        HttpStatus(method="DELETE", path=_BATCH, status=503),
        HttpStatus(
            method="DELETE",
            path=_BATCH,
            status=400,
            body='{"error":"INVALID_REQUEST_PARAMETER","message":"too many"}',
        ),
    ],
    ids=lambda fault: type(fault).__name__ + str(getattr(fault, "status", "")),
)
async def test_e8_a_batch_that_fails_as_a_whole_is_unknown_for_each_order(
    fault: RequestFault,
) -> None:
    async with session(execution=_EXECUTION) as at:
        orders = await resting(at, 3)
        armed = at.venue.faults.add(fault)
        at.desk.cancel_orders(orders)
        await armed.exhausted()
        await until(
            lambda: all(order.status == OrderStatus.CANCELED for order in orders),
            "all canceled",
            30,
        )
        assert not [
            event
            for order in orders
            for event in at.node.events_of(order)
            if isinstance(event, OrderCancelRejected)
        ]
        await at.ends_equal()
