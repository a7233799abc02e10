"""
JSON messages to the values of `protocol.events`.

What SBE frames become, JSON becomes too: integers in units of 1e-8 for public data, exact
decimals for private state, nanoseconds. Shapes and numbers that are wrong are a `DecodeError`
that names the field; an order, fill or position value that is not modelled is an
`UnmodelledValue`. Texts that are empty, and zeros where the venue writes zero for "none", are
None (PROTOCOL 4.3, trap 17).
"""

from collections.abc import Callable
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from typing import Final

import msgspec

from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol import events
from nautilus_paradex.protocol import messages
from nautilus_paradex.protocol import numbers
from nautilus_paradex.protocol.channels import ChannelKind
from nautilus_paradex.protocol.enums import FillType
from nautilus_paradex.protocol.enums import Instruction
from nautilus_paradex.protocol.enums import Liquidity
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.enums import OrderType
from nautilus_paradex.protocol.enums import PositionStatus
from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.enums import Side
from nautilus_paradex.protocol.enums import strict
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.errors import NumberError
from nautilus_paradex.protocol.errors import UnmodelledValue


#: What only JSON carries keeps its message type.
type JsonOnly = (
    messages.BalanceEvent
    | messages.BlockTrade
    | messages.FundingPayment
    | messages.MarketEvent
    | messages.MmpEvent
    | messages.RfqEvent
    | messages.Tradebust
    | messages.Transaction
    | messages.Transfer
)

_NS_PER_MS: Final = 1_000_000
#: SBE carries funding rates of summaries with 12 places.
_RATE_SCALE: Final = 12
#: Names that the venue gave up (PROTOCOL 12, 2026-07-22); rows of history may still hold them.
_OLD_FILL_TYPES: Final = {"TRANSFER": FillType.UNWIND_TRANSFER}
#: ``/markets`` and SBE have different words for a kind; which of them JSON sends is not known.
_SBE_ASSET_KINDS: Final = {"PERP": "PERPETUAL_FUTURE", "PERP_OPTION": "OPTION"}
_MOST_HOURS: Final = 2**15 - 1
_UNSPECIFIED: Final = "UNSPECIFIED"
_DEFAULT: Final = Instruction.GTC.value
#: What trades on the book; everything else was made by the venue itself (trap 51).
_TRADED: Final = frozenset({FillType.FILL, FillType.RPI})


def decode_channel(
    channel_name: str, data: bytes | str | msgspec.Raw
) -> events.StreamEvent | JsonOnly:
    """
    Return the value of a channel's data.

    Parameters
    ----------
    channel_name : str
        The name as the venue sent it.
    data : bytes, str or Raw
        The notification's ``data``.

    Returns
    -------
    StreamEvent or JsonOnly

    Raises
    ------
    DecodeError
        If the channel is not known, or the data not of its shape.
    UnmodelledValue
        If order, fill or position state holds a value that is not modelled.

    """
    kind = channels.parse(channel_name).kind
    message_type, convert = _CHANNELS[kind]
    message: JsonOnly = messages.decode(data, message_type)
    return message if convert is None else convert(message)


def normal_account(address: str) -> str:
    """Return an account's address in lower case without leading zeros; ``""`` stays empty."""
    if not address:
        return ""
    return f"0x{address.lower().removeprefix('0x').lstrip('0') or '0'}"


def trade(message: messages.TradeMessage) -> events.Trade:
    """Return a public trade."""
    return events.Trade(
        market=message.market,
        seq=None,
        trade_id=message.id,
        side=strict(Side, message.side, "side"),
        price_e8=_e8(message.price, "price"),
        size_e8=_e8(message.size, "size"),
        trade_type=_OLD_FILL_TYPES.get(message.trade_type, message.trade_type),
        created_ns=_ns(message.created_at),
        published_ns=None,
    )


