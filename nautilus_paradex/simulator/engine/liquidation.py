"""Liquidation of accounts below their maintenance margin (PROTOCOL 10.1, 10.4)."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.accounts import SETTLEMENT_ASSET
from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.accounts import Holding
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.bookkeeping import Leg
from nautilus_paradex.simulator.engine.bookkeeping import book_leg
from nautilus_paradex.simulator.engine.bookkeeping import print_trade
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.fees import trade_fee
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.margin import Totals
from nautilus_paradex.simulator.engine.model import AccountStatus
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import Liquidation
from nautilus_paradex.simulator.engine.model import Liquidity
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.engine.placing import close


#: Fraction of the notional that a liquidated account pays to the insurance fund.
LIQUIDATION_RATE = Decimal("0.005")


def check_holders(core: Core, market: Market) -> None:
    """Liquidate those with a position in a market whose value is below maintenance margin."""
    if core.state is not SystemState.OK:
        return
    for holding in list(market.holders.values()):
        account = holding.account
        if account is core.insurance:
            continue
        totals = Totals(core, account)
        if totals.value < totals.maintenance:
            liquidate(core, account)


def liquidate(core: Core, account: Account) -> None:
    """
    Cancel an account's orders and close its positions at the mark against the insurance fund.

    The venue liquidates step by step; here all at once. A negative account value that is left is
    the insurance fund's loss.
    """
    if account is core.insurance:
        return
    account.status = AccountStatus.LIQUIDATION
    if account.announce:
        core.announce_account(account)
    for order in list(account.live.values()):
        close(core, order, CancelReason.IN_LIQUIDATION)
    for holding in list(account.holdings.values()):
        if holding.size:
            _take_over(core, holding)
    row = Liquidation(id=core.ids.next_hash(), account=account.address, created_us=core.now_us)
    account.liquidations.append(row)
    # A debt that the account's tokens cover stays a debt in USDC.
    shortfall = min(amount(Totals(core, account).value), ZERO)
    core.insurance.balances[SETTLEMENT_ASSET].size += shortfall
    account.balances[SETTLEMENT_ASSET].size -= shortfall
    account.status = AccountStatus.ACTIVE
    core.touch_account(account)


def _take_over(core: Core, holding: Holding) -> None:
    market, size = holding.market, abs(holding.size)
    price = market.mark_or_zero
    side = Side.SELL if holding.size > ZERO else Side.BUY
    fee = trade_fee(market, LIQUIDATION_RATE, price, size)
    trade_id = print_trade(core, market, side, price, size, trade_type=FillType.LIQUIDATION)
    for account, own_side, own_fee, liquidity in (
        (core.insurance, side.opposite, -fee, Liquidity.MAKER),
        (holding.account, side, fee, Liquidity.TAKER),
    ):
        book_leg(
            core,
            Leg(
                account=account,
                market=market,
                side=own_side,
                price=price,
                size=size,
                fee=own_fee,
                liquidity=liquidity,
                fill_type=FillType.LIQUIDATION,
                trade_id=trade_id,
            ),
        )
