"""
A stream that never gives up: one owner task from the first connection to the close (rule S4).

The owner connects, authenticates, arms cancel-on-disconnect, subscribes, lets the room reconcile,
and only then calls the stream healthy. Whatever goes wrong on the way, it starts again, 1 s
doubling to 16 s with jitter, within the venue's connection limits.
"""

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from typing import Final
from typing import Protocol

import msgspec

from nautilus_paradex.network.address import checked_url
from nautilus_paradex.network.channel_requests import ChannelRequests
from nautilus_paradex.network.handshake import Handshake
from nautilus_paradex.network.http import Tokens
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.log import Log
from nautilus_paradex.network.log import Recurring
from nautilus_paradex.network.session import Counters
from nautilus_paradex.network.session import Session
from nautilus_paradex.network.session import SessionHandler
from nautilus_paradex.network.session import encoding_name
from nautilus_paradex.network.session import while_open
from nautilus_paradex.network.standstill import Standstill
from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.network.timing import sleep_unless
from nautilus_paradex.network.websocket import HandshakeRefused
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.connection import OPEN_STATES
from nautilus_paradex.protocol.connection import ConnectionInput
from nautilus_paradex.protocol.connection import ConnectionState
from nautilus_paradex.protocol.connection import advance
from nautilus_paradex.protocol.connection import backoff_ceiling
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.secrecy import SecretText
from nautilus_paradex.protocol.secrecy import concealed
from nautilus_paradex.protocol.subscription import SubscriptionInput


_State = ConnectionState
_Input = ConnectionInput

#: The gate looks at the token of a private stream's upgrade too.
_UNAUTHORIZED: Final = 401

#: Standstills of the event loop that are named when a connection is lost, seconds.
_NOTED_STANDSTILL_SECS: Final = 0.5
_STANDSTILL: Final = (
    "; just before, the event loop stood still for {:.1f} s, and the venue drops who leaves "
    "2,000 messages unread: something in this process, as a strategy, blocks it"
)