def bbo(message: messages.BboMessage) -> events.Bbo:
    """Return the best bid and offer; a side without size has no price."""
    bid, bid_size = _quote(message.bid, message.bid_size, "bid")
    ask, ask_size = _quote(message.ask, message.ask_size, "ask")
    return events.Bbo(
        market=message.market,
        seq=message.seq_no,
        bid_e8=bid,
        bid_size_e8=bid_size,
        ask_e8=ask,
        ask_size_e8=ask_size,
        ts_ns=_ns(message.last_updated_at),
    )


def book(message: messages.BookMessage) -> events.Book:
    """Return a book's snapshot, best levels first, or its delta, removals first."""
    is_snapshot = message.update_type == "s"
    bids: list[tuple[int, int]] = []
    asks: list[tuple[int, int]] = []
    for level in message.deletes:
        (bids if level.side is Side.BUY else asks).append((_e8(level.price, "price"), 0))
    for levels in (message.updates, message.inserts):
        for level in levels:
            pair = (_e8(level.price, "price"), _e8(level.size, "size"))
            (bids if level.side is Side.BUY else asks).append(pair)
    if is_snapshot:
        bids.sort(reverse=True)
        asks.sort()
    return events.Book(
        market=message.market,
        seq=message.seq_no,
        is_snapshot=is_snapshot,
        bids=bids,
        asks=asks,
        ts_ns=_ns(message.last_updated_at),
    )


def rest_book(message: messages.RestBook) -> events.Book:
    """Return the answer of ``GET /orderbook/{market}`` as a snapshot."""
    return events.Book(
        market=message.market,
        seq=message.seq_no,
        is_snapshot=True,
        bids=sorted(_levels(message.bids), reverse=True),
        asks=sorted(_levels(message.asks)),
        ts_ns=_ns(message.last_updated_at),
    )


def market_summary(message: messages.MarketSummaryMessage) -> events.MarketSummary:
    """
    Return a market's statistics.

    Tradable prices and sizes are exact; derived prices and statistics are rounded to the places
    that SBE carries.
    """
    greeks = message.greeks or messages.Greeks()
    bid, bid_size = _quote(message.bid, message.bid_size, "bid")
    ask, ask_size = _quote(message.ask, message.ask_size, "ask")
    return events.MarketSummary(
        market=message.symbol,
        ts_ns=_ns(message.created_at),
        mark_price_e8=_rounded(message.mark_price, "mark_price"),
        underlying_price_e8=_rounded(message.underlying_price, "underlying_price"),
        last_price_e8=_optional_e8(message.last_traded_price, "last_traded_price"),
        external_fair_price_e8=_rounded(message.external_fair_price, "external_fair_price"),
        bid_e8=bid,
        bid_size_e8=bid_size,
        ask_e8=ask,
        ask_size_e8=ask_size,
        volume_24h_e8=_rounded(message.volume_24h, "volume_24h"),
        total_volume_e8=_rounded(message.total_volume, "total_volume"),
        open_interest_e8=_rounded(message.open_interest, "open_interest"),
        funding_rate_e12=_rounded(message.funding_rate, "funding_rate", _RATE_SCALE),
        future_funding_rate_e8=_rounded(message.future_funding_rate, "future_funding_rate"),
        price_change_rate_24h_e8=_rounded(message.price_change_rate_24h, "price_change_rate_24h"),
        mark_iv_e8=_rounded(message.mark_iv, "mark_iv"),
        bid_iv_e8=_rounded(message.bid_iv, "bid_iv"),
        ask_iv_e8=_rounded(message.ask_iv, "ask_iv"),
        last_iv_e8=_rounded(message.last_iv, "last_iv"),
        delta_e8=_rounded(greeks.delta or message.delta, "delta"),
        gamma_e8=_rounded(greeks.gamma, "gamma"),
        vega_e8=_rounded(greeks.vega, "vega"),
        theta_e8=_rounded(greeks.theta, "theta"),
        rho_e8=_rounded(greeks.rho, "rho"),
        vanna_e8=_rounded(greeks.vanna, "vanna"),
        volga_e8=_rounded(greeks.volga, "volga"),
        forward_rate_e8=_rounded(message.forward_rate, "forward_rate"),
        risk_free_rate_e8=_rounded(message.risk_free_rate, "risk_free_rate"),
    )


