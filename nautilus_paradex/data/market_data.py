"""
Everything that carries the data client's hooks out, put together.

What the sockets say is handed to whom it concerns here, inside the socket's read (S9); what a lost
and restored socket means for each is said here too (S3, S4).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import Final

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.component import Logger
from nautilus_trader.data.messages import SubscribeBars
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.config import ParadexDataClientConfig
from nautilus_paradex.data.bars import BARS_REFUSED
from nautilus_paradex.data.bars import BarPoller
from nautilus_paradex.data.book_subscriptions import BookSubscriptions
from nautilus_paradex.data.books import Books
from nautilus_paradex.data.chains import ChainedChannels
from nautilus_paradex.data.custom import CustomSubscriptions
from nautilus_paradex.data.fallback import MarketPolling
from nautilus_paradex.data.feeds import MarketFeeds
from nautilus_paradex.data.health import HealthReporter
from nautilus_paradex.data.listings import Listings
from nautilus_paradex.data.quotes import QuoteSubscriptions
from nautilus_paradex.data.recovery import BookRecovery
from nautilus_paradex.data.requests import MarketDataRequests
from nautilus_paradex.data.scope import SummaryScope
from nautilus_paradex.data.status import InstrumentStatuses
from nautilus_paradex.data.streams import MarketStreams
from nautilus_paradex.data.summaries import MarketSummaries
from nautilus_paradex.data.summaries import SummaryKind
from nautilus_paradex.data.trades import TradeSubscriptions
from nautilus_paradex.network.fallback import Fallback
from nautilus_paradex.network.link import Link
from nautilus_paradex.network.stream import ParadexStream
from nautilus_paradex.network.stream import StreamHandler
from nautilus_paradex.network.stream import StreamSettings
from nautilus_paradex.options import NoOptions
from nautilus_paradex.options import read_options
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import Book
from nautilus_paradex.protocol.events import FundingComparison
from nautilus_paradex.protocol.events import FundingData
from nautilus_paradex.protocol.events import MarketSummary
from nautilus_paradex.protocol.events import Trade
from nautilus_paradex.protocol.messages.markets import MarketEvent
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.types import ParadexStreamHealth


#: Frames that are not understood are named one by one only so often.
_FAULTS_NAMED: Final = 20

type Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class MarketData:
    """
    The parts of a data client.

    Parameters
    ----------
    link : Link
        The way to the venue.
    stream_settings : StreamSettings
        How the sockets behave.
    provider : ParadexInstrumentProvider
        The instruments.
    config : ParadexDataClientConfig
        The client's configuration.
    emit : Callable[[Any], None]
        Gives data to the framework.
    clock : LiveClock
        The framework's clock.
    spawn : Spawn
        Runs work in the background.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        link: Link,
        stream_settings: StreamSettings,
        provider: ParadexInstrumentProvider,
        config: ParadexDataClientConfig,
        emit: Callable[[Any], None],
        clock: LiveClock,
        spawn: Spawn,
        log: Logger,
    ) -> None:
        self._link = link
        self._settings = stream_settings
        self._provider = provider
        self._polls_bars = config.bars_poll
        self._clock = clock
        self._spawn = spawn
        self._log = log
        self._faults = 0
        self._venue_ns = 0
        self._counted = 0
        self._option_counts: Counter[str] = Counter()
        rest, timing = link.rest, link.timing
        self.streams = MarketStreams(self._open_stream, self, log)
        self._listings = Listings(
            provider=provider,
            rest=rest,
            emit=emit,
            on_changed=self._on_instrument_changed,
            on_missed=self._on_market_event,
            clock=clock,
            timing=timing,
            spawn=spawn,
            log=log,
        )
        reload = self._listings.reload_soon
        self._feeds = MarketFeeds(emit=emit, reload=reload, clock=clock, log=log)
        self._books = Books(emit=emit, resync=self._resync, reload=reload, clock=clock, log=log)
        self._recovery = BookRecovery(
            books=self._books,
            streams=self.streams,
            rest=rest,
            timing=timing,
            spawn=spawn,
            log=log,
        )
        self.books = BookSubscriptions(self._books, self._recovery, self.streams)
        self.quotes = QuoteSubscriptions(
            feeds=self._feeds,
            streams=self.streams,
            chained=self._chained(channels.bbo, "quotes"),
            rest=rest,
            timing=timing,
            log=log,
        )
        self.trades = TradeSubscriptions(self._feeds, self._chained(channels.trades, "trades"))
        self._summaries = MarketSummaries(emit=emit, clock=clock, log=log)
        self._scope = SummaryScope(self.streams, spawn=spawn, timing=timing, log=log)
        self.statuses = InstrumentStatuses(
            link=link, emit=emit, clock=clock, timing=timing, spawn=spawn, log=log
        )
        self._health = HealthReporter(
            streams=self.streams,
            gaps=lambda: self._books.gaps,
            venue_ns=lambda: self._venue_ns,
            degraded=lambda: self._fallback.is_active,
            emit=emit,
            clock=clock,
        )
        self.custom = CustomSubscriptions(
            streams=self.streams,
            trades=self.trades,
            summaries=self,
            health=self._health,
            find=self.instrument,
            emit=emit,
            clock=clock,
        )
        self.bars = BarPoller(
            rest=rest,
            provider=provider,
            emit=emit,
            clock=clock,
            timing=timing,
            log=log,
            spawn=spawn,
        )
        self._polling = MarketPolling(
            feeds=self._feeds,
            quotes=self.quotes,
            summaries=self._summaries,
            rest=rest,
            log=log,
        )
        self._fallback = Fallback(
            name="market data",
            after_attempts=config.ws_fallback_after_attempts,
            interval_secs=config.ws_fallback_poll_interval_secs,
            poll=self._polling.poll,
            timing=timing,
            spawn=spawn,
            log=log,
        )
        self.requests = MarketDataRequests(rest, provider, clock, log)
        self._routes: dict[type, Callable[[Any], None]] = {
            Bbo: self._on_bbo,
            Trade: self._feeds.on_trade,
            MarketSummary: self._summaries.on_summary,
            MarketEvent: self._on_market_event,
            FundingData: self.custom.on_funding_data,
            FundingComparison: self.custom.on_funding_comparison,
        }

    # -- LIFE --------------------------------------------------------------------------------------

    async def open(self, deadline_secs: float) -> None:
        """Open the first socket; errors as of `MarketStreams.open`."""
        await self.streams.open(deadline_secs)
        self._fallback.open()
        timing = self._link.timing
        self._spawn(self._recovery.watch(), "watch the books")
        self._spawn(self.quotes.watch(), "watch the quotes")
        self._spawn(self._health.watch(timing), "watch the sockets' health")
        self._spawn(
            self._scope.watch(lambda: self._summaries.frames, self.streams.is_healthy_for),
            "watch the scope of summaries",
        )
        self.bars.resume()
        self.statuses.resume()
        self._listings.resume()

    async def close(self) -> None:
        """Close all sockets."""
        self.statuses.suspend()
        self._fallback.close()
        await self.streams.close()

    # -- SUBSCRIPTIONS -----------------------------------------------------------------------------

    def instrument(self, instrument_id: InstrumentId) -> Instrument:
        """
        Return a loaded instrument.

        Raises
        ------
        EncodeError
            If it is not loaded.

        """
        instrument = self._provider.find(instrument_id)
        if instrument is None:
            raise EncodeError(f"{instrument_id} is not loaded; add it to the provider's load_ids")
        return instrument

    def want_summary(
        self, instrument: Instrument, kind: SummaryKind, params: dict[str, Any] | None
    ) -> None:
        """
        Want something of a market's summaries.

        Raises
        ------
        EncodeError
            If there are options, or the instrument has no such thing.

        """
        read_options(NoOptions, params)
        market = instrument.id.symbol.value
        self._summaries.want(market, kind, instrument)
        self._scope.add(market)

    def drop_summary(self, instrument_id: InstrumentId, kind: SummaryKind) -> None:
        """Want it no longer."""
        market = instrument_id.symbol.value
        if not self._summaries.drop(market, kind):
            self._scope.remove(market)

    async def subscribe_bars(self, command: SubscribeBars) -> None:
        """
        Poll closed bars, if the configuration allows it.

        Raises
        ------
        EncodeError
            If it does not, or the venue has no such bars.

        """
        if not self._polls_bars:
            raise EncodeError(BARS_REFUSED)
        self.bars.subscribe(command.bar_type, command.params)

    def health(self) -> list[ParadexStreamHealth]:
        """Return the health of every socket."""
        return self._health.current()

    # -- WHAT THE SOCKETS SAY ----------------------------------------------------------------------

    def on_event(self, event: Any, socket: int) -> None:
        """Hand an event to whom it concerns."""
        kind = type(event)
        if kind is Book:
            channel = self.streams.placement.carrying(socket, ("book", event.market))
            if channel is not None:
                self._venue_ns = event.ts_ns
                self._books.on_frame(channel, event)
            return
        route = self._routes.get(kind)
        if route is not None:
            route(event)

    def on_fault(self, error: ParadexError) -> None:
        """Say what could not be understood; a book notices what it missed by its numbers."""
        self._faults += 1
        if self._faults <= _FAULTS_NAMED:
            self._log.error(f"Market data that is not understood: {error}")
        if self._faults == _FAULTS_NAMED:
            self._log.error("Further frames like that are counted only: see status().undecodable")

    def on_socket_lost(self, carried: list[Channel]) -> None:
        """Mark every book of a lost socket stale (S3)."""
        self._books.on_lost(carried)
        self._listings.on_lost(carried)
        self._feeds.forget_quotes()
        # A release drops the sockets: its state should not wait for the next poll.
        self._link.system_state.hint()

    def on_refusal(self, channel: Channel, error: ParadexError) -> None:
        """Say which channel the venue refuses."""
        self._log.error(f"The venue refuses {channel.name}: {error}")
        self._scope.on_refusal(channel)

    def on_state(self) -> None:
        """Poll while the first socket does not come back (S6); publish what has changed (S8)."""
        first = self.streams.statuses()[0]
        self._fallback.look(failed_attempts=first.failed_attempts, healthy=first.healthy)
        self._health.look()

    async def on_restored(self, socket: int, epoch: int) -> None:
        """Find out what was missed; books rebuild themselves from their first frame."""
        if socket == 0:
            self._polling.forget()
            if epoch > 1:
                self._log.info(f"Market data stream restored, connection {epoch}")
            await self._listings.on_restored(epoch)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _on_bbo(self, event: Bbo) -> None:
        self._venue_ns = event.ts_ns
        self._feeds.on_bbo(event)

    def _on_market_event(self, event: MarketEvent) -> None:
        self._listings.on_market_event(event)
        self.statuses.on_market_event(event)

    def _on_instrument_changed(self, instrument: Instrument) -> None:
        self._feeds.rescale(instrument)
        self._books.rescale(instrument)
        self._summaries.rescale(instrument)
        self.statuses.on_instrument_changed(instrument)

    def _resync(self, channel: Channel, reason: str) -> None:
        self._recovery.resync_soon(channel, reason)

    def _open_stream(self, number: int, handler: StreamHandler) -> ParadexStream:
        name = self._settings.name if number == 0 else f"{self._settings.name} {number}"
        settings = msgspec.structs.replace(self._settings, name=name)
        return self._link.public_stream(settings, handler, self._log)

    def _chained(self, make: Callable[..., Channel], user: str) -> ChainedChannels:
        return ChainedChannels(
            make=make, streams=self.streams, listed=self._listed_options, log=self._log, user=user
        )

    def _listed_options(self, base: str) -> int:
        if self._provider.count != self._counted:
            self._counted = self._provider.count
            self._option_counts = Counter(
                instrument.underlying.code
                for instrument in self._provider.list_all()
                if isinstance(instrument, CryptoOption)
            )
        return self._option_counts[base]
