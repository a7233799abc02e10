"""What a node holds on to: what must not grow with the number of its connections."""

import asyncio
import gc
import os
from collections import Counter

from tests.virtual.sessions import VirtualSession


#: Connections may be closing, and polls under way, when it is counted.
_SLACK = 12


def holdings(at: VirtualSession) -> Counter[str]:
    """Count tasks, timers, descriptors, watches and trackers without an order."""
    gc.collect()
    room, cache = at.node.execution._room, at.node.cache
    known = {order.client_order_id.value for order in cache.orders()}
    known |= {o.venue_order_id.value for o in cache.orders() if o.venue_order_id is not None}
    strays = [
        tracker
        for tracker in room.registry
        if tracker.client_id not in known and tracker.order_id not in known
    ]
    return Counter(
        {
            "tasks": len(asyncio.all_tasks()),
            "timers": sum(not timer.cancelled() for timer in at.loop._scheduled),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "watches": len(room.submits._in_flight._watched),
            "background": len(at.node.execution._background) + len(at.node.data._background),
            "trackers without an order": len(strays),
        }
    )


def grown(before: Counter[str], after: Counter[str]) -> list[str]:
    """Return what has grown by more than a moment's work explains."""
    return [
        f"{name}: {before[name]} before, {after[name]} after"
        for name in after
        if after[name] > before[name] + _SLACK
    ]
