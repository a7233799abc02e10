"""
A market's klines of a range, whole (PROTOCOL 4.1).

The venue does not say how many klines it gives at once. They are asked for in windows, and where
an answer leaves out an end of its window, that end is asked for again: only an answer of nothing
says that there is nothing. Rows are each given once and in order, whatever the venue sends.
"""

from collections.abc import AsyncIterator
from collections.abc import Sequence
from typing import Final
from typing import Protocol

from nautilus_paradex.parsing.bars import KlineSpec
from nautilus_paradex.protocol.messages import Kline


#: Klines that are asked for at once.
WINDOW: Final = 500

#: Shorter answers than this were not cut off by the venue: they are what there is.
_UNCUT: Final = 100


class KlineReader(Protocol):
    """The REST call that is needed."""

    async def klines(
        self,
        market: str,
        *,
        resolution_mins: int,
        start_ms: int,
        end_ms: int,
        price_kind: str | None = None,
    ) -> list[Kline]:
        """Return klines that open within the bounds."""


async def newest_klines(
    rest: KlineReader, spec: KlineSpec, first_ms: int, last_ms: int, limit: int | None
) -> list[Kline]:
    """
    Return the klines that open within the bounds, or the newest of them, oldest first.

    Parameters
    ----------
    first_ms, last_ms : int
        When the first and the last open, UNIX milliseconds on the grid of the resolution.
    limit : int, optional
        How many at most; all where None.

    """
    size = WINDOW if limit is None else min(WINDOW, max(limit, _UNCUT))
    windows: list[list[Kline]] = []
    count = 0
    high = last_ms
    while high >= first_ms and (limit is None or count < limit):
        low = max(first_ms, high - (size - 1) * spec.step_ms)
        windows.append(await _window(rest, spec, low, high))
        count += len(windows[-1])
        high = low - spec.step_ms
    found = [row for window in reversed(windows) for row in window]
    return found if limit is None else found[-limit:]


async def oldest_klines(
    rest: KlineReader, spec: KlineSpec, first_ms: int, last_ms: int
) -> AsyncIterator[Sequence[Kline]]:
    """Yield the klines that open within the bounds, window by window, oldest first."""
    low = first_ms
    while low <= last_ms:
        high = min(last_ms, low + (WINDOW - 1) * spec.step_ms)
        yield await _window(rest, spec, low, high)
        low = high + spec.step_ms


async def _window(rest: KlineReader, spec: KlineSpec, first_ms: int, last_ms: int) -> list[Kline]:
    found: dict[int, Kline] = {}
    asked = [(first_ms, last_ms)]
    while asked:
        low, high = asked.pop()
        # One more at the end: if the venue leaves out what opens at the end itself is not known.
        rows = await rest.klines(
            spec.market,
            resolution_mins=spec.resolution_mins,
            start_ms=low,
            end_ms=high + spec.step_ms,
            price_kind=spec.price_kind.value,
        )
        inside = {row.open_at: row for row in rows if low <= row.open_at <= high}
        found |= inside
        if len(rows) < _UNCUT or not inside:
            continue
        if min(inside) > low:
            asked.append((low, min(inside) - spec.step_ms))
        if max(inside) < high:
            asked.append((max(inside) + spec.step_ms, high))
    return [found[moment] for moment in sorted(found)]
