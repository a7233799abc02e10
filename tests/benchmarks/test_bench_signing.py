"""
A signed order, beside peers: hash, signature and both.

Each peer first has to give the same message hash, and a signature that verifies. Every call gets
a timestamp or hash of its own, since the same order twice finds our tables in the processor's
cache. Rounds of the peers alternate, so that whatever else the machine does meets them alike; the
table shows medians and ratios, and nothing is asserted about time.
"""

import time
from collections.abc import Callable
from collections.abc import Mapping
from importlib.util import find_spec
from itertools import count
from itertools import islice
from statistics import median
from typing import Any

import pytest
from starknet_py.cairo.felt import encode_shortstring
from starknet_py.hash.utils import message_signature
from starknet_py.hash.utils import pedersen_hash
from starknet_py.utils.typed_data import TypedData

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.signing import AccountSigner
from nautilus_paradex.protocol.signing import MessageHasher
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.protocol.signing import format_signature
from nautilus_paradex.protocol.signing import verify
from nautilus_paradex.protocol.signing.messages import ORDER_TYPE
from nautilus_paradex.protocol.signing.messages import domain_hash


pytestmark = pytest.mark.benchmark_peers

# The key of PROTOCOL 3.3: published, of no account.
KEY = 0x2CE1F5B4A3D29B7C1E80A94BB1F3C5D6E7F80123456789ABCDEF0123456789A
ACCOUNT = 0x26192F7B814B465A1FF858762AE35E9D1F59076B11A4DEF380BD27B8170CF5D
CHAIN = "PRIVATE_SN_PARACLEAR_MAINNET"
TIMESTAMP_MS = 1790000000123
SIZE_E8 = 1_500_000
PRICE_E8 = 6_123_450_000_000
ROUNDS = 15
ROUND_SECS = 0.02

type Fold = Callable[[int, int], int]


def our_hash() -> Callable[[int], int]:
    hasher = MessageHasher(ACCOUNT, encode_shortstring(CHAIN))
    return lambda timestamp_ms: hasher.order(
        timestamp_ms=timestamp_ms,
        market="BTC-USD-PERP",
        side=Side.BUY,
        type=OrderType.LIMIT,
        size_e8=SIZE_E8,
        price_e8=PRICE_E8,
    )


def typed_data_hash(timestamp_ms: int) -> int:
    def parameters(names: str) -> list[dict[str, str]]:
        return [{"name": name, "type": "felt"} for name in names.split()]

    data: Any = {
        "types": {
            "StarkNetDomain": parameters("name chainId version"),
            "Order": parameters("timestamp market side orderType size price"),
        },
        "primaryType": "Order",
        "domain": {"name": "Paradex", "chainId": hex(encode_shortstring(CHAIN)), "version": "1"},
        "message": {
            "timestamp": timestamp_ms,
            "market": "BTC-USD-PERP",
            "side": "1",
            "orderType": "LIMIT",
            "size": str(SIZE_E8),
            "price": str(PRICE_E8),
        },
    }
    return TypedData.from_dict(data).message_hash(ACCOUNT)


def folded_hash(pedersen: Fold) -> Callable[[int], int]:
    """Return a peer's nine hashes over prefixes that are kept, as ours."""
    prefix = pedersen(0, encode_shortstring("StarkNet Message"))
    prefix = pedersen(prefix, domain_hash(encode_shortstring(CHAIN)))
    prefix = pedersen(prefix, ACCOUNT)
    start = pedersen(0, ORDER_TYPE)
    market = encode_shortstring("BTC-USD-PERP")
    kind = encode_shortstring("LIMIT")

    def message_hash(timestamp_ms: int) -> int:
        folded = start
        for felt in (timestamp_ms, market, 1, kind, SIZE_E8, PRICE_E8, 7):
            folded = pedersen(folded, felt)
        return pedersen(pedersen(prefix, folded), 4)

    return message_hash


