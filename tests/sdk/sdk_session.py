"""
Drives the official SDK (paradex-py) for the tests; run by the interpreter that has it (3.10).

Reads commands as lines of JSON on stdin and writes answers and events as lines of JSON on stdout:

- ``{"id": 1, "op": "rest", "session": "main", "method": "fetch_orders", "args": [...]}`` is
  answered with ``{"id": 1, "value": ...}`` or ``{"id": 1, "error": {...}}``;
- ``{"event": "message", ...}`` is what a channel's callback got, ``{"event": "log", ...}`` what
  the SDK logged from WARNING on.

Nothing of the SDK is changed. Its main client takes URLs as parameters; the other clients build
theirs from the environment's name, so for them the names of its two connection classes are bound
to the local URLs while they are constructed.
"""

import asyncio
import contextlib
import dataclasses
import functools
import json
import logging
import os
import sys
import time
from decimal import Decimal
from unittest import mock

import paradex_py
from paradex_py import paradex_api_key
from paradex_py import paradex_l2
from paradex_py.account.utils import compute_hash_on_elements
from paradex_py.account.utils import message_signature
from paradex_py.account.utils import private_to_stark_key
from paradex_py.api.api_client import ParadexApiClient
from paradex_py.api.generated import responses
from paradex_py.api.ws_client import ParadexWebsocketChannel
from paradex_py.api.ws_client import ParadexWebsocketClient
from paradex_py.api.ws_client import WsRpcError
from paradex_py.api.ws_message_models import WS_PAYLOAD_MODELS
from paradex_py.common.order import Order
from paradex_py.common.order import OrderSide
from paradex_py.common.order import OrderType


ENVIRONMENT = "testnet"
#: The SDK's log lines that say that something is wrong.
LOG_LEVEL = logging.WARNING
CLOSE_S = 1.0


def write(line):
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


class LogEvents(logging.Handler):
    def emit(self, record):
        write({"event": "log", "level": record.levelname, "text": record.getMessage()})


def bound_to(module, http_url, ws_url):
    """Bind a module's connection classes to URLs."""
    stack = contextlib.ExitStack()
    http = functools.partial(ParadexApiClient, api_base_url=http_url)
    stream = functools.partial(ParadexWebsocketClient, ws_url_override=ws_url)
    stack.enter_context(mock.patch.object(module, "ParadexApiClient", http))
    stack.enter_context(mock.patch.object(module, "ParadexWebsocketClient", stream))
    return stack


def open_client(kind, http_url, ws_url, sbe=False, **given):
    """Return one of the SDK's clients; ``given`` goes to it as it is."""
    if kind == "Paradex":
        return paradex_py.Paradex(
            env=ENVIRONMENT,
            api_base_url=http_url,
            ws_url_override=ws_url,
            ws_direct_url_override=ws_url,
            ws_sbe_enabled=sbe,
            # The reader starts before the connection, and first looks for one after this long.
            ws_reader_sleep_on_no_connection=0.01,
            **given,
        )
    module = paradex_api_key if kind == "ParadexApiKey" else paradex_l2
    with bound_to(module, http_url, ws_url):
        return getattr(paradex_py, kind)(env=ENVIRONMENT, ws_sbe_enabled=sbe, **given)


def order_of(fields):
    """Return the SDK's order of a JSON object, amounts being strings."""
    fields = dict(fields)
    for name in ("size", "limit_price", "trigger_price"):
        if name in fields:
            fields[name] = Decimal(fields[name])
    return Order(
        order_type=OrderType(fields.pop("order_type")),
        order_side=OrderSide(fields.pop("order_side")),
        **fields,
    )


def argument(value):
    if isinstance(value, dict) and set(value) == {"order"}:
        return order_of(value["order"])
    if isinstance(value, list):
        return [argument(item) for item in value]
    return value


def jsonable(value):
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value


def validate(model, value):
    """Return where a value departs from one of the SDK's models; raises where it breaks it."""
    kind = WS_PAYLOAD_MODELS.get(model) or getattr(responses, model)
    kind.model_validate(value)
    named = {field.alias or name for name, field in kind.model_fields.items()}
    return {"absent": sorted(named - set(value)), "unknown": sorted(set(value) - named)}


