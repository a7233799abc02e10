"""What the venue's books were at each number, and a node's books compared with it all the time."""

from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from typing import Final
from typing import NamedTuple

import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import BookAction
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.server.books import BookFeeds
from nautilus_paradex.simulator.server.channel_names import Feed


type Side = dict[Decimal, Decimal]
type View = tuple[str, bool]
"""A market, and if RPI liquidity is included."""


class Sides(NamedTuple):
    """A book."""

    bids: Side
    asks: Side


class Truth:
    """
    Every state of the venue's books, written down before any fault can touch it.

    Parameters
    ----------
    venue : LocalParadex
        The venue.
    patch : pytest.MonkeyPatch
        Undone at the end of the session.

    """

    def __init__(self, venue: LocalParadex, patch: pytest.MonkeyPatch) -> None:
        self.books: defaultdict[View, dict[int, Sides]] = defaultdict(dict)
        self.depths: defaultdict[View, dict[int, Sides]] = defaultdict(dict)
        self.touches: defaultdict[View, list[tuple[Any, ...]]] = defaultdict(list)
        self.misnamed: dict[tuple[View, int], Sides] = {}
        self._now: dict[View, tuple[int, Sides]] = {}
        venue.exchange.subscribe(self._on_event)
        announce, faulty = BookFeeds._announce, BookFeeds._faulty

        def on_changes(feeds: Any, change: Any, followers: Any) -> None:
            for interactive in (False, True):
                self._change(change, interactive)
            announce(feeds, change, followers)

        def on_book(feeds: Any, book: Any, subscription: Any) -> Any:
            self._book(book, subscription, is_first=len(feeds._deltas.get(book.market, ())) < 2)
            told = faulty(feeds, book, subscription)
            if told.seq_no < book.seq_no:
                # A book of the venue under a number that is not its own: nobody could tell.
                view = (book.market, subscription.interactive)
                self.misnamed[view, told.seq_no] = Sides(dict(told.bids), dict(told.asks))
            return told

        patch.setattr(BookFeeds, "_announce", on_changes)
        patch.setattr(BookFeeds, "_faulty", on_book)

    def _book(self, book: Any, subscription: Any, *, is_first: bool) -> None:
        view = (book.market, subscription.interactive)
        sides = Sides(dict(book.bids), dict(book.asks))
        if subscription.feed is Feed.SNAPSHOTS:
            self.depths[view][book.seq_no] = sides
            return
        known = self.books[view].setdefault(book.seq_no, sides)
        assert known == sides, "the venue contradicts itself"
        if is_first or view not in self._now:
            self._now[view] = (book.seq_no, Sides(dict(sides.bids), dict(sides.asks)))

    def _change(self, change: Any, interactive: bool) -> None:
        view = (change.market, interactive)
        if view not in self._now:
            return
        seq, sides = self._now[view]
        if change.seq_no <= seq:
            return
        changes = (
            (change.interactive_bids, change.interactive_asks)
            if interactive
            else (change.bids, change.asks)
        )
        for side, levels in zip(sides, changes, strict=True):
            for price, size in levels:
                side[price] = size
                if not size:
                    del side[price]
        self._now[view] = (change.seq_no, sides)
        self.books[view][change.seq_no] = Sides(dict(sides.bids), dict(sides.asks))

    def _on_event(self, event: Any) -> None:
        if isinstance(event, model.BboChanged):
            bbo = event.bbo
            if None not in (bbo.bid, bbo.ask):
                touch = (bbo.bid, bbo.bid_size, bbo.ask, bbo.ask_size)
                self.touches[bbo.market, event.interactive].append(touch)


class Wanted(NamedTuple):
    """What a node subscribes of a market."""

    instrument_id: InstrumentId
    interactive: bool = False
    depth: bool = False


_ENDS: Final = int(RecordFlag.F_LAST)
_WHOLE: Final = int(RecordFlag.F_SNAPSHOT)


