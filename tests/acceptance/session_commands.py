"""
What happens in a random session, as values: a failing session prints, shrinks and replays.

Sides, sizes and distances are small numbers, so that hypothesis shrinks them and orders meet at
the same prices. Nothing names an order: a command picks from the orders that can take it when its
turn comes.
"""

from enum import StrEnum
from typing import Any

import msgspec
from hypothesis import strategies as st


class Kind(StrEnum):
    """The framework's order types that the venue has."""

    LIMIT = "limit"
    MARKET = "market"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    MARKET_IF_TOUCHED = "market_if_touched"
    LIMIT_IF_TOUCHED = "limit_if_touched"

    def __repr__(self) -> str:
        """Return what a replay can read."""
        return f"{type(self).__name__}.{self.name}"

    @property
    def has_price(self) -> bool:
        """If an order of this type has a limit price."""
        return "limit" in self.value

    @property
    def has_trigger(self) -> bool:
        """If an order of this type waits for the mark price."""
        return self.value not in ("limit", "market")


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    repr_omit_defaults=True,
    tag=True,
    forbid_unknown_fields=True,
):
    """Base of everything that happens in a session."""


class Nothing(Command, frozen=True):
    """What shrinking leaves of a command that does not matter."""


class Wait(Command, frozen=True):
    """Let node and venue work for a while; between other commands they do not get a turn."""

    ms: int = 1


# -- THE STRATEGY ----------------------------------------------------------------------------------


class Submit(Command, frozen=True):
    """Submit an order."""

    kind: Kind = Kind.LIMIT
    buy: bool = True
    size: int = 1
    """Tenths of the base unit."""
    price: int = -4
    """
    Half units of the quote currency from the mark price, or from the trigger price, towards the
    other side of the book: from 1 on it is likely to trade.
    """
    trigger: int = 4
    """Half units from the mark price, the way that the order waits for."""
    ioc: bool = False
    post_only: bool = False
    reduce_only: bool = False
    lives_ms: int = 0
    """GTD that the framework keeps; 0 is GTC."""
    params: dict[str, Any] = {}


class SubmitList(Command, frozen=True):
    """Submit independent orders as one list; its orders' params are those of the first."""

    orders: tuple[Submit, ...] = ()


class SubmitBracket(Command, frozen=True):
    """Submit an entry with its take-profit and stop-loss."""

    buy: bool = True
    size: int = 1
    entry: int = -2
    """As `Submit.price`."""
    at_market: bool = False
    width: int = 6
    """Half units from the entry to each child."""


class Modify(Command, frozen=True):
    """Change an order's size, price or trigger; what it does not have is left out."""

    pick: int = 0
    size: int = 0
    """Tenths to add."""
    price: int = 0
    """Half units to add."""
    trigger: int = 0


class Cancel(Command, frozen=True):
    """Cancel an order."""

    pick: int = 0


class CancelMany(Command, frozen=True):
    """Cancel several orders as a batch."""

    picks: tuple[int, ...] = (0, 1)


class CancelAll(Command, frozen=True):
    """Cancel all orders of the strategy, or those of one side."""

    side: str = ""


class QueryOrder(Command, frozen=True):
    """Ask the venue for an order, open or not."""

    pick: int = 0


class QueryAccount(Command, frozen=True):
    """Ask the venue for the account."""


class Flip(Command, frozen=True):
    """Turn the position round, by a market order of twice its size."""


class SetLeverage(Command, frozen=True):
    """Set the market's leverage by the client's own call."""

    leverage: int = 10


# -- OTHERS ----------------------------------------------------------------------------------------


class MoveMark(Command, frozen=True):
    """Move the mark price, which may trigger orders."""

    by: int = 1
    """Half units; it is kept within what every account survives."""


class Quote(Command, frozen=True):
    """Another participant rests, or takes what is in the way."""

    buy: bool = True
    size: int = 5
    price: int = -2
    ioc: bool = False


class Hit(Command, frozen=True):
    """Another participant trades against one of the strategy's resting orders."""

    pick: int = 0
    size: int = 1


