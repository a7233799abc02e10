"""
A nonce of ECDSA signs one message of one key, wherever and whenever it is made (RFC 6979).

Two messages under one nonce give the key away, and so does a nonce that is known. Nonces are made
from key and message alone, without randomness: nothing that a fork, a thread or a restart shares
or repeats can bring one back for another message. The tests know the key, and so find the nonce of
every signature.
"""

import ast
import asyncio
import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.signing import AccountSigner
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.protocol.signing.curve import MAX_SIGNED
from nautilus_paradex.protocol.signing.curve import N
from nautilus_paradex.protocol.signing.curve import multiply_generator


KEY = 0x2CE1F5B4A3D29B7C1E80A94BB1F3C5D6E7F80123456789ABCDEF0123456789A
OTHER_KEY = KEY ^ (1 << 200)
MESSAGES = [int.from_bytes(hashlib.sha256(b"%d" % n).digest(), "big") >> 5 for n in range(150)]

type Signature = tuple[int, int]

_ROOT = Path(__file__).parents[2]
_SIGNING = _ROOT / "nautilus_paradex" / "protocol" / "signing"


def nonce_of(key: int, message: int, signature: Signature) -> int:
    """Return the nonce of a signature, which whoever knows the key can compute."""
    r, s = signature
    nonce = (message + r * key) * pow(s, -1, N) % N
    point = multiply_generator(nonce)
    assert point is not None
    assert point[0] == r
    return nonce


def nonces(messages: Iterable[int], signatures: Iterable[Signature], key: int = KEY) -> list[int]:
    return [nonce_of(key, *both) for both in zip(messages, signatures, strict=True)]


def sign_all(messages: Iterable[int]) -> list[Signature]:
    signer = Signer(KEY)
    return [signer.sign(message) for message in messages]


EXPECTED = sign_all(MESSAGES)


def rfc_6979(key: int, message: int) -> int:
    """Return the nonce as RFC 6979, 3.2 and 3.6 say, written down once more and on its own."""
    seed = b"\x20"  # what Starknet's tools give as extra input first
    entropy = key.to_bytes(32, "big") + message.to_bytes(32, "big") + seed
    v, k = b"\x01" * 32, b"\x00" * 32
    for octet in (b"\x00", b"\x01"):
        k = hmac.new(k, v + octet + entropy, hashlib.sha256).digest()
        v = hmac.new(k, v, hashlib.sha256).digest()
    while True:
        v = hmac.new(k, v, hashlib.sha256).digest()
        candidate = int.from_bytes(v, "big") >> (256 - N.bit_length())
        if 1 <= candidate < N:
            return candidate
        k = hmac.new(k, v + b"\x00", hashlib.sha256).digest()
        v = hmac.new(k, v, hashlib.sha256).digest()


# -- ONE NONCE A MESSAGE ---------------------------------------------------------------------------


def test_every_message_has_a_nonce_of_its_own() -> None:
    found = nonces(MESSAGES, EXPECTED)
    assert len(set(found)) == len(MESSAGES)
    assert len({r for r, _ in EXPECTED}) == len(MESSAGES)
    # Neither small nor in a row: a bias of a few bits is enough for a lattice to find the key.
    assert min(nonce.bit_length() for nonce in found) > N.bit_length() - 20


def test_another_key_has_other_nonces_for_the_same_messages() -> None:
    other = Signer(OTHER_KEY)
    theirs = nonces(MESSAGES, [other.sign(message) for message in MESSAGES], OTHER_KEY)
    assert not set(theirs) & set(nonces(MESSAGES, EXPECTED))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, N - 1), st.integers(1, MAX_SIGNED - 1))
def test_the_nonce_is_that_of_rfc_6979(key: int, message: int) -> None:
    assert nonce_of(key, message, Signer(key).sign(message)) == rfc_6979(key, message)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, MAX_SIGNED - 1), st.integers(0, 250))
def test_messages_that_differ_in_one_bit_share_nothing(message: int, bit: int) -> None:
    other = message ^ (1 << bit)
    if not 1 <= other < MAX_SIGNED:
        return
    signer = Signer(KEY)
    first = nonce_of(KEY, message, signer.sign(message))
    second = nonce_of(KEY, other, signer.sign(other))
    assert first not in (second, N - second)


