"""Every endpoint: its request on the wire, and its answer as the protocol's values."""

import json
from decimal import Decimal
from urllib.parse import parse_qsl
from urllib.parse import urlsplit

import pytest

from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.rest import MAX_BATCH
from nautilus_paradex.network.rest import ParadexRest
from nautilus_paradex.network.rest import core
from nautilus_paradex.network.retry import RetryPolicy
from nautilus_paradex.network.snapshot import read_account
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import AuthenticationError
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import UnmodelledValue
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.messages import AlgoOrderRequest
from nautilus_paradex.protocol.messages import BatchCancelRequest
from nautilus_paradex.protocol.messages import MarginRequest
from nautilus_paradex.protocol.messages import MmpRequest
from nautilus_paradex.protocol.messages import ModifyOrderRequest
from nautilus_paradex.protocol.messages import OrderRequest
from tests.network.scripted_server import Reply
from tests.network.scripted_server import ScriptedServer
from tests.network.scripted_server import answer
from tests.network.scripted_server import refused
from tests.network.virtual_timing import VirtualTiming


T0 = 1_790_000_000_000
MARKET = "BTC-USD-PERP"


class OneToken:
    async def token(self):
        return "jwt"

    async def refresh(self, rejected_token):
        return "jwt2"


@pytest.fixture
async def server():
    async with ScriptedServer([answer({})]) as server:
        yield server


@pytest.fixture
def timing():
    return VirtualTiming()


@pytest.fixture
async def http(server, timing):
    http = ParadexHttpClient(
        HttpSettings(base_url=server.url, retry=RetryPolicy(max_retries=1)),
        timing=timing,
        limiter=RateLimiter(timing),
        log=NoLog(),
    )
    yield http
    await http.close()


@pytest.fixture
def rest(http):
    return ParadexRest(http, OneToken())


def order(number=1, **changes):
    return {
        "id": f"170000{number:04d}",
        "account": "0x026192F7b",
        "market": MARKET,
        "side": "BUY",
        "type": "LIMIT",
        "size": "0.015",
        "remaining_size": "0.010",
        "price": "61234.5",
        "status": "OPEN",
        "created_at": T0 + number,
        "last_updated_at": T0 + number,
        "timestamp": T0,
        "cancel_reason": "",
        "client_id": f"O-{number}",
        "instruction": "GTC",
        "avg_fill_price": "",
        "stp": "EXPIRE_TAKER",
        "flags": [],
        "trigger_price": "0",
        "seq_no": number,
        "request_info": None,
        **changes,
    }


def fill(number=1, **changes):
    return {
        "id": f"18{number}",
        "account": "0x1",
        "market": MARKET,
        "order_id": "17",
        "client_id": "O-1",
        "side": "BUY",
        "liquidity": "MAKER",
        "price": "61234.5",
        "size": "0.005",
        "fee": "-0.0091",
        "fee_currency": "USDC",
        "fill_type": "FILL",
        "created_at": T0 + number,
        **changes,
    }


def algo(number=1, **changes):
    return {"id": f"a{number}", "status": "OPEN", "created_at": T0 + number, **changes}


def page(*rows, following=None):
    return answer({"results": list(rows), "next": following, "prev": None})


def place(number=1):
    return OrderRequest(
        market=MARKET,
        side=Side.BUY,
        type=OrderType.LIMIT,
        size="0.015",
        price="61234.5",
        instruction=Instruction.GTC,
        signature='["1","2"]',
        signature_timestamp=T0,
        client_id=f"O-{number}",
    )