class Elsewhere(Command, frozen=True):
    """The account itself trades past the node, as on the venue's page."""

    buy: bool = True
    size: int = 2
    price: int | None = -3
    """None is a market order."""


class CancelElsewhere(Command, frozen=True):
    """One of the account's orders, whoever placed it, is canceled past the node."""

    pick: int = 0


class ModifyElsewhere(Command, frozen=True):
    """One of the account's orders, whoever placed it, gets another size past the node."""

    pick: int = 0
    size: int = 1


# -- TROUBLE ---------------------------------------------------------------------------------------


class Late(Command, frozen=True):
    """The next private frame, and what follows it, comes late."""

    ms: int = 20


class Twice(Command, frozen=True):
    """The next private frames come twice."""

    frames: int = 3


class SlowAnswer(Command, frozen=True):
    """The next command's answer comes late, long after its first notifications."""

    ms: int = 30


class SlowRequest(Command, frozen=True):
    """The next command reaches the venue late: later ones may overtake it."""

    ms: int = 30


class Failure(StrEnum):
    """What may become of a request."""

    REQUEST_LOST = "request_lost"
    REFUSED = "refused"
    """By something in between; the venue never gets it."""
    ANSWER_LOST = "answer_lost"
    ANSWER_FAILED = "answer_failed"
    """It is carried out, and something in between answers with an error."""

    def __repr__(self) -> str:
        """Return what a replay can read."""
        return f"{type(self).__name__}.{self.name}"


class Fail(Command, frozen=True):
    """The next command to the venue fails, or seems to."""

    how: Failure = Failure.ANSWER_LOST


class Stall(Command, frozen=True):
    """The private stream falls silent while it seems to stand."""

    seconds: float = 5.0


class Cut(Command, frozen=True):
    """Every connection of the stream is cut."""


class Restart(Command, frozen=True):
    """The node stops, others trade on, and a new node starts with the same cache."""

    trades: tuple[Command, ...] = ()
    """What happens while there is no node."""


# -- STRATEGIES ------------------------------------------------------------------------------------

_sizes = st.integers(1, 12)
_picks = st.integers(0, 30)

_PARAMS: tuple[dict[str, Any], ...] = (
    {},
    {"stp": "EXPIRE_MAKER"},
    {"stp": "EXPIRE_BOTH"},
    {"position_linked": False},
    {"trigger_at_once": True},
    {"recv_window_ms": 5_000},
    {"rpi": True},
)


@st.composite
def submits(draw: st.DrawFn, *, listed: bool = False) -> Submit:
    """Return an order of any kind that the adapter takes, and a few that the venue refuses."""
    kind = draw(st.sampled_from((Kind.LIMIT, Kind.LIMIT, *Kind)))
    ioc = kind in (Kind.LIMIT, Kind.MARKET) and draw(st.integers(0, 5)) == 5
    post_only = kind.has_price and not ioc and draw(st.integers(0, 3)) == 3
    plain = draw(st.integers(0, 4)) < 4
    return Submit(
        kind=kind,
        buy=draw(st.booleans()),
        # The largest is beyond the account's margin.
        size=draw(_sizes) if draw(st.integers(0, 15)) < 15 else 15_000,
        price=draw(st.integers(-12, 8)) if kind.has_price else 0,
        trigger=draw(st.integers(-1, 12)) if kind.has_trigger else 0,
        ioc=ioc,
        post_only=post_only,
        reduce_only=draw(st.integers(0, 3)) == 3,
        lives_ms=draw(st.sampled_from((0, 0, 0, 0, 60, 250)))
        if kind is Kind.LIMIT and not ioc
        else 0,
        params={} if plain or listed else draw(st.sampled_from(_PARAMS)),
    )