def test_orders_modifies_and_logins_never_share_a_nonce() -> None:
    """Of everything that an account signs, at the same moment and for the same order."""
    account = AccountSigner("0x1234", "CHAIN", Signer(KEY))
    terms = {"market": "ETH-USD-PERP", "size_e8": 10**8, "type": OrderType.LIMIT}
    signatures = [account.sign_onboarding()]
    for at in range(1_790_000_000_000, 1_790_000_000_010):
        signatures.append(account.sign_auth(at // 1000, at // 1000 + 1_800 + at % 10))
        for side in Side:
            for price in (10**8, 10**8 + 1):
                order = {"timestamp_ms": at, "side": side, "price_e8": price, **terms}
                signatures.append(account.sign_order(**order))
                signatures.append(account.sign_modify(**order, order_id="1790000000000201"))
    rs = [json.loads(signature)[0] for signature in signatures]
    assert len(rs) == len(set(rs)) == 1 + 10 * 9


# -- FORKS, THREADS, RESTARTS ----------------------------------------------------------------------


def test_threads_that_sign_at_once_with_one_key_do_not_disturb_each_other() -> None:
    signer = Signer(KEY)
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            rounds = list(pool.map(lambda _: list(map(signer.sign, MESSAGES)), range(8)))
            interleaved = list(pool.map(signer.sign, MESSAGES * 4))
    finally:
        sys.setswitchinterval(switching)
    assert rounds == [EXPECTED] * 8
    assert interleaved == EXPECTED * 4


async def test_tasks_that_sign_in_turns_do_not_disturb_each_other() -> None:
    signer = Signer(KEY)

    async def sign(message: int) -> Signature:
        await asyncio.sleep(0)
        return signer.sign(message)

    assert await asyncio.gather(*map(sign, MESSAGES)) == EXPECTED


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forks_of_a_process_that_has_signed_never_use_a_nonce_twice() -> None:
    """Each child signs messages of its own: a generator whose state was copied would repeat."""
    signer = Signer(KEY)
    assert [signer.sign(message) for message in MESSAGES[:10]] == EXPECTED[:10]
    lots = [MESSAGES[10 + 20 * child : 30 + 20 * child] for child in range(4)]
    lots.append(lots[0])  # and one that signs what another signs: the same signature, no other
    signed = [in_a_fork(signer, lot) for lot in lots]
    assert signed[0] == signed[-1]
    found = [
        nonce
        for lot, theirs in zip(lots[:-1], signed, strict=False)
        for nonce in nonces(lot, theirs)
    ]
    found += nonces(MESSAGES[:10], EXPECTED[:10])
    assert len(set(found)) == len(found) == 90
    assert [each for theirs in signed[:-1] for each in theirs] == EXPECTED[10:90]


def in_a_fork(signer: Signer, messages: list[int]) -> list[Signature]:
    """Sign in a forked child, and return what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as out:
            json.dump([signer.sign(message) for message in messages], out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        signatures = json.load(told)
    _, status = os.waitpid(child, 0)
    assert status == 0
    return [(r, s) for r, s in signatures]


_AGAIN = """
import json, sys
from nautilus_paradex.protocol.signing import Signer
key, messages = json.load(sys.stdin)
json.dump([Signer(key).sign(message) for message in messages], sys.stdout)
"""


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_a_restart_signs_each_message_as_before(hash_seed: str) -> None:
    """No state is lost with the process, and none is needed."""
    ended = subprocess.run(
        [sys.executable, "-c", _AGAIN],
        input=json.dumps([KEY, MESSAGES]),
        env=os.environ | {"PYTHONPATH": str(_ROOT), "PYTHONHASHSEED": hash_seed},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [(r, s) for r, s in json.loads(ended.stdout)] == EXPECTED


# -- NO RANDOMNESS, NO STATE -----------------------------------------------------------------------


def test_signing_uses_no_randomness_clock_or_log() -> None:
    """What is not there cannot repeat, be seeded badly, or write a nonce down."""
    allowed = {
        *("collections", "collections.abc", "enum", "functools", "hashlib", "hmac", "itertools"),
        *("re", "typing", "gmpy2", "msgspec"),
    }
    for path in _SIGNING.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                assert name in allowed or name.startswith("nautilus_paradex.protocol"), path
            assert not isinstance(node, ast.Global | ast.Nonlocal), path
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id == "print"), path


def test_a_signer_keeps_nothing_of_what_it_signed() -> None:
    signer = Signer(KEY)
    before = [getattr(signer, name) for name in Signer.__slots__]
    signer.sign(MESSAGES[0])
    assert [getattr(signer, name) for name in Signer.__slots__] == before
    assert before == [KEY, signer.public_key]
