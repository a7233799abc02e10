"""What a config means: addresses, and credentials from it or from the environment. No I/O."""

import os
from collections.abc import Callable
from collections.abc import Mapping

import msgspec

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.environment import URLS
from nautilus_paradex.environment import VARIABLE_PREFIXES
from nautilus_paradex.environment import Urls
from nautilus_paradex.network.address import checked_proxy
from nautilus_paradex.network.address import checked_url
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.secrecy import SecretText
from nautilus_paradex.protocol.secrecy import concealed
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.protocol.signing import normalize_address
from nautilus_paradex.vault import reveal


type AnyConfig = ParadexDataClientConfig | ParadexExecClientConfig

type Variables = Callable[[str], SecretText]
"""Reads a variable of the environment, empty where there is none. As a function it has no repr
that shows the whole environment, with the keys of others in it."""


class Credentials(msgspec.Struct, frozen=True):
    """Who trades; secrets are in no repr, and neither pickled nor encoded."""

    account: str
    private_key: str | None = None
    read_only_token: str | None = None

    def __post_init__(self) -> None:
        for name in ("private_key", "read_only_token"):
            msgspec.structs.force_setattr(self, name, concealed(getattr(self, name)))

    def __repr__(self) -> str:
        kind = "private key" if self.private_key is not None else "read-only token"
        return f"Credentials(account={self.account!r}, {kind})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("account", self.account)]


def resolve_urls(config: "AnyConfig") -> Urls:
    """
    Return the addresses that a config means.

    Raises
    ------
    ValueError
        If an address is not a URL of its kind, or would send plain text to another machine.

    """
    own = URLS[config.environment]
    proxy = resolve_proxy(config)
    allow = config.allow_insecure
    return Urls(
        http=_url("base_url_http", config.base_url_http or own.http, "http", proxy, allow),
        ws=_url("base_url_ws", config.base_url_ws or own.ws, "ws", proxy, allow),
    )


def _url(field: str, url: str, scheme: str, proxy: str | None, allow_insecure: bool) -> str:
    try:
        checked = checked_url(url, allow_insecure=allow_insecure, proxy=proxy)
    except ValueError as e:
        raise ValueError(f"{field}: {e}") from None
    if not checked.startswith((f"{scheme}://", f"{scheme}s://")):
        raise ValueError(f"{field} must begin with {scheme}s:// (or {scheme}:// on this machine)")
    return checked


def resolve_proxy(config: "AnyConfig") -> SecretText | None:
    """
    Return the proxy's address, which may carry credentials.

    Raises
    ------
    ValueError
        If it is no address of an HTTP proxy, or the config comes from another process, without its
        value. The text does not repeat it.

    """
    proxy = reveal(config.proxy_url, "proxy_url")
    if proxy is None:
        return None
    try:
        return checked_proxy(proxy)
    except ValueError as e:
        raise ValueError(f"proxy_url: {e}") from None


def resolve_credentials(
    config: "ParadexExecClientConfig", environ: Mapping[str, str] | None = None
) -> Credentials:
    """
    Return who trades, from the config or else from the environment.

    Parameters
    ----------
    config : ParadexExecClientConfig
        Its fields come first.
    environ : Mapping[str, str], optional
        The environment; the process's own where None.

    Raises
    ------
    ValueError
        If something is missing, malformed or contradictory; the text names it and never its value.

    """
    variables = _reading(os.environ if environ is None else environ)
    del environ  # its repr shows everything in it
    prefix = VARIABLE_PREFIXES[config.environment]
    account = _account(config, variables, f"{prefix}_ACCOUNT_ADDRESS")
    token = reveal(config.read_only_token, "read_only_token")
    if token is None:
        return Credentials(account, private_key=_key(config, variables, f"{prefix}_PRIVATE_KEY"))
    if config.leverages or config.margin_modes:
        raise ValueError(
            "a read_only_token cannot set leverages or margin_modes: leave them out, or set "
            "private_key instead of it"
        )
    if config.private_key is not None:
        raise ValueError("private_key and read_only_token exclude each other: set only one of them")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("read_only_token is not a token: it must be one ASCII word")
    return Credentials(account, read_only_token=token)


def _reading(environ: Mapping[str, str]) -> Variables:
    return lambda name: SecretText(environ.get(name, "").strip())


def _account(config: "ParadexExecClientConfig", variables: Variables, variable: str) -> str:
    source = "account_address" if config.account_address else variable
    account = SecretText((config.account_address or variables(variable)).strip())
    if not account:
        raise ValueError(
            "no account: set account_address in ParadexExecClientConfig, or the environment "
            f"variable {variable}, to the account's L2 address (0x...)"
        )
    try:
        return normalize_address(account)
    except EncodeError:
        # Without the text: a key may have been put in its place.
        raise ValueError(
            f"{source} is not an L2 address: it must be 0x and hex digits, above 0 and below the "
            "field's prime"
        ) from None


def _key(config: "ParadexExecClientConfig", variables: Variables, variable: str) -> SecretText:
    source = "private_key" if config.private_key else variable
    key = SecretText((reveal(config.private_key, "private_key") or variables(variable)).strip())
    if not key:
        raise ValueError(
            "no key: set private_key in ParadexExecClientConfig, or the environment variable "
            f"{variable}, to the account's private key or a subkey (0x...)"
        )
    try:
        Signer(key)
    except EncodeError:
        raise ValueError(
            f"{source} is not a Starknet private key: it must be a hex number such as 0x1a2b..., "
            "at least 1 and below the curve's order"
        ) from None
    return key
