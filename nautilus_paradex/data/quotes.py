"""
Quote and trade subscriptions: which channel they come from, and what to do while it is silent.

The venue promises no first quote after a subscription, and an option may be quoted once an hour. So
a market that stays silent is read once by REST; if its touch moves there while the stream says
nothing, the subscription is dead, and it is asked for again (rule S2).
"""

from typing import Final
from typing import Protocol

import msgspec
from nautilus_trader.common.component import Logger
from nautilus_trader.data.messages import SubscribeQuoteTicks
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data.chains import ChainedChannels
from nautilus_paradex.data.feeds import MarketFeeds
from nautilus_paradex.data.streams import MarketStreams
from nautilus_paradex.network.timing import Timing
from nautilus_paradex.options import read_options
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import Bbo


#: A market without a quote for longer than this, and at most twice this, is read by REST.
PATIENCE_SECS: Final = 10.0

#: Markets that are read a round: a chain of a thousand silent options must not use up the limits.
MOST_READS: Final = 20

_USER: Final = "quotes"


class QuoteOptions(msgspec.Struct, frozen=True):
    """Options of a quote subscription."""

    interactive: bool = False
    """If RPI liquidity is included, as retail flow sees the touch."""


class QuoteReader(Protocol):
    """The REST call that tells a silent market's touch."""

    async def bbo(self, market: str, *, interactive: bool = False) -> Bbo:
        """Return the best bid and offer."""


class QuoteSubscriptions:
    """
    The quote subscriptions of a data client.

    Parameters
    ----------
    feeds : MarketFeeds
        Where quotes go.
    streams : MarketStreams
        The sockets.
    chained : ChainedChannels
        The channels of quotes without RPI liquidity.
    rest : QuoteReader
        REST, for silent markets.
    timing : Timing
        Sleep.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        feeds: MarketFeeds,
        streams: MarketStreams,
        chained: ChainedChannels,
        rest: QuoteReader,
        timing: Timing,
        log: Logger,
    ) -> None:
        self._feeds = feeds
        self._streams = streams
        self._chained = chained
        self._rest = rest
        self._timing = timing
        self._log = log
        self._instruments: dict[str, Instrument] = {}
        self._interactive: dict[InstrumentId, Channel] = {}
        #: What REST said of markets that the stream was silent of.
        self._read: dict[str, Bbo] = {}

    async def subscribe(self, command: SubscribeQuoteTicks, instrument: Instrument) -> None:
        """
        Give an instrument's touch on.

        Raises
        ------
        ParadexError
            If an option is not there, or the venue refuses the channel.

        """
        options = read_options(QuoteOptions, command.params)
        market = instrument.id.symbol.value
        self._instruments[market] = instrument
        feed = self._feeds.add(instrument)
        feed.wants_quotes, feed.last_bbo = True, None
        if not options.interactive:
            await self._chained.subscribe(instrument)
            return
        channel = channels.bbo(market, interactive=True)
        self._interactive[instrument.id] = channel
        await self._streams.subscribe(channel, _USER)

    async def unsubscribe(self, instrument: Instrument) -> None:
        """Give the touch on no longer."""
        market = instrument.id.symbol.value
        feed = self._feeds.get(market)
        if feed is not None:
            feed.wants_quotes = False
            self._feeds.tidy(market)
        self._instruments.pop(market, None)
        self._read.pop(market, None)
        channel = self._interactive.pop(instrument.id, None)
        if channel is None:
            await self._chained.unsubscribe(instrument)
        else:
            await self._streams.unsubscribe(channel, _USER)

    def wanted(self) -> list[tuple[str, bool]]:
        """Return the markets whose quotes are wanted, and if RPI liquidity is included."""
        return [
            (market, instrument.id in self._interactive)
            for market, instrument in self._instruments.items()
        ]

    async def watch(self) -> None:
        """Read markets of which no quote comes, and find subscriptions that are dead."""
        suspects: set[str] = set()
        while True:
            await self._timing.sleep(PATIENCE_SECS)
            unquoted = {market for market in self._feeds.unquoted() if self._is_confirmed(market)}
            for market in self._read.keys() - unquoted:
                del self._read[market]
            # Those that were never read come first, so that each gets its turn.
            waiting = sorted(suspects & unquoted, key=lambda market: (market in self._read, market))
            for market in waiting[:MOST_READS]:
                await self._look_at(market)
            suspects = unquoted

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _channel_of(self, market: str) -> Channel:
        instrument = self._instruments[market]
        interactive = self._interactive.get(instrument.id)
        return self._chained.channel_of(instrument) if interactive is None else interactive

    def _is_confirmed(self, market: str) -> bool:
        return market in self._instruments and self._streams.is_healthy_for(
            self._channel_of(market)
        )

    async def _look_at(self, market: str) -> None:
        channel = self._channel_of(market)
        try:
            bbo = await self._rest.bbo(market, interactive=channel.interactive)
        except ParadexError as e:
            self._log.warning(f"No quote of {market} has come, and REST gives none: {e}")
            return
        feed = self._feeds.get(market)
        if feed is None or not feed.wants_quotes or feed.last_bbo is not None:
            return
        before = self._read.get(market)
        if before is not None and touch_of(before) == touch_of(bbo):
            return
        self._feeds.on_bbo(bbo)
        # It is the venue's word, not the stream's.
        feed.last_bbo = None
        self._read[market] = bbo
        if before is not None:
            self._log.error(
                f"The venue acknowledged {channel.name} and sends nothing while the touch of "
                f"{market} moves; asking again"
            )
            await self._ask_again(channel)

    async def _ask_again(self, channel: Channel) -> None:
        try:
            await self._streams.resubscribe(channel)
        except ParadexError as e:
            self._log.error(f"Cannot subscribe {channel.name}: {e}")


def touch_of(bbo: Bbo) -> tuple[int | None, ...]:
    """Return what makes one quote differ from another: prices and sizes."""
    return (bbo.bid_e8, bbo.bid_size_e8, bbo.ask_e8, bbo.ask_size_e8)
