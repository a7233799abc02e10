"""A WebSocket venue on loopback whose every answer a test decides."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType
from aiohttp import web


class ScriptedVenue:
    """Answers as a venue does, unless a test says otherwise."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.requests: list[dict[str, Any]] = []
        self.upgrades: list[dict[str, str]] = []
        self.refuse_upgrades: list[int] = []
        self.retry_after = ""
        self.bearers: list[str] = []
        self.served_versions: set[str | None] = {"2", "1", "0", None}
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | None] = self.accept
        self.url = ""
        self.port = 0
        self._runner: web.AppRunner | None = None

    @staticmethod
    def accept(request: dict[str, Any]) -> dict[str, Any] | None:
        """Acknowledge everything."""
        method, params = request["method"], request["params"]
        result: dict[str, Any] = {}
        if method == "auth":
            result = {"node_id": "node-7"}
        elif method in ("subscribe", "unsubscribe"):
            result = {"channel": params["channel"]}
        elif request["method"] == "order.cancel_on_disconnect":
            result = {"enabled": params["enabled"]}
        return {"jsonrpc": "2.0", "id": request["id"], "result": result}

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/v1", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"ws://127.0.0.1:{self.port}/v1"

    async def stop(self) -> None:
        for socket in self.sockets:
            await socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def methods(self) -> list[str]:
        return [request["method"] for request in self.requests]

    def channels(self, method: str = "subscribe") -> list[str]:
        return [r["params"]["channel"] for r in self.requests if r["method"] == method]

    async def send_all(self, payload: dict[str, Any] | bytes) -> None:
        for socket in self.sockets:
            if socket.closed:
                continue
            if isinstance(payload, bytes):
                await socket.send_bytes(payload)
            else:
                await socket.send_str(json.dumps(payload))

    def cut(self) -> None:
        """Drop every connection as a broken cable does."""
        for socket in self.sockets:
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.upgrades.append(dict(request.query))
        self.bearers.append(request.headers.get("Authorization", ""))
        if self.refuse_upgrades:
            status = self.refuse_upgrades.pop(0)
            headers = {"Retry-After": self.retry_after} if self.retry_after else None
            return web.Response(status=status, headers=headers, text="<html>no</html>")
        if request.query.get("sbeSchemaVersion") not in self.served_versions:
            return web.Response(status=400)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            body = json.loads(message.data)
            self.requests.append(body)
            answer = self.answer(body)
            if answer is not None:
                await socket.send_str(json.dumps(answer) + "\n")
        return socket


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - conditions of many kinds, none of them an event
            await asyncio.sleep(0.005)
