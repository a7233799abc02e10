"""
What the venue refuses, by both ways that orders go: one event, with the venue's word in it.

What the adapter or the framework can know is denied before it is sent; what only the venue can
know is rejected with its code, whether it refuses the request or ends the order (E1, E4, E6).
"""

import time
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from typing import NamedTuple

import msgspec
import pytest
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderStatus
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.signing import OrderSigner
from nautilus_paradex.protocol.signing import AccountSigner
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.engine import model
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import Floor
from tests.acceptance.node import Trader
from tests.acceptance.node import trading_floor
from tests.acceptance.node import until
from tests.acceptance.node import until_equal


BUY, SELL = OrderSide.BUY, OrderSide.SELL
MARKET = ETH.symbol.value
DENIED = ["OrderInitialized", "OrderDenied"]
REJECTED = ["OrderInitialized", "OrderSubmitted", "OrderRejected"]
TAKEN = ["OrderInitialized", "OrderSubmitted", "OrderAccepted"]
OTHER_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"


@asynccontextmanager
async def floor_of(transport: str, **settings: Any) -> AsyncIterator[Floor]:
    """Run a node that sends its orders by REST or by WebSocket; see that they went that way."""
    async with trading_floor(execution={"order_transport": transport}, **settings) as floor:
        sent: list[str] = []
        queue = floor.venue.faults
        original = queue.on_request

        def on_request(method: str, path: str) -> Any:
            if (method, path) in (("POST", "/orders"), ("WS", "order.create")):
                sent.append("ws" if method == "WS" else "rest")
            return original(method, path)

        queue.on_request = on_request  # type: ignore[method-assign] - to count, not to change
        yield floor
        assert set(sent) <= {transport}


def limit(
    floor: Floor, size: str, price: str, side: OrderSide = BUY, **terms: Any
) -> Callable[[], Order]:
    """Return what submits a limit order; its numbers are taken as they are."""
    instrument = floor.desk.instrument

    def submit() -> Order:
        order = floor.desk.order_factory.limit(
            instrument.id,
            side,
            Quantity(Decimal(size), instrument.size_precision),
            Price(Decimal(price), instrument.price_precision),
            **terms,
        )
        floor.desk.submit_order(order)
        return order

    return submit


async def refused(floor: Floor, order: Order, story: list[str]) -> str:
    """Wait for an order's refusal and return its reason."""
    await until(lambda: order.is_closed, "the order is refused")
    assert floor.node.story(order) == story
    reason: str = floor.node.events_of(order)[-1].reason
    return reason


def change_market(floor: Floor, **changes: object) -> None:
    """Change the venue's market, and lose the news of it: only a refusal can tell."""
    floor.venue.faults.add(faults.Lose(channels=("markets",), n=1_000))
    floor.venue.exchange.update_market(MARKET, **changes)


# -- WHAT ONLY THE VENUE KNOWS ---------------------------------------------------------------------


class Refusal(NamedTuple):
    """An order that the venue refuses."""

    code: str
    """The venue's."""
    order: Callable[[Floor], Callable[[], Order]]
    prepare: Callable[[Floor], object] = lambda _: None
    usdc: str = "100000"


def sign_with_another_key(floor: Floor) -> None:
    chain = floor.venue.config.chain_id
    signer = AccountSigner(floor.account, chain, Signer(OTHER_KEY))
    floor.node.execution._room.submits.use_signer(OrderSigner(signer))


def fill_up(floor: Floor) -> None:
    change_market(floor, max_open_orders=2)
    own = Trader(floor.venue, floor.account)
    own.place("BUY", "0.1", "2400.00")
    own.place("BUY", "0.1", "2401.00")


def empty_the_book(floor: Floor) -> None:
    for order in floor.venue.exchange.queries.open_orders(floor.maker.account):
        floor.maker.cancel(order)


