"""
Where the official documents of August 2026 are behind the venue, or wrong.

Each amendment says why, changes the documents that were read, and carries a request that the
unchanged documents refuse: a test sees to it that none outlives its need.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple


type Document = dict[str, Any]


class Sample(NamedTuple):
    """A right request."""

    method: str
    """An HTTP method, or WS."""
    target: str
    """A path after the version with its query, or the method of a call."""
    body: Any = None
    """What is sent as JSON, or the parameters of a call."""


class Amendment(NamedTuple):
    """One difference between the documents and the venue."""

    why: str
    apply: Callable[[Document, Document], None]
    """Changes (OpenAPI, OpenRPC)."""
    sample: Sample


def query_parameter(name: str, *, required: bool = False, **schema: Any) -> Document:
    """Return a parameter of a query as OpenAPI writes it."""
    schema = {"type": "string"} | schema
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _operation(openapi: Document, method: str, path: str) -> Document:
    operation: Document = openapi["paths"][path][method]
    return operation


def _call(openrpc: Document, name: str) -> Document:
    found: Document = next(method for method in openrpc["methods"] if method["name"] == name)
    return found


def _private(**operation: Any) -> Document:
    return {"security": [{"BearerToken": []}], "parameters": []} | operation


def _json_body(schema: Document) -> Document:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


# -- REST ------------------------------------------------------------------------------------------


def _auth_with_key(openapi: Document, _: Document) -> None:
    auth = _operation(openapi, "post", "/auth")
    usage = query_parameter("token_usage", enum=["interactive"])
    auth["parameters"] = [*auth["parameters"], usage]
    openapi["paths"]["/auth/{public_key}"] = {"post": auth}


def _market_of_client_id(openapi: Document, _: Document) -> None:
    by_client_id = _operation(openapi, "get", "/orders/by_client_id/{client_id}")
    by_client_id["parameters"].append(query_parameter("market"))


def _mmp_flag(openapi: Document, _: Document) -> None:
    openapi["components"]["schemas"]["responses.OrderFlag"]["enum"].append("MMP")


_MMP_CONFIG: Document = {
    "type": "object",
    "required": ["interval_ms", "frozen_time_ms", "size_limit", "delta_limit", "vega_limit"],
    "properties": {
        "interval_ms": {"type": "integer", "minimum": 100, "maximum": 3_600_000},
        "frozen_time_ms": {"type": "integer", "minimum": 0, "maximum": 3_600_000},
        "size_limit": {"type": "string"},
        "delta_limit": {"type": "string"},
        "vega_limit": {"type": "string"},
        "protect_block_trades": {"type": "boolean"},
    },
}


def _mmp_read(openapi: Document, _: Document) -> None:
    read = _private(parameters=[query_parameter("base_asset")])
    openapi["paths"]["/account/mmp"] = {"get": read}


def _mmp_config(openapi: Document, _: Document) -> None:
    openapi["paths"]["/account/mmp/{base_asset}"] = {
        "post": _private(requestBody=_json_body(_MMP_CONFIG)),
        "delete": _private(),
    }


def _mmp_reset(openapi: Document, _: Document) -> None:
    asset = {"type": "object", "properties": {"base_asset": {"type": "string"}}}
    reset = _private(requestBody=_json_body(asset))
    openapi["paths"]["/account/mmp/reset"] = {"post": reset}


# -- WEBSOCKET -------------------------------------------------------------------------------------


def _base_asset(_: Document, openrpc: Document) -> None:
    parameter = {"name": "base_asset", "required": False, "schema": {"type": "string"}}
    _call(openrpc, "subscribe")["params"].append(parameter)


def _bare_batch(_: Document, openrpc: Document) -> None:
    _call(openrpc, "order.create_batch")["x-bare-array-of"] = "orders"


def _flags_of_items(_: Document, openrpc: Document) -> None:
    create = _call(openrpc, "order.create")["params"]
    batch = _call(openrpc, "order.create_batch")["params"]
    flags = [parameter["schema"] for parameter in create if parameter["name"] == "flags"]
    flags.append(batch[0]["schema"]["items"]["properties"]["flags"])
    for schema in flags:
        schema["items"] = {**schema["items"], "enum": schema.pop("enum")}


# -- SAMPLES ---------------------------------------------------------------------------------------

ORDER: Document = {
    "market": "BTC-USD-PERP",
    "side": "BUY",
    "type": "LIMIT",
    "size": "0.015",
    "price": "61234.5",
    "instruction": "GTC",
    "signature_timestamp": 1_790_000_000_123,
    "signature": '["1407519","3302368"]',
}

AMENDMENTS: tuple[Amendment, ...] = (
    Amendment(
        "the public key of a subkey stands in the path, and retail flow asks for its token with "
        "token_usage (PROTOCOL 2.4)",
        _auth_with_key,
        Sample("POST", "/auth/0x2fb2?token_usage=interactive"),
    ),
    Amendment(
        "a market makes the look-up by client id faster (PROTOCOL 4.2)",
        _market_of_client_id,
        Sample("GET", "/orders/by_client_id/O-1?market=BTC-USD-PERP"),
    ),
    Amendment(
        "market maker protection is newer than the documents: the flag (PROTOCOL 5.3, 12)",
        _mmp_flag,
        Sample("POST", "/orders", ORDER | {"flags": ["MMP"]}),
    ),
    Amendment(
        "market maker protection: read (PROTOCOL 4.2)",
        _mmp_read,
        Sample("GET", "/account/mmp?base_asset=BTC"),
    ),
    Amendment(
        "market maker protection: set and switch off (PROTOCOL 4.2)",
        _mmp_config,
        Sample("DELETE", "/account/mmp/BTC"),
    ),
    Amendment(
        "market maker protection: thaw (PROTOCOL 4.2)",
        _mmp_reset,
        Sample("POST", "/account/mmp/reset", {"base_asset": "BTC"}),
    ),
    Amendment(
        "chains of options are subscribed by their base asset (PROTOCOL 6.2)",
        _base_asset,
        Sample("WS", "subscribe", {"channel": "bbo", "base_asset": "BTC"}),
    ),
    Amendment(
        "the official SDK sends a batch as a bare array (PROTOCOL 6.6, trap 40)",
        _bare_batch,
        Sample("WS", "order.create_batch", [ORDER]),
    ),
    Amendment(
        "the document gives the values of a flag to the array of flags, which no array can be",
        _flags_of_items,
        Sample("WS", "order.create", ORDER | {"flags": ["REDUCE_ONLY"]}),
    ),
)