def funding_data(message: messages.FundingDataMessage) -> events.FundingData:
    """Return a market's continuous funding."""
    hours = message.funding_period_hours
    # The bounds are SBE's: a number of a thousand million digits would be one too.
    if (
        not (hours.is_finite() and -_MOST_HOURS <= hours <= _MOST_HOURS)
        or hours != hours.to_integral_value()
    ):
        raise DecodeError("funding_period_hours: not a whole number of hours")
    return events.FundingData(
        market=message.market,
        funding_rate=_decimal(message.funding_rate, "funding_rate"),
        funding_rate_8h=_optional_decimal(message.funding_rate_8h, "funding_rate_8h"),
        funding_index=_decimal(message.funding_index, "funding_index"),
        funding_premium=_decimal(message.funding_premium, "funding_premium"),
        funding_period_hours=int(hours),
        impact_premium_rate=_optional_decimal(message.impact_premium_rate, "impact_premium_rate"),
        created_ns=_ns(message.created_at),
    )


def funding_comparison(message: messages.FundingComparisonMessage) -> events.FundingComparison:
    """
    Return an hourly funding rate at one source, its source and kind named as in SBE.

    Raises
    ------
    DecodeError
        If the message names no market.

    """
    market = message.symbol or message.market
    if not market:
        raise DecodeError("symbol: a rate without a market")
    kind = message.asset_kind.upper()
    return events.FundingComparison(
        market=market,
        source=message.source.upper() or _UNSPECIFIED,
        asset_kind=_SBE_ASSET_KINDS.get(kind, kind) or _UNSPECIFIED,
        hourly_funding_rate=_decimal(message.hourly_funding_rate, "hourly_funding_rate"),
        updated_ns=_ns(message.last_updated_at),
    )


def order_update(message: messages.OrderMessage) -> events.OrderUpdate:
    """Return the state of an order, from REST or from the stream."""
    order_type = strict(OrderType, message.type, "type")
    price = None if order_type.is_market else _optional_decimal(message.price, "price")
    return events.OrderUpdate(
        order_id=message.id,
        account=normal_account(message.account),
        market=message.market,
        side=strict(Side, message.side, "side"),
        type=order_type,
        # Empty is the default's name too (OpenAPI ``OrderRequest.instruction``).
        instruction=strict(Instruction, message.instruction or _DEFAULT, "instruction"),
        size=_decimal(message.size, "size"),
        remaining_size=_decimal(message.remaining_size, "remaining_size"),
        price=price,
        trigger_price=_nonzero_decimal(message.trigger_price, "trigger_price"),
        status=strict(OrderStatus, message.status, "status"),
        cancel_reason=message.cancel_reason,
        client_id=message.client_id,
        avg_fill_price=_nonzero_decimal(message.avg_fill_price, "avg_fill_price"),
        stp=message.stp,
        flags=frozenset(message.flags),
        created_ns=_ns(message.created_at),
        updated_ns=_ns(message.last_updated_at),
        published_ns=_optional_ns(message.published_at),
        received_ns=_optional_ns(message.received_at),
        signature_ns=_optional_ns(message.timestamp),
        seq=message.seq_no,
        request=_request_info(message.request_info),
    )


def _request_info(message: messages.RequestInfoMessage | None) -> events.RequestInfo | None:
    if message is None or not message.id:
        return None
    return events.RequestInfo(
        id=message.id,
        request_type=message.request_type,
        status=strict(RequestStatus, message.status, "request_info.status"),
        message=message.message,
    )


