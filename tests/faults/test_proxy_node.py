"""A node behind bad connections: TCP itself slices, stalls, cuts and refuses (S4, S5, E5, E6)."""

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest

from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import SimulatorConfig
from nautilus_paradex.simulator.clock import wall_clock_us
from nautilus_paradex.simulator.proxy import Cut
from nautilus_paradex.simulator.proxy import Delay
from nautilus_paradex.simulator.proxy import Disturbance
from nautilus_paradex.simulator.proxy import Ending
from nautilus_paradex.simulator.proxy import FaultProxy
from nautilus_paradex.simulator.proxy import NeverAnswer
from nautilus_paradex.simulator.proxy import Slice
from nautilus_paradex.simulator.proxy import Stall
from nautilus_paradex.simulator.proxy import Throttle
from nautilus_paradex.simulator.proxy import Way
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import running_node
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import SELL
from tests.faults.sessions import Session
from tests.faults.test_stream_cuts import trade_thirty_orders


_IDLE_TIMEOUT_S = 1.0
#: Pings and heartbeats come more often than silence is taken for a stall.
_LIVELY = SimulatorConfig(heartbeat_interval_s=0.3, ping_interval_s=0.3)
_DEADLINE_S = 30.0


class ProxiedSession(Session):
    """
    A session whose node reaches the venue by way of two proxies.

    Attributes
    ----------
    http : FaultProxy
        Before REST.
    streams : FaultProxy
        Before the WebSocket: the private stream and market data.

    """

    http: FaultProxy
    streams: FaultProxy


@asynccontextmanager
async def proxied_session(
    seed: int = 1, clock_us: Callable[[], int] = wall_clock_us
) -> AsyncIterator[ProxiedSession]:
    """Run a venue, a proxy before REST, one before its streams, and a node behind both."""
    async with LocalParadex(seed=seed, market=False, config=_LIVELY, clock_us=clock_us) as venue:
        account = venue.create_account(KEY)
        desk = Desk()
        async with (
            FaultProxy.before(venue.http_url) as http,
            FaultProxy.before(venue.ws_url) as streams,
        ):
            reached = {
                "base_url_http": http.url(venue.http_url),
                "base_url_ws": streams.url(venue.ws_url),
                "ws_idle_timeout_secs": _IDLE_TIMEOUT_S,
                "http_timeout_secs": 1,
            }
            execution = {**reached, "recv_window_ms": 3_000}
            async with running_node(
                venue, account, strategies=[desk], data=reached, execution=execution, may_fail=True
            ) as node:
                at = ProxiedSession(venue, account, node, desk)
                at.http, at.streams = http, streams
                yield at


def epoch_of(at: Session) -> int:
    return at.node.execution.stream_status().epoch


def is_healthy(at: Session, epoch: int = 1) -> bool:
    status = at.node.execution.stream_status()
    return status.healthy and status.epoch >= epoch


async def trade(at: Session) -> None:
    """Submit, modify, fill and cancel orders, without waiting for any of it."""
    bid = await at.rest(BUY, "1", "2490")
    ask = await at.rest(SELL, "1", "2510")
    at.rival.place("SELL", "0.4", "2490", "IOC")
    at.reprice(ask, "2511")
    at.desk.limit(BUY, "0.5", "2480", post_only=True)
    at.desk.cancel_order(bid)
    at.rival.place("BUY", "0.2", "2520", "IOC")


# -- SLOW AND SLICED ------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(1,), (1, 2, 3, 50, 1_000)], ids=str)
async def test_every_byte_by_itself_is_as_good_as_all_at_once(sizes: tuple[int, ...]) -> None:
    async with proxied_session() as at:
        at.streams.add(Slice(sizes=sizes))
        at.http.add(Slice(sizes=sizes))
        await trade(at)
        await at.ends_equal()
        assert epoch_of(at) == 1


@pytest.mark.parametrize(
    "disturbance",
    [Delay(ms=20), Delay(ms=60, way=Way.TO_CLIENT), Throttle(bytes_per_s=40_000)],
    ids=repr,
)
async def test_slow_connections_are_no_fault(disturbance: Disturbance) -> None:
    async with proxied_session() as at:
        at.streams.add(disturbance)
        at.http.add(disturbance)
        await trade_thirty_orders(at, seed=2)
        await at.ends_equal()
        assert epoch_of(at) == 1


# -- CUT STREAMS ----------------------------------------------------------------------------------


async def cut_streams(at: ProxiedSession, after: int, ending: Ending) -> None:
    """Cut both of the node's sockets, each after so many bytes, most of them inside a frame."""
    cut = at.streams.add(Cut(after=after, way=Way.TO_CLIENT, ending=ending, n=2))
    await trade_thirty_orders(at, seed=after)
    await until(lambda: is_healthy(at), "the stream is healthy", _DEADLINE_S)
    await at.ends_equal()
    assert cut.fired


