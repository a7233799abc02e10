"""The engine's public types in one place: import them from here."""

from nautilus_paradex.simulator.engine.commands import CancelResult
from nautilus_paradex.simulator.engine.commands import ModifyCommand
from nautilus_paradex.simulator.engine.commands import OrderCommand
from nautilus_paradex.simulator.engine.commands import Refusal
from nautilus_paradex.simulator.engine.enums import AccountKind
from nautilus_paradex.simulator.engine.enums import AccountStatus
from nautilus_paradex.simulator.engine.enums import AssetKind
from nautilus_paradex.simulator.engine.enums import CancelReason
from nautilus_paradex.simulator.engine.enums import CancelStatus
from nautilus_paradex.simulator.engine.enums import FillFlag
from nautilus_paradex.simulator.engine.enums import FillType
from nautilus_paradex.simulator.engine.enums import Instruction
from nautilus_paradex.simulator.engine.enums import Liquidity
from nautilus_paradex.simulator.engine.enums import MarketEventType
from nautilus_paradex.simulator.engine.enums import OrderFlag
from nautilus_paradex.simulator.engine.enums import OrderStatus
from nautilus_paradex.simulator.engine.enums import OrderType
from nautilus_paradex.simulator.engine.enums import PositionStatus
from nautilus_paradex.simulator.engine.enums import PriceKind
from nautilus_paradex.simulator.engine.enums import ProtectionNews
from nautilus_paradex.simulator.engine.enums import ProtectionTrip
from nautilus_paradex.simulator.engine.enums import RequestStatus
from nautilus_paradex.simulator.engine.enums import Side
from nautilus_paradex.simulator.engine.enums import Stp
from nautilus_paradex.simulator.engine.enums import SystemState
from nautilus_paradex.simulator.engine.enums import TradingMode
from nautilus_paradex.simulator.engine.enums import TransferKind
from nautilus_paradex.simulator.engine.events import AccountChanged
from nautilus_paradex.simulator.engine.events import BalanceChanged
from nautilus_paradex.simulator.engine.events import BboChanged
from nautilus_paradex.simulator.engine.events import Event
from nautilus_paradex.simulator.engine.events import FillMade
from nautilus_paradex.simulator.engine.events import FundingPaid
from nautilus_paradex.simulator.engine.events import FundingPublished
from nautilus_paradex.simulator.engine.events import MarketChanged
from nautilus_paradex.simulator.engine.events import OrderChanged
from nautilus_paradex.simulator.engine.events import PositionChanged
from nautilus_paradex.simulator.engine.events import PricesChanged
from nautilus_paradex.simulator.engine.events import ProtectionChanged
from nautilus_paradex.simulator.engine.events import SystemStateChanged
from nautilus_paradex.simulator.engine.events import TradeBusted
from nautilus_paradex.simulator.engine.events import TradePrinted
from nautilus_paradex.simulator.engine.events import TransactionMade
from nautilus_paradex.simulator.engine.events import TransferChanged
from nautilus_paradex.simulator.engine.protection import ProtectionSettings
from nautilus_paradex.simulator.engine.protection import ProtectionState
from nautilus_paradex.simulator.engine.specs import Delta1Margin
from nautilus_paradex.simulator.engine.specs import Fee
from nautilus_paradex.simulator.engine.specs import FeeConfig
from nautilus_paradex.simulator.engine.specs import FeeRates
from nautilus_paradex.simulator.engine.specs import MakerTakerFee
from nautilus_paradex.simulator.engine.specs import MarketSpec
from nautilus_paradex.simulator.engine.specs import OptionCrossMargin
from nautilus_paradex.simulator.engine.specs import OptionMargin
from nautilus_paradex.simulator.engine.values import AccountInfo
from nautilus_paradex.simulator.engine.values import AccountSummary
from nautilus_paradex.simulator.engine.values import Balance
from nautilus_paradex.simulator.engine.values import BalanceEvent
from nautilus_paradex.simulator.engine.values import Bbo
from nautilus_paradex.simulator.engine.values import BookChanges
from nautilus_paradex.simulator.engine.values import BookSnapshot
from nautilus_paradex.simulator.engine.values import Fill
from nautilus_paradex.simulator.engine.values import FundingData
from nautilus_paradex.simulator.engine.values import FundingPayment
from nautilus_paradex.simulator.engine.values import Greeks
from nautilus_paradex.simulator.engine.values import Kline
from nautilus_paradex.simulator.engine.values import Level
from nautilus_paradex.simulator.engine.values import Liquidation
from nautilus_paradex.simulator.engine.values import MarginConfig
from nautilus_paradex.simulator.engine.values import MarketEvent
from nautilus_paradex.simulator.engine.values import MarketSummary
from nautilus_paradex.simulator.engine.values import Order
from nautilus_paradex.simulator.engine.values import Position
from nautilus_paradex.simulator.engine.values import PublicKey
from nautilus_paradex.simulator.engine.values import RequestInfo
from nautilus_paradex.simulator.engine.values import SettlementPrice
from nautilus_paradex.simulator.engine.values import Trade
from nautilus_paradex.simulator.engine.values import Tradebust
from nautilus_paradex.simulator.engine.values import Transaction
from nautilus_paradex.simulator.engine.values import Transfer


__all__ = [
    "AccountChanged",
    "AccountInfo",
    "AccountKind",
    "AccountStatus",
    "AccountSummary",
    "AssetKind",
    "Balance",
    "BalanceChanged",
    "BalanceEvent",
    "Bbo",
    "BboChanged",
    "BookChanges",
    "BookSnapshot",
    "CancelReason",
    "CancelResult",
    "CancelStatus",
    "Delta1Margin",
    "Event",
    "Fee",
    "FeeConfig",
    "FeeRates",
    "Fill",
    "FillFlag",
    "FillMade",
    "FillType",
    "FundingData",
    "FundingPaid",
    "FundingPayment",
    "FundingPublished",
    "Greeks",
    "Instruction",
    "Kline",
    "Level",
    "Liquidation",
    "Liquidity",
    "MakerTakerFee",
    "MarginConfig",
    "MarketChanged",
    "MarketEvent",
    "MarketEventType",
    "MarketSpec",
    "MarketSummary",
    "ModifyCommand",
    "OptionCrossMargin",
    "OptionMargin",
    "Order",
    "OrderChanged",
    "OrderCommand",
    "OrderFlag",
    "OrderStatus",
    "OrderType",
    "Position",
    "PositionChanged",
    "PositionStatus",
    "PriceKind",
    "PricesChanged",
    "ProtectionChanged",
    "ProtectionNews",
    "ProtectionSettings",
    "ProtectionState",
    "ProtectionTrip",
    "PublicKey",
    "Refusal",
    "RequestInfo",
    "RequestStatus",
    "SettlementPrice",
    "Side",
    "Stp",
    "SystemState",
    "SystemStateChanged",
    "Trade",
    "TradeBusted",
    "TradePrinted",
    "Tradebust",
    "TradingMode",
    "Transaction",
    "TransactionMade",
    "Transfer",
    "TransferChanged",
    "TransferKind",
]
