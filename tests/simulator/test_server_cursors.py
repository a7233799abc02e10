"""Pages: opaque cursors, signed and bound to their query (trap 18)."""

import base64
from collections.abc import Iterable

import pytest

from nautilus_paradex.simulator.server.cursors import Pager
from nautilus_paradex.simulator.server.refusals import Refusal


type Row = tuple[int, int]


@pytest.fixture
def pager() -> Pager:
    return Pager(b"secret", default_size=3, max_size=10)


def page(pager: Pager, rows: Iterable[Row], owner: str = "0xa", **query: str):
    return pager.page("fills", owner, query, list(rows), lambda row: row)


ROWS = [(time, serial) for time in range(4) for serial in range(2)]
NEWEST_FIRST = sorted(ROWS, reverse=True)


def walk(pager: Pager, rows: list[Row], **query: str) -> list[list[Row]]:
    pages = []
    cursor: str | None = ""
    while cursor is not None:
        found, cursor, _ = page(pager, rows, cursor=cursor, **query)
        pages.append(found)
    return pages


def test_pages_cover_every_row_once_newest_first(pager: Pager):
    pages = walk(pager, ROWS)
    assert [len(found) for found in pages] == [3, 3, 2]
    assert [row for found in pages for row in found] == NEWEST_FIRST


def test_prev_leads_back_the_way_next_came(pager: Pager):
    first, after, before = page(pager, ROWS)
    assert before is None
    second, after, before = page(pager, ROWS, cursor=after)
    third, _, before_third = page(pager, ROWS, cursor=after)
    assert page(pager, ROWS, cursor=before_third)[0] == second
    back, after, start = page(pager, ROWS, cursor=before)
    assert (back, start) == (first, None)
    assert page(pager, ROWS, cursor=after)[0] == second
    assert len(third) == 2


def test_rows_that_arrive_between_pages_neither_repeat_nor_hide_any(pager: Pager):
    rows = list(ROWS)
    seen, cursor, _ = page(pager, rows)
    rows += [(9, 0), (9, 1)]
    while cursor is not None:
        found, cursor, _ = page(pager, rows, cursor=cursor)
        seen += found
    assert seen == NEWEST_FIRST


def test_a_list_without_rows_is_one_empty_page(pager: Pager):
    assert page(pager, []) == ([], None, None)
    assert page(pager, ROWS[:3])[1] is None


@pytest.mark.parametrize("size", ["0", "11", "-1", "x", "1e1", "99999999999999999999"])
def test_page_sizes_out_of_range_are_refused(pager: Pager, size: str):
    with pytest.raises(Refusal, match="INVALID_REQUEST_PARAMETER"):
        page(pager, ROWS, page_size=size)


def test_a_cursor_is_bound_to_its_query_endpoint_and_account(pager: Pager):
    _, cursor, _ = page(pager, ROWS, page_size="2", market="BTC")
    assert cursor is not None
    assert page(pager, ROWS, page_size="2", market="BTC", cursor=cursor)[0] == NEWEST_FIRST[2:4]
    foreign = [
        {"market": "ETH", "page_size": "2"},
        {"page_size": "2"},
        {"market": "BTC", "page_size": "3"},
        {"market": "BTC", "page_size": "2", "start_at": "0"},
        {"market": "BTC", "page_size": "2", "owner": "0xb"},
    ]
    for query in foreign:
        with pytest.raises(Refusal):
            page(pager, ROWS, cursor=cursor, **query)
    query = {"page_size": "2", "market": "BTC", "cursor": cursor}
    with pytest.raises(Refusal):
        pager.page("orders-history", "0xa", query, ROWS, lambda row: row)


def test_a_cursor_cannot_be_forged(pager: Pager):
    _, cursor, _ = page(pager, ROWS)
    assert cursor is not None
    raw = bytearray(base64.urlsafe_b64decode(cursor))
    raw[-25] ^= 1
    unsigned = Pager(b"other", default_size=3, max_size=10)
    for forged in (base64.urlsafe_b64encode(raw).decode(), "e30=", "é", "x", "AAAA" * 20):
        with pytest.raises(Refusal):
            page(pager, ROWS, cursor=forged)
    with pytest.raises(Refusal):
        page(unsigned, ROWS, cursor=cursor)
