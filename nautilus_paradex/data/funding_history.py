"""
A market's funding history, thinned to its funding period.

The venue keeps a row every 5 s or so: 17,280 a day, of which a rate per funding period is what is
mostly wanted. The last row of each period is found by reading the minute before the period ends.
"""

import asyncio
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import batched
from typing import Final
from typing import Protocol

from nautilus_paradex.protocol.events import FundingData


#: Periods that are read at once.
CONCURRENCY: Final = 4

#: Where the last row of a period is looked for first; it has a dozen rows.
_LAST_MS: Final = 60_000

_NS_PER_MS: Final = 1_000_000
_MS_PER_MINUTE: Final = 60_000


class FundingReader(Protocol):
    """The REST call that is needed."""

    async def funding_data(
        self,
        market: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int | None = None,
    ) -> list[FundingData]:
        """Return rows of a time range, or the newest of them."""


def periods(start_ms: int, end_ms: int, interval: int) -> Iterator[tuple[int, int]]:
    """Yield the funding periods of a range by their first and last millisecond, newest first."""
    step = interval * _MS_PER_MINUTE
    number = end_ms // step
    while number * step + step > start_ms:
        yield max(start_ms, number * step), min(end_ms, number * step + step - 1)
        number -= 1


async def last_rows(
    rest: FundingReader, market: str, start_ms: int, end_ms: int, interval: int, limit: int | None
) -> list[FundingData]:
    """
    Return the last row of each funding period, oldest first.

    Periods follow each other from midnight UTC. Of a period that lies in the range
    in part the last row of that part is given. A period without rows is left out.

    Parameters
    ----------
    start_ms, end_ms : int
        UNIX milliseconds; both belong to the range.
    interval : int
        The market's funding period, minutes.
    limit : int, optional
        How many of the newest at most; all where None.

    """
    found: list[FundingData] = []
    for several in batched(periods(start_ms, end_ms, interval), CONCURRENCY):
        found += await _last_rows(rest, market, several)
        if limit is not None and len(found) >= limit:
            del found[limit:]
            break
    found.reverse()
    return found


async def _last_rows(
    rest: FundingReader, market: str, several: Sequence[tuple[int, int]]
) -> list[FundingData]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_last_row(rest, market, *period)) for period in several]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [row for task in tasks if (row := task.result()) is not None]


async def _last_row(
    rest: FundingReader, market: str, first_ms: int, last_ms: int
) -> FundingData | None:
    near = max(first_ms, last_ms - _LAST_MS)
    # A millisecond more: if the venue leaves out what is at the end itself is not known.
    rows = await rest.funding_data(market, start_ms=near, end_ms=last_ms + 1)
    row = _newest(rows, near, last_ms)
    if row is None and near > first_ms:
        rows = await rest.funding_data(market, start_ms=first_ms, end_ms=near, limit=1)
        row = _newest(rows, first_ms, last_ms)
    return row


def _newest(rows: list[FundingData], first_ms: int, last_ms: int) -> FundingData | None:
    inside = [row for row in rows if first_ms <= row.created_ns // _NS_PER_MS <= last_ms]
    return max(inside, key=lambda row: row.created_ns, default=None)
