"""Keys and signatures: deterministic, verified by an independent library, never shown."""

import copy
import json
import pickle
import random
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from starknet_py.hash.utils import message_signature
from starknet_py.hash.utils import verify_message_signature

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.signing import AccountSigner
from nautilus_paradex.protocol.signing import MessageHasher
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.protocol.signing import format_signature
from nautilus_paradex.protocol.signing import short_string
from nautilus_paradex.protocol.signing import signer as signer_module
from nautilus_paradex.protocol.signing import verify
from nautilus_paradex.protocol.signing.curve import MAX_SIGNED
from nautilus_paradex.protocol.signing.curve import N
from nautilus_paradex.protocol.signing.curve import multiply_generator


# The key of PROTOCOL 3.3: published, of no account.
KEY = "0x2ce1f5b4a3d29b7c1e80a94bb1f3c5d6e7f80123456789abcdef0123456789a"
ACCOUNT = "0x26192f7b814b465a1ff858762ae35e9d1f59076b11a4def380bd27b8170cf5d"
PUBLIC = "0x2fb2d864a95fc1782049b5c1ec06598742d5a0195bbb7fb365296ac86cb30e"
CHAIN = "PRIVATE_SN_PARACLEAR_MAINNET"
ORDER_HASH = 0x12BE17CC67495FDCBFA6C62F94C18466FE5A3DBBF7FAE19B6172A9250F8EF15
ORDER_SIGNATURE = (
    '["140751959600102485865115419138427868368479954169796399372742313357716998930",'
    '"3302368136768346670064097676211212176350139382597890319521090651252804599118"]'
)
LIMIT: dict[str, Any] = {
    "timestamp_ms": 1790000000123,
    "market": "BTC-USD-PERP",
    "side": Side.BUY,
    "type": OrderType.LIMIT,
    "size_e8": 1500000,
    "price_e8": 6123450000000,
}

keys = st.integers(min_value=1, max_value=N - 1)
hashes = st.integers(min_value=1, max_value=MAX_SIGNED - 1)


def parsed(signature: str) -> tuple[int, int]:
    r, s = json.loads(signature)
    assert (type(r), type(s)) == (str, str)
    return int(r), int(s)


@pytest.fixture
def account() -> AccountSigner:
    return AccountSigner(ACCOUNT, CHAIN, Signer(KEY))


# -- KEYS ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [KEY, int(KEY, 16), KEY.upper(), f"0x{int(KEY, 16):064x}"])
def test_key_is_taken_as_hex_or_number(key: str | int) -> None:
    signer = Signer(key)
    assert signer.public_key_hex == PUBLIC
    assert signer.public_key == int(PUBLIC, 16)


def test_smallest_and_largest_keys_are_taken() -> None:
    assert Signer(1).public_key == Signer(N - 1).public_key
    assert Signer("0x1").public_key == Signer(1).public_key


@pytest.mark.parametrize("key", [0, -1, N, N + 1, 2**256, "0x0", hex(N), "0x" + "f" * 64])
def test_keys_out_of_range_are_refused(key: str | int) -> None:
    with pytest.raises(EncodeError, match="private key must be above 0 and below the order"):
        Signer(key)


@pytest.mark.parametrize(
    "key", ["", "0x", KEY[2:], "0xzz", f" {KEY}", f"{KEY}\n", "0x" + "1" * 100]
)
def test_texts_that_are_no_keys_are_refused(key: str) -> None:
    with pytest.raises(EncodeError, match="private key must be 0x"):
        Signer(key)


# -- SIGNATURES ------------------------------------------------------------------------------------


def test_order_signature_is_the_documented_one(account: AccountSigner) -> None:
    assert account.sign_order(**LIMIT) == ORDER_SIGNATURE
    assert format_signature(*Signer(KEY).sign(ORDER_HASH)) == ORDER_SIGNATURE


@settings(max_examples=15, deadline=None)
@given(keys, hashes)
def test_signatures_are_verified_by_an_independent_library(key: int, message_hash: int) -> None:
    signer = Signer(key)
    r, s = signer.sign(message_hash)
    assert verify_message_signature(message_hash, [r, s], signer.public_key)
    assert not verify_message_signature(message_hash ^ 1, [r, s], signer.public_key)
    assert verify(signer.public_key, message_hash, r, s)


