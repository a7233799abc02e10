"""Answers that are refused, changed, early or late, and a clock that jumps; over real sockets."""

from typing import Any

import pytest

from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator.faults import RequestFault
from nautilus_paradex.simulator.faults.changes import UNKNOWN_FIELD
from tests.simulator.server_client import Stream
from tests.simulator.server_client import World
from tests.simulator.server_client import world


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return every object of some JSON."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    below = [each for item in inner for each in objects_in(item)]
    return [value, *below] if isinstance(value, dict) else below


# -- READY MADE -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", faults.GATEWAY_STATUSES)
async def test_a_gateway_answers_html_and_the_request_is_not_carried_out(status: int):
    async with world() as w:
        await w.login()
        w.paradex.faults.add(faults.gateway_error(status, method="POST", path="/orders"))
        async with w.session.post(
            f"{w.paradex.http_url}/orders",
            json=w.order(),
            headers={"Authorization": f"Bearer {w.rest.token}"},
        ) as response:
            assert response.status == status
            assert response.content_type == "text/html"
            assert f"{status} " in await response.text()
        assert w.exchange.queries.order_history(w.account) == []


@pytest.mark.parametrize("retry_after", [None, 0, 7])
async def test_a_429_names_the_wait_or_does_not(retry_after: int | None):
    async with world() as w:
        await w.login()
        w.paradex.faults.add(faults.rate_limited(retry_after=retry_after, path="/orders"))
        status, body, headers = await w.rest.request("GET", "/orders")
        assert (status, body) == (429, {"message": "rate limit exceeded"})
        assert headers.get("Retry-After") == (None if retry_after is None else str(retry_after))
        assert (await w.rest.request("GET", "/orders"))[0] == 200


async def test_a_token_is_refused_with_401_and_with_40111():
    async with world() as w:
        await w.login()
        w.paradex.faults.add(faults.invalid_token(path="/orders"))
        status, body, _ = await w.rest.request("POST", "/orders", w.order())
        assert (status, body["error"]) == (401, "INVALID_TOKEN")
        w.paradex.faults.add(faults.invalid_token(method="WS", path="auth"))
        stream = await w.stream(auth=False)
        answer = await stream.call("auth", {"bearer": w.rest.token})
        assert answer["error"]["code"] == 40111
        assert (await stream.call("auth", {"bearer": w.rest.token}))["result"] is not None
        assert w.exchange.queries.order_history(w.account) == []
        await stream.close()


async def test_a_request_is_refused_with_any_code_and_not_carried_out():
    async with world() as w:
        await w.login()
        stream = await w.stream("account")
        for method in ("POST", "WS"):
            fault = faults.Refused(method=method, code="SERVICE_UNAVAILABLE", message="soon")
            w.paradex.faults.add(fault)
        status, body, _ = await w.rest.request("POST", "/orders", w.order())
        assert (status, body["error"], body["message"]) == (503, "SERVICE_UNAVAILABLE", "soon")
        error = (await stream.call("order.create", w.order()))["error"]
        assert (error["message"], error["data"]) == ("soon", "SERVICE_UNAVAILABLE")
        assert w.exchange.queries.order_history(w.account) == []
        await stream.close()


# -- CONTENT ----------------------------------------------------------------------------------


async def test_every_object_of_an_answer_has_a_field_that_nobody_knows():
    async with world() as w:
        await w.login()
        await w.place()
        await w.eventually(lambda: w.exchange.queries.open_orders(w.account)[0].status == "OPEN")
        w.paradex.faults.add(faults.UnknownFields(path="/orders"))
        body = await w.rest.get("/orders")
        found = objects_in(body)
        assert all(UNKNOWN_FIELD in each or "since" in each for each in found)
        assert body["results"][0]["status"] == "OPEN"
        assert UNKNOWN_FIELD not in await w.rest.get("/orders")
        stream = await w.stream("account")
        w.paradex.faults.add(faults.UnknownFields(method="WS", path="order.create"))
        result = await stream.result("order.create", w.order(price="59000"))
        assert UNKNOWN_FIELD in result["order"]
        assert len(w.exchange.queries.order_history(w.account)) == 2
        await stream.close()


async def test_a_field_of_an_answer_has_a_value_that_nobody_knows():
    async with world() as w:
        await w.login()
        await w.place()
        w.paradex.faults.add(faults.UnknownValue(path="/orders", field="status"))
        w.paradex.faults.add(faults.UnknownValue(path="/orders", field="type", value="BEST"))
        assert (await w.rest.get("/orders"))["results"][0]["status"] == "SOMETHING_NEW"
        assert (await w.rest.get("/orders"))["results"][0]["type"] == "BEST"
        stream = await w.stream("account")
        w.paradex.faults.add(faults.UnknownValue(method="WS", path="order.", field="status"))
        result = await stream.result("order.create", w.order(price="59000"))
        assert result["order"]["status"] == "SOMETHING_NEW"
        await stream.close()


# -- ORDER ------------------------------------------------------------------------------------


async def first_words(w: World, stream: Stream, fault: RequestFault) -> list[str]:
    """Place an order with a fault, and return what came in which order."""
    w.paradex.faults.add(fault)
    stream.log.clear()
    sent = await stream.send("order.create", w.order())
    await stream.until(lambda: ("answer", sent) in stream.log and len(stream.log) > 1)
    return [entry[0] for entry in stream.log[:2]]


async def test_the_answer_to_one_command_comes_before_or_after_its_notification():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL", version=None)
        for n in range(3):
            last = faults.AnswerLast(method="WS", path="order.create")
            first = faults.AnswerFirst(method="WS", path="order.create")
            assert await first_words(w, stream, last) == ["json", "answer"], n
            assert await first_words(w, stream, first) == ["answer", "json"], n
        await stream.close()


