"""What the wire's values become in the framework, whose own checks may end the whole process."""

from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.common.component import TestClock
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BarType
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.identifiers import AccountId

from nautilus_paradex.data.books import Books
from nautilus_paradex.parsing import bars
from nautilus_paradex.parsing import depth
from nautilus_paradex.parsing import forwards
from nautilus_paradex.parsing import funding
from nautilus_paradex.parsing import instruments
from nautilus_paradex.parsing import listing_facts
from nautilus_paradex.parsing import market_data
from nautilus_paradex.parsing import protection
from nautilus_paradex.parsing import reports
from nautilus_paradex.parsing import statistics
from nautilus_paradex.parsing import status
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol import sbe
from nautilus_paradex.protocol.book import NO_ASK
from nautilus_paradex.protocol.book import NO_BID
from nautilus_paradex.protocol.errors import WireError
from nautilus_paradex.protocol.numbers import mantissa
from tests.parsing.parsing_values import OPTION
from tests.parsing.parsing_values import instrument


TS: Final = 1_790_000_000_000_000_000
ACCOUNT: Final = AccountId("PARADEX-master")
PERPETUAL: Final = instrument()
CALL: Final = instrument(OPTION)
_BARS: Final = BarType.from_str("BTC-USD-PERP.PARADEX-1-MINUTE-LAST-EXTERNAL")
_KLINES: Final = bars.kline_spec(_BARS)


def to_framework(value: Any) -> None:
    """Make everything of a value that the rooms would make of it; only a `WireError` may come."""
    for make in _MADE.get(type(value), ()):
        try:
            make(value)
        except WireError:
            continue


def _scale() -> market_data.InstrumentScale:
    return market_data.InstrumentScale.of(PERPETUAL)


def _quote(event: events.Bbo) -> None:
    quote = market_data.parse_quote_tick(event, _scale(), TS)
    if quote is None:
        return
    assert event.bid_e8 is not None
    assert event.ask_e8 is not None
    # Never a better market than there is.
    bid, ask = quote.bid_price.as_decimal(), quote.ask_price.as_decimal()
    assert bid <= Decimal(event.bid_e8).scaleb(-8)
    assert ask >= Decimal(event.ask_e8).scaleb(-8)


def _depth(event: events.Book) -> None:
    if event.is_snapshot:
        depth.parse_order_book_depth10(event, _scale(), TS)


def _summary(event: events.MarketSummary) -> None:
    statistics.parse_market_statistics(event, PERPETUAL.id, TS).to_custom_data()


_MADE: Final[dict[type, tuple[Callable[[Any], Any], ...]]] = {
    events.Bbo: (_quote,),
    events.Trade: (
        lambda event: market_data.parse_trade_tick(event, _scale(), TS),
        lambda event: statistics.parse_public_trade(event, PERPETUAL.id, TS).to_custom_data(),
    ),
    events.Book: (lambda event: market_data.parse_order_book_deltas(event, _scale(), TS), _depth),
    events.MarketSummary: (
        _summary,
        lambda event: statistics.parse_mark_price(event, PERPETUAL.id, TS),
        lambda event: statistics.parse_index_price(event, PERPETUAL.id, TS),
        lambda event: statistics.parse_funding_rate(event, PERPETUAL.id, 480, TS),
        lambda event: statistics.parse_option_greeks(event, CALL.id, TS),
        lambda event: forwards.parse_forward_price(event, CALL, TS),
    ),
    events.FundingData: (
        lambda event: statistics.parse_funding_data(event, PERPETUAL.id, TS).to_custom_data(),
        lambda event: funding.parse_funding_row(event, PERPETUAL.id, 480),
    ),
    events.FundingComparison: (
        lambda event: statistics.parse_funding_comparison(event, PERPETUAL.id, TS).to_custom_data(),
    ),
    events.OrderUpdate: (
        lambda event: reports.parse_order_status_report(event, PERPETUAL, ACCOUNT, TS),
    ),
    events.Fill: (lambda event: reports.parse_fill_report(event, PERPETUAL, ACCOUNT, TS),),
    events.Position: (
        lambda event: reports.parse_position_status_report(event, PERPETUAL, ACCOUNT, TS),
    ),
    events.AccountSummary: (
        lambda event: reports.parse_account_state(event, {}),
        reports.account_info,
    ),
    messages.Market: (lambda row: instruments.parse_instrument(row, None, TS),),
    messages.MarketEvent: (lambda row: listing_facts.parse_market_change(row, PERPETUAL.id),),
    messages.SettlementPrice: (
        lambda row: status.parse_instrument_close(row, PERPETUAL.id, TS),
        lambda row: listing_facts.parse_settlement_price(row, PERPETUAL.id, TS),
    ),
    messages.Kline: (lambda row: bars.parse_bar(row, _BARS, _KLINES, PERPETUAL),),
    messages.MmpEvent: (lambda row: protection.parse_protection_event(row, None, ACCOUNT, TS),),
}


class _Room:
    """A book of the data client, and the framework's book that is made of what it emits."""

    def __init__(self) -> None:
        self.channel = channels.book_deltas(PERPETUAL.id.symbol.value)
        self.book = OrderBook(PERPETUAL.id, BookType.L2_MBP)
        self.books = Books(
            emit=self._apply,
            resync=lambda channel, reason: None,
            reload=lambda market, reason: None,
            clock=TestClock(),
            log=Logger("books"),
        )
        self.feed = self.books.want(self.channel, PERPETUAL)

    def _apply(self, deltas: OrderBookDeltas) -> None:
        self.book.apply_deltas(deltas)


def book_in_sync_is_whole(frames: Iterable[bytes]) -> None:
    """
    Let a book take frames; whenever it claims to be in sync, the framework's equals it.

    Sizes are compared rounded down to the instrument's lot, and levels off its tick are left out,
    as the parsing ring's rules have it.
    """
    room = _Room()
    scale = room.feed.scale
    for frame in frames:
        try:
            event = sbe.decode_frame(frame)
        except WireError:
            continue
        if type(event) is not events.Book:
            continue
        room.books.on_frame(room.channel, event)
        held = room.feed.levels if room.feed.is_in_sync else None
        for side, shown in (("bids", room.book.bids()), ("asks", room.book.asks())):
            expected = {
                price: size - size % scale.size_unit
                for price, size in (getattr(held, side) if held else {}).items()
                if not price % scale.price_unit and size >= scale.size_unit
            }
            made = {
                mantissa(str(level.price)): sum(
                    mantissa(str(order.size)) for order in level.orders()
                )
                for level in shown
            }
            assert made == expected, f"{side} after {event.seq}: {made} is not {expected}"
        assert held is None or NO_BID <= held.best_bid < held.best_ask <= NO_ASK
