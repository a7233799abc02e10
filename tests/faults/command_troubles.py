"""Everything that may happen to one command on its way: the list, for REST and WebSocket."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterable
from inspect import isawaitable
from typing import Final

import msgspec

from nautilus_paradex.simulator import faults
from tests.acceptance.node import until
from tests.virtual.sessions import VirtualSession
from tests.virtual.stories import until_healthy


REST, WS = "rest", "ws"

#: Beyond every timeout of the client (10 s), within the receive window of the cells' orders.
LATE_MS: Final = 12_000
#: Beyond that window too.
TOO_LATE_MS: Final = 20_000

_HTML: Final = "<html><body><h1>Something went wrong</h1></body></html>"
#: Longer than the client repeats what may be repeated.
_AWAY_S: Final = 15.0
_KEY_PAUSE_S: Final = 5.0
_ALWAYS: Final = 1_000_000

type Arm = Callable[[VirtualSession, str, str], object]
"""Makes it happen to the next request of a method and path."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to a command."""

    name: str
    arm: Arm
    carried_out: bool | None
    """If the first request is carried out at the venue; None if that depends on the command."""
    proof: bool = False
    """If what comes back proves that the request was not carried out, so that it may be told so."""
    again: int = 0
    """How often a create may be sent after such a proof."""
    afterwards: Callable[[VirtualSession], Awaitable[None]] | None = None
    """Ends what would last too long."""
    spoils: bool = False
    """If the way is not taken any more afterwards, as long as the node runs."""

    async def begin(self, at: VirtualSession, method: str, path: str) -> object:
        """Let it happen to the next request; return what was armed, if a fault was."""
        armed = self.arm(at, method, path)
        return await armed if isawaitable(armed) else armed

    async def end(self, at: VirtualSession) -> None:
        """Let nothing more happen, and wait until every connection is healthy."""
        at.venue.faults.clear()
        if self.afterwards is not None:
            await self.afterwards(at)
        await until_healthy(at)


def _fault(kind: type[faults.RequestFault], **values: object) -> Arm:
    return lambda at, method, path: at.venue.faults.add(kind(method=method, path=path, **values))


def _stream(kind: type[faults.StreamFault], **values: object) -> Arm:
    """Hit the next answer of the private connection."""
    return lambda at, _, __: at.venue.faults.add(kind(channels=("answer",), private=True, **values))


def _both(name: str, kind: type[faults.RequestFault], **values: object) -> list[Trouble]:
    """Return an answer that says nothing about whether it was carried out, in both cases."""
    return [
        Trouble(name=name, arm=_fault(kind, **values), carried_out=False),
        Trouble(
            name=f"{name} after it was carried out",
            arm=_fault(kind, carried_out=True, **values),
            carried_out=True,
        ),
    ]


def _proof(name: str, kind: type[faults.RequestFault], **values: object) -> Trouble:
    return Trouble(name=name, arm=_fault(kind, **values), carried_out=False, proof=True)


def _done(name: str, kind: type[faults.RequestFault], **values: object) -> Trouble:
    return Trouble(name=name, arm=_fault(kind, **values), carried_out=True)


def _late(name: str, kind: type[faults.RequestFault], ms: int) -> Trouble:
    async def afterwards(at: VirtualSession) -> None:
        """See what comes when the outcome is long known, too."""
        await asyncio.sleep(ms / 1000)

    # A cancel that is late is repeated, and may come when its order has ended.
    out = True if ms < TOO_LATE_MS else None
    return Trouble(name=name, arm=_fault(kind, ms=ms), carried_out=out, afterwards=afterwards)


async def _drop(at: VirtualSession) -> None:
    """Let nobody wait for a connection that says nothing any more."""
    await at.venue.drop_connections()
    await until(lambda: not at.node.execution.stream_status().healthy, "the loss is noticed")


async def _wait_for_the_key(at: VirtualSession) -> None:
    """A key that was refused is not tried again at once."""
    await asyncio.sleep(_KEY_PAUSE_S)


async def _connections_refused(at: VirtualSession, _: str, __: str) -> None:
    """Let the venue be away, so that nothing can be sent, for some seconds."""
    await at.venue.stop_serving()
    at.later = asyncio.create_task(_back_later(at))


