"""
Margin of positions and orders, and the account summary (PROTOCOL 10.1).

Perpetuals: initial margin = ``imf * mark * worst size``, where the worst size is the larger of
what all open buys or all open sells would make of the position; maintenance margin =
``|size| * mark * imf_base * mmf_factor``.

Options (simplified: each option by itself, no portfolio): a long one needs
``min(premium_multiplier * mark, long_itm * underlying)`` per unit, a short one
``premium_multiplier * mark + max(short_itm * underlying - out-of-the-money amount, short_otm *
underlying)``, for puts at most ``short_put_cap * strike``. Premiums are not paid up front: an
option's value is its unrealised PnL, which gives the same account value.

Spot: open buys reserve their notional.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from nautilus_paradex.simulator.engine.accounts import SETTLEMENT_ASSET
from nautilus_paradex.simulator.engine.accounts import Account
from nautilus_paradex.simulator.engine.accounts import Holding
from nautilus_paradex.simulator.engine.arithmetic import ONE
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import AccountSummary
from nautilus_paradex.simulator.engine.model import AssetKind
from nautilus_paradex.simulator.engine.model import OptionMargin


if TYPE_CHECKING:
    from nautilus_paradex.simulator.engine.core import Core


def initial_margin(holding: Holding, buy: Decimal = ZERO, sell: Decimal = ZERO) -> Decimal:
    """Return a holding's initial margin, as if so much more were bid and offered."""
    market = holding.market
    if market.is_spot:
        return holding.buy_notional
    high = holding.size + holding.buy_size + buy
    low = holding.size - holding.sell_size - sell
    if market.is_option:
        params = market.spec.option_cross_margin_params
        if params is None:
            return ZERO
        return max(_option(market, params.imf, high), _option(market, params.imf, low))
    worst = max(abs(high), abs(low))
    return worst * market.mark_or_zero * holding.account.imf(market)


def maintenance_margin(holding: Holding) -> Decimal:
    """Return a position's maintenance margin."""
    market = holding.market
    if not holding.size or market.is_spot:
        return ZERO
    if market.is_option:
        params = market.spec.option_cross_margin_params
        return ZERO if params is None else _option(market, params.mmf, holding.size)
    return abs(holding.size) * market.mark_or_zero * market.imf_base * market.mmf_factor


def _option(market: Market, params: OptionMargin, size: Decimal) -> Decimal:
    mark = market.mark_or_zero
    underlying = market.underlying_or_zero
    if size >= ZERO:
        return size * min(params.premium_multiplier * mark, params.long_itm * underlying)
    strike = market.spec.strike_price
    is_call = market.spec.option_type == "CALL"
    outside = max(strike - underlying if is_call else underlying - strike, ZERO)
    unit = max(params.short_itm * underlying - outside, params.short_otm * underlying)
    if not is_call:
        unit = min(unit, params.short_put_cap * strike)
    return -size * (params.premium_multiplier * mark + unit)


class Totals:
    """An account's sums over all markets."""

    __slots__ = ("cash", "initial", "maintenance", "tokens", "unrealized")

    def __init__(self, core: "Core", account: Account) -> None:
        self.cash = account.cash
        self.initial = self.maintenance = self.unrealized = self.tokens = ZERO
        for holding in account.holdings.values():
            if holding.size:
                self.unrealized += holding.unrealized_pnl
                self.maintenance += maintenance_margin(holding)
            elif not holding.buy_size and not holding.sell_size:
                continue
            self.initial += initial_margin(holding)
        if len(account.balances) > 1:
            self.tokens = _token_value(core, account)

    @property
    def collateral(self) -> Decimal:
        """What counts for margin: USDC and unrealised PnL, no other token."""
        return self.cash + self.unrealized

    @property
    def value(self) -> Decimal:
        """The account's value."""
        return self.cash + self.unrealized + self.tokens


def _token_value(core: "Core", account: Account) -> Decimal:
    value = ZERO
    for token, balance in account.balances.items():
        if token == SETTLEMENT_ASSET or not balance.size:
            continue
        market = core.markets.get(f"{token}-USD")
        if market is not None and market.spec.asset_kind is AssetKind.SPOT:
            value += balance.size * market.mark_or_zero
    return value


def summarize(core: "Core", account: Account, seq_no: int) -> AccountSummary:
    """Return the account summary as of now."""
    totals = Totals(core, account)
    initial = amount(totals.initial)
    maintenance = amount(totals.maintenance)
    value = amount(totals.value)
    return AccountSummary(
        account=account.address,
        account_value=value,
        total_collateral=totals.cash,
        free_collateral=amount(totals.collateral) - initial,
        initial_margin_requirement=initial,
        maintenance_margin_requirement=maintenance,
        margin_cushion=value - maintenance,
        unrealized_pnl=totals.unrealized,
        settlement_asset=SETTLEMENT_ASSET,
        status=account.status,
        updated_us=core.now_us,
        seq_no=seq_no,
    )


def is_affordable(
    core: "Core",
    holding: Holding,
    *,
    buy: Decimal,
    sell: Decimal,
    price: Decimal,
    fee_rate: Decimal,
) -> bool:
    """
    Return if the account can carry so much more bid or offered in a perpetual or option.

    Orders that do not raise the market's initial margin pass. Others need free collateral for
    the rise, for the fee, and for what a price beyond the mark loses at once.
    """
    rise = initial_margin(holding, buy, sell) - initial_margin(holding)
    if rise <= ZERO:
        return True
    market = holding.market
    size = buy + sell
    mark = market.mark_or_zero
    loss = max(price - mark if buy else mark - price, ZERO) * size
    fee_base = market.underlying_or_zero if market.is_option else price
    fee = max(fee_base * size * fee_rate, ZERO)
    totals = Totals(core, holding.account)
    return totals.collateral - totals.initial >= rise + loss + fee


def liquidation_price(core: "Core", holding: Holding) -> Decimal | None:
    """Return the mark price at which a perpetual alone would bring liquidation; None if none."""
    market = holding.market
    if not holding.size or market.is_option or market.is_spot:
        return None
    totals = Totals(core, holding.account)
    mark = market.mark_or_zero
    rate = market.imf_base * market.mmf_factor
    others = totals.maintenance - maintenance_margin(holding)
    slope = holding.size - abs(holding.size) * rate
    if not slope:
        return None
    price = (holding.size * mark - totals.value + others) / slope
    return amount(price) if price > ZERO else None


def leverage(account: Account, market: Market) -> Decimal:
    """Return the leverage that an account chose in a market, or the most that it allows."""
    chosen = account.leverages.get(market.symbol)
    if chosen is not None:
        return Decimal(chosen)
    return (ONE / market.imf_base).quantize(ONE) if market.imf_base else ONE
