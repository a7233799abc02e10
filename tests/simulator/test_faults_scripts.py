"""What happens to a whole venue over some time, step by step."""

import asyncio
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from nautilus_paradex.protocol.events import Book
from nautilus_paradex.simulator import faults
from nautilus_paradex.simulator import scripts
from nautilus_paradex.simulator.engine import model
from nautilus_paradex.simulator.virtual_time import VirtualLoop
from nautilus_paradex.simulator.virtual_time import run_virtual
from tests.simulator.server_client import World
from tests.simulator.server_client import world


MARKET = "BTC-USD-PERP"
_HOUR_S = 3600.0


def test_a_release_goes_through_its_states_for_fifteen_minutes():
    """The venue's own times, in virtual time."""

    async def main(loop: VirtualLoop) -> list[tuple[float, str]]:
        async with world() as w:
            seen: list[tuple[float, str]] = []

            async def watch() -> None:
                while True:
                    state = (await w.rest.get("/system/state"))["status"]
                    if not seen or seen[-1][1] != state:
                        seen.append((loop.time(), state))
                    await asyncio.sleep(1)

            watching = asyncio.create_task(watch())
            await scripts.play(w.paradex, scripts.release_window(at=60))
            await asyncio.sleep(5)
            watching.cancel()
            return seen

    seen = run_virtual(main)
    assert [state for _, state in seen] == ["ok", "maintenance", "cancel_only", "post_only", "ok"]
    times = [at for at, _ in seen]
    assert times == pytest.approx([0, 60, 720, 840, 960], abs=2)


async def place(w: World, price: str, **fields: Any) -> str:
    """Place an order, and return what becomes of it."""
    status, body, _ = await w.rest.request("POST", "/orders", w.order(price=price, **fields))
    if status != 201:
        return body["error"]
    found = await w.eventually(
        lambda: [
            order
            for order in w.exchange.queries.order_history(w.account)
            if order.id == body["id"] and order.status is not model.OrderStatus.NEW
        ]
    )
    return found[0].status


async def test_a_release_drops_the_sockets_cancels_what_is_too_near_and_lets_trading_resume():
    async with world() as w:
        await w.login()
        w.exchange.set_prices(MARKET, mark=Decimal(68_000), external_fair=Decimal(68_000))
        assert await place(w, "60000") == "OPEN"
        assert await place(w, "68100") == "OPEN"
        stream = await w.stream("orders.ALL")
        steps = scripts.release_window()
        await scripts.take(w.paradex, steps[0])
        assert await stream.closed() == 1006
        assert (await w.rest.request("GET", "/orders"))[0] == 503
        await scripts.take(w.paradex, steps[1])
        assert await place(w, "60001") == "SYSTEM_STATUS_CANCEL_ONLY"
        (kept,) = w.exchange.queries.open_orders(w.account)
        assert kept.price == 60_000
        await scripts.take(w.paradex, steps[2])
        assert await place(w, "60001") == "SYSTEM_STATUS_POST_ONLY"
        assert await place(w, "60001", instruction="POST_ONLY") == "OPEN"
        await scripts.take(w.paradex, steps[3])
        assert await place(w, "60002") == "OPEN"


async def test_a_script_is_carried_out_in_the_order_of_its_times():
    async with world() as w:
        stream = await w.stream("bbo.BTC-USD-PERP", auth=False)
        lost = faults.LostRequest(path="/markets")
        await scripts.play(
            w.paradex,
            [
                scripts.ResumeServing(at=0.02),
                scripts.StopServing(at=0.01),
                scripts.DropSockets(code=1012),
                scripts.Arm(fault=lost, at=0.03),
            ],
        )
        assert await stream.closed() == 1012
        assert w.paradex.faults.pending == [lost]
        assert (await w.rest.get("/system/state"))["status"] == "ok"


