"""One market's book: price levels, priorities, best prices and numbered changes."""

from bisect import bisect_left
from bisect import insort
from collections.abc import Iterator
from decimal import Decimal

from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.model import BookChanges
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Level
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.orders import LiveOrder


#: (bid, bid size, ask, ask size)
type BestPrices = tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None]

_EMPTY: BestPrices = (None, None, None, None)


class PriceLevel:
    """
    The orders at one price, in the order in which they trade.

    Interactive orders come first, RPI orders last, and among equals the older one (PROTOCOL 8.2).
    """

    __slots__ = ("api_size", "plain", "retail", "rpi", "rpi_size")

    def __init__(self) -> None:
        self.retail: dict[str, LiveOrder] = {}
        self.plain: dict[str, LiveOrder] = {}
        self.rpi: dict[str, LiveOrder] = {}
        self.api_size = ZERO
        self.rpi_size = ZERO

    def queue_of(self, order: LiveOrder) -> dict[str, LiveOrder]:
        """Return the queue that the order belongs to."""
        if order.instruction is Instruction.RPI:
            return self.rpi
        return self.retail if order.interactive else self.plain

    def first(self, *, interactive: bool) -> LiveOrder | None:
        """Return the order that trades next with such a taker."""
        for queue in (self.retail, self.plain):
            if queue:
                return next(iter(queue.values()))
        if interactive and self.rpi:
            return next(iter(self.rpi.values()))
        return None

    def orders(self) -> Iterator[LiveOrder]:
        """Iterate over the orders by priority."""
        yield from self.retail.values()
        yield from self.plain.values()
        yield from self.rpi.values()


