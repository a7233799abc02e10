"""An algo order and an order that may be its child, as far as they are known."""

from decimal import Decimal
from typing import Final

import msgspec

from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.events import Fill
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import minus
from nautilus_paradex.protocol.numbers import plus
from nautilus_paradex.protocol.numbers import times
from nautilus_paradex.protocol.numbers import total
from nautilus_paradex.protocol.orders.algo import AlgoState
from nautilus_paradex.protocol.orders.algo import Told
from nautilus_paradex.protocol.orders.algo import last_child_ns
from nautilus_paradex.protocol.orders.algo import may_be_child
from nautilus_paradex.protocol.orders.algo import parent_fill
from nautilus_paradex.protocol.orders.algo_ties import Child
from nautilus_paradex.protocol.orders.algo_ties import Parent


#: How far a rounded average price may be off, as a share of it.
_PRICE_TOLERANCE: Final = Decimal("1e-6")


class FollowedAlgo:
    """
    An algo order, and what is known to be its own.

    Parameters
    ----------
    client_id : str
        The client order id; empty for an order of someone else.
    market, side, size : str, Side, Decimal
        What it trades.
    since_ns : int
        Its signature timestamp, or when it was created: its children are not older.
    signature_ns : int, optional
        The signature timestamp, where it is known.

    """

    def __init__(
        self,
        *,
        client_id: str,
        market: str,
        side: Side,
        size: Decimal,
        since_ns: int,
        signature_ns: int | None,
    ) -> None:
        self.client_id = client_id
        self.market = market
        self.side = side
        self.size = size
        self.since_ns = since_ns
        self.signature_ns = signature_ns
        self.state: AlgoState | None = None
        """None until the venue has answered, or was found to have it."""
        self.read_ns = 0
        """When the state was read."""
        self.tied_size = Decimal(0)
        self.tied_cost = Decimal(0)
        self.written_off = Decimal(0)
        self.explained_ns = since_ns
        """Until when everything that it has filled is known by its children."""
        self._youngest_ns = since_ns
        self._unexplained_ns: int | None = None
        self._fills: dict[tuple[str, str], Fill | None] = {}
        self._told_size = Decimal(0)
        self._told_cost = Decimal(0)

    def __repr__(self) -> str:
        name = self.state.algo_id if self.state is not None else "?"
        return (
            f"{type(self).__name__}(algo_id={name!r}, client_id={self.client_id!r}, "
            f"market={self.market!r}, side={self.side.value}, size={self.size})"
        )

    @property
    def algo_id(self) -> str:
        """The venue's id; empty until it is known."""
        return "" if self.state is None else self.state.algo_id

    @property
    def told(self) -> Told:
        """The fills that are known to be its own."""
        return Told(self._told_size, self._told_cost, self.written_off)

    @property
    def fills(self) -> list[Fill]:
        """The fills that are known to be its own, while it is followed."""
        return [fill for fill in self._fills.values() if fill is not None]

    @property
    def need(self) -> Decimal:
        """What it has filled and no order is known for, base units."""
        if self.state is None:
            return Decimal(0)
        return minus(minus(self.state.filled, self.tied_size), self.written_off)

    @property
    def is_settled(self) -> bool:
        """If everything that it has filled is known."""
        return self.state is not None and self.need <= 0 and self._told_size >= self.tied_size

    def may_have(self, update: OrderUpdate) -> bool:
        """Return if an order may be a child, by what it says of itself."""
        return may_be_child(
            update,
            market=self.market,
            side=self.side,
            size=self.size,
            since_ns=self.since_ns,
            state=self.state,
        )

    def take(self, state: AlgoState, now_ns: int) -> None:
        """Take what the venue says of it; what is older than the last word is passed over."""
        self.read_ns = now_ns
        if self.state is None or (state.updated_ns, state.filled) >= (
            self.state.updated_ns,
            self.state.filled,
        ):
            self.state = state
        if self.need <= 0:
            self._unexplained_ns = None
        elif self._unexplained_ns is None:
            self._unexplained_ns = now_ns

    def count(self, fill: Fill) -> Fill:
        """Return a child's fill as its own."""
        own = parent_fill(fill, self.algo_id, self.client_id)
        if fill.key not in self._fills:
            self._fills[fill.key] = own
            self._told_size = plus(self._told_size, fill.size)
            self._told_cost = plus(self._told_cost, times(fill.size, fill.price))
        return own

    def end(self) -> None:
        """Keep of its fills only which they were."""
        self._fills = dict.fromkeys(self._fills)

    def tie(self, child: Child) -> None:
        """Count a child."""
        self._youngest_ns = max(self._youngest_ns, child.created_ns)
        self.tied_size = plus(self.tied_size, child.filled)
        self.tied_cost = plus(self.tied_cost, child.cost)
        # What was given up is found after all.
        self.written_off = max(plus(self.written_off, min(self.need, Decimal(0))), Decimal(0))

    def note_explained(self) -> None:
        """Remember up to where nothing is left to find out."""
        if self.state is not None and self.need <= 0:
            self.explained_ns = self._youngest_ns

    def has_fill(self, fill: Fill) -> bool:
        """Return if a fill was counted."""
        return fill.key in self._fills

    def write_off(self) -> Decimal:
        """Give up what is needed, and return it."""
        size = self.need
        self.written_off = plus(self.written_off, size)
        self._unexplained_ns = None
        return size

    def has_waited(self, now_ns: int, patience_ns: int) -> bool:
        """Return if it has needed something for long."""
        return self._unexplained_ns is not None and now_ns >= self._unexplained_ns + patience_ns

    def as_parent(self, state: AlgoState) -> Parent:
        """Return it with what it needs."""
        cost, precision = None, Decimal(0)
        if state.avg_fill_price is not None and not self.written_off:
            price = state.avg_fill_price
            cost = minus(times(price, state.filled), self.tied_cost)
            digit = Decimal((0, (1,), int(price.as_tuple().exponent)))
            precision = times(state.filled, max(digit, times(price, _PRICE_TOLERANCE)))
        return Parent(
            algo_id=state.algo_id,
            since_ns=self.since_ns,
            until_ns=last_child_ns(state),
            signature_ns=self.signature_ns,
            need=self.need,
            need_cost=cost,
            precision=precision,
        )


