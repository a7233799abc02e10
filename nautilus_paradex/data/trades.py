"""Trade subscriptions: trade ticks and prints of every kind share one channel a market."""

from nautilus_trader.data.messages import SubscribeTradeTicks
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data.chains import ChainedChannels
from nautilus_paradex.data.feeds import Feed
from nautilus_paradex.data.feeds import MarketFeeds
from nautilus_paradex.options import NoOptions
from nautilus_paradex.options import read_options


class TradeSubscriptions:
    """
    The trade subscriptions of a data client.

    Parameters
    ----------
    feeds : MarketFeeds
        Where prints go.
    chained : ChainedChannels
        The channels of trades.

    """

    def __init__(self, feeds: MarketFeeds, chained: ChainedChannels) -> None:
        self._feeds = feeds
        self._chained = chained

    async def subscribe_ticks(self, command: SubscribeTradeTicks, instrument: Instrument) -> None:
        """
        Give trades on the book on.

        Raises
        ------
        ParadexError
            If there are options, or the venue refuses the channel.

        """
        read_options(NoOptions, command.params)
        self._feeds.add(instrument).wants_trades = True
        await self._chained.subscribe(instrument)

    async def unsubscribe_ticks(self, instrument: Instrument) -> None:
        """Give trades on no longer."""
        feed = self._feeds.get(instrument.id.symbol.value)
        if feed is not None:
            feed.wants_trades = False
            await self._leave(feed, instrument)

    async def subscribe_prints(self, instrument: Instrument) -> None:
        """Give every print on; errors as of `subscribe_ticks`."""
        self._feeds.add(instrument).wants_prints = True
        await self._chained.subscribe(instrument)

    async def unsubscribe_prints(self, instrument: Instrument) -> None:
        """Give prints on no longer."""
        feed = self._feeds.get(instrument.id.symbol.value)
        if feed is not None:
            feed.wants_prints = False
            await self._leave(feed, instrument)

    async def _leave(self, feed: Feed, instrument: Instrument) -> None:
        if feed.wants_trades or feed.wants_prints:
            return
        self._feeds.tidy(instrument.id.symbol.value)
        await self._chained.unsubscribe(instrument)
