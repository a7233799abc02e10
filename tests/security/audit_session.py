"""
A session in which everything fails that can, and which writes down all that anybody could see.

``python -m tests.security.audit_session FOLDER``, in a process of its own: every logger at its
lowest level, asyncio in debug mode, each exception of the adapter with the local variables of its
frames, every object with its repr, pickles and saved configs. The secrets themselves are written
to ``secrets.json``, for who looks for them in all the rest.
"""

import asyncio
import faulthandler
import gc
import io
import json
import logging
import os
import pickle
import sys
import traceback
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import closing
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nautilus_trader.common import component
from nautilus_trader.common.enums import LogLevel
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import TraderId
from nautilus_trader.model.orders import Order
from rich.pretty import pretty_repr
from rich.traceback import Traceback


FOLDER = Path(sys.argv[1])

# The framework's logger is one for the process: the first who sets it up decides.
_GUARD = component.init_logging(
    trader_id=TraderId("TESTER-001"),
    level_stdout=LogLevel.TRACE,
    level_file=LogLevel.TRACE,
    directory=str(FOLDER),
    file_name="framework",
    colors=False,
    print_config=True,
)
component.init_logging = lambda **_: _GUARD  # the tests' node would set it up anew

from nautilus_paradex import PARADEX  # noqa: E402 - after the logger
from nautilus_paradex import ParadexExecClientConfig  # noqa: E402
from nautilus_paradex.network.link import LinkSettings  # noqa: E402
from nautilus_paradex.protocol.errors import ParadexError  # noqa: E402
from nautilus_paradex.protocol.signing import AccountSigner  # noqa: E402
from nautilus_paradex.protocol.signing import MessageHasher  # noqa: E402
from nautilus_paradex.protocol.signing import Signer  # noqa: E402
from nautilus_paradex.protocol.signing.curve import N  # noqa: E402
from nautilus_paradex.resolution import resolve_credentials  # noqa: E402
from nautilus_paradex.resolution import resolve_proxy  # noqa: E402
from nautilus_paradex.resolution import resolve_urls  # noqa: E402
from nautilus_paradex.simulator import LocalParadex  # noqa: E402
from nautilus_paradex.simulator import faults  # noqa: E402
from nautilus_paradex.simulator.server.tokens import TokenIssuer  # noqa: E402
from tests.acceptance.node import Desk  # noqa: E402
from tests.acceptance.node import running_node  # noqa: E402
from tests.acceptance.node import until  # noqa: E402
from tests.faults.sessions import Session  # noqa: E402
from tests.security.echo_proxy import EchoProxy  # noqa: E402
from tests.security.watch import ExceptionWatch  # noqa: E402
from tests.security.watch import exception_text  # noqa: E402


MAIN_KEY = "0x3f1a9c7742e85d6b0c2e4d91b7a35f60e8c1d2b3a495867f01e2d3c4b5a6978"
SUBKEY = "0x4d7be01f2a93c8566107fe3dca5b7b918273645f463728190a6b0c7d0e8f121"
#: As pasted by mistake: a number too large for this curve, and one with a letter too many.
WRONG_KEYS = ("0x" + "e7c35a9184" * 6 + "beef", "0x9c51f7e3a2b84d06" * 3 + "g")
PASSWORD = "correct-horse-battery-staple"
#: In the environment, whose repr shows all of it.
FOREIGN_KEY = "0x7a1d5c83be920f46d1c7e8a5b3920f17c6d4e2b8a09f3c5e1d7b6a4c2e80f93"

BUY = OrderSide.BUY


# -- THE SECRETS -----------------------------------------------------------------------------------


