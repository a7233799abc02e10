"""Quotes, trades and books (rules S3, E18; NAUTILUS 2.3)."""

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.enums import BookAction
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.enums import RecordFlag
from nautilus_trader.model.objects import Price
from nautilus_trader.model.objects import Quantity

from nautilus_paradex.parsing import market_data
from nautilus_paradex.parsing.market_data import InstrumentScale
from nautilus_paradex.parsing.market_data import parse_book_clear
from nautilus_paradex.parsing.market_data import parse_order_book_deltas
from nautilus_paradex.parsing.market_data import parse_quote_tick
from nautilus_paradex.parsing.market_data import parse_trade_tick
from nautilus_paradex.parsing.market_data import trade_id_of
from nautilus_paradex.parsing.numbers import TooFineError
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.numbers import mantissa
from nautilus_paradex.protocol.sbe import decode_frame
from tests.parsing.parsing_values import TS
from tests.parsing.parsing_values import bbo
from tests.parsing.parsing_values import book
from tests.parsing.parsing_values import instrument


BTC = instrument()  # tick 0.1, lot 0.00001
SCALE = InstrumentScale.of(BTC)
NOW = TS + 5_000_000

LAST = int(RecordFlag.F_LAST)
SNAPSHOT = int(RecordFlag.F_SNAPSHOT)


def fresh() -> InstrumentScale:
    return InstrumentScale.of(BTC)


def trade(**changes: Any) -> Trade:
    values: dict[str, Any] = {
        "market": "BTC-USD-PERP",
        "seq": 11,
        "trade_id": "1790000000200201709233240002",
        "side": Side.SELL,
        "price_e8": mantissa("61234.5"),
        "size_e8": mantissa("0.015"),
        "trade_type": "FILL",
        "created_ns": TS,
        "published_ns": TS + 1,
    }
    return Trade(**(values | changes))


# -- QUOTES ----------------------------------------------------------------------------------------

tenths = st.integers(-(10**14), 10**14)
lots = st.integers(0, 10**12)


@given(tenths, tenths, lots, lots)
def test_e18_a_quotes_raw_values_are_those_of_the_texts(
    bid: int, ask: int, bid_size: int, ask_size: int
) -> None:
    event = Bbo(
        market="BTC-USD-PERP",
        seq=1,
        bid_e8=bid * 10**7,
        bid_size_e8=bid_size * 10**3,
        ask_e8=ask * 10**7,
        ask_size_e8=ask_size * 10**3,
        ts_ns=TS,
    )
    quote = parse_quote_tick(event, SCALE, NOW)
    assert quote is not None
    assert quote.bid_price == Price.from_str(f"{Decimal(bid).scaleb(-1):.1f}")
    assert quote.ask_price.raw == Price.from_str(f"{Decimal(ask).scaleb(-1):.1f}").raw
    assert quote.bid_size == Quantity.from_str(f"{Decimal(bid_size).scaleb(-5):.5f}")
    assert quote.ask_size.raw == Quantity.from_str(f"{Decimal(ask_size).scaleb(-5):.5f}").raw


def test_a_quote_is_exact_and_has_both_times() -> None:
    quote = parse_quote_tick(bbo("61234.4", "0.5", "61234.5", "0.00001"), SCALE, NOW)
    assert quote is not None
    assert str(quote) == "BTC-USD-PERP.PARADEX,61234.4,61234.5,0.50000,0.00001," + str(TS)
    assert quote.bid_price.precision == BTC.price_precision
    assert quote.bid_size.precision == BTC.size_precision
    assert (quote.ts_event, quote.ts_init) == (TS, NOW)


@pytest.mark.parametrize(
    "event",
    [
        bbo(None, None, "61234.5", "1"),
        bbo("61234.4", "1", None, None),
        bbo(None, None, None, None),
        bbo("61234.4", None, "61234.5", "1"),
        bbo("61234.4", "1", "61234.5", None),
    ],
)
def test_no_quote_is_made_of_an_empty_side(event: Bbo) -> None:
    assert parse_quote_tick(event, SCALE, NOW) is None


