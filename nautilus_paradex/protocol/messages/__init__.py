"""
Typed messages of the wire: REST bodies and the data of JSON channels (PROTOCOL 4, 6.4, 9, 10).

A message that has a counterpart in `protocol.events` is named ``...Message``;
`protocol.json_events` turns it into the event. Request bodies are named ``...Request``.
"""

from nautilus_paradex.protocol.messages.account import AccountInfo
from nautilus_paradex.protocol.messages.account import AccountMargin
from nautilus_paradex.protocol.messages.account import AccountMmp
from nautilus_paradex.protocol.messages.account import AccountProfile
from nautilus_paradex.protocol.messages.account import AccountSummaryMessage
from nautilus_paradex.protocol.messages.account import AccountVolumeTier
from nautilus_paradex.protocol.messages.account import AuthResponse
from nautilus_paradex.protocol.messages.account import AuthResult
from nautilus_paradex.protocol.messages.account import Balance
from nautilus_paradex.protocol.messages.account import DerivationInfo
from nautilus_paradex.protocol.messages.account import Fees
from nautilus_paradex.protocol.messages.account import MarginConfig
from nautilus_paradex.protocol.messages.account import MarginRequest
from nautilus_paradex.protocol.messages.account import MarginUpdate
from nautilus_paradex.protocol.messages.account import MaxSlippageRequest
from nautilus_paradex.protocol.messages.account import MmpConfig
from nautilus_paradex.protocol.messages.account import MmpEvent
from nautilus_paradex.protocol.messages.account import MmpRequest
from nautilus_paradex.protocol.messages.account import MmpReset
from nautilus_paradex.protocol.messages.account import MmpResetRequest
from nautilus_paradex.protocol.messages.account import OnboardingInfo
from nautilus_paradex.protocol.messages.account import PositionMessage
from nautilus_paradex.protocol.messages.account import SubscriptionResult
from nautilus_paradex.protocol.messages.base import Body
from nautilus_paradex.protocol.messages.base import ErrorBody
from nautilus_paradex.protocol.messages.base import Message
from nautilus_paradex.protocol.messages.base import Page
from nautilus_paradex.protocol.messages.blocks import BlockTrade
from nautilus_paradex.protocol.messages.blocks import BlockTradeLeg
from nautilus_paradex.protocol.messages.blocks import RfqEvent
from nautilus_paradex.protocol.messages.blocks import RfqQuote
from nautilus_paradex.protocol.messages.blocks import RfqResult
from nautilus_paradex.protocol.messages.blocks import RfqState
from nautilus_paradex.protocol.messages.blocks import RfqTrade
from nautilus_paradex.protocol.messages.codec import decode
from nautilus_paradex.protocol.messages.codec import encode
from nautilus_paradex.protocol.messages.market_data import BboMessage
from nautilus_paradex.protocol.messages.market_data import BookLevel
from nautilus_paradex.protocol.messages.market_data import BookMessage
from nautilus_paradex.protocol.messages.market_data import BookQuote
from nautilus_paradex.protocol.messages.market_data import FundingComparisonMessage
from nautilus_paradex.protocol.messages.market_data import FundingDataMessage
from nautilus_paradex.protocol.messages.market_data import ImpactPrice
from nautilus_paradex.protocol.messages.market_data import Kline
from nautilus_paradex.protocol.messages.market_data import RestBook
from nautilus_paradex.protocol.messages.market_data import TradeMessage
from nautilus_paradex.protocol.messages.markets import Delta1MarginParams
from nautilus_paradex.protocol.messages.markets import FeeConfig
from nautilus_paradex.protocol.messages.markets import FeeWithCap
from nautilus_paradex.protocol.messages.markets import Greeks
from nautilus_paradex.protocol.messages.markets import MakerTakerFee
from nautilus_paradex.protocol.messages.markets import Market
from nautilus_paradex.protocol.messages.markets import MarketChanges
from nautilus_paradex.protocol.messages.markets import MarketEvent
from nautilus_paradex.protocol.messages.markets import MarketSummaryMessage
from nautilus_paradex.protocol.messages.markets import OptionCrossMarginParams
from nautilus_paradex.protocol.messages.markets import OptionMarginParams
from nautilus_paradex.protocol.messages.markets import RollingDetails
from nautilus_paradex.protocol.messages.markets import SettlementPrice
from nautilus_paradex.protocol.messages.orders import AlgoOrder
from nautilus_paradex.protocol.messages.orders import AlgoOrderRequest
from nautilus_paradex.protocol.messages.orders import BatchCancelRequest
from nautilus_paradex.protocol.messages.orders import BatchCancelResponse
from nautilus_paradex.protocol.messages.orders import BatchOrdersResponse
from nautilus_paradex.protocol.messages.orders import CancelAllRequest
from nautilus_paradex.protocol.messages.orders import CancelAllResult
from nautilus_paradex.protocol.messages.orders import CancelOnDisconnectResult
from nautilus_paradex.protocol.messages.orders import CancelOrderRequest
from nautilus_paradex.protocol.messages.orders import CancelOutcome
from nautilus_paradex.protocol.messages.orders import ModifyOrderRequest
from nautilus_paradex.protocol.messages.orders import OrderCancelResult
from nautilus_paradex.protocol.messages.orders import OrderCreateBatchResult
from nautilus_paradex.protocol.messages.orders import OrderCreateOutcome
from nautilus_paradex.protocol.messages.orders import OrderCreateResult
from nautilus_paradex.protocol.messages.orders import OrderMessage
from nautilus_paradex.protocol.messages.orders import OrderModifyResult
from nautilus_paradex.protocol.messages.orders import OrderRequest
from nautilus_paradex.protocol.messages.orders import RequestInfoMessage
from nautilus_paradex.protocol.messages.system import Announcement
from nautilus_paradex.protocol.messages.system import BridgedToken
from nautilus_paradex.protocol.messages.system import InsuranceFund
from nautilus_paradex.protocol.messages.system import PortfolioMarginConfig
from nautilus_paradex.protocol.messages.system import PortfolioMarginScenario
from nautilus_paradex.protocol.messages.system import SystemConfig
from nautilus_paradex.protocol.messages.system import SystemStatus
from nautilus_paradex.protocol.messages.system import SystemTime
from nautilus_paradex.protocol.messages.system import VolShock
from nautilus_paradex.protocol.messages.system import VolumeTier
from nautilus_paradex.protocol.messages.trading import BalanceEvent
from nautilus_paradex.protocol.messages.trading import FillMessage
from nautilus_paradex.protocol.messages.trading import FundingPayment
from nautilus_paradex.protocol.messages.trading import Liquidation
from nautilus_paradex.protocol.messages.trading import Tradebust
from nautilus_paradex.protocol.messages.trading import Transaction
from nautilus_paradex.protocol.messages.trading import Transfer