@pytest.mark.parametrize("ending", list(Ending))
@pytest.mark.parametrize("after", [0, 3, 1_500])
async def test_e5_e10_streams_cut_within_a_frame(after: int, ending: Ending) -> None:
    async with proxied_session(seed=after) as at:
        await cut_streams(at, after, ending)


@pytest.mark.parametrize("after", [0, 200, 900])
async def test_s4_e10_streams_cut_again_while_they_recover(after: int) -> None:
    async with proxied_session() as at:
        await trade(at)
        cut = at.streams.add(Cut(after=after, n=6))
        at.streams.cut_all(Ending.RST)
        await trade(at)
        await until(lambda: cut.is_exhausted, "they are cut", _DEADLINE_S)
        await until(lambda: is_healthy(at, 2), "the stream is healthy", _DEADLINE_S)
        await at.ends_equal()


# -- LOST REQUESTS AND ANSWERS --------------------------------------------------------------------


async def cut_commands(at: ProxiedSession, after: int, way: Way, ending: Ending) -> None:
    """Cut commands after so many bytes: none is sent twice, none is lost."""
    await trade(at)
    await at.ends_equal()
    cut = at.http.add(Cut(after=after, way=way, ending=ending, n=3))
    at.desk.limit(BUY, "1", "2470", post_only=True)
    at.desk.limit(SELL, "1", "2530", post_only=True)
    for order in at.node.cache.orders_open():
        at.desk.cancel_order(order)
    await until(lambda: cut.fired, "a request is cut", _DEADLINE_S)
    at.http.clear()
    await at.ends_equal()
    placed = [order.client_id for order in at.venue.exchange.queries.order_history(at.account)]
    assert len(placed) == len(set(placed))


@pytest.mark.parametrize(
    ("after", "way", "ending"),
    [
        (0, Way.TO_CLIENT, Ending.FIN),
        (100, Way.TO_CLIENT, Ending.RST),
        (0, Way.TO_SERVER, Ending.RST),
        (100, Way.TO_SERVER, Ending.FIN),
    ],
)
async def test_e6_commands_cut_on_their_way_and_on_their_way_back(
    after: int, way: Way, ending: Ending
) -> None:
    async with proxied_session(seed=after) as at:
        await cut_commands(at, after, way, ending)


# -- SILENCE --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [None, Way.TO_CLIENT])
async def test_s5_streams_that_fall_silent_are_left(way: Way | None) -> None:
    async with proxied_session() as at:
        await trade(at)
        await at.ends_equal()
        at.streams.add(Stall(way=way))
        at.rival.place("BUY", "0.3", "2520", "IOC")
        await until(lambda: not is_healthy(at), "the silence is noticed", _DEADLINE_S)
        at.streams.clear()
        await until(lambda: is_healthy(at, 2), "the stream is healthy", _DEADLINE_S)
        await at.ends_equal()


async def test_e6_requests_that_are_never_answered_are_resolved() -> None:
    async with proxied_session() as at:
        await trade(at)
        await at.ends_equal()
        at.http.add(Stall(way=Way.TO_CLIENT))
        order = at.desk.limit(BUY, "1", "2470", post_only=True)
        await until(lambda: order.is_open or order.is_closed, "the stream tells", _DEADLINE_S)
        at.http.clear()
        at.http.cut_all(Ending.RST)
        await at.ends_equal()


# -- NOBODY THERE ---------------------------------------------------------------------------------


async def refuse(at: ProxiedSession) -> Callable[[], object]:
    await at.streams.refuse()
    return at.streams.accept


async def never_answer(at: ProxiedSession) -> Callable[[], object]:
    armed = at.streams.add(NeverAnswer())
    return lambda: at.streams.remove(armed)


@pytest.mark.parametrize("close", [refuse, never_answer])
async def test_s4_s6_streams_that_are_not_let_in_come_back(
    close: Callable[[ProxiedSession], AsyncIterator[Callable[[], object]]],
) -> None:
    async with proxied_session() as at:
        await trade(at)
        open_again = await close(at)
        at.streams.cut_all()
        at.rival.place("BUY", "0.3", "2520", "IOC")
        await until(lambda: not is_healthy(at), "the cut is noticed", _DEADLINE_S)
        at.rival.place("BUY", "0.1", "2520", "IOC")
        done = open_again()
        if asyncio.iscoroutine(done):
            await done
        await until(lambda: is_healthy(at, 2), "the stream is healthy", _DEADLINE_S)
        await at.ends_equal()