def test_a_finer_quote_never_shows_a_better_market() -> None:
    event = bbo("61234.49999999", "0.00001999", "61234.50000001", "0.00000999")
    quote = parse_quote_tick(event, fresh(), NOW)
    assert quote is not None
    assert quote.bid_price == Price.from_str("61234.4")
    assert quote.ask_price == Price.from_str("61234.6")
    assert quote.bid_size == Quantity.from_str("0.00001")
    assert quote.ask_size == Quantity.from_str("0.00000")


@given(st.integers(-(10**20), 10**20), st.integers(-(10**20), 10**20))
def test_a_quotes_prices_are_the_nearest_on_the_careful_side(bid: int, ask: int) -> None:
    event = Bbo(market="", seq=1, bid_e8=bid, bid_size_e8=1, ask_e8=ask, ask_size_e8=1, ts_ns=TS)
    quote = parse_quote_tick(event, fresh(), NOW)
    assert quote is not None
    step = Decimal("0.1")
    assert 0 <= Decimal(bid).scaleb(-8) - quote.bid_price.as_decimal() < step
    assert 0 <= quote.ask_price.as_decimal() - Decimal(ask).scaleb(-8) < step


@pytest.mark.parametrize("text", ["99999999999999999999", "-99999999999999999999"])
def test_a_price_beyond_the_frameworks_range_is_refused(text: str) -> None:
    """`from_raw` would end the process."""
    with pytest.raises(NumberError, match="range of prices"):
        parse_quote_tick(bbo(text, "1", "1", "1"), SCALE, NOW)


@pytest.mark.parametrize("text", ["99999999999999999999", "-0.00001"])
def test_a_size_beyond_the_frameworks_range_or_below_zero_is_refused(text: str) -> None:
    with pytest.raises(NumberError, match="range of sizes"):
        parse_quote_tick(bbo("1", "1", "2", text), SCALE, NOW)