CHANGE = ModifyOrderRequest(
    id="17",
    market=MARKET,
    side=Side.BUY,
    type=OrderType.LIMIT,
    size="0.02",
    price="61000",
    signature='["1","2"]',
    signature_timestamp=T0,
)
TWAP = AlgoOrderRequest(
    algo_type="TWAP",
    market=MARKET,
    side=Side.SELL,
    type=OrderType.MARKET,
    size="1",
    duration_seconds=60,
    signature='["1","2"]',
    signature_timestamp=T0,
)
LEVERAGE = MarginRequest(leverage=5, margin_type="CROSS")
PROTECTION = MmpRequest(
    interval_ms=1000, frozen_time_ms=0, size_limit="1", delta_limit="0", vega_limit="0"
)
BOOK = {
    "market": MARKET,
    "seq_no": 7,
    "last_updated_at": T0,
    "asks": [["101", "1"], ["100", "2"]],
    "bids": [["98", "1"], ["99", "2"]],
}
BBO = {"market": MARKET, "seq_no": 7, "bid": "99", "bid_size": "2", "ask": "", "ask_size": ""}
TRADE = {
    "id": "1",
    "market": MARKET,
    "side": "SELL",
    "price": "100.5",
    "size": "2",
    "created_at": T0,
    "trade_type": "FILL",
}
FUNDING = {
    "market": MARKET,
    "funding_rate": "0.0001",
    "funding_index": "12",
    "funding_premium": "1",
    "funding_period_hours": 8,
    "created_at": T0,
}
SUMMARY = {
    "account": "0x1",
    "account_value": "10",
    "total_collateral": "9",
    "free_collateral": "8",
    "initial_margin_requirement": "2",
    "maintenance_margin_requirement": "1",
    "settlement_asset": "USDC",
    "status": "ACTIVE",
    "updated_at": T0,
}
POSITION = {"market": MARKET, "status": "OPEN", "side": "SHORT", "size": "-0.345"}
RANGE = {"start_ms": 5, "end_ms": 9}
PAGED = f"start_at=5&end_at=9&page_size={core.PAGE_SIZE}"
SIZED = f"page_size={core.PAGE_SIZE}"


# (call, request line, answer, what must be true of the result)
PUBLIC = [
    (
        lambda r: r.system_config(),
        "GET /system/config",
        {"starknet_chain_id": "PRIVATE_SN_POTC_SEPOLIA"},
        lambda x: x.starknet_chain_id == "PRIVATE_SN_POTC_SEPOLIA",
    ),
    (
        lambda r: r.system_state(),
        "GET /system/state",
        {"status": "cancel_only"},
        lambda x: x is SystemState.CANCEL_ONLY,
    ),
    (
        lambda r: r.system_time(),
        "GET /system/time",
        {"server_time": str(T0)},
        lambda x: x.server_time == str(T0),
    ),
    (
        lambda r: r.markets(),
        "GET /markets",
        {"results": [{"symbol": MARKET, "asset_kind": "PERP"}]},
        lambda x: x[0].symbol == MARKET,
    ),
    (
        lambda r: r.markets(MARKET),
        f"GET /markets?market={MARKET}",
        {"results": []},
        lambda x: x == [],
    ),
    (
        lambda r: r.markets_summary(),
        "GET /markets/summary?market=ALL",
        {"results": [{"symbol": MARKET, "mark_price": "61000.5"}]},
        lambda x: x[0].mark_price_e8 == 6_100_050_000_000,
    ),
    (
        lambda r: r.markets_history("ALL"),
        "GET /markets/history?market=ALL",
        {"results": [{"symbol": MARKET, "event_type": "CREATED", "updated_at": T0}]},
        lambda x: x[0].symbol == MARKET,
    ),
    (
        lambda r: r.klines(MARKET, resolution_mins=5, price_kind="mark", **RANGE),
        f"GET /markets/klines?symbol={MARKET}&resolution=5&start_at=5&end_at=9&price_kind=mark",
        {"results": [[T0, 61000.1, 2.5, 3, 4, 0.1]]},
        lambda x: x[0].open == Decimal("61000.1"),
    ),
    (
        lambda r: r.settlement_price(MARKET),
        f"GET /markets/settlement-price?market={MARKET}",
        {"symbol": MARKET, "settlement_price": "12.5"},
        lambda x: x.settlement_price == "12.5",
    ),
    (
        lambda r: r.orderbook(MARKET),
        f"GET /orderbook/{MARKET}",
        BOOK,
        lambda x: [p for p, _ in x.bids] == [9_900_000_000, 9_800_000_000] and x.is_snapshot,
    ),
    (
        lambda r: r.orderbook("A/B C", depth=5, interactive=True),
        "GET /orderbook/A%2FB%20C/interactive?depth=5",
        BOOK,
        lambda x: x.seq == 7,
    ),
    (
        lambda r: r.bbo(MARKET),
        f"GET /bbo/{MARKET}",
        BBO,
        lambda x: (x.bid_e8, x.ask_e8) == (9_900_000_000, None),
    ),
    (
        lambda r: r.bbo(MARKET, interactive=True),
        f"GET /bbo/{MARKET}/interactive",
        BBO,
        lambda x: x.seq == 7,
    ),
    (
        lambda r: r.trades(MARKET, **RANGE),
        f"GET /trades?market={MARKET}&{PAGED}",
        {"results": [TRADE]},
        lambda x: x[0].price_e8 == 10_050_000_000,
    ),
    (
        lambda r: r.trades(base_asset="BTC", limit=3),
        "GET /trades?baseAsset=BTC&page_size=3",
        {"results": []},
        lambda x: x == [],
    ),
    (
        lambda r: r.funding_data(MARKET, **RANGE),
        f"GET /funding/data?market={MARKET}&start_at=5&end_at=9&page_size=5000",
        {"results": [FUNDING]},
        lambda x: x[0].funding_period_hours == 8,
    ),
]

