"""JWTs that expire or are refused at every moment of a session (E13, S4), in virtual time."""

import asyncio
import functools
from collections import Counter
from typing import Any

import pytest

from nautilus_paradex.network.rest.core import RestCore
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.simulator.faults import ExpireTokens
from nautilus_paradex.simulator.faults import Refused
from nautilus_paradex.simulator.faults import RequestFault
from nautilus_paradex.simulator.faults import SlowResponse
from tests.acceptance.node import KEY
from tests.acceptance.node import until
from tests.conftest import Count
from tests.faults.sessions import BUY
from tests.faults.sessions import fills_of
from tests.virtual.sessions import SLOW_VENUE
from tests.virtual.sessions import VirtualSession
from tests.virtual.sessions import seeds
from tests.virtual.sessions import tell
from tests.virtual.stories import until_healthy
from tests.virtual.venue_counts import placed_by_node


_LOGIN = f"/auth/{Signer(KEY).public_key_hex}"
_TRANSPORTS = ("rest", "ws")
_REJECTIONS = {"OrderRejected", "OrderModifyRejected", "OrderCancelRejected", "OrderDenied"}


class Told:
    """What a story did, for the count."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()

    def note(self, at: VirtualSession, **figures: int) -> None:
        """Count what the venue has, and see that no command was refused or carried out twice."""
        self.figures["orders"] += len(at.venue.exchange.queries.order_history(at.account))
        self.figures["fills"] += len(fills_of(at.venue, at.account))
        self.figures["logins"] += at.sent("POST", _LOGIN)
        self.figures.update(figures)
        assert not _REJECTIONS & set(at.node.names())
        assert {n for _, n in placed_by_node(at).items()} == {1}


# -- IN MID-SESSION --------------------------------------------------------------------------------


async def hours_of_orders(at: VirtualSession, told: Told, *, hours: float) -> None:
    """Orders are placed, repriced, filled and canceled for longer than many tokens live."""
    end = at.loop.time() + hours * 3600.0
    while at.loop.time() < end:
        order = await at.rest(BUY, "0.3", "2490")
        at.rival.place("SELL", "0.1", "2490", "IOC")
        at.reprice(order, "2491")
        await until(lambda order=order: str(order.price) == "2491.00", "it is modified")
        at.desk.cancel_order(order)
        await until(lambda order=order: order.is_closed, "it is canceled")
        await asyncio.sleep(60.0 * at.chance.random())
    told.note(at)
    # The socket outlives its tokens.
    assert at.node.execution.stream_status().epoch == 1


@pytest.mark.survives(5)
@pytest.mark.parametrize("transport", _TRANSPORTS)
@pytest.mark.parametrize("seed", seeds(1))
def test_e13_orders_go_on_past_the_lives_of_many_tokens(
    seed: int, transport: str, count: Count
) -> None:
    told = Told()
    story = functools.partial(hours_of_orders, told=told, hours=0.75)
    tell(story, seed, config=SLOW_VENUE, execution={"order_transport": transport})
    # A token lives for five minutes, and another is fetched well before its end.
    assert 9 <= told.figures["logins"] <= 20
    count(seed=seed, **told.figures)


def _expiries(command: str, transport: str) -> list[RequestFault]:
    """Return how the venue may refuse a command's token, by the way that the command takes."""
    if transport == "rest":
        method = {"create": "POST", "modify": "PUT", "cancel": "DELETE"}[command]
        return [ExpireTokens(method=method, path="/orders")]
    path = f"order.{command}"
    return [
        Refused(method="WS", path=path, code="INVALID_TOKEN", rpc_code=code)
        for code in (40110, 40111)
    ]


async def refused_commands(at: VirtualSession, told: Told, *, transport: str) -> None:
    """The token is refused for a create, a modify and a cancel, again and again."""
    met = 0

    async def meet(command: str, turn: int) -> None:
        nonlocal met
        expiries = _expiries(command, transport)
        await until_healthy(at)  # so that a command by WebSocket goes by it
        fault = at.venue.faults.add(expiries[turn % len(expiries)])
        await done[command]()
        assert fault.is_exhausted
        met += 1

    async def create() -> None:
        orders.append(await at.rest(BUY, "0.1", "2490"))

    async def modify() -> None:
        at.reprice(orders[-1], "2491")
        await until(lambda: str(orders[-1].price) == "2491.00", "it is modified")

    async def cancel() -> None:
        at.desk.cancel_order(orders[-1])
        await until(lambda: orders[-1].is_closed, "it is canceled")

    orders: list[Any] = []
    done = {"create": create, "modify": modify, "cancel": cancel}
    for turn in range(4):
        for command in done:
            await meet(command, turn)
    told.note(at, expiries=met)
    assert told.figures["orders"] == 4


