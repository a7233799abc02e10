"""Where live orders are kept: entering, resting, shrinking, closing, and saying so."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import OrderChanged
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.orders import LiveOrder


def enter(core: Core, order: LiveOrder) -> None:
    """Make a new order known."""
    account = order.account
    core.orders[order.id] = order
    account.live[order.id] = order
    if order.client_id:
        account.live_by_client_id[order.client_id] = order
    account.holding(order.market).live_count += 1
    order.seq_no = core.ids.next_seq(core.now_us)


def announce(core: Core, order: LiveOrder) -> None:
    """Stamp a change of an order and announce it."""
    order.seq_no = core.ids.next_seq(core.now_us)
    if order.account.announce and core.listeners:
        core.emit(OrderChanged(order.snapshot()))


def expose(order: LiveOrder, change: Decimal) -> None:
    """Add to the account's sums what an order bids or offers; reducing orders do not count."""
    if order.reduce_only or order.price is None:
        return
    holding = order.account.holding(order.market)
    if order.is_buy:
        holding.buy_size += change
        holding.buy_notional += change * order.price
    else:
        holding.sell_size += change


def rest(core: Core, order: LiveOrder) -> None:
    """Put an order into the book as OPEN; does not announce it."""
    market = order.market
    order.status = OrderStatus.OPEN
    order.updated_us = core.now_us
    market.book.add(order)
    market.resting[order.id] = order
    expose(order, order.remaining)
    if order.reduce_only:
        order.account.holding(market).reducers[order.id] = order
    core.touch_market(market)
    core.touch_account(order.account)


def unrest(core: Core, order: LiveOrder) -> None:
    """Take an order out of wherever it waits: the book, or the list of triggers."""
    market = order.market
    if market.resting.pop(order.id, None) is not None:
        market.book.remove(order)
        expose(order, -order.remaining)
        core.touch_market(market)
        core.touch_account(order.account)
    market.untriggered.pop(order.id, None)
    if order.reduce_only:
        order.account.holding(market).reducers.pop(order.id, None)


def close(core: Core, order: LiveOrder, reason: CancelReason) -> None:
    """Close a live order wherever it is and announce it; the empty reason means filled."""
    unrest(core, order)
    account = order.account
    order.status = OrderStatus.CLOSED
    order.cancel_reason = reason
    order.updated_us = core.now_us
    del account.live[order.id]
    if order.client_id:
        del account.live_by_client_id[order.client_id]
    account.holding(order.market).live_count -= 1
    _archive(core, account, order)
    announce(core, order)


def _archive(core: Core, account: Account, order: LiveOrder) -> None:
    account.closed.append(order)
    if order.client_id:
        account.closed_client_ids[order.client_id] = order
    if len(account.closed) > account.history_limit:
        oldest = account.closed.popleft()
        del core.orders[oldest.id]
        if account.closed_client_ids.get(oldest.client_id) is oldest:
            del account.closed_client_ids[oldest.client_id]


def shrink(core: Core, order: LiveOrder, remaining: Decimal) -> None:
    """Cut an order's remaining size in its place: its size falls by as much; announce it."""
    cut = order.remaining - remaining
    order.size -= cut
    if order.id in order.market.resting:
        expose(order, -cut)
        order.market.book.reduce(order, cut)
        core.touch_market(order.market)
    else:
        order.remaining = remaining
    order.updated_us = core.now_us
    announce(core, order)