REFUSALS = {
    "wrong signature": Refusal(
        "INVALID_ORDER_SIGNATURE",
        lambda floor: limit(floor, "0.1", "2400.00"),
        sign_with_another_key,
    ),
    "margin shortfall": Refusal(
        "NOT_ENOUGH_MARGIN", lambda floor: limit(floor, "10", "2400.00"), usdc="100"
    ),
    "margin shortfall of a market order": Refusal(
        "NOT_ENOUGH_MARGIN", lambda floor: lambda: floor.desk.market(BUY, "1"), usdc="10"
    ),
    "buy above the price band": Refusal(
        "EXCEEDS_MAX_SLIPPAGE", lambda floor: limit(floor, "0.1", "2700.00")
    ),
    "sell below the price band": Refusal(
        "EXCEEDS_MAX_SLIPPAGE", lambda floor: limit(floor, "0.1", "2300.00", SELL)
    ),
    # The venue takes the mark price for it, which a limit order does not know.
    "notional": Refusal("INVALID_ORDER_SIZE", lambda floor: limit(floor, "0.0039", "2560.00")),
    "notional of a market order": Refusal(
        "INVALID_ORDER_SIZE", lambda floor: lambda: floor.desk.market(BUY, "0.0020")
    ),
    "lot that has changed": Refusal(
        "INVALID_ORDER_SIZE",
        lambda floor: limit(floor, "0.1005", "2400.00"),
        lambda floor: change_market(floor, order_size_increment=Decimal("0.01")),
    ),
    "tick that has changed": Refusal(
        "INVALID_REQUEST_PARAMETER",
        lambda floor: limit(floor, "0.1", "2400.01"),
        lambda floor: change_market(floor, price_tick_size=Decimal("0.5")),
    ),
    "size beyond the largest": Refusal(
        "INVALID_ORDER_SIZE",
        lambda floor: limit(floor, "2", "2400.00"),
        lambda floor: change_market(floor, max_order_size=Decimal(1)),
    ),
    "open-order limit": Refusal(
        "INVALID_REQUEST_PARAMETER: maximum of 2 open orders",
        lambda floor: limit(floor, "0.1", "2402.00"),
        fill_up,
    ),
    "position limit": Refusal(
        "ORDER_EXCEEDS_POSITION_LIMIT",
        lambda floor: limit(floor, "0.6", "2400.00"),
        lambda floor: change_market(floor, position_limit=Decimal("0.5")),
    ),
    "closed market": Refusal(
        "MARKET_NOT_OPEN",
        lambda floor: limit(floor, "0.1", "2400.00"),
        lambda floor: change_market(floor, open_at=int(time.time() * 1000) + 3_600_000),
    ),
    "RFQ-only market": Refusal(
        "INVALID_REQUEST_PARAMETER: market ETH-USD-PERP trades by RFQ only",
        lambda floor: limit(floor, "0.1", "2400.00"),
        lambda floor: change_market(floor, trading_mode=model.TradingMode.RFQ_ONLY),
    ),
    "nobody to trade with": Refusal(
        "EMPTY_MARKET",
        lambda floor: lambda: floor.desk.market(BUY, "0.1"),
        empty_the_book,
    ),
}


@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("name", REFUSALS)
async def test_e4_what_the_venue_refuses_is_rejected_with_its_code(
    name: str, transport: str
) -> None:
    """E4, E6: once, and the node goes on."""
    refusal = REFUSALS[name]
    async with floor_of(transport, usdc=refusal.usdc) as floor:
        refusal.prepare(floor)
        order = refusal.order(floor)()
        reason = await refused(floor, order, REJECTED)
        assert refusal.code in reason
        assert not floor.node.events_of(order)[-1].due_post_only
        await until_equal(floor.node, floor.venue, floor.account)
        assert not floor.venue.exchange.queries.fills(floor.account)
        assert order.client_order_id.value not in {
            each.client_id for each in floor.venue.exchange.queries.open_orders(floor.account)
        }


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_e4_a_refusal_is_that_orders_alone(transport: str) -> None:
    """After each refusal the next order is taken."""
    async with floor_of(transport) as floor:
        too_dear = limit(floor, "0.1", "2700.00")()
        await refused(floor, too_dear, REJECTED)
        rests = limit(floor, "0.1", "2400.00")()
        await until(lambda: rests.status == OrderStatus.ACCEPTED)
        crosses = limit(floor, "0.1", "2510.00", post_only=True)()
        assert "POST_ONLY_WOULD_CROSS" in await refused(floor, crosses, REJECTED)
        assert floor.node.events_of(crosses)[-1].due_post_only
        assert floor.node.story(rests) == TAKEN
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_e4_a_client_id_that_is_in_use_is_rejected_and_stays_whose_it_is(
    transport: str,
) -> None:
    """The other order is in a market that the node has not loaded, so that it cannot know."""
    async with floor_of(transport) as floor:
        elsewhere = Trader(floor.venue, floor.account, market=BTC.symbol.value)
        other = elsewhere.place("BUY", "0.01", "60000", client_id="O-TWICE")
        order = limit(floor, "0.1", "2400.00", client_order_id=ClientOrderId("O-TWICE"))()
        assert "DUPLICATED_CLIENT_ID" in await refused(floor, order, REJECTED)
        # What becomes of the other one is nothing that our order does.
        maker = Trader(floor.venue, floor.maker.account, market=BTC.symbol.value)
        maker.place("SELL", "0.005", "60000", "IOC")
        elsewhere.cancel(other)
        marker = limit(floor, "0.1", "2400.00")()
        await until(lambda: marker.status == OrderStatus.ACCEPTED)
        assert floor.node.story(order) == REJECTED
        assert not floor.node.cache.positions()


