"""
One subscription for a whole option chain instead of hundreds (PROTOCOL 6.2, ``base_asset``).

Who follows most options of a base asset gets them by one channel; who follows a few asks for each.
The change between both happens where nothing is missed: the new way is confirmed before the old one
is left. For a moment a quote may come twice.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from nautilus_trader.common.component import Logger
from nautilus_trader.model.instruments import CryptoOption
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data.streams import MarketStreams
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.errors import VenueError


#: From how many options on the chain may be worth it, and which share of the chain they must be.
CHAIN_MINIMUM: Final = 20
CHAIN_SHARE: Final = 0.5

type ChannelMaker = Callable[..., Channel]


class _Chain:
    """The options of one base asset that are wanted."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.markets: set[str] = set()
        self.is_chained = False
        self.is_refused = False
        self.lock = asyncio.Lock()


class ChainedChannels:
    """
    A channel of single markets that exists for option chains too.

    Parameters
    ----------
    make : ChannelMaker
        `channels.bbo` or `channels.trades`.
    streams : MarketStreams
        The sockets.
    listed : Callable[[str], int]
        How many options of a base asset are loaded.
    log : Logger
        The room's log.
    user : str
        Whose subscriptions these are.

    """

    def __init__(
        self,
        *,
        make: ChannelMaker,
        streams: MarketStreams,
        listed: Callable[[str], int],
        log: Logger,
        user: str,
    ) -> None:
        self._make = make
        self._streams = streams
        self._listed = listed
        self._log = log
        self._user = user
        self._chains: dict[str, _Chain] = {}

    async def subscribe(self, instrument: Instrument) -> None:
        """
        Follow a market; errors as of `MarketStreams.subscribe`.

        Raises
        ------
        ParadexError
            If the venue refuses the market's channel or does not answer.

        """
        market = instrument.id.symbol.value
        base = _base_of(instrument)
        if base is None:
            await self._streams.subscribe(self._make(market), self._user)
            return
        chain = self._chains.setdefault(base, _Chain(self._make(base_asset=base)))
        async with chain.lock:
            chain.markets.add(market)
            if chain.is_chained:
                return
            if self._is_worth_it(chain, base) and await self._join(chain):
                return
            await self._streams.subscribe(self._make(market), self._user)

    async def unsubscribe(self, instrument: Instrument) -> None:
        """Follow a market no longer."""
        market = instrument.id.symbol.value
        base = _base_of(instrument)
        chain = None if base is None else self._chains.get(base)
        if base is None or chain is None:
            await self._streams.unsubscribe(self._make(market), self._user)
            return
        async with chain.lock:
            chain.markets.discard(market)
            if not chain.is_chained:
                await self._streams.unsubscribe(self._make(market), self._user)
            elif 2 * len(chain.markets) < self._threshold(base):
                await self._part(chain)

    def channel_of(self, instrument: Instrument) -> Channel:
        """Return the channel that carries a market now."""
        base = _base_of(instrument)
        chain = None if base is None else self._chains.get(base)
        if chain is not None and chain.is_chained:
            return chain.channel
        return self._make(instrument.id.symbol.value)

    # -- INTERNAL ----------------------------------------------------------------------------------

    def _threshold(self, base: str) -> float:
        return max(CHAIN_MINIMUM, CHAIN_SHARE * self._listed(base))

    def _is_worth_it(self, chain: _Chain, base: str) -> bool:
        return not chain.is_refused and len(chain.markets) >= self._threshold(base)

    async def _join(self, chain: _Chain) -> bool:
        """Follow the whole chain; return False if the venue has no such channel."""
        try:
            await self._streams.subscribe(chain.channel, self._user)
        except VenueError as e:
            chain.is_refused = True
            self._log.warning(
                f"The venue refuses {chain.channel.name} of {chain.channel.base_asset}; each "
                f"option is subscribed by itself: {e}"
            )
            await self._streams.unsubscribe(chain.channel, self._user)
            return False
        chain.is_chained = True
        self._log.info(
            f"{chain.channel.name} of all {chain.channel.base_asset} options instead of "
            f"{len(chain.markets)} channels"
        )
        for market in sorted(chain.markets):
            await self._streams.unsubscribe(self._make(market), self._user)
        return True

    async def _part(self, chain: _Chain) -> None:
        """Follow the few that are left by themselves, then leave the chain."""
        chain.is_chained = False
        for market in sorted(chain.markets):
            try:
                await self._streams.subscribe(self._make(market), self._user)
            except ParadexError as e:
                self._log.error(f"Cannot subscribe {self._make(market).name}: {e}")
        await self._streams.unsubscribe(chain.channel, self._user)


def _base_of(instrument: Instrument) -> str | None:
    """Return the base asset of an option's chain, None for what is no option."""
    return instrument.underlying.code if isinstance(instrument, CryptoOption) else None
