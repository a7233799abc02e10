"""What is refused, and how: options, channels, silent books, unknown markets; later users."""

from datetime import timedelta
from typing import Any

import pytest
from nautilus_trader.model.data import BarType
from nautilus_trader.model.data import DataType
from nautilus_trader.model.data import MarkPriceUpdate
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex import PARADEX_CLIENT_ID
from nautilus_paradex.data import quotes
from nautilus_paradex.data import recovery
from nautilus_paradex.simulator import LocalParadex
from nautilus_paradex.simulator.faults import Lose
from nautilus_paradex.types import ParadexFundingComparison
from nautilus_paradex.types import ParadexMarketStatistics
from nautilus_paradex.types import ParadexSettlementPrice
from nautilus_paradex.types import ParadexStreamHealth
from tests.acceptance.data_recording import RecordingActor
from tests.acceptance.data_recording import RecordingTester
from tests.acceptance.data_recording import depth_levels
from tests.acceptance.data_recording import followed
from tests.acceptance.data_recording import levels
from tests.acceptance.data_recording import touch
from tests.acceptance.data_recording import venue_levels
from tests.acceptance.node import BTC
from tests.acceptance.node import ETH
from tests.acceptance.node import RunningNode
from tests.acceptance.node import Trader
from tests.acceptance.node import running_node
from tests.acceptance.node import until


MARKET = ETH.symbol.value
UNKNOWN = InstrumentId.from_str("NOPE-USD-PERP.PARADEX")
MINUTES = BarType.from_str(f"{ETH}-1-MINUTE-LAST-EXTERNAL")


def errors(text: str) -> list[str]:
    """Return the errors in a log."""
    return [line for line in text.splitlines() if "[ERROR]" in line]


# -- OPTIONS ---------------------------------------------------------------------------------------


async def test_wrong_options_of_subscriptions_are_named_and_nothing_is_subscribed() -> None:
    """E16: the text names the key, the value and what is allowed."""
    actor = RecordingActor()
    statistics = ParadexMarketStatistics.data_type_of(ETH)
    comparison = ParadexFundingComparison.data_type_of()
    health = ParadexStreamHealth.data_type_of()
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[actor], data={"bars_poll": True}, may_fail=True) as node,
    ):
        depth, deltas = actor.subscribe_order_book_depth, actor.subscribe_order_book_deltas

        def custom(data_type: DataType, params: dict[str, object]) -> None:
            actor.subscribe_data(data_type, client_id=PARADEX_CLIENT_ID, params=params)

        cases = (
            (lambda p: actor.subscribe_quote_ticks(ETH, params=p), {"interactve": True},
             "params has no key interactve here; there is: interactive"),
            (lambda p: actor.subscribe_quote_ticks(ETH, params=p), {"interactive": "yes"},
             "params['interactive'] cannot be 'yes'; allowed: True or False"),
            (lambda p: actor.subscribe_trade_ticks(ETH, params=p), {"types": 1},
             "params has no key types here; there is: none"),
            (lambda p: deltas(ETH, params=p), {"refresh_ms": 50},
             "params has no key refresh_ms here; there is: interactive"),
            (lambda p: deltas(ETH, book_type=BookType.L3_MBO, params=p), None,
             "Paradex publishes no L3_MBO book; use L2_MBP"),
            (lambda p: depth(ETH, depth=10, params=p), {"refresh_ms": 75},
             "params['refresh_ms'] cannot be 75; allowed: 50, 100, 200, 400"),
            (lambda p: depth(ETH, depth=10, params=p), {"refresh_ms": 400},
             "a refresh of 400 ms is not one of (50, 100)"),
            (lambda p: depth(ETH, depth=10, params=p), {"interactive": True, "refresh_ms": 50},
             "a refresh of 50 ms is not one of (100, 200, 400)"),
            (lambda p: depth(ETH, depth=10, params=p), {"price_tick": "-1"},
             "'-1' is no price tick"),
            (lambda p: depth(ETH, depth=10, params=p), {"price_tick": 0.5},
             "params['price_tick'] cannot be 0.5"),
            (lambda p: actor.subscribe_mark_prices(ETH, params=p), {"kind": "mark"},
             "params has no key kind here; there is: none"),
            (lambda p: actor.subscribe_index_prices(ETH, params=p), {"x": 1},
             "params has no key x here; there is: none"),
            (lambda p: actor.subscribe_funding_rates(ETH, params=p), {"thin": True},
             "params has no key thin here; there is: none"),
            (lambda p: actor.subscribe_option_greeks(ETH, params=p), None,
             f"{ETH} is no option: it has no greeks to subscribe to"),
            (lambda p: actor.subscribe_bars(MINUTES, params=p), {"price_kind": "bid"},
             "params['price_kind'] cannot be 'bid'; allowed: 'last', 'mark', 'underlying'"),
            (lambda p: custom(statistics, p), {"markets": "all"},
             "params has no key markets here; there is: none"),
            (lambda p: custom(comparison, p), {"refresh_ms": 250},
             "params['refresh_ms'] cannot be 250; allowed: 500, 1000"),
            (lambda p: custom(health, p), {"every": 1},
             "params has no key every here; there is: none"),
            (lambda p: custom(DataType(ParadexMarketStatistics), p), {},
             "ParadexMarketStatistics is subscribed to with metadata"),
            (lambda p: custom(ParadexSettlementPrice.data_type_of(ETH), p), {},
             "there is no ParadexSettlementPrice to subscribe to"),
        )  # fmt: skip
        said = 0
        for number, (subscribe, params, text) in enumerate(cases):
            subscribe(params)
            await until(
                lambda said=said: len(errors(node.log())) > said,
                f"an error of case {number}: {text}",
            )
            new = errors(node.log())[said:]
            said += len(new)
            assert len(new) == 1, new
            assert "Cannot carry out Subscribe" in new[0]
            assert text in new[0].partition("): ")[2], new[0]
        assert followed(venue) == [{"markets"}]


