"""Lists of independent orders: batches, split at the venue's limit, an outcome each (E8)."""

from decimal import Decimal

import pytest
from nautilus_trader.model.enums import OrderStatus

from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal
from tests.acceptance.test_order_transports import Ways
from tests.acceptance.test_order_transports import orders_of
from tests.acceptance.test_order_transports import submit_list


TRANSPORTS = pytest.mark.parametrize("transport", ["rest", "ws"])
PRICES = [f"{2400 + n}.00" for n in range(23)]


@TRANSPORTS
async def test_e8_a_list_is_split_at_the_venues_limit(transport: str) -> None:
    async with trading_floor(execution={"order_transport": transport}) as floor:
        ways = Ways(floor)
        orders = orders_of(floor, *PRICES)
        submit_list(floor, orders)
        await until(lambda: all(order.status == OrderStatus.ACCEPTED for order in orders))
        sent = ways.by_rest() if transport == "rest" else ways.by_socket()
        assert len(sent) == 3
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
@pytest.mark.parametrize("padded", [False, True])
async def test_e8_tc_e78_each_order_of_a_batch_has_its_own_outcome(
    transport: str, padded: bool
) -> None:
    """One that the answer refuses, one that is closed afterwards, one that would take."""
    config = SimulatorConfig(batch_null_padding=padded)
    settings = {"order_transport": transport}
    async with trading_floor(config=config, execution=settings) as floor:
        good, refused, dear = orders_of(floor, "2400.00", "2401.00", "9000.00")
        taking = orders_of(floor, "2600.00", post_only=True)[0]
        engine = floor.venue.exchange
        original = engine.submit_batch

        def submit_batch(commands):
            results = original([c for c in commands if c.price != Decimal(2401)])
            refusal = model.Refusal("INVALID_ORDER_SIZE", "size: the venue has its reasons")
            return [results[0], refusal, *results[1:]]

        engine.submit_batch = submit_batch
        submit_list(floor, [good, refused, dear, taking])
        await until(lambda: good.status == OrderStatus.ACCEPTED)
        await until(lambda: all(order.is_closed for order in (refused, dear, taking)))
        reasons = {order: floor.node.events_of(order)[-1] for order in (refused, dear, taking)}
        assert "INVALID_ORDER_SIZE" in reasons[refused].reason
        assert "EXCEEDS_MAX_SLIPPAGE" in reasons[dear].reason
        assert reasons[taking].due_post_only
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
@pytest.mark.parametrize("kind", ["lost", "carried out"])
async def test_e8_tc_e77_a_batch_whose_answer_is_lost_rejects_nobody(
    transport: str, kind: str
) -> None:
    method = "WS" if transport == "ws" else "POST"
    path = "order.create_batch" if transport == "ws" else "/orders/batch"
    fault = {"lost": faults.LostRequest, "carried out": faults.LostResponse}[kind]
    settings = {"order_transport": transport, "recv_window_ms": 500}
    async with trading_floor(execution=settings, may_fail=True) as floor:
        ways = Ways(floor)
        floor.venue.faults.add(fault(method=method, path=path))
        orders = orders_of(floor, "2400.00", "2401.00", "2402.00")
        submit_list(floor, orders)
        wanted = OrderStatus.REJECTED if kind == "lost" else OrderStatus.ACCEPTED
        await until(lambda: all(order.status == wanted for order in orders), "", 30)
        assert len(ways.by_rest() + ways.by_socket()) == 1
        await until_equal(floor.node, floor.venue, floor.account)


@TRANSPORTS
async def test_a_smaller_limit_of_batches_is_learned(transport: str) -> None:
    """Trap 42: the venue's limit is not known for sure."""
    config = SimulatorConfig(batch_max=4)
    async with trading_floor(config=config, execution={"order_transport": transport}) as floor:
        for _ in range(3):
            orders = orders_of(floor, *PRICES[:10])
            submit_list(floor, orders)
            await until(lambda: all(o.status == OrderStatus.ACCEPTED for o in orders))  # noqa: B023
        await until_equal(floor.node, floor.venue, floor.account)
        assert "they are sent one by one" in floor.node.log()
        ways = Ways(floor)
        orders = orders_of(floor, *PRICES[:10])
        submit_list(floor, orders)
        await until(lambda: all(order.status == OrderStatus.ACCEPTED for order in orders))
        assert len(ways.by_rest() + ways.by_socket()) == 4


@TRANSPORTS
async def test_a_batch_that_is_refused_for_one_signature_is_sent_one_by_one(transport: str) -> None:
    """Trap 25: one bad signature refuses the whole batch, which proves that nothing was taken."""
    settings = {"order_transport": transport, "recv_window_ms": 60_000}
    async with trading_floor(execution=settings, may_fail=True) as floor:
        signer = floor.node.execution._room.submits.signer
        original, bad = signer.create, {}

        def create(order, order_type, options, timestamp_ms):
            request = original(order, order_type, options, timestamp_ms)
            if order.client_order_id in bad:
                return type(request)(**(_fields(request) | {"size": "0.2"}))
            return request

        signer.create = create
        orders = orders_of(floor, "2400.00", "2401.00", "2402.00")
        bad[orders[1].client_order_id] = True
        submit_list(floor, orders)
        await until(lambda: orders[1].status == OrderStatus.REJECTED)
        assert "INVALID_ORDER_SIGNATURE" in floor.node.events_of(orders[1])[-1].reason
        await until(lambda: orders[0].status == orders[2].status == OrderStatus.ACCEPTED)
        await until_equal(floor.node, floor.venue, floor.account)


def _fields(request) -> dict:
    return {name: getattr(request, name) for name in request.__struct_fields__}