PRIVATE = [
    (
        lambda r: r.account(),
        "GET /account",
        SUMMARY,
        lambda x: x.free_collateral == Decimal(8),
    ),
    (
        lambda r: r.account_info(),
        "GET /account/info",
        {"results": [{"account": "0x1", "fees": {"maker_rate": "0.00003"}}]},
        lambda x: x[0].fees.maker_rate == "0.00003",
    ),
    (
        lambda r: r.account_profile(),
        "GET /account/profile",
        {"market_max_slippage": {MARKET: "0.01"}},
        lambda x: x.market_max_slippage == {MARKET: "0.01"},
    ),
    (
        lambda r: r.account_margin(MARKET),
        f"GET /account/margin?market={MARKET}",
        {"account": "0x1", "configs": [{"market": MARKET, "leverage": 5}]},
        lambda x: x.configs[0].leverage == 5,
    ),
    (
        lambda r: r.set_account_margin(MARKET, LEVERAGE),
        f"POST /account/margin/{MARKET}",
        {"market": MARKET, "leverage": 5, "margin_type": "CROSS"},
        lambda x: x.leverage == 5,
    ),
    (
        lambda r: r.balances(),
        "GET /balance",
        {"results": [{"token": "USDC", "size": "10.5"}]},
        lambda x: x[0].size == "10.5",
    ),
    (
        lambda r: r.positions(),
        "GET /positions",
        {"results": [POSITION]},
        lambda x: x[0].signed_size == Decimal("-0.345"),
    ),
    (
        lambda r: r.open_orders(),
        "GET /orders",
        {"results": [order()]},
        lambda x: x[0].filled_size == Decimal("0.005"),
    ),
    (
        lambda r: r.open_orders(MARKET),
        f"GET /orders?market={MARKET}",
        {"results": None},
        lambda x: x == [],
    ),
    (
        lambda r: r.order("17"),
        "GET /orders/17",
        order(status="CLOSED"),
        lambda x: x.status is OrderStatus.CLOSED,
    ),
    (
        lambda r: r.order_by_client_id("O/1?x", market=MARKET),
        f"GET /orders/by_client_id/O%2F1%3Fx?market={MARKET}",
        order(),
        lambda x: x.client_id == "O-1",
    ),
    (
        lambda r: r.orders_history(client_id="O-1", market=MARKET, status="CLOSED", **RANGE),
        f"GET /orders-history?client_id=O-1&market={MARKET}&status=CLOSED&{PAGED}",
        {"results": [order()]},
        lambda x: x[0].order_id == "1700000001",
    ),
    (
        lambda r: r.fills(market=MARKET, **RANGE),
        f"GET /fills?market={MARKET}&{PAGED}",
        {"results": [fill()]},
        lambda x: x[0].fee == Decimal("-0.0091"),
    ),
    (
        lambda r: r.funding_payments(MARKET, **RANGE),
        f"GET /funding/payments?market={MARKET}&{PAGED}",
        {"results": [{"id": "1", "market": MARKET, "payment": "-1"}]},
        lambda x: x[0].payment == "-1",
    ),
    (
        lambda r: r.transfers(status="PENDING"),
        f"GET /transfers?status=PENDING&{SIZED}",
        {"results": [{"id": "1", "amount": "5"}]},
        lambda x: x[0].amount == "5",
    ),
    (
        lambda r: r.tradebusts(),
        f"GET /tradebusts?{SIZED}",
        {"results": [{"busted_fill_id": "1"}]},
        lambda x: x[0].busted_fill_id == "1",
    ),
    (lambda r: r.create_order(place()), "POST /orders", order(), lambda x: x.client_id == "O-1"),
    (
        lambda r: r.create_orders_batch([place(1), place(2)]),
        "POST /orders/batch",
        {"orders": [None, order(2)], "errors": [{"error": "X", "message": "no"}, None]},
        lambda x: x["O-2"].client_id == "O-2" and x["O-1"].code == "X",
    ),
    (
        lambda r: r.modify_order(CHANGE),
        "PUT /orders/17",
        order(request_info={"id": "1", "request_type": "MODIFY_ORDER", "status": "PENDING"}),
        lambda x: x.request.status == "PENDING",
    ),
    (lambda r: r.cancel_order("17"), "DELETE /orders/17", None, lambda x: x is None),
    (
        lambda r: r.cancel_by_client_id("O-1", market=MARKET),
        f"DELETE /orders/by_client_id/O-1?market={MARKET}",
        None,
        lambda x: x is None,
    ),
    (lambda r: r.cancel_all(), "DELETE /orders", None, lambda x: x is None),
    (
        lambda r: r.cancel_all(market=MARKET),
        f"DELETE /orders?market={MARKET}",
        {"whatever": 1},
        lambda x: x is None,
    ),
    (
        lambda r: r.cancel_batch(BatchCancelRequest(order_ids=("1",))),
        "DELETE /orders/batch",
        {"results": [{"id": "1", "status": "ALREADY_CLOSED"}]},
        lambda x: x[0].status == "ALREADY_CLOSED",
    ),
    (lambda r: r.create_algo_order(TWAP), "POST /algo/orders", algo(), lambda x: x.id == "a1"),
    (
        lambda r: r.algo_orders(),
        "GET /algo/orders",
        {"results": [algo()]},
        lambda x: x[0].id == "a1",
    ),
    (lambda r: r.algo_order("a1"), "GET /algo/orders/a1", algo(), lambda x: x.status == "OPEN"),
    (lambda r: r.cancel_algo_order("a1"), "DELETE /algo/orders/a1", None, lambda x: x is None),
    (
        lambda r: r.algo_orders_history(market=MARKET, **RANGE),
        f"GET /algo/orders-history?market={MARKET}&{PAGED}",
        {"results": [algo()]},
        lambda x: x[0].id == "a1",
    ),
    (
        lambda r: r.mmp("BTC"),
        "GET /account/mmp?base_asset=BTC",
        {"results": [{"base_asset": "BTC"}], "enabled": True},
        lambda x: x.results[0].base_asset == "BTC",
    ),
    (
        lambda r: r.set_mmp("BTC", PROTECTION),
        "POST /account/mmp/BTC",
        {"base_asset": "BTC", "interval_ms": 1000},
        lambda x: x.interval_ms == 1000,
    ),
    (lambda r: r.delete_mmp("BTC"), "DELETE /account/mmp/BTC", None, lambda x: x is None),
    (
        lambda r: r.reset_mmp(),
        "POST /account/mmp/reset",
        {"results": [{"base_asset": "BTC", "reset_at": T0}]},
        lambda x: x[0].reset_at == T0,
    ),
]