async def test_after_a_refusal_the_right_options_are_served() -> None:
    """E16: what was refused is not taken for subscribed, nor served to nobody."""
    actor = RecordingActor()
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[actor], may_fail=True) as node,
    ):
        maker, taker = Trader(venue), Trader(venue, venue.create_account(public_key="0xbeef"))
        maker.place("BUY", "1", "2490.00")
        maker.place("SELL", "1", "2510.00")
        actor.subscribe_quote_ticks(ETH, params={"interactive": 1})
        actor.subscribe_trade_ticks(ETH, params={"wrong": 1})
        actor.subscribe_order_book_depth(ETH, params={"refresh_ms": 1})
        actor.subscribe_order_book_deltas(ETH, params={"wrong": 1})
        actor.subscribe_mark_prices(ETH, params={"wrong": 1})
        await until(lambda: len(errors(node.log())) == 5, "five refusals")
        actor.subscribe_quote_ticks(ETH)
        actor.subscribe_trade_ticks(ETH)
        actor.subscribe_order_book_depth(ETH, params={"refresh_ms": 50})
        actor.subscribe_order_book_deltas(ETH)
        actor.subscribe_mark_prices(ETH)
        await until(lambda: actor.of(OrderBookDepth10) and actor.of(OrderBookDeltas), "books")
        await until(
            lambda: {f"trades.{MARKET}", f"bbo.{MARKET}"} <= followed(venue)[0], "subscribed"
        )
        taker.place("BUY", "0.1", "2510.00", "IOC")
        for kind in (QuoteTick, TradeTick, MarkPriceUpdate):
            await until(lambda kind=kind: actor.of(kind), f"a {kind.__name__}")
        assert len(errors(node.log())) == 5


