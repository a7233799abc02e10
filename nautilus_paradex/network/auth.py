"""
JWTs: fetched once for everybody, renewed in the background (PROTOCOL 2.4, rule E13).

A token lives 5 minutes and cannot be extended. It is renewed at 60 % of its life, so that a
request never waits for one and a refusal of the venue is the exception.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from typing import Protocol

from nautilus_paradex.network.clock import MOVED_MS
from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.key_refusals import KeyRefusals
from nautilus_paradex.network.key_refusals import guided
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import Log
from nautilus_paradex.network.log import Recurring
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.token_claims import is_token
from nautilus_paradex.network.token_claims import token_lifetime
from nautilus_paradex.protocol.connection import backoff_ceiling
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.messages import AuthResponse
from nautilus_paradex.protocol.secrecy import SecretText


#: How much of its life a token is used for.
RENEWAL_SHARE: Final = 0.6

#: How long the signature of the request is valid, seconds; the venue's own default.
SIGNATURE_LIFETIME: Final = 30 * 60

# A token in its last tenth may expire on its way to the venue.
_USABLE_SHARE: Final = 0.9

#: Between failed renewals, seconds: the first, and the longest.
_RENEWAL_DELAYS: Final = (1.0, 16.0)

#: Refusals that may mean that a clock was set.
_OF_TIME: Final = frozenset({"INVALID_TIMESTAMP", "INVALID_BLOCK_EXPIRATION"})

#: How a server says that it has no such endpoint.
_NO_SUCH_PATH: Final = frozenset({404, 405})


class KeyHolder(Protocol):
    """What of a key is public."""

    @property
    def public_key_hex(self) -> str:
        """The public key that signatures are verified with."""


class AuthSigner(Protocol):
    """Who signs the request for a token."""

    @property
    def account(self) -> str:
        """The account's address; the main account's where the key is a subkey (trap 22)."""

    @property
    def signer(self) -> KeyHolder:
        """The key."""

    def sign_auth(self, timestamp_s: int, expiration_s: int) -> str:
        """Return the signature of the request, as the header takes it."""


class StaticToken:
    """
    A long-lived read-only token.

    Parameters
    ----------
    token : str
        As the venue issued it; never shown.

    """

    def __init__(self, token: str) -> None:
        if not is_token(token):
            del token  # the traceback of an error shows the local variables to who asks for them
            raise ValueError("read_only_token must be one word of ASCII characters")
        self._token = SecretText(token)

    def __repr__(self) -> str:
        return "StaticToken(***)"

    async def token(self) -> str:
        """Return the token."""
        return self._token

    async def refresh(self, rejected_token: str) -> str:
        """
        Refuse: there is no other token.

        Raises
        ------
        AuthenticationError
            Always.

        """
        raise AuthenticationError(
            "the read-only token is refused: it may have expired or been revoked; "
            "issue another and set read_only_token",
            code="INVALID_TOKEN",
        )

    def last_token(self) -> str | None:
        """Return the token."""
        return self._token

    def distrust(self, token: str, error: AuthenticationError) -> None:
        """Do nothing: there is no other token, and `refresh` says so."""

    async def aclose(self) -> None:
        """Do nothing; there is no task."""


class TokenSource:
    """
    Fetches tokens with a key, one fetch at a time.

    Parameters
    ----------
    http : ParadexHttpClient
        Sends; belongs to the caller.
    signer : AuthSigner
        Signs.
    timing : Timing
        Clock, sleep and randomness.
    log : Log
        Where it says what happens.
    token_usage : str, optional
        ``interactive`` makes all orders of the token retail orders (PROTOCOL 8.2).
    isolated_markets : bool, default False
        If the token may touch the account's isolated-margin accounts.

    """

    def __init__(
        self,
        http: ParadexHttpClient,
        signer: AuthSigner,
        *,
        timing: Timing,
        log: Log,
        token_usage: str | None = None,
        isolated_markets: bool = False,
    ) -> None:
        if token_usage not in (None, "interactive"):
            raise ValueError("token_usage must be None or 'interactive'")
        self._http = http
        self._signer = signer
        self._timing = timing
        self._log = log
        self._token_usage = token_usage
        self._isolated_markets = isolated_markets
        self._held: _Held | None = None
        self._refusals = KeyRefusals(self._name, timing, log)
        self._fetch: asyncio.Task[_Held] | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"TokenSource(account={self._signer.account!r})"

    async def token(self) -> str:
        """
        Return a token that is not about to expire; the first call starts the renewal.

        Raises
        ------
        AuthenticationError
            If the venue refuses the key, or has just done so, with what to do about it.
        ParadexError
            If the venue cannot be asked.

        """
        held = self._held
        if held is None or held.is_rejected or self._timing.monotonic() >= held.usable_until:
            held = await self._renewed()
        return held.jwt

    async def refresh(self, rejected_token: str) -> str:
        """Return another token than the one that the venue refused; errors as of `token`."""
        held = self._held
        if held is not None and held.jwt == rejected_token:
            held.is_rejected = True
        return await self.token()

    def last_token(self) -> str | None:
        """Return the token that was good last, though it may have been refused since."""
        return None if self._held is None else self._held.jwt

    def distrust(self, token: str, error: AuthenticationError) -> None:
        """
        Take notice that a token fresh from the venue was refused.

        Once may be chance, as the token may have been revoked that moment. From the second time on
        the next login waits: the venue gives tokens and takes none.
        """
        held = self._held
        if held is None or held.jwt != token or held.is_rejected:
            return
        held.is_rejected = True
        self._refusals.note(error, is_of_login=False, is_trading=True)

    async def aclose(self) -> None:
        """Stop the renewal."""
        self._closed = True
        tasks = [task for task in (self._renewal, self._fetch) if task is not None]
        self._renewal = self._fetch = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- FETCHING ----------------------------------------------------------------------------------

    async def _renewed(self) -> "_Held":
        """Join the fetch under way, or start one."""
        if self._closed:
            raise TransportError("the token source is closed", sent=False)
        if self._fetch is None:
            self._refusals.check()
            self._fetch = asyncio.get_running_loop().create_task(
                self._fetch_token(), name="paradex token"
            )
            self._fetch.add_done_callback(self._on_fetched)
        fetch = self._fetch
        try:
            # Whoever waits may be cancelled; the fetch goes on for the others.
            return await asyncio.shield(fetch)
        except asyncio.CancelledError:
            waiter = asyncio.current_task()
            if fetch.cancelled() and waiter is not None and not waiter.cancelling():
                raise TransportError("the token source was closed", sent=False) from None
            raise

    def _on_fetched(self, fetch: "asyncio.Task[_Held]") -> None:
        self._fetch = None
        if fetch.cancelled() or self._closed:
            return
        error = fetch.exception()
        if error is not None:
            # Retrieved here, since everybody who waited may be gone.
            self._log.debug(f"No token: {error}")
            if isinstance(error, AuthenticationError):
                self._refusals.note(error, is_of_login=True, is_trading=self._held is not None)
            return
        self._held = fetch.result()
        self._refusals.note_login()
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(
                self._renew(), name="paradex token renewal"
            )

    async def _fetch_token(self) -> "_Held":
        try:
            try:
                return await self._log_in()
            except AuthenticationError as error:
                if error.code not in _OF_TIME or not await self._has_clock_moved():
                    raise
            return await self._log_in()
        except AuthenticationError as error:
            raise guided(error) from None

    async def _has_clock_moved(self) -> bool:
        """Compare clocks; return if that changes what a timestamp would be."""
        before_ms = self._http.clock_offset_ms
        with suppress(ParadexError):
            await self._http.compare_clocks()
        return abs(self._http.clock_offset_ms - before_ms) > MOVED_MS

    async def _log_in(self) -> "_Held":
        asked_at = self._timing.monotonic()
        now_s = (self._timing.time_ms() + self._http.clock_offset_ms) // 1000
        expiration_s = now_s + SIGNATURE_LIFETIME
        headers = {
            "PARADEX-STARKNET-ACCOUNT": self._signer.account,
            "PARADEX-STARKNET-SIGNATURE": SecretText(self._signer.sign_auth(now_s, expiration_s)),
            "PARADEX-TIMESTAMP": str(now_s),
            "PARADEX-SIGNATURE-EXPIRATION": str(expiration_s),
        }
        if self._isolated_markets:
            headers["PARADEX-AUTHORIZE-ISOLATED-MARKETS"] = "true"
        try:
            answer = await self._ask(f"/auth/{self._signer.signer.public_key_hex}", headers)
        except VenueError as error:
            if error.status not in _NO_SUCH_PATH or isinstance(error, AuthenticationError):
                raise
            # The documents have this form only; it serves main keys (PROTOCOL 2.4).
            answer = await self._ask("/auth", headers)
        if not is_token(answer.jwt_token):
            raise TransportError("the answer to POST /auth holds no token", sent=True)
        venue_s = now_s if self._http.clock_offset is not None else None
        lifetime = token_lifetime(answer.jwt_token, venue_s)
        self._log.debug(f"Token for {self._name}, valid for {lifetime:.0f} s")
        return _Held(answer.jwt_token, asked_at, lifetime)

    async def _ask(self, path: str, headers: Mapping[str, str]) -> AuthResponse:
        return await self._http.request(
            "POST",
            path,
            AuthResponse,
            scope=Scope.AUTH,
            # A token that nobody received does no harm.
            idempotent=True,
            query={"token_usage": self._token_usage},
            headers=headers,
        )

    @property
    def _name(self) -> str:
        return self._signer.account[:10]

    # -- RENEWAL -----------------------------------------------------------------------------------

    async def _renew(self) -> None:
        failures = 0
        told = Recurring(self._log.warning, self._log, self._timing)
        while True:
            held = self._held
            due_at = max(0.0 if held is None else held.renew_at, self._refusals.until)
            due_in = due_at - self._timing.monotonic()
            if due_in > 0:
                await self._timing.sleep(due_in)
                continue
            try:
                await self._renewed()
                failures = 0
                told.over()
                continue
            except AuthenticationError:
                continue  # it is said, and says when to try again
            except ParadexError as error:
                told.note(f"Cannot renew the token, trying again: {error}")
            except Exception as error:  # the renewal outlives a fault, loudly
                self._log.exception("Cannot renew the token, trying again", error)
            failures += 1
            ceiling = backoff_ceiling(failures, *_RENEWAL_DELAYS)
            await self._timing.sleep(ceiling * (0.5 + 0.5 * self._timing.random()))


class _Held:
    """A token, and how long it is good for by our own clock."""

    __slots__ = ("is_rejected", "jwt", "renew_at", "usable_until")

    def __init__(self, jwt: str, asked_at: float, lifetime: float) -> None:
        self.jwt = SecretText(jwt)
        self.is_rejected = False
        self.renew_at = asked_at + RENEWAL_SHARE * lifetime
        self.usable_until = asked_at + _USABLE_SHARE * lifetime
