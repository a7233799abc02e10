"""What is set up wrongly: a sentence that says so, a node that does not trade, and a clean stop."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex import ParadexInstrumentProviderConfig
from nautilus_paradex.data import client as data_client
from nautilus_paradex.execution import client as execution_client
from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import KEY
from tests.acceptance.node import Desk
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until


OTHER_KEY = "0x3a9e61fc9429d05c9723863c902ec8c82bc586195aef9fae0fdb53d6811586c"
HTML = "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"


class Place(msgspec.Struct, frozen=True):
    """Where a node is told that Paradex is."""

    http_url: str
    ws_url: str


@asynccontextmanager
async def server_that_says(
    body: str, *, status: int = 200, content_type: str = "text/html"
) -> AsyncIterator[Place]:
    """Serve one answer to everything, the WebSocket's upgrade included."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text=body, status=status, content_type=content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        yield Place(f"http://127.0.0.1:{port}/v1", f"ws://127.0.0.1:{port}/v1")
    finally:
        await runner.cleanup()


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up after a second what otherwise takes most of a minute."""
    for module in (data_client, execution_client):
        monkeypatch.setattr(module, "CONNECT_DEADLINE_SECS", 1.0)


def said(node: RunningNode, client: str, *words: str) -> bool:
    """Return if one error of a client has all these words."""
    return any(
        all(word in line for word in words)
        for line in node.log().split("\n20")
        if "[ERROR]" in line and client in line
    )


async def check_failure(
    place: Any, account: str, clients: tuple[str, ...], *words: str, **settings: Any
) -> None:
    """See that a node says what is wrong, does not trade, names no secret and stops cleanly."""
    desk = Desk()
    async with running_node(
        place,
        account,
        strategies=[desk],
        started=False,
        may_fail=True,
        connect_deadline_s=1.0,
        **settings,
    ) as node:
        for client in clients:
            await until(lambda client=client: said(node, client, *words), node.log)
        assert not node.is_started
        assert not desk.is_running
    key = settings.get("private_key", KEY)
    assert key.removeprefix("0x") not in node.log()


BOTH = ("DataClient-PARADEX", "ExecClient-PARADEX")
EXECUTION = ("ExecClient-PARADEX",)


# -- CREDENTIALS -----------------------------------------------------------------------------------


async def test_wrong_key_is_named_and_nothing_trades() -> None:
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        await check_failure(
            venue,
            account,
            EXECUTION,
            "STARKNET_SIGNATURE_VERIFICATION_FAILED",
            "private_key",
            private_key=OTHER_KEY,
        )


async def test_account_of_somebody_else_is_named() -> None:
    async with LocalParadex(market=False) as venue:
        venue.create_account(KEY)
        other = venue.create_account(OTHER_KEY)
        await check_failure(venue, other, EXECUTION, "STARKNET_SIGNATURE_VERIFICATION_FAILED")


async def test_account_that_does_not_exist_is_named() -> None:
    async with LocalParadex(market=False) as venue:
        venue.create_account(KEY)
        await check_failure(venue, "0xdeadbeef", EXECUTION, "NOT_ONBOARDED")


async def test_read_only_token_that_is_refused_is_named() -> None:
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        await check_failure(
            venue,
            account,
            EXECUTION,
            "read-only token",
            execution={"private_key": None, "read_only_token": "not.a.token"},
        )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"account_address": None}, "set account_address .* PARADEX_LOCAL_ACCOUNT_ADDRESS"),
        ({"private_key": None}, "set private_key .* PARADEX_LOCAL_PRIVATE_KEY"),
        ({"private_key": "hunter2"}, "private_key is not a Starknet private key"),
        ({"private_key": "0x" + "f" * 64}, "private_key is not a Starknet private key"),
        ({"account_address": "somebody"}, "account_address is not an L2 address"),
        ({"base_url_http": "http://api.example.com/v1"}, "api.example.com"),
        ({"base_url_ws": "nowhere"}, "base_url_ws: .* needs a host"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
async def test_what_cannot_work_is_refused_when_the_node_is_built(
    settings: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence that says what to set, before any connection."""
    for name in ("ACCOUNT_ADDRESS", "PRIVATE_KEY"):
        monkeypatch.delenv(f"PARADEX_LOCAL_{name}", raising=False)
    place = Place("http://127.0.0.1:9/v1", "ws://127.0.0.1:9/v1")
    with pytest.raises(ValueError, match=sentence) as refusal:
        async with running_node(place, "0x1234", execution=settings):
            pytest.fail("the node was built")
    assert "hunter2" not in str(refusal.value)
    assert "f" * 64 not in str(refusal.value)


