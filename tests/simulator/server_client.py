"""A bare client of the local Paradex, signing with starknet_py's own typed data."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from typing import Self

import aiohttp
from starknet_py.hash.utils import message_signature
from starknet_py.hash.utils import private_to_stark_key
from starknet_py.utils.typed_data import TypedData

from nautilus_paradex.protocol.sbe import decode_frame
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.engine import model


CHAIN = "PRIVATE_SN_POTC_SEPOLIA"
KEY = "0x2ce1f5b4a3d29b7c1e80a94bb1f3c5d6e7f80123456789abcdef0123456789a"
OTHER_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"
SUBKEY = "0x5d712cef2724db39dfab04d0e1ec62e08995639fc920307565ddc431f8a50b5"
DEADLINE_S = 10.0

_ORDER = ("timestamp", "market", "side", "orderType", "size", "price")
_FIELDS = {
    "Order": _ORDER,
    "ModifyOrder": (*_ORDER, "id"),
    "Request": ("method", "path", "body", "timestamp", "expiration"),
    "Constant": ("action",),
}


def public_key(private_key: str) -> str:
    return hex(private_to_stark_key(int(private_key, 16)))


def message_hash(primary: str, message: dict[str, Any], account: str, chain: str = CHAIN) -> int:
    """Return the hash by starknet_py's own walk through the typed data."""
    typed = TypedData.from_dict(
        {
            "types": {
                "StarkNetDomain": [
                    {"name": name, "type": "felt"} for name in ("name", "chainId", "version")
                ],
                primary: [{"name": name, "type": "felt"} for name in _FIELDS[primary]],
            },
            "primaryType": primary,
            "domain": {
                "name": "Paradex",
                "chainId": hex(int.from_bytes(chain.encode())),
                "version": "1",
            },
            "message": message,
        }
    )
    return typed.message_hash(int(account, 16))


def signed(
    primary: str, message: dict[str, Any], account: str, private_key: str, chain: str = CHAIN
) -> str:
    r, s = message_signature(message_hash(primary, message, account, chain), int(private_key, 16))
    return json.dumps([str(int(r)), str(int(s))])


def auth_headers(
    account: str,
    private_key: str,
    *,
    timestamp: int | None = None,
    expiration: int | None = None,
    chain: str = CHAIN,
) -> dict[str, str]:
    timestamp = int(time.time()) if timestamp is None else timestamp
    expiration = timestamp + 86_400 if expiration is None else expiration
    message = {
        "method": "POST",
        "path": "/v1/auth",
        "body": "",
        "timestamp": timestamp,
        "expiration": expiration,
    }
    return {
        "PARADEX-STARKNET-ACCOUNT": account,
        "PARADEX-STARKNET-SIGNATURE": signed("Request", message, account, private_key, chain),
        "PARADEX-TIMESTAMP": str(timestamp),
        "PARADEX-SIGNATURE-EXPIRATION": str(expiration),
    }


