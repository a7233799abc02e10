"""
One HTTP client for one base URL: every answer becomes a value or an error of ours.

aiohttp repeats GET, PUT and DELETE by itself when a kept connection turns out to be dead. A modify
could reach the venue twice that way, so a middleware ends such an attempt before aiohttp can
repeat it, and only the caller's own policy decides what is sent again.
"""

from collections.abc import Awaitable
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from typing import Final
from typing import Protocol
from urllib.parse import urlencode
from urllib.parse import urlsplit

import aiohttp
import msgspec
from yarl import URL

from nautilus_paradex.network.address import checked_proxy
from nautilus_paradex.network.address import checked_url
from nautilus_paradex.network.answers import decoded
from nautilus_paradex.network.answers import refusal
from nautilus_paradex.network.clock import ClockOffset
from nautilus_paradex.network.clock import VenueClock
from nautilus_paradex.network.clock import compare
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import Log
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.retry import parse_retry_after
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.tls import distrust_of
from nautilus_paradex.network.tls import verified_context
from nautilus_paradex.protocol.errors import AUTHENTICATION_CODES
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import RateLimitError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.messages import SystemTime
from nautilus_paradex.protocol.secrecy import SecretBytes
from nautilus_paradex.protocol.secrecy import SecretText
from nautilus_paradex.protocol.secrecy import concealed
from nautilus_paradex.protocol.secrecy import without_frames


#: More than the largest answer (all markets, several MB) by an order of magnitude.
MAX_BODY_BYTES: Final = 64 * 1024 * 1024

_USER_AGENT: Final = "paradex-nt"
_CLOCK_SAMPLES: Final = 3

#: Says of a request only that it is not authorized.
_UNNAMED: Final = "UNAUTHORIZED_ERROR"

type Query = Mapping[str, str | int | None]


class Tokens(Protocol):
    """Where private requests get their JWT from."""

    async def token(self) -> str:
        """Return a token that is not about to expire."""

    async def refresh(self, rejected_token: str) -> str:
        """Return another token than the one that the venue refused."""

    def last_token(self) -> str | None:
        """Return the token that was good last, though it may have been refused since."""

    def distrust(self, token: str, error: AuthenticationError) -> None:
        """Take notice that a token fresh from the venue was refused."""


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