_modifies = st.builds(
    Modify,
    pick=st.integers(0, 6),
    size=st.sampled_from((0, 0, 1, 3, -1, -2)),
    price=st.integers(-6, 6),
    trigger=st.sampled_from((0, 0, 1, -1, 4, -4)),
)
_quotes = st.builds(
    Quote, buy=st.booleans(), size=st.integers(1, 20), price=st.integers(-8, 6), ioc=st.booleans()
)
_hits = st.builds(Hit, pick=st.integers(0, 8), size=st.integers(1, 8))
_marks = st.builds(MoveMark, by=st.integers(-8, 8))
_elsewhere = st.one_of(
    st.builds(
        Elsewhere,
        buy=st.booleans(),
        size=_sizes,
        price=st.one_of(st.integers(-8, 4), st.none()),
    ),
    st.builds(CancelElsewhere, pick=_picks),
    # Only smaller: where the fill of a larger size overtakes the word of it, the framework's order
    # is filled already, and takes no more (docs/execution.md).
    st.builds(ModifyElsewhere, pick=_picks, size=st.just(-1)),
)
_waits = st.builds(Wait, ms=st.sampled_from((1, 2, 5, 10, 30)))

_lists = st.lists(submits(listed=True), min_size=2, max_size=12).map(tuple)

_ordinary: tuple[tuple[int, st.SearchStrategy[Command]], ...] = (
    (20, submits()),
    (2, st.builds(SubmitList, orders=_lists)),
    (2, st.builds(SubmitBracket, buy=st.booleans(), size=_sizes, entry=st.integers(-8, 3),
                  at_market=st.booleans(), width=st.integers(3, 16))),
    (16, _modifies),
    (6, st.builds(Cancel, pick=st.integers(0, 8))),
    (2, st.builds(CancelMany, picks=st.lists(_picks, min_size=1, max_size=12).map(tuple))),
    (1, st.builds(CancelAll, side=st.sampled_from(("", "BUY", "SELL")))),
    (2, st.builds(QueryOrder, pick=_picks)),
    (1, st.just(QueryAccount())),
    (2, st.just(Flip())),
    (1, st.builds(SetLeverage, leverage=st.sampled_from((5, 10, 20)))),
    (8, _marks),
    (8, _quotes),
    (10, _hits),
    (3, _elsewhere),
    (1, st.builds(Late, ms=st.sampled_from((5, 20, 60)))),
    (1, st.builds(Twice, frames=st.integers(1, 10))),
    (2, st.builds(SlowAnswer, ms=st.sampled_from((5, 30, 80)))),
    (1, st.builds(SlowRequest, ms=st.sampled_from((5, 30, 80)))),
    (16, _waits),
)  # fmt: skip

_WEIGHTED = [number for number, (weight, _) in enumerate(_ordinary) for _ in range(weight)]


@st.composite
def commands(draw: st.DrawFn) -> Command:
    """Return one of the things that happen all the time."""
    # The index shrinks to 0, which is nothing at all.
    number = draw(st.integers(0, len(_WEIGHTED)))
    return Nothing() if number == 0 else draw(_ordinary[_WEIGHTED[number - 1]][1])


@st.composite
def sessions(draw: st.DrawFn, length: int, *special: Command) -> list[Command]:
    """
    Return a session.

    Parameters
    ----------
    length : int
        How many commands it has, those counted that shrink to nothing.
    special : Command
        What happens once each, at any time.

    """
    drawn = draw(st.lists(commands(), min_size=length, max_size=length))
    for command in special:
        drawn.insert(draw(st.integers(0, length)), command)
    return drawn


def troubles() -> st.SearchStrategy[Command]:
    """Return what goes wrong with commands, or with the stream."""
    fails = st.builds(Fail, how=st.sampled_from(tuple(Failure)))
    return st.one_of(fails, fails, st.builds(Stall, seconds=st.sampled_from((1.0, 20.0, 600.0))))


def restarts() -> st.SearchStrategy[Restart]:
    """Return a node's restart, with what others do meanwhile."""
    meanwhile = st.one_of(_quotes, _hits, _marks, _elsewhere)
    return st.builds(Restart, trades=st.lists(meanwhile, max_size=8).map(tuple))
