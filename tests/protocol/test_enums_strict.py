"""Order, fill and position state is strict: what is not modelled fails loudly."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import enums
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import UnmodelledValue


KINDS = [
    kind
    for kind in vars(enums).values()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_member_is_found_by_its_wire_value(kind: type[StrEnum]) -> None:
    for member in kind:
        assert enums.strict(kind, member.value, "field") is member


@pytest.mark.parametrize("kind", KINDS)
@given(value=st.text(max_size=12))
def test_any_other_value_is_unmodelled(kind: type[StrEnum], value: str) -> None:
    if value in {member.value for member in kind}:
        return
    with pytest.raises(UnmodelledValue) as caught:
        enums.strict(kind, value, "status")
    assert caught.value.field == "status"
    assert caught.value.value == value


def test_there_is_no_filled_status() -> None:
    with pytest.raises(UnmodelledValue, match="status has the value 'FILLED'"):
        enums.strict(OrderStatus, "FILLED", "status")


def test_sides_have_a_sign_and_an_opposite() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


def test_order_types_say_if_they_carry_a_price_and_wait_for_a_trigger() -> None:
    market = {kind.value for kind in OrderType if kind.is_market}
    plain = {kind.value for kind in OrderType if not kind.is_conditional}
    assert market == {"MARKET", "STOP_MARKET", "TAKE_PROFIT_MARKET", "STOP_LOSS_MARKET"}
    assert plain == {"LIMIT", "MARKET"}
