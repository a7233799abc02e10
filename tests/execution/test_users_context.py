"""What is sent and told is the same in every decimal context that a user may have."""

from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import PositionSide
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.identifiers import StrategyId
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.objects import Money
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity
from nautilus_trader.model.orders import LimitOrder

from nautilus_paradex.execution.capability import _multiple_denial
from nautilus_paradex.execution.options import OrderOptions
from nautilus_paradex.execution.protection_terms import _limit
from nautilus_paradex.execution.signing import OrderSigner
from nautilus_paradex.execution.telling import _as_told
from nautilus_paradex.network.snapshot import _compare
from nautilus_paradex.network.snapshot import _not_beyond_orders
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.parsing.numbers import signed_size_of
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.orders.effects import Accepted
from nautilus_paradex.protocol.orders.tracker import OrderTracker
from nautilus_paradex.protocol.orders.tracker import Source
from nautilus_paradex.protocol.orders.tracker import Terms
from tests.hostile_context import hostile_context
from tests.parsing.parsing_values import instrument
from tests.protocol.order_values import T0
from tests.protocol.order_values import fill
from tests.protocol.order_values import order_update


SIZE, PRICE = "123456.12345", "61234.5"

# The framework's own texts follow the thread's context: these are made before.
INSTRUMENT = instrument()
_SIZE, _PRICE = Quantity.from_str(SIZE), Price.from_str(PRICE)
_AMOUNT = Money.from_str("-12345678.12345678 USDC")
_FINE = Quantity.from_str("34028236692.1234567890123456")
ORDER = LimitOrder(
    TraderId("TESTER-001"),
    StrategyId("S-001"),
    INSTRUMENT.id,
    ClientOrderId("O-1"),
    OrderSide.BUY,
    _SIZE,
    _PRICE,
    UUID4(),
    0,
)


@pytest.fixture(autouse=True)
def _users_context() -> Iterator[None]:
    with hostile_context():
        yield


class Signer:
    """Notes what it signs."""

    def sign_order(self, **fields: Any) -> str:
        self.fields = fields
        return "signature"


def test_e18_values_of_the_framework_are_exact() -> None:
    assert decimal_of(_SIZE) == Decimal(SIZE)
    assert decimal_of(_PRICE) == Decimal(PRICE)
    assert decimal_of(_AMOUNT) == Decimal("-12345678.12345678")
    assert decimal_of(_FINE) == Decimal("34028236692.1234567890123456")
    for side, sign in ((PositionSide.LONG, ""), (PositionSide.SHORT, "-")):
        position = SimpleNamespace(quantity=_SIZE, side=side)
        assert signed_size_of(position) == Decimal(sign + SIZE)


def test_e2_an_order_is_signed_with_all_of_its_digits() -> None:
    signer = Signer()
    request = OrderSigner(signer).create(ORDER, OrderType.LIMIT, OrderOptions(), 1)  # type: ignore[arg-type]  # all that it needs
    assert (request.size, request.price) == (SIZE, PRICE)
    assert (signer.fields["size_e8"], signer.fields["price_e8"]) == (12345612345000, 6123450000000)


def test_e1_multiples_are_told_from_what_is_none() -> None:
    size = Decimal(SIZE)
    assert _multiple_denial(INSTRUMENT, size, (Decimal(PRICE),)) is None
    assert "lot" in str(_multiple_denial(INSTRUMENT, Decimal("123456.123456"), ()))
    assert "tick" in str(_multiple_denial(INSTRUMENT, size, (Decimal("61234.55"),)))
    assert _limit("size", "123456.1234") == "123456.1234"


def test_e5_fills_add_up_to_what_an_order_has_filled() -> None:
    tracker = OrderTracker("C-1", OrderType.LIMIT, Terms(Decimal(SIZE), Decimal(PRICE), None))
    fills = [fill(f"F-{n}", size="11111.12345", price=Decimal(PRICE)) for n in range(3)]
    update = order_update(size=SIZE, remaining="90122.7531")
    tracker.on_update(update, Source.STREAM)
    for each in fills:
        tracker.on_fill(each)
    assert tracker.filled == Decimal("33333.37035") == update.filled_size
    told = _as_told(tracker, update, Accepted(T0), fills[1:])
    assert told.filled_size == Decimal("11111.12345")
    assert told.avg_fill_price == Decimal(PRICE)


def test_e10_fills_are_compared_with_orders_to_the_last_digit() -> None:
    order = order_update(size=SIZE, remaining="101234.00000")
    fills = [fill("F-1", size="11111.12345"), fill("F-2", size="11111.00000")]
    orders = {order.order_id: order}
    assert _compare(orders, fills, 0) == (frozenset(), frozenset())
    assert _not_beyond_orders(orders, fills) == fills
    more = [*fills, fill("F-3", size="0.00001")]
    assert _compare(orders, more, 0) == (frozenset({order.market}), frozenset())
    assert _not_beyond_orders(orders, more) == fills
