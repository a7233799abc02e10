"""Public data over REST and on the stream, in JSON and SBE (PROTOCOL 4.1, 6, 7)."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.events import FundingComparison
from nautilus_paradex.protocol.events import FundingData
from nautilus_paradex.protocol.events import Heartbeat
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator import PlainConnections
from nautilus_paradex.simulator.engine import model
from tests.simulator.server_client import DEADLINE_S
from tests.simulator.server_client import OTHER
from tests.simulator.server_client import Rest
from tests.simulator.server_client import Stream
from tests.simulator.server_client import World
from tests.simulator.server_client import world


BTC = "BTC-USD-PERP"


async def upgrade_status(w: World, query: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await w.session.ws_connect(w.paradex.ws_url + query)
    return caught.value.status


# -- REST -------------------------------------------------------------------------------------


async def test_system_endpoints():
    async with world() as w:
        config = await w.rest.get("/system/config")
        assert config["starknet_chain_id"] == "PRIVATE_SN_POTC_SEPOLIA"
        assert config["paraclear_decimals"] == 8
        assert await w.rest.get("/system/state") == {"status": "ok"}
        server_time = (await w.rest.get("/system/time"))["server_time"]
        assert isinstance(server_time, str)
        assert len(server_time) == 13


async def test_unknown_paths_are_a_json_404():
    async with world() as w:
        for method, path in (("GET", "/nothing"), ("POST", "/markets"), ("GET", "/vaults")):
            status, body, _ = await w.rest.request(method, path)
            assert (status, body["error"]) == (404, "NOT_FOUND")


async def test_markets_have_every_kind_with_amounts_as_strings():
    async with world() as w:
        markets = (await w.rest.get("/markets"))["results"]
        assert {market["asset_kind"] for market in markets} == {
            "PERP",
            "PERP_OPTION",
            "OPTION",
            "SPOT",
        }
        (btc,) = (await w.rest.get("/markets", market=BTC))["results"]
        assert btc["price_tick_size"] == "0.1"
        assert btc["delta1_cross_margin_params"]["imf_base"] == "0.02"
        assert btc["fee_config"]["api_fee"]["taker_fee"]["fee"] == "0.00045"
        assert type(btc["max_open_orders"]) is int
        option = next(market for market in markets if market["asset_kind"] == "OPTION")
        assert option["option_cross_margin_params"]["imf"]["premium_multiplier"]
        assert option["expiry_at"] > btc["open_at"]
        status, body, _ = await w.rest.request("GET", "/markets", params={"market": "NO"})
        assert (status, body["error"]) == (404, "MARKET_NOT_FOUND")


async def test_books_and_quotes_are_those_of_the_engine():
    async with world() as w:
        w.trade("BUY", "0.5", "67999.9")
        w.trade("BUY", "0.25", "67990")
        w.trade("SELL", "0.125", "68000.1")
        book = await w.rest.get(f"/orderbook/{BTC}", depth="1")
        assert book["bids"] == [["67999.9", "0.5"]]
        assert book["asks"] == [["68000.1", "0.125"]]
        assert book["best_bid_api"] == ["67999.9", "0.5"]
        grouped = await w.rest.get(f"/orderbook/{BTC}", price_tick="100")
        assert grouped["bids"] == [["67900", "0.75"]]
        quote = await w.rest.get(f"/bbo/{BTC}")
        assert (quote["bid"], quote["ask_size"]) == ("67999.9", "0.125")
        assert quote["seq_no"] == book["seq_no"]
        impact = await w.rest.get(f"/orderbook/{BTC}/impact-price", size="-0.75")
        assert impact["side"] == "SELL"
        assert Decimal(impact["impact_price"]) == Decimal("67996.6")
        assert (await w.rest.get("/bbo/ETH-USD-PERP"))["bid"] == ""


async def test_trades_are_paged_with_at_most_1000_a_page():
    async with world() as w:
        for _ in range(5):
            w.trade("BUY", "0.1", "68000")
        taker = w.exchange
        taker.register_account("0xabc", "0xabc")
        taker.deposit("0xabc", Decimal(1_000_000))
        for _ in range(5):
            taker.place(
                model.OrderCommand(
                    account="0xabc",
                    market=BTC,
                    side=model.Side.SELL,
                    type=model.OrderType.LIMIT,
                    size=Decimal("0.1"),
                    price=Decimal(68000),
                )
            )
        query = {"market": BTC, "page_size": "2"}
        ids: list[str] = []
        cursor = ""
        while cursor is not None:
            page = await w.rest.get("/trades", **query, **({"cursor": cursor} if cursor else {}))
            ids += [row["id"] for row in page["results"]]
            cursor = page["next"]
        assert len(ids) == len(set(ids)) == 5
        assert ids == sorted(ids, reverse=True)
        for bad in ({"market": BTC, "page_size": "1001"}, {}, query | {"cursor": "abc"}):
            status, body, _ = await w.rest.request("GET", "/trades", params=bad)
            assert (status, body["error"]) == (400, "INVALID_REQUEST_PARAMETER")


async def test_klines_are_arrays_of_json_numbers():
    async with world() as w:
        query = {"symbol": BTC, "resolution": "1", "start_at": "0", "end_at": "9999999999999"}
        rows = (await w.rest.get("/markets/klines", **query, price_kind="mark"))["results"]
        assert rows[0][1:5] == [68000] * 4
        assert all(type(number) in (int, float) for number in rows[0])
        for change in ({"resolution": "2"}, {"start_at": ""}, {"price_kind": "x"}):
            params = query | change
            assert (await w.rest.request("GET", "/markets/klines", params=params))[0] == 400


async def test_summary_wants_a_market_and_all_is_one():
    async with world() as w:
        (btc,) = (await w.rest.get("/markets/summary", market=BTC))["results"]
        assert (btc["mark_price"], btc["underlying_price"]) == ("68000", "68000")
        everything = (await w.rest.get("/markets/summary", market="ALL"))["results"]
        listed = (await w.rest.get("/markets"))["results"]
        assert len(everything) == len(listed)
        assert (await w.rest.request("GET", "/markets/summary"))[0] == 400


async def test_a_settled_market_leaves_its_settlement_price():
    async with world() as w:
        listed = (await w.rest.get("/markets"))["results"]
        option = next(m["symbol"] for m in listed if m["asset_kind"] == "OPTION")
        status, body, _ = await w.rest.request(
            "GET", "/markets/settlement-price", params={"market": option}
        )
        assert (status, body["error"]) == (404, "MARKET_NOT_SETTLED")
        w.exchange.settle_market(option, Decimal(123))
        price = await w.rest.get("/markets/settlement-price", market=option)
        assert price["settlement_price"] == "123"
        events = (await w.rest.get("/markets/history", market=option))["results"]
        assert "SETTLED" in {event["event_type"] for event in events}


# -- NEGOTIATION ------------------------------------------------------------------------------


@pytest.mark.parametrize("newest", [0, 1, 2])
async def test_versions_up_to_the_newest_are_served_and_others_get_400(newest: int):
    async with world(sbe_max_version=newest) as w:
        for version in range(newest + 1):
            stream = await w.stream("trades.ALL", version=version, auth=False)
            await stream.close()
        assert await upgrade_status(w, f"?sbeSchemaId=1&sbeSchemaVersion={newest + 1}") == 400
        for query in ("?sbeSchemaId=2&sbeSchemaVersion=0", "?sbeSchemaId=1", "?sbeSchemaVersion=1"):
            assert await upgrade_status(w, query) == 400


async def test_sbe_can_be_refused_altogether():
    async with world(sbe_max_version=None) as w:
        assert await upgrade_status(w, "?sbeSchemaId=1&sbeSchemaVersion=0") == 400
        stream = await w.stream("trades.ALL", version=None, auth=False)
        await stream.close()


async def test_plain_connections_can_be_refused_or_kept_to_private_channels():
    async with world(plain_connections=PlainConnections.REFUSED) as w:
        assert await upgrade_status(w, "") == 400
    async with world(plain_connections=PlainConnections.PRIVATE_ONLY) as w:
        await w.login()
        stream = await w.stream("orders.ALL", version=None)
        answer = await stream.call("subscribe", {"channel": f"bbo.{BTC}"})
        assert answer["error"]["code"] == -32600
        await stream.close()


# -- CHANNELS ---------------------------------------------------------------------------------


async def test_quotes_and_trades_come_as_they_happen_in_both_encodings():
    async with world() as w:
        sbe = await w.stream(f"bbo.{BTC}", "trades.ALL", auth=False)
        text = await w.stream(f"bbo.{BTC}", "trades.ALL", version=None, auth=False)
        w.trade("BUY", "0.5", "67999.9")
        w.trade("SELL", "0.1", "68000")
        await w.login()
        await w.place(price="68000", size="0.05")
        await sbe.until(lambda: sbe.events(Trade))
        await text.until(lambda: text.messages("trades.ALL"))
        await sbe.until(lambda: len(sbe.events(Bbo)) == 3)
        await text.until(lambda: len(text.messages(f"bbo.{BTC}")) == 3)
        quotes = sbe.events(Bbo)
        assert (quotes[0].bid_e8, quotes[0].ask_e8) == (6_799_990_000_000, None)
        assert quotes[-1].ask_size_e8 == 5_000_000
        messages = text.messages(f"bbo.{BTC}")
        assert [message["seq_no"] for message in messages] == [quote.seq for quote in quotes]
        assert messages[0]["ask"] == ""
        (trade,) = sbe.events(Trade)
        (message,) = text.messages("trades.ALL")
        assert (trade.trade_id, trade.side, trade.size_e8) == (message["id"], "BUY", 5_000_000)
        for stream in (sbe, text):
            await stream.close()


def levels(changes: list[dict[str, str]], side: str) -> list[tuple[str, str]]:
    return [(row["price"], row["size"]) for row in changes if row["side"] == side]


async def test_a_book_starts_whole_and_goes_on_by_exactly_one():
    async with world(book_interval_ms=20) as w:
        w.trade("BUY", "0.5", "67990")
        sbe = await w.stream(f"order_book.{BTC}.deltas", auth=False)
        text = await w.stream(f"order_book.{BTC}.deltas", version=None, auth=False)
        (snapshot,) = await sbe.until(lambda: sbe.events(Book))
        assert snapshot.is_snapshot
        assert snapshot.bids == [(6_799_000_000_000, 50_000_000)]
        order_id = w.trade("BUY", "0.25", "67991")
        w.trade("BUY", "0.25", "67990")
        w.exchange.book_snapshot(BTC)
        w.exchange.process_cancel(order_id)
        last = w.exchange.queries.bbo(BTC).seq_no
        await sbe.until(lambda: sbe.events(Book)[-1].seq == last)
        frames = sbe.events(Book)
        assert [f.seq for f in frames] == list(range(snapshot.seq, last + 1))
        assert not any(frame.is_snapshot for frame in frames[1:])
        channel = f"order_book.{BTC}.deltas"
        await text.until(lambda: text.messages(channel)[-1]["seq_no"] == last)
        messages = text.messages(channel)
        assert messages[0]["update_type"] == "s"
        assert levels(messages[0]["inserts"], "BUY") == [("67990", "0.5")]
        book: dict[str, str] = {}
        for message in messages:
            for price, size in levels(message["inserts"], "BUY"):
                assert price not in book
                book[price] = size
            for price, size in levels(message["updates"], "BUY"):
                assert price in book
                book[price] = size
            for price, _ in levels(message["deletes"], "BUY"):
                del book[price]
        assert book == {"67990": "0.75"}
        for stream in (sbe, text):
            await stream.close()


async def test_a_later_follower_of_a_book_starts_with_its_own_snapshot():
    async with world(book_interval_ms=50) as w:
        channel = f"order_book.{BTC}.deltas"
        first = await w.stream(channel, auth=False)
        w.trade("BUY", "0.5", "67990")
        second = await w.stream(channel, auth=False)
        w.trade("BUY", "0.5", "67980")
        last = w.exchange.queries.bbo(BTC).seq_no
        for stream in (first, second):

            def is_done(stream: Stream = stream) -> bool:
                sizes = {p: s for frame in stream.events(Book) for p, s in frame.bids}
                return len(sizes) == 2

            await stream.until(is_done)
            frames = stream.events(Book)
            assert frames[0].is_snapshot
            assert [f.seq for f in frames] == list(
                range(frames[0].seq, frames[0].seq + len(frames))
            )
            assert frames[-1].seq >= last
            await stream.close()


async def test_an_sbe_connection_takes_one_book_channel_a_market():
    async with world() as w:
        stream = await w.stream(f"order_book.{BTC}.deltas", auth=False)
        second = {"channel": f"order_book.{BTC}.snapshot@15@50ms"}
        answer = await stream.call("subscribe", second)
        assert answer["error"]["code"] == -32600
        assert "cannot share an SBE session with" in answer["error"]["data"]
        await stream.subscribe("order_book.ETH-USD-PERP.deltas")
        text = await w.stream(f"order_book.{BTC}.deltas", version=None, auth=False)
        assert "result" in await text.call("subscribe", second)
        await stream.result("unsubscribe", {"channel": f"order_book.{BTC}.deltas"})
        assert "result" in await stream.call("subscribe", second)
        for each in (stream, text):
            await each.close()


async def test_snapshots_repeat_the_best_15_levels_when_the_book_changed():
    async with world() as w:
        for n in range(20):
            w.trade("BUY", "0.1", str(67900 + n))
        stream = await w.stream(f"order_book.{BTC}.snapshot@15@50ms", auth=False)
        await stream.until(lambda: stream.events(Book))
        w.trade("BUY", "0.1", "67950")
        await stream.until(lambda: len(stream.events(Book)) == 2)
        first, second = stream.events(Book)
        assert all(frame.is_snapshot and len(frame.bids) == 15 for frame in (first, second))
        assert second.bids[0][0] == 6_795_000_000_000
        await stream.close()


async def test_a_tick_that_fits_a_grouped_book_no_more_silences_that_book_alone():
    async with world() as w:
        w.trade("BUY", "0.1", "67940")
        grouped = await w.stream(f"order_book.{BTC}.snapshot@15@50ms@0_5", auth=False)
        plain = await w.stream(f"order_book.{BTC}.snapshot@15@50ms", auth=False)
        await grouped.until(lambda: grouped.events(Book))
        await plain.until(lambda: plain.events(Book))
        w.exchange.update_market(BTC, price_tick_size=Decimal("0.2"))
        w.trade("BUY", "0.1", "67950")
        await plain.until(lambda: plain.events(Book)[-1].bids[0][0] == 6_795_000_000_000)
        assert len(grouped.events(Book)) == 1
        for stream in (grouped, plain):
            await stream.close()


async def test_periodic_channels_carry_statistics_and_funding():
    async with world(
        summary_interval_ms=20, funding_interval_ms=20, comparison_interval_ms=20
    ) as w:
        channels = (
            f"markets_summary.{BTC}",
            f"funding_data.{BTC}",
            "funding_rate_comparison.ALL@1000ms",
        )
        sbe = await w.stream(*channels, auth=False)
        oldest = await w.stream(*channels, version=0, auth=False)
        summary = (await sbe.until(lambda: sbe.events(MarketSummary)))[0]
        assert (summary.market, summary.mark_price_e8) == (BTC, 6_800_000_000_000)
        funding = (await sbe.until(lambda: sbe.events(FundingData)))[0]
        assert (funding.market, funding.funding_period_hours) == (BTC, 8)
        assert (await sbe.until(lambda: sbe.events(FundingComparison)))[0].source == "PARADEX"
        await oldest.until(lambda: oldest.events(MarketSummary))
        # The template came with version 1: older connections get JSON.
        await oldest.until(lambda: oldest.messages("funding_rate_comparison.ALL@1000ms"))
        for stream in (sbe, oldest):
            await stream.close()


async def test_a_scoped_summary_follows_its_markets():
    async with world(summary_interval_ms=20) as w:
        stream = await Stream.open(w.session, w.paradex.ws_url, None)
        params: dict[str, Any] = {"channel": "markets_summary", "markets": [BTC]}
        await stream.result("subscribe", params)

        def markets() -> set[str]:
            return {message["symbol"] for message in stream.messages("markets_summary")}

        await stream.until(lambda: markets() == {BTC})
        change = {"channel": "markets_summary", "add": ["ETH-USD-PERP"], "remove": [BTC]}
        assert await stream.result("modify_subscription", change) == change
        stream.log.clear()
        await stream.until(lambda: len(stream.messages("markets_summary")) >= 2)
        assert markets() == {"ETH-USD-PERP"}
        answer = await stream.call("modify_subscription", {"channel": "markets_summary.X"})
        assert answer["error"]["code"] == -32600
        await stream.close()


async def test_listings_are_announced_when_they_change():
    async with world() as w:
        stream = await w.stream("markets", f"markets.{BTC}", auth=False)
        w.exchange.update_market(BTC, price_tick_size=Decimal("0.5"))
        (event,) = await stream.until(lambda: stream.messages(f"markets.{BTC}"))
        assert event["event_type"] == "UPDATED"
        assert event["changed_fields"] == {"price_tick_size": "0.5"}
        assert stream.messages("markets") == [event]
        await stream.close()


async def test_option_chains_come_by_base_asset():
    async with world() as w:
        stream = await Stream.open(w.session, w.paradex.ws_url, None)
        await stream.result("subscribe", {"channel": "bbo", "base_asset": "BTC"})
        option = "BTC-USD-72000-C"
        w.trade("BUY", "1", "68000")
        w.trade("BUY", "1", "600", market=option)
        (quote,) = await stream.until(lambda: stream.messages("bbo"))
        assert quote["market"] == option
        await stream.close()


# -- SUBSCRIPTION RULES -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        (f"order_book.{BTC}.deltas@15@50ms", "no parameters expected for deltas topic."),
        (f"order_book.{BTC}.interactive@15@50ms", "invalid channel"),
        (f"order_book.{BTC}.snapshot@20@50ms", "invalid channel"),
        (f"order_book.{BTC}.snapshot@15@50ms@0_15", "price_tick must be a multiple of 0.1"),
        (f"order_book.{BTC}.snapshot@15@50ms@0", "price_tick must be a multiple of 0.1"),
        ("order_book.NO-USD-PERP.deltas", "invalid channel"),
        ("candles.BTC-USD-PERP", "invalid channel"),
        ("trades", "invalid channel"),
        ("", "invalid channel"),
    ],
)
async def test_invalid_channels_are_refused(channel: str, reason: str):
    async with world() as w:
        stream = await w.stream(auth=False)
        answer = await stream.call("subscribe", {"channel": channel})
        assert answer["error"] == {
            "code": -32600,
            "message": "invalid subscribe request",
            "data": reason,
        }
        await stream.close()


async def test_misspelled_quotes_are_acknowledged_and_silent():
    async with world() as w:
        stream = await w.stream(
            f"bbo.interactive.{BTC}", f"bbo.{BTC}@interactive", "bbo.NO-USD", auth=False
        )
        right = await w.stream(f"bbo.{BTC}.interactive", auth=False)
        w.trade("BUY", "1", "67000")
        await right.until(lambda: right.events(Bbo))
        assert stream.events(Bbo) == []
        for each in (stream, right):
            await each.close()


async def test_a_second_subscribe_and_a_foreign_unsubscribe_are_errors():
    async with world() as w:
        stream = await w.stream("trades.ALL", auth=False)
        for method, channel in (("subscribe", "trades.ALL"), ("unsubscribe", "bbo.ALL")):
            answer = await stream.call(method, {"channel": channel})
            assert answer["error"]["code"] == -32600
        assert await stream.result("unsubscribe", {"channel": "trades.ALL"}) == {
            "channel": "trades.ALL"
        }
        await stream.subscribe("trades.ALL")
        await stream.close()


async def test_unsubscribed_channels_are_silent():
    async with world() as w:
        stream = await w.stream(f"bbo.{BTC}", "trades.ALL", auth=False)
        await stream.result("unsubscribe", {"channel": f"bbo.{BTC}"})
        w.trade("BUY", "1", "67000")
        w.trade("SELL", "0.5", "67100")
        await w.login()
        await w.place(side="SELL", price="67000", order_type="LIMIT")
        await stream.until(lambda: stream.events(Trade))
        assert stream.events(Bbo) == []
        await stream.close()


async def test_answers_have_the_venues_envelope():
    async with world() as w:
        socket = await w.session.ws_connect(w.paradex.ws_url)
        await socket.send_str(
            json.dumps(
                {
                    "jsonrpc": "2.0",
                    "id": 7,
                    "method": "subscribe",
                    "params": {"channel": "trades.ALL"},
                }
            )
        )
        text = await socket.receive_str(timeout=DEADLINE_S)
        answer = json.loads(text)
        assert list(answer) == ["jsonrpc", "id", "result", "usIn", "usDiff", "usOut"]
        assert answer["usOut"] - answer["usIn"] == answer["usDiff"] >= 0
        assert text.endswith("\n")
        await socket.close()


@pytest.mark.parametrize(
    ("text", "code", "answer_id"),
    [
        ("{", -32700, None),
        ("[]", -32600, None),
        ('{"jsonrpc":"1.0","id":3,"method":"subscribe"}', -32600, 3),
        ('{"jsonrpc":"2.0","id":4}', -32600, 4),
        ('{"jsonrpc":"2.0","id":5,"method":"nothing"}', -32601, 5),
        ('{"jsonrpc":"2.0","id":6,"method":"subscribe","params":{}}', -32602, 6),
        ('{"jsonrpc":"2.0","id":7,"method":"subscribe","params":["x"]}', -32602, 7),
        ('{"jsonrpc":"2.0","id":8,"method":"subscribe","params":{"channel":1}}', -32602, 8),
    ],
)
async def test_malformed_requests_are_refused_and_the_connection_lives(
    text: str, code: int, answer_id: int | None
):
    async with world() as w:
        socket = await w.session.ws_connect(w.paradex.ws_url)
        for _ in range(2):
            await socket.send_str(text)
            answer = json.loads(await socket.receive_str(timeout=DEADLINE_S))
            assert (answer["error"]["code"], answer["id"]) == (code, answer_id)
        await socket.close()


# -- LIVENESS ---------------------------------------------------------------------------------


async def test_an_idle_sbe_connection_gets_heartbeats_and_a_plain_one_none():
    async with world(heartbeat_interval_s=0.1) as w:
        sbe = await w.stream("trades.ALL", auth=False)
        text = await w.stream("trades.ALL", version=None, auth=False)
        await sbe.until(lambda: len(sbe.events(Heartbeat)) >= 2)
        assert text.log == [("answer", 1)]
        for stream in (sbe, text):
            await stream.close()


async def test_a_connection_without_subscription_is_closed_with_4031():
    async with world(idle_close_s=0.2) as w:
        busy = await w.stream("trades.ALL", auth=False)
        idle = await w.stream(auth=False)
        assert await idle.closed() == 4031
        await busy.result("unsubscribe", {"channel": "trades.ALL"})
        assert await busy.closed() == 4031


async def test_a_client_that_does_not_answer_pings_is_dropped():
    async with world(ping_interval_s=0.1, pong_timeout_s=0.2) as w:
        alive = await w.stream("trades.ALL", auth=False)
        deaf = await w.session.ws_connect(w.paradex.ws_url, autoping=False)
        async with asyncio.timeout(DEADLINE_S):
            types = [message.type async for message in deaf]
        assert types == [aiohttp.WSMsgType.PING]
        assert deaf.close_code == 1006
        assert "result" in await alive.call("subscribe", {"channel": "bbo.ALL"})
        await alive.close()


async def test_a_reader_that_falls_behind_is_dropped():
    async with world(queue_max=5) as w:
        stream = await w.stream(f"bbo.{BTC}", auth=False)
        for n in range(10):
            w.trade("BUY", "1", str(60000 + n))
        assert await stream.closed() == 1006


async def test_a_reader_that_reads_nothing_is_dropped_while_its_socket_is_full():
    async with world(queue_max=50) as w:
        deaf = await w.session.ws_connect(w.paradex.ws_url)
        request = {"jsonrpc": "2.0", "id": 1, "method": "subscribe"}
        await deaf.send_json(request | {"params": {"channel": f"bbo.{BTC}"}})
        # What the kernel takes of it on both sides is not known; it is far less than this.
        for _ in range(50_000):
            order_id = w.trade("BUY", "1", "60000")
            await asyncio.sleep(0)
            w.exchange.cancel(OTHER, order_id)
            w.exchange.process_cancel(order_id)
            await asyncio.sleep(0)
            if w.paradex.slow_readers:
                break
        assert w.paradex.slow_readers == 1
        async with asyncio.timeout(DEADLINE_S):
            while w.paradex.connections:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)


# -- THE SYNTHETIC MARKET ---------------------------------------------------------------------


async def test_the_synthetic_market_quotes_and_trades():
    async with LocalParadex(seed=7, driven=[BTC]) as paradex, aiohttp.ClientSession() as session:
        rest = Rest(session, paradex.http_url)
        quote = await rest.get(f"/bbo/{BTC}")
        assert Decimal(quote["bid"]) < Decimal(quote["ask"])
        stream = await Stream.open(session, paradex.ws_url)
        await stream.subscribe(f"bbo.{BTC}", f"order_book.{BTC}.deltas", "trades.ALL")
        await stream.until(lambda: stream.events(Trade) and len(stream.events(Book)) > 5)
        seqs = [frame.seq for frame in stream.events(Book)]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        await stream.close()
        paradex.exchange.check_invariants()
