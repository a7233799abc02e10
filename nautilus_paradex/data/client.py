"""The live market data client: the framework's hooks, and who carries them out."""

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.data.messages import RequestBars
from nautilus_trader.data.messages import RequestData
from nautilus_trader.data.messages import RequestForwardPrices
from nautilus_trader.data.messages import RequestFundingRates
from nautilus_trader.data.messages import RequestInstrument
from nautilus_trader.data.messages import RequestInstruments
from nautilus_trader.data.messages import RequestOrderBookDeltas
from nautilus_trader.data.messages import RequestOrderBookDepth
from nautilus_trader.data.messages import RequestOrderBookSnapshot
from nautilus_trader.data.messages import RequestQuoteTicks
from nautilus_trader.data.messages import RequestTradeTicks
from nautilus_trader.data.messages import SubscribeBars
from nautilus_trader.data.messages import SubscribeData
from nautilus_trader.data.messages import SubscribeFundingRates
from nautilus_trader.data.messages import SubscribeIndexPrices
from nautilus_trader.data.messages import SubscribeInstrument
from nautilus_trader.data.messages import SubscribeInstrumentClose
from nautilus_trader.data.messages import SubscribeInstruments
from nautilus_trader.data.messages import SubscribeInstrumentStatus
from nautilus_trader.data.messages import SubscribeMarkPrices
from nautilus_trader.data.messages import SubscribeOptionGreeks
from nautilus_trader.data.messages import SubscribeOrderBook
from nautilus_trader.data.messages import SubscribeQuoteTicks
from nautilus_trader.data.messages import SubscribeTradeTicks
from nautilus_trader.data.messages import UnsubscribeBars
from nautilus_trader.data.messages import UnsubscribeData
from nautilus_trader.data.messages import UnsubscribeFundingRates
from nautilus_trader.data.messages import UnsubscribeIndexPrices
from nautilus_trader.data.messages import UnsubscribeInstrument
from nautilus_trader.data.messages import UnsubscribeInstrumentClose
from nautilus_trader.data.messages import UnsubscribeInstruments
from nautilus_trader.data.messages import UnsubscribeInstrumentStatus
from nautilus_trader.data.messages import UnsubscribeMarkPrices
from nautilus_trader.data.messages import UnsubscribeOptionGreeks
from nautilus_trader.data.messages import UnsubscribeOrderBook
from nautilus_trader.data.messages import UnsubscribeQuoteTicks
from nautilus_trader.data.messages import UnsubscribeTradeTicks
from nautilus_trader.model.data import DataType
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.data.market_data import MarketData
from nautilus_paradex.data.membership import QuickMembershipClient
from nautilus_paradex.data.summaries import SummaryKind
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.providers import ParadexInstrumentProvider


#: As in the execution client: below the node's own deadline.
CONNECT_DEADLINE_SECS: Final = 50.0

#: Instruments that are given to the framework before other tasks get their turn.
_CHUNK: Final = 100


