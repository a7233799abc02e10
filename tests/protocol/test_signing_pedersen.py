"""The Pedersen hash against an independent library."""

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from starknet_py.hash.utils import compute_hash_on_elements
from starknet_py.hash.utils import pedersen_hash

from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.signing.curve import G
from nautilus_paradex.protocol.signing.curve import P
from nautilus_paradex.protocol.signing.curve import negate
from nautilus_paradex.protocol.signing.pedersen import SHIFT
from nautilus_paradex.protocol.signing.pedersen import FixedLeft
from nautilus_paradex.protocol.signing.pedersen import FixedRight
from nautilus_paradex.protocol.signing.pedersen import _total
from nautilus_paradex.protocol.signing.pedersen import left_multiples
from nautilus_paradex.protocol.signing.pedersen import pedersen
from nautilus_paradex.protocol.signing.pedersen import pedersen_array
from nautilus_paradex.protocol.signing.pedersen import right_multiples


felts = st.one_of(
    st.integers(min_value=0, max_value=P - 1), st.integers(min_value=0, max_value=2**64)
)
EDGES = [0, 1, 2**248 - 1, 2**248, 2**248 + 1, 15 * 2**247, 2**251 - 1, 2**251, P - 1]


@settings(max_examples=200, deadline=None)
@given(felts, felts)
def test_hash_is_that_of_an_independent_library(a: int, b: int) -> None:
    expected = pedersen_hash(a, b)
    assert pedersen(a, b) == expected
    assert FixedLeft(a)(b) == expected
    assert FixedRight(b)(a) == expected


@pytest.mark.parametrize("a", EDGES)
@pytest.mark.parametrize("b", EDGES)
def test_edges_hash_as_in_an_independent_library(a: int, b: int) -> None:
    assert pedersen(a, b) == pedersen_hash(a, b)


@pytest.mark.parametrize("bit", range(252))
def test_every_bit_of_each_operand_counts(bit: int) -> None:
    value = 1 << bit
    if value < P:
        assert pedersen(value, 0) == pedersen_hash(value, 0)
        assert pedersen(0, value) == pedersen_hash(0, value)


def test_hash_of_nothing_is_the_shift() -> None:
    assert pedersen(0, 0) == SHIFT[0]


@settings(max_examples=20, deadline=None)
@given(st.lists(felts, max_size=8))
@example([])
def test_hash_of_a_sequence_ends_with_its_length(values: list[int]) -> None:
    assert pedersen_array(*values) == compute_hash_on_elements(values)


def test_hash_is_a_plain_integer() -> None:
    assert type(pedersen(1, 2)) is int
    assert type(FixedLeft(1)(2)) is int
    assert type(FixedRight(2)(1)) is int


@pytest.mark.parametrize("value", [-1, P, P + 1, 2**252, 2**300])
def test_numbers_that_are_no_felts_are_refused(value: int) -> None:
    for attempt in (
        lambda: pedersen(value, 0),
        lambda: pedersen(0, value),
        lambda: pedersen_array(value),
        lambda: FixedLeft(value),
        lambda: FixedRight(value),
        lambda: FixedLeft(0)(value),
        lambda: FixedRight(0)(value),
    ):
        with pytest.raises(EncodeError, match="felt"):
            attempt()


def test_points_that_cancel_out_are_an_error() -> None:
    opposite = negate(G)
    assert opposite is not None
    with pytest.raises(EncodeError, match="cancel"):
        _total([G, opposite])


def test_tables_are_built_once_in_a_process() -> None:
    left, right = left_multiples(), right_multiples()
    pedersen(P - 1, P - 1)
    assert left_multiples() is left
    assert right_multiples() is right
    assert left_multiples.cache_info().misses == 1
    assert right_multiples.cache_info().misses == 1
