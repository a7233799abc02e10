"""
The venue's rate limits, kept on our side (PROTOCOL 8.1, rule E12).

Grants are counted in sliding windows, which is stricter than the venue's buckets: whatever fits
here fits there, wherever its windows begin. Limits of the internet address are shared by all
clients of a node; limits of the account belong to one client.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import TransportError


class Scope(StrEnum):
    """What a request counts against."""

    PUBLIC = "public"
    """Public GET, by address."""
    AUTH = "auth"
    """Tokens and onboarding, by address."""
    WS_CONNECT = "WebSocket connects"
    """By address."""
    PRIVATE_ADDRESS = "private by address"
    """What all accounts of an address ask together; `PRIVATE` counts here too."""
    PRIVATE = "private"
    """Private requests that are no order command, by account."""
    ORDER = "orders"
    """Order commands on REST and WebSocket, by account; a batch is one."""
    RETAIL_ORDER = "retail orders"
    """Orders of interactive accounts; `ORDER` counts too. Beyond it the account is treated as Pro
    (PROTOCOL 8.2)."""


class Window(msgspec.Struct, frozen=True):
    """At most `limit` grants in any `period` seconds, the last `reserve` of them for cancels."""

    limit: int
    period: float
    reserve: int = 0


LIMITS: Final[Mapping[Scope, tuple[Window, ...]]] = {
    Scope.PUBLIC: (Window(1500, 60.0),),
    Scope.AUTH: (Window(600, 60.0),),
    Scope.WS_CONNECT: (Window(20, 1.0), Window(600, 60.0)),
    Scope.PRIVATE_ADDRESS: (Window(1500, 60.0),),
    Scope.PRIVATE: (Window(120, 1.0), Window(600, 60.0)),
    Scope.ORDER: (Window(800, 1.0, reserve=80), Window(17_250, 60.0, reserve=750)),
    Scope.RETAIL_ORDER: (
        Window(3, 1.0),
        Window(30, 60.0),
        Window(300, 3_600.0),
        Window(1_000, 86_400.0),
    ),
}

_BY_ADDRESS: Final = frozenset({Scope.PUBLIC, Scope.AUTH, Scope.WS_CONNECT, Scope.PRIVATE_ADDRESS})
_ALSO: Final[Mapping[Scope, Scope]] = {
    Scope.PRIVATE: Scope.PRIVATE_ADDRESS,
    Scope.RETAIL_ORDER: Scope.ORDER,
}

# Two requests a window apart may arrive closer together: paths differ in length.
_ARRIVAL_MARGIN: Final = 0.05
# A window that we do not know is waited for no longer than this: then its next answer tells.
_LONGEST_HOLD: Final = 60.0

# Larger numbers of seconds are moments, not durations; of milliseconds and so on likewise.
_EARLIEST_S: Final = 1e8
_THOUSAND: Final = 1_000
_MOST_DIGITS: Final = 24

# A wait that rounds to nothing would spin on a clock of low resolution.
_SHORTEST_WAIT: Final = 0.001


class RateLimiter:
    """
    Grants requests within the venue's limits, first come, first served in each scope.

    Parameters
    ----------
    timing : Timing
        Clock and sleep.
    address : RateLimiter, optional
        Whose address limits this account shares; limits of its own where None.
    limits : Mapping[Scope, tuple[Window, ...]], optional
        Other windows than the venue's published ones.

    """

    def __init__(
        self,
        timing: Timing,
        *,
        address: "RateLimiter | None" = None,
        limits: Mapping[Scope, tuple[Window, ...]] = LIMITS,
    ) -> None:
        self._timing = timing
        self._quotas = {scope: _Quota(windows) for scope, windows in limits.items()}
        if address is not None:
            shared = address._quotas  # noqa: SLF001 - another object of this class
            self._quotas |= {scope: shared[scope] for scope in _BY_ADDRESS}

    async def acquire(
        self,
        scope: Scope,
        cost: int = 1,
        *,
        cancel: bool = False,
        max_wait: float | None = None,
    ) -> None:
        """
        Wait until a request may be sent, and count it.

        A wait that is cancelled counts nothing and lets the next in line go.

        Parameters
        ----------
        scope : Scope
            What it counts against.
        cost : int, default 1
            How much.
        cancel : bool, default False
            If it cancels orders: it may use the reserve and has a queue of its own.
        max_wait : float, optional
            Seconds at the head of the queue; without end where None.

        Raises
        ------
        TransportError
            If the limits leave no room within `max_wait`; nothing was counted.

        """
        quotas = self._chain(scope, cost)
        async with quotas[0].lane(cancel=cancel):
            waited = 0.0
            while wait := self._wait(quotas, cost, cancel=cancel):
                if max_wait is not None and waited + wait > max_wait:
                    raise TransportError(
                        f"the venue's rate limit of {scope.value} has no room for {wait:.1f} s",
                        sent=False,
                    )
                waited += wait
                await self._timing.sleep(wait)
            self._count(quotas, cost)

    def try_acquire(self, scope: Scope, cost: int = 1, *, cancel: bool = False) -> bool:
        """Count a request if it may be sent now and nobody waits for the same; tell if it may."""
        quotas = self._chain(scope, cost)
        if quotas[0].lane(cancel=cancel).locked() or self._wait(quotas, cost, cancel=cancel):
            return False
        self._count(quotas, cost)
        return True

    def hold(self, scope: Scope, seconds: float) -> None:
        """Grant nothing in a scope for `seconds`: the venue said so (``Retry-After``)."""
        self._quotas[scope].hold_until(self._timing.monotonic() + seconds)

    def observe(
        self, scope: Scope, headers: Mapping[str, str], *, venue_ms: int | None = None
    ) -> None:
        """
        Learn from an answer's ``x-ratelimit-*`` headers that less is left than we counted.

        Other programs may use the same account or address. What the venue says never widens a
        limit, and what it said holds until its window ends, or for as long as is sensible.

        Parameters
        ----------
        venue_ms : int, optional
            The venue's clock, UNIX milliseconds; ours where None.

        """
        now_ms = self._timing.time_ms() if venue_ms is None else venue_ms
        seen = _Headers.parse(headers, now_ms)
        if seen is not None:
            self._quotas[scope].observe(seen, self._timing.monotonic())

    def _chain(self, scope: Scope, cost: int) -> list["_Quota"]:
        quotas = [self._quotas[scope]]
        if scope in _ALSO:
            quotas.append(self._quotas[_ALSO[scope]])
        if cost < 1 or any(cost > quota.largest_cost for quota in quotas):
            raise ValueError(f"{cost} can never be granted in the scope {scope.value}")
        return quotas

    def _wait(self, quotas: list["_Quota"], cost: int, *, cancel: bool) -> float:
        now = self._timing.monotonic()
        wait = max(quota.wait(now, cost, cancel=cancel) for quota in quotas)
        return max(wait, _SHORTEST_WAIT) if wait > 0 else 0.0

    def _count(self, quotas: list["_Quota"], cost: int) -> None:
        now = self._timing.monotonic()
        for quota in quotas:
            quota.count(now, cost)


class _Headers(msgspec.Struct, frozen=True):
    remaining: int
    limit: int | None
    reset_in: float | None
    """Seconds until the venue's window ends."""

    @classmethod
    def parse(cls, headers: Mapping[str, str], now_ms: int) -> "_Headers | None":
        remaining = _number(headers.get("x-ratelimit-remaining"))
        if remaining is None:
            return None
        limit = _number(headers.get("x-ratelimit-limit"))
        reset = _number(headers.get("x-ratelimit-reset"))
        # Whether the venue sends a moment or a duration, and in which unit, is not documented.
        if reset is not None and reset > _EARLIEST_S:
            while reset > _EARLIEST_S * _THOUSAND:
                reset /= _THOUSAND
            reset -= now_ms / _THOUSAND
        return cls(
            remaining=max(0, int(remaining)),
            limit=None if limit is None else int(limit),
            reset_in=None if reset is None else max(0.0, reset),
        )


