"""Who may do what: accounts, their keys, login and permissions (PROTOCOL 2)."""

import re
from collections.abc import Callable
from collections.abc import Mapping
from typing import Final

import msgspec

from nautilus_paradex.simulator.server.config import SimulatorConfig
from nautilus_paradex.simulator.server.keys import KeyRing
from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.refusals import missing
from nautilus_paradex.simulator.server.signatures import MessageHashes
from nautilus_paradex.simulator.server.signatures import is_signed_by
from nautilus_paradex.simulator.server.signatures import parse_signature
from nautilus_paradex.simulator.server.tokens import Claims
from nautilus_paradex.simulator.server.tokens import TokenIssuer
from nautilus_paradex.simulator.server.tokens import bearer
from nautilus_paradex.simulator.server.tokens import invalid_token


_FELT: Final = re.compile(r"0[xX][0-9a-fA-F]{1,64}", re.ASCII)
_DEFAULT_EXPIRY_S: Final = 30 * 60
_MAX_EXPIRY_S: Final = 7 * 24 * 3600
_VERIFICATION_FAILED: Final = "STARKNET_SIGNATURE_VERIFICATION_FAILED"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The account behind a request, and what its token allows."""

    account: str
    read_only: bool
    interactive: bool
    key: str
    """The key that logged in; empty for an API token."""

    def require_trading(self) -> None:
        """
        Let only tokens pass that may trade.

        Raises
        ------
        Refusal
            INVALID_TOKEN_SCOPE for a read-only token.

        """
        if self.read_only:
            raise Refusal("INVALID_TOKEN_SCOPE", "token scope does not allow this request")


def normalize_felt(text: str, code: str = "INVALID_STARKNET_ADDRESS") -> str:
    """
    Return an address or key as the venue writes it: lower-case hex without leading zeros.

    Raises
    ------
    Refusal
        With the code given if the text is no hexadecimal number.

    """
    if not _FELT.fullmatch(text):
        raise Refusal(code, "must be a hexadecimal number with prefix 0x")
    return hex(int(text, 16))


class Authority:
    """
    The accounts that exist, and the checks of everything they sign.

    Parameters
    ----------
    config : SimulatorConfig
        The venue's settings.
    tokens : TokenIssuer
        Issues the JWTs.
    clock_us : Callable[[], int]
        The venue's clock, UNIX microseconds.

    """

    def __init__(
        self, config: SimulatorConfig, tokens: TokenIssuer, clock_us: Callable[[], int]
    ) -> None:
        self._config = config
        self._tokens = tokens
        self._clock_us = clock_us
        self.hashes = MessageHashes(config.chain_id)
        self.rings: dict[str, KeyRing] = {}

    def add_account(self, account: str, public_key: str) -> None:
        """Register an account with its main key; both normalized."""
        self.rings[account] = KeyRing(account, public_key, self._clock_us)

    def ring(self, account: str) -> KeyRing:
        """
        Return the keys of an account.

        Raises
        ------
        Refusal
            ACCOUNT_NOT_FOUND if there is no such account.

        """
        ring = self.rings.get(account)
        if ring is None:
            raise Refusal("ACCOUNT_NOT_FOUND", "account not found")
        return ring

    def principal(self, authorization: str | None, peer: str = "127.0.0.1") -> Principal:
        """
        Return who sent a request with this Authorization header.

        Raises
        ------
        Refusal
            UNAUTHORIZED_ERROR without a token, INVALID_TOKEN for one that is not valid,
            IP_NOT_ALLOWED for a peer outside of the token's allow-list.

        """
        return self.principal_of(bearer(authorization), peer)

    def principal_of(self, token: str, peer: str = "127.0.0.1") -> Principal:
        """Return who holds the token; raises as :meth:`principal` does."""
        claims = self._tokens.read(token)
        self._check_key(claims, peer)
        return Principal(
            account=claims.sub,
            read_only=claims.read_only,
            interactive=claims.interactive,
            key=claims.key,
        )

    def _check_key(self, claims: Claims, peer: str) -> None:
        ring = self.rings.get(claims.sub)
        if ring is None:
            raise invalid_token()
        if claims.lookup_id:
            allowed = ring.is_token_valid(claims.lookup_id)
        else:
            allowed = ring.is_active(claims.key)
        if not allowed:
            raise invalid_token()
        if self._config.loopback_address_checks and not ring.allows(claims, peer):
            raise Refusal("IP_NOT_ALLOWED", "address is not in the allow-list")

    def login(self, headers: Mapping[str, str], public_key: str | None, interactive: bool) -> str:
        """
        Return a JWT for a signed request of PROTOCOL 2.4.

        Parameters
        ----------
        headers : Mapping[str, str]
            Of the request; case-insensitive.
        public_key : str, optional
            Of the URL: the main key or a subkey.
        interactive : bool
            If the token is for retail flow.

        Raises
        ------
        Refusal
            With the venue's code for what is missing or wrong.

        """
        account = normalize_felt(_header(headers, "PARADEX-STARKNET-ACCOUNT"))
        signature = parse_signature(
            _header(headers, "PARADEX-STARKNET-SIGNATURE"), "INVALID_STARKNET_SIGNATURE"
        )
        timestamp, expiration = self._validity(headers)
        ring = self.rings.get(account)
        if ring is None:
            raise Refusal("NOT_ONBOARDED", "User has never called /onboarding endpoint")
        key = ring.main_key
        if public_key is not None:
            key = normalize_felt(public_key, "PUBLIC_KEY_INVALID")
        if ring.is_known(key) and not ring.is_active(key):
            raise Refusal("INVALID_SUBKEY", "subkey is not active")
        message = self.hashes.request(int(account, 16), timestamp, expiration)
        if not ring.is_known(key) or not is_signed_by(int(key, 16), message, signature):
            raise Refusal(_VERIFICATION_FAILED, "starknet signature verification failed")
        return self._tokens.issue(account, key=key, interactive=interactive)

    def _validity(self, headers: Mapping[str, str]) -> tuple[int, int]:
        timestamp = _seconds(_header(headers, "PARADEX-TIMESTAMP"), "INVALID_TIMESTAMP")
        text = headers.get("PARADEX-SIGNATURE-EXPIRATION")
        if text is None:
            expiration = timestamp + _DEFAULT_EXPIRY_S
        else:
            expiration = _seconds(text, "INVALID_BLOCK_EXPIRATION")
        now_ms = self._clock_us() // 1000
        if timestamp * 1000 > now_ms + self._config.max_clock_ahead_ms:
            raise Refusal("INVALID_TIMESTAMP", "timestamp is in the future")
        if not timestamp < expiration <= timestamp + _MAX_EXPIRY_S:
            raise Refusal("INVALID_BLOCK_EXPIRATION", "expiration out of range")
        if expiration * 1000 <= now_ms:
            raise Refusal("INVALID_TIMESTAMP", "signature has expired")
        return timestamp, expiration

    def check_onboarding(self, headers: Mapping[str, str], public_key: str) -> tuple[str, str]:
        """
        Return (account, public key) of a signed onboarding request.

        Raises
        ------
        Refusal
            With the venue's code for what is missing or wrong.

        """
        _header(headers, "PARADEX-ETHEREUM-ACCOUNT")
        account = normalize_felt(_header(headers, "PARADEX-STARKNET-ACCOUNT"))
        key = normalize_felt(public_key, "PUBLIC_KEY_INVALID")
        signature = parse_signature(
            _header(headers, "PARADEX-STARKNET-SIGNATURE"), "INVALID_STARKNET_SIGNATURE"
        )
        if not is_signed_by(int(key, 16), self.hashes.onboarding(int(account, 16)), signature):
            raise Refusal(_VERIFICATION_FAILED, "starknet signature verification failed")
        ring = self.rings.get(account)
        if ring is not None and ring.main_key != key:
            raise Refusal("PUBLIC_KEY_INVALID", "public key does not belong to the account")
        return account, key

    def is_order_signature(
        self, principal: Principal, message: int, signature: tuple[int, int]
    ) -> bool:
        """Return if an active key of the account signed; the key that logged in is tried first."""
        keys = self.ring(principal.account).active_keys(first=principal.key)
        return any(is_signed_by(int(key, 16), message, signature) for key in keys)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise missing(name)
    return value


def _seconds(text: str, code: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        raise Refusal(code, "must be UNIX seconds")
    return int(text)
