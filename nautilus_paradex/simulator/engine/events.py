"""What the exchange announces, in the order in which it happens; each event is self-contained."""

from decimal import Decimal

import msgspec

from nautilus_paradex.simulator.engine.enums import ProtectionNews
from nautilus_paradex.simulator.engine.enums import ProtectionTrip
from nautilus_paradex.simulator.engine.enums import SystemState
from nautilus_paradex.simulator.engine.protection import ProtectionState
from nautilus_paradex.simulator.engine.values import AccountSummary
from nautilus_paradex.simulator.engine.values import BalanceEvent
from nautilus_paradex.simulator.engine.values import Bbo
from nautilus_paradex.simulator.engine.values import Fill
from nautilus_paradex.simulator.engine.values import FundingData
from nautilus_paradex.simulator.engine.values import FundingPayment
from nautilus_paradex.simulator.engine.values import MarketEvent
from nautilus_paradex.simulator.engine.values import Order
from nautilus_paradex.simulator.engine.values import Position
from nautilus_paradex.simulator.engine.values import Trade
from nautilus_paradex.simulator.engine.values import Tradebust
from nautilus_paradex.simulator.engine.values import Transaction
from nautilus_paradex.simulator.engine.values import Transfer


class OrderChanged(msgspec.Struct, frozen=True):
    """An order became OPEN, UNTRIGGERED or CLOSED, was filled, resized or modified."""

    order: Order


class FillMade(msgspec.Struct, frozen=True):
    """An account's fill."""

    fill: Fill


class PositionChanged(msgspec.Struct, frozen=True):
    """An account's position changed."""

    position: Position


class AccountChanged(msgspec.Struct, frozen=True):
    """An account's collateral or margin changed."""

    summary: AccountSummary


class BalanceChanged(msgspec.Struct, frozen=True):
    """An account's settlement balance changed."""

    event: BalanceEvent


class FundingPaid(msgspec.Struct, frozen=True):
    """Funding was realised."""

    payment: FundingPayment


class TransferChanged(msgspec.Struct, frozen=True):
    """A deposit or withdrawal."""

    transfer: Transfer


class TransactionMade(msgspec.Struct, frozen=True):
    """A transaction on the chain."""

    transaction: Transaction


class TradeBusted(msgspec.Struct, frozen=True):
    """A fill was reverted."""

    tradebust: Tradebust


class ProtectionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A market-maker protection tripped, thawed, was reset or changed."""

    state: ProtectionState
    kind: ProtectionNews
    trip_reason: ProtectionTrip | None
    trigger_market: str
    """Whose fill tripped it, or empty."""


class TradePrinted(msgspec.Struct, frozen=True):
    """A public trade."""

    trade: Trade


class BboChanged(msgspec.Struct, frozen=True):
    """The best bid or ask changed, in the API view or in the one that includes RPI orders."""

    bbo: Bbo
    interactive: bool


class PricesChanged(msgspec.Struct, frozen=True):
    """A market's mark, underlying or external fair price changed; see `Queries.summary`."""

    market: str
    mark_price: Decimal
    underlying_price: Decimal
    external_fair_price: Decimal | None
    created_us: int


class FundingPublished(msgspec.Struct, frozen=True):
    """The funding state of a market, every 5 s."""

    data: FundingData


class MarketChanged(msgspec.Struct, frozen=True):
    """A market was listed, changed, settled or deleted."""

    event: MarketEvent


class SystemStateChanged(msgspec.Struct, frozen=True):
    """The exchange's state changed."""

    state: SystemState


type Event = (
    OrderChanged
    | FillMade
    | PositionChanged
    | AccountChanged
    | BalanceChanged
    | FundingPaid
    | TransferChanged
    | TransactionMade
    | TradeBusted
    | ProtectionChanged
    | TradePrinted
    | BboChanged
    | PricesChanged
    | FundingPublished
    | MarketChanged
    | SystemStateChanged
)
