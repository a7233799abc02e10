"""REST requests: who asks, how often, what is answered, and the faults on the way."""

import json
import logging
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from typing import Any
from typing import Final
from typing import Literal

import msgspec
from aiohttp import web

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.clock import pause
from nautilus_paradex.simulator.faults.changes import with_unknown_fields
from nautilus_paradex.simulator.faults.changes import with_value
from nautilus_paradex.simulator.server.auth import Principal
from nautilus_paradex.simulator.server.channels import Hub
from nautilus_paradex.simulator.server.cursors import paginated
from nautilus_paradex.simulator.server.desk import Accepted
from nautilus_paradex.simulator.server.limits import Allowance
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import engine_refusals
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.refusals import missing
from nautilus_paradex.simulator.server.refusals import refusal_of
from nautilus_paradex.simulator.server.venue import Venue


_log = logging.getLogger(__name__)

type Kind = Literal["public", "auth", "private", "command"]
"""What a request counts as; private ones and commands need a token."""

_LOOPBACK: Final = "127.0.0.1"
_MS_DIGITS: Final = 16
#: Longer than any client waits for an answer.
_FOR_EVER_S: Final = 3600.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is answered with."""

    body: Any = None
    """JSON; None is an empty body."""
    status: int = 200
    accepted: Accepted[Any] | None = None
    """A command that is still to be executed."""


class Call:
    """
    A request that passed the door.

    Attributes
    ----------
    principal : Principal
        Who asks; of public requests nobody.
    query : dict[str, str]
        The parameters of the URL.
    received_us : int
        UNIX microseconds.

    """

    def __init__(
        self, request: web.Request, venue: Venue, principal: Principal | None, received_us: int
    ) -> None:
        self.request = request
        self.venue = venue
        self.queries = venue.exchange.queries
        self.query = dict(request.query)
        self.received_us = received_us
        self._principal = principal

    @property
    def principal(self) -> Principal:
        """Who asks."""
        if self._principal is None:
            raise Refusal("UNAUTHORIZED_ERROR", "missing bearer token")
        return self._principal

    @property
    def account(self) -> str:
        """The account that asks."""
        return self.principal.account

    def path(self, name: str) -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def required(self, name: str) -> str:
        """
        Return a parameter.

        Raises
        ------
        Refusal
            VALIDATION_ERROR without it.

        """
        value = self.query.get(name)
        if not value:
            raise missing(name)
        return value

    def optional(self, name: str) -> str | None:
        """Return a parameter, or None where it is absent or empty."""
        return self.query.get(name) or None

    def time_ms(self, name: str) -> int | None:
        """
        Return a parameter that is UNIX milliseconds.

        Raises
        ------
        Refusal
            INVALID_REQUEST_PARAMETER for anything else.

        """
        text = self.query.get(name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > _MS_DIGITS:
            raise invalid_parameter(f"{name}: must be UNIX milliseconds")
        return int(text)

    async def json(self) -> Any:
        """
        Return the body.

        Raises
        ------
        Refusal
            BINDING_ERROR if it is no JSON.

        """
        try:
            return json.loads(await self.request.read())
        except ValueError:
            raise Refusal("BINDING_ERROR", "body is no JSON") from None

    async def json_object(self) -> dict[str, Any]:
        """
        Return the body, an object.

        Raises
        ------
        Refusal
            BINDING_ERROR if it is none.

        """
        body = await self.json()
        if not isinstance(body, dict):
            raise Refusal("BINDING_ERROR", "an object is expected")
        return body

    def page[Row](
        self,
        endpoint: str,
        rows: Iterable[Row],
        sort_key: Callable[[Row], tuple[int, int]],
        to_json: Callable[[Row], Any],
        *,
        is_private: bool = True,
        max_size: int | None = None,
    ) -> Answer:
        """Return the page of a list that the query asks for."""
        path = self.request.path.removeprefix("/v1")
        page, after, before = self.venue.pager.page(
            endpoint,
            self.account if is_private else "",
            self.query,
            list(rows),
            sort_key,
            max_size=max_size,
            fault=self.venue.faults.on_page(path, bool(self.query.get("cursor"))),
        )
        return Answer(body=paginated([to_json(row) for row in page], after, before))


def results(rows: Iterable[Any]) -> Answer:
    """Return the answer of an unpaged list."""
    return Answer(body={"results": list(rows)})


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint."""

    method: str
    path: str
    """Without ``/v1``; parts in braces are variable."""
    kind: Kind
    handler: Callable[[Call], Awaitable[Answer]]
    works_in_maintenance: bool = False


