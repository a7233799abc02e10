"""
The values of `protocol.events` as the values of frames, one per field of the layout.

The order of each tuple is the order of the rows in `layouts`. Numbers may be decimals, integers
in units of the field, or None; `encoder` makes them integers of the wire.
"""

from decimal import Decimal
from typing import Final
from typing import NamedTuple

import msgspec

from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.sbe import codes


class BookTop(msgspec.Struct, frozen=True, kw_only=True):
    """Best prices in a book's frame, in units of 1e-8; the event does not keep them."""

    bid_e8: int | None = None
    """The first five include RPI; only interactive feeds carry them."""
    bid_size_e8: int | None = None
    ask_e8: int | None = None
    ask_size_e8: int | None = None
    relative_spread_e8: int | None = None
    bid_api_e8: int | None = None
    bid_api_size_e8: int | None = None
    ask_api_e8: int | None = None
    ask_api_size_e8: int | None = None


class FrameExtras(msgspec.Struct, frozen=True, kw_only=True):
    """What frames carry and events do not keep."""

    ts_ns: int | None = None
    """When the frame was published; None takes the event's own time."""
    seq: int = 0
    """For messages whose event has no sequence number."""
    trade_id_int64: int | None = None
    """The old trade id; None takes the low 64 bits of the event's id."""
    book_top: BookTop = BookTop()
    last_seen_notification_ns: int = 0


class Row(NamedTuple):
    """The values of a frame."""

    values: tuple[int | Decimal | bytes | None, ...]
    texts: tuple[str, ...]


_NS_PER_US: Final = 1_000
_ADDRESS_BYTES: Final = 32
_LONGEST_ID: Final = 255
_LARGEST: Final = 2**63 - 1
_E8_TO_E12: Final = 10_000


def trade(event: events.Trade, extras: FrameExtras) -> Row:
    """Return the values of a TradeEvent."""
    old_id = extras.trade_id_int64
    return Row(
        (
            _ts(extras, event.created_ns if event.published_ns is None else event.published_ns),
            event.seq or 0,
            _low_64_bits(event.trade_id) if old_id is None else old_id,
            codes.SIDE.code(event.side),
            event.price_e8,
            event.size_e8,
            _us(event.created_ns),
            codes.TRADE_TYPE.code(event.trade_type),
        ),
        (event.market, event.trade_id or ""),
    )


def bbo(event: events.Bbo, extras: FrameExtras) -> Row:
    """Return the values of a BboEvent."""
    return Row(
        (
            _ts(extras, event.ts_ns),
            event.seq,
            event.bid_e8,
            event.bid_size_e8,
            event.ask_e8,
            event.ask_size_e8,
        ),
        (event.market,),
    )


def book(event: events.Book, extras: FrameExtras) -> Row:
    """Return the values of a BookEvent, without its levels."""
    top = extras.book_top
    return Row(
        (
            _ts(extras, event.ts_ns),
            event.seq,
            codes.PACKAGE_IS_SNAPSHOT.code(event.is_snapshot),
            top.bid_e8,
            top.bid_size_e8,
            top.ask_e8,
            top.ask_size_e8,
            top.relative_spread_e8,
            top.bid_api_e8,
            top.bid_api_size_e8,
            top.ask_api_e8,
            top.ask_api_size_e8,
        ),
        (event.market,),
    )


def market_summary(event: events.MarketSummary, extras: FrameExtras) -> Row:
    """Return the values of a MarketSummaryEvent; the total volume saturates (trap 15)."""
    volume = event.total_volume_e8
    return Row(
        (
            _ts(extras, event.ts_ns),
            extras.seq,
            event.mark_price_e8,
            event.underlying_price_e8,
            event.last_price_e8,
            event.volume_24h_e8,
            event.open_interest_e8,
            _truncated_rate(event.funding_rate_e12),
            event.bid_e8,
            event.ask_e8,
            None if volume is None else min(volume, _LARGEST),
            event.price_change_rate_24h_e8,
            event.mark_iv_e8,
            event.bid_iv_e8,
            event.ask_iv_e8,
            event.last_iv_e8,
            event.delta_e8,
            event.gamma_e8,
            event.vega_e8,
            event.theta_e8,
            event.rho_e8,
            event.volga_e8,
            event.vanna_e8,
            event.future_funding_rate_e8,
            event.external_fair_price_e8,
            event.bid_size_e8,
            event.ask_size_e8,
            event.forward_rate_e8,
            event.risk_free_rate_e8,
            event.funding_rate_e12,
        ),
        (event.market,),
    )


def funding_data(event: events.FundingData, extras: FrameExtras) -> Row:
    """Return the values of a FundingDataEvent."""
    return Row(
        (
            _ts(extras, event.created_ns),
            extras.seq,
            event.funding_rate,
            event.funding_index,
            _us(event.created_ns),
            event.funding_premium,
            event.funding_rate_8h,
            event.funding_period_hours,
            event.impact_premium_rate,
        ),
        (event.market,),
    )


