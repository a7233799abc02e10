"""
JWTs of the local Paradex: issued at login, read from the Authorization header (PROTOCOL 2.4).

Signed with HMAC-SHA-256 and a secret of this process; clients read no more of them than ``exp``.
"""

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Callable
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.simulator.server.refusals import Refusal


_ISSUER: Final = "Paradex local"


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    iss: str
    sub: str
    """The account's address."""
    iat: int
    exp: int
    """UNIX seconds."""
    jti: int
    key: str = ""
    """The public key that logged in; empty for API tokens."""
    read_only: bool = False
    interactive: bool = False
    lookup_id: str = ""
    """Names an API token, so that it can be revoked."""


class TokenIssuer:
    """
    Issues and reads JWTs.

    Parameters
    ----------
    secret : bytes
        The signing secret.
    clock_us : Callable[[], int]
        The venue's clock, UNIX microseconds.
    lifetime_s : float
        Of a login's token.

    """

    def __init__(self, secret: bytes, clock_us: Callable[[], int], lifetime_s: float) -> None:
        self._secret = secret
        self._clock_us = clock_us
        self._lifetime_s = lifetime_s
        self._serial = 0
        self._first_valid = 0
        self.issued = 0
        self.refuses_all = False
        """If tokens are issued and none is taken."""

    def issue(
        self,
        account: str,
        *,
        key: str = "",
        read_only: bool = False,
        interactive: bool = False,
        lifetime_s: float | None = None,
        lookup_id: str = "",
    ) -> str:
        """Return a new token."""
        now_s = self._clock_us() / 1_000_000
        lifetime = self._lifetime_s if lifetime_s is None else lifetime_s
        self._serial += 1
        self.issued += 1
        claims = Claims(
            iss=_ISSUER,
            sub=account,
            iat=int(now_s),
            exp=math.ceil(now_s + lifetime),
            jti=self._serial,
            key=key,
            read_only=read_only,
            interactive=interactive,
            lookup_id=lookup_id,
        )
        head = _encode(json.dumps({"alg": "HS256", "typ": "at+JWT"}).encode())
        body = _encode(msgspec.json.encode(claims))
        return f"{head}.{body}.{self._sign(head, body)}"

    def read(self, token: str) -> Claims:
        """
        Return the claims of a token that is ours, unexpired and not expired by force.

        Raises
        ------
        Refusal
            INVALID_TOKEN otherwise.

        """
        parts = token.split(".")
        if len(parts) != 3 or not hmac.compare_digest(
            parts[2].encode(), self._sign(parts[0], parts[1]).encode()
        ):
            raise invalid_token()
        claims = msgspec.json.decode(_decode(parts[1]), type=Claims)
        is_over = self._clock_us() >= claims.exp * 1_000_000 or claims.jti < self._first_valid
        if is_over or self.refuses_all:
            raise invalid_token()
        return claims

    def expire_all(self) -> None:
        """Make every token issued so far invalid, as if its time had come."""
        self._first_valid = self._serial + 1

    def _sign(self, head: str, body: str) -> str:
        digest = hmac.new(self._secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
        return _encode(digest)


def invalid_token() -> Refusal:
    """Return the refusal of a token that is malformed, foreign, expired or revoked."""
    return Refusal("INVALID_TOKEN", "token is invalid or expired")


def bearer(header: str | None) -> str:
    """
    Return the token of an Authorization header.

    Raises
    ------
    Refusal
        UNAUTHORIZED_ERROR if there is none.

    """
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal("UNAUTHORIZED_ERROR", "missing bearer token")
    return token.strip()


def is_token_shaped(token: Any) -> bool:
    """Return if the value looks like a JWT at all: three base64url parts."""
    return isinstance(token, str) and token.count(".") == 2 and all(token.split("."))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