def _number(text: str | None) -> float | None:
    if text is None or len(text) > _MOST_DIGITS:
        return None
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    return float(text)


class _Quota:
    """The windows of one scope, and the queues before them."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._windows = tuple(_Count(window) for window in windows)
        self._lanes = (asyncio.Lock(), asyncio.Lock())
        self._held_until = float("-inf")
        self.largest_cost = min(window.limit - window.reserve for window in windows)

    def lane(self, *, cancel: bool) -> asyncio.Lock:
        # A lock wakes its waiters in the order in which they came.
        return self._lanes[cancel]

    def wait(self, now: float, cost: int, *, cancel: bool) -> float:
        wait = max(window.wait(now, cost, cancel=cancel) for window in self._windows)
        return max(wait, self._held_until - now)

    def count(self, now: float, cost: int) -> None:
        for window in self._windows:
            window.count(now, cost)

    def hold_until(self, moment: float) -> None:
        self._held_until = max(self._held_until, moment)

    def observe(self, seen: _Headers, now: float) -> None:
        named = [count for count in self._windows if count.window.limit == seen.limit]
        if named:
            for count in named:
                count.observe(seen, now)
        elif seen.remaining == 0:
            # A window that we do not know is used up: nothing passes until it ends.
            shortest = min(count.window.period for count in self._windows)
            reset_in = shortest if seen.reset_in is None else seen.reset_in
            self.hold_until(now + min(reset_in, _LONGEST_HOLD))


class _Count:
    """What was granted in one window."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._period = window.period + _ARRIVAL_MARGIN
        self._grants: deque[tuple[float, int]] = deque()
        self._granted = 0
        self._others = 0
        self._others_until = float("-inf")

    def wait(self, now: float, cost: int, *, cancel: bool) -> float:
        """Return the seconds until there is room; 0 or less if there is."""
        self._forget(now)
        allowed = self.window.limit - (0 if cancel else self.window.reserve)
        excess = self._granted + self._others + cost - allowed
        return self._room_in(now, excess) if excess > 0 else 0.0

    def count(self, now: float, cost: int) -> None:
        self._forget(now)
        self._granted += cost
        if self._grants and self._grants[-1][0] == now:
            self._grants[-1] = (now, self._grants[-1][1] + cost)
        else:
            self._grants.append((now, cost))

    def observe(self, seen: _Headers, now: float) -> None:
        self._forget(now)
        others = self.window.limit - seen.remaining - self._granted
        # Answers overtake each other: an older one must not give back what a newer one took.
        if others > self._others:
            reset_in = self.window.period if seen.reset_in is None else seen.reset_in
            self._others = others
            self._others_until = now + min(reset_in, self.window.period)

    def _room_in(self, now: float, excess: int) -> float:
        others = self._others
        for moment, cost in self._grants:
            end = moment + self._period
            if others and self._others_until <= end:
                excess -= others
                others = 0
                if excess <= 0:
                    return self._others_until - now
            excess -= cost
            if excess <= 0:
                return end - now
        return self._others_until - now

    def _forget(self, now: float) -> None:
        while self._grants and self._grants[0][0] + self._period <= now:
            self._granted -= self._grants.popleft()[1]
        if self._others_until <= now:
            self._others = 0
