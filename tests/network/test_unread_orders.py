"""An order with a value that is not modelled hides no other, and is never called absent (E6)."""

import pytest

from nautilus_paradex.network.census import OrderCensus
from nautilus_paradex.network.lookup import look_up
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.network.unread import UnreadOrder
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import UnmodelledValue


ODD = "V-ODD"
ODD_CLIENT = "O-ODD"


class OddVenue:
    """A venue whose only order cannot be read."""

    async def order(self, order_id):
        raise NotFoundError("no such order", code="ORDER_ID_NOT_FOUND", status=404)

    async def find_order(self, client_id):
        return None

    async def open_orders(self, market=None, *, unread=None):
        return []

    async def orders_history(self, *, market=None, start_ms=None, unread=None):
        unread[ODD] = UnreadOrder(
            client_id=ODD_CLIENT, market="ETH-USD-PERP", error=UnmodelledValue("type", "BEST")
        )
        return []


async def test_e6_an_order_that_cannot_be_read_is_not_absent():
    with pytest.raises(UnmodelledValue, match="BEST"):
        await look_up(OddVenue(), order_id=ODD)
    assert await look_up(OddVenue(), order_id="V-2") is None


@pytest.mark.parametrize("ids", [("", ODD), (ODD_CLIENT, "")])
async def test_e6_a_shared_reading_does_not_call_it_absent_either(ids):
    census = OrderCensus(OddVenue(), SystemTiming())
    client_id, order_id = ids
    with pytest.raises(UnmodelledValue, match="BEST"):
        await census.find(client_id=client_id, order_id=order_id, since_ms=0)


async def test_e6_a_shared_reading_still_knows_who_is_absent():
    census = OrderCensus(OddVenue(), SystemTiming())
    assert await census.find(client_id="O-2", order_id="", since_ms=0) is None
