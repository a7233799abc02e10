"""Message hashes: the venue's vectors (PROTOCOL 2.3, 3.3) and starknet_py's typed data."""

from typing import Any

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from starknet_py.cairo.felt import encode_shortstring
from starknet_py.hash.selector import get_selector_from_name
from starknet_py.utils.typed_data import TypedData

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.numbers import mantissa
from nautilus_paradex.protocol.signing import felts
from nautilus_paradex.protocol.signing import messages
from nautilus_paradex.protocol.signing import normalize_address
from nautilus_paradex.protocol.signing import pedersen as pedersen_module
from nautilus_paradex.protocol.signing.curve import P
from nautilus_paradex.protocol.signing.messages import MessageHasher
from nautilus_paradex.protocol.signing.messages import domain_hash
from nautilus_paradex.protocol.signing.messages import short_string


ACCOUNT = 0x26192F7B814B465A1FF858762AE35E9D1F59076B11A4DEF380BD27B8170CF5D
MAINNET = 0x505249564154455F534E5F50415241434C4541525F4D41494E4E4554
TESTNET = 0x505249564154455F534E5F504F54435F5345504F4C4941
ORDER_FIELDS = "timestamp:felt,market:felt,side:felt,orderType:felt,size:felt,price:felt"
REQUEST_FIELDS = "method:felt,path:felt,body:felt,timestamp:felt,expiration:felt"
LIMIT: dict[str, Any] = {
    "timestamp_ms": 1790000000123,
    "market": "BTC-USD-PERP",
    "side": Side.BUY,
    "type": OrderType.LIMIT,
    "size_e8": 1500000,
    "price_e8": 6123450000000,
}
MODIFY: dict[str, Any] = {**LIMIT, "order_id": "1789999999123201709233240000"}
MARKET_TYPES = [kind for kind in OrderType if kind.is_market]

hasher = MessageHasher(ACCOUNT, MAINNET)


# -- VECTORS ---------------------------------------------------------------------------------------


def test_text_of_the_message_prefix_is_the_documented_felt() -> None:
    assert short_string("StarkNet Message") == 0x537461726B4E6574204D657373616765


def test_domain_hashes_are_the_documented_ones() -> None:
    assert domain_hash(MAINNET) == 0x6F74F207280B65CF663FB8D7763FAC1E7398CD6D7DA5D7681DC300EE4278A0A
    assert domain_hash(TESTNET) == 0x38B9242CB46EB19FF458C80A8F0EDA7E8E26D8D6D54A63D9B5ED89750E39EF2


@pytest.mark.parametrize(
    ("constant", "text"),
    [
        (messages.DOMAIN_TYPE, "StarkNetDomain(name:felt,chainId:felt,version:felt)"),
        (messages.ORDER_TYPE, f"Order({ORDER_FIELDS})"),
        (messages.MODIFY_TYPE, f"ModifyOrder({ORDER_FIELDS},id:felt)"),
        (messages.REQUEST_TYPE, f"Request({REQUEST_FIELDS})"),
        (messages.CONSTANT_TYPE, "Constant(action:felt)"),
    ],
)
def test_type_hashes_are_those_of_the_type_strings(constant: int, text: str) -> None:
    assert constant == get_selector_from_name(text)


@pytest.mark.parametrize(
    ("constant", "documented"),
    [
        (
            messages.DOMAIN_TYPE,
            "0x98d1932052fc5137543de5ed85b7a88555a4cd1ff5d5bfedb62ed9b9a1f0db",
        ),
        (messages.ORDER_TYPE, "0xa56d5225b97b257c15ae2cb1cc0ea605381a886cd75463db45fd2ef9fbc255"),
        (
            messages.MODIFY_TYPE,
            "0x201789bb587c17b251fd38daf43b14807010ea721c2929a8c2fc33bf15c2e2c",
        ),
        (
            messages.REQUEST_TYPE,
            "0x186cdef6b179923c411c13c11b8a825f12bf34203bdda0a984da9d6f2313c2",
        ),
        (
            messages.CONSTANT_TYPE,
            "0xe84bbcb68e0f7c73a9058ba82b6da9c1ffdc502efcf034e78b0c003c22ecc9",
        ),
    ],
)
def test_type_hashes_are_the_documented_ones(constant: int, documented: str) -> None:
    assert hex(constant) == documented


def test_limit_order_has_the_documented_hash() -> None:
    assert (
        hasher.order(**LIMIT) == 0x12BE17CC67495FDCBFA6C62F94C18466FE5A3DBBF7FAE19B6172A9250F8EF15
    )