async def test_wrong_options_of_requests_are_named_and_answered_empty() -> None:
    """E16: a request that is refused still has its answer."""
    actor = RecordingActor()
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[actor], may_fail=True) as node,
    ):
        start = actor.clock.utc_now() - timedelta(hours=1)
        cases = (
            (lambda p: actor.request_quote_ticks(ETH, start=start, params=p), {"rpi": True},
             "params has no key rpi here; there is: interactive"),
            (lambda p: actor.request_trade_ticks(ETH, start=start, params=p),
             {"trade_types": ["FILL", "SWAP"]}, "params['trade_types'] cannot be ['FILL', 'SWAP']"),
            (lambda p: actor.request_bars(MINUTES, start=start, params=p), {"include_open": "no"},
             "params['include_open'] cannot be 'no'; allowed: True or False"),
            (lambda p: actor.request_bars(
                BarType.from_str(f"{ETH}-2-HOUR-LAST-EXTERNAL"), start=start, params=p), None,
             "only of 1, 3, 5, 15 and 30 MINUTE and 1 HOUR"),
            (lambda p: actor.request_funding_rates(ETH, start=start, params=p), {"thin": 0},
             "params['thin'] cannot be 0; allowed: True or False"),
            (lambda p: actor.request_order_book_snapshot(ETH, limit=5, params=p), {"depth": 3},
             "params has no key depth here; there is: interactive"),
            (lambda p: actor.request_order_book_depth(ETH, start=start, depth=11, params=p), None,
             "a depth of 11 is not one of 1 to 10"),
            (lambda p: actor.request_instrument(ETH, params=p), {"all": 1},
             "params has no key all here; there is: none"),
        )  # fmt: skip
        await refused_requests(actor, node, cases)


async def refused_requests(actor: RecordingActor, node: RunningNode, cases: Any) -> None:
    """Send requests one by one; each is to be answered empty, and its error to say why."""
    said = len(errors(node.log()))
    for number, (request, params, text) in enumerate(cases):
        request(params)
        assert actor.has_pending_requests(), f"case {number} is not under way"
        await until(lambda: not actor.has_pending_requests(), f"an answer of case {number}")
        new = errors(node.log())[said:]
        said += len(new)
        assert len(new) == 1, (text, new)
        assert "No answer to Request" in new[0]
        assert text in new[0].partition("): ")[2], new[0]
        assert not actor.answers, (text, actor.answers)


# -- SECOND SUBSCRIBERS ----------------------------------------------------------------------------


async def test_a_second_subscriber_shares_the_first_ones_channels() -> None:
    """S4: the last one to leave unsubscribes; the first one's options hold for both."""
    first = RecordingTester(
        subscribe_quotes=True, subscribe_book_depth=True, subscribe_params={"interactive": True}
    )
    second = RecordingActor()
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[first, second]) as node,
    ):
        maker = Trader(venue)
        maker.place("BUY", "1", "2490.00")
        maker.place("SELL", "1", "2510.00")
        channels = {
            "markets", f"bbo.{MARKET}.interactive", f"order_book.{MARKET}.interactive@15@100ms"
        }  # fmt: skip
        await until(lambda: set().union(*followed(venue)) == channels, "the first one's channels")
        second.subscribe_quote_ticks(ETH)
        second.subscribe_order_book_depth(ETH)
        second.subscribe_mark_prices(ETH)
        channels.add("markets_summary")
        await until(lambda: set().union(*followed(venue)) == channels, "one channel more")
        maker.place("BUY", "1", "2491.00")
        for reader in (first, second):
            await until(
                lambda reader=reader: (
                    reader.of(QuoteTick)
                    and touch(reader.of(QuoteTick)[-1])[0] == 2491
                    and reader.of(OrderBookDepth10)
                    and depth_levels(reader.of(OrderBookDepth10)[-1]) == venue_levels(venue, MARKET)
                ),
                f"quotes and depth of {reader.id}",
            )
        first.stop()
        maker.place("BUY", "1", "2492.00")
        await until(lambda: touch(second.of(QuoteTick)[-1])[0] == 2492, "the second one's quote")
        assert touch(first.of(QuoteTick)[-1])[0] == 2491
        assert set().union(*followed(venue)) == channels
        second.unsubscribe_quote_ticks(ETH)
        second.unsubscribe_order_book_depth(ETH)
        second.unsubscribe_mark_prices(ETH)
        await until(lambda: followed(venue) == [{"markets"}], lambda: f"{followed(venue)}")
        # Who comes after the last one has left chooses anew.
        second.subscribe_quote_ticks(ETH)
        await until(lambda: f"bbo.{MARKET}" in followed(venue)[0], "the plain quotes")
        assert node.data.stream_status().healthy


# -- WHAT THE VENUE REFUSES ------------------------------------------------------------------------


