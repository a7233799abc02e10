"""Numbered changes of the book and best prices (PROTOCOL 6.5, rule S3)."""

from decimal import Decimal
from random import Random

import pytest

from nautilus_paradex.simulator.engine.model import BboChanged
from nautilus_paradex.simulator.engine.model import BookChanges
from nautilus_paradex.simulator.engine.model import BookSnapshot
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import TradePrinted
from tests.simulator.engine_desk import ALICE
from tests.simulator.engine_desk import BOB
from tests.simulator.engine_desk import BTC
from tests.simulator.engine_desk import CAROL
from tests.simulator.engine_desk import Desk
from tests.simulator.engine_desk import d


@pytest.fixture
def desk() -> Desk:
    return Desk()


class Replica:
    """A client's book: a snapshot and the changes after it."""

    def __init__(self, snapshot: BookSnapshot, *, interactive: bool) -> None:
        self.interactive = interactive
        self.seq_no = snapshot.seq_no
        self.bids = dict(snapshot.bids)
        self.asks = dict(snapshot.asks)

    def apply(self, changes: BookChanges) -> None:
        if changes.seq_no <= self.seq_no:
            return
        assert changes.seq_no == self.seq_no + 1, "numbers rise by exactly 1"
        self.seq_no = changes.seq_no
        inserted = changes.interactive_inserted if self.interactive else changes.inserted
        bids = changes.interactive_bids if self.interactive else changes.bids
        asks = changes.interactive_asks if self.interactive else changes.asks
        for side, levels, rows in ((Side.BUY, self.bids, bids), (Side.SELL, self.asks, asks)):
            for price, size in rows:
                assert (price in levels) != ((side, price) in inserted), "inserts are new levels"
                if size:
                    levels[price] = size
                else:
                    del levels[price]

    def equals(self, snapshot: BookSnapshot) -> bool:
        return self.bids == dict(snapshot.bids) and self.asks == dict(snapshot.asks)


def random_command(desk: Desk, rng: Random, live: list[str]) -> None:
    if live and rng.random() < 0.4:
        desk.exchange.process_cancel(live.pop(rng.randrange(len(live))))
        return
    side = rng.choice(("BUY", "SELL"))
    offset = rng.randrange(-3, 12)
    price = 60000 - offset if side == "BUY" else 60000 + offset
    order = desk.place(
        rng.choice((ALICE, BOB, CAROL)),
        side,
        Decimal(rng.randrange(1, 50)) / 1000,
        price,
        instruction=rng.choice((Instruction.GTC, Instruction.POST_ONLY, Instruction.RPI)),
        interactive=rng.random() < 0.2,
    )
    live.append(order.id)


@pytest.mark.parametrize("seed", range(6))
def test_replicas_that_join_at_any_time_equal_the_book(desk: Desk, seed: int) -> None:
    rng = Random(seed)
    exchange = desk.exchange
    live: list[str] = []
    for _ in range(20):
        random_command(desk, rng, live)
    exchange.follow_book(BTC)
    replicas: list[Replica] = []
    for _ in range(60):
        for _ in range(rng.randrange(4)):
            random_command(desk, rng, live)
        if rng.random() < 0.2:
            api, interactive = exchange.book_snapshot(BTC)
            replicas.append(Replica(api, interactive=False))
            replicas.append(Replica(interactive, interactive=True))
        for changes in exchange.take_book_changes(BTC):
            for replica in replicas:
                replica.apply(changes)
    api, interactive = exchange.book_snapshot(BTC)
    for changes in exchange.take_book_changes(BTC):
        for replica in replicas:
            replica.apply(changes)
    assert replicas
    for replica in replicas:
        assert replica.equals(interactive if replica.interactive else api)
    exchange.check_invariants()


@pytest.mark.parametrize("followed", [False, True])
def test_the_number_of_a_published_book_names_just_one_state(desk: Desk, followed: bool) -> None:
    if followed:
        desk.exchange.follow_book(BTC)
    rng = Random(3)
    live: list[str] = []
    states: dict[tuple[int, bool], BookSnapshot] = {}
    for _ in range(300):
        random_command(desk, rng, live)
        for interactive in (False, True):
            book = desk.exchange.published_book(BTC, None, interactive=interactive)
            assert states.setdefault((book.seq_no, interactive), book) == book
    assert len(states) > 400
    desk.exchange.check_invariants()