@pytest.mark.survives(5)
@pytest.mark.parametrize("transport", _TRANSPORTS)
@pytest.mark.parametrize("seed", seeds(1))
def test_e13_e6_commands_whose_token_is_refused_are_carried_out_once(
    seed: int, transport: str, count: Count
) -> None:
    told = Told()
    story = functools.partial(refused_commands, told=told, transport=transport)
    tell(story, seed, execution={"order_transport": transport})
    count(seed=seed, **told.figures)


# -- IN MID-RECONNECT, IN MID-PAGE -----------------------------------------------------------------


async def trade_while_away(at: VirtualSession, told: Told, *faults: RequestFault) -> None:
    """Cut the stream; orders are filled and commanded before it is back, past these faults."""
    filled = await at.rest(BUY, "1", "2490")
    repriced = await at.rest(BUY, "0.7", "2480")
    canceled = await at.rest(BUY, "0.6", "2470")
    logins = at.sent("POST", _LOGIN)
    armed = [at.venue.faults.add(fault) for fault in faults]
    await at.venue.drop_connections()
    for _ in range(7):
        at.rival.place("SELL", "0.1", "2490", "IOC")
    at.reprice(repriced, "2481")
    at.desk.cancel_order(canceled)
    placed = at.desk.limit(BUY, "0.5", "2460", post_only=True)
    await until(lambda: str(filled.filled_qty) == "0.7000", "the fills are told", 60.0)
    await until(lambda: str(repriced.price) == "2481.00", "it is modified", 60.0)
    await until(lambda: canceled.is_closed and placed.is_open, "canceled and placed", 60.0)
    await until(lambda: all(fault.is_exhausted for fault in armed), "all faults happened", 60.0)
    await until_healthy(at)
    await at.ends_equal()
    assert at.node.names().count("OrderFilled") == 7
    told.note(at, reconnects=1, expiries=1, fresh_logins=at.sent("POST", _LOGIN) - logins)


@pytest.mark.survives(5)
@pytest.mark.parametrize("transport", _TRANSPORTS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("WS", "auth"),
        ("WS", "subscribe"),
        ("GET", "/account"),
        ("GET", "/balance"),
        ("GET", "/orders"),
        ("GET", "/orders-history"),
        ("GET", "/fills"),
        ("GET", "/positions"),
    ],
)
@pytest.mark.parametrize("seed", seeds(1))
def test_e13_s4_token_that_expires_in_mid_reconnect_costs_nothing(
    seed: int, method: str, path: str, transport: str, count: Count
) -> None:
    """Whichever request of the recovery meets it: authentication, subscriptions or the proof."""
    told = Told()

    async def story(at: VirtualSession) -> None:
        await trade_while_away(at, told, ExpireTokens(method=method, path=path))

    tell(story, seed, execution={"order_transport": transport})
    assert told.figures.pop("fresh_logins") > 0
    count(seed=seed, **told.figures)


async def on_small_pages(at: VirtualSession, told: Told, *, path: str, page: int) -> None:
    """A page of a history meets the expiry, after others that did not."""
    for _ in range(3):
        order = await at.rest(BUY, "0.1", "2400")
        at.desk.cancel_order(order)
        await until(lambda order=order: order.is_closed, "it is canceled")
    pages = SlowResponse(method="GET", path=path, ms=0, n=page)
    await trade_while_away(at, told, pages, ExpireTokens(method="GET", path=path))
    assert at.node.names().count("OrderCanceled") == 4


@pytest.mark.survives(5)
@pytest.mark.parametrize("path", ["/fills", "/orders-history"])
@pytest.mark.parametrize("page", [1, 2, 4])
@pytest.mark.parametrize("seed", seeds(1))
def test_e13_token_that_expires_between_pages_costs_no_row(
    seed: int, path: str, page: int, monkeypatch: pytest.MonkeyPatch, count: Count
) -> None:
    """A page is asked for again with the cursor that it had, and no row is lost or doubled."""
    monkeypatch.setitem(RestCore._pages.__kwdefaults__, "page_size", 1)
    told = Told()
    tell(functools.partial(on_small_pages, told=told, path=path, page=page), seed)
    assert told.figures.pop("fresh_logins") > 0
    count(seed=seed, **told.figures)
