"""
Quotes and summaries by REST while the stream does not come back (rule S6).

Few markets are asked one by one, many by the one answer that has all markets. Only what moved since
the last polling is given on; trades and books have no place here: a strategy sees by the stream's
health that they stand still.
"""

from collections.abc import Iterable
from typing import Final
from typing import Protocol

from nautilus_trader.common.component import Logger

from nautilus_paradex.data.feeds import MarketFeeds
from nautilus_paradex.data.quotes import touch_of
from nautilus_paradex.data.summaries import MarketSummaries
from nautilus_paradex.protocol.errors import NotFoundError
from nautilus_paradex.protocol.events import Bbo
from nautilus_paradex.protocol.events import MarketSummary


#: Up to so many markets are asked one by one; the limit is 1,500 a minute (PROTOCOL 8.1).
MOST_SINGLE: Final = 30

_ALL: Final = "ALL"


class MarketReader(Protocol):
    """The REST calls that it needs."""

    async def bbo(self, market: str, *, interactive: bool = False) -> Bbo:
        """Return the best bid and offer."""

    async def markets_summary(self, market: str) -> list[MarketSummary]:
        """Return a market's summary, or all of them."""


class QuoteScope(Protocol):
    """Which quotes are wanted."""

    def wanted(self) -> Iterable[tuple[str, bool]]:
        """Yield markets, and if RPI liquidity is included."""


class MarketPolling:
    """
    Polls what is wanted of quotes and summaries.

    Parameters
    ----------
    feeds : MarketFeeds
        Takes quotes.
    quotes : QuoteScope
        Knows which are wanted.
    summaries : MarketSummaries
        Takes summaries, and knows which are wanted.
    rest : MarketReader
        Reads.
    log : Logger
        The room's log.

    """

    def __init__(
        self,
        *,
        feeds: MarketFeeds,
        quotes: QuoteScope,
        summaries: MarketSummaries,
        rest: MarketReader,
        log: Logger,
    ) -> None:
        self._feeds = feeds
        self._quotes = quotes
        self._summaries = summaries
        self._rest = rest
        self._log = log
        self._touches: dict[str, tuple[int | None, ...]] = {}
        self._seen: dict[str, MarketSummary] = {}

    def forget(self) -> None:
        """Forget what was polled: the stream speaks again."""
        self._touches.clear()
        self._seen.clear()

    async def poll(self) -> None:
        """
        Read what is wanted once.

        Raises
        ------
        ParadexError
            If the venue cannot be asked.

        """
        quoted = dict(self._quotes.wanted())
        summed = set(self._summaries.markets())
        if len(quoted) + len(summed) <= MOST_SINGLE:
            for market, interactive in quoted.items():
                await self._poll_quote(market, interactive=interactive)
            for market in sorted(summed):
                self._take_summaries(await self._rest.markets_summary(market), summed)
            return
        everything = await self._rest.markets_summary(_ALL)
        self._take_summaries(everything, summed)
        plain = {market for market, interactive in quoted.items() if not interactive}
        for summary in everything:
            if summary.market in plain:
                self._take_quote(_touch_in(summary))
        # The summary knows no RPI liquidity.
        for market in sorted(quoted.keys() - plain)[:MOST_SINGLE]:
            await self._poll_quote(market, interactive=True)

    async def _poll_quote(self, market: str, *, interactive: bool) -> None:
        try:
            self._take_quote(await self._rest.bbo(market, interactive=interactive))
        except NotFoundError as e:
            if e.outcome_unknown:
                raise  # a gateway's word, not the venue's
            self._log.debug(f"No quote of {market} by REST: {e}")

    def _take_quote(self, bbo: Bbo) -> None:
        feed = self._feeds.get(bbo.market)
        if feed is not None and feed.last_bbo is not None:
            return  # the stream spoke while REST was asked
        touch = touch_of(bbo)
        if self._touches.get(bbo.market) == touch:
            return
        self._touches[bbo.market] = touch
        self._feeds.on_bbo(bbo)
        if feed is not None:
            feed.last_bbo = None  # it is REST's word: the stream has not spoken yet

    def _take_summaries(self, summaries: Iterable[MarketSummary], wanted: set[str]) -> None:
        for summary in summaries:
            if summary.market in wanted and self._seen.get(summary.market) != summary:
                self._seen[summary.market] = summary
                self._summaries.on_summary(summary)


def _touch_in(summary: MarketSummary) -> Bbo:
    return Bbo(
        market=summary.market,
        ts_ns=summary.ts_ns,
        seq=0,
        bid_e8=summary.bid_e8,
        bid_size_e8=summary.bid_size_e8,
        ask_e8=summary.ask_e8,
        ask_size_e8=summary.ask_size_e8,
    )
