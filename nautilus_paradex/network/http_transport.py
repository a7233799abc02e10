"""
One attempt of an HTTP request: sent at most once, and answered by bytes or an error of ours.

aiohttp repeats GET, PUT and DELETE by itself when a kept connection turns out to be dead. A modify
could reach the venue twice that way, so a middleware ends such an attempt before aiohttp can
repeat it, and only the caller's own policy decides what is sent again.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from yarl import URL

from nautilus_paradex.network.address import checked_proxy
from nautilus_paradex.network.address import checked_url
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.tls import distrust_of
from nautilus_paradex.network.tls import verified_context
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.secrecy import SecretBytes
from nautilus_paradex.protocol.secrecy import SecretText
from nautilus_paradex.protocol.secrecy import concealed
from nautilus_paradex.protocol.secrecy import without_frames


#: More than the largest answer (all markets, several MB) by an order of magnitude.
MAX_BODY_BYTES: Final = 64 * 1024 * 1024

_USER_AGENT: Final = "paradex-nt"


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    How the client connects; times in seconds unless named.

    Raises
    ------
    ValueError
        If the base URL is not safe, or a number makes no sense.

    """

    base_url: str
    """Including the version: ``https://api.prod.paradex.trade/v1``."""
    timeout: float = 10.0
    """For a whole attempt, from the wait for a connection to the last byte."""
    connect_timeout: float = 5.0
    pool_limit: int = 100
    """Connections at a time."""
    pool_keepalive: float = 30.0
    """How long an idle connection is kept; longer than the server keeps it gains nothing."""
    retry: RetryPolicy = RetryPolicy()
    max_body_bytes: int = MAX_BODY_BYTES
    proxy: str | None = None
    """May carry credentials, and never shows."""
    allow_insecure: bool = False
    """If plain HTTP may be spoken to other machines."""

    def __post_init__(self) -> None:
        proxy = concealed(self.proxy)
        msgspec.structs.force_setattr(self, "proxy", proxy)
        if proxy is not None:
            checked_proxy(proxy)
        checked_url(self.base_url, allow_insecure=self.allow_insecure, proxy=proxy)
        if min(self.timeout, self.connect_timeout, self.pool_keepalive) <= 0:
            raise ValueError("HTTP timeouts and the keep-alive time must be positive")
        if self.pool_limit < 1 or self.max_body_bytes < 1:
            raise ValueError("the HTTP pool and body limits must be positive")

    def __repr__(self) -> str:
        proxy = None if self.proxy is None else "***"
        return f"HttpSettings(base_url={self.base_url!r}, timeout={self.timeout:g}, proxy={proxy})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("base_url", self.base_url), ("timeout", self.timeout)]


class HttpRequest:
    """What is sent, as often as it may be."""

    __slots__ = ("body", "headers", "method", "scope", "url")

    def __init__(
        self, method: str, url: URL, scope: Scope, body: bytes | None, headers: dict[str, str]
    ) -> None:
        self.method = method
        self.url = url
        self.scope = scope
        self.body = body
        self.headers = headers

    def authorize(self, token: str) -> None:
        """Go with a token from now on."""
        self.headers["Authorization"] = SecretText(f"Bearer {token}")

    def __str__(self) -> str:
        # The query stays out: a text that goes to a log names the endpoint, no more.
        return f"{self.method} {self.url.path}"


