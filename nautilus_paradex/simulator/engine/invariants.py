"""Proof that the exchange's books add up; for tests."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.accounts import SETTLEMENT_ASSET
from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.arithmetic import GRAIN
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.book import BookSide
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import OrderStatus
from nautilus_paradex.simulator.engine.orders import LiveOrder


def _must(condition: object, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def check(core: Core) -> None:
    """Raise `AssertionError` with what does not add up."""
    for market in core.markets.values():
        _check_positions(core, market)
        _check_book(market)
    _check_money(core)
    for account in core.accounts.values():
        _check_account(account)
    known = sum(len(account.live) + len(account.closed) for account in core.accounts.values())
    _must(known == len(core.orders), "orders are known to exactly one account")


def _check_positions(core: Core, market: Market) -> None:
    holdings = [
        account.holdings[market.symbol]
        for account in core.accounts.values()
        if market.symbol in account.holdings
    ]
    sizes = [holding.size for holding in holdings]
    _must(not sum(sizes, ZERO), f"{market.symbol}: positions do not sum to 0")
    longs = sum((size for size in sizes if size > ZERO), ZERO)
    _must(longs == market.open_interest, f"{market.symbol}: open interest is not the longs' sum")
    held = {holding.account.address for holding in holdings if holding.size}
    _must(held == set(market.holders), f"{market.symbol}: holders are not those with a position")
    for holding in holdings:
        _must(holding.size or not holding.cost, f"{market.symbol}: a flat position has a cost")


def _check_money(core: Core) -> None:
    ledger = core.ledger
    cash = sum((account.cash for account in core.accounts.values()), ZERO)
    costs = sum(
        (
            holding.cost
            for account in core.accounts.values()
            for holding in account.holdings.values()
        ),
        ZERO,
    )
    total = cash - costs + ledger.fees + ledger.funding + ledger.dust
    deposited = ledger.deposited.get(SETTLEMENT_ASSET, ZERO)
    _must(total == deposited, f"USDC is not conserved: {total} of {deposited}")
    accrued = sum(
        (
            holding.unrealized_funding
            for market in core.markets.values()
            for holding in market.holders.values()
        ),
        ZERO,
    )
    _must(
        abs(accrued - ledger.funding) <= GRAIN * (ledger.funding_count + 100),
        f"funding does not sum to 0: {accrued} accrued, {ledger.funding} realised",
    )
    tokens: dict[str, Decimal] = {}
    for account in core.accounts.values():
        for token, balance in account.balances.items():
            if token != SETTLEMENT_ASSET:
                tokens[token] = tokens.get(token, ZERO) + balance.size
    for token, size in tokens.items():
        paid = ledger.token_fees.get(token, ZERO)
        _must(size + paid == ledger.deposited.get(token, ZERO), f"{token} is not conserved")


def _check_book(market: Market) -> None:
    book = market.book
    bid = book.bids.best(interactive=False)
    ask = book.asks.best(interactive=False)
    _must(bid is None or ask is None or bid[0] < ask[0], f"{market.symbol}: the book is crossed")
    resting = {}
    for side in (book.bids, book.asks):
        resting.update(_check_side(market, side))
    _must(resting == market.resting, f"{market.symbol}: the book is not the resting orders")


def _check_side(market: Market, side: BookSide) -> dict[str, LiveOrder]:
    orders: dict[str, LiveOrder] = {}
    _must(side.prices == sorted(side.levels), f"{market.symbol}: prices are not sorted")
    for price, level in side.levels.items():
        queued = list(level.orders())
        _must(queued, f"{market.symbol}: an empty level at {price}")
        total = sum((order.remaining for order in queued), ZERO)
        _must(total == level.api_size + level.rpi_size, f"{market.symbol}: {price} sums wrongly")
        for order in queued:
            _must(order.price == price, f"order {order.id} rests at another price")
            _must(order.is_buy == side.is_bid, f"order {order.id} rests on the other side")
            _must(order.status is OrderStatus.OPEN, f"order {order.id} rests but is not OPEN")
            _must(ZERO < order.remaining <= order.size, f"order {order.id} has a wrong remainder")
            orders[order.id] = order
    return orders


def _check_account(account: Account) -> None:
    named = {order.client_id: order for order in account.live.values() if order.client_id}
    _must(named == account.live_by_client_id, "client ids are not those of live orders")
    sums: dict[str, list[Decimal]] = {}
    counts: dict[str, int] = {}
    for order in account.live.values():
        symbol = order.market.symbol
        _must(order.is_live, f"order {order.id} is closed but live")
        counts[symbol] = counts.get(symbol, 0) + 1
        if order.reduce_only and order.status is not OrderStatus.NEW:
            holding = account.holdings[symbol]
            _must(order.id in holding.reducers, f"order {order.id} does not follow its position")
            _must(order.remaining <= abs(holding.size), f"order {order.id} would increase")
        elif order.status is OrderStatus.OPEN and order.price is not None:
            row = sums.setdefault(symbol, [ZERO, ZERO, ZERO])
            row[0] += order.remaining if order.is_buy else ZERO
            row[1] += order.remaining * order.price if order.is_buy else ZERO
            row[2] += ZERO if order.is_buy else order.remaining
    for symbol, holding in account.holdings.items():
        _must(holding.live_count == counts.get(symbol, 0), f"{symbol}: wrong count of open orders")
        expected = sums.get(symbol, [ZERO, ZERO, ZERO])
        found = [holding.buy_size, holding.buy_notional, holding.sell_size]
        _must(found == expected, f"{symbol}: open orders sum to {expected}, not {found}")
    for order in account.closed:
        filled = order.filled
        _must(not order.is_live and filled >= ZERO, f"order {order.id} closed wrongly")
        _must(bool(order.remaining) == bool(order.cancel_reason), f"order {order.id}: no reason")
