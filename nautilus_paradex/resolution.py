"""What a config means: addresses, and credentials from it or from the environment. No I/O."""

import os
from collections.abc import Mapping

import msgspec

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.environment import URLS
from nautilus_paradex.environment import VARIABLE_PREFIXES
from nautilus_paradex.environment import Urls
from nautilus_paradex.network.address import checked_url
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.protocol.signing import normalize_address
from nautilus_paradex.vault import reveal


type AnyConfig = ParadexDataClientConfig | ParadexExecClientConfig


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


def resolve_urls(config: "AnyConfig") -> Urls:
    """
    Return the addresses that a config means.

    Raises
    ------
    ValueError
        If an address is not a URL of its kind, or would send plain text to another machine.

    """
    own = URLS[config.environment]
    allow = config.allow_insecure
    return Urls(
        http=_url("base_url_http", config.base_url_http or own.http, "http", allow),
        ws=_url("base_url_ws", config.base_url_ws or own.ws, "ws", allow),
    )


def _url(field: str, url: str, scheme: str, allow_insecure: bool) -> str:
    try:
        checked = checked_url(url, allow_insecure=allow_insecure)
    except ValueError as e:
        raise ValueError(f"{field}: {e}") from None
    if not checked.lower().startswith((f"{scheme}://", f"{scheme}s://")):
        raise ValueError(f"{field} must begin with {scheme}s:// (or {scheme}:// on this machine)")
    return checked


def resolve_proxy(config: "AnyConfig") -> str | None:
    """
    Return the proxy's address, which may carry credentials.

    Raises
    ------
    ValueError
        If the config comes from another process, without its value.

    """
    return reveal(config.proxy_url, "proxy_url")


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
    environ = os.environ if environ is None else environ
    prefix = VARIABLE_PREFIXES[config.environment]
    account = _account(config, environ, f"{prefix}_ACCOUNT_ADDRESS")
    token = reveal(config.read_only_token, "read_only_token")
    if token is None:
        return Credentials(account, private_key=_key(config, environ, f"{prefix}_PRIVATE_KEY"))
    if config.private_key is not None:
        raise ValueError("private_key and read_only_token exclude each other: set only one of them")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("read_only_token is not a token: it must be one ASCII word")
    return Credentials(account, read_only_token=token)


def _account(config: "ParadexExecClientConfig", environ: Mapping[str, str], variable: str) -> str:
    source = "account_address" if config.account_address else variable
    account = (config.account_address or environ.get(variable, "")).strip()
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


def _key(config: "ParadexExecClientConfig", environ: Mapping[str, str], variable: str) -> str:
    source = "private_key" if config.private_key else variable
    key = (reveal(config.private_key, "private_key") or environ.get(variable, "")).strip()
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
