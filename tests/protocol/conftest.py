"""All of the protocol's tests run in a user's decimal context: no number may follow it."""

from collections.abc import Iterator

import pytest

from tests.hostile_context import hostile_context


@pytest.fixture(autouse=True)
def _users_context() -> Iterator[None]:
    with hostile_context():
        yield