@pytest.mark.parametrize("followed", [False, True])
def test_best_prices_have_rising_numbers_of_their_own_and_trades_never_fall(
    desk: Desk, followed: bool
) -> None:
    if followed:
        desk.exchange.follow_book(BTC)
    rng = Random(5)
    live: list[str] = []
    for _ in range(600):
        random_command(desk, rng, live)
    for view in (False, True):
        numbers = [e.bbo.seq_no for e in desk.announced(BboChanged) if e.interactive is view]
        assert len(numbers) > 50
        assert numbers == sorted(set(numbers))
    trades = [e.trade.seq_no for e in desk.announced(TradePrinted)]
    assert trades
    assert trades == sorted(trades)


def test_a_best_price_change_carries_the_number_of_its_book_change(desk: Desk) -> None:
    desk.exchange.follow_book(BTC)
    desk.place(ALICE, "BUY", "0.1", "59990")
    desk.place(ALICE, "BUY", "0.1", "59991")
    desk.place(ALICE, "BUY", "0.1", "59980")
    first, second = desk.exchange.take_book_changes(BTC)
    announced = [e.bbo for e in desk.announced(BboChanged) if not e.interactive]
    assert [bbo.seq_no for bbo in announced] == [first.seq_no, second.seq_no]
    # The deeper level joined the second change: it changed no best price.
    assert second.bids == ((d(59991), d("0.1")), (d(59980), d("0.1")))
    assert second.best_bid_api == (d(59991), d("0.1"))


def test_what_comes_and_goes_within_a_change_leaves_an_empty_one(desk: Desk) -> None:
    desk.place(ALICE, "BUY", "0.1", "59990")
    desk.exchange.follow_book(BTC)
    order = desk.place(ALICE, "BUY", "0.1", "59980")
    desk.exchange.process_cancel(order.id)
    (changes,) = desk.exchange.take_book_changes(BTC)
    assert (changes.bids, changes.asks, changes.inserted) == ((), (), frozenset())


def test_nothing_changed_means_nothing_to_take(desk: Desk) -> None:
    desk.exchange.follow_book(BTC)
    assert desk.exchange.take_book_changes(BTC) == ()


def test_a_batch_is_one_change_with_one_best_price(desk: Desk) -> None:
    desk.exchange.follow_book(BTC)
    with desk.exchange.batch(BTC):
        for price in (59990, 59991, 59992):
            desk.place(ALICE, "BUY", "0.1", price)
    (changes,) = desk.exchange.take_book_changes(BTC)
    assert len(changes.bids) == 3
    (bbo,) = (e.bbo for e in desk.announced(BboChanged) if not e.interactive)
    assert bbo.bid == d(59992)


def test_rpi_changes_are_empty_in_the_api_view(desk: Desk) -> None:
    desk.exchange.follow_book(BTC)
    desk.place(ALICE, "BUY", "0.1", "59990", instruction=Instruction.RPI)
    (changes,) = desk.exchange.take_book_changes(BTC)
    assert changes.bids == ()
    assert changes.interactive_bids == ((d(59990), d("0.1")),)
    assert [e.interactive for e in desk.announced(BboChanged)] == [True]


def test_an_unfollowed_book_records_nothing(desk: Desk) -> None:
    desk.place(ALICE, "BUY", "0.1", "59990")
    assert desk.exchange.take_book_changes(BTC) == ()
    desk.exchange.follow_book(BTC)
    desk.place(ALICE, "BUY", "0.1", "59991")
    desk.exchange.unfollow_book(BTC)
    assert desk.exchange.take_book_changes(BTC) == ()


def test_books_aggregate_bids_down_and_asks_up(desk: Desk) -> None:
    for price in ("59990.1", "59990.9", "59989.9"):
        desk.place(ALICE, "BUY", "0.1", price)
    for price in ("60010.1", "60010.9", "60012"):
        desk.place(ALICE, "SELL", "0.1", price)
    book = desk.exchange.queries.book(BTC, price_tick=d(1))
    assert book.bids == ((d(59990), d("0.2")), (d(59989), d("0.1")))
    assert book.asks == ((d(60011), d("0.2")), (d(60012), d("0.1")))
    assert len(desk.exchange.queries.book(BTC, 1).bids) == 1
    with pytest.raises(Refusal, match="price_tick"):
        desk.exchange.queries.book(BTC, price_tick=d("0.15"))


def test_the_impact_price_averages_the_levels_it_takes(desk: Desk) -> None:
    desk.place(ALICE, "SELL", "0.1", "60000")
    desk.place(ALICE, "SELL", "0.1", "60010")
    impact = desk.exchange.queries.impact_price
    assert impact(BTC, Side.BUY, d("0.2")) == d(60005)
    assert impact(BTC, Side.BUY, d("0.3")) is None
    assert impact(BTC, Side.SELL, d("0.1")) is None
