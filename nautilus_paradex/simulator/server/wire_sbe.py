"""The engine's values as SBE frames (PROTOCOL 7)."""

from decimal import ROUND_HALF_EVEN
from decimal import Decimal
from typing import Final

from nautilus_paradex.protocol import enums
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol.sbe import BookTop
from nautilus_paradex.protocol.sbe import FrameExtras
from nautilus_paradex.protocol.sbe import encode_event
from nautilus_paradex.simulator.engine import model


_E8: Final = Decimal("0.00000001")
_E12: Final = Decimal("0.000000000001")


def _cut(value: Decimal | None) -> Decimal | None:
    """Return an amount with the 8 places of the wire; averages are longer."""
    return None if value is None else _rounded(value)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_E8, rounding=ROUND_HALF_EVEN)


def _e8(value: Decimal | None) -> int | None:
    return None if value is None else int(_rounded(value).scaleb(8))


def _int_e8(value: Decimal) -> int:
    return int(_rounded(value).scaleb(8))


def _number(value: Decimal | None) -> int:
    # MarketSummaryEvent has no null where JSON has an empty text: prices and rates are plain.
    return 0 if value is None else _int_e8(value)


def _ns(us: int) -> int:
    return us * 1000


def trade(value: model.Trade, version: int, published_us: int) -> bytes:
    """TradeEvent."""
    event = events.Trade(
        market=value.market,
        seq=value.seq_no,
        trade_id=value.id,
        side=enums.Side(value.side),
        price_e8=_int_e8(value.price),
        size_e8=_int_e8(value.size),
        trade_type=value.trade_type,
        created_ns=_ns(value.created_us),
        published_ns=_ns(published_us),
    )
    return encode_event(event, version=version)


def bbo(value: model.Bbo, version: int, published_us: int) -> bytes:
    """BboEvent."""
    event = events.Bbo(
        market=value.market,
        seq=value.seq_no,
        bid_e8=_e8(value.bid),
        bid_size_e8=_e8(value.bid_size),
        ask_e8=_e8(value.ask),
        ask_size_e8=_e8(value.ask_size),
        ts_ns=_ns(published_us),
    )
    return encode_event(event, version=version)


def _pairs(levels: tuple[model.Level, ...] | list[model.Level]) -> list[tuple[int, int]]:
    return [(_int_e8(price), _int_e8(size)) for price, size in levels]


type Best = tuple[model.Level | None, model.Level | None, model.Level | None, model.Level | None]
"""API bid, API ask, bid and ask with RPI."""


def book(
    market: str,
    *,
    seq_no: int,
    is_snapshot: bool,
    bids: tuple[model.Level, ...] | list[model.Level],
    asks: tuple[model.Level, ...] | list[model.Level],
    best: Best,
    interactive: bool,
    version: int,
    published_us: int,
) -> bytes:
    """BookEvent; best prices with RPI and the spread are on interactive feeds only."""
    event = events.Book(
        market=market,
        seq=seq_no,
        is_snapshot=is_snapshot,
        bids=_pairs(bids),
        asks=_pairs(asks),
        ts_ns=_ns(published_us),
    )
    extras = FrameExtras(book_top=_top(best, interactive))
    return encode_event(event, version=version, extras=extras)


def _top(best: Best, interactive: bool) -> BookTop:
    (bid, bid_size), (ask, ask_size) = (_level(level) for level in best[:2])
    if not interactive:
        return BookTop(
            bid_api_e8=bid, bid_api_size_e8=bid_size, ask_api_e8=ask, ask_api_size_e8=ask_size
        )
    (rpi_bid, rpi_bid_size), (rpi_ask, rpi_ask_size) = (_level(level) for level in best[2:])
    spread = None
    if best[2] is not None and best[3] is not None:
        middle = (best[2][0] + best[3][0]) / 2
        spread = _e8((best[3][0] - best[2][0]) / middle)
    return BookTop(
        bid_e8=rpi_bid,
        bid_size_e8=rpi_bid_size,
        ask_e8=rpi_ask,
        ask_size_e8=rpi_ask_size,
        relative_spread_e8=spread,
        bid_api_e8=bid,
        bid_api_size_e8=bid_size,
        ask_api_e8=ask,
        ask_api_size_e8=ask_size,
    )


def _level(level: model.Level | None) -> tuple[int | None, int | None]:
    return (None, None) if level is None else (_e8(level[0]), _e8(level[1]))


def summary(value: model.MarketSummary, version: int, published_us: int) -> bytes:
    """MarketSummaryEvent."""
    greeks = value.greeks
    rate = value.funding_rate
    event = events.MarketSummary(
        market=value.market,
        ts_ns=_ns(published_us),
        mark_price_e8=_number(value.mark_price),
        underlying_price_e8=_number(value.underlying_price),
        last_price_e8=_number(value.last_traded_price),
        external_fair_price_e8=_e8(value.external_fair_price),
        bid_e8=_e8(value.bid),
        bid_size_e8=_e8(value.bid_size),
        ask_e8=_e8(value.ask),
        ask_size_e8=_e8(value.ask_size),
        volume_24h_e8=_e8(value.volume_24h),
        total_volume_e8=_e8(value.total_volume),
        open_interest_e8=_e8(value.open_interest),
        funding_rate_e12=0 if rate is None else int(rate.quantize(_E12).scaleb(12)),
        future_funding_rate_e8=_e8(value.future_funding_rate),
        price_change_rate_24h_e8=_number(value.price_change_rate_24h),
        mark_iv_e8=_e8(value.mark_iv),
        bid_iv_e8=_e8(value.bid_iv),
        ask_iv_e8=_e8(value.ask_iv),
        last_iv_e8=_e8(value.last_iv),
        delta_e8=None if greeks is None else _e8(greeks.delta),
        gamma_e8=None if greeks is None else _e8(greeks.gamma),
        vega_e8=None if greeks is None else _e8(greeks.vega),
        theta_e8=None if greeks is None else _e8(greeks.theta),
        rho_e8=None if greeks is None else _e8(greeks.rho),
        vanna_e8=None if greeks is None else _e8(greeks.vanna),
        volga_e8=None if greeks is None else _e8(greeks.volga),
        forward_rate_e8=_e8(value.forward_rate),
        risk_free_rate_e8=_e8(value.risk_free_rate),
    )
    return encode_event(event, version=version)