async def test_a_refused_channel_is_told_with_the_venues_words_and_takes_no_other_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S2, S4: the book of a market that is gone is refused; its quotes are acknowledged, silent."""
    monkeypatch.setattr(quotes, "PATIENCE_SECS", 0.2)
    actor = RecordingActor()
    book = f"order_book.{BTC.symbol}.deltas"
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[actor], instruments=[ETH, BTC], may_fail=True) as node,
    ):
        maker = Trader(venue)
        venue.exchange.delete_market(BTC.symbol.value)
        actor.subscribe_order_book_deltas(BTC)
        actor.subscribe_quote_ticks(BTC)
        actor.subscribe_quote_ticks(ETH)
        actor.subscribe_order_book_depth(ETH, params={"price_tick": "0.007"})
        await until(lambda: len(errors(node.log())) == 2, "two refusals")
        refusal, of_step = errors(node.log())
        assert "-32600: invalid subscribe request: price_tick must be a multiple of 0.01" in of_step
        assert "Cannot carry out SubscribeOrderBook(instrument_id=BTC-USD-PERP.PARADEX" in refusal
        assert "-32600: invalid subscribe request: invalid channel" in refusal
        await until(
            lambda: f"No quote of {BTC.symbol} has come, and REST gives none" in node.log(),
            "the silence of its quotes",
        )
        assert "MARKET_NOT_FOUND" in node.log()
        maker.place("BUY", "1", "2490.00")
        maker.place("SELL", "1", "2510.00")
        await until(lambda: actor.of(QuoteTick), "the other market's quotes")
        assert {quote.instrument_id for quote in actor.of(QuoteTick)} == {ETH}
        # It is asked for again on the next connection, and told again.
        await venue.drop_connections()
        await until(
            lambda: [line for line in errors(node.log()) if f"The venue refuses {book}" in line],
            "the refusal on the next connection",
        )
        await until(lambda: f"bbo.{MARKET}" in followed(venue)[0], "the other market is back")


async def test_s2_a_book_that_is_acknowledged_and_silent_is_told_and_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recovery, "PATIENCE_SECS", 0.3)
    tester = RecordingTester(subscribe_book_deltas=True, manage_book=True)
    channel = f"order_book.{MARKET}.deltas"
    async with LocalParadex(market=False) as venue:
        maker = Trader(venue)
        maker.place("BUY", "1", "2490.00")
        maker.place("SELL", "1", "2510.00")
        venue.faults.add(Lose(channels=(channel,)))
        async with running_node(venue, actors=[tester], may_fail=True) as node:
            await until(
                lambda: f"The venue acknowledged {channel} and sends nothing" in node.log(),
                "the silence is told",
            )
            await until(
                lambda: tester._books and levels(tester.own_book) == venue_levels(venue, MARKET),
                "the book",
            )


@pytest.mark.parametrize("gone", [False, True])
async def test_requests_of_an_unknown_market_are_answered_empty_and_say_why(gone: bool) -> None:
    """E16: of a market that was never loaded, and of one that the venue has no more."""
    actor = RecordingActor()
    async with (
        LocalParadex(market=False) as venue,
        running_node(venue, actors=[actor], instruments=[ETH, BTC], may_fail=True) as node,
    ):
        which, text = UNKNOWN, f"{UNKNOWN} is not loaded"
        if gone:
            which, text = BTC, "MARKET_NOT_FOUND"
            venue.exchange.delete_market(BTC.symbol.value)
        start = actor.clock.utc_now() - timedelta(hours=1)
        minutes = BarType.from_str(f"{which}-1-MINUTE-LAST-EXTERNAL")
        cases = [
            (lambda _: actor.request_quote_ticks(which, start=start), None, text),
            (lambda _: actor.request_trade_ticks(which, start=start), None, text),
            (lambda _: actor.request_bars(minutes, start=start), None, text),
            (lambda _: actor.request_funding_rates(which, start=start), None, text),
            (lambda _: actor.request_order_book_snapshot(which, limit=5), None, text),
            (lambda _: actor.request_order_book_depth(which, start=start), None, text),
            (lambda _: actor.request_order_book_deltas(which, start=start), None, "no history"),
            (
                lambda _: actor.request_data(
                    ParadexSettlementPrice.data_type_of(UNKNOWN),
                    client_id=PARADEX_CLIENT_ID,
                    start=start,
                ),
                None,
                "MARKET_NOT_FOUND",
            ),
        ]
        if not gone:
            cases.append((lambda _: actor.request_instrument(which), None, str(which)))
        await refused_requests(actor, node, cases)