class Secrets:
    """Every secret that there is, noted where it is made."""

    def __init__(self) -> None:
        self.in_part: dict[str, str | int] = {
            "main key": int(MAIN_KEY, 16),
            "subkey": int(SUBKEY, 16),
            "foreign key": int(FOREIGN_KEY, 16),
            "wrong key 0": int(WRONG_KEYS[0], 16) % 2**256,
            "wrong key 1": WRONG_KEYS[1],
            "shifted key": int(SUBKEY, 16) + N,
            "password": PASSWORD,
        }
        self.whole: dict[str, str | int] = {}
        self._sign = Signer.sign
        self._issue = TokenIssuer.issue

    def seed(self) -> None:
        """Note all tokens and signatures from now on."""
        secrets = self

        def sign(signer: Signer, message_hash: int) -> tuple[int, int]:
            r, s = secrets._sign(signer, message_hash)
            number = len(secrets.whole)
            # Who knows the nonce of a signature knows the key.
            nonce = (message_hash + r * signer._key) * pow(s, -1, N) % N
            secrets.whole |= {f"r{number}": r, f"s{number}": s}
            secrets.in_part[f"nonce {number}"] = nonce
            return r, s

        def issue(issuer: TokenIssuer, account: str, **kwargs: Any) -> str:
            token = secrets._issue(issuer, account, **kwargs)
            _, claims, signature = token.split(".")
            number = len(secrets.whole)
            secrets.whole |= {f"token {number}": token, f"claims {number}": claims}
            secrets.in_part[f"token's signature {number}"] = signature
            return token

        Signer.sign = sign  # type: ignore[method-assign]
        TokenIssuer.issue = issue  # type: ignore[method-assign]

    def save(self) -> None:
        """Write them down, for who looks for them."""
        found = {"in_part": self.in_part, "whole": self.whole}
        FOLDER.joinpath("secrets.json").write_text(json.dumps(found))


# -- WHAT CAN BE SEEN ------------------------------------------------------------------------------


class Record:
    """Writes down what can be seen."""

    def __init__(self) -> None:
        self._files: dict[str, io.TextIOWrapper] = {}

    def file(self, name: str) -> io.TextIOWrapper:
        """Return an open file."""
        if name not in self._files:
            self._files[name] = FOLDER.joinpath(name).open("w")
        return self._files[name]

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()

    def objects(self, *roots: object) -> int:
        """Write down how objects look, in all that print them; return how many were ours."""
        seen = 0
        for thing in _reachable(roots):
            shows: list[Callable[[Any], object]] = [repr, str, pretty_repr]
            if hasattr(thing, "__dict__"):
                shows.append(lambda thing: {k: repr(v) for k, v in vars(thing).items()})
            if isinstance(thing, msgspec.Struct):
                shows += [
                    lambda thing: repr(msgspec.structs.asdict(thing)),
                    lambda thing: repr(msgspec.structs.astuple(thing)),
                ]
            for show in shows:
                self.file("objects.txt").write(f"{show(thing)}\n")
            for save in (pickle.dumps, msgspec.json.encode, msgspec.msgpack.encode, json.dumps):
                with suppress(Exception):
                    self.file("saved.txt").write(f"{save(thing)!r}\n")
            seen += 1
        return seen

    def tasks(self) -> None:
        """Write down all tasks with their stacks, and the stacks of all threads."""
        for task in asyncio.all_tasks():
            self.file("tasks.txt").write(f"{task!r}\n")
            task.print_stack(file=self.file("tasks.txt"))
        faulthandler.dump_traceback(self.file("tasks.txt"))

    def error(self, error: BaseException) -> None:
        """Write down an error as printers of tracebacks do."""
        out = self.file("errors.txt")
        out.write(exception_text(error) + "\n")
        traceback.print_exception(error, file=out)
        with suppress(Exception):
            out.write(f"{pickle.dumps(error)!r}\n")


def _reachable(roots: tuple[object, ...]) -> Iterator[object]:
    """Yield the adapter's objects that can be reached from some objects."""
    todo, seen = list(roots), set()
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        kind = type(thing)
        ours = kind.__module__.startswith("nautilus_paradex")
        if ours and ".simulator" not in kind.__module__ and not isinstance(thing, str | bytes):
            yield thing
        elif not isinstance(thing, dict | list | tuple | set | frozenset):
            continue
        todo += gc.get_referents(thing)


def show_locals(error: BaseException) -> str:
    """Return an error as pytest shows it with ``--showlocals``, and as rich does."""
    shown = pytest.ExceptionInfo.from_exception(error).getrepr(showlocals=True, style="long")
    entries = [str(entry) for entry in shown.reprtraceback.reprentries]
    ours = [text for text in entries if "nautilus_paradex/" in text]
    rich = Traceback.extract(type(error), error, error.__traceback__, show_locals=True)
    frames = [frame for stack in rich.stacks for frame in stack.frames]
    ours += [f"{f.locals}" for f in frames if "/nautilus_paradex/" in f.filename]
    return "\n".join(ours)


