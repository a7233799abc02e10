"""Configuration of the data client, the execution client and the instrument provider."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.config import LiveDataClientConfig
from nautilus_trader.config import LiveExecClientConfig
from nautilus_trader.config import PositiveFloat
from nautilus_trader.config import PositiveInt

from nautilus_paradex.network.address import checked_url
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.protocol.signing import normalize_address


class ParadexEnvironment(Enum):
    """Which Paradex: production, its testnet, or one on this machine."""

    MAINNET = "mainnet"
    TESTNET = "testnet"
    LOCAL = "local"


class Urls(msgspec.Struct, frozen=True):
    """Base addresses, without a trailing slash."""

    http: str
    ws: str


#: PROTOCOL 1; the "direct" WebSocket hosts, as the venue's documents use them.
URLS: Final[Mapping[ParadexEnvironment, Urls]] = {
    ParadexEnvironment.MAINNET: Urls(
        "https://api.prod.paradex.trade/v1", "wss://ws.api.prod.paradex.trade/v1"
    ),
    ParadexEnvironment.TESTNET: Urls(
        "https://api.testnet.paradex.trade/v1", "wss://ws.api.testnet.paradex.trade/v1"
    ),
    ParadexEnvironment.LOCAL: Urls("http://127.0.0.1:8080/v1", "ws://127.0.0.1:8080/v1"),
}

_PREFIXES: Final[Mapping[ParadexEnvironment, str]] = {
    ParadexEnvironment.MAINNET: "PARADEX",
    ParadexEnvironment.TESTNET: "PARADEX_TESTNET",
    ParadexEnvironment.LOCAL: "PARADEX_LOCAL",
}


# -- SECRETS ---------------------------------------------------------------------------------------

_VAULT: dict[str, str] = {}
_VAULT_SALT: Final = secrets.token_bytes(16)
_HANDLE_PREFIX: Final = "secret:"


def _hide(secret: str | None) -> str | None:
    """
    Put a secret away and return a handle for it, which only this process can open.

    A config is a msgspec struct that the framework prints, hashes and saves in many ways, none of
    which can be told to leave a field out: so the field itself must be harmless.
    """
    if not secret or secret.startswith(_HANDLE_PREFIX):
        return secret
    digest = hashlib.blake2b(secret.encode(), key=_VAULT_SALT, digest_size=8).hexdigest()
    handle = f"{_HANDLE_PREFIX}{digest}"
    _VAULT[handle] = secret
    return handle


def _reveal(handle: str | None, field: str) -> str | None:
    if not handle:
        return None
    try:
        return _VAULT[handle]
    except KeyError:
        raise ValueError(
            f"{field} was saved by another process without its value: set it again, or leave it "
            "out and set the environment variable"
        ) from None


# -- CONFIGS ---------------------------------------------------------------------------------------


class ParadexInstrumentProviderConfig(InstrumentProviderConfig, frozen=True):
    """
    Configuration for ``ParadexInstrumentProvider`` instances.

    Parameters
    ----------
    asset_kinds : frozenset[str], optional
        Only these of PERP, OPTION, PERP_OPTION and SPOT; None = all.
    base_currencies : frozenset[str], optional
        Only markets of these base currencies; None = all.
    include_rfq_only : bool, default False
        If markets that take no orders on their book are loaded too.

    """

    asset_kinds: frozenset[str] | None = None
    base_currencies: frozenset[str] | None = None
    include_rfq_only: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and msgspec.structs.astuple(
            self
        ) == msgspec.structs.astuple(other)

    def __hash__(self) -> int:
        kinds, bases = self.asset_kinds, self.base_currencies
        return hash((self.load_all, self.load_ids, kinds, bases, self.include_rfq_only))


class ParadexDataClientConfig(LiveDataClientConfig, frozen=True, kw_only=True):
    """
    Configuration for ``ParadexDataClient`` instances.

    Parameters
    ----------
    environment : ParadexEnvironment, default MAINNET
        Which Paradex.
    base_url_http, base_url_ws : str, optional
        Other addresses than the environment's own, used as given.
    http_timeout_secs : PositiveInt, default 10
        For one HTTP attempt and for one WebSocket request.
    max_retries : int, default 3
        Of requests that may be repeated; a create never is.
    retry_delay_initial_ms, retry_delay_max_ms : PositiveInt
        The first and the longest delay between retries.
    ws_reconnect_delay_initial_ms, ws_reconnect_delay_max_ms : PositiveInt
        The first and the longest delay between connections.
    ws_idle_timeout_secs : PositiveFloat, default 60
        A socket on which nothing arrives for so long is given up.
    ws_fallback_after_attempts : PositiveInt, default 5
        After so many failed connections in a row, REST is polled meanwhile.
    ws_fallback_poll_interval_secs : PositiveFloat, default 15
        How often.
    sbe_schema_version : int, optional
        The only binary schema version to ask for; None = the highest that both know.
    proxy_url : str, optional
        An HTTP proxy.
    allow_insecure : bool, default False
        If plain HTTP and WebSocket may be spoken to other machines than this.

    """

    instrument_provider: InstrumentProviderConfig = ParadexInstrumentProviderConfig(load_all=True)
    environment: ParadexEnvironment = ParadexEnvironment.MAINNET
    base_url_http: str | None = None
    base_url_ws: str | None = None
    http_timeout_secs: PositiveInt = 10
    max_retries: int = 3
    retry_delay_initial_ms: PositiveInt = 250
    retry_delay_max_ms: PositiveInt = 5_000
    ws_reconnect_delay_initial_ms: PositiveInt = 1_000
    ws_reconnect_delay_max_ms: PositiveInt = 16_000
    ws_idle_timeout_secs: PositiveFloat = 60.0
    ws_fallback_after_attempts: PositiveInt = 5
    ws_fallback_poll_interval_secs: PositiveFloat = 15.0
    sbe_schema_version: int | None = None
    proxy_url: str | None = None
    allow_insecure: bool = False

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "proxy_url", _hide(self.proxy_url))


class ParadexExecClientConfig(LiveExecClientConfig, frozen=True, kw_only=True):
    """
    Configuration for ``ParadexExecutionClient`` instances.

    The parameters of ``ParadexDataClientConfig``, and:

    Parameters
    ----------
    account_address : str, optional
        The account's L2 address; ``PARADEX_ACCOUNT_ADDRESS`` (testnet:
        ``PARADEX_TESTNET_ACCOUNT_ADDRESS``) where None. With a subkey: the main account's.
    private_key : str, optional
        The account's key or a subkey, hex; ``PARADEX_PRIVATE_KEY`` (testnet:
        ``PARADEX_TESTNET_PRIVATE_KEY``) where None. The field itself only holds a handle.
    read_only_token : str, optional
        A long-lived token instead of a key: reports work, orders are denied.
    reconcile_interval_secs : PositiveFloat, default 300
        How often REST proves the state of a healthy stream.
    order_transport : str, default "rest"
        ``rest`` or ``ws``.
    cancel_on_disconnect : bool, default False
        If the venue cancels the connection's orders when it drops.
    recv_window_ms : PositiveInt, optional
        How long after its signature the venue may accept an order; the venue's own 300,000 where
        None. An order whose fate is unknown can be called rejected only after it.
    token_usage : str, optional
        ``interactive`` for retail flow (no fees, 300 ms speed bump, 3 orders/s).
    leverages : dict[str, int], optional
        Leverage to set at connect, by symbol; None = leave as it is.
    margin_modes : dict[str, str], optional
        CROSS or ISOLATED to set at connect, by symbol; None = leave as it is.
    http_pool_limit : PositiveInt, default 100
        The most HTTP connections.
    http_pool_keepalive_secs : PositiveFloat, default 30
        How long an idle connection is kept.
    http_pool_connect_timeout_secs : PositiveFloat, default 5
        For one connection.

    """

    instrument_provider: InstrumentProviderConfig = ParadexInstrumentProviderConfig(load_all=True)
    environment: ParadexEnvironment = ParadexEnvironment.MAINNET
    account_address: str | None = None
    private_key: str | None = None
    read_only_token: str | None = None
    base_url_http: str | None = None
    base_url_ws: str | None = None
    http_timeout_secs: PositiveInt = 10
    max_retries: int = 3
    retry_delay_initial_ms: PositiveInt = 250
    retry_delay_max_ms: PositiveInt = 5_000
    ws_reconnect_delay_initial_ms: PositiveInt = 1_000
    ws_reconnect_delay_max_ms: PositiveInt = 16_000
    ws_idle_timeout_secs: PositiveFloat = 60.0
    ws_fallback_after_attempts: PositiveInt = 5
    ws_fallback_poll_interval_secs: PositiveFloat = 15.0
    sbe_schema_version: int | None = None
    proxy_url: str | None = None
    allow_insecure: bool = False
    reconcile_interval_secs: PositiveFloat = 300.0
    order_transport: str = "rest"
    cancel_on_disconnect: bool = False
    recv_window_ms: PositiveInt | None = None
    token_usage: str | None = None
    leverages: dict[str, int] | None = None
    margin_modes: dict[str, str] | None = None
    http_pool_limit: PositiveInt = 100
    http_pool_keepalive_secs: PositiveFloat = 30.0
    http_pool_connect_timeout_secs: PositiveFloat = 5.0

    def __post_init__(self) -> None:
        for name in ("private_key", "read_only_token", "proxy_url"):
            msgspec.structs.force_setattr(self, name, _hide(getattr(self, name)))
        if self.order_transport not in ("rest", "ws"):
            raise ValueError(
                f"order_transport must be 'rest' or 'ws', not {self.order_transport!r}"
            )
        if self.token_usage not in (None, "interactive"):
            raise ValueError("token_usage must be None or 'interactive'")


# -- RESOLUTION ------------------------------------------------------------------------------------


class Credentials(msgspec.Struct, frozen=True):
    """Who trades; secrets are in no repr."""

    account: str
    private_key: str | None = None
    read_only_token: str | None = None

    def __repr__(self) -> str:
        kind = "private key" if self.private_key is not None else "read-only token"
        return f"Credentials(account={self.account!r}, {kind})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("account", self.account)]


def resolve_urls(config: ParadexDataClientConfig | ParadexExecClientConfig) -> Urls:
    """
    Return the addresses that a config means.

    Raises
    ------
    ValueError
        If an address is not a URL, or would send plain text to another machine.

    """
    own = URLS[config.environment]
    allow = config.allow_insecure
    return Urls(
        http=checked_url(config.base_url_http or own.http, allow_insecure=allow),
        ws=checked_url(config.base_url_ws or own.ws, allow_insecure=allow),
    )


def resolve_proxy(config: ParadexDataClientConfig | ParadexExecClientConfig) -> str | None:
    """Return the proxy's address, which may carry credentials."""
    return _reveal(config.proxy_url, "proxy_url")


