"""Public market data: books, quotes, trades, funding, klines (PROTOCOL 4.1, 6.4)."""

from decimal import Decimal
from typing import Literal

import msgspec

from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.messages.base import Message
from nautilus_paradex.protocol.messages.base import Milliseconds
from nautilus_paradex.protocol.messages.base import SequenceNumber


class BookLevel(Message, frozen=True, gc=False, kw_only=True):
    """A level of a streamed book."""

    side: Side
    price: str
    size: str = ""
    """Absolute; meaningless in ``deletes``."""


class BookQuote(Message, frozen=True, gc=False, kw_only=True):
    """The best level of a side; empty where there is none."""

    side: str = ""
    price: str = ""
    size: str = ""


class BookMessage(Message, frozen=True, gc=False, kw_only=True):
    """The data of every ``order_book`` channel (PROTOCOL 6.5)."""

    market: str
    seq_no: SequenceNumber
    update_type: Literal["s", "d"]
    """``s`` snapshot, ``d`` delta."""
    last_updated_at: Milliseconds = 0
    inserts: tuple[BookLevel, ...] = ()
    updates: tuple[BookLevel, ...] = ()
    deletes: tuple[BookLevel, ...] = ()
    best_bid_api: BookQuote | None = None
    best_ask_api: BookQuote | None = None
    best_bid_interactive: BookQuote | None = None
    best_ask_interactive: BookQuote | None = None
    relative_spread: str = ""


class RestBook(Message, frozen=True, gc=False, kw_only=True):
    """
    ``GET /orderbook/{market}`` and its interactive form; levels are [price, size].

    A side without levels may be null.
    """

    market: str
    seq_no: SequenceNumber
    asks: list[tuple[str, str]] = msgspec.field(default_factory=list)
    bids: list[tuple[str, str]] = msgspec.field(default_factory=list)
    last_updated_at: Milliseconds = 0
    best_ask_api: tuple[str, ...] = ()
    best_bid_api: tuple[str, ...] = ()
    best_ask_interactive: tuple[str, ...] = ()
    best_bid_interactive: tuple[str, ...] = ()


class ImpactPrice(Message, frozen=True, gc=False, kw_only=True):
    """``GET /orderbook/{market}/impact-price``."""

    market: str
    impact_price: str = ""
    side: str = ""
    size: str = ""


class BboMessage(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``bbo`` and ``GET /bbo/{market}``."""

    market: str
    seq_no: SequenceNumber
    bid: str = ""
    bid_size: str = ""
    ask: str = ""
    ask_size: str = ""
    last_updated_at: Milliseconds = 0


class TradeMessage(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``trades`` and a row of ``GET /trades``."""

    id: str
    market: str
    side: str
    """The taker's."""
    price: str
    size: str
    created_at: Milliseconds
    trade_type: str = ""


class FundingDataMessage(Message, frozen=True, gc=False, kw_only=True):
    """The data of ``funding_data`` and a row of ``GET /funding/data``."""

    market: str
    funding_rate: str
    """For the market's own period."""
    funding_index: str
    funding_premium: str = ""
    funding_rate_8h: str = ""
    funding_period_hours: Decimal = Decimal(0)
    """0 in old rows."""
    impact_premium_rate: str = ""
    created_at: Milliseconds = 0


class FundingComparisonMessage(Message, frozen=True, gc=False, kw_only=True):
    """
    The data of ``funding_rate_comparison``.

    No spec shows its JSON: names follow SBE, whose schema calls the market's JSON field
    ``symbol``; either name is read.
    """

    symbol: str = ""
    market: str = ""
    source: str
    hourly_funding_rate: str
    asset_kind: str = ""
    last_updated_at: Milliseconds = 0


class Kline(Message, frozen=True, gc=False, array_like=True):
    """A bar of ``GET /markets/klines``: an array of JSON numbers, read exactly."""

    open_at: Milliseconds
    """UNIX milliseconds."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    """Base units."""
