"""Hashes of signed messages: the vectors of PROTOCOL 3.3, and starknet_py's own typed data."""

import pytest

from nautilus_paradex.simulator.server.refusals import Refusal
from nautilus_paradex.simulator.server.signatures import MessageHashes
from nautilus_paradex.simulator.server.signatures import is_signed_by
from nautilus_paradex.simulator.server.signatures import parse_signature
from tests.simulator import server_client as client


PROD = "PRIVATE_SN_PARACLEAR_MAINNET"
ACCOUNT = 0x26192F7B814B465A1FF858762AE35E9D1F59076B11A4DEF380BD27B8170CF5D
PUBLIC_KEY = 0x2FB2D864A95FC1782049B5C1EC06598742D5A0195BBB7FB365296AC86CB30E
SIGNATURE = (
    140751959600102485865115419138427868368479954169796399372742313357716998930,
    3302368136768346670064097676211212176350139382597890319521090651252804599118,
)
LIMIT = {
    "timestamp_ms": 1790000000123,
    "market": "BTC-USD-PERP",
    "side": "BUY",
    "order_type": "LIMIT",
    "size_e8": 1500000,
    "price_e8": 6123450000000,
}
MARKET = LIMIT | {"side": "SELL", "order_type": "MARKET", "price_e8": 0}
MODIFY = LIMIT | {
    "timestamp_ms": 1790000005123,
    "size_e8": 2000000,
    "price_e8": 6100000000000,
    "order_id": "1789999999123201709233240000",
}


def test_hashes_are_those_of_the_protocols_vectors():
    hashes = MessageHashes(PROD)
    assert hashes.order(ACCOUNT, **LIMIT) == (
        0x12BE17CC67495FDCBFA6C62F94C18466FE5A3DBBF7FAE19B6172A9250F8EF15
    )
    assert hashes.order(ACCOUNT, **MARKET) == (
        0x1327D198BA5EF4312E9AD9875BA75D995296CDD13D716B0B211BFB737E95BDD
    )
    assert hashes.modify(ACCOUNT, **MODIFY) == (
        0x97E58D6470A4AB96EB61E3227E3E9850CB2C69C7B9E99ED06198C2D7A67EAE
    )
    assert hashes.request(ACCOUNT, 1790000000, 1790086400) == (
        0x519EB020453DF3FB39004FD176C6257C944D55E60402A7DF8E7BCF72E9E057C
    )
    assert hashes.onboarding(ACCOUNT) == (
        0xFDCBAF0083F804C334E8F59E4BE7FECD79C5695716B8E7D56E32B537C2F4A1
    )


@pytest.mark.parametrize("chain", [PROD, client.CHAIN])
def test_hashes_with_folded_prefixes_are_those_of_whole_typed_data(chain: str):
    fields = {
        "timestamp": 1790000000123,
        "market": "BTC-USD-27NOV26-70000-C",
        "side": 2,
        "orderType": "STOP_LOSS_MARKET",
        "size": 7,
        "price": 0,
    }
    ours = MessageHashes(chain).order(
        ACCOUNT,
        timestamp_ms=1790000000123,
        market="BTC-USD-27NOV26-70000-C",
        side="SELL",
        order_type="STOP_LOSS_MARKET",
        size_e8=7,
        price_e8=0,
    )
    assert ours == client.message_hash("Order", fields, hex(ACCOUNT), chain)


def test_a_signature_counts_for_its_message_and_key_only():
    message = MessageHashes(PROD).order(ACCOUNT, **LIMIT)
    assert is_signed_by(PUBLIC_KEY, message, SIGNATURE)
    assert not is_signed_by(PUBLIC_KEY, message + 1, SIGNATURE)
    assert not is_signed_by(int(client.public_key(client.OTHER_KEY), 16), message, SIGNATURE)
    assert not is_signed_by(PUBLIC_KEY, message, (SIGNATURE[0], SIGNATURE[1] + 1))


def test_a_signature_is_a_json_string_of_two_decimal_strings():
    assert parse_signature('["1","2"]', "X") == (1, 2)
    # Subkeys are registered with arrays, in hex.
    assert parse_signature(["0xa", "11"], "X", allow_hex=True) == (10, 11)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1,2]",
        '["0x1","0x2"]',
        '["1"]',
        '[["1"],["2"]]',
        '["1","0"]',
        '["-1","2"]',
        f'["1","{2**252}"]',
        "not json",
        None,
        '["1","' + "9" * 200 + '"]',
    ],
)
def test_anything_else_is_no_signature(text: object):
    with pytest.raises(Refusal) as caught:
        parse_signature(text, "INVALID_ORDER_SIGNATURE")
    assert caught.value.code == "INVALID_ORDER_SIGNATURE"
