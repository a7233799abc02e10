"""Background work of a room: nothing is lost to the garbage collector, no failure goes unseen."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from nautilus_paradex.network.log import Log


class BackgroundTasks:
    """
    Tasks that nobody awaits, until they are cancelled together.

    The framework's own task keeper calls every task that is cancelled at shutdown a failure; a
    watch that sleeps is none.

    Parameters
    ----------
    log : Log
        Where failures are said.

    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run work in the background; once closed, it is canceled before it begins."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        if self._is_closed:
            task.cancel()
        return task

    def open(self) -> None:
        """Take work again after `close`."""
        self._is_closed = False

    async def close(self) -> None:
        """Cancel what still runs, and all that comes: what ends last must not begin anything."""
        self._is_closed = True
        await self.cancel_all()

    async def cancel_all(self) -> None:
        """Cancel what still runs, and wait until it has ended."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, Exception):
            self._log.exception(f"Failed to {task.get_name()}", error)
