"""The test's end of the line to the process that runs the official SDK."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest


DRIVER = Path(__file__).with_name("sdk_session.py")
INTERPRETER = os.environ.get("PARADEX_SDK_PYTHON", "")
DEADLINE_S = 20.0

needs_sdk = pytest.mark.skipif(
    not INTERPRETER,
    reason="PARADEX_SDK_PYTHON names no interpreter that has paradex-py (make test-sdk)",
)
_LINE_MAX = 1 << 24


class SdkError(Exception):
    """What the SDK raised."""

    def __init__(self, failure: dict[str, Any]) -> None:
        super().__init__(f"{failure['type']}: {failure['text']}")
        self.kind: str = failure["type"]
        self.text: str = failure["text"]
        self.code: int | None = failure.get("code")
        self.message: str = failure.get("message", "")
        self.data: Any = failure.get("data")


class Message(msgspec.Struct, frozen=True):
    """What a channel's callback got."""

    session: str
    kind: str | None
    """The SDK's own name of the channel; None where it knows none."""
    channel: str
    data: dict[str, Any]


class Sdk:
    """A process of the SDK, with any number of its clients as named sessions."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Event()
        self._next_id = 0
        self._messages: list[Message] = []
        self.logs: list[str] = []
        """What the SDK logged from WARNING on."""
        self._reading = asyncio.create_task(self._read())

    async def call(self, op: str, **arguments: Any) -> Any:
        """Return the answer of the driver; raises `SdkError` with what the SDK raised."""
        self._next_id += 1
        number = self._next_id
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "op": op, **arguments})
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(DEADLINE_S):
            return await future

    async def open(self, name: str, **given: Any) -> "Session":
        """Return a session with a new client of the SDK."""
        return Session(self, name, await self.call("open", session=name, **given))

    def messages(self, session: str, channel: str) -> list[Message]:
        """Return what came on a channel so far; an empty name is any."""
        return [
            message
            for message in self._messages
            if message.session == session and (not channel or message.channel == channel)
        ]

    async def until[Found](self, probe: Callable[[], Found]) -> Found:
        """Return what a probe finds as soon as it finds something."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not (found := probe()):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"not in {DEADLINE_S} s; the SDK logged {self.logs}") from None
        return found

    async def close(self) -> None:
        """End the process; it closes its clients."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
            await self._reading
        assert self._process.returncode == 0

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            frame = json.loads(line)
            match frame.get("event"):
                case "message":
                    self._messages.append(msgspec.convert(frame, Message))
                case "log":
                    self.logs.append(f"{frame['level']}: {frame['text']}")
                case _:
                    self._resolve(frame)
            self._changed.set()
        for future in self._waiting.values():
            future.set_exception(ConnectionError("the process of the SDK ended"))

    def _resolve(self, frame: dict[str, Any]) -> None:
        future = self._waiting.pop(frame["id"])
        if future.done():
            return
        if "error" in frame:
            future.set_exception(SdkError(frame["error"]))
        else:
            future.set_result(frame["value"])


class Session:
    """
    One client of the SDK.

    Attributes
    ----------
    about : dict[str, Any]
        What the SDK says of it: address, public key, authorisation.

    """

    def __init__(self, sdk: Sdk, name: str, about: dict[str, Any]) -> None:
        self.sdk = sdk
        self.name = name
        self.about = about

    async def _call(self, op: str, **arguments: Any) -> Any:
        return await self.sdk.call(op, session=self.name, **arguments)

    async def rest(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the SDK's REST client."""
        return await self._call("rest", method=method, args=args, kwargs=kwargs)

    async def stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the SDK's WebSocket client."""
        return await self._call("stream", method=method, args=args, kwargs=kwargs)

    async def rate_limit(self) -> dict[str, int | None]:
        """Return what the SDK read from the last answer's headers."""
        limit: dict[str, int | None] = await self._call("rate_limit")
        return limit

    async def connect(self, *, direct: bool = False) -> None:
        """Connect the WebSocket; ``direct`` takes the SDK's second client."""
        assert await self._call("connect", direct=direct)

    async def subscribe(self, channel: str, params: dict[str, str] | None = None) -> None:
        """Subscribe by the SDK's own name of a channel."""
        await self._call("subscribe", channel=channel, params=params)

    async def subscribe_by_name(self, *names: str) -> None:
        """Subscribe by the venue's names."""
        for name in names:
            await self._call("subscribe_by_name", name=name)

    async def unsubscribe_by_name(self, name: str) -> None:
        """Unsubscribe by the venue's name."""
        await self._call("unsubscribe_by_name", name=name)

    async def acknowledged(self, *channels: str) -> None:
        """Return once the SDK has read that it is subscribed."""
        async with asyncio.timeout(DEADLINE_S):
            # The SDK calls nobody back when a subscription is acknowledged.
            while not set(channels) <= set(await self._call("subscriptions")):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def messages(self, channel: str = "") -> list[dict[str, Any]]:
        """Return the data that came on a channel so far."""
        return [message.data for message in self.sdk.messages(self.name, channel)]

    async def message(
        self, channel: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Return the first data of a channel that is wanted, waiting for it."""

        def probe() -> list[dict[str, Any]]:
            return [data for data in self.messages(channel) if wanted(data)]

        return (await self.sdk.until(probe))[0]

    async def close(self) -> None:
        """Close the client."""
        await self._call("close")


@asynccontextmanager
async def sdk_process() -> AsyncIterator[Sdk]:
    """Run a process of the SDK."""
    process = await asyncio.create_subprocess_exec(
        INTERPRETER,
        str(DRIVER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_MAX,
    )
    sdk = Sdk(process)
    try:
        yield sdk
    finally:
        await sdk.close()
