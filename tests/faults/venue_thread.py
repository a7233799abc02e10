"""A local Paradex in a thread of its own: it goes on while the node's loop stands still."""

import asyncio
import threading
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from nautilus_paradex.simulator import LocalParadex


_DEADLINE_S = 20.0


class VenueThread:
    """
    A venue without a market of its own.

    Attributes
    ----------
    venue : LocalParadex
        To be read from outside while it is quiet, and acted on by `do`.

    """

    venue: LocalParadex

    def __init__(self, **settings: Any) -> None:
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="venue")

    def start(self, work: Callable[[], Awaitable[None]]) -> Future[None]:
        """Begin work on the venue's loop; it goes on whatever the caller does."""

        async def run() -> None:
            await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop)

    def do[T](self, work: Callable[[], T]) -> T:
        """Do work on the venue's loop, and return its result."""

        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_DEADLINE_S)

    async def _open(self) -> None:
        self.venue = LocalParadex(market=False, **self._settings)
        await self.venue.start()

    async def _close(self) -> None:
        await self.venue.stop()


@contextmanager
def venue_in_a_thread(**settings: Any) -> Iterator[VenueThread]:
    """Run a venue in a thread; the settings are those of `LocalParadex`."""
    thread = VenueThread(**settings)
    thread._thread.start()
    try:
        thread.start(thread._open).result(_DEADLINE_S)
        try:
            yield thread
        finally:
            thread.start(thread._close).result(_DEADLINE_S)
    finally:
        thread._loop.call_soon_threadsafe(thread._loop.stop)
        thread._thread.join(_DEADLINE_S)
        thread._loop.close()
