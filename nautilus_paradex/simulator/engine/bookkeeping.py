"""One side of a trade: its effect on positions, balances, fees and histories, and its fill."""

from decimal import Decimal
from typing import NamedTuple

from nautilus_paradex.simulator.engine.accounts import SETTLEMENT_ASSET
from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.accounts import Holding
from nautilus_paradex.simulator.engine.accounts import Outcome
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.fees import DIME
from nautilus_paradex.simulator.engine.fees import dime_fee
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.margin import leverage
from nautilus_paradex.simulator.engine.margin import liquidation_price
from nautilus_paradex.simulator.engine.model import BalanceChanged
from nautilus_paradex.simulator.engine.model import BalanceEvent
from nautilus_paradex.simulator.engine.model import Fill
from nautilus_paradex.simulator.engine.model import FillFlag
from nautilus_paradex.simulator.engine.model import FillMade
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import FundingPaid
from nautilus_paradex.simulator.engine.model import FundingPayment
from nautilus_paradex.simulator.engine.model import Liquidity
from nautilus_paradex.simulator.engine.model import Position
from nautilus_paradex.simulator.engine.model import PositionChanged
from nautilus_paradex.simulator.engine.model import PositionStatus
from nautilus_paradex.simulator.engine.model import PriceKind
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import Trade
from nautilus_paradex.simulator.engine.model import TradePrinted
from nautilus_paradex.simulator.engine.model import Transaction
from nautilus_paradex.simulator.engine.model import TransactionMade
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.reduce_only import follow_position


_TRANSACTION_TYPES = {
    FillType.LIQUIDATION: "TRANSACTION_LIQUIDATE",
    FillType.SETTLE_MARKET: "TRANSACTION_SETTLE_MARKET",
}


class Leg(NamedTuple):
    """One account's side of a trade."""

    account: Account
    market: Market
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    liquidity: Liquidity
    fill_type: FillType
    trade_id: str = ""
    seq_no: int = 0
    flags: tuple[FillFlag, ...] = ()
    order: LiveOrder | None = None


def print_trade(
    core: Core,
    market: Market,
    side: Side,
    price: Decimal,
    size: Decimal,
    *,
    trade_type: FillType = FillType.FILL,
    seq_no: int = 0,
) -> str:
    """Record and announce a public trade; return its id."""
    trade = Trade(
        id=core.ids.next_id(core.now_us),
        market=market.symbol,
        side=side,
        price=price,
        size=size,
        trade_type=trade_type,
        seq_no=seq_no,
        created_us=core.now_us,
    )
    market.trades.append(trade)
    market.last = price
    market.total_volume += price * size
    market.klines[PriceKind.LAST].add(core.now_us, price, size)
    if core.listeners:
        core.emit(TradePrinted(trade))
    return trade.id


def book_leg(core: Core, leg: Leg) -> Fill:
    """
    Carry out one side of a trade and announce its fill, funding, balance and position.

    Reduce-only orders of the account follow the new position at once.
    """
    account, market = leg.account, leg.market
    holding = account.holding(market)
    fill_id = core.ids.next_id(core.now_us)
    before = account.cash
    outcome = move(core, holding, leg.side, leg.price, leg.size)
    fee, currency = _charge(core, leg)
    holding.last_fill_id = fill_id
    fill = _fill(core, leg, fill_id, outcome, fee, currency)
    account.fills.append(fill)
    announced = account.announce and bool(core.listeners)
    if announced:
        core.emit(FillMade(fill))
    if outcome.realized_funding:
        _pay_funding(core, holding, fill_id, outcome.realized_funding)
    if announced:
        core.emit(BalanceChanged(_balance_event(core, leg, fill, holding, before)))
        if not market.is_spot:
            announce_position(core, holding)
        _transact(core, leg, fill)
    core.touch_account(account)
    if holding.reducers:
        follow_position(core, holding)
    return fill


def _charge(core: Core, leg: Leg) -> tuple[Decimal, str]:
    """Take a leg's fee; return what it was, and in which token."""
    account, order = leg.account, leg.order
    if order is not None and (order.dime_discount or account.pays_in_dime):
        in_dime = dime_fee(core, account, leg.fee)
        if in_dime is not None:
            pay_fee(core, account, in_dime, DIME)
            return in_dime, DIME
    pay_fee(core, account, leg.fee, SETTLEMENT_ASSET)
    return leg.fee, SETTLEMENT_ASSET


def pay_fee(core: Core, account: Account, fee: Decimal, currency: str) -> None:
    """Move a fee from an account to the venue; a negative one comes back."""
    balance = account.token(currency)
    balance.size -= fee
    if currency == SETTLEMENT_ASSET:
        core.ledger.fees += fee
        return
    balance.updated_us = core.now_us
    paid = core.ledger.token_fees
    paid[currency] = paid.get(currency, ZERO) + fee


