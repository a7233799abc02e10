"""Endpoints' tests ask a scripted server: what they send is judged by the venue's documents too."""

from collections.abc import Iterator

import pytest

from tests.network.scripted_server import ScriptedServer
from tests.official.documents import request_path
from tests.official.watch import WATCH


_ENDPOINTS = "test_endpoints_rest"


@pytest.fixture(autouse=True)
def _endpoints_are_the_venues(request: pytest.FixtureRequest) -> Iterator[None]:
    watch = request.config.stash.get(WATCH, None)
    is_meant = request.module.__name__.rpartition(".")[2] == _ENDPOINTS
    if watch is None or not is_meant or "server" not in request.fixturenames:
        yield
        return
    server: ScriptedServer = request.getfixturevalue("server")
    yield
    for seen in server.seen:
        path, query = request_path(seen.target)
        watch.judge_rest(seen.method, path, query, seen.headers, seen.body)