class BookWatcher(Actor):
    """
    Compares what it is told, and the framework's own book, with the truth, at every moment.

    Parameters
    ----------
    wanted : Iterable[Wanted]
        What it subscribes.

    Attributes
    ----------
    wrong : list[str]
        What was not as it must be.
    compared : Counter[str]
        How many books, depths and quotes were compared, and how often a book was emptied.

    """

    def __init__(self, wanted: Iterable[Wanted]) -> None:
        super().__init__()
        self.truth: Truth | None = None
        self.wanted = tuple(wanted)
        self.wrong: list[str] = []
        self.compared: Counter[str] = Counter()
        #: The number that each book claims to be at; None while it claims nothing.
        self.at: dict[InstrumentId, int | None] = {}
        self.depth_at: dict[InstrumentId, int | None] = {}
        self._views = {each.instrument_id: each.interactive for each in self.wanted}
        self._touch_at: Counter[View] = Counter()

    def on_start(self) -> None:
        for each in self.wanted:
            params = {"interactive": True} if each.interactive else None
            of = each.instrument_id
            self.subscribe_order_book_deltas(of, book_type=BookType.L2_MBP, params=params)
            self.subscribe_quote_ticks(of, params=params)
            if each.depth:
                # Its own book is the deltas': the framework has one book an instrument.
                self.subscribe_order_book_depth(of, book_type=BookType.L2_MBP, managed=False)

    # -- DELTAS ------------------------------------------------------------------------------------

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        of, first = deltas.instrument_id, deltas.deltas[0]
        flags = [each.flags for each in deltas.deltas]
        self._must(
            [bool(each & _ENDS) for each in flags].index(True) == len(flags) - 1, of, "F_LAST"
        )
        self._must(len({each & _WHOLE for each in flags}) == 1, of, "F_SNAPSHOT on a part")
        is_whole = bool(flags[0] & _WHOLE)
        self._must((first.action is BookAction.CLEAR) == is_whole, of, "CLEAR begins a snapshot")
        is_empty = is_whole and len(flags) == 1 and first.sequence == 0
        if not is_whole:
            self._must(self.at.get(of) is not None, of, "a delta on an empty book")
        self.at[of] = None if is_empty else deltas.sequence
        shown = self.shown(of)
        if is_empty:
            self.compared["emptied"] += 1
            self._must(shown == Sides({}, {}), of, "emptied, but not empty")
        else:
            self.compared["books"] += 1
            seq = deltas.sequence
            holds = shown == self._true(of, seq) or (is_whole and shown == self._misnamed(of, seq))
            self._must(holds, of, f"wrong at {seq}")

    def shown(self, of: InstrumentId) -> Sides:
        """Return the framework's own book."""
        book = self.cache.order_book(of)
        return Sides(
            *(
                {
                    level.price.as_decimal(): sum(o.size.as_decimal() for o in level.orders())
                    for level in levels
                }
                for levels in (book.bids(), book.asks())
            )
        )

    def _true(self, of: InstrumentId, seq: int) -> Sides | None:
        assert self.truth is not None
        return self.truth.books[of.symbol.value, self._views[of]].get(seq)

    def _misnamed(self, of: InstrumentId, seq: int) -> Sides | None:
        assert self.truth is not None
        return self.truth.misnamed.get(((of.symbol.value, self._views[of]), seq))

    # -- DEPTHS AND QUOTES -------------------------------------------------------------------------

    def on_order_book_depth(self, depth: OrderBookDepth10) -> None:
        of = depth.instrument_id
        shown = Sides(
            *(
                {
                    order.price.as_decimal(): order.size.as_decimal()
                    for order in orders
                    if order.side != OrderSide.NO_ORDER_SIDE
                }
                for orders in (depth.bids, depth.asks)
            )
        )
        before = self.depth_at.get(of)
        if shown == Sides({}, {}):
            self.compared["depths emptied"] += 1
            self.depth_at[of] = None
            return
        self.compared["depths"] += 1
        self._must(before is None or depth.sequence >= before, of, "a depth turned back")
        self.depth_at[of] = depth.sequence
        assert self.truth is not None
        true = self.truth.depths[of.symbol.value, False].get(depth.sequence)
        best = None if true is None else Sides(*(dict(list(side.items())[:10]) for side in true))
        self._must(shown == best, of, f"wrong depth at {depth.sequence}")

    def on_quote_tick(self, quote: QuoteTick) -> None:
        assert self.truth is not None
        view = (quote.instrument_id.symbol.value, self._views[quote.instrument_id])
        touch = tuple(
            each.as_decimal()
            for each in (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size)
        )
        touches = self.truth.touches[view]
        self.compared["quotes"] += 1
        try:
            # The same one again is a frame that came twice.
            self._touch_at[view] = touches.index(touch, self._touch_at[view])
        except ValueError:
            seen = touch in touches
            self._must(
                False, quote.instrument_id, f"a quote {'turned back' if seen else 'made up'}"
            )

    def _must(self, holds: bool, of: InstrumentId, what: str) -> None:
        if not holds:
            self.wrong.append(f"{of}: {what}")