def move(core: Core, holding: Holding, side: Side, price: Decimal, size: Decimal) -> Outcome:
    """Trade a size at a price: change position and cash, or token and cash on spot."""
    account, market = holding.account, holding.market
    quantity = size if side is Side.BUY else -size
    cash = account.balances[SETTLEMENT_ASSET]
    cash.updated_us = core.now_us
    if market.is_spot:
        token = account.token(market.spec.base_currency)
        realized = token.add(quantity, price, core.now_us)
        cash.size -= quantity * price
        return Outcome(realized, ZERO, ZERO)
    old = holding.size
    outcome = holding.apply(quantity, price, core.now_us)
    cash.size += outcome.realized_pnl + outcome.realized_funding
    core.ledger.funding -= outcome.realized_funding
    core.ledger.funding_count += bool(outcome.realized_funding)
    core.ledger.dust += outcome.dust
    market.open_interest += max(holding.size, ZERO) - max(old, ZERO)
    if holding.size:
        market.holders[account.address] = holding
    else:
        market.holders.pop(account.address, None)
    return outcome


def _fill(
    core: Core, leg: Leg, fill_id: str, outcome: Outcome, fee: Decimal, currency: str
) -> Fill:
    order = leg.order
    return Fill(
        id=fill_id,
        trade_id=leg.trade_id,
        account=leg.account.address,
        market=leg.market.symbol,
        order_id="" if order is None else order.id,
        client_id="" if order is None else order.client_id,
        side=leg.side,
        liquidity=leg.liquidity,
        price=leg.price,
        size=leg.size,
        remaining_size=ZERO if order is None else order.remaining,
        fee=fee,
        fee_currency=currency,
        fill_type=leg.fill_type,
        flags=leg.flags,
        realized_pnl=outcome.realized_pnl,
        realized_funding=outcome.realized_funding,
        underlying_price=leg.market.underlying_or_zero,
        orderbook_seq_no=leg.seq_no,
        created_us=core.now_us,
        seq_no=core.ids.next_seq(core.now_us),
    )


def _pay_funding(core: Core, holding: Holding, fill_id: str, payment: Decimal) -> None:
    account = holding.account
    row = FundingPayment(
        id=core.ids.next_id(core.now_us),
        account=account.address,
        market=holding.market.symbol,
        fill_id=fill_id,
        payment=payment,
        index=holding.market.funding_index,
        created_us=core.now_us,
    )
    account.funding_payments.append(row)
    if account.announce and core.listeners:
        core.emit(FundingPaid(row))


def _transact(core: Core, leg: Leg, fill: Fill) -> None:
    transaction = Transaction(
        id=fill.id,
        account=leg.account.address,
        hash=core.ids.next_hash(),
        type=_TRANSACTION_TYPES.get(leg.fill_type, "TRANSACTION_FILL"),
        state="ACCEPTED_ON_L2",
        created_us=core.now_us,
        completed_us=core.now_us,
    )
    leg.account.transactions.append(transaction)
    core.emit(TransactionMade(transaction))


def _balance_event(
    core: Core, leg: Leg, fill: Fill, holding: Holding, before: Decimal
) -> BalanceEvent:
    return BalanceEvent(
        account=leg.account.address,
        type=_TRANSACTION_TYPES.get(leg.fill_type, "TRANSACTION_FILL"),
        status="ON_BLOCKCHAIN",
        market=leg.market.symbol,
        fill_id=fill.id,
        # In USDC (so the specification): a fee in another token is not among them.
        fees=fill.fee if fill.fee_currency == SETTLEMENT_ASSET else ZERO,
        realized_pnl=fill.realized_pnl,
        realized_funding=fill.realized_funding,
        funding_index=holding.cached_index,
        asset=SETTLEMENT_ASSET,
        balance_before=before,
        balance_after=leg.account.cash,
        created_us=core.now_us,
    )


def announce_position(core: Core, holding: Holding) -> None:
    """Announce a position as of now."""
    core.emit(PositionChanged(position_of(core, holding, core.ids.next_seq(core.now_us))))


def position_of(core: Core, holding: Holding, seq_no: int) -> Position:
    """Return a position as of now."""
    size = holding.size
    return Position(
        account=holding.account.address,
        market=holding.market.symbol,
        status=PositionStatus.OPEN if size else PositionStatus.CLOSED,
        side=holding.side,
        size=size,
        average_entry_price=amount(holding.cost / size) if size else ZERO,
        average_exit_price=(
            amount(holding.exit_notional / holding.exit_size) if holding.exit_size else None
        ),
        cost=holding.cost,
        unrealized_pnl=holding.unrealized_pnl,
        unrealized_funding_pnl=holding.unrealized_funding,
        cached_funding_index=holding.cached_index,
        realized_positional_pnl=holding.realized_pnl,
        realized_positional_funding_pnl=holding.realized_funding,
        liquidation_price=liquidation_price(core, holding),
        leverage=leverage(holding.account, holding.market),
        last_fill_id=holding.last_fill_id,
        created_us=holding.created_us,
        updated_us=holding.updated_us,
        closed_us=holding.closed_us,
        seq_no=seq_no,
    )
