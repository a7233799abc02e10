"""
What an order's change means for whoever holds the order.

One effect is one event of the framework (or one report, for an order that is not ours), or a
piece of work for the room that owns the order.
"""

from decimal import Decimal

import msgspec

from nautilus_paradex.protocol.events import Fill


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The venue works the order: it was seen OPEN or UNTRIGGERED, or a fill came first (E3)."""

    ts_ns: int


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """The venue never accepted the order, and there is evidence for it (E4, E6)."""

    reason: str
    ts_ns: int
    due_post_only: bool = False


class Triggered(msgspec.Struct, frozen=True, gc=False):
    """A conditional limit order was triggered and rests as a limit order."""

    ts_ns: int


class Updated(msgspec.Struct, frozen=True, gc=False):
    """Size, price or trigger price changed, by our request or by the venue (E7)."""

    size: Decimal
    """Total size, base units."""
    price: Decimal | None
    trigger_price: Decimal | None
    ts_ns: int


class Filled(msgspec.Struct, frozen=True, gc=False):
    """A fill that was not yet counted (E5)."""

    fill: Fill


class Canceled(msgspec.Struct, frozen=True, gc=False):
    """The order ended unfilled or partly filled; all its fills have been told (E5)."""

    reason: str
    ts_ns: int


class Expired(msgspec.Struct, frozen=True, gc=False):
    """The venue expired the order; all its fills have been told."""

    ts_ns: int


class ModifyRejected(msgspec.Struct, frozen=True, gc=False):
    """A modify request was refused; the order lives on unchanged (E7)."""

    reason: str
    ts_ns: int


class CancelRejected(msgspec.Struct, frozen=True, gc=False):
    """A cancel request was refused and the order lives on (E7)."""

    reason: str
    ts_ns: int


class AwaitFills(msgspec.Struct, frozen=True, gc=False):
    """
    The order ended, but not all of its fills are here: hold its end, and fetch them by REST if
    they do not come within the grace period (E5).
    """

    missing: Decimal
    """Base units."""


class Reconcile(msgspec.Struct, frozen=True, gc=False):
    """Something happened that cannot be told as an event: only the venue's whole state helps."""

    reason: str


type Effect = (
    Accepted
    | Rejected
    | Triggered
    | Updated
    | Filled
    | Canceled
    | Expired
    | ModifyRejected
    | CancelRejected
    | AwaitFills
    | Reconcile
)
