"""What holds in every test: the adapter sends the local Paradex only what the venue documents."""

from collections.abc import Callable
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

from tests.official.documents import FOLDER
from tests.official.documents import SKIPPED
from tests.official.documents import OfficialDocuments
from tests.official.watch import WATCH
from tests.official.watch import RequestWatch
from tests.reliability.lines import LINES
from tests.reliability.lines import MARKER


# Timings are never judged: machines are shared.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_SEEN = "requests_seen"

type Count = Callable[..., None]


@pytest.fixture
def count(record_property: Callable[[str, object], None]) -> Count:
    """
    Return what notes figures of a test, such as ``count(orders=200, cuts=1, seed=5)``.

    Tests with the marker ``survives`` get them into docs/reliability.md: whole numbers are added
    up over the tests of a line, and seeds are listed.
    """

    def note(**figures: int) -> None:
        for name, figure in figures.items():
            record_property(name, figure)

    return note


def pytest_report_header() -> str:
    """Say whether requests are checked."""
    return f"official documents: {'requests are checked' if FOLDER.is_dir() else SKIPPED}"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Stand in every local Paradex of the run."""
    if not FOLDER.is_dir():
        return
    watch = RequestWatch(OfficialDocuments.read())
    patch = pytest.MonkeyPatch()
    watch.install(patch)
    session.config.add_cleanup(patch.undo)
    session.config.stash[WATCH] = watch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the report of a test name the line that it proves."""
    for item in items:
        for mark in item.iter_markers(MARKER):
            if mark.args[0] not in LINES:
                raise pytest.UsageError(f"{item.nodeid}: the page has no line {mark.args[0]}")
            item.user_properties.append((MARKER, mark.args[0]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail the test that sent a wrong request."""
    return (yield from _judged(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail the test whose fixtures sent a wrong request when they ended."""
    return (yield from _judged(item))


def _judged(item: pytest.Item) -> Generator[None, Any, Any]:
    watch = item.config.stash.get(WATCH, None)
    return (yield) if watch is None else (yield from watch.judge())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that runs the workers how many requests were checked."""
    watch = session.config.stash.get(WATCH, None)
    if watch is not None and hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_SEEN] = watch.seen


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add a worker's requests."""
    watch = node.config.stash.get(WATCH, None)
    if watch is not None:
        watch.seen += getattr(node, "workeroutput", {}).get(_SEEN, 0)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many requests were checked."""
    watch = config.stash.get(WATCH, None)
    if watch is not None and watch.seen:
        terminalreporter.write_line(f"official documents: {watch.seen} requests checked")
