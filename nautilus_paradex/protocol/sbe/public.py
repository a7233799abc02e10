"""
Public messages: templates 1 to 6 and the heartbeat (PROTOCOL 7.3).

Numbers stay integers in units of 1e-8. Trades, quotes and books come by the thousand: what reads
them is made once per header, with nothing left to look up.
"""

from collections.abc import Callable
from struct import Struct
from typing import Final

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.sbe import codes
from nautilus_paradex.protocol.sbe.framing import FIRST_TEXT
from nautilus_paradex.protocol.sbe.framing import LONGEST_TEXT
from nautilus_paradex.protocol.sbe.framing import ROOT
from nautilus_paradex.protocol.sbe.framing import Shape
from nautilus_paradex.protocol.sbe.framing import text_end
from nautilus_paradex.protocol.sbe.framing import utf8
from nautilus_paradex.protocol.sbe.layouts import BOOK
from nautilus_paradex.protocol.sbe.layouts import LEVEL
from nautilus_paradex.protocol.sbe.layouts import NULL
from nautilus_paradex.protocol.sbe.layouts import struct_format
from nautilus_paradex.protocol.sbe.values import LATEST_US
from nautilus_paradex.protocol.sbe.values import optional_decimal
from nautilus_paradex.protocol.sbe.values import required_decimal
from nautilus_paradex.protocol.sbe.values import required_ns


_GROUP: Final = Struct("<HH")
_LEVEL: Final = Struct(struct_format(LEVEL))
#: All that is read of a book's root block.
_BOOK_HEAD: Final = Struct(struct_format(BOOK.fields[:3]))
_RATE12: Final = 12
_NOBODY: Final = (0, NULL)
#: fundingRate has 8 places, the event's rate 12.
_E8_TO_E12: Final = 10_000


def trade(shape: Shape) -> Callable[[bytes], events.Trade]:
    """
    Return what reads a public trade.

    The int64 trade id is the low half of the venue's id and wrong: it is never read (trap 4).
    """
    unpack = shape.root.unpack_from
    end = shape.end
    may_have_id = shape.texts > 1

    def read(data: bytes) -> events.Trade:
        ts, seq, _, side, price, size, created, trade_type = unpack(data, ROOT)
        if NULL in (price, size):
            raise DecodeError("TradeEvent without price or size")
        if not 0 <= created <= LATEST_US or not 0 <= ts <= LATEST_US:
            raise DecodeError("TradeEvent with a time that is none")
        market_end = text_end(data, end)
        trade_id = None
        if may_have_id and market_end < len(data):
            trade_id = utf8(data[market_end + 1 : text_end(data, market_end)]) or None
        return events.Trade(
            market=FIRST_TEXT[data[end:market_end]],
            seq=seq,
            trade_id=trade_id,
            side=codes.SIDE[side],
            price_e8=price,
            size_e8=size,
            trade_type=codes.TRADE_TYPE[trade_type],
            created_ns=created * 1000,
            published_ns=ts * 1000,
        )

    return read


def bbo(shape: Shape) -> Callable[[bytes], events.Bbo]:
    """Return what reads the best bid and offer; a side without price or size is empty."""
    unpack = shape.root.unpack_from
    texts = slice(shape.end, shape.end + LONGEST_TEXT)

    def read(data: bytes) -> events.Bbo:
        ts, seq, bid, bid_size, ask, ask_size = unpack(data, ROOT)
        if not 0 <= ts <= LATEST_US or seq < 0:
            raise DecodeError("BboEvent with a time or a number that is none")
        # Null and zero of a size mean the same: nobody is there.
        if bid == NULL or bid_size in _NOBODY:
            bid = bid_size = None
        if ask == NULL or ask_size in _NOBODY:
            ask = ask_size = None
        return events.Bbo(
            market=FIRST_TEXT[data[texts]],
            seq=seq,
            bid_e8=bid,
            bid_size_e8=bid_size,
            ask_e8=ask,
            ask_size_e8=ask_size,
            ts_ns=ts * 1000,
        )

    return read


def book(shape: Shape) -> Callable[[bytes], events.Book]:
    """Return what reads a book's snapshot or delta, without the best prices of the frame."""
    end = shape.end

    def read(data: bytes) -> events.Book:
        ts, seq, package = _BOOK_HEAD.unpack_from(data, ROOT)
        if not 0 <= ts <= LATEST_US or seq < 0:
            raise DecodeError("BookEvent with a time or a number that is none")
        bids, at = _levels(data, end)
        asks, at = _levels(data, at)
        is_snapshot = codes.PACKAGE_IS_SNAPSHOT[package]
        if is_snapshot:
            # The venue sends them sorted; the event promises it.
            bids.sort(reverse=True)
            asks.sort()
        return events.Book(
            market=FIRST_TEXT[data[at : at + LONGEST_TEXT]],
            seq=seq,
            is_snapshot=is_snapshot,
            bids=bids,
            asks=asks,
            ts_ns=ts * 1000,
        )

    return read