ALL = [*PUBLIC, *PRIVATE]


@pytest.mark.parametrize(("call", "line", "reply", "holds"), ALL, ids=[row[1] for row in ALL])
async def test_each_endpoint_asks_as_the_protocol_says_and_reads_the_answer(
    server, rest, call, line, reply, holds
):
    server.script = [answer(status=204) if reply is None else answer(reply)]
    result = await call(rest)
    assert holds(result)
    request = server.seen[0]
    assert f"{request.method} {request.target.removeprefix('/v1')}" == line
    assert len(server.seen) == 1


@pytest.mark.parametrize(("call", "line", "reply", "holds"), PUBLIC, ids=[row[1] for row in PUBLIC])
async def test_public_endpoints_send_no_token(server, http, call, line, reply, holds):
    server.script = [answer(reply)]
    assert holds(await call(ParadexRest(http)))
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize(
    ("call", "line", "reply", "holds"), PRIVATE, ids=[row[1] for row in PRIVATE]
)
async def test_private_endpoints_send_the_token_and_need_one(
    server, http, rest, call, line, reply, holds
):
    server.script = [answer(status=204) if reply is None else answer(reply)]
    with pytest.raises(AuthenticationError, match="private_key or read_only_token"):
        await call(ParadexRest(http))
    assert server.seen == []
    await call(rest)
    assert server.seen[0].headers["authorization"] == "Bearer jwt"