def test_market_order_has_the_documented_hash() -> None:
    order = {**LIMIT, "side": Side.SELL, "type": OrderType.MARKET, "price_e8": 0}
    assert (
        hasher.order(**order) == 0x1327D198BA5EF4312E9AD9875BA75D995296CDD13D716B0B211BFB737E95BDD
    )


def test_modification_has_the_documented_hash() -> None:
    modification = {
        **MODIFY,
        "timestamp_ms": 1790000005123,
        "size_e8": mantissa("0.02"),
        "price_e8": mantissa("61000"),
    }
    assert (
        hasher.modify(**modification)
        == 0x97E58D6470A4AB96EB61E3227E3E9850CB2C69C7B9E99ED06198C2D7A67EAE
    )


def test_request_for_a_token_has_the_documented_hash() -> None:
    assert (
        hasher.auth_request(timestamp_s=1790000000, expiration_s=1790086400)
        == 0x519EB020453DF3FB39004FD176C6257C944D55E60402A7DF8E7BCF72E9E057C
    )


def test_onboarding_constant_has_the_documented_hash() -> None:
    assert hasher.onboarding() == 0xFDCBAF0083F804C334E8F59E4BE7FECD79C5695716B8E7D56E32B537C2F4A1


# -- AGAINST AN INDEPENDENT LIBRARY ----------------------------------------------------------------

addresses = st.integers(min_value=1, max_value=P - 1)
chains = st.sampled_from(["PRIVATE_SN_PARACLEAR_MAINNET", "PRIVATE_SN_POTC_SEPOLIA"])
timestamps = st.integers(min_value=0, max_value=2**53)
symbols = st.from_regex(r"\A[A-Z]{2,6}-USD-(PERP|[0-9]{1,7}-[CP])\Z")
amounts = st.integers(min_value=0, max_value=2**63 - 1)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(OrderType))
    return {
        "timestamp_ms": draw(timestamps),
        "market": draw(symbols),
        "side": draw(st.sampled_from(Side)),
        "type": kind,
        "size_e8": draw(amounts),
        "price_e8": 0 if kind.is_market else draw(amounts),
    }


def typed_data_hash(
    account: int, chain: str, primary: str, fields: str, message: dict[str, Any]
) -> int:
    # starknet_py takes the domain's fields in the order given here, so it can express the venue's
    # own order (trap 23).
    def parameters(text: str) -> list[dict[str, str]]:
        return [
            dict(zip(("name", "type"), pair.split(":"), strict=True)) for pair in text.split(",")
        ]

    data: Any = {
        "types": {
            "StarkNetDomain": parameters("name:felt,chainId:felt,version:felt"),
            primary: parameters(fields),
        },
        "primaryType": primary,
        "domain": {"name": "Paradex", "chainId": hex(encode_shortstring(chain)), "version": "1"},
        "message": message,
    }
    return TypedData.from_dict(data).message_hash(account)


def order_message(order: dict[str, Any]) -> dict[str, Any]:
    return {
        "timestamp": order["timestamp_ms"],
        "market": order["market"],
        "side": "1" if order["side"] == "BUY" else "2",
        "orderType": order["type"].value,
        "size": str(order["size_e8"]),
        "price": str(order["price_e8"]),
    }


@settings(max_examples=40, deadline=None)
@given(addresses, chains, orders())
def test_order_hash_is_that_of_an_independent_library(
    account: int, chain: str, order: dict[str, Any]
) -> None:
    ours = MessageHasher(account, short_string(chain)).order(**order)
    assert ours == typed_data_hash(account, chain, "Order", ORDER_FIELDS, order_message(order))


@settings(max_examples=20, deadline=None)
@given(addresses, chains, orders(), st.integers(min_value=0, max_value=10**28))
def test_modification_hash_is_that_of_an_independent_library(
    account: int, chain: str, order: dict[str, Any], order_id: int
) -> None:
    ours = MessageHasher(account, short_string(chain)).modify(**order, order_id=str(order_id))
    message = order_message(order) | {"id": str(order_id)}
    fields = f"{ORDER_FIELDS},id:felt"
    assert ours == typed_data_hash(account, chain, "ModifyOrder", fields, message)


@settings(max_examples=10, deadline=None)
@given(addresses, chains, timestamps, timestamps)
def test_token_request_hash_is_that_of_an_independent_library(
    account: int, chain: str, timestamp: int, expiration: int
) -> None:
    ours = MessageHasher(account, short_string(chain)).auth_request(
        timestamp_s=timestamp, expiration_s=expiration
    )
    message = {
        "method": "POST",
        "path": "/v1/auth",
        "body": 0,
        "timestamp": timestamp,
        "expiration": expiration,
    }
    assert ours == typed_data_hash(account, chain, "Request", REQUEST_FIELDS, message)


