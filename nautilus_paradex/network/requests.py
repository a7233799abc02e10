"""JSON-RPC calls that wait for their answers, by id and with a deadline (rule S2)."""

import asyncio

import msgspec

from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.jsonrpc import ErrorReply
from nautilus_paradex.protocol.jsonrpc import Result


class PendingRequests:
    """The calls under way on one socket."""

    def __init__(self) -> None:
        self._futures: dict[int, asyncio.Future[msgspec.Raw]] = {}

    def __len__(self) -> int:
        return len(self._futures)

    def open(self, request_id: int) -> asyncio.Future[msgspec.Raw]:
        """Return the future of a call that is about to be written."""
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._futures[request_id] = future
        return future

    def forget(self, request_id: int) -> None:
        """Stop waiting for a call."""
        future = self._futures.pop(request_id, None)
        if future is not None:
            future.cancel()

    def resolve(self, reply: Result | ErrorReply) -> bool:
        """Complete the call that a reply belongs to; return False if none waits for it."""
        future = self._futures.get(reply.id) if reply.id is not None else None
        if future is None or future.done():
            return False
        if isinstance(reply, Result):
            future.set_result(reply.result)
        else:
            future.set_exception(reply.to_error())
        return True

    def fail_all(self, reason: str) -> None:
        """Fail all calls: they were written, and no answer will come."""
        for future in list(self._futures.values()):
            if not future.done():
                future.set_exception(TransportError(reason, sent=True))
