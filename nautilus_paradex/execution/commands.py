"""The framework's order commands, each to whom it belongs."""

from collections.abc import Iterable
from typing import Protocol

from nautilus_trader.cache.cache import Cache
from nautilus_trader.execution.messages import BatchCancelOrders
from nautilus_trader.execution.messages import CancelAllOrders
from nautilus_trader.execution.messages import CancelOrder
from nautilus_trader.execution.messages import ModifyOrder
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.execution.messages import SubmitOrderList
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.orders import Order

from nautilus_paradex.execution.cancels import Cancels
from nautilus_paradex.execution.contingencies import Contingencies
from nautilus_paradex.execution.following import OrderFollower
from nautilus_paradex.execution.modifies import Modifies
from nautilus_paradex.execution.modifies import ended_since
from nautilus_paradex.execution.submits import Submits
from nautilus_paradex.execution.telling import OrderTeller
from nautilus_paradex.protocol.orders import OrderTracker


class AlgoCommands(Protocol):
    """Commands of orders that the venue cuts into small ones itself."""

    def is_algo(self, tracker: OrderTracker) -> bool:
        """If an order is one of them."""

    async def cancel(self, tracker: OrderTracker) -> None:
        """Cancel one."""


class OrderCommands:
    """
    Carries out the framework's order commands.

    Parameters
    ----------
    cache : Cache
        The framework's cache.
    follower : OrderFollower
        Knows the orders at the venue.
    teller : OrderTeller
        Tells the framework.
    submits, modifies, cancels : Submits, Modifies, Cancels
        Send.
    contingencies : Contingencies
        Holds what is not due yet.
    algos : AlgoCommands
        Takes the commands of algo orders.

    """

    def __init__(
        self,
        *,
        cache: Cache,
        follower: OrderFollower,
        teller: OrderTeller,
        submits: Submits,
        modifies: Modifies,
        cancels: Cancels,
        contingencies: Contingencies,
        algos: AlgoCommands,
    ) -> None:
        self._cache = cache
        self._follower = follower
        self._teller = teller
        self._submits = submits
        self._modifies = modifies
        self._cancels = cancels
        self._contingencies = contingencies
        self._algos = algos

    # -- SUBMIT AND MODIFY -------------------------------------------------------------------------

    async def submit(self, command: SubmitOrder) -> None:
        """Submit an order."""
        due = self._contingencies.hold([command.order], command.params)
        await self._submits.submit(due, command.params)

    async def submit_list(self, command: SubmitOrderList) -> None:
        """Submit a list's orders in batches, each with its own outcome (E8)."""
        due = self._contingencies.hold(command.order_list.orders, command.params)
        await self._submits.submit(due, command.params)

    async def modify(self, command: ModifyOrder) -> None:
        """Modify an order; final only with its request's result (E7)."""
        order = self._cache.order(command.client_order_id)
        if order is not None and self._contingencies.is_held(order):
            self._teller.updated_early(
                order,
                quantity=command.quantity,
                price=command.price,
                trigger_price=command.trigger_price,
            )
            return
        tracker = None if order is None else self._follower.adopt_if_new(order)
        if tracker is not None and self._algos.is_algo(tracker):
            reason = "Paradex cannot modify a TWAP; cancel it and submit another"
            self._teller.modify_rejected_early(command, reason)
            return
        await self._modifies.modify(command)

    # -- CANCEL ------------------------------------------------------------------------------------

    async def cancel(self, command: CancelOrder) -> None:
        """Cancel an order; final only when the venue says that it ended (E7)."""
        order = self._cache.order(command.client_order_id)
        if order is None:
            self._teller.cancel_rejected_early(command, "the order is not known")
            return
        plain = await self._cancel_special([order])
        for tracker in plain:
            if not tracker.is_done:
                await self._cancels.cancel(tracker)
            elif order.is_closed and not ended_since(order, command):
                self._teller.cancel_rejected_early(command, "the order has ended")
            # Else its end was on its way when the command was given, and answers it.

    async def cancel_all(self, command: CancelAllOrders) -> None:
        """
        Cancel a market's open orders of one side or both, as the command's strategy sees them.

        The venue's own cancel-all would take other strategies' and other clients' orders too.
        """
        orders = self._cache.orders_open(
            instrument_id=command.instrument_id,
            strategy_id=command.strategy_id,
            side=command.order_side or OrderSide.NO_ORDER_SIDE,
        ) + self._cache.orders_inflight(
            instrument_id=command.instrument_id,
            strategy_id=command.strategy_id,
            side=command.order_side or OrderSide.NO_ORDER_SIDE,
        )
        await self._cancel_many({order.client_order_id: order for order in orders}.values())

    async def batch_cancel(self, command: BatchCancelOrders) -> None:
        """Cancel several orders, each with its own outcome (E8)."""
        orders = []
        for cancel in command.cancels:
            order = self._cache.order(cancel.client_order_id)
            if order is None:
                self._teller.cancel_rejected_early(cancel, "the order is not known")
            else:
                orders.append(order)
        await self._cancel_many(orders)

    async def send_cancel(self, tracker: OrderTracker) -> None:
        """Send a cancel; repeating it does no harm (PROTOCOL 8.4)."""
        await self._cancels.send(tracker)

    async def _cancel_many(self, orders: Iterable[Order]) -> None:
        await self._cancels.cancel_many(await self._cancel_special(orders))

    async def _cancel_special(self, orders: Iterable[Order]) -> list[OrderTracker]:
        """Cancel what the venue's plain cancels are not for; return the rest."""
        plain: list[OrderTracker] = []
        for order in orders:
            if self._contingencies.is_held(order):
                self._contingencies.drop(order, "canceled by its strategy")
                continue
            tracker = self._follower.adopt_if_new(order)
            if tracker is None:
                continue
            tracker.market = tracker.market or order.instrument_id.symbol.value
            if self._algos.is_algo(tracker):
                await self._algos.cancel(tracker)
            else:
                plain.append(tracker)
        return plain
