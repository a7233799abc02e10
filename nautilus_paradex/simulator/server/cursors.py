"""
Pages of a list, with opaque cursors that are signed and bound to the query (trap 18).

A cursor holds where the next page starts, by the row's own sort key, so that rows that arrive
between two pages neither repeat nor hide any.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import invalid_parameter


# Which parameters a cursor is not bound to.
_FREE = frozenset({"cursor"})


class Pager:
    """
    Cuts lists into pages.

    Parameters
    ----------
    secret : bytes
        Signs the cursors.
    default_size : int
        Rows of a page where the query names none.
    max_size : int
        The most that a query may ask for.

    """

    def __init__(self, secret: bytes, default_size: int, max_size: int) -> None:
        self._secret = secret
        self._default_size = default_size
        self._max_size = max_size

    def page[Row](
        self,
        endpoint: str,
        owner: str,
        query: Mapping[str, str],
        rows: Sequence[Row],
        sort_key: Callable[[Row], tuple[int, int]],
        *,
        max_size: int | None = None,
        fault: faults.PageFault | None = None,
    ) -> tuple[list[Row], str | None, str | None]:
        """
        Return (rows, next, prev) of the page that the query asks for, newest first.

        Parameters
        ----------
        endpoint : str
            Names the list; a cursor of another one is refused.
        owner : str
            The account, or empty: a cursor of another account is refused.
        query : Mapping[str, str]
            The request's parameters.
        rows : Sequence[Row]
            All rows that match the query.
        sort_key : Callable
            Gives (time, serial) of a row, unique in the list.
        max_size : int, optional
            The most that this endpoint gives at once.
        fault : faults.PageFault, optional
            What is wrong with the page.

        Raises
        ------
        Refusal
            For a page size out of range, or a cursor that is foreign or forged.

        """
        if isinstance(fault, faults.CursorRefused):
            raise _bad_cursor()
        size = self._size(query, max_size or self._max_size)
        binding = self._binding(endpoint, owner, query)
        ordered = sorted(rows, key=sort_key, reverse=True)
        start, end = 0, size
        if query.get("cursor"):
            way, key = self._read(query["cursor"], binding)
            if way == "next":
                start = sum(sort_key(row) >= key for row in ordered)
                end = start + size
            else:
                end = sum(sort_key(row) > key for row in ordered)
                start = max(end - size, 0)
        page = ordered[start:end]
        after = before = None
        if page and end < len(ordered):
            after = self._write("next", sort_key(page[-1]), binding)
        if page and start > 0:
            before = self._write("prev", sort_key(page[0]), binding)
        match fault:
            case faults.RepeatRows():
                page = ordered[max(start - fault.rows, 0) : end]
            case faults.SkipRows():
                page = page[fault.rows :]
            case faults.EndEarly():
                after = None
        return page, after, before

    def _size(self, query: Mapping[str, str], max_size: int) -> int:
        text = query.get("page_size")
        if not text:
            return min(self._default_size, max_size)
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= max_size:
            raise invalid_parameter(f"page_size: must be between 1 and {max_size}")
        return int(text)

    def _binding(self, endpoint: str, owner: str, query: Mapping[str, str]) -> str:
        pairs = sorted((k, v) for k, v in query.items() if k not in _FREE and v)
        return hashlib.sha256(json.dumps([endpoint, owner, pairs]).encode()).hexdigest()[:16]

    def _write(self, way: str, key: tuple[int, int], binding: str) -> str:
        body = json.dumps([way, *key, binding]).encode()
        return base64.urlsafe_b64encode(self._sign(body) + body).decode()

    def _read(self, cursor: str, binding: str) -> tuple[str, tuple[int, int]]:
        try:
            raw = base64.urlsafe_b64decode(cursor.encode())
        except (ValueError, binascii.Error):
            raise _bad_cursor() from None
        if not hmac.compare_digest(raw[:32], self._sign(raw[32:])):
            raise _bad_cursor()
        way, time, serial, bound = json.loads(raw[32:])
        if bound != binding:
            raise _bad_cursor()
        return way, (time, serial)

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._secret, body, hashlib.sha256).digest()


def _bad_cursor() -> Refusal:
    return invalid_parameter("cursor: is invalid for this query")


def paginated(rows: list[Any], after: str | None, before: str | None) -> dict[str, Any]:
    """Return the body of a page."""
    return {"next": after, "prev": before, "results": rows}
