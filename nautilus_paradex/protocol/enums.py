"""
Values of the wire that carry order, fill and position state.

Strict on purpose: a value outside these is an :class:`~.errors.UnmodelledValue`, never a guess.
Reference values (market kinds, tags, trade types) stay plain strings.
"""

from enum import StrEnum

from nautilus_paradex.protocol.errors import UnmodelledValue


class Side(StrEnum):
    """Order, fill or aggressor side."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

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

    @property
    def is_market(self) -> bool:
        """If the order carries no limit price: it is signed with price 0."""
        return self.value.endswith("MARKET")

    @property
    def is_conditional(self) -> bool:
        """If the order waits for a trigger price."""
        return self not in (OrderType.LIMIT, OrderType.MARKET)


class Instruction(StrEnum):
    """Order instructions (PROTOCOL 5.2)."""

    GTC = "GTC"
    POST_ONLY = "POST_ONLY"
    IOC = "IOC"
    RPI = "RPI"


class OrderStatus(StrEnum):
    """Order states (PROTOCOL 5.5); there is no FILLED: CLOSED with nothing remaining is."""

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


class Liquidity(StrEnum):
    """Which side of a trade the account was."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class FillType(StrEnum):
    """What caused a fill (PROTOCOL 10.4)."""

    FILL = "FILL"
    LIQUIDATION = "LIQUIDATION"
    UNWIND_TRANSFER = "UNWIND_TRANSFER"
    SETTLE_MARKET = "SETTLE_MARKET"
    RPI = "RPI"
    BLOCK_TRADE = "BLOCK_TRADE"


class RequestStatus(StrEnum):
    """State of a modify request (PROTOCOL 5.6)."""

    PENDING = "PENDING"
    PROCESSED = "PROCESSED"
    REJECTED = "REJECTED"
    SUCCESS = "SUCCESS"


class PositionStatus(StrEnum):
    """State of a position row."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class SystemState(StrEnum):
    """State of the exchange (PROTOCOL 8.3)."""

    OK = "ok"
    MAINTENANCE = "maintenance"
    CANCEL_ONLY = "cancel_only"
    POST_ONLY = "post_only"


def strict[E: StrEnum](kind: type[E], value: str, field: str) -> E:
    """
    Return the enum member for a wire value.

    Raises
    ------
    UnmodelledValue
        If the value is not modelled.

    """
    try:
        return kind(value)
    except ValueError:
        raise UnmodelledValue(field, value) from None