@settings(max_examples=5, deadline=None)
@given(addresses, chains)
def test_onboarding_hash_is_that_of_an_independent_library(account: int, chain: str) -> None:
    ours = MessageHasher(account, short_string(chain)).onboarding()
    message = {"action": "Onboarding"}
    assert ours == typed_data_hash(account, chain, "Constant", "action:felt", message)


# -- WHAT A HASH DEPENDS ON ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp_ms": 1790000000124},
        {"market": "BTC-USD-PERQ"},
        {"side": Side.SELL},
        {"type": OrderType.STOP_LIMIT},
        {"size_e8": 1500001},
        {"price_e8": 6123450000001},
        {"order_id": "1789999999123201709233240001"},
    ],
)
def test_every_field_changes_the_hash(change: dict[str, Any]) -> None:
    assert hasher.modify(**MODIFY | change) != hasher.modify(**MODIFY)
    if "order_id" not in change:
        assert hasher.order(**LIMIT | change) != hasher.order(**LIMIT)


def test_account_and_chain_change_the_hash() -> None:
    assert MessageHasher(ACCOUNT + 1, MAINNET).order(**LIMIT) != hasher.order(**LIMIT)
    assert MessageHasher(ACCOUNT, TESTNET).order(**LIMIT) != hasher.order(**LIMIT)


