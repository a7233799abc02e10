"""Background work: kept, cancelled together, failures said."""

import asyncio

from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.tasks import BackgroundTasks


class Said(NoLog):
    def __init__(self):
        self.errors = []

    def exception(self, message, error, /):
        self.errors.append((message, error))


async def test_a_failure_is_said_with_its_work():
    said = Said()
    tasks = BackgroundTasks(said)
    error = ValueError("no")

    async def fail():
        raise error

    await asyncio.wait([tasks.spawn(fail(), "count sheep")])
    assert said.errors == [("Failed to count sheep", error)]
    assert len(tasks) == 0


async def test_all_are_cancelled_and_awaited_without_a_word():
    said = Said()
    tasks = BackgroundTasks(said)
    ended = []

    async def wait_for_ever():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    for _ in range(3):
        tasks.spawn(wait_for_ever(), "wait")
    await asyncio.sleep(0)
    await tasks.cancel_all()
    assert (ended, said.errors, len(tasks)) == ([True] * 3, [], 0)


async def test_closed_tasks_begin_nothing_until_they_are_opened_again():
    tasks = BackgroundTasks(Said())
    done = []

    async def work():
        done.append(True)

    await tasks.close()
    late = tasks.spawn(work(), "come late")
    await asyncio.wait([late])
    assert (done, late.cancelled()) == ([], True)
    tasks.open()
    await tasks.spawn(work(), "come in time")
    assert done == [True]