async def test_the_answer_over_rest_can_come_after_the_notification():
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL", version=None)
        w.paradex.faults.add(faults.AnswerLast(method="POST", path="/orders"))
        await w.place()
        # The notification was sent before the answer: it needs no order of its own to come.
        assert await stream.until(lambda: stream.messages("orders.ALL"))
        await stream.close()


@pytest.mark.parametrize("kind", [faults.FillFirst, faults.OrderFirst])
async def test_one_fill_comes_before_or_after_the_order_that_counts_it(kind: type):
    async with world() as w:
        await w.login()
        stream = await w.stream("orders.ALL", "fills.ALL", version=None)
        armed = w.paradex.faults.add(kind())
        w.trade("SELL", "0.01", "68000")
        await w.place(price="68000")
        ends = ("CLOSED", None)
        await stream.until(lambda: len([word for word in told(stream) if word[1] in ends]) == 2)
        (fill_at,) = [n for n, word in enumerate(told(stream)) if word[0] == "fills.ALL"]
        closed_at = told(stream).index(("orders.ALL", "CLOSED"))
        assert (fill_at < closed_at) is (kind is faults.FillFirst)
        assert armed.is_exhausted
        await stream.close()


def told(stream: Stream) -> list[tuple[str, str | None]]:
    """Return channel and status of what a JSON stream brought."""
    return [(entry[1], entry[2].get("status")) for entry in stream.log if entry[0] == "json"]


# -- CLOCK ------------------------------------------------------------------------------------


async def test_the_venues_clock_jumps_forward_and_back_and_order_ids_still_rise():
    async with world() as w:
        await w.login()

        async def now_ms() -> int:
            return int((await w.rest.get("/system/time"))["server_time"])

        before = await now_ms()
        first = await w.place()
        w.paradex.faults.add(faults.ClockJump(path="/system/time", ms=60_000))
        assert await now_ms() >= before + 60_000
        ahead = await w.place(price="59000")
        w.paradex.jump_clock(-120_000)
        assert await now_ms() < before
        w.paradex.jump_clock(61_000)
        behind = await w.place(price="58000")
        assert int(first["id"]) < int(ahead["id"]) < int(behind["id"])


async def test_a_clock_that_jumps_beyond_their_time_ends_the_tokens():
    async with world(jwt_lifetime_s=300) as w:
        await w.login()
        stream = await w.stream("account")
        w.paradex.faults.add(faults.ClockJump(method="WS", path="subscribe", ms=400_000))
        await stream.subscribe("orders.ALL")
        assert (await w.rest.request("GET", "/orders"))[1]["error"] == "INVALID_TOKEN"
        await stream.close()


# -- CARRIED OUT ALL THE SAME -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults.HttpStatus(method="POST", path="/orders", status=502, carried_out=True), 502),
        (faults.Refused(method="POST", path="/orders", code="SOMETHING", carried_out=True), 400),
    ],
)
async def test_what_is_answered_with_an_error_can_be_carried_out(fault: RequestFault, status: int):
    async with world() as w:
        await w.login()
        w.paradex.faults.add(fault)
        assert (await w.rest.request("POST", "/orders", w.order()))[0] == status
        assert len(w.exchange.queries.order_history(w.account)) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.HttpStatus(method="WS", path="order.", status=429, carried_out=True), 42901),
        (faults.Refused(method="WS", path="order.", code="", rpc_code=100, carried_out=True), 100),
    ],
)
async def test_a_call_that_is_answered_with_an_error_can_be_carried_out(
    fault: RequestFault, code: int
):
    async with world() as w:
        await w.login()
        stream = await w.stream()
        w.paradex.faults.add(fault)
        answer = await stream.call("order.create", w.order())
        assert answer["error"]["code"] == code
        assert len(w.exchange.queries.order_history(w.account)) == 1


async def test_an_answer_has_another_requests_id():
    async with world() as w:
        await w.login()
        stream = await w.stream()
        w.paradex.faults.add(faults.WrongId(method="WS", path="order.create", by=1000))
        sent = await stream.send("order.create", w.order())
        answer = await stream.until(lambda: stream._answers.get(sent + 1000))
        assert answer["result"]["order"]["status"] == "NEW"


@pytest.mark.parametrize("kind", [faults.LostRequest, faults.LostResponse])
async def test_a_call_ends_its_connection_with_a_code(kind: type):
    async with world() as w:
        await w.login()
        stream = await w.stream()
        w.paradex.faults.add(kind(method="WS", path="order.create", code=4031))
        await stream.send("order.create", w.order())
        assert await stream.closed() == 4031
        taken = len(w.exchange.queries.order_history(w.account))
        assert taken == (kind is faults.LostResponse)


async def test_a_request_that_arrives_late_is_outside_of_its_window_and_a_slow_one_is_not():
    async with world() as w:
        await w.login()
        for kind, status in ((faults.LateRequest, 400), (faults.SlowRequest, 201)):
            w.paradex.faults.add(kind(method="POST", path="/orders", ms=2_300))
            order = w.order(recv_window=2_000)
            assert (await w.rest.request("POST", "/orders", order))[0] == status


async def test_a_call_that_is_ignored_leaves_its_connection_open():
    async with world() as w:
        await w.login()
        stream = await w.stream()
        armed = w.paradex.faults.add(faults.Ignored(method="WS", path="order.create"))
        ignored = await stream.send("order.create", w.order())
        answer = await stream.call("order.create", w.order())
        assert answer["result"]["order"]["status"] == "NEW"
        assert armed.fired == 1
        assert stream._answers.get(ignored) is None
        assert len(w.exchange.queries.order_history(w.account)) == 1
