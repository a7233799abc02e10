"""
Secrets of configs, put away.

The framework prints, hashes, compares and saves configs in many ways, and a msgspec struct can
leave a field out of none of them. So the field itself holds a handle, and the secret stays here,
in this process. The handle is salted and says nothing of the secret; nor is the ``id`` of a config
that was given one the same in another process.
"""

import hashlib
import secrets
from typing import Final

from nautilus_paradex.protocol.secrecy import SecretText


_VAULT: Final[dict[str, SecretText]] = {}
_SALT: Final = secrets.token_bytes(16)
_HANDLE_PREFIX: Final = "secret:"


def hide(secret: object, field: str) -> str | None:
    """
    Put a secret away and return a handle for it, which only this process can open.

    A handle is returned as it is, so that a config can be copied, and saved and read again.

    Raises
    ------
    ValueError
        If the secret is no text.

    """
    if not secret:
        return None
    if not isinstance(secret, str):
        # The traceback of an error shows the local variables to who asks for them.
        del secret
        raise ValueError(f"{field} must be text")  # noqa: TRY004 - as for every wrong config value
    if secret.startswith(_HANDLE_PREFIX):
        return secret
    digest = hashlib.blake2b(secret.encode(), key=_SALT, digest_size=8).hexdigest()
    handle = f"{_HANDLE_PREFIX}{digest}"
    _VAULT[handle] = SecretText(secret)
    return handle


def reveal(handle: str | None, field: str) -> SecretText | None:
    """
    Return the secret behind a handle, as a text that no display shows.

    Raises
    ------
    ValueError
        If the handle comes from another process.

    """
    if not handle:
        return None
    try:
        return _VAULT[handle]
    except KeyError:
        raise ValueError(
            f"{field} was saved by another process without its value: set it again, or leave it "
            "out and set the environment variable"
        ) from None