class ParadexDataClient(QuickMembershipClient):
    """
    Provides market data of Paradex.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The event loop of the client.
    link : Link
        The way to the venue.
    stream_settings : StreamSettings
        How its streams behave.
    msgbus : MessageBus
        The message bus for the client.
    cache : Cache
        The cache for the client.
    clock : LiveClock
        The clock for the client.
    instrument_provider : ParadexInstrumentProvider
        The instrument provider.
    config : ParadexDataClientConfig
        The configuration for the client.
    name : str
        The client's name, which becomes its id.

    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        link: Link,
        stream_settings: StreamSettings,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
        instrument_provider: ParadexInstrumentProvider,
        config: ParadexDataClientConfig,
        name: str,
    ) -> None:
        super().__init__(
            loop=loop,
            client_id=ClientId(name),
            venue=PARADEX_VENUE,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=instrument_provider,
            config=config,
        )
        self._link = link
        self._provider = instrument_provider
        self._uses_link = False
        self._background = BackgroundTasks(self._log)
        self._data = MarketData(
            link=link,
            stream_settings=stream_settings,
            provider=instrument_provider,
            config=config,
            emit=self._handle_data,
            clock=clock,
            spawn=self._background.spawn,
            log=self._log,
        )

    @property
    def instrument_provider(self) -> ParadexInstrumentProvider:
        """The instrument provider of the client."""
        return self._provider

    def status(self) -> dict[str, Any]:
        """
        Return the health of the first market data stream (rule S8).

        The same as `ParadexStreamHealth` tells: connected, healthy, url, schema version,
        subscriptions, handlers, reconnects, ages, gaps, epoch and more.
        """
        return self.statuses()[0]

    def statuses(self) -> list[dict[str, Any]]:
        """Return the health of every market data stream (rule S8)."""
        return [health.to_status() for health in self._data.health()]

    def stream_status(self) -> StreamStatus:
        """Return what the first stream itself knows of its health."""
        return self.stream_statuses()[0]

    def stream_statuses(self) -> list[StreamStatus]:
        """Return what each stream itself knows of its health."""
        return self._data.streams.statuses()

    # -- CONNECTION --------------------------------------------------------------------------------

    async def _connect(self) -> None:
        await self._link.open()
        self._uses_link = True
        await self._provider.initialize()
        await self._publish_instruments()
        await self._data.open(CONNECT_DEADLINE_SECS)

    async def _disconnect(self) -> None:
        await self._background.cancel_all()
        await self._data.close()
        if self._uses_link:
            self._uses_link = False
            await self._link.close()

    async def _publish_instruments(self) -> None:
        for currency in self._provider.currencies().values():
            self._cache.add_currency(currency)
        for number, instrument in enumerate(self._provider.list_all(), start=1):
            self._handle_data(instrument)
            if not number % _CHUNK:
                await asyncio.sleep(0)

    # -- SUBSCRIPTIONS -----------------------------------------------------------------------------

    async def _subscribe(self, command: SubscribeData) -> None:
        await self._carry_out(command, lambda: self._data.custom.subscribe(command))

    async def _subscribe_instruments(self, command: SubscribeInstruments) -> None:
        self._log.debug(f"Instruments flow from the markets channel: {command}")

    async def _subscribe_instrument(self, command: SubscribeInstrument) -> None:
        await self._carry_out(command, lambda: self._say_again(command.instrument_id))

    async def _subscribe_order_book_deltas(self, command: SubscribeOrderBook) -> None:
        await self._with_instrument(
            command, lambda its: self._data.books.subscribe_deltas(command, its)
        )

    async def _subscribe_order_book_depth(self, command: SubscribeOrderBook) -> None:
        await self._with_instrument(
            command, lambda its: self._data.books.subscribe_depth(command, its)
        )

    async def _subscribe_quote_ticks(self, command: SubscribeQuoteTicks) -> None:
        await self._with_instrument(command, lambda its: self._data.quotes.subscribe(command, its))

    async def _subscribe_trade_ticks(self, command: SubscribeTradeTicks) -> None:
        await self._with_instrument(
            command, lambda its: self._data.trades.subscribe_ticks(command, its)
        )

    async def _subscribe_mark_prices(self, command: SubscribeMarkPrices) -> None:
        await self._want(command, SummaryKind.MARK_PRICE)

    async def _subscribe_index_prices(self, command: SubscribeIndexPrices) -> None:
        await self._want(command, SummaryKind.INDEX_PRICE)

    async def _subscribe_funding_rates(self, command: SubscribeFundingRates) -> None:
        await self._want(command, SummaryKind.FUNDING_RATE)

    async def _subscribe_option_greeks(self, command: SubscribeOptionGreeks) -> None:
        await self._want(command, SummaryKind.OPTION_GREEKS)

    async def _subscribe_bars(self, command: SubscribeBars) -> None:
        await self._carry_out(command, lambda: self._data.subscribe_bars(command))

    async def _subscribe_instrument_status(self, command: SubscribeInstrumentStatus) -> None:
        await self._with_instrument(command, self._data.statuses.want)

    async def _subscribe_instrument_close(self, command: SubscribeInstrumentClose) -> None:
        await self._with_instrument(command, self._data.statuses.want_close)

    async def _unsubscribe(self, command: UnsubscribeData) -> None:
        await self._carry_out(command, lambda: self._data.custom.unsubscribe(command))

    async def _unsubscribe_instruments(self, command: UnsubscribeInstruments) -> None:
        self._log.debug(f"The markets channel stays: {command}")

    async def _unsubscribe_instrument(self, command: UnsubscribeInstrument) -> None:
        self._log.debug(f"The markets channel stays: {command}")

    async def _unsubscribe_order_book_deltas(self, command: UnsubscribeOrderBook) -> None:
        await self._data.books.unsubscribe_deltas(command.instrument_id)

    async def _unsubscribe_order_book_depth(self, command: UnsubscribeOrderBook) -> None:
        await self._data.books.unsubscribe_depth(command.instrument_id)

    async def _unsubscribe_quote_ticks(self, command: UnsubscribeQuoteTicks) -> None:
        await self._with_instrument(command, self._data.quotes.unsubscribe)

    async def _unsubscribe_trade_ticks(self, command: UnsubscribeTradeTicks) -> None:
        await self._with_instrument(command, self._data.trades.unsubscribe_ticks)

    async def _unsubscribe_mark_prices(self, command: UnsubscribeMarkPrices) -> None:
        self._data.drop_summary(command.instrument_id, SummaryKind.MARK_PRICE)

    async def _unsubscribe_index_prices(self, command: UnsubscribeIndexPrices) -> None:
        self._data.drop_summary(command.instrument_id, SummaryKind.INDEX_PRICE)

    async def _unsubscribe_funding_rates(self, command: UnsubscribeFundingRates) -> None:
        self._data.drop_summary(command.instrument_id, SummaryKind.FUNDING_RATE)

    async def _unsubscribe_option_greeks(self, command: UnsubscribeOptionGreeks) -> None:
        self._data.drop_summary(command.instrument_id, SummaryKind.OPTION_GREEKS)

    async def _unsubscribe_bars(self, command: UnsubscribeBars) -> None:
        self._data.bars.unsubscribe(command.bar_type)

    async def _unsubscribe_instrument_status(self, command: UnsubscribeInstrumentStatus) -> None:
        self._data.statuses.drop(command.instrument_id)

    async def _unsubscribe_instrument_close(self, command: UnsubscribeInstrumentClose) -> None:
        self._data.statuses.drop_close(command.instrument_id)

    # -- REQUESTS ----------------------------------------------------------------------------------

    async def _request(self, request: RequestData) -> None:
        values = await self._asked(request, self._data.requests.custom)
        self._handle_data_response(
            request.data_type, values, request.id, request.start, request.end, request.params
        )

    async def _request_instrument(self, request: RequestInstrument) -> None:
        try:
            instrument = await self._data.requests.instrument(request)
        except ParadexError as e:
            self._say_refused(request, e)
            self._handle_data_response(
                DataType(Instrument), [], request.id, request.start, request.end, request.params
            )
            return
        self._handle_instrument(instrument, request.id, request.start, request.end, request.params)

    async def _request_instruments(self, request: RequestInstruments) -> None:
        values = await self._asked(request, self._data.requests.instruments)
        self._handle_instruments(
            PARADEX_VENUE, values, request.id, request.start, request.end, request.params
        )

    async def _request_quote_ticks(self, request: RequestQuoteTicks) -> None:
        values = await self._asked(request, self._data.requests.quote_ticks)
        self._handle_quote_ticks(
            request.instrument_id, values, request.id, request.start, request.end, request.params
        )

    async def _request_trade_ticks(self, request: RequestTradeTicks) -> None:
        values = await self._asked(request, self._data.requests.trade_ticks)
        self._handle_trade_ticks(
            request.instrument_id, values, request.id, request.start, request.end, request.params
        )

    async def _request_order_book_snapshot(self, request: RequestOrderBookSnapshot) -> None:
        values = await self._asked(request, self._data.requests.order_book_snapshot)
        self._handle_data_response(
            DataType(OrderBookDeltas, metadata={"instrument_id": request.instrument_id}),
            values,
            request.id,
            request.start,
            request.end,
            request.params,
        )

    async def _request_order_book_depth(self, request: RequestOrderBookDepth) -> None:
        values = await self._asked(request, self._data.requests.order_book_depth)
        self._handle_order_book_depths(
            request.instrument_id, values, request.id, request.start, request.end, request.params
        )

    async def _request_order_book_deltas(self, request: RequestOrderBookDeltas) -> None:
        values = await self._asked(request, self._data.requests.order_book_deltas)
        self._handle_order_book_deltas(
            request.instrument_id, values, request.id, request.start, request.end, request.params
        )

    async def _request_bars(self, request: RequestBars) -> None:
        values = await self._asked(request, self._data.requests.bars)
        self._handle_bars(
            request.bar_type, values, request.id, request.start, request.end, request.params
        )

    async def _request_funding_rates(self, request: RequestFundingRates) -> None:
        values = await self._asked(request, self._data.requests.funding_rates)
        self._handle_funding_rates(
            request.instrument_id, values, request.id, request.start, request.end, request.params
        )

    async def _request_forward_prices(self, request: RequestForwardPrices) -> None:
        values = await self._asked(request, self._data.requests.forward_prices)
        self._handle_forward_prices(values, request.id, request.params)

    # -- LATE SUBSCRIBERS --------------------------------------------------------------------------

    def is_subscribed_order_book_deltas(self, instrument_id: InstrumentId) -> bool:
        """
        If deltas flow for an instrument.

        The engine asks before it absorbs a second subscriber and gives it an empty managed book:
        the book is sent to it again (rule E16).
        """
        subscribed = bool(super().is_subscribed_order_book_deltas(instrument_id))
        if subscribed:
            self._loop.call_soon(self._data.books.send_again, instrument_id)
        return subscribed

    # -- INTERNAL ----------------------------------------------------------------------------------

    async def _want(self, command: Any, kind: SummaryKind) -> None:
        async def want(instrument: Instrument) -> None:
            self._data.want_summary(instrument, kind, command.params)

        await self._with_instrument(command, want)

    async def _say_again(self, instrument_id: InstrumentId) -> None:
        self._handle_data(self._data.instrument(instrument_id))

    async def _with_instrument(
        self, command: Any, work: Callable[[Instrument], Awaitable[None]]
    ) -> None:
        await self._carry_out(command, lambda: work(self._data.instrument(command.instrument_id)))

    async def _carry_out(self, command: Any, work: Callable[[], Awaitable[None]]) -> None:
        """
        Do what a command wants; the framework takes no refusal, so the log has to say it.

        What the venue refuses stays wanted, and is asked for again on the next connection; what was
        never asked for is not subscribed to.
        """
        try:
            await work()
        except ParadexError as e:
            self._log.error(f"Cannot carry out {command}: {e}")
            if isinstance(e, EncodeError):
                self._take_back(command)

    async def _asked[R, T](self, request: R, ask: Callable[[R], Awaitable[list[T]]]) -> list[T]:
        """Return what answers a request; nothing, and why in the log, if it fails (rule E16)."""
        try:
            return await ask(request)
        except ParadexError as e:
            self._say_refused(request, e)
            return []

    def _say_refused(self, request: Any, error: ParadexError) -> None:
        self._log.error(f"No answer to {request}: {error}")
