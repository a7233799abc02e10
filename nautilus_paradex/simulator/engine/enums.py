"""Words of the venue: what orders, fills, markets and accounts may be (PROTOCOL 5, 8.3, 10)."""

from enum import StrEnum


class Side(StrEnum):
    """Side of an order, fill or aggressor."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """Order types (PROTOCOL 5.1)."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP_LIMIT = "STOP_LIMIT"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    STOP_LOSS_MARKET = "STOP_LOSS_MARKET"


#: Types without a limit price.
MARKET_TYPES = frozenset(
    {
        OrderType.MARKET,
        OrderType.STOP_MARKET,
        OrderType.TAKE_PROFIT_MARKET,
        OrderType.STOP_LOSS_MARKET,
    }
)
#: Types that wait for the mark price.
TRIGGER_TYPES = frozenset(OrderType) - {OrderType.LIMIT, OrderType.MARKET}
TAKE_PROFIT_TYPES = frozenset({OrderType.TAKE_PROFIT_LIMIT, OrderType.TAKE_PROFIT_MARKET})
STOP_LOSS_TYPES = frozenset({OrderType.STOP_LOSS_LIMIT, OrderType.STOP_LOSS_MARKET})
#: Types that hang on a position.
TPSL_TYPES = TAKE_PROFIT_TYPES | STOP_LOSS_TYPES


class Instruction(StrEnum):
    """Order instructions (PROTOCOL 5.2)."""

    GTC = "GTC"
    POST_ONLY = "POST_ONLY"
    IOC = "IOC"
    RPI = "RPI"


class OrderStatus(StrEnum):
    """Order states (PROTOCOL 5.5)."""

    NEW = "NEW"
    UNTRIGGERED = "UNTRIGGERED"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class Stp(StrEnum):
    """Self-trade prevention modes (PROTOCOL 5.4)."""

    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class OrderFlag(StrEnum):
    """Order flags (PROTOCOL 5.3)."""

    REDUCE_ONLY = "REDUCE_ONLY"
    STOP_CONDITION_BELOW_TRIGGER = "STOP_CONDITION_BELOW_TRIGGER"
    STOP_CONDITION_ABOVE_TRIGGER = "STOP_CONDITION_ABOVE_TRIGGER"
    INTERACTIVE = "INTERACTIVE"
    TARGET_STRATEGY_VWAP = "TARGET_STRATEGY_VWAP"
    MMP = "MMP"


class CancelReason(StrEnum):
    """
    Why an order closed with something remaining (PROTOCOL 5.5).

    ``EXCEEDS_MAX_SLIPPAGE`` also stands for price bands and the +-5 bps rule of release windows:
    the venue's own word for those is not published.
    """

    NONE = ""
    USER_CANCELED = "USER_CANCELED"
    NOT_ENOUGH_MARGIN = "NOT_ENOUGH_MARGIN"
    EMPTY_MARKET = "EMPTY_MARKET"
    POST_ONLY_WOULD_CROSS = "POST_ONLY_WOULD_CROSS"
    REMAINING_IOC_CANCEL = "REMAINING_IOC_CANCEL"
    IN_LIQUIDATION = "IN_LIQUIDATION"
    SELF_TRADE = "SELF_TRADE"
    ASSET_EXPIRED = "ASSET_EXPIRED"
    MARKET_NOT_OPEN = "MARKET_NOT_OPEN"
    PRICE_NOT_AVAILABLE = "PRICE_NOT_AVAILABLE"
    EXPIRED = "EXPIRED"
    EXCEEDS_MAX_SLIPPAGE = "EXCEEDS_MAX_SLIPPAGE"
    ORDER_EXCEEDS_POSITION_LIMIT = "ORDER_EXCEEDS_POSITION_LIMIT"
    REDUCE_ONLY_WILL_INCREASE = "REDUCE_ONLY_WILL_INCREASE"
    MMP_TRIGGERED = "MMP_TRIGGERED"
    MMP_FROZEN = "MMP_FROZEN"
    MMP_DISABLED = "MMP_DISABLED"
    MMP_GREEKS_UNAVAILABLE = "MMP_GREEKS_UNAVAILABLE"
    MMP_NOT_CONFIGURED = "MMP_NOT_CONFIGURED"


class ProtectionNews(StrEnum):
    """What happened to a market-maker protection (``mmp``, PROTOCOL 6.4)."""

    TRIGGERED = "TRIGGERED"
    UNFROZEN = "UNFROZEN"
    RESET = "RESET"
    CONFIG_UPDATED = "CONFIG_UPDATED"
    REMOVED = "REMOVED"
    """On the wire CONFIG_UPDATED with a configuration that is ``removed``."""


class ProtectionTrip(StrEnum):
    """What tripped a market-maker protection."""

    SIZE = "SIZE"
    DELTA = "DELTA"
    VEGA = "VEGA"
    INVALID_FILL = "INVALID_FILL"
    """A fill whose sensitivities cannot be told."""


class RequestStatus(StrEnum):
    """State of a modify request (PROTOCOL 5.6)."""

    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    REJECTED = "REJECTED"
    SUCCESS = "SUCCESS"


class CancelStatus(StrEnum):
    """Answer to one cancel of a batch (PROTOCOL 4.2)."""

    QUEUED_FOR_CANCELLATION = "QUEUED_FOR_CANCELLATION"
    ALREADY_CLOSED = "ALREADY_CLOSED"
    NOT_FOUND = "NOT_FOUND"


class Liquidity(StrEnum):
    """Which side of a trade the account was."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class FillType(StrEnum):
    """What caused a fill (PROTOCOL 10.4)."""

    FILL = "FILL"
    RPI = "RPI"
    LIQUIDATION = "LIQUIDATION"
    UNWIND_TRANSFER = "UNWIND_TRANSFER"
    SETTLE_MARKET = "SETTLE_MARKET"
    BLOCK_TRADE = "BLOCK_TRADE"


class FillFlag(StrEnum):
    """Fill flags (PROTOCOL 10.4)."""

    INTERACTIVE = "interactive"
    RPI = "rpi"
    FASTFILL = "fastfill"


class AssetKind(StrEnum):
    """Kinds of market (PROTOCOL 9.1)."""

    PERP = "PERP"
    PERP_OPTION = "PERP_OPTION"
    OPTION = "OPTION"
    SPOT = "SPOT"


OPTION_KINDS = frozenset({AssetKind.OPTION, AssetKind.PERP_OPTION})


class TradingMode(StrEnum):
    """If a market has a book that takes orders."""

    STANDARD = "STANDARD"
    RFQ_ONLY = "RFQ_ONLY"


class PositionStatus(StrEnum):
    """State of a position row."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class AccountStatus(StrEnum):
    """State of an account (PROTOCOL 10.1)."""

    ACTIVE = "ACTIVE"
    LIQUIDATION = "LIQUIDATION"


class AccountKind(StrEnum):
    """Kinds of account (PROTOCOL 4.2)."""

    MAIN = "main"
    SUBACCOUNT = "subaccount"


class SystemState(StrEnum):
    """State of the exchange (PROTOCOL 8.3)."""

    OK = "ok"
    MAINTENANCE = "maintenance"
    CANCEL_ONLY = "cancel_only"
    POST_ONLY = "post_only"


class MarketEventType(StrEnum):
    """What happened to a listing."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    SETTLED = "SETTLED"
    DELETED = "DELETED"


class TransferKind(StrEnum):
    """Kinds of transfer (PROTOCOL 4.2)."""

    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"


class PriceKind(StrEnum):
    """Which price klines aggregate."""

    LAST = "last"
    MARK = "mark"
    UNDERLYING = "underlying"
