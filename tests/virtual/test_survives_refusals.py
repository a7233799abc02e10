"""No stream is let in for an hour (S4, S6, E12): refused, throttled, failing, never answered."""

import asyncio
import functools
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from nautilus_paradex.simulator.faults import Fault
from nautilus_paradex.simulator.faults import HandshakeStatus
from nautilus_paradex.simulator.faults import RefuseConnects
from nautilus_paradex.simulator.faults import Stall
from nautilus_paradex.simulator.faults import UnansweredConnects
from tests.acceptance.node import ETH
from tests.acceptance.node import Desk
from tests.acceptance.node import until
from tests.conftest import Count
from tests.virtual.leaks import grown
from tests.virtual.leaks import holdings
from tests.virtual.sessions import SLOW_VENUE
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import rest_orders
from tests.virtual.stories import until_healthy
from tests.virtual.traffic import Traffic
from tests.virtual.venue_counts import VenueCounts


_ALWAYS = 1_000_000

#: How an upgrade may end. What goes wrong with a frame goes wrong once the upgrade is answered.
REFUSALS: dict[str, Fault] = {
    "refused": RefuseConnects(n=_ALWAYS),
    "throttled": HandshakeStatus(status=429, retry_after=20, n=_ALWAYS),
    "throttled without a word": HandshakeStatus(status=429, n=_ALWAYS),
    "unavailable": HandshakeStatus(status=503, n=_ALWAYS),
    "no encoding served": HandshakeStatus(status=400, n=_ALWAYS),
    "forbidden": HandshakeStatus(status=403, n=_ALWAYS),
    "unauthorized": HandshakeStatus(status=401, n=_ALWAYS),
    "never answered": UnansweredConnects(n=_ALWAYS),
    "let in and silent": Stall(frames=0, channels=("answer",), n=_ALWAYS),
}

#: Reading by REST comes each 15 s, with a few seconds for what was just commanded.
_POLLED_S = 40.0
#: An attempt waits for 10 s at most, then 16 s, and the venue's pause of 20 s.
_LONGEST_WAIT_S = 40.0
#: Half of the first second is certain; an upgrade may be tried in four encodings.
_SHORTEST_WAIT_S = 0.5
_ENCODINGS = 4

_LINES_AN_HOUR = 120


class QuotedDesk(Desk):
    """Knows the latest quote and mark price."""

    def __init__(self) -> None:
        super().__init__()
        self.quote: Any = None
        self.mark: Any = None

    def on_start(self) -> None:
        self.subscribe_quote_ticks(ETH)
        self.subscribe_mark_prices(ETH)

    def on_quote_tick(self, tick: Any) -> None:
        self.quote = tick

    def on_mark_price(self, mark_price: Any) -> None:
        self.mark = mark_price


def quotes_differ(at: VirtualSession, desk: QuotedDesk) -> str:
    """Return how the strategy's quote and mark price differ from the venue's; empty if not."""
    top = at.venue.exchange.queries.bbo(ETH.symbol.value)
    summary = at.venue.exchange.queries.market_summary(ETH.symbol.value)
    best = (top.bid, top.bid_size, top.ask, top.ask_size, summary.mark_price)
    quote = desk.quote
    numbers = (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size, desk.mark.value)
    known = tuple(number.as_decimal() for number in numbers)
    return "" if known == best else f"{known} is quoted, {best} is the venue's"


async def refused(
    at: VirtualSession,
    desk: QuotedDesk,
    figures: Counter[str],
    *,
    kinds: tuple[str, ...],
    seconds: float,
) -> None:
    """Refuse in one way after the other, for so long each."""
    traffic, counts = Traffic(at), VenueCounts(at)
    await rest_orders(at)
    await at.ends_equal()
    before, lines = holdings(at), _losses(at)
    await at.venue.drop_connections()
    for number, kind in enumerate(kinds):
        at.venue.faults.clear()
        at.venue.faults.add(REFUSALS[kind])
        # Nobody who got in between two ways of refusing stays in.
        await at.venue.drop_connections()
        await traffic.run(seconds - _POLLED_S, 45.0)
        at.venue.exchange.set_prices(ETH.symbol.value, mark=Decimal(2500 + number % 2))
        # Polling keeps the state right in between (S6).
        await at.ends_equal(deadline_s=_POLLED_S)
        await until(lambda: not quotes_differ(at, desk), lambda: quotes_differ(at, desk), _POLLED_S)
        assert not at.node.execution.stream_status().healthy
        assert at.node.execution.status()["degraded"]
        assert at.node.data.status()["degraded"]
    failed = at.node.execution.stream_status().failed_attempts
    assert failed > len(kinds) * seconds / _LONGEST_WAIT_S
    assert _losses(at) - lines < _LINES_AN_HOUR
    assert counts.excesses() == []
    waits = counts.intervals("connects")
    # Two streams, each of which tries every encoding before it waits.
    assert counts.total("connects") < 2 * _ENCODINGS * (failed + 20)
    assert max(waits) < _LONGEST_WAIT_S
    figures["refused connects"] = counts.total("connects")
    at.venue.faults.clear()
    await until_healthy(at)
    await at.ends_equal()
    assert grown(before, holdings(at)) == []
    figures["orders"] = len(at.venue.exchange.queries.order_history(at.account))
    figures["fills"] = len(at.venue.exchange.queries.fills(at.account))


def _losses(at: VirtualSession) -> int:
    log = at.node.log()
    return sum(log.count(words) for words in ("connection lost", "the venue refuses", "polling"))


@pytest.mark.survives(3)
@pytest.mark.parametrize("transport", ["rest", pytest.param("ws", marks=pytest.mark.soak)])
@pytest.mark.parametrize("seed", seeds(1))
def test_s6_an_hour_of_refusals_keeps_the_limits_and_polling_keeps_the_state(
    seed: int, transport: str, count: Count
) -> None:
    figures: Counter[str] = Counter()
    kinds = tuple(REFUSALS)
    desk = QuotedDesk()
    story = functools.partial(
        refused, desk=desk, figures=figures, kinds=kinds, seconds=3_900.0 / len(kinds)
    )
    trace = tell(
        story, seed, config=SLOW_VENUE, execution={"order_transport": transport}, desk=desk
    )
    assert trace[-1][0] > 3_600
    count(hours=1, seed=seed, **{name.replace(" ", "_"): n for name, n in figures.items()})


# -- STOPPING --------------------------------------------------------------------------------------


#: The node says goodbye to its engines, which takes a tenth of a second, and to open sockets.
_AT_ONCE_S = 3.0


async def stopped(at: VirtualSession, *, kind: str) -> None:
    await rest_orders(at)
    if kind == "away":
        await at.venue.stop_serving()
    elif kind != "healthy":
        at.venue.faults.add(REFUSALS[kind])
        await at.venue.drop_connections()
    at.desk.limit(at.desk.cache.orders_open()[0].side, "1", "2450")
    await asyncio.sleep(90.0 * at.chance.random())
    began = at.loop.time()
    await at.node.node.stop_async()
    took = at.loop.time() - began
    assert took < _AT_ONCE_S, f"stopping took {took:.1f} s"


@pytest.mark.parametrize("kind", ["healthy", "away", *REFUSALS])
@pytest.mark.parametrize("seed", seeds(1))
def test_s4_node_stops_at_once_whatever_its_streams_are_doing(seed: int, kind: str) -> None:
    tell(functools.partial(stopped, kind=kind), seed, config=SLOW_VENUE, proved=False)
