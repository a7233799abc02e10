"""
What REST says of the account and the framework does not: the periodic proof.

A frame that was lost on a living socket leaves no trace on the stream. So the account is read from
time to time, and after each connection, and compared with the framework's cache before it is given
to the framework: what differs is named, all of it in one warning. Objects of which the stream spoke
within the last seconds are left out: REST may be behind it, and does not override it (S7).
"""

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.own_orders import account_of
from nautilus_paradex.network.snapshot import AccountSnapshot
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.parsing.numbers import signed_size_of
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import plus
from nautilus_paradex.protocol.orders import OrderRegistry


#: REST does not decide over what the stream spoke of so lately, seconds (S7).
STREAM_RULES_SECS: Final = 5.0

_OPEN: Final = frozenset({OrderStatus.OPEN, OrderStatus.UNTRIGGERED})


class StreamMemory:
    """
    When the stream last spoke of an object.

    Parameters
    ----------
    timing : Timing
        Clock.
    capacity : int, default 20_000
        The most objects; the oldest are forgotten.

    """

    def __init__(self, timing: Timing, capacity: int = 20_000) -> None:
        self._timing = timing
        self._capacity = capacity
        self._heard: dict[tuple[str, str], float] = {}

    def note(self, kind: str, name: str) -> None:
        """Note that the stream speaks of an object now."""
        key = (kind, name)
        self._heard.pop(key, None)
        self._heard[key] = self._timing.monotonic()
        if len(self._heard) > self._capacity:
            del self._heard[next(iter(self._heard))]

    def rules(self, kind: str, name: str) -> bool:
        """If the stream spoke of an object lately."""
        heard = self._heard.get((kind, name))
        return heard is not None and self._timing.monotonic() - heard < STREAM_RULES_SECS


class AccountProof:
    """
    Compares a reading of the account with the framework's cache.

    Parameters
    ----------
    account_id : AccountId
        The account.
    cache : Cache
        The framework's cache.
    registry : OrderRegistry
        Knows which orders have commands under way.
    memory : StreamMemory
        Knows of what the stream spoke lately.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        account_id: AccountId,
        cache: Cache,
        registry: OrderRegistry,
        memory: StreamMemory,
        log: Logger,
    ) -> None:
        self._account_id = account_id
        self._cache = cache
        self._registry = registry
        self._memory = memory
        self._log = log
        self.balances: Callable[[], list[str]] = list
        """Returns what differed of the balances at the last reading."""

    def check(self, snapshot: AccountSnapshot) -> list[str]:
        """Name what differs, in one warning; return it."""
        differences = [
            *self._orders(snapshot),
            *self._positions(snapshot),
            *self.balances(),
        ]
        if differences:
            self._log.warning(
                f"REST and the node differ in {len(differences)} places, REST is taken over: "
                + "; ".join(differences)
            )
        return differences

    # -- ORDERS ------------------------------------------------------------------------------------

    def _orders(self, snapshot: AccountSnapshot) -> Iterator[str]:
        ours = {
            order.venue_order_id.value: order
            for order in self._cache.orders_open()
            # The cache's own index by account misses the orders of elsewhere.
            if account_of(order) == self._account_id and order.venue_order_id is not None
        }
        for order_id, update in snapshot.orders.items():
            if self._memory.rules("order", order_id) or self._is_under_way(update):
                continue
            order = ours.pop(order_id, None)
            if order is None and update.status in _OPEN:
                name = f"{order_id} ({update.client_id!r})"
                yield f"order {name} is {update.status} at the venue only"
            elif order is not None:
                yield from _terms(order, update)
        for order_id, order in ours.items():
            if order_id not in snapshot.orders and not self._memory.rules("order", order_id):
                yield f"order {order_id} ({order.client_order_id}) is open here only"

    def _is_under_way(self, update: OrderUpdate) -> bool:
        tracker = self._registry.find(update.client_id, update.order_id)
        return tracker is not None and (bool(tracker.modifies) or tracker.cancel_pending)

    # -- POSITIONS ---------------------------------------------------------------------------------

    def _positions(self, snapshot: AccountSnapshot) -> Iterator[str]:
        theirs = {
            position.market: position.signed_size
            for position in snapshot.positions
            if position.signed_size
        }
        ours: defaultdict[str, Decimal] = defaultdict(Decimal)
        for position in self._cache.positions_open(venue=None, account_id=self._account_id):
            instrument = self._cache.instrument(position.instrument_id)
            if not isinstance(instrument, CurrencyPair):
                market = position.instrument_id.symbol.value
                ours[market] = plus(ours[market], signed_size_of(position))
        for market in sorted(theirs.keys() | ours.keys()):
            here, there = ours.get(market, Decimal(0)), theirs.get(market, Decimal(0))
            if here == there or market in snapshot.unstable_markets:
                continue
            if not self._memory.rules("position", market):
                yield f"position {market} is {here:f} here and {there:f} at the venue"


def _terms(order: Order, update: OrderUpdate) -> Iterator[str]:
    name = f"order {update.order_id} ({order.client_order_id})"
    if update.status is OrderStatus.CLOSED:
        yield f"{name} is open here and CLOSED at the venue ({update.cancel_reason or 'filled'})"
        return
    price = decimal_of(order.price) if order.has_price else None
    trigger = decimal_of(order.trigger_price) if order.has_trigger_price else None
    pairs = (
        ("size", decimal_of(order.quantity), update.size),
        ("filled", decimal_of(order.filled_qty), update.filled_size),
        ("price", price, update.price),
        ("trigger", trigger, update.trigger_price),
    )
    for field, here, there in pairs:
        if here != there and there is not None:
            yield f"{name} has {field} {here} here and {there} at the venue"
