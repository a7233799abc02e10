"""How far the venue's clock is from ours."""

import msgspec


class ClockOffset(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of clocks."""

    offset_ms: int
    """What must be added to our clock to get the venue's; signatures and tokens depend on it."""
    rtt_ms: float
    """The round trip that the comparison took: the offset is wrong by at most half of it."""


def compare(sent_ns: int, received_ns: int, server_ms: int) -> ClockOffset:
    """
    Return the offset, taking the server's time as read in the middle of the round trip.

    Parameters
    ----------
    sent_ns, received_ns : int
        Our clock before the request and after the answer, UNIX nanoseconds.
    server_ms : int
        The venue's clock, UNIX milliseconds.

    """
    offset_ns = server_ms * 1_000_000 - (sent_ns + received_ns) // 2
    return ClockOffset(
        # Half up: an offset of -0.4 ms is none.
        offset_ms=(offset_ns + 500_000) // 1_000_000,
        rtt_ms=(received_ns - sent_ns) / 1_000_000,
    )