def funding_data(value: model.FundingData, version: int, published_us: int) -> bytes:
    """FundingDataEvent."""
    event = events.FundingData(
        market=value.market,
        funding_rate=_rounded(value.funding_rate),
        funding_rate_8h=_rounded(value.funding_rate_8h),
        funding_index=_rounded(value.funding_index),
        funding_premium=_rounded(value.funding_premium),
        funding_period_hours=value.funding_period_hours,
        impact_premium_rate=None,
        created_ns=_ns(value.created_us),
    )
    return encode_event(event, version=version, extras=FrameExtras(ts_ns=_ns(published_us)))


def funding_comparison(
    market: str, source: str, hourly_rate: Decimal, version: int, published_us: int
) -> bytes:
    """FundingRateComparisonEvent of a perpetual."""
    event = events.FundingComparison(
        market=market,
        source=source,
        asset_kind="PERPETUAL_FUTURE",
        hourly_funding_rate=hourly_rate.quantize(_E12),
        updated_ns=_ns(published_us),
    )
    return encode_event(event, version=version)


def heartbeat(version: int, published_us: int) -> bytes:
    """HeartbeatEvent."""
    return encode_event(events.Heartbeat(ts_ns=_ns(published_us)), version=version)


def order(value: model.Order, version: int, published_us: int) -> bytes:
    """OrderEvent."""
    info = value.request_info
    event = events.OrderUpdate(
        order_id=value.id,
        account=value.account,
        market=value.market,
        side=enums.Side(value.side),
        type=enums.OrderType(value.type),
        instruction=enums.Instruction(value.instruction),
        size=value.size,
        remaining_size=value.remaining_size,
        price=value.price,
        trigger_price=value.trigger_price,
        status=enums.OrderStatus(value.status),
        cancel_reason=value.cancel_reason,
        client_id=value.client_id,
        avg_fill_price=_cut(value.avg_fill_price),
        stp=value.stp,
        flags=frozenset(flag.value for flag in value.flags),
        created_ns=_ns(value.created_us),
        updated_ns=_ns(value.updated_us),
        published_ns=_ns(published_us),
        received_ns=_ns(value.received_us),
        signature_ns=None,
        seq=value.seq_no,
        request=None
        if info is None
        else events.RequestInfo(
            id=info.id,
            request_type=info.request_type,
            status=enums.RequestStatus(info.status),
            message=info.message,
        ),
    )
    return encode_event(event, version=version)


def fill(value: model.Fill, version: int, published_us: int) -> bytes:
    """FillEvent."""
    event = events.Fill(
        fill_id=value.id,
        fill_type=enums.FillType(value.fill_type),
        account=value.account,
        market=value.market,
        order_id=value.order_id,
        client_id=value.client_id,
        side=enums.Side(value.side),
        liquidity=enums.Liquidity(value.liquidity),
        price=_rounded(value.price),
        size=value.size,
        fee=_rounded(value.fee),
        fee_currency=value.fee_currency,
        realized_pnl=_cut(value.realized_pnl),
        realized_funding=_cut(value.realized_funding),
        remaining_size=None,
        underlying_price=_cut(value.underlying_price),
        trade_id=value.trade_id,
        flags=frozenset(flag.value for flag in value.flags),
        book_seq=value.orderbook_seq_no or None,
        created_ns=_ns(value.created_us),
    )
    return encode_event(event, version=version, extras=FrameExtras(ts_ns=_ns(published_us)))


def position(value: model.Position, version: int, published_us: int) -> bytes:
    """PositionEvent."""
    event = events.Position(
        account=value.account,
        market=value.market,
        status=enums.PositionStatus(value.status),
        signed_size=value.size,
        average_entry_price=_cut(value.average_entry_price),
        average_entry_price_usd=_cut(value.average_entry_price),
        unrealized_pnl=_cut(value.unrealized_pnl),
        unrealized_funding_pnl=_cut(value.unrealized_funding_pnl),
        realized_pnl=_cut(value.realized_positional_pnl),
        liquidation_price=_cut(value.liquidation_price),
        leverage=_cut(value.leverage),
        cost=_cut(value.cost),
        cost_usd=_cut(value.cost),
        cached_funding_index=_cut(value.cached_funding_index),
        last_fill_id=value.last_fill_id,
        updated_ns=_ns(value.updated_us),
        seq=value.seq_no,
    )
    return encode_event(event, version=version, extras=FrameExtras(ts_ns=_ns(published_us)))


def account(value: model.AccountSummary, version: int, published_us: int) -> bytes:
    """AccountEvent."""
    event = events.AccountSummary(
        account=value.account,
        status=value.status,
        account_value=_rounded(value.account_value),
        total_collateral=_rounded(value.total_collateral),
        free_collateral=_rounded(value.free_collateral),
        initial_margin=_rounded(value.initial_margin_requirement),
        maintenance_margin=_rounded(value.maintenance_margin_requirement),
        margin_cushion=_cut(value.margin_cushion),
        settlement_asset=value.settlement_asset,
        updated_ns=_ns(value.updated_us),
        seq=value.seq_no,
    )
    return encode_event(event, version=version, extras=FrameExtras(ts_ns=_ns(published_us)))
