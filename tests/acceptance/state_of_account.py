"""An account's state as both sides must see it: balances, what is free of them, margins."""

from decimal import Decimal

import msgspec
from nautilus_trader.accounting.accounts.margin import MarginAccount
from nautilus_trader.model.currencies import USDC
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import AccountId
from nautilus_trader.model.orders import Order

from nautilus_paradex.simulator import LocalParadex
from tests.acceptance.node import RunningNode
from tests.acceptance.node import until


PLACES = Decimal("0.00000001")


class AccountView(msgspec.Struct, frozen=True):
    """Totals by token, what is free of USDC, and both margins; a balance of 0 is none."""

    totals: dict[str, Decimal]
    free: Decimal
    locked: Decimal
    initial: Decimal
    maintenance: Decimal


async def filled(order: Order) -> OrderFilled:
    """Return an order's last fill, once it is filled."""
    await until(lambda: order.is_closed, "the order is filled")
    return [event for event in order.events if isinstance(event, OrderFilled)][-1]


def node_view(node: RunningNode, account_id: AccountId | None = None) -> AccountView | None:
    """Return what the framework holds, as a strategy reads it."""
    account = node.cache.account(account_id or node.account_id)
    return None if account is None else account_view(account)


def account_view(account: MarginAccount) -> AccountView:
    """Return what a strategy reads of an account; the framework's estimates are part of it."""
    totals = {
        currency.code: total.as_decimal() for currency, total in account.balances_total().items()
    }
    return AccountView(
        totals={token: total for token, total in totals.items() if total},
        free=account.balance_free(USDC).as_decimal(),
        locked=account.balance_locked(USDC).as_decimal(),
        initial=account.total_margin_init(USDC).as_decimal(),
        maintenance=account.total_margin_maint(USDC).as_decimal(),
    )


def venue_view(venue: LocalParadex, account: str) -> AccountView:
    """Return what the venue's engine holds, by the rules of PROTOCOL 10.1 and 10.2."""
    summary = venue.exchange.queries.account_summary(account)
    rows = venue.exchange.queries.balances(account)
    totals = {row.token: row.size.quantize(PLACES) for row in rows}
    total = totals["USDC"]
    free = min(total, summary.free_collateral.quantize(PLACES))
    return AccountView(
        totals={token: size for token, size in totals.items() if size},
        free=free,
        locked=total - free,
        initial=summary.initial_margin_requirement,
        maintenance=summary.maintenance_margin_requirement,
    )


async def until_account_equal(
    node: RunningNode,
    venue: LocalParadex,
    account: str,
    account_id: AccountId | None = None,
    *,
    left_out: frozenset[str] = frozenset(),
) -> AccountView:
    """Wait until both views are equal, but for tokens that are left out; return the view."""

    def of_venue() -> AccountView:
        view = venue_view(venue, account)
        totals = {token: size for token, size in view.totals.items() if token not in left_out}
        return msgspec.structs.replace(view, totals=totals)

    await until(
        lambda: node_view(node, account_id) == of_venue(),
        lambda: f"node {node_view(node, account_id)}, venue {of_venue()}",
    )
    return of_venue()
