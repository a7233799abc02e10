"""The framework's orders of an account."""

from nautilus_trader.cache.cache import Cache
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.orders import Order


def local_orders(cache: Cache, account_id: AccountId) -> list[Order]:
    """Return the account's orders that are open or in flight in the framework's cache."""
    orders = cache.orders_open() + cache.orders_inflight()
    ours = [order for order in orders if account_of(order) == account_id]
    return list({order.client_order_id: order for order in ours}.values())


def account_of(order: Order) -> AccountId | None:
    """Return whose order it is: of external ones the framework notes it in their events only."""
    if order.account_id is not None:
        return order.account_id
    return next((event.account_id for event in order.events if event.account_id is not None), None)