class HttpTransport:
    """
    The pool of connections to one host.

    Parameters
    ----------
    settings : HttpSettings
        How it connects.

    """

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._host = urlsplit(settings.base_url).netloc
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def close(self) -> None:
        """Close all connections; requests fail from now on, until `reopen`."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def reopen(self) -> None:
        """Let a closed pool connect again; an open one is left as it is."""
        self._closed = False

    def configure(self, settings: HttpSettings) -> None:
        """
        Take other settings for the same address, before the first connection.

        Raises
        ------
        ValueError
            If connections are open, or the address is another.

        """
        if self._session is not None or settings.base_url != self._settings.base_url:
            raise ValueError("an HTTP client that is open or of another address keeps its settings")
        self._settings = settings

    async def exchange(self, request: HttpRequest) -> tuple[int, Mapping[str, str], bytes]:
        """
        Send a request once; return the answer's status, headers and body.

        Raises
        ------
        TransportError
            If there is no whole answer. `sent` tells if the request may have been carried out.

        """
        attempt = _Attempt()
        try:
            async with self._open_session().request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                # A redirect could carry the token to another host, or a create to another path.
                allow_redirects=False,
                proxy=self._settings.proxy,
                trace_request_ctx=attempt,
            ) as response:
                return response.status, response.headers, await self._read(response)
        except (ParadexError, aiohttp.ClientError, OSError, ValueError) as error:
            lost = self._lost(error, request, sent=attempt.sent)
        except BaseException as error:  # cancelled: a deadline above shows it as its cause
            raise without_frames(error) from None
        # Raised out here, an error holds no frame of the library's, which has headers, proxy and
        # bytes among its local variables.
        raise lost

    async def _read(self, response: aiohttp.ClientResponse) -> SecretBytes:
        limit = self._settings.max_body_bytes
        if (response.content_length or 0) <= limit:
            body = _Body()
            while not response.content.at_eof() and len(body) <= limit:
                body.take(await response.content.readany())
            if len(body) <= limit:
                return body.content()
            del body
        # Leaving the response unread drops its connection.
        error = TransportError(
            f"the answer to {response.method} {response.url.path} is larger than {limit} bytes",
            sent=True,
        )
        error.transient = False
        raise error

    def _lost(self, error: Exception, request: HttpRequest, *, sent: bool) -> ParadexError:
        if isinstance(error, ParadexError):
            return error.with_traceback(None)
        if isinstance(error, TimeoutError):
            what = "answer" if sent else "connection"
            return TransportError(f"no {what} in time: {self._host} ({request})", sent=sent)
        # Only texts of the operating system: others may repeat headers or the proxy's credentials.
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        reason = getattr(cause, "strerror", None) or type(cause).__name__
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            reason = distrust_of(error.certificate_error) or "its certificate is not valid"
        what = "the connection was lost" if sent else "cannot connect"
        return TransportError(f"{what}: {self._host}: {reason} ({request})", sent=sent)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise TransportError("the HTTP client is closed", sent=False)
        if self._session is None:
            settings = self._settings
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_sent)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=verified_context(),
                    limit=settings.pool_limit,
                    limit_per_host=settings.pool_limit,
                    keepalive_timeout=settings.pool_keepalive,
                ),
                timeout=aiohttp.ClientTimeout(
                    total=settings.timeout, connect=settings.connect_timeout
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Content-Type": "application/json", "User-Agent": _USER_AGENT},
                trace_configs=[trace],
                middlewares=(_sent_once,),
                trust_env=False,
            )
        return self._session


class _Body:
    """What has arrived of an answer; it may hold a token, and does not show."""

    __slots__ = ("_received",)

    def __init__(self) -> None:
        self._received = bytearray()

    def __len__(self) -> int:
        return len(self._received)

    def take(self, received: bytes) -> None:
        """Take what comes next."""
        self._received += received

    def content(self) -> SecretBytes:
        """Return it all."""
        return SecretBytes(self._received)


class _Attempt:
    """What is known of one attempt: if a byte of it may have left this machine."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent = False


async def _note_sent(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    context.trace_request_ctx.sent = True


async def _sent_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """End an attempt whose connection was lost, which aiohttp would repeat."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise  # never repeated by aiohttp
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        reason = getattr(error, "strerror", None) or "closed by the server without an answer"
        raise TransportError(
            f"the connection was lost: {request.url.host}: {reason} "
            f"({request.method} {request.url.path})",
            sent=True,
        ) from None