# -- THE WAY TO THE VENUE --------------------------------------------------------------------------


async def test_host_that_is_not_there_is_named() -> None:
    port = closed_port()
    place = Place(f"http://127.0.0.1:{port}/v1", f"ws://127.0.0.1:{port}/v1")
    await check_failure(place, "0x1234", BOTH, "cannot connect", f"127.0.0.1:{port}")


async def test_name_that_does_not_resolve_is_named() -> None:
    place = Place("https://paradex.invalid/v1", "wss://paradex.invalid/v1")
    await check_failure(place, "0x1234", BOTH, "cannot connect", "paradex.invalid")


@pytest.mark.parametrize(
    ("body", "status", "content_type"),
    [
        (HTML, 200, "text/html"),
        ("", 200, "application/json"),
        ("{}", 200, "application/json"),
        ('{"server_time": "yesterday"}', 200, "application/json"),
        ("[1, 2", 200, "application/json"),
    ],
)
async def test_server_that_answers_nonsense_is_named(
    body: str, status: int, content_type: str
) -> None:
    async with server_that_says(body, status=status, content_type=content_type) as place:
        await check_failure(place, "0x1234", BOTH, "/system/time")


async def test_server_that_is_out_of_order_is_named() -> None:
    async with server_that_says(HTML, status=502) as place:
        await check_failure(place, "0x1234", BOTH, "HTTP 502 Bad Gateway")


@pytest.mark.parametrize("status", [200, 404, 502])
async def test_websocket_that_is_none_is_named(status: int) -> None:
    """REST works, and the other address is a web page."""
    async with LocalParadex(market=False) as venue, server_that_says(HTML, status=status) as page:
        account = venue.create_account(KEY)
        place = Place(venue.http_url, page.ws_url)
        await check_failure(place, account, BOTH, str(status))


async def test_websocket_that_nobody_serves_is_named() -> None:
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        place = Place(venue.http_url, f"ws://127.0.0.1:{closed_port()}/v1")
        await check_failure(place, account, BOTH, "cannot connect")


async def test_venue_in_maintenance_is_named() -> None:
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        venue.set_system_state("maintenance")
        await check_failure(venue, account, EXECUTION, "SERVICE_UNAVAILABLE")


# -- MARKETS ---------------------------------------------------------------------------------------


async def test_market_that_does_not_exist_is_named() -> None:
    missing = InstrumentId.from_str("NOPE-USD-PERP.PARADEX")
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        await check_failure(
            venue,
            account,
            BOTH,
            "Paradex has no market NOPE-USD-PERP",
            instruments=[missing],
        )


async def test_market_that_is_gone_does_not_keep_the_others_from_starting() -> None:
    missing = InstrumentId.from_str("NOPE-USD-PERP.PARADEX")
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        async with running_node(venue, account, instruments=[ETH, missing], may_fail=True) as node:
            assert node.cache.instrument(ETH) is not None
            assert node.cache.instrument(missing) is None
            assert "Paradex has no market NOPE-USD-PERP" in node.log()


def test_instrument_of_another_venue_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"ETHUSDT\.BINANCE is not an instrument"):
        ParadexInstrumentProviderConfig(load_ids=frozenset({"ETHUSDT.BINANCE"}))


async def test_market_that_is_not_loaded_is_named_and_its_orders_are_denied() -> None:
    """P16: what cannot be reported is said aloud, with what to set."""
    desk = Desk()
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        Trader(venue, account).place("BUY", "0.1", "2400.00")
        async with running_node(venue, account, strategies=[desk], instruments=[BTC]) as node:
            assert "ETH-USD-PERP is not loaded" in node.log()
            assert "add it to the provider's load_ids" in node.log()
            assert not node.cache.orders()
            order = desk.order_factory.limit(
                ETH, OrderSide.BUY, Quantity.from_str("0.1000"), Price.from_str("2400.00")
            )
            desk.submit_order(order)
            await until(lambda: node.story(order) == ["OrderInitialized", "OrderDenied"])
            assert len(venue.exchange.queries.order_history(account)) == 1


# -- LATER -----------------------------------------------------------------------------------------


async def test_node_that_is_stopped_while_it_connects_stops_cleanly() -> None:
    """S4: closing while reconnecting is a case like any other."""
    async with LocalParadex(market=False) as venue:
        account = venue.create_account(KEY)
        venue.stall(True)
        async with running_node(
            venue, account, started=False, may_fail=True, connect_deadline_s=1.0
        ) as node:
            await until(lambda: "Connecting..." in node.log())
            assert not node.is_started
        venue.stall(False)