def resolve_credentials(
    config: ParadexExecClientConfig, environ: Mapping[str, str] | None = None
) -> Credentials:
    """
    Return who trades, from the config or else from the environment.

    Raises
    ------
    ValueError
        If something is missing or malformed; the text names it and never its value.

    """
    environ = os.environ if environ is None else environ
    prefix = _PREFIXES[config.environment]
    account = config.account_address or environ.get(f"{prefix}_ACCOUNT_ADDRESS")
    if not account:
        raise ValueError(
            f"no account: set account_address in ParadexExecClientConfig, or the environment "
            f"variable {prefix}_ACCOUNT_ADDRESS, to the account's L2 address (0x...)"
        )
    try:
        account = normalize_address(account)
    except EncodeError as e:
        raise ValueError(f"account_address is not an L2 address: {e.message}") from None
    token = _reveal(config.read_only_token, "read_only_token")
    key = _reveal(config.private_key, "private_key")
    if key is None and token is None:
        key = environ.get(f"{prefix}_PRIVATE_KEY")
    if not key and token is None:
        raise ValueError(
            f"no key: set private_key in ParadexExecClientConfig, or the environment variable "
            f"{prefix}_PRIVATE_KEY, to the account's private key or a subkey (0x...)"
        )
    if key:
        try:
            Signer(key)
        except EncodeError:
            raise ValueError(
                "private_key is not a Starknet private key: it must be a hex number such as "
                "0x1a2b..., at least 1 and below the curve's order"
            ) from None
    return Credentials(account=account, private_key=key or None, read_only_token=token)
