"""S6: what is polled of quotes and summaries: few one by one, many at once, nothing twice."""

from types import SimpleNamespace

import msgspec
import pytest

from nautilus_paradex.data.fallback import MOST_SINGLE
from nautilus_paradex.data.fallback import MarketPolling
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import MarketSummary


E8 = 10**8


class Room:
    """Everything around the polling."""

    def __init__(self, quoted: dict[str, bool], summed: list[str]) -> None:
        self.quoted, self.summed = quoted, summed
        self.asked: list[str] = []
        self.taken: list[Bbo | MarketSummary] = []
        self.bids: dict[str, int] = {}
        self.error: Exception | None = None
        self.feed: SimpleNamespace | None = None
        self.polling = MarketPolling(
            feeds=self, quotes=self, summaries=self, rest=self, log=_Silent()
        )

    def wanted(self):
        return self.quoted.items()

    def markets(self):
        return self.summed

    def get(self, market):
        return self.feed

    def on_bbo(self, event):
        self.taken.append(event)

    def on_summary(self, event):
        self.taken.append(event)

    async def bbo(self, market, *, interactive=False):
        self.asked.append(f"bbo {market}{' interactive' if interactive else ''}")
        if self.error is not None:
            raise self.error
        return self._bbo(market)

    async def markets_summary(self, market):
        self.asked.append(f"summary {market}")
        names = self.quoted.keys() | set(self.summed) if market == "ALL" else [market]
        return [
            MarketSummary(market=name, ts_ns=1, mark_price_e8=E8, bid_e8=self.bids.get(name, E8))
            for name in sorted(names)
        ]

    def _bbo(self, market):
        bid = self.bids.get(market, E8)
        return Bbo(
            market=market,
            seq=1,
            bid_e8=bid,
            bid_size_e8=E8,
            ask_e8=None,
            ask_size_e8=None,
            ts_ns=1,
        )


class _Silent:
    def __getattr__(self, _name):
        return lambda *_: None


async def test_s6_few_markets_are_asked_one_by_one():
    room = Room({"A": False, "B": True}, ["C"])
    await room.polling.poll()
    assert room.asked == ["bbo A", "bbo B interactive", "summary C"]
    assert [event.market for event in room.taken] == ["A", "B", "C"]


async def test_s6_what_has_not_moved_is_not_told_again():
    room = Room({"A": False}, ["C"])
    for _ in range(3):
        await room.polling.poll()
    assert len(room.taken) == 2
    room.bids["A"] = 2 * E8
    await room.polling.poll()
    assert len(room.taken) == 3
    room.polling.forget()
    await room.polling.poll()
    assert len(room.taken) == 5


async def test_s7_what_the_stream_quoted_meanwhile_stands():
    room = Room({"A": False}, [])
    room.feed = SimpleNamespace(last_bbo=None)
    await room.polling.poll()
    assert room.feed.last_bbo is None
    room.feed.last_bbo = spoken = room._bbo("A")
    room.bids["A"] = 2 * E8
    await room.polling.poll()
    assert len(room.taken) == 1
    assert room.feed.last_bbo is spoken


async def test_s6_many_markets_are_one_question():
    quoted = {f"M{n:02}": False for n in range(MOST_SINGLE)} | {"RPI": True}
    room = Room(quoted, ["M00"])
    await room.polling.poll()
    assert room.asked == ["summary ALL", "bbo RPI interactive"]
    quotes = [event for event in room.taken if isinstance(event, Bbo)]
    summaries = [event for event in room.taken if isinstance(event, MarketSummary)]
    assert len(quotes) == MOST_SINGLE + 1
    assert [summary.market for summary in summaries] == ["M00"]
    room.bids["M07"] = 3 * E8
    room.taken.clear()
    await room.polling.poll()
    assert [event.market for event in room.taken if isinstance(event, Bbo)] == ["M07"]


async def test_s6_nothing_is_asked_if_nothing_is_wanted():
    room = Room({}, [])
    await room.polling.poll()
    assert room.asked == []


async def test_s6_a_market_without_a_quote_does_not_end_the_round():
    room = Room({"A": False, "B": False}, [])
    room.error = NotFoundError("no book", code="NOT_FOUND")
    await room.polling.poll()
    assert room.asked == ["bbo A", "bbo B"]


@pytest.mark.parametrize(
    "error",
    [TransportError("away", sent=True), NotFoundError("a gateway", outcome_unknown=True)],
)
async def test_s6_a_venue_that_is_away_ends_the_round(error):
    room = Room({"A": False, "B": False}, [])
    room.error = error
    with pytest.raises(type(error)):
        await room.polling.poll()
    assert room.asked == ["bbo A"]


def test_values_are_what_they_seem():
    """The rows above rest on equality by value."""
    one = MarketSummary(market="A", ts_ns=1)
    assert one == msgspec.structs.replace(one)