# -- HASHES ARE COUNTED, NOT TIMED -----------------------------------------------------------------


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one for each sum of points: a hash, or a start that is kept."""
    made: list[int] = []
    total = pedersen_module._total

    def counted(points: list[tuple[int, int]]) -> tuple[int, int]:
        made.append(len(points))
        return total(points)

    monkeypatch.setattr(pedersen_module, "_total", counted)
    return made


def test_prefixes_are_computed_once_and_an_order_takes_nine_hashes(hashes: list[int]) -> None:
    fresh = MessageHasher(ACCOUNT, TESTNET)
    fresh.order(**LIMIT)
    hashes.clear()
    fresh.order(**LIMIT | {"timestamp_ms": 1790000000999, "side": Side.SELL})
    assert len(hashes) == 9
    hashes.clear()
    fresh.modify(**MODIFY)
    assert len(hashes) == 10
    hashes.clear()
    fresh.auth_request(timestamp_s=1, expiration_s=2)
    assert len(hashes) == 5


def test_market_that_was_signed_before_costs_nothing_more(hashes: list[int]) -> None:
    messages._market.cache_clear()
    hasher.order(**LIMIT)
    hasher.order(**LIMIT)
    assert len(hashes) == 9 + 1 + 9


def test_memory_of_markets_is_bounded() -> None:
    limit = messages._market.cache_info().maxsize
    assert limit is not None
    # Paradex lists some hundred markets; expired options come and go.
    assert 1000 <= limit <= 10_000


def test_second_account_shares_the_folds_of_the_first() -> None:
    assert MessageHasher(1, MAINNET)._shared is MessageHasher(2, TESTNET)._shared


# -- REFUSALS --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MARKET_TYPES)
def test_types_without_limit_price_are_hashed_with_price_zero_only(kind: OrderType) -> None:
    order = {**LIMIT, "type": kind, "price_e8": 0}
    message = order_message(order)
    expected = typed_data_hash(
        ACCOUNT, "PRIVATE_SN_PARACLEAR_MAINNET", "Order", ORDER_FIELDS, message
    )
    assert hasher.order(**order) == expected
    for price in (1, -1, 6123450000000):
        with pytest.raises(EncodeError, match=f"{kind.value} order is signed without price"):
            hasher.order(**order | {"price_e8": price})
        with pytest.raises(EncodeError, match=f"{kind.value} order is signed without price"):
            hasher.modify(**order | {"price_e8": price, "order_id": "1"})


def test_market_types_are_the_four_that_carry_no_limit_price() -> None:
    assert {kind.value for kind in MARKET_TYPES} == {
        "MARKET",
        "STOP_MARKET",
        "TAKE_PROFIT_MARKET",
        "STOP_LOSS_MARKET",
    }


@pytest.mark.parametrize("text", ["0.123456789", "61234.500000001", "1e-9"])
def test_amounts_beyond_eight_places_are_refused_not_truncated(text: str) -> None:
    with pytest.raises(NumberError):
        hasher.order(**LIMIT | {"size_e8": mantissa(text)})
    with pytest.raises(NumberError):
        hasher.order(**LIMIT | {"price_e8": mantissa(text)})


@pytest.mark.parametrize(
    ("field", "word"),
    [("timestamp_ms", "timestamp"), ("size_e8", "size"), ("price_e8", "price")],
)
@pytest.mark.parametrize("value", [-1, P])
def test_order_fields_that_are_no_felts_are_refused(field: str, word: str, value: int) -> None:
    with pytest.raises(EncodeError, match=word):
        hasher.order(**LIMIT | {field: value})


@pytest.mark.parametrize("field", ["timestamp_ms", "size_e8", "price_e8"])
def test_floats_are_never_hashed(field: str) -> None:
    with pytest.raises(TypeError):
        hasher.order(**LIMIT | {field: 61234.5})


def test_times_that_are_no_felts_are_refused() -> None:
    with pytest.raises(EncodeError, match="timestamp"):
        hasher.auth_request(timestamp_s=-1, expiration_s=1)
    with pytest.raises(EncodeError, match="expiration"):
        hasher.auth_request(timestamp_s=1, expiration_s=P)


@pytest.mark.parametrize("market", ["", "A" * 32, "BTC-USD-PÉRP"])
def test_markets_that_are_no_short_strings_are_refused(market: str) -> None:
    with pytest.raises(EncodeError):
        hasher.order(**LIMIT | {"market": market})


@pytest.mark.parametrize(
    "order_id", ["", "-1", "+1", "0x1", "1_0", " 1", "1\n", "a", "٣", "9" * 81]
)
def test_order_ids_that_are_no_decimal_numbers_are_refused(order_id: str) -> None:
    with pytest.raises(EncodeError, match="order id"):
        hasher.modify(**LIMIT, order_id=order_id)


def test_order_id_must_fit_into_a_felt() -> None:
    assert felts.order_id_felt(str(P - 1)) == P - 1
    with pytest.raises(EncodeError, match="order id"):
        felts.order_id_felt(str(P))


@pytest.mark.parametrize(("account", "chain"), [(-1, 1), (P, 1), (1, -1), (1, P)])
def test_account_and_chain_must_be_felts(account: int, chain: int) -> None:
    with pytest.raises(EncodeError, match="felt"):
        MessageHasher(account, chain)


# -- TEXTS -----------------------------------------------------------------------------------------


@given(st.text(st.characters(max_codepoint=127), min_size=1, max_size=31))
@example("BTC-USD-PERP")
@example("A" * 31)
def test_short_strings_are_those_of_an_independent_library(text: str) -> None:
    assert short_string(text) == encode_shortstring(text)


def test_empty_text_is_zero() -> None:
    assert short_string("") == 0


@pytest.mark.parametrize("text", ["A" * 32, "é", "BTC\u2011USD", "\ud800"])
def test_long_and_non_ascii_texts_are_refused(text: str) -> None:
    with pytest.raises(EncodeError, match="31 characters"):
        short_string(text)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("0x1", "0x1"),
        ("0x00AbC", "0xabc"),
        ("0XABC", "0xabc"),
        (f"0x{ACCOUNT:064x}", f"0x{ACCOUNT:x}"),
        (f"0x{ACCOUNT:X}", f"0x{ACCOUNT:x}"),
        (f"0x{P - 1:x}", f"0x{P - 1:x}"),
    ],
)
def test_addresses_have_one_normal_form(text: str, normal: str) -> None:
    assert normalize_address(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "abc",
        "0",
        "0x0",
        "0xg",
        " 0x1",
        "0x1\n",
        "0x_1",
        "0x1_1",
        "-0x1",
        "0x٣",
        f"0x{P:x}",
        "0x" + "0" * 100 + "1",
    ],
)
def test_texts_that_are_no_addresses_are_refused_without_quoting_them(text: str) -> None:
    with pytest.raises(EncodeError, match="account address") as caught:
        normalize_address(text)
    assert f"the text given has {len(text)} characters" in str(caught.value)
    assert repr(text) not in str(caught.value)


def test_key_in_the_place_of_an_address_is_not_shown() -> None:
    text = f"{0xABCDEF0123456789:x}zz"
    with pytest.raises(EncodeError) as caught:
        normalize_address(text)
    assert text not in repr(caught.value)


def test_chain_id_is_a_name_or_hex() -> None:
    assert felts.chain_felt("PRIVATE_SN_PARACLEAR_MAINNET") == MAINNET
    assert felts.chain_felt("PRIVATE_SN_POTC_SEPOLIA") == TESTNET
    assert felts.chain_felt(hex(MAINNET)) == MAINNET


@pytest.mark.parametrize("text", ["", "0x0", f"0x{P:x}", "é", "A" * 32])
def test_texts_that_are_no_chain_ids_are_refused(text: str) -> None:
    with pytest.raises(EncodeError):
        felts.chain_felt(text)
