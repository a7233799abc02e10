"""
The way from an address to an open session: the highest encoding that the venue serves (rule S1).

What the venue says of the connection itself is heard here: a pause that it asks for is kept by all
streams of the address.
"""

from typing import Final

from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import Log
from nautilus_paradex.network.log import Recurring
from nautilus_paradex.network.retry import parse_retry_after
from nautilus_paradex.network.session import Counters
from nautilus_paradex.network.session import Session
from nautilus_paradex.network.session import SessionHandler
from nautilus_paradex.network.session import address_of
from nautilus_paradex.network.session import encoding_name
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.websocket import HandshakeRefused
from nautilus_paradex.protocol.secrecy import SecretText


#: The longest pause that is kept because a refusal asks for it, seconds.
MAX_RETRY_AFTER_SECS: Final = 60.0

_UNSERVED: Final = 400
_TOO_MANY: Final = 429


class Handshake:
    """
    Opens sessions of one stream.

    Parameters
    ----------
    name, url : str
        The stream's.
    sbe_versions : tuple[int, ...]
        Schema versions to ask for, in this order; plain JSON comes after the last.
    timeout_secs : float
        For each attempt.
    proxy : str, optional
        By way of which.
    handler : SessionHandler
        Who takes what the session brings.
    timing : Timing
        Clock.
    limiter : RateLimiter
        The venue's connection limits.
    log : Log
        Where it says which encoding is refused.
    counters : Counters
        Shared by the sessions of the stream.

    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        sbe_versions: tuple[int, ...],
        timeout_secs: float,
        proxy: str | None,
        handler: SessionHandler,
        timing: Timing,
        limiter: RateLimiter,
        log: Log,
        counters: Counters,
    ) -> None:
        self._name = name
        self._url = url
        self._sbe_versions = sbe_versions
        self._timeout_secs = timeout_secs
        self._proxy = proxy
        self._handler = handler
        self._timing = timing
        self._limiter = limiter
        self._log = log
        self._counters = counters
        self._refusals = Recurring(log.warning, log, timing)
        self.sbe_version: int | None = None
        """What was asked for last; None is plain JSON."""

    async def open(self, token: SecretText | None) -> Session:
        """
        Open a session with the highest encoding that the venue serves.

        Raises
        ------
        HandshakeRefused
            If the venue refuses the upgrade, and be it in every encoding.
        TransportError
            If there is no answer.

        """
        refusal = HandshakeRefused(_UNSERVED)
        for version in (*self._sbe_versions, None):
            self.sbe_version = version
            await self._limiter.acquire(Scope.WS_CONNECT)
            try:
                session = await self._attempt(token)
            except HandshakeRefused as e:
                self._keep_pause(e)
                if e.status != _UNSERVED:
                    raise
                encoding = encoding_name(version)
                self._refusals.note(f"[{self._name}] the venue refuses {encoding}")
                refusal = e
            else:
                return session
        raise refusal

    async def _attempt(self, token: SecretText | None) -> Session:
        session = Session(self._name, self._handler, self._timing, self._log, self._counters)
        await session.open(
            address_of(self._url, self.sbe_version),
            headers={} if token is None else {"Authorization": SecretText(f"Bearer {token}")},
            timeout_secs=self._timeout_secs,
            proxy=self._proxy,
        )
        return session

    def _keep_pause(self, refusal: HandshakeRefused) -> None:
        if refusal.status != _TOO_MANY:
            return
        seconds = parse_retry_after(refusal.retry_after, self._timing.time_ms())
        if seconds is not None:
            self._limiter.hold(Scope.WS_CONNECT, min(seconds, MAX_RETRY_AFTER_SECS))