# -- THE SESSION -----------------------------------------------------------------------------------


async def settled(order: Order) -> None:
    await until(lambda: order.is_open or order.is_closed, lambda: f"{order} is decided", 30.0)


async def refused_connects(at: Session) -> None:
    """The venue cannot be reached, or answers as a gateway does, or with half an answer."""
    html = "<html><h1>502 Bad Gateway</h1></html>"
    for fault in (
        faults.RefuseConnects(),
        faults.HandshakeStatus(status=503),
        faults.HandshakeStatus(status=302),
        faults.ExpireTokens(method="WS", path="auth"),
        faults.LostResponse(method="WS", path="auth"),
        faults.LostResponse(method="POST", path="/auth"),
        faults.TruncatedBody(method="POST", path="/auth"),
        faults.MalformedBody(method="POST", path="/auth"),
        faults.MalformedBody(method="POST", path="/auth", body='{"jwt_token": 5}'),
        faults.MalformedBody(method="POST", path="/auth", body='{"jwt_token": "a b"}'),
        faults.HttpStatus(method="POST", path="/auth", status=502, body=html),
        faults.HttpStatus(method="GET", status=500, n=3),
        faults.TruncatedBody(method="GET", path="/account", n=2),
        faults.MalformedBody(method="GET", path="/orders", n=2),
    ):
        at.venue.faults.add(fault)
    at.venue.expire_tokens()
    await at.venue.drop_connections()
    status = at.node.execution.stream_status
    await until(lambda: status().healthy and not at.venue.faults.pending, status, 60.0)


async def failing_commands(at: Session) -> None:
    """Every REST command meets every fault."""
    for method in ("POST", "PUT", "DELETE"):
        command = {"method": method, "path": "/orders"}
        trouble = (
            faults.LostRequest(**command),
            faults.LostResponse(**command),
            faults.TruncatedBody(**command),
            faults.MalformedBody(**command),
            faults.ExpireTokens(**command),
            faults.HttpStatus(status=500, **command),
            faults.HttpStatus(status=429, retry_after=0, **command),
            faults.HttpStatus(status=403, body=_code("IP_NOT_ALLOWED"), **command),
        )
        await _commands_meet(at, method, trouble)


async def failing_commands_by_socket(at: Session) -> None:
    """Commands by WebSocket: refused, cut before and after they are carried out."""
    for method, path in (("POST", "create"), ("PUT", "modify"), ("DELETE", "cancel")):
        command = {"method": "WS", "path": f"order.{path}"}
        trouble = (
            faults.ExpireTokens(**command),
            faults.LostResponse(**command),
            faults.LostRequest(**command),
        )
        await _commands_meet(at, method, trouble)
        await until(lambda: at.node.execution.stream_status().healthy, "healthy", 30.0)


async def _commands_meet(at: Session, method: str, trouble: tuple[faults.Fault, ...]) -> None:
    def arm() -> None:
        for fault in trouble:
            at.venue.faults.add(fault)

    if method == "POST":
        arm()
    orders = [at.desk.limit(BUY, "0.1", "2400", post_only=True) for _ in trouble]
    for order in orders:
        await settled(order)
    if method != "POST":
        arm()
    for order in orders:
        if order.is_open and method == "PUT":
            at.reprice(order, "2401")
        elif order.is_open:
            at.desk.cancel_order(order)
    await until(lambda: not at.venue.faults.pending, lambda: at.venue.faults.pending, 30.0)


async def repeated_requests(at: Session, proxy: EchoProxy) -> None:
    """A server in between answers with what it was sent: token, signature and password."""
    pool = at.node.execution._link._http._transport
    proxy.echoes = 8
    orders = []
    for _ in range(8):
        # The proxy sees the first request of a connection only.
        session, pool._session = pool._session, None
        if session is not None:
            await session.close()
        orders.append(at.desk.limit(BUY, "0.1", "2400", post_only=True))
        await asyncio.sleep(0)
    await until(lambda: not proxy.echoes, "the proxy answered", 30.0)
    for order in orders:
        await settled(order)