def compare(title: str, first: int, paths: Mapping[str, Callable[[int], object]]) -> None:
    """Print the median and least microseconds of each path; the first path is the measure."""
    samples: dict[str, list[float]] = {name: [] for name in paths}
    arguments = {name: count(first) for name in paths}
    repeats = {}
    for name, path in paths.items():
        began = time.perf_counter()
        path(next(arguments[name]))
        repeats[name] = max(1, int(ROUND_SECS / (time.perf_counter() - began)))
    for _ in range(ROUNDS):
        for name, path in paths.items():
            chosen = list(islice(arguments[name], repeats[name]))
            began = time.perf_counter()
            for argument in chosen:
                path(argument)
            samples[name].append((time.perf_counter() - began) / len(chosen) * 1e6)
    medians = {name: median(values) for name, values in samples.items()}
    ours = next(iter(medians.values()))
    print(f"\n{title:44}{'median us':>12}{'min us':>12}{'ratio':>9}")
    for name, value in medians.items():
        print(f"  {name:42}{value:12.1f}{min(samples[name]):12.1f}{value / ours:9.2f}")


def test_order_hash_beside_peers(capsys: pytest.CaptureFixture[str]) -> None:
    paths: dict[str, Callable[[int], int]] = {
        "paradex-nt": our_hash(),
        "crypto-cpp-py, prefixes kept": folded_hash(pedersen_hash),
        "starknet-py TypedData": typed_data_hash,
    }
    if find_spec("fast_stark_crypto"):
        import fast_stark_crypto  # noqa: PLC0415 - it has no wheel for every Python that we run on

        paths["fast-stark-crypto, prefixes kept"] = folded_hash(fast_stark_crypto.pedersen_hash)
    assert len({path(TIMESTAMP_MS) for path in paths.values()}) == 1
    with capsys.disabled():
        compare("hash of an order", TIMESTAMP_MS, paths)


def test_signature_beside_peers(capsys: pytest.CaptureFixture[str]) -> None:
    signer = Signer(KEY)
    paths: dict[str, Callable[[int], tuple[int, int]]] = {
        "paradex-nt": signer.sign,
        "starknet-py message_signature": lambda message_hash: message_signature(message_hash, KEY),
    }
    if find_spec("fast_stark_crypto"):
        import fast_stark_crypto  # noqa: PLC0415 - it has no wheel for every Python that we run on

        paths["fast-stark-crypto"] = lambda message_hash: fast_stark_crypto.sign(KEY, message_hash)
    message_hash = our_hash()(TIMESTAMP_MS)
    for path in paths.values():
        assert verify(signer.public_key, message_hash, *path(message_hash))
    with capsys.disabled():
        compare("signature of a hash", message_hash, paths)


def test_signed_order_beside_peers(capsys: pytest.CaptureFixture[str]) -> None:
    account = AccountSigner(hex(ACCOUNT), CHAIN, Signer(KEY))

    def ours(timestamp_ms: int) -> str:
        return account.sign_order(
            timestamp_ms=timestamp_ms,
            market="BTC-USD-PERP",
            side=Side.BUY,
            type=OrderType.LIMIT,
            size_e8=SIZE_E8,
            price_e8=PRICE_E8,
        )

    def starknet_py(timestamp_ms: int) -> str:
        return format_signature(*message_signature(typed_data_hash(timestamp_ms), KEY))

    paths = {"paradex-nt": ours, "starknet-py": starknet_py}
    if find_spec("fast_stark_crypto"):
        import fast_stark_crypto  # noqa: PLC0415 - it has no wheel for every Python that we run on

        message_hash = folded_hash(fast_stark_crypto.pedersen_hash)

        def fast(timestamp_ms: int) -> str:
            return format_signature(*fast_stark_crypto.sign(KEY, message_hash(timestamp_ms)))

        paths["fast-stark-crypto, prefixes kept"] = fast
    assert ours(TIMESTAMP_MS) == starknet_py(TIMESTAMP_MS)
    with capsys.disabled():
        compare("a signed order", TIMESTAMP_MS, paths)