async def test_a_venue_is_away_between_its_steps():
    async with world() as w:
        await scripts.take(w.paradex, scripts.StopServing())
        with pytest.raises(aiohttp.ClientConnectionError):
            await w.rest.get("/system/time")
        await scripts.take(w.paradex, scripts.ResumeServing())
        await w.rest.get("/system/time")
        await scripts.take(w.paradex, scripts.FallSilent())
        waiting = asyncio.create_task(w.rest.get("/system/time"))
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert not done
        await scripts.take(w.paradex, scripts.WakeUp())
        assert (await waiting)["server_time"]


async def test_tokens_end_and_the_clock_jumps_by_script():
    async with world() as w:
        await w.login()
        before = int((await w.rest.get("/system/time"))["server_time"])
        await scripts.play(
            w.paradex, [scripts.JumpClock(ms=_HOUR_S * 1000), scripts.ExpireAllTokens()]
        )
        assert (await w.rest.request("GET", "/orders"))[1]["error"] == "INVALID_TOKEN"
        assert int((await w.rest.get("/system/time"))["server_time"]) >= before + 3_600_000


async def test_a_grid_changes_under_resting_orders():
    async with world() as w:
        await w.login()
        stream = await w.stream("markets.ALL", version=None, auth=False)
        assert await place(w, "60000.1") == "OPEN"
        step = scripts.ChangeTick(market=MARKET, price_tick_size=Decimal(10))
        await scripts.take(w.paradex, step)
        (told,) = await stream.until(lambda: stream.messages("markets.ALL"))
        assert (told["symbol"], told["event_type"]) == (MARKET, "UPDATED")
        assert told["changed_fields"] == {"price_tick_size": "10"}
        assert (await w.rest.get("/orders"))["results"][0]["price"] == "60000.1"
        assert await place(w, "60001") == "INVALID_REQUEST_PARAMETER"
        assert await place(w, "60010") == "OPEN"
        await stream.close()


async def test_a_market_is_delisted_with_orders_positions_and_a_book_that_is_followed():
    """The other markets' books go on."""
    async with world(book_interval_ms=20) as w:
        await w.login()
        other = "ETH-USD-PERP"
        public = await w.stream(f"order_book.{MARKET}.deltas", auth=False)
        await public.subscribe(f"order_book.{other}.deltas", "markets.ALL")
        w.trade("SELL", "0.01", "68000")
        assert await place(w, "68000") == "CLOSED"
        assert await place(w, "60000") == "OPEN"
        step = scripts.Delist(market=MARKET, price=Decimal(69_000))
        await scripts.take(w.paradex, step)
        history = w.exchange.queries.order_history(w.account)
        assert {order.cancel_reason for order in history if order.remaining_size} == {
            "ASSET_EXPIRED"
        }
        assert not [p for p in w.exchange.queries.positions(w.account) if p.size]
        markets = (await w.rest.get("/markets"))["results"]
        assert MARKET not in [market["symbol"] for market in markets]
        before = len(of_market(public.events(Book), other))
        w.trade("BUY", "1", "2400", market=other)
        await public.until(lambda: len(of_market(public.events(Book), other)) > before)
        await public.close()
        w.exchange.check_invariants()


def of_market(events: list[Book], market: str) -> list[Book]:
    return [event for event in events if event.market == market]


async def test_prices_move_and_triggers_go_off():
    async with world() as w:
        await w.login()
        stop = {"order_type": "STOP_MARKET", "price": "0", "trigger_price": "70000"}
        assert await place(w, stop.pop("price"), **stop) == "UNTRIGGERED"
        await scripts.take(w.paradex, scripts.MovePrices(market=MARKET, mark=Decimal(70_001)))
        await w.eventually(lambda: not w.exchange.queries.open_orders(w.account))


async def test_a_step_that_is_none_is_an_error():
    async with world() as w:
        with pytest.raises(TypeError, match="no step"):
            await scripts.take(w.paradex, scripts.Step())
