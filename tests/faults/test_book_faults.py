"""Book frames that are lost, garbled, swapped or doubled: never a wrong book (S2, S3)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import NamedTuple

import aiohttp
import pytest
from nautilus_trader.common.actor import Actor
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.enums import BookAction
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.data import recovery
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.faults import Duplicate
from nautilus_paradex.simulator.faults import Garble
from nautilus_paradex.simulator.faults import Lose
from nautilus_paradex.simulator.faults import Reorder
from nautilus_paradex.simulator.faults import StreamFault
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import RunningNode
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.faults.sessions import recorded_requests
from tests.simulator.server_client import KEY
from tests.simulator.server_client import Rest
from tests.simulator.server_client import Stream


_MARKETS = (ETH, BTC)
_ETH_BOOK = f"order_book.{ETH.symbol}.deltas"

type Side = dict[Decimal, Decimal]


class Seen(NamedTuple):
    """The framework's book after one change."""

    sequence: int
    bids: Side
    asks: Side


class Watcher(Actor):
    """Writes down the framework's managed books after every change."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[InstrumentId, list[Seen]] = {each: [] for each in _MARKETS}
        self.cleared: dict[InstrumentId, int] = dict.fromkeys(_MARKETS, 0)

    def on_start(self) -> None:
        for instrument_id in _MARKETS:
            self.subscribe_order_book_deltas(instrument_id, book_type=BookType.L2_MBP)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        book = self.cache.order_book(deltas.instrument_id)
        bids, asks = ({level.price.as_decimal(): Decimal(str(level.size())) for level in levels}
                      for levels in (book.bids(), book.asks()))  # fmt: skip
        if not bids and not asks:
            assert [each.action for each in deltas.deltas] == [BookAction.CLEAR]
            self.cleared[deltas.instrument_id] += 1
        else:
            self.seen[deltas.instrument_id].append(Seen(deltas.sequence, bids, asks))


class World:
    """A lively market, a node that watches two of its books, and an undisturbed reader."""

    def __init__(
        self, venue: LocalParadex, node: RunningNode, watcher: Watcher, reader: Stream
    ) -> None:
        self.venue = venue
        self.node = node
        self.watcher = watcher
        self.requests = recorded_requests(venue)
        self._reader = reader

    def truth(self, instrument_id: InstrumentId) -> dict[int, Seen]:
        """Return every state that the venue's book had, by sequence number."""
        books: dict[int, Seen] = {}
        sides: tuple[Side, Side] = ({}, {})
        for event in self._reader.events(Book):
            if event.market != instrument_id.symbol.value:
                continue
            if event.is_snapshot:
                sides = ({}, {})
            for side, levels in zip(sides, (event.bids, event.asks), strict=True):
                for price_e8, size_e8 in levels:
                    price, size = (Decimal(e8).scaleb(-8) for e8 in (price_e8, size_e8))
                    side[price] = size
                    if not size:
                        del side[price]
            books[event.seq] = Seen(event.seq, dict(sides[0]), dict(sides[1]))
        return books

    def counted(self, instrument_id: InstrumentId) -> int:
        return len(self.watcher.seen[instrument_id])

    async def until_more(self, count: int = 5) -> None:
        """Wait until both books have changed so often again."""
        wanted = {each: self.counted(each) + count for each in _MARKETS}
        await until(
            lambda: all(self.counted(each) >= n for each, n in wanted.items()),
            "both books go on",
            20.0,
        )

    async def check(self) -> None:
        """Compare every book that was ever shown with the venue's book of that number."""
        for instrument_id, seen in self.watcher.seen.items():
            last = seen[-1].sequence
            await until(
                lambda i=instrument_id, last=last: last in self.truth(i), "the reader is as far"
            )
            truth = self.truth(instrument_id)
            wrong = [each.sequence for each in seen if each != truth[each.sequence]]
            assert not wrong, f"{instrument_id} was wrong at {wrong}"


