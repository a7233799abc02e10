"""Quotes and trades as the framework's data (rules S3, S9)."""

from decimal import Decimal

import msgspec
import pytest
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.data import CustomData
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.data import TradeTick
from nautilus_trader.test_kit.providers import TestInstrumentProvider

from nautilus_paradex.data.feeds import MarketFeeds
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.numbers import mantissa


INSTRUMENT = TestInstrumentProvider.ethusdt_perp_binance()  # tick 0.01, lot 0.001
MARKET = INSTRUMENT.id.symbol.value


class Log:
    def __init__(self):
        self.warnings = []

    def warning(self, message):
        self.warnings.append(message)


class Room:
    def __init__(self):
        self.data, self.reloads, self.log = [], [], Log()
        self.feeds = MarketFeeds(
            emit=self.data.append,
            reload=lambda market, reason: self.reloads.append((market, reason)),
            clock=TestClock(),
            log=self.log,
        )
        self.feed = self.feeds.add(INSTRUMENT)


def bbo(bid="2499.99", bid_size="0.001", ask="2500", ask_size="3", seq=1):
    def number(text):
        return None if text is None else mantissa(text)

    return Bbo(
        market=MARKET,
        seq=seq,
        bid_e8=number(bid),
        bid_size_e8=number(bid_size),
        ask_e8=number(ask),
        ask_size_e8=number(ask_size),
        ts_ns=5,
    )


def trade(trade_type="FILL", seq=1, price="2499.98", size="0.002"):
    return Trade(
        market=MARKET,
        seq=seq,
        trade_id="T-1",
        side=Side.SELL,
        price_e8=mantissa(price),
        size_e8=mantissa(size),
        trade_type=trade_type,
        created_ns=6,
        published_ns=7,
    )


def test_quotes_are_exact():
    room = Room()
    room.feed.wants_quotes = True
    room.feeds.on_bbo(bbo())
    (quote,) = room.data
    assert isinstance(quote, QuoteTick)
    assert str(quote.bid_price) == "2499.99"
    assert quote.bid_price == INSTRUMENT.make_price(2499.99)


def test_a_market_without_a_quote_is_known_until_one_comes_or_the_socket_is_lost():
    room = Room()
    assert room.feeds.unquoted() == []
    room.feed.wants_quotes = True
    assert room.feeds.unquoted() == [MARKET]
    room.feeds.on_bbo(bbo(bid=None, bid_size=None))
    assert room.data == []
    assert room.feeds.unquoted() == []
    room.feeds.forget_quotes()
    assert room.feeds.unquoted() == [MARKET]


def test_trades_are_exact():
    room = Room()
    room.feed.wants_trades = True
    room.feeds.on_trade(trade())
    (tick,) = room.data
    assert isinstance(tick, TradeTick)
    assert (tick.trade_id.value, tick.ts_event) == ("T-1", 6)


@pytest.mark.parametrize(
    ("kind", "seq", "is_on_book"),
    [
        ("FILL", 7, True),
        ("FILL", None, True),
        ("RPI", 7, True),
        ("LIQUIDATION", 7, True),
        ("LIQUIDATION", None, True),
        ("LIQUIDATION", 0, False),
        ("BLOCK_TRADE", 0, False),
        ("SETTLE_MARKET", 7, False),
        ("UNWIND_TRANSFER", None, False),
        ("UNKNOWN(9)", 7, True),
        ("UNKNOWN(9)", 0, False),
        ("NEWS", None, False),
    ],
)
def test_trade_ticks_are_what_traded_on_the_book_and_prints_are_all(kind, seq, is_on_book):
    room = Room()
    room.feed.wants_trades = room.feed.wants_prints = True
    room.feeds.on_trade(trade(kind, seq))
    ticks = [item for item in room.data if isinstance(item, TradeTick)]
    prints = [item.data for item in room.data if isinstance(item, CustomData)]
    assert bool(ticks) == is_on_book
    assert [(item.trade_type, item.seq, item.price) for item in prints] == [
        (kind, seq, Decimal("2499.98"))
    ]


def test_an_unknown_trade_type_is_said_once():
    room = Room()
    room.feed.wants_trades = True
    for _ in range(3):
        room.feeds.on_trade(trade("NEWS"))
    for number in range(100):
        room.feeds.on_trade(trade(f"UNKNOWN({number})"))
    assert len(room.log.warnings) == 20
    assert sum("NEWS" in warning for warning in room.log.warnings) == 1


def test_what_nobody_wants_passes_in_silence():
    room = Room()
    room.feeds.on_bbo(bbo())
    room.feeds.on_trade(trade())
    room.feeds.tidy(MARKET)
    assert room.feeds.get(MARKET) is None
    room.feeds.on_bbo(bbo())
    room.feeds.on_trade(trade())
    assert room.data == []


def test_finer_values_throughout_reload_the_market():
    room = Room()
    room.feed.wants_quotes = room.feed.wants_trades = True
    for _ in range(30):
        room.feeds.on_bbo(bbo(bid="2499.991", ask="2500.001"))
    assert room.reloads[0][0] == MARKET
    room.reloads.clear()
    room.feeds.rescale(INSTRUMENT)
    for _ in range(30):
        room.feeds.on_trade(trade(price="2499.991"))
    assert room.reloads[0][0] == MARKET


def test_s3_a_quote_that_was_overtaken_is_not_given_on():
    room = Room()
    room.feed.wants_quotes = True
    room.feeds.on_bbo(bbo(bid="2499.98", seq=8))
    room.feeds.on_bbo(bbo(bid="2499.97", seq=7))
    (quote,) = room.data
    assert str(quote.bid_price) == "2499.98"
    # Numbers that start anew are told by their time; after a lost socket nothing is known.
    room.feeds.on_bbo(msgspec.structs.replace(bbo(bid="2499.96", seq=1), ts_ns=6))
    room.feeds.forget_quotes()
    room.feeds.on_bbo(bbo(bid="2499.95", seq=1))
    assert [str(each.bid_price) for each in room.data] == ["2499.98", "2499.96", "2499.95"]
