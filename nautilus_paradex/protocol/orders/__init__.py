"""Which event an order update, a fill or a command's outcome becomes (rules E3 to E7)."""

from nautilus_paradex.protocol.orders.batch import Outcome
from nautilus_paradex.protocol.orders.batch import match_batch
from nautilus_paradex.protocol.orders.effects import Accepted
from nautilus_paradex.protocol.orders.effects import AwaitFills
from nautilus_paradex.protocol.orders.effects import Canceled
from nautilus_paradex.protocol.orders.effects import CancelRejected
from nautilus_paradex.protocol.orders.effects import Effect
from nautilus_paradex.protocol.orders.effects import Expired
from nautilus_paradex.protocol.orders.effects import Filled
from nautilus_paradex.protocol.orders.effects import ModifyRejected
from nautilus_paradex.protocol.orders.effects import Reconcile
from nautilus_paradex.protocol.orders.effects import Rejected
from nautilus_paradex.protocol.orders.effects import Triggered
from nautilus_paradex.protocol.orders.effects import Updated
from nautilus_paradex.protocol.orders.ledger import FillLedger
from nautilus_paradex.protocol.orders.lifecycle import Phase
from nautilus_paradex.protocol.orders.registry import OrderRegistry
from nautilus_paradex.protocol.orders.tracker import OrderTracker
from nautilus_paradex.protocol.orders.tracker import PendingModify
from nautilus_paradex.protocol.orders.tracker import Source
from nautilus_paradex.protocol.orders.tracker import Terms


__all__ = [
    "Accepted",
    "AwaitFills",
    "CancelRejected",
    "Canceled",
    "Effect",
    "Expired",
    "FillLedger",
    "Filled",
    "ModifyRejected",
    "OrderRegistry",
    "OrderTracker",
    "Outcome",
    "PendingModify",
    "Phase",
    "Reconcile",
    "Rejected",
    "Source",
    "Terms",
    "Triggered",
    "Updated",
    "match_batch",
]
