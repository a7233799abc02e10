"""Counts at the venue, in its own windows: connects, logins and requests (PROTOCOL 8.1)."""

from collections import Counter
from collections import defaultdict
from itertools import pairwise
from typing import Any

from nautilus_paradex.simulator.server.config import RateLimits
from tests.faults.sessions import Session
from tests.virtual.sessions import VirtualSession


_PUBLIC = ("/system", "/markets", "/orderbook", "/bbo", "/trades", "/funding/data")
_CONNECTS = "connects"
_LOGINS = "auth"


class VenueCounts:
    """
    Every WebSocket upgrade and request that reached the venue, with its time.

    Parameters
    ----------
    at : VirtualSession
        The session; counted is from now on.

    Attributes
    ----------
    times : dict[str, list[float]]
        The loop's times by class of limit, a field of `RateLimits`.

    """

    def __init__(self, at: VirtualSession) -> None:
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self._limits: RateLimits = at.venue.config.limits
        queue, loop = at.venue.faults, at.loop
        known_connect, known_request = queue.on_connect, queue.on_request

        def on_connect(sbe_version: int | None) -> Any:
            self.times[_CONNECTS].append(loop.time())
            return known_connect(sbe_version)

        def on_request(method: str, path: str) -> Any:
            kind = _class_of(method, path)
            self.times[kind].append(loop.time())
            if kind == "private":
                self.times["private_address"].append(loop.time())
            return known_request(method, path)

        queue.on_connect = on_connect
        queue.on_request = on_request

    def total(self, kind: str) -> int:
        """Return how many there were of a class."""
        return len(self.times[kind])

    def intervals(self, kind: str) -> list[float]:
        """Return the seconds between one and the next of a class."""
        return [later - before for before, later in pairwise(self.times[kind])]

    def peaks(self) -> dict[tuple[str, int], int]:
        """Return the most that any window of the documented lengths held, by class and window."""
        return {
            (kind, window): most_within(self.times[kind], window)
            for kind in RateLimits.__struct_fields__
            if kind not in ("enforced", "interactive")
            for _, window in getattr(self._limits, kind)
        }

    def excesses(self) -> list[str]:
        """Return which documented limits were exceeded."""
        peaks = self.peaks()
        return [
            f"{kind}: {peaks[kind, window]} in {window} s, allowed are {limit}"
            for kind, window in peaks
            for limit, seconds in getattr(self._limits, kind)
            if seconds == window and peaks[kind, window] > limit
        ]


def most_within(times: list[float], window: float) -> int:
    """Return the most of ascending times that lie within any window of so many seconds."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def _class_of(method: str, path: str) -> str:
    if path.startswith(("/auth", "/onboarding")):
        return _LOGINS
    if method == "WS":
        return "orders" if path.startswith("order.") else "calls"
    if path.startswith(("/orders", "/algo/orders")) and method != "GET":
        return "orders"
    return "public" if path.startswith(_PUBLIC) else "private"


def placed_by_node(at: Session) -> Counter[str]:
    """Return how many orders the venue has of each of the node's own client ids."""
    mine = {order.client_order_id.value for order in at.node.cache.orders()}
    return Counter(
        order.client_id
        for order in at.venue.exchange.queries.order_history(at.account)
        if order.client_id in mine
    )
