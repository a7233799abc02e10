"""
Hashes of the messages that an account signs (PROTOCOL 2.3, 2.4, 3.1).

A message's hash is made of a chain of Pedersen hashes over its fields and two more around it.
What never changes comes first in both, so it is hashed once: an order takes nine hashes.
"""

from functools import cache
from functools import lru_cache
from typing import Final

import msgspec

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.signing.curve import P
from nautilus_paradex.protocol.signing.felts import order_id_felt
from nautilus_paradex.protocol.signing.felts import short_string
from nautilus_paradex.protocol.signing.pedersen import FixedLeft
from nautilus_paradex.protocol.signing.pedersen import FixedRight
from nautilus_paradex.protocol.signing.pedersen import pedersen
from nautilus_paradex.protocol.signing.pedersen import pedersen_array


__all__ = [
    "CONSTANT_TYPE",
    "DOMAIN_TYPE",
    "MODIFY_TYPE",
    "ORDER_TYPE",
    "REQUEST_TYPE",
    "MessageHasher",
    "domain_hash",
    "short_string",
]

# The hashes of the type strings (PROTOCOL 2.3). They are Keccak's, which Python does not bring.
#: ``StarkNetDomain(name:felt,chainId:felt,version:felt)``: chainId before version (trap 23).
DOMAIN_TYPE: Final = 0x98D1932052FC5137543DE5ED85B7A88555A4CD1FF5D5BFEDB62ED9B9A1F0DB
#: ``Order(timestamp:felt,market:felt,side:felt,orderType:felt,size:felt,price:felt)``
ORDER_TYPE: Final = 0xA56D5225B97B257C15AE2CB1CC0EA605381A886CD75463DB45FD2EF9FBC255
#: ``ModifyOrder(...)``: the six fields of an order, then ``id:felt``.
MODIFY_TYPE: Final = 0x201789BB587C17B251FD38DAF43B14807010EA721C2929A8C2FC33BF15C2E2C
#: ``Request(method:felt,path:felt,body:felt,timestamp:felt,expiration:felt)``
REQUEST_TYPE: Final = 0x186CDEF6B179923C411C13C11B8A825F12BF34203BDDA0A984DA9D6F2313C2
#: ``Constant(action:felt)``
CONSTANT_TYPE: Final = 0xE84BBCB68E0F7C73A9058BA82B6DA9C1FFDC502EFCF034E78B0C003C22ECC9

_VERSION: Final = 1
_ORDER_ELEMENTS: Final = 7
_MODIFY_ELEMENTS: Final = 8
_REQUEST_ELEMENTS: Final = 6
_MESSAGE_ELEMENTS: Final = 4
_SIDES: Final = {Side.BUY: 1, Side.SELL: 2}
# More than the venue lists; a market that was delisted makes room.
_MARKETS_KEPT: Final = 4096


class _Shared(msgspec.Struct, frozen=True, kw_only=True):
    """The folds that are the same for every account."""

    order: FixedLeft
    modify: FixedLeft
    request: FixedLeft
    sides: dict[Side, FixedRight]
    types: dict[OrderType, FixedRight]
    order_end: FixedRight
    modify_end: FixedRight
    request_end: FixedRight
    message_end: FixedRight


@cache
def _shared() -> _Shared:
    request = pedersen(0, REQUEST_TYPE)
    for text in ("POST", "/v1/auth", ""):
        request = pedersen(request, short_string(text))
    return _Shared(
        order=FixedLeft(pedersen(0, ORDER_TYPE)),
        modify=FixedLeft(pedersen(0, MODIFY_TYPE)),
        request=FixedLeft(request),
        sides={side: FixedRight(felt) for side, felt in _SIDES.items()},
        types={kind: FixedRight(short_string(kind.value)) for kind in OrderType},
        order_end=FixedRight(_ORDER_ELEMENTS),
        modify_end=FixedRight(_MODIFY_ELEMENTS),
        request_end=FixedRight(_REQUEST_ELEMENTS),
        message_end=FixedRight(_MESSAGE_ELEMENTS),
    )


@lru_cache(maxsize=_MARKETS_KEPT)
def _market(symbol: str) -> FixedRight:
    if not symbol:
        raise EncodeError("an order needs a market")
    return FixedRight(short_string(symbol))


def _felt(name: str, value: int) -> int:
    if not 0 <= value < P:
        raise EncodeError(f"{name} {value} is negative or does not fit into a felt")
    return value