# Hashes of 248 bits and less have fewer octets, which the nonce of Starknet's tools heeds.
@settings(max_examples=12, deadline=None)
@given(keys, st.one_of(hashes, st.integers(min_value=1, max_value=2**249)))
@example(1, 1)
@example(N - 1, MAX_SIGNED - 1)
@example(int(KEY, 16), 2**247)
@example(int(KEY, 16), 2**248 - 1)
@example(int(KEY, 16), 2**248)
def test_signatures_are_those_of_starknets_own_tools(key: int, message_hash: int) -> None:
    assert Signer(key).sign(message_hash) == message_signature(message_hash, key)


def test_same_hash_has_the_same_signature_and_another_hash_another_nonce() -> None:
    signer = Signer(KEY)
    generator = random.Random(3)
    messages = [generator.randrange(MAX_SIGNED) for _ in range(200)]
    signatures = [signer.sign(message) for message in messages]
    assert signatures == [signer.sign(message) for message in messages]
    # A nonce that serves twice gives the key away; r is the nonce's trace.
    assert len({r for r, _ in signatures}) == len(messages)


def test_signature_is_made_of_plain_integers() -> None:
    r, s = Signer(KEY).sign(ORDER_HASH)
    assert type(r) is int
    assert type(s) is int


@pytest.mark.parametrize("message_hash", [-1, 0, MAX_SIGNED, N, 2**256])
def test_numbers_that_no_signature_covers_are_refused(message_hash: int) -> None:
    with pytest.raises(EncodeError, match=r"below 2\*\*251"):
        Signer(KEY).sign(message_hash)


def _hash_for(nonce: int, w: int | None) -> int:
    # The hash whose signature with this nonce has the inverse w; None: no signature at all.
    point = multiply_generator(nonce)
    assert point is not None
    total = 0 if w is None else nonce * pow(w, -1, N)
    return int((total - point[0] * int(KEY, 16)) % N)


@pytest.mark.parametrize("w", [None, MAX_SIGNED, N - 1])
def test_nonce_that_gives_a_signature_out_of_range_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, w: int | None
) -> None:
    bad = 0x1234567
    message_hash = _hash_for(bad, w)
    assert message_hash < MAX_SIGNED
    real = signer_module._nonce
    seeds: list[int] = []

    def first_bad(message: int, key: int, seed: int) -> int:
        seeds.append(seed)
        return bad if seed == 32 else real(message, key, seed)

    monkeypatch.setattr(signer_module, "_nonce", first_bad)
    signer = Signer(KEY)
    signature = signer.sign(message_hash)
    assert seeds == [32, 33]
    assert verify(signer.public_key, message_hash, *signature)


def test_nonce_without_a_point_gives_no_signature() -> None:
    assert signer_module._signature(ORDER_HASH, int(KEY, 16), N) is None


@settings(max_examples=50, deadline=None)
@given(keys, hashes, st.integers(min_value=1, max_value=70000))
def test_nonces_are_scalars_and_depend_on_everything(
    key: int, message_hash: int, seed: int
) -> None:
    nonce = signer_module._nonce(message_hash, key, seed)
    assert 1 <= nonce < N
    assert nonce != signer_module._nonce(message_hash ^ 1, key, seed)
    assert nonce != signer_module._nonce(message_hash, key ^ 2, seed)
    assert nonce != signer_module._nonce(message_hash, key, seed + 1)


# -- ACCOUNTS --------------------------------------------------------------------------------------


def test_account_is_shown_in_its_normal_form() -> None:
    signer = Signer(KEY)
    account = AccountSigner("0x000" + ACCOUNT[2:].upper(), CHAIN, signer)
    assert account.account == ACCOUNT
    assert account.signer is signer


def test_every_message_is_signed_over_its_own_hash(account: AccountSigner) -> None:
    hasher = MessageHasher(int(ACCOUNT, 16), short_string(CHAIN))
    order_id = "1789999999123201709233240000"
    signed = {
        hasher.order(**LIMIT): account.sign_order(**LIMIT),
        hasher.modify(**LIMIT, order_id=order_id): account.sign_modify(**LIMIT, order_id=order_id),
        hasher.auth_request(timestamp_s=1790000000, expiration_s=1790086400): account.sign_auth(
            1790000000, 1790086400
        ),
        hasher.onboarding(): account.sign_onboarding(),
    }
    assert len(signed) == 4
    for message_hash, signature in signed.items():
        r, s = parsed(signature)
        assert verify_message_signature(message_hash, [r, s], int(PUBLIC, 16))