__all__ = [
    "AccountInfo",
    "AccountMargin",
    "AccountMmp",
    "AccountProfile",
    "AccountSummaryMessage",
    "AccountVolumeTier",
    "AlgoOrder",
    "AlgoOrderRequest",
    "Announcement",
    "AuthResponse",
    "AuthResult",
    "Balance",
    "BalanceEvent",
    "BatchCancelRequest",
    "BatchCancelResponse",
    "BatchOrdersResponse",
    "BboMessage",
    "BlockTrade",
    "BlockTradeLeg",
    "Body",
    "BookLevel",
    "BookMessage",
    "BookQuote",
    "BridgedToken",
    "CancelAllRequest",
    "CancelAllResult",
    "CancelOnDisconnectResult",
    "CancelOrderRequest",
    "CancelOutcome",
    "Delta1MarginParams",
    "DerivationInfo",
    "ErrorBody",
    "FeeConfig",
    "FeeWithCap",
    "Fees",
    "FillMessage",
    "FundingComparisonMessage",
    "FundingDataMessage",
    "FundingPayment",
    "Greeks",
    "ImpactPrice",
    "InsuranceFund",
    "Kline",
    "Liquidation",
    "MakerTakerFee",
    "MarginConfig",
    "MarginRequest",
    "MarginUpdate",
    "Market",
    "MarketChanges",
    "MarketEvent",
    "MarketSummaryMessage",
    "MaxSlippageRequest",
    "Message",
    "MmpConfig",
    "MmpEvent",
    "MmpRequest",
    "MmpReset",
    "MmpResetRequest",
    "ModifyOrderRequest",
    "OnboardingInfo",
    "OptionCrossMarginParams",
    "OptionMarginParams",
    "OrderCancelResult",
    "OrderCreateBatchResult",
    "OrderCreateOutcome",
    "OrderCreateResult",
    "OrderMessage",
    "OrderModifyResult",
    "OrderRequest",
    "Page",
    "PortfolioMarginConfig",
    "PortfolioMarginScenario",
    "PositionMessage",
    "RequestInfoMessage",
    "RestBook",
    "RfqEvent",
    "RfqQuote",
    "RfqResult",
    "RfqState",
    "RfqTrade",
    "RollingDetails",
    "SettlementPrice",
    "SubscriptionResult",
    "SystemConfig",
    "SystemStatus",
    "SystemTime",
    "TradeMessage",
    "Tradebust",
    "Transaction",
    "Transfer",
    "VolShock",
    "VolumeTier",
    "decode",
    "encode",
]
