"""Points of the Stark curve, tables of multiples, verification."""

import random
from itertools import combinations
from typing import Any

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from starknet_py.constants import EC_ORDER
from starknet_py.constants import FIELD_PRIME
from starknet_py.hash.utils import private_to_stark_key
from starknet_py.hash.utils import verify_message_signature

from nautilus_paradex.protocol.signing import curve
from nautilus_paradex.protocol.signing import pedersen
from nautilus_paradex.protocol.signing.curve import ALPHA
from nautilus_paradex.protocol.signing.curve import BETA
from nautilus_paradex.protocol.signing.curve import MAX_SIGNED
from nautilus_paradex.protocol.signing.curve import G
from nautilus_paradex.protocol.signing.curve import Multiples
from nautilus_paradex.protocol.signing.curve import N
from nautilus_paradex.protocol.signing.curve import P
from nautilus_paradex.protocol.signing.curve import add
from nautilus_paradex.protocol.signing.curve import doublings
from nautilus_paradex.protocol.signing.curve import generator_multiples
from nautilus_paradex.protocol.signing.curve import multiply
from nautilus_paradex.protocol.signing.curve import multiply_generator
from nautilus_paradex.protocol.signing.curve import negate
from nautilus_paradex.protocol.signing.curve import point_at
from nautilus_paradex.protocol.signing.curve import sum_points
from nautilus_paradex.protocol.signing.curve import verify
from nautilus_paradex.protocol.signing.signer import Signer


KEY = 0x2CE1F5B4A3D29B7C1E80A94BB1F3C5D6E7F80123456789ABCDEF0123456789A
HASH = 0x12BE17CC67495FDCBFA6C62F94C18466FE5A3DBBF7FAE19B6172A9250F8EF15

scalars = st.integers(min_value=1, max_value=N - 1)


def on_curve(point: tuple[int, int]) -> bool:
    x, y = point
    return 0 <= x < P and 0 < y < P and (y * y - x**3 - ALPHA * x - BETA) % P == 0


# -- THE GROUP -------------------------------------------------------------------------------------


def test_field_and_order_are_starknets() -> None:
    assert P == FIELD_PRIME
    assert N == EC_ORDER


@pytest.mark.parametrize("name", ["SHIFT", "P1", "P2", "P3", "P4"])
def test_points_of_pedersen_are_on_the_curve(name: str) -> None:
    assert on_curve(getattr(pedersen, name))


def test_generator_is_on_the_curve_and_has_the_order() -> None:
    assert on_curve(G)
    assert multiply(G, N) is None
    assert multiply(G, N - 1) == negate(G)


def test_addition_knows_the_neutral_element_doubling_and_opposites() -> None:
    assert add(None, None) is None
    assert add(G, None) == G
    assert add(None, G) == G
    assert add(G, negate(G)) is None
    assert add(G, G) == multiply(G, 2)
    assert negate(None) is None


@settings(max_examples=20, deadline=None)
@given(scalars, scalars, scalars)
def test_addition_is_a_commutative_group(a: int, b: int, c: int) -> None:
    first, second, third = (multiply_generator(scalar) for scalar in (a, b, c))
    assert add(first, second) == add(second, first)
    assert add(add(first, second), third) == add(first, add(second, third))
    assert add(first, second) == multiply_generator((a + b) % N)


def test_doublings_are_the_powers_of_two() -> None:
    assert doublings(G, 12) == [multiply(G, 1 << power) for power in range(12)]


# -- SUMS AND TABLES -------------------------------------------------------------------------------


def test_sum_of_no_points_is_the_neutral_element() -> None:
    assert sum_points([]) is None


def test_sum_of_points_is_complete() -> None:
    points: Any = {scalar: multiply(G, scalar) for scalar in (1, 2, 3, N - 1, N - 3)}
    for count in (1, 2, 3, 4):
        for chosen in combinations([1, 1, 2, 3, N - 1, N - 3], count):
            values = [points[scalar] for scalar in chosen]
            assert sum_points(values) == multiply(G, sum(chosen) % N), chosen


