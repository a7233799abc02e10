"""
One account's way to the venue, shared by the clients of a node (rule E19).

The data client, the execution client and the instrument provider of one account use one HTTP pool,
one token and one set of rate limits. Each client opens the link and closes it; the last close
ends the pool, and a later open begins anew.
"""

import asyncio
from typing import Final

import msgspec

from nautilus_paradex.network.address import shows_password_to
from nautilus_paradex.network.auth import StaticToken
from nautilus_paradex.network.auth import TokenSource
from nautilus_paradex.network.clock import ClockWatch
from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http import Tokens
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.log import Log
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.stream import ParadexStream
from nautilus_paradex.network.stream import StreamHandler
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.system_state import SystemStateWatch
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.secrecy import concealed
from nautilus_paradex.protocol.signing import AccountSigner
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.protocol.signing import normalize_address


#: The node gives a connect 60 s; the reasons of a failure must be said before that.
_OPEN_DEADLINE_SECS: Final = 30.0

#: The token usage of retail flow (PROTOCOL 8.2).
INTERACTIVE: Final = "interactive"


class LinkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    How to reach the venue, and as whom.

    Secrets are in no repr.
    """

    http: HttpSettings
    account: str | None = None
    """The account's L2 address; None for public data only."""
    private_key: str | None = None
    """The account's key or a subkey."""
    read_only_token: str | None = None
    token_usage: str | None = None

    def __post_init__(self) -> None:
        for name in ("private_key", "read_only_token"):
            msgspec.structs.force_setattr(self, name, concealed(getattr(self, name)))

    def __repr__(self) -> str:
        return f"LinkSettings(http={self.http!r}, account={self.account!r})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("http", self.http), ("account", self.account)]


