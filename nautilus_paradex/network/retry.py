"""When and how long to wait before asking again."""

from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec

from nautilus_paradex.protocol.connection import backoff_ceiling


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How a request that may be repeated is repeated."""

    max_retries: int = 3
    """Repetitions after the first attempt; 0 never repeats."""
    initial_ms: int = 100
    """The longest delay before the first repetition; it doubles from there."""
    max_ms: int = 5_000
    """The longest delay that is chosen by us."""
    max_retry_after: float = 60.0
    """Seconds: a venue that asks for a longer pause than this gets no repetition."""

    def __post_init__(self) -> None:
        if self.max_retries < 0 or self.initial_ms <= 0 or self.max_ms < self.initial_ms:
            raise ValueError(
                "retries need max_retries >= 0 and 0 < retry_delay_initial_ms <= retry_delay_max_ms"
            )

    def delay(
        self, retry: int, retry_after: float | None, random: Callable[[], float]
    ) -> float | None:
        """
        Return the seconds to wait before a repetition, or None if there shall be none.

        Parameters
        ----------
        retry : int
            1 for the first repetition.
        retry_after : float, optional
            Seconds that the venue asks for; never undercut.
        random : Callable[[], float]
            A number from [0, 1).

        """
        if retry > self.max_retries:
            return None
        ceiling = backoff_ceiling(retry, self.initial_ms / 1000, self.max_ms / 1000)
        jittered = ceiling * (0.5 + 0.5 * random())
        if retry_after is None:
            return jittered
        if retry_after > self.max_retry_after:
            return None
        # Everybody who was refused has the same number: jitter comes on top.
        return retry_after + jittered


def parse_retry_after(value: str | None, now_ms: int) -> float | None:
    """
    Return the seconds that a ``Retry-After`` header asks for, or None where it says nothing.

    Parameters
    ----------
    value : str, optional
        Seconds, or an HTTP date.
    now_ms : int
        The venue's clock, UNIX milliseconds.

    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now_ms / 1000)