class StreamHandler(SessionHandler, Protocol):
    """The room that owns a stream."""

    def on_stream_state(self, state: ConnectionState) -> None:
        """Take notice of a state change."""

    def on_stream_refusal(self, channel: Channel, error: ParadexError) -> None:
        """Take notice of a subscription that the venue refused on (re)connection."""

    async def on_stream_restored(self, epoch: int) -> None:
        """Prove that nothing was missed; the stream is healthy when this returns."""


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream behaves; times in seconds."""

    name: str
    url: str
    sbe_versions: tuple[int, ...] = sbe.SUPPORTED_VERSIONS
    """Schema versions to ask for, in this order; plain JSON comes after the last."""
    cancel_on_disconnect: bool = False
    connect_timeout: float = 10.0
    request_timeout: float = 10.0
    idle_timeout: float = 60.0
    reconnect_delay_initial: float = 1.0
    reconnect_delay_max: float = 16.0
    proxy: str | None = None
    """May carry credentials, and never shows."""
    allow_insecure: bool = False
    """If plain text may leave this machine."""

    def __post_init__(self) -> None:
        proxy = concealed(self.proxy)
        msgspec.structs.force_setattr(self, "proxy", proxy)
        checked_url(self.url, allow_insecure=self.allow_insecure, proxy=proxy)


class ParadexStream:
    """
    One supervised WebSocket stream.

    Parameters
    ----------
    settings : StreamSettings
        How it behaves.
    handler : StreamHandler
        The room that owns it.
    timing : Timing
        Clock, sleep and randomness.
    limiter : RateLimiter
        The venue's connection limits, shared by all streams of an address.
    log : Log
        Where it says what happens.
    tokens : Tokens, optional
        For a private stream.

    """

    def __init__(
        self,
        settings: StreamSettings,
        handler: StreamHandler,
        *,
        timing: Timing,
        limiter: RateLimiter,
        log: Log,
        tokens: Tokens | None = None,
    ) -> None:
        self.settings = settings
        self._handler = handler
        self._timing = timing
        self._log = log
        self._tokens = tokens
        self._state = _State.IDLE
        self._session: Session | None = None
        self._counters = Counters()
        self._handshake = Handshake(
            name=settings.name,
            url=settings.url,
            sbe_versions=settings.sbe_versions,
            timeout_secs=settings.connect_timeout,
            proxy=settings.proxy,
            handler=handler,
            timing=timing,
            limiter=limiter,
            log=log,
            counters=self._counters,
        )
        self._channels = ChannelRequests(self, settings.name, log)
        self._subscriptions = self._channels.subscriptions
        self._standstill = Standstill(timing)
        self._owner: asyncio.Task[None] | None = None
        self._healthy = asyncio.Event()
        self._hurry = asyncio.Event()
        self._node_id = ""
        self._epoch = 0
        self._failed_attempts = 0
        self._last_error: ParadexError | None = None
        self._losses = Recurring(log.warning, log, timing)

    # -- LIFE --------------------------------------------------------------------------------------

    @property
    def state(self) -> ConnectionState:
        """Where the stream is on its way to health."""
        return self._state

    @property
    def is_healthy(self) -> bool:
        """If everything that is wanted flows and nothing is known to be missed."""
        return self._state is _State.HEALTHY

    @property
    def last_error(self) -> ParadexError | None:
        """What went wrong last; None after the stream became healthy."""
        return self._last_error

    def start(self) -> None:
        """Start the owner task."""
        self._advance(_Input.START)
        self._standstill.watch()
        self._owner = asyncio.get_running_loop().create_task(
            self._own(), name=f"paradex stream {self.settings.name}"
        )

    async def wait_healthy(self, timeout: float) -> None:
        """
        Wait until the stream is healthy.

        Raises
        ------
        ParadexError
            What went wrong last, if it does not become healthy within `timeout` seconds.

        """
        try:
            async with self._timing.deadline(timeout):
                await self._healthy.wait()
        except TimeoutError:
            if self._last_error is not None:
                raise self._last_error from None
            raise TransportError(
                f"stream {self.settings.name} is not healthy after {timeout:g} s", sent=False
            ) from None

    async def close(self) -> None:
        """Close the stream, whatever it is doing."""
        if self._state is not _State.CLOSED:
            self._advance(_Input.CLOSE)
        owner, self._owner = self._owner, None
        if owner is not None and owner is not asyncio.current_task():
            owner.cancel()
            with suppress(asyncio.CancelledError):
                await owner

    def reconnect(self, reason: str) -> None:
        """Give the present socket up and open another."""
        if self._session is not None:
            self._log.warning(f"[{self.settings.name}] reconnecting: {reason}")
            self._session.abandon(reason)

    def hurry(self) -> None:
        """End a wait for the next attempt: there is reason to think that it succeeds."""
        self._hurry.set()

    def status(self) -> StreamStatus:
        """Return the stream's health."""
        session = self._session
        return StreamStatus(
            name=self.settings.name,
            state=self._state.name,
            healthy=self.is_healthy,
            connected=self._state in OPEN_STATES,
            url=self.settings.url,
            sbe_version=self._handshake.sbe_version,
            node_id=self._node_id,
            subscriptions=len(self._subscriptions),
            confirmed=self._subscriptions.confirmed_count,
            epoch=self._epoch,
            reconnects=max(0, self._epoch - 1),
            failed_attempts=self._failed_attempts,
            frames=self._counters.frames,
            last_frame_age_secs=None if session is None else session.last_frame_age,
            undecodable=self._counters.undecodable,
            skipped=self._counters.skipped,
            last_error="" if self._last_error is None else str(self._last_error),
        )

    # -- REQUESTS ----------------------------------------------------------------------------------

    async def subscribe(self, channel: Channel) -> None:
        """
        Want a channel, now and after every reconnect, and wait for the venue's word.

        Without an open socket the channel is asked for on the next one.

        Raises
        ------
        VenueError
            The venue's refusal.
        TransportError
            No acknowledgement within the deadline; the stream reconnects and asks again.

        """
        await self._channels.subscribe(channel)

    async def unsubscribe(self, channel: Channel) -> None:
        """Stop wanting a channel; a reconnect does not bring it back."""
        await self._channels.unsubscribe(channel)

    async def rescope(self, channel: Channel) -> None:
        """
        Change the markets of a scoped channel in place, now and for every reconnect.

        Raises
        ------
        VenueError
            The venue's refusal; the channel keeps its old scope.
        TransportError
            If the channel is not subscribed, or there is no answer; the stream reconnects then.

        """
        await self._channels.rescope(channel)

    async def resubscribe(self, channel: Channel) -> None:
        """
        Leave a channel and ask for it again: the venue answers with a new snapshot (S3).

        Raises
        ------
        ParadexError
            If the venue refuses it or does not answer; it is wanted all the same, and the next
            connection asks for it.

        """
        try:
            await self.unsubscribe(channel)
        except TransportError:
            self._subscriptions.want(channel)
            raise
        await self.subscribe(channel)

    def is_confirmed(self, channel: Channel) -> bool:
        """If the venue has acknowledged the channel on the present connection."""
        return self._subscriptions.is_confirmed(channel.name)

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | Sequence[Any] | msgspec.Struct,
        *,
        order: bool = False,
        timeout: float | None = None,
    ) -> msgspec.Raw:
        """
        Send a request and return its result.

        Parameters
        ----------
        order : bool, default False
            If it is an order command: its id comes from a range of its own.
        timeout : float, optional
            Seconds; the settings' request timeout by default.

        Raises
        ------
        VenueError
            The venue's error reply.
        TransportError
            Not connected (nothing was sent), or no answer (`sent` is True).

        """
        if self._session is None:
            raise TransportError(f"stream {self.settings.name} is not connected", sent=False)
        seconds = timeout if timeout is not None else self.settings.request_timeout
        return await self._session.call(method, params, order=order, timeout=seconds)

    # -- THE OWNER ---------------------------------------------------------------------------------

    async def _own(self) -> None:
        try:
            while True:
                await self._live_once()
                self._advance(_Input.LOST)
                await self._pause()
                self._advance(_Input.DUE)
        finally:
            self._standstill.stop()
            await self._drop_session()

    async def _live_once(self) -> None:
        """Live through one connection; return when it is lost."""
        try:
            session = await self._open()
            self._advance(_Input.OPENED)
            await while_open(session, self._authenticate(session))
            self._advance(_Input.AUTHENTICATED)
            await while_open(session, self._channels.restore(self._handler.on_stream_refusal))
            self._advance(_Input.RESTORED)
            await while_open(session, self._handler.on_stream_restored(self._epoch))
            self._advance(_Input.RECONCILED)
            self._failed_attempts = 0
            self._last_error = None
            self._losses.over()
            self._healthy.set()
            self._note_loss(TransportError((await asyncio.shield(session.lost)).reason, sent=False))
        except ParadexError as e:
            self._note_loss(e)
        except Exception as e:  # the owner survives a fault of its room, loudly
            self._log.exception(f"[{self.settings.name}] unexpected failure", e)
            self._note_loss(TransportError(f"{type(e).__name__}: {e}", sent=False))
        finally:
            self._healthy.clear()
            await self._drop_session()

    async def _open(self) -> Session:
        token = None if self._tokens is None else SecretText(await self._tokens.token())
        try:
            session = await self._handshake.open(token)
        except HandshakeRefused as e:
            if self._tokens is None or token is None or e.status != _UNAUTHORIZED:
                raise
            session = await self._handshake.open(SecretText(await self._tokens.refresh(token)))
        self._session = session
        self._epoch += 1
        session.watch(self.settings.idle_timeout)
        encoding = encoding_name(self._handshake.sbe_version)
        self._log.info(f"[{self.settings.name}] connected to {self.settings.url} ({encoding})")
        return session

    async def _authenticate(self, session: Session) -> None:
        if self._tokens is None:
            return
        token = SecretText(await self._tokens.token())
        try:
            self._node_id = await session.authenticate(token, self.settings.request_timeout)
        except AuthenticationError:
            token = SecretText(await self._tokens.refresh(token))
            try:
                self._node_id = await session.authenticate(token, self.settings.request_timeout)
            except AuthenticationError as e:
                self._tokens.distrust(token, e)
                raise
        self._log.info(f"[{self.settings.name}] authenticated at node {self._node_id or 'unknown'}")
        if self.settings.cancel_on_disconnect:
            await session.arm_cancel_on_disconnect(self.settings.request_timeout)
            self._log.info(f"[{self.settings.name}] cancel-on-disconnect is armed")

    async def _pause(self) -> None:
        initial, maximum = self.settings.reconnect_delay_initial, self.settings.reconnect_delay_max
        ceiling = backoff_ceiling(self._failed_attempts, initial, maximum)
        # Full jitter would allow a storm of instant attempts: half of the delay is certain.
        seconds = ceiling * (0.5 + 0.5 * self._timing.random())
        self._hurry.clear()
        await sleep_unless(self._timing, seconds, self._hurry)

    async def _drop_session(self) -> None:
        session, self._session = self._session, None
        self._subscriptions.feed_all(SubscriptionInput.LOST)
        if session is not None:
            await session.close()

    # -- INTERNAL ----------------------------------------------------------------------------------

    @property
    def may_request(self) -> bool:
        """If channels can be asked for now."""
        # While AUTHENTICATING the channel waits for the restore that follows.
        return self._state in OPEN_STATES and self._state is not _State.AUTHENTICATING

    def _note_loss(self, error: ParadexError) -> None:
        self._failed_attempts += 1
        self._last_error = error
        stood_still = self._standstill.longest_secs()
        why = "" if stood_still < _NOTED_STANDSTILL_SECS else _STANDSTILL.format(stood_still)
        self._losses.note(f"[{self.settings.name}] connection lost: {error}{why}")

    def _advance(self, event: ConnectionInput) -> None:
        self._state = advance(self._state, event)
        self._handler.on_stream_state(self._state)