def test_chain_in_hex_signs_as_its_name_does(account: AccountSigner) -> None:
    same = AccountSigner(ACCOUNT, hex(short_string(CHAIN)), Signer(KEY))
    other = AccountSigner(ACCOUNT, "PRIVATE_SN_POTC_SEPOLIA", Signer(KEY))
    assert same.sign_auth(1, 2) == account.sign_auth(1, 2)
    assert other.sign_auth(1, 2) != account.sign_auth(1, 2)


def test_subkey_signs_for_the_account_that_it_is_given() -> None:
    # Trap 22: the message holds the main account's address, the signature is the subkey's.
    subkey = Signer(0xABCDEF)
    signature = AccountSigner(ACCOUNT, CHAIN, subkey).sign_order(**LIMIT)
    assert verify(subkey.public_key, ORDER_HASH, *parsed(signature))


def test_signature_is_a_json_text_of_two_decimal_strings() -> None:
    assert format_signature(12, 345) == '["12","345"]'


@pytest.mark.parametrize(("address", "chain"), [("garbage", CHAIN), (ACCOUNT, ""), ("0x0", CHAIN)])
def test_account_and_chain_are_checked(address: str, chain: str) -> None:
    with pytest.raises(EncodeError):
        AccountSigner(address, chain, Signer(KEY))


# -- SECRETS ---------------------------------------------------------------------------------------


def assert_no_key(text: str) -> None:
    assert KEY[2:] not in text.lower()
    assert str(int(KEY, 16)) not in text


def test_key_is_in_no_representation(account: AccountSigner) -> None:
    signer = account.signer
    for subject in (signer, account):
        for text in (repr(subject), str(subject), f"{subject}", f"{[subject]}"):
            assert_no_key(text)
            assert PUBLIC in text
        with pytest.raises(TypeError):
            vars(subject)


@pytest.mark.parametrize(
    "attempt",
    [pickle.dumps, copy.copy, copy.deepcopy, lambda signer: signer.__getstate__()],
    ids=["pickle", "copy", "deepcopy", "getstate"],
)
def test_key_is_neither_saved_nor_copied(attempt: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match="not saved") as caught:
        attempt(Signer(KEY))
    assert_no_key("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_account_signer_is_not_saved(account: AccountSigner, protocol: int) -> None:
    with pytest.raises(TypeError) as caught:
        pickle.dumps(account, protocol)
    assert_no_key("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize(
    "key", [KEY[2:], f" {KEY}", f"{KEY}g", KEY + "00", int(KEY, 16) + N, -int(KEY, 16)]
)
def test_refused_key_is_in_no_error(key: str | int) -> None:
    with pytest.raises(EncodeError) as caught:
        Signer(key)
    for text in (str(caught.value), repr(caught.value)):
        assert_no_key(text)
        assert str(key).strip() not in text
    assert caught.value.__context__ is None
    assert_no_key("".join(traceback.format_exception(caught.value)))


def test_errors_of_signing_do_not_show_the_key(account: AccountSigner) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: account.sign_order(**LIMIT | {"size_e8": -1}),
        lambda: account.sign_order(**LIMIT | {"market": "é"}),
        lambda: account.sign_modify(**LIMIT, order_id="x"),
        lambda: account.sign_auth(-1, 0),
        lambda: account.signer.sign(-1),
    ]
    for attempt in attempts:
        with pytest.raises(EncodeError) as caught:
            attempt()
        assert_no_key("".join(traceback.format_exception(caught.value)))


def test_an_interrupt_in_the_middle_of_a_signature_carries_no_key_away(monkeypatch):
    """Its traceback would hold key and nonce as the locals of its frames."""

    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    signer = Signer("0x2ce1f5b4a3d29b7c1e80a94bb1f3c5d6e7f80123456789abcdef0123456789a")
    monkeypatch.setattr("nautilus_paradex.protocol.signing.signer._nonce", interrupted)
    with pytest.raises(KeyboardInterrupt) as caught:
        signer.sign(1234)
    names = [entry.frame.code.name for entry in caught.traceback]
    assert "interrupted" not in names
    assert "_sign" not in names
