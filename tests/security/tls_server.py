"""A TLS server on loopback, with certificates that are made when they are needed."""

import asyncio
import contextlib
import ssl
from datetime import UTC
from datetime import datetime
from functools import cache
from types import TracebackType
from typing import Self

import trustme


HERE = ("localhost", "127.0.0.1", "::1")
LONG_AGO = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))


@cache
def authority() -> trustme.CA:
    """Return who vouches for ``good``, ``elsewhere`` (another host's) and ``expired``."""
    return trustme.CA(organization_name="Tests of paradex-nt")


@cache
def context_of(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate == "self_signed":
        alone = trustme.CA(organization_name="Nobody vouches for it")
        with alone.private_key_pem.tempfile() as key, alone.cert_pem.tempfile() as cert:
            context.load_cert_chain(cert, key)
        return context
    issue = authority().issue_cert
    match certificate:
        case "good":
            issue(*HERE).configure_cert(context)
        case "expired":
            issue(*HERE, not_before=LONG_AGO[0], not_after=LONG_AGO[1]).configure_cert(context)
        case "elsewhere":
            issue("api.example.com").configure_cert(context)
        case _:
            raise ValueError(certificate)
    return context


class TlsServer:
    """
    Answers every request with one answer; `async with` opens it.

    Attributes
    ----------
    received : bytes
        What arrived on connections whose handshake succeeded.

    """

    def __init__(self, certificate: str, answer: bytes) -> None:
        self._context = context_of(certificate)
        self._answer = answer
        self.received = b""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._context, ssl_handshake_timeout=2.0
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self._server.close_clients()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.received += await reader.readuntil(b"\r\n\r\n")
            writer.write(self._answer)
            await writer.drain()
            self.received += await reader.read()
        writer.close()