async def test_an_account_snapshot_reads_through_these_endpoints(server, rest):
    filled = fill(1, order_id="1700000001")
    server.script = [
        page(order(1)),
        page(order(1), order(2, status="CLOSED", remaining_size="0.015")),
        page(filled),
        page(POSITION),
        page(filled),
    ]
    snapshot = await read_account(rest, start_ms=T0, log=NoLog())
    assert sorted(snapshot.orders) == ["1700000001", "1700000002"]
    assert len(snapshot.fills_of("1700000001")) == 1
    assert [p.signed_size for p in snapshot.positions] == [Decimal("-0.345")]
    assert not snapshot.unstable_markets


async def test_request_bodies_are_the_messages_json(server, rest):
    server.script = [answer(order())]
    await rest.create_order(place())
    body = json.loads(server.seen[0].body)
    assert body["client_id"] == "O-1"
    assert body["signature"] == '["1","2"]'
    assert "recv_window" not in body
    server.script = [answer({"orders": [], "errors": []})]
    await rest.create_orders_batch([place(1), place(2)])
    # A bare array (trap 40).
    assert [o["client_id"] for o in json.loads(server.seen[1].body)] == ["O-1", "O-2"]


# -- WHAT MUST NEVER BE SENT -----------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["", ".", ".."])
@pytest.mark.parametrize(
    "call",
    [
        lambda r, v: r.cancel_order(v),
        lambda r, v: r.cancel_by_client_id(v),
        lambda r, v: r.order(v),
        lambda r, v: r.order_by_client_id(v),
        lambda r, v: r.find_order(v),
        lambda r, v: r.cancel_algo_order(v),
        lambda r, v: r.orderbook(v),
        lambda r, v: r.delete_mmp(v),
        lambda r, v: r.set_account_margin(v, LEVERAGE),
    ],
)
async def test_an_id_that_would_name_everything_is_never_sent(server, rest, call, bad):
    with pytest.raises(EncodeError):
        await call(rest, bad)
    assert server.seen == []


@pytest.mark.parametrize(
    "call",
    [
        lambda r: r.cancel_all(market=""),
        lambda r: r.cancel_by_client_id("x", market=""),
        lambda r: r.open_orders(""),
        lambda r: r.orders_history(client_id=""),
        lambda r: r.fills(market=""),
        lambda r: r.reset_mmp(""),
        lambda r: r.cancel_batch(BatchCancelRequest()),
        lambda r: r.create_orders_batch([]),
        lambda r: r.create_orders_batch([place(n) for n in range(MAX_BATCH + 1)]),
        lambda r: r.trades(MARKET, limit=0),
    ],
)
async def test_an_empty_filter_or_batch_is_never_sent(server, rest, call):
    with pytest.raises(EncodeError):
        await call(rest)
    assert server.seen == []


