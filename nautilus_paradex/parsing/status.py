"""
The state of a market and of the exchange as the framework's instrument status.

========================  =========================  =======  =======
state                     action                     trading  quoting
========================  =========================  =======  =======
exchange ok               TRADING                    yes      yes
exchange post_only        QUOTING                    no       yes
exchange cancel_only      PAUSE                      no       no
exchange maintenance      HALT                       no       no
exchange, another state   SUSPEND                    unknown  unknown
market not open yet       PRE_OPEN                   no       no
market RFQ_ONLY           NOT_AVAILABLE_FOR_TRADING  no       no
market expired            CLOSE                      no       no
market settled            CLOSE                      no       no
market deleted            NOT_AVAILABLE_FOR_TRADING  no       no
========================  =========================  =======  =======

While a market is open the exchange's state is its own.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec
from nautilus_trader.model.data import InstrumentClose
from nautilus_trader.model.data import InstrumentStatus
from nautilus_trader.model.enums import InstrumentCloseType
from nautilus_trader.model.enums import MarketStatusAction
from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.parsing.numbers import places
from nautilus_paradex.parsing.numbers import price_of
from nautilus_paradex.protocol.enums import SystemState
from nautilus_paradex.protocol.errors import DecodeError
from nautilus_paradex.protocol.messages.markets import SettlementPrice
from nautilus_paradex.protocol.numbers import optional_decimal


_NS_PER_MS: Final = 1_000_000


class MarketState(StrEnum):
    """What a market is by itself, whatever the exchange does."""

    OPEN = "open"
    NOT_OPEN_YET = "not open yet"
    RFQ_ONLY = "RFQ_ONLY"
    EXPIRED = "expired"
    SETTLED = "settled"
    DELETED = "deleted"

    @property
    def is_end(self) -> bool:
        """If nothing is traded in it any more, and it has settled or will."""
        return self in (MarketState.EXPIRED, MarketState.SETTLED, MarketState.DELETED)


class Status(msgspec.Struct, frozen=True):
    """An instrument's status, without its times."""

    action: MarketStatusAction
    reason: str
    is_trading: bool | None
    is_quoting: bool | None


_ACTION = MarketStatusAction

_BY_SYSTEM: Final[dict[SystemState | None, Status]] = {
    SystemState.OK: Status(_ACTION.TRADING, "ok", True, True),
    SystemState.POST_ONLY: Status(_ACTION.QUOTING, "post_only", False, True),
    SystemState.CANCEL_ONLY: Status(_ACTION.PAUSE, "cancel_only", False, False),
    SystemState.MAINTENANCE: Status(_ACTION.HALT, "maintenance", False, False),
    None: Status(_ACTION.SUSPEND, "the exchange is in a state that is not known", None, None),
}

_BY_MARKET: Final[dict[MarketState, Status]] = {
    MarketState.NOT_OPEN_YET: Status(_ACTION.PRE_OPEN, "not open yet", False, False),
    MarketState.RFQ_ONLY: Status(_ACTION.NOT_AVAILABLE_FOR_TRADING, "RFQ_ONLY", False, False),
    MarketState.EXPIRED: Status(_ACTION.CLOSE, "expired", False, False),
    MarketState.SETTLED: Status(_ACTION.CLOSE, "settled", False, False),
    MarketState.DELETED: Status(_ACTION.NOT_AVAILABLE_FOR_TRADING, "deleted", False, False),
}


def status_of(market: MarketState, system: SystemState | None) -> Status:
    """Return the status of an instrument; `system` is None where its value is not modelled."""
    return _BY_SYSTEM[system] if market is MarketState.OPEN else _BY_MARKET[market]


def instrument_status(
    instrument_id: InstrumentId, status: Status, ts_event: int, ts_init: int
) -> InstrumentStatus:
    """Return a status as the framework's event; times are UNIX nanoseconds."""
    return InstrumentStatus(
        instrument_id,
        status.action,
        ts_event,
        ts_init,
        reason=status.reason,
        is_trading=status.is_trading,
        is_quoting=status.is_quoting,
    )


def parse_instrument_close(
    message: SettlementPrice, instrument_id: InstrumentId, ts_init: int
) -> InstrumentClose:
    """
    Return how a market settled: an option's payoff, the average spot price of others.

    The price has all its places, which may be more than the instrument's tick; its time is the
    expiry, or the present where the market had none.

    Raises
    ------
    DecodeError
        If there is no price that is one.

    """
    value: Decimal | None = optional_decimal(message.settlement_price)
    if value is None:
        raise DecodeError(f"{message.symbol} has no settlement_price")
    return InstrumentClose(
        instrument_id=instrument_id,
        close_price=price_of(value, places(value)),
        close_type=InstrumentCloseType.CONTRACT_EXPIRED,
        ts_event=message.expiry_at * _NS_PER_MS or ts_init,
        ts_init=ts_init,
    )
