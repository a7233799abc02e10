"""Which part of a history a request asks for."""

from datetime import datetime
from typing import Final

import msgspec
from nautilus_trader.core.datetime import dt_to_unix_nanos
from nautilus_trader.core.datetime import unix_nanos_to_iso8601

from nautilus_paradex.protocol.errors import EncodeError


_NS_PER_MS: Final = 1_000_000

#: A present that is this old still is the present: a request needs a while from strategy to room.
_PRESENT_NS: Final = 60_000_000_000


class TimeRange(msgspec.Struct, frozen=True, kw_only=True):
    """
    A part of a history; both ends belong to it.

    Where there is a limit, its newest rows are meant, whether there is a start or not: those that
    join up with live data, as with the framework's official adapters.
    """

    start_ns: int | None
    """UNIX nanoseconds; None is from the beginning."""
    end_ns: int
    """UNIX nanoseconds; never in the future."""
    limit: int | None
    now_ns: int
    """Our clock when the request was read."""

    @property
    def start_ms(self) -> int | None:
        """The first whole millisecond of the range."""
        return None if self.start_ns is None else -(-self.start_ns // _NS_PER_MS)

    @property
    def end_ms(self) -> int:
        """The last whole millisecond of the range."""
        return self.end_ns // _NS_PER_MS

    @property
    def query_start_ms(self) -> int | None:
        """
        What to ask the venue for as a start.

        Whether its filters include their bounds is not documented: it is asked for a millisecond
        more at both ends, and `holds` leaves out what does not belong to the range.
        """
        return None if self.start_ms is None else max(0, self.start_ms - 1)

    @property
    def query_end_ms(self) -> int:
        """What to ask the venue for as an end; see `query_start_ms`."""
        return self.end_ms + 1

    @property
    def reaches_present(self) -> bool:
        """If what is now belongs to the range."""
        return self.end_ns >= self.now_ns - _PRESENT_NS

    def holds(self, moment_ns: int) -> bool:
        """Return if a moment belongs to the range."""
        return (self.start_ns or 0) <= moment_ns <= self.end_ns

    def check_bounded(self, what: str) -> None:
        """
        Check that not everything since the beginning is asked for.

        Raises
        ------
        EncodeError
            If there is neither a start nor a limit.

        """
        if self.start_ns is None and self.limit is None:
            raise EncodeError(f"all {what} since the beginning are too many: give start or limit")


def time_range(start: datetime | None, end: datetime | None, limit: int, now_ns: int) -> TimeRange:
    """
    Return the range that a request asks for.

    Parameters
    ----------
    start, end : datetime, optional
        Aware of their zone. The data engine writes the year 1970 for a start that is None.
    limit : int
        How many rows; 0 is all.
    now_ns : int
        Our clock, UNIX nanoseconds.

    Raises
    ------
    EncodeError
        If the range is empty by its bounds, begins in the future, or the limit is negative.

    """
    if limit < 0:
        raise EncodeError(f"a limit of {limit} makes no sense; 0 is no limit")
    start_ns = None if start is None else _nanos(start)
    if start_ns is not None and start_ns <= 0:
        start_ns = None
    end_ns = now_ns if end is None else _nanos(end)
    if start_ns is not None and start_ns > end_ns:
        raise EncodeError(
            f"start {unix_nanos_to_iso8601(start_ns)} is after end {unix_nanos_to_iso8601(end_ns)}"
            if end is not None
            else f"start {unix_nanos_to_iso8601(start_ns)} lies in the future"
        )
    if start_ns is not None and start_ns > now_ns:
        raise EncodeError(f"start {unix_nanos_to_iso8601(start_ns)} lies in the future")
    return TimeRange(
        start_ns=start_ns, end_ns=min(end_ns, now_ns), limit=limit or None, now_ns=now_ns
    )


def _nanos(moment: datetime) -> int:
    # Its stub knows fewer kinds of time than it takes.
    return int(dt_to_unix_nanos(moment))  # type: ignore[arg-type]