class Candidate:
    """
    An order that may be a child.

    Parameters
    ----------
    update : OrderUpdate
        What it says of itself.

    """

    __slots__ = ("ended_ns", "fills", "is_read", "update")

    def __init__(self, update: OrderUpdate) -> None:
        self.update = update
        self.fills: dict[tuple[str, str], Fill] = {}
        self.ended_ns: int | None = None
        """When it was first seen to have ended."""
        self.is_read = False
        """If REST was asked for it, which knows the signature timestamp."""

    def take(self, update: OrderUpdate, now_ns: int, *, is_read: bool) -> None:
        """Take what it says of itself; its end is final."""
        self.is_read = self.is_read or is_read
        known = self.update
        # Only JSON carries the signature timestamp.
        signature_ns = update.signature_ns or known.signature_ns
        newest = known if known.status is OrderStatus.CLOSED else update
        if signature_ns != newest.signature_ns:
            newest = msgspec.structs.replace(newest, signature_ns=signature_ns)
        self.update = newest
        if self.ended_ns is None and newest.status is OrderStatus.CLOSED:
            self.ended_ns = now_ns

    def as_child(self) -> Child:
        """Return it with what it has filled."""
        update = self.update
        if update.avg_fill_price is not None:
            cost = times(update.filled_size, update.avg_fill_price)
        else:
            cost = total(times(fill.size, fill.price) for fill in self.fills.values())
        return Child(
            order_id=update.order_id,
            created_ns=update.created_ns,
            filled=update.filled_size,
            cost=cost,
            signature_ns=update.signature_ns,
        )