def fill(message: messages.FillMessage) -> events.Fill:
    """
    Return a fill, from REST or from the stream.

    Fills that no order made (liquidations, transfers, settlements) may come without order id,
    client id, liquidity and fee (trap 51); without a fee nothing was paid, and what did not rest
    was a taker. Flags are upper case as in SBE.
    """
    old_name = _OLD_FILL_TYPES.get(message.fill_type)
    fill_type = old_name or strict(FillType, message.fill_type, "fill_type")
    liquidity = message.liquidity
    if not liquidity and fill_type not in _TRADED:
        liquidity = Liquidity.TAKER.value
    return events.Fill(
        fill_id=message.id,
        fill_type=fill_type,
        account=normal_account(message.account),
        market=message.market,
        order_id=message.order_id,
        client_id=message.client_id,
        side=strict(Side, message.side, "side"),
        liquidity=strict(Liquidity, liquidity, "liquidity"),
        price=_decimal(message.price, "price"),
        size=_decimal(message.size, "size"),
        fee=_optional_decimal(message.fee, "fee") or Decimal(0),
        fee_currency=message.fee_currency or None,
        realized_pnl=_optional_decimal(message.realized_pnl, "realized_pnl"),
        realized_funding=_optional_decimal(message.realized_funding, "realized_funding"),
        remaining_size=_optional_decimal(message.remaining_size, "remaining_size"),
        underlying_price=_optional_decimal(message.underlying_price, "underlying_price"),
        trade_id=None,
        flags=frozenset(flag.upper() for flag in message.flags),
        book_seq=message.orderbook_seq_no,
        created_ns=_ns(message.created_at),
    )


_SHORT: Final = "SHORT"
_LONG: Final = "LONG"


def position(message: messages.PositionMessage) -> events.Position:
    """
    Return the net position in a market, from REST or from the stream.

    The size is signed (trap 57); a side that contradicts it is a `DecodeError`.
    """
    size = _decimal(message.size, "size")
    if message.side not in (_LONG, _SHORT, ""):
        raise UnmodelledValue("side", message.side)
    if (message.side == _LONG and size < 0) or (message.side == _SHORT and size > 0):
        raise DecodeError(f"size: {message.size} contradicts the side {message.side}")
    return events.Position(
        account=normal_account(message.account),
        market=message.market,
        status=strict(PositionStatus, message.status, "status"),
        signed_size=size,
        average_entry_price=_optional_decimal(message.average_entry_price, "average_entry_price"),
        average_entry_price_usd=_optional_decimal(
            message.average_entry_price_usd, "average_entry_price_usd"
        ),
        unrealized_pnl=_optional_decimal(message.unrealized_pnl, "unrealized_pnl"),
        unrealized_funding_pnl=_optional_decimal(
            message.unrealized_funding_pnl, "unrealized_funding_pnl"
        ),
        realized_pnl=_optional_decimal(message.realized_positional_pnl, "realized_positional_pnl"),
        liquidation_price=_optional_decimal(message.liquidation_price, "liquidation_price"),
        leverage=_optional_decimal(message.leverage, "leverage"),
        cost=_optional_decimal(message.cost, "cost"),
        cost_usd=_optional_decimal(message.cost_usd, "cost_usd"),
        cached_funding_index=_optional_decimal(
            message.cached_funding_index, "cached_funding_index"
        ),
        last_fill_id=message.last_fill_id,
        updated_ns=_ns(message.last_updated_at),
        seq=message.seq_no,
    )


def account_summary(message: messages.AccountSummaryMessage) -> events.AccountSummary:
    """Return the account's margin and collateral, from REST or from the stream."""
    return events.AccountSummary(
        account=normal_account(message.account),
        status=message.status,
        account_value=_decimal(message.account_value, "account_value"),
        total_collateral=_decimal(message.total_collateral, "total_collateral"),
        free_collateral=_decimal(message.free_collateral, "free_collateral"),
        initial_margin=_decimal(message.initial_margin_requirement, "initial_margin_requirement"),
        maintenance_margin=_decimal(
            message.maintenance_margin_requirement, "maintenance_margin_requirement"
        ),
        margin_cushion=_optional_decimal(message.margin_cushion, "margin_cushion"),
        settlement_asset=message.settlement_asset,
        updated_ns=_ns(message.updated_at),
        seq=message.seq_no,
    )


