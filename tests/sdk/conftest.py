"""One venue and one process of the SDK for all tests of this folder."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.sdk.sdk_world import World
from tests.sdk.sdk_world import sdk_world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_world() -> AsyncIterator[World]:
    async with sdk_world() as world:
        yield world


@pytest_asyncio.fixture(loop_scope="session")
async def w(shared_world: World) -> AsyncIterator[World]:
    """The world; a test after which the SDK has complained fails."""
    shared_world.sdk.logs.clear()
    yield shared_world
    assert shared_world.sdk.logs == []
