"""A market's dynamic state as the venue publishes it (PROTOCOL 9.4)."""

from decimal import Decimal

from nautilus_paradex.simulator.engine.arithmetic import GRAIN
from nautilus_paradex.simulator.engine.arithmetic import ONE
from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import is_multiple
from nautilus_paradex.simulator.engine.book import BookSide
from nautilus_paradex.simulator.engine.book import pair
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.greeks import RISK_FREE_RATE
from nautilus_paradex.simulator.engine.greeks import greeks
from nautilus_paradex.simulator.engine.greeks import implied_volatility
from nautilus_paradex.simulator.engine.greeks import terms_of
from nautilus_paradex.simulator.engine.listing import Market
from nautilus_paradex.simulator.engine.model import BookSnapshot
from nautilus_paradex.simulator.engine.model import Greeks
from nautilus_paradex.simulator.engine.model import Level
from nautilus_paradex.simulator.engine.model import MarketSummary
from nautilus_paradex.simulator.engine.model import PriceKind
from nautilus_paradex.simulator.engine.model import Refusal
from nautilus_paradex.simulator.engine.model import Side


def summary(core: Core, market: Market) -> MarketSummary:
    """Return prices, statistics and greeks."""
    bid, bid_size, ask, ask_size = market.book.best_api
    volume, start = market.klines[PriceKind.LAST].day(core.now_us)
    change = None
    if start and market.last is not None:
        change = (market.last / start - ONE).quantize(GRAIN)
    funded = bool(market.spec.funding_period_hours)
    mark_iv, bid_iv, ask_iv, last_iv, sensitivities = _option_values(core, market, bid, ask)
    return MarketSummary(
        market=market.symbol,
        mark_price=market.mark,
        underlying_price=market.underlying,
        external_fair_price=market.external_fair,
        last_traded_price=market.last,
        bid=bid,
        bid_size=bid_size,
        ask=ask,
        ask_size=ask_size,
        mark_iv=mark_iv,
        bid_iv=bid_iv,
        ask_iv=ask_iv,
        last_iv=last_iv,
        greeks=sensitivities,
        forward_rate=ZERO if market.is_option else None,
        risk_free_rate=Decimal(str(RISK_FREE_RATE)) if market.is_option else None,
        funding_rate=market.funding_rate if funded else None,
        future_funding_rate=market.funding_rate if funded else None,
        open_interest=market.open_interest,
        volume_24h=volume,
        total_volume=market.total_volume,
        price_change_rate_24h=change,
        created_us=core.now_us,
    )


def _option_values(
    core: Core, market: Market, bid: Decimal | None, ask: Decimal | None
) -> tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None, Greeks | None]:
    underlying = market.underlying
    if not market.is_option or not underlying:
        return None, None, None, None, None
    terms = terms_of(market.spec, underlying, core.now_us)
    mark_iv = implied_volatility(terms, market.mark)
    return (
        mark_iv,
        implied_volatility(terms, bid),
        implied_volatility(terms, ask),
        implied_volatility(terms, market.last),
        None if mark_iv is None else greeks(terms, mark_iv),
    )


def snapshot(
    market: Market, depth: int | None, *, interactive: bool, price_tick: Decimal | None = None
) -> BookSnapshot:
    """Return a view of the book, optionally aggregated to a coarser tick."""
    book = market.book
    tick = market.spec.price_tick_size
    if price_tick is not None and (price_tick <= ZERO or not is_multiple(price_tick, tick)):
        raise Refusal("INVALID_REQUEST_PARAMETER", f"price_tick: must be a multiple of {tick}")
    return BookSnapshot(
        market=market.symbol,
        seq_no=book.seq_no,
        bids=_levels(book.bids, depth, interactive, price_tick),
        asks=_levels(book.asks, depth, interactive, price_tick),
        best_bid_api=pair(book.best_api, 0),
        best_ask_api=pair(book.best_api, 2),
        best_bid_interactive=pair(book.best_interactive, 0),
        best_ask_interactive=pair(book.best_interactive, 2),
        updated_us=book.updated_us,
    )


def _levels(
    side: BookSide,
    depth: int | None,
    interactive: bool,
    price_tick: Decimal | None,
) -> tuple[Level, ...]:
    rows: list[Level] = []
    for exact in side.best_first():
        level = side.levels[exact]
        size = level.api_size + level.rpi_size if interactive else level.api_size
        if not size:
            continue
        price = exact if price_tick is None else _coarse(exact, price_tick, is_bid=side.is_bid)
        if rows and rows[-1][0] == price:
            rows[-1] = (price, rows[-1][1] + size)
            continue
        if depth is not None and len(rows) >= depth:
            break
        rows.append((price, size))
    return tuple(rows)


def _coarse(price: Decimal, tick: Decimal, *, is_bid: bool) -> Decimal:
    down = price // tick * tick
    return down if is_bid or down == price else down + tick


def impact_price(market: Market, side: Side, size: Decimal) -> Decimal | None:
    """Return the average price of taking a size from the API book, None where it is too thin."""
    if size <= ZERO:
        raise Refusal("INVALID_REQUEST_PARAMETER", "size: must be positive")
    opposite = market.book.side(buy=side is Side.SELL)
    left, cost = size, ZERO
    for price, available in _levels(opposite, None, False, None):
        taken = min(left, available)
        cost += taken * price
        left -= taken
        if not left:
            return (cost / size).quantize(GRAIN)
    return None