def _code(code: str) -> str:
    return json.dumps({"error": code, "message": "no"})


async def broken_room(at: Session) -> None:
    """The adapter itself has a bug, in the middle of what the stream brings."""
    follower = at.node.execution._room.follower
    original = follower.on_stream

    def on_stream(event: Any) -> None:
        follower.on_stream = original
        raise RuntimeError(f"a bug at {event!r}")

    follower.on_stream = on_stream
    await settled(at.desk.limit(BUY, "0.1", "2400", post_only=True))


async def refused_key(at: Session) -> None:
    """The subkey is revoked, orders and cancels are refused, and it works again."""
    ring = at.venue._venue.authority.ring(at.account)
    public = Signer(SUBKEY).public_key_hex
    resting = await at.rest(BUY, "0.1", "2410")
    ring.revoke_subkey(public)
    for _ in range(3):
        await settled(at.desk.limit(BUY, "0.1", "2400"))
    at.desk.cancel_order(resting)
    await until(
        lambda: resting.is_closed or "OrderCancelRejected" in at.node.story(resting),
        "the cancel is answered",
    )
    await at.venue.drop_connections()
    await until(lambda: at.node.execution.stream_status().failed_attempts > 3, "no connection")
    ring.reinstate_subkey(public)
    await until(lambda: at.node.execution.stream_status().healthy, "it is back", 60.0)


def misuse(record: Record) -> None:
    """Wrong configs, as users write them: each is refused."""
    good = {"account_address": "0x1234", "private_key": SUBKEY, "proxy_url": _proxy(80)}

    def attempt(call: Callable[[], object]) -> None:
        try:
            call()
        except (ParadexError, TypeError, ValueError) as error:
            record.error(error)
            record.file("errors.txt").write(show_locals(error) + "\n")
        else:
            raise AssertionError(f"{call} works")

    def config(**changes: Any) -> ParadexExecClientConfig:
        return ParadexExecClientConfig(**(good | changes))

    attempt(lambda: config(private_key=SUBKEY.encode()))
    attempt(lambda: config(read_only_token=SUBKEY.encode()))
    attempt(lambda: config(http_timeout_secs="soon"))
    attempt(lambda: config(order_transport=object()))
    for key in WRONG_KEYS:
        attempt(lambda key=key: resolve_credentials(config(private_key=key)))
        attempt(lambda key=key: Signer(key))
    attempt(lambda: Signer(int(SUBKEY, 16) + N))
    attempt(lambda: resolve_credentials(config(private_key=None)))
    attempt(lambda: resolve_credentials(config(account_address=None), os.environ))
    attempt(lambda: resolve_credentials(config(account_address="0x" + "f" * 64)))
    attempt(lambda: resolve_credentials(config(read_only_token=f"{PASSWORD} {PASSWORD}")))
    attempt(lambda: resolve_urls(config(base_url_http="http://10.0.0.1/v1")))
    attempt(lambda: resolve_urls(config(base_url_http="http://127.0.0.1/v1")))
    for proxy in (
        f"http://u:{PASSWORD}@",
        f"socks5://u:{PASSWORD}@h:1",
        f"http://u:{PASSWORD}@h/p",
    ):
        attempt(lambda proxy=proxy: resolve_proxy(config(proxy_url=proxy)))
        attempt(lambda proxy=proxy: resolve_urls(config(proxy_url=proxy)))
    signer = AccountSigner("0x1234", "CHAIN", Signer(SUBKEY))
    attempt(lambda: pickle.dumps(signer))
    interrupted(record)