def _levels(data: bytes, at: int) -> tuple[list[tuple[int, int]], int]:
    entry, count = _GROUP.unpack_from(data, at)
    start = at + 4
    end = start + entry * count
    if end > len(data):
        raise DecodeError(f"BookEvent of {len(data)} bytes ends in its levels")
    if entry == 16:
        return list(_LEVEL.iter_unpack(data[start:end])), end
    if count and entry < 16:
        raise DecodeError(f"BookEvent with levels of {entry} bytes")
    return [_LEVEL.unpack_from(data, start + i * entry) for i in range(count)], end


def market_summary(data: bytes, shape: Shape) -> events.MarketSummary:
    """Return a market's statistics; the funding rate from its precise field where there is one."""
    root = shape.read_root(data)
    scaled = [None if value == NULL else value for value in root[2:]]
    mark, index, last, volume, interest, rate, bid, ask, total_volume, change = scaled[:10]
    mark_iv, bid_iv, ask_iv, last_iv, delta, gamma, vega, theta, rho, volga, vanna = scaled[10:21]
    future_rate, fair_price, bid_size, ask_size, forward, risk_free, precise_rate = scaled[21:]
    if bid is None or not bid_size:
        bid = bid_size = None
    if ask is None or not ask_size:
        ask = ask_size = None
    if precise_rate is None and rate is not None:
        precise_rate = rate * _E8_TO_E12
    return events.MarketSummary(
        market=_market(data, shape),
        ts_ns=required_ns("ts", root[0]),
        mark_price_e8=mark,
        underlying_price_e8=index,
        last_price_e8=last,
        external_fair_price_e8=fair_price,
        bid_e8=bid,
        bid_size_e8=bid_size,
        ask_e8=ask,
        ask_size_e8=ask_size,
        volume_24h_e8=volume,
        total_volume_e8=total_volume,
        open_interest_e8=interest,
        funding_rate_e12=precise_rate,
        future_funding_rate_e8=future_rate,
        price_change_rate_24h_e8=change,
        mark_iv_e8=mark_iv,
        bid_iv_e8=bid_iv,
        ask_iv_e8=ask_iv,
        last_iv_e8=last_iv,
        delta_e8=delta,
        gamma_e8=gamma,
        vega_e8=vega,
        theta_e8=theta,
        rho_e8=rho,
        vanna_e8=vanna,
        volga_e8=volga,
        forward_rate_e8=forward,
        risk_free_rate_e8=risk_free,
    )


def funding_data(data: bytes, shape: Shape) -> events.FundingData:
    """Return a market's continuous funding."""
    _, _, rate, index, created, premium, rate_8h, hours, impact = shape.read_root(data)
    return events.FundingData(
        market=_market(data, shape),
        funding_rate=required_decimal("fundingRate", rate),
        funding_rate_8h=optional_decimal(rate_8h),
        funding_index=required_decimal("fundingIndex", index),
        funding_premium=required_decimal("fundingPremium", premium),
        funding_period_hours=hours,
        impact_premium_rate=optional_decimal(impact),
        created_ns=required_ns("createdAt", created),
    )


def funding_comparison(data: bytes, shape: Shape) -> events.FundingComparison:
    """Return an hourly funding rate at one source."""
    _, updated, rate, asset_kind, source = shape.root.unpack_from(data, ROOT)
    return events.FundingComparison(
        market=_market(data, shape),
        source=codes.FUNDING_RATE_SOURCE[source],
        asset_kind=codes.ASSET_KIND[asset_kind],
        hourly_funding_rate=required_decimal("hourlyFundingRate", rate, _RATE12),
        updated_ns=required_ns("lastUpdatedAt", updated),
    )


def _market(data: bytes, shape: Shape) -> str:
    return FIRST_TEXT[data[shape.end : shape.end + LONGEST_TEXT]]


def heartbeat(data: bytes, shape: Shape) -> events.Heartbeat:
    """Return the venue's sign of life."""
    ts, _ = shape.root.unpack_from(data, ROOT)
    if len(data) < shape.end:
        raise DecodeError(f"HeartbeatEvent of {len(data)} bytes ends in its root block")
    return events.Heartbeat(ts_ns=required_ns("ts", ts))