def domain_hash(chain_id: int) -> int:
    """Return the hash of Paradex' domain on a chain, given as felt."""
    return pedersen_array(DOMAIN_TYPE, short_string("Paradex"), chain_id, _VERSION)


class MessageHasher:
    """
    The message hashes of one account on one chain.

    Parameters
    ----------
    account : int
        The account's address; the main account's where a subkey signs (trap 22).
    chain_id : int
        The felt of the chain's name (`felts.chain_felt`).

    Raises
    ------
    EncodeError
        If one of them is no felt.

    Notes
    -----
    The first one in a process builds the tables, which takes some 0.1 s.

    """

    __slots__ = ("_message", "_shared")

    def __init__(self, account: int, chain_id: int) -> None:
        self._shared = _shared()
        prefix = pedersen(0, short_string("StarkNet Message"))
        prefix = pedersen(prefix, domain_hash(chain_id))
        self._message = FixedLeft(pedersen(prefix, account))

    def order(
        self,
        *,
        timestamp_ms: int,
        market: str,
        side: Side,
        type: OrderType,  # noqa: A002 - the wire's own word
        size_e8: int,
        price_e8: int,
    ) -> int:
        """
        Return the hash of a new order.

        Parameters
        ----------
        timestamp_ms : int
            The order's ``signature_timestamp``, UNIX milliseconds; its nonce.
        market : str
            The symbol.
        side : Side
            The side.
        type : OrderType
            The type.
        size_e8, price_e8 : int
            Size and limit price in units of 1e-8 (`numbers.mantissa`). Types that carry no limit
            price are signed with 0 (trap 28).

        Raises
        ------
        EncodeError
            If a field is out of range, or a type without limit price comes with one: the venue
            would find price and signature different.

        """
        shared = self._shared
        folded = self._terms(
            shared.order, timestamp_ms, market, side, type, size_e8=size_e8, price_e8=price_e8
        )
        return self._outer(shared.order_end(folded))

    def modify(
        self,
        *,
        timestamp_ms: int,
        market: str,
        side: Side,
        type: OrderType,  # noqa: A002 - the wire's own word
        size_e8: int,
        price_e8: int,
        order_id: str,
    ) -> int:
        """
        Return the hash of an order's modification: its whole new terms and its id.

        Parameters
        ----------
        timestamp_ms, market, side, type, size_e8, price_e8
            As for `order`; a new timestamp, and the terms that stay are repeated.
        order_id : str
            The venue's order id.

        Raises
        ------
        EncodeError
            As for `order`, and if the id is no decimal number.

        """
        shared = self._shared
        folded = self._terms(
            shared.modify, timestamp_ms, market, side, type, size_e8=size_e8, price_e8=price_e8
        )
        folded = pedersen(folded, order_id_felt(order_id))
        return self._outer(shared.modify_end(folded))

    def auth_request(self, *, timestamp_s: int, expiration_s: int) -> int:
        """
        Return the hash of the request for a token (PROTOCOL 2.4).

        Parameters
        ----------
        timestamp_s : int
            When it was signed, UNIX seconds.
        expiration_s : int
            Until when the signature holds, UNIX seconds.

        Raises
        ------
        EncodeError
            If one of them is out of range.

        """
        folded = self._shared.request(_felt("timestamp", timestamp_s))
        folded = pedersen(folded, _felt("expiration", expiration_s))
        return self._outer(self._shared.request_end(folded))

    def onboarding(self) -> int:
        """Return the hash of the constant that onboards an account."""
        return self._outer(pedersen_array(CONSTANT_TYPE, short_string("Onboarding")))

    def _terms(
        self,
        start: FixedLeft,
        timestamp_ms: int,
        market: str,
        side: Side,
        order_type: OrderType,
        *,
        size_e8: int,
        price_e8: int,
    ) -> int:
        if price_e8 and order_type.is_market:
            raise EncodeError(f"a {order_type.value} order is signed without price, not with one")
        folded = start(_felt("timestamp", timestamp_ms))
        folded = _market(market)(folded)
        folded = self._shared.sides[side](folded)
        folded = self._shared.types[order_type](folded)
        folded = pedersen(folded, _felt("size", size_e8))
        return pedersen(folded, _felt("price", price_e8))

    def _outer(self, struct: int) -> int:
        return self._shared.message_end(self._message(struct))
