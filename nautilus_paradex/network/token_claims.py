"""What a token says of itself; the signature is the venue's business and is not verified."""

import base64
import binascii
from typing import Final

import msgspec


#: What the docs say where a token does not.
ASSUMED_LIFETIME: Final = 300.0

_LONGEST_LIFETIME: Final = 86_400.0

#: A token is a header; a server that sends more than servers take for one sends no token.
_LONGEST_TOKEN: Final = 8 * 1024


class _Claims(msgspec.Struct, frozen=True):
    exp: float | None = None
    iat: float | None = None


def token_lifetime(jwt: str, venue_s: float | None) -> float:
    """
    Return the seconds that a token lives from now, by its own claims.

    The signature is the venue's business and is not verified.

    Parameters
    ----------
    jwt : str
        The token.
    venue_s : float, optional
        The venue's clock, UNIX seconds; None where it is not known, since our own clock may be
        wrong by more than a token's life.

    Returns
    -------
    float
        `ASSUMED_LIFETIME` where the token does not say.

    """
    claims = _claims(jwt)
    if claims.exp is None:
        return ASSUMED_LIFETIME
    spans = [claims.exp - since for since in (claims.iat, venue_s) if since is not None]
    lifetime = min(spans, default=ASSUMED_LIFETIME)
    return min(lifetime, _LONGEST_LIFETIME) if lifetime > 0 else ASSUMED_LIFETIME


def is_token(text: str) -> bool:
    """Return if a text can stand in a header as a token."""
    return text.isascii() and text.split() == [text] and len(text) <= _LONGEST_TOKEN


def _claims(jwt: str) -> _Claims:
    _, _, rest = jwt.partition(".")
    payload = rest.partition(".")[0]
    try:
        text = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=_Claims)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        return _Claims()