class BookSide:
    """Bids or asks: levels by price and the sorted prices (best at `best_index`)."""

    __slots__ = ("is_bid", "levels", "prices", "rpi_count")

    def __init__(self, *, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.levels: dict[Decimal, PriceLevel] = {}
        self.prices: list[Decimal] = []
        self.rpi_count = 0

    def best_first(self) -> Iterator[Decimal]:
        """Iterate over prices, best first."""
        return reversed(self.prices) if self.is_bid else iter(self.prices)

    def best(self, *, interactive: bool) -> Level | None:
        """Return the best price of a view with its size."""
        for price in self.best_first():
            level = self.levels[price]
            size = level.api_size + level.rpi_size if interactive else level.api_size
            if size:
                return price, size
        return None

    def first(self, *, interactive: bool) -> LiveOrder | None:
        """Return the order that trades next with such a taker."""
        for price in self.best_first():
            order = self.levels[price].first(interactive=interactive)
            if order is not None:
                return order
        return None

    def add(self, order: LiveOrder, price: Decimal) -> None:
        """Put an order at the end of its queue."""
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = PriceLevel()
            insort(self.prices, price)
        level.queue_of(order)[order.id] = order
        self._resize(level, order, order.remaining)
        self.rpi_count += order.instruction is Instruction.RPI

    def remove(self, order: LiveOrder, price: Decimal) -> None:
        """Take an order out of its queue."""
        level = self.levels[price]
        del level.queue_of(order)[order.id]
        self._resize(level, order, -order.remaining)
        self.rpi_count -= order.instruction is Instruction.RPI
        if not (level.plain or level.retail or level.rpi):
            del self.levels[price]
            del self.prices[bisect_left(self.prices, price)]

    def reduce(self, order: LiveOrder, price: Decimal, quantity: Decimal) -> None:
        """Shrink an order in its place."""
        self._resize(self.levels[price], order, -quantity)

    @staticmethod
    def _resize(level: PriceLevel, order: LiveOrder, change: Decimal) -> None:
        if order.instruction is Instruction.RPI:
            level.rpi_size += change
        else:
            level.api_size += change


class Book:
    """
    Bids, asks and the numbering of their changes.

    Changes of one operation belong together; `commit` ends the operation. Operations are merged
    into one numbered change as long as it announced no best prices in the same view yet, so that
    every announced best price has a number of its own and numbers of changes rise by exactly 1.
    """

    __slots__ = (
        "_announced_api",
        "_announced_interactive",
        "_assigned",
        "_open",
        "_operation",
        "_sealed",
        "_touched",
        "asks",
        "best_api",
        "best_interactive",
        "bids",
        "dirty",
        "followed",
        "market",
        "seq_no",
        "updated_us",
    )

    def __init__(self, market: str) -> None:
        self.market = market
        self.bids = BookSide(is_bid=True)
        self.asks = BookSide(is_bid=False)
        self.seq_no = 0
        self.updated_us = 0
        self.followed = False
        self.dirty = False
        self.best_api = _EMPTY
        self.best_interactive = _EMPTY
        # Sizes (API, with RPI) before the first touch: of the running operation and of the open
        # change.
        self._operation: dict[tuple[Side, Decimal], tuple[Decimal, Decimal]] = {}
        self._touched: dict[tuple[Side, Decimal], tuple[Decimal, Decimal]] = {}
        self._sealed: list[BookChanges] = []
        self._open = False
        self._assigned = False
        self._announced_api = False
        self._announced_interactive = False

    def side(self, *, buy: bool) -> BookSide:
        """Return the side that buyers or sellers rest on."""
        return self.bids if buy else self.asks

    # -- ORDERS ---------------------------------------------------------------------------------

    def add(self, order: LiveOrder) -> None:
        """Let an order rest."""
        price = _resting_price(order)
        self._touch(order, price)
        self.side(buy=order.is_buy).add(order, price)

    def remove(self, order: LiveOrder) -> None:
        """Take a resting order out; its remaining size must still be what rests."""
        price = _resting_price(order)
        self._touch(order, price)
        self.side(buy=order.is_buy).remove(order, price)

    def reduce(self, order: LiveOrder, quantity: Decimal) -> None:
        """Shrink a resting order in its place, remaining size included."""
        price = _resting_price(order)
        self._touch(order, price)
        self.side(buy=order.is_buy).reduce(order, price, quantity)
        order.remaining -= quantity

    def best(self, *, interactive: bool) -> BestPrices:
        """Return the best prices of a view."""
        bid = self.bids.best(interactive=interactive)
        ask = self.asks.best(interactive=interactive)
        return (*(bid or (None, None)), *(ask or (None, None)))

    # -- NUMBERING ------------------------------------------------------------------------------

    def trade_seq(self) -> int:
        """Return the number of the change that the running operation's trades belong to."""
        self._join(fresh=self._announced_api or self._announced_interactive)
        return self.seq_no

    def commit(self, now_us: int) -> tuple[bool, bool]:
        """End the operation; return if the best prices changed (API view, with RPI orders)."""
        if not self.dirty:
            return False, False
        api = self.best(interactive=False)
        if self.bids.rpi_count or self.asks.rpi_count:
            interactive = self.best(interactive=True)
        else:
            interactive = api
        api_changed = api != self.best_api
        interactive_changed = interactive != self.best_interactive
        self._join(
            fresh=(api_changed and self._announced_api)
            or (interactive_changed and self._announced_interactive)
        )
        for key, before in self._operation.items():
            self._touched.setdefault(key, before)
        self._operation.clear()
        self.dirty = self._assigned = False
        self.best_api = api
        self.best_interactive = interactive
        self._announced_api |= api_changed
        self._announced_interactive |= interactive_changed
        self.updated_us = now_us
        return api_changed, interactive_changed

    def seal(self) -> None:
        """End the open change: whatever comes later has a higher number."""
        if not self._open:
            return
        self._open = False
        self._announced_api = self._announced_interactive = False
        if self.followed:
            self._sealed.append(self._changes())
            self._touched.clear()

    def take(self) -> tuple[BookChanges, ...]:
        """Return the changes that were not taken yet."""
        self.seal()
        taken = tuple(self._sealed)
        self._sealed.clear()
        return taken

    def follow(self, *, followed: bool) -> None:
        """Start or stop recording; what was recorded is forgotten when it stops."""
        if followed and not self.followed:
            self.seal()
        self.followed = followed
        if not followed:
            self._touched.clear()
            self._sealed.clear()

    def _touch(self, order: LiveOrder, price: Decimal) -> None:
        self.dirty = True
        if not self.followed:
            return
        key = (order.side, price)
        if key not in self._operation:
            self._operation[key] = self._sizes(key)

    def _sizes(self, key: tuple[Side, Decimal]) -> tuple[Decimal, Decimal]:
        level = self.side(buy=key[0] is Side.BUY).levels.get(key[1])
        if level is None:
            return ZERO, ZERO
        return level.api_size, level.api_size + level.rpi_size

    def _join(self, *, fresh: bool) -> None:
        if self._assigned:
            return
        if fresh:
            self.seal()
        if not self._open:
            self._open = True
            self.seq_no += 1
        self._assigned = True

    def _changes(self) -> BookChanges:
        rows: dict[tuple[Side, bool], list[Level]] = {
            (side, view): [] for side in Side for view in (False, True)
        }
        inserted: dict[bool, set[tuple[Side, Decimal]]] = {False: set(), True: set()}
        for key, before in self._touched.items():
            # The operation that ends this change is already in the levels: look behind it.
            after = self._operation.get(key) or self._sizes(key)
            for view in (False, True):
                if before[view] != after[view]:
                    rows[key[0], view].append((key[1], after[view]))
                    if not before[view]:
                        inserted[view].add(key)
        return BookChanges(
            market=self.market,
            seq_no=self.seq_no,
            bids=_ranked(rows[Side.BUY, False], is_bid=True),
            asks=_ranked(rows[Side.SELL, False], is_bid=False),
            inserted=frozenset(inserted[False]),
            interactive_bids=_ranked(rows[Side.BUY, True], is_bid=True),
            interactive_asks=_ranked(rows[Side.SELL, True], is_bid=False),
            interactive_inserted=frozenset(inserted[True]),
            best_bid_api=pair(self.best_api, 0),
            best_ask_api=pair(self.best_api, 2),
            best_bid_interactive=pair(self.best_interactive, 0),
            best_ask_interactive=pair(self.best_interactive, 2),
            updated_us=self.updated_us,
        )


def pair(best: BestPrices, index: int) -> Level | None:
    """Return the bid (0) or ask (2) of best prices as (price, size)."""
    price, size = best[index], best[index + 1]
    return None if price is None or size is None else (price, size)


def _ranked(rows: list[Level], *, is_bid: bool) -> tuple[Level, ...]:
    return tuple(sorted(rows, reverse=is_bid))


def _resting_price(order: LiveOrder) -> Decimal:
    if order.price is None:
        raise ValueError(f"order {order.id} has no price to rest at")
    return order.price