type _Conversion = Callable[[Any], events.StreamEvent]

_CHANNELS: Final[dict[ChannelKind, tuple[type[Any], _Conversion | None]]] = {
    ChannelKind.TRADES: (messages.TradeMessage, trade),
    ChannelKind.BBO: (messages.BboMessage, bbo),
    ChannelKind.BOOK_DELTAS: (messages.BookMessage, book),
    ChannelKind.BOOK_SNAPSHOT: (messages.BookMessage, book),
    ChannelKind.MARKETS_SUMMARY: (messages.MarketSummaryMessage, market_summary),
    ChannelKind.MARKETS: (messages.MarketEvent, None),
    ChannelKind.FUNDING_DATA: (messages.FundingDataMessage, funding_data),
    ChannelKind.FUNDING_RATE_COMPARISON: (messages.FundingComparisonMessage, funding_comparison),
    ChannelKind.ACCOUNT: (messages.AccountSummaryMessage, account_summary),
    ChannelKind.BALANCE_EVENTS: (messages.BalanceEvent, None),
    ChannelKind.POSITIONS: (messages.PositionMessage, position),
    ChannelKind.ORDERS: (messages.OrderMessage, order_update),
    ChannelKind.FILLS: (messages.FillMessage, fill),
    ChannelKind.FUNDING_PAYMENTS: (messages.FundingPayment, None),
    ChannelKind.TRADEBUSTS: (messages.Tradebust, None),
    ChannelKind.TRANSACTION: (messages.Transaction, None),
    ChannelKind.TRANSFERS: (messages.Transfer, None),
    ChannelKind.BLOCK_TRADES: (messages.BlockTrade, None),
    ChannelKind.RFQ: (messages.RfqEvent, None),
    ChannelKind.MMP: (messages.MmpEvent, None),
}


def _ns(milliseconds: int) -> int:
    return milliseconds * _NS_PER_MS


def _optional_ns(milliseconds: int) -> int | None:
    # A diagnostic that is no time must not cost the state that it comes with.
    ns = milliseconds * _NS_PER_MS
    return ns if 0 < ns <= numbers.LATEST_NS else None


def _levels(levels: Iterable[tuple[str, str]]) -> list[tuple[int, int]]:
    return [(_e8(price, "price"), _e8(size, "size")) for price, size in levels]


def _quote(price: str, size: str, side: str) -> tuple[int | None, int | None]:
    price_e8 = _optional_e8(price, side)
    size_e8 = _optional_e8(size, f"{side}_size")
    return (price_e8, size_e8) if price_e8 is not None and size_e8 else (None, None)


def _e8(text: str, field: str) -> int:
    try:
        return numbers.mantissa(text)
    except NumberError as error:
        raise DecodeError(f"{field}: {error}") from None


def _optional_e8(text: str, field: str) -> int | None:
    return _e8(text, field) if text else None


def _rounded(text: str, field: str, scale: int = numbers.SCALE) -> int | None:
    if not text:
        return None
    try:
        return numbers.mantissa_rounded(text, scale)
    except NumberError as error:
        raise DecodeError(f"{field}: {error}") from None


def _decimal(text: str, field: str) -> Decimal:
    try:
        return numbers.decimal(text)
    except NumberError as error:
        raise DecodeError(f"{field}: {error}") from None


def _optional_decimal(text: str, field: str) -> Decimal | None:
    return _decimal(text, field) if text else None


def _nonzero_decimal(text: str, field: str) -> Decimal | None:
    return _optional_decimal(text, field) or None
