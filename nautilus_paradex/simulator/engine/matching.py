"""Price-time matching of one incoming order (PROTOCOL 5.1-5.4, 8.2)."""

from decimal import Decimal
from typing import NamedTuple

from nautilus_paradex.simulator.engine.arithmetic import ZERO
from nautilus_paradex.simulator.engine.arithmetic import floor_to
from nautilus_paradex.simulator.engine.bookkeeping import Leg
from nautilus_paradex.simulator.engine.bookkeeping import book_leg
from nautilus_paradex.simulator.engine.bookkeeping import print_trade
from nautilus_paradex.simulator.engine.core import Core
from nautilus_paradex.simulator.engine.fees import FASTFILL_FACTOR
from nautilus_paradex.simulator.engine.fees import order_rate
from nautilus_paradex.simulator.engine.fees import trade_fee
from nautilus_paradex.simulator.engine.model import CancelReason
from nautilus_paradex.simulator.engine.model import FillFlag
from nautilus_paradex.simulator.engine.model import FillType
from nautilus_paradex.simulator.engine.model import Instruction
from nautilus_paradex.simulator.engine.model import Liquidity
from nautilus_paradex.simulator.engine.model import Stp
from nautilus_paradex.simulator.engine.orders import LiveOrder
from nautilus_paradex.simulator.engine.placing import announce
from nautilus_paradex.simulator.engine.placing import close
from nautilus_paradex.simulator.engine.placing import expose
from nautilus_paradex.simulator.engine.protecting import count_fill
from nautilus_paradex.simulator.engine.reduce_only import cancel_siblings


class Bounds(NamedTuple):
    """How far an order may go into the book; None = unbounded."""

    worst_price: Decimal | None
    worst_average: Decimal | None = None


def match(core: Core, taker: LiveOrder, bounds: Bounds) -> CancelReason:
    """
    Trade an order against the book until it is filled or must stop.

    Returns
    -------
    CancelReason
        NONE when filled or when the book has nothing (more) within the limit price; SELF_TRADE,
        EXCEEDS_MAX_SLIPPAGE or MMP_TRIGGERED when something else stopped it. The taker is not
        announced.

    """
    opposite = taker.market.book.side(buy=not taker.is_buy)
    while taker.remaining > ZERO:
        maker = opposite.first(interactive=taker.interactive)
        if maker is None or maker.price is None or _is_beyond(taker, maker.price, bounds):
            return CancelReason.NONE
        if maker.account is taker.account:
            if taker.stp is not Stp.EXPIRE_TAKER:
                close(core, maker, CancelReason.SELF_TRADE)
            if taker.stp is not Stp.EXPIRE_MAKER:
                return CancelReason.SELF_TRADE
            continue
        size = min(taker.remaining, maker.remaining)
        if bounds.worst_average is not None:
            size = _within_average(taker, maker.price, size, bounds.worst_average)
            if size <= ZERO:
                return CancelReason.EXCEEDS_MAX_SLIPPAGE
        _trade(core, taker, maker, maker.price, size)
        count_fill(core, maker, size, taker)
        if count_fill(core, taker, size, taker):
            return CancelReason.MMP_TRIGGERED
    return CancelReason.NONE


def _is_beyond(taker: LiveOrder, price: Decimal, bounds: Bounds) -> bool:
    worst = bounds.worst_price
    if worst is None:
        return False
    return price > worst if taker.is_buy else price < worst


def _within_average(taker: LiveOrder, price: Decimal, size: Decimal, worst: Decimal) -> Decimal:
    """Return how much of the size keeps the order's average price within the worst one."""
    if price <= worst if taker.is_buy else price >= worst:
        return size
    slack = taker.filled * worst - taker.filled_notional
    room = slack / (price - worst)
    return min(size, floor_to(room, taker.market.spec.order_size_increment))


def _trade(core: Core, taker: LiveOrder, maker: LiveOrder, price: Decimal, size: Decimal) -> None:
    market = taker.market
    seq_no = market.book.trade_seq()
    rpi = maker.instruction is Instruction.RPI
    fill_type = FillType.RPI if rpi else FillType.FILL
    taker.remaining -= size
    taker.filled_notional += size * price
    _fill_maker(maker, price, size)
    core.touch_market(market)
    trade_id = print_trade(
        core, market, taker.side, price, size, trade_type=fill_type, seq_no=seq_no
    )
    maker_rate = order_rate(maker, Liquidity.MAKER)
    taker_rate = order_rate(taker, Liquidity.TAKER)
    fastfill = maker.interactive and not taker.interactive
    if fastfill:
        taker_rate *= FASTFILL_FACTOR
    for order, rate, liquidity in (
        (maker, maker_rate, Liquidity.MAKER),
        (taker, taker_rate, Liquidity.TAKER),
    ):
        flags: tuple[FillFlag, ...] = (FillFlag.INTERACTIVE,) if order.interactive else ()
        if rpi:
            flags += (FillFlag.RPI,)
        if fastfill and order is taker:
            flags += (FillFlag.FASTFILL,)
        book_leg(
            core,
            Leg(
                account=order.account,
                market=market,
                side=order.side,
                price=price,
                size=size,
                fee=trade_fee(market, rate, price, size),
                liquidity=liquidity,
                fill_type=fill_type,
                trade_id=trade_id,
                seq_no=seq_no,
                flags=flags,
                order=order,
            ),
        )
        if order is maker:
            _settle_maker(core, maker)


def _fill_maker(maker: LiveOrder, price: Decimal, size: Decimal) -> None:
    expose(maker, -size)
    maker.filled_notional += size * price
    maker.market.book.reduce(maker, size)


def _settle_maker(core: Core, maker: LiveOrder) -> None:
    if not maker.is_live:
        # The position that it reduced is gone, and it with it.
        return
    maker.updated_us = core.now_us
    if maker.remaining:
        announce(core, maker)
    else:
        close(core, maker, CancelReason.NONE)
        cancel_siblings(core, maker)
