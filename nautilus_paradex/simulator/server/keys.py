"""The keys and API tokens of one account (PROTOCOL 2.1, 2.6)."""

import ipaddress
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import msgspec

from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import invalid_parameter
from nautilus_paradex.simulator.server.tokens import Claims


_TOKENS_MAX = 10


class Subkey(msgspec.Struct, kw_only=True):
    """A further key that may trade for the account."""

    id: int
    public_key: str
    name: str
    state: str
    """active, pending or revoked."""
    allowed_cidrs: list[str]
    created_ns: int
    updated_ns: int
    revoked_ns: int = 0


class ApiToken(msgspec.Struct, kw_only=True):
    """A long-lived read-only token."""

    lookup_id: str
    name: str
    kind: str
    allowed_cidrs: list[str]
    created_s: int
    expiry_s: int
    revoked_s: int = 0


class KeyRing:
    """
    The main key, subkeys and API tokens of an account.

    Parameters
    ----------
    account : str
        The account's address.
    main_key : str
        Its public key.
    clock_us : Callable[[], int]
        The venue's clock, UNIX microseconds.

    """

    def __init__(self, account: str, main_key: str, clock_us: Callable[[], int]) -> None:
        self.account = account
        self.main_key = main_key
        self._clock_us = clock_us
        self.subkeys: dict[str, Subkey] = {}
        self.tokens: dict[str, ApiToken] = {}

    def is_known(self, key: str) -> bool:
        """Return if the key was ever registered."""
        return key == self.main_key or key in self.subkeys

    def is_active(self, key: str) -> bool:
        """Return if the key may log in and sign."""
        if key == self.main_key:
            return True
        subkey = self.subkeys.get(key)
        return subkey is not None and subkey.state == "active"

    def active_keys(self, first: str = "") -> Iterator[str]:
        """Yield the keys that may sign, the given one first."""
        keys = [self.main_key, *self.subkeys]
        keys.sort(key=lambda key: key != first)
        return (key for key in keys if self.is_active(key))

    def is_token_valid(self, lookup_id: str) -> bool:
        """Return if the API token exists and was not revoked."""
        token = self.tokens.get(lookup_id)
        return token is not None and not token.revoked_s

    def allows(self, claims: Claims, peer: str) -> bool:
        """Return if the allow-list of the token's key, or of the token, has the peer."""
        if claims.lookup_id:
            cidrs = self.tokens[claims.lookup_id].allowed_cidrs
        elif claims.key in self.subkeys:
            cidrs = self.subkeys[claims.key].allowed_cidrs
        else:
            cidrs = []
        address = ipaddress.ip_address(peer)
        return not cidrs or any(address in ipaddress.ip_network(cidr) for cidr in cidrs)

    def add_subkey(self, public_key: str, name: str, state: str, cidrs: list[str]) -> Subkey:
        """
        Register a subkey.

        Raises
        ------
        Refusal
            NOT_UNIQUE if the key is registered already.

        """
        if self.is_known(public_key):
            raise Refusal("NOT_UNIQUE", "public key is already registered")
        now_ns = self._clock_us() * 1000
        subkey = Subkey(
            id=len(self.subkeys) + 1,
            public_key=public_key,
            name=name,
            state=state,
            allowed_cidrs=cidrs,
            created_ns=now_ns,
            updated_ns=now_ns,
        )
        self.subkeys[public_key] = subkey
        return subkey

    def subkey(self, public_key: str) -> Subkey:
        """
        Return a subkey.

        Raises
        ------
        Refusal
            NOT_FOUND if there is none with this key.

        """
        subkey = self.subkeys.get(public_key)
        if subkey is None:
            raise Refusal("NOT_FOUND", "subkey not found")
        return subkey

    def revoke_subkey(self, public_key: str) -> None:
        """Take a subkey's rights away; its tokens die with it."""
        subkey = self.subkey(public_key)
        subkey.state = "revoked"
        subkey.revoked_ns = subkey.updated_ns = self._clock_us() * 1000

    def reinstate_subkey(self, public_key: str) -> None:
        """Give a revoked subkey its rights back, and its tokens theirs."""
        subkey = self.subkey(public_key)
        subkey.state = "active"
        subkey.revoked_ns = 0
        subkey.updated_ns = self._clock_us() * 1000

    def add_token(self, name: str, kind: str, lifetime_s: int, cidrs: list[str]) -> ApiToken:
        """
        Register an API token.

        Raises
        ------
        Refusal
            TOKEN_LIMIT_REACHED if the account has too many.

        """
        if sum(not token.revoked_s for token in self.tokens.values()) >= _TOKENS_MAX:
            raise Refusal("TOKEN_LIMIT_REACHED", "too many tokens")
        now_s = self._clock_us() // 1_000_000
        token = ApiToken(
            lookup_id=f"{self.account[2:10]}-{len(self.tokens) + 1}",
            name=name,
            kind=kind,
            allowed_cidrs=cidrs,
            created_s=now_s,
            expiry_s=now_s + lifetime_s,
        )
        self.tokens[token.lookup_id] = token
        return token

    def token(self, lookup_id: str) -> ApiToken:
        """
        Return an API token.

        Raises
        ------
        Refusal
            NOT_FOUND if there is none with this id.

        """
        token = self.tokens.get(lookup_id)
        if token is None:
            raise Refusal("NOT_FOUND", "token not found")
        return token

    def revoke_token(self, lookup_id: str) -> None:
        """Make an API token invalid."""
        self.token(lookup_id).revoked_s = self._clock_us() // 1_000_000


def parse_cidrs(value: Any) -> list[str]:
    """
    Return an allow-list of networks.

    Raises
    ------
    Refusal
        INVALID_REQUEST_PARAMETER if it is not a list of CIDRs.

    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid_parameter("allowed_cidrs: must be an array")
    try:
        return [str(ipaddress.ip_network(cidr)) for cidr in value]
    except (ValueError, TypeError):
        raise invalid_parameter("allowed_cidrs: must hold CIDRs") from None
