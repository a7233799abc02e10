"""
Which instruments are subscribed to, without sorting them at every question.

Before each subscription of prices, funding, greeks or status the data engine asks the client for
the sorted list of all of them and looks through it (1.231). With 2,000 options the sorting takes
seconds in which the event loop stands still. Here the lists are kept sorted.

The framework notes a subscription before it is carried out, and passes no second one on. One that
is refused is taken back here, so that the right one after it is heard.
"""

from bisect import bisect_left
from bisect import insort
from typing import Any
from typing import Final

from nautilus_trader.data.messages import SubscribeBars
from nautilus_trader.data.messages import SubscribeData
from nautilus_trader.data.messages import SubscribeFundingRates
from nautilus_trader.data.messages import SubscribeIndexPrices
from nautilus_trader.data.messages import SubscribeInstrument
from nautilus_trader.data.messages import SubscribeInstrumentClose
from nautilus_trader.data.messages import SubscribeInstrumentStatus
from nautilus_trader.data.messages import SubscribeMarkPrices
from nautilus_trader.data.messages import SubscribeOptionGreeks
from nautilus_trader.data.messages import SubscribeOrderBook
from nautilus_trader.data.messages import SubscribeQuoteTicks
from nautilus_trader.data.messages import SubscribeTradeTicks
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.model.data import OrderBookDepth10
from nautilus_trader.model.identifiers import InstrumentId


#: Where the framework notes subscriptions of one instrument, by command.
_NOTED: Final[dict[type, str]] = {
    SubscribeInstrument: "instrument",
    SubscribeQuoteTicks: "quote_ticks",
    SubscribeTradeTicks: "trade_ticks",
    SubscribeMarkPrices: "mark_prices",
    SubscribeIndexPrices: "index_prices",
    SubscribeFundingRates: "funding_rates",
    SubscribeOptionGreeks: "option_greeks",
    SubscribeInstrumentStatus: "instrument_status",
    SubscribeInstrumentClose: "instrument_close",
}


def _add(ids: list[InstrumentId], instrument_id: InstrumentId) -> None:
    if not _is_in(ids, instrument_id):
        insort(ids, instrument_id)


def _discard(ids: list[InstrumentId], instrument_id: InstrumentId) -> None:
    if _is_in(ids, instrument_id):
        del ids[bisect_left(ids, instrument_id)]


def _is_in(ids: list[InstrumentId], instrument_id: InstrumentId) -> bool:
    place = bisect_left(ids, instrument_id)
    return place < len(ids) and ids[place] == instrument_id


class QuickMembershipClient(LiveMarketDataClient):
    """A data client that does not sort its subscriptions to tell them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mark_price_ids: list[InstrumentId] = []
        self._index_price_ids: list[InstrumentId] = []
        self._funding_rate_ids: list[InstrumentId] = []
        self._greek_ids: list[InstrumentId] = []
        self._status_ids: list[InstrumentId] = []

    def _take_back(self, command: Any) -> None:
        """Let the framework subscribe anew to what was refused; other commands change nothing."""
        kind = type(command)
        if kind in _NOTED:
            getattr(self, f"_remove_subscription_{_NOTED[kind]}")(command.instrument_id)
        elif kind is SubscribeOrderBook:
            is_depth = command.data_type.type is OrderBookDepth10
            name = "order_book_depth" if is_depth else "order_book_deltas"
            getattr(self, f"_remove_subscription_{name}")(command.instrument_id)
        elif kind is SubscribeBars:
            self._remove_subscription_bars(command.bar_type)
        elif kind is SubscribeData:
            self._remove_subscription(command.data_type)

    def subscribed_mark_prices(self) -> list[InstrumentId]:
        """Return the instruments whose mark prices are subscribed to; not to be changed."""
        return self._mark_price_ids

    def subscribed_index_prices(self) -> list[InstrumentId]:
        """Return the instruments whose index prices are subscribed to; not to be changed."""
        return self._index_price_ids

    def subscribed_funding_rates(self) -> list[InstrumentId]:
        """Return the instruments whose funding is subscribed to; not to be changed."""
        return self._funding_rate_ids

    def subscribed_option_greeks(self) -> list[InstrumentId]:
        """Return the options whose greeks are subscribed to; not to be changed."""
        return self._greek_ids

    def subscribed_instrument_status(self) -> list[InstrumentId]:
        """Return the instruments whose status is subscribed to; not to be changed."""
        return self._status_ids

    def _add_subscription_mark_prices(self, instrument_id: InstrumentId) -> None:
        _add(self._mark_price_ids, instrument_id)

    def _add_subscription_index_prices(self, instrument_id: InstrumentId) -> None:
        _add(self._index_price_ids, instrument_id)

    def _add_subscription_funding_rates(self, instrument_id: InstrumentId) -> None:
        _add(self._funding_rate_ids, instrument_id)

    def _add_subscription_option_greeks(self, instrument_id: InstrumentId) -> None:
        _add(self._greek_ids, instrument_id)

    def _add_subscription_instrument_status(self, instrument_id: InstrumentId) -> None:
        _add(self._status_ids, instrument_id)

    def _remove_subscription_mark_prices(self, instrument_id: InstrumentId) -> None:
        _discard(self._mark_price_ids, instrument_id)

    def _remove_subscription_index_prices(self, instrument_id: InstrumentId) -> None:
        _discard(self._index_price_ids, instrument_id)

    def _remove_subscription_funding_rates(self, instrument_id: InstrumentId) -> None:
        _discard(self._funding_rate_ids, instrument_id)

    def _remove_subscription_option_greeks(self, instrument_id: InstrumentId) -> None:
        _discard(self._greek_ids, instrument_id)

    def _remove_subscription_instrument_status(self, instrument_id: InstrumentId) -> None:
        _discard(self._status_ids, instrument_id)
