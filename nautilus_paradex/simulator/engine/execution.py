"""What becomes of an order that reaches the engine: risk check, matching, resting or closing."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.arithmetic import FIVE_BPS
from nautilus_paradex.simulator.engine.arithmetic import ONE
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.enums import TPSL_TYPES
from nautilus_paradex.simulator.engine.fees import order_rate
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.margin import is_affordable
from nautilus_paradex.simulator.engine.matching import Bounds
from nautilus_paradex.simulator.engine.matching import match
from nautilus_paradex.simulator.engine.model import AccountStatus
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Liquidity
from nautilus_paradex.simulator.engine.model import SystemState
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.placing import announce
from nautilus_paradex.simulator.engine.placing import close
from nautilus_paradex.simulator.engine.placing import rest
from nautilus_paradex.simulator.engine.protecting import refusal_of
from nautilus_paradex.simulator.engine.reduce_only import cancel_siblings
from nautilus_paradex.simulator.engine.reduce_only import reduces


#: An option's price band is at least this fraction of the underlying (stands for the IV band).
OPTION_BAND = Decimal("0.01")
RELEASE_STATES = frozenset({SystemState.POST_ONLY, SystemState.CANCEL_ONLY})


def execute(core: Core, order: LiveOrder) -> None:
    """Check a new or triggered order's risk, match it, and let it rest or close it."""
    reason = refusal_of(core, order) or risk(core, order, order.remaining, order.price)
    if reason:
        close(core, order, reason)
        return
    trade(core, order)


def trade(core: Core, order: LiveOrder) -> None:
    """Match an order that passed the risk check, and let it rest or close it."""
    if order.instruction in (Instruction.POST_ONLY, Instruction.RPI):
        if would_cross(order, order.price):
            close(core, order, CancelReason.POST_ONLY_WOULD_CROSS)
            return
        rest(core, order)
        announce(core, order)
        return
    reason = match(core, order, _bounds(order))
    if not order.remaining:
        close(core, order, CancelReason.NONE)
        cancel_siblings(core, order)
    elif reason:
        close(core, order, reason)
    elif order.price is None:
        close(core, order, _unfilled_market_reason(order))
    elif order.instruction is Instruction.IOC:
        close(core, order, CancelReason.REMAINING_IOC_CANCEL)
    else:
        rest(core, order)
        announce(core, order)


def _unfilled_market_reason(order: LiveOrder) -> CancelReason:
    opposite = order.market.book.side(buy=not order.is_buy)
    if opposite.first(interactive=order.interactive) is not None:
        return CancelReason.EXCEEDS_MAX_SLIPPAGE
    return CancelReason.REMAINING_IOC_CANCEL if order.filled else CancelReason.EMPTY_MARKET


def _bounds(order: LiveOrder) -> Bounds:
    market = order.market
    if order.price is not None:
        return Bounds(order.price)
    low, high = price_band(market)
    worst = high if order.is_buy else low
    if order.vwap_price is not None:
        return Bounds(worst, order.vwap_price)
    # TP and SL are bounded by the band alone (PROTOCOL 5.1); options have no slippage cap here.
    if order.type in TPSL_TYPES or market.is_option:
        return Bounds(worst)
    slippage = order.account.max_slippages.get(market.symbol, market.spec.max_slippage)
    mark = market.mark_or_zero
    return Bounds(worst, mark * (ONE + slippage if order.is_buy else ONE - slippage))


def price_band(market: Market) -> tuple[Decimal, Decimal]:
    """Return the lowest selling and the highest buying price around the mark."""
    mark = market.mark_or_zero
    width = mark * market.spec.price_bands_width
    if market.is_option:
        width = max(width, market.underlying_or_zero * OPTION_BAND)
    return mark - width, mark + width


def is_beyond_release_rule(market: Market, *, is_buy: bool, price: Decimal | None) -> bool:
    """Return if a price breaks the 5 bps rule of release windows (PROTOCOL 8.3)."""
    fair = market.fair
    if price is None or fair is None:
        return False
    return price > fair * (ONE + FIVE_BPS) if is_buy else price < fair * (ONE - FIVE_BPS)


def would_cross(order: LiveOrder, price: Decimal | None) -> bool:
    """
    Return if a post-only order would take at the price.

    An RPI order may reach up to 5 bps into the API book (PROTOCOL 5.2).
    """
    if price is None:
        return False
    opposite = order.market.book.side(buy=not order.is_buy)
    best = opposite.best(interactive=order.interactive)
    if best is None:
        return False
    if order.instruction is Instruction.RPI:
        reach = ONE + FIVE_BPS if order.is_buy else ONE - FIVE_BPS
        return price > best[0] * reach if order.is_buy else price < best[0] * reach
    return price >= best[0] if order.is_buy else price <= best[0]


def risk(core: Core, order: LiveOrder, size: Decimal, price: Decimal | None) -> CancelReason:
    """Return why an order must not trade or rest with this size and price, or NONE."""
    market = order.market
    expiry = market.spec.expiry_at
    if expiry and expiry * 1000 <= core.now_us:
        return CancelReason.ASSET_EXPIRED
    if market.spec.open_at * 1000 > core.now_us:
        return CancelReason.MARKET_NOT_OPEN
    if order.account.status is AccountStatus.LIQUIDATION:
        return CancelReason.IN_LIQUIDATION
    if market.mark is None:
        return CancelReason.PRICE_NOT_AVAILABLE
    if price is not None:
        low, high = price_band(market)
        if price > high if order.is_buy else price < low:
            return CancelReason.EXCEEDS_MAX_SLIPPAGE
        if core.state in RELEASE_STATES and is_beyond_release_rule(
            market, is_buy=order.is_buy, price=price
        ):
            return CancelReason.EXCEEDS_MAX_SLIPPAGE
    return _holding_risk(core, order, size, price)


def _holding_risk(
    core: Core, order: LiveOrder, size: Decimal, price: Decimal | None
) -> CancelReason:
    market = order.market
    holding = order.account.holding(market)
    if order.reduce_only:
        if not reduces(holding, order) or size > abs(holding.size):
            return CancelReason.REDUCE_ONLY_WILL_INCREASE
        return CancelReason.NONE
    if market.is_spot:
        return _spot_risk(order, size, price)
    buy, sell = (size, ZERO) if order.is_buy else (ZERO, size)
    limit = market.spec.position_limit
    high = holding.size + holding.buy_size + buy
    low = holding.size - holding.sell_size - sell
    if high > limit if order.is_buy else -low > limit:
        return CancelReason.ORDER_EXCEEDS_POSITION_LIMIT
    affordable = is_affordable(
        core,
        holding,
        buy=buy,
        sell=sell,
        price=market.mark_or_zero if price is None else price,
        fee_rate=order_rate(order, Liquidity.TAKER),
    )
    return CancelReason.NONE if affordable else CancelReason.NOT_ENOUGH_MARGIN


def _spot_risk(order: LiveOrder, size: Decimal, price: Decimal | None) -> CancelReason:
    market, account = order.market, order.account
    holding = account.holding(market)
    if order.is_buy:
        # A market order may pay up to its band's edge.
        worst = price_band(market)[1] if price is None else price
        rate = ONE + max(order_rate(order, Liquidity.TAKER), ZERO)
        enough = account.cash - holding.buy_notional >= worst * size * rate
    else:
        owned = account.token(market.spec.base_currency).size
        enough = owned - holding.sell_size >= size
    return CancelReason.NONE if enough else CancelReason.NOT_ENOUGH_MARGIN