class Link:
    """
    An account's way to the venue.

    Parameters
    ----------
    settings : LinkSettings
        How to reach the venue, and as whom.
    log : Log
        Where it says what happens.
    timing : Timing, optional
        Clock, sleep and randomness; the machine's by default.
    limiter : RateLimiter, optional
        The limits of the account and of the internet address, where others share them.

    """

    def __init__(
        self,
        settings: LinkSettings,
        log: Log,
        *,
        timing: Timing | None = None,
        limiter: RateLimiter | None = None,
    ) -> None:
        self.settings = settings
        self.timing: Timing = timing or SystemTiming()
        self._log = log
        self.limiter = limiter or RateLimiter(self.timing)
        self._users = 0
        self._streams: list[ParadexStream] = []
        self._lock = asyncio.Lock()
        self._signer: AccountSigner | None = None
        self._key = None if settings.private_key is None else Signer(settings.private_key)
        self._tokens = _LateTokens()
        self._http = ParadexHttpClient(
            settings.http, timing=self.timing, limiter=self.limiter, log=log
        )
        self.rest = ParadexRest(
            self._http, self._tokens, interactive=settings.token_usage == INTERACTIVE
        )
        self.system_state = SystemStateWatch(self.rest, self.timing, log)
        self.clock = ClockWatch(self._http.clock, self._http.compare_clocks, self.timing, log)

    def __repr__(self) -> str:
        return f"Link({self.settings!r})"

    @property
    def account(self) -> str:
        """The account's address, lower-case hex without leading zeros; empty without one."""
        account = self.settings.account
        return "" if account is None else normalize_address(account)

    @property
    def is_open(self) -> bool:
        """If any client uses the link."""
        return self._users > 0

    @property
    def can_trade(self) -> bool:
        """If there is a key to sign orders with."""
        return self._key is not None

    @property
    def signer(self) -> AccountSigner:
        """
        The account's signer; known once the link is open.

        Raises
        ------
        ParadexError
            If the link is not open or has no key.

        """
        if self._signer is None:
            raise ParadexError("there is no signer: the link is closed or has no private key")
        return self._signer

    # -- LIFE --------------------------------------------------------------------------------------

    async def open(self) -> None:
        """
        Connect, compare clocks, authenticate and check whose key it is.

        Raises
        ------
        AuthenticationError
            If the venue refuses the credentials.
        ParadexError
            If the venue cannot be reached.

        """
        async with self._lock:
            self._users += 1
            if self._users > 1:
                return
            try:
                async with self.timing.deadline(_OPEN_DEADLINE_SECS):
                    await self._open()
            except TimeoutError:
                self._users -= 1
                await self._shut()
                raise TransportError(
                    f"no connection to {self.settings.http.base_url} within "
                    f"{_OPEN_DEADLINE_SECS:g} s",
                    sent=False,
                ) from None
            except BaseException:
                self._users -= 1
                await self._shut()
                raise

    async def close(self) -> None:
        """Give the link up; the last user closes its connections."""
        async with self._lock:
            if not self._users:
                return
            self._users -= 1
            if not self._users:
                await self._shut()

    def adopt(self, settings: LinkSettings) -> None:
        """
        Give a link without an account the account that it shall serve, before it is open.

        Raises
        ------
        ParadexError
            If it is open, or serves an account already.

        """
        if self._users or self.settings.account is not None:
            raise ParadexError("a link that is open or has an account keeps it")
        self._http.configure(settings.http)
        self.settings = settings
        self._key = None if settings.private_key is None else Signer(settings.private_key)
        self.rest.interactive = settings.token_usage == INTERACTIVE

    # -- STREAMS -----------------------------------------------------------------------------------

    def public_stream(
        self, settings: StreamSettings, handler: StreamHandler, log: Log
    ) -> ParadexStream:
        """Return a stream of public channels; the caller starts and closes it."""
        return self._stream(settings, handler, log, tokens=None)

    def private_stream(
        self, settings: StreamSettings, handler: StreamHandler, log: Log
    ) -> ParadexStream:
        """Return a stream that authenticates; the caller starts and closes it."""
        return self._stream(settings, handler, log, tokens=self._tokens)

    def hurry(self) -> None:
        """Let streams that wait for their next attempt make it now."""
        for stream in self._streams:
            stream.hurry()

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _stream(
        self, settings: StreamSettings, handler: StreamHandler, log: Log, *, tokens: Tokens | None
    ) -> ParadexStream:
        stream = ParadexStream(
            settings,
            handler,
            timing=self.timing,
            limiter=self.limiter,
            log=log,
            tokens=tokens,
        )
        self._streams.append(stream)
        return stream

    async def _open(self) -> None:
        self._http.reopen()
        offset = await self._http.warm_up()
        self._log.info(
            "[INIT] Paradex HTTP connection pool warmed up "
            f"(clock offset {offset.offset_ms} ms, round trip {offset.rtt_ms:.1f} ms)"
        )
        proxy = self.settings.http.proxy
        host = None if proxy is None else shows_password_to(proxy)
        if host is not None:
            self._log.warning(
                f"The proxy's password goes to {host} without encryption: use an https:// proxy"
            )
        self.clock.start()
        if self.settings.account is None:
            return
        await self._set_credentials(self.settings.account)
        await self._check_account()

    async def _check_account(self) -> None:
        """See whose the credentials are: a key of another account would trade for that one."""
        summary = await self.rest.account()
        try:
            owner = normalize_address(summary.account)
        except EncodeError:
            raise AuthenticationError(
                f"the venue does not say whose the credentials are; meant is {self.account}"
            ) from None
        if owner != self.account:
            raise AuthenticationError(
                f"the credentials belong to account {owner}, not to {self.account}: "
                "check account_address and private_key or read_only_token"
            )

    async def _set_credentials(self, account: str) -> None:
        settings = self.settings
        if self._key is not None:
            config = await self.rest.system_config()
            self._signer = AccountSigner(account, config.starknet_chain_id, self._key)
            self._tokens.source = TokenSource(
                self._http,
                self._signer,
                timing=self.timing,
                log=self._log,
                token_usage=settings.token_usage,
            )
        elif settings.read_only_token is not None:
            self._tokens.source = StaticToken(settings.read_only_token)

    async def _shut(self) -> None:
        await self.system_state.close()
        await self.clock.close()
        source, self._tokens.source = self._tokens.source, None
        if source is not None:
            await source.aclose()
        await self._http.close()


class _LateTokens:
    """The link's tokens, which need the venue's chain id before they can be asked for."""

    def __init__(self) -> None:
        self.source: TokenSource | StaticToken | None = None

    def __repr__(self) -> str:
        return f"_LateTokens({'open' if self.source is not None else 'closed'})"

    async def token(self) -> str:
        """Return a fresh token."""
        return await self._required().token()

    async def refresh(self, rejected_token: str) -> str:
        """Return another token."""
        return await self._required().refresh(rejected_token)

    def last_token(self) -> str | None:
        """Return the token that was good last."""
        return None if self.source is None else self.source.last_token()

    def distrust(self, token: str, error: AuthenticationError) -> None:
        """Take notice that a fresh token was refused."""
        if self.source is not None:
            self.source.distrust(token, error)

    def _required(self) -> TokenSource | StaticToken:
        if self.source is None:
            raise AuthenticationError(
                "no credentials: set account_address and private_key, or read_only_token"
            )
        return self.source