def order_body(
    account: str,
    private_key: str,
    *,
    market: str = "BTC-USD-PERP",
    side: str = "BUY",
    order_type: str = "LIMIT",
    size: str = "0.01",
    price: str = "60000",
    order_id: str | None = None,
    timestamp_ms: int | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return a signed order, or a signed modification where an order id is given."""
    timestamp_ms = time.time_ns() // 1_000_000 if timestamp_ms is None else timestamp_ms
    message = {
        "timestamp": timestamp_ms,
        "market": market,
        "side": 1 if side == "BUY" else 2,
        "orderType": order_type,
        "size": _e8(size),
        "price": _e8(price),
    }
    primary = "Order"
    if order_id is not None:
        primary = "ModifyOrder"
        message["id"] = int(order_id)
        fields["id"] = order_id
    return {
        "market": market,
        "side": side,
        "type": order_type,
        "size": size,
        "price": price,
        "instruction": "GTC",
        "signature_timestamp": timestamp_ms,
        "signature": signed(primary, message, account, private_key),
    } | fields


def _e8(text: str) -> int:
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(8, "0"))


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


class Rest:
    """REST requests with one token."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self.token = ""

    async def login(self, account: str, private_key: str, key: str | None = None, **q: str) -> None:
        path = "/auth" if key is None else f"/auth/{key}"
        status, body, _ = await self.request(
            "POST", path, headers=auth_headers(account, private_key), params=q
        )
        assert status == 200, body
        self.token = body["jwt_token"]

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> tuple[int, Any, dict[str, str]]:
        """Return (status, JSON or None, headers)."""
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        async with self._session.request(
            method, self._url + path, json=body, headers=sent, params=params
        ) as response:
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None, dict(response.headers)

    async def get(self, path: str, **params: str) -> Any:
        status, body, _ = await self.request("GET", path, params=params)
        assert status == 200, body
        return body


class Stream:
    """A WebSocket: requests are awaited, everything else is collected."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._next_id = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.log: list[Any] = []
        """Every frame in order: ("answer", id), ("json", channel, data) or ("sbe", event)."""
        self.close_code: int | None = None
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, url: str, version: int | None = 2) -> Self:
        query = "" if version is None else f"?sbeSchemaId=1&sbeSchemaVersion={version}"
        return cls(await session.ws_connect(url + query, autoping=True))

    async def close(self) -> None:
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                self.log.append(("sbe", decode_frame(message.data)))
            else:
                self._on_text(message.data)
            self._changed.set()
        self.close_code = self._socket.close_code
        self._changed.set()

    def _on_text(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            self.log.append(("garbage", text))
            return
        if "method" in frame:
            self.log.append(("json", frame["params"]["channel"], frame["params"]["data"]))
        else:
            self._answers[frame["id"]] = frame
            self.log.append(("answer", frame["id"]))

    async def until[T](self, probe: Callable[[], T | None]) -> T:
        """Wait until the probe returns something true."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                found = probe()
                if found:
                    return found
                self._changed.clear()
                await self._changed.wait()

    async def send(self, method: str, params: Any = None, **frame: Any) -> int:
        self._next_id += 1
        request = {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}
        await self._socket.send_str(json.dumps(request | frame))
        return self._next_id

    async def call(self, method: str, params: Any = None) -> dict[str, Any]:
        """Return the whole answer to a request."""
        request_id = await self.send(method, params)
        return await self.until(lambda: self._answers.get(request_id))

    async def result(self, method: str, params: Any = None) -> Any:
        answer = await self.call(method, params)
        assert "result" in answer, answer
        return answer["result"]

    async def subscribe(self, *channels: str) -> None:
        for channel in channels:
            await self.result("subscribe", {"channel": channel})

    async def closed(self) -> int:
        return await self.until(lambda: self.close_code)

    def events(self, kind: type) -> list[Any]:
        """Return the SBE events of a type."""
        return [entry[1] for entry in self.log if entry[0] == "sbe" and isinstance(entry[1], kind)]

    def messages(self, channel: str) -> list[Any]:
        """Return the data of a JSON channel."""
        return [entry[2] for entry in self.log if entry[0] == "json" and entry[1] == channel]


class World:
    """A local Paradex without a market, an account on it, and its clients."""

    def __init__(self, paradex: LocalParadex, session: aiohttp.ClientSession) -> None:
        self.paradex = paradex
        self.session = session
        self.exchange = paradex.exchange
        self.account = paradex.create_account(KEY)
        self.rest = Rest(session, paradex.http_url)

    async def login(self) -> Self:
        await self.rest.login(self.account, KEY)
        return self

    def order(self, **fields: Any) -> dict[str, Any]:
        return order_body(self.account, KEY, **fields)

    async def place(self, **fields: Any) -> dict[str, Any]:
        status, body, _ = await self.rest.request("POST", "/orders", self.order(**fields))
        assert status == 201, body
        return body

    async def stream(self, *channels: str, version: int | None = 2, auth: bool = True) -> Stream:
        stream = await Stream.open(self.session, self.paradex.ws_url, version)
        if auth:
            await stream.result("auth", {"bearer": self.rest.token})
        await stream.subscribe(*channels)
        return stream

    async def other(self) -> Rest:
        """Return the client of a second, funded account."""
        account = self.paradex.create_account(OTHER_KEY)
        rest = Rest(self.session, self.paradex.http_url)
        await rest.login(account, OTHER_KEY)
        return rest

    def trade(self, side: str, size: str, price: str, market: str = "BTC-USD-PERP") -> str:
        """Let somebody else place an order at once, past the server; return its id."""
        if not self.exchange.queries.has_account(OTHER):
            self.exchange.register_account(OTHER, OTHER, announce=False)
            self.exchange.deposit(OTHER, Decimal(10_000_000))
        command = model.OrderCommand(
            account=OTHER,
            market=market,
            side=model.Side(side),
            type=model.OrderType.LIMIT,
            size=Decimal(size),
            price=Decimal(price),
        )
        return self.exchange.place(command).id

    async def eventually[T](self, probe: Callable[[], T | None]) -> T:
        """Wait until the venue's own state says so."""
        async with asyncio.timeout(DEADLINE_S):
            while not (found := probe()):  # noqa: ASYNC110 - the engine has no event to wait for
                await asyncio.sleep(0.005)
            return found


OTHER = "0xc0ffee"


@asynccontextmanager
async def world(**config: Any) -> AsyncIterator[World]:
    """Run a local Paradex without a market; yield it with an account that is not logged in."""
    settings = SimulatorConfig(**config)
    async with (
        LocalParadex(market=False, config=settings) as paradex,
        aiohttp.ClientSession() as session,
    ):
        yield World(paradex, session)
