"""Trades outside the book: blocks, transfers of positions, busts (PROTOCOL 10.4, 11.51)."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.accounts import SETTLEMENT_ASSET
from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.bookkeeping import Leg
from nautilus_paradex.simulator.engine.bookkeeping import announce_position
from nautilus_paradex.simulator.engine.bookkeeping import book_leg
from nautilus_paradex.simulator.engine.bookkeeping import move
from nautilus_paradex.simulator.engine.bookkeeping import pay_fee
from nautilus_paradex.simulator.engine.bookkeeping import print_trade
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.fees import account_rate
from nautilus_paradex.simulator.engine.fees import trade_fee
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import BalanceChanged
from nautilus_paradex.simulator.engine.model import BalanceEvent
from nautilus_paradex.simulator.engine.model import Fill
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import Liquidity
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import Tradebust
from nautilus_paradex.simulator.engine.model import TradeBusted
from nautilus_paradex.simulator.engine.reduce_only import follow_position


def cross(
    core: Core,
    market: Market,
    buyer: Account,
    seller: Account,
    *,
    size: Decimal,
    price: Decimal,
    fill_type: FillType,
) -> None:
    """Trade between two accounts outside the book; blocks pay fees, transfers do not."""
    if buyer is seller or size <= ZERO or price < ZERO:
        raise Refusal("INVALID_REQUEST_PARAMETER", "two accounts, a size and a price are needed")
    pays = fill_type is FillType.BLOCK_TRADE
    trade_id = print_trade(core, market, Side.BUY, price, size, trade_type=fill_type)
    for account, side, liquidity in (
        (seller, Side.SELL, Liquidity.MAKER),
        (buyer, Side.BUY, Liquidity.TAKER),
    ):
        rate = account_rate(account, market, liquidity) if pays else ZERO
        book_leg(
            core,
            Leg(
                account=account,
                market=market,
                side=side,
                price=price,
                size=size,
                fee=trade_fee(market, rate, price, size),
                liquidity=liquidity,
                fill_type=fill_type,
                trade_id=trade_id,
            ),
        )


def bust(core: Core, trade_id: str) -> None:
    """Revert both fills of a trade: opposite moves at the same price, fees given back."""
    busted = [
        (account, fill)
        for account in core.accounts.values()
        for fill in account.fills
        if fill.trade_id == trade_id
    ]
    if not trade_id or len(busted) != 2:
        raise Refusal("NOT_FOUND", f"trade {trade_id} is not in the histories")
    for account, fill in busted:
        if any(row.busted_fill_id == fill.id for row in account.tradebusts):
            raise Refusal("NOT_UNIQUE", f"trade {trade_id} was busted before")
    for account, fill in busted:
        _revert(core, account, fill)


def _revert(core: Core, account: Account, fill: Fill) -> None:
    market = core.market(fill.market)
    holding = account.holding(market)
    before = account.cash
    outcome = move(core, holding, fill.side.opposite, fill.price, fill.size)
    pay_fee(core, account, -fill.fee, fill.fee_currency)
    row = Tradebust(account=account.address, busted_fill_id=fill.id, created_us=core.now_us)
    account.tradebusts.append(row)
    if account.announce and core.listeners:
        core.emit(TradeBusted(row))
        core.emit(
            BalanceChanged(
                BalanceEvent(
                    account=account.address,
                    type="TRADE_BUST",
                    status="ON_BLOCKCHAIN",
                    market=market.symbol,
                    fill_id=fill.id,
                    fees=-fill.fee if fill.fee_currency == SETTLEMENT_ASSET else ZERO,
                    realized_pnl=outcome.realized_pnl,
                    realized_funding=outcome.realized_funding,
                    funding_index=holding.cached_index,
                    asset=SETTLEMENT_ASSET,
                    balance_before=before,
                    balance_after=account.cash,
                    created_us=core.now_us,
                )
            )
        )
        if not market.is_spot:
            announce_position(core, holding)
    core.touch_account(account)
    follow_position(core, holding)