class Driver:
    def __init__(self):
        self.sessions = {}

    async def run(self):
        loop = asyncio.get_running_loop()
        running = set()
        while True:
            line = await loop.run_in_executor(None, sys.stdin.readline)
            if not line:
                break
            task = asyncio.create_task(self.answer(json.loads(line)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        for client in list(self.sessions.values()):
            await self.end(client)

    async def answer(self, command):
        number, op = command.pop("id"), command.pop("op")
        try:
            write({"id": number, "value": jsonable(await getattr(self, op)(**command))})
        except Exception as error:
            failure = {"type": type(error).__name__, "text": str(error)}
            if isinstance(error, WsRpcError):
                failure.update(code=error.code, message=error.message, data=error.data)
            write({"id": number, "error": failure})

    # -- SESSIONS ---------------------------------------------------------------------------

    async def open(self, session, **given):
        client = open_client(**given)
        self.sessions[session] = client
        account = getattr(client, "account", None)
        described = {
            "auth_level": client.auth_level.name,
            "can_trade": client.can_trade,
            "is_onboarded": getattr(client, "is_onboarded", None),
            "chain_id": client.config.starknet_chain_id,
        }
        if account is not None:
            described["address"] = hex(account.l2_address)
            described["public_key"] = hex(account.l2_public_key)
        return described

    async def close(self, session):
        await self.end(self.sessions.pop(session))

    async def end(self, client):
        direct = getattr(client, "ws_direct_client", None)
        for closing in (client, direct):
            if closing is not None:
                # The SDK waits for its reader, whose wait_for of 3.10 may lose a cancel that
                # comes with a message; a second cancel, of the wait, reaches it.
                await asyncio.wait_for(closing.close(), CLOSE_S)

    # -- REST -------------------------------------------------------------------------------

    async def rest(self, session, method, args=(), kwargs=None):
        call = getattr(self.sessions[session].api_client, method)
        arguments = [argument(value) for value in args]
        # In a thread, as the SDK's REST client blocks and its streams must go on.
        return jsonable(await asyncio.to_thread(call, *arguments, **(kwargs or {})))

    async def rate_limit(self, session):
        """Return what the SDK read from the last answer's headers."""
        return self.sessions[session].api_client.last_rate_limit

    async def validate(self, model, value):
        return validate(model, value)

    async def register_subkey(self, session, private_key):
        """Register a key with the SDK's own hash and signature (PROTOCOL 2.6)."""
        client = self.sessions[session]
        account = client.account
        public_key = private_to_stark_key(int(private_key, 16))
        now = int(time.time())
        signed = compute_hash_on_elements([account.l2_address, public_key, now, now + 600])
        payload = {
            "name": "trading",
            "public_key": hex(public_key),
            "state": "active",
            "signature": [str(part) for part in message_signature(signed, account.l2_private_key)],
            "signature_timestamp": now,
            "signature_expiry": now + 600,
        }
        await asyncio.to_thread(client.api_client.create_subkey, payload)
        return hex(public_key)

    # -- WEBSOCKET --------------------------------------------------------------------------

    async def connect(self, session, direct=False):
        client = self.sessions[session]
        if direct:
            # The SDK leaves the account of its direct client to the caller.
            client.ws_direct_client.init_account(client.account)
            client.ws_client = client.ws_direct_client
        return await client.ws_client.connect()

    async def channels(self):
        return [channel.name for channel in ParadexWebsocketChannel]

    async def subscribe(self, session, channel, params=None):
        kind = ParadexWebsocketChannel[channel]
        callback = functools.partial(self.on_message, session)
        await self.sessions[session].ws_client.subscribe(kind, callback, params)

    async def subscribe_by_name(self, session, name):
        callback = functools.partial(self.on_message, session)
        await self.sessions[session].ws_client.subscribe_by_name(name, callback)

    async def unsubscribe_by_name(self, session, name):
        await self.sessions[session].ws_client.unsubscribe_by_name(name)

    async def subscriptions(self, session):
        return self.sessions[session].ws_client.get_subscriptions()

    async def on_message(self, session, channel, message):
        params = message["params"]
        write(
            {
                "event": "message",
                "session": session,
                "kind": None if channel is None else channel.name,
                "channel": params["channel"],
                "data": params["data"],
            }
        )

    async def stream(self, session, method, args=(), kwargs=None):
        call = getattr(self.sessions[session].ws_client, method)
        arguments = [argument(value) for value in args]
        return await call(*arguments, **(kwargs or {}))


async def main():
    await Driver().run()
    # Readers that the SDK left behind at a reconnect would keep the loop from ending.
    os._exit(0)


if __name__ == "__main__":
    logging.getLogger("paradex_py").addHandler(LogEvents(LOG_LEVEL))
    logging.getLogger("paradex_py").propagate = False
    asyncio.run(main())
