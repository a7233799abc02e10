"""
A key that the venue refuses, as a subkey that was revoked, is not tried again for every request.

Its refusal is remembered for a while, longer from time to time, and is what requests get
meanwhile. The first request after that tries the key again, and so finds out when it works.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from nautilus_paradex.network.log import Log
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.protocol.connection import backoff_ceiling
from nautilus_paradex.protocol.errors import AuthenticationError


#: For how long a refusal of the key is remembered, seconds: the first, and the longest.
_REFUSAL_DELAYS: Final = (1.0, 60.0)

#: Refusals that are further apart than this are not of one kind, seconds.
_REFUSALS_APART: Final = 300.0

#: What to do about a refusal.
_GUIDANCE: Final[Mapping[str, str]] = {
    "NOT_ONBOARDED": "the account is not onboarded: log in once at the Paradex app with its "
    "wallet, then start again",
    "STARKNET_SIGNATURE_VERIFICATION_FAILED": "the signature does not belong to the account: "
    "check that account_address is the main account's address, that private_key is its key or "
    "one of its subkeys, and that the environment is the right one",
    "INVALID_STARKNET_SIGNATURE": "check private_key and the environment",
    "INVALID_STARKNET_ADDRESS": "check account_address",
    "ACCOUNT_NOT_FOUND": "check account_address and the environment",
    "PUBLIC_KEY_INVALID": "check private_key",
    "INVALID_SUBKEY": "the key is not registered on the account: add it at the Paradex app "
    "under API keys",
    "INVALID_TIMESTAMP": "this machine's clock differs from the venue's: synchronise it",
    "INVALID_BLOCK_EXPIRATION": "this machine's clock differs from the venue's: synchronise it",
    "GEO_IP_BLOCK": "the venue does not serve this location",
    "IP_NOT_ALLOWED": "the key's list of allowed addresses does not contain this machine's",
}


def guided(error: AuthenticationError) -> AuthenticationError:
    """Return a refusal that says what to do about it, where that is known."""
    guidance = _GUIDANCE.get(str(error.code))
    if guidance is None:
        return error
    return AuthenticationError(
        f"{error.message} ({guidance})", code=error.code, status=error.status, data=error.data
    )


class _Refusal(msgspec.Struct, kw_only=True):
    """What the venue said of the key, and until when it is not asked again, by our own clock."""

    error: AuthenticationError
    at: float
    until: float
    count: int
    """How many came in a row."""
    is_of_login: bool
    """If no token was given; else a token that was given was refused."""
    is_told: bool
    """If the user was told that trading has stopped."""


class KeyRefusals:
    """
    What the venue said of a key.

    Parameters
    ----------
    name : str
        The account, as the log names it.
    timing : Timing
        Clock and randomness.
    log : Log
        Where it says that trading stops, and goes on.

    """

    def __init__(self, name: str, timing: Timing, log: Log) -> None:
        self._name = name
        self._timing = timing
        self._log = log
        self._last: _Refusal | None = None

    @property
    def until(self) -> float:
        """Until when the key is not tried, by our own clock, seconds; 0 without a refusal."""
        return 0.0 if self._last is None else self._last.until

    def check(self) -> None:
        """
        Do nothing if the key may be tried.

        Raises
        ------
        AuthenticationError
            What the venue said of the key, if that was a moment ago.

        """
        left = self.until - self._timing.monotonic()
        if self._last is not None and left > 0:
            error = self._last.error
            raise AuthenticationError(
                f"{error.message} (the key is tried again in {left:.0f} s)",
                code=error.code,
                status=error.status,
                data=error.data,
            )

    def note(self, error: AuthenticationError, *, is_of_login: bool, is_trading: bool) -> None:
        """
        Remember a refusal.

        Parameters
        ----------
        error : AuthenticationError
            What the venue said.
        is_of_login : bool
            If it gave no token; else it refused a token that it had given.
        is_trading : bool
            If the key was good before: at a connect its caller says that it is not.

        """
        now, last = self._timing.monotonic(), self._last
        if last is None or now - last.at > _REFUSALS_APART:
            last = None
        count = 1 if last is None else last.count + 1
        repeated = count if is_of_login else count - 1
        ceiling = backoff_ceiling(repeated, *_REFUSAL_DELAYS) if repeated else 0.0
        self._last = refusal = _Refusal(
            error=error,
            at=now,
            until=now + ceiling * (0.5 + 0.5 * self._timing.random()),
            count=count,
            is_of_login=is_of_login,
            is_told=last is not None and last.is_told,
        )
        # Trading stops here, and nobody may be asking just now.
        if ceiling and is_trading and not refusal.is_told:
            refusal.is_told = True
            self._log.error(
                f"The venue refuses the key of {self._name}: no order goes out until it takes it "
                f"again; cancels are tried. {error}"
            )

    def note_login(self) -> None:
        """Take notice that the venue gave a token."""
        refusal = self._last
        # Whether the venue also takes the tokens that it gives, only requests tell.
        if refusal is not None and refusal.is_told and refusal.is_of_login:
            refusal.is_told = False
            self._log.info(f"The venue takes the key of {self._name} again: trading goes on")