# -- PAGES -----------------------------------------------------------------------------------------


async def test_pages_follow_the_cursor_with_the_same_filters_and_each_row_once(server, rest):
    server.script = [
        page(fill(3), fill(2), following="a+b=="),
        page(fill(2), fill(2, fill_type="RPI"), following="c"),
        page(fill(1), following=""),
    ]
    fills = await rest.fills(market=MARKET, **RANGE)
    assert [f.key for f in fills] == [
        ("FILL", "181"),
        ("FILL", "182"),
        ("RPI", "182"),
        ("FILL", "183"),
    ]
    queries = [dict(parse_qsl(urlsplit(s.target).query)) for s in server.seen]
    cursors = [query.pop("cursor", None) for query in queries]
    assert cursors == [None, "a+b==", "c"]
    assert queries[0] == queries[1] == queries[2]


async def test_rows_flow_before_the_last_page_is_asked_for(server, rest):
    server.script = [page(fill(1), fill(2), following="a"), page(fill(3))]
    rows = rest.iter_fills()
    assert (await anext(rows)).fill_id == "181"
    assert len(server.seen) == 1
    assert [f.fill_id async for f in rows] == ["182", "183"]
    assert len(server.seen) == 2


async def test_a_limit_asks_for_no_more_pages_than_it_needs(server, rest):
    rows = [{**TRADE, "id": str(n), "created_at": T0 - n} for n in range(4)]
    server.script = [page(*rows[:2], following="a"), page(*rows[2:], following="b")]
    trades = await rest.trades(MARKET, limit=3)
    assert [t.trade_id for t in trades] == ["2", "1", "0"]
    assert len(server.seen) == 2


@pytest.mark.parametrize("cursors", [["a", "a"], ["a", "b", "a"]])
async def test_a_cursor_that_comes_back_is_an_error_and_no_short_answer(server, rest, cursors):
    server.script = [page(fill(n), following=c) for n, c in enumerate(cursors)]
    with pytest.raises(WireError, match="do not end"):
        await rest.fills()
    assert len(server.seen) == len(cursors)


async def test_pages_without_end_are_an_error(server, rest, monkeypatch):
    monkeypatch.setattr(core, "MAX_PAGES", 3)
    server.script = [page(fill(n), following=f"c{n}") for n in range(5)]
    with pytest.raises(WireError, match="after 3"):
        await rest.fills()
    assert len(server.seen) == 3


async def test_a_page_that_fails_fails_the_whole(server, rest):
    server.script = [page(fill(1), following="a"), refused("INVALID_REQUEST_PARAMETER")]
    with pytest.raises(VenueError):
        await rest.fills()


async def test_a_row_that_is_not_modelled_fails_the_whole(server, rest):
    server.script = [page(fill(1), fill(2, side="UP"))]
    with pytest.raises(UnmodelledValue):
        await rest.fills()


async def test_an_order_that_moved_between_pages_is_told_in_its_newest_state(server, rest):
    server.script = [
        page(order(2), order(1, last_updated_at=T0 + 50, status="CLOSED"), following="a"),
        page(order(1)),
    ]
    history = await rest.orders_history()
    assert [(o.client_id, o.status) for o in history] == [
        ("O-1", OrderStatus.CLOSED),
        ("O-2", OrderStatus.OPEN),
    ]


# -- OUTCOMES OF COMMANDS (E6) ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", [order(status="SLEEPING"), order(size="x"), order(type="ICEBERG"), {"id": 5}, {}]
)
@pytest.mark.parametrize(
    "call", [lambda r: r.create_order(place()), lambda r: r.modify_order(CHANGE)]
)
async def test_e6_an_answer_that_is_not_understood_leaves_the_outcome_unknown(
    server, rest, call, body
):
    server.script = [answer(body, 201)]
    with pytest.raises(TransportError) as caught:
        await call(rest)
    assert caught.value.outcome_unknown
    assert len(server.seen) == 1


