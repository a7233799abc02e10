"""
Requests against the venue's OpenAPI and OpenRPC documents.

The documents are taken strictly: what they do not name is refused. Where they only say that
something is a string, PROTOCOL says of which form. What is found never repeats a secret.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any
from typing import Final
from typing import NamedTuple
from typing import Self
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from tests.official.amendments import AMENDMENTS
from tests.official.amendments import Document


FOLDER: Final = Path(__file__).resolve().parents[3] / "shared" / "paradex" / "spec"
SKIPPED: Final = "the venue's documents do not stand beside the repository: requests go unchecked"

_DECIMAL: Final = r"^\d+(\.\d+)?$"
_FELT: Final = r"^0x[0-9a-fA-F]{1,64}$"
_SIGNATURE: Final = r'^\["\d+","\d+"\]$'

#: PROTOCOL 3.2 and 5.4, by a field's name: the documents say string.
_FORMS: Final[dict[str, Document]] = {
    "size": {"pattern": _DECIMAL},
    "price": {"pattern": _DECIMAL},
    "trigger_price": {"pattern": _DECIMAL},
    "vwap_price": {"pattern": _DECIMAL},
    "signature": {"pattern": _SIGNATURE},
    "signature_timestamp": {"minimum": 1_500_000_000_000, "maximum": 9_999_999_999_999},
    "recv_window": {"minimum": 10},
    "client_id": {"minLength": 1, "maxLength": 64},
    "stp": {"enum": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]},
    "side": {"enum": ["BUY", "SELL"]},
    "on_behalf_of_account": {"pattern": _FELT},
    "margin_type": {"enum": ["CROSS", "ISOLATED"]},
    "market": {"minLength": 1},
    "channel": {"minLength": 1},
}

#: PROTOCOL 2.4; the documents say string.
_HEADER_FORMS: Final = {
    "paradex-starknet-account": _FELT,
    "paradex-starknet-signature": _SIGNATURE,
    "paradex-timestamp": r"^\d{10}$",
    "paradex-signature-expiration": r"^\d{10}$",
    "paradex-authorize-isolated-markets": r"^true$",
    "authorization": r"^Bearer [^\s,]+$",
}
_SECRETS: Final = frozenset({"signature", "bearer"})

#: The SBE negotiation (PROTOCOL 7.1).
_UPGRADE_FORMS: Final = {"sbeSchemaId": r"^1$", "sbeSchemaVersion": r"^[012]$"}

_TYPE_FORMS: Final = {"integer": r"^-?\d+$", "boolean": r"^(true|false)$"}


class Operation(NamedTuple):
    """An endpoint, ready to judge requests."""

    path: re.Pattern[str]
    variables: int
    query: dict[str, Document]
    required_query: frozenset[str]
    headers: frozenset[str]
    required_headers: frozenset[str]
    is_private: bool
    body: Draft202012Validator | None


class Call(NamedTuple):
    """A method of the WebSocket, ready to judge calls."""

    params: Draft202012Validator
    bare: Draft202012Validator | None
    """Of parameters that are an array, where the method takes one."""


class OfficialDocuments:
    """
    The judge.

    Parameters
    ----------
    openapi, openrpc : Document
        The documents, amended or not; they are not changed.

    """

    def __init__(self, openapi: Document, openrpc: Document) -> None:
        self._operations: dict[str, list[Operation]] = {}
        for path, operations in openapi["paths"].items():
            for method, operation in operations.items():
                compiled = _operation(openapi, path, operation)
                self._operations.setdefault(method.upper(), []).append(compiled)
        for found in self._operations.values():
            # /orders/{id} would hide /orders/batch.
            found.sort(key=lambda operation: operation.variables)
        self._calls = {method["name"]: _call(openrpc, method) for method in openrpc["methods"]}

    @classmethod
    def read(cls, *, amended: bool = True) -> Self:
        """Read the documents that stand beside the repository."""
        openapi = json.loads((FOLDER / "openapi.json").read_text())
        openrpc = json.loads((FOLDER / "openrpc.json").read_text())
        if amended:
            for amendment in AMENDMENTS:
                amendment.apply(openapi, openrpc)
        return cls(openapi, openrpc)

    # -- REST --------------------------------------------------------------------------------------

    def rest_problems(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> list[str]:
        """
        Return what is wrong with a REST request.

        Parameters
        ----------
        method : str
            The HTTP method.
        path : str
            After the version, quoted as it was sent.
        query : str
            As it was sent.
        headers : Mapping[str, str]
            By lower-case names.
        body : bytes
            Empty for none.

        """
        operation = self._find(method, path)
        if operation is None:
            return ["the document knows no such path and method"]
        return [
            *_query_problems(operation, query),
            *_header_problems(operation, headers, has_body=bool(body)),
            *_body_problems(operation, body),
        ]

    def _find(self, method: str, path: str) -> Operation | None:
        for operation in self._operations.get(method, []):
            if operation.path.fullmatch(path):
                return operation
        return None

    # -- WEBSOCKET ---------------------------------------------------------------------------------

    def upgrade_problems(self, query: str) -> list[str]:
        """Return what is wrong with the query of a WebSocket's upgrade."""
        given = dict(parse_qsl(query, keep_blank_values=True))
        if given and set(given) != set(_UPGRADE_FORMS):
            return [f"the query names {sorted(given)}, not {sorted(_UPGRADE_FORMS)}"]
        return [
            f"{name} is not of the form {_UPGRADE_FORMS[name]}"
            for name, value in given.items()
            if not re.fullmatch(_UPGRADE_FORMS[name], value)
        ]

    def call_problems(self, frame: str) -> list[str]:
        """Return what is wrong with a text frame that was sent."""
        try:
            request = json.loads(frame)
        except ValueError:
            return ["the frame is no JSON"]
        if not isinstance(request, dict) or set(request) != {"jsonrpc", "id", "method", "params"}:
            return ["a call has jsonrpc, id, method and params, and nothing else"]
        if request["jsonrpc"] != "2.0" or type(request["id"]) is not int:
            return ["jsonrpc is 2.0, and the id an integer"]
        call = self._calls.get(request["method"])
        if call is None:
            return ["the document knows no such method"]
        params = request["params"]
        is_bare = isinstance(params, list) and call.bare is not None
        validator = call.bare if is_bare and call.bare is not None else call.params
        problems = _problems(validator, params, "params")
        if not problems and request["method"] == "order.cancel":
            problems = _cancel_problems(params)
        return problems