async def _back_later(at: VirtualSession) -> None:
    await asyncio.sleep(_AWAY_S)
    await at.venue.resume_serving()


async def _connections_dropped(at: VirtualSession, _: str, __: str) -> None:
    """Let every connection be dead when the command is given, and the venue be there."""
    await at.venue.stop_serving()
    await at.venue.resume_serving()


#: What happens alike on both ways.
_COMMON: Final = [
    _done("no trouble", faults.AnswerFirst),
    _done("answer after the notification", faults.AnswerLast),
    _done("answer lost with its connection", faults.LostResponse),
    _late("answer late", faults.SlowResponse, LATE_MS),
    _late("carried out late", faults.SlowRequest, LATE_MS),
    _late("arrived late", faults.LateRequest, LATE_MS),
    _late("arrived too late", faults.LateRequest, TOO_LATE_MS),
    _done("answer truncated", faults.TruncatedBody),
    _done("answer malformed", faults.MalformedBody),
    _done("answer empty", faults.MalformedBody, body=""),
    _done("answer with unknown fields", faults.UnknownFields),
    _done("answer with an unknown status", faults.UnknownValue, field="status"),
    _done("answer without client id", faults.UnknownValue, field="client_id", value=""),
    Trouble(name="request lost", arm=_fault(faults.LostRequest), carried_out=False),
    Trouble(name="connections refused", arm=_connections_refused, carried_out=False, proof=True),
    Trouble(
        name="connections dropped", arm=_connections_dropped, carried_out=None, proof=True, again=1
    ),
]


def _gateway(status: int) -> list[Trouble]:
    return _both(
        f"{status} in HTML", faults.HttpStatus, status=status, body=_HTML, content_type="text/html"
    )


def _code(status: int, code: str, *, proof: bool = False) -> list[Trouble]:
    name, values = f"{status} {code}", {"status": status, "code": code}
    if proof:
        return [_proof(name, faults.Refused, **values)]
    return _both(name, faults.Refused, **values)


_REST: Final = [
    Trouble(name="request ignored", arm=_fault(faults.Ignored), carried_out=False),
    *_both("429", faults.HttpStatus, status=429, body='{"message":"rate limit exceeded"}'),
    *_both(
        "429 with Retry-After",
        faults.HttpStatus,
        status=429,
        retry_after=3,
        body='{"message":"rate limit exceeded"}',
    ),
    *(trouble for status in (500, 502, 503, 504) for trouble in _gateway(status)),
    *_gateway(408),
    *_gateway(302),
    *_gateway(404),
    *_both("503 with an empty body", faults.HttpStatus, status=503),
    *_code(500, "INTERNAL_ERROR"),
    *_code(503, "SERVICE_UNAVAILABLE"),
    *_code(400, "SOMETHING_NEW"),
    *_code(422, "SOMETHING_NEW"),
    Trouble(
        name="200 in HTML of somebody else",
        arm=_fault(faults.HttpStatus, status=200, body=_HTML, content_type="text/html"),
        carried_out=False,
    ),
    *_both("200 with another shape", faults.HttpStatus, status=200, body='{"results":7}'),
    *_code(400, "INVALID_REQUEST_PARAMETER", proof=True),
    *_code(400, "VALIDATION_ERROR", proof=True),
    *_code(403, "INVALID_TOKEN_SCOPE", proof=True),
    Trouble(
        name="401 once",
        arm=_fault(faults.Refused, code="INVALID_TOKEN"),
        carried_out=None,
        proof=True,
        again=1,
    ),
    Trouble(
        name="401 twice",
        arm=_fault(faults.Refused, code="INVALID_TOKEN", n=2),
        carried_out=False,
        proof=True,
        again=1,
        afterwards=_wait_for_the_key,
    ),
    Trouble(
        name="token expired", arm=_fault(faults.ExpireTokens), carried_out=None, proof=True, again=1
    ),
]


def _rpc(code: int, *, proof: bool = False, again: int = 0, named: str = "") -> list[Trouble]:
    name, values = f"RPC error {code} {named}".strip(), {"code": named, "rpc_code": code}
    if not proof:
        return _both(name, faults.Refused, **values)
    arm = _fault(faults.Refused, **values)
    # It goes by another way or in another form then, where there is one.
    out = None if again else False
    return [
        Trouble(
            name=name,
            arm=arm,
            carried_out=out,
            proof=True,
            again=again,
            spoils=code == -32601,
        )
    ]


