"""Rate limits in the venue's own windows, with its headers (PROTOCOL 8.1)."""

import math
from collections.abc import Callable
from typing import NamedTuple

from nautilus_paradex.simulator.server.config import RateLimits
from nautilus_paradex.simulator.server.refusals import RATE_LIMITED
from nautilus_paradex.simulator.server.refusals import Refusal


class Allowance(NamedTuple):
    """What is left of a window, as the ``x-ratelimit-*`` headers say it."""

    limit: int
    remaining: int
    reset_s: int
    """UNIX seconds at which the bucket is full again."""
    window_s: int

    def headers(self) -> dict[str, str]:
        """Return the headers of an answer."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset_s),
            "x-ratelimit-window": str(self.window_s),
        }


class _Bucket:
    """A token bucket in integers: one request costs ``window`` units, ``limit`` a microsecond."""

    __slots__ = ("_capacity", "_level", "_us", "limit", "window_s")

    def __init__(self, limit: int, window_s: int, now_us: int) -> None:
        self.limit = limit
        self.window_s = window_s
        self._capacity = limit * window_s * 1_000_000
        self._level = self._capacity
        self._us = now_us

    def refill(self, now_us: int) -> None:
        elapsed = max(now_us - self._us, 0)
        self._level = min(self._level + elapsed * self.limit, self._capacity)
        self._us = now_us

    def wait_us(self) -> int:
        missing = self.window_s * 1_000_000 - self._level
        return max(-(-missing // self.limit), 0)

    def take(self) -> None:
        self._level -= self.window_s * 1_000_000

    def allowance(self) -> Allowance:
        unit = self.window_s * 1_000_000
        full_us = self._us + -(-(self._capacity - self._level) // self.limit)
        return Allowance(
            limit=self.limit,
            remaining=self._level // unit,
            reset_s=math.ceil(full_us / 1_000_000),
            window_s=self.window_s,
        )


class RateLimiter:
    """
    Counts requests by class and key.

    Parameters
    ----------
    limits : RateLimits
        The windows of each class.
    clock_us : Callable[[], int]
        The venue's clock, UNIX microseconds.

    """

    def __init__(self, limits: RateLimits, clock_us: Callable[[], int]) -> None:
        self._limits = limits
        self._clock_us = clock_us
        self._buckets: dict[tuple[str, str], list[_Bucket]] = {}

    def take(self, kind: str, key: str) -> Allowance | None:
        """
        Count a request and return the tightest window's state.

        Parameters
        ----------
        kind : str
            A field of :class:`RateLimits`.
        key : str
            The account or address that is counted.

        Returns
        -------
        Allowance or None
            None if limits are not enforced.

        Raises
        ------
        Refusal
            429 with ``Retry-After``, or 42901, if a window is used up.

        """
        if not self._limits.enforced:
            return None
        buckets = self._refilled(kind, key)
        wait_us = max(bucket.wait_us() for bucket in buckets)
        if wait_us > 0:
            empty = max(buckets, key=_Bucket.wait_us).allowance()
            headers = empty.headers() | {"Retry-After": str(math.ceil(wait_us / 1_000_000))}
            raise Refusal(
                "", "rate limit exceeded", status=429, headers=headers, rpc_code=RATE_LIMITED
            )
        for bucket in buckets:
            bucket.take()
        return min((bucket.allowance() for bucket in buckets), key=lambda a: a.remaining)

    def has_room(self, kind: str, key: str) -> bool:
        """Count a request if the windows allow it, and return if they did."""
        try:
            self.take(kind, key)
        except Refusal:
            return False
        return True

    def _refilled(self, kind: str, key: str) -> list[_Bucket]:
        now_us = self._clock_us()
        buckets = self._buckets.get((kind, key))
        if buckets is None:
            windows: tuple[tuple[int, int], ...] = getattr(self._limits, kind)
            buckets = [_Bucket(limit, window, now_us) for limit, window in windows]
            self._buckets[kind, key] = buckets
        for bucket in buckets:
            bucket.refill(now_us)
        return buckets