@pytest.mark.parametrize("width", [1, 3, 4, 10])
def test_every_scalar_selects_points_that_make_its_multiple(width: int) -> None:
    table = Multiples(doublings(G, 10), width)
    expected = None
    for scalar in range(1 << 10):
        selected = table.select(scalar)
        assert len(selected) <= -(-10 // width)
        assert sum_points(selected) == expected, scalar
        expected = add(expected, G)


def test_window_across_two_bases_selects_from_both() -> None:
    other = multiply(G, 1_000_003)
    assert other is not None
    table = Multiples([*doublings(G, 3), *doublings(other, 2)], 4)
    for scalar in range(1, 32):
        expected = (scalar & 7) + 1_000_003 * (scalar >> 3)
        assert sum_points(table.select(scalar)) == multiply(G, expected), scalar


@settings(max_examples=20, deadline=None)
@given(scalars)
@example(1)
@example(N - 1)
@example(2**251)
@example(2**251 - 1)
def test_table_of_the_generator_agrees_with_doubling_and_adding(scalar: int) -> None:
    assert multiply_generator(scalar) == multiply(G, scalar)


def test_neutral_element_is_found_at_the_order() -> None:
    assert multiply_generator(0) is None
    assert multiply_generator(N) is None
    assert multiply_generator(N + 1) == G


def test_table_is_built_once_in_a_process() -> None:
    first = generator_multiples()
    Signer(KEY)
    assert generator_multiples() is first
    assert generator_multiples.cache_info().misses == 1


@settings(max_examples=10, deadline=None)
@given(scalars)
def test_public_keys_are_those_of_an_independent_library(key: int) -> None:
    assert Signer(key).public_key == private_to_stark_key(key)


# -- POINTS FROM X ---------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(scalars)
def test_point_is_found_from_its_x(scalar: int) -> None:
    point = multiply_generator(scalar)
    assert point is not None
    assert point_at(int(point[0])) in (point, negate(point))


def test_no_point_is_found_where_none_is() -> None:
    generator = random.Random(7)
    found = [point_at(generator.randrange(P)) for _ in range(64)]
    # Half of all x have a point.
    assert 16 < sum(point is not None for point in found) < 48
    assert all(on_curve(point) for point in found if point is not None)
    assert point_at(-1) is None
    assert point_at(P) is None
    assert point_at(P + int(G[0])) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(min_value=0, max_value=P - 1))
@example(0)
@example(1)
def test_root_of_a_square_is_found_and_of_three_times_it_is_not(root: int) -> None:
    square = root * root % P
    assert curve._square_root(square) in (root, -root % P)
    if root:
        assert curve._square_root(3 * square % P) is None


# -- VERIFICATION ----------------------------------------------------------------------------------


@settings(max_examples=10, deadline=None)
@given(scalars, st.integers(min_value=2, max_value=MAX_SIGNED - 1), st.integers(0, 250))
def test_altered_messages_keys_and_signatures_are_rejected(
    key: int, message_hash: int, bit: int
) -> None:
    signer = Signer(key)
    public_key = signer.public_key
    r, s = signer.sign(message_hash)
    flip = 1 << bit
    assert verify(public_key, message_hash, r, s)
    assert not verify(public_key, message_hash ^ flip, r, s)
    assert not verify(public_key, message_hash, r ^ flip, s)
    assert not verify(public_key, message_hash, r, s ^ flip)
    # Twice a key is never the key nor its opposite, whose public key is the same.
    assert not verify(Signer(2 * key % N).public_key, message_hash, r, s)


@pytest.mark.parametrize(
    ("public_key", "message_hash", "r", "s"),
    [
        (0, 0, -1, 0),
        (0, 0, MAX_SIGNED, 0),
        (0, 0, 0, N),
        (0, 0, 0, -N),
        (P, 0, 0, 0),
        (0, MAX_SIGNED, 0, 0),
        (0, -MAX_SIGNED, 0, 0),
    ],
)
def test_values_out_of_range_are_rejected(
    public_key: int, message_hash: int, r: int, s: int
) -> None:
    signer = Signer(KEY)
    real_r, real_s = signer.sign(HASH)
    assert verify(signer.public_key, HASH, real_r, real_s)
    assert not verify(signer.public_key + public_key, HASH + message_hash, real_r + r, real_s + s)


def test_zero_and_a_key_off_the_curve_are_rejected() -> None:
    signer = Signer(KEY)
    r, s = signer.sign(HASH)
    off = next(x for x in range(1, 100) if point_at(x) is None)
    assert not verify(off, HASH, r, s)
    assert not verify(signer.public_key, 0, r, s)
    assert not verify(signer.public_key, HASH, 0, s)
    assert not verify(signer.public_key, HASH, r, 0)


def test_both_halves_of_a_public_key_are_the_same_key() -> None:
    # N - key has the opposite point, hence the same x.
    assert Signer(N - KEY).public_key == Signer(KEY).public_key
    for key in (KEY, N - KEY):
        assert verify(Signer(KEY).public_key, HASH, *Signer(key).sign(HASH))


def test_inverse_of_s_beyond_starknets_limit_is_rejected() -> None:
    w = MAX_SIGNED + 5
    nonce = 0x123456789
    point = multiply_generator(nonce)
    assert point is not None
    r = int(point[0])
    message_hash = (nonce * pow(w, -1, N) - r * KEY) % N
    assert message_hash < MAX_SIGNED
    # Good by plain ECDSA:
    s = pow(w, -1, N)
    ours = multiply_generator(message_hash * w % N)
    theirs = multiply_generator(r * KEY * w % N)
    total = add(ours, theirs)
    assert total is not None
    assert total[0] == r
    assert not verify(Signer(KEY).public_key, message_hash, r, s)


def test_verification_agrees_with_an_independent_library() -> None:
    generator = random.Random(11)
    for altered in (False, True, False, True):
        signer = Signer(generator.randrange(1, N))
        message_hash = generator.randrange(MAX_SIGNED)
        r, s = signer.sign(message_hash)
        shown = message_hash ^ altered
        assert verify(signer.public_key, shown, r, s) is not altered
        assert verify_message_signature(shown, [r, s], signer.public_key) is not altered
