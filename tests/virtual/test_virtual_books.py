"""Books of a node under every fault: never wrong while they claim to be in sync (rules S2, S3)."""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.conftest import Count
from tests.virtual.book_sessions import BOOK_CHANNELS
from tests.virtual.book_sessions import KINDS
from tests.virtual.book_sessions import Disturbance
from tests.virtual.book_sessions import disturbed
from tests.virtual.sessions import seeds


#: Random sessions of a soak.
_SESSIONS = int(os.environ.get("BOOK_SESSIONS", "300"))

#: What the venue sends differently, or not at all.
_FAULTS = tuple(kind for kind in KINDS if not kind.startswith("quotes"))


def noted(count: Count, compared: Counter[str], sessions: int = 1, **more: int) -> None:
    faults = sum(number for name, number in compared.items() if name[0].isupper())
    count(
        sessions=sessions,
        faults=faults,
        books=compared["books"],
        depths=compared["depths"],
        quotes=compared["quotes"],
        emptied=compared["emptied"] + compared["depths emptied"],
        **more,
    )


@pytest.mark.survives(7)
@pytest.mark.parametrize("kind", KINDS)
def test_s3_a_fault_of_all_books_at_the_same_moment_shows_no_wrong_book(
    kind: str, count: Count
) -> None:
    (seed,) = seeds(1)[:1]
    everywhere = [Disturbance(kind, channel, 2, 0) for channel in range(len(BOOK_CHANNELS))]
    last = everywhere[-1]._replace(wait_ms=6000)
    compared = disturbed([*everywhere[:-1], last], seed)
    noted(count, compared, seed=seed)
    fired = sum(number for name, number in compared.items() if name[0].isupper())
    assert fired or kind == "away"
    assert min(compared["books"], compared["depths"], compared["quotes"]) > 5


@pytest.mark.survives(7)
@pytest.mark.parametrize("sbe_version", [2, 1, 0, None], ids=["2", "1", "0", "JSON"])
def test_s3_different_faults_of_several_markets_at_the_same_moment(
    sbe_version: int | None, count: Count
) -> None:
    """In every encoding, one round after another, while the markets go on."""
    (seed,) = seeds(2)[:1]
    rounds = [
        Disturbance(kind, (number + shift) % 4, 1 + number % 3, 0 if shift < 3 else 800)
        for number in range(0, len(_FAULTS), 4)
        for shift, kind in enumerate(_FAULTS[number : number + 4])
    ]
    compared = disturbed(rounds, seed, sbe_version=sbe_version)
    noted(count, compared, seed=seed)
    assert compared["emptied"] > 3


@pytest.mark.survives(7)
def test_s3_a_book_comes_back_though_leaving_it_is_not_answered_in_time(count: Count) -> None:
    """The connection is given up then, and the next one asks for the book again."""
    late = [
        Disturbance("garbled", 1, 4, 300),
        Disturbance("snapshot's number behind", 1, 4, 1000),
        Disturbance("late", 1, 3, 6000),
    ]
    compared = disturbed(late, 122, sbe_version=None)
    noted(count, compared, seed=122)
    assert compared["Delay"] == 3


_DISTURBANCES = st.builds(
    Disturbance,
    kind=st.sampled_from(sorted(KINDS)),
    channel=st.integers(0, len(BOOK_CHANNELS) - 1),
    amount=st.integers(1, 4),
    wait_ms=st.sampled_from([0, 0, 50, 300, 1000, 2500]),
)
_SEQUENCES = st.lists(_DISTURBANCES, min_size=1, max_size=8)
_ENCODINGS = st.sampled_from([2, None])


def any_sequence(count: Count, examples: int) -> None:
    """See that no wrong book is shown under any sequence of faults."""
    compared: Counter[str] = Counter()
    sessions = 0

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_SEQUENCES, st.integers(1, 1000), _ENCODINGS)
    def holds(sequence: list[Disturbance], seed: int, sbe_version: int | None) -> None:
        nonlocal sessions
        compared.update(disturbed(sequence, seed, sbe_version=sbe_version))
        sessions += 1

    holds()
    noted(count, compared, sessions)


@pytest.mark.survives(7)
def test_s3_any_sequence_of_faults_shows_no_wrong_book(count: Count) -> None:
    any_sequence(count, 12)


@pytest.mark.soak
@pytest.mark.survives(7)
def test_s3_any_sequence_of_many_shows_no_wrong_book(count: Count) -> None:
    any_sequence(count, _SESSIONS)
