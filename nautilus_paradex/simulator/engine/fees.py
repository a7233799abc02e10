"""Who pays which fee (PROTOCOL 8.2, 9.3)."""

from decimal import Decimal
from typing import TYPE_CHECKING

from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Liquidity
from nautilus_paradex.simulator.engine.orders import LiveOrder


if TYPE_CHECKING:
    from nautilus_paradex.simulator.engine.core import Core


#: A Pro taker who hits a retail order pays 30% less (PROTOCOL 8.2).
FASTFILL_FACTOR = Decimal("0.7")
#: What fees cost that are paid in DIME (PROTOCOL 8.2), and the market that prices it.
DIME_FACTOR = Decimal("0.6")
DIME = "DIME"
DIME_MARKET = "DIME-USD"
#: Fees on positions that settle with their market (PROTOCOL 8.2).
SETTLEMENT_RATE = Decimal("0.00015")
OPTION_SETTLEMENT_RATE = Decimal("0.000075")


def account_rate(account: Account, market: Market, liquidity: Liquidity) -> Decimal:
    """Return the account's own rate in a kind of market."""
    rates = account.fees
    maker = liquidity is Liquidity.MAKER
    match market.spec.asset_kind:
        case AssetKind.PERP:
            return rates.maker_rate if maker else rates.taker_rate
        case AssetKind.SPOT:
            return rates.spot_maker_rate if maker else rates.spot_taker_rate
        case AssetKind.OPTION:
            return rates.dated_option_maker_rate if maker else rates.dated_option_taker_rate
        case _:
            return rates.perp_option_maker_rate if maker else rates.perp_option_taker_rate


def order_rate(order: LiveOrder, liquidity: Liquidity) -> Decimal:
    """Return the rate that an order pays: interactive, RPI or the account's own."""
    config = order.market.spec.fee_config
    if order.interactive:
        fees = config.interactive_fee
    elif order.instruction is Instruction.RPI:
        fees = config.rpi_fee
    else:
        return account_rate(order.account, order.market, liquidity)
    return (fees.maker_fee if liquidity is Liquidity.MAKER else fees.taker_fee).fee


def trade_fee(market: Market, rate: Decimal, price: Decimal, size: Decimal) -> Decimal:
    """
    Return the fee of a trade in USDC, negative for a rebate.

    An option's rate applies to the underlying and is capped by a fraction of the premium, up and
    down.
    """
    if not market.is_option:
        return amount(rate * price * size)
    fee = market.spec.fee_config.api_fee.taker_fee
    value = rate * market.underlying_or_zero * size
    premium = price * size
    if fee.fee_cap is not None:
        value = min(value, fee.fee_cap * premium)
    if fee.fee_floor is not None:
        value = max(value, fee.fee_floor * premium)
    return amount(value)


def dime_fee(core: "Core", account: Account, fee: Decimal) -> Decimal | None:
    """
    Return a fee in USDC as the discounted fee in DIME.

    None for a rebate, and where the account has too little DIME: it pays in USDC then.
    """
    market = core.markets.get(DIME_MARKET)
    balance = account.balances.get(DIME)
    if fee <= ZERO or market is None or not market.mark or balance is None:
        return None
    in_dime = amount(fee * DIME_FACTOR / market.mark)
    return in_dime if balance.size >= in_dime else None


def settlement_fee(market: Market, price: Decimal, size: Decimal) -> Decimal:
    """Return the fee on a position that settles with its market."""
    rate = OPTION_SETTLEMENT_RATE if market.is_option else SETTLEMENT_RATE
    return max(trade_fee(market, rate, price, size), ZERO)
