"""Keys and signatures (PROTOCOL 2.3, 3.3): deterministic ECDSA on the Stark curve."""

import hmac
from itertools import count
from typing import Final
from typing import NoReturn

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.signing.curve import MAX_SIGNED
from nautilus_paradex.protocol.signing.curve import N
from nautilus_paradex.protocol.signing.curve import multiply_generator
from nautilus_paradex.protocol.signing.felts import address_felt
from nautilus_paradex.protocol.signing.felts import chain_felt
from nautilus_paradex.protocol.signing.felts import hex_number
from nautilus_paradex.protocol.signing.integers import invert
from nautilus_paradex.protocol.signing.integers import mpz
from nautilus_paradex.protocol.signing.messages import MessageHasher


# The extra entropy that Starknet's tools begin with; any would do, this one makes our signatures
# the same as theirs.
_FIRST_SEED: Final = 32
_OCTETS: Final = 32


class Signer:
    """
    A private key of the Stark curve: an account's own or a subkey.

    Parameters
    ----------
    private_key : str or int
        The key, ``0x`` and hex digits or a number; never shown.

    Raises
    ------
    EncodeError
        If it is no key. The text does not contain it.

    """

    __slots__ = ("_key", "_public_key")

    def __init__(self, private_key: str | int) -> None:
        pair = _key_pair(private_key)
        # The traceback of an error shows the local variables to who asks for them.
        del private_key
        if isinstance(pair, str):
            raise EncodeError(f"a private key must be {pair}")
        self._key, self._public_key = pair

    def __repr__(self) -> str:
        return f"Signer(public_key={self.public_key_hex!r})"

    def __getstate__(self) -> NoReturn:
        raise TypeError("a private key is not saved")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a private key is not saved")

    @property
    def public_key(self) -> int:
        """The public key: the x of its point."""
        return self._public_key

    @property
    def public_key_hex(self) -> str:
        """The public key as the venue writes it."""
        return f"0x{self._public_key:x}"

    def sign(self, message_hash: int) -> tuple[int, int]:
        """
        Return the signature (r, s); the same one for the same hash.

        Raises
        ------
        EncodeError
            If the number is no hash that can be signed: one in 2**55 is not. Another timestamp
            gives another hash.

        """
        if not 1 <= message_hash < MAX_SIGNED:
            raise EncodeError("a message hash must be above 0 and below 2**251 to be signed")
        try:
            return _sign(message_hash, self._key)
        except BaseException as error:
            # An interrupt in there must not carry key and nonce away in its traceback.
            raise error.with_traceback(None) from None


def _key_pair(private_key: str | int) -> tuple[int, int] | str:
    """Return a key and its public key, or what it would have to be."""
    key = hex_number(private_key) if isinstance(private_key, str) else private_key
    if key is None:
        return "0x and at most 64 hex digits"
    public = multiply_generator(key) if 1 <= key < N else None
    if public is None:
        return "above 0 and below the order of the curve"
    return key, int(public[0])


def _sign(message_hash: int, key: int) -> tuple[int, int]:
    signatures = (
        _signature(message_hash, key, _nonce(message_hash, key, seed))
        for seed in count(_FIRST_SEED)
    )
    return next(signature for signature in signatures if signature is not None)


def _nonce(message_hash: int, key: int, seed: int) -> int:
    # RFC 6979, 3.2 with the extra entropy of 3.6. The hash is below the order already.
    octets = key.to_bytes(_OCTETS, "big") + message_hash.to_bytes(_OCTETS, "big")
    octets += seed.to_bytes((seed.bit_length() + 7) // 8, "big")
    state = b"\x01" * _OCTETS
    mac_key = b"\x00" * _OCTETS
    for tag in (b"\x00", b"\x01"):
        mac_key = hmac.digest(mac_key, state + tag + octets, "sha256")
        state = hmac.digest(mac_key, state, "sha256")
    while True:
        state = hmac.digest(mac_key, state, "sha256")
        # The order has 252 bits, four less than the digest.
        nonce = int.from_bytes(state, "big") >> 4
        if 1 <= nonce < N:
            return nonce
        mac_key = hmac.digest(mac_key, state + b"\x00", "sha256")
        state = hmac.digest(mac_key, state, "sha256")


def _signature(message_hash: int, key: int, nonce: int) -> tuple[int, int] | None:
    # None where Starknet's ranges refuse what this nonce gives; about one in 2**55 does.
    order = mpz(N)
    point = multiply_generator(nonce)
    total = 0 if point is None else (message_hash + point[0] * key) % order
    if point is None or not total:
        return None
    r = int(point[0])
    w = nonce * invert(total, order) % order
    if not (1 <= r < MAX_SIGNED and w < MAX_SIGNED):
        return None
    return r, int(total * invert(mpz(nonce), order) % order)


def format_signature(r: int, s: int) -> str:
    """Return a signature as the venue takes it: a JSON text of two decimal strings (trap 24)."""
    return f'["{r}","{s}"]'


class AccountSigner:
    """
    What signs for one account on one chain.

    Parameters
    ----------
    account : str
        The account's address; the main account's where the key is a subkey (trap 22).
    chain_id : str
        ``starknet_chain_id`` of ``/system/config``, as name or ``0x`` hex.
    signer : Signer
        The account's key or a subkey of it.

    Raises
    ------
    EncodeError
        If address or chain id are none.

    """

    __slots__ = ("_account", "_hasher", "_signer")

    def __init__(self, account: str, chain_id: str, signer: Signer) -> None:
        felt = address_felt(account)
        self._account = f"0x{felt:x}"
        self._hasher = MessageHasher(felt, chain_felt(chain_id))
        self._signer = signer

    def __repr__(self) -> str:
        return f"AccountSigner(account={self._account!r}, signer={self._signer!r})"

    @property
    def account(self) -> str:
        """The account's address in its normal form."""
        return self._account

    @property
    def signer(self) -> Signer:
        """The key."""
        return self._signer

    def sign_order(
        self,
        *,
        timestamp_ms: int,
        market: str,
        side: Side,
        type: OrderType,  # noqa: A002 - the wire's own word
        size_e8: int,
        price_e8: int,
    ) -> str:
        """Return the ``signature`` of a new order; see `MessageHasher.order`."""
        return self._sign(
            self._hasher.order(
                timestamp_ms=timestamp_ms,
                market=market,
                side=side,
                type=type,
                size_e8=size_e8,
                price_e8=price_e8,
            )
        )

    def sign_modify(
        self,
        *,
        timestamp_ms: int,
        market: str,
        side: Side,
        type: OrderType,  # noqa: A002 - the wire's own word
        size_e8: int,
        price_e8: int,
        order_id: str,
    ) -> str:
        """Return the ``signature`` of a modification; see `MessageHasher.modify`."""
        return self._sign(
            self._hasher.modify(
                timestamp_ms=timestamp_ms,
                market=market,
                side=side,
                type=type,
                size_e8=size_e8,
                price_e8=price_e8,
                order_id=order_id,
            )
        )

    def sign_auth(self, timestamp_s: int, expiration_s: int) -> str:
        """Return the signature of the request for a token; both times in UNIX seconds."""
        return self._sign(
            self._hasher.auth_request(timestamp_s=timestamp_s, expiration_s=expiration_s)
        )

    def sign_onboarding(self) -> str:
        """Return the signature that onboards the account."""
        return self._sign(self._hasher.onboarding())

    def _sign(self, message_hash: int) -> str:
        return format_signature(*self._signer.sign(message_hash))