def _cancel_problems(params: Document) -> list[str]:
    """Return what is wrong with how a cancel names its order (PROTOCOL 6.6)."""
    names = set(params)
    if names in ({"id"}, {"client_id", "market"}):
        return []
    return [f"params: an order is named by id, or by client_id and market, not by {sorted(names)}"]


# -- COMPILATION -----------------------------------------------------------------------------------


def _operation(openapi: Document, path: str, operation: Document) -> Operation:
    parameters = operation.get("parameters", [])
    query = {p["name"]: p for p in parameters if p["in"] == "query"}
    headers = {p["name"].lower(): p for p in parameters if p["in"] == "header"}
    body = operation.get("requestBody")
    if body is not None and "$ref" in body:
        body = _resolved(openapi, body["$ref"])
    schema = None if body is None else body["content"]["application/json"]["schema"]
    pattern = "".join(
        r"[^/]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", path)
    )
    return Operation(
        path=re.compile(pattern),
        variables=path.count("{"),
        query={name: parameter["schema"] for name, parameter in query.items()},
        required_query=_required(query),
        headers=frozenset(headers),
        required_headers=_required(headers),
        is_private=bool(operation.get("security")),
        body=None if schema is None else Draft202012Validator(_strict(openapi, schema)),
    )


def _required(parameters: Mapping[str, Document]) -> frozenset[str]:
    return frozenset(name for name, parameter in parameters.items() if parameter.get("required"))


def _call(openrpc: Document, method: Document) -> Call:
    schema = {
        "type": "object",
        "required": [p["name"] for p in method["params"] if p.get("required")],
        "properties": {p["name"]: p["schema"] for p in method["params"]},
    }
    schema = _strict(openrpc, schema)
    bare = method.get("x-bare-array-of")
    return Call(
        params=Draft202012Validator(schema),
        bare=None if bare is None else Draft202012Validator(schema["properties"][bare]),
    )


