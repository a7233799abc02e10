"""
The life of one supervised stream as a table (rule S4).

Every input is listed for every state in which it can occur; :func:`advance` refuses the rest
explicitly, so that an unexpected input is seen and never guessed.
"""

from enum import Enum
from enum import auto
from typing import Final

from nautilus_paradex.protocol.errors import ParadexError


class ConnectionState(Enum):
    """Where a stream is on its way to health."""

    IDLE = auto()
    CONNECTING = auto()
    AUTHENTICATING = auto()
    RESTORING = auto()
    """Subscriptions are being (re)established."""
    RECONCILING = auto()
    """REST proves that nothing was missed."""
    HEALTHY = auto()
    WAITING = auto()
    """Between two attempts."""
    CLOSED = auto()


class ConnectionInput(Enum):
    """What can happen to a stream."""

    START = auto()
    OPENED = auto()
    AUTHENTICATED = auto()
    RESTORED = auto()
    RECONCILED = auto()
    LOST = auto()
    """Refused, dropped, timed out, silent, or given up by us."""
    DUE = auto()
    """The delay before the next attempt is over."""
    CLOSE = auto()


class UnexpectedInput(ParadexError):  # noqa: N818 - it names what happened
    """An input that its state does not expect."""

    def __init__(self, state: Enum, event: Enum) -> None:
        super().__init__(f"{event.name} is not expected in state {state.name}")
        self.state = state
        self.event = event


_S = ConnectionState
_I = ConnectionInput

TRANSITIONS: Final[dict[tuple[ConnectionState, ConnectionInput], ConnectionState]] = {
    (_S.IDLE, _I.START): _S.CONNECTING,
    (_S.IDLE, _I.CLOSE): _S.CLOSED,
    (_S.CONNECTING, _I.OPENED): _S.AUTHENTICATING,
    (_S.CONNECTING, _I.LOST): _S.WAITING,
    (_S.CONNECTING, _I.CLOSE): _S.CLOSED,
    (_S.AUTHENTICATING, _I.AUTHENTICATED): _S.RESTORING,
    (_S.AUTHENTICATING, _I.LOST): _S.WAITING,
    (_S.AUTHENTICATING, _I.CLOSE): _S.CLOSED,
    (_S.RESTORING, _I.RESTORED): _S.RECONCILING,
    (_S.RESTORING, _I.LOST): _S.WAITING,
    (_S.RESTORING, _I.CLOSE): _S.CLOSED,
    (_S.RECONCILING, _I.RECONCILED): _S.HEALTHY,
    (_S.RECONCILING, _I.LOST): _S.WAITING,
    (_S.RECONCILING, _I.CLOSE): _S.CLOSED,
    (_S.HEALTHY, _I.LOST): _S.WAITING,
    (_S.HEALTHY, _I.CLOSE): _S.CLOSED,
    (_S.WAITING, _I.DUE): _S.CONNECTING,
    (_S.WAITING, _I.CLOSE): _S.CLOSED,
    (_S.CLOSED, _I.CLOSE): _S.CLOSED,
}

#: States in which the socket is open and takes requests.
OPEN_STATES: Final = frozenset({_S.AUTHENTICATING, _S.RESTORING, _S.RECONCILING, _S.HEALTHY})


def advance(state: ConnectionState, event: ConnectionInput) -> ConnectionState:
    """
    Return the next state.

    Raises
    ------
    UnexpectedInput
        If the table does not list the input for the state.

    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise UnexpectedInput(state, event) from None


def backoff_ceiling(attempt: int, initial: float, maximum: float) -> float:
    """
    Return the longest delay before an attempt, doubling from `initial` to `maximum` seconds.

    Parameters
    ----------
    attempt : int
        1 for the first attempt after a loss.
    initial, maximum : float
        Seconds.

    """
    # The exponent is bounded so that a stream that is refused for days does not overflow.
    return float(min(maximum, initial * 2 ** min(max(attempt, 1) - 1, 32)))