class RestServer:
    """
    Serves endpoints.

    Parameters
    ----------
    venue : Venue
        The running venue.
    hub : Hub
        Announces what happens.
    answer_gap_s : float
        How long an answer waits behind its notification where that comes first: they are on
        different connections.

    """

    def __init__(self, venue: Venue, hub: Hub, answer_gap_s: float = 0.005) -> None:
        self._venue = venue
        self._hub = hub
        self._answer_gap_s = answer_gap_s
        self._last_lists: dict[tuple[str, str], Answer] = {}

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the aiohttp handler of an endpoint."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, route)

        return handle

    async def _serve(self, request: web.Request, route: Route | None) -> web.StreamResponse:
        venue = self._venue
        received_us = venue.clock_us()
        # What has arrived is carried out, also when the client leaves during a wait.
        await request.read()
        await venue.awake.wait()
        path = request.path.removeprefix("/v1")
        fault = venue.faults.on_request(request.method, path)
        match fault:
            case faults.HttpStatus(carried_out=False):
                return _faulty(fault)
            case faults.LostRequest():
                return _cut(request)
            case faults.Ignored():
                await pause(_FOR_EVER_S)
                return _cut(request)
            case faults.SlowRequest():
                await pause(fault.ms / 1000)
            case faults.LateRequest():
                await pause(fault.ms / 1000)
                received_us = venue.clock_us()
            case faults.ExpireTokens():
                venue.tokens.expire_all()
            case faults.ClockJump():
                venue.clock_us.jump(fault.ms)
        headers: dict[str, str] = {}
        try:
            answer = await self._answer(request, route, received_us, headers, fault)
        except Refusal as refusal:
            headers.update(refusal.headers)
            answer = Answer(status=refusal.status, body=refusal.body())
        except Exception:
            # The venue's own words for a failure of its own; ours goes to the log.
            _log.exception("A request failed: %s %s", request.method, path)
            answer = Answer(status=500, body=Refusal("INTERNAL_ERROR", "internal error").body())
        return await self._deliver(request, answer, headers, fault)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Answer a path that does not exist."""
        return await self._serve(request, None)

    async def _answer(
        self,
        request: web.Request,
        route: Route | None,
        received_us: int,
        headers: dict[str, str],
        fault: faults.RequestFault | None,
    ) -> Answer:
        if isinstance(fault, faults.Refused) and not fault.carried_out:
            raise refusal_of(fault)
        if route is None:
            raise Refusal("NOT_FOUND", f"{request.method} {request.path} does not exist")
        if not route.works_in_maintenance:
            self._venue.check_in_service()
        principal = self._admit(request, route, headers)
        call = Call(request, self._venue, principal, received_us)
        with engine_refusals():
            answer = await route.handler(call)
        if route.method != "GET" or "{" in route.path:
            return answer
        asked = ("" if principal is None else principal.account, route.path)
        if isinstance(fault, faults.StaleAnswer):
            return self._last_lists.get(asked, answer)
        self._last_lists[asked] = answer
        return answer

    def _admit(
        self, request: web.Request, route: Route, headers: dict[str, str]
    ) -> Principal | None:
        peer = request.remote or _LOOPBACK
        limiter = self._venue.limiter
        if route.kind in ("public", "auth"):
            _note(headers, limiter.take(route.kind, peer))
            return None
        principal = self._venue.authority.principal(request.headers.get("Authorization"), peer)
        if route.kind == "command":
            principal.require_trading()
            _note(headers, limiter.take("orders", principal.account))
        else:
            if request.method != "GET":
                principal.require_trading()
            limiter.take("private_address", peer)
            _note(headers, limiter.take("private", principal.account))
        return principal

    async def _deliver(
        self,
        request: web.Request,
        answer: Answer,
        headers: dict[str, str],
        fault: faults.RequestFault | None,
    ) -> web.StreamResponse:
        accepted = answer.accepted
        sequencer = self._venue.sequencer
        is_answer_first = accepted is None or self._venue.answers_first(fault)
        if accepted is not None and not is_answer_first:
            await sequencer.run(accepted.latency_s, accepted.process)
            self._hub.flush()
            await pause(self._answer_gap_s)
        if isinstance(fault, faults.SlowResponse):
            await pause(fault.ms / 1000)
        await self._venue.awake.wait()
        try:
            return await _write(request, answer, headers, fault)
        finally:
            # What was accepted is carried out, whether or not its sender is still there.
            if accepted is not None and is_answer_first:
                sequencer.schedule(accepted.latency_s, accepted.process)


def _note(headers: dict[str, str], allowance: Allowance | None) -> None:
    if allowance is not None:
        headers.update(allowance.headers())


async def _write(
    request: web.Request,
    answer: Answer,
    headers: dict[str, str],
    fault: faults.RequestFault | None,
) -> web.StreamResponse:
    if isinstance(fault, faults.LostResponse):
        return _cut(request)
    if isinstance(fault, faults.HttpStatus):
        return _faulty(fault)
    if isinstance(fault, faults.Refused):
        refusal = refusal_of(fault)
        answer = Answer(status=refusal.status, body=refusal.body())
    body = b"" if answer.body is None else msgspec.json.encode(answer.body)
    content_type = "application/json"
    if isinstance(fault, faults.MalformedBody):
        body, content_type = fault.body.encode(), "text/html"
    if isinstance(fault, faults.UnknownFields):
        body = msgspec.json.encode(with_unknown_fields(msgspec.json.decode(body or b"null")))
    if isinstance(fault, faults.UnknownValue):
        body = msgspec.json.encode(
            with_value(json.loads(body or b"null"), fault.field, fault.value, fault.of)
        )
    if isinstance(fault, faults.TruncatedBody):
        return await _truncate(request, answer.status, body)
    response = web.Response(
        body=body, status=answer.status, headers=headers, content_type=content_type
    )
    try:
        # Written here, not by the framework: what follows an answer follows it on the wire.
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        _log.debug("The client left before its answer")
    return response


async def _truncate(request: web.Request, status: int, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(status=status)
    response.content_type = "application/json"
    response.content_length = max(len(body), 2)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _faulty(fault: faults.HttpStatus) -> web.StreamResponse:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return web.Response(
        status=fault.status, text=fault.body, headers=headers, content_type=fault.content_type
    )
