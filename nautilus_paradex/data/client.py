"""The live market data client."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import MessageBus
from nautilus_trader.data.messages import RequestBars
from nautilus_trader.data.messages import RequestFundingRates
from nautilus_trader.data.messages import RequestInstrument
from nautilus_trader.data.messages import RequestInstruments
from nautilus_trader.data.messages import RequestOrderBookSnapshot
from nautilus_trader.data.messages import RequestQuoteTicks
from nautilus_trader.data.messages import RequestTradeTicks
from nautilus_trader.data.messages import SubscribeInstrument
from nautilus_trader.data.messages import SubscribeInstruments
from nautilus_trader.data.messages import SubscribeOrderBook
from nautilus_trader.data.messages import SubscribeQuoteTicks
from nautilus_trader.data.messages import SubscribeTradeTicks
from nautilus_trader.data.messages import UnsubscribeInstrument
from nautilus_trader.data.messages import UnsubscribeInstruments
from nautilus_trader.data.messages import UnsubscribeOrderBook
from nautilus_trader.data.messages import UnsubscribeQuoteTicks
from nautilus_trader.data.messages import UnsubscribeTradeTicks
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.model.data import DataType
from nautilus_trader.model.data import OrderBookDeltas
from nautilus_trader.model.enums import BookType
from nautilus_trader.model.enums import book_type_to_str
from nautilus_trader.model.identifiers import ClientId
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.identifiers import Symbol
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.data.feeds import Feed
from nautilus_paradex.data.feeds import MarketFeeds
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.status import StreamStatus
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.network.tasks import BackgroundTasks
from nautilus_paradex.parsing.market_data import parse_order_book_deltas
from nautilus_paradex.parsing.market_data import parse_quote_tick
from nautilus_paradex.parsing.market_data import parse_trade_tick
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.connection import ConnectionState
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.providers import ParadexInstrumentProvider


#: As in the execution client: below the node's own deadline.
CONNECT_DEADLINE_SECS: Final = 50.0

_RELOAD_PAUSE_SECS: Final = 5.0

#: A book that is silent for longer than this, and at most twice this, is asked for again.
_BOOK_PATIENCE_SECS: Final = 10.0


class ParadexDataClient(LiveMarketDataClient):
    """
    Provides market data of Paradex.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        The event loop of the client.
    link : Link
        The way to the venue.
    stream_settings : StreamSettings
        How its stream behaves.
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
        self._rest = link.rest
        self._feeds = MarketFeeds(
            emit=self._handle_data,
            resync=self._resync_soon,
            reload=self._reload_soon,
            clock=clock,
            log=self._log,
        )
        self._stream = link.public_stream(stream_settings, self, self._log)
        self._background = BackgroundTasks(self._log)
        self._reloading: set[str] = set()

    @property
    def instrument_provider(self) -> ParadexInstrumentProvider:
        """The instrument provider of the client."""
        return self._provider

    def status(self) -> StreamStatus:
        """Return the health of the market data stream (rule S8)."""
        return self._stream.status()

    # -- CONNECTION --------------------------------------------------------------------------------

    async def _connect(self) -> None:
        await self._link.open()
        self._uses_link = True
        await self._instrument_provider.initialize()
        self._publish_instruments()
        # A socket without a subscription is closed by the venue (4031): this one always has one.
        await self._stream.subscribe(channels.markets())
        self._stream.start()
        try:
            await self._stream.wait_healthy(CONNECT_DEADLINE_SECS)
        except BaseException:
            await self._stream.close()
            raise
        self._spawn(self._watch_books(), "watch the books")

    async def _disconnect(self) -> None:
        await self._background.cancel_all()
        await self._stream.close()
        if self._uses_link:
            self._uses_link = False
            await self._link.close()

    def _publish_instruments(self) -> None:
        for currency in self._instrument_provider.currencies().values():
            self._cache.add_currency(currency)
        for instrument in self._instrument_provider.list_all():
            self._handle_data(instrument)

    # -- SUBSCRIPTIONS -----------------------------------------------------------------------------

    async def _subscribe_instruments(self, command: SubscribeInstruments) -> None:
        self._log.debug(f"Instruments flow from the markets channel: {command}")

    async def _subscribe_instrument(self, command: SubscribeInstrument) -> None:
        instrument = self._instrument_provider.find(command.instrument_id)
        if instrument is None:
            self._log.error(f"{command.instrument_id} is not loaded")
            return
        self._handle_data(instrument)

    async def _subscribe_order_book_deltas(self, command: SubscribeOrderBook) -> None:
        if command.book_type != BookType.L2_MBP:
            self._log.error(
                f"Paradex publishes no {book_type_to_str(command.book_type)} book; use L2_MBP"
            )
            return
        feed = self._feed(command.instrument_id)
        if feed is not None:
            feed.wants_book = True
            await self._subscribe_channel(_book(command.instrument_id))

    async def _subscribe_quote_ticks(self, command: SubscribeQuoteTicks) -> None:
        feed = self._feed(command.instrument_id)
        if feed is not None:
            feed.wants_quotes = True
            await self._subscribe_channel(_quotes(command.instrument_id))

    async def _subscribe_trade_ticks(self, command: SubscribeTradeTicks) -> None:
        feed = self._feed(command.instrument_id)
        if feed is not None:
            feed.wants_trades = True
            await self._subscribe_channel(_trades(command.instrument_id))

    async def _unsubscribe_instruments(self, command: UnsubscribeInstruments) -> None:
        self._log.debug(f"The markets channel stays: {command}")

    async def _unsubscribe_instrument(self, command: UnsubscribeInstrument) -> None:
        self._log.debug(f"The markets channel stays: {command}")

    async def _unsubscribe_order_book_deltas(self, command: UnsubscribeOrderBook) -> None:
        feed = self._feed(command.instrument_id)
        if feed is not None:
            feed.wants_book = False
            feed.sequence.on_disconnect()
            await self._stream.unsubscribe(_book(command.instrument_id))

    async def _unsubscribe_quote_ticks(self, command: UnsubscribeQuoteTicks) -> None:
        feed = self._feed(command.instrument_id)
        if feed is not None:
            feed.wants_quotes = False
            await self._stream.unsubscribe(_quotes(command.instrument_id))

    async def _unsubscribe_trade_ticks(self, command: UnsubscribeTradeTicks) -> None:
        feed = self._feed(command.instrument_id)
        if feed is not None:
            feed.wants_trades = False
            await self._stream.unsubscribe(_trades(command.instrument_id))

    async def _subscribe_channel(self, channel: Channel) -> None:
        try:
            await self._stream.subscribe(channel)
        except ParadexError as e:
            self._log.error(f"Cannot subscribe {channel.name}: {e}")

    # -- REQUESTS ----------------------------------------------------------------------------------

    async def _request_instrument(self, request: RequestInstrument) -> None:
        instrument = self._instrument_provider.find(request.instrument_id)
        if instrument is None:
            try:
                await self._instrument_provider.load_async(request.instrument_id)
            except (ParadexError, ValueError) as e:
                self._log.error(f"Cannot load {request.instrument_id}: {e}")
            instrument = self._instrument_provider.find(request.instrument_id)
        if instrument is None:
            self._log.error(f"{request.instrument_id} does not exist on Paradex")
            self._answer_empty(DataType(Instrument), request)
            return
        self._handle_instrument(instrument, request.id, request.start, request.end, request.params)

    async def _request_instruments(self, request: RequestInstruments) -> None:
        instruments = self._instrument_provider.list_all()
        self._handle_instruments(
            PARADEX_VENUE, instruments, request.id, request.start, request.end, request.params
        )

    async def _request_quote_ticks(self, request: RequestQuoteTicks) -> None:
        quotes = []
        feed = self._feed(request.instrument_id)
        if feed is not None:
            try:
                bbo = await self._rest.bbo(request.instrument_id.symbol.value)
                quote = parse_quote_tick(bbo, feed.scale, self._clock.timestamp_ns())
                quotes = [quote] if quote is not None else []
            except ParadexError as e:
                self._log.error(f"Cannot read the quote of {request.instrument_id}: {e}")
        self._handle_quote_ticks(
            request.instrument_id, quotes, request.id, request.start, request.end, request.params
        )

    async def _request_trade_ticks(self, request: RequestTradeTicks) -> None:
        trades = []
        feed = self._feed(request.instrument_id)
        if feed is not None:
            try:
                rows = await self._rest.trades(
                    request.instrument_id.symbol.value,
                    start_ms=_millis(request.start),
                    end_ms=_millis(request.end),
                    limit=request.limit or None,
                )
                now = self._clock.timestamp_ns()
                trades = [parse_trade_tick(trade, feed.scale, now) for trade in rows]
            except ParadexError as e:
                self._log.error(f"Cannot read the trades of {request.instrument_id}: {e}")
        self._handle_trade_ticks(
            request.instrument_id, trades, request.id, request.start, request.end, request.params
        )

    async def _request_order_book_snapshot(self, request: RequestOrderBookSnapshot) -> None:
        snapshots: list[OrderBookDeltas] = []
        feed = self._feed(request.instrument_id)
        if feed is not None:
            try:
                book = await self._rest.orderbook(
                    request.instrument_id.symbol.value, depth=request.limit or None
                )
                deltas = parse_order_book_deltas(book, feed.scale, self._clock.timestamp_ns())
                snapshots = [deltas] if deltas is not None else []
            except ParadexError as e:
                self._log.error(f"Cannot read the book of {request.instrument_id}: {e}")
        self._handle_data_response(
            DataType(OrderBookDeltas, metadata={"instrument_id": request.instrument_id}),
            snapshots,
            request.id,
            request.start,
            request.end,
            request.params,
        )

    async def _request_bars(self, request: RequestBars) -> None:
        self._log.error(f"Bars are not served yet: {request.bar_type}")
        self._handle_bars(
            request.bar_type, [], request.id, request.start, request.end, request.params
        )

    async def _request_funding_rates(self, request: RequestFundingRates) -> None:
        self._log.error(f"Funding rates are not served yet: {request.instrument_id}")
        self._handle_funding_rates(
            request.instrument_id, [], request.id, request.start, request.end, request.params
        )

    def _answer_empty(self, data_type: DataType, request: Any) -> None:
        """Answer although there is nothing: a requester must not wait for ever (E16)."""
        self._handle_data_response(
            data_type, [], request.id, request.start, request.end, request.params
        )

    # -- LATE SUBSCRIBERS --------------------------------------------------------------------------

    def is_subscribed_order_book_deltas(self, instrument_id: InstrumentId) -> bool:
        """
        If deltas flow for an instrument.

        The engine asks before it absorbs a second subscriber and gives it an empty managed book:
        the book is sent to it again (rule E16).
        """
        subscribed = bool(super().is_subscribed_order_book_deltas(instrument_id))
        if subscribed:
            self._loop.call_soon(self._feeds.send_again, instrument_id.symbol.value)
        return subscribed

    # -- STREAM ------------------------------------------------------------------------------------

    def on_stream_event(self, event: Any) -> None:
        """Take what the market data stream says."""
        self._feeds.on_event(event)

    def on_stream_fault(self, error: ParadexError) -> None:
        """Say what could not be understood; a book notices what it missed by its numbers."""
        self._log.error(f"Market data that is not understood: {error}")

    def on_stream_state(self, state: ConnectionState) -> None:
        """Mark every book stale when the stream is lost (S3)."""
        if state in (ConnectionState.WAITING, ConnectionState.CLOSED):
            self._feeds.drop_all_books()

    def on_stream_refusal(self, channel: Channel, error: ParadexError) -> None:
        """Say which channel the venue refuses."""
        self._log.error(f"The venue refuses {channel.name}: {error}")

    async def on_stream_restored(self, epoch: int) -> None:
        """Say that the stream is back: books rebuild themselves from their first frame."""
        self._log.info(f"Market data stream restored, connection {epoch}")

    # -- RECOVERY ----------------------------------------------------------------------------------

    def _reload_soon(self, market: str, reason: str) -> None:
        if market in self._reloading:
            return
        self._reloading.add(market)
        self._log.warning(f"Reloading {market}: {reason}")
        self._spawn(self._reload(market), f"reload {market}")

    async def _reload(self, market: str) -> None:
        """Load a market anew and publish it; data flows with its new precision."""
        instrument_id = InstrumentId(Symbol(market), PARADEX_VENUE)
        try:
            await self._provider.load_ids_async([instrument_id])
            instrument = self._provider.find(instrument_id)
            if instrument is not None:
                self._handle_data(instrument)
                feed = self._feeds.rescale(instrument)
                if feed is not None and feed.wants_book:
                    await self._resync(market)
        except (ParadexError, ValueError) as e:
            self._log.error(f"Cannot reload {market}: {e}")
        finally:
            # Not more often than this, whatever the venue sends.
            await self._link.timing.sleep(_RELOAD_PAUSE_SECS)
            self._reloading.discard(market)

    async def _watch_books(self) -> None:
        """Find books that were acknowledged and stay silent, and ask for them again (S2)."""
        suspects: set[str] = set()
        while True:
            await self._link.timing.sleep(_BOOK_PATIENCE_SECS)
            silent = set(self._feeds.silent_books()) if self._stream.is_healthy else set()
            for market in sorted(silent & suspects):
                self._log.error(f"Book of {market} was acknowledged and stays silent; asking again")
                await self._resync(market)
            suspects = silent - suspects

    def _resync_soon(self, market: str) -> None:
        self._spawn(self._resync(market), f"resync the book of {market}")

    async def _resync(self, market: str) -> None:
        try:
            await self._stream.resubscribe(channels.book_deltas(market))
        except ParadexError as e:
            self._log.error(f"Cannot resync the book of {market}: {e}")
            self._stream.reconnect(f"book of {market} cannot be resynced")

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _feed(self, instrument_id: InstrumentId) -> Feed | None:
        feed = self._feeds.get(instrument_id.symbol.value)
        if feed is not None:
            return feed
        instrument = self._provider.find(instrument_id)
        if instrument is None:
            self._log.error(f"{instrument_id} is not loaded; add it to the provider's load_ids")
            return None
        return self._feeds.add(instrument)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._background.spawn(work, name)


def _book(instrument_id: InstrumentId) -> Channel:
    return channels.book_deltas(instrument_id.symbol.value)


def _quotes(instrument_id: InstrumentId) -> Channel:
    return channels.bbo(instrument_id.symbol.value)


def _trades(instrument_id: InstrumentId) -> Channel:
    return channels.trades(instrument_id.symbol.value)


def _millis(moment: Any) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1_000)