# -- WHAT IS KNOWN BEFORE --------------------------------------------------------------------------


class Denial(NamedTuple):
    """An order that is not sent."""

    said: str
    size: str
    price: str
    market: str = "ETH-USD-PERP"


DENIALS = {
    "lot": Denial("not a multiple of the lot 100", "150", "0.01", "kPEPE-USD-PERP"),
    "tick": Denial("not a positive multiple of the tick 5", "0.001", "49998", "JP225-USD-PERP"),
    "fine tick": Denial("multiple of the tick 0.5", "0.01", "6800.3", "US500-USD-PERP"),
    "size beyond the largest": Denial("> maximum trade size", "1000000", "2400.00"),
}


@pytest.mark.parametrize("transport", ["rest", "ws"])
@pytest.mark.parametrize("name", DENIALS)
async def test_e1_what_is_known_before_is_denied_and_not_sent(name: str, transport: str) -> None:
    denial = DENIALS[name]
    market = InstrumentId.from_str(f"{denial.market}.PARADEX")
    async with floor_of(transport, market=market) as floor:
        order = limit(floor, denial.size, denial.price)()
        assert denial.said in await refused(floor, order, DENIED)
        assert not floor.venue.exchange.queries.order_history(floor.account)


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_e1_a_client_id_that_the_node_knows_is_not_sent_again(transport: str) -> None:
    """The framework itself refuses it, and says so."""
    async with floor_of(transport, may_fail=True) as floor:
        first = limit(floor, "0.1", "2400.00", client_order_id=ClientOrderId("O-TWICE"))()
        await until(lambda: first.status == OrderStatus.ACCEPTED)
        again = limit(floor, "0.2", "2401.00", client_order_id=ClientOrderId("O-TWICE"))()
        await until(lambda: "duplicate ClientOrderId" in floor.node.log())
        assert again.status in (OrderStatus.INITIALIZED, OrderStatus.DENIED)
        assert first.status == OrderStatus.ACCEPTED
        assert len(floor.venue.exchange.queries.order_history(floor.account)) == 1


# -- NO REFUSALS -----------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_e6_a_signature_that_came_too_late_is_rejected(transport: str) -> None:
    """Its receive window has passed at the venue: that proves that it was not accepted."""
    async with floor_of(transport) as floor:
        http = floor.node.execution._rest._http
        assert http.clock_offset is not None
        http.clock.take(msgspec.structs.replace(http.clock_offset, offset_ms=-10_000))
        order = floor.desk.order_factory.limit(
            ETH,
            BUY,
            floor.desk.instrument.make_qty(Decimal("0.1")),
            floor.desk.instrument.make_price(2400),
        )
        floor.desk.submit_order(order, params={"recv_window_ms": 2_000})
        reason = await refused(floor, order, REJECTED)
        assert "INVALID_TIMESTAMP" in reason
        assert "recv_window" in reason
        await until_equal(floor.node, floor.venue, floor.account)


@pytest.mark.parametrize("transport", ["rest", "ws"])
async def test_e6_a_failure_of_the_venue_is_no_refusal(transport: str) -> None:
    """5xx says nothing of the order: it stays in flight until the venue says what it is."""
    async with floor_of(transport, may_fail=True) as floor:
        path = "order.create" if transport == "ws" else "/orders"
        method = "WS" if transport == "ws" else "POST"
        floor.venue.faults.add(
            faults.MalformedBody(method=method, path=path, body="<html>502</html>")
        )
        order = limit(floor, "0.1", "2400.00")()
        await until(lambda: order.status == OrderStatus.ACCEPTED)
        assert floor.node.story(order) == TAKEN
        await until_equal(floor.node, floor.venue, floor.account)
