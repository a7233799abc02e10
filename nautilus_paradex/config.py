"""Configuration of the data client, the execution client and the instrument provider."""

from typing import Any
from typing import Final

import msgspec
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.config import LiveDataClientConfig
from nautilus_trader.config import LiveExecClientConfig
from nautilus_trader.config import NonNegativeInt
from nautilus_trader.config import PositiveFloat
from nautilus_trader.config import PositiveInt
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.constants import PARADEX
from nautilus_paradex.environment import ParadexEnvironment
from nautilus_paradex.parsing.instruments import ASSET_KINDS
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.enums import Stp
from nautilus_paradex.vault import hide


__all__ = [
    "ParadexDataClientConfig",
    "ParadexEnvironment",
    "ParadexExecClientConfig",
    "ParadexInstrumentProviderConfig",
]

#: Structs and enums, which msgspec's check of plain values does not take.
_COMPOUND_FIELDS: Final = frozenset({"environment", "instrument_provider", "routing"})


class ParadexInstrumentProviderConfig(InstrumentProviderConfig, frozen=True):
    """
    Configuration for ``ParadexInstrumentProvider`` instances.

    The base class's ``load_all``, ``load_ids``, ``filters``, ``filter_callable`` and
    ``log_warnings``, and filters of what ``load_all`` loads. Expired markets are not among them:
    the venue does not list them.

    Parameters
    ----------
    asset_kinds : frozenset[str], optional
        Only these of PERP, OPTION, PERP_OPTION and SPOT; None = all.
    base_currencies : frozenset[str], optional
        Only markets of these base currencies, as the venue spells them; None = all.
    include_rfq_only : bool, default False
        If markets that take no orders on their book are loaded too.

    Raises
    ------
    ValueError
        If an id is no instrument of Paradex, or a kind does not exist.

    """

    asset_kinds: frozenset[str] | None = None
    base_currencies: frozenset[str] | None = None
    include_rfq_only: bool = False

    def __post_init__(self) -> None:
        set_ = msgspec.structs.force_setattr
        if self.load_ids is not None:
            set_(self, "load_ids", frozenset(_instrument_id(given) for given in self.load_ids))
        for name in ("asset_kinds", "base_currencies"):
            given = getattr(self, name)
            if isinstance(given, str):
                text = f"{name} must be a set of texts, such as frozenset({{{given!r}}})"
                raise ValueError(text)  # noqa: TRY004 - one kind of error for every wrong value
            if given is not None:
                set_(self, name, frozenset(given))
        unknown = sorted((self.asset_kinds or frozenset()) - ASSET_KINDS)
        if unknown:
            raise ValueError(
                f"asset_kinds must be of {', '.join(sorted(ASSET_KINDS))}, not {', '.join(unknown)}"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and msgspec.structs.astuple(
            self
        ) == msgspec.structs.astuple(other)

    def __hash__(self) -> int:
        kinds, bases = self.asset_kinds, self.base_currencies
        return hash((self.load_all, self.load_ids, kinds, bases, self.include_rfq_only))


def _instrument_id(given: InstrumentId | str) -> InstrumentId:
    instrument_id = given if isinstance(given, InstrumentId) else InstrumentId.from_str(given)
    if instrument_id.venue.value != PARADEX:
        raise ValueError(f"load_ids: {instrument_id} is not an instrument of {PARADEX}")
    return instrument_id


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
    max_retries : NonNegativeInt, default 3
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
        An HTTP proxy. It may carry credentials: the field itself only holds a handle.
    allow_insecure : bool, default False
        If plain HTTP and WebSocket may be spoken to other machines than this.
    bars_poll : bool, default False
        If EXTERNAL bars are made by polling closed klines; the venue has no channel of them.

    Raises
    ------
    ValueError
        If a value cannot be meant.

    """

    instrument_provider: ParadexInstrumentProviderConfig = ParadexInstrumentProviderConfig(
        load_all=True
    )
    environment: ParadexEnvironment = ParadexEnvironment.MAINNET
    base_url_http: str | None = None
    base_url_ws: str | None = None
    http_timeout_secs: PositiveInt = 10
    max_retries: NonNegativeInt = 3
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
    bars_poll: bool = False

    def __post_init__(self) -> None:
        _hide_fields(self, "proxy_url")
        _check(self)


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
        A long-lived token instead of a key: reports work, orders are denied. The field itself only
        holds a handle.
    reconcile_interval_secs : PositiveFloat, default 300
        How often REST proves the state of a healthy stream.
    order_transport : str, default "rest"
        ``rest``, or ``ws`` to send order commands on the private connection; what it cannot serve
        goes by REST.
    cancel_on_disconnect : bool, default False
        If the venue cancels the connection's orders when it drops.
    recv_window_ms : PositiveInt, optional
        How long after its signature the venue may accept an order; the venue's own 300,000 where
        None. An order whose fate is unknown can be called rejected only after it.
    stp_mode : str, optional
        Self-trade prevention of orders whose params name none: EXPIRE_TAKER, EXPIRE_MAKER or
        EXPIRE_BOTH; the venue's EXPIRE_TAKER where None.
    market_maker_protection : bool, default False
        If market-maker protection is followed from the start; else from its first use on.
    token_usage : str, optional
        ``interactive`` for retail flow (no fees, 300 ms speed bump, 3 orders/s).
    leverages : dict[str, int], optional
        Leverage to set at connect, by symbol or instrument id; None = leave as it is.
    margin_modes : dict[str, str], optional
        CROSS or ISOLATED to set at connect, by symbol or instrument id; None = leave as it is.
    http_pool_limit : PositiveInt, default 100
        The most HTTP connections.
    http_pool_keepalive_secs : PositiveFloat, default 30
        How long an idle connection is kept.
    http_pool_connect_timeout_secs : PositiveFloat, default 5
        For one connection.

    Raises
    ------
    ValueError
        If a value cannot be meant.

    """

    instrument_provider: ParadexInstrumentProviderConfig = ParadexInstrumentProviderConfig(
        load_all=True
    )
    environment: ParadexEnvironment = ParadexEnvironment.MAINNET
    account_address: str | None = None
    private_key: str | None = None
    read_only_token: str | None = None
    base_url_http: str | None = None
    base_url_ws: str | None = None
    http_timeout_secs: PositiveInt = 10
    max_retries: NonNegativeInt = 3
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
    stp_mode: str | None = None
    market_maker_protection: bool = False
    token_usage: str | None = None
    leverages: dict[str, int] | None = None
    margin_modes: dict[str, str] | None = None
    http_pool_limit: PositiveInt = 100
    http_pool_keepalive_secs: PositiveFloat = 30.0
    http_pool_connect_timeout_secs: PositiveFloat = 5.0

    def __post_init__(self) -> None:
        # First, so that no error can meet a secret.
        _hide_fields(self, "private_key", "read_only_token", "proxy_url")
        _check(self)
        if self.order_transport not in ("rest", "ws"):
            raise ValueError(
                f"order_transport must be 'rest' or 'ws', not {self.order_transport!r}"
            )
        if self.stp_mode is not None and self.stp_mode not in set(Stp):
            raise ValueError(f"stp_mode must be one of {', '.join(Stp)}, not {self.stp_mode!r}")
        for market, leverage in (self.leverages or {}).items():
            if leverage < 1:
                raise ValueError(f"leverages: {market} cannot have {leverage}")
        for market, mode in (self.margin_modes or {}).items():
            if mode not in ("CROSS", "ISOLATED"):
                raise ValueError(f"margin_modes: {market} must be CROSS or ISOLATED, not {mode!r}")
        if self.token_usage not in (None, "interactive"):
            raise ValueError("token_usage must be None or 'interactive'")


def _hide_fields(config: Any, *names: str) -> None:
    wrong = [name for name in names if not isinstance(getattr(config, name), str | None)]
    for name in names:
        # All of them before any error, whose traceback has the config among its local variables.
        handle = None if name in wrong else hide(getattr(config, name), name)
        msgspec.structs.force_setattr(config, name, handle)
    if wrong:
        raise ValueError(f"{wrong[0]} must be text")


def _check(config: Any) -> None:
    """
    Check the values that the constructor takes unseen: msgspec looks at types only when it decodes.

    Raises
    ------
    ValueError
        The text names the field.

    """
    if not isinstance(config.environment, ParadexEnvironment):
        raise ValueError("environment must be a ParadexEnvironment")  # noqa: TRY004 - as all here
    for field in msgspec.structs.fields(config):
        if field.name in _COMPOUND_FIELDS:
            continue
        try:
            # Set as JSON would: 60 seconds are 60.0, or a config's id would change by a reading.
            value = msgspec.convert(getattr(config, field.name), field.type)
            msgspec.structs.force_setattr(config, field.name, value)
        except msgspec.ValidationError as e:
            raise ValueError(f"{field.name}: {e}") from None
    for prefix in ("retry_delay", "ws_reconnect_delay"):
        if getattr(config, f"{prefix}_initial_ms") > getattr(config, f"{prefix}_max_ms"):
            raise ValueError(f"{prefix}_initial_ms must not be above {prefix}_max_ms")
    if config.sbe_schema_version not in (None, *sbe.SUPPORTED_VERSIONS):
        known = ", ".join(map(str, sorted(sbe.SUPPORTED_VERSIONS)))
        raise ValueError(f"sbe_schema_version must be None or one of {known}")
