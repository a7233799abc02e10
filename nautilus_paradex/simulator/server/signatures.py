"""
Check of signed messages with starknet_py, independent of the package's own signing.

The hashes of one domain, and of one account in it, never change: they are folded once by
starknet_py's own pedersen. What follows them (seven folds of an order and two around it) is
hashed for each message. PROTOCOL 2.3: revision 0, domain order name, chainId, version, and the
version as the number 1.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from starknet_py.cairo.felt import encode_shortstring
from starknet_py.constants import EC_ORDER
from starknet_py.constants import FIELD_PRIME
from starknet_py.hash.selector import get_selector_from_name
from starknet_py.hash.utils import compute_hash_on_elements
from starknet_py.hash.utils import pedersen_hash
from starknet_py.hash.utils import verify_message_signature

from nautilus_paradex.simulator.server.refusals import Refusal


_ORDER_FIELDS: Final = "timestamp:felt,market:felt,side:felt,orderType:felt,size:felt,price:felt"
# A selector is sn_keccak of a name, which is what a type's hash is.
_DOMAIN_TYPE: Final = get_selector_from_name("StarkNetDomain(name:felt,chainId:felt,version:felt)")
_ORDER_TYPE: Final = get_selector_from_name(f"Order({_ORDER_FIELDS})")
_MODIFY_TYPE: Final = get_selector_from_name(f"ModifyOrder({_ORDER_FIELDS},id:felt)")
_REQUEST_TYPE: Final = get_selector_from_name(
    "Request(method:felt,path:felt,body:felt,timestamp:felt,expiration:felt)"
)
_CONSTANT_TYPE: Final = get_selector_from_name("Constant(action:felt)")
_VERSION: Final = 1
_DECIMAL: Final = re.compile(r"[0-9]+", re.ASCII)
_HEX: Final = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)


def _fold(start: int, values: Sequence[int]) -> int:
    for value in values:
        start = pedersen_hash(start, value)
    return start


_ORDER_PREFIX: Final = _fold(0, (_ORDER_TYPE,))
_MODIFY_PREFIX: Final = _fold(0, (_MODIFY_TYPE,))

_short = lru_cache(maxsize=4096)(encode_shortstring)


class MessageHashes:
    """
    Hashes of the messages that Paradex has signed, on one chain.

    Parameters
    ----------
    chain_id : str
        The chain's name, as ``/system/config`` gives it.

    """

    def __init__(self, chain_id: str) -> None:
        domain = compute_hash_on_elements(
            [_DOMAIN_TYPE, encode_shortstring("Paradex"), encode_shortstring(chain_id), _VERSION]
        )
        self._prefix = _fold(0, (encode_shortstring("StarkNet Message"), domain))
        self._accounts: dict[int, int] = {}

    def _message(self, account: int, struct: int) -> int:
        prefix = self._accounts.get(account)
        if prefix is None:
            prefix = self._accounts[account] = pedersen_hash(self._prefix, account)
        return _fold(prefix, (struct, 4))

    def order(
        self,
        account: int,
        *,
        timestamp_ms: int,
        market: str,
        side: str,
        order_type: str,
        size_e8: int,
        price_e8: int,
    ) -> int:
        """Return the hash of a new order; size and price in units of 1e-8."""
        fields = self._order_fields(timestamp_ms, market, side, order_type, size_e8, price_e8)
        return self._message(account, _fold(_ORDER_PREFIX, (*fields, 7)))

    def modify(
        self,
        account: int,
        *,
        timestamp_ms: int,
        market: str,
        side: str,
        order_type: str,
        size_e8: int,
        price_e8: int,
        order_id: str,
    ) -> int:
        """Return the hash of a modification; size and price in units of 1e-8."""
        fields = self._order_fields(timestamp_ms, market, side, order_type, size_e8, price_e8)
        return self._message(account, _fold(_MODIFY_PREFIX, (*fields, int(order_id), 8)))

    @staticmethod
    def _order_fields(
        timestamp_ms: int, market: str, side: str, order_type: str, size_e8: int, price_e8: int
    ) -> tuple[int, ...]:
        side_felt = 1 if side == "BUY" else 2
        return (timestamp_ms, _short(market), side_felt, _short(order_type), size_e8, price_e8)

    def request(self, account: int, timestamp_s: int, expiration_s: int) -> int:
        """Return the hash of the request for a JWT; its path is always ``/v1/auth``."""
        struct = compute_hash_on_elements(
            [_REQUEST_TYPE, _short("POST"), _short("/v1/auth"), 0, timestamp_s, expiration_s]
        )
        return self._message(account, struct)

    def onboarding(self, account: int) -> int:
        """Return the hash of the onboarding constant."""
        struct = compute_hash_on_elements([_CONSTANT_TYPE, _short("Onboarding")])
        return self._message(account, struct)

    @staticmethod
    def subkey(account: int, public_key: int, timestamp_s: int, expiry_s: int) -> int:
        """Return what the main key signs to register a subkey (PROTOCOL 2.6): no typed data."""
        return int(compute_hash_on_elements([account, public_key, timestamp_s, expiry_s]))


def parse_signature(text: object, code: str, *, allow_hex: bool = False) -> tuple[int, int]:
    """
    Return (r, s) of a JSON string that holds two decimal strings (trap 24).

    Subkey registration sends them as an array, in hex (PROTOCOL 2.6).

    Raises
    ------
    Refusal
        With the code given, for anything else: hex, nested arrays, numbers out of range.

    """
    try:
        parts = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        parts = None
    if not isinstance(parts, list) or len(parts) != 2:
        raise Refusal(code, "signature: must be an array of two decimal strings")
    r, s = (_number(part, code, allow_hex) for part in parts)
    if not 0 < r < FIELD_PRIME or not 0 < s < EC_ORDER:
        raise Refusal(code, "signature: out of range")
    return r, s


def _number(text: object, code: str, allow_hex: bool) -> int:
    if isinstance(text, str) and len(text) <= 80:
        if _DECIMAL.fullmatch(text):
            return int(text)
        if allow_hex and _HEX.fullmatch(text):
            return int(text, 16)
    raise Refusal(code, "signature: must be an array of two decimal strings")


def is_signed_by(public_key: int, message_hash: int, signature: tuple[int, int]) -> bool:
    """Return if the signature over the hash is the key's."""
    return bool(verify_message_signature(message_hash, list(signature), public_key))