def test_e18_a_narrow_build_refuses_what_it_cannot_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds of 9 places end at about 9.2e9, and an SBE mantissa reaches 9.2e10."""
    monkeypatch.setattr(market_data, "PRICE_LIMIT_E8", 9_223_372_036 * 10**8)
    assert parse_quote_tick(bbo("9223372036", "1", "9223372036", "1"), SCALE, NOW)
    with pytest.raises(NumberError, match="range of prices"):
        parse_quote_tick(bbo("9223372036", "1", "9223372037", "1"), SCALE, NOW)


def test_e18_a_precision_beyond_the_wires_needs_no_unit() -> None:
    scale = InstrumentScale(BTC.id, price_precision=9, size_precision=16)
    quote = parse_quote_tick(bbo("0.00000001", "0.00000001", "1", "1"), scale, NOW)
    assert quote is not None
    assert (str(quote.bid_price), quote.bid_size.precision) == ("0.000000010", 16)


# -- DOUBT -----------------------------------------------------------------------------------------


def test_a_few_finer_values_are_odd_orders_and_many_an_old_instrument() -> None:
    scale = fresh()
    for _ in range(200):  # half of the sides
        parse_quote_tick(bbo("1.001", "1", "2", "1"), scale, NOW)
    assert scale.doubt == 0
    odd = bbo("1.001", "1", "2", "1.000001")  # all of them
    for _ in range(10):
        parse_quote_tick(odd, scale, NOW)
    with pytest.raises(TooFineError) as caught:
        parse_quote_tick(odd, scale, NOW)
    assert caught.value.instrument_id == BTC.id


def test_doubt_goes_with_every_value_that_fits() -> None:
    scale = fresh()
    for _ in range(8):
        parse_quote_tick(bbo("1.001", "1", "2.001", "1.000001"), scale, NOW)
    assert scale.doubt == 16
    parse_trade_tick(trade(), scale, NOW)
    parse_quote_tick(bbo("1", "1", "2", "1"), scale, NOW)
    parse_order_book_deltas(book(1, bids=(("1", "1"),)), scale, NOW)
    assert scale.doubt == 16 - 1 - 2 - 1


def test_trades_that_no_longer_fit_give_the_instrument_up() -> None:
    scale = fresh()
    odd = trade(size_e8=mantissa("0.0000012"))
    for _ in range(20):
        parse_trade_tick(odd, scale, NOW)
    with pytest.raises(TooFineError):
        parse_trade_tick(odd, scale, NOW)


# -- TRADES ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "aggressor"), [(Side.BUY, AggressorSide.BUYER), (Side.SELL, AggressorSide.SELLER)]
)
def test_a_trade_is_exact_and_keeps_the_venues_id(side: Side, aggressor: AggressorSide) -> None:
    tick = parse_trade_tick(trade(side=side), SCALE, NOW)
    assert tick.price == Price.from_str("61234.5")
    assert tick.size == Quantity.from_str("0.01500")
    assert tick.size.precision == 5
    assert tick.aggressor_side == aggressor
    assert tick.trade_id.value == "1790000000200201709233240002"
    assert (tick.ts_event, tick.ts_init) == (TS, NOW)


@pytest.mark.parametrize("size", [0, -1, -5, -1_000, -123_456])
def test_a_trade_without_size_is_refused(size: int) -> None:
    """A size below zero is not the nearest lot above it, fits it the lots or not."""
    with pytest.raises(NumberError, match="no size"):
        parse_trade_tick(trade(size_e8=size), fresh(), NOW)


@pytest.mark.parametrize(
    ("price", "size", "expected"),
    [
        ("61234.54", "0.0000014", ("61234.5", "0.00001")),
        ("61234.55", "0.000015", ("61234.6", "0.00002")),
        ("61234.65", "0.000025", ("61234.6", "0.00002")),
        ("61234.56", "0.0000156", ("61234.6", "0.00002")),
        ("61234.5", "0.000001", ("61234.5", "0.00001")),
    ],
)
def test_a_finer_trade_is_the_nearest_one_that_fits(
    price: str, size: str, expected: tuple[str, str]
) -> None:
    tick = parse_trade_tick(trade(price_e8=mantissa(price), size_e8=mantissa(size)), fresh(), NOW)
    assert (str(tick.price), str(tick.size)) == expected
    assert tick.price == Price.from_str(expected[0])


@pytest.mark.parametrize("given_id", [None, "", "é", "x" * 37])
def test_trap_4_a_trade_without_a_usable_id_gets_one_that_fits(given_id: str | None) -> None:
    tick = parse_trade_tick(trade(trade_id=given_id), SCALE, NOW)
    assert 0 < len(tick.trade_id.value) <= 36


def test_trap_4_a_made_id_is_the_same_each_time_and_tells_trades_apart() -> None:
    one = trade(trade_id=None)
    others = [
        trade(trade_id=None, seq=12),
        trade(trade_id=None, price_e8=mantissa("61234.6")),
        trade(trade_id=None, size_e8=mantissa("0.016")),
        trade(trade_id=None, created_ns=TS + 1_000),
    ]
    assert trade_id_of(one) == trade_id_of(trade(trade_id=None, published_ns=None))
    assert len({trade_id_of(one), *map(trade_id_of, others)}) == 5
    assert len(trade_id_of(trade(trade_id=None, seq=None, price_e8=2**62, size_e8=2**62))) <= 36


# -- BOOKS -----------------------------------------------------------------------------------------


def flags(deltas: OrderBookDeltas) -> list[int]:
    return [delta.flags for delta in deltas.deltas]


def actions(deltas: OrderBookDeltas) -> list[BookAction]:
    return [delta.action for delta in deltas.deltas]


def test_s3_a_snapshot_clears_and_rebuilds_and_ends_with_last() -> None:
    event = book(
        5, snapshot=True, bids=(("61234.4", "1"), ("61234.3", "2")), asks=(("61235", "3"),)
    )
    deltas = parse_order_book_deltas(event, SCALE, NOW)
    assert deltas is not None
    assert actions(deltas) == [BookAction.CLEAR, BookAction.ADD, BookAction.ADD, BookAction.ADD]
    assert flags(deltas) == [SNAPSHOT, SNAPSHOT, SNAPSHOT, SNAPSHOT | LAST]
    assert deltas.is_snapshot
    assert {delta.sequence for delta in deltas.deltas} == {5}
    assert {delta.ts_event for delta in deltas.deltas} == {TS + 5}
    assert {delta.ts_init for delta in deltas.deltas} == {NOW}
    assert deltas.deltas[1].order.price == Price.from_str("61234.4")
    assert deltas.deltas[1].order.size == Quantity.from_str("1.00000")


def test_s3_an_empty_snapshot_is_a_clear_that_is_last() -> None:
    deltas = parse_order_book_deltas(book(5, snapshot=True), SCALE, NOW)
    assert deltas is not None
    assert (actions(deltas), flags(deltas)) == ([BookAction.CLEAR], [SNAPSHOT | LAST])


def test_s3_a_delta_updates_and_deletes_and_ends_with_last() -> None:
    event = book(6, bids=(("61234.4", "0"),), asks=(("61235", "3"), ("61236", "0")))
    deltas = parse_order_book_deltas(event, SCALE, NOW)
    assert deltas is not None
    assert actions(deltas) == [BookAction.DELETE, BookAction.UPDATE, BookAction.DELETE]
    assert flags(deltas) == [0, 0, LAST]


def test_a_delta_without_changes_is_nothing() -> None:
    assert parse_order_book_deltas(book(6), SCALE, NOW) is None


def test_a_finer_level_is_left_out_whatever_happens_to_it() -> None:
    """Production had an ETH ask at 2583.84000192 on 8 October 2026."""
    scale = fresh()
    snapshot = book(1, snapshot=True, bids=(("1", "1"),), asks=(("2.00000192", "1"), ("3", "1")))
    deltas = parse_order_book_deltas(snapshot, scale, NOW)
    assert deltas is not None
    assert actions(deltas) == [BookAction.CLEAR, BookAction.ADD, BookAction.ADD]
    assert flags(deltas) == [SNAPSHOT, SNAPSHOT, SNAPSHOT | LAST]
    assert parse_order_book_deltas(book(2, asks=(("2.00000192", "0"),)), scale, NOW) is None
    mixed = parse_order_book_deltas(book(3, asks=(("3", "5"), ("2.0000001", "4"))), scale, NOW)
    assert mixed is not None
    assert flags(mixed) == [LAST]


def test_a_snapshot_of_finer_levels_only_is_empty() -> None:
    deltas = parse_order_book_deltas(book(1, snapshot=True, bids=(("1.01", "1"),)), fresh(), NOW)
    assert deltas is not None
    assert (actions(deltas), flags(deltas)) == ([BookAction.CLEAR], [SNAPSHOT | LAST])


def test_a_finer_size_never_shows_more_than_there_is() -> None:
    scale = fresh()
    snapshot = book(1, snapshot=True, bids=(("3", "0.00001999"), ("2", "0.00000999"), ("1", "0")))
    deltas = parse_order_book_deltas(snapshot, scale, NOW)
    assert deltas is not None
    assert [str(delta.order.size) for delta in deltas.deltas[1:]] == ["0.00001"]
    update = parse_order_book_deltas(book(2, bids=(("3", "0.00000999"),)), scale, NOW)
    assert update is not None
    assert actions(update) == [BookAction.DELETE]


def test_a_snapshot_on_a_finer_tick_gives_the_instrument_up() -> None:
    """The tick went from 0.1 to 0.01 and nobody said so."""
    levels = tuple((f"{100 - number / 100:.2f}", "1") for number in range(100))
    with pytest.raises(TooFineError):
        parse_order_book_deltas(book(1, snapshot=True, bids=levels), fresh(), NOW)


def test_a_level_out_of_range_is_refused() -> None:
    with pytest.raises(NumberError, match="range of sizes"):
        parse_order_book_deltas(book(1, bids=(("1", "-1"),)), fresh(), NOW)
    with pytest.raises(NumberError, match="range of prices"):
        parse_order_book_deltas(book(1, bids=(("1" + "0" * 20, "1"),)), fresh(), NOW)


def test_s3_a_stale_book_is_emptied_by_one_group() -> None:
    deltas = parse_book_clear(SCALE, NOW)
    assert (actions(deltas), flags(deltas)) == ([BookAction.CLEAR], [SNAPSHOT | LAST])
    order_book = OrderBook(BTC.id, BookType.L2_MBP)
    full = parse_order_book_deltas(book(1, snapshot=True, bids=(("1", "1"),)), SCALE, NOW)
    order_book.apply_deltas(full)
    order_book.apply_deltas(deltas)
    assert order_book.bids() == order_book.asks() == []


def levels_of(order_book: OrderBook) -> tuple[dict[str, str], dict[str, str]]:
    return tuple(  # type: ignore[return-value]  # two sides
        {str(level.price): str(level.orders()[0].size) for level in side}
        for side in (order_book.bids(), order_book.asks())
    )


levels = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=6)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), levels, levels), max_size=12))
def test_the_frameworks_book_equals_a_plain_model(
    frames: list[tuple[bool, list[tuple[int, int]], list[tuple[int, int]]]],
) -> None:
    order_book = OrderBook(BTC.id, BookType.L2_MBP)
    model: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for seq, (snapshot, low, high) in enumerate(frames, start=1):
        if snapshot:
            model = ({}, {})
        sides = ([*dict(low).items()], [(price + 100, size) for price, size in dict(high).items()])
        for mine, changes in zip(model, sides, strict=True):
            for price, size in changes:
                mine.pop(price, None)
                if size:
                    mine[price] = size
        event = Book(
            market="BTC-USD-PERP",
            seq=seq,
            is_snapshot=snapshot,
            bids=[(price * 10**7, size * 10**3) for price, size in sides[0]],
            asks=[(price * 10**7, size * 10**3) for price, size in sides[1]],
            ts_ns=TS,
        )
        deltas = parse_order_book_deltas(event, SCALE, NOW)
        if deltas is not None:
            order_book.apply_deltas(deltas)
    expected = tuple(
        {f"{price / 10:.1f}": f"{size / 100_000:.5f}" for price, size in side.items()}
        for side in model
    )
    assert levels_of(order_book) == expected


# -- THE PRODUCTION FEED ---------------------------------------------------------------------------

CAPTURES = Path(__file__).parents[2].parent / "shared" / "paradex" / "captures"


def captured(name: str) -> list[Any]:
    path = CAPTURES / name
    if not path.exists():
        pytest.skip(f"no captures of the production feed beside the repository ({path})")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return [decode_frame(base64.b64decode(r["b64"])) for r in records if r["opcode"] == "binary"]


def test_the_captured_quotes_become_exact_quotes() -> None:
    for event in captured("production-2026-10-08-btc-bbo.jsonl"):
        quote = parse_quote_tick(event, SCALE, NOW)
        assert quote is not None
        assert quote.bid_price == Price.from_str(f"{Decimal(event.bid_e8).scaleb(-8):.1f}")
        assert quote.ask_size == Quantity.from_str(f"{Decimal(event.ask_size_e8).scaleb(-8):.5f}")


def test_the_captured_book_becomes_the_frameworks_book() -> None:
    events = captured("production-2026-10-08-eth-book.jsonl")
    scale = InstrumentScale(BTC.id, price_precision=2, size_precision=4)
    order_book = OrderBook(BTC.id, BookType.L2_MBP)
    model: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for event in events:
        if event.is_snapshot:
            model = ({}, {})
        for mine, changes in zip(model, (event.bids, event.asks), strict=True):
            mine.update(dict(changes))
        deltas = parse_order_book_deltas(event, scale, NOW)
        if deltas is not None:
            order_book.apply_deltas(deltas)
    expected = tuple(
        {
            f"{Decimal(price).scaleb(-8):.2f}": f"{Decimal(size).scaleb(-8):.4f}"
            for price, size in side.items()
            if size and not price % 10**6
        }
        for side in model
    )
    # One of the asks is finer than the tick of 0.01.
    assert [price for price in model[1] if price % 10**6] == [258384000192]
    assert len(expected[0]) > 1
    assert levels_of(order_book) == expected
