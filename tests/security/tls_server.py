"""A TLS server on loopback, with certificates that are made when they are needed."""

import asyncio
import ssl
from datetime import UTC
from datetime import datetime
from functools import cache

import trustme

from tests.security.loopback import LoopbackServer


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


class TlsServer(LoopbackServer):
    """
    Answers every request with one answer; `async with` opens it.

    Attributes
    ----------
    received : bytes
        What arrived on connections whose handshake succeeded.

    """

    def __init__(self, certificate: str, answer: bytes) -> None:
        self.tls = context_of(certificate)
        self._answer = answer
        self.received = b""

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note what arrives, and answer it."""
        self.received += await reader.readuntil(b"\r\n\r\n")
        writer.write(self._answer)
        await writer.drain()
        self.received += await reader.read()
