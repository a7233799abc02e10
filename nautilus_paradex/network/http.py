"""
One HTTP client for one base URL: every answer becomes a value or an error of ours.

What is sent again, with which token and after which pause, is decided here.
"""

from collections.abc import Awaitable
from collections.abc import Mapping
from typing import Final
from typing import Protocol
from urllib.parse import urlencode

from yarl import URL

from nautilus_paradex.network.address import checked_url
from nautilus_paradex.network.answers import decoded
from nautilus_paradex.network.answers import refusal
from nautilus_paradex.network.clock import ClockOffset
from nautilus_paradex.network.clock import VenueClock
from nautilus_paradex.network.clock import compare
from nautilus_paradex.network.http_transport import HttpRequest
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.http_transport import HttpTransport
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import Log
from nautilus_paradex.network.retry import parse_retry_after
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import AUTHENTICATION_CODES
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import RateLimitError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.messages import SystemTime
from nautilus_paradex.protocol.secrecy import SecretText


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
        self.timing = timing
        self._log = log
        self._transport = HttpTransport(settings)
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
        await self._transport.close()

    def reopen(self) -> None:
        """Let a closed client connect again; an open one is left as it is."""
        self._transport.reopen()

    def configure(self, settings: HttpSettings) -> None:
        """
        Take other settings for the same address, before the first connection.

        Raises
        ------
        ValueError
            If connections are open, or the address is another.

        """
        self._transport.configure(settings)
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
        request = HttpRequest(method, self._url(path, query), scope, body, dict(headers or {}))
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

    async def _authorized(self, request: HttpRequest, tokens: Tokens | None) -> bytes:
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

    async def _first_token(self, request: HttpRequest, tokens: Tokens) -> SecretText:
        try:
            return await _fetched(tokens.token())
        except AuthenticationError:
            # A cancel is worth an attempt with what there is: it may still be good for that.
            last = tokens.last_token() if request.method == "DELETE" else None
            if last is None:
                raise
            return SecretText(last)

    async def _attempt(self, request: HttpRequest) -> bytes:
        status, headers, payload = await self._transport.exchange(request)
        now_ms = self.timing.time_ms() + self.clock_offset_ms
        self.limiter.observe(request.scope, headers, venue_ms=now_ms)
        if 200 <= status < 300:
            return payload
        retry_after = parse_retry_after(headers.get("Retry-After"), now_ms)
        if retry_after is not None:
            pause = min(retry_after, self.settings.retry.max_retry_after)
            self.limiter.hold(request.scope, pause)
        raise refusal(status, payload, headers.get("Content-Type", ""), retry_after)

    def _url(self, path: str, query: Query | None) -> URL:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        # Encoded here: another quoting of a cursor is another cursor (trap 18).
        return URL(f"{self._base_url}{path}{'?' if given else ''}{urlencode(given)}", encoded=True)


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
