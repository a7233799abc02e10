"""Factories: one link and one provider per environment and account, shared by clients (E19)."""

import asyncio
from typing import Final
from typing import NamedTuple
from weakref import WeakKeyDictionary

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import MessageBus
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.live.factories import LiveDataClientFactory
from nautilus_trader.live.factories import LiveExecClientFactory

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.constants import PARADEX
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.data import ParadexDataClient
from nautilus_paradex.execution import ParadexExecutionClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.link import LinkSettings
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.protocol import sbe
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.resolution import Credentials
from nautilus_paradex.resolution import resolve_credentials
from nautilus_paradex.resolution import resolve_proxy
from nautilus_paradex.resolution import resolve_urls


type AnyConfig = ParadexDataClientConfig | ParadexExecClientConfig


class _Identity(NamedTuple):
    """Where a link leads to, and as whom: other credentials of an account may do other things."""

    url: str
    account: str | None
    private_key: str | None
    read_only_token: str | None
    token_usage: str | None


class _Shared:
    """What the clients on one event loop share."""

    def __init__(self) -> None:
        self.address_limiter = RateLimiter(SystemTiming())
        self.links: dict[_Identity, Link] = {}
        self.limiters: dict[tuple[str, str | None], RateLimiter] = {}
        self.providers: dict[tuple[int, InstrumentProviderConfig], ParadexInstrumentProvider] = {}


_SHARED: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared]] = WeakKeyDictionary()


def clear_shared_clients() -> None:
    """Forget all links and providers; clients that hold them keep them."""
    _SHARED.clear()


def get_shared_link(
    loop: asyncio.AbstractEventLoop, config: AnyConfig, credentials: Credentials | None
) -> Link:
    """
    Return the link of an environment, account and its credentials.

    The data client has no account: its link takes the first account's credentials, so that both
    share one pool of connections and one token. Further accounts have links of their own, and so
    have further credentials of an account: nobody trades with a key that another client was given.
    """
    shared = _SHARED.setdefault(loop, _Shared())
    settings = _link_settings(config, credentials)
    identity = _identity(settings)
    url, account = identity.url, identity.account
    link = shared.links.get(identity)
    if link is None and account is None:
        link = next((known for its, known in shared.links.items() if its.url == url), None)
    if link is None and account is not None:
        link = shared.links.get(_Identity(url, None, None, None, None))
        if link is not None and link.settings.account is None and not link.is_open:
            link.adopt(settings)
        else:
            link = None
    if link is None:
        # The venue counts an account's requests, whoever sends them.
        timing, address = SystemTiming(), shared.address_limiter
        limiter = shared.limiters.get((url, account)) or RateLimiter(timing, address=address)
        link = Link(settings, Logger("ParadexLink"), timing=timing, limiter=limiter)
    shared.limiters.setdefault((url, account), link.limiter)
    shared.links.setdefault(identity, link)
    return link


def _identity(settings: LinkSettings) -> _Identity:
    return _Identity(
        url=settings.http.base_url,
        account=settings.account,
        private_key=settings.private_key,
        read_only_token=settings.read_only_token,
        token_usage=settings.token_usage,
    )


def get_shared_provider(
    loop: asyncio.AbstractEventLoop,
    link: Link,
    clock: LiveClock,
    config: InstrumentProviderConfig,
) -> ParadexInstrumentProvider:
    """Return the instrument provider of a link and provider config."""
    shared = _SHARED.setdefault(loop, _Shared())
    key = (id(link), config)
    if key not in shared.providers:
        shared.providers[key] = ParadexInstrumentProvider(
            client=link.rest,
            clock=clock,
            config=config,
            account=lambda: link.account,
        )
    return shared.providers[key]


class ParadexLiveDataClientFactory(LiveDataClientFactory):
    """Provides a factory for `ParadexDataClient`."""

    @staticmethod
    def create(  # type: ignore[override]  # the framework's signature has the base config
        loop: asyncio.AbstractEventLoop,
        name: str,
        config: ParadexDataClientConfig,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
    ) -> ParadexDataClient:
        """
        Create a data client.

        Raises
        ------
        ValueError
            If the config cannot work; the text says what to set.

        """
        link = get_shared_link(loop, config, None)
        return ParadexDataClient(
            loop=loop,
            link=link,
            stream_settings=_stream_settings(config, f"{name} market data"),
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=get_shared_provider(loop, link, clock, config.instrument_provider),
            config=config,
            name=name or PARADEX,
        )


class ParadexLiveExecClientFactory(LiveExecClientFactory):
    """Provides a factory for `ParadexExecutionClient`."""

    @staticmethod
    def create(  # type: ignore[override]  # the framework's signature has the base config
        loop: asyncio.AbstractEventLoop,
        name: str,
        config: ParadexExecClientConfig,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
    ) -> ParadexExecutionClient:
        """
        Create an execution client.

        Raises
        ------
        ValueError
            If the config cannot work or credentials are missing; the text says what to set.

        """
        link = get_shared_link(loop, config, resolve_credentials(config))
        settings = msgspec.structs.replace(
            _stream_settings(config, f"{name} account"),
            cancel_on_disconnect=config.cancel_on_disconnect,
        )
        return ParadexExecutionClient(
            loop=loop,
            link=link,
            stream_settings=settings,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=get_shared_provider(loop, link, clock, config.instrument_provider),
            config=config,
            name=name or PARADEX,
            # The first account owns the venue's route; the framework refuses a second owner.
            venue=PARADEX_VENUE if (name or PARADEX) == PARADEX else None,
        )


def _link_settings(config: AnyConfig, credentials: Credentials | None) -> LinkSettings:
    http = HttpSettings(
        base_url=resolve_urls(config).http,
        timeout=float(config.http_timeout_secs),
        retry=RetryPolicy(
            max_retries=config.max_retries,
            initial_ms=config.retry_delay_initial_ms,
            max_ms=config.retry_delay_max_ms,
        ),
        proxy=resolve_proxy(config),
        allow_insecure=config.allow_insecure,
    )
    if credentials is None or not isinstance(config, ParadexExecClientConfig):
        return LinkSettings(http=http)
    return LinkSettings(
        http=msgspec.structs.replace(
            http,
            pool_limit=config.http_pool_limit,
            pool_keepalive=config.http_pool_keepalive_secs,
            connect_timeout=config.http_pool_connect_timeout_secs,
        ),
        account=credentials.account,
        private_key=credentials.private_key,
        read_only_token=credentials.read_only_token,
        token_usage=config.token_usage,
    )


def _stream_settings(config: AnyConfig, name: str) -> StreamSettings:
    version = config.sbe_schema_version
    return StreamSettings(
        name=name,
        url=resolve_urls(config).ws,
        sbe_versions=sbe.SUPPORTED_VERSIONS if version is None else (version,),
        connect_timeout=float(config.http_timeout_secs),
        request_timeout=float(config.http_timeout_secs),
        idle_timeout=config.ws_idle_timeout_secs,
        reconnect_delay_initial=config.ws_reconnect_delay_initial_ms / 1_000,
        reconnect_delay_max=config.ws_reconnect_delay_max_ms / 1_000,
        proxy=resolve_proxy(config),
        allow_insecure=config.allow_insecure,
    )