class ParadexHttpClient:
    """
    An HTTP client for Paradex.

    Parameters
    ----------
    settings : HttpSettings
        How it connects.
    timing : Timing
        Clock, sleep and randomness.
    limiter : RateLimiter
        The venue's windows.
    log : Log
        Where it says what happens.

    """

    def __init__(
        self, settings: HttpSettings, *, timing: Timing, limiter: RateLimiter, log: Log
    ) -> None:
        self.settings = settings
        self.limiter = limiter
        self._base_url = checked_url(settings.base_url, allow_insecure=True)
        self._host = urlsplit(self._base_url).netloc
        self.timing = timing
        self._log = log
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self.clock = VenueClock(timing)

    def __repr__(self) -> str:
        return f"ParadexHttpClient({self._base_url!r})"

    # -- LIFE --------------------------------------------------------------------------------------

    async def warm_up(self) -> ClockOffset:
        """
        Open a pooled connection, and compare clocks on it (rule E15).

        Returns
        -------
        ClockOffset
            The comparison with the shortest round trip; kept in `clock_offset`.

        Raises
        ------
        ParadexError
            If the venue cannot be reached.

        """
        # The first round trip includes DNS, TCP and TLS, which says nothing about the clock.
        return await self.compare_clocks(_CLOCK_SAMPLES)

    async def compare_clocks(self, samples: int = 1) -> ClockOffset:
        """Compare clocks again; returns and raises as `warm_up`."""
        best: ClockOffset | None = None
        for _ in range(samples):
            sent_ns = self.timing.time_ns()
            answer = await self.request(
                "GET", "/system/time", SystemTime, scope=Scope.PUBLIC, idempotent=True
            )
            sample = compare(sent_ns, self.timing.time_ns(), _server_ms(answer))
            if best is None or sample.rtt_ms < best.rtt_ms:
                best = sample
        assert best is not None  # noqa: S101 - the loop above runs at least once
        self.clock.take(best)
        return best

    async def close(self) -> None:
        """Close all connections; requests fail from now on, until `reopen`."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def reopen(self) -> None:
        """Let a closed client connect again; an open one is left as it is."""
        self._closed = False

    def configure(self, settings: HttpSettings) -> None:
        """
        Take other settings for the same address, before the first connection.

        Raises
        ------
        ValueError
            If connections are open, or the address is another.

        """
        if self._session is not None or settings.base_url != self.settings.base_url:
            raise ValueError("an HTTP client that is open or of another address keeps its settings")
        self.settings = settings

    @property
    def clock_offset(self) -> ClockOffset | None:
        """The last comparison of clocks; None before `warm_up`."""
        return self.clock.compared

    @property
    def clock_offset_ms(self) -> int:
        """What must be added to our clock to get the venue's; 0 before `warm_up`."""
        return self.clock.offset_ms

    # -- REQUESTS ----------------------------------------------------------------------------------

    async def request[T](
        self,
        method: str,
        path: str,
        kind: type[T] | None,
        *,
        scope: Scope,
        idempotent: bool,
        query: Query | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        tokens: Tokens | None = None,
        granted: bool = False,
    ) -> T:
        """
        Send a request and return its answer.

        Parameters
        ----------
        method : str
            GET, POST, PUT or DELETE.
        path : str
            After the base URL, quoted.
        kind : type, optional
            What the answer is; None where its body does not matter (None is returned).
        scope : Scope
            What it counts against.
        idempotent : bool
            If it may be sent again after an error that is transient, with jittered delays and the
            venue's ``Retry-After``. A create is never idempotent (rule E6).
        query : Query, optional
            Parameters; those that are None are left out.
        body : bytes, optional
            JSON.
        headers : Mapping[str, str], optional
            More headers.
        tokens : Tokens, optional
            For private requests. A request that is refused because of its token is sent once more
            with a fresh one whatever it is, since it was not carried out (rule E13).
        granted : bool, default False
            If the limiter has granted the first attempt already.

        Raises
        ------
        VenueError
            The venue's refusal; its subclasses by meaning.
        TransportError
            No answer, or a success whose body is not understood. `sent` tells if the request may
            have been carried out.

        """
        request = _Request(method, self._url(path, query), scope, body, dict(headers or {}))
        retry = 0
        while True:
            if retry or not granted:
                await self.limiter.acquire(scope, cancel=method == "DELETE")
            try:
                payload = await self._authorized(request, tokens)
                return decoded(payload, kind, str(request))
            except ParadexError as error:
                retry += 1
                delay = self._delay(error, retry) if idempotent else None
                if delay is None:
                    raise
                self._log.debug(f"{request} again in {delay:.2f} s: {error}")
            await self.timing.sleep(delay)

    def _delay(self, error: ParadexError, retry: int) -> float | None:
        if not error.transient:
            return None
        retry_after = error.retry_after if isinstance(error, RateLimitError) else None
        return self.settings.retry.delay(retry, retry_after, self.timing.random)

    async def _authorized(self, request: "_Request", tokens: Tokens | None) -> bytes:
        if tokens is None:
            return await self._attempt(request)
        token = await self._first_token(request, tokens)
        request.authorize(token)
        try:
            return await self._attempt(request)
        except AuthenticationError as error:
            if not _is_token_refusal(error):
                raise
            self._log.debug(f"{request}: the token was refused, another is fetched")
        token = await _fetched(tokens.refresh(token))
        request.authorize(token)
        try:
            return await self._attempt(request)
        except AuthenticationError as error:
            if _is_token_refusal(error):
                tokens.distrust(token, error)
            raise

    async def _first_token(self, request: "_Request", tokens: Tokens) -> SecretText:
        try:
            return await _fetched(tokens.token())
        except AuthenticationError:
            # A cancel is worth an attempt with what there is: it may still be good for that.
            last = tokens.last_token() if request.method == "DELETE" else None
            if last is None:
                raise
            return SecretText(last)

    async def _attempt(self, request: "_Request") -> bytes:
        status, headers, payload = await self._exchange(request)
        now_ms = self.timing.time_ms() + self.clock_offset_ms
        self.limiter.observe(request.scope, headers, venue_ms=now_ms)
        if 200 <= status < 300:
            return payload
        retry_after = parse_retry_after(headers.get("Retry-After"), now_ms)
        if retry_after is not None:
            pause = min(retry_after, self.settings.retry.max_retry_after)
            self.limiter.hold(request.scope, pause)
        raise refusal(status, payload, headers.get("Content-Type", ""), retry_after)

    # -- TRANSPORT ---------------------------------------------------------------------------------

    async def _exchange(self, request: "_Request") -> tuple[int, Mapping[str, str], bytes]:
        attempt = _Attempt()
        try:
            async with self._open_session().request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                # A redirect could carry the token to another host, or a create to another path.
                allow_redirects=False,
                proxy=self.settings.proxy,
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
        limit = self.settings.max_body_bytes
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

    def _lost(self, error: Exception, request: "_Request", *, sent: bool) -> ParadexError:
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
            settings = self.settings
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

    def _url(self, path: str, query: Query | None) -> URL:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        # Encoded here: another quoting of a cursor is another cursor (trap 18).
        return URL(f"{self._base_url}{path}{'?' if given else ''}{urlencode(given)}", encoded=True)


class _Request:
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


async def _fetched(work: Awaitable[str]) -> SecretText:
    """Await a token; the request itself was not sent, whatever went wrong with its token."""
    try:
        return SecretText(await work)
    except AuthenticationError:
        raise
    except ParadexError as error:
        raise TransportError(f"no token to authenticate with: {error}", sent=False) from error


def _is_token_refusal(error: AuthenticationError) -> bool:
    # A 401 speaks of the token, whatever it is called (PROTOCOL 8.4), unless it says what else.
    return error.code == "INVALID_TOKEN" or (
        error.status == 401 and (error.code not in AUTHENTICATION_CODES or error.code == _UNNAMED)
    )


def _server_ms(answer: SystemTime) -> int:
    if not answer.server_time.isascii() or not answer.server_time.isdigit():
        raise TransportError("GET /system/time does not tell the time", sent=True)
    return int(answer.server_time)