_WS: Final = [
    *(_done(f"closed with {code}", faults.LostResponse, code=code) for code in (1001, 4031)),
    *(
        Trouble(
            name=f"closed with {code} before it was looked at",
            arm=_fault(faults.LostRequest, code=code),
            carried_out=False,
        )
        for code in (1001, 4031)
    ),
    Trouble(name="answer lost", arm=_stream(faults.Lose), carried_out=True),
    Trouble(
        name="cut before the answer",
        arm=_stream(faults.DropAfterFrames, frames=0),
        carried_out=True,
    ),
    Trouble(
        name="cut after the answer", arm=_stream(faults.DropAfterFrames, frames=1), carried_out=True
    ),
    Trouble(name="answer garbled", arm=_stream(faults.Garble), carried_out=True),
    Trouble(name="answer twice", arm=_stream(faults.Duplicate), carried_out=True),
    Trouble(
        name="connection silent from the answer on",
        arm=_stream(faults.Stall),
        carried_out=True,
        afterwards=_drop,
    ),
    Trouble(
        name="requests ignored",
        arm=_fault(faults.Ignored, n=_ALWAYS),
        carried_out=None,
    ),
    _done("answer with another id", faults.WrongId),
    *_rpc(100),
    *_rpc(-32603),
    *_rpc(-32603, named="INTERNAL_ERROR"),
    *_rpc(-32000),
    *_rpc(50000, named="SOMETHING_NEW"),
    *_rpc(42901),
    *_rpc(-32700, proof=True),
    *_rpc(-32600, proof=True, again=1),
    *_rpc(-32602, proof=True, again=1),
    *_rpc(-32602, proof=True, named="VALIDATION_ERROR"),
    *_rpc(-32600, proof=True, named="INVALID_ORDER_SIGNATURE"),
    *_rpc(40112, proof=True),
    *_rpc(40110, proof=True, again=1),
    *_rpc(40111, proof=True, again=1, named="INVALID_TOKEN"),
    *_rpc(40111, proof=True, again=1),
    *_rpc(40300, proof=True, again=1),
    *_rpc(-32601, proof=True, again=1),
]


def _by_name(troubles: list[Trouble]) -> dict[str, Trouble]:
    named = {trouble.name: trouble for trouble in troubles}
    assert len(named) == len(troubles)
    return named


TROUBLES: Final = {REST: _by_name([*_COMMON, *_REST]), WS: _by_name([*_COMMON, *_WS])}


#: What may happen to the questions that follow.
QUESTIONS: Final[tuple[faults.RequestFault, ...]] = tuple(
    kind(method="GET", path="/orders", **values)
    for kind, values in (
        (faults.LostRequest, {}),
        (faults.LostResponse, {}),
        (faults.Ignored, {}),
        (faults.SlowResponse, {"ms": LATE_MS}),
        (faults.TruncatedBody, {}),
        (faults.MalformedBody, {}),
        (faults.MalformedBody, {"body": ""}),
        (faults.MalformedBody, {"body": "{}"}),
        (faults.MalformedBody, {"body": "[]"}),
        (faults.UnknownFields, {}),
        (faults.UnknownValue, {"field": "status"}),
        (faults.HttpStatus, {"status": 404, "body": _HTML, "content_type": "text/html"}),
        (faults.HttpStatus, {"status": 408}),
        (faults.HttpStatus, {"status": 429, "retry_after": 2}),
        (faults.HttpStatus, {"status": 502, "body": _HTML, "content_type": "text/html"}),
        (faults.Refused, {"code": "SOMETHING_NEW", "status": 400}),
        (faults.Refused, {"code": "INTERNAL_ERROR"}),
        (faults.Refused, {"code": "INVALID_TOKEN"}),
    )
)


async def through(
    at: VirtualSession,
    troubles: Iterable[Trouble],
    work: Callable[[VirtualSession, Trouble], Awaitable[None]],
) -> None:
    """Do some work under one trouble after the other; name the one that it fails under."""
    for trouble in troubles:
        try:
            await work(at, trouble)
        except BaseException as e:
            e.add_note(trouble.name)
            raise
