"""
Algo orders, as the venue shows them (PROTOCOL 4.2).

The venue gives an algo order no client id, and its child orders nothing that names it (trap 50).
So a lost answer is found by what the order asked for, and children by what they filled
(`algo_ties`).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import msgspec

from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.messages.orders import AlgoOrder
from nautilus_paradex.protocol.numbers import decimal
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import optional_decimal
from nautilus_paradex.protocol.numbers import plus
from nautilus_paradex.protocol.numbers import quotient


NS_PER_MS: Final = 1_000_000
NS_PER_SEC: Final = 1_000_000_000

#: The services of the venue stamp by their own clocks.
SKEW_NS: Final = 2 * NS_PER_SEC

#: How long after an algo order's end its last child may be stamped.
TAIL_NS: Final = 60 * NS_PER_SEC


class AlgoState(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An algo order at one moment."""

    algo_id: str
    account: str
    market: str
    side: Side
    size: Decimal
    remaining_size: Decimal
    status: OrderStatus
    cancel_reason: str
    avg_fill_price: Decimal | None
    """None where nothing was filled, or where the venue does not say."""
    created_ns: int
    updated_ns: int
    end_ns: int | None
    """When it ends at the latest."""

    @property
    def filled(self) -> Decimal:
        """What its children have filled, base units."""
        return minus(self.size, self.remaining_size)

    @property
    def is_closed(self) -> bool:
        """If it places no more children."""
        return self.status is OrderStatus.CLOSED


def algo_state(message: AlgoOrder) -> AlgoState:
    """
    Return the state that a message shows.

    Raises
    ------
    WireError
        If a value is none that we know: nothing is guessed from it.

    """
    size, remaining = decimal(message.size), decimal(message.remaining_size)
    if not 0 <= remaining <= size:
        raise UnmodelledValue("remaining_size", message.remaining_size)
    average = optional_decimal(message.avg_fill_price)
    return AlgoState(
        algo_id=message.id,
        account=message.account,
        market=message.market,
        side=_strict(Side, message.side, "side"),
        size=size,
        remaining_size=remaining,
        status=_strict(OrderStatus, message.status, "status"),
        cancel_reason=message.cancel_reason,
        avg_fill_price=average or None,
        created_ns=message.created_at * NS_PER_MS,
        updated_ns=(message.last_updated_at or message.created_at) * NS_PER_MS,
        end_ns=message.end_at * NS_PER_MS if message.end_at else None,
    )


def _strict[E: (Side, OrderStatus)](kind: type[E], value: str, field: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise UnmodelledValue(field, value) from None


class Told(msgspec.Struct, frozen=True, gc=False):
    """The fills that are known to be an algo order's."""

    size: Decimal
    """Base units."""
    cost: Decimal
    """Sum of price times size."""
    lost: Decimal = Decimal(0)
    """What it has filled and no order can be told to be a child for, base units."""


def algo_update(state: AlgoState, client_id: str, told: Told) -> OrderUpdate:
    """
    Return an algo order as an order that its children's fills fill.

    An order that lives on counts the fills that are known to be its own, and no more: a status
    that speaks of other fills makes its holder invent them. One that has ended says what the venue
    says, so that its end waits for the fills (E5); but not for what is lost.
    """
    remaining = minus(state.size, told.size)
    if state.is_closed:
        remaining = plus(state.remaining_size, told.lost)
    return _update(state, client_id, state.status, remaining, told)


def reported_update(state: AlgoState, client_id: str, told: Told) -> OrderUpdate:
    """
    Return an algo order for a report, which is final.

    One that has ended before all its fills are known is still open in it.
    """
    status = state.status
    if state.is_closed and plus(told.size, told.lost) < state.filled:
        status = OrderStatus.OPEN
    return _update(state, client_id, status, minus(state.size, told.size), told)


def _update(
    state: AlgoState, client_id: str, status: OrderStatus, remaining: Decimal, told: Told
) -> OrderUpdate:
    if not remaining:
        status = OrderStatus.CLOSED  # whatever the venue says a moment later
    return OrderUpdate(
        order_id=state.algo_id,
        account=state.account,
        market=state.market,
        side=state.side,
        type=OrderType.MARKET,
        instruction=Instruction.GTC,
        size=state.size,
        remaining_size=remaining,
        price=None,
        trigger_price=None,
        status=status,
        cancel_reason=state.cancel_reason if status is OrderStatus.CLOSED else "",
        client_id=client_id,
        avg_fill_price=quotient(told.cost, told.size) if told.size else None,
        stp="",
        flags=frozenset(),
        created_ns=state.created_ns,
        # What is lost is said after the end that waited for it.
        updated_ns=state.updated_ns + (NS_PER_MS if told.lost else 0),
        published_ns=None,
        received_ns=None,
        signature_ns=None,
        seq=0,
    )


def parent_fill(fill: Fill, algo_id: str, client_id: str) -> Fill:
    """Return a child's fill as a fill of its algo order; the fill's own id stays."""
    return msgspec.structs.replace(fill, order_id=algo_id, client_id=client_id, remaining_size=None)


# -- LOST ANSWERS ----------------------------------------------------------------------------------


class AlgoCreate(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a create asked for."""

    market: str
    side: Side
    size: Decimal
    duration_ns: int | None
    """None where it is not known any more."""
    signed_ns: int
    """The signature timestamp."""
    deadline_ns: int
    """Until when the venue may have accepted it: the end of its receive window."""


def answers_to(create: AlgoCreate, states: Iterable[AlgoState]) -> list[AlgoState]:
    """
    Return the algo orders that a create may have become, the likeliest first (E6).

    None is proof that it was not accepted, once its receive window has passed.
    """
    fitting = [
        state
        for state in states
        if (state.market, state.side, state.size) == (create.market, create.side, create.size)
        and create.signed_ns - SKEW_NS <= state.created_ns <= create.deadline_ns + SKEW_NS
    ]
    return sorted(fitting, key=lambda state: (not _lasts_as_asked(create, state), state.created_ns))


def _lasts_as_asked(create: AlgoCreate, state: AlgoState) -> bool:
    if create.duration_ns is None or state.end_ns is None:
        return False
    return abs(state.end_ns - state.created_ns - create.duration_ns) <= SKEW_NS


# -- CHILDREN --------------------------------------------------------------------------------------


def may_be_child(
    update: OrderUpdate,
    *,
    market: str,
    side: Side,
    size: Decimal,
    since_ns: int,
    state: AlgoState | None,
) -> bool:
    """
    Return if an order may be a child of an algo order, by what it says of itself.

    Parameters
    ----------
    update : OrderUpdate
        The order.
    market, side, size : str, Side, Decimal
        The algo order's.
    since_ns : int
        When the algo order was signed or created.
    state : AlgoState, optional
        The algo order as the venue shows it, where it has answered.

    """
    if update.client_id or update.type is not OrderType.MARKET:
        return False
    if (update.market, update.side) != (market, side) or update.size > size:
        return False
    # An algo order carries no flags, so its children reduce nothing only.
    if OrderFlag.REDUCE_ONLY in update.flags or update.created_ns < since_ns - SKEW_NS:
        return False
    until_ns = None if state is None else last_child_ns(state)
    return until_ns is None or update.created_ns <= until_ns


def last_child_ns(state: AlgoState) -> int | None:
    """Return until when an algo order's children may be stamped; None where nothing says it."""
    if state.is_closed:
        return state.updated_ns + SKEW_NS
    return None if state.end_ns is None else state.end_ns + TAIL_NS
