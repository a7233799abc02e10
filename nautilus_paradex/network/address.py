"""Which addresses the adapter may talk to."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit


_SCHEMES: Final = {"https": True, "wss": True, "http": False, "ws": False}


def checked_url(url: str, *, allow_insecure: bool = False) -> str:
    """
    Return a base URL without a trailing slash, if it is safe to send credentials to.

    Parameters
    ----------
    url : str
        ``https``, ``wss``, ``http`` or ``ws``.
    allow_insecure : bool, default False
        If plain text may leave this machine.

    Raises
    ------
    ValueError
        If the URL has no host or another scheme, carries credentials, a query or a fragment, or
        would send plain text to another machine. The text never repeats credentials.

    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("the base URL is not a URL") from None
    encrypted = _SCHEMES.get(parts.scheme)
    if encrypted is None or not host:
        raise ValueError("the base URL needs a host and one of the schemes https, wss, http, ws")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"the base URL of {host} must not carry credentials")
    if parts.query or parts.fragment:
        raise ValueError(f"the base URL of {host} must not carry a query or fragment")
    if not encrypted and not allow_insecure and not is_loopback(host):
        raise ValueError(
            f"{parts.scheme}://{host} is not encrypted and not on this machine: use TLS, "
            "or set allow_insecure=True if the network between is trusted"
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return if a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