@asynccontextmanager
async def world(*, may_fail: bool = False) -> AsyncIterator[World]:
    watcher = Watcher()
    driven = [each.symbol.value for each in _MARKETS]
    async with (
        LocalParadex(seed=5, driven=driven) as venue,
        aiohttp.ClientSession() as http,
    ):
        account = venue.create_account(KEY)
        rest = Rest(http, venue.http_url)
        await rest.login(account, KEY)
        # Authenticated, so that faults of public connections pass it by.
        reader = await Stream.open(http, venue.ws_url)
        await reader.result("auth", {"bearer": rest.token})
        await reader.subscribe(*(f"order_book.{market}.deltas" for market in driven))
        async with running_node(
            venue, actors=[watcher], instruments=_MARKETS, may_fail=may_fail
        ) as node:
            at = World(venue, node, watcher, reader)
            await at.until_more()
            at.requests.clear()
            yield at
        await reader.close()


@pytest.mark.parametrize(
    "fault",
    [Lose(channels=(_ETH_BOOK,), private=False), Garble(channels=(_ETH_BOOK,), private=False)],
    ids=lambda fault: type(fault).__name__,
)
async def test_s3_gap_resyncs_its_own_market_only(fault: StreamFault) -> None:
    async with world(may_fail=isinstance(fault, Garble)) as at:
        armed = at.venue.faults.add(fault)
        await armed.exhausted()
        await until(lambda: at.watcher.cleared[ETH] == 1, "the book is emptied")
        await at.until_more(10)
        await at.check()
        assert at.watcher.cleared == {ETH: 1, BTC: 0}
        assert at.requests.count(("WS", "unsubscribe")) == 1
        assert at.requests.count(("WS", "subscribe")) == 1
        assert at.node.data.stream_status().epoch == 1


async def test_s3_swapped_deltas_are_a_gap_too() -> None:
    async with world() as at:
        armed = at.venue.faults.add(Reorder(channels=(_ETH_BOOK,), private=False))
        await armed.exhausted()
        await at.until_more(10)
        await at.check()
        assert at.watcher.cleared[BTC] == 0
        assert at.node.data.stream_status().epoch == 1


async def test_s3_doubled_deltas_change_nothing() -> None:
    async with world() as at:
        at.venue.faults.add(Duplicate(n=1_000_000, private=False))
        await at.until_more(20)
        at.venue.faults.clear()
        await at.check()
        assert at.watcher.cleared == {ETH: 0, BTC: 0}
        assert ("WS", "unsubscribe") not in at.requests


async def test_s3_gap_after_gap_ends_in_sync() -> None:
    async with world() as at:
        for _ in range(4):
            armed = at.venue.faults.add(Lose(channels=(_ETH_BOOK,), private=False))
            await armed.exhausted()
            await at.until_more(3)
        await at.check()
        assert at.watcher.cleared[BTC] == 0


async def test_s2_s3_lost_snapshot_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resync itself goes wrong: the book stays empty, not wrong, until it is asked again."""
    monkeypatch.setattr(recovery, "PATIENCE_SECS", 0.5)
    async with world(may_fail=True) as at:
        # A delta, those until the gap is noticed and answered, and the snapshot among them.
        armed = at.venue.faults.add(Lose(channels=(_ETH_BOOK,), private=False))
        await armed.exhausted()
        await until(lambda: at.watcher.cleared[ETH] == 1, "the book is emptied")
        lost = at.venue.faults.add(Lose(n=3, channels=(_ETH_BOOK,), private=False))
        await lost.exhausted()
        await at.until_more()
        await at.check()
        assert at.node.data.stream_status().epoch == 1


@pytest.mark.parametrize("away", [False, True], ids=["dropped", "away"])
async def test_s3_s4_lost_stream_empties_every_book(away: bool) -> None:
    async with world() as at:
        if away:
            await at.venue.stop_serving()
            await until(lambda: all(at.watcher.cleared.values()), "both books are emptied")
            await at.venue.resume_serving()
        else:
            sessions = [s for s in at.venue._server.sessions if not s.account]
            for each in sessions:
                each.cut()
        await until(lambda: at.node.data.stream_status().epoch == 2, "it is connected again")
        await at.until_more()
        assert at.watcher.cleared == {ETH: 1, BTC: 1}
        if not away:  # else the reader was cut off too
            await at.check()
