"""
Every request that reaches a local Paradex in this process, judged by the venue's documents.

The watch stands inside the local Paradex, so that it sees whatever arrives, also from a node in
another process, and before any fault of a script. REST requests of the adapter are known by its
User-Agent. Of sockets only those are left out whose upgrade names a foreign client: the adapter's
names none. So raw clients, which tests of refusals need, may send what they like.
"""

from collections.abc import Callable
from collections.abc import Generator
from collections.abc import Mapping
from typing import Any
from typing import Final

import pytest
from aiohttp import web

from nautilus_paradex.simulator.server.app import Server
from nautilus_paradex.simulator.server.rest import RestServer
from nautilus_paradex.simulator.server.sessions import Session
from tests.official.documents import OfficialDocuments
from tests.official.documents import request_path


ADAPTER_AGENT: Final = "paradex-nt"
_USER_AGENT: Final = "User-Agent"


class WrongRequestError(AssertionError):
    """The adapter sent what the venue's documents do not know."""


class RequestWatch:
    """
    Judges requests and keeps what is wrong with them.

    Parameters
    ----------
    documents : OfficialDocuments
        The judge.

    """

    def __init__(self, documents: OfficialDocuments) -> None:
        self._documents = documents
        self._problems: list[str] = []
        self.seen = 0

    def take_problems(self) -> list[str]:
        """Return what was found since the last time, each once."""
        found, self._problems = self._problems, []
        return list(dict.fromkeys(found))

    def on_rest(self, request: web.BaseRequest, body: bytes) -> None:
        """Judge a REST request, if the adapter sent it."""
        if request.headers.get(_USER_AGENT) != ADAPTER_AGENT:
            return
        path, query = request_path(request.raw_path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.judge_rest(request.method, path, query, headers, body)

    def judge_rest(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Judge a REST request; the parameters are those of `OfficialDocuments.rest_problems`."""
        found = self._documents.rest_problems(method, path, query, headers, body)
        self._note(f"{method} {path}", found)

    def on_upgrade(self, request: web.BaseRequest) -> None:
        """Judge an upgrade, unless a foreign client sent it."""
        if _USER_AGENT not in request.headers:
            _, query = request_path(request.raw_path)
            self._note("WS upgrade", self._documents.upgrade_problems(query))

    def on_frame(self, upgrade: web.BaseRequest | None, method: str, frame: str) -> None:
        """Judge a text frame, unless a foreign client sent it."""
        if upgrade is None or _USER_AGENT not in upgrade.headers:
            self._note(f"WS {method}", self._documents.call_problems(frame))

    def _note(self, what: str, found: list[str]) -> None:
        self.seen += 1
        self._problems += [f"{what}: {problem}" for problem in found]

    # -- TESTS -------------------------------------------------------------------------------------

    def judge(self) -> Generator[None, Any, Any]:
        """Run a test as pytest's hooks do, and fail it if wrong requests were sent."""
        try:
            result = yield
        except BaseException as error:
            for problem in self.take_problems():
                error.add_note(f"wrong request: {problem}")
            raise
        problems = self.take_problems()
        if problems:
            raise WrongRequestError("\n".join(problems))
        return result

    # -- HOOKS -------------------------------------------------------------------------------------

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Stand in every local Paradex from now on."""
        self._wrap(patch, RestServer, "_serve", self._before_rest)
        self._wrap(patch, Server, "_upgrade", self._before_upgrade)
        self._wrap(patch, Session, "_on_text", self._before_frame)

    @staticmethod
    def _wrap(
        patch: pytest.MonkeyPatch, owner: type, name: str, before: Callable[..., Any]
    ) -> None:
        original = getattr(owner, name)

        async def judged(self: Any, *arguments: Any) -> Any:
            await before(self, *arguments)
            return await original(self, *arguments)

        patch.setattr(owner, name, judged)

    async def _before_rest(self, _: RestServer, request: web.BaseRequest, *__: Any) -> None:
        # The server keeps the body: it is read once.
        self.on_rest(request, await request.read())

    async def _before_upgrade(self, _: Server, request: web.BaseRequest) -> None:
        self.on_upgrade(request)

    async def _before_frame(self, session: Session, text: str, received_us: int) -> None:
        self.on_frame(session._socket._req, _method_of(text), text)


#: Where a run of tests keeps its watch.
WATCH: Final = pytest.StashKey[RequestWatch]()


def _method_of(frame: str) -> str:
    """Return a call's method, for a reader; the frame itself may hold a token."""
    _, _, rest = frame.partition('"method":')
    return rest.lstrip(' "').partition('"')[0][:40]
