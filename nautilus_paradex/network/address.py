"""Which addresses the adapter may talk to, and how."""

import re
from ipaddress import ip_address
from typing import Final
from typing import NamedTuple
from urllib.parse import urlsplit

from nautilus_paradex.protocol.secrecy import SecretText


_SCHEMES: Final = {"https": True, "wss": True, "http": False, "ws": False}
_PROXY_SCHEMES: Final = ("http", "https")

#: What no two parsers of URLs disagree about. A backslash, a space or a letter of another alphabet
#: may move the host for the one of them and not for the other.
_PLAIN: Final = re.compile(r"[!-\[\]-~]+")


def checked_url(url: str, *, allow_insecure: bool = False, proxy: str | None = None) -> str:
    """
    Return a base URL without a trailing slash, if it is safe to send credentials to.

    Parameters
    ----------
    url : str
        ``https``, ``wss``, ``http`` or ``ws``.
    allow_insecure : bool, default False
        If plain text may leave this machine.
    proxy : str, optional
        An HTTP proxy on the way: plain text leaves this machine with it unless it runs here too.

    Raises
    ------
    ValueError
        If the URL has no host or another scheme, carries credentials, a query or a fragment, or
        would send plain text to another machine. The text never repeats credentials.

    """
    url = SecretText(url)  # until it is known that it carries no credentials
    place = _place(url, "base URL")
    encrypted = _SCHEMES.get(place.scheme)
    if encrypted is None:
        raise ValueError("the base URL needs a host and one of the schemes https, wss, http, ws")
    if place.has_credentials:
        raise ValueError(f"the base URL of {place.host} must not carry credentials")
    if place.has_query:
        raise ValueError(f"the base URL of {place.host} must not carry a query or fragment")
    if not encrypted and not allow_insecure:
        _check_plain(place, proxy)
    return f"{place.scheme}://{place.authority}{place.path}"


def checked_proxy(proxy: str) -> SecretText:
    """
    Return the URL of an HTTP proxy, which may carry credentials.

    Raises
    ------
    ValueError
        If it is none. The text never repeats credentials.

    """
    proxy = SecretText(proxy)
    place = _place(proxy, "proxy URL")
    if place.scheme not in _PROXY_SCHEMES:
        raise ValueError("the proxy URL needs a host and one of the schemes http, https")
    if place.path or place.has_query:
        raise ValueError(f"the proxy URL of {place.host} must not carry a path or query")
    return proxy


def shows_password_to(proxy: str) -> str | None:
    """Return the proxy's host if its password goes there without encryption, or None."""
    place = _place(proxy, "proxy URL")
    is_shown = place.scheme == "http" and place.has_credentials and not is_loopback(place.host)
    return place.host if is_shown else None


def is_loopback(host: str) -> bool:
    """Return if a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class _Place(NamedTuple):
    """What of a URL is no secret."""

    scheme: str
    host: str
    port: int | None
    path: str
    """Without slashes at its end."""
    has_credentials: bool
    has_query: bool
    """Or a fragment, empty ones too."""

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def _place(url: str, what: str) -> _Place:
    place = _parsed(url) if _PLAIN.fullmatch(url) else None
    if place is None:
        raise ValueError(f"the {what} is not a URL: it needs a host, a scheme and plain characters")
    return place


def _parsed(url: str) -> _Place | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or not parts.scheme:
        return None
    place = _Place(
        scheme=parts.scheme,
        host=host,
        port=port,
        path=parts.path.rstrip("/"),
        has_credentials="@" in parts.netloc,
        has_query="?" in url or "#" in url,
    )
    # Nothing beside it that one parser drops and another takes for a part of the host.
    is_whole = parts.netloc.rpartition("@")[2].lower() == place.authority
    return place if is_whole else None


def _check_plain(place: _Place, proxy: str | None) -> None:
    name = f"{place.scheme}://{place.host}"
    if not is_loopback(place.host):
        raise ValueError(
            f"{name} is not encrypted and not on this machine: use TLS, "
            "or set allow_insecure=True if the network between is trusted"
        )
    if proxy is not None and not is_loopback(_place(proxy, "proxy URL").host):
        raise ValueError(
            f"{name} is not encrypted and would go through a proxy on another machine: leave the "
            "proxy out, or set allow_insecure=True if the network between is trusted"
        )
