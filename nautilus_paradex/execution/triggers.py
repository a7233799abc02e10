"""
Which way a trigger waits, and that it does not fire at once (rule E1, PROTOCOL 5.1).

Paradex triggers by the mark price only and takes no direction. A position-linked kind has one by
its type; a plain stop waits from where the mark price is when it arrives. So a stop whose trigger
the mark price has passed already would wait for the price to come back: it is denied. The flags
that the venue shows afterwards say which way it waits; one that waits the wrong way is canceled.
"""

from collections.abc import Callable
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any
from typing import Final
from typing import Protocol

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.enums import OrderType
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.orders import Order

from nautilus_paradex.network.timing import Timing
from nautilus_paradex.parsing.numbers import decimal_of
from nautilus_paradex.protocol import enums as wire
from nautilus_paradex.protocol.enums import OrderFlag
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.protocol.events import OrderUpdate
from nautilus_paradex.protocol.numbers import from_mantissa
from nautilus_paradex.protocol.orders import OrderTracker


#: A mark price of the data client that is older is asked for again, milliseconds.
_FRESH_MS: Final = 2_000

_TOUCHED: Final = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
_PLAIN_STOPS: Final = frozenset({wire.OrderType.STOP_MARKET, wire.OrderType.STOP_LIMIT})

_ABOVE: Final = OrderFlag.STOP_CONDITION_ABOVE_TRIGGER.value
_BELOW: Final = OrderFlag.STOP_CONDITION_BELOW_TRIGGER.value


class SummaryReader(Protocol):
    """The REST call that tells a mark price."""

    async def markets_summary(self, market: str) -> list[MarketSummary]:
        """Return a market's summary."""


class OrderSource(Protocol):
    """Where the framework's orders are found."""

    def cached_order(self, client_id: str, order_id: str) -> Order | None:
        """Return an order of the framework by either of its ids."""


class Canceler(Protocol):
    """Who cancels."""

    async def cancel(self, tracker: OrderTracker) -> None:
        """Cancel an order."""


class Triggers:
    """
    Checks conditional orders against the mark price.

    Parameters
    ----------
    cache : Cache
        The framework's cache, which holds the data client's mark prices.
    rest : SummaryReader
        For a mark price that nobody subscribes to.
    timing : Timing
        Clock.
    log : Logger
        The room's log.

    """

    def __init__(self, cache: Cache, rest: SummaryReader, timing: Timing, log: Logger) -> None:
        self._cache = cache
        self._rest = rest
        self._timing = timing
        self._log = log

    async def denial(
        self,
        order: Order,
        order_type: wire.OrderType,
        trigger_price: Decimal | None,
        *,
        at_once: bool,
    ) -> str | None:
        """
        Return why a trigger must not be sent; None if it may.

        Parameters
        ----------
        order : Order
            The order.
        order_type : OrderType
            As the venue gets it.
        trigger_price : Decimal, optional
            The trigger that it shall have; None for an order without.
        at_once : bool
            If the trader knows that it may fire at once.

        """
        if not order_type.is_conditional or trigger_price is None:
            return None
        is_plain = order_type in _PLAIN_STOPS
        if at_once and not is_plain:
            return None
        mark = await self._mark_price(order.instrument_id)
        if mark is None:
            if not is_plain:
                return None
            return (
                f"the mark price of {order.instrument_id} cannot be read, which decides which way "
                "a plain stop waits; try again, or use reduce_only"
            )
        if (mark < trigger_price) if waits_above(order) else (mark > trigger_price):
            return None
        side = "above" if waits_above(order) else "below"
        advice = (
            "a MARKET order does what it would do"
            if is_plain
            else "params['trigger_at_once'] = True sends it all the same"
        )
        return f"the trigger {trigger_price} must be {side} the mark price {mark}; {advice}"

    async def _mark_price(self, instrument_id: InstrumentId) -> Decimal | None:
        update = self._cache.mark_price(instrument_id)
        if update is not None:
            age_ms = self._timing.time_ms() - update.ts_init // 1_000_000
            if age_ms <= _FRESH_MS:
                return decimal_of(update.value)
        market = instrument_id.symbol.value
        try:
            for summary in await self._rest.markets_summary(market):
                if summary.market == market and summary.mark_price_e8:
                    return from_mantissa(summary.mark_price_e8)
        except ParadexError as e:
            self._log.warning(f"Cannot read the mark price of {market}: {e}")
        return None


def waits_above(order: Order) -> bool:
    """If an order waits for the mark price to rise to its trigger."""
    return (order.side == OrderSide.BUY) is not (order.order_type in _TOUCHED)


def waits_wrongly(order: Order, flags: frozenset[str]) -> bool:
    """If the venue shows that an order waits for the mark price to move the other way."""
    return (_BELOW if waits_above(order) else _ABOVE) in flags


class TriggerGuard:
    """
    Cancels conditional orders that the venue armed the wrong way.

    Parameters
    ----------
    orders : OrderSource
        Finds the framework's orders.
    cancels : Canceler
        Cancels.
    spawn : Callable
        Runs a coroutine as a task of the room.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        orders: OrderSource,
        cancels: Canceler,
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        log: Logger,
    ) -> None:
        self._orders = orders
        self._cancels = cancels
        self._spawn = spawn
        self._log = log

    def on_update(self, tracker: OrderTracker, update: OrderUpdate) -> None:
        """Look at which way an order waits, as the venue shows it."""
        if update.status is not OrderStatus.UNTRIGGERED or tracker.cancel_pending:
            return
        if tracker.signed_ms is None:
            return  # of an earlier run, or of elsewhere: what it was meant to do is not known here
        order = None
        if not tracker.external:
            order = self._orders.cached_order(tracker.client_id, update.order_id)
        if order is None or not order.has_trigger_price or not waits_wrongly(order, update.flags):
            return
        self._log.error(
            f"{order.client_order_id} waits for the mark price to move the other way "
            f"({', '.join(sorted(update.flags))}): the mark price passed its trigger on the way to "
            "the venue; it is canceled"
        )
        self._spawn(self._cancels.cancel(tracker), f"cancel {tracker.client_id}")
