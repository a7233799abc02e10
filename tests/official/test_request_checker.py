"""What the checker of requests finds, what it lets pass, and whose requests it sees."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from nautilus_paradex.network.http import ParadexHttpClient
from nautilus_paradex.network.http_transport import HttpSettings
from nautilus_paradex.network.limits import RateLimiter
from nautilus_paradex.network.limits import Scope
from nautilus_paradex.network.log import NoLog
from nautilus_paradex.network.timing import SystemTiming
from nautilus_paradex.network.websocket import open_websocket
from nautilus_paradex.protocol.errors import TransportError
from nautilus_paradex.protocol.errors import VenueError
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import faults
from tests.official.amendments import AMENDMENTS
from tests.official.amendments import ORDER
from tests.official.amendments import Amendment
from tests.official.amendments import Sample
from tests.official.documents import FOLDER
from tests.official.documents import SKIPPED
from tests.official.documents import OfficialDocuments
from tests.official.documents import request_path
from tests.official.watch import WATCH
from tests.official.watch import RequestWatch
from tests.official.watch import WrongRequestError


pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=SKIPPED)

PRIVATE = {"authorization": "Bearer a.b.c", "content-type": "application/json"}
LOGIN = {
    "paradex-starknet-account": "0x26192f7b",
    "paradex-starknet-signature": '["1407519","3302368"]',
    "paradex-timestamp": "1790000000",
    "paradex-signature-expiration": "1790086400",
}
MODIFY = {k: v for k, v in ORDER.items() if k != "instruction"} | {"id": "1790000000123201709"}


@pytest.fixture(scope="module")
def documents() -> OfficialDocuments:
    return OfficialDocuments.read()


def rest(
    documents: OfficialDocuments,
    method: str,
    target: str,
    body: Any = None,
    headers: dict[str, str] = PRIVATE,
) -> list[str]:
    path, query = request_path(target)
    raw = b"" if body is None else json.dumps(body).encode()
    return documents.rest_problems(method, path, query, headers, raw)


def call(documents: OfficialDocuments, method: str, params: Any, **frame: Any) -> list[str]:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return documents.call_problems(json.dumps(request | frame))


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


# -- REST ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/markets/klines?symbol=A&resolution=1&start_at=1&end_at=2", None),
        ("GET", "/orders/1790000000123201709", None),
        ("GET", "/fills?page_size=1000&start_at=1790000000000", None),
        ("POST", "/orders", ORDER | {"client_id": "O-1", "recv_window": 1000}),
        ("POST", "/orders", ORDER | {"type": "TAKE_PROFIT_MARKET", "price": "0"}),
        ("POST", "/orders/batch", [ORDER, ORDER]),
        ("PUT", "/orders/1790000000123201709", MODIFY),
        ("DELETE", "/orders/batch", {"order_ids": ["1"], "client_order_ids": ["O-1"]}),
        ("DELETE", "/orders/by_client_id/O-1?market=BTC-USD-PERP", None),
        ("POST", "/account/margin/BTC-USD-PERP", {"leverage": 5, "margin_type": "CROSS"}),
    ],
)
def test_right_requests_pass(documents, method, target, body):
    assert rest(documents, method, target, body) == []


@pytest.mark.parametrize(
    ("method", "target", "body", "problem"),
    [
        ("GET", "/order", None, "no such path"),
        ("PATCH", "/orders/1", None, "no such path"),
        ("GET", "/orders/1/fills", None, "no such path"),
        ("GET", "/fills?start=1", None, "query: the document knows no start"),
        ("GET", "/fills?start_at=yesterday", None, "start_at is not of type integer: 'yesterday'"),
        ("GET", "/fills?page_size=5001", None, "query: page_size is not of maximum 5000: '5001'"),
        ("GET", "/fills?market=", None, "query: market is empty"),
        ("GET", "/fills?market=A&market=B", None, "query: market is given 2 times"),
        ("GET", "/fills?asset_kind=FUTURE", None, "query: asset_kind is not of enum"),
        ("GET", "/markets/summary", None, "query: market is required"),
        ("GET", "/account/tokens?with_invalid=yes", None, "with_invalid is not of type boolean"),
        ("GET", "/fills", {"market": "A"}, "the document knows no body here"),
        ("POST", "/orders", None, "a body is required"),
        ("POST", "/orders", [ORDER], "body is not of type object"),
        ("POST", "/orders", ORDER | {"tif": "GTC"}, "'tif' was unexpected"),
        ("POST", "/orders", without(ORDER, "instruction"), "'instruction' is a required property"),
        ("POST", "/orders", ORDER | {"type": "TRAILING"}, "body.type is not of enum"),
        ("POST", "/orders", ORDER | {"instruction": "FOK"}, "body.instruction is not of enum"),
        ("POST", "/orders", ORDER | {"side": "LONG"}, "body.side is not of enum"),
        ("POST", "/orders", ORDER | {"stp": "NONE"}, "body.stp is not of enum"),
        ("POST", "/orders", ORDER | {"flags": ["HIDDEN"]}, "body.flags.0 is not of enum"),
        ("POST", "/orders", ORDER | {"size": 0.1}, "body.size is not of type string"),
        ("POST", "/orders", ORDER | {"size": "1E-5"}, "body.size is not of pattern"),
        ("POST", "/orders", ORDER | {"client_id": "x" * 65}, "body.client_id is not of maxLength"),
        ("POST", "/orders", ORDER | {"recv_window": 9}, "body.recv_window is not of minimum 10"),
        ("POST", "/orders", ORDER | {"signature_timestamp": 1790000000}, "signature_timestamp"),
        ("POST", "/orders", ORDER | {"signature": "[1,2]"}, "body.signature is not of pattern"),
        ("POST", "/orders/batch", [ORDER, ORDER | {"id": "1"}], "body.1: Additional properties"),
        ("PUT", "/orders/1", without(MODIFY, "id"), "body: 'id' is a required property"),
        ("PUT", "/orders/1", MODIFY | {"instruction": "GTC"}, "'instruction' was unexpected"),
        ("DELETE", "/orders/batch", {"ids": ["1"]}, "'ids' was unexpected"),
        ("POST", "/account/mmp/BTC", {"interval_ms": 1}, "body.interval_ms is not of minimum 100"),
    ],
)
def test_wrong_requests_are_found(documents, method, target, body, problem):
    assert any(problem in found for found in rest(documents, method, target, body))


def test_a_body_that_is_no_json_is_found(documents):
    found = documents.rest_problems("POST", "/orders", "", PRIVATE, b"{")
    assert found == ["the body is no JSON"]


@pytest.mark.parametrize(
    ("method", "target", "headers", "problem"),
    [
        ("POST", "/auth", LOGIN, None),
        ("POST", "/auth", without(LOGIN, "paradex-timestamp"), "paradex-timestamp is required"),
        ("POST", "/auth", LOGIN | {"paradex-timestamp": "1790000000123"}, "not of the form"),
        ("POST", "/auth", LOGIN | {"paradex-starknet-signature": "0x12"}, "not of the form"),
        ("POST", "/auth", LOGIN | {"paradex-starknet-account": "26192"}, "not of the form"),
        ("POST", "/auth", LOGIN | {"paradex-nonce": "1"}, "knows no header paradex-nonce here"),
        ("GET", "/account", {}, "header authorization is required"),
        ("GET", "/account", {"authorization": "a.b.c"}, "authorization is not of the form"),
        ("GET", "/system/time", {}, None),
    ],
)
def test_headers_have_their_forms(documents, method, target, headers, problem):
    found = rest(documents, method, target, headers=headers)
    assert (found == []) if problem is None else any(problem in text for text in found)


def test_a_body_says_that_it_is_json(documents):
    headers = without(PRIVATE, "content-type")
    found = rest(documents, "POST", "/orders", ORDER, headers)
    assert found == ["header content-type is not application/json"]


def test_what_is_found_repeats_no_secret(documents):
    secret = "s3cr3t"
    body = ORDER | {"signature": secret, "size": "-1"}
    headers = {"authorization": secret, "content-type": "application/json"}
    found = rest(documents, "POST", "/orders", body, headers)
    found += call(documents, "auth", {"bearer": [secret]})
    found += call(documents, "order.create", body)
    found += call(documents, "order.create_batch", [body])
    found += rest(
        documents, "POST", "/auth", headers=LOGIN | {"paradex-starknet-signature": secret}
    )
    assert len(found) == 9
    assert secret not in str(found)
    assert "'-1'" in str(found)


# -- WEBSOCKET -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("auth", {"bearer": "a.b.c"}),
        ("subscribe", {"channel": "markets_summary", "markets": ["BTC-USD-PERP"]}),
        ("order.create", ORDER),
        ("order.create_batch", {"orders": [ORDER]}),
        ("order.create_batch", [ORDER]),
        ("order.modify", MODIFY),
        ("order.cancel", {"id": "1"}),
        ("order.cancel", {"client_id": "O-1", "market": "BTC-USD-PERP"}),
        ("order.cancel_batch", {"order_ids": ["1"]}),
        ("order.cancel_on_disconnect", {"enabled": True}),
    ],
)
def test_right_calls_pass(documents, method, params):
    assert call(documents, method, params) == []


@pytest.mark.parametrize(
    ("method", "params", "problem"),
    [
        ("order.replace", {}, "no such method"),
        ("subscribe", ["trades.ALL"], "params is not of type object"),
        ("subscribe", {"channels": ["trades.ALL"]}, "'channels' was unexpected"),
        ("order.create", ORDER | {"dime_discount": True}, "'dime_discount' was unexpected"),
        ("order.create", ORDER | {"type": "STOP_LOSS_MARKET"}, "params.type is not of enum"),
        ("order.create", ORDER | {"flags": ["MMP"]}, "params.flags.0 is not of enum"),
        ("order.create", without(ORDER, "price"), "'price' is a required property"),
        ("order.create_batch", [without(ORDER, "price")], "'price' is a required property"),
        ("order.cancel", {}, "an order is named by id, or by client_id and market"),
        ("order.cancel", {"client_id": "O-1"}, "an order is named by id"),
        ("order.cancel_batch", {"order_ids": "1"}, "params.order_ids is not of type array"),
        ("order.cancel_batch", {"client_order_ids": ["O-1"]}, "'order_ids' is a required"),
        ("order.cancel_on_disconnect", {"enabled": "true"}, "enabled is not of type boolean"),
    ],
)
def test_wrong_calls_are_found(documents, method, params, problem):
    assert any(problem in found for found in call(documents, method, params))


def test_envelopes_are_judged_too(documents):
    assert documents.call_problems("{") == ["the frame is no JSON"]
    assert call(documents, "auth", {"bearer": "a"}, id="1")
    assert call(documents, "auth", {"bearer": "a"}, jsonrpc="1.0")
    assert call(documents, "auth", {"bearer": "a"}, token="b")
    assert documents.upgrade_problems("") == []
    assert documents.upgrade_problems("sbeSchemaId=1&sbeSchemaVersion=2") == []
    assert documents.upgrade_problems("sbeSchemaId=1")
    assert documents.upgrade_problems("sbeSchemaId=1&sbeSchemaVersion=3")


# -- AMENDMENTS ------------------------------------------------------------------------------------


def sample_problems(documents: OfficialDocuments, sample: Sample) -> list[str]:
    if sample.method == "WS":
        return call(documents, sample.target, sample.body)
    return rest(documents, sample.method, sample.target, sample.body, PRIVATE | LOGIN)


@pytest.mark.parametrize("amendment", AMENDMENTS, ids=lambda amendment: amendment.sample.target)
def test_each_amendment_is_needed_and_is_enough(documents: Any, amendment: Amendment) -> None:
    unchanged = OfficialDocuments.read(amended=False)
    needless = [p for p in sample_problems(documents, amendment.sample) if "header" not in p]
    assert sample_problems(unchanged, amendment.sample)
    assert needless == []
    assert amendment.why


# -- THE WATCH -------------------------------------------------------------------------------------


@pytest.fixture
def watch(request: pytest.FixtureRequest) -> RequestWatch:
    """The watch of this very run."""
    return request.config.stash[WATCH]


@pytest.fixture
async def venue() -> AsyncIterator[LocalParadex]:
    async with LocalParadex(market=False) as venue:
        yield venue


@pytest.fixture
async def http(venue: LocalParadex) -> AsyncIterator[ParadexHttpClient]:
    timing = SystemTiming()
    http = ParadexHttpClient(
        HttpSettings(base_url=venue.http_url),
        timing=timing,
        limiter=RateLimiter(timing),
        log=NoLog(),
    )
    yield http
    await http.close()


async def ask(http: ParadexHttpClient, method: str, path: str, body: bytes | None = None) -> None:
    await http.request(method, path, None, scope=Scope.PUBLIC, idempotent=False, body=body)


async def test_a_wrong_rest_request_of_the_adapter_is_seen(
    watch: RequestWatch, http: ParadexHttpClient
) -> None:
    with pytest.raises(VenueError):
        await ask(http, "GET", "/nothing")
    with pytest.raises(VenueError):
        await ask(http, "POST", "/orders", b'{"market":"A"}')
    found = watch.take_problems()
    assert "GET /nothing: the document knows no such path and method" in found
    assert "POST /orders: body: 'side' is a required property" in found
    assert "POST /orders: header authorization is required" in found


async def test_a_request_that_the_venue_never_looked_at_is_seen(
    watch: RequestWatch, venue: LocalParadex, http: ParadexHttpClient
) -> None:
    venue.faults.add(faults.LostRequest(method="POST"))
    with pytest.raises(TransportError):
        await ask(http, "POST", "/nothing")
    assert watch.take_problems() == ["POST /nothing: the document knows no such path and method"]


async def test_a_right_request_counts_and_is_not_named(
    watch: RequestWatch, http: ParadexHttpClient
) -> None:
    before = watch.seen
    await ask(http, "GET", "/system/time")
    assert watch.seen == before + 1
    assert watch.take_problems() == []


async def test_raw_clients_may_send_what_they_like(
    watch: RequestWatch, venue: LocalParadex
) -> None:
    before = watch.seen
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{venue.http_url}/nothing") as response:
            assert response.status == 404
        async with session.ws_connect(f"{venue.ws_url}?sbeSchemaId=1&sbeSchemaVersion=2") as socket:
            await socket.send_str('{"jsonrpc":"2.0","id":1,"method":"nothing"}')
            assert "error" in json.loads(await socket.receive_str())
    assert (watch.seen, watch.take_problems()) == (before, [])


async def test_wrong_frames_of_the_adapter_are_seen(
    watch: RequestWatch, venue: LocalParadex
) -> None:
    answered = asyncio.Event()
    socket = await open_websocket(
        f"{venue.ws_url}?sbeSchemaId=1&sbeSchemaVersion=2",
        on_text=lambda _: answered.set(),
        on_binary=lambda _: None,
        timing=SystemTiming(),
    )
    token = "s3cr3t"
    frame = {"jsonrpc": "2.0", "id": 1, "method": "auth", "params": {"token": token}}
    socket.send_text(json.dumps(frame).encode())
    async with asyncio.timeout(10):
        await answered.wait()
    await socket.close()
    found = watch.take_problems()
    assert [text.split(": ")[0] for text in found] == ["WS auth", "WS auth"]
    assert token not in str(found)


def test_a_test_fails_with_what_it_sent(documents: OfficialDocuments) -> None:
    watch = RequestWatch(documents)

    def ended(error: BaseException | None = None) -> Any:
        running = watch.judge()
        next(running)
        watch.on_frame(None, "subscribe", '{"jsonrpc":"2.0"}')
        return running.send("its result") if error is None else running.throw(error)

    with pytest.raises(WrongRequestError, match="WS subscribe: a call has jsonrpc"):
        ended()
    with pytest.raises(ValueError, match="the test's own") as failure:
        ended(ValueError("the test's own"))
    assert "wrong request: WS subscribe" in failure.value.__notes__[0]
    quiet = watch.judge()
    next(quiet)
    with pytest.raises(StopIteration) as stop:
        quiet.send("its result")
    assert stop.value.value == "its result"
