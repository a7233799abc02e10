"""Pages that repeat or skip rows, end early or refuse their cursor."""

from typing import Any

import pytest

from nautilus_paradex.simulator import faults
from tests.simulator.server_client import World
from tests.simulator.server_client import world


_ROWS = 7


async def with_orders(w: World) -> list[str]:
    """Place some orders, and return their ids, newest first."""
    await w.login()
    for n in range(_ROWS):
        await w.place(price=str(50_000 + n))
    await w.eventually(lambda: len(w.exchange.queries.open_orders(w.account)) == _ROWS)
    return [order.id for order in w.exchange.queries.order_history(w.account)]


async def pages(w: World) -> list[list[str]]:
    """Read the whole list, three rows a page, and return the pages' ids."""
    found: list[list[str]] = []
    query = {"page_size": "3"}
    while True:
        body: dict[str, Any] = await w.rest.get("/orders-history", **query)
        found.append([row["id"] for row in body["results"]])
        if not body["next"]:
            return found
        query["cursor"] = body["next"]


async def test_a_page_repeats_rows_of_the_one_before():
    async with world() as w:
        ids = await with_orders(w)
        w.paradex.faults.add(faults.RepeatRows(path="/orders-history", rows=2))
        assert await pages(w) == [ids[:3], ids[1:6], ids[6:]]


async def test_a_page_skips_rows():
    async with world() as w:
        ids = await with_orders(w)
        w.paradex.faults.add(faults.SkipRows(rows=2))
        assert await pages(w) == [ids[:3], ids[5:6], ids[6:]]


async def test_a_list_ends_early():
    async with world() as w:
        ids = await with_orders(w)
        w.paradex.faults.add(faults.EndEarly(path="/orders-history"))
        assert await pages(w) == [ids[:3]]
        w.paradex.faults.add(faults.EndEarly(path="/orders-history", after=1))
        assert await pages(w) == [ids[:3], ids[3:6]]


async def test_a_cursor_is_refused_and_the_list_can_be_read_anew():
    async with world() as w:
        ids = await with_orders(w)
        armed = w.paradex.faults.add(faults.CursorRefused(path="/orders-history"))
        first = await w.rest.get("/orders-history", page_size="3")
        status, body, _ = await w.rest.request(
            "GET", "/orders-history", params={"page_size": "3", "cursor": first["next"]}
        )
        assert (status, body["error"]) == (400, "INVALID_REQUEST_PARAMETER")
        assert armed.is_exhausted
        assert await pages(w) == [ids[:3], ids[3:6], ids[6:]]


@pytest.mark.parametrize(
    "fault", [faults.RepeatRows(path="/fills"), faults.SkipRows(path="/fills")]
)
async def test_pages_of_other_lists_are_as_ever(fault: faults.PageFault):
    async with world() as w:
        ids = await with_orders(w)
        w.paradex.faults.add(fault)
        assert await pages(w) == [ids[:3], ids[3:6], ids[6:]]
        assert w.paradex.faults.pending == [fault]