def interrupted(record: Record) -> None:
    """An interrupt in the middle of a signature."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    module = sys.modules[Signer.__module__]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "multiply_generator", interrupt)
        hasher = MessageHasher(5, 7)
        try:
            AccountSigner.sign_auth(_signer_of(SUBKEY, hasher), 1, 2)
        except KeyboardInterrupt as error:
            record.error(error)


def _signer_of(key: str, hasher: MessageHasher) -> AccountSigner:
    signer = object.__new__(Signer)
    signer._key, signer._public_key = int(key, 16), 1
    account = object.__new__(AccountSigner)
    account._account, account._hasher, account._signer = "0x5", hasher, signer
    return account


def _proxy(port: int) -> str:
    return f"http://trader:{PASSWORD}@10.0.0.1:{port}"


async def key_session(record: Record, transport: str) -> None:
    """A session with a subkey through a proxy that asks for a password."""
    async with LocalParadex(market=False) as venue, EchoProxy("trader", PASSWORD) as proxy:
        account = venue.create_account(MAIN_KEY)
        ring = venue._venue.authority.ring(account)
        ring.add_subkey(Signer(SUBKEY).public_key_hex, "node", "active", [])
        desk = Desk()
        proxy.refusals = 2
        through = {"proxy_url": proxy.url, "order_transport": transport, "recv_window_ms": 1_000}
        async with running_node(
            venue,
            account,
            private_key=SUBKEY,
            strategies=[desk],
            data={"proxy_url": proxy.url},
            execution=through,
            may_fail=True,
            connect_deadline_s=30.0,
        ) as node:
            at = Session(venue, account, node, desk)
            await refused_connects(at)
            if transport == "rest":
                await failing_commands(at)
                await repeated_requests(at, proxy)
            else:
                await failing_commands_by_socket(at)
            await broken_room(at)
            await refused_key(at)
            record.tasks()
            clients = (node.execution, node.node.kernel.data_engine, node.execution._link)
            assert record.objects(*clients, node.node.kernel) > 100
            save_configs(record, node.node._config)


async def reader_session(record: Record, secrets: Secrets) -> None:
    """A session with a read-only token, which expires in it."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(MAIN_KEY)
        ring = venue._venue.authority.rings[account]
        listed = ring.add_token("reader", "READ_ONLY", 3600, [])
        token = venue._venue.tokens.issue(account, read_only=True, lookup_id=listed.lookup_id)
        secrets.in_part["read-only token"] = token.split(".")[2]
        desk = Desk()
        async with running_node(
            venue,
            account,
            strategies=[desk],
            execution={"private_key": None, "read_only_token": token},
            may_fail=True,
        ) as node:
            await settled(desk.limit(BUY, "0.1", "2400"))
            venue.expire_tokens()
            await venue.drop_connections()
            await until(lambda: node.execution.stream_status().failed_attempts > 3, "refused")
            record.objects(node.execution, node.execution._link)
            save_configs(record, node.node._config)


def save_configs(record: Record, config: TradingNodeConfig) -> None:
    """Save configs in every way that the framework knows."""
    for each in (config, *config.exec_clients.values(), *config.data_clients.values()):
        for save in ("json", "dict", "json_primitives", "fully_qualified_name"):
            record.file("saved.txt").write(f"{getattr(each, save)()!r}\n")
        record.file("saved.txt").write(f"{each!r} {each.id} {msgspec.structs.asdict(each)!r}\n")
        record.file("saved.txt").write(f"{pickle.dumps(each)!r}\n")


async def run(record: Record, secrets: Secrets) -> None:
    """Run it all."""
    asyncio.get_running_loop().set_debug(True)
    misuse(record)
    await key_session(record, "rest")
    await key_session(record, "ws")
    await reader_session(record, secrets)


def main() -> None:
    logging.basicConfig(
        level=1,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
        handlers=[logging.FileHandler(FOLDER / "python.log"), logging.StreamHandler()],
    )
    logging.captureWarnings(capture=True)
    secrets, record = Secrets(), Record()
    secrets.seed()
    with closing(record), ExceptionWatch(record.file("frames.txt")) as watch:
        asyncio.run(run(record, secrets))
    secrets.save()
    summary = {
        "exceptions": dict(watch.kinds),
        "functions": sorted(watch.functions),
        "signatures": sum(name.startswith("nonce") for name in secrets.in_part),
        "tokens": sum(name.startswith("token ") for name in secrets.whole),
        "configured": PARADEX,
        "settings": repr(LinkSettings),
    }
    FOLDER.joinpath("summary.json").write_text(json.dumps(summary))


if __name__ == "__main__":
    main()