async def test_e8_an_order_of_a_batch_that_is_not_understood_is_unknown_alone(server, rest):
    server.script = [answer({"orders": [order(1), order(2, status="?")], "errors": []}, 201)]
    outcomes = await rest.create_orders_batch([place(1), place(2)])
    assert list(outcomes) == [place(1).client_id]


async def test_e6_an_answer_without_client_id_belongs_to_its_request(server, rest):
    server.script = [answer(order(1, client_id=""), 201)]
    assert (await rest.create_order(place(1))).client_id == place(1).client_id


async def test_e6_an_answer_that_names_another_order_leaves_the_outcome_unknown(server, rest):
    server.script = [answer(order(2), 201)]
    with pytest.raises(TransportError, match="names another order") as caught:
        await rest.create_order(place(1))
    assert caught.value.outcome_unknown


async def test_e7_a_page_is_no_answer_to_a_cancel_which_is_repeated(server, rest):
    page = answer(raw=b"<html>please wait</html>", content_type="text/html")
    server.script = [page, answer(raw=b"", status=204)]
    await rest.cancel_order("V-1")
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "trouble", [Reply(b"", "reset"), answer(status=502), answer({"message": "slow"}, 429)]
)
@pytest.mark.parametrize(
    "call",
    [
        lambda r: r.create_order(place()),
        lambda r: r.create_orders_batch([place()]),
        lambda r: r.modify_order(CHANGE),
        lambda r: r.create_algo_order(TWAP),
    ],
)
async def test_e6_a_place_or_modify_is_never_sent_twice(server, rest, call, trouble):
    server.script = [trouble, answer(order())]
    with pytest.raises((TransportError, VenueError)) as caught:
        await call(rest)
    assert caught.value.outcome_unknown
    assert len(server.seen) == 1


async def test_cancels_are_repeated_and_take_a_slot_for_each_repetition(server, http, rest, timing):
    await rest.acquire_order_slot(cancel=True)
    server.script = [Reply(b"", "reset"), answer(status=204)]
    await rest.cancel_order("17")
    assert [s.method for s in server.seen] == ["DELETE", "DELETE"]
    left = 0
    while http.limiter.try_acquire(Scope.ORDER, cancel=True):
        left += 1
    assert left == 798


async def test_commands_take_no_slot_by_themselves(server, http, rest):
    server.script = [answer(order())]
    await rest.create_order(place())
    left = 0
    while http.limiter.try_acquire(Scope.ORDER, cancel=True):
        left += 1
    assert left == 800


async def test_e12_orders_leave_the_reserve_to_cancels(http, rest, timing):
    for _ in range(720):
        await rest.acquire_order_slot()
    before = timing.now
    for _ in range(80):
        await rest.acquire_order_slot(cancel=True)
    assert timing.now == before
    await rest.acquire_order_slot()
    assert timing.now > before


async def test_interactive_orders_keep_the_retail_windows_and_cancels_do_not(http, timing):
    rest = ParadexRest(http, OneToken(), interactive=True)
    before = timing.now
    for _ in range(3):
        await rest.acquire_order_slot()
    for _ in range(10):
        await rest.acquire_order_slot(cancel=True)
    assert timing.now == before
    await rest.acquire_order_slot()
    assert timing.now - before >= 1.0


# -- WHERE AN ORDER IS FOUND (E6) ------------------------------------------------------------------


UNKNOWN = refused("CLIENT_ORDER_ID_NOT_FOUND", 404)


def paths(server):
    return [urlsplit(s.target).path.removeprefix("/v1") for s in server.seen]


async def test_e6_an_open_order_is_found_among_the_open_ones(server, rest):
    server.script = [page(order(2), order(1))]
    found = await rest.find_order("O-1")
    assert isinstance(found, events.OrderUpdate)
    assert found.client_id == "O-1"
    assert paths(server) == ["/orders"]