def funding_comparison(event: events.FundingComparison, extras: FrameExtras) -> Row:
    """Return the values of a FundingRateComparisonEvent."""
    return Row(
        (
            _ts(extras, event.updated_ns),
            _us(event.updated_ns),
            event.hourly_funding_rate,
            codes.ASSET_KIND.code(event.asset_kind),
            codes.FUNDING_RATE_SOURCE.code(event.source),
        ),
        (event.market,),
    )


def heartbeat(event: events.Heartbeat, extras: FrameExtras) -> Row:
    """Return the values of a HeartbeatEvent."""
    return Row((_ts(extras, event.ts_ns), extras.seq), ())


def order(event: events.OrderUpdate, extras: FrameExtras) -> Row:
    """Return the values of an OrderEvent."""
    request = event.request
    return Row(
        (
            _ts(extras, event.published_ns or event.updated_ns),
            event.seq,
            codes.ORDER_STATUS.code(event.status),
            codes.SIDE.code(event.side),
            codes.ORDER_TYPE.code(event.type),
            codes.TIME_IN_FORCE.code(event.instruction),
            event.price,
            event.trigger_price,
            event.size,
            event.remaining_size,
            event.avg_fill_price,
            _us(event.created_ns),
            _us(event.updated_ns),
            _address(event.account),
            _us(event.received_ns),
            _us(event.published_ns),
            codes.STP_MODE.code(event.stp or "NONE"),
            codes.ORDER_FLAGS.byte(event.flags),
            codes.REQUEST_STATUS.code(request.status) if request else 0,
            codes.REQUEST_TYPE.code(request.request_type) if request else 0,
        ),
        (
            event.order_id,
            event.client_id,
            event.market,
            event.cancel_reason,
            request.id if request else "",
            request.message if request else "",
        ),
    )


def fill(event: events.Fill, extras: FrameExtras) -> Row:
    """Return the values of a FillEvent."""
    return Row(
        (
            _ts(extras, event.created_ns),
            event.book_seq,
            codes.FILL_TYPE.code(event.fill_type),
            codes.SIDE.code(event.side),
            codes.LIQUIDITY.code(event.liquidity),
            event.price,
            event.size,
            event.fee,
            event.realized_pnl,
            _us(event.created_ns),
            _address(event.account),
            event.underlying_price,
            event.realized_funding,
            codes.FILL_FLAGS.byte(event.flags),
            event.book_seq or 0,
        ),
        (
            event.fill_id,
            event.order_id,
            event.client_id,
            event.trade_id or "",
            event.market,
            event.fee_currency or "",
        ),
    )


def position(event: events.Position, extras: FrameExtras) -> Row:
    """Return the values of a PositionEvent: size and side apart, a flat one is BUY."""
    side = Side.SELL if event.signed_size < 0 else Side.BUY
    return Row(
        (
            _ts(extras, event.updated_ns),
            event.seq,
            codes.SIDE.code(side),
            event.signed_size.copy_abs(),
            event.average_entry_price,
            event.unrealized_pnl,
            event.realized_pnl,
            None,
            event.liquidation_price,
            event.leverage,
            _us(event.updated_ns),
            _address(event.account),
            event.average_entry_price_usd,
            event.cost,
            event.cost_usd,
            event.cached_funding_index,
            event.unrealized_funding_pnl,
            codes.POSITION_STATUS.code(event.status),
        ),
        (event.market, event.last_fill_id),
    )


def account(event: events.AccountSummary, extras: FrameExtras) -> Row:
    """Return the values of an AccountEvent."""
    return Row(
        (
            _ts(extras, event.updated_ns),
            event.seq,
            event.total_collateral,
            event.free_collateral,
            event.initial_margin,
            event.maintenance_margin,
            event.account_value,
            None,
            _us(event.updated_ns),
            _address(event.account),
            event.margin_cushion,
            codes.ACCOUNT_STATUS.code(event.status),
            _us(extras.last_seen_notification_ns),
        ),
        (event.settlement_asset,),
    )


def _us(ns: int | None) -> int:
    return 0 if ns is None else ns // _NS_PER_US


def _ts(extras: FrameExtras, own_ns: int) -> int:
    return _us(own_ns if extras.ts_ns is None else extras.ts_ns)


def _low_64_bits(trade_id: str | None) -> int:
    if not trade_id:
        return 0
    if not (trade_id.isascii() and trade_id.isdigit() and len(trade_id) <= _LONGEST_ID):
        raise EncodeError("tradeId: not a number")
    low = int(trade_id) & (2**64 - 1)
    return low - 2**64 if low > _LARGEST else low


def _truncated_rate(rate_e12: int | None) -> int | None:
    # The venue cuts the old field off at 8 places (PROTOCOL 7.3, trap 15), also below zero.
    if rate_e12 is None:
        return None
    cut = abs(rate_e12) // _E8_TO_E12
    return -cut if rate_e12 < 0 else cut


def _address(text: str) -> bytes:
    try:
        return int(text or "0", 16).to_bytes(_ADDRESS_BYTES)
    except (ValueError, OverflowError):
        raise EncodeError("account: not an address of 32 bytes in hex") from None
