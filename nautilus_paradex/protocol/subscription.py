"""
The life of one subscription as a table (rule S2).

A subscription is wanted until somebody unsubscribes; whether the venue has confirmed it is
another question, asked anew on each connection.
"""

from enum import Enum
from enum import auto
from typing import Final


class SubscriptionState(Enum):
    """What we and the venue know of a subscription."""

    WANTED = auto()
    """Not yet asked for on this connection."""
    REQUESTED = auto()
    CONFIRMED = auto()
    REFUSED = auto()
    """Refused on this connection; asked for again on the next."""
    LEAVING = auto()
    """Unsubscribe is under way."""
    REWANTED = auto()
    """Wanted again while the unsubscribe is under way."""
    GONE = auto()


class SubscriptionInput(Enum):
    """What can happen to a subscription."""

    REQUEST = auto()
    """The request was written to the socket."""
    ACK = auto()
    REFUSAL = auto()
    LEAVE = auto()
    """The last user is gone."""
    LEFT = auto()
    """The unsubscribe was answered, whatever it said."""
    WANT = auto()
    LOST = auto()
    """The connection is gone, and with it all that the venue knew."""


_S = SubscriptionState
_I = SubscriptionInput

TRANSITIONS: Final[dict[tuple[SubscriptionState, SubscriptionInput], SubscriptionState]] = {
    (_S.WANTED, _I.REQUEST): _S.REQUESTED,
    (_S.WANTED, _I.LEAVE): _S.GONE,
    (_S.WANTED, _I.WANT): _S.WANTED,
    (_S.WANTED, _I.LOST): _S.WANTED,
    (_S.REQUESTED, _I.ACK): _S.CONFIRMED,
    (_S.REQUESTED, _I.REFUSAL): _S.REFUSED,
    (_S.REQUESTED, _I.LEAVE): _S.LEAVING,
    (_S.REQUESTED, _I.WANT): _S.REQUESTED,
    (_S.REQUESTED, _I.LOST): _S.WANTED,
    (_S.CONFIRMED, _I.LEAVE): _S.LEAVING,
    (_S.CONFIRMED, _I.WANT): _S.CONFIRMED,
    (_S.CONFIRMED, _I.LOST): _S.WANTED,
    (_S.REFUSED, _I.REQUEST): _S.REQUESTED,
    (_S.REFUSED, _I.LEAVE): _S.GONE,
    (_S.REFUSED, _I.WANT): _S.WANTED,
    (_S.REFUSED, _I.LOST): _S.WANTED,
    # The answer to the subscribe may come after we decided to leave: it changes nothing.
    (_S.LEAVING, _I.ACK): _S.LEAVING,
    (_S.LEAVING, _I.REFUSAL): _S.LEAVING,
    (_S.LEAVING, _I.LEFT): _S.GONE,
    (_S.LEAVING, _I.LEAVE): _S.LEAVING,
    (_S.LEAVING, _I.WANT): _S.REWANTED,
    (_S.LEAVING, _I.LOST): _S.GONE,
    (_S.REWANTED, _I.ACK): _S.REWANTED,
    (_S.REWANTED, _I.REFUSAL): _S.REWANTED,
    (_S.REWANTED, _I.LEFT): _S.WANTED,
    (_S.REWANTED, _I.LEAVE): _S.LEAVING,
    (_S.REWANTED, _I.WANT): _S.REWANTED,
    (_S.REWANTED, _I.LOST): _S.WANTED,
}

#: States in which the venue is asked for the channel on the next connection.
WANTED_STATES: Final = frozenset({_S.WANTED, _S.REQUESTED, _S.CONFIRMED, _S.REFUSED, _S.REWANTED})


def advance(state: SubscriptionState, event: SubscriptionInput) -> SubscriptionState:
    """
    Return the next state; an input that the table does not list leaves the state as it is.

    Answers to requests of an earlier connection are the only such inputs, and they mean nothing.
    """
    return TRANSITIONS.get((state, event), state)
