"""Tokens that expire at the worst moments: in a reconnect, and between two pages (E13)."""

import pytest

from nautilus_paradex.network.rest.core import RestCore
from nautilus_paradex.protocol.signing import Signer
from nautilus_paradex.simulator.faults import ExpireTokens
from nautilus_paradex.simulator.faults import RequestFault
from nautilus_paradex.simulator.faults import SlowResponse
from tests.acceptance.node import KEY
from tests.acceptance.node import until
from tests.faults.sessions import BUY
from tests.faults.sessions import Session
from tests.faults.sessions import fills_of
from tests.faults.sessions import session


LOGIN = f"/auth/{Signer(KEY).public_key_hex}"


async def trade_while_away(at: Session, *faults: RequestFault) -> None:
    """Cut the stream, and let an order be filled before it is back, past these faults."""
    filled = await at.rest(BUY, "1", "2490")
    await at.rest(BUY, "0.7", "2480")
    armed = [at.venue.faults.add(fault) for fault in faults]
    await at.venue.drop_connections()
    for _ in range(7):
        at.rival.place("SELL", "0.1", "2490", "IOC")
    await until(lambda: str(filled.filled_qty) == "0.7000", "the fills are told", 20.0)
    await until(lambda: all(fault.is_exhausted for fault in armed), "all faults happened")
    await until(lambda: at.node.execution.stream_status().healthy, "the stream is healthy")


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
async def test_e13_s4_token_that_expires_in_mid_reconnect_costs_nothing(
    method: str, path: str
) -> None:
    """Whichever request of the recovery meets it: authentication, subscriptions or the proof."""
    async with session() as at:
        logins = at.sent("POST", LOGIN)
        await trade_while_away(at, ExpireTokens(method=method, path=path))
        if path != "subscribe":  # a socket that is authenticated outlives its token
            assert at.sent("POST", LOGIN) > logins
        await at.ends_equal()
        assert len(fills_of(at.venue, at.account)) == 7
        assert at.node.names().count("OrderFilled") == 7


@pytest.mark.parametrize("path", ["/fills", "/orders-history"])
@pytest.mark.parametrize("pages", [1, 2])
async def test_e13_token_that_expires_between_pages_costs_no_row(
    path: str, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is asked for again with the cursor that it had, and no row is lost or doubled."""
    monkeypatch.setitem(RestCore._pages.__kwdefaults__, "page_size", 1)
    async with session() as at:
        for _ in range(3):
            order = await at.rest(BUY, "0.1", "2400")
            at.desk.cancel_order(order)
            await until(lambda order=order: order.is_closed, "it is canceled")
        await trade_while_away(
            at,
            SlowResponse(method="GET", path=path, ms=0, n=pages),
            ExpireTokens(method="GET", path=path),
        )
        await at.ends_equal()
        assert at.node.names().count("OrderFilled") == 7
        assert at.node.names().count("OrderCanceled") == 3