async def test_e6_then_by_client_id(server, rest):
    server.script = [page(order(2)), answer(order(1))]
    found = await rest.find_order("O-1")
    assert found is not None
    assert paths(server) == ["/orders", "/orders/by_client_id/O-1"]


async def test_e6_then_in_the_history_where_the_newest_counts(server, rest):
    server.script = [
        page(),
        refused("CLIENT_ORDER_ID_NOT_FOUND", 400),
        page(
            order(7, client_id="O-1", status="CLOSED"),
            order(9, client_id="O-1", status="CLOSED"),
            order(99, client_id="O-11"),
        ),
    ]
    found = await rest.find_order("O-1")
    assert found is not None
    assert found.order_id == "1700000009"
    assert paths(server) == ["/orders", "/orders/by_client_id/O-1", "/orders-history"]
    assert "client_id=O-1&" in server.seen[2].target


async def test_e6_not_found_anywhere_is_proof(server, rest):
    server.script = [page(), UNKNOWN, page()]
    assert await rest.find_order("O-1") is None
    assert len(server.seen) == 3


ODD = order(1, client_id="O-1", type="BEST")


@pytest.mark.parametrize("answers", [(page(ODD), page()), (page(), page(ODD))])
async def test_e6_an_order_of_an_unknown_kind_is_no_proof_of_absence(server, rest, answers):
    opened, past = answers
    server.script = [opened, UNKNOWN, past]
    with pytest.raises(UnmodelledValue, match="BEST"):
        await rest.find_order("O-1")


async def test_e6_an_order_of_an_unknown_kind_hides_no_other(server, rest):
    server.script = [page(ODD), UNKNOWN, page(ODD)]
    assert await rest.find_order("O-2") is None


async def test_lists_raise_for_unknown_kinds_unless_they_are_taken(server, rest):
    server.script = [page(ODD, order(2))]
    with pytest.raises(UnmodelledValue):
        await rest.open_orders()
    unread = {}
    assert [o.client_id for o in await rest.open_orders(unread=unread)] == ["O-2"]
    assert [o.client_id for o in unread.values()] == ["O-1"]


@pytest.mark.parametrize("broken", [0, 1, 2])
@pytest.mark.parametrize(
    "trouble",
    [
        refused("INTERNAL_ERROR", 500),
        refused("INVALID_TOKEN_SCOPE", 403),
        answer(raw=b"<h1>Not Found</h1>", status=404, content_type="text/html"),
        answer(raw=b"{", status=200),
    ],
)
async def test_e6_a_place_that_cannot_be_asked_is_no_proof(server, rest, broken, trouble):
    asked = [page(), UNKNOWN, page()]
    # The last reply of a script repeats, so a repetition meets the same trouble.
    server.script = [*asked[:broken], trouble]
    with pytest.raises((VenueError, TransportError)):
        await rest.find_order("O-1")


async def test_e6_a_gateways_404_in_the_middle_is_no_proof(server, rest):
    gateway = answer(raw=b"<h1>Not Found</h1>", status=404, content_type="text/html")
    server.script = [page(), gateway, page()]
    with pytest.raises(NotFoundError) as caught:
        await rest.find_order("O-1")
    assert caught.value.outcome_unknown


async def test_an_order_that_is_not_there_is_not_found(server, rest):
    server.script = [refused("ORDER_ID_NOT_FOUND", 404)]
    with pytest.raises(NotFoundError) as caught:
        await rest.order("17")
    assert not caught.value.outcome_unknown


async def test_a_system_state_that_is_not_modelled_is_not_guessed(server, rest):
    server.script = [answer({"status": "holiday"})]
    with pytest.raises(UnmodelledValue):
        await rest.system_state()


async def test_the_clients_clock_offset_is_told(server, http, rest, timing):
    assert rest.clock_offset_ms == 0
    server.script = [answer({"server_time": str(timing.time_ms() - 250)})]
    await http.warm_up()
    assert rest.clock_offset_ms == -250
