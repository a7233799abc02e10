"""JSON-RPC of the WebSocket: what a frame asks, and the envelope of the answer (PROTOCOL 6.2)."""

import json
from typing import Any

import msgspec

from nautilus_paradex.simulator.server.refusals import INVALID_PARAMS
from nautilus_paradex.simulator.server.refusals import INVALID_REQUEST
from nautilus_paradex.simulator.server.refusals import PARSE_ERROR
from nautilus_paradex.simulator.server.refusals import RpcError


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request of the client."""

    id: int | str | None
    method: str
    params: Any
    received_us: int

    def param(self, name: str, kind: type, *, required: bool = True) -> Any:
        """
        Return a named parameter.

        Raises
        ------
        RpcError
            -32602 if it is missing or of another type.

        """
        params = self.named()
        value = params.get(name)
        if value is None:
            if required:
                raise RpcError(INVALID_PARAMS, "invalid params", f"{name} is required")
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise RpcError(INVALID_PARAMS, "invalid params", f"{name} has a wrong type")
        return value

    def named(self) -> dict[str, Any]:
        """
        Return the parameters, which are named.

        Raises
        ------
        RpcError
            -32602 if they are not.

        """
        if self.params is None:
            return {}
        if not isinstance(self.params, dict):
            raise RpcError(INVALID_PARAMS, "invalid params", "params must be an object")
        return self.params


def parse_request(text: str, received_us: int) -> Request:
    """
    Return the request of a text frame.

    Raises
    ------
    RpcError
        -32700 for what is no JSON, -32600 for what is no request.

    """
    try:
        frame = json.loads(text)
    except ValueError:
        raise RpcError(PARSE_ERROR, "parse error") from None
    if not isinstance(frame, dict):
        raise RpcError(INVALID_REQUEST, "invalid request")
    request_id = frame.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, int | str | None):
        raise RpcError(INVALID_REQUEST, "invalid request", "id must be a number or a string")
    method = frame.get("method")
    if frame.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "invalid request")
    return Request(
        id=request_id, method=method, params=frame.get("params"), received_us=received_us
    )


def request_id_of(text: str) -> int | str | None:
    """Return the id of a frame that may be no valid request, for the answer to it."""
    try:
        frame = json.loads(text)
    except ValueError:
        return None
    request_id = frame.get("id") if isinstance(frame, dict) else None
    return request_id if type(request_id) in (int, str) else None


def answer(request_id: int | str | None, result: Any, received_us: int, sent_us: int) -> str:
    """Return the frame of a result."""
    return _envelope({"jsonrpc": "2.0", "id": request_id, "result": result}, received_us, sent_us)


def refusal(request_id: int | str | None, error: RpcError, received_us: int, sent_us: int) -> str:
    """Return the frame of an error."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    return _envelope({"jsonrpc": "2.0", "id": request_id, "error": body}, received_us, sent_us)


def _envelope(frame: dict[str, Any], received_us: int, sent_us: int) -> str:
    times = {"usIn": received_us, "usDiff": sent_us - received_us, "usOut": sent_us}
    # The venue ends its answers with a line feed.
    return msgspec.json.encode(frame | times).decode() + "\n"