def _resolved(document: Document, reference: str) -> Document:
    value = document
    for part in reference.removeprefix("#/").split("/"):
        value = value[part]
    return value


def _strict(document: Document, schema: Document) -> Document:
    """Return a schema without references, which takes nothing that it does not name."""
    if "$ref" in schema:
        return _strict(document, _resolved(document, schema["$ref"]))
    strict = deepcopy(schema)
    if "allOf" in strict:
        strict["allOf"] = [_strict(document, part) for part in strict["allOf"]]
    if "items" in strict:
        strict["items"] = _strict(document, strict["items"])
    if "properties" in strict:
        strict.setdefault("additionalProperties", False)
        strict["properties"] = {
            name: {"allOf": [_strict(document, part), _FORMS.get(name, {})]}
            for name, part in strict["properties"].items()
        }
    return strict


# -- JUDGEMENT -------------------------------------------------------------------------------------


def _query_problems(operation: Operation, query: str) -> Iterable[str]:
    given = parse_qsl(query, keep_blank_values=True)
    counts = Counter(name for name, _ in given)
    for name, count in counts.items():
        if name not in operation.query:
            yield f"query: the document knows no {name}"
        elif count > 1:
            yield f"query: {name} is given {count} times"
    for name in operation.required_query - counts.keys():
        yield f"query: {name} is required"
    for name, value in given:
        if name in operation.query:
            yield from _parameter_problems(name, value, operation.query[name])


def _parameter_problems(name: str, value: str, schema: Document) -> Iterable[str]:
    if not value:
        yield f"query: {name} is empty, which the venue takes for no filter"
        return
    kind = schema["type"]
    if kind in _TYPE_FORMS and not re.fullmatch(_TYPE_FORMS[kind], value):
        yield f"query: {name} is not of type {kind}: {value!r}"
        return
    typed = int(value) if kind == "integer" else value
    limits = {key: schema[key] for key in ("enum", "minimum", "maximum") if key in schema}
    yield from _problems(Draft202012Validator(limits), typed, f"query: {name}")


def _header_problems(
    operation: Operation, headers: Mapping[str, str], *, has_body: bool
) -> Iterable[str]:
    for name in sorted(operation.required_headers - headers.keys()):
        yield f"header {name} is required"
    if operation.is_private and "authorization" not in headers:
        yield "header authorization is required"
    if has_body and headers.get("content-type") != "application/json":
        yield "header content-type is not application/json"
    for name, value in headers.items():
        if name.startswith("paradex-") and name not in operation.headers:
            yield f"the document knows no header {name} here"
        elif name in _HEADER_FORMS and not re.fullmatch(_HEADER_FORMS[name], value):
            yield f"header {name} is not of the form {_HEADER_FORMS[name]}"


def _body_problems(operation: Operation, body: bytes) -> list[str]:
    if operation.body is None:
        return ["the document knows no body here"] if body else []
    if not body:
        return ["a body is required"]
    try:
        value = json.loads(body)
    except ValueError:
        return ["the body is no JSON"]
    return _problems(operation.body, value, "body")


def _problems(validator: Draft202012Validator, value: Any, where: str) -> list[str]:
    return sorted(_described(error, where) for error in validator.iter_errors(value))


def _described(error: ValidationError, where: str) -> str:
    """Return what an error says, without what it says it of where that may be secret."""
    place = ".".join([where, *map(str, error.absolute_path)])
    match error.validator:
        case "required" | "additionalProperties":
            # These name fields, never their values.
            return f"{place}: {error.message}"
    given = ""
    is_scalar = isinstance(error.instance, str | int)
    if is_scalar and not _SECRETS.intersection(map(str, error.absolute_path)):
        given = f": {str(error.instance)[:40]!r}"
    return f"{place} is not of {error.validator} {error.validator_value}{given}"


def request_path(raw: str, prefix: str = "/v1") -> tuple[str, str]:
    """Return (path after the version, query) of a request's target."""
    path, _, query = raw.partition("?")
    return path.removeprefix(prefix), query
