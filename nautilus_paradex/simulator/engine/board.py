"""Listings: adding, changing, settling and deleting markets; prices (PROTOCOL 9.3)."""

from decimal import Decimal

import msgspec

from nautilus_paradex.simulator.engine.arithmetic import GRAIN
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import amount
from nautilus_paradex.simulator.engine.arithmetic import is_multiple
from nautilus_paradex.simulator.engine.bookkeeping import Leg
from nautilus_paradex.simulator.engine.bookkeeping import book_leg
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.execution import RELEASE_STATES
from nautilus_paradex.simulator.engine.execution import is_beyond_release_rule
from nautilus_paradex.simulator.engine.fees import settlement_fee
from nautilus_paradex.simulator.engine.liquidation import check_holders
from nautilus_paradex.simulator.engine.listing import TWAP_STEP_US
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import Liquidity
from nautilus_paradex.simulator.engine.model import MarketChanged
from nautilus_paradex.simulator.engine.model import MarketEvent
from nautilus_paradex.simulator.engine.model import MarketEventType
from nautilus_paradex.simulator.engine.model import MarketSpec
from nautilus_paradex.simulator.engine.model import PriceKind
from nautilus_paradex.simulator.engine.model import PricesChanged
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import SettlementPrice
from nautilus_paradex.simulator.engine.model import Side
from nautilus_paradex.simulator.engine.placing import close
from nautilus_paradex.simulator.engine.triggers import fire


def check_spec(spec: MarketSpec) -> None:
    """Raise `Refusal` for a listing that could not be traded exactly."""
    for field in ("price_tick_size", "order_size_increment", "max_order_size", "position_limit"):
        if getattr(spec, field) <= ZERO:
            raise Refusal("VALIDATION_ERROR", f"{field}: must be positive")
    if not is_multiple(spec.price_tick_size * spec.order_size_increment, GRAIN):
        raise Refusal("VALIDATION_ERROR", "tick times lot must be a multiple of 1e-8 USD")


def list_market(core: Core, spec: MarketSpec, *, announce: bool = True) -> None:
    """List a market."""
    if spec.symbol in core.markets or spec.symbol in core.settled:
        raise Refusal("NOT_UNIQUE", f"market {spec.symbol} exists")
    check_spec(spec)
    core.markets[spec.symbol] = Market(spec, core.history_limit)
    core.kinds[spec.symbol] = spec.asset_kind
    if announce:
        announce_market(core, spec.symbol, MarketEventType.CREATED, msgspec.structs.asdict(spec))


def change_market(core: Core, market: Market, changes: dict[str, object]) -> MarketSpec:
    """Change a listing; orders that rest keep their prices and sizes."""
    if not changes or "symbol" in changes:
        raise Refusal("VALIDATION_ERROR", "changes of a listing are needed, not of its symbol")
    try:
        spec = msgspec.structs.replace(market.spec, **changes)
    except TypeError as error:
        raise Refusal("VALIDATION_ERROR", str(error)) from None
    check_spec(spec)
    market.relist(spec)
    announce_market(core, market.symbol, MarketEventType.UPDATED, changes)
    return spec


def announce_market(
    core: Core, symbol: str, event_type: MarketEventType, fields: dict[str, object]
) -> None:
    """Record and announce an event of a listing."""
    event = MarketEvent(
        market=symbol, event_type=event_type, changed_fields=fields, updated_us=core.now_us
    )
    core.market_events.append(event)
    if core.listeners:
        core.emit(MarketChanged(event))


def set_prices(
    core: Core,
    market: Market,
    mark: Decimal | None,
    underlying: Decimal | None,
    external_fair: Decimal | None,
) -> None:
    """Set prices, then fire triggers, the release rule and liquidations."""
    for price in (mark, underlying, external_fair):
        if price is not None and (not price.is_finite() or price < ZERO):
            raise Refusal("INVALID_REQUEST_PARAMETER", "a price must not be negative")
    market.mark = market.mark if mark is None else mark
    market.underlying = market.underlying if underlying is None else underlying
    market.external_fair = market.external_fair if external_fair is None else external_fair
    if market.mark is not None:
        market.klines[PriceKind.MARK].add(core.now_us, market.mark)
    if market.underlying is not None:
        market.klines[PriceKind.UNDERLYING].add(core.now_us, market.underlying)
        if core.now_us - market.twap_sampled_us >= TWAP_STEP_US:
            market.twap_sampled_us = core.now_us
            market.twap.append(market.underlying)
    if core.listeners:
        core.emit(
            PricesChanged(
                market=market.symbol,
                mark_price=market.mark_or_zero,
                underlying_price=market.underlying_or_zero,
                external_fair_price=market.external_fair,
                created_us=core.now_us,
            )
        )
    react(core, market)


def react(core: Core, market: Market) -> None:
    """Do what a market's prices call for."""
    if market.untriggered:
        fire(core, market)
    if core.state in RELEASE_STATES:
        protect(core, market)
    if market.holders:
        check_holders(core, market)


def protect(core: Core, market: Market) -> None:
    """Cancel resting orders that break the 5 bps rule of release windows (PROTOCOL 8.3)."""
    for order in list(market.resting.values()):
        if is_beyond_release_rule(market, is_buy=order.is_buy, price=order.price):
            close(core, order, CancelReason.EXCEEDS_MAX_SLIPPAGE)


def settle(core: Core, market: Market, price: Decimal | None) -> SettlementPrice:
    """End a market: announce it, close its orders and positions, delist it."""
    if market.is_spot:
        raise Refusal("INVALID_REQUEST_PARAMETER", "a spot market does not settle")
    samples = market.twap
    twap = amount(sum(samples, ZERO) / len(samples)) if samples else market.underlying_or_zero
    if price is None:
        price = amount(market.payoff(twap)) if market.is_option else market.mark_or_zero
    row = SettlementPrice(
        market=market.symbol,
        expiry_at=market.spec.expiry_at,
        settlement_price=price,
        underlying_twap_price=twap,
    )
    core.settled[market.symbol] = row
    announce_market(
        core,
        market.symbol,
        MarketEventType.SETTLED,
        {"settlement_price": price, "underlying_twap_price": twap},
    )
    _close_orders(core, market)
    for holding in list(market.holders.values()):
        size = abs(holding.size)
        book_leg(
            core,
            Leg(
                account=holding.account,
                market=market,
                side=Side.SELL if holding.size > ZERO else Side.BUY,
                price=price,
                size=size,
                fee=settlement_fee(market, price, size),
                liquidity=Liquidity.TAKER,
                fill_type=FillType.SETTLE_MARKET,
            ),
        )
    _delist(core, market)
    return row


def delete(core: Core, market: Market) -> None:
    """Delist a market in which nobody has a position."""
    if market.holders:
        raise Refusal("INVALID_REQUEST_PARAMETER", f"market {market.symbol} has open positions")
    _close_orders(core, market)
    _delist(core, market)
    announce_market(core, market.symbol, MarketEventType.DELETED, {})


def _close_orders(core: Core, market: Market) -> None:
    for account in core.accounts.values():
        for order in list(account.live.values()):
            if order.market is market:
                close(core, order, CancelReason.ASSET_EXPIRED)


def _delist(core: Core, market: Market) -> None:
    del core.markets[market.symbol]
    for account in core.accounts.values():
        account.holdings.pop(market.symbol, None)


def expire(core: Core) -> None:
    """Settle dated options whose time has come."""
    for market in list(core.markets.values()):
        expiry = market.spec.expiry_at
        if expiry and expiry * 1000 <= core.now_us:
            settle(core, market, None)
