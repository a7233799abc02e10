"""
The life of an order as a table (PROTOCOL 5.5, rules E3, E4, E5).

An order update says one of six things; together with fills, refusals and proven absence these are
the inputs. Each row gives the steps, in order, and the next phase. ``END`` decides between
CLOSING and CLOSED itself, because the fills decide.
"""

from enum import Enum
from enum import auto
from typing import Final

from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import OrderUpdate


class Phase(Enum):
    """What the holder of the order has been told."""

    PENDING = auto()
    """Sent or about to be sent; nothing is known of it."""
    WORKING = auto()
    """Told as accepted."""
    CLOSING = auto()
    """Ended at the venue; its end is held until its fills are here."""
    CLOSED = auto()


class Said(Enum):
    """What an input says."""

    NEW = auto()
    """Received; proves nothing (E3)."""
    RESTING = auto()
    """OPEN or UNTRIGGERED."""
    REFUSED = auto()
    """CLOSED with nothing filled and a reason that means that it never rested."""
    CANCELED = auto()
    """CLOSED with something remaining."""
    EXPIRED = auto()
    COMPLETE = auto()
    """CLOSED with nothing remaining: a fill story."""
    FILL = auto()
    DENIED = auto()
    """The venue refused the create command, definitively."""
    ABSENT = auto()
    """Proven not to exist at the venue (E6)."""


class Step(Enum):
    """What a row of the table does."""

    ACCEPT = auto()
    REJECT = auto()
    TRIGGER = auto()
    """If it was UNTRIGGERED and is OPEN."""
    AMEND = auto()
    """If size, price or trigger price differ from what was told."""
    COUNT_FILL = auto()
    LATE_FILL = auto()
    """A fill after the end."""
    END = auto()
    """Tell the end if all fills are here, else hold it."""
    VANISH = auto()
    """Tell a working order that the venue no longer knows as canceled."""


_P = Phase
_S = Said
_X = Step

#: (phase, input) -> (steps, next phase); None = the END step decides.
TRANSITIONS: Final[dict[tuple[Phase, Said], tuple[tuple[Step, ...], Phase | None]]] = {
    (_P.PENDING, _S.NEW): ((), _P.PENDING),
    (_P.PENDING, _S.RESTING): ((_X.ACCEPT, _X.TRIGGER, _X.AMEND), _P.WORKING),
    (_P.PENDING, _S.REFUSED): ((_X.REJECT,), _P.CLOSED),
    (_P.PENDING, _S.CANCELED): ((_X.ACCEPT, _X.AMEND, _X.END), None),
    (_P.PENDING, _S.EXPIRED): ((_X.ACCEPT, _X.AMEND, _X.END), None),
    (_P.PENDING, _S.COMPLETE): ((_X.ACCEPT, _X.AMEND, _X.END), None),
    (_P.PENDING, _S.FILL): ((_X.ACCEPT, _X.COUNT_FILL), _P.WORKING),
    (_P.PENDING, _S.DENIED): ((_X.REJECT,), _P.CLOSED),
    (_P.PENDING, _S.ABSENT): ((_X.REJECT,), _P.CLOSED),
    # A NEW after OPEN is late news, or a triggered order on its way (PROTOCOL 5.5).
    (_P.WORKING, _S.NEW): ((), _P.WORKING),
    (_P.WORKING, _S.RESTING): ((_X.TRIGGER, _X.AMEND), _P.WORKING),
    (_P.WORKING, _S.REFUSED): ((_X.AMEND, _X.END), None),
    (_P.WORKING, _S.CANCELED): ((_X.AMEND, _X.END), None),
    (_P.WORKING, _S.EXPIRED): ((_X.AMEND, _X.END), None),
    (_P.WORKING, _S.COMPLETE): ((_X.AMEND, _X.END), None),
    (_P.WORKING, _S.FILL): ((_X.COUNT_FILL,), _P.WORKING),
    # The notification proves that the order exists, whatever the answer says.
    (_P.WORKING, _S.DENIED): ((), _P.WORKING),
    (_P.WORKING, _S.ABSENT): ((_X.VANISH,), _P.CLOSED),
    (_P.CLOSING, _S.NEW): ((), _P.CLOSING),
    (_P.CLOSING, _S.RESTING): ((), _P.CLOSING),
    (_P.CLOSING, _S.REFUSED): ((_X.END,), None),
    (_P.CLOSING, _S.CANCELED): ((_X.END,), None),
    (_P.CLOSING, _S.EXPIRED): ((_X.END,), None),
    (_P.CLOSING, _S.COMPLETE): ((_X.END,), None),
    (_P.CLOSING, _S.FILL): ((_X.COUNT_FILL, _X.END), None),
    (_P.CLOSING, _S.DENIED): ((), _P.CLOSING),
    (_P.CLOSING, _S.ABSENT): ((), _P.CLOSING),
    (_P.CLOSED, _S.NEW): ((), _P.CLOSED),
    (_P.CLOSED, _S.RESTING): ((), _P.CLOSED),
    (_P.CLOSED, _S.REFUSED): ((), _P.CLOSED),
    (_P.CLOSED, _S.CANCELED): ((), _P.CLOSED),
    (_P.CLOSED, _S.EXPIRED): ((), _P.CLOSED),
    (_P.CLOSED, _S.COMPLETE): ((), _P.CLOSED),
    (_P.CLOSED, _S.FILL): ((_X.LATE_FILL,), _P.CLOSED),
    (_P.CLOSED, _S.DENIED): ((), _P.CLOSED),
    (_P.CLOSED, _S.ABSENT): ((), _P.CLOSED),
}

#: Steps that only order updates, and only fills, may lead to; the tracker relies on it.
UPDATE_STEPS: Final = frozenset({_X.TRIGGER, _X.AMEND})
FILL_STEPS: Final = frozenset({_X.COUNT_FILL, _X.LATE_FILL})

#: Reasons of an order that the venue took and then ended: told as Canceled even where it was
#: never seen OPEN. An IOC order that found nothing is canceled, not rejected (TC-E14).
TAKEN_REASONS: Final = frozenset(
    {
        "",
        "USER_CANCELED",
        "REMAINING_IOC_CANCEL",
        # Pulls what rests or trades; what comes afterwards is refused as MMP_FROZEN.
        "MMP_TRIGGERED",
    }
)

EXPIRED_REASON: Final = "EXPIRED"
POST_ONLY_REASON: Final = "POST_ONLY_WOULD_CROSS"


def said_by(update: OrderUpdate) -> Said:
    """Return what an order update says."""
    match update.status:
        case OrderStatus.NEW:
            return Said.NEW
        case OrderStatus.OPEN | OrderStatus.UNTRIGGERED:
            return Said.RESTING
    return _said_by_end(update)


def _said_by_end(update: OrderUpdate) -> Said:
    # Cut to nothing by the venue, an order has neither a rest nor fills.
    if update.size and not update.remaining_size:
        return Said.COMPLETE
    if update.cancel_reason == EXPIRED_REASON:
        return Said.EXPIRED
    if update.remaining_size < update.size or update.cancel_reason in TAKEN_REASONS:
        return Said.CANCELED
    return Said.REFUSED
