"""
What a venue may write differently and mean the same: absent, null, empty, unnumbered.

Each is a reading that the documents leave open (PROTOCOL 4.3, 10.4, 11, 14), and none may cost an
order, a fill or a book.
"""

import json
from decimal import Decimal

import pytest

from nautilus_paradex.protocol import json_events
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import Liquidity
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.json_events import decode_channel
from nautilus_paradex.protocol.orders import OrderTracker
from nautilus_paradex.protocol.orders import Source
from nautilus_paradex.protocol.orders import Terms
from tests.protocol.order_values import order_update


FILL = {
    "id": "7",
    "market": "BTC-USD-PERP",
    "side": "BUY",
    "price": "100",
    "size": "1",
    "created_at": 1790000000200,
}
ORDER = {
    "id": "1",
    "market": "BTC-USD-PERP",
    "side": "BUY",
    "type": "MARKET",
    "size": "1",
    "remaining_size": "1",
    "status": "NEW",
}


def kinds(effects):
    return [type(effect).__name__ for effect in effects]


def tracker():
    return OrderTracker("C-1", OrderType.LIMIT, Terms(Decimal(1), Decimal(100), None))


# -- ORDERS ----------------------------------------------------------------------------------------


def test_trap_33_updates_of_one_millisecond_without_numbers_go_by_their_progress():
    order = tracker()
    assert kinds(order.on_update(order_update("OPEN", seq=0), Source.STREAM)) == ["Accepted"]
    end = order_update("CLOSED", reason="USER_CANCELED", seq=0)
    assert kinds(order.on_update(end, Source.STREAM)) == ["Canceled"]
    assert order.on_update(end, Source.STREAM) == []
    assert order.on_update(order_update("OPEN", seq=0), Source.STREAM) == []


def test_trap_33_a_lower_number_of_one_millisecond_is_older_whatever_it_says():
    order = tracker()
    order.on_update(order_update("OPEN", seq=5), Source.STREAM)
    assert order.on_update(order_update("CLOSED", reason="X", seq=4), Source.STREAM) == []
    assert not order.is_done


@pytest.mark.parametrize("sent", ["", None])
def test_an_order_without_an_instruction_has_the_default(sent):
    update = decode_channel("orders.ALL", json.dumps({**ORDER, "instruction": sent}))
    assert update.instruction is Instruction.GTC


# -- FILLS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill_type", ["LIQUIDATION", "UNWIND_TRANSFER", "SETTLE_MARKET"])
@pytest.mark.parametrize("liquidity", ["", None])
def test_trap_51_a_fill_that_no_order_made_needs_no_liquidity(fill_type, liquidity):
    sent = {**FILL, "fill_type": fill_type, "liquidity": liquidity}
    fill = decode_channel("fills.ALL", json.dumps(sent))
    assert (fill.fill_type, fill.liquidity) == (FillType(fill_type), Liquidity.TAKER)


@pytest.mark.parametrize("fill_type", ["FILL", "RPI"])
def test_the_liquidity_of_an_orders_fill_is_never_guessed(fill_type):
    with pytest.raises(UnmodelledValue, match="liquidity"):
        decode_channel("fills.ALL", json.dumps({**FILL, "fill_type": fill_type}))


# -- BOOKS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["bids", "asks"])
@pytest.mark.parametrize("empty", ["null", "[]", None])
def test_a_rest_book_may_have_an_empty_side_however_it_is_written(side, empty):
    other = "asks" if side == "bids" else "bids"
    sent = "" if empty is None else f',"{side}":{empty}'
    payload = f'{{"market":"M","seq_no":5,"{other}":[["10","1"]]{sent}}}'
    book = json_events.rest_book(messages.decode(payload, messages.RestBook))
    assert (getattr(book, side), getattr(book, other)) == ([], [(10 * 10**8, 10**8)])
