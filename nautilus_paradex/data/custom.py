"""Subscriptions to what the framework has no type for (`nautilus_paradex.types`)."""

from collections.abc import Callable
from typing import Any
from typing import Final
from typing import Literal
from typing import Protocol

import msgspec
from nautilus_trader.common.component import LiveClock
from nautilus_trader.data.messages import SubscribeData
from nautilus_trader.data.messages import UnsubscribeData
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.data.health import HealthReporter
from nautilus_paradex.data.streams import MarketStreams
from nautilus_paradex.data.summaries import SummaryKind
from nautilus_paradex.data.trades import TradeSubscriptions
from nautilus_paradex.options import NoOptions
from nautilus_paradex.options import read_options
from nautilus_paradex.parsing.identifiers import instrument_id_of
from nautilus_paradex.parsing.statistics import parse_funding_comparison
from nautilus_paradex.parsing.statistics import parse_funding_data
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.channels import Channel
from nautilus_paradex.protocol.errors import EncodeError
from nautilus_paradex.protocol.events import FundingComparison
from nautilus_paradex.protocol.events import FundingData
from nautilus_paradex.types import ParadexFundingComparison
from nautilus_paradex.types import ParadexFundingData
from nautilus_paradex.types import ParadexMarketMakerProtection
from nautilus_paradex.types import ParadexMarketStatistics
from nautilus_paradex.types import ParadexPublicTrade
from nautilus_paradex.types import ParadexStreamHealth
from nautilus_paradex.types import check_no_metadata
from nautilus_paradex.types import instrument_id_in


_USER: Final = "custom data"

_OF_VENUE: Final = (ParadexStreamHealth, ParadexFundingComparison, ParadexMarketMakerProtection)
_OF_INSTRUMENT: Final = (ParadexMarketStatistics, ParadexFundingData, ParadexPublicTrade)


class ComparisonOptions(msgspec.Struct, frozen=True):
    """Options of the comparison of funding rates across venues."""

    refresh_ms: Literal[500, 1000] = 1000


class SummaryWants(Protocol):
    """Where statistics are asked for."""

    def want_summary(
        self, instrument: Instrument, kind: SummaryKind, params: dict[str, Any] | None
    ) -> None:
        """Want something of a market's summaries."""

    def drop_summary(self, instrument_id: InstrumentId, kind: SummaryKind) -> None:
        """Want it no longer."""


class CustomSubscriptions:
    """
    The custom data of a data client.

    Parameters
    ----------
    streams : MarketStreams
        The sockets.
    trades : TradeSubscriptions
        For prints.
    summaries : SummaryWants
        For statistics.
    health : HealthReporter
        For the sockets' health.
    find : Callable[[InstrumentId], Instrument]
        Returns a loaded instrument or raises `EncodeError`.
    emit : Callable[[Any], None]
        Gives data to the framework.
    clock : LiveClock
        The framework's clock.

    """

    def __init__(
        self,
        *,
        streams: MarketStreams,
        trades: TradeSubscriptions,
        summaries: SummaryWants,
        health: HealthReporter,
        find: Callable[[InstrumentId], Instrument],
        emit: Callable[[Any], None],
        clock: LiveClock,
    ) -> None:
        self._streams = streams
        self._trades = trades
        self._summaries = summaries
        self._health = health
        self._find = find
        self._emit = emit
        self._clock = clock
        self._funding: dict[str, InstrumentId] = {}
        self._comparison: Channel | None = None

    # -- COMMANDS ----------------------------------------------------------------------------------

    async def subscribe(self, command: SubscribeData) -> None:
        """
        Subscribe to one of this adapter's types.

        Raises
        ------
        ParadexError
            If there is no such data, its metadata or an option is wrong, or the venue refuses it.

        """
        kind = command.data_type.type
        if kind in _OF_INSTRUMENT:
            await self._subscribe_of_instrument(command, kind)
            return
        if kind not in _OF_VENUE:
            raise EncodeError(f"there is no {kind.__name__} to subscribe to")
        check_no_metadata(command.data_type)
        if kind is ParadexMarketMakerProtection:
            # The framework routes the subscription here; execution clients publish the data.
            read_options(NoOptions, command.params)
            return
        if kind is ParadexStreamHealth:
            read_options(NoOptions, command.params)
            self._health.want()
            return
        options = read_options(ComparisonOptions, command.params)
        self._comparison = channels.funding_rate_comparison(options.refresh_ms)
        await self._streams.subscribe(self._comparison, _USER)

    async def unsubscribe(self, command: UnsubscribeData) -> None:
        """Unsubscribe; errors as of `subscribe`."""
        kind = command.data_type.type
        if kind is ParadexStreamHealth:
            self._health.drop()
        elif kind is ParadexFundingComparison:
            channel, self._comparison = self._comparison, None
            if channel is not None:
                await self._streams.unsubscribe(channel, _USER)
        elif kind in _OF_INSTRUMENT:
            await self._unsubscribe_of_instrument(command, kind)

    async def _subscribe_of_instrument(self, command: SubscribeData, kind: type) -> None:
        instrument = self._find(instrument_id_in(command.data_type))
        if kind is ParadexMarketStatistics:
            self._summaries.want_summary(instrument, SummaryKind.STATISTICS, command.params)
            return
        read_options(NoOptions, command.params)
        if kind is ParadexPublicTrade:
            await self._trades.subscribe_prints(instrument)
            return
        market = instrument.id.symbol.value
        self._funding[market] = instrument.id
        await self._streams.subscribe(channels.funding_data(market), _USER)

    async def _unsubscribe_of_instrument(self, command: UnsubscribeData, kind: type) -> None:
        instrument_id = instrument_id_in(command.data_type)
        if kind is ParadexMarketStatistics:
            self._summaries.drop_summary(instrument_id, SummaryKind.STATISTICS)
        elif kind is ParadexPublicTrade:
            await self._trades.unsubscribe_prints(self._find(instrument_id))
        else:
            market = instrument_id.symbol.value
            if self._funding.pop(market, None) is not None:
                await self._streams.unsubscribe(channels.funding_data(market), _USER)

    # -- EVENTS ------------------------------------------------------------------------------------

    def on_funding_data(self, event: FundingData) -> None:
        """Take a market's continuous funding."""
        instrument_id = self._funding.get(event.market)
        if instrument_id is not None:
            now = self._clock.timestamp_ns()
            self._emit(parse_funding_data(event, instrument_id, now).to_custom_data())

    def on_funding_comparison(self, event: FundingComparison) -> None:
        """Take a funding rate at one source."""
        if self._comparison is not None:
            now = self._clock.timestamp_ns()
            instrument_id = instrument_id_of(event.market)
            self._emit(parse_funding_comparison(event, instrument_id, now).to_custom_data())
